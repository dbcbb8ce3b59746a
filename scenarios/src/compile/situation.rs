//! A cluster at an instant and the Pods to place on it: what a recorded case and `podsim schedule` have in common.

use rustc_hash::FxHashMap;
use sim_core::engine::random::Seed;
use sim_core::spec::{PodTemplate, SchedulerSpec, Spec, TieBreak, Warmup};
use sim_core::table::{NodeId, Table, TemplateId};
use sim_core::units::{SimSpan, SimTime};

use super::{Builder, Origin, cluster, timing};
use crate::configuration::Configuration;
use crate::manifest::{self, Kind, Object};
use crate::problem::Code;
use crate::text::tree::Tree;
use crate::values::instant::parse_instant;

/// A cluster at an instant, and Pods to place on it in order. No time passes.
#[derive(Clone, Debug)]
pub struct Situation {
    /// Nodes, templates, profiles.
    pub spec: Spec,
    /// Pods that are on nodes already, in the order in which they came.
    pub bound: Vec<BoundPod>,
    /// Pods to place, in order.
    pub pods: Vec<PendingPod>,
}

/// A Pod that is on a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoundPod {
    /// `namespace/name`.
    pub name: String,
    /// What it is.
    pub template: TemplateId,
    /// Where it is.
    pub node: NodeId,
    /// `status.startTime`, counted from 1970; `None` if it has not started.
    pub started: Option<SimTime>,
    /// True if it has a `deletionTimestamp`: it is not counted when others are spread.
    pub terminating: bool,
}

/// A Pod to place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingPod {
    /// `namespace/name`.
    pub name: String,
    /// What it is.
    pub template: TemplateId,
}

/// Compiles objects into a situation: Nodes, Pods that name their node, and whatever the scheduler consults are the cluster; `pending` are
/// the Pods to place, in order, and controllers that make such Pods.
pub(crate) fn situation(
    configuration: &Configuration,
    cluster: &[Object<'_>],
    pending: &[Object<'_>],
    builder: &mut Builder<'_>,
) -> Option<Situation> {
    let all = || cluster.iter().chain(pending);
    if builder.origin == Origin::File {
        builder.classes(all());
    }
    builder.profiles = configuration.names();
    builder.groups(all());
    builder.take_storage(all());
    let nodes: Vec<&Object<'_>> = cluster.iter().filter(|object| object.kind == Kind::Node).collect();
    let (pools, zones) = cluster::singles(&nodes, builder);
    let places: FxHashMap<&str, NodeId> = nodes.iter().zip(0..).map(|(node, row)| (node.name(), NodeId(row))).collect();
    let mut templates = Templates::default();
    let is_bound = |object: &&Object<'_>| object.kind == Kind::Pod && node_of(object).is_some() && !has_ended(object.tree);
    let bound: Vec<BoundPod> = cluster.iter().filter(is_bound).filter_map(|object| templates.bound(object, &places, builder)).collect();
    let pods: Vec<PendingPod> = pending.iter().flat_map(|object| templates.pending(object, builder)).collect();
    let namespaces = manifest::namespaces(all(), builder);
    let disruption_budgets = manifest::budgets(all(), builder);
    if !builder.report.is_clean() {
        return None;
    }
    let spec = Spec {
        symbols: std::mem::take(&mut builder.symbols),
        zones,
        resources: Table::from(std::mem::take(&mut builder.resources)),
        images: std::mem::take(&mut builder.images),
        pools,
        templates: templates.rows,
        namespaces,
        disruption_budgets,
        scheduler: SchedulerSpec { tie_break: TieBreak::LowestIndex, ..timing::configured(configuration) },
        ..nothing()
    };
    Some(Situation { spec, bound, pods })
}

/// The node that a Pod is on.
fn node_of<'t>(object: &Object<'t>) -> Option<&'t str> {
    object.tree.text_at(&["spec", "nodeName"]).filter(|name| !name.is_empty())
}

/// True for a Pod that has ended: the scheduler does not know it any more.
fn has_ended(pod: &Tree) -> bool {
    matches!(pod.text_at(&["status", "phase"]), Some("Succeeded" | "Failed"))
}

/// A specification of nothing, in which no time passes.
fn nothing() -> Spec {
    Spec {
        name: String::new(),
        seed: Seed(0),
        duration: SimSpan::ZERO,
        warmup: Warmup::Span(SimSpan::ZERO),
        series_step: SimSpan::from_secs(1),
        symbols: sim_core::spec::Symbols::default(),
        zones: Table::new(),
        resources: Table::new(),
        images: Table::new(),
        pools: Table::new(),
        templates: Table::new(),
        workloads: Table::new(),
        traffic: Vec::new(),
        namespaces: Vec::new(),
        disruption_budgets: Vec::new(),
        faults: Vec::new(),
        resizes: Vec::new(),
        node_lifecycle: sim_core::spec::NodeLifecycle::default(),
        scheduler: SchedulerSpec::default(),
        control_plane: sim_core::spec::ControlPlane::default(),
        kubelet: sim_core::spec::Kubelet::default(),
        registry: sim_core::spec::Registry::default(),
        network: sim_core::spec::Network::default(),
    }
}

