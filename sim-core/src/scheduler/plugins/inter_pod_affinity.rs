//! `InterPodAffinity`: Pods are near the Pods they like and far from those they do not.

use rustc_hash::FxHashMap;

use super::super::framework::{ClusterView, Filter, Happening, HappeningKind, NodeView, PodView, Prepared, Reason, Rejection, Score};
use crate::spec::{InterPodAffinityArgs, LabelSelector, Labels, PodAffinityTerm, PodTemplate};
use crate::table::{NodeId, Symbol, Table, TemplateId};

/// Refuses nodes for required affinity and anti-affinity to Pods that are there, and for the required anti-affinity that those have
/// to the Pod; prefers nodes by the preferred terms of both and by the required affinity of Pods that are there.
///
/// Source: `pkg/scheduler/framework/plugins/interpodaffinity/{filtering,scoring,plugin}.go` and `pkg/scheduler/framework/types.go`
/// of Kubernetes v1.34.
#[derive(Clone, Copy, Debug, Default)]
pub struct InterPodAffinity {
    /// What terms of Pods that are there count.
    pub args: InterPodAffinityArgs,
}

/// True if a term means `target`. Whether its selector of namespaces means the target's, `by_label` tells.
fn means(term: &PodAffinityTerm, target: &PodTemplate, by_label: impl Fn(&LabelSelector) -> bool) -> bool {
    let there = term.namespaces.contains(&target.namespace) || term.namespace_selector.as_ref().is_some_and(by_label);
    there && term.selector.as_ref().is_some_and(|selector| selector.matches(&target.labels))
}

/// True if a term of the Pod to place means `target`.
///
/// kube-scheduler adds the names of the namespaces that the selector matches, but then applies the selector to no labels at all
/// besides. So one that asks for labels to be absent means every namespace.
fn means_from_incoming(term: &PodAffinityTerm, target: &PodTemplate, cluster: ClusterView<'_>) -> bool {
    let known = cluster.namespace_labels(target.namespace);
    means(term, target, |selector| selector.matches(&Labels::default()) || known.is_some_and(|labels| selector.matches(labels)))
}

/// True if a term of a Pod that is there means the Pod to place, whose namespace has these labels.
fn means_from_existing(term: &PodAffinityTerm, incoming: &PodTemplate, namespace: &Labels) -> bool {
    means(term, incoming, |selector| selector.matches(namespace))
}

/// True if there are terms and all of them mean `target` (`podMatchesAllAffinityTerms`).
pub(in super::super) fn all_mean(terms: &[PodAffinityTerm], target: &PodTemplate, cluster: ClusterView<'_>) -> bool {
    !terms.is_empty() && terms.iter().all(|term| means_from_incoming(term, target, cluster))
}

/// The labels of a template's namespace; none if it is not known.
pub(in super::super) fn namespace_labels(template: &PodTemplate, cluster: ClusterView<'_>) -> Labels {
    cluster.namespace_labels(template.namespace).cloned().unwrap_or_default()
}

/// What one Pod adds to the domains that its node is in: topology keys and amounts.
pub(in super::super) type Effect = Vec<(Symbol, i64)>;

/// Amounts by topology pair: by key, then by value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pairs(Vec<(Symbol, FxHashMap<Symbol, i64>)>);

impl Pairs {
    /// Sums what bound Pods add, given what Pods of a template do.
    fn sum(cluster: ClusterView<'_>, effect: impl Fn(&PodTemplate) -> Effect) -> Self {
        let effects = cluster.bound().map(|(id, _)| (id, effect(cluster.template(id))));
        let effects: Vec<(TemplateId, Effect)> = effects.filter(|(_, effect)| !effect.is_empty()).collect();
        let mut pairs = Self::default();
        if effects.is_empty() {
            return pairs;
        }
        let mut by_template = Table::filled(cluster.templates_count(), Effect::new());
        for (id, effect) in effects {
            by_template[id] = effect;
        }
        for node in cluster.nodes() {
            pairs.add_node(&node, &by_template);
        }
        pairs
    }

    fn add_node(&mut self, node: &NodeView<'_>, effects: &Table<TemplateId, Effect>) {
        for (key, amount) in node.residents.iter().flat_map(|resident| &effects[resident.template]) {
            if let Some(value) = node.labels.get(*key) {
                self.add(*key, value, *amount);
            }
        }
    }

