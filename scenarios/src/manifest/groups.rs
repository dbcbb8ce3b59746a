//! Services and owners: by what Pods are spread that do not say it themselves.
//!
//! Source: `DefaultSelector` of `pkg/scheduler/framework/plugins/helper/spread.go`, Kubernetes v1.34.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector as Given;
use sim_core::spec::{LabelSelector, Operator, Requirement, Symbols};

use super::{Kind, Object, selectors};
use crate::compile::Builder;
use crate::problem::Code;
use crate::text::decode::decode;
use crate::text::tree::{Node, Tree};

/// The selectors of Services and owners.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    services: Vec<Group>,
    /// `ReplicaSet`s, `StatefulSet`s, `ReplicationController`s.
    owners: Vec<Group>,
}

#[derive(Clone, Debug)]
struct Group {
    kind: &'static str,
    namespace: String,
    name: String,
    selector: LabelSelector,
}

impl Groups {
    /// Takes in an object, if it is a Service or an owner.
    pub(crate) fn add(&mut self, object: &Object<'_>, builder: &mut Builder<'_>) {
        let list = match object.kind {
            Kind::Service => &mut self.services,
            Kind::Owner | Kind::ReplicaSet => &mut self.owners,
            _ => return,
        };
        let Some(selector) = selector(object, builder) else { return };
        let (namespace, name) = (object.namespace().to_owned(), object.name().to_owned());
        list.push(Group { kind: object.kind_name, namespace, name, selector });
    }

    /// The selectors of the Services that match the Pod and of its controller, as one; `None` if they ask for nothing.
    pub(crate) fn selector(&self, namespace: &str, pod: &Tree, symbols: &Symbols) -> Option<LabelSelector> {
        let matching = self.services.iter().filter(|group| group.namespace == namespace && matches(&group.selector, pod, symbols));
        let owner = controller(pod);
        let owners = self.owners.iter().filter(|group| group.namespace == namespace && owner == Some((group.kind, group.name.as_str())));
        let mut all: Vec<Requirement> = Vec::new();
        for requirement in matching.chain(owners.take(1)).flat_map(|group| &group.selector.0) {
            if !all.contains(requirement) {
                all.push(requirement.clone());
            }
        }
        (!all.is_empty()).then_some(LabelSelector(all))
    }
}

/// The selector of a Service or `ReplicationController` is a mapping of labels, that of others a label selector. One without any selects
/// nothing.
fn selector(object: &Object<'_>, builder: &mut Builder<'_>) -> Option<LabelSelector> {
    let tree = object.tree.at(&["spec", "selector"])?;
    let place = tree.label_span();
    if object.kind == Kind::Service || object.kind_name == "ReplicationController" {
        let labels: Vec<(String, String)> =
            tree.entries().iter().filter_map(|(key, value)| Some((key.text.clone(), value.text()?.to_owned()))).collect();
        return (!labels.is_empty()).then(|| selectors::of_labels(labels.iter().map(|(key, value)| (key, value)), place, builder));
    }
    match decode::<Given>(tree) {
        Ok(given) => Some(selectors::selector(&given, place, builder)),
        Err(fault) => {
            builder.report.problem(Code::ManifestWrongType, fault.span.unwrap_or(place), fault.message);
            None
        }
    }
}

/// The versions of the kinds of owners that are looked up.
const OWNERS: [(&str, &str); 3] = [("ReplicaSet", "apps/v1"), ("StatefulSet", "apps/v1"), ("ReplicationController", "v1")];

/// Kind and name of the owner that controls a Pod.
fn controller(pod: &Tree) -> Option<(&str, &str)> {
    let owners = pod.at(&["metadata", "ownerReferences"]).map_or(&[][..], Tree::items);
    let owner = owners.iter().find(|owner| owner.get("controller").is_some_and(|given| given.node == Node::Bool(true)))?;
    let (kind, version) = (owner.text_at(&["kind"])?, owner.text_at(&["apiVersion"])?);
    OWNERS.contains(&(kind, version)).then_some((kind, owner.text_at(&["name"])?))
}

/// True if the Pod's labels meet all requirements.
fn matches(selector: &LabelSelector, pod: &Tree, symbols: &Symbols) -> bool {
    let labels = pod.at(&["metadata", "labels"]);
    let label = |requirement: &Requirement| labels?.get(symbols.text(requirement.key))?.text();
    let holds = |requirement: &Requirement| {
        let among = label(requirement).is_some_and(|label| requirement.values.iter().any(|value| symbols.text(*value) == label));
        among == (requirement.operator == Operator::In)
    };
    selector.0.iter().all(holds)
}
