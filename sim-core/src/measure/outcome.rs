//! What a run leaves: plain data, nothing formatted, everything in exact sums. Reports turn it into figures.

use super::{Survival, Tally, TimeAverage, TrafficMeasures};
use crate::cluster::PodState;
#[cfg(doc)]
use crate::cluster::Step;
use crate::spec::Role;
use crate::units::{SimSpan, SimTime};

/// The measures of one replication.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Number of the replication, from 0.
    pub replication: u32,
    /// When the window of measurement opened (the end of the warm-up).
    pub opened: SimTime,
    /// When it closed (the end of the run).
    pub closed: SimTime,
    /// The engine's work, warm-up included.
    pub engine: EngineCounts,
    /// Nodes.
    pub nodes: NodeMeasures,
    /// Pods.
    pub pods: PodMeasures,
    /// Containers.
    pub containers: ContainerMeasures,
    /// Transitions and dwell times of the lifecycle.
    pub lifecycle: LifecycleMeasures,
    /// Start-up, step by step.
    pub startup: StartupMeasures,
    /// Resources.
    pub resources: ResourceMeasures,
    /// What containers used and did not get.
    pub usage: UsageMeasures,
    /// Addresses.
    pub addresses: AddressMeasures,
    /// The scheduler.
    pub scheduler: SchedulerMeasures,
    /// Controllers.
    pub controllers: ControllerMeasures,
    /// Traffic, in the scenario's order.
    pub traffic: Vec<TrafficMeasures>,
    /// State of the cluster at equal steps.
    pub series: Vec<Sample>,
}

impl Outcome {
    /// The window's length.
    pub fn window(&self) -> SimSpan {
        self.closed - self.opened
    }

    /// The window's length in days.
    pub fn days(&self) -> f64 {
        self.window().as_secs_f64() / 86_400.0
    }
}

/// The engine's work over the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineCounts {
    /// Events handled.
    pub events: u64,
    /// Events dropped because their Pod or container had gone.
    pub stale: u64,
    /// Most events pending at once.
    pub pending_max: u64,
    /// Random streams opened.
    pub streams: u64,
    /// Looks of the auditor, if there was one.
    pub audits: u64,
}

/// Nodes over the window.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeMeasures {
    /// Nodes that are Ready.
    pub ready: TimeAverage,
    /// Nodes with at least one Pod.
    pub occupied: TimeAverage,
    /// Most Pods that one node ever held.
    pub pods_max: u32,
    /// Nodes without power.
    pub down: TimeAverage,
    /// Times that a node lost power.
    pub failures: u64,
    /// How long nodes were without power, of those that came back.
    pub downtime: Tally,
    /// Pods whose processes went with their node.
    pub pods_lost: u64,
    /// Pods deleted because a taint with effect `NoExecute` was tolerated no longer.
    pub evicted: u64,
    /// Pods of nodes that were gone, deleted by force.
    pub pods_collected: u64,
    /// From a node's last sign of life until the control plane takes it for unreachable.
    pub detection: Tally,
    /// From the loss of a Pod with its node until another in its place runs.
    pub recovery: Tally,
    /// Failures of containers with their node that another Pod in their place has made good.
    pub recovered_elsewhere: u64,
}

/// Pods over the window.
#[derive(Clone, Debug, PartialEq)]
pub struct PodMeasures {
    /// Pods that exist and have not ended.
    pub live: TimeAverage,
    /// Pods in phase Running.
    pub running: TimeAverage,
    /// Pods that pass all their checks.
    pub ready: TimeAverage,
    /// Pods in each state of the lifecycle, by [`PodState::index`] (terminal states stay empty).
    pub in_state: [TimeAverage; PodState::COUNT],
    /// Pods with one app or sidecar container, and with more.
    pub by_size: [TimeAverage; 2],
    /// Created in the window, with one container and with more.
    pub created_by_size: [u64; 2],
    /// Pods that were there when the window opened.
    pub at_start: u64,
    /// Created in the window.
    pub created: u64,
    /// Ended in the window: reached `Succeeded`.
    pub succeeded: u64,
    /// Ended in the window: reached `Failed`.
    pub failed: u64,
    /// Of those that ended, the ones withdrawn because nothing would take them.
    pub given_up: u64,
    /// Bound Pods that their kubelets did not take.
    pub rejected: u64,
    /// Deleted in the window (a release, a scale-down, the end of a set lifetime).
    pub deleted: u64,
    /// Live when the window closed, by state.
    pub at_end: [u64; PodState::COUNT],
    /// Pods that were restarted at least once in the window.
    pub restarted: u64,
    /// Creation to end, of Pods that ended in the window.
    pub lifespan: Tally,
    /// Survival, with late entry and censoring.
    pub survival: Survival,
    /// Integral of live Pods over the window, counted again Pod by Pod: Pod · nanoseconds (Little's law holds exactly).
    pub lived: u128,
}

