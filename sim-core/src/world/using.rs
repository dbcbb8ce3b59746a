//! What a container uses from its start to its end: entered in the node's sums, and taken out of them.

use crate::cluster::{Container, ContainerState, Limited, want};
use crate::engine::random::Purpose;
use crate::event::Event;
use crate::spec::Growth;
use crate::table::{NodeId, PodId};
use crate::units::{SimSpan, SimTime};
use crate::world::{Note, World};

/// What a container is allotted: its requests and limits, as its manifest says or as it was resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allotment {
    /// CPU request in millicores.
    pub cpu: u64,
    /// CPU limit in millicores.
    pub cpu_limit: Option<u64>,
    /// Memory request in bytes.
    pub memory: u64,
    /// Memory limit in bytes.
    pub memory_limit: Option<u64>,
}

impl Allotment {
    /// The rate in microcores that the CPU limit allows; a limit below 10 millicores counts as these.
    pub fn cap(&self) -> u64 {
        self.cpu_limit.filter(|limit| *limit > 0).map_or(u64::MAX, |limit| limit.max(10) * 1000)
    }
}

impl World<'_> {
    /// What a container is allotted.
    pub fn allotment(&self, pod: PodId, index: u8) -> Allotment {
        if self.pods.container(pod, index).resized {
            return self.resized[&(pod, index)];
        }
        let about = self.container_spec(pod, index);
        Allotment {
            cpu: about.requests.cpu.0,
            cpu_limit: about.cpu_limit,
            memory: about.requests.memory.0,
            memory_limit: about.memory_limit.map(|limit| limit.0),
        }
    }

    /// What containers of a Pod were resized to.
    pub fn resizes(&self, pod: PodId) -> impl Iterator<Item = (u8, &Allotment)> {
        self.resized.range((pod, 0)..=(pod, u8::MAX)).map(|((_, index), now)| (*index, now))
    }

    /// A container is up: what it does besides its levels is drawn, and it counts from now on.
    pub(super) fn use_begins(&mut self, pod: PodId, index: u8) {
        let now = self.now;
        let usage = &self.container_spec(pod, index).behavior.usage;
        let lane = usage.noise.map_or(0, |noise| self.lane(pod, index, noise.series));
        let writes = usage.writes.as_ref().map_or(0, |growth| self.rate(growth, pod, index, 2));
        let row = self.pods.container_mut(pod, index);
        (row.lane, row.writes, row.leak, row.grown_from) = (lane, writes, 0, now);
        if !usage.phases.is_empty() {
            let base = (row.cpu, row.memory);
            self.bases.insert((pod, index), base);
        }
        self.age(pod, index);
        self.count_use(pod, index);
        self.nodes_storage(pod, index, true);
    }

    /// A container's process is gone: what it used is free. Its levels are zero from now on.
    pub(super) fn use_ends(&mut self, pod: PodId, index: u8) {
        self.discount_use(pod, index);
        self.nodes_storage(pod, index, false);
        self.work_ends(pod, index);
        self.bases.remove(&(pod, index));
        let row = self.pods.container_mut(pod, index);
        (row.cpu, row.memory, row.leak) = (0, 0, 0);
    }

    /// A running container uses `cpu` microcores (times the factors of its course) and `memory` bytes from now on.
    pub fn set_use(&mut self, pod: PodId, index: u8, cpu: u64, memory: u64) {
        let now = self.now;
        let row = self.pods.container(pod, index);
        if row.state != ContainerState::Running || (row.cpu, row.memory_at(now)) == (cpu, memory) {
            return;
        }
        if memory == row.memory && row.leak == 0 && self.is_free(pod, index, cpu) {
            return self.set_cpu(pod, index, cpu);
        }
        self.discount_use(pod, index);
        let row = self.pods.container_mut(pod, index);
        (row.cpu, row.memory, row.grown_from) = (cpu, memory, now);
        self.count_use(pod, index);
    }

    /// True for a container that no CPU limit can meet, now and at a level of `cpu`.
    fn is_free(&self, pod: PodId, index: u8, cpu: u64) -> bool {
        let listed = self.pods.container(pod, index).limited != Container::NONE;
        !listed && !self.load.can_meet(self.shape(pod, index), cpu, self.allotment(pod, index).cap())
    }

    /// Changes the level of CPU use alone, of a container that is on no list: what traffic does to thousands at once.
    fn set_cpu(&mut self, pod: PodId, index: u8, cpu: u64) {
        let (now, node, band) = (self.now, self.pods[pod].node, self.shape(pod, index));
        let row = self.pods.container_mut(pod, index);
        let (before, lane) = (std::mem::replace(&mut row.cpu, cpu), row.lane);
        self.load.enter(node, band, lane, cpu as i64 - before as i64);
        let place = self.load.place(band, lane);
        self.record.cpu_used.sub(place, before, now);
        self.record.cpu_used.add(place, cpu, now);
        self.pace_alone(pod, index);
        if self.wants_too_much(node) {
            self.note(Note::Load(node));
        }
    }

    /// A phase of a container's age, or its leak, begins.
    pub fn use_changes(&mut self, pod: PodId, index: u8) {
        self.discount_use(pod, index);
        self.age(pod, index);
        self.count_use(pod, index);
    }

    /// Sets the levels of a container that is not counted to what its age says, and puts its next change on the agenda.
    fn age(&mut self, pod: PodId, index: u8) {
        let usage = &self.container_spec(pod, index).behavior.usage;
        if usage.phases.is_empty() && usage.leak.is_none() {
            return;
        }
        let now = self.now;
        let age = now.since(self.pods.container(pod, index).started_at);
        self.leaks(pod, index, age);
        if let Some(&(cpu, memory)) = self.bases.get(&(pod, index)) {
            let phase = usage.phases.iter().rev().find(|phase| phase.after <= age);
            let before = usage.phases.iter().rev().find(|phase| phase.after < age).map_or(1.0, |phase| phase.memory);
            let (by_cpu, by_memory) = phase.map_or((1.0, 1.0), |phase| (phase.cpu, phase.memory));
            let row = self.pods.container_mut(pod, index);
            let leaked = row.memory_at(now).saturating_sub(want(memory, before));
            let leaked = if age.is_zero() { 0 } else { leaked };
            (row.cpu, row.memory, row.grown_from) = (want(cpu, by_cpu), want(memory, by_memory) + leaked, now);
        }
        let later = usage.phases.iter().map(|phase| phase.after).chain(usage.leak.iter().map(|leak| leak.after));
        if let Some(next) = later.filter(|after| *after > age).min() {
            self.after(next.saturating_sub(age), Event::UseChanges(self.container_ref(pod, index)));
        }
    }

    /// A running container begins to leak `rate` bytes a second, besides what it leaks already.
    pub fn leak_more(&mut self, pod: PodId, index: u8, rate: u64) {
        let now = self.now;
        self.discount_use(pod, index);
        let row = self.pods.container_mut(pod, index);
        (row.memory, row.leak, row.grown_from) = (row.memory_at(now), row.leak + rate, now);
        self.count_use(pod, index);
    }

    /// Starts a container's leak once it is old enough.
    fn leaks(&mut self, pod: PodId, index: u8, age: SimSpan) {
        let now = self.now;
        let Some(leak) = self.container_spec(pod, index).behavior.usage.leak.as_ref().filter(|leak| leak.after <= age) else { return };
        if self.pods.container(pod, index).leak == 0 {
            let rate = self.rate(leak, pod, index, 1);
            let row = self.pods.container_mut(pod, index);
            (row.memory, row.leak, row.grown_from) = (row.memory_at(now), rate, now);
        }
    }

    /// Which series of noise a container's start follows.
    fn lane(&mut self, pod: PodId, index: u8, series: u16) -> u16 {
        let (entity, draw) = self.start_address(pod, index);
        (self.stream(Purpose::Growth, entity, 4 * draw).unit() * f64::from(series)) as u16
    }

    fn rate(&mut self, growth: &Growth, pod: PodId, index: u8, what: u64) -> u64 {
        let (entity, draw) = self.start_address(pod, index);
        growth.rate.sample(&mut self.stream(Purpose::Growth, entity, 4 * draw + what)).max(0.0) as u64
    }

    fn start_address(&self, pod: PodId, index: u8) -> (u64, u64) {
        (self.container_entity(pod, index), u64::from(self.pods.container(pod, index).starts))
    }

    /// Enters a container in all sums.
    fn count_use(&mut self, pod: PodId, index: u8) {
        let (now, node, band) = (self.now, self.pods[pod].node, self.shape(pod, index));
        let Container { cpu, memory, leak, lane, .. } = *self.pods.container(pod, index);
        self.load.enter(node, band, lane, cpu as i64);
        self.load.memory[node].add(memory, leak, now);
        self.record.cpu_used.add(self.load.place(band, lane), cpu, now);
        self.record.memory_used.add(0, memory, now);
        self.record.memory_leaked.add(leak, now);
        if let Some(role) = self.sidecar_role(pod, index) {
            self.record.resources.sidecar_memory_used[role].add(memory, now);
        }
        self.pods.container_mut(pod, index).grown_from = now;
        self.enlist(pod, index);
        self.expect_out_of_memory(pod, index);
        self.pace_alone(pod, index);
        self.watch_node(node);
    }

    /// Takes a container out of all sums.
    fn discount_use(&mut self, pod: PodId, index: u8) {
        let (now, node, band) = (self.now, self.pods[pod].node, self.shape(pod, index));
        self.delist(pod, index);
        let Container { cpu, memory, leak, lane, grown_from, .. } = *self.pods.container(pod, index);
        self.load.enter(node, band, lane, -(cpu as i64));
        self.load.memory[node].sub(memory, leak, grown_from);
        self.record.cpu_used.sub(self.load.place(band, lane), cpu, now);
        self.record.memory_used.sub(0, memory, now);
        self.record.memory_leaked.sub(leak, grown_from, now);
        if let Some(role) = self.sidecar_role(pod, index) {
            self.record.resources.sidecar_memory_used[role].sub(memory, now);
        }
        if self.load.contended.contains_key(&node) {
            self.note(Note::Load(node));
        }
    }

    fn nodes_storage(&mut self, pod: PodId, index: u8, up: bool) {
        let row = self.pods.container(pod, index);
        let (writes, since) = (row.writes, row.started_at);
        if writes == 0 {
            return;
        }
        let node = self.pods[pod].node;
        let line = &mut self.load.storage[node];
        if up {
            line.add(0, writes, since);
            self.note(Note::Load(node));
        } else {
            // Its writable layer and logs go with it.
            line.sub(0, writes, since);
        }
    }

    /// Lists a container that can meet its CPU limit.
    fn enlist(&mut self, pod: PodId, index: u8) {
        let entry = self.limited_entry(pod, index);
        if entry.cap == u64::MAX {
            return;
        }
        let (band, lane) = (self.shape(pod, index), self.pods.container(pod, index).lane);
        let place = self.load.limit(band, lane, entry);
        self.pods.container_mut(pod, index).limited = place.unwrap_or(Container::NONE);
        let cut = self.cut(pod, index);
        if place.is_some() && cut > 0 {
            self.record.usage.cut_by_limits.add(cut, self.now);
            self.record.usage.throttled.add(1, self.now);
        }
    }

    /// What a container's own limit takes off what it wants, at the factors of the last pass.
    fn cut(&self, pod: PodId, index: u8) -> u64 {
        let (wants, cap) = self.wants(pod, index);
        wants.saturating_sub(cap)
    }

    pub(crate) fn delist(&mut self, pod: PodId, index: u8) {
        let row = self.pods.container_mut(pod, index);
        let (place, lane) = (std::mem::replace(&mut row.limited, Container::NONE), row.lane);
        if place == Container::NONE {
            return;
        }
        let cut = self.cut(pod, index);
        if cut > 0 {
            self.record.usage.cut_by_limits.sub(cut, self.now);
            self.record.usage.throttled.sub(1, self.now);
        }
        let (entry, band) = (self.limited_entry(pod, index), self.shape(pod, index));
        if let Some(moved) = self.load.unlimit(band, lane, &entry, place) {
            self.pods.container_mut(moved.pod, moved.index).limited = place;
        }
    }

    fn limited_entry(&self, pod: PodId, index: u8) -> Limited {
        let (node, level) = (self.pods[pod].node, self.pods.container(pod, index).cpu);
        let bound = self.container_spec(pod, index).behavior.cpu_bound;
        Limited { pod, index, bound, node, level, cap: self.allotment(pod, index).cap() }
    }

    /// Changes what a container is allotted; a running one is bound by it at once.
    pub fn allot(&mut self, pod: PodId, index: u8, new: Allotment) {
        let runs = self.pods.container(pod, index).state == ContainerState::Running;
        if runs {
            self.delist(pod, index);
        }
        self.pods.container_mut(pod, index).resized = true;
        let before = self.resized.insert((pod, index), new);
        self.count_grown(pod, index, before, Some(new));
        self.note(Note::Resized(pod));
        if runs {
            self.enlist(pod, index);
            self.expect_out_of_memory(pod, index);
            self.pace_alone(pod, index);
            self.note(Note::Load(self.pods[pod].node));
        }
    }

    /// Counts, for its node, whether a container asks for more than its manifest does.
    pub(super) fn count_grown(&mut self, pod: PodId, index: u8, before: Option<Allotment>, after: Option<Allotment>) {
        let own = &self.container_spec(pod, index).requests;
        let grows = |now: Option<Allotment>| u32::from(now.is_some_and(|now| now.cpu > own.cpu.0 || now.memory > own.memory.0));
        let grown = &mut self.nodes.grown[self.pods[pod].node];
        *grown = *grown + grows(after) - grows(before);
    }

    /// By how much a Pod's requests of CPU (millicores) and memory (bytes) depart from its template, as they are in force (`asked` is false)
    /// or as the scheduler charges them: the most of what is asked for and in force. Where the Pod as a whole has a request, its containers'
    /// do not count.
    pub fn resized_by(&self, pod: PodId, asked: bool) -> (i64, i64) {
        let level = &self.template(pod).level;
        let (mut cpu, mut memory) = (0, 0);
        for index in 0..self.pods.containers_of(pod) {
            let (was, now) = (&self.container_spec(pod, index).requests, self.allotment(pod, index));
            let more = self.asked.get(&(pod, index)).filter(|_| asked);
            let (to_cpu, to_memory) = more.map_or((now.cpu, now.memory), |more| (now.cpu.max(more.cpu), now.memory.max(more.memory)));
            cpu += to_cpu as i64 - was.cpu.0 as i64;
            memory += to_memory as i64 - was.memory.0 as i64;
        }
        (if level.cpu_request.is_some() { 0 } else { cpu }, if level.memory_request.is_some() { 0 } else { memory })
    }

    /// A resize of a container waits to be done, or waits no more.
    pub fn ask(&mut self, pod: PodId, index: u8, new: Option<Allotment>) {
        let changed = match new {
            Some(new) => self.asked.insert((pod, index), new) != Some(new),
            None => self.asked.remove(&(pod, index)).is_some(),
        };
        if changed {
            self.note(Note::Resized(pod));
        }
    }

    /// The kill of a container whose memory meets its limit, or whose Pod's meets that of the Pod, if it ever does.
    pub(crate) fn expect_out_of_memory(&mut self, pod: PodId, index: u8) {
        let own = self.allotment(pod, index).memory_limit.map_or(SimTime::MAX, |limit| self.exceeds_at(pod, index, limit));
        let due = own.min(self.pod_exceeds_at(pod));
        if due <= self.end {
            self.at(due, Event::OutOfMemory(self.container_ref(pod, index)));
        }
    }

    /// The first instant from now on at which a Pod's containers use more than what is set for the Pod as a whole; [`SimTime::MAX`] if
    /// they never do.
    pub fn pod_exceeds_at(&self, pod: PodId) -> SimTime {
        let Some(limit) = self.template(pod).level.memory_limit else { return SimTime::MAX };
        let mut line = crate::cluster::Line::default();
        let rows = (0..self.pods.containers_of(pod)).map(|index| self.pods.container(pod, index));
        for row in rows.filter(|row| row.state == ContainerState::Running) {
            line.add(row.memory, row.leak, row.grown_from);
        }
        line.above(limit, self.now)
    }

    /// The first instant from now on at which a container uses more than `most` bytes.
    pub fn exceeds_at(&self, pod: PodId, index: u8, most: u64) -> SimTime {
        let row = self.pods.container(pod, index);
        let mut line = crate::cluster::Line::default();
        line.add(row.memory, row.leak, row.grown_from);
        line.above(most, self.now)
    }

    /// The speed of work on a node that has CPU enough: bound by the container's own limit.
    pub fn pace_alone(&mut self, pod: PodId, index: u8) {
        if self.pods.container(pod, index).work == Container::NONE {
            return;
        }
        let (wants, cap) = self.wants(pod, index);
        self.stretch(pod, index, wants.min(cap).max(1), wants.max(1));
    }

    /// What a running container wants at the factors of the last pass, and what its limit allows, in microcores.
    pub fn wants(&self, pod: PodId, index: u8) -> (u64, u64) {
        let row = self.pods.container(pod, index);
        let factor = self.load.factor(self.shape(pod, index), row.lane);
        (want(row.cpu, factor), self.allotment(pod, index).cap())
    }

    /// Memory that a node's containers and sandboxes hold, in bytes.
    pub fn memory_held(&self, node: NodeId) -> u64 {
        self.load.memory[node].at(self.now) + u64::from(self.nodes.sandboxes[node]) * self.spec.kubelet.pause_memory
    }

    /// Leaves a note if a node's containers may want more than it has.
    fn watch_node(&mut self, node: NodeId) {
        let tight = self.load.memory[node].grows() || self.memory_held(node) > self.load.calm[node];
        if tight || self.wants_too_much(node) {
            self.note(Note::Load(node));
        }
    }

    /// True if a node's containers may want more CPU than it has, or did when it was shared out last.
    fn wants_too_much(&self, node: NodeId) -> bool {
        self.load.wanted(node) > f64::from(self.load.available[node.0 as usize]) || self.load.contended.contains_key(&node)
    }
}
