//! `report.html`: one file that works offline, needs no script, prints, and reads well aloud.
//!
//! It holds nothing that differs between equal runs: no time stamp, no wall time.

use crate::checks::{Check, checks};
use crate::figures::{Figure, GROUPS, Unit, measure};
use crate::format::{count, human, shown};
use crate::plots::Plot;
use crate::run::{FidelityNote, Notes, RunInfo, warnings};
use crate::state_diagram::taken;
use crate::summary::{Reason, censored_mean, reasons};
use askama::Template;
use sim_core::cluster::PodState;
use sim_core::measure::Outcome;

/// The measures on the first screen.
const CARDS: [&str; 12] = [
    "scale.nodes",
    "scale.pods",
    "lifespan.little",
    "containers.multi_share.live",
    "restarts.rate",
    "recovery.rate",
    "startup.running.p99",
    "startup.objective.p99",
    "utilization.allocated.cpu",
    "utilization.allocated.memory",
    "sidecar.memory_overhead.requested",
    "network.ip_saving",
];

/// A figure as it is shown.
struct Row {
    id: &'static str,
    label: &'static str,
    kind: &'static str,
    value: String,
    interval: String,
    replications: usize,
    definition: &'static str,
}

/// A group of figures.
struct Group {
    heading: &'static str,
    anchor: String,
    rows: Vec<Row>,
}

/// An arrow of the lifecycle.
struct Transition {
    from: PodState,
    to: PodState,
    count: String,
    dwell: String,
}

/// The page.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    run: &'a RunInfo,
    warmup: String,
    replications: usize,
    cards: Vec<Row>,
    checks: Vec<Check>,
    broken: usize,
    warnings: Vec<String>,
    live: String,
    lifecycle: &'a Plot,
    plots: &'a [Plot],
    transitions: Vec<Transition>,
    reasons: Vec<Told>,
    groups: Vec<Group>,
    fidelity: &'a [FidelityNote],
}

/// A message of the scheduler as it is shown.
struct Told {
    message: String,
    given: String,
    waiting: String,
}

/// The report.
///
/// # Panics
/// If there is no plot: the state diagram is always the first.
pub(crate) fn report(run: &RunInfo, outcomes: &[Outcome], notes: &Notes, plots: &[Plot]) -> Result<String, askama::Error> {
    let (lifecycle, plots) = plots.split_first().expect("the state diagram is always drawn");
    let checks = checks(outcomes);
    Page {
        run,
        warmup: run.warmup_words(),
        replications: outcomes.len(),
        cards: CARDS.iter().filter_map(|id| measure(id)).map(|measure| row(measure.figure(outcomes))).collect(),
        broken: checks.iter().filter(|check| !check.passed).count(),
        checks,
        warnings: warnings(outcomes.len(), notes),
        live: human(Unit::Count, censored_mean(outcomes).round()),
        lifecycle,
        plots,
        transitions: transitions(outcomes),
        reasons: reasons(outcomes).into_iter().map(told).collect(),
        groups: GROUPS.iter().map(|(heading, measures)| group(heading, measures.iter().map(|measure| measure.figure(outcomes)))).collect(),
        fidelity: &notes.fidelity,
    }
    .render()
}

fn row(figure: Figure) -> Row {
    let shown = figure.mean.map(|mean| shown(figure.unit, mean, figure.low.zip(figure.high)));
    let (value, interval) = shown.map_or(("not observed".to_owned(), String::new()), |shown| (shown.value, shown.interval));
    Row {
        id: figure.id,
        label: figure.label,
        kind: figure.kind.name(),
        value,
        interval: if interval.is_empty() { "—".to_owned() } else { interval },
        replications: figure.replications,
        definition: figure.definition,
    }
}

fn group(heading: &'static str, figures: impl Iterator<Item = Figure>) -> Group {
    Group { heading, anchor: heading.to_lowercase().replace(' ', "-"), rows: figures.map(row).collect() }
}

fn told(reason: Reason) -> Told {
    Told { message: reason.message, given: count(reason.given), waiting: count(reason.waiting) }
}

/// Every arrow that was taken.
fn transitions(outcomes: &[Outcome]) -> Vec<Transition> {
    let pairs = PodState::ALL.into_iter().flat_map(|from| PodState::ALL.map(|to| (from, to)));
    pairs.filter_map(|(from, to)| transition(from, to, outcomes)).collect()
}

fn transition(from: PodState, to: PodState, outcomes: &[Outcome]) -> Option<Transition> {
    let (count, dwell) = taken(&[from], to, outcomes);
    let dwell = human(Unit::Seconds, dwell?);
    Some(Transition { from, to, count: human(Unit::Count, (count * 10.0).round() / 10.0), dwell })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plots, synthetic};

    fn page(replications: u32) -> String {
        let outcomes = synthetic::outcomes(replications);
        report(&synthetic::run(replications), &outcomes, &synthetic::notes(), &plots::all(&outcomes)).unwrap()
    }

    #[test]
    fn the_report_needs_nothing_from_anywhere_else() {
        let page = page(2);
        for foreign in ["<script", "src=\"http", "href=\"http", "@import", "url(http"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn every_figure_is_in_the_report_with_its_definition() {
        let page = page(2);
        for measure in crate::measures() {
            assert!(page.contains(&format!("<code>{}</code>", measure.id)), "{}", measure.id);
        }
    }

    #[test]
    fn the_report_has_one_main_heading_and_a_caption_on_every_table() {
        let page = page(1);
        assert_eq!(page.matches("<h1").count(), 1);
        assert_eq!(page.matches("<table").count(), page.matches("<caption").count());
        assert!(page.contains("One replication: no confidence interval can be given."));
    }

    #[test]
    fn what_users_wrote_cannot_become_markup() {
        let outcomes = synthetic::outcomes(1);
        let run = RunInfo { scenario: "<img src=x>".to_owned(), ..synthetic::run(1) };
        let page = report(&run, &outcomes, &Notes::default(), &plots::all(&outcomes)).unwrap();
        assert!(!page.contains("<img"));
    }
}
