//! `PodTopologySpread`: Pods of a kind are spread over hosts, zones or other domains.

use std::collections::BTreeMap;

use super::super::framework::{ClusterView, Filter, Happening, HappeningKind, NodeView, PodView, Prepared, Reason, Rejection, Score};
use super::super::nodes::{HOST_NAME, ZONE};
use super::node_affinity::is_selected;
use super::taint_toleration::untolerated;
use crate::spec::{LabelSelector, PodTemplate, SpreadArgs, SpreadDefaults, TopologySpreadConstraint, WhenUnsatisfiable};
use crate::table::{Id, NodeId, Symbol};

/// Refuses nodes whose domain would have too many of the Pods that a hard constraint selects, and prefers domains with few of those
/// that soft constraints select.
///
/// Source: `pkg/scheduler/framework/plugins/podtopologyspread/{common,filtering,scoring,plugin}.go` of Kubernetes v1.34.
#[derive(Clone, Debug, Default)]
pub struct PodTopologySpread {
    /// What Pods without constraints of their own get.
    pub args: SpreadArgs,
}

/// The selector of default constraints; there are none for an empty one.
fn default_selector(template: &PodTemplate) -> Option<&LabelSelector> {
    template.default_spread.as_ref().filter(|selector| !selector.0.is_empty())
}

/// What a Pod without own constraints gets by default, over hosts and zones (`systemDefaultConstraints`).
fn system_defaults(pod: &PodView<'_>) -> Vec<TopologySpreadConstraint> {
    let keys = [(HOST_NAME, 3), (ZONE, 5)].map(|(key, skew)| (pod.symbols.find(key), skew));
    let soft = |(key, max_skew): (Option<Symbol>, i32)| {
        Some(TopologySpreadConstraint {
            max_skew,
            topology_key: key?,
            when_unsatisfiable: WhenUnsatisfiable::ScheduleAnyway,
            selector: None,
            min_domains: None,
            honor_node_affinity: true,
            honor_node_taints: false,
        })
    };
    keys.into_iter().filter_map(soft).collect()
}

impl PodTopologySpread {
    /// The Pod's constraints of a kind, in order: its own or, if it has none of any kind, default ones.
    pub(in super::super) fn constraints(&self, pod: &PodView<'_>, kind: WhenUnsatisfiable) -> Vec<TopologySpreadConstraint> {
        let mut constraints = if pod.template.spread.is_empty() { self.default_constraints(pod) } else { pod.template.spread.clone() };
        constraints.retain(|constraint| constraint.when_unsatisfiable == kind);
        constraints
    }

    fn default_constraints(&self, pod: &PodView<'_>) -> Vec<TopologySpreadConstraint> {
        let Some(selector) = default_selector(pod.template) else { return vec![] };
        let mut constraints = match &self.args.defaults {
            SpreadDefaults::System => system_defaults(pod),
            SpreadDefaults::List(constraints) => constraints.clone(),
        };
        for constraint in &mut constraints {
            constraint.selector = Some(selector.clone());
        }
        constraints
    }

    /// True if nodes that lack a key do not count: for all but the system's defaults.
    pub(in super::super) fn requires_keys(&self, template: &PodTemplate) -> bool {
        !template.spread.is_empty() || self.args.defaults != SpreadDefaults::System
    }
}

/// True if the node has the keys of all constraints.
pub(in super::super) fn has_keys(constraints: &[TopologySpreadConstraint], node: &NodeView<'_>) -> bool {
    constraints.iter().all(|constraint| node.labels.get(constraint.topology_key).is_some())
}

/// True if the policies of a constraint let the node count (`matchNodeInclusionPolicies`).
pub(in super::super) fn is_included(constraint: &TopologySpreadConstraint, pod: &PodView<'_>, node: &NodeView<'_>) -> bool {
    (!constraint.honor_node_affinity || is_selected(pod, node))
        && (!constraint.honor_node_taints || untolerated(pod, node.taints).is_none())
}

