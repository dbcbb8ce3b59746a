//! Requests find endpoints, are served or fail, and every one of them is accounted for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use proptest::prelude::*;
use sim_core::measure::{Outcome, TrafficMeasures};
use sim_core::spec::{
    Behavior, Cache, ContainerKind, ContainerSpec, Controller, Cost, Deployment, Destination, Distribution, Hang, Pace, Part, Portion,
    Probe, Rate, RateNoise, Replicas, RestartPolicy, Source, Spec, Symbols, Traffic, Warmup,
};
use sim_core::table::WorkloadId;
use sim_core::units::{SimSpan, SimTime};
use support::{audited, cluster, container, exponential, template, without_overheads, workload};

const DAY: f64 = 86_400.0;

fn constant(secs: f64) -> Distribution {
    Distribution::Constant(secs)
}

fn probe(period: u64, failures: u32) -> Probe {
    Probe {
        initial_delay: SimSpan::ZERO,
        period: SimSpan::from_secs(period),
        timeout: SimSpan::from_secs(1),
        success_threshold: 1,
        failure_threshold: failures,
        grace: None,
    }
}

/// So many Pods of these containers, and 100 requests a second of 2 ms to each instance; clients hear of changes at once.
fn served(replicas: u32, instances: u32, containers: Vec<ContainerSpec>) -> Spec {
    let mut symbols = Symbols::default();
    let part = |about: &ContainerSpec| Part {
        in_path: about.kind != ContainerKind::Init,
        cost: Some(Cost { cpu: 0.002, idle_cpu: 1_000, idle_memory: 1 << 20, ..Cost::default() }),
    };
    let parts: Vec<Part> = containers.iter().map(part).collect();
    let serving = containers.iter().position(|about| about.kind == ContainerKind::App && !about.helper).unwrap() as u8;
    let deployment = Deployment {
        replicas: Replicas::Fixed(replicas),
        max_surge: Portion::Percent(25),
        max_unavailable: Portion::Percent(25),
        releases: None,
        scaling: Vec::new(),
    };
    let work = workload(Controller::Deployment(deployment), Source::Standing { instances });
    let mut spec = cluster(4, 64_000, template(&mut symbols, RestartPolicy::Always, containers), symbols, work);
    spec.traffic = vec![Traffic {
        name: "web".into(),
        to: vec![Destination { workload: WorkloadId(0), containers: parts, serving, cache: None }],
        together: false,
        rate: Rate::Constant(100.0),
        noise: None,
        step: SimSpan::from_secs(60),
        latency: 0.001,
        propagation: constant(0.0),
    }];
    spec
}

fn traffic(outcome: &Outcome) -> &TrafficMeasures {
    &outcome.traffic[0]
}

fn close(left: f64, right: f64, relative: f64) -> bool {
    (left - right).abs() <= relative * right.abs().max(1e-9)
}

#[test]
fn a_load_is_spread_evenly_and_costs_what_its_requests_cost() {
    let spec = served(4, 3, vec![container("app", 500, Behavior::default())]);
    let outcome = audited(&spec, 1);
    let sums = traffic(&outcome);
    assert_eq!((sums.services, sums.endpoints.level(), sums.unavailable.max()), (3, 12, 0));
    assert!(close(sums.offered, 300.0 * DAY, 1e-12) && close(sums.served, sums.offered, 1e-12));
    // 25 requests a second and Pod, 2 ms each, and 1 millicore for nothing.
    let cores = 12.0 * (25.0 * 0.002 + 0.001);
    assert!(close(sums.cpu[0], cores * DAY, 1e-9) && close(outcome.resources.cpu.used, cores * 1_000.0 * DAY, 1e-9));
    assert!(close(outcome.resources.memory.used, 12.0 * f64::from(1 << 20) * DAY, 1e-9));
    // Busy to 25 · 2 ms of the node's 64 cores.
    assert!(close(sums.latency / sums.served, 0.001 + 0.002 / (1.0 - 0.05 / 64.0), 1e-9));
}

fn hanging(liveness: Option<Probe>, readiness: Option<Probe>) -> Outcome {
    let hang = Hang { after: exponential(4_000.0), lasts: constant(600.0) };
    let mut app = container("app", 500, Behavior { hang: Some(hang), ..Behavior::default() });
    (app.liveness, app.readiness) = (liveness, readiness);
    audited(&served(4, 5, vec![app]), 7)
}

