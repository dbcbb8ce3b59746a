//! Scheduler profiles: which plugins run, in what order, with what weight and arguments.
//!
//! Defaults are those of `pkg/scheduler/apis/config/v1/defaults.go` and `default_plugins.go` of Kubernetes v1.34.

use super::{NodeSelectorTerm, TopologySpreadConstraint};

/// A profile: one scheduler as Pods name it.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileSpec {
    /// `schedulerName`.
    pub scheduler_name: String,
    /// Share of nodes to score in percent, if the profile says its own; 0 adapts.
    pub percentage_of_nodes_to_score: Option<u32>,
    /// Filter plugins in their order, by name.
    pub filters: Vec<String>,
    /// Score plugins in their order, by name, with their weights.
    pub scores: Vec<(String, i64)>,
    /// Arguments of `DefaultPreemption`; `None` if it is off.
    pub preemption: Option<PreemptionArgs>,
    /// Arguments of `InterPodAffinity`.
    pub inter_pod_affinity: InterPodAffinityArgs,
    /// Arguments of `NodeAffinity`.
    pub node_affinity: NodeAffinityArgs,
    /// Arguments of `NodeResourcesBalancedAllocation`.
    pub balanced: BalancedAllocationArgs,
    /// Arguments of `NodeResourcesFit`.
    pub fit: FitArgs,
    /// Arguments of `PodTopologySpread`.
    pub spread: SpreadArgs,
}

/// Filters of kube-scheduler in its order.
const FILTERS: [&str; 13] = [
    "NodeUnschedulable",
    "NodeName",
    "TaintToleration",
    "NodeAffinity",
    "NodePorts",
    "NodeResourcesFit",
    "VolumeRestrictions",
    "NodeVolumeLimits",
    "VolumeBinding",
    "VolumeZone",
    "PodTopologySpread",
    "InterPodAffinity",
    "DynamicResources",
];
/// Scores of kube-scheduler in its order with their weights.
const SCORES: [(&str, i64); 8] = [
    ("TaintToleration", 3),
    ("NodeAffinity", 2),
    ("NodeResourcesFit", 1),
    ("VolumeBinding", 1),
    ("PodTopologySpread", 2),
    ("InterPodAffinity", 2),
    ("NodeResourcesBalancedAllocation", 1),
    ("ImageLocality", 1),
];

impl Default for ProfileSpec {
    fn default() -> Self {
        Self {
            scheduler_name: "default-scheduler".into(),
            percentage_of_nodes_to_score: None,
            filters: FILTERS.map(String::from).into(),
            scores: SCORES.map(|(name, weight)| (name.to_owned(), weight)).into(),
            preemption: Some(PreemptionArgs::default()),
            inter_pod_affinity: InterPodAffinityArgs::default(),
            node_affinity: NodeAffinityArgs::default(),
            balanced: BalancedAllocationArgs::default(),
            fit: FitArgs::default(),
            spread: SpreadArgs::default(),
        }
    }
}

/// `DefaultPreemptionArgs`: how many candidates a dry run looks for, the larger of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreemptionArgs {
    /// In percent of the nodes.
    pub min_candidate_percentage: u32,
    /// In nodes.
    pub min_candidate_absolute: u32,
}

impl Default for PreemptionArgs {
    fn default() -> Self {
        Self { min_candidate_percentage: 10, min_candidate_absolute: 100 }
    }
}

/// `InterPodAffinityArgs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterPodAffinityArgs {
    /// Weight of the required affinity that Pods on nodes have for the incoming one, 0 to 100.
    pub hard_weight: i64,
    /// True if preferences of Pods on nodes count only for Pods that have preferences of their own.
    pub ignore_preferred_of_existing: bool,
}

impl Default for InterPodAffinityArgs {
    fn default() -> Self {
        Self { hard_weight: 1, ignore_preferred_of_existing: false }
    }
}

/// `NodeAffinityArgs`: affinity that is added to every Pod's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeAffinityArgs {
    /// Terms of which one must match, if there are any.
    pub required: Option<Vec<NodeSelectorTerm>>,
    /// Preferred terms with their weights.
    pub preferred: Vec<(i64, NodeSelectorTerm)>,
}

/// `NodeResourcesBalancedAllocationArgs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancedAllocationArgs {
    /// Names of the resources that are balanced.
    pub resources: Vec<String>,
}

impl Default for BalancedAllocationArgs {
    fn default() -> Self {
        Self { resources: vec!["cpu".into(), "memory".into()] }
    }
}

/// `NodeResourcesFitArgs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FitArgs {
    /// Extended resources that are not checked.
    pub ignored_resources: Vec<String>,
    /// Extended resources of these domains are not checked.
    pub ignored_groups: Vec<String>,
    /// Resources that are scored.
    pub resources: Vec<WeightedResource>,
    /// How they are scored.
    pub strategy: ScoringStrategy,
}

impl Default for FitArgs {
    fn default() -> Self {
        let resources = ["cpu", "memory"].map(|name| WeightedResource { name: name.into(), weight: 1 });
        Self { ignored_resources: vec![], ignored_groups: vec![], resources: resources.into(), strategy: ScoringStrategy::LeastAllocated }
    }
}

/// A resource by name and its weight, 1 to 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedResource {
    /// Name, such as `cpu`.
    pub name: String,
    /// Weight.
    pub weight: i64,
}

/// `scoringStrategy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScoringStrategy {
    /// The emptier the better.
    LeastAllocated,
    /// The fuller the better.
    MostAllocated,
    /// By a function that is linear between points: utilisation in percent, score of 0 to 10.
    RequestedToCapacityRatio(Vec<(i64, i64)>),
}

/// `PodTopologySpreadArgs`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpreadArgs {
    /// Constraints of Pods that have none of their own.
    pub defaults: SpreadDefaults,
}

/// `defaultingType`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SpreadDefaults {
    /// By host (a difference of 3) and zone (of 5), both as preferences.
    #[default]
    System,
    /// These; their selectors are those of the Pod's Services and owner.
    List(Vec<TopologySpreadConstraint>),
}
