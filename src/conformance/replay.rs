//! A case, decided again Pod by Pod.

use super::Dataset;
use super::compare::Comparison;
use crate::decisions::{Found, Names, Stage};
use scenarios::records::{Adaptive, Case, Detail, Expected, FailureCounts, Refusal, Scale, Sequence};
use sim_core::scheduler;
use std::collections::BTreeMap;

/// Replays a case; `place` is `file:line`.
pub(super) fn replay(case: &Case, place: &str, path: scheduler::Path) -> Dataset {
    let mut dataset = Dataset { cases: 1, ..Dataset::default() };
    let mut stage = Stage::new(&case.situation, path);
    for (row, pod) in case.situation.pods.iter().enumerate() {
        let mut comparison = Comparison::default();
        match &case.expected {
            Expected::Detail(pods) => comparison.details(&pods[row], &stage.decide(row, true).detail(stage.names())),
            Expected::Sequence(all) => of_sequence(all, row, &stage.decide(row, true), stage.names(), &mut comparison),
            Expected::Adaptive(all) => of_adaptive(all, row, &stage.decide(row, true), &stage, &mut comparison),
            Expected::Scale(all) => of_scale(all, row, &stage.decide(row, false), &mut comparison),
        }
        dataset.pod(place, &case.id, format!("pods[{row}] {}", pod.name), comparison);
    }
    dataset
}

fn of_scale(all: &Scale, row: usize, found: &Found, comparison: &mut Comparison) {
    let node = found.node.map_or(-1, |node| i64::from(node.0));
    comparison.same("node", &all.chosen[row], &node);
}

fn of_sequence(all: &Sequence, row: usize, found: &Found, names: &Names, comparison: &mut Comparison) {
    let detail = found.detail(names);
    comparison.same("node", &all.chosen[row], &detail.node);
    comparison.same("highest total", &all.totals[row], &highest(&detail));
    comparison.same("ties", &all.ties[row], &ties(&detail));
    let failure = all.failures.get(&row.to_string());
    let ours = detail.message.clone().map(|message| FailureCounts {
        by_plugin: by_plugin(&detail),
        message,
        full_message: detail.full_message.clone().unwrap_or_default(),
    });
    comparison.same("failure", &failure, &ours.as_ref());
}

fn of_adaptive(all: &Adaptive, row: usize, found: &Found, stage: &Stage<'_>, comparison: &mut Comparison) {
    let detail = found.detail(stage.names());
    if row == 0 {
        let order: Vec<usize> = stage.node_order().iter().map(|node| node.0 as usize).collect();
        comparison.same("node order", &all.node_order, &order);
    }
    let (start, evaluated) = found.explanation.as_ref().map_or((0, 0), |said| (said.start, said.evaluated()));
    comparison.same("start", &all.start_index[row], &start);
    comparison.same("evaluated", &all.evaluated[row], &evaluated);
    comparison.same("feasible", &all.feasible[row], &detail.feasible.len());
    comparison.same("node", &all.chosen[row], &detail.node);
    comparison.same("highest total", &all.totals[row], &highest(&detail));
    comparison.same("message", &all.messages.get(&row.to_string()), &detail.message.as_ref());
}

fn highest(detail: &Detail) -> i64 {
    detail.scores.as_ref().and_then(|scores| scores.totals.values().max().copied()).unwrap_or(-1)
}

/// Nodes that share the highest total; 1 if only one was feasible.
fn ties(detail: &Detail) -> usize {
    detail.ties.unwrap_or(detail.feasible.len())
}

/// Nodes by plugin and reason.
fn by_plugin(detail: &Detail) -> BTreeMap<String, BTreeMap<String, usize>> {
    let mut counts: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let refusals = detail.infeasible.values().chain(&detail.pre_filter_rejection);
    for Refusal { plugin, reasons, .. } in refusals {
        for reason in reasons {
            *counts.entry(plugin.clone()).or_default().entry(reason.clone()).or_default() += 1;
        }
    }
    counts
}