/// Templates of Pods; Pods that are alike but for their names share one.
#[derive(Default)]
struct Templates {
    rows: Table<TemplateId, PodTemplate>,
    known: FxHashMap<String, Option<TemplateId>>,
}

impl Templates {
    fn bound(&mut self, object: &Object<'_>, places: &FxHashMap<&str, NodeId>, builder: &mut Builder<'_>) -> Option<BoundPod> {
        let name = node_of(object)?;
        let place = object.tree.place(&["spec", "nodeName"]);
        let Some(node) = places.get(name).copied() else {
            builder.report.problem(Code::UnknownReference, place, format!("there is no node `{name}`")).help("add it to the cluster");
            return None;
        };
        let template = self.template(object, true, builder)?;
        let terminating = object.tree.at(&["metadata", "deletionTimestamp"]).is_some();
        Some(BoundPod { name: full_name(object), template, node, started: started(object.tree, builder), terminating })
    }

    /// The Pods that an object makes: itself, or the replicas of a controller.
    fn pending(&mut self, object: &Object<'_>, builder: &mut Builder<'_>) -> Vec<PendingPod> {
        let place = object.tree.place(&["metadata", "name"]);
        if object.kind == Kind::Pod {
            let template = self.template(object, false, builder);
            template.iter().for_each(|template| builder.check_profile(&self.rows[*template].scheduler_name, place));
            return template.map(|template| PendingPod { name: full_name(object), template }).into_iter().collect();
        }
        let Some(compiled) = manifest::compile(object, builder) else { return Vec::new() };
        builder.check_profile(&compiled.template.scheduler_name, place);
        let copies = manifest::copies(&compiled.controller);
        let template = self.rows.push(compiled.template);
        (0..copies).map(|copy| PendingPod { name: format!("{}-{copy}", full_name(object)), template }).collect()
    }

    fn template(&mut self, object: &Object<'_>, bound: bool, builder: &mut Builder<'_>) -> Option<TemplateId> {
        let key = likeness(object.tree, bound);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let sound = builder.origin == Origin::File || manifest::is_sound(object, builder.report);
        let compiled = if sound { manifest::compile(object, builder) } else { None };
        let compiled = compiled.map(|compiled| {
            let mut template = compiled.template;
            if bound {
                // It is where it is; what remains is what it asks for.
                template.placement.node_name = None;
            }
            self.rows.push(template)
        });
        self.known.insert(key, compiled);
        compiled
    }
}

fn full_name(object: &Object<'_>) -> String {
    format!("{}/{}", object.namespace(), object.name())
}

/// The text of all that makes a Pod's template: equal texts, equal templates.
fn likeness(pod: &Tree, bound: bool) -> String {
    let mut key = String::from(if bound { "bound" } else { "pending" });
    let mut add = |tree: &Tree, names: &[&str], wanted: bool| {
        for (name, value) in tree.entries().iter().filter(|(name, _)| names.contains(&name.text.as_str()) == wanted) {
            key += &name.text;
            value.write(&mut key);
        }
    };
    if let Some(metadata) = pod.get("metadata") {
        add(metadata, &["labels", "namespace", "ownerReferences", "annotations"], true);
        // Claims that are made for a Pod bear its name.
        if has_ephemeral(pod) {
            add(metadata, &["name"], true);
        }
    }
    if let Some(spec) = pod.get("spec") {
        add(spec, if bound { &["nodeName"] } else { &[] }, false);
    }
    if let Some(status) = pod.get("status") {
        add(status, &["startTime"], false);
    }
    key
}

/// True if the Pod has a volume made for itself.
fn has_ephemeral(pod: &Tree) -> bool {
    let volumes = pod.at(&["spec", "volumes"]).map_or(&[][..], Tree::items);
    volumes.iter().any(|volume| volume.get("ephemeral").is_some())
}

fn started(pod: &Tree, builder: &mut Builder<'_>) -> Option<SimTime> {
    let text = pod.text_at(&["status", "startTime"])?;
    let read = parse_instant(text);
    if read.is_none() {
        let place = pod.place(&["status", "startTime"]);
        builder.report.problem(Code::BadValue, place, format!("`{text}` is no instant")).help("for example `2026-01-02T03:04:05Z`");
    }
    read
}
