//! Exits and restarts: restart policy, crash-loop back-off, and what the kubelet notices when.
//!
//! The source of the rules is the kubelet's `doBackOff`: a container that wants to start again may do so at once the first time, then
//! after 10, 20, 40, … up to 300 s since its exit; one that ran longer than 600 s starts anew. While it is blocked, the Pod's sync fails
//! and comes again 10 to 15 s later, so a restart happens at the first sync after the window.

use super::{images, running, start, stop, usage};
use crate::cluster::{Container, ContainerState, ExitReason, Phase, PodState, Signal};
use crate::engine::random::Purpose;
use crate::event::{ContainerRef, Event};
use crate::spec::{ContainerKind, ContainerSpec, RestartPolicy};
use crate::table::PodId;
use crate::units::{SimSpan, SimTime};
use crate::world::{Note, World};

/// Exit code of a container that fails.
const FAILED: u8 = 1;

/// How long creating and starting a container takes this time.
pub(super) fn start_span(world: &mut World<'_>, pod: PodId, index: u8) -> SimSpan {
    let (entity, draw) = address(world, pod, index);
    world.draw(&world.spec.kubelet.container_start, Purpose::ContainerStart, entity, draw)
}

/// Entity and draw number of a container's next start.
fn address(world: &World<'_>, pod: PodId, index: u8) -> (u64, u64) {
    (world.container_entity(pod, index), u64::from(world.pods.container(pod, index).starts))
}

/// A container's process comes up: it begins to use resources, and what ends it is drawn.
pub(super) fn container_starts(world: &mut World<'_>, pod: PodId, index: u8) {
    let (entity, draw) = address(world, pod, index);
    let about = world.container_spec(pod, index);
    let (cpu, memory) = usage(world, about, entity, draw);
    world.container_up(pod, index, cpu, memory);
    world.record.containers.started += 1;
    world.record.containers.init_started += u64::from(about.kind == ContainerKind::Init);
    let exit = draw_exit(world, about, entity, draw);
    expect_end(world, pod, index, exit, (entity, draw));
}

/// CPU in microcores and memory in bytes that a container uses until it ends.
pub(super) fn usage(world: &mut World<'_>, about: &ContainerSpec, entity: u64, draw: u64) -> (u64, u64) {
    usage::levels(world, about, entity, draw)
}

/// How a container ends if nobody stops it.
#[derive(Clone, Copy, Debug)]
struct End {
    /// Time from start to exit.
    after: SimSpan,
    /// Exit code.
    code: u8,
}

fn draw_exit(world: &mut World<'_>, about: &ContainerSpec, entity: u64, draw: u64) -> End {
    let run = match (&about.behavior.run, about.kind) {
        (Some(law), _) => world.draw(law, Purpose::Run, entity, draw),
        // An init container without a stated run time does next to nothing.
        (None, ContainerKind::Init) => SimSpan::ZERO,
        (None, _) => SimSpan::MAX,
    };
    end_of(world, about, run, (entity, draw))
}

/// The earlier of a run's own end and a crash.
fn end_of(world: &mut World<'_>, about: &ContainerSpec, run: SimSpan, (entity, draw): (u64, u64)) -> End {
    let crash = about.behavior.crash.as_ref().map_or(SimSpan::MAX, |law| world.draw(law, Purpose::Crash, entity, draw));
    End { after: run.min(crash), code: exit_code(world, about, crash < run, (entity, draw)) }
}

/// The exit code of a container that crashes, or that ends by itself and fails with its stated share.
pub(super) fn exit_code(world: &mut World<'_>, about: &ContainerSpec, crashes: bool, (entity, draw): (u64, u64)) -> u8 {
    let mut fails = || {
        let share = about.behavior.failure;
        share > 0.0 && world.stream(Purpose::Exit, entity, draw).unit() < share
    };
    if crashes || fails() { FAILED } else { 0 }
}

