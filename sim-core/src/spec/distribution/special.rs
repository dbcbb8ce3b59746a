//! Functions that laws need and the standard library lacks.

use std::f64::consts::SQRT_2;

/// Ends continued fractions that rounding keeps from settling. A hundred terms are usual, so this is never near.
const FRACTION_MAX: u32 = 10_000;

/// P(Z ≤ z) for a standard normal Z.
pub(super) fn normal_below(z: f64) -> f64 {
    libm::erfc(-z / SQRT_2) / 2.0
}

/// P(G ≤ x) for a gamma variate G of this shape and scale 1: the regularised lower incomplete gamma function.
pub(super) fn gamma_below(shape: f64, x: f64) -> f64 {
    if x < shape + 1.0 { gamma_series(shape, x) } else { 1.0 - gamma_fraction(shape, x) }
}

/// P(G > x) for a gamma variate G of this shape and scale 1: the regularised upper incomplete gamma function.
pub(super) fn gamma_above(shape: f64, x: f64) -> f64 {
    if x < shape + 1.0 { 1.0 - gamma_series(shape, x) } else { gamma_fraction(shape, x) }
}

/// x^shape e^-x / Γ(shape), the factor before series and fraction.
fn gamma_factor(shape: f64, x: f64) -> f64 {
    (shape * x.ln() - x - libm::lgamma(shape)).exp()
}

/// The power series of the lower function, Σ x^n / (shape (shape + 1) … (shape + n)); quick up to shape + 1.
fn gamma_series(shape: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut n) = (1.0 / shape, 1.0 / shape, shape);
    while term > sum * f64::EPSILON / 4.0 {
        n += 1.0;
        term *= x / n;
        sum += term;
    }
    (sum * gamma_factor(shape, x)).min(1.0)
}

/// The continued fraction of the upper function, quick from shape + 1 on:
/// 1 / (e(0) + t(1) / (e(1) + t(2) / (e(2) + …))), e(n) = x + 2n + 1 - shape, t(n) = n (shape - n).
///
/// Lentz's method: from the front, as the product of ratios of successive numerators and denominators.
fn gamma_fraction(shape: f64, x: f64) -> f64 {
    if x.is_infinite() {
        return 0.0;
    }
    let mut entry = x + 1.0 - shape;
    let (mut over, mut under) = (f64::INFINITY, 1.0 / entry);
    let mut value = under;
    for n in (1..FRACTION_MAX).map(f64::from) {
        let top = n * (shape - n);
        entry += 2.0;
        under = 1.0 / (entry + top * under);
        over = entry + top / over;
        value *= over * under;
        if (over * under - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    (value * gamma_factor(shape, x)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::testing::near;
    use super::*;

    #[test]
    fn the_normal_distribution_is_as_tabulated_far_into_the_tail() {
        let table = [(0.0, 0.5), (1.959_963_984_540_054, 0.975), (-2.575_829_303_548_901, 0.005), (-10.0, 7.619_853_024_160_527e-24)];
        for (z, want) in table {
            assert!(near(normal_below(z), want, 1e-13), "{z}: {}", normal_below(z));
        }
    }

    #[test]
    fn whole_shapes_count_poisson_events() {
        for x in [0.01, 0.5, 2.9, 3.1, 10.0, 50.0_f64] {
            // No more than two events where x are expected.
            let want = (-x).exp() * (1.0 + x + x * x / 2.0);
            assert!(near(gamma_above(3.0, x), want, 1e-12), "{x}");
            assert!((gamma_below(3.0, x) - (1.0 - want)).abs() < 1e-14, "{x}");
        }
    }

    #[test]
    fn shape_one_half_is_a_squared_normal() {
        for x in [1e-6, 0.3, 1.4, 1.6, 20.0_f64] {
            assert!(near(gamma_above(0.5, x), libm::erfc(x.sqrt()), 1e-12), "{x}");
            assert!(near(gamma_below(0.5, x), libm::erf(x.sqrt()), 1e-12), "{x}");
        }
    }

    #[test]
    fn the_gamma_distribution_has_its_ends_and_large_shapes_their_middle() {
        assert!(gamma_below(2.5, 0.0) <= 0.0 && gamma_above(2.5, 0.0) >= 1.0);
        assert!(gamma_above(2.5, f64::INFINITY) <= 0.0 && gamma_below(2.5, f64::INFINITY) >= 1.0);
        // The median of a gamma law is near shape - 1/3.
        assert!((gamma_below(10_000.0, 10_000.0 - 1.0 / 3.0) - 0.5).abs() < 1e-6);
    }
}
