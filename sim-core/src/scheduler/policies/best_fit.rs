//! `BestFit`: Pods go where they fit best, over all resources together.

use super::{Argument, Arguments, Kind};
use crate::scheduler::framework::{ClusterView, NodeView, PodView, Score, normalize_by_max};
use crate::scheduler::plugins::Resource;
use crate::table::{NodeId, ResourceId, Table};

/// Prefers nodes that the Pod's request fits best, by one of three measures of vector bin packing over what is asked and what is free as
/// shares of what the node has:
///
/// - `leftover`: the less is left free once the Pod is there, the better; over several resources, the root of the mean of the squares
///   counts. After the norm-based greedy of "Heuristics for Vector Bin Packing" (Panigrahy, Talwar, Uyeda, Wieder, Microsoft Research
///   2011), there over items for a bin, here over nodes for a Pod.
/// - `alignment`: the more what is free points in the direction of what is asked (cosine of the angle), the better.
/// - `dotProduct`: the larger the inner product of what is asked and what is free, the better. Tetris' score of alignment ("Multi-resource
///   Packing for Cluster Schedulers", Grandl et al., SIGCOMM 2014), there over tasks for a machine, here over nodes for a Pod: it takes
///   nodes with much free of what the Pod asks for, so it spreads rather than packs.
///
/// A resource of which a node has none does not count there. All is computed in integers, in hundredths of a percent.
#[derive(Clone, Debug)]
pub struct BestFit {
    resources: Vec<Resource>,
    measure: Measure,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Measure {
    Leftover,
    Alignment,
    DotProduct,
}

/// What a whole is.
const WHOLE: u64 = 10_000;

/// What is asked of a resource and what is free of it before, as shares of what the node has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Share {
    asked: u64,
    free: u64,
}

impl BestFit {
    /// What a configuration may say.
    pub const ARGUMENTS: &[Argument] = &[
        Argument {
            name: "measure",
            about: "how well a Pod fits: by what is left, by direction, or by the inner product",
            kind: Kind::Choice(&["leftover", "alignment", "dotProduct"]),
        },
        Argument { name: "resources", about: "the resources that count", kind: Kind::List { default: &["cpu", "memory"] } },
    ];

    /// The policy with its arguments; `resources` are the extended resources that occur.
    pub fn new(arguments: &Arguments, resources: &Table<ResourceId, String>) -> Self {
        let measure = match arguments.text("measure") {
            "alignment" => Measure::Alignment,
            "dotProduct" => Measure::DotProduct,
            _ => Measure::Leftover,
        };
        Self { resources: arguments.list("resources").iter().filter_map(|name| Resource::find(name, resources)).collect(), measure }
    }

    /// The shares of the resources that the node has.
    fn shares(&self, pod: &PodView<'_>, node: &NodeView<'_>) -> Vec<Share> {
        let share = |resource: &Resource| {
            let has = resource.of(node.allocatable);
            let free = has.saturating_sub(resource.of(&node.load.requested));
            (has > 0).then(|| Share { asked: share_of(resource.of(&pod.template.requests), has), free: share_of(free, has) })
        };
        self.resources.iter().filter_map(share).collect()
    }
}

/// `part` of `has`, at most all of it.
fn share_of(part: u64, has: u64) -> u64 {
    let share = u128::from(part) * u128::from(WHOLE) / u128::from(has);
    share.min(u128::from(WHOLE)) as u64
}

/// A sum over resources of squares or products, each at most [`WHOLE`] squared.
fn sum(shares: &[Share], product: impl Fn(&Share) -> u64) -> u64 {
    shares.iter().map(product).sum()
}

/// 100 if nothing is left, 0 if all is: 100 less the root of the mean square, in percent.
fn leftover(shares: &[Share]) -> u64 {
    if shares.is_empty() {
        return 0;
    }
    let left = |share: &Share| share.free.saturating_sub(share.asked).pow(2);
    100 - (sum(shares, left) / shares.len() as u64).isqrt() / (WHOLE / 100)
}

/// The cosine of the angle between what is asked and what is free, in percent.
fn alignment(shares: &[Share]) -> u64 {
    let squares = u128::from(sum(shares, |share| share.asked.pow(2))) * u128::from(sum(shares, |share| share.free.pow(2)));
    let dot = u128::from(dot_product(shares));
    (dot * dot * 10_000).checked_div(squares).map_or(0, |square| square.isqrt() as u64)
}

