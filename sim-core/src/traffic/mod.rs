//! Requests to services: endpoints come and go with readiness, each takes an even share, and what it does with it follows from its
//! containers. No request is an event: loads change when an endpoint, a process, a rate or a cache does, service by service.

mod audit;
mod load;
mod service;

use crate::cluster::PodRef;
use crate::engine::random::{Purpose, entity_of};
use crate::event::Event;
use crate::measure::TrafficMeasures;
use crate::spec::{Controller, Distribution};
use crate::table::{Id, InstanceId, PodId, Table, WorkloadId};
use crate::world::World;
use load::Target;
use service::{Endpoint, Service, Warmth};

/// No service, or no place in one.
const NONE: u32 = u32::MAX;

/// Which service a workload's Pods belong to.
#[derive(Clone, Copy, Debug)]
enum Of {
    /// None.
    Nothing,
    /// This one.
    One(u32),
    /// Their instance's.
    Instance,
}

/// A workload's part in traffic.
#[derive(Clone, Copy, Debug)]
struct Member {
    of: Of,
    /// Place of the traffic in the scenario, and of the workload in it.
    traffic: usize,
    destination: usize,
}

/// What is kept for a Pod that serves.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The service that it is an endpoint of, and its place there.
    service: u32,
    at: u32,
    /// Changes of its readiness so far: the draw numbers of their delays.
    changes: u32,
    /// Its cache when it was an endpoint last.
    cache: Warmth,
}

const NOWHERE: Place = Place { service: NONE, at: NONE, changes: 0, cache: Warmth::NONE };

/// All services of a run.
#[derive(Clone, Debug)]
pub struct Services {
    rows: Vec<Service>,
    members: Table<WorkloadId, Member>,
    /// Service of each instance.
    instances: Vec<u32>,
    /// What is kept for each Pod row.
    places: Vec<Place>,
    sums: Vec<TrafficMeasures>,
    begun: bool,
}

impl Services {
    /// Services that nothing goes to yet.
    pub fn new(world: &World<'_>) -> Self {
        let nothing = Member { of: Of::Nothing, traffic: 0, destination: 0 };
        Self {
            rows: Vec::new(),
            members: Table::filled(world.spec.workloads.len(), nothing),
            instances: Vec::new(),
            places: Vec::new(),
            sums: Vec::new(),
            begun: false,
        }
    }

    /// Makes the services of `instances`, which stand; Pods that are Ready already are endpoints at once.
    pub fn begin(&mut self, world: &mut World<'_>, instances: impl Iterator<Item = (InstanceId, WorkloadId)>) {
        self.begun = true;
        if world.spec.traffic.is_empty() {
            return;
        }
        (0..world.spec.traffic.len()).for_each(|traffic| self.join(world, traffic));
        instances.for_each(|(instance, workload)| self.join_instance(world, instance, workload));
        for (traffic, about) in world.spec.traffic.iter().enumerate() {
            let services = self.rows.iter().filter(|service| service.traffic == traffic).count();
            self.sums.push(TrafficMeasures::new(&about.name, services as u64, world.now));
        }
        let pods: Vec<PodId> = world.pods.iter().map(|(pod, _)| pod).collect();
        pods.into_iter().for_each(|pod| self.list(world, pod));
        (0..self.rows.len() as u32).for_each(|service| self.change(world, service, |_, _| {}));
    }

    fn join(&mut self, world: &World<'_>, traffic: usize) {
        let about = &world.spec.traffic[traffic];
        let together = about.together.then(|| self.add(world, traffic, 0));
        for (destination, to) in about.to.iter().enumerate() {
            let deployment = matches!(world.spec.workloads[to.workload].controller, Controller::Deployment(_));
            let of = match together {
                Some(service) => Of::One(service),
                None if deployment => Of::Instance,
                None => Of::One(self.add(world, traffic, entity_of(&[u64::from(to.workload.0), u64::MAX]))),
            };
            self.members[to.workload] = Member { of, traffic, destination };
        }
    }

