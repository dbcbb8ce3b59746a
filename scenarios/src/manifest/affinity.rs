//! Affinity and anti-affinity between Pods.
//!
//! Source: `validatePodAffinityTerm` of `pkg/apis/core/validation` and `applyMatchLabelKeysAndMismatchLabelKeys` of
//! `pkg/registry/core/pod/strategy.go`, Kubernetes v1.34.

use k8s_openapi::api::core::v1 as core;
use sim_core::spec::{Labels, Operator, PodAffinityTerm};
use sim_core::table::Symbol;

use super::{names, selectors};
use crate::compile::{Builder, Origin};
use crate::problem::Code;
use crate::text::source::Span;

/// A Pod whose terms are compiled.
pub(super) struct Subject<'a> {
    /// Its namespace, which terms mean that name none.
    pub(super) namespace: Symbol,
    /// Its labels, for `matchLabelKeys`.
    pub(super) labels: &'a Labels,
    /// Where problems are placed.
    pub(super) place: Span,
}

/// Terms that must hold.
pub(super) fn required(given: Option<&[core::PodAffinityTerm]>, of: &Subject<'_>, builder: &mut Builder<'_>) -> Vec<PodAffinityTerm> {
    given.unwrap_or_default().iter().map(|each| term(each, of, builder)).collect()
}

/// Terms that should hold, with weights of 1 to 100.
pub(super) fn preferred(
    given: Option<&[core::WeightedPodAffinityTerm]>,
    of: &Subject<'_>,
    builder: &mut Builder<'_>,
) -> Vec<(i64, PodAffinityTerm)> {
    let mut weighted = |each: &core::WeightedPodAffinityTerm| {
        if !(1..=100).contains(&each.weight) {
            builder.report.problem(Code::OutOfRange, of.place, format!("a preference weighs {}", each.weight)).help("1 to 100");
        }
        (i64::from(each.weight), term(&each.pod_affinity_term, of, builder))
    };
    given.unwrap_or_default().iter().map(&mut weighted).collect()
}

fn term(given: &core::PodAffinityTerm, of: &Subject<'_>, builder: &mut Builder<'_>) -> PodAffinityTerm {
    if !names::is_qualified(&given.topology_key) {
        builder
            .report
            .problem(Code::BadName, of.place, format!("`{}` is no topology key", given.topology_key))
            .help("the key of a node label, such as `topology.kubernetes.io/zone`");
    }
    let mut selector = given.label_selector.as_ref().map(|selector| selectors::selector(selector, of.place, builder));
    let keys = [(&given.match_label_keys, Operator::In), (&given.mismatch_label_keys, Operator::NotIn)];
    for (keys, operator) in keys {
        match &mut selector {
            Some(selector) => selectors::with_keys(selector, keys.as_deref(), operator, of.labels, of.place, builder),
            None if builder.origin == Origin::File && keys.as_ref().is_some_and(|keys| !keys.is_empty()) => {
                builder.report.problem(
                    Code::BadValue,
                    of.place,
                    "`matchLabelKeys` and `mismatchLabelKeys` need a `labelSelector` beside them",
                );
            }
            None => {}
        }
    }
    let mut namespaces: Vec<Symbol> = given.namespaces.iter().flatten().map(|name| builder.symbols.intern(name)).collect();
    if namespaces.is_empty() && given.namespace_selector.is_none() {
        namespaces.push(of.namespace);
    }
    let namespace_selector = given.namespace_selector.as_ref().map(|selector| selectors::selector(selector, of.place, builder));
    PodAffinityTerm { selector, namespaces, namespace_selector, topology_key: builder.symbols.intern(&given.topology_key) }
}
