//! Memory limits: a container that comes to use more than its limit is killed by the kernel at that instant. Where the containers of a Pod
//! together come to use more than the Pod's, the kernel chooses among them.

use crate::cluster::{ContainerState, ExitReason};
use crate::event::ContainerRef;
use crate::kubelet;
use crate::kubelet::rules::oom_score;
use crate::measure::Happening;
use crate::table::PodId;
use crate::world::World;

/// 128 + SIGKILL.
const KILLED: u8 = 137;

/// A container may have met its memory limit, or its Pod the Pod's; somebody is killed if so.
pub fn out_of_memory(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.up(container) else { return };
    let row = world.pods.container(pod, container.index);
    let limit = world.allotment(pod, container.index).memory_limit.unwrap_or(u64::MAX);
    if row.memory_at(world.now) > limit {
        world.record.usage.oom_by_limit += 1;
        return kill(world, pod, container.index);
    }
    if world.pod_exceeds_at(pod) > world.now {
        // What used memory besides is gone, and there is time again.
        return world.expect_out_of_memory(pod, container.index);
    }
    while world.pod_exceeds_at(pod) <= world.now
        && let Some(index) = victim(world, pod)
    {
        world.record.usage.oom_by_limit += 1;
        kill(world, pod, index);
    }
}

/// The container of a Pod that the kernel kills: by its points, of which the Pod's limit is the whole.
fn victim(world: &World<'_>, pod: PodId) -> Option<u8> {
    let template = world.template(pod);
    let total = template.level.memory_limit?.max(1);
    let node = world.spec.pools[world.nodes.pool[world.pods[pod].node]].shape.capacity.memory.0.max(1);
    let up = |index: &u8| world.pods.container(pod, *index).state == ContainerState::Running;
    let running = || (0..world.pods.containers_of(pod)).filter(up);
    let processes = running().map(|index| {
        let uses = world.pods.container(pod, index).memory_at(world.now);
        (uses, oom_score::adjust(template, usize::from(index), node))
    });
    running().nth(oom_score::victim(processes, total)?)
}

/// The kernel kills a container for want of memory.
pub(super) fn kill(world: &mut World<'_>, pod: PodId, index: u8) {
    let role = world.container_role(pod, index);
    world.record.containers.by_role[role.index()].oom_kills += 1;
    world.tell(pod, Some(index), Happening::OomKilling);
    kubelet::killed(world, pod, index, KILLED, ExitReason::OomKilled);
}
