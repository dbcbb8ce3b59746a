//! How containers and Pods are stopped, end to end.

use crate::support::pods::{FOREVER, app, deleted, pod, probe, runs, secs, sidecar, sleep, steady, stops, with_bad_image};
use crate::support::told::told;
use sim_core::spec::{ContainerSpec, Distribution, Hook, RestartPolicy, Spec};

/// A Pod of one container with a `preStop` handler that sleeps, which leaves some time after SIGTERM; it is deleted at 100 s.
fn stopping(pre_stop: Option<u64>, leaves: f64, grace: f64) -> Spec {
    let main = ContainerSpec { pre_stop: pre_stop.map(sleep), ..app("M", stops(leaves, 0)) };
    let mut spec = deleted(pod(RestartPolicy::Always, vec![main]), 100.0);
    spec.templates.rows_mut()[0].grace = secs(grace);
    spec
}

#[test]
fn a_container_stops_as_in_the_worked_examples() {
    #[rustfmt::skip]
    let table = [
        ("T1: heeds SIGTERM",                 stopping(None,     0.2,     30.0), "100.2 M exit 0"),
        ("T2: ignores it",                    stopping(None,     FOREVER, 30.0), "130 M exit 137"),
        ("T3: a handler of 10 s",             stopping(Some(10), FOREVER, 30.0), "130 M exit 137"),
        ("T3, but heeds SIGTERM at 10 s",     stopping(Some(10), 0.2,     30.0), "110.2 M exit 0"),
        ("T4: a handler of 60 s is given up", stopping(Some(60), FOREVER, 30.0), "132 M exit 137"),
        ("T5: no grace",                      stopping(Some(60), FOREVER, 0.0),  "103 M exit 137"),
        ("T5, and no handler",                stopping(None,     FOREVER, 0.0),  "102 M exit 137"),
    ];
    for (name, spec, want) in table {
        let told = told(&spec);
        assert_eq!(told.only(&["Terminated"]), [want], "{name}");
        assert_eq!(told.only(&["Deleting", "Killing"]), ["100 Deleting", "100 M Killing"], "{name}");
        assert_eq!(told.starts("M"), [0.0], "{name}: what is deleted is not restarted");
        let end = told.times(0, "M", "Terminated");
        assert_eq!(told.times(0, "", "Removed"), end, "{name}: nothing is left to wait for");
    }
}

#[test]
fn sidecars_stop_after_the_regular_containers_in_reverse_order() {
    let spec = |main: f64, one: f64| {
        let containers = vec![sidecar("S1", stops(one, 0)), sidecar("S2", stops(one, 0)), app("M", stops(main, 0)), app("N", steady())];
        deleted(pod(RestartPolicy::Always, containers), 100.0)
    };
    let ends = |spec: &Spec| told(spec).only(&["Terminated"]);
    assert_eq!(ends(&spec(12.0, 1.0)), ["100 N exit 0", "112 M exit 0", "113 S2 exit 0", "114 S1 exit 0"], "T6");
    let mut late = ends(&spec(FOREVER, FOREVER));
    late[2..].sort();
    assert_eq!(late, ["100 N exit 0", "130 M exit 137", "132 S1 exit 137", "132 S2 exit 137"], "T7");
}

#[test]
fn handlers_of_sidecars_do_not_wait_for_their_turn() {
    let sidecar = ContainerSpec { pre_stop: Some(sleep(11)), ..sidecar("S", stops(1.0, 0)) };
    let told = told(&deleted(pod(RestartPolicy::Always, vec![sidecar, app("M", stops(12.0, 0))]), 100.0));
    assert_eq!(told.only(&["Terminated"]), ["112 M exit 0", "113 S exit 0"], "the handler ran beside M's stop");
}

