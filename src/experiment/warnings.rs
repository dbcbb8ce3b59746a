//! What a scenario's inputs forbid to conclude.

use scenarios::Experiment;
use sim_core::spec::{Arrivals, Controller, Distribution, Source, Spec};

/// Sentences about the scenario that belong beside its figures.
pub fn warnings(spec: &Spec) -> Vec<String> {
    let heavy = laws(spec).into_iter().filter(|(_, law)| law.infinite_variance());
    heavy
        .map(|(what, _)| format!("{what} has infinite variance: intervals of means that depend on it cannot be trusted; look at medians."))
        .collect()
}

/// What forbids to compare arms in all their measures.
pub fn arm_warnings(experiment: &Experiment) -> Vec<String> {
    let baseline = &experiment.arms[experiment.baseline];
    let times = |arm: &scenarios::Arm| (arm.loaded.spec.duration, arm.loaded.spec.warmup);
    let others = experiment.arms.iter().filter(|arm| times(arm) != times(baseline));
    others
        .map(|arm| {
            format!(
                "Arm `{}` is measured over another span or after another warm-up than the baseline: its counts cannot be compared.",
                arm.name
            )
        })
        .collect()
}

/// The laws of lives, runs and arrivals, with what they are.
fn laws(spec: &Spec) -> Vec<(String, &Distribution)> {
    let mut laws = Vec::new();
    for workload in spec.workloads.rows() {
        let mut add = |what: &str, law| laws.push((format!("The {what} of workload `{}`", workload.name), law));
        if let Some(law) = &workload.lifetime {
            add("lifetime", law);
        }
        if let Source::Arriving(Arrivals::Renewal { gap }) = &workload.source {
            add("arrival gap", gap);
        }
        if let Controller::Deployment(deployment) = &workload.controller {
            deployment.releases.iter().for_each(|releases| add("release gap", &releases.every));
        }
        for container in &spec.templates[workload.template].containers {
            container.behavior.run.iter().for_each(|law| add(&format!("run time of container `{}`", container.name), law));
        }
    }
    laws
}
