//! The end of a run: sums become an [`Outcome`].

use super::runs;
use super::scheduling::Scheduling;
use crate::cluster::ImageCache;
use crate::measure::{EngineCounts, Outcome, Sample, TrafficMeasures};
use crate::world::World;

/// The cluster as it is now.
pub(super) fn sample(world: &World<'_>, scheduling: &Scheduling) -> Sample {
    let record = &world.record;
    let [created, ended, restarts] = record.totals;
    Sample {
        at: world.now,
        in_state: std::array::from_fn(|state| record.pods.in_state[state].level()),
        cpu_requested: record.resources.cpu.requested.level(),
        cpu_used: (record.cpu_used.at(world.now) - cut(&world.record)).max(0.0) / 1000.0,
        memory_requested: record.resources.memory.requested.level(),
        memory_used: record.memory_used.at(world.now) + record.memory_leaked.at(world.now),
        cpu_allocatable: record.resources.cpu.allocatable.level(),
        memory_allocatable: record.resources.memory.allocatable.level(),
        addresses: record.addresses.in_use.level(),
        containers: record.containers.running.level(),
        created,
        ended,
        restarts,
        queued: scheduling.scheduler.queued() as u64,
        nodes_ready: record.nodes.ready.level(),
    }
}

/// CPU that containers want and do not get, in microcores.
fn cut(record: &crate::measure::Recorder) -> f64 {
    (record.usage.cut_by_limits.level() + record.usage.cut_by_contention.level()) as f64
}

/// Closes the books.
pub(super) fn outcome(
    world: World<'_>,
    scheduling: &Scheduling,
    traffic: Vec<TrafficMeasures>,
    mut engine: EngineCounts,
    replication: u32,
) -> Outcome {
    let now = world.now;
    let images = image_bytes(&world);
    let duplicates = super::audit::duplicate_addresses(&world);
    engine.streams = world.streams;
    engine.stale = world.stale;
    let mut record = world.record;
    record.usage.demanded = record.cpu_used.integral(now) / 1000.0;
    let cut = record.usage.cut_by_limits.integral(now) + record.usage.cut_by_contention.integral(now);
    record.resources.cpu.used = (record.usage.demanded - cut / 1000.0).max(0.0);
    record.resources.memory.used = record.memory_used.integral(now) + record.memory_leaked.integral(now);
    record.resources.image_bytes = images;
    record.addresses.duplicates += duplicates;
    let mut scheduler = scheduling.record.clone();
    scheduler.messages = scheduling.reasons();
    Outcome {
        replication,
        opened: record.opened,
        closed: now,
        engine,
        nodes: record.nodes,
        pods: record.pods,
        containers: record.containers,
        lifecycle: record.lifecycle,
        startup: record.startup,
        resources: record.resources,
        usage: record.usage,
        addresses: record.addresses,
        scheduler,
        controllers: record.controllers,
        traffic,
        series: record.series,
    }
}

/// Bytes of images on all nodes.
fn image_bytes(world: &World<'_>) -> u64 {
    world.nodes.images.rows().iter().map(ImageCache::bytes).sum()
}

/// Pods in phase Running, counted one by one.
pub(super) fn running_again(world: &World<'_>) -> u64 {
    world.pods.iter().filter(|(_, pod)| runs(pod.state)).count() as u64
}
