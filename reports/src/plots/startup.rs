//! Start-up: how long until Running and Ready, and where the time goes.

use super::axis::Axis;
use super::frame::{Frame, Stroke, line, note};
use super::palette::{BLUE, GREEN, MUTED, ORANGE, PURPLE, SKY, VERMILION};
use super::{Plot, capitalized};
use crate::figures::Unit;
use crate::format::brief;
use plotters::prelude::*;
use sim_core::measure::{Outcome, StartupMeasures, Step, Tally};

/// Kubernetes' objective for the 99th percentile of start-up without pulls and init containers, in seconds.
const OBJECTIVE: f64 = 5.0;

/// A tally over all replications together.
fn pooled(outcomes: &[Outcome], tally: impl Fn(&StartupMeasures) -> &Tally) -> Tally {
    let mut all = Tally::default();
    for outcome in outcomes {
        all.merge(tally(&outcome.startup));
    }
    all
}

/// Shares of start-ups that are done, by time.
pub(super) fn distribution(outcomes: &[Outcome]) -> Plot {
    let title = "Start-up times";
    let curves = [
        ("without pulls and init", ORANGE, Stroke::Dashed, pooled(outcomes, |startup| &startup.objective)),
        ("creation to Running", BLUE, Stroke::Solid, pooled(outcomes, |startup| &startup.running)),
        ("creation to Ready", GREEN, Stroke::Solid, pooled(outcomes, |startup| &startup.ready)),
    ];
    let x = Axis::log_span("time since creation", range(curves.iter().map(|curve| &curve.3)));
    let left = x.range.start;
    let legend = curves.iter().map(|curve| (curve.0, curve.1, curve.2)).collect();
    let svg = Frame { legend, ..Frame::new(title, x.clone(), Axis::percent("start-ups that are done", 1.0)) }.draw(|chart| {
        if x.range.contains(&OBJECTIVE.log10()) {
            line(chart, vec![(OBJECTIVE.log10(), 0.0), (OBJECTIVE.log10(), 100.0)], MUTED, Stroke::Dashed)?;
            note(chart, (OBJECTIVE.log10(), 12.0), (8, 0), "5 s: objective for the p99 without pulls and init")?;
        }
        curves.iter().try_for_each(|(_, color, stroke, tally)| line(chart, cumulative(tally, left), *color, *stroke))
    });
    let words = curves.iter().map(|(name, _, _, tally)| describe(name, tally)).collect::<Vec<_>>().join(" ");
    Plot { name: "startup", title, description: format!("Share of start-ups done by a time, all replications together. {words}"), svg }
}

/// The times to show: from where the first start-ups are done to where all but one in a thousand are.
fn range<'a>(tallies: impl Iterator<Item = &'a Tally> + Clone) -> std::ops::Range<f64> {
    let least = tallies.clone().filter_map(|tally| tally.quantile(0.001)).fold(f64::INFINITY, f64::min);
    let most = tallies.filter_map(|tally| tally.quantile(0.9995)).fold(0.0, f64::max);
    if most > 0.0 { least.max(1e-3).min(most / 2.0)..most } else { 0.1..100.0 }
}

fn cumulative(tally: &Tally, left: f64) -> Vec<(f64, f64)> {
    let (mut done, all) = (0, tally.count() as f64);
    let mut points = Vec::new();
    for (edge, count) in tally.cells() {
        done += count;
        points.push((edge.max(1e-9).log10().max(left), done as f64 / all * 100.0));
    }
    points
}

fn describe(name: &str, tally: &Tally) -> String {
    let at = |p: f64| tally.quantile(p).map_or("none".to_owned(), |secs| brief(Unit::Seconds, secs));
    format!("{}: p50 {}, p90 {}, p99 {}.", capitalized(name), at(0.5), at(0.9), at(0.99))
}

