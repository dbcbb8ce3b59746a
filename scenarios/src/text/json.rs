//! JSON text to trees, with the place of every value: records are lines of many megabytes, which the YAML reader is too slow for.
//!
//! Source of the grammar: RFC 8259.

use super::report::Report;
use super::source::Span;
use super::tree::{Key, Node, Tree};
use crate::problem::Code;

/// Deepest nesting.
const DEPTH_MAX: usize = 64;

/// What is wrong with a text, and at which byte.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    at: usize,
    message: &'static str,
}

/// The value that a source holds. What is no JSON is reported and gives none.
pub(crate) fn document(file: u32, report: &mut Report) -> Option<Tree> {
    let text = report.sources.get(file).text.clone();
    let mut reader = Reader { text: &text, bytes: text.as_bytes(), at: 0, file, twice: Vec::new() };
    match reader.whole() {
        Ok(tree) => {
            for (key, span) in reader.twice {
                report.problem(Code::JsonDuplicateKey, span, format!("the key `{key}` is here a second time"));
            }
            Some(tree)
        }
        Err(fault) => {
            let span = Span { file, start: fault.at as u32, len: 1 };
            report.problem(Code::JsonSyntax, span, format!("this is no JSON: {}", fault.message));
            None
        }
    }
}

/// The path of the innermost value that byte `at` of `text` belongs to, such as `pods[3].spec.nodeName`; `None` if there is none.
pub(crate) fn path_at(text: &str, at: usize) -> Option<String> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, file: 0, twice: Vec::new() };
    let tree = reader.whole().ok()?;
    let mut path = String::new();
    descend(&tree, at as u32, &mut path);
    (!path.is_empty()).then_some(path)
}

fn descend(tree: &Tree, at: u32, path: &mut String) {
    let within = |span: Span| (span.start..span.start + span.len.max(1)).contains(&at);
    match &tree.node {
        Node::Map(entries) => {
            if let Some((key, value)) = entries.iter().find(|(key, value)| within(key.span) || within(value.span)) {
                path.push_str(if path.is_empty() { "" } else { "." });
                path.push_str(&key.text);
                descend(value, at, path);
            }
        }
        Node::List(items) => {
            if let Some((row, item)) = items.iter().enumerate().find(|(_, item)| within(item.span)) {
                *path += &format!("[{row}]");
                descend(item, at, path);
            }
        }
        _ => {}
    }
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    file: u32,
    /// Keys that came a second time.
    twice: Vec<(String, Span)>,
}

