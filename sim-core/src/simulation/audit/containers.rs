//! What a Pod holds and what its containers' marks say fits its state.

use crate::cluster::{Container, ContainerState, Pod, PodState};
use crate::table::{Id, NodeId, PodId, Table};
use crate::world::World;

/// Sandboxes of each node, counted again; no sandbox, address or process where there can be none.
pub(super) fn pods_hold_what_they_may(world: &World<'_>) -> Result<(), String> {
    let mut sandboxes: Table<NodeId, u32> = Table::filled(world.nodes.pool.len(), 0);
    for (id, row) in world.pods.iter() {
        if let Some(what) = wrong(world, id, row) {
            return Err(format!("Pod row {} {what}: {row:?}", id.index()));
        }
        if row.sandbox {
            sandboxes[row.node] += 1;
        }
    }
    match sandboxes.iter().find(|(node, count)| world.nodes.sandboxes[*node] != **count) {
        Some((node, count)) => Err(format!("node {node:?} counts {} sandboxes, {count} are up", world.nodes.sandboxes[node])),
        None => Ok(()),
    }
}

fn wrong(world: &World<'_>, id: PodId, row: &Pod) -> Option<String> {
    let powered = !row.assigned || world.nodes.health[row.node].has_power();
    // A node that was down keeps addresses of Pods whose sandboxes went with it until its kubelet has seen to them.
    let seen_to = powered && row.assigned && !world.nodes.health[row.node].rebooted;
    if row.state == PodState::Scheduling && (row.sandbox || !row.address_free || row.seat != Pod::NO_SEAT) {
        return Some("waits for its binding and has a place already".to_owned());
    }
    if row.sandbox && (row.seat == Pod::NO_SEAT || !powered) {
        return Some("has a sandbox on a node that cannot hold it".to_owned());
    }
    if !row.address_free && !row.sandbox && seen_to && !row.terminating && !row.state.is_terminal() {
        return Some("has an address and no sandbox".to_owned());
    }
    if row.ready && (row.terminating || row.state.phase() != crate::cluster::Phase::Running) {
        return Some("is ready and does not run".to_owned());
    }
    (0..world.pods.containers_of(id)).find_map(|index| {
        let what = wrong_container(row, world.pods.container(id, index), world)?;
        Some(format!("has a container {index} that {what} ({:?})", world.pods.container(id, index)))
    })
}

fn wrong_container(pod: &Pod, row: &Container, world: &World<'_>) -> Option<&'static str> {
    let running = row.state == ContainerState::Running;
    if running && (!pod.sandbox || pod.state.is_terminal()) {
        return Some("runs without a sandbox or after its Pod");
    }
    if running && (row.started_at > world.now || row.starts == 0) {
        return Some("runs and has not started");
    }
    if !running && (row.hung || row.condemned) {
        return Some("hangs or is condemned though it does not run");
    }
    if !running && !pod.terminating && row.state != ContainerState::Vanished && (row.started || row.ready) {
        return Some("counts as started or ready though it does not run");
    }
    if !running && (row.cpu, row.memory, row.leak) != (0, 0, 0) {
        return Some("uses something though it does not run");
    }
    (row.ready && !row.started).then_some("is ready before it is started")
}

/// Pods that were there at the start or created since the window opened are there, or have ended.
pub(super) fn every_pod_is_accounted_for(world: &World<'_>, opened: bool) -> Result<(), String> {
    let record = &world.record.pods;
    let (came, went) = (record.at_start + record.created, record.succeeded + record.failed);
    let live = record.live.level();
    if !opened || came == went + live {
        return Ok(());
    }
    Err(format!("{came} Pods came and {went} ended, but {live} live"))
}
