//! `spec.traffic`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::law::bare;
use super::{Law, Role};
use crate::text::decode::At;
use crate::values::written::{Amount, Number, PerTime, Time, Written};

/// Requests to the Pods of a workload.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Traffic")]
pub(crate) struct TrafficFile {
    /// Its name.
    pub(crate) name: At<String>,
    /// Which Pods serve it.
    pub(crate) to: At<ToFile>,
    /// Whether copies of the workload are services of their own, each with this rate (the default), or one service together.
    pub(crate) instances: Option<Spread>,
    /// Requests offered.
    pub(crate) rate: At<RateFile>,
    /// A random factor on the rate.
    pub(crate) noise: Option<At<RateNoiseFile>>,
    /// How often a rate that follows the day is looked at. Default 1m.
    pub(crate) step: Option<Written<Time>>,
    /// Latency of a request apart from the CPU time that it takes. Default 0.
    pub(crate) latency: Option<Written<Time>>,
    /// What requests cost containers; the first entry that selects a container counts.
    #[serde(default)]
    pub(crate) per_request: Vec<At<CostFile>>,
    /// A cache in the container that serves.
    pub(crate) cache: Option<At<CacheFile>>,
    /// From a change of readiness to all clients' acting on it. Default: lognormal, median 200ms, sigma 0.8.
    pub(crate) propagation: Option<Law<Time>>,
}

/// Which Pods serve.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "TrafficTarget")]
pub(crate) struct ToFile {
    /// Name of the workload.
    pub(crate) workload: At<String>,
    /// Labels of the Pods, where a workload has several objects.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

/// Services of a workload in several copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TrafficInstances")]
pub(crate) enum Spread {
    /// Each copy of a Deployment is a service of its own.
    Each,
    /// One service.
    Together,
}

/// Requests a second; a bare rate is constant.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RequestRate", transform = bare)]
pub(crate) enum RateFile {
    /// Always the same.
    Constant(Written<PerTime>),
    /// `rate · (1 + amplitude · sin(2π (t − rise) / 24 h))`.
    Daily {
        /// Mean rate.
        rate: Written<PerTime>,
        /// 0 to 1.
        amplitude: Written<Number>,
        /// Time of day at which the rate rises through its mean. The run starts at midnight. Default 9h.
        rise: Option<Written<Time>>,
    },
    /// From each time after the start on, so much; nothing before the first.
    Steps(Vec<(Written<Time>, Written<PerTime>)>),
}

/// A factor of mean 1 whose logarithm is a stationary AR(1) process.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "RequestNoise")]
pub(crate) struct RateNoiseFile {
    /// How long each value holds. Default 5m.
    pub(crate) step: Option<Written<Time>>,
    /// Standard deviation of an innovation. Default 0.15.
    pub(crate) sigma: Option<Written<Number>>,
    /// Correlation from step to step, from 0 to below 1. Default 0.9.
    pub(crate) phi: Option<Written<Number>>,
}

/// What requests cost a container.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RequestCost")]
pub(crate) struct CostFile {
    /// Name of the container.
    pub(crate) container_name: Option<String>,
    /// The container's part in its Pod.
    pub(crate) role: Option<Role>,
    /// CPU time of a request, of one core. Default 0.
    pub(crate) cpu: Option<Written<Time>>,
    /// Memory that a request holds while it is in the Pod. Default 0.
    pub(crate) memory_per_concurrent: Option<Written<Amount>>,
    /// Memory for each request a second. Default 0.
    pub(crate) memory_per_rate: Option<Written<Amount>>,
    /// CPU without any request. Default 0.
    pub(crate) idle_cpu: Option<Written<Amount>>,
    /// Memory without any request. Default 0.
    pub(crate) idle_memory: Option<Written<Amount>>,
    /// Whether requests pass through it, and fail while it is down. Default: true for main containers alone.
    pub(crate) in_path: Option<bool>,
}

/// A cache whose hit rate goes from `cold` to `warm`, the gap shrinking exponentially.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RequestCache")]
pub(crate) struct CacheFile {
    /// Hit rate of an empty cache. Default 0.
    pub(crate) cold: Option<Written<Number>>,
    /// Hit rate that it tends to.
    pub(crate) warm: Written<Number>,
    /// What warms it.
    pub(crate) warm_by: PaceFile,
    /// CPU time that a miss costs. Default 0.
    pub(crate) miss_cpu: Option<Written<Time>>,
    /// Latency that a miss adds. Default 0.
    pub(crate) miss_latency: Option<Written<Time>>,
    /// Hit rate at which the container begins to pass its probes.
    pub(crate) ready_at_hit_rate: Option<Written<Number>>,
    /// Init container that fills the cache, where the Pod has it. It stays filled while the Pod lives.
    pub(crate) preloaded_by: Option<At<String>>,
    /// Hit rate of a preloaded cache. Default: `warm`.
    pub(crate) preloaded: Option<Written<Number>>,
}

/// What warms a cache: its gap shrinks by a factor `e` in this time, or in so many requests.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CachePace")]
pub(crate) enum PaceFile {
    /// Age of the process.
    Age(Written<Time>),
    /// Requests served.
    Requests {
        /// How many.
        count: Written<Number>,
        /// Shadow traffic to a Pod until it is an endpoint. Default none.
        shadow: Option<Written<PerTime>>,
    },
}
