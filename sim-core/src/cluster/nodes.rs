//! Nodes: what each has besides the scheduler's books.

use super::{AddressPool, Health, ImageCache, ImageKey, PodRef};
use crate::spec::Spec;
use crate::table::{NodeId, PodId, PoolId, Table, ZoneId};
use crate::units::{SimSpan, SimTime};

/// All nodes, in columns.
#[derive(Clone, Debug)]
pub struct Nodes {
    /// The pool of each node.
    pub pool: Table<NodeId, PoolId>,
    /// Pods with a sandbox on each node.
    pub sandboxes: Table<NodeId, u32>,
    /// Containers of its Pods that were resized to ask for more than their manifests do.
    pub grown: Table<NodeId, u32>,
    /// Address blocks.
    pub addresses: Table<NodeId, AddressPool>,
    /// Images.
    pub images: Table<NodeId, ImageCache>,
    /// Since when each kubelet runs; [`SimTime::ZERO`] if since before the run.
    pub kubelet_since: Table<NodeId, SimTime>,
    /// Pods that are bound to each node and not gone yet, in no particular order; [`super::Pod::seat`] is a Pod's place.
    pub residents: Table<NodeId, Vec<PodId>>,
    /// The zone of each node, if it has one.
    pub zone: Table<NodeId, Option<ZoneId>>,
    /// What ails each node.
    pub health: Table<NodeId, Health>,
    /// Pods whose deletion each node has not heard of yet.
    pub unheard: Table<NodeId, Vec<PodRef>>,
}

impl Nodes {
    /// The nodes of a scenario as they are before anything runs, numbered pool by pool.
    pub fn new(spec: &Spec) -> Self {
        let pools = || spec.pools.iter().flat_map(|(pool, about)| (0..about.count).map(move |_| pool));
        let count = spec.nodes_count();
        Self {
            pool: pools().collect(),
            sandboxes: Table::filled(count, 0),
            grown: Table::filled(count, 0),
            addresses: Table::filled(count, AddressPool::new(spec.network.block_size())),
            images: pools().map(|pool| preloaded(spec, pool)).collect(),
            kubelet_since: Table::filled(count, SimTime::ZERO),
            residents: Table::filled(count, Vec::new()),
            zone: spec.pools.rows().iter().flat_map(|about| (0..about.count).map(|ordinal| about.zone_of(ordinal))).collect(),
            health: Table::filled(count, Health::SOUND),
            unheard: Table::filled(count, Vec::new()),
        }
    }

    /// The first relist of `node`'s kubelet at or after `now`; relists of different nodes are out of phase.
    pub fn next_relist(node: NodeId, period: SimSpan, now: SimTime) -> SimTime {
        if period.is_zero() {
            return now;
        }
        let (period, now) = (period.as_nanos(), now.as_nanos());
        let phase = (u64::from(node.0).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % period;
        let since = (now + period - phase) % period;
        SimTime::from_nanos(now + (period - since) % period)
    }
}

/// What is on a node's disk when it is new.
pub(crate) fn preloaded(spec: &Spec, pool: PoolId) -> ImageCache {
    let mut cache = ImageCache::default();
    for &image in &spec.pools[pool].shape.images {
        cache.put(ImageKey { image, instance: None }, 0, &spec.images[image], SimTime::ZERO);
    }
    cache
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relist_comes_within_its_period_and_at_the_node_s_own_phase() {
        let second = SimSpan::from_secs(1);
        for node in [NodeId(0), NodeId(1), NodeId(77)] {
            let first = Nodes::next_relist(node, second, SimTime::ZERO);
            let next = Nodes::next_relist(node, second, first + SimSpan::from_nanos(1));
            assert!(first < SimTime::ZERO + second);
            assert_eq!((Nodes::next_relist(node, second, first), next), (first, first + second));
        }
    }

    #[test]
    fn without_a_period_everything_is_noticed_at_once() {
        let now = SimTime::from_nanos(123);
        assert_eq!(Nodes::next_relist(NodeId(3), SimSpan::ZERO, now), now);
    }
}
