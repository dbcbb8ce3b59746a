//! The scheduler's queues over time.

use super::axis::Axis;
use super::frame::Stroke::Solid;
use super::over_time::{Curve, curves, means};
use super::palette::PURPLE;
use super::{Plot, words};
use sim_core::measure::Outcome;

const QUEUED: Curve = Curve { name: "Pods in the scheduler's queues", color: PURPLE, stroke: Solid, value: |s| s.queued as f64 };

pub(super) fn plot(outcomes: &[Outcome]) -> Plot {
    let title = "The scheduler's queues over time";
    let svg = curves(title, outcomes, &[QUEUED], |max| Axis::count("Pods in the queues", max));
    Plot { name: "scheduler-queue", title, description: words(QUEUED.name, &means(outcomes, QUEUED.value), ""), svg }
}
