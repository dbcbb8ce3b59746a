//! What a Pod asks of its node besides resources.

use k8s_openapi::api::core::v1 as core;
use sim_core::spec::{NodeSelectorTerm, Operator, Placement, Requirement, Toleration};

use super::{node, ports, selectors};
use crate::compile::{Builder, Origin};
use crate::problem::Code;
use crate::text::source::Span;
use crate::text::tree::Tree;

/// Operators by name.
const OPERATORS: [(&str, Operator); 6] = [
    ("In", Operator::In),
    ("NotIn", Operator::NotIn),
    ("Exists", Operator::Exists),
    ("DoesNotExist", Operator::DoesNotExist),
    ("Gt", Operator::Gt),
    ("Lt", Operator::Lt),
];

/// Required terms of node affinity, if there are any, and preferred ones with their weights.
type NodeAffinityTerms = (Option<Vec<NodeSelectorTerm>>, Vec<(i64, NodeSelectorTerm)>);

/// Compiles the placement; `tree` is the Pod's spec.
pub(super) fn placement(spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) -> Placement {
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    let affinity_place = tree.at(&["affinity", "nodeAffinity"]).map_or(tree.span, Tree::label_span);
    let (required, preferred) = affinity.map(|affinity| node_affinity(affinity, affinity_place, builder)).unwrap_or_default();
    Placement {
        node_name: spec.node_name.as_ref().map(|name| builder.symbols.intern(name)),
        node_selector: pairs(spec, builder),
        required,
        preferred,
        tolerations: tolerations(spec, tree, builder),
        host_ports: ports::host_ports(spec, builder),
    }
}

/// Required and preferred terms of a Pod's node affinity, or of the one that a profile adds to every Pod's.
pub(crate) fn node_affinity(given: &core::NodeAffinity, place: Span, builder: &mut Builder<'_>) -> NodeAffinityTerms {
    let required = given.required_during_scheduling_ignored_during_execution.as_ref();
    let preferred = given.preferred_during_scheduling_ignored_during_execution.iter().flatten();
    (
        required.map(|selector| selector.node_selector_terms.iter().map(|each| term(each, place, builder)).collect()),
        preferred.filter_map(|each| weighted(each, place, builder)).collect(),
    )
}

fn pairs(spec: &core::PodSpec, builder: &mut Builder<'_>) -> Vec<(sim_core::table::Symbol, sim_core::table::Symbol)> {
    let selector = spec.node_selector.iter().flatten();
    selector.map(|(key, value)| (builder.symbols.intern(key), builder.symbols.intern(value))).collect()
}

fn weighted(given: &core::PreferredSchedulingTerm, place: Span, builder: &mut Builder<'_>) -> Option<(i64, NodeSelectorTerm)> {
    if !(1..=100).contains(&given.weight) {
        builder.report.problem(Code::OutOfRange, place, format!("a preference weighs {}", given.weight)).help("1 to 100");
        return None;
    }
    Some((i64::from(given.weight), term(&given.preference, place, builder)))
}

/// Terms of which one must match.
pub(super) fn terms(given: &[core::NodeSelectorTerm], place: Span, builder: &mut Builder<'_>) -> Vec<NodeSelectorTerm> {
    given.iter().map(|each| term(each, place, builder)).collect()
}

fn term(given: &core::NodeSelectorTerm, place: Span, builder: &mut Builder<'_>) -> NodeSelectorTerm {
    let mut all = |list: &Option<Vec<core::NodeSelectorRequirement>>| -> Vec<Requirement> {
        list.iter().flatten().filter_map(|each| requirement(each, place, builder)).collect()
    };
    NodeSelectorTerm { expressions: all(&given.match_expressions), fields: all(&given.match_fields) }
}

fn requirement(given: &core::NodeSelectorRequirement, place: Span, builder: &mut Builder<'_>) -> Option<Requirement> {
    let values = given.values.as_deref().unwrap_or_default();
    let operator = selectors::operator(&OPERATORS, &given.operator, ("node affinity", place), builder)?;
    if let Some(wanted) = wrong_values(operator, values).filter(|_| builder.origin == Origin::File) {
        builder.report.problem(Code::BadValue, place, format!("`{}` with the operator {} {wanted}", given.key, given.operator));
        return None;
    }
    Some(selectors::built(&given.key, operator, values, builder))
}

/// What is wrong with the values of an operator, if anything.
fn wrong_values(operator: Operator, values: &[String]) -> Option<&'static str> {
    match operator {
        Operator::In | Operator::NotIn => values.is_empty().then_some("needs values"),
        Operator::Exists | Operator::DoesNotExist => (!values.is_empty()).then_some("must not have values"),
        Operator::Gt | Operator::Lt => {
            let one_integer = values.len() == 1 && values[0].parse::<i64>().is_ok();
            (!one_integer).then_some("needs one whole number in quotes")
        }
    }
}

fn tolerations(spec: &core::PodSpec, tree: &Tree, builder: &mut Builder<'_>) -> Vec<Toleration> {
    let given = spec.tolerations.as_deref().unwrap_or_default();
    let each = given.iter().enumerate();
    each.filter_map(|(row, toleration)| compile_toleration(toleration, tree.place(&["tolerations", &row.to_string()]), builder)).collect()
}

fn compile_toleration(given: &core::Toleration, place: Span, builder: &mut Builder<'_>) -> Option<Toleration> {
    let key = given.key.as_deref().filter(|key| !key.is_empty());
    let exists = match given.operator.as_deref() {
        None | Some("" | "Equal") => false,
        Some("Exists") => true,
        Some(other) => {
            builder.report.problem(Code::BadValue, place, format!("`{other}` is no operator of a toleration")).help("`Equal` or `Exists`");
            return None;
        }
    };
    if key.is_none() && !exists && builder.origin == Origin::File {
        builder.report.problem(Code::BadValue, place, "a toleration without a key needs the operator `Exists`");
        return None;
    }
    let effect = match given.effect.as_deref().filter(|effect| !effect.is_empty()) {
        Some(name) => Some(node::effect(name, place, builder)?),
        None => None,
    };
    let value = (!exists).then(|| builder.symbols.intern(given.value.as_deref().unwrap_or_default()));
    Some(Toleration { key: key.map(|key| builder.symbols.intern(key)), value, effect, seconds: given.toleration_seconds })
}
