//! Problems and notes: what is wrong with a file, and what is taken from it only in part.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode, SourceSpan};

/// Declares [`Code`] with the name and meaning of each.
macro_rules! codes {
    ($($variant:ident $name:literal $meaning:literal)*) => {
        /// What kind of problem it is.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that is printed, such as `scenario::unknown_key`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One sentence on what it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

#[rustfmt::skip]
codes! {
    FileMissing        "file::missing"            "A file does not exist."
    FileUnreadable     "file::unreadable"         "A file is there but cannot be read: a folder, a device, no permission, an error of the disk."
    FileTooLarge       "file::too_large"          "A file is larger than any scenario or manifest is meant to be."
    FileNotUtf8        "file::not_utf8"           "A file is no text in UTF-8."
    FileEmpty          "file::empty"              "A file holds no YAML document, or no recorded case."
    YamlSyntax         "yaml::syntax"             "A file is no YAML."
    YamlBudget         "yaml::budget"             "A document is too deep, too large, or grows too large by its aliases."
    YamlDuplicateKey   "yaml::duplicate_key"      "A mapping has the same key twice."
    JsonSyntax         "json::syntax"             "A record is no JSON."
    JsonDuplicateKey   "json::duplicate_key"      "An object of a record has the same key twice."
    UnknownKey         "scenario::unknown_key"    "A key that the scenario file does not know."
    UnknownChoice      "scenario::unknown_choice" "A choice that is not among those that the place offers."
    WrongType          "scenario::wrong_type"     "A value of the wrong type: text for a number, a list for a mapping."
    MissingKey         "scenario::missing_key"    "A required key is missing."
    NotSupported       "scenario::not_supported"  "Something that is planned but cannot be simulated yet."
    NotAScenario       "scenario::not_a_scenario" "The file is no scenario: `apiVersion` and `kind` say something else."
    BadDuration        "scenario::bad_duration"   "A duration that cannot be read, or that has no unit."
    BadRate            "scenario::bad_rate"       "A rate that cannot be read, or that has no unit of time."
    BadNumber          "scenario::bad_number"     "A number that is none, or is not finite."
    BadDistribution    "scenario::bad_distribution" "A law with parameters for which it is not defined."
    OutOfRange         "scenario::out_of_range"   "A value outside the range in which it makes sense."
    DuplicateName      "scenario::duplicate_name" "Two things of one kind bear one name."
    Conflict           "scenario::conflict"       "Two keys that exclude each other."
    MatchesNothing     "scenario::matches_nothing" "A selector that no container matches: most likely a misspelt name."
    TooMany            "scenario::too_many"       "More nodes or Pods than can be simulated or addressed."
    ConfigUnknownKey   "config::unknown_key"      "A key that a scheduler configuration does not have."
    ConfigWrongType    "config::wrong_type"       "A value of a scheduler configuration has the wrong type."
    ConfigMissingKey   "config::missing_key"      "A key that a scheduler configuration must have is missing."
    ConfigVersion      "config::version"          "The file is no scheduler configuration of the version that is read."
    ConfigPlugin       "config::unknown_plugin"   "A plugin that neither kube-scheduler nor podsim has."
    ConfigValue        "config::bad_value"        "A value that kube-scheduler would refuse."
    ConfigNotSupported "config::not_supported"    "A setting that would change decisions and that is not modelled."
    RecordShape        "record::shape"            "A recorded case lacks a part, or has one of the wrong form."
    RecordReference    "record::unknown_reference" "A recorded case names a node that it does not have."
    BadArm             "compare::bad_arm"         "An arm of a comparison that is none, lacks a partner, or bears a name that will not do."
    BadOverride        "override::bad_path"       "A `--set` whose path or value does not fit the scenario."
    ManifestUnknownKey "manifest::unknown_field"  "A field that Kubernetes does not know; it would be dropped or refused."
    ManifestWrongType  "manifest::wrong_type"     "A field of the wrong type."
    ManifestMissing    "manifest::missing_field"  "A field that Kubernetes requires is missing."
    ManifestKind       "manifest::unknown_kind"   "A kind of object that is not supported."
    BadQuantity        "manifest::bad_quantity"   "A resource quantity that cannot be read, is negative or too large."
    BadName            "manifest::bad_name"       "A name, label or key that Kubernetes would refuse."
    BadValue           "manifest::bad_value"      "A value that Kubernetes would refuse."
    DuplicateContainer "manifest::duplicate_name" "Two containers or volumes of a Pod, or two objects, bear one name."
    PortConflict       "manifest::port_conflict"  "Two containers of a Pod claim one port."
    RequestOverLimit   "manifest::request_over_limit" "A request is larger than its limit."
    SelectorMismatch   "manifest::selector_mismatch" "The selector does not match the labels of the Pod template."
    UnknownReference   "manifest::unknown_reference" "A name that refers to an object that is not there."
    NeverFits          "scenario::never_fits"     "A Pod that no node of the cluster can ever run."
}

/// One problem: what is wrong, where, and what would be right.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// What is written at the place in the excerpt.
    pub label: String,
    /// What would be right.
    pub help: Option<String>,
    /// Name of the file as it was given.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Of a problem in a record, whose line is too long to show: the path there, and the text around the place.
    pub record: Option<String>,
    pub(crate) source_text: NamedSource<Arc<String>>,
    pub(crate) span: SourceSpan,
}

impl Diagnostic for Problem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code.name()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.source_text.inner().is_empty()).then_some(&self.source_text as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some(self.label.clone()), self.span);
        Some(Box::new(std::iter::once(label)))
    }
}