    fn join_instance(&mut self, world: &World<'_>, instance: InstanceId, workload: WorkloadId) {
        let Member { of: Of::Instance, traffic, .. } = self.members[workload] else { return };
        let service = self.add(world, traffic, entity_of(&[u64::from(workload.0), instance.index() as u64]));
        self.instances.resize(self.instances.len().max(instance.index() + 1), NONE);
        self.instances[instance.index()] = service;
    }

    /// Adds a service; `number` tells it from the others of its traffic.
    fn add(&mut self, world: &World<'_>, traffic: usize, number: u64) -> u32 {
        self.rows.push(Service::new(traffic, entity_of(&[traffic as u64, number]), world.now));
        self.rows.len() as u32 - 1
    }

    /// The service of a Pod.
    fn service_of(&self, world: &World<'_>, pod: PodId) -> Option<u32> {
        let row = &world.pods[pod];
        match self.members[row.workload].of {
            Of::Nothing => None,
            Of::One(service) => Some(service),
            Of::Instance => self.instances.get(row.instance.index()).copied().filter(|service| *service != NONE),
        }
    }

    fn place(&self, pod: PodId) -> Place {
        self.places.get(pod.index()).copied().unwrap_or(NOWHERE)
    }

    fn place_mut(&mut self, pod: PodId) -> &mut Place {
        if self.places.len() <= pod.index() {
            self.places.resize(pod.index() + 1, NOWHERE);
        }
        &mut self.places[pod.index()]
    }

    /// A Pod became Ready, or unready, or its deletion began: clients act on it when they hear of it.
    pub fn readiness(&mut self, world: &mut World<'_>, pod: PodId) {
        if !self.begun || self.service_of(world, pod).is_none() {
            return;
        }
        let law = &world.spec.traffic[self.members[world.pods[pod].workload].traffic].propagation;
        let place = self.place_mut(pod);
        place.changes = place.changes.wrapping_add(1);
        let delay = world.draw(law, Purpose::Endpoint, world.pods[pod].entity, u64::from(place.changes));
        if delay.is_zero() {
            return self.bring_in_line(world, pod);
        }
        world.after(delay, Event::Endpoint(world.pod_ref(pod)));
    }

    /// Clients hear of a change.
    pub fn heard(&mut self, world: &mut World<'_>, pod: PodRef) {
        if let Some(pod) = world.alive(pod) {
            self.bring_in_line(world, pod);
        }
    }

    /// Makes a Pod an endpoint if it should be one, and none if not.
    fn bring_in_line(&mut self, world: &mut World<'_>, pod: PodId) {
        let (is, should) = (self.place(pod).service, world.pods[pod].ready && !world.pods[pod].terminating);
        match (self.service_of(world, pod), is) {
            (Some(service), NONE) if should => self.change(world, service, |services, world| services.list(world, pod)),
            (_, NONE) => {}
            (_, service) if !should => self.change(world, service, |services, world| services.strike(world, pod)),
            _ => {}
        }
    }

    /// A Pod's object and address are gone: whoever still sends requests there gets no answer, and stops.
    pub fn gone(&mut self, world: &mut World<'_>, pod: PodRef) {
        let Some(pod) = world.pods.alive(pod) else { return };
        let service = self.place(pod).service;
        if service != NONE {
            self.change(world, service, |services, world| services.strike(world, pod));
        }
        if let Some(place) = self.places.get_mut(pod.index()) {
            *place = NOWHERE;
        }
    }

    /// A process of a Pod that serves has started, ended, hung or recovered.
    pub fn process(&mut self, world: &mut World<'_>, pod: PodId) {
        let Place { service, at, .. } = self.place(pod);
        if service != NONE {
            return self.change(world, service, |services, world| {
                let row = &mut services.rows[service as usize];
                let about = &world.spec.traffic[row.traffic];
                row.endpoints[at as usize].look(world, about);
            });
        }
        let Member { of, traffic, destination } = self.members[world.pods[pod].workload];
        if self.begun && !matches!(of, Of::Nothing) {
            let about = &world.spec.traffic[traffic];
            let place = &about.to[destination];
            let hit = place.cache.as_ref().map(|cache| cache.start);
            service::apply(world, pod, &Target { about: place, rate: 0.0, alive: true, hit, base: about.latency });
        }
    }

