//! Stopping: hooks, SIGTERM and SIGKILL, the order of sidecars, teardown of the sandbox, and the Pod's way out of the books.
//!
//! After the kubelet's `killContainer`: all containers of a Pod are asked to stop at once, each by a worker of its own. Its `preStop`
//! handler runs first, within the grace period; a sidecar then waits for its turn, after the regular containers and the sidecars behind
//! it in the list; then comes SIGTERM, and SIGKILL when what is left of the grace period, but at least two seconds, is over. Whole
//! seconds are taken off the grace period for the handler and for the wait.

use super::health::is_up;
use super::rules::admission::Rejection;
use super::{node, process};
use crate::cluster::{ContainerState, Doing, Phase, PodRef, PodState, Signal, WaitReason};
use crate::engine::random::Purpose;
use crate::event::Event;
use crate::measure::Happening;
use crate::spec::{ContainerKind, Hook};
use crate::table::PodId;
use crate::units::{SimSpan, SimTime};
use crate::world::{Note, World};

/// A grace period never lets less than this pass between SIGTERM and SIGKILL.
const KILL_AFTER_MIN: SimSpan = SimSpan::from_secs(2);
/// A Pod's grace period is never less than this.
const GRACE_MIN: SimSpan = SimSpan::from_secs(1);

/// How a container will behave when it is asked to stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Manner {
    /// How long its `preStop` handler takes, if it has one.
    pre_stop: Option<SimSpan>,
    /// From SIGTERM to its exit; [`SimSpan::MAX`] if it does not heed it.
    heeds: SimSpan,
}

/// When a container ends that is asked to stop now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stop {
    /// SIGTERM.
    term: SimSpan,
    /// Its end.
    end: SimSpan,
    /// True if SIGKILL ended it.
    killed: bool,
}

/// The rule for one container; `turn` is when the ones that a sidecar waits for have ended.
fn stop_at(manner: Manner, grace: SimSpan, turn: Option<SimSpan>) -> Stop {
    let (mut at, mut left) = (SimSpan::ZERO, grace);
    if let Some(handler) = manner.pre_stop.filter(|_| !left.is_zero()) {
        at = handler.min(left);
        left = left.saturating_sub(whole(at));
    }
    if let Some(turn) = turn.filter(|_| !left.is_zero()) {
        let waited = turn.saturating_sub(at).min(left);
        at = at.saturating_add(waited);
        left = left.saturating_sub(whole(waited));
    }
    let left = left.max(KILL_AFTER_MIN);
    let killed = manner.heeds > left;
    Stop { term: at, end: at.saturating_add(manner.heeds.min(left)), killed }
}

fn whole(span: SimSpan) -> SimSpan {
    SimSpan::from_secs(span.as_nanos() / 1_000_000_000)
}

/// Deletes a Pod: at once if no node runs it, else with SIGTERM and grace.
pub fn delete(world: &mut World<'_>, pod: PodId) {
    let row = &mut world.pods[pod];
    if row.state.is_terminal() || std::mem::replace(&mut row.terminating, true) {
        return;
    }
    let state = row.state;
    world.record.pods.deleted += 1;
    world.tell(pod, None, Happening::Deleting);
    world.set_ready(pod, false);
    world.note(Note::Deleting(pod));
    if state == PodState::Scheduling {
        return world.signal(pod, last_signal(state, false));
    }
    if !node::out_of_reach(world, pod) {
        terminate(world, pod);
    }
}

/// The node of a Pod that is deleted hears of it: SIGTERM and grace.
pub(super) fn terminate(world: &mut World<'_>, pod: PodId) {
    let watch = world.draw(&world.spec.control_plane.watch, Purpose::Watch, world.pods[pod].entity, 2);
    let grace = world.template(pod).grace;
    stop_all(world, pod, watch, grace);
}

/// The kubelet ends a Pod that it cannot keep (eviction, deadline): SIGTERM with `grace`, phase `Failed`.
pub fn fail(world: &mut World<'_>, pod: PodId, grace: SimSpan) {
    let row = &mut world.pods[pod];
    if row.state.is_terminal() || std::mem::replace(&mut row.terminating, true) {
        return;
    }
    row.evicted = true;
    world.set_ready(pod, false);
    stop_all(world, pod, SimSpan::ZERO, grace);
}

