//! A sum of exponential phases.

use rand::RngExt;
use rand_distr::Gamma;

use super::law::Law;
use super::special::{gamma_above, gamma_below};
use crate::engine::random::Stream;

pub(super) struct Erlang {
    /// Phases. The formulas hold for any number above zero.
    pub(super) k: f64,
    pub(super) mean: f64,
}

impl Erlang {
    /// The mean of a phase.
    fn phase(&self) -> f64 {
        self.mean / self.k
    }

    /// The gamma law of `k` phases.
    fn phases(&self, k: f64, rng: &mut Stream) -> f64 {
        rng.sample(Gamma::new(k, self.phase()).expect("a valid Erlang law"))
    }
}

impl Law for Erlang {
    fn sample(&self, rng: &mut Stream) -> f64 {
        self.phases(self.k, rng)
    }

    fn survival(&self, x: f64) -> f64 {
        gamma_above(self.k, x / self.phase())
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn second_moment(&self) -> f64 {
        self.mean.powi(2) * (1.0 + 1.0 / self.k)
    }

    fn limited_mean(&self, x: f64) -> f64 {
        // Weighting a gamma law by X adds a phase.
        self.mean * gamma_below(self.k + 1.0, x / self.phase()) + x * self.survival(x)
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        self.second_moment() * gamma_below(self.k + 2.0, x / self.phase()) + x.powi(2) * self.survival(x)
    }

    fn length_biased(&self, rng: &mut Stream) -> f64 {
        self.phases(self.k + 1.0, rng)
    }
}
