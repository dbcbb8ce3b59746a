//! Topology spread constraints.
//!
//! Source: `validateTopologySpreadConstraints` of `pkg/apis/core/validation`, Kubernetes v1.34.

use k8s_openapi::api::core::v1 as core;
use sim_core::spec::{Labels, Operator, TopologySpreadConstraint, WhenUnsatisfiable};

use super::{names, selectors};
use crate::compile::{Builder, Origin};
use crate::problem::Code;
use crate::text::nearest::suggestion;
use crate::text::source::Span;

/// Compiles a constraint of a Pod with `labels`, or of a scheduler's defaults.
pub(crate) fn constraint(
    given: &core::TopologySpreadConstraint,
    labels: &Labels,
    place: Span,
    builder: &mut Builder<'_>,
) -> Option<TopologySpreadConstraint> {
    check_numbers(given, place, builder);
    if !names::is_qualified(&given.topology_key) {
        builder.report.problem(Code::BadName, place, format!("`{}` is no topology key", given.topology_key));
    }
    let when = choice("whenUnsatisfiable", &given.when_unsatisfiable, &WHEN, place, builder)?;
    let mut policy = |name: &str, given: Option<&String>, default: bool| match given {
        Some(text) => choice(name, text, &POLICIES, place, builder),
        None => Some(default),
    };
    let affinity = policy("nodeAffinityPolicy", given.node_affinity_policy.as_ref(), true)?;
    let taints = policy("nodeTaintsPolicy", given.node_taints_policy.as_ref(), false)?;
    let mut selector = given.label_selector.as_ref().map(|selector| selectors::selector(selector, place, builder));
    match &mut selector {
        Some(selector) => selectors::with_keys(selector, given.match_label_keys.as_deref(), Operator::In, labels, place, builder),
        None if builder.origin == Origin::File && given.match_label_keys.as_ref().is_some_and(|keys| !keys.is_empty()) => {
            builder.report.problem(Code::BadValue, place, "`matchLabelKeys` needs a `labelSelector` beside it");
        }
        None => {}
    }
    Some(TopologySpreadConstraint {
        max_skew: given.max_skew,
        topology_key: builder.symbols.intern(&given.topology_key),
        when_unsatisfiable: when,
        selector,
        min_domains: given.min_domains,
        honor_node_affinity: affinity,
        honor_node_taints: taints,
    })
}

const WHEN: [(&str, WhenUnsatisfiable); 2] =
    [("DoNotSchedule", WhenUnsatisfiable::DoNotSchedule), ("ScheduleAnyway", WhenUnsatisfiable::ScheduleAnyway)];
const POLICIES: [(&str, bool); 2] = [("Honor", true), ("Ignore", false)];

fn choice<T: Copy>(key: &str, given: &str, known: &[(&str, T)], place: Span, builder: &mut Builder<'_>) -> Option<T> {
    let found = known.iter().find(|(name, _)| *name == given).map(|(_, value)| *value);
    if found.is_none() {
        builder
            .report
            .problem(Code::BadValue, place, format!("`{key}` has no choice `{given}`"))
            .help(suggestion(given, known.iter().map(|(name, _)| *name).collect::<Vec<_>>()));
    }
    found
}

fn check_numbers(given: &core::TopologySpreadConstraint, place: Span, builder: &mut Builder<'_>) {
    if given.max_skew < 1 {
        builder.report.problem(Code::OutOfRange, place, format!("`maxSkew` is {}", given.max_skew)).help("1 or more");
    }
    let Some(domains) = given.min_domains else { return };
    if domains < 1 {
        builder.report.problem(Code::OutOfRange, place, format!("`minDomains` is {domains}")).help("1 or more");
    }
    if given.when_unsatisfiable != "DoNotSchedule" {
        builder.report.problem(Code::BadValue, place, "`minDomains` goes with `whenUnsatisfiable: DoNotSchedule` only");
    }
}
