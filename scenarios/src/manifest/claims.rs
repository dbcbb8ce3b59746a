//! The claims behind a Pod's volumes.

use k8s_openapi::api::core::v1 as core;
use sim_core::spec::{Claim, ClaimState, Volume};

use super::storage::{Claimed, End, claimed};
use crate::compile::{Builder, Origin};
use crate::problem::Treatment::Approximated;
use crate::text::tree::Tree;

/// A Pod whose claims are looked up.
pub(super) struct Owner<'a> {
    pub(super) namespace: &'a str,
    /// Name of the Pod, or the stem of its name.
    pub(super) name: &'a str,
    /// Its spec.
    pub(super) tree: &'a Tree,
}

/// The claims of a Pod, in the order of its volumes.
pub(super) fn claims(spec: &core::PodSpec, of: &Owner<'_>, builder: &mut Builder<'_>) -> Vec<Claim> {
    let volumes = spec.volumes.iter().flatten().enumerate();
    volumes.filter_map(|(row, volume)| claim(volume, row, of, builder)).collect()
}

fn claim(volume: &core::Volume, row: usize, of: &Owner<'_>, builder: &mut Builder<'_>) -> Option<Claim> {
    if let Some(given) = &volume.persistent_volume_claim {
        return Some(named(&given.claim_name, row, of, builder));
    }
    let given = volume.ephemeral.as_ref()?;
    let name = format!("{}-{}", of.name, volume.name);
    let symbol = builder.symbols.intern(&name);
    let known = builder.storage.claim(of.namespace, &name).cloned();
    let state = match known {
        Some(claimed) => state(&claimed, (of.namespace, &name), builder),
        None if builder.origin == Origin::Server => ClaimState::Missing,
        None => {
            let template = given.volume_claim_template.as_ref().map(|template| &template.spec);
            let path = ["volumes", &row.to_string(), "ephemeral", "volumeClaimTemplate", "spec"];
            let claimed = claimed(template, of.tree.at(&path), builder);
            made(&claimed, builder)
        }
    };
    Some(Claim { name: symbol, ephemeral: true, once_pod: false, state })
}

/// A claim that a Pod names.
fn named(name: &str, row: usize, of: &Owner<'_>, builder: &mut Builder<'_>) -> Claim {
    let symbol = builder.symbols.intern(name);
    let claimed = builder.storage.claim(of.namespace, name).cloned();
    let state = claimed.as_ref().map_or(ClaimState::Missing, |claimed| state(claimed, (of.namespace, name), builder));
    if let Some(reason) = hopeless(&state) {
        let place = of.tree.place(&["volumes", &row.to_string(), "persistentVolumeClaim", "claimName"]);
        let path = format!("spec.volumes[{row}].persistentVolumeClaim.claimName");
        builder.report.note(place, path, Approximated, format!("{reason}, and stays so: the Pod is never scheduled"));
    }
    Claim { name: symbol, ephemeral: false, once_pod: claimed.is_some_and(|claimed| claimed.once_pod), state }
}

/// Why no Pod with such a claim is ever scheduled.
const fn hopeless(state: &ClaimState) -> Option<&'static str> {
    Some(match state {
        ClaimState::Missing => "there is no such claim",
        ClaimState::Lost(_) | ClaimState::BoundToMissing(_) => "the claim's volume does not exist",
        ClaimState::Deleted => "the claim is being deleted",
        ClaimState::Unbound => "the claim is not bound",
        ClaimState::Waiting { .. } | ClaimState::Bound(_) => return None,
    })
}

/// What is behind a claim.
fn state(claimed: &Claimed, name: (&str, &str), builder: &mut Builder<'_>) -> ClaimState {
    let volume = builder.storage.volume_of(claimed, name, builder.origin);
    let symbol = builder.symbols.intern(volume.as_ref().or(claimed.volume.as_ref()).map_or("", String::as_str));
    match volume {
        _ if claimed.end == Some(End::Lost) => ClaimState::Lost(symbol),
        _ if claimed.end == Some(End::Deleted) => ClaimState::Deleted,
        Some(volume) => builder.storage.volume(&volume).cloned().map_or(ClaimState::BoundToMissing(symbol), ClaimState::Bound),
        None if claimed.volume.as_ref().is_some_and(|volume| !volume.is_empty()) => ClaimState::Unbound,
        None => waiting(claimed, Some(&format!("{}/{}", name.0, name.1)), builder).unwrap_or(ClaimState::Unbound),
    }
}

/// The state of a claim whose class waits for a Pod.
fn waiting(claimed: &Claimed, handle: Option<&str>, builder: &mut Builder<'_>) -> Option<ClaimState> {
    let (name, class) = builder.storage.class_of(claimed, builder.origin).filter(|(_, class)| class.waits)?;
    let (class, allowed) = (class.clone(), builder.storage.allowed((name, class)));
    Some(ClaimState::Waiting { allowed, selected: claimed.selected, attached: class.attached(handle, builder) })
}

/// The state of a claim that each Pod has made for itself. One that waits for no Pod gets its volume at once, anywhere.
fn made(claimed: &Claimed, builder: &mut Builder<'_>) -> ClaimState {
    if let Some(state) = waiting(claimed, None, builder) {
        return state;
    }
    let Some((_, class)) = builder.storage.class_of(claimed, builder.origin) else { return ClaimState::Unbound };
    let attached = class.clone().attached(None, builder);
    ClaimState::Bound(Volume { attached, ..Volume::default() })
}
