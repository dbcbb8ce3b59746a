//! `spec.workloads`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Law, Object};
use crate::text::decode::At;
use crate::values::written::{Number, PerTime, Time, Written};

/// Kubernetes objects, in how many copies, and what befalls them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Workload")]
pub(crate) struct WorkloadFile {
    /// The workload's name.
    pub(crate) name: At<String>,
    /// Manifest files, relative to the scenario's folder.
    #[serde(default)]
    pub(crate) manifests: Vec<At<String>>,
    /// Objects written here.
    #[serde(default)]
    #[expect(dead_code, reason = "read from the tree, which knows places")]
    pub(crate) objects: Vec<Object>,
    /// Copies of the objects that are there from the start. Default 1.
    pub(crate) instances: Option<At<u64>>,
    /// Copies arrive instead of being there from the start.
    pub(crate) arrivals: Option<At<ArrivalsFile>>,
    /// Replica counts of the copies of a Deployment, in place of the manifest's.
    pub(crate) replicas: Option<At<ReplicasFile>>,
    /// New versions of a Deployment.
    pub(crate) releases: Option<At<ReleasesFile>>,
    /// Changes of a Deployment's replica count.
    #[serde(default)]
    pub(crate) scaling: Vec<At<ScalingFile>>,
    /// Age at which a Pod is deleted from outside (and replaced where a controller keeps it).
    pub(crate) lifetime: Option<Law<Time>>,
    /// A Pod that is not bound within this span is withdrawn.
    pub(crate) give_up_after: Option<Written<Time>>,
}

/// When copies arrive.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Arrivals")]
pub(crate) enum ArrivalsFile {
    /// Exponential gaps.
    Poisson {
        /// Mean rate.
        rate: Written<PerTime>,
    },
    /// A Poisson process whose rate follows the day: `rate · (1 + amplitude · sin(2π (t − rise) / 24 h))`.
    Diurnal {
        /// Mean rate.
        rate: Written<PerTime>,
        /// 0 to 1.
        amplitude: Written<Number>,
        /// Time of day at which the rate rises through its mean. The run starts at midnight. Default 9h.
        rise: Option<Written<Time>>,
    },
    /// Several copies at once.
    Bursts {
        /// Mean rate of bursts.
        rate: Written<PerTime>,
        /// Copies in a burst.
        size: Law<Number>,
    },
    /// A renewal process.
    Renewal {
        /// The gap between arrivals.
        gap: Law<Time>,
    },
    /// At given times after the start.
    At(Vec<Written<Time>>),
}

/// Replica counts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Replicas")]
pub(crate) struct ReplicasFile {
    /// Law of the count of one copy, rounded, at least 1.
    pub(crate) law: Law<Number>,
    /// Pods of all copies together; counts are scaled to it.
    pub(crate) total: Option<At<u64>>,
}

/// New versions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Releases")]
pub(crate) struct ReleasesFile {
    /// Gap between releases of one copy.
    pub(crate) every: Law<Time>,
    /// Share of the image's bytes that a release changes and nodes must pull again. Default 0.2.
    pub(crate) new_bytes: Option<Written<Number>>,
}

/// A change of the replica count: `at` or `every`, and `replicas` or `factor`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Scaling")]
pub(crate) struct ScalingFile {
    /// Once, this long after the start.
    pub(crate) at: Option<Written<Time>>,
    /// Again and again, with such gaps.
    pub(crate) every: Option<Law<Time>>,
    /// To this count.
    pub(crate) replicas: Option<At<u32>>,
    /// To the initial count times this.
    pub(crate) factor: Option<Law<Number>>,
}
