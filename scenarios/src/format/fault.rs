//! `spec.faults`, and the settings of the controllers that react to them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Law;
use crate::text::decode::At;
use crate::values::written::{Number, PerTime, Throughput, Time, Written};

/// Something that goes wrong: `kind`, one of `at`, `every` and `rate`, and whom it may befall.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Fault")]
pub(crate) struct FaultFile {
    /// The fault's name.
    pub(crate) name: At<String>,
    /// What goes wrong.
    pub(crate) kind: At<FaultKindFile>,
    /// Strikes at these times after the start.
    pub(crate) at: Option<At<Vec<Written<Time>>>>,
    /// Strikes again and again, with such gaps from the end of one until the next: each node and each zone by itself; containers and
    /// the registry together. In a start in equilibrium the first gap is what is left of one that goes on.
    pub(crate) every: Option<At<Law<Time>>>,
    /// Strikes at the epochs of a Poisson process of this rate, over all that it may befall together.
    pub(crate) rate: Option<Written<PerTime>>,
    /// Whom it may befall; all that is given must match. Default: all nodes, zones or containers.
    #[serde(default)]
    pub(crate) on: At<On>,
    /// Of these, how many are struck at a time, drawn at the occasion. Default: all with `at`, one with `rate`.
    pub(crate) count: Option<At<u32>>,
    /// Of these, the share that is struck at a time, each drawn by itself; 0 to 1.
    pub(crate) share: Option<Written<Number>>,
}

/// Whom a fault may befall; all that is given must match.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FaultTargets")]
pub(crate) struct On {
    /// Names of node pools.
    #[serde(default)]
    pub(crate) pools: Vec<At<String>>,
    /// Names of zones.
    #[serde(default)]
    pub(crate) zones: Vec<At<String>>,
    /// Names of nodes.
    #[serde(default)]
    pub(crate) nodes: Vec<At<String>>,
    /// Labels of nodes or, for faults of containers, of Pods.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    /// Name of the workload.
    pub(crate) workload: Option<String>,
    /// Name of the container.
    pub(crate) container_name: Option<String>,
}

impl Default for At<On> {
    fn default() -> Self {
        Self { value: On::default(), span: crate::text::source::Span::default() }
    }
}

/// What goes wrong.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FaultKind")]
pub(crate) enum FaultKindFile {
    /// A node stops without a word and comes back with its disk.
    NodeCrash {
        /// How long it is down.
        down: Law<Time>,
    },
    /// A node restarts without being drained.
    NodeReboot {
        /// How long it is down.
        down: Law<Time>,
    },
    /// A node's machine is lost; its Node object goes, too, and after the repair an empty node bears its name.
    NodeLoss {
        /// How long that takes.
        repair: Law<Time>,
    },
    /// A node cannot reach the control plane; its containers run on.
    Partition {
        /// How long it lasts.
        lasts: Law<Time>,
    },
    /// All nodes of a zone lose power.
    ZoneOutage {
        /// How long it lasts.
        lasts: Law<Time>,
    },
    /// A node's kubelet is away; containers run on.
    KubeletRestart {
        /// How long it is away.
        down: Law<Time>,
    },
    /// A node's container runtime is away; containers run on, none can be started or stopped.
    RuntimeRestart {
        /// How long it is away.
        down: Law<Time>,
    },
    /// A node's network plugin gives no addresses.
    CniFailure {
        /// How long it lasts.
        lasts: Law<Time>,
    },
    /// A node's disk is full.
    DiskFull {
        /// How long it lasts.
        lasts: Law<Time>,
    },
    /// The image registry does not answer.
    RegistryOutage {
        /// How long it lasts.
        lasts: Law<Time>,
    },
    /// Pulls take longer.
    RegistrySlow {
        /// This many times as long.
        factor: Written<Number>,
        /// How long it lasts.
        lasts: Law<Time>,
    },
    /// Pulls of an image fail.
    BadImage {
        /// The image as manifests name it.
        image: At<String>,
        /// How long it lasts.
        lasts: Law<Time>,
    },
    /// Containers that are up exit.
    ContainerCrash {
        /// With this code. Default 1.
        #[serde(rename = "exitCode")]
        exit_code: Option<u8>,
    },
    /// Containers that are up hang: they fail their probes.
    ContainerHang {
        /// How long it lasts, unless a probe ends it.
        lasts: Law<Time>,
    },
    /// Init containers exit with an error.
    InitFailure {
        /// How long it lasts.
        lasts: Law<Time>,
    },
    /// Containers that are started take longer until they pass their probes.
    SlowStart {
        /// This many times as long.
        factor: Written<Number>,
        /// How long it lasts.
        lasts: Law<Time>,
    },
    /// Containers that are up use more and more memory, until their limit ends them.
    MemoryLeak {
        /// How much more.
        rate: Written<Throughput>,
    },
}

/// The node lifecycle controller.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "NodeLifecycle")]
pub(crate) struct NodeLifecycleFile {
    /// Period of the controller's look at nodes. Default 5s.
    pub(crate) monitor_period: Option<Written<Time>>,
    /// A node of which nothing was heard for so long is `Unknown`. Default 50s.
    pub(crate) monitor_grace_period: Option<Written<Time>>,
    /// Nodes of a zone that are given their `NoExecute` taint for a unit of time. Default 0.1/s.
    pub(crate) eviction_rate: Option<Written<PerTime>>,
    /// The same of a large zone most of whose nodes are not ready. Default 0.01/s.
    pub(crate) secondary_eviction_rate: Option<Written<PerTime>>,
    /// A zone of more nodes than this is large. Default 50.
    pub(crate) large_zone_threshold: Option<u32>,
    /// Share of nodes not ready from which a zone counts as disrupted, 0 to 1. Default 0.55.
    pub(crate) unhealthy_zone_threshold: Option<Written<Number>>,
    /// How long Pods tolerate `not-ready` and `unreachable` if they do not say themselves. Default 300s.
    pub(crate) default_toleration: Option<Written<Time>>,
}

/// Whether Pods with requests tolerate memory pressure, of which documentation and code of Kubernetes say different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "MemoryPressureToleration")]
pub(crate) enum MemoryPressureFile {
    /// They do not, as the code has it.
    Code,
    /// They do unless they are `BestEffort`, as the documentation has it.
    Docs,
}
