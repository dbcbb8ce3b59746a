//! Tests of the whole scheduler: the queue's rules row by row, messages, node order, and that both paths decide alike.

use proptest::prelude::*;

use super::testing::{Bed, empty_spec, resident, template};
use super::*;
use crate::spec::{
    AttachedVolume, Claim, ClaimState, ContainerSpec, HostPort, Image, LabelSelector, Labels, Namespace, NodePool, NodeSelectorTerm,
    NodeShape, Operator, PodAffinity, PodAffinityTerm, PodTemplate, Requests, Requirement, Taint, TaintEffect, Toleration,
    TopologySpreadConstraint, Volume, WhenUnsatisfiable,
};
use crate::table::{Id, ImageId, ResourceId, Symbol, ZoneId};
use crate::units::{Bytes, MilliCpu, SimSpan};

const SECOND: u64 = 1_000_000_000;

/// Tenths of a second.
fn at(tenths: u64) -> SimTime {
    SimTime::from_nanos(tenths * SECOND / 10)
}

/// One node of one core, a Pod that fills it, and further Pods that ask for one core each.
struct Full {
    bed: Bed,
    scheduler: Scheduler,
    whole: TemplateId,
}

const NODE: NodeId = NodeId(0);
/// Number of the Pod that is on it.
const THERE: u32 = 1000;

impl Full {
    fn new() -> Self {
        let mut bed = Bed::default();
        bed.node(|shape, _| shape.allocatable.cpu = MilliCpu(1000));
        let whole = bed.pod(|pod, _| pod.requests.cpu = MilliCpu(1000));
        let mut scheduler = Scheduler::new(&bed.spec);
        scheduler.assign(&bed.spec, resident(THERE, whole), NODE);
        Self { bed, scheduler, whole }
    }

    fn submit(&mut self, pod: u32, now: SimTime) {
        self.scheduler.submit(&self.bed.spec, PodId(pod), self.whole, now);
    }

    /// Tries the next Pod, which must be `pod`.
    fn attempt(&mut self, pod: u32, now: SimTime) -> Verdict {
        assert_eq!(self.scheduler.next(now), Some(PodId(pod)));
        self.scheduler.cycle(&self.bed.spec, PodId(pod), 0, now).verdict
    }

    fn fails(&mut self, pod: u32, now: SimTime) {
        let verdict = self.attempt(pod, now);
        assert!(matches!(verdict, Verdict::Unschedulable(_)), "{verdict:?}");
    }

    /// A Pod leaves the node and another takes its place, so that the waiting ones are woken for nothing.
    fn tease(&mut self, now: SimTime) {
        self.scheduler.release(&self.bed.spec, PodId(THERE), NODE, now);
        self.scheduler.assign(&self.bed.spec, resident(THERE, self.whole), NODE);
    }
}

#[test]
fn higher_priority_goes_first_then_the_earlier_submission() {
    let mut bed = Bed::default();
    bed.node(|_, _| {});
    let [low, high] = [0, 10].map(|priority| bed.pod(|pod, _| pod.priority = priority));
    let mut scheduler = Scheduler::new(&bed.spec);
    for (pod, template) in [(0, low), (1, high), (2, high)] {
        scheduler.submit(&bed.spec, PodId(pod), template, at(u64::from(pod) * 10));
    }
    for pod in [1, 2, 0] {
        assert_eq!(scheduler.next(at(30)), Some(PodId(pod)));
        scheduler.cycle(&bed.spec, PodId(pod), 0, at(30));
    }
    assert_eq!((scheduler.next(at(30)), scheduler.queued()), (None, 0));
}

#[test]
fn back_off_ends_on_the_whole_second_after_its_window() {
    #[rustfmt::skip]
    let table = [
        // failed at, failures so far, released at (tenths of a second)
        (100, 1, 120),
        (103, 1, 120),
        (109, 1, 120),
        (109, 3, 150),
        (105, 5, 210),
        (105, 50, 210),
        (105, 200, 210),
    ];
    for (failed, failures, released) in table {
        let mut full = Full::new();
        full.submit(0, at(0));
        for _ in 1..failures {
            full.fails(0, at(0));
            full.tease(at(0));
        }
        full.fails(0, at(failed));
        full.tease(at(failed));
        assert_eq!(full.scheduler.wake_at(), Some(at(released)), "failed at {failed} for the {failures}. time");
        full.scheduler.flush(at(released - 1));
        assert_eq!(full.scheduler.wake_at(), Some(at(released)));
        full.scheduler.flush(at(released));
        assert_eq!((full.scheduler.wake_at(), full.scheduler.next(at(released))), (None, Some(PodId(0))));
    }
}