/// Containers over the window.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerMeasures {
    /// App and sidecar containers of live Pods.
    pub live: TimeAverage,
    /// Containers that are up.
    pub running: TimeAverage,
    /// Container starts in the window, restarts and init containers included, pause containers not.
    pub started: u64,
    /// Of those, init containers.
    pub init_started: u64,
    /// Pause containers (sandboxes) started.
    pub pauses: u64,
    /// Restarts in the window.
    pub restarts: u64,
    /// Exits with a non-zero code that no SIGTERM asked for.
    pub crashes: u64,
    /// Hangs.
    pub hangs: u64,
    /// Kills by a failed liveness probe.
    pub probe_kills: u64,
    /// From a failure to the Pod's being Healthy again, where it was.
    pub recovery: Tally,
    /// Back-off waits.
    pub backoff: Tally,
    /// Failures in the window (crashes, hangs, failed init containers).
    pub failures: u64,
    /// Failures whose Pod became Healthy again in the window without being replaced.
    pub recovered: u64,
    /// From a hang until a probe has failed often enough, of hangs that a probe noticed.
    pub hang_detection: Tally,
    /// App and sidecar containers that are up in Pods that are Ready.
    pub in_ready: TimeAverage,
    /// Containers by their part in their Pods: by [`Role::index`].
    pub by_role: [RoleMeasures; Role::COUNT],
}

impl ContainerMeasures {
    /// A container's process is up; `ready` if its Pod is Ready.
    pub fn goes_up(&mut self, role: Role, ready: bool, now: SimTime) {
        self.running.add(1, now);
        self.by_role[role.index()].up.add(1, now);
        self.in_ready.add(u64::from(ready && role != Role::Init), now);
    }

    /// A container's process is gone; `ready` if its Pod is Ready.
    pub fn goes_down(&mut self, role: Role, ready: bool, now: SimTime) {
        self.running.sub(1, now);
        self.by_role[role.index()].up.sub(1, now);
        self.in_ready.sub(u64::from(ready && role != Role::Init), now);
    }
}

/// Containers of one part in their Pods, over the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleMeasures {
    /// Containers that are up.
    pub up: TimeAverage,
    /// Restarts.
    pub restarts: u64,
    /// Kills for want of memory, by their own limit or by their node.
    pub oom_kills: u64,
}

impl RoleMeasures {
    /// `up` is up, nothing has happened.
    pub const fn new(up: TimeAverage) -> Self {
        Self { up, restarts: 0, oom_kills: 0 }
    }
}

/// Transitions of the lifecycle over the window.
#[derive(Clone, Debug, PartialEq)]
pub struct LifecycleMeasures {
    /// `arrows[from][to]`, by [`PodState::index`].
    pub arrows: Vec<Vec<Arrow>>,
    /// Time spent in each state, by visit.
    pub dwell: Vec<Tally>,
}

/// One arrow of the state diagram.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrow {
    /// How often it was taken.
    pub count: u64,
    /// Sum of the times spent in the state it leaves, in nanoseconds.
    pub dwell: u128,
}

impl Arrow {
    /// Mean time in seconds spent in the state that the arrow leaves.
    pub fn mean_dwell(&self) -> Option<f64> {
        (self.count > 0).then(|| self.dwell as f64 / 1e9 / self.count as f64)
    }
}

/// Start-ups that were completed in the window.
#[derive(Clone, Debug, PartialEq)]
pub struct StartupMeasures {
    /// Each step's time by [`Step::index`]; a Pod without a step (no volumes, image there) counts no observation. One that passes
    /// through a step several times (pull, start) counts several.
    pub steps: Vec<Tally>,
    /// Creation to Running.
    pub running: Tally,
    /// Creation to Ready.
    pub ready: Tally,
    /// Creation to Running without image pulls and init containers: what the Kubernetes objective of 5 s is about.
    pub objective: Tally,
    /// Image pulls done.
    pub pulls: u64,
    /// Images that were there already.
    pub pull_hits: u64,
    /// Bytes pulled.
    pub pulled: u64,
    /// What else happened to images.
    pub images: ImageMeasures,
}

