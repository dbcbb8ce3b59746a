//! Faults: what a scenario lets go wrong, when, and to whom.

use super::distribution::Distribution;
use crate::table::{ImageId, NodeId, TemplateId, ZoneId};
use crate::units::{SimSpan, SimTime};

/// A named fault of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Its name.
    pub name: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// When.
    pub timing: FaultTiming,
    /// How many of those that it may strike are struck at an occasion.
    pub among: Among,
}

/// When a fault strikes.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultTiming {
    /// At these instants.
    At(Vec<SimTime>),
    /// Again and again: gaps in seconds, from the end of one until the beginning of the next. Each node and each zone has gaps of its
    /// own; containers and the registry share theirs.
    Every(Distribution),
    /// At the epochs of a Poisson process, so many a second, over all targets together.
    Rate(f64),
}

/// How many targets an occasion strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Among {
    /// All of them.
    All,
    /// So many, drawn at the occasion without putting back.
    Count(u32),
    /// Each with this probability, drawn at the occasion, 0 to 1.
    Share(f64),
}

/// What goes wrong. Durations are drawn in seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// Something befalls nodes.
    Node {
        /// What.
        what: NodeFault,
        /// How long it lasts.
        lasts: Distribution,
        /// Nodes that it may befall, in order.
        nodes: Vec<NodeId>,
    },
    /// All nodes of a zone lose power.
    Zone {
        /// How long it lasts.
        lasts: Distribution,
        /// Zones that it may befall.
        zones: Vec<ZoneId>,
    },
    /// Something befalls the image registry.
    Registry {
        /// What.
        what: RegistryFault,
        /// How long it lasts.
        lasts: Distribution,
    },
    /// Something befalls containers.
    Container {
        /// What.
        what: ContainerFault,
        /// Containers that it may befall: template and place in it, in order.
        containers: Vec<(TemplateId, u8)>,
    },
}

/// What befalls a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NodeFault {
    /// Its machine stops without a word and comes back with its disk.
    Crash,
    /// Its machine restarts without draining: for its Pods the same as a crash.
    Reboot,
    /// Its machine is lost; after the repair another, empty one bears its name.
    Loss,
    /// It cannot reach the control plane, nor be reached; its containers run on.
    Partition,
    /// Its kubelet is away; containers run on and nobody looks after them.
    Kubelet,
    /// Its container runtime is away; containers run on and none can be started or stopped.
    Runtime,
    /// Its network plugin gives no addresses.
    Network,
    /// Its disk is full: the condition `DiskPressure`.
    Disk,
}

/// What befalls the registry.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum RegistryFault {
    /// It answers no pull.
    Outage,
    /// Pulls take this many times as long.
    Slow(f64),
    /// Pulls of this image fail.
    BadImage(ImageId),
}

/// What befalls a container.
#[derive(Clone, Debug, PartialEq)]
pub enum ContainerFault {
    /// Its process exits with this code.
    Crash(u8),
    /// Its process hangs for so long, unless a probe ends it.
    Hang(Distribution),
    /// Init containers exit with an error while this lasts.
    InitFailure(Distribution),
    /// What is started while this lasts takes `factor` times as long until it can serve.
    SlowStart {
        /// 1 or more.
        factor: f64,
        /// How long this lasts.
        lasts: Distribution,
    },
    /// Its process uses so many bytes a second more, until its memory limit ends it.
    MemoryLeak(f64),
}

/// The node lifecycle controller's settings. Defaults after `kube-controller-manager` v1.34.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeLifecycle {
    /// Period of the controller's look at nodes.
    pub monitor_period: SimSpan,
    /// A node of which nothing was heard for so long is `Unknown`.
    pub grace: SimSpan,
    /// Nodes of a zone that are given their `NoExecute` taint, a second.
    pub eviction_rate: f64,
    /// The same of a zone most of whose nodes are not ready, if it is large.
    pub secondary_rate: f64,
    /// A zone of more nodes than this is large.
    pub large_zone: u32,
    /// Share of nodes not ready, 0 to 1, from which a zone is in partial disruption.
    pub unhealthy_share: f64,
    /// How long Pods tolerate `not-ready` and `unreachable` if they do not say themselves.
    pub toleration: SimSpan,
}

impl Default for NodeLifecycle {
    fn default() -> Self {
        Self {
            monitor_period: SimSpan::from_secs(5),
            grace: SimSpan::from_secs(50),
            eviction_rate: 0.1,
            secondary_rate: 0.01,
            large_zone: 50,
            unhealthy_share: 0.55,
            toleration: SimSpan::from_secs(300),
        }
    }
}
