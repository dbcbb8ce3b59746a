//! The scheduler's node cache: what each node is, what its Pods take, and the order in which nodes are listed.

use rustc_hash::FxHashMap;

use super::framework::{Load, NodeView};
use super::order::list_order;
use crate::spec::{Labels, NodePool, PodTemplate, Requests, Spec, Symbols, Taint};
use crate::table::{NodeId, Symbol, Table};

/// `kubernetes.io/hostname`: the label that bears the node's own name.
const HOST_NAME: &str = "kubernetes.io/hostname";
/// `topology.kubernetes.io/zone`.
pub(super) const ZONE: &str = "topology.kubernetes.io/zone";

/// What a node is.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: Symbol,
    pub(super) labels: Labels,
    pub(super) taints: Vec<Taint>,
    pub(super) cordoned: bool,
    pub(super) allocatable: Requests,
    pub(super) pods_max: u32,
}

/// The node cache.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    /// The spec's strings and the nodes' names.
    symbols: Symbols,
    rows: Table<NodeId, Node>,
    loads: Table<NodeId, Load>,
    by_name: FxHashMap<Symbol, NodeId>,
    order: Vec<NodeId>,
    /// Where a node stands in `order`.
    places: Table<NodeId, u32>,
}

impl Nodes {
    /// The nodes of `spec`, pool by pool, with no Pods on them.
    pub(super) fn new(spec: &Spec) -> Self {
        let mut symbols = spec.symbols.clone();
        let rows: Table<NodeId, Node> = spec
            .pools
            .rows()
            .iter()
            .flat_map(|pool| (0..pool.count).map(move |ordinal| (pool, ordinal)))
            .map(|(pool, ordinal)| node(spec, pool, ordinal, &mut symbols))
            .collect();
        let order = list_order(&rows, &symbols);
        let mut places = Table::filled(rows.len(), 0);
        for (place, node) in (0..).zip(&order) {
            places[*node] = place;
        }
        let by_name = rows.iter().map(|(id, node)| (node.name, id)).collect();
        Self { symbols, loads: Table::filled(rows.len(), Load::default()), rows, by_name, order, places }
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    pub(super) fn order(&self) -> &[NodeId] {
        &self.order
    }

    pub(super) fn place(&self, node: NodeId) -> usize {
        self.places[node] as usize
    }

    pub(super) fn find(&self, name: Symbol) -> Option<NodeId> {
        self.by_name.get(&name).copied()
    }

    pub(super) fn load(&self, node: NodeId) -> &Load {
        &self.loads[node]
    }

    pub(super) fn node(&self, node: NodeId) -> &Node {
        &self.rows[node]
    }

    pub(super) fn view(&self, id: NodeId) -> NodeView<'_> {
        let node = &self.rows[id];
        NodeView {
            id,
            name: node.name,
            labels: &node.labels,
            taints: &node.taints,
            cordoned: node.cordoned,
            allocatable: &node.allocatable,
            pods_max: node.pods_max,
            load: &self.loads[id],
        }
    }

    /// Puts a Pod on a node, whether it fits or not.
    pub(super) fn charge(&mut self, template: &PodTemplate, node: NodeId) {
        let load = &mut self.loads[node];
        load.pods += 1;
        load.scored_cpu += template.scored.cpu.0;
        load.scored_memory += template.scored.memory.0;
        load.ports.extend(&template.placement.host_ports);
        let (sum, part) = (&mut load.requested, &template.requests);
        sum.cpu += part.cpu;
        sum.memory += part.memory;
        sum.ephemeral_storage += part.ephemeral_storage;
        for &(resource, amount) in &part.scalars {
            match sum.scalars.binary_search_by_key(&resource, |(id, _)| *id) {
                Ok(row) => sum.scalars[row].1 += amount,
                Err(row) => sum.scalars.insert(row, (resource, amount)),
            }
        }
    }

    /// Takes a Pod off a node.
    ///
    /// # Panics
    /// If no such Pod can be there.
    pub(super) fn free(&mut self, template: &PodTemplate, node: NodeId) {
        let load = &mut self.loads[node];
        load.pods = load.pods.checked_sub(1).unwrap_or_else(|| panic!("{node:?} has no Pod to take away"));
        load.scored_cpu -= template.scored.cpu.0;
        load.scored_memory -= template.scored.memory.0;
        for port in &template.placement.host_ports {
            let row = load.ports.iter().position(|taken| taken == port).expect("a Pod's host ports are taken on its node");
            load.ports.swap_remove(row);
        }
        let (sum, part) = (&mut load.requested, &template.requests);
        sum.cpu -= part.cpu;
        sum.memory -= part.memory;
        sum.ephemeral_storage -= part.ephemeral_storage;
        for &(resource, amount) in &part.scalars {
            let row = sum.scalars.binary_search_by_key(&resource, |(id, _)| *id).expect("a Pod's resources are taken on its node");
            sum.scalars[row].1 -= amount;
        }
    }

    /// Sets `spec.unschedulable`; true if that changed something.
    pub(super) fn cordon(&mut self, node: NodeId, cordoned: bool) -> bool {
        std::mem::replace(&mut self.rows[node].cordoned, cordoned) != cordoned
    }
}

/// Node number `ordinal` of a pool.
fn node(spec: &Spec, pool: &NodePool, ordinal: u32, symbols: &mut Symbols) -> Node {
    let name = if pool.single { symbols.intern(&pool.name) } else { symbols.intern(&format!("{}-{ordinal}", pool.name)) };
    let mut labels = pool.shape.labels.clone();
    let host_name = symbols.intern(HOST_NAME);
    if labels.get(host_name).is_none() {
        labels.set(host_name, name);
    }
    if !pool.zones.is_empty() {
        let zone = pool.zones[ordinal as usize % pool.zones.len()];
        let (key, value) = (symbols.intern(ZONE), symbols.intern(&spec.zones[zone]));
        labels.set(key, value);
    }
    Node {
        name,
        labels,
        taints: pool.shape.taints.clone(),
        cordoned: pool.shape.unschedulable,
        allocatable: pool.shape.allocatable.clone(),
        pods_max: pool.shape.pods_max,
    }
}
