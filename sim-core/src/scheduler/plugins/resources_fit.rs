//! `NodeResourcesFit`: a node must have room, and the emptier it is the better.

use super::super::framework::{ClusterView, Filter, Happening, HappeningKind, NodeView, PodView, Prepared, Reason, Rejection, Score};
use super::resource::Resource;
use crate::spec::{FitArgs, ScoringStrategy, WeightedResource};
use crate::table::{NodeId, ResourceId, Table};

/// Refuses nodes that lack room for the Pod's requests, giving every reason; prefers nodes by how full they are (by default the
/// emptier ones, `LeastAllocated` over CPU and memory, weighted alike).
///
/// Source: `pkg/scheduler/framework/plugins/noderesources/{fit,least_allocated,most_allocated,requested_to_capacity_ratio,
/// resource_allocation}.go` of Kubernetes v1.34.
#[derive(Clone, Debug)]
pub struct NodeResourcesFit {
    /// Extended resources that are not checked.
    ignored: Vec<ResourceId>,
    /// What is scored, with weights.
    resources: Vec<(Resource, i64)>,
    strategy: ScoringStrategy,
}

impl NodeResourcesFit {
    /// The plugin with its arguments; `resources` are the extended resources that occur.
    pub fn new(args: &FitArgs, resources: &Table<ResourceId, String>) -> Self {
        let ignored = |name: &String| {
            let group = name.split_once('/').map_or("", |(group, _)| group);
            is_extended(name) && (args.ignored_resources.contains(name) || args.ignored_groups.iter().any(|ignored| ignored == group))
        };
        let weighted = |scored: &WeightedResource| Some((Resource::find(&scored.name, resources)?, scored.weight));
        Self {
            ignored: resources.iter().filter(|(_, name)| ignored(name)).map(|(id, _)| id).collect(),
            resources: args.resources.iter().filter_map(weighted).collect(),
            strategy: args.strategy.clone(),
        }
    }
}

/// True for names outside of Kubernetes' own groups (`IsExtendedResourceName`).
fn is_extended(name: &str) -> bool {
    name.contains('/') && !name.contains("kubernetes.io/") && !name.starts_with("requests.")
}

