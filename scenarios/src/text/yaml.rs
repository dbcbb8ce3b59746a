//! YAML text to trees. The only module that knows the YAML crate.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Options, Spanned};

use super::report::Report;
use super::source::Span;
use super::tree::{Key, Node, Tree};
use crate::problem::Code;

/// Most values of one file: far above any scenario, far below what hurts.
const NODES_MAX: usize = 2_000_000;
/// Most values that come from aliases: enough for shared snippets, too few for a bomb.
const REPLAYED_MAX: usize = 20_000;
/// Deepest nesting.
const DEPTH_MAX: usize = 48;

/// The documents of a source. What is no YAML is reported and gives none.
pub(crate) fn documents(file: u32, report: &mut Report) -> Vec<Tree> {
    let text = report.sources.get(file).text.clone();
    match serde_saphyr::from_multiple_with_options::<Spanned<Raw>>(&text, options()) {
        Ok(raws) => raws.into_iter().map(|raw| Plant { file, text: &text, report }.tree(raw)).collect(),
        Err(error) => {
            refuse(&error, file, &text, report);
            Vec::new()
        }
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        // Reported by us, with the place of both.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        // Text where a number is wanted is reported with its place like any other.
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: REPLAYED_MAX,
        },
        budget: serde_saphyr::budget! {
            max_nodes: NODES_MAX,
            max_events: 2 * NODES_MAX,
            max_depth: DEPTH_MAX,
        },
    }
}

/// Reports what the YAML reader did not accept.
fn refuse(error: &serde_saphyr::Error, file: u32, text: &str, report: &mut Report) {
    let message = error.without_snippet().to_string();
    let message = message.lines().next().unwrap_or_default();
    // The place is shown by us.
    let message = message.split(" at line ").next().unwrap_or(message);
    let span = error.location().map_or(Span { file, ..Span::default() }, |location| place(file, text, &location));
    if is_budget(error, message) {
        report
            .problem(Code::YamlBudget, span, format!("the document is too large or too deep: {message}"))
            .help("aliases that expand without bound and very deep nesting are refused");
    } else {
        report.problem(Code::YamlSyntax, span, format!("this is no YAML: {message}"));
    }
}

fn is_budget(error: &serde_saphyr::Error, message: &str) -> bool {
    matches!(error.without_snippet(), serde_saphyr::Error::Budget { .. })
        || ["budget", "limit", "alias replay"].iter().any(|word| message.contains(word))
}

fn place(file: u32, text: &str, location: &serde_saphyr::Location) -> Span {
    let span = location.span();
    let start = match span.byte_offset() {
        Some(offset) => offset as usize,
        None => text.char_indices().nth(span.offset() as usize).map_or(text.len(), |(byte, _)| byte),
    };
    let len = span.byte_len().unwrap_or_else(|| span.len()) as usize;
    let start = start.min(text.len());
    Span { file, start: start as u32, len: len.min(text.len() - start) as u32 }
}

/// A value as serde gives it.
enum Raw {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

/// Turns raw values into trees and reports duplicate keys on the way.
struct Plant<'a> {
    file: u32,
    text: &'a str,
    report: &'a mut Report,
}

impl Plant<'_> {
    fn tree(&mut self, raw: Spanned<Raw>) -> Tree {
        let span = place(self.file, self.text, &raw.defined);
        let node = match raw.value {
            Raw::Null => Node::Null,
            Raw::Bool(value) => Node::Bool(value),
            Raw::Number(value) => Node::Number(self.as_written(span).unwrap_or(value)),
            Raw::Text(text) => Node::Text(text),
            Raw::List(items) => Node::List(items.into_iter().map(|item| self.tree(item)).collect()),
            Raw::Map(entries) => Node::Map(self.map(entries)),
        };
        Tree { node, span }
    }

    /// A number's own text, which keeps `0.10` and `1e3` as they are.
    fn as_written(&self, span: Span) -> Option<String> {
        let text = self.text.get(span.start as usize..(span.start + span.len) as usize)?.trim();
        let looks_like_one = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) && text.len() < 100;
        looks_like_one.then(|| text.to_owned())
    }

    fn map(&mut self, entries: Vec<(Spanned<String>, Spanned<Raw>)>) -> Vec<(Key, Tree)> {
        let mut kept: Vec<(Key, Tree)> = Vec::with_capacity(entries.len());
        let mut seen = rustc_hash::FxHashMap::default();
        for (key, value) in entries {
            let span = place(self.file, self.text, &key.defined);
            let value = self.tree(value);
            match seen.insert(key.value.clone(), span) {
                Some(first) => self.duplicate(&key.value, span, first),
                None => kept.push((Key { text: key.value, span }, value)),
            }
        }
        kept
    }

    fn duplicate(&mut self, key: &str, span: Span, first: Span) {
        let (line, column) = self.report.sources.get(first.file).line_column(first.start as usize);
        self.report
            .problem(Code::YamlDuplicateKey, span, format!("the key `{key}` is here a second time"))
            .help(format!("it is already at {line}:{column}; keep one of them"));
    }
}
