//! A Pod's worker in its kubelet: one sync at a time, woken by what is noticed.
//!
//! After the kubelet's `syncPod`: the Pod's status is brought up to date; containers that a probe condemned are stopped, one after
//! another; volumes, sandbox and address are made where they are missing; then the containers that are due are started one after another
//! in the order of the manifest. What fails does not keep the ones after it from being tried, except that nothing passes an ordinary init
//! container; a sync in which something failed comes again after 10 to 15 seconds. Wakes while a sync goes on are remembered as one.
//!
//! Syncs that can do nothing are not simulated: a Pod that only waits for a back-off to end is synced at the first of its syncs after
//! that, and the regular ones (60 to 90 s) matter only as pokes of readiness probes ([`pokes`]).

use super::backoff::{self, Answer, Entry};
use super::images::{self, Image};
use super::{health, process, relist, start, status, stop};
use crate::cluster::{Container, ContainerState, Doing, PodRef, PullError, WaitReason};
use crate::engine::random::Purpose;
use crate::event::Event;
use crate::measure::{Happening, Step};
use crate::spec::{ContainerKind, ContainerSpec, Hook};
use crate::table::PodId;
use crate::units::{SimSpan, SimTime};
use crate::world::World;

/// Something about the Pod was noticed: its worker syncs it, now or as soon as the present sync is over.
pub(super) fn wake(world: &mut World<'_>, pod: PodId) {
    let row = &mut world.pods[pod];
    if row.terminating || row.state.is_terminal() {
        return;
    }
    if row.doing == Doing::Nothing { begin(world, pod) } else { row.wanted = true }
}

/// A sync that was to come is due.
pub fn due(world: &mut World<'_>, pod: PodRef, epoch: u32) {
    let Some(pod) = world.alive(pod) else { return };
    if world.pods[pod].epoch == epoch {
        wake(world, pod);
    }
}

fn begin(world: &mut World<'_>, pod: PodId) {
    let now = world.now;
    let row = &mut world.pods[pod];
    (row.wanted, row.failing, row.retry_at, row.synced_at) = (false, false, SimTime::MAX, now);
    row.syncs += 1;
    row.epoch = row.epoch.wrapping_add(1);
    if status::update(world, pod) {
        go_on(world, pod);
    }
}

/// What comes next in the sync: condemned containers, volumes, sandbox, containers.
pub(super) fn go_on(world: &mut World<'_>, pod: PodId) {
    let condemned = (0..world.pods.containers_of(pod)).find(|&index| world.pods.container(pod, index).condemned);
    if let Some(index) = condemned {
        return stop_one(world, pod, index);
    }
    let row = &world.pods[pod];
    if !row.mounted {
        return start::mount(world, pod);
    }
    if !row.sandbox {
        return start::make_sandbox(world, pod);
    }
    advance(world, pod, 0);
}

/// Begins something that takes `span`; its end is one event.
pub(super) fn take(world: &mut World<'_>, pod: PodId, doing: Doing, span: SimSpan) {
    expect(world, pod, doing);
    let event = Event::StepDone { pod: world.pod_ref(pod), epoch: world.pods[pod].epoch };
    world.after(span, event);
}

/// Begins something whose end others announce.
pub(super) fn expect(world: &mut World<'_>, pod: PodId, doing: Doing) {
    let row = &mut world.pods[pod];
    row.doing = doing;
    row.epoch = row.epoch.wrapping_add(1);
}

/// What the worker was doing is done.
pub fn step_done(world: &mut World<'_>, pod: PodRef, epoch: u32) {
    let Some(pod) = world.alive(pod) else { return };
    let row = &world.pods[pod];
    if row.terminating || row.state.is_terminal() || row.epoch != epoch {
        world.stale += 1;
        return;
    }
    match row.doing {
        Doing::Noticing => start::noticed(world, pod),
        Doing::Mounting => start::mounted(world, pod),
        Doing::Sandbox => start::sandbox_made(world, pod),
        Doing::Network => start::network_made(world, pod),
        Doing::Pulling => pull_over(world, pod),
        Doing::Asking => create(world, pod),
        Doing::Starting => started(world, pod),
        Doing::Hook => hook_over(world, pod),
        Doing::Nothing | Doing::Killing => unreachable!("{:?} does not end by a StepDone", row.doing),
    }
}

