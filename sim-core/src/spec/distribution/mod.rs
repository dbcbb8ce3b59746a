//! Distributions users can write: how long pods live, images take, nodes last.
//!
//! Values are plain non-negative numbers (seconds where they are times). Each law is a file with its formulas and tests; what
//! they share is the crate-private trait `Law`, most of all `limited_mean`, E\[min(X, x)\]: means of capped laws, laws of
//! what is left in equilibrium and populations that grow from empty all follow from it in closed form.

use crate::engine::random::Stream;

mod bounded;
mod constant;
mod empirical;
mod equilibrium;
mod erlang;
mod error;
mod exponential;
mod hyper_exponential;
mod law;
mod log_normal;
mod log_uniform;
mod mixture;
mod pareto;
mod special;
#[cfg(test)]
mod testing;
mod uniform;
mod weibull;

pub use error::DistributionError;
use law::Law;

/// A law of non-negative numbers. All methods but [`validate`](Self::validate) take a valid law for granted.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always this number, zero or more.
    Constant(f64),
    /// Every number from `low` to `high` alike.
    Uniform {
        /// The least, zero or more.
        low: f64,
        /// The most, `low` or more.
        high: f64,
    },
    /// Without memory: what is left does not depend on the age.
    Exponential {
        /// The mean, above zero.
        mean: f64,
    },
    /// The logarithm is normal.
    LogNormal {
        /// The median, above zero. The mean is `median × exp(sigma² / 2)`.
        median: f64,
        /// The standard deviation of the natural logarithm, zero or more.
        sigma: f64,
    },
    /// P(X > x) = exp(-(x / scale)^shape): failure rates that fall with age (shape below 1) or rise (above 1).
    Weibull {
        /// Above zero.
        shape: f64,
        /// The 63rd percentile, above zero.
        scale: f64,
    },
    /// P(X > x) = (min / x)^shape from `min` on: the mean is infinite up to shape 1, the variance up to shape 2.
    Pareto {
        /// The tail index (alpha), above zero.
        shape: f64,
        /// The least, above zero.
        min: f64,
    },
    /// The sum of `k` exponential phases: a gamma law with a whole shape.
    Erlang {
        /// The number of phases, one or more.
        k: u32,
        /// The mean of the sum, above zero.
        mean: f64,
    },
    /// One of two exponentials, each of which contributes half of the mean (balanced means).
    HyperExponential {
        /// The mean, above zero.
        mean: f64,
        /// The squared coefficient of variation (variance over squared mean), one or more.
        scv: f64,
    },
    /// The logarithm is uniform: as many values between 1 and 10 as between 10 and 100.
    LogUniform {
        /// The least, above zero.
        low: f64,
        /// The most, `low` or more.
        high: f64,
    },
    /// Measured quantiles, joined by straight lines.
    Empirical {
        /// Pairs of a probability (0 to 1) and the value that part of the population does not exceed; both must not fall.
        /// Below the first and above the last probability the value is that of the nearest point.
        points: Vec<(f64, f64)>,
    },
    /// One of several laws, by weight.
    Mixture(
        /// Weights (zero or more, any positive sum) and laws.
        Vec<(f64, Distribution)>,
    ),
    /// min(max(X, `min`), `max`): what lies outside moves to the bound and is not drawn anew. A Pareto law bounded thus has
    /// lives of exactly `max`, and few of them fill much time; the truncated law often called bounded Pareto has none.
    Bounded {
        /// The law of X.
        of: Box<Distribution>,
        /// The least, zero or more.
        min: f64,
        /// The most, `min` or more; may be infinite.
        max: f64,
    },
}

