//! A bed for tests: nodes and Pods made one by one.

use super::framework::{ClusterView, Filter, PodView, Prepared, Rejection, Resident, Score};
use super::nodes::Nodes;
use super::plugins::{NodeResourcesBalancedAllocation, NodeResourcesFit};
use crate::engine::random::Seed;
use crate::spec::{
    BalancedAllocationArgs, Claim, ClaimState, ControlPlane, FitArgs, Kubelet, Network, NodePool, NodeShape, PodTemplate, Registry,
    Requests, SchedulerSpec, Spec, Symbols, TieBreak, Warmup,
};
use crate::table::{NodeId, PodId, ResourceId, Symbol, Table, TemplateId};
use crate::units::{Bytes, MilliCpu, SimSpan, SimTime};

/// A spec of nothing.
pub(super) fn empty_spec() -> Spec {
    Spec {
        name: "test".into(),
        seed: Seed(0),
        duration: SimSpan::from_secs(1),
        warmup: Warmup::Equilibrium,
        series_step: SimSpan::from_secs(1),
        symbols: Symbols::default(),
        zones: Table::new(),
        resources: Table::new(),
        images: Table::new(),
        pools: Table::new(),
        templates: Table::new(),
        namespaces: Vec::new(),
        disruption_budgets: Vec::new(),
        faults: Vec::new(),
        resizes: Vec::new(),
        node_lifecycle: crate::spec::NodeLifecycle::default(),
        workloads: Table::new(),
        traffic: Vec::new(),
        scheduler: SchedulerSpec { tie_break: TieBreak::LowestIndex, ..SchedulerSpec::default() },
        control_plane: ControlPlane::default(),
        kubelet: Kubelet::default(),
        registry: Registry::default(),
        network: Network::default(),
    }
}

/// A Pod that asks for nothing.
pub(super) fn template(symbols: &mut Symbols) -> PodTemplate {
    PodTemplate::new("pod", symbols.intern("default"))
}

/// A claim.
pub(super) fn claim(symbols: &mut Symbols, name: &str, state: ClaimState) -> Claim {
    Claim { name: symbols.intern(name), ephemeral: false, once_pod: false, state }
}

/// Pod number `number` of a template, started at its own second.
pub(super) fn resident(number: u32, template: TemplateId) -> Resident {
    let started = SimTime::ZERO + SimSpan::from_secs(u64::from(number));
    Resident { pod: PodId(number), template, started, terminating: false }
}

/// Nodes and Pods of a test. Node number `n` is called `node-n-0`.
pub(super) struct Bed {
    pub(super) spec: Spec,
    charged: Vec<(TemplateId, NodeId)>,
    /// Numbers of the Pods that are being deleted.
    leaving: Vec<u32>,
}

impl Default for Bed {
    fn default() -> Self {
        Self { spec: empty_spec(), charged: vec![], leaving: vec![] }
    }
}

impl Bed {
    pub(super) fn symbol(&mut self, text: &str) -> Symbol {
        self.spec.symbols.intern(text)
    }

    pub(super) fn symbols(&self) -> &Symbols {
        &self.spec.symbols
    }

    /// `NodeResourcesFit` with its default arguments.
    pub(super) fn fit(&self) -> NodeResourcesFit {
        NodeResourcesFit::new(&FitArgs::default(), &self.spec.resources)
    }

    /// `NodeResourcesBalancedAllocation` with its default arguments.
    pub(super) fn balanced(&self) -> NodeResourcesBalancedAllocation {
        NodeResourcesBalancedAllocation::new(&BalancedAllocationArgs::default(), &self.spec.resources)
    }

    pub(super) fn resource(&mut self, name: &str) -> ResourceId {
        self.spec.resources.push(name.into())
    }

    /// A node with room for 110 Pods, 4 cores and 16 GiB, then changed.
    pub(super) fn node(&mut self, change: impl FnOnce(&mut NodeShape, &mut Symbols)) -> NodeId {
        let allocatable = Requests { cpu: MilliCpu(4000), memory: Bytes(16 << 30), ..Requests::default() };
        let mut shape = NodeShape { allocatable, pods_max: 110, ..NodeShape::default() };
        change(&mut shape, &mut self.spec.symbols);
        let name = format!("node-{}", self.spec.pools.len());
        let pool = self.spec.pools.push(NodePool { name, count: 1, single: false, zones: vec![], shape });
        NodeId(pool.0)
    }

    /// A Pod that asks for nothing, then changed.
    pub(super) fn pod(&mut self, change: impl FnOnce(&mut PodTemplate, &mut Symbols)) -> TemplateId {
        let mut pod = template(&mut self.spec.symbols);
        change(&mut pod, &mut self.spec.symbols);
        self.spec.templates.push(pod)
    }

    pub(super) fn charge(&mut self, pod: TemplateId, node: NodeId) {
        self.charged.push((pod, node));
    }

    /// Puts a Pod on the node that is being deleted.
    pub(super) fn charge_leaving(&mut self, pod: TemplateId, node: NodeId) {
        self.leaving.push(self.charged.len() as u32);
        self.charge(pod, node);
    }

    pub(super) fn free(&mut self, pod: TemplateId, node: NodeId) {
        let row = self.charged.iter().position(|charge| *charge == (pod, node)).unwrap();
        self.charged.remove(row);
    }

    fn nodes(&self) -> Nodes {
        let mut nodes = Nodes::new(&self.spec);
        for (number, (template, node)) in (0..).zip(&self.charged) {
            nodes.add(&self.spec, resident(number, *template), *node);
            if self.leaving.contains(&number) {
                nodes.mark_terminating(PodId(number), *node);
            }
        }
        nodes
    }

    fn with<R>(&self, pod: TemplateId, look: impl FnOnce(&PodView<'_>, ClusterView<'_>) -> R) -> R {
        let nodes = self.nodes();
        look(&PodView { template: &self.spec.templates[pod], symbols: nodes.symbols() }, ClusterView { nodes: &nodes, spec: &self.spec })
    }

    pub(super) fn prepare<F: Filter>(&self, filter: &F, pod: TemplateId) -> Prepared<F::State> {
        self.with(pod, |pod, cluster| filter.prepare(pod, cluster))
    }

    /// The filter's answer, also where `prepare` would narrow the search.
    pub(super) fn admit<F: Filter>(&self, filter: &F, pod: TemplateId, node: NodeId) -> Result<(), Rejection> {
        self.with(pod, |pod, cluster| match filter.prepare(pod, cluster) {
            Prepared::Skip => Ok(()),
            Prepared::Check(state) | Prepared::CheckOnly(state, _) => filter.admit(&state, pod, &cluster.node(node)),
            Prepared::Reject(reason) => Err(Rejection::unresolvable(reason)),
        })
    }

    pub(super) fn scores<S: Score>(&self, plugin: &S, pod: TemplateId, nodes: &[NodeId]) -> Option<Vec<i64>> {
        self.with(pod, |pod, cluster| super::framework::AnyScore::scores(plugin, pod, cluster, nodes))
    }
}
