//! Events: a closed list, small enough to be copied on every move of the event list.

use crate::cluster::PodRef;
use crate::table::{InstanceId, WorkloadId};

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
    /// What a Pod's worker was doing is done.
    StepDone {
        /// The Pod.
        pod: PodRef,
        /// Its worker's epoch.
        epoch: u16,
    },
    /// A sync of a Pod is due.
    Sync {
        /// The Pod.
        pod: PodRef,
        /// Its worker's epoch.
        epoch: u16,
    },
    /// A relist of a node shows what happened in a Pod.
    Relist(PodRef),
    /// A container's process exits.
    Exited(ContainerRef),
    /// A startup probe passes.
    StartupPassed(ContainerRef),
    /// A container hangs.
    Hung(ContainerRef),
    /// A hang is noticed by a readiness probe.
    HangSeen(ContainerRef),
    /// A startup or liveness probe has failed often enough: the container is stopped.
    ProbeKill(ContainerRef),
    /// A hang is over by itself.
    HangOver(ContainerRef),
    /// A Pod's containers all pass their readiness checks.
    Ready {
        /// The Pod.
        pod: PodRef,
        /// Its readiness epoch.
        epoch: u16,
    },
    /// A Pod has been active for as long as it may be.
    Deadline(PodRef),
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
