//! Specs by throws of dice. Zero is the plainest choice everywhere, and throws that have run out are zeros: so what proptest shrinks is
//! made plainer bit by bit.

use crate::support::{GIB, amount, cluster, container, exponential, template, workload};
use sim_core::spec::{
    Among, Arrivals, Behavior, Cache, ClientLimits, ContainerFault, ContainerKind, ContainerSpec, Controller, Cost, Deployment,
    Destination, Distribution, EmptyDir, Fault, FaultKind, FaultTiming, Growth, Hang, Hook, HostPort, Image, Job, Layer, Level, NodeFault,
    Noise, Occasion, Pace, Part, Phase, PodTemplate, Portion, Probe, PullPolicy, Rate, RegistryFault, Releases, Replicas, RestartPolicy,
    ScaleTo, Scaling, Source, Spec, Symbols, Traffic, Usage, Warmup, Workload,
};
use sim_core::table::{ImageId, LayerId, NodeId, Table, TemplateId, WorkloadId, ZoneId};
use sim_core::units::{Bytes, SimSpan, SimTime};

pub const HOUR: u64 = 3_600;
const MIB: u64 = 1 << 20;

pub fn secs(secs: u64) -> SimSpan {
    SimSpan::from_secs(secs)
}

pub fn at(seconds: u64) -> SimTime {
    SimTime::ZERO + secs(seconds)
}

/// Throws, used up one after another.
pub struct Dice<'a> {
    throws: &'a [u8],
}

impl<'a> Dice<'a> {
    pub const fn new(throws: &'a [u8]) -> Self {
        Self { throws }
    }

    /// 0 to `sides` − 1.
    fn throw(&mut self, sides: u32) -> u32 {
        let Some((first, rest)) = self.throws.split_first() else { return 0 };
        self.throws = rest;
        u32::from(*first) % sides
    }

    /// A part of `whole`.
    fn part(&mut self, whole: u64) -> u64 {
        whole * u64::from(self.throw(256)) / 256
    }

    /// One of these, the first being the plainest.
    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.throw(choices.len() as u32) as usize].clone()
    }

    /// Once in so many throws.
    fn once_in(&mut self, times: u32) -> bool {
        self.throw(times) == times - 1
    }

    fn maybe<T>(&mut self, times: u32, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.once_in(times).then(|| make(self))
    }
}

fn law(dice: &mut Dice<'_>, mean: f64) -> Distribution {
    match dice.throw(4) {
        _ if mean <= 0.0 => Distribution::Constant(0.0),
        0 => Distribution::Constant(mean),
        1 => exponential(mean),
        2 => Distribution::Weibull { shape: 0.7, scale: mean },
        _ => Distribution::LogNormal { median: mean, sigma: 1.0 },
    }
}

fn probe(dice: &mut Dice<'_>) -> Probe {
    Probe {
        initial_delay: secs(dice.of(&[0, 1, 5, 30])),
        period: secs(dice.of(&[10, 1, 3, 60])),
        timeout: secs(dice.of(&[1, 5, 12])),
        success_threshold: 1,
        failure_threshold: dice.of(&[3, 1, 10]),
        grace: dice.maybe(4, |dice| secs(dice.of(&[0, 1, 100]))),
    }
}

fn hook(dice: &mut Dice<'_>) -> Hook {
    if dice.once_in(2) { Hook::Sleep(secs(dice.of(&[1, 10, 60]))) } else { Hook::Handler }
}

fn usage(dice: &mut Dice<'_>) -> Usage {
    let mut usage = Behavior::default().usage;
    if dice.once_in(3) {
        usage.cpu = Level::OfRequest(Distribution::Uniform { low: 0.1, high: 3.0 });
    }
    usage.noise = dice.maybe(3, |_| Noise { step: secs(300), phi: 0.8, sigma: 0.4, series: 3 });
    if dice.once_in(4) {
        usage.phases = vec![Phase { after: secs(20), cpu: 0.5, memory: 1.5 }, Phase { after: secs(900), cpu: 2.0, memory: 1.0 }];
    }
    usage.leak = dice.maybe(4, |dice| Growth { rate: Distribution::Constant(dice.of(&[1e4, 1e5, 1e6])), after: secs(dice.of(&[0, 600])) });
    usage.writes = dice.maybe(4, |dice| Growth { rate: Distribution::Constant(dice.of(&[1e4, 1e5])), after: secs(0) });
    usage
}

