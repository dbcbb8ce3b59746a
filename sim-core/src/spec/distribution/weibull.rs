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

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    /// The law of this mean.
    fn of_mean(mean: f64, shape: f64) -> Distribution {
        Distribution::Weibull { shape, scale: mean / libm::tgamma(1.0 + 1.0 / shape) }
    }

    #[test]
    fn draws_and_formulas_agree() {
        for shape in [0.418, 0.75, 1.0, 2.5] {
            check(&Distribution::Weibull { shape, scale: 302.0 });
        }
        golden(
            &Distribution::Weibull { shape: 0.75, scale: 302.0 },
            [154.404_253_909_923_54, 1_446.377_639_439_038_8, 2_161.064_301_290_117_3],
        );
    }

    #[test]
    fn a_node_met_by_chance_lasts_longer_than_a_new_one_if_failures_come_early() {
        let law = of_mean(1.0, 0.7);
        assert!(near(law.mean(), 1.0, 1e-14));
        assert!(near(law.second_moment(), 3.138_685_632, 1e-9));
        assert!(near(law.second_moment() / (2.0 * law.mean()), 1.569_342_816, 1e-9));
    }

    #[test]
    fn a_population_grows_from_empty_as_in_theory() {
        let law = of_mean(100.0, 0.7);
        let table = [(10.0, 8.724_441_351), (50.0, 33.244_101_48), (100.0, 52.543_741_95), (200.0, 74.029_278_76), (500.0, 94.301_620_71)];
        for (time, population) in table {
            assert!(near(law.limited_mean(time), population, 1e-9), "{time}");
        }
    }
}
