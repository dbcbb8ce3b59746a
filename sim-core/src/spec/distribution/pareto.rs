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

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    #[test]
    fn draws_and_formulas_agree() {
        for shape in [0.69, 1.0, 1.5, 2.0, 2.5] {
            check(&Distribution::Pareto { shape, min: 10.0 });
        }
        golden(&Distribution::Pareto { shape: 1.5, min: 10.0 }, [14.964_359_478_326_104, 86.565_381_924_476_01, 184.817_583_922_030_3]);
    }

    #[test]
    fn moments_are_infinite_where_the_tail_is_too_heavy() {
        let table = [(0.69, f64::INFINITY, f64::INFINITY), (1.0, f64::INFINITY, f64::INFINITY), (1.5, 1.8, f64::INFINITY), (2.5, 1.0, 1.8)];
        for (shape, mean, second) in table {
            let law = Distribution::Pareto { shape, min: 0.6 };
            assert!(near(law.mean(), mean, 1e-12) && near(law.second_moment(), second, 1e-12), "shape {shape}");
        }
    }

    #[test]
    fn a_population_grows_from_empty_as_in_theory() {
        let law = Distribution::Pareto { shape: 1.5, min: 100.0 / 3.0 };
        let table = [(10.0, 10.0), (50.0, 45.566_894_6), (100.0, 61.509_982_05), (200.0, 72.783_447_3), (500.0, 82.786_740_68)];
        for (time, population) in table {
            assert!(near(law.limited_mean(time), population, 1e-9), "{time}");
        }
    }
}