/// True if the selector means the Pod of these labels.
pub(in super::super) fn selects(constraint: &TopologySpreadConstraint, template: &PodTemplate) -> bool {
    constraint.selector.as_ref().is_some_and(|selector| selector.matches(&template.labels))
}

/// True if a constraint of `pod` counts Pods like `there`: an empty selector counts none (`countPodsMatchSelector`).
pub(in super::super) fn counts(constraint: &TopologySpreadConstraint, pod: &PodTemplate, there: &PodTemplate) -> bool {
    let selector = constraint.selector.as_ref().filter(|selector| !selector.0.is_empty());
    there.namespace == pod.namespace && selector.is_some_and(|selector| selector.matches(&there.labels))
}

/// Which Pods a constraint counts: by template, empty if none that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counted(Vec<bool>);

impl Counted {
    /// Those of the namespace that the selector matches.
    fn new(constraint: &TopologySpreadConstraint, pod: &PodView<'_>, cluster: ClusterView<'_>) -> Self {
        let mut counted = vec![];
        for (id, _) in cluster.bound() {
            if counts(constraint, pod.template, cluster.template(id)) {
                counted.resize(id.index() + 1, false);
                counted[id.index()] = true;
            }
        }
        Self(counted)
    }

    /// How many Pods of the node count; those that are being deleted do not.
    fn on(&self, node: &NodeView<'_>) -> i64 {
        if self.0.is_empty() {
            return 0;
        }
        let counts = |index: usize| self.0.get(index).copied().unwrap_or(false);
        node.residents.iter().filter(|resident| !resident.terminating && counts(resident.template.index())).count() as i64
    }
}

/// A hard constraint with what the Pods that are there make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hard {
    key: Symbol,
    max_skew: i64,
    /// 1 if the Pod itself counts, else 0.
    own: i64,
    /// Pods of each domain that counts.
    counts: BTreeMap<Symbol, i64>,
    /// The fewest Pods of a domain, or 0 if there are too few domains.
    least: i64,
}

impl Hard {
    fn new(constraint: &TopologySpreadConstraint, pod: &PodView<'_>, cluster: ClusterView<'_>, nodes: &[NodeView<'_>]) -> Self {
        let (key, counted) = (constraint.topology_key, Counted::new(constraint, pod, cluster));
        let mut counts = BTreeMap::new();
        for node in nodes.iter().filter(|node| is_included(constraint, pod, node)) {
            if let Some(domain) = node.labels.get(key) {
                *counts.entry(domain).or_insert(0) += counted.on(node);
            }
        }
        let enough = counts.len() as i64 >= i64::from(constraint.min_domains.unwrap_or(1));
        let least = counts.values().min().copied().filter(|_| enough).unwrap_or(0);
        let own = i64::from(selects(constraint, pod.template));
        Self { key, max_skew: i64::from(constraint.max_skew), own, counts, least }
    }

    fn admit(&self, node: &NodeView<'_>) -> Result<(), Rejection> {
        let Some(domain) = node.labels.get(self.key) else { return Err(Rejection::unresolvable(Reason::SpreadMissingLabel)) };
        let there = self.counts.get(&domain).copied().unwrap_or(0);
        if there + self.own - self.least > self.max_skew {
            return Err(Rejection::resolvable(Reason::Spread));
        }
        Ok(())
    }
}

impl Filter for PodTopologySpread {
    type State = Vec<Hard>;

    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    /// Counts the Pods of each domain over all nodes, whether or not they can take the Pod otherwise.
    fn prepare(&self, pod: &PodView<'_>, cluster: ClusterView<'_>) -> Prepared<Vec<Hard>> {
        let constraints = self.constraints(pod, WhenUnsatisfiable::DoNotSchedule);
        if constraints.is_empty() {
            return Prepared::Skip;
        }
        let nodes: Vec<_> = cluster.nodes().filter(|node| has_keys(&constraints, node)).collect();
        Prepared::Check(constraints.iter().map(|constraint| Hard::new(constraint, pod, cluster, &nodes)).collect())
    }

