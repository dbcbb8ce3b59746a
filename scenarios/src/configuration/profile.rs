//! Profiles: the plugins that each runs, and their arguments.
//!
//! Sources: `pkg/scheduler/apis/config/validation/validation.go` and `pkg/scheduler/framework/runtime/framework.go` of Kubernetes v1.34.

use std::collections::BTreeMap;

use serde::Deserialize;
use sim_core::scheduler::policies;
use sim_core::spec::ProfileSpec;

use super::format::{ConfigurationFile, PluginFile, PluginSetFile, PluginsFile, ProfileFile, SilentFile};
use super::plugins::{ALL, Enabled, Point, Set, expanded, implements, multi_point, names, weight};
use super::{args, policy};
use crate::compile::Builder;
use crate::problem::{Code, Treatment};
use crate::text::decode::{At, decode};
use crate::text::nearest::nearest;
use crate::text::shape;
use crate::text::tree::Tree;

/// The name of a profile that has none.
const DEFAULT_NAME: &str = "default-scheduler";

/// Filters that are accepted and never have anything to say: there are no devices to claim.
const SILENT_FILTERS: [&str; 1] = ["DynamicResources"];
/// Scores that are accepted and never given: by default, kube-scheduler does not look at how full storage is.
const SILENT_SCORES: [&str; 1] = ["VolumeBinding"];

/// The profiles of a file, at least one.
pub(super) fn profiles(file: &ConfigurationFile, tree: &Tree, builder: &mut Builder<'_>) -> Vec<ProfileSpec> {
    let mut names = BTreeMap::new();
    let mut profiles = Vec::new();
    for (row, given) in file.profiles.iter().enumerate() {
        let name = name(given, file.profiles.len(), builder);
        if names.insert(name.clone(), row).is_some() {
            let place = given.value.scheduler_name.as_ref().map_or(given.span, |name| name.span);
            args::refuse(place, format!("two profiles bear the name `{name}`"), "give each a `schedulerName` of its own", builder);
        }
        let Some(own) = tree.at(&["profiles", &row.to_string()]) else { continue };
        profiles.push(profile(name, &given.value, own, builder));
    }
    if profiles.is_empty() { vec![ProfileSpec::default()] } else { profiles }
}

fn name(given: &At<ProfileFile>, profiles: usize, builder: &mut Builder<'_>) -> String {
    match &given.value.scheduler_name {
        Some(name) if !name.value.is_empty() => name.value.clone(),
        _ if profiles == 1 => DEFAULT_NAME.into(),
        _ => {
            args::refuse(given.span, "the profile has no name".into(), "with several profiles, each needs `schedulerName`", builder);
            DEFAULT_NAME.into()
        }
    }
}

/// A percentage of 0 to 100.
pub(super) fn percentage(given: Option<&At<i32>>, builder: &mut Builder<'_>) -> Option<u32> {
    given.map(|_| args::number("percentageOfNodesToScore", given, 0, 0..=100, builder) as u32)
}

fn profile(name: String, given: &ProfileFile, tree: &Tree, builder: &mut Builder<'_>) -> ProfileSpec {
    check_names(&given.plugins, builder);
    let multi = multi_point(&set(&given.plugins.multi_point));
    let own = |point: Point| set(of(&given.plugins, point));
    let running = |point: Point| expanded(point, &own(point), &multi);
    check_points(&running, tree, builder);
    let scores = running(Point::Score).into_iter().filter(|name| !SILENT_SCORES.contains(&name.as_str()));
    let scores = scores.map(|name| (name.clone(), weight(&name, &own(Point::Score), &multi))).collect();
    let mut profile = ProfileSpec {
        scheduler_name: name,
        percentage_of_nodes_to_score: percentage(given.percentage_of_nodes_to_score.as_ref(), builder),
        filters: running(Point::Filter).into_iter().filter(|name| !SILENT_FILTERS.contains(&name.as_str())).collect(),
        scores,
        preempts: running(Point::PostFilter).iter().any(|name| name == "DefaultPreemption"),
        ..ProfileSpec::default()
    };
    arguments(given, tree, &mut profile, builder);
    profile
}

/// What a file says of an extension point.
fn set(given: &PluginSetFile) -> Set {
    let enabled =
        |plugin: &PluginFile| Enabled { name: plugin.name.value.clone(), weight: plugin.weight.as_ref().map_or(0, |weight| weight.value) };
    Set {
        enabled: given.enabled.iter().map(enabled).collect(),
        disabled: given.disabled.iter().map(|plugin| plugin.name.value.clone()).collect(),
    }
}

