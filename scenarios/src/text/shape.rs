//! Checks a tree against a JSON Schema that was generated from the Rust types: unknown keys, wrong types, missing keys, unknown
//! choices, all of them at once. The same check serves scenarios (our types) and manifests (those of Kubernetes).

use serde_json::{Map, Value};

use super::decode::BARE;
use super::nearest::{list, suggestion};
use super::report::Report;
use super::source::Span;
use super::tree::{Key, Node, Tree};
use crate::problem::Code;

/// The codes by which a kind of file names its problems.
#[derive(Clone, Copy)]
pub(crate) struct Codes {
    unknown_key: Code,
    wrong_type: Code,
    missing: Code,
}

/// Codes of scenarios.
pub(crate) const SCENARIO: Codes = Codes { unknown_key: Code::UnknownKey, wrong_type: Code::WrongType, missing: Code::MissingKey };
/// Codes of scheduler configurations.
pub(crate) const CONFIGURATION: Codes =
    Codes { unknown_key: Code::ConfigUnknownKey, wrong_type: Code::ConfigWrongType, missing: Code::ConfigMissingKey };
/// Codes of manifests.
pub(crate) const MANIFEST: Codes =
    Codes { unknown_key: Code::ManifestUnknownKey, wrong_type: Code::ManifestWrongType, missing: Code::ManifestMissing };

/// Checks `tree` against `schema` and reports; true if all is well.
pub(crate) fn check(tree: &Tree, schema: &Value, codes: Codes, report: &mut Report) -> bool {
    let before = report.count();
    let mut checker = Checker { root: schema, codes, report };
    checker.value(tree, schema, &Spot { path: String::new(), span: tree.label_span() });
    report.count() == before
}

/// Where the checker is: the path for messages, the place for excerpts.
struct Spot {
    path: String,
    span: Span,
}

impl Spot {
    fn key(&self, key: &Key, value: &Tree) -> Self {
        let path = if self.path.is_empty() { key.text.clone() } else { format!("{}.{}", self.path, key.text) };
        // A mapping or list is shown by its key, a scalar by itself.
        let empty = value.span.len == 0;
        Self { path, span: if value.is_scalar() && !empty { value.span } else { key.span } }
    }

    fn item(&self, index: usize, value: &Tree) -> Self {
        Self { path: format!("{}[{index}]", self.path), span: value.label_span() }
    }

    fn name(&self) -> String {
        if self.path.is_empty() { "the document".into() } else { format!("`{}`", self.path) }
    }
}

struct Checker<'a> {
    root: &'a Value,
    codes: Codes,
    report: &'a mut Report,
}

impl<'a> Checker<'a> {
    fn value(&mut self, tree: &Tree, schema: &'a Value, at: &Spot) {
        let schema = self.resolve(schema);
        let Some(object) = schema.as_object() else { return };
        if object.contains_key("not") {
            return self.not_supported(schema, at);
        }
        match self.alternatives(object) {
            Some(alternatives) => self.choice(tree, &alternatives, schema, at),
            None => self.plain(tree, object, at),
        }
    }

