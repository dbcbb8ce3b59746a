//! A scalar as it is written, with its place, until it is read as what it stands for.

use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use sim_core::spec::eviction::Level;
use sim_core::units::SimSpan;

use super::duration::{parse_rate, parse_span, parse_throughput};
use super::quantity::Quantity;
use crate::problem::Code;
use crate::text::decode::At;
use crate::text::source::Span;

/// What a scalar stands for.
pub(crate) trait Unit: JsonSchema {
    /// What it becomes.
    type Value: Copy;
    /// The code of a scalar that cannot be read.
    const CODE: Code;
    /// What it is called in messages.
    const NAME: &'static str;
    /// Examples of how it is written.
    const EXAMPLES: &'static str;
    /// Reads it, or says why it cannot be read.
    fn read(text: &str) -> Result<Self::Value, String>;
    /// The number that a law is made of.
    fn number(value: Self::Value) -> f64;
}

/// A scalar that stands for a `U`.
pub(crate) struct Written<U> {
    pub(crate) text: String,
    pub(crate) span: Span,
    unit: PhantomData<fn() -> U>,
}

impl<U> Clone for Written<U> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), span: self.span, unit: PhantomData }
    }
}

impl<U> std::fmt::Debug for Written<U> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text.fmt(f)
    }
}

impl<'de, U> Deserialize<'de> for Written<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let At { value, span } = At::<String>::deserialize(deserializer)?;
        Ok(Self { text: value, span, unit: PhantomData })
    }
}

impl<U: Unit> JsonSchema for Written<U> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        U::schema_name()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        U::json_schema(generator)
    }
}

/// Declares a unit: its type, code, words, schema and reader.
macro_rules! unit {
    ($(#[doc = $doc:literal])* $name:ident -> $value:ty, $code:ident, $words:literal, $examples:literal, $schema:tt, $read:expr, $number:expr) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl Unit for $name {
            type Value = $value;
            const CODE: Code = Code::$code;
            const NAME: &'static str = $words;
            const EXAMPLES: &'static str = $examples;
            fn read(text: &str) -> Result<$value, String> {
                ($read)(text)
            }
            fn number(value: $value) -> f64 {
                ($number)(value)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

unit! {
    /// A duration.
    Time -> SimSpan, BadDuration, "a duration", "`30s`, `1h30m`, `250ms`, `30d`",
    { "type": "string", "description": "A duration: numbers with units ns, us, ms, s, m, h, d.", "pattern": "^(0|([0-9]*\\.?[0-9]+(ns|us|µs|ms|s|m|h|d))+)$", "examples": ["30s", "1h30m", "250ms", "30d"] },
    |text: &str| parse_span(text).map_err(|error| error.to_string()), |span: SimSpan| span.as_secs_f64()
}

unit! {
    /// A Kubernetes quantity.
    Amount -> Quantity, BadQuantity, "a quantity", "`500m`, `2`, `128Mi`, `1.5Gi`, `300M`",
    { "type": ["string", "number"], "description": "A Kubernetes quantity.", "pattern": "^[+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?$", "minimum": 0, "examples": ["500m", "128Mi", 2] },
    |text: &str| Quantity::parse(text).map_err(|error| error.to_string()), Quantity::as_f64
}

unit! {
    /// How much is left of something: a quantity, or a share in percent.
    Left -> Level, BadQuantity, "a quantity or a percentage", "`100Mi`, `10%`",
    { "type": ["string", "number"], "description": "A Kubernetes quantity, or a percentage of the capacity.", "pattern": "^([0-9]+\\.?[0-9]*%|[+]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?)$", "minimum": 0, "examples": ["100Mi", "10%"] },
    read_left, |level: Level| match level { Level::Amount(amount) => amount as f64, Level::Share(millionths) => f64::from(millionths) / 1e6 }
}

unit! {
    /// A number without a unit.
    Number -> f64, BadNumber, "a number", "`0.5`, `12`",
    { "type": "number", "description": "A number." },
    read_number, |value: f64| value
}

unit! {
    /// A number of events for a unit of time.
    PerTime -> f64, BadRate, "a rate", "`3/s`, `40/m`, `2/h`, `5/d`",
    { "type": "string", "description": "A rate: a number for a unit of time.", "pattern": "^[0-9]*\\.?[0-9]+([eE][+-]?[0-9]+)?/(ns|us|ms|s|m|h|d)$", "examples": ["3/s", "40/m", "2/h", "5/d"] },
    |text: &str| parse_rate(text).map_err(|error| error.to_string()), |value: f64| value
}

unit! {
    /// Bytes for a unit of time.
    Throughput -> f64, BadRate, "a throughput", "`60M/s`, `60MB/s`, `64Mi/s`",
    { "type": "string", "description": "Bytes for a unit of time.", "pattern": "^[0-9.]+([kMGT]|[KMGT]i)?B?/(s|m|h|d)$", "examples": ["60M/s", "64Mi/s"] },
    |text: &str| parse_throughput(text).map_err(|error| error.to_string()), |value: f64| value
}

fn read_left(text: &str) -> Result<Level, String> {
    let Some(percent) = text.strip_suffix('%') else {
        return Quantity::parse(text).map(|amount| Level::Amount(amount.units())).map_err(|error| error.to_string());
    };
    match percent.parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(Level::Share((percent * 10_000.0).round() as u32)),
        Ok(_) => Err("a percentage is from 0 to 100".into()),
        Err(_) => Err("there is no number before the `%`".into()),
    }
}

fn read_number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err("it is not finite".into()),
        Err(_) => Err("it is no number".into()),
    }
}
