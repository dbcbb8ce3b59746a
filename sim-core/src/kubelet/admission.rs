//! What a kubelet does first with a Pod that was bound to its node: it takes it in, or rejects it.

use super::rules::admission::{MEMORY_PRESSURE_TAINT, Pressures, Rejection, Room, Taken, clash, endures, fit, tolerates, under_pressure};
use crate::cluster::{NodeTaints, Step};
use crate::spec::{NodeShape, PodTemplate, Requests, Symbols, TaintEffect};
use crate::table::{NodeId, PodId};
use crate::world::World;

/// Whether the kubelet of a Pod's node takes it. The scheduler has just found that it fits, and its books are never ahead of the kubelet's;
/// so there is doubt only where the node is under pressure or Pods of it were resized to ask for more.
pub(super) fn admit_where_in_doubt(world: &World<'_>, pod: PodId) -> Result<(), Rejection> {
    let node = world.pods[pod].node;
    let taints = world.nodes.health[node].taints;
    if taints == NodeTaints::default() && world.nodes.grown[node] == 0 {
        return Ok(());
    }
    let pressures = Pressures {
        memory: taints.has(NodeTaints::MEMORY_PRESSURE),
        disk: taints.has(NodeTaints::DISK_PRESSURE),
        pid: taints.has(NodeTaints::PID_PRESSURE),
    };
    let admitted = admit(world, pod, pressures);
    if admitted.as_ref().is_err_and(|why| why.is_want_of_room()) && could_make_room(world, pod) { Ok(()) } else { admitted }
}

/// Whether the kubelet of a Pod's node takes it, given the node's pressure conditions: its own view of the node and of the Pods that it
/// took in before. Taints are those that the node has by its definition. Its cost follows the number of the node's Pods.
pub(crate) fn admit(world: &World<'_>, pod: PodId, pressures: Pressures) -> Result<(), Rejection> {
    let node = world.pods[pod].node;
    let shape = &world.spec.pools[world.nodes.pool[node]].shape;
    let grown = others(world, pod, node).map(|other| world.resized_by(other, false)).fold((0, 0), |sum, by| (sum.0 + by.0, sum.1 + by.1));
    decide(world.template(pod), shape, pressures, (taken_in(world, pod, node), grown), &world.spec.symbols)
}

/// The Pods that the kubelet has: those that it noticed and that have not ended.
fn others<'w>(world: &'w World<'_>, pod: PodId, node: NodeId) -> impl Iterator<Item = PodId> + Clone + 'w {
    let here = move |other: &PodId| {
        let row = &world.pods[*other];
        *other != pod && row.step > Step::Notice && !row.state.is_terminal()
    };
    world.nodes.residents[node].iter().copied().filter(here)
}

/// Their templates.
fn taken_in<'w>(world: &'w World<'_>, pod: PodId, node: NodeId) -> impl Iterator<Item = &'w PodTemplate> + Clone {
    others(world, pod, node).map(|other| world.template(other))
}

fn decide<'t>(
    pod: &PodTemplate,
    node: &NodeShape,
    pressures: Pressures,
    (others, grown): (impl Iterator<Item = &'t PodTemplate> + Clone, (i64, i64)),
    symbols: &Symbols,
) -> Result<(), Rejection> {
    let tolerations = &pod.placement.tolerations;
    let tolerates_memory = tolerates(tolerations, (MEMORY_PRESSURE_TAINT, ""), TaintEffect::NoSchedule, symbols);
    under_pressure(pressures, pod.qos, pod.is_critical(), tolerates_memory)?;
    let mut taken = Taken::default();
    others.clone().for_each(|other| taken.add(&other.requests));
    (taken.cpu, taken.memory) = (taken.cpu.saturating_add_signed(grown.0), taken.memory.saturating_add_signed(grown.1));
    let scalar = |resource| others.clone().map(|other| other.requests.scalar(resource)).sum();
    fit(&pod.requests, Room { allocatable: &node.allocatable, pods_max: node.pods_max }, &taken, scalar)?;
    if others.clone().any(|other| share_port(pod, other, symbols)) {
        return Err(Rejection::NodePorts);
    }
    endures(tolerations, &node.taints, symbols)
}

