//! `podsim`: a discrete-event simulator of Kubernetes clusters. This crate is the facade of its parts, and the command line.
//!
//! A run in three calls: a scenario is loaded and compiled, replications of it are simulated, and what they leave is reported.
//!
//! ```no_run
//! use podsim::{experiment, reports, scenarios};
//! let loaded = scenarios::load("scenario.yaml".as_ref(), &scenarios::Overrides::default()).expect("a valid scenario");
//! let outcomes = experiment::replicate(&loaded.spec, 10, 2, |_| true).expect("nobody stops it");
//! for figure in reports::figures(&outcomes) {
//!     assert!(!figure.id.is_empty());
//! }
//! ```

pub mod cli;
pub mod conformance;
pub mod decisions;
pub mod experiment;
pub mod observe;

pub use {reports, scenarios, sim_core};
