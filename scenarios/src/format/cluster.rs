//! `spec.cluster`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::eviction::{CpuWeightsFile, EvictionFile, ReservedFile};
use super::{Law, MemoryPressureFile, NodeLifecycleFile};
use crate::text::decode::At;
use crate::values::written::{Amount, PerTime, Throughput, Time, Written};

/// The cluster.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Cluster")]
pub(crate) struct ClusterFile {
    /// Groups of nodes of one shape.
    #[serde(default)]
    pub(crate) node_pools: Vec<At<NodePoolFile>>,
    /// Files of `v1.Node` manifests, beside the scenario.
    #[serde(default)]
    pub(crate) nodes: Vec<At<String>>,
    /// The scheduler.
    pub(crate) scheduler: Option<SchedulerFile>,
    /// Latencies of the control plane.
    pub(crate) control_plane: Option<ControlPlaneFile>,
    /// Latencies and settings of the kubelets.
    pub(crate) kubelet: Option<KubeletFile>,
    /// The way of images to nodes.
    pub(crate) registry: Option<RegistryFile>,
    /// Pod addresses.
    pub(crate) network: Option<NetworkFile>,
}

/// A group of nodes of one shape.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "NodePool")]
pub(crate) struct NodePoolFile {
    /// The pool's name; its nodes are `name-0`, `name-1`, …
    pub(crate) name: At<String>,
    /// How many nodes there are.
    pub(crate) count: At<u64>,
    /// Zones that the nodes are dealt to in turn.
    #[serde(default)]
    pub(crate) zones: Vec<At<String>>,
    /// What each node is: parts of a `v1.Node`.
    pub(crate) template: NodeTemplate,
    /// What of the nodes' capacity Pods may not ask for, in place of `template.status.allocatable`.
    pub(crate) reserved: Option<At<ReservedFile>>,
}

/// Parts of a `v1.Node`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct NodeTemplate {
    /// Labels.
    #[serde(default)]
    pub(crate) metadata: NodeMetadata,
    /// Taints, cordon.
    #[serde(default)]
    pub(crate) spec: NodeSpecFile,
    /// Resources.
    #[serde(default)]
    pub(crate) status: NodeStatusFile,
}

/// `metadata` of a node.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct NodeMetadata {
    /// Labels besides the host name and zone, which each node gets of its own.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
}

/// `spec` of a node.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct NodeSpecFile {
    /// Taints.
    #[serde(default)]
    pub(crate) taints: Vec<At<TaintFile>>,
    /// True if the node is cordoned.
    #[serde(default)]
    pub(crate) unschedulable: bool,
}

/// A taint.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Taint")]
pub(crate) struct TaintFile {
    /// Key.
    pub(crate) key: String,
    /// Value.
    #[serde(default)]
    pub(crate) value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub(crate) effect: At<String>,
}

/// `status` of a node.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub(crate) struct NodeStatusFile {
    /// What the machine has.
    #[serde(default)]
    pub(crate) capacity: BTreeMap<String, Written<Amount>>,
    /// What Pods may ask for. Default: the capacity without 100Mi of memory and 10 % of ephemeral storage (the kubelet's hard
    /// eviction thresholds), and 110 Pods.
    #[serde(default)]
    pub(crate) allocatable: BTreeMap<String, Written<Amount>>,
    /// Images that are there at the start.
    #[serde(default)]
    pub(crate) images: Vec<NodeImageFile>,
}

/// An image that a node has.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NodeImage")]
pub(crate) struct NodeImageFile {
    /// Its names.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// Its size; what `registry.images` says of it counts instead.
    pub(crate) size_bytes: Option<u64>,
}