fn share_port(pod: &PodTemplate, other: &PodTemplate, symbols: &Symbols) -> bool {
    let taken = &other.placement.host_ports;
    pod.placement.host_ports.iter().any(|port| taken.iter().any(|own| clash(port, own, symbols)))
}

/// True if a critical Pod that finds too little room would find it without all Pods that are less important than it: a kubelet evicts
/// such Pods.
pub(crate) fn could_make_room(world: &World<'_>, pod: PodId) -> bool {
    let node = world.pods[pod].node;
    let own = world.template(pod);
    let shape = &world.spec.pools[world.nodes.pool[node]].shape;
    let stay = taken_in(world, pod, node).filter(|other| other.is_critical() || other.priority >= own.priority);
    let mut taken = Taken::default();
    stay.clone().for_each(|other| taken.add(&other.requests));
    let scalar = |resource| stay.clone().map(|other: &PodTemplate| Requests::scalar(&other.requests, resource)).sum();
    own.is_critical() && fit(&own.requests, Room { allocatable: &shape.allocatable, pods_max: shape.pods_max }, &taken, scalar).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Birth, new_pod};
    use crate::engine::random::Seed;
    use crate::spec::{
        ControlPlane, Controller, HostPort, Kubelet, Network, NodePool, Registry, SchedulerSpec, Source, Spec, Taint, Warmup, Workload,
    };
    use crate::table::{InstanceId, ResourceId, Table, TemplateId, WorkloadId};
    use crate::units::{Bytes, MilliCpu, SimSpan, SimTime};

    fn asks(cpu: u64, memory: u64) -> Requests {
        Requests { cpu: MilliCpu(cpu), memory: Bytes(memory), ..Requests::default() }
    }

    /// A node of 4 cores, 1000 bytes and 3 Pods.
    fn spec(templates: Vec<PodTemplate>, symbols: Symbols, taints: Vec<Taint>) -> Spec {
        let allocatable = Requests { scalars: vec![(ResourceId(0), 2)], ..asks(4000, 1000) };
        let shape = NodeShape { capacity: allocatable.clone(), allocatable, pods_max: 3, taints, ..NodeShape::default() };
        let workload = Workload {
            name: "work".into(),
            template: TemplateId(0),
            controller: Controller::Bare,
            source: Source::Standing { instances: 1 },
            lifetime: None,
            give_up_after: None,
        };
        Spec {
            name: "test".into(),
            seed: Seed(1),
            duration: SimSpan::from_secs(60),
            warmup: Warmup::Span(SimSpan::ZERO),
            series_step: SimSpan::from_secs(1),
            symbols,
            zones: Table::new(),
            resources: Table::from(vec!["nvidia.com/gpu".to_owned()]),
            images: Table::new(),
            pools: Table::from(vec![NodePool { name: "node".into(), count: 1, single: true, zones: Vec::new(), shape }]),
            templates: Table::from(templates),
            namespaces: Vec::new(),
            disruption_budgets: Vec::new(),
            workloads: Table::from(vec![workload]),
            scheduler: SchedulerSpec::default(),
            control_plane: ControlPlane::default(),
            kubelet: Kubelet::default(),
            registry: Registry::default(),
            network: Network::default(),
            faults: Vec::new(),
            resizes: Vec::new(),
            node_lifecycle: crate::spec::NodeLifecycle::default(),
            traffic: Vec::new(),
        }
    }

    /// A Pod of a template on the only node, at a step of its start.
    fn place(world: &mut World<'_>, template: u32, step: Step) -> PodId {
        let row = new_pod(TemplateId(template), WorkloadId(0), InstanceId(0), 1, Birth::at(SimTime::ZERO), SimTime::ZERO);
        let pod = world.add_row(row);
        (world.pods[pod].node, world.pods[pod].step) = (NodeId(0), step);
        world.take_seat(pod);
        pod
    }

    #[test]
    fn a_kubelet_counts_the_pods_that_it_took_in_before() {
        let mut symbols = Symbols::default();
        let [namespace, ip, protocol] = ["default", "0.0.0.0", "TCP"].map(|text| symbols.intern(text));
        let pod = || PodTemplate::new("pod", namespace);
        let port = HostPort { ip, protocol, port: 80 };
        let with_port = |asked| {
            let mut pod = pod().asking(asked);
            pod.placement.host_ports = vec![port];
            pod
        };
        let gpus = Requests { scalars: vec![(ResourceId(0), 2)], ..Requests::default() };
        let templates = vec![pod().asking(asks(2500, 100)), pod().asking(gpus), with_port(asks(1, 1)), pod().asking(asks(1, 950))];
        let spec = spec(templates, symbols, Vec::new());
        #[rustfmt::skip]
        let table = [
            ("an empty node",          vec![],                                         0, Ok(())),
            ("too little CPU",         vec![(0, Step::Ready)],                         0, Err(Rejection::OutOfCpu)),
            ("not noticed yet",        vec![(0, Step::Notice)],                        0, Ok(())),
            ("still being made",       vec![(0, Step::Volumes)],                       0, Err(Rejection::OutOfCpu)),
            ("too little memory",      vec![(0, Step::Ready)],                         3, Err(Rejection::OutOfMemory)),
            ("the GPUs are taken",     vec![(1, Step::Ready)],                         1, Err(Rejection::OutOf(ResourceId(0)))),
            ("the port is taken",      vec![(2, Step::Ready)],                         2, Err(Rejection::NodePorts)),
            ("as many as it may have", vec![(2, Step::Ready); 3],                      1, Err(Rejection::OutOfPods)),
        ];
        for (name, others, own, want) in table {
            let mut world = World::new(&spec, spec.seed);
            for (template, step) in others {
                place(&mut world, template, step);
            }
            let pod = place(&mut world, own, Step::Notice);
            assert_eq!(admit(&world, pod, Pressures::default()), want, "{name}");
        }
    }

    #[test]
    fn pressure_and_taints_keep_pods_away_that_do_not_bear_them() {
        let mut symbols = Symbols::default();
        let [namespace, key, empty] = ["default", "broken", ""].map(|text| symbols.intern(text));
        let pod = || PodTemplate::new("pod", namespace);
        let critical = PodTemplate { priority: 2_000_000_000, ..pod() };
        let mut tolerant = pod();
        tolerant.placement.tolerations = vec![crate::spec::Toleration { key: None, value: None, effect: None, seconds: None }];
        let taint = Taint { key, value: empty, effect: TaintEffect::NoExecute };
        let memory = Pressures { memory: true, ..Pressures::default() };
        #[rustfmt::skip]
        let table = [
            ("pressure",            0, memory,                vec![],      Err(Rejection::Evicted)),
            ("a critical Pod",      1, memory,                vec![],      Ok(())),
            ("one that tolerates",  2, memory,                vec![taint], Ok(())),
            ("a taint",             0, Pressures::default(),  vec![taint], Err(Rejection::TaintToleration)),
        ];
        for (name, template, pressures, taints, want) in table {
            let spec = spec(vec![pod(), critical.clone(), tolerant.clone()], symbols.clone(), taints);
            let mut world = World::new(&spec, spec.seed);
            let pod = place(&mut world, template, Step::Notice);
            assert_eq!(admit(&world, pod, pressures), want, "{name}");
        }
    }

    #[test]
    fn room_for_a_critical_pod_can_be_made_of_less_important_ones_only() {
        let mut symbols = Symbols::default();
        let namespace = symbols.intern("default");
        let pod = |cpu, priority| PodTemplate { priority, ..PodTemplate::new("pod", namespace).asking(asks(cpu, 1)) };
        let templates = vec![pod(3000, 0), pod(3000, 2_000_000_000), pod(2000, 1)];
        let spec = spec(templates, symbols, Vec::new());
        #[rustfmt::skip]
        let table = [
            ("a common Pod goes",                 0, 1, true),
            ("a critical one stays",              1, 1, false),
            ("nobody goes for a common Pod",      0, 2, false),
        ];
        for (name, other, own, want) in table {
            let mut world = World::new(&spec, spec.seed);
            place(&mut world, other, Step::Ready);
            let pod = place(&mut world, own, Step::Notice);
            assert!(admit(&world, pod, Pressures::default()).is_err_and(Rejection::is_want_of_room));
            assert_eq!(could_make_room(&world, pod), want, "{name}");
        }
    }
}
