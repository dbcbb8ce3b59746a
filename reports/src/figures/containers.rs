//! Containers: how many a Pod has, how often they restart, how they recover.

use super::{Kind, Measure, Unit, average, integral, number, quantile, ratio, row, share};
use sim_core::measure::{Outcome, TimeAverage};
use sim_core::spec::Role;

const DAY: f64 = 86_400.0;

/// Containers and their restarts.
#[rustfmt::skip]
pub(super) const CONTAINERS: &[Measure] = &[
    row("containers.single_share.created", "Single-container Pods, of those created", Kind::Calibrated, Unit::Share,
        "Pods with one app or sidecar container ÷ all Pods created in the window; init and pause containers do not count.",
        |o| created_share(o, 0)),
    row("containers.single_share.live", "Single-container Pods, of those live", Kind::Calibrated, Unit::Share,
        "Pods with one app or sidecar container ÷ all live Pods, weighted by time; init and pause containers do not count.",
        |o| live_share(o, 0)),
    row("containers.multi_share.created", "Multi-container Pods, of those created", Kind::Calibrated, Unit::Share,
        "Pods with two or more app and sidecar containers ÷ all Pods created in the window; init and pause containers do not count.",
        |o| created_share(o, 1)),
    row("containers.multi_share.live", "Multi-container Pods, of those live", Kind::Calibrated, Unit::Share,
        "Pods with two or more app and sidecar containers ÷ all live Pods, weighted by time; init and pause containers do not count.",
        |o| live_share(o, 1)),
    row("containers.live", "Live containers", Kind::Record, Unit::Count,
        "Time average of app and sidecar containers of live Pods.",
        |o| average(&o.containers.live, o)),
    row("containers.running", "Containers up", Kind::Record, Unit::Count,
        "Time average of containers that are up.",
        |o| average(&o.containers.running, o)),
    row("containers.init_started", "Init container starts", Kind::Record, Unit::Count,
        "Init containers started in the window, restarts included.",
        |o| number(o.containers.init_started)),
    row("containers.pauses", "Pause containers started", Kind::Record, Unit::Count,
        "Pause containers (Pod sandboxes) started in the window.",
        |o| number(o.containers.pauses)),
    row("restarts.rate", "Pods restarted per Pod-day", Kind::Emergent, Unit::PerDay,
        "Pods with at least one container restart in the window ÷ (live Pods · days).",
        |o| ratio(o.pods.restarted as f64 * DAY, integral(&o.pods.live, o))),
    row("restarts.per_container_day", "Restarts per container-day", Kind::Emergent, Unit::PerDay,
        "Container restarts in the window ÷ (app and sidecar containers of live Pods · days).",
        |o| ratio(o.containers.restarts as f64 * DAY, integral(&o.containers.live, o))),
    row("restarts.ever_share", "Pods that restarted at all", Kind::Emergent, Unit::Share,
        "Pods with at least one container restart in the window ÷ Pods that existed in it.",
        |o| share(o.pods.restarted, o.pods.at_start + o.pods.created)),
    row("restarts.count", "Container restarts", Kind::Record, Unit::Count,
        "Container restarts in the window.",
        |o| number(o.containers.restarts)),
    row("restarts.main", "Restarts of main containers", Kind::Emergent, Unit::Count,
        "Restarts in the window of main containers (the one named by kubectl.kubernetes.io/default-container, else the first).",
        |o| number(o.containers.by_role[Role::Main.index()].restarts)),
    row("restarts.sidecar", "Restarts of sidecars", Kind::Emergent, Unit::Count,
        "Restarts in the window of native sidecars and of regular containers beside the main one.",
        |o| number(o.containers.by_role[Role::Sidecar.index()].restarts)),
    row("restarts.init", "Restarts of init containers", Kind::Emergent, Unit::Count,
        "Restarts in the window of ordinary init containers.",
        |o| number(o.containers.by_role[Role::Init.index()].restarts)),
    row("containers.main.down", "Main containers down", Kind::Emergent, Unit::Count,
        "Time average of live Pods whose main container is not up: starting, waiting for a restart, or stopped.",
        |o| gap(&o.pods.live, &o.containers.by_role[Role::Main.index()].up, o)),
    row("containers.stranded", "Containers up in Pods not Ready", Kind::Emergent, Unit::Count,
        "Time average of app and sidecar containers that are up while their Pod is not Ready: they start, or a companion is down, or the \
         Pod ends.",
        stranded),
    row("restarts.backoff.mean", "Back-off wait, mean", Kind::Emergent, Unit::Seconds,
        "Mean back-off wait before a container restart.",
        |o| o.containers.backoff.mean()),
    row("failures.count", "Container failures", Kind::Record, Unit::Count,
        "Crashes, hangs and failed init containers in the window.",
        |o| number(o.containers.failures)),
    row("failures.crashes", "Crashes", Kind::Record, Unit::Count,
        "Exits with a non-zero code that no SIGTERM asked for.",
        |o| number(o.containers.crashes)),
    row("failures.hangs", "Hangs", Kind::Record, Unit::Count,
        "Containers that hung in the window.",
        |o| number(o.containers.hangs)),
    row("failures.hang_detection.mean", "Time until a hang is noticed, mean", Kind::Emergent, Unit::Seconds,
        "Mean time from a hang until a probe's failure threshold is reached, over the hangs that a probe noticed; the first probe counts.",
        |o| o.containers.hang_detection.mean()),
    row("failures.hang_detection.count", "Hangs noticed", Kind::Emergent, Unit::Count,
        "Hangs in the window that a probe noticed.",
        |o| number(o.containers.hang_detection.count())),
    row("failures.probe_kills", "Kills by liveness probes", Kind::Record, Unit::Count,
        "Containers killed because their liveness probe failed.",
        |o| number(o.containers.probe_kills)),
    row("recovery.rate", "Failures recovered in place", Kind::Emergent, Unit::Share,
        "Container failures whose Pod became Healthy again in the window, without being replaced ÷ all container failures in the window. \
         Failures shortly before the end count as not recovered.",
        |o| share(o.containers.recovered, o.containers.failures)),
    row("recovery.mean", "Time to recover, mean", Kind::Emergent, Unit::Seconds,
        "Mean time from a container failure to the Pod's being Healthy again, where it was.",
        |o| o.containers.recovery.mean()),
    row("recovery.p99", "Time to recover, p99", Kind::Emergent, Unit::Seconds,
        "99th percentile of the time from a container failure to the Pod's being Healthy again, where it was.",
        |o| quantile(&o.containers.recovery, 0.99)),
];

fn created_share(outcome: &Outcome, size: usize) -> Option<f64> {
    share(outcome.pods.created_by_size[size], outcome.pods.created_by_size.iter().sum())
}

fn live_share(outcome: &Outcome, size: usize) -> Option<f64> {
    let by_size = outcome.pods.by_size.map(|level| integral(&level, outcome));
    ratio(by_size[size], by_size.iter().sum())
}

/// The mean of one level less that of another that is part of it.
#[expect(clippy::unnecessary_wraps, reason = "the tables of measures read options")]
fn gap(whole: &TimeAverage, part: &TimeAverage, outcome: &Outcome) -> Option<f64> {
    Some(whole.mean(outcome.closed) - part.mean(outcome.closed))
}

fn stranded(outcome: &Outcome) -> Option<f64> {
    let by_role = &outcome.containers.by_role;
    let sidecars = average(&by_role[Role::Sidecar.index()].up, outcome)?;
    Some(gap(&by_role[Role::Main.index()].up, &outcome.containers.in_ready, outcome)? + sidecars)
}
