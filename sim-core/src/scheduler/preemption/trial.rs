//! Filters on one node, tried as things would be.
//!
//! Source: `RunFilterPluginsWithNominatedPods` in `pkg/scheduler/framework/runtime/framework.go` of Kubernetes v1.34.

use super::super::framework::{ClusterView, PodView, Prepared, Rejection, Resident};
use super::super::nodes::Nodes;
use super::super::nominations::Nominations;
use super::super::profile::{PluginSet, Profile};
use crate::spec::Spec;
use crate::table::{NodeId, PodId, TemplateId};

/// Nodes that refuse a Pod for the sake of Pods nominated to them.
pub(in super::super) type Crowd = std::collections::BTreeMap<NodeId, (PluginSet, Rejection)>;

/// A Pod that is tried on nodes whose Pods come and go meanwhile.
#[derive(Clone, Copy)]
pub(in super::super) struct Trial<'a> {
    pub(super) spec: &'a Spec,
    profile: &'a Profile,
    pod: PodId,
    template: TemplateId,
    nominations: &'a Nominations,
    /// Plugins whose `PreFilter` had nothing to check when the cycle began: they stay out of it, whoever is added since.
    skipped: PluginSet,
}

impl<'a> Trial<'a> {
    pub(in super::super) fn new(
        spec: &'a Spec,
        profile: &'a Profile,
        nominations: &'a Nominations,
        nodes: &Nodes,
        (pod, template): (PodId, TemplateId),
    ) -> Self {
        let mut trial = Self { spec, profile, pod, template, nominations, skipped: PluginSet::EMPTY };
        let (view, cluster) = (trial.view(nodes), ClusterView { nodes, spec });
        let mut skipped = PluginSet::EMPTY;
        for (plugin, filter) in (0..).zip(&profile.filters) {
            if matches!(filter.begin(view, cluster), Prepared::Skip) {
                skipped.insert(PluginSet::of(plugin));
            }
        }
        trial.skipped = skipped;
        trial
    }

    /// `spec.priority` of the Pod.
    pub(super) fn priority(&self) -> i32 {
        self.spec.templates[self.template].priority
    }

    fn view<'n>(&self, nodes: &'n Nodes) -> PodView<'n>
    where
        'a: 'n,
    {
        PodView { template: &self.spec.templates[self.template], symbols: nodes.symbols() }
    }

    /// The first plugin that refuses the node as it stands.
    fn refusal(&self, nodes: &Nodes, node: NodeId) -> Option<(PluginSet, Rejection)> {
        let (pod, cluster) = (self.view(nodes), ClusterView { nodes, spec: self.spec });
        let plugins = (0..).map(PluginSet::of).zip(&self.profile.filters);
        let asked = plugins.filter(|(plugin, _)| self.skipped.and(*plugin).is_empty());
        asked.into_iter().find_map(|(plugin, filter)| match filter.begin(pod, cluster) {
            Prepared::Skip => None,
            Prepared::Check(run) | Prepared::CheckOnly(run, _) => Some((plugin, run.admit(&nodes.view(node)).err()?)),
            Prepared::Reject(reason) => Some((plugin, Rejection::unresolvable(reason))),
        })
    }

    /// The first plugin that refuses the node, both with the Pods nominated to it that are as important as this one, and without.
    pub(super) fn refusal_in_earnest(&self, nodes: &mut Nodes, node: NodeId) -> Option<(PluginSet, Rejection)> {
        self.refusal_beside_nominated(nodes, node).or_else(|| self.refusal(nodes, node))
    }

    /// The same with them only; `None` if there are none.
    fn refusal_beside_nominated(&self, nodes: &mut Nodes, node: NodeId) -> Option<(PluginSet, Rejection)> {
        let others = self.nominations.above(self.pod, self.priority()).filter(|other| other.node == node);
        let others: Vec<Resident> = others.map(|other| other.resident).collect();
        if others.is_empty() {
            return None;
        }
        for other in &others {
            nodes.add(self.spec, *other, node);
        }
        let refusal = self.refusal(nodes, node);
        for other in &others {
            nodes.remove(self.spec, other.pod, node);
        }
        refusal
    }

    /// All nodes that refuse the Pod because of others that are nominated there.
    pub(in super::super) fn crowd(&self, nodes: &mut Nodes) -> Crowd {
        let mut places: Vec<NodeId> = self.nominations.above(self.pod, self.priority()).map(|other| other.node).collect();
        places.sort_unstable();
        places.dedup();
        places.into_iter().filter_map(|node| Some((node, self.refusal_beside_nominated(nodes, node)?))).collect()
    }

    /// True if the node to which the Pod itself is nominated takes it now.
    pub(in super::super) fn fits_where_nominated(&self, nodes: &mut Nodes) -> Option<NodeId> {
        let node = self.nominations.node_of(self.pod)?;
        self.refusal_in_earnest(nodes, node).is_none().then_some(node)
    }
}