/// Images on nodes over the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageMeasures {
    /// Pulls that failed because the registry was down.
    pub registry_down: u64,
    /// Pulls of images that the registry does not have.
    pub not_found: u64,
    /// Pulls that the kubelet's own limit refused.
    pub qps_exceeded: u64,
    /// Containers whose image may not be pulled and is not there.
    pub never_pulled: u64,
    /// Syncs that found an image's back-off going on.
    pub backoffs: u64,
    /// Compressed bytes that were not downloaded since another image on the node has the layer.
    pub saved: u64,
    /// Collections that removed something.
    pub collections: u64,
    /// Bytes on disk that they freed.
    pub collected: u64,
}

impl ImageMeasures {
    /// Pulls that failed, for whatever reason.
    pub const fn failed(&self) -> u64 {
        self.registry_down + self.not_found + self.qps_exceeded
    }
}

/// Requested, used and allocatable amounts over the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResourceMeasures {
    /// CPU in millicores.
    pub cpu: ResourceUse,
    /// Memory in bytes.
    pub memory: ResourceUse,
    /// Pause containers' memory in bytes (not part of `used`).
    pub pause_memory: TimeAverage,
    /// Pause images on disk, in bytes, one on each node with Pods.
    pub pause_image: u64,
    /// Image bytes on nodes at the end.
    pub image_bytes: u64,
    /// Multi-container Pods: requested memory of sidecars, and of main containers.
    pub sidecar_memory_requested: [TimeAverage; 2],
    /// Multi-container Pods: memory used by sidecars, and by main containers.
    pub sidecar_memory_used: [TimeAverage; 2],
    /// Multi-container Pods: requested CPU of sidecars, and of main containers.
    pub sidecar_cpu_requested: [TimeAverage; 2],
}

/// One resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResourceUse {
    /// Allocatable on Ready nodes.
    pub allocatable: TimeAverage,
    /// Capacity of Ready nodes.
    pub capacity: TimeAverage,
    /// Requested by Pods that are assigned.
    pub requested: TimeAverage,
    /// Integral of what containers use over the window, in unit · seconds.
    pub used: f64,
    /// Requests of assigned Pods summed again at each Pod's release and at the end: the same integral by another way, unit · nanoseconds.
    pub requested_again: u128,
}

/// What containers wanted, got, and were stopped for, over the window.
#[derive(Clone, Debug, PartialEq)]
pub struct UsageMeasures {
    /// Integral of CPU that containers want, limits and contention apart, in millicores · seconds.
    pub demanded: f64,
    /// CPU cut off by containers' own limits, in microcores; read once a minute.
    pub cut_by_limits: TimeAverage,
    /// CPU that containers want within their limits and do not get, in microcores.
    pub cut_by_contention: TimeAverage,
    /// Containers that are at their CPU limits; read once a minute.
    pub throttled: TimeAverage,
    /// Nodes whose containers want more CPU than they can have.
    pub contended: TimeAverage,
    /// Minutes of nodes by CPU wanted ÷ CPU allocatable, in steps of 0.5 %; the last has all from 200 % on.
    pub utilization: Vec<u64>,
    /// Kills of containers that ran over their memory limit.
    pub oom_by_limit: u64,
    /// Kills by a kernel whose node ran out of memory.
    pub oom_by_node: u64,
    /// Of these, containers of Pods none of whose containers leaked.
    pub oom_bystanders: u64,
    /// Pods evicted for want of memory, of disk, of processes.
    pub evictions: [u64; 3],
    /// Of those evicted for memory, the ones that used no more than they had requested.
    pub evicted_within_request: u64,
    /// Of those evicted for memory, the ones none of whose containers leaked.
    pub evicted_bystanders: u64,
    /// Pods evicted because they wrote more than their limits allow.
    pub storage_limit_evictions: u64,
    /// Nodes under memory, disk and process pressure.
    pub pressure: [TimeAverage; 3],
    /// Runs that were work and came to their end.
    pub works: u64,
    /// How much longer these took than at full speed.
    pub stretched: SimSpan,
    /// Resizes of containers: accepted, put off, refused.
    pub resizes: [u64; 3],
}

impl UsageMeasures {
    /// Classes of [`UsageMeasures::utilization`].
    pub const CLASSES: usize = 401;

