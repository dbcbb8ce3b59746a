//! What the kubelet notices, and when: the pod lifecycle event generator looks at all containers of a node once a period.
//!
//! A start or an exit is noticed at the node's next relist. Only Pods in which something happened are looked at, so a relist in which
//! nothing did costs nothing.

use super::{health, sync};
use crate::cluster::{ContainerHealth, ContainerState, PodRef};
use crate::event::Event;
use crate::table::PodId;
use crate::world::World;

/// Something happened in a Pod: its node's next relist will show it.
pub(super) fn expect(world: &mut World<'_>, pod: PodId) {
    let row = &mut world.pods[pod];
    if row.terminating || std::mem::replace(&mut row.relist_due, true) {
        return;
    }
    world.at(world.relist(pod), Event::Relist(world.pod_ref(pod)));
}

/// A relist shows what happened in a Pod since the last one.
pub fn relist(world: &mut World<'_>, pod: PodRef) {
    let Some(pod) = world.alive(pod) else { return };
    world.pods[pod].relist_due = false;
    if world.pods[pod].terminating || world.pods[pod].state.is_terminal() {
        return;
    }
    for index in 0..world.pods.containers_of(pod) {
        notice(world, pod, index);
    }
    health::settle(world, pod);
    sync::wake(world, pod);
}

/// The kubelet learns what has become of a container.
pub(super) fn notice(world: &mut World<'_>, pod: PodId, index: u8) {
    let row = world.pods.container_mut(pod, index);
    if std::mem::replace(&mut row.noticed, true) {
        return;
    }
    match row.state {
        ContainerState::Running => health::up(world, pod, index),
        ContainerState::Backoff => health::mark(world, pod, index, ContainerHealth::Restarting),
        ContainerState::Done | ContainerState::Waiting | ContainerState::Vanished => {}
    }
}
