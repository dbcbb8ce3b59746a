//! Latencies and rates that Kubernetes does not fix. Each is a named parameter with a default and its source (`docs/parameters.md`).

use super::distribution::Distribution;
use super::eviction::{CpuWeights, Eviction};
use super::profile::ProfileSpec;
use crate::table::NodeId;
use crate::units::SimSpan;

/// The control plane's latencies.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlPlane {
    /// From a write to its being seen by a watcher (scheduler, kubelet, controller), in seconds.
    pub watch: Distribution,
    /// From the scheduler's decision to the binding's being written, in seconds.
    pub bind: Distribution,
    /// A controller's reaction to what it saw until its write is done, in seconds.
    pub controller: Distribution,
}

/// The kubelet's latencies, in seconds where they are drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Kubelet {
    /// Mount of a Pod's volumes, if it has any.
    pub volumes: Distribution,
    /// Attaching the volumes of its claims to the node, before they are mounted.
    pub attach: Distribution,
    /// Sandbox: the pause container and its network namespace.
    pub sandbox: Distribution,
    /// CNI ADD: the address.
    pub network: Distribution,
    /// Create and start of one container.
    pub container_start: Distribution,
    /// Period of the pod lifecycle event generator's relist; what happens in a container is noticed at the next one.
    pub relist: SimSpan,
    /// Shortest gap between a failed sync and the next; the longest is half as much again.
    pub resync: SimSpan,
    /// Shortest gap between a sync that went well and the next, if nothing else brings one (`syncFrequency`); the longest is half as much
    /// again.
    pub sync: SimSpan,
    /// From the kubelet's sync until its status is written and seen.
    pub status: Distribution,
    /// From the last container's exit until the sandbox is gone and the address free.
    pub teardown: Distribution,
    /// From there until the object is gone from the API.
    pub cleanup: Distribution,
    /// First back-off of a crashing container.
    pub backoff_initial: SimSpan,
    /// Longest back-off.
    pub backoff_max: SimSpan,
    /// A container that ran longer than this starts its back-off anew.
    pub backoff_reset: SimSpan,
    /// True if an entry that has not been touched for [`Kubelet::backoff_reset`] is forgotten, whether or not its window is over.
    pub backoff_forgets: bool,
    /// Memory of a pause container and its runtime shim, in bytes.
    pub pause_memory: u64,
    /// Size of the pause image on disk, in bytes.
    pub pause_image: u64,
    /// Eviction thresholds.
    pub eviction: Eviction,
    /// How CPU shares become weights.
    pub cpu_weights: CpuWeights,
    /// True if a container that runs over its memory limit loses one process and not all (`singleProcessOOMKill`; false on cgroup v2).
    pub single_process_oom_kill: bool,
}

/// The way of images to nodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Registry {
    /// Download rate of one node, bytes per second.
    pub bandwidth: f64,
    /// Unpack rate of one node, bytes per second of the image's compressed size.
    pub unpack: f64,
    /// Round trips to the registry before the first byte, in seconds.
    pub round_trip: f64,
    /// True if a node pulls one image at a time (`serializeImagePulls`).
    pub serial: bool,
    /// Most pulls at a time on a node that does not pull one by one (`maxParallelImagePulls`); 0 is no limit.
    pub parallel_max: u32,
    /// Pulls that a kubelet may begin (`registryPullQPS`, `registryBurst`); one that may not fails.
    pub pull_limit: ClientLimits,
    /// What the registry sends to all nodes together, bytes per second; infinite if it is never the bottleneck.
    pub total_bandwidth: f64,
    /// Manifests that the registry serves a second; later requests wait. 0 or less is no limit.
    pub requests_per_second: f64,
    /// First back-off of a Pod's image that could not be pulled.
    pub backoff_initial: SimSpan,
    /// Longest back-off.
    pub backoff_max: SimSpan,
    /// Bytes on disk for each compressed byte.
    pub expansion: f64,
    /// Size of each node's image filesystem in bytes; `None`: the node's capacity of ephemeral storage, and without one no limit.
    pub disk: Option<u64>,
    /// Percentage of the image filesystem in use from which images are collected (`imageGCHighThresholdPercent`).
    pub gc_high: u64,
    /// Percentage down to which they are (`imageGCLowThresholdPercent`).
    pub gc_low: u64,
    /// Images seen for less than this are not collected (`imageMinimumGCAge`).
    pub gc_age_min: SimSpan,
    /// Images unused for longer than this are collected however much room there is (`imageMaximumGCAge`); zero is never.
    pub gc_age_max: SimSpan,
}

/// Pod addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// First address of the cluster's CIDR as a number.
    pub cluster_base: u32,
    /// Its prefix length.
    pub cluster_prefix: u8,
    /// Prefix length of each node's block.
    pub node_prefix: u8,
}