/// What a container of this kind does. `wild` ones crash, hang and fail.
fn behavior(dice: &mut Dice<'_>, kind: ContainerKind, batch: bool, wild: bool) -> Behavior {
    let runs = kind == ContainerKind::Init || kind == ContainerKind::App && batch;
    let mut behavior = Behavior {
        run: runs.then(|| {
            let mean = if kind == ContainerKind::Init { dice.of(&[1.0, 0.0, 20.0]) } else { dice.of(&[300.0, 0.0, 10.0, 5_000.0]) };
            law(dice, mean)
        }),
        ready: Distribution::Constant(dice.of(&[0.0, 0.5, 7.0, 45.0])),
        shutdown: Distribution::Constant(dice.of(&[0.5, 0.0, 20.0, 1e9])),
        shutdown_exit: dice.of(&[0, 143]),
        post_start: Distribution::Constant(dice.of(&[0.0, 3.0, 40.0])),
        pre_stop: Distribution::Constant(dice.of(&[0.0, 3.0, 40.0])),
        cpu_bound: dice.once_in(3),
        ..Behavior::default()
    };
    if wild {
        behavior.failure = dice.of(&[0.0, 0.2, 0.9]);
        behavior.crash = dice.maybe(3, |dice| {
            let mean = dice.of(&[20_000.0, 2_000.0, 30.0, 1.0]);
            law(dice, mean)
        });
        behavior.hang = dice.maybe(3, |dice| Hang {
            after: exponential(dice.of(&[9_000.0, 500.0, 2.0])),
            lasts: exponential(dice.of(&[30.0, 5.0, 900.0, 1e9])),
        });
        behavior.post_start_failure = dice.of(&[0.0, 0.0, 0.3]);
        behavior.usage = usage(dice);
    }
    behavior
}

fn one_container(dice: &mut Dice<'_>, (index, kind): (usize, ContainerKind), batch: bool, wild: bool) -> ContainerSpec {
    let cpu = dice.of(&[50, 10, 300]);
    let behavior = behavior(dice, kind, batch, wild);
    let mut about = container(&format!("c{index}"), cpu, behavior);
    about.kind = kind;
    about.image = ImageId(dice.throw(4));
    about.pull = dice.of(&[PullPolicy::IfNotPresent, PullPolicy::IfNotPresent, PullPolicy::Always]);
    about.memory_limit = dice.maybe(3, |dice| Bytes(cpu * MIB * dice.of(&[4, 1])));
    about.cpu_limit = dice.maybe(4, |_| cpu);
    if kind != ContainerKind::Init {
        about.readiness = dice.maybe(2, probe);
        about.startup = dice.maybe(3, probe);
        about.liveness = dice.maybe(2, probe);
        about.post_start = dice.maybe(4, hook);
        about.pre_stop = dice.maybe(4, hook);
    }
    if !wild {
        // A container that its probes kill before it serves never comes up, and one over its limit does not stay.
        about.startup = about.startup.map(|probe| Probe { failure_threshold: 100, ..probe });
        about.liveness = about.liveness.map(|probe| Probe { initial_delay: secs(120), ..probe });
        about.memory_limit = None;
    }
    about
}

fn one_template(dice: &mut Dice<'_>, symbols: &mut Symbols, policy: RestartPolicy, batch: bool, wild: bool) -> PodTemplate {
    use ContainerKind::{App, Init, Sidecar};
    let kinds = dice.of(&[
        vec![App],
        vec![Init, App],
        vec![Sidecar, App],
        vec![App, App],
        vec![Init, Sidecar, App],
        vec![Sidecar, Init, App, App],
        vec![Init, Init, Sidecar, Sidecar, App, App],
    ]);
    let mut first_app = true;
    let mut containers = Vec::new();
    for (index, kind) in kinds.into_iter().enumerate() {
        let mut about = one_container(dice, (index, kind), batch, wild);
        about.helper = kind == Sidecar || kind == App && !std::mem::take(&mut first_app);
        containers.push(about);
    }
    let apps: Vec<u8> = (0..).zip(&containers).filter(|(_, about)| about.kind == App).map(|(index, _)| index).collect();
    if wild && apps.len() > 1 && dice.once_in(6) {
        containers[usize::from(apps[1])].port_taken_by = Some(apps[0]);
    }
    let mut pod = template(symbols, policy, containers);
    pod.grace = secs(dice.of(&[30, 0, 1, 120]));
    pod.active_deadline = if batch && wild { dice.maybe(3, |dice| secs(dice.of(&[3_600, 100, 1]))) } else { None };
    (pod.volumes, pod.attached_volumes) = dice.of(&[(0, 0), (1, 0), (2, 1)]);
    if dice.once_in(4) {
        pod.empty_dirs = vec![EmptyDir { in_memory: dice.once_in(2), size_limit: dice.maybe(2, |_| Bytes(100 * MIB)) }];
    }
    if dice.once_in(4) {
        let (ip, protocol) = (symbols.intern("0.0.0.0"), symbols.intern("TCP"));
        pod.placement.host_ports = vec![HostPort { ip, protocol, port: 80 }];
    }
    pod.priority = dice.of(&[0, 0, 100, 1_000]);
    pod.classified()
}

