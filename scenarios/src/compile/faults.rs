//! Faults: what a kind is in the simulator, whom a selector means, and when it strikes.

use std::collections::BTreeMap;

use sim_core::spec::{
    Among, ContainerFault, ContainerKind, Distribution, Fault, FaultKind, FaultTiming, NodeFault, NodePool, RegistryFault, Toleration,
};
use sim_core::table::{Id, NodeId, PoolId, Table, TemplateId, ZoneId};
use sim_core::units::SimTime;

use super::behaviors::matches;
use super::builder::with_tag;
use super::workloads::{Parts, share};
use super::{Builder, SPAN_MAX};
use crate::format::{FaultFile, FaultKindFile, Law, On, Role, Select};
use crate::problem::{Code, Treatment};
use crate::text::decode::At;
use crate::text::nearest::suggestion;
use crate::text::source::Span;
use crate::values::written::{Number, Time, Written};

/// The label that bears a node's own name.
const HOST_NAME: &str = "kubernetes.io/hostname";
/// The label that bears a node's zone.
const ZONE: &str = "topology.kubernetes.io/zone";

/// What a fault may befall.
struct World<'a> {
    pools: &'a Table<PoolId, NodePool>,
    zones: &'a Table<ZoneId, String>,
    parts: &'a Parts,
}

/// Compiles the faults of a scenario.
pub(super) fn faults(
    given: &[At<FaultFile>],
    (pools, zones): (&Table<PoolId, NodePool>, &Table<ZoneId, String>),
    parts: &Parts,
    builder: &mut Builder<'_>,
) -> Vec<Fault> {
    let world = World { pools, zones, parts };
    if let Some(last) = given.get(usize::from(u16::MAX)) {
        builder.report.problem(Code::TooMany, last.span, "a scenario has at most 65,535 faults");
    }
    let mut names = BTreeMap::new();
    let mut compiled = Vec::new();
    for fault in given {
        let name = &fault.value.name;
        if names.insert(name.value.clone(), name.span).is_some() {
            builder.report.problem(Code::DuplicateName, name.span, format!("two faults bear the name `{}`", name.value));
        }
        compiled.extend(one(fault, &world, builder));
    }
    compiled
}

fn one(given: &At<FaultFile>, world: &World<'_>, builder: &mut Builder<'_>) -> Option<Fault> {
    let (kind, timing) = (kind(&given.value, world, builder), timing(given, builder));
    let (kind, timing) = (kind?, timing?);
    let among = among(&given.value, &kind, &timing, builder);
    Some(Fault { name: given.value.name.value.clone(), kind, timing, among })
}

fn timing(given: &At<FaultFile>, builder: &mut Builder<'_>) -> Option<FaultTiming> {
    match (&given.value.at, &given.value.every, &given.value.rate) {
        (Some(at), None, None) => {
            if at.value.is_empty() {
                builder.report.problem(Code::OutOfRange, at.span, "the list of times is empty");
            }
            let times = at.value.iter().map(|time| Some(SimTime::ZERO + builder.read_up_to(time, SPAN_MAX)?));
            times.collect::<Option<_>>().map(FaultTiming::At)
        }
        (None, Some(every), None) => gaps(every, builder).map(FaultTiming::Every),
        (None, None, Some(rate)) => {
            let value = builder.read(rate)?;
            if value <= 0.0 {
                builder.report.problem(Code::OutOfRange, rate.span, "the rate must be above 0");
                return None;
            }
            Some(FaultTiming::Rate(value))
        }
        _ => {
            builder.report.problem(Code::Conflict, given.span, "a fault needs exactly one of `at`, `every` and `rate`");
            None
        }
    }
}

/// Gaps between what comes again and again.
pub(super) fn gaps(every: &At<Law<Time>>, builder: &mut Builder<'_>) -> Option<Distribution> {
    let law = builder.law(&every.value)?;
    if let Err(error) = law.validate_equilibrium() {
        builder.report.problem(Code::BadDistribution, every.span, error.to_string());
        return None;
    }
    if law.mean() <= 0.0 {
        builder.report.problem(Code::OutOfRange, every.span, "occasions need time between them");
        return None;
    }
    Some(law)
}

