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
    /// `Pulling`.
    Pulling,
    /// `Pulled`: after so long, so many bytes; nothing of both where the image was there.
    Pulled(SimSpan, Bytes),
    /// `Failed`: a pull failed (`ErrImagePull`).
    PullFailed,
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
    /// `SuccessfulCreate`, `SuccessfulDelete` of a controller's Pod.
    Scaled(u32),
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