/// Puts a container's own end, and a hang before it, on the agenda.
fn expect_end(world: &mut World<'_>, pod: PodId, index: u8, end: End, (entity, draw): (u64, u64)) {
    world.pods.container_mut(pod, index).exit = end.code;
    let container = world.container_ref(pod, index);
    world.exits_after(pod, index, end.after);
    if let Some(hang) = &world.container_spec(pod, index).behavior.hang {
        let after = world.draw(&hang.after, Purpose::Hang, entity, draw);
        if after < end.after {
            world.after(after, Event::Hung(container));
        }
    }
}

/// True if a container that has exited with `code` is started again.
const fn restarts(policy: RestartPolicy, kind: ContainerKind, code: u8) -> bool {
    match (kind, policy) {
        (ContainerKind::Sidecar, _) | (ContainerKind::App, RestartPolicy::Always) => true,
        (ContainerKind::App, RestartPolicy::OnFailure) | (ContainerKind::Init, RestartPolicy::Always | RestartPolicy::OnFailure) => {
            code != 0
        }
        (ContainerKind::App | ContainerKind::Init, RestartPolicy::Never) => false,
    }
}

/// A container's process has exited by itself, or by SIGKILL after a failed probe.
pub fn exited(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    let index = container.index;
    let Container { exit, hung, .. } = *world.pods.container(pod, index);
    let again = restarts(world.template(pod).restart_policy, world.container_spec(pod, index).kind, exit);
    world.container_down(pod, index, if again { ContainerState::Backoff } else { ContainerState::Done });
    if exit != 0 && !hung {
        world.record.containers.crashes += 1;
        running::note_failure(world, pod);
    }
    // A run that ends before the kubelet has noticed its start is over all the same.
    running::leave_restart(world, pod, index);
    if again {
        running::mark_sick(world, pod, index);
    }
    running::settle(world, pod);
    world.at(world.relist(pod), Event::ExitSeen(world.container_ref(pod, index)));
}

/// The kubelet notices an exit.
pub fn exit_seen(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    let index = container.index;
    match (world.pods.container(pod, index).state, world.container_spec(pod, index).kind) {
        (ContainerState::Backoff, _) => restart_begins(world, pod, index),
        (_, ContainerKind::Init) if world.pods.container(pod, index).exit == 0 => start::resume(world, pod),
        (_, ContainerKind::Init) => stop::finish(world, pod, false),
        _ => maybe_finished(world, pod),
    }
}

fn restart_begins(world: &mut World<'_>, pod: PodId, index: u8) {
    running::enter_restart(world, pod, index);
    running::settle(world, pod);
    let due = allowed_at(world, pod, index);
    world.record.containers.backoff.record(due - world.now);
    world.at(due, Event::RestartDue(world.container_ref(pod, index)));
}

/// The process of a container that is up is gone at once: the kernel killed it, or its node or runtime went.
pub fn killed(world: &mut World<'_>, pod: PodId, index: u8, code: u8, reason: ExitReason) {
    let row = world.pods.container_mut(pod, index);
    (row.exit, row.reason) = (code, reason);
    exited(world, world.container_ref(pod, index));
}

/// When back-off allows the next start; moves the back-off on.
fn allowed_at(world: &mut World<'_>, pod: PodId, index: u8) -> SimTime {
    let kubelet = &world.spec.kubelet;
    let row = *world.pods.container(pod, index);
    let fresh = row.backoff_since == SimTime::MAX || row.ended_at.since(row.backoff_since) > kubelet.backoff_reset;
    let (due, next) = if fresh {
        (world.now, kubelet.backoff_initial)
    } else {
        let due = first_sync_after(world, pod, index, row.ended_at + row.backoff);
        (due, (row.backoff * 2).min(kubelet.backoff_max))
    };
    let row = world.pods.container_mut(pod, index);
    (row.backoff, row.backoff_since) = (next, due);
    due
}

