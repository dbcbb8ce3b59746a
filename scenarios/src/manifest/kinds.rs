//! The kinds of objects, and the check of an object against the type that Kubernetes gives its kind.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use k8s_openapi::api::{apps, batch, core, policy, scheduling, storage};
use schemars::JsonSchema;
use serde_json::Value;

use super::names;
use crate::problem::Code;
use crate::text::nearest::{list, suggestion};
use crate::text::report::Report;
use crate::text::shape;
use crate::text::tree::Tree;

/// What an object is to the simulation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Pod,
    Deployment,
    ReplicaSet,
    Job,
    Node,
    PriorityClass,
    /// Its labels are what `namespaceSelector` asks for.
    Namespace,
    /// Says, by its selector, which Pods are spread together by default.
    Service,
    /// Like a Service for the Pods that it owns; makes no Pods here.
    Owner,
    /// What preemption must respect.
    DisruptionBudget,
    /// Claims and what is behind them; what nodes can attach.
    Storage,
    /// Accepted; has no effect of its own.
    Passive,
}

/// An object whose shape is right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object<'t> {
    pub(crate) kind: Kind,
    /// The name of the kind, as in `kind`.
    pub(crate) kind_name: &'static str,
    pub(crate) tree: &'t Tree,
}

impl<'t> Object<'t> {
    /// `metadata.name`, or the stem of `metadata.generateName`.
    pub(crate) fn name(&self) -> &'t str {
        let given = self.tree.text_at(&["metadata", "name"]);
        given.or_else(|| self.tree.text_at(&["metadata", "generateName"])).unwrap_or_default().trim_end_matches('-')
    }

    /// `metadata.namespace`, `default` by default.
    pub(crate) fn namespace(&self) -> &'t str {
        self.tree.text_at(&["metadata", "namespace"]).unwrap_or("default")
    }
}

struct Known {
    api_version: &'static str,
    name: &'static str,
    kind: Kind,
    schema: fn() -> Value,
}

fn schema_of<T: JsonSchema>() -> Value {
    schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().into()
}

#[rustfmt::skip]
const KNOWN: &[Known] = &[
    Known { api_version: "v1", name: "Pod", kind: Kind::Pod, schema: schema_of::<core::v1::Pod> },
    Known { api_version: "apps/v1", name: "Deployment", kind: Kind::Deployment, schema: schema_of::<apps::v1::Deployment> },
    Known { api_version: "apps/v1", name: "ReplicaSet", kind: Kind::ReplicaSet, schema: schema_of::<apps::v1::ReplicaSet> },
    Known { api_version: "batch/v1", name: "Job", kind: Kind::Job, schema: schema_of::<batch::v1::Job> },
    Known { api_version: "v1", name: "Node", kind: Kind::Node, schema: schema_of::<core::v1::Node> },
    Known { api_version: "scheduling.k8s.io/v1", name: "PriorityClass", kind: Kind::PriorityClass, schema: schema_of::<scheduling::v1::PriorityClass> },
    Known { api_version: "v1", name: "Namespace", kind: Kind::Namespace, schema: schema_of::<core::v1::Namespace> },
    Known { api_version: "v1", name: "ConfigMap", kind: Kind::Passive, schema: schema_of::<core::v1::ConfigMap> },
    Known { api_version: "v1", name: "Service", kind: Kind::Service, schema: schema_of::<core::v1::Service> },
    Known { api_version: "v1", name: "ServiceAccount", kind: Kind::Passive, schema: schema_of::<core::v1::ServiceAccount> },
    Known { api_version: "v1", name: "Secret", kind: Kind::Passive, schema: schema_of::<core::v1::Secret> },
    Known { api_version: "v1", name: "PersistentVolumeClaim", kind: Kind::Storage, schema: schema_of::<core::v1::PersistentVolumeClaim> },
    Known { api_version: "v1", name: "PersistentVolume", kind: Kind::Storage, schema: schema_of::<core::v1::PersistentVolume> },
    Known { api_version: "storage.k8s.io/v1", name: "StorageClass", kind: Kind::Storage, schema: schema_of::<storage::v1::StorageClass> },
    Known { api_version: "storage.k8s.io/v1", name: "CSINode", kind: Kind::Storage, schema: schema_of::<storage::v1::CSINode> },
    Known { api_version: "apps/v1", name: "StatefulSet", kind: Kind::Owner, schema: schema_of::<apps::v1::StatefulSet> },
    Known { api_version: "v1", name: "ReplicationController", kind: Kind::Owner, schema: schema_of::<core::v1::ReplicationController> },
    Known { api_version: "policy/v1", name: "PodDisruptionBudget", kind: Kind::DisruptionBudget, schema: schema_of::<policy::v1::PodDisruptionBudget> },
];

