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

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    fn log_normal(median: f64, sigma: f64) -> Distribution {
        Distribution::LogNormal { median, sigma }
    }

    #[test]
    fn draws_and_formulas_agree() {
        let services = Distribution::Mixture(vec![(0.987, log_normal(739.0, 1.555)), (0.013, log_normal(833_000.0, 1.856))]);
        check(&services);
        check(&Distribution::Mixture(vec![(3.0, Distribution::Constant(1.0)), (1.0, Distribution::Constant(10.0))]));
        golden(&services, [572.038_711_134_973_3, 634.207_216_646_405_6, 330.127_162_838_086_5]);
    }

    #[test]
    fn the_generator_of_virtual_machines_meets_its_published_lifetimes() {
        let hour = 3600.0;
        let machines = Distribution::Mixture(vec![
            (0.74, log_normal(600.0, 1.7)),
            (0.16, log_normal(6.0 * hour, 1.0)),
            (0.10, log_normal(600.0 * hour, 1.2)),
        ]);
        let table = [(300.0, 0.253), (hour, 0.638), (5.0 * hour, 0.792), (10.0 * hour, 0.845), (100.0 * hour, 0.906)];
        for (time, dead) in table {
            assert!((1.0 - machines.survival(time) - dead).abs() < 0.0006, "{time}");
        }
        assert!((machines.mean() / hour - 125.0).abs() < 0.5);
    }

    #[test]
    fn a_part_without_weight_does_not_count() {
        let endless = Distribution::Pareto { shape: 0.5, min: 1.0 };
        let law = Distribution::Mixture(vec![(0.0, endless), (2.0, Distribution::Constant(3.0))]);
        check(&law);
        assert!(near(law.mean(), 3.0, 1e-15) && near(law.quantile(1.0), 3.0, 1e-15));
    }
}
