//! What can be told of a Pod, node or controller: Kubernetes' event reasons where there are such, transitions elsewhere.

use crate::cluster::{ExitReason, PodState};
use crate::units::{Bytes, SimSpan};

/// A probe, where one is told of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ProbeKind {
    /// `startupProbe`.
    Startup,
    /// `livenessProbe`.
    Liveness,
    /// `readinessProbe`.
    Readiness,
}

/// Something that happened. Copied when it happens and put into words when it is shown.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum Happening {
    /// The object was created.
    Created,
    /// A Pod was there already, up and ready, when the run began.
    WasThere,
    /// A Pod moved along its chart.
    Moved {
        /// From here.
        from: PodState,
        /// To there.
        to: PodState,
    },
    /// `Scheduled`: the binding is written.
    Scheduled,
    /// `FailedScheduling`: no node takes the Pod; the scheduler's message by its number.
    FailedScheduling(u32),
    /// `Preempted`: deleted to make room.
    Preempted,
    /// `FailedMount` or `FailedAttachVolume`: the volumes are not there in time.
    FailedMount,
    /// `FailedCreatePodSandBox`: CNI ADD or the runtime failed.
    FailedSandbox,
    /// `SandboxChanged`: the sandbox is made anew.
    SandboxChanged,
    /// A sandbox is up and has its address (condition `PodReadyToStartContainers`).
    SandboxReady,
    /// The sandbox is gone, and its address with it.
    SandboxGone,
    /// `Pulling`.
    Pulling,
    /// `Pulled`: after so long, so many bytes; nothing of both where the image was there.
    Pulled(SimSpan, Bytes),
    /// `Failed`: a pull failed (`ErrImagePull`).
    PullFailed,
    /// `ErrImageNeverPull`: the image is not there, and the policy is never to pull it.
    NeverPull,
    /// `BackOff`: a failed pull is waited for (`ImagePullBackOff`).
    PullBackOff,
    /// `Created` and `Started`: a container's process is up.
    Started,
    /// `FailedPostStartHook`.
    FailedPostStartHook,
    /// A container ended.
    Terminated {
        /// Its exit code.
        code: u8,
        /// Why.
        reason: ExitReason,
    },
    /// `BackOff`: a container waits for its restart (`CrashLoopBackOff`) so long.
    BackOff(SimSpan),
    /// `Unhealthy`: a probe's failure threshold is reached.
    Unhealthy(ProbeKind),
    /// A probe passes that did not.
    Passed(ProbeKind),
    /// `Killing`: a container is asked to stop.
    Killing,
    /// `OOMKilling`.
    OomKilling,
    /// `Evicted`: by the kubelet, for want of a resource.
    Evicted,
    /// `TaintManagerEviction`: deleted from a node with a `NoExecute` taint.
    TaintEviction,
    /// `DeadlineExceeded`: `activeDeadlineSeconds` are over.
    DeadlineExceeded,
    /// The Pod was rejected by its kubelet (`OutOfcpu` and the like).
    Rejected,
    /// The Pod's conditions `ContainersReady` and `Ready` changed.
    Ready(bool),
    /// Its deletion began.
    Deleting,
    /// Its object is gone.
    Removed,
    /// A node's `Ready` condition: `True`, or not.
    NodeReady(bool),
    /// A node's pressure condition began or ended.
    NodePressure(Pressure, bool),
    /// A fault of the scenario, by its number, began (true) or ended.
    Fault(u16, bool),
    /// `ScalingReplicaSet`: a controller's replica count is now this.
    Scaled(u32),
    /// `SuccessfulCreate`: a controller made a Pod.
    PodMade,
    /// `SuccessfulDelete`: a controller deletes a Pod.
    PodDeleted,
}

impl Happening {
    /// Every reason there is, in the order of [`Happening`].
    pub const REASONS: [&'static str; 37] = [
        "Created",
        "Running",
        "Moved",
        "Scheduled",
        "FailedScheduling",
        "Preempted",
        "FailedMount",
        "FailedCreatePodSandBox",
        "SandboxChanged",
        "SandboxReady",
        "SandboxGone",
        "Pulling",
        "Pulled",
        "Failed",
        "ErrImageNeverPull",
        "BackOff",
        "Started",
        "FailedPostStartHook",
        "Terminated",
        "Unhealthy",
        "Passed",
        "Killing",
        "OOMKilling",
        "Evicted",
        "TaintManagerEviction",
        "DeadlineExceeded",
        "Rejected",
        "Ready",
        "Deleting",
        "Removed",
        "NodeReady",
        "NodeNotReady",
        "NodePressure",
        "Fault",
        "ScalingReplicaSet",
        "SuccessfulCreate",
        "SuccessfulDelete",
    ];

    /// The reason under which it is shown and selected: that of Kubernetes' event where there is one.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Created => "Created",
            Self::WasThere => "Running",
            Self::Moved { .. } => "Moved",
            Self::Scheduled => "Scheduled",
            Self::FailedScheduling(_) => "FailedScheduling",
            Self::Preempted => "Preempted",
            Self::FailedMount => "FailedMount",
            Self::FailedSandbox => "FailedCreatePodSandBox",
            Self::SandboxChanged => "SandboxChanged",
            Self::SandboxReady => "SandboxReady",
            Self::SandboxGone => "SandboxGone",
            Self::Pulling => "Pulling",
            Self::Pulled(..) => "Pulled",
            Self::PullFailed => "Failed",
            Self::NeverPull => "ErrImageNeverPull",
            Self::PullBackOff | Self::BackOff(_) => "BackOff",
            Self::Started => "Started",
            Self::FailedPostStartHook => "FailedPostStartHook",
            Self::Terminated { .. } => "Terminated",
            Self::Unhealthy(_) => "Unhealthy",
            Self::Passed(_) => "Passed",
            Self::Killing => "Killing",
            Self::OomKilling => "OOMKilling",
            Self::Evicted => "Evicted",
            Self::TaintEviction => "TaintManagerEviction",
            Self::DeadlineExceeded => "DeadlineExceeded",
            Self::Rejected => "Rejected",
            Self::Ready(_) => "Ready",
            Self::Deleting => "Deleting",
            Self::Removed => "Removed",
            Self::NodeReady(true) => "NodeReady",
            Self::NodeReady(false) => "NodeNotReady",
            Self::NodePressure(..) => "NodePressure",
            Self::Fault(..) => "Fault",
            Self::Scaled(_) => "ScalingReplicaSet",
            Self::PodMade => "SuccessfulCreate",
            Self::PodDeleted => "SuccessfulDelete",
        }
    }
}

/// A node's pressure conditions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Pressure {
    /// `MemoryPressure`.
    Memory,
    /// `DiskPressure`.
    Disk,
    /// `PIDPressure`.
    Pid,
}
