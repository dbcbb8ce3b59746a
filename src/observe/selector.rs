//! Selectors: `workload=web,pod=web-3-*,label:app=web,node=general-7,reason=BackOff`.
//!
//! Terms of different keys must all hold; of several terms of one key, one must. `*` stands for any letters. Nodes themselves are
//! listened to unless a term speaks of Pods.

use scenarios::suggestion;
use sim_core::measure::{Filter, Happening, Names, matches_pattern};
use sim_core::spec::Spec;
use sim_core::table::{Table, WorkloadId};
use std::collections::BTreeMap;

/// Keys of a selector.
const KEYS: [&str; 6] = ["workload", "namespace", "pod", "label:KEY", "node", "reason"];

/// What `selector` selects of a scenario; an empty one selects everything.
///
/// # Errors
/// What is wrong with it, with a hint.
pub fn select(selector: &str, spec: &Spec, names: &Names) -> Result<Filter, String> {
    let mut filter = Filter::everything(names.clone(), spec.workloads.len());
    for (key, values) in terms(selector)? {
        match key {
            "workload" => select_workloads(&mut filter, spec, &values)?,
            "namespace" => select_namespaces(&mut filter, names, &values)?,
            "pod" => select_pods(&mut filter, spec, &values)?,
            "node" => select_nodes(&mut filter, spec, &values)?,
            "reason" => filter.reasons = values.iter().map(|value| reason(value)).collect::<Result<_, _>>()?,
            label => select_labels(&mut filter, spec, label.trim_start_matches("label:"), &values)?,
        }
        filter.node_events &= matches!(key, "node" | "reason");
    }
    Ok(filter)
}

/// The values of each key.
fn terms(selector: &str) -> Result<BTreeMap<&str, Vec<&str>>, String> {
    let mut terms: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for term in selector.split(',').map(str::trim).filter(|term| !term.is_empty()) {
        let (key, value) = term.split_once('=').unwrap_or((term, "*"));
        let known = KEYS.contains(&key) && key != "label:KEY" || key.len() > 6 && key.starts_with("label:");
        if !known {
            return Err(format!("selector `{term}`: no key `{key}`; {}", suggestion(key, KEYS)));
        }
        if value.is_empty() || (!term.contains('=') && !key.starts_with("label:")) {
            return Err(format!("selector `{term}`: `{key}` has no value; write `{key}=VALUE`, in which `*` stands for any letters"));
        }
        terms.entry(key).or_default().push(value);
    }
    Ok(terms)
}

/// Keeps the workloads that fit.
fn keep(filter: &mut Filter, fits: impl Fn(WorkloadId) -> bool) {
    let kept: Table<WorkloadId, bool> = filter.workloads.iter().map(|(id, kept)| *kept && fits(id)).collect();
    filter.workloads = kept;
}

/// An error for the first value that fits none of `known`.
fn check<'a>(key: &str, values: &[&str], known: impl IntoIterator<Item = &'a str> + Clone) -> Result<(), String> {
    let lost = values.iter().find(|value| !known.clone().into_iter().any(|name| matches_pattern(value, name)));
    lost.map_or(Ok(()), |value| Err(format!("selector: no {key} `{value}`; {}", suggestion(value, known))))
}

fn any(values: &[&str], name: &str) -> bool {
    values.iter().any(|value| matches_pattern(value, name))
}

fn select_workloads(filter: &mut Filter, spec: &Spec, values: &[&str]) -> Result<(), String> {
    check("workload", values, spec.workloads.rows().iter().map(|workload| workload.name.as_str()))?;
    keep(filter, |id| any(values, &spec.workloads[id].name));
    Ok(())
}

fn select_namespaces(filter: &mut Filter, names: &Names, values: &[&str]) -> Result<(), String> {
    let known: std::collections::BTreeSet<&str> = filter.workloads.ids().map(|id| names.namespace(id)).collect();
    check("namespace", values, known.iter().copied())?;
    keep(filter, |id| any(values, names.namespace(id)));
    Ok(())
}

fn select_pods(filter: &mut Filter, spec: &Spec, values: &[&str]) -> Result<(), String> {
    for value in values {
        if !value.contains('*') && filter.names.find_pod(value).is_none() {
            return Err(format!("selector: no Pod can be called `{value}`; {}", shapes(value, spec, &filter.names)));
        }
    }
    filter.pods = values.iter().map(|value| (*value).to_owned()).collect();
    Ok(())
}

/// What names of Pods look like here.
pub(crate) fn shapes(name: &str, spec: &Spec, names: &Names) -> String {
    let bare = |id: WorkloadId| matches!(spec.workloads[id].controller, sim_core::spec::Controller::Bare);
    let shape = |id: WorkloadId| format!("{}-{}", names.stem(id), if bare(id) { "0" } else { "0-0" });
    let shapes: Vec<String> = spec.workloads.ids().map(shape).collect();
    suggestion(name, shapes.iter().map(String::as_str))
}

fn select_nodes(filter: &mut Filter, spec: &Spec, values: &[&str]) -> Result<(), String> {
    let known: Vec<String> = filter.names.nodes().map(|node| filter.names.node(node)).collect();
    let pools = spec.pools.rows().iter().map(|pool| if pool.single { pool.name.clone() } else { format!("{}-0", pool.name) });
    let pools: Vec<String> = pools.collect();
    if let Some(lost) = values.iter().find(|value| !known.iter().any(|name| matches_pattern(value, name))) {
        return Err(format!("selector: no node `{lost}`; {}", suggestion(lost, pools.iter().map(String::as_str))));
    }
    filter.nodes = Some(known.iter().map(|name| any(values, name)).collect());
    Ok(())
}

fn reason(value: &str) -> Result<&'static str, String> {
    let found = Happening::REASONS.into_iter().find(|reason| reason.eq_ignore_ascii_case(value));
    found.ok_or_else(|| format!("selector: no reason `{value}`; {}", suggestion(value, Happening::REASONS)))
}

fn select_labels(filter: &mut Filter, spec: &Spec, key: &str, values: &[&str]) -> Result<(), String> {
    let label = |id: WorkloadId| {
        let labels = &spec.templates[spec.workloads[id].template].labels;
        spec.symbols.find(key).and_then(|key| labels.get(key)).map(|value| spec.symbols.text(value))
    };
    let known: Vec<&str> = spec.workloads.ids().filter_map(label).collect();
    if known.is_empty() {
        let all = spec.templates.rows().iter().flat_map(|template| template.labels.iter().map(|(key, _)| spec.symbols.text(key)));
        let all: std::collections::BTreeSet<&str> = all.collect();
        return Err(format!("selector: no Pod has a label `{key}`; {}", suggestion(key, all.iter().copied())));
    }
    check(&format!("Pod with label {key}"), values, known.iter().copied())?;
    keep(filter, |id| label(id).is_some_and(|value| any(values, value)));
    Ok(())
}
