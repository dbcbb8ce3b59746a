//! `VolumeBinding`: a Pod goes where its claims' volumes are, or can be made.

use super::super::framework::{ClusterView, Filter, NodeView, PodView, Prepared, Reason, Rejection};
use super::node_affinity::any_by_labels;
use crate::spec::{Claim, ClaimState};

/// Refuses nodes that a volume's node affinity or a storage class's allowed topologies do not match; refuses Pods whose claims are not
/// ready.
///
/// Source: `pkg/scheduler/framework/plugins/volumebinding/{volume_binding,binder}.go` of Kubernetes v1.34. How much storage is left is not
/// looked at.
#[derive(Clone, Copy, Debug)]
pub struct VolumeBinding;

/// What is wrong with a claim whatever the node (`podHasPVCs`).
const fn trouble(claim: &Claim) -> Option<Reason> {
    Some(match &claim.state {
        ClaimState::Missing if claim.ephemeral => Reason::EphemeralClaimMissing(claim.name),
        ClaimState::Missing => Reason::ClaimMissing(claim.name),
        ClaimState::Lost(volume) => Reason::ClaimLost(claim.name, *volume),
        ClaimState::Deleted => Reason::ClaimDeleted(claim.name),
        _ => return None,
    })
}

/// Why a bound claim keeps the Pod off the node (`checkBoundClaims`).
fn bound(claim: &Claim, pod: &PodView<'_>, node: &NodeView<'_>) -> Option<Reason> {
    match &claim.state {
        ClaimState::BoundToMissing(_) => Some(Reason::VolumesGone),
        ClaimState::Bound(volume) => {
            let refused = volume.required.as_ref().is_some_and(|terms| !any_by_labels(terms, node, pod.symbols));
            refused.then_some(Reason::VolumeAffinity)
        }
        _ => None,
    }
}

/// True if a claim that waits for its first Pod can get a volume on the node (`checkVolumeProvisions`), or does not wait.
fn is_satisfied(claim: &Claim, pod: &PodView<'_>, node: &NodeView<'_>) -> bool {
    let ClaimState::Waiting { allowed, selected, .. } = &claim.state else { return true };
    selected.is_none_or(|selected| selected == node.name) && allowed.as_ref().is_none_or(|terms| any_by_labels(terms, node, pod.symbols))
}

impl Filter for VolumeBinding {
    type State = ();

