//! What a user asks for, resolved: no names, no text, only numbers.
pub mod distribution;
