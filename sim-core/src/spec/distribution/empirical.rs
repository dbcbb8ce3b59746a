//! Measured quantiles, joined by straight lines.

use super::law::Law;
use super::uniform::Uniform;
use crate::engine::random::Stream;

pub(super) struct Empirical<'a> {
    /// Probability and value, both non-decreasing; at least one.
    pub(super) points: &'a [(f64, f64)],
}

impl Empirical<'_> {
    /// The pieces between points, each uniform, with their probabilities; before the first and after the last point, one value.
    fn pieces(&self) -> impl Iterator<Item = (f64, Uniform)> {
        let (first, last) = (self.points[0], self.points[self.points.len() - 1]);
        let inner = self.points.windows(2).map(|pair| piece(pair[0], pair[1]));
        let below = piece((0.0, first.1), first);
        let above = piece(last, (1.0, last.1));
        [below].into_iter().chain(inner).chain([above])
    }

    /// The mean of `what` over the pieces.
    fn expect(&self, what: impl Fn(&Uniform) -> f64) -> f64 {
        self.pieces().map(|(p, piece)| p * what(&piece)).sum()
    }
}

fn piece(from: (f64, f64), to: (f64, f64)) -> (f64, Uniform) {
    (to.0 - from.0, Uniform { low: from.1, high: to.1 })
}

impl Law for Empirical<'_> {
    fn sample(&self, rng: &mut Stream) -> f64 {
        self.quantile(rng.unit())
    }

    fn survival(&self, x: f64) -> f64 {
        self.expect(|piece| piece.survival(x))
    }

    fn mean(&self) -> f64 {
        self.expect(Uniform::mean)
    }

    fn second_moment(&self) -> f64 {
        self.expect(Uniform::second_moment)
    }

    fn limited_mean(&self, x: f64) -> f64 {
        self.expect(|piece| piece.limited_mean(x))
    }

    fn limited_second_moment(&self, x: f64) -> f64 {
        self.expect(|piece| piece.limited_second_moment(x))
    }

    fn length_biased(&self, rng: &mut Stream) -> f64 {
        let mut target = self.mean() * rng.unit();
        for (p, piece) in self.pieces() {
            target -= p * piece.mean();
            if target < 0.0 {
                return piece.length_biased(rng);
            }
        }
        self.points[self.points.len() - 1].1
    }

    fn quantile(&self, p: f64) -> f64 {
        let next = self.points.partition_point(|point| point.0 < p);
        match (next.checked_sub(1).map(|last| self.points[last]), self.points.get(next)) {
            (Some(from), Some(to)) => from.1 + (to.1 - from.1) * ((p - from.0) / (to.0 - from.0)),
            (Some(edge), None) | (None, Some(&edge)) => edge.1,
            (None, None) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Distribution;
    use super::super::testing::{check, golden, near};

    fn empirical(points: &[(f64, f64)]) -> Distribution {
        Distribution::Empirical { points: points.to_vec() }
    }

    #[test]
    fn draws_and_formulas_agree() {
        let gap_and_tail = empirical(&[(0.0, 0.0), (0.5, 10.0), (0.5, 20.0), (0.9, 100.0), (1.0, 1000.0)]);
        check(&gap_and_tail);
        check(&empirical(&[(0.2, 5.0), (0.8, 50.0)]));
        check(&empirical(&[(0.3, 0.0), (0.6, 0.0), (1.0, 8.0)]));
        golden(&gap_and_tail, [29.255_371_239_208_7, 0.785_260_263_584_339_8, 0.251_718_458_145_993_03]);
    }

    #[test]
    fn what_the_points_leave_out_is_at_the_nearest_of_them() {
        let law = empirical(&[(0.2, 5.0), (0.8, 50.0)]);
        assert!(near(law.mean(), 0.2 * 5.0 + 0.6 * 27.5 + 0.2 * 50.0, 1e-14));
        assert!(law.survival(4.9) >= 1.0 && near(law.survival(5.0), 0.8, 1e-14));
        assert!(near(law.survival(49.999_999), 0.2, 1e-6) && law.survival(50.0) <= 0.0);
    }

    #[test]
    fn quantiles_are_the_points_and_the_lines_between() {
        let law = empirical(&[(0.1, 80.0), (0.25, 167.0), (0.5, 540.0)]);
        for (p, want) in [(0.0, 80.0), (0.1, 80.0), (0.25, 167.0), (0.375, 353.5), (0.5, 540.0), (1.0, 540.0)] {
            assert!(near(law.quantile(p), want, 1e-14), "{p}");
        }
    }
}
