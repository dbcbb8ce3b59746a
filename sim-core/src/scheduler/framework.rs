//! The scheduling framework: extension points as small traits over views.
//!
//! A plugin reads a [`PodView`] and [`NodeView`]s; it changes nothing and has no clock. What it computes once per cycle is its
//! `State`, made by `prepare` (kube-scheduler's `PreFilter` and `PreScore`) and given back to it node by node.
//!
//! Source of the extension points and their rules: `pkg/scheduler/framework/interface.go` of Kubernetes v1.34.

use super::nodes::Nodes;
use crate::spec::{AttachedVolume, HostPort, Labels, PodTemplate, Requests, Spec, Symbols, Taint};
use crate::table::{ImageId, NodeId, PodId, ResourceId, Symbol, TemplateId};
use crate::units::{Bytes, SimTime};

/// What a plugin may know of the Pod.
#[derive(Clone, Copy, Debug)]
pub struct PodView<'a> {
    /// What the Pod is.
    pub template: &'a PodTemplate,
    /// Strings behind symbols, node names included.
    pub symbols: &'a Symbols,
}

/// What a plugin may know of a node.
#[derive(Clone, Copy, Debug)]
pub struct NodeView<'a> {
    /// The node's number.
    pub id: NodeId,
    /// `metadata.name`.
    pub name: Symbol,
    /// Labels, host name and zone included.
    pub labels: &'a Labels,
    /// Taints in the order of the manifest.
    pub taints: &'a [Taint],
    /// `spec.unschedulable`.
    pub cordoned: bool,
    /// `status.allocatable`.
    pub allocatable: &'a Requests,
    /// `status.allocatable.pods`.
    pub pods_max: u32,
    /// What the node's Pods request.
    pub load: &'a Load,
    /// The node's Pods, assumed ones included, in the order in which they came.
    pub residents: &'a [Resident],
    /// Images that its status lists.
    pub images: &'a [ImageId],
    /// Most volumes of a CSI driver, for drivers that have a limit here.
    pub attach_limits: &'a [(Symbol, u32)],
}

/// A Pod on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resident {
    /// The Pod.
    pub pod: PodId,
    /// What it is.
    pub template: TemplateId,
    /// `status.startTime`, or when it was assumed: of two Pods of one priority the earlier is the more important.
    pub started: SimTime,
    /// True once it has a `deletionTimestamp`.
    pub terminating: bool,
}

/// What the Pods of a node take, assumed ones included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Number of Pods.
    pub pods: u32,
    /// Sum of [`PodTemplate::requests`].
    pub requested: Requests,
    /// Sum of [`PodTemplate::non_zero`] CPU in millicores (`NonZeroRequested`).
    pub scored_cpu: u64,
    /// Sum of [`PodTemplate::non_zero`] memory in bytes (`NonZeroRequested`).
    pub scored_memory: u64,
    /// Host ports in use, in no order.
    pub ports: Vec<HostPort>,
    /// Volumes of CSI drivers, once for each Pod that uses them, in no order.
    pub volumes: Vec<AttachedVolume>,
}

/// What a plugin may know of the cluster when it prepares a cycle.
#[derive(Clone, Copy, Debug)]
pub struct ClusterView<'a> {
    pub(super) nodes: &'a Nodes,
    pub(super) spec: &'a Spec,
}

impl<'a> ClusterView<'a> {
    /// The node called `name`, if there is one.
    pub fn find(&self, name: Symbol) -> Option<NodeId> {
        self.nodes.find(name)
    }

