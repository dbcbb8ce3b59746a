//! What can be wrong with a law that a user wrote.

use super::Distribution;

/// Why a law cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DistributionError {
    /// A parameter outside its range.
    #[error("`{parameter}` of the {law} law is {value}, it must be {wanted}")]
    Parameter {
        /// The law.
        law: &'static str,
        /// Its parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
        /// What would be right.
        wanted: &'static str,
    },
    /// Bounds in the wrong order.
    #[error("the {law} law goes from {low} down to {high}: swap the bounds")]
    Crossed {
        /// The law.
        law: &'static str,
        /// The lower bound as given.
        low: f64,
        /// The upper bound as given.
        high: f64,
    },
    /// An empirical law without points.
    #[error("the empirical law has no points: give pairs of a probability and a value")]
    NoPoints,
    /// An empirical law that goes back.
    #[error("point {number} of the empirical law falls behind the one before it: probabilities and values must not fall")]
    Falling {
        /// The point, counted from 1.
        number: usize,
    },
    /// A mixture that draws nothing.
    #[error("the weights of the mixture sum to 0: give at least one law a weight above 0")]
    NoWeight,
    /// Something wrong inside a mixture.
    #[error("law {number} of the mixture: {source}")]
    Part {
        /// The law, counted from 1.
        number: usize,
        /// What is wrong with it.
        source: Box<DistributionError>,
    },
    /// A law without equilibrium.
    #[error("the mean is infinite, so no population in equilibrium exists: put an upper bound on the law, or raise its shape above 1")]
    InfiniteMean,
}

use DistributionError::{Crossed, Falling, NoPoints, NoWeight, Parameter, Part};

type Verdict = Result<(), DistributionError>;

/// See [`Distribution::validate`].
pub(super) fn validate(law: &Distribution) -> Verdict {
    match law {
        Distribution::Constant(value) => not_negative("constant", "value", *value),
        Distribution::Uniform { low, high } => not_negative("uniform", "low", *low).and(rising("uniform", *low, *high)),
        Distribution::Exponential { mean } => positive("exponential", "mean", *mean),
        Distribution::LogNormal { median, sigma } => {
            positive("lognormal", "median", *median).and(not_negative("lognormal", "sigma", *sigma))
        }
        Distribution::Weibull { shape, scale } => positive("Weibull", "shape", *shape).and(positive("Weibull", "scale", *scale)),
        Distribution::Pareto { shape, min } => positive("Pareto", "shape", *shape).and(positive("Pareto", "min", *min)),
        Distribution::Erlang { k, mean } => check(*k > 0, "Erlang", "k", f64::from(*k), "1 or more").and(positive("Erlang", "mean", *mean)),
        Distribution::HyperExponential { mean, scv } => positive("hyper-exponential", "mean", *mean).and(spread(*scv)),
        Distribution::LogUniform { low, high } => positive("log-uniform", "low", *low).and(rising("log-uniform", *low, *high)),
        Distribution::Empirical { points } => empirical(points),
        Distribution::Mixture(parts) => mixture(parts),
        Distribution::Bounded { of, min, max } => bounds(*min, *max).and_then(|()| of.validate()),
    }
}

fn check(holds: bool, law: &'static str, parameter: &'static str, value: f64, wanted: &'static str) -> Verdict {
    if holds { Ok(()) } else { Err(Parameter { law, parameter, value, wanted }) }
}

fn positive(law: &'static str, parameter: &'static str, value: f64) -> Verdict {
    check(value > 0.0 && value.is_finite(), law, parameter, value, "a finite number above 0")
}

fn not_negative(law: &'static str, parameter: &'static str, value: f64) -> Verdict {
    check(value >= 0.0 && value.is_finite(), law, parameter, value, "a finite number, 0 or more")
}

fn rising(law: &'static str, low: f64, high: f64) -> Verdict {
    not_negative(law, "high", high)?;
    if low <= high { Ok(()) } else { Err(Crossed { law, low, high }) }
}

fn spread(scv: f64) -> Verdict {
    check(scv >= 1.0 && scv.is_finite(), "hyper-exponential", "scv", scv, "a finite number, 1 or more (below 1, take an Erlang law)")
}

fn bounds(low: f64, high: f64) -> Verdict {
    not_negative("bounded", "min", low)?;
    check(high >= 0.0, "bounded", "max", high, "0 or more, or infinite")?;
    if low <= high { Ok(()) } else { Err(Crossed { law: "bounded", low, high }) }
}

fn empirical(points: &[(f64, f64)]) -> Verdict {
    for (p, value) in points {
        check((0.0..=1.0).contains(p), "empirical", "probability", *p, "from 0 to 1")?;
        not_negative("empirical", "value", *value)?;
    }
    let falling = points.windows(2).position(|pair| pair[0].0 > pair[1].0 || pair[0].1 > pair[1].1);
    match falling {
        _ if points.is_empty() => Err(NoPoints),
        Some(before) => Err(Falling { number: before + 2 }),
        None => Ok(()),
    }
}

