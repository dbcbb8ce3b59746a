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
