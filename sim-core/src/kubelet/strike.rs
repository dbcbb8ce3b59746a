//! What faults of the scenario do to single containers.

use super::{health, process};
use crate::cluster::ExitReason;
use crate::engine::random::{Purpose, entity_of};
use crate::event::{ContainerRef, Event};
use crate::spec::{ContainerFault, FaultKind};
use crate::table::PodId;
use crate::units::SimSpan;
use crate::world::World;

/// Fault number `fault` befalls a container that is up.
pub fn struck(world: &mut World<'_>, container: ContainerRef, fault: u16) {
    let FaultKind::Container { what, .. } = &world.spec.faults[usize::from(fault)].kind else { return };
    let Some(pod) = world.current(container).filter(|&pod| health::is_up(world, pod, container.index)) else { return };
    match what {
        ContainerFault::Crash(code) => process::killed(world, pod, container.index, *code, ExitReason::Error),
        ContainerFault::Hang(lasts) => {
            let entity = entity_of(&[world.container_entity(pod, container.index), u64::from(fault)]);
            let lasts = world.draw(lasts, Purpose::HangLength, entity, world.now.as_nanos());
            health::hangs(world, pod, container.index, lasts);
        }
        ContainerFault::MemoryLeak(rate) => leak(world, pod, container, *rate),
        // These strike what is started, not what is up.
        ContainerFault::InitFailure(_) | ContainerFault::SlowStart { .. } => {}
    }
}

/// A process begins to leak `rate` bytes a second: its memory limit ends it when it is reached.
fn leak(world: &mut World<'_>, pod: PodId, container: ContainerRef, rate: f64) {
    let used = world.pods.container(pod, container.index).memory;
    if let Some(limit) = world.container_spec(pod, container.index).memory_limit {
        let left = limit.0.saturating_sub(used) as f64;
        world.after(SimSpan::from_secs_f64(left / rate), Event::LeakedOut(container));
    }
}

/// The memory that a container leaks has reached its limit: the kernel kills it.
pub fn leaked_out(world: &mut World<'_>, container: ContainerRef) {
    if let Some(pod) = world.current(container) {
        process::killed(world, pod, container.index, process::KILLED, ExitReason::OomKilled);
    }
}