    /// A node.
    pub fn node(&self, node: NodeId) -> NodeView<'a> {
        self.nodes.view(node)
    }

    /// Nodes in the order in which the scheduler lists them.
    pub fn order(&self) -> &'a [NodeId] {
        self.nodes.order()
    }

    /// Nodes in the order in which they were added.
    pub fn nodes(&self) -> impl Iterator<Item = NodeView<'a>> + use<'a> {
        let nodes = self.nodes;
        (0..nodes.len()).map(move |row| nodes.view(NodeId(row as u32)))
    }

    /// What Pods of a template are.
    pub fn template(&self, template: TemplateId) -> &'a PodTemplate {
        &self.spec.templates[template]
    }

    /// How many templates there are.
    pub fn templates_count(&self) -> usize {
        self.spec.templates.len()
    }

    /// All templates.
    pub fn templates(&self) -> impl Iterator<Item = (TemplateId, &'a PodTemplate)> + use<'a> {
        self.spec.templates.iter()
    }

    /// Templates of which Pods are bound, and how many.
    pub fn bound(&self) -> impl Iterator<Item = (TemplateId, u32)> + use<'a> {
        self.nodes.bound().iter().map(|(template, pods)| (template, *pods)).filter(|(_, pods)| *pods > 0)
    }

    /// How many Pods with affinity or anti-affinity terms to other Pods are bound.
    pub fn bound_with_terms(&self) -> u32 {
        self.nodes.with_terms()
    }

    /// How many nodes list an image in their status.
    pub fn nodes_with_image(&self, image: ImageId) -> u32 {
        self.nodes.with_image(image)
    }

    /// The size of an image.
    pub fn image_size(&self, image: ImageId) -> Bytes {
        self.spec.images[image].size
    }

    /// The labels of a namespace, `None` if it is not known.
    pub fn namespace_labels(&self, namespace: Symbol) -> Option<&'a Labels> {
        self.spec.namespaces.iter().find(|known| known.name == namespace).map(|known| &known.labels)
    }
}

/// Why a node does not take a Pod. The sentence is made when it is shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// The node is cordoned.
    Unschedulable,
    /// `spec.nodeName` is another.
    NodeName,
    /// A taint is not tolerated: key and value.
    Taint(Symbol, Symbol),
    /// Node selector or required node affinity does not match.
    NodeAffinity,
    /// `addedAffinity` of the profile does not match.
    EnforcedAffinity,
    /// Every term of the required affinity names nodes, and this is none of them.
    NotNamed,
    /// Every term of the required affinity names different nodes at once; concerns the whole cluster.
    NamesConflict,
    /// A host port is taken.
    NodePorts,
    /// As many Pods as the node takes are there.
    TooManyPods,
    /// Not enough free CPU.
    Cpu,
    /// Not enough free memory.
    Memory,
    /// Not enough free ephemeral storage.
    EphemeralStorage,
    /// Not enough of an extended resource or of huge pages.
    Scalar(ResourceId),
    /// The node lacks a topology key of a hard spread constraint.
    SpreadMissingLabel,
    /// A hard spread constraint would be violated.
    Spread,
    /// Required affinity to Pods is not met.
    PodAffinity,
    /// Required anti-affinity to Pods is not met.
    PodAntiAffinity,
    /// A Pod that is there has required anti-affinity to this one.
    ExistingAntiAffinity,
    /// A claim that one Pod at a time may use is in use.
    ClaimInUse,
    /// The node would have more volumes of a CSI driver than it can attach.
    VolumeLimit,
    /// The node affinity of a volume does not match.
    VolumeAffinity,
    /// No volume can be made or found for a claim that waits for its first Pod.
    NoVolumeToBind,
    /// A claim is bound to a volume that does not exist.
    VolumesGone,
    /// The zone or region of a volume is another.
    VolumeZone,
    /// There is no claim of this name; concerns the whole cluster, as what follows.
    ClaimMissing(Symbol),
    /// The claim of an ephemeral volume was not made yet.
    EphemeralClaimMissing(Symbol),
    /// A claim's volume is gone: names of both.
    ClaimLost(Symbol, Symbol),
    /// A claim is being deleted.
    ClaimDeleted(Symbol),
    /// A claim is not bound and does not wait for a Pod.
    UnboundClaims,
    /// There is no volume of this name.
    VolumeMissing(Symbol),
    /// A policy that kube-scheduler does not have refuses: its words.
    Policy(&'static str),
}

