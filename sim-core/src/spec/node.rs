//! Node shapes: what a node pool gives.

use super::Requests;
use super::symbols::Labels;
use crate::table::{ImageId, Symbol, ZoneId};

/// A group of nodes of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePool {
    /// The pool's name; its nodes are `name-0`, `name-1`, … unless [`NodePool::single`] says the name is the node's own.
    pub name: String,
    /// How many nodes there are at the start.
    pub count: u32,
    /// True if the pool is one node that bears the pool's name (a `v1.Node` manifest).
    pub single: bool,
    /// Zones that the nodes are dealt to in turn; empty if nodes have no zone.
    pub zones: Vec<ZoneId>,
    /// What each node is.
    pub shape: NodeShape,
}

impl NodePool {
    /// The zone of node number `ordinal` of the pool.
    pub fn zone_of(&self, ordinal: u32) -> Option<ZoneId> {
        (!self.zones.is_empty()).then(|| self.zones[ordinal as usize % self.zones.len()])
    }
}

/// What a node is, after `status` and `spec` of a `v1.Node`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeShape {
    /// What the machine has (`status.capacity`); `pods` is a count.
    pub capacity: Requests,
    /// What Pods may ask for (`status.allocatable`).
    pub allocatable: Requests,
    /// `status.allocatable.pods`: most Pods at a time; 0 admits none.
    pub pods_max: u32,
    /// Labels besides the host name and zone, which each node gets of its own.
    pub labels: Labels,
    /// Taints in the order of the manifest.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`: cordoned.
    pub unschedulable: bool,
    /// Images that are there at the start.
    pub images: Vec<ImageId>,
    /// Most volumes of a CSI driver at a time (`spec.drivers[].allocatable.count` of the node's `CSINode`), for drivers that have a limit.
    pub attach_limits: Vec<(Symbol, u32)>,
}

/// A taint of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Taint {
    /// The taint's key.
    pub key: Symbol,
    /// The taint's value; the symbol of the empty string if it has none.
    pub value: Symbol,
    /// What the taint does.
    pub effect: TaintEffect,
}

/// What a taint does to Pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaintEffect {
    /// New Pods stay away.
    NoSchedule,
    /// New Pods go elsewhere if they can.
    PreferNoSchedule,
    /// New Pods stay away and running ones are evicted.
    NoExecute,
}
