//! One of several laws, by weight.

use super::Distribution;
use super::law::{Law, least};
use crate::engine::random::Stream;

pub(super) struct Mixture<'a> {
    /// Weights and laws; the weights' sum is above zero.
    pub(super) parts: &'a [(f64, Distribution)],
}

impl Mixture<'_> {
    /// The mean of `what` over the parts. A part without weight does not count, even where `what` is infinite.
    fn expect(&self, what: impl Fn(&Distribution) -> f64) -> f64 {
        let total: f64 = self.present().map(|(weight, _)| weight).sum();
        self.present().map(|(weight, of)| weight / total * what(of)).sum()
    }

    /// The parts that can be drawn.
    fn present(&self) -> impl Iterator<Item = (f64, &Distribution)> {
        self.parts.iter().filter(|(weight, _)| *weight > 0.0).map(|(weight, of)| (*weight, of))
    }

    /// A part, drawn in proportion to its weight times `size`.
    fn pick(&self, rng: &mut Stream, size: impl Fn(&Distribution) -> f64) -> &Distribution {
        let mut target: f64 = rng.unit() * self.present().map(|(weight, of)| weight * size(of)).sum::<f64>();
        let mut chosen = &self.parts[0].1;
        for (weight, of) in self.present() {
            chosen = of;
            target -= weight * size(of);
            if target < 0.0 {
                break;
            }
        }
        chosen
    }
}

impl Law for Mixture<'_> {
    fn sample(&self, rng: &mut Stream) -> f64 {
        self.pick(rng, |_| 1.0).sample(rng)
    }

    fn survival(&self, x: f64) -> f64 {
        self.expect(|of| of.survival(x))
    }

    fn mean(&self) -> f64 {
        self.expect(Distribution::mean)
    }

    fn second_moment(&self) -> f64 {
        self.expect(Distribution::second_moment)
    }

    fn limited_mean(&self, x: f64) -> f64 {
        self.expect(|of| of.limited_mean(x))
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        self.expect(|of| of.limited_second_moment(x))
    }

    fn length_biased(&self, rng: &mut Stream) -> f64 {
        self.pick(rng, Distribution::mean).length_biased(rng)
    }

    fn quantile(&self, p: f64) -> f64 {
        let largest = self.present().map(|(_, of)| of.quantile(p)).fold(0.0, f64::max);
        if p >= 1.0 { largest } else { least(0.0, largest, |x| self.survival(x) <= 1.0 - p) }
    }
}
