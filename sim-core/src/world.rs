//! The world that rooms of the simulator read and change: clock, agenda, cluster, recorder; and the notes they leave for each other.
//!
//! A room (scheduler, kubelet, controllers) never calls another. It changes the world, puts events on the agenda, and leaves a
//! [`Note`]; the loop of [`crate::simulation`] takes notes to whom they concern.

use crate::cluster::{
    ContainerState, Course, ExitReason, ImageKey, Load, NodeReady, Nodes, Phase, Pod, PodRef, PodState, Pods, RegistryState, Signal, Step,
    Troubles,
};
use crate::engine::random::{Purpose, Seed, Stream, entity_of};
use crate::engine::{EventList, RadixWheel};
use crate::event::{ContainerRef, Event};
use crate::measure::{About, Entry, Happening, Observer, PodIdentity, Pressure, Recorder, Weights};
use crate::spec::{ContainerKind, ContainerSpec, Controller, Distribution, PodTemplate, Role, Shape, Spec};
use crate::table::{NodeId, PodId, Table, TemplateId};
use crate::units::{SimSpan, SimTime};
use std::collections::BTreeMap;

mod using;
mod work;

pub use using::Allotment;
pub use work::Works;

/// What one room leaves for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Note {
    /// To the scheduler's side: a Pod was created.
    Created(PodId),
    /// To the kubelet: delete this Pod.
    Delete(PodId),
    /// To the controllers: a Pod became Ready.
    Ready(PodId),
    /// To the controllers: a Pod is Ready no more.
    Unready(PodId),
    /// To the controllers: a Pod's deletion has begun.
    Deleting(PodId),
    /// To the traffic: a process of a Pod that serves requests has started, ended, hung or recovered.
    Process(PodId),
    /// To the controllers: a container of a Pod was restarted.
    Restarted(PodId),
    /// To the controllers and the scheduler: a Pod has ended, well or badly.
    Ended {
        /// The Pod.
        pod: PodId,
        /// True if it succeeded.
        well: bool,
    },
    /// To the kubelet: a node's containers may want more than it has.
    Load(NodeId),
    /// To the scheduler: what a Pod on a node requests, or asks for, has changed.
    Resized(PodId),
    /// To the controllers: a Pod's containers have all started for the first time.
    Started(PodId),
    /// To the kubelet: a node has lost power.
    NodeDown(NodeId),
    /// To the kubelet: a node has power, kubelet, runtime and the control plane again.
    NodeBack(NodeId),
    /// To the controllers: nothing is heard of a node any more.
    NodeSilent(NodeId),
    /// To the controllers: a node is heard again.
    NodeHeard(NodeId),
    /// To the controllers: a node's container runtime is away (true) or back.
    NodeRuntime(NodeId, bool),
    /// To the controllers: a node's pressure condition began or ended.
    NodePressure {
        /// The node.
        node: NodeId,
        /// The condition.
        pressure: Pressure,
        /// True if it began.
        on: bool,
    },
    /// To the kubelet: something that no Pod wrote fills a node's disk (true), or is gone again.
    DiskFilled(NodeId, bool),
    /// To the scheduler: a node's taints for its conditions changed.
    Tainted(NodeId),
    /// To the kubelet's books: the object of a Pod on a node that is gone was deleted by force.
    Collected(PodId),
    /// To the kubelet: a fault of the registry, by its place in the list, begins or is over.
    Registry {
        /// The fault.
        fault: u16,
        /// True if it begins.
        on: bool,
    },
    /// To the kubelet: a fault of the scenario, by its place in the list, befalls a container.
    Struck {
        /// The container.
        container: ContainerRef,
        /// The fault.
        fault: u16,
    },
}

/// What a template's Pods weigh in the measures, and the shapes of their containers' use.
#[derive(Clone, Debug)]
pub struct TemplateFacts {
    /// Weights in the measures.
    pub weights: Weights,
    /// The course of each container's CPU use, by place in [`World::load`].
    pub shapes: Vec<usize>,
    /// True if its Pods serve requests.
    pub serves: bool,
}

