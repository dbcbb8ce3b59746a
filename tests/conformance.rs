//! Recorded decisions of kube-scheduler v1.34.1: everything must agree, on both paths. See `tests/data/kube-scheduler-1.34/README.md`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

use podsim::conformance::{Dataset, Replay, conformance};
use podsim::sim_core::scheduler;

/// Plugins of which the records have something to say.
const PLUGINS: [&str; 12] = [
    "DefaultPreemption",
    "ImageLocality",
    "InterPodAffinity",
    "NodeAffinity",
    "NodeName",
    "NodePorts",
    "NodeResourcesBalancedAllocation",
    "NodeResourcesFit",
    "NodeUnschedulable",
    "PodTopologySpread",
    "SchedulingGates",
    "TaintToleration",
];

fn records() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/kube-scheduler-1.34");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "gz"));
    files.sort();
    files
}

fn replay(path: scheduler::Path) -> Vec<Dataset> {
    conformance(&records(), Replay { path, jobs: 2 }, |_| true).unwrap().unwrap()
}

fn demand_agreement(datasets: &[Dataset]) {
    assert_eq!(datasets.len(), 5);
    for dataset in datasets {
        assert!(dataset.decisions.compared > 0, "{} is empty", dataset.name);
        assert!(dataset.decisions.is_full(), "{}: {:?}\n{:#?}", dataset.name, dataset.decisions, dataset.disagreements.first());
    }
}

#[test]
fn the_scheduler_decides_as_kube_scheduler_did() {
    let datasets = replay(scheduler::Path::Auto);
    demand_agreement(&datasets);
    for plugin in PLUGINS {
        assert!(datasets.iter().any(|dataset| dataset.plugins.contains_key(plugin)), "no record tests {plugin}");
    }
}

#[test]
fn the_plain_path_decides_as_kube_scheduler_did() {
    demand_agreement(&replay(scheduler::Path::Plain));
}
