//! The same scenario under several settings (arms), compared in pairs: replication r of every arm has the same random numbers, so what
//! differs between them is the doing of the settings.
//!
//! Every measure of every arm is held against that of the baseline: the mean of the differences of the replications with its t interval.
//! With several arms beside the baseline each interval is widened so that those of a measure hold together (Bonferroni). A verdict names
//! a direction only where the whole interval lies on one side of zero.

mod effect;
mod files;
mod page;
mod pictures;
mod table;

pub use effect::{Cell, Contrast, Row, Verdict};
pub use files::{comparison_json, write_comparison};
pub use table::comparison_table;

use crate::figures::{Measure, measures};
use crate::run::{Notes, RunInfo};
use crate::statistics::{LEVEL, bonferroni};
use sim_core::measure::Outcome;

/// An arm as it was run.
#[derive(Clone, Debug)]
pub struct ArmRun {
    /// Its name, which is also that of its folder.
    pub name: String,
    /// What it stands for; may be empty.
    pub description: String,
    /// What it changes: paths and values as they are written.
    pub settings: Vec<(String, String)>,
    /// About its run alone.
    pub run: RunInfo,
    /// Its replications, in order.
    pub outcomes: Vec<Outcome>,
    /// What readers must know of it.
    pub notes: Notes,
}

/// Several arms of one scenario.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// About the whole: its `digest` is that of the baseline, its `reproduce` the command that compares again.
    pub run: RunInfo,
    /// The arms, two or more, with as many replications each.
    pub arms: Vec<ArmRun>,
    /// Which of them the others are compared with.
    pub baseline: usize,
    /// The measures that the experiment is about; shown first.
    pub headlines: Vec<&'static Measure>,
    /// Sentences that limit what may be concluded from the comparison as such.
    pub warnings: Vec<String>,
}

/// Which measures are shown to people. Files have all of them.
#[derive(Clone, Debug, Default)]
pub enum Selection {
    /// The headlines, and those that changed most.
    #[default]
    Telling,
    /// All that were observed.
    All,
    /// These, in this order.
    Chosen(Vec<&'static Measure>),
}

/// Measures that are shown because they changed most.
const CHANGED_MAX: usize = 12;

/// The measures to show: those that the experiment is about, and those that changed most.
struct Shown {
    headlines: Vec<Row>,
    changed: Vec<Row>,
    /// More measures that changed than are shown.
    more: usize,
}

impl Comparison {
    /// How many comparisons with the baseline a measure has.
    pub fn contrasts(&self) -> usize {
        self.arms.len() - 1
    }

    /// The level of each interval of a difference, so that those of a measure hold together with 95 %.
    pub fn level(&self) -> f64 {
        bonferroni(LEVEL, self.contrasts())
    }

    /// The measure in every arm.
    pub fn row(&self, measure: &'static Measure) -> Row {
        Row::new(self, measure)
    }

    /// Every measure in every arm, in the order of the report.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        measures().map(|measure| self.row(measure))
    }

    fn shown(&self, selection: &Selection) -> Shown {
        let rows = |measures: &[&'static Measure]| measures.iter().map(|measure| self.row(measure)).collect();
        match selection {
            Selection::All => Shown { headlines: self.rows().filter(Row::observed).collect(), changed: Vec::new(), more: 0 },
            Selection::Chosen(measures) => Shown { headlines: rows(measures), changed: Vec::new(), more: 0 },
            Selection::Telling => {
                let mut changed = self.changed();
                let more = changed.len().saturating_sub(CHANGED_MAX);
                changed.truncate(CHANGED_MAX);
                Shown { headlines: rows(&self.headlines), changed, more }
            }
        }
    }

    /// Measures, headlines aside, that differ between arms as far as can be told, those with the largest relative change first.
    fn changed(&self) -> Vec<Row> {
        let headline = |row: &Row| self.headlines.iter().any(|headline| headline.id == row.measure.id);
        let mut rows: Vec<(f64, Row)> =
            self.rows().filter(|row| !headline(row)).filter_map(|row| Some((row.largest_change()?, row))).collect();
        rows.sort_by(|a, b| b.0.total_cmp(&a.0));
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// How many measures are the same in every replication of every arm, how many differ but not beyond chance, how many differ.
    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in self.rows().filter(Row::observed) {
            match row.boldest() {
                Verdict::Identical => counts.identical += 1,
                Verdict::Higher | Verdict::Lower => counts.different += 1,
                _ => counts.open += 1,
            }
        }
        counts
    }

    /// What to know before a verdict is believed.
    fn caveats(&self) -> Vec<String> {
        let few = crate::run::warnings(self.arms[0].outcomes.len(), &Notes::default());
        let broken = self.arms.iter().filter_map(|arm| {
            let broken = crate::checks(&arm.outcomes).iter().filter(|check| !check.passed).count();
            let many = if broken == 1 { "an identity".to_owned() } else { format!("{broken} identities") };
            (broken > 0).then(|| format!("Arm `{}` breaks {many}: its figures are not to be used. Its own report says which.", arm.name))
        });
        let mut own: Vec<String> = Vec::new();
        for text in self.arms.iter().flat_map(|arm| &arm.notes.warnings) {
            if !own.contains(text) {
                own.push(text.clone());
            }
        }
        broken.chain(few).chain(self.warnings.iter().cloned()).chain(own).collect()
    }

    /// How intervals and verdicts are to be read.
    fn reading(&self) -> String {
        let baseline = &self.arms[self.baseline].name;
        let level = match self.contrasts() {
            1 => "95 % CI".to_owned(),
            many => {
                format!("95 % CI for the {many} differences of a measure together (Bonferroni: {} % each)", trimmed(self.level() * 100.0))
            }
        };
        format!(
            "Differences to the baseline, {baseline}, are means over pairs of replications with equal random numbers: {level}. A verdict holds for one \
             measure, not for all of them together: where nothing differs, about one measure in twenty is called different by chance. Judge \
             by the measures that you named before."
        )
    }
}

/// Measures by what can be said of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    identical: usize,
    different: usize,
    open: usize,
}

