//! Pods and their containers. Rows of what is gone are reused, so memory follows what lives.

use super::{PodState, Step};
use crate::table::{ContainerId, Id, InstanceId, NodeId, PodId, Table, TemplateId, WorkloadId};
use crate::units::{SimSpan, SimTime};

/// A Pod by row and generation: an event that comes after the Pod has gone does not find it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct PodRef {
    /// The row.
    pub id: PodId,
    /// The row's generation.
    pub generation: u32,
}

/// When a Pod was created; it may have been before the run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Birth(i64);

impl Birth {
    /// Created at `time`.
    pub const fn at(time: SimTime) -> Self {
        Self(time.as_nanos() as i64)
    }

    /// Created `age` before the run began.
    pub const fn before_start(age: SimSpan) -> Self {
        Self((age.as_nanos() as i64).saturating_neg())
    }

    /// Age at `now`; zero before its birth.
    pub fn age(self, now: SimTime) -> SimSpan {
        SimSpan::from_nanos((now.as_nanos() as i64).saturating_sub(self.0).max(0) as u64)
    }
}

/// A Pod. What handlers read together lies together.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and a byte of the row")]
pub struct Pod {
    /// The row's generation.
    pub generation: u32,
    /// Where it is in its life.
    pub state: PodState,
    /// The step of its start that is going on.
    pub step: Step,
    /// The container that is being started.
    pub cursor: u8,
    /// True once a node is chosen (assumed, then bound).
    pub assigned: bool,
    /// True once the scheduler has seen that it ended.
    pub released: bool,
    /// True once its kubelet has given it up (eviction, deadline): it ends as `Failed`.
    pub evicted: bool,
    /// True once deletion has begun.
    pub terminating: bool,
    /// True while it counts as Ready.
    pub ready: bool,
    /// True if a container was restarted in the window of measurement.
    pub restarted: bool,
    /// True while its sandbox (pause container) is up.
    pub sandbox: bool,
    /// True once it was ready for the first time.
    pub ready_once: bool,
    /// True once the address is given back, or none was ever taken.
    pub address_free: bool,
    /// What its worker is doing.
    pub doing: Doing,
    /// True if its worker was woken while it was busy.
    pub wanted: bool,
    /// True if something in the sync that goes on, or went on last, failed.
    pub failing: bool,
    /// True while a relist that concerns it is on the agenda.
    pub relist_due: bool,
    /// True once its volumes are mounted.
    pub mounted: bool,
    /// True once a regular container has started in the sandbox that it has.
    pub initialized: bool,
    /// Failures that wait for the Pod to be Healthy again.
    pub failures: u8,
    /// Grows whenever its readiness is foretold anew; a `Ready` event of before is void.
    pub ready_epoch: u32,
    /// Grows with each thing its worker does; the end of an earlier one is void.
    pub epoch: u32,
    /// Last octets of the address within the node's block.
    pub address: u16,
    /// Its template.
    pub template: TemplateId,
    /// Its workload.
    pub workload: WorkloadId,
    /// Its controller's row.
    pub instance: InstanceId,
    /// Its node, if assigned.
    pub node: NodeId,
    /// Version of the template (releases counted).
    pub revision: u32,
    /// Place in its controller's list.
    pub slot: u32,
    /// Place in its node's list of residents; [`Pod::NO_SEAT`] while it is in none.
    pub seat: u32,
    /// Which copy of its workload it belongs to, from 0; 0 for bare Pods. With the ordinal it makes the Pod's name.
    pub copy: u32,
    /// Which Pod of that copy it is, from 0.
    pub ordinal: u32,
    /// First of its containers.
    pub containers: ContainerId,
    /// The scenario's stable number for it: the address of its random streams.
    pub entity: u64,
    /// When it was created.
    pub born: Birth,
    /// When it entered its state.
    pub since: SimTime,
    /// When the step of its start began.
    pub step_since: SimTime,
    /// When it was assigned.
    pub assigned_at: SimTime,
    /// The earliest failure that is not over yet.
    pub failed_at: SimTime,
    /// Sandboxes made so far: the draw number of what making one takes.
    pub sandboxes: u16,
    /// Syncs so far: the draw number of their random streams.
    pub syncs: u32,
    /// When the last of them began.
    pub synced_at: SimTime,
    /// The earliest time at which something that failed in it may be tried again.
    pub retry_at: SimTime,
    /// When its volumes were first wanted; [`SimTime::MAX`] if not yet.
    pub volumes_from: SimTime,
    /// When its probes' workers began to tick.
    pub probes_from: SimTime,
    /// When the Pod that it takes the place of failed with its node; [`SimTime::MAX`] if it takes no such place.
    pub replaces: SimTime,
    /// Failures of that Pod's containers.
    pub replaces_failures: u8,
    /// Time spent in image pulls and init containers so far.
    pub pull_and_init: SimSpan,
}