/// The schemas of the known kinds, by name, each made once.
fn schema(known: &Known) -> &'static Value {
    static SCHEMAS: OnceLock<BTreeMap<&'static str, Value>> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| KNOWN.iter().map(|known| (known.name, (known.schema)())).collect());
    &schemas[known.name]
}

/// The objects of documents; `List`s are unrolled, objects of a wrong shape are reported and left out.
pub(crate) fn objects<'t>(documents: impl IntoIterator<Item = &'t Tree>, report: &mut Report) -> Vec<Object<'t>> {
    documents.into_iter().flat_map(|document| unroll(document, 4)).filter_map(|tree| object(tree, report)).collect()
}

/// A document, or the items of a list of documents, a few lists deep.
fn unroll(document: &Tree, depth: usize) -> Vec<&Tree> {
    let is_list = document.text_at(&["kind"]).is_some_and(|kind| kind.ends_with("List")) && document.get("items").is_some();
    if !is_list || depth == 0 {
        return vec![document];
    }
    let items = document.get("items").map_or(&[][..], Tree::items);
    items.iter().flat_map(|item| unroll(item, depth - 1)).collect()
}

fn object<'t>(tree: &'t Tree, report: &mut Report) -> Option<Object<'t>> {
    let (version, kind) = (tree.text_at(&["apiVersion"]), tree.text_at(&["kind"]));
    let (Some(version), Some(kind)) = (version, kind) else {
        let missing = if version.is_none() { "apiVersion" } else { "kind" };
        report
            .problem(Code::ManifestMissing, tree.label_span(), format!("a Kubernetes object needs `{missing}`"))
            .help("for example `apiVersion: v1` and `kind: Pod`");
        return None;
    };
    let known = find(tree, version, kind, report)?;
    checked(tree, known, report)
}

/// An object whose kind is known from where it stands, as in a record; its shape is not checked yet.
pub(crate) fn object_of<'t>(kind: &str, tree: &'t Tree) -> Option<Object<'t>> {
    let known = KNOWN.iter().find(|known| known.name == kind)?;
    Some(Object { kind: known.kind, kind_name: known.name, tree })
}

/// Checks the shape, name and labels of an object.
pub(crate) fn is_sound(object: &Object<'_>, report: &mut Report) -> bool {
    let known = KNOWN.iter().find(|known| known.name == object.kind_name);
    known.is_some_and(|known| checked(object.tree, known, report).is_some())
}

fn checked<'t>(tree: &'t Tree, known: &'static Known, report: &mut Report) -> Option<Object<'t>> {
    let sound = shape::check(tree, schema(known), shape::MANIFEST, report);
    names::metadata(tree, report);
    sound.then_some(Object { kind: known.kind, kind_name: known.name, tree })
}

fn find(tree: &Tree, version: &str, kind: &str, report: &mut Report) -> Option<&'static Known> {
    let found = KNOWN.iter().find(|known| known.name == kind);
    match found {
        Some(known) if known.api_version == version => Some(known),
        Some(known) => {
            report
                .problem(Code::ManifestKind, tree.place(&["apiVersion"]), format!("`{}` is no version of {kind}", shape::shorten(version)))
                .help(format!("write `apiVersion: {}`", known.api_version));
            None
        }
        None => {
            let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
            let near = suggestion(kind, names.iter().copied());
            report
                .problem(Code::ManifestKind, tree.place(&["kind"]), format!("objects of kind `{}` are not supported", shape::shorten(kind)))
                .help(if near.starts_with("did") { near } else { format!("supported are {}", list(names)) });
            None
        }
    }
}
