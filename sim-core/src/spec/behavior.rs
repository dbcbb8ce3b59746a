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
            usage: Usage {
                cpu: Level::OfRequest(Distribution::Constant(0.30)),
                memory: Level::OfRequest(Distribution::Constant(0.45)),
                shape: Shape::Flat,
            },
        }
    }
}