#[test]
fn an_endpoint_that_hangs_eats_its_share_until_a_probe_notices() {
    let cases = [
        // Nobody notices: until the hang is over.
        (None, None, [590.0, 600.0]),
        // Three failures, 10 s apart, the last a second late: 21 to 31 s after the hang. A process that hangs does not heed SIGTERM, and
        // without a readiness probe it counts as ready until SIGKILL ends it 30 s later.
        (Some(probe(10, 3)), None, [55.0, 57.0]),
        // The readiness probe takes it out of service though the kubelet waits for the grace period of the liveness probe's kill.
        (Some(probe(10, 3)), Some(probe(10, 3)), [21.0, 31.0]),
        (Some(probe(5, 1)), Some(probe(10, 3)), [21.0, 31.0]),
        // One failure: 1 to 6 s after the hang.
        (Some(probe(20, 3)), Some(probe(5, 1)), [3.0, 4.0]),
    ];
    for (liveness, readiness, [least, most]) in cases {
        let outcome = hanging(liveness, readiness);
        let sums = traffic(&outcome);
        let blind = sums.blind.mean().unwrap();
        assert!((least..=most).contains(&blind) && sums.blind.count() > 15, "{blind} s over {}", sums.blind.count());
        // With all others alive or noticed, each dead endpoint has a quarter of 100 requests a second, or more where some are away.
        let dead = sums.dead.integral(outcome.closed);
        assert!(sums.dead_endpoint >= 25.0 * dead * (1.0 - 1e-9), "{} < 25 · {dead}", sums.dead_endpoint);
        if readiness.is_none() && liveness.is_none() {
            assert!(close(sums.dead_endpoint, 25.0 * dead, 1e-9));
        }
    }
}

#[test]
fn a_pod_that_is_being_deleted_gets_nothing_once_clients_have_heard() {
    let ends = Behavior { shutdown: constant(1.0), ..Behavior::default() };
    for (delay, blind) in [(0.0, None), (5.0, Some(4.0))] {
        let mut spec = served(4, 2, vec![container("app", 500, ends.clone())]);
        without_overheads(&mut spec);
        spec.workloads =
            vec![sim_core::spec::Workload { lifetime: Some(exponential(3_000.0)), ..spec.workloads[WorkloadId(0)].clone() }].into();
        spec.kubelet.cleanup = constant(30.0);
        spec.traffic[0].propagation = constant(delay);
        let outcome = audited(&spec, 7);
        let sums = traffic(&outcome);
        assert!(outcome.pods.deleted > 100);
        // SIGTERM at once, exit after a second, clients hear after five.
        assert!(sums.blind.mean().is_none_or(|mean| close(mean, blind.unwrap_or(0.0), 1e-6)));
        assert_eq!(sums.dead_endpoint > 0.0, blind.is_some());
    }
}

#[test]
fn without_an_endpoint_every_request_fails() {
    let mut app = container("app", 500, Behavior { ready: constant(10.0), ..Behavior::default() });
    app.readiness = Some(probe(1, 1));
    let mut spec = served(1, 1, vec![app]);
    without_overheads(&mut spec);
    spec.warmup = Warmup::Span(SimSpan::ZERO);
    let outcome = audited(&spec, 1);
    let sums = traffic(&outcome);
    assert!(close(sums.unavailable.integral(outcome.closed), 10.0, 1e-9) && close(sums.no_endpoint, 1_000.0, 1e-9), "{}", sums.no_endpoint);
}

#[test]
fn without_a_readiness_probe_a_slow_start_fails_requests() {
    let mut spec = served(1, 1, vec![container("app", 500, Behavior { ready: constant(10.0), ..Behavior::default() })]);
    without_overheads(&mut spec);
    spec.warmup = Warmup::Span(SimSpan::ZERO);
    let outcome = audited(&spec, 1);
    let sums = traffic(&outcome);
    assert!(close(sums.dead_endpoint, 1_000.0, 1e-9) && sums.no_endpoint < 1e-6, "{} {}", sums.dead_endpoint, sums.no_endpoint);
}

#[test]
fn a_proxy_that_is_down_fails_requests_of_an_app_that_lives() {
    let mut proxy = container("proxy", 100, Behavior { crash: Some(exponential(5_000.0)), ..Behavior::default() });
    (proxy.kind, proxy.helper) = (ContainerKind::Sidecar, true);
    let mut spec = served(3, 2, vec![proxy, container("app", 500, Behavior::default())]);
    spec.traffic[0].propagation = constant(0.5);
    let outcome = audited(&spec, 7);
    let sums = traffic(&outcome);
    assert!(sums.dead_endpoint > 0.0 && sums.cpu[1] > 0.0);
    // The same container beside the path, as a log collector is, fails none.
    spec.traffic[0].to[0].containers[0].in_path = false;
    assert!(traffic(&audited(&spec, 7)).dead_endpoint.abs() < 1e-12);
}

