//! Pods: from a `v1.PodSpec` to a template.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use sim_core::spec::{ContainerKind, ContainerSpec, Labels, PodLevel, PodTemplate, RestartPolicy};
use sim_core::units::SimSpan;

use super::claims::{self, Owner};
use super::container::{self, Resources};
use super::requests::{Amounts, Asked, aggregate, counted, effective, filled, is_pod_level, rounded};
use super::{names, notes, placement, ports, resize, together, volumes};
use crate::compile::{Builder, Class, Origin};
use crate::problem::Code;
use crate::text::nearest::suggestion;
use crate::text::tree::Tree;
use crate::values::quantity::Quantity;

/// The priority class of what a node cannot do without.
const NODE_CRITICAL: &str = "system-node-critical";
/// The container that a Pod is for, where it is not the first.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// Compiles a Pod; `tree` has its `metadata` and `spec`.
pub(super) fn template(name: &str, namespace: &str, spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) -> Option<PodTemplate> {
    let spec_tree = tree.get("spec")?;
    notes::of_pod(spec_tree, builder.report);
    names::labels(tree.at(&["metadata", "labels"]), builder.report);
    check_names(spec, spec_tree, builder);
    if builder.origin == Origin::File {
        ports::check(spec, spec_tree, builder);
    }
    let (containers, asked) = containers(spec, tree, builder);
    let Resources { requests: pod_level, limits: pod_limits } = pod_level(spec_tree, &asked, builder);
    let overhead = container::amounts(spec_tree.get("overhead"), builder);
    let unset = Amounts::new();
    let (labels, namespace_symbol) = (labels(tree, builder), builder.symbols.intern(namespace));
    let (priority, never_preempts) = priority(spec, spec_tree, builder);
    let template = PodTemplate {
        name: name.to_owned(),
        namespace: namespace_symbol,
        affinity: together::affinity(spec, (namespace_symbol, &labels), spec_tree, builder),
        spread: together::spread(spec, &labels, spec_tree, builder),
        default_spread: builder.spread_selector(namespace, tree),
        gates: gates(spec, spec_tree, builder),
        scheduler_name: spec.scheduler_name.clone().unwrap_or_else(|| "default-scheduler".into()),
        labels,
        priority,
        never_preempts,
        restart_policy: restart_policy(spec, spec_tree, builder),
        grace: grace(spec, spec_tree, builder),
        requests: rounded(&effective(&asked, &pod_level, &overhead), &builder.resources),
        // The scorer of the Fit plugin never looks at pod-level resources.
        scored: rounded(&effective(&filled(&asked), &unset, &overhead), &builder.resources),
        non_zero: rounded(&counted(&asked, &pod_level, &overhead), &builder.resources),
        level: level(&pod_level, &pod_limits),
        overhead: rounded(&overhead, &builder.resources),
        node_critical: spec.priority_class_name.as_deref() == Some(NODE_CRITICAL),
        placement: placement::placement(spec, spec_tree, builder),
        host_network: spec.host_network.unwrap_or(false),
        volumes: spec.volumes.as_ref().map_or(0, Vec::len) as u32,
        attached_volumes: volumes::attached(spec),
        empty_dirs: volumes::empty_dirs(spec, spec_tree, builder),
        claims: claims::claims(spec, &Owner { namespace, name, tree: spec_tree }, builder),
        containers,
        ..PodTemplate::new("", namespace_symbol)
    };
    Some(template.classified())
}

/// CPU and memory of the Pod as a whole.
fn level(requests: &Amounts, limits: &Amounts) -> PodLevel {
    PodLevel {
        cpu_request: requests.get("cpu").copied().map(Quantity::millis),
        memory_request: requests.get("memory").copied().map(Quantity::units),
        cpu_limit: limits.get("cpu").copied().map(Quantity::millis),
        memory_limit: limits.get("memory").copied().map(Quantity::units),
    }
}

