//! What containers use and what follows, in small running clusters.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use sim_core::cluster::PodState as P;
use sim_core::measure::Outcome;
use sim_core::spec::{Behavior, Distribution, Growth, NodePool, Noise, Phase, RestartPolicy, Shape, Spec, Trace, Usage};
use sim_core::table::{PodId, Table};
use sim_core::units::{Bytes, SimSpan};
use sim_core::{Allotment, Resized, Simulation};
use support::using::{MIB, leaking, pods, run_for, secs, sized, uses, work};
use support::{GIB, amount, audited};

fn run_span(outcome: &Outcome) -> f64 {
    outcome.pods.lifespan.max().unwrap()
}

#[test]
fn a_limit_makes_work_take_longer_by_what_it_wants_over_what_it_may_have() {
    #[rustfmt::skip]
    let table = [
        ("no limit",                 (1000, 0),    1000.0, 100.0),
        ("a limit above its use",    (1000, 2000), 1000.0, 100.0),
        ("half of what it wants",    (500, 500),   1000.0, 200.0),
        ("a tenth",                  (100, 200),   2000.0, 1000.0),
        ("below the least quota",    (0, 1),       100.0,  1000.0),
    ];
    for (name, cpu, wants, lasts) in table {
        let spec = pods(1, (4000, GIB), RestartPolicy::Never, vec![sized(cpu, (0, 0), work(100.0, wants))]);
        let outcome = audited(&spec, 1);
        assert!((run_span(&outcome) - lasts).abs() < 0.01, "{name}: {} s", run_span(&outcome));
        let stretched = outcome.usage.stretched.as_secs_f64();
        assert_eq!((outcome.usage.works, (stretched - (lasts - 100.0)).abs() < 0.01), (1, true), "{name}: {stretched}");
    }
}

#[test]
fn a_full_node_shares_its_cpu_by_weight_level_by_level() {
    const ALL: f64 = 64_000.0;
    #[rustfmt::skip]
    let table = [
        ("C1", vec![(2000, 2000, ALL), (1000, 0, ALL), (500, 0, ALL), (0, 0, ALL)], vec![2.0, 1.3316, 0.6658, 0.0026]),
        ("C2", vec![(1000, 0, 200.0), (1000, 0, ALL)],                              vec![0.2, 3.8]),
        ("C3", vec![(1000, 1500, ALL), (3000, 0, ALL)],                             vec![1.0, 3.0]),
        ("C4", vec![(0, 0, ALL), (0, 0, ALL)],                                      vec![2.0, 2.0]),
        ("C5", vec![(100, 200, 1000.0)],                                            vec![0.2]),
    ];
    for (name, given, want) in table {
        let container = |&(request, limit, wants): &(u64, u64, f64)| {
            // A Guaranteed Pod has equal limits of memory, too.
            let memory = if request == limit && limit > 0 { (64 * MIB, 64 * MIB) } else { (0, 0) };
            sized((request, limit), memory, work(1e6, wants))
        };
        let spec = pods(1, (4000, GIB), RestartPolicy::Never, given.iter().map(container).collect());
        let run = run_for(&spec, 130);
        for (pod, (&(_, _, wants), want)) in (0..).zip(given.iter().zip(want)) {
            let got = run.speed(PodId(pod), 0).unwrap() * wants / 1000.0;
            assert!((got - want).abs() < 1e-3, "{name}, Pod {pod}: {got} CPUs, not {want}");
        }
    }
}

#[test]
fn work_goes_on_at_full_speed_once_others_have_gone() {
    let container = |run| sized((1000, 0), (0, 0), work(run, 4000.0));
    let spec = pods(1, (4000, GIB), RestartPolicy::Never, vec![container(100.0), container(300.0)]);
    let outcome = audited(&spec, 1);
    // Both at half speed until the first is done after 200 s; the second has 200 s left.
    assert!((run_span(&outcome) - 400.0).abs() < 0.01, "{}", run_span(&outcome));
    assert!((outcome.usage.stretched.as_secs_f64() - 200.0).abs() < 0.02);
    let used = outcome.resources.cpu.used;
    assert!((used / (4000.0 * 400.0) - 1.0).abs() < 1e-3, "4 CPUs for 400 s, not {used}");
}

