//! From the binding to the last container: what comes after what.

use crate::support::pods::{another_image, app, deleted, init, pod, runs, secs, sidecar, sleep, steady, stops, with_bad_image};
use crate::support::told::told;
use sim_core::spec::{AttachedVolume, Claim, ClaimState, ContainerSpec, Distribution, RestartPolicy, Spec, Volume};

/// Each container with an image of its own, which takes half a second to ask for.
fn with_images(mut spec: Spec) -> Spec {
    let count = spec.templates.rows()[0].containers.len();
    let images: Vec<_> = (0..count).map(|number| another_image(&mut spec, &format!("image:{number}"))).collect();
    for (container, image) in spec.templates.rows_mut()[0].containers.iter_mut().zip(images) {
        container.image = image;
    }
    spec.registry.round_trip = 0.5;
    spec
}

#[test]
fn a_start_is_volumes_sandbox_address_init_containers_sidecars_and_containers_in_order() {
    let main = ContainerSpec { post_start: Some(sleep(2)), ..app("M", steady()) };
    let containers = vec![init("A", runs(1.0, 0)), sidecar("S", steady()), main, app("N", steady())];
    let mut spec = with_images(pod(RestartPolicy::Always, containers));
    spec.templates.rows_mut()[0].volumes = 1;
    let span = Distribution::Constant;
    (spec.kubelet.volumes, spec.kubelet.sandbox, spec.kubelet.network) = (span(0.1), span(0.3), span(0.1));
    spec.kubelet.container_start = span(0.1);
    let told = told(&spec);
    let reasons = ["Created", "Scheduled", "SandboxReady", "Pulling", "Pulled", "Started", "Terminated", "Ready"];
    #[rustfmt::skip]
    assert_eq!(told.only(&reasons), [
        "0 Created", "0 Scheduled", "0.5 SandboxReady",
        "0.5 A Pulling", "1 A Pulled", "1.1 A Started", "2.1 A exit 0",
        "2.1 S Pulling", "2.6 S Pulled", "2.7 S Started",
        "2.7 M Pulling", "3.2 M Pulled", "3.3 M Started",
        "5.3 N Pulling", "5.8 N Pulled", "5.9 N Started",
        "5.9 Ready=true",
    ], "N is not even pulled before M's postStart handler has returned");
}

#[test]
fn what_has_started_is_seen_running_at_the_next_relist() {
    let mut spec = pod(RestartPolicy::Always, vec![app("M", steady()), app("N", steady())]);
    let span = Distribution::Constant;
    (spec.control_plane.watch, spec.control_plane.bind) = (span(0.01), span(0.02));
    (spec.kubelet.sandbox, spec.kubelet.network, spec.kubelet.container_start) = (span(0.3), span(0.1), span(0.1));
    spec.kubelet.relist = secs(1.0);
    spec.templates.rows_mut()[0].volumes = 1;
    spec.kubelet.volumes = span(0.1);
    spec.pools.rows_mut()[0].shape.images = vec![sim_core::table::ImageId(0)];
    let reasons = ["Created", "Scheduled", "SandboxReady", "Pulling", "Started", "Ready"];
    #[rustfmt::skip]
    assert_eq!(told(&spec).only(&reasons), [
        "0 Created", "0.03 Scheduled", "0.54 SandboxReady", "0.64 M Started", "0.74 N Started", "1 Ready=true",
    ]);
}

#[test]
fn a_regular_container_that_fails_does_not_stop_the_ones_after_it() {
    let mut spec = with_bad_image(pod(RestartPolicy::Always, vec![app("X", steady()), app("Y", steady())]), 0, 25.0);
    spec.kubelet.resync = secs(10.0);
    let told = told(&spec);
    assert_eq!(told.starts("Y"), [0.001], "the failed pull took a millisecond");
    let (failed, started) = (told.times(0, "X", "Failed"), told.starts("X"));
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!((10.0..=15.1).contains(&failed[1]), "a sync that failed comes again after 10 to 15 s: {failed:?}");
    // The window of 20 s since the second failure ends between two syncs.
    assert!(started.len() == 1 && (failed[1] + 20.0..=failed[1] + 35.0).contains(&started[0]), "{failed:?} {started:?}");
    assert_eq!(told.times(0, "", "Ready"), started);
}

#[test]
fn an_init_container_that_fails_stops_everything_after_it() {
    let containers = vec![init("A", runs(1.0, 0)), sidecar("S", steady()), app("M", steady())];
    for (bad, blocked) in [(0, ["S", "M"].as_slice()), (1, &["M"])] {
        let told = told(&with_bad_image(pod(RestartPolicy::Always, containers.clone()), bad, 25.0));
        for name in blocked {
            // Failures at 0 and 10 s; the window of 20 s then ends after the fault.
            let started = told.starts(name);
            assert!(started.len() == 1 && (30.0..=32.1).contains(&started[0]), "{name}: {started:?}");
        }
    }
}