/// The containers in the order of starting, and what they ask for.
fn containers(spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) -> (Vec<ContainerSpec>, Vec<Asked>) {
    let (mut compiled, mut asked) = (Vec::new(), Vec::new());
    let init = spec.init_containers.iter().flatten().enumerate().map(|(row, given)| ("initContainers", row, given));
    let apps = spec.containers.iter().enumerate().map(|(row, given)| ("containers", row, given));
    for (list, row, given) in init.chain(apps) {
        let Some(own) = tree.at(&["spec", list, &row.to_string()]) else { continue };
        let kind = kind(list, given, own, builder);
        let Resources { requests, limits } = container::resources(own.get("resources"), true, builder);
        let resources = Resources { requests, limits };
        compiled.push(container::container(given, kind, &resources, own, builder));
        let mut asks = Asked { kind, requests: resources.requests };
        resize::apply(&mut asks, &given.name, tree, builder);
        asked.push(asks);
    }
    mark_helpers(&mut compiled, tree);
    for (container, holder) in compiled.iter_mut().zip(ports::holders(spec)) {
        container.port_taken_by = holder;
    }
    (compiled, asked)
}

fn kind(list: &str, given: &core::Container, tree: &Tree, builder: &mut Builder<'_>) -> ContainerKind {
    match (list, given.restart_policy.as_deref()) {
        ("containers", None) => ContainerKind::App,
        ("containers", Some(_)) => {
            builder.report.problem(
                Code::BadValue,
                tree.place(&["restartPolicy"]),
                "only init containers have a restart policy of their own",
            );
            ContainerKind::App
        }
        (_, Some("Always")) => ContainerKind::Sidecar,
        (_, None) => ContainerKind::Init,
        (_, Some(other)) => {
            builder
                .report
                .problem(Code::BadValue, tree.place(&["restartPolicy"]), format!("`{other}` is no restart policy of an init container"))
                .help("`Always` makes it a sidecar; without it, it is an ordinary init container");
            ContainerKind::Init
        }
    }
}

/// Regular containers other than the default one accompany it.
fn mark_helpers(containers: &mut [ContainerSpec], tree: &Tree) {
    let named = tree.at(&["metadata", "annotations"]).and_then(|annotations| annotations.text_at(&[DEFAULT_CONTAINER]));
    let apps = || containers.iter().filter(|container| container.kind == ContainerKind::App);
    let main =
        apps().find(|container| Some(container.name.as_str()) == named).or_else(|| apps().next()).map(|container| container.name.clone());
    for container in containers.iter_mut().filter(|container| container.kind == ContainerKind::App) {
        container.helper = Some(&container.name) != main.as_ref();
    }
}

/// Requests and limits of the Pod as a whole. Where only its limit is given, the containers' sum stands in for its request, else the limit.
fn pod_level(spec: &Tree, asked: &[Asked], builder: &mut Builder<'_>) -> Resources {
    let Resources { mut requests, limits } = container::resources(spec.get("resources"), false, builder);
    if builder.origin == Origin::Server {
        return Resources { requests, limits };
    }
    let sum = aggregate(asked);
    for (name, limit) in limits.iter().filter(|(name, _)| is_pod_level(name)) {
        requests.entry(name.clone()).or_insert_with(|| sum.get(name).copied().unwrap_or(*limit));
    }
    Resources { requests, limits }
}

pub(super) fn labels(tree: &Tree, builder: &mut Builder<'_>) -> Labels {
    let entries = tree.at(&["metadata", "labels"]).map_or(&[][..], Tree::entries);
    let pairs: Vec<_> = entries.iter().filter_map(|(key, value)| Some((key.text.as_str(), value.text()?))).collect();
    Labels::from_pairs(pairs.into_iter().map(|(key, value)| (builder.symbols.intern(key), builder.symbols.intern(value))))
}

