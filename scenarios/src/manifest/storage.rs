//! Claims and what is behind them: `PersistentVolumeClaim`s, `PersistentVolume`s, `StorageClass`es, and what `CSINode`s can attach.
//!
//! Sources: `GetPodVolumeClaims` of `pkg/scheduler/framework/plugins/volumebinding/binder.go`, `getPVTopologies` of
//! `…/volumezone/volume_zone.go`, `getCSIDriverInfo` of `…/nodevolumelimits/csi.go`, Kubernetes v1.34.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::storage::v1::{CSINode, CSINodeDriver, StorageClass};
use serde::Deserialize;
use sim_core::scheduler::plugins::TOPOLOGY_LABELS;
use sim_core::spec::{AttachedVolume, NodeSelectorTerm, Operator, Requirement, Volume};
use sim_core::table::Symbol;

use super::{Kind, Object, placement};
use crate::compile::{Builder, Origin};
use crate::problem::{Code, Treatment};
use crate::text::decode::decode;
use crate::text::nearest::suggestion;
use crate::text::source::Span;
use crate::text::tree::Tree;

/// Marks the class of claims that name none.
const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
/// The class of a claim, before there was a field for it.
const OLD_CLASS: &str = "volume.beta.kubernetes.io/storage-class";
/// Marks a claim whose binding is done.
const BOUND: &str = "pv.kubernetes.io/bind-completed";
/// The node on which a claim's volume is to be made.
const SELECTED: &str = "volume.kubernetes.io/selected-node";
/// The provisioner that makes no volumes.
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";
/// Ways of access by name.
const ACCESS: [&str; 4] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];

/// The storage objects of a cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Storage {
    claims: BTreeMap<(String, String), Claimed>,
    volumes: BTreeMap<String, Known>,
    classes: BTreeMap<String, Class>,
    /// The class of claims that name none.
    default_class: Option<String>,
    limits: BTreeMap<String, Limits>,
}

/// A claim as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Claimed {
    pub(super) volume: Option<String>,
    pub(super) class: Option<String>,
    pub(super) once_pod: bool,
    pub(super) end: Option<End>,
    /// The controller says that it is bound.
    pub(super) completed: bool,
    pub(super) selected: Option<Symbol>,
}

/// How a claim has come to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// Its volume is gone.
    Lost,
    /// It is being deleted.
    Deleted,
}

/// A volume, its class, and the claim that it is kept for.
#[derive(Clone, Debug)]
struct Known {
    volume: Volume,
    class: String,
    claim: Option<(String, String)>,
}

/// A storage class.
#[derive(Clone, Debug)]
pub(super) struct Class {
    provisioner: String,
    /// `WaitForFirstConsumer`.
    pub(super) waits: bool,
    /// Allowed topologies, if not every node will do.
    allowed: Option<Vec<NodeSelectorTerm>>,
}

/// What a node can attach.
#[derive(Clone, Debug)]
struct Limits {
    drivers: Vec<(Symbol, u32)>,
    place: Span,
    used: bool,
}

impl Storage {
    /// Takes in an object, if it is one of storage.
    pub(crate) fn add(&mut self, object: &Object<'_>, builder: &mut Builder<'_>) {
        match (object.kind, object.kind_name) {
            (Kind::Storage, "PersistentVolumeClaim") => self.add_claim(object, builder),
            (Kind::Storage, "PersistentVolume") => self.add_volume(object, builder),
            (Kind::Storage, "StorageClass") => self.add_class(object, builder),
            (Kind::Storage, "CSINode") => self.add_limits(object, builder),
            _ => {}
        }
    }

    fn add_claim(&mut self, object: &Object<'_>, builder: &mut Builder<'_>) {
        let Some(given) = typed::<core::PersistentVolumeClaim>(object.tree, builder) else { return };
        let annotation = |key: &str| given.metadata.annotations.as_ref().and_then(|all| all.get(key));
        let status = given.status.as_ref().and_then(|status| status.phase.as_deref());
        let mut claimed = claimed(given.spec.as_ref(), object.tree.at(&["spec"]), builder);
        claimed.class = annotation(OLD_CLASS).cloned().or(claimed.class);
        claimed.end = given.metadata.deletion_timestamp.as_ref().map(|_| End::Deleted);
        if status == Some("Lost") {
            claimed.end = Some(End::Lost);
        }
        claimed.completed = annotation(BOUND).is_some();
        claimed.selected = annotation(SELECTED).map(|node| builder.symbols.intern(node));
        self.claims.insert((object.namespace().to_owned(), object.name().to_owned()), claimed);
    }

