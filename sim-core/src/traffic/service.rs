//! One service: its rate, its endpoints, and what flows until something changes.

use super::load::{Flow, Target};
use crate::cluster::ContainerState;
use crate::engine::random::Purpose;
use crate::measure::TrafficMeasures;
use crate::spec::{Cache, Destination, Distribution, Traffic, Warmup, next_multiple};
use crate::table::PodId;
use crate::units::{SimSpan, SimTime};
use crate::world::World;

/// A cache that has warmed by this has its full hit rate.
const WARM: f64 = 12.0;
/// What containers of a Pod use is set anew where its rate has changed by this share. In a service of thousands of Pods, whose shares all
/// change a little with each that comes or goes, most have nothing to do then.
const SLACK: f64 = 0.01;
/// A cache's load is looked at anew each time it has warmed by this.
const WARMTH_STEP: f64 = 0.25;

/// How warm a Pod's cache is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Warmth {
    /// How much it has warmed.
    by: f64,
    /// Starts of its serving container, each of which empties it; 0 before anything is known.
    starts: u32,
}

impl Warmth {
    /// Nothing is known.
    pub(super) const NONE: Self = Self { by: 0.0, starts: 0 };
}

/// A Pod that clients send requests to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoint {
    pub pod: PodId,
    /// Its workload's place in the traffic's list.
    pub destination: usize,
    /// False while requests to it fail.
    pub alive: bool,
    /// Since when they do; [`SimTime::MAX`] while it lives.
    pub died: SimTime,
    /// From when on it serves; `None` while a process that it needs is down or hangs.
    serves: Option<SimTime>,
    /// Its cache.
    pub cache: Warmth,
    /// How fast it warms, a second.
    speed: f64,
    pub flow: Flow,
    /// The rate of this flow, and the one at which its containers' use was set; below 0 if that must be set anew.
    rate: f64,
    set_at: f64,
    /// Core · seconds a second of main containers and of what accompanies them.
    cpu: [f64; 2],
}

/// A service.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// Its traffic, by place in the scenario.
    pub traffic: usize,
    /// Address of its random streams.
    key: u64,
    /// Requests a second.
    pub rate: f64,
    /// Until then.
    rate_until: SimTime,
    /// State of the noise, and its draws so far.
    noise: (f64, u64),
    /// Since when flows are as they are.
    since: SimTime,
    pub endpoints: Vec<Endpoint>,
    /// Endpoints, dead ones, and 1 if none serves: as counted in the measures.
    counted: [u64; 3],
    /// The next change by itself that is on the agenda, and its number.
    pub awaited: (SimTime, u32),
}

impl Service {
    pub(super) fn new(traffic: usize, key: u64, now: SimTime) -> Self {
        Self {
            traffic,
            key,
            rate: 0.0,
            rate_until: now,
            noise: (0.0, 0),
            since: now,
            endpoints: Vec::new(),
            counted: [0; 3],
            awaited: (SimTime::MAX, 0),
        }
    }

    /// Adds up what has flowed since the last change.
    pub(super) fn settle(&mut self, about: &Traffic, sums: &mut TrafficMeasures, now: SimTime) {
        let secs = (now - self.since).as_secs_f64();
        self.since = now;
        if secs <= 0.0 {
            return;
        }
        sums.offered += self.rate * secs;
        if self.endpoints.is_empty() {
            sums.no_endpoint += self.rate * secs;
        }
        for endpoint in &mut self.endpoints {
            endpoint.settle(about.to[endpoint.destination].cache.as_ref(), sums, secs);
        }
    }

    /// The rate from now on, if it changes now.
    pub(super) fn renew_rate(&mut self, world: &mut World<'_>, about: &Traffic) {
        if world.now < self.rate_until {
            return;
        }
        let mut until = about.rate.next_change(world.now, about.step);
        let mut factor = 1.0;
        if let Some(noise) = &about.noise {
            let tick = world.now.as_nanos() / noise.step.as_nanos().max(1);
            while self.noise.1 <= tick {
                let first = self.noise.1 == 0;
                let sigma = if first { noise.variance().sqrt() } else { noise.sigma };
                self.noise.0 = noise.phi * self.noise.0 + sigma * self.normal(world);
                self.noise.1 += 1;
            }
            factor = noise.factor(self.noise.0);
            until = until.min(next_multiple(world.now, noise.step));
        }
        let to = if until == SimTime::MAX { world.now } else { until };
        (self.rate, self.rate_until) = (about.rate.mean(world.now, to) * factor, until);
    }

