//! The plain reading of the plugins, node by node: the reference, which works for every profile and Pod.
//!
//! Source: `schedulePod`, `findNodesThatFitPod`, `findNodesThatPassFilters` and `prioritizeNodes` in
//! `pkg/scheduler/schedule_one.go` of Kubernetes v1.34.

use super::framework::{Admit, ClusterView, PodView, Prepared, Reason, Rejection};
use super::messages::{Failure, Tally};
use super::nodes::Nodes;
use super::order::{best, feasible_enough};
use super::preemption::Crowd;
use super::profile::{PluginSet, Profile};
use super::{Decision, Rules};
use crate::table::NodeId;

/// What every plugin's `PreFilter` said together.
pub(super) struct Candidates<'a> {
    filters: Vec<(PluginSet, Box<dyn Admit + 'a>)>,
    /// The only nodes to look at, in list order, if there are fewer than all, and who said so.
    pub(super) only: Option<(Vec<NodeId>, PluginSet)>,
}

/// What the search over the nodes found.
#[derive(Default)]
struct Found {
    feasible: Vec<NodeId>,
    refused: Tally,
    refused_count: usize,
}

/// Decides for one Pod. `start` is the place in the node list where the search begins; it moves on by the nodes seen. Nodes in `crowd`
/// refuse the Pod for the sake of others that are nominated to them.
pub(super) fn decide(
    cluster: ClusterView<'_>,
    profile: &Profile,
    rules: Rules,
    start: &mut usize,
    (pod, crowd): (PodView<'_>, &Crowd),
    tie: u64,
) -> Decision {
    let nodes = cluster.nodes;
    if nodes.len() == 0 {
        return Decision::failure(0, Failure::NoNodes);
    }
    let candidates = match candidates(profile, pod, cluster) {
        Ok(candidates) => candidates,
        Err(failure) => return Decision::failure(0, failure),
    };
    let found = search(&candidates, nodes, rules, *start, crowd);
    let seen = found.feasible.len() + found.refused_count;
    *start = (*start + seen) % nodes.len();
    match found.feasible[..] {
        [] => Decision::failure(seen, Failure::Nodes(with_absent(found, &candidates, nodes))),
        [only] => Decision { filtered: seen as u32, scored: 0, outcome: Ok(only) },
        _ => {
            let totals = totals(profile, pod, cluster, &found.feasible);
            let node = best(found.feasible.iter().copied(), &totals, rules.tie_break, tie);
            Decision { filtered: seen as u32, scored: totals.len() as u32, outcome: Ok(node) }
        }
    }
}

/// Runs `PreFilter`.
pub(super) fn candidates<'a>(profile: &'a Profile, pod: PodView<'a>, cluster: ClusterView<'_>) -> Result<Candidates<'a>, Failure> {
    let mut found = Candidates { filters: Vec::new(), only: None };
    for (plugin, filter) in profile.filters.iter().enumerate() {
        let plugin = PluginSet::of(plugin);
        match filter.begin(pod, cluster) {
            Prepared::Skip => {}
            Prepared::Check(run) => found.filters.push((plugin, run)),
            Prepared::CheckOnly(run, nodes) => {
                found.filters.push((plugin, run));
                found.narrow(plugin, nodes, cluster);
            }
            Prepared::Reject(reason) => return Err(Failure::Whole(reason, plugin)),
        }
    }
    Ok(found)
}

impl Candidates<'_> {
    /// Keeps what `plugin` and those before it allow, in list order and none twice.
    fn narrow(&mut self, plugin: PluginSet, mut nodes: Vec<NodeId>, cluster: ClusterView<'_>) {
        nodes.sort_unstable_by_key(|node| cluster.nodes.place(*node));
        nodes.dedup();
        let (before, mut plugins) = self.only.take().unwrap_or_else(|| (nodes.clone(), PluginSet::EMPTY));
        nodes.retain(|node| before.contains(node));
        plugins.insert(plugin);
        self.only = Some((nodes, plugins));
    }
}

/// Runs the filters node by node until one feasible node more than enough is met; that one counts for nothing.
fn search(candidates: &Candidates<'_>, nodes: &Nodes, rules: Rules, start: usize, crowd: &Crowd) -> Found {
    let list = candidates.only.as_ref().map_or(nodes.order(), |(only, _)| only);
    let enough = feasible_enough(list.len(), rules.percentage);
    let mut found = Found::default();
    for place in 0..list.len() {
        let node = list[(start + place) % list.len()];
        match first_refusal(candidates, nodes, node, crowd) {
            None if found.feasible.len() == enough => break,
            None => found.feasible.push(node),
            Some((plugin, rejection)) => {
                found.refused.count(&rejection, plugin, 1);
                found.refused_count += 1;
            }
        }
    }
    found
}

/// The first plugin that refuses a node, and its reasons.
pub(super) fn first_refusal(candidates: &Candidates<'_>, nodes: &Nodes, node: NodeId, crowd: &Crowd) -> Option<(PluginSet, Rejection)> {
    if let Some(refusal) = crowd.get(&node) {
        return Some(refusal.clone());
    }
    let view = nodes.view(node);
    candidates.filters.iter().find_map(|(plugin, filter)| Some((*plugin, filter.admit(&view).err()?)))
}

/// The nodes, in list order, that refuse the Pod with the code `Unschedulable`: others could make room there by leaving.
pub(super) fn hopeful(cluster: ClusterView<'_>, profile: &Profile, pod: PodView<'_>, crowd: &Crowd) -> Vec<NodeId> {
    let nodes = cluster.nodes;
    let Ok(candidates) = candidates(profile, pod, cluster) else { return Vec::new() };
    let list = candidates.only.as_ref().map_or(nodes.order(), |(only, _)| only);
    let refusal = |node: &NodeId| first_refusal(&candidates, nodes, *node, crowd);
    list.iter().copied().filter(|node| refusal(node).is_some_and(|(_, rejection)| rejection.resolvable)).collect()
}

/// The tally with the nodes that were no candidates.
fn with_absent(found: Found, candidates: &Candidates<'_>, nodes: &Nodes) -> Tally {
    let mut tally = found.refused;
    if let Some((_, plugins)) = candidates.only {
        tally.rejectors.insert(plugins);
        let absent = nodes.len() - found.refused_count;
        if absent > 0 {
            tally.count(&Rejection::unresolvable(Reason::NotNamed), plugins, absent as u32);
        }
    }
    tally
}

/// Weighted sums of the normalised scores.
fn totals(profile: &Profile, pod: PodView<'_>, cluster: ClusterView<'_>, feasible: &[NodeId]) -> Vec<i64> {
    let mut totals = vec![0; feasible.len()];
    for (plugin, weight) in &profile.scores {
        for (total, score) in totals.iter_mut().zip(plugin.scores(&pod, cluster, feasible).into_iter().flatten()) {
            *total += weight * score;
        }
    }
    totals
}
