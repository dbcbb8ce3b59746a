//! Eviction: a kubelet looks every ten seconds at what its node has left. Only looks at nodes that have too little, or are about to, are
//! on the agenda: when that will be follows from the sums of what containers hold and how fast it grows.
//!
//! Sources: `pkg/kubelet/eviction/eviction_manager.go` of Kubernetes v1.34; a node whose memory runs out before its kubelet has looked
//! is the kernel's affair.

use super::{Upkeep, memory};
use crate::cluster::{ContainerState, Nodes, PodRef};
use crate::event::Event;
use crate::kubelet::rules::ranking::{Candidate, Short, first};
use crate::kubelet::rules::{oom_score, thresholds};
use crate::kubelet::{self, image_gc, images};
use crate::measure::{Happening, Pressure};
use crate::spec::{EvictionSignal, Threshold};
use crate::table::{NodeId, PodId};
use crate::units::{SimSpan, SimTime};
use crate::world::{Note, World};
use thresholds::Observation;

/// After an eviction the kubelet asks so often whether the Pod is gone.
const POLL: SimSpan = SimSpan::from_secs(1);
/// It gives up asking after so long.
const POLL_MOST: SimSpan = SimSpan::from_secs(30);
/// Grace of a Pod that wrote more than its limits allow.
const STORAGE_GRACE: SimSpan = SimSpan::from_secs(1);

/// A node that has little left.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    /// The next look, and the instant at which memory runs out, that are on the agenda.
    look_at: SimTime,
    out_at: SimTime,
    /// Since when each threshold is met.
    met: Vec<Option<SimTime>>,
    /// When each pressure was last observed, and whether it is reported.
    seen: [Option<SimTime>; 3],
    reported: [bool; 3],
    /// What the control plane was told of that.
    told: [bool; 3],
    /// The Pod that is being evicted, and until when the kubelet waits for it.
    evicting: Option<(PodRef, SimTime)>,
}

impl Watch {
    fn new(thresholds: usize) -> Self {
        Self {
            look_at: SimTime::MAX,
            out_at: SimTime::MAX,
            met: vec![None; thresholds],
            seen: [None; 3],
            reported: [false; 3],
            told: [false; 3],
            evicting: None,
        }
    }

    /// True if the kubelet has to look again whatever grows.
    fn is_uneasy(&self) -> bool {
        self.evicting.is_some() || self.met.iter().any(Option::is_some) || self.reported.contains(&true) || self.told != self.reported
    }

    /// A kubelet that starts anew knows nothing of what it saw.
    fn forget(&mut self) {
        self.met.fill(None);
        (self.seen, self.evicting) = ([None; 3], None);
    }
}

const PRESSURES: [Pressure; 3] = [Pressure::Memory, Pressure::Disk, Pressure::Pid];

const fn place(pressure: Pressure) -> usize {
    match pressure {
        Pressure::Memory => 0,
        Pressure::Disk => 1,
        Pressure::Pid => 2,
    }
}

/// What a signal shows of a node; `None` if it is not simulated there.
fn observe(world: &World<'_>, node: NodeId, signal: EvictionSignal) -> Option<Observation> {
    let capacity = &world.spec.pools[world.nodes.pool[node]].shape.capacity;
    match signal {
        EvictionSignal::MemoryAvailable | EvictionSignal::AllocatableMemoryAvailable => {
            let room = world.load.memory_room[node];
            let capacity = if signal == EvictionSignal::MemoryAvailable { capacity.memory.0 } else { room };
            Some(Observation { available: room.saturating_sub(world.memory_held(node)), capacity })
        }
        EvictionSignal::NodeFsAvailable | EvictionSignal::ImageFsAvailable => {
            let size = image_gc::disk_size(world, node)?;
            Some(Observation { available: size.saturating_sub(image_gc::disk_used(world, node)), capacity: size })
        }
        EvictionSignal::NodeFsInodesFree | EvictionSignal::ImageFsInodesFree | EvictionSignal::PidAvailable => None,
    }
}

/// When a threshold will be met as things are; [`SimTime::MAX`] if never.
fn met_at(world: &World<'_>, node: NodeId, threshold: &Threshold) -> SimTime {
    let Some(seen) = observe(world, node, threshold.signal) else { return SimTime::MAX };
    let line = match thresholds::condition(threshold.signal) {
        Pressure::Memory => &world.load.memory[node],
        Pressure::Disk | Pressure::Pid => &world.load.storage[node],
    };
    if seen.available < threshold.level.of(seen.capacity) {
        return world.now;
    }
    let spare = seen.available - threshold.level.of(seen.capacity);
    line.above(line.at(world.now) + spare, world.now)
}

