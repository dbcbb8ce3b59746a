//! The logarithm is normal: most lives short, most time in the long ones.

use rand::RngExt;
use rand_distr::StandardNormal;

use super::law::Law;
use super::special::normal_below;
use crate::engine::random::Stream;

/// `sigma` is above zero.
pub(super) struct LogNormal {
    pub(super) median: f64,
    pub(super) sigma: f64,
}

impl LogNormal {
    /// The law weighted by X^`power` is lognormal again, moved by `power` × sigma² on the logarithmic scale.
    fn weighted(&self, power: f64) -> Self {
        Self { median: self.median * (power * self.sigma.powi(2)).exp(), sigma: self.sigma }
    }

    /// E[X^`power`].
    fn moment(&self, power: f64) -> f64 {
        self.median.powf(power) * ((power * self.sigma).powi(2) / 2.0).exp()
    }

    /// How many standard deviations `x` lies above the median.
    fn deviations(&self, x: f64) -> f64 {
        (x / self.median).ln() / self.sigma
    }

    /// E[min(X, x)^`power`].
    fn limited_moment(&self, x: f64, power: f64) -> f64 {
        // What is certain never to be reached must not become infinity × 0.
        let below = normal_below(self.weighted(power).deviations(x));
        let met = if below > 0.0 { (self.moment(power) * below).min(x.powf(power)) } else { 0.0 };
        met + x.powf(power) * self.survival(x)
    }
}

impl Law for LogNormal {
    fn sample(&self, rng: &mut Stream) -> f64 {
        self.median * (self.sigma * rng.sample::<f64, _>(StandardNormal)).exp()
    }

    fn survival(&self, x: f64) -> f64 {
        normal_below(-self.deviations(x))
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
        self.weighted(1.0).sample(rng)
    }
}
