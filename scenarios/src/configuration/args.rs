//! Arguments of plugins: what is given, checked, and the API's defaults for the rest.
//!
//! Sources: `pkg/scheduler/apis/config/v1/defaults.go` and `pkg/scheduler/apis/config/validation/validation_pluginargs.go` of
//! Kubernetes v1.34.

use k8s_openapi::api::core::v1 as core;
use sim_core::spec::{
    BalancedAllocationArgs, FitArgs, InterPodAffinityArgs, Labels, NodeAffinityArgs, PreemptionArgs, ScoringStrategy, SpreadArgs,
    SpreadDefaults, TopologySpreadConstraint, WeightedResource,
};

use super::format::{
    BalancedAllocationFile, DefaultPreemptionFile, FitFile, InterPodAffinityFile, NodeAffinityFile, PodTopologySpreadFile, ResourceFile,
    ScoringStrategyFile, ShapePointFile,
};
use crate::compile::Builder;
use crate::manifest;
use crate::problem::Code;
use crate::text::decode::At;
use crate::text::source::Span;

/// Reports a value that kube-scheduler would refuse.
pub(super) fn refuse(span: Span, message: String, help: &str, builder: &mut Builder<'_>) {
    builder.report.problem(Code::ConfigValue, span, message).help(help);
}

/// The number, reported if it is not in its range; the default if it is absent.
pub(super) fn number<T: Copy + PartialOrd + std::fmt::Display>(
    name: &str,
    given: Option<&At<T>>,
    default: T,
    range: std::ops::RangeInclusive<T>,
    builder: &mut Builder<'_>,
) -> T {
    let Some(given) = given else { return default };
    if !range.contains(&given.value) {
        let (low, high) = (range.start(), range.end());
        let help = if low == high { format!("it must be {low}") } else { format!("{low} to {high}") };
        refuse(given.span, format!("`{name}` is {}", given.value), &help, builder);
        return default;
    }
    given.value
}

/// `SetDefaults_InterPodAffinityArgs`, `ValidateInterPodAffinityArgs`.
pub(super) fn inter_pod_affinity(given: &InterPodAffinityFile, builder: &mut Builder<'_>) -> InterPodAffinityArgs {
    InterPodAffinityArgs {
        hard_weight: i64::from(number("hardPodAffinityWeight", given.hard_pod_affinity_weight.as_ref(), 1, 0..=100, builder)),
        ignore_preferred_of_existing: given.ignore_preferred_terms_of_existing_pods.unwrap_or(false),
    }
}

/// `SetDefaults_DefaultPreemptionArgs`, `ValidateDefaultPreemptionArgs`.
pub(super) fn preemption(given: &DefaultPreemptionFile, place: Span, builder: &mut Builder<'_>) -> PreemptionArgs {
    let percentage = number("minCandidateNodesPercentage", given.min_candidate_nodes_percentage.as_ref(), 10, 0..=100, builder);
    let absolute = number("minCandidateNodesAbsolute", given.min_candidate_nodes_absolute.as_ref(), 100, 0..=i32::MAX, builder);
    if percentage == 0 && absolute == 0 {
        let message = "`minCandidateNodesPercentage` and `minCandidateNodesAbsolute` must not both be 0".to_owned();
        refuse(place, message, "one of them, or both, above 0", builder);
    }
    PreemptionArgs { min_candidate_percentage: percentage as u32, min_candidate_absolute: absolute as u32 }
}

/// `ValidateNodeAffinityArgs`.
pub(super) fn node_affinity(given: &NodeAffinityFile, builder: &mut Builder<'_>) -> NodeAffinityArgs {
    let Some(At { value: affinity, span }) = &given.added_affinity else { return NodeAffinityArgs::default() };
    let (required, preferred) = manifest::node_affinity(affinity, *span, builder);
    NodeAffinityArgs { required, preferred }
}

/// `SetDefaults_NodeResourcesBalancedAllocationArgs`, `ValidateNodeResourcesBalancedAllocationArgs`: weights must be 1.
pub(super) fn balanced(given: &BalancedAllocationFile, builder: &mut Builder<'_>) -> BalancedAllocationArgs {
    BalancedAllocationArgs { resources: resources(&given.resources, 1..=1, builder).into_iter().map(|each| each.name).collect() }
}

/// `SetDefaults_NodeResourcesFitArgs`, `ValidateNodeResourcesFitArgs`.
pub(super) fn fit(given: &FitFile, builder: &mut Builder<'_>) -> FitArgs {
    let texts = |list: &[At<String>]| list.iter().map(|name| name.value.clone()).collect();
    for group in given.ignored_resource_groups.iter().filter(|group| group.value.contains('/')) {
        refuse(group.span, format!("`{}` is no resource group", group.value), "the part of a resource's name before the `/`", builder);
    }
    let default = At { value: ScoringStrategyFile::default(), span: Span::default() };
    let strategy = given.scoring_strategy.as_ref().unwrap_or(&default);
    FitArgs {
        ignored_resources: texts(&given.ignored_resources),
        ignored_groups: texts(&given.ignored_resource_groups),
        resources: resources(&strategy.value.resources, 1..=100, builder),
        strategy: scoring(strategy, builder),
    }
}