#[test]
fn a_leak_meets_its_limit_at_the_computed_second_again_and_again() {
    let leak = Some(Growth { rate: Distribution::Constant(MIB as f64), after: secs(20) });
    let behavior = Behavior { usage: Usage { leak, ..uses(10.0, 28 * MIB) }, ..Behavior::default() };
    let mut spec = pods(1, (4000, 4 * GIB), RestartPolicy::Always, vec![sized((10, 0), (64 * MIB, 128 * MIB), behavior)]);
    spec.duration = secs(119);
    assert_eq!(audited(&spec, 1).usage.oom_by_limit, 0, "100 MiB are left at 20 s");
    spec.duration = secs(121);
    let outcome = audited(&spec, 1);
    assert_eq!((outcome.usage.oom_by_limit, outcome.containers.restarts), (1, 1));
    spec.duration = secs(3_600);
    let outcome = audited(&spec, 1);
    assert!(outcome.usage.oom_by_limit > 8 && outcome.usage.oom_by_node == 0, "{:?}", outcome.usage.oom_by_limit);
    assert_eq!(outcome.usage.evictions, [0; 3]);
}

#[test]
fn kills_and_restarts_count_for_the_part_that_the_container_has_in_its_pod() {
    use sim_core::spec::{ContainerKind, ContainerSpec, Role};
    let leak = Some(Growth { rate: Distribution::Constant(MIB as f64), after: SimSpan::ZERO });
    let leaks = Behavior { usage: Usage { leak, ..uses(10.0, MIB) }, ..Behavior::default() };
    let steady = || sized((10, 0), (64 * MIB, 0), Behavior { usage: uses(10.0, MIB), ..Behavior::default() });
    let table =
        [(Role::Main, false, ContainerKind::App), (Role::Sidecar, true, ContainerKind::App), (Role::Sidecar, true, ContainerKind::Sidecar)];
    for (role, helper, kind) in table {
        let leaking = ContainerSpec { helper, kind, name: "leaking".into(), ..sized((10, 0), (64 * MIB, 1_001 * MIB), leaks.clone()) };
        let mut spec = pods(1, (4000, 4 * GIB), RestartPolicy::Always, vec![steady()]);
        let template = &mut spec.templates.rows_mut()[0];
        template.containers[0].helper = role == Role::Main;
        template.containers.insert(0, leaking);
        *template = template.clone().classified();
        let containers = audited(&spec, 1).containers;
        for other in [Role::Main, Role::Sidecar, Role::Init] {
            let found = containers.by_role[other.index()];
            // 1,000 s until the limit is met, and there is an hour.
            let want = if other == role { (3, 3) } else { (0, 0) };
            assert_eq!((found.oom_kills, found.restarts), want, "{kind:?} {role:?}: {other:?}");
        }
    }
}

#[test]
fn a_container_that_uses_more_than_its_limit_is_killed_as_soon_as_it_is_up() {
    let behavior = Behavior { usage: uses(10.0, 200 * MIB), ..Behavior::default() };
    let spec = pods(1, (4000, GIB), RestartPolicy::Always, vec![sized((10, 0), (64 * MIB, 128 * MIB), behavior)]);
    let outcome = audited(&spec, 1);
    assert_eq!(outcome.usage.oom_by_limit, outcome.containers.started);
    assert!(outcome.containers.started > 5, "it is tried again: {}", outcome.containers.started);
}