#[test]
fn a_pod_that_backs_off_lets_active_ones_go_first_and_is_tried_at_once_when_there_are_none() {
    let mut full = Full::new();
    full.submit(0, at(103));
    full.fails(0, at(103));
    full.tease(at(104));
    full.submit(1, at(105));
    full.fails(1, at(105));
    full.fails(0, at(106));
}

#[test]
fn a_pod_whose_back_off_lapsed_while_it_was_parked_becomes_active_at_once() {
    let mut full = Full::new();
    full.submit(0, at(0));
    full.fails(0, at(0));
    full.tease(at(50));
    full.submit(1, at(50));
    full.fails(0, at(50));
}

#[test]
fn back_off_can_be_switched_off() {
    let mut full = Full::new();
    full.bed.spec.scheduler.backoff_max = SimSpan::ZERO;
    full.scheduler = Scheduler::new(&full.bed.spec);
    full.scheduler.assign(&full.bed.spec, resident(THERE, full.whole), NODE);
    full.submit(0, at(0));
    full.submit(1, at(1));
    full.fails(0, at(2));
    full.tease(at(2));
    full.fails(1, at(3));
    assert_eq!(full.scheduler.wake_at(), None, "Pod 0 is active again");
    full.fails(0, at(4));
}

#[test]
fn a_parked_pod_is_looked_at_again_after_five_minutes_at_a_multiple_of_thirty_seconds() {
    for (failed, flushed) in [(0, 3300), (1, 3300), (299, 3300), (300, 3600), (301, 3600)] {
        let mut full = Full::new();
        full.submit(0, at(failed));
        full.fails(0, at(failed));
        assert_eq!(full.scheduler.wake_at(), Some(at(flushed)), "failed at {failed}");
        assert_eq!(full.scheduler.next(at(flushed - 1)), None);
        assert_eq!(full.scheduler.next(at(flushed)), Some(PodId(0)));
    }
}

#[test]
fn only_pods_that_lack_room_are_woken_by_any_pods_end() {
    let mut bed = Bed::default();
    let [ip, tcp, key] = ["0.0.0.0", "TCP", "dedicated"].map(|text| bed.symbol(text));
    let taint = Taint { key, value: key, effect: TaintEffect::NoSchedule };
    let node = bed.node(|shape, _| shape.allocatable.cpu = MilliCpu(1000));
    bed.node(|shape, _| shape.taints.push(taint));
    let other = Requirement { key: bed.symbol("metadata.name"), operator: Operator::In, values: vec![bed.symbol("node-1-0")] };
    let listening = |port| vec![HostPort { ip, protocol: tcp, port }];
    let web = bed.pod(|pod, _| pod.placement.host_ports = listening(80));
    let ssh = bed.pod(|pod, _| pod.placement.host_ports = listening(22));
    let modest = bed.pod(|_, _| {});
    let big = bed.pod(|pod, _| pod.requests.cpu = MilliCpu(2000));
    let away = bed.pod(|pod, _| pod.placement.required = Some(vec![NodeSelectorTerm { expressions: vec![], fields: vec![other] }]));
    #[rustfmt::skip]
    let table = [
        // who is parked, who ends, woken
        (big,  modest, true),
        (big,  web,  true),
        (web,  modest, false),
        (web,  ssh,  false),
        (web,  web,  true),
        (away, modest, false),
    ];
    for (parked, ended, woken) in table {
        let mut scheduler = Scheduler::new(&bed.spec);
        let there = [web, ssh, modest];
        for (number, template) in (THERE..).zip(there) {
            scheduler.assign(&bed.spec, resident(number, template), node);
        }
        scheduler.submit(&bed.spec, PodId(0), parked, at(0));
        assert_eq!(scheduler.next(at(0)), Some(PodId(0)));
        scheduler.cycle(&bed.spec, PodId(0), 0, at(0));
        let ended_pod = THERE + there.iter().position(|template| *template == ended).unwrap() as u32;
        scheduler.release(&bed.spec, PodId(ended_pod), node, at(100));
        assert_eq!(scheduler.next(at(100)).is_some(), woken, "{parked:?} when {ended:?} ends");
    }
}

