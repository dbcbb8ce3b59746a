//! Controllers: who submits Pods, keeps them at their number, and rolls out new versions.
//!
//! A controller reacts to notes about its Pods by putting a look at its object on the agenda; the look compares what should be with
//! what is, and creates or deletes Pods. It knows Pods by row and never touches their inner life.

mod arrivals;
mod deployment;
mod instances;
mod job;
mod node_lifecycle;

pub(crate) use arrivals::poisson;
pub use instances::Instances;
pub use node_lifecycle::NodeControllers;

use crate::cluster::{Birth, ContainerState, new_pod};
use crate::engine::random::{Purpose, entity_of};
use crate::event::{Event, InstanceRef};
use crate::measure::Happening;
use crate::spec::{Controller, Occasion, Replicas, Source, Workload};
use crate::table::{InstanceId, PodId, Table, WorkloadId};
use crate::units::SimSpan;
use crate::world::{Note, World};

/// All controllers of a run.
#[derive(Clone, Debug)]
pub struct Controllers {
    /// One row for each Deployment, Job, or group of bare Pods.
    pub instances: Instances,
    /// Controllers of nodes.
    pub nodes: NodeControllers,
    /// Copies of each workload that have appeared.
    arrived: Table<WorkloadId, u64>,
    /// Arrivals drawn for each workload.
    gaps: Table<WorkloadId, u64>,
    /// The shared instance of a workload's bare Pods.
    bare: Table<WorkloadId, Option<InstanceId>>,
}

impl Controllers {
    /// Controllers that have not seen anything yet.
    pub fn new(world: &mut World<'_>) -> Self {
        let workloads = world.spec.workloads.len();
        Self {
            nodes: NodeControllers::new(world),
            instances: Instances::default(),
            arrived: Table::filled(workloads, 0),
            gaps: Table::filled(workloads, 0),
            bare: Table::filled(workloads, None),
        }
    }

    /// Creates what stands from the start and puts first arrivals, releases and scalings on the agenda. Standing Deployments and
    /// Jobs get their Pods at their first look, unless `seasoned`, where the equilibrium start makes them.
    pub fn begin(&mut self, world: &mut World<'_>, seasoned: bool) {
        for id in world.spec.workloads.ids() {
            match &world.spec.workloads[id].source {
                Source::Standing { instances } => self.stand(world, id, *instances, seasoned),
                Source::Arriving(_) => self.expect_arrival(world, id),
            }
        }
    }

    fn stand(&mut self, world: &mut World<'_>, workload: WorkloadId, instances: u32, seasoned: bool) {
        let replicas = replica_counts(world, workload, instances);
        for &count in &replicas {
            let instance = self.appear(world, workload, count);
            match world.spec.workloads[workload].controller {
                Controller::Deployment(_) if seasoned => {}
                Controller::Bare => {}
                _ => {
                    deployment::expect_release(self, world, instance);
                    self.look(world, instance);
                }
            }
        }
    }

    /// A copy of a workload appears. Bare Pods come with it; others come at the first look.
    fn appear(&mut self, world: &mut World<'_>, workload: WorkloadId, replicas: u32) -> InstanceId {
        let number = self.arrived[workload];
        self.arrived[workload] += 1;
        if matches!(world.spec.workloads[workload].controller, Controller::Bare) {
            let instance = self.shared(workload);
            self.create_pod(world, instance);
            return instance;
        }
        let key = entity_of(&[u64::from(workload.0), number]);
        let instance = self.instances.add(workload, key, replicas);
        self.instances[instance].copy = number as u32;
        deployment::expect_scalings(self, world, instance);
        if let Controller::Job(_) = world.spec.workloads[workload].controller {
            world.record.controllers.jobs += 1;
        }
        instance
    }

    /// The instance that a workload's bare Pods share.
    fn shared(&mut self, workload: WorkloadId) -> InstanceId {
        let key = entity_of(&[u64::from(workload.0), u64::MAX]);
        *self.bare[workload].get_or_insert_with(|| self.instances.add(workload, key, 0))
    }

    /// A copy of a workload arrives, and the next one is drawn.
    pub fn arrival(&mut self, world: &mut World<'_>, workload: WorkloadId) {
        let copies = arrivals::copies(self, world, workload);
        for _ in 0..copies {
            let replicas = replica_counts(world, workload, 1)[0];
            let instance = self.appear(world, workload, replicas);
            if !matches!(world.spec.workloads[workload].controller, Controller::Bare) {
                self.reconcile_now(world, instance);
                deployment::expect_release(self, world, instance);
            }
        }
        self.expect_arrival(world, workload);
    }

    fn expect_arrival(&mut self, world: &mut World<'_>, workload: WorkloadId) {
        if let Some(at) = arrivals::next(self, world, workload) {
            world.at(at, Event::Arrival(workload));
        }
    }

