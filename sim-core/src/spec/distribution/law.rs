//! What every law can do.

use crate::engine::random::Stream;

/// A law of non-negative numbers with valid parameters.
pub(super) trait Law {
    /// A draw.
    fn sample(&self, rng: &mut Stream) -> f64;

    /// P(X > x) for `x` ≥ 0.
    fn survival(&self, x: f64) -> f64;

    /// E[X].
    fn mean(&self) -> f64;

    /// E[X²].
    fn second_moment(&self) -> f64;

    /// E[min(X, x)] for finite `x` ≥ 0.
    fn limited_mean(&self, x: f64) -> f64;

    /// E[min(X, x)²] for finite `x` ≥ 0.
    fn limited_second_moment(&self, x: f64) -> f64;

    /// A draw from the law of density x f(x) / mean. The mean is finite.
    fn length_biased(&self, rng: &mut Stream) -> f64;

    /// The least x with P(X ≤ x) ≥ `p`, for `p` from 0 to 1.
    fn quantile(&self, p: f64) -> f64 {
        if p >= 1.0 { f64::INFINITY } else { least(0.0, f64::MAX, |x| self.survival(x) <= 1.0 - p) }
    }
}

/// The least float from `low` to `high` at which `reached` holds, given that it holds from some point on. `high` if none does.
///
/// Halves the floats between, not the distance: non-negative floats sort as their bits do, so 64 steps reach the last bit
/// whether the answer is a nanosecond or a century.
pub(super) fn least(low: f64, high: f64, reached: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (low.to_bits(), high.to_bits());
    while low < high {
        let middle = low + (high - low) / 2;
        if reached(f64::from_bits(middle)) { high = middle } else { low = middle + 1 }
    }
    f64::from_bits(high)
}

#[cfg(test)]
mod tests {
    use super::least;

    #[test]
    fn a_threshold_is_found_to_the_last_bit_at_any_size() {
        for threshold in [0.0, 1e-9, 1.0, 3.155e9, 1e300] {
            assert_eq!(least(0.0, f64::MAX, |x| x >= threshold).to_bits(), f64::to_bits(threshold));
        }
        assert_eq!(least(0.0, 5.0, |_| false).to_bits(), 5.0_f64.to_bits());
    }
}
