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

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    /// The law of this mean.
    fn of_mean(mean: f64, sigma: f64) -> Distribution {
        Distribution::LogNormal { median: mean * (-sigma * sigma / 2.0).exp(), sigma }
    }

    #[test]
    fn draws_and_formulas_agree() {
        for sigma in [0.5, 1.0, 2.5] {
            check(&Distribution::LogNormal { median: 600.0, sigma });
        }
        golden(
            &Distribution::LogNormal { median: 600.0, sigma: 1.5 },
            [996.488_678_176_028_9, 36.487_350_311_781_56, 31.026_608_410_965_604],
        );
    }

    #[test]
    fn pods_of_two_and_a_half_days_have_these_residual_lives() {
        #[rustfmt::skip]
        let table = [
            (1.0, 131_010.622_5,   293_574.437_5,    21_832.601_21, 148_336.013_8,   689_255.659_2),
            (2.0, 29_232.421_18,   5_896_600.204,    33_489.985_03, 619_890.573_2,   9_731_885.609),
            (2.5, 9_490.377_663,   55_945_385.06,    57_226.378_03, 1_880_595.289,   54_809_473.95),
        ];
        for (sigma, median, mean, tenth, half, nine_tenths) in table {
            let law = of_mean(216_000.0, sigma);
            assert!(near(law.quantile(0.5), median, 1e-9), "sigma {sigma}");
            assert!(near(law.second_moment() / (2.0 * law.mean()), mean, 1e-9), "sigma {sigma}");
            for (p, residual) in [(0.1, tenth), (0.5, half), (0.9, nine_tenths)] {
                assert!(near(law.limited_mean(residual) / law.mean(), p, 1e-9), "sigma {sigma}, {p}");
            }
        }
    }

    #[test]
    fn a_population_grows_from_empty_as_in_theory() {
        let law = of_mean(100.0, 2.0);
        let table = [(10.0, 7.173_931_067), (50.0, 21.742_915_67), (100.0, 31.731_050_79), (200.0, 43.485_831_34), (500.0, 60.038_314_8)];
        for (time, population) in table {
            assert!(near(law.limited_mean(time), population, 1e-9), "{time}");
        }
    }

    #[test]
    fn moments_are_those_of_the_textbook() {
        for (sigma, second) in [(1.0, std::f64::consts::E), (1.5, 9.487_735_836)] {
            let law = of_mean(1.0, sigma);
            assert!(near(law.mean(), 1.0, 1e-14) && near(law.second_moment(), second, 1e-9), "sigma {sigma}");
        }
    }
}
