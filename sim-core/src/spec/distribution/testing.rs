//! What every law has to stand: its draws, its formulas and its equilibrium must describe one and the same law.

use super::Distribution;
use crate::engine::random::{Purpose, Seed, Stream};

/// The critical distance of a Kolmogorov-Smirnov test of 10,000 draws at 5 %. It falls with the root of the count.
const CRITICAL: f64 = 0.013_564_202_8;
const DRAWS: u64 = 10_000;
/// Equilibrium draws cost more.
const DRAWS_RESIDUAL: u64 = 2_500;
/// Fixed seeds, each a test at 5 %: three failures of a right law have a probability of one in a thousand.
const SEEDS: u64 = 5;
const FAILURES_MAX: usize = 2;

/// Checks all that holds for any law.
pub(super) fn check(law: &Distribution) {
    law.validate().unwrap();
    formulas_agree(law);
    quantiles_invert_survival(law);
    follows(law, DRAWS, |rng| law.sample(rng), |x| 1.0 - law.survival(x));
    let mean = law.mean();
    if mean.is_finite() && mean > 0.0 {
        follows(law, DRAWS_RESIDUAL, |rng| law.length_biased(rng), |x| law.time_up_to(x) / mean);
        follows(law, DRAWS_RESIDUAL, |rng| law.residual(rng), |x| law.limited_mean(x) / mean);
    }
}

/// Checks the first three draws of seed 1, so that a new version of a sampler cannot change results unnoticed.
pub(super) fn golden(law: &Distribution, want: [f64; 3]) {
    let got = [0, 1, 2].map(|draw| law.sample(&mut Seed(1).stream(Purpose::Lifetime, 0, draw)));
    for (got_one, want_one) in got.iter().zip(want) {
        assert!(near(*got_one, want_one, 1e-12), "{law:?} draws {got:?}, wanted {want:?}");
    }
}

/// Whether two numbers agree to a relative error.
pub(super) fn near(got: f64, want: f64, error: f64) -> bool {
    got.total_cmp(&want).is_eq() || (got - want).abs() <= error * want.abs()
}

/// `draws` draws from each seed against the distribution function `below`, P(X ≤ x).
fn follows(law: &Distribution, draws: u64, draw: impl Fn(&mut Stream) -> f64, below: impl Fn(f64) -> f64) {
    let critical = CRITICAL * (DRAWS as f64 / draws as f64).sqrt();
    let of_seed = |seed| (0..draws).map(|entity| draw(&mut Seed(seed).stream(Purpose::Residual, entity, 0))).collect();
    let distances: Vec<f64> = (0..SEEDS).map(|seed| distance(of_seed(seed), &below)).collect();
    let failures = distances.iter().filter(|distance| **distance > critical).count();
    assert!(failures <= FAILURES_MAX, "{draws} draws from {law:?} are off by {distances:?}");
}

/// The largest distance between the distribution of `draws` and `below`, on both sides of each draw: laws may have atoms.
fn distance(mut draws: Vec<f64>, below: impl Fn(f64) -> f64) -> f64 {
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let mut met = 0;
    let mut largest = 0.0_f64;
    for same in draws.chunk_by(f64::eq) {
        let x = same[0];
        assert!(x >= 0.0 && x.is_finite(), "a draw of {x}");
        let before = if x > 0.0 { below(x.next_down()) } else { 0.0 };
        largest = largest.max((before - met as f64 / n).abs());
        met += same.len();
        largest = largest.max((below(x) - met as f64 / n).abs());
    }
    largest
}

/// Limited moments are integrals of the survival function, and grow towards the moments.
fn formulas_agree(law: &Distribution) {
    for p in [0.01, 0.5, 0.95] {
        let x = law.quantile(p);
        let mean = integral(x, |t| law.survival(t));
        let second = integral(x, |t| 2.0 * t * law.survival(t));
        assert!(near(law.limited_mean(x), mean, 1e-4), "E[min(X, {x})] of {law:?}: {} or {mean}", law.limited_mean(x));
        let limited = law.limited_second_moment(x);
        assert!(near(limited, second, 1e-4), "E[min(X, {x})²] of {law:?}: {limited} or {second}");
    }
    let far = 1e200;
    assert!(law.mean().is_infinite() || near(law.limited_mean(far), law.mean(), 1e-9), "the mean of {law:?}");
    let (limited, second) = (law.limited_second_moment(1e100), law.second_moment());
    assert!(second.is_infinite() || near(limited, second, 1e-9), "E[X²] of {law:?}: {limited} or {second}");
}

/// The integral of `of` from 0 to `to`, by the midpoint rule on a grid that is fine near 0 and near jumps of no width.
fn integral(to: f64, of: impl Fn(f64) -> f64) -> f64 {
    const CELLS: u32 = 20_000;
    let at = |cell: u32| to * (f64::from(cell) / f64::from(CELLS)).powi(3);
    (0..CELLS).map(|cell| (at(cell + 1) - at(cell)) * of(f64::midpoint(at(cell), at(cell + 1)))).sum()
}

fn quantiles_invert_survival(law: &Distribution) {
    for p in [0.001, 0.1, 0.5, 0.9, 0.999] {
        let x = law.quantile(p);
        // A little aside, as closed forms round; an atom reaches beyond p on one side.
        let aside = x * 1e-9 + f64::MIN_POSITIVE;
        let (below, reached) = (1.0 - law.survival(x - aside), 1.0 - law.survival(x + aside));
        assert!(reached >= p - 1e-9 && below <= p + 1e-9, "quantile {p} of {law:?} is {x}: {below} to {reached}");
    }
    assert!(law.survival(-1.0) >= 1.0);
    assert!(law.survival(law.quantile(1.0)) <= 0.0);
}
