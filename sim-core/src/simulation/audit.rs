//! The auditor: counts again what is kept as a sum. It runs beside the simulation in tests, and once at the end of every run.

use super::outcome::running_again;
use super::scheduling::Scheduling;
use crate::cluster::{ContainerHealth, ContainerState, Phase, Pod};
use crate::controllers::Controllers;
use crate::kubelet;
use crate::spec::Role;
use crate::table::{Id, NodeId, Table};
use crate::world::World;
use std::collections::BTreeSet;

mod usage;

/// Checks that nothing is overcommitted, nothing is owned twice, and every Pod is accounted for.
pub(super) fn audit(world: &World<'_>, scheduling: &Scheduling, controllers: &Controllers) -> Result<(), String> {
    nodes_hold_what_they_can(world, scheduling)?;
    states_add_up(world)?;
    containers_decide_the_state(world)?;
    parts_add_up(world)?;
    controllers_own_their_pods(world, controllers)?;
    nodes_keep_their_pods(world)?;
    nodes_give_what_addresses_are_held(world)?;
    images_add_up(world)?;
    usage::sums_are_what_containers_use(world)?;
    usage::nodes_give_no_more_than_they_have(world)?;
    match duplicate_addresses(world) {
        0 => Ok(()),
        twice => Err(format!("{twice} addresses are held by more than one Pod")),
    }
}

/// Requests of the Pods assigned to each node, counted again: equal to the scheduler's books and not above what is allocatable.
fn nodes_hold_what_they_can(world: &World<'_>, scheduling: &Scheduling) -> Result<(), String> {
    let mut again: Table<NodeId, [u64; 3]> = Table::filled(world.nodes.pool.len(), [0; 3]);
    for (_, pod) in world.pods.iter().filter(|(_, pod)| pod.assigned && !pod.released) {
        let asks = &world.spec.templates[pod.template].requests;
        let sums = &mut again[pod.node];
        *sums = [sums[0] + 1, sums[1] + asks.cpu.0, sums[2] + asks.memory.0];
    }
    for (node, sums) in again.iter() {
        let books = &scheduling.scheduler.requested(node).requested;
        let kept = [u64::from(scheduling.scheduler.node_pods(node)), books.cpu.0, books.memory.0];
        let shape = &world.spec.pools[world.nodes.pool[node]].shape;
        let most = [u64::from(shape.pods_max), shape.allocatable.cpu.0, shape.allocatable.memory.0];
        if *sums != kept {
            return Err(format!("node {node:?}: the scheduler's books say {kept:?}, its Pods sum to {sums:?}"));
        }
        if (0..3).any(|place| sums[place] > most[place]) {
            return Err(format!("node {node:?} is overcommitted: {sums:?} of {most:?} (Pods, millicores, bytes)"));
        }
    }
    Ok(())
}

/// Live Pods by state, counted again.
fn states_add_up(world: &World<'_>) -> Result<(), String> {
    let (record, live) = (&world.record.pods, world.pods.iter().filter(|(_, pod)| !pod.state.is_terminal()).count() as u64);
    let sum: u64 = record.in_state.iter().map(crate::measure::TimeAverage::level).sum();
    let running = running_again(world);
    if (record.live.level(), sum, record.running.level()) != (live, live, running) {
        let kept = (record.live.level(), sum, record.running.level());
        return Err(format!("live, by state and running Pods are kept as {kept:?} but are {:?}", (live, live, running)));
    }
    Ok(())
}

/// Containers that are up by their part in their Pods, and those in Ready Pods, counted again.
fn parts_add_up(world: &World<'_>) -> Result<(), String> {
    let (mut up, mut in_ready) = ([0; Role::COUNT], 0);
    for (id, pod) in world.pods.iter() {
        let running = |index: &u8| world.pods.container(id, *index).state == ContainerState::Running;
        (0..world.pods.containers_of(id)).filter(running).for_each(|index| up[world.container_role(id, index).index()] += 1);
        in_ready += if pod.ready { world.running_containers(id) } else { 0 };
    }
    let record = &world.record.containers;
    let kept = (record.by_role.map(|role| role.up.level()), record.in_ready.level());
    if kept == (up, in_ready) {
        Ok(())
    } else {
        Err(format!("containers by part and in Ready Pods are kept as {kept:?} but are {:?}", (up, in_ready)))
    }
}

