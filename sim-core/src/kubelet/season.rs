//! Pods that ran before the run began.

use super::{images, process, usage};
use crate::cluster::PodState;
use crate::engine::random::Purpose;
use crate::event::Event;
use crate::measure::Step;
use crate::spec::{ContainerKind, Distribution};
use crate::table::PodId;
use crate::units::SimSpan;
use crate::world::World;

/// A Pod that has a node and an address is up and healthy since long: its containers run, and what is left of their runs, crashes and
/// hangs is drawn. `run` is the rest of the main container's run, where it is known.
pub fn season(world: &mut World<'_>, pod: PodId, run: Option<SimSpan>) {
    let row = &mut world.pods[pod];
    (row.state, row.ready_once, row.step) = (PodState::Healthy, true, Step::Ready);
    (row.mounted, row.initialized, row.sandboxes) = (true, true, 1);
    world.take_seat(pod);
    world.sandbox_up(pod);
    images::put_images(world, pod);
    for index in 0..world.pods.containers_of(pod) {
        if world.container_spec(pod, index).kind != ContainerKind::Init {
            season_container(world, pod, index, run);
        }
    }
}

fn season_container(world: &mut World<'_>, pod: PodId, index: u8, run: Option<SimSpan>) {
    let about = world.container_spec(pod, index);
    let entity = world.container_entity(pod, index);
    let (cpu, memory) = usage::levels(world, about, entity, 0);
    world.container_up(pod, index, cpu, memory);
    let row = world.pods.container_mut(pod, index);
    (row.noticed, row.started, row.ready) = (true, true, true);
    let behavior = &about.behavior;
    let run = match (run, &behavior.run) {
        (Some(rest), Some(_)) => rest,
        (_, law) => rest_of(world, law.as_ref(), (entity, 0)),
    };
    let crash = rest_of(world, behavior.crash.as_ref(), (entity, 1));
    let (code, ends) = (process::exit_code(world, about, crash < run, (entity, 0)), run.min(crash));
    process::runs_for(world, pod, index, ends, code);
    let container = world.container_ref(pod, index);
    let hang = rest_of(world, behavior.hang.as_ref().map(|hang| &hang.after), (entity, 2));
    if hang < ends {
        world.after(hang, Event::Hung(container));
    }
}

/// What is left of a span of this law that goes on.
fn rest_of(world: &mut World<'_>, law: Option<&Distribution>, (entity, draw): (u64, u64)) -> SimSpan {
    law.map_or(SimSpan::MAX, |law| SimSpan::from_secs_f64(law.residual(&mut world.stream(Purpose::Residual, entity, draw))))
}
