//! Objects that make Pods: bare Pods, Deployments, `ReplicaSet`s, Jobs.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, ReplicaSet};
use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Pod, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;
use sim_core::spec::{self, ContainerKind, Controller, Distribution, PodTemplate, Portion, Replicas, RestartPolicy};

use super::{Kind, Object, notes, pod};
use crate::compile::Builder;
use crate::problem::{Code, Treatment};
use crate::text::decode::decode;
use crate::text::tree::Tree;

/// Replicas and other counts beyond which no simulation goes.
const COUNT_MAX: i32 = 100_000_000;

/// An object's Pod and who keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) template: PodTemplate,
    pub(crate) controller: Controller,
}

/// Compiles an object; `None` if it makes no Pods or is too broken to compile.
pub(crate) fn compile(object: &Object<'_>, builder: &mut Builder<'_>) -> Option<Compiled> {
    notes::of_controller(object.kind_name, object.tree, builder.report);
    match object.kind {
        Kind::Pod => bare(object, builder),
        Kind::Deployment => deployment(object, builder),
        Kind::ReplicaSet => replica_set(object, builder),
        Kind::Job => job(object, builder),
        _ => None,
    }
}

/// Pods that a controller makes at first.
pub(crate) fn copies(controller: &Controller) -> u32 {
    match controller {
        Controller::Bare => 1,
        Controller::Job(job) => job.parallelism.min(job.completions),
        Controller::Deployment(deployment) => match deployment.replicas {
            Replicas::Fixed(replicas) => replicas,
            Replicas::Drawn { .. } => 0,
        },
    }
}

fn typed<'t, T: Deserialize<'t>>(object: &Object<'t>, builder: &mut Builder<'_>) -> Option<T> {
    let refuse = |fault: crate::text::decode::Fault| {
        let span = fault.span.unwrap_or_else(|| object.tree.label_span());
        builder.report.problem(Code::ManifestWrongType, span, fault.message);
    };
    decode(object.tree).map_err(refuse).ok()
}

/// Reports that a key under `spec` is missing.
fn lacking(object: &Object<'_>, key: &str, builder: &mut Builder<'_>) {
    let place = object.tree.place_of_key(&["spec"]);
    builder.report.problem(Code::ManifestMissing, place, format!("the {} lacks `{key}`", object.kind_name));
}

fn bare(object: &Object<'_>, builder: &mut Builder<'_>) -> Option<Compiled> {
    let Some(spec) = typed::<Pod>(object, builder)?.spec else {
        lacking(object, "spec", builder);
        return None;
    };
    let template = pod::template(object.name(), object.namespace(), &spec, object.tree, builder)?;
    Some(Compiled { template, controller: Controller::Bare })
}

/// The Pod of a controller's template.
fn templated(object: &Object<'_>, given: &PodTemplateSpec, builder: &mut Builder<'_>) -> Option<PodTemplate> {
    let tree = object.tree.at(&["spec", "template"])?;
    let Some(spec) = &given.spec else {
        lacking(object, "template.spec", builder);
        return None;
    };
    pod::template(object.name(), object.namespace(), spec, tree, builder)
}

fn deployment(object: &Object<'_>, builder: &mut Builder<'_>) -> Option<Compiled> {
    let Some(spec) = typed::<Deployment>(object, builder)?.spec else {
        lacking(object, "spec", builder);
        return None;
    };
    check_selector(&spec.selector, &spec.template, object, builder);
    let template = templated(object, &spec.template, builder)?;
    must_restart_always(&spec.template, object, builder);
    let (max_surge, max_unavailable) = strategy(&spec, object.tree, builder);
    let replicas = Replicas::Fixed(count(spec.replicas, 1, 0, &["spec", "replicas"], object.tree, builder));
    let controller = spec::Deployment { replicas, max_surge, max_unavailable, releases: None, scaling: Vec::new() };
    Some(Compiled { template, controller: Controller::Deployment(controller) })
}