/// What is to be done about a container in a sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Due {
    /// Nothing.
    Nothing,
    /// It is started.
    Start,
    /// Nothing, and nothing after it either.
    Wait,
}

/// What the kubelet knows of a container when it decides what is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Known {
    kind: ContainerKind,
    state: ContainerState,
    noticed: bool,
    started: bool,
    exit: u8,
}

/// The rule: init containers strictly one after another, a sidecar among them until it is started; regular containers after all of
/// them. Once a regular container has started, ordinary init containers are history and sidecars only have to be kept up.
#[expect(clippy::match_same_arms, reason = "a table, read row by row")]
const fn what_is_due(known: Known, initialized: bool) -> Due {
    use ContainerState::{Backoff, Done, Running, Waiting};
    match (known.kind, known.state) {
        (ContainerKind::App, Waiting) => Due::Start,
        (ContainerKind::App, Backoff) if known.noticed => Due::Start,
        (ContainerKind::App, _) => Due::Nothing,
        (ContainerKind::Init, _) if initialized => Due::Nothing,
        (ContainerKind::Init, Waiting) => Due::Start,
        (ContainerKind::Init, Backoff) if known.noticed => Due::Start,
        (ContainerKind::Init, Done) if known.noticed && known.exit == 0 => Due::Nothing,
        (ContainerKind::Init, _) => Due::Wait,
        (ContainerKind::Sidecar, Waiting) => Due::Start,
        (ContainerKind::Sidecar, Backoff) if known.noticed => Due::Start,
        (ContainerKind::Sidecar, Running) if known.noticed && known.started => Due::Nothing,
        (ContainerKind::Sidecar, _) if initialized => Due::Nothing,
        (ContainerKind::Sidecar, _) => Due::Wait,
    }
}

/// Turns to the containers from `from` on: the first that is due is started, and its start goes on from there.
pub(super) fn advance(world: &mut World<'_>, pod: PodId, from: u8) {
    for index in from..world.pods.containers_of(pod) {
        let kind = world.container_spec(pod, index).kind;
        match due_of(world, pod, index) {
            Due::Nothing => {}
            Due::Wait => break,
            Due::Start => match begin_start(world, pod, index) {
                Begun::Yes => return,
                Begun::No if holds_up(world, pod, kind) => break,
                Begun::No => {}
            },
        }
    }
    end(world, pod);
}

fn due_of(world: &World<'_>, pod: PodId, index: u8) -> Due {
    let row = world.pods.container(pod, index);
    let kind = world.container_spec(pod, index).kind;
    let known = Known { kind, state: row.state, noticed: row.noticed, started: row.started, exit: row.exit };
    what_is_due(known, world.pods[pod].initialized)
}

/// The first container that a sync would start now.
pub(super) fn next_due(world: &World<'_>, pod: PodId) -> Option<u8> {
    let dues = (0..world.pods.containers_of(pod)).map(|index| (index, due_of(world, pod, index)));
    dues.take_while(|(_, due)| *due != Due::Wait).find(|(_, due)| *due == Due::Start).map(|(index, _)| index)
}

/// True if nothing after a container of this kind is started before it is up.
fn holds_up(world: &World<'_>, pod: PodId, kind: ContainerKind) -> bool {
    kind != ContainerKind::App && !world.pods[pod].initialized
}

/// Whether a start has begun.
enum Begun {
    Yes,
    /// It failed, or may not be tried yet; the sync counts as failed.
    No,
}

/// Begins a container's start: crash-loop back-off, image, creation.
fn begin_start(world: &mut World<'_>, pod: PodId, index: u8) -> Begun {
    world.pods[pod].cursor = index;
    if let Some(until) = blocked(world, pod, index) {
        wait_for(world, pod, index, until, WaitReason::CrashLoopBackOff);
        return Begun::No;
    }
    match images::ensure(world, pod, index) {
        Image::Here(span) if span.is_zero() => create(world, pod),
        Image::Here(span) => {
            world.next_step(pod, Step::Pull);
            take(world, pod, Doing::Asking, span);
        }
        Image::Coming => {
            world.next_step(pod, Step::Pull);
            expect(world, pod, Doing::Pulling);
        }
        Image::Failed(error) => {
            no_image(world, pod, index, error);
            return Begun::No;
        }
    }
    Begun::Yes
}

