//! Requests over the window: integrals of rates, exact for the piecewise constant rates that the model has.

use super::{Tally, TimeAverage};
use crate::units::SimTime;

/// What became of the requests of one traffic of the scenario, over all its services. Counts are rates × time, not whole numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct TrafficMeasures {
    /// The traffic's name.
    pub name: String,
    /// Services.
    pub services: u64,
    /// Requests offered.
    pub offered: f64,
    /// Requests served.
    pub served: f64,
    /// Requests that failed because their service had no endpoint.
    pub no_endpoint: f64,
    /// Requests that failed at an endpoint whose process was down, hung or not up yet, because that was not noticed yet.
    pub dead_endpoint: f64,
    /// Requests that an endpoint at its CPU limit did not get to.
    pub saturated: f64,
    /// Served requests whose Pod has a cache.
    pub looked_up: f64,
    /// Of those, the ones that the cache answered.
    pub hits: f64,
    /// Served requests × mean latency, in seconds.
    pub latency: f64,
    /// Served requests × 99th percentile of latency, in seconds.
    pub latency_p99: f64,
    /// CPU of endpoints' containers that requests cost something, in core · seconds: main containers, and what accompanies them.
    pub cpu: [f64; 2],
    /// Endpoints of all services.
    pub endpoints: TimeAverage,
    /// Endpoints at which requests fail.
    pub dead: TimeAverage,
    /// Services without an endpoint that serves.
    pub unavailable: TimeAverage,
    /// How long endpoints stayed dead: until they recovered, or clients went elsewhere.
    pub blind: Tally,
}

impl TrafficMeasures {
    /// Nothing yet.
    pub fn new(name: &str, services: u64, now: SimTime) -> Self {
        let zero = TimeAverage::new(0, now);
        Self {
            name: name.to_owned(),
            services,
            offered: 0.0,
            served: 0.0,
            no_endpoint: 0.0,
            dead_endpoint: 0.0,
            saturated: 0.0,
            looked_up: 0.0,
            hits: 0.0,
            latency: 0.0,
            latency_p99: 0.0,
            cpu: [0.0; 2],
            endpoints: zero,
            dead: zero,
            unavailable: zero,
            blind: Tally::default(),
        }
    }

    /// Requests that failed, whatever the cause.
    pub fn failed(&self) -> f64 {
        self.no_endpoint + self.dead_endpoint + self.saturated
    }

    /// Forgets the past: levels stay.
    pub fn open(&mut self, now: SimTime) {
        let (mut endpoints, mut dead, mut unavailable) = (self.endpoints, self.dead, self.unavailable);
        [&mut endpoints, &mut dead, &mut unavailable].into_iter().for_each(|level| level.reset(now));
        *self = Self { endpoints, dead, unavailable, ..Self::new(&self.name, self.services, now) };
    }
}
