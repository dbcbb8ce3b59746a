//! Arms of a comparison, simulated side by side under the same seeds.

use super::{Advance, Board, Reported};
use rayon::prelude::*;
use sim_core::Simulation;
use sim_core::measure::Outcome;
use sim_core::spec::Spec;

/// Simulates replications 0 to `replications` − 1 of every arm on `jobs` threads; the result has the arms in order, and in each its
/// replications in order. Replication r of every arm draws the same random numbers, as their specifications have one seed. `None` if
/// `keep_on`, which is told now and then how far things are, says no.
///
/// # Panics
/// If the threads cannot be started, or arms have different seeds.
pub fn compare(arms: &[&Spec], replications: u32, jobs: usize, keep_on: impl Fn(Advance) -> bool + Sync) -> Option<Vec<Vec<Outcome>>> {
    assert!(arms.windows(2).all(|pair| pair[0].seed == pair[1].seed), "arms are paired by one seed");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.max(1)).build().expect("threads can be started");
    let board = Board::of(arms.iter().copied(), replications);
    let run = |(spec, replication): (&Spec, u32)| {
        let mut reported = Reported::default();
        Simulation::new(spec, replication).run(|progress| keep_on(board.advance(&mut reported, progress)))
    };
    let runs: Vec<(&Spec, u32)> = arms.iter().flat_map(|spec| (0..replications).map(move |replication| (*spec, replication))).collect();
    let outcomes: Option<Vec<Outcome>> = pool.install(|| runs.into_par_iter().map(run).collect());
    let mut outcomes = outcomes?.into_iter();
    Some(arms.iter().map(|_| outcomes.by_ref().take(replications as usize).collect()).collect())
}
