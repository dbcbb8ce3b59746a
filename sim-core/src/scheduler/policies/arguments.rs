//! What arguments a policy takes, and those that it is given.

use crate::spec::ArgumentValue;

/// An argument that a policy takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Argument {
    /// Its name in a configuration.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// What it may be.
    pub kind: Kind,
}

/// What an argument may be, and what it is if it is not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A whole number.
    Number {
        /// The least.
        min: i64,
        /// The largest.
        max: i64,
        /// If it is not given.
        default: i64,
    },
    /// Any text but the empty one.
    Text {
        /// If it is not given.
        default: &'static str,
    },
    /// One of some words; the first if it is not given.
    Choice(&'static [&'static str]),
    /// A list of texts, none empty and none twice, with at least one.
    List {
        /// If it is not given.
        default: &'static [&'static str],
    },
}

/// Why an argument does not fit.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ArgumentError {
    /// The policy has no such argument.
    #[error("there is no argument `{name}`")]
    Unknown {
        /// The name that is given.
        name: String,
    },
    /// The value is of another kind.
    #[error("`{name}` is {given}: it must be {wanted}")]
    WrongKind {
        /// The argument.
        name: &'static str,
        /// What is given.
        given: &'static str,
        /// What fits.
        wanted: String,
    },
    /// The value is not among those that fit.
    #[error("`{name}` is {given}: it must be {wanted}")]
    BadValue {
        /// The argument.
        name: &'static str,
        /// What is given.
        given: String,
        /// What fits.
        wanted: String,
    },
}

impl Kind {
    /// What fits, in words.
    pub fn wanted(&self) -> String {
        match self {
            Self::Number { min, max, .. } => format!("a whole number from {min} to {max}"),
            Self::Text { .. } => "text that is not empty".into(),
            Self::Choice(words) => format!("one of {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
            Self::List { .. } => "a list of one or more different texts".into(),
        }
    }

    fn default(&self) -> ArgumentValue {
        match self {
            Self::Number { default, .. } => ArgumentValue::Number(*default),
            Self::Text { default } => ArgumentValue::Text((*default).into()),
            Self::Choice(words) => ArgumentValue::Text(words.first().copied().unwrap_or_default().into()),
            Self::List { default } => ArgumentValue::List(default.iter().map(|text| (*text).into()).collect()),
        }
    }

    /// True if the value fits; `None` if it is of another kind.
    fn admits(&self, value: &ArgumentValue) -> Option<bool> {
        match (self, value) {
            (Self::Number { min, max, .. }, ArgumentValue::Number(number)) => Some((*min..=*max).contains(number)),
            (Self::Text { .. }, ArgumentValue::Text(text)) => Some(!text.is_empty()),
            (Self::Choice(words), ArgumentValue::Text(text)) => Some(words.contains(&text.as_str())),
            (Self::List { .. }, ArgumentValue::List(texts)) => Some(is_set(texts)),
            _ => None,
        }
    }
}

/// True if there are texts, none of which is empty or comes twice.
fn is_set(texts: &[String]) -> bool {
    !texts.is_empty() && texts.iter().enumerate().all(|(row, text)| !text.is_empty() && !texts[..row].contains(text))
}

impl Argument {
    /// Whether a value fits.
    ///
    /// # Errors
    /// If it does not.
    pub fn check(&self, value: &ArgumentValue) -> Result<(), ArgumentError> {
        let (name, wanted) = (self.name, self.kind.wanted());
        match self.kind.admits(value) {
            Some(true) => Ok(()),
            Some(false) => Err(ArgumentError::BadValue { name, given: shown(value), wanted }),
            None => Err(ArgumentError::WrongKind { name, given: kind_of(value), wanted }),
        }
    }
}

fn shown(value: &ArgumentValue) -> String {
    match value {
        ArgumentValue::Number(number) => number.to_string(),
        ArgumentValue::Text(text) => format!("`{text}`"),
        ArgumentValue::List(texts) => format!("[{}]", texts.join(", ")),
    }
}

const fn kind_of(value: &ArgumentValue) -> &'static str {
    match value {
        ArgumentValue::Number(_) => "a number",
        ArgumentValue::Text(_) => "text",
        ArgumentValue::List(_) => "a list",
    }
}

