//! Values with units: quantities, durations, rates, and how they are written.

pub(crate) mod duration;
pub(crate) mod instant;
pub(crate) mod quantity;
pub(crate) mod written;