#[test]
fn uncordoning_wakes_pods_that_cordoned_nodes_refused() {
    let mut bed = Bed::default();
    let node = bed.node(|shape, _| shape.unschedulable = true);
    let pod = bed.pod(|_, _| {});
    let mut scheduler = Scheduler::new(&bed.spec);
    scheduler.submit(&bed.spec, PodId(0), pod, at(0));
    scheduler.next(at(0));
    let Verdict::Unschedulable(message) = scheduler.cycle(&bed.spec, PodId(0), 0, at(0)).verdict else { panic!("it is cordoned") };
    assert_eq!(scheduler.message(message), "0/1 nodes are available: 1 node(s) were unschedulable.");
    scheduler.set_unschedulable(&bed.spec, node, false, at(50));
    assert_eq!(scheduler.next(at(50)), Some(PodId(0)));
    assert_eq!(scheduler.cycle(&bed.spec, PodId(0), 0, at(50)).verdict, Verdict::Placed(node));
    assert_eq!(scheduler.messages().count(), 0);
}

#[test]
fn what_happens_during_a_pods_cycle_is_not_missed() {
    let mut full = Full::new();
    full.submit(0, at(0));
    assert_eq!(full.scheduler.next(at(0)), Some(PodId(0)));
    full.tease(at(1));
    full.scheduler.cycle(&full.bed.spec, PodId(0), 0, at(2));
    assert_eq!(full.scheduler.wake_at(), Some(at(20)), "it backs off and is not parked");
}

#[test]
fn pods_without_any_node_are_polled_with_growing_back_off() {
    let mut spec = empty_spec();
    let pod = template(&mut spec.symbols);
    let pod = spec.templates.push(pod);
    let mut scheduler = Scheduler::new(&spec);
    scheduler.submit(&spec, PodId(0), pod, at(0));
    let mut now = at(0);
    for wait in [20, 30, 50, 90, 110, 110] {
        assert_eq!(scheduler.next(now), Some(PodId(0)));
        let cycle = scheduler.cycle(&spec, PodId(0), 0, now);
        let Verdict::Unschedulable(message) = cycle.verdict else { panic!("there are no nodes") };
        assert_eq!(scheduler.message_in_full(message), "no nodes available to schedule pods");
        assert_eq!(scheduler.next(now), None, "no short cut after an error");
        now = now + SimSpan::from_millis(wait * 100);
        assert_eq!(scheduler.wake_at(), Some(now));
    }
}

#[test]
fn withdrawn_pods_leave_no_trace() {
    let mut full = Full::new();
    for pod in 0..3 {
        full.submit(pod, at(0));
    }
    full.fails(0, at(0));
    full.fails(1, at(0));
    let waiting: Vec<_> = full.scheduler.messages().collect();
    assert_eq!(waiting.iter().map(|(_, count)| *count).sum::<usize>(), 2);
    assert_eq!(full.scheduler.waiting_with(waiting[0].0), 2);
    assert_eq!(full.scheduler.next(at(0)), Some(PodId(2)));
    for pod in 0..3 {
        full.scheduler.withdraw(&full.bed.spec, PodId(pod), at(0));
    }
    full.scheduler.cycle(&full.bed.spec, PodId(2), 0, at(0));
    assert_eq!((full.scheduler.queued(), full.scheduler.messages().count(), full.scheduler.wake_at()), (0, 0, None));
}

#[test]
fn messages_count_reasons_and_sort_as_text() {
    let mut bed = Bed::default();
    let [key, value] = ["key", "value"].map(|text| bed.symbol(text));
    let taint = Taint { key, value, effect: TaintEffect::NoSchedule };
    bed.node(|shape, _| shape.taints.push(taint));
    for _ in 0..10 {
        bed.node(|shape, _| shape.allocatable.cpu = MilliCpu(100));
    }
    for _ in 0..2 {
        bed.node(|shape, _| shape.pods_max = 0);
    }
    let pod = bed.pod(|pod, _| pod.requests.cpu = MilliCpu(200));
    for path in [Path::Auto, Path::Plain] {
        let mut scheduler = Scheduler::new(&bed.spec).with_path(path);
        scheduler.submit(&bed.spec, PodId(0), pod, at(0));
        scheduler.next(at(0));
        let Verdict::Unschedulable(message) = scheduler.cycle(&bed.spec, PodId(0), 0, at(0)).verdict else { panic!("no node fits") };
        let short = "0/13 nodes are available: 1 node(s) had untolerated taint {key: value}, 10 Insufficient cpu, 2 Too many pods.";
        assert_eq!(scheduler.message(message), short);
        let rest = " no new claims to deallocate, preemption: 0/13 nodes are available: \
                    11 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.";
        assert_eq!(scheduler.message_in_full(message), format!("{short}{rest}"));
    }
}