    fn add(&mut self, key: Symbol, value: Symbol, amount: i64) {
        let known = self.0.iter().position(|(known, _)| *known == key);
        let row = known.unwrap_or_else(|| {
            self.0.push((key, FxHashMap::default()));
            self.0.len() - 1
        });
        *self.0[row].1.entry(value).or_insert(0) += amount;
    }

    /// True if nothing was ever added, be it sums of 0.
    const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The amount of the node's domain by `key`; 0 if it has no such label.
    fn of(&self, node: &NodeView<'_>, key: Symbol) -> i64 {
        let amounts = self.0.iter().find(|(known, _)| *known == key);
        amounts.zip(node.labels.get(key)).and_then(|((_, amounts), value)| amounts.get(&value).copied()).unwrap_or(0)
    }

    /// The amounts of the node's domains by all keys.
    fn all(&self, node: &NodeView<'_>) -> impl Iterator<Item = i64> {
        self.0.iter().map(|(key, amounts)| node.labels.get(*key).and_then(|value| amounts.get(&value).copied()).unwrap_or(0))
    }
}

/// What the Pods that are there say of each domain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Neighbours {
    /// Pods that meet all terms of the required affinity, for each of the terms.
    affinity: Pairs,
    /// True if the Pod may be the first of a group: nobody meets its required affinity, but it would itself.
    first: bool,
    /// Pods that required anti-affinity means.
    anti: Pairs,
    /// Required anti-affinity terms of Pods that are there which mean the Pod.
    existing: Pairs,
}

impl Neighbours {
    fn new(pod: &PodTemplate, cluster: ClusterView<'_>) -> Self {
        let own = &pod.affinity;
        let affinity = incoming(&own.required, cluster, |there| {
            let all = all_mean(&own.required, there, cluster);
            if all { own.required.iter().map(|term| (term.topology_key, 1)).collect() } else { vec![] }
        });
        let anti = incoming(&own.anti_required, cluster, |there| anti_effect(pod, there, cluster));
        let first = affinity.is_empty() && all_mean(&own.required, pod, cluster);
        Self { affinity, first, anti, existing: existing(pod, cluster) }
    }

    /// True if the node's domains meet the required affinity (`satisfyPodAffinity`).
    fn is_near(&self, terms: &[PodAffinityTerm], node: &NodeView<'_>) -> bool {
        let has_keys = terms.iter().all(|term| node.labels.get(term.topology_key).is_some());
        has_keys && (self.first || terms.iter().all(|term| self.affinity.of(node, term.topology_key) > 0))
    }
}

/// Sums over bound Pods if the Pod has such terms.
fn incoming(terms: &[PodAffinityTerm], cluster: ClusterView<'_>, effect: impl Fn(&PodTemplate) -> Effect) -> Pairs {
    if terms.is_empty() { Pairs::default() } else { Pairs::sum(cluster, effect) }
}

/// Required anti-affinity terms of bound Pods that mean `pod`.
fn existing(pod: &PodTemplate, cluster: ClusterView<'_>) -> Pairs {
    if cluster.bound_with_terms() == 0 {
        return Pairs::default();
    }
    let namespace = namespace_labels(pod, cluster);
    Pairs::sum(cluster, |there| existing_effect(pod, there, &namespace))
}

/// What a Pod that is there counts against nodes near it, as the required anti-affinity of `pod` means it.
pub(in super::super) fn anti_effect(pod: &PodTemplate, there: &PodTemplate, cluster: ClusterView<'_>) -> Effect {
    let meant = pod.affinity.anti_required.iter().filter(|term| means_from_incoming(term, there, cluster));
    meant.map(|term| (term.topology_key, 1)).collect()
}

/// The same, as its own required anti-affinity means `pod`.
pub(in super::super) fn existing_effect(pod: &PodTemplate, there: &PodTemplate, namespace: &Labels) -> Effect {
    let meaning = there.affinity.anti_required.iter().filter(|term| means_from_existing(term, pod, namespace));
    meaning.map(|term| (term.topology_key, 1)).collect()
}

impl Filter for InterPodAffinity {
    type State = Neighbours;

    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    fn prepare(&self, pod: &PodView<'_>, cluster: ClusterView<'_>) -> Prepared<Neighbours> {
        let own = &pod.template.affinity;
        let neighbours = Neighbours::new(pod.template, cluster);
        if own.required.is_empty() && own.anti_required.is_empty() && neighbours.existing.is_empty() {
            return Prepared::Skip;
        }
        Prepared::Check(neighbours)
    }

