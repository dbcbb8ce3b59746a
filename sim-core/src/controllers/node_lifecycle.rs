//! The node lifecycle controller, the taint eviction controller, and the part of Pod garbage collection that nodes need.
//!
//! Nothing is polled. When a node falls silent, the instant at which the controller will miss it follows from the phase of its lease,
//! from when the last renewal was seen, and from the grace period; when it is heard before, that event is void. A node that is not
//! ready gets its `NoSchedule` taint at once. Its `NoExecute` taint waits in its zone's queue, out of which nodes are taken at the
//! zone's rate; the first of a zone goes at once. Pods are deleted when their toleration of it ends.
//!
//! Source: `pkg/controller/{nodelifecycle,tainteviction,podgc}` of Kubernetes v1.34.

use std::collections::VecDeque;

use super::Controllers;
use crate::cluster::{NodeReady, NodeTaints};
use crate::engine::random::{Purpose, entity_of};
use crate::event::Event;
use crate::measure::{Happening, Pressure};
use crate::spec::{TaintEffect, Toleration};
use crate::table::{Id, NodeId, PodId, Table};
use crate::units::{SimSpan, SimTime};
use crate::world::{Note, World};

/// Period of a lease's renewal; each takes up to [`LEASE_JITTER`] of it longer.
const LEASE_PERIOD: f64 = 10.0;
/// Part of its period by which a renewal may come later.
const LEASE_JITTER: f64 = 0.04;
/// Zones' queues are looked at this often.
const PASS_PERIOD: SimSpan = SimSpan::from_millis(100);
/// The Pod garbage collector's period.
const COLLECTION_PERIOD: SimSpan = SimSpan::from_secs(20);
/// A node must be gone for so long before its Pods are collected.
const QUARANTINE: SimSpan = SimSpan::from_secs(40);
/// A kubelet whose runtime does not answer for so long says that its node is not ready (relist threshold).
const RUNTIME_PATIENCE: SimSpan = SimSpan::from_secs(180);
/// A zone is in partial disruption only if more nodes than this are not ready.
const FEW: u32 = 2;

/// How much of a zone is not ready.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ZoneState {
    Normal,
    Partial,
    Full,
}

/// The state of a zone with `not_ready` of its `nodes` not ready.
fn zone_state(nodes: u32, not_ready: u32, unhealthy_share: f64) -> ZoneState {
    match not_ready {
        0 => ZoneState::Normal,
        all if all == nodes => ZoneState::Full,
        many if many > FEW && f64::from(many) / f64::from(nodes) >= unhealthy_share => ZoneState::Partial,
        _ => ZoneState::Normal,
    }
}

/// A zone and its queue of nodes that are to be given their `NoExecute` taint.
#[derive(Clone, Debug)]
struct Zone {
    nodes: u32,
    not_ready: u32,
    queue: VecDeque<NodeId>,
    /// When the rate allows the next.
    next: SimTime,
    /// When a pass is on the agenda; passes at other times are void.
    pass: Option<SimTime>,
}

/// What the controller keeps of a node.
#[derive(Clone, Debug, Default)]
struct Watched {
    zone: u32,
    /// Grows when the node falls silent or is heard.
    beat: u32,
    /// Grows when the `NoExecute` taint comes or goes.
    epoch: u32,
    /// True while it waits in its zone's queue.
    queued: bool,
    /// Since when it has its `NoExecute` taint.
    evicting: Option<SimTime>,
}

/// The controllers of nodes.
#[derive(Clone, Debug)]
pub struct NodeControllers {
    nodes: Table<NodeId, Watched>,
    zones: Vec<Zone>,
    /// True while no zone has a node that is ready: nothing is evicted.
    blackout: bool,
    /// The monitor's first look.
    phase: SimSpan,
}

