//! Laws of random quantities as they are written.

use schemars::{JsonSchema, Schema};
use serde::Deserialize;

use crate::text::decode::{At, BARE};
use crate::values::written::{Number, Unit, Written};

/// A law of a random quantity. A bare value is a constant; `min` and `max` beside the parameters move what lies outside to the bound.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", bound = "U: Unit")]
#[schemars(rename = "LawOf{U}", bound = "U: Unit", transform = bare)]
pub(crate) enum Law<U> {
    /// Always this value.
    Constant(Written<U>),
    /// Without memory.
    Exponential(At<Exponential<U>>),
    /// The logarithm is normal; the mean is `median × exp(sigma² / 2)`.
    Lognormal(At<Lognormal<U>>),
    /// Every value from `low` to `high` alike.
    Uniform(At<Uniform<U>>),
    /// P(X > x) = exp(-(x / scale)^shape).
    Weibull(At<Weibull<U>>),
    /// P(X > x) = (min / x)^shape from `min` on.
    Pareto(At<Pareto<U>>),
    /// The sum of `k` exponential phases.
    Erlang(At<Erlang<U>>),
    /// Two exponentials with balanced means; `scv` is the squared coefficient of variation.
    Hyperexponential(At<Hyperexponential<U>>),
    /// The logarithm is uniform.
    Loguniform(At<Loguniform<U>>),
    /// Measured quantiles, joined by straight lines.
    Empirical(At<Empirical<U>>),
    /// One of several laws, by weight.
    Mixture(At<Vec<Weighted<U>>>),
}

/// Declares the parameters of a law: its own, and the bounds that any law may have beside them.
macro_rules! parameters {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[doc = $field_doc:literal])* $field:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, Deserialize, JsonSchema)]
        #[serde(bound = "U: Unit")]
        #[schemars(rename = "{U}Parameters", bound = "U: Unit")]
        #[schemars(inline)]
        pub(crate) struct $name<U> {
            $($(#[doc = $field_doc])* pub(crate) $field: $kind,)*
            /// What is less becomes this.
            pub(crate) min: Option<Written<U>>,
            /// What is more becomes this.
            pub(crate) max: Option<Written<U>>,
        }
    )*};
}

parameters! {
    /// Without memory.
    Exponential {
        /// The mean.
        mean: Written<U>,
    }
    /// The logarithm is normal.
    Lognormal {
        /// The median.
        median: Written<U>,
        /// The standard deviation of the natural logarithm.
        sigma: Written<Number>,
    }
    /// Every value alike.
    Uniform {
        /// The least.
        low: Written<U>,
        /// The most.
        high: Written<U>,
    }
    /// Failure rates that fall with age (shape below 1) or rise (above 1).
    Weibull {
        /// The shape.
        shape: Written<Number>,
        /// The 63rd percentile.
        scale: Written<U>,
    }
    /// A sum of exponential phases.
    Erlang {
        /// The number of phases.
        k: u32,
        /// The mean of the sum.
        mean: Written<U>,
    }
    /// Two exponentials.
    Hyperexponential {
        /// The mean.
        mean: Written<U>,
        /// The squared coefficient of variation, 1 or more.
        scv: Written<Number>,
    }
    /// The logarithm is uniform.
    Loguniform {
        /// The least.
        low: Written<U>,
        /// The most.
        high: Written<U>,
    }
    /// Measured quantiles.
    Empirical {
        /// Pairs of a probability and the value that this part of the population does not exceed.
        points: Vec<(Written<Number>, Written<U>)>,
    }
}

/// A power law.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(bound = "U: Unit")]
#[schemars(inline, bound = "U: Unit")]
pub(crate) struct Pareto<U> {
    /// The tail index.
    pub(crate) shape: Written<Number>,
    /// The least value.
    pub(crate) min: Written<U>,
    /// What is more becomes this.
    pub(crate) max: Option<Written<U>>,
}

/// A law of a mixture.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(bound = "U: Unit")]
#[schemars(inline, bound = "U: Unit")]
pub(crate) struct Weighted<U> {
    /// The part of the draws that follow it, in proportion to the other weights.
    pub(crate) weight: Written<Number>,
    /// The law.
    pub(crate) of: Law<U>,
}

/// Lets a bare value stand for the constant law.
pub(super) fn bare(schema: &mut Schema) {
    let Some(choices) = schema.get_mut("oneOf").and_then(serde_json::Value::as_array_mut) else { return };
    let constant = choices.iter().find_map(|choice| choice.pointer(&format!("/properties/{BARE}"))).cloned();
    choices.extend(constant);
}