    fn admit(&self, state: &Vec<Hard>, _: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        state.iter().try_for_each(|hard| hard.admit(node))
    }

    fn retries_on(&self) -> &'static [HappeningKind] {
        &[HappeningKind::AssignedPodDeleted, HappeningKind::AssignedPodAdded, HappeningKind::Uncordoned, HappeningKind::Retainted]
    }

    /// A Pod of the namespace that a constraint selects is gone or has come, or a node with the keys has other taints.
    fn hint(&self, pod: &PodView<'_>, happening: &Happening<'_>) -> bool {
        let constraints = self.constraints(pod, WhenUnsatisfiable::DoNotSchedule);
        match happening {
            Happening::AssignedPodDeleted(other) | Happening::AssignedPodAdded(other) => {
                other.namespace == pod.template.namespace && constraints.iter().any(|constraint| selects(constraint, other))
            }
            Happening::ScaledDown(..) => false,
            Happening::Uncordoned(node) | Happening::Retainted(node, _) => has_keys(&constraints, node),
        }
    }
}

/// Raw score of nodes that are ignored as they lack a key; the others have 0 or more.
pub(in super::super) const IGNORED: i64 = -1;

/// A soft constraint with what the Pods that are there make of it.
#[derive(Clone, Debug)]
pub struct Soft {
    key: Symbol,
    max_skew: i32,
    counted: Counted,
    /// Pods of each domain that has feasible nodes; `None` where each node is a domain of its own.
    counts: Option<BTreeMap<Option<Symbol>, i64>>,
    /// What a Pod weighs: more where there are more domains (`topologyNormalizingWeight`).
    weight: f64,
}

impl Soft {
    /// `feasible` has the nodes that are not ignored.
    fn new(constraint: &TopologySpreadConstraint, pod: &PodView<'_>, cluster: ClusterView<'_>, feasible: &[NodeView<'_>]) -> Self {
        let key = constraint.topology_key;
        // A missing label is a domain, the same as that of the empty value.
        let empty = pod.symbols.find("");
        let domain = |node: &NodeView<'_>| node.labels.get(key).or(empty);
        let by_domain = pod.symbols.text(key) != HOST_NAME;
        let counts = by_domain.then(|| feasible.iter().map(|node| (domain(node), 0)).collect::<BTreeMap<_, _>>());
        let size = counts.as_ref().map_or(feasible.len(), BTreeMap::len);
        let (counted, weight) = (Counted::new(constraint, pod, cluster), libm::log((size + 2) as f64));
        Self { key, max_skew: constraint.max_skew, counted, counts, weight }
    }

    /// Adds the Pods of a node that counts to its domain, if that has feasible nodes.
    fn count(&mut self, node: &NodeView<'_>, empty: Option<Symbol>) {
        let domain = node.labels.get(self.key).or(empty);
        if let Some(count) = self.counts.as_mut().and_then(|counts| counts.get_mut(&domain)) {
            *count += self.counted.on(node);
        }
    }

    /// What the constraint adds to a node's raw score (`scoreForCount`), nothing if the node lacks the key.
    fn score(&self, node: &NodeView<'_>) -> f64 {
        let Some(domain) = node.labels.get(self.key) else { return 0.0 };
        let by_domain = |counts: &BTreeMap<_, _>| counts.get(&Some(domain)).copied().unwrap_or(0);
        let count = self.counts.as_ref().map_or_else(|| self.counted.on(node), by_domain);
        count as f64 * self.weight + f64::from(self.max_skew - 1)
    }
}

/// What is known before nodes are scored.
#[derive(Clone, Debug)]
pub struct Spreading {
    soft: Vec<Soft>,
    /// True if nodes that lack a key of any constraint are ignored.
    requires_keys: bool,
}

impl Score for PodTopologySpread {
    type State = Spreading;