fn deployment(dice: &mut Dice<'_>, wild: bool) -> Controller {
    Controller::Deployment(Deployment {
        replicas: Replicas::Fixed(dice.of(&[3, 1, 6])),
        max_surge: dice.of(&[Portion::Percent(25), Portion::Count(0), Portion::Percent(100)]),
        max_unavailable: dice.of(&[Portion::Percent(25), Portion::Count(1), Portion::Percent(100)]),
        releases: dice.maybe(2, |dice| Releases { every: exponential(dice.of(&[20_000.0, 2_000.0])), new_bytes: 0.2 }).filter(|_| wild),
        scaling: dice
            .maybe(3, |_| Scaling { when: Occasion::At(at(20_000)), to: ScaleTo::Replicas(5) })
            .filter(|_| wild)
            .into_iter()
            .collect(),
    })
    .with_a_way_to_roll()
}

trait WayToRoll {
    /// No rollout can go on without surge and without unavailable Pods.
    fn with_a_way_to_roll(self) -> Self;
}

impl WayToRoll for Controller {
    fn with_a_way_to_roll(self) -> Self {
        match self {
            Self::Deployment(about) if about.max_surge == Portion::Count(0) => {
                Self::Deployment(Deployment { max_unavailable: Portion::Count(1), ..about })
            }
            other => other,
        }
    }
}

fn deployed(dice: &mut Dice<'_>, template: u32, wild: bool) -> Workload {
    let mut work = workload(deployment(dice, wild), Source::Standing { instances: dice.of(&[1, 2]) });
    (work.template, work.name) = (TemplateId(template), format!("service-{template}"));
    work.lifetime = dice.maybe(3, |dice| exponential(dice.of(&[20_000.0, 1_500.0]))).filter(|_| wild);
    work
}

fn batch(dice: &mut Dice<'_>, template: u32) -> Workload {
    let job = Job { completions: dice.of(&[1, 3]), parallelism: dice.of(&[1, 2]), backoff_limit: dice.of(&[1, 0, 5]) };
    let mut work = workload(Controller::Job(job), Source::Arriving(Arrivals::Poisson { rate: dice.of(&[2e-4, 2e-3]) }));
    (work.template, work.name) = (TemplateId(template), format!("batch-{template}"));
    work.give_up_after = dice.maybe(3, |_| secs(600));
    work
}

fn images() -> Table<ImageId, Image> {
    let layer = |id, size| Layer { id: LayerId(id), size: Bytes(size) };
    let base = layer(0, 40_000_000);
    let image = |name: &str, layers: Vec<Layer>, own: u64| {
        let shared: u64 = layers.iter().map(|layer| layer.size.0).sum();
        Image { name: name.into(), size: Bytes(shared + own), layers }
    };
    Table::from(vec![
        image("a:1", vec![], 30_000_000),
        image("b:1", vec![base], 200_000_000),
        image("c:1", vec![base, layer(1, 90_000_000)], 1_000_000),
        image("d:1", vec![layer(1, 90_000_000)], 900_000_000),
    ])
}

