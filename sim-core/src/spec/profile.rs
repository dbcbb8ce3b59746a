//! Scheduler profiles: which plugins run, in what order, with what weights and arguments.
//!
//! Source of the defaults: `pkg/scheduler/apis/config/v1/{default_plugins,defaults}.go` of Kubernetes v1.34.

use super::affinity::TopologySpreadConstraint;
use super::pod::NodeSelectorTerm;
use super::policy::PolicyArgs;

/// A profile of a `KubeSchedulerConfiguration`.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileSpec {
    /// Pods name it in `spec.schedulerName`.
    pub scheduler_name: String,
    /// `percentageOfNodesToScore`, if it differs from the scheduler's; 0 adapts to the number of nodes.
    pub percentage_of_nodes_to_score: Option<u32>,
    /// Filter plugins by name, in order.
    pub filters: Vec<String>,
    /// Score plugins by name, in order, with their weights.
    pub scores: Vec<(String, i64)>,
    /// True if Pods that fit nowhere may take the place of less important ones (`DefaultPreemption`).
    pub preempts: bool,
    /// Arguments of `DefaultPreemption`.
    pub preemption: PreemptionArgs,
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
    /// Arguments of policies that kube-scheduler does not have.
    pub policies: Vec<PolicyArgs>,
}

/// Filters of kube-scheduler v1.34 in its order, that for devices apart.
pub const DEFAULT_FILTERS: [&str; 12] = [
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
];

/// Scores of kube-scheduler v1.34 in its order with their weights.
pub const DEFAULT_SCORES: [(&str, i64); 7] = [
    ("TaintToleration", 3),
    ("NodeAffinity", 2),
    ("NodeResourcesFit", 1),
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
            filters: DEFAULT_FILTERS.map(String::from).into(),
            scores: DEFAULT_SCORES.map(|(name, weight)| (name.into(), weight)).into(),
            preempts: true,
            preemption: PreemptionArgs::default(),
            inter_pod_affinity: InterPodAffinityArgs::default(),
            node_affinity: NodeAffinityArgs::default(),
            balanced: BalancedAllocationArgs::default(),
            fit: FitArgs::default(),
            spread: SpreadArgs::default(),
            policies: Vec::new(),
        }
    }
}

/// How many candidates preemption looks for: the larger of the two, but at most all nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreemptionArgs {
    /// `minCandidateNodesPercentage`.
    pub min_candidate_percentage: u32,
    /// `minCandidateNodesAbsolute`.
    pub min_candidate_absolute: u32,
}

impl Default for PreemptionArgs {
    fn default() -> Self {
        Self { min_candidate_percentage: 10, min_candidate_absolute: 100 }
    }
}

/// Arguments of `InterPodAffinity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterPodAffinityArgs {
    /// `hardPodAffinityWeight`: what required affinity of Pods that are there counts in the score, 0 to 100.
    pub hard_weight: i64,
    /// `ignorePreferredTermsOfExistingPods`.
    pub ignore_preferred_of_existing: bool,
}

impl Default for InterPodAffinityArgs {
    fn default() -> Self {
        Self { hard_weight: 1, ignore_preferred_of_existing: false }
    }
}

/// Arguments of `NodeAffinity`: `addedAffinity`, which every Pod of the profile has besides its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeAffinityArgs {
    /// Required terms, of which one must match.
    pub required: Option<Vec<NodeSelectorTerm>>,
    /// Preferred terms with their weights.
    pub preferred: Vec<(i64, NodeSelectorTerm)>,
}

/// Arguments of `NodeResourcesBalancedAllocation`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalancedAllocationArgs {
    /// Names of the resources whose shares should be alike.
    pub resources: Vec<String>,
}

impl Default for BalancedAllocationArgs {
    fn default() -> Self {
        Self { resources: vec!["cpu".into(), "memory".into()] }
    }
}

/// A resource and what it weighs in a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeightedResource {
    /// The resource's name.
    pub name: String,
    /// Its weight, 1 to 100.
    pub weight: i64,
}

/// How `NodeResourcesFit` scores nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ScoringStrategy {
    /// The emptier the better.
    #[default]
    LeastAllocated,
    /// The fuller the better.
    MostAllocated,
    /// By a piecewise linear function: points of utilisation (percent, rising) and score (0 to 10).
    RequestedToCapacityRatio(Vec<(i64, i64)>),
}

/// Arguments of `NodeResourcesFit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FitArgs {
    /// Extended resources that are not checked.
    pub ignored_resources: Vec<String>,
    /// Groups, what a name has before its `/`, of extended resources that are not checked.
    pub ignored_groups: Vec<String>,
    /// Resources that are scored.
    pub resources: Vec<WeightedResource>,
    /// How they are scored.
    pub strategy: ScoringStrategy,
}

impl Default for FitArgs {
    fn default() -> Self {
        let resources = ["cpu", "memory"].map(|name| WeightedResource { name: name.into(), weight: 1 });
        Self { ignored_resources: vec![], ignored_groups: vec![], resources: resources.into(), strategy: ScoringStrategy::default() }
    }
}

/// Which constraints Pods have that bring none of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SpreadDefaults {
    /// Soft ones over hosts (skew 3) and zones (skew 5).
    #[default]
    System,
    /// These; their selectors are replaced by that of the Pod's Services and controller.
    List(Vec<TopologySpreadConstraint>),
}

/// Arguments of `PodTopologySpread`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpreadArgs {
    /// `defaultingType` and `defaultConstraints`.
    pub defaults: SpreadDefaults,
}
