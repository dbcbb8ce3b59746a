//! What scenarios and manifests say to the scheduler.

use std::path::Path;

use scenarios::{Loaded, Overrides, Situation, load, load_situation};
use sim_core::scheduler::{Scheduler, Verdict};
use sim_core::spec::{LabelSelector, Operator, ScoringStrategy, SpreadDefaults, Symbols, WhenUnsatisfiable};
use sim_core::table::PodId;
use sim_core::units::SimTime;

fn scenario() -> Loaded {
    load(Path::new("tests/good/with-config.yaml"), &Overrides::default()).unwrap_or_else(|problems| panic!("{}", problems.plain()))
}

fn situation() -> Situation {
    let loaded =
        load_situation(&["tests/good/cluster.yaml".into()], &["tests/good/pods.yaml".into()], Some(Path::new("tests/good/scheduler.yaml")));
    loaded.unwrap_or_else(|problems| panic!("{}", problems.plain())).0
}

/// `key operator values`, one after the other.
fn shown(selector: Option<&LabelSelector>, symbols: &Symbols) -> String {
    let word = |operator| match operator {
        Operator::In => "=",
        Operator::NotIn => "!=",
        _ => "?",
    };
    let requirements = selector.iter().flat_map(|selector| &selector.0);
    let parts = requirements.map(|each| {
        let values: Vec<&str> = each.values.iter().map(|value| symbols.text(*value)).collect();
        format!("{}{}{}", symbols.text(each.key), word(each.operator), values.join("|"))
    });
    parts.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_scenario_takes_its_scheduler_from_a_file_but_for_what_it_says_itself() {
    let spec = scenario().spec.scheduler;
    assert_eq!((spec.percentage_of_nodes_to_score, spec.backoff_initial.as_secs_f64(), spec.backoff_max.as_secs_f64()), (40, 2.0, 20.0));
    assert_eq!((spec.client.qps, spec.client.burst), (80.0, 100));
    let [default, packing] = &spec.profiles[..] else { panic!("two profiles") };
    assert_eq!((default.scheduler_name.as_str(), default.percentage_of_nodes_to_score), ("default-scheduler", None));
    assert_eq!(default.filters, sim_core::spec::DEFAULT_FILTERS);
    assert_eq!((packing.scheduler_name.as_str(), packing.percentage_of_nodes_to_score), ("packing", Some(100)));
    assert!(!packing.filters.iter().any(|name| name == "NodePorts" || name == "InterPodAffinity"), "{:?}", packing.filters);
    let scores: Vec<String> = packing.scores.iter().map(|(name, weight)| format!("{name} {weight}")).collect();
    assert_eq!(
        scores.join(", "),
        "NodeResourcesFit 4, NodeAffinity 2, PodTopologySpread 2, NodeResourcesBalancedAllocation 1, ImageLocality 5"
    );
    assert_eq!(packing.fit.strategy, ScoringStrategy::RequestedToCapacityRatio(vec![(0, 0), (100, 10)]));
    assert_eq!(packing.fit.resources.iter().map(|each| each.weight).collect::<Vec<_>>(), [3, 1]);
    assert!(matches!(&packing.spread.defaults, SpreadDefaults::List(list) if list.len() == 1));
}

#[test]
fn a_pod_says_what_it_asks_of_others() {
    let Situation { spec, pods, .. } = situation();
    let pod = &spec.templates[pods[0].template];
    let text = |symbol| spec.symbols.text(symbol);
    assert_eq!((pod.scheduler_name.as_str(), &pod.gates[..]), ("packing", &["example.com/quota".to_owned()][..]));
    assert_eq!((pod.priority, pod.never_preempts), (7, true));
    assert_eq!((pod.requests.cpu.0, pod.scored.cpu.0, pod.non_zero.cpu.0), (1_050, 150, 1_050));
    let spread = &pod.spread[0];
    assert_eq!((spread.max_skew, spread.min_domains, text(spread.topology_key)), (2, Some(3), "topology.kubernetes.io/zone"));
    assert_eq!(spread.when_unsatisfiable, WhenUnsatisfiable::DoNotSchedule);
    assert!(!spread.honor_node_affinity && spread.honor_node_taints);
    assert_eq!(shown(spread.selector.as_ref(), &spec.symbols), "app=web version=2");
    assert_eq!(shown(pod.default_spread.as_ref(), &spec.symbols), "app=web");
    let near = &pod.affinity.required[0];
    assert_eq!(near.namespaces.iter().map(|name| text(*name)).collect::<Vec<_>>(), ["shop", "bank"]);
    assert_eq!(
        (shown(near.selector.as_ref(), &spec.symbols).as_str(), near.namespace_selector.as_ref()),
        ("app?", Some(&LabelSelector::default()))
    );
    let (weight, far) = &pod.affinity.anti_preferred[0];
    assert_eq!((*weight, shown(far.selector.as_ref(), &spec.symbols).as_str()), (30, "app=web version!=2"));
}

#[test]
fn a_pod_that_no_profile_places_is_told() {
    let problems = load_situation(&["tests/good/cluster.yaml".into()], &["tests/good/pods.yaml".into()], None).unwrap_err();
    assert!(problems.plain().contains("no profile of the scheduler is called `packing`"), "{}", problems.plain());
}

#[test]
fn a_cluster_has_namespaces_budgets_images_and_pods() {
    let Situation { spec, bound, .. } = situation();
    let text = |symbol| spec.symbols.text(symbol);
    let names: Vec<&str> = spec.namespaces.iter().map(|namespace| text(namespace.name)).collect();
    assert_eq!(names, ["shop"]);
    let budget = &spec.disruption_budgets[0];
    assert_eq!((budget.allowed, &budget.disrupted[..], text(budget.namespace)), (2, &["web-9".to_owned()][..], "shop"));
    assert_eq!(shown(budget.selector.as_ref(), &spec.symbols), "app=web|api");
    let images = &spec.pools.rows()[0].shape.images;
    let images: Vec<(&str, u64)> = images.iter().map(|id| (spec.images[*id].name.as_str(), spec.images[*id].size.0)).collect();
    assert_eq!(images, [("nginx@sha256:0123", 142_000_000), ("nginx:1.20", 142_000_000)]);
    assert_eq!(bound.iter().map(|pod| pod.name.as_str()).collect::<Vec<_>>(), ["shop/old", "shop/dumped"]);
    assert_eq!(spec.templates[bound[1].template].priority, 42);
    assert!(bound[0].terminating && bound[0].started.is_some());
    let requests = &spec.templates[bound[0].template].requests;
    assert_eq!((requests.cpu.0, requests.memory.0), (300, 1 << 30), "a resize under way counts with the larger of both");
}

/// Where each Pod goes, or why it goes nowhere, one line each.
fn decided(situation: &Situation) -> String {
    let spec = &situation.spec;
    let mut scheduler = Scheduler::new(spec);
    let mut lines = Vec::new();
    for (pod, number) in situation.pods.iter().zip(0..) {
        scheduler.submit(spec, PodId(number), pod.template, SimTime::ZERO);
        let popped = scheduler.next(SimTime::ZERO).expect("the Pod is tried");
        let verdict = scheduler.cycle(spec, popped, 0, SimTime::ZERO).verdict;
        let text = match verdict {
            Verdict::Placed(node) => format!("-> {}", scheduler.node_name(node)),
            Verdict::Unschedulable(message) => {
                let text = scheduler.message(message).to_owned();
                scheduler.withdraw(spec, popped, SimTime::ZERO);
                text
            }
        };
        lines.push(format!("{}: {text}", pod.name));
    }
    lines.join("\n")
}

#[test]
fn pods_go_where_their_claims_let_them() {
    let loaded = load_situation(&["tests/good/storage.yaml".into()], &["tests/good/storage-pods.yaml".into()], None);
    let (situation, notes) = loaded.unwrap_or_else(|problems| panic!("{}", problems.plain()));
    let notes: Vec<String> = notes.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", decided(&situation), notes.join("\n")));
}

#[test]
fn a_pool_takes_its_attach_limits_from_a_csi_node_of_its_name() {
    let loaded =
        load(Path::new("tests/good/with-storage.yaml"), &Overrides::default()).unwrap_or_else(|problems| panic!("{}", problems.plain()));
    let spec = loaded.spec;
    let limits: Vec<(&str, u32)> =
        spec.pools.rows()[0].shape.attach_limits.iter().map(|(driver, limit)| (spec.symbols.text(*driver), *limit)).collect();
    assert_eq!(limits, [("disk.example.com", 1)]);
    let [claim] = &spec.templates.rows()[0].claims[..] else { panic!("one claim") };
    assert!(claim.ephemeral && claim.attached().is_some_and(|volume| volume.handle.is_none()), "{claim:?}");
}
