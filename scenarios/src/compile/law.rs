//! Laws: from what is written to a distribution that is valid.

use sim_core::spec::Distribution;

use super::Builder;
use crate::format::Law;
use crate::problem::Code;
use crate::text::source::Span;
use crate::values::written::{Unit, Written};

/// The longest time, in seconds, that a law may be about: a thousand years.
const TIME_MAX: f64 = 1_000.0 * 365.0 * 86_400.0;

impl Builder<'_> {
    /// The distribution of a law, or `None` with a report.
    pub(crate) fn law<U: Unit>(&mut self, law: &Law<U>) -> Option<Distribution> {
        let (distribution, span) = self.compile_law(law)?;
        if let Err(error) = distribution.validate() {
            self.report.problem(Code::BadDistribution, span, error.to_string());
            return None;
        }
        if U::CODE == Code::BadDuration && distribution.quantile(0.5) > TIME_MAX {
            self.report.problem(Code::OutOfRange, span, "half of these times are longer than a thousand years");
            return None;
        }
        Some(distribution)
    }

    fn scalar<U: Unit>(&mut self, written: &Written<U>) -> Option<f64> {
        self.read(written).map(U::number)
    }

    fn compile_law<U: Unit>(&mut self, law: &Law<U>) -> Option<(Distribution, Span)> {
        macro_rules! bounded {
            ($given:expr, $of:expr) => {{
                let (given, of) = ($given, $of);
                (self.bounded(of, given.value.min.as_ref(), given.value.max.as_ref())?, given.span)
            }};
        }
        Some(match law {
            Law::Constant(value) => (Distribution::Constant(self.scalar(value)?), value.span),
            Law::Exponential(given) => bounded!(given, Distribution::Exponential { mean: self.scalar(&given.value.mean)? }),
            Law::Lognormal(given) => {
                let (median, sigma) = (self.scalar(&given.value.median), self.scalar(&given.value.sigma));
                bounded!(given, Distribution::LogNormal { median: median?, sigma: sigma? })
            }
            Law::Uniform(given) => {
                let (low, high) = (self.scalar(&given.value.low), self.scalar(&given.value.high));
                bounded!(given, Distribution::Uniform { low: low?, high: high? })
            }
            Law::Weibull(given) => {
                let (shape, scale) = (self.scalar(&given.value.shape), self.scalar(&given.value.scale));
                bounded!(given, Distribution::Weibull { shape: shape?, scale: scale? })
            }
            Law::Pareto(given) => {
                let (shape, min) = (self.scalar(&given.value.shape), self.scalar(&given.value.min));
                let of = Distribution::Pareto { shape: shape?, min: min? };
                (self.bounded(of, None, given.value.max.as_ref())?, given.span)
            }
            Law::Erlang(given) => bounded!(given, Distribution::Erlang { k: given.value.k, mean: self.scalar(&given.value.mean)? }),
            Law::Hyperexponential(given) => {
                let (mean, scv) = (self.scalar(&given.value.mean), self.scalar(&given.value.scv));
                bounded!(given, Distribution::HyperExponential { mean: mean?, scv: scv? })
            }
            Law::Loguniform(given) => {
                let (low, high) = (self.scalar(&given.value.low), self.scalar(&given.value.high));
                bounded!(given, Distribution::LogUniform { low: low?, high: high? })
            }
            Law::Empirical(given) => {
                let points =
                    given.value.points.iter().map(|(p, value)| Some((self.scalar(p)?, self.scalar(value)?))).collect::<Option<_>>()?;
                bounded!(given, Distribution::Empirical { points })
            }
            Law::Mixture(given) => {
                let part = |part: &crate::format::Weighted<U>| Some((self.scalar(&part.weight)?, self.compile_law(&part.of)?.0));
                (Distribution::Mixture(given.value.iter().map(part).collect::<Option<_>>()?), given.span)
            }
        })
    }

    /// The law, within bounds if there are any.
    fn bounded<U: Unit>(&mut self, of: Distribution, min: Option<&Written<U>>, max: Option<&Written<U>>) -> Option<Distribution> {
        if min.is_none() && max.is_none() {
            return Some(of);
        }
        let min = min.map_or(Some(0.0), |min| self.scalar(min));
        let max = max.map_or(Some(f64::INFINITY), |max| self.scalar(max));
        Some(Distribution::Bounded { of: Box::new(of), min: min?, max: max? })
    }
}
