//! Whole-scheduler tests.