/// A node's answer "no": all reasons of the first plugin that refuses.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Rejection {
    /// Reasons, none twice.
    pub reasons: Vec<Reason>,
    /// False if taking Pods away from the node could not help (`UnschedulableAndUnresolvable`).
    pub resolvable: bool,
}

impl Rejection {
    /// A refusal that no preemption can turn.
    pub fn unresolvable(reason: Reason) -> Self {
        Self { reasons: vec![reason], resolvable: false }
    }

    /// A refusal that may end when Pods leave the node.
    pub fn resolvable(reason: Reason) -> Self {
        Self { reasons: vec![reason], resolvable: true }
    }
}

/// Something that may let a parked Pod be placed.
#[derive(Clone, Copy, Debug)]
pub enum Happening<'a> {
    /// An assigned Pod was deleted or ended: its template.
    AssignedPodDeleted(&'a PodTemplate),
    /// A binding landed: the template of the Pod.
    AssignedPodAdded(&'a PodTemplate),
    /// An assigned Pod was resized and requests less: of CPU, of memory (`UpdatePodScaleDown`).
    ScaledDown(bool, bool),
    /// A node was uncordoned, which also takes away its taint `node.kubernetes.io/unschedulable`.
    Uncordoned(NodeView<'a>),
    /// A node has other taints than before: the node as it is, and the taints that it had.
    Retainted(NodeView<'a>, &'a [Taint]),
}

/// The kinds of [`Happening`], for which plugins register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HappeningKind {
    /// [`Happening::AssignedPodDeleted`].
    AssignedPodDeleted,
    /// [`Happening::AssignedPodAdded`].
    AssignedPodAdded,
    /// [`Happening::ScaledDown`].
    ScaledDown,
    /// [`Happening::Uncordoned`].
    Uncordoned,
    /// [`Happening::Retainted`].
    Retainted,
}

impl HappeningKind {
    /// How many kinds there are.
    pub const COUNT: usize = 5;
    /// All of them.
    pub const ALL: [Self; Self::COUNT] =
        [Self::AssignedPodDeleted, Self::AssignedPodAdded, Self::ScaledDown, Self::Uncordoned, Self::Retainted];
}

/// What `PreFilter` finds for a Pod.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Prepared<S> {
    /// The plugin has nothing to check for this Pod.
    Skip,
    /// Ask node by node.
    Check(S),
    /// Ask node by node, but only these nodes.
    CheckOnly(S, Vec<NodeId>),
    /// No node will do, whatever it is.
    Reject(Reason),
}

/// A filter plugin: may a Pod run on a node?
pub trait Filter: Send + Sync + 'static {
    /// What is computed once per cycle.
    type State;

    /// The name users write: Kubernetes' own where there is one.
    fn name(&self) -> &'static str;

    /// `PreFilter`.
    fn prepare(&self, pod: &PodView<'_>, cluster: ClusterView<'_>) -> Prepared<Self::State>;

    /// Why the Pod may not run on `node`, if it may not.
    ///
    /// # Errors
    /// The reasons.
    fn admit(&self, state: &Self::State, pod: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection>;

    /// The happenings after which a Pod that this plugin refused may be tried again (`EventsToRegister`).
    fn retries_on(&self) -> &'static [HappeningKind] {
        &[]
    }

    /// Whether `happening`, of a kind the plugin registered for, may help `pod`, which this plugin refused (`QueueingHintFn`).
    fn hint(&self, _pod: &PodView<'_>, _happening: &Happening<'_>) -> bool {
        true
    }
}

/// A score plugin: how well would a Pod sit on a node?
pub trait Score: Send + Sync + 'static {
    /// What is computed once per cycle.
    type State;

    /// The name users write: Kubernetes' own where there is one.
    fn name(&self) -> &'static str;

    /// `PreScore` over the feasible nodes; `None` to skip, which adds 0 to each node.
    fn prepare(&self, pod: &PodView<'_>, cluster: ClusterView<'_>, feasible: &[NodeId]) -> Option<Self::State>;

    /// The node's raw score.
    fn score(&self, state: &Self::State, pod: &PodView<'_>, node: &NodeView<'_>) -> i64;

    /// `NormalizeScore`: brings the raw scores of the feasible nodes into 0 to 100.
    fn normalize(&self, _scores: &mut [i64]) {}
}

