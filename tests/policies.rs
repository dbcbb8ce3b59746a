//! What the documentation says of policies is what they are.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;

use podsim::scenarios::{Overrides, load};
use podsim::sim_core::scheduler::Profile;
use podsim::sim_core::scheduler::policies::POLICIES;
use podsim::sim_core::spec::{ArgumentValue, ProfileSpec};

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The profile of the packing scenario under a configuration beside it.
fn profile(configuration: &str) -> ProfileSpec {
    let set = format!("spec.cluster.scheduler.configFile={configuration}");
    let overrides = Overrides { set: vec![set], ..Overrides::default() };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/library/policies/packing.yaml");
    let loaded = load(&path, &overrides).unwrap_or_else(|problems| panic!("{}", problems.plain()));
    Profile::new(&loaded.spec.scheduler.profiles[0], &loaded.spec.resources).unwrap();
    loaded.spec.scheduler.profiles[0].clone()
}

#[test]
fn the_example_of_the_documentation_is_the_code_that_runs() {
    let (doc, code) = (text("docs/policies.md"), text("sim-core/src/scheduler/policies/max_pods_per_app.rs"));
    let example = code.split("#[cfg(test)]").next().unwrap().trim_end();
    assert!(doc.contains(&format!("```rust\n{example}\n```")), "docs/policies.md shows another max_pods_per_app.rs");
    let table = text("sim-core/src/scheduler/policies/mod.rs");
    let line = doc.split("Its line in the table:\n\n```rust\n").nth(1).unwrap().split("```").next().unwrap();
    assert!(table.contains(line), "docs/policies.md shows another line of POLICIES");
}

#[test]
fn every_policy_and_every_argument_is_documented() {
    let doc = text("docs/policies.md");
    for policy in POLICIES {
        assert!(doc.contains(&format!("| `{}` |", policy.name)), "{} has no row", policy.name);
        for argument in policy.arguments {
            assert!(doc.contains(&format!("| `{}` |", argument.name)), "{}.{} has no row", policy.name, argument.name);
        }
    }
}

#[test]
fn a_configuration_brings_a_policy_with_its_weight_and_arguments() {
    let profile = profile("one-per-app.yaml");
    assert_eq!(profile.filters.last().unwrap(), "MaxPodsPerApp");
    assert_eq!(profile.scores.last().unwrap(), &("BestFit".to_owned(), 10));
    assert!(profile.scores.iter().all(|(name, _)| !name.starts_with("NodeResources")));
    let given: Vec<_> = profile.policies.iter().map(|args| (args.policy.as_str(), args.values.clone())).collect();
    let (text, list) =
        (|text: &str| ArgumentValue::Text(text.into()), |texts: [&str; 2]| ArgumentValue::List(texts.map(String::from).into()));
    let best_fit = vec![("measure".into(), text("leftover")), ("resources".into(), list(["cpu", "memory"]))];
    let per_app = vec![("label".into(), text("app")), ("maxPods".into(), ArgumentValue::Number(1))];
    assert_eq!(given, [("BestFit", best_fit), ("MaxPodsPerApp", per_app)]);
}
