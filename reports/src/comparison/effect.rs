//! What a setting does to a measure.

use super::{ArmRun, Comparison};
use crate::figures::Measure;
use crate::statistics::{Estimate, LEVEL, Welch, correlation, mean, paired, replications_for, variance_ratio, welch};
use sim_core::measure::Outcome;

/// Values closer than this, relative to their size, differ by rounding alone.
const ROUNDING: f64 = 1e-12;

/// What can be said of a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The whole interval lies above zero.
    Higher,
    /// The whole interval lies below zero.
    Lower,
    /// The interval holds zero: there may be a difference or not.
    NoDifferenceShown,
    /// Every replication gave the same in both arms.
    Identical,
    /// One pair: a difference was seen, and nothing says whether it is more than chance.
    OneReplication,
    /// No replication observed the measure in both arms.
    NotObserved,
}

impl Verdict {
    /// The verdict in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
            Self::NoDifferenceShown => "no difference shown",
            Self::Identical => "identical",
            Self::OneReplication => "one replication: no interval",
            Self::NotObserved => "not observed in both",
        }
    }

    /// True if something was seen to differ.
    const fn differs(self) -> bool {
        matches!(self, Self::Higher | Self::Lower | Self::OneReplication)
    }

    /// The more is said, the larger.
    const fn boldness(self) -> u8 {
        match self {
            Self::Higher | Self::Lower => 3,
            Self::NoDifferenceShown | Self::OneReplication => 2,
            Self::Identical => 1,
            Self::NotObserved => 0,
        }
    }
}

/// A measure of an arm held against that of the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Contrast {
    /// Replications that observed the measure in both arms.
    pub pairs: usize,
    /// The mean of arm − baseline over these pairs, at the comparison's level; `None` without pairs.
    pub difference: Option<Estimate>,
    /// The difference over the baseline's mean in these pairs; `None` where that is not above zero.
    pub change: Option<f64>,
    /// The same pairs as if they were independent, at the same level: what the interval would be without common random numbers.
    pub welch: Option<Welch>,
    /// How many times fewer replications pairing needs.
    pub variance_ratio: Option<f64>,
    /// How far replications of both arms move together, −1 to 1.
    pub correlation: Option<f64>,
    /// What can be said.
    pub verdict: Verdict,
    /// Where no difference is shown: replications at which the interval would leave out zero, if difference and spread stay as they are.
    pub replications_to_tell: Option<usize>,
}

/// A measure in one arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Its mean over the replications that observed it, with a 95 % interval.
    pub estimate: Option<Estimate>,
    /// Against the baseline; `None` for the baseline itself.
    pub contrast: Option<Contrast>,
    /// Its value in each replication that observed it.
    pub values: Vec<f64>,
}

/// A measure in every arm.
#[derive(Clone, Debug)]
pub struct Row {
    /// The measure.
    pub measure: &'static Measure,
    /// One cell an arm, in the order of arms.
    pub cells: Vec<Cell>,
}

impl Row {
    pub(super) fn new(comparison: &Comparison, measure: &'static Measure) -> Self {
        let baseline = &comparison.arms[comparison.baseline];
        let cell = |(row, arm): (usize, &ArmRun)| {
            let values = measure.values(&arm.outcomes);
            let contrast =
                (row != comparison.baseline).then(|| Contrast::new(&arm.outcomes, &baseline.outcomes, measure, comparison.level()));
            Cell { estimate: Estimate::new(&values, LEVEL), contrast, values }
        };
        Self { measure, cells: comparison.arms.iter().enumerate().map(cell).collect() }
    }

    /// True if any replication of any arm observed the measure.
    pub fn observed(&self) -> bool {
        self.cells.iter().any(|cell| cell.estimate.is_some())
    }

    fn contrasts(&self) -> impl Iterator<Item = &Contrast> {
        self.cells.iter().filter_map(|cell| cell.contrast.as_ref())
    }

    /// The verdict that says most.
    pub(super) fn boldest(&self) -> Verdict {
        let verdicts = self.contrasts().map(|contrast| contrast.verdict);
        verdicts.max_by_key(|verdict| verdict.boldness()).unwrap_or(Verdict::NotObserved)
    }

    /// The largest relative change among arms that differ; infinite where the baseline has none of it.
    pub(super) fn largest_change(&self) -> Option<f64> {
        let differing = self.contrasts().filter(|contrast| contrast.verdict.differs());
        differing.map(|contrast| contrast.change.map_or(f64::INFINITY, f64::abs)).max_by(f64::total_cmp)
    }
}

