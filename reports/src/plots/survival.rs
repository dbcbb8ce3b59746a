//! The survival curve of Pods, with the number at risk under the axis.

use super::Plot;
use super::axis::{Axis, short};
use super::frame::{Frame, Stroke, line};
use super::palette::BLUE;
use crate::figures::Unit;
use crate::format::brief;
use sim_core::measure::{Outcome, Survival, SurvivalPoint};

/// Pods below which the curve is not drawn: a handful says nothing of a share.
const FEWEST: u64 = 5;

pub(super) fn plot(outcomes: &[Outcome]) -> Plot {
    let title = "How long Pods live";
    let points = pooled(outcomes);
    let x = Axis::log_span("age of the Pod", ages(&points));
    let legend = vec![("product-limit estimate (Kaplan-Meier), late entry and censoring accounted for", BLUE, Stroke::Solid)];
    let stairs = steps(&points, x.range.start);
    let foot = Some(("Pods watched", at_risk(&points, &x)));
    let svg = Frame { legend, foot, left: 96, ..Frame::new(title, x, Axis::percent("Pods that live longer", 1.0)) }
        .draw(|chart| line(chart, stairs, BLUE, Stroke::Solid));
    Plot { name: "survival", title, description: describe(&points), svg }
}

/// The curve over all replications together.
fn pooled(outcomes: &[Outcome]) -> Vec<SurvivalPoint> {
    let mut all = Survival::default();
    for outcome in outcomes {
        all.merge(&outcome.pods.survival);
    }
    let mut points = all.curve();
    let last = points.iter().rposition(|point| point.at_risk >= FEWEST).map_or(0, |last| last + 1);
    points.truncate(last);
    points
}

/// From the age at which Pods begin to end, to the oldest.
fn ages(points: &[SurvivalPoint]) -> std::ops::Range<f64> {
    let first = points.iter().rposition(|point| point.share > 0.999).map_or(1.0, |index| points[index].age);
    let last = points.last().map_or(10.0, |point| point.age);
    first.min(last / 10.0)..last
}

/// The points as a staircase, from the left edge on.
fn steps(points: &[SurvivalPoint], left: f64) -> Vec<(f64, f64)> {
    let mut stairs = vec![(left, points.first().map_or(100.0, |point| point.share) * 100.0)];
    for point in points.iter().map(|point| (point.age.log10(), point.share * 100.0)).filter(|point| point.0 >= left) {
        stairs.push((point.0, stairs[stairs.len() - 1].1));
        stairs.push(point);
    }
    stairs
}

/// Pods watched at each tick's age.
fn at_risk(points: &[SurvivalPoint], x: &Axis) -> Vec<(f64, String)> {
    let watched = |tick: f64| points.iter().find(|point| point.age.log10() >= tick - 1e-9).map_or(0, |point| point.at_risk);
    x.positions().into_iter().map(|tick| (tick, short(watched(tick) as f64))).collect()
}

fn describe(points: &[SurvivalPoint]) -> String {
    let when = |share: f64| points.iter().find(|point| point.share <= share).map(|point| brief(Unit::Seconds, point.age));
    let word = |name: &str, share: f64| when(share).map_or(format!("{name} was not reached"), |age| format!("{name} is {age}"));
    format!(
        "Share of Pods that live longer than an age, over all replications together. {}; {}; {}. Numbers under the axis: Pods that were \
         watched at that age.",
        word("The median life", 0.5),
        word("the age that one in ten Pods outlives", 0.1),
        word("the age that one in a hundred outlives", 0.01)
    )
}
