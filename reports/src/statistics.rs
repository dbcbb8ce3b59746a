//! Intervals over replications. The unit of independence is the replication: Pods of one run are correlated, so nothing here is ever
//! fed single Pods.

use statrs::distribution::{Continuous, ContinuousCDF, StudentsT};

/// The confidence level of every interval that is shown.
pub const LEVEL: f64 = 0.95;

/// A mean over independent observations, with its confidence interval where there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Number of observations.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation (divisor n − 1); `None` for fewer than two.
    pub deviation: Option<f64>,
    /// Half the width of the confidence interval; `None` for fewer than two observations.
    pub half_width: Option<f64>,
}

impl Estimate {
    /// The mean of `values` with its t interval at `level`; `None` without values.
    pub fn new(values: &[f64], level: f64) -> Option<Self> {
        let (count, mean) = (values.len(), mean(values)?);
        let deviation = deviation(values);
        let half_width = deviation.map(|s| t_two_sided(count as f64 - 1.0, level) * s / (count as f64).sqrt());
        Some(Self { count, mean, deviation, half_width })
    }

    /// The interval's lower end.
    pub fn low(&self) -> Option<f64> {
        self.half_width.map(|half| self.mean - half)
    }

    /// The interval's upper end.
    pub fn high(&self) -> Option<f64> {
        self.half_width.map(|half| self.mean + half)
    }
}

/// The mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation with divisor n − 1; `None` for fewer than two values.
pub fn deviation(values: &[f64]) -> Option<f64> {
    variance(values).map(f64::sqrt)
}

fn variance(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| squares / (values.len() as f64 - 1.0))
}

/// The `p` quantile of Student's t with `freedom` degrees of freedom.
///
/// # Panics
/// If `freedom` is not positive or `p` is not strictly between 0 and 1.
pub fn t_quantile(freedom: f64, p: f64) -> f64 {
    assert!(p > 0.0 && p < 1.0, "a quantile of Student's t lies strictly between 0 and 1, not at {p}");
    let law = StudentsT::new(0.0, 1.0, freedom).expect("degrees of freedom are positive");
    // The library's inverse is good to some seven digits; two Newton steps bring it to the accuracy of its distribution function.
    (0..2).fold(law.inverse_cdf(p), |t, _| t - (law.cdf(t) - p) / law.pdf(t))
}

/// How many standard errors a two-sided interval at `level` reaches to each side.
fn t_two_sided(freedom: f64, level: f64) -> f64 {
    t_quantile(freedom, f64::midpoint(1.0, level))
}

/// The level each of `comparisons` intervals must have for all of them to hold together with `level` (Bonferroni).
pub fn bonferroni(level: f64, comparisons: usize) -> f64 {
    1.0 - (1.0 - level) / comparisons.max(1) as f64
}

/// The mean difference `a − b` of observations paired by common random numbers, with its t interval; `None` without pairs.
///
/// # Panics
/// If the two sides differ in length.
pub fn paired(a: &[f64], b: &[f64], level: f64) -> Option<Estimate> {
    assert_eq!(a.len(), b.len(), "paired observations come in pairs");
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    Estimate::new(&differences, level)
}

/// A difference of means of independent observations with unequal variances (Welch).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    /// The difference of the means.
    pub difference: f64,
    /// Its standard error.
    pub error: f64,
    /// Degrees of freedom (Welch and Satterthwaite); `None` where neither side varies.
    pub freedom: Option<f64>,
    /// Half the width of its confidence interval.
    pub half_width: f64,
}

/// The difference `mean(a) − mean(b)` as if the observations were independent; `None` if either side has fewer than two.
pub fn welch(a: &[f64], b: &[f64], level: f64) -> Option<Welch> {
    let per = |values: &[f64]| Some((variance(values)? / values.len() as f64, values.len() as f64 - 1.0));
    let ((var_a, df_a), (var_b, df_b)) = (per(a)?, per(b)?);
    let error = (var_a + var_b).sqrt();
    let freedom = (error > 0.0).then(|| (var_a + var_b).powi(2) / (var_a.powi(2) / df_a + var_b.powi(2) / df_b));
    let half_width = freedom.map_or(0.0, |freedom| t_two_sided(freedom, level) * error);
    Some(Welch { difference: mean(a)? - mean(b)?, error, freedom, half_width })
}

/// How many times fewer replications a difference of pairs needs than one of independent samples for an interval of the same width: the
/// sum of the variances of both sides over the variance of the differences. `None` where a side has fewer than two observations, where
/// nothing varies, and where only the differences do not.
///
/// # Panics
/// If the two sides differ in length.
pub fn variance_ratio(a: &[f64], b: &[f64]) -> Option<f64> {
    let (both, pairs) = (variance(a)? + variance(b)?, paired(a, b, LEVEL)?.deviation?.powi(2));
    (pairs > both * f64::EPSILON).then(|| both / pairs)
}

