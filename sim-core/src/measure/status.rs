//! What the API would show of a Pod: its conditions and container statuses, as a pure fold of its history.
//!
//! After the kubelet's rules: `Initialized` stays true once a regular container has started, conditions change their time only with
//! their value, the previous termination of a container is its last state, and one that has not started yet waits with
//! `PodInitializing` where the Pod has init containers and with `ContainerCreating` elsewhere.

use super::{Entry, Happening, ProbeKind};
use crate::cluster::{ExitReason, Phase, PodState};
use crate::spec::{ContainerKind, ContainerSpec, PodTemplate};
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
    /// `started`: it runs, and its startup probe has passed if it has one.
    pub started: bool,
    /// `ready`: it is started, and its readiness probe passes if it has one; of an init container: it has ended well.
    pub ready: bool,
    starts: u32,
    /// True if its `postStart` handler has failed: it waits for that reason once it has ended.
    hook_failed: bool,
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
    kinds: Vec<Facts>,
}

/// What of a container's specification its status depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Facts {
    kind: ContainerKind,
    startup: bool,
    readiness: bool,
}

impl Facts {
    const fn of(about: &ContainerSpec) -> Self {
        Self { kind: about.kind, startup: about.startup.is_some(), readiness: about.readiness.is_some() }
    }
}

impl PodStatus {
    /// The status of a Pod of `template` of which nothing is known yet.
    pub fn new(template: &PodTemplate) -> Self {
        let kinds: Vec<Facts> = template.containers.iter().map(Facts::of).collect();
        let init = kinds.iter().any(|about| about.kind != ContainerKind::App);
        let waiting = ContainerSituation::Waiting(if init { "PodInitializing" } else { "ContainerCreating" });
        let container =
            ContainerStatus { state: waiting, last: None, restarts: 0, started: false, ready: false, starts: 0, hook_failed: false };
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
            Happening::Scheduled => self.scheduled(entry.at),
            Happening::FailedScheduling(_) => self.set(C::PodScheduled, false, at, Some("Unschedulable")),
            Happening::SandboxReady => self.set(C::PodReadyToStartContainers, true, at, None),
            Happening::SandboxChanged | Happening::SandboxGone => self.set(C::PodReadyToStartContainers, false, at, None),
            Happening::Ready(ready) => self.ready(ready, entry.at),
            Happening::Preempted => self.set(C::DisruptionTarget, true, at, Some("PreemptionByScheduler")),
            Happening::Evicted => self.set(C::DisruptionTarget, true, at, Some("TerminationByKubelet")),
            Happening::TaintEviction => self.set(C::DisruptionTarget, true, at, Some("DeletionByTaintManager")),
            Happening::Deleting => self.deleting = self.deleting.or(at),
            Happening::Removed => self.removed = at,
            _ => {}
        }
    }

    fn created(&mut self, at: SimTime) {
        (self.state, self.created, self.since) = (Some(PodState::Scheduling), Some(at), at);
    }

    /// It has a node, whose kubelet writes its first status.
    fn scheduled(&mut self, at: SimTime) {
        self.set(ConditionKind::PodScheduled, true, Some(at), None);
        self.set(ConditionKind::PodReadyToStartContainers, false, Some(at), None);
        self.initialized(at);
        self.set_ready(false, at);
    }

    /// Up and ready since before the run: init containers have ended, the others run.
    fn was_there(&mut self) {
        self.state = Some(PodState::Healthy);
        for kind in ConditionKind::ALL.into_iter().filter(|kind| *kind != ConditionKind::DisruptionTarget) {
            self.set(kind, true, None, None);
        }
        for (container, about) in self.containers.iter_mut().zip(&self.kinds) {
            let done = Ended { code: 0, reason: ExitReason::Completed, started_at: None, finished_at: SimTime::ZERO };
            let init = about.kind == ContainerKind::Init;
            container.state = if init { ContainerSituation::Terminated(done) } else { ContainerSituation::Running(None) };
            (container.starts, container.started, container.ready) = (1, !init, true);
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

    /// A Pod that has ended keeps its reason. One whose deletion begins is shown as ready until a container has ended, though no
    /// requests go to it.
    fn ready(&mut self, ready: bool, at: SimTime) {
        let over = self.state.is_some_and(PodState::is_terminal);
        if over || !ready && self.deleting == Some(at) {
            return;
        }
        self.set_ready(ready, at);
    }

    fn set_ready(&mut self, ready: bool, at: SimTime) {
        let reason = (!ready).then_some("ContainersNotReady");
        self.set(ConditionKind::ContainersReady, ready, Some(at), reason);
        self.set(ConditionKind::Ready, ready, Some(at), reason);
    }

    fn take_container(&mut self, index: usize, entry: &Entry) {
        let about = self.kinds[index];
        let container = &mut self.containers[index];
        match entry.what {
            Happening::Started => container.starts(entry.at, about),
            Happening::Terminated { code, reason } => {
                container.ended(code, reason, entry.at, about.kind);
                if self.deleting.is_some() && about.kind != ContainerKind::Init {
                    self.set_ready(false, entry.at);
                }
            }
            Happening::BackOff(_) => container.wait("CrashLoopBackOff"),
            Happening::PullFailed => container.wait("ErrImagePull"),
            Happening::NeverPull => container.wait("ErrImageNeverPull"),
            Happening::PullBackOff => container.wait("ImagePullBackOff"),
            Happening::FailedPostStartHook => container.hook_failed = true,
            Happening::Unhealthy(ProbeKind::Readiness) => container.ready = false,
            Happening::Passed(ProbeKind::Startup) => (container.started, container.ready) = (true, !about.readiness),
            Happening::Passed(ProbeKind::Readiness) => container.ready = true,
            _ => {}
        }
        self.initialized(entry.at);
    }

    /// True once every init container is done and every sidecar started, and for ever once a regular container has.
    fn initialized(&mut self, at: SimTime) {
        let done = |(container, about): (&ContainerStatus, &Facts)| match about.kind {
            ContainerKind::Init => container.ready,
            ContainerKind::Sidecar => container.started,
            ContainerKind::App => true,
        };
        let mut all = self.containers.iter().zip(&self.kinds);
        let apps = all.clone().filter(|(_, about)| about.kind == ContainerKind::App);
        let all = apps.map(|(app, _)| app.starts).any(|starts| starts > 0) || all.all(done);
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
    fn starts(&mut self, at: SimTime, about: Facts) {
        self.last = if let ContainerSituation::Terminated(end) = self.state { Some(end) } else { self.last };
        self.restarts += u32::from(self.starts > 0);
        self.starts += 1;
        self.state = ContainerSituation::Running(Some(at));
        self.started = about.kind != ContainerKind::Init && !about.startup;
        self.ready = self.started && !about.readiness;
    }

    fn ended(&mut self, code: u8, reason: ExitReason, at: SimTime, kind: ContainerKind) {
        let started_at = if let ContainerSituation::Running(since) = self.state { since } else { Some(at) };
        let end = Ended { code, reason, started_at, finished_at: at };
        self.state = ContainerSituation::Terminated(end);
        (self.started, self.ready) = (false, kind == ContainerKind::Init && code == 0);
        if std::mem::take(&mut self.hook_failed) {
            self.wait("PostStartHookError");
        }
    }

    /// A container that ended waits to be started again.
    fn wait(&mut self, reason: &'static str) {
        if let ContainerSituation::Terminated(end) = self.state {
            self.last = Some(end);
        }
        self.state = ContainerSituation::Waiting(reason);
        (self.started, self.ready) = (false, false);
    }
}
