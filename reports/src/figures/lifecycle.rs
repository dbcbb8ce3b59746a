//! The states of the source's diagram: how Pods' time divides among them, and how often each arrow was taken.

use super::{Kind, Measure, Unit, integral, number, ratio, row};
use sim_core::cluster::PodState;
use sim_core::measure::{Arrow, Outcome};

macro_rules! time_in {
    ($state:ident) => {
        row(
            concat!("lifecycle.", stringify!($state), ".share"),
            concat!("Time in ", stringify!($state)),
            Kind::Emergent,
            Unit::Share,
            concat!("Time that Pods spent in ", stringify!($state), " ÷ time that they lived, integrals over the window."),
            |o| ratio(integral(&o.pods.in_state[PodState::$state.index()], o), integral(&o.pods.live, o)),
        )
    };
}

macro_rules! taken {
    ($from:ident, $to:ident) => {
        row(
            concat!("lifecycle.", stringify!($from), ".", stringify!($to), ".count"),
            concat!(stringify!($from), " → ", stringify!($to)),
            Kind::Record,
            Unit::Count,
            concat!("Pods that went from ", stringify!($from), " to ", stringify!($to), " in the window."),
            |o| number(arrow(o, PodState::$from, PodState::$to).count),
        )
    };
}

macro_rules! dwell {
    ($from:ident, $to:ident) => {
        row(
            concat!("lifecycle.", stringify!($from), ".", stringify!($to), ".dwell"),
            concat!("Time in ", stringify!($from), " before ", stringify!($to)),
            Kind::Emergent,
            Unit::Seconds,
            concat!("Mean time spent in ", stringify!($from), " by Pods that left it for ", stringify!($to), " in the window."),
            |o| arrow(o, PodState::$from, PodState::$to).mean_dwell(),
        )
    };
}

/// Shares of time, then arrows.
pub(super) const LIFECYCLE: &[Measure] = &[
    time_in!(Scheduling),
    time_in!(ImagePull),
    time_in!(ContainerCreating),
    time_in!(Healthy),
    time_in!(Unhealthy),
    time_in!(Restarting),
    taken!(Scheduling, ImagePull),
    dwell!(Scheduling, ImagePull),
    taken!(ImagePull, ContainerCreating),
    dwell!(ImagePull, ContainerCreating),
    taken!(ContainerCreating, Healthy),
    dwell!(ContainerCreating, Healthy),
    taken!(Healthy, Unhealthy),
    dwell!(Healthy, Unhealthy),
    taken!(Unhealthy, Healthy),
    dwell!(Unhealthy, Healthy),
    taken!(Unhealthy, Restarting),
    dwell!(Unhealthy, Restarting),
    taken!(Restarting, Healthy),
    dwell!(Restarting, Healthy),
    taken!(Healthy, Succeeded),
    dwell!(Healthy, Succeeded),
    taken!(Healthy, Failed),
    dwell!(Healthy, Failed),
    taken!(Unhealthy, Succeeded),
    taken!(Unhealthy, Failed),
    taken!(Restarting, Succeeded),
    taken!(Restarting, Failed),
    taken!(Scheduling, Failed),
    taken!(ImagePull, Failed),
    taken!(ContainerCreating, Failed),
];

/// An arrow of the diagram.
pub(crate) fn arrow(outcome: &Outcome, from: PodState, to: PodState) -> Arrow {
    outcome.lifecycle.arrows.get(from.index()).and_then(|row| row.get(to.index())).copied().unwrap_or_default()
}
