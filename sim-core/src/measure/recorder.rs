//! The recorder: hears of every change that matters and adds it up over the window of measurement.

use super::{
    AddressMeasures, Arrow, ContainerMeasures, ControllerMeasures, GrowthMeter, LifecycleMeasures, NodeMeasures, PodMeasures,
    ResourceMeasures, ResourceUse, RoleMeasures, Sample, StartupMeasures, Survival, Tally, TimeAverage, UsageMeasures, UsageMeter,
};
use crate::cluster::{Birth, PodState, Step};
use crate::spec::{Role, Shape, Spec};
use crate::units::{SimSpan, SimTime};

/// What a Pod weighs in the measures: fixed by its template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weights {
    /// 1 if the Pod has more than one app or sidecar container, else 0.
    pub multi: usize,
    /// App and sidecar containers.
    pub containers: u64,
    /// Effective request, millicores.
    pub cpu: u64,
    /// Effective request, bytes.
    pub memory: u64,
    /// Requested CPU of sidecars and of main containers, of multi-container Pods.
    pub sidecar_cpu: [u64; 2],
    /// Requested memory of sidecars and of main containers, of multi-container Pods.
    pub sidecar_memory: [u64; 2],
}

/// Running sums of one replication.
#[derive(Clone, Debug)]
pub struct Recorder {
    /// When the window opened.
    pub opened: SimTime,
    /// Nodes.
    pub nodes: NodeMeasures,
    /// Pods.
    pub pods: PodMeasures,
    /// Containers.
    pub containers: ContainerMeasures,
    /// Lifecycle.
    pub lifecycle: LifecycleMeasures,
    /// Start-up.
    pub startup: StartupMeasures,
    /// Resources.
    pub resources: ResourceMeasures,
    /// Addresses.
    pub addresses: AddressMeasures,
    /// Controllers.
    pub controllers: ControllerMeasures,
    /// CPU use, microcores.
    pub cpu_used: UsageMeter,
    /// Memory use, bytes.
    pub memory_used: UsageMeter,
    /// Memory that containers leak, bytes.
    pub memory_leaked: GrowthMeter,
    /// What containers used and did not get.
    pub usage: UsageMeasures,
    /// Time series.
    pub series: Vec<Sample>,
    /// Pods created, ended, and containers restarted since the run began.
    pub totals: [u64; 3],
}

impl Recorder {
    /// A recorder of a cluster without Pods, whose containers use CPU in these shapes.
    pub fn new(shapes: &[Shape]) -> Self {
        let zero = TimeAverage::new(0, SimTime::ZERO);
        let resource = ResourceUse { allocatable: zero, capacity: zero, requested: zero, used: 0.0, requested_again: 0 };
        Self {
            opened: SimTime::ZERO,
            nodes: no_nodes(zero),
            pods: no_pods(zero),
            containers: no_containers(zero),
            lifecycle: no_lifecycle(),
            startup: no_startup(),
            resources: ResourceMeasures {
                cpu: resource,
                memory: resource,
                pause_memory: zero,
                pause_image: 0,
                image_bytes: 0,
                sidecar_memory_requested: [zero; 2],
                sidecar_memory_used: [zero; 2],
                sidecar_cpu_requested: [zero; 2],
            },
            addresses: AddressMeasures { in_use: zero, assigned: 0, exhausted: 0, duplicates: 0 },
            controllers: ControllerMeasures::default(),
            cpu_used: UsageMeter::new(shapes),
            memory_used: UsageMeter::new(&[Shape::Flat]),
            memory_leaked: GrowthMeter::default(),
            usage: UsageMeasures::new(SimTime::ZERO),
            series: Vec::new(),
            totals: [0; 3],
        }
    }

    /// Counts the nodes of a scenario, all of them Ready.
    pub fn count_nodes(&mut self, spec: &Spec) {
        for pool in spec.pools.rows() {
            let count = u64::from(pool.count);
            self.nodes.ready.add(count, SimTime::ZERO);
            let (capacity, allocatable) = (&pool.shape.capacity, &pool.shape.allocatable);
            self.resources.cpu.capacity.add(count * capacity.cpu.0, SimTime::ZERO);
            self.resources.memory.capacity.add(count * capacity.memory.0, SimTime::ZERO);
            self.resources.cpu.allocatable.add(count * allocatable.cpu.0, SimTime::ZERO);
            self.resources.memory.allocatable.add(count * allocatable.memory.0, SimTime::ZERO);
        }
        self.resources.pause_image = spec.kubelet.pause_image * spec.nodes_count() as u64;
    }

