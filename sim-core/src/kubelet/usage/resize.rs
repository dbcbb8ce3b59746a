//! Resizing a running container in place.

use super::Upkeep;
use crate::cluster::{ContainerState, ExitReason, PodRef};
use crate::event::Event;
use crate::kubelet;
use crate::kubelet::rules::resize::{
    Answer, Effect, FIRST_RETRY, RETRY, Request, Size, Waiting, answer, can_limit_memory, compare, effect, validate,
};
use crate::spec::PodTemplate;
use crate::table::PodId;
use crate::units::SimTime;
use crate::world::{Allotment, World};

/// 128 + SIGTERM: a container that is stopped to be started with its new size.
const TERMINATED: u8 = 143;

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

/// A resize that is not in force yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pod: PodRef,
    index: u8,
    new: Allotment,
    since: SimTime,
}

impl Upkeep {
    /// Resizes a container: the API checks, the kubelet answers, weights and limits follow at once. What cannot be done yet is tried again
    /// half a minute later and then every three minutes.
    pub fn resize(&mut self, world: &mut World<'_>, pod: PodId, index: u8, new: Allotment) -> Resized {
        let what = attempt(world, pod, index, new);
        let place = match what {
            Resized::Done | Resized::Restarts => 0,
            Resized::InProgress | Resized::Deferred => 1,
            Resized::Infeasible | Resized::Refused => 2,
        };
        world.record.usage.resizes[place] += 1;
        if place == 1 {
            if self.resizes.is_empty() {
                world.after(FIRST_RETRY, Event::RetryResizes);
            }
            self.resizes.push(Pending { pod: world.pod_ref(pod), index, new, since: world.now });
        }
        what
    }

    /// Tries again what could not be done, in the kubelet's order.
    pub fn retry_resizes(&mut self, world: &mut World<'_>) {
        let mut waiting = std::mem::take(&mut self.resizes);
        waiting.retain(|pending| world.pods.alive(pending.pod).is_some_and(|pod| !world.pods[pod].terminating));
        waiting.sort_by(|a, b| compare(&rank(world, a), &rank(world, b)));
        waiting.retain(|&Pending { pod, index, new, .. }| {
            let done = matches!(attempt(world, pod.id, index, new), Resized::Done | Resized::Restarts);
            world.record.usage.resizes[0] += u64::from(done);
            !done
        });
        if !waiting.is_empty() {
            world.after(RETRY, Event::RetryResizes);
        }
        self.resizes = waiting;
    }
}

fn rank(world: &World<'_>, pending: &Pending) -> Waiting {
    let (pod, index) = (pending.pod.id, pending.index);
    let (template, old) = (world.template(pod), world.allotment(pod, index));
    let shrinks = pending.new.cpu <= old.cpu && pending.new.memory <= old.memory;
    Waiting { shrinks, priority: template.priority, qos: template.qos, since: pending.since }
}

fn attempt(world: &mut World<'_>, pod: PodId, index: u8, new: Allotment) -> Resized {
    let old = world.allotment(pod, index);
    let request = request(world, pod, index, (old, new));
    if validate(&request).is_err() {
        return Resized::Refused;
    }
    let (allocatable, others) = room(world, pod);
    match answer(&request, allocatable, others) {
        Answer::Infeasible => Resized::Infeasible,
        Answer::Deferred => Resized::Deferred,
        Answer::Accepted => accept(world, pod, index, (old, new)),
    }
}

fn accept(world: &mut World<'_>, pod: PodId, index: u8, (old, new): (Allotment, Allotment)) -> Resized {
    let row = world.pods.container(pod, index);
    let (runs, uses) = (row.state == ContainerState::Running, row.memory_at(world.now));
    let cpu = (old.cpu, old.cpu_limit) != (new.cpu, new.cpu_limit);
    let memory = (old.memory, old.memory_limit) != (new.memory, new.memory_limit);
    let restarts = runs && effect(world.container_spec(pod, index).resize, cpu, memory) == Effect::Restart;
    let too_low = new.memory_limit.is_some_and(|limit| !can_limit_memory(old.memory_limit, limit, uses));
    if runs && !restarts && too_low {
        world.allot(pod, index, Allotment { memory_limit: old.memory_limit, ..new });
        return Resized::InProgress;
    }
    world.allot(pod, index, new);
    if restarts {
        kubelet::killed(world, pod, index, TERMINATED, ExitReason::Error);
        return Resized::Restarts;
    }
    Resized::Done
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
    let others = others
        .map(|&other| pod_size(world, other))
        .fold(Size::default(), |sum, size| Size { cpu: sum.cpu + size.cpu, memory: sum.memory + size.memory });
    (Size { cpu: all.cpu.0, memory: all.memory.0 }, others)
}
