//! What a rate of requests makes of a Pod: how many it serves, how long they take, what its containers use.
//!
//! Each container of the path is a processor-sharing server: with `s` seconds of CPU a request and `c` cores it is busy to
//! `rho = rate · s / c`. Below saturation a request's mean time in it is `s / min(c, 1) / (1 − rho)` (exact for M/G/1-PS with one core,
//! too long for several), with `rho` cut at [`BUSY_MAX`]; above it, `1 − 1 / rho` of the requests are not got to.

use crate::spec::{Cache, Destination};

/// Busier than this a container does not get in the latency model: a hundred service times.
const BUSY_MAX: f64 = 0.99;
/// How many mean times the 99th percentile is, taking times in the containers as exponential together.
const TAIL: f64 = 4.605_170_185_988_091;

/// A Pod that gets requests, as far as the model of its load needs it.
pub(super) struct Target<'a> {
    /// Its containers' parts.
    pub about: &'a Destination,
    /// Requests a second that reach it.
    pub rate: f64,
    /// False if they fail.
    pub alive: bool,
    /// Hit rate of its cache.
    pub hit: Option<f64>,
    /// Latency apart from CPU time, in seconds.
    pub base: f64,
}

/// What becomes of the requests to a Pod.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Flow {
    /// Served a second.
    pub served: f64,
    /// Failed a second because its process is dead.
    pub dead: f64,
    /// Failed a second because it is saturated.
    pub saturated: f64,
    /// Mean latency in seconds.
    pub latency: f64,
    /// 99th percentile of latency in seconds.
    pub tail: f64,
}

impl Flow {
    /// A flow that many times as strong, as slow as this one.
    pub(super) fn times(self, factor: f64) -> Self {
        Self { served: self.served * factor, dead: self.dead * factor, saturated: self.saturated * factor, ..self }
    }
}

/// A container's use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Use {
    /// Microcores.
    pub cpu: u64,
    /// Bytes.
    pub memory: u64,
}

