//! The simulator of `podsim`: a discrete-event model of a Kubernetes cluster.
//!
//! Three ideas carry it:
//!
//! 1. [`spec`] is what is given, immutable and shared; [`cluster`] is what is, in columns; events of the [`engine`] change it.
//! 2. Random numbers have an address ([`engine::random`]), so the same scenario and seed give the same bytes, and two settings of
//!    one scenario see the same arrivals, lives and failures.
//! 3. [`measure`] accumulates while the simulation runs; what a run leaves is an [`measure::Outcome`], plain data.
//!
//! There are no files here, no wall clock, no threads, no printing and no global state.

pub mod cluster;
mod controllers;
pub mod engine;
pub mod event;
mod faults;
mod kubelet;
pub mod measure;
pub mod scheduler;
mod simulation;
pub mod spec;
pub mod table;
mod traffic;
pub mod units;
mod world;

pub use kubelet::usage::Resized;
pub use simulation::{Progress, Simulation, Stopped, Violation};
pub use world::Allotment;
