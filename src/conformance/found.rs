//! What the scheduler decides, in the words of the records.

use scenarios::records::{Detail, Refusal, Scores};
use sim_core::scheduler::{Explanation, Refused, Scheduler, Scored, Verdict};
use sim_core::spec::Spec;
use sim_core::table::{NodeId, PodId, TemplateId};
use sim_core::units::SimTime;

/// Names of nodes.
pub(super) struct Names(Vec<String>);

impl Names {
    pub(super) fn new(scheduler: &Scheduler) -> Self {
        Self((0..scheduler.nodes_count()).map(|row| scheduler.node_name(NodeId(row as u32)).to_owned()).collect())
    }

    pub(super) fn of(&self, node: NodeId) -> String {
        self.0[node.0 as usize].clone()
    }
}

/// A decision.
pub(super) struct Found {
    pub(super) node: Option<NodeId>,
    /// The message, and the one in full.
    messages: Option<(String, String)>,
    pub(super) explanation: Option<Explanation>,
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
        let mut found = Self { node: None, messages: None, explanation };
        if found.explanation.as_ref().is_some_and(|said| said.gated.is_some()) {
            return found;
        }
        scheduler.submit(pod, template, now);
        assert_eq!(scheduler.next(now), Some(pod), "no other Pod waits");
        match scheduler.cycle(spec, pod, 0, now).verdict {
            Verdict::Placed(node) => found.node = Some(node),
            Verdict::Unschedulable(message) => {
                found.messages = Some((scheduler.message(message).to_owned(), scheduler.message_in_full(message).to_owned()));
                scheduler.withdraw(pod);
            }
        }
        found
    }

    /// The decision as a record has it; without an explanation, the node and messages alone.
    pub(super) fn detail(&self, pod: &str, names: &Names) -> Detail {
        let said = self.explanation.clone().unwrap_or_default();
        let mut feasible = said.feasible.clone();
        feasible.sort_unstable();
        Detail {
            pod: pod.to_owned(),
            node: self.node.map(|node| names.of(node)),
            gated: said.gated.as_ref().map(refusal),
            pre_filter_rejection: said.rejection.as_ref().map(refusal),
            infeasible: said.refused.iter().map(|(node, refused)| (names.of(*node), refusal(refused))).collect(),
            feasible: feasible.into_iter().map(|node| names.of(node)).collect(),
            ties: said.scores.as_ref().map(ties),
            scores: said.scores.as_ref().map(|scored| scores(scored, &said.feasible, names)),
            message: self.messages.as_ref().map(|(message, _)| message.clone()),
            full_message: self.messages.as_ref().map(|(_, full)| full.clone()),
            ..Detail::default()
        }
    }
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
    let named = || feasible.iter().map(|node| names.of(*node));
    Scores {
        plugins: scored.plugins.iter().map(|plugin| (*plugin).to_owned()).collect(),
        nodes: named().zip(scored.scores.iter().cloned()).collect(),
        totals: named().zip(scored.totals()).collect(),
    }
}
