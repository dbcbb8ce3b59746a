//! Outcomes that look like those of a run, for the tests of this crate: a population of Pods with lognormal lives and daily arrivals.

use crate::run::{FidelityNote, Notes, RunInfo};
use sim_core::cluster::PodState;
use sim_core::measure::{
    AddressMeasures, Arrow, ContainerMeasures, ControllerMeasures, EngineCounts, ImageMeasures, LifecycleMeasures, NodeMeasures, Outcome,
    PendingReason, PodMeasures, ResourceMeasures, ResourceUse, RoleMeasures, Sample, SchedulerMeasures, StartupMeasures, Step, Survival,
    Tally, TimeAverage,
};
use sim_core::spec::Warmup;
use sim_core::units::{SimSpan, SimTime};
use std::sync::OnceLock;

const HOURS: u64 = 14 * 24;
const NODES: u64 = 150;
const POD_MILLIS: u64 = 450;
const POD_BYTES: u64 = 900 << 20;

/// A small deterministic generator (splitmix).
struct Dice(u64);

impl Dice {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1u64 << 53) as f64 + 1e-18
    }

    fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        let normal = (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos();
        median * (sigma * normal).exp()
    }

    fn span(&mut self, median: f64, sigma: f64) -> SimSpan {
        SimSpan::from_secs_f64(self.lognormal(median, sigma))
    }
}

/// A Pod's birth and end.
struct Life {
    born: SimTime,
    ended: SimTime,
}

const OPENED: SimTime = SimTime::ZERO;

fn closed() -> SimTime {
    SimTime::ZERO + SimSpan::from_secs(HOURS * 3600)
}

fn lives(dice: &mut Dice) -> Vec<Life> {
    let standing = (0..2_600).map(|_| (OPENED, SimSpan::from_secs_f64(dice.uniform() * 9.0 * 86_400.0))).collect::<Vec<_>>();
    let mut at = 0.0;
    let mut arriving = Vec::new();
    while at < (HOURS * 3600) as f64 {
        let busy = 1.0 + 0.6 * (at / 86_400.0 * std::f64::consts::TAU).sin();
        at += -dice.uniform().ln() * 75.0 / busy;
        arriving.push((SimTime::ZERO + SimSpan::from_secs_f64(at), dice.span(80_000.0, 1.4)));
    }
    standing.into_iter().chain(arriving).filter(|life| life.0 < closed()).map(|(born, span)| Life { born, ended: born + span }).collect()
}

/// Levels that follow the live Pods, set together at every birth and end.
struct Levels {
    live: TimeAverage,
    in_state: [TimeAverage; PodState::COUNT],
    live_at_hour: Vec<u64>,
    split: [u64; PodState::COUNT],
}

fn split(live: u64, hour: u64) -> [u64; PodState::COUNT] {
    let busy = 1 + (hour % 24) / 6;
    let stuck = if (200..230).contains(&hour) { 40 } else { 0 };
    let (scheduling, pulling, creating, unhealthy, restarting) = (busy + stuck, 5 * busy, 2 * busy, 3 + busy, 4 + 2 * busy);
    let rest = live.saturating_sub(scheduling + pulling + creating + unhealthy + restarting);
    [scheduling, pulling, creating, rest, unhealthy, restarting, 0, 0]
}

fn levels(lives: &[Life]) -> Levels {
    let mut changes: Vec<(SimTime, i64)> = Vec::new();
    for life in lives.iter().filter(|life| life.born > OPENED) {
        changes.push((life.born, 1));
    }
    changes.extend(lives.iter().filter(|life| life.ended < closed()).map(|life| (life.ended, -1)));
    changes.extend((1..HOURS).map(|hour| (SimTime::ZERO + SimSpan::from_secs(hour * 3600), 0)));
    changes.sort_unstable();
    let mut live = lives.iter().filter(|life| life.born == OPENED).count() as u64;
    let start = split(live, 0);
    let mut levels = Levels {
        live: TimeAverage::new(live, OPENED),
        in_state: start.map(|n| TimeAverage::new(n, OPENED)),
        live_at_hour: vec![live],
        split: start,
    };
    for (at, by) in changes {
        live = live.checked_add_signed(by).expect("Pods end after they begin");
        levels.live.set(live, at);
        levels.split = split(live, at.as_nanos() / 3_600_000_000_000);
        for (level, now) in levels.in_state.iter_mut().zip(levels.split) {
            level.set(now, at);
        }
        if by == 0 {
            levels.live_at_hour.push(live);
        }
    }
    levels
}