impl Upkeep {
    /// Puts on the agenda when a node's kubelet has to look, and when its memory runs out.
    pub(super) fn foresee(&mut self, world: &mut World<'_>, node: NodeId) {
        let thresholds = &world.spec.kubelet.eviction.thresholds;
        let meets = thresholds.iter().map(|threshold| met_at(world, node, threshold)).min().unwrap_or(SimTime::MAX);
        let meets = meets.min(writes_too_much_at(world, node));
        let out = out_at(world, node);
        if world.load.storage[node].grows() {
            image_gc::watch(world, node);
        }
        if meets.min(out) > world.end {
            return;
        }
        let watch = self.watches.entry(node).or_insert_with(|| Watch::new(thresholds.len()));
        let look = Nodes::next_relist(node, world.spec.kubelet.eviction.period, meets);
        if meets <= world.end && look < watch.look_at && watch.evicting.is_none() {
            watch.look_at = look;
            world.at(look, Event::Look(node));
        }
        if out < watch.out_at {
            watch.out_at = out;
            world.at(out, Event::NodeOutOfMemory(node));
        }
    }

    /// Something fills a node's disk, or is gone again. A disk without a size cannot be full: it is only said to be.
    pub fn disk_filled(&mut self, world: &mut World<'_>, node: NodeId, on: bool) {
        if image_gc::disk_size(world, node).is_none() {
            return world.note(Note::NodePressure { node, pressure: Pressure::Disk, on });
        }
        image_gc::fill_disk(world, node, on);
        image_gc::watch(world, node);
        self.foresee(world, node);
    }

    /// A node's kubelet looks at what is left; one that is away does so when it is back.
    pub fn look(&mut self, world: &mut World<'_>, node: NodeId) {
        let Some(watch) = self.watches.get_mut(&node).filter(|watch| watch.look_at == world.now) else { return };
        watch.look_at = SimTime::MAX;
        if world.nodes.health[node].is_deaf() {
            return put_off(world, node, watch);
        }
        if let Some((pod, until)) = watch.evicting
            && world.now < until
            && world.pods.alive(pod).is_some_and(|pod| !world.pods[pod].state.is_terminal())
        {
            return look_in(world, node, watch, POLL);
        }
        watch.evicting = None;
        observe_all(world, node, watch);
        report(world, node, watch);
        if !evict_writers(world, node) {
            act(world, node, watch);
        }
        if watch.evicting.is_some() {
            look_in(world, node, watch, POLL);
        } else if watch.is_uneasy() {
            look_in(world, node, watch, world.spec.kubelet.eviction.period);
        } else {
            self.foresee(world, node);
        }
    }

    /// A node's memory runs out: the kernel kills until the rest fits.
    pub fn node_out_of_memory(&mut self, world: &mut World<'_>, node: NodeId) {
        let Some(watch) = self.watches.get_mut(&node).filter(|watch| watch.out_at == world.now) else { return };
        watch.out_at = SimTime::MAX;
        while world.memory_held(node) > world.load.memory_room[node] {
            let Some((pod, index)) = victim(world, node) else { return };
            world.record.usage.oom_by_node += 1;
            world.record.usage.oom_bystanders += u64::from(!leaks(world, pod));
            memory::kill(world, pod, index);
        }
        self.foresee(world, node);
    }
}

fn look_in(world: &mut World<'_>, node: NodeId, watch: &mut Watch, span: SimSpan) {
    watch.look_at = world.now + span;
    world.at(watch.look_at, Event::Look(node));
}

/// A kubelet that is away looks at its first tick once it is back; if it was gone itself, it begins anew.
fn put_off(world: &mut World<'_>, node: NodeId, watch: &mut Watch) {
    let health = &world.nodes.health[node];
    if health.power > 0 || health.kubelet > 0 {
        watch.forget();
    }
    let back = health.deaf_until.max(world.now + SimSpan::from_nanos(1));
    watch.look_at = Nodes::next_relist(node, world.spec.kubelet.eviction.period, back);
    world.at(watch.look_at, Event::Look(node));
}

