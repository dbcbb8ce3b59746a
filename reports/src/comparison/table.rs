//! The comparison on a terminal.

use super::{Comparison, Contrast, Row, Selection, Verdict};
use crate::format::{difference, plus_minus, relative};
use crate::statistics::Estimate;
use crate::table::wrapped;

/// Columns of an arm's name, of its mean, of its difference, of its change.
const COLUMNS: [usize; 4] = [18, 26, 25, 10];
/// Letters of an arm's settings that are shown; the files have all of them.
const SETTINGS: usize = 240;
/// The narrowest table.
const WIDTH_MIN: usize = 100;

/// The comparison for a terminal `width` columns wide (at least 100 are used). Ends with a line break.
pub fn comparison_table(comparison: &Comparison, selection: &Selection, width: usize) -> String {
    let width = width.max(WIDTH_MIN);
    let shown = comparison.shown(selection);
    let mut lines = wrapped(&headline(comparison), "", width);
    lines.extend(arm_lines(comparison, width));
    lines.extend([String::new(), head(comparison)]);
    if shown.headlines.is_empty() && shown.changed.is_empty() {
        lines.push("Nothing differs between the arms.".to_owned());
    }
    lines.extend(shown.headlines.iter().flat_map(|row| row_lines(comparison, row, width)));
    if !shown.changed.is_empty() && !shown.headlines.is_empty() {
        lines.push("What else changed most:".to_owned());
    }
    lines.extend(shown.changed.iter().flat_map(|row| row_lines(comparison, row, width)));
    lines.push(String::new());
    lines.extend(wrapped(&counted(comparison, shown.more), "", width));
    lines.extend(wrapped(&comparison.reading(), "", width));
    lines.extend(comparison.caveats().iter().flat_map(|text| wrapped(text, "Warning: ", width)));
    lines.extend(hints(comparison).iter().flat_map(|text| wrapped(text, "next: ", width)));
    lines.join("\n") + "\n"
}

fn headline(comparison: &Comparison) -> String {
    let run = &comparison.run;
    let times = if run.replications == 1 { "1 replication".to_owned() } else { format!("{} replications", run.replications) };
    format!(
        "{} · {} arms · {times} of {} each · seed {} · warm-up: {} · podsim {}",
        run.scenario,
        comparison.arms.len(),
        run.duration,
        run.seed,
        run.warmup_words(),
        run.version
    )
}

/// Each arm with what it stands for and what it changes.
fn arm_lines(comparison: &Comparison, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (row, arm) in comparison.arms.iter().enumerate() {
        let role = if row == comparison.baseline { "baseline" } else { "" };
        let settings: Vec<String> = arm.settings.iter().map(|(path, value)| format!("{path}={value}")).collect();
        let settings = if settings.is_empty() { "the scenario as it is".to_owned() } else { settings.join(", ") };
        let settings = fitted(&settings, SETTINGS);
        let words: Vec<&str> = [role, &arm.description, &settings].into_iter().filter(|words| !words.is_empty()).collect();
        lines.extend(wrapped(&words.join("; "), &format!("  {}: ", arm.name), width));
    }
    lines
}

fn head(comparison: &Comparison) -> String {
    let [name, mean, difference, change] = COLUMNS;
    let (means, differences) =
        if comparison.run.replications > 1 { ("mean, 95 % CI", "difference, paired CI") } else { ("value", "difference") };
    format!("{:name$}{means:>mean$}{differences:>difference$}{:>change$}  verdict", "", "change")
}

fn row_lines(comparison: &Comparison, row: &Row, width: usize) -> Vec<String> {
    let mut lines = wrapped(&format!("{} ({})", row.measure.label, row.measure.id), "", width);
    for (arm, cell) in comparison.arms.iter().zip(&row.cells) {
        lines.push(cell_line(row, &arm.name, cell.estimate.as_ref(), cell.contrast.as_ref()));
    }
    lines
}

fn cell_line(row: &Row, arm: &str, estimate: Option<&Estimate>, contrast: Option<&Contrast>) -> String {
    let [name, mean_columns, difference_columns, change_columns] = COLUMNS;
    let unit = row.measure.unit;
    let mean = estimate.map_or("not observed".to_owned(), |estimate| plus_minus(unit, estimate.mean, estimate.half_width));
    let told = contrast.and_then(|contrast| contrast.difference);
    let differs = told.map_or(String::new(), |told| difference(unit, told.mean, told.half_width));
    let change = contrast.and_then(|contrast| contrast.change).map_or(String::new(), relative);
    let verdict = contrast.map_or("", |contrast| short(contrast.verdict));
    let arm = format!("  {}", fitted(arm, name - 3));
    format!("{arm:name$}{mean:>mean_columns$}{differs:>difference_columns$}{change:>change_columns$}  {verdict}").trim_end().to_owned()
}

/// The verdict in no more than twenty letters.
const fn short(verdict: Verdict) -> &'static str {
    match verdict {
        // That it is one replication is said below the table.
        Verdict::OneReplication => "no interval",
        other => other.name(),
    }
}

/// The text, or as much of it as fits.
fn fitted(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns { text.to_owned() } else { text.chars().take(columns - 1).chain(['…']).collect() }
}

fn counted(comparison: &Comparison, more: usize) -> String {
    let counts = comparison.counts();
    let open = if comparison.run.replications > 1 { "show no difference" } else { "differ with no interval" };
    let more = if more > 0 { format!(" {more} more that differ: --all.") } else { String::new() };
    format!(
        "Of all measures {} differ, {} {open}, {} are identical in every replication.{more}",
        counts.different, counts.open, counts.identical
    )
}

fn hints(comparison: &Comparison) -> Vec<String> {
    let run = &comparison.run;
    let command = run.reproduce.split(" --replications").next().unwrap_or_default();
    let intervals = (run.replications < 5).then(|| format!("{command} --replications 10   # gives confidence intervals"));
    let folder =
        (!run.command.contains("--out")).then(|| format!("{} --out results   # keeps the table, plots and a report", run.reproduce));
    intervals.into_iter().chain(folder).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{arm, comparison, more_pods, three_arms};
    use super::*;

    fn table(comparison: &Comparison) -> String {
        comparison_table(comparison, &Selection::Telling, 100)
    }

    #[test]
    fn three_arms_are_told_with_differences_and_verdicts() {
        insta::assert_snapshot!(table(&three_arms()));
    }

    #[test]
    fn one_replication_is_told_without_intervals_or_winners() {
        let table = table(&comparison(vec![arm("plain", more_pods(1, 0, 0)), arm("more", more_pods(1, 9, 0))]));
        assert!(!table.contains('±') && !table.contains("higher"), "{table}");
        insta::assert_snapshot!(table);
    }

    #[test]
    fn no_line_is_wider_than_a_hundred_columns_whatever_is_asked() {
        let mut comparison = three_arms();
        comparison.arms[2].name = "an-arm-with-quite-a-long-name-that-nobody-wants-to-read".into();
        for line in comparison_table(&comparison, &Selection::All, 100).lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}
