//! Scheduling decisions: a cluster two thirds full in which each decision is followed by the end of a random Pod.
//!
//! One iteration submits a Pod of a random template, takes it from the queue, places it and releases another, on the fast path and
//! on the plain reading of the plugins. `asking` Pods are spread over zones and hosts, want no other of their kind on their host and
//! prefer the zones of another kind.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sim_core::engine::random::Seed;
use sim_core::scheduler::{Path, Resident, Scheduler, Verdict};
use sim_core::spec::{
    ControlPlane, Kubelet, LabelSelector, Labels, Network, NodeLifecycle, NodePool, NodeShape, Operator, PodAffinity, PodAffinityTerm,
    PodTemplate, Registry, Requests, Requirement, SchedulerSpec, Spec, Symbols, TopologySpreadConstraint, Warmup, WhenUnsatisfiable,
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

/// What Pods ask of each other besides: four templates are a kind.
fn asking(number: u64, template: PodTemplate, symbols: &mut Symbols) -> PodTemplate {
    let [app, zone, host] = ["app", "topology.kubernetes.io/zone", "kubernetes.io/hostname"].map(|key| symbols.intern(key));
    let mut kind = |number: u64| symbols.intern(&format!("app-{}", number / 4));
    let (own, other) = (kind(number), kind(number + 4));
    let selects = |kind| LabelSelector(vec![Requirement { key: app, operator: Operator::In, values: vec![kind] }]);
    let spread = |topology_key, max_skew, when_unsatisfiable| TopologySpreadConstraint {
        max_skew,
        topology_key,
        when_unsatisfiable,
        selector: Some(selects(own)),
        min_domains: None,
        honor_node_affinity: true,
        honor_node_taints: false,
    };
    let term = |kind, topology_key| PodAffinityTerm {
        selector: Some(selects(kind)),
        namespaces: vec![template.namespace],
        namespace_selector: None,
        topology_key,
    };
    let affinity = PodAffinity { anti_required: vec![term(own, host)], preferred: vec![(10, term(other, zone))], ..PodAffinity::default() };
    let hard = spread(zone, 1_000_000, WhenUnsatisfiable::DoNotSchedule);
    let spread = vec![hard, spread(zone, 5, WhenUnsatisfiable::ScheduleAnyway), spread(host, 3, WhenUnsatisfiable::ScheduleAnyway)];
    PodTemplate { labels: Labels::from_pairs([(app, own)]), spread, affinity, ..template }
}

/// `nodes` nodes of 16 and 32 cores in three zones.
fn cluster(nodes: u32, templates: u64, percentage: u32, asks: bool) -> Spec {
    let mut symbols = Symbols::default();
    symbols.intern("default");
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
        resources: Table::new(),
        images: Table::new(),
        pools: vec![pool(16), pool(32)].into(),
        namespaces: Vec::new(),
        disruption_budgets: Vec::new(),
        faults: Vec::new(),
        resizes: Vec::new(),
        node_lifecycle: NodeLifecycle::default(),
        templates: (0..templates)
            .map(|number| template(number, rng))
            .enumerate()
            .map(|(number, template)| if asks { asking(number as u64, template, &mut symbols) } else { template })
            .collect(),
        symbols,
        workloads: Table::new(),
        traffic: Vec::new(),
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
        // What is worked out once for each template is not measured.
        for _ in 0..4 * churn.spec.templates.len() {
            churn.step();
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
    let sizes = [1_000, 5_000, 15_000].map(|nodes| (nodes, 100, 0));
    let kinds = [1, 10, 1_000].map(|templates| (15_000, templates, 0));
    let whole = [1, 10, 100].map(|templates| (15_000, templates, 100));
    for (nodes, templates, percentage) in sizes.into_iter().chain(kinds).chain(whole) {
        for (path, asks) in [(Path::Auto, false), (Path::Auto, true), (Path::Plain, false), (Path::Plain, true)] {
            // Few kinds are on all nodes already, and then want no other of theirs there.
            if asks && templates < 100 {
                continue;
            }
            let name = format!("{path:?}{}", if asks { " asking" } else { "" });
            let about = format!("{nodes} nodes, {templates} templates, {percentage} %");
            let mut churn = None;
            group.bench_function(BenchmarkId::new(name, about), |bencher| {
                let churn = churn.get_or_insert_with(|| Churn::new(cluster(nodes, templates, percentage, asks), path));
                bencher.iter(|| black_box(&mut *churn).step());
            });
        }
    }
    group.finish();
}

criterion_group!(benches, placement);
criterion_main!(benches);
