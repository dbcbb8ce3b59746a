//! Behaviours: what a manifest cannot say. How long a container runs, how much it uses, how often it fails.

use super::distribution::Distribution;
use crate::units::SimSpan;

/// What a container does once it runs. Times are drawn in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Behavior {
    /// How long it runs until it exits by itself; `None` runs until it is stopped.
    pub run: Option<Distribution>,
    /// Share of such exits, 0 to 1, with a non-zero code.
    pub failure: f64,
    /// Time from start to a crash (non-zero exit), drawn anew at each start; `None` never crashes.
    pub crash: Option<Distribution>,
    /// Exit code of a crash or a failed run.
    pub failure_exit: u8,
    /// A hang: the process stays but fails its health checks.
    pub hang: Option<Hang>,
    /// From start until it can serve (passes its checks).
    pub ready: Distribution,
    /// From then until its cache is warm enough for its probes to pass; what traffic to it says.
    pub warm_up: SimSpan,
    /// From SIGTERM to exit; cut by the grace period's SIGKILL.
    pub shutdown: Distribution,
    /// Exit code on SIGTERM: 0 if it is handled, 143 if not.
    pub shutdown_exit: u8,
    /// How long its `postStart` handler takes, where it has one that is no `sleep`.
    pub post_start: Distribution,
    /// Share of `postStart` handlers, 0 to 1, that fail.
    pub post_start_failure: f64,
    /// How long its `preStop` handler takes, where it has one that is no `sleep`.
    pub pre_stop: Distribution,
    /// True if the run is work for a processor: it takes longer where the container gets less CPU than it wants.
    pub cpu_bound: bool,
    /// What it uses while it runs.
    pub usage: Usage,
}

/// A hang that no exit ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Hang {
    /// Time from start to the hang.
    pub after: Distribution,
    /// How long it lasts if no restart ends it.
    pub lasts: Distribution,
}

/// What a container uses while it runs. Both levels are drawn once per container start.
#[derive(Clone, Debug, PartialEq)]
pub struct Usage {
    /// Level of CPU use.
    pub cpu: Level,
    /// Level of memory use (working set).
    pub memory: Level,
    /// How CPU use goes with the time of day.
    pub shape: Shape,
    /// A recorded course that CPU use follows besides.
    pub trace: Option<Trace>,
    /// Random fluctuation of CPU use besides.
    pub noise: Option<Noise>,
    /// How use goes with the container's age, in order of age; before the first, factors are 1.
    pub phases: Vec<Phase>,
    /// Memory that it never gives back: bytes per second.
    pub leak: Option<Growth>,
    /// What it writes to its node's disk (logs, its writable layer) from its start on: bytes per second.
    pub writes: Option<Growth>,
}

/// A recorded course: a factor on the level by simulated time, straight between points, read once a minute.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Seconds since the start of the run, ascending, and factors of 0 or more. Before the first point and after the last it stays.
    pub points: Vec<(f64, f64)>,
    /// The course begins again after so many seconds.
    pub repeat: Option<f64>,
}

impl Trace {
    /// The factor `secs` seconds after the start of the run.
    pub fn at(&self, secs: f64) -> f64 {
        let secs = self.repeat.map_or(secs, |period| secs % period);
        let next = self.points.partition_point(|(at, _)| *at <= secs);
        match (next.checked_sub(1).and_then(|before| self.points.get(before)), self.points.get(next)) {
            (Some((from, low)), Some((to, high))) => low + (high - low) * (secs - from) / (to - from),
            (Some((_, factor)), None) | (None, Some((_, factor))) => *factor,
            (None, None) => 1.0,
        }
    }

    /// The largest factor.
    pub fn most(&self) -> f64 {
        self.points.iter().map(|(_, factor)| *factor).fold(0.0, f64::max)
    }
}

/// Random fluctuation that remembers: the logarithm of the factor is `x ← phi · x + N(0, sigma²)` at every step, cut at three standard
/// deviations; the factor's mean is 1. A few such series are kept for each behaviour, and each container start follows one of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Time between two values.
    pub step: SimSpan,
    /// Correlation from one step to the next, 0 or more, below 1.
    pub phi: f64,
    /// Standard deviation of what is new at each step.
    pub sigma: f64,
    /// How many series there are, 1 to 256.
    pub series: u16,
}