    /// A service's load changes by itself.
    pub fn due(&mut self, world: &mut World<'_>, service: u32, epoch: u32) {
        if self.rows[service as usize].awaited.1 != epoch {
            world.stale += 1;
            return;
        }
        self.rows[service as usize].awaited.0 = crate::units::SimTime::MAX;
        self.change(world, service, |_, _| {});
    }

    /// Adds up what has flowed through a service, changes it, and spreads its load anew.
    fn change<'s>(&mut self, world: &mut World<'s>, service: u32, change: impl FnOnce(&mut Self, &mut World<'s>)) {
        let row = &mut self.rows[service as usize];
        let about = &world.spec.traffic[row.traffic];
        row.settle(about, &mut self.sums[row.traffic], world.now);
        change(self, world);
        let row = &mut self.rows[service as usize];
        row.renew_rate(world, about);
        let next = row.spread(world, about, &mut self.sums[row.traffic]);
        if next != row.awaited.0 {
            row.awaited = (next, row.awaited.1.wrapping_add(1));
            world.at(next, Event::Load { service, epoch: row.awaited.1 });
        }
    }

    /// Lists a Pod that is Ready among its service's endpoints.
    fn list(&mut self, world: &mut World<'_>, pod: PodId) {
        let row = &world.pods[pod];
        let Some(service) = self.service_of(world, pod).filter(|_| row.ready && !row.terminating) else { return };
        let Member { traffic, destination, .. } = self.members[row.workload];
        let about = &world.spec.traffic[traffic].to[destination];
        let endpoint = Endpoint::new(world, about, (pod, destination), self.place(pod).cache);
        let endpoints = &mut self.rows[service as usize].endpoints;
        let at = endpoints.len() as u32;
        endpoints.push(endpoint);
        let place = self.place_mut(pod);
        (place.service, place.at) = (service, at);
    }

    /// Strikes an endpoint off its list; its containers have nothing to do any more.
    fn strike(&mut self, world: &mut World<'_>, pod: PodId) {
        let Place { service, at, .. } = self.place(pod);
        let row = &mut self.rows[service as usize];
        let mut endpoint = row.endpoints.swap_remove(at as usize);
        if let Some(moved) = row.endpoints.get(at as usize) {
            self.places[moved.pod.index()].at = at;
        }
        endpoint.end(&mut self.sums[row.traffic], world.now);
        let place = self.place_mut(pod);
        (place.service, place.at, place.cache) = (NONE, NONE, endpoint.cache);
        self.process(world, pod);
    }

    /// The window of measurement opens.
    pub fn open(&mut self, world: &World<'_>) {
        self.settle(world);
        self.sums.iter_mut().for_each(|sums| sums.open(world.now));
    }

    /// Adds up what has flowed until now.
    fn settle(&mut self, world: &World<'_>) {
        for row in &mut self.rows {
            row.settle(&world.spec.traffic[row.traffic], &mut self.sums[row.traffic], world.now);
        }
    }

    /// Closes the books.
    pub fn finish(mut self, world: &World<'_>) -> Vec<TrafficMeasures> {
        self.settle(world);
        self.sums
    }

    /// Checks loads, places and books.
    ///
    /// # Errors
    /// What does not hold.
    pub fn audit(&self, world: &World<'_>) -> Result<(), String> {
        audit::audit(self, world)
    }
}

/// True if clients act on changes of readiness at once.
fn at_once(law: &Distribution) -> bool {
    matches!(law, Distribution::Constant(secs) if *secs == 0.0)
}