    /// Takes a note about a Pod to its controller.
    pub fn take(&mut self, world: &mut World<'_>, note: Note) {
        match note {
            Note::Ready(pod) => self.count_ready(world, pod, true),
            Note::Unready(pod) => self.count_ready(world, pod, false),
            Note::Deleting(pod) => {
                if let Some(instance) = self.lost(world, pod) {
                    self.look(world, instance);
                }
            }
            Note::Ended { pod, well } => {
                if let Some(instance) = self.lost(world, pod) {
                    self.ended(world, instance, well);
                }
            }
            Note::Restarted(pod) => job::restarted(self, world, pod),
            Note::Created(_)
            | Note::Delete(_)
            | Note::Started(_)
            | Note::Collected(_)
            | Note::Struck { .. }
            | Note::Registry { .. }
            | Note::Process(_)
            | Note::Load(_)
            | Note::Resized(_) => {}
            Note::NodeDown(_)
            | Note::NodeBack(_)
            | Note::NodeSilent(_)
            | Note::NodeHeard(_)
            | Note::NodeRuntime(..)
            | Note::DiskFilled(..)
            | Note::NodePressure { .. }
            | Note::Tainted(_) => self.take_of_node(world, note),
        }
    }

    fn count_ready(&mut self, world: &mut World<'_>, pod: PodId, ready: bool) {
        let row = &world.pods[pod];
        let instance = &mut self.instances[row.instance];
        instance.count_ready(row.revision, ready);
        if instance.rolling && ready {
            self.look(world, world.pods[pod].instance);
        }
    }

    /// A Pod is no longer one of its controller's: the instance that owned it until now.
    fn lost(&mut self, world: &mut World<'_>, pod: PodId) -> Option<InstanceId> {
        let instance = world.pods[pod].instance;
        let owned = self.instances.take_out(world, instance, pod);
        if owned {
            self.mourn(world, instance, pod);
        }
        owned.then_some(instance)
    }

    /// Remembers the failures of a Pod that went with its node, for the Pod that takes its place to make good.
    fn mourn(&mut self, world: &World<'_>, instance: InstanceId, pod: PodId) {
        let mut containers = (0..world.pods.containers_of(pod)).map(|index| world.pods.container(pod, index).state);
        let row = &world.pods[pod];
        let kept = matches!(self.workload(world, instance).controller, Controller::Deployment(_) | Controller::Job(_));
        if kept && row.failures > 0 && containers.any(|state| state == ContainerState::Vanished) {
            self.instances[instance].mourned.push_back((row.failed_at, row.failures));
        }
    }

    /// A Pod that an instance owned has ended by itself.
    fn ended(&mut self, world: &mut World<'_>, instance: InstanceId, well: bool) {
        match self.workload(world, instance).controller {
            Controller::Bare => {}
            Controller::Deployment(_) => self.look(world, instance),
            Controller::Job(about) => job::ended(self, world, instance, about, well),
        }
    }

