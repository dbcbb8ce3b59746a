//! Sums over the Pods of each topology domain, kept up to date as Pods come and go.
//!
//! Whatever spread constraints and inter-Pod affinity ask comes down to such sums: how many Pods of some templates are in a domain, or
//! what they weigh there. A *tracker* is a topology key and a weight for each template; a Pod that comes or goes changes the sum of one
//! domain in each tracker that weighs its template.

use rustc_hash::FxHashMap;

use super::super::framework::Resident;
use super::super::nodes::Nodes;
use crate::table::{NodeId, Symbol, Table, TemplateId};

/// Marks a node that lacks the key.
pub(super) const NOWHERE: u32 = u32::MAX;
/// Most sums that are kept, of all trackers together.
const SUMS_MAX: usize = 64 << 20;

/// The values of a node label as numbers.
#[derive(Clone, Debug)]
pub(super) struct Topology {
    key: Symbol,
    /// True if each node that has the label is a domain of its own, whatever its value.
    by_host: bool,
    values: FxHashMap<Symbol, u32>,
    /// The domain of each node in list order, or [`NOWHERE`].
    pub(super) domains: Vec<u32>,
    /// How many domains there are.
    pub(super) count: usize,
}

impl Topology {
    fn new(key: Symbol, nodes: &Nodes) -> Self {
        let mut known: FxHashMap<Symbol, u32> = FxHashMap::default();
        let mut domain = |node: &NodeId| {
            let Some(value) = nodes.node(*node).labels.get(key) else { return NOWHERE };
            let next = known.len() as u32;
            *known.entry(value).or_insert(next)
        };
        let domains = nodes.order().iter().map(&mut domain).collect();
        Self { key, by_host: false, domains, count: known.len(), values: known }
    }

    fn hosts(key: Symbol, nodes: &Nodes) -> Self {
        let has = |node: &NodeId| nodes.node(*node).labels.get(key).is_some();
        let domains = (0..).zip(nodes.order()).map(|(place, node)| if has(node) { place } else { NOWHERE }).collect();
        Self { key, by_host: true, domains, count: nodes.len(), values: FxHashMap::default() }
    }
}

/// What a tracker sums up.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Sums {
    /// Number of the topology.
    pub(super) topology: u32,
    /// Templates that count, in order, and what each of their Pods adds.
    pub(super) weights: Vec<(TemplateId, i32)>,
    /// Number of the set of places whose Pods count, if not all do.
    pub(super) eligible: Option<u32>,
    /// True if Pods that are being deleted do not count.
    pub(super) living: bool,
}

/// Sums by domain.
#[derive(Clone, Debug)]
pub(super) struct Tracker {
    what: Sums,
    pub(super) sums: Vec<i32>,
    /// The sum over all domains.
    pub(super) total: i64,
}

/// The sums of a tracker by place.
#[derive(Clone, Copy)]
pub(super) struct ByPlace<'a> {
    pub(super) domains: &'a [u32],
    sums: &'a [i32],
}

impl ByPlace<'_> {
    /// The sum of the domain in which the node at `place` is, `None` if it lacks the key.
    #[inline]
    pub(super) fn at(&self, place: usize) -> Option<i64> {
        // ([`NOWHERE`] is past the end of the sums.)
        self.sums.get(self.domains[place] as usize).map(|sum| i64::from(*sum))
    }
}

/// All topologies and trackers.
#[derive(Clone, Debug, Default)]
pub(super) struct Trackers {
    topologies: Vec<Topology>,
    rows: Vec<Tracker>,
    known: FxHashMap<Sums, u32>,
    /// Sets of places in list order.
    eligible: Vec<Vec<bool>>,
    /// For each template the trackers that weigh it.
    by_template: Table<TemplateId, Vec<(u32, i32)>>,
    sums: usize,
}

impl Trackers {
    pub(super) fn new(templates: usize) -> Self {
        Self { by_template: Table::filled(templates, Vec::new()), ..Self::default() }
    }

    /// The number of a key's topology.
    pub(super) fn topology_of(&mut self, key: Symbol, nodes: &Nodes) -> u32 {
        self.known_topology(key, false).unwrap_or_else(|| self.add_topology(Topology::new(key, nodes)))
    }

    /// The number of the topology in which each node with the label is a domain of its own.
    pub(super) fn hosts(&mut self, key: Symbol, nodes: &Nodes) -> u32 {
        self.known_topology(key, true).unwrap_or_else(|| self.add_topology(Topology::hosts(key, nodes)))
    }

