//! While a Pod runs: its health as the sum of its containers', readiness, hangs and the probes that notice them.
//!
//! A healthy probe costs nothing. When a hang is drawn, the instants at which probes would notice it are computed from their phase,
//! period and threshold.

use crate::cluster::{ContainerState, Phase, PodRef, PodState, Signal};
use crate::engine::random::Purpose;
use crate::event::{ContainerRef, Event};
use crate::measure::Step;
use crate::spec::{ContainerKind, Probe};
use crate::table::PodId;
use crate::units::SimTime;
use crate::world::World;

/// Exit code of a container that was killed.
pub(super) const KILLED: u8 = 137;

/// Brings the Pod's state in line with its containers: restarting, else sick, else healthy. The chart is followed arrow by arrow.
pub(super) fn settle(world: &mut World<'_>, pod: PodId) {
    loop {
        let row = &world.pods[pod];
        let target = match (row.restarting, row.sick) {
            (1.., _) => PodState::Restarting,
            (0, 1..) => PodState::Unhealthy,
            (0, 0) => PodState::Healthy,
        };
        let signal = match (row.state, target) {
            (PodState::Healthy, PodState::Unhealthy | PodState::Restarting) => Signal::CheckFailed,
            (PodState::Unhealthy, PodState::Restarting) => Signal::RestartBegun,
            (PodState::Unhealthy, PodState::Healthy) => Signal::Recovered,
            (PodState::Restarting, PodState::Healthy | PodState::Unhealthy) => Signal::Restarted,
            _ => return,
        };
        world.signal(pod, signal);
        react(world, pod, signal);
    }
}

/// Readiness and recovery follow the state.
fn react(world: &mut World<'_>, pod: PodId, signal: Signal) {
    match signal {
        Signal::CheckFailed => {
            world.pods[pod].ready_epoch = world.pods[pod].ready_epoch.wrapping_add(1);
            world.set_ready(pod, false);
        }
        Signal::Recovered => {
            recovered(world, pod);
            world.set_ready(pod, true);
        }
        Signal::Restarted if world.pods[pod].sick == 0 => {
            recovered(world, pod);
            expect_ready(world, pod);
        }
        _ => {}
    }
}

/// A failure that the Pod must recover from.
pub(super) fn note_failure(world: &mut World<'_>, pod: PodId) {
    world.record.containers.failures += 1;
    let now = world.now;
    let row = &mut world.pods[pod];
    row.failures = row.failures.saturating_add(1);
    row.failed_at = row.failed_at.min(now);
}

/// The Pod is Healthy again: all its failures are over.
fn recovered(world: &mut World<'_>, pod: PodId) {
    let row = &mut world.pods[pod];
    let (failures, since) = (std::mem::take(&mut row.failures), std::mem::replace(&mut row.failed_at, SimTime::MAX));
    if failures > 0 {
        world.record.containers.recovered += u64::from(failures);
        world.record.containers.recovery.record(world.now - since);
    }
}

/// Counts a container among the sick.
pub(super) fn mark_sick(world: &mut World<'_>, pod: PodId, index: u8) {
    if !std::mem::replace(&mut world.pods.container_mut(pod, index).sick, true) {
        world.pods[pod].sick += 1;
    }
}

/// Counts a container among the sick no more.
fn clear_sick(world: &mut World<'_>, pod: PodId, index: u8) {
    if std::mem::replace(&mut world.pods.container_mut(pod, index).sick, false) {
        world.pods[pod].sick -= 1;
    }
}

/// Counts a container among those under restart.
pub(super) fn enter_restart(world: &mut World<'_>, pod: PodId, index: u8) {
    clear_sick(world, pod, index);
    if !std::mem::replace(&mut world.pods.container_mut(pod, index).restarting, true) {
        world.pods[pod].restarting += 1;
    }
}

/// Counts a container among those under restart no more.
pub(super) fn leave_restart(world: &mut World<'_>, pod: PodId, index: u8) {
    if std::mem::replace(&mut world.pods.container_mut(pod, index).restarting, false) {
        world.pods[pod].restarting -= 1;
    }
}

/// Puts the instant at which every container passes its readiness check on the agenda.
pub(super) fn expect_ready(world: &mut World<'_>, pod: PodId) {
    let mut at = world.now;
    for index in 0..world.pods.containers_of(pod) {
        if world.container_spec(pod, index).kind != ContainerKind::Init {
            at = at.max(container_ready_at(world, pod, index));
        }
    }
    let event = Event::Ready { pod: world.pod_ref(pod), epoch: world.pods[pod].ready_epoch };
    world.at(at, event);
}

/// When a container passes its startup and readiness probes; one without them is ready as soon as the kubelet sees it up.
fn container_ready_at(world: &mut World<'_>, pod: PodId, index: u8) -> SimTime {
    let about = world.container_spec(pod, index);
    if about.startup.is_none() && about.readiness.is_none() {
        return world.now;
    }
    let row = *world.pods.container(pod, index);
    let serves = row.started_at + world.passes_after(pod, index);
    let pass = |probe: Probe, from: SimTime| next_tick(from, probe, serves.max(row.started_at + probe.initial_delay));
    let up = about.startup.map_or(world.now, |probe| pass(probe, world.now));
    about.readiness.map_or(up, |probe| pass(probe, up))
}

