//! The simulator.
pub mod engine;
pub mod spec;
pub mod units;
