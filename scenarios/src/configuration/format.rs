//! The types of a `KubeSchedulerConfiguration`, which are the schema that files are checked against.
//!
//! Source: `staging/src/k8s.io/kube-scheduler/config/v1/types.go` and `types_pluginargs.go` of Kubernetes v1.34.

use k8s_openapi::api::core::v1 as core;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::format::Object;
use crate::text::decode::At;

/// The file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what has no bearing on decisions is checked and noted, but not read")]
pub(super) struct ConfigurationFile {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) parallelism: Option<At<i32>>,
    pub(super) percentage_of_nodes_to_score: Option<At<i32>>,
    pub(super) pod_initial_backoff_seconds: Option<At<i64>>,
    pub(super) pod_max_backoff_seconds: Option<At<i64>>,
    #[serde(default)]
    pub(super) profiles: Vec<At<ProfileFile>>,
    #[serde(default)]
    pub(super) extenders: Vec<At<Object>>,
    pub(super) leader_election: Option<Object>,
    pub(super) client_connection: Option<ClientConnectionFile>,
    pub(super) enable_profiling: Option<bool>,
    pub(super) enable_contention_profiling: Option<bool>,
    pub(super) delay_cache_until_active: Option<bool>,
}

/// How the scheduler talks to the API server; only its limits have a bearing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "what has no bearing is checked, but not read")]
pub(super) struct ClientConnectionFile {
    pub(super) kubeconfig: Option<String>,
    pub(super) accept_content_types: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) qps: Option<At<f64>>,
    pub(super) burst: Option<At<i32>>,
}

/// A profile: one scheduler as Pods name it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProfileFile {
    pub(super) scheduler_name: Option<At<String>>,
    pub(super) percentage_of_nodes_to_score: Option<At<i32>>,
    #[serde(default)]
    pub(super) plugins: PluginsFile,
    #[serde(default)]
    pub(super) plugin_config: Vec<At<PluginConfigFile>>,
}

/// The plugins of each extension point.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PluginsFile {
    pub(super) pre_enqueue: PluginSetFile,
    pub(super) queue_sort: PluginSetFile,
    pub(super) pre_filter: PluginSetFile,
    pub(super) filter: PluginSetFile,
    pub(super) post_filter: PluginSetFile,
    pub(super) pre_score: PluginSetFile,
    pub(super) score: PluginSetFile,
    pub(super) reserve: PluginSetFile,
    pub(super) permit: PluginSetFile,
    pub(super) pre_bind: PluginSetFile,
    pub(super) bind: PluginSetFile,
    pub(super) post_bind: PluginSetFile,
    pub(super) multi_point: PluginSetFile,
}

/// What is switched on and off at an extension point.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct PluginSetFile {
    pub(super) enabled: Vec<PluginFile>,
    pub(super) disabled: Vec<PluginFile>,
}

/// A plugin by name; in `disabled`, `*` is all of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(super) struct PluginFile {
    pub(super) name: At<String>,
    pub(super) weight: Option<At<i32>>,
}

/// Arguments of a plugin; their type depends on the name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[expect(dead_code, reason = "the arguments are read from the tree, as the type of their plugin")]
pub(super) struct PluginConfigFile {
    pub(super) name: At<String>,
    pub(super) args: Option<Object>,
}

/// `DefaultPreemptionArgs`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct DefaultPreemptionFile {
    pub(super) min_candidate_nodes_percentage: Option<At<i32>>,
    pub(super) min_candidate_nodes_absolute: Option<At<i32>>,
}

/// `InterPodAffinityArgs`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InterPodAffinityFile {
    pub(super) hard_pod_affinity_weight: Option<At<i32>>,
    pub(super) ignore_preferred_terms_of_existing_pods: Option<bool>,
}

/// `NodeAffinityArgs`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NodeAffinityFile {
    pub(super) added_affinity: Option<At<core::NodeAffinity>>,
}

/// `NodeResourcesBalancedAllocationArgs`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(super) struct BalancedAllocationFile {
    #[serde(default)]
    pub(super) resources: Vec<At<ResourceFile>>,
}

/// `NodeResourcesFitArgs`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FitFile {
    pub(super) ignored_resources: Vec<At<String>>,
    pub(super) ignored_resource_groups: Vec<At<String>>,
    pub(super) scoring_strategy: Option<At<ScoringStrategyFile>>,
}

/// How resources make a score.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScoringStrategyFile {
    #[serde(rename = "type")]
    pub(super) kind: Option<At<String>>,
    #[serde(default)]
    pub(super) resources: Vec<At<ResourceFile>>,
    pub(super) requested_to_capacity_ratio: Option<RatioFile>,
}

/// A resource and its weight.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub(super) struct ResourceFile {
    pub(super) name: At<String>,
    pub(super) weight: Option<At<i64>>,
}

/// `RequestedToCapacityRatioParam`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(super) struct RatioFile {
    #[serde(default)]
    pub(super) shape: Vec<At<ShapePointFile>>,
}

/// A point of a function that is linear between its points.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct ShapePointFile {
    /// In percent.
    pub(super) utilization: i32,
    /// 0 to 10.
    pub(super) score: i32,
}

/// `PodTopologySpreadArgs`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodTopologySpreadFile {
    #[serde(default)]
    pub(super) default_constraints: Vec<At<core::TopologySpreadConstraint>>,
    pub(super) defaulting_type: Option<At<String>>,
}

/// `VolumeBindingArgs` and `DynamicResourcesArgs`: time-outs and the shape of a score that is never given.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "checked and noted, but not read")]
pub(super) struct SilentFile {
    pub(super) bind_timeout_seconds: Option<i64>,
    pub(super) filter_timeout: Option<String>,
    #[serde(default)]
    pub(super) shape: Vec<ShapePointFile>,
}
