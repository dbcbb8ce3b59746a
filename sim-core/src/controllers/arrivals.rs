//! Arrival processes: when the next copy of a workload comes, and how many come with it.

use super::Controllers;
use crate::engine::random::{Purpose, entity_of};
use crate::spec::{Arrivals, Distribution, Shape, Source};
use crate::table::WorkloadId;
use crate::units::SimTime;
use crate::world::World;

/// The address of a workload's arrivals.
pub(crate) fn address(workload: WorkloadId) -> u64 {
    entity_of(&[u64::from(workload.0)])
}

/// When the next copy comes, if any comes.
pub(super) fn next(controllers: &mut Controllers, world: &mut World<'_>, workload: WorkloadId) -> Option<SimTime> {
    let Source::Arriving(arrivals) = &world.spec.workloads[workload].source else { return None };
    let draws = &mut controllers.gaps[workload];
    let mut draw = || {
        *draws += 1;
        *draws - 1
    };
    match arrivals {
        Arrivals::Poisson { rate } | Arrivals::Bursts { rate, .. } => Some(after_gap(world, workload, *rate, draw(), world.now)),
        Arrivals::Renewal { gap } => Some(world.now + world.draw(gap, Purpose::Arrival, address(workload), draw())),
        Arrivals::At(times) => times.get(draw() as usize).copied().map(|at| at.max(world.now)),
        Arrivals::Diurnal { rate, amplitude, rise } => {
            let day = Shape::Daily { amplitude: *amplitude, rise: *rise };
            Some(thinned(world, workload, *rate, *amplitude, day, draw))
        }
    }
}

fn after_gap(world: &mut World<'_>, workload: WorkloadId, rate: f64, draw: u64, from: SimTime) -> SimTime {
    let law = Distribution::Exponential { mean: 1.0 / rate };
    from + world.draw(&law, Purpose::Arrival, address(workload), draw)
}

/// The next point of a Poisson process whose rate follows the day: points of the highest rate, each kept with the share that the
/// rate of its time has of it.
fn thinned(world: &mut World<'_>, workload: WorkloadId, rate: f64, amplitude: f64, day: Shape, mut draw: impl FnMut() -> u64) -> SimTime {
    let highest = 1.0 + amplitude;
    let mut at = world.now;
    loop {
        let number = draw();
        at = after_gap(world, workload, rate * highest, number, at);
        let kept = world.stream(Purpose::Arrival, address(workload), number | 1 << 63).unit();
        if kept * highest < day.at(at.as_secs_f64()) || at > world.end {
            return at;
        }
    }
}

/// How many copies come at this arrival.
pub(super) fn copies(controllers: &Controllers, world: &mut World<'_>, workload: WorkloadId) -> u64 {
    match &world.spec.workloads[workload].source {
        Source::Arriving(Arrivals::Bursts { size, .. }) => {
            let drawn = size.sample(&mut world.stream(Purpose::Batch, address(workload), controllers.gaps[workload]));
            drawn.round().max(1.0) as u64
        }
        _ => 1,
    }
}

/// Poisson-distributed number of points with mean `mean`.
pub(crate) fn poisson(mean: f64, rng: &mut crate::engine::random::Stream) -> u64 {
    use rand_distr::Distribution as _;
    if mean <= 0.0 {
        return 0;
    }
    rand_distr::Poisson::new(mean).map_or(0, |law: rand_distr::Poisson<f64>| law.sample(rng) as u64)
}
