//! Every scenario of the library loads, and says what it promises.

use std::path::{Path, PathBuf};

use scenarios::{Loaded, Overrides, check, load};
use sim_core::spec::{Controller, Replicas, Source, Spec};

fn library(name: &str) -> Loaded {
    let path = PathBuf::from("library").join(name);
    load(&path, &Overrides::default()).unwrap_or_else(|problems| panic!("{name}:\n{}", problems.plain()))
}

/// Standing Pods, and those of them with more than one container.
fn standing_pods(spec: &Spec) -> (f64, f64) {
    let mut pods = (0.0, 0.0);
    for workload in spec.workloads.rows() {
        let Source::Standing { instances } = workload.source else { continue };
        let count = match &workload.controller {
            Controller::Deployment(deployment) => match deployment.replicas {
                Replicas::Drawn { total: Some(total), .. } => f64::from(total),
                _ => panic!("{} has no total", workload.name),
            },
            _ => f64::from(instances),
        };
        pods.0 += count;
        pods.1 += if spec.templates[workload.template].is_multi_container() { count } else { 0.0 };
    }
    pods
}

/// Jobs a day, and those of them whose Pods have more than one container.
fn jobs_a_day(spec: &Spec) -> (f64, f64) {
    let mut jobs = (0.0, 0.0);
    for workload in spec.workloads.rows() {
        let Source::Arriving(arrivals) = &workload.source else { continue };
        let rate = arrivals.rate().expect("a rate") * 86_400.0;
        jobs.0 += rate;
        jobs.1 += if spec.templates[workload.template].is_multi_container() { rate } else { 0.0 };
    }
    jobs
}

#[test]
fn the_first_steps_run_the_three_examples_unchanged() {
    let spec = library("examples/first-steps.yaml").spec;
    let names: Vec<&str> = spec.templates.rows().iter().map(|template| template.name.as_str()).collect();
    assert_eq!(names, ["simple-web", "web-with-sidecar", "web-with-init"]);
    assert_eq!(spec.nodes_count(), 3);
    assert!(spec.templates.rows()[1].is_multi_container() && !spec.templates.rows()[2].is_multi_container());
}

#[test]
fn the_documented_scale_has_its_nodes_pods_mix_and_load() {
    let spec = library("documented/scale.yaml").spec;
    assert_eq!((spec.nodes_count(), spec.zones.len()), (15_000, 3));
    let (pods, multi) = standing_pods(&spec);
    assert!(pods > 303_000.0, "{pods}");
    assert!((multi / pods - 0.15).abs() < 1e-9, "{multi} of {pods}");
    let (jobs, multi_jobs) = jobs_a_day(&spec);
    assert!((multi_jobs / jobs - 0.15).abs() < 0.001, "{multi_jobs} of {jobs}");
    let (cpu, memory) = load_of(&spec);
    assert!((0.60..0.75).contains(&cpu) && (0.60..0.75).contains(&memory), "cpu {cpu}, memory {memory}");
}

/// Requests of standing Pods over allocatable, CPU and memory.
fn load_of(spec: &Spec) -> (f64, f64) {
    let mut asked = (0.0, 0.0);
    for workload in spec.workloads.rows() {
        let Controller::Deployment(deployment) = &workload.controller else { continue };
        let Replicas::Drawn { total: Some(total), .. } = deployment.replicas else { continue };
        let requests = &spec.templates[workload.template].requests;
        asked.0 += f64::from(total) * requests.cpu.0 as f64;
        asked.1 += f64::from(total) * requests.memory.0 as f64;
    }
    let given = spec.pools.rows().iter().fold((0.0, 0.0), |sum, pool| {
        let (count, shape) = (f64::from(pool.count), &pool.shape.allocatable);
        (sum.0 + count * shape.cpu.0 as f64, sum.1 + count * shape.memory.0 as f64)
    });
    (asked.0 / given.0, asked.1 / given.1)
}

#[test]
fn the_quick_scenario_is_the_documented_one_in_small() {
    let spec = library("documented/quick.yaml").spec;
    let (pods, multi) = standing_pods(&spec);
    assert_eq!(spec.nodes_count(), 100);
    assert!((1_900.0..2_100.0).contains(&pods), "{pods}");
    assert!((0.14..0.16).contains(&(multi / pods)), "{multi} of {pods}");
}

#[test]
fn a_digest_is_stable_and_knows_overrides() {
    let path = Path::new("library/examples/first-steps.yaml");
    let with = |overrides: &Overrides| load(path, overrides).unwrap().digest;
    let plain = with(&Overrides::default());
    assert_eq!(plain, with(&Overrides::default()));
    assert_ne!(plain, with(&Overrides { seed: Some(2), ..Overrides::default() }));
}

