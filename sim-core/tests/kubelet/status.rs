//! Phases and conditions as the API would show them over a life.

use crate::support::pods::{app, deleted, fault, init, pod, probe, runs, serves, sidecar, steady, stops, with_bad_image};
use crate::support::told::{at, told};
use sim_core::cluster::{ExitReason, Phase};
use sim_core::measure::{ConditionKind, ContainerSituation};
use sim_core::spec::{ContainerSpec, Distribution, FaultKind, Hook, NodeFault, RestartPolicy, Spec};
use sim_core::table::NodeId;
use sim_core::units::SimSpan;

#[test]
fn the_phase_is_that_of_the_worked_examples() {
    use RestartPolicy::{Always, Never, OnFailure};
    let two = |first, second| vec![app("c1", first), app("c2", second)];
    let stopping = |code| deleted(pod(Always, vec![app("M", stops(1.0, code))]), 50.0);
    #[rustfmt::skip]
    let table = [
        ("P1", with_bad_image(pod(Always, two(steady(), steady())), 1, 1e5),                   50.0, Phase::Pending),
        ("P2", pod(Always, two(steady(), runs(1.0, 1))),                                       50.0, Phase::Running),
        ("P3", pod(OnFailure, two(runs(1.0, 0), runs(2.0, 0))),                                2.0,  Phase::Succeeded),
        ("P4", pod(OnFailure, two(runs(1.0, 0), runs(2.0, 1))),                                50.0, Phase::Running),
        ("P5", pod(Never, two(runs(1.0, 0), runs(2.0, 1))),                                    2.0,  Phase::Failed),
        ("P5, the first alone",   pod(Never, two(runs(1.0, 1), runs(9.0, 0))),                 5.0,  Phase::Running),
        ("P6", pod(Never, vec![init("A", runs(1.0, 1)), app("M", steady())]),                  1.0,  Phase::Failed),
        ("P6, before",            pod(Never, vec![init("A", runs(1.0, 1)), app("M", steady())]), 0.5, Phase::Pending),
        ("P7, the sidecar runs",  pod(Never, vec![sidecar("S", stops(5.0, 1)), app("M", runs(10.0, 0))]), 14.0, Phase::Running),
        ("P7, it was stopped",    pod(Never, vec![sidecar("S", stops(5.0, 1)), app("M", runs(10.0, 0))]), 15.0, Phase::Succeeded),
        ("P8, SIGTERM",           stopping(143),                                               50.5, Phase::Running),
        ("P8",                    stopping(143),                                               51.0, Phase::Failed),
        ("P9",                    stopping(0),                                                 51.0, Phase::Succeeded),
    ];
    for (name, spec, secs, want) in table {
        assert_eq!(told(&spec).status(secs).phase(), want, "{name}");
    }
}

/// Each change of a condition's value in a Pod's life, with its reason.
fn changes(spec: &Spec) -> Vec<String> {
    let mut known: Vec<(ConditionKind, bool)> = Vec::new();
    let mut lines = Vec::new();
    let told = told(spec);
    for (time, status) in told.statuses() {
        // What flips and flips back within an instant is not seen.
        for condition in &told.status(time.as_secs_f64()).conditions {
            let before = known.iter().position(|(kind, _)| *kind == condition.kind);
            if before.is_some_and(|row| known[row].1 == condition.status) || status.created.is_none() {
                continue;
            }
            assert_eq!(condition.since, Some(time), "a condition's time moves only with its value");
            before.map(|row| known.remove(row));
            known.push((condition.kind, condition.status));
            let reason = condition.reason.map(|reason| format!(" {reason}")).unwrap_or_default();
            lines.push(format!("{} {:?}={}{reason}", time.as_secs_f64(), condition.kind, condition.status));
        }
    }
    lines
}

#[test]
fn conditions_come_true_in_their_order_and_follow_the_probes() {
    let sidecar = ContainerSpec { startup: Some(probe(1, 30)), ..sidecar("S", serves(2.0)) };
    let main = ContainerSpec { readiness: Some(probe(10, 3)), ..app("M", serves(3.0)) };
    let mut spec = deleted(pod(RestartPolicy::Always, vec![init("A", runs(3.0, 0)), sidecar, main]), 50.0);
    let span = Distribution::Constant;
    (spec.kubelet.sandbox, spec.kubelet.network) = (span(0.25), span(0.25));
    spec.templates.rows_mut()[0].containers[2].behavior.shutdown = span(2.0);
    #[rustfmt::skip]
    assert_eq!(changes(&spec), [
        "0 PodScheduled=true",
        "0 PodReadyToStartContainers=false",
        "0 Initialized=false ContainersNotInitialized",
        "0 ContainersReady=false ContainersNotReady",
        "0 Ready=false ContainersNotReady",
        "0.5 PodReadyToStartContainers=true",
        "6 Initialized=true",
        "16 ContainersReady=true",
        "16 Ready=true",
        "52 PodReadyToStartContainers=false",
        "52 ContainersReady=false PodCompleted",
        "52 Ready=false PodCompleted",
    ], "it is shown as ready until its containers have stopped");
}