fn replica_set(object: &Object<'_>, builder: &mut Builder<'_>) -> Option<Compiled> {
    let Some(spec) = typed::<ReplicaSet>(object, builder)?.spec else {
        lacking(object, "spec", builder);
        return None;
    };
    builder.report.note(object.tree.place(&["kind"]), "kind", Treatment::Approximated, "a ReplicaSet is treated like a Deployment");
    let given = spec.template.unwrap_or_default();
    check_selector(&spec.selector, &given, object, builder);
    let template = templated(object, &given, builder)?;
    must_restart_always(&given, object, builder);
    let replicas = Replicas::Fixed(count(spec.replicas, 1, 0, &["spec", "replicas"], object.tree, builder));
    let quarter = Portion::Percent(25);
    let controller = spec::Deployment { replicas, max_surge: quarter, max_unavailable: quarter, releases: None, scaling: Vec::new() };
    Some(Compiled { template, controller: Controller::Deployment(controller) })
}

fn job(object: &Object<'_>, builder: &mut Builder<'_>) -> Option<Compiled> {
    let Some(spec) = typed::<Job>(object, builder)?.spec else {
        lacking(object, "spec", builder);
        return None;
    };
    let mut template = templated(object, &spec.template, builder)?;
    must_end(&spec.template, object, builder);
    for container in template.containers.iter_mut().filter(|container| container.kind == ContainerKind::App) {
        // A Job of which nothing is said ends after a minute or so: an assumption of ours.
        container.behavior.run = Some(Distribution::LogNormal { median: 60.0, sigma: 1.0 });
    }
    Some(Compiled { template, controller: Controller::Job(job_counts(&spec, object.tree, builder)) })
}

fn job_counts(spec: &JobSpec, tree: &Tree, builder: &mut Builder<'_>) -> spec::Job {
    let parallelism = count(spec.parallelism, 1, 1, &["spec", "parallelism"], tree, builder);
    if spec.completions.is_none() && parallelism > 1 {
        let text = "a work queue is treated as one completion for each parallel Pod";
        builder.report.note(tree.place_of_key(&["spec", "parallelism"]), "spec.parallelism", Treatment::Approximated, text);
    }
    spec::Job {
        completions: count(spec.completions, parallelism as i32, 1, &["spec", "completions"], tree, builder),
        parallelism,
        backoff_limit: count(spec.backoff_limit, 6, 0, &["spec", "backoffLimit"], tree, builder),
    }
}

/// A count in its range.
fn count(given: Option<i32>, default: i32, least: i32, path: &[&str], tree: &Tree, builder: &mut Builder<'_>) -> u32 {
    let value = given.unwrap_or(default);
    if !(least..=COUNT_MAX).contains(&value) {
        let name = path.last().copied().unwrap_or_default();
        builder.report.problem(Code::OutOfRange, tree.place(path), format!("`{name}` is {value}")).help(format!("{least} to {COUNT_MAX}"));
    }
    value.clamp(least, COUNT_MAX) as u32
}

/// Surge and unavailability of a rollout.
fn strategy(spec: &DeploymentSpec, tree: &Tree, builder: &mut Builder<'_>) -> (Portion, Portion) {
    let given = spec.strategy.as_ref();
    match given.and_then(|strategy| strategy.type_.as_deref()) {
        None | Some("RollingUpdate") => {}
        Some("Recreate") => {
            let text = "all Pods may go at once, but new ones do not wait for the last old one to be gone";
            builder.report.note(tree.place(&["spec", "strategy", "type"]), "spec.strategy.type", Treatment::Approximated, text);
            return (Portion::Count(0), Portion::Percent(100));
        }
        Some(other) => {
            let place = tree.place(&["spec", "strategy", "type"]);
            builder.report.problem(Code::BadValue, place, format!("`{other}` is no strategy")).help("`RollingUpdate` or `Recreate`");
        }
    }
    let rolling = given.and_then(|strategy| strategy.rolling_update.as_ref());
    let mut read = |key: &str, value: Option<&IntOrString>| portion(key, value, tree, builder);
    let surge = read("maxSurge", rolling.and_then(|rolling| rolling.max_surge.as_ref()));
    let unavailable = read("maxUnavailable", rolling.and_then(|rolling| rolling.max_unavailable.as_ref()));
    let is_zero = |portion| matches!(portion, Portion::Count(0) | Portion::Percent(0));
    if is_zero(surge) && is_zero(unavailable) {
        let place = tree.place_of_key(&["spec", "strategy", "rollingUpdate"]);
        builder.report.problem(Code::BadValue, place, "`maxSurge` and `maxUnavailable` must not both be 0: no rollout would move");
    }
    (surge, unavailable)
}