impl Contrast {
    fn new(arm: &[Outcome], baseline: &[Outcome], measure: &Measure, level: f64) -> Self {
        let (arm, baseline) = pairs(arm, baseline, measure);
        let difference = paired(&arm, &baseline, level);
        let verdict = verdict(&arm, &baseline, difference.as_ref());
        let change = difference.zip(mean(&baseline)).filter(|(_, base)| *base > 0.0).map(|(difference, base)| difference.mean / base);
        Self {
            pairs: arm.len(),
            change,
            welch: welch(&arm, &baseline, level),
            variance_ratio: variance_ratio(&arm, &baseline),
            correlation: correlation(&arm, &baseline),
            verdict,
            replications_to_tell: difference.filter(|_| verdict == Verdict::NoDifferenceShown).and_then(|it| to_tell(&it, level)),
            difference,
        }
    }

    /// The interval of the difference.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.difference.and_then(|difference| difference.low().zip(difference.high()))
    }
}

fn to_tell(difference: &Estimate, level: f64) -> Option<usize> {
    replications_for(difference.mean.abs(), difference.deviation?, level).filter(|_| difference.mean != 0.0)
}

/// The measure's values in the replications that observed it in both arms.
fn pairs(arm: &[Outcome], baseline: &[Outcome], measure: &Measure) -> (Vec<f64>, Vec<f64>) {
    let value = |outcome| (measure.value)(outcome).filter(|value: &f64| value.is_finite());
    let both = arm.iter().zip(baseline).filter_map(|(arm, baseline)| Some((value(arm)?, value(baseline)?)));
    both.map(|(arm, baseline)| if same(arm, baseline) { (baseline, baseline) } else { (arm, baseline) }).unzip()
}

fn same(a: f64, b: f64) -> bool {
    (a - b).abs() <= a.abs().max(b.abs()) * ROUNDING
}

fn verdict(arm: &[f64], baseline: &[f64], difference: Option<&Estimate>) -> Verdict {
    let Some(difference) = difference else { return Verdict::NotObserved };
    if arm.iter().zip(baseline).all(|(arm, baseline)| same(*arm, *baseline)) {
        return Verdict::Identical;
    }
    match difference.low().zip(difference.high()) {
        None => Verdict::OneReplication,
        Some((low, _)) if low > 0.0 => Verdict::Higher,
        Some((_, high)) if high < 0.0 => Verdict::Lower,
        Some(_) => Verdict::NoDifferenceShown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{arm, comparison, more_pods, three_arms};
    use super::*;
    use crate::figures::measure;

    fn created(comparison: &Comparison, arm: usize) -> Contrast {
        comparison.row(measure("pods.created").unwrap()).cells[arm].contrast.clone().unwrap()
    }

    #[test]
    fn a_verdict_names_a_direction_only_where_the_interval_carries_it() {
        let comparison = three_arms();
        assert_eq!([1, 2].map(|arm| created(&comparison, arm).verdict), [Verdict::Higher, Verdict::NoDifferenceShown]);
        let lower = Comparison { baseline: 1, ..comparison };
        assert_eq!(created(&lower, 0).verdict, Verdict::Lower);
        let one = super::super::tests::comparison(vec![arm("plain", more_pods(1, 0, 0)), arm("more", more_pods(1, 9, 0))]);
        let contrast = created(&one, 1);
        assert_eq!((contrast.verdict, contrast.interval(), contrast.welch), (Verdict::OneReplication, None, None));
    }

    #[test]
    fn a_difference_is_the_mean_over_pairs_and_its_interval_that_of_the_differences() {
        let contrast = created(&three_arms(), 1);
        let differences = [40.0, 43.0, 40.0, 43.0, 40.0];
        let want = Estimate::new(&differences, 0.975).unwrap();
        let got = contrast.difference.unwrap();
        assert!((got.mean - want.mean).abs() < 1e-9 && (got.half_width.unwrap() - want.half_width.unwrap()).abs() < 1e-9);
        assert_eq!(contrast.pairs, 5);
        assert!(contrast.variance_ratio.unwrap() > 10.0 && contrast.welch.unwrap().half_width > got.half_width.unwrap());
    }

    #[test]
    fn where_no_difference_is_shown_it_is_told_how_many_replications_would_show_one_of_that_size() {
        let comparison = three_arms();
        let contrast = created(&comparison, 2);
        let (told, needed) = (contrast.difference.unwrap(), contrast.replications_to_tell.unwrap());
        let reach = |n: usize| {
            let t = crate::statistics::t_quantile(n as f64 - 1.0, f64::midpoint(1.0, comparison.level()));
            t * told.deviation.unwrap() / (n as f64).sqrt()
        };
        assert!(needed > 5 && reach(needed) <= told.mean && reach(needed - 1) > told.mean, "{needed}");
        assert_eq!(created(&comparison, 1).replications_to_tell, None);
    }

    #[test]
    fn what_only_one_arm_observed_is_not_compared() {
        let mut outcomes = more_pods(3, 0, 0);
        outcomes[1] = crate::synthetic::empty();
        let comparison = comparison(vec![arm("plain", more_pods(3, 0, 0)), arm("gap", outcomes)]);
        let row = comparison.row(measure("lifespan.mean").unwrap());
        assert_eq!(row.cells[1].contrast.as_ref().map(|contrast| contrast.pairs), Some(2));
    }
}
