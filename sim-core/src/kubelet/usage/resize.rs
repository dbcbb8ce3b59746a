//! Resizing a running container in place.

use super::Upkeep;
use crate::cluster::{ContainerState, Pod, PodRef};
use crate::engine::random::Purpose;
use crate::event::Event;
use crate::kubelet;
use crate::kubelet::rules::resize::{
    Answer, Effect, FIRST_RETRY, RETRY, Request, Size, Waiting, answer, can_limit_memory, compare, effect, validate,
};
use crate::spec::{Occasion, PodTemplate};
use crate::table::{NodeId, PodId};
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

/// Puts the first occasions of the scenario's resizes on the agenda.
pub(super) fn begin(world: &mut World<'_>) {
    for (entry, resize) in (0..).zip(&world.spec.resizes) {
        match &resize.when {
            Occasion::At(time) => world.at(*time, Event::Resize { entry, occasion: 0 }),
            Occasion::Every(_) => expect(world, entry, 0),
        }
    }
}

/// Draws when the next occasion of a resize comes again.
fn expect(world: &mut World<'_>, entry: u16, occasion: u32) {
    if let Occasion::Every(law) = &world.spec.resizes[usize::from(entry)].when {
        let gap = world.draw(law, Purpose::ResizeTime, u64::from(entry), u64::from(occasion));
        world.after(gap, Event::Resize { entry, occasion });
    }
}

impl Upkeep {
    /// Users resize all containers that an entry of the scenario means. An occasion looks at every Pod: occasions are few.
    pub fn resize_all(&mut self, world: &mut World<'_>, entry: u16, occasion: u32) {
        expect(world, entry, occasion + 1);
        let about = &world.spec.resizes[usize::from(entry)];
        let there = world.pods.iter().filter(|(_, row)| row.seat != Pod::NO_SEAT && !row.terminating && !row.state.is_terminal());
        let of = |(pod, row): (PodId, &Pod)| {
            let template = row.template;
            about.containers.iter().filter(move |(of, _)| *of == template).map(move |(_, index)| (pod, *index))
        };
        let containers: Vec<(PodId, u8)> = there.flat_map(of).collect();
        for (pod, index) in containers {
            let old = self.wanted(world, pod, index);
            let new = Allotment {
                cpu: about.cpu.unwrap_or(old.cpu),
                cpu_limit: about.cpu_limit.or(old.cpu_limit),
                memory: about.memory.unwrap_or(old.memory),
                memory_limit: about.memory_limit.or(old.memory_limit),
            };
            self.resize(world, pod, index, new);
        }
    }

    /// What a container is to have: what was asked for last, or what it has.
    fn wanted(&self, world: &World<'_>, pod: PodId, index: u8) -> Allotment {
        world.asked.get(&(pod, index)).copied().unwrap_or_else(|| world.allotment(pod, index))
    }

    /// Resizes a container: the API checks, the kubelet answers, weights and limits follow at once. What cannot be done yet is tried again
    /// half a minute later and then every three minutes, and when another Pod of the node goes or shrinks.
    pub fn resize(&mut self, world: &mut World<'_>, pod: PodId, index: u8, new: Allotment) -> Resized {
        let what = attempt(world, pod, index, new);
        let place = match what {
            Resized::Done | Resized::Restarts => 0,
            Resized::InProgress | Resized::Deferred => 1,
            Resized::Infeasible | Resized::Refused => 2,
        };
        world.record.usage.resizes[place] += 1;
        if what == Resized::Refused {
            return what;
        }
        let me = world.pod_ref(pod);
        self.resizes.retain(|pending| (pending.pod, pending.index) != (me, index));
        world.ask(pod, index, (place == 1).then_some(new));
        if place == 1 {
            if self.resizes.is_empty() {
                world.after(FIRST_RETRY, Event::RetryResizes);
            }
            self.resizes.push(Pending { pod: me, index, new, since: world.now });
        } else {
            self.retry_on(world, world.pods[pod].node);
        }
        what
    }

    /// The retry of all that waits is due.
    pub fn retry_resizes(&mut self, world: &mut World<'_>) {
        self.retry(world, |_| true);
        if !self.resizes.is_empty() {
            world.after(RETRY, Event::RetryResizes);
        }
    }

    /// A Pod of a node has ended: what waits there may fit now.
    pub fn left(&mut self, world: &mut World<'_>, pod: PodId) {
        if !self.resizes.is_empty() && world.pods[pod].seat != Pod::NO_SEAT {
            self.retry_on(world, world.pods[pod].node);
        }
    }

    fn retry_on(&mut self, world: &mut World<'_>, node: NodeId) {
        if !self.resizes.is_empty() {
            self.retry(world, |on| on == node);
        }
    }

    /// Tries again what could not be done on some nodes, in the kubelet's order.
    fn retry(&mut self, world: &mut World<'_>, on: impl Fn(NodeId) -> bool) {
        let mut waiting = std::mem::take(&mut self.resizes);
        waiting.retain(|pending| {
            let stays = |pod: &PodId| !world.pods[*pod].terminating && !world.pods[*pod].state.is_terminal();
            world.pods.alive(pending.pod).is_some_and(|pod| stays(&pod))
        });
        waiting.sort_by(|a, b| compare(&rank(world, a), &rank(world, b)));
        waiting.retain(|&Pending { pod, index, new, .. }| {
            let tried = on(world.pods[pod.id].node);
            let done = tried && matches!(attempt(world, pod.id, index, new), Resized::Done | Resized::Restarts);
            if done {
                world.record.usage.resizes[0] += 1;
                world.ask(pod.id, index, None);
            }
            !done
        });
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
    if !world.nodes.health[world.pods[pod].node].is_attended() {
        return Resized::Deferred;
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
        kubelet::restart(world, pod, index, TERMINATED);
        return Resized::Restarts;
    }
    Resized::Done
}

/// The Pod as it would be, as a question to the API and the kubelet.
fn request(world: &World<'_>, pod: PodId, index: u8, (old, new): (Allotment, Allotment)) -> Request {
    let template = world.template(pod);
    let (was, level) = (pod_size(world, pod), &template.level);
    let by = |fixed: Option<u64>, new: u64, old: u64| if fixed.is_some() { 0 } else { new as i64 - old as i64 };
    let wanted = Size {
        cpu: was.cpu.saturating_add_signed(by(level.cpu_request, new.cpu, old.cpu)),
        memory: was.memory.saturating_add_signed(by(level.memory_request, new.memory, old.memory)),
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
    let (asks, (cpu, memory)) = (&world.template(pod).requests, world.resized_by(pod, false));
    Size { cpu: asks.cpu.0.saturating_add_signed(cpu), memory: asks.memory.0.saturating_add_signed(memory) }
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
