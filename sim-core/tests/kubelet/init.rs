//! Init containers and native sidecars.

use crate::support::pods::{FOREVER, app, deleted, fault, init, pod, probe, runs, secs, serves, sidecar, steady, stops};
use crate::support::told::told;
use sim_core::spec::{ContainerFault, ContainerSpec, Controller, Distribution, FaultKind, Job, NodeFault, RestartPolicy};
use sim_core::table::{NodeId, TemplateId};

/// init = [A (runs 3 s), S (sidecar, its startup probe passes 2 s after its start), B (runs 1 s)], main M.
fn worked() -> Vec<ContainerSpec> {
    let sidecar = ContainerSpec { startup: Some(probe(1, 30)), ..sidecar("S", serves(2.0)) };
    vec![init("A", runs(3.0, 0)), sidecar, init("B", runs(1.0, 0)), app("M", steady())]
}

#[test]
fn init_containers_and_sidecars_go_as_in_the_worked_example() {
    let reasons = ["Started", "Terminated", "Passed"];
    #[rustfmt::skip]
    let ideal = ["0 A Started", "3 A exit 0", "3 S Started", "5 S Passed Startup", "5 B Started", "6 B exit 0", "6 M Started"];
    assert_eq!(told(&pod(RestartPolicy::Always, worked())).only(&reasons), ideal);
    // With relists at whole seconds each transition is noticed later; the probe ticks since the Pod's first sync.
    let mut spec = pod(RestartPolicy::Always, worked());
    (spec.kubelet.relist, spec.kubelet.container_start) = (secs(1.0), Distribution::Constant(0.1));
    #[rustfmt::skip]
    let noticed = [
        "0.1 A Started", "3.1 A exit 0", "4.1 S Started", "7 S Passed Startup", "7.1 B Started", "8.1 B exit 0", "9.1 M Started",
    ];
    let told = told(&spec);
    assert_eq!(told.only(&reasons), noticed);
    assert_eq!(told.only(&["Ready"]), ["10 Ready=true"]);
}

#[test]
fn readiness_and_liveness_of_a_sidecar_do_not_hold_up_the_next_container() {
    let mut sidecar = sidecar("S", serves(20.0));
    (sidecar.readiness, sidecar.liveness) = (Some(probe(5, 3)), Some(probe(60, 3)));
    let told = told(&pod(RestartPolicy::Always, vec![sidecar, app("M", steady())]));
    assert_eq!(told.starts("M"), [0.0]);
    assert_eq!(told.only(&["Ready"]), ["20 Ready=true"], "but they count for the Pod");
}

#[test]
fn a_failed_init_container_ends_a_pod_that_never_restarts_and_is_tried_again_elsewhere() {
    for policy in [RestartPolicy::Always, RestartPolicy::OnFailure, RestartPolicy::Never] {
        let told = told(&pod(policy, vec![init("A", runs(1.0, 1)), app("M", steady())]));
        assert!(told.starts("M").is_empty(), "{policy:?}");
        let ended = told.only(&["Moved"]).into_iter().any(|line| line == "1 Failed");
        if policy == RestartPolicy::Never {
            assert!(ended && told.starts("A") == [0.0]);
        } else {
            assert_eq!(told.starts("A"), [0.0, 1.0, 12.0, 33.0, 74.0, 155.0, 316.0, 617.0, 918.0], "{policy:?}");
            assert!(!ended);
        }
    }
}

#[test]
fn a_pod_goes_on_once_its_init_container_succeeds() {
    let mut spec = pod(RestartPolicy::Always, vec![init("A", runs(1.0, 0)), app("M", steady())]);
    let what = ContainerFault::InitFailure(Distribution::Constant(20.0));
    spec.faults.push(fault(FaultKind::Container { what, containers: vec![(TemplateId(0), 0)] }, 0.0));
    let told = told(&spec);
    #[rustfmt::skip]
    assert_eq!(told.only(&["Started", "Terminated"]), [
        "0 A Started", "1 A exit 1", "1 A Started", "2 A exit 1", "12 A Started", "13 A exit 1", "33 A Started", "34 A exit 0", "34 M Started",
    ]);
}