    fn admit(&self, state: &Neighbours, pod: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        if !state.is_near(&pod.template.affinity.required, node) {
            return Err(Rejection::unresolvable(Reason::PodAffinity));
        }
        if state.anti.all(node).any(|pods| pods > 0) {
            return Err(Rejection::resolvable(Reason::PodAntiAffinity));
        }
        if state.existing.all(node).any(|terms| terms > 0) {
            return Err(Rejection::resolvable(Reason::ExistingAntiAffinity));
        }
        Ok(())
    }

    fn retries_on(&self) -> &'static [HappeningKind] {
        &[HappeningKind::AssignedPodDeleted, HappeningKind::AssignedPodAdded]
    }

    /// A Pod is gone that all terms of the required anti-affinity mean, or one has come that all of the affinity mean. Here selectors of namespaces apply to no labels at all.
    fn hint(&self, pod: &PodView<'_>, happening: &Happening<'_>) -> bool {
        let (other, terms) = match happening {
            Happening::AssignedPodDeleted(gone) => (gone, &pod.template.affinity.anti_required),
            Happening::AssignedPodAdded(come) => (come, &pod.template.affinity.required),
            Happening::ScaledDown(..) | Happening::Uncordoned(_) | Happening::Retainted(..) => return false,
        };
        !terms.is_empty() && terms.iter().all(|term| means(term, other, |selector| selector.matches(&Labels::default())))
    }
}

impl InterPodAffinity {
    /// What a Pod that is there adds to the scores of its domains (`processExistingPod`).
    pub(in super::super) fn effect(self, pod: &PodTemplate, there: &PodTemplate, namespace: &Labels, cluster: ClusterView<'_>) -> Effect {
        let (own, theirs) = (&pod.affinity, &there.affinity);
        let by_me = |term: &PodAffinityTerm| means_from_incoming(term, there, cluster);
        let by_them = |term: &PodAffinityTerm| means_from_existing(term, pod, namespace);
        let mut effect = weighted(&own.preferred, 1, by_me);
        effect.extend(weighted(&own.anti_preferred, -1, by_me));
        if self.args.hard_weight > 0 {
            effect.extend(theirs.required.iter().filter(|term| by_them(term)).map(|term| (term.topology_key, self.args.hard_weight)));
        }
        effect.extend(weighted(&theirs.preferred, 1, by_them));
        effect.extend(weighted(&theirs.anti_preferred, -1, by_them));
        effect
    }
}

/// Keys and weights, times `sign`, of the terms that mean somebody.
fn weighted(terms: &[(i64, PodAffinityTerm)], sign: i64, means: impl Fn(&PodAffinityTerm) -> bool) -> Effect {
    terms.iter().filter(|(_, term)| means(term)).map(|(weight, term)| (term.topology_key, sign * weight)).collect()
}

impl Score for InterPodAffinity {
    type State = Pairs;

