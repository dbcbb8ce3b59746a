//! Workloads: who submits Pods, when, and who keeps them.

use super::distribution::Distribution;
use crate::table::TemplateId;
use crate::units::{SimSpan, SimTime};

/// A kind of object of the scenario, in one or many copies (instances).
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    /// Name in the scenario, with the object's name where a workload has several.
    pub name: String,
    /// What each Pod is.
    pub template: TemplateId,
    /// Who keeps the Pods.
    pub controller: Controller,
    /// When copies appear.
    pub source: Source,
    /// Age at which a Pod is deleted from outside (and replaced where a controller keeps it); `None` for never.
    pub lifetime: Option<Distribution>,
    /// A Pod that is not bound within this span is withdrawn; `None` waits for ever.
    pub give_up_after: Option<SimSpan>,
}

/// When copies of a workload appear.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// So many copies from the start.
    Standing {
        /// Copies.
        instances: u32,
    },
    /// Copies arrive.
    Arriving(Arrivals),
}

/// An arrival process.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrivals {
    /// Exponential gaps.
    Poisson {
        /// Per second.
        rate: f64,
    },
    /// Poisson with a rate that follows the day: `rate · (1 + amplitude · sin(2π (t − rise) / 24 h))`.
    Diurnal {
        /// Mean rate per second.
        rate: f64,
        /// 0 to 1.
        amplitude: f64,
        /// Seconds after midnight at which the rate rises through its mean.
        rise: f64,
    },
    /// Poisson epochs at each of which several copies arrive at once.
    Bursts {
        /// Bursts per second.
        rate: f64,
        /// Copies in a burst, rounded, at least 1.
        size: Distribution,
    },
    /// A renewal process.
    Renewal {
        /// Gap in seconds.
        gap: Distribution,
    },
    /// Given instants.
    At(Vec<SimTime>),
}

impl Arrivals {
    /// Mean number of copies per second, or `None` where it has none (given instants).
    pub fn rate(&self) -> Option<f64> {
        match self {
            Self::Poisson { rate } | Self::Diurnal { rate, .. } => Some(*rate),
            Self::Bursts { rate, size } => Some(rate * size.mean().max(1.0)),
            Self::Renewal { gap } => Some(1.0 / gap.mean()),
            Self::At(_) => None,
        }
    }
}

/// Who keeps a workload's Pods.
#[derive(Clone, Debug, PartialEq)]
pub enum Controller {
    /// Nobody: a bare Pod is gone when it ends.
    Bare,
    /// A replica count that is kept up and rolled over at releases.
    Deployment(Deployment),
    /// Run to completion.
    Job(Job),
}

/// A Deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Replicas of each instance.
    pub replicas: Replicas,
    /// Pods above the replica count that a rollout may have.
    pub max_surge: Portion,
    /// Replicas that may be unavailable in a rollout.
    pub max_unavailable: Portion,
    /// New versions, if there are any.
    pub releases: Option<Releases>,
    /// Changes of the replica count.
    pub scaling: Vec<Scaling>,
}

/// Replica counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Replicas {
    /// The same for each instance.
    Fixed(u32),
    /// Drawn for each instance (rounded, at least 1); scaled to a total where one is given, by largest remainders.
    Drawn {
        /// Law of the count.
        law: Distribution,
        /// Pods of all instances together.
        total: Option<u32>,
    },
}

/// An `IntOrString` such as `maxSurge`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Portion {
    /// A number of Pods.
    Count(u32),
    /// Percent of the replicas.
    Percent(u32),
}

impl Portion {
    /// The number of Pods of `replicas`, a percentage rounded up (`maxSurge`).
    pub const fn round_up(self, replicas: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (replicas as u64 * percent as u64).div_ceil(100) as u32,
        }
    }

    /// The number of Pods of `replicas`, a percentage rounded down (`maxUnavailable`).
    pub const fn round_down(self, replicas: u32) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (replicas as u64 * percent as u64 / 100) as u32,
        }
    }
}

/// New versions of a Deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct Releases {
    /// Gap between releases of one instance, in seconds.
    pub every: Distribution,
    /// Share of the image's bytes, 0 to 1, that a release changes and nodes must pull again.
    pub new_bytes: f64,
}

/// A change of an instance's replica count.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// When.
    pub when: Occasion,
    /// To what.
    pub to: ScaleTo,
}

/// An occasion that comes once or again and again.
#[derive(Clone, Debug, PartialEq)]
pub enum Occasion {
    /// Once.
    At(SimTime),
    /// Again and again, with gaps in seconds.
    Every(Distribution),
}

/// What a scaling sets.
#[derive(Clone, Debug, PartialEq)]
pub enum ScaleTo {
    /// A count.
    Replicas(u32),
    /// The initial count times a factor, rounded, at least 1.
    Factor(Distribution),
}

/// A change of requests and limits that users make to containers while they run, through the subresource `resize`.
#[derive(Clone, Debug, PartialEq)]
pub struct Resize {
    /// Which containers: those that are on nodes then.
    pub containers: Vec<(TemplateId, u8)>,
    /// When.
    pub when: Occasion,
    /// The CPU request in millicores, if it changes.
    pub cpu: Option<u64>,
    /// The CPU limit in millicores, if it changes.
    pub cpu_limit: Option<u64>,
    /// The memory request in bytes, if it changes.
    pub memory: Option<u64>,
    /// The memory limit in bytes, if it changes.
    pub memory_limit: Option<u64>,
}

/// A Job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Job {
    /// Pods that must succeed.
    pub completions: u32,
    /// Pods that run at a time.
    pub parallelism: u32,
    /// Failed Pods that are retried before the Job fails.
    pub backoff_limit: u32,
}
