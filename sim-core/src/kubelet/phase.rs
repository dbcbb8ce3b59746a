//! `status.phase` of a Pod as a function of its containers' statuses, after the kubelet's `getPhase`.

use crate::cluster::Phase;
use crate::spec::{ContainerKind, RestartPolicy};

/// What the kubelet knows of a container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Status {
    /// It waits and has never run.
    Waiting,
    /// It runs; `started` once its startup probe, if it has one, has passed.
    Running {
        /// See above.
        started: bool,
    },
    /// It has ended with this exit code; it may wait for a restart.
    Ended(u8),
}

/// Counts of regular containers, and of sidecars where they count.
#[derive(Clone, Copy, Default, Debug)]
struct Counts {
    running: u32,
    waiting: u32,
    stopped: u32,
    succeeded: u32,
    pending_init: u32,
    failed_init: u32,
    pending_sidecars: u32,
}

/// The phase. `terminal` is true once the Pod's termination is finished, `initialized` once a regular container has started.
pub(super) fn phase(
    containers: impl IntoIterator<Item = (ContainerKind, Status)>,
    policy: RestartPolicy,
    (terminal, initialized): (bool, bool),
) -> Phase {
    let counts = count(containers);
    if counts.failed_init > 0 && policy == RestartPolicy::Never {
        return Phase::Failed;
    }
    if counts.pending_init > 0 || (counts.pending_sidecars > 0 && !initialized) || counts.waiting > 0 {
        return Phase::Pending;
    }
    if counts.running > 0 {
        return Phase::Running;
    }
    let all_well = counts.stopped == counts.succeeded;
    match (counts.stopped, terminal, policy) {
        (0, ..) => Phase::Pending,
        (_, true, _) => {
            if all_well {
                Phase::Succeeded
            } else {
                Phase::Failed
            }
        }
        (_, false, RestartPolicy::Always) => Phase::Running,
        (_, false, _) if all_well => Phase::Succeeded,
        (_, false, RestartPolicy::Never) => Phase::Failed,
        (_, false, RestartPolicy::OnFailure) => Phase::Running,
    }
}

#[expect(clippy::match_same_arms, reason = "a table, read row by row")]
fn count(containers: impl IntoIterator<Item = (ContainerKind, Status)>) -> Counts {
    let mut counts = Counts::default();
    for container in containers {
        match container {
            (ContainerKind::Init, Status::Ended(0)) => {}
            (ContainerKind::Init, Status::Ended(_)) => counts.failed_init += 1,
            (ContainerKind::Init, _) => counts.pending_init += 1,
            (ContainerKind::Sidecar, Status::Running { started }) => {
                counts.running += 1;
                counts.pending_sidecars += u32::from(!started);
            }
            (ContainerKind::Sidecar, Status::Waiting) => {
                counts.pending_sidecars += 1;
                counts.waiting += 1;
            }
            (ContainerKind::Sidecar, Status::Ended(_)) => {}
            (ContainerKind::App, Status::Waiting) => counts.waiting += 1,
            (ContainerKind::App, Status::Running { .. }) => counts.running += 1,
            (ContainerKind::App, Status::Ended(code)) => {
                counts.stopped += 1;
                counts.succeeded += u32::from(code == 0);
            }
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContainerKind::{App, Init, Sidecar};
    use RestartPolicy::{Always, Never, OnFailure};
    use Status::{Ended, Waiting};

    const UP: Status = Status::Running { started: true };

    #[test]
    fn the_phase_follows_from_the_statuses_as_in_the_worked_examples() {
        #[rustfmt::skip]
        let table = [
            ("P1", vec![(App, UP), (App, Waiting)],                Always,    (false, true),  Phase::Pending),
            ("P2", vec![(App, UP), (App, Ended(1))],               Always,    (false, true),  Phase::Running),
            ("P3", vec![(App, Ended(0)), (App, Ended(0))],         OnFailure, (false, true),  Phase::Succeeded),
            ("P4", vec![(App, Ended(0)), (App, Ended(1))],         OnFailure, (false, true),  Phase::Running),
            ("P5", vec![(App, Ended(0)), (App, Ended(1))],         Never,     (false, true),  Phase::Failed),
            ("P6", vec![(Init, Ended(1)), (App, Waiting)],         Never,     (false, false), Phase::Failed),
            ("P7, the sidecar runs", vec![(Sidecar, UP), (App, Ended(0))],           Never, (false, true), Phase::Running),
            ("P7, the sidecar was killed", vec![(Sidecar, Ended(137)), (App, Ended(0))], Never, (false, true), Phase::Succeeded),
            ("P8", vec![(App, Ended(143))],                        Always,    (true, true),   Phase::Failed),
            ("P9", vec![(App, Ended(0))],                          Always,    (true, true),   Phase::Succeeded),
            ("a sidecar without its startup probe's success", vec![(Sidecar, Status::Running { started: false }), (App, UP)], Always, (false, false), Phase::Pending),
            ("the same once a regular container has started", vec![(Sidecar, Status::Running { started: false }), (App, UP)], Always, (false, true), Phase::Running),
            ("an init container that is to be restarted", vec![(Init, Ended(1)), (App, Waiting)], OnFailure, (false, false), Phase::Pending),
            ("all have ended and will be restarted", vec![(App, Ended(0))], Always, (false, true), Phase::Running),
        ];
        for (name, containers, policy, flags, want) in table {
            assert_eq!(phase(containers, policy, flags), want, "{name}");
        }
    }
}
