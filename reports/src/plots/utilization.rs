//! Requested and used CPU and memory over time.

use super::axis::Axis;
use super::frame::Stroke::{Dashed, Solid};
use super::over_time::{Curve, curves, means};
use super::palette::{BLUE, VERMILION};
use super::{Plot, words};
use sim_core::measure::Outcome;

fn part(amount: f64, whole: u64) -> f64 {
    if whole > 0 { amount / whole as f64 * 100.0 } else { 0.0 }
}

const CURVES: [Curve; 4] = [
    Curve { name: "CPU requested", color: BLUE, stroke: Solid, value: |s| part(s.cpu_requested as f64, s.cpu_allocatable) },
    Curve { name: "CPU used", color: BLUE, stroke: Dashed, value: |s| part(s.cpu_used, s.cpu_allocatable) },
    Curve { name: "memory requested", color: VERMILION, stroke: Solid, value: |s| part(s.memory_requested as f64, s.memory_allocatable) },
    Curve { name: "memory used", color: VERMILION, stroke: Dashed, value: |s| part(s.memory_used, s.memory_allocatable) },
];

pub(super) fn plot(outcomes: &[Outcome]) -> Plot {
    let title = "Utilisation over time";
    let svg = curves(title, outcomes, &CURVES, |max| Axis::percent("share of allocatable on Ready nodes", max / 100.0));
    let parts = CURVES.iter().map(|curve| words(curve.name, &means(outcomes, curve.value), " %"));
    let description = format!("Share of what Ready nodes can give. {}", parts.collect::<Vec<_>>().join(" "));
    Plot { name: "utilization", title, description, svg }
}
