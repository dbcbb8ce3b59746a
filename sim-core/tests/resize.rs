//! Containers that are resized while they run: what the kubelet answers, when it does it, what the scheduler makes of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use sim_core::Simulation;
use sim_core::measure::{About, Entry, Happening};
use sim_core::spec::{
    Behavior, ContainerSpec, Controller, Distribution, Occasion, Phase, Replicas, Resize, ResizePolicy, RestartPolicy, ScaleTo, Scaling,
    Spec, Usage,
};
use sim_core::table::{PodId, TemplateId, WorkloadId};
use sim_core::units::{MilliCpu, SimTime};
use support::using::{MIB, heard, pods, secs, sized, uses, work};
use support::{GIB, audited};

const NODE: (u64, u64) = (4000, 2 * GIB);

fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + secs(seconds)
}

/// A container that requests so many millicores and does next to nothing.
fn asks(cpu: u64) -> ContainerSpec {
    sized((cpu, 0), (0, 0), Behavior { usage: uses(1.0, MIB), ..Behavior::default() })
}

/// A resize of the first workload's containers that changes nothing yet.
fn resize(when: u64) -> Resize {
    let (containers, when) = (vec![(TemplateId(0), 0)], Occasion::At(at(when)));
    Resize { containers, when, cpu: None, cpu_limit: None, memory: None, memory_limit: None }
}

/// The Deployment of this number has no Pod before this time.
fn arrives(spec: &mut Spec, workload: usize, when: u64) {
    let Controller::Deployment(deployment) = &mut spec.workloads.rows_mut()[workload].controller else { unreachable!() };
    deployment.replicas = Replicas::Fixed(0);
    deployment.scaling = vec![Scaling { when: Occasion::At(at(when)), to: ScaleTo::Replicas(1) }];
}

/// Seconds at which something happened to Pods of a workload.
fn times(entries: &[Entry], workload: u32, what: Happening) -> Vec<f64> {
    let of = |entry: &&Entry| entry.what == what && matches!(entry.about, About::Pod(pod) if pod.workload == WorkloadId(workload));
    entries.iter().filter(of).map(|entry| (entry.at.as_secs_f64() * 1e3).round() / 1e3).collect()
}

#[test]
fn a_pod_that_comes_to_request_less_lets_one_in_that_waits() {
    #[rustfmt::skip]
    let table = [
        ("enough",         Resize { cpu: Some(1500), ..resize(600) }, vec![600.0]),
        ("too little",     Resize { cpu: Some(2500), ..resize(600) }, vec![]),
        ("no less of CPU", Resize { memory: Some(MIB), ..resize(600) }, vec![]),
    ];
    for (name, resize, want) in table {
        let mut spec = pods(1, NODE, RestartPolicy::Always, vec![asks(3000), asks(2000)]);
        arrives(&mut spec, 1, 300);
        spec.resizes = vec![resize];
        assert_eq!(times(&heard(&spec).0, 1, Happening::Scheduled), want, "{name}");
    }
}

/// A Pod of 1000 millicores beside one of 2500 that leaves after 1,000 s; at 700 s comes a third of 400.
fn tight(resize: Resize) -> Spec {
    let first = sized((1000, 1000), (0, 0), work(1e6, 2000.0));
    let second = sized((2500, 0), (0, 0), work(1_000.0, 100.0));
    let mut spec = pods(1, NODE, RestartPolicy::Never, vec![first, second, asks(400)]);
    arrives(&mut spec, 2, 700);
    spec.resizes = vec![resize];
    spec
}

#[test]
fn while_a_resize_is_put_off_the_scheduler_counts_what_is_asked_for_and_ignores_what_is_infeasible() {
    #[rustfmt::skip]
    let table = [
        ("put off",    2000, vec![1_000.0], [1, 1, 0]),
        ("infeasible", 5000, vec![700.0],   [0, 0, 1]),
        ("done",       1100, vec![700.0],   [1, 0, 0]),
    ];
    for (name, cpu, want, resizes) in table {
        let spec = tight(Resize { cpu: Some(cpu), cpu_limit: Some(cpu), ..resize(600) });
        assert_eq!(times(&heard(&spec).0, 2, Happening::Scheduled), want, "{name}");
        assert_eq!(audited(&spec, 1).usage.resizes, resizes, "{name}");
    }
}

