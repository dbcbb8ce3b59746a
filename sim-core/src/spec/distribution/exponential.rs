//! The law without memory.

use rand::RngExt;
use rand_distr::Exp1;

use super::law::Law;
use crate::engine::random::Stream;

pub(super) struct Exponential {
    pub(super) mean: f64,
}

impl Law for Exponential {
    fn sample(&self, rng: &mut Stream) -> f64 {
        self.mean * rng.sample::<f64, _>(Exp1)
    }

    fn survival(&self, x: f64) -> f64 {
        (-x / self.mean).exp()
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn second_moment(&self) -> f64 {
        2.0 * self.mean.powi(2)
    }

    fn limited_mean(&self, x: f64) -> f64 {
        -self.mean * (-x / self.mean).exp_m1()
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        // 2 ∫ t S(t) dt by parts.
        2.0 * self.mean * (self.limited_mean(x) - x * self.survival(x))
    }

    fn length_biased(&self, rng: &mut Stream) -> f64 {
        // Age and residual are independent and exponential again.
        self.sample(rng) + self.sample(rng)
    }

    fn quantile(&self, p: f64) -> f64 {
        -self.mean * (-p).ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    #[test]
    fn draws_and_formulas_agree() {
        check(&Distribution::Exponential { mean: 100.0 });
        golden(&Distribution::Exponential { mean: 100.0 }, [420.475_713_335_483_36, 10.557_665_969_745_265, 3.384_303_934_334_080_4]);
    }

    #[test]
    fn a_population_grows_from_empty_as_in_theory() {
        let law = Distribution::Exponential { mean: 100.0 };
        let table = [(10.0, 9.516_258_196), (50.0, 39.346_934_03), (100.0, 63.212_055_88), (500.0, 99.326_205_3)];
        for (time, population) in table {
            assert!(near(law.limited_mean(time), population, 1e-9), "{time}");
        }
    }

    #[test]
    fn what_is_left_is_as_long_as_a_whole_life() {
        let law = Distribution::Exponential { mean: 100.0 };
        assert!(near(law.second_moment() / (2.0 * law.mean()), 100.0, 1e-15));
    }
}
