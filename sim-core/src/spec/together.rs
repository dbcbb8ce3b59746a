//! What a Pod asks with regard to other Pods: affinity, anti-affinity, spreading.

use super::Requirement;
use crate::table::Symbol;

/// A label selector: all of its requirements must hold; one without any matches everything. (An absent selector matches nothing.)
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector(pub Vec<Requirement>);

/// Affinity and anti-affinity of a Pod. Preferred terms have weights of 1 to 100.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodAffinity {
    /// `podAffinity`: all must hold.
    pub required: Vec<PodAffinityTerm>,
    /// `podAffinity`: what is better.
    pub preferred: Vec<(i64, PodAffinityTerm)>,
    /// `podAntiAffinity`: none may hold.
    pub anti_required: Vec<PodAffinityTerm>,
    /// `podAntiAffinity`: what is worse.
    pub anti_preferred: Vec<(i64, PodAffinityTerm)>,
}

/// A term: Pods of some namespaces with some labels, in one domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodAffinityTerm {
    /// Labels of the Pods meant, `matchLabelKeys` and `mismatchLabelKeys` included; `None` matches nothing.
    pub selector: Option<LabelSelector>,
    /// Their namespaces. With none and no selector of namespaces, the Pod's own is meant.
    pub namespaces: Vec<Symbol>,
    /// Namespaces by their labels, besides those that are named; one without requirements means all.
    pub namespace_selector: Option<LabelSelector>,
    /// The node label whose values are the domains.
    pub topology_key: Symbol,
}

/// How far the numbers of Pods in domains may differ.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopologySpreadConstraint {
    /// The largest difference, 1 or more.
    pub max_skew: i32,
    /// The node label whose values are the domains.
    pub topology_key: Symbol,
    /// Whether a node that would break it is refused.
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// Labels of the Pods counted, `matchLabelKeys` included; `None` matches nothing.
    pub selector: Option<LabelSelector>,
    /// With fewer domains than these the smallest count is taken to be 0; 1 by default.
    pub min_domains: Option<i32>,
    /// `nodeAffinityPolicy: Honor`, the default: only nodes that the Pod's node affinity admits are counted.
    pub honor_node_affinity: bool,
    /// `nodeTaintsPolicy: Honor`: only nodes whose taints the Pod tolerates are counted.
    pub honor_node_taints: bool,
}

/// `whenUnsatisfiable`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenUnsatisfiable {
    /// A node that would break the constraint is refused.
    DoNotSchedule,
    /// It is scored lower.
    ScheduleAnyway,
}
