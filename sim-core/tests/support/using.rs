//! Small clusters of containers with requests, limits and uses.

use super::{GIB, amount, cluster, without_overheads, workload};
use sim_core::Simulation;
use sim_core::measure::{Entry, Filter, Names};
use sim_core::spec::{
    Behavior, ContainerSpec, Controller, Distribution, Growth, Job, Level, NodePool, PodTemplate, Portion, Replicas, RestartPolicy, Source,
    Spec, Symbols, Usage, Warmup, Workload,
};
use sim_core::table::{Table, TemplateId};
use sim_core::units::{Bytes, SimSpan};

pub const MIB: u64 = 1 << 20;

pub fn secs(secs: u64) -> SimSpan {
    SimSpan::from_secs(secs)
}

/// Uses so many millicores and bytes.
pub fn uses(cpu: f64, memory: u64) -> Usage {
    let level = |amount| Level::Absolute(Distribution::Constant(amount));
    Usage { cpu: level(cpu), memory: level(memory as f64), ..Behavior::default().usage }
}

/// Work that takes `run` seconds at `cpu` millicores.
pub fn work(run: f64, cpu: f64) -> Behavior {
    Behavior { run: Some(Distribution::Constant(run)), cpu_bound: true, usage: uses(cpu, MIB), ..Behavior::default() }
}

/// A container with requests (millicores, bytes) and limits; 0 is none.
pub fn sized(cpu: (u64, u64), memory: (u64, u64), behavior: Behavior) -> ContainerSpec {
    let mut container = super::container("app", 0, behavior);
    container.requests = amount(cpu.0, memory.0);
    container.cpu_limit = (cpu.1 > 0).then_some(cpu.1);
    container.memory_limit = (memory.1 > 0).then_some(Bytes(memory.1));
    container
}

pub fn standing() -> Controller {
    Controller::Deployment(sim_core::spec::Deployment {
        replicas: Replicas::Fixed(1),
        max_surge: Portion::Count(1),
        max_unavailable: Portion::Count(0),
        releases: None,
        scaling: Vec::new(),
    })
}

/// A cluster without latencies that starts empty, with one workload of one Pod of each of these containers.
pub fn pods(nodes: u32, (cpu, memory): (u64, u64), policy: RestartPolicy, containers: Vec<ContainerSpec>) -> Spec {
    let mut symbols = Symbols::default();
    let job = || Controller::Job(Job { completions: 1, parallelism: 1, backoff_limit: 0 });
    let (templates, workloads): (Vec<PodTemplate>, Vec<Workload>) = (0..)
        .zip(containers)
        .map(|(place, container)| {
            let controller = if container.behavior.run.is_some() { job() } else { standing() };
            let template = super::template(&mut symbols, policy, vec![container]).classified();
            let work = workload(controller, Source::Standing { instances: 1 });
            (template, Workload { name: format!("work-{place}"), template: TemplateId(place), ..work })
        })
        .unzip();
    let mut spec = cluster(nodes, cpu, templates[0].clone(), symbols, workloads[0].clone());
    (spec.templates, spec.workloads) = (Table::from(templates), Table::from(workloads));
    let shape = sim_core::spec::NodeShape {
        capacity: amount(cpu, memory),
        allocatable: amount(cpu, memory - 100 * MIB),
        pods_max: 110,
        ..Default::default()
    };
    spec.pools = Table::from(vec![NodePool { name: "node".into(), count: nodes, single: false, zones: Vec::new(), shape }]);
    spec.warmup = Warmup::Span(SimSpan::ZERO);
    spec.duration = secs(3_600);
    without_overheads(&mut spec);
    spec
}

/// Runs for `seconds` of simulated time.
pub fn run_for(spec: &Spec, seconds: u64) -> Simulation<'_> {
    let mut run = Simulation::new(spec, 0);
    while run.progress().now.as_secs_f64() < seconds as f64 && run.step() {
        run.audit().unwrap();
    }
    run
}

/// Victims of a leak of 1 MiB/s on a node of 2 GiB; each Pod: memory request and use in MiB, priority.
pub fn leaking(others: &[(u64, u64, i32)], rate: f64) -> Spec {
    let leak = Some(Growth { rate: Distribution::Constant(rate), after: SimSpan::ZERO });
    let mut containers =
        vec![sized((10, 0), (1024 * MIB, 0), Behavior { usage: Usage { leak, ..uses(10.0, 100 * MIB) }, ..Behavior::default() })];
    let other = |&(request, using, _): &(u64, u64, i32)| {
        sized((10, 0), (request * MIB, 0), Behavior { usage: uses(10.0, using * MIB), ..Behavior::default() })
    };
    containers.extend(others.iter().map(other));
    let mut spec = pods(1, (4000, 2 * GIB), RestartPolicy::Always, containers);
    for (template, (_, _, priority)) in spec.templates.rows_mut()[1..].iter_mut().zip(others) {
        template.priority = *priority;
    }
    spec
}

/// Everything that happens, and the scheduler's messages, with the auditor beside it.
pub fn heard(spec: &Spec) -> (Vec<Entry>, Vec<String>) {
    let mut run = Simulation::observed(spec, 0, vec![Filter::everything(Names::new(spec), spec.workloads.len())]);
    let (mut entries, mut messages) = (Vec::new(), Vec::new());
    while run.step() {
        run.audit().unwrap();
        run.drain(|batch| {
            entries.extend(batch.entries.iter().map(|(entry, _)| *entry));
            messages.extend_from_slice(batch.messages);
            true
        });
    }
    (entries, messages)
}