/// The scheduler.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Scheduler")]
pub(crate) struct SchedulerFile {
    /// A file with a `KubeSchedulerConfiguration` (`kubescheduler.config.k8s.io/v1`), relative to the scenario's folder. What is set
    /// here besides it counts instead of what the file says.
    pub(crate) config_file: Option<At<String>>,
    /// Share of nodes to score, in percent; 0 adapts to the cluster's size.
    #[schemars(range(max = 100))]
    pub(crate) percentage_of_nodes_to_score: Option<u32>,
    /// How ties between nodes of equal score are broken.
    pub(crate) tie_break: Option<TieBreakFile>,
    /// First back-off of a Pod that could not be placed.
    pub(crate) pod_initial_backoff: Option<Written<Time>>,
    /// Longest back-off.
    pub(crate) pod_max_backoff: Option<Written<Time>>,
    /// A Pod that waits longer than this for an event is tried again.
    pub(crate) unschedulable_timeout: Option<Written<Time>>,
    /// Time of a scheduling cycle.
    pub(crate) cycle: Option<CycleFile>,
    /// Limits of the scheduler's requests to the API server, as in `clientConnection`.
    pub(crate) client: Option<ClientFile>,
}

/// Limits of a client's requests.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ClientLimits")]
pub(crate) struct ClientFile {
    /// Requests a second in the long run; less than 0 is no limit. Default 50.
    pub(crate) qps: Option<At<f64>>,
    /// Requests that may go out at once. Default 100.
    pub(crate) burst: Option<u32>,
}

/// How ties between nodes of equal score are broken.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TieBreak")]
pub(crate) enum TieBreakFile {
    /// The lowest node index.
    LowestIndex,
    /// At random by the seed, as kube-scheduler does.
    Random,
}

/// Time of a scheduling cycle.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "SchedulingCycle")]
pub(crate) struct CycleFile {
    /// Fixed part.
    pub(crate) base: Option<Law<Time>>,
    /// For each node that was filtered.
    pub(crate) per_filtered_node: Option<Written<Time>>,
    /// For each node that was scored.
    pub(crate) per_scored_node: Option<Written<Time>>,
}

/// Latencies of the control plane.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ControlPlane")]
pub(crate) struct ControlPlaneFile {
    /// From a write to its being seen by a watcher.
    pub(crate) watch: Option<Law<Time>>,
    /// From the scheduler's decision to the binding's being written.
    pub(crate) bind: Option<Law<Time>>,
    /// A controller's reaction.
    pub(crate) controller: Option<Law<Time>>,
    /// The node lifecycle controller.
    pub(crate) node_lifecycle: Option<NodeLifecycleFile>,
    /// Whether Pods with requests tolerate memory pressure. Default: code.
    pub(crate) memory_pressure_toleration: Option<MemoryPressureFile>,
}

/// Latencies and settings of the kubelets.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Kubelet")]
pub(crate) struct KubeletFile {
    /// Mount of a Pod's volumes.
    pub(crate) volumes: Option<Law<Time>>,
    /// Attaching the volume of a claim to its node, before it is mounted.
    pub(crate) attach: Option<Law<Time>>,
    /// The pause container and its network namespace.
    pub(crate) sandbox: Option<Law<Time>>,
    /// CNI ADD.
    pub(crate) network: Option<Law<Time>>,
    /// Create and start of one container.
    pub(crate) container_start: Option<Law<Time>>,
    /// From the last container's exit until the sandbox is gone.
    pub(crate) teardown: Option<Law<Time>>,
    /// From there until the object is gone from the API.
    pub(crate) cleanup: Option<Law<Time>>,
    /// Period at which the kubelet notices what happened in containers.
    pub(crate) relist_period: Option<Written<Time>>,
    /// Shortest gap between a failed sync and the next.
    pub(crate) resync_after_error: Option<Written<Time>>,
    /// Shortest gap between a sync that went well and the next (`syncFrequency`).
    pub(crate) sync_frequency: Option<Written<Time>>,
    /// From a sync until the status that it wrote is seen.
    pub(crate) status: Option<Law<Time>>,
    /// Back-off of crashing containers.
    pub(crate) backoff: Option<BackoffFile>,
    /// Memory of a pause container and its runtime shim.
    pub(crate) pause_memory: Option<Written<Amount>>,
    /// Size of the pause image on disk.
    pub(crate) pause_image: Option<Written<Amount>>,
    /// Eviction thresholds.
    pub(crate) eviction: Option<EvictionFile>,
    /// How CPU shares become weights of cgroups. Default: `shares`.
    pub(crate) cpu_weights: Option<CpuWeightsFile>,
    /// True if a container that runs over its memory limit loses one process and not all. Default: false, as on cgroup v2.
    pub(crate) single_process_oom_kill: Option<bool>,
}

