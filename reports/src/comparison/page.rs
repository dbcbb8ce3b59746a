//! `report.html` of a comparison: verdicts first, then drawings, what pairing was worth, every measure, how to do it again.

use super::{ArmRun, Cell, Comparison, Row, Shown, Verdict};
use crate::figures::{GROUPS, Unit};
use crate::format::{difference, plus_minus, relative};
use crate::plots::Plot;
use askama::Template;

/// The page.
#[derive(Template)]
#[template(path = "comparison.html")]
struct Page<'a> {
    comparison: &'a Comparison,
    names: String,
    warmup: String,
    several: bool,
    warnings: Vec<String>,
    reading: String,
    counts: super::Counts,
    headlines: Vec<Lines>,
    changed: Vec<Lines>,
    more: usize,
    arms: Vec<ArmLine<'a>>,
    plots: &'a [Plot],
    groups: Vec<Group>,
}

/// An arm as it is shown.
struct ArmLine<'a> {
    arm: &'a ArmRun,
    baseline: bool,
    fidelity: usize,
}

/// A group of measures.
struct Group {
    heading: &'static str,
    anchor: String,
    rows: Vec<Lines>,
}

/// A measure as it is shown.
struct Lines {
    id: &'static str,
    label: &'static str,
    kind: &'static str,
    definition: &'static str,
    cells: Vec<Line>,
}

/// A measure in one arm as it is shown.
struct Line {
    arm: String,
    replications: usize,
    mean: String,
    difference: String,
    change: String,
    verdict: &'static str,
    /// The verdict's class in the style sheet.
    class: &'static str,
    alone: String,
    correlation: String,
    ratio: String,
    to_tell: String,
    compared: bool,
}

/// The report.
pub(super) fn report(comparison: &Comparison, shown: &Shown, plots: &[Plot]) -> Result<String, askama::Error> {
    let lines = |rows: &[Row]| rows.iter().map(|row| self::lines(comparison, row)).collect::<Vec<_>>();
    let arm = |(row, arm)| ArmLine { arm, baseline: row == comparison.baseline, fidelity: ArmRun::fidelity(arm) };
    let group = |(heading, measures): &(&'static str, &'static [crate::Measure])| Group {
        heading,
        anchor: heading.to_lowercase().replace(' ', "-"),
        rows: measures.iter().map(|measure| self::lines(comparison, &comparison.row(measure))).collect(),
    };
    Page {
        comparison,
        names: comparison.arms.iter().map(|arm| arm.name.as_str()).collect::<Vec<_>>().join(", "),
        warmup: comparison.run.warmup_words(),
        several: comparison.run.replications > 1,
        warnings: comparison.caveats(),
        reading: comparison.reading(),
        counts: comparison.counts(),
        headlines: lines(&shown.headlines),
        changed: lines(&shown.changed),
        more: shown.more,
        arms: comparison.arms.iter().enumerate().map(arm).collect(),
        plots,
        groups: GROUPS.iter().map(group).collect(),
    }
    .render()
}

impl ArmRun {
    /// How many fields are not simulated as they are written.
    fn fidelity(&self) -> usize {
        self.notes.fidelity.len()
    }
}

fn lines(comparison: &Comparison, row: &Row) -> Lines {
    let measure = row.measure;
    let cells = comparison.arms.iter().zip(&row.cells).map(|(arm, cell)| line(measure.unit, &arm.name, cell)).collect();
    Lines { id: measure.id, label: measure.label, kind: measure.kind.name(), definition: measure.definition, cells }
}

fn line(unit: Unit, arm: &str, cell: &Cell) -> Line {
    let dash = || "—".to_owned();
    let contrast = cell.contrast.as_ref();
    let told = contrast.and_then(|contrast| contrast.difference);
    let verdict = contrast.map(|contrast| contrast.verdict);
    Line {
        arm: arm.to_owned(),
        replications: cell.values.len(),
        mean: cell.estimate.map_or("not observed".to_owned(), |it| plus_minus(unit, it.mean, it.half_width)),
        difference: told.map_or_else(dash, |it| difference(unit, it.mean, it.half_width)),
        change: contrast.and_then(|contrast| contrast.change).map_or_else(dash, relative),
        verdict: verdict.map_or("baseline", Verdict::name),
        class: if matches!(verdict, Some(Verdict::Higher | Verdict::Lower)) { "told" } else { "muted" },
        alone: contrast.and_then(|it| it.welch).map_or_else(dash, |it| difference(unit, it.difference, Some(it.half_width))),
        correlation: contrast.and_then(|it| it.correlation).map_or_else(dash, |it| format!("{it:.3}").replace('-', "−")),
        ratio: contrast.and_then(|it| it.variance_ratio).map_or_else(dash, ratio),
        to_tell: contrast.and_then(|it| it.replications_to_tell).map_or_else(dash, |it| crate::format::count(it as u64)),
        compared: contrast.is_some(),
    }
}

/// A ratio with three digits.
fn ratio(value: f64) -> String {
    if value >= 100.0 { crate::format::count(value.round() as u64) } else { format!("{value:.*}", usize::from(value < 10.0) + 1) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::three_arms;
    use super::super::{Selection, pictures};
    use super::*;

    fn page(comparison: &Comparison) -> String {
        let shown = comparison.shown(&Selection::Telling);
        report(comparison, &shown, &pictures::all(comparison, &shown)).unwrap()
    }

    #[test]
    fn the_report_needs_nothing_from_anywhere_else_and_has_a_caption_on_every_table() {
        let page = page(&three_arms());
        for foreign in ["<script", "src=\"http", "href=\"http", "@import", "url(http"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        assert_eq!((page.matches("<h1").count(), page.matches("<table").count()), (1, page.matches("<caption").count()));
    }

    #[test]
    fn every_measure_is_in_the_report_and_verdicts_come_before_anything_else() {
        let page = page(&three_arms());
        assert!(crate::measures().all(|measure| page.contains(&format!("<code>{}</code>", measure.id))));
        let (verdicts, arms) = (page.find("id=\"verdicts\"").unwrap(), page.find("id=\"arms\"").unwrap());
        assert!(verdicts < arms && page[verdicts..arms].contains("no difference shown"));
    }

    #[test]
    fn what_users_wrote_cannot_become_markup() {
        let mut comparison = three_arms();
        comparison.arms[1].description = "<img src=x>".to_owned();
        comparison.arms[1].settings[0].1 = "<img src=x>".to_owned();
        assert!(!page(&comparison).contains("<img"));
    }

    #[test]
    fn ratios_have_three_digits() {
        assert_eq!([1.0, 12.34, 154.55].map(ratio), ["1.00", "12.3", "155"]);
    }
}
