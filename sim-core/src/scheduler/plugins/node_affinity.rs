//! `NodeAffinity`: node selectors, required and preferred node affinity.

use super::super::framework::{ClusterView, Filter, NodeView, PodView, Prepared, Reason, Rejection, Score, normalize_by_max};
use crate::spec::{NodeAffinityArgs, NodeSelectorTerm, Operator, Requirement, Symbols};
use crate::table::{NodeId, Symbol};

/// Refuses nodes that the node selector or the required node affinity does not match, and prefers those that the preferred
/// terms match.
///
/// Source: `pkg/scheduler/framework/plugins/nodeaffinity/node_affinity.go` and
/// `staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go` of Kubernetes v1.34.
#[derive(Clone, Debug, Default)]
pub struct NodeAffinity {
    added: NodeAffinityArgs,
}

impl NodeAffinity {
    /// The plugin with what is added to every Pod's affinity.
    pub const fn new(added: NodeAffinityArgs) -> Self {
        Self { added }
    }
}

/// True if one of the terms matches.
fn any(terms: &[NodeSelectorTerm], node: &NodeView<'_>, symbols: &Symbols) -> bool {
    terms.iter().any(|term| matches(term, node, symbols))
}

/// True if one of the terms matches the labels of a node of no name, which is how volumes are matched.
pub(super) fn any_by_labels(terms: &[NodeSelectorTerm], node: &NodeView<'_>, symbols: &Symbols) -> bool {
    let nameless = NodeView { name: symbols.find("").unwrap_or(node.name), ..*node };
    any(terms, &nameless, symbols)
}

/// True if `value`, of a label or field that may be missing, meets the requirement.
fn meets(requirement: &Requirement, value: Option<Symbol>, symbols: &Symbols) -> bool {
    match requirement.operator {
        Operator::Gt => compared(requirement, value, symbols, |label, bound| label > bound),
        Operator::Lt => compared(requirement, value, symbols, |label, bound| label < bound),
        _ => requirement.meets(value),
    }
}

/// Compares as integers; what is not one, or is missing, does not match.
fn compared(requirement: &Requirement, value: Option<Symbol>, symbols: &Symbols, holds: fn(i64, i64) -> bool) -> bool {
    let number = |symbol: Symbol| symbols.text(symbol).parse().ok();
    let [bound] = requirement.values[..] else { return false };
    value.and_then(number).zip(number(bound)).is_some_and(|(label, bound)| holds(label, bound))
}

/// True if all requirements of the term hold; a term without any matches nothing.
fn matches(term: &NodeSelectorTerm, node: &NodeView<'_>, symbols: &Symbols) -> bool {
    let empty = term.expressions.is_empty() && term.fields.is_empty();
    !empty
        && term.expressions.iter().all(|requirement| meets(requirement, node.labels.get(requirement.key), symbols))
        && term.fields.iter().all(|requirement| meets(requirement, Some(node.name), symbols))
}

/// True if the Pod's node selector and required node affinity match the node.
pub(super) fn is_selected(pod: &PodView<'_>, node: &NodeView<'_>) -> bool {
    let placement = &pod.template.placement;
    placement.node_selector.iter().all(|(key, value)| node.labels.get(*key) == Some(*value))
        && placement.required.as_ref().is_none_or(|terms| any(terms, node, pod.symbols))
}

/// The names that a term's fields allow, `None` if it does not name nodes.
fn named(term: &NodeSelectorTerm) -> Option<Vec<Symbol>> {
    let mut listing = term.fields.iter().filter(|requirement| requirement.operator == Operator::In);
    let mut names = listing.next()?.values.clone();
    for requirement in listing {
        names.retain(|name| requirement.values.contains(name));
    }
    Some(names)
}

/// The names that the required terms allow together; `None` if a term names no nodes, or there are no terms.
fn allowed(required: Option<&[NodeSelectorTerm]>) -> Option<Vec<Symbol>> {
    let terms = required.filter(|terms| !terms.is_empty())?;
    let lists: Option<Vec<Vec<Symbol>>> = terms.iter().map(named).collect();
    lists.map(|lists| lists.concat())
}