/// The kubelet does not take a Pod that was bound to its node: it has failed and is never started.
pub(super) fn reject(world: &mut World<'_>, pod: PodId, why: Rejection) {
    world.record.pods.rejected += 1;
    world.tell(pod, None, if why == Rejection::Evicted { Happening::Evicted } else { Happening::Rejected });
    finish(world, pod, false);
}

/// A Pod has been active for as long as it may be.
pub fn deadline(world: &mut World<'_>, pod: PodRef) {
    let Some(pod) = world.alive(pod).filter(|&pod| !world.pods[pod].state.is_terminal() && !world.pods[pod].terminating) else { return };
    world.tell(pod, None, Happening::DeadlineExceeded);
    let grace = world.template(pod).grace;
    fail(world, pod, grace);
}

/// The regular containers have ended by themselves, or an init container has failed for good: what still runs is stopped, then the Pod
/// ends.
pub(super) fn wind_down(world: &mut World<'_>, pod: PodId, well: bool) {
    if !(0..world.pods.containers_of(pod)).any(|index| is_up(world, pod, index)) {
        return finish(world, pod, well);
    }
    world.pods[pod].terminating = true;
    let grace = world.template(pod).grace;
    stop_all(world, pod, SimSpan::ZERO, grace);
}

/// Asks all containers to stop `after` a while; the Pod is over at the first relist after the last of them has ended.
fn stop_all(world: &mut World<'_>, pod: PodId, after: SimSpan, grace: SimSpan) {
    let row = &mut world.pods[pod];
    (row.doing, row.epoch) = (Doing::Nothing, row.epoch.wrapping_add(1));
    let (grace, asked) = (grace.max(GRACE_MIN), world.now + after);
    let mut last = asked;
    for index in 0..world.pods.containers_of(pod) {
        if !is_sidecar(world, pod, index) {
            last = last.max(ask(world, pod, index, asked, (grace, None)));
        }
    }
    for index in (0..world.pods.containers_of(pod)).rev() {
        if is_sidecar(world, pod, index) {
            last = last.max(ask(world, pod, index, asked, (grace, Some(last.since(asked)))));
        }
    }
    world.at(world.relist_after(pod, last), Event::Stopped(world.pod_ref(pod)));
}

fn is_sidecar(world: &World<'_>, pod: PodId, index: u8) -> bool {
    world.container_spec(pod, index).kind == ContainerKind::Sidecar
}

/// Stops one container, for its Pod to go on: after a failed probe, whose grace period counts if it has one, or a failed hook.
pub(super) fn stop_container(world: &mut World<'_>, pod: PodId, index: u8) {
    let (about, row) = (world.container_spec(pod, index), world.pods.container(pod, index));
    let probe = if row.started { about.liveness } else { about.startup }.filter(|_| row.waits != WaitReason::PostStartHookError);
    let grace = probe.and_then(|probe| probe.grace).unwrap_or(world.template(pod).grace);
    ask(world, pod, index, world.now, (grace.max(GRACE_MIN), None));
}

/// Asks a container to stop at `asked`, and gives the time of its end, which is on the agenda then. One that is not up has ended.
fn ask(world: &mut World<'_>, pod: PodId, index: u8, asked: SimTime, (grace, turn): (SimSpan, Option<SimSpan>)) -> SimTime {
    if !is_up(world, pod, index) {
        return asked;
    }
    world.tell(pod, Some(index), Happening::Killing);
    let manner = manner(world, pod, index);
    let stop = stop_at(manner, grace, turn);
    let (end, code) =
        (asked + stop.end, if stop.killed { process::KILLED } else { world.container_spec(pod, index).behavior.shutdown_exit });
    let row = world.pods.container_mut(pod, index);
    row.stopping = true;
    let ends_at = row.ends_at;
    if let Some(natural) = Some(world.work_end(pod, index).unwrap_or(ends_at)).filter(|natural| *natural <= end) {
        return natural;
    }
    world.work_ends(pod, index);
    let row = world.pods.container_mut(pod, index);
    row.epoch = row.epoch.wrapping_add(1);
    process::ends(world, pod, index, end, code);
    end
}

