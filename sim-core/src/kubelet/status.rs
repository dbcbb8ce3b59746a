//! What a sync finds out about a Pod before it acts: its phase, whether it is over, whether it is ready.

use super::phase::{self, Status};
use super::{health, process, stop};
use crate::cluster::{Container, ContainerState, Phase, PodState, Signal};
use crate::engine::random::Purpose;
use crate::measure::Step;
use crate::spec::ContainerKind;
use crate::table::PodId;
use crate::world::World;

/// Brings a Pod's status up to date with what the kubelet knows; false if the Pod is over, so that nothing is left to do.
pub(super) fn update(world: &mut World<'_>, pod: PodId) -> bool {
    let phase = phase_of(world, pod);
    if phase != Phase::Pending && world.pods[pod].state.phase() == Phase::Pending && all_started(world, pod) {
        runs(world, pod);
    }
    if matches!(phase, Phase::Failed | Phase::Succeeded) {
        stop::wind_down(world, pod, phase == Phase::Succeeded);
        return false;
    }
    if must_stop(world, pod) {
        return false;
    }
    health::admit(world, pod);
    if !world.pods[pod].ready {
        health::poke(world, pod);
    }
    true
}

/// True if no regular container runs or will run again, while a sidecar still does: it is stopped, and then the Pod is over.
fn must_stop(world: &mut World<'_>, pod: PodId) -> bool {
    let apps = || regular(world, pod);
    if world.pods[pod].state.phase() != Phase::Running || !apps().all(|app| app.state == ContainerState::Done && app.noticed) {
        return false;
    }
    let well = apps().all(|app| app.exit == 0);
    stop::wind_down(world, pod, well);
    true
}

/// True once every regular container has started, if only to end at once.
fn all_started(world: &World<'_>, pod: PodId) -> bool {
    regular(world, pod).all(|app| app.starts > 0)
}

fn regular<'w>(world: &'w World<'_>, pod: PodId) -> impl Iterator<Item = &'w Container> {
    let kinds = world.template(pod).containers.iter().map(|about| about.kind);
    (0..).zip(kinds).filter(|(_, kind)| *kind == ContainerKind::App).map(move |(index, _)| world.pods.container(pod, index))
}

/// The phase, of what the kubelet has noticed. A Pod that has reached Running stays there until it ends.
fn phase_of(world: &World<'_>, pod: PodId) -> Phase {
    let row = &world.pods[pod];
    let about = world.template(pod);
    let statuses = (0..).zip(&about.containers).map(|(index, about)| (about.kind, status_of(world, pod, index)));
    let initialized = row.initialized || row.state.phase() == Phase::Running;
    match phase::phase(statuses, about.restart_policy, (false, initialized)) {
        // Containers that start anew in a new sandbox have run before: the phase does not fall back.
        Phase::Pending => row.state.phase(),
        other => other,
    }
}

/// What is known of a container. One that starts again though the policy would not let it is restarted for a resize, within one sync.
fn status_of(world: &World<'_>, pod: PodId, index: u8) -> Status {
    let (row, kind) = (world.pods.container(pod, index), world.container_spec(pod, index).kind);
    let resized = row.state == ContainerState::Backoff && !process::restarts(world.template(pod).restart_policy, kind, row.exit);
    if resized { Status::Running { started: row.started } } else { status(row) }
}

/// What is known of a container: a change that no relist has shown has not happened yet.
fn status(row: &Container) -> Status {
    match row.state {
        ContainerState::Waiting => Status::Waiting,
        ContainerState::Running if row.noticed => Status::Running { started: row.started },
        // Before its end was noticed it ran; before its start was, it waited, or had ended.
        ContainerState::Running if row.starts == 1 => Status::Waiting,
        ContainerState::Running => Status::Ended(row.exit),
        ContainerState::Backoff | ContainerState::Done if row.noticed => Status::Ended(row.exit),
        ContainerState::Backoff | ContainerState::Done | ContainerState::Vanished => Status::Running { started: row.started },
    }
}

/// Every regular container has started, and the kubelet has noticed: the Pod is Running.
fn runs(world: &mut World<'_>, pod: PodId) {
    if world.pods[pod].state == PodState::ImagePull {
        // All containers were started by images that were there, within one sync.
        world.signal(pod, Signal::ImageReady);
    }
    world.next_step(pod, Step::Ready);
    let row = &world.pods[pod];
    let (entity, total) = (row.entity, row.born.age(world.now));
    let without = total.saturating_sub(row.pull_and_init);
    let seen = world.draw(&world.spec.kubelet.status, Purpose::Status, entity, 0);
    world.record.startup.running.record(total);
    world.record.startup.objective.record(without + seen);
    world.signal(pod, Signal::Started);
    health::settle(world, pod);
}