#[test]
fn conflicting_names_refuse_a_pod_as_a_whole() {
    let mut bed = Bed::default();
    bed.node(|_, _| {});
    let key = bed.symbol("metadata.name");
    let fields = ["a", "b"].map(|name| Requirement { key, operator: Operator::In, values: vec![bed.symbol(name)] });
    let term = NodeSelectorTerm { expressions: vec![], fields: fields.to_vec() };
    let pod = bed.pod(|pod, _| pod.placement.required = Some(vec![term]));
    let mut scheduler = Scheduler::new(&bed.spec);
    scheduler.submit(&bed.spec, PodId(0), pod, at(0));
    scheduler.next(at(0));
    let Cycle { filtered: 0, scored: 0, verdict: Verdict::Unschedulable(message), .. } = scheduler.cycle(&bed.spec, PodId(0), 0, at(0))
    else {
        panic!("no node has two names")
    };
    assert_eq!(scheduler.message_in_full(message), "0/1 nodes are available: pod affinity terms conflict. not found");
}

#[test]
fn nodes_are_listed_zone_by_zone_in_turn() {
    let mut spec = empty_spec();
    let zones = ["a", "b", "c"].map(|zone| spec.zones.push(zone.into()));
    let pool = |name: &str, count, zones: &[ZoneId]| NodePool {
        name: name.into(),
        count,
        single: false,
        zones: zones.to_vec(),
        shape: NodeShape::default(),
    };
    spec.pools = vec![pool("first", 5, &zones[..2]), pool("zoneless", 2, &[]), pool("last", 3, &zones[1..])].into();
    let scheduler = Scheduler::new(&spec);
    let order: Vec<u32> = scheduler.node_order().iter().map(|node| node.0).collect();
    // By zone: a 0 2 4, b 1 3 7 9, none 5 6, c 8.
    assert_eq!(order, [0, 1, 5, 8, 2, 3, 6, 4, 7, 9]);
    assert_eq!(scheduler.node_name(NodeId(7)), "last-0");
}

#[test]
fn the_search_goes_on_where_the_last_one_stopped() {
    let mut spec = empty_spec();
    let shape = NodeShape { pods_max: 1000, ..NodeShape::default() };
    spec.pools = vec![NodePool { name: "pool".into(), count: 1000, single: false, zones: vec![], shape }].into();
    let pod = template(&mut spec.symbols);
    let pod = spec.templates.push(pod);
    for path in [Path::Auto, Path::Plain] {
        let mut scheduler = Scheduler::new(&spec).with_path(path);
        for (number, start) in [(0, 0), (1, 420), (2, 840), (3, 260)] {
            assert_eq!(scheduler.start, start);
            scheduler.submit(&spec, PodId(number), pod, at(0));
            scheduler.next(at(0));
            let cycle = scheduler.cycle(&spec, PodId(number), 0, at(0));
            assert_eq!((cycle.filtered, cycle.scored), (420, 420));
        }
    }
}

#[test]
fn a_node_that_loses_the_taint_which_kept_a_pod_away_wakes_it_and_another_change_does_not() {
    for path in [Path::Auto, Path::Plain] {
        let mut bed = Bed::default();
        bed.node(|_, _| {});
        let pod = bed.pod(|_, _| {});
        let mut scheduler = Scheduler::new(&bed.spec).with_path(path);
        let dead =
            [TaintEffect::NoSchedule, TaintEffect::NoExecute].map(|effect| scheduler.taint("node.kubernetes.io/unreachable", effect));
        let full = scheduler.taint("node.kubernetes.io/disk-pressure", TaintEffect::NoSchedule);
        scheduler.set_taints(&bed.spec, NODE, &dead, at(0));
        scheduler.submit(&bed.spec, PodId(0), pod, at(0));
        assert_eq!(scheduler.next(at(0)), Some(PodId(0)));
        let Verdict::Unschedulable(message) = scheduler.cycle(&bed.spec, PodId(0), 0, at(0)).verdict else { panic!("it is refused") };
        let words = "0/1 nodes are available: 1 node(s) had untolerated taint(s)";
        let message = scheduler.message(message);
        assert!(message.contains("node.kubernetes.io/unreachable") || message.starts_with(words), "{message}");
        scheduler.set_taints(&bed.spec, NODE, &[full], at(100));
        assert_eq!(scheduler.next(at(100)), None, "the node still refuses it");
        scheduler.set_taints(&bed.spec, NODE, &[], at(200));
        assert_eq!(scheduler.next(at(200)), Some(PodId(0)));
        assert_eq!(scheduler.cycle(&bed.spec, PodId(0), 0, at(200)).verdict, Verdict::Placed(NODE));
    }
}