    fn name(&self) -> &'static str {
        "InterPodAffinity"
    }

    /// Skips if no term means anybody.
    fn prepare(&self, pod: &PodView<'_>, cluster: ClusterView<'_>, _: &[NodeId]) -> Option<Pairs> {
        let own = &pod.template.affinity;
        let prefers = !own.preferred.is_empty() || !own.anti_preferred.is_empty();
        if !prefers && (self.args.ignore_preferred_of_existing || cluster.bound_with_terms() == 0) {
            return None;
        }
        let namespace = namespace_labels(pod.template, cluster);
        let pairs = Pairs::sum(cluster, |there| self.effect(pod.template, there, &namespace, cluster));
        (!pairs.is_empty()).then_some(pairs)
    }

    fn score(&self, state: &Pairs, _: &PodView<'_>, node: &NodeView<'_>) -> i64 {
        state.all(node).sum()
    }

    /// Scales the range of the scores to 0 … 100; the quotient comes first.
    fn normalize(&self, scores: &mut [i64]) {
        let (min, max) = (scores.iter().min().copied().unwrap_or(0), scores.iter().max().copied().unwrap_or(0));
        let range = (max - min) as f64;
        for score in scores {
            *score = if max > min { (100.0 * ((*score - min) as f64 / range)) as i64 } else { 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;
    use crate::spec::{Namespace, Operator, Requirement};

    const ZONE: &str = "topology.kubernetes.io/zone";

    /// Zones a, a and b, and a node without one.
    fn nodes(bed: &mut Bed) -> [NodeId; 4] {
        [Some("a"), Some("a"), Some("b"), None].map(|zone| {
            bed.node(|shape, symbols| {
                if let Some(zone) = zone {
                    shape.labels.set(symbols.intern(ZONE), symbols.intern(zone));
                }
            })
        })
    }

    fn requires(bed: &mut Bed, key: &str, operator: Operator, values: &[&str]) -> LabelSelector {
        let values = values.iter().map(|value| bed.symbol(value)).collect();
        LabelSelector(vec![Requirement { key: bed.symbol(key), operator, values }])
    }

    /// A term that means Pods `app: name` of the same zone, in namespace `default`.
    fn term(bed: &mut Bed, name: &str) -> PodAffinityTerm {
        PodAffinityTerm {
            selector: Some(requires(bed, "app", Operator::In, &[name])),
            namespaces: vec![bed.symbol("default")],
            namespace_selector: None,
            topology_key: bed.symbol(ZONE),
        }
    }

    /// A Pod `app: name`.
    fn pod(bed: &mut Bed, name: &str, change: impl FnOnce(&mut PodTemplate)) -> TemplateId {
        bed.pod(|pod, symbols| {
            pod.labels.set(symbols.intern("app"), symbols.intern(name));
            change(pod);
        })
    }

    fn answers(bed: &Bed, pod: TemplateId, nodes: &[NodeId]) -> String {
        let answer = |node: &NodeId| match bed.admit(&InterPodAffinity::default(), pod, *node) {
            Ok(()) => '+',
            Err(refusal) if refusal == Rejection::unresolvable(Reason::PodAffinity) => 'n',
            Err(refusal) if refusal == Rejection::resolvable(Reason::PodAntiAffinity) => 'f',
            Err(refusal) if refusal == Rejection::resolvable(Reason::ExistingAntiAffinity) => 'e',
            Err(refusal) => panic!("{refusal:?}"),
        };
        nodes.iter().map(answer).collect()
    }

    #[test]
    fn required_terms_bind_pods_to_domains_of_others() {
        let mut bed = Bed::default();
        let nodes = nodes(&mut bed);
        let [web, db, absent] = ["web", "db", "absent"].map(|name| term(&mut bed, name));
        let there = pod(&mut bed, "db", |_| {});
        bed.charge(there, nodes[0]);
        #[rustfmt::skip]
        let table = [
            // near,                     far,              zones aab, none
            (vec![&db],                  vec![],           "++nn"),
            (vec![&web],                 vec![],           "+++n"),
            (vec![&absent],              vec![],           "nnnn"),
            // No Pod that is there is both.
            (vec![&db, &web],            vec![],           "nnnn"),
            (vec![],                     vec![&db],        "ff++"),
            (vec![],                     vec![&absent],    "++++"),
            (vec![],                     vec![&absent, &db], "ff++"),
            (vec![&db],                  vec![&db],        "ffnn"),
        ];
        for (near, far, want) in table {
            let cloned = |terms: &[&PodAffinityTerm]| terms.iter().map(|term| (*term).clone()).collect();
            let pod = pod(&mut bed, "web", |pod| {
                (pod.affinity.required, pod.affinity.anti_required) = (cloned(&near), cloned(&far));
            });
            assert_eq!(answers(&bed, pod, &nodes), want, "{near:?} {far:?}");
        }
    }

    #[test]
    fn pods_that_are_there_keep_others_away() {
        let mut bed = Bed::default();
        let nodes = nodes(&mut bed);
        let web = term(&mut bed, "web");
        let shy = pod(&mut bed, "db", |pod| pod.affinity.anti_required = vec![web]);
        let [web, db] = ["web", "db"].map(|name| pod(&mut bed, name, |_| {}));
        assert_eq!(bed.prepare(&InterPodAffinity::default(), web), Prepared::Skip);
        bed.charge(shy, nodes[1]);
        assert_eq!(answers(&bed, web, &nodes), "ee++");
        assert_eq!(bed.prepare(&InterPodAffinity::default(), db), Prepared::Skip);
    }

    #[test]
    fn terms_reach_namespaces_by_name_and_by_label() {
        use Operator::{DoesNotExist, In};
        let mut bed = Bed::default();
        let nodes = nodes(&mut bed);
        let [red, blue, team, a] = ["red", "blue", "team", "a"].map(|text| bed.symbol(text));
        bed.spec.namespaces.push(Namespace { name: red, labels: Labels::from_pairs([(team, a)]) });
        let there = pod(&mut bed, "db", |pod| pod.namespace = red);
        bed.charge(there, nodes[0]);
        let by_team = requires(&mut bed, "team", In, &["a"]);
        let teamless = requires(&mut bed, "team", DoesNotExist, &[]);
        #[rustfmt::skip]
        let table = [
            // namespaces,  selector,                      zones aab: incoming Pod's term, term of a Pod that is there
            (vec![red],     None,                          "ff++", "ee++"),
            (vec![blue],    None,                          "++++", "++++"),
            (vec![],        Some(by_team),                 "ff++", "ee++"),
            (vec![],        Some(LabelSelector(vec![])),   "ff++", "ee++"),
            // Only the incoming Pod's selector is applied to no labels as well.
            (vec![],        Some(teamless),                "ff++", "++++"),
        ];
        for (namespaces, namespace_selector, incoming, existing) in table {
            let term = PodAffinityTerm { namespaces, namespace_selector, ..term(&mut bed, "db") };
            let shy = pod(&mut bed, "web", |pod| pod.affinity.anti_required = vec![term]);
            assert_eq!(answers(&bed, shy, &nodes), incoming);
            bed.charge(shy, nodes[0]);
            assert_eq!(answers(&bed, there, &nodes), existing);
            bed.free(shy, nodes[0]);
        }
    }

    /// Arguments with these terms: hard weight, ignore preferred.
    const fn plugin(hard_weight: i64, ignore_preferred_of_existing: bool) -> InterPodAffinity {
        InterPodAffinity { args: InterPodAffinityArgs { hard_weight, ignore_preferred_of_existing } }
    }

    #[test]
    fn terms_of_both_sides_score_domains() {
        let mut bed = Bed::default();
        let nodes = nodes(&mut bed);
        let [web, db, absent] = ["web", "db", "absent"].map(|name| term(&mut bed, name));
        // In zone a likes web by 10, in zone b by 4 and needs it, on the node without zone by more.
        let fond = |bed: &mut Bed, weight, required: bool| {
            pod(bed, "db", |pod| {
                pod.affinity.preferred = vec![(weight, web.clone())];
                pod.affinity.required = if required { vec![web.clone()] } else { vec![] };
            })
        };
        for (node, weight, required) in [(0, 10, false), (2, 4, true), (3, 100, false)] {
            let fond = fond(&mut bed, weight, required);
            bed.charge(fond, nodes[node]);
        }
        let plain = pod(&mut bed, "web", |_| {});
        let likes = pod(&mut bed, "web", |pod| pod.affinity.preferred = vec![(3, db.clone())]);
        let loathes = pod(&mut bed, "web", |pod| pod.affinity.anti_preferred = vec![(10, db.clone())]);
        let vain = pod(&mut bed, "other", |pod| pod.affinity.preferred = vec![(10, absent)]);
        let default = InterPodAffinity::default();
        #[rustfmt::skip]
        let table = [
            // 10, 10, 4 + 1, 0
            (default,          plain,   Some(vec![100, 100, 50, 0])),
            (plugin(0, false), plain,   Some(vec![100, 100, 40, 0])),
            (plugin(0, true),  plain,   None),
            // 13, 13, 8, 0
            (default,          likes,   Some(vec![100, 100, 61, 0])),
            (plugin(1, true),  likes,   Some(vec![100, 100, 61, 0])),
            // 0, 0, -5, 0
            (default,          loathes, Some(vec![100, 100, 0, 100])),
            (default,          vain,    None),
        ];
        for (number, (plugin, pod, want)) in table.into_iter().enumerate() {
            assert_eq!(bed.scores(&plugin, pod, &nodes), want, "row {number}");
        }
    }

    #[test]
    fn the_quotient_comes_before_the_product() {
        let mut scores = [0, 29, 50];
        InterPodAffinity::default().normalize(&mut scores);
        assert_eq!(scores, [0, (100.0 * (29.0 / 50.0)) as i64, 100]);
        let mut even = [7, 7];
        InterPodAffinity::default().normalize(&mut even);
        assert_eq!(even, [0, 0]);
    }
}
