//! `summary.json`: everything a program wants of a run, in a fixed order, nothing that differs between equal runs.

use crate::checks::{Check, checks};
use crate::figures::{self, Figure, at_end};
use crate::format::rounded;
use crate::run::{FidelityNote, Notes, RunInfo, warnings};
use serde::Serialize;
use sim_core::cluster::PodState;
use sim_core::measure::{Outcome, PendingReason};
use std::collections::BTreeMap;

/// The whole summary.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary<'a> {
    format: &'static str,
    version: &'a str,
    scenario: &'a str,
    digest: &'a str,
    seed: u64,
    replications: usize,
    warmup_seconds: f64,
    starts_in_equilibrium: bool,
    duration_seconds: f64,
    reproduce: &'a str,
    confidence_level: f64,
    figures: Vec<FigureRow>,
    checks: Vec<Check>,
    censored: Vec<StateCount>,
    pending_reasons: Vec<Reason>,
    warnings: Vec<String>,
    fidelity: &'a [FidelityNote],
}

/// A figure in a file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FigureRow {
    id: &'static str,
    label: &'static str,
    kind: &'static str,
    unit: &'static str,
    mean: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    replications: usize,
    definition: &'static str,
}

/// Pods that lived on when the window closed, summed over replications.
#[derive(Serialize)]
struct StateCount {
    state: String,
    pods: u64,
}

/// A scheduler's message, summed over replications.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    pub(crate) message: String,
    pub(crate) given: u64,
    pub(crate) waiting: u64,
}

impl From<Figure> for FigureRow {
    fn from(figure: Figure) -> Self {
        Self {
            id: figure.id,
            label: figure.label,
            kind: figure.kind.name(),
            unit: figure.unit.name(),
            mean: figure.mean.map(rounded),
            low: figure.low.map(rounded),
            high: figure.high.map(rounded),
            replications: figure.replications,
            definition: figure.definition,
        }
    }
}

/// The summary of a run.
pub(crate) fn summary<'a>(run: &'a RunInfo, outcomes: &[Outcome], notes: &'a Notes) -> Summary<'a> {
    Summary {
        format: "podsim/summary/v1",
        version: &run.version,
        scenario: &run.scenario,
        digest: &run.digest,
        seed: run.seed,
        replications: outcomes.len(),
        warmup_seconds: run.warmup.span().as_secs_f64(),
        starts_in_equilibrium: run.warmup == sim_core::spec::Warmup::Equilibrium,
        duration_seconds: run.duration.as_secs_f64(),
        reproduce: &run.reproduce,
        confidence_level: crate::statistics::LEVEL,
        figures: figures::figures(outcomes).into_iter().map(FigureRow::from).collect(),
        checks: checks(outcomes),
        censored: censored(outcomes),
        pending_reasons: reasons(outcomes),
        warnings: warnings(outcomes.len(), notes),
        fidelity: &notes.fidelity,
    }
}

/// The summary as a value, for `--format json`.
///
/// # Panics
/// Never: every part of the summary has a JSON form.
pub fn summary_json(run: &RunInfo, outcomes: &[Outcome], notes: &Notes) -> serde_json::Value {
    serde_json::to_value(summary(run, outcomes, notes)).expect("a summary has a JSON form")
}

fn censored(outcomes: &[Outcome]) -> Vec<StateCount> {
    let pods = |state: PodState| outcomes.iter().map(|outcome| outcome.pods.at_end[state.index()]).sum();
    PodState::ALL
        .into_iter()
        .filter(|state| !state.is_terminal())
        .map(|state| StateCount { state: state.to_string(), pods: pods(state) })
        .collect()
}

/// Pods that were live at the end, mean over replications.
pub(crate) fn censored_mean(outcomes: &[Outcome]) -> f64 {
    outcomes.iter().map(|outcome| at_end(outcome) as f64).sum::<f64>() / outcomes.len().max(1) as f64
}

/// The scheduler's messages over all replications, those with most waiting Pods first.
pub(crate) fn reasons(outcomes: &[Outcome]) -> Vec<Reason> {
    let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for PendingReason { message, given, waiting } in outcomes.iter().flat_map(|outcome| &outcome.scheduler.messages) {
        let sum = sums.entry(message).or_default();
        *sum = (sum.0 + given, sum.1 + waiting);
    }
    let mut reasons: Vec<Reason> =
        sums.into_iter().map(|(message, (given, waiting))| Reason { message: message.to_owned(), given, waiting }).collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse((reason.waiting, reason.given)));
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn the_summary_reads_like_this() {
        let (run, outcomes, notes) = (synthetic::run(3), synthetic::outcomes(3), synthetic::notes());
        let mut short = summary(&run, &outcomes, &notes);
        short.figures.truncate(3);
        insta::assert_snapshot!(serde_json::to_string_pretty(&short).unwrap());
    }

    #[test]
    fn the_summary_does_not_depend_on_how_fast_the_run_was() {
        let (run, outcomes, notes) = (synthetic::run(2), synthetic::outcomes(2), synthetic::notes());
        let slow =
            RunInfo { wall_seconds: 99.0, cpu_seconds: 98.0, peak_memory: 97, threads: 96, command: "typed".to_owned(), ..run.clone() };
        assert_eq!(summary_json(&run, &outcomes, &notes), summary_json(&slow, &outcomes, &notes));
    }
}
