//! Pods live as the chart says: small clusters with everything going on, the auditor beside them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use sim_core::cluster::PodState as P;
use sim_core::measure::Step as S;
use sim_core::spec::{
    Arrivals, Behavior, ContainerKind, Controller, Deployment, Distribution, Hang, Job, Portion, Probe, Releases, Replicas, RestartPolicy,
    Source, Spec, Symbols, Warmup,
};
use sim_core::units::{SimSpan, SimTime};
use support::{audited, cluster, container, exponential, template, workload};

fn probe(period: u64) -> Probe {
    Probe {
        initial_delay: SimSpan::ZERO,
        period: SimSpan::from_secs(period),
        timeout: SimSpan::from_secs(1),
        success_threshold: 1,
        failure_threshold: 3,
        grace: None,
    }
}

/// A Deployment of two-container Pods that crash, hang, are released anew and live for a few hours.
fn eventful(replicas: u32) -> Spec {
    let mut symbols = Symbols::default();
    let app = Behavior {
        crash: Some(exponential(20_000.0)),
        hang: Some(Hang { after: exponential(15_000.0), lasts: exponential(60.0) }),
        ready: Distribution::LogNormal { median: 4.0, sigma: 1.0 },
        ..Behavior::default()
    };
    let mut main = container("app", 500, app);
    (main.readiness, main.liveness) = (Some(probe(10)), Some(probe(20)));
    let mut init = container("init", 100, Behavior { run: Some(exponential(3.0)), failure: 0.1, ..Behavior::default() });
    init.kind = ContainerKind::Init;
    let mut proxy = container("proxy", 100, Behavior { crash: Some(exponential(50_000.0)), ..Behavior::default() });
    (proxy.kind, proxy.helper) = (ContainerKind::Sidecar, true);
    let mut helper = container("log", 50, Behavior::default());
    helper.helper = true;
    let template = template(&mut symbols, RestartPolicy::Always, vec![init, proxy, main, helper]);
    let deployment = Deployment {
        replicas: Replicas::Fixed(replicas),
        max_surge: Portion::Percent(25),
        max_unavailable: Portion::Percent(25),
        releases: Some(Releases { every: exponential(30_000.0), new_bytes: 0.2 }),
        scaling: Vec::new(),
    };
    let mut work = workload(Controller::Deployment(deployment), Source::Standing { instances: 4 });
    work.lifetime = Some(Distribution::LogNormal { median: 10_000.0, sigma: 1.0 });
    cluster(20, 16_000, template, symbols, work)
}

#[test]
fn every_arrow_of_the_chart_is_taken_and_the_books_always_balance() {
    let outcome = audited(&eventful(25), 97);
    let arrows = &outcome.lifecycle.arrows;
    let taken = |from: P, to: P| arrows[from.index()][to.index()].count;
    for (from, to) in [
        (P::Scheduling, P::ImagePull),
        (P::ImagePull, P::ContainerCreating),
        (P::ContainerCreating, P::Healthy),
        (P::Healthy, P::Unhealthy),
        (P::Unhealthy, P::Healthy),
        (P::Unhealthy, P::Restarting),
        (P::Restarting, P::Healthy),
        (P::Healthy, P::Succeeded),
    ] {
        assert!(taken(from, to) > 0, "{from} -> {to} was never taken");
    }
    assert_eq!(outcome.addresses.duplicates, 0);
    assert_eq!(outcome.pods.at_start, 100);
    assert_eq!(
        outcome.pods.at_start + outcome.pods.created,
        outcome.pods.succeeded + outcome.pods.failed + outcome.pods.at_end.iter().sum::<u64>()
    );
}

#[test]
fn littles_law_and_the_integral_of_requests_hold_exactly() {
    let outcome = audited(&eventful(10), 1_000_000);
    let integral = outcome.pods.live.integral(outcome.closed);
    assert!((integral - outcome.pods.lived as f64 / 1e9).abs() < 1e-3, "{integral} against {}", outcome.pods.lived);
    let requested = outcome.resources.cpu.requested.integral(outcome.closed);
    assert!((requested - outcome.resources.cpu.requested_again as f64 / 1e9).abs() < 1e-3);
}

#[test]
fn the_same_seed_gives_the_same_outcome_and_another_one_does_not() {
    let spec = eventful(10);
    let run = |replication| sim_core::Simulation::new(&spec, replication).run(|_| true).unwrap();
    assert_eq!(run(0), run(0));
    assert_ne!(run(0).pods, run(1).pods);
}

