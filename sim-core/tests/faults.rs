//! What befalls nodes, zones, containers and the registry, and what the control plane makes of it; the auditor beside it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use proptest::prelude::*;
use sim_core::measure::Outcome;
use sim_core::spec::{
    Among, Arrivals, Behavior, ContainerFault, ContainerKind, Controller, Deployment, Distribution, Fault, FaultKind, FaultTiming, Job,
    NodeFault, Portion, Probe, PullPolicy, RegistryFault, Releases, Replicas, RestartPolicy, Source, Spec, Symbols, TaintEffect,
    Toleration,
};
use sim_core::table::{ImageId, NodeId, TemplateId, ZoneId};
use sim_core::units::{Bytes, SimSpan, SimTime};
use support::{audited, cluster, container, exponential, template, workload};

const HOUR: f64 = 3_600.0;

fn at(secs: u64) -> SimTime {
    SimTime::ZERO + SimSpan::from_secs(secs)
}

fn deployment(replicas: u32) -> Controller {
    Controller::Deployment(Deployment {
        replicas: Replicas::Fixed(replicas),
        max_surge: Portion::Count(1),
        max_unavailable: Portion::Count(1),
        releases: None,
        scaling: Vec::new(),
    })
}

/// A Deployment of `replicas` Pods of half a core on `nodes` nodes of `cpu` millicores.
fn service(nodes: u32, cpu: u64, replicas: u32) -> Spec {
    let mut symbols = Symbols::default();
    let template = template(&mut symbols, RestartPolicy::Always, vec![container("app", 500, Behavior::default())]);
    cluster(nodes, cpu, template, symbols, workload(deployment(replicas), Source::Standing { instances: 1 }))
}

/// Deals the nodes to `count` zones in turn.
fn zoned(mut spec: Spec, count: u32) -> Spec {
    spec.zones = (0..count).map(|zone| format!("zone-{zone}")).collect::<Vec<_>>().into();
    spec.pools.rows_mut()[0].zones = (0..count).map(ZoneId).collect();
    spec
}

/// A fault that befalls these nodes 1,000 s after the start.
fn node_fault(what: NodeFault, lasts: f64, nodes: impl IntoIterator<Item = u32>) -> Fault {
    let kind = FaultKind::Node { what, lasts: Distribution::Constant(lasts), nodes: nodes.into_iter().map(NodeId).collect() };
    Fault { name: "fault".into(), kind, timing: FaultTiming::At(vec![at(1_000)]), among: Among::All }
}

fn with(mut spec: Spec, fault: Fault) -> Spec {
    spec.faults.push(fault);
    spec
}

fn seeds(spec: &Spec, count: u64) -> Vec<Outcome> {
    let one = |seed| {
        let mut spec = spec.clone();
        spec.seed.0 = seed;
        audited(&spec, 1_001)
    };
    (0..count).map(one).collect()
}

#[test]
fn a_dead_node_is_missed_after_40_to_60_s_and_its_pods_are_deleted_300_s_later() {
    let spec = with(service(10, 4_000, 40), node_fault(NodeFault::Crash, 4.0 * HOUR, [3]));
    for outcome in seeds(&spec, 20) {
        let nodes = &outcome.nodes;
        let detected = nodes.detection.mean().unwrap();
        assert!((39.0..60.0).contains(&detected), "missed after {detected} s");
        assert!(nodes.pods_lost >= 3 && nodes.evicted == nodes.pods_lost, "{nodes:?}");
        assert_eq!((nodes.failures, nodes.ready.min(), nodes.ready.level()), (1, 9, 10));
        assert_eq!((nodes.recovery.count(), nodes.recovered_elsewhere), (nodes.pods_lost, nodes.pods_lost));
        let (first, last) = (nodes.recovery.min().unwrap(), nodes.recovery.max().unwrap());
        // Scheduling, pull of the image and start follow the deletion.
        assert!(first > detected + 300.0 && last < detected + 320.0, "missed at {detected}, replaced from {first} to {last}");
        assert!((nodes.downtime.mean().unwrap() - 4.0 * HOUR).abs() < 1e-6);
        // The deleted Pods stay until their node is back, and then end without having run again.
        assert_eq!((outcome.pods.deleted, outcome.pods.failed, outcome.pods.succeeded), (nodes.evicted, nodes.evicted, 0));
    }
}