/// Clock, agenda, cluster and recorder of one run.
#[derive(Clone, Debug)]
pub struct World<'s> {
    /// What is given.
    pub spec: &'s Spec,
    /// The replication's seed.
    pub seed: Seed,
    /// Simulated time.
    pub now: SimTime,
    /// The end of the run: what would happen later is not put on the agenda.
    pub end: SimTime,
    /// Events to come.
    pub agenda: RadixWheel<Event>,
    /// What some Pod waits for, due only after the end of the run: for the auditor. Few events of a run are.
    pub beyond: Vec<Event>,
    /// Nodes.
    pub nodes: Nodes,
    /// Pods.
    pub pods: Pods,
    /// Sums.
    pub record: Recorder,
    /// Who listens to what happens, if anybody does.
    pub observer: Option<Box<Observer>>,
    /// What containers want and hold, node by node.
    pub load: Load,
    /// Runs that are work.
    pub works: Works,
    /// Levels (CPU, memory) of containers whose use goes with their age, before phases.
    pub bases: BTreeMap<(PodId, u8), (u64, u64)>,
    /// Requests and limits of containers that were resized.
    pub resized: BTreeMap<(PodId, u8), Allotment>,
    /// Requests and limits that are asked for containers and not in force yet.
    pub asked: BTreeMap<(PodId, u8), Allotment>,
    /// Facts of each template.
    pub facts: Table<TemplateId, TemplateFacts>,
    /// Notes that nobody has read yet, oldest first.
    pub notes: std::collections::VecDeque<Note>,
    /// Troubles of the registry and of starting containers.
    pub troubles: Troubles,
    /// Random streams opened.
    pub streams: u64,
    /// Events that came too late for what they were about.
    pub stale: u64,
    /// The image registry and the pulls that go on.
    pub registry: RegistryState,
}

impl<'s> World<'s> {
    /// The world of one replication before anything runs.
    pub fn new(spec: &'s Spec, seed: Seed) -> Self {
        let mut courses = Vec::new();
        let mut facts: Table<TemplateId, TemplateFacts> =
            spec.templates.rows().iter().map(|template| facts_of(template, &mut courses)).collect();
        let shapes: Vec<Shape> = courses.iter().flat_map(|course| vec![course.shape; usize::from(course.lanes())]).collect();
        for destination in spec.traffic.iter().flat_map(|traffic| &traffic.to) {
            facts[spec.workloads[destination.workload].template].serves = true;
        }
        Self {
            spec,
            seed,
            now: SimTime::ZERO,
            end: spec.end(),
            agenda: RadixWheel::default(),
            beyond: Vec::new(),
            nodes: Nodes::new(spec),
            pods: Pods::default(),
            record: Recorder::new(&shapes),
            observer: None,
            load: Load::new(spec, courses),
            works: Works::default(),
            bases: BTreeMap::new(),
            resized: BTreeMap::new(),
            asked: BTreeMap::new(),
            facts,
            notes: std::collections::VecDeque::new(),
            troubles: Troubles::default(),
            streams: 0,
            stale: 0,
            registry: RegistryState::new(spec),
        }
    }

    /// Puts `event` on the agenda, `span` from now. What lies beyond the end of the run never happens and is not kept.
    pub fn after(&mut self, span: SimSpan, event: Event) {
        self.at(self.now + span, event);
    }

    /// Puts `event` on the agenda.
    pub fn at(&mut self, time: SimTime, event: Event) {
        if time <= self.end {
            self.agenda.push(time, event);
        } else if event.is_waited_for() {
            self.beyond.push(event);
        }
    }