#[test]
fn a_sidecar_is_restarted_whatever_the_policy_while_the_pod_runs() {
    let mut spec = pod(RestartPolicy::Never, vec![sidecar("S", runs(10.0, 0)), app("M", runs(100.0, 0))]);
    spec.duration = secs(300.0);
    let told = told(&spec);
    assert_eq!(told.starts("S"), [0.0, 10.0, 30.0, 60.0], "not at 110 s, when the window of 40 s is over: M has finished");
    assert_eq!(told.only(&["Moved"]).last().unwrap(), "100 Succeeded");
}

#[test]
fn a_sidecar_is_not_restarted_once_its_pod_is_being_stopped() {
    let spec = deleted(pod(RestartPolicy::Always, vec![sidecar("S", runs(10.0, 1)), app("M", stops(8.0, 0))]), 15.0);
    let told = told(&spec);
    assert_eq!(told.starts("S"), [0.0, 10.0]);
    assert_eq!(told.only(&["Terminated"]), ["10 S exit 1", "20 S exit 1", "23 M exit 0"]);
    assert_eq!(told.only(&["Moved"]).last().unwrap(), "23 Succeeded", "a sidecar's exit code is irrelevant");
}

#[test]
fn a_job_s_pod_ends_though_its_sidecar_would_run_for_ever() {
    let mut spec = pod(RestartPolicy::Never, vec![sidecar("S", stops(5.0, 1)), app("M", runs(10.0, 0))]);
    spec.workloads.rows_mut()[0].controller = Controller::Job(Job { completions: 1, parallelism: 1, backoff_limit: 0 });
    let told = told(&spec);
    assert_eq!(told.only(&["Terminated", "Killing"]), ["10 M exit 0", "10 S Killing", "15 S exit 1"]);
    assert_eq!(told.only(&["Moved"]).last().unwrap(), "15 Succeeded");
    assert_eq!((told.outcome.controllers.jobs_completed, told.outcome.controllers.jobs_failed), (1, 0));
}

/// The only node loses power at 100 s for 30 s.
fn with_crash(mut spec: sim_core::spec::Spec) -> sim_core::spec::Spec {
    let kind = FaultKind::Node { what: NodeFault::Crash, lasts: Distribution::Constant(30.0), nodes: vec![NodeId(0)] };
    spec.faults.push(fault(kind, 100.0));
    spec
}

#[test]
fn in_a_new_sandbox_everything_begins_with_the_first_init_container() {
    let told = told(&with_crash(pod(RestartPolicy::Always, worked())));
    let lines = told.only(&["Terminated", "SandboxChanged", "SandboxReady"]);
    #[rustfmt::skip]
    assert_eq!(lines[3..7], [
        "100 S exit 137 ContainerStatusUnknown", "100 M exit 137 ContainerStatusUnknown", "130 SandboxChanged", "130 SandboxReady",
    ]);
    assert_eq!((told.starts("A"), told.starts("S")), (vec![0.0, 130.0], vec![3.0, 133.0]));
    // A kubelet that was itself started a moment ago begins to probe after a random part of the period.
    let (second, main) = (told.starts("B")[1], told.starts("M")[1]);
    assert!((135.0..136.0).contains(&second) && main == second + 1.0, "{second} {main}");
}

#[test]
fn what_has_succeeded_is_not_run_again_in_a_new_sandbox_and_a_pod_that_never_restarts_has_failed() {
    let containers = || vec![app("M", runs(10.0, 0)), app("N", stops(FOREVER, 0))];
    let told_of = |policy| {
        let spec = with_crash(pod(policy, containers()));
        let told = told(&spec);
        (told.starts("M"), told.starts("N"), told.only(&["Moved"]).last().unwrap().clone())
    };
    let (main, other, _) = told_of(RestartPolicy::OnFailure);
    assert_eq!((main, other), (vec![0.0], vec![0.0, 130.0]));
    let (main, other, last) = told_of(RestartPolicy::Never);
    assert_eq!((main, other, last.as_str()), (vec![0.0], vec![0.0], "130 Failed"));
}