    fn workload<'s>(&self, world: &World<'s>, instance: InstanceId) -> &'s Workload {
        &world.spec.workloads[self.instances[instance].workload]
    }

    /// Puts a look at an object on the agenda, unless one is there.
    pub(crate) fn look(&mut self, world: &mut World<'_>, instance: InstanceId) {
        self.look_after(world, instance, SimSpan::ZERO);
    }

    fn look_after(&mut self, world: &mut World<'_>, instance: InstanceId, wait: SimSpan) {
        let row = &mut self.instances[instance];
        if std::mem::replace(&mut row.looked_for, true) {
            return;
        }
        row.looks += 1;
        let delay = world.draw(&world.spec.control_plane.controller, Purpose::Api, row.key, row.looks);
        world.after(wait + delay, Event::Reconcile(self.instances.reference(instance)));
    }

    /// A controller looks at one of its objects.
    pub fn reconcile(&mut self, world: &mut World<'_>, instance: InstanceRef) {
        if let Some(instance) = self.instances.alive(instance) {
            self.reconcile_now(world, instance);
        }
    }

    fn reconcile_now(&mut self, world: &mut World<'_>, instance: InstanceId) {
        self.instances[instance].looked_for = false;
        match &self.workload(world, instance).controller {
            Controller::Bare => {}
            Controller::Deployment(about) => deployment::reconcile(self, world, instance, about),
            Controller::Job(about) => job::reconcile(self, world, instance, *about),
        }
    }

    /// A new version of a Deployment.
    pub fn release(&mut self, world: &mut World<'_>, instance: InstanceRef) {
        if let Some(instance) = self.instances.alive(instance) {
            deployment::release(self, world, instance);
        }
    }

    /// A change of a Deployment's replica count.
    pub fn scale(&mut self, world: &mut World<'_>, instance: InstanceRef, entry: u16) {
        if let Some(instance) = self.instances.alive(instance) {
            deployment::scale(self, world, instance, entry);
        }
    }

    /// Creates a Pod of an instance now.
    pub(crate) fn create_pod(&mut self, world: &mut World<'_>, instance: InstanceId) -> PodId {
        let born = Birth::at(world.now);
        let pod = self.add_pod(world, instance, born);
        world.count_pod(pod, true);
        world.tell_owner(pod, Happening::PodMade);
        let about = self.workload(world, instance);
        if let Some(law) = &about.lifetime {
            let span = world.draw(law, Purpose::Lifetime, world.pods[pod].entity, 0);
            world.after(span, Event::LifetimeOver(world.pod_ref(pod)));
        }
        if let Some(span) = about.give_up_after.filter(|span| !span.is_zero()) {
            world.after(span, Event::GaveUp(world.pod_ref(pod)));
        }
        world.note(Note::Created(pod));
        pod
    }

    /// Adds a Pod's row and makes its instance own it; the caller counts it.
    pub(crate) fn add_pod(&mut self, world: &mut World<'_>, instance: InstanceId, born: Birth) -> PodId {
        let (workload, entity, revision) = self.instances.next_pod(instance);
        let template = world.spec.workloads[workload].template;
        let mut pod = new_pod(template, workload, instance, entity, born, world.now);
        pod.revision = revision;
        (pod.copy, pod.ordinal) = (self.instances[instance].copy, (self.instances[instance].made - 1) as u32);
        if let Some((failed, failures)) = self.instances[instance].mourned.pop_front() {
            (pod.replaces, pod.replaces_failures) = (failed, failures);
        }
        let pod = world.add_row(pod);
        self.instances.put_in(world, instance, pod);
        pod
    }

    /// The instance of an arriving workload's Pod that runs already when the run begins: for a Job, one that lacks this Pod alone.
    pub(crate) fn under_way(&mut self, world: &World<'_>, workload: WorkloadId) -> Option<InstanceId> {
        match world.spec.workloads[workload].controller {
            Controller::Bare => Some(self.shared(workload)),
            Controller::Deployment(_) => None,
            Controller::Job(about) => {
                let number = self.arrived[workload];
                self.arrived[workload] += 1;
                let instance = self.instances.add(workload, entity_of(&[u64::from(workload.0), number]), 0);
                self.instances[instance].succeeded = about.completions - 1;
                self.instances[instance].copy = number as u32;
                Some(instance)
            }
        }
    }
}

/// Replica counts of `instances` copies of a workload: given, drawn, or drawn and scaled to a total by largest remainders.
fn replica_counts(world: &mut World<'_>, workload: WorkloadId, instances: u32) -> Vec<u32> {
    let Controller::Deployment(about) = &world.spec.workloads[workload].controller else { return vec![0; instances as usize] };
    match &about.replicas {
        Replicas::Fixed(count) => vec![*count; instances as usize],
        Replicas::Drawn { law, total } => {
            let mut draw = |number: u32| {
                let entity = entity_of(&[u64::from(workload.0), u64::from(number)]);
                law.sample(&mut world.stream(Purpose::Replicas, entity, 0)).max(1.0)
            };
            let drawn: Vec<f64> = (0..instances).map(&mut draw).collect();
            total.map_or_else(|| drawn.iter().map(|count| count.round() as u32).collect(), |total| share_out(&drawn, total))
        }
    }
}

/// Whole numbers of at least 1 in proportion to `weights` that sum to `total`, if that is not below their number.
fn share_out(weights: &[f64], total: u32) -> Vec<u32> {
    let spare = f64::from(total.saturating_sub(weights.len() as u32));
    let sum: f64 = weights.iter().sum();
    let shares: Vec<f64> = weights.iter().map(|weight| weight / sum * spare).collect();
    let mut counts: Vec<u32> = shares.iter().map(|share| 1 + share.floor() as u32).collect();
    let mut by_rest: Vec<usize> = (0..weights.len()).collect();
    by_rest.sort_by(|&left, &right| shares[right].fract().total_cmp(&shares[left].fract()).then(left.cmp(&right)));
    let given: u32 = counts.iter().sum();
    for &row in by_rest.iter().take(total.saturating_sub(given) as usize) {
        counts[row] += 1;
    }
    counts
}

/// The first instant of an occasion after now, for its `draw`-th time.
fn next_occasion(world: &mut World<'_>, when: &Occasion, key: u64, draw: u64) -> Option<SimSpan> {
    match when {
        Occasion::At(time) => (draw == 0).then(|| time.since(world.now)),
        Occasion::Every(gap) => Some(world.draw(gap, Purpose::Scale, key, draw * 2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_shared_out_exactly_and_nobody_goes_without() {
        let counts = share_out(&[1.0, 2.0, 700.0, 0.001], 1000);
        assert_eq!(counts.iter().sum::<u32>(), 1000);
        assert!(counts.iter().all(|&count| count >= 1) && counts[2] > 980, "{counts:?}");
        assert_eq!(share_out(&[5.0, 5.0], 2), [1, 1]);
    }
}