impl Filter for NodeAffinity {
    type State = ();

    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    /// If every required term names nodes, only those are looked at.
    fn prepare(&self, pod: &PodView<'_>, cluster: ClusterView<'_>) -> Prepared<()> {
        let placement = &pod.template.placement;
        if placement.node_selector.is_empty() && placement.required.is_none() && self.added.required.is_none() {
            return Prepared::Skip;
        }
        match allowed(placement.required.as_deref()) {
            None => Prepared::Check(()),
            Some(names) if names.is_empty() => Prepared::Reject(Reason::NamesConflict),
            Some(names) => Prepared::CheckOnly((), names.iter().filter_map(|name| cluster.find(*name)).collect()),
        }
    }

    fn admit(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> Result<(), Rejection> {
        if self.added.required.as_ref().is_some_and(|terms| !any(terms, node, pod.symbols)) {
            return Err(Rejection::unresolvable(Reason::EnforcedAffinity));
        }
        if is_selected(pod, node) {
            return Ok(());
        }
        Err(Rejection::unresolvable(Reason::NodeAffinity))
    }
}

impl Score for NodeAffinity {
    type State = ();

    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn prepare(&self, pod: &PodView<'_>, _: ClusterView<'_>, _: &[NodeId]) -> Option<()> {
        (!pod.template.placement.preferred.is_empty() || !self.added.preferred.is_empty()).then_some(())
    }

    /// The sum of the weights of the preferred terms that match.
    fn score(&self, (): &(), pod: &PodView<'_>, node: &NodeView<'_>) -> i64 {
        let preferred = pod.template.placement.preferred.iter().chain(&self.added.preferred);
        let matching = preferred.filter(|(_, term)| matches(term, node, pod.symbols));
        matching.map(|(weight, _)| weight).sum()
    }