fn scaled(level: &TimeAverage, per: f64) -> TimeAverage {
    TimeAverage::new((level.mean(closed()) * per) as u64, OPENED)
}

/// A constant level, and its integral in level · nanoseconds.
fn constant(level: u64) -> (TimeAverage, u128) {
    (TimeAverage::new(level, OPENED), u128::from(level) * u128::from(closed().as_nanos()))
}

fn tally(dice: &mut Dice, count: u64, median: f64, sigma: f64) -> Tally {
    let mut tally = Tally::default();
    (0..count).for_each(|_| tally.record(dice.span(median, sigma)));
    tally
}

fn survival(lives: &[Life]) -> (Survival, Tally, u128) {
    let (mut survival, mut lifespan, mut watched) = (Survival::default(), Tally::default(), 0);
    for life in lives {
        if life.ended < closed() {
            survival.ended(SimSpan::ZERO, life.ended - life.born);
            lifespan.record(life.ended - life.born);
        } else {
            survival.censored(SimSpan::ZERO, closed() - life.born);
        }
        watched += u128::from((life.ended.min(closed()) - life.born).as_nanos());
    }
    (survival, lifespan, watched)
}

fn samples(dice: &mut Dice, live: &[u64]) -> Vec<Sample> {
    let (mut created, mut ended, mut restarts) = (0, 0, 0);
    let mut sample = |(hour, live): (usize, &u64)| {
        let hour = hour as u64;
        created += 40 + dice.word() % 20;
        ended += 40 + dice.word() % 18;
        restarts += dice.word() % 9 + if (200..206).contains(&hour) { 60 } else { 0 };
        let in_state = split(*live, hour);
        let day = 1.0 + 0.25 * (hour as f64 / 24.0 * std::f64::consts::TAU).sin();
        Sample {
            at: SimTime::ZERO + SimSpan::from_secs(hour * 3600),
            in_state: [in_state[0], in_state[1], in_state[2], in_state[3], in_state[4], in_state[5]],
            cpu_requested: live * POD_MILLIS,
            cpu_used: (live * POD_MILLIS) as f64 * 0.42 * day,
            memory_requested: live * POD_BYTES,
            memory_used: (live * POD_BYTES) as f64 * 0.71,
            cpu_allocatable: NODES * 15_800,
            memory_allocatable: NODES * (60 << 30),
            addresses: live - in_state[0],
            containers: (*live as f64 * 1.22) as u64,
            created,
            ended,
            restarts,
            queued: in_state[0],
            nodes_ready: NODES - u64::from((100..103).contains(&hour)),
        }
    };
    live.iter().enumerate().map(&mut sample).collect()
}

fn lifecycle(dice: &mut Dice, started: u64, succeeded: u64, failed: u64) -> LifecycleMeasures {
    use PodState::{ContainerCreating, Failed, Healthy, ImagePull, Restarting, Scheduling, Succeeded, Unhealthy};
    let mut arrows = vec![vec![Arrow::default(); PodState::COUNT]; PodState::COUNT];
    let mut dwell = vec![Tally::default(); PodState::COUNT];
    let rows = [
        (Scheduling, ImagePull, started, 0.08),
        (ImagePull, ContainerCreating, started - 9, 4.2),
        (ContainerCreating, Healthy, started - 12, 1.3),
        (Healthy, Unhealthy, 940, 70_000.0),
        (Unhealthy, Healthy, 310, 12.0),
        (Unhealthy, Restarting, 621, 1.1),
        (Restarting, Healthy, 612, 24.0),
        (Healthy, Succeeded, succeeded, 80_000.0),
        (Healthy, Failed, failed.saturating_sub(20), 50_000.0),
        (Unhealthy, Failed, 9, 31.0),
        (ContainerCreating, Failed, 3, 600.0),
    ];
    for (from, to, count, secs) in rows {
        arrows[from.index()][to.index()] = Arrow { count, dwell: u128::from(count) * (secs * 1e9) as u128 };
        dwell[from.index()].merge(&tally(dice, count.min(500), secs, 0.8));
    }
    LifecycleMeasures { arrows, dwell }
}

