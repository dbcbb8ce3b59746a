//! Two exponentials, one short and one long: more spread than one exponential, still easy for queueing theory.

use super::exponential::Exponential;
use super::law::Law;
use crate::engine::random::Stream;

pub(super) struct HyperExponential {
    pub(super) mean: f64,
    pub(super) scv: f64,
}

impl HyperExponential {
    /// Probabilities and laws of the two branches; each contributes half of the mean.
    fn branches(&self) -> [(f64, Exponential); 2] {
        let lean = ((self.scv - 1.0) / (self.scv + 1.0)).sqrt();
        // 1 - lean without cancellation: it is the weight of the long branch and decides its mean.
        let rest = 2.0 / (self.scv + 1.0) / (1.0 + lean);
        [f64::midpoint(1.0, lean), rest / 2.0].map(|p| (p, Exponential { mean: self.mean / (2.0 * p) }))
    }

    /// The mean of `what` over the branches.
    fn expect(&self, what: impl Fn(&Exponential) -> f64) -> f64 {
        self.branches().iter().map(|(p, branch)| p * what(branch)).sum()
    }
}

impl Law for HyperExponential {
    fn sample(&self, rng: &mut Stream) -> f64 {
        let [(p, short), (_, long)] = self.branches();
        if rng.unit() < p { short.sample(rng) } else { long.sample(rng) }
    }

    fn survival(&self, x: f64) -> f64 {
        self.expect(|branch| branch.survival(x))
    }

    fn mean(&self) -> f64 {
        self.mean
    }

    fn second_moment(&self) -> f64 {
        self.mean.powi(2) * (1.0 + self.scv)
    }

    fn limited_mean(&self, x: f64) -> f64 {
        self.expect(|branch| branch.limited_mean(x))
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        self.expect(|branch| branch.limited_second_moment(x))
    }

    fn length_biased(&self, rng: &mut Stream) -> f64 {
        // Balanced means: both branches fill the same time.
        let [(_, short), (_, long)] = self.branches();
        if rng.unit() < 0.5 { short.length_biased(rng) } else { long.length_biased(rng) }
    }
}
