//! What a run leaves, told to people and programs.
//!
//! - [`mod@figures`]: what is measured, exactly, and its estimate over replications ([`statistics`]).
//! - [`mod@checks`]: identities that every run keeps.
//! - [`results`]: the results folder; [`summary_json`] and [`summary_table`]: the same for pipes and terminals.
//! - [`history`] and [`Timeline`]: what happened, one thing after the other, for people, programs and trace viewers.
//! - [`mod@comparison`]: the same of several settings side by side, in pairs under common random numbers.
//! - [`plots`] and the report are drawn from the same outcomes; whatever differs between equal runs goes to `run.json` alone.
//!
//! Nothing here prints, exits, reads the environment or knows scenario files.

pub mod checks;
pub mod comparison;
pub mod figures;
mod format;
pub mod history;
mod html;
pub mod plots;
pub mod results;
mod run;
mod series;
mod state_diagram;
pub mod statistics;
mod summary;
#[cfg(test)]
mod synthetic;
mod table;
mod timeline;

pub use checks::{Check, checks};
pub use comparison::{ArmRun, Comparison, Selection, comparison_json, comparison_table, write_comparison};
pub use figures::{Figure, Kind, Measure, Unit, figures, measure, measures};
pub use results::{WriteError, write};
pub use run::{FidelityNote, Notes, RunInfo};
pub use summary::summary_json;
pub use table::summary_table;
pub use timeline::Timeline;
