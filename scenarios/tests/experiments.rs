//! A scenario under several settings.

use std::path::{Path, PathBuf};

use scenarios::{Experiment, Overrides, Problems, check, load, load_experiment};

const OWN: &str = "tests/arms/own.yaml";
const PLAIN: &str = "library/examples/first-steps.yaml";

fn experiment(path: &str, arms: &[&str], baseline: Option<&str>) -> Result<Experiment, Problems> {
    let arms: Vec<String> = arms.iter().map(ToString::to_string).collect();
    load_experiment(Path::new(path), &Overrides::default(), &arms, baseline)
}

fn good(path: &str, arms: &[&str]) -> Experiment {
    experiment(path, arms, None).unwrap_or_else(|problems| panic!("{}", problems.plain()))
}

#[test]
fn a_scenario_carries_its_arms_its_baseline_and_what_it_is_about() {
    let own = good(OWN, &[]);
    let arms: Vec<_> = own.arms.iter().map(|arm| (arm.name.as_str(), arm.description.as_str(), arm.loaded.spec.nodes_count())).collect();
    assert_eq!(arms, [("plain", "the scenario as it is", 2), ("limited", "", 3)]);
    assert_eq!((own.baseline, own.measures), (1, vec!["pods.created".to_owned(), "restarts.rate".to_owned()]));
    let template = &own.arms[1].loaded.spec.templates.rows()[0];
    assert_eq!(template.requests.memory.0, 64 << 20, "a limit without a request is the request");
    let [path, nodes] = &own.arms[1].settings[..] else { panic!("two settings") };
    assert_eq!((path.1.as_str(), nodes.1.as_str()), ("{limits: {cpu: 1, memory: 64Mi}}", "3"));
}

#[test]
fn arms_of_the_command_line_change_the_scenario_by_paths() {
    let given = good(PLAIN, &["small", "large=spec.cluster.nodePools.node.count=7,spec.cluster.nodePools.node.zones=[a, b]"]);
    let nodes: Vec<_> = given.arms.iter().map(|arm| (arm.loaded.spec.nodes_count(), arm.loaded.spec.zones.len())).collect();
    assert_eq!(nodes[1], (7, 2));
    assert_ne!(nodes[0], nodes[1]);
    assert_eq!(given.baseline, 0);
}

#[test]
fn an_arm_is_the_same_run_as_the_scenario_with_its_overrides() {
    for (path, arms) in [(OWN, &[][..]), (PLAIN, &["a", "b=spec.cluster.nodePools.node.count=7"])] {
        for arm in good(path, arms).arms {
            let alone = load(Path::new(path), &arm.overrides).unwrap();
            assert_eq!(alone.digest, arm.loaded.digest, "{}", arm.name);
        }
    }
}

#[test]
fn arms_have_digests_of_their_own() {
    let own = good(OWN, &[]);
    assert_ne!(own.arms[0].loaded.digest, own.arms[1].loaded.digest);
}

#[test]
fn what_is_wrong_with_arms_is_told_with_the_arm() {
    #[rustfmt::skip]
    let cases: [(&str, &[&str], Option<&str>); 12] = [
        (PLAIN, &["a", "b=spec.cluster.nodePools.nod.count=7"], None),
        (PLAIN, &["a=spec.sede=3", "b=spec.cluster.nodePools.node.count=-1,spec.duration.x=1"], None),
        (PLAIN, &["a", "b=spec.cluster.nodePools.node.zones=a,b"], None),
        (PLAIN, &["a"], None),
        (PLAIN, &[], None),
        (PLAIN, &["same", "Same"], None),
        (PLAIN, &["../up", "b"], None),
        (PLAIN, &["a", "b=spec.seed=9"], None),
        (PLAIN, &["a", "b"], Some("c")),
        (OWN,   &["plain", "limitd"], None),
        (OWN,   &["plain", "limited=spec.seed=1"], None),
        (OWN,   &["plain", "other="], Some("othr")),
    ];
    let mut all = String::new();
    for (path, arms, baseline) in cases {
        let problems = experiment(path, arms, baseline).expect_err(&format!("{arms:?}"));
        all += &format!("== {arms:?} {}\n{}\n\n", baseline.unwrap_or_default(), problems.plain());
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_problem_of_all_arms_is_told_once() {
    let problems = experiment("tests/bad/duration-zero.yaml", &["a", "b"], None).unwrap_err();
    let alone = load(Path::new("tests/bad/duration-zero.yaml"), &Overrides::default()).unwrap_err();
    assert_eq!(problems.plain(), alone.plain());
}

#[test]
fn a_check_looks_into_every_arm() {
    let checked = check(&[PathBuf::from(OWN)]);
    assert!(checked.problems.is_empty(), "{}", checked.problems.plain());
    assert_eq!(checked.objects, 1);
    let bad = check(&[PathBuf::from("tests/arms/bad.yaml")]);
    insta::assert_snapshot!(bad.problems.plain());
}
