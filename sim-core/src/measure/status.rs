//! What the API would show of a Pod: its conditions and container statuses, as a pure fold of its history.
//!
//! After the kubelet's rules: `Initialized` stays true once a regular container has started, conditions change their time only with
//! their value, the previous termination of a container is its last state, and one that has not started yet waits with
//! `PodInitializing` where the Pod has init containers and with `ContainerCreating` elsewhere.

use super::{Entry, Happening};
use crate::cluster::{ExitReason, Phase, PodState};
use crate::spec::{ContainerKind, PodTemplate};
use crate::table::NodeId;
use crate::units::SimTime;

/// A condition's type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ConditionKind {
    /// It has a node.
    PodScheduled,
    /// Its sandbox is up and has an address.
    PodReadyToStartContainers,
    /// Its init containers are done, its sidecars started.
    Initialized,
    /// All its containers are ready.
    ContainersReady,
    /// It is ready to serve.
    Ready,
    /// It is ended for a reason of the infrastructure.
    DisruptionTarget,
}

impl ConditionKind {
    /// Every condition, in the order in which they come true.
    pub const ALL: [Self; 6] = [
        Self::PodScheduled,
        Self::PodReadyToStartContainers,
        Self::Initialized,
        Self::ContainersReady,
        Self::Ready,
        Self::DisruptionTarget,
    ];
}

/// A condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Condition {
    /// Its type.
    pub kind: ConditionKind,
    /// Its value.
    pub status: bool,
    /// When it got this value; `None` if that was before the run.
    pub since: Option<SimTime>,
    /// Why, where Kubernetes gives a reason.
    pub reason: Option<&'static str>,
}

/// How a container ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ended {
    /// Exit code.
    pub code: u8,
    /// Why.
    pub reason: ExitReason,
    /// When it had started; `None` if that was before the run.
    pub started_at: Option<SimTime>,
    /// When it ended.
    pub finished_at: SimTime,
}

/// What a container does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContainerSituation {
    /// It waits, with this reason.
    Waiting(&'static str),
    /// It runs since then; `None` if since before the run.
    Running(Option<SimTime>),
    /// It has ended.
    Terminated(Ended),
}

/// A container's status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContainerStatus {
    /// `state`.
    pub state: ContainerSituation,
    /// `lastState`: its previous end.
    pub last: Option<Ended>,
    /// `restartCount`, of starts that were seen.
    pub restarts: u32,
    /// `ready`, as far as its own state tells; the Pod's condition counts its readiness probes in.
    pub ready: bool,
    starts: u32,
}

/// A Pod's status.
#[derive(Clone, PartialEq, Debug)]
pub struct PodStatus {
    /// Where it is in its life; `None` before its creation.
    pub state: Option<PodState>,
    /// Its node.
    pub node: Option<NodeId>,
    /// When it was created; `None` if before the run.
    pub created: Option<SimTime>,
    /// When its deletion began.
    pub deleting: Option<SimTime>,
    /// When its object was gone.
    pub removed: Option<SimTime>,
    /// Conditions that were ever set, in the order of [`ConditionKind::ALL`].
    pub conditions: Vec<Condition>,
    /// Container statuses, in the order of the template.
    pub containers: Vec<ContainerStatus>,
    /// Nanoseconds spent in each state, up to the last entry; of the state that goes on since [`PodStatus::since`].
    pub spent: [u64; PodState::COUNT],
    /// When it entered its state.
    pub since: SimTime,
    kinds: Vec<ContainerKind>,
}

impl PodStatus {
    /// The status of a Pod of `template` of which nothing is known yet.
    pub fn new(template: &PodTemplate) -> Self {
        let kinds: Vec<ContainerKind> = template.containers.iter().map(|container| container.kind).collect();
        let init = kinds.iter().any(|kind| *kind != ContainerKind::App);
        let waiting = ContainerSituation::Waiting(if init { "PodInitializing" } else { "ContainerCreating" });
        let container = ContainerStatus { state: waiting, last: None, restarts: 0, ready: false, starts: 0 };
        Self {
            state: None,
            node: None,
            created: None,
            deleting: None,
            removed: None,
            conditions: Vec::new(),
            containers: vec![container; kinds.len()],
            spent: [0; PodState::COUNT],
            since: SimTime::ZERO,
            kinds,
        }
    }

    /// The phase that the API shows.
    pub fn phase(&self) -> Phase {
        self.state.map_or(Phase::Pending, PodState::phase)
    }

    /// The next entry of the Pod's history.
    pub fn take(&mut self, entry: &Entry) {
        self.node = entry.node.or(self.node);
        match entry.container {
            Some(index) => self.take_container(usize::from(index), entry),
            None => self.take_pod(entry),
        }
    }

