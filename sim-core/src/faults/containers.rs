//! Faults of containers: of those that are up, and of those that are being started.

use super::{EVERYBODY, Occasion};
use crate::cluster::{ContainerKey, ContainerState};
use crate::event::ContainerRef;
use crate::spec::{Among, ContainerFault};
use crate::table::PodId;
use crate::world::{Note, World};
use rand::RngExt as _;

/// A fault befalls containers of these kinds.
pub(super) fn strike(world: &mut World<'_>, occasion: &Occasion, among: Among, what: &ContainerFault, kinds: &[ContainerKey]) {
    match what {
        ContainerFault::InitFailure(lasts) | ContainerFault::SlowStart { lasts, .. } => {
            for row in occasion.drawn(world, among, kinds.len()) {
                occasion.begin_one_of_many(world, lasts, row as u32);
            }
        }
        ContainerFault::Crash(_) | ContainerFault::Hang(_) | ContainerFault::MemoryLeak(_) => strike_running(world, occasion, among, kinds),
    }
    if occasion.next > 0 {
        super::expect(world, occasion.number, EVERYBODY, occasion.next);
    }
}

/// A few are drawn by trial from this many rows of Pods on.
const MANY: usize = 1024;
/// Trials for each container that is wanted: enough where one of a hundred Pods has one.
const TRIALS: usize = 1000;

/// Strikes containers that are up.
fn strike_running(world: &mut World<'_>, occasion: &Occasion, among: Among, kinds: &[ContainerKey]) {
    for container in by_trial(world, occasion, among, kinds).unwrap_or_else(|| by_looking(world, occasion, among, kinds)) {
        world.note(Note::Struck { container, fault: occasion.number });
    }
}

/// Draws among all containers that are up: looks at every Pod.
fn by_looking(world: &mut World<'_>, occasion: &Occasion, among: Among, kinds: &[ContainerKey]) -> Vec<ContainerRef> {
    let up = running(world, kinds);
    occasion.drawn(world, among, up.len()).into_iter().map(|row| up[row]).collect()
}

/// Draws a few without looking at every Pod: rows at random, until enough were right. Each container is as likely as every other; where
/// they are too rare nothing is drawn.
fn by_trial(world: &mut World<'_>, occasion: &Occasion, among: Among, kinds: &[ContainerKey]) -> Option<Vec<ContainerRef>> {
    let (Among::Count(wanted), rows) = (among, world.pods.rows_held()) else { return None };
    if rows < MANY || wanted as usize > rows / MANY {
        return None;
    }
    let places = kinds.iter().map(|(_, index)| index + 1).max()?;
    let mut stream = occasion.targets(world);
    let mut found = Vec::with_capacity(wanted as usize);
    for _ in 0..wanted as usize * TRIALS {
        let (pod, index) = (PodId(stream.random_range(0..rows as u32)), stream.random_range(0..places));
        if is_up(world, pod, index, kinds) && !found.contains(&world.container_ref(pod, index)) {
            found.push(world.container_ref(pod, index));
            if found.len() == wanted as usize {
                return Some(found);
            }
        }
    }
    None
}

/// True if a row is a Pod's that goes on, and its container is of one of these kinds and up.
fn is_up(world: &World<'_>, pod: PodId, index: u8, kinds: &[ContainerKey]) -> bool {
    world.pods.is_taken(pod) && {
        let row = &world.pods[pod];
        !row.terminating
            && !row.state.is_terminal()
            && kinds.contains(&(row.template, index))
            && world.pods.container(pod, index).state == ContainerState::Running
    }
}

/// Containers of these kinds that are up, in the order of rows.
fn running(world: &World<'_>, kinds: &[ContainerKey]) -> Vec<ContainerRef> {
    let mut found = Vec::new();
    for (pod, row) in world.pods.iter() {
        let of_it = kinds.iter().filter(|(template, _)| *template == row.template).map(|(_, index)| *index);
        found.extend(of_it.filter(|index| is_up(world, pod, *index, kinds)).map(|index| world.container_ref(pod, index)));
    }
    found
}

/// Containers of one of the kinds start badly from now on, or do so no more.
pub(super) fn set(world: &mut World<'_>, what: &ContainerFault, kinds: &[ContainerKey], row: u32, on: bool) {
    let kind = kinds[row as usize];
    match what {
        ContainerFault::InitFailure(_) => world.troubles.fail_init(kind, on),
        ContainerFault::SlowStart { factor, .. } => world.troubles.slow_start(kind, *factor, on),
        ContainerFault::Crash(_) | ContainerFault::Hang(_) | ContainerFault::MemoryLeak(_) => {}
    }
}
