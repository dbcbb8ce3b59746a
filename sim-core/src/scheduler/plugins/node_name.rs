//! `NodeName`: a Pod with `spec.nodeName` runs on that node only.

use super::super::framework::{ClusterView, Filter, NodeView, PodView, Prepared, Reason, Rejection};

/// Refuses every node but the one that `spec.nodeName` names.
///
/// Source: `pkg/scheduler/framework/plugins/nodename/node_name.go` of Kubernetes v1.34.
#[derive(Clone, Copy, Debug)]
pub struct NodeName;

impl Filter for NodeName {
    type State = ();

    fn name(&self) -> &'static str {
        "NodeName"
    }

    fn prepare(&self, _: &PodView<'_>, _: ClusterView<'_>) -> Prepared<()> {
        Prepared::Check(())
    }

    fn admit(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        match pod.template.placement.node_name {
            Some(name) if name != node.name => Err(Rejection::unresolvable(Reason::NodeName)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;

    #[test]
    fn a_named_node_alone_is_admitted() {
        let mut bed = Bed::default();
        let (first, second) = (bed.node(|_, _| {}), bed.node(|_, _| {}));
        let name = bed.symbol("node-1-0");
        let bound = bed.pod(|pod, _| pod.placement.node_name = Some(name));
        let free = bed.pod(|_, _| {});
        let table = [(bound, first, Err(Rejection::unresolvable(Reason::NodeName))), (bound, second, Ok(())), (free, first, Ok(()))];
        for (pod, node, want) in table {
            assert_eq!(bed.admit(&NodeName, pod, node), want, "{pod:?} on {node:?}");
        }
    }
}