    /// Opens the window at `now`: levels stay, everything counted so far is forgotten.
    pub fn open(&mut self, now: SimTime) {
        let fresh = Self::new(&[]);
        self.opened = now;
        self.every_level(|level| level.reset(now));
        self.cpu_used.reset(now);
        self.memory_used.reset(now);
        self.memory_leaked.reset(now);
        self.usage.open(now);
        let levels = self.clone();
        self.pods = PodMeasures {
            live: levels.pods.live,
            running: levels.pods.running,
            ready: levels.pods.ready,
            in_state: levels.pods.in_state,
            by_size: levels.pods.by_size,
            at_start: levels.pods.live.level(),
            ..fresh.pods
        };
        self.containers = ContainerMeasures {
            live: levels.containers.live,
            running: levels.containers.running,
            in_ready: levels.containers.in_ready,
            by_role: levels.containers.by_role.map(|role| RoleMeasures::new(role.up)),
            ..fresh.containers
        };
        (self.lifecycle, self.startup, self.controllers) = (fresh.lifecycle, fresh.startup, fresh.controllers);
        self.nodes = NodeMeasures {
            ready: levels.nodes.ready,
            occupied: levels.nodes.occupied,
            down: levels.nodes.down,
            pods_max: levels.nodes.pods_max,
            ..fresh.nodes
        };
        (self.addresses.assigned, self.addresses.exhausted) = (0, 0);
        (self.resources.cpu.requested_again, self.resources.memory.requested_again) = (0, 0);
    }

    fn every_level(&mut self, mut change: impl FnMut(&mut TimeAverage)) {
        let (pods, containers, resources) = (&mut self.pods, &mut self.containers, &mut self.resources);
        [&mut pods.live, &mut pods.running, &mut pods.ready, &mut containers.live, &mut containers.running]
            .into_iter()
            .chain([&mut containers.in_ready])
            .chain(containers.by_role.iter_mut().map(|role| &mut role.up))
            .chain(&mut pods.in_state)
            .chain(&mut pods.by_size)
            .chain(
                [&mut resources.cpu, &mut resources.memory]
                    .into_iter()
                    .flat_map(|resource| [&mut resource.allocatable, &mut resource.capacity, &mut resource.requested]),
            )
            .chain([
                &mut resources.pause_memory,
                &mut self.addresses.in_use,
                &mut self.nodes.ready,
                &mut self.nodes.occupied,
                &mut self.nodes.down,
            ])
            .chain(&mut resources.sidecar_memory_requested)
            .chain(&mut resources.sidecar_memory_used)
            .chain(&mut resources.sidecar_cpu_requested)
            .for_each(&mut change);
    }

    /// The part of a span since `from` that lies in the window.
    pub fn in_window(&self, from: SimTime, now: SimTime) -> SimSpan {
        now - from.max(self.opened).min(now)
    }

    /// A Pod is there in `state`; `created` if it was created now, not before the run.
    pub fn pod_added(&mut self, weights: &Weights, state: PodState, created: bool, now: SimTime) {
        self.pods.live.add(1, now);
        self.pods.by_size[weights.multi].add(1, now);
        self.pods.in_state[state.index()].add(1, now);
        self.containers.live.add(weights.containers, now);
        if state.phase() == crate::cluster::Phase::Running {
            self.pods.running.add(1, now);
        }
        if created {
            self.pods.created += 1;
            self.pods.created_by_size[weights.multi] += 1;
            self.totals[0] += 1;
        } else {
            self.pods.at_start += 1;
        }
    }

    /// A Pod goes from one state to another; it was in the first since `since`.
    pub fn transition(&mut self, from: PodState, to: PodState, since: SimTime, now: SimTime) {
        use crate::cluster::Phase::Running;
        let dwell = now - since;
        let arrow = &mut self.lifecycle.arrows[from.index()][to.index()];
        arrow.count += 1;
        arrow.dwell += u128::from(dwell.as_nanos());
        self.lifecycle.dwell[from.index()].record(dwell);
        self.pods.in_state[from.index()].sub(1, now);
        if !to.is_terminal() {
            self.pods.in_state[to.index()].add(1, now);
        }
        match (from.phase() == Running, to.phase() == Running) {
            (false, true) => self.pods.running.add(1, now),
            (true, false) => self.pods.running.sub(1, now),
            _ => {}
        }
    }

