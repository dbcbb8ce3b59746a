//! Which fields of manifests are approximated or ignored. Fields that are neither simulated nor listed as harmless are noted too, so
//! that nothing is dropped in silence.

use crate::problem::Treatment::{self, Approximated, Ignored};
use crate::text::report::Report;
use crate::text::tree::Tree;

type Texts = &'static [(&'static str, Treatment, &'static str)];

const COMMAND: &str = "commands are not run; `behaviors` in the scenario say how long a container runs and how it ends";
const NO_EFFECT: &str = "it has no effect in the simulation";

/// Fields of a Pod's spec that are simulated, or have no bearing on time and place.
const POD_SILENT: &[&str] = &[
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "dnsPolicy",
    "enableServiceLinks",
    "hostNetwork",
    "hostname",
    "imagePullSecrets",
    "initContainers",
    "nodeName",
    "nodeSelector",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "resources",
    "restartPolicy",
    "schedulerName",
    "serviceAccount",
    "serviceAccountName",
    "subdomain",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
];
const POD_TEXTS: Texts = &[
    ("readinessGates", Ignored, "a Pod is ready when its containers are"),
    ("runtimeClassName", Ignored, "its overhead counts only if `overhead` is set in the Pod"),
    ("schedulingGates", Approximated, "nobody takes gates away: the Pod is never scheduled"),
    ("securityContext", Ignored, "permissions are not simulated"),
    ("shareProcessNamespace", Ignored, "processes are not simulated"),
    ("resourceClaims", Ignored, "dynamic resource allocation is not simulated"),
];
const CONTAINER_SILENT: &[&str] = &[
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resources",
    "restartPolicy",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeMounts",
    "workingDir",
];
const CONTAINER_TEXTS: Texts = &[
    ("command", Approximated, COMMAND),
    ("args", Approximated, COMMAND),
    ("resizePolicy", Ignored, "containers are not resized in place"),
    ("securityContext", Ignored, "permissions are not simulated"),
];
const DEPLOYMENT_SILENT: &[&str] = &["replicas", "revisionHistoryLimit", "selector", "strategy", "template"];
const DEPLOYMENT_TEXTS: Texts = &[
    ("minReadySeconds", Ignored, "a Pod is available as soon as it is ready"),
    ("paused", Ignored, "releases roll out"),
    ("progressDeadlineSeconds", Ignored, "a rollout that does not get on is not reported"),
];
const JOB_SILENT: &[&str] = &["backoffLimit", "completions", "manualSelector", "parallelism", "selector", "template"];
const JOB_TEXTS: Texts = &[
    ("activeDeadlineSeconds", Ignored, "Jobs are not failed by a deadline"),
    ("completionMode", Ignored, "completions are counted, not indexed"),
    ("podFailurePolicy", Ignored, "every failed Pod counts towards `backoffLimit`"),
    ("suspend", Ignored, "the Job starts at once"),
    ("ttlSecondsAfterFinished", Ignored, "finished Jobs need no room"),
];

/// Notes on an object's own spec.
pub(super) fn of_controller(kind: &str, tree: &Tree, report: &mut Report) {
    let Some(spec) = tree.get("spec") else { return };
    match kind {
        "Job" => level(spec, "spec", JOB_SILENT, JOB_TEXTS, report),
        "Deployment" | "ReplicaSet" => level(spec, "spec", DEPLOYMENT_SILENT, DEPLOYMENT_TEXTS, report),
        _ => {}
    }
}

/// Notes on a Pod's spec.
pub(super) fn of_pod(spec: &Tree, report: &mut Report) {
    level(spec, "spec", POD_SILENT, POD_TEXTS, report);
    for list in ["initContainers", "containers"] {
        for (row, container) in spec.get(list).map_or(&[][..], Tree::items).iter().enumerate() {
            level(container, &format!("spec.{list}[{row}]"), CONTAINER_SILENT, CONTAINER_TEXTS, report);
        }
    }
    for (row, volume) in spec.get("volumes").map_or(&[][..], Tree::items).iter().enumerate() {
        of_volume(volume, row, report);
    }
    for (row, toleration) in spec.get("tolerations").map_or(&[][..], Tree::items).iter().enumerate() {
        let silent = ["effect", "key", "operator", "tolerationSeconds", "value"];
        level(toleration, &format!("spec.tolerations[{row}]"), &silent, &[], report);
    }
}

fn of_volume(volume: &Tree, row: usize, report: &mut Report) {
    for (key, _) in volume.entries().iter().filter(|(key, _)| !["name", "emptyDir"].contains(&key.text.as_str())) {
        let text = match key.text.as_str() {
            "persistentVolumeClaim" | "ephemeral" => {
                "it is attached in the time of `kubelet.attach` and mounted in that of `kubelet.volumes`; making and binding it takes no time"
            }
            "awsElasticBlockStore" | "gcePersistentDisk" | "iscsi" | "rbd" => {
                "it is mounted in the time of `kubelet.volumes`; whether other Pods use the disk is not looked at"
            }
            _ => "it is mounted in the time of `kubelet.volumes`; its contents are not looked at",
        };
        report.note(key.span, format!("spec.volumes[{row}].{}", key.text), Approximated, text);
    }
}

/// Notes on the fields of one mapping.
fn level(tree: &Tree, path: &str, silent: &[&str], texts: Texts, report: &mut Report) {
    for (key, value) in tree.entries().iter().filter(|(key, _)| !silent.contains(&key.text.as_str())) {
        let known = texts.iter().find(|(name, ..)| *name == key.text);
        let (_, treatment, text) = known.copied().unwrap_or(("", Ignored, NO_EFFECT));
        let default = is_default(&key.text, value);
        if !default {
            report.note(key.span, format!("{path}.{}", key.text), treatment, text);
        }
    }
}

/// Values that dumps of live objects are full of and that change nothing.
fn is_default(key: &str, value: &Tree) -> bool {
    let empty = !value.is_scalar() && value.entries().is_empty() && value.items().is_empty();
    empty || matches!((key, value.text()), ("completionMode", Some("NonIndexed")))
}
