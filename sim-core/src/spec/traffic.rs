//! Traffic: requests a second to the Pods of a workload, what a request costs, and caches that warm while they serve.
//!
//! No request is an event. Rates and loads are levels; caches warm along a curve whose integral is known.

use super::distribution::Distribution;
use crate::table::WorkloadId;
use crate::units::{SimSpan, SimTime};
use std::f64::consts::TAU;

/// Seconds in a day.
const DAY: f64 = 86_400.0;

/// Requests to one service, or to many alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// Its name in the scenario.
    pub name: String,
    /// Workloads whose Pods serve it; none of them serves another traffic.
    pub to: Vec<Destination>,
    /// True if all instances are one service; else each instance of a Deployment is a service of its own with this rate.
    pub together: bool,
    /// Offered requests a second.
    pub rate: Rate,
    /// A random factor on the rate.
    pub noise: Option<RateNoise>,
    /// How often a rate that follows the day is looked at; in between it counts as its mean.
    pub step: SimSpan,
    /// Latency of a request apart from the CPU time that it takes, in seconds.
    pub latency: f64,
    /// From a change of a Pod's readiness to all clients' acting on it (endpoint slices, kube-proxy), in seconds.
    pub propagation: Distribution,
}

/// A workload that serves.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// The workload.
    pub workload: WorkloadId,
    /// Its containers' parts, in template order.
    pub containers: Vec<Part>,
    /// Which container serves (and holds the cache).
    pub serving: u8,
    /// Its cache.
    pub cache: Option<Cache>,
}

/// What a container has to do with requests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// True if requests pass through it: they fail while it is down, and wait while it is busy.
    pub in_path: bool,
    /// What requests cost it; `None` leaves its use to its behaviour.
    pub cost: Option<Cost>,
}

/// What requests cost a container. Its use is this and nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// CPU time of a request, in seconds of one core.
    pub cpu: f64,
    /// Memory that a request holds while it is in the Pod, in bytes.
    pub memory_per_concurrent: f64,
    /// Memory for each request a second, in bytes.
    pub memory_per_rate: f64,
    /// CPU without any request, in microcores.
    pub idle_cpu: u64,
    /// Memory without any request, in bytes.
    pub idle_memory: u64,
}

/// A cache whose hit rate goes from `start` to `warm`: `warm − (warm − start) · exp(−x)`, where `x` is how much it has warmed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cache {
    /// Hit rate after a start, 0 to 1: cold, or as an init container preloaded it.
    pub start: f64,
    /// Hit rate that it tends to, 0 to 1.
    pub warm: f64,
    /// What warms it.
    pub pace: Pace,
    /// CPU time that a miss costs the serving container, in seconds of one core.
    pub miss_cpu: f64,
    /// Latency that a miss adds, in seconds.
    pub miss_latency: f64,
    /// Hit rate at which the container begins to pass its probes.
    pub ready_at: Option<f64>,
}

/// What warms a cache.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Age: so many seconds for each factor `e`.
    Age(f64),
    /// Requests: so many for each factor `e`, with so many a second of shadow traffic until the Pod is an endpoint.
    Requests {
        /// Requests for each factor `e`.
        count: f64,
        /// Shadow requests a second.
        shadow: f64,
    },
}

impl Cache {
    /// The hit rate of a cache that has warmed by `x`.
    pub fn hit(&self, x: f64) -> f64 {
        self.warm - (self.warm - self.start) * (-x).exp()
    }

    /// The mean hit rate while it warms from `x` by `by`.
    pub fn mean_hit(&self, x: f64, by: f64) -> f64 {
        let damp = if by > 1e-9 { -(-by).exp_m1() / by } else { 1.0 - by / 2.0 };
        self.warm - (self.warm - self.start) * (-x).exp() * damp
    }

    /// How much it must warm to reach `hit`; infinite if it never does.
    pub fn warmth_at(&self, hit: f64) -> f64 {
        if hit <= self.start {
            return 0.0;
        }
        if hit < self.warm { ((self.warm - self.start) / (self.warm - hit)).ln() } else { f64::INFINITY }
    }

    /// How fast it warms, a second, while it serves `rate` requests a second.
    pub fn speed(&self, rate: f64) -> f64 {
        match self.pace {
            Pace::Age(secs) => 1.0 / secs,
            Pace::Requests { count, .. } => rate / count,
        }
    }

    /// How fast it warms, a second, before its Pod is an endpoint.
    pub fn shadow_speed(&self) -> f64 {
        match self.pace {
            Pace::Age(secs) => 1.0 / secs,
            Pace::Requests { count, shadow } => shadow / count,
        }
    }

    /// From the serving container's being up to the hit rate at which it passes its probes; the longest span if that never comes.
    pub fn warm_up(&self) -> SimSpan {
        let warmth = self.ready_at.map_or(0.0, |hit| self.warmth_at(hit));
        if warmth > 0.0 { SimSpan::from_secs_f64(warmth / self.shadow_speed()) } else { SimSpan::ZERO }
    }
}

/// Offered requests a second as a function of time.
#[derive(Clone, Debug, PartialEq)]
pub enum Rate {
    /// Always the same.
    Constant(f64),
    /// `mean · (1 + amplitude · sin(2π (t − rise) / 24 h))`.
    Daily {
        /// Mean rate.
        mean: f64,
        /// 0 to 1.
        amplitude: f64,
        /// Seconds after midnight at which the rate rises through its mean; the run starts at midnight.
        rise: f64,
    },
    /// From each instant on, so much; nothing before the first. In order of time.
    Steps(Vec<(SimTime, f64)>),
}