#[test]
fn taints_of_a_large_zone_come_ten_seconds_apart_and_those_of_a_small_broken_zone_not_at_all() {
    // 100 nodes of a zone of 1,000 die: 0.1 a second, so that the last is tainted 990 s after the first.
    let mut large = with(zoned(service(1_000, 500, 900), 1), node_fault(NodeFault::Crash, 4.0 * HOUR, 0..100));
    large.duration = SimSpan::from_secs(3_000);
    let outcome = audited(&large, 10_007);
    let nodes = &outcome.nodes;
    assert!(nodes.pods_lost > 50 && nodes.evicted == nodes.pods_lost, "{} of {}", nodes.evicted, nodes.pods_lost);
    let last = nodes.recovery.max().unwrap();
    assert!((1_250.0..1_380.0).contains(&last), "the last Pod is replaced after {last} s");
    // 30 of 50 die, and the monitor misses all of them at one look: partial disruption of a small zone stops evictions.
    let mut small = with(zoned(service(50, 500, 50), 1), node_fault(NodeFault::Crash, 4.0 * HOUR, 0..30));
    small.node_lifecycle.monitor_period = SimSpan::from_secs(200);
    let at_one_look = |outcome: &&Outcome| outcome.nodes.detection.min() == outcome.nodes.detection.max();
    let outcomes = seeds(&small, 8);
    assert!(outcomes.iter().filter(at_one_look).count() >= 5, "renewals seldom lie on both sides of a look");
    for outcome in outcomes.iter().filter(at_one_look) {
        assert_eq!((outcome.nodes.pods_lost, outcome.nodes.evicted, outcome.nodes.ready.min()), (30, 0, 20));
    }
    // Twice the nodes make the zone a large one, which evicts at the secondary rate: one in 100 s.
    let mut more = with(zoned(service(100, 500, 100), 1), node_fault(NodeFault::Crash, 4.0 * HOUR, 0..60));
    (more.node_lifecycle.monitor_period, more.duration) = (SimSpan::from_secs(200), SimSpan::from_secs(3_000));
    let outcomes = seeds(&more, 8);
    assert!(outcomes.iter().filter(at_one_look).count() >= 5, "renewals seldom lie on both sides of a look");
    for outcome in outcomes.iter().filter(at_one_look) {
        let evicted = outcome.nodes.evicted;
        assert!((14..=18).contains(&evicted), "{evicted} Pods evicted in about 1,600 s");
    }
}

#[test]
fn a_zone_outage_is_made_good_in_the_other_zones_and_the_zone_comes_back() {
    let kind = FaultKind::Zone { lasts: Distribution::Constant(2.0 * HOUR), zones: vec![ZoneId(1)] };
    let fault = Fault { name: "outage".into(), kind, timing: FaultTiming::At(vec![at(1_000)]), among: Among::All };
    let outcome = audited(&with(zoned(service(30, 4_000, 90), 3), fault), 101);
    let nodes = &outcome.nodes;
    assert_eq!((nodes.failures, nodes.ready.min(), nodes.ready.level(), nodes.down.level()), (10, 20, 30, 0));
    assert!(nodes.pods_lost >= 25 && nodes.evicted == nodes.pods_lost);
    assert_eq!(nodes.recovery.count(), nodes.pods_lost);
    assert_eq!(outcome.pods.ready.level(), 90);
    assert_eq!((outcome.addresses.in_use.level(), outcome.addresses.duplicates), (90, 0));
}

#[test]
fn when_no_zone_has_a_ready_node_nothing_is_evicted_and_everything_restarts_in_place() {
    let fault = node_fault(NodeFault::Crash, HOUR, 0..12);
    let outcome = audited(&with(zoned(service(12, 4_000, 40), 3), fault), 101);
    let nodes = &outcome.nodes;
    assert_eq!((nodes.ready.min(), nodes.evicted, nodes.pods_lost), (0, 0, 40));
    assert_eq!((outcome.containers.restarts, outcome.pods.ready.level()), (40, 40));
    assert_eq!((outcome.containers.failures, outcome.containers.recovered), (40, 40));
}

