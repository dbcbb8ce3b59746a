//! `--seed`, `--duration` and `--set PATH=VALUE`: changes of the tree before it is checked.

use super::Overrides;
use crate::problem::Code;
use crate::text::nearest::suggestion;
use crate::text::report::Report;
use crate::text::source::Span;
use crate::text::tree::{Key, Node, Tree};
use crate::text::yaml;

/// Applies the overrides in order: sets, then duration and seed.
pub(super) fn apply(scenario: &mut Tree, overrides: &Overrides, report: &mut Report) {
    for set in &overrides.set {
        if let Some((path, value)) = set.split_once('=') {
            set_one(scenario, &format!("--set {path}"), path, value, report);
        } else {
            let file = report.sources.add(format!("--set {set}"), set.as_str());
            let span = Span { file, start: 0, len: set.len() as u32 };
            report
                .problem(Code::BadOverride, span, "an override is PATH=VALUE")
                .help("for example `spec.cluster.nodePools.general.count=100`");
        }
    }
    if let Some(duration) = &overrides.duration {
        set_one(scenario, "--duration", "spec.duration", duration, report);
    }
    if let Some(seed) = overrides.seed {
        set_one(scenario, "--seed", "spec.seed", &seed.to_string(), report);
    }
}

fn set_one(scenario: &mut Tree, source: &str, path: &str, value: &str, report: &mut Report) {
    let file = report.sources.add(source, value);
    let span = Span { file, start: 0, len: value.len() as u32 };
    let before = report.count();
    let value = yaml::documents(file, report).into_iter().next();
    if report.count() > before {
        return;
    }
    let value = value.unwrap_or(Tree { node: Node::Text(String::new()), span });
    let steps: Vec<&str> = path.split('.').collect();
    if let Err(message) = set(scenario, &steps, value, span) {
        let reason = message.0;
        report.problem(Code::BadOverride, span, format!("the path `{path}` leads nowhere: {reason}")).help(message.1);
    }
}

/// Why a path leads nowhere, and what would lead on.
struct Astray(String, String);

fn set(tree: &mut Tree, steps: &[&str], value: Tree, span: Span) -> Result<(), Astray> {
    let Some((step, rest)) = steps.split_first() else {
        *tree = value;
        return Ok(());
    };
    set(child(tree, step, span)?, rest, value, span)
}

/// The child that a step leads to; a key that a mapping lacks is made.
fn child<'a>(tree: &'a mut Tree, step: &str, span: Span) -> Result<&'a mut Tree, Astray> {
    let kind = tree.kind();
    if tree.node == Node::Null {
        tree.node = Node::Map(Vec::new());
    }
    match &mut tree.node {
        Node::Map(entries) => {
            let row = entries.iter().position(|(key, _)| key.text == step).unwrap_or(entries.len());
            if row == entries.len() {
                entries.push((Key { text: step.to_owned(), span }, Tree { node: Node::Null, span }));
            }
            Ok(&mut entries[row].1)
        }
        Node::List(items) => {
            let row = row(items, step).ok_or_else(|| lost(items, step))?;
            Ok(&mut items[row])
        }
        _ => Err(Astray(format!("there is {kind} where `{step}` is looked for"), "a path goes through mappings and lists".into())),
    }
}

/// The element of a list by its index or its `name`.
fn row(items: &[Tree], step: &str) -> Option<usize> {
    let index = step.strip_prefix('[').and_then(|step| step.strip_suffix(']')).unwrap_or(step);
    let named = items.iter().position(|item| name(item) == Some(step));
    named.or_else(|| index.parse().ok().filter(|index| *index < items.len()))
}

fn name(item: &Tree) -> Option<&str> {
    item.get("name").and_then(Tree::text).or_else(|| item.text())
}

fn lost(items: &[Tree], step: &str) -> Astray {
    let names: Vec<&str> = items.iter().filter_map(name).collect();
    let help = if names.is_empty() {
        format!("the list has {} elements, counted from 0", items.len())
    } else {
        suggestion(step, names.iter().copied())
    };
    Astray(format!("the list has no element `{step}`"), help)
}
