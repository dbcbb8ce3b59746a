//! What Pods ask of each other: selectors, inter-Pod affinity, topology spread, disruption budgets.

use super::pod::Requirement;
use super::symbols::Labels;
use crate::table::Symbol;

/// A `metav1.LabelSelector` with `matchLabels` among its requirements: all must hold; one with none matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSelector(pub Vec<Requirement>);

impl LabelSelector {
    /// True if the labels meet every requirement.
    pub fn matches(&self, labels: &Labels) -> bool {
        self.0.iter().all(|requirement| requirement.meets(labels.get(requirement.key)))
    }
}

/// A `v1.PodAffinityTerm` with `matchLabelKeys` and `mismatchLabelKeys` merged into its selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodAffinityTerm {
    /// Which Pods are meant; `None` means none.
    pub selector: Option<LabelSelector>,
    /// Their namespaces by name. Without names and selector it holds the Pod's own.
    pub namespaces: Vec<Symbol>,
    /// Their namespaces by label; `None` means none besides those named.
    pub namespace_selector: Option<LabelSelector>,
    /// The node label whose equal values make nodes neighbours.
    pub topology_key: Symbol,
}

/// `spec.affinity.podAffinity` and `podAntiAffinity`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodAffinity {
    /// Required affinity terms.
    pub required: Vec<PodAffinityTerm>,
    /// Preferred affinity terms with weights of 1 to 100.
    pub preferred: Vec<(i64, PodAffinityTerm)>,
    /// Required anti-affinity terms.
    pub anti_required: Vec<PodAffinityTerm>,
    /// Preferred anti-affinity terms with weights of 1 to 100.
    pub anti_preferred: Vec<(i64, PodAffinityTerm)>,
}

impl PodAffinity {
    /// True if there are no terms.
    pub fn is_empty(&self) -> bool {
        self.required.is_empty() && self.preferred.is_empty() && self.anti_required.is_empty() && self.anti_preferred.is_empty()
    }
}

/// What a topology spread constraint does to nodes that violate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhenUnsatisfiable {
    /// They are refused.
    DoNotSchedule,
    /// They score lower.
    ScheduleAnyway,
}

/// A `v1.TopologySpreadConstraint` with `matchLabelKeys` merged into its selector.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TopologySpreadConstraint {
    /// Most Pods that a domain may have above the one with the fewest.
    pub max_skew: i32,
    /// The node label whose values are the domains.
    pub topology_key: Symbol,
    /// Hard or soft.
    pub when_unsatisfiable: WhenUnsatisfiable,
    /// Which Pods of the namespace count; `None` means none.
    pub selector: Option<LabelSelector>,
    /// With fewer domains than this the fewest Pods of a domain count as 0.
    pub min_domains: Option<i32>,
    /// `nodeAffinityPolicy: Honor`, the default: nodes that the Pod's selector and affinity exclude do not count.
    pub honor_node_affinity: bool,
    /// `nodeTaintsPolicy: Honor`: nodes with taints that the Pod does not tolerate do not count. The default is `Ignore`.
    pub honor_node_taints: bool,
}

/// A namespace and its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// `metadata.name`.
    pub name: Symbol,
    /// `metadata.labels`.
    pub labels: Labels,
}

/// What preemption reads of a `policy/v1.PodDisruptionBudget`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisruptionBudget {
    /// Namespace of the Pods that it guards.
    pub namespace: Symbol,
    /// Which of them; one that is absent or empty guards none here.
    pub selector: Option<LabelSelector>,
    /// `status.disruptionsAllowed`.
    pub allowed: i32,
    /// Names in `status.disruptedPods`: Pods that count as disrupted already.
    pub disrupted: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Operator;
    use Operator::{DoesNotExist, Exists, Gt, In, NotIn};

    #[test]
    fn a_selector_holds_if_all_its_requirements_do() {
        let labels = Labels::from_pairs([(Symbol(0), Symbol(10)), (Symbol(1), Symbol(11))]);
        let asks = |key: u32, operator, values: &[u32]| Requirement {
            key: Symbol(key),
            operator,
            values: values.iter().map(|value| Symbol(*value)).collect(),
        };
        #[rustfmt::skip]
        let table = [
            (vec![],                                                  true),
            (vec![asks(0, In, &[9, 10])],                             true),
            (vec![asks(0, In, &[9])],                                 false),
            (vec![asks(2, In, &[9])],                                 false),
            (vec![asks(0, NotIn, &[9])],                              true),
            (vec![asks(2, NotIn, &[9])],                              true),
            (vec![asks(0, NotIn, &[10])],                             false),
            (vec![asks(1, Exists, &[]), asks(2, DoesNotExist, &[])],  true),
            (vec![asks(1, Exists, &[]), asks(0, DoesNotExist, &[])],  false),
            (vec![asks(0, Gt, &[1])],                                 false),
        ];
        for (requirements, want) in table {
            assert_eq!(LabelSelector(requirements.clone()).matches(&labels), want, "{requirements:?}");
        }
    }
}
