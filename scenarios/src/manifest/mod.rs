//! Kubernetes objects: which kinds are known, what they must look like, what they become.

mod affinity;
mod claims;
mod container;
mod groups;
mod kinds;
pub(crate) mod names;
mod node;
mod notes;
mod placement;
mod pod;
mod policies;
mod ports;
pub(crate) mod requests;
pub(crate) mod reserved;
mod resize;
mod selectors;
mod spread;
mod storage;
mod together;
mod volumes;
mod workload;

pub(crate) use groups::Groups;
pub(crate) use kinds::{Kind, Object, is_sound, object_of, objects};
pub(crate) use node::{node, shape};
pub(crate) use placement::node_affinity;
pub(crate) use policies::{budgets, namespaces};
pub(crate) use spread::constraint as spread_constraint;
pub(crate) use storage::{Storage, note_unused_limits};
pub(crate) use workload::{Compiled, compile, copies};

use crate::compile::Builder;
use crate::text::report::Report;
use crate::text::tree::Tree;

/// Checks objects that stand for themselves, without a cluster; gives their number.
pub(crate) fn check_objects(documents: &[Tree], report: &mut Report) -> usize {
    let objects = objects(documents, report);
    let trees: Vec<&Tree> = objects.iter().map(|object| object.tree).collect();
    let mut builder = Builder::new(report, &trees);
    builder.take_storage(&objects);
    for object in &objects {
        check_object(object, &mut builder);
    }
    objects.len()
}

fn check_object(object: &Object<'_>, builder: &mut Builder<'_>) {
    match object.kind {
        Kind::Node => drop(node(object.tree, builder)),
        Kind::Pod | Kind::Deployment | Kind::ReplicaSet | Kind::Job => drop(compile(object, builder)),
        Kind::PriorityClass | Kind::Namespace | Kind::Service | Kind::Owner | Kind::DisruptionBudget | Kind::Storage | Kind::Passive => {}
    }
}
