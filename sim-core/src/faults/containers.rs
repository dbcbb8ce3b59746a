//! Faults of containers: of those that are up, and of those that are being started.

use super::{EVERYBODY, Occasion};
use crate::cluster::{ContainerKey, ContainerState};
use crate::event::ContainerRef;
use crate::spec::{Among, ContainerFault};
use crate::world::{Note, World};

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

/// Strikes containers that are up. An occasion looks at every Pod: occasions are few.
fn strike_running(world: &mut World<'_>, occasion: &Occasion, among: Among, kinds: &[ContainerKey]) {
    let up = running(world, kinds);
    for row in occasion.drawn(world, among, up.len()) {
        world.note(Note::Struck { container: up[row], fault: occasion.number });
    }
}

/// Containers of these kinds that are up, in the order of rows.
fn running(world: &World<'_>, kinds: &[ContainerKey]) -> Vec<ContainerRef> {
    let mut found = Vec::new();
    for (pod, row) in world.pods.iter().filter(|(_, row)| !row.terminating && !row.state.is_terminal()) {
        for &(_, index) in kinds.iter().filter(|(template, _)| *template == row.template) {
            if world.pods.container(pod, index).state == ContainerState::Running {
                found.push(world.container_ref(pod, index));
            }
        }
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
