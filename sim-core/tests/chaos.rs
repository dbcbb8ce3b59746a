//! Whatever specs say and whatever befalls their clusters, what must hold holds: the auditor looks every few hundred events, and a
//! listener follows the life of every Pod. `PODSIM_CHAOS_CASES` sets the number of cases.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on fails; how many cases is the caller's choice")]

#[path = "chaos/dice.rs"]
mod dice;
#[path = "chaos/lives.rs"]
mod lives;
mod support;

use dice::{curable, many, wild};
use lives::Lives;
use proptest::collection::vec;
use proptest::prelude::*;
use sim_core::measure::{Filter, Names, Outcome};
use sim_core::spec::{Controller, Replicas, Source, Spec};
use sim_core::{Progress, Simulation};
use std::num::NonZeroU64;

fn config(cases: u32) -> ProptestConfig {
    let cases = std::env::var("PODSIM_CHAOS_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 300, ..ProptestConfig::default() }
}

/// A small cluster has no millions of events in a day.
fn no_storm(progress: Progress) -> bool {
    assert!(progress.events < 5_000_000, "a storm of events: {progress:?}");
    true
}

/// Runs with the auditor beside it.
fn audited(spec: &Spec, every: u64) -> Outcome {
    let run = Simulation::new(spec, 0).audited(NonZeroU64::new(every).unwrap());
    run.try_run(no_storm, |_| true).unwrap_or_else(|stopped| panic!("{stopped}"))
}

/// Runs with somebody who follows every Pod's life.
fn followed(spec: &Spec) -> Outcome {
    let filter = Filter::everything(Names::new(spec), spec.workloads.rows().len());
    let mut lives = Lives::new(spec);
    let run = Simulation::observed(spec, 0, vec![filter]);
    run.run_heard(no_storm, |batch| {
        batch.entries.iter().for_each(|(entry, _)| lives.hear(entry));
        true
    })
    .unwrap()
}

/// Replicas of all Deployments together.
fn wanted(spec: &Spec) -> u64 {
    let of = |workload: &sim_core::spec::Workload| match (&workload.controller, &workload.source) {
        (Controller::Deployment(about), Source::Standing { instances }) => match about.replicas {
            Replicas::Fixed(replicas) => u64::from(replicas) * u64::from(*instances),
            Replicas::Drawn { .. } => 0,
        },
        _ => 0,
    };
    spec.workloads.rows().iter().map(of).sum()
}

/// So many throws; proptest makes them fewer and lower.
fn throws(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), most / 2..most)
}

/// `PODSIM_CHAOS_LIVES` sets how many.
#[test]
fn of_many_pods_every_one_is_accounted_for() {
    let lives = std::env::var("PODSIM_CHAOS_LIVES").ok().and_then(|lives| lives.parse().ok()).unwrap_or(10_000);
    let spec = many(lives);
    let run = Simulation::new(&spec, 0).audited(NonZeroU64::new(10_000).unwrap());
    let outcome = run.try_run(|_| true, |_| true).unwrap_or_else(|stopped| panic!("{stopped}"));
    let (pods, ended) = (&outcome.pods, outcome.pods.succeeded + outcome.pods.failed);
    assert_eq!(pods.at_start + pods.created, ended + pods.at_end.iter().sum::<u64>());
    assert!(ended >= lives * 9 / 10, "{ended} Pods ended of {lives} that were meant to");
    println!("{} Pods, {ended} of them ended, {} events, violations: 0", pods.at_start + pods.created, outcome.engine.events);
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn whatever_happens_the_books_balance_and_nobody_is_forgotten(pods in throws(700), rest in throws(120), seed in 0_u64..1_000) {
        let spec = wild(&pods, &rest, seed);
        let outcome = audited(&spec, 293);
        prop_assert_eq!(outcome.addresses.duplicates, 0);
    }

    #[test]
    fn every_life_follows_the_chart_and_listening_changes_nothing(pods in throws(700), rest in throws(120), seed in 0_u64..1_000) {
        let spec = wild(&pods, &rest, seed);
        let alone = Simulation::new(&spec, 0).run(no_storm).unwrap();
        prop_assert!(followed(&spec) == alone, "an observer changes the outcome");
    }

    #[test]
    fn after_the_last_fault_every_deployment_is_whole_again_within_an_hour(pods in throws(400), rest in throws(120), seed in 0_u64..1_000) {
        let spec = curable(&pods, &rest, seed);
        let outcome = audited(&spec, 499);
        prop_assert_eq!((outcome.pods.ready.level(), outcome.pods.live.level()), (wanted(&spec), wanted(&spec)));
    }
}
