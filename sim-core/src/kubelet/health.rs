//! While a Pod runs: its state as the sum of its containers' health, probes, hangs, readiness.
//!
//! A healthy probe costs nothing. When a container starts or hangs, the instants at which its probes will have something to say are
//! computed ([`super::probe`]) and only those are put on the agenda.

use super::probe::{self, Ticks, Verdict};
use super::sync;
use crate::cluster::{ContainerHealth, ContainerState, Phase, PodRef, PodState, Signal};
use crate::engine::random::{Purpose, entity_of};
use crate::event::{ContainerRef, Event};
use crate::measure::{Happening, ProbeKind, Step};
use crate::spec::{ContainerKind, Probe};
use crate::table::PodId;
use crate::units::{SimSpan, SimTime};
use crate::world::{Note, World};

/// The state that a running Pod's containers make: restarting, else sick, else healthy.
pub fn state_of(world: &World<'_>, pod: PodId) -> PodState {
    let worst = (0..world.pods.containers_of(pod)).map(|index| world.pods.container(pod, index).health).max();
    match worst {
        Some(ContainerHealth::Restarting) => PodState::Restarting,
        Some(ContainerHealth::Sick) => PodState::Unhealthy,
        Some(ContainerHealth::Fine) | None => PodState::Healthy,
    }
}

/// Brings a running Pod's state in line with its containers. The chart is followed arrow by arrow.
pub(super) fn settle(world: &mut World<'_>, pod: PodId) {
    if world.pods[pod].state.phase() != Phase::Running {
        return;
    }
    let target = state_of(world, pod);
    loop {
        let signal = match (world.pods[pod].state, target) {
            (PodState::Healthy, PodState::Unhealthy | PodState::Restarting) => Signal::CheckFailed,
            (PodState::Unhealthy, PodState::Restarting) => Signal::RestartBegun,
            (PodState::Unhealthy, PodState::Healthy) => Signal::Recovered,
            (PodState::Restarting, PodState::Healthy | PodState::Unhealthy) => Signal::Restarted,
            _ => break,
        };
        world.signal(pod, signal);
    }
    if target == PodState::Healthy {
        recovered(world, pod);
    }
}