impl Reader<'_> {
    fn whole(&mut self) -> Result<Tree, Fault> {
        let tree = self.value(0)?;
        self.blank();
        if self.at < self.bytes.len() { self.fault("something follows the value") } else { Ok(tree) }
    }

    fn fault<T>(&self, message: &'static str) -> Result<T, Fault> {
        Err(Fault { at: self.at.min(self.bytes.len()), message })
    }

    fn blank(&mut self) {
        while self.bytes.get(self.at).is_some_and(|byte| b" \t\r\n".contains(byte)) {
            self.at += 1;
        }
    }

    /// The next byte that is no space.
    fn peek(&mut self) -> Option<u8> {
        self.blank();
        self.bytes.get(self.at).copied()
    }

    /// Takes `byte` if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize) -> Result<Tree, Fault> {
        if depth > DEPTH_MAX {
            return self.fault("it is nested too deeply");
        }
        let first = self.peek();
        let start = self.at;
        let node = match first {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Node::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => self.word()?,
            None => return self.fault("a value is missing at its end"),
        };
        Ok(Tree { node, span: self.span(start) })
    }

    fn span(&self, start: usize) -> Span {
        Span { file: self.file, start: start as u32, len: (self.at - start) as u32 }
    }

    fn map(&mut self, depth: usize) -> Result<Node, Fault> {
        self.at += 1;
        let mut entries: Vec<(Key, Tree)> = Vec::new();
        while !self.take(b'}') {
            if !entries.is_empty() && !self.take(b',') {
                return self.fault("`,` or `}` is missing");
            }
            let key = self.key()?;
            let value = self.value(depth + 1)?;
            // Objects have few keys; only mappings of labels and of nodes' names are long, and machines write those.
            if entries.len() < 64 && entries.iter().any(|(known, _)| known.text == key.text) {
                self.twice.push((key.text, key.span));
            } else {
                entries.push((key, value));
            }
        }
        Ok(Node::Map(entries))
    }

    fn key(&mut self) -> Result<Key, Fault> {
        if self.peek() != Some(b'"') {
            return self.fault("a key in quotes is missing");
        }
        let start = self.at;
        let text = self.string()?;
        let span = self.span(start);
        if self.take(b':') { Ok(Key { text, span }) } else { self.fault("`:` is missing") }
    }

    fn list(&mut self, depth: usize) -> Result<Node, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.take(b']') {
            if !items.is_empty() && !self.take(b',') {
                return self.fault("`,` or `]` is missing");
            }
            items.push(self.value(depth + 1)?);
        }
        Ok(Node::List(items))
    }

    fn number(&mut self) -> Result<Node, Fault> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c))).unwrap_or(rest.len());
        let text = &rest[..end];
        // Rust reads all numbers of JSON, and `inf`, which cannot come here, for a digit or a minus was seen.
        if end > 100 || text.parse::<f64>().is_err() || text.starts_with("-i") || text.starts_with("-n") {
            return self.fault("this is no number");
        }
        self.at += end;
        Ok(Node::Number(text.to_owned()))
    }

    fn word(&mut self) -> Result<Node, Fault> {
        let known = [("null", Node::Null), ("true", Node::Bool(true)), ("false", Node::Bool(false))];
        let found = known.into_iter().find(|(word, _)| self.bytes[self.at..].starts_with(word.as_bytes()));
        let Some((word, node)) = found else { return self.fault("this is no value") };
        self.at += word.len();
        Ok(node)
    }

    fn string(&mut self) -> Result<String, Fault> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = &self.bytes[self.at..];
            let Some(plain) = rest.iter().position(|byte| *byte == b'"' || *byte == b'\\' || *byte < b' ') else {
                return self.fault("a closing quote is missing");
            };
            text.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain;
            match self.bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Ok(text);
                }
                b'\\' => text.push(self.escaped()?),
                _ => return self.fault("a control character must be escaped"),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Fault> {
        let letter = self.bytes.get(self.at + 1).copied();
        self.at += 2;
        Ok(match letter {
            Some(same @ (b'"' | b'\\' | b'/')) => char::from(same),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.fault("this escape is unknown"),
        })
    }

    /// Four hexadecimal digits, or two times four for what lies beyond them.
    fn unicode(&mut self) -> Result<char, Fault> {
        let high = self.four()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
            self.at += 2;
            let low = self.four()?;
            0x1_0000 + ((high - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff)
        } else {
            high
        };
        char::from_u32(code).map_or_else(|| self.fault("this escape is no character"), Ok)
    }

    fn four(&mut self) -> Result<u32, Fault> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) else {
            return self.fault("four hexadecimal digits are missing");
        };
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Tree, Fault> {
        Reader { text, bytes: text.as_bytes(), at: 0, file: 0, twice: Vec::new() }.whole()
    }

    #[test]
    fn values_know_their_places() {
        let text = r#" {"a": [1, -2.5e3, "x\n\u00e4\ud83d\ude00"], "b": {"c": null, "d": true}} "#;
        let tree = read(text).unwrap();
        let at = |path: &[&str]| {
            let span = tree.at(path).unwrap().span;
            &text[span.start as usize..(span.start + span.len) as usize]
        };
        assert_eq!((at(&["a", "0"]), at(&["a", "1"]), at(&["b", "d"])), ("1", "-2.5e3", "true"));
        assert_eq!(at(&["b"]), r#"{"c": null, "d": true}"#);
        assert_eq!(tree.at(&["a", "2"]).and_then(Tree::text), Some("x\nä😀"));
    }

    #[test]
    fn what_is_no_json_says_where() {
        #[rustfmt::skip]
        let cases = [
            ("", 0), ("{", 1), ("[1 2]", 3), ("{\"a\" 1}", 5), ("{a: 1}", 1), ("nul", 0), ("\"abc", 1), ("\"\\q\"", 3), ("1.2.3", 0), ("[1,]", 3),
            ("{} x", 3), ("\"\\ud800\"", 7), ("-inf", 0), ("\"\\u12", 3), ("\"\\", 2),
        ];
        for (text, at) in cases {
            assert_eq!(read(text).unwrap_err().at, at, "{text}");
        }
        assert!(read(&"[".repeat(10_000)).is_err());
    }

    #[test]
    fn a_byte_has_a_path() {
        let text = r#"{"pods": [{"name": "a"}, {"spec": {"cpu": 1}}]}"#;
        let cases = [(2, "pods"), (12, "pods[0].name"), (20, "pods[0].name"), (42, "pods[1].spec.cpu")];
        for (at, want) in cases {
            assert_eq!(path_at(text, at).as_deref(), Some(want), "byte {at}");
        }
    }
}
