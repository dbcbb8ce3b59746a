//! `NodeResourcesFit`: a node must have room, and the emptier it is the better.

use super::super::framework::{ClusterView, Filter, Happening, HappeningKind, NodeView, PodView, Prepared, Reason, Rejection, Score};
use crate::table::NodeId;

/// Refuses nodes that lack room for the Pod's requests, giving every reason; prefers nodes of which little is requested
/// (`LeastAllocated` over CPU and memory, weighted alike).
///
/// Source: `pkg/scheduler/framework/plugins/noderesources/fit.go`, `least_allocated.go` and `resource_allocation.go` of
/// Kubernetes v1.34.
#[derive(Clone, Copy, Debug)]
pub struct NodeResourcesFit;

/// All that the node lacks for the Pod, in kube-scheduler's order.
pub(in super::super) fn lacking(pod: &PodView<'_>, node: &NodeView<'_>) -> Option<Rejection> {
    let (asks, gives, taken) = (&pod.template.requests, node.allocatable, &node.load.requested);
    let mut lack = Rejection { reasons: Vec::new(), resolvable: true };
    if node.load.pods + 1 > node.pods_max {
        lack.reasons.push(Reason::TooManyPods);
    }
    let mut check = |asked: u64, allocatable: u64, used: u64, reason| {
        if asked > 0 && asked > allocatable.saturating_sub(used) {
            lack.reasons.push(reason);
            lack.resolvable &= asked <= allocatable;
        }
    };
    check(asks.cpu.0, gives.cpu.0, taken.cpu.0, Reason::Cpu);
    check(asks.memory.0, gives.memory.0, taken.memory.0, Reason::Memory);
    check(asks.ephemeral_storage.0, gives.ephemeral_storage.0, taken.ephemeral_storage.0, Reason::EphemeralStorage);
    for &(resource, amount) in &asks.scalars {
        check(amount, gives.scalar(resource), taken.scalar(resource), Reason::Scalar(resource));
    }
    (!lack.reasons.is_empty()).then_some(lack)
}

/// `LeastAllocated` for one resource: the free share in percent, rounded down; nothing where more is requested than there is.
/// `allocatable` is not 0.
pub(in super::super) const fn least_allocated(requested: u64, allocatable: u64) -> i64 {
    if requested > allocatable {
        return 0;
    }
    // In 128 bits the product cannot wrap; kube-scheduler's 64 bits hold it for everything below 92 PB.
    ((allocatable - requested) as u128 * 100 / allocatable as u128) as i64
}

impl Filter for NodeResourcesFit {
    type State = ();

    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn prepare(&self, _: &PodView<'_>, _: ClusterView<'_>) -> Prepared<()> {
        Prepared::Check(())
    }

    fn admit(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        lacking(pod, node).map_or(Ok(()), Err)
    }

    fn retries_on(&self) -> &'static [HappeningKind] {
        &[HappeningKind::AssignedPodDeleted]
    }

    /// Any assigned Pod that goes, from any node and of any size.
    fn hint(&self, _: &PodView<'_>, happening: &Happening<'_>) -> bool {
        matches!(happening, Happening::AssignedPodDeleted(_))
    }
}

impl Score for NodeResourcesFit {
    type State = ();

    fn name(&self) -> &'static str {
        "NodeResourcesFit"
    }

    fn prepare(&self, _: &PodView<'_>, _: ClusterView<'_>, _: &[NodeId]) -> Option<()> {
        Some(())
    }

    /// The mean over the resources that the node has; the requests have the defaults of scoring filled in.
    fn score(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> i64 {
        let (asks, load) = (&pod.template.scored, node.load);
        let resources =
            [(load.scored_cpu + asks.cpu.0, node.allocatable.cpu.0), (load.scored_memory + asks.memory.0, node.allocatable.memory.0)];
        let present = resources.iter().filter(|(_, allocatable)| *allocatable > 0);
        let (sum, count) =
            present.fold((0, 0), |(sum, count), (used, allocatable)| (sum + least_allocated(*used, *allocatable), count + 1));
        if count == 0 { 0 } else { sum / count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;
    use crate::units::{Bytes, MilliCpu};

    #[test]
    fn every_reason_of_a_full_node_is_given_in_order() {
        let mut bed = Bed::default();
        let gpu = bed.resource("example.com/gpu");
        let node = bed.node(|shape, _| {
            shape.allocatable.cpu = MilliCpu(1000);
            shape.allocatable.memory = Bytes(1000);
            shape.pods_max = 1;
        });
        let sized = |bed: &mut Bed, cpu, memory, gpus| {
            bed.pod(|pod, _| {
                pod.requests.cpu = MilliCpu(cpu);
                pod.requests.memory = Bytes(memory);
                pod.requests.scalars = if gpus > 0 { vec![(gpu, gpus)] } else { vec![] };
            })
        };
        let half = sized(&mut bed, 500, 500, 0);
        assert_eq!(bed.admit(&NodeResourcesFit, half, node), Ok(()));
        bed.charge(half, node);
        let refused = |reasons: &[Reason], resolvable| Err(Rejection { reasons: reasons.to_vec(), resolvable });
        let table = [
            (sized(&mut bed, 0, 0, 0), refused(&[Reason::TooManyPods], true)),
            (half, refused(&[Reason::TooManyPods], true)),
            (sized(&mut bed, 501, 501, 0), refused(&[Reason::TooManyPods, Reason::Cpu, Reason::Memory], true)),
            (sized(&mut bed, 1001, 1, 0), refused(&[Reason::TooManyPods, Reason::Cpu], false)),
            (sized(&mut bed, 1, 1, 1), refused(&[Reason::TooManyPods, Reason::Scalar(gpu)], false)),
        ];
        for (pod, want) in table {
            assert_eq!(bed.admit(&NodeResourcesFit, pod, node), want);
        }
    }

    #[test]
    fn an_overcommitted_node_admits_who_asks_for_none_of_it() {
        let mut bed = Bed::default();
        let node = bed.node(|shape, _| shape.allocatable.cpu = MilliCpu(100));
        let big = bed.pod(|pod, _| pod.requests.cpu = MilliCpu(200));
        let modest = bed.pod(|_, _| {});
        bed.charge(big, node);
        assert_eq!(bed.admit(&NodeResourcesFit, modest, node), Ok(()));
    }

    #[test]
    fn emptier_nodes_score_higher() {
        let mut bed = Bed::default();
        #[rustfmt::skip]
        let table = [
            // CPU used and given, memory used and given, score
            (500,  1000, 500,  1000, 50),
            (334,  1000, 0,    1000, 83),
            (1001, 1000, 0,    1000, 50),
            (0,    0,    1,    4,    75),
            (0,    0,    0,    0,    0),
        ];
        for (cpu, cpu_max, memory, memory_max, want) in table {
            let node = bed.node(|shape, _| {
                shape.allocatable.cpu = MilliCpu(cpu_max);
                shape.allocatable.memory = Bytes(memory_max);
            });
            let pod = bed.pod(|pod, _| {
                pod.scored.cpu = MilliCpu(cpu);
                pod.scored.memory = Bytes(memory);
            });
            assert_eq!(bed.scores(&NodeResourcesFit, pod, &[node]), Some(vec![want]), "{cpu}/{cpu_max}, {memory}/{memory_max}");
        }
    }
}