/// A filter plugin with its state for one Pod.
pub(super) trait Admit {
    fn admit(&self, node: &NodeView<'_>) -> Result<(), Rejection>;
}

struct Running<'a, P, S> {
    plugin: &'a P,
    state: S,
    pod: PodView<'a>,
}

impl<P: Filter> Admit for Running<'_, P, P::State> {
    fn admit(&self, node: &NodeView<'_>) -> Result<(), Rejection> {
        self.plugin.admit(&self.state, &self.pod, node)
    }
}

/// [`Filter`] with its state's type hidden, so that a profile can hold any.
pub(super) trait AnyFilter: Send + Sync {
    fn name(&self) -> &'static str;
    fn begin<'a>(&'a self, pod: PodView<'a>, cluster: ClusterView<'_>) -> Prepared<Box<dyn Admit + 'a>>;
    fn retries_on(&self) -> &'static [HappeningKind];
    fn hint(&self, pod: &PodView<'_>, happening: &Happening<'_>) -> bool;
}

impl<P: Filter> AnyFilter for P
where
    P::State: 'static,
{
    fn name(&self) -> &'static str {
        Filter::name(self)
    }

    fn begin<'a>(&'a self, pod: PodView<'a>, cluster: ClusterView<'_>) -> Prepared<Box<dyn Admit + 'a>> {
        let run = |state| Box::new(Running { plugin: self, state, pod }) as Box<dyn Admit + 'a>;
        match self.prepare(&pod, cluster) {
            Prepared::Skip => Prepared::Skip,
            Prepared::Check(state) => Prepared::Check(run(state)),
            Prepared::CheckOnly(state, nodes) => Prepared::CheckOnly(run(state), nodes),
            Prepared::Reject(reason) => Prepared::Reject(reason),
        }
    }

    fn retries_on(&self) -> &'static [HappeningKind] {
        Filter::retries_on(self)
    }

    fn hint(&self, pod: &PodView<'_>, happening: &Happening<'_>) -> bool {
        Filter::hint(self, pod, happening)
    }
}

/// [`Score`] with its state's type hidden, so that a profile can hold any.
pub(super) trait AnyScore: Send + Sync {
    fn name(&self) -> &'static str;
    /// Normalised scores of the feasible nodes, `None` if the plugin skips.
    fn scores(&self, pod: &PodView<'_>, cluster: ClusterView<'_>, feasible: &[NodeId]) -> Option<Vec<i64>>;
}

impl<P: Score> AnyScore for P {
    fn name(&self) -> &'static str {
        Score::name(self)
    }

    fn scores(&self, pod: &PodView<'_>, cluster: ClusterView<'_>, feasible: &[NodeId]) -> Option<Vec<i64>> {
        let state = self.prepare(pod, cluster, feasible)?;
        let mut scores: Vec<i64> = feasible.iter().map(|node| self.score(&state, pod, &cluster.node(*node))).collect();
        self.normalize(&mut scores);
        Some(scores)
    }
}

/// `DefaultNormalizeScore`: scales to 0 … 100 by the largest; `reverse` turns the order round.
/// Source: `pkg/scheduler/framework/plugins/helper/normalize_score.go`.
pub(super) fn normalize_by_max(scores: &mut [i64], reverse: bool) {
    let max = scores.iter().copied().max().unwrap_or(0);
    for score in scores {
        *score = normalized(*score, max, reverse);
    }
}

/// One score of [`normalize_by_max`].
pub(super) fn normalized(score: i64, max: i64, reverse: bool) -> i64 {
    let scaled = if max == 0 { 0 } else { 100 * score / max };
    if reverse { 100 - scaled } else { scaled }
}