    fn known_topology(&self, key: Symbol, by_host: bool) -> Option<u32> {
        self.topologies.iter().position(|topology| (topology.key, topology.by_host) == (key, by_host)).map(|row| row as u32)
    }

    fn add_topology(&mut self, topology: Topology) -> u32 {
        self.topologies.push(topology);
        self.topologies.len() as u32 - 1
    }

    /// The topology over which a tracker sums.
    pub(super) fn topology_of_tracker(&self, tracker: u32) -> &Topology {
        &self.topologies[self.tracker(tracker).what.topology as usize]
    }

    /// The domain of a label value.
    pub(super) fn domain_of(&self, tracker: u32, value: Symbol) -> Option<u32> {
        self.topology_of_tracker(tracker).values.get(&value).copied()
    }

    /// The number of a set of places.
    pub(super) fn eligible_of(&mut self, places: Vec<bool>) -> Option<u32> {
        if places.iter().all(|place| *place) {
            return None;
        }
        let known = self.eligible.iter().position(|known| *known == places);
        let row = known.unwrap_or_else(|| {
            self.eligible.push(places);
            self.eligible.len() - 1
        });
        Some(row as u32)
    }

    /// The domains that have a node whose Pods count.
    pub(super) fn present(&self, tracker: u32) -> Vec<u32> {
        let (topology, eligible) = (self.topology_of_tracker(tracker), self.tracker(tracker).what.eligible);
        let mut present = vec![false; topology.count];
        for (place, domain) in topology.domains.iter().enumerate().filter(|(_, domain)| **domain != NOWHERE) {
            present[*domain as usize] |= eligible.is_none_or(|set| self.eligible[set as usize][place]);
        }
        (0..).zip(present).filter(|(_, present)| *present).map(|(domain, _)| domain).collect()
    }

    /// The number of the tracker of these sums, which is made and filled if it is new; `None` if there are too many.
    pub(super) fn tracker_of(&mut self, what: Sums, nodes: &Nodes) -> Option<u32> {
        if let Some(known) = self.known.get(&what) {
            return Some(*known);
        }
        let count = self.topologies[what.topology as usize].count;
        if self.sums + count > SUMS_MAX {
            return None;
        }
        self.sums += count;
        let number = self.rows.len() as u32;
        for (template, weight) in &what.weights {
            self.by_template[*template].push((number, *weight));
        }
        self.known.insert(what.clone(), number);
        self.rows.push(Tracker { what, sums: vec![0; count], total: 0 });
        self.fill(number, nodes);
        Some(number)
    }

    fn fill(&mut self, number: u32, nodes: &Nodes) {
        let weights = &self.rows[number as usize].what.weights;
        if weights.iter().all(|(template, _)| nodes.bound()[*template] == 0) {
            return;
        }
        let weights: FxHashMap<TemplateId, i32> = weights.iter().copied().collect();
        for (place, node) in nodes.order().iter().enumerate() {
            for resident in nodes.residents(*node) {
                if let Some(weight) = weights.get(&resident.template) {
                    self.add(number, place, *weight, resident.terminating);
                }
            }
        }
    }

    fn add(&mut self, number: u32, place: usize, weight: i32, terminating: bool) {
        let tracker = &mut self.rows[number as usize];
        let domain = self.topologies[tracker.what.topology as usize].domains[place];
        let counts = tracker.what.eligible.is_none_or(|set| self.eligible[set as usize][place]);
        if domain == NOWHERE || !counts || (tracker.what.living && terminating) {
            return;
        }
        tracker.sums[domain as usize] += weight;
        tracker.total += i64::from(weight);
    }

    /// A Pod came to the node at `place` (`sign` 1) or went from it (-1).
    pub(super) fn moved(&mut self, resident: &Resident, place: usize, sign: i32) {
        for row in 0..self.by_template[resident.template].len() {
            let (number, weight) = self.by_template[resident.template][row];
            self.add(number, place, weight * sign, resident.terminating);
        }
    }

    /// A Pod on the node at `place`, which lived until now, is being deleted.
    pub(super) fn terminates(&mut self, template: TemplateId, place: usize) {
        for row in 0..self.by_template[template].len() {
            let (number, weight) = self.by_template[template][row];
            if self.rows[number as usize].what.living {
                self.add(number, place, -weight, false);
            }
        }
    }

    pub(super) fn tracker(&self, tracker: u32) -> &Tracker {
        &self.rows[tracker as usize]
    }

    /// The sums of a tracker by place.
    pub(super) fn by_place(&self, tracker: u32) -> ByPlace<'_> {
        ByPlace { domains: &self.topology_of_tracker(tracker).domains, sums: &self.tracker(tracker).sums }
    }
}