fn fault(dice: &mut Dice<'_>, nodes: u32, templates: &Table<TemplateId, PodTemplate>, until: u64) -> Fault {
    use NodeFault as N;
    let lasts = Distribution::Constant(dice.of(&[120.0, 1.0, 20.0, 700.0, 1_800.0]));
    let some: Vec<NodeId> = (0..=dice.throw(nodes)).map(NodeId).collect();
    let node = |what| FaultKind::Node { what, lasts: lasts.clone(), nodes: some.clone() };
    let template = TemplateId(dice.throw(templates.len() as u32));
    let befalls = vec![(template, dice.throw(templates[template].containers.len() as u32) as u8)];
    let kind = match dice.throw(15) {
        0 => node(N::Crash),
        1 => node(N::Reboot),
        2 => node(N::Loss),
        3 => node(N::Partition),
        4 => node(N::Kubelet),
        5 => node(N::Runtime),
        6 => node(N::Network),
        7 => node(N::Disk),
        8 => FaultKind::Zone { lasts, zones: vec![ZoneId(0)] },
        9 => FaultKind::Registry { what: RegistryFault::Outage, lasts },
        10 => FaultKind::Registry { what: RegistryFault::Slow(9.0), lasts },
        11 => FaultKind::Registry { what: RegistryFault::BadImage(ImageId(dice.throw(4))), lasts },
        12 => FaultKind::Container { what: ContainerFault::Hang(lasts), containers: befalls },
        13 => FaultKind::Container { what: ContainerFault::InitFailure(lasts), containers: befalls },
        _ => FaultKind::Container { what: ContainerFault::Crash(dice.of(&[1, 0])), containers: befalls },
    };
    let times: Vec<SimTime> = (0..=dice.throw(4)).map(|_| at(dice.part(until))).collect();
    Fault { name: "fault".into(), kind, timing: FaultTiming::At(times), among: dice.of(&[Among::All, Among::Count(1), Among::Share(0.5)]) }
}

fn traffic(dice: &mut Dice<'_>, spec: &Spec) -> Traffic {
    let containers = &spec.templates.rows()[0].containers;
    let part = |about: &ContainerSpec| Part {
        in_path: about.kind != ContainerKind::Init,
        cost: (about.kind != ContainerKind::Init).then_some(Cost { cpu: 0.001, idle_cpu: 1_000, idle_memory: MIB, ..Cost::default() }),
    };
    let serving = containers.iter().position(|about| about.kind == ContainerKind::App).unwrap() as u8;
    let pace = if dice.once_in(2) { Pace::Requests { count: 5_000.0, shadow: 20.0 } } else { Pace::Age(100.0) };
    let cache = dice.maybe(2, |_| Cache { start: 0.1, warm: 0.9, pace, miss_cpu: 0.002, miss_latency: 0.01, ready_at: Some(0.5) });
    Traffic {
        name: "web".into(),
        to: vec![Destination { workload: WorkloadId(0), containers: containers.iter().map(part).collect(), serving, cache }],
        together: dice.once_in(2),
        rate: if dice.once_in(2) { Rate::Daily { mean: 80.0, amplitude: 0.5, rise: 30_000.0 } } else { Rate::Constant(50.0) },
        noise: None,
        step: secs(60),
        latency: 0.001,
        propagation: exponential(1.0),
    }
}

/// Deployments and batches of all kinds on a cluster of a few nodes, where everything may go wrong.
pub fn wild(pods: &[u8], rest: &[u8], seed: u64) -> Spec {
    use RestartPolicy::{Always, Never, OnFailure};

    let dice = &mut Dice::new(pods);
    let mut symbols = Symbols::default();
    let policies = [(Always, false), (Always, false), (OnFailure, true), (Never, true)];
    let templates: Vec<PodTemplate> =
        policies.iter().map(|(policy, batch)| one_template(dice, &mut symbols, *policy, *batch, true)).collect();
    let dice = &mut Dice::new(rest);
    let workloads = vec![deployed(dice, 0, true), deployed(dice, 1, true), batch(dice, 2), batch(dice, 3)];
    let mut spec = on_nodes(dice, symbols, templates, workloads);
    if dice.once_in(2) {
        spec.network.node_prefix = 29;
    }
    spec.registry.disk = dice.of(&[None, Some(6 * GIB)]);
    spec.registry.serial = dice.once_in(2);
    spec.registry.total_bandwidth = dice.of(&[f64::INFINITY, 30e6]);
    spec.registry.pull_limit = dice.of(&[ClientLimits::NONE, ClientLimits { qps: 0.5, burst: 1 }]);
    spec.faults = (0..dice.throw(7)).map(|_| fault(dice, 4, &spec.templates, 80_000)).collect();
    if dice.once_in(2) {
        let traffic = traffic(dice, &spec);
        spec.traffic = vec![traffic];
    }
    if dice.once_in(2) {
        spec.warmup = Warmup::Span(secs(600));
    }
    spec.seed.0 = seed;
    spec.duration = secs(24 * HOUR);
    spec
}

