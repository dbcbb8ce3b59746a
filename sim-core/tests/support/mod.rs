//! Small clusters built in code.

#![allow(dead_code, missing_docs, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

pub mod using;

use sim_core::Simulation;
use sim_core::engine::random::Seed;
use sim_core::measure::Outcome;
use sim_core::spec::{
    Behavior, ClientLimits, ContainerKind, ContainerSpec, ControlPlane, Controller, Distribution, Image, Kubelet, Network, NodeLifecycle,
    NodePool, NodeShape, PodTemplate, Registry, Requests, RestartPolicy, SchedulerSpec, Source, Spec, Symbols, TieBreak, Warmup, Workload,
};
use sim_core::table::{ImageId, Table, TemplateId};
use sim_core::units::{Bytes, MilliCpu, SimSpan};

pub mod pods;
pub mod told;

pub const GIB: u64 = 1 << 30;

/// So much CPU (millicores) and memory (bytes).
pub fn amount(cpu: u64, memory: u64) -> Requests {
    Requests { cpu: MilliCpu(cpu), memory: Bytes(memory), ..Requests::default() }
}

pub fn exponential(mean: f64) -> Distribution {
    Distribution::Exponential { mean }
}

/// A regular container that asks for `cpu` millicores.
pub fn container(name: &str, cpu: u64, behavior: Behavior) -> ContainerSpec {
    ContainerSpec { requests: amount(cpu, cpu << 20), behavior, ..ContainerSpec::new(name, ImageId(0)) }
}

/// A template of these containers; its request is the sum of the regular ones'.
pub fn template(symbols: &mut Symbols, policy: RestartPolicy, containers: Vec<ContainerSpec>) -> PodTemplate {
    let apps = || containers.iter().filter(|container| container.kind != ContainerKind::Init);
    let requests = amount(apps().map(|app| app.requests.cpu.0).sum(), apps().map(|app| app.requests.memory.0).sum());
    let pod = PodTemplate::new("pod", symbols.intern("default")).asking(requests);
    PodTemplate { restart_policy: policy, containers, ..pod }
}

/// A workload of the first template.
pub fn workload(controller: Controller, source: Source) -> Workload {
    Workload { name: "work".into(), template: TemplateId(0), controller, source, lifetime: None, give_up_after: None }
}

/// A cluster of `nodes` nodes with `cpu` millicores each, and one workload of one template.
pub fn cluster(nodes: u32, cpu: u64, template: PodTemplate, symbols: Symbols, workload: Workload) -> Spec {
    let shape = NodeShape { capacity: amount(cpu, 256 * GIB), allocatable: amount(cpu, 256 * GIB), pods_max: 110, ..NodeShape::default() };
    let pool = NodePool { name: "node".into(), count: nodes, single: false, zones: Vec::new(), shape };
    Spec {
        name: "test".into(),
        seed: Seed(7),
        duration: SimSpan::from_secs(86_400),
        warmup: Warmup::Equilibrium,
        series_step: SimSpan::from_secs(3_600),
        symbols,
        zones: Table::new(),
        resources: Table::new(),
        images: Table::from(vec![Image::new("app:1", Bytes(100_000_000))]),
        pools: Table::from(vec![pool]),
        templates: Table::from(vec![template]),
        namespaces: Vec::new(),
        disruption_budgets: Vec::new(),
        faults: Vec::new(),
        resizes: Vec::new(),
        node_lifecycle: NodeLifecycle::default(),
        workloads: Table::from(vec![workload]),
        traffic: Vec::new(),
        scheduler: SchedulerSpec::default(),
        control_plane: ControlPlane::default(),
        kubelet: Kubelet::default(),
        registry: Registry::default(),
        network: Network::default(),
    }
}

/// Takes every latency away: what is left is the textbook queue.
pub fn without_overheads(spec: &mut Spec) {
    let zero = || Distribution::Constant(0.0);
    spec.control_plane = ControlPlane { watch: zero(), bind: zero(), controller: zero() };
    spec.kubelet = Kubelet {
        volumes: zero(),
        attach: zero(),
        sandbox: zero(),
        network: zero(),
        container_start: zero(),
        teardown: zero(),
        cleanup: zero(),
        status: zero(),
        relist: SimSpan::ZERO,
        resync: SimSpan::ZERO,
        ..Kubelet::default()
    };
    spec.scheduler = SchedulerSpec {
        tie_break: TieBreak::LowestIndex,
        backoff_max: SimSpan::ZERO,
        backoff_initial: SimSpan::ZERO,
        cycle_base: zero(),
        cycle_per_filtered: 0.0,
        cycle_per_scored: 0.0,
        ..SchedulerSpec::default()
    };
    spec.registry = Registry {
        bandwidth: f64::INFINITY,
        unpack: f64::INFINITY,
        round_trip: 0.0,
        serial: false,
        pull_limit: ClientLimits::NONE,
        ..Registry::default()
    };
}

/// Runs a replication with the auditor beside it.
pub fn audited(spec: &Spec, every: u64) -> Outcome {
    let mut run = Simulation::new(spec, 0);
    run.audit().unwrap();
    let mut events = 0;
    while run.step() {
        events += 1;
        if events % every == 0 {
            run.audit().unwrap();
        }
    }
    run.audit().unwrap();
    run.run(|_| true).unwrap()
}
