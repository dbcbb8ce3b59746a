//! Nodes that have too little left: what their kubelets do about it, what the scheduler makes of it, whom the kernel kills.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use sim_core::measure::{About, Entry, Happening, Pressure};
use sim_core::spec::{
    Among, Behavior, ContainerSpec, Controller, Distribution, EvictionSignal, Fault, FaultKind, FaultTiming, Growth, Image, NodeFault,
    Occasion, Phase, Replicas, RestartPolicy, ScaleTo, Scaling, Spec, Threshold, Usage, Workload, eviction,
};
use sim_core::table::{ImageId, NodeId, TemplateId, WorkloadId};
use sim_core::units::{Bytes, SimTime};
use support::using::{MIB, heard, leaking, pods, secs, sized, uses};
use support::{GIB, audited};

const NODE: (u64, u64) = (4000, 2 * GIB);

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + secs(seconds)
}

/// Seconds of what happened that `wanted` picks.
fn times(entries: &[Entry], wanted: impl Fn(&Entry) -> bool) -> Vec<f64> {
    entries.iter().filter(|entry| wanted(entry)).map(|entry| entry.at.as_secs_f64()).collect()
}

fn is(what: Happening) -> impl Fn(&Entry) -> bool {
    move |entry| entry.what == what
}

/// Of a Pod of the workload of this number.
fn of(workload: u32, what: Happening) -> impl Fn(&Entry) -> bool {
    move |entry| entry.what == what && matches!(entry.about, About::Pod(pod) if pod.workload == WorkloadId(workload))
}

/// A container that requests and uses so much memory.
fn holds(request: u64, using: u64) -> ContainerSpec {
    let cpu = if request > 0 { 10 } else { 0 };
    sized((cpu, 0), (request, 0), Behavior { usage: uses(10.0, using), ..Behavior::default() })
}

/// One that uses `base` bytes, and `factor` times as much from `from` to `until` seconds of its age.
fn swells(base: u64, factor: f64, (from, until): (u64, u64)) -> ContainerSpec {
    let phases = vec![Phase { after: secs(from), cpu: 1.0, memory: factor }, Phase { after: secs(until), cpu: 1.0, memory: 1.0 }];
    sized((10, 0), (1024 * MIB, 0), Behavior { usage: Usage { phases, ..uses(10.0, base) }, ..Behavior::default() })
}

/// The first workload's Pods are more important than others: they are not evicted before them.
fn keep_first(spec: &mut Spec) {
    spec.templates.rows_mut()[0].priority = 1;
}

fn fault(spec: &mut Spec, what: NodeFault, from: u64, lasts: f64) {
    let kind = FaultKind::Node { what, lasts: Distribution::Constant(lasts), nodes: vec![NodeId(0)] };
    spec.faults = vec![Fault { name: "fault".into(), kind, timing: FaultTiming::At(vec![at(from)]), among: Among::All }];
}

/// A disk of 1000 MiB, with an image of `unused` MiB on it that nobody uses; images are as large on the disk as in the registry.
fn with_disk(mut spec: Spec, unused: u64) -> Spec {
    spec.registry.expansion = 1.0;
    // Only the kubelet's own collection, at 5-minute ticks, minds these.
    (spec.registry.gc_high, spec.registry.gc_low) = (100, 99);
    let shape = &mut spec.pools.rows_mut()[0].shape;
    shape.capacity.ephemeral_storage = Bytes(1000 * MIB);
    if unused > 0 {
        spec.images.push(Image::new("old:1", Bytes(unused * MIB)));
        shape.images = vec![ImageId(1)];
    }
    spec
}

#[test]
fn images_that_nobody_uses_go_before_any_pod_when_a_disk_fills() {
    let writes = Some(Growth { rate: Distribution::Constant(MIB as f64), after: secs(0) });
    let behavior = Behavior { usage: Usage { writes, ..uses(10.0, MIB) }, ..Behavior::default() };
    let mut spec = with_disk(pods(1, NODE, RestartPolicy::Always, vec![sized((10, 0), (0, 0), behavior)]), 300);
    spec.images.rows_mut()[0].size = Bytes(100 * MIB);
    spec.duration = secs(800);
    let (entries, _) = heard(&spec);
    let pressure = times(&entries, is(Happening::NodePressure(Pressure::Disk, true)));
    let evicted = times(&entries, is(Happening::Evicted));
    // 400 MiB of images and a MiB a second: less than 15 % are left after 450 s, and again 300 s after 300 MiB are freed.
    assert!(pressure.len() == 1 && (450.0..461.0).contains(&pressure[0]), "{pressure:?}");
    assert!(evicted.len() == 1 && (750.0..761.0).contains(&evicted[0]), "{evicted:?}");
    let outcome = audited(&spec, 1);
    assert_eq!((outcome.startup.images.collected, outcome.usage.evictions), (300 * MIB, [0, 1, 0]));
}

