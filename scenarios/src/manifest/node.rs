//! Nodes: from a pool's template or a `v1.Node` manifest to a shape.

use std::collections::BTreeMap;

use sim_core::spec::{Labels, NodeShape, Taint, TaintEffect};
use sim_core::table::ImageId;
use sim_core::units::Bytes;

use super::requests::{Amounts, rounded};
use super::{names, reserved};
use crate::compile::{Builder, Origin};
use crate::format::{NodeImageFile, NodeTemplate, ReservedFile, TaintFile};
use crate::problem::Code;
use crate::text::decode::{At, decode};
use crate::text::nearest::suggestion;
use crate::text::source::Span;
use crate::text::tree::Tree;
use crate::values::written::{Amount, Written};

/// The label of a node's zone.
pub(crate) const ZONE: &str = "topology.kubernetes.io/zone";
/// The label of a node's own name.
const HOST_NAME: &str = "kubernetes.io/hostname";
/// Pods of a node that does not say how many it takes.
pub(super) const PODS: u64 = 110;

/// A node's shape and, if it has one of its own, its zone.
pub(crate) struct Shape {
    pub(crate) shape: NodeShape,
    pub(crate) zone: Option<String>,
}

/// A `v1.Node` manifest.
pub(crate) fn node(tree: &Tree, builder: &mut Builder<'_>) -> Option<Shape> {
    match decode::<NodeTemplate>(tree) {
        Ok(template) => {
            let place = tree.place_of_key(&["status"]);
            let mut shape = shape(&template, None, place, builder);
            if builder.origin == Origin::File {
                complete(&mut shape.shape, tree, builder);
            }
            Some(shape)
        }
        Err(fault) => {
            builder.report.problem(Code::ManifestWrongType, fault.span.unwrap_or_default(), fault.message);
            None
        }
    }
}

/// The images that a node reports, under each of their names.
fn images(given: &[NodeImageFile], builder: &mut Builder<'_>) -> Vec<ImageId> {
    let names = given.iter().flat_map(|image| image.names.iter().map(|name| (name, image.size_bytes.unwrap_or(0))));
    names.map(|(name, size)| builder.reported_image(name, Bytes(size))).collect()
}

/// The kubelet's own label, which manifests written by hand may lack.
fn complete(shape: &mut NodeShape, tree: &Tree, builder: &mut Builder<'_>) {
    let host_name = builder.symbols.intern(HOST_NAME);
    if let Some(name) = tree.text_at(&["metadata", "name"]).filter(|_| shape.labels.get(host_name).is_none()) {
        shape.labels.set(host_name, builder.symbols.intern(name));
    }
}

/// The shape that a template describes, with what is kept from Pods where that is said beside it; `place` is shown where something is missing.
pub(crate) fn shape(template: &NodeTemplate, kept: Option<&At<ReservedFile>>, place: Span, builder: &mut Builder<'_>) -> Shape {
    let capacity = amounts(&template.status.capacity, builder);
    let given = amounts(&template.status.allocatable, builder);
    if capacity.is_empty() && given.is_empty() && builder.origin == Origin::File {
        builder
            .report
            .problem(Code::MissingKey, place, "the node gives no resources")
            .help("set `status.capacity`, for example {cpu: 16, memory: 64Gi}");
    }
    if let Some(kept) = kept.filter(|_| !given.is_empty()) {
        builder
            .report
            .problem(Code::Conflict, kept.span, "`reserved` and `status.allocatable` both say what Pods may ask for")
            .help("give one of them");
    }
    let allocatable = match kept {
        Some(kept) => reserved::allocatable(&capacity, kept, builder),
        None if given.is_empty() => reserved::after_eviction(&capacity, builder.evicts_at),
        None => given,
    };
    let capacity = if capacity.is_empty() { allocatable.clone() } else { capacity };
    // The API server holds what the kubelet reported: no entry, no Pods.
    let unsaid = if builder.origin == Origin::File { PODS } else { 0 };
    let pods = allocatable.get("pods").map_or(unsaid, |pods| pods.units());
    let mut labels = template.metadata.labels.clone();
    let zone = labels.remove(ZONE);
    Shape {
        shape: NodeShape {
            capacity: rounded(&capacity, &builder.resources),
            allocatable: rounded(&allocatable, &builder.resources),
            pods_max: pods.min(u64::from(u32::MAX)) as u32,
            labels: intern(&labels, builder),
            taints: template.spec.taints.iter().filter_map(|taint| compile_taint(taint, builder)).collect(),
            unschedulable: template.spec.unschedulable,
            images: images(&template.status.images, builder),
            attach_limits: Vec::new(),
        },
        zone,
    }
}

/// Amounts by name.
pub(super) fn amounts(written: &BTreeMap<String, Written<Amount>>, builder: &mut Builder<'_>) -> Amounts {
    written.iter().filter_map(|(name, amount)| Some((name.clone(), builder.read(amount)?))).collect()
}

fn intern(labels: &BTreeMap<String, String>, builder: &mut Builder<'_>) -> Labels {
    let pairs = labels.iter().map(|(key, value)| (builder.symbols.intern(key), builder.symbols.intern(value)));
    Labels::from_pairs(pairs)
}

fn compile_taint(taint: &At<TaintFile>, builder: &mut Builder<'_>) -> Option<Taint> {
    let effect = effect(&taint.value.effect.value, taint.value.effect.span, builder)?;
    if !names::is_qualified(&taint.value.key) {
        builder.report.problem(Code::BadName, taint.span, format!("`{}` is no key of a taint", taint.value.key));
    }
    let (key, value) = (builder.symbols.intern(&taint.value.key), builder.symbols.intern(&taint.value.value));
    Some(Taint { key, value, effect })
}

/// An effect by its name.
pub(crate) fn effect(name: &str, span: Span, builder: &mut Builder<'_>) -> Option<TaintEffect> {
    Some(match name {
        "NoSchedule" => TaintEffect::NoSchedule,
        "PreferNoSchedule" => TaintEffect::PreferNoSchedule,
        "NoExecute" => TaintEffect::NoExecute,
        _ => {
            let known = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
            builder.report.problem(Code::BadValue, span, format!("`{name}` is no effect of a taint")).help(suggestion(name, known));
            return None;
        }
    })
}
