//! Pod templates: the interned shape that Pods share.

use super::affinity::{LabelSelector, PodAffinity, TopologySpreadConstraint};
use super::behavior::Behavior;
use super::qos::{self, PodLevel, Qos};
use super::storage::Claim;
use super::symbols::Labels;
use super::{Requests, TaintEffect};
use crate::table::{ImageId, Symbol};
use crate::units::{Bytes, SimSpan};

/// What a Pod is: the parts of a `v1.PodSpec` that decide something.
#[derive(Clone, Debug, PartialEq)]
pub struct PodTemplate {
    /// Name of its Pods, or the stem that a controller completes.
    pub name: String,
    /// Namespace.
    pub namespace: Symbol,
    /// Labels of the Pod.
    pub labels: Labels,
    /// `spec.priority`: larger goes first.
    pub priority: i32,
    /// When containers are restarted.
    pub restart_policy: RestartPolicy,
    /// `terminationGracePeriodSeconds`.
    pub grace: SimSpan,
    /// `activeDeadlineSeconds`.
    pub active_deadline: Option<SimSpan>,
    /// Init containers (ordinary and native sidecars, in order), then containers, in the order of the manifest.
    pub containers: Vec<ContainerSpec>,
    /// Effective request: the larger of the sum of containers and sidecars and the peak of initialisation, plus overhead.
    pub requests: Requests,
    /// The same with 100m CPU and 200Mi memory in place of an absent container request, which is what scoring sees.
    pub scored: Requests,
    /// CPU and memory that the Pod adds to its node's `NonZeroRequested`: unlike in [`PodTemplate::scored`], requests of the Pod as a
    /// whole count.
    pub non_zero: Requests,
    /// Class of service: see [`PodTemplate::classified`].
    pub qos: Qos,
    /// What is set for the Pod as a whole.
    pub level: PodLevel,
    /// `spec.overhead`: what its sandbox takes besides its containers; [`PodTemplate::requests`] has it already.
    pub overhead: Requests,
    /// CPU limit of the Pod's own cgroup in millicores. It has one if it is Guaranteed, if every container has one, or if one is set for
    /// the Pod as a whole.
    pub pod_cpu_limit: Option<u64>,
    /// Memory limit of the Pod's own cgroup, by the same rule.
    pub pod_memory_limit: Option<Bytes>,
    /// True if the class of the Pod's priority is `system-node-critical`.
    pub node_critical: bool,
    /// What the Pod asks of its node besides resources.
    pub placement: Placement,
    /// Which Pods it wants near and which far.
    pub affinity: PodAffinity,
    /// How it wants to be spread among its like.
    pub spread: Vec<TopologySpreadConstraint>,
    /// Selector of its Services and controller together, for default spread constraints; `None` if there are none.
    pub default_spread: Option<LabelSelector>,
    /// `schedulingGates` by name: while there are any it is not scheduled.
    pub gates: Vec<String>,
    /// `preemptionPolicy: Never`.
    pub never_preempts: bool,
    /// `schedulerName`: the profile that schedules it.
    pub scheduler_name: String,
    /// True if the Pod shares the node's network: no address of its own.
    pub host_network: bool,
    /// Volumes that the kubelet mounts before the sandbox is made.
    pub volumes: u32,
    /// Those of them that a driver attaches and mounts: claims, and disks of a cloud. The others (`configMap`, `emptyDir`, …) are made by the
    /// kubelet itself.
    pub attached_volumes: u32,
    /// Its `emptyDir` volumes, in the order of the manifest.
    pub empty_dirs: Vec<EmptyDir>,
    /// Sum of its containers' limits of ephemeral storage, if any has one: beyond it the kubelet evicts the Pod.
    pub ephemeral_limit: Option<Bytes>,
    /// Claims behind its volumes, in the order of the manifest.
    pub claims: Vec<Claim>,
}

impl PodTemplate {
    /// A Pod of no containers that asks for nothing.
    pub fn new(name: impl Into<String>, namespace: Symbol) -> Self {
        Self {
            name: name.into(),
            namespace,
            labels: Labels::default(),
            priority: 0,
            restart_policy: RestartPolicy::default(),
            grace: SimSpan::from_secs(30),
            active_deadline: None,
            containers: Vec::new(),
            requests: Requests::default(),
            scored: Requests::default(),
            non_zero: Requests::default(),
            qos: Qos::default(),
            level: PodLevel::default(),
            overhead: Requests::default(),
            pod_cpu_limit: None,
            pod_memory_limit: None,
            node_critical: false,
            placement: Placement::default(),
            affinity: PodAffinity::default(),
            spread: Vec::new(),
            default_spread: None,
            gates: Vec::new(),
            never_preempts: false,
            scheduler_name: "default-scheduler".into(),
            host_network: false,
            volumes: 0,
            attached_volumes: 0,
            empty_dirs: Vec::new(),
            ephemeral_limit: None,
            claims: Vec::new(),
        }
    }