#[test]
fn a_reboot_that_nobody_misses_restarts_pods_in_place_with_new_addresses_unless_they_must_not_run_again() {
    let table = [(RestartPolicy::Always, 0, true), (RestartPolicy::OnFailure, 0, true), (RestartPolicy::Never, 8, false)];
    for (policy, failed, again) in table {
        let mut symbols = Symbols::default();
        let mut init = container("init", 100, Behavior { run: Some(Distribution::Constant(3.0)), ..Behavior::default() });
        init.kind = ContainerKind::Init;
        let template = template(&mut symbols, policy, vec![init, container("app", 500, Behavior::default())]);
        let bare = workload(Controller::Bare, Source::Standing { instances: 8 });
        let mut spec = with(cluster(1, 8_000, template, symbols, bare), node_fault(NodeFault::Reboot, 20.0, [0]));
        (spec.warmup, spec.duration) = (sim_core::spec::Warmup::Span(SimSpan::from_secs(500)), SimSpan::from_secs(5_000));
        let outcome = audited(&spec, 1);
        assert_eq!((outcome.nodes.pods_lost, outcome.nodes.detection.count(), outcome.nodes.evicted), (8, 0, 0), "{policy:?}");
        assert_eq!((outcome.pods.failed, outcome.pods.ready.level()), (failed, 8 - failed), "{policy:?}");
        let starts = if again { (8, 8, 8) } else { (0, 0, 0) };
        let containers = &outcome.containers;
        assert_eq!((containers.restarts, containers.init_started, outcome.addresses.assigned), starts, "{policy:?}");
    }
}

#[test]
fn a_partition_is_noticed_after_the_grace_period_and_deletions_take_effect_when_it_is_over() {
    let short = audited(&with(service(10, 4_000, 40), node_fault(NodeFault::Partition, 30.0, [3])), 7);
    assert_eq!((short.nodes.ready.min(), short.nodes.evicted, short.pods.ready.min(), short.nodes.pods_lost), (10, 0, 40, 0));
    // Long enough to be missed, too short for evictions: the Pods are unready for a while and never stop.
    let middling = audited(&with(service(10, 4_000, 40), node_fault(NodeFault::Partition, 200.0, [3])), 7);
    assert_eq!((middling.nodes.ready.min(), middling.nodes.evicted, middling.containers.running.min()), (9, 0, 40));
    assert!(middling.pods.ready.min() <= 37 && middling.pods.ready.level() == 40);
    let long = audited(&with(service(10, 4_000, 40), node_fault(NodeFault::Partition, HOUR, [3])), 7);
    let evicted = long.nodes.evicted;
    assert!(evicted >= 3 && long.containers.running.max() == 40 + evicted, "old and new run side by side: {evicted}");
    assert_eq!((long.pods.live.max(), long.pods.live.level(), long.pods.ready.level()), (40 + evicted, 40, 40));
}

#[test]
fn nobody_notices_what_happens_while_a_kubelet_or_runtime_is_away() {
    for (what, missed) in [(NodeFault::Kubelet, true), (NodeFault::Runtime, true)] {
        let outcome = audited(&with(service(10, 4_000, 40), node_fault(what, 250.0, [3])), 7);
        assert_eq!((outcome.nodes.ready.min() == 9, outcome.containers.running.min(), outcome.nodes.evicted), (missed, 40, 0), "{what:?}");
        assert_eq!((outcome.containers.restarts, outcome.pods.ready.level()), (0, 40));
        let short = audited(&with(service(10, 4_000, 40), node_fault(what, 20.0, [3])), 7);
        assert_eq!((short.nodes.ready.min(), short.pods.ready.min()), (10, 40), "{what:?}");
    }
}

