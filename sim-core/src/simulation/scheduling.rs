//! The scheduler in simulated time: one Pod at a time, each cycle takes its time, bindings go out beside it.

use super::limiter::Limiter;
use crate::cluster::{NodeTaints, PodRef, PodState, Step};
use crate::engine::random::Purpose;
use crate::event::Event;
use crate::kubelet;
use crate::measure::{Happening, PendingReason, SchedulerMeasures, Tally, TimeAverage};
use crate::scheduler::{Cycle, MessageId, Scheduler, Verdict};
use crate::spec::{Spec, TaintEffect};
use crate::table::{NodeId, PodId};
use crate::units::{SimSpan, SimTime};
use crate::world::World;
use std::collections::BTreeMap;

/// The scheduler, and whether it is at work.
#[derive(Clone, Debug)]
pub(super) struct Scheduling {
    pub(super) scheduler: Scheduler,
    pub(super) record: SchedulerMeasures,
    /// True while a cycle or a look at the queue is on the agenda.
    busy: bool,
    /// Epoch of the timer that wakes an idle scheduler.
    timer: u32,
    /// Cycles so far: the draw number of cycle times.
    cycles: u64,
    /// The client's rate limit.
    limiter: Limiter,
    /// How often each message was given, of the first few hundred different ones.
    given: BTreeMap<String, u64>,
}

/// Different messages that are counted; node counts in them vary, so there may be very many.
const MESSAGES_COUNTED: usize = 256;

impl Scheduling {
    pub(super) fn new(spec: &Spec) -> Self {
        Self {
            scheduler: Scheduler::new(spec),
            record: nothing(SimTime::ZERO, 0),
            busy: false,
            timer: 0,
            cycles: 0,
            limiter: Limiter::new(spec.scheduler.client),
            given: BTreeMap::new(),
        }
    }

    /// Opens the window of measurement.
    pub(super) fn open(&mut self, now: SimTime) {
        self.record = nothing(now, self.scheduler.queued() as u64);
        self.given.clear();
    }

    /// The scheduler's informer shows a new Pod.
    pub(super) fn observed(&mut self, world: &mut World<'_>, pod: PodRef) {
        let Some(pod) = world.alive(pod).filter(|&pod| world.pods[pod].state == PodState::Scheduling) else { return };
        self.scheduler.submit(world.spec, pod, world.pods[pod].template, world.now);
        self.count_queued(world);
        self.kick(world);
    }

    fn count_queued(&mut self, world: &World<'_>) {
        self.record.queued.set(self.scheduler.queued() as u64, world.now);
    }

    /// Sets an idle scheduler to work.
    fn kick(&mut self, world: &mut World<'_>) {
        if !std::mem::replace(&mut self.busy, true) {
            world.at(world.now, Event::Cycle { epoch: 0 });
        }
    }

    /// The scheduler is free for its next cycle (epoch 0), or one of its timers is due.
    pub(super) fn cycle(&mut self, world: &mut World<'_>, epoch: u32) {
        if epoch != 0 && (self.busy || epoch != self.timer) {
            return;
        }
        self.busy = true;
        self.scheduler.flush(world.now);
        match self.scheduler.next(world.now) {
            Some(pod) => self.decide(world, pod),
            None => self.rest(world),
        }
        self.count_queued(world);
    }

    /// Nothing to do: wait for a Pod or for the next timer.
    fn rest(&mut self, world: &mut World<'_>) {
        self.busy = false;
        if let Some(at) = self.scheduler.wake_at() {
            self.timer = self.timer.wrapping_add(1).max(1);
            world.at(at.max(world.now), Event::Cycle { epoch: self.timer });
        }
    }

    /// One scheduling cycle.
    fn decide(&mut self, world: &mut World<'_>, pod: PodId) {
        let cycle = self.choose(world, pod);
        let takes = self.cycle_span(world, &cycle);
        self.record.busy += takes;
        let takes = takes + self.patch_span(world, pod, &cycle, takes);
        world.after(takes, Event::Cycle { epoch: 0 });
        match cycle.verdict {
            Verdict::Placed(node) => self.assume(world, pod, node, takes),
            Verdict::Unschedulable(message) => {
                self.record.unschedulable += 1;
                world.tell_unschedulable(pod, || self.scheduler.message_in_full(message));
                self.count_message(message);
                give_up_at_once(world, pod);
            }
        }
        for victim in cycle.preemption.into_iter().flat_map(|chosen| chosen.victims) {
            self.record.preempted += 1;
            world.tell(victim, None, Happening::Preempted);
            kubelet::delete(world, victim);
        }
    }

    fn count_message(&mut self, message: MessageId) {
        let text = self.scheduler.message(message);
        if let Some(count) = self.given.get_mut(text) {
            *count += 1;
        } else if self.given.len() < MESSAGES_COUNTED {
            self.given.insert(text.to_owned(), 1);
        }
    }

