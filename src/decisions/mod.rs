//! Decisions on a situation, Pod by Pod, and what they rest on, in kube-scheduler's words.

mod found;

pub use found::{Found, Names};

use scenarios::Situation;
use sim_core::scheduler::{self, Resident, Scheduler};
use sim_core::spec::Spec;
use sim_core::table::{NodeId, PodId};
use sim_core::units::{SimSpan, SimTime};

/// A scheduler with the nodes and Pods of a situation, about to place the Pods that wait, in order, each once.
pub struct Stage<'a> {
    situation: &'a Situation,
    scheduler: Scheduler,
    names: Names,
    /// The latest start of a Pod that is on a node.
    latest: SimTime,
}

impl<'a> Stage<'a> {
    /// The situation before the first decision, which are reached by `path`.
    pub fn new(situation: &'a Situation, path: scheduler::Path) -> Self {
        let spec = &situation.spec;
        let mut scheduler = Scheduler::new(spec).with_path(path);
        let latest = situation.bound.iter().filter_map(|pod| pod.started).max().unwrap_or(SimTime::ZERO);
        for (row, pod) in situation.bound.iter().enumerate() {
            // A Pod that has not started yet counts as starting now.
            let (pod_id, started) = (PodId((situation.pods.len() + row) as u32), pod.started.unwrap_or(latest));
            let resident = Resident { pod: pod_id, template: pod.template, started, terminating: pod.terminating };
            scheduler.assign(spec, resident, pod.node);
            scheduler.name_disrupted(spec, pod_id, pod.template, pod.name.rsplit('/').next().unwrap_or_default());
        }
        let names = Names::new(&scheduler, situation);
        Self { situation, scheduler, names, latest }
    }

    /// Decides on the Pod in this row. What the plugins say is found out only if it is asked for.
    pub fn decide(&mut self, row: usize, in_full: bool) -> Found {
        let template = self.situation.pods[row].template;
        let explanation = in_full.then(|| self.scheduler.explain(self.spec(), template));
        // A second later than the one before: what was placed first is the more important.
        let now = self.latest + SimSpan::from_secs(1 + row as u64);
        Found::decide(&mut self.scheduler, &self.situation.spec, (PodId(row as u32), template), now, explanation)
    }

    /// Names of nodes and Pods.
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Nodes in the order of the search.
    pub fn node_order(&self) -> &[NodeId] {
        self.scheduler.node_order()
    }

    const fn spec(&self) -> &'a Spec {
        &self.situation.spec
    }
}