const STEPS: [(Step, f64, f64); Step::COUNT] = [
    (Step::Queue, 0.03, 1.0),
    (Step::Bind, 0.012, 0.3),
    (Step::Notice, 0.1, 0.4),
    (Step::Volumes, 0.35, 0.5),
    (Step::Sandbox, 0.28, 0.3),
    (Step::Network, 0.12, 0.4),
    (Step::Pull, 3.4, 0.9),
    (Step::Init, 2.6, 0.7),
    (Step::Start, 0.31, 0.3),
    (Step::Relist, 0.5, 0.3),
    (Step::Ready, 4.8, 0.5),
];

fn startup(dice: &mut Dice, started: u64) -> StartupMeasures {
    let mut steps = vec![Tally::default(); Step::COUNT];
    let share = |step| match step {
        Step::Volumes => 4,
        Step::Pull => 3,
        Step::Init => 6,
        _ => 1,
    };
    for (step, median, sigma) in STEPS {
        steps[step.index()] = tally(dice, started / share(step), median, sigma);
    }
    StartupMeasures {
        steps,
        running: tally(dice, started, 3.1, 0.8),
        ready: tally(dice, started, 8.2, 0.6),
        objective: tally(dice, started, 1.6, 0.35),
        pulls: started / 3,
        pull_hits: started,
        pulled: started / 3 * (180 << 20),
        images: ImageMeasures {
            registry_down: started / 900,
            qps_exceeded: started / 500,
            saved: started << 20,
            ..ImageMeasures::default()
        },
    }
}

fn resources(live: &TimeAverage) -> ResourceMeasures {
    let (cpu, cpu_again) = constant((live.mean(closed()) * POD_MILLIS as f64) as u64);
    let (memory, memory_again) = constant((live.mean(closed()) * POD_BYTES as f64) as u64);
    let fixed = |level: u64| constant(level).0;
    let integral = |level: &TimeAverage| level.integral(closed());
    ResourceMeasures {
        cpu: ResourceUse {
            allocatable: fixed(NODES * 15_800),
            capacity: fixed(NODES * 16_000),
            requested: cpu,
            used: integral(&cpu) * 0.42,
            requested_again: cpu_again,
        },
        memory: ResourceUse {
            allocatable: fixed(NODES * (60 << 30)),
            capacity: fixed(NODES * (64 << 30)),
            requested: memory,
            used: integral(&memory) * 0.71,
            requested_again: memory_again,
        },
        pause_memory: scaled(live, 700_000.0),
        pause_image: NODES * 320_000,
        image_bytes: NODES * (9 << 30),
        sidecar_memory_requested: [scaled(&memory, 0.012), scaled(&memory, 0.16)],
        sidecar_memory_used: [scaled(&memory, 0.009), scaled(&memory, 0.11)],
        sidecar_cpu_requested: [scaled(&cpu, 0.011), scaled(&cpu, 0.15)],
    }
}

fn pods(lives: &[Life], levels: &Levels) -> PodMeasures {
    let (survival, lifespan, watched) = survival(lives);
    let at_start = lives.iter().filter(|life| life.born == OPENED).count() as u64;
    let created = lives.len() as u64 - at_start;
    let ended = lifespan.count();
    let healthy = &levels.in_state[3];
    PodMeasures {
        live: levels.live,
        running: *healthy,
        ready: *healthy,
        in_state: levels.in_state,
        by_size: [scaled(&levels.live, 0.847), scaled(&levels.live, 0.153)],
        created_by_size: [created * 86 / 100, created - created * 86 / 100],
        at_start,
        created,
        succeeded: ended - ended / 40,
        failed: ended / 40,
        given_up: 3,
        rejected: 0,
        deleted: ended / 2,
        at_end: levels.split,
        restarted: 41,
        lifespan,
        survival,
        lived: watched,
    }
}