/// Says how a container fares; the caller settles.
pub(super) fn mark(world: &mut World<'_>, pod: PodId, index: u8, health: ContainerHealth) {
    let row = world.pods.container_mut(pod, index);
    row.health = health;
    if row.state != ContainerState::Running {
        (row.started, row.ready) = (false, false);
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
    if row.failures == 0 {
        return;
    }
    let (failures, since) = (std::mem::take(&mut row.failures), std::mem::replace(&mut row.failed_at, SimTime::MAX));
    world.record.containers.recovered += u64::from(failures);
    world.record.containers.recovery.record(world.now - since);
}

/// A container has failed for good: its Pod does not recover from that.
pub(super) fn not_cured(world: &mut World<'_>, pod: PodId) {
    let row = &mut world.pods[pod];
    (row.failures, row.failed_at) = (0, SimTime::MAX);
}

/// A container was started anew.
pub(super) fn restarted(world: &mut World<'_>, pod: PodId, index: u8) {
    let role = world.container_role(pod, index);
    world.record.containers.by_role[role.index()].restarts += 1;
    world.record.containers.restarts += 1;
    world.record.totals[2] += 1;
    if !std::mem::replace(&mut world.pods[pod].restarted, true) {
        world.record.pods.restarted += 1;
    }
    world.note(Note::Restarted(pod));
}

/// The kubelet has noticed that a container is up: what its startup and liveness probes will say is known now.
pub(super) fn up(world: &mut World<'_>, pod: PodId, index: u8) {
    mark(world, pod, index, ContainerHealth::Fine);
    let container = world.container_ref(pod, index);
    match world.container_spec(pod, index).startup {
        None => started(world, pod, index),
        Some(startup) => match verdict(world, pod, index, (ProbeKind::Startup, startup)) {
            Verdict::Passes(at) => world.at(at, Event::StartupPassed(container)),
            Verdict::Fails(at) => world.at(at, Event::ProbeKill(container)),
        },
    }
}

/// What a probe that begins to count now will say of a container that is getting ready to serve.
fn verdict(world: &mut World<'_>, pod: PodId, index: u8, (kind, about): (ProbeKind, Probe)) -> Verdict {
    let row = *world.pods.container(pod, index);
    let serves = if row.hung { SimTime::MAX } else { row.serves_at };
    let from = probe::counts_from(about, row.started_at, world.now);
    probe::verdict(ticks(world, pod, index, (kind, about)), about, from, serves)
}

/// The ticks of a startup or liveness probe: since the Pod's first sync, or later at random where the kubelet itself was young then.
fn ticks(world: &mut World<'_>, pod: PodId, index: u8, (kind, about): (ProbeKind, Probe)) -> Ticks {
    let from = world.pods[pod].probes_from;
    let young = world.nodes.kubelet_since[world.pods[pod].node];
    if young == SimTime::ZERO || from.since(young) >= about.period {
        return Ticks::of(about, from);
    }
    let entity = entity_of(&[world.container_entity(pod, index), kind as u64]);
    let late = world.stream(Purpose::ProbePhase, entity, young.as_nanos()).unit() * about.period.as_secs_f64();
    Ticks::of(about, from + SimSpan::from_secs_f64(late))
}

/// A container counts as started. From now on its liveness probe counts, and it may be made ready.
fn started(world: &mut World<'_>, pod: PodId, index: u8) {
    let about = world.container_spec(pod, index);
    let row = world.pods.container_mut(pod, index);
    row.started = true;
    row.ready = about.readiness.is_none();
    if let Some(liveness) = about.liveness
        && let Verdict::Fails(at) = verdict(world, pod, index, (ProbeKind::Liveness, liveness))
    {
        let container = world.container_ref(pod, index);
        world.at(at, Event::ProbeKill(container));
    }
}

/// A container's startup probe has passed: the Pod is synced.
pub fn startup_passed(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    if world.pods.container(pod, container.index).hung {
        return startup_hangs(world, pod, container);
    }
    world.tell(pod, Some(container.index), Happening::Passed(ProbeKind::Startup));
    started(world, pod, container.index);
    sync::wake(world, pod);
}

/// The attempt that was to pass meets a process that has begun to hang: it and those after it fail.
fn startup_hangs(world: &mut World<'_>, pod: PodId, container: ContainerRef) {
    let Some(about) = world.container_spec(pod, container.index).startup else { return };
    let at = probe::fails_at(Ticks::of(about, world.now), about, world.now, world.now);
    world.at(at, Event::ProbeKill(container));
}

/// A startup or liveness probe has failed often enough: the Pod's next sync stops the container.
pub fn probe_kill(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    let index = container.index;
    if std::mem::replace(&mut world.pods.container_mut(pod, index).condemned, true) {
        return;
    }
    let started = world.pods.container(pod, index).started;
    let kind = if started { ProbeKind::Liveness } else { ProbeKind::Startup };
    world.tell(pod, Some(index), Happening::Unhealthy(kind));
    world.record.containers.probe_kills += 1;
    if world.pods.container(pod, index).hung {
        note_detection(world, pod, index);
    } else {
        note_failure(world, pod);
    }
    mark(world, pod, index, ContainerHealth::Sick);
    settle(world, pod);
    sync::wake(world, pod);
}

/// While a Pod is not ready, each of its syncs pokes its readiness probes: when they will all pass is computed anew.
pub(super) fn poke(world: &mut World<'_>, pod: PodId) {
    for index in 0..world.pods.containers_of(pod) {
        let now = world.now;
        let row = world.pods.container_mut(pod, index);
        if row.started && !row.ready {
            row.poked_at = now;
        }
    }
    foretell(world, pod);
}

/// Puts the instant at which all containers will be seen ready on the agenda, if it is known.
fn foretell(world: &mut World<'_>, pod: PodId) {
    let mut at = world.now;
    for index in 0..world.pods.containers_of(pod) {
        if world.container_spec(pod, index).kind != ContainerKind::Init {
            let Some(ready) = ready_at(world, pod, index) else { return };
            at = at.max(ready);
        }
    }
    let row = &mut world.pods[pod];
    row.ready_epoch = row.ready_epoch.wrapping_add(1);
    let epoch = row.ready_epoch;
    world.at(at, Event::Ready { pod: world.pod_ref(pod), epoch });
}

/// When a container will be seen ready; `None` if something else must happen before that.
fn ready_at(world: &World<'_>, pod: PodId, index: u8) -> Option<SimTime> {
    let row = world.pods.container(pod, index);
    if row.ready {
        return Some(world.now);
    }
    let about = world.container_spec(pod, index).readiness?;
    if !row.noticed || !row.started || row.state != ContainerState::Running || row.condemned || row.hung {
        return None;
    }
    let from = probe::counts_from(about, row.started_at, row.poked_at);
    let warm = row.serves_at + world.container_spec(pod, index).behavior.warm_up;
    if warm > world.end {
        return None;
    }
    Some(probe::ready_at(about, sync::pokes(world, pod, row.poked_at), from, warm).max(world.now))
}

/// All containers of a Pod pass their readiness probes, unless one of them has begun to hang since that was foretold.
pub fn ready(world: &mut World<'_>, pod: PodRef, epoch: u16) {
    let Some(pod) = world.alive(pod) else { return };
    let row = &world.pods[pod];
    if row.terminating || row.ready_epoch != epoch || row.state.is_terminal() {
        return;
    }
    let all = 0..world.pods.containers_of(pod);
    if all.clone().any(|index| !world.pods.container(pod, index).ready && world.pods.container(pod, index).hung) {
        return;
    }
    for index in all {
        let row = world.pods.container_mut(pod, index);
        if row.state == ContainerState::Running && !row.condemned {
            (row.ready, row.health) = (true, ContainerHealth::Fine);
        }
    }
    settle(world, pod);
    admit(world, pod);
}

/// Makes a running Pod ready if its containers are, or takes that from it.
pub(super) fn admit(world: &mut World<'_>, pod: PodId) {
    let ready = world.pods[pod].state.phase() == Phase::Running && !world.pods[pod].terminating && all_ready(world, pod);
    if ready && !std::mem::replace(&mut world.pods[pod].ready_once, true) {
        let (total, step) = (world.pods[pod].born.age(world.now), world.now - world.pods[pod].step_since);
        world.record.step(Step::Ready, step);
        world.record.startup.ready.record(total);
    }
    world.set_ready(pod, ready);
}

fn all_ready(world: &World<'_>, pod: PodId) -> bool {
    (0..world.pods.containers_of(pod))
        .all(|index| world.container_spec(pod, index).kind == ContainerKind::Init || world.pods.container(pod, index).ready)
}

/// A container hangs: its probes will notice, unless the hang is over before.
pub fn hung(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    let index = container.index;
    let Some(hang) = &world.container_spec(pod, index).behavior.hang else { return };
    let (entity, draw) = (world.container_entity(pod, index), u64::from(world.pods.container(pod, index).starts));
    let lasts = world.draw(&hang.lasts, Purpose::HangLength, entity, draw);
    hangs(world, pod, index, lasts);
}

/// A container's process stops answering for `lasts`.
pub fn hangs(world: &mut World<'_>, pod: PodId, index: u8, lasts: SimSpan) {
    world.set_hung(pod, index, true);
    world.record.containers.hangs += 1;
    note_failure(world, pod);
    let over = world.now + lasts;
    let (unready, kill) = (readiness_fails(world, pod, index), liveness_fails(world, pod, index));
    let container = world.container_ref(pod, index);
    if unready < over.min(kill) {
        world.at(unready, Event::HangSeen(container));
    }
    let last = if kill < over { (kill, Event::ProbeKill(container)) } else { (over, Event::HangOver(container)) };
    world.at(last.0, last.1);
}

/// When the readiness probe has failed often enough on a container that hangs from now on; its ticks go on from the last poke.
fn readiness_fails(world: &World<'_>, pod: PodId, index: u8) -> SimTime {
    let row = world.pods.container(pod, index);
    world.container_spec(pod, index).readiness.filter(|_| row.ready).map_or(SimTime::MAX, |about| {
        let from = probe::counts_from(about, row.started_at, row.poked_at);
        probe::fails_at(Ticks::of(about, row.poked_at), about, from, world.now)
    })
}

/// When the liveness probe has: it counts only once the container is started.
fn liveness_fails(world: &mut World<'_>, pod: PodId, index: u8) -> SimTime {
    let row = *world.pods.container(pod, index);
    let Some(about) = world.container_spec(pod, index).liveness.filter(|_| row.started) else { return SimTime::MAX };
    let from = probe::counts_from(about, row.started_at, row.started_at);
    probe::fails_at(ticks(world, pod, index, (ProbeKind::Liveness, about)), about, from, world.now)
}

/// A probe has failed often enough on a container that hangs; the first to notice counts.
fn note_detection(world: &mut World<'_>, pod: PodId, index: u8) {
    let row = world.pods.container(pod, index);
    if row.health == ContainerHealth::Fine {
        world.record.containers.hang_detection.record(world.now - row.hung_since);
    }
}

/// The readiness probe has failed often enough. The change brings a sync, which pokes the probe again.
pub fn hang_seen(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    world.tell(pod, Some(container.index), Happening::Unhealthy(ProbeKind::Readiness));
    note_detection(world, pod, container.index);
    mark(world, pod, container.index, ContainerHealth::Sick);
    world.pods.container_mut(pod, container.index).ready = false;
    settle(world, pod);
    admit(world, pod);
    sync::wake(world, pod);
}

/// A hang is over by itself; if the Pod was taken for unready, its readiness probe will see it.
pub fn hang_over(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.current(container) else { return };
    let now = world.now;
    let row = world.pods.container_mut(pod, container.index);
    if row.condemned {
        return;
    }
    row.serves_at = row.serves_at.max(now);
    world.set_hung(pod, container.index, false);
    if world.pods[pod].state == PodState::Healthy {
        recovered(world, pod);
    }
    if !world.pods[pod].ready {
        foretell(world, pod);
    }
}

/// True if a container's process is up.
pub(super) fn is_up(world: &World<'_>, pod: PodId, index: u8) -> bool {
    world.pods.container(pod, index).state == ContainerState::Running
}
