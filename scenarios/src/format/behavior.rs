//! `spec.behaviors`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Law;
use crate::text::decode::At;
use crate::values::written::{Amount, Number, Time, Written};

/// What containers do once they run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Behavior")]
pub(crate) struct BehaviorFile {
    /// Which containers; all that is given must match.
    #[serde(default)]
    pub(crate) select: At<Select>,
    /// How long the container runs until it exits by itself.
    pub(crate) run: Option<Law<Time>>,
    /// Share of such exits with a non-zero code, 0 to 1.
    pub(crate) failure: Option<Written<Number>>,
    /// Time from start to a crash.
    pub(crate) crash: Option<Law<Time>>,
    /// Exit code of a crash or a failed run. Default 1.
    #[schemars(range(min = 1))]
    pub(crate) failure_exit: Option<At<u8>>,
    /// A hang: the process stays but fails its probes.
    pub(crate) hang: Option<HangFile>,
    /// From start until it passes its probes.
    pub(crate) ready: Option<Law<Time>>,
    /// From SIGTERM to exit.
    pub(crate) shutdown: Option<Law<Time>>,
    /// Exit code on SIGTERM.
    pub(crate) shutdown_exit: Option<u8>,
    /// How long its `postStart` handler takes, where it has one that is no `sleep`.
    pub(crate) post_start: Option<Law<Time>>,
    /// Share of `postStart` handlers that fail, 0 to 1.
    pub(crate) post_start_failure: Option<Written<Number>>,
    /// How long its `preStop` handler takes, where it has one that is no `sleep`.
    pub(crate) pre_stop: Option<Law<Time>>,
    /// True if the run is work for a processor: it takes longer where the container gets less CPU than it wants. Default false.
    pub(crate) cpu_bound: Option<bool>,
    /// What it uses.
    pub(crate) usage: Option<UsageFile>,
}

/// Which containers; all that is given must match.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Select {
    /// Name of the workload.
    pub(crate) workload: Option<String>,
    /// Name of the Pod, or of the object whose template it is.
    pub(crate) pod_name: Option<String>,
    /// Name of the container.
    pub(crate) container_name: Option<String>,
    /// Image as in the manifest.
    pub(crate) image: Option<String>,
    /// Labels of the Pod.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    /// The container's part in its Pod.
    pub(crate) role: Option<Role>,
}

impl Default for At<Select> {
    fn default() -> Self {
        Self { value: Select::default(), span: crate::text::source::Span::default() }
    }
}

/// A container's part in its Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Role {
    /// The container that the Pod is for: the one named by `kubectl.kubernetes.io/default-container`, else the first.
    Main,
    /// What accompanies it: native sidecars and the other regular containers.
    Sidecar,
    /// Ordinary init containers.
    Init,
}

/// A hang.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Hang")]
pub(crate) struct HangFile {
    /// Time from start to the hang.
    pub(crate) after: Law<Time>,
    /// How long it lasts if no restart ends it.
    pub(crate) lasts: Law<Time>,
}

/// What a container uses while it runs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Usage")]
pub(crate) struct UsageFile {
    /// CPU.
    pub(crate) cpu: Option<LevelFile>,
    /// Memory.
    pub(crate) memory: Option<LevelFile>,
    /// How CPU use goes with the time of day.
    pub(crate) shape: Option<ShapeFile>,
    /// A recorded course that CPU use follows besides.
    pub(crate) trace: Option<At<TraceFile>>,
    /// Random fluctuation of CPU use besides.
    pub(crate) noise: Option<At<NoiseFile>>,
    /// How use goes with the container's age.
    pub(crate) phases: Option<At<Vec<PhaseFile>>>,
    /// Memory that it never gives back.
    pub(crate) leak: Option<GrowthFile>,
    /// What it writes to its node's disk: logs, its writable layer.
    pub(crate) writes: Option<WritesFile>,
}

/// A recorded course: a factor on the level by simulated time, straight between points.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "UsageTrace")]
pub(crate) struct TraceFile {
    /// Points, ascending in time.
    pub(crate) points: Vec<TracePointFile>,
    /// The course begins again after this time.
    pub(crate) repeat: Option<Written<Time>>,
}

/// A point of a course.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "UsageTracePoint")]
pub(crate) struct TracePointFile {
    /// Time since the start of the run.
    pub(crate) at: Written<Time>,
    /// Factor on the level, 0 or more.
    pub(crate) factor: Written<Number>,
}

/// Random fluctuation that remembers: AR(1) on the logarithm of the factor.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "UsageNoise")]
pub(crate) struct NoiseFile {
    /// Time between two values. Default 5m.
    pub(crate) step: Option<Written<Time>>,
    /// Correlation from one step to the next, 0 or more, below 1. Default 0.9.
    pub(crate) phi: Option<Written<Number>>,
    /// Standard deviation of what is new at each step. Default 0.15.
    pub(crate) sigma: Option<Written<Number>>,
    /// How many series containers are dealt to, 1 to 256. Default 16.
    pub(crate) series: Option<u16>,
}

/// How much a container uses from some age on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "UsagePhase")]
pub(crate) struct PhaseFile {
    /// Age at which it begins.
    pub(crate) after: Written<Time>,
    /// Factor on CPU use. Default 1.
    pub(crate) cpu: Option<Written<Number>>,
    /// Factor on memory use. Default 1.
    pub(crate) memory: Option<Written<Number>>,
}

/// Growth at a rate that is drawn at each start.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Growth")]
pub(crate) struct GrowthFile {
    /// So much in each second.
    pub(crate) per_second: Law<Amount>,
    /// Age at which it begins. Default 0s.
    pub(crate) after: Option<Written<Time>>,
}

/// A level of use, drawn at each start.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Level")]
pub(crate) enum LevelFile {
    /// A share of the container's request.
    OfRequest(Law<Number>),
    /// An amount.
    Absolute(Law<Amount>),
}

/// How CPU use goes with the time of day.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Shape")]
pub(crate) enum ShapeFile {
    /// Always the same.
    Flat,
    /// `1 + amplitude · sin(2π (t − rise) / 24 h)`.
    Daily {
        /// 0 to 1.
        amplitude: Written<Number>,
        /// Time of day at which the curve rises through 1. Default 9h.
        rise: Option<Written<Time>>,
    },
}

/// Growth at a rate that is drawn at each start.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Writes")]
pub(crate) struct WritesFile {
    /// So much in each second.
    pub(crate) per_second: Law<Amount>,
}