/// The argument called `name`.
pub(super) fn find(arguments: &'static [Argument], name: &str) -> Result<&'static Argument, ArgumentError> {
    arguments.iter().find(|argument| argument.name == name).ok_or_else(|| ArgumentError::Unknown { name: name.into() })
}

/// The values of all arguments of a policy: those that are given, else their defaults. All of them fit.
#[derive(Clone, Debug)]
pub struct Arguments(Vec<(&'static str, ArgumentValue)>);

impl Arguments {
    /// What is given, checked against what the policy takes.
    ///
    /// # Errors
    /// If one does not fit.
    pub fn new(takes: &'static [Argument], given: &[(String, ArgumentValue)]) -> Result<Self, ArgumentError> {
        let mut values: Vec<_> = takes.iter().map(|argument| (argument.name, argument.kind.default())).collect();
        for (name, value) in given {
            let argument = find(takes, name)?;
            argument.check(value)?;
            values.retain(|(known, _)| *known != argument.name);
            values.push((argument.name, value.clone()));
        }
        Ok(Self(values))
    }

    fn value(&self, name: &str) -> &ArgumentValue {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map_or_else(|| panic!("the policy does not declare an argument `{name}`"), |(_, value)| value)
    }

    /// A number.
    ///
    /// # Panics
    /// If the policy does not declare it as one.
    pub fn number(&self, name: &str) -> i64 {
        match self.value(name) {
            ArgumentValue::Number(number) => *number,
            other => panic!("`{name}` is declared as {}", kind_of(other)),
        }
    }

    /// A text or a choice.
    ///
    /// # Panics
    /// If the policy does not declare it as one.
    pub fn text(&self, name: &str) -> &str {
        match self.value(name) {
            ArgumentValue::Text(text) => text,
            other => panic!("`{name}` is declared as {}", kind_of(other)),
        }
    }

    /// A list.
    ///
    /// # Panics
    /// If the policy does not declare it as one.
    pub fn list(&self, name: &str) -> &[String] {
        match self.value(name) {
            ArgumentValue::List(texts) => texts,
            other => panic!("`{name}` is declared as {}", kind_of(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAKES: &[Argument] = &[
        Argument { name: "most", about: "", kind: Kind::Number { min: 1, max: 9, default: 3 } },
        Argument { name: "label", about: "", kind: Kind::Text { default: "app" } },
        Argument { name: "way", about: "", kind: Kind::Choice(&["up", "down"]) },
        Argument { name: "names", about: "", kind: Kind::List { default: &["cpu"] } },
    ];

    fn number(value: i64) -> ArgumentValue {
        ArgumentValue::Number(value)
    }

    fn text(value: &str) -> ArgumentValue {
        ArgumentValue::Text(value.into())
    }

    fn list(values: &[&str]) -> ArgumentValue {
        ArgumentValue::List(values.iter().map(|value| (*value).into()).collect())
    }

    #[test]
    fn what_is_not_given_has_its_default() {
        let arguments = Arguments::new(TAKES, &[("most".into(), number(9))]).unwrap();
        let found = (arguments.number("most"), arguments.text("label"), arguments.text("way"), arguments.list("names"));
        assert_eq!(found, (9, "app", "up", &["cpu".to_owned()][..]));
    }

    #[test]
    fn a_value_that_does_not_fit_is_refused_with_what_would() {
        #[rustfmt::skip]
        let table = [
            ("most",  number(10),         "`most` is 10: it must be a whole number from 1 to 9"),
            ("most",  text("many"),       "`most` is text: it must be a whole number from 1 to 9"),
            ("label", text(""),           "`label` is ``: it must be text that is not empty"),
            ("way",   text("left"),       "`way` is `left`: it must be one of `up`, `down`"),
            ("names", list(&[]),          "`names` is []: it must be a list of one or more different texts"),
            ("names", list(&["a", "a"]),  "`names` is [a, a]: it must be a list of one or more different texts"),
            ("names", number(1),          "`names` is a number: it must be a list of one or more different texts"),
            ("least", number(1),          "there is no argument `least`"),
        ];
        for (name, value, want) in table {
            let error = Arguments::new(TAKES, &[(name.into(), value)]).unwrap_err();
            assert_eq!(error.to_string(), want);
        }
    }
}