    /// Follows references.
    fn resolve(&self, mut schema: &'a Value) -> &'a Value {
        while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let Some(target) = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) else { break };
            schema = target;
        }
        schema
    }

    /// What may stand here besides null, if there are several things.
    fn alternatives(&self, schema: &'a Map<String, Value>) -> Option<Vec<&'a Value>> {
        let listed = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
        let not_null = |schema: &&Value| schema.get("type").and_then(Value::as_str) != Some("null");
        Some(listed.iter().filter(not_null).flat_map(|schema| self.flat(schema)).collect())
    }

    /// An alternative, or those that it consists of.
    fn flat(&self, schema: &'a Value) -> Vec<&'a Value> {
        let schema = self.resolve(schema);
        let nested = schema.as_object().and_then(|object| self.alternatives(object));
        nested.unwrap_or_else(|| vec![schema])
    }

    fn choice(&mut self, tree: &Tree, alternatives: &[&'a Value], schema: &'a Value, at: &Spot) {
        let tags: Vec<(&'a str, &'a Value)> = alternatives.iter().copied().filter_map(tag).collect();
        let words: Vec<&'a str> = alternatives.iter().copied().flat_map(words).collect();
        if let [only] = alternatives
            && only.get("not").is_some()
        {
            return self.not_supported(schema, at);
        }
        match &tree.node {
            Node::Map(entries) if !tags.is_empty() => self.tagged(entries, alternatives, at),
            Node::Text(text) if words.contains(&text.as_str()) => {}
            Node::Text(text) if !words.is_empty() => self.unknown_choice(text, at.span, &words, at),
            _ => match alternatives.iter().find(|schema| tag(schema).is_none() && accepts(tree, schema)) {
                Some(found) => self.value(tree, found, at),
                None => self.wrong_choice(tree, alternatives, &tags, schema, at),
            },
        }
    }

    fn tagged(&mut self, entries: &[(Key, Tree)], alternatives: &[&'a Value], at: &Spot) {
        let tags: Vec<_> = alternatives.iter().filter_map(|schema| Some((tag(schema)?, *schema))).collect();
        let names: Vec<&str> = tags.iter().map(|((name, _), _)| *name).collect();
        for (key, value) in entries {
            let inner = at.key(key, value);
            match tags.iter().find(|((name, _), _)| *name == key.text) {
                Some(((_, content), schema)) if content.get("not").is_some() => self.not_supported(schema, &inner),
                Some(((_, content), _)) => self.value(value, content, &inner),
                None => self.unknown_choice(&key.text, key.span, &names, at),
            }
        }
        if entries.len() != 1 {
            let second = entries.get(1).map_or(at.span, |(key, _)| key.span);
            let known = names.iter().copied().filter(|name| *name != BARE);
            self.report
                .problem(Code::Conflict, second, format!("{} wants exactly one choice", at.name()))
                .help(format!("choose one of {}", list(known)));
        }
    }

    fn unknown_choice(&mut self, word: &str, span: Span, known: &[&str], at: &Spot) {
        let known: Vec<&str> = known.iter().copied().filter(|name| *name != BARE).collect();
        self.report
            .problem(Code::UnknownChoice, span, format!("{} has no choice `{}`", at.name(), shorten(word)))
            .help(suggestion(word, known.iter().copied()));
    }

    fn wrong_choice(&mut self, tree: &Tree, alternatives: &[&'a Value], tags: &[(&str, &Value)], schema: &'a Value, at: &Spot) {
        let bare = alternatives.iter().find(|schema| tag(schema).is_none() && schema.get("type").is_some());
        let wanted = bare.map_or_else(|| "a choice".into(), |schema| wanted(schema));
        let names = tags.iter().map(|(name, _)| *name).filter(|name| *name != BARE);
        let help = match (tags.is_empty(), examples(bare.copied().unwrap_or(schema))) {
            (true, Some(examples)) => format!("for example {examples}"),
            (true, None) => format!("it should be {wanted}"),
            (false, Some(examples)) => format!("for example {examples}, or one of {}", list(names)),
            (false, None) => format!("one of {}", list(names)),
        };
        self.report.problem(self.codes.wrong_type, at.span, format!("{} should be {wanted}, but is {}", at.name(), tree.kind())).help(help);
    }

    fn plain(&mut self, tree: &Tree, schema: &'a Map<String, Value>, at: &Spot) {
        if let Some(words) = schema.get("enum").and_then(Value::as_array)
            && let Node::Text(text) = &tree.node
        {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            if !words.contains(&text.as_str()) {
                self.unknown_choice(text, at.span, &words, at);
            }
            return;
        }
        if let (Some(word), Node::Text(text)) = (schema.get("const").and_then(Value::as_str), &tree.node)
            && word != text
        {
            return self.unknown_choice(text, at.span, &[word], at);
        }
        match &tree.node {
            _ if !accepts_type(tree, schema) => self.wrong_type(tree, schema, at),
            Node::Map(entries) => self.map(entries, schema, at),
            Node::List(items) => self.list(items, schema, at),
            Node::Number(text) => self.range(text, schema, at),
            _ => {}
        }
    }

    fn wrong_type(&mut self, tree: &Tree, schema: &'a Map<String, Value>, at: &Spot) {
        let value = Value::Object(schema.clone());
        let message = format!("{} should be {}, but is {}", at.name(), wanted(&value), tree.kind());
        let draft = self.report.problem(self.codes.wrong_type, at.span, message);
        match (examples(&value), &tree.node) {
            (Some(examples), _) => draft.help(format!("for example {examples}")),
            (None, Node::Number(text)) => draft.help(format!("write it in quotes: \"{text}\"")),
            (None, Node::Bool(value)) => draft.help(format!("write it in quotes: \"{value}\"")),
            _ => draft,
        };
    }

    fn map(&mut self, entries: &[(Key, Tree)], schema: &'a Map<String, Value>, at: &Spot) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties");
        for (key, value) in entries {
            let known = properties.and_then(|properties| properties.get(&key.text));
            match (known, additional) {
                (Some(_) | None, _) if value.node == Node::Null && (known.is_some() || properties.is_none()) => {}
                (Some(schema), _) => self.value(value, schema, &at.key(key, value)),
                (None, Some(schema)) if schema.is_object() => self.value(value, schema, &at.key(key, value)),
                (None, Some(Value::Bool(true))) => {}
                (None, _) => {
                    if let Some(properties) = properties {
                        self.unknown_key(key, properties, at);
                    }
                }
            }
        }
        self.required(entries, schema, at);
    }

    fn unknown_key(&mut self, key: &Key, properties: &'a Map<String, Value>, at: &Spot) {
        self.report
            .problem(self.codes.unknown_key, key.span, format!("{} has no key `{}`", at.name(), shorten(&key.text)))
            .label("unknown key")
            .help(suggestion(&key.text, properties.keys().map(String::as_str)));
    }

    fn required(&mut self, entries: &[(Key, Tree)], schema: &'a Map<String, Value>, at: &Spot) {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in required {
            let given = entries.iter().any(|(key, value)| key.text == name && value.node != Node::Null);
            if !given {
                self.report
                    .problem(self.codes.missing, at.span, format!("{} lacks the key `{name}`", at.name()))
                    .label(format!("`{name}` is missing here"));
            }
        }
    }

    fn list(&mut self, items: &[Tree], schema: &'a Map<String, Value>, at: &Spot) {
        let prefix = schema.get("prefixItems").and_then(Value::as_array);
        for (index, item) in items.iter().enumerate() {
            let each = prefix.and_then(|prefix| prefix.get(index)).or_else(|| schema.get("items"));
            if let Some(each) = each {
                self.value(item, each, &at.item(index, item));
            }
        }
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
        let most = schema.get("maxItems").and_then(Value::as_u64).unwrap_or(u64::MAX);
        if !(least..=most).contains(&(items.len() as u64)) {
            let wanted = if least == most { format!("{least}") } else { format!("{least} or more") };
            self.report.problem(
                self.codes.wrong_type,
                at.span,
                format!("{} should have {wanted} elements, but has {}", at.name(), items.len()),
            );
        }
    }

    fn range(&mut self, text: &str, schema: &'a Map<String, Value>, at: &Spot) {
        let Ok(value) = text.parse::<f64>() else { return };
        let (low, high) = bounds(schema);
        if value < low || value > high {
            self.report.problem(Code::OutOfRange, at.span, format!("{} is {text}, out of range", at.name())).help(if high > 1e15 {
                format!("{low} or more")
            } else {
                format!("{low} to {high}")
            });
        }
    }

    fn not_supported(&mut self, schema: &Value, at: &Spot) {
        let reason = schema.get("description").and_then(Value::as_str).unwrap_or("It cannot be simulated yet.");
        self.report.problem(Code::NotSupported, at.span, format!("{} is not supported yet", at.name())).help(reason.replace('\n', " "));
    }
}

/// The name and content of an externally tagged alternative.
fn tag(schema: &Value) -> Option<(&str, &Value)> {
    let properties = schema.get("properties")?.as_object()?;
    let required = schema.get("required")?.as_array()?;
    let (name, content) = properties.iter().next()?;
    (properties.len() == 1 && required.len() == 1).then_some((name.as_str(), content))
}

/// The words that an alternative admits.
fn words(schema: &Value) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    listed.chain(schema.get("const")).filter_map(Value::as_str).collect()
}

fn accepts(tree: &Tree, schema: &Value) -> bool {
    schema.as_object().is_none_or(|object| accepts_type(tree, object))
}

fn accepts_type(tree: &Tree, schema: &Map<String, Value>) -> bool {
    if schema.contains_key("x-kubernetes-int-or-string") {
        return matches!(tree.node, Node::Text(_) | Node::Number(_));
    }
    match schema.get("type") {
        None => true,
        Some(Value::Array(types)) => types.iter().filter_map(Value::as_str).any(|name| is_a(tree, name)),
        Some(name) => name.as_str().is_none_or(|name| is_a(tree, name)),
    }
}

fn is_a(tree: &Tree, name: &str) -> bool {
    match (&tree.node, name) {
        (Node::Null, "null")
        | (Node::Bool(_), "boolean")
        | (Node::Text(_), "string")
        | (Node::List(_), "array")
        | (Node::Map(_), "object")
        | (Node::Number(_), "number") => true,
        (Node::Number(text), "integer") => text.parse::<i128>().is_ok(),
        _ => false,
    }
}

/// What a schema wants, in words.
fn wanted(schema: &Value) -> String {
    let word = |name: &str| match name {
        "object" => "a mapping",
        "array" => "a list",
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        _ => "nothing",
    };
    match schema.get("type") {
        Some(Value::String(name)) if name == "string" && schema.get("examples").is_some() => "text with a unit".into(),
        Some(Value::String(name)) => word(name).into(),
        Some(Value::Array(names)) => {
            let words: Vec<&str> = names.iter().filter_map(Value::as_str).filter(|name| *name != "null").map(word).collect();
            words.join(" or ")
        }
        _ => "text or a number".into(),
    }
}

fn examples(schema: &Value) -> Option<String> {
    let examples = schema.get("examples")?.as_array()?;
    let texts: Vec<String> =
        examples.iter().map(|example| format!("`{}`", example.as_str().map_or_else(|| example.to_string(), Into::into))).collect();
    Some(texts.join(", "))
}

/// The range of a number by its bounds and format.
fn bounds(schema: &Map<String, Value>) -> (f64, f64) {
    let (low, high) = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => (0.0, f64::from(u8::MAX)),
        Some("uint16") => (0.0, f64::from(u16::MAX)),
        Some("uint32") => (0.0, f64::from(u32::MAX)),
        Some("uint64") => (0.0, u64::MAX as f64),
        Some("int32") => (f64::from(i32::MIN), f64::from(i32::MAX)),
        Some("int64") => (i64::MIN as f64, i64::MAX as f64),
        _ => (f64::MIN, f64::MAX),
    };
    let given = |key: &str| schema.get(key).and_then(Value::as_f64);
    (given("minimum").unwrap_or(low).max(low), given("maximum").unwrap_or(high).min(high))
}

/// A word short enough for a message.
pub(crate) fn shorten(word: &str) -> String {
    match word.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}