#[test]
fn a_leak_without_a_limit_brings_its_node_under_pressure_and_the_ranking_picks_who_goes() {
    #[rustfmt::skip]
    let table = [
        ("who asks for nothing goes before who is within its request", vec![(0, 500, 0), (400, 300, 0)], vec![1]),
        ("of two above their requests the less important goes",        vec![(100, 400, 10), (100, 390, 0)], vec![2]),
        ("of equals the one furthest above its request",               vec![(100, 300, 0), (100, 500, 0)], vec![2]),
    ];
    for (name, others, want) in table {
        let spec = leaking(&others, MIB as f64);
        let mut run = Simulation::new(&spec, 0);
        while run.evicted_pods().is_empty() && run.step() {
            run.audit().unwrap();
        }
        assert_eq!(run.evicted_pods(), want.into_iter().map(PodId).collect::<Vec<_>>(), "{name}");
        // The same again, up to that instant.
        let until = Spec { duration: run.progress().now.since(sim_core::units::SimTime::ZERO), ..spec.clone() };
        let usage = audited(&until, 1).usage;
        assert_eq!((usage.pressure[0].max(), usage.evictions, usage.oom_by_node), (1, [1, 0, 0], 0), "{name}");
        assert_eq!((usage.evicted_bystanders, usage.evicted_within_request), (1, 0), "{name}: it does not leak itself, and used too much");
    }
}

#[test]
fn memory_that_is_gone_before_the_kubelet_looks_is_the_kernel_s_affair() {
    let outcome = audited(&leaking(&[(0, 100, 0)], 512.0 * MIB as f64), 1);
    assert!(outcome.usage.oom_by_node > 0, "{:?}", outcome.usage);
}

#[test]
fn what_happens_on_one_node_leaves_others_alone() {
    let calm = Behavior { usage: uses(10.0, 600 * MIB), ..Behavior::default() };
    let mut spec = leaking(&[(0, 300, 0)], MIB as f64);
    let pool = spec.pools.rows()[0].clone();
    spec.pools = Table::from(vec![NodePool { count: 3, ..pool }]);
    for template in spec.templates.rows_mut() {
        template.containers[0].requests = amount(10, 1500 * MIB);
        template.requests = template.containers[0].requests.clone();
    }
    spec.templates.rows_mut()[1].containers[0].behavior = calm;
    let outcome = audited(&spec, 1);
    assert_eq!(outcome.usage.pressure[0].max(), 1, "one node of three");
    assert_eq!(outcome.pods.failed, outcome.usage.evictions[0], "nobody fails but those evicted");
}

#[test]
fn who_writes_more_than_its_limit_is_evicted() {
    let writes = Some(Growth { rate: Distribution::Constant(MIB as f64), after: SimSpan::ZERO });
    let behavior = Behavior { usage: Usage { writes, ..uses(10.0, MIB) }, ..Behavior::default() };
    let mut container = sized((10, 0), (0, 0), behavior);
    container.ephemeral_limit = Some(Bytes(600 * MIB));
    let spec = pods(1, (4000, GIB), RestartPolicy::Always, vec![container]);
    let outcome = audited(&spec, 1);
    // Each life lasts 600 s and up to the kubelet's next look; there is time for five whole ones.
    assert_eq!((outcome.usage.storage_limit_evictions, outcome.usage.evictions), (5, [0; 3]));
}

#[test]
fn a_full_disk_is_disk_pressure() {
    let writes = Some(Growth { rate: Distribution::Constant(MIB as f64), after: SimSpan::ZERO });
    let behavior = Behavior { usage: Usage { writes, ..uses(10.0, MIB) }, ..Behavior::default() };
    let mut spec = pods(1, (4000, GIB), RestartPolicy::Always, vec![sized((10, 0), (0, 0), behavior)]);
    spec.pools.rows_mut()[0].shape.capacity.ephemeral_storage = Bytes(GIB);
    let outcome = audited(&spec, 1);
    assert!(outcome.usage.evictions[1] > 0 && outcome.usage.pressure[1].max() == 1, "{:?}", outcome.usage.evictions);
}