const fn of(plugins: &PluginsFile, point: Point) -> &PluginSetFile {
    match point {
        Point::PreEnqueue => &plugins.pre_enqueue,
        Point::QueueSort => &plugins.queue_sort,
        Point::PreFilter => &plugins.pre_filter,
        Point::Filter => &plugins.filter,
        Point::PostFilter => &plugins.post_filter,
        Point::PreScore => &plugins.pre_score,
        Point::Score => &plugins.score,
        Point::Reserve => &plugins.reserve,
        Point::Permit => &plugins.permit,
        Point::PreBind => &plugins.pre_bind,
        Point::Bind => &plugins.bind,
        Point::PostBind => &plugins.post_bind,
    }
}

/// Every extension point with its key.
#[rustfmt::skip]
const POINTS: [(&str, Point); 12] = [
    ("preEnqueue", Point::PreEnqueue), ("queueSort", Point::QueueSort), ("preFilter", Point::PreFilter), ("filter", Point::Filter),
    ("postFilter", Point::PostFilter), ("preScore", Point::PreScore), ("score", Point::Score), ("reserve", Point::Reserve),
    ("permit", Point::Permit), ("preBind", Point::PreBind), ("bind", Point::Bind), ("postBind", Point::PostBind),
];

/// Reports plugins that neither kube-scheduler nor podsim has, that have nothing to do where they are listed, or that are listed twice.
fn check_names(plugins: &PluginsFile, builder: &mut Builder<'_>) {
    for (key, point) in POINTS {
        check_set(key, of(plugins, point), |name| implements(name, point), builder);
    }
    check_set("multiPoint", &plugins.multi_point, |_| true, builder);
}

fn check_set(key: &str, given: &PluginSetFile, fits: impl Fn(&str) -> bool, builder: &mut Builder<'_>) {
    let mut seen = Vec::new();
    for plugin in &given.enabled {
        let At { value: name, span } = &plugin.name;
        if known(name, &plugin.name, builder) && !fits(name) {
            let message = format!("{name} does not implement `{key}`");
            args::refuse(*span, message, "take it out here, or list it where it belongs", builder);
        }
        if seen.contains(&name) {
            args::refuse(*span, format!("{name} is enabled twice"), "list it once", builder);
        }
        seen.push(name);
        if let Some(weight) = plugin.weight.as_ref().filter(|weight| !(0..=1_000_000).contains(&weight.value)) {
            args::refuse(weight.span, format!("the weight is {}", weight.value), "0 (which means 1) to 1000000", builder);
        }
    }
    for plugin in given.disabled.iter().filter(|plugin| plugin.name.value != ALL) {
        known(&plugin.name.value, &plugin.name, builder);
    }
}

/// Reports a name that is that of no plugin of kube-scheduler and of no policy.
fn known(name: &str, at: &At<String>, builder: &mut Builder<'_>) -> bool {
    let found = names().any(|known| known == name);
    if !found {
        builder.report.problem(Code::ConfigPlugin, at.span, format!("no plugin is called `{name}`")).help(match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "plugins from outside cannot be simulated; write it as a policy of podsim (docs/policies.md), or take it out".into(),
        });
    }
    found
}

/// Combinations of extension points that kube-scheduler refuses or that are not modelled.
fn check_points(running: &impl Fn(Point) -> Vec<String>, tree: &Tree, builder: &mut Builder<'_>) {
    let place = |key: &str| tree.place_of_key(&["plugins", key]);
    for (key, point) in [("queueSort", Point::QueueSort), ("bind", Point::Bind)] {
        if running(point).is_empty() {
            let message = format!("no plugin is left at `{key}`");
            args::refuse(place(key), message, "kube-scheduler needs one: leave the default on", builder);
        }
    }
    // A plugin prepares in one point what it uses in the next; it is modelled as one.
    for (first, prepares, second, uses) in
        [("preFilter", Point::PreFilter, "filter", Point::Filter), ("preScore", Point::PreScore, "score", Point::Score)]
    {
        let (prepared, used) = (running(prepares), running(uses));
        let needs = |name: &&String| implements(name, prepares) && !prepared.contains(*name);
        for name in used.iter().filter(needs) {
            let message = format!("{name} is off at `{first}` but on at `{second}`, which is not modelled");
            unsupported(place(first), message, builder);
        }
        // Of those that only prepare, one decides something by that alone: the nodes that affinity names.
        if uses == Point::Filter && prepared.iter().any(|name| name == "NodeAffinity") && !used.iter().any(|name| name == "NodeAffinity") {
            unsupported(place(second), "NodeAffinity is off at `filter` but on at `preFilter`, which is not modelled".into(), builder);
        }
    }
    for key in ["reserve", "permit", "preBind", "postBind"] {
        if tree.at(&["plugins", key]).is_some_and(|set| !set.entries().is_empty()) {
            builder.report.note(place(key), format!("plugins.{key}"), Treatment::Ignored, "no decision depends on it in the simulation");
        }
    }
}