#[test]
fn a_start_from_empty_fills_up_and_measures_only_its_window() {
    let mut spec = eventful(10);
    spec.warmup = Warmup::Span(SimSpan::from_secs(3_600));
    let outcome = audited(&spec, 101);
    assert_eq!(outcome.opened, SimTime::ZERO + SimSpan::from_secs(3_600));
    assert!(outcome.pods.at_start >= 40 - 10, "{}", outcome.pods.at_start);
    assert!((outcome.pods.live.mean(outcome.closed) - 40.0).abs() < 4.0);
}

#[test]
fn jobs_complete_retry_and_fail() {
    let mut symbols = Symbols::default();
    let run = Behavior { run: Some(exponential(300.0)), failure: 0.3, ..Behavior::default() };
    let template = template(&mut symbols, RestartPolicy::Never, vec![container("work", 1000, run)]);
    let job = Job { completions: 3, parallelism: 2, backoff_limit: 2 };
    let spec = cluster(10, 16_000, template, symbols, workload(Controller::Job(job), Source::Arriving(Arrivals::Poisson { rate: 0.01 })));
    let outcome = audited(&spec, 97);
    let jobs = outcome.controllers;
    assert!(jobs.jobs_completed > 100 && jobs.jobs_failed > 50, "{jobs:?}");
    assert!(outcome.pods.succeeded > 3 * jobs.jobs_completed - 60);
}

#[test]
fn the_creation_sequence_has_every_step_and_takes_a_few_seconds() {
    let outcome = audited(&eventful(25), 1_000_000);
    for step in [S::Queue, S::Bind, S::Notice, S::Sandbox, S::Network, S::Pull, S::Init, S::Start, S::Relist, S::Ready] {
        assert!(outcome.startup.steps[step.index()].count() > 0, "{step:?} was never taken");
    }
    let median = outcome.startup.objective.quantile(0.5).unwrap();
    assert!((0.5..5.0).contains(&median), "median start without pulls and init containers: {median} s");
}

#[test]
fn pods_that_fit_nowhere_wait_with_the_scheduler_s_words() {
    let mut symbols = Symbols::default();
    let template = template(&mut symbols, RestartPolicy::Always, vec![container("app", 9_000, Behavior::default())]);
    let deployment = Deployment {
        replicas: Replicas::Fixed(5),
        max_surge: Portion::Count(1),
        max_unavailable: Portion::Count(0),
        releases: None,
        scaling: Vec::new(),
    };
    let spec = cluster(3, 16_000, template, symbols, workload(Controller::Deployment(deployment), Source::Standing { instances: 1 }));
    let outcome = audited(&spec, 10);
    assert_eq!(outcome.pods.at_end[P::Scheduling.index()], 2);
    assert_eq!(outcome.scheduler.messages[0].message, "0/3 nodes are available: 3 Insufficient cpu.");
    assert_eq!(outcome.scheduler.messages[0].waiting, 2);
}

#[test]
fn important_pods_take_the_place_of_others_once_those_have_stopped() {
    let mut symbols = Symbols::default();
    let job = |symbols: &mut Symbols, run| template(symbols, RestartPolicy::Never, vec![container("work", 4_000, run)]);
    // The standing Pods leave when they are told to, after up to their grace period of 30 seconds.
    let standing = Behavior { shutdown: Distribution::Uniform { low: 5.0, high: 25.0 }, ..Behavior::default() };
    let low = template(&mut symbols, RestartPolicy::Always, vec![container("app", 4_000, standing)]);
    let mut high = job(&mut symbols, Behavior { run: Some(Distribution::Constant(600.0)), ..Behavior::default() });
    high.priority = 1_000;
    let deployment = Deployment {
        replicas: Replicas::Fixed(12),
        max_surge: Portion::Count(1),
        max_unavailable: Portion::Count(0),
        releases: None,
        scaling: Vec::new(),
    };
    let mut spec = cluster(3, 16_000, low, symbols, workload(Controller::Deployment(deployment), Source::Standing { instances: 1 }));
    let urgent = spec.templates.push(high);
    let once = Arrivals::At((1..=20).map(|hour| SimTime::ZERO + SimSpan::from_secs(3_600 * hour)).collect());
    spec.workloads.push(sim_core::spec::Workload { template: urgent, ..workload(Controller::Bare, Source::Arriving(once)) });
    let outcome = audited(&spec, 10);
    assert_eq!((outcome.scheduler.preempted, outcome.pods.succeeded), (20, 40), "one victim, which ends well, for each");
    let waits = outcome.scheduler.wait.quantile(0.25).unwrap();
    assert!((5.0..35.0).contains(&waits), "an important Pod waits while its victim stops: {waits} s");
    assert_eq!(outcome.pods.at_end[P::Healthy.index()], 12, "the victims' successors are back");
}