    fn name(&self) -> &'static str {
        "PodTopologySpread"
    }

    fn prepare(&self, pod: &PodView<'_>, cluster: ClusterView<'_>, feasible: &[NodeId]) -> Option<Spreading> {
        let constraints = self.constraints(pod, WhenUnsatisfiable::ScheduleAnyway);
        if constraints.is_empty() {
            return None;
        }
        let requires_keys = self.requires_keys(pod.template);
        let counts = |node: &NodeView<'_>| !requires_keys || has_keys(&constraints, node);
        let feasible: Vec<_> = feasible.iter().map(|node| cluster.node(*node)).filter(counts).collect();
        let mut soft: Vec<_> = constraints.iter().map(|constraint| Soft::new(constraint, pod, cluster, &feasible)).collect();
        let nodes: Vec<_> = cluster.nodes().filter(counts).collect();
        let empty = pod.symbols.find("");
        for (constraint, soft) in constraints.iter().zip(&mut soft).filter(|(_, soft)| soft.counts.is_some()) {
            nodes.iter().filter(|node| is_included(constraint, pod, node)).for_each(|node| soft.count(node, empty));
        }
        Some(Spreading { soft, requires_keys })
    }

    fn score(&self, state: &Spreading, _: &PodView<'_>, node: &NodeView<'_>) -> i64 {
        if state.requires_keys && state.soft.iter().any(|soft| node.labels.get(soft.key).is_none()) {
            return IGNORED;
        }
        state.soft.iter().fold(0.0, |sum, soft| sum + soft.score(node)).round() as i64
    }

