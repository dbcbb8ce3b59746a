//! The life of a Pod as one table: `(state, signal) → state`. Everything else observes its transitions.
//!
//! The states are those of the source's diagram. What each means here:
//!
//! | state | from | until |
//! |---|---|---|
//! | `Scheduling` | the object is created | it is bound to a node |
//! | `ImagePull` | bound | the sandbox is up and the first container's image is there |
//! | `ContainerCreating` | then | every regular container has started and the kubelet has noticed |
//! | `Healthy` | all containers run | a health check fails or a container exits |
//! | `Unhealthy` | then | the check passes again, or the restart policy acts |
//! | `Restarting` | a container is being restarted, back-off included | all containers run again |
//! | `Succeeded`, `Failed` | the Pod has ended | for ever |

use std::fmt;

/// Where a Pod is in its life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum PodState {
    /// `Pending`: waits for the scheduler.
    Scheduling,
    /// `Pending`: has a node; sandbox, address and first image are being made ready.
    ImagePull,
    /// `Pending`: init containers run, containers are created and started.
    ContainerCreating,
    /// `Running`: every container runs and passes its checks.
    Healthy,
    /// `Running`: a container fails its checks or has exited.
    Unhealthy,
    /// `Running`: the restart policy applies; back-off included.
    Restarting,
    /// Every container ended with exit code 0 and none will restart.
    Succeeded,
    /// The Pod ended otherwise.
    Failed,
}

/// `status.phase` of a Pod.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Not all containers have started yet.
    Pending,
    /// Bound, all containers have started once.
    Running,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
}

/// What happens to a Pod.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Signal {
    /// The scheduler's binding is written.
    Bound,
    /// Sandbox, address and the first container's image are there.
    ImageReady,
    /// Every regular container has started.
    Started,
    /// A health check failed, or a container exited and will be restarted.
    CheckFailed,
    /// The check passes again without a restart.
    Recovered,
    /// The restart policy acts.
    RestartBegun,
    /// All containers run again.
    Restarted,
    /// Every container ended with exit code 0.
    Completed,
    /// The Pod ended otherwise: exit code, rejection, withdrawal, deletion before it ran.
    Broken,
}

impl PodState {
    /// Number of states.
    pub const COUNT: usize = 8;

    /// Every state, in the order of a life.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Scheduling,
        Self::ImagePull,
        Self::ContainerCreating,
        Self::Healthy,
        Self::Unhealthy,
        Self::Restarting,
        Self::Succeeded,
        Self::Failed,
    ];

    /// The state's number in [`PodState::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The phase that the API shows.
    pub const fn phase(self) -> Phase {
        match self {
            Self::Scheduling | Self::ImagePull | Self::ContainerCreating => Phase::Pending,
            Self::Healthy | Self::Unhealthy | Self::Restarting => Phase::Running,
            Self::Succeeded => Phase::Succeeded,
            Self::Failed => Phase::Failed,
        }
    }

    /// True once nothing happens to the Pod any more.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// The state after `signal`: the one table of the Pod's life.
    ///
    /// # Errors
    /// If the chart has no such arrow.
    pub const fn step(self, signal: Signal) -> Result<Self, IllegalStep> {
        use {PodState as P, Signal as S};
        Ok(match (self, signal) {
            (P::Scheduling, S::Bound) => P::ImagePull,
            (P::ImagePull, S::ImageReady) => P::ContainerCreating,
            (P::ContainerCreating, S::Started) | (P::Unhealthy, S::Recovered) | (P::Restarting, S::Restarted) => P::Healthy,
            (P::Healthy, S::CheckFailed) => P::Unhealthy,
            (P::Unhealthy, S::RestartBegun) => P::Restarting,
            (P::Healthy | P::Unhealthy | P::Restarting, S::Completed) => P::Succeeded,
            (P::Scheduling | P::ImagePull | P::ContainerCreating | P::Healthy | P::Unhealthy | P::Restarting, S::Broken) => P::Failed,
            _ => return Err(IllegalStep { from: self, signal }),
        })
    }
}

impl fmt::Display for PodState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// An arrow that the chart does not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a Pod in state {from:?} cannot take {signal:?}")]
pub struct IllegalStep {
    /// Where the Pod is.
    pub from: PodState,
    /// What came.
    pub signal: Signal,
}

#[cfg(test)]
mod tests {
    use super::{PodState as P, Signal as S, *};
    use proptest::collection::vec;
    use proptest::prelude::*;

    const SIGNALS: [Signal; 9] =
        [S::Bound, S::ImageReady, S::Started, S::CheckFailed, S::Recovered, S::RestartBegun, S::Restarted, S::Completed, S::Broken];

    #[test]
    fn a_pod_moves_only_along_the_chart_of_the_source() {
        #[rustfmt::skip]
        let chart = [
            (P::Scheduling,        S::Bound,        P::ImagePull),
            (P::Scheduling,        S::Broken,       P::Failed),
            (P::ImagePull,         S::ImageReady,   P::ContainerCreating),
            (P::ImagePull,         S::Broken,       P::Failed),
            (P::ContainerCreating, S::Started,      P::Healthy),
            (P::ContainerCreating, S::Broken,       P::Failed),
            (P::Healthy,           S::CheckFailed,  P::Unhealthy),
            (P::Healthy,           S::Completed,    P::Succeeded),
            (P::Healthy,           S::Broken,       P::Failed),
            (P::Unhealthy,         S::Recovered,    P::Healthy),
            (P::Unhealthy,         S::RestartBegun, P::Restarting),
            (P::Unhealthy,         S::Completed,    P::Succeeded),
            (P::Unhealthy,         S::Broken,       P::Failed),
            (P::Restarting,        S::Restarted,    P::Healthy),
            (P::Restarting,        S::Completed,    P::Succeeded),
            (P::Restarting,        S::Broken,       P::Failed),
        ];
        for from in PodState::ALL {
            for signal in SIGNALS {
                let want = chart.iter().find(|row| (row.0, row.1) == (from, signal)).map(|row| row.2);
                assert_eq!(from.step(signal).ok(), want, "{from:?} on {signal:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn an_ended_pod_stays_ended(signals in vec(0..SIGNALS.len(), 0..40)) {
            let mut state = P::Scheduling;
            for signal in signals {
                let next = state.step(SIGNALS[signal]);
                prop_assert!(!state.is_terminal() || next.is_err());
                state = next.unwrap_or(state);
            }
        }
    }
}