#[test]
fn a_sidecar_that_fails_holds_up_what_follows_only_until_the_pod_is_initialised() {
    let spec = pod(RestartPolicy::Always, vec![sidecar("S", runs(1.0, 1)), app("M", runs(5.0, 1))]);
    let told = told(&spec);
    assert_eq!(told.starts("S")[..5], [0.0, 1.0, 12.0, 33.0, 74.0]);
    assert_eq!(told.starts("M")[..5], [0.0, 5.0, 20.0, 45.0, 90.0], "each by its own back-off");
}

#[test]
fn a_failed_sync_comes_again_after_ten_to_fifteen_seconds() {
    let mut spec = pod(RestartPolicy::Always, vec![ContainerSpec { pull: sim_core::spec::PullPolicy::Never, ..app("M", steady()) }]);
    spec.kubelet.resync = secs(10.0);
    let tries = told(&spec).times(0, "M", "ErrImageNeverPull");
    let gaps: Vec<f64> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.len() > 60 && gaps.iter().all(|gap| (10.0..=15.0).contains(gap)), "{gaps:?}");
    let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
    assert!((12.0..13.0).contains(&mean), "uniformly: {mean}");
}

#[test]
fn volumes_that_take_long_are_waited_for_two_minutes_and_three_seconds_at_a_time() {
    let mut spec = pod(RestartPolicy::Always, vec![app("M", steady())]);
    let name = spec.symbols.intern("data");
    let volume = Volume { attached: None::<AttachedVolume>, ..Volume::default() };
    let template = &mut spec.templates.rows_mut()[0];
    template.claims = vec![Claim { name, ephemeral: true, once_pod: false, state: ClaimState::Bound(volume) }];
    (template.volumes, template.attached_volumes) = (1, 1);
    (spec.kubelet.attach, spec.kubelet.volumes) = (Distribution::Constant(198.0), Distribution::Constant(2.0));
    spec.kubelet.resync = secs(10.0);
    let told = told(&spec);
    assert_eq!(told.only(&["FailedMount", "SandboxReady"]), ["123 FailedMount", "200 SandboxReady"], "attaching goes on meanwhile");
}

#[test]
fn a_post_start_handler_that_fails_has_its_container_stopped_and_started_again() {
    let mut main = ContainerSpec { post_start: Some(sim_core::spec::Hook::Handler), ..app("M", stops(0.5, 143)) };
    (main.behavior.post_start, main.behavior.post_start_failure) = (Distribution::Constant(2.0), 1.0);
    let mut spec = pod(RestartPolicy::Always, vec![main.clone(), app("N", steady())]);
    spec.duration = secs(20.0);
    let reasons = ["Started", "FailedPostStartHook", "Killing", "Terminated", "BackOff"];
    #[rustfmt::skip]
    let want = [
        "0 M Started", "2 M FailedPostStartHook", "2 M Killing", "2.5 M exit 143",
        "2.5 N Started",
        "2.5 M Started", "4.5 M FailedPostStartHook", "4.5 M Killing", "5 M exit 143",
        "5 M BackOff 10",
        "15 M Started", "17 M FailedPostStartHook", "17 M Killing", "17.5 M exit 143",
        "17.5 M BackOff 20",
    ];
    assert_eq!(told(&spec).only(&reasons), want, "N is tried in the sync in which M failed");
    // Where the policy forbids it there is no second start.
    let spec = pod(RestartPolicy::Never, vec![main.clone()]);
    assert_eq!(told(&spec).only(&["Started", "Terminated", "Moved"]).last().unwrap(), "2.5 Failed");
    // The grace period of a probe is no matter of a hook.
    main.startup = Some(sim_core::spec::Probe { grace: Some(secs(5.0)), ..crate::support::pods::probe(10, 3) });
    main.behavior.shutdown = Distribution::Constant(1e6);
    let told = told(&pod(RestartPolicy::Never, vec![main]));
    assert_eq!(told.only(&["Terminated"]), ["32 M exit 137"], "30 s after the handler failed");
}

#[test]
fn a_pod_without_a_node_is_gone_at_once_when_it_is_deleted() {
    let mut spec = deleted(pod(RestartPolicy::Always, vec![app("M", steady())]), 100.0);
    spec.templates.rows_mut()[0].requests = crate::support::amount(99_000, 1);
    let told = told(&spec);
    assert_eq!(told.only(&["Created", "Scheduled", "Deleting", "Removed"]), ["0 Created", "100 Deleting", "100 Removed"]);
}
