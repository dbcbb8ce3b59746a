//! A case: from a line of JSON to a situation, and what kube-scheduler decided in it.

use super::{Expected, Line};
use crate::compile::situation::{Situation, situation};
use crate::compile::{Builder, Origin};
use crate::configuration;
use crate::manifest::{Kind, Object, is_sound, object_of};
use crate::problem::{Code, Problems};
use crate::text::json;
use crate::text::nearest::suggestion;
use crate::text::report::Report;
use crate::text::tree::{Node, Tree};

/// The parts of a case that hold objects, and of what kind.
const OBJECTS: [(&str, &str); 13] = [
    ("nodes", "Node"),
    ("namespaces", "Namespace"),
    ("services", "Service"),
    ("replicaSets", "ReplicaSet"),
    ("statefulSets", "StatefulSet"),
    ("replicationControllers", "ReplicationController"),
    ("podDisruptionBudgets", "PodDisruptionBudget"),
    ("priorityClasses", "PriorityClass"),
    ("persistentVolumeClaims", "PersistentVolumeClaim"),
    ("persistentVolumes", "PersistentVolume"),
    ("storageClasses", "StorageClass"),
    ("csiNodes", "CSINode"),
    ("boundPods", "Pod"),
];
/// The other parts, and those of all that must be there.
const OTHERS: [&str; 5] = ["id", "tags", "config", "pods", "results"];
const REQUIRED: [&str; 5] = ["id", "config", "nodes", "pods", "results"];

/// A recorded case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its unique name.
    pub id: String,
    /// The cluster, and the Pods to place.
    pub situation: Situation,
    /// What kube-scheduler decided.
    pub expected: Expected,
}

/// Reads a case.
///
/// # Errors
/// All its problems, each with line and column, the path in the case and the text there.
pub fn case(line: &Line) -> Result<Case, Problems> {
    let mut report = Report::default();
    let file = report.sources.add_record(&line.file, line.number, &line.text);
    let case = json::document(file, &mut report).and_then(|tree| read(&tree, &mut report));
    match case {
        Some(case) if report.is_clean() => Ok(case),
        _ => Err(report.problems()),
    }
}

fn read(tree: &Tree, report: &mut Report) -> Option<Case> {
    check_parts(tree, report)?;
    let mut cluster = Vec::new();
    for (key, kind) in OBJECTS {
        cluster.extend(tree.get(key).map_or(&[][..], Tree::items).iter().filter_map(|tree| object_of(kind, tree)));
    }
    // Pods are checked when they are compiled: most are like another. Of owners there is only the selector.
    let later = |kind| matches!(kind, Kind::Pod | Kind::Owner | Kind::ReplicaSet);
    cluster.retain(|object| later(object.kind) || is_sound(object, report));
    let pods: Vec<Object<'_>> = tree.get("pods").map_or(&[][..], Tree::items).iter().filter_map(|tree| object_of("Pod", tree)).collect();
    let expected = expected(tree.get("results")?, pods.len(), report);
    let mut builder = Builder::new(report, &[tree]);
    builder.origin = Origin::Server;
    let configuration = configuration::read(tree.get("config")?, &mut builder)?;
    let situation = situation(&configuration, &cluster, &pods, &mut builder)?;
    Some(Case { id: tree.text_at(&["id"])?.to_owned(), situation, expected: expected? })
}

/// Checks that all parts are there, of the right form, and that there are no others.
fn check_parts(tree: &Tree, report: &mut Report) -> Option<()> {
    let before = report.count();
    if !matches!(tree.node, Node::Map(_)) {
        report.problem(Code::RecordShape, tree.label_span(), format!("a case is a mapping, but this is {}", tree.kind()));
        return None;
    }
    let known = || OBJECTS.iter().map(|(key, _)| *key).chain(OTHERS);
    for (key, value) in tree.entries() {
        let listed = OBJECTS.iter().any(|(name, _)| *name == key.text) || key.text == "pods";
        if !known().any(|name| name == key.text) {
            let help = suggestion(&key.text, known().collect::<Vec<_>>());
            report.problem(Code::RecordShape, key.span, format!("a case has no part `{}`", key.text)).help(help);
        } else if listed && !matches!(value.node, Node::List(_) | Node::Null) {
            report.problem(Code::RecordShape, key.span, format!("`{}` should be a list, but is {}", key.text, value.kind()));
        }
    }
    for key in REQUIRED.iter().filter(|key| tree.get(key).is_none()) {
        report.problem(Code::RecordShape, tree.label_span(), format!("the case lacks `{key}`"));
    }
    if tree.get("id").is_some_and(|id| id.text().is_none()) {
        report.problem(Code::RecordShape, tree.place(&["id"]), "`id` should be text");
    }
    (report.count() == before).then_some(())
}

