//! Scenario files and Kubernetes manifests: read, checked, compiled into a [`sim_core::spec::Spec`].
//!
//! Three ideas carry it:
//!
//! 1. A file becomes a tree in which every value knows its place (`text`), so that each problem can point, and all problems of all
//!    files are found at once ([`Problems`]).
//! 2. The Rust types of the format (`format`) are the only definition of it: the published JSON Schema ([`schema`]) is generated from
//!    them, and the tree is checked against that same schema. Manifests are checked in the same way against Kubernetes' own types.
//! 3. Nothing is dropped in silence: what a manifest says and the simulation does not do comes back as a [`Note`].
//!
//! Files are read here; nothing is printed, and the environment is not looked at.

mod compile;
mod configuration;
mod digest;
mod format;
mod load;
mod manifest;
mod problem;
pub mod records;
mod text;
mod values;

pub use compile::situation::{BoundPod, PendingPod, Situation};
pub use load::{Arm, Checked, Experiment, Loaded, Overrides, check, load, load_experiment, load_situation};
pub use problem::{Code, Note, Problem, Problems, Treatment};
pub use text::nearest::{nearest, suggestion};

/// The JSON Schema of the scenario file.
pub fn schema() -> serde_json::Value {
    format::schema()
}

/// Reads a duration: `30d`, `1h30m`, `250ms`.
///
/// # Errors
/// Why it is none, in words.
pub fn duration(text: &str) -> Result<sim_core::units::SimSpan, String> {
    values::duration::parse_span(text).map_err(|problem| problem.to_string())
}
