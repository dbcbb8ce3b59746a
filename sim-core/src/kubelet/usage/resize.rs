//! Resizing a running container in place.

use crate::cluster::ContainerState;
use crate::kubelet::rules::resize::{Answer, Effect, Request, Size, answer, can_limit_memory, effect, validate};
use crate::spec::PodTemplate;
use crate::table::PodId;
use crate::world::{Allotment, World};

/// What became of a resize.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resized {
    /// Requests and limits are in force.
    Done,
    /// They are, and the container has to be stopped and started again for them.
    Restarts,
    /// It is accepted, but a memory limit can only be lowered once the container uses less; to be tried again.
    InProgress,
    /// It does not fit beside the node's other Pods; to be tried again every three minutes and when a Pod goes.
    Deferred,
    /// It can never fit on this node.
    Infeasible,
    /// The API refuses it: the class of service would change, or a memory limit be taken away.
    Refused,
}

/// Resizes a container: the API checks, the kubelet answers, weights and limits follow at once.
pub fn resize(world: &mut World<'_>, pod: PodId, index: u8, new: Allotment) -> Resized {
    let old = world.allotment(pod, index);
    let request = request(world, pod, index, (old, new));
    if validate(&request).is_err() {
        world.record.usage.resizes[2] += 1;
        return Resized::Refused;
    }
    let (allocatable, others) = room(world, pod);
    match answer(&request, allocatable, others) {
        Answer::Infeasible => count(world, 2, Resized::Infeasible),
        Answer::Deferred => count(world, 1, Resized::Deferred),
        Answer::Accepted => accept(world, pod, index, (old, new)),
    }
}

fn count(world: &mut World<'_>, place: usize, what: Resized) -> Resized {
    world.record.usage.resizes[place] += 1;
    what
}

fn accept(world: &mut World<'_>, pod: PodId, index: u8, (old, new): (Allotment, Allotment)) -> Resized {
    let row = world.pods.container(pod, index);
    let (runs, uses) = (row.state == ContainerState::Running, row.memory_at(world.now));
    let cpu = (old.cpu, old.cpu_limit) != (new.cpu, new.cpu_limit);
    let memory = (old.memory, old.memory_limit) != (new.memory, new.memory_limit);
    let effect = effect(world.container_spec(pod, index).resize, cpu, memory);
    let lowers = new.memory_limit.is_some_and(|limit| !can_limit_memory(old.memory_limit, limit, uses));
    if runs && effect == Effect::InPlace && memory && lowers {
        world.allot(pod, index, Allotment { memory_limit: old.memory_limit, ..new });
        return count(world, 1, Resized::InProgress);
    }
    world.allot(pod, index, new);
    count(world, 0, if runs && effect == Effect::Restart { Resized::Restarts } else { Resized::Done })
}

/// The Pod as it would be, as a question to the API and the kubelet.
fn request(world: &World<'_>, pod: PodId, index: u8, (old, new): (Allotment, Allotment)) -> Request {
    let template = world.template(pod);
    let was = pod_size(world, pod);
    let wanted = Size {
        cpu: was.cpu.saturating_add_signed(new.cpu as i64 - old.cpu as i64),
        memory: was.memory.saturating_add_signed(new.memory as i64 - old.memory as i64),
    };
    let mut then: PodTemplate = template.clone();
    for (place, container) in (0..).zip(&mut then.containers) {
        let allotted = if place == index { new } else { world.allotment(pod, place) };
        (container.requests.cpu.0, container.requests.memory.0) = (allotted.cpu, allotted.memory);
        (container.cpu_limit, container.memory_limit) = (allotted.cpu_limit, allotted.memory_limit.map(crate::units::Bytes));
    }
    let drops_memory_limit = old.memory_limit.is_some() && new.memory_limit.is_none();
    Request { wanted, qos: (template.qos, then.classified().qos), drops_memory_limit, fixed: false }
}

/// What a Pod requests, resizes included.
fn pod_size(world: &World<'_>, pod: PodId) -> Size {
    let asks = &world.template(pod).requests;
    world.resizes(pod).fold(Size { cpu: asks.cpu.0, memory: asks.memory.0 }, |size, (index, now)| {
        let was = &world.container_spec(pod, index).requests;
        Size {
            cpu: size.cpu.saturating_add_signed(now.cpu as i64 - was.cpu.0 as i64),
            memory: size.memory.saturating_add_signed(now.memory as i64 - was.memory.0 as i64),
        }
    })
}

/// What a Pod's node has for Pods, and what the others request.
fn room(world: &World<'_>, pod: PodId) -> (Size, Size) {
    let node = world.pods[pod].node;
    let all = &world.spec.pools[world.nodes.pool[node]].shape.allocatable;
    let others = world.nodes.residents[node].iter().filter(|&&other| other != pod && !world.pods[other].state.is_terminal());
    let others = others.map(|&other| pod_size(world, other)).fold(Size::default(), |sum, size| Size {
        cpu: sum.cpu + size.cpu,
        memory: sum.memory + size.memory,
    });
    (Size { cpu: all.cpu.0, memory: all.memory.0 }, others)
}