/// The correlation of paired observations; `None` for fewer than two pairs, and where a side does not vary.
///
/// # Panics
/// If the two sides differ in length.
pub fn correlation(a: &[f64], b: &[f64]) -> Option<f64> {
    assert_eq!(a.len(), b.len(), "paired observations come in pairs");
    let (mean_a, mean_b) = (mean(a)?, mean(b)?);
    let covariance = a.iter().zip(b).map(|(a, b)| (a - mean_a) * (b - mean_b)).sum::<f64>() / (a.len() as f64 - 1.0);
    let scale = deviation(a)? * deviation(b)?;
    (scale > 0.0).then(|| (covariance / scale).clamp(-1.0, 1.0))
}

/// More replications than anyone will run.
const REPLICATIONS_MAX: usize = 1_000_000;

/// The least number of replications, two or more, whose t interval at `level` reaches no farther than `half_width` to each side if the
/// standard deviation stays at `deviation`. `None` if it takes more than a million.
pub fn replications_for(half_width: f64, deviation: f64, level: f64) -> Option<usize> {
    let enough = |n: usize| t_two_sided(n as f64 - 1.0, level) * deviation / (n as f64).sqrt() <= half_width;
    if !enough(REPLICATIONS_MAX) {
        return None;
    }
    // The reach falls with every replication, so halving finds the first that is enough.
    let (mut few, mut many) = (1, REPLICATIONS_MAX);
    while many - few > 1 {
        let middle = usize::midpoint(few, many);
        if enough(middle) { many = middle } else { few = middle }
    }
    Some(many)
}

