//! What scenarios and manifests say of resources: classes, limits, reservations, eviction.

use std::path::Path;

use scenarios::{Overrides, load};
use sim_core::spec::eviction::Level;
use sim_core::spec::{CpuWeights, Distribution, EvictionSignal, Growth, Noise, Occasion, Phase, PodTemplate, Qos, Spec, Trace};
use sim_core::table::TemplateId;
use sim_core::units::{Bytes, SimSpan, SimTime};

const MI: u64 = 1 << 20;
const GI: u64 = 1 << 30;
const GB: u64 = 1_000_000_000;

fn spec() -> Spec {
    let loaded = load(Path::new("tests/good/with-resources.yaml"), &Overrides::default());
    loaded.unwrap_or_else(|problems| panic!("{}", problems.plain())).spec
}

fn template<'s>(spec: &'s Spec, name: &str) -> &'s PodTemplate {
    spec.templates.rows().iter().find(|template| template.name == name).unwrap_or_else(|| panic!("no Pod {name}"))
}

#[test]
fn nodes_give_pods_what_their_service_leaves() {
    let spec = spec();
    #[rustfmt::skip]
    let table = [
        ("plain",      4_000, 16 * GI - 500 * MI,                                  70 * GB, 110),
        ("gke",        3_920, 16 * GI - GI * 26 / 10 - 100 * MI,                   72 * GB, 110),
        ("eks",        1_930, 8 * GI - 674 * MI,                                   0,       29),
        ("aks",        1_900, 8 * GB - 650_000_000 - 100 * MI,                     0,       30),
        ("aks-legacy", 3_860, 16 * GI - GI * 26 / 10 - 750 * MI,                   0,       30),
        ("told",       3_800, 15 * GI - 500 * MI,                                  60 * GB, 50),
    ];
    for (name, cpu, memory, storage, pods) in table {
        let pool = spec.pools.rows().iter().find(|pool| pool.name == name).unwrap();
        let left = &pool.shape.allocatable;
        let found = (left.cpu.0, left.memory.0, left.ephemeral_storage.0, pool.shape.pods_max);
        // Fractions of a byte are rounded up.
        assert!(found.1.abs_diff(memory) <= 1, "{name}: {} bytes, want {memory}", found.1);
        assert_eq!((found.0, found.2, found.3), (cpu, storage, pods), "{name}");
    }
}

#[test]
fn pods_have_a_class_and_their_cgroups_limits() {
    let spec = spec();
    #[rustfmt::skip]
    let table = [
        ("guaranteed",  Qos::Guaranteed, Some(750),   Some(96 * MI)),
        ("burstable",   Qos::Burstable,  None,        None),
        ("whole",       Qos::Guaranteed, Some(1_000), Some(GI)),
        ("best-effort", Qos::BestEffort, None,        None),
    ];
    for (name, qos, cpu, memory) in table {
        let pod = template(&spec, name);
        assert_eq!((pod.qos, pod.pod_cpu_limit, pod.pod_memory_limit), (qos, cpu, memory.map(Bytes)), "{name}");
    }
    let critical = template(&spec, "burstable");
    assert!(critical.node_critical && critical.is_critical() && !template(&spec, "whole").is_critical());
    assert_eq!((critical.overhead.cpu.0, critical.overhead.memory.0, critical.requests.cpu.0), (10, MI, 510));
}

#[test]
fn a_request_that_is_absent_is_the_limit() {
    let spec = spec();
    let main = &template(&spec, "guaranteed").containers[0];
    assert_eq!((main.requests.cpu.0, main.requests.memory.0), (500, 64 * MI));
}