/// A running Pod's state and counts follow from its containers; none that has ended for good counts as being restarted.
fn containers_decide_the_state(world: &World<'_>) -> Result<(), String> {
    let runs = world.pods.iter().filter(|(_, pod)| pod.state.phase() == Phase::Running && !pod.terminating);
    for (id, pod) in runs {
        let mut containers = (0..world.pods.containers_of(id)).map(|index| world.pods.container(id, index));
        let state = kubelet::state_of(world, id);
        if state != pod.state {
            return Err(format!("Pod row {} is {} but its containers make it {state}", id.index(), pod.state));
        }
        if containers.any(|row| row.health != ContainerHealth::Fine && row.state == ContainerState::Done) {
            return Err(format!("Pod row {} restarts a container that has ended for good", id.index()));
        }
    }
    Ok(())
}

/// Every owned Pod stands where its row says, is alive, and is not being deleted.
fn controllers_own_their_pods(world: &World<'_>, controllers: &Controllers) -> Result<(), String> {
    for (id, instance) in controllers.instances.iter() {
        let mut ready = [0; 2];
        for (outdated, list) in [(false, &instance.current), (true, &instance.outdated)] {
            for (slot, &pod) in list.iter().enumerate() {
                let row = &world.pods[pod];
                let right = row.instance == id && row.slot as usize == slot && (row.revision != instance.revision) == outdated;
                if !right || row.terminating && row.state.is_terminal() {
                    return Err(format!("instance {id:?} owns Pod row {} wrongly", pod.index()));
                }
                ready[usize::from(outdated)] += u32::from(row.ready);
            }
        }
        if ready != instance.ready {
            return Err(format!("instance {id:?} keeps {:?} ready Pods but has {ready:?}", instance.ready));
        }
    }
    Ok(())
}

/// Every Pod with a seat sits on its node where its row says, nobody else does, and nothing runs where there is no power.
fn nodes_keep_their_pods(world: &World<'_>) -> Result<(), String> {
    let mut seated = 0;
    for (node, residents) in world.nodes.residents.iter() {
        seated += residents.len();
        for (seat, &pod) in residents.iter().enumerate() {
            let row = &world.pods[pod];
            if (row.node, row.seat as usize) != (node, seat) {
                return Err(format!("Pod row {} sits on node {node:?} but its row says {:?}", pod.index(), row.node));
            }
            let running = |index| world.pods.container(pod, index).state == ContainerState::Running;
            if !world.nodes.health[node].has_power() && (0..world.pods.containers_of(pod)).any(running) {
                return Err(format!("Pod row {} runs a container on node {node:?}, which has no power", pod.index()));
            }
        }
    }
    match world.pods.iter().filter(|(_, pod)| pod.seat != Pod::NO_SEAT).count() {
        seats if seats == seated => Ok(()),
        seats => Err(format!("{seats} Pods say that they sit on a node, {seated} do")),
    }
}

/// Addresses in use on each node, counted again.
fn nodes_give_what_addresses_are_held(world: &World<'_>) -> Result<(), String> {
    let mut held: Table<NodeId, u16> = Table::filled(world.nodes.pool.len(), 0);
    world.pods.iter().filter(|(_, pod)| !pod.address_free).for_each(|(_, pod)| held[pod.node] += 1);
    for (node, held) in held.iter() {
        let given = world.nodes.addresses[node].used();
        if *held != given {
            return Err(format!("node {node:?} has given {given} addresses, its Pods hold {held}"));
        }
    }
    Ok(())
}

/// Bytes and layer references of each node's images, counted again; every pull is listed once, at its node.
fn images_add_up(world: &World<'_>) -> Result<(), String> {
    for (node, cache) in world.nodes.images.iter() {
        let (kept, again) = ((cache.bytes(), cache.layer_references()), cache.recount(&world.spec.images));
        if kept != again {
            return Err(format!("node {node:?} keeps {kept:?} bytes and layer references of images but has {again:?}"));
        }
    }
    let listed = world.nodes.images.iter().flat_map(|(node, cache)| cache.pulls.iter().map(move |&pull| (pull, node)));
    let listed: BTreeSet<_> = listed.collect();
    let pulls: BTreeSet<_> = world.registry.pulls.iter().map(|(id, pull)| (id, pull.node)).collect();
    if listed == pulls { Ok(()) } else { Err(format!("nodes list the pulls {listed:?} but there are {pulls:?}")) }
}

/// Addresses that more than one Pod holds.
pub(super) fn duplicate_addresses(world: &World<'_>) -> u64 {
    let mut held = BTreeSet::new();
    let holders = world.pods.iter().filter(|(_, pod)| !pod.address_free);
    holders.filter(|(_, pod)| !held.insert((pod.node, pod.address))).count() as u64
}