/// What happens to a scheduler in the comparison of its paths.
#[derive(Clone, Debug)]
enum Step {
    Schedule { template: usize, tie: u64 },
    Release { which: usize },
    Assign { template: usize, node: usize },
    Cordon { node: usize, cordoned: bool },
    Retaint { node: usize, taints: Vec<Taint> },
}

fn any_step() -> BoxedStrategy<Step> {
    prop_oneof![
        8 => (any::<usize>(), any::<u64>()).prop_map(|(template, tie)| Step::Schedule { template, tie }),
        3 => any::<usize>().prop_map(|which| Step::Release { which }),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(template, node)| Step::Assign { template, node }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(node, cordoned)| Step::Cordon { node, cordoned }),
        1 => (any::<usize>(), any_taints()).prop_map(|(node, taints)| Step::Retaint { node, taints }),
    ]
    .boxed()
}

/// Symbols that random clusters use.
const WORDS: [&str; 8] = ["a", "b", "c", "1", "2", "", "topology.kubernetes.io/zone", "kubernetes.io/hostname"];

fn word() -> BoxedStrategy<Symbol> {
    (0..WORDS.len()).prop_map(Symbol::new).boxed()
}

fn any_effect() -> BoxedStrategy<TaintEffect> {
    prop::sample::select(vec![TaintEffect::NoSchedule, TaintEffect::PreferNoSchedule, TaintEffect::NoExecute]).boxed()
}

fn any_taints() -> BoxedStrategy<Vec<Taint>> {
    let taint = (word(), word(), any_effect()).prop_map(|(key, value, effect)| Taint { key, value, effect });
    prop::collection::vec(taint, 0..3).boxed()
}

/// A value that is mostly the default.
fn seldom<T: Clone + std::fmt::Debug + Default + 'static>(strategy: impl Strategy<Value = T> + 'static) -> BoxedStrategy<T> {
    prop_oneof![3 => Just(T::default()), 1 => strategy].boxed()
}

fn any_requests(cpu: u64, memory: u64) -> BoxedStrategy<Requests> {
    let amount = |max: u64| prop_oneof![1 => Just(0), 6 => 0..max].boxed();
    let scalars = seldom((1_u64..4).prop_map(|amount| vec![(ResourceId(0), amount)]));
    let amounts = (amount(cpu), amount(memory), seldom(1_u64..100), scalars);
    let requests = |(cpu, memory, ephemeral, scalars)| Requests {
        cpu: MilliCpu(cpu),
        memory: Bytes(memory),
        ephemeral_storage: Bytes(ephemeral),
        scalars,
    };
    amounts.prop_map(requests).boxed()
}

prop_compose! {
    fn any_shape()(
        mut allocatable in any_requests(8000, 1 << 34),
        huge in prop::bool::weighted(0.05),
        pods_max in prop_oneof![6 => Just(110_u32), 1 => 0_u32..3],
        labels in prop::collection::vec((word(), word()), 0..4),
        taints in seldom(prop::collection::vec((word(), word(), any_effect()), 1..4)),
        unschedulable in prop::bool::weighted(0.1),
        images in prop::collection::vec((0..IMAGES).prop_map(ImageId), 0..3),
        attach_limits in seldom(prop::collection::vec((word(), 0_u32..3), 1..3)),
    ) -> NodeShape {
        if huge {
            allocatable.memory = Bytes(1 << 58);
        }
        let taints = taints.into_iter().map(|(key, value, effect)| Taint { key, value, effect }).collect();
        let capacity = allocatable.clone();
        NodeShape { capacity, allocatable, pods_max, labels: Labels::from_pairs(labels), taints, unschedulable, images, attach_limits }
    }
}

prop_compose! {
    fn any_pool()(
        shape in any_shape().boxed(),
        count in prop_oneof![1_u32..8, 30_u32..160],
        zones in prop::collection::vec((0_u32..3).prop_map(ZoneId), 0..4),
    ) -> NodePool {
        NodePool { name: String::new(), count, single: false, zones, shape }
    }
}

