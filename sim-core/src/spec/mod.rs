//! What is given: node shapes, Pod templates, behaviours, workloads, latencies. Immutable, interned, shared by all replications.

mod affinity;
pub mod behavior;
pub mod distribution;
pub mod eviction;
mod fault;
mod node;
mod pod;
mod policy;
mod profile;
mod qos;
mod storage;
mod symbols;
mod timing;
mod traffic;
mod workload;

pub use affinity::{DisruptionBudget, LabelSelector, Namespace, PodAffinity, PodAffinityTerm, TopologySpreadConstraint, WhenUnsatisfiable};
pub use behavior::{Behavior, Growth, Hang, Level, Noise, Phase, Shape, Trace, Usage};
pub use distribution::Distribution;
pub use eviction::{CpuWeights, Eviction, EvictionSignal, Threshold};
pub use fault::{Among, ContainerFault, Fault, FaultKind, FaultTiming, NodeFault, NodeLifecycle, RegistryFault};
pub use node::{NodePool, NodeShape, Taint, TaintEffect};
pub use pod::{
    ContainerKind, ContainerSpec, EmptyDir, Hook, HostPort, NodeSelectorTerm, Operator, Placement, PodTemplate, Probe, PullPolicy,
    Requirement, ResizePolicy, RestartPolicy, Role, Toleration,
};
pub use policy::{ArgumentValue, PolicyArgs};
pub use profile::{
    BalancedAllocationArgs, DEFAULT_FILTERS, DEFAULT_SCORES, FitArgs, InterPodAffinityArgs, NodeAffinityArgs, PreemptionArgs, ProfileSpec,
    ScoringStrategy, SpreadArgs, SpreadDefaults, WeightedResource,
};
pub use qos::{PodLevel, Qos};
pub use storage::{AttachedVolume, Claim, ClaimState, Volume};
pub use symbols::{Labels, Symbols};
pub use timing::{ClientLimits, ControlPlane, Kubelet, Network, Registry, SchedulerSpec, TieBreak};
pub use traffic::{Cache, Cost, Destination, Pace, Part, Rate, RateNoise, Traffic, next_multiple};
pub use workload::{Arrivals, Controller, Deployment, Job, Occasion, Portion, Releases, Replicas, ScaleTo, Scaling, Source, Workload};

use crate::engine::random::Seed;
use crate::table::Table;
use crate::table::{ImageId, PoolId, ResourceId, TemplateId, WorkloadId, ZoneId};
use crate::units::{Bytes, MilliCpu, SimSpan};

/// A compiled scenario: all that a run needs to know.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The scenario's name.
    pub name: String,
    /// Seed of every random stream.
    pub seed: Seed,
    /// Simulated time after the warm-up.
    pub duration: SimSpan,
    /// How the start is kept from biasing the results.
    pub warmup: Warmup,
    /// Step of the time series.
    pub series_step: SimSpan,
    /// Strings of labels, taints and namespaces.
    pub symbols: Symbols,
    /// Zone names.
    pub zones: Table<ZoneId, String>,
    /// Names of extended resources, in name order.
    pub resources: Table<ResourceId, String>,
    /// Images.
    pub images: Table<ImageId, Image>,
    /// Node pools; nodes are numbered pool by pool.
    pub pools: Table<PoolId, NodePool>,
    /// Pod templates.
    pub templates: Table<TemplateId, PodTemplate>,
    /// Namespaces that have labels.
    pub namespaces: Vec<Namespace>,
    /// Disruption budgets, which preemption prefers to respect.
    pub disruption_budgets: Vec<DisruptionBudget>,
    /// Workloads.
    pub workloads: Table<WorkloadId, Workload>,
    /// What goes wrong, by its place in the list.
    pub faults: Vec<Fault>,
    /// The node lifecycle controller.
    pub node_lifecycle: NodeLifecycle,
    /// Requests to workloads.
    pub traffic: Vec<Traffic>,
    /// Scheduler.
    pub scheduler: SchedulerSpec,
    /// Control plane.
    pub control_plane: ControlPlane,
    /// Kubelets.
    pub kubelet: Kubelet,
    /// Image registry.
    pub registry: Registry,
    /// Pod network.
    pub network: Network,
}

/// How the start is kept from biasing the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warmup {
    /// The run starts in equilibrium: standing Pods run already, with residual lives; arriving workloads are at their mean number.
    Equilibrium,
    /// The run starts empty; nothing is measured before this span is over.
    Span(SimSpan),
}

impl Warmup {
    /// Simulated time before the window of measurement opens.
    pub const fn span(self) -> SimSpan {
        match self {
            Self::Equilibrium => SimSpan::ZERO,
            Self::Span(span) => span,
        }
    }
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Reference as in the manifest, with its tag.
    pub name: String,
    /// Compressed size, all layers.
    pub size: Bytes,
    /// Layers that other images may have too, none twice; the rest of the size is the image's own.
    pub layers: Vec<Layer>,
}

/// A layer, downloaded and kept once however many images of a node have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its number: the digest's place.
    pub id: crate::table::LayerId,
    /// Compressed size.
    pub size: Bytes,
}

impl Image {
    /// An image that shares nothing.
    pub fn new(name: impl Into<String>, size: Bytes) -> Self {
        Self { name: name.into(), size, layers: Vec::new() }
    }

    /// Compressed bytes that no other image has.
    pub fn own(&self) -> u64 {
        self.size.0.saturating_sub(self.layers.iter().map(|layer| layer.size.0).sum())
    }
}

/// An amount of each resource, as a Pod asks or a node gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Requests {
    /// CPU.
    pub cpu: MilliCpu,
    /// Memory.
    pub memory: Bytes,
    /// Ephemeral storage.
    pub ephemeral_storage: Bytes,
    /// Extended resources and huge pages, in id order, none twice.
    pub scalars: Vec<(ResourceId, u64)>,
}

impl Requests {
    /// The amount of an extended resource.
    pub fn scalar(&self, resource: ResourceId) -> u64 {
        self.scalars.iter().find(|(id, _)| *id == resource).map_or(0, |(_, amount)| *amount)
    }

    /// True if nothing at all is asked for.
    pub fn is_empty(&self) -> bool {
        self.cpu.0 == 0 && self.memory.0 == 0 && self.ephemeral_storage.0 == 0 && self.scalars.is_empty()
    }
}

impl Spec {
    /// Number of nodes at the start.
    pub fn nodes_count(&self) -> usize {
        self.pools.rows().iter().map(|pool| pool.count as usize).sum()
    }

    /// The end of the run: warm-up and duration.
    pub fn end(&self) -> crate::units::SimTime {
        crate::units::SimTime::ZERO + self.warmup.span() + self.duration
    }
}
