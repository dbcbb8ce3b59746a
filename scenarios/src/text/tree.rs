//! A YAML document as a tree in which every value knows its place.

use super::source::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tree {
    pub(crate) node: Node,
    pub(crate) span: Span,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    /// A plain scalar that reads as a number, as it is written.
    Number(String),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(Key, Tree)>),
}

/// A key and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Tree {
    /// The value of a key of a mapping; null counts as absent, as Kubernetes has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Tree> {
        let found = self.entries().iter().find(|(known, _)| known.text == key)?;
        (found.1.node != Node::Null).then_some(&found.1)
    }

    /// Keys and values of a mapping; nothing for anything else.
    pub(crate) fn entries(&self) -> &[(Key, Tree)] {
        match &self.node {
            Node::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Elements of a list; nothing for anything else.
    pub(crate) fn items(&self) -> &[Tree] {
        match &self.node {
            Node::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.node {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text at a path, if it is there.
    pub(crate) fn text_at(&self, path: &[&str]) -> Option<&str> {
        path.iter().try_fold(self, |tree, key| tree.get(key))?.text()
    }

    /// The place of the value at `path` (keys, and indices of lists), or of the last key on the way to it that is there.
    pub(crate) fn place(&self, path: &[&str]) -> Span {
        let Some((step, rest)) = path.split_first() else { return self.label_span() };
        match &self.node {
            Node::Map(entries) => match entries.iter().find(|(key, _)| key.text == *step) {
                // A mapping's own place is that of its first entry; its key says more.
                Some((key, value)) if rest.is_empty() && !value.is_scalar() => key.span,
                Some((_, value)) => value.place(rest),
                None => self.label_span(),
            },
            Node::List(items) => match step.parse().ok().and_then(|index: usize| items.get(index)) {
                Some(item) => item.place(rest),
                None => self.label_span(),
            },
            _ => self.span,
        }
    }

    /// The place of the key at `path`, or what [`Tree::place`] gives if the path does not end in a key.
    pub(crate) fn place_of_key(&self, path: &[&str]) -> Span {
        let Some((last, parent)) = path.split_last() else { return self.label_span() };
        let key = self.at(parent).and_then(|tree| tree.entries().iter().find(|(key, _)| key.text == *last));
        key.map_or_else(|| self.place(path), |(key, _)| key.span)
    }

    /// The value at `path`.
    pub(crate) fn at(&self, path: &[&str]) -> Option<&Tree> {
        path.iter().try_fold(self, |tree, step| match &tree.node {
            Node::List(items) => items.get(step.parse::<usize>().ok()?),
            _ => tree.get(step),
        })
    }

    /// A place short enough to underline: a scalar's own, of a mapping its first key.
    pub(crate) fn label_span(&self) -> Span {
        match &self.node {
            Node::Map(entries) if !entries.is_empty() => entries[0].0.span,
            Node::List(items) if !items.is_empty() => items[0].label_span(),
            Node::Map(_) | Node::List(_) => Span { len: self.span.len.min(2), ..self.span },
            _ => self.span,
        }
    }

    /// True for what is neither a mapping nor a list.
    pub(crate) const fn is_scalar(&self) -> bool {
        !matches!(self.node, Node::Map(_) | Node::List(_))
    }

    /// Writes all that it holds; trees that are written alike are alike but for their places.
    pub(crate) fn write(&self, out: &mut String) {
        match &self.node {
            Node::Null => out.push('~'),
            Node::Bool(value) => out.push(if *value { '+' } else { '-' }),
            Node::Number(text) => out.extend(["#", text, " "]),
            Node::Text(text) => out.extend(["\"", text, "\0"]),
            Node::List(items) => {
                out.push('[');
                items.iter().for_each(|item| item.write(out));
                out.push(']');
            }
            Node::Map(entries) => {
                out.push('{');
                for (key, value) in entries {
                    out.extend([&key.text, "\0"]);
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// It as YAML on one line.
    pub(crate) fn flow(&self) -> String {
        let joined = |parts: Vec<String>| parts.join(", ");
        match &self.node {
            Node::Null => "null".into(),
            Node::Bool(value) => value.to_string(),
            Node::Number(text) => text.clone(),
            Node::Text(text) => flow_text(text),
            Node::List(items) => format!("[{}]", joined(items.iter().map(Tree::flow).collect())),
            Node::Map(entries) => {
                let pair = |(key, value): &(Key, Tree)| format!("{}: {}", flow_text(&key.text), value.flow());
                format!("{{{}}}", joined(entries.iter().map(pair).collect()))
            }
        }
    }

    /// What it is, in words.
    pub(crate) const fn kind(&self) -> &'static str {
        match &self.node {
            Node::Null => "nothing",
            Node::Bool(_) => "true or false",
            Node::Number(_) => "a number",
            Node::Text(_) => "text",
            Node::List(_) => "a list",
            Node::Map(_) => "a mapping",
        }
    }
}

/// Text as a scalar of YAML on one line: plain where that reads as the same text, else in double quotes.
fn flow_text(text: &str) -> String {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "_./%+-".contains(letter);
    let word = matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off");
    let plain = text.starts_with(|letter: char| letter.is_ascii_alphanumeric()) && text.chars().all(safe) && !word;
    if plain && text.parse::<f64>().is_err() { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use crate::text::report::Report;
    use crate::text::yaml;

    #[test]
    fn a_value_on_one_line_reads_as_the_same_value() {
        for text in
            ["{a: [1, 2.50], b: {c: \"x, y\"}}", "\"7\"", "7", "[null, true, \"true\", 90m, \"a b\", \"\"]", "\"it's \\\"quoted\\\"\""]
        {
            let mut report = Report::default();
            let mut read = |text: &str| {
                let file = report.sources.add("a", text);
                yaml::documents(file, &mut report).remove(0)
            };
            let once = read(text);
            let twice = read(&once.flow());
            assert_eq!((once.flow(), once.flow()), (twice.flow(), text.to_owned()));
        }
    }
}