fn any_attached() -> BoxedStrategy<Option<AttachedVolume>> {
    let volume = (word(), prop::option::of(word())).prop_map(|(driver, handle)| AttachedVolume { driver, handle });
    prop::option::of(volume).boxed()
}

fn any_claim_state() -> BoxedStrategy<ClaimState> {
    let terms = || seldom(prop::option::of(prop::collection::vec(any_term(), 0..3)));
    let topology = seldom(prop::collection::vec((word(), prop::collection::vec(word(), 1..3)), 1..3));
    let bound = (terms(), topology, any_attached())
        .prop_map(|(required, topology, attached)| ClaimState::Bound(Volume { required, topology, attached }));
    let waiting = (terms(), seldom(prop::option::of(word())), any_attached())
        .prop_map(|(allowed, selected, attached)| ClaimState::Waiting { allowed, selected, attached });
    let broken = prop::sample::select(vec![
        ClaimState::Missing,
        ClaimState::Lost(Symbol(0)),
        ClaimState::Deleted,
        ClaimState::Unbound,
        ClaimState::BoundToMissing(Symbol(0)),
    ]);
    prop_oneof![8 => bound, 4 => waiting, 1 => broken].boxed()
}

prop_compose! {
    fn any_claim()(
        name in word(),
        ephemeral in prop::bool::weighted(0.2),
        once_pod in prop::bool::weighted(0.3),
        state in any_claim_state(),
    ) -> Claim {
        Claim { name, ephemeral, once_pod, state }
    }
}

fn any_requirement() -> BoxedStrategy<Requirement> {
    use Operator::{DoesNotExist, Exists, Gt, In, Lt, NotIn};
    let operator = prop::sample::select(vec![In, NotIn, Exists, DoesNotExist, Gt, Lt]);
    let parts = (word(), operator, prop::collection::vec(word(), 1..3));
    parts.prop_map(|(key, operator, values)| Requirement { key, operator, values }).boxed()
}

fn any_term() -> BoxedStrategy<NodeSelectorTerm> {
    let named = seldom(any_requirement().prop_map(|requirement| vec![requirement]));
    let parts = (prop::collection::vec(any_requirement(), 0..2), named);
    parts.prop_map(|(expressions, fields)| NodeSelectorTerm { expressions, fields }).boxed()
}

/// A selector of Pods or namespaces by labels.
fn any_selector() -> BoxedStrategy<LabelSelector> {
    use Operator::{DoesNotExist, Exists, In, NotIn};
    let operator = prop::sample::select(vec![In, In, NotIn, Exists, DoesNotExist]);
    let parts = (0_usize..3, operator, prop::collection::vec((3_usize..5).prop_map(Symbol::new), 1..3));
    let requirement = parts.prop_map(|(key, operator, values)| Requirement { key: Symbol::new(key), operator, values });
    prop::collection::vec(requirement, 0..2).prop_map(LabelSelector).boxed()
}

/// Labels that [`any_selector`] often selects.
fn any_labels() -> BoxedStrategy<Labels> {
    let pair = (0_usize..3, 3_usize..5).prop_map(|(key, value)| (Symbol::new(key), Symbol::new(value)));
    prop::collection::vec(pair, 0..3).prop_map(Labels::from_pairs).boxed()
}

/// Zone, host, or another key.
fn any_topology() -> BoxedStrategy<Symbol> {
    prop_oneof![3 => Just(Symbol(6)), 2 => Just(Symbol(7)), 1 => word()].boxed()
}

fn any_affinity_term() -> BoxedStrategy<PodAffinityTerm> {
    let namespaces = prop::collection::vec((0_usize..2).prop_map(Symbol::new), 0..2);
    let selectors = (prop::option::weighted(0.9, any_selector()), prop::option::weighted(0.3, any_selector()));
    let parts = (selectors, namespaces, any_topology());
    parts
        .prop_map(|((selector, namespace_selector), namespaces, topology_key)| PodAffinityTerm {
            selector,
            namespaces,
            namespace_selector,
            topology_key,
        })
        .boxed()
}

fn any_affinity() -> BoxedStrategy<PodAffinity> {
    let required = || seldom(prop::collection::vec(any_affinity_term(), 1..3));
    let preferred = || seldom(prop::collection::vec((1_i64..100, any_affinity_term()), 1..3));
    let parts = (required(), preferred(), required(), preferred());
    parts
        .prop_map(|(required, preferred, anti_required, anti_preferred)| PodAffinity { required, preferred, anti_required, anti_preferred })
        .boxed()
}

