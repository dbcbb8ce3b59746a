//! `--seed`, `--duration` and `--set PATH=VALUE`: changes of the tree before it is checked.

use super::{Overrides, arms};
use crate::problem::Code;
use crate::text::nearest::suggestion;
use crate::text::report::Report;
use crate::text::source::Span;
use crate::text::tree::{Key, Node, Tree};
use crate::text::yaml;

/// Applies the overrides in order: sets, the arm, then duration and seed.
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
    if let Some(name) = &overrides.arm {
        lay_over(scenario, name, report);
    }
    if let Some(duration) = &overrides.duration {
        set_one(scenario, "--duration", "spec.duration", duration, report);
    }
    if let Some(seed) = overrides.seed {
        set_one(scenario, "--seed", "spec.seed", &seed.to_string(), report);
    }
}

fn set_one(scenario: &mut Tree, source: &str, path: &str, text: &str, report: &mut Report) {
    let file = report.sources.add(source, text);
    let span = Span { file, start: 0, len: text.len() as u32 };
    let before = report.count();
    let value = yaml::documents(file, report).into_iter().next();
    if report.count() > before {
        return;
    }
    // The reader takes a document that is null for none.
    let nothing = if text.trim().is_empty() { Node::Text(String::new()) } else { Node::Null };
    let value = value.unwrap_or(Tree { node: nothing, span });
    set_at(scenario, path, value, span, report);
}

/// Changes the scenario as one of its own arms says.
fn lay_over(scenario: &mut Tree, name: &str, report: &mut Report) {
    // A source of its own, so that the digest knows which arm it was.
    let file = report.sources.add(format!("--arm {name}"), name);
    let Some(arm) = arms::own(scenario, name).cloned() else {
        let help = suggestion(name, arms::names(scenario));
        let span = Span { file, start: 0, len: name.len() as u32 };
        report.problem(Code::BadArm, span, format!("the scenario has no arm `{name}`")).help(help);
        return;
    };
    for (path, value) in arm.get("set").map_or(&[][..], Tree::entries) {
        set_at(scenario, &path.text, value.clone(), path.span, report);
    }
}

fn set_at(scenario: &mut Tree, path: &str, value: Tree, span: Span, report: &mut Report) {
    if let Err(Astray(reason, help)) = set(scenario, &steps(path), value, span) {
        report.problem(Code::BadOverride, span, format!("the path `{path}` leads nowhere: {reason}")).help(help);
    }
}

/// The steps of a path: what stands between dots. A step in quotes keeps its dots.
fn steps(path: &str) -> Vec<&str> {
    let (mut steps, mut rest) = (Vec::new(), path);
    loop {
        let quoted = rest.chars().next().filter(|first| "\"'".contains(*first)).and_then(|quote| {
            let (step, after) = rest[1..].split_once(quote)?;
            (after.is_empty() || after.starts_with('.')).then_some((step, after))
        });
        let (step, after) = quoted.unwrap_or_else(|| rest.split_at(rest.find('.').unwrap_or(rest.len())));
        steps.push(step);
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None => return steps,
        }
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

/// The child that a step leads to; a key that a mapping lacks is made, and so is the next element of a list.
fn child<'a>(tree: &'a mut Tree, step: &str, span: Span) -> Result<&'a mut Tree, Astray> {
    let kind = tree.kind();
    if tree.node == Node::Null {
        tree.node = if is_end(step, 0) { Node::List(Vec::new()) } else { Node::Map(Vec::new()) };
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
            let named = row(items, step);
            if named.is_none() && is_end(step, items.len()) {
                items.push(Tree { node: Node::Null, span });
            }
            let row = if step == "+" { items.len().checked_sub(1) } else { row(items, step) };
            let row = row.ok_or_else(|| lost(items, step))?;
            Ok(&mut items[row])
        }
        _ => Err(Astray(format!("there is {kind} where `{step}` is looked for"), "a path goes through mappings and lists".into())),
    }
}

/// True if a step leads to the element after the last of a list of `len`: its index, or `+`.
fn is_end(step: &str, len: usize) -> bool {
    step == "+" || index(step) == Some(len)
}

/// An index: 2 or [2].
fn index(step: &str) -> Option<usize> {
    step.strip_prefix('[').and_then(|step| step.strip_suffix(']')).unwrap_or(step).parse().ok()
}

/// The element of a list by its name or its index.
fn row(items: &[Tree], step: &str) -> Option<usize> {
    let named = items.iter().position(|item| name(item) == Some(step));
    named.or_else(|| index(step).filter(|index| *index < items.len()))
}

/// The name of an element; of a Kubernetes object, that of its metadata; of text, the text itself.
fn name(item: &Tree) -> Option<&str> {
    item.get("name").and_then(Tree::text).or_else(|| item.text_at(&["metadata", "name"])).or_else(|| item.text())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The document after the sets, on one line, or what is wrong.
    fn after(document: &str, sets: &[&str]) -> String {
        let mut report = Report::default();
        let file = report.sources.add("a.yaml", document);
        let mut tree = yaml::documents(file, &mut report).remove(0);
        let overrides = Overrides { set: sets.iter().map(ToString::to_string).collect(), ..Overrides::default() };
        apply(&mut tree, &overrides, &mut report);
        if report.is_clean() { tree.flow() } else { report.problems().plain() }
    }

    #[test]
    fn what_is_not_there_yet_can_be_set() {
        #[rustfmt::skip]
        let cases = [
            ("{a: 1}",            "b.c=2",              "{a: 1, b: {c: 2}}"),
            ("{a: 1}",            "b.0.c=2",            "{a: 1, b: [{c: 2}]}"),
            ("{a: 1}",            "b.+=2",              "{a: 1, b: [2]}"),
            ("{a: [1]}",          "a.+.b=2",            "{a: [1, {b: 2}]}"),
            ("{a: [1]}",          "a.[1]=2",            "{a: [1, 2]}"),
            ("{a: [1]}",          "a.0=[2, {b: 3}]",    "{a: [[2, {b: 3}]]}"),
            ("{a: {x.y/z: 1}}",   "a.\"x.y/z\"=2",      "{a: {x.y/z: 2}}"),
            ("{a: {x.y/z: 1}}",   "a.'x.y/w'.b=2",      "{a: {x.y/z: 1, x.y/w: {b: 2}}}"),
            ("{a: [{metadata: {name: web}}]}", "a.web.spec=1", "{a: [{metadata: {name: web}, spec: 1}]}"),
            ("{a: 1}",            "a=",                 "{a: \"\"}"),
            ("{a: {b: 1}}",       "a=null",             "{a: null}"),
        ];
        for (document, set, want) in cases {
            assert_eq!(after(document, &[set]), want, "{set}");
        }
    }

    #[test]
    fn an_element_beyond_the_end_of_a_list_is_none() {
        assert!(after("{a: [1]}", &["a.2=3"]).contains("the list has no element `2`"));
    }
}