/// Does `$do` with the [`Law`] behind `$of`. Laws without any spread are constants, which spares their formulas 0/0.
macro_rules! with_law {
    ($of:expr, $law:ident => $do:expr) => {
        match $of {
            Distribution::Constant(value) => {
                let $law = constant::Constant(*value);
                $do
            }
            Distribution::Uniform { low, high } => {
                let $law = uniform::Uniform { low: *low, high: *high };
                $do
            }
            Distribution::Exponential { mean } => {
                let $law = exponential::Exponential { mean: *mean };
                $do
            }
            Distribution::LogNormal { median, sigma } if *sigma <= 0.0 => {
                let $law = constant::Constant(*median);
                $do
            }
            Distribution::LogNormal { median, sigma } => {
                let $law = log_normal::LogNormal { median: *median, sigma: *sigma };
                $do
            }
            Distribution::Weibull { shape, scale } => {
                let $law = weibull::Weibull { shape: *shape, scale: *scale };
                $do
            }
            Distribution::Pareto { shape, min } => {
                let $law = pareto::Pareto { shape: *shape, min: *min };
                $do
            }
            Distribution::Erlang { k, mean } => {
                let $law = erlang::Erlang { k: f64::from(*k), mean: *mean };
                $do
            }
            Distribution::HyperExponential { mean, scv } => {
                let $law = hyper_exponential::HyperExponential { mean: *mean, scv: *scv };
                $do
            }
            Distribution::LogUniform { low, high } if low >= high => {
                let $law = constant::Constant(*low);
                $do
            }
            Distribution::LogUniform { low, high } => {
                let $law = log_uniform::LogUniform { low: *low, high: *high };
                $do
            }
            Distribution::Empirical { points } => {
                let $law = empirical::Empirical { points };
                $do
            }
            Distribution::Mixture(parts) => {
                let $law = mixture::Mixture { parts };
                $do
            }
            Distribution::Bounded { of, min, max } => {
                let $law = bounded::Bounded { of, min: *min, max: *max };
                $do
            }
        }
    };
}

impl Distribution {
    /// A draw: zero or more, finite.
    pub fn sample(&self, rng: &mut Stream) -> f64 {
        finite(with_law!(self, law => law.sample(rng)))
    }

    /// The mean; infinite where the tail is that heavy.
    pub fn mean(&self) -> f64 {
        with_law!(self, law => law.mean())
    }

    /// E\[X²\]; infinite where the tail is that heavy.
    pub fn second_moment(&self) -> f64 {
        with_law!(self, law => law.second_moment())
    }

    /// Whether the variance is infinite: then no confidence interval of a mean of such draws is to be trusted.
    pub fn infinite_variance(&self) -> bool {
        self.second_moment().is_infinite()
    }

    /// P(X > x), for any `x`.
    pub fn survival(&self, x: f64) -> f64 {
        if x < 0.0 { 1.0 } else { with_law!(self, law => law.survival(x)) }
    }

    /// The least number that a part `p` (0 to 1) of the population does not exceed; infinite for `p` = 1 without a bound.
    /// For reports: some laws search for it.
    pub fn quantile(&self, p: f64) -> f64 {
        with_law!(self, law => law.quantile(p.clamp(0.0, 1.0)))
    }

    /// E\[min(X, x)\] for `x` from zero to infinity: the integral of [`survival`](Self::survival) from 0 to `x`.
    ///
    /// A population that arrives at rate r from time 0 on has a mean of r × `limited_mean(t)` members at time t.
    pub fn limited_mean(&self, x: f64) -> f64 {
        if x.is_infinite() { self.mean() } else { with_law!(self, law => law.limited_mean(x)) }
    }

    /// E\[min(X, x)²\] for `x` from zero to infinity.
    pub fn limited_second_moment(&self, x: f64) -> f64 {
        if x > SQUARE_MAX { self.second_moment() } else { with_law!(self, law => law.limited_second_moment(x)) }
    }

    /// A draw of a life met by chance at some moment: long ones are met more often, in proportion to their length.
    ///
    /// # Panics
    /// If the mean is infinite; see [`validate_equilibrium`](Self::validate_equilibrium).
    pub fn length_biased(&self, rng: &mut Stream) -> f64 {
        assert!(self.mean() < f64::INFINITY, "a law of infinite mean has no equilibrium: {self:?}");
        finite(with_law!(self, law => law.length_biased(rng)))
    }