impl Pod {
    /// [`Pod::seat`] of a Pod that is on no node.
    pub const NO_SEAT: u32 = u32::MAX;
}

/// What a Pod's worker in the kubelet is doing: one thing at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// Nothing: it sleeps until it is woken.
    Nothing,
    /// Waits until the kubelet has noticed the binding.
    Noticing,
    /// Stops containers that must be restarted, one after another.
    Killing,
    /// Waits for volumes.
    Mounting,
    /// Makes the sandbox.
    Sandbox,
    /// CNI ADD.
    Network,
    /// Waits for a container's image that is being pulled.
    Pulling,
    /// Asks the registry for an image that is there.
    Asking,
    /// Creates and starts a container.
    Starting,
    /// Runs a container's `postStart` handler.
    Hook,
}

/// How a container fares, as far as its Pod's state goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ContainerHealth {
    /// As it should be.
    Fine,
    /// It exited, hangs or fails a check.
    Sick,
    /// The restart policy acts on it.
    Restarting,
}

/// Why a container waits: `reason` of its waiting state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WaitReason {
    /// `ContainerCreating`, or `PodInitializing` in a Pod with init containers.
    Creating,
    /// `ErrImagePull`.
    ErrImagePull,
    /// `ImagePullBackOff`.
    ImagePullBackOff,
    /// `ErrImageNeverPull`.
    ErrImageNeverPull,
    /// `CrashLoopBackOff`.
    CrashLoopBackOff,
    /// `PostStartHookError`.
    PostStartHookError,
}

/// What a container does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContainerState {
    /// Has not started yet.
    Waiting,
    /// Is up.
    Running,
    /// Has exited and will be restarted.
    Backoff,
    /// Has exited for good.
    Done,
    /// Was up when its node lost power; nobody has noticed yet.
    Vanished,
}

/// A count of a container's starts and exits, in three bytes: an event has no room for more. It begins again after 16 million, which
/// a container that exits every second reaches after months, and then an event of that long ago would have to be pending still.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turn([u8; 3]);

impl Turn {
    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        let [low, middle, high, _] = (self.number() + 1).to_le_bytes();
        Self([low, middle, high])
    }

    /// The count.
    pub const fn number(self) -> u32 {
        let Self([low, middle, high]) = self;
        u32::from_le_bytes([low, middle, high, 0])
    }
}

/// `reason` of a terminated container.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExitReason {
    /// Exit code 0.
    Completed,
    /// Another exit code.
    Error,
    /// Killed by the kernel: its memory limit, or its node's.
    OomKilled,
    /// It was running and has vanished with its node or runtime.
    StatusUnknown,
}

/// A container.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, and a byte of the row")]
pub struct Container {
    /// What it does.
    pub state: ContainerState,
    /// True while its process hangs.
    pub hung: bool,
    /// When that changed last.
    pub hung_since: SimTime,
    /// How it fares.
    pub health: ContainerHealth,
    /// True once the kubelet has noticed that it is up, or has ended.
    pub noticed: bool,
    /// True once its startup probe has passed, or at once where it has none.
    pub started: bool,
    /// True while its readiness probe says so, or it has none and is started.
    pub ready: bool,
    /// True if its Pod's next sync stops it.
    pub condemned: bool,
    /// True once it has been asked to stop.
    pub stopping: bool,
    /// Why it waits, where it does.
    pub waits: WaitReason,
    /// Exit code of the last or coming exit.
    pub exit: u8,
    /// Exit code of the last exit.
    pub ended_with: u8,
    /// Why it ended last, or will end.
    pub reason: ExitReason,
    /// Grows with each start and exit; an event of before is void.
    pub epoch: Turn,
    /// Starts so far: the draw number of its random streams.
    pub starts: u32,
    /// Last start.
    pub started_at: SimTime,
    /// Last exit.
    pub ended_at: SimTime,
    /// The exit before it, if there was one.
    pub ended_before: Option<SimTime>,
    /// When it ends by itself; [`SimTime::MAX`] if never.
    pub ends_at: SimTime,
    /// When it begins to pass its probes.
    pub serves_at: SimTime,
    /// When its hang ends by itself, while it hangs.
    pub hung_until: SimTime,
    /// When its readiness probe's ticks began.
    pub poked_at: SimTime,
    /// Crash back-off.
    pub backoff: SimSpan,
    /// Last start that back-off allowed; [`SimTime::MAX`] before the first.
    pub backoff_since: SimTime,
    /// CPU that it uses, in microcores.
    pub cpu: u64,
    /// Memory that it used at [`Container::grown_from`], in bytes.
    pub memory: u64,
    /// Memory that it uses more with each second since then, in bytes.
    pub leak: u64,
    /// Since when it leaks.
    pub grown_from: SimTime,
    /// What it writes to its node's disk each second since its start, in bytes.
    pub writes: u64,
    /// Which series of random fluctuation its CPU use follows.
    pub lane: u16,
    /// Place among the containers that can meet their CPU limit; [`Container::NONE`] if it cannot.
    pub limited: u32,
    /// Row of its work; [`Container::NONE`] if its run is none.
    pub work: u32,
    /// True once it was resized.
    pub resized: bool,
}

