//! Images as kubelets have them: limits, shared bandwidth, layers and collection, in whole runs with the auditor beside them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use sim_core::measure::Outcome;
use sim_core::spec::{
    Behavior, Controller, Deployment, Distribution, Image, Layer, Portion, PullPolicy, Registry, Releases, Replicas, RestartPolicy, Source,
    Spec, Symbols, Warmup,
};
use sim_core::table::{ImageId, LayerId};
use sim_core::units::{Bytes, SimSpan};
use support::{audited, cluster, container, exponential, template, without_overheads, workload};

/// A Deployment of `replicas` Pods that starts on an empty cluster of `nodes` nodes, where only images take time.
fn starting(replicas: u32, nodes: u32, pull: PullPolicy, registry: Registry) -> Spec {
    let mut symbols = Symbols::default();
    let mut app = container("app", 10, Behavior::default());
    app.pull = pull;
    let template = template(&mut symbols, RestartPolicy::Always, vec![app]);
    let (max_surge, max_unavailable) = (Portion::Percent(25), Portion::Percent(25));
    let deployment = Deployment { replicas: Replicas::Fixed(replicas), max_surge, max_unavailable, releases: None, scaling: Vec::new() };
    let work = workload(Controller::Deployment(deployment), Source::Standing { instances: 1 });
    let mut spec = cluster(nodes, 16_000, template, symbols, work);
    without_overheads(&mut spec);
    spec.kubelet.resync = SimSpan::from_secs(10);
    (spec.registry, spec.warmup, spec.duration) = (registry, Warmup::Span(SimSpan::ZERO), SimSpan::from_secs(600));
    spec
}

fn slowest(outcome: &Outcome) -> f64 {
    outcome.startup.running.quantile(1.0).unwrap()
}

#[test]
fn of_thirty_pods_that_always_pull_ten_pass_and_twenty_fail_and_come_back() {
    let registry = Registry { serial: false, ..Registry::default() };
    let outcome = audited(&starting(30, 1, PullPolicy::Always, registry), 7);
    let images = outcome.startup.images;
    assert_eq!((images.qps_exceeded, outcome.pods.running.level()), (20, 30), "{:?} {}", images, slowest(&outcome));
    assert!((10.0..=26.0).contains(&slowest(&outcome)), "the last starts after {} s", slowest(&outcome));
}

#[test]
fn in_serial_mode_the_limit_is_not_hit() {
    let outcome = audited(&starting(30, 1, PullPolicy::Always, Registry::default()), 7);
    assert_eq!((outcome.startup.images.qps_exceeded, outcome.startup.pulls, outcome.startup.pull_hits), (0, 1, 29));
}

#[test]
fn nodes_share_what_the_registry_sends() {
    for (total, want) in [(f64::INFINITY, 2.0), (100e6, 4.0)] {
        let registry = Registry { bandwidth: 50e6, total_bandwidth: total, unpack: f64::INFINITY, round_trip: 0.0, ..Registry::default() };
        let mut spec = starting(4, 4, PullPolicy::IfNotPresent, registry);
        spec.pools.rows_mut()[0].shape.pods_max = 1;
        let outcome = audited(&spec, 3);
        assert!((slowest(&outcome) - want).abs() < 0.2, "{} s at {total} bytes a second", slowest(&outcome));
    }
}

#[test]
fn an_image_that_is_never_pulled_and_not_there_keeps_its_pod_from_running() {
    let outcome = audited(&starting(1, 1, PullPolicy::Never, Registry::default()), 7);
    let tries = outcome.startup.images.never_pulled;
    assert_eq!(outcome.pods.running.level(), 0);
    assert!((40..=61).contains(&tries), "one try every 10 to 15 s of 600: {tries}");
}

#[test]
fn images_are_collected_where_a_disk_fills_and_the_books_balance() {
    let registry = Registry { disk: Some(500_000_000), ..Registry::default() };
    let mut spec = starting(4, 2, PullPolicy::IfNotPresent, registry);
    let Controller::Deployment(deployment) = &mut spec.workloads.rows_mut()[0].controller else { unreachable!() };
    deployment.releases = Some(Releases { every: exponential(1_000.0), new_bytes: 0.6 });
    spec.images.rows_mut()[ImageId(0).0 as usize] =
        Image { layers: vec![Layer { id: LayerId(0), size: Bytes(30_000_000) }], ..Image::new("app:1", Bytes(100_000_000)) };
    spec.workloads.rows_mut()[0].lifetime = Some(Distribution::Constant(5_000.0));
    spec.duration = SimSpan::from_secs(40_000);
    let images = audited(&spec, 11).startup.images;
    assert!(images.collections > 3 && images.collected > 500_000_000, "{images:?}");
}