fn containers(dice: &mut Dice, live: &TimeAverage, created: u64) -> ContainerMeasures {
    ContainerMeasures {
        live: scaled(live, 1.22),
        running: scaled(live, 1.21),
        started: created * 13 / 10,
        init_started: created / 6,
        pauses: created,
        restarts: 58,
        crashes: 49,
        hangs: 11,
        probe_kills: 9,
        recovery: tally(dice, 62, 14.0, 0.9),
        backoff: tally(dice, 58, 18.0, 0.7),
        failures: 63,
        recovered: 62,
        hang_detection: tally(dice, 11, 25.0, 0.2),
        in_ready: scaled(live, 1.2),
        by_role: [(0.99, 38, 4), (0.22, 18, 3), (0.0, 2, 0)].map(|(share, restarts, oom_kills)| RoleMeasures {
            up: scaled(live, share),
            restarts,
            oom_kills,
        }),
    }
}

fn scheduler(dice: &mut Dice, levels: &Levels, placed: u64) -> SchedulerMeasures {
    let reason = |message: &str, given, waiting| PendingReason { message: message.to_owned(), given, waiting };
    SchedulerMeasures {
        cycles: placed + 133,
        placed,
        unschedulable: 133,
        preempted: 0,
        filtered: placed * 150,
        scored: placed * 88,
        wait: tally(dice, placed, 0.04, 1.1),
        waited: placed / 5,
        queued: levels.in_state[0],
        busy: SimSpan::from_secs_f64(placed as f64 * 0.0012),
        limited: Tally::default(),
        messages: vec![
            reason("0/150 nodes are available: 112 Insufficient cpu, 38 Insufficient memory.", 121, 2),
            reason("0/150 nodes are available: 150 node(s) didn't match Pod's node affinity/selector.", 12, 1),
        ],
    }
}

/// So many nodes, none of which ever fails.
fn nodes(count: u64, pods_max: u32) -> NodeMeasures {
    let (level, none) = (TimeAverage::new(count, OPENED), TimeAverage::new(0, OPENED));
    NodeMeasures {
        ready: level,
        occupied: level,
        pods_max,
        down: none,
        failures: 0,
        downtime: Tally::default(),
        pods_lost: 0,
        evicted: 0,
        pods_collected: 0,
        detection: Tally::default(),
        recovery: Tally::default(),
        recovered_elsewhere: 0,
    }
}

/// One replication.
fn outcome(replication: u32) -> Outcome {
    let mut dice = Dice(u64::from(replication) + 7);
    let lives = lives(&mut dice);
    let levels = levels(&lives);
    let pods = pods(&lives, &levels);
    let live = levels.live;
    Outcome {
        replication,
        opened: OPENED,
        closed: closed(),
        engine: EngineCounts { events: 1_843_211 + dice.word() % 9_000, stale: 1_204, pending_max: 8_931, streams: 90_112, audits: 0 },
        nodes: nodes(NODES, 37),
        containers: containers(&mut dice, &live, pods.created),
        lifecycle: lifecycle(&mut dice, pods.created, pods.succeeded, pods.failed),
        startup: startup(&mut dice, pods.created),
        resources: resources(&live),
        usage: sim_core::measure::UsageMeasures::new(sim_core::units::SimTime::ZERO),
        addresses: AddressMeasures { in_use: scaled(&live, 0.999), assigned: pods.created, exhausted: 0, duplicates: 0 },
        scheduler: scheduler(&mut dice, &levels, pods.created),
        traffic: Vec::new(),
        controllers: ControllerMeasures { releases: 31, rollouts: 30, scalings: 412, jobs: 1_310, jobs_completed: 1_288, jobs_failed: 9 },
        series: samples(&mut dice, &levels.live_at_hour),
        pods,
    }
}