    /// Tells of something that happened to a Pod, or to one of its containers, to whoever listens; nobody does unless asked to.
    #[inline]
    pub fn tell(&mut self, pod: PodId, container: Option<u8>, what: Happening) {
        if self.observer.is_some() {
            self.tell_listener(pod, container, what);
        }
    }

    /// Tells of something that happened to a node.
    #[inline]
    pub fn tell_node(&mut self, node: NodeId, what: Happening) {
        if let Some(observer) = &mut self.observer {
            observer.hear(Entry { at: self.now, about: About::Node(node), node: Some(node), container: None, what });
        }
    }

    /// Tells of something that the controller of a Pod did with it; nobody controls bare Pods.
    #[inline]
    pub fn tell_owner(&mut self, pod: PodId, what: Happening) {
        if self.observer.is_some() && !matches!(self.spec.workloads[self.pods[pod].workload].controller, Controller::Bare) {
            let about = About::Owner(self.identity(pod));
            self.hear_of(pod, about, None, what);
        }
    }

    /// Tells that no node took a Pod, in words that are only asked for if somebody listens.
    #[inline]
    pub fn tell_unschedulable<'a>(&mut self, pod: PodId, message: impl FnOnce() -> &'a str) {
        if let Some(observer) = self.observer.as_mut().filter(|observer| observer.knows(pod)) {
            let number = observer.words(message());
            self.tell_listener(pod, None, Happening::FailedScheduling(number));
        }
    }

    #[cold]
    fn tell_listener(&mut self, pod: PodId, container: Option<u8>, what: Happening) {
        let about = About::Pod(self.identity(pod));
        self.hear_of(pod, about, container, what);
    }

    fn hear_of(&mut self, pod: PodId, about: About, container: Option<u8>, what: Happening) {
        let row = &self.pods[pod];
        let entry = Entry { at: self.now, about, node: row.assigned.then_some(row.node), container, what };
        if let Some(observer) = &mut self.observer {
            observer.hear_of_pod(pod, entry);
        }
    }

    /// Who a Pod is, whatever becomes of its row.
    pub fn identity(&self, pod: PodId) -> PodIdentity {
        let Pod { workload, copy, ordinal, .. } = self.pods[pod];
        PodIdentity { workload, copy, ordinal }
    }

    /// A bound Pod takes its seat on its node.
    pub fn take_seat(&mut self, pod: PodId) {
        let residents = &mut self.nodes.residents[self.pods[pod].node];
        self.pods[pod].seat = residents.len() as u32;
        residents.push(pod);
    }

    /// A Pod that is gone leaves its seat, if it has one; the last resident takes it.
    fn leave_seat(&mut self, pod: PodId) {
        let seat = std::mem::replace(&mut self.pods[pod].seat, Pod::NO_SEAT);
        if seat == Pod::NO_SEAT {
            return;
        }
        let residents = &mut self.nodes.residents[self.pods[pod].node];
        assert_eq!(residents.swap_remove(seat as usize), pod, "a Pod sits where its row says");
        if let Some(&moved) = residents.get(seat as usize) {
            self.pods[moved].seat = seat;
        }
    }

    /// Leaves a note.
    pub fn note(&mut self, note: Note) {
        self.notes.push_back(note);
    }

    /// Random numbers at an address.
    pub fn stream(&mut self, purpose: Purpose, entity: u64, draw: u64) -> Stream {
        self.streams += 1;
        self.seed.stream(purpose, entity, draw)
    }

    /// A span drawn from `law`; a constant needs no stream.
    pub fn draw(&mut self, law: &Distribution, purpose: Purpose, entity: u64, draw: u64) -> SimSpan {
        match law {
            Distribution::Constant(secs) => SimSpan::from_secs_f64(*secs),
            law => SimSpan::from_secs_f64(law.sample(&mut self.stream(purpose, entity, draw))),
        }
    }

    /// The template of a Pod.
    pub fn template(&self, pod: PodId) -> &'s PodTemplate {
        &self.spec.templates[self.pods[pod].template]
    }

    /// The specification of a Pod's container.
    pub fn container_spec(&self, pod: PodId, index: u8) -> &'s ContainerSpec {
        &self.template(pod).containers[usize::from(index)]
    }

    /// The address of a container's random streams: regular containers are counted by themselves, the others from the other end, so that
    /// an init container more leaves what is drawn for the rest as it was.
    pub fn container_entity(&self, pod: PodId, index: u8) -> u64 {
        let before = self.template(pod).containers.iter().take_while(|about| about.kind != ContainerKind::App).count() as u8;
        let number = index.checked_sub(before).unwrap_or(u8::MAX - index);
        entity_of(&[self.pods[pod].entity, u64::from(number)])
    }

    /// Weights of a Pod.
    pub fn weights(&self, pod: PodId) -> Weights {
        self.facts[self.pods[pod].template].weights
    }

    /// A reference that outlives the Pod.
    pub fn pod_ref(&self, pod: PodId) -> PodRef {
        self.pods.reference(pod)
    }

    /// A reference to a container as it is now.
    pub fn container_ref(&self, pod: PodId, index: u8) -> ContainerRef {
        ContainerRef { pod: self.pod_ref(pod), index, epoch: self.pods.container(pod, index).epoch }
    }

    /// The Pod of a container reference, unless the Pod has gone, is being stopped, or the container has moved on.
    pub fn current(&mut self, container: ContainerRef) -> Option<PodId> {
        let pod = self.alive(container.pod)?;
        let same = self.pods.container(pod, container.index).epoch == container.epoch;
        let found = (same && !self.pods[pod].terminating && !self.pods[pod].state.is_terminal()).then_some(pod);
        self.stale += u64::from(found.is_none());
        found
    }

    /// The Pod of a container reference, if the container is up as it was then, whatever becomes of its Pod.
    pub fn up(&mut self, container: ContainerRef) -> Option<PodId> {
        let pod = self.alive(container.pod)?;
        let row = self.pods.container(pod, container.index);
        let found = (row.epoch == container.epoch && row.state == ContainerState::Running).then_some(pod);
        self.stale += u64::from(found.is_none());
        found
    }

    /// The row behind `pod`, unless the Pod has gone: then what came for it is stale.
    pub fn alive(&mut self, pod: PodRef) -> Option<PodId> {
        let found = self.pods.alive(pod);
        self.stale += u64::from(found.is_none());
        found
    }

    /// Adds a Pod's row; nothing is counted yet.
    pub fn add_row(&mut self, pod: Pod) -> PodId {
        let containers = self.spec.templates[pod.template].containers.len() as u8;
        self.pods.add(pod, containers)
    }

    /// Counts a Pod that was added: created now, or there since before the run.
    pub fn count_pod(&mut self, pod: PodId, created: bool) {
        let (weights, state) = (self.weights(pod), self.pods[pod].state);
        self.record.pod_added(&weights, state, created, self.now);
        let identity = self.identity(pod);
        if let Some(observer) = &mut self.observer {
            observer.meet(pod, identity);
        }
        // One that found no node at the start waits like a new one.
        let new = created || state == PodState::Scheduling;
        self.tell(pod, None, if new { Happening::Created } else { Happening::WasThere });
    }

    /// Takes a Pod along its chart.
    ///
    /// # Panics
    /// If the chart has no such arrow: a bug of the simulator.
    pub fn signal(&mut self, pod: PodId, signal: Signal) {
        let row = &mut self.pods[pod];
        let (from, since) = (row.state, row.since);
        let to = from.step(signal).unwrap_or_else(|illegal| panic!("{illegal} (Pod row {pod:?} at {:?})", self.now));
        (row.state, row.since) = (to, self.now);
        self.record.transition(from, to, since, self.now);
        self.tell(pod, None, Happening::Moved { from, to });
        if to.is_terminal() {
            self.ended(pod, to);
        }
        if signal == Signal::Started {
            self.note(Note::Started(pod));
        }
    }

    fn ended(&mut self, pod: PodId, to: PodState) {
        self.set_ready(pod, false);
        let weights = self.weights(pod);
        let born = self.pods[pod].born;
        self.record.pod_ended(&weights, to, born, self.now);
        self.note(Note::Ended { pod, well: to == PodState::Succeeded });
    }

    /// A Pod becomes ready or stops being so.
    pub fn set_ready(&mut self, pod: PodId, ready: bool) {
        let row = &mut self.pods[pod];
        // Nobody hears of a Pod that becomes ready on a node which is silent or not ready; its node tells when it is back.
        let unheard = |health: &crate::cluster::Health| health.is_silent() || health.ready != NodeReady::True;
        if row.ready == ready || ready && unheard(&self.nodes.health[row.node]) {
            return;
        }
        row.ready = ready;
        let up = self.running_containers(pod);
        self.tell(pod, None, Happening::Ready(ready));
        if ready {
            self.record.pods.ready.add(1, self.now);
            self.record.containers.in_ready.add(up, self.now);
            self.note(Note::Ready(pod));
        } else {
            self.record.pods.ready.sub(1, self.now);
            self.record.containers.in_ready.sub(up, self.now);
            self.note(Note::Unready(pod));
        }
    }

    /// App and sidecar containers of a Pod that are up.
    pub fn running_containers(&self, pod: PodId) -> u64 {
        let up = |index: &u8| {
            self.container_role(pod, *index) != Role::Init && self.pods.container(pod, *index).state == ContainerState::Running
        };
        (0..self.pods.containers_of(pod)).filter(up).count() as u64
    }

    /// A container's part in its Pod.
    pub fn container_role(&self, pod: PodId, index: u8) -> Role {
        self.container_spec(pod, index).role()
    }

    /// Ends the step of a Pod's start that is going on, and begins `next`; a Pod that has started has no more steps.
    pub fn next_step(&mut self, pod: PodId, next: Step) {
        let now = self.now;
        let row = &mut self.pods[pod];
        if row.state.phase() != Phase::Pending {
            return;
        }
        let (step, span) = (row.step, now - row.step_since);
        (row.step, row.step_since) = (next, now);
        if matches!(step, Step::Pull | Step::Init) {
            row.pull_and_init += span;
        }
        self.record.step(step, span);
    }

    /// The next relist of a Pod's node.
    pub fn relist(&self, pod: PodId) -> SimTime {
        self.relist_after(pod, self.now)
    }

    /// The first relist of a Pod's node at or after `time`.
    pub fn relist_after(&self, pod: PodId, time: SimTime) -> SimTime {
        Nodes::next_relist(self.pods[pod].node, self.spec.kubelet.relist, time)
    }

    /// Creates the objects that a Pod's node holds for it, at the start of its sandbox.
    pub fn sandbox_up(&mut self, pod: PodId) {
        let node = self.pods[pod].node;
        self.pods[pod].sandbox = true;
        self.nodes.sandboxes[node] += 1;
        let pods = self.nodes.sandboxes[node];
        self.record.nodes.pods_max = self.record.nodes.pods_max.max(pods);
        if pods == 1 {
            self.record.nodes.occupied.add(1, self.now);
        }
        self.record.resources.pause_memory.add(self.spec.kubelet.pause_memory, self.now);
    }

    /// The sandbox is gone, if there was one.
    pub fn sandbox_down(&mut self, pod: PodId) {
        let node = self.pods[pod].node;
        if !std::mem::replace(&mut self.pods[pod].sandbox, false) {
            return;
        }
        self.nodes.sandboxes[node] -= 1;
        if self.nodes.sandboxes[node] == 0 {
            self.record.nodes.occupied.sub(1, self.now);
        }
        self.record.resources.pause_memory.sub(self.spec.kubelet.pause_memory, self.now);
        self.tell(pod, None, Happening::SandboxGone);
    }

    /// Takes an address for a Pod; false if its node has none left.
    pub fn take_address(&mut self, pod: PodId) -> bool {
        let node = self.pods[pod].node;
        let Some(address) = self.nodes.addresses[node].take() else { return false };
        let row = &mut self.pods[pod];
        (row.address, row.address_free) = (address, false);
        self.record.addresses.assigned += 1;
        self.record.addresses.in_use.add(1, self.now);
        true
    }

    /// Gives a Pod's address back, if it has one.
    pub fn free_address(&mut self, pod: PodId) {
        let row = &mut self.pods[pod];
        if std::mem::replace(&mut row.address_free, true) {
            return;
        }
        self.nodes.addresses[row.node].give_back(row.address);
        self.record.addresses.in_use.sub(1, self.now);
    }

    /// A container's process is up: from now on it uses `cpu` microcores and `memory` bytes.
    pub fn container_up(&mut self, pod: PodId, index: u8, cpu: u64, memory: u64) {
        let now = self.now;
        let row = self.pods.container_mut(pod, index);
        (row.state, row.started_at, row.cpu, row.memory) = (ContainerState::Running, now, cpu, memory);
        (row.hung, row.exit, row.noticed, row.stopping, row.condemned) = (false, 0, false, false, false);
        (row.started, row.ready) = (false, false);
        row.epoch = row.epoch.next();
        row.starts += 1;
        let role = self.container_role(pod, index);
        self.record.containers.goes_up(role, self.pods[pod].ready, now);
        self.use_begins(pod, index);
        self.tell(pod, Some(index), Happening::Started);
        self.process_changed(pod);
    }

    /// A running container hangs, or does no longer.
    pub fn set_hung(&mut self, pod: PodId, index: u8, hung: bool) {
        let row = self.pods.container_mut(pod, index);
        (row.hung, row.hung_since) = (hung, self.now);
        self.process_changed(pod);
    }

    /// Tells the traffic, if requests go to the Pod.
    fn process_changed(&mut self, pod: PodId) {
        if self.facts[self.pods[pod].template].serves {
            self.note(Note::Process(pod));
        }
    }

    /// How long the container that runs takes from its start until it can serve.
    pub fn serves_after(&self, pod: PodId, index: u8) -> SimSpan {
        let row = self.pods.container(pod, index);
        row.serves_at.since(row.started_at)
    }

    /// A container's process is gone; it goes to `next`.
    pub fn container_down(&mut self, pod: PodId, index: u8, next: ContainerState) {
        let now = self.now;
        let row = self.pods.container_mut(pod, index);
        assert_eq!(row.state, ContainerState::Running, "only a running container ends");
        self.use_ends(pod, index);
        let row = self.pods.container_mut(pod, index);
        row.ended_before = (row.starts > 1).then_some(row.ended_at);
        (row.state, row.ended_at) = (next, now);
        (row.noticed, row.hung, row.condemned, row.ends_at) = (false, false, false, SimTime::MAX);
        row.ended_with = row.exit;
        row.epoch = row.epoch.next();
        let role = self.container_role(pod, index);
        self.record.containers.goes_down(role, self.pods[pod].ready, now);
        let row = self.pods.container(pod, index);
        let reason = if row.exit != 0 && row.reason == ExitReason::Completed { ExitReason::Error } else { row.reason };
        self.tell(pod, Some(index), Happening::Terminated { code: row.exit, reason });
        self.process_changed(pod);
    }

    /// The course of a container's CPU use, by place in [`World::load`].
    pub(crate) fn shape(&self, pod: PodId, index: u8) -> usize {
        self.facts[self.pods[pod].template].shapes[usize::from(index)]
    }

    /// 0 for a sidecar and 1 for the main container of a multi-container Pod.
    fn sidecar_role(&self, pod: PodId, index: u8) -> Option<usize> {
        let about = self.container_spec(pod, index);
        let counts = about.kind != ContainerKind::Init && self.weights(pod).multi == 1;
        counts.then_some(usize::from(!about.helper))
    }

    /// Takes the row of a Pod that is gone.
    pub fn remove_pod(&mut self, pod: PodId) {
        assert!(self.pods[pod].state.is_terminal() && self.pods[pod].address_free, "a Pod goes only when it has ended and holds nothing");
        self.tell(pod, None, Happening::Removed);
        self.leave_images(pod);
        self.leave_seat(pod);
        for index in 0..self.pods.containers_of(pod) {
            if let Some(before) = self.resized.remove(&(pod, index)) {
                self.count_grown(pod, index, Some(before), None);
            }
            self.asked.remove(&(pod, index));
        }
        self.pods.remove(pod);
    }

    /// A Pod that is gone uses its images no more, and nothing is remembered of its pulls.
    fn leave_images(&mut self, pod: PodId) {
        if self.pods[pod].seat == Pod::NO_SEAT {
            return;
        }
        let (node, reference) = (self.pods[pod].node, self.pod_ref(pod));
        for index in 0..self.pods.containers_of(pod) {
            let (key, ..) = self.image_of(pod, index);
            self.nodes.images[node].touch(key, self.now);
        }
        self.nodes.images[node].forget(reference);
    }

    /// The image of a container as its node knows it, the version it needs, and the share of its bytes that a release changes.
    pub fn image_of(&self, pod: PodId, index: u8) -> (ImageKey, u32, f64) {
        let row = &self.pods[pod];
        let about = self.container_spec(pod, index);
        // Only the main container's image is the service's own; sidecars and init containers run what others release.
        let own = !about.helper && about.kind == ContainerKind::App;
        match self.release_share(pod) {
            Some(share) if own => (ImageKey { image: about.image, instance: Some(row.instance) }, row.revision, share),
            _ => (ImageKey { image: about.image, instance: None }, 0, 1.0),
        }
    }

    /// The share of its image's bytes that a release of the Pod's workload changes; `None` if it has no releases.
    pub fn release_share(&self, pod: PodId) -> Option<f64> {
        match &self.spec.workloads[self.pods[pod].workload].controller {
            Controller::Deployment(deployment) => deployment.releases.as_ref().map(|releases| releases.new_bytes),
            Controller::Bare | Controller::Job(_) => None,
        }
    }

    /// Assigns a Pod to a node.
    pub fn assign(&mut self, pod: PodId, node: NodeId) {
        let now = self.now;
        let row = &mut self.pods[pod];
        (row.node, row.assigned, row.assigned_at) = (node, true, now);
        let weights = self.weights(pod);
        self.record.assigned(&weights, now);
    }
}

fn facts_of(template: &PodTemplate, courses: &mut Vec<Course>) -> TemplateFacts {
    let shapes = template.containers.iter().map(|container| intern(courses, Course::of(&container.behavior.usage))).collect();
    TemplateFacts { weights: weights_of(template), shapes, serves: false }
}

fn intern(courses: &mut Vec<Course>, course: Course) -> usize {
    courses.iter().position(|known| *known == course).unwrap_or_else(|| {
        courses.push(course);
        courses.len() - 1
    })
}

fn weights_of(template: &PodTemplate) -> Weights {
    let mut weights = Weights {
        multi: usize::from(template.is_multi_container()),
        containers: template.running_containers() as u64,
        cpu: template.requests.cpu.0,
        memory: template.requests.memory.0,
        ..Weights::default()
    };
    if template.is_multi_container() {
        for container in template.containers.iter().filter(|container| container.kind != ContainerKind::Init) {
            let role = usize::from(!container.helper);
            weights.sidecar_cpu[role] += container.requests.cpu.0;
            weights.sidecar_memory[role] += container.requests.memory.0;
        }
    }
    weights
}
