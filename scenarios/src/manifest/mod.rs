//! Kubernetes objects.
use crate::text::report::Report;
use crate::text::tree::Tree;
pub(crate) fn check_objects(objects: &[Tree], _report: &mut Report) -> usize { objects.len() }
