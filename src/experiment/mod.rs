//! Experiments: many runs of one scenario, or of several settings of it, side by side. One run is one thread; results never depend on how many there are.

mod compare;
mod warnings;

pub use compare::compare;
pub use warnings::{arm_warnings, warnings};

use rayon::prelude::*;
use sim_core::measure::{Batch, Filter, Outcome};
use sim_core::spec::Spec;
use sim_core::{Progress, Simulation, Stopped};
use std::num::NonZeroU64;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far an experiment is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Advance {
    /// Simulated seconds, over all replications.
    pub done: f64,
    /// Simulated seconds that there are, over all replications.
    pub total: f64,
    /// Events handled, over all replications.
    pub events: u64,
    /// Pods in phase Running in the replication that reports.
    pub running: u64,
}

/// Simulates replications 0 to `replications` − 1 on `jobs` threads, in order of their numbers in the result. `None` if `keep_on`,
/// which is told now and then how far things are, says no.
///
/// # Panics
/// If the threads cannot be started.
pub fn replicate(spec: &Spec, replications: u32, jobs: usize, keep_on: impl Fn(Advance) -> bool + Sync) -> Option<Vec<Outcome>> {
    replicate_heard(spec, replications, jobs, keep_on, None)
}

/// Who listens to replication 0, and to what.
pub struct Listening<'a> {
    /// What is listened to.
    pub filters: Vec<Filter>,
    /// Takes what happens, in time order; `false` stops everything.
    pub hear: &'a mut (dyn FnMut(&Batch<'_>) -> bool + Send),
}

/// The same with somebody who listens to replication 0. Outcomes do not depend on it.
///
/// # Panics
/// If the threads cannot be started.
pub fn replicate_heard(
    spec: &Spec,
    replications: u32,
    jobs: usize,
    keep_on: impl Fn(Advance) -> bool + Sync,
    listening: Option<Listening<'_>>,
) -> Option<Vec<Outcome>> {
    try_replicate(spec, replications, jobs, keep_on, listening, None).ok()
}

/// The same, with every replication audited after every so many events and at its end, if it is asked for.
///
/// # Errors
/// If `keep_on` or the listener said no, or an auditor found something that must not be.
///
/// # Panics
/// If the threads cannot be started.
pub fn try_replicate(
    spec: &Spec,
    replications: u32,
    jobs: usize,
    keep_on: impl Fn(Advance) -> bool + Sync,
    listening: Option<Listening<'_>>,
    audit: Option<NonZeroU64>,
) -> Result<Vec<Outcome>, Stopped> {
    let listening = Mutex::new(listening);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs.max(1)).build().expect("threads can be started");
    let board = Board::of(std::iter::once(spec), replications);
    let run = |replication: u32| {
        let mut reported = Reported::default();
        let goes_on = |progress| keep_on(board.advance(&mut reported, progress));
        let listens = if replication == 0 { listening.lock().ok().and_then(|mut listening| listening.take()) } else { None };
        match listens {
            Some(Listening { filters, hear }) => audited(Simulation::observed(spec, replication, filters), audit).try_run(goes_on, hear),
            None => audited(Simulation::new(spec, replication), audit).try_run(goes_on, |_| true),
        }
    };
    pool.install(|| (0..replications).into_par_iter().map(run).collect())
}

/// The run with an auditor, if one is asked for.
fn audited(run: Simulation<'_>, audit: Option<NonZeroU64>) -> Simulation<'_> {
    match audit {
        Some(every) => run.audited(every),
        None => run,
    }
}

/// What all replications have done so far; for people to look at, not part of any result.
struct Board {
    total: f64,
    nanos: AtomicU64,
    events: AtomicU64,
}

/// What one replication has reported.
#[derive(Default)]
struct Reported {
    nanos: u64,
    events: u64,
}

impl Board {
    fn of<'s>(specs: impl Iterator<Item = &'s Spec>, replications: u32) -> Self {
        let total = specs.map(|spec| spec.end().as_secs_f64()).sum::<f64>() * f64::from(replications);
        Self { total, nanos: AtomicU64::new(0), events: AtomicU64::new(0) }
    }

    fn advance(&self, reported: &mut Reported, progress: Progress) -> Advance {
        let now = progress.now.as_nanos();
        let nanos = self.nanos.fetch_add(now - reported.nanos, Ordering::Relaxed) + now - reported.nanos;
        let events = self.events.fetch_add(progress.events - reported.events, Ordering::Relaxed) + progress.events - reported.events;
        *reported = Reported { nanos: now, events: progress.events };
        Advance { done: nanos as f64 / 1e9, total: self.total, events, running: progress.running }
    }
}
