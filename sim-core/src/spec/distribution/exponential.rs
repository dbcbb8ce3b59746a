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