impl Rate {
    /// The mean rate from `from` to `to`, between which no step lies.
    pub fn mean(&self, from: SimTime, to: SimTime) -> f64 {
        match self {
            Self::Constant(rate) => *rate,
            Self::Daily { mean, amplitude, rise } => mean * (1.0 + amplitude * mean_sine(*rise, from, to)),
            Self::Steps(steps) => steps.iter().take_while(|(at, _)| *at <= from).last().map_or(0.0, |(_, rate)| *rate),
        }
    }

    /// When it changes next after `now`, where a curve is looked at every `step`.
    pub fn next_change(&self, now: SimTime, step: SimSpan) -> SimTime {
        match self {
            Self::Constant(_) => SimTime::MAX,
            Self::Daily { .. } => next_multiple(now, step),
            Self::Steps(steps) => steps.iter().map(|(at, _)| *at).find(|at| *at > now).unwrap_or(SimTime::MAX),
        }
    }
}

/// The mean of the day's sine between two times.
fn mean_sine(rise: f64, from: SimTime, to: SimTime) -> f64 {
    let angle = |at: SimTime| TAU * (at.as_secs_f64() - rise) / DAY;
    let width = angle(to) - angle(from);
    if width > 1e-6 { (angle(from).cos() - angle(to).cos()) / width } else { angle(from).sin() }
}

/// The first multiple of `step` after `now`.
pub fn next_multiple(now: SimTime, step: SimSpan) -> SimTime {
    let step = step.as_nanos().max(1);
    SimTime::from_nanos((now.as_nanos() / step).saturating_add(1).saturating_mul(step))
}

/// A factor `exp(x − var(x) / 2)` of mean 1, where `x` is a stationary AR(1) process: every `step`, `x ← phi · x + sigma · N(0, 1)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateNoise {
    /// How long each value holds.
    pub step: SimSpan,
    /// Standard deviation of an innovation.
    pub sigma: f64,
    /// From 0 to below 1.
    pub phi: f64,
}

impl RateNoise {
    /// The variance of `x`.
    pub fn variance(&self) -> f64 {
        self.sigma * self.sigma / (1.0 - self.phi * self.phi)
    }

    /// The factor at `x`.
    pub fn factor(&self, x: f64) -> f64 {
        (x - self.variance() / 2.0).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(pace: Pace) -> Cache {
        Cache { start: 0.1, warm: 0.9, pace, miss_cpu: 0.0, miss_latency: 0.0, ready_at: Some(0.8) }
    }

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs(secs)
    }

    #[test]
    fn the_mean_hit_rate_is_the_integral_of_the_curve() {
        let cache = cache(Pace::Age(100.0));
        for (from, by) in [(0.0, 0.5), (1.0, 3.0), (0.3, 1e-10)] {
            let steps = 20_000;
            let sampled: f64 = (0..steps).map(|step| cache.hit(from + by * (f64::from(step) + 0.5) / f64::from(steps))).sum();
            assert!((cache.mean_hit(from, by) - sampled / f64::from(steps)).abs() < 1e-8, "{from} {by}");
        }
    }

    #[test]
    fn a_cache_is_warm_enough_when_the_curve_says() {
        // 0.8 = 0.9 − 0.8 · exp(−x): x = ln 8.
        let by_age = cache(Pace::Age(100.0)).warm_up().as_secs_f64();
        let by_requests = cache(Pace::Requests { count: 10_000.0, shadow: 50.0 }).warm_up().as_secs_f64();
        assert!((by_age - 100.0 * 8f64.ln()).abs() < 1e-6 && (by_requests - 200.0 * 8f64.ln()).abs() < 1e-6);
        assert_eq!(Cache { start: 0.85, ..cache(Pace::Age(100.0)) }.warm_up(), SimSpan::ZERO);
        assert_eq!(Cache { ready_at: Some(0.9), ..cache(Pace::Age(100.0)) }.warm_up(), SimSpan::MAX);
    }

    #[test]
    fn a_day_of_a_daily_rate_is_as_much_as_its_mean() {
        let rate = Rate::Daily { mean: 100.0, amplitude: 0.4, rise: 32_400.0 };
        assert!((rate.mean(at(0), at(86_400)) - 100.0).abs() < 1e-9);
        let minutes: f64 = (0..1_440).map(|minute| rate.mean(at(minute * 60), at(minute * 60 + 60))).sum();
        assert!((minutes / 1_440.0 - 100.0).abs() < 1e-9 && (rate.mean(at(54_000), at(54_060)) - 140.0).abs() < 1e-2);
    }

    #[test]
    fn steps_hold_until_the_next() {
        let rate = Rate::Steps(vec![(at(10), 100.0), (at(20), 400.0)]);
        let cases = [(0, 0.0, at(10)), (10, 100.0, at(20)), (15, 100.0, at(20)), (20, 400.0, SimTime::MAX)];
        for (now, want, next) in cases {
            assert_eq!((rate.mean(at(now), at(now + 1)), rate.next_change(at(now), SimSpan::ZERO)), (want, next));
        }
    }
}
