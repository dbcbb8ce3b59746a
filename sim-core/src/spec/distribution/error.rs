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
