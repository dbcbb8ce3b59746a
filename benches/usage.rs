//! The minute pass: what all containers of a large cluster use, with none, one and ten of a hundred nodes in contention.
//!
//! 15,000 nodes of 16 cores run a Pod of 25 containers each, 375,000 in all, whose levels are drawn at random. They follow the day, a
//! quarter of them fluctuate besides, and a third have CPU limits which some are above. Nothing else happens: one iteration is one pass of
//! the simulator as it runs, every fifth with new values of the fluctuation.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sim_core::Simulation;
use sim_core::engine::random::Seed;
use sim_core::spec::{
    Behavior, ContainerSpec, ControlPlane, Controller, Deployment, Distribution, Image, Kubelet, Level, Network, NodeLifecycle, NodePool,
    NodeShape, Noise, PodTemplate, Portion, Registry, Replicas, Requests, SchedulerSpec, Shape, Source, Spec, Symbols, Usage, Warmup,
    Workload,
};
use sim_core::table::{ImageId, Table, TemplateId};
use sim_core::units::{Bytes, MilliCpu, SimSpan};

const NODES: u32 = 15_000;
const CONTAINERS: u64 = 25;

fn requests(cpu: u64, memory: u64) -> Requests {
    Requests { cpu: MilliCpu(cpu), memory: Bytes(memory), ..Requests::default() }
}

/// A container of 600 millicores that uses from `low` to `high` of that.
fn container(number: u64, low: f64, high: f64) -> ContainerSpec {
    let fluctuates = number.is_multiple_of(4);
    let usage = Usage {
        cpu: Level::OfRequest(Distribution::Uniform { low, high }),
        shape: Shape::Daily { amplitude: 0.3, rise: 32_400.0 },
        noise: fluctuates.then_some(Noise { step: SimSpan::from_secs(300), phi: 0.9, sigma: 0.05, series: 16 }),
        ..Behavior::default().usage
    };
    ContainerSpec {
        requests: requests(600, 1 << 30),
        cpu_limit: number.is_multiple_of(3).then_some(500),
        behavior: Behavior { usage, ..Behavior::default() },
        ..ContainerSpec::new(format!("container-{number}"), ImageId(0))
    }
}

/// A Pod that fills a node.
fn template(name: &str, symbols: &mut Symbols, (low, high): (f64, f64)) -> PodTemplate {
    let containers = (0..CONTAINERS).map(|number| container(number, low, high)).collect();
    let pod = PodTemplate::new(name, symbols.intern("default")).asking(requests(600 * CONTAINERS, CONTAINERS << 30));
    PodTemplate { containers, ..pod }.classified()
}

fn workload(name: &str, template: u32, replicas: u32) -> Workload {
    let deployment = Deployment {
        replicas: Replicas::Fixed(replicas),
        max_surge: Portion::Count(1),
        max_unavailable: Portion::Count(1),
        releases: None,
        scaling: Vec::new(),
    };
    Workload {
        name: name.into(),
        template: TemplateId(template),
        controller: Controller::Deployment(deployment),
        source: Source::Standing { instances: 1 },
        lifetime: None,
        give_up_after: None,
    }
}

/// A cluster of which so many nodes have containers that want more than there is.
fn cluster(contended: u32) -> Spec {
    let mut symbols = Symbols::default();
    let templates = vec![template("calm", &mut symbols, (0.1, 0.9)), template("hungry", &mut symbols, (1.5, 4.0))];
    let room = requests(16_000, 64 << 30);
    let shape = NodeShape { capacity: room.clone(), allocatable: room, pods_max: 1, ..NodeShape::default() };
    Spec {
        name: "usage".into(),
        seed: Seed(1),
        duration: SimSpan::from_secs(100 * 365 * 86_400),
        warmup: Warmup::Equilibrium,
        series_step: SimSpan::from_secs(100 * 365 * 86_400),
        zones: Table::new(),
        resources: Table::new(),
        images: vec![Image::new("app:1", Bytes(1 << 20))].into(),
        pools: vec![NodePool { name: "node".into(), count: NODES, single: false, zones: Vec::new(), shape }].into(),
        namespaces: Vec::new(),
        disruption_budgets: Vec::new(),
        faults: Vec::new(),
        resizes: Vec::new(),
        node_lifecycle: NodeLifecycle::default(),
        templates: templates.into(),
        symbols,
        workloads: vec![workload("calm", 0, NODES - contended), workload("hungry", 1, contended)].into(),
        traffic: Vec::new(),
        scheduler: SchedulerSpec::default(),
        control_plane: ControlPlane::default(),
        kubelet: Kubelet::default(),
        registry: Registry::default(),
        network: Network::default(),
    }
}

fn usage(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("usage");
    group.sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    for percent in [0, 1, 10] {
        let spec = cluster(NODES * percent / 100);
        let mut run = None;
        group.bench_function(BenchmarkId::new("minute", format!("{percent} % of nodes in contention")), |bencher| {
            let run = run.get_or_insert_with(|| {
                let mut run = Simulation::new(&spec, 0);
                // What happens at the start is over after a few minutes.
                while run.progress().now.as_secs_f64() < 600.0 && run.step() {}
                run
            });
            bencher.iter(|| assert!(black_box(&mut *run).step(), "the run goes on"));
        });
    }
    group.finish();
}

criterion_group!(benches, usage);
criterion_main!(benches);
