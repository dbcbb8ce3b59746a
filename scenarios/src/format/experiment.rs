//! `spec.arms` and `spec.compare`: a scenario that is an experiment. They are read from the tree, which knows places and keeps values as
//! they are written; these types are what the schema says of them.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A setting of the scenario that is compared with others.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Arm")]
#[expect(dead_code, reason = "read from the tree, which knows places")]
pub(crate) struct ArmFile {
    /// The arm's name: letters, digits, `-`, `_` and `.`; results are kept in a folder of that name.
    pub(crate) name: String,
    /// What it stands for, in a sentence.
    pub(crate) description: Option<String>,
    /// What it changes: values by their paths in the scenario. An arm without it is the scenario as it is.
    pub(crate) set: Option<Settings>,
}

/// How the arms are compared.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Compare")]
#[expect(dead_code, reason = "read from the tree, which knows places")]
pub(crate) struct CompareFile {
    /// The arm that the others are compared with. Default: the first.
    pub(crate) baseline: Option<String>,
    /// Identifiers of the measures that the experiment is about, chosen before it is run; they are shown first.
    #[serde(default)]
    pub(crate) measures: Vec<String>,
}

/// Values by their paths.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Settings {}

impl JsonSchema for Settings {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Settings".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "additionalProperties": true,
            "description": "Values by dotted paths with list indices or names, such as `spec.cluster.nodePools.general.count: 100`."
        })
    }
}