#[test]
fn tolerations_say_how_long_a_pod_stays_on_a_dead_node() {
    let cases = [(Some(60), 60.0), (Some(0), 0.0), (Some(-5), 0.0), (None, f64::INFINITY)];
    for (seconds, want) in cases {
        let mut spec = with(service(10, 4_000, 40), node_fault(NodeFault::Crash, 2.0 * HOUR, [3]));
        let toleration = Toleration { key: None, value: None, effect: Some(TaintEffect::NoExecute), seconds };
        spec.templates.rows_mut()[0].placement.tolerations.push(toleration);
        let nodes = audited(&spec, 101).nodes;
        if want.is_infinite() {
            assert_eq!((nodes.evicted, nodes.recovery.count()), (0, 0));
        } else {
            let waited = nodes.recovery.min().unwrap() - nodes.detection.mean().unwrap();
            assert!((want..want + 20.0).contains(&waited), "{seconds:?}: replaced {waited} s after the node was missed");
        }
    }
}

#[test]
fn pods_of_a_node_that_is_lost_are_collected_and_another_empty_node_takes_its_place() {
    let outcome = audited(&with(service(10, 4_000, 40), node_fault(NodeFault::Loss, 10.0 * HOUR, [3])), 7);
    let nodes = &outcome.nodes;
    assert_eq!((nodes.evicted, nodes.pods_collected, nodes.ready.level()), (0, nodes.pods_lost, 10));
    let (first, last) = (nodes.recovery.min().unwrap(), nodes.recovery.max().unwrap());
    // Missed after 40 to 60 s, removed within 5 s, collected 40 to 80 s later.
    assert!(first > 80.0 && last < 60.0 + 5.0 + 80.0 + 10.0, "replaced from {first} to {last} s");
    assert_eq!((outcome.pods.live.level(), outcome.addresses.in_use.level()), (40, 40));
}

#[test]
fn nodes_that_fail_and_are_repaired_are_up_the_share_of_time_of_an_alternating_renewal_process() {
    let mut spec = service(50, 4_000, 1);
    spec.duration = SimSpan::from_secs(100 * 86_400);
    spec.series_step = spec.duration;
    let lasts = Distribution::LogNormal { median: 1_000.0, sigma: 1.0 };
    let (mtbf, mttr) = (20_000.0, 1_000.0 * 0.5_f64.exp());
    let kind = FaultKind::Node { what: NodeFault::Crash, lasts, nodes: (0..50).map(NodeId).collect() };
    spec.faults.push(Fault { name: "crash".into(), kind, timing: FaultTiming::Every(exponential(mtbf)), among: Among::All });
    let outcome = audited(&spec, 1_000_003);
    let down = outcome.nodes.down.mean(outcome.closed) / 50.0;
    let exact = mttr / (mtbf + mttr);
    assert!((down / exact - 1.0).abs() < 0.03, "{down} instead of {exact}");
    let failures = outcome.nodes.failures as f64 / (50.0 * outcome.window().as_secs_f64());
    assert!((failures * (mtbf + mttr) - 1.0).abs() < 0.03, "{failures} failures a second");
}

#[test]
fn a_poisson_fault_strikes_at_its_rate_whoever_is_drawn() {
    let mut spec = service(20, 4_000, 1);
    spec.duration = SimSpan::from_secs(10 * 86_400);
    let kind = FaultKind::Node { what: NodeFault::Crash, lasts: Distribution::Constant(1.0), nodes: (0..20).map(NodeId).collect() };
    spec.faults.push(Fault { name: "crash".into(), kind, timing: FaultTiming::Rate(0.01), among: Among::Count(1) });
    let outcome = audited(&spec, 1_000_003);
    let expected: f64 = 0.01 * 864_000.0;
    let failures = outcome.nodes.failures as f64;
    assert!((failures - expected).abs() < 4.0 * expected.sqrt(), "{failures} failures, {expected} expected");
}

