//! Arguments of policies that kube-scheduler does not have, checked against what each says that it takes.

use sim_core::scheduler::policies::{ArgumentError, Policy};
use sim_core::spec::{ArgumentValue, PolicyArgs};

use super::args;
use crate::compile::Builder;
use crate::problem::Code;
use crate::text::nearest::nearest;
use crate::text::source::Span;
use crate::text::tree::{Key, Node, Tree};

/// Keys that arguments of every plugin may have: they say their own type.
const TYPE: [&str; 2] = ["apiVersion", "kind"];

/// What the file gives; what does not fit is reported and left out.
pub(super) fn arguments(policy: &Policy, tree: &Tree, builder: &mut Builder<'_>) -> PolicyArgs {
    let given = tree.entries().iter().filter(|(key, value)| !TYPE.contains(&key.text.as_str()) && value.node != Node::Null);
    let values = given.filter_map(|(key, value)| argument(policy, key, value, builder)).collect();
    PolicyArgs { policy: policy.name.into(), values }
}

fn argument(policy: &Policy, key: &Key, tree: &Tree, builder: &mut Builder<'_>) -> Option<(String, ArgumentValue)> {
    let argument = policy.argument(&key.text).map_err(|_| unknown(policy, key, builder)).ok()?;
    let Some(value) = value(tree) else {
        wrong_kind(argument.name, tree, &argument.kind.wanted(), builder);
        return None;
    };
    argument.check(&value).map_err(|error| refuse(error, tree, builder)).ok()?;
    Some((argument.name.into(), value))
}

/// A whole number, a text, or a list of texts.
fn value(tree: &Tree) -> Option<ArgumentValue> {
    match &tree.node {
        Node::Number(text) => text.parse().ok().map(ArgumentValue::Number),
        Node::Text(text) => Some(ArgumentValue::Text(text.clone())),
        Node::List(items) => items.iter().map(|item| item.text().map(String::from)).collect::<Option<_>>().map(ArgumentValue::List),
        Node::Null | Node::Bool(_) | Node::Map(_) => None,
    }
}

fn unknown(policy: &Policy, key: &Key, builder: &mut Builder<'_>) {
    let names = || policy.arguments.iter().map(|argument| argument.name);
    let help = match nearest(&key.text, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it takes {}", names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    builder.report.problem(Code::ConfigUnknownKey, key.span, format!("{} takes no argument `{}`", policy.name, key.text)).help(help);
}

fn refuse(error: ArgumentError, tree: &Tree, builder: &mut Builder<'_>) {
    match error {
        ArgumentError::BadValue { name, given, wanted } => {
            args::refuse(tree.label_span(), format!("`{name}` is {given}"), &wanted, builder);
        }
        ArgumentError::WrongKind { name, wanted, .. } => wrong_kind(name, tree, &wanted, builder),
        ArgumentError::Unknown { .. } => {}
    }
}

/// Reports a value of another kind, at the first element if it is a list of such.
fn wrong_kind(name: &str, tree: &Tree, wanted: &str, builder: &mut Builder<'_>) {
    let (place, given) = culprit(tree);
    builder.report.problem(Code::ConfigWrongType, place, format!("`{name}` {given}")).help(wanted);
}

fn culprit(tree: &Tree) -> (Span, String) {
    match (&tree.node, tree.items().iter().find(|item| item.text().is_none())) {
        (_, Some(item)) => (item.label_span(), format!("lists {}", item.kind())),
        (Node::Number(text), None) => (tree.span, format!("is {text}")),
        (_, None) => (tree.label_span(), format!("is {}", tree.kind())),
    }
}