/// Back-off of crashing containers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Backoff")]
pub(crate) struct BackoffFile {
    /// The first.
    pub(crate) initial: Option<Written<Time>>,
    /// The longest.
    pub(crate) max: Option<Written<Time>>,
    /// A container that ran longer than this starts its back-off anew.
    pub(crate) reset: Option<Written<Time>>,
    /// True if an entry that has not been touched for `reset` is forgotten, whether or not its window is over. Default true.
    pub(crate) forgets: Option<bool>,
}

/// The way of images to nodes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Registry")]
pub(crate) struct RegistryFile {
    /// Download rate of one node.
    pub(crate) bandwidth: Option<Written<Throughput>>,
    /// Unpack rate of one node, by the image's compressed size.
    pub(crate) unpack: Option<Written<Throughput>>,
    /// Round trips to the registry before the first byte.
    pub(crate) round_trip: Option<Written<Time>>,
    /// True if a node pulls one image at a time. Default true, unless `maxParallel` is 2 or more.
    pub(crate) serialize: Option<bool>,
    /// Most pulls at a time on a node that does not pull one by one. Default: no limit.
    #[schemars(range(min = 1))]
    pub(crate) max_parallel: Option<u32>,
    /// Pulls that each kubelet may begin; one that may not fails and is tried again after its back-off.
    pub(crate) pull_limit: Option<ClientFile>,
    /// What the registry sends to all nodes together. Default: no limit.
    pub(crate) total_bandwidth: Option<Written<Throughput>>,
    /// Manifests that the registry serves; later requests wait. Default: no limit.
    pub(crate) requests: Option<Written<PerTime>>,
    /// Size of each node's image filesystem. Default: the node's capacity of ephemeral storage.
    pub(crate) disk: Option<Written<Amount>>,
    /// Images unused for longer than this are collected even where there is room. Default: never.
    pub(crate) max_age: Option<Written<Time>>,
    /// Images of known compressed size.
    #[serde(default)]
    pub(crate) images: Vec<At<ImageFile>>,
    /// Compressed size of all other images; each has one size, drawn by its name. Default: lognormal, median 180M, sigma 1.1, at most 12G.
    pub(crate) default_size: Option<Law<Amount>>,
}

/// An image of known size.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Image")]
pub(crate) struct ImageFile {
    /// The image as manifests name it.
    pub(crate) name: At<String>,
    /// Its compressed size, all layers.
    pub(crate) size: Written<Amount>,
    /// Layers that other images of this list may have too; what they leave of the size is the image's own.
    #[serde(default)]
    pub(crate) layers: Vec<At<LayerFile>>,
}

/// A layer of an image.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Layer")]
pub(crate) struct LayerFile {
    /// Its name: images that name it share it.
    pub(crate) digest: At<String>,
    /// Its compressed size.
    pub(crate) size: Written<Amount>,
}

/// Pod addresses.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Network")]
pub(crate) struct NetworkFile {
    /// The range of all Pod addresses. Default 10.0.0.0/8.
    pub(crate) cluster_cidr: Option<At<String>>,
    /// Prefix length of each node's block. Default 24.
    #[schemars(range(min = 8, max = 32))]
    pub(crate) node_mask_bits: Option<At<u8>>,
}
