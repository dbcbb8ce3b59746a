//! Eviction thresholds of the kubelets.

use std::collections::BTreeMap;

use sim_core::spec::eviction::{Level, hard_thresholds};
use sim_core::spec::{Eviction, EvictionSignal, Threshold};

use super::timing::set_span;
use super::{Builder, SPAN_MAX};
use crate::format::EvictionFile;
use crate::problem::{Code, Treatment};
use crate::text::nearest::suggestion;
use crate::text::source::Span;
use crate::values::written::{Left, Time, Written};

/// Compiles what is given; defaults stand where nothing is.
pub(super) fn eviction(given: &EvictionFile, builder: &mut Builder<'_>) -> Eviction {
    let mut spec = Eviction::default();
    set_span(&mut spec.pressure_transition, given.pressure_transition.as_ref(), builder);
    set_span(&mut spec.max_pod_grace, given.max_pod_grace.as_ref(), builder);
    let hard: Vec<_> = levels(&given.hard, builder).into_iter().map(|(signal, level)| Threshold::hard(signal, level)).collect();
    spec.thresholds = hard_thresholds(&hard, given.merge_defaults);
    spec.thresholds.extend(soft(given, builder));
    let reclaim = levels(&given.minimum_reclaim, builder);
    for threshold in &mut spec.thresholds {
        // What Pods may use is reclaimed as far as the node's memory is.
        let signal = match threshold.signal {
            EvictionSignal::AllocatableMemoryAvailable => EvictionSignal::MemoryAvailable,
            signal => signal,
        };
        threshold.min_reclaim = reclaim.iter().find(|(named, _)| *named == signal).map_or(Level::ZERO, |(_, level)| *level);
    }
    spec
}

fn soft(given: &EvictionFile, builder: &mut Builder<'_>) -> Vec<Threshold> {
    for (name, written) in given.soft_grace.iter().filter(|(name, _)| !given.soft.contains_key(*name)) {
        let draft = builder.report.problem(Code::MissingKey, written.span, format!("`{name}` has a grace period but no soft threshold"));
        draft.help("set it in `soft`, too");
    }
    let mut found = Vec::new();
    for (signal, level) in levels(&given.soft, builder) {
        let Some(grace) = grace(signal, &given.soft_grace, &given.soft, builder) else { continue };
        if !level.is_zero() {
            found.push(Threshold { grace: Some(grace), ..Threshold::hard(signal, level) });
        }
    }
    found
}

fn grace(
    signal: EvictionSignal,
    given: &BTreeMap<String, Written<Time>>,
    soft: &BTreeMap<String, Written<Left>>,
    builder: &mut Builder<'_>,
) -> Option<sim_core::units::SimSpan> {
    let Some(written) = given.get(signal.name()) else {
        let text = format!("the soft threshold of `{}` has no grace period", signal.name());
        builder.report.problem(Code::MissingKey, soft[signal.name()].span, text).help("set it in `softGrace`, for example 1m30s");
        return None;
    };
    builder.read_up_to(written, SPAN_MAX)
}

/// Levels of known signals.
fn levels(given: &BTreeMap<String, Written<Left>>, builder: &mut Builder<'_>) -> Vec<(EvictionSignal, Level)> {
    given.iter().filter_map(|(name, written)| Some((signal(name, written.span, builder)?, builder.read(written)?))).collect()
}

fn signal(name: &str, span: Span, builder: &mut Builder<'_>) -> Option<EvictionSignal> {
    let found = EvictionSignal::NAMED.into_iter().find(|signal| signal.name() == name);
    if name.starts_with("containerfs.") {
        // The kubelet derives it itself from one of the others.
        let text = "kubelets ignore it: it follows from `nodefs` or `imagefs`";
        builder.report.note(span, format!("spec.cluster.kubelet.eviction.{name}"), Treatment::Ignored, text);
    } else if found.is_none() {
        let draft = builder.report.problem(Code::UnknownKey, span, format!("`{name}` is no signal of eviction"));
        draft.help(suggestion(name, EvictionSignal::NAMED.map(EvictionSignal::name)));
    }
    found
}
