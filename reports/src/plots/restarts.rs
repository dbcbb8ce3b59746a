//! Container restarts per hour.

use super::axis::Axis;
use super::frame::{Frame, shade};
use super::over_time::{Times, largest, means};
use super::palette::VERMILION;
use super::{Plot, words};
use plotters::prelude::*;
use sim_core::measure::Outcome;

/// Bars that are drawn at most.
const BARS: usize = 168;

pub(super) fn plot(outcomes: &[Outcome]) -> Plot {
    let title = "Container restarts over time";
    let times = Times::new(outcomes);
    let bars = bars(&times, &seconds(outcomes), &means(outcomes, |sample| sample.restarts as f64));
    let rates: Vec<f64> = bars.iter().map(|bar| bar.2).collect();
    let y = Axis::count("restarts per hour, all containers", largest(&rates));
    let (x, top) = (times.axis(), y.range.end);
    let svg = Frame::new(title, x, y).draw(|chart| {
        shade(chart, times.opened, top, "warm-up")?;
        chart.draw_series(bars.iter().map(|(from, to, rate)| Rectangle::new([(*from, 0.0), (*to, *rate)], VERMILION.filled()))).map(drop)
    });
    Plot { name: "restarts", title, description: words("Container restarts per hour", &rates, ""), svg }
}

fn seconds(outcomes: &[Outcome]) -> Vec<f64> {
    means(outcomes, |sample| sample.at.as_secs_f64())
}

/// Bars from the growth of a total: from, to, growth per hour.
fn bars(times: &Times, seconds: &[f64], totals: &[f64]) -> Vec<(f64, f64, f64)> {
    let steps = totals.len().saturating_sub(1);
    let run = steps.div_ceil(BARS).max(1);
    let bar = |from: usize| {
        let to = (from + run).min(steps);
        (times.at[from], times.at[to], (totals[to] - totals[from]) * 3_600.0 / (seconds[to] - seconds[from]))
    };
    (0..steps).step_by(run).filter(|from| seconds[(from + run).min(steps)] > seconds[*from]).map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::super::axis::Clock;
    use super::*;

    #[test]
    fn bars_show_growth_per_hour_whatever_the_step() {
        let seconds = [0.0, 1_800.0, 3_600.0, 7_200.0];
        let times =
            Times { clock: Clock::fitting(7_200.0), at: seconds.iter().map(|secs| secs / 3_600.0).collect(), opened: 0.0, closed: 2.0 };
        let rates: Vec<f64> = bars(&times, &seconds, &[0.0, 5.0, 5.0, 25.0]).iter().map(|bar| bar.2).collect();
        assert_eq!(rates, [10.0, 0.0, 20.0]);
    }
}
