//! No Pod is forgotten: whatever it waits for is on its way.

use super::super::scheduling::Scheduling;
use crate::cluster::{ContainerState, Doing, NodeReady, Pod, PodRef, PodState};
use crate::engine::EventList;
use crate::event::{ContainerRef, Event};
use crate::kubelet;
use crate::table::{Id, PodId};
use crate::world::World;

/// What is on its way to a Pod.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Kind {
    Observed,
    Bound,
    Step,
    Sync,
    Relist,
    Ready,
    Startup,
    Exit,
    Stopped,
    Leaving,
}

/// Kind, row, generation, and the epoch of what it is about.
type Key = (Kind, u32, u32, u64);

/// Everything that is on its way to Pods, in order.
struct Pending(Vec<Key>);

impl Pending {
    fn of(world: &World<'_>) -> Self {
        let mut keys: Vec<Key> = world.beyond.iter().filter_map(key_of).collect();
        // A wheel shows its events only to those who may drop them.
        world.agenda.clone().purge(|event| {
            keys.extend(key_of(event));
            true
        });
        keys.sort_unstable();
        Self(keys)
    }

    fn has(&self, kind: Kind, pod: PodRef, epoch: u64) -> bool {
        self.0.binary_search(&key(kind, pod, epoch)).is_ok()
    }
}

fn key(kind: Kind, pod: PodRef, epoch: u64) -> Key {
    (kind, pod.id.0, pod.generation, epoch)
}

fn turn(container: ContainerRef) -> u64 {
    u64::from(container.index) << 32 | u64::from(container.epoch.number())
}

fn key_of(event: &Event) -> Option<Key> {
    Some(match *event {
        Event::Observed(pod) => key(Kind::Observed, pod, 0),
        Event::Bound(pod) => key(Kind::Bound, pod, 0),
        Event::StepDone { pod, epoch } => key(Kind::Step, pod, u64::from(epoch)),
        Event::Sync { pod, epoch } => key(Kind::Sync, pod, u64::from(epoch)),
        Event::Relist(pod) => key(Kind::Relist, pod, 0),
        Event::Ready { pod, epoch } => key(Kind::Ready, pod, u64::from(epoch)),
        Event::StartupPassed(container) | Event::ProbeKill(container) => key(Kind::Startup, container.pod, turn(container)),
        Event::Exited(container) => key(Kind::Exit, container.pod, turn(container)),
        Event::Stopped(pod) => key(Kind::Stopped, pod, 0),
        Event::Released(pod) | Event::TornDown(pod) | Event::Removed(pod) => key(Kind::Leaving, pod, 0),
        _ => return None,
    })
}

/// Checks every Pod.
pub(super) fn nobody_is_forgotten(world: &World<'_>, scheduling: &Scheduling) -> Result<(), String> {
    let pending = Pending::of(world);
    for (id, row) in world.pods.iter() {
        if let Some(what) = forgotten(world, scheduling, &pending, id) {
            return Err(format!("Pod row {} is forgotten: {what}; {row:?}", id.index()));
        }
    }
    Ok(())
}

/// What a Pod waits for in vain.
fn forgotten(world: &World<'_>, scheduling: &Scheduling, pending: &Pending, id: PodId) -> Option<String> {
    let (row, me) = (&world.pods[id], world.pod_ref(id));
    let lacks = |kind: Kind, epoch: u64| (!pending.has(kind, me, epoch)).then(|| format!("no {kind:?} is on its way"));
    match row.state {
        PodState::Succeeded | PodState::Failed => lacks(Kind::Leaving, 0),
        PodState::Scheduling if row.assigned => lacks(Kind::Bound, 0),
        PodState::Scheduling if scheduling.scheduler.waits(id) => None,
        PodState::Scheduling => lacks(Kind::Observed, 0),
        _ if row.terminating && world.nodes.unheard[row.node].contains(&me) => None,
        _ if row.terminating => lacks(Kind::Stopped, 0),
        _ if row.relist_due && !pending.has(Kind::Relist, me, 0) => lacks(Kind::Relist, 0),
        // The node's return is what they wait for.
        _ if !world.nodes.health[row.node].is_attended() => None,
        _ => busy(world, pending, id).or_else(|| probes(world, pending, id)),
    }
}

/// A worker that does something is told of its end; one that sleeps is woken if there is something to do.
fn busy(world: &World<'_>, pending: &Pending, id: PodId) -> Option<String> {
    let (row, me) = (&world.pods[id], world.pod_ref(id));
    let ends = pending.has(Kind::Step, me, u64::from(row.epoch));
    let goes_on = match row.doing {
        Doing::Nothing => return asleep(world, pending, id),
        Doing::Pulling => ends || world.nodes.images[row.node].pulls.iter().any(|&pull| awaited(world, id, pull)),
        Doing::Killing => {
            let container = world.container_ref(id, row.cursor);
            world.pods.container(id, row.cursor).state == ContainerState::Running && pending.has(Kind::Exit, me, turn(container))
                || world.pods.container(id, row.cursor).ends_at > world.end
        }
        _ => ends,
    };
    (!goes_on).then(|| format!("the end of {:?} is not on its way", row.doing))
}

fn awaited(world: &World<'_>, id: PodId, pull: crate::table::PullId) -> bool {
    let pull = &world.registry.pulls[pull];
    pull.pod == world.pod_ref(id) && pull.index == world.pods[id].cursor
}

fn asleep(world: &World<'_>, pending: &Pending, id: PodId) -> Option<String> {
    let (row, me): (&Pod, PodRef) = (&world.pods[id], world.pod_ref(id));
    if row.relist_due || row.failing && pending.has(Kind::Sync, me, u64::from(row.epoch)) {
        return None;
    }
    if row.failing {
        return Some("a sync failed and none comes again".to_owned());
    }
    if row.wanted { Some("it was woken and sleeps on".to_owned()) } else { kubelet::overlooked(world, id) }
}

/// A probe that will say something is on the agenda.
fn probes(world: &World<'_>, pending: &Pending, id: PodId) -> Option<String> {
    let (row, me) = (&world.pods[id], world.pod_ref(id));
    let mut all = 0..world.pods.containers_of(id);
    let mute =
        |&index: &u8| kubelet::awaits_startup(world, id, index) && !pending.has(Kind::Startup, me, turn(world.container_ref(id, index)));
    if let Some(index) = all.find(mute) {
        return Some(format!("the startup probe of its container {index} never says anything"));
    }
    let idle = row.doing == Doing::Nothing && !row.relist_due && world.nodes.health[row.node].ready == NodeReady::True;
    let in_vain = idle && kubelet::awaits_readiness(world, id) && !pending.has(Kind::Ready, me, u64::from(row.ready_epoch));
    in_vain.then(|| "it is ready and nobody will see it".to_owned())
}
