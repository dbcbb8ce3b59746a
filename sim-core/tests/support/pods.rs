//! Pods built in code, whose cluster adds no time of its own.

use super::{cluster, container, template, without_overheads, workload};
use sim_core::spec::{
    Behavior, ContainerKind, ContainerSpec, Controller, Distribution, Fault, FaultKind, FaultTiming, Hook, Image, Probe, RegistryFault,
    RestartPolicy, Source, Spec, Symbols, Warmup, Workload,
};
use sim_core::table::ImageId;
use sim_core::units::{Bytes, SimSpan};

pub const FOREVER: f64 = 1e6;

pub fn secs(secs: f64) -> SimSpan {
    SimSpan::from_secs_f64(secs)
}

/// A process that runs for ever and exits with 0 as soon as it is asked to.
pub fn steady() -> Behavior {
    Behavior { shutdown: Distribution::Constant(0.0), ..Behavior::default() }
}

/// One that exits with `code` after so many seconds.
pub fn runs(for_secs: f64, code: u8) -> Behavior {
    let failure = if code == 0 { 0.0 } else { 1.0 };
    Behavior { run: Some(Distribution::Constant(for_secs)), failure, failure_exit: code.max(1), ..steady() }
}

/// One that exits with `code` so many seconds after SIGTERM.
pub fn stops(after: f64, code: u8) -> Behavior {
    Behavior { shutdown: Distribution::Constant(after), shutdown_exit: code, ..steady() }
}

/// One that can serve after so many seconds.
pub fn serves(after: f64) -> Behavior {
    Behavior { ready: Distribution::Constant(after), ..steady() }
}

pub fn app(name: &str, behavior: Behavior) -> ContainerSpec {
    container(name, 10, behavior)
}

pub fn init(name: &str, behavior: Behavior) -> ContainerSpec {
    ContainerSpec { kind: ContainerKind::Init, ..app(name, behavior) }
}

pub fn sidecar(name: &str, behavior: Behavior) -> ContainerSpec {
    ContainerSpec { kind: ContainerKind::Sidecar, helper: true, ..app(name, behavior) }
}

/// A probe whose attempts take no time.
pub fn probe(period: u64, failure_threshold: u32) -> Probe {
    let period = SimSpan::from_secs(period);
    Probe { initial_delay: SimSpan::ZERO, period, timeout: SimSpan::ZERO, success_threshold: 1, failure_threshold, grace: None }
}

pub fn sleep(for_secs: u64) -> Hook {
    Hook::Sleep(SimSpan::from_secs(for_secs))
}

/// One bare Pod of these containers, created at the start, on a cluster of one node without latencies.
pub fn pod(policy: RestartPolicy, containers: Vec<ContainerSpec>) -> Spec {
    let mut symbols = Symbols::default();
    let template = template(&mut symbols, policy, containers);
    let mut spec = cluster(1, 16_000, template, symbols, workload(Controller::Bare, Source::Standing { instances: 1 }));
    without_overheads(&mut spec);
    // An image of no bytes is there as soon as the registry has answered.
    spec.images.rows_mut()[0] = Image::new("app:1", Bytes(0));
    spec.warmup = Warmup::Span(SimSpan::ZERO);
    spec.duration = SimSpan::from_secs(1_000);
    spec.kubelet.sync = SimSpan::ZERO;
    spec
}

/// The same Pod, deleted at an age.
pub fn deleted(mut spec: Spec, age: f64) -> Spec {
    spec.workloads.rows_mut()[0].lifetime = Some(Distribution::Constant(age));
    spec
}

/// The same cluster with one more workload of the same kind.
pub fn and(mut spec: Spec, workload: Workload) -> Spec {
    spec.workloads.push(workload);
    spec
}

/// Another image, and its number.
pub fn another_image(spec: &mut Spec, name: &str) -> ImageId {
    spec.images.push(Image::new(name, Bytes(0)))
}

/// Lets an image of its own be bad for container `index` from the start on, for so many seconds.
pub fn with_bad_image(mut spec: Spec, index: usize, lasts: f64) -> Spec {
    let image = another_image(&mut spec, "bad:1");
    spec.templates.rows_mut()[0].containers[index].image = image;
    let kind = FaultKind::Registry { what: RegistryFault::BadImage(image), lasts: Distribution::Constant(lasts) };
    spec.faults.push(fault(kind, 0.0));
    spec
}

/// A fault that strikes all that it may at one instant.
pub fn fault(kind: FaultKind, secs: f64) -> Fault {
    Fault { name: "fault".into(), kind, timing: FaultTiming::At(vec![super::told::at(secs)]), among: sim_core::spec::Among::All }
}