#[test]
fn a_disk_that_something_else_fills_costs_unused_images_and_else_every_pod() {
    for (unused, evictions, until) in [(300, 0, 1_310.0), (0, 3, 2_300.0)] {
        let mut spec = with_disk(pods(1, NODE, RestartPolicy::Always, vec![holds(0, MIB), holds(0, MIB), holds(0, MIB)]), unused);
        fault(&mut spec, NodeFault::Disk, 1_000, 1_000.0);
        let (entries, _) = heard(&spec);
        let [on, off] = [true, false].map(|on| times(&entries, is(Happening::NodePressure(Pressure::Disk, on))));
        assert!(on.len() == 1 && (1_000.0..1_010.1).contains(&on[0]), "{unused}: {on:?}");
        assert!(off.len() == 1 && (until - 10.0..until + 10.1).contains(&off[0]), "{unused}: {off:?}");
        let outcome = audited(&spec, 1);
        assert_eq!((outcome.usage.evictions[1], outcome.pods.running.level()), (evictions, 3), "{unused}: all run again at the end");
    }
}

#[test]
fn a_kubelet_that_is_away_neither_looks_nor_evicts_until_it_is_back() {
    // 400 MiB, a MiB for each sandbox and a MiB a second: too little is left of 2 GiB after 1,546 s, and nothing after 1,646 s.
    #[rustfmt::skip]
    let table = [
        ("all is well",        None,                               Some(1_545.0), None),
        ("no kubelet",         Some((NodeFault::Kubelet, 60.0)),   Some(1_600.0), None),
        ("no runtime",         Some((NodeFault::Runtime, 60.0)),   Some(1_600.0), None),
        ("for too long",       Some((NodeFault::Kubelet, 200.0)),  None,          Some(1_645.0)),
        ("no power",           Some((NodeFault::Crash, 60.0)),     None,          None),
    ];
    for (name, what, evicts, kills) in table {
        let mut spec = leaking(&[(0, 300, 0)], MIB as f64);
        spec.duration = secs(1_700);
        if let Some((what, lasts)) = what {
            fault(&mut spec, what, 1_540, lasts);
        }
        let (entries, _) = heard(&spec);
        let first = |what| times(&entries, is(what)).first().copied();
        let within = |time: f64| evicts.is_some_and(|from| (from..from + 10.1).contains(&time));
        let (evicted, pressed) = (first(Happening::Evicted), first(Happening::NodePressure(Pressure::Memory, true)));
        assert!(evicted.is_some() == evicts.is_some() && evicted.is_none_or(within), "{name}: evicted at {evicted:?}");
        assert!(pressed == evicted, "{name}: pressure at {pressed:?}");
        let killed = first(Happening::OomKilling);
        assert!(
            killed.is_some() == kills.is_some() && killed.zip(kills).is_none_or(|(at, from)| (from..from + 3.1).contains(&at)),
            "{name}: killed at {killed:?}"
        );
    }
}

/// A Deployment that is scaled from none to one Pod at this time.
fn arrives(spec: &mut Spec, template: u32, when: u64) {
    let Workload { controller: Controller::Deployment(like), .. } = spec.workloads.rows()[0].clone() else { unreachable!() };
    let scaling = vec![Scaling { when: Occasion::At(at(when)), to: ScaleTo::Replicas(1) }];
    let controller = Controller::Deployment(sim_core::spec::Deployment { replicas: Replicas::Fixed(0), scaling, ..like });
    let work = Workload {
        name: format!("late-{when}-{template}"),
        template: TemplateId(template),
        controller,
        ..spec.workloads.rows()[0].clone()
    };
    spec.workloads.push(work);
}

