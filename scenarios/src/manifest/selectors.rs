//! Label selectors.
//!
//! Source: `ValidateLabelSelector` of `apimachinery/pkg/apis/meta/v1/validation` and `LabelSelectorAsSelector`, Kubernetes v1.34.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector as Given, LabelSelectorRequirement};
use sim_core::spec::{LabelSelector, Labels, Operator, Requirement};
use sim_core::table::Symbol;

use super::names;
use crate::compile::Builder;
use crate::problem::Code;
use crate::text::nearest::suggestion;
use crate::text::source::Span;

/// Operators by name.
const OPERATORS: [(&str, Operator); 4] =
    [("In", Operator::In), ("NotIn", Operator::NotIn), ("Exists", Operator::Exists), ("DoesNotExist", Operator::DoesNotExist)];

/// Compiles a selector; problems are placed at `place`.
pub(super) fn selector(given: &Given, place: Span, builder: &mut Builder<'_>) -> LabelSelector {
    let labels = given.match_labels.iter().flatten();
    let mut requirements: Vec<Requirement> = labels.filter_map(|(key, value)| equals(key, value, place, builder)).collect();
    requirements.extend(given.match_expressions.iter().flatten().filter_map(|each| requirement(each, place, builder)));
    LabelSelector(requirements)
}

/// Compiles the plain mapping that Services and `ReplicationController`s select by.
pub(super) fn of_labels<'l>(
    labels: impl IntoIterator<Item = (&'l String, &'l String)>,
    place: Span,
    builder: &mut Builder<'_>,
) -> LabelSelector {
    LabelSelector(labels.into_iter().filter_map(|(key, value)| equals(key, value, place, builder)).collect())
}

fn equals(key: &str, value: &str, place: Span, builder: &mut Builder<'_>) -> Option<Requirement> {
    checked_key(key, place, builder)?;
    if !names::is_label_value(value) {
        builder.report.problem(Code::BadName, place, format!("`{value}` is no label value"));
        return None;
    }
    Some(one_of(builder.symbols.intern(key), builder.symbols.intern(value), Operator::In))
}

/// The requirement that a label is, or is not, of one value.
fn one_of(key: Symbol, value: Symbol, operator: Operator) -> Requirement {
    Requirement { key, operator, values: vec![value] }
}

fn checked_key(key: &str, place: Span, builder: &mut Builder<'_>) -> Option<()> {
    if names::is_qualified(key) {
        return Some(());
    }
    builder.report.problem(Code::BadName, place, format!("`{key}` is no label key"));
    None
}

fn requirement(given: &LabelSelectorRequirement, place: Span, builder: &mut Builder<'_>) -> Option<Requirement> {
    checked_key(&given.key, place, builder)?;
    let values = given.values.as_deref().unwrap_or_default();
    let operator = operator(&OPERATORS, &given.operator, ("a label selector", place), builder)?;
    let lists = matches!(operator, Operator::In | Operator::NotIn);
    if lists == values.is_empty() {
        let wanted = if lists { "needs values" } else { "must not have values" };
        builder.report.problem(Code::BadValue, place, format!("`{}` with the operator {} {wanted}", given.key, given.operator));
        return None;
    }
    Some(built(&given.key, operator, values, builder))
}

/// The operator called `given` among those that `whose` requirements know.
pub(super) fn operator(
    known: &[(&str, Operator)],
    given: &str,
    (whose, place): (&str, Span),
    builder: &mut Builder<'_>,
) -> Option<Operator> {
    let found = known.iter().find(|(name, _)| *name == given).map(|(_, operator)| *operator);
    if found.is_none() {
        let help = suggestion(given, known.iter().map(|(name, _)| *name));
        builder.report.problem(Code::BadValue, place, format!("`{given}` is no operator of {whose}")).help(help);
    }
    found
}

/// A requirement with its words interned.
pub(super) fn built(key: &str, operator: Operator, values: &[String], builder: &mut Builder<'_>) -> Requirement {
    let key = builder.symbols.intern(key);
    Requirement { key, operator, values: values.iter().map(|value| builder.symbols.intern(value)).collect() }
}

/// Adds what `matchLabelKeys` (`In`) and `mismatchLabelKeys` (`NotIn`) mean for a Pod with `labels`, as the API server does: keys that
/// the Pod lacks say nothing. Requirements that are there already are not added again.
pub(super) fn with_keys(
    selector: &mut LabelSelector,
    keys: Option<&[String]>,
    operator: Operator,
    labels: &Labels,
    place: Span,
    builder: &mut Builder<'_>,
) {
    for key in keys.unwrap_or_default() {
        if checked_key(key, place, builder).is_none() {
            continue;
        }
        let key = builder.symbols.intern(key);
        if let Some(value) = labels.get(key) {
            let wanted = one_of(key, value, operator);
            if !selector.0.contains(&wanted) {
                selector.0.push(wanted);
            }
        }
    }
}
