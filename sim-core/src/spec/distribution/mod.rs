//! Distributions (samplers arrive with the branch that builds them).

/// A law of a non-negative random quantity; times are in seconds.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "replaced by the branch that builds the samplers")]
pub enum Distribution {
    Constant(f64),
    Uniform { low: f64, high: f64 },
    Exponential { mean: f64 },
    LogNormal { median: f64, sigma: f64 },
    Weibull { shape: f64, scale: f64 },
    Pareto { shape: f64, min: f64 },
    Erlang { k: u32, mean: f64 },
    HyperExponential { mean: f64, scv: f64 },
    LogUniform { low: f64, high: f64 },
    Empirical { points: Vec<(f64, f64)> },
    Mixture(Vec<(f64, Distribution)>),
    Bounded { of: Box<Distribution>, min: f64, max: f64 },
}

impl Distribution {
    /// The mean.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            _ => f64::NAN,
        }
    }
}