#[test]
fn a_pre_stop_handler_runs_before_a_stop_and_not_when_a_container_exits_by_itself() {
    let main = ContainerSpec { pre_stop: Some(sleep(10)), ..app("M", stops(0.5, 0)) };
    // A liveness kill: failures at 10, 20 and 30 s.
    let mut hung = ContainerSpec { liveness: Some(probe(10, 3)), ..main.clone() };
    hung.behavior.ready = Distribution::Constant(15.0);
    let mut dead = hung.clone();
    dead.behavior.ready = Distribution::Constant(FOREVER);
    assert!(told(&pod(RestartPolicy::Always, vec![hung])).only(&["Terminated"]).is_empty());
    let told_dead = told(&pod(RestartPolicy::Always, vec![dead]));
    assert_eq!(told_dead.only(&["Killing", "Terminated"])[..2], ["20 M Killing", "30.5 M exit 0"]);
    let by_itself = ContainerSpec { behavior: runs(50.0, 1), ..main };
    assert_eq!(told(&pod(RestartPolicy::Always, vec![by_itself])).starts("M")[..2], [0.0, 50.0]);
}

#[test]
fn a_handler_takes_what_the_behaviour_says() {
    let mut main = ContainerSpec { pre_stop: Some(Hook::Handler), ..app("M", stops(0.5, 0)) };
    main.behavior.pre_stop = Distribution::Constant(7.0);
    assert_eq!(told(&deleted(pod(RestartPolicy::Always, vec![main]), 100.0)).only(&["Terminated"]), ["107.5 M exit 0"]);
}

#[test]
fn a_pod_that_is_deleted_ends_by_the_exit_codes_of_its_regular_containers() {
    #[rustfmt::skip]
    let table = [
        ("P8", vec![app("M", stops(1.0, 143))],                                   "101 Failed"),
        ("P9", vec![app("M", stops(1.0, 0))],                                     "101 Succeeded"),
        ("one of two", vec![app("M", stops(1.0, 0)), app("N", stops(2.0, 143))],  "102 Failed"),
        ("a sidecar", vec![sidecar("S", stops(1.0, 143)), app("M", stops(1.0, 0))], "102 Succeeded"),
        ("waiting for a restart", vec![app("M", runs(1.0, 1)), app("N", steady())], "100 Failed"),
    ];
    for (name, containers, want) in table {
        let told = told(&deleted(pod(RestartPolicy::Always, containers), 100.0));
        assert_eq!(told.only(&["Moved"]).last().unwrap(), want, "{name}");
    }
}

#[test]
fn a_pod_that_may_only_be_active_for_so_long_fails_after_its_normal_grace_period() {
    let mut spec = pod(RestartPolicy::Always, vec![app("M", stops(FOREVER, 0))]);
    spec.templates.rows_mut()[0].active_deadline = Some(secs(60.0));
    let told_running = told(&spec);
    assert_eq!(told_running.only(&["DeadlineExceeded", "Killing", "Terminated"]), ["60 DeadlineExceeded", "60 M Killing", "90 M exit 137"]);
    assert_eq!(told_running.only(&["Moved"]).last().unwrap(), "90 Failed");
    // It counts for one that has not come up, too, and a good exit does not make it better.
    let mut pending = with_bad_image(pod(RestartPolicy::Always, vec![app("M", steady())]), 0, 1e5);
    pending.templates.rows_mut()[0].active_deadline = Some(secs(60.0));
    assert_eq!(told(&pending).only(&["Moved"]).last().unwrap(), "60 Failed");
    let mut good = pod(RestartPolicy::Never, vec![app("M", stops(1.0, 0))]);
    good.templates.rows_mut()[0].active_deadline = Some(secs(60.0));
    assert_eq!(told(&good).only(&["Moved"]).last().unwrap(), "61 Failed");
}

#[test]
fn the_end_of_a_pod_is_noticed_at_a_relist_and_its_object_goes_after_the_clean_up() {
    let mut spec = stopping(None, 0.2, 30.0);
    spec.kubelet.relist = secs(1.0);
    (spec.kubelet.teardown, spec.kubelet.cleanup) = (Distribution::Constant(0.5), Distribution::Constant(1.5));
    let told = told(&spec);
    #[rustfmt::skip]
    assert_eq!(told.only(&["Terminated", "SandboxGone", "Removed"]), ["100.2 M exit 0", "101.5 SandboxGone", "103 Removed"]);
    assert_eq!(told.only(&["Moved"]).last().unwrap(), "101 Succeeded");
}