fn among(given: &FaultFile, kind: &FaultKind, timing: &FaultTiming, builder: &mut Builder<'_>) -> Among {
    let alone = matches!(timing, FaultTiming::Every(_)) && matches!(kind, FaultKind::Node { .. } | FaultKind::Zone { .. });
    let whole = matches!(kind, FaultKind::Registry { .. });
    let place = given.count.as_ref().map(|count| count.span).or_else(|| given.share.as_ref().map(|share| share.span));
    if let Some(place) = place.filter(|_| alone || whole) {
        let text = if whole { "there is one registry" } else { "with `every`, each node or zone has occasions of its own" };
        builder.report.problem(Code::Conflict, place, format!("{text}: nothing is drawn")).help("leave `count` and `share` out");
    }
    match (&given.count, &given.share) {
        (Some(count), Some(_)) => {
            builder.report.problem(Code::Conflict, count.span, "a fault strikes either a `count` or a `share`");
            Among::All
        }
        (Some(count), None) => {
            if count.value == 0 {
                builder.report.problem(Code::OutOfRange, count.span, "a fault that strikes nobody").help("1 or more");
            }
            Among::Count(count.value)
        }
        (None, Some(written)) => share(written, builder).map_or(Among::All, Among::Share),
        (None, None) if matches!(timing, FaultTiming::Rate(_)) && !whole => Among::Count(1),
        (None, None) => Among::All,
    }
}

fn kind(given: &FaultFile, world: &World<'_>, builder: &mut Builder<'_>) -> Option<FaultKind> {
    use FaultKindFile as K;
    let on = &At { value: given.on.value.clone(), span: place_of(given) };
    match &given.kind.value {
        K::NodeCrash { down } => node(NodeFault::Crash, down, on, world, builder),
        K::NodeReboot { down } => node(NodeFault::Reboot, down, on, world, builder),
        K::NodeLoss { repair } => node(NodeFault::Loss, repair, on, world, builder),
        K::Partition { lasts } => node(NodeFault::Partition, lasts, on, world, builder),
        K::KubeletRestart { down } => node(NodeFault::Kubelet, down, on, world, builder),
        K::RuntimeRestart { down } => node(NodeFault::Runtime, down, on, world, builder),
        K::CniFailure { lasts } => node(NodeFault::Network, lasts, on, world, builder),
        K::DiskFull { lasts } => node(NodeFault::Disk, lasts, on, world, builder),
        K::ZoneOutage { lasts } => zone(lasts, given, world, builder),
        K::RegistryOutage { lasts } => registry(Some(RegistryFault::Outage), lasts, on, builder),
        K::RegistrySlow { factor, lasts } => registry(above_zero(factor, builder).map(RegistryFault::Slow), lasts, on, builder),
        K::BadImage { image, lasts } => registry(bad_image(image, builder), lasts, on, builder),
        K::ContainerCrash { exit_code } => container(Some(ContainerFault::Crash(exit_code.unwrap_or(1))), given, world, builder),
        K::ContainerHang { lasts } => container(builder.law(lasts).map(ContainerFault::Hang), given, world, builder),
        K::InitFailure { lasts } => container(builder.law(lasts).map(ContainerFault::InitFailure), given, world, builder),
        K::SlowStart { factor, lasts } => {
            let (factor, lasts) = (above_zero(factor, builder), builder.law(lasts));
            let what = factor.zip(lasts).map(|(factor, lasts)| ContainerFault::SlowStart { factor, lasts });
            container(what, given, world, builder)
        }
        K::MemoryLeak { rate } => {
            let leak = builder.read(rate).filter(|rate| *rate > 0.0);
            if leak.is_none() {
                builder.report.problem(Code::OutOfRange, rate.span, "a leak needs a rate above 0");
            }
            container(leak.map(ContainerFault::MemoryLeak), given, world, builder)
        }
    }
}

/// The place of a fault's selector, or of its kind where it has none.
const fn place_of(given: &FaultFile) -> Span {
    if given.on.span.len == 0 { given.kind.span } else { given.on.span }
}

fn above_zero(factor: &Written<Number>, builder: &mut Builder<'_>) -> Option<f64> {
    let value = builder.read(factor)?;
    if value <= 0.0 {
        builder.report.problem(Code::OutOfRange, factor.span, "the factor must be above 0");
        return None;
    }
    Some(value)
}

fn bad_image(image: &At<String>, builder: &mut Builder<'_>) -> Option<RegistryFault> {
    let wanted = with_tag(&image.value);
    let found = builder.images.iter().find(|(_, known)| known.name == wanted).map(|(id, _)| RegistryFault::BadImage(id));
    if found.is_none() {
        let known: Vec<String> = builder.images.rows().iter().map(|image| image.name.clone()).collect();
        builder
            .report
            .problem(Code::UnknownReference, image.span, format!("no container has the image `{wanted}`"))
            .help(suggestion(&wanted, known.iter().map(String::as_str)));
    }
    found
}

