//! Pulls from their turn to their end: the kubelet's limits, the manifest, the download, unpacking.
//!
//! After `pkg/kubelet/images/puller.go` and `registryPullQPS` of Kubernetes v1.34: a pull takes a token when its worker begins it, and
//! fails at once if there is none. Where downloads cannot hinder each other, a pull's end is computed at its beginning.

use crate::cluster::{Presence, Pull, PullError, PullPhase, PullRef};
use crate::event::Event;
use crate::measure::Happening;
use crate::table::{ImageId, NodeId, PullId};
use crate::units::{Bytes, SimSpan};
use crate::world::World;

/// Begins the pulls of a node whose turn has come.
pub(super) fn begin_waiting(world: &mut World<'_>, node: NodeId) {
    while let Some(id) = next_in_turn(world, node) {
        if takes_token(world, node) {
            begin(world, id);
        } else {
            finish(world, id, Err(PullError::QpsExceeded));
        }
    }
}

/// The oldest pull that waits, if one more may go on.
fn next_in_turn(world: &World<'_>, node: NodeId) -> Option<PullId> {
    let pulls = &world.nodes.images[node].pulls;
    let waiting = pulls.iter().position(|&id| world.registry.pulls[id].phase == PullPhase::Queued)?;
    // Turns are given in order, so all before the first that waits go on.
    (waiting < slots(world)).then(|| pulls[waiting])
}

/// How many pulls go on at a time on a node.
fn slots(world: &World<'_>) -> usize {
    match (world.spec.registry.serial, world.spec.registry.parallel_max) {
        (true, _) => 1,
        (false, 0) => usize::MAX,
        (false, most) => most as usize,
    }
}

fn takes_token(world: &mut World<'_>, node: NodeId) -> bool {
    let limit = world.spec.registry.pull_limit;
    limit.qps <= 0.0 || world.nodes.images[node].take_token(SimSpan::from_secs_f64(1.0 / limit.qps), limit.burst, world.now)
}

/// A pull's turn has come: it asks for the manifest.
fn begin(world: &mut World<'_>, id: PullId) {
    let about = world.spec.registry;
    tell(world, id, Happening::Pulling);
    if goes_on_already(world, id) {
        world.registry.pulls[id].phase = PullPhase::Follows;
        return;
    }
    let answer = SimSpan::from_secs_f64(about.round_trip) + world.registry.request(about.requests_per_second, world.now);
    if let Some(error) = refusal(world, world.registry.pulls[id].key.image) {
        return enter(world, id, PullPhase::Fails(error), answer.max(SimSpan::from_millis(1)));
    }
    let bytes = bytes_to_download(world, id);
    world.registry.pulls[id].bytes = bytes;
    if world.registry.shared {
        return enter(world, id, PullPhase::Manifest, answer);
    }
    let from = world.now + answer;
    let until = from + SimSpan::from_secs_f64(bytes as f64 * world.registry.slow / about.bandwidth);
    let unpacks = SimSpan::from_secs_f64(bytes as f64 / about.unpack);
    enter(world, id, PullPhase::Computed { from, until }, (until - world.now) + unpacks);
}

/// True if a pull of the same version is going on on the node: the runtime downloads nothing twice.
fn goes_on_already(world: &World<'_>, id: PullId) -> bool {
    let me = &world.registry.pulls[id];
    world.nodes.images[me.node].pulls.iter().take_while(|&&other| other != id).any(|&other| leads(&world.registry.pulls[other], me))
}

fn leads(other: &Pull, me: &Pull) -> bool {
    goes_on(other) && (other.key, other.revision) == (me.key, me.revision)
}

/// True if a pull brings its image, so that others of the same version follow it.
fn goes_on(pull: &Pull) -> bool {
    !matches!(pull.phase, PullPhase::Queued | PullPhase::Follows | PullPhase::Fails(_))
}

fn refusal(world: &World<'_>, image: ImageId) -> Option<PullError> {
    if world.registry.down > 0 {
        return Some(PullError::RegistryDown);
    }
    world.registry.bad.binary_search(&image).is_ok().then_some(PullError::NotFound)
}

/// Compressed bytes that the node lacks; counts what shared layers save.
fn bytes_to_download(world: &mut World<'_>, id: PullId) -> u64 {
    let pull = world.registry.pulls[id];
    let (cache, about) = (&world.nodes.images[pull.node], &world.spec.images[pull.key.image]);
    match cache.presence(pull.key, pull.revision) {
        Presence::Here => 0,
        Presence::Stale => (about.size.0 as f64 * pull.share) as u64,
        Presence::Absent => {
            let missing = cache.missing(about);
            world.record.startup.images.saved += about.size.0 - missing;
            missing
        }
    }
}

/// Enters a phase that takes `span`; what takes no time is over at once.
fn enter(world: &mut World<'_>, id: PullId, phase: PullPhase, span: SimSpan) {
    world.registry.pulls[id].phase = phase;
    let pull = world.registry.pulls.renew(id);
    if span.is_zero() {
        return phase_over(world, id);
    }
    world.after(span, Event::PullOver(pull));
}

