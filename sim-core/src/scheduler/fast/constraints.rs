//! What spread constraints and inter-Pod affinity make of nodes, from sums that are kept up to date.
//!
//! The rules are those of `PodTopologySpread` and `InterPodAffinity` with the arguments of the default profile; what a Pod's template
//! asks is worked out once, against all templates that there are.

use super::super::framework::{ClusterView, NodeView, PodView, Score};
use super::super::nodes::HOST_NAME;
use super::super::plugins::pod_topology_spread::IGNORED;
use super::super::plugins::{InterPodAffinity, PodTopologySpread, inter_pod_affinity, pod_topology_spread};
use super::defaults::{POD_AFFINITY_WEIGHT, SPREAD_WEIGHT};
use super::exact::whole;
use super::question::{ADMITS, UNTOLD};
use super::trackers::{ByPlace, NOWHERE, Sums, Trackers};
use crate::spec::{PodTemplate, TopologySpreadConstraint, WhenUnsatisfiable};
use crate::table::{Symbol, TemplateId};

/// A hard spread constraint.
#[derive(Clone, Debug)]
struct Hard {
    tracker: u32,
    max_skew: i64,
    /// 1 if the Pod itself counts, else 0.
    own: i64,
    /// The domains that count; empty if there are too few of them, and the fewest Pods of a domain are taken as 0.
    present: Vec<u32>,
}

/// A soft spread constraint.
#[derive(Clone, Debug)]
struct Soft {
    tracker: u32,
    max_skew: i32,
    /// True if each node is a domain of its own.
    by_host: bool,
    /// The domain of the empty value, which a missing label stands for.
    empty: u32,
}

/// All that a template asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Constraints {
    hard: Vec<Hard>,
    soft: Vec<Soft>,
    /// Places that soft constraints ignore, as they lack a key; empty if there are none.
    ignored: Vec<bool>,
    /// For each term of the required affinity the Pods that meet all of them.
    near: Vec<u32>,
    /// True if the Pod meets its own required affinity.
    meets_itself: bool,
    /// Pods that must not be near, and terms of Pods that do not want this one near.
    far: Vec<u32>,
    /// Preferences.
    liked: Vec<u32>,
}

/// What a search needs of the constraints.
pub(super) struct Bounds<'a> {
    constraints: &'a Constraints,
    trackers: &'a Trackers,
    /// Hard constraints and the most Pods that a domain may have before the Pod comes.
    hard: Vec<(ByPlace<'a>, i64)>,
    near: Vec<ByPlace<'a>>,
    far: Vec<ByPlace<'a>>,
    /// True if the Pod may be the first of its group.
    first: bool,
}

/// The work of finding out what a template asks.
struct Reading<'a> {
    pod: PodView<'a>,
    cluster: ClusterView<'a>,
    trackers: &'a mut Trackers,
}

impl Constraints {
    /// What Pods of a template ask; `None` if that needs more sums than are kept.
    pub(super) fn new(pod: PodView<'_>, cluster: ClusterView<'_>, trackers: &mut Trackers) -> Option<Self> {
        let mut reading = Reading { pod, cluster, trackers };
        let mut found = Self::default();
        reading.spread(&mut found)?;
        reading.affinity(&mut found)?;
        Some(found)
    }

    /// True if nothing is asked.
    pub(super) fn is_empty(&self) -> bool {
        self.hard.is_empty() && self.soft.is_empty() && self.near.is_empty() && self.far.is_empty() && self.liked.is_empty()
    }

    /// What holds during one search.
    pub(super) fn bounds<'a>(&'a self, trackers: &'a Trackers) -> Bounds<'a> {
        let most = |hard: &Hard| {
            let sums = &trackers.tracker(hard.tracker).sums;
            let least = hard.present.iter().map(|domain| i64::from(sums[*domain as usize])).min().unwrap_or(0);
            hard.max_skew + least - hard.own
        };
        let by_place = |list: &[u32]| list.iter().map(|tracker| trackers.by_place(*tracker)).collect();
        let nobody = self.near.iter().all(|tracker| trackers.tracker(*tracker).total == 0);
        Bounds {
            constraints: self,
            trackers,
            hard: self.hard.iter().map(|hard| (trackers.by_place(hard.tracker), most(hard))).collect(),
            near: by_place(&self.near),
            far: by_place(&self.far),
            first: nobody && self.meets_itself,
        }
    }
}

