//! Every order of magnitude alike.

use super::law::Law;
use super::uniform::Uniform;
use crate::engine::random::Stream;

/// `low` is below `high`.
pub(super) struct LogUniform {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl LogUniform {
    /// The width on the logarithmic scale.
    fn width(&self) -> f64 {
        (self.high / self.low).ln()
    }
}

impl Law for LogUniform {
    fn sample(&self, rng: &mut Stream) -> f64 {
        self.quantile(rng.unit())
    }

    fn survival(&self, x: f64) -> f64 {
        match x {
            _ if x < self.low => 1.0,
            _ if x >= self.high => 0.0,
            _ => (self.high / x).ln() / self.width(),
        }
    }

    fn mean(&self) -> f64 {
        (self.high - self.low) / self.width()
    }

    fn second_moment(&self) -> f64 {
        self.mean() * f64::midpoint(self.low, self.high)
    }

    fn limited_mean(&self, x: f64) -> f64 {
        let x = x.min(self.high);
        if x <= self.low { x } else { (x - self.low) / self.width() + x * self.survival(x) }
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        let x = x.min(self.high);
        if x <= self.low {
            return x * x;
        }
        (x - self.low) * f64::midpoint(x, self.low) / self.width() + x * x * self.survival(x)
    }

    fn length_biased(&self, rng: &mut Stream) -> f64 {
        // The density 1 / x, weighted by x.
        Uniform { low: self.low, high: self.high }.sample(rng)
    }

    fn quantile(&self, p: f64) -> f64 {
        if p >= 1.0 { self.high } else { (self.low * (self.width() * p).exp()).clamp(self.low, self.high) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    #[test]
    fn draws_and_formulas_agree() {
        check(&Distribution::LogUniform { low: 1.0, high: 1000.0 });
        check(&Distribution::LogUniform { low: 30.0, high: 120.0 });
        golden(
            &Distribution::LogUniform { low: 30.0, high: 120.0 },
            [63.975_353_461_007_614, 31.678_159_714_316_568, 30.528_026_875_402_524],
        );
    }

    #[test]
    fn every_order_of_magnitude_is_alike() {
        let law = Distribution::LogUniform { low: 1.0, high: 1000.0 };
        for (x, want) in [(10.0, 2.0 / 3.0), (100.0, 1.0 / 3.0)] {
            assert!(near(law.survival(x), want, 1e-12), "{x}");
        }
        assert!(near(law.mean(), 999.0 / 1000.0_f64.ln(), 1e-14));
    }
}
