//! The simulator.
pub mod engine;
pub mod units;