fn mixture(parts: &[(f64, Distribution)]) -> Verdict {
    for (number, (weight, of)) in (1..).zip(parts) {
        not_negative("mixture", "weight", *weight)
            .and_then(|()| of.validate())
            .map_err(|source| Part { number, source: Box::new(source) })?;
    }
    let total: f64 = parts.iter().map(|(weight, _)| weight).sum();
    if total > 0.0 { check(total.is_finite(), "mixture", "sum of the weights", total, "finite") } else { Err(NoWeight) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mixed(parts: &[(f64, Distribution)]) -> Distribution {
        Distribution::Mixture(parts.to_vec())
    }

    fn bounded(of: Distribution, min: f64, max: f64) -> Distribution {
        Distribution::Bounded { of: Box::new(of), min, max }
    }

    fn empirical(points: &[(f64, f64)]) -> Distribution {
        Distribution::Empirical { points: points.to_vec() }
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_right() {
        use Distribution::{Constant, Erlang, Exponential, HyperExponential, LogNormal, LogUniform, Pareto, Uniform, Weibull};
        let one = Constant(1.0);
        #[rustfmt::skip]
        let table = [
            (Constant(-1.0), "`value` of the constant law is -1, it must be a finite number, 0 or more"),
            (Constant(f64::NAN), "`value` of the constant law is NaN, it must be a finite number, 0 or more"),
            (Uniform { low: 3.0, high: 2.0 }, "the uniform law goes from 3 down to 2: swap the bounds"),
            (Uniform { low: 3.0, high: f64::INFINITY }, "`high` of the uniform law is inf, it must be a finite number, 0 or more"),
            (Exponential { mean: 0.0 }, "`mean` of the exponential law is 0, it must be a finite number above 0"),
            (LogNormal { median: 0.0, sigma: 1.0 }, "`median` of the lognormal law is 0, it must be a finite number above 0"),
            (LogNormal { median: 1.0, sigma: -1.0 }, "`sigma` of the lognormal law is -1, it must be a finite number, 0 or more"),
            (Weibull { shape: 0.0, scale: 1.0 }, "`shape` of the Weibull law is 0, it must be a finite number above 0"),
            (Pareto { shape: 1.0, min: 0.0 }, "`min` of the Pareto law is 0, it must be a finite number above 0"),
            (Erlang { k: 0, mean: 1.0 }, "`k` of the Erlang law is 0, it must be 1 or more"),
            (HyperExponential { mean: 1.0, scv: 0.5 }, "`scv` of the hyper-exponential law is 0.5, it must be a finite number, 1 or more (below 1, take an Erlang law)"),
            (LogUniform { low: 0.0, high: 2.0 }, "`low` of the log-uniform law is 0, it must be a finite number above 0"),
            (empirical(&[]), "the empirical law has no points: give pairs of a probability and a value"),
            (empirical(&[(0.0, 1.0), (1.5, 2.0)]), "`probability` of the empirical law is 1.5, it must be from 0 to 1"),
            (empirical(&[(0.0, 1.0), (0.5, 3.0), (1.0, 2.0)]), "point 3 of the empirical law falls behind the one before it: probabilities and values must not fall"),
            (mixed(&[]), "the weights of the mixture sum to 0: give at least one law a weight above 0"),
            (mixed(&[(0.0, one.clone())]), "the weights of the mixture sum to 0: give at least one law a weight above 0"),
            (mixed(&[(1.0, one.clone()), (-1.0, one.clone())]), "law 2 of the mixture: `weight` of the mixture law is -1, it must be a finite number, 0 or more"),
            (mixed(&[(1.0, Exponential { mean: -2.0 })]), "law 1 of the mixture: `mean` of the exponential law is -2, it must be a finite number above 0"),
            (bounded(one.clone(), 5.0, 1.0), "the bounded law goes from 5 down to 1: swap the bounds"),
            (bounded(one.clone(), 0.0, f64::NAN), "`max` of the bounded law is NaN, it must be 0 or more, or infinite"),
            (bounded(Constant(-1.0), 0.0, 1.0), "`value` of the constant law is -1, it must be a finite number, 0 or more"),
        ];
        for (law, message) in table {
            assert_eq!(law.validate().unwrap_err().to_string(), message, "{law:?}");
        }
    }

    #[test]
    fn a_tail_too_heavy_for_equilibrium_is_refused_there_only() {
        let heavy = Distribution::Pareto { shape: 0.9, min: 1.0 };
        assert_eq!(heavy.validate(), Ok(()));
        assert_eq!(heavy.validate_equilibrium(), Err(DistributionError::InfiniteMean));
        assert_eq!(bounded(heavy, 0.0, 1e6).validate_equilibrium(), Ok(()));
    }
}