    /// The messages that were given or are waited with, those that most Pods wait with first.
    pub(super) fn reasons(&self) -> Vec<PendingReason> {
        let mut waiting: BTreeMap<&str, u64> = self.given.keys().map(|text| (text.as_str(), 0)).collect();
        for (message, pods) in self.scheduler.messages() {
            *waiting.entry(self.scheduler.message(message)).or_default() += pods as u64;
        }
        let given = |message: &str| self.given.get(message).copied().unwrap_or(0);
        let reason = |(message, waiting): (&str, u64)| PendingReason { message: message.to_owned(), given: given(message), waiting };
        let mut reasons: Vec<PendingReason> = waiting.into_iter().map(reason).collect();
        reasons.sort_by(|left, right| (right.waiting, right.given, &left.message).cmp(&(left.waiting, left.given, &right.message)));
        reasons
    }

    /// The decision alone.
    fn choose(&mut self, world: &mut World<'_>, pod: PodId) -> Cycle {
        self.cycles += 1;
        let tie = world.stream(Purpose::TieBreak, world.pods[pod].entity, self.record.cycles).unit().to_bits();
        let cycle = self.scheduler.cycle(world.spec, pod, tie, world.now);
        self.record.cycles += 1;
        self.record.filtered += u64::from(cycle.filtered);
        self.record.scored += u64::from(cycle.scored);
        cycle
    }

    /// How long a cycle takes in simulated time.
    fn cycle_span(&mut self, world: &mut World<'_>, cycle: &Cycle) -> SimSpan {
        let about = &world.spec.scheduler;
        let per_node = about.cycle_per_filtered * f64::from(cycle.filtered) + about.cycle_per_scored * f64::from(cycle.scored);
        world.draw(&about.cycle_base, Purpose::Api, 0, self.cycles) + SimSpan::from_secs_f64(per_node)
    }

    /// How long the loop waits until the condition of a Pod that was not placed is written, which it does itself.
    fn patch_span(&mut self, world: &mut World<'_>, pod: PodId, cycle: &Cycle, after: SimSpan) -> SimSpan {
        if !cycle.patched {
            return SimSpan::ZERO;
        }
        let limited = self.limiter.take(world.now + after);
        limited + world.draw(&world.spec.control_plane.bind, Purpose::Patch, world.pods[pod].entity, self.cycles)
    }

    /// The Pod counts on its node from now on; the binding is written beside the next cycles.
    fn assume(&mut self, world: &mut World<'_>, pod: PodId, node: NodeId, takes: SimSpan) {
        self.record.placed += 1;
        let wait = world.pods[pod].born.age(world.now);
        self.record.wait.record(wait);
        self.record.waited += u64::from(!wait.is_zero());
        world.assign(pod, node);
        world.next_step(pod, Step::Bind);
        let limited = self.limiter.take(world.now + takes);
        self.record.limited.record(limited);
        let bind = world.draw(&world.spec.control_plane.bind, Purpose::Bind, world.pods[pod].entity, 0);
        world.after(takes + limited + bind, Event::Bound(world.pod_ref(pod)));
    }

    /// Places a Pod that ran before the run began; `None` if no node takes it, and it waits in the queue.
    pub(super) fn place(&mut self, world: &mut World<'_>, pod: PodId) -> Option<NodeId> {
        self.scheduler.submit(world.spec, pod, world.pods[pod].template, world.now);
        if self.scheduler.holds_back(world.spec, world.pods[pod].template) {
            return None;
        }
        let next = self.scheduler.next(world.now);
        assert_eq!(next, Some(pod), "the only Pod in the queue comes next");
        self.scheduler.hold_preemption(true);
        let verdict = self.choose(world, pod).verdict;
        self.scheduler.hold_preemption(false);
        match verdict {
            Verdict::Placed(node) => {
                world.assign(pod, node);
                Some(node)
            }
            Verdict::Unschedulable(_) => {
                self.try_again(world, pod);
                None
            }
        }
    }

    /// Once all that ran before are in their places, a Pod that found none may take that of another: it is new then.
    fn try_again(&mut self, world: &mut World<'_>, pod: PodId) {
        if self.scheduler.may_preempt(world.spec, world.pods[pod].template) {
            self.scheduler.withdraw(world.spec, pod, world.now);
            world.at(world.now, Event::Observed(world.pod_ref(pod)));
        }
    }

    /// A step of a Pod's start is over. When its kubelet notices that it is bound, the scheduler does, too.
    pub(super) fn noticed(&mut self, world: &mut World<'_>, pod: PodRef) {
        if !self.scheduler.awaits_binding() {
            return;
        }
        let bound = world.pods.alive(pod).filter(|pod| world.pods[*pod].step == Step::Notice);
        if let Some(pod) = bound {
            self.scheduler.bound(world.spec, world.pods[pod].template, world.now);
            self.kick(world);
        }
    }

