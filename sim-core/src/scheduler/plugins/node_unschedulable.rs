//! `NodeUnschedulable`: a cordoned node takes no new Pods.

use super::super::framework::{ClusterView, Filter, Happening, HappeningKind, NodeView, PodView, Prepared, Reason, Rejection};
use super::taint_toleration::tolerates_cordon;

/// Refuses cordoned nodes, unless the Pod tolerates the taint `node.kubernetes.io/unschedulable` with effect `NoSchedule`.
///
/// Source: `pkg/scheduler/framework/plugins/nodeunschedulable/node_unschedulable.go` of Kubernetes v1.34.
#[derive(Clone, Copy, Debug)]
pub struct NodeUnschedulable;

impl Filter for NodeUnschedulable {
    type State = ();

    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn prepare(&self, _: &PodView<'_>, _: ClusterView<'_>) -> Prepared<()> {
        Prepared::Check(())
    }

    fn admit(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        if node.cordoned && !tolerates_cordon(pod) {
            return Err(Rejection::unresolvable(Reason::Unschedulable));
        }
        Ok(())
    }

    fn retries_on(&self) -> &'static [HappeningKind] {
        &[HappeningKind::Uncordoned]
    }

    fn hint(&self, _: &PodView<'_>, happening: &Happening<'_>) -> bool {
        matches!(happening, Happening::Uncordoned(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;
    use crate::spec::{TaintEffect, Toleration};

    #[test]
    fn a_cordoned_node_admits_only_who_tolerates_its_taint() {
        let mut bed = Bed::default();
        let (open, cordoned) = (bed.node(|_, _| {}), bed.node(|shape, _| shape.unschedulable = true));
        let [key, empty, other] = ["node.kubernetes.io/unschedulable", "", "true"].map(|text| bed.symbol(text));
        let mut tolerating = |value, effect| {
            let toleration = Toleration { key: Some(key), value, effect, seconds: None };
            bed.pod(|pod, _| pod.placement.tolerations.push(toleration))
        };
        let exists = tolerating(None, Some(TaintEffect::NoSchedule));
        let equal = tolerating(Some(empty), None);
        let unequal = tolerating(Some(other), None);
        let evict = tolerating(None, Some(TaintEffect::NoExecute));
        let plain = bed.pod(|_, _| {});
        let refused = Err(Rejection::unresolvable(Reason::Unschedulable));
        for (pod, want) in [(exists, Ok(())), (equal, Ok(())), (unequal, refused.clone()), (evict, refused.clone()), (plain, refused)] {
            assert_eq!(bed.admit(&NodeUnschedulable, pod, cordoned), want, "{pod:?}");
            assert_eq!(bed.admit(&NodeUnschedulable, pod, open), Ok(()));
        }
    }
}