/// All that the node lacks for the Pod, in kube-scheduler's order; resources in `ignored` are not checked.
pub(in super::super) fn lacking(pod: &PodView<'_>, node: &NodeView<'_>, ignored: &[ResourceId]) -> Option<Rejection> {
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
    for &(resource, amount) in asks.scalars.iter().filter(|(resource, _)| !ignored.contains(resource)) {
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

/// `MostAllocated` for one resource: the requested share in percent, at most 100, rounded down.
const fn most_allocated(requested: u64, allocatable: u64) -> i64 {
    if requested >= allocatable { 100 } else { (requested as u128 * 100 / allocatable as u128) as i64 }
}

/// A piecewise linear function through points of utilisation and score (0 to 10), at a utilisation in percent: 0 to 100.
fn piecewise(shape: &[(i64, i64)], utilization: i64) -> i64 {
    let Some(next) = shape.iter().position(|(at, _)| utilization <= *at) else {
        return shape.last().map_or(0, |(_, score)| score * 10);
    };
    let (to, high) = (shape[next].0, shape[next].1 * 10);
    let Some((from, low)) = next.checked_sub(1).map(|before| (shape[before].0, shape[before].1 * 10)) else { return high };
    low + (high - low) * (utilization - from) / (to - from)
}

/// A weighted mean of resources' scores.
#[derive(Default)]
struct Mean {
    sum: i64,
    weights: i64,
}

impl Mean {
    fn add(&mut self, score: i64, weight: i64) {
        self.sum += score * weight;
        self.weights += weight;
    }

    const fn rounded_down(&self) -> i64 {
        if self.weights == 0 { 0 } else { self.sum / self.weights }
    }

    /// Halves away from zero.
    fn rounded(&self) -> i64 {
        if self.weights == 0 { 0 } else { (self.sum as f64 / self.weights as f64).round() as i64 }
    }
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
        lacking(pod, node, &self.ignored).map_or(Ok(()), Err)
    }

    fn retries_on(&self) -> &'static [HappeningKind] {
        &[HappeningKind::AssignedPodDeleted, HappeningKind::ScaledDown]
    }

    /// Any assigned Pod that goes, from any node and of any size, and any that is resized to request less of what the Pod requests.
    fn hint(&self, pod: &PodView<'_>, happening: &Happening<'_>) -> bool {
        let asks = &pod.template.requests;
        match happening {
            Happening::AssignedPodDeleted(_) => true,
            Happening::ScaledDown(cpu, memory) => (*cpu && asks.cpu.0 > 0) || (*memory && asks.memory.0 > 0),
            Happening::AssignedPodAdded(_) | Happening::Uncordoned(_) | Happening::Retainted(..) => false,
        }
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
        let mut mean = Mean::default();
        for &(resource, weight) in &self.resources {
            let (asked, allocatable) = (resource.of(asks), resource.of(node.allocatable));
            if resource.is_left_out(asked, allocatable) {
                continue;
            }
            let used = match resource {
                Resource::Cpu => load.scored_cpu,
                Resource::Memory => load.scored_memory,
                Resource::EphemeralStorage | Resource::Scalar(_) => resource.of(&load.requested),
            };
            let requested = used + asked;
            match &self.strategy {
                ScoringStrategy::LeastAllocated => mean.add(least_allocated(requested, allocatable), weight),
                ScoringStrategy::MostAllocated => mean.add(most_allocated(requested, allocatable), weight),
                ScoringStrategy::RequestedToCapacityRatio(shape) => {
                    let score = piecewise(shape, most_allocated(requested, allocatable));
                    // A resource that scores nothing does not weigh either.
                    if score > 0 {
                        mean.add(score, weight);
                    }
                }
            }
        }
        let rounds = matches!(self.strategy, ScoringStrategy::RequestedToCapacityRatio(_));
        if rounds { mean.rounded() } else { mean.rounded_down() }
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
        assert_eq!(bed.admit(&bed.fit(), half, node), Ok(()));
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
            assert_eq!(bed.admit(&bed.fit(), pod, node), want);
        }
    }

    #[test]
    fn an_overcommitted_node_admits_who_asks_for_none_of_it() {
        let mut bed = Bed::default();
        let node = bed.node(|shape, _| shape.allocatable.cpu = MilliCpu(100));
        let big = bed.pod(|pod, _| pod.requests.cpu = MilliCpu(200));
        let modest = bed.pod(|_, _| {});
        bed.charge(big, node);
        assert_eq!(bed.admit(&bed.fit(), modest, node), Ok(()));
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
            assert_eq!(bed.scores(&bed.fit(), pod, &[node]), Some(vec![want]), "{cpu}/{cpu_max}, {memory}/{memory_max}");
        }
    }

    #[test]
    fn strategies_score_as_kube_scheduler_does() {
        let mut bed = Bed::default();
        let gpu = bed.resource("example.com/gpu");
        let node = bed.node(|shape, _| {
            shape.allocatable.cpu = MilliCpu(1000);
            shape.allocatable.memory = Bytes(1000);
            shape.allocatable.scalars = vec![(gpu, 4)];
        });
        let pod = |bed: &mut Bed, gpus| {
            bed.pod(|pod, _| {
                pod.scored.cpu = MilliCpu(333);
                pod.scored.memory = Bytes(1200);
                pod.scored.scalars = if gpus > 0 { vec![(gpu, gpus)] } else { vec![] };
            })
        };
        let (plain, with_gpu) = (pod(&mut bed, 0), pod(&mut bed, 1));
        let bins = ScoringStrategy::RequestedToCapacityRatio(vec![(0, 0), (100, 10)]);
        let falling = ScoringStrategy::RequestedToCapacityRatio(vec![(0, 10), (70, 5), (100, 0)]);
        let weighted = [("cpu", 3), ("memory", 1), ("example.com/gpu", 2), ("example.com/none", 5)];
        #[rustfmt::skip]
        let table = [
            (ScoringStrategy::LeastAllocated, plain,    (66 * 3) / 4),
            (ScoringStrategy::LeastAllocated, with_gpu, (66 * 3 + 75 * 2) / 6),
            (ScoringStrategy::MostAllocated,  with_gpu, (33 * 3 + 100 + 25 * 2) / 6),
            // 249 / 6 = 41.5, rounded up.
            (bins,                            with_gpu, 42),
            // CPU 100 - 50 * 33 / 70 = 77; memory scores nothing and does not weigh; GPU 100 - 50 * 25 / 70 = 83.
            (falling,                         with_gpu, 79),
        ];
        for (strategy, pod, want) in table {
            let resources = weighted.map(|(name, weight)| WeightedResource { name: name.into(), weight }).into();
            let args = FitArgs { strategy: strategy.clone(), resources, ..FitArgs::default() };
            let plugin = NodeResourcesFit::new(&args, &bed.spec.resources);
            assert_eq!(bed.scores(&plugin, pod, &[node]), Some(vec![want]), "{strategy:?}");
        }
    }

    #[test]
    fn a_piecewise_function_is_flat_outside_of_its_points() {
        let shape = [(20, 0), (60, 10), (80, 3)];
        for (utilization, want) in [(0, 0), (20, 0), (21, 2), (40, 50), (60, 100), (61, 97), (80, 30), (100, 30)] {
            assert_eq!(piecewise(&shape, utilization), want, "at {utilization} %");
        }
    }

    #[test]
    fn ignored_extended_resources_are_not_checked() {
        let mut bed = Bed::default();
        let [gpu, nic] = ["example.com/gpu", "net.example.com/nic"].map(|name| bed.resource(name));
        let node = bed.node(|_, _| {});
        let args =
            FitArgs { ignored_resources: vec!["example.com/gpu".into()], ignored_groups: vec!["other".into()], ..FitArgs::default() };
        let plugin = NodeResourcesFit::new(&args, &bed.spec.resources);
        let asks = |bed: &mut Bed, resource| bed.pod(|pod, _| pod.requests.scalars = vec![(resource, 1)]);
        let (first, second) = (asks(&mut bed, gpu), asks(&mut bed, nic));
        assert_eq!(bed.admit(&plugin, first, node), Ok(()));
        assert_eq!(bed.admit(&plugin, second, node), Err(Rejection { reasons: vec![Reason::Scalar(nic)], resolvable: false }));
    }
}
