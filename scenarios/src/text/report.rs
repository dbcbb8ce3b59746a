//! Collects problems and notes while files are read and compiled, so that a user sees all of them at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use miette::{NamedSource, SourceSpan};

use super::json;
use super::source::{Sources, Span};
use crate::problem::{Code, Note, Problem, Problems, Treatment};

/// More problems than anyone reads; further ones are dropped.
const PROBLEMS_MAX: usize = 500;

/// A problem by its place's number.
#[derive(Debug)]
pub(crate) struct Draft {
    code: Code,
    span: Span,
    message: String,
    label: String,
    help: Option<String>,
}

impl Draft {
    /// What is written at the place.
    pub(crate) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = label.into();
        self
    }

    /// What would be right.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) sources: Sources,
    drafts: Vec<Draft>,
    notes: BTreeSet<(Span, String, Treatment, String)>,
}

impl Report {
    /// Adds a problem.
    pub(crate) fn problem(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Draft {
        self.drafts.push(Draft { code, span, message: message.into(), label: "here".into(), help: None });
        self.drafts.last_mut().expect("one was just pushed")
    }

    /// Adds a note, once for each place and field.
    pub(crate) fn note(&mut self, span: Span, field: impl Into<String>, treatment: Treatment, text: impl Into<String>) {
        self.notes.insert((span, field.into(), treatment, text.into()));
    }

    /// How many problems there are so far.
    pub(crate) fn count(&self) -> usize {
        self.drafts.len()
    }

    /// True if nothing is wrong so far.
    pub(crate) fn is_clean(&self) -> bool {
        self.drafts.is_empty()
    }

    /// The notes in the order of places.
    pub(crate) fn notes(&self) -> Vec<Note> {
        let note = |(span, field, treatment, text): &(Span, String, Treatment, String)| Note {
            place: self.sources.place(*span),
            field: field.clone(),
            treatment: *treatment,
            text: text.clone(),
        };
        self.notes.iter().map(note).collect()
    }

    /// The problems in the order of places, none twice.
    pub(crate) fn problems(&self) -> Problems {
        let mut drafts: Vec<&Draft> = self.drafts.iter().collect();
        drafts.sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
        drafts.dedup_by(|a, b| (a.span, a.code, &a.message) == (b.span, b.code, &b.message));
        Problems(drafts.into_iter().take(PROBLEMS_MAX).map(|draft| self.finish(draft)).collect())
    }

    fn finish(&self, draft: &Draft) -> Problem {
        let source = self.sources.get(draft.span.file);
        let (line, column) = source.line_column(draft.span.start as usize);
        let start = (draft.span.start as usize).min(source.text.len());
        let len = (draft.span.len as usize).min(source.text.len() - start);
        let shown = if source.is_record() { Arc::default() } else { source.text.clone() };
        let len_shown = if source.is_record() { 0 } else { len };
        let start_shown = if source.is_record() { 0 } else { start };
        Problem {
            code: draft.code,
            message: draft.message.clone(),
            label: draft.label.clone(),
            help: draft.help.clone(),
            file: source.name.clone(),
            line,
            column,
            record: source.is_record().then(|| place_in_record(&source.text, start, &source.around(start, len))),
            source_text: NamedSource::new(&source.name, shown).with_language("yaml"),
            span: SourceSpan::new(start_shown.into(), len_shown),
        }
    }
}

/// The path of a place in a record, and the text around it.
fn place_in_record(text: &str, start: usize, around: &str) -> String {
    let path = json::path_at(text, start).map(|path| format!("{path}: "));
    format!("{}{around}", path.unwrap_or_default())
}