fn unsupported(place: crate::text::source::Span, message: String, builder: &mut Builder<'_>) {
    builder.report.problem(Code::ConfigNotSupported, place, message).help("switch it on or off at both");
}

/// Takes in `pluginConfig`.
fn arguments(given: &ProfileFile, tree: &Tree, profile: &mut ProfileSpec, builder: &mut Builder<'_>) {
    let mut seen = Vec::new();
    for (row, each) in given.plugin_config.iter().enumerate() {
        let name = &each.value.name;
        if seen.contains(&name.value) {
            args::refuse(name.span, format!("{} has arguments already", name.value), "write them in one place", builder);
        }
        seen.push(name.value.clone());
        let Some(args) = tree.at(&["pluginConfig", &row.to_string(), "args"]) else { continue };
        if known(&name.value, name, builder) {
            of_plugin(&name.value, args, profile, builder);
        }
    }
}

fn of_plugin(name: &str, tree: &Tree, profile: &mut ProfileSpec, builder: &mut Builder<'_>) {
    if let Some(policy) = policies::find(name) {
        check_kind(name, tree, builder);
        return profile.policies.push(policy::arguments(policy, tree, builder));
    }
    match name {
        "DefaultPreemption" => read(name, tree, builder, |file, builder| {
            profile.preemption = args::preemption(&file, tree.label_span(), builder);
        }),
        "InterPodAffinity" => read(name, tree, builder, |file, builder| {
            profile.inter_pod_affinity = args::inter_pod_affinity(&file, builder);
        }),
        "NodeAffinity" => read(name, tree, builder, |file, builder| {
            profile.node_affinity = args::node_affinity(&file, builder);
        }),
        "NodeResourcesBalancedAllocation" => read(name, tree, builder, |file, builder| {
            profile.balanced = args::balanced(&file, builder);
        }),
        "NodeResourcesFit" => read(name, tree, builder, |file, builder| {
            profile.fit = args::fit(&file, builder);
        }),
        "PodTopologySpread" => read(name, tree, builder, |file, builder| {
            profile.spread = args::spread(&file, builder);
        }),
        "VolumeBinding" | "DynamicResources" => read(name, tree, builder, |_: SilentFile, builder| {
            let text = "binding volumes and devices takes no time, and storage that is left is not looked at";
            builder.report.note(tree.label_span(), format!("pluginConfig.{name}"), Treatment::Ignored, text);
        }),
        _ => args::refuse(tree.label_span(), format!("{name} has no arguments"), "take them out", builder),
    }
}

/// Checks and decodes the arguments of a plugin, which say their own type.
fn read<T>(name: &str, tree: &Tree, builder: &mut Builder<'_>, take: impl FnOnce(T, &mut Builder<'_>))
where
    T: for<'de> Deserialize<'de> + schemars::JsonSchema,
{
    check_kind(name, tree, builder);
    let schema = with_type(crate::format::closed_schema::<T>());
    if !shape::check(tree, &schema, shape::CONFIGURATION, builder.report) {
        return;
    }
    match decode(tree) {
        Ok(file) => take(file, builder),
        Err(fault) => drop(builder.report.problem(Code::ConfigWrongType, fault.span.unwrap_or_default(), fault.message)),
    }
}

/// Reports arguments that say to be those of another plugin.
fn check_kind(name: &str, tree: &Tree, builder: &mut Builder<'_>) {
    let kind = format!("{name}Args");
    if let Some(other) = tree.text_at(&["kind"]).filter(|given| *given != kind) {
        args::refuse(tree.place(&["kind"]), format!("`{other}` are no arguments of {name}"), &format!("`kind: {kind}`"), builder);
    }
}

/// The schema with `apiVersion` and `kind`.
fn with_type(mut schema: serde_json::Value) -> serde_json::Value {
    if let Some(properties) = schema.get_mut("properties").and_then(serde_json::Value::as_object_mut) {
        for key in ["apiVersion", "kind"] {
            properties.insert(key.into(), serde_json::json!({ "type": "string" }));
        }
    }
    schema
}