fn portion(key: &str, given: Option<&IntOrString>, tree: &Tree, builder: &mut Builder<'_>) -> Portion {
    let read = match given {
        None => Some(Portion::Percent(25)),
        Some(IntOrString::Int(count)) => u32::try_from(*count).ok().map(Portion::Count),
        Some(IntOrString::String(text)) => text.strip_suffix('%').and_then(|number| number.parse().ok()).map(Portion::Percent),
    };
    let most = if key == "maxUnavailable" { 100 } else { 10_000 };
    let fits = |portion: &Portion| !matches!(portion, Portion::Percent(percent) if *percent > most);
    read.filter(fits).unwrap_or_else(|| {
        let place = tree.place(&["spec", "strategy", "rollingUpdate", key]);
        builder
            .report
            .problem(Code::BadValue, place, format!("`{key}` is no part of the replicas"))
            .help("a number of Pods, or a percentage such as `25%`");
        Portion::Percent(25)
    })
}

/// The selector must match the template's own labels, and something at all.
fn check_selector(selector: &LabelSelector, template: &PodTemplateSpec, object: &Object<'_>, builder: &mut Builder<'_>) {
    let labels = template.metadata.as_ref().and_then(|metadata| metadata.labels.clone()).unwrap_or_default();
    let matches = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    let expressions = selector.match_expressions.as_deref().unwrap_or_default();
    let all = expressions.iter().all(|each| {
        let (label, values) = (labels.get(&each.key), each.values.as_deref().unwrap_or_default());
        match each.operator.as_str() {
            "In" => label.is_some_and(|label| values.contains(label)),
            "NotIn" => label.is_none_or(|label| !values.contains(label)),
            "Exists" => label.is_some(),
            "DoesNotExist" => label.is_none(),
            _ => false,
        }
    });
    let empty = expressions.is_empty() && selector.match_labels.as_ref().is_none_or(std::collections::BTreeMap::is_empty);
    if empty || !matches || !all {
        let place = object.tree.place_of_key(&["spec", "selector"]);
        builder
            .report
            .problem(Code::SelectorMismatch, place, "the selector does not match the labels of the Pod template")
            .help("`spec.selector.matchLabels` must be among `spec.template.metadata.labels`");
    }
}

fn restart_policy(spec: &PodTemplateSpec) -> Option<&str> {
    spec.spec.as_ref().and_then(|spec: &PodSpec| spec.restart_policy.as_deref())
}

fn must_restart_always(template: &PodTemplateSpec, object: &Object<'_>, builder: &mut Builder<'_>) {
    if !matches!(restart_policy(template), None | Some("Always")) {
        let place = object.tree.place(&["spec", "template", "spec", "restartPolicy"]);
        builder
            .report
            .problem(Code::BadValue, place, format!("Pods of a {} always restart their containers", object.kind_name))
            .help("leave `restartPolicy` out");
    }
}

fn must_end(template: &PodTemplateSpec, object: &Object<'_>, builder: &mut Builder<'_>) {
    let policy = restart_policy(template).and_then(|policy| match policy {
        "OnFailure" => Some(RestartPolicy::OnFailure),
        "Never" => Some(RestartPolicy::Never),
        _ => None,
    });
    if policy.is_none() {
        let place = object.tree.place(&["spec", "template", "spec", "restartPolicy"]);
        builder
            .report
            .problem(Code::BadValue, place, "Pods of a Job must not always restart")
            .help("set `restartPolicy` to `Never` or `OnFailure`");
    }
}