#[test]
fn faults_of_containers_befall_those_that_are_meant() {
    let kind = |what| FaultKind::Container { what, containers: vec![(TemplateId(0), 0)] };
    let fault = |what, among| Fault { name: "fault".into(), kind: kind(what), timing: FaultTiming::At(vec![at(1_000)]), among };
    let crash = audited(&with(service(10, 4_000, 40), fault(ContainerFault::Crash(3), Among::Count(7))), 7);
    assert_eq!((crash.containers.crashes, crash.containers.restarts, crash.pods.ready.level()), (7, 7, 40));
    let mut spec = service(10, 4_000, 40);
    let probe = Probe {
        initial_delay: SimSpan::ZERO,
        period: SimSpan::from_secs(10),
        timeout: SimSpan::from_secs(1),
        success_threshold: 1,
        failure_threshold: 3,
        grace: None,
    };
    spec.templates.rows_mut()[0].containers[0].readiness = Some(probe);
    let hang = audited(&with(spec, fault(ContainerFault::Hang(Distribution::Constant(100.0)), Among::All)), 7);
    assert_eq!((hang.containers.hangs, hang.pods.ready.min(), hang.pods.ready.level()), (40, 0, 40));
    let mut spec = service(10, 4_000, 40);
    spec.templates.rows_mut()[0].containers[0].memory_limit = Some(Bytes(1 << 30));
    let leak = audited(&with(spec, fault(ContainerFault::MemoryLeak(1e6), Among::Count(5))), 7);
    assert_eq!((leak.containers.crashes, leak.containers.restarts), (5, 5));
}

#[test]
fn a_registry_that_does_not_answer_holds_up_pods_on_nodes_without_the_image() {
    let kind = |what| FaultKind::Registry { what, lasts: Distribution::Constant(600.0) };
    let fault = |what| Fault { name: "registry".into(), kind: kind(what), timing: FaultTiming::At(vec![at(0)]), among: Among::All };
    let empty = |fault: Option<Fault>| {
        let mut spec = service(10, 4_000, 40);
        spec.warmup = sim_core::spec::Warmup::Span(SimSpan::ZERO);
        spec.faults.extend(fault);
        audited(&spec, 101).startup
    };
    let (sound, slow) = (empty(None), empty(Some(fault(RegistryFault::Slow(10.0)))));
    assert_eq!(sound.images.failed(), 0);
    assert!(slow.running.max().unwrap() > 12.0 + sound.running.max().unwrap());
    for what in [RegistryFault::Outage, RegistryFault::BadImage(ImageId(0))] {
        let startup = empty(Some(fault(what)));
        assert!(startup.images.failed() >= 40 * 4 && startup.running.min().unwrap() >= 600.0, "{:?}", startup.images.failed());
    }
    assert_eq!(empty(Some(fault(RegistryFault::BadImage(ImageId(1))))).images.failed(), 0);
}

#[test]
fn a_network_plugin_that_fails_holds_up_pods_of_its_node() {
    let mut spec = with(service(1, 40_000, 5), node_fault(NodeFault::Network, 600.0, [0]));
    spec.warmup = sim_core::spec::Warmup::Span(SimSpan::ZERO);
    spec.faults[0].timing = FaultTiming::At(vec![at(0)]);
    let outcome = audited(&spec, 1);
    assert!(outcome.addresses.exhausted > 5 * 30 && outcome.startup.running.min().unwrap() >= 600.0);
}

/// Pods with an init container, a sidecar and probes, in a Deployment with releases and in Jobs, all of them eventful.
fn eventful() -> Spec {
    let mut symbols = Symbols::default();
    let probe = Probe {
        initial_delay: SimSpan::ZERO,
        period: SimSpan::from_secs(10),
        timeout: SimSpan::from_secs(1),
        success_threshold: 1,
        failure_threshold: 3,
        grace: None,
    };
    let mut main = container("app", 500, Behavior { crash: Some(exponential(9_000.0)), ..Behavior::default() });
    (main.readiness, main.liveness, main.memory_limit) = (Some(probe), Some(probe), Some(Bytes(1 << 30)));
    main.pull = PullPolicy::Always;
    let mut init = container("init", 100, Behavior { run: Some(exponential(3.0)), failure: 0.1, ..Behavior::default() });
    init.kind = ContainerKind::Init;
    let mut proxy = container("proxy", 100, Behavior { crash: Some(exponential(50_000.0)), ..Behavior::default() });
    proxy.kind = ContainerKind::Sidecar;
    let service = template(&mut symbols, RestartPolicy::Always, vec![init.clone(), proxy, main]);
    let batch = Behavior { run: Some(exponential(2_000.0)), failure: 0.1, ..Behavior::default() };
    let jobs = [RestartPolicy::OnFailure, RestartPolicy::Never].map(|policy| {
        template(&mut symbols, policy, vec![init.clone(), container("work", 500, batch.clone()), container("quick", 50, batch.clone())])
    });
    let mut about = Deployment {
        replicas: Replicas::Fixed(10),
        max_surge: Portion::Percent(25),
        max_unavailable: Portion::Percent(25),
        releases: Some(Releases { every: exponential(20_000.0), new_bytes: 0.2 }),
        scaling: Vec::new(),
    };
    about.max_surge = Portion::Percent(50);
    let mut spec = cluster(8, 8_000, service, symbols, workload(Controller::Deployment(about), Source::Standing { instances: 2 }));
    spec.workloads.rows_mut()[0].lifetime = Some(exponential(20_000.0));
    for (number, job) in (1..).zip(jobs) {
        spec.templates.push(job);
        let about = Job { completions: 3, parallelism: 2, backoff_limit: 4 };
        let mut work = workload(Controller::Job(about), Source::Arriving(Arrivals::Poisson { rate: 0.001 }));
        work.template = TemplateId(number);
        spec.workloads.push(work);
    }
    spec.duration = SimSpan::from_secs(20_000);
    zoned(spec, 3)
}