    /// A Pod has ended in `to`.
    pub fn pod_ended(&mut self, weights: &Weights, to: PodState, born: Birth, now: SimTime) {
        self.pods.live.sub(1, now);
        self.pods.by_size[weights.multi].sub(1, now);
        self.containers.live.sub(weights.containers, now);
        self.totals[1] += 1;
        match to {
            PodState::Succeeded => self.pods.succeeded += 1,
            _ => self.pods.failed += 1,
        }
        let age = born.age(now);
        self.pods.lifespan.record(age);
        self.pods.survival.ended(born.age(self.opened), age);
        self.pods.lived += u128::from(self.watched(born, now).as_nanos());
    }

    /// A Pod lives on at the end of the window.
    pub fn pod_lives_on(&mut self, state: PodState, born: Birth, now: SimTime) {
        self.pods.at_end[state.index()] += 1;
        self.pods.survival.censored(born.age(self.opened), born.age(now));
        self.pods.lived += u128::from(self.watched(born, now).as_nanos());
    }

    /// How long a Pod was there within the window.
    fn watched(&self, born: Birth, now: SimTime) -> SimSpan {
        born.age(now).saturating_sub(born.age(self.opened))
    }

    /// A Pod is assigned to a node.
    pub fn assigned(&mut self, weights: &Weights, now: SimTime) {
        let resources = &mut self.resources;
        resources.cpu.requested.add(weights.cpu, now);
        resources.memory.requested.add(weights.memory, now);
        for role in 0..2 {
            resources.sidecar_cpu_requested[role].add(weights.sidecar_cpu[role], now);
            resources.sidecar_memory_requested[role].add(weights.sidecar_memory[role], now);
        }
    }

    /// A Pod that was assigned at `since` gives its node back.
    pub fn released(&mut self, weights: &Weights, since: SimTime, now: SimTime) {
        self.count_request_again(weights, since, now);
        let resources = &mut self.resources;
        resources.cpu.requested.sub(weights.cpu, now);
        resources.memory.requested.sub(weights.memory, now);
        for role in 0..2 {
            resources.sidecar_cpu_requested[role].sub(weights.sidecar_cpu[role], now);
            resources.sidecar_memory_requested[role].sub(weights.sidecar_memory[role], now);
        }
    }

    /// Adds request × time in the window of one Pod: the other way to the integral of what is requested.
    pub fn count_request_again(&mut self, weights: &Weights, since: SimTime, now: SimTime) {
        let nanos = u128::from(self.in_window(since, now).as_nanos());
        self.resources.cpu.requested_again += u128::from(weights.cpu) * nanos;
        self.resources.memory.requested_again += u128::from(weights.memory) * nanos;
    }

    /// A step of a Pod's start took `span`.
    pub fn step(&mut self, step: Step, span: SimSpan) {
        self.startup.steps[step.index()].record(span);
    }
}

fn no_pods(zero: TimeAverage) -> PodMeasures {
    PodMeasures {
        live: zero,
        running: zero,
        ready: zero,
        in_state: [zero; PodState::COUNT],
        by_size: [zero; 2],
        created_by_size: [0; 2],
        at_start: 0,
        created: 0,
        succeeded: 0,
        failed: 0,
        given_up: 0,
        rejected: 0,
        deleted: 0,
        at_end: [0; PodState::COUNT],
        restarted: 0,
        lifespan: Tally::default(),
        survival: Survival::default(),
        lived: 0,
    }
}

fn no_containers(zero: TimeAverage) -> ContainerMeasures {
    ContainerMeasures {
        live: zero,
        running: zero,
        started: 0,
        init_started: 0,
        pauses: 0,
        restarts: 0,
        crashes: 0,
        hangs: 0,
        probe_kills: 0,
        recovery: Tally::default(),
        backoff: Tally::default(),
        failures: 0,
        recovered: 0,
        hang_detection: Tally::default(),
        in_ready: zero,
        by_role: [RoleMeasures::new(zero); Role::COUNT],
    }
}

fn no_nodes(zero: TimeAverage) -> NodeMeasures {
    NodeMeasures {
        ready: zero,
        occupied: zero,
        pods_max: 0,
        down: zero,
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

fn no_lifecycle() -> LifecycleMeasures {
    LifecycleMeasures {
        arrows: vec![vec![Arrow::default(); PodState::COUNT]; PodState::COUNT],
        dwell: vec![Tally::default(); PodState::COUNT],
    }
}

fn no_startup() -> StartupMeasures {
    StartupMeasures {
        steps: vec![Tally::default(); Step::COUNT],
        running: Tally::default(),
        ready: Tally::default(),
        objective: Tally::default(),
        pulls: 0,
        pull_hits: 0,
        pulled: 0,
        images: super::ImageMeasures::default(),
    }
}
