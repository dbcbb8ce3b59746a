//! Events: a closed list, small enough to be copied on every move of the event list.

use crate::cluster::{PodRef, PullRef};
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
    /// A pull's phase is over.
    PullOver(PullRef),
    /// The next download of those that share the registry's bandwidth is over, if `epoch` still holds.
    Downloaded {
        /// Grows whenever the downloads change.
        epoch: u32,
    },
    /// A kubelet collects images.
    ImageGc(NodeId),
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
    /// A fault strikes: all its targets, one node or zone, or those that are drawn.
    FaultBegins {
        /// The fault, by its place in the list.
        fault: u16,
        /// The node or zone whose turn it is; [`u32::MAX`] where the occasion is all targets'.
        target: u32,
        /// Occasions of this fault and target before.
        occasion: u32,
    },
    /// A fault is over for one target.
    FaultEnds {
        /// The fault, by its place in the list.
        fault: u16,
        /// The node, zone, or container's place in the fault's list.
        target: u32,
        /// The occasion after this, if the target has occasions of its own; 0 if it has none.
        next: u32,
    },
    /// The node lifecycle controller finds that nothing was heard of a node for too long.
    NodeLate {
        /// The node.
        node: NodeId,
        /// Its beat: void if the node was heard or fell silent since.
        beat: u32,
    },
    /// A node's kubelet says that the node is not ready, as its runtime is away.
    NodeUnfit {
        /// The node.
        node: NodeId,
        /// The controller's beat.
        beat: u32,
    },
    /// The node lifecycle controller finds a node back.
    NodeFound {
        /// The node.
        node: NodeId,
        /// Its beat.
        beat: u32,
    },
    /// The next of a zone's nodes may be given its `NoExecute` taint.
    TaintPass(u32),
    /// Tolerations of this many seconds of a node's `NoExecute` taint end.
    TaintEvicts {
        /// The node.
        node: NodeId,
        /// The taint's epoch.
        epoch: u32,
        /// The tolerations.
        seconds: u32,
    },
    /// The Pod garbage collector takes the Pods of a node that is gone.
    NodeCollected {
        /// The node.
        node: NodeId,
        /// The controller's beat.
        beat: u32,
    },
    /// The scheduler sees a node's taints.
    TaintsSeen(NodeId),
    /// Clients act on a change of a Pod's readiness.
    Endpoint(PodRef),
    /// The load of a service changes by itself: its rate, or what its caches spare.
    Load {
        /// Its row.
        service: u32,
        /// Grows each time another instant is awaited.
        epoch: u32,
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
    /// The scheduler sees what a resized Pod requests.
    ResizeSeen(PodRef),
    /// Users resize containers: an entry of the scenario's list, for the `occasion`-th time.
    Resize {
        /// The entry.
        entry: u16,
        /// Occasions of it before.
        occasion: u32,
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