#[test]
fn under_memory_pressure_no_pod_comes_but_one_that_was_bound_before_and_requests_something() {
    // 1,950 of 2,048 MiB are used from 1,550 s on; the Pod that requests nothing is evicted, and there is enough again.
    let mut spec =
        pods(1, NODE, RestartPolicy::Always, vec![swells(100 * MIB, 16.5, (1_550, 1_700)), holds(0, 300 * MIB), holds(10 * MIB, MIB)]);
    keep_first(&mut spec);
    spec.control_plane.bind = Distribution::Constant(40.0);
    // Workloads 3 and 4 are bound after the condition is there, 5 and 6 created then.
    for (template, when) in [(1, 1_570), (2, 1_570), (1, 1_650), (2, 1_650)] {
        arrives(&mut spec, template, when);
    }
    let (entries, messages) = heard(&spec);
    let [on, off] = [true, false].map(|on| times(&entries, is(Happening::NodePressure(Pressure::Memory, on))));
    // The first Pods start at 40 s.
    assert!(on.len() == 1 && off.len() == 1 && (1_590.0..1_600.1).contains(&on[0]), "{on:?}, {off:?}");
    assert!((300.0..312.0).contains(&(off[0] - on[0])), "five minutes after it was last seen: {on:?}, {off:?}");
    let [rejected, let_in] = [times(&entries, of(3, Happening::Evicted)), times(&entries, of(4, Happening::Started))];
    assert_eq!((rejected, let_in), (vec![1_610.0], vec![1_610.0]), "bound at 1,610 s");
    let bound = |workload| times(&entries, of(workload, Happening::Scheduled));
    for (workload, first) in [(5, 0), (6, 0), (3, 1), (1, 1)] {
        let again = &bound(workload)[first..];
        assert!(again.len() == 1 && (40.0..41.0).contains(&(again[0] - off[0])), "workload {workload}: {again:?} after {off:?}");
    }
    let taint = "untolerated taint {node.kubernetes.io/memory-pressure: }";
    assert!(messages.iter().any(|message| message.contains(taint)), "{messages:?}");
}

fn evicts_at(spec: &mut Spec, free: u64, grace: Option<u64>, min_reclaim: u64) {
    let threshold = Threshold::hard(EvictionSignal::MemoryAvailable, eviction::Level::Amount(free * MIB));
    let min_reclaim = eviction::Level::Amount(min_reclaim * MIB);
    let reserved = if grace.is_none() { free * MIB } else { 0 };
    spec.pools.rows_mut()[0].shape.allocatable.memory = Bytes(NODE.1 - reserved);
    spec.kubelet.eviction.thresholds = vec![Threshold { grace: grace.map(secs), min_reclaim, ..threshold }];
}

#[test]
fn a_soft_threshold_acts_only_after_its_grace_period_and_gives_pods_time() {
    // 400 MiB are left from 600 s on, for so long.
    #[rustfmt::skip]
    let table = [
        ("hard",                     None,     3_000, Some((600.0, 2.0))),
        ("soft",                     Some(90), 3_000, Some((690.0, 20.0))),
        ("over before the grace is", Some(90), 680,   None),
    ];
    for (name, grace, until, want) in table {
        let mut victim = holds(0, 120 * MIB);
        victim.behavior.shutdown = Distribution::Constant(1e6);
        let mut spec = pods(1, NODE, RestartPolicy::Always, vec![swells(100 * MIB, 15.3, (600, until)), victim]);
        keep_first(&mut spec);
        evicts_at(&mut spec, 500, grace, 0);
        (spec.kubelet.eviction.max_pod_grace, spec.duration) = (secs(20), secs(900));
        let (entries, _) = heard(&spec);
        let (evicted, ended) =
            (times(&entries, is(Happening::Evicted)), times(&entries, |entry| matches!(entry.what, Happening::Terminated { .. })));
        assert_eq!((evicted.len(), ended.len()), (usize::from(want.is_some()), usize::from(want.is_some())), "{name}: {evicted:?}");
        if let Some((from, takes)) = want {
            assert!(
                (from..from + 20.1).contains(&evicted[0]) && (ended[0] - evicted[0] - takes).abs() < 0.01,
                "{name}: {evicted:?}, {ended:?}"
            );
        }
    }
}

