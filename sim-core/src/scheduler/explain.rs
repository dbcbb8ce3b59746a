//! What every plugin says about a Pod, node by node: for people who ask why, and for comparing with recorded decisions.

use super::framework::{ClusterView, PodView};
use super::messages::{Failure, text};
use super::order::feasible_enough;
use super::plain::{candidates, first_refusal};
use super::plugins::scheduling_gates;
use super::{Profile, Scheduler};
use crate::spec::{Spec, Symbols};
use crate::table::{NodeId, TemplateId};

/// A decision taken apart. Nothing is placed by it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Explanation {
    /// Place in the node list at which the search begins.
    pub start: usize,
    /// Set if the Pod does not enter the queue.
    pub gated: Option<Refused>,
    /// The plugin and reason that refuse the Pod whatever the node.
    pub rejection: Option<Refused>,
    /// The nodes that refuse, in the order of the search, then those that were not looked at because no plugin asked for them.
    pub refused: Vec<(NodeId, Refused)>,
    /// The feasible nodes in the order of the search.
    pub feasible: Vec<NodeId>,
    /// Set if two or more nodes are feasible.
    pub scores: Option<Scored>,
}

/// A "no".
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The first plugin that refuses; `None` if the node was left out before any filter.
    pub plugin: Option<&'static str>,
    /// Its reasons, in kube-scheduler's words.
    pub reasons: Vec<String>,
    /// False if taking Pods away could not help (`UnschedulableAndUnresolvable`).
    pub resolvable: bool,
}

/// Scores of the feasible nodes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scored {
    /// The plugins that took part, in their order.
    pub plugins: Vec<&'static str>,
    /// For each feasible node its weighted scores in the order of the plugins.
    pub scores: Vec<Vec<i64>>,
}

impl Scored {
    /// The sum for each feasible node.
    pub fn totals(&self) -> Vec<i64> {
        self.scores.iter().map(|scores| scores.iter().sum()).collect()
    }
}

impl Explanation {
    /// Feasible nodes and nodes that a filter refused.
    pub fn evaluated(&self) -> usize {
        self.feasible.len() + self.refused.iter().filter(|(_, refused)| refused.plugin.is_some()).count()
    }
}

impl Scheduler {
    /// What the plugins say about a Pod of this template, were its turn now.
    pub fn explain(&self, spec: &Spec, template: TemplateId) -> Explanation {
        let (nodes, profile) = (&self.nodes, &self.profile);
        let pod = PodView { template: &spec.templates[template], symbols: nodes.symbols() };
        let cluster = ClusterView { nodes, spec };
        let words = Words { spec, symbols: nodes.symbols() };
        let gated = scheduling_gates::refusal(pod.template);
        let gated = gated.map(|reason| Refused { plugin: Some(scheduling_gates::NAME), reasons: vec![reason], resolvable: false });
        let mut found = Explanation { start: self.start, gated, ..Explanation::default() };
        if found.gated.is_some() {
            return found;
        }
        let candidates = match candidates(profile, pod, cluster) {
            Ok(candidates) => candidates,
            Err(Failure::Whole(reason, plugin)) => {
                let reasons = vec![text(reason, spec, nodes.symbols())];
                found.rejection = Some(Refused { plugin: Some(profile.filter_name(plugin)), reasons, resolvable: false });
                return found;
            }
            Err(_) => return found,
        };
        let list = candidates.only.as_ref().map_or(nodes.order(), |(only, _)| only);
        let enough = feasible_enough(list.len(), self.rules.percentage);
        for place in 0..list.len() {
            let node = list[(self.start + place) % list.len()];
            match first_refusal(&candidates, nodes, node) {
                None if found.feasible.len() == enough => break,
                None => found.feasible.push(node),
                Some((plugin, rejection)) => {
                    let reasons = rejection.reasons.iter().map(|reason| words.of(*reason)).collect();
                    let refused = Refused { plugin: Some(profile.filter_name(plugin)), reasons, resolvable: rejection.resolvable };
                    found.refused.push((node, refused));
                }
            }
        }
        if let Some((only, _)) = &candidates.only {
            let reasons = vec![words.of(super::framework::Reason::NotNamed)];
            let absent = nodes.order().iter().filter(|node| !only.contains(node));
            found.refused.extend(absent.map(|node| (*node, Refused { plugin: None, reasons: reasons.clone(), resolvable: false })));
        }
        found.scores = (found.feasible.len() > 1).then(|| scored(profile, &pod, cluster, &found.feasible));
        found
    }
}

/// Reasons in words.
struct Words<'a> {
    spec: &'a Spec,
    symbols: &'a Symbols,
}

impl Words<'_> {
    fn of(&self, reason: super::framework::Reason) -> String {
        text(reason, self.spec, self.symbols)
    }
}

fn scored(profile: &Profile, pod: &PodView<'_>, cluster: ClusterView<'_>, feasible: &[NodeId]) -> Scored {
    let mut found = Scored { plugins: Vec::new(), scores: vec![Vec::new(); feasible.len()] };
    for (plugin, weight) in &profile.scores {
        let Some(scores) = plugin.scores(pod, cluster, feasible) else { continue };
        found.plugins.push(plugin.name());
        for (row, score) in found.scores.iter_mut().zip(scores) {
            row.push(weight * score);
        }
    }
    found
}