prop_compose! {
    fn any_constraint()(
        max_skew in 1..4,
        topology_key in any_topology(),
        hard in any::<bool>(),
        selector in prop::option::weighted(0.9, any_selector()),
        min_domains in seldom(prop::option::of(1..4)),
        honor_node_affinity in any::<bool>(),
        honor_node_taints in any::<bool>(),
    ) -> TopologySpreadConstraint {
        let when_unsatisfiable = if hard { WhenUnsatisfiable::DoNotSchedule } else { WhenUnsatisfiable::ScheduleAnyway };
        TopologySpreadConstraint {
            max_skew, topology_key, when_unsatisfiable, selector, min_domains, honor_node_affinity, honor_node_taints,
        }
    }
}

/// How many images random clusters know.
const IMAGES: u32 = 3;

prop_compose! {
    /// What a Pod is to others, and what it wants of them.
    fn any_company()(
        namespace in (0_usize..2).prop_map(Symbol::new),
        labels in any_labels(),
        affinity in seldom(any_affinity()),
        spread in seldom(prop::collection::vec(any_constraint().boxed(), 1..3)),
        default_spread in seldom(prop::option::of(any_selector())),
        images in prop::collection::vec((0..IMAGES).prop_map(ImageId), 0..3),
    ) -> PodTemplate {
        let containers = images.into_iter().map(|image| ContainerSpec::new("main", image)).collect();
        PodTemplate { labels, containers, affinity, spread, default_spread, ..PodTemplate::new("pod", namespace) }
    }
}

fn any_toleration() -> BoxedStrategy<Toleration> {
    let parts = (prop::option::of(word()), prop::option::of(word()), prop::option::of(any_effect()));
    parts.prop_map(|(key, value, effect)| Toleration { key, value, effect, seconds: None }).boxed()
}

prop_compose! {
    fn any_template()(
        company in any_company().boxed(),
        requests in any_requests(3000, 1 << 33),
        fill in any::<bool>(),
        selector in seldom(prop::collection::vec((word(), word()), 1..2)),
        required in seldom(prop::option::of(prop::collection::vec(any_term(), 0..3))),
        preferred in seldom(prop::collection::vec((1_i64..100, any_term()), 1..4)),
        tolerations in seldom(prop::collection::vec(any_toleration(), 1..3)),
        ports in seldom(prop::collection::vec(1_u16..4, 1..3)),
        node_name in seldom(prop::option::of(word())),
        claims in seldom(prop::collection::vec(any_claim().boxed(), 1..3)),
        (priority, never_preempts) in (prop_oneof![3 => Just(0), 1 => -5..5], prop::bool::weighted(0.1)),
    ) -> PodTemplate {
        let mut pod = company;
        (pod.priority, pod.never_preempts) = (priority, never_preempts);
        pod.scored = requests.clone();
        if fill {
            pod.scored.cpu = MilliCpu(requests.cpu.0.max(100));
            pod.scored.memory = Bytes(requests.memory.0.max(200 << 20));
        }
        pod.non_zero = pod.scored.clone();
        pod.requests = requests;
        pod.claims = claims;
        pod.placement.node_selector = selector;
        pod.placement.required = required;
        pod.placement.preferred = preferred;
        pod.placement.tolerations = tolerations;
        pod.placement.node_name = node_name;
        pod.placement.host_ports = ports.into_iter().map(|port| HostPort { ip: Symbol(0), protocol: Symbol(1), port }).collect();
        pod
    }
}

prop_compose! {
    fn any_cluster()(
        pools in prop::collection::vec(any_pool().boxed(), 1..5),
        templates in prop::collection::vec(any_template().boxed(), 1..6),
        percentage in prop_oneof![Just(0), Just(100), 1_u32..100],
        random in any::<bool>(),
        sizes in prop::collection::vec(1_u64..1 << 31, IMAGES as usize),
        namespaces in prop::collection::vec(any_labels(), 0..3),
    ) -> Spec {
        let mut spec = empty_spec();
        for word in WORDS {
            spec.symbols.intern(word);
        }
        spec.zones = ["a", "b", "c"].map(String::from).to_vec().into();
        spec.resources = vec!["example.com/gpu".to_owned()].into();
        spec.images = sizes.into_iter().map(|size| Image::new("image:latest", Bytes(size))).collect();
        spec.namespaces = namespaces.into_iter().zip(0..).map(|(labels, name)| Namespace { name: Symbol(name), labels }).collect();
        spec.pools = pools.into_iter().zip('a'..).map(|(pool, name)| NodePool { name: name.into(), ..pool }).collect();
        spec.templates = templates.into();
        spec.scheduler.percentage_of_nodes_to_score = percentage;
        spec.scheduler.tie_break = if random { TieBreak::Random } else { TieBreak::LowestIndex };
        spec
    }
}