/// The phase of a pull is over.
pub fn over(world: &mut World<'_>, pull: PullRef) {
    let Some(id) = world.registry.pulls.current(pull) else {
        world.stale += 1;
        return;
    };
    let node = world.registry.pulls[id].node;
    phase_over(world, id);
    begin_waiting(world, node);
}

fn phase_over(world: &mut World<'_>, id: PullId) {
    match world.registry.pulls[id].phase {
        PullPhase::Fails(error) => finish(world, id, Err(error)),
        PullPhase::Manifest if world.registry.pulls[id].bytes > 0 => begin_download(world, id),
        PullPhase::Manifest | PullPhase::Computed { .. } | PullPhase::Unpacks => finish(world, id, Ok(())),
        PullPhase::Queued | PullPhase::Follows | PullPhase::Downloads => unreachable!("these phases end by something else"),
    }
}

fn begin_download(world: &mut World<'_>, id: PullId) {
    let beside = downloads_beside(world, id);
    let registry = &mut world.registry;
    registry.pulls[id].phase = PullPhase::Downloads;
    registry.downloads.advance(world.now);
    registry.downloads.begin(id, registry.pulls[id].bytes, &beside);
    plan(world);
}

/// The other downloads on a pull's node.
fn downloads_beside(world: &World<'_>, id: PullId) -> Vec<PullId> {
    let (pulls, node) = (&world.registry.pulls, world.registry.pulls[id].node);
    let others = world.nodes.images[node].pulls.iter().copied();
    others.filter(|&other| other != id && pulls[other].phase == PullPhase::Downloads).collect()
}

/// Puts the next end of a download on the agenda, in the place of the one that was there.
fn plan(world: &mut World<'_>) {
    world.registry.epoch = world.registry.epoch.wrapping_add(1);
    let epoch = world.registry.epoch;
    if let Some(time) = world.registry.downloads.next() {
        world.at(time, Event::Downloaded { epoch });
    }
}

/// A download that shares the registry's bandwidth is over.
pub fn downloaded(world: &mut World<'_>, epoch: u32) {
    if world.registry.epoch != epoch {
        world.stale += 1;
        return;
    }
    world.registry.downloads.advance(world.now);
    while let Some(id) = world.registry.downloads.done() {
        end_download(world, id);
        let unpacks = world.registry.pulls[id].bytes as f64 / world.spec.registry.unpack;
        enter(world, id, PullPhase::Unpacks, SimSpan::from_secs_f64(unpacks).max(SimSpan::from_nanos(1)));
    }
    plan(world);
}

fn end_download(world: &mut World<'_>, id: PullId) {
    let beside = downloads_beside(world, id);
    world.registry.downloads.end(id, &beside);
}

/// A pull is over: its container and those that followed it hear of it.
fn finish(world: &mut World<'_>, id: PullId, result: Result<(), PullError>) {
    let Pull { node, key, revision, .. } = world.registry.pulls[id];
    let led = goes_on(&world.registry.pulls[id]);
    tell_end(world, id, result);
    let pull = world.registry.pulls.remove(id);
    let place = world.nodes.images[node].pulls.iter().position(|&other| other == id).expect("a pull is listed at its node");
    world.nodes.images[node].pulls.remove(place);
    match result {
        Ok(()) => put(world, &pull),
        Err(error) => failed(world, &pull, error),
    }
    answer(world, &pull, result);
    if led {
        followers(world, node)
            .filter(|(_, other)| (other.key, other.revision) == (key, revision))
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|follower| finish(world, follower, result));
    }
}

fn followers<'w>(world: &'w World<'_>, node: NodeId) -> impl Iterator<Item = (PullId, &'w Pull)> {
    let pulls = world.nodes.images[node].pulls.iter().map(|&id| (id, &world.registry.pulls[id]));
    pulls.filter(|(_, pull)| pull.phase == PullPhase::Follows)
}

/// The image is on the node.
fn put(world: &mut World<'_>, pull: &Pull) {
    let about = &world.spec.images[pull.key.image];
    let cache = &mut world.nodes.images[pull.node];
    match (cache.presence(pull.key, pull.revision), cache.version(pull.key)) {
        (Presence::Here, _) => cache.touch(pull.key, world.now),
        (Presence::Stale, Some(_)) => cache.put_changed(pull.key, pull.revision, pull.bytes, world.now),
        (Presence::Stale | Presence::Absent, _) => cache.put(pull.key, pull.revision, about, world.now),
    }
    let startup = &mut world.record.startup;
    if pull.bytes > 0 {
        startup.pulls += 1;
    } else {
        startup.pull_hits += 1;
    }
    startup.pulled += pull.bytes;
    super::image_gc::changed(world, pull.node);
}

