//! What faults of the scenario do to single containers.

use super::{health, process, pulls};
use crate::cluster::ExitReason;
use crate::engine::random::{Purpose, entity_of};
use crate::event::ContainerRef;
use crate::spec::{ContainerFault, FaultKind, RegistryFault};
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
        ContainerFault::MemoryLeak(rate) => world.leak_more(pod, container.index, *rate as u64),
        // These strike what is started, not what is up.
        ContainerFault::InitFailure(_) | ContainerFault::SlowStart { .. } => {}
    }
}

/// Fault number `fault` of the registry begins, or is over.
pub fn registry_fault(world: &mut World<'_>, fault: u16, on: bool) {
    let FaultKind::Registry { what, .. } = &world.spec.faults[usize::from(fault)].kind else { return };
    match *what {
        RegistryFault::Outage if on => pulls::registry_down(world),
        RegistryFault::Outage => pulls::registry_up(world),
        RegistryFault::Slow(factor) => {
            world.troubles.slow_pulls(factor, on);
            pulls::set_slow(world, world.troubles.pull_factor());
        }
        RegistryFault::BadImage(image) => {
            world.troubles.bad_image(image, on);
            if world.troubles.is_bad(image) { pulls::mark_bad(world, image) } else { pulls::mark_good(world, image) }
        }
    }
}