#[test]
fn a_limit_sheds_what_it_cannot_serve() {
    let mut app = container("app", 500, Behavior::default());
    app.cpu_limit = Some(100);
    let outcome = audited(&served(1, 1, vec![app]), 1);
    let sums = traffic(&outcome);
    // 100 millicores serve 50 requests a second of 2 ms.
    assert!(close(sums.served, 50.0 * DAY, 1e-9) && close(sums.saturated, 50.0 * DAY, 1e-9));
    // Use is read once a minute: the first half minute counts as before the first reading.
    assert!(close(outcome.resources.cpu.used, 100.0 * DAY, 1e-3), "{} of {}", outcome.resources.cpu.used, 100.0 * DAY);
}

fn cached(pace: Pace, ready_at: Option<f64>, start: f64) -> Spec {
    let cache = Cache { start, warm: 0.9, pace, miss_cpu: 0.005, miss_latency: 0.02, ready_at };
    let mut app = container("app", 500, Behavior { ready: constant(2.0), warm_up: cache.warm_up(), ..Behavior::default() });
    app.readiness = Some(probe(1, 1));
    let mut spec = served(1, 1, vec![app]);
    without_overheads(&mut spec);
    spec.warmup = Warmup::Span(SimSpan::ZERO);
    spec.traffic[0].to[0].cache = Some(cache);
    spec
}

#[test]
fn a_cold_cache_warms_with_the_requests_it_serves() {
    let count = 200_000.0;
    let outcome = audited(&cached(Pace::Requests { count, shadow: 0.0 }, None, 0.1), 1);
    let sums = traffic(&outcome);
    let hits = 0.9 * sums.served - 0.8 * count * (1.0 - (-sums.served / count).exp());
    assert!(close(sums.hits, hits, 1e-3) && close(sums.looked_up, sums.served, 1e-12), "{} {hits}", sums.hits);
    // CPU is set by the mean hit rate of each step, so that misses cost in all what they number.
    let cores = sums.served * 0.002 + (sums.served - sums.hits) * 0.005 + 0.001 * sums.endpoints.integral(outcome.closed);
    assert!(close(sums.cpu[0], cores, 1e-4), "{} {cores}", sums.cpu[0]);
}

#[test]
fn a_pod_is_ready_when_its_cache_is_warm_enough_and_at_once_if_it_was_preloaded() {
    let pace = Pace::Requests { count: 5_000.0, shadow: 50.0 };
    for (start, want) in [(0.1, 2.0 + 100.0 * 8f64.ln()), (0.85, 2.0)] {
        let outcome = audited(&cached(pace, Some(0.8), start), 1);
        // The first probe that finds it warm; they are a second apart, and begin anew at each of the Pod's syncs.
        let ready = outcome.startup.ready.mean().unwrap();
        assert!((want..=want + 1.0).contains(&ready), "{ready}, not {want}");
        assert!(traffic(&outcome).hits / traffic(&outcome).looked_up > 0.8);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// The auditor checks after every few events that loads sum to the rate and that nothing is lost.
    #[test]
    fn loads_sum_to_the_offered_rate_whatever_happens(
        seed in 0_u64..1_000, replicas in 1_u32..6, delay in 0.0..8.0_f64, sigma in 0.0..0.3_f64, together: bool, kind in 0..3,
    ) {
        let behavior = Behavior {
            crash: Some(exponential(3_000.0)),
            hang: Some(Hang { after: exponential(3_000.0), lasts: exponential(60.0) }),
            ready: exponential(5.0),
            ..Behavior::default()
        };
        let mut app = container("app", 500, behavior);
        (app.readiness, app.liveness, app.cpu_limit) = (Some(probe(5, 2)), Some(probe(10, 3)), Some(60));
        let mut spec = served(replicas, 2, vec![app]);
        spec.seed = sim_core::engine::random::Seed(seed);
        spec.duration = SimSpan::from_secs(20_000);
        let about = &mut spec.traffic[0];
        about.together = together;
        about.propagation = if delay < 1.0 { constant(0.0) } else { exponential(delay) };
        about.noise = (sigma > 0.1).then_some(RateNoise { step: SimSpan::from_secs(300), sigma, phi: 0.9 });
        about.to[0].cache = (sigma > 0.2).then_some(Cache {
            start: 0.0, warm: 0.95, pace: Pace::Age(300.0), miss_cpu: 0.001, miss_latency: 0.01, ready_at: None,
        });
        about.rate = match kind {
            0 => Rate::Constant(40.0),
            1 => Rate::Daily { mean: 40.0, amplitude: 0.5, rise: 0.0 },
            _ => Rate::Steps((0..10).map(|step| (SimTime::from_nanos(step * 2_000_000_000_000), 10.0 * step as f64)).collect()),
        };
        let outcome = audited(&spec, 5);
        let sums = traffic(&outcome);
        prop_assert!(close(sums.offered, sums.served + sums.failed(), 1e-9));
        prop_assert!(sums.served > 0.0 && sums.failed() > 0.0);
    }
}
