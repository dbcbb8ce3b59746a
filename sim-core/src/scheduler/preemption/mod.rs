//! `DefaultPreemption`: a Pod that fits nowhere may take the place of less important ones.
//!
//! Source: `pkg/scheduler/framework/preemption/preemption.go` and
//! `pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go` of Kubernetes v1.34.

mod budgets;
mod choice;
#[cfg(test)]
mod tests;
mod trial;
mod victims;

pub(super) use budgets::Disrupted;
pub(super) use trial::{Crowd, Trial};

use super::framework::Reason;
use super::messages::Obstacle;
use super::nodes::Nodes;
use super::order::pick;
use crate::spec::{PreemptionArgs, Spec, TieBreak};
use crate::table::{NodeId, PodId};
use victims::{NoHelp, Victims, victims};

/// A node on which a Pod could be placed if others left it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// Those that would have to go, the most important first.
    pub victims: Vec<PodId>,
    /// How many of them violate a disruption budget.
    pub violations: usize,
}

impl From<&Victims> for Candidate {
    fn from(victims: &Victims) -> Self {
        Self { node: victims.node, victims: victims.pods.iter().map(|pod| pod.pod).collect(), violations: victims.violations }
    }
}

/// What a dry run over nodes comes to.
pub(super) struct DryRun {
    found: Vec<Victims>,
    /// Why nodes that were tried are no candidates: how often each.
    pub(super) obstacles: Vec<(Obstacle, u32)>,
}

impl DryRun {
    /// All candidates, in the order in which they were tried.
    pub(super) fn candidates(&self) -> impl Iterator<Item = Candidate> {
        self.found.iter().map(Candidate::from)
    }

    /// The candidate to take.
    pub(super) fn best(&self, spec: &Spec) -> Option<Candidate> {
        choice::best(spec, &self.found).map(Candidate::from)
    }

    fn stopped_by(&mut self, obstacle: Obstacle) {
        match self.obstacles.iter_mut().find(|(known, _)| *known == obstacle) {
            Some((_, count)) => *count += 1,
            None => self.obstacles.push((obstacle, 1)),
        }
    }

    fn refused(&mut self, reasons: &[Reason]) {
        for reason in reasons {
            self.stopped_by(Obstacle::Reason(*reason));
        }
    }
}

/// How many candidates end the search among `nodes` nodes, given that one of them violates no budget.
fn enough(nodes: usize, args: PreemptionArgs) -> usize {
    let share = nodes * args.min_candidate_percentage as usize / 100;
    share.max(args.min_candidate_absolute as usize).min(nodes)
}

/// Tries preemption on the nodes in `places`, from the first or, where ties are broken at random, from a random one on.
pub(super) fn dry_run(
    trial: &Trial<'_>,
    nodes: &mut Nodes,
    places: &[NodeId],
    disrupted: &Disrupted,
    (args, rule, tie): (PreemptionArgs, TieBreak, u64),
) -> DryRun {
    let mut run = DryRun { found: Vec::new(), obstacles: Vec::new() };
    let first = if rule == TieBreak::Random && !places.is_empty() { pick(tie, places.len()) } else { 0 };
    let enough = enough(places.len(), args);
    for step in 0..places.len() {
        match victims(trial, nodes, places[(first + step) % places.len()], disrupted) {
            Ok(victims) => run.found.push(victims),
            Err(NoHelp::NoVictims) => run.stopped_by(Obstacle::NoVictims),
            Err(NoHelp::Refused(rejection)) => run.refused(&rejection.reasons),
        }
        if run.found.len() >= enough && run.found.iter().any(|victims| victims.violations == 0) {
            break;
        }
    }
    run
}