    /// The same Pod with these requests, all of which are explicit.
    #[must_use]
    pub fn asking(self, requests: Requests) -> Self {
        Self { scored: requests.clone(), non_zero: requests.clone(), requests, ..self }
    }

    /// The same Pod with what follows from its containers and from what is set for it as a whole: its class, the limits of its cgroup, and
    /// that of ephemeral storage.
    #[must_use]
    pub fn classified(self) -> Self {
        let class = qos::class(&self);
        let (pod_cpu_limit, pod_memory_limit) = qos::limits(&self, class);
        let limited = self.containers.iter().any(|container| container.ephemeral_limit.is_some());
        let storage = self.aggregate(|container| container.ephemeral_limit.map_or(0, |limit| limit.0));
        Self { qos: class, pod_cpu_limit, pod_memory_limit, ephemeral_limit: limited.then_some(Bytes(storage)), ..self }
    }

    /// What its containers come to together, of one amount that each has: the larger of the sum of those that run together and the peak of
    /// initialisation.
    pub fn aggregate(&self, of: impl Fn(&ContainerSpec) -> u64) -> u64 {
        qos::aggregate(self, of)
    }

    /// True if its kubelet treats it as critical: its priority is 2 000 000 000 or more. (Static Pods, which are too, do not occur.)
    pub const fn is_critical(&self) -> bool {
        self.priority >= 2_000_000_000
    }

    /// App and sidecar containers: those that make a Pod single- or multi-container (init and pause containers do not count).
    pub fn running_containers(&self) -> usize {
        self.containers.iter().filter(|container| container.kind != ContainerKind::Init).count()
    }

    /// True if the Pod has more than one app or sidecar container.
    pub fn is_multi_container(&self) -> bool {
        self.running_containers() > 1
    }
}

/// `spec.restartPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum RestartPolicy {
    /// Restart whatever the exit code.
    #[default]
    Always,
    /// Restart after a non-zero exit code.
    OnFailure,
    /// Never restart.
    Never,
}

/// Which of a Pod's lists a container is in, and how it is started and stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContainerKind {
    /// An ordinary init container: runs to completion before the next one.
    Init,
    /// A native sidecar: an init container with `restartPolicy: Always`.
    Sidecar,
    /// A regular container.
    App,
}

/// A container's part in its Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// What the Pod is for.
    Main,
    /// What accompanies it: native sidecars, and the other regular containers.
    Sidecar,
    /// An ordinary init container.
    Init,
}

impl Role {
    /// How many there are.
    pub const COUNT: usize = 3;

    /// Its place in tables.
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A container of a template.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerSpec {
    /// Its name in the Pod.
    pub name: String,
    /// How it is started and stopped.
    pub kind: ContainerKind,
    /// True for what accompanies the main container: native sidecars, and regular containers other than the default one
    /// (`kubectl.kubernetes.io/default-container`, else the first).
    pub helper: bool,
    /// Its image.
    pub image: ImageId,
    /// When the image is pulled.
    pub pull: PullPolicy,
    /// `resources.requests`.
    pub requests: Requests,
    /// `resources.limits.memory`, if set.
    pub memory_limit: Option<Bytes>,
    /// `resources.limits.cpu` in millicores, if set.
    pub cpu_limit: Option<u64>,
    /// `resources.limits.ephemeral-storage`, if set.
    pub ephemeral_limit: Option<Bytes>,
    /// `resizePolicy`.
    pub resize: ResizePolicy,
    /// Index of an earlier app or sidecar container with the same port and protocol: in the one network namespace of the Pod this one can
    /// never listen.
    pub port_taken_by: Option<u8>,
    /// `readinessProbe`.
    pub readiness: Option<Probe>,
    /// `livenessProbe`.
    pub liveness: Option<Probe>,
    /// `startupProbe`.
    pub startup: Option<Probe>,
    /// `lifecycle.postStart`.
    pub post_start: Option<Hook>,
    /// `lifecycle.preStop`.
    pub pre_stop: Option<Hook>,
    /// What it does once it runs: what a manifest cannot say.
    pub behavior: Behavior,
}

impl ContainerSpec {
    /// Its part in its Pod.
    pub const fn role(&self) -> Role {
        match (self.kind, self.helper) {
            (ContainerKind::Init, _) => Role::Init,
            (_, true) => Role::Sidecar,
            (_, false) => Role::Main,
        }
    }

