//! The start in equilibrium: the cluster as it would be found at a random instant, so that no warm-up has to be thrown away.
//!
//! - A Deployment is somewhere between two releases: age and rest of that gap come from the length-biased gap, split by a uniform.
//!   Its Pods were made at the last release, or later where Pods have a lifetime: their lives since then are lived through one by one.
//! - Of an arriving workload there are as many Pods as a Poisson number of mean rate × run time says, with ages and rests from the
//!   equilibrium law; where the rate follows the day, past arrivals are thinned by the rate of their hour. (For bursts and renewal
//!   processes, and for Jobs of several Pods, the number is taken as Poisson and the Pods as independent: an approximation.)
//! - Crashes and hangs of running containers are drawn by what is left of them. Init containers have run, images are on the nodes.
//!
//! Every Pod is placed by the scheduler, one after another, while the clock stands still.

use super::scheduling::Scheduling;
use crate::cluster::{Birth, PodState};
use crate::controllers::{Controllers, poisson};
use crate::engine::random::{Purpose, entity_of};
use crate::event::Event;
use crate::kubelet;
use crate::spec::{Arrivals, ContainerKind, Controller, Distribution, Shape, Source, Workload};
use crate::table::{InstanceId, PodId, WorkloadId};
use crate::units::SimSpan;
use crate::world::World;

/// Fills the cluster with the Pods that are there in equilibrium.
pub(super) fn settle(world: &mut World<'_>, scheduling: &mut Scheduling, controllers: &mut Controllers) {
    let standing: Vec<InstanceId> = controllers.instances.iter().map(|(id, _)| id).collect();
    for instance in standing {
        season_deployment(world, scheduling, controllers, instance);
    }
    for workload in world.spec.workloads.ids() {
        season_arrivals(world, scheduling, controllers, workload);
    }
}

/// A Pod's past and future.
#[derive(Clone, Copy, Debug)]
struct Life {
    age: SimSpan,
    /// Deletion comes after this, if ever.
    deletion: Option<SimSpan>,
    /// The main container's run ends after this, if it was drawn already.
    run: Option<SimSpan>,
}

fn season_deployment(world: &mut World<'_>, scheduling: &mut Scheduling, controllers: &mut Controllers, instance: InstanceId) {
    let row = &controllers.instances[instance];
    let (key, desired, workload) = (row.key, row.desired, &world.spec.workloads[row.workload]);
    let Controller::Deployment(about) = &workload.controller else { return };
    let since_release = about.releases.as_ref().map(|releases| {
        let (age, rest) = releases.every.age_and_residual(&mut world.stream(Purpose::Equilibrium, key, 0));
        world.after(SimSpan::from_secs_f64(rest), Event::Release(controllers.instances.reference(instance)));
        age
    });
    for _ in 0..desired {
        let pod = controllers.add_pod(world, instance, Birth::default());
        let life = life_of(world, workload, pod, since_release);
        seat(world, scheduling, pod, life);
    }
}

/// Age and rest of a Pod that its controller replaces whenever it ends.
fn life_of(world: &mut World<'_>, workload: &Workload, pod: PodId, since_release: Option<f64>) -> Life {
    let entity = world.pods[pod].entity;
    let (age, rest) = match (&workload.lifetime, since_release) {
        (None, age) => (age.unwrap_or(0.0), None),
        (Some(law), None) => {
            let (age, rest) = law.age_and_residual(&mut world.stream(Purpose::Equilibrium, entity, 0));
            (age, Some(rest))
        }
        (Some(law), Some(span)) => live_through(world, law, entity, span),
    };
    Life { age: SimSpan::from_secs_f64(age), deletion: rest.map(SimSpan::from_secs_f64), run: None }
}

/// Lives one after another for `span` seconds: age and rest of the one that goes on then.
fn live_through(world: &mut World<'_>, law: &Distribution, entity: u64, span: f64) -> (f64, Option<f64>) {
    let (mut begun, mut draw) = (0.0, 0);
    loop {
        let life = law.sample(&mut world.stream(Purpose::Equilibrium, entity, draw)).max(1e-3);
        if begun + life > span {
            return (span - begun, Some(begun + life - span));
        }
        begun += life;
        draw += 1;
    }
}

fn season_arrivals(world: &mut World<'_>, scheduling: &mut Scheduling, controllers: &mut Controllers, id: WorkloadId) {
    let workload = &world.spec.workloads[id];
    let (Source::Arriving(arrivals), Some(law)) = (&workload.source, stay(world, workload)) else { return };
    let Some(rate) = arrivals.rate() else { return };
    let day = match arrivals {
        Arrivals::Diurnal { amplitude, rise, .. } => Shape::Daily { amplitude: *amplitude, rise: *rise },
        _ => Shape::Flat,
    };
    let peak = if let Shape::Daily { amplitude, .. } = day { 1.0 + amplitude } else { 1.0 };
    let pods = if let Controller::Job(job) = workload.controller { f64::from(job.completions) } else { 1.0 };
    let key = entity_of(&[u64::from(id.0), 1]);
    let candidates = poisson(rate * peak * pods * law.mean(), &mut world.stream(Purpose::Equilibrium, key, 0));
    for candidate in 1..=candidates {
        let mut stream = world.stream(Purpose::Equilibrium, key, candidate);
        let (age, rest) = law.age_and_residual(&mut stream);
        if stream.unit() * peak < day.at(-age) {
            season_arrival(world, scheduling, controllers, id, (age, rest));
        }
    }
}

fn season_arrival(
    world: &mut World<'_>,
    scheduling: &mut Scheduling,
    controllers: &mut Controllers,
    id: WorkloadId,
    (age, rest): (f64, f64),
) {
    let workload = &world.spec.workloads[id];
    let Some(instance) = controllers.under_way(world, id) else { return };
    let pod = controllers.add_pod(world, instance, Birth::default());
    let rest = SimSpan::from_secs_f64(rest);
    let by_run = workload.lifetime.is_none();
    let life = Life { age: SimSpan::from_secs_f64(age), deletion: (!by_run).then_some(rest), run: by_run.then_some(rest) };
    seat(world, scheduling, pod, life);
}

/// The law of how long an arriving workload's Pods stay: their set lifetime, else the longest-running container's run.
fn stay<'s>(world: &World<'s>, workload: &'s Workload) -> Option<&'s Distribution> {
    if matches!(workload.controller, Controller::Deployment(_)) {
        return None;
    }
    workload.lifetime.as_ref().or_else(|| {
        let containers = world.spec.templates[workload.template].containers.iter();
        let runs = containers.filter(|about| about.kind == ContainerKind::App).filter_map(|about| about.behavior.run.as_ref());
        runs.max_by(|left, right| left.mean().total_cmp(&right.mean()))
    })
}

/// Places a Pod and lets it run as of `life`; where no node takes it, it is a new Pod that waits.
fn seat(world: &mut World<'_>, scheduling: &mut Scheduling, pod: PodId, life: Life) {
    let placed = scheduling.place(world, pod);
    let address = placed.is_none() || world.template(pod).host_network || world.take_address(pod);
    if placed.is_some() && address {
        world.pods[pod].born = Birth::before_start(life.age);
        kubelet::season(world, pod, life.run);
    }
    world.count_pod(pod, false);
    if placed.is_some() && !address {
        world.at(world.now, Event::Bound(world.pod_ref(pod)));
    }
    if world.pods[pod].state == PodState::Healthy {
        world.set_ready(pod, true);
    }
    if let Some(rest) = life.deletion {
        world.after(rest, Event::LifetimeOver(world.pod_ref(pod)));
    }
}