#[test]
fn once_met_a_threshold_stays_so_until_its_minimum_reclaim_is_free() {
    for (reclaim, evictions) in [(0, 1), (60, 2), (100, 3)] {
        // 40 MiB are left; each Pod that goes gives 70 MiB back.
        let mut containers = vec![swells(100 * MIB, 17.98, (600, 3_600))];
        containers.extend(vec![holds(0, 70 * MIB); 3]);
        let mut spec = pods(1, NODE, RestartPolicy::Always, containers);
        keep_first(&mut spec);
        evicts_at(&mut spec, 100, None, reclaim);
        spec.duration = secs(800);
        assert_eq!(audited(&spec, 1).usage.evictions, [evictions, 0, 0], "{reclaim} MiB to reclaim");
    }
}

#[test]
fn a_node_without_memory_kills_in_the_order_of_the_kernel_s_points() {
    #[rustfmt::skip]
    let table = [
        ("far above its request",    6 * GIB, 1),
        ("below its request",        3 * GIB, 2),
    ];
    for (name, using, victim) in table {
        let leak = Some(Growth { rate: Distribution::Constant(4e9), after: secs(60) });
        let filler = sized((0, 0), (0, 0), Behavior { usage: Usage { leak, ..uses(10.0, MIB) }, ..Behavior::default() });
        let others =
            vec![filler, holds(4 * GIB, using), sized((0, 0), (0, 0), Behavior { usage: uses(10.0, GIB / 10), ..Behavior::default() })];
        let mut spec = pods(1, (4000, 16 * GIB), RestartPolicy::Always, others);
        let critical = &mut spec.templates.rows_mut()[0];
        (critical.node_critical, critical.priority) = (true, 2_000_001_000);
        spec.duration = secs(70);
        let (entries, _) = heard(&spec);
        let killed = entries.iter().find(|entry| entry.what == Happening::OomKilling).map(|entry| entry.about);
        assert!(matches!(killed, Some(About::Pod(pod)) if pod.workload == WorkloadId(victim)), "{name}: {killed:?}");
    }
}

#[test]
fn containers_that_use_more_than_their_pod_may_are_killed_by_the_kernel_s_points() {
    // 200 MiB, and 50 and a MiB a second: the second requests nothing, but of 300 MiB the first holds more by far; later the second does.
    for (limit, want) in [(None, None), (Some(300 * MIB), Some((50.0, Some(0)))), (Some(3_700 * MIB), Some((3_450.0, Some(1))))] {
        let leak = Some(Growth { rate: Distribution::Constant(MIB as f64), after: secs(0) });
        let second = sized((0, 0), (0, 0), Behavior { usage: Usage { leak, ..uses(1.0, 50 * MIB) }, ..Behavior::default() });
        let mut spec = pods(1, (4000, 16 * GIB), RestartPolicy::Always, vec![holds(200 * MIB, 200 * MIB)]);
        let template = &mut spec.templates.rows_mut()[0];
        template.containers.push(second);
        template.level.memory_limit = limit;
        let (entries, _) = heard(&spec);
        let first = entries.iter().find(|entry| entry.what == Happening::OomKilling);
        assert_eq!(first.map(|entry| (entry.at.as_secs_f64().round(), entry.container)), want, "{limit:?}");
    }
}

#[test]
fn a_pod_on_its_way_out_can_be_the_kernel_s_victim() {
    // Scaled down at 100 s, it does not heed SIGTERM for 1,000 s; memory is gone at 160 s, long before its grace is over.
    let leak = Some(Growth { rate: Distribution::Constant(4e9), after: secs(160) });
    let filler = sized((0, 0), (0, 0), Behavior { usage: Usage { leak, ..uses(10.0, MIB) }, ..Behavior::default() });
    let mut leaver = sized((0, 0), (0, 0), Behavior { usage: uses(10.0, GIB), ..Behavior::default() });
    leaver.behavior.shutdown = Distribution::Constant(1e6);
    let mut spec = pods(1, (4000, 16 * GIB), RestartPolicy::Always, vec![filler, leaver]);
    let templates = spec.templates.rows_mut();
    (templates[0].node_critical, templates[0].priority, templates[1].grace) = (true, 2_000_001_000, secs(1_000));
    let Controller::Deployment(deployment) = &mut spec.workloads.rows_mut()[1].controller else { unreachable!() };
    deployment.scaling = vec![Scaling { when: Occasion::At(at(100)), to: ScaleTo::Replicas(0) }];
    spec.duration = secs(200);
    let killed = times(&heard(&spec).0, of(1, Happening::OomKilling));
    assert!(killed.len() == 1 && (160.0..165.0).contains(&killed[0]), "{killed:?}");
}
