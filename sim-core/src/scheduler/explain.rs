//! What every plugin says about a Pod, node by node: for people who ask why, and for comparing with recorded decisions.

use super::framework::{ClusterView, PodView, Reason};
use super::messages::{Failure, text};
use super::order::feasible_enough;
use super::plain::{Candidates, candidates, first_refusal};
use super::plugins::scheduling_gates;
use super::post_filter::Preemptor;
use super::preemption::{Candidate, Crowd};
use super::{Profile, Rules, Scheduler};
use crate::spec::{Spec, Symbols};
use crate::table::{NodeId, PodId, TemplateId};

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
    /// Set if no node is feasible and preemption was tried.
    pub preemption: Option<Preempting>,
}

/// What preemption would come to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Preempting {
    /// The nodes on which others could make room, in the order in which they were tried.
    pub candidates: Vec<Candidate>,
    /// The one that would be taken.
    pub chosen: Option<Candidate>,
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
    /// What the plugins say about a new Pod of this template, were its turn now.
    pub fn explain(&self, spec: &Spec, template: TemplateId) -> Explanation {
        let gated = scheduling_gates::refusal(&spec.templates[template]);
        let gated = gated.map(|reason| Refused { plugin: Some(scheduling_gates::NAME), reasons: vec![reason], resolvable: false });
        let mut found = Explanation { start: self.start, gated, ..Explanation::default() };
        if found.gated.is_none() {
            self.explain_filters(spec, template, &mut found);
        }
        if found.feasible.is_empty() && !found.refused.is_empty() {
            found.preemption = self.explain_preemption(spec, template);
        }
        found
    }

    fn explain_filters(&self, spec: &Spec, template: TemplateId, found: &mut Explanation) {
        let (nodes, profile) = (&self.nodes, self.profiles.of(template));
        let crowd = self.explain_crowd(spec, template);
        let pod = PodView { template: &spec.templates[template], symbols: nodes.symbols() };
        let cluster = ClusterView { nodes, spec };
        let words = Words { spec, symbols: nodes.symbols() };
        match candidates(profile, pod, cluster) {
            Ok(candidates) => self.explain_nodes((profile, &candidates), self.profiles.rules(template, self.rules), &crowd, &words, found),
            Err(Failure::Whole(reason, plugin)) => {
                let plugin = Some(profile.filter_name(plugin));
                found.rejection = Some(Refused { plugin, reasons: vec![words.of(reason)], resolvable: false });
            }
            Err(_) => {}
        }
        found.scores = (found.feasible.len() > 1).then(|| scored(profile, &pod, cluster, &found.feasible));
    }

    fn explain_nodes(
        &self,
        (profile, candidates): (&Profile, &Candidates<'_>),
        rules: Rules,
        crowd: &Crowd,
        words: &Words<'_>,
        found: &mut Explanation,
    ) {
        let nodes = &self.nodes;
        let list = candidates.only.as_ref().map_or(nodes.order(), |(only, _)| only);
        let enough = feasible_enough(list.len(), rules.percentage);
        for place in 0..list.len() {
            let node = list[(self.start + place) % list.len()];
            match first_refusal(candidates, nodes, node, crowd) {
                None if found.feasible.len() == enough => break,
                None => found.feasible.push(node),
                Some((plugin, rejection)) => {
                    let reasons = rejection.reasons.iter().map(|reason| words.of(*reason)).collect();
                    let refused = Refused { plugin: Some(profile.filter_name(plugin)), reasons, resolvable: rejection.resolvable };
                    found.refused.push((node, refused));
                }
            }
        }
        if candidates.only.is_some() {
            let absent = nodes.order().iter().filter(|node| !list.contains(node));
            let left_out = || Refused { plugin: None, reasons: vec![words.of(Reason::NotNamed)], resolvable: false };
            found.refused.extend(absent.map(|node| (*node, left_out())));
        }
    }

    /// A Pod of which nothing is known but its template.
    fn newcomer<'a>(&'a self, spec: &'a Spec, template: TemplateId) -> Preemptor<'a> {
        Preemptor { spec, profile: self.profiles.of(template), memory: &self.memory, pod: PodId(u32::MAX), template, tie: 0 }
    }

    fn explain_crowd(&self, spec: &Spec, template: TemplateId) -> Crowd {
        if self.memory.nominations.is_empty() { Crowd::new() } else { self.newcomer(spec, template).crowd(&mut self.nodes.clone()) }
    }

    /// What preemption would come to; it is tried on a copy of the nodes.
    fn explain_preemption(&self, spec: &Spec, template: TemplateId) -> Option<Preempting> {
        let run = self.newcomer(spec, template).preempt_in(&self.nodes)?;
        Some(Preempting { candidates: run.candidates().collect(), chosen: run.best(spec) })
    }
}

/// Reasons in words.
struct Words<'a> {
    spec: &'a Spec,
    symbols: &'a Symbols,
}

impl Words<'_> {
    fn of(&self, reason: Reason) -> String {
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
