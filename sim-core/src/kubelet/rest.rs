//! What must hold of a Pod whose worker sleeps: nothing is left that it would do at once if it were woken. For the auditor.

use super::{health, status, sync};
use crate::cluster::{ContainerState, Phase, Pod};
use crate::table::PodId;
use crate::units::SimTime;
use crate::world::World;

/// What the sleeping worker of a Pod has overlooked, though nothing is on its way that would wake it; `None` if it sleeps with reason.
pub fn overlooked(world: &World<'_>, pod: PodId) -> Option<String> {
    let row = &world.pods[pod];
    if !row.mounted || !row.sandbox {
        return Some(format!("it has no {}", if row.mounted { "sandbox" } else { "volumes" }));
    }
    let phase = status::phase_of(world, pod);
    if matches!(phase, Phase::Failed | Phase::Succeeded) {
        return Some(format!("its phase is {phase:?}"));
    }
    if row.state.phase() == Phase::Pending && phase != Phase::Pending && status::all_started(world, pod) {
        return Some("all its containers have started".to_owned());
    }
    let container = |index| world.pods.container(pod, index);
    let unseen = (0..world.pods.containers_of(pod)).find(|&index| !container(index).noticed || container(index).condemned);
    match (unseen, sync::next_due(world, pod)) {
        (Some(index), _) => Some(format!("its container {index} is not seen to: {:?}", container(index))),
        (None, Some(index)) => Some(format!("its container {index} is due to start")),
        (None, None) => None,
    }
}

/// True if all that keeps a Pod from being ready is a probe whose instant is known.
pub fn awaits_readiness(world: &World<'_>, pod: PodId) -> bool {
    let row: &Pod = &world.pods[pod];
    row.state.phase() == Phase::Running && !row.ready && health::ready_after(world, pod).is_some_and(|at| at < SimTime::MAX)
}

/// True if a container's startup probe has still to say something.
pub fn awaits_startup(world: &World<'_>, pod: PodId, index: u8) -> bool {
    let row = world.pods.container(pod, index);
    row.state == ContainerState::Running && row.noticed && !row.started && !row.condemned && !row.stopping
}