fn dot_product(shares: &[Share]) -> u64 {
    sum(shares, |share| share.asked * share.free)
}

impl Score for BestFit {
    type State = ();

    fn name(&self) -> &'static str {
        "BestFit"
    }

    /// Has nothing to say of Pods that ask for none of the resources.
    fn prepare(&self, pod: &PodView<'_>, _: ClusterView<'_>, _: &[NodeId]) -> Option<()> {
        self.resources.iter().any(|resource| resource.of(&pod.template.requests) > 0).then_some(())
    }

    fn score(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> i64 {
        let shares = self.shares(pod, node);
        let score = match self.measure {
            Measure::Leftover => leftover(&shares),
            Measure::Alignment => alignment(&shares),
            Measure::DotProduct => dot_product(&shares),
        };
        score as i64
    }

    /// An inner product counts as a share of the largest.
    fn normalize(&self, scores: &mut [i64]) {
        if self.measure == Measure::DotProduct {
            normalize_by_max(scores, false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;
    use crate::spec::ArgumentValue;
    use crate::units::{Bytes, MilliCpu};

    fn policy(bed: &Bed, measure: &str) -> BestFit {
        let given = [("measure".into(), ArgumentValue::Text(measure.into()))];
        BestFit::new(&Arguments::new(BestFit::ARGUMENTS, &given).unwrap(), &bed.spec.resources)
    }

    /// Scores of an idle node, of one with its CPU taken half, and of one with its memory taken half; each has 1000 of both.
    fn scores(measure: &str, cpu: u64, memory: u64) -> Option<Vec<i64>> {
        let mut bed = Bed::default();
        let nodes = [0; 3].map(|_| {
            bed.node(|shape, _| {
                shape.allocatable.cpu = MilliCpu(1000);
                shape.allocatable.memory = Bytes(1000);
            })
        });
        let [half_cpu, half_memory, pod] = [(500, 0), (0, 500), (cpu, memory)].map(|(cpu, memory)| {
            bed.pod(|pod, _| {
                pod.requests.cpu = MilliCpu(cpu);
                pod.requests.memory = Bytes(memory);
            })
        });
        bed.charge(half_cpu, nodes[1]);
        bed.charge(half_memory, nodes[2]);
        bed.scores(&policy(&bed, measure), pod, &nodes)
    }

    #[test]
    fn each_measure_has_its_own_best_node() {
        #[rustfmt::skip]
        let table = [
            // measure, CPU and memory asked, scores: idle, half of the CPU taken, half of the memory taken
            ("leftover",   500,  500,  Some([50, 65, 65])),
            ("leftover",   500,  0,    Some([21, 30, 50])),
            ("leftover",   1000, 1000, Some([100, 100, 100])),
            ("leftover",   0,    0,    None),
            ("alignment",  500,  500,  Some([100, 94, 94])),
            ("alignment",  500,  0,    Some([70, 44, 89])),
            ("alignment",  200,  400,  Some([94, 100, 80])),
            ("dotProduct", 500,  500,  Some([100, 75, 75])),
            ("dotProduct", 500,  0,    Some([100, 50, 100])),
            ("dotProduct", 0,    0,    None),
        ];
        for (measure, cpu, memory, want) in table {
            assert_eq!(scores(measure, cpu, memory), want.map(Vec::from), "{measure} {cpu} {memory}");
        }
    }

    #[test]
    fn the_largest_amounts_neither_overflow_nor_leave_the_range() {
        let most = Share { asked: share_of(u64::MAX, u64::MAX), free: share_of(u64::MAX, 1) };
        assert_eq!((most.asked, most.free), (WHOLE, WHOLE));
        let shares = [most; 100];
        assert_eq!((leftover(&shares), alignment(&shares), leftover(&[]), alignment(&[])), (100, 100, 0, 0));
    }

    #[test]
    fn a_resource_that_a_node_does_not_have_does_not_count() {
        let mut bed = Bed::default();
        let node = bed.node(|shape, _| shape.allocatable.cpu = MilliCpu(0));
        let pod = bed.pod(|pod, _| pod.requests.memory = Bytes(16 << 30));
        assert_eq!(bed.scores(&policy(&bed, "leftover"), pod, &[node]), Some(vec![100]));
    }
}