#[test]
fn what_is_put_off_is_done_as_soon_as_a_pod_leaves() {
    let spec = tight(Resize { cpu: Some(2000), cpu_limit: Some(2000), ..resize(600) });
    let mut run = Simulation::new(&spec, 0);
    // Retries are due at 630, 810, 990 and 1,170 s.
    for (until, want) in [(995.0, 0.5), (1_001.0, 1.0)] {
        while run.progress().now.as_secs_f64() < until && run.step() {
            run.audit().unwrap();
        }
        assert_eq!(run.speed(PodId(0), 0), Some(want), "at {until} s");
    }
}

#[test]
fn a_container_is_restarted_for_a_resize_whatever_the_pod_s_policy_and_without_back_off() {
    #[rustfmt::skip]
    let table = [
        ("in place",                   false, RestartPolicy::Always, vec![0.0]),
        ("restart",                    true,  RestartPolicy::Always, vec![0.0, 600.0, 605.0]),
        ("under the policy OnFailure", true,  RestartPolicy::OnFailure, vec![0.0, 600.0, 605.0]),
        ("even under Never",           true,  RestartPolicy::Never, vec![0.0, 600.0, 605.0]),
    ];
    for (name, restarts, policy, want) in table {
        let mut container = sized((10, 0), (64 * MIB, 128 * MIB), Behavior { usage: uses(1.0, MIB), ..Behavior::default() });
        container.resize = ResizePolicy { restart_for_memory: restarts, restart_for_cpu: false };
        let mut spec = pods(1, NODE, policy, vec![container]);
        spec.resizes = [(600, 256), (605, 512)].map(|(when, limit)| Resize { memory_limit: Some(limit * MIB), ..resize(when) }).to_vec();
        spec.resizes.push(Resize { cpu: Some(20), ..resize(900) });
        assert_eq!(times(&heard(&spec).0, 0, Happening::Started), want, "{name}");
        let outcome = audited(&spec, 1);
        assert_eq!((outcome.containers.restarts, outcome.pods.failed), (want.len() as u64 - 1, 0), "{name}");
    }
}

#[test]
fn a_memory_limit_sinks_only_once_the_container_uses_less() {
    // 150 MiB up to 1,000 s, then 50.
    let phases = vec![Phase { after: secs(0), cpu: 1.0, memory: 3.0 }, Phase { after: secs(1_000), cpu: 1.0, memory: 1.0 }];
    let usage = Usage { phases, ..uses(1.0, 50 * MIB) };
    for (until, want) in [(1_169, [0, 1, 0]), (1_171, [1, 1, 0])] {
        let container = sized((10, 0), (64 * MIB, 200 * MIB), Behavior { usage: usage.clone(), ..Behavior::default() });
        let mut spec = pods(1, NODE, RestartPolicy::Always, vec![container]);
        spec.resizes = vec![Resize { memory_limit: Some(100 * MIB), ..resize(600) }];
        spec.duration = secs(until);
        let usage = audited(&spec, 1).usage;
        assert_eq!((usage.resizes, usage.oom_by_limit), (want, 0), "until {until} s");
    }
}

#[test]
fn a_resize_that_would_change_the_class_or_take_away_a_memory_limit_is_refused() {
    let guaranteed = || sized((100, 100), (64 * MIB, 64 * MIB), Behavior { usage: uses(1.0, MIB), ..Behavior::default() });
    #[rustfmt::skip]
    let table = [
        ("request and limit together", Resize { cpu: Some(200), cpu_limit: Some(200), ..resize(600) }, [1, 0, 0]),
        ("the request alone",          Resize { cpu: Some(50), ..resize(600) },                        [0, 0, 1]),
    ];
    for (name, resize, want) in table {
        let mut spec = pods(1, NODE, RestartPolicy::Always, vec![guaranteed()]);
        spec.resizes = vec![resize];
        assert_eq!(audited(&spec, 1).usage.resizes, want, "{name}");
    }
}

#[test]
fn resizes_come_again_and_again_and_change_pods_that_are_there() {
    let mut spec = pods(2, NODE, RestartPolicy::Always, vec![asks(100), asks(200)]);
    let when = Occasion::Every(Distribution::Constant(1_000.0));
    spec.resizes = vec![Resize { containers: vec![(TemplateId(0), 0), (TemplateId(1), 0)], when, cpu: Some(300), ..resize(0) }];
    assert_eq!(audited(&spec, 1).usage.resizes, [6, 0, 0], "two containers three times in an hour");
    assert_eq!(spec.templates.rows()[0].requests.cpu, MilliCpu(100));
}
