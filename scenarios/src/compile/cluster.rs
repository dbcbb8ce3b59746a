//! Node pools and single nodes.

use std::collections::BTreeMap;

use sim_core::spec::{Network, NodePool};
use sim_core::table::{PoolId, Table, ZoneId};

use super::Builder;
use crate::format::{ClusterFile, NodePoolFile};
use crate::manifest::{self, Kind, Object, names};
use crate::problem::Code;
use crate::text::decode::At;
use crate::text::source::Span;

/// Most nodes of a cluster, whatever its addresses.
const NODES_MAX: u64 = 1_000_000;

/// The pools and zones of a cluster.
pub(super) fn pools(
    given: &ClusterFile,
    place: Span,
    nodes: &[Object<'_>],
    network: Network,
    builder: &mut Builder<'_>,
) -> (Table<PoolId, NodePool>, Table<ZoneId, String>) {
    let mut making = Making::default();
    for pool in &given.node_pools {
        making.pool(pool, builder);
    }
    for object in nodes {
        making.single(object, builder);
    }
    if making.pools.is_empty() && builder.report.is_clean() {
        builder
            .report
            .problem(Code::OutOfRange, place, "the cluster has no nodes")
            .help("give `spec.cluster.nodePools` or `spec.cluster.nodes`");
    }
    making.check_count(network, builder);
    manifest::note_unused_limits(builder);
    (making.pools, making.zones)
}

/// Pools and zones of single nodes alone.
pub(super) fn singles(nodes: &[&Object<'_>], builder: &mut Builder<'_>) -> (Table<PoolId, NodePool>, Table<ZoneId, String>) {
    let mut making = Making::default();
    nodes.iter().for_each(|object| making.single(object, builder));
    manifest::note_unused_limits(builder);
    (making.pools, making.zones)
}

#[derive(Default)]
struct Making {
    pools: Table<PoolId, NodePool>,
    zones: Table<ZoneId, String>,
    names: BTreeMap<String, Span>,
    /// Nodes so far, and the place of the pool that brought the last of them.
    count: u64,
    last: Span,
}

impl Making {
    fn pool(&mut self, given: &At<NodePoolFile>, builder: &mut Builder<'_>) {
        let pool = &given.value;
        names::label_name(&pool.name.value, "a node pool", pool.name.span, builder.report);
        self.check_name(&pool.name.value, pool.name.span, builder);
        if pool.count.value == 0 {
            builder
                .report
                .problem(Code::OutOfRange, pool.count.span, format!("the pool `{}` has no nodes", pool.name.value))
                .help("1 or more");
        }
        self.count = self.count.saturating_add(pool.count.value);
        self.last = pool.count.span;
        let mut shape = manifest::shape(&pool.template, pool.reserved.as_ref(), given.span, builder);
        shape.shape.attach_limits = builder.storage.limits(&pool.name.value);
        let given_zones: Vec<&str> = pool.zones.iter().map(|zone| zone.value.as_str()).chain(shape.zone.as_deref()).collect();
        check_zones(&pool.zones, builder);
        let zones = given_zones.into_iter().map(|zone| self.zone(zone, builder)).collect();
        let count = u32::try_from(pool.count.value).unwrap_or(u32::MAX);
        self.pools.push(NodePool { name: pool.name.value.clone(), count, single: false, zones, shape: shape.shape });
    }

    fn single(&mut self, object: &Object<'_>, builder: &mut Builder<'_>) {
        if object.kind == Kind::Storage {
            return;
        }
        if object.kind != Kind::Node {
            let place = object.tree.place(&["kind"]);
            builder
                .report
                .problem(Code::ManifestKind, place, format!("a {} is no node", object.kind_name))
                .help("`spec.cluster.nodes` names files of `v1` Nodes");
            return;
        }
        let Some(mut shape) = manifest::node(object.tree, builder) else { return };
        shape.shape.attach_limits = builder.storage.limits(object.name());
        self.last = object.tree.place(&["metadata", "name"]);
        self.check_name(object.name(), self.last, builder);
        self.count += 1;
        let zones = shape.zone.iter().map(|zone| self.zone(zone, builder)).collect();
        self.pools.push(NodePool { name: object.name().to_owned(), count: 1, single: true, zones, shape: shape.shape });
    }

    fn zone(&mut self, name: &str, builder: &mut Builder<'_>) -> ZoneId {
        builder.symbols.intern(name);
        let known = self.zones.iter().find(|(_, zone)| *zone == name).map(|(id, _)| id);
        known.unwrap_or_else(|| self.zones.push(name.to_owned()))
    }

    fn check_name(&mut self, name: &str, span: Span, builder: &mut Builder<'_>) {
        if self.names.insert(name.to_owned(), span).is_some() {
            builder.report.problem(Code::DuplicateName, span, format!("two pools or nodes bear the name `{name}`"));
        }
    }

    /// Each node needs a block of addresses.
    fn check_count(&self, network: Network, builder: &mut Builder<'_>) {
        let most = network.blocks().min(NODES_MAX);
        if self.count > most {
            builder
                .report
                .problem(Code::TooMany, self.last, format!("{} nodes are more than the network has blocks for: {most}", self.count))
                .help("widen `spec.cluster.network.clusterCidr`, raise `nodeMaskBits`, or lower the count; a million nodes is the limit");
        }
    }
}

fn check_zones(zones: &[At<String>], builder: &mut Builder<'_>) {
    for (row, zone) in zones.iter().enumerate() {
        names::label_name(&zone.value, "a zone", zone.span, builder.report);
        if zones[..row].iter().any(|other| other.value == zone.value) {
            builder.report.problem(Code::DuplicateName, zone.span, format!("the zone `{}` is listed twice", zone.value));
        }
    }
}
