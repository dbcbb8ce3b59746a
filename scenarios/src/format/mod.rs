//! The scenario file as Rust types: what serde reads, what the JSON Schema is generated from.

mod behavior;
mod cluster;
mod eviction;
mod experiment;
mod fault;
mod law;
mod traffic;
mod workload;

pub(crate) use behavior::{BehaviorFile, GrowthFile, LevelFile, NoiseFile, PhaseFile, Role, Select, ShapeFile, TraceFile, UsageFile};
pub(crate) use cluster::{
    ClientFile, ClusterFile, ControlPlaneFile, ImageFile, KubeletFile, LayerFile, NetworkFile, NodeImageFile, NodePoolFile, NodeTemplate,
    RegistryFile, SchedulerFile, TaintFile, TieBreakFile,
};
pub(crate) use eviction::{CpuWeightsFile, EvictionFile, KubeletReservedFile, ProviderFile, ReservedFile};
pub(crate) use experiment::{ArmFile, CompareFile};
pub(crate) use fault::{FaultFile, FaultKindFile, MemoryPressureFile, NodeLifecycleFile, On};
pub(crate) use law::{Law, Weighted};
pub(crate) use traffic::{CacheFile, CostFile, PaceFile, RateFile, RateNoiseFile, Spread, TrafficFile};
pub(crate) use workload::{ArrivalsFile, ReleasesFile, ReplicasFile, ScalingFile, WorkloadFile};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::text::decode::At;
use crate::text::tree::Tree;
use crate::values::written::{Time, Written};

/// The `apiVersion` of a scenario.
pub(crate) const API_VERSION: &str = "podsim/v1";

/// A scenario of podsim: a cluster, what runs on it, and for how long.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "podsim scenario", rename = "Scenario")]
#[expect(dead_code, reason = "`apiVersion` and `kind` are checked before the rest is read")]
pub(crate) struct ScenarioFile {
    /// The version of the format.
    pub(crate) api_version: ApiVersion,
    /// What the file is.
    pub(crate) kind: Kind,
    /// The scenario's name.
    pub(crate) metadata: Metadata,
    /// What is simulated.
    pub(crate) spec: SpecFile,
}

/// The version of the format.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) enum ApiVersion {
    #[serde(rename = "podsim/v1")]
    V1,
}

/// What the file is.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub(crate) enum Kind {
    Scenario,
}

/// The scenario's name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(crate) struct Metadata {
    /// The name that results bear.
    pub(crate) name: String,
}

/// What is simulated.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ScenarioSpec")]
#[expect(dead_code, reason = "`objectives` are refused before they are read, `arms` and `compare` are read from the tree")]
pub(crate) struct SpecFile {
    /// Seed of every random stream. Default 1.
    pub(crate) seed: Option<u64>,
    /// Simulated time after the warm-up.
    pub(crate) duration: Written<Time>,
    /// How the start is kept from biasing the results. Default: equilibrium.
    pub(crate) warmup: Option<WarmupFile>,
    /// Step of the time series. Default: a round duration that gives at most 720 rows.
    pub(crate) series_step: Option<Written<Time>>,
    /// Nodes, control plane, kubelets, registry, network.
    pub(crate) cluster: ClusterFile,
    /// What runs.
    #[serde(default)]
    pub(crate) workloads: Vec<At<WorkloadFile>>,
    /// What manifests cannot say: how long containers run, how often they fail, what they use. Later entries override earlier ones field by field.
    #[serde(default)]
    pub(crate) behaviors: Vec<At<BehaviorFile>>,
    /// Requests to workloads, and what they cost.
    #[serde(default)]
    pub(crate) traffic: Vec<At<TrafficFile>>,
    /// What goes wrong besides what behaviours say.
    #[serde(default)]
    pub(crate) faults: Vec<At<FaultFile>>,
    /// Settings that are compared by `podsim compare`; without a baseline of its own, the first is what the others are compared with.
    #[serde(default)]
    pub(crate) arms: Vec<ArmFile>,
    /// How the arms are compared.
    pub(crate) compare: Option<CompareFile>,
    /// Thresholds that a run must meet are not checked yet.
    pub(crate) objectives: Option<Unsupported>,
}

/// How the start is kept from biasing the results.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Warmup")]
pub(crate) enum WarmupFile {
    /// The run starts in equilibrium: standing Pods run already, with residual lives; arriving workloads are at their mean number.
    Equilibrium(At<bool>),
    /// The run starts empty, and nothing is measured before this span is over.
    Span(Written<Time>),
    /// Cutting by MSER-5 is not supported yet: give `{equilibrium: true}` or `{span: 2h}`.
    Mser5(Unsupported),
}

/// A place for what cannot be simulated yet.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Unsupported {}

impl JsonSchema for Unsupported {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Unsupported".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "not": {} })
    }
}

/// Any value, as a tree.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Object {}

impl JsonSchema for Object {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "KubernetesObject".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": true, "description": "A Kubernetes object, as in a manifest." })
    }
}

/// The JSON Schema of the scenario file.
pub(crate) fn schema() -> serde_json::Value {
    closed_schema::<ScenarioFile>()
}

/// The JSON Schema of a type, unknown keys refused.
pub(crate) fn closed_schema<T: JsonSchema>() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with_transform(Closed);
    settings.into_generator().into_root_schema_for::<T>().into()
}

/// Closes every object whose keys are listed: an unknown key is an error.
#[derive(Clone, Debug)]
struct Closed;

impl schemars::transform::Transform for Closed {
    fn transform(&mut self, schema: &mut Schema) {
        schemars::transform::transform_subschemas(self, schema);
        if let Some(object) = schema.as_object_mut()
            && object.contains_key("properties")
            && !object.contains_key("additionalProperties")
        {
            object.insert("additionalProperties".into(), false.into());
        }
    }
}

/// The tree of the objects that are written into a workload.
pub(crate) fn inline_objects(scenario: &Tree, workload: usize) -> &[Tree] {
    let path = ["spec", "workloads", &workload.to_string(), "objects"];
    scenario.at(&path).map_or(&[], Tree::items)
}
