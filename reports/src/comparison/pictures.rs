//! Drawings of a comparison: all differences on one scale, and each shown measure arm by arm.

use super::{Comparison, Contrast, Row, Shown};
use crate::figures::Unit;
use crate::format::{difference, plus_minus};
use crate::plots::axis::Axis;
use crate::plots::frame::{Chart, Failure, Frame, Stroke, line, note};
use crate::plots::palette::{BLUE, GREEN, INK, MUTED, ORANGE, PURPLE, SKY, VERMILION};
use crate::plots::{Plot, described};
use plotters::prelude::*;
use std::ops::Range;

/// Colours of arms, in order; the baseline is grey.
const COLORS: [RGBColor; 6] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY];
/// Height of a row, and of all that is not rows.
const ROW: u32 = 30;
const REST: u32 = 150;
/// Measures with a drawing of their own.
const DRAWN_MAX: usize = 24;
/// How far below the interval replications are drawn, in rows.
const BELOW: f64 = 0.24;
/// Relative changes beyond this are drawn at the edge.
const CHANGE_MAX: f64 = 2.0;

/// The drawings, that of all differences first.
pub(super) fn all(comparison: &Comparison, shown: &Shown) -> Vec<Plot> {
    let rows: Vec<&Row> = shown.headlines.iter().chain(&shown.changed).filter(|row| row.observed()).take(DRAWN_MAX).collect();
    std::iter::once(differences(comparison, &rows)).chain(rows.iter().map(|row| values(comparison, row))).map(described).collect()
}

fn color(comparison: &Comparison, arm: usize) -> RGBColor {
    let before = arm - usize::from(arm > comparison.baseline);
    if arm == comparison.baseline { MUTED } else { COLORS[before % COLORS.len()] }
}

/// A relative change with its interval, of one arm and measure.
struct Change<'a> {
    label: &'a str,
    arm: usize,
    mean: f64,
    half_width: Option<f64>,
}

fn changes<'a>(comparison: &Comparison, rows: &[&'a Row]) -> Vec<Change<'a>> {
    let arms = (0..comparison.arms.len()).filter(|arm| *arm != comparison.baseline);
    let pairs = rows.iter().flat_map(|row| arms.clone().map(move |arm| (row, arm)));
    pairs.filter_map(|(row, arm)| change(row.measure.label, arm, row.cells[arm].contrast.as_ref()?)).collect()
}

fn change<'a>(label: &'a str, arm: usize, contrast: &Contrast) -> Option<Change<'a>> {
    let (mean, told) = (contrast.change?, contrast.difference?);
    // The baseline's mean, by which the difference was divided; nothing to divide by where nothing differs.
    let half_width = told.half_width.map(|half| if told.mean == 0.0 { 0.0 } else { half * mean / told.mean });
    Some(Change { label, arm, mean, half_width })
}

/// All relative changes with their intervals.
fn differences(comparison: &Comparison, rows: &[&Row]) -> Plot {
    let title = "Differences to the baseline";
    let changes = changes(comparison, rows);
    let far = changes.iter().map(|it| it.mean.abs() + it.half_width.unwrap_or(0.0)).fold(0.01, f64::max).min(CHANGE_MAX) * 100.0;
    let labels: Vec<&str> =
        changes.iter().enumerate().map(|(at, it)| if at > 0 && changes[at - 1].label == it.label { "" } else { it.label }).collect();
    // Room for the numbers beside the bars.
    let x = Axis::values("change against the baseline, % of its mean", Unit::Count, -1.1 * far..1.9 * far);
    let names = if labels.is_empty() { vec![""] } else { labels };
    let others = comparison.arms.iter().enumerate().filter(|(arm, _)| *arm != comparison.baseline);
    let legend = others.map(|(arm, it)| (it.name.as_str(), color(comparison, arm), Stroke::Area)).collect();
    let height = REST + ROW * names.len() as u32;
    let count = names.len() as f64;
    let svg = Frame { legend, left: 330, height, ..Frame::new(title, x, Axis::names(&names)) }.draw(|chart| {
        line(chart, vec![(0.0, 0.0), (0.0, count)], INK, Stroke::Solid)?;
        changes.iter().enumerate().try_for_each(|(row, it)| {
            let (at, color) = (count - row as f64 - 0.5, color(comparison, it.arm));
            let reach = it.half_width.unwrap_or(0.0) * 100.0;
            let clipped = |value: f64| value.clamp(-1.08 * far, 1.08 * far);
            let (mean, low, high) = (clipped(it.mean * 100.0), clipped(it.mean * 100.0 - reach), clipped(it.mean * 100.0 + reach));
            bar(chart, mean, low..high, at, color)?;
            note(chart, (high.max(0.0), at), (10, -7), &words(it))
        })
    });
    let description = format!(
        "Change of each measure against the baseline, {}, in per cent of its mean, with the interval of the paired difference (that mean taken as exact). A measure that the \
         baseline has nothing of has no such change and is not drawn; changes beyond {:.0} % are drawn at the edge. The tables have the numbers.",
        comparison.arms[comparison.baseline].name,
        CHANGE_MAX * 100.0
    );
    Plot { name: "differences", title, description, svg }
}

fn words(it: &Change<'_>) -> String {
    difference(Unit::Share, it.mean, it.half_width).replace("pp", "%")
}

