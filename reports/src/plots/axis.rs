//! Axes: nice ticks, and labels with units that fit.

use crate::figures::Unit;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use sim_core::units::SimTime;
use std::ops::Range;

const DAY: f64 = 86_400.0;

/// An axis: its label with the unit, its range, its ticks and their labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) label: String,
    pub(crate) range: Range<f64>,
    pub(crate) ticks: Vec<(f64, String)>,
    /// Whether lines lead from the ticks through the plot.
    pub(crate) grid: bool,
}

impl Axis {
    /// From 0 to a nice value not below `max`, labelled with `k`, `M` and `G`.
    pub(crate) fn count(label: &str, max: f64) -> Self {
        let step = nice_step(if max > 0.0 { max } else { 1.0 } / 5.0).max(if max <= 5.0 { 1.0 } else { 0.0 });
        let top = (max * 1.02 / step).ceil().max(1.0) * step;
        Self { label: label.to_owned(), range: 0.0..top, ticks: ticks(0.0..top, step, si), grid: true }
    }

    /// A share of a whole in per cent: from 0 to 100 %, or beyond if `max` is.
    pub(crate) fn percent(label: &str, max: f64) -> Self {
        let top = if max > 1.0 { (max * 5.0).ceil() * 20.0 } else { 100.0 };
        let step = if top > 200.0 { nice_step(top / 5.0) } else { 20.0 };
        Self { label: format!("{label} (%)"), range: 0.0..top, ticks: ticks(0.0..top, step, si), grid: true }
    }

    /// Simulated time.
    pub(crate) fn time(clock: &Clock, end: f64) -> Self {
        let step = clock.step(end);
        let range = 0.0..if end > 0.0 { end } else { 1.0 };
        Self { label: format!("simulated time ({})", clock.name), ticks: ticks(range.clone(), step, si), range, grid: true }
    }

    /// Spans from 0 to `max` seconds, in the unit that fits; positions are seconds.
    pub(crate) fn span(label: &str, max: f64) -> Self {
        let max = if max > 0.0 { max } else { 1.0 };
        let clock = Clock::fitting(max);
        let ticks = ticks(0.0..max / clock.seconds, nice_step(max / clock.seconds / 8.0), si);
        let ticks = ticks.into_iter().map(|(at, label)| (at * clock.seconds, label)).collect();
        Self { label: format!("{label} ({})", clock.name), range: 0.0..max, ticks, grid: true }
    }

    /// Names from top to bottom, each in the middle of its row.
    pub(crate) fn names(names: &[&str]) -> Self {
        let rows = names.len() as f64;
        let ticks = names.iter().enumerate().map(|(index, name)| (rows - index as f64 - 0.5, (*name).to_owned())).collect();
        Self { label: String::new(), range: 0.0..rows, ticks, grid: false }
    }

    /// Values of a measure, in the unit that fits the largest; positions are in base units. It need not begin at 0.
    pub(crate) fn values(label: &str, unit: Unit, range: Range<f64>) -> Self {
        let (factor, suffix) = unit.scale(range.start.abs().max(range.end.abs()));
        let step = nice_step((range.end - range.start) * factor / 9.0);
        let whole = |decimals: &usize| (step * 10f64.powi(*decimals as i32)).fract().abs() < 1e-6;
        let decimals = (0..9).find(whole).unwrap_or(9);
        let positions = ticks(range.start * factor..range.end * factor, step, si).into_iter().map(|tick| tick.0);
        let tick = |at: f64| (at / factor, if step >= 1.0 { si(at) } else { format!("{at:.decimals$}") });
        let label = if suffix.is_empty() { label.to_owned() } else { format!("{label} ({})", suffix.trim()) };
        Self { label, ticks: positions.map(tick).collect(), range, grid: true }
    }

    /// Spans on a logarithmic axis: positions are decimal logarithms of seconds, ticks are spans that people know.
    pub(crate) fn log_span(label: &str, seconds: Range<f64>) -> Self {
        let range = seconds.start.log10()..seconds.end.log10();
        let ticks =
            KNOWN_SPANS.iter().map(|(secs, name)| (secs.log10(), (*name).to_owned())).filter(|tick| inside(&range, tick.0)).collect();
        Self { label: format!("{label} (logarithmic)"), range, ticks: thinned(ticks, 11), grid: true }
    }

    /// Where the ticks are.
    pub(crate) fn positions(&self) -> Vec<f64> {
        self.ticks.iter().map(|tick| tick.0).collect()
    }
}

/// An axis maps its range linearly, and its ticks are where it says.
impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let part = (value - self.range.start) / (self.range.end - self.range.start);
        from + (part * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.positions()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, at: &f64) -> String {
        self.ticks.iter().find(|tick| (tick.0 - at).abs() < 1e-9).map_or(String::new(), |tick| tick.1.clone())
    }
}

/// Spans that people know.
const KNOWN_SPANS: [(f64, &str); 21] = [
    (1e-3, "1 ms"),
    (1e-2, "10 ms"),
    (0.1, "100 ms"),
    (0.3, "300 ms"),
    (1.0, "1 s"),
    (3.0, "3 s"),
    (10.0, "10 s"),
    (30.0, "30 s"),
    (60.0, "1 min"),
    (180.0, "3 min"),
    (600.0, "10 min"),
    (1_800.0, "30 min"),
    (3_600.0, "1 h"),
    (10_800.0, "3 h"),
    (36_000.0, "10 h"),
    (DAY, "1 d"),
    (3.0 * DAY, "3 d"),
    (10.0 * DAY, "10 d"),
    (30.0 * DAY, "30 d"),
    (100.0 * DAY, "100 d"),
    (1_000.0 * DAY, "1000 d"),
];

