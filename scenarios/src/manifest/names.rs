//! Names, labels and keys as the API server admits them.

use crate::problem::Code;
use crate::text::report::Report;
use crate::text::shape::shorten;
use crate::text::source::Span;
use crate::text::tree::Tree;

/// Lower-case letters, digits and `-`, beginning and ending with a letter or digit, at most 63.
pub(crate) fn is_label_name(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = name.bytes().next().is_some_and(inner) && name.bytes().last().is_some_and(inner);
    ends && name.len() <= 63 && name.bytes().all(|b| inner(b) || b == b'-')
}

/// Label names joined by points, at most 253 characters.
pub(crate) fn is_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_label_name)
}

/// Letters, digits, `-`, `_`, `.`, beginning and ending with a letter or digit, at most 63.
fn is_plain_word(word: &str) -> bool {
    let end = |b: u8| b.is_ascii_alphanumeric();
    let ends = word.bytes().next().is_some_and(end) && word.bytes().last().is_some_and(end);
    ends && word.len() <= 63 && word.bytes().all(|b| end(b) || b"-_.".contains(&b))
}

/// A label key: a word, with an optional prefix `domain/`.
pub(crate) fn is_qualified(key: &str) -> bool {
    match key.split_once('/') {
        Some((domain, word)) => is_subdomain(domain) && is_plain_word(word),
        None => is_plain_word(key),
    }
}

/// A label value: a word or nothing.
pub(crate) fn is_label_value(value: &str) -> bool {
    value.is_empty() || is_plain_word(value)
}

/// Reports a name that is no label name.
pub(crate) fn label_name(name: &str, what: &str, span: Span, report: &mut Report) -> bool {
    let good = is_label_name(name);
    if !good {
        report
            .problem(Code::BadName, span, format!("`{}` is no name for {what}", shorten(name)))
            .help("at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends");
    }
    good
}

/// Checks name and labels of an object.
pub(crate) fn metadata(tree: &Tree, report: &mut Report) {
    labels(tree.at(&["metadata", "labels"]), report);
    let Some(name) = tree.text_at(&["metadata", "name"]) else {
        if tree.text_at(&["metadata", "generateName"]).is_none() {
            report.problem(Code::ManifestMissing, tree.place_of_key(&["metadata"]), "the object has no name").help("give `metadata.name`");
        }
        return;
    };
    if !is_subdomain(name) {
        report
            .problem(Code::BadName, tree.place(&["metadata", "name"]), format!("`{}` is no name for an object", shorten(name)))
            .help("lower-case letters, digits, `-` and `.`, with a letter or digit at both ends");
    }
}

/// Checks a mapping of labels.
pub(crate) fn labels(labels: Option<&Tree>, report: &mut Report) {
    for (key, value) in labels.map_or(&[][..], Tree::entries) {
        if !is_qualified(&key.text) {
            report.problem(Code::BadName, key.span, format!("`{}` is no label key", shorten(&key.text)));
        }
        if value.text().is_some_and(|text| !is_label_value(text)) {
            report
                .problem(Code::BadName, value.span, format!("`{}` is no label value", shorten(value.text().unwrap_or_default())))
                .help("at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_the_api_server_admits() {
        #[rustfmt::skip]
        let cases = [
            ("web", true, true), ("web-1", true, true), ("web.v1", false, true), ("Web", false, false), ("-web", false, false),
            ("web-", false, false), ("", false, false), ("web_1", false, false), ("a..b", false, false),
        ];
        for (name, label, subdomain) in cases {
            assert_eq!((is_label_name(name), is_subdomain(name)), (label, subdomain), "{name}");
        }
        assert!(!is_label_name(&"a".repeat(64)) && is_label_name(&"a".repeat(63)));
    }

    #[test]
    fn label_keys_may_have_a_domain() {
        for (key, want) in [("app", true), ("app.kubernetes.io/name", true), ("a/b/c", false), ("/x", false), ("x/", false), ("A_b", true)]
        {
            assert_eq!(is_qualified(key), want, "{key}");
        }
    }
}