/// Which thresholds are met, since when, and which pressures that means.
fn observe_all(world: &World<'_>, node: NodeId, watch: &mut Watch) {
    for (threshold, met) in world.spec.kubelet.eviction.thresholds.iter().zip(&mut watch.met) {
        let seen = observe(world, node, threshold.signal);
        if seen.is_some_and(|seen| thresholds::is_met(threshold, seen, met.is_some())) {
            met.get_or_insert(world.now);
            watch.seen[place(thresholds::condition(threshold.signal))] = Some(world.now);
        } else {
            *met = None;
        }
    }
}

/// Begins and ends pressure conditions; a node that is cut off tells of them later.
fn report(world: &mut World<'_>, node: NodeId, watch: &mut Watch) {
    for pressure in PRESSURES {
        let place = place(pressure);
        let on = thresholds::is_reported(watch.seen[place], world.now, world.spec.kubelet.eviction.pressure_transition);
        if std::mem::replace(&mut watch.reported[place], on) != on {
            count(world, node, pressure, on);
        }
        if watch.told[place] != on && world.nodes.health[node].cut == 0 {
            watch.told[place] = on;
            world.note(Note::NodePressure { node, pressure, on });
        }
    }
}

fn count(world: &mut World<'_>, node: NodeId, pressure: Pressure, on: bool) {
    let nodes = &mut world.record.usage.pressure[place(pressure)];
    if on {
        nodes.add(1, world.now);
    } else {
        nodes.sub(1, world.now);
    }
    world.tell_node(node, Happening::NodePressure(pressure, on));
}

/// Removes what nobody uses from a node's disk; true if no threshold is met any more then.
fn reclaims(world: &mut World<'_>, node: NodeId) -> bool {
    images::reclaim_all_unused(world, node);
    let calm = |threshold: &Threshold| observe(world, node, threshold.signal).is_none_or(|seen| !thresholds::is_met(threshold, seen, true));
    world.spec.kubelet.eviction.thresholds.iter().all(calm)
}

/// Under disk pressure, makes room on the node first. Then evicts one Pod for the threshold that goes first among those that act.
fn act(world: &mut World<'_>, node: NodeId, watch: &mut Watch) {
    let now = world.now;
    let eviction = &world.spec.kubelet.eviction;
    let acting = || {
        let both = eviction.thresholds.iter().zip(&watch.met);
        both.filter(|(threshold, met)| met.is_some_and(|since| thresholds::acts(threshold, since, now))).map(|(threshold, _)| threshold)
    };
    let Some(chosen) = thresholds::chosen(acting().map(|threshold| threshold.signal)) else { return };
    let Some(threshold) = acting().nth(chosen) else { return };
    let pressure = thresholds::condition(threshold.signal);
    if pressure == Pressure::Disk && reclaims(world, node) {
        return;
    }
    let candidates = evictable(world, node).map(|pod| (pod, candidate(world, pod, pressure)));
    let short = if pressure == Pressure::Memory { Short::Memory } else { Short::Disk };
    let Some(pod) = first(short, candidates) else { return };
    let grace = thresholds::pod_grace(threshold, world.template(pod).grace, eviction.max_pod_grace);
    world.record.usage.evictions[place(pressure)] += 1;
    if pressure == Pressure::Memory {
        let found = candidate(world, pod, pressure);
        world.record.usage.evicted_within_request += u64::from(found.usage.is_some_and(|usage| usage <= found.request));
        world.record.usage.evicted_bystanders += u64::from(!leaks(world, pod));
    }
    watch.evicting = Some((world.pod_ref(pod), now + POLL_MOST));
    evict(world, pod, grace);
}

fn evict(world: &mut World<'_>, pod: PodId, grace: SimSpan) {
    world.tell(pod, None, Happening::Evicted);
    kubelet::fail(world, pod, grace);
}

/// Pods of a node that have not ended.
fn present<'w>(world: &'w World<'_>, node: NodeId) -> impl Iterator<Item = PodId> + 'w {
    world.nodes.residents[node].iter().copied().filter(|pod| !world.pods[*pod].state.is_terminal())
}

/// Those of them that are not on their way out.
fn evictable<'w>(world: &'w World<'_>, node: NodeId) -> impl Iterator<Item = PodId> + 'w {
    present(world, node).filter(|pod| !world.pods[*pod].terminating)
}

