//! A law whose extremes are moved to bounds.

use super::Distribution;
use super::equilibrium::length_biased_between;
use super::law::Law;
use crate::engine::random::Stream;

pub(super) struct Bounded<'a> {
    pub(super) of: &'a Distribution,
    pub(super) min: f64,
    /// May be infinite.
    pub(super) max: f64,
}

impl Law for Bounded<'_> {
    fn sample(&self, rng: &mut Stream) -> f64 {
        self.of.sample(rng).clamp(self.min, self.max)
    }

    fn survival(&self, x: f64) -> f64 {
        match x {
            _ if x < self.min => 1.0,
            _ if x >= self.max => 0.0,
            _ => self.of.survival(x),
        }
    }

    fn mean(&self) -> f64 {
        self.limited_mean(self.max)
    }

    fn second_moment(&self) -> f64 {
        self.limited_second_moment(self.max)
    }

    fn limited_mean(&self, x: f64) -> f64 {
        // The survival is 1 up to `min`, that of X up to `max`, then 0.
        let x = x.min(self.max);
        if x <= self.min { x } else { self.min + self.of.limited_mean(x) - self.of.limited_mean(self.min) }
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        let x = x.min(self.max);
        if x <= self.min {
            return x * x;
        }
        self.min.powi(2) + self.of.limited_second_moment(x) - self.of.limited_second_moment(self.min)
    }

    fn length_biased(&self, rng: &mut Stream) -> f64 {
        // The time filled by lives at the lower bound, between, and at the upper bound; the latter is what is left.
        let at_min = self.min * (1.0 - self.of.survival(self.min));
        let between = self.of.time_up_to(self.max) - self.of.time_up_to(self.min);
        let target = self.mean() * rng.unit();
        match target {
            _ if target < at_min => self.min,
            _ if target < at_min + between => length_biased_between(self.of, self.min, self.max, rng),
            _ => self.max,
        }
    }

    fn quantile(&self, p: f64) -> f64 {
        self.of.quantile(p).clamp(self.min, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    fn bounded(of: Distribution, min: f64, max: f64) -> Distribution {
        Distribution::Bounded { of: Box::new(of), min, max }
    }

    /// Batch pods.
    fn batch() -> Distribution {
        let log_normal = |median, sigma| Distribution::LogNormal { median, sigma };
        Distribution::Mixture(vec![(0.6, log_normal(54.0, 1.42)), (0.4, log_normal(3540.0, 1.61))])
    }

    #[test]
    fn draws_and_formulas_agree() {
        check(&bounded(batch(), 0.0, 432_000.0));
        check(&bounded(Distribution::LogNormal { median: 10.0, sigma: 1.0 }, 5.0, 60.0));
        check(&bounded(Distribution::Exponential { mean: 10.0 }, 5.0, f64::INFINITY));
        check(&bounded(bounded(Distribution::Erlang { k: 2, mean: 10.0 }, 5.0, 20.0), 6.0, 19.0));
        golden(&bounded(batch(), 20.0, 4000.0), [42.739_595_872_738_03, 46.961_967_353_949_92, 25.871_001_214_213_376]);
    }

    #[test]
    fn a_cap_gives_an_equilibrium_to_a_law_of_infinite_mean() {
        let capped = bounded(Distribution::Pareto { shape: 0.69, min: 1.0 }, 0.0, 1e8);
        assert_eq!(capped.validate_equilibrium(), Ok(()));
        check(&capped);
        check(&bounded(Distribution::LogNormal { median: 9490.0, sigma: 2.5 }, 60.0, 3600.0));
    }

    #[test]
    fn batch_pods_capped_at_five_days_last_an_hour_and_a_half() {
        assert!((bounded(batch(), 0.0, 432_000.0).mean() - 5100.0).abs() < 50.0);
    }

    #[test]
    fn bounds_beside_the_law_leave_one_value() {
        let law = bounded(Distribution::Uniform { low: 1.0, high: 2.0 }, 5.0, 9.0);
        check(&law);
        assert!(near(law.mean(), 5.0, 1e-15) && near(law.second_moment(), 25.0, 1e-15));
        let law = bounded(Distribution::Uniform { low: 10.0, high: 20.0 }, 0.0, 9.0);
        check(&law);
        assert!(near(law.mean(), 9.0, 1e-15));
    }
}
