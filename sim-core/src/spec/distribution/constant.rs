//! Always the same number.

use super::law::Law;
use crate::engine::random::Stream;

pub(super) struct Constant(pub(super) f64);

impl Law for Constant {
    fn sample(&self, _: &mut Stream) -> f64 {
        self.0
    }

    fn survival(&self, x: f64) -> f64 {
        f64::from(u8::from(x < self.0))
    }

    fn mean(&self) -> f64 {
        self.0
    }

    fn second_moment(&self) -> f64 {
        self.0.powi(2)
    }

    fn limited_mean(&self, x: f64) -> f64 {
        self.0.min(x)
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        self.0.min(x).powi(2)
    }

    fn length_biased(&self, _: &mut Stream) -> f64 {
        self.0
    }

    fn quantile(&self, _: f64) -> f64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden};

    #[test]
    fn a_constant_is_a_law_too() {
        check(&Distribution::Constant(5.0));
        check(&Distribution::Constant(0.0));
        golden(&Distribution::Constant(5.0), [5.0; 3]);
    }
}