/// Until when back-off keeps a container that has ended from starting; `None` if it may, which moves the back-off on.
fn blocked(world: &mut World<'_>, pod: PodId, index: u8) -> Option<SimTime> {
    let row = *world.pods.container(pod, index);
    if row.state != ContainerState::Backoff {
        return None;
    }
    let exited = known_exit(world, pod, &row)?;
    let entry = (row.backoff_since != SimTime::MAX).then_some(Entry { wait: row.backoff, updated: row.backoff_since });
    match backoff::ask(entry, exited, world.now, &world.spec.kubelet) {
        Answer::Blocked(until) => Some(until),
        Answer::Allowed(entry) => {
            let row = world.pods.container_mut(pod, index);
            (row.backoff, row.backoff_since) = (entry.wait, entry.updated);
            world.record.containers.backoff.record(world.now - world.pods.container(pod, index).ended_at);
            None
        }
    }
}

/// The latest exit of a container in the status with which the sync began. That has no exit of what the sync itself stopped for a failed
/// probe: then the exit before it counts, and at the first such stop there is none.
fn known_exit(world: &World<'_>, pod: PodId, row: &Container) -> Option<SimTime> {
    let stopped_now = row.stopping && row.ended_at >= world.pods[pod].synced_at && row.waits != WaitReason::PostStartHookError;
    if stopped_now { row.ended_before } else { Some(row.ended_at) }
}

/// A container cannot be started before `until`: the sync has failed.
fn wait_for(world: &mut World<'_>, pod: PodId, index: u8, until: SimTime, reason: WaitReason) {
    let before = std::mem::replace(&mut world.pods.container_mut(pod, index).waits, reason);
    if reason == WaitReason::CrashLoopBackOff && before != reason {
        world.tell(pod, Some(index), Happening::BackOff(until.since(world.now)));
    }
    fail_until(world, pod, until);
}

/// A container's image is not to be had.
fn no_image(world: &mut World<'_>, pod: PodId, index: u8, error: PullError) {
    let (reason, until) = match error {
        PullError::RegistryDown | PullError::NotFound | PullError::QpsExceeded => (WaitReason::ErrImagePull, world.now),
        PullError::NeverPull => (WaitReason::ErrImageNeverPull, world.now),
        PullError::BackOff(end) => (WaitReason::ImagePullBackOff, end),
    };
    wait_for(world, pod, index, until, reason);
}

/// The pull that a container waited for is over: its Pod's worker goes on, if it still waits for it.
pub(super) fn image_over(world: &mut World<'_>, pod: PodId, index: u8) {
    let row = &world.pods[pod];
    if row.doing == Doing::Pulling && row.cursor == index {
        let event = Event::StepDone { pod: world.pod_ref(pod), epoch: row.epoch };
        world.at(world.now, event);
    }
}

/// Something in this sync failed that may be tried again from `until` on.
pub(super) fn fail_until(world: &mut World<'_>, pod: PodId, until: SimTime) {
    let row = &mut world.pods[pod];
    (row.failing, row.retry_at) = (true, row.retry_at.min(until));
}

/// A pull is over, well or badly.
fn pull_over(world: &mut World<'_>, pod: PodId) {
    let cursor = world.pods[pod].cursor;
    match images::ensure(world, pod, cursor) {
        Image::Here(_) => create(world, pod),
        Image::Coming => expect(world, pod, Doing::Pulling),
        Image::Failed(error) => {
            no_image(world, pod, cursor, error);
            pass_over(world, pod);
        }
    }
}

/// The start of the container under the cursor has failed: the sync turns to what follows, if that may start without it.
fn pass_over(world: &mut World<'_>, pod: PodId) {
    let cursor = world.pods[pod].cursor;
    let kind = world.container_spec(pod, cursor).kind;
    if holds_up(world, pod, kind) { end(world, pod) } else { advance(world, pod, cursor + 1) }
}

