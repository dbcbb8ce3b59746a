//! Events: a closed list, small enough to be copied on every move of the event list.

use crate::cluster::PodRef;
use crate::table::{InstanceId, NodeId, WorkloadId};

/// What may happen. An event that belongs to a Pod or container carries its generation; one that comes too late is dropped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The next copy of a workload arrives.
    Arrival(WorkloadId),
    /// The scheduler's informer shows a new Pod.
    Observed(PodRef),
    /// The scheduler is free for its next cycle, or one of its timers is due.
    Cycle {
        /// The scheduler's timer epoch; 0 for the end of a cycle.
        epoch: u32,
    },
    /// A binding is written.
    Bound(PodRef),
    /// The current step of a Pod's start is over.
    StepDone(PodRef),
    /// A container's process exits by itself.
    Exited(ContainerRef),
    /// The kubelet notices the exit.
    ExitSeen(ContainerRef),
    /// Back-off is over: the container is started again.
    RestartDue(ContainerRef),
    /// A restarted container is up.
    Up(ContainerRef),
    /// The kubelet notices that a restarted container is up.
    UpSeen(ContainerRef),
    /// A container hangs.
    Hung(ContainerRef),
    /// A hang is noticed by a readiness probe.
    HangSeen(ContainerRef),
    /// A hang makes the liveness probe fail for good: the container is killed.
    ProbeKill(ContainerRef),
    /// A hang is over by itself.
    HangOver(ContainerRef),
    /// A readiness probe passes after a hang.
    HangForgotten(ContainerRef),
    /// A Pod's containers all pass their readiness checks.
    Ready {
        /// The Pod.
        pod: PodRef,
        /// Its readiness epoch.
        epoch: u16,
    },
    /// The containers of a Pod that is being stopped have ended.
    Stopped(PodRef),
    /// The scheduler sees that a Pod has ended.
    Released(PodRef),
    /// A sandbox is gone and its address free.
    TornDown(PodRef),
    /// A Pod's object is gone from the API.
    Removed(PodRef),
    /// A Pod has reached its set lifetime.
    LifetimeOver(PodRef),
    /// A Pod has waited as long as its submitter is willing to.
    GaveUp(PodRef),
    /// A controller looks at one of its objects.
    Reconcile(InstanceRef),
    /// A new version of a Deployment.
    Release(InstanceRef),
    /// A change of a Deployment's replica count.
    Scale {
        /// The Deployment.
        instance: InstanceRef,
        /// Which entry of its scaling list.
        entry: u16,
    },
    /// What all containers use is read: once a minute.
    Minute,
    /// A container's use changes with its age: a phase or a leak begins.
    UseChanges(ContainerRef),
    /// A container meets its memory limit.
    OutOfMemory(ContainerRef),
    /// A kubelet looks at what its node has left, where that may be too little.
    Look(NodeId),
    /// A node's memory runs out.
    NodeOutOfMemory(NodeId),
    /// Resizes that could not be done are tried again.
    RetryResizes,
    /// A row of the time series is due.
    Sample,
    /// The warm-up is over.
    WindowOpens,
}

/// A container of a Pod, at one start of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContainerRef {
    /// The Pod.
    pub pod: PodRef,
    /// Which of its containers, in template order.
    pub index: u8,
    /// The container's epoch when the event was made.
    pub epoch: u16,
}

/// An instance of a workload, by row and generation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstanceRef {
    /// Its row.
    pub id: InstanceId,
    /// The row's generation.
    pub generation: u32,
}

const _: () = assert!(size_of::<Event>() <= 16, "events are copied on every move of the event list");