fn any_kind() -> BoxedStrategy<FaultKind> {
    use NodeFault as N;
    let lasts = || prop_oneof![Just(20.0), Just(200.0), Just(2_000.0)].prop_map(exponential);
    let node = prop::sample::select(vec![N::Crash, N::Reboot, N::Loss, N::Partition, N::Kubelet, N::Runtime, N::Network, N::Disk]);
    let nodes = (node, lasts(), prop::collection::btree_set(0_u32..8, 1..8));
    let nodes = nodes.prop_map(|(what, lasts, nodes)| FaultKind::Node { what, lasts, nodes: nodes.into_iter().map(NodeId).collect() });
    let zones = (lasts(), 0_u32..3).prop_map(|(lasts, zone)| FaultKind::Zone { lasts, zones: vec![ZoneId(zone)] });
    let what = prop::sample::select(vec![RegistryFault::Outage, RegistryFault::Slow(7.0), RegistryFault::BadImage(ImageId(0))]);
    let registry = (what, lasts()).prop_map(|(what, lasts)| FaultKind::Registry { what, lasts });
    let containers = prop_oneof![
        Just(ContainerFault::Crash(2)),
        lasts().prop_map(ContainerFault::Hang),
        lasts().prop_map(ContainerFault::InitFailure),
        lasts().prop_map(|lasts| ContainerFault::SlowStart { factor: 5.0, lasts }),
        Just(ContainerFault::MemoryLeak(1e6)),
    ];
    let containers = (containers, 0_u32..3, 0_u8..3)
        .prop_map(|(what, template, index)| FaultKind::Container { what, containers: vec![(TemplateId(template), index)] });
    prop_oneof![6 => nodes, 1 => zones, 1 => registry, 3 => containers].boxed()
}

fn any_fault() -> BoxedStrategy<Fault> {
    let times = prop::collection::vec((0_u64..18_000).prop_map(at), 1..4).prop_map(FaultTiming::At);
    let every = prop_oneof![Just(500.0), Just(5_000.0)].prop_map(|mean| FaultTiming::Every(exponential(mean)));
    let timing = prop_oneof![times, every, Just(FaultTiming::Rate(0.002))];
    let among = prop_oneof![Just(Among::All), (1_u32..4).prop_map(Among::Count), Just(Among::Share(0.5))];
    (any_kind(), timing, among).prop_map(|(kind, timing, among)| Fault { name: "any".into(), kind, timing, among }).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_befalls_a_cluster_its_books_balance(faults in prop::collection::vec(any_fault(), 1..6), seed in 0_u64..1_000, empty in any::<bool>()) {
        let mut spec = eventful();
        spec.seed.0 = seed;
        spec.faults = faults;
        if empty {
            spec.warmup = sim_core::spec::Warmup::Span(SimSpan::from_secs(100));
        }
        let outcome = audited(&spec, 53);
        let pods = &outcome.pods;
        prop_assert_eq!(pods.at_start + pods.created, pods.succeeded + pods.failed + pods.at_end.iter().sum::<u64>());
        prop_assert_eq!(outcome.addresses.duplicates, 0);
    }
}
