//! From the binding to the first container: notice, admission, volumes, sandbox, address. The rest of a start is the sync's
//! ([`super::sync`]).

use super::sync::{self, advance, end, fail_until, go_on, take};
use super::volumes::{self, VolumeWait};
use super::{admission, node, stop};
use crate::cluster::{Doing, PodRef, PodState, Signal};
use crate::engine::random::Purpose;
use crate::event::Event;
use crate::measure::{Happening, Step};
use crate::spec::Distribution;
use crate::table::PodId;
use crate::units::SimSpan;
use crate::world::World;

/// The binding is written: the kubelet will notice.
pub fn bound(world: &mut World<'_>, pod: PodRef) {
    let Some(pod) = world.alive(pod).filter(|&pod| !world.pods[pod].state.is_terminal()) else { return };
    world.take_seat(pod);
    world.tell(pod, None, Happening::Scheduled);
    world.next_step(pod, Step::Notice);
    world.signal(pod, Signal::Bound);
    let watch = world.draw(&world.spec.control_plane.watch, Purpose::Watch, world.pods[pod].entity, 1);
    take(world, pod, Doing::Noticing, watch);
}

/// The kubelet has noticed the binding: the Pod's worker begins, and its clock runs.
pub(super) fn noticed(world: &mut World<'_>, pod: PodId) {
    world.pods[pod].doing = Doing::Nothing;
    let first = world.pods[pod].syncs == 0;
    if first && let Err(why) = admission::admit_where_in_doubt(world, pod) {
        return stop::reject(world, pod, why);
    }
    if let Some(deadline) = world.template(pod).active_deadline.filter(|_| first) {
        world.after(whole_seconds(deadline), Event::Deadline(world.pod_ref(pod)));
    }
    sync::wake(world, pod);
}

/// The deadline is looked at on the ticks of the kubelet's loop, once a second.
fn whole_seconds(span: SimSpan) -> SimSpan {
    SimSpan::from_secs(span.as_nanos().div_ceil(1_000_000_000))
}

/// Waits for the Pod's volumes, if it has any.
pub(super) fn mount(world: &mut World<'_>, pod: PodId) {
    let now = world.now;
    let from = &mut world.pods[pod].volumes_from;
    *from = (*from).min(now);
    match volumes::ready_after(world, pod, world.pods[pod].volumes_from) {
        VolumeWait::Ready(SimSpan::ZERO) => volumes_ready(world, pod),
        VolumeWait::Ready(span) | VolumeWait::TimesOut(span) => {
            if world.pods[pod].step != Step::Volumes {
                world.next_step(pod, Step::Volumes);
            }
            take(world, pod, Doing::Mounting, span);
        }
    }
}

/// Begins something that takes a drawn time.
fn draw_and_take(world: &mut World<'_>, pod: PodId, doing: Doing, law: &Distribution, purpose: Purpose) {
    let (entity, draw) = (world.pods[pod].entity, u64::from(world.pods[pod].sandboxes) * 2);
    let span = world.draw(law, purpose, entity, draw);
    take(world, pod, doing, span);
}

/// The wait for volumes is over: they are there, or have taken longer than a sync waits.
pub(super) fn mounted(world: &mut World<'_>, pod: PodId) {
    if volumes::ready_after(world, pod, world.pods[pod].volumes_from) == VolumeWait::Ready(SimSpan::ZERO) {
        return volumes_ready(world, pod);
    }
    world.tell(pod, None, Happening::FailedMount);
    fail_until(world, pod, world.now);
    end(world, pod);
}

/// The volumes are mounted. The workers of the Pod's probes begin to tick.
fn volumes_ready(world: &mut World<'_>, pod: PodId) {
    let now = world.now;
    let row = &mut world.pods[pod];
    (row.mounted, row.probes_from) = (true, now);
    go_on(world, pod);
}

/// Makes the sandbox: pause container and network namespace.
pub(super) fn make_sandbox(world: &mut World<'_>, pod: PodId) {
    world.next_step(pod, Step::Sandbox);
    draw_and_take(world, pod, Doing::Sandbox, &world.spec.kubelet.sandbox, Purpose::Sandbox);
}

/// The pause container runs and holds the network namespace; CNI ADD is next, unless the Pod uses the node's own network.
pub(super) fn sandbox_made(world: &mut World<'_>, pod: PodId) {
    world.pods[pod].sandboxes += 1;
    world.record.containers.pauses += 1;
    world.sandbox_up(pod);
    if world.template(pod).host_network {
        return network_ready(world, pod);
    }
    world.next_step(pod, Step::Network);
    draw_and_take(world, pod, Doing::Network, &world.spec.kubelet.network, Purpose::Network);
}

/// CNI ADD has returned. Without a free address the sandbox is taken down and the sync fails.
pub(super) fn network_made(world: &mut World<'_>, pod: PodId) {
    if !node::without_network(world, pod) && world.take_address(pod) {
        return network_ready(world, pod);
    }
    world.record.addresses.exhausted += 1;
    world.tell(pod, None, Happening::FailedSandbox);
    world.sandbox_down(pod);
    fail_until(world, pod, world.now);
    end(world, pod);
}

fn network_ready(world: &mut World<'_>, pod: PodId) {
    world.tell(pod, None, Happening::SandboxReady);
    advance(world, pod, 0);
}

/// The image of the first container is there.
pub(super) fn image_ready(world: &mut World<'_>, pod: PodId) {
    if world.pods[pod].state == PodState::ImagePull {
        world.signal(pod, Signal::ImageReady);
    }
}