/// The first tick of a probe that ticks from `from` on which is at or after `time`.
fn next_tick(from: SimTime, probe: Probe, time: SimTime) -> SimTime {
    let (period, late) = (probe.period.as_nanos().max(1), time.since(from).as_nanos());
    from + crate::units::SimSpan::from_nanos(late.div_ceil(period).saturating_mul(period))
}

/// A Pod's containers all pass their readiness checks.
pub fn ready(world: &mut World<'_>, pod: PodRef, epoch: u16) {
    let Some(pod) = world.alive(pod) else { return };
    let row = &mut world.pods[pod];
    if row.terminating || row.ready_epoch != epoch || row.state != PodState::Healthy {
        return;
    }
    if !std::mem::replace(&mut row.ready_once, true) {
        let (total, step) = (row.born.age(world.now), world.now - row.step_since);
        world.record.step(Step::Ready, step);
        world.record.startup.ready.record(total);
    }
    world.set_ready(pod, true);
}

/// When `probe` of a container that started at `started` reports failure for a process that fails from `from` on.
fn failure_seen(probe: Probe, started: SimTime, from: SimTime) -> SimTime {
    let first = next_tick(started, probe, from.max(started + probe.initial_delay));
    first + probe.period * u64::from(probe.failure_threshold.max(1) - 1) + probe.timeout
}

/// A container hangs: its probes will notice, unless the hang is over before.
pub fn hung(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    let about = world.container_spec(pod, container.index);
    let Some(hang) = &about.behavior.hang else { return };
    world.set_hung(pod, container.index, true);
    let row = world.pods.container(pod, container.index);
    let (started, draw) = (row.started_at, u64::from(row.starts));
    world.record.containers.hangs += 1;
    note_failure(world, pod);
    let entity = world.container_entity(pod, container.index);
    let over = world.now + world.draw(&hang.lasts, Purpose::HangLength, entity, draw);
    let seen = |probe: Option<Probe>| probe.map_or(SimTime::MAX, |probe| failure_seen(probe, started, world.now));
    let (unready, kill) = (seen(about.readiness), seen(about.liveness));
    if unready < over.min(kill) {
        world.at(unready, Event::HangSeen(container));
    }
    let last = if kill < over { (kill, Event::ProbeKill(container)) } else { (over, Event::HangOver(container)) };
    world.at(last.0, last.1);
}

/// The readiness probe has failed often enough.
pub fn hang_seen(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    mark_sick(world, pod, container.index);
    settle(world, pod);
}

/// The liveness probe has failed often enough: SIGTERM, which a hung process does not heed, and SIGKILL after the grace period.
pub fn probe_kill(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    world.record.containers.probe_kills += 1;
    world.pods.container_mut(pod, container.index).exit = KILLED;
    mark_sick(world, pod, container.index);
    settle(world, pod);
    world.after(world.template(pod).grace, Event::Exited(container));
}

/// A hang is over by itself; if the Pod was taken for unready, the next readiness probe sees it.
pub fn hang_over(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    world.set_hung(pod, container.index, false);
    let row = world.pods.container(pod, container.index);
    let (sick, started) = (row.sick, row.started_at);
    match world.container_spec(pod, container.index).readiness {
        Some(probe) if sick => world.at(next_tick(started, probe, world.now), Event::HangForgotten(container)),
        _ if world.pods[pod].state == PodState::Healthy => recovered(world, pod),
        _ => {}
    }
}

/// A readiness probe passes after a hang.
pub fn hang_forgotten(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    if world.pods.container(pod, container.index).hung {
        return;
    }
    clear_sick(world, pod, container.index);
    if world.pods[pod].state.phase() == Phase::Running {
        settle(world, pod);
    }
}

/// True if a container's process is up.
pub(super) fn is_up(world: &World<'_>, pod: PodId, index: u8) -> bool {
    world.pods.container(pod, index).state == ContainerState::Running
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimSpan;

    fn at(secs: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs(secs)
    }

    fn probe(period: u64, threshold: u32, delay: u64) -> Probe {
        Probe {
            initial_delay: SimSpan::from_secs(delay),
            period: SimSpan::from_secs(period),
            timeout: SimSpan::ZERO,
            success_threshold: 1,
            failure_threshold: threshold,
        }
    }

    #[test]
    fn a_hang_is_seen_at_the_last_of_the_failing_ticks() {
        // Example R4: period 10, three failures, ticks at 0, 10, 20, …, hang at 12: failures at 20, 30, 40.
        assert_eq!(failure_seen(probe(10, 3, 0), at(0), at(12)), at(40));
        assert_eq!(failure_seen(probe(10, 1, 0), at(0), at(20)), at(20));
    }

    #[test]
    fn readiness_is_seen_at_the_first_tick_after_the_app_serves() {
        // Examples R1 and R3.
        assert_eq!(next_tick(at(0), probe(10, 3, 0), at(3)), at(10));
        assert_eq!(next_tick(at(0), probe(1, 3, 0), SimTime::from_nanos(3_200_000_000)), at(4));
    }
}
