//! `NodeVolumeLimits`: a node attaches only so many volumes of a CSI driver.

use super::super::framework::{ClusterView, Filter, Happening, HappeningKind, NodeView, PodView, Prepared, Reason, Rejection};
use crate::spec::{AttachedVolume, Claim};
use crate::table::Symbol;

/// Refuses nodes that would have more volumes of a CSI driver than their `CSINode` allows. A volume that several Pods use counts once.
///
/// Source: `pkg/scheduler/framework/plugins/nodevolumelimits/csi.go` of Kubernetes v1.34. Volumes that stay attached after their Pods
/// (`VolumeAttachment`) are not counted.
#[derive(Clone, Copy, Debug)]
pub struct NodeVolumeLimits;

/// How many volumes of `driver` there are in the list.
fn distinct(volumes: &[AttachedVolume], driver: Symbol) -> usize {
    let again = |row: usize, volume: &AttachedVolume| volume.handle.is_some() && volumes[..row].contains(volume);
    let of_driver = volumes.iter().enumerate().filter(|(_, volume)| volume.driver == driver);
    of_driver.filter(|(row, volume)| !again(*row, volume)).count()
}

/// True if the node would have too many volumes of a driver of which `new` has some that are not there.
fn exceeds(node: &NodeView<'_>, new: &[AttachedVolume], (driver, limit): (Symbol, u32)) -> bool {
    let there = &node.load.volumes;
    let is_new = |volume: &&AttachedVolume| volume.driver == driver && (volume.handle.is_none() || !there.contains(volume));
    let coming: Vec<AttachedVolume> = new.iter().filter(is_new).copied().collect();
    !coming.is_empty() && distinct(there, driver) + distinct(&coming, driver) > limit as usize
}

impl Filter for NodeVolumeLimits {
    type State = Vec<AttachedVolume>;

    fn name(&self) -> &'static str {
        "NodeVolumeLimits"
    }

    fn prepare(&self, pod: &PodView<'_>, _: ClusterView<'_>) -> Prepared<Self::State> {
        let claims = &pod.template.claims;
        if claims.is_empty() { Prepared::Skip } else { Prepared::Check(claims.iter().filter_map(Claim::attached).collect()) }
    }

    fn admit(&self, volumes: &Self::State, _: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        if node.attach_limits.iter().any(|limit| exceeds(node, volumes, *limit)) {
            return Err(Rejection::resolvable(Reason::VolumeLimit));
        }
        Ok(())
    }

    fn retries_on(&self) -> &'static [HappeningKind] {
        &[HappeningKind::AssignedPodDeleted]
    }

    /// The deleted Pod had claims.
    fn hint(&self, _: &PodView<'_>, happening: &Happening<'_>) -> bool {
        matches!(happening, Happening::AssignedPodDeleted(gone) if !gone.claims.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::{Bed, claim};
    use crate::spec::{ClaimState, Symbols, Volume};
    use crate::table::TemplateId;

    /// Driver and handle of volumes.
    type Volumes = &'static [(&'static str, &'static str)];

    /// A Pod with volumes of drivers; a handle of `-` is a volume of its own.
    fn pod(bed: &mut Bed, volumes: &[(&str, &str)]) -> TemplateId {
        let attached = |symbols: &mut Symbols, driver: &str, handle: &str| AttachedVolume {
            driver: symbols.intern(driver),
            handle: (handle != "-").then(|| symbols.intern(handle)),
        };
        bed.pod(|pod, symbols| {
            for (driver, handle) in volumes {
                let attached = Some(attached(symbols, driver, handle));
                pod.claims.push(claim(symbols, handle, ClaimState::Bound(Volume { attached, ..Volume::default() })));
            }
        })
    }

    #[test]
    fn volumes_of_a_driver_count_once_each_up_to_its_limit() {
        #[rustfmt::skip]
        let table: [(Volumes, Volumes, bool); 9] = [
            // on the node, which attaches two of `ebs`      the Pod's                        fits
            (&[],                                            &[("ebs", "a"), ("ebs", "b")],   true),
            (&[],                                            &[("ebs", "a"), ("ebs", "a"), ("ebs", "b")], true),
            (&[],                                            &[("ebs", "-"), ("ebs", "-"), ("ebs", "-")], false),
            (&[("ebs", "a"), ("ebs", "b")],                  &[("ebs", "c")],                 false),
            (&[("ebs", "a"), ("ebs", "b")],                  &[("ebs", "a")],                 true),
            (&[("ebs", "a"), ("ebs", "-")],                  &[("ebs", "-")],                 false),
            (&[("ebs", "a"), ("efs", "b")],                  &[("ebs", "c")],                 true),
            (&[("efs", "a"), ("efs", "b")],                  &[("efs", "c")],                 true),
            (&[("ebs", "a"), ("ebs", "b"), ("ebs", "c")],    &[("ebs", "a"), ("efs", "d")],   true),
        ];
        for (there, new, fits) in table {
            let mut bed = Bed::default();
            let node = bed.node(|shape, symbols| shape.attach_limits = vec![(symbols.intern("ebs"), 2)]);
            let (resident, pod) = (pod(&mut bed, there), pod(&mut bed, new));
            bed.charge(resident, node);
            let want = if fits { Ok(()) } else { Err(Rejection::resolvable(Reason::VolumeLimit)) };
            assert_eq!(bed.admit(&NodeVolumeLimits, pod, node), want, "{new:?} beside {there:?}");
        }
    }

    #[test]
    fn a_pod_without_claims_is_not_checked() {
        let mut bed = Bed::default();
        let pod = pod(&mut bed, &[]);
        assert_eq!(bed.prepare(&NodeVolumeLimits, pod), Prepared::Skip);
    }
}