impl Noise {
    /// Standard deviation of the factor's logarithm.
    pub fn deviation(&self) -> f64 {
        self.sigma / libm::sqrt(1.0 - self.phi * self.phi)
    }

    /// The factor where its logarithm, before it is centred, is `x`.
    pub fn factor(&self, x: f64) -> f64 {
        let deviation = self.deviation();
        libm::exp(x.clamp(-3.0 * deviation, 3.0 * deviation) - deviation * deviation / 2.0)
    }
}

/// How much a container uses from some age on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Phase {
    /// Age at which it begins.
    pub after: SimSpan,
    /// Factor on the level of CPU use.
    pub cpu: f64,
    /// Factor on the level of memory use.
    pub memory: f64,
}

/// Growth at a rate that is drawn at each start.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// Bytes per second.
    pub rate: Distribution,
    /// Age at which it begins.
    pub after: SimSpan,
}

/// A level of use.
#[derive(Clone, Debug, PartialEq)]
pub enum Level {
    /// A share of the container's request.
    OfRequest(Distribution),
    /// Millicores or bytes.
    Absolute(Distribution),
}

/// A factor on the level as a function of the time of day; its mean is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// Always 1.
    Flat,
    /// `1 + amplitude · sin(2π (t − rise) / 24 h)`.
    Daily {
        /// 0 to 1.
        amplitude: f64,
        /// Seconds after midnight at which the curve rises through 1; the run starts at midnight.
        rise: f64,
    },
}

impl Shape {
    /// The factor `secs` seconds after the start of the run.
    pub fn at(self, secs: f64) -> f64 {
        match self {
            Self::Flat => 1.0,
            Self::Daily { amplitude, rise } => 1.0 + amplitude * (std::f64::consts::TAU * (secs - rise) / 86_400.0).sin(),
        }
    }

    /// The largest factor.
    pub fn most(self) -> f64 {
        match self {
            Self::Flat => 1.0,
            Self::Daily { amplitude, .. } => 1.0 + amplitude,
        }
    }
}

impl Default for Behavior {
    /// Runs until stopped, ready at once, leaves in half a second with exit code 0, uses 30 % of its CPU and 45 % of its memory request.
    fn default() -> Self {
        Self {
            run: None,
            failure: 0.0,
            crash: None,
            failure_exit: 1,
            hang: None,
            ready: Distribution::Constant(0.0),
            warm_up: SimSpan::ZERO,
            shutdown: Distribution::Constant(0.5),
            shutdown_exit: 0,
            post_start: Distribution::Constant(0.0),
            post_start_failure: 0.0,
            pre_stop: Distribution::Constant(0.0),
            cpu_bound: false,
            usage: Usage {
                cpu: Level::OfRequest(Distribution::Constant(0.30)),
                memory: Level::OfRequest(Distribution::Constant(0.45)),
                shape: Shape::Flat,
                trace: None,
                noise: None,
                phases: Vec::new(),
                leak: None,
                writes: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_straight_between_its_points_and_may_begin_again() {
        let once = Trace { points: vec![(10.0, 1.0), (20.0, 3.0)], repeat: None };
        let again = Trace { repeat: Some(40.0), ..once.clone() };
        #[rustfmt::skip]
        let table = [(0.0, 1.0, 1.0), (10.0, 1.0, 1.0), (15.0, 2.0, 2.0), (20.0, 3.0, 3.0), (39.0, 3.0, 3.0), (55.0, 3.0, 2.0)];
        for (secs, want, repeated) in table {
            assert_eq!((once.at(secs), again.at(secs)), (want, repeated), "at {secs} s");
        }
        assert!((once.most() - 3.0).abs() < 1e-12);
    }

    #[test]
    fn the_mean_of_a_noisy_factor_is_one() {
        let noise = Noise { step: SimSpan::from_secs(300), phi: 0.9, sigma: 0.15, series: 16 };
        assert!((noise.deviation() - 0.344).abs() < 1e-3);
        let law = Distribution::LogNormal { median: 1.0, sigma: noise.deviation() };
        let draw =
            |entity| libm::log(law.sample(&mut crate::engine::random::Seed(1).stream(crate::engine::random::Purpose::Noise, entity, 0)));
        let mean = (0..20_000).map(|entity| noise.factor(draw(entity))).sum::<f64>() / 20_000.0;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
    }
}
