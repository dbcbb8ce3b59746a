//! Scenarios that are textbook models: the exact value lies in the 99.9 % interval of 20 replications, and within one percent.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use podsim::reports::statistics::Estimate;
use podsim::sim_core::cluster::PodState;
use podsim::sim_core::measure::Outcome;
use podsim::{experiment, scenarios};
use std::path::Path;

const REPLICATIONS: u32 = 20;
const LEVEL: f64 = 0.999;

fn outcomes(name: &str) -> Vec<Outcome> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/library/validation/{name}.yaml"));
    let loaded = scenarios::load(&path, &scenarios::Overrides::default()).unwrap_or_else(|problems| panic!("{problems}"));
    experiment::replicate(&loaded.spec, REPLICATIONS, 2, |_| true).unwrap()
}

/// Asserts that the mean of `measure` over replications is `exact`.
fn expect(what: &str, outcomes: &[Outcome], exact: f64, measure: impl Fn(&Outcome) -> f64) {
    let values: Vec<f64> = outcomes.iter().map(measure).collect();
    let estimate = Estimate::new(&values, LEVEL).unwrap();
    let (low, high) = (estimate.low().unwrap(), estimate.high().unwrap());
    assert!(low <= exact && exact <= high, "{what}: {exact} is outside {low} .. {high}");
    let error = (estimate.mean / exact - 1.0).abs();
    assert!(error < 0.01, "{what}: {} is {:.2} % off {exact}", estimate.mean, error * 100.0);
}

#[test]
fn two_nodes_and_poisson_pods_are_the_queue_m_m_2() {
    let outcomes = outcomes("mm2");
    expect("mean wait in service times", &outcomes, 1.0 / 3.0, |outcome| outcome.scheduler.wait.mean().unwrap() / 60.0);
    expect("Pods in the system", &outcomes, 4.0 / 3.0, |outcome| outcome.pods.live.mean(outcome.closed));
    expect("share that waits", &outcomes, 1.0 / 3.0, |outcome| outcome.scheduler.waited as f64 / outcome.scheduler.placed as f64);
}

#[test]
fn pods_that_are_withdrawn_when_all_nodes_are_full_follow_erlang_b_whatever_their_run_time() {
    let outcomes = outcomes("erlang-b");
    expect("blocking", &outcomes, 0.121_661_064_3, |outcome| outcome.pods.given_up as f64 / outcome.pods.created as f64);
    expect("busy nodes", &outcomes, 8.0 * (1.0 - 0.121_661_064_3), |outcome| outcome.pods.live.mean(outcome.closed));
}

#[test]
fn without_limits_the_pods_that_run_are_poisson_from_the_first_instant() {
    let outcomes = outcomes("mg-infinity");
    expect("Pods running", &outcomes, 300.0, |outcome| outcome.pods.running.mean(outcome.closed));
    let healthy =
        |outcome: &Outcome| outcome.series.iter().map(|sample| sample.in_state[PodState::Healthy.index()] as f64).collect::<Vec<_>>();
    let squares: Vec<f64> = outcomes
        .iter()
        .map(|outcome| healthy(outcome).iter().map(|pods| (pods - 300.0).powi(2)).sum::<f64>() / healthy(outcome).len() as f64)
        .collect();
    let ratio = Estimate::new(&squares, LEVEL).unwrap();
    assert!(ratio.low().unwrap() < 300.0 && 300.0 < ratio.high().unwrap(), "variance {} for a mean of 300", ratio.mean);
    let first: f64 = outcomes.iter().map(|outcome| healthy(outcome)[0]).sum::<f64>() / f64::from(REPLICATIONS);
    // The mean of 20 Poisson numbers of mean 300: four standard deviations.
    assert!((first - 300.0).abs() < 4.0 * (300.0 / 20.0_f64).sqrt(), "at the start {first} Pods run");
}

#[test]
fn nodes_that_fail_and_are_repaired_are_an_alternating_renewal_process() {
    let outcomes = outcomes("availability");
    expect("share of time down", &outcomes, 1.0 / 11.0, |outcome| outcome.nodes.down.mean(outcome.closed) / 100.0);
    let rate = |outcome: &Outcome| outcome.nodes.failures as f64 / (100.0 * outcome.window().as_secs_f64());
    expect("failures", &outcomes, 1.0 / 22_000.0, rate);
}

#[test]
fn a_crash_loop_is_an_alternating_renewal_process() {
    let outcomes = outcomes("crash-loop");
    expect("share of time up", &outcomes, 1.0 / 7.0, |outcome| outcome.containers.running.mean(outcome.closed) / 50.0);
}
