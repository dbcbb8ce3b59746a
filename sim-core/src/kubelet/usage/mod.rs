//! What containers use, moment by moment, and what follows: throttling, contention, stretched runs, kills and evictions.
//!
//! CPU is read once a minute in one pass over all nodes, and at once where a container comes or goes on a node that wants more than it
//! has. Memory and disk grow in straight lines between events, so the instants at which they meet a limit are computed.

mod contention;
mod eviction;
mod memory;
mod noise;
mod pass;
mod resize;

pub use memory::out_of_memory;
pub use resize::Resized;

use crate::event::ContainerRef;
use crate::kubelet::rules::contention::Scratch;
use crate::spec::{ContainerSpec, Level};
use crate::table::{NodeId, PodId};
use crate::world::World;
use std::collections::BTreeMap;

/// What all kubelets keep in mind about what their nodes have left, and room for their work.
#[derive(Clone, Debug, Default)]
pub struct Upkeep {
    /// Nodes that are watched because they have little left.
    watches: BTreeMap<NodeId, eviction::Watch>,
    /// Minutes so far.
    minutes: u64,
    noise: noise::Series,
    sharing: contention::Sharing,
    scratch: Scratch,
    /// Containers whose work is slowed by their own limits, and those of the last pass.
    slowed: [Vec<(PodId, u8)>; 2],
    nodes: Vec<NodeId>,
    /// Resizes that are not in force yet.
    resizes: Vec<resize::Pending>,
}

impl Upkeep {
    /// A node's containers may want more than it has, of CPU, memory or disk.
    pub fn load_changed(&mut self, world: &mut World<'_>, node: NodeId) {
        self.share(world, node);
        self.foresee(world, node);
    }
}

/// A container's use changes with its age.
pub fn use_changes(world: &mut World<'_>, container: ContainerRef) {
    if let Some(pod) = world.current(container) {
        world.use_changes(pod, container.index);
    }
}

/// Levels of a container's use that are drawn at its start: CPU in microcores and memory in bytes.
pub(super) fn levels(world: &mut World<'_>, about: &ContainerSpec, entity: u64, draw: u64) -> (u64, u64) {
    let mut stream = world.stream(crate::engine::random::Purpose::Usage, entity, draw);
    let mut level = |level: &Level, request: u64| match level {
        Level::OfRequest(share) => share.sample(&mut stream) * request as f64,
        Level::Absolute(amount) => amount.sample(&mut stream),
    };
    let cpu = level(&about.behavior.usage.cpu, about.requests.cpu.0);
    let memory = level(&about.behavior.usage.memory, about.requests.memory.0);
    ((cpu * 1000.0) as u64, memory as u64)
}
