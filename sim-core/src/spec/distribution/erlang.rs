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

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    #[test]
    fn draws_and_formulas_agree() {
        for k in [1, 2, 4, 40] {
            check(&Distribution::Erlang { k, mean: 60.0 });
        }
        golden(&Distribution::Erlang { k: 4, mean: 60.0 }, [65.297_349_121_886_61, 16.919_530_382_586_206, 15.543_915_120_510_695]);
    }

    #[test]
    fn phases_lessen_the_spread() {
        assert!(near(Distribution::Erlang { k: 4, mean: 1.0 }.second_moment(), 1.25, 1e-15));
    }

    #[test]
    fn one_phase_is_exponential() {
        let (one, plain) = (Distribution::Erlang { k: 1, mean: 60.0 }, Distribution::Exponential { mean: 60.0 });
        for x in [0.1, 60.0, 600.0] {
            assert!(near(one.survival(x), plain.survival(x), 1e-12), "{x}");
            assert!(near(one.limited_mean(x), plain.limited_mean(x), 1e-12), "{x}");
        }
    }
}
