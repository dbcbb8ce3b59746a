//! A container's process: what is drawn when it starts, and how it ends.

use super::{health, relist, sync, usage};
use crate::cluster::{Container, ContainerHealth, ContainerState, Doing, ExitReason};
use crate::engine::random::Purpose;
use crate::event::{ContainerRef, Event};
use crate::spec::{ContainerKind, ContainerSpec, RestartPolicy};
use crate::table::PodId;
use crate::units::{SimSpan, SimTime};
use crate::world::World;

/// Exit code of a container that SIGKILL ended.
pub(super) const KILLED: u8 = 137;

/// How long creating and starting a container takes this time.
pub(super) fn start_span(world: &mut World<'_>, pod: PodId, index: u8) -> SimSpan {
    let (entity, draw) = address(world, pod, index);
    world.draw(&world.spec.kubelet.container_start, Purpose::ContainerStart, entity, draw)
}

/// Entity and draw number of a container's next start.
pub(super) fn address(world: &World<'_>, pod: PodId, index: u8) -> (u64, u64) {
    (world.container_entity(pod, index), u64::from(world.pods.container(pod, index).starts))
}

/// A container's process comes up: it begins to use resources, and what becomes of it is drawn.
pub(super) fn starts(world: &mut World<'_>, pod: PodId, index: u8) {
    let (entity, draw) = address(world, pod, index);
    let about = world.container_spec(pod, index);
    let (cpu, memory) = usage::levels(world, about, entity, draw);
    let again = world.pods.container(pod, index).state == ContainerState::Backoff;
    world.container_up(pod, index, cpu, memory);
    world.record.containers.started += 1;
    world.record.containers.init_started += u64::from(about.kind == ContainerKind::Init);
    if again {
        health::restarted(world, pod, index);
    }
    let mut end = draw_end(world, about, entity, draw);
    if about.port_taken_by.is_some_and(|other| health::is_up(world, pod, other)) {
        // Another container of the Pod listens on its port: it cannot.
        end = End { after: SimSpan::ZERO, code: about.behavior.failure_exit };
    }
    let kind = (world.pods[pod].template, index);
    if about.kind == ContainerKind::Init && world.troubles.init_fails(kind) {
        end.code = about.behavior.failure_exit;
    }
    let serves = world.draw(&about.behavior.ready, Purpose::Ready, entity, draw).scaled(world.troubles.start_factor(kind));
    world.pods.container_mut(pod, index).serves_at = world.now + serves;
    expect_end(world, pod, index, end, (entity, draw));
    relist::expect(world, pod);
}

/// How a container ends if nobody stops it.
#[derive(Clone, Copy, Debug)]
struct End {
    /// Time from start to exit.
    after: SimSpan,
    /// Exit code.
    code: u8,
}

fn draw_end(world: &mut World<'_>, about: &ContainerSpec, entity: u64, draw: u64) -> End {
    let run = match (&about.behavior.run, about.kind) {
        (Some(law), _) => world.draw(law, Purpose::Run, entity, draw),
        // An init container without a stated run time does next to nothing.
        (None, ContainerKind::Init) => SimSpan::ZERO,
        (None, _) => SimSpan::MAX,
    };
    let crash = about.behavior.crash.as_ref().map_or(SimSpan::MAX, |law| world.draw(law, Purpose::Crash, entity, draw));
    End { after: run.min(crash), code: exit_code(world, about, crash < run, (entity, draw)) }
}

/// The exit code of a container that crashes, or that ends by itself and fails with its stated share.
pub(super) fn exit_code(world: &mut World<'_>, about: &ContainerSpec, crashes: bool, (entity, draw): (u64, u64)) -> u8 {
    let share = about.behavior.failure;
    let fails = crashes || share > 0.0 && world.stream(Purpose::Exit, entity, draw).unit() < share;
    if fails { about.behavior.failure_exit } else { 0 }
}

/// Puts a container's own end, and a hang before it, on the agenda.
fn expect_end(world: &mut World<'_>, pod: PodId, index: u8, end: End, (entity, draw): (u64, u64)) {
    runs_for(world, pod, index, end.after, end.code);
    if let Some(hang) = &world.container_spec(pod, index).behavior.hang {
        let after = world.draw(&hang.after, Purpose::Hang, entity, draw);
        if after < end.after {
            world.after(after, Event::Hung(world.container_ref(pod, index)));
        }
    }
}

/// A container's process will exit after `span` with `code`, unless something else happens to it before, or it is work and takes longer.
pub(super) fn runs_for(world: &mut World<'_>, pod: PodId, index: u8, span: SimSpan, code: u8) {
    let at = world.now + span;
    let row = world.pods.container_mut(pod, index);
    (row.exit, row.reason, row.ends_at) = (code, reason(code), at);
    world.exits_after(pod, index, span);
}

/// A container's process will exit at `at` with `code`, whatever it had before it.
pub(super) fn ends(world: &mut World<'_>, pod: PodId, index: u8, at: SimTime, code: u8) {
    let row = world.pods.container_mut(pod, index);
    (row.exit, row.reason, row.ends_at) = (code, reason(code), at);
    let event = Event::Exited(world.container_ref(pod, index));
    world.at(at, event);
}

const fn reason(code: u8) -> ExitReason {
    if code == 0 { ExitReason::Completed } else { ExitReason::Error }
}

/// True if a container that has exited with `code` is started again.
pub(super) const fn restarts(policy: RestartPolicy, kind: ContainerKind, code: u8) -> bool {
    match (kind, policy) {
        (ContainerKind::Sidecar, _) | (ContainerKind::App, RestartPolicy::Always) => true,
        (ContainerKind::App, RestartPolicy::OnFailure) | (ContainerKind::Init, RestartPolicy::Always | RestartPolicy::OnFailure) => {
            code != 0
        }
        (ContainerKind::App | ContainerKind::Init, RestartPolicy::Never) => false,
    }
}

/// The process of a container that is up is gone at once: the kernel killed it, or its node or runtime went.
pub fn killed(world: &mut World<'_>, pod: PodId, index: u8, code: u8, reason: ExitReason) {
    let row = world.pods.container_mut(pod, index);
    (row.exit, row.reason) = (code, reason);
    exited(world, world.container_ref(pod, index));
}

/// A container's process has exited: by itself, by SIGTERM, or by SIGKILL.
pub fn exited(world: &mut World<'_>, container: ContainerRef) {
    let Some(pod) = world.up(container) else { return };
    let index = container.index;
    let Container { exit, hung, stopping, .. } = *world.pods.container(pod, index);
    let over = world.pods[pod].terminating;
    let again = !over && restarts(world.template(pod).restart_policy, world.container_spec(pod, index).kind, exit);
    world.container_down(pod, index, if again { ContainerState::Backoff } else { ContainerState::Done });
    if over {
        return;
    }
    if exit != 0 && !hung && !stopping {
        world.record.containers.crashes += 1;
        health::note_failure(world, pod);
    }
    health::mark(world, pod, index, if again { ContainerHealth::Sick } else { ContainerHealth::Fine });
    if !again && exit != 0 {
        health::not_cured(world, pod);
    }
    health::settle(world, pod);
    if world.pods[pod].doing == Doing::Killing && world.pods[pod].cursor == index {
        return sync::stopped_one(world, pod, index);
    }
    relist::expect(world, pod);
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
}
