//! Every number between two bounds alike. `low` may equal `high`.

use super::law::Law;
use crate::engine::random::Stream;

pub(super) struct Uniform {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Uniform {
    /// The integral of t^power × P(X > t) from `low` to `x` within the bounds, for powers 0 and 1.
    fn beyond_low(&self, x: f64) -> (f64, f64) {
        let Self { low, high } = *self;
        let (reach, width) = (x - low, high - low);
        // With t = low + s the survival is 1 - s / width.
        let plain = reach - reach.powi(2) / (2.0 * width);
        let moment = reach.powi(2) / 2.0 - reach.powi(3) / (3.0 * width);
        (plain, low * plain + moment)
    }
}

impl Law for Uniform {
    fn sample(&self, rng: &mut Stream) -> f64 {
        self.quantile(rng.unit())
    }

    fn survival(&self, x: f64) -> f64 {
        match x {
            _ if x < self.low => 1.0,
            _ if x >= self.high => 0.0,
            _ => (self.high - x) / (self.high - self.low),
        }
    }

    fn mean(&self) -> f64 {
        f64::midpoint(self.low, self.high)
    }

    fn second_moment(&self) -> f64 {
        let Self { low, high } = *self;
        (low * low + low * high + high * high) / 3.0
    }

    fn limited_mean(&self, x: f64) -> f64 {
        match x {
            _ if x <= self.low => x,
            _ if x >= self.high => self.mean(),
            _ => self.low + self.beyond_low(x).0,
        }
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        match x {
            _ if x <= self.low => x * x,
            _ if x >= self.high => self.second_moment(),
            _ => self.low.powi(2) + 2.0 * self.beyond_low(x).1,
        }
    }

    fn length_biased(&self, rng: &mut Stream) -> f64 {
        let (from, to) = (self.low.powi(2), self.high.powi(2));
        (from + (to - from) * rng.unit()).sqrt().clamp(self.low, self.high)
    }

    fn quantile(&self, p: f64) -> f64 {
        (self.low + (self.high - self.low) * p).clamp(self.low, self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    #[test]
    fn draws_and_formulas_agree() {
        check(&Distribution::Uniform { low: 0.0, high: 2.0 });
        check(&Distribution::Uniform { low: 20.0, high: 30.0 });
        golden(&Distribution::Uniform { low: 20.0, high: 30.0 }, [25.462_768_561_960_434, 20.392_630_131_792_17, 20.125_859_229_072_997]);
    }

    #[test]
    fn moments_are_those_of_the_textbook() {
        let law = Distribution::Uniform { low: 0.0, high: 2.0 };
        assert!(near(law.mean(), 1.0, 1e-15) && near(law.second_moment(), 4.0 / 3.0, 1e-15));
    }
}
