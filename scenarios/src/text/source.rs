//! Sources by number, and places in them.

use std::sync::Arc;

/// A place: a stretch of bytes of a source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Span {
    pub(crate) file: u32,
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// Bytes that an excerpt of a record shows before and after the place.
const BEFORE: usize = 24;
/// Bytes of the place itself that it shows at most.
const SHOWN: usize = 40;

/// A file, or an override of the command line.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: Arc<String>,
    /// Where lines begin.
    lines: Vec<usize>,
    /// The number of the first line in its file, if this is a record: a line of a file of many, long, and read as JSON.
    record: Option<usize>,
}

impl Source {
    fn new(name: String, text: String) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect();
        Self { name, text: Arc::new(text), lines, record: None }
    }

    /// Line and column (in characters) of a byte, both from 1.
    pub(crate) fn line_column(&self, byte: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines[line - 1];
        let column = self.text[start..].char_indices().take_while(|(offset, _)| start + offset < byte).count();
        (line + self.record.map_or(0, |first| first - 1), 1 + column)
    }

    /// True for a record, whose text is too long to be shown as a whole.
    pub(crate) const fn is_record(&self) -> bool {
        self.record.is_some()
    }

    /// The text around a stretch of bytes, with dots where it goes on.
    pub(crate) fn around(&self, start: usize, len: usize) -> String {
        let boundary = |at: usize| (0..=at.min(self.text.len())).rev().find(|byte| self.text.is_char_boundary(*byte)).unwrap_or(0);
        let (from, to) = (boundary(start.saturating_sub(BEFORE)), boundary(start + len.min(SHOWN) + BEFORE));
        let dots = |there: bool| if there { "…" } else { "" };
        format!("{}{}{}", dots(from > 0), &self.text[from.min(to)..to], dots(to < self.text.len()))
    }
}

/// All sources of a scenario.
#[derive(Debug, Default)]
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    /// Takes a source in and gives its number.
    pub(crate) fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> u32 {
        self.0.push(Source::new(name.into(), text.into()));
        (self.0.len() - 1) as u32
    }

    /// Takes a line of a file of records in and gives its number as a source.
    pub(crate) fn add_record(&mut self, name: impl Into<String>, line: usize, text: impl Into<String>) -> u32 {
        self.0.push(Source { record: Some(line), ..Source::new(name.into(), text.into()) });
        (self.0.len() - 1) as u32
    }

    /// The sources in the order in which they came.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    pub(crate) fn get(&self, file: u32) -> &Source {
        &self.0[file as usize]
    }

    /// `file:line:column`.
    pub(crate) fn place(&self, span: Span) -> String {
        let source = self.get(span.file);
        let (line, column) = source.line_column(span.start as usize);
        format!("{}:{line}:{column}", source.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_lines_and_characters() {
        let source = Source::new("a".into(), "ab\nä: x\n".into());
        let cases = [(0, (1, 1)), (1, (1, 2)), (3, (2, 1)), (5, (2, 2)), (7, (2, 4)), (9, (3, 1)), (99, (3, 1))];
        for (byte, want) in cases {
            assert_eq!(source.line_column(byte), want, "byte {byte}");
        }
    }

    #[test]
    fn a_record_is_one_line_of_many_and_shown_in_part() {
        let mut sources = Sources::default();
        let text = format!("{}ä\"x\"{}", "a".repeat(50), "b".repeat(50));
        let file = sources.add_record("r.jsonl", 7, text);
        assert_eq!(sources.place(Span { file, start: 52, len: 3 }), "r.jsonl:7:52");
        assert_eq!(sources.get(file).around(52, 3), format!("…{}ä\"x\"{}…", "a".repeat(22), "b".repeat(24)));
        assert_eq!(sources.get(file).around(0, 1), format!("{}…", "a".repeat(25)));
    }
}
