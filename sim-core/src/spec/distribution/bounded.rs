//! A law whose extremes are moved to bounds.

use super::Distribution;
use super::equilibrium::length_biased_between;
use super::law::Law;
use crate::engine::random::Stream;

pub(super) struct Bounded<'a> {
    pub(super) of: &'a Distribution,
    pub(super) min: f64,
    /// May be infinite.
    pub(super) max: f64,
}

impl Law for Bounded<'_> {
    fn sample(&self, rng: &mut Stream) -> f64 {
        self.of.sample(rng).clamp(self.min, self.max)
    }

    fn survival(&self, x: f64) -> f64 {
        match x {
            _ if x < self.min => 1.0,
            _ if x >= self.max => 0.0,
            _ => self.of.survival(x),
        }
    }

    fn mean(&self) -> f64 {
        self.limited_mean(self.max)
    }

    fn second_moment(&self) -> f64 {
        self.limited_second_moment(self.max)
    }

    fn limited_mean(&self, x: f64) -> f64 {
        // The survival is 1 up to `min`, that of X up to `max`, then 0.
        let x = x.min(self.max);
        if x <= self.min { x } else { self.min + self.of.limited_mean(x) - self.of.limited_mean(self.min) }
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        let x = x.min(self.max);
        if x <= self.min {
            return x * x;
        }
        self.min.powi(2) + self.of.limited_second_moment(x) - self.of.limited_second_moment(self.min)
    }

    fn length_biased(&self, rng: &mut Stream) -> f64 {
        // The time filled by lives at the lower bound, between, and at the upper bound; the latter is what is left.
        let at_min = self.min * (1.0 - self.of.survival(self.min));
        let between = self.of.time_up_to(self.max) - self.of.time_up_to(self.min);
        let target = self.mean() * rng.unit();
        match target {
            _ if target < at_min => self.min,
            _ if target < at_min + between => length_biased_between(self.of, self.min, self.max, rng),
            _ => self.max,
        }
    }

    fn quantile(&self, p: f64) -> f64 {
        self.of.quantile(p).clamp(self.min, self.max)
    }
}