/// The image of the container under the cursor is there: it is created and started.
fn create(world: &mut World<'_>, pod: PodId) {
    start::image_ready(world, pod);
    world.next_step(pod, Step::Start);
    let cursor = world.pods[pod].cursor;
    world.pods.container_mut(pod, cursor).waits = WaitReason::Creating;
    let span = process::start_span(world, pod, cursor);
    take(world, pod, Doing::Starting, span);
}

/// The container under the cursor is up: its `postStart` handler runs beside it and holds up what follows.
fn started(world: &mut World<'_>, pod: PodId) {
    let cursor = world.pods[pod].cursor;
    process::starts(world, pod, cursor);
    let about = world.container_spec(pod, cursor);
    world.pods[pod].initialized |= about.kind == ContainerKind::App;
    match hook_span(world, pod, cursor, about) {
        Some(span) => take(world, pod, Doing::Hook, span),
        None => after_start(world, pod),
    }
}

fn hook_span(world: &mut World<'_>, pod: PodId, index: u8, about: &ContainerSpec) -> Option<SimSpan> {
    Some(match about.post_start? {
        Hook::Sleep(span) => span,
        Hook::Handler => {
            let (entity, draw) = process::address(world, pod, index);
            world.draw(&about.behavior.post_start, Purpose::PostStart, entity, draw)
        }
    })
}

/// A `postStart` handler has returned. If it failed, the container is stopped.
fn hook_over(world: &mut World<'_>, pod: PodId) {
    let cursor = world.pods[pod].cursor;
    let share = world.container_spec(pod, cursor).behavior.post_start_failure;
    let (entity, draw) = process::address(world, pod, cursor);
    if !health::is_up(world, pod, cursor) || share <= 0.0 || world.stream(Purpose::PostStart, entity, draw | 1 << 63).unit() >= share {
        return after_start(world, pod);
    }
    world.tell(pod, Some(cursor), Happening::FailedPostStartHook);
    world.pods.container_mut(pod, cursor).waits = WaitReason::PostStartHookError;
    health::note_failure(world, pod);
    fail_until(world, pod, world.now);
    stop_one(world, pod, cursor);
}

/// The start of the container under the cursor is over: an init container lets the next sync go on, a regular one the present.
fn after_start(world: &mut World<'_>, pod: PodId) {
    let cursor = world.pods[pod].cursor;
    let kind = world.container_spec(pod, cursor).kind;
    if holds_up(world, pod, kind) {
        world.next_step(pod, Step::Init);
        return end(world, pod);
    }
    advance(world, pod, cursor + 1);
}

/// Stops a condemned container; the sync goes on when it has ended.
fn stop_one(world: &mut World<'_>, pod: PodId, index: u8) {
    world.pods.container_mut(pod, index).condemned = false;
    if !health::is_up(world, pod, index) {
        return go_on(world, pod);
    }
    world.pods[pod].cursor = index;
    expect(world, pod, Doing::Killing);
    stop::stop_container(world, pod, index);
    health::stopping(world, pod, index);
}

/// A container that the sync stopped has ended. After a failed probe the sync starts it again; after a failed hook it turns to what
/// follows, and a relist must show the end first.
pub(super) fn stopped_one(world: &mut World<'_>, pod: PodId, index: u8) {
    if world.pods.container(pod, index).waits == WaitReason::PostStartHookError {
        relist::expect(world, pod);
        return pass_over(world, pod);
    }
    relist::notice(world, pod, index);
    health::settle(world, pod);
    world.pods[pod].doing = Doing::Nothing;
    if status::update(world, pod) {
        go_on(world, pod);
    }
}

/// The sync is over: the next begins at once if it was asked for, later if something failed, else when something is noticed.
pub(super) fn end(world: &mut World<'_>, pod: PodId) {
    let row = &mut world.pods[pod];
    row.doing = Doing::Nothing;
    row.epoch = row.epoch.wrapping_add(1);
    if row.wanted {
        return begin(world, pod);
    }
    if row.failing {
        let at = next_after(world, pod);
        let event = Event::Sync { pod: world.pod_ref(pod), epoch: world.pods[pod].epoch };
        world.at(at, event);
    }
    all_started(world, pod);
}

/// The wait for the relist that shows a Pod's last container up is a step of its start.
fn all_started(world: &mut World<'_>, pod: PodId) {
    if world.pods[pod].step == Step::Start && !world.pods[pod].failing {
        world.next_step(pod, Step::Relist);
    }
}

