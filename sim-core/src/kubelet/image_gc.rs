//! Image collection: when a node's image filesystem fills, what nobody uses goes, oldest use first.
//!
//! After `pkg/kubelet/images/image_gc_manager.go` of Kubernetes v1.34. A kubelet looks every 5 minutes; where the threshold is not
//! reached it would find nothing to do, so only nodes above it have an event. As in the kubelet, an image counts as having freed its
//! whole size, even where a layer stays since another image has it.

use crate::cluster::{Collected, ImageKey, Nodes};
use crate::event::Event;
use crate::table::{NodeId, PodId};
use crate::units::{SimSpan, SimTime};
use crate::world::{Note, World};

/// The kubelet's period of image collection.
const PERIOD: SimSpan = SimSpan::from_secs(300);

/// Size of a node's image filesystem in bytes; `None` if it has no limit.
pub fn disk_size(world: &World<'_>, node: NodeId) -> Option<u64> {
    let capacity = || world.spec.pools[world.nodes.pool[node]].shape.capacity.ephemeral_storage.0;
    world.spec.registry.disk.or_else(|| Some(capacity()).filter(|bytes| *bytes > 0))
}

/// Bytes in use on a node's one file system: images, what its containers have written, and what a fault has filled it with.
pub fn disk_used(world: &World<'_>, node: NodeId) -> u64 {
    let cache = &world.nodes.images[node];
    expanded(world, cache.bytes()) + cache.other + world.load.storage[node].at(world.now)
}

/// Bytes on disk of so many compressed ones.
fn expanded(world: &World<'_>, compressed: u64) -> u64 {
    (compressed as f64 * world.spec.registry.expansion) as u64
}

/// Percentage in use, as the kubelet rounds it: what is available is rounded down.
const fn usage_percent(used: u64, size: u64) -> u64 {
    100 - (size.saturating_sub(used) as u128 * 100 / size as u128) as u64
}

/// Bytes to free so that `low` percent are in use; nothing below `high` percent.
const fn to_free(used: u64, size: u64, (high, low): (u64, u64)) -> u64 {
    if usage_percent(used, size) < high {
        return 0;
    }
    let keep_free = (size as u128 * (100 - low) as u128 / 100) as u64;
    keep_free.saturating_sub(size.saturating_sub(used))
}

/// Something that no Pod wrote fills a node's disk to its last byte, or is gone again.
pub(super) fn fill_disk(world: &mut World<'_>, node: NodeId, on: bool) {
    let free = disk_size(world, node).map_or(0, |size| size.saturating_sub(disk_used(world, node)));
    let cache = &mut world.nodes.images[node];
    cache.other = if on { cache.other + free } else { 0 };
}

/// The node's images, or what is written there, changed: the next collection that may find something to do is put on the agenda, and the
/// next look of the kubelet that sees too little left.
pub(super) fn changed(world: &mut World<'_>, node: NodeId) {
    watch(world, node);
    if disk_size(world, node).is_some() {
        world.note(Note::Load(node));
    }
}

/// Puts the node's next collection on the agenda if one may find something to do.
pub(super) fn watch(world: &mut World<'_>, node: NodeId) {
    let soonest = world.now + SimSpan::from_nanos(1);
    let due = may_collect_at(world, node).max(soonest);
    if due <= world.end {
        collect_at(world, node, due);
    }
}

/// Puts a collection on the agenda for the first of the node's ticks from `due` on, unless one comes before that.
fn collect_at(world: &mut World<'_>, node: NodeId, due: SimTime) {
    let next = Nodes::next_relist(node, PERIOD, due);
    let planned = &mut world.nodes.images[node].collect_at;
    if *planned == SimTime::ZERO || next < *planned {
        *planned = next;
        world.at(next, Event::ImageGc(node));
    }
}

/// When a collection may find something to do; [`SimTime::MAX`] if never as things are.
fn may_collect_at(world: &World<'_>, node: NodeId) -> SimTime {
    if !world.spec.registry.gc_age_max.is_zero() {
        return world.now;
    }
    let Some(size) = disk_size(world, node) else { return SimTime::MAX };
    let (used, line) = (disk_used(world, node), &world.load.storage[node]);
    let most = calm(size, world.spec.registry.gc_high);
    if used > most { world.now } else { line.above(line.at(world.now) + (most - used), world.now) }
}

/// The most bytes in use of which less than `high` percent is said.
const fn calm(size: u64, high: u64) -> u64 {
    size - (size as u128 * (101 - high) as u128).div_ceil(100) as u64
}