    /// The node with the fewest Pods is best, one that is ignored worst.
    fn normalize(&self, scores: &mut [i64]) {
        let known = || scores.iter().copied().filter(|score| *score != IGNORED);
        let (min, max) = (known().min().unwrap_or(0), known().max().unwrap_or(0));
        for score in scores {
            *score = match *score {
                IGNORED => 0,
                _ if max == 0 => 100,
                raw => 100 * (max + min - raw) / max,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;
    use crate::spec::{NodeSelectorTerm, Operator, Requirement, Taint, TaintEffect};
    use crate::table::TemplateId;
    use WhenUnsatisfiable::{DoNotSchedule, ScheduleAnyway};

    /// The selector of `app: web`.
    fn web(bed: &mut Bed) -> LabelSelector {
        LabelSelector(vec![Requirement { key: bed.symbol("app"), operator: Operator::In, values: vec![bed.symbol("web")] }])
    }

    fn constraint(bed: &mut Bed, key: &str, when_unsatisfiable: WhenUnsatisfiable, max_skew: i32) -> TopologySpreadConstraint {
        TopologySpreadConstraint {
            max_skew,
            topology_key: bed.symbol(key),
            when_unsatisfiable,
            selector: Some(web(bed)),
            min_domains: None,
            honor_node_affinity: true,
            honor_node_taints: false,
        }
    }

    /// A Pod `app: web` with these constraints.
    fn pod(bed: &mut Bed, spread: &[&TopologySpreadConstraint]) -> TemplateId {
        bed.pod(|pod, symbols| {
            pod.labels.set(symbols.intern("app"), symbols.intern("web"));
            pod.spread = spread.iter().map(|constraint| (*constraint).clone()).collect();
        })
    }

    fn node(bed: &mut Bed, zone: Option<&str>) -> NodeId {
        bed.node(|shape, symbols| {
            if let Some(zone) = zone {
                shape.labels.set(symbols.intern(ZONE), symbols.intern(zone));
            }
        })
    }

    /// Nodes in zones a, a, b, c and none, with 2, 1, 1, 0 and 5 Pods `app: web`.
    fn zones(bed: &mut Bed) -> [NodeId; 5] {
        let nodes = [Some("a"), Some("a"), Some("b"), Some("c"), None].map(|zone| node(bed, zone));
        let there = pod(bed, &[]);
        for (node, pods) in nodes.iter().zip([2, 1, 1, 0, 5]) {
            (0..pods).for_each(|_| bed.charge(there, *node));
        }
        nodes
    }

    fn answers(bed: &Bed, pod: TemplateId, nodes: &[NodeId]) -> String {
        let answer = |node: &NodeId| match bed.admit(&PodTopologySpread::default(), pod, *node) {
            Ok(()) => '+',
            Err(refusal) if refusal == Rejection::unresolvable(Reason::SpreadMissingLabel) => '?',
            Err(refusal) if refusal == Rejection::resolvable(Reason::Spread) => '-',
            Err(refusal) => panic!("{refusal:?}"),
        };
        nodes.iter().map(answer).collect()
    }

    /// A constraint, with a change.
    type Row = (fn(&mut TopologySpreadConstraint), &'static str);

    #[test]
    fn hard_constraints_bound_the_skew_of_domains() {
        let mut bed = Bed::default();
        let nodes = zones(&mut bed);
        #[rustfmt::skip]
        let table: [Row; 9] = [
            // zones                                                           aabc, none
            (|constraint| constraint.max_skew = 1,                             "---+?"),
            (|constraint| constraint.max_skew = 2,                             "--++?"),
            (|constraint| constraint.max_skew = 3,                             "--++?"),
            (|constraint| constraint.max_skew = 4,                             "++++?"),
            (|constraint| constraint.min_domains = Some(4),                    "---+?"),
            (|constraint| constraint.selector = None,                          "++++?"),
            (|constraint| constraint.selector = Some(LabelSelector(vec![])),   "++++?"),
            (|constraint| constraint.when_unsatisfiable = ScheduleAnyway,      "+++++"),
            (|constraint| constraint.max_skew = i32::MAX,                      "++++?"),
        ];
        for (number, (change, want)) in table.into_iter().enumerate() {
            let mut constraint = constraint(&mut bed, ZONE, DoNotSchedule, 1);
            change(&mut constraint);
            let pod = pod(&mut bed, &[&constraint]);
            assert_eq!(answers(&bed, pod, &nodes), want, "row {number}");
        }
    }

    #[test]
    fn only_living_pods_of_the_namespace_count() {
        let mut bed = Bed::default();
        let nodes = ["a", "b"].map(|zone| node(&mut bed, Some(zone)));
        let constraint = constraint(&mut bed, ZONE, DoNotSchedule, 1);
        let web = pod(&mut bed, &[&constraint]);
        let elsewhere = pod(&mut bed, &[]);
        bed.spec.templates[elsewhere].namespace = bed.symbol("elsewhere");
        let other = bed.pod(|_, _| {});
        bed.charge_leaving(web, nodes[0]);
        bed.charge(elsewhere, nodes[0]);
        bed.charge(other, nodes[0]);
        assert_eq!(answers(&bed, web, &nodes), "++");
        bed.charge(web, nodes[0]);
        assert_eq!(answers(&bed, web, &nodes), "-+");
    }

    #[test]
    fn policies_decide_which_nodes_count() {
        let mut bed = Bed::default();
        let nodes = ["a", "b", "c"].map(|zone| node(&mut bed, Some(zone)));
        let [key, value] = ["dedicated", "yes"].map(|text| bed.symbol(text));
        bed.spec.pools.rows_mut()[2].shape.taints.push(Taint { key, value, effect: TaintEffect::NoExecute });
        for zone in [0, 1] {
            bed.spec.pools.rows_mut()[zone].shape.labels.set(key, value);
        }
        let there = pod(&mut bed, &[]);
        nodes[..2].iter().for_each(|node| bed.charge(there, *node));
        let expressions = vec![Requirement { key, operator: Operator::Exists, values: vec![] }];
        let required = vec![NodeSelectorTerm { expressions, fields: vec![] }];
        #[rustfmt::skip]
        let table = [
            // affinity, taints, answers: zone c has the fewest Pods if its node counts
            (true,  false, "+++"),
            (false, true,  "+++"),
            (false, false, "--+"),
        ];
        for (affinity, taints, want) in table {
            let mut constraint = constraint(&mut bed, ZONE, DoNotSchedule, 1);
            (constraint.honor_node_affinity, constraint.honor_node_taints) = (affinity, taints);
            let pod = pod(&mut bed, &[&constraint]);
            bed.spec.templates[pod].placement.required = Some(required.clone());
            assert_eq!(answers(&bed, pod, &nodes), want, "{affinity} {taints}");
        }
    }

    #[test]
    fn soft_constraints_prefer_domains_with_few_pods() {
        let mut bed = Bed::default();
        let nodes = zones(&mut bed);
        let [zone, host] = [ZONE, HOST_NAME].map(|key| constraint(&mut bed, key, ScheduleAnyway, 1));
        #[rustfmt::skip]
        let table = [
            // 3, 3, 1, 0 Pods of the zone, each weighing ln 5: 5, 5, 2, 0.
            (vec![&zone],        [0, 0, 60, 100, 0]),
            // 2, 1, 1, 0, 5 of the host, each weighing ln 7: 4, 2, 2, 0, 10.
            (vec![&host],        [60, 80, 80, 100, 0]),
            // Zones by ln 5, hosts by ln 6: 8.41, 6.62, 3.40, 0.
            (vec![&zone, &host], [0, 12, 62, 100, 0]),
            (vec![&zone, &zone], [0, 0, 70, 100, 0]),
        ];
        for (spread, want) in table {
            let pod = pod(&mut bed, &spread);
            assert_eq!(bed.scores(&PodTopologySpread::default(), pod, &nodes), Some(want.to_vec()), "{spread:?}");
        }
    }

    #[test]
    fn pods_without_constraints_get_default_ones() {
        let mut bed = Bed::default();
        let nodes = zones(&mut bed);
        let hard = constraint(&mut bed, ZONE, DoNotSchedule, 1);
        let soft = constraint(&mut bed, ZONE, ScheduleAnyway, 1);
        let selector = Some(web(&mut bed));
        let system = PodTopologySpread::default();
        let list = PodTopologySpread { args: SpreadArgs { defaults: SpreadDefaults::List(vec![soft, hard.clone()]) } };
        // Hosts by ln 7 and 2, zones with the missing one by ln 6 and 4: 15, 13, 10, 6, 12.
        let by_system = Some(vec![40, 53, 73, 100, 60]);
        #[rustfmt::skip]
        let table = [
            (selector.clone(),                vec![],      by_system, Some(vec![0, 0, 60, 100, 0])),
            (Some(LabelSelector(vec![])),     vec![],      None,      None),
            (None,                            vec![],      None,      None),
            (selector,                        vec![&hard], None,      None),
        ];
        for (default_spread, spread, by_system, by_list) in table {
            let pod = pod(&mut bed, &spread);
            bed.spec.templates[pod].default_spread = default_spread;
            assert_eq!(bed.scores(&system, pod, &nodes), by_system);
            assert_eq!(bed.scores(&list, pod, &nodes), by_list);
        }
    }

    #[test]
    fn a_lone_value_of_each_kind_scales_to_the_ends() {
        let mut table = [
            (vec![], vec![]),
            (vec![0, 0], vec![100, 100]),
            (vec![IGNORED, 0], vec![0, 100]),
            (vec![IGNORED], vec![0]),
            (vec![4, 4], vec![100, 100]),
            (vec![3, 2, IGNORED], vec![66, 100, 0]),
        ];
        for (scores, want) in &mut table {
            PodTopologySpread::default().normalize(scores);
            assert_eq!(scores, want);
        }
    }
}