/// The first of a failed Pod's syncs, each 10 to 15 seconds after the one before, at or after what it waits for.
fn next_after(world: &mut World<'_>, pod: PodId) -> SimTime {
    let (entity, syncs, until) = (world.pods[pod].entity, world.pods[pod].syncs, world.pods[pod].retry_at);
    let resync = world.spec.kubelet.resync;
    if resync.is_zero() {
        // A Pod that cannot go on must not stop the clock.
        return until.max(world.now + SimSpan::from_nanos(u64::from(until <= world.now) * 1_000_000_000));
    }
    let mut stream = world.stream(Purpose::Sync, entity, u64::from(syncs));
    let mut sync = world.now + jittered(resync, stream.unit());
    while sync < until {
        sync = sync + jittered(resync, stream.unit());
    }
    sync
}

/// `span` and up to half as much again.
fn jittered(span: SimSpan, unit: f64) -> SimSpan {
    span + SimSpan::from_secs_f64(span.as_secs_f64() * 0.5 * unit)
}

/// The instants at which a Pod that goes on as it is pokes its readiness probes: `poked`, and its regular syncs after that.
pub(super) fn pokes<'w>(world: &'w World<'_>, pod: PodId, poked: SimTime) -> impl Iterator<Item = SimTime> + use<'w> {
    let (entity, syncs, span) = (world.pods[pod].entity, world.pods[pod].syncs, world.spec.kubelet.sync);
    let mut stream = world.seed.stream(Purpose::Sync, entity, u64::from(syncs) | 1 << 63);
    std::iter::successors(Some(poked), move |&at| (!span.is_zero()).then(|| at + jittered(span, stream.unit())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContainerKind::{App, Init, Sidecar};
    use ContainerState::{Backoff, Done, Running, Waiting};

    fn known(kind: ContainerKind, state: ContainerState) -> Known {
        Known { kind, state, noticed: true, started: true, exit: 0 }
    }

    #[test]
    fn what_is_due_follows_the_order_of_init_containers_and_sidecars() {
        let unnoticed = |kind, state| Known { noticed: false, ..known(kind, state) };
        #[rustfmt::skip]
        let table = [
            ("an init container is started",              known(Init, Waiting),     false, Due::Start),
            ("and waited for",                            known(Init, Running),     false, Due::Wait),
            ("until its end is noticed",                  unnoticed(Init, Done),    false, Due::Wait),
            ("then the next one is due",                  known(Init, Done),        false, Due::Nothing),
            ("a failed one is started again",             known(Init, Backoff),     false, Due::Start),
            ("one that failed for good stops all",        Known { exit: 1, ..known(Init, Done) }, false, Due::Wait),
            ("it is history once the Pod is initialised", known(Init, Waiting),     true,  Due::Nothing),
            ("a sidecar is started in its turn",          known(Sidecar, Waiting),  false, Due::Start),
            ("and waited for until it is started",        Known { started: false, ..known(Sidecar, Running) }, false, Due::Wait),
            ("then the next one is due",                  known(Sidecar, Running),  false, Due::Nothing),
            ("its start must have been noticed",          unnoticed(Sidecar, Running), false, Due::Wait),
            ("later it is only kept up",                  known(Sidecar, Backoff),  true,  Due::Start),
            ("without holding up anything",               Known { started: false, ..known(Sidecar, Running) }, true, Due::Nothing),
            ("a regular container is started",            known(App, Waiting),      false, Due::Start),
            ("and again when its exit is noticed",        known(App, Backoff),      true,  Due::Start),
            ("not before",                                unnoticed(App, Backoff),  true,  Due::Nothing),
            ("and not if it has ended for good",          known(App, Done),         true,  Due::Nothing),
        ];
        for (name, known, initialized, want) in table {
            assert_eq!(what_is_due(known, initialized), want, "{name}");
        }
    }

    #[test]
    fn a_failed_sync_comes_again_within_half_as_long_again() {
        let ten = SimSpan::from_secs(10);
        assert_eq!((jittered(ten, 0.0), jittered(ten, 1.0)), (ten, SimSpan::from_secs(15)));
    }
}