#[test]
fn use_goes_with_age_and_with_a_trace() {
    let phases = vec![Phase { after: secs(600), cpu: 3.0, memory: 2.0 }, Phase { after: secs(1_200), cpu: 0.0, memory: 1.0 }];
    let behavior = Behavior { usage: Usage { phases, ..uses(100.0, 10 * MIB) }, ..Behavior::default() };
    let spec = pods(1, (4000, GIB), RestartPolicy::Always, vec![sized((10, 0), (0, 0), behavior)]);
    let used = audited(&spec, 1).resources;
    let (cpu, memory) = (100.0 * 600.0 + 300.0 * 600.0, (10 * MIB) as f64 * (3_600.0 + 600.0));
    assert!((used.cpu.used / cpu - 1.0).abs() < 1e-6 && (used.memory.used / memory - 1.0).abs() < 1e-6, "{used:?}");
    let trace = Some(Trace { points: vec![(0.0, 0.0), (3_600.0, 2.0)], repeat: None });
    let behavior = Behavior { usage: Usage { trace, ..uses(100.0, MIB) }, ..Behavior::default() };
    let spec = pods(1, (4000, GIB), RestartPolicy::Always, vec![sized((10, 0), (0, 0), behavior)]);
    let used = audited(&spec, 1).resources.cpu.used;
    // Read at the beginning of each of 60 minutes: 59/60 of the area.
    assert!((used / (100.0 * 3_600.0 * 59.0 / 60.0) - 1.0).abs() < 1e-6, "{used}");
}

#[test]
fn a_resize_is_checked_and_takes_effect_while_the_container_runs() {
    let new = |cpu, limit| Allotment { cpu, cpu_limit: Some(limit), memory: 0, memory_limit: None };
    let spec = pods(
        1,
        (4000, GIB),
        RestartPolicy::Never,
        vec![sized((500, 500), (0, 0), work(1e6, 2000.0)), sized((3000, 0), (0, 0), work(1_000.0, 100.0))],
    );
    let mut run = run_for(&spec, 60);
    assert_eq!(run.speed(PodId(0), 0), Some(0.25));
    #[rustfmt::skip]
    let table = [
        ("within what is left",         new(1000, 1000), Resized::Done,       0.5),
        ("more than the node has",      new(5000, 5000), Resized::Infeasible, 0.5),
        ("beside the other Pod",        new(2000, 2000), Resized::Deferred,   0.5),
        ("another class",               Allotment { cpu: 0, cpu_limit: None, memory: 0, memory_limit: None }, Resized::Refused, 0.5),
    ];
    for (name, size, want, speed) in table {
        assert_eq!((run.resize(PodId(0), 0, size), run.speed(PodId(0), 0)), (want, Some(speed)), "{name}");
    }
    while run.progress().now.as_secs_f64() < 1_000.0 + 300.0 && run.step() {
        run.audit().unwrap();
    }
    assert_eq!(run.speed(PodId(0), 0), Some(1.0), "what was put off is done once the other Pod has gone");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The auditor compares the columns with a plain reading of each container after every event.
    #[test]
    fn the_pass_reads_what_a_plain_reading_gives(
        given in vec((0..2_000_u64, 0..1_500_u64, 0.0..3_000.0_f64, 0..4_u8, any::<bool>()), 1..12), nodes in 1..4_u32,
    ) {
        let container = |&(request, limit, wants, course, works): &(u64, u64, f64, u8, bool)| {
            let usage = uses(wants, MIB);
            let usage = match course {
                0 => usage,
                1 => Usage { shape: Shape::Daily { amplitude: 0.9, rise: 0.0 }, ..usage },
                2 => Usage { noise: Some(Noise { step: SimSpan::from_secs(300), phi: 0.9, sigma: 0.3, series: 3 }), ..usage },
                _ => Usage { trace: Some(Trace { points: vec![(0.0, 0.2), (900.0, 2.0)], repeat: Some(1_000.0) }), ..usage },
            };
            let run = works.then_some(Distribution::Constant(700.0));
            let limit = if limit < request { 0 } else { limit };
            sized((request, limit), (0, 0), Behavior { run, cpu_bound: works, usage, ..Behavior::default() })
        };
        let spec = pods(nodes, (3_000, GIB), RestartPolicy::Never, given.iter().map(container).collect());
        let outcome = audited(&spec, 1);
        let usage = &outcome.usage;
        // Use is read once a minute; a trace that rises steeply may pass what there is by up to that much in between.
        let capacity = 3_000.0 * f64::from(nodes) * 3_600.0;
        prop_assert!(outcome.resources.cpu.used <= usage.demanded + 1e-6);
        prop_assert!((0.0..capacity * 1.06).contains(&outcome.resources.cpu.used), "{} of {}", outcome.resources.cpu.used, capacity);
        prop_assert_eq!(outcome.pods.at_end[P::Failed.index()], 0);
    }
}