#[test]
fn a_pod_stays_initialised_though_its_sidecar_restarts() {
    let spec = pod(RestartPolicy::Always, vec![sidecar("S", runs(30.0, 1)), app("M", steady())]);
    let told = told(&spec);
    assert!(told.starts("S").len() > 5);
    let flips = |kind| {
        let all: Vec<bool> = told
            .statuses()
            .iter()
            .flat_map(|(_, status)| status.conditions.clone())
            .filter(|condition| condition.kind == kind)
            .map(|condition| condition.status)
            .collect();
        all.windows(2).filter(|pair| pair[0] != pair[1]).count()
    };
    assert!(flips(ConditionKind::Initialized) <= 1 && flips(ConditionKind::Ready) > 5, "but it is not ready meanwhile");
}

#[test]
fn what_ends_says_why_it_is_not_ready() {
    #[rustfmt::skip]
    let table = [(0, "PodCompleted"), (1, "PodFailed")];
    for (code, want) in table {
        let status = told(&pod(RestartPolicy::Never, vec![app("M", runs(5.0, code))])).status(5.0);
        for kind in [ConditionKind::ContainersReady, ConditionKind::Ready] {
            let condition = status.conditions.iter().find(|condition| condition.kind == kind).unwrap();
            assert_eq!((condition.status, condition.reason, condition.since), (false, Some(want), Some(at(5.0))));
        }
    }
}

#[test]
fn a_pod_that_no_node_takes_is_not_scheduled_for_a_reason() {
    let mut spec = pod(RestartPolicy::Always, vec![app("M", steady())]);
    spec.templates.rows_mut()[0].requests = crate::support::amount(99_000, 1);
    assert_eq!(changes(&spec), ["0 PodScheduled=false Unschedulable"]);
}

#[test]
fn a_pod_whose_node_is_out_of_reach_is_the_target_of_a_disruption() {
    let mut spec = pod(RestartPolicy::Always, vec![app("M", steady())]);
    let kind = FaultKind::Node { what: NodeFault::Crash, lasts: Distribution::Constant(600.0), nodes: vec![NodeId(0)] };
    spec.faults.push(fault(kind, 100.0));
    // Evictions stop where no node is ready: there is another one.
    spec.pools.rows_mut()[0].count = 2;
    let changes = changes(&spec);
    let disrupted: Vec<&String> = changes.iter().filter(|line| line.contains("DisruptionTarget")).collect();
    assert_eq!(disrupted.len(), 1, "{changes:?}");
    assert!(disrupted[0].ends_with("DisruptionTarget=true DeletionByTaintManager"));
}

#[test]
fn containers_wait_run_and_end_with_the_reasons_of_the_api() {
    use ContainerSituation::{Running, Terminated, Waiting};
    let waiting = |spec: &Spec, index: usize, secs: f64| match told(spec).status(secs).containers[index].state {
        Waiting(reason) => reason,
        other => panic!("{other:?}"),
    };
    let never = ContainerSpec { pull: sim_core::spec::PullPolicy::Never, ..app("M", steady()) };
    let mut hooked = ContainerSpec { post_start: Some(Hook::Handler), ..app("M", steady()) };
    hooked.behavior.post_start_failure = 1.0;
    let with_init = || vec![init("A", runs(3.0, 0)), app("M", steady())];
    let mut failed = pod(RestartPolicy::Always, vec![hooked]);
    (failed.kubelet.relist, failed.kubelet.container_start) = (SimSpan::from_secs(1), Distribution::Constant(0.25));
    let mut slow = pod(RestartPolicy::Always, vec![app("M", steady())]);
    slow.kubelet.sandbox = Distribution::Constant(10.0);
    #[rustfmt::skip]
    let table = [
        ("ContainerCreating",  slow,                                                                           0, 5.0),
        ("PodInitializing",    pod(RestartPolicy::Always, with_init()),                                        1, 2.0),
        ("ErrImagePull",       with_bad_image(pod(RestartPolicy::Always, vec![app("M", steady())]), 0, 1e5),   0, 0.5),
        ("ImagePullBackOff",   with_bad_image(pod(RestartPolicy::Always, vec![app("M", steady())]), 0, 1e5),   0, 5.0),
        ("ErrImageNeverPull",  pod(RestartPolicy::Always, vec![never]),                                        0, 5.0),
        ("PostStartHookError", failed,                                                                         0, 0.5),
        ("CrashLoopBackOff",   pod(RestartPolicy::Always, vec![app("M", runs(1.0, 1))]),                       0, 5.0),
    ];
    for (want, spec, index, secs) in table {
        assert_eq!(waiting(&spec, index, secs), want);
    }
    let spec = pod(RestartPolicy::Always, vec![app("M", runs(30.0, 3))]);
    let told = told(&spec);
    let (first, second) = (&told.status(20.0).containers[0], &told.status(50.0).containers[0]);
    assert_eq!((first.state, first.restarts, first.last), (Running(Some(at(0.0))), 0, None));
    assert_eq!((second.state, second.restarts), (Running(Some(at(30.0))), 1));
    let end = second.last.unwrap();
    assert_eq!((end.code, end.reason, end.started_at, end.finished_at), (3, ExitReason::Error, Some(at(0.0)), at(30.0)));
    let spec = pod(RestartPolicy::Never, vec![app("M", runs(30.0, 0))]);
    assert!(matches!(crate::support::told::told(&spec).status(40.0).containers[0].state, Terminated(end) if end.code == 0));
}