    fn add_volume(&mut self, object: &Object<'_>, builder: &mut Builder<'_>) {
        let Some(given) = typed::<core::PersistentVolume>(object.tree, builder) else { return };
        let spec = given.spec.unwrap_or_default();
        access(spec.access_modes.as_deref(), object.tree.at(&["spec"]), builder);
        let required = spec.node_affinity.as_ref().and_then(|affinity| affinity.required.as_ref());
        let place = object.tree.place(&["spec", "nodeAffinity", "required"]);
        let volume = Volume {
            required: required.map(|selector| placement::terms(&selector.node_selector_terms, place, builder)),
            topology: topology(object.tree, builder),
            attached: spec.csi.as_ref().map(|csi| attached(&csi.driver, Some(&csi.volume_handle), builder)),
        };
        let claim = spec.claim_ref.map(|claim| (claim.namespace.unwrap_or_else(|| "default".into()), claim.name.unwrap_or_default()));
        let class = spec.storage_class_name.unwrap_or_default();
        self.volumes.insert(object.name().to_owned(), Known { volume, class, claim });
    }

    fn add_class(&mut self, object: &Object<'_>, builder: &mut Builder<'_>) {
        let Some(given) = typed::<StorageClass>(object.tree, builder) else { return };
        let waits = match given.volume_binding_mode.as_deref() {
            None | Some("Immediate") => false,
            Some("WaitForFirstConsumer") => true,
            Some(other) => {
                let place = object.tree.place(&["volumeBindingMode"]);
                let draft = builder.report.problem(Code::BadValue, place, format!("`{other}` is no volume binding mode"));
                draft.help(suggestion(other, ["Immediate", "WaitForFirstConsumer"]));
                false
            }
        };
        let annotations = given.metadata.annotations.unwrap_or_default();
        if annotations.get(DEFAULT_CLASS).is_some_and(|text| text == "true") {
            self.default_class = Some(object.name().to_owned());
        }
        let allowed = given.allowed_topologies.filter(|terms| !terms.is_empty());
        let allowed = allowed.map(|terms| terms.iter().map(|term| topology_term(term, builder)).collect());
        self.classes.insert(object.name().to_owned(), Class { provisioner: given.provisioner, waits, allowed });
    }

    fn add_limits(&mut self, object: &Object<'_>, builder: &mut Builder<'_>) {
        let Some(given) = typed::<CSINode>(object.tree, builder) else { return };
        let drivers = given.spec.drivers.iter().enumerate();
        let drivers = drivers.filter_map(|(row, driver)| limit(driver, row, object.tree, builder)).collect();
        let place = object.tree.place(&["metadata", "name"]);
        self.limits.insert(object.name().to_owned(), Limits { drivers, place, used: false });
    }

    /// The claim of this name.
    pub(super) fn claim(&self, namespace: &str, name: &str) -> Option<&Claimed> {
        self.claims.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// The name of the volume that a claim is bound to. What people write is bound as soon as claim or volume names the other.
    pub(super) fn volume_of(&self, claimed: &Claimed, name: (&str, &str), origin: Origin) -> Option<String> {
        let named = claimed.volume.clone().filter(|volume| !volume.is_empty());
        if origin == Origin::Server {
            return named.filter(|_| claimed.completed);
        }
        let keeps = |known: &Known| known.claim.as_ref().is_some_and(|(namespace, claim)| (namespace.as_str(), claim.as_str()) == name);
        named.or_else(|| self.volumes.iter().find(|(_, known)| keeps(known)).map(|(volume, _)| volume.clone()))
    }

    /// The volume of this name.
    pub(super) fn volume(&self, name: &str) -> Option<&Volume> {
        self.volumes.get(name).map(|known| &known.volume)
    }

    /// The class of a claim; the API server writes the default one into claims that name none.
    pub(super) fn class_of(&self, claimed: &Claimed, origin: Origin) -> Option<(&str, &Class)> {
        let default = self.default_class.as_ref().filter(|_| origin == Origin::File);
        let (name, class) = self.classes.get_key_value(claimed.class.as_ref().or(default)?)?;
        Some((name, class))
    }

    /// Where a claim of a class can get a volume: where one can be made, or is and belongs to no claim.
    pub(super) fn allowed(&self, (name, class): (&str, &Class)) -> Option<Vec<NodeSelectorTerm>> {
        let mut terms = if class.makes_volumes() { class.allowed.clone()? } else { Vec::new() };
        for known in self.volumes.values().filter(|known| known.class == name && known.claim.is_none()) {
            terms.extend(known.volume.required.clone()?);
        }
        Some(terms)
    }

    /// What a node, or each node of a pool, can attach.
    pub(crate) fn limits(&mut self, node: &str) -> Vec<(Symbol, u32)> {
        self.limits.get_mut(node).map_or_else(Vec::new, |limits| {
            limits.used = true;
            limits.drivers.clone()
        })
    }

    /// Places of `CSINode`s that no node bears the name of.
    pub(crate) fn unused_limits(&self) -> Vec<(String, Span)> {
        self.limits.iter().filter(|(_, limits)| !limits.used).map(|(name, limits)| (name.clone(), limits.place)).collect()
    }
}

impl Class {
    fn makes_volumes(&self) -> bool {
        self.provisioner != NO_PROVISIONER && !self.provisioner.is_empty()
    }

