//! Scheduling decisions: a cluster two thirds full in which each decision is followed by the end of a random Pod.
//!
//! One iteration submits a Pod of a random template, takes it from the queue, places it and releases another, on the fast path and
//! on the plain reading of the plugins.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sim_core::engine::random::Seed;
use sim_core::scheduler::{Path, Resident, Scheduler, Verdict};
use sim_core::spec::{
    ControlPlane, Kubelet, Network, NodePool, NodeShape, PodTemplate, Registry, Requests, SchedulerSpec, Spec, Symbols, Warmup,
};
use sim_core::table::{NodeId, PodId, Symbol, Table, TemplateId};
use sim_core::units::{Bytes, MilliCpu, SimSpan, SimTime};

fn requests(cpu: u64, memory: u64) -> Requests {
    Requests { cpu: MilliCpu(cpu), memory: Bytes(memory), ..Requests::default() }
}

/// A template of 100 m to 2 cores and 128 MiB to 8 GiB.
fn template(number: u64, rng: &mut ChaCha8Rng) -> PodTemplate {
    let asks = requests(rng.random_range(2..40) * 50, rng.random_range(1..64) << 27);
    PodTemplate::new(format!("pod-{number}"), Symbol(0)).asking(asks)
}

/// `nodes` nodes of 16 and 32 cores in three zones.
fn cluster(nodes: u32, templates: u64, percentage: u32) -> Spec {
    let rng = &mut ChaCha8Rng::seed_from_u64(7);
    let zones: Table<_, _> = ["a", "b", "c"].map(String::from).to_vec().into();
    let pool = |cores: u64| NodePool {
        name: format!("cores-{cores}"),
        count: nodes / 2,
        single: false,
        zones: zones.ids().collect(),
        shape: NodeShape { allocatable: requests(cores * 1000, cores << 32), pods_max: 110, ..NodeShape::default() },
    };
    Spec {
        name: "placement".into(),
        seed: Seed(0),
        duration: SimSpan::from_secs(1),
        warmup: Warmup::Equilibrium,
        series_step: SimSpan::from_secs(1),
        symbols: Symbols::default(),
        resources: Table::new(),
        images: Table::new(),
        pools: vec![pool(16), pool(32)].into(),
        namespaces: Vec::new(),
        disruption_budgets: Vec::new(),
        templates: (0..templates).map(|number| template(number, rng)).collect(),
        workloads: Table::new(),
        scheduler: SchedulerSpec { percentage_of_nodes_to_score: percentage, ..SchedulerSpec::default() },
        control_plane: ControlPlane::default(),
        kubelet: Kubelet::default(),
        registry: Registry::default(),
        network: Network::default(),
        zones,
    }
}

/// A cluster under churn.
struct Churn {
    spec: Spec,
    scheduler: Scheduler,
    bound: Vec<(PodId, NodeId)>,
    /// Pods so far.
    pods: u32,
    rng: ChaCha8Rng,
}

impl Churn {
    fn new(spec: Spec, path: Path) -> Self {
        let scheduler = Scheduler::new(&spec).with_path(path);
        let mut churn = Self { scheduler, bound: Vec::new(), pods: 0, rng: ChaCha8Rng::seed_from_u64(8), spec };
        for node in 0..churn.spec.nodes_count() as u32 {
            for _ in 0..if node < churn.spec.nodes_count() as u32 / 2 { 10 } else { 20 } {
                let template = churn.any_template();
                let resident = Resident { pod: churn.next_pod(), template, started: SimTime::ZERO, terminating: false };
                churn.scheduler.assign(&churn.spec, resident, NodeId(node));
                churn.bound.push((resident.pod, NodeId(node)));
            }
        }
        churn
    }

    fn any_template(&mut self) -> TemplateId {
        TemplateId(self.rng.random_range(0..self.spec.templates.len() as u32))
    }

    fn next_pod(&mut self) -> PodId {
        self.pods += 1;
        PodId(self.pods)
    }

    fn step(&mut self) {
        let (template, pod) = (self.any_template(), self.next_pod());
        self.scheduler.submit(&self.spec, pod, template, SimTime::ZERO);
        let pod = self.scheduler.next(SimTime::ZERO).expect("it was submitted");
        match self.scheduler.cycle(&self.spec, pod, self.rng.next_u64(), SimTime::ZERO).verdict {
            Verdict::Placed(node) => self.bound.push((pod, node)),
            Verdict::Unschedulable(_) => self.scheduler.withdraw(&self.spec, pod, SimTime::ZERO),
        }
        let (pod, node) = self.bound.swap_remove(self.rng.random_range(0..self.bound.len()));
        self.scheduler.release(&self.spec, pod, node, SimTime::ZERO);
    }
}

fn placement(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("placement");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(1));
    for (nodes, templates, percentage) in
        [(1_000, 10, 0), (5_000, 10, 0), (15_000, 10, 0), (15_000, 100, 0), (15_000, 1_000, 0), (15_000, 10, 100)]
    {
        for path in [Path::Auto, Path::Plain] {
            let about = format!("{nodes} nodes, {templates} templates, {percentage} %");
            let mut churn = None;
            group.bench_function(BenchmarkId::new(format!("{path:?}"), about), |bencher| {
                let churn = churn.get_or_insert_with(|| Churn::new(cluster(nodes, templates, percentage), path));
                bencher.iter(|| black_box(&mut *churn).step());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, placement);
criterion_main!(benches);