impl NodeControllers {
    /// Controllers that find all nodes ready.
    pub fn new(world: &mut World<'_>) -> Self {
        let without = world.spec.zones.len();
        let mut zones = vec![Zone { nodes: 0, not_ready: 0, queue: VecDeque::new(), next: SimTime::ZERO, pass: None }; without + 1];
        let zone_of = |node: NodeId| world.nodes.zone[node].map_or(without, Id::index);
        let nodes: Table<NodeId, Watched> =
            world.nodes.pool.ids().map(|node| Watched { zone: zone_of(node) as u32, ..Watched::default() }).collect();
        nodes.rows().iter().for_each(|node| zones[node.zone as usize].nodes += 1);
        let period = world.spec.node_lifecycle.monitor_period.as_secs_f64();
        let phase = world.stream(Purpose::NodeMonitor, 0, 0).unit() * period;
        Self { nodes, zones, blackout: false, phase: SimSpan::from_secs_f64(phase) }
    }

    /// The monitor's first look at or after `time`.
    fn look(&self, world: &World<'_>, time: SimTime) -> SimTime {
        next_multiple(time, world.spec.node_lifecycle.monitor_period, self.phase)
    }

    /// Nothing is heard of a node from now on.
    pub fn silent(&mut self, world: &mut World<'_>, node: NodeId) {
        let beat = self.beat(node);
        let late = self.missed_at(world, node, beat);
        world.at(late, Event::NodeLate { node, beat });
    }

    fn beat(&mut self, node: NodeId) -> u32 {
        self.nodes[node].beat += 1;
        self.nodes[node].beat
    }

    /// When the monitor misses a node that falls silent now. Looks come a little more than their period apart, so that the one a whole
    /// grace period after a renewal was seen finds it over.
    fn missed_at(&self, world: &mut World<'_>, node: NodeId, beat: u32) -> SimTime {
        let mut stream = world.stream(Purpose::NodeMonitor, entity_of(&[u64::from(node.0)]), u64::from(beat));
        let gap = LEASE_PERIOD * (1.0 + LEASE_JITTER * stream.unit());
        let since = SimSpan::from_secs_f64(gap * stream.unit());
        // Before the run's beginning counts as its beginning.
        let renewed = SimTime::from_nanos(world.now.as_nanos().saturating_sub(since.as_nanos()));
        let seen = self.look(world, renewed);
        self.look(world, (seen + world.spec.node_lifecycle.grace).max(world.now))
    }

    /// Nothing was heard of a node for the grace period.
    pub fn late(&mut self, world: &mut World<'_>, node: NodeId, beat: u32) {
        if self.nodes[node].beat != beat {
            world.stale += 1;
            return;
        }
        let silent = world.now.since(world.nodes.health[node].silent_since);
        world.record.nodes.detection.record(silent);
        self.set_ready(world, node, NodeReady::Unknown);
        if world.nodes.health[node].lost {
            self.gone(world, node, beat);
        }
    }

    /// The machine of a node is gone for good, which its cloud confirms at the monitor's next look: the node's object is deleted.
    fn gone(&self, world: &mut World<'_>, node: NodeId, beat: u32) {
        let removed = self.look(world, world.now + SimSpan::from_nanos(1));
        let found = next_multiple(removed, COLLECTION_PERIOD, self.phase);
        let collected = next_multiple(found + QUARANTINE, COLLECTION_PERIOD, self.phase);
        world.at(collected, Event::NodeCollected { node, beat });
    }

    /// The garbage collector takes the Pods of a node that is gone.
    pub fn collected(&self, world: &mut World<'_>, node: NodeId, beat: u32) {
        if self.nodes[node].beat != beat {
            world.stale += 1;
            return;
        }
        for pod in world.nodes.residents[node].clone() {
            world.note(Note::Collected(pod));
        }
    }

    /// A node is heard again: its kubelet says that it is ready.
    pub fn heard(&mut self, world: &mut World<'_>, node: NodeId) {
        let beat = self.beat(node);
        if world.nodes.health[node].runtime > 0 {
            // Its kubelet has just told that it has no runtime, unless nobody had missed the node.
            if world.nodes.health[node].ready == NodeReady::Unknown {
                self.set_ready(world, node, NodeReady::False);
            }
            return self.expect_unfit(world, node, beat);
        }
        self.set_ready(world, node, NodeReady::True);
        if self.nodes[node].evicting.is_some() || self.nodes[node].queued {
            world.at(self.look(world, world.now), Event::NodeFound { node, beat });
        }
    }

    /// A node's runtime is away, or back.
    pub fn runtime(&mut self, world: &mut World<'_>, node: NodeId, away: bool) {
        if world.nodes.health[node].is_silent() {
            return;
        }
        if away {
            let beat = self.beat(node);
            self.expect_unfit(world, node, beat);
        } else {
            self.heard(world, node);
        }
    }

