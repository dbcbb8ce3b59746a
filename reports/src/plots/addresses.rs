//! Addresses in use against containers that are up.

use super::axis::Axis;
use super::frame::Stroke::{Dashed, Solid};
use super::over_time::{Curve, curves, means};
use super::palette::{BLUE, ORANGE};
use super::{Plot, words};
use sim_core::measure::Outcome;

const CURVES: [Curve; 2] = [
    Curve { name: "containers up (one address each, without Pods)", color: ORANGE, stroke: Dashed, value: |s| s.containers as f64 },
    Curve { name: "addresses in use (one a Pod)", color: BLUE, stroke: Solid, value: |s| s.addresses as f64 },
];

pub(super) fn plot(outcomes: &[Outcome]) -> Plot {
    let title = "Addresses and containers over time";
    let svg = curves(title, outcomes, &CURVES, |max| Axis::count("how many", max));
    let parts = CURVES.iter().map(|curve| words(curve.name, &means(outcomes, curve.value), ""));
    Plot { name: "addresses", title, description: parts.collect::<Vec<_>>().join(" "), svg }
}