/// A scheduler with what is bound, and the template of each Pod, whose number is that of the step which submitted it.
struct Run {
    scheduler: Scheduler,
    bound: Vec<(PodId, TemplateId, NodeId)>,
    templates: Vec<TemplateId>,
}

impl Run {
    fn new(spec: &Spec, path: Path) -> Self {
        Self { scheduler: Scheduler::new(spec).with_path(path), bound: vec![], templates: vec![] }
    }

    /// Takes one step and tells all that can be seen of it.
    fn take(&mut self, spec: &Spec, step: &Step) -> Vec<String> {
        let template = |index: &usize| TemplateId::new(index % spec.templates.len());
        let node = |index: &usize| NodeId::new(index % spec.nodes_count());
        let now = SimTime::from_nanos(self.templates.len() as u64 * SECOND / 3);
        self.templates.push(TemplateId(0));
        match step {
            Step::Schedule { template: index, tie } => return self.schedule(spec, template(index), *tie, now),
            Step::Release { which } if !self.bound.is_empty() => {
                let (pod, _, node) = self.bound.swap_remove(which % self.bound.len());
                self.scheduler.release(spec, pod, node, now);
            }
            Step::Release { .. } => {}
            Step::Assign { template: index, node: at } => {
                let number = self.templates.len() as u32 - 1;
                self.scheduler.assign(spec, resident(number, template(index)), node(at));
                self.bound.push((PodId(number), template(index), node(at)));
            }
            Step::Retaint { node: at, taints } => self.scheduler.set_taints(spec, node(at), taints, now),
            Step::Cordon { node: at, cordoned } => self.scheduler.set_unschedulable(spec, node(at), *cordoned, now),
        }
        vec![]
    }

    /// Submits a Pod and tries what can be tried.
    fn schedule(&mut self, spec: &Spec, template: TemplateId, tie: u64, now: SimTime) -> Vec<String> {
        let number = self.templates.len() as u32 - 1;
        self.templates[number as usize] = template;
        self.scheduler.submit(spec, PodId(number), template, now);
        let mut seen = vec![];
        while let Some(pod) = self.scheduler.next(now) {
            let cycle = self.scheduler.cycle(spec, pod, tie, now);
            seen.push(format!("{pod:?} {cycle:?}"));
            match cycle.verdict {
                Verdict::Placed(node) => self.bound.push((pod, self.templates[pod.index()], node)),
                Verdict::Unschedulable(message) => seen.push(self.scheduler.message_in_full(message).to_owned()),
            }
        }
        seen
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_paths_decide_alike(spec in any_cluster().boxed(), steps in prop::collection::vec(any_step(), 1..150)) {
        let mut runs = [Path::Auto, Path::Plain].map(|path| Run::new(&spec, path));
        for step in &steps {
            let [fast, plain] = runs.each_mut().map(|run| run.take(&spec, step));
            prop_assert_eq!(fast, plain, "{:?}", step);
            prop_assert_eq!(runs[0].scheduler.start, runs[1].scheduler.start);
        }
    }

    #[test]
    fn loads_are_the_sums_of_what_is_bound(spec in any_cluster().boxed(), steps in prop::collection::vec(any_step(), 1..60)) {
        let mut run = Run::new(&spec, Path::Auto);
        for step in &steps {
            run.take(&spec, step);
        }
        let mut fresh = Scheduler::new(&spec);
        for (pod, template, node) in &run.bound {
            fresh.assign(&spec, resident(pod.0, *template), *node);
        }
        for node in (0..spec.nodes_count()).map(NodeId::new) {
            let [mut a, mut b] = [&run.scheduler, &fresh].map(|scheduler| scheduler.requested(node).clone());
            for load in [&mut a, &mut b] {
                load.ports.sort_unstable();
                load.volumes.sort_unstable();
                load.requested.scalars.retain(|(_, amount)| *amount > 0);
            }
            prop_assert_eq!(a, b);
        }
    }
}
