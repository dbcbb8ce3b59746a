//! Image pulls: one at a time on a node, if so configured, in the order of asking.

use crate::cluster::{ImageKey, Presence};
use crate::measure::{Happening, Step};
use crate::spec::{PullPolicy, Registry};
use crate::table::PodId;
use crate::units::{Bytes, SimSpan};
use crate::world::World;

/// How long the container `index` of `pod` waits for its image, from now. The pull is booked on the node.
pub fn wait_for_image(world: &mut World<'_>, pod: PodId, index: u8) -> SimSpan {
    let about = world.container_spec(pod, index);
    let registry = world.spec.registry;
    let (key, revision, new_bytes) = image_of(world, pod, index);
    let node = world.pods[pod].node;
    let presence = world.nodes.images[node].presence(key, revision, world.now);
    if about.pull == PullPolicy::Never {
        return SimSpan::ZERO;
    }
    match presence {
        Presence::Here => {
            world.record.startup.pull_hits += 1;
            always_asks(about.pull, registry)
        }
        Presence::Coming(at) => {
            world.record.startup.pull_hits += 1;
            at - world.now
        }
        Presence::Absent | Presence::Stale => {
            world.tell(pod, Some(index), Happening::Pulling);
            pull(world, pod, key, revision, if presence == Presence::Absent { 1.0 } else { new_bytes })
        }
    }
}

/// The image of the container under a Pod's cursor is there: waited for since the step began, or there before.
pub(super) fn tell_pulled(world: &mut World<'_>, pod: PodId) {
    let row = &world.pods[pod];
    let (index, waited) = (row.cursor, row.step == Step::Pull);
    let span = if waited { world.now - row.step_since } else { SimSpan::ZERO };
    // How much of it came for this Pod alone nobody knows: it may have waited for another's pull, or for the registry's answer.
    world.tell(pod, Some(index), Happening::Pulled(span, Bytes::ZERO));
}

/// The policy `Always` costs a round trip even where the image is there.
fn always_asks(policy: PullPolicy, registry: Registry) -> SimSpan {
    match policy {
        PullPolicy::Always => SimSpan::from_secs_f64(registry.round_trip),
        PullPolicy::IfNotPresent | PullPolicy::Never => SimSpan::ZERO,
    }
}

/// Books the pull of `share` of an image's bytes and gives the wait until it is done.
fn pull(world: &mut World<'_>, pod: PodId, key: ImageKey, revision: u32, share: f64) -> SimSpan {
    let registry = world.spec.registry;
    let bytes = world.spec.images[key.image].size.0 as f64 * share;
    let takes = SimSpan::from_secs_f64(registry.round_trip + bytes / registry.bandwidth + bytes / registry.unpack);
    let cache = &mut world.nodes.images[world.pods[pod].node];
    let begins = if registry.serial { cache.busy_until.max(world.now) } else { world.now };
    let done = begins + takes;
    cache.busy_until = cache.busy_until.max(done);
    cache.put(key, revision, done);
    world.record.startup.pulls += 1;
    world.record.startup.pulled += bytes as u64;
    done - world.now
}

/// The image of a container as its node knows it, the version it needs, and the share of its bytes that a release changes.
fn image_of(world: &World<'_>, pod: PodId, index: u8) -> (ImageKey, u32, f64) {
    let row = &world.pods[pod];
    let about = world.container_spec(pod, index);
    // Only the main container's image is the service's own; sidecars and init containers run what others release.
    let own = !about.helper && about.kind == crate::spec::ContainerKind::App;
    match world.release_share(pod) {
        Some(share) if own => (ImageKey { image: about.image, instance: Some(row.instance) }, row.revision, share),
        _ => (ImageKey { image: about.image, instance: None }, 0, 1.0),
    }
}

/// The images of a Pod that ran before the run began are on its node.
pub fn put_images(world: &mut World<'_>, pod: PodId) {
    for index in 0..world.pods.containers_of(pod) {
        let (key, revision, _) = image_of(world, pod, index);
        let node = world.pods[pod].node;
        world.nodes.images[node].put(key, revision, world.now);
    }
}