    /// The scheduler sees a node's taints: those of its definition, then those for its conditions.
    pub(super) fn taints_seen(&mut self, world: &mut World<'_>, node: NodeId) {
        let mut taints = world.spec.pools[world.nodes.pool[node]].shape.taints.clone();
        let given = world.nodes.health[node].taints;
        for (_, key, evicts) in NodeTaints::ALL.into_iter().filter(|(taint, ..)| given.has(*taint)) {
            let effect = if evicts { TaintEffect::NoExecute } else { TaintEffect::NoSchedule };
            taints.push(self.scheduler.taint(key, effect));
        }
        self.scheduler.set_taints(world.spec, node, &taints, world.now);
        if self.scheduler.queued() > 0 {
            self.kick(world);
        }
    }

    /// The scheduler sees what a resized Pod requests: while a resize waits, the most of what is asked for and in force.
    pub(super) fn resize_seen(&mut self, world: &mut World<'_>, pod: PodRef) {
        let there = |pod: &PodId| world.pods[*pod].assigned && !world.pods[*pod].released;
        let Some(pod) = world.pods.alive(pod).filter(there) else { return };
        self.scheduler.resize(world.spec, pod, world.pods[pod].node, world.resized_by(pod, true), world.now);
        if self.scheduler.queued() > 0 {
            self.kick(world);
        }
    }

    /// A Pod has a deletion timestamp.
    pub(super) fn deleting(&mut self, world: &World<'_>, pod: PodId) {
        let row = &world.pods[pod];
        if row.assigned && !row.released {
            self.scheduler.set_terminating(pod, row.node);
        }
    }

    /// A Pod that has no node is gone.
    pub(super) fn withdraw(&mut self, world: &World<'_>, pod: PodId) {
        self.scheduler.withdraw(world.spec, pod, world.now);
        self.count_queued(world);
    }

    /// The scheduler sees that a Pod has ended: its node is free for others.
    pub(super) fn release(&mut self, world: &mut World<'_>, pod: PodId) {
        let weights = world.weights(pod);
        let row = &mut world.pods[pod];
        row.released = true;
        let (node, since) = (row.node, row.assigned_at);
        world.record.released(&weights, since, world.now);
        self.scheduler.release(world.spec, pod, node, world.now);
        if self.scheduler.queued() > 0 {
            self.kick(world);
        }
    }
}

/// Measures of a scheduler that has done nothing yet.
fn nothing(now: SimTime, queued: u64) -> SchedulerMeasures {
    SchedulerMeasures {
        cycles: 0,
        placed: 0,
        unschedulable: 0,
        preempted: 0,
        filtered: 0,
        scored: 0,
        wait: Tally::default(),
        waited: 0,
        queued: TimeAverage::new(queued, now),
        busy: SimSpan::ZERO,
        limited: Tally::default(),
        messages: Vec::new(),
    }
}

/// A node's taints changed: the scheduler's informer will show them.
pub(super) fn tainted(world: &mut World<'_>, node: NodeId) {
    let watch = world.draw(&world.spec.control_plane.watch, Purpose::Watch, u64::from(node.0), world.now.as_nanos());
    world.after(watch, Event::TaintsSeen(node));
}

/// A Pod was resized: the scheduler's informer will show it.
pub(super) fn resized(world: &mut World<'_>, pod: PodId) {
    let watch = world.draw(&world.spec.control_plane.watch, Purpose::Watch, world.pods[pod].entity, world.now.as_nanos());
    world.after(watch, Event::ResizeSeen(world.pod_ref(pod)));
}

/// A Pod was created: the scheduler's informer will show it, unless it names its node and needs no scheduler.
pub(super) fn created(world: &mut World<'_>, pod: PodId) {
    let watch = world.draw(&world.spec.control_plane.watch, Purpose::Watch, world.pods[pod].entity, 0);
    world.after(watch, Event::Observed(world.pod_ref(pod)));
}

/// A Pod has waited as long as its submitter is willing to.
pub(super) fn gave_up(world: &mut World<'_>, pod: PodRef) {
    if let Some(pod) = world.alive(pod) {
        give_up(world, pod);
    }
}

fn give_up_at_once(world: &mut World<'_>, pod: PodId) {
    if world.spec.workloads[world.pods[pod].workload].give_up_after == Some(SimSpan::ZERO) {
        give_up(world, pod);
    }
}

fn give_up(world: &mut World<'_>, pod: PodId) {
    let row = &world.pods[pod];
    if row.state == PodState::Scheduling && !row.assigned && !row.terminating {
        world.record.pods.given_up += 1;
        kubelet::delete(world, pod);
    }
}