    /// What is left of a life met by chance: a draw from the equilibrium law, of density `survival(t) / mean`.
    ///
    /// # Panics
    /// As [`length_biased`](Self::length_biased).
    pub fn residual(&self, rng: &mut Stream) -> f64 {
        self.age_and_residual(rng).1
    }

    /// How long a life met by chance has lasted and will last yet. Each follows the equilibrium law; their sum is a
    /// length-biased life.
    ///
    /// # Panics
    /// As [`length_biased`](Self::length_biased).
    pub fn age_and_residual(&self, rng: &mut Stream) -> (f64, f64) {
        let life = self.length_biased(rng);
        let residual = life * rng.unit();
        (life - residual, residual)
    }

    /// The law of `factor` × X. `factor` is above zero and finite.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(value * factor),
            Self::Uniform { low, high } => Self::Uniform { low: low * factor, high: high * factor },
            Self::Exponential { mean } => Self::Exponential { mean: mean * factor },
            Self::LogNormal { median, sigma } => Self::LogNormal { median: median * factor, sigma: *sigma },
            Self::Weibull { shape, scale } => Self::Weibull { shape: *shape, scale: scale * factor },
            Self::Pareto { shape, min } => Self::Pareto { shape: *shape, min: min * factor },
            Self::Erlang { k, mean } => Self::Erlang { k: *k, mean: mean * factor },
            Self::HyperExponential { mean, scv } => Self::HyperExponential { mean: mean * factor, scv: *scv },
            Self::LogUniform { low, high } => Self::LogUniform { low: low * factor, high: high * factor },
            Self::Empirical { points } => Self::Empirical { points: points.iter().map(|(p, value)| (*p, value * factor)).collect() },
            Self::Mixture(parts) => Self::Mixture(parts.iter().map(|(weight, of)| (*weight, of.scaled(factor))).collect()),
            Self::Bounded { of, min, max } => Self::Bounded { of: Box::new(of.scaled(factor)), min: min * factor, max: max * factor },
        }
    }

    /// Whether the parameters make sense.
    ///
    /// # Errors
    /// The first parameter that does not, with what it should be.
    pub fn validate(&self) -> Result<(), DistributionError> {
        error::validate(self)
    }

    /// Whether the law is valid and has a finite mean, as [`residual`](Self::residual) and starts in equilibrium need.
    ///
    /// # Errors
    /// As [`validate`](Self::validate), or that the mean is infinite.
    pub fn validate_equilibrium(&self) -> Result<(), DistributionError> {
        self.validate()?;
        if self.mean() < f64::INFINITY { Ok(()) } else { Err(DistributionError::InfiniteMean) }
    }
}

/// Squares of larger numbers overflow.
const SQUARE_MAX: f64 = 1e150;