#[test]
fn overrides_reach_into_lists_by_name_and_by_index() {
    let path = Path::new("library/examples/first-steps.yaml");
    let overrides = Overrides {
        seed: Some(9),
        duration: Some("2h".into()),
        set: vec![
            "spec.cluster.nodePools.node.count=7".into(),
            "spec.workloads.0.instances=2".into(),
            "spec.cluster.scheduler.tieBreak=lowestIndex".into(),
        ],
        arm: None,
    };
    let spec = load(path, &overrides).unwrap_or_else(|problems| panic!("{}", problems.plain())).spec;
    assert_eq!((spec.nodes_count(), spec.seed.0, spec.duration.as_secs_f64()), (7, 9, 7_200.0));
    assert_eq!(spec.workloads.rows()[0].source, Source::Standing { instances: 2 });
}

#[test]
fn overrides_that_lead_nowhere_say_where_they_went_astray() {
    let path = Path::new("library/examples/first-steps.yaml");
    let set = [
        "spec.cluster.nodePools.nod.count=7",
        "spec.duration.x=1",
        "nonsense",
        "spec.sede=3",
        "spec.seed=[",
        "spec.cluster.nodePools.node.count=-1",
    ];
    let overrides = Overrides { set: set.map(String::from).to_vec(), ..Overrides::default() };
    insta::assert_snapshot!(load(path, &overrides).unwrap_err().plain());
}

#[test]
fn a_check_counts_scenarios_and_objects() {
    let checked = check(&["library/examples/first-steps.yaml".into(), "library/documented/manifests/web.yaml".into()]);
    assert_eq!((checked.scenarios, checked.objects), (1, 5), "{}", checked.problems.plain());
    assert!(checked.problems.is_empty(), "{}", checked.problems.plain());
}

#[test]
fn notes_name_what_is_not_simulated() {
    let notes: Vec<String> = library("examples/first-steps.yaml").notes.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(notes.join("\n"));
}

#[test]
fn the_failures_scenario_has_faults_of_every_family() {
    use sim_core::spec::FaultKind;
    let Loaded { spec, notes, .. } = library("examples/failures.yaml");
    assert!(notes.is_empty(), "{notes:?}");
    let families = spec.faults.iter().map(|fault| match &fault.kind {
        FaultKind::Node { nodes, .. } => ("node", nodes.len()),
        FaultKind::Zone { zones, .. } => ("zone", zones.len()),
        FaultKind::Registry { .. } => ("registry", 1),
        FaultKind::Container { containers, .. } => ("container", containers.len()),
    });
    let want = [("node", 60); 4].into_iter().chain([("zone", 1), ("registry", 1), ("registry", 1), ("container", 1), ("container", 1)]);
    assert_eq!(families.collect::<Vec<_>>(), want.collect::<Vec<_>>());
    assert_eq!(library("validation/availability.yaml").spec.faults.len(), 1);
}

#[test]
fn the_published_schema_is_up_to_date() {
    let path = "schema/scenario.schema.json";
    let current = format!("{}\n", serde_json::to_string_pretty(&scenarios::schema()).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(published == current, "{path} is out of date: run the tests with UPDATE_SCHEMA=1");
}

#[test]
fn traffic_is_compiled_for_each_object_that_it_goes_to() {
    let spec =
        load(Path::new("tests/good/traffic.yaml"), &Overrides::default()).unwrap_or_else(|problems| panic!("{}", problems.plain())).spec;
    let [traffic] = &spec.traffic[..] else { panic!("one entry") };
    assert!(traffic.together && traffic.noise.is_some());
    let [cold, preloaded] = &traffic.to[..] else { panic!("two objects") };
    assert_eq!((cold.cache.unwrap().start, preloaded.cache.unwrap().start), (0.1, 0.85));
    // The first of the two waits until it is warm: 5 min · ln 8.
    let warm_up = |row: usize, at: usize| spec.templates.rows()[row].containers[at].behavior.warm_up.as_secs_f64();
    assert!((warm_up(0, 0) - 300.0 * 8f64.ln()).abs() < 1e-6);
    assert!(warm_up(1, usize::from(preloaded.serving)).abs() < 1e-12);
    let path: Vec<bool> = preloaded.containers.iter().map(|part| part.in_path).collect();
    assert_eq!((path, preloaded.serving), (vec![false, true, true], 2));
    let proxy = preloaded.containers[1].cost.unwrap();
    assert!((proxy.cpu - 2e-4).abs() < 1e-15 && proxy.idle_memory == 60_000_000);
    assert_eq!(preloaded.containers[2].cost.unwrap().idle_cpu, 5_000);
}
