//! Requests of Pods that run: a resize in place shows in the status before it is done.
//!
//! Source: `determineContainerReqs` of `staging/src/k8s.io/component-helpers/resource/helpers.go`, Kubernetes v1.34.

use sim_core::spec::ContainerKind;

use super::container;
use super::requests::{Amounts, Asked, raise};
use crate::compile::Builder;
use crate::text::tree::Tree;

/// What a container of a Pod on a node counts with: the largest of what it asks for, has, and was allocated; what it asks for is left out
/// if that was found infeasible. Ordinary init containers, and those without a status, count with what they ask for.
pub(super) fn apply(asked: &mut Asked, name: &str, pod: &Tree, builder: &mut Builder<'_>) {
    let list = match asked.kind {
        ContainerKind::Init => return,
        ContainerKind::Sidecar => "initContainerStatuses",
        ContainerKind::App => "containerStatuses",
    };
    let statuses = pod.at(&["status", list]).map_or(&[][..], Tree::items);
    let Some(status) = statuses.iter().find(|status| status.text_at(&["name"]) == Some(name)) else { return };
    let Some(resources) = status.get("resources") else { return };
    let mut most = if is_infeasible(pod) { Amounts::new() } else { asked.requests.clone() };
    raise(&mut most, &container::amounts(resources.get("requests"), builder));
    raise(&mut most, &container::amounts(status.get("allocatedResources"), builder));
    asked.requests = most;
}

fn is_infeasible(pod: &Tree) -> bool {
    let conditions = pod.at(&["status", "conditions"]).map_or(&[][..], Tree::items);
    let pending = conditions.iter().filter(|condition| condition.text_at(&["type"]) == Some("PodResizePending"));
    pending.into_iter().any(|condition| condition.text_at(&["reason"]) == Some("Infeasible"))
}