/// A dot with its interval.
fn bar(chart: &mut Chart<'_, '_>, mean: f64, ends: Range<f64>, at: f64, color: RGBColor) -> Result<(), Failure> {
    chart.draw_series([PathElement::new([(ends.start, at), (ends.end, at)], color.stroke_width(3))])?;
    for end in [ends.start, ends.end] {
        chart.draw_series([PathElement::new([(end, at - 0.18), (end, at + 0.18)], color.stroke_width(2))])?;
    }
    chart.draw_series([Circle::new((mean, at), 5, color.filled())]).map(drop)
}

/// A measure arm by arm: every replication, the mean and its interval.
fn values(comparison: &Comparison, row: &Row) -> Plot {
    let measure = row.measure;
    let names: Vec<&str> = comparison.arms.iter().map(|arm| arm.name.as_str()).collect();
    let x = Axis::values(measure.label, measure.unit, range(row));
    let (count, left) = (names.len() as f64, 24 + 8 * names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(36) as u32);
    let height = REST - 20 + ROW * names.len() as u32;
    let svg = Frame { left, height, ..Frame::new(measure.label, x, Axis::names(&names)) }.draw(|chart| {
        threads(chart, row, comparison.run.replications as usize)?;
        row.cells.iter().enumerate().try_for_each(|(arm, cell)| {
            let (at, color) = (count - arm as f64 - 0.5, color(comparison, arm));
            chart.draw_series(cell.values.iter().map(|value| Circle::new((*value, at - BELOW), 3, color.mix(0.45).filled())))?;
            let Some(estimate) = cell.estimate else { return Ok(()) };
            let half = estimate.half_width.unwrap_or(0.0);
            bar(chart, estimate.mean, estimate.mean - half..estimate.mean + half, at + 0.08, color)
        })
    });
    let told: Vec<String> =
        comparison.arms.iter().zip(&row.cells).map(|(arm, cell)| format!("{}: {}.", arm.name, cell_words(row, cell))).collect();
    let about = if comparison.run.replications > 1 {
        "Mean with its 95 % interval, and every replication as a pale dot, led from arm to arm"
    } else {
        "Value"
    };
    Plot { name: measure.id, title: measure.label, description: format!("{about}. {}", told.join(" ")), svg }
}

/// Thin lines that lead each replication from arm to arm, where all arms observed all of them: parallel ones are what pairing lives on.
fn threads(chart: &mut Chart<'_, '_>, row: &Row, replications: usize) -> Result<(), Failure> {
    if row.cells.iter().any(|cell| cell.values.len() != replications) {
        return Ok(());
    }
    let count = row.cells.len() as f64;
    let place = |replication: usize| {
        row.cells.iter().enumerate().map(move |(arm, cell)| (cell.values[replication], count - arm as f64 - 0.5 - BELOW))
    };
    chart
        .draw_series(
            (0..replications).map(|replication| PathElement::new(place(replication).collect::<Vec<_>>(), MUTED.mix(0.22).stroke_width(1))),
        )
        .map(drop)
}

fn cell_words(row: &Row, cell: &super::Cell) -> String {
    let Some(estimate) = cell.estimate else { return "not observed".to_owned() };
    let mean = plus_minus(row.measure.unit, estimate.mean, estimate.half_width);
    let told = cell.contrast.as_ref().and_then(|contrast| Some((contrast.difference?, contrast.verdict)));
    told.map_or_else(
        || mean.clone(),
        |(told, verdict)| format!("{mean}, difference {} ({})", difference(row.measure.unit, told.mean, told.half_width), verdict.name()),
    )
}

/// From the lowest to the highest of all that is drawn, with a margin; a range of some width where all is one value.
fn range(row: &Row) -> Range<f64> {
    let estimates = row.cells.iter().filter_map(|cell| cell.estimate);
    let ends = estimates.flat_map(|it| [it.mean - it.half_width.unwrap_or(0.0), it.mean + it.half_width.unwrap_or(0.0)]);
    let all: Vec<f64> = row.cells.iter().flat_map(|cell| cell.values.iter().copied()).chain(ends).collect();
    let (low, high) = all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let least = low.abs().max(high.abs()) * 1e-3;
    let margin = ((high - low) * 0.06).max(if least > 0.0 { least } else { 1.0 });
    low - margin..high + margin
}

#[cfg(test)]
mod tests {
    use super::super::tests::{arm, comparison, more_pods, three_arms};
    use super::*;
    use crate::comparison::Selection;

    #[test]
    fn nothing_that_is_no_number_is_drawn_whatever_is_compared() {
        let empty = || vec![crate::synthetic::empty(), crate::synthetic::empty()];
        let cases = [
            three_arms(),
            comparison(vec![arm("plain", more_pods(1, 0, 0)), arm("more", more_pods(1, 5, 0))]),
            comparison(vec![arm("plain", empty()), arm("more", more_pods(2, 5, 0))]),
            comparison(vec![arm("plain", empty()), arm("more", empty())]),
        ];
        for comparison in cases {
            for plot in all(&comparison, &comparison.shown(&Selection::All)) {
                assert!(!plot.svg.contains("NaN") && !plot.svg.contains("inf\"") && !plot.svg.contains("-2147483648"), "{}", plot.name);
            }
        }
    }

    #[test]
    fn a_drawing_says_in_words_what_it_shows() {
        let comparison = three_arms();
        let plots = all(&comparison, &comparison.shown(&Selection::Telling));
        assert_eq!(plots[0].name, "differences");
        assert!(plots[1].description.contains("more: ") && plots[1].description.contains("(higher)"), "{}", plots[1].description);
        assert!(plots.iter().all(|plot| plot.svg.contains("role=\"img\"")));
    }
}
