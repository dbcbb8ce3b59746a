//! The way from manifests to a situation: a cluster as it is, and Pods to place on it.

use std::path::{Path, PathBuf};

use super::Files;
use crate::compile::situation::{Situation, situation};
use crate::compile::{Builder, Origin};
use crate::configuration::{self, Configuration};
use crate::manifest::{Kind, Object, objects};
use crate::problem::{Code, Note, Problems, Treatment};
use crate::text::report::Report;
use crate::text::source::Span;
use crate::text::tree::Tree;
use crate::text::yaml;

/// Reads a situation: `cluster` are files with Nodes, the Pods on them and whatever else the scheduler looks at, `pods` are files with
/// Pods to place, in order (and controllers, which stand for their Pods), `config` is a `KubeSchedulerConfiguration`.
///
/// # Errors
/// All problems of all files at once.
pub fn load_situation(cluster: &[PathBuf], pods: &[PathBuf], config: Option<&Path>) -> Result<(Situation, Vec<Note>), Problems> {
    let mut report = Report::default();
    let (cluster, pods) = (documents(cluster, &mut report), documents(pods, &mut report));
    let config: Vec<Tree> = config.map(|path| documents(&[path.to_path_buf()], &mut report)).unwrap_or_default();
    let compiled = compile(&cluster, &pods, config.first(), &mut report);
    match compiled {
        Some(compiled) if report.is_clean() => Ok((compiled, report.notes())),
        _ => Err(report.problems()),
    }
}

fn documents(paths: &[PathBuf], report: &mut Report) -> Vec<Tree> {
    let mut trees = Vec::new();
    for path in paths {
        let before = report.count();
        let Some(file) = Files::new(path).read_root(path, report) else { continue };
        let found = yaml::documents(file, report);
        if found.is_empty() && report.count() == before {
            let place = Span { file, ..Span::default() };
            report.problem(Code::FileEmpty, place, "the file holds no YAML document");
        }
        trees.extend(found);
    }
    trees
}

fn compile(cluster: &[Tree], pods: &[Tree], config: Option<&Tree>, report: &mut Report) -> Option<Situation> {
    let (cluster, pods) = (objects(cluster, report), objects(pods, report));
    check(&cluster, &pods, report);
    let trees: Vec<&Tree> = cluster.iter().chain(&pods).map(|object| object.tree).chain(config).collect();
    let mut builder = Builder::new(report, &trees);
    builder.origin = Origin::File;
    let configuration = match config {
        Some(tree) => configuration::read(tree, &mut builder)?,
        None => Configuration::default(),
    };
    situation(&configuration, &cluster, &pods, &mut builder)
}

fn check(cluster: &[Object<'_>], pods: &[Object<'_>], report: &mut Report) {
    if !cluster.iter().any(|object| object.kind == Kind::Node) {
        let place = cluster.first().map(|object| object.tree.label_span()).unwrap_or_default();
        report.problem(Code::ManifestMissing, place, "the cluster has no Node").help("`--cluster` names files with the Nodes");
    }
    for object in pods.iter().filter(|object| object.kind == Kind::Node) {
        let place = object.tree.place(&["kind"]);
        report.problem(Code::ManifestKind, place, "a Node is no Pod to place").help("name its file under `--cluster`");
    }
    let waits = |object: &&Object<'_>| object.kind == Kind::Pod && object.tree.text_at(&["spec", "nodeName"]).is_none();
    for object in cluster.iter().filter(waits) {
        let place = object.tree.place(&["metadata", "name"]);
        report.note(place, "spec", Treatment::Ignored, "the Pod is on no node; Pods to place are named by `--pods`");
    }
}