/// Heavy tails may overflow; an infinity would become NaN in the next subtraction.
const fn finite(draw: f64) -> f64 {
    draw.min(f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::{Purpose, Seed};
    use testing::near;

    /// One of each law.
    fn laws() -> Vec<Distribution> {
        let log_normal = Distribution::LogNormal { median: 30.0, sigma: 1.5 };
        vec![
            Distribution::Constant(4.0),
            Distribution::Uniform { low: 1.0, high: 5.0 },
            Distribution::Exponential { mean: 3.0 },
            log_normal.clone(),
            Distribution::LogNormal { median: 30.0, sigma: 0.0 },
            Distribution::Weibull { shape: 0.7, scale: 2.0 },
            Distribution::Pareto { shape: 1.5, min: 2.0 },
            Distribution::Erlang { k: 3, mean: 6.0 },
            Distribution::HyperExponential { mean: 5.0, scv: 9.0 },
            Distribution::LogUniform { low: 1.0, high: 100.0 },
            Distribution::LogUniform { low: 7.0, high: 7.0 },
            Distribution::Empirical { points: vec![(0.0, 1.0), (0.5, 2.0), (1.0, 30.0)] },
            Distribution::Mixture(vec![(3.0, log_normal.clone()), (1.0, Distribution::Exponential { mean: 2.0 })]),
            Distribution::Bounded { of: Box::new(log_normal), min: 5.0, max: 300.0 },
        ]
    }

    #[test]
    fn a_scaled_law_is_the_law_in_another_unit() {
        for law in laws() {
            let scaled = law.scaled(60.0);
            assert!(near(scaled.mean(), 60.0 * law.mean(), 1e-12), "{law:?}");
            assert!(near(scaled.second_moment(), 3600.0 * law.second_moment(), 1e-12), "{law:?}");
            for x in [0.5, 3.0, 45.0] {
                assert!((scaled.survival(60.0 * x) - law.survival(x)).abs() < 1e-12, "{law:?} at {x}");
            }
            let [one, other] = [&law, &scaled].map(|law| law.sample(&mut Seed(3).stream(Purpose::Run, 0, 0)));
            assert!(near(other, 60.0 * one, 1e-12), "the same address gives the same draw of {law:?}");
        }
    }

    #[test]
    fn age_and_residual_make_up_a_life_met_by_chance() {
        for law in laws() {
            let at = |draw| Seed(3).stream(Purpose::Equilibrium, 0, draw);
            for draw in 0..100 {
                let (age, residual) = law.age_and_residual(&mut at(draw));
                assert!(age >= 0.0 && residual >= 0.0, "{law:?}");
                assert!(near(age + residual, law.length_biased(&mut at(draw)), 1e-12), "{law:?}");
            }
        }
    }

    #[test]
    fn a_law_without_spread_is_a_constant() {
        let bare = Distribution::Constant(7.0);
        let still = [
            Distribution::LogNormal { median: 7.0, sigma: 0.0 },
            Distribution::LogUniform { low: 7.0, high: 7.0 },
            Distribution::Uniform { low: 7.0, high: 7.0 },
            Distribution::Empirical { points: vec![(0.5, 7.0)] },
        ];
        for law in still {
            assert_eq!(law.validate(), Ok(()));
            let summary = |law: &Distribution| {
                [law.mean(), law.second_moment(), law.survival(6.9), law.survival(7.0), law.quantile(0.5)].map(f64::to_bits)
            };
            assert_eq!(summary(&law), summary(&bare), "{law:?}");
            assert_eq!(law.limited_mean(9.0).to_bits(), 7.0_f64.to_bits());
        }
    }

    #[test]
    fn only_heavy_tails_are_warned_of() {
        let heavy: Vec<bool> = laws().iter().map(Distribution::infinite_variance).collect();
        assert_eq!(heavy.iter().filter(|heavy| **heavy).count(), 1);
        assert!(Distribution::Pareto { shape: 2.0, min: 1.0 }.infinite_variance());
        assert!(!Distribution::Pareto { shape: 2.01, min: 1.0 }.infinite_variance());
    }

    #[test]
    #[should_panic(expected = "has no equilibrium")]
    fn a_law_of_infinite_mean_has_no_residual() {
        Distribution::Pareto { shape: 1.0, min: 1.0 }.residual(&mut Seed(0).stream(Purpose::Residual, 0, 0));
    }

    #[test]
    fn draws_stay_finite_where_the_arithmetic_overflows() {
        let wild = [Distribution::Pareto { shape: 1e-4, min: 1.0 }, Distribution::Weibull { shape: 1e-4, scale: 1.0 }];
        for law in wild {
            for entity in 0..1000 {
                assert!(law.sample(&mut Seed(0).stream(Purpose::Run, entity, 0)).is_finite(), "{law:?}");
            }
        }
    }
}
