//! Text with places: sources, spans, the tree of a YAML document, the way from the tree to Rust types.

pub(crate) mod decode;
pub(crate) mod json;
pub(crate) mod nearest;
pub(crate) mod report;
pub(crate) mod shape;
pub(crate) mod source;
pub(crate) mod tree;
pub(crate) mod yaml;
