//! The terminal's summary: what one wants to see first, in a width that fits.

use crate::checks::checks;
use crate::figures::{Unit, measure};
use crate::format::{count, human, shown};
use crate::run::{Notes, RunInfo, warnings};
use crate::summary::{Reason, censored_mean, reasons};
use sim_core::measure::Outcome;

/// The rows: a heading and the measures under it.
pub(crate) const HEADLINES: [(&str, &[&str]); 6] = [
    ("Scale", &["scale.nodes", "scale.pods", "borg.container_starts", "pods.created"]),
    ("Lives", &["lifespan.little", "lifespan.mean", "lifespan.median", "containers.multi_share.live"]),
    ("Failures", &["restarts.rate", "recovery.rate", "recovery.p99"]),
    ("Start-up", &["startup.running.p50", "startup.running.p99", "startup.ready.p99", "startup.objective.p99", "scheduler.wait.p99"]),
    (
        "Resources",
        &[
            "utilization.allocated.cpu",
            "utilization.allocated.memory",
            "utilization.used.cpu",
            "utilization.used.memory",
            "sidecar.memory_overhead.requested",
        ],
    ),
    ("Network", &["network.ip_saving", "network.duplicates", "pause.memory_share"]),
];

/// Columns that a label takes, its indent included.
const LABEL: usize = 44;
/// Columns that a value takes.
const VALUE: usize = 14;
/// Messages of the scheduler that are shown.
const REASONS: usize = 4;

/// The summary of a run for a terminal `width` columns wide (at least 72 are used). Ends with a line break.
pub fn summary_table(run: &RunInfo, outcomes: &[Outcome], notes: &Notes, width: usize) -> String {
    let width = width.max(LABEL + 2 * VALUE);
    let mut lines = wrapped(&headline(run, outcomes.len()), "", width);
    lines.push(String::new());
    lines.extend(figure_lines(outcomes));
    lines.push(String::new());
    lines.extend(end_lines(outcomes, width));
    lines.extend(check_lines(outcomes, width));
    lines.extend(warnings(outcomes.len(), notes).iter().flat_map(|text| wrapped(text, "Warning: ", width)));
    lines.extend(fidelity_line(notes, width));
    lines.extend(hints(run, outcomes).iter().flat_map(|text| wrapped(text, "next: ", width)));
    lines.join("\n") + "\n"
}

fn headline(run: &RunInfo, replications: usize) -> String {
    let times = if replications == 1 { "1 replication".to_owned() } else { format!("{replications} replications") };
    format!("{} · {times} of {} · seed {} · warm-up: {} · podsim {}", run.scenario, run.duration, run.seed, run.warmup_words(), run.version)
}

fn figure_lines(outcomes: &[Outcome]) -> Vec<String> {
    let interval = if outcomes.len() > 1 { "   95 % CI" } else { "" };
    let mut lines = vec![format!("{:LABEL$}{:>VALUE$}{interval}", "", if outcomes.len() > 1 { "mean" } else { "value" })];
    for (group, ids) in HEADLINES {
        let rows: Vec<String> = ids.iter().filter_map(|id| figure_line(id, outcomes)).collect();
        lines.extend((!rows.is_empty()).then(|| group.to_owned()));
        lines.extend(rows);
    }
    lines
}

/// A row; `None` where nothing was observed.
fn figure_line(id: &str, outcomes: &[Outcome]) -> Option<String> {
    let figure = measure(id)?.figure(outcomes);
    let shown = shown(figure.unit, figure.mean?, figure.low.zip(figure.high));
    let line = format!("  {:label$}{:>VALUE$}   {}", figure.label, shown.value, shown.interval, label = LABEL - 2);
    Some(line.trim_end().to_owned())
}