    fn expect_unfit(&self, world: &mut World<'_>, node: NodeId, beat: u32) {
        world.after(RUNTIME_PATIENCE, Event::NodeUnfit { node, beat });
    }

    /// A node's kubelet says that its node is not ready.
    pub fn unfit(&mut self, world: &mut World<'_>, node: NodeId, beat: u32) {
        if self.nodes[node].beat == beat {
            self.set_ready(world, node, NodeReady::False);
        } else {
            world.stale += 1;
        }
    }

    /// The monitor finds a node ready that was not.
    pub fn found(&mut self, world: &mut World<'_>, node: NodeId, beat: u32) {
        if self.nodes[node].beat == beat {
            self.forgive(world, node);
        } else {
            world.stale += 1;
        }
    }

    /// Takes a node's `NoExecute` taint away, or its place in the queue.
    fn forgive(&mut self, world: &mut World<'_>, node: NodeId) {
        let row = &mut self.nodes[node];
        row.queued = false;
        if row.evicting.take().is_some() {
            row.epoch += 1;
            retaint(world, node, false);
        }
    }

    /// The `Ready` condition of a node changes; taints and its Pods' readiness follow.
    fn set_ready(&mut self, world: &mut World<'_>, node: NodeId, to: NodeReady) {
        let from = std::mem::replace(&mut world.nodes.health[node].ready, to);
        if from == to {
            return;
        }
        let zone = &mut self.zones[self.nodes[node].zone as usize];
        match (from, to) {
            (NodeReady::True, _) => {
                zone.not_ready += 1;
                world.record.nodes.ready.sub(1, world.now);
                unready_pods(world, node);
            }
            (_, NodeReady::True) => {
                zone.not_ready -= 1;
                world.record.nodes.ready.add(1, world.now);
            }
            _ => {}
        }
        world.tell_node(node, Happening::NodeReady(to == NodeReady::True));
        retaint(world, node, self.nodes[node].evicting.is_some() && to != NodeReady::True);
        if self.nodes[node].evicting.is_some() && to == NodeReady::True {
            // The monitor takes the NoExecute taint away at its next look.
            keep_evicting(world, node, from);
        }
        if to != NodeReady::True {
            self.enqueue(world, node);
        }
        self.see_to_zones(world, self.nodes[node].zone);
    }

    fn enqueue(&mut self, world: &mut World<'_>, node: NodeId) {
        let row = &mut self.nodes[node];
        if row.evicting.is_some() || self.blackout || std::mem::replace(&mut row.queued, true) {
            return;
        }
        let zone = row.zone;
        self.zones[zone as usize].queue.push_back(node);
        self.expect_pass(world, zone);
    }

    /// Nodes of a zone that are given their `NoExecute` taint, a second.
    fn rate(&self, world: &World<'_>, zone: u32) -> f64 {
        let (about, Zone { nodes, not_ready, .. }) = (&world.spec.node_lifecycle, &self.zones[zone as usize]);
        match zone_state(*nodes, *not_ready, about.unhealthy_share) {
            ZoneState::Normal | ZoneState::Full => about.eviction_rate,
            ZoneState::Partial if *nodes > about.large_zone => about.secondary_rate,
            ZoneState::Partial => 0.0,
        }
    }

    /// Puts a zone's next pass on the agenda, if it has something to do and may.
    fn expect_pass(&mut self, world: &mut World<'_>, zone: u32) {
        if self.blackout || self.rate(world, zone) <= 0.0 || self.zones[zone as usize].queue.is_empty() {
            return;
        }
        let row = &mut self.zones[zone as usize];
        let at = next_multiple(row.next.max(world.now + SimSpan::from_nanos(1)), PASS_PERIOD, SimSpan::ZERO);
        if row.pass != Some(at) {
            row.pass = Some(at);
            world.at(at, Event::TaintPass(zone));
        }
    }