/// True if a container of the Pod uses more memory with every second.
fn leaks(world: &World<'_>, pod: PodId) -> bool {
    (0..world.pods.containers_of(pod)).any(|index| world.pods.container(pod, index).leak > 0)
}

fn candidate(world: &World<'_>, pod: PodId, pressure: Pressure) -> Candidate {
    let template = world.template(pod);
    let running = (0..world.pods.containers_of(pod)).map(|index| world.pods.container(pod, index));
    let running = running.filter(|row| row.state == ContainerState::Running);
    let (request, usage) = match pressure {
        Pressure::Memory => (
            template.requests.memory.0.saturating_add_signed(world.resized_by(pod, false).1),
            running.map(|row| row.memory_at(world.now)).sum(),
        ),
        Pressure::Disk | Pressure::Pid => (template.requests.ephemeral_storage.0, running.map(|row| row.written_at(world.now)).sum()),
    };
    Candidate { priority: template.priority, request, usage: Some(usage), critical: template.is_critical() }
}

/// The container that a kernel without memory kills, be its Pod on its way out or not.
fn victim(world: &World<'_>, node: NodeId) -> Option<(PodId, u8)> {
    let total = world.spec.pools[world.nodes.pool[node]].shape.capacity.memory.0.max(world.load.memory_room[node]).max(1);
    let running = || {
        let containers = present(world, node).flat_map(|pod| (0..world.pods.containers_of(pod)).map(move |index| (pod, index)));
        containers.filter(|&(pod, index)| world.pods.container(pod, index).state == ContainerState::Running)
    };
    let score = |(pod, index): (PodId, u8)| {
        let adjust = oom_score::adjust(world.template(pod), usize::from(index), total);
        (world.pods.container(pod, index).memory_at(world.now), adjust)
    };
    running().nth(oom_score::victim(running().map(score), total)?)
}

/// When a node's memory runs out before its kubelet can do anything; [`SimTime::MAX`] if it does not.
fn out_at(world: &World<'_>, node: NodeId) -> SimTime {
    let (room, held, line) = (world.load.memory_room[node], world.memory_held(node), &world.load.memory[node]);
    if held > room { world.now } else { line.above(line.at(world.now) + (room - held), world.now) }
}

/// Limits of ephemeral storage of a Pod's containers, and of the Pod.
fn storage_limits<'s>(world: &World<'s>, pod: PodId) -> (impl Iterator<Item = (u8, u64)> + use<'s>, Option<u64>) {
    let template = world.template(pod);
    let containers = || (0..).zip(&template.containers);
    (containers().filter_map(|(index, about)| Some((index, about.ephemeral_limit?.0))), template.ephemeral_limit.map(|limit| limit.0))
}

/// When the first container of a node has written more than its limit allows.
fn writes_too_much_at(world: &World<'_>, node: NodeId) -> SimTime {
    if !world.load.writes_limited || !world.load.storage[node].grows() {
        return SimTime::MAX;
    }
    let over_at = |(pod, index, limit): (PodId, u8, u64)| {
        let row = world.pods.container(pod, index);
        let mut line = crate::cluster::Line::default();
        line.add(0, row.writes, row.started_at);
        if row.state == ContainerState::Running { line.above(limit, world.now) } else { SimTime::MAX }
    };
    let limited = evictable(world, node).flat_map(|pod| storage_limits(world, pod).0.map(move |(index, limit)| (pod, index, limit)));
    limited.map(over_at).min().unwrap_or(SimTime::MAX)
}

/// Evicts every Pod that has written more than its limits allow; true if there was any.
fn evict_writers(world: &mut World<'_>, node: NodeId) -> bool {
    if !world.load.writes_limited || !world.load.storage[node].grows() {
        return false;
    }
    let written = |pod, index| world.pods.container(pod, index).written_at(world.now);
    let over = |pod: &PodId| {
        let (mut containers, sum) = storage_limits(world, *pod);
        let all = (0..world.pods.containers_of(*pod)).map(|index| written(*pod, index)).sum::<u64>();
        containers.any(|(index, limit)| written(*pod, index) > limit) || sum.is_some_and(|limit| all > limit)
    };
    let writers: Vec<PodId> = evictable(world, node).filter(over).collect();
    for &pod in &writers {
        world.record.usage.storage_limit_evictions += 1;
        evict(world, pod, STORAGE_GRACE);
    }
    !writers.is_empty()
}