/// Pods that lived on when the window closed, and what keeps the pending ones.
fn end_lines(outcomes: &[Outcome], width: usize) -> Vec<String> {
    let pending = measure("pods.pending_at_end").and_then(|measure| measure.figure(outcomes).mean).unwrap_or(0.0);
    let text = format!(
        "{} Pods live ({} of them pending){}; their lives are censored: counted in lifespan.little and the survival curve, not in \
         lifespan.mean.",
        human(Unit::Count, censored_mean(outcomes)),
        human(Unit::Count, pending),
        if outcomes.len() > 1 { ", mean over replications" } else { "" },
    );
    let mut lines = wrapped(&text, "At the end: ", width);
    let reasons = reasons(outcomes);
    lines.extend(reasons.iter().take(REASONS).flat_map(|reason| reason_lines(reason, width)));
    if reasons.len() > REASONS {
        lines.push(format!("  … and {} more messages in summary.json", reasons.len() - REASONS));
    }
    lines
}

fn reason_lines(reason: &Reason, width: usize) -> Vec<String> {
    let head = format!("  {} waiting, told {} times: ", count(reason.waiting), count(reason.given));
    wrapped(&reason.message, &head, width)
}

fn check_lines(outcomes: &[Outcome], width: usize) -> Vec<String> {
    let checks = checks(outcomes);
    let passed = checks.iter().filter(|check| check.passed).count();
    let mut lines = vec![format!("Checks: {passed} of {} identities hold", checks.len())];
    for check in checks.iter().filter(|check| !check.passed) {
        lines.extend(wrapped(&format!("{} {}: {}", check.statement, check.id, check.detail), "  BROKEN ", width));
    }
    lines
}

fn fidelity_line(notes: &Notes, width: usize) -> Vec<String> {
    match notes.fidelity.len() {
        0 => Vec::new(),
        1 => wrapped("1 field is approximated or ignored; the report and `podsim check` name it.", "Fidelity: ", width),
        many => {
            wrapped(&format!("{many} fields are approximated or ignored; the report and `podsim check` name them."), "Fidelity: ", width)
        }
    }
}

fn hints(run: &RunInfo, outcomes: &[Outcome]) -> Vec<String> {
    let command = run.reproduce.split(" --replications").next().unwrap_or_default();
    let intervals = (outcomes.len() < 5).then(|| format!("{command} --replications 10   # gives confidence intervals"));
    let folder = (!run.command.contains("--out")).then(|| format!("{} --out results   # keeps figures, plots and a report", run.reproduce));
    intervals.into_iter().chain(folder).collect()
}

/// `text` after `head`, broken at spaces to `width` columns; later lines are indented as far as the head, but no more than eight.
pub(crate) fn wrapped(text: &str, head: &str, width: usize) -> Vec<String> {
    let indent = " ".repeat(head.chars().count().min(8));
    let (mut lines, mut line) = (Vec::new(), head.to_owned());
    let mut fresh = true;
    for word in text.split(' ') {
        if !fresh && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, indent.clone()));
            fresh = true;
        }
        if !fresh {
            line.push(' ');
        }
        line.push_str(word);
        fresh = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    fn table(replications: u32) -> String {
        summary_table(&synthetic::run(replications), &synthetic::outcomes(replications), &synthetic::notes(), 100)
    }

    #[test]
    fn ten_replications_are_told_with_intervals() {
        insta::assert_snapshot!(table(10));
    }

    #[test]
    fn one_replication_is_told_without_intervals_and_with_a_hint() {
        let table = table(1);
        assert!(!table.contains("95 %"));
        insta::assert_snapshot!(table);
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        for line in table(10).lines().chain(table(1).lines()) {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }

    #[test]
    fn a_broken_identity_is_not_to_be_overlooked() {
        let mut outcomes = synthetic::outcomes(1);
        outcomes[0].addresses.duplicates = 2;
        let table = summary_table(&synthetic::run(1), &outcomes, &Notes::default(), 100);
        assert!(table.contains("BROKEN No address is held by two Pods"), "{table}");
    }

    #[test]
    fn an_empty_run_is_told_too() {
        insta::assert_snapshot!(summary_table(&synthetic::run(1), &[synthetic::empty()], &Notes::default(), 100));
    }
}