    fn normalize(&self, scores: &mut [i64]) {
        normalize_by_max(scores, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::testing::Bed;
    use Operator::{DoesNotExist, Exists, Gt, In, Lt, NotIn};

    fn requirement(bed: &mut Bed, key: &str, operator: Operator, values: &[&str]) -> Requirement {
        Requirement { key: bed.symbol(key), operator, values: values.iter().map(|text| bed.symbol(text)).collect() }
    }

    #[test]
    fn requirements_compare_labels_as_kubernetes_does() {
        let mut bed = Bed::default();
        let symbols = ["4", "10", "web"].map(|text| bed.symbol(text));
        #[rustfmt::skip]
        let table: [(Operator, &[&str], [bool; 4]); 8] = [
            // label:                  4      10     web    missing
            (In,           &["4", "web"], [true,  false, true,  false]),
            (NotIn,        &["4", "web"], [false, true,  false, true]),
            (Exists,       &[],           [true,  true,  true,  false]),
            (DoesNotExist, &[],           [false, false, false, true]),
            (Gt,           &["4"],        [false, true,  false, false]),
            (Lt,           &["5"],        [true,  false, false, false]),
            (Gt,           &["web"],      [false, false, false, false]),
            (Lt,           &[],           [false, false, false, false]),
        ];
        for (operator, values, want) in table {
            let requirement = requirement(&mut bed, "key", operator, values);
            let labels = [Some(symbols[0]), Some(symbols[1]), Some(symbols[2]), None];
            assert_eq!(labels.map(|label| meets(&requirement, label, bed.symbols())), want, "{operator:?} {values:?}");
        }
    }

    #[test]
    fn one_of_the_terms_must_match_in_all_its_requirements() {
        let mut bed = Bed::default();
        let node = bed.node(|shape, symbols| {
            for (key, value) in [("disk", "ssd"), ("cores", "8")] {
                shape.labels.set(symbols.intern(key), symbols.intern(value));
            }
        });
        let disk = requirement(&mut bed, "disk", In, &["ssd"]);
        let cores = requirement(&mut bed, "cores", Gt, &["8"]);
        let term = |expressions: &[&Requirement]| NodeSelectorTerm {
            expressions: expressions.iter().map(|requirement| (*requirement).clone()).collect(),
            fields: vec![],
        };
        let refused = Err(Rejection::unresolvable(Reason::NodeAffinity));
        let table = [
            (Some(vec![term(&[&disk])]), Ok(())),
            (Some(vec![term(&[&disk, &cores])]), refused.clone()),
            (Some(vec![term(&[&cores]), term(&[&disk])]), Ok(())),
            (Some(vec![term(&[])]), refused.clone()),
            (Some(vec![]), refused),
            (None, Ok(())),
        ];
        for (required, want) in table {
            let pod = bed.pod(|pod, _| pod.placement.required.clone_from(&required));
            assert_eq!(bed.admit(&NodeAffinity::default(), pod, node), want, "{required:?}");
        }
    }

    #[test]
    fn terms_that_all_name_nodes_narrow_the_search() {
        let mut bed = Bed::default();
        let nodes = [(); 3].map(|()| bed.node(|_, _| {}));
        let mut field = |operator, names: &[&str]| requirement(&mut bed, "metadata.name", operator, names);
        let (zero, one, none) = (field(In, &["node-0-0"]), field(In, &["node-1-0"]), field(In, &["nowhere"]));
        let not_zero = field(NotIn, &["node-0-0"]);
        let term = |fields: &[&Requirement]| NodeSelectorTerm {
            expressions: vec![],
            fields: fields.iter().map(|requirement| (*requirement).clone()).collect(),
        };
        let table = [
            (vec![term(&[&zero])], Prepared::CheckOnly((), vec![nodes[0]])),
            (vec![term(&[&zero]), term(&[&one])], Prepared::CheckOnly((), vec![nodes[0], nodes[1]])),
            (vec![term(&[&zero]), term(&[&none])], Prepared::CheckOnly((), vec![nodes[0]])),
            (vec![term(&[&none])], Prepared::CheckOnly((), vec![])),
            (vec![term(&[&zero, &one])], Prepared::Reject(Reason::NamesConflict)),
            (vec![term(&[&not_zero])], Prepared::Check(())),
            (vec![term(&[&zero]), term(&[&not_zero])], Prepared::Check(())),
        ];
        for (required, want) in table {
            let pod = bed.pod(|pod, _| pod.placement.required = Some(required));
            assert_eq!(bed.prepare(&NodeAffinity::default(), pod), want);
        }
    }

    #[test]
    fn preferred_terms_add_their_weights_and_scale_to_the_best() {
        let mut bed = Bed::default();
        let labelled = |bed: &mut Bed, keys: &[&str]| {
            bed.node(|shape, symbols| keys.iter().for_each(|key| shape.labels.set(symbols.intern(key), symbols.intern("yes"))))
        };
        let nodes = [labelled(&mut bed, &["a"]), labelled(&mut bed, &["a", "b"]), labelled(&mut bed, &[])];
        let mut preferring = |key: &str| NodeSelectorTerm { expressions: vec![requirement(&mut bed, key, Exists, &[])], fields: vec![] };
        let preferred = vec![(2, preferring("a")), (1, preferring("b"))];
        let pod = bed.pod(|pod, _| pod.placement.preferred = preferred);
        let plain = bed.pod(|_, _| {});
        assert_eq!(bed.scores(&NodeAffinity::default(), pod, &nodes), Some(vec![66, 100, 0]));
        assert_eq!(bed.scores(&NodeAffinity::default(), plain, &nodes), None);
    }

    #[test]
    fn what_the_profile_adds_comes_before_what_the_pod_asks() {
        let mut bed = Bed::default();
        let (pool, web) = (bed.symbol("pool"), bed.symbol("web"));
        let (inside, outside) = (bed.node(|shape, _| shape.labels.set(pool, web)), bed.node(|_, _| {}));
        let term = |requirement| NodeSelectorTerm { expressions: vec![requirement], fields: vec![] };
        let in_pool = requirement(&mut bed, "pool", In, &["web"]);
        let nowhere = requirement(&mut bed, "pool", In, &["none"]);
        let added = NodeAffinityArgs { required: Some(vec![term(in_pool.clone())]), preferred: vec![(7, term(in_pool))] };
        let plugin = NodeAffinity::new(added);
        let (plain, picky) = (bed.pod(|_, _| {}), bed.pod(|pod, _| pod.placement.required = Some(vec![term(nowhere)])));
        let refused = |reason| Err(Rejection::unresolvable(reason));
        assert_eq!(bed.admit(&plugin, plain, inside), Ok(()));
        assert_eq!(bed.admit(&plugin, plain, outside), refused(Reason::EnforcedAffinity));
        assert_eq!(bed.admit(&plugin, picky, inside), refused(Reason::NodeAffinity));
        assert_eq!(bed.admit(&plugin, picky, outside), refused(Reason::EnforcedAffinity));
        assert_eq!(bed.scores(&plugin, plain, &[inside, outside]), Some(vec![100, 0]));
    }
}
