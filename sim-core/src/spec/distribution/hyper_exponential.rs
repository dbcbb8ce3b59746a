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

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    #[test]
    fn draws_and_formulas_agree() {
        for scv in [1.0, 4.0, 100.0] {
            check(&Distribution::HyperExponential { mean: 5.0, scv });
        }
        golden(
            &Distribution::HyperExponential { mean: 5.0, scv: 4.0 },
            [1.920_221_185_679_276, 1.765_532_152_625_823_4, 0.181_123_662_633_135_76],
        );
    }

    #[test]
    fn the_spread_is_as_asked_for() {
        let law = Distribution::HyperExponential { mean: 1.0, scv: 4.0 };
        assert!(near(law.second_moment(), 5.0, 1e-15));
        assert!(near(law.limited_second_moment(1e6), 5.0, 1e-12) && near(law.limited_mean(1e6), 1.0, 1e-12), "so do the branches");
    }

    #[test]
    fn a_tiny_share_of_long_lives_keeps_the_mean() {
        let law = Distribution::HyperExponential { mean: 1.0, scv: 1e12 };
        assert!(near(law.limited_mean(1e200), 1.0, 1e-9));
    }
}
