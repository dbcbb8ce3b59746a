//! Volumes: those of claims are attached first, then all are mounted.
//!
//! The kubelet waits up to 2 min 3 s in one sync (`podAttachAndMountTimeout`, Kubernetes v1.34) and tries again in the next; attaching
//! goes on meanwhile.

use crate::engine::random::Purpose;
use crate::table::PodId;
use crate::units::{SimSpan, SimTime};
use crate::world::World;

/// The longest that one sync waits for volumes.
pub const WAIT_MAX: SimSpan = SimSpan::from_secs(123);

/// How a sync's wait for a Pod's volumes ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VolumeWait {
    /// All are there after this span.
    Ready(SimSpan),
    /// The sync fails after this span and comes again.
    TimesOut(SimSpan),
}

/// How long a sync that begins now waits for the volumes of `pod`, whose attachment began at `since`: the time of the first sync that
/// wanted them. Each Pod's times are drawn once, so asking again changes nothing but what is left of them.
pub fn ready_after(world: &mut World<'_>, pod: PodId, since: SimTime) -> VolumeWait {
    let template = world.template(pod);
    if template.volumes == 0 {
        return VolumeWait::Ready(SimSpan::ZERO);
    }
    let (entity, kubelet) = (world.pods[pod].entity, &world.spec.kubelet);
    let mounts = world.draw(&kubelet.volumes, Purpose::Volume, entity, 0);
    let attached = (0..).take(template.claims.len()).map(|claim| world.draw(&kubelet.attach, Purpose::Volume, entity, 1 + claim));
    // Volumes are attached side by side.
    let attaches = attached.max().unwrap_or(SimSpan::ZERO);
    left(attaches + mounts, world.now - since)
}

/// What is left of `whole` after `passed`, as far as one sync waits.
fn left(whole: SimSpan, passed: SimSpan) -> VolumeWait {
    match whole.saturating_sub(passed) {
        rest if rest <= WAIT_MAX => VolumeWait::Ready(rest),
        _ => VolumeWait::TimesOut(WAIT_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sync_waits_for_volumes_up_to_2_minutes_and_3_seconds() {
        let span = SimSpan::from_secs;
        for (whole, passed, want) in [
            (5, 0, VolumeWait::Ready(span(5))),
            (123, 0, VolumeWait::Ready(span(123))),
            (124, 0, VolumeWait::TimesOut(WAIT_MAX)),
            (300, 135, VolumeWait::TimesOut(WAIT_MAX)),
            (300, 270, VolumeWait::Ready(span(30))),
            (300, 400, VolumeWait::Ready(SimSpan::ZERO)),
        ] {
            assert_eq!(left(span(whole), span(passed)), want, "{whole} s, {passed} s later");
        }
    }
}