    /// The volume that would be made, with a handle of its own or one for each Pod.
    pub(super) fn attached(&self, handle: Option<&str>, builder: &mut Builder<'_>) -> Option<AttachedVolume> {
        self.makes_volumes().then(|| attached(&self.provisioner, handle, builder))
    }
}

fn attached(driver: &str, handle: Option<&str>, builder: &mut Builder<'_>) -> AttachedVolume {
    AttachedVolume { driver: builder.symbols.intern(driver), handle: handle.map(|handle| builder.symbols.intern(handle)) }
}

fn typed<'t, T: Deserialize<'t>>(tree: &'t Tree, builder: &mut Builder<'_>) -> Option<T> {
    let refuse = |fault: crate::text::decode::Fault| {
        let span = fault.span.unwrap_or_else(|| tree.label_span());
        builder.report.problem(Code::ManifestWrongType, span, fault.message);
    };
    decode(tree).map_err(refuse).ok()
}

/// What the spec of a claim says, or that of a template of claims.
pub(super) fn claimed(given: Option<&core::PersistentVolumeClaimSpec>, tree: Option<&Tree>, builder: &mut Builder<'_>) -> Claimed {
    let Some(given) = given else { return Claimed::default() };
    let modes = given.access_modes.as_deref();
    access(modes, tree, builder);
    let once_pod = modes.unwrap_or_default().iter().any(|mode| mode == "ReadWriteOncePod");
    Claimed { volume: given.volume_name.clone(), class: given.storage_class_name.clone(), once_pod, ..Claimed::default() }
}

/// Checks the ways of access of a claim or volume, whose spec is `tree`.
fn access(modes: Option<&[String]>, tree: Option<&Tree>, builder: &mut Builder<'_>) {
    for (row, mode) in modes.unwrap_or_default().iter().enumerate().filter(|(_, mode)| !ACCESS.contains(&mode.as_str())) {
        let place = tree.map_or_else(Span::default, |tree| tree.place(&["accessModes", &row.to_string()]));
        builder.report.problem(Code::BadValue, place, format!("`{mode}` is no access mode")).help(suggestion(mode, ACCESS));
    }
}

/// The zone and region labels of a volume; several values are joined by `__`. A label that is written otherwise counts for nothing.
fn topology(tree: &Tree, builder: &mut Builder<'_>) -> Vec<(Symbol, Vec<Symbol>)> {
    let mut found = Vec::new();
    for (key, _) in TOPOLOGY_LABELS {
        let Some(text) = tree.at(&["metadata", "labels"]).and_then(|labels| labels.text_at(&[key])) else { continue };
        let values: Vec<&str> = text.split("__").map(str::trim).collect();
        if !values.contains(&"") {
            let values = values.into_iter().map(|value| builder.symbols.intern(value)).collect();
            found.push((builder.symbols.intern(key), values));
        }
    }
    found
}

/// A term of allowed topologies.
fn topology_term(given: &core::TopologySelectorTerm, builder: &mut Builder<'_>) -> NodeSelectorTerm {
    let given = given.match_label_expressions.iter().flatten();
    let requirement = |each: &core::TopologySelectorLabelRequirement| Requirement {
        key: builder.symbols.intern(&each.key),
        operator: Operator::In,
        values: each.values.iter().map(|value| builder.symbols.intern(value)).collect(),
    };
    NodeSelectorTerm { expressions: given.map(requirement).collect(), fields: Vec::new() }
}

/// The limit of a driver, if it has one.
fn limit(driver: &CSINodeDriver, row: usize, tree: &Tree, builder: &mut Builder<'_>) -> Option<(Symbol, u32)> {
    let count = driver.allocatable.as_ref()?.count?;
    let place = tree.place(&["spec", "drivers", &row.to_string(), "allocatable", "count"]);
    let Ok(limit) = u32::try_from(count) else {
        builder.report.problem(Code::OutOfRange, place, format!("a node cannot attach {count} volumes")).help("0 or more");
        return None;
    };
    Some((builder.symbols.intern(&driver.name), limit))
}

/// Notes `CSINode`s that no node bears the name of.
pub(crate) fn note_unused_limits(builder: &mut Builder<'_>) {
    for (name, place) in builder.storage.unused_limits() {
        builder.report.note(place, "metadata.name", Treatment::Ignored, format!("there is no node or pool `{name}`"));
    }
}