impl Container {
    /// No place, no row.
    pub const NONE: u32 = u32::MAX;

    /// Memory that it uses at `now`, in bytes.
    pub fn memory_at(&self, now: SimTime) -> u64 {
        let grown = u128::from(self.leak) * u128::from(now.since(self.grown_from).as_nanos()) / 1_000_000_000;
        self.memory + grown as u64
    }

    /// What it has written by `now`, in bytes.
    pub fn written_at(&self, now: SimTime) -> u64 {
        (u128::from(self.writes) * u128::from(now.since(self.started_at).as_nanos()) / 1_000_000_000) as u64
    }

    const NEW: Self = Self {
        state: ContainerState::Waiting,
        hung: false,
        hung_since: SimTime::ZERO,
        health: ContainerHealth::Fine,
        noticed: true,
        started: false,
        ready: false,
        condemned: false,
        stopping: false,
        waits: WaitReason::Creating,
        exit: 0,
        ended_with: 0,
        reason: ExitReason::Completed,
        epoch: Turn([0; 3]),
        starts: 0,
        started_at: SimTime::ZERO,
        ended_at: SimTime::ZERO,
        ended_before: None,
        ends_at: SimTime::MAX,
        serves_at: SimTime::ZERO,
        hung_until: SimTime::ZERO,
        poked_at: SimTime::ZERO,
        backoff: SimSpan::ZERO,
        backoff_since: SimTime::MAX,
        cpu: 0,
        memory: 0,
        leak: 0,
        grown_from: SimTime::ZERO,
        writes: 0,
        lane: 0,
        limited: Self::NONE,
        work: Self::NONE,
        resized: false,
    };
}

/// All Pods with their containers.
#[derive(Clone, Debug, Default)]
pub struct Pods {
    rows: Table<PodId, Pod>,
    containers: Table<ContainerId, Container>,
    counts: Table<PodId, u8>,
    free: Vec<PodId>,
    free_runs: Vec<Vec<ContainerId>>,
}

impl Pods {
    /// Takes a row for `pod` with `containers` containers; generation and container run are set here.
    pub fn add(&mut self, mut pod: Pod, containers: u8) -> PodId {
        pod.containers = self.take_run(containers);
        let Some(id) = self.free.pop() else {
            self.counts.push(containers);
            return self.rows.push(pod);
        };
        pod.generation = self.rows[id].generation;
        self.rows[id] = pod;
        self.counts[id] = containers;
        id
    }

    /// Gives the row back: whatever still refers to it is void from now on.
    pub fn remove(&mut self, id: PodId) {
        let (first, count) = (self.rows[id].containers, self.counts[id]);
        self.rows[id].generation += 1;
        self.counts[id] = 0;
        self.free.push(id);
        self.run_list(count).push(first);
    }

    fn run_list(&mut self, count: u8) -> &mut Vec<ContainerId> {
        if self.free_runs.len() <= usize::from(count) {
            self.free_runs.resize_with(usize::from(count) + 1, Vec::new);
        }
        &mut self.free_runs[usize::from(count)]
    }

    fn take_run(&mut self, count: u8) -> ContainerId {
        let first = self.run_list(count).pop().unwrap_or_else(|| {
            let first = ContainerId::new(self.containers.len());
            (0..count).for_each(|_| {
                self.containers.push(Container::NEW);
            });
            first
        });
        let run = first.index()..first.index() + usize::from(count);
        self.containers.rows_mut()[run].fill(Container::NEW);
        first
    }

    /// The row behind `pod`, unless the Pod has gone.
    pub fn alive(&self, pod: PodRef) -> Option<PodId> {
        (self.rows[pod.id].generation == pod.generation).then_some(pod.id)
    }