    /// The next node of a zone's queue is given its `NoExecute` taint.
    pub fn pass(&mut self, world: &mut World<'_>, zone: u32) {
        if self.zones[zone as usize].pass != Some(world.now) {
            world.stale += 1;
            return;
        }
        self.zones[zone as usize].pass = None;
        let rate = self.rate(world, zone);
        if self.blackout || rate <= 0.0 {
            return;
        }
        while let Some(node) = self.zones[zone as usize].queue.pop_front() {
            if std::mem::take(&mut self.nodes[node].queued) {
                self.begin_evicting(world, node);
                self.zones[zone as usize].next = world.now + SimSpan::from_secs_f64(1.0 / rate);
                break;
            }
        }
        self.expect_pass(world, zone);
    }

    fn begin_evicting(&mut self, world: &mut World<'_>, node: NodeId) {
        let row = &mut self.nodes[node];
        row.evicting = Some(world.now);
        row.epoch += 1;
        retaint(world, node, true);
        for pod in world.nodes.residents[node].clone() {
            self.expect_eviction(world, pod);
        }
    }

    /// A Pod is on a node that may have a `NoExecute` taint: puts the end of its toleration on the agenda.
    pub fn expect_eviction(&self, world: &mut World<'_>, pod: PodId) {
        let row = &world.pods[pod];
        let node = row.node;
        let Some(since) = self.nodes[node].evicting.filter(|_| !row.terminating && !row.state.is_terminal()) else { return };
        let Some(seconds) = patience(world, pod) else { return };
        let due = since.max(row.assigned_at) + SimSpan::from_secs(u64::from(seconds));
        world.at(due.max(world.now), Event::TaintEvicts { node, epoch: self.nodes[node].epoch, seconds });
    }

    /// The toleration of so many seconds of a node's `NoExecute` taint is over: Pods with no more patience are deleted.
    pub fn evict(&self, world: &mut World<'_>, node: NodeId, epoch: u32, seconds: u32) {
        let row = &self.nodes[node];
        let Some(since) = row.evicting.filter(|_| row.epoch == epoch) else {
            world.stale += 1;
            return;
        };
        for pod in world.nodes.residents[node].clone() {
            let row = &world.pods[pod];
            let due = since.max(row.assigned_at) + SimSpan::from_secs(u64::from(seconds));
            let over = !row.terminating && !row.state.is_terminal() && due <= world.now;
            if over && patience(world, pod) == Some(seconds) {
                world.record.nodes.evicted += 1;
                world.tell(pod, None, Happening::TaintEviction);
                world.note(Note::Delete(pod));
            }
        }
    }

    /// A node's pressure condition began or ended: its taint comes or goes.
    pub fn pressure(world: &mut World<'_>, node: NodeId, pressure: Pressure, on: bool) {
        let taint = match pressure {
            Pressure::Memory => NodeTaints::MEMORY_PRESSURE,
            Pressure::Disk => NodeTaints::DISK_PRESSURE,
            Pressure::Pid => NodeTaints::PID_PRESSURE,
        };
        world.nodes.health[node].taints.set(taint, on);
        world.note(Note::Tainted(node));
    }

    /// A zone has a node more or less that is ready.
    fn see_to_zones(&mut self, world: &mut World<'_>, zone: u32) {
        let mut with_nodes = self.zones.iter().filter(|zone| zone.nodes > 0);
        let blackout = with_nodes.all(|zone| zone.not_ready == zone.nodes);
        match (std::mem::replace(&mut self.blackout, blackout), blackout) {
            (false, true) => self.nodes.ids().for_each(|node| self.forgive(world, node)),
            (true, false) => self.resume(world),
            _ => {}
        }
        self.expect_pass(world, zone);
    }

    /// The first node is ready again: those that are not are queued anew, and health timers start again.
    fn resume(&mut self, world: &mut World<'_>) {
        self.zones.iter_mut().for_each(|zone| zone.next = world.now);
        for node in self.nodes.ids() {
            let health = world.nodes.health[node];
            if health.ready != NodeReady::True {
                self.enqueue(world, node);
            } else if health.is_silent() {
                let beat = self.beat(node);
                let late = self.look(world, world.now + world.spec.node_lifecycle.grace);
                world.at(late, Event::NodeLate { node, beat });
            }
        }
    }
}