/// The scheduler's set-up.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerSpec {
    /// Share of nodes to score; 0 adapts to the cluster's size.
    pub percentage_of_nodes_to_score: u32,
    /// How ties between nodes are broken.
    pub tie_break: TieBreak,
    /// Profiles; a Pod that names none of them is not scheduled.
    pub profiles: Vec<ProfileSpec>,
    /// First back-off of a Pod that could not be placed.
    pub backoff_initial: SimSpan,
    /// Longest back-off; zero switches back-off off.
    pub backoff_max: SimSpan,
    /// A Pod that waits longer than this for an event is tried again.
    pub unschedulable_max: SimSpan,
    /// Scheduling cycle: fixed part, in seconds.
    pub cycle_base: Distribution,
    /// Scheduling cycle: seconds for each node that was filtered.
    pub cycle_per_filtered: f64,
    /// Scheduling cycle: seconds for each node that was scored.
    pub cycle_per_scored: f64,
    /// Limits of its requests to the API server: bindings, and conditions of Pods that were not placed.
    pub client: ClientLimits,
}

/// A client's limits (`clientConnection`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClientLimits {
    /// Requests a second in the long run; 0 or less is no limit.
    pub qps: f64,
    /// Requests that may go out at once.
    pub burst: u32,
}

impl ClientLimits {
    /// No limit.
    pub const NONE: Self = Self { qps: 0.0, burst: 1 };
}

/// How the scheduler chooses among nodes of equal score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TieBreak {
    /// The lowest node index: what recorded decisions use.
    LowestIndex,
    /// At random by the seed, as kube-scheduler does.
    Random,
}

impl Default for ControlPlane {
    fn default() -> Self {
        Self { watch: log_normal(0.010, 0.5), bind: log_normal(0.010, 0.6), controller: log_normal(0.020, 0.6) }
    }
}

impl Default for Kubelet {
    fn default() -> Self {
        Self {
            volumes: log_normal(0.10, 0.5),
            attach: log_normal(8.0, 0.5),
            sandbox: log_normal(0.18, 0.5),
            network: log_normal(0.08, 0.5),
            container_start: log_normal(0.10, 0.5),
            relist: SimSpan::from_secs(1),
            resync: SimSpan::from_secs(10),
            sync: SimSpan::from_secs(60),
            status: log_normal(0.020, 0.5),
            teardown: log_normal(0.10, 0.5),
            cleanup: Distribution::Uniform { low: 1.0, high: 3.0 },
            backoff_initial: SimSpan::from_secs(10),
            backoff_max: SimSpan::from_secs(300),
            backoff_reset: SimSpan::from_secs(600),
            backoff_forgets: true,
            pause_memory: 700 << 10,
            pause_image: 700 << 10,
            eviction: Eviction::default(),
            cpu_weights: CpuWeights::default(),
            single_process_oom_kill: false,
        }
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            bandwidth: 60e6,
            unpack: 80e6,
            round_trip: 0.2,
            serial: true,
            parallel_max: 0,
            pull_limit: ClientLimits { qps: 5.0, burst: 10 },
            total_bandwidth: f64::INFINITY,
            requests_per_second: 0.0,
            backoff_initial: SimSpan::from_secs(10),
            backoff_max: SimSpan::from_secs(300),
            expansion: 2.5,
            disk: None,
            gc_high: 85,
            gc_low: 80,
            gc_age_min: SimSpan::from_secs(120),
            gc_age_max: SimSpan::ZERO,
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self { cluster_base: 10 << 24, cluster_prefix: 8, node_prefix: 24 }
    }
}

impl Network {
    /// How many node blocks the cluster's range holds.
    pub const fn blocks(&self) -> u64 {
        1 << (self.node_prefix - self.cluster_prefix)
    }

    /// An address of a node as a number: the node's block, counted in the order of nodes, and the place in it.
    pub fn address(&self, node: NodeId, place: u16) -> u32 {
        self.cluster_base + node.0 * self.block_size() + u32::from(place)
    }

    /// Addresses in a node's block, network and broadcast addresses included.
    pub const fn block_size(&self) -> u32 {
        1 << (32 - self.node_prefix)
    }
}

impl Default for SchedulerSpec {
    fn default() -> Self {
        Self {
            percentage_of_nodes_to_score: 0,
            tie_break: TieBreak::Random,
            profiles: vec![ProfileSpec::default()],
            backoff_initial: SimSpan::from_secs(1),
            backoff_max: SimSpan::from_secs(10),
            unschedulable_max: SimSpan::from_secs(300),
            cycle_base: Distribution::Constant(0.000_8),
            cycle_per_filtered: 0.3e-6,
            cycle_per_scored: 0.4e-6,
            client: ClientLimits { qps: 50.0, burst: 100 },
        }
    }
}

/// A lognormal law by its median, in seconds, and the deviation of its logarithm.
fn log_normal(median: f64, sigma: f64) -> Distribution {
    Distribution::LogNormal { median, sigma }
}