    /// A reference that outlives the Pod.
    pub fn reference(&self, id: PodId) -> PodRef {
        PodRef { id, generation: self.rows[id].generation }
    }

    /// A container of a Pod.
    pub fn container(&self, pod: PodId, index: u8) -> &Container {
        &self.containers[ContainerId(self.rows[pod].containers.0 + u32::from(index))]
    }

    /// A container of a Pod, to change.
    pub fn container_mut(&mut self, pod: PodId, index: u8) -> &mut Container {
        &mut self.containers[ContainerId(self.rows[pod].containers.0 + u32::from(index))]
    }

    /// How many containers a Pod has.
    pub fn containers_of(&self, pod: PodId) -> u8 {
        self.counts[pod]
    }

    /// Every Pod that exists, in row order.
    pub fn iter(&self) -> impl Iterator<Item = (PodId, &Pod)> {
        let taken = |id: PodId| self.counts[id] > 0;
        self.rows.iter().filter(move |(id, _)| taken(*id))
    }

    /// True if a row is a Pod's.
    pub fn is_taken(&self, id: PodId) -> bool {
        self.counts[id] > 0
    }

    /// Rows in use or free: what memory holds.
    pub fn rows_held(&self) -> usize {
        self.rows.len()
    }
}

impl std::ops::Index<PodId> for Pods {
    type Output = Pod;
    fn index(&self, id: PodId) -> &Pod {
        &self.rows[id]
    }
}

impl std::ops::IndexMut<PodId> for Pods {
    fn index_mut(&mut self, id: PodId) -> &mut Pod {
        &mut self.rows[id]
    }
}

/// A Pod that was just created; the caller fills in who it is.
pub fn new_pod(template: TemplateId, workload: WorkloadId, instance: InstanceId, entity: u64, born: Birth, now: SimTime) -> Pod {
    Pod {
        generation: 0,
        state: PodState::Scheduling,
        step: Step::Queue,
        cursor: 0,
        assigned: false,
        released: false,
        evicted: false,
        terminating: false,
        ready: false,
        restarted: false,
        sandbox: false,
        ready_once: false,
        address_free: true,
        failures: 0,
        ready_epoch: 0,
        epoch: 0,
        doing: Doing::Nothing,
        wanted: false,
        failing: false,
        relist_due: false,
        mounted: false,
        initialized: false,
        sandboxes: 0,
        syncs: 0,
        synced_at: now,
        retry_at: SimTime::MAX,
        volumes_from: SimTime::MAX,
        probes_from: SimTime::ZERO,
        address: 0,
        template,
        workload,
        instance,
        node: NodeId(u32::MAX),
        revision: 0,
        slot: 0,
        seat: Pod::NO_SEAT,
        copy: 0,
        ordinal: 0,
        containers: ContainerId(0),
        entity,
        born,
        since: now,
        step_since: now,
        assigned_at: now,
        failed_at: SimTime::MAX,
        replaces: SimTime::MAX,
        replaces_failures: 0,
        pull_and_init: SimSpan::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod() -> Pod {
        new_pod(TemplateId(0), WorkloadId(0), InstanceId(0), 7, Birth::default(), SimTime::ZERO)
    }

    #[test]
    fn a_row_is_reused_and_the_old_reference_finds_nothing() {
        let mut pods = Pods::default();
        let first = pods.add(pod(), 2);
        let old = pods.reference(first);
        pods.remove(first);
        let second = pods.add(pod(), 2);
        assert_eq!((second, pods.alive(old), pods.rows_held()), (first, None, 1));
        assert_eq!(pods.alive(pods.reference(second)), Some(second));
    }

    #[test]
    fn a_turn_comes_again_only_after_sixteen_million() {
        let turn = |number: u32| {
            let [low, middle, high, _] = number.to_le_bytes();
            Turn([low, middle, high])
        };
        let table = [(0, 1), (255, 256), (65_535, 65_536), ((1 << 24) - 1, 0)];
        assert_eq!(table.map(|(number, _)| turn(number).next().number()), table.map(|(_, next)| next));
    }

    #[test]
    fn containers_of_a_reused_run_are_new() {
        let mut pods = Pods::default();
        let first = pods.add(pod(), 3);
        pods.container_mut(first, 2).starts = 9;
        pods.remove(first);
        let second = pods.add(pod(), 3);
        assert_eq!(pods.container(second, 2).starts, 0);
    }

    #[test]
    fn a_pod_from_before_the_run_is_older_than_the_clock() {
        let born = Birth::before_start(SimSpan::from_secs(50));
        assert_eq!(born.age(SimTime::from_nanos(1_000_000_000)), SimSpan::from_secs(51));
    }
}