/// The pull has failed: back-off begins, or grows.
fn failed(world: &mut World<'_>, pull: &Pull, error: PullError) {
    let (about, images) = (&world.spec.registry, &mut world.record.startup.images);
    match error {
        PullError::RegistryDown => images.registry_down += 1,
        PullError::NotFound => images.not_found += 1,
        PullError::QpsExceeded => images.qps_exceeded += 1,
        PullError::NeverPull | PullError::BackOff(_) => unreachable!("no pull begins for these"),
    }
    if world.pods.alive(pull.pod).is_some() {
        world.nodes.images[pull.node].fail(pull.pod, pull.key.image, (about.backoff_initial, about.backoff_max), world.now);
    }
}

/// Keeps the answer for the container, and calls its Pod back unless it is just asking.
fn answer(world: &mut World<'_>, pull: &Pull, result: Result<(), PullError>) {
    let Some(pod) = world.pods.alive(pull.pod) else { return };
    world.nodes.images[pull.node].answer(pull.pod, pull.index, result);
    if !pull.asking {
        super::sync::image_over(world, pod, pull.index);
    }
}

fn tell_end(world: &mut World<'_>, id: PullId, result: Result<(), PullError>) {
    let pull = &world.registry.pulls[id];
    let what = if result.is_ok() { Happening::Pulled(world.now - pull.asked, Bytes(pull.bytes)) } else { Happening::PullFailed };
    tell(world, id, what);
}

fn tell(world: &mut World<'_>, id: PullId, what: Happening) {
    let Pull { pod, index, .. } = world.registry.pulls[id];
    if let Some(pod) = world.pods.alive(pod) {
        world.tell(pod, Some(index), what);
    }
}

/// A node has lost power: the pulls that waited or went on there come to nothing.
pub(super) fn drop_all(world: &mut World<'_>, node: NodeId) {
    world.registry.downloads.advance(world.now);
    for id in std::mem::take(&mut world.nodes.images[node].pulls) {
        if world.registry.pulls[id].phase == PullPhase::Downloads {
            world.registry.downloads.end(id, &[]);
        }
        world.registry.pulls.remove(id);
    }
    if world.registry.shared {
        plan(world);
    }
}

/// A fault takes the registry down: pulls that still need it fail. Faults are counted.
pub fn registry_down(world: &mut World<'_>) {
    world.registry.down += 1;
    if world.registry.down > 1 {
        return;
    }
    let now = world.now;
    let needs = |pull: &Pull| match pull.phase {
        PullPhase::Manifest | PullPhase::Downloads => true,
        PullPhase::Computed { until, .. } => now < until,
        PullPhase::Queued | PullPhase::Follows | PullPhase::Fails(_) | PullPhase::Unpacks => false,
    };
    let hit: Vec<PullId> = world.registry.pulls.iter().filter(|(_, pull)| needs(pull)).map(|(id, _)| id).collect();
    world.registry.downloads.advance(now);
    for id in hit {
        if world.registry.pulls[id].phase == PullPhase::Downloads {
            end_download(world, id);
        }
        let node = world.registry.pulls[id].node;
        finish(world, id, Err(PullError::RegistryDown));
        begin_waiting(world, node);
    }
    plan(world);
}

/// A fault that kept the registry down is over.
pub fn registry_up(world: &mut World<'_>) {
    world.registry.down = world.registry.down.saturating_sub(1);
}

/// From now on all downloads are `slow` times as slow as usual (1 is as usual); what goes on is planned anew.
pub fn set_slow(world: &mut World<'_>, slow: f64) {
    let about = world.spec.registry;
    let before = std::mem::replace(&mut world.registry.slow, slow);
    world.registry.downloads.advance(world.now);
    world.registry.downloads.set_rates(about.total_bandwidth / slow, about.bandwidth / slow);
    plan(world);
    let computed = |pull: &Pull| matches!(pull.phase, PullPhase::Computed { until, .. } if until > world.now);
    let changed: Vec<PullId> = world.registry.pulls.iter().filter(|(_, pull)| computed(pull)).map(|(id, _)| id).collect();
    for id in changed {
        compute_again(world, id, slow / before);
    }
}

/// What a computed download has before it takes `factor` times as long.
fn compute_again(world: &mut World<'_>, id: PullId, factor: f64) {
    let pull = world.registry.pulls[id];
    let PullPhase::Computed { from, until } = pull.phase else { return };
    let from = from.max(world.now);
    let until = from + SimSpan::from_secs_f64((until - from).as_secs_f64() * factor);
    let unpacks = SimSpan::from_secs_f64(pull.bytes as f64 / world.spec.registry.unpack);
    enter(world, id, PullPhase::Computed { from, until }, (until - world.now) + unpacks);
}

/// From now on the registry cannot deliver `image`; pulls that have its manifest go on.
pub fn mark_bad(world: &mut World<'_>, image: ImageId) {
    if let Err(place) = world.registry.bad.binary_search(&image) {
        world.registry.bad.insert(place, image);
    }
}

/// The registry can deliver `image` again.
pub fn mark_good(world: &mut World<'_>, image: ImageId) {
    world.registry.bad.retain(|&bad| bad != image);
}
