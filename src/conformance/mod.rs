//! Recorded decisions of kube-scheduler, taken again here and compared point by point.

mod compare;
mod replay;

pub use compare::{Agreement, Difference, PluginAgreement};

use compare::Comparison;
use rayon::prelude::*;
use scenarios::Problems;
use scenarios::records::{Line, Lines, case};
use sim_core::scheduler;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Disagreements that are kept; all are counted.
const KEPT: usize = 100;
/// Problems after which no further ones are looked for.
const PROBLEMS: usize = 100;

/// A Pod about which record and replay disagree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disagreement {
    /// `file:line`.
    pub place: String,
    /// The case.
    pub case: String,
    /// The Pod's place in the case, and its name.
    pub pod: String,
    /// What differs.
    pub differences: Vec<Difference>,
}

/// What came out for a file of records.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Dataset {
    /// The file's name as it was given.
    pub name: String,
    /// Cases that were replayed.
    pub cases: u64,
    /// Pods that were decided on.
    pub decisions: Agreement,
    /// What was compared, by plugin.
    pub plugins: BTreeMap<String, PluginAgreement>,
    /// The first disagreements.
    pub disagreements: Vec<Disagreement>,
}

impl Dataset {
    fn add(&mut self, other: Self) {
        self.cases += other.cases;
        self.decisions.add(other.decisions);
        for (name, plugin) in other.plugins {
            let sum = self.plugins.entry(name).or_default();
            sum.verdicts.add(plugin.verdicts);
            sum.scores.add(plugin.scores);
        }
        let room = KEPT.saturating_sub(self.disagreements.len());
        self.disagreements.extend(other.disagreements.into_iter().take(room));
    }

    /// Takes in what was found about a Pod.
    fn pod(&mut self, place: &str, case: &str, pod: String, comparison: Comparison) {
        let agrees = comparison.differences.is_empty();
        self.decisions.add(Agreement { compared: 1, agreed: u64::from(agrees) });
        let disagreement = Disagreement { place: place.into(), case: case.into(), pod, differences: comparison.differences };
        let disagreements = if agrees { vec![] } else { vec![disagreement] };
        self.add(Self { plugins: comparison.plugins, disagreements, ..Self::default() });
    }
}

/// How the replay is done.
#[derive(Clone, Copy, Debug)]
pub struct Replay {
    /// The way to the scheduler's decisions.
    pub path: scheduler::Path,
    /// Threads; the result never depends on it.
    pub jobs: usize,
}

/// Replays files of records. `None` if `keep_on`, which is told how many cases are done, says no.
///
/// # Errors
/// All problems of the records.
///
/// # Panics
/// If the threads cannot be started.
pub fn conformance(files: &[PathBuf], replay: Replay, keep_on: impl Fn(u64) -> bool) -> Result<Option<Vec<Dataset>>, Problems> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(replay.jobs.max(1)).build().expect("threads can be started");
    let (mut datasets, mut problems, mut done) = (Vec::new(), Problems::default(), 0);
    for file in files {
        let mut dataset = Dataset { name: file.display().to_string(), ..Dataset::default() };
        let mut lines = Lines::open(file).map_err(|more| problems.extend(more)).into_iter().flatten().peekable();
        while lines.peek().is_some() && problems.len() < PROBLEMS {
            if !keep_on(done) {
                return Ok(None);
            }
            let batch: Vec<_> = lines.by_ref().take(replay.jobs * 4).collect();
            let results: Vec<_> = pool.install(|| batch.into_par_iter().map(|line| one(&line?, replay.path)).collect());
            for result in results {
                done += 1;
                result.map_or_else(|more| problems.extend(more), |found| dataset.add(found));
            }
        }
        datasets.push(dataset);
    }
    if problems.is_empty() { Ok(Some(datasets)) } else { Err(problems) }
}

/// Replays one case.
fn one(line: &Line, path: scheduler::Path) -> Result<Dataset, Problems> {
    let case = case(line)?;
    Ok(replay::replay(&case, &format!("{}:{}", line.file, line.number), path))
}
