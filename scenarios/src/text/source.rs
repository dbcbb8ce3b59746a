//! Sources by number, and places in them.

use std::sync::Arc;

/// A place: a stretch of bytes of a source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Span {
    pub(crate) file: u32,
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// A file, or an override of the command line.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: Arc<String>,
}

impl Source {
    /// Line and column (in characters) of a byte, both from 1.
    pub(crate) fn line_column(&self, byte: usize) -> (usize, usize) {
        let before = &self.text.as_bytes()[..byte.min(self.text.len())];
        let line_start = before.iter().rposition(|b| *b == b'\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        // Bytes that continue a UTF-8 character do not count.
        let column = 1 + before[line_start..].iter().filter(|b| (**b & 0xC0) != 0x80).count();
        (line, column)
    }
}

/// All sources of a scenario.
#[derive(Debug, Default)]
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    /// Takes a source in and gives its number.
    pub(crate) fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> u32 {
        self.0.push(Source { name: name.into(), text: Arc::new(text.into()) });
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