impl Problem {
    /// The whole text of the file, for excerpts; empty if it could not be read.
    pub fn source_text(&self) -> &str {
        self.source_text.inner()
    }

    /// The bytes of [`Problem::source_text`] that the problem is about.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.span.offset()..self.span.offset() + self.span.len()
    }

    /// `file:line:column: code: message`; the place in a record and the help on lines of their own.
    pub fn plain(&self) -> String {
        let head = format!("{}:{}:{}: {}: {}", self.file, self.line, self.column, self.code.name(), self.message);
        let record = self.record.iter().map(|place| format!("\n  at: {place}"));
        let help = self.help.iter().map(|help| format!("\n  help: {help}"));
        std::iter::once(head).chain(record).chain(help).collect()
    }
}

/// All problems of a scenario with its files, in the order of files and places.
#[derive(Clone, Debug, Default, thiserror::Error)]
#[error("{}", self.plain())]
pub struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The problems in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// A line `file:line:column: code: message` a problem, each with its help below.
    pub fn plain(&self) -> String {
        let lines: Vec<String> = self.0.iter().map(Problem::plain).collect();
        lines.join("\n")
    }
}

impl Problem {
    /// What makes it another problem than another.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        (&self.file, self.line, self.column, self.code, &self.message)
            == (&other.file, other.line, other.column, other.code, &other.message)
    }
}

impl Extend<Problem> for Problems {
    fn extend<I: IntoIterator<Item = Problem>>(&mut self, more: I) {
        self.0.extend(more);
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Diagnostic for Problems {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.0.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}

/// How a field that is not simulated to the letter is treated.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Treatment {
    /// Something simpler stands for it.
    Approximated,
    /// It has no effect.
    Ignored,
}

impl fmt::Display for Treatment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approximated => "approximated",
            Self::Ignored => "ignored",
        })
    }
}

/// A field that is approximated or ignored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// `file:line:column`.
    pub place: String,
    /// The field's path in its object.
    pub field: String,
    /// How it is treated.
    pub treatment: Treatment,
    /// What that means.
    pub text: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} is {}: {}", self.place, self.field, self.treatment, self.text)
    }
}
