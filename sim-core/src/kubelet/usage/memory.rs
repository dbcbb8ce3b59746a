//! Memory limits: a container that comes to use more than its limit is killed by the kernel at that instant.

use crate::cluster::{ContainerState, ExitReason};
use crate::event::ContainerRef;
use crate::kubelet;
use crate::measure::Happening;
use crate::table::PodId;
use crate::world::World;

/// 128 + SIGKILL.
const KILLED: u8 = 137;

/// A container may have met its memory limit; it is killed if it has.
pub fn out_of_memory(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    let row = world.pods.container(pod, container.index);
    let limit = world.allotment(pod, container.index).memory_limit.unwrap_or(u64::MAX);
    if row.state == ContainerState::Running && row.memory_at(world.now) > limit {
        world.record.usage.oom_by_limit += 1;
        kill(world, pod, container.index);
    }
}

/// The kernel kills a container for want of memory.
pub(super) fn kill(world: &mut World<'_>, pod: PodId, index: u8) {
    let role = world.container_role(pod, index);
    world.record.containers.by_role[role.index()].oom_kills += 1;
    world.tell(pod, Some(index), Happening::OomKilling);
    kubelet::killed(world, pod, index, KILLED, ExitReason::OomKilled);
}
