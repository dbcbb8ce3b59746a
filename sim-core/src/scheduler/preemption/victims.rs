//! The Pods that would have to leave one node.
//!
//! Source: `SelectVictimsOnNode` in `pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go` and
//! `MoreImportantPod` in `pkg/scheduler/util/utils.go` of Kubernetes v1.34.

use std::cmp::Reverse;

use super::super::framework::{Rejection, Resident};
use super::super::nodes::Nodes;
use super::budgets::{Disrupted, violations};
use super::trial::Trial;
use crate::spec::Spec;
use crate::table::NodeId;

/// What preemption on one node would cost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Victims {
    pub(super) node: NodeId,
    /// Those that go, the most important first.
    pub(super) pods: Vec<Resident>,
    /// How many of them violate a budget.
    pub(super) violations: usize,
}

/// Why preemption on a node does not help.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum NoHelp {
    /// No Pod on the node is less important.
    NoVictims,
    /// A filter refuses even so.
    Refused(Rejection),
}

/// The order of importance: higher priority, then earlier start; the number of the Pod settles the rest.
pub(super) fn importance(spec: &Spec, pod: &Resident) -> impl Ord + use<> {
    (Reverse(spec.templates[pod.template].priority), pod.started, pod.pod)
}

/// Finds the Pods whose going makes room on `node`. The node is left as it was.
pub(super) fn victims(trial: &Trial<'_>, nodes: &mut Nodes, node: NodeId, disrupted: &Disrupted) -> Result<Victims, NoHelp> {
    let lower = |pod: &Resident| trial.spec.templates[pod.template].priority < trial.priority();
    let mut potential: Vec<Resident> = nodes.residents(node).iter().copied().filter(lower).collect();
    if potential.is_empty() {
        return Err(NoHelp::NoVictims);
    }
    potential.sort_unstable_by_key(|pod| importance(trial.spec, pod));
    take_off(trial, nodes, node, &potential);
    if let Some((_, rejection)) = trial.refusal_in_earnest(nodes, node) {
        put_back(trial, nodes, node, &potential);
        return Err(NoHelp::Refused(rejection));
    }
    let victims = reprieve(trial, nodes, node, &potential, disrupted);
    put_back(trial, nodes, node, &victims.pods);
    if victims.pods.is_empty() { Err(NoHelp::NoVictims) } else { Ok(victims) }
}

fn take_off(trial: &Trial<'_>, nodes: &mut Nodes, node: NodeId, pods: &[Resident]) {
    for pod in pods {
        nodes.remove(trial.spec, pod.pod, node);
    }
}

fn put_back(trial: &Trial<'_>, nodes: &mut Nodes, node: NodeId, pods: &[Resident]) {
    for pod in pods {
        nodes.add(trial.spec, *pod, node);
    }
}

/// Puts Pods back for as long as the preemptor fits, first those whose going violates a budget; the others are the victims.
fn reprieve(trial: &Trial<'_>, nodes: &mut Nodes, node: NodeId, potential: &[Resident], disrupted: &Disrupted) -> Victims {
    let violating = violations(trial.spec, disrupted, potential);
    let mut victims = Victims { node, pods: Vec::new(), violations: 0 };
    for turn in [true, false] {
        for (pod, _) in potential.iter().zip(&violating).filter(|(_, violates)| **violates == turn) {
            nodes.add(trial.spec, *pod, node);
            if trial.refusal_in_earnest(nodes, node).is_some() {
                nodes.remove(trial.spec, pod.pod, node);
                victims.pods.push(*pod);
                victims.violations += usize::from(turn);
            }
        }
    }
    victims.pods.sort_unstable_by_key(|pod| importance(trial.spec, pod));
    victims
}
