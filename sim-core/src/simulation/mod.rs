//! The loop: pop, dispatch, take notes to whom they concern, record.

mod audit;
mod auditor;
mod equilibrium;
mod limiter;
mod outcome;
mod scheduling;

use crate::cluster::{Phase, PodState};
use crate::controllers::Controllers;
use crate::engine::EventList;
use crate::event::Event;
use crate::faults;
use crate::kubelet;
use crate::kubelet::usage::{Resized, Upkeep};
use crate::measure::{Batch, EngineCounts, Filter, Happening, Observer, Outcome, PodIdentity};
use crate::spec::{Spec, Warmup};
use crate::table::PodId;
use crate::traffic::Services;
use crate::units::SimTime;
use crate::world::{Allotment, Note, World};
use auditor::Auditor;
pub use auditor::{Stopped, Violation};
use scheduling::Scheduling;
use std::num::NonZeroU64;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Simulated time.
    pub now: SimTime,
    /// When the run ends.
    pub end: SimTime,
    /// Events handled.
    pub events: u64,
    /// Pods in phase Running.
    pub running: u64,
}

/// Events between two reports of progress.
const PROGRESS_EVERY: u64 = 1 << 16;
/// Entries that wait before a listener is given them.
const BATCH: usize = 1 << 12;

/// One replication of a scenario: a value that owns all its state.
#[derive(Clone, Debug)]
pub struct Simulation<'s> {
    world: World<'s>,
    scheduling: Scheduling,
    controllers: Controllers,
    services: Services,
    upkeep: Upkeep,
    counts: EngineCounts,
    replication: u32,
    opened: bool,
    auditor: Option<Auditor>,
}

impl<'s> Simulation<'s> {
    /// Replication `replication` of `spec`, at its start.
    pub fn new(spec: &'s Spec, replication: u32) -> Self {
        Self::with(spec, replication, None)
    }

    /// The same with somebody who listens to what any of `filters` lets through; see [`Simulation::run_heard`]. Nothing goes otherwise for it.
    pub fn observed(spec: &'s Spec, replication: u32, filters: Vec<Filter>) -> Self {
        Self::with(spec, replication, Some(Box::new(Observer::new(filters))))
    }

    fn with(spec: &'s Spec, replication: u32, observer: Option<Box<Observer>>) -> Self {
        let mut world = World::new(spec, spec.seed.replication(replication));
        world.observer = observer;
        let controllers = Controllers::new(&mut world);
        let (scheduling, services) = (Scheduling::new(spec), Services::new(&world));
        world.record.count_nodes(spec);
        let (upkeep, counts) = (Upkeep::default(), EngineCounts::default());
        let mut run = Self { world, scheduling, controllers, services, upkeep, counts, replication, opened: false, auditor: None };
        run.begin();
        run
    }

    fn begin(&mut self) {
        let seasoned = self.world.spec.warmup == Warmup::Equilibrium;
        self.controllers.begin(&mut self.world, seasoned);
        if seasoned {
            equilibrium::settle(&mut self.world, &mut self.scheduling, &mut self.controllers);
            self.open();
        } else {
            self.world.at(SimTime::ZERO + self.world.spec.warmup.span(), Event::WindowOpens);
        }
        faults::begin(&mut self.world);
        self.upkeep.begin(&mut self.world);
        self.deliver();
        let instances = self.controllers.instances.iter().map(|(id, instance)| (id, instance.workload));
        self.services.begin(&mut self.world, instances);
        self.world.at(self.world.now, Event::Sample);
    }

    /// Runs to the end, reporting how far it is every now and then; stops early when `keep_on` says no.
    pub fn run(self, keep_on: impl FnMut(Progress) -> bool) -> Option<Outcome> {
        self.run_heard(keep_on, |_| true)
    }

