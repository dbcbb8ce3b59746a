//! A case, decided again Pod by Pod.

use super::Dataset;
use super::compare::Comparison;
use super::found::{Found, Names};
use scenarios::records::{Adaptive, Case, Detail, Expected, FailureCounts, Refusal, Scale, Sequence};
use sim_core::scheduler::{self, Resident, Scheduler};
use sim_core::spec::Spec;
use sim_core::table::PodId;
use sim_core::units::{SimSpan, SimTime};
use std::collections::BTreeMap;

/// Replays a case; `place` is `file:line`.
pub(super) fn replay(case: &Case, place: &str, path: scheduler::Path) -> Dataset {
    let mut dataset = Dataset { cases: 1, ..Dataset::default() };
    let mut stage = Stage::new(case, path);
    for (row, pod) in case.situation.pods.iter().enumerate() {
        let mut comparison = Comparison::default();
        match &case.expected {
            Expected::Detail(pods) => comparison.details(&pods[row], &stage.pod(row, true).detail(&pod.name, &stage.names)),
            Expected::Sequence(all) => of_sequence(all, row, &stage.pod(row, true), &stage.names, &mut comparison),
            Expected::Adaptive(all) => of_adaptive(all, row, &stage.pod(row, true), &stage, &mut comparison),
            Expected::Scale(all) => of_scale(all, row, &stage.pod(row, false), &mut comparison),
        }
        dataset.pod(place, &case.id, format!("pods[{row}] {}", pod.name), comparison);
    }
    dataset
}

/// The scheduler and the names of the case that it is given.
pub(super) struct Stage<'a> {
    case: &'a Case,
    spec: &'a Spec,
    scheduler: Scheduler,
    names: Names,
}

impl<'a> Stage<'a> {
    fn new(case: &'a Case, path: scheduler::Path) -> Self {
        let spec = &case.situation.spec;
        let mut scheduler = Scheduler::new(spec).with_path(path);
        let pods = case.situation.pods.len();
        for (row, pod) in case.situation.bound.iter().enumerate() {
            let started = pod.started.unwrap_or(SimTime::MAX);
            let resident = Resident { pod: PodId((pods + row) as u32), template: pod.template, started, terminating: pod.terminating };
            scheduler.assign(spec, resident, pod.node);
        }
        let names = Names::new(&scheduler);
        Self { case, spec, scheduler, names }
    }

    /// Decides on a Pod; what the plugins say is asked for only if it is compared.
    fn pod(&mut self, row: usize, in_full: bool) -> Found {
        let template = self.case.situation.pods[row].template;
        let pod = PodId(row as u32);
        let explanation = in_full.then(|| self.scheduler.explain(self.spec, template));
        Found::decide(&mut self.scheduler, self.spec, (pod, template), time_of(row), explanation)
    }
}

/// When the Pod in this row is decided on: 2026-01-01T00:00:00Z and a second for each Pod before it, which is the start time that the
/// records give it.
fn time_of(row: usize) -> SimTime {
    SimTime::ZERO + SimSpan::from_secs(1_767_225_600 + row as u64)
}

fn of_scale(all: &Scale, row: usize, found: &Found, comparison: &mut Comparison) {
    let node = found.node.map_or(-1, |node| i64::from(node.0));
    comparison.same("node", &all.chosen[row], &node);
}

fn of_sequence(all: &Sequence, row: usize, found: &Found, names: &Names, comparison: &mut Comparison) {
    let detail = found.detail("", names);
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
    let detail = found.detail("", &stage.names);
    if row == 0 {
        let order: Vec<usize> = stage.scheduler.node_order().iter().map(|node| node.0 as usize).collect();
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