/// The least number of replications whose interval reaches no farther than the share `precision` of the true mean: the half-width over
/// the estimated mean must not exceed `precision / (1 + precision)` (Law). `None` without a deviation, or for a mean of zero.
pub fn replications_for_precision(estimate: &Estimate, precision: f64, level: f64) -> Option<usize> {
    let reach = estimate.mean.abs() * precision / (1.0 + precision);
    if reach > 0.0 { replications_for(reach, estimate.deviation?, level) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64) {
        assert!((got - want).abs() < 1e-9 * want.abs().max(1.0), "{got} is not {want}");
    }

    #[test]
    fn ten_replications_give_the_worked_interval() {
        let x = [101.3, 98.7, 102.9, 99.4, 100.8, 97.6, 103.1, 100.2, 99.9, 101.7];
        let estimate = Estimate::new(&x, LEVEL).unwrap();
        close(estimate.mean, 100.56);
        close(estimate.deviation.unwrap(), 1.762_699_949_3);
        close(estimate.half_width.unwrap(), 1.260_959_581_9);
        close(estimate.low().unwrap(), 99.299_040_418_1);
        close(estimate.high().unwrap(), 101.820_959_581_9);
    }

    #[test]
    fn quantiles_of_student_are_those_of_the_printed_table() {
        let levels = [0.90, 0.95, 0.975, 0.99, 0.995];
        #[rustfmt::skip]
        let table: [(f64, [f64; 5]); 12] = [
            (1.0,  [3.077_683_537_2, 6.313_751_514_7, 12.706_204_736_2, 31.820_515_953_8, 63.656_741_162_9]),
            (2.0,  [1.885_618_083_2, 2.919_985_580_4, 4.302_652_729_7, 6.964_556_734_3, 9.924_843_200_9]),
            (3.0,  [1.637_744_353_7, 2.353_363_434_8, 3.182_446_305_3, 4.540_702_858_6, 5.840_909_309_7]),
            (4.0,  [1.533_206_274_1, 2.131_846_786_3, 2.776_445_105_2, 3.746_947_388_0, 4.604_094_871_3]),
            (5.0,  [1.475_884_048_8, 2.015_048_373_3, 2.570_581_835_6, 3.364_929_998_9, 4.032_142_983_6]),
            (7.0,  [1.414_923_927_7, 1.894_578_605_1, 2.364_624_251_6, 2.997_951_566_9, 3.499_483_297_4]),
            (9.0,  [1.383_028_738_4, 1.833_112_932_7, 2.262_157_162_8, 2.821_437_925_0, 3.249_835_541_6]),
            (14.0, [1.345_030_374_5, 1.761_310_135_8, 2.144_786_687_9, 2.624_494_067_6, 2.976_842_734_4]),
            (19.0, [1.327_728_209_0, 1.729_132_811_5, 2.093_024_054_4, 2.539_483_190_6, 2.860_934_606_5]),
            (29.0, [1.311_433_647_3, 1.699_127_026_5, 2.045_229_642_1, 2.462_021_360_2, 2.756_385_903_7]),
            (49.0, [1.299_068_784_7, 1.676_550_892_6, 2.009_575_237_1, 2.404_891_759_5, 2.679_951_973_6]),
            (99.0, [1.290_161_442_0, 1.660_391_156_0, 1.984_216_951_6, 2.364_605_861_8, 2.626_405_457_3]),
        ];
        for (freedom, row) in table {
            for (level, want) in levels.into_iter().zip(row) {
                close(t_quantile(freedom, level), want);
            }
        }
    }

    #[test]
    fn many_degrees_of_freedom_lead_to_the_normal_law() {
        #[rustfmt::skip]
        let normal = [
            (0.90, 1.281_551_565_5), (0.95, 1.644_853_627_0), (0.975, 1.959_963_984_5), (0.99, 2.326_347_874_0), (0.995, 2.575_829_303_5),
        ];
        for (p, want) in normal {
            // What t is more than z, but for terms of the order of 1 / n².
            let (n, more) = (1e4, want * (want * want + 1.0) / 4.0);
            assert!((t_quantile(n, p) - want - more / n).abs() < 1e-6, "{p}");
        }
    }

    #[test]
    fn several_comparisons_widen_each_interval() {
        for (comparisons, want) in [(2, 2.685_010_846_8), (5, 3.249_835_541_6), (10, 3.689_662_392_3)] {
            close(t_two_sided(9.0, bonferroni(LEVEL, comparisons)), want);
        }
    }

    #[test]
    fn pairing_shows_what_independent_samples_hide() {
        let a = [52.1, 48.7, 55.3, 50.2, 49.8, 53.4, 51.0, 47.9, 54.6, 50.5];
        let b = [50.9, 47.1, 54.2, 48.8, 48.9, 51.7, 49.9, 46.2, 53.5, 49.0];
        let pairs = paired(&a, &b, LEVEL).unwrap();
        close(pairs.mean, 1.33);
        close(pairs.deviation.unwrap(), 0.286_937_856_2);
        close(pairs.half_width.unwrap(), 0.205_262_977_0);
        let independent = welch(&a, &b, LEVEL).unwrap();
        close(independent.difference, 1.33);
        close(independent.error, 1.128_031_717_4);
        close(independent.freedom.unwrap(), 17.955_969_067_8);
        close(independent.half_width, 2.370_323_323_7);
        assert!(pairs.low().unwrap() > 0.0 && independent.half_width > independent.difference);
        close(correlation(&a, &b).unwrap(), 0.994_749_963_3);
        assert!((variance_ratio(&a, &b).unwrap() - 154.549_258).abs() < 1e-6);
    }

    #[test]
    fn replications_for_a_relative_precision_are_the_worked_ones() {
        let x = [101.3, 98.7, 102.9, 99.4, 100.8, 97.6, 103.1, 100.2, 99.9, 101.7];
        let estimate = Estimate::new(&x, LEVEL).unwrap();
        for (precision, want) in [(0.05, 3), (0.01, 15), (0.005, 51)] {
            assert_eq!(replications_for_precision(&estimate, precision, LEVEL), Some(want), "{precision}");
        }
        assert_eq!(replications_for(1e-9, 1.0, LEVEL), None);
        assert_eq!(replications_for(1.0, 0.0, LEVEL), Some(2));
    }

    #[test]
    fn pairing_gains_nothing_where_nothing_varies_and_what_varies_alike_has_no_ratio() {
        assert_eq!((variance_ratio(&[1.0, 1.0], &[2.0, 2.0]), correlation(&[1.0, 1.0], &[1.0, 2.0])), (None, None));
        assert_eq!(variance_ratio(&[1.0, 2.0], &[3.0, 4.0]), None);
    }

    #[test]
    fn one_replication_has_a_mean_and_no_interval() {
        let one = Estimate::new(&[3.0], LEVEL).unwrap();
        assert_eq!((one.mean, one.deviation, one.half_width, one.low()), (3.0, None, None, None));
        assert_eq!(Estimate::new(&[], LEVEL), None);
        assert_eq!(welch(&[1.0], &[1.0, 2.0], LEVEL), None);
    }

    #[test]
    fn equal_replications_have_an_interval_of_no_width() {
        assert_eq!(Estimate::new(&[2.0, 2.0, 2.0], LEVEL).unwrap().half_width, Some(0.0));
        let none = Welch { difference: 0.0, error: 0.0, freedom: None, half_width: 0.0 };
        assert_eq!(welch(&[2.0, 2.0], &[2.0, 2.0], LEVEL), Some(none));
    }
}
