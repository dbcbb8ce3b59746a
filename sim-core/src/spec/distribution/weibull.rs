//! Failure rates that fall or rise with age.

use rand::RngExt;
use rand_distr::{Gamma, Weibull as Sampler};

use super::law::Law;
use super::special::gamma_below;
use crate::engine::random::Stream;

pub(super) struct Weibull {
    pub(super) shape: f64,
    pub(super) scale: f64,
}

impl Weibull {
    /// E[X^`power`]. (X / scale)^shape is exponential with mean 1, so moments are gamma functions.
    fn moment(&self, power: f64) -> f64 {
        self.scale.powf(power) * libm::tgamma(1.0 + power / self.shape)
    }

    /// E[min(X, x)^`power`].
    fn limited_moment(&self, x: f64, power: f64) -> f64 {
        let below = gamma_below(1.0 + power / self.shape, self.hazard(x));
        let met = if below > 0.0 { (self.moment(power) * below).min(x.powf(power)) } else { 0.0 };
        met + x.powf(power) * self.survival(x)
    }

    /// -ln P(X > x).
    fn hazard(&self, x: f64) -> f64 {
        (x / self.scale).powf(self.shape)
    }
}

impl Law for Weibull {
    fn sample(&self, rng: &mut Stream) -> f64 {
        rng.sample(Sampler::new(self.scale, self.shape).expect("a valid Weibull law"))
    }

    fn survival(&self, x: f64) -> f64 {
        (-self.hazard(x)).exp()
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
        // Weighting the exponential hazard h by h^(1 / shape) makes it a gamma variate.
        let hazard: f64 = rng.sample(Gamma::new(1.0 + 1.0 / self.shape, 1.0).expect("a valid Weibull law"));
        self.scale * hazard.powf(1.0 / self.shape)
    }

    fn quantile(&self, p: f64) -> f64 {
        self.scale * (-(-p).ln_1p()).powf(1.0 / self.shape)
    }
}
