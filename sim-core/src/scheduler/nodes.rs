//! The scheduler's node cache: what each node is, what its Pods take, and the order in which nodes are listed.

use rustc_hash::FxHashMap;

use super::framework::{Load, NodeView, Resident};
use super::order::list_order;
use crate::spec::{Claim, Labels, NodePool, PodTemplate, Requests, Spec, Symbols, Taint, TaintEffect};
use crate::table::{ImageId, NodeId, PodId, Symbol, Table, TemplateId};

/// `kubernetes.io/hostname`: the label that bears the node's own name.
pub(super) const HOST_NAME: &str = "kubernetes.io/hostname";
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
    pub(super) images: Vec<ImageId>,
    pub(super) attach_limits: Vec<(Symbol, u32)>,
}

/// The node cache.
#[derive(Clone, Debug)]
pub(super) struct Nodes {
    /// The spec's strings and the nodes' names.
    symbols: Symbols,
    rows: Table<NodeId, Node>,
    loads: Table<NodeId, Load>,
    residents: Table<NodeId, Vec<Resident>>,
    /// Pods of each template that are on some node.
    bound: Table<TemplateId, u32>,
    /// Pods on nodes that have affinity terms.
    with_terms: u32,
    /// Nodes that list each image.
    with_image: Table<ImageId, u32>,
    by_name: FxHashMap<Symbol, NodeId>,
    order: Vec<NodeId>,
    /// Where a node stands in `order`.
    places: Table<NodeId, u32>,
    /// By how many millicores and bytes the requests of resized Pods depart from their templates.
    resized: FxHashMap<PodId, (i64, i64)>,
    /// Sets of taints that nodes had before they were given others, none twice.
    former: Vec<Vec<Taint>>,
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
        let loads = Table::filled(rows.len(), Load::default());
        let (residents, bound) = (Table::filled(rows.len(), Vec::new()), Table::filled(spec.templates.len(), 0));
        let with_image = with_image(spec.images.len(), &rows);
        Self {
            symbols,
            loads,
            residents,
            bound,
            with_terms: 0,
            with_image,
            rows,
            by_name,
            order,
            places,
            resized: FxHashMap::default(),
            former: Vec::new(),
        }
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
            residents: &self.residents[id],
            images: &node.images,
            attach_limits: &node.attach_limits,
        }
    }

    /// Pods of each template that are on some node.
    pub(super) const fn bound(&self) -> &Table<TemplateId, u32> {
        &self.bound
    }

    /// Pods on nodes that have affinity terms.
    pub(super) const fn with_terms(&self) -> u32 {
        self.with_terms
    }

    /// Nodes that list the image.
    pub(super) fn with_image(&self, image: ImageId) -> u32 {
        self.with_image[image]
    }

    pub(super) fn residents(&self, node: NodeId) -> &[Resident] {
        &self.residents[node]
    }

    /// Puts a Pod on a node, whether it fits or not.
    pub(super) fn add(&mut self, spec: &Spec, resident: Resident, node: NodeId) {
        self.residents[node].push(resident);
        self.bound[resident.template] += 1;
        self.with_terms += u32::from(!spec.templates[resident.template].affinity.is_empty());
        self.charge(&spec.templates[resident.template], node);
    }

    /// Takes a Pod off a node.
    ///
    /// # Panics
    /// If it is not there.
    pub(super) fn remove(&mut self, spec: &Spec, pod: PodId, node: NodeId) -> Resident {
        let residents = &mut self.residents[node];
        let row = residents.iter().position(|resident| resident.pod == pod);
        let resident = residents.remove(row.unwrap_or_else(|| panic!("{pod:?} is not on {node:?}")));
        self.bound[resident.template] -= 1;
        self.with_terms -= u32::from(!spec.templates[resident.template].affinity.is_empty());
        self.resize(pod, node, (0, 0));
        self.free(&spec.templates[resident.template], node);
        resident
    }

    /// What a Pod requests departs from its template by so much from now on; gives the change.
    pub(super) fn resize(&mut self, pod: PodId, node: NodeId, by: (i64, i64)) -> (i64, i64) {
        let before = if by == (0, 0) { self.resized.remove(&pod) } else { self.resized.insert(pod, by) }.unwrap_or_default();
        let (cpu, memory) = (by.0 - before.0, by.1 - before.1);
        let load = &mut self.loads[node];
        let shift =
            |amount: &mut u64, change: i64| *amount = amount.checked_add_signed(change).expect("a node's Pods request what was added");
        shift(&mut load.requested.cpu.0, cpu);
        shift(&mut load.requested.memory.0, memory);
        shift(&mut load.scored_cpu, cpu);
        shift(&mut load.scored_memory, memory);
        (cpu, memory)
    }

    /// By how much what a Pod requests departs from its template.
    pub(super) fn resized_by(&self, pod: PodId) -> (i64, i64) {
        self.resized.get(&pod).copied().unwrap_or_default()
    }

    /// Marks a Pod as being deleted; gives its template if it was not marked before.
    pub(super) fn mark_terminating(&mut self, pod: PodId, node: NodeId) -> Option<TemplateId> {
        let resident = self.residents[node].iter_mut().find(|resident| resident.pod == pod)?;
        (!std::mem::replace(&mut resident.terminating, true)).then_some(resident.template)
    }

    fn charge(&mut self, template: &PodTemplate, node: NodeId) {
        let load = &mut self.loads[node];
        load.pods += 1;
        load.scored_cpu += template.non_zero.cpu.0;
        load.scored_memory += template.non_zero.memory.0;
        load.ports.extend(&template.placement.host_ports);
        load.volumes.extend(template.claims.iter().filter_map(Claim::attached));
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

    fn free(&mut self, template: &PodTemplate, node: NodeId) {
        let load = &mut self.loads[node];
        load.pods = load.pods.checked_sub(1).unwrap_or_else(|| panic!("{node:?} has no Pod to take away"));
        load.scored_cpu -= template.non_zero.cpu.0;
        load.scored_memory -= template.non_zero.memory.0;
        for port in &template.placement.host_ports {
            let row = load.ports.iter().position(|taken| taken == port).expect("a Pod's host ports are taken on its node");
            load.ports.swap_remove(row);
        }
        for volume in template.claims.iter().filter_map(Claim::attached) {
            let row = load.volumes.iter().position(|taken| *taken == volume).expect("a Pod's volumes are attached to its node");
            load.volumes.swap_remove(row);
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

    /// Sets a node's taints; gives the number of the set that it had, if that was another.
    pub(super) fn retaint(&mut self, node: NodeId, taints: &[Taint]) -> Option<u32> {
        let have = &mut self.rows[node].taints;
        if have == taints {
            return None;
        }
        let before = std::mem::replace(have, taints.to_vec());
        let known = self.former.iter().position(|former| *former == before);
        Some(known.unwrap_or_else(|| {
            self.former.push(before);
            self.former.len() - 1
        }) as u32)
    }

    /// A set of taints that a node had.
    pub(super) fn former(&self, number: u32) -> &[Taint] {
        &self.former[number as usize]
    }

    /// A taint with an empty value.
    pub(super) fn taint(&mut self, key: &str, effect: TaintEffect) -> Taint {
        Taint { key: self.symbols.intern(key), value: self.symbols.intern(""), effect }
    }
}

/// How many nodes list each image; an image that a node lists twice counts once.
fn with_image(images: usize, rows: &Table<NodeId, Node>) -> Table<ImageId, u32> {
    let mut counts = Table::filled(images, 0);
    for node in rows.rows() {
        for (row, image) in node.images.iter().enumerate() {
            counts[*image] += u32::from(!node.images[..row].contains(image));
        }
    }
    counts
}

/// Node number `ordinal` of a pool.
fn node(spec: &Spec, pool: &NodePool, ordinal: u32, symbols: &mut Symbols) -> Node {
    let name = if pool.single { symbols.intern(&pool.name) } else { symbols.intern(&format!("{}-{ordinal}", pool.name)) };
    let mut labels = pool.shape.labels.clone();
    let host_name = symbols.intern(HOST_NAME);
    // A node with a manifest of its own has the labels that it has.
    if !pool.single && labels.get(host_name).is_none() {
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
        images: pool.shape.images.clone(),
        attach_limits: pool.shape.attach_limits.clone(),
    }
}
