//! Which victims violate a disruption budget.
//!
//! Source: `filterPodsWithPDBViolation` in `pkg/scheduler/framework/plugins/defaultpreemption/default_preemption.go` of
//! Kubernetes v1.34.

use crate::scheduler::framework::Resident;
use crate::spec::{DisruptionBudget, Labels, Spec};
use crate::table::PodId;

/// Pods that are in `status.disruptedPods` of a budget, by the budget's row.
pub(in super::super) type Disrupted = std::collections::BTreeSet<(usize, PodId)>;

/// Walks through Pods in their order and tells of each whether its going violates a budget, given those that go before it.
pub(super) fn violations(spec: &Spec, disrupted: &Disrupted, pods: &[Resident]) -> Vec<bool> {
    let mut allowed: Vec<i32> = spec.disruption_budgets.iter().map(|budget| budget.allowed).collect();
    pods.iter().map(|pod| violates(spec, disrupted, pod, &mut allowed)).collect()
}

/// Takes a Pod's going out of what its budgets allow; true if that is below nothing for one of them.
fn violates(spec: &Spec, disrupted: &Disrupted, pod: &Resident, allowed: &mut [i32]) -> bool {
    let template = &spec.templates[pod.template];
    let mut violates = false;
    for (row, budget) in spec.disruption_budgets.iter().enumerate() {
        if budget.namespace == template.namespace && guards(budget, &template.labels) && !disrupted.contains(&(row, pod.pod)) {
            allowed[row] = allowed[row].saturating_sub(1);
            violates |= allowed[row] < 0;
        }
    }
    violates
}

/// True if the budget's selector matches; an absent or empty one guards nobody, and a Pod without labels is not guarded.
fn guards(budget: &DisruptionBudget, labels: &Labels) -> bool {
    let labelled = labels.iter().next().is_some();
    labelled && budget.selector.as_ref().is_some_and(|selector| !selector.0.is_empty() && selector.matches(labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{Bed, resident};
    use crate::spec::{LabelSelector, Operator, Requirement};

    #[test]
    fn a_pod_violates_a_budget_once_those_before_it_have_used_it_up() {
        let mut bed = Bed::default();
        let [app, web, other, space] = ["app", "web", "other", "default"].map(|text| bed.symbol(text));
        let labelled = |bed: &mut Bed, value| bed.pod(|pod, _| pod.labels = Labels::from_pairs([(app, value)]));
        let (guarded, free, bare) = (labelled(&mut bed, web), labelled(&mut bed, other), bed.pod(|_, _| {}));
        let is_web = Requirement { key: app, operator: Operator::In, values: vec![web] };
        let isnt_other = Requirement { key: app, operator: Operator::NotIn, values: vec![other] };
        let disrupted = Disrupted::from([(0, PodId(7))]);
        let pods = [(0, guarded), (7, guarded), (1, free), (2, bare), (3, guarded)].map(|(pod, template)| resident(pod, template));
        #[rustfmt::skip]
        let table = [
            // selector, allowed, who violates
            (Some(vec![is_web.clone()]), 2, [false, false, false, false, false]),
            (Some(vec![is_web.clone()]), 1, [false, false, false, false, true]),
            (Some(vec![is_web]),         0, [true,  false, false, false, true]),
            (Some(vec![isnt_other]),     0, [true,  false, false, false, true]),
            (Some(vec![]),               0, [false; 5]),
            (None,                       0, [false; 5]),
        ];
        for (selector, allowed, want) in table {
            let selector = selector.map(LabelSelector);
            bed.spec.disruption_budgets = vec![DisruptionBudget { namespace: space, selector, allowed, disrupted: vec![] }];
            assert_eq!(violations(&bed.spec, &disrupted, &pods), want, "{:?}", bed.spec.disruption_budgets);
        }
    }
}
