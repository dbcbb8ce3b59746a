//! Pods by state over time: all of them, and those on their way or in trouble, which the healthy ones would hide.

use super::axis::Axis;
use super::frame::Stroke::Area;
use super::over_time::{Curve, means, stacked};
use super::palette::STATES;
use super::{Plot, words};
use sim_core::measure::Outcome;

const HEALTHY: Curve = Curve { name: "Healthy", color: STATES[3], stroke: Area, value: |s| s.in_state[3] as f64 };
const RESTARTING: Curve = Curve { name: "Restarting", color: STATES[5], stroke: Area, value: |s| s.in_state[5] as f64 };
const UNHEALTHY: Curve = Curve { name: "Unhealthy", color: STATES[4], stroke: Area, value: |s| s.in_state[4] as f64 };
const CREATING: Curve = Curve { name: "ContainerCreating", color: STATES[2], stroke: Area, value: |s| s.in_state[2] as f64 };
const PULLING: Curve = Curve { name: "ImagePull", color: STATES[1], stroke: Area, value: |s| s.in_state[1] as f64 };
const SCHEDULING: Curve = Curve { name: "Scheduling", color: STATES[0], stroke: Area, value: |s| s.in_state[0] as f64 };

const ALL: [Curve; 6] = [HEALTHY, RESTARTING, UNHEALTHY, CREATING, PULLING, SCHEDULING];
const OTHERS: [Curve; 5] = [RESTARTING, UNHEALTHY, CREATING, PULLING, SCHEDULING];

pub(super) fn all(outcomes: &[Outcome]) -> Plot {
    plot("pod-states", "Pods by state over time", outcomes, &ALL)
}

pub(super) fn others(outcomes: &[Outcome]) -> Plot {
    plot("pod-states-not-healthy", "Pods that are not Healthy, by state over time", outcomes, &OTHERS)
}

fn plot(name: &'static str, title: &'static str, outcomes: &[Outcome], curves: &[Curve]) -> Plot {
    let svg = stacked(title, outcomes, curves, |max| Axis::count("Pods", max));
    let parts = curves.iter().map(|curve| words(curve.name, &means(outcomes, curve.value), " Pods"));
    Plot { name, title, description: format!("Live Pods, stacked. {}", parts.collect::<Vec<_>>().join(" ")), svg }
}