    fn take_pod(&mut self, entry: &Entry) {
        use ConditionKind as C;
        let at = Some(entry.at);
        match entry.what {
            Happening::Created => self.created(entry.at),
            Happening::WasThere => self.was_there(),
            Happening::Moved { from, to } => self.moved(from, to, entry.at),
            Happening::Scheduled => self.set(C::PodScheduled, true, at, None),
            Happening::FailedScheduling(_) => self.set(C::PodScheduled, false, at, Some("Unschedulable")),
            Happening::SandboxReady => self.set(C::PodReadyToStartContainers, true, at, None),
            Happening::SandboxChanged | Happening::SandboxGone => self.set(C::PodReadyToStartContainers, false, at, None),
            Happening::Ready(ready) => self.ready(ready, entry.at),
            Happening::Preempted => self.set(C::DisruptionTarget, true, at, Some("PreemptionByScheduler")),
            Happening::Evicted => self.set(C::DisruptionTarget, true, at, Some("TerminationByKubelet")),
            Happening::Deleting => self.deleting = self.deleting.or(at),
            Happening::Removed => self.removed = at,
            _ => {}
        }
    }

    fn created(&mut self, at: SimTime) {
        (self.state, self.created, self.since) = (Some(PodState::Scheduling), Some(at), at);
    }

    /// Up and ready since before the run: init containers have ended, the others run.
    fn was_there(&mut self) {
        self.state = Some(PodState::Healthy);
        for kind in ConditionKind::ALL.into_iter().filter(|kind| *kind != ConditionKind::DisruptionTarget) {
            self.set(kind, true, None, None);
        }
        for (container, kind) in self.containers.iter_mut().zip(&self.kinds) {
            let done = Ended { code: 0, reason: ExitReason::Completed, started_at: None, finished_at: SimTime::ZERO };
            let init = *kind == ContainerKind::Init;
            container.state = if init { ContainerSituation::Terminated(done) } else { ContainerSituation::Running(None) };
            (container.starts, container.ready) = (1, true);
        }
    }

    fn moved(&mut self, from: PodState, to: PodState, at: SimTime) {
        self.spent[from.index()] += (at - self.since).as_nanos();
        (self.state, self.since) = (Some(to), at);
        let reason = match to {
            PodState::Succeeded => Some("PodCompleted"),
            PodState::Failed => Some("PodFailed"),
            _ => None,
        };
        if reason.is_some() {
            self.set(ConditionKind::ContainersReady, false, Some(at), reason);
            self.set(ConditionKind::Ready, false, Some(at), reason);
        }
    }

    fn ready(&mut self, ready: bool, at: SimTime) {
        let reason = (!ready).then_some("ContainersNotReady");
        self.set(ConditionKind::ContainersReady, ready, Some(at), reason);
        self.set(ConditionKind::Ready, ready, Some(at), reason);
    }

    fn take_container(&mut self, index: usize, entry: &Entry) {
        let kind = self.kinds[index];
        let container = &mut self.containers[index];
        match entry.what {
            Happening::Started => {
                container.restarts += u32::from(container.starts > 0);
                container.starts += 1;
                container.state = ContainerSituation::Running(Some(entry.at));
                container.ready = kind != ContainerKind::Init;
            }
            Happening::Terminated { code, reason } => container.ended(code, reason, entry.at, kind),
            Happening::BackOff(_) => container.wait("CrashLoopBackOff"),
            Happening::PullFailed => container.wait("ErrImagePull"),
            Happening::PullBackOff => container.wait("ImagePullBackOff"),
            Happening::FailedPostStartHook => container.wait("PostStartHookError"),
            Happening::Unhealthy(_) => container.ready = false,
            Happening::Passed(_) => container.ready = matches!(container.state, ContainerSituation::Running(_)),
            _ => {}
        }
        self.initialized(entry.at);
    }

    /// True once every init container is done and every sidecar started, and for ever once a regular container has.
    fn initialized(&mut self, at: SimTime) {
        let done = |(container, kind): (&ContainerStatus, &ContainerKind)| match kind {
            ContainerKind::Init => container.ready,
            ContainerKind::Sidecar => container.starts > 0,
            ContainerKind::App => true,
        };
        let apps = || self.containers.iter().zip(&self.kinds).filter(|(_, kind)| **kind == ContainerKind::App);
        let all = self.containers.iter().zip(&self.kinds).all(done) || apps().any(|(container, _)| container.starts > 0);
        self.set(ConditionKind::Initialized, all, Some(at), (!all).then_some("ContainersNotInitialized"));
    }

    fn set(&mut self, kind: ConditionKind, status: bool, since: Option<SimTime>, reason: Option<&'static str>) {
        match self.conditions.binary_search_by_key(&kind, |condition| condition.kind) {
            Ok(row) if self.conditions[row].status == status => self.conditions[row].reason = reason,
            Ok(row) => self.conditions[row] = Condition { kind, status, since, reason },
            Err(row) => self.conditions.insert(row, Condition { kind, status, since, reason }),
        }
    }
}

impl ContainerStatus {
    fn ended(&mut self, code: u8, reason: ExitReason, at: SimTime, kind: ContainerKind) {
        let started_at = if let ContainerSituation::Running(since) = self.state { since } else { Some(at) };
        let end = Ended { code, reason, started_at, finished_at: at };
        self.last = if let ContainerSituation::Terminated(end) = self.state { Some(end) } else { self.last };
        self.state = ContainerSituation::Terminated(end);
        self.ready = kind == ContainerKind::Init && code == 0;
    }

    /// A container that ended waits to be started again.
    fn wait(&mut self, reason: &'static str) {
        if let ContainerSituation::Terminated(end) = self.state {
            self.last = Some(end);
        }
        self.state = ContainerSituation::Waiting(reason);
        self.ready = false;
    }
}