/// Each step's name and colour, in order.
const STEPS: [(Step, &str, RGBColor); Step::COUNT] = [
    (Step::Queue, "scheduler's queue", PURPLE),
    (Step::Bind, "binding", PURPLE),
    (Step::Notice, "kubelet notices", SKY),
    (Step::Volumes, "volumes", SKY),
    (Step::Sandbox, "sandbox (pause)", SKY),
    (Step::Network, "CNI ADD", SKY),
    (Step::Pull, "image pull", ORANGE),
    (Step::Init, "init containers", VERMILION),
    (Step::Start, "create and start", BLUE),
    (Step::Relist, "relist", BLUE),
    (Step::Ready, "Running to Ready", GREEN),
];

/// A bar of the waterfall: from, to, and the mean over the Pods that passed through the step.
struct Bar {
    from: f64,
    to: f64,
    passed: Option<f64>,
}

/// Mean time of each step, one after the other.
pub(super) fn waterfall(outcomes: &[Outcome]) -> Plot {
    let title = "Where a start-up's time goes: mean time of each step, over all start-ups";
    let bars = bars(outcomes);
    let total = bars.last().map_or(0.0, |bar| bar.to);
    let x = Axis::span("time since creation", total * 1.4);
    let y = Axis::names(&STEPS.map(|step| step.1));
    let svg = Frame { left: 160, ..Frame::new(title, x, y) }.draw(|chart| {
        for (index, (bar, (_, _, color))) in bars.iter().zip(STEPS).enumerate() {
            let middle = Step::COUNT as f64 - index as f64 - 0.5;
            chart.draw_series([Rectangle::new([(bar.from, middle - 0.34), (bar.to, middle + 0.34)], color.filled())])?;
            note(chart, (bar.to, middle), (6, -6), &label(bar, total))?;
        }
        Ok(())
    });
    let words =
        STEPS.iter().zip(&bars).map(|(step, bar)| format!("{}: {}.", capitalized(step.1), label(bar, total))).collect::<Vec<_>>().join(" ");
    let description = format!("Mean time of each step over all start-ups; a Pod that skips a step counts with no time. {words}");
    Plot { name: "startup-steps", title, description, svg }
}

/// Steps one after the other. A step that a Pod skips takes it no time, so the last bar ends at the mean time to Ready, but for what
/// steps overlap.
fn bars(outcomes: &[Outcome]) -> Vec<Bar> {
    let (running, ready) = (pooled(outcomes, |startup| &startup.running).count(), pooled(outcomes, |startup| &startup.ready).count());
    let mut from = 0.0;
    let mut bar = |step: Step| {
        let tally = pooled(outcomes, |startup| &startup.steps[step.index()]);
        let all = if step == Step::Ready { ready } else { running };
        let to = from + if all > 0 { tally.total() / all as f64 } else { 0.0 };
        Bar { from: std::mem::replace(&mut from, to), to, passed: tally.mean() }
    };
    Step::ALL.into_iter().map(&mut bar).collect()
}

/// The bar's length, its part of the whole, and the mean of those that passed where that is another.
fn label(bar: &Bar, total: f64) -> String {
    let mean = bar.to - bar.from;
    let part = if total > 0.0 { mean / total * 100.0 } else { 0.0 };
    let passed =
        bar.passed.filter(|passed| *passed > mean * 1.02).map(|passed| format!(", where it happens {}", brief(Unit::Seconds, passed)));
    format!("{} ({part:.0} %{})", brief(Unit::Seconds, mean), passed.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn the_waterfall_ends_where_the_steps_add_up() {
        let outcomes = synthetic::outcomes(1);
        let bars = bars(&outcomes);
        let startup = &outcomes[0].startup;
        let want: f64 = startup.steps.iter().map(Tally::total).sum::<f64>() / startup.running.count() as f64;
        assert!((bars.last().unwrap().to - want).abs() < 1e-9 * want);
        assert!(bars.windows(2).all(|pair| pair[0].to.to_bits() == pair[1].from.to_bits()));
    }

    #[test]
    fn a_distribution_rises_to_all() {
        let tally = &synthetic::outcomes(1)[0].startup.running;
        let points = cumulative(tally, -9.0);
        assert!(points.windows(2).all(|pair| pair[0].1 <= pair[1].1 && pair[0].0 <= pair[1].0));
        assert!((points.last().unwrap().1 - 100.0).abs() < 1e-9);
    }
}