/// Up to two decimals, without trailing zeros.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::figures::measure;
    use crate::synthetic;

    /// An arm made of these outcomes.
    pub(crate) fn arm(name: &str, outcomes: Vec<Outcome>) -> ArmRun {
        let settings =
            if name == "plain" { Vec::new() } else { vec![("spec.cluster.nodePools.general.count".to_owned(), "150".to_owned())] };
        let run = synthetic::run(outcomes.len() as u32);
        ArmRun { name: name.to_owned(), description: String::new(), settings, run, outcomes, notes: synthetic::notes() }
    }

    /// Outcomes in which so many more Pods were created in each replication, and `noise` more in every other one.
    pub(crate) fn more_pods(replications: u32, more: u64, noise: u64) -> Vec<Outcome> {
        let mut outcomes = synthetic::outcomes(replications);
        for (row, outcome) in outcomes.iter_mut().enumerate() {
            let more = more + noise * (row as u64 % 2);
            outcome.pods.created += more;
            // As many fewer that were there before: no identity is broken.
            outcome.pods.at_start -= more;
        }
        outcomes
    }

    /// A comparison of these arms with the first.
    pub(crate) fn comparison(arms: Vec<ArmRun>) -> Comparison {
        let run = synthetic::run(arms[0].outcomes.len() as u32);
        Comparison { run, arms, baseline: 0, headlines: vec![measure("pods.created").unwrap()], warnings: Vec::new() }
    }

    pub(crate) fn three_arms() -> Comparison {
        comparison(vec![
            arm("plain", synthetic::outcomes(5)),
            arm("more", more_pods(5, 40, 3)),
            ArmRun { description: "hardly anything is different".to_owned(), ..arm("noisy", more_pods(5, 0, 2)) },
        ])
    }

    #[test]
    fn equal_arms_differ_by_exactly_nothing_in_every_measure() {
        let comparison = comparison(vec![arm("plain", synthetic::outcomes(5)), arm("same", synthetic::outcomes(5))]);
        for row in comparison.rows().filter(Row::observed) {
            let contrast = row.cells[1].contrast.as_ref().unwrap();
            assert_eq!(contrast.difference.map(|it| (it.mean.to_bits(), it.half_width)), Some((0, Some(0.0))), "{}", row.measure.id);
            assert_eq!(contrast.verdict, Verdict::Identical, "{}", row.measure.id);
        }
        assert_eq!((comparison.counts().different, comparison.counts().open), (0, 0));
        assert!(comparison.changed().is_empty());
    }

    #[test]
    fn several_arms_widen_the_intervals_of_differences() {
        assert!((three_arms().level() - 0.975).abs() < 1e-12);
        assert!(three_arms().reading().contains("97.5 % each"));
    }

    #[test]
    fn a_broken_identity_of_an_arm_comes_first() {
        let mut comparison = three_arms();
        comparison.arms[1].outcomes[0].addresses.duplicates = 2;
        assert!(comparison.caveats()[0].contains("Arm `more` breaks an identity"), "{:?}", comparison.caveats());
    }
}
