//! Stopping: deletion with grace, the order of sidecars, teardown of the sandbox, and the Pod's way out of the books.

use super::running::{KILLED, is_up};
use super::{node, restart};
use crate::cluster::{ContainerState, PodRef, PodState};
use crate::engine::random::Purpose;
use crate::event::Event;
use crate::spec::ContainerKind;
use crate::table::PodId;
use crate::units::SimSpan;
use crate::world::{Note, World};

/// A grace period never lets less than this pass between SIGTERM and SIGKILL.
const GRACE_MIN: SimSpan = SimSpan::from_secs(2);

/// Deletes a Pod: at once if no node runs it, else with SIGTERM and grace.
pub fn delete(world: &mut World<'_>, pod: PodId) {
    let row = &mut world.pods[pod];
    if row.state.is_terminal() || std::mem::replace(&mut row.terminating, true) {
        return;
    }
    let state = row.state;
    world.record.pods.deleted += 1;
    world.set_ready(pod, false);
    world.note(Note::Deleting(pod));
    if state == PodState::Scheduling {
        return world.signal(pod, restart::last_signal(state, false));
    }
    if !node::out_of_reach(world, pod) {
        terminate(world, pod);
    }
}

/// The node of a Pod that is deleted hears of it: SIGTERM and grace.
pub(super) fn terminate(world: &mut World<'_>, pod: PodId) {
    let watch = world.draw(&world.spec.control_plane.watch, Purpose::Watch, world.pods[pod].entity, 2);
    let grace = world.template(pod).grace.max(GRACE_MIN);
    let ends = world.now + watch + term_all(world, pod, grace);
    world.at(world.relist_after(pod, ends), Event::Stopped(world.pod_ref(pod)));
}

/// The kubelet ends a Pod that it cannot keep (eviction, deadline): SIGTERM with `grace`, phase `Failed`.
pub fn fail(world: &mut World<'_>, pod: PodId, grace: SimSpan) {
    let row = &mut world.pods[pod];
    if row.state.is_terminal() || std::mem::replace(&mut row.terminating, true) {
        return;
    }
    row.evicted = true;
    world.set_ready(pod, false);
    let ends = world.now + term_all(world, pod, grace.max(GRACE_MIN));
    world.at(world.relist_after(pod, ends), Event::Stopped(world.pod_ref(pod)));
}

/// The regular containers have ended by themselves: what still runs (native sidecars) is stopped, then the Pod ends.
pub(super) fn wind_down(world: &mut World<'_>, pod: PodId, well: bool) {
    let grace = world.template(pod).grace.max(GRACE_MIN);
    let rest = term_all(world, pod, grace);
    if rest.is_zero() {
        return finish(world, pod, well);
    }
    world.pods[pod].terminating = true;
    let ends = world.now + rest;
    world.at(world.relist_after(pod, ends), Event::Stopped(world.pod_ref(pod)));
}

/// Sends SIGTERM to all that runs and gives the time until the last has ended: regular and init containers together, then native
/// sidecars in reverse order, each cut by SIGKILL.
fn term_all(world: &mut World<'_>, pod: PodId, grace: SimSpan) -> SimSpan {
    let (mut mains, mut sidecars) = (SimSpan::ZERO, SimSpan::ZERO);
    for index in (0..world.pods.containers_of(pod)).rev() {
        if !is_up(world, pod, index) {
            continue;
        }
        if world.container_spec(pod, index).kind == ContainerKind::Sidecar {
            // A sidecar waits for its turn while the grace period lasts, and always has the least grace for itself.
            let left = grace.saturating_sub(mains + sidecars).max(GRACE_MIN);
            sidecars += term(world, pod, index, left);
        } else {
            mains = mains.max(term(world, pod, index, grace));
        }
    }
    mains + sidecars
}

/// Sends SIGTERM to one container: how long it takes to end, at most `grace`; its exit code is set.
fn term(world: &mut World<'_>, pod: PodId, index: u8, grace: SimSpan) -> SimSpan {
    let behavior = &world.container_spec(pod, index).behavior;
    let row = *world.pods.container(pod, index);
    let entity = world.container_entity(pod, index);
    let wants = world.draw(&behavior.shutdown, Purpose::Shutdown, entity, u64::from(row.starts));
    let heeds = !row.hung && wants <= grace;
    world.pods.container_mut(pod, index).exit = if heeds { behavior.shutdown_exit } else { KILLED };
    if heeds { wants } else { grace }
}

/// The containers of a Pod that is being stopped have ended.
pub fn stopped(world: &mut World<'_>, pod: PodRef) {
    let Some(pod) = world.alive(pod).filter(|&pod| !world.pods[pod].state.is_terminal()) else { return };
    let kinds = world.template(pod).containers.iter().map(|about| about.kind);
    let well = (0..).zip(kinds).filter(|(_, kind)| *kind == ContainerKind::App).all(|(index, _)| {
        let app = world.pods.container(pod, index);
        app.exit == 0 && app.starts > 0
    });
    let well = well && !world.pods[pod].evicted;
    finish(world, pod, well);
}

/// Ends a Pod now.
pub(super) fn finish(world: &mut World<'_>, pod: PodId, well: bool) {
    for index in 0..world.pods.containers_of(pod) {
        if is_up(world, pod, index) {
            world.container_down(pod, index, ContainerState::Done);
        }
    }
    let state = world.pods[pod].state;
    world.signal(pod, restart::last_signal(state, well));
}

/// The scheduler has seen that a Pod has ended; meanwhile its node takes the sandbox down.
pub fn released(world: &mut World<'_>, pod: PodId) {
    let span = world.draw(&world.spec.kubelet.teardown, Purpose::Network, world.pods[pod].entity, 1);
    world.after(span, Event::TornDown(world.pod_ref(pod)));
}

/// The sandbox is gone and its address free.
pub fn torn_down(world: &mut World<'_>, pod: PodRef) {
    let Some(pod) = world.alive(pod) else { return };
    world.free_address(pod);
    world.sandbox_down(pod);
    let span = world.draw(&world.spec.kubelet.cleanup, Purpose::Sandbox, world.pods[pod].entity, 1);
    world.after(span, Event::Removed(world.pod_ref(pod)));
}

/// The Pod's object is gone from the API: its row is free.
pub fn removed(world: &mut World<'_>, pod: PodRef) {
    if let Some(pod) = world.alive(pod) {
        world.remove_pod(pod);
    }
}
