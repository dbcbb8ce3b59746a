//! Length-biased lives between bounds.

use super::Distribution;
use super::law::least;
use crate::engine::random::Stream;

/// Drawing again until a draw lies between the bounds is tried if at least this part of the draws does.
const WORTH_TRYING: f64 = 0.1;

impl Distribution {
    /// E[X; X ≤ x]: the time filled by lives of up to `x`.
    pub(super) fn time_up_to(&self, x: f64) -> f64 {
        if x.is_infinite() { self.mean() } else { (self.limited_mean(x) - x * self.survival(x)).max(0.0) }
    }
}

/// A draw of density in proportion to x f(x) above `low` and up to `high`, for a law `of` any mean.
pub(super) fn length_biased_between(of: &Distribution, low: f64, high: f64, rng: &mut Stream) -> f64 {
    let (from, to) = (of.time_up_to(low), of.time_up_to(high));
    // False for an infinite mean, which has no length-biased law to draw from.
    if to - from >= WORTH_TRYING * of.mean() {
        return again_until_between(of, low, high, rng);
    }
    let target = from + (to - from) * rng.unit();
    least(low, high, |x| of.time_up_to(x) >= target)
}

fn again_until_between(of: &Distribution, low: f64, high: f64, rng: &mut Stream) -> f64 {
    loop {
        let life = of.length_biased(rng);
        if low < life && life <= high {
            return life;
        }
    }
}