/// Priority, and whether the Pod never preempts: by its class, whose policy it takes unless it has one of its own.
fn priority(spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) -> (i32, bool) {
    let class = match spec.priority_class_name.as_deref().filter(|name| !name.is_empty()) {
        // What the API server holds has its priority written out, whatever became of the class.
        Some(_) if builder.origin == Origin::Server => Class { value: spec.priority.unwrap_or(0), never_preempts: false },
        Some(name) => builder.class(name, spec.priority, tree.place(&["priorityClassName"])).unwrap_or_default(),
        None => Class { value: spec.priority.unwrap_or(builder.default_class.value), ..builder.default_class },
    };
    let never_preempts = match spec.preemption_policy.as_deref() {
        None => class.never_preempts,
        Some("Never") => true,
        Some("PreemptLowerPriority") => false,
        Some(other) => {
            let place = tree.place(&["preemptionPolicy"]);
            let draft = builder.report.problem(Code::BadValue, place, format!("`{other}` is no preemption policy"));
            draft.help(suggestion(other, ["PreemptLowerPriority", "Never"]));
            false
        }
    };
    (class.value, never_preempts)
}

/// Names of scheduling gates, in order.
fn gates(spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) -> Vec<String> {
    let given = spec.scheduling_gates.as_deref().unwrap_or_default();
    for (row, _) in given.iter().enumerate().filter(|(_, gate)| !names::is_qualified(&gate.name)) {
        let place = tree.place(&["schedulingGates", &row.to_string(), "name"]);
        builder.report.problem(Code::BadName, place, "this is no name for a scheduling gate");
    }
    given.iter().map(|gate| gate.name.clone()).collect()
}

fn restart_policy(spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) -> RestartPolicy {
    match spec.restart_policy.as_deref() {
        None | Some("Always") => RestartPolicy::Always,
        Some("OnFailure") => RestartPolicy::OnFailure,
        Some("Never") => RestartPolicy::Never,
        Some(other) => {
            let known = ["Always", "OnFailure", "Never"];
            builder
                .report
                .problem(Code::BadValue, tree.place(&["restartPolicy"]), format!("`{other}` is no restart policy"))
                .help(suggestion(other, known));
            RestartPolicy::Always
        }
    }
}

fn grace(spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) -> SimSpan {
    let seconds = spec.termination_grace_period_seconds.unwrap_or(30);
    // A century is more than any Pod is given.
    if !(0..=3_153_600_000).contains(&seconds) {
        let place = tree.place(&["terminationGracePeriodSeconds"]);
        builder.report.problem(Code::OutOfRange, place, format!("a grace period of {seconds} seconds")).help("0 seconds to 100 years");
    }
    SimSpan::from_secs(u64::try_from(seconds).unwrap_or(0).min(3_153_600_000))
}

/// Checks that containers and volumes have good names, none twice, and that mounted volumes exist.
fn check_names(spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) {
    if spec.containers.is_empty() {
        builder.report.problem(Code::ManifestMissing, tree.place_of_key(&["containers"]), "the Pod has no containers");
    }
    let volumes = unique(tree, &["volumes"], "a volume", builder);
    unique(tree, &["initContainers", "containers"], "a container", builder);
    for list in ["initContainers", "containers"] {
        for container in tree.get(list).map_or(&[][..], Tree::items) {
            for mount in container.get("volumeMounts").map_or(&[][..], Tree::items) {
                check_mount(mount, &volumes, builder);
            }
        }
    }
}

fn check_mount(mount: &Tree, volumes: &[&str], builder: &mut Builder<'_>) {
    let name = mount.text_at(&["name"]).unwrap_or_default();
    if !volumes.contains(&name) {
        builder
            .report
            .problem(Code::UnknownReference, mount.place(&["name"]), format!("the Pod has no volume `{name}`"))
            .help(suggestion(name, volumes.iter().copied()));
    }
}

/// The names in lists of the Pod; reports bad ones and those that come twice.
fn unique<'t>(tree: &'t Tree, lists: &[&str], what: &str, builder: &mut Builder<'_>) -> Vec<&'t str> {
    let mut seen = BTreeMap::new();
    let items = lists.iter().flat_map(|list| tree.get(list).map_or(&[][..], Tree::items));
    for item in items {
        let (name, place) = (item.text_at(&["name"]).unwrap_or_default(), item.place(&["name"]));
        names::label_name(name, what, place, builder.report);
        if seen.insert(name, place).is_some() {
            builder
                .report
                .problem(Code::DuplicateContainer, place, format!("`{name}` is the name of {what} already"))
                .help("names are unique within a Pod, init containers included");
        }
    }
    seen.into_keys().collect()
}