/// Up to ten replications, made once for all tests.
pub(crate) fn outcomes(count: u32) -> Vec<Outcome> {
    static MADE: OnceLock<Vec<Outcome>> = OnceLock::new();
    MADE.get_or_init(|| (0..10).map(outcome).collect())[..count as usize].to_vec()
}

/// A run in which nothing was there and nothing happened.
pub(crate) fn empty() -> Outcome {
    let none = TimeAverage::new(0, OPENED);
    let unused = ResourceUse { allocatable: none, capacity: none, requested: none, used: 0.0, requested_again: 0 };
    let levels = Levels { live: none, in_state: [none; PodState::COUNT], live_at_hour: Vec::new(), split: [0; PodState::COUNT] };
    let nothing = Tally::default;
    Outcome {
        replication: 0,
        opened: OPENED,
        closed: closed(),
        engine: EngineCounts::default(),
        nodes: nodes(0, 0),
        pods: PodMeasures { given_up: 0, restarted: 0, ..pods(&[], &levels) },
        containers: ContainerMeasures {
            live: none,
            running: none,
            started: 0,
            init_started: 0,
            pauses: 0,
            restarts: 0,
            crashes: 0,
            hangs: 0,
            probe_kills: 0,
            recovery: nothing(),
            backoff: nothing(),
            failures: 0,
            recovered: 0,
            hang_detection: nothing(),
            in_ready: none,
            by_role: [RoleMeasures::new(none); 3],
        },
        lifecycle: LifecycleMeasures {
            arrows: vec![vec![Arrow::default(); PodState::COUNT]; PodState::COUNT],
            dwell: vec![Tally::default(); PodState::COUNT],
        },
        startup: startup(&mut Dice(0), 0),
        resources: ResourceMeasures {
            cpu: unused,
            memory: unused,
            pause_memory: none,
            pause_image: 0,
            image_bytes: 0,
            sidecar_memory_requested: [none; 2],
            sidecar_memory_used: [none; 2],
            sidecar_cpu_requested: [none; 2],
        },
        usage: sim_core::measure::UsageMeasures::new(sim_core::units::SimTime::ZERO),
        addresses: AddressMeasures { in_use: none, assigned: 0, exhausted: 0, duplicates: 0 },
        scheduler: SchedulerMeasures { cycles: 0, unschedulable: 0, messages: Vec::new(), ..scheduler(&mut Dice(0), &levels, 0) },
        traffic: Vec::new(),
        controllers: ControllerMeasures::default(),
        series: Vec::new(),
    }
}

/// About the run.
pub(crate) fn run(replications: u32) -> RunInfo {
    RunInfo {
        version: "0.1.0".to_owned(),
        scenario: "rollouts-at-scale".to_owned(),
        digest: "3f2a9c51d07be846".to_owned(),
        seed: 7,
        replications,
        warmup: Warmup::Equilibrium,
        duration: SimSpan::from_secs(HOURS * 3600),
        reproduce: format!("podsim run scenarios/rollouts-at-scale.yaml --seed 7 --replications {replications}"),
        command: format!("podsim run scenarios/rollouts-at-scale.yaml --replications {replications} --out results --jobs 2"),
        wall_seconds: 12.75,
        cpu_seconds: 24.5,
        peak_memory: 300 << 20,
        threads: 2,
    }
}

/// What readers must know.
pub(crate) fn notes() -> Notes {
    let note = |place: &str, field: &str, treatment: &str, text: &str| FidelityNote {
        place: place.to_owned(),
        field: field.to_owned(),
        treatment: treatment.to_owned(),
        text: text.to_owned(),
    };
    Notes {
        warnings: vec![
            "The life of `batch` has infinite variance (Pareto, shape 1.5): intervals of means are not to be trusted.".to_owned(),
        ],
        fidelity: vec![
            note("manifests/simple-web.yaml:21:9", "livenessProbe.httpGet", "approximated", "succeeds unless the container hangs"),
            note("manifests/web-with-sidecar.yaml:30:7", "volumeMounts", "ignored", "contents of volumes are not simulated"),
        ],
    }
}