    /// A standard normal number: the logarithm of a lognormal one.
    fn normal(&self, world: &mut World<'_>) -> f64 {
        let law = Distribution::LogNormal { median: 1.0, sigma: 1.0 };
        law.sample(&mut world.stream(Purpose::RequestRate, self.key, self.noise.1)).ln()
    }

    /// Spreads the rate evenly over the endpoints, sets what their containers use, and gives the next change by itself.
    pub(super) fn spread(&mut self, world: &mut World<'_>, about: &Traffic, sums: &mut TrafficMeasures) -> SimTime {
        let share = self.rate / self.endpoints.len().max(1) as f64;
        let mut next = self.rate_until;
        let mut dead = 0;
        for endpoint in &mut self.endpoints {
            next = next.min(endpoint.load(world, about, share));
            endpoint.tell(sums, world.now);
            dead += u64::from(!endpoint.alive);
        }
        let endpoints = self.endpoints.len() as u64;
        self.count([endpoints, dead, u64::from(endpoints == dead)], sums, world.now);
        next
    }

    /// Brings the levels in the measures in line.
    fn count(&mut self, levels: [u64; 3], sums: &mut TrafficMeasures, now: SimTime) {
        let kept = [&mut sums.endpoints, &mut sums.dead, &mut sums.unavailable];
        for ((level, before), after) in kept.into_iter().zip(self.counted).zip(levels) {
            if before != after {
                level.set(level.level() - before + after, now);
            }
        }
        self.counted = levels;
    }
}

impl Endpoint {
    /// A Pod that clients begin to send requests to; `kept` is what is known of its cache.
    pub(super) fn new(world: &mut World<'_>, about: &Destination, (pod, destination): (PodId, usize), kept: Warmth) -> Self {
        Self {
            pod,
            destination,
            alive: true,
            died: SimTime::MAX,
            serves: serving_from(world, about, pod),
            cache: warmth_of(world, about, pod, kept),
            speed: 0.0,
            flow: Flow::default(),
            rate: 0.0,
            set_at: -1.0,
            cpu: [0.0; 2],
        }
    }

    /// Looks at the Pod's processes anew.
    pub(super) fn look(&mut self, world: &mut World<'_>, about: &Traffic) {
        self.serves = serving_from(world, &about.to[self.destination], self.pod);
        self.set_at = -1.0;
    }

    fn settle(&mut self, cache: Option<&Cache>, sums: &mut TrafficMeasures, secs: f64) {
        let served = self.flow.served * secs;
        sums.served += served;
        sums.dead_endpoint += self.flow.dead * secs;
        sums.saturated += self.flow.saturated * secs;
        sums.latency += served * self.flow.latency;
        sums.latency_p99 += served * self.flow.tail;
        (0..2).for_each(|role| sums.cpu[role] += self.cpu[role] * secs);
        if let Some(cache) = cache {
            let by = self.speed * secs;
            sums.looked_up += served;
            sums.hits += served * cache.mean_hit(self.cache.by, by);
            self.cache.by = (self.cache.by + by).min(WARM);
        }
    }

    /// Takes a rate on; gives the next change by itself.
    fn load(&mut self, world: &mut World<'_>, about: &Traffic, rate: f64) -> SimTime {
        let place = &about.to[self.destination];
        let alive = self.serves.is_some_and(|from| from <= world.now);
        let mut next = self.serves.filter(|from| *from > world.now).unwrap_or(SimTime::MAX);
        let before = std::mem::replace(&mut self.rate, rate);
        if alive == self.alive && place.cache.is_none() && before > 0.0 && (rate - self.set_at).abs() <= SLACK * self.set_at {
            self.flow = self.flow.times(rate / before);
            return next;
        }
        (self.alive, self.set_at) = (alive, rate);
        let hit = place.cache.as_ref().map(|cache| self.warm(world, place, cache, rate, &mut next));
        let target = Target { about: place, rate, alive: self.alive, hit, base: about.latency };
        (self.flow, self.cpu) = apply(world, self.pod, &target);
        next
    }