fn registry(what: Option<RegistryFault>, lasts: &Law<Time>, on: &At<On>, builder: &mut Builder<'_>) -> Option<FaultKind> {
    let lasts = builder.law(lasts);
    if selects_nodes(&on.value) || selects_containers(&on.value) || !on.value.labels.is_empty() {
        builder.report.problem(Code::Conflict, on.span, "there is one registry: `on` has nothing to choose from");
    }
    Some(FaultKind::Registry { what: what?, lasts: lasts? })
}

const fn selects_nodes(on: &On) -> bool {
    !on.pools.is_empty() || !on.zones.is_empty() || !on.nodes.is_empty()
}

const fn selects_containers(on: &On) -> bool {
    on.workload.is_some() || on.container_name.is_some()
}

fn node(what: NodeFault, lasts: &Law<Time>, on: &At<On>, world: &World<'_>, builder: &mut Builder<'_>) -> Option<FaultKind> {
    let lasts = builder.law(lasts);
    if selects_containers(&on.value) {
        builder.report.problem(Code::Conflict, on.span, "this fault befalls nodes, which `workload` and `containerName` do not choose");
    }
    let pool_names = || world.pools.rows().iter().filter(|pool| !pool.single).map(|pool| pool.name.as_str());
    known(&on.value.pools, "node pool", &pool_names().collect::<Vec<_>>(), builder);
    known(&on.value.zones, "zone", &world.zones.rows().iter().map(String::as_str).collect::<Vec<_>>(), builder);
    known_nodes(&on.value.nodes, world, builder);
    let nodes = nodes(&on.value, world, builder);
    if nodes.is_empty() {
        nothing("node", on.span, builder);
    }
    Some(FaultKind::Node { what, lasts: lasts?, nodes })
}

/// Reports names that are not among those that are known.
fn known(given: &[At<String>], what: &str, known: &[&str], builder: &mut Builder<'_>) {
    for name in given.iter().filter(|name| !known.contains(&name.value.as_str())) {
        builder
            .report
            .problem(Code::MatchesNothing, name.span, format!("there is no {what} `{}`", name.value))
            .help(suggestion(&name.value, known.iter().copied()));
    }
}

fn known_nodes(given: &[At<String>], world: &World<'_>, builder: &mut Builder<'_>) {
    for name in given {
        let exists = world.pools.rows().iter().any(|pool| ordinal_of(pool, &name.value).is_some());
        if !exists {
            let first: Vec<String> = world.pools.rows().iter().map(|pool| node_name(pool, 0)).collect();
            builder
                .report
                .problem(Code::MatchesNothing, name.span, format!("there is no node `{}`", name.value))
                .help(suggestion(&name.value, first.iter().map(String::as_str)));
        }
    }
}

fn node_name(pool: &NodePool, ordinal: u32) -> String {
    if pool.single { pool.name.clone() } else { format!("{}-{ordinal}", pool.name) }
}

/// The ordinal of a pool's node by its name.
fn ordinal_of(pool: &NodePool, name: &str) -> Option<u32> {
    if pool.single {
        return (pool.name == name).then_some(0);
    }
    let ordinal: u32 = name.strip_prefix(pool.name.as_str())?.strip_prefix('-')?.parse().ok()?;
    (ordinal < pool.count && node_name(pool, ordinal) == name).then_some(ordinal)
}

/// Reports a selector that nothing matches, if nothing else is wrong.
fn nothing(what: &str, span: Span, builder: &mut Builder<'_>) {
    if builder.report.is_clean() {
        builder.report.problem(Code::MatchesNothing, span, format!("no {what} matches this selector"));
    }
}

/// The nodes that a selector means, in their order.
fn nodes(on: &On, world: &World<'_>, builder: &Builder<'_>) -> Vec<NodeId> {
    let mut first = 0;
    let mut found = Vec::new();
    for pool in world.pools.rows() {
        let among = |names: &[At<String>], name: &str| names.is_empty() || names.iter().any(|wanted| wanted.value == name);
        if among(&on.pools, &pool.name) {
            let meant = (0..pool.count).filter(|ordinal| {
                let zone = pool.zone_of(*ordinal).map_or("", |zone| world.zones[zone].as_str());
                among(&on.zones, zone) && named(on, pool, *ordinal) && labelled(on, pool, (*ordinal, zone), builder)
            });
            found.extend(meant.map(|ordinal| NodeId(first + ordinal)));
        }
        first += pool.count;
    }
    found
}

fn named(on: &On, pool: &NodePool, ordinal: u32) -> bool {
    on.nodes.is_empty() || on.nodes.iter().any(|name| ordinal_of(pool, &name.value) == Some(ordinal))
}