fn on_nodes(dice: &mut Dice<'_>, symbols: Symbols, templates: Vec<PodTemplate>, workloads: Vec<Workload>) -> Spec {
    let cpu = dice.of(&[8_000, 2_000]);
    let mut spec = cluster(4, cpu, templates[0].clone(), symbols, workloads[0].clone());
    (spec.templates, spec.workloads, spec.images) = (Table::from(templates), Table::from(workloads), images());
    spec.zones = Table::from(vec!["zone-0".to_owned(), "zone-1".to_owned()]);
    let pool = &mut spec.pools.rows_mut()[0];
    pool.zones = vec![ZoneId(0), ZoneId(1)];
    let mut room = amount(cpu, dice.of(&[64 * GIB, 4 * GIB]));
    room.ephemeral_storage = Bytes(dice.of(&[200 * GIB, 8 * GIB]));
    (pool.shape.capacity, pool.shape.allocatable) = (room.clone(), room);
    pool.shape.pods_max = dice.of(&[110, 12]);
    spec
}

/// About so many lives of Pods that end, most of them well, on forty nodes that fail now and then: Jobs with an init container and a
/// sidecar, and a service whose Pods crash, hang and are replaced.
pub fn many(lives: u64) -> Spec {
    use ContainerKind::{Init, Sidecar};
    let mut symbols = Symbols::default();
    let helper = |name: &str, kind, behavior| ContainerSpec { kind, helper: true, ..container(name, 10, behavior) };
    let init = helper("init", Init, Behavior { run: Some(exponential(1.0)), failure: 0.05, ..Behavior::default() });
    let proxy = helper("proxy", Sidecar, Behavior { crash: Some(exponential(5_000.0)), ..Behavior::default() });
    let mut main = container("main", 100, Behavior { crash: Some(exponential(20_000.0)), ..Behavior::default() });
    main.behavior.hang = Some(Hang { after: exponential(40_000.0), lasts: exponential(60.0) });
    (main.readiness, main.liveness) = (Some(probe(&mut Dice::new(&[]))), Some(probe(&mut Dice::new(&[]))));
    let work = container("work", 100, Behavior { run: Some(exponential(40.0)), failure: 0.1, cpu_bound: true, ..Behavior::default() });
    let service = template(&mut symbols, RestartPolicy::Always, vec![init.clone(), proxy.clone(), main]);
    let jobs = [RestartPolicy::OnFailure, RestartPolicy::Never]
        .map(|policy| template(&mut symbols, policy, vec![init.clone(), proxy.clone(), work.clone()]));
    let standing = deployed(&mut Dice::new(&[]), 0, false);
    let mut spec = cluster(40, 16_000, service, symbols, Workload { lifetime: Some(exponential(9_000.0)), ..standing });
    for (number, job) in (1..).zip(jobs) {
        spec.templates.push(job);
        spec.workloads.push(batch(&mut Dice::new(&[]), number));
    }
    let rate = 1.0;
    for work in &mut spec.workloads.rows_mut()[1..] {
        work.source = Source::Arriving(Arrivals::Poisson { rate });
    }
    let kind = FaultKind::Node { what: NodeFault::Crash, lasts: exponential(400.0), nodes: (0..40).map(NodeId).collect() };
    spec.faults = vec![Fault { name: "crash".into(), kind, timing: FaultTiming::Every(exponential(200_000.0)), among: Among::All }];
    spec.duration = SimSpan::from_secs_f64(lives as f64 / (2.0 * rate));
    spec.series_step = secs(24 * HOUR);
    spec
}

/// Deployments that nothing ails but faults, the last of which is over after ten hours; there is room for all.
pub fn curable(pods: &[u8], rest: &[u8], seed: u64) -> Spec {
    let dice = &mut Dice::new(pods);
    let mut symbols = Symbols::default();
    let mut templates: Vec<PodTemplate> = (0..2).map(|_| one_template(dice, &mut symbols, RestartPolicy::Always, false, false)).collect();
    templates.iter_mut().for_each(|template| template.placement.host_ports.clear());
    let dice = &mut Dice::new(rest);
    let workloads = vec![deployed(dice, 0, false), deployed(dice, 1, false)];
    let mut spec = on_nodes(&mut Dice::new(&[]), symbols, templates, workloads);
    spec.faults = (0..=dice.throw(6)).map(|_| fault(dice, 4, &spec.templates, 9 * HOUR)).collect();
    if dice.once_in(2) {
        spec.warmup = Warmup::Span(SimSpan::ZERO);
    }
    spec.seed.0 = seed;
    spec.duration = secs(11 * HOUR);
    spec
}