/// Resources with their weights: `cpu` and `memory` if none are given, weight 1 if it is absent or 0.
fn resources(given: &[At<ResourceFile>], range: std::ops::RangeInclusive<i64>, builder: &mut Builder<'_>) -> Vec<WeightedResource> {
    if given.is_empty() {
        return ["cpu", "memory"].map(|name| WeightedResource { name: name.into(), weight: 1 }).into();
    }
    let mut one = |each: &At<ResourceFile>| {
        let weight = each.value.weight.as_ref().filter(|weight| weight.value != 0);
        WeightedResource { name: each.value.name.value.clone(), weight: number("weight", weight, 1, range.clone(), builder) }
    };
    given.iter().map(&mut one).collect()
}

fn scoring(given: &At<ScoringStrategyFile>, builder: &mut Builder<'_>) -> ScoringStrategy {
    let At { value: strategy, span } = given;
    match strategy.kind.as_ref().map(|kind| (kind.value.as_str(), kind.span)) {
        None | Some(("LeastAllocated" | "", _)) => ScoringStrategy::LeastAllocated,
        Some(("MostAllocated", _)) => ScoringStrategy::MostAllocated,
        Some(("RequestedToCapacityRatio", _)) => {
            let shape = strategy.requested_to_capacity_ratio.as_ref().map_or(&[][..], |ratio| &ratio.shape);
            ScoringStrategy::RequestedToCapacityRatio(shape_of(shape, *span, builder))
        }
        Some((other, span)) => {
            let known = "`LeastAllocated`, `MostAllocated` or `RequestedToCapacityRatio`";
            refuse(span, format!("`{other}` is no scoring strategy"), known, builder);
            ScoringStrategy::LeastAllocated
        }
    }
}

/// `ValidateRequestedToCapacityRatio`: at least one point, utilisation rising from 0 to 100, scores of 0 to 10.
fn shape_of(given: &[At<ShapePointFile>], place: Span, builder: &mut Builder<'_>) -> Vec<(i64, i64)> {
    if given.is_empty() {
        let message = "`requestedToCapacityRatio.shape` has no points".to_owned();
        refuse(place, message, "for example `shape: [{utilization: 0, score: 0}, {utilization: 100, score: 10}]`", builder);
    }
    for (row, At { value: point, span }) in given.iter().enumerate() {
        let rises = row == 0 || given[row - 1].value.utilization < point.utilization;
        if !rises || !(0..=100).contains(&point.utilization) || !(0..=10).contains(&point.score) {
            let message = format!("the point {} % → {} does not fit", point.utilization, point.score);
            refuse(*span, message, "utilisation rises from point to point, 0 to 100; scores are 0 to 10", builder);
        }
    }
    given.iter().map(|point| (i64::from(point.value.utilization), i64::from(point.value.score))).collect()
}

/// `SetDefaults_PodTopologySpreadArgs`, `ValidatePodTopologySpreadArgs`.
pub(super) fn spread(given: &PodTopologySpreadFile, builder: &mut Builder<'_>) -> SpreadArgs {
    let list = &given.default_constraints;
    let kind = given.defaulting_type.as_ref();
    match kind.map_or("System", |kind| kind.value.as_str()) {
        "System" | "" => {
            if let Some(first) = list.first() {
                let message = "`defaultConstraints` go with `defaultingType: List` only".to_owned();
                refuse(first.span, message, "set `defaultingType: List`", builder);
            }
            SpreadArgs { defaults: SpreadDefaults::System }
        }
        "List" => SpreadArgs { defaults: SpreadDefaults::List(list.iter().filter_map(|each| constraint(each, builder)).collect()) },
        other => {
            let span = kind.map(|kind| kind.span).unwrap_or_default();
            refuse(span, format!("`{other}` is no defaulting type"), "`System` or `List`", builder);
            SpreadArgs { defaults: SpreadDefaults::System }
        }
    }
}

fn constraint(given: &At<core::TopologySpreadConstraint>, builder: &mut Builder<'_>) -> Option<TopologySpreadConstraint> {
    if given.value.label_selector.is_some() {
        let message = "a default constraint has no `labelSelector`: that comes from Services and owners".to_owned();
        refuse(given.span, message, "leave it out", builder);
    }
    manifest::spread_constraint(&given.value, &Labels::default(), given.span, builder)
}
