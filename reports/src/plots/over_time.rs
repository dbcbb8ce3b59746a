//! What all plots over time share: curves as means over replications, thinned to what a screen can show.

use super::axis::{Axis, Clock};
use super::frame::{Chart, Failure, Frame, Stroke, band, line, shade};
use crate::series;
use plotters::style::RGBColor;
use sim_core::measure::{Outcome, Sample};
use sim_core::units::SimTime;

/// Points that a curve is thinned to.
const POINTS: usize = 360;

/// A curve: what it shows, how it looks, how it is read from a sample.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    pub(crate) color: RGBColor,
    pub(crate) stroke: Stroke,
    pub(crate) value: fn(&Sample) -> f64,
}

/// The times of the samples and where the measured window opens, in the unit that fits.
pub(crate) struct Times {
    pub(crate) clock: Clock,
    pub(crate) at: Vec<f64>,
    pub(crate) opened: f64,
    pub(crate) closed: f64,
}

impl Times {
    pub(crate) fn new(outcomes: &[Outcome]) -> Self {
        let clock = Clock::fitting(outcomes.iter().map(|outcome| outcome.closed.as_secs_f64()).fold(0.0, f64::max));
        let samples = outcomes.first().map_or(&[][..], |outcome| &outcome.series[..series::length(outcomes)]);
        let at = |time: fn(&Outcome) -> SimTime| outcomes.first().map_or(0.0, |outcome| clock.at(time(outcome)));
        let (opened, closed) = (at(|outcome| outcome.opened), at(|outcome| outcome.closed));
        Self { clock, at: samples.iter().map(|sample| clock.at(sample.at)).collect(), opened, closed }
    }

    pub(crate) fn axis(&self) -> Axis {
        Axis::time(&self.clock, self.at.last().copied().unwrap_or(0.0).max(self.closed))
    }

    /// `values` at these times, as points; means over equal runs of samples where there are too many.
    pub(crate) fn points(&self, values: &[f64]) -> Vec<(f64, f64)> {
        let run = self.at.len().div_ceil(POINTS).max(1);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        self.at.chunks(run).zip(values.chunks(run)).map(|(at, values)| (mean(at), mean(values))).collect()
    }
}

/// The curve's mean over replications at every sample.
pub(crate) fn means(outcomes: &[Outcome], value: fn(&Sample) -> f64) -> Vec<f64> {
    series::mean(outcomes, value)
}

/// The largest of some values, 0 without any.
pub(crate) fn largest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().copied().fold(0.0, f64::max)
}

/// A plot of curves over time, with a pale band from the lowest to the highest replication where there are several.
pub(crate) fn curves(title: &str, outcomes: &[Outcome], curves: &[Curve], y: impl FnOnce(f64) -> Axis) -> String {
    let times = Times::new(outcomes);
    let extremes: Vec<_> = curves.iter().map(|curve| extremes(outcomes, curve.value)).collect();
    let y = y(largest(extremes.iter().flat_map(|(_, high)| high)));
    let legend = if curves.len() > 1 { curves.iter().map(|curve| (curve.name, curve.color, curve.stroke)).collect() } else { Vec::new() };
    let (x, top) = (times.axis(), y.range.end);
    Frame { legend, ..Frame::new(title, x, y) }.draw(|chart| {
        shade(chart, times.opened, top, "warm-up")?;
        for (curve, (low, high)) in curves.iter().zip(&extremes) {
            if outcomes.len() > 1 {
                band(chart, &times.points(high), &times.points(low), curve.color, 0.18)?;
            }
            line(chart, times.points(&means(outcomes, curve.value)), curve.color, curve.stroke)?;
        }
        Ok(())
    })
}

/// The lowest and the highest replication at every sample.
fn extremes(outcomes: &[Outcome], value: fn(&Sample) -> f64) -> (Vec<f64>, Vec<f64>) {
    let at = |index: usize| outcomes.iter().map(move |outcome| value(&outcome.series[index]));
    let indices = 0..series::length(outcomes);
    (
        indices.clone().map(|index| at(index).fold(f64::INFINITY, f64::min)).collect(),
        indices.map(|index| at(index).fold(0.0, f64::max)).collect(),
    )
}

/// A plot of curves stacked on each other, the first at the bottom.
pub(crate) fn stacked(title: &str, outcomes: &[Outcome], curves: &[Curve], y: impl FnOnce(f64) -> Axis) -> String {
    let times = Times::new(outcomes);
    let layers = layers(outcomes, curves);
    let y = y(largest(layers.last().into_iter().flatten()));
    let legend = curves.iter().map(|curve| (curve.name, curve.color, Stroke::Area)).collect();
    Frame { legend, ..Frame::new(title, times.axis(), y) }.draw(|chart| paint_layers(chart, &times, &layers, curves))
}

fn paint_layers(chart: &mut Chart<'_, '_>, times: &Times, layers: &[Vec<f64>], curves: &[Curve]) -> Result<(), Failure> {
    for (curve, pair) in curves.iter().zip(layers.windows(2)) {
        band(chart, &times.points(&pair[1]), &times.points(&pair[0]), curve.color, 0.9)?;
    }
    let top = layers.last().map_or(0.0, largest);
    shade_line(chart, times.opened, top)
}

/// A line where the measured window opens.
fn shade_line(chart: &mut Chart<'_, '_>, opened: f64, top: f64) -> Result<(), Failure> {
    if opened > 0.0 { line(chart, vec![(opened, 0.0), (opened, top)], super::palette::INK, Stroke::Dashed) } else { Ok(()) }
}

/// Sums of the curves: none, the first, the first two, …
fn layers(outcomes: &[Outcome], curves: &[Curve]) -> Vec<Vec<f64>> {
    let mut layers = vec![vec![0.0; series::length(outcomes)]];
    for curve in curves {
        let below = layers.last().expect("there is always the ground");
        let sum = below.iter().zip(means(outcomes, curve.value)).map(|(below, value)| below + value).collect();
        layers.push(sum);
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn a_long_series_is_thinned_without_changing_its_mean() {
        let times = Times { clock: Clock::fitting(10.0), at: (0..3_600).map(f64::from).collect(), opened: 0.0, closed: 0.0 };
        let values: Vec<f64> = (0..3_600).map(|n| f64::from(n % 7)).collect();
        let points = times.points(&values);
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        assert_eq!(points.len(), POINTS);
        assert!((mean(&points.iter().map(|point| point.1).collect::<Vec<_>>()) - mean(&values)).abs() < 1e-9);
    }

    #[test]
    fn layers_are_running_sums() {
        let outcomes = synthetic::outcomes(1);
        let one = |name| Curve { name, color: super::super::palette::BLUE, stroke: Stroke::Area, value: |_| 1.0 };
        let layers = layers(&outcomes, &[one("a"), one("b")]);
        assert_eq!((layers[0][3], layers[1][3], layers[2][3]), (0.0, 1.0, 2.0));
    }
}