fn labelled(on: &On, pool: &NodePool, (ordinal, zone): (u32, &str), builder: &Builder<'_>) -> bool {
    on.labels.iter().all(|(key, value)| {
        let symbols = &builder.symbols;
        let have = symbols.find(key).and_then(|key| pool.shape.labels.get(key)).map(|value| symbols.text(value));
        match key.as_str() {
            ZONE if !zone.is_empty() => zone == value,
            HOST_NAME if have.is_none() => !pool.single && node_name(pool, ordinal) == *value,
            _ => have == Some(value),
        }
    })
}

fn zone(lasts: &Law<Time>, given: &FaultFile, world: &World<'_>, builder: &mut Builder<'_>) -> Option<FaultKind> {
    let lasts = builder.law(lasts);
    let on = &given.on.value;
    if !on.pools.is_empty() || !on.nodes.is_empty() || !on.labels.is_empty() || selects_containers(on) {
        builder.report.problem(Code::Conflict, given.on.span, "this fault befalls zones, which only `zones` chooses");
    }
    known(&on.zones, "zone", &world.zones.rows().iter().map(String::as_str).collect::<Vec<_>>(), builder);
    let wanted = |zone: &str| on.zones.is_empty() || on.zones.iter().any(|name| name.value == zone);
    let zones: Vec<ZoneId> = world.zones.iter().filter(|(_, zone)| wanted(zone)).map(|(id, _)| id).collect();
    if world.zones.is_empty() {
        builder.report.problem(Code::MatchesNothing, given.kind.span, "the nodes have no zones").help("give pools `zones`");
    }
    Some(FaultKind::Zone { lasts: lasts?, zones })
}

fn container(what: Option<ContainerFault>, given: &FaultFile, world: &World<'_>, builder: &mut Builder<'_>) -> Option<FaultKind> {
    let (on, place) = (&given.on.value, place_of(given));
    if selects_nodes(on) {
        builder.report.problem(Code::Conflict, place, "this fault befalls containers, which `pools`, `zones` and `nodes` do not choose");
    }
    let what = what?;
    let containers = containers(&what, on, world, builder);
    if containers.is_empty() {
        nothing(if matches!(what, ContainerFault::InitFailure(_)) { "init container" } else { "container" }, place, builder);
    }
    note_endless_leaks(&what, &containers, given, world, builder);
    Some(FaultKind::Container { what, containers })
}

/// The containers that a selector means: init containers for their own fault, all others else.
fn containers(what: &ContainerFault, on: &On, world: &World<'_>, builder: &Builder<'_>) -> Vec<(TemplateId, u8)> {
    let init = matches!(what, ContainerFault::InitFailure(_));
    let select = Select {
        workload: on.workload.clone(),
        container_name: on.container_name.clone(),
        labels: on.labels.clone(),
        role: init.then_some(Role::Init),
        ..Select::default()
    };
    let mut found = Vec::new();
    for (template, part) in world.parts.0.iter().enumerate() {
        for row in 0..part.template.containers.len() {
            let right = (part.template.containers[row].kind == ContainerKind::Init) == init;
            if right && matches(&select, part, row, builder) {
                found.push((TemplateId::new(template), row as u8));
            }
        }
    }
    found
}

/// Notes leaking containers that nothing ends, as they have no limit.
fn note_endless_leaks(what: &ContainerFault, kinds: &[(TemplateId, u8)], given: &FaultFile, world: &World<'_>, builder: &mut Builder<'_>) {
    let about = |(template, row): &(TemplateId, u8)| &world.parts.0[template.index()].template.containers[usize::from(*row)];
    if !matches!(what, ContainerFault::MemoryLeak(_)) {
        return;
    }
    for kind in kinds.iter().filter(|kind| about(kind).memory_limit.is_none()) {
        let text = format!("the container `{}` has no memory limit: its leak has no effect", about(kind).name);
        builder.report.note(given.kind.span, "spec.faults", Treatment::Approximated, text);
    }
}

/// Lets Pods that are not `BestEffort` tolerate memory pressure.
pub(super) fn tolerate_memory_pressure(parts: &mut Parts, builder: &mut Builder<'_>) {
    let key = Some(builder.symbols.intern("node.kubernetes.io/memory-pressure"));
    for part in &mut parts.0 {
        let asks = part.template.containers.iter().any(|container| {
            let requests = &container.requests;
            requests.cpu.0 > 0 || requests.memory.0 > 0 || container.cpu_limit.is_some() || container.memory_limit.is_some()
        });
        if asks {
            let effect = Some(sim_core::spec::TaintEffect::NoSchedule);
            part.template.placement.tolerations.push(Toleration { key, value: None, effect, seconds: None });
        }
    }
}