    /// Sets how fast the cache warms, and gives its mean hit rate until it is looked at again.
    fn warm(&mut self, world: &World<'_>, about: &Destination, cache: &Cache, rate: f64, next: &mut SimTime) -> f64 {
        let starts = world.pods.container(self.pod, about.serving).starts;
        if starts != self.cache.starts {
            self.cache = Warmth { by: 0.0, starts };
        }
        self.speed = if self.alive { cache.speed(rate) } else { 0.0 };
        if self.speed <= 0.0 || self.cache.by >= WARM {
            return cache.hit(self.cache.by);
        }
        *next = (*next).min(world.now + SimSpan::from_secs_f64(WARMTH_STEP / self.speed));
        cache.mean_hit(self.cache.by, WARMTH_STEP)
    }

    /// Keeps the time for which it is dead.
    fn tell(&mut self, sums: &mut TrafficMeasures, now: SimTime) {
        match (self.alive, self.died) {
            (false, SimTime::MAX) => self.died = now,
            (true, SimTime::MAX) | (false, _) => {}
            (true, _) => self.end(sums, now),
        }
    }

    /// It is dead no more, or no endpoint any more.
    pub(super) fn end(&mut self, sums: &mut TrafficMeasures, now: SimTime) {
        let died = std::mem::replace(&mut self.died, SimTime::MAX);
        if died != SimTime::MAX {
            sums.blind.record(now - died);
        }
    }
}

/// True for a container that ran already when the run began.
fn seasoned(world: &World<'_>, pod: PodId, index: u8) -> bool {
    let row = world.pods.container(pod, index);
    world.spec.warmup == Warmup::Equilibrium && row.started_at == SimTime::ZERO && row.starts == 1
}

/// How warm the cache of a Pod is that becomes an endpoint: as it was when it was one last, or as shadow traffic has made it since it came up.
fn warmth_of(world: &mut World<'_>, about: &Destination, pod: PodId, kept: Warmth) -> Warmth {
    let row = *world.pods.container(pod, about.serving);
    let Some(cache) = about.cache.as_ref().filter(|_| kept.starts != row.starts) else { return kept };
    if seasoned(world, pod, about.serving) {
        return Warmth { by: WARM, starts: row.starts };
    }
    let up = row.started_at + world.serves_after(pod, about.serving);
    Warmth { by: (world.now.since(up).as_secs_f64() * cache.shadow_speed()).min(WARM), starts: row.starts }
}

/// From when on a Pod serves: the latest of the containers that requests pass through; `None` while one of them is down or hangs.
pub(super) fn serving_from(world: &mut World<'_>, about: &Destination, pod: PodId) -> Option<SimTime> {
    let mut from = SimTime::ZERO;
    for (index, _) in (0..).zip(&about.containers).filter(|(_, part)| part.in_path) {
        let row = *world.pods.container(pod, index);
        if row.state != ContainerState::Running || row.hung {
            return None;
        }
        if !seasoned(world, pod, index) {
            from = from.max(row.started_at + world.serves_after(pod, index));
        }
    }
    Some(from)
}

/// Sets what a Pod's containers use under a load; gives what flows, and the cores that main containers and helpers use.
pub(super) fn apply(world: &mut World<'_>, pod: PodId, target: &Target<'_>) -> (Flow, [f64; 2]) {
    let flow = target.flow(|index| cores(world, pod, index));
    let mut cpu = [0.0; 2];
    for index in 0..target.about.containers.len() as u8 {
        let row = *world.pods.container(pod, index);
        if row.state != ContainerState::Running {
            continue;
        }
        let idle = Target { rate: 0.0, ..*target };
        let target = if row.hung { &idle } else { target };
        if let Some(used) = target.used(index, &flow, cores(world, pod, index)) {
            world.set_use(pod, index, used.cpu, used.memory);
            cpu[usize::from(world.container_spec(pod, index).helper)] += used.cpu as f64 / 1e6;
        }
    }
    (flow, cpu)
}

/// Cores that a container may use: its limit, or all of its node's.
fn cores(world: &World<'_>, pod: PodId, index: u8) -> f64 {
    let node = || world.spec.pools[world.nodes.pool[world.pods[pod].node]].shape.allocatable.cpu.0;
    world.container_spec(pod, index).cpu_limit.unwrap_or_else(node).max(1) as f64 / 1_000.0
}
