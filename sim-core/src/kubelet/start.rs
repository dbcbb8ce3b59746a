//! From the binding to Running: notice, volumes, sandbox, address, then container after container.
//!
//! Init containers run one after another, a native sidecar among them only has to be up; regular containers are pulled, created and
//! started one after another in one sync. Each step's end is one event (`StepDone`); which step it was, the Pod's row knows.

use super::volumes::{self, VolumeWait};
use super::{images, restart, running};
use crate::cluster::{PodRef, PodState, Signal, Step};
use crate::engine::random::Purpose;
use crate::event::Event;
use crate::spec::{ContainerKind, Distribution};
use crate::table::PodId;
use crate::units::SimSpan;
use crate::world::World;

/// The binding is written: the kubelet will notice.
pub fn bound(world: &mut World<'_>, pod: PodRef) {
    let Some(pod) = world.alive(pod).filter(|&pod| !world.pods[pod].state.is_terminal()) else { return };
    world.take_seat(pod);
    world.next_step(pod, Step::Notice);
    world.signal(pod, Signal::Bound);
    let watch = world.draw(&world.spec.control_plane.watch, Purpose::Watch, world.pods[pod].entity, 1);
    world.after(watch, Event::StepDone(world.pod_ref(pod)));
}

/// The current step of a Pod's start is over.
pub fn step_done(world: &mut World<'_>, pod: PodRef) {
    let Some(pod) = world.alive(pod) else { return };
    if world.pods[pod].terminating || world.pods[pod].state.is_terminal() {
        return;
    }
    match world.pods[pod].step {
        Step::Notice => noticed(world, pod),
        Step::Volumes => wait_for_volumes(world, pod),
        Step::Sandbox => sandbox_up(world, pod),
        Step::Network => network_up(world, pod),
        Step::Pull => next_container(world, pod, world.pods[pod].cursor),
        Step::Start => started(world, pod),
        Step::Init => next_container(world, pod, world.pods[pod].cursor + 1),
        Step::Relist => all_up(world, pod),
        Step::Queue | Step::Bind | Step::Ready => unreachable!("{:?} does not end by a StepDone", world.pods[pod].step),
    }
}

/// Ends the current step and begins one that takes a drawn time.
fn begin(world: &mut World<'_>, pod: PodId, step: Step, law: &Distribution, purpose: Purpose) {
    world.next_step(pod, step);
    let span = world.draw(law, purpose, world.pods[pod].entity, 0);
    world.after(span, Event::StepDone(world.pod_ref(pod)));
}

fn noticed(world: &mut World<'_>, pod: PodId) {
    if world.template(pod).volumes > 0 {
        world.next_step(pod, Step::Volumes);
    }
    wait_for_volumes(world, pod);
}

/// Goes on when all volumes are there.
fn wait_for_volumes(world: &mut World<'_>, pod: PodId) {
    let span = match volumes::ready_after(world, pod, world.pods[pod].step_since) {
        VolumeWait::Ready(SimSpan::ZERO) => return begin(world, pod, Step::Sandbox, &world.spec.kubelet.sandbox, Purpose::Sandbox),
        VolumeWait::Ready(span) => span,
        VolumeWait::TimesOut(span) => span + restart::resync(world, world.pods[pod].entity, world.now.as_nanos()),
    };
    world.after(span, Event::StepDone(world.pod_ref(pod)));
}

/// The pause container runs and holds the network namespace; CNI ADD is next, unless the Pod uses the node's own network.
fn sandbox_up(world: &mut World<'_>, pod: PodId) {
    world.record.containers.pauses += 1;
    world.sandbox_up(pod);
    if world.template(pod).host_network {
        return next_container(world, pod, 0);
    }
    begin(world, pod, Step::Network, &world.spec.kubelet.network, Purpose::Network);
}

/// CNI ADD has returned. Without a free address the sync fails and comes again.
fn network_up(world: &mut World<'_>, pod: PodId) {
    if world.take_address(pod) {
        return next_container(world, pod, 0);
    }
    world.record.addresses.exhausted += 1;
    let wait = restart::resync(world, world.pods[pod].entity, world.now.as_nanos());
    world.after(wait, Event::StepDone(world.pod_ref(pod)));
}

/// Turns to the container `cursor`: its image first.
fn next_container(world: &mut World<'_>, pod: PodId, cursor: u8) {
    world.pods[pod].cursor = cursor;
    if cursor == world.pods.containers_of(pod) {
        world.next_step(pod, Step::Relist);
        return world.at(world.relist(pod), Event::StepDone(world.pod_ref(pod)));
    }
    let image = images::ensure(world, pod, cursor);
    if image == images::Image::Here(SimSpan::ZERO) {
        return image_ready(world, pod);
    }
    if world.pods[pod].step != Step::Pull {
        world.next_step(pod, Step::Pull);
    }
    match image {
        images::Image::Here(span) => world.after(span, Event::StepDone(world.pod_ref(pod))),
        images::Image::Coming => {}
        images::Image::Failed(_) => {
            let wait = restart::resync(world, world.pods[pod].entity, world.now.as_nanos());
            world.after(wait, Event::StepDone(world.pod_ref(pod)));
        }
    }
}

/// The container's image is there: it is created and started.
fn image_ready(world: &mut World<'_>, pod: PodId) {
    if world.pods[pod].state == PodState::ImagePull {
        world.signal(pod, Signal::ImageReady);
    }
    world.next_step(pod, Step::Start);
    let cursor = world.pods[pod].cursor;
    let span = restart::start_span(world, pod, cursor);
    world.after(span, Event::StepDone(world.pod_ref(pod)));
}

/// The container under the cursor is up.
fn started(world: &mut World<'_>, pod: PodId) {
    let cursor = world.pods[pod].cursor;
    restart::container_starts(world, pod, cursor);
    match world.container_spec(pod, cursor).kind {
        // Its exit, noticed at a relist, goes on.
        ContainerKind::Init => world.next_step(pod, Step::Init),
        // The next one needs a sync, which the relist that sees this one brings.
        ContainerKind::Sidecar => {
            world.next_step(pod, Step::Init);
            world.at(world.relist(pod), Event::StepDone(world.pod_ref(pod)));
        }
        ContainerKind::App => next_container(world, pod, cursor + 1),
    }
}

/// An init container has run to its end and the kubelet has noticed: on to the next.
pub fn resume(world: &mut World<'_>, pod: PodId) {
    next_container(world, pod, world.pods[pod].cursor + 1);
}

/// The relist shows all containers up: the Pod is Running.
fn all_up(world: &mut World<'_>, pod: PodId) {
    world.next_step(pod, Step::Ready);
    let row = &world.pods[pod];
    let total = row.born.age(world.now);
    let without = total.saturating_sub(row.pull_and_init);
    world.record.startup.running.record(total);
    world.record.startup.objective.record(without);
    world.signal(pod, Signal::Started);
    running::expect_ready(world, pod);
    running::settle(world, pod);
    restart::maybe_finished(world, pod);
}
