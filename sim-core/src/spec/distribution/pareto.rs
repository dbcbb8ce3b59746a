//! A tail that falls as a power.

use rand::RngExt;
use rand_distr::Pareto as Sampler;

use super::law::Law;
use crate::engine::random::Stream;

pub(super) struct Pareto {
    pub(super) shape: f64,
    pub(super) min: f64,
}

impl Pareto {
    /// E[X^`power`].
    fn moment(&self, power: f64) -> f64 {
        if self.shape > power { self.min.powf(power) * self.shape / (self.shape - power) } else { f64::INFINITY }
    }

    /// E[min(X, x)^`power`] = min^power (1 + power ∫ s^(power - 1 - shape) ds), s from 1 to x / min.
    fn limited_moment(&self, x: f64, power: f64) -> f64 {
        if x <= self.min {
            return x.powf(power);
        }
        self.min.powf(power) * (1.0 + power * power_integral(x / self.min, power - self.shape))
    }
}

/// ∫ s^(exponent - 1) ds from 1 to `to`; the logarithm at exponent 0, without cancellation near it.
fn power_integral(to: f64, exponent: f64) -> f64 {
    let log = to.ln();
    let growth = exponent * log;
    if growth.abs() < 1e-300 { log } else { growth.exp_m1() / growth * log }
}

impl Law for Pareto {
    fn sample(&self, rng: &mut Stream) -> f64 {
        rng.sample(Sampler::new(self.min, self.shape).expect("a valid Pareto law"))
    }

    fn survival(&self, x: f64) -> f64 {
        if x < self.min { 1.0 } else { (self.min / x).powf(self.shape) }
    }

    fn mean(&self) -> f64 {
        self.moment(1.0)
    }

    fn second_moment(&self) -> f64 {
        self.moment(2.0)
    }

    fn limited_mean(&self, x: f64) -> f64 {
        self.limited_moment(x, 1.0)
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        self.limited_moment(x, 2.0)
    }

    fn length_biased(&self, rng: &mut Stream) -> f64 {
        Self { shape: self.shape - 1.0, min: self.min }.sample(rng)
    }

    fn quantile(&self, p: f64) -> f64 {
        self.min * (-(-p).ln_1p() / self.shape).exp()
    }
}
