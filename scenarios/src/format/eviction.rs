//! What is kept from Pods on nodes, and when kubelets evict.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::text::decode::At;
use crate::values::written::{Amount, Left, Time, Written};

/// What of a node's capacity Pods may not ask for: as a managed service reserves it, or as a kubelet is told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Reserved")]
pub(crate) enum ReservedFile {
    /// Google Kubernetes Engine, up to 1.36.
    Gke(ProviderFile),
    /// Amazon Elastic Kubernetes Service, AL2 and AL2023 images.
    Eks(ProviderFile),
    /// Azure Kubernetes Service, 1.29 and later.
    Aks(ProviderFile),
    /// Azure Kubernetes Service before 1.29.
    AksLegacy(ProviderFile),
    /// A kubelet that is told what to reserve.
    Kubelet(KubeletReservedFile),
}

/// A managed service.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReservedByProvider")]
pub(crate) struct ProviderFile {
    /// Most Pods of a node. Default: 110 on GKE and EKS, 250 on AKS, 30 on AKS before 1.29.
    #[schemars(range(min = 1))]
    pub(crate) max_pods: Option<At<u32>>,
}

/// What a kubelet is told to reserve. Its hard eviction thresholds (`spec.cluster.kubelet.eviction`) come on top.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReservedByKubelet")]
pub(crate) struct KubeletReservedFile {
    /// For Kubernetes' own daemons (`kubeReserved`).
    #[serde(default)]
    pub(crate) kube_reserved: BTreeMap<String, Written<Amount>>,
    /// For the system's (`systemReserved`).
    #[serde(default)]
    pub(crate) system_reserved: BTreeMap<String, Written<Amount>>,
    /// Most Pods of a node. Default 110.
    #[schemars(range(min = 1))]
    pub(crate) max_pods: Option<At<u32>>,
}

/// Eviction, as in a `KubeletConfiguration`. Signals are `memory.available`, `nodefs.available`, `nodefs.inodesFree`,
/// `imagefs.available`, `imagefs.inodesFree` and `pid.available`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Eviction")]
pub(crate) struct EvictionFile {
    /// Hard thresholds by signal: a Pod is evicted at once when less is left. Setting one switches those off that are not set, unless
    /// `mergeDefaults` is true.
    #[serde(default)]
    pub(crate) hard: BTreeMap<String, Written<Left>>,
    /// Soft thresholds by signal: a Pod is evicted when less has been left for the signal's grace period.
    #[serde(default)]
    pub(crate) soft: BTreeMap<String, Written<Left>>,
    /// Grace periods of soft thresholds.
    #[serde(default)]
    pub(crate) soft_grace: BTreeMap<String, Written<Time>>,
    /// What must be free beyond a threshold before it counts as no longer met.
    #[serde(default)]
    pub(crate) minimum_reclaim: BTreeMap<String, Written<Left>>,
    /// True if the defaults hold for hard thresholds that are not set.
    #[serde(default)]
    pub(crate) merge_defaults: bool,
    /// How long a pressure condition stays after it was last seen. Default 5m.
    pub(crate) pressure_transition: Option<Written<Time>>,
    /// Longest grace period of a Pod that a soft threshold evicts. Default 0.
    pub(crate) max_pod_grace: Option<Written<Time>>,
}

/// How CPU shares become weights of cgroups.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CpuWeights")]
pub(crate) enum CpuWeightsFile {
    /// In proportion to requests, as cgroup v1 does.
    Shares,
    /// The linear map of cgroup v2: runc before 1.3.2, crun before 1.23.
    LinearV2,
    /// The newer map for containers, the linear one above them.
    NewV2,
}
