//! Namespaces, whose labels `namespaceSelector` asks for, and `PodDisruptionBudget`s, which preemption respects.

use std::collections::BTreeMap;

use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use sim_core::spec::{DisruptionBudget, Namespace};

use super::{Kind, Object, selectors};
use crate::compile::Builder;
use crate::problem::Code;
use crate::text::decode::decode;

/// The label that every namespace bears: its name.
const NAME: &str = "kubernetes.io/metadata.name";

/// The namespaces among objects.
pub(crate) fn namespaces<'t>(objects: impl IntoIterator<Item = &'t Object<'t>>, builder: &mut Builder<'_>) -> Vec<Namespace> {
    let mut all = BTreeMap::new();
    for object in objects.into_iter().filter(|object| object.kind == Kind::Namespace) {
        let mut labels = super::pod::labels(object.tree, builder);
        if builder.origin == crate::compile::Origin::File {
            labels.set(builder.symbols.intern(NAME), builder.symbols.intern(object.name()));
        }
        all.insert(object.name(), labels);
    }
    all.into_iter().map(|(name, labels)| Namespace { name: builder.symbols.intern(name), labels }).collect()
}

/// The budgets among objects, in their order.
pub(crate) fn budgets<'t>(objects: impl IntoIterator<Item = &'t Object<'t>>, builder: &mut Builder<'_>) -> Vec<DisruptionBudget> {
    let given = objects.into_iter().filter(|object| object.kind == Kind::DisruptionBudget);
    given.filter_map(|object| budget(object, builder)).collect()
}

fn budget(object: &Object<'_>, builder: &mut Builder<'_>) -> Option<DisruptionBudget> {
    let given: PodDisruptionBudget = match decode(object.tree) {
        Ok(given) => given,
        Err(fault) => {
            builder.report.problem(Code::ManifestWrongType, fault.span.unwrap_or_default(), fault.message);
            return None;
        }
    };
    let place = object.tree.place_of_key(&["spec", "selector"]);
    let selector = given.spec.and_then(|spec| spec.selector).map(|selector| selectors::selector(&selector, place, builder));
    let status = given.status.unwrap_or_default();
    let disrupted: Vec<String> = status.disrupted_pods.into_iter().flatten().map(|(name, _)| name).collect();
    Some(DisruptionBudget {
        namespace: builder.symbols.intern(object.namespace()),
        selector,
        allowed: status.disruptions_allowed,
        disrupted,
    })
}
