//! What the scheduler does for a Pod that no node takes: room is made on one, and the Pod is nominated to it.
//!
//! Source: `Preempt` and `prepareCandidate` in `pkg/scheduler/framework/preemption/preemption.go` and
//! `PodEligibleToPreemptOthers` in `pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go` of Kubernetes v1.34.
//! What the scheduler asks of the API server there, to delete the victims, is the caller's affair.

use super::framework::{ClusterView, PodView, Resident};
use super::messages::{PostFilter, Tally};
use super::nodes::Nodes;
use super::nominations::{Nomination, Nominations};
use super::preemption::{Candidate, Crowd, Disrupted, DryRun, Trial, dry_run};
use super::queue::Event;
use super::{Profile, Scheduler, plain};
use crate::spec::{PreemptionArgs, Spec};
use crate::table::{NodeId, PodId, TemplateId};
use crate::units::SimTime;
use std::collections::BTreeSet;

/// What preemption keeps in mind between cycles.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    pub(super) nominations: Nominations,
    /// Victims that have not left yet.
    leaving: BTreeSet<PodId>,
    disrupted: Disrupted,
    /// The least priority of any Pod that may come.
    lowest: i32,
    /// True while nobody may be preempted.
    held: bool,
}

impl Memory {
    pub(super) fn new(spec: &Spec) -> Self {
        let lowest = spec.templates.rows().iter().map(|template| template.priority).min().unwrap_or(0);
        Self { lowest, ..Self::default() }
    }

    /// A Pod has left its node.
    pub(super) fn left(&mut self, pod: PodId) {
        self.leaving.remove(&pod);
    }
}

/// A Pod for which room is looked for.
#[derive(Clone, Copy)]
pub(super) struct Preemptor<'a> {
    pub(super) spec: &'a Spec,
    pub(super) profile: &'a Profile,
    pub(super) memory: &'a Memory,
    pub(super) pod: PodId,
    pub(super) template: TemplateId,
    pub(super) tie: u64,
}

impl Preemptor<'_> {
    /// `PostFilter`, given why nodes refuse: says in `tally` what came of it.
    pub(super) fn preempt(&self, nodes: &mut Nodes, tally: &mut Tally) -> Option<DryRun> {
        match self.bar(nodes) {
            Err(bar) => {
                tally.preemption = bar;
                None
            }
            Ok(args) => {
                let run = self.try_nodes(nodes, args);
                let found = run.candidates().next().is_some();
                tally.preemption = if found { PostFilter::Nominated } else { PostFilter::Tried(run.obstacles.clone()) };
                Some(run)
            }
        }
    }

    /// The same on a copy of the nodes; `None` if it is not tried.
    pub(super) fn preempt_in(&self, nodes: &Nodes) -> Option<DryRun> {
        self.somebody_is_lower(nodes).then(|| self.preempt(&mut nodes.clone(), &mut Tally::default()))?
    }

    /// What keeps the Pod from preempting others, if anything does.
    fn bar(&self, nodes: &mut Nodes) -> Result<PreemptionArgs, PostFilter> {
        let args = preemption_args(self.spec, self.template).ok_or(PostFilter::Off)?;
        if self.spec.templates[self.template].never_preempts {
            return Err(PostFilter::Never);
        }
        if !self.somebody_is_lower(nodes) {
            return Err(PostFilter::NobodyLower);
        }
        if self.victims_leave(nodes) {
            return Err(PostFilter::VictimsLeaving);
        }
        Ok(args)
    }

    fn priority(&self) -> i32 {
        self.spec.templates[self.template].priority
    }

    fn is_lower(&self, template: TemplateId) -> bool {
        self.spec.templates[template].priority < self.priority()
    }

    fn somebody_is_lower(&self, nodes: &Nodes) -> bool {
        let mut bound = nodes.bound().iter().filter(|(_, pods)| **pods > 0);
        !self.memory.held && self.memory.lowest < self.priority() && bound.any(|(template, _)| self.is_lower(template))
    }

    /// True if room is being made for the Pod already.
    fn victims_leave(&self, nodes: &mut Nodes) -> bool {
        let Some(node) = self.memory.nominations.node_of(self.pod) else { return false };
        let leaves = |pod: &Resident| self.is_lower(pod.template) && self.memory.leaving.contains(&pod.pod);
        nodes.residents(node).iter().any(leaves) && self.hopeful(nodes).contains(&node)
    }

    /// The nodes that refuse the Pod for reasons which others could take away by leaving.
    fn hopeful(&self, nodes: &mut Nodes) -> Vec<NodeId> {
        let crowd = self.trial(nodes).crowd(nodes);
        let pod = PodView { template: &self.spec.templates[self.template], symbols: nodes.symbols() };
        plain::hopeful(ClusterView { nodes, spec: self.spec }, self.profile, pod, &crowd)
    }

    fn trial(&self, nodes: &Nodes) -> Trial<'_> {
        Trial::new(self.spec, self.profile, &self.memory.nominations, nodes, (self.pod, self.template))
    }

    fn try_nodes(&self, nodes: &mut Nodes, args: PreemptionArgs) -> DryRun {
        let places = self.hopeful(nodes);
        let trial = self.trial(nodes);
        dry_run(&trial, nodes, &places, &self.memory.disrupted, (args, self.spec.scheduler.tie_break, self.tie))
    }

    /// Nodes that refuse the Pod because of others nominated to them.
    pub(super) fn crowd(&self, nodes: &mut Nodes) -> Crowd {
        if self.memory.nominations.above(self.pod, self.priority()).next().is_none() {
            return Crowd::new();
        }
        self.trial(nodes).crowd(nodes)
    }

    /// The node to which the Pod is nominated, if it takes the Pod now: then no other is looked at.
    pub(super) fn room_made(&self, nodes: &mut Nodes) -> Option<NodeId> {
        self.memory.nominations.node_of(self.pod)?;
        self.trial(nodes).fits_where_nominated(nodes)
    }
}

