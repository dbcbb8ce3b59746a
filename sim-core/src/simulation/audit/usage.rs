//! What containers use, counted again container by container.

use crate::cluster::{Container, ContainerState, Line, want};
use crate::table::{Id, NodeId, PodId, Table};
use crate::world::World;

/// One container that is up: its Pod, its place in it, its row.
fn running<'w>(world: &'w World<'_>) -> impl Iterator<Item = (PodId, u8, &'w Container)> + 'w {
    let all = world.pods.iter().flat_map(|(pod, _)| (0..world.pods.containers_of(pod)).map(move |index| (pod, index)));
    all.map(|(pod, index)| (pod, index, world.pods.container(pod, index))).filter(|(_, _, row)| row.state == ContainerState::Running)
}

/// Every node's sums of CPU levels, memory and disk, and the cluster's.
pub(super) fn sums_are_what_containers_use(world: &World<'_>) -> Result<(), String> {
    let nodes = world.nodes.pool.len();
    let mut lines: Table<NodeId, (Line, Line)> = Table::filled(nodes, Default::default());
    let mut levels: Table<NodeId, Vec<i64>> = Table::filled(nodes, vec![0; world.load.sums(NodeId(0)).count()]);
    for (pod, index, row) in running(world) {
        let node = world.pods[pod].node;
        lines[node].0.add(row.memory, row.leak, row.grown_from);
        lines[node].1.add(0, row.writes, row.started_at);
        levels[node][world.load.place(world.shape(pod, index), row.lane)] += row.cpu as i64;
    }
    for (node, again) in levels.iter() {
        let kept: Vec<i64> = world.load.sums(node).collect();
        if kept != *again {
            return Err(format!("node {node:?}: levels of CPU use are kept as {kept:?}, its containers sum to {again:?}"));
        }
        let kept = (world.load.memory[node], world.load.storage[node]);
        if kept != lines[node] {
            return Err(format!("node {node:?}: memory and disk are kept as {kept:?}, its containers sum to {:?}", lines[node]));
        }
    }
    Ok(())
}

/// What a plain reading of each container gives is what the columns give, and no node gives more CPU than it has.
pub(super) fn nodes_give_no_more_than_they_have(world: &World<'_>) -> Result<(), String> {
    let mut wanted: Table<NodeId, f64> = Table::filled(world.nodes.pool.len(), 0.0);
    let mut limited: Table<NodeId, u64> = Table::filled(world.nodes.pool.len(), 0);
    for (pod, index, row) in running(world) {
        let node = world.pods[pod].node;
        let (wants, cap) = world.wants(pod, index);
        wanted[node] += row.cpu as f64 * world.load.factor(world.shape(pod, index), row.lane);
        limited[node] += wants.min(cap);
        let listed = row.limited != Container::NONE;
        if wants > cap && !listed {
            return Err(format!("Pod row {}: a container is above its CPU limit and not listed", pod.index()));
        }
        debug_assert_eq!(wants, want(row.cpu, world.load.factor(world.shape(pod, index), row.lane)), "one way to want");
    }
    for (node, &wanted) in wanted.iter() {
        let kept = world.load.wanted(node);
        if (kept - wanted).abs() > 1e-5 * wanted.max(1.0) + 1.0 {
            return Err(format!("node {node:?} wants {wanted} microcores, but {kept} are kept"));
        }
        contention_is_right(world, node, limited[node])?;
    }
    Ok(())
}

fn contention_is_right(world: &World<'_>, node: NodeId, limited: u64) -> Result<(), String> {
    let room = world.load.room(node);
    match world.load.contended.get(&node) {
        Some(found) if found.granted > room || found.granted > found.wanted => Err(format!("node {node:?} has {room}, gives {found:?}")),
        // Limits of Pods as a whole may keep a node's containers below the sum of their own.
        None if limited > room && limited > world.load.wanted(node) as u64 => Err(format!("node {node:?} has {room}, gives {limited}")),
        _ => Ok(()),
    }
}