    fn name(&self) -> &'static str {
        "VolumeBinding"
    }

    fn prepare(&self, pod: &PodView<'_>, _: ClusterView<'_>) -> Prepared<()> {
        let claims = &pod.template.claims;
        if claims.is_empty() {
            return Prepared::Skip;
        }
        if let Some(reason) = claims.iter().find_map(trouble) {
            return Prepared::Reject(reason);
        }
        let unbound = claims.iter().any(|claim| claim.state == ClaimState::Unbound);
        if unbound { Prepared::Reject(Reason::UnboundClaims) } else { Prepared::Check(()) }
    }

    /// The first bound claim that does not fit, and beside it that a volume cannot be made.
    fn admit(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        let claims = &pod.template.claims;
        let mut reasons: Vec<Reason> = claims.iter().find_map(|claim| bound(claim, pod, node)).into_iter().collect();
        if !claims.iter().all(|claim| is_satisfied(claim, pod, node)) {
            reasons.push(Reason::NoVolumeToBind);
        }
        if reasons.is_empty() { Ok(()) } else { Err(Rejection { reasons, resolvable: false }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{Bed, claim};
    use crate::spec::{NodeSelectorTerm, Operator, Requirement, Volume};
    use crate::table::Symbol;

    /// A term that wants a zone.
    fn zone(bed: &mut Bed, name: &str) -> NodeSelectorTerm {
        let (key, value) = (bed.symbol("zone"), bed.symbol(name));
        NodeSelectorTerm { expressions: vec![Requirement { key, operator: Operator::In, values: vec![value] }], fields: vec![] }
    }

    fn bound_to(required: Option<Vec<NodeSelectorTerm>>) -> ClaimState {
        ClaimState::Bound(Volume { required, ..Volume::default() })
    }

    const fn waiting(allowed: Option<Vec<NodeSelectorTerm>>, selected: Option<Symbol>) -> ClaimState {
        ClaimState::Waiting { allowed, selected, attached: None }
    }

    #[test]
    fn a_pod_goes_where_its_volumes_are_or_can_be_made() {
        use Reason::{NoVolumeToBind, VolumeAffinity, VolumesGone};
        let mut bed = Bed::default();
        let nodes = ["a", "b"].map(|zone| bed.node(|shape, symbols| shape.labels.set(symbols.intern("zone"), symbols.intern(zone))));
        let (a, b) = (zone(&mut bed, "a"), zone(&mut bed, "b"));
        let [gone, here] = ["gone", "node-0-0"].map(|name| bed.symbol(name));
        #[rustfmt::skip]
        let table: [(Vec<ClaimState>, [&[Reason]; 2]); 10] = [
            (vec![bound_to(None)],                                  [&[], &[]]),
            (vec![bound_to(Some(vec![a.clone()]))],                 [&[], &[VolumeAffinity]]),
            (vec![bound_to(Some(vec![a.clone(), b.clone()]))],      [&[], &[]]),
            (vec![bound_to(Some(vec![]))],                          [&[VolumeAffinity], &[VolumeAffinity]]),
            (vec![ClaimState::BoundToMissing(gone)],                [&[VolumesGone], &[VolumesGone]]),
            (vec![waiting(None, None)],                             [&[], &[]]),
            (vec![waiting(Some(vec![b.clone()]), None)],            [&[NoVolumeToBind], &[]]),
            (vec![waiting(None, Some(here))],                       [&[], &[NoVolumeToBind]]),
            (vec![bound_to(Some(vec![a.clone()])), waiting(Some(vec![a.clone()]), None)], [&[], &[VolumeAffinity, NoVolumeToBind]]),
            (vec![bound_to(Some(vec![a])), bound_to(Some(vec![b]))], [&[VolumeAffinity], &[VolumeAffinity]]),
        ];
        for (states, want) in table {
            let pod = bed.pod(|pod, symbols| pod.claims = states.iter().map(|state| claim(symbols, "data", state.clone())).collect());
            let found = nodes.map(|node| bed.admit(&VolumeBinding, pod, node).err().map_or(vec![], |rejection| rejection.reasons));
            assert_eq!(found, want.map(<[Reason]>::to_vec), "{states:?}");
        }
    }

    #[test]
    fn a_pod_whose_claims_are_not_ready_is_refused_as_a_whole() {
        let mut bed = Bed::default();
        let [data, gone] = ["data", "gone"].map(|name| bed.symbol(name));
        #[rustfmt::skip]
        let table = [
            (false, vec![ClaimState::Missing],                      Reason::ClaimMissing(data)),
            (true,  vec![ClaimState::Missing],                      Reason::EphemeralClaimMissing(data)),
            (false, vec![ClaimState::Lost(gone)],                   Reason::ClaimLost(data, gone)),
            (false, vec![ClaimState::Deleted],                      Reason::ClaimDeleted(data)),
            (false, vec![ClaimState::Unbound],                      Reason::UnboundClaims),
            (false, vec![ClaimState::Unbound, ClaimState::Deleted], Reason::ClaimDeleted(data)),
        ];
        for (ephemeral, states, want) in table {
            let pod = bed.pod(|pod, symbols| {
                pod.claims = states.iter().map(|state| Claim { ephemeral, ..claim(symbols, "data", state.clone()) }).collect();
            });
            assert_eq!(bed.prepare(&VolumeBinding, pod), Prepared::Reject(want), "{states:?}");
        }
        let plain = bed.pod(|_, _| {});
        assert_eq!(bed.prepare(&VolumeBinding, plain), Prepared::Skip);
    }
}
