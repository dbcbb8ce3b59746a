//! Event list, clock, random streams. The engine has never heard of a Pod.
pub mod random;
