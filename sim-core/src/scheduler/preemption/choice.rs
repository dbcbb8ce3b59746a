//! The node whose victims hurt least.
//!
//! Source: `pickOneNodeForPreemption` in `pkg/scheduler/framework/preemption/preemption.go` of Kubernetes v1.34.

use std::cmp::Reverse;

use super::victims::Victims;
use crate::spec::Spec;

/// Takes the candidate with, in turn: fewest victims that violate a budget, least important first victim, least sum of priorities, fewest
/// victims, latest start among its most important victims, lowest node number.
pub(super) fn best<'c>(spec: &Spec, candidates: &'c [Victims]) -> Option<&'c Victims> {
    candidates.iter().min_by_key(|candidate| cost(spec, candidate))
}

fn cost(spec: &Spec, candidate: &Victims) -> impl Ord + use<> {
    let priority = |row: usize| i64::from(spec.templates[candidate.pods[row].template].priority);
    // Each term is made positive, so that more victims of negative priority do not count for less.
    let sum: i64 = (0..candidate.pods.len()).map(|row| priority(row) + (1 << 31)).sum();
    let most_important = (0..candidate.pods.len()).filter(|row| priority(*row) == priority(0));
    let earliest = most_important.map(|row| candidate.pods[row].started).min();
    (candidate.violations, priority(0), sum, candidate.pods.len(), Reverse(earliest), candidate.node)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{Bed, resident};
    use crate::table::NodeId;

    #[test]
    fn nodes_are_compared_by_violations_priorities_number_and_age() {
        let mut bed = Bed::default();
        let [low, middle, high] = [-10, 5, 10].map(|priority| bed.pod(|pod, _| pod.priority = priority));
        #[rustfmt::skip]
        let table = [
            // violations and victims (start, template) of two nodes; which is taken
            ((1, vec![(1, low)]),                (0, vec![(1, high)]),              1),
            ((0, vec![(1, high)]),               (0, vec![(1, middle), (2, middle)]), 1),
            ((0, vec![(1, middle), (2, low)]),   (0, vec![(1, middle)]),            1),
            ((0, vec![(1, low)]),                (0, vec![(1, low), (2, low)]),     0),
            ((0, vec![(1, middle), (9, low)]),   (0, vec![(2, middle), (3, low)]),  1),
            ((0, vec![(4, middle), (1, middle)]), (0, vec![(3, middle), (2, middle)]), 1),
            ((0, vec![(1, middle)]),             (0, vec![(1, middle)]),            0),
        ];
        for (number, (first, second, want)) in table.into_iter().enumerate() {
            let victims = |node, (violations, pods): (usize, Vec<(u32, _)>)| Victims {
                node: NodeId(node),
                pods: pods.into_iter().map(|(start, template)| resident(start, template)).collect(),
                violations,
            };
            let candidates = [victims(0, first), victims(1, second)];
            assert_eq!(best(&bed.spec, &candidates).map(|best| best.node), Some(NodeId(want)), "row {number}");
        }
    }
}