fn inside(range: &Range<f64>, at: f64) -> bool {
    at >= range.start - 1e-9 && at <= range.end + 1e-9
}

/// Every second or third tick, so that no more than `most` are left.
fn thinned(ticks: Vec<(f64, String)>, most: usize) -> Vec<(f64, String)> {
    let every = ticks.len().div_ceil(most).max(1);
    ticks.into_iter().step_by(every).collect()
}

/// Multiples of `step` within `range`.
fn ticks(range: Range<f64>, step: f64, label: fn(f64) -> String) -> Vec<(f64, String)> {
    let (first, last) = ((range.start / step).ceil() as i64, (range.end / step + 1e-9).floor() as i64);
    (first..=last).map(|n| n as f64 * step).map(|at| (at, label(at))).collect()
}

/// 1, 2, 2.5 or 5 times a power of ten, not below `step`.
fn nice_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|nice| nice * power).find(|nice| *nice >= step * 0.999_999).unwrap_or(step)
}

/// A number with `k`, `M` or `G`, without needless digits.
pub(crate) fn si(value: f64) -> String {
    let (factor, suffix) = match value.abs() {
        size if size >= 1e9 => (1e-9, "G"),
        size if size >= 1e6 => (1e-6, "M"),
        size if size >= 1e4 => (1e-3, "k"),
        _ => (1.0, ""),
    };
    let text = format!("{:.3}", value * factor);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{}{suffix}", if text == "-0" { "0" } else { text })
}

/// As [`si`], with no more than three significant digits.
pub(crate) fn short(value: f64) -> String {
    let unit = 10f64.powf((value.abs().max(1.0).log10().floor() - 2.0).max(0.0));
    si((value / unit).round() * unit)
}

/// The unit in which a time axis counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Clock {
    name: &'static str,
    seconds: f64,
    steps: &'static [f64],
}

const CLOCKS: [(f64, Clock); 4] = [
    (2.0 * DAY, Clock { name: "days", seconds: DAY, steps: &[0.5, 1.0, 2.0, 5.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0, 365.0] }),
    (7_200.0, Clock { name: "hours", seconds: 3_600.0, steps: &[0.5, 1.0, 2.0, 3.0, 6.0, 12.0] }),
    (120.0, Clock { name: "minutes", seconds: 60.0, steps: &[0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0] }),
    (0.0, Clock { name: "seconds", seconds: 1.0, steps: &[0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0] }),
];

impl Clock {
    /// The unit that fits a run of `seconds`.
    pub(crate) fn fitting(seconds: f64) -> Self {
        CLOCKS.iter().find(|(from, _)| seconds >= *from).map_or(CLOCKS[3].1, |(_, clock)| *clock)
    }

    /// A time in this unit.
    pub(crate) fn at(&self, time: SimTime) -> f64 {
        time.as_secs_f64() / self.seconds
    }

    /// The smallest step that leaves no more than a dozen ticks up to `end`.
    fn step(&self, end: f64) -> f64 {
        self.steps.iter().copied().find(|step| end / step <= 14.0).unwrap_or_else(|| nice_step(end / 12.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> String {
        axis.ticks.iter().map(|tick| tick.1.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ticks_are_round_numbers_with_short_labels() {
        assert_eq!(labels(&Axis::count("Pods", 301_234.0)), "0 100k 200k 300k 400k");
        assert_eq!(labels(&Axis::count("Pods", 2.0)), "0 1 2 3");
        assert_eq!(labels(&Axis::count("Pods", 0.0)), "0 1");
        assert_eq!(labels(&Axis::percent("share", 0.7)), "0 20 40 60 80 100");
        assert_eq!(labels(&Axis::percent("share", 1.13)), "0 20 40 60 80 100 120");
    }

    #[test]
    fn time_is_counted_in_the_unit_that_fits_the_run() {
        for (seconds, want) in [(30.0 * DAY, "days"), (86_400.0, "hours"), (600.0, "minutes"), (60.0, "seconds")] {
            assert_eq!(Clock::fitting(seconds).name, want);
        }
        assert_eq!(labels(&Axis::time(&Clock::fitting(14.0 * DAY), 14.0)), "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14");
        assert_eq!(labels(&Axis::time(&Clock::fitting(DAY), 24.0)), "0 2 4 6 8 10 12 14 16 18 20 22 24");
    }

    #[test]
    fn values_of_a_measure_are_shown_in_its_unit_around_where_they_lie() {
        assert_eq!(labels(&Axis::values("lives", Unit::Share, 0.8012..0.8049)), "80.15 80.20 80.25 80.30 80.35 80.40 80.45");
        assert_eq!(labels(&Axis::values("lives", Unit::Seconds, 0.02..0.09)), "20 30 40 50 60 70 80 90");
        assert_eq!(Axis::values("lives", Unit::Seconds, 0.02..0.09).label, "lives (ms)");
        assert_eq!(labels(&Axis::values("Pods", Unit::Count, -20.0..120.0)), "-20 0 20 40 60 80 100 120");
    }

    #[test]
    fn short_numbers_have_three_digits() {
        assert_eq!([186_479.0, 2_835.0, 12.0, 0.0].map(short), ["186k", "2840", "12", "0"]);
    }

    #[test]
    fn a_logarithmic_axis_shows_spans_that_people_know() {
        assert_eq!(labels(&Axis::log_span("age", 50.0..4_000.0)), "1 min 3 min 10 min 30 min 1 h");
    }
}