fn expected(tree: &Tree, pods: usize, report: &mut Report) -> Option<Expected> {
    match Expected::read(tree) {
        Ok(expected) => {
            if let Some(wrong) = expected.lengths().into_iter().find(|length| *length != pods) {
                let message = format!("the results are for {wrong} Pods, but there are {pods} in `pods`");
                report.problem(Code::RecordShape, tree.label_span(), message);
            }
            Some(expected)
        }
        Err(fault) => {
            report.problem(Code::RecordShape, fault.span.unwrap_or_else(|| tree.label_span()), fault.message);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"id": "one", "config": {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration",
        "percentageOfNodesToScore": 100}, "nodes": [{"metadata": {"name": "a"}, "status": {"allocatable": {"cpu": "1", "pods": "9"}}}],
        "boundPods": [{"metadata": {"name": "old", "namespace": "default"}, "spec": {"nodeName": "a", "containers": [{"name": "c", "image": "i"}]}}],
        "pods": [{"metadata": {"name": "new", "namespace": "default"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}],
        "results": {"chosen": [0]}}"#;

    fn read_text(text: &str) -> Result<Case, Problems> {
        case(&Line { file: "cases.jsonl".into(), number: 3, text: text.replace('\n', " ") })
    }

    #[test]
    fn a_case_becomes_a_situation() {
        let case = read_text(GOOD).unwrap_or_else(|problems| panic!("{}", problems.plain()));
        let situation = &case.situation;
        assert_eq!((case.id.as_str(), situation.bound.len(), situation.pods.len()), ("one", 1, 1));
        assert_eq!((situation.bound[0].name.as_str(), situation.pods[0].name.as_str()), ("default/old", "default/new"));
        assert_eq!(case.expected, Expected::Scale(super::super::Scale { chosen: vec![0] }));
        assert_eq!(situation.spec.scheduler.percentage_of_nodes_to_score, 100);
    }

    #[test]
    fn what_is_wrong_with_a_case_is_said_with_its_path() {
        #[rustfmt::skip]
        let cases = [
            ("[1]", "[2]", Code::RecordShape, ""),
            (r#""id": "one""#, r#""id": 1"#, Code::RecordShape, "id: "),
            (r#""nodes": ["#, r#""nods": ["#, Code::RecordShape, ""),
            (r#""nodeName": "a""#, r#""nodeName": "b""#, Code::UnknownReference, "boundPods[0].spec.nodeName: "),
            (r#""cpu": "1""#, r#""cpu": "one""#, Code::BadQuantity, "nodes[0].status.allocatable.cpu: "),
            (r#""chosen": [0]"#, r#""chosen": [0, 1]"#, Code::RecordShape, "results"),
            (r#""chosen": [0]"#, r#""choice": [0]"#, Code::RecordShape, "results"),
            (r#""kind": "Kube"#, r#""kind": "Cube"#, Code::ConfigVersion, "config.kind: "),
            (r#""containers": [{"name": "c", "image": "i"}]}}],
        "results""#, r#""containers": [{"name": "c", "imago": "i"}]}}], "results""#, Code::ManifestUnknownKey, "pods[0].spec.containers[0].imago: "),
            ("{", "", Code::JsonSyntax, ""),
        ];
        for (from, to, code, path) in cases {
            let text = if from == "[1]" { "[2]".to_owned() } else { GOOD.replacen(from, to, 1) };
            let problems = read_text(&text).unwrap_err();
            let first = problems.iter().find(|problem| problem.code == code).unwrap_or_else(|| panic!("{to}: {}", problems.plain()));
            assert_eq!((first.file.as_str(), first.line), ("cases.jsonl", 3), "{to}");
            assert!(first.record.as_deref().unwrap_or_default().starts_with(path), "{to}: {}", first.plain());
        }
    }

    #[test]
    fn a_case_with_any_letter_spoilt_is_read_or_refused() {
        for at in 0..GOOD.len() {
            for letter in ["", "\"", "0", "}", "-"] {
                let text = format!("{}{letter}{}", &GOOD[..at], &GOOD[at + 1..]);
                if let Err(problems) = read_text(&text) {
                    assert!(problems.iter().all(|problem| problem.line == 3), "{text}");
                }
            }
        }
    }
}
