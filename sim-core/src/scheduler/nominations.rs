//! Nominated Pods: those for which preemption made room on a node, and which come back when it is there.
//!
//! Source: `pkg/scheduler/backend/queue/nominator.go` of Kubernetes v1.34.

use std::collections::BTreeMap;

use super::framework::Resident;
use crate::table::{NodeId, PodId};

/// Who is nominated to which node.
#[derive(Clone, Debug, Default)]
pub(super) struct Nominations {
    by_pod: BTreeMap<PodId, Nomination>,
}

/// A Pod that waits for room on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Nomination {
    pub(super) node: NodeId,
    /// The Pod as it would be on the node.
    pub(super) resident: Resident,
    /// Its priority.
    pub(super) priority: i32,
}

impl Nominations {
    /// True if nobody is nominated.
    pub(super) fn is_empty(&self) -> bool {
        self.by_pod.is_empty()
    }

    /// The node to which a Pod is nominated.
    pub(super) fn node_of(&self, pod: PodId) -> Option<NodeId> {
        self.by_pod.get(&pod).map(|nomination| nomination.node)
    }

    /// Nominates a Pod; an earlier nomination of it is void.
    pub(super) fn nominate(&mut self, nomination: Nomination) {
        self.by_pod.insert(nomination.resident.pod, nomination);
    }

    /// Takes a Pod's nomination away, if it has one.
    pub(super) fn withdraw(&mut self, pod: PodId) -> Option<Nomination> {
        self.by_pod.remove(&pod)
    }

    /// Nominations of other Pods than `pod` that are as important as `priority`, or more.
    pub(super) fn above(&self, pod: PodId, priority: i32) -> impl Iterator<Item = &Nomination> {
        self.by_pod.values().filter(move |nomination| nomination.resident.pod != pod && nomination.priority >= priority)
    }

    /// Pods that are nominated to `node` and less important than `priority`.
    pub(super) fn below(&self, node: NodeId, priority: i32) -> Vec<PodId> {
        let lower = self.by_pod.values().filter(|nomination| nomination.node == node && nomination.priority < priority);
        lower.map(|nomination| nomination.resident.pod).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::resident;
    use crate::table::TemplateId;

    #[test]
    fn only_others_of_at_least_the_priority_stand_in_the_way() {
        let mut nominations = Nominations::default();
        for (pod, node, priority) in [(1, 0, 5), (2, 0, 10), (3, 1, 10)] {
            nominations.nominate(Nomination { node: NodeId(node), resident: resident(pod, TemplateId(0)), priority });
        }
        let above = |pod, priority| nominations.above(PodId(pod), priority).map(|other| other.resident.pod.0).collect::<Vec<_>>();
        assert_eq!([above(9, 5), above(9, 6), above(2, 10), above(9, 11)], [vec![1, 2, 3], vec![2, 3], vec![3], vec![]]);
        assert_eq!((nominations.below(NodeId(0), 10), nominations.node_of(PodId(3))), (vec![PodId(1)], Some(NodeId(1))));
    }

    #[test]
    fn a_nomination_ends_when_it_is_withdrawn() {
        let mut nominations = Nominations::default();
        nominations.nominate(Nomination { node: NodeId(0), resident: resident(1, TemplateId(0)), priority: 0 });
        assert_eq!(nominations.withdraw(PodId(1)).map(|nomination| nomination.node), Some(NodeId(0)));
        assert_eq!((nominations.withdraw(PodId(1)), nominations.node_of(PodId(1))), (None, None));
    }
}