/// The first instant at or after `time` that is `phase` after a multiple of `period`.
fn next_multiple(time: SimTime, period: SimSpan, phase: SimSpan) -> SimTime {
    let (time, period, phase) = (time.as_nanos(), period.as_nanos().max(1), phase.as_nanos());
    SimTime::from_nanos(phase + time.saturating_sub(phase).div_ceil(period) * period)
}

/// Nobody vouches for the Pods of a node that is not ready.
fn unready_pods(world: &mut World<'_>, node: NodeId) {
    for pod in world.nodes.residents[node].clone() {
        world.set_ready(pod, false);
    }
}

/// Sets the taints of a node's `Ready` condition, that with effect `NoExecute` only if asked to.
fn retaint(world: &mut World<'_>, node: NodeId, evicting: bool) {
    let health = &mut world.nodes.health[node];
    let (unknown, not) = (health.ready == NodeReady::Unknown, health.ready == NodeReady::False);
    health.taints.set(NodeTaints::UNREACHABLE, unknown);
    health.taints.set(NodeTaints::NOT_READY, not);
    health.taints.set(NodeTaints::UNREACHABLE_EVICTS, unknown && evicting);
    health.taints.set(NodeTaints::NOT_READY_EVICTS, not && evicting);
    world.note(Note::Tainted(node));
}

/// A node that is ready again keeps its `NoExecute` taint for the moment.
fn keep_evicting(world: &mut World<'_>, node: NodeId, was: NodeReady) {
    let taint = if was == NodeReady::Unknown { NodeTaints::UNREACHABLE_EVICTS } else { NodeTaints::NOT_READY_EVICTS };
    world.nodes.health[node].taints.set(taint, true);
}

/// Seconds for which a Pod tolerates its node's `NoExecute` taint; `None` for ever.
fn patience(world: &World<'_>, pod: PodId) -> Option<u32> {
    let taints = world.nodes.health[world.pods[pod].node].taints;
    let key = if taints.has(NodeTaints::NOT_READY_EVICTS) { NodeTaints::NOT_READY_KEY } else { NodeTaints::UNREACHABLE_KEY };
    let symbols = &world.spec.symbols;
    let (key, empty) = (symbols.find(key), symbols.find(""));
    let covers = |toleration: &&Toleration| {
        toleration.effect.is_none_or(|effect| effect == TaintEffect::NoExecute)
            && toleration.key.is_none_or(|wanted| Some(wanted) == key)
            && toleration.value.is_none_or(|value| Some(value) == empty)
    };
    let first = world.template(pod).placement.tolerations.iter().find(covers);
    let default = world.spec.node_lifecycle.toleration.as_secs_f64() as u32;
    first.map_or(Some(default), |toleration| toleration.seconds.map(|seconds| u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)))
}

impl Controllers {
    /// Takes a note about a node to its controllers.
    pub(super) fn take_of_node(&mut self, world: &mut World<'_>, note: Note) {
        match note {
            Note::NodeSilent(node) => self.nodes.silent(world, node),
            Note::NodeHeard(node) => self.nodes.heard(world, node),
            Note::NodeRuntime(node, away) => self.nodes.runtime(world, node, away),
            Note::NodePressure { node, pressure, on } => NodeControllers::pressure(world, node, pressure, on),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_s_state_follows_from_how_many_nodes_are_not_ready() {
        use ZoneState::{Full, Normal, Partial};
        #[rustfmt::skip]
        let table = [
            (10, 0, Normal), (10, 5, Normal), (10, 6, Partial), (10, 10, Full),
            (3, 2, Normal),  (3, 3, Full),    (1, 1, Full),      (50, 30, Partial),
            (1000, 100, Normal), (1000, 550, Partial), (20, 11, Partial), (20, 10, Normal),
        ];
        for (nodes, not_ready, want) in table {
            assert_eq!(zone_state(nodes, not_ready, 0.55), want, "{not_ready} of {nodes}");
        }
    }

    #[test]
    fn looks_come_at_multiples_of_their_period_after_the_first() {
        let (period, phase) = (SimSpan::from_secs(5), SimSpan::from_secs(2));
        let at = |secs| SimTime::ZERO + SimSpan::from_secs(secs);
        for (time, want) in [(0, 2), (2, 2), (3, 7), (7, 7), (52, 52), (53, 57)] {
            assert_eq!(next_multiple(at(time), period, phase), at(want), "{time} s");
        }
    }
}
