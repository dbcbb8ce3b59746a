//! Deployments: a replica count that is kept up, and rolling updates.
//!
//! The arithmetic is the deployment controller's: `maxSurge` rounds up, `maxUnavailable` down, and one of them is at least 1. New
//! Pods come as long as all Pods are at most replicas + surge; old ones that are not available go first, then available ones as long
//! as replicas − unavailable stay. Terminating Pods do not count.

use super::{Controllers, next_occasion};
use crate::engine::random::Purpose;
use crate::event::Event;
use crate::spec::{Controller, Deployment, ScaleTo};
use crate::table::{InstanceId, PodId};
use crate::world::{Note, World};

/// Pods to create and to delete at one look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    create: u32,
    /// Current Pods above the replica count.
    surplus: u32,
    /// Outdated Pods that are not available.
    unhealthy: u32,
    /// Outdated Pods that are available.
    healthy: u32,
}

/// What a look finds.
#[derive(Clone, Copy, Debug)]
struct Counts {
    desired: u32,
    current: u32,
    outdated: u32,
    ready: [u32; 2],
    surge: u32,
    unavailable: u32,
}

/// The deployment controller's arithmetic.
fn plan(counts: Counts) -> Plan {
    let Counts { desired, current, outdated, ready, surge, unavailable } = counts;
    if outdated == 0 {
        return Plan { create: desired.saturating_sub(current), surplus: current.saturating_sub(desired), unhealthy: 0, healthy: 0 };
    }
    let create = (desired + surge).saturating_sub(current + outdated).min(desired.saturating_sub(current));
    let (current, least) = (current + create, desired.saturating_sub(unavailable));
    let down_most = (current + outdated).saturating_sub(least + (current - ready[0].min(current)));
    let unhealthy = (outdated - ready[1].min(outdated)).min(down_most);
    let healthy = (ready[0] + ready[1]).saturating_sub(least).min(ready[1]).min(down_most - unhealthy);
    Plan { create, surplus: current.saturating_sub(desired), unhealthy, healthy }
}

fn counts(controllers: &Controllers, instance: InstanceId, about: &Deployment) -> Counts {
    let row = &controllers.instances[instance];
    let surge = about.max_surge.round_up(row.desired);
    let unavailable = about.max_unavailable.round_down(row.desired).min(row.desired);
    let unavailable = if surge == 0 { unavailable.max(1) } else { unavailable };
    Counts {
        desired: row.desired,
        current: row.current.len() as u32,
        outdated: row.outdated.len() as u32,
        ready: row.ready,
        surge,
        unavailable,
    }
}

/// Compares what should be with what is, and acts.
pub(super) fn reconcile(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId, about: &Deployment) {
    let plan = plan(counts(controllers, instance, about));
    for _ in 0..plan.create {
        controllers.create_pod(world, instance);
    }
    let row = &controllers.instances[instance];
    let victims: Vec<PodId> = pick(world, &row.current, plan.surplus, None)
        .chain(pick(world, &row.outdated, plan.unhealthy, Some(false)))
        .chain(pick(world, &row.outdated, plan.healthy, Some(true)))
        .collect();
    for pod in victims {
        world.note(Note::Delete(pod));
    }
    finish_rollout(controllers, world, instance);
}

/// The first `count` Pods to go: those not yet assigned, then those not ready, then the youngest; only ready or unready ones if asked.
fn pick(world: &World<'_>, pods: &[PodId], count: u32, ready: Option<bool>) -> impl Iterator<Item = PodId> + use<> {
    let mut ranked: Vec<PodId> = Vec::new();
    if count > 0 {
        ranked.extend(pods.iter().filter(|&&pod| ready.is_none_or(|ready| world.pods[pod].ready == ready)));
        ranked.sort_by_key(|&pod| {
            let row = &world.pods[pod];
            (row.assigned, row.ready, std::cmp::Reverse(row.born), row.entity)
        });
        ranked.truncate(count as usize);
    }
    ranked.into_iter()
}

fn finish_rollout(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId) {
    let row = &mut controllers.instances[instance];
    if row.rolling && row.outdated.is_empty() && row.ready[0] >= row.desired {
        row.rolling = false;
        world.record.controllers.rollouts += 1;
    }
}

