//! Random streams by address (arrives with the branch that builds them).

/// A seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed(pub u64);
