//! What the scheduler decides, in the words of the records.

use scenarios::Situation;
use scenarios::records::{Candidate, Detail, Refusal, Scores};
use sim_core::scheduler::{self, Explanation, Preempting, Refused, Resident, Scheduler, Scored, Verdict};
use sim_core::spec::Spec;
use sim_core::table::{NodeId, PodId, TemplateId};
use sim_core::units::SimTime;
use std::collections::BTreeMap;

/// Names of nodes and Pods.
pub struct Names {
    nodes: Vec<String>,
    /// Pods that wait, then those that are on nodes.
    pods: Vec<String>,
}

impl Names {
    pub(super) fn new(scheduler: &Scheduler, situation: &Situation) -> Self {
        let waiting = situation.pods.iter().map(|pod| pod.name.clone());
        Self {
            nodes: (0..scheduler.nodes_count()).map(|row| scheduler.node_name(NodeId(row as u32)).to_owned()).collect(),
            pods: waiting.chain(situation.bound.iter().map(|pod| pod.name.clone())).collect(),
        }
    }

    /// The name of a node.
    pub fn node(&self, node: NodeId) -> String {
        self.nodes[node.0 as usize].clone()
    }

    /// `namespace/name` of a Pod.
    pub fn pod(&self, pod: PodId) -> String {
        self.pods[pod.0 as usize].clone()
    }
}

/// A decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    pod: PodId,
    /// The chosen node.
    pub node: Option<NodeId>,
    /// The message, and the one in full.
    messages: Option<(String, String)>,
    /// What preemption chose.
    preemption: Option<scheduler::Candidate>,
    /// What the plugins say, if it was asked for.
    pub explanation: Option<Explanation>,
}

impl Found {
    /// Decides on a Pod, which is tried once.
    pub(super) fn decide(
        scheduler: &mut Scheduler,
        spec: &Spec,
        (pod, template): (PodId, TemplateId),
        now: SimTime,
        explanation: Option<Explanation>,
    ) -> Self {
        let mut found = Self { pod, node: None, messages: None, preemption: None, explanation };
        if found.explanation.as_ref().is_some_and(|said| said.gated.is_some()) {
            return found;
        }
        scheduler.submit(spec, pod, template, now);
        assert_eq!(scheduler.next(now), Some(pod), "no other Pod waits");
        let cycle = scheduler.cycle(spec, pod, 0, now);
        match cycle.verdict {
            Verdict::Placed(node) => found.node = Some(node),
            Verdict::Unschedulable(message) => {
                found.messages = Some((scheduler.message(message).to_owned(), scheduler.message_in_full(message).to_owned()));
                scheduler.withdraw(spec, pod, now);
            }
        }
        if let Some(chosen) = &cycle.preemption {
            let resident = Resident { pod, template, started: now, terminating: false };
            make_room(scheduler, spec, chosen, resident, now);
        }
        found.preemption = cycle.preemption;
        found
    }

    /// The decision as a record has it; without an explanation, the node and messages alone.
    pub fn detail(&self, names: &Names) -> Detail {
        let said = self.explanation.clone().unwrap_or_default();
        let mut feasible = said.feasible.clone();
        feasible.sort_unstable();
        Detail {
            pod: names.pod(self.pod),
            node: self.node.map(|node| names.node(node)),
            gated: said.gated.as_ref().map(refusal),
            pre_filter_rejection: said.rejection.as_ref().map(refusal),
            infeasible: said.refused.iter().map(|(node, refused)| (names.node(*node), refusal(refused))).collect(),
            feasible: feasible.into_iter().map(|node| names.node(node)).collect(),
            ties: said.scores.as_ref().map(ties),
            scores: said.scores.as_ref().map(|scored| scores(scored, &said.feasible, names)),
            message: self.messages.as_ref().map(|(message, _)| message.clone()),
            full_message: self.messages.as_ref().map(|(_, full)| full.clone()),
            nominated_node: self.preemption.as_ref().map(|chosen| names.node(chosen.node)),
            victims: self.preemption.as_ref().map(|chosen| victims(chosen, names)),
            pdb_violations: self.preemption.as_ref().map(|chosen| chosen.violations),
            candidates: self.preemption.as_ref().and(said.preemption.as_ref()).map(|said| candidates(said, names)),
        }
    }
}

/// The victims go at once, and the Pod takes their place.
fn make_room(scheduler: &mut Scheduler, spec: &Spec, chosen: &scheduler::Candidate, resident: Resident, now: SimTime) {
    for victim in &chosen.victims {
        scheduler.release(spec, *victim, chosen.node, now);
    }
    scheduler.assign(spec, resident, chosen.node);
}

fn victims(candidate: &scheduler::Candidate, names: &Names) -> Vec<String> {
    candidate.victims.iter().map(|pod| names.pod(*pod)).collect()
}

fn candidates(said: &Preempting, names: &Names) -> BTreeMap<String, Candidate> {
    let of = |candidate: &scheduler::Candidate| Candidate { victims: victims(candidate, names), pdb_violations: candidate.violations };
    said.candidates.iter().map(|candidate| (names.node(candidate.node), of(candidate))).collect()
}

fn refusal(refused: &Refused) -> Refusal {
    let code = if refused.resolvable { "Unschedulable" } else { "UnschedulableAndUnresolvable" };
    let plugin = refused.plugin.unwrap_or_default().to_owned();
    Refusal { plugin, reasons: refused.reasons.clone(), code: code.to_owned(), absent: refused.plugin.is_none() }
}

fn ties(scored: &Scored) -> usize {
    let totals = scored.totals();
    let highest = totals.iter().max();
    totals.iter().filter(|total| Some(*total) == highest).count()
}

fn scores(scored: &Scored, feasible: &[NodeId], names: &Names) -> Scores {
    let named = || feasible.iter().map(|node| names.node(*node));
    Scores {
        plugins: scored.plugins.iter().map(|plugin| (*plugin).to_owned()).collect(),
        nodes: named().zip(scored.scores.iter().cloned()).collect(),
        totals: named().zip(scored.totals()).collect(),
    }
}
