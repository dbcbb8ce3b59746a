//! Series of random fluctuation: each course with noise has a few, and each container start follows one of them.

use crate::engine::random::{Purpose, entity_of};
use crate::spec::{Distribution, Noise};
use crate::units::SimTime;
use crate::world::World;

/// The logarithms of all series, course by course, and when each course's next value is due.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    logs: Vec<Vec<f64>>,
    due: Vec<SimTime>,
    draws: Vec<u64>,
    factors: Vec<f64>,
}

impl Series {
    /// Draws first values, from the law that the series keep to in the long run.
    pub(super) fn begin(&mut self, world: &mut World<'_>) {
        let courses = world.load.courses();
        self.logs = (0..courses).map(|band| vec![0.0; usize::from(world.load.course(band).lanes())]).collect();
        (self.due, self.draws) = (vec![SimTime::ZERO; courses], vec![0; courses]);
        for band in 0..courses {
            if let Some(noise) = world.load.course(band).noise {
                self.step(world, band, noise, noise.deviation(), 0.0);
            }
        }
    }

    /// Moves on the series whose next value is due.
    pub(super) fn advance(&mut self, world: &mut World<'_>) {
        for band in 0..self.logs.len() {
            let Some(noise) = world.load.course(band).noise else { continue };
            while self.due[band] <= world.now {
                self.step(world, band, noise, noise.sigma, noise.phi);
            }
        }
    }

    fn step(&mut self, world: &mut World<'_>, band: usize, noise: Noise, sigma: f64, phi: f64) {
        let law = Distribution::LogNormal { median: 1.0, sigma };
        self.factors.clear();
        for (lane, log) in self.logs[band].iter_mut().enumerate() {
            let stream = &mut world.stream(Purpose::Noise, entity_of(&[band as u64, lane as u64]), self.draws[band]);
            *log = phi * *log + libm::log(law.sample(stream));
            self.factors.push(noise.factor(*log));
        }
        self.draws[band] += 1;
        self.due[band] = self.due[band] + noise.step;
        world.load.set_noise(band, &self.factors);
    }
}
