//! Figures: what is measured, exactly, and its estimate over replications.
//!
//! A [`Measure`] reads one number from one replication. A [`Figure`] is its mean over replications with a t interval; quantiles too are
//! estimated within each replication first, and the interval is over those estimates.

mod containers;
mod control;
mod fleet;
mod lifecycle;
mod pods;
mod resources;
mod startup;
mod traffic;
mod unit;

pub(crate) use lifecycle::arrow;
pub(crate) use pods::at_end;
pub use unit::Unit;

use crate::statistics::{Estimate, LEVEL};
use sim_core::measure::{Outcome, Tally, TimeAverage};

/// What a figure may be taken for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The mechanism produces it; no parameter sets it directly.
    Emergent,
    /// A parameter of the workload was chosen so that the run lands there.
    Calibrated,
    /// A limit that the run must reach.
    Capability,
    /// A count or time kept for the reader; nothing is claimed of it.
    Record,
}

impl Kind {
    /// The label shown beside a figure.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emergent => "emergent",
            Self::Calibrated => "calibrated",
            Self::Capability => "capability",
            Self::Record => "record",
        }
    }
}

/// A number that each replication gives.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its name in files: never changed without a reason.
    pub id: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it may be taken for, in scenarios where a mechanism decides it.
    pub kind: Kind,
    /// Its unit in files.
    pub unit: Unit,
    /// What exactly is measured.
    pub definition: &'static str,
    /// Reads it from a replication; `None` where nothing was observed.
    pub value: fn(&Outcome) -> Option<f64>,
}

/// A measure's estimate over replications.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The measure's name in files.
    pub id: &'static str,
    /// The measure's name for people.
    pub label: &'static str,
    /// What it may be taken for.
    pub kind: Kind,
    /// Unit of `mean`, `low` and `high`.
    pub unit: Unit,
    /// Mean over the replications that observed it; `None` if none did.
    pub mean: Option<f64>,
    /// Lower end of the 95 % confidence interval; `None` for fewer than two replications.
    pub low: Option<f64>,
    /// Upper end of the 95 % confidence interval; `None` for fewer than two replications.
    pub high: Option<f64>,
    /// Replications that observed it.
    pub replications: usize,
    /// What exactly is measured.
    pub definition: &'static str,
}

impl Measure {
    /// The measure's value in each replication that observed it, in order. A value that is no finite number counts as not observed.
    pub fn values(&self, outcomes: &[Outcome]) -> Vec<f64> {
        outcomes.iter().filter_map(self.value).filter(|value| value.is_finite()).collect()
    }

    /// The measure's estimate over replications.
    pub fn figure(&self, outcomes: &[Outcome]) -> Figure {
        let estimate = Estimate::new(&self.values(outcomes), LEVEL);
        Figure {
            id: self.id,
            label: self.label,
            kind: self.kind,
            unit: self.unit,
            mean: estimate.map(|estimate| estimate.mean),
            low: estimate.and_then(|estimate| estimate.low()),
            high: estimate.and_then(|estimate| estimate.high()),
            replications: estimate.map_or(0, |estimate| estimate.count),
            definition: self.definition,
        }
    }
}

/// The tables of measures, in the order of the report: a heading and its rows.
pub(crate) const GROUPS: [(&str, &[Measure]); 10] = [
    ("Scale", fleet::SCALE),
    ("Pods", pods::PODS),
    ("Containers and restarts", containers::CONTAINERS),
    ("Start-up", startup::STARTUP),
    ("Resources", resources::RESOURCES),
    ("Requests", traffic::TRAFFIC),
    ("Network and pause containers", fleet::NETWORK),
    ("Node failures", fleet::FAILURES),
    ("Scheduler and controllers", control::CONTROL),
    ("Lifecycle", lifecycle::LIFECYCLE),
];

/// Every measure, in the order of the report.
pub fn measures() -> impl Iterator<Item = &'static Measure> {
    GROUPS.into_iter().flat_map(|(_, rows)| rows)
}

/// The measure called `id`.
pub fn measure(id: &str) -> Option<&'static Measure> {
    measures().find(|measure| measure.id == id)
}

/// Every figure of these replications, in the order of the report.
pub fn figures(outcomes: &[Outcome]) -> Vec<Figure> {
    measures().map(|measure| measure.figure(outcomes)).collect()
}

/// A row of a table of measures.
const fn row(
    id: &'static str,
    label: &'static str,
    kind: Kind,
    unit: Unit,
    definition: &'static str,
    value: fn(&Outcome) -> Option<f64>,
) -> Measure {
    Measure { id, label, kind, unit, definition, value }
}

/// The quotient, where there is one.
fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

/// The quotient of two counts, where there is one.
fn share(part: u64, whole: u64) -> Option<f64> {
    ratio(part as f64, whole as f64)
}

/// A count as a figure.
#[expect(clippy::unnecessary_wraps, reason = "the tables of measures read options")]
fn number(count: u64) -> Option<f64> {
    Some(count as f64)
}

/// A level's mean over the window.
#[expect(clippy::unnecessary_wraps, reason = "the tables of measures read options")]
fn average(level: &TimeAverage, outcome: &Outcome) -> Option<f64> {
    Some(level.mean(outcome.closed))
}

/// A level's integral over the window, in level · seconds.
fn integral(level: &TimeAverage, outcome: &Outcome) -> f64 {
    level.integral(outcome.closed)
}

/// The `p` quantile of a tally in seconds.
fn quantile(tally: &Tally, p: f64) -> Option<f64> {
    tally.quantile(p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;
    use std::collections::BTreeSet;

    #[test]
    fn every_measure_has_a_name_of_its_own_and_a_definition() {
        let ids: BTreeSet<_> = measures().map(|measure| measure.id).collect();
        assert_eq!(ids.len(), measures().count());
        assert!(measures().all(|measure| measure.definition.ends_with('.') && !measure.label.is_empty()));
    }

    #[test]
    fn a_figure_is_the_mean_over_replications_with_its_interval() {
        let outcomes = synthetic::outcomes(5);
        let figure = measure("pods.created").unwrap().figure(&outcomes);
        let created: Vec<f64> = outcomes.iter().map(|outcome| outcome.pods.created as f64).collect();
        assert_eq!(figure.mean, crate::statistics::mean(&created));
        assert!(figure.low < figure.mean && figure.mean < figure.high);
        assert_eq!(figure.replications, 5);
    }

    #[test]
    fn one_replication_gives_figures_without_intervals() {
        assert!(figures(&synthetic::outcomes(1)).iter().all(|figure| figure.low.is_none() && figure.high.is_none()));
    }

    #[test]
    fn an_empty_run_gives_no_figure_that_is_no_number() {
        let empty = synthetic::empty();
        for figure in figures(&[empty.clone(), empty]) {
            assert!(figure.mean.is_none_or(f64::is_finite), "{}", figure.id);
        }
    }

    #[test]
    fn mean_lifespan_by_littles_law_is_live_pods_over_end_rate() {
        let outcome = &synthetic::outcomes(1)[0];
        let little = (measure("lifespan.little").unwrap().value)(outcome).unwrap();
        let ended = (outcome.pods.succeeded + outcome.pods.failed) as f64;
        let rate = ended / outcome.window().as_secs_f64();
        assert!((little - outcome.pods.live.mean(outcome.closed) / rate).abs() < 1e-6 * little);
    }
}
