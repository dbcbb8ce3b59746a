//! `NodeResourcesBalancedAllocation`: CPU and memory of a node should be used alike.

use super::super::framework::{ClusterView, NodeView, PodView, Score};
use crate::spec::PodTemplate;
use crate::table::NodeId;

/// Prefers nodes whose shares of requested CPU and memory are close to each other.
///
/// Source: `pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go` of Kubernetes v1.34.
#[derive(Clone, Copy, Debug)]
pub struct NodeResourcesBalancedAllocation;

/// True if the plugin takes part: not for Pods that ask for neither CPU nor memory.
pub(in super::super) fn is_balanced(template: &PodTemplate) -> bool {
    template.requests.cpu.0 > 0 || template.requests.memory.0 > 0
}

/// The score of two shares, each at most 1: half of their difference taken off 1, in percent, cut off.
#[inline]
fn balanced(cpu: f64, memory: f64) -> i32 {
    ((1.0 - ((cpu - memory) / 2.0).abs()) * 100.0) as i32
}

/// The share of a resource that is requested, `None` if the node has none of it.
fn share(requested: u64, allocatable: u64) -> Option<f64> {
    (allocatable > 0).then(|| (requested as f64 / allocatable as f64).min(1.0))
}

impl Score for NodeResourcesBalancedAllocation {
    type State = ();

    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn prepare(&self, pod: &PodView<'_>, _: ClusterView<'_>, _: &[NodeId]) -> Option<()> {
        is_balanced(pod.template).then_some(())
    }

    /// A single share deviates from nothing.
    fn score(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> i64 {
        let (asks, taken, gives) = (&pod.template.requests, &node.load.requested, node.allocatable);
        let cpu = share(taken.cpu.0 + asks.cpu.0, gives.cpu.0);
        let memory = share(taken.memory.0 + asks.memory.0, gives.memory.0);
        cpu.zip(memory).map_or(100, |(cpu, memory)| i64::from(balanced(cpu, memory)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;
    use crate::units::{Bytes, MilliCpu};

    #[test]
    fn shares_that_are_close_score_higher() {
        let mut bed = Bed::default();
        #[rustfmt::skip]
        let table = [
            // CPU asked and given, memory asked and given, score
            (500,  1000, 500,  1000, Some(100)),
            (1000, 1000, 0,    1000, Some(50)),
            (750,  1000, 250,  1000, Some(75)),
            (333,  1000, 0,    1000, Some(83)),
            (5000, 1000, 1000, 1000, Some(100)),
            (1,    0,    1000, 1000, Some(100)),
            (0,    1000, 0,    1000, None),
        ];
        for (cpu, cpu_max, memory, memory_max, want) in table {
            let node = bed.node(|shape, _| {
                shape.allocatable.cpu = MilliCpu(cpu_max);
                shape.allocatable.memory = Bytes(memory_max);
            });
            let pod = bed.pod(|pod, _| {
                pod.requests.cpu = MilliCpu(cpu);
                pod.requests.memory = Bytes(memory);
            });
            let scores = bed.scores(&NodeResourcesBalancedAllocation, pod, &[node]);
            assert_eq!(scores, want.map(|score| vec![score]), "{cpu}/{cpu_max}, {memory}/{memory_max}");
        }
    }
}