#[test]
fn volumes_limits_and_ports_are_known() {
    let spec = spec();
    let pod = template(&spec, "guaranteed");
    assert_eq!((pod.volumes, pod.attached_volumes, pod.ephemeral_limit), (3, 0, Some(Bytes(GI))));
    let dirs: Vec<_> = pod.empty_dirs.iter().map(|dir| (dir.in_memory, dir.size_limit)).collect();
    assert_eq!(dirs, [(false, Some(Bytes(GI))), (true, None)]);
    let second = &pod.containers[1];
    assert_eq!((second.port_taken_by, second.resize.restart_for_memory, second.resize.restart_for_cpu), (Some(0), true, false));
    assert_eq!(template(&spec, "burstable").containers[1].port_taken_by, Some(0), "the sidecar starts first");
}

#[test]
fn kubelets_evict_as_they_are_told() {
    let kubelet = spec().kubelet;
    let found: Vec<_> = kubelet.eviction.thresholds.iter().map(|each| (each.signal, each.level, each.grace, each.min_reclaim)).collect();
    let reclaim = Level::Amount(200 * MI);
    #[rustfmt::skip]
    let want = [
        (EvictionSignal::MemoryAvailable,            Level::Amount(500 * MI), None,                          reclaim),
        (EvictionSignal::NodeFsAvailable,            Level::Share(125_000),   None,                          Level::ZERO),
        (EvictionSignal::AllocatableMemoryAvailable, Level::Amount(500 * MI), None,                          reclaim),
        (EvictionSignal::MemoryAvailable,            Level::Amount(GI),       Some(SimSpan::from_secs(90)),  reclaim),
    ];
    assert_eq!(found, want);
    assert_eq!((kubelet.eviction.pressure_transition, kubelet.eviction.max_pod_grace), (SimSpan::from_secs(60), SimSpan::from_secs(20)));
    assert_eq!((kubelet.cpu_weights, kubelet.single_process_oom_kill), (CpuWeights::NewV2, true));
}

fn with_usage() -> Spec {
    let loaded = load(Path::new("tests/good/with-usage.yaml"), &Overrides::default());
    loaded.unwrap_or_else(|problems| panic!("{}", problems.plain())).spec
}

#[test]
fn use_goes_with_noise_age_and_a_trace_grows_and_is_written_down() {
    let spec = with_usage();
    let [main, log] = &template(&spec, "web").containers[..] else { panic!("two containers") };
    let secs = SimSpan::from_secs;
    let usage = &main.behavior.usage;
    assert_eq!(usage.noise, Some(Noise { step: secs(600), phi: 0.5, sigma: 0.2, series: 4 }));
    let phases = [Phase { after: secs(300), cpu: 2.0, memory: 1.0 }, Phase { after: secs(600), cpu: 0.5, memory: 3.0 }];
    assert_eq!(usage.phases, phases);
    assert_eq!(usage.leak, Some(Growth { rate: Distribution::Constant(1024.0), after: secs(1_200) }));
    let usage = &log.behavior.usage;
    assert_eq!(usage.trace, Some(Trace { points: vec![(0.0, 1.0), (600.0, 4.0)], repeat: Some(1_200.0) }));
    assert_eq!(usage.writes, Some(Growth { rate: Distribution::Constant(MI as f64), after: SimSpan::ZERO }));
}

#[test]
fn resizes_are_those_of_the_containers_that_are_meant_at_each_time() {
    let spec = with_usage();
    let found: Vec<_> = spec.resizes.iter().map(|each| (each.containers.clone(), each.when.clone(), each.cpu, each.memory)).collect();
    let at = |secs| Occasion::At(SimTime::ZERO + SimSpan::from_secs(secs));
    let (main, log) = (vec![(TemplateId(0), 0)], vec![(TemplateId(0), 1)]);
    #[rustfmt::skip]
    let want = [
        (main.clone(), at(600),                                     Some(200), None),
        (main,         at(1_200),                                   Some(200), None),
        (log,          Occasion::Every(Distribution::Constant(900.0)), None,   Some(64 * MI)),
    ];
    assert_eq!(found, want);
    assert_eq!((spec.resizes[0].cpu_limit, spec.resizes[0].memory_limit), (Some(1_000), Some(2 * GI)));
}
