//! Restart policies, crash loops and exit reasons.

use crate::support::pods::{app, fault, pod, probe, runs, secs, steady};
use crate::support::told::told;
use sim_core::spec::{Behavior, ContainerFault, ContainerSpec, Distribution, FaultKind, Growth, Level, RestartPolicy, Usage};
use sim_core::table::TemplateId;
use sim_core::units::{Bytes, SimSpan};

#[test]
fn a_crash_loop_starts_at_the_ends_of_doubling_windows() {
    for code in [0, 1] {
        let told = told(&pod(RestartPolicy::Always, vec![app("M", runs(1.0, code))]));
        assert_eq!(told.starts("M"), [0.0, 1.0, 12.0, 33.0, 74.0, 155.0, 316.0, 617.0, 918.0], "exit code {code}");
    }
}

#[test]
fn with_syncs_every_ten_to_fifteen_seconds_a_restart_is_the_first_sync_after_its_window() {
    let mut spec = pod(RestartPolicy::Always, vec![app("M", runs(1.0, 1))]);
    (spec.kubelet.resync, spec.duration) = (secs(10.0), secs(3_000.0));
    let told = told(&spec);
    let (starts, ends) = (told.starts("M"), told.times(0, "M", "Terminated"));
    assert_eq!(starts[1], ends[0], "the first restart has no delay");
    let windows = [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0];
    assert!(starts.len() > 8, "{starts:?}");
    for (number, window) in windows.into_iter().enumerate() {
        let waited = starts[number + 2] - ends[number + 1];
        assert!((window..=window + 15.0).contains(&waited), "restart {} after {waited} s", number + 2);
    }
}

#[test]
fn a_run_of_more_than_ten_minutes_begins_the_back_off_anew() {
    // Starts that follow runs of a length, and whether untouched entries are forgotten.
    #[rustfmt::skip]
    let table = [
        ("601 s: no delay, ever",                   601.0, true,  vec![0.0, 601.0, 1202.0, 1803.0]),
        ("590 s: the delays grow",                  590.0, false, vec![0.0, 590.0, 1190.0, 1800.0, 2430.0]),
        ("590 s: forgotten 600 s after the start",  590.0, true,  vec![0.0, 590.0, 1190.0, 1790.0, 2390.0]),
    ];
    for (name, run, forgets, want) in table {
        let mut spec = pod(RestartPolicy::Always, vec![app("M", runs(run, 1))]);
        (spec.duration, spec.kubelet.backoff_forgets) = (secs(want.last().unwrap() + 1.0), forgets);
        assert_eq!(told(&spec).starts("M"), want, "{name}");
    }
}

#[test]
fn a_policy_decides_by_exit_code_and_an_end_by_all_containers() {
    use RestartPolicy::{Always, Never, OnFailure};
    #[rustfmt::skip]
    let table = [
        (Always,    0, 2, None),
        (Always,    1, 2, None),
        (OnFailure, 0, 1, Some("8 Succeeded")),
        (OnFailure, 1, 2, None),
        (Never,     0, 1, Some("8 Succeeded")),
        (Never,     1, 1, Some("8 Failed")),
    ];
    for (policy, code, starts, end) in table {
        let mut spec = pod(policy, vec![app("M", runs(5.0, code)), app("N", runs(8.0, 0))]);
        spec.duration = secs(9.0);
        let told = told(&spec);
        assert_eq!(told.starts("M").len(), starts, "{policy:?} {code}");
        let last = told.only(&["Moved"]).pop();
        let ended = last.filter(|line| line.ends_with("ed"));
        assert_eq!(ended.as_deref(), end, "{policy:?} {code}");
    }
}

#[test]
fn exits_have_their_codes_and_reasons() {
    let mut leaky = ContainerSpec { memory_limit: Some(Bytes(100 << 20)), ..app("M", steady()) };
    let level = |amount| Level::Absolute(Distribution::Constant(amount));
    let leak = Some(Growth { rate: Distribution::Constant(f64::from(1 << 20)), after: SimSpan::ZERO });
    leaky.behavior.usage = Usage { cpu: level(1.0), memory: level(f64::from(50 << 20)), leak, ..Behavior::default().usage };
    let mut crashed = pod(RestartPolicy::Never, vec![app("M", steady())]);
    let kind = FaultKind::Container { what: ContainerFault::Crash(139), containers: vec![(TemplateId(0), 0)] };
    crashed.faults.push(fault(kind, 7.0));
    #[rustfmt::skip]
    let table = [
        ("Completed",  pod(RestartPolicy::Never, vec![app("M", runs(5.0, 0))]), "5 M exit 0"),
        ("Error",      pod(RestartPolicy::Never, vec![app("M", runs(5.0, 3))]), "5 M exit 3"),
        ("a crash",    crashed,                                                 "7 M exit 139"),
        ("OOMKilled",  pod(RestartPolicy::Never, vec![leaky]),                  "50.000001 M exit 137 OOMKilled"),
    ];
    for (name, spec, want) in table {
        let told = told(&spec);
        assert_eq!(told.only(&["Terminated"]), [want], "{name}");
    }
}

#[test]
fn a_liveness_kill_restarts_at_once_unless_the_exit_before_it_is_too_short_a_time_ago() {
    // Each life lasts 20 s: failures 10 and 20 s after the start, by the ticks of the Pod's first sync.
    let main = ContainerSpec { liveness: Some(probe(10, 2)), ..app("M", crate::support::pods::serves(1e6)) };
    let mut spec = pod(RestartPolicy::Always, vec![main]);
    spec.duration = secs(200.0);
    let told = told(&spec);
    let (starts, ends) = (told.starts("M"), told.times(0, "M", "Terminated"));
    let mut exits = vec![f64::NEG_INFINITY];
    exits.extend(&ends);
    let mut window = 0.0;
    for (number, pair) in exits.windows(2).enumerate() {
        let (before, end) = (pair[0], pair[1]);
        let Some(start) = starts.get(number + 1) else { break };
        let at_once = end - before >= window;
        assert_eq!(*start, if at_once { end } else { end + window }, "{starts:?} {ends:?}");
        window = if number == 0 { 0.0 } else { f64::max(window * 2.0, 10.0) };
    }
    assert!(starts.len() >= 5, "{starts:?}");
}

#[test]
fn of_two_containers_with_one_port_only_one_can_listen() {
    // A listens from 0 to 14 s, again to 28 s, and then waits for 10 s.
    let second = ContainerSpec { port_taken_by: Some(0), ..app("B", steady()) };
    let mut spec = pod(RestartPolicy::Always, vec![app("A", runs(14.0, 1)), second]);
    spec.duration = secs(60.0);
    let told = told(&spec);
    assert_eq!(told.starts("B"), [0.0, 0.0, 10.0, 30.0], "B crashes while A listens, and gets the port when A waits");
    assert_eq!(told.times(0, "B", "Terminated"), [0.0, 0.0, 10.0]);
    assert_eq!(told.starts("A"), [0.0, 14.0, 38.0, 58.0], "now A crashes at once");
    assert_eq!(told.times(0, "A", "Terminated"), [14.0, 28.0, 38.0, 58.0]);
}