/// A new version: all Pods are to be replaced.
pub(super) fn release(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId) {
    world.record.controllers.releases += 1;
    controllers.instances.outdate(world, instance);
    controllers.instances[instance].rolling = true;
    controllers.look(world, instance);
    expect_release(controllers, world, instance);
}

/// Puts an instance's next release on the agenda, if it has releases.
pub(super) fn expect_release(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId) {
    let Controller::Deployment(about) = &controllers.workload(world, instance).controller else { return };
    if let Some(releases) = &about.releases {
        let row = &controllers.instances[instance];
        let gap = world.draw(&releases.every, Purpose::Release, row.key, u64::from(row.revision));
        world.after(gap, Event::Release(controllers.instances.reference(instance)));
    }
}

/// Puts the first occasion of each scaling on the agenda.
pub(super) fn expect_scalings(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId) {
    let Controller::Deployment(about) = &controllers.workload(world, instance).controller else { return };
    for entry in 0..about.scaling.len() as u16 {
        expect_scaling(controllers, world, instance, entry, 0);
    }
}

fn expect_scaling(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId, entry: u16, draw: u64) {
    let Controller::Deployment(about) = &controllers.workload(world, instance).controller else { return };
    let key = crate::engine::random::entity_of(&[controllers.instances[instance].key, u64::from(entry)]);
    if let Some(wait) = next_occasion(world, &about.scaling[usize::from(entry)].when, key, draw) {
        let event = Event::Scale { instance: controllers.instances.reference(instance), entry };
        world.after(wait, event);
    }
}

/// Changes the replica count.
pub(super) fn scale(controllers: &mut Controllers, world: &mut World<'_>, instance: InstanceId, entry: u16) {
    let Controller::Deployment(about) = &controllers.workload(world, instance).controller else { return };
    let row = &mut controllers.instances[instance];
    row.occasions += 1;
    let draw = row.occasions;
    row.desired = match &about.scaling[usize::from(entry)].to {
        ScaleTo::Replicas(count) => *count,
        ScaleTo::Factor(law) => {
            let factor = law.sample(&mut world.stream(Purpose::Scale, row.key, draw * 2 + 1));
            (f64::from(row.initial) * factor).round().clamp(1.0, 1e8) as u32
        }
    };
    world.record.controllers.scalings += 1;
    controllers.look(world, instance);
    expect_scaling(controllers, world, instance, entry, draw);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rolls a Deployment over with new Pods that become ready between looks, and gives the sizes after each look.
    fn roll(desired: u32, surge: u32, unavailable: u32) -> Vec<(u32, u32)> {
        let (mut current, mut outdated, mut sizes) = (0, desired, Vec::new());
        let mut ready_current = 0;
        while outdated > 0 || current < desired {
            let found = Counts { desired, current, outdated, ready: [ready_current, outdated], surge, unavailable };
            let plan = plan(found);
            current += plan.create;
            outdated -= plan.unhealthy + plan.healthy;
            sizes.push((current, outdated));
            if plan == (Plan { create: 0, surplus: 0, unhealthy: 0, healthy: 0 }) {
                ready_current = current;
            }
            assert!(sizes.len() < 100, "the rollout is stuck: {sizes:?}");
        }
        sizes.dedup();
        sizes
    }

    #[test]
    fn a_rollout_goes_through_the_sizes_of_the_worked_examples() {
        #[rustfmt::skip]
        let table = [
            (10, 3, 2, vec![(3, 8), (5, 8), (5, 3), (10, 3), (10, 0)]),
            (3,  1, 0, vec![(1, 3), (1, 2), (2, 2), (2, 1), (3, 1), (3, 0)]),
            (1,  1, 0, vec![(1, 1), (1, 0)]),
            (4,  1, 1, vec![(1, 3), (2, 3), (2, 1), (4, 1), (4, 0)]),
        ];
        for (desired, surge, unavailable, want) in table {
            assert_eq!(roll(desired, surge, unavailable), want, "{desired} replicas");
        }
    }

    #[test]
    fn new_pods_that_never_become_ready_stop_the_rollout() {
        let found = Counts { desired: 10, current: 5, outdated: 8, ready: [0, 8], surge: 3, unavailable: 2 };
        assert_eq!(plan(found), Plan { create: 0, surplus: 0, unhealthy: 0, healthy: 0 });
    }
}
