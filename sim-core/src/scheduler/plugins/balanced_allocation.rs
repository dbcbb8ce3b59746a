//! `NodeResourcesBalancedAllocation`: CPU and memory of a node should be used alike.

use super::super::framework::{ClusterView, NodeView, PodView, Score};
use super::resource::Resource;
use crate::spec::{BalancedAllocationArgs, PodTemplate};
use crate::table::{NodeId, ResourceId, Table};

/// Prefers nodes whose shares of requested resources, by default CPU and memory, are close to each other.
///
/// Source: `pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go` of Kubernetes v1.34.
#[derive(Clone, Debug)]
pub struct NodeResourcesBalancedAllocation {
    resources: Vec<Resource>,
}

impl NodeResourcesBalancedAllocation {
    /// The plugin with its arguments; `resources` are the extended resources that occur.
    pub fn new(args: &BalancedAllocationArgs, resources: &Table<ResourceId, String>) -> Self {
        Self { resources: args.resources.iter().filter_map(|name| Resource::find(name, resources)).collect() }
    }
}

/// True if the plugin takes part by default: not for Pods that ask for neither CPU nor memory.
pub(in super::super) fn is_balanced(template: &PodTemplate) -> bool {
    template.requests.cpu.0 > 0 || template.requests.memory.0 > 0
}

/// How far shares are from each other: half the difference of two, else their standard deviation.
fn deviation(shares: &[f64]) -> f64 {
    match shares {
        [] | [_] => 0.0,
        [one, other] => ((one - other) / 2.0).abs(),
        _ => {
            let count = shares.len() as f64;
            let mean = shares.iter().sum::<f64>() / count;
            (shares.iter().map(|share| (share - mean) * (share - mean)).sum::<f64>() / count).sqrt()
        }
    }
}

impl Score for NodeResourcesBalancedAllocation {
    type State = ();

    fn name(&self) -> &'static str {
        "NodeResourcesBalancedAllocation"
    }

    fn prepare(&self, pod: &PodView<'_>, _: ClusterView<'_>, _: &[NodeId]) -> Option<()> {
        self.resources.iter().any(|resource| resource.of(&pod.template.requests) > 0).then_some(())
    }

    /// A single share deviates from nothing.
    fn score(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> i64 {
        let (asks, taken) = (&pod.template.requests, &node.load.requested);
        let share = |resource: &Resource| {
            let (asked, allocatable) = (resource.of(asks), resource.of(node.allocatable));
            let requested = (resource.of(taken) + asked) as f64;
            (!resource.is_left_out(asked, allocatable)).then(|| (requested / allocatable as f64).min(1.0))
        };
        let shares: Vec<f64> = self.resources.iter().filter_map(share).collect();
        ((1.0 - deviation(&shares)) * 100.0) as i64
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
            let scores = bed.scores(&bed.balanced(), pod, &[node]);
            assert_eq!(scores, want.map(|score| vec![score]), "{cpu}/{cpu_max}, {memory}/{memory_max}");
        }
    }

    #[test]
    fn more_than_two_shares_are_judged_by_their_standard_deviation() {
        for (shares, want) in [(&[][..], 0.0), (&[0.7], 0.0), (&[0.5, 0.1], 0.2), (&[0.1, 0.4, 0.7], 0.06_f64.sqrt())] {
            assert!((deviation(shares) - want).abs() < 1e-15, "{shares:?}");
        }
    }
}
