//! `TaintToleration`: Pods stay away from taints they do not tolerate.

use super::super::framework::{
    ClusterView, Filter, Happening, HappeningKind, NodeView, PodView, Prepared, Reason, Rejection, Score, normalize_by_max,
};
use crate::spec::{Taint, TaintEffect, Toleration};
use crate::table::{NodeId, Symbol};

/// Key of the taint of cordoned nodes; its effect is `NoSchedule`, its value empty.
pub(in super::super) const UNSCHEDULABLE_TAINT: &str = "node.kubernetes.io/unschedulable";

/// Refuses nodes with a taint of effect `NoSchedule` or `NoExecute` that the Pod does not tolerate, and prefers nodes with few
/// untolerated taints of effect `PreferNoSchedule`.
///
/// Source: `pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go` of Kubernetes v1.34.
#[derive(Clone, Copy, Debug)]
pub struct TaintToleration;

/// True if `toleration` covers `taint` (`ToleratesTaint`).
fn covers(toleration: &Toleration, taint: &Taint) -> bool {
    toleration.effect.is_none_or(|effect| effect == taint.effect)
        && toleration.key.is_none_or(|key| key == taint.key)
        && toleration.value.is_none_or(|value| value == taint.value)
}

/// True if one of the tolerations covers the taint.
pub(in super::super) fn tolerated(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| covers(toleration, taint))
}

/// True if the Pod tolerates the taint that a cordoned node has.
pub(super) fn tolerates_cordon(pod: &PodView<'_>) -> bool {
    let named = |text: &str, symbol: Symbol| pod.symbols.text(symbol) == text;
    pod.template.placement.tolerations.iter().any(|toleration| {
        toleration.effect.is_none_or(|effect| effect == TaintEffect::NoSchedule)
            && toleration.key.is_none_or(|key| named(UNSCHEDULABLE_TAINT, key))
            && toleration.value.is_none_or(|value| named("", value))
    })
}

/// The first taint in the node's order that keeps the Pod away.
pub(super) fn untolerated<'a>(pod: &PodView<'_>, taints: &'a [Taint]) -> Option<&'a Taint> {
    let mut repelling = taints.iter().filter(|taint| taint.effect != TaintEffect::PreferNoSchedule);
    repelling.find(|taint| !tolerated(&pod.template.placement.tolerations, taint))
}

impl Filter for TaintToleration {
    type State = ();

    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn prepare(&self, _: &PodView<'_>, _: ClusterView<'_>) -> Prepared<()> {
        Prepared::Check(())
    }

    fn admit(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        match untolerated(pod, node.taints) {
            Some(taint) => Err(Rejection::unresolvable(Reason::Taint(taint.key, taint.value))),
            None => Ok(()),
        }
    }

    fn retries_on(&self) -> &'static [HappeningKind] {
        &[HappeningKind::Uncordoned, HappeningKind::Retainted]
    }

    /// The node was untolerated and is tolerated now.
    fn hint(&self, pod: &PodView<'_>, happening: &Happening<'_>) -> bool {
        match happening {
            Happening::Uncordoned(node) => !tolerates_cordon(pod) && untolerated(pod, node.taints).is_none(),
            Happening::Retainted(node, before) => untolerated(pod, before).is_some() && untolerated(pod, node.taints).is_none(),
            Happening::AssignedPodDeleted(_) | Happening::AssignedPodAdded(_) | Happening::ScaledDown(..) => false,
        }
    }
}

impl Score for TaintToleration {
    type State = ();

    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn prepare(&self, _: &PodView<'_>, _: ClusterView<'_>, _: &[NodeId]) -> Option<()> {
        Some(())
    }

    /// Untolerated taints of effect `PreferNoSchedule`; fewer are better.
    fn score(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> i64 {
        let discouraging = node.taints.iter().filter(|taint| taint.effect == TaintEffect::PreferNoSchedule);
        discouraging.filter(|taint| !tolerated(&pod.template.placement.tolerations, taint)).count() as i64
    }

    fn normalize(&self, scores: &mut [i64]) {
        normalize_by_max(scores, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;
    use TaintEffect::{NoExecute, NoSchedule, PreferNoSchedule};

    #[test]
    fn tolerations_cover_taints_by_effect_key_and_value() {
        let (a, b) = (Symbol(0), Symbol(1));
        let taint = Taint { key: a, value: b, effect: NoSchedule };
        #[rustfmt::skip]
        let table = [
            (None,    None,    None,                   true),
            (Some(a), None,    Some(NoSchedule),       true),
            (Some(a), Some(b), Some(NoSchedule),       true),
            (Some(a), Some(a), Some(NoSchedule),       false),
            (Some(b), None,    Some(NoSchedule),       false),
            (Some(a), None,    Some(NoExecute),        false),
            (None,    None,    Some(PreferNoSchedule), false),
        ];
        for (key, value, effect, want) in table {
            let toleration = Toleration { key, value, effect, seconds: None };
            assert_eq!(covers(&toleration, &taint), want, "{toleration:?}");
        }
    }

    #[test]
    fn the_first_untolerated_taint_is_the_reason_and_preferences_are_none() {
        let mut bed = Bed::default();
        let [gpu, spot, dedicated, yes] = ["gpu", "spot", "dedicated", "yes"].map(|text| bed.symbol(text));
        let taint = |key, effect| Taint { key, value: yes, effect };
        let node =
            bed.node(|shape, _| shape.taints = vec![taint(spot, PreferNoSchedule), taint(gpu, NoSchedule), taint(dedicated, NoExecute)]);
        let tolerating = |keys: &[Symbol]| -> Vec<Toleration> {
            keys.iter().map(|key| Toleration { key: Some(*key), value: None, effect: None, seconds: None }).collect()
        };
        let refused = |key| Err(Rejection::unresolvable(Reason::Taint(key, yes)));
        let table = [(vec![], refused(gpu)), (tolerating(&[gpu]), refused(dedicated)), (tolerating(&[gpu, dedicated]), Ok(()))];
        for (tolerations, want) in table {
            let pod = bed.pod(|pod, _| pod.placement.tolerations = tolerations);
            assert_eq!(bed.admit(&TaintToleration, pod, node), want);
        }
    }

    #[test]
    fn fewer_discouraging_taints_score_higher() {
        let mut bed = Bed::default();
        let keys = ["a", "b", "c"].map(|text| bed.symbol(text));
        let taints = |count: usize| keys[..count].iter().map(|key| Taint { key: *key, value: *key, effect: PreferNoSchedule }).collect();
        let nodes = [0, 1, 3].map(|count| bed.node(|shape, _| shape.taints = taints(count)));
        let pod = bed.pod(|_, _| {});
        assert_eq!(bed.scores(&TaintToleration, pod, &nodes), Some(vec![100, 67, 0]));
        assert_eq!(bed.scores(&TaintToleration, pod, &nodes[..1]), Some(vec![100]));
    }
}