fn wanted(world: &World<'_>, node: NodeId) -> u64 {
    let about = &world.spec.registry;
    disk_size(world, node).map_or(0, |size| to_free(disk_used(world, node), size, (about.gc_high, about.gc_low)))
}

/// A kubelet's collection is due.
pub fn collect(world: &mut World<'_>, node: NodeId) {
    if world.nodes.images[node].collect_at != world.now {
        return;
    }
    world.nodes.images[node].collect_at = SimTime::ZERO;
    let health = &world.nodes.health[node];
    if health.is_deaf() {
        return collect_at(world, node, health.deaf_until.max(world.now + SimSpan::from_nanos(1)));
    }
    let age_max = world.spec.registry.gc_age_max;
    if !age_max.is_zero() && world.now >= SimTime::ZERO + age_max {
        free(world, node, u64::MAX, age_max);
    }
    let wanted = wanted(world, node);
    if wanted > 0 {
        free(world, node, wanted, SimSpan::ZERO);
    }
    watch(world, node);
}

/// Removes every image of a node that nothing uses, as under disk pressure, and gives the bytes on disk that this frees. Images seen
/// for less than the minimum age stay.
pub fn reclaim_all_unused(world: &mut World<'_>, node: NodeId) -> u64 {
    free(world, node, u64::MAX, SimSpan::ZERO)
}

/// Removes unused images, oldest use first, until `wanted` bytes count as freed; only those unused for more than `idle`, if that is not
/// zero. Gives the bytes on disk that were freed indeed.
fn free(world: &mut World<'_>, node: NodeId, wanted: u64, idle: SimSpan) -> u64 {
    let in_use = images_in_use(world, node);
    let (mut counted, mut freed, now) = (0, 0, world.now);
    for image in world.nodes.images[node].collectable() {
        if counted >= wanted {
            break;
        }
        let young = now - image.seen < world.spec.registry.gc_age_min;
        if young || (!idle.is_zero() && now - image.used <= idle) || uses(world, node, &in_use, &image) {
            continue;
        }
        let about = &world.spec.images[image.key.image];
        let old = world.nodes.images[node].version(image.key).map_or(0, |(_, old)| old);
        counted += expanded(world, if image.current { about.size.0 + old } else { old });
        freed += world.nodes.images[node].remove(&image, about);
    }
    count(world, expanded(world, freed))
}

fn count(world: &mut World<'_>, freed: u64) -> u64 {
    let images = &mut world.record.startup.images;
    images.collections += u64::from(freed > 0);
    images.collected += freed;
    freed
}

/// True if one of the images in use is `image`: in its present version, or for what former ones left, in a former one.
fn uses(world: &World<'_>, node: NodeId, in_use: &[(ImageKey, u32)], image: &Collected) -> bool {
    let present = world.nodes.images[node].version(image.key).map(|(revision, _)| revision);
    let same = |key: ImageKey| key == image.key || (image.key.instance.is_none() && key.image == image.key.image);
    in_use.iter().any(|(key, revision)| same(*key) && (image.current || Some(*revision) != present))
}

/// Images and versions of all containers that the runtime has on a node, dead ones included, and of those that are being made. Counted
/// when it is needed, since few nodes ever collect.
fn images_in_use(world: &World<'_>, node: NodeId) -> Vec<(ImageKey, u32)> {
    let made = |pod: PodId, index: u8| world.pods.container(pod, index).starts > 0 || world.pods[pod].cursor == index;
    let mut found = Vec::new();
    for &pod in &world.nodes.residents[node] {
        for index in (0..world.pods.containers_of(pod)).filter(|&index| made(pod, index)) {
            let (key, revision, _) = world.image_of(pod, index);
            found.push((key, revision));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filesystem_of_100_gb_with_88_in_use_frees_8() {
        const GB: u64 = 1_000_000_000;
        for (used, want) in [(84 * GB, 0), (85 * GB, 5 * GB), (88 * GB, 8 * GB), (100 * GB, 20 * GB)] {
            assert_eq!(to_free(used, 100 * GB, (85, 80)), want, "{used} bytes in use");
        }
    }

    #[test]
    fn what_is_calm_is_the_most_that_is_below_the_threshold() {
        for (size, high) in [(1000, 85), (999, 85), (7, 85), (1000, 100), (12_345, 50)] {
            let calm = calm(size, high);
            assert!(usage_percent(calm, size) < high && usage_percent(calm + 1, size) >= high, "{calm} of {size}, {high} %");
        }
    }

    #[test]
    fn the_percentage_in_use_counts_a_part_of_a_percent_as_a_whole_one() {
        assert_eq!([841, 840, 0, 1000, 1200].map(|used| usage_percent(used, 1000)), [85, 84, 0, 100, 100]);
    }
}
