//! `spec.resizes`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Law, Select};
use crate::text::decode::At;
use crate::values::written::{Amount, Time, Written};

/// A change of requests and limits that users make to containers while they run: at times, or again and again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Resize")]
pub(crate) struct ResizeFile {
    /// Which containers, of Pods that are on nodes then; all that is given must match.
    #[serde(default)]
    pub(crate) select: At<Select>,
    /// At these times after the start.
    pub(crate) at: Option<At<Vec<Written<Time>>>>,
    /// Again and again, with such gaps.
    pub(crate) every: Option<At<Law<Time>>>,
    /// New requests; what is not given stays.
    pub(crate) requests: Option<AmountsFile>,
    /// New limits; what is not given stays.
    pub(crate) limits: Option<AmountsFile>,
}

/// CPU and memory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "ResizeAmounts")]
pub(crate) struct AmountsFile {
    /// CPU.
    pub(crate) cpu: Option<Written<Amount>>,
    /// Memory.
    pub(crate) memory: Option<Written<Amount>>,
}