impl Reading<'_> {
    /// The nodes in list order.
    fn nodes(&self) -> impl Iterator<Item = NodeView<'_>> {
        self.cluster.order().iter().map(|node| self.cluster.node(*node))
    }

    /// All templates, with what `weight` gives for those for which it is not 0.
    fn weights(&self, weight: impl Fn(&PodTemplate) -> i64) -> Vec<(TemplateId, i32)> {
        let all = self.cluster.templates().map(|(id, template)| (id, weight(template) as i32));
        all.filter(|(_, weight)| *weight != 0).collect()
    }

    fn spread(&mut self, found: &mut Constraints) -> Option<()> {
        let plugin = PodTopologySpread::default();
        let hard = plugin.constraints(&self.pod, WhenUnsatisfiable::DoNotSchedule);
        for constraint in &hard {
            found.hard.push(self.hard(constraint, &hard)?);
        }
        let soft = plugin.constraints(&self.pod, WhenUnsatisfiable::ScheduleAnyway);
        let requires_keys = plugin.requires_keys(self.pod.template);
        for constraint in &soft {
            found.soft.push(self.soft(constraint, if requires_keys { &soft } else { &[] })?);
        }
        let ignored: Vec<bool> = self.nodes().map(|node| !pod_topology_spread::has_keys(&soft, &node)).collect();
        if requires_keys && ignored.contains(&true) {
            found.ignored = ignored;
        }
        Some(())
    }

    /// The tracker of the Pods that a constraint counts, on nodes that have all `keys` and that its policies include.
    fn counted(&mut self, constraint: &TopologySpreadConstraint, keys: &[TopologySpreadConstraint], by_host: bool) -> Option<u32> {
        let counts = |node: NodeView<'_>| {
            by_host || pod_topology_spread::has_keys(keys, &node) && pod_topology_spread::is_included(constraint, &self.pod, &node)
        };
        let eligible = self.nodes().map(counts).collect();
        let weights = self.weights(|template| i64::from(pod_topology_spread::counts(constraint, self.pod.template, template)));
        let nodes = self.cluster.nodes;
        let topology = if by_host {
            self.trackers.hosts(constraint.topology_key, nodes)
        } else {
            self.trackers.topology_of(constraint.topology_key, nodes)
        };
        let eligible = self.trackers.eligible_of(eligible);
        self.trackers.tracker_of(Sums { topology, weights, eligible, living: true }, nodes)
    }

    fn hard(&mut self, constraint: &TopologySpreadConstraint, all: &[TopologySpreadConstraint]) -> Option<Hard> {
        let tracker = self.counted(constraint, all, false)?;
        let mut present = self.trackers.present(tracker);
        if (present.len() as i64) < i64::from(constraint.min_domains.unwrap_or(1)) {
            present.clear();
        }
        let own = i64::from(pod_topology_spread::selects(constraint, self.pod.template));
        Some(Hard { tracker, max_skew: i64::from(constraint.max_skew), own, present })
    }

    fn soft(&mut self, constraint: &TopologySpreadConstraint, keys: &[TopologySpreadConstraint]) -> Option<Soft> {
        let by_host = self.pod.symbols.text(constraint.topology_key) == HOST_NAME;
        let tracker = self.counted(constraint, keys, by_host)?;
        let empty = self.pod.symbols.find("").and_then(|empty| self.trackers.domain_of(tracker, empty));
        Some(Soft { tracker, max_skew: constraint.max_skew, by_host, empty: empty.unwrap_or(NOWHERE) })
    }

    fn affinity(&mut self, found: &mut Constraints) -> Option<()> {
        let (pod, cluster) = (self.pod.template, self.cluster);
        let own = &pod.affinity;
        let namespace = inter_pod_affinity::namespace_labels(pod, cluster);
        let meets_all = |there: &PodTemplate| i64::from(inter_pod_affinity::all_mean(&own.required, there, cluster));
        for term in &own.required {
            found.near.push(self.summed(term.topology_key, meets_all)?);
        }
        found.meets_itself = inter_pod_affinity::all_mean(&own.required, pod, cluster);
        let anti = |there: &PodTemplate| inter_pod_affinity::anti_effect(pod, there, cluster);
        let existing = |there: &PodTemplate| inter_pod_affinity::existing_effect(pod, there, &namespace);
        found.far = self.by_key(anti)?;
        found.far.extend(self.by_key(existing)?);
        found.liked = self.by_key(|there| InterPodAffinity::default().effect(pod, there, &namespace, cluster))?;
        Some(())
    }

    fn summed(&mut self, key: Symbol, weight: impl Fn(&PodTemplate) -> i64) -> Option<u32> {
        let weights = self.weights(weight);
        let topology = self.trackers.topology_of(key, self.cluster.nodes);
        self.trackers.tracker_of(Sums { topology, weights, eligible: None, living: false }, self.cluster.nodes)
    }

    /// A tracker for each topology key that occurs in what Pods add.
    fn by_key(&mut self, effect: impl Fn(&PodTemplate) -> Vec<(Symbol, i64)>) -> Option<Vec<u32>> {
        let mut keys: Vec<Symbol> = Vec::new();
        for (_, template) in self.cluster.templates() {
            for (key, _) in effect(template) {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        let of_key = |there: &PodTemplate, key| effect(there).iter().filter(|(known, _)| *known == key).map(|(_, amount)| amount).sum();
        keys.iter().map(|key| self.summed(*key, |there| of_key(there, *key))).collect()
    }
}

impl Bounds<'_> {
    /// True if the node at `place` must not take the Pod.
    fn refuse(&self, place: usize) -> bool {
        let skewed = |(there, most): &(ByPlace<'_>, i64)| there.at(place).is_none_or(|pods| pods > *most);
        let lonely = |there: &ByPlace<'_>| there.at(place).is_none_or(|pods| pods <= 0 && !self.first);
        let crowded = |there: &ByPlace<'_>| there.at(place).is_some_and(|pods| pods > 0);
        self.far.iter().any(crowded) || self.hard.iter().any(skewed) || self.near.iter().any(lonely)
    }

    /// Marks the nodes that must not take the Pod among those whose `answers`, from the place `first` on, admit it.
    pub(super) fn limit(&self, first: usize, answers: &mut [u8]) {
        let filters = !self.hard.is_empty() || !self.near.is_empty() || !self.far.is_empty();
        if filters {
            for (place, answer) in (first..).zip(answers).filter(|(_, answer)| **answer >= ADMITS) {
                *answer = if self.refuse(place) { UNTOLD } else { *answer };
            }
        }
    }

    /// Adds the weighted scores of the feasible nodes to their totals.
    pub(super) fn score(&self, feasible: &[u32], totals: &mut [i64]) {
        if !self.constraints.soft.is_empty() {
            self.score_spread(feasible, totals);
        }
        if !self.constraints.liked.is_empty() {
            self.score_affinity(feasible, totals);
        }
    }

    fn is_ignored(&self, place: u32) -> bool {
        !self.constraints.ignored.is_empty() && self.constraints.ignored[place as usize]
    }

    fn score_spread(&self, feasible: &[u32], totals: &mut [i64]) {
        let weighted = |soft: &Soft| {
            let weight = libm::log((self.domains(soft, feasible) + 2) as f64);
            (self.trackers.by_place(soft.tracker), weight, f64::from(soft.max_skew - 1))
        };
        let soft: Vec<_> = self.constraints.soft.iter().map(weighted).collect();
        let raw = |place: u32| {
            let term =
                |(there, weight, skew): &(ByPlace<'_>, f64, f64)| there.at(place as usize).map_or(0.0, |pods| pods as f64 * weight + skew);
            rounded(soft.iter().fold(0.0, |sum, soft| sum + term(soft)))
        };
        let of = |place: &u32| if self.is_ignored(*place) { IGNORED } else { raw(*place) };
        let mut scores: Vec<i64> = feasible.iter().map(of).collect();
        PodTopologySpread::default().normalize(&mut scores);
        add(totals, &scores, SPREAD_WEIGHT);
    }

    /// How many domains the feasible nodes are in that are not ignored.
    fn domains(&self, soft: &Soft, feasible: &[u32]) -> usize {
        let places = feasible.iter().filter(|place| !self.is_ignored(**place));
        if soft.by_host {
            return places.count();
        }
        let topology = self.trackers.topology_of_tracker(soft.tracker);
        // One more for nodes that lack the label, unless that means the empty value.
        let mut met = vec![false; topology.count + 1];
        for place in places {
            let domain = match topology.domains[*place as usize] {
                NOWHERE if soft.empty == NOWHERE => topology.count,
                NOWHERE => soft.empty as usize,
                domain => domain as usize,
            };
            met[domain] = true;
        }
        met.iter().filter(|met| **met).count()
    }

    fn score_affinity(&self, feasible: &[u32], totals: &mut [i64]) {
        let liked: Vec<ByPlace<'_>> = self.constraints.liked.iter().map(|tracker| self.trackers.by_place(*tracker)).collect();
        let of = |place: &u32| liked.iter().filter_map(|there| there.at(*place as usize)).sum();
        let mut scores: Vec<i64> = feasible.iter().map(of).collect();
        InterPodAffinity::default().normalize(&mut scores);
        add(totals, &scores, POD_AFFINITY_WEIGHT);
    }
}

/// Adds weighted scores to totals.
fn add(totals: &mut [i64], scores: &[i64], weight: i64) {
    for (total, score) in totals.iter_mut().zip(scores) {
        *total += weight * score;
    }
}

/// The nearest whole number of one that is not negative, halves up.
fn rounded(number: f64) -> i64 {
    let part = whole(number);
    part as i64 + i64::from(number - part >= 0.5)
}
