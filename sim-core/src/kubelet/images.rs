//! What a container's image needs before the container can be made: policy, back-off, and a pull of its own where it must.
//!
//! After the kubelet's image manager (`pkg/kubelet/images`, Kubernetes v1.34): what is there under `IfNotPresent` needs nothing, not even
//! the end of a back-off; everything else asks the registry.

pub use super::image_gc::{collect, reclaim_all_unused};
pub use super::pulls::{downloaded, over};
use crate::cluster::{Presence, Pull, PullError, PullPhase};
use crate::measure::Happening;
use crate::spec::PullPolicy;
use crate::table::PodId;
use crate::units::{Bytes, SimSpan};
use crate::world::World;

/// Where a container's image is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Image {
    /// On the node, after so long.
    Here(SimSpan),
    /// A pull goes on or waits; its end is a `StepDone` of the Pod, and then the question is to be asked again.
    Coming,
    /// Not to be had in this sync.
    Failed(PullError),
}

/// Sees to it that the image of container `index` of `pod` is on the node, as far as its policy, the back-off and the registry let it.
pub fn ensure(world: &mut World<'_>, pod: PodId, index: u8) -> Image {
    let (node, me) = (world.pods[pod].node, world.pod_ref(pod));
    if let Some(result) = world.nodes.images[node].take_answer(me, index) {
        return answered(result);
    }
    if world.nodes.images[node].pulls.iter().any(|&pull| world.registry.pulls[pull].pod == me && world.registry.pulls[pull].index == index)
    {
        return Image::Coming;
    }
    let (key, revision, _) = world.image_of(pod, index);
    let here = world.nodes.images[node].presence(key, revision) == Presence::Here;
    match (world.container_spec(pod, index).pull, here) {
        (PullPolicy::IfNotPresent | PullPolicy::Never, true) => found(world, pod, index),
        (PullPolicy::Never, false) => never(world, pod, index),
        (PullPolicy::Always, _) | (PullPolicy::IfNotPresent, false) => ask(world, pod, index),
    }
}

fn answered(result: Result<(), PullError>) -> Image {
    result.map_or_else(Image::Failed, |()| Image::Here(SimSpan::ZERO))
}

fn found(world: &mut World<'_>, pod: PodId, index: u8) -> Image {
    let (key, ..) = world.image_of(pod, index);
    let node = world.pods[pod].node;
    world.nodes.images[node].touch(key, world.now);
    world.record.startup.pull_hits += 1;
    world.tell(pod, Some(index), Happening::Pulled(SimSpan::ZERO, Bytes(0)));
    Image::Here(SimSpan::ZERO)
}

fn never(world: &mut World<'_>, pod: PodId, index: u8) -> Image {
    world.record.startup.images.never_pulled += 1;
    world.tell(pod, Some(index), Happening::NeverPull);
    Image::Failed(PullError::NeverPull)
}

/// Asks for a pull, unless the last one failed too short a time ago.
fn ask(world: &mut World<'_>, pod: PodId, index: u8) -> Image {
    let (node, me) = (world.pods[pod].node, world.pod_ref(pod));
    let (key, revision, share) = world.image_of(pod, index);
    if let Some(end) = world.nodes.images[node].backoff(me, key.image, world.now) {
        world.record.startup.images.backoffs += 1;
        world.tell(pod, Some(index), Happening::PullBackOff);
        return Image::Failed(PullError::BackOff(end));
    }
    let (phase, asked) = (PullPhase::Queued, world.now);
    let pull = Pull { pod: me, index, node, key, revision, share, bytes: 0, phase, asked, asking: true };
    let id = world.registry.pulls.add(pull);
    world.nodes.images[node].pulls.push(id);
    super::pulls::begin_waiting(world, node);
    if let Some(result) = world.nodes.images[node].take_answer(me, index) {
        return answered(result);
    }
    world.registry.pulls[id].asking = false;
    Image::Coming
}

/// The images of a Pod that ran before the run began are on its node.
pub fn put_images(world: &mut World<'_>, pod: PodId) {
    let node = world.pods[pod].node;
    for index in 0..world.pods.containers_of(pod) {
        let (key, revision, _) = world.image_of(pod, index);
        let about = &world.spec.images[key.image];
        world.nodes.images[node].put(key, revision, about, world.now);
    }
    super::image_gc::changed(world, node);
}
