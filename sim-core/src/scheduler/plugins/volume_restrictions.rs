//! `VolumeRestrictions`: a claim that one Pod at a time may use is used by one Pod of the cluster.

use super::super::framework::{ClusterView, Filter, Happening, HappeningKind, NodeView, PodView, Prepared, Reason, Rejection};
use crate::spec::PodTemplate;
use crate::table::Symbol;

/// Refuses all nodes while another Pod uses one of the Pod's `ReadWriteOncePod` claims; refuses the Pod if a claim does not exist.
///
/// Source: `pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go` of Kubernetes v1.34. Disks that Pods name themselves,
/// without a claim, are not looked at.
#[derive(Clone, Copy, Debug)]
pub struct VolumeRestrictions;

/// Names of the claims that are not made for the Pod itself.
fn named(template: &PodTemplate) -> impl Iterator<Item = Symbol> + '_ {
    template.claims.iter().filter(|claim| !claim.ephemeral).map(|claim| claim.name)
}

/// True if a Pod of `other` uses the claim of this name in the namespace of `template`.
fn uses(other: &PodTemplate, template: &PodTemplate, claim: Symbol) -> bool {
    other.namespace == template.namespace && named(other).any(|name| name == claim)
}

impl Filter for VolumeRestrictions {
    type State = ();

    fn name(&self) -> &'static str {
        "VolumeRestrictions"
    }

    fn prepare(&self, pod: &PodView<'_>, cluster: ClusterView<'_>) -> Prepared<()> {
        let template = pod.template;
        if let Some(claim) = template.claims.iter().find(|claim| !claim.ephemeral && claim.is_missing()) {
            return Prepared::Reject(Reason::ClaimMissing(claim.name));
        }
        let in_use = |claim: Symbol| cluster.bound().any(|(other, _)| uses(cluster.template(other), template, claim));
        let mut alone = template.claims.iter().filter(|claim| claim.once_pod && !claim.ephemeral);
        if alone.any(|claim| in_use(claim.name)) { Prepared::Check(()) } else { Prepared::Skip }
    }

    fn admit(&self, (): &(), _: &PodView<'_>, _: &NodeView<'_>) -> Result<(), Rejection> {
        Err(Rejection::resolvable(Reason::ClaimInUse))
    }

    fn retries_on(&self) -> &'static [HappeningKind] {
        &[HappeningKind::AssignedPodDeleted]
    }

    /// The deleted Pod used a claim that this one wants.
    fn hint(&self, pod: &PodView<'_>, happening: &Happening<'_>) -> bool {
        match happening {
            Happening::AssignedPodDeleted(gone) => named(pod.template).any(|claim| uses(gone, pod.template, claim)),
            Happening::AssignedPodAdded(_) | Happening::ScaledDown(..) | Happening::Uncordoned(_) | Happening::Retainted(..) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{Bed, claim};
    use crate::spec::{ClaimState, Volume};

    fn bound() -> ClaimState {
        ClaimState::Bound(Volume::default())
    }

    #[test]
    fn a_claim_for_one_pod_at_a_time_is_used_by_one_pod_of_its_namespace() {
        #[rustfmt::skip]
        let table = [
            // namespace, claim, once_pod, refused
            ("default", "data",  true,  true),
            ("default", "data",  false, false),
            ("default", "other", true,  false),
            ("elsewhere", "data", true, false),
        ];
        for (namespace, name, once_pod, refused) in table {
            let mut bed = Bed::default();
            let nodes = [bed.node(|_, _| {}), bed.node(|_, _| {})];
            let user = bed.pod(|pod, symbols| pod.claims = vec![claim(symbols, "data", bound())]);
            let pod = bed.pod(|pod, symbols| {
                pod.namespace = symbols.intern(namespace);
                pod.claims = vec![crate::spec::Claim { once_pod, ..claim(symbols, name, bound()) }];
            });
            bed.charge(user, nodes[0]);
            let want = if refused { Err(Rejection::resolvable(Reason::ClaimInUse)) } else { Ok(()) };
            assert_eq!(nodes.map(|node| bed.admit(&VolumeRestrictions, pod, node)), [want.clone(), want], "{namespace} {name} {once_pod}");
            bed.free(user, nodes[0]);
            assert_eq!(bed.prepare(&VolumeRestrictions, pod), Prepared::Skip);
        }
    }

    #[test]
    fn a_pod_is_tried_again_when_one_that_used_its_claim_is_gone() {
        let mut bed = Bed::default();
        let pod = bed.pod(|pod, symbols| pod.claims = vec![claim(symbols, "data", bound())]);
        for (namespace, name, want) in [("default", "data", true), ("default", "other", false), ("elsewhere", "data", false)] {
            let gone = bed.pod(|pod, symbols| {
                pod.namespace = symbols.intern(namespace);
                pod.claims = vec![claim(symbols, name, bound())];
            });
            let view = PodView { template: &bed.spec.templates[pod], symbols: bed.symbols() };
            let happening = Happening::AssignedPodDeleted(&bed.spec.templates[gone]);
            assert_eq!(VolumeRestrictions.hint(&view, &happening), want, "{namespace} {name}");
        }
    }

    #[test]
    fn a_claim_that_does_not_exist_refuses_the_pod() {
        let mut bed = Bed::default();
        let pod = bed.pod(|pod, symbols| pod.claims = vec![claim(symbols, "data", ClaimState::Missing)]);
        let name = bed.symbol("data");
        assert_eq!(bed.prepare(&VolumeRestrictions, pod), Prepared::Reject(Reason::ClaimMissing(name)));
    }
}