/// Arguments of the preemption of the profile that places Pods of a template, if it preempts.
fn preemption_args(spec: &Spec, template: TemplateId) -> Option<PreemptionArgs> {
    let name = &spec.templates[template].scheduler_name;
    let profiles = &spec.scheduler.profiles;
    let profile = profiles.iter().find(|profile| profile.scheduler_name == *name).or_else(|| profiles.first());
    profile.filter(|profile| profile.preempts).map(|profile| profile.preemption)
}

impl Scheduler {
    /// While this is held, nobody is preempted.
    pub fn hold_preemption(&mut self, held: bool) {
        self.memory.held = held;
    }

    /// True if Pods of a template could take the place of Pods that are on nodes now.
    pub fn may_preempt(&self, spec: &Spec, template: TemplateId) -> bool {
        let profile = self.profiles.of(template);
        let preemptor = Preemptor { spec, profile, memory: &self.memory, pod: PodId(u32::MAX), template, tie: 0 };
        let may = preemption_args(spec, template).is_some() && !spec.templates[template].never_preempts;
        may && preemptor.somebody_is_lower(&self.nodes)
    }

    /// Tells that a Pod is in `status.disruptedPods` of the budgets of its namespace that list `name`.
    pub fn name_disrupted(&mut self, spec: &Spec, pod: PodId, template: TemplateId, name: &str) {
        let namespace = spec.templates[template].namespace;
        for (row, budget) in spec.disruption_budgets.iter().enumerate() {
            if budget.namespace == namespace && budget.disrupted.iter().any(|listed| listed == name) {
                self.memory.disrupted.insert((row, pod));
            }
        }
    }

    /// Nominates a Pod to the node where its victims are; less important Pods lose their nomination there.
    pub(super) fn nominate(&mut self, spec: &Spec, (pod, template): (PodId, TemplateId), chosen: &Candidate, now: SimTime) {
        let priority = spec.templates[template].priority;
        for lower in self.memory.nominations.below(chosen.node, priority) {
            self.memory.nominations.withdraw(lower);
            self.queue.activate_parked(lower, now);
        }
        let resident = Resident { pod, template, started: now, terminating: false };
        self.memory.nominations.nominate(Nomination { node: chosen.node, resident, priority });
        for victim in &chosen.victims {
            self.set_terminating(*victim, chosen.node);
            self.memory.leaving.insert(*victim);
        }
    }

    /// A Pod needs its nomination no more; others that it held back are woken.
    pub(super) fn denominate(&mut self, spec: &Spec, pod: PodId, now: SimTime) {
        if let Some(nomination) = self.memory.nominations.withdraw(pod) {
            self.happened_for(spec, Event::AssignedPodDeleted(nomination.resident.template), nomination.priority, now);
        }
    }

    /// The node to which a waiting Pod is nominated.
    pub fn nominated_node(&self, pod: PodId) -> Option<NodeId> {
        self.memory.nominations.node_of(pod)
    }

    /// A Pod on a node has a deletion timestamp: Pods are no longer spread around it.
    pub fn set_terminating(&mut self, pod: PodId, node: NodeId) {
        if let Some(template) = self.nodes.mark_terminating(pod, node) {
            self.fast.terminates(&self.nodes, template, node);
        }
    }
}