    /// A regular container of an image that asks for nothing, has no probes and runs for ever.
    pub fn new(name: impl Into<String>, image: ImageId) -> Self {
        Self {
            name: name.into(),
            kind: ContainerKind::App,
            helper: false,
            image,
            pull: PullPolicy::IfNotPresent,
            requests: Requests::default(),
            memory_limit: None,
            cpu_limit: None,
            ephemeral_limit: None,
            resize: ResizePolicy::default(),
            port_taken_by: None,
            readiness: None,
            liveness: None,
            startup: None,
            post_start: None,
            pre_stop: None,
            behavior: Behavior::default(),
        }
    }
}

/// `resizePolicy`: for which resources a container is restarted when it is resized (`RestartContainer`); by default for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResizePolicy {
    /// For CPU.
    pub restart_for_cpu: bool,
    /// For memory.
    pub restart_for_memory: bool,
}

/// An `emptyDir` volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EmptyDir {
    /// `medium: Memory`: its bytes are memory of the container that writes them; else they are ephemeral storage.
    pub in_memory: bool,
    /// `sizeLimit`, if set: beyond it the kubelet evicts the Pod.
    pub size_limit: Option<Bytes>,
}

/// `imagePullPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PullPolicy {
    /// Ask the registry at every start; layers that are there are not downloaded again.
    Always,
    /// Pull what is absent.
    IfNotPresent,
    /// Never pull.
    Never,
}

/// A probe's timing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Probe {
    /// `initialDelaySeconds`.
    pub initial_delay: SimSpan,
    /// `periodSeconds`.
    pub period: SimSpan,
    /// `timeoutSeconds`.
    pub timeout: SimSpan,
    /// `successThreshold`.
    pub success_threshold: u32,
    /// `failureThreshold`.
    pub failure_threshold: u32,
    /// `terminationGracePeriodSeconds` of the probe: the grace of a kill that it brings; the Pod's where it is not set.
    pub grace: Option<SimSpan>,
}

/// A handler of `lifecycle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    /// `sleep`: takes so long.
    Sleep(SimSpan),
    /// `exec` or `httpGet`: takes what the container's behaviour says.
    Handler,
}

/// What a Pod asks of its node besides resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Placement {
    /// `spec.nodeName`: the only node it may run on.
    pub node_name: Option<Symbol>,
    /// `nodeSelector`: labels that the node must have.
    pub node_selector: Vec<(Symbol, Symbol)>,
    /// Required node affinity: terms of which one must match; `None` if there is none (an empty list matches nothing).
    pub required: Option<Vec<NodeSelectorTerm>>,
    /// Preferred node affinity with weights of 1 to 100.
    pub preferred: Vec<(i64, NodeSelectorTerm)>,
    /// Tolerations.
    pub tolerations: Vec<Toleration>,
    /// Host ports of containers and native sidecars.
    pub host_ports: Vec<HostPort>,
}

/// A term: all of its requirements must hold; one with none matches nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct NodeSelectorTerm {
    /// On labels.
    pub expressions: Vec<Requirement>,
    /// On fields; the key is `metadata.name`.
    pub fields: Vec<Requirement>,
}

/// A requirement on a label or field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requirement {
    /// Label key.
    pub key: Symbol,
    /// How the value is compared.
    pub operator: Operator,
    /// Values to compare with.
    pub values: Vec<Symbol>,
}

impl Requirement {
    /// True if `value`, of a label or field that may be missing, meets the requirement. `Gt` and `Lt`, which only node selectors have
    /// and which compare integers, match nothing here.
    ///
    /// Source: `staging/src/k8s.io/apimachinery/pkg/labels/selector.go` of Kubernetes v1.34.
    pub fn meets(&self, value: Option<Symbol>) -> bool {
        let among = || value.is_some_and(|value| self.values.contains(&value));
        match self.operator {
            Operator::In => among(),
            Operator::NotIn => !among(),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
            Operator::Gt | Operator::Lt => false,
        }
    }
}

/// Operators of node selector requirements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The value is among the values.
    In,
    /// The label is missing or its value is not among the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is missing.
    DoesNotExist,
    /// Label and value are integers, the label's is greater.
    Gt,
    /// Label and value are integers, the label's is less.
    Lt,
}

/// A toleration. An absent key tolerates every key, an absent effect every effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Toleration {
    /// Key, if not every key is meant.
    pub key: Option<Symbol>,
    /// Value that must equal the taint's; `None` for the operator `Exists`.
    pub value: Option<Symbol>,
    /// Effect, if not every effect is meant.
    pub effect: Option<TaintEffect>,
    /// `tolerationSeconds`: how long a taint with effect `NoExecute` is tolerated; `None` for ever, negative for not at all.
    pub seconds: Option<i64>,
}

/// A port of the node that a container takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPort {
    /// Address, the symbol of `0.0.0.0` by default.
    pub ip: Symbol,
    /// `TCP`, `UDP` or `SCTP`.
    pub protocol: Symbol,
    /// Port number.
    pub port: u16,
}
