//! Probes in a run: readiness, liveness, startup.

use crate::support::pods::{FOREVER, app, pod, probe, secs, serves, stops};
use crate::support::told::told;
use sim_core::spec::{Behavior, ContainerSpec, Distribution, Hang, Probe, RestartPolicy};

/// Hangs so many seconds after its start, for so long.
fn hangs(after: f64, lasts: f64) -> Behavior {
    Behavior { hang: Some(Hang { after: Distribution::Constant(after), lasts: Distribution::Constant(lasts) }), ..stops(0.5, 0) }
}

#[test]
fn readiness_is_noticed_as_in_the_worked_examples() {
    let late = Probe { initial_delay: secs(5.0), ..probe(10, 3) };
    #[rustfmt::skip]
    let table = [
        ("R1", probe(10, 3), 3.0, "10 Ready=true"),
        ("R2: the poke resets the ticks, though the delay is not over", late, 3.0, "10 Ready=true"),
        ("R3", probe(1, 3), 3.2, "4 Ready=true"),
        ("two in a row", Probe { success_threshold: 2, ..probe(10, 3) }, 3.0, "20 Ready=true"),
    ];
    for (name, readiness, ready, want) in table {
        let told = told(&pod(RestartPolicy::Always, vec![ContainerSpec { readiness: Some(readiness), ..app("M", serves(ready)) }]));
        assert_eq!(told.only(&["Ready"]), [want], "{name}");
        assert!(told.starts("M") == [0.0], "{name}: readiness never restarts");
    }
}

#[test]
fn each_sync_of_a_pod_that_is_not_ready_pokes_its_readiness_probes() {
    // N passes at 4 s; the change brings a sync, which pokes M's probe: it is seen ready then and not at its tick of 10 s.
    let main = ContainerSpec { readiness: Some(probe(10, 3)), ..app("M", serves(3.0)) };
    let other = ContainerSpec { readiness: Some(probe(4, 3)), ..app("N", serves(3.5)) };
    let told = told(&pod(RestartPolicy::Always, vec![main, other]));
    assert_eq!(told.only(&["Passed", "Ready"]), ["4 N Passed Readiness", "4 M Passed Readiness", "4 Ready=true"]);
}

#[test]
fn a_container_that_hangs_is_stopped_after_three_failures_and_killed_when_its_grace_period_is_over() {
    #[rustfmt::skip]
    let table = [
        ("R4", probe(10, 3), ["40 M Unhealthy Liveness", "40 M Killing", "70 M exit 137", "70 M Started"]),
        ("T8: the probe's own grace period", Probe { grace: Some(secs(5.0)), ..probe(10, 3) },
            ["40 M Unhealthy Liveness", "40 M Killing", "45 M exit 137", "45 M Started"]),
        ("attempts that time out", Probe { timeout: secs(1.0), ..probe(10, 3) },
            ["41 M Unhealthy Liveness", "41 M Killing", "71 M exit 137", "71 M Started"]),
    ];
    for (name, liveness, want) in table {
        let main = ContainerSpec { liveness: Some(liveness), ..app("M", hangs(12.0, FOREVER)) };
        let other = app("N", stops(0.0, 0));
        let told = told(&pod(RestartPolicy::Always, vec![main, other]));
        let reasons = ["Unhealthy", "Killing", "Terminated", "Started"];
        assert_eq!(told.only(&reasons)[2..6], want, "{name}");
        assert_eq!(told.starts("N"), [0.0], "{name}: only that container");
    }
}

#[test]
fn a_pod_that_never_restarts_fails_when_its_container_is_stopped_for_its_probe() {
    let main = ContainerSpec { liveness: Some(probe(10, 3)), ..app("M", hangs(12.0, FOREVER)) };
    let told = told(&pod(RestartPolicy::Never, vec![main]));
    assert_eq!(told.only(&["Moved"]).last().unwrap(), "70 Failed");
    assert_eq!(told.starts("M"), [0.0]);
}

#[test]
fn a_startup_probe_gives_time_up_to_its_threshold() {
    let main = |failures| ContainerSpec { startup: Some(probe(5, failures)), liveness: Some(probe(5, 1)), ..app("M", serves(42.0)) };
    let told_30 = told(&pod(RestartPolicy::Always, vec![main(30)]));
    let reasons = ["Passed", "Unhealthy", "Ready"];
    assert_eq!(told_30.only(&reasons), ["45 M Passed Startup", "45 Ready=true"], "R5: until then no other probe counts");
    // R6: failures at 0, 5 and 10 s; its process leaves half a second after SIGTERM.
    let mut short = main(3);
    short.behavior = Behavior { ready: Distribution::Constant(42.0), ..stops(0.5, 143) };
    let mut spec = pod(RestartPolicy::Always, vec![short]);
    spec.duration = secs(80.0);
    let told = told(&spec);
    assert_eq!(told.only(&["Unhealthy", "Terminated"])[..2], ["10 M Unhealthy Startup", "10.5 M exit 143"]);
    // Ticks go on from the Pod's first sync.
    assert_eq!(told.times(0, "M", "Unhealthy"), [10.0, 25.0, 40.0, 55.0]);
    // A sync that stops a container starts it again by the exit before that, which it knows; the next knows this one.
    assert_eq!(told.starts("M"), [0.0, 10.5, 25.5, 40.5, 75.5]);
    assert_eq!(told.times(0, "M", "BackOff"), [55.5]);
}

#[test]
fn a_container_that_hangs_unseen_stays() {
    let told = told(&pod(RestartPolicy::Always, vec![app("M", hangs(12.0, FOREVER))]));
    assert_eq!(told.only(&["Started", "Terminated", "Unhealthy", "Ready"]), ["0 M Started", "0 Ready=true"]);
}

#[test]
fn a_hang_takes_a_pod_out_of_service_until_it_is_over() {
    let main = ContainerSpec { readiness: Some(probe(10, 3)), ..app("M", hangs(12.0, 100.0)) };
    let mut spec = pod(RestartPolicy::Always, vec![main]);
    spec.duration = secs(200.0);
    #[rustfmt::skip]
    assert_eq!(told(&spec).only(&["Started", "Terminated", "Unhealthy", "Passed", "Ready"]), [
        "0 M Started", "0 M Passed Readiness", "0 Ready=true",
        "40 M Unhealthy Readiness", "40 Ready=false", "120 M Passed Readiness", "120 Ready=true",
    ], "it begins at 12 s and ends at 112 s");
}

#[test]
fn regular_syncs_poke_the_probe_of_a_pod_that_is_not_ready() {
    // Without them the attempt after 205 s would come at 800 s.
    let main = ContainerSpec { readiness: Some(probe(400, 3)), ..app("M", serves(205.0)) };
    let mut spec = pod(RestartPolicy::Always, vec![main]);
    assert_eq!(told(&spec).only(&["Ready"]), ["400 Ready=true"]);
    spec.kubelet.sync = secs(60.0);
    let ready = told(&spec).times(0, "", "Ready");
    assert!(ready.len() == 1 && (205.0..=295.0).contains(&ready[0]), "within one sync of 60 to 90 s: {ready:?}");
}

#[test]
fn liveness_does_not_count_before_its_delay_is_over() {
    let liveness = Probe { initial_delay: secs(100.0), ..probe(10, 3) };
    let main = ContainerSpec { liveness: Some(liveness), ..app("M", serves(FOREVER)) };
    let told = told(&pod(RestartPolicy::Always, vec![main]));
    assert_eq!(told.times(0, "M", "Unhealthy")[0], 120.0);
}