impl Target<'_> {
    /// CPU seconds that a request costs a container, misses included.
    fn seconds(&self, index: u8) -> f64 {
        let own = self.about.containers[usize::from(index)].cost.map_or(0.0, |cost| cost.cpu);
        own + self.miss(index).map_or(0.0, |(cache, miss)| miss * cache.miss_cpu)
    }

    /// The cache that a container holds, and the share of requests that miss it.
    fn miss(&self, index: u8) -> Option<(&Cache, f64)> {
        let cache = self.about.cache.as_ref().filter(|_| index == self.about.serving)?;
        Some((cache, 1.0 - self.hit?))
    }

    /// What becomes of the requests; `cores` says what each container may use.
    pub(super) fn flow(&self, cores: impl Fn(u8) -> f64) -> Flow {
        if !self.alive {
            return Flow { dead: self.rate, ..Flow::default() };
        }
        let (mut share, mut time) = (1.0_f64, 0.0);
        for index in 0..self.about.containers.len() as u8 {
            let seconds = self.seconds(index);
            if self.about.containers[usize::from(index)].in_path && seconds > 0.0 {
                let cores = cores(index);
                let busy = self.rate * seconds / cores;
                share = share.min(1.0 / busy.max(1.0));
                time += seconds / cores.min(1.0) / (1.0 - busy.min(BUSY_MAX));
            }
        }
        let served = self.rate * share;
        let (mean, worst) = self
            .miss(self.about.serving)
            .map_or((0.0, 0.0), |(cache, miss)| (miss * cache.miss_latency, if miss > 0.01 { cache.miss_latency } else { 0.0 }));
        Flow { served, dead: 0.0, saturated: self.rate - served, latency: self.base + time + mean, tail: self.base + time * TAIL + worst }
    }

    /// What a container that is up uses, with `cores` to use; `None` if requests cost it nothing.
    pub(super) fn used(&self, index: u8, flow: &Flow, cores: f64) -> Option<Use> {
        let cost = self.about.containers[usize::from(index)].cost?;
        let rate = if self.reaches(index) { self.rate } else { 0.0 };
        let cpu = (rate * self.seconds(index) * 1e6 + cost.idle_cpu as f64).min(cores * 1e6);
        let concurrent = flow.served.min(rate) * flow.latency;
        let memory = cost.idle_memory as f64 + cost.memory_per_concurrent * concurrent + cost.memory_per_rate * rate;
        Some(Use { cpu: cpu.round() as u64, memory: memory.round() as u64 })
    }

    /// True if requests reach a container: all of a Pod that lives; of a dead one, what stands before the serving container.
    fn reaches(&self, index: u8) -> bool {
        self.alive || (self.about.containers[usize::from(index)].in_path && index != self.about.serving)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Cost, Pace, Part};
    use crate::table::WorkloadId;

    fn part(millis: f64, in_path: bool) -> Part {
        Part { in_path, cost: Some(Cost { cpu: millis / 1e3, idle_cpu: 1_000, ..Cost::default() }) }
    }

    fn destination(parts: Vec<Part>, cache: Option<Cache>) -> Destination {
        Destination { workload: WorkloadId(0), containers: parts, serving: 0, cache }
    }

    fn target(about: &Destination, rate: f64) -> Target<'_> {
        Target { about, rate, alive: true, hit: None, base: 0.001 }
    }

    #[test]
    fn latency_follows_processor_sharing_up_to_saturation_and_the_rest_is_shed() {
        // 2 ms of one core: saturated at 500 requests a second.
        let about = destination(vec![part(2.0, true)], None);
        for (rate, served, latency) in [(1.0, 1.0, 0.003_004), (250.0, 250.0, 0.005), (500.0, 500.0, 0.201), (1_000.0, 500.0, 0.201)] {
            let flow = target(&about, rate).flow(|_| 1.0);
            assert!((flow.served - served).abs() < 1e-9 && (flow.latency - latency).abs() < 1e-6, "{rate}: {flow:?}");
            assert!((flow.served + flow.saturated - rate).abs() < 1e-9);
        }
    }

    #[test]
    fn half_a_core_takes_twice_as_long_and_saturates_at_half_the_rate() {
        let about = destination(vec![part(2.0, true)], None);
        let flow = target(&about, 125.0).flow(|_| 0.5);
        assert!((flow.latency - 0.009).abs() < 1e-9, "{flow:?}");
        assert!((target(&about, 500.0).flow(|_| 0.5).served - 250.0).abs() < 1e-9);
    }

    #[test]
    fn a_log_collector_costs_cpu_but_stands_in_no_requests_way() {
        let about = destination(vec![part(2.0, true), part(50.0, false)], None);
        let target = target(&about, 100.0);
        let flow = target.flow(|_| 1.0);
        assert!((flow.served - 100.0).abs() < 1e-9 && (flow.latency - 0.003_5).abs() < 1e-9);
        assert_eq!(target.used(0, &flow, 1.0).unwrap().cpu, 201_000);
        assert_eq!(target.used(1, &flow, 1.0).unwrap().cpu, 1_000_000);
    }

    #[test]
    fn a_proxy_still_works_for_requests_that_a_dead_app_fails() {
        let about = destination(vec![part(2.0, true), part(0.2, true)], None);
        let dead = Target { alive: false, ..target(&about, 100.0) };
        let flow = dead.flow(|_| 1.0);
        assert_eq!((flow.served, flow.dead), (0.0, 100.0));
        assert_eq!((dead.used(0, &flow, 1.0).unwrap().cpu, dead.used(1, &flow, 1.0).unwrap().cpu), (1_000, 21_000));
    }

    #[test]
    fn misses_cost_cpu_and_latency() {
        let cache = Cache { start: 0.0, warm: 1.0, pace: Pace::Age(1.0), miss_cpu: 0.008, miss_latency: 0.1, ready_at: None };
        let about = destination(vec![part(2.0, true)], Some(cache));
        let target = Target { hit: Some(0.75), ..target(&about, 100.0) };
        let flow = target.flow(|_| 1.0);
        // 2 ms + a quarter of 8 ms; busy to 0.4; a quarter of 100 ms.
        assert!((flow.latency - (0.001 + 0.004 / 0.6 + 0.025)).abs() < 1e-9);
        assert_eq!(target.used(0, &flow, 1.0).unwrap().cpu, 401_000);
    }
}