    /// Nothing used yet.
    pub fn new(now: SimTime) -> Self {
        let zero = TimeAverage::new(0, now);
        Self {
            demanded: 0.0,
            cut_by_limits: zero,
            cut_by_contention: zero,
            throttled: zero,
            contended: zero,
            utilization: vec![0; Self::CLASSES],
            oom_by_limit: 0,
            oom_by_node: 0,
            oom_bystanders: 0,
            evictions: [0; 3],
            evicted_within_request: 0,
            evicted_bystanders: 0,
            storage_limit_evictions: 0,
            pressure: [zero; 3],
            works: 0,
            stretched: SimSpan::ZERO,
            resizes: [0; 3],
        }
    }

    /// Forgets the past; levels stay.
    pub fn open(&mut self, now: SimTime) {
        let before = std::mem::replace(self, Self::new(now));
        let keep = |level: &TimeAverage| TimeAverage::new(level.level(), now);
        (self.cut_by_limits, self.cut_by_contention) = (keep(&before.cut_by_limits), keep(&before.cut_by_contention));
        (self.throttled, self.contended) = (keep(&before.throttled), keep(&before.contended));
        self.pressure = before.pressure.each_ref().map(keep);
    }

    /// The share of its allocatable CPU that a node's containers want, in `p` of all node-minutes at most; `None` without any.
    pub fn utilization_quantile(&self, p: f64) -> Option<f64> {
        let total: u64 = self.utilization.iter().sum();
        let wanted = (p * total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let class = self.utilization.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        class.filter(|_| total > 0).map(|class| class as f64 / 200.0)
    }
}

/// Pod addresses over the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressMeasures {
    /// Addresses in use.
    pub in_use: TimeAverage,
    /// Addresses handed out.
    pub assigned: u64,
    /// Pods that had to wait because their node had none left.
    pub exhausted: u64,
    /// Addresses found in use by two Pods when the books were checked (0, or the simulator is wrong).
    pub duplicates: u64,
}

/// The scheduler over the window.
#[derive(Clone, Debug, PartialEq)]
pub struct SchedulerMeasures {
    /// Scheduling cycles.
    pub cycles: u64,
    /// Cycles that placed their Pod.
    pub placed: u64,
    /// Cycles that found no node.
    pub unschedulable: u64,
    /// Pods deleted to make room for more important ones.
    pub preempted: u64,
    /// Nodes filtered.
    pub filtered: u64,
    /// Nodes scored.
    pub scored: u64,
    /// Creation to decision, of Pods placed in the window.
    pub wait: Tally,
    /// Of those, the ones that waited at all.
    pub waited: u64,
    /// Pods in the scheduler's queues.
    pub queued: TimeAverage,
    /// Time that cycles took.
    pub busy: SimSpan,
    /// How long bindings waited for the client's rate limit.
    pub limited: Tally,
    /// Why Pods could not be placed: kube-scheduler's message, how often it was given, and how many Pods wait with it at the end.
    pub messages: Vec<PendingReason>,
}

/// A message of the scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingReason {
    /// kube-scheduler's words.
    pub message: String,
    /// How often it was given in the window.
    pub given: u64,
    /// Pods that wait with it when the window closes.
    pub waiting: u64,
}

/// Controllers over the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ControllerMeasures {
    /// Releases begun.
    pub releases: u64,
    /// Rollouts completed.
    pub rollouts: u64,
    /// Replica counts changed.
    pub scalings: u64,
    /// Jobs that appeared.
    pub jobs: u64,
    /// Jobs that completed.
    pub jobs_completed: u64,
    /// Jobs that failed.
    pub jobs_failed: u64,
}

/// The cluster at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// When.
    pub at: SimTime,
    /// Live Pods by state (the first six of [`PodState::ALL`]).
    pub in_state: [u64; 6],
    /// Requested CPU, millicores.
    pub cpu_requested: u64,
    /// Used CPU, millicores.
    pub cpu_used: f64,
    /// Requested memory, bytes.
    pub memory_requested: u64,
    /// Used memory, bytes.
    pub memory_used: f64,
    /// Allocatable CPU, millicores.
    pub cpu_allocatable: u64,
    /// Allocatable memory, bytes.
    pub memory_allocatable: u64,
    /// Addresses in use.
    pub addresses: u64,
    /// Containers that are up.
    pub containers: u64,
    /// Pods created since the run began.
    pub created: u64,
    /// Pods ended since the run began.
    pub ended: u64,
    /// Container restarts since the run began.
    pub restarts: u64,
    /// Pods in the scheduler's queues.
    pub queued: u64,
    /// Nodes that are Ready.
    pub nodes_ready: u64,
}