    /// Runs like [`Simulation::run`] and gives `hear` what happens, in time order and in batches; stops early when either says no.
    /// What was heard before an early stop is given, too.
    ///
    /// # Panics
    /// If an auditor was asked for and finds something; see [`Simulation::try_run`].
    pub fn run_heard(self, keep_on: impl FnMut(Progress) -> bool, hear: impl FnMut(&Batch<'_>) -> bool) -> Option<Outcome> {
        match self.try_run(keep_on, hear) {
            Ok(outcome) => Some(outcome),
            Err(Stopped::OnRequest) => None,
            Err(Stopped::Violation(found)) => panic!("{found}"),
        }
    }

    /// Has the run audited after every so many events and at its end; nothing goes otherwise for it.
    #[must_use]
    pub fn audited(self, every: NonZeroU64) -> Self {
        Self { auditor: Some(Auditor::new(every)), ..self }
    }

    /// Runs like [`Simulation::run_heard`] and says why it stopped early.
    ///
    /// # Errors
    /// If `keep_on` or `hear` said no, or the auditor found something that must not be.
    pub fn try_run(
        mut self,
        mut keep_on: impl FnMut(Progress) -> bool,
        mut hear: impl FnMut(&Batch<'_>) -> bool,
    ) -> Result<Outcome, Stopped> {
        loop {
            let more = self.step();
            let waiting = self.world.observer.as_ref().map_or(0, |observer| observer.waiting());
            let goes_on = !more || !self.counts.events.is_multiple_of(PROGRESS_EVERY) || keep_on(self.progress());
            if (waiting >= BATCH || !more || !goes_on) && !self.drain(&mut hear) || !goes_on {
                return Err(Stopped::OnRequest);
            }
            self.look(!more)?;
            if !more {
                return Ok(self.finish());
            }
        }
    }

    /// Lets the auditor look, if there is one and it is time.
    fn look(&mut self, over: bool) -> Result<(), Stopped> {
        let (events, at) = (self.counts.events, self.world.now);
        if !self.auditor.as_mut().is_some_and(|auditor| auditor.is_due(events, over)) {
            return Ok(());
        }
        self.counts.audits += 1;
        self.audit().map_err(|what| Stopped::Violation(Violation { replication: self.replication, events, at, what }))
    }

    /// Gives `hear` what was heard since the last time, and forgets it.
    pub fn drain(&mut self, hear: impl FnOnce(&Batch<'_>) -> bool) -> bool {
        self.world.observer.as_mut().is_none_or(|observer| observer.drain(hear))
    }

    /// Handles the next event; false at the end of the run.
    pub fn step(&mut self) -> bool {
        let Some((now, event)) = self.world.agenda.pop() else { return false };
        self.world.now = now;
        self.counts.events += 1;
        self.counts.pending_max = self.counts.pending_max.max(self.world.agenda.len() as u64);
        self.dispatch(event);
        self.deliver();
        true
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        let World { now, end, .. } = self.world;
        Progress { now, end, events: self.counts.events, running: self.world.record.pods.running.level() }
    }

    /// Resizes a container of a Pod in place, as if its user changed requests and limits now.
    pub fn resize(&mut self, pod: PodId, index: u8, new: Allotment) -> Resized {
        let what = self.upkeep.resize(&mut self.world, pod, index, new);
        self.deliver();
        what
    }

    /// Sets what a running container uses from now on: `cpu` microcores and `memory` bytes.
    pub fn set_use(&mut self, pod: PodId, index: u8, cpu: u64, memory: u64) {
        self.world.set_use(pod, index, cpu, memory);
        self.deliver();
    }

    /// What a running container whose run is work gets of the CPU that it wants, 0 to 1; `None` for others.
    pub fn speed(&self, pod: PodId, index: u8) -> Option<f64> {
        let row = self.world.pods.container(pod, index).work;
        (row != crate::cluster::Container::NONE).then(|| {
            let (grant, want) = self.world.works.speed(row);
            grant as f64 / want as f64
        })
    }

    /// Pods that their kubelets have given up and that still exist, in row order.
    pub fn evicted_pods(&self) -> Vec<PodId> {
        self.world.pods.iter().filter(|(_, pod)| pod.evicted).map(|(id, _)| id).collect()
    }

    /// The address of each Pod that has one, as a number, in row order.
    pub fn addresses(&self) -> Vec<(PodIdentity, u32)> {
        let held = self.world.pods.iter().filter(|(_, pod)| !pod.address_free);
        held.map(|(id, pod)| (self.world.identity(id), self.world.spec.network.address(pod.node, pod.address))).collect()
    }

    /// Checks the books against the world they describe.
    ///
    /// # Errors
    /// What does not hold, in words: something is overcommitted, owned twice, or lost.
    pub fn audit(&self) -> Result<(), String> {
        audit::audit(&self.world, &self.scheduling, &self.controllers, self.opened)?;
        self.services.audit(&self.world)
    }

    fn dispatch(&mut self, event: Event) {
        let world = &mut self.world;
        if kubelet::put_off(world, event) {
            return;
        }
        match event {
            Event::Arrival(workload) => self.controllers.arrival(world, workload),
            Event::Observed(pod) => self.scheduling.observed(world, pod),
            Event::Cycle { epoch } => self.scheduling.cycle(world, epoch),
            Event::Bound(pod) => self.bound(pod),
            Event::StepDone { pod, epoch } => {
                self.scheduling.noticed(world, pod);
                kubelet::step_done(world, pod, epoch);
            }
            Event::Sync { pod, epoch } => kubelet::due(world, pod, epoch),
            Event::Relist(pod) => kubelet::relist(world, pod),
            Event::PullOver(pull) => kubelet::images::over(world, pull),
            Event::Downloaded { epoch } => kubelet::images::downloaded(world, epoch),
            Event::ImageGc(node) => kubelet::images::collect(world, node),
            Event::Exited(container) => kubelet::exited(world, container),
            Event::StartupPassed(container) => kubelet::startup_passed(world, container),
            Event::Hung(container) => kubelet::hung(world, container),
            Event::HangSeen(container) => kubelet::hang_seen(world, container),
            Event::ProbeKill(container) => kubelet::probe_kill(world, container),
            Event::HangOver(container) => kubelet::hang_over(world, container),
            Event::Ready { pod, epoch } => kubelet::ready(world, pod, epoch),
            Event::Deadline(pod) => kubelet::deadline(world, pod),
            Event::Stopped(pod) => kubelet::stopped(world, pod),
            Event::Released(pod) => self.released(pod),
            Event::TornDown(pod) => kubelet::torn_down(world, pod),
            Event::Removed(pod) => {
                self.services.gone(world, pod);
                kubelet::removed(world, pod);
            }
            Event::LifetimeOver(pod) => delete_if_alive(world, pod),
            Event::GaveUp(pod) => scheduling::gave_up(world, pod),
            Event::Reconcile(instance) => self.controllers.reconcile(world, instance),
            Event::Release(instance) => self.controllers.release(world, instance),
            Event::Scale { instance, entry } => self.controllers.scale(world, instance, entry),
            Event::FaultBegins { fault, target, occasion } => faults::strike(world, fault, target, occasion),
            Event::FaultEnds { fault, target, next } => faults::end(world, fault, target, next),
            Event::NodeLate { node, beat } => self.controllers.nodes.late(world, node, beat),
            Event::NodeUnfit { node, beat } => self.controllers.nodes.unfit(world, node, beat),
            Event::NodeFound { node, beat } => self.controllers.nodes.found(world, node, beat),
            Event::TaintPass(zone) => self.controllers.nodes.pass(world, zone),
            Event::TaintEvicts { node, epoch, seconds } => self.controllers.nodes.evict(world, node, epoch, seconds),
            Event::NodeCollected { node, beat } => self.controllers.nodes.collected(world, node, beat),
            Event::TaintsSeen(node) => self.scheduling.taints_seen(world, node),
            Event::Endpoint(pod) => self.services.heard(world, pod),
            Event::Load { service, epoch } => self.services.due(world, service, epoch),
            Event::Minute => self.upkeep.minute(world),
            Event::UseChanges(container) => kubelet::usage::use_changes(world, container),
            Event::OutOfMemory(container) => kubelet::usage::out_of_memory(world, container),
            Event::Look(node) => self.upkeep.look(world, node),
            Event::NodeOutOfMemory(node) => self.upkeep.node_out_of_memory(world, node),
            Event::RetryResizes => self.upkeep.retry_resizes(world),
            Event::ResizeSeen(pod) => self.scheduling.resize_seen(world, pod),
            Event::Resize { entry, occasion } => self.upkeep.resize_all(world, entry, occasion),
            Event::Sample => self.sample(),
            Event::WindowOpens => self.open(),
        }
    }

    /// Takes notes to whom they concern, those that arise meanwhile included.
    fn deliver(&mut self) {
        while let Some(note) = self.world.notes.pop_front() {
            match note {
                Note::Created(pod) => scheduling::created(&mut self.world, pod),
                Note::Delete(pod) => {
                    self.world.tell_owner(pod, Happening::PodDeleted);
                    kubelet::delete(&mut self.world, pod);
                }
                Note::Ended { pod, .. } => {
                    self.upkeep.left(&mut self.world, pod);
                    self.ended(pod);
                }
                Note::Resized(pod) => scheduling::resized(&mut self.world, pod),
                Note::Deleting(pod) => {
                    self.scheduling.deleting(&self.world, pod);
                    self.services.readiness(&mut self.world, pod);
                }
                Note::Ready(pod) | Note::Unready(pod) => self.services.readiness(&mut self.world, pod),
                Note::Process(pod) => self.services.process(&mut self.world, pod),
                Note::Load(node) => self.upkeep.load_changed(&mut self.world, node),
                Note::DiskFilled(node, on) => self.upkeep.disk_filled(&mut self.world, node, on),
                Note::NodeDown(node) => kubelet::node_down(&mut self.world, node),
                Note::NodeBack(node) => kubelet::node_back(&mut self.world, node),
                Note::Collected(pod) => kubelet::collected(&mut self.world, pod),
                Note::Registry { fault, on } => kubelet::registry_fault(&mut self.world, fault, on),
                Note::Struck { container, fault } => kubelet::struck(&mut self.world, container, fault),
                Note::Tainted(node) => scheduling::tainted(&mut self.world, node),
                Note::Started(pod) => kubelet::made_good(&mut self.world, pod),
                Note::NodeSilent(_) | Note::NodeHeard(_) | Note::NodeRuntime(..) | Note::NodePressure { .. } | Note::Restarted(_) => {}
            }
            self.controllers.take(&mut self.world, note);
        }
    }

    /// A binding is written. Its node may have a `NoExecute` taint by now.
    fn bound(&mut self, pod: crate::cluster::PodRef) {
        kubelet::bound(&mut self.world, pod);
        if let Some(pod) = self.world.pods.alive(pod) {
            self.controllers.nodes.expect_eviction(&mut self.world, pod);
        }
    }

    /// A Pod has ended: the scheduler sees it a watch later, or drops it from its queue if it never had a node.
    fn ended(&mut self, pod: PodId) {
        let world = &mut self.world;
        if world.pods[pod].assigned {
            let law = &world.spec.control_plane.watch;
            let watch = world.draw(law, crate::engine::random::Purpose::Watch, world.pods[pod].entity, 3);
            return world.after(watch, Event::Released(world.pod_ref(pod)));
        }
        self.scheduling.withdraw(world, pod);
        world.at(world.now, Event::Removed(world.pod_ref(pod)));
    }

    fn released(&mut self, pod: crate::cluster::PodRef) {
        if let Some(pod) = self.world.alive(pod) {
            self.scheduling.release(&mut self.world, pod);
            kubelet::released(&mut self.world, pod);
        }
    }

    /// The window of measurement opens.
    fn open(&mut self) {
        let now = self.world.now;
        self.world.record.open(now);
        self.scheduling.open(now);
        self.services.open(&self.world);
        self.opened = true;
        let ids: Vec<PodId> = self.world.pods.iter().map(|(id, _)| id).collect();
        for id in ids {
            self.world.pods[id].restarted = false;
        }
    }

    fn sample(&mut self) {
        let sample = outcome::sample(&self.world, &self.scheduling);
        self.world.record.series.push(sample);
        self.world.after(self.world.spec.series_step, Event::Sample);
    }

    fn finish(mut self) -> Outcome {
        self.world.now = self.world.end;
        let now = self.world.now;
        let alive: Vec<PodId> = self.world.pods.iter().map(|(id, _)| id).collect();
        for id in alive {
            let row = self.world.pods[id].clone();
            let weights = self.world.weights(id);
            if !row.state.is_terminal() {
                self.world.record.pod_lives_on(row.state, row.born, now);
            }
            if row.assigned && !row.released {
                self.world.record.count_request_again(&weights, row.assigned_at, now);
            }
        }
        let traffic = self.services.finish(&self.world);
        outcome::outcome(self.world, &self.scheduling, traffic, self.counts, self.replication)
    }
}

fn delete_if_alive(world: &mut World<'_>, pod: crate::cluster::PodRef) {
    if let Some(pod) = world.alive(pod) {
        kubelet::delete(world, pod);
    }
}

/// True for a Pod in phase Running.
fn runs(state: PodState) -> bool {
    state.phase() == Phase::Running
}