/// The first of the Pod's syncs, the present one included, at or after `window`.
fn first_sync_after(world: &mut World<'_>, pod: PodId, index: u8, window: SimTime) -> SimTime {
    if world.spec.kubelet.resync.is_zero() {
        return window.max(world.now);
    }
    let (entity, draw) = address(world, pod, index);
    let mut sync = world.now;
    let mut stream = world.stream(Purpose::Sync, entity, draw);
    while sync < window {
        sync = sync + jittered(world.spec.kubelet.resync, stream.unit());
    }
    sync
}

/// `resync` and up to half as much again.
fn jittered(resync: SimSpan, unit: f64) -> SimSpan {
    resync + SimSpan::from_secs_f64(resync.as_secs_f64() * 0.5 * unit)
}

/// The wait until a failed sync comes again; never zero, lest a Pod that cannot go on should stop the clock.
pub(super) fn resync(world: &mut World<'_>, entity: u64, draw: u64) -> SimSpan {
    let unit = world.stream(Purpose::Sync, entity, draw).unit();
    jittered(world.spec.kubelet.resync, unit).max(SimSpan::from_secs(1))
}

/// Back-off is over: the container is created and started again.
pub fn restart_due(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    let wait = images::wait_for_image(world, pod, container.index);
    let span = start_span(world, pod, container.index);
    world.after(wait + span, Event::Up(container));
}

/// A restarted container is up.
pub fn up(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    container_starts(world, pod, container.index);
    world.record.containers.restarts += 1;
    world.record.totals[2] += 1;
    if !std::mem::replace(&mut world.pods[pod].restarted, true) {
        world.record.pods.restarted += 1;
    }
    world.note(Note::Restarted(pod));
    world.at(world.relist(pod), Event::UpSeen(world.container_ref(pod, container.index)));
}

/// The kubelet notices that a restarted container is up.
pub fn up_seen(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    running::leave_restart(world, pod, container.index);
    running::settle(world, pod);
}

/// Ends the Pod if none of its regular containers runs or will run again; sidecars are stopped first.
pub(super) fn maybe_finished(world: &mut World<'_>, pod: PodId) {
    let row = &world.pods[pod];
    if row.state.phase() != Phase::Running || row.terminating {
        return;
    }
    let apps = || {
        let kinds = world.template(pod).containers.iter().map(|about| about.kind);
        (0..).zip(kinds).filter(|(_, kind)| *kind == ContainerKind::App).map(|(index, _)| *world.pods.container(pod, index))
    };
    if apps().all(|app| app.state == ContainerState::Done) {
        let well = apps().all(|app| app.exit == 0);
        stop::wind_down(world, pod, well);
    }
}

/// The signal that ends a Pod from `state`: only a Pod that ran can succeed.
pub(super) fn last_signal(state: PodState, well: bool) -> Signal {
    if well && state.phase() == Phase::Running { Signal::Completed } else { Signal::Broken }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContainerKind::{App, Init, Sidecar};
    use RestartPolicy::{Always, Never, OnFailure};

    #[test]
    fn the_restart_policy_decides_by_kind_and_exit_code() {
        #[rustfmt::skip]
        let table = [
            (App,     Always,    0, true),  (App,     Always,    1, true),
            (App,     OnFailure, 0, false), (App,     OnFailure, 1, true),
            (App,     Never,     0, false), (App,     Never,     1, false),
            (Init,    Always,    0, false), (Init,    Always,    1, true),
            (Init,    OnFailure, 1, true),  (Init,    Never,     1, false),
            (Sidecar, Never,     0, true),  (Sidecar, Never,     1, true),
        ];
        for (kind, policy, code, want) in table {
            assert_eq!(restarts(policy, kind, code), want, "{kind:?} under {policy:?} after exit {code}");
        }
    }

    #[test]
    fn a_failed_sync_comes_again_within_half_as_long_again() {
        let ten = SimSpan::from_secs(10);
        assert_eq!((jittered(ten, 0.0), jittered(ten, 1.0)), (ten, SimSpan::from_secs(15)));
    }
}
