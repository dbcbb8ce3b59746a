//! Where words go: results to standard output, diagnostics and hints to standard error.

use super::{BAD_INPUT, DONE, Format, Global};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use scenarios::{Note, Problem, Problems};
use serde_json::json;
use std::io::{IsTerminal, Write};

/// The terminal, or the pipes that stand for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    pub(super) global: Global,
}

impl Output {
    pub(super) const fn new(global: Global) -> Self {
        Self { global }
    }

    pub(super) fn is_json(&self) -> bool {
        self.global.format == Format::Json
    }

    /// True if progress should be shown.
    pub(super) fn shows_progress(&self) -> bool {
        !self.global.quiet && std::io::stderr().is_terminal()
    }

    /// Prints a result. A reader that has gone away is no error: it has seen what it wanted.
    pub(super) fn result(&self, text: &str) -> u8 {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        DONE
    }

    /// Prints a line about what was done, unless asked to be quiet.
    pub(super) fn hint(&self, text: &str) {
        if !self.global.quiet {
            self.problem(text);
        }
    }

    /// Prints a line to standard error.
    pub(super) fn problem(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Prints all problems, each with its place, excerpt and hint; the exit status says bad input.
    pub(super) fn problems(&self, problems: &Problems) -> u8 {
        if self.is_json() {
            problems.iter().for_each(|problem| self.json(&problem_json(problem)));
        } else {
            problems.iter().for_each(|problem| self.problem(&excerpt(problem, self.global.colored())));
        }
        let many = if problems.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", problems.len()) };
        self.hint(&format!("{many}; nothing was run or written"));
        BAD_INPUT
    }

    /// Prints one JSON line as a result.
    pub(super) fn json(&self, value: &serde_json::Value) {
        self.result(&format!("{value}\n"));
    }
}

/// Code, message, place, excerpt and hint of a problem.
fn excerpt(problem: &Problem, colored: bool) -> String {
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
    let title = Level::ERROR.primary_title(problem.message.as_str()).id(problem.code.name());
    if problem.source_text().is_empty() {
        return problem.plain() + "\n";
    }
    let mark = AnnotationKind::Primary.span(problem.range()).label(problem.label.as_str());
    let snippet = Snippet::source(problem.source_text()).path(problem.file.as_str()).annotation(mark);
    let report = title.element(snippet);
    let report = match &problem.help {
        Some(help) => report.element(Level::HELP.message(help.as_str())),
        None => report,
    };
    renderer.decor_style(DecorStyle::Unicode).term_width(100).render(&[report]) + "\n"
}

fn problem_json(problem: &Problem) -> serde_json::Value {
    json!({
        "problem": problem.code.name(), "message": problem.message, "file": problem.file,
        "line": problem.line, "column": problem.column, "help": problem.help,
    })
}

/// A note as a JSON object.
pub(super) fn note_json(note: &Note) -> serde_json::Value {
    json!({ "note": note.treatment.to_string(), "place": note.place, "field": note.field, "text": note.text })
}