/// How a container will behave this time. A process that hangs does not heed SIGTERM.
fn manner(world: &mut World<'_>, pod: PodId, index: u8) -> Manner {
    let about = world.container_spec(pod, index);
    let (entity, draw) = process::address(world, pod, index);
    let pre_stop = about.pre_stop.map(|hook| match hook {
        Hook::Sleep(span) => span,
        Hook::Handler => world.draw(&about.behavior.pre_stop, Purpose::PreStop, entity, draw),
    });
    let heeds = world.draw(&about.behavior.shutdown, Purpose::Shutdown, entity, draw);
    Manner { pre_stop, heeds: if world.pods.container(pod, index).hung { SimSpan::MAX } else { heeds } }
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
    world.signal(pod, last_signal(state, well));
}

/// The signal that ends a Pod from `state`: only a Pod that ran can succeed.
fn last_signal(state: PodState, well: bool) -> Signal {
    if well && state.phase() == Phase::Running { Signal::Completed } else { Signal::Broken }
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

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> SimSpan {
        SimSpan::from_secs(secs)
    }

    fn stop(pre_stop: Option<u64>, heeds: SimSpan, grace: u64) -> (SimSpan, SimSpan, bool) {
        let Stop { term, end, killed } = stop_at(Manner { pre_stop: pre_stop.map(secs), heeds }, secs(grace).max(GRACE_MIN), None);
        (term, end, killed)
    }

    #[test]
    fn a_container_stops_as_in_the_worked_examples() {
        let (never, quick) = (SimSpan::MAX, SimSpan::from_millis(200));
        #[rustfmt::skip]
        let table = [
            ("T1: heeds SIGTERM",                 stop(None,     quick, 30), (secs(0),  quick,    false)),
            ("T2: ignores it",                    stop(None,     never, 30), (secs(0),  secs(30), true)),
            ("T3: a handler of 10 s",             stop(Some(10), never, 30), (secs(10), secs(30), true)),
            ("T4: a handler of 60 s is given up", stop(Some(60), never, 30), (secs(30), secs(32), true)),
            ("T5: no grace",                      stop(Some(60), never, 0),  (secs(1),  secs(3),  true)),
            ("T8: a probe's grace of 5 s",        stop(None,     never, 5),  (secs(0),  secs(5),  true)),
        ];
        for (name, have, want) in table {
            assert_eq!(have, want, "{name}");
        }
    }

    /// SIGTERM and end of main, S1 and S2.
    fn with_sidecars(main: SimSpan, sidecars: SimSpan, grace: u64) -> [(SimSpan, SimSpan); 3] {
        let one = |heeds, turn| stop_at(Manner { pre_stop: None, heeds }, secs(grace), turn);
        let main = one(main, None);
        let second = one(sidecars, Some(main.end));
        let first = one(sidecars, Some(main.end.max(second.end)));
        [main, first, second].map(|stop| (stop.term, stop.end))
    }

    #[test]
    fn sidecars_stop_after_the_regular_containers_in_reverse_order() {
        let s = secs;
        assert_eq!(with_sidecars(s(12), s(1), 30), [(s(0), s(12)), (s(13), s(14)), (s(12), s(13))], "T6");
        assert_eq!(with_sidecars(SimSpan::MAX, SimSpan::MAX, 30), [(s(0), s(30)), (s(30), s(32)), (s(30), s(32))], "T7");
    }

    #[test]
    fn whole_seconds_of_a_handler_are_taken_off_the_grace_period() {
        let manner = Manner { pre_stop: Some(SimSpan::from_millis(3_900)), heeds: SimSpan::MAX };
        assert_eq!(stop_at(manner, secs(30), None).end, SimSpan::from_millis(3_900) + secs(27));
    }
}
