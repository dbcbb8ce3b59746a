//! Images on a node: versions, shared layers, bytes, and what the kubelet remembers of pulls.
//!
//! An image is known by its name and by the workload instance whose releases change it; a release makes a new version of it, which
//! takes the old one's place. What the release changed of the old one stays on the disk until it is collected.

use super::{PodRef, PullError};
use crate::spec::Image;
use crate::table::{ImageId, InstanceId, LayerId, PullId, Table};
use crate::units::{SimSpan, SimTime};

/// Back-off of an image is forgotten when its last failure is longer ago than this.
const FORGET: SimSpan = SimSpan::from_secs(600);

/// An image as a node knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ImageKey {
    /// The image's name.
    pub image: ImageId,
    /// The instance whose releases change it; `None` where nothing does.
    pub instance: Option<InstanceId>,
}

/// What a node has of an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presence {
    /// This version is there.
    Here,
    /// Another version is there: only what changed must be pulled.
    Stale,
    /// Nothing is there.
    Absent,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    revision: u32,
    seen: SimTime,
    used: SimTime,
    /// Compressed bytes of former versions that are still on the disk.
    old: u64,
}

/// Back-off of one image for one Pod, after `client-go`'s `flowcontrol.Backoff`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Backoff {
    /// The Pod.
    pub pod: PodRef,
    /// The image.
    pub image: ImageId,
    /// The last failure.
    pub failed: SimTime,
    /// How long after it no pull is tried.
    pub delay: SimSpan,
}

/// How a pull that a container waited for went.
#[derive(Clone, Copy, Debug)]
struct Answer {
    pod: PodRef,
    index: u8,
    result: Result<(), PullError>,
}

/// What few nodes have at any time.
#[derive(Clone, Debug, Default)]
struct Waits {
    backoffs: Vec<Backoff>,
    answers: Vec<Answer>,
}

/// Something that may be collected, as the kubelet orders it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Collected {
    /// When it was used last.
    pub used: SimTime,
    /// When it was first seen.
    pub seen: SimTime,
    /// The image.
    pub key: ImageKey,
    /// True for the image that is current, false for what its former versions left.
    pub current: bool,
}

/// The images of one node.
#[derive(Clone, Debug, Default)]
pub struct ImageCache {
    /// Sorted, and apart from the rest: a search touches few lines of memory.
    keys: Vec<ImageKey>,
    /// What is known of each.
    entries: Vec<Entry>,
    layers: Vec<(LayerId, u32)>,
    bytes: u64,
    /// Bytes of the node's disk that are used by what no Pod wrote.
    pub other: u64,
    /// Pulls that go on or wait here, oldest first.
    pub pulls: Vec<PullId>,
    /// When the pull limiter's bucket will be full again.
    pub tokens_full: SimTime,
    /// The collection that is on the agenda; [`SimTime::ZERO`] if none is.
    pub collect_at: SimTime,
    waits: Option<Box<Waits>>,
}

impl ImageCache {
    /// What is there of version `revision` of `key`. The first version of a service's image is the image of that name.
    pub fn presence(&self, key: ImageKey, revision: u32) -> Presence {
        match self.find(key) {
            Ok(row) if self.entries[row].revision == revision => Presence::Here,
            Ok(_) => Presence::Stale,
            Err(_) if key.instance.is_some() && self.find(ImageKey { instance: None, ..key }).is_ok() => {
                if revision == 0 {
                    Presence::Here
                } else {
                    Presence::Stale
                }
            }
            Err(_) => Presence::Absent,
        }
    }

    /// Compressed bytes of `about` that are not on this node, if the image itself is not.
    pub fn missing(&self, about: &Image) -> u64 {
        let absent = about.layers.iter().filter(|layer| self.find_layer(layer.id).is_err());
        about.own() + absent.map(|layer| layer.size.0).sum::<u64>()
    }

    /// Version `revision` of `key` is there from `now` on; of a former version, `changed` bytes stay on the disk beside it.
    pub fn put_changed(&mut self, key: ImageKey, revision: u32, changed: u64, now: SimTime) {
        let Ok(row) = self.find(key) else { return };
        let entry = &mut self.entries[row];
        *entry = Entry { revision, seen: now, used: now, old: entry.old + changed };
        self.bytes += changed;
    }

    /// Version `revision` of `key`, an image like `about`, is there from `now` on; it takes the place of any other version.
    pub fn put(&mut self, key: ImageKey, revision: u32, about: &Image, now: SimTime) {
        match self.find(key) {
            Ok(row) => (self.entries[row].revision, self.entries[row].used) = (revision, now),
            Err(row) => {
                self.keys.insert(row, key);
                self.entries.insert(row, Entry { revision, seen: now, used: now, old: 0 });
                self.bytes += about.own();
                self.hold_layers(about);
            }
        }
    }

    fn hold_layers(&mut self, about: &Image) {
        for layer in &about.layers {
            match self.find_layer(layer.id) {
                Ok(row) => self.layers[row].1 += 1,
                Err(row) => {
                    self.layers.insert(row, (layer.id, 1));
                    self.bytes += layer.size.0;
                }
            }
        }
    }

    /// Removes what may be collected, and gives the compressed bytes that this frees.
    pub fn remove(&mut self, what: &Collected, about: &Image) -> u64 {
        let Ok(row) = self.find(what.key) else { return 0 };
        let before = self.bytes;
        self.bytes -= std::mem::take(&mut self.entries[row].old);
        if what.current {
            self.keys.remove(row);
            self.entries.remove(row);
            self.bytes -= about.own();
            self.drop_layers(about);
        }
        before - self.bytes
    }

    fn drop_layers(&mut self, about: &Image) {
        for layer in &about.layers {
            let row = self.find_layer(layer.id).expect("an image's layers are there with it");
            self.layers[row].1 -= 1;
            if self.layers[row].1 == 0 {
                self.layers.remove(row);
                self.bytes -= layer.size.0;
            }
        }
    }

    /// An image is or was in use until `now`.
    pub fn touch(&mut self, key: ImageKey, now: SimTime) {
        let row = self.find(key).or_else(|_| self.find(ImageKey { instance: None, ..key }));
        if let Ok(row) = row {
            self.entries[row].used = now;
        }
    }

    /// What may be collected, were it not in use: what was used longest ago comes first, then what was seen first.
    pub fn collectable(&self) -> Vec<Collected> {
        let mut found = Vec::with_capacity(self.entries.len());
        for (&key, entry) in self.keys.iter().zip(&self.entries) {
            found.push(Collected { used: entry.used, seen: entry.seen, key, current: true });
            if entry.old > 0 {
                // Former versions were used no longer than until the present one came.
                found.push(Collected { used: entry.seen, seen: SimTime::ZERO, key, current: false });
            }
        }
        found.sort_unstable();
        found
    }

    /// The version of `key` that is there, and the compressed bytes that its former versions left.
    pub fn version(&self, key: ImageKey) -> Option<(u32, u64)> {
        self.find(key).ok().map(|row| (self.entries[row].revision, self.entries[row].old))
    }

    /// Compressed bytes of all that is on the disk.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Compressed bytes and references to layers, counted again.
    pub fn recount(&self, images: &Table<ImageId, Image>) -> (u64, u64) {
        let layers = || self.keys.iter().flat_map(|key| &images[key.image].layers);
        let distinct: std::collections::BTreeSet<(LayerId, u64)> = layers().map(|layer| (layer.id, layer.size.0)).collect();
        let own: u64 = self.keys.iter().zip(&self.entries).map(|(key, entry)| images[key.image].own() + entry.old).sum();
        (own + distinct.iter().map(|(_, size)| size).sum::<u64>(), layers().count() as u64)
    }

    /// References to layers, as kept.
    pub fn layer_references(&self) -> u64 {
        self.layers.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    fn find(&self, key: ImageKey) -> Result<usize, usize> {
        self.keys.binary_search(&key)
    }

    fn find_layer(&self, layer: LayerId) -> Result<usize, usize> {
        self.layers.binary_search_by_key(&layer, |(id, _)| *id)
    }

    /// Takes a token of a bucket of `burst` that gets one every `interval`; false if there is none now.
    pub fn take_token(&mut self, interval: SimSpan, burst: u32, now: SimTime) -> bool {
        let full = self.tokens_full.max(now);
        let grants = full - now <= interval * u64::from(burst.saturating_sub(1));
        if grants {
            self.tokens_full = full + interval;
        }
        grants
    }

    /// The end of a back-off that goes on at `now`.
    pub fn backoff(&self, pod: PodRef, image: ImageId, now: SimTime) -> Option<SimTime> {
        let found = self.waits.as_ref()?.backoffs.iter().find(|known| known.pod == pod && known.image == image)?;
        Some(found.failed + found.delay).filter(|end| *end > now)
    }

    /// A pull has failed at `now`: back-off begins at `initial`, or doubles up to `max`.
    pub fn fail(&mut self, pod: PodRef, image: ImageId, (initial, max): (SimSpan, SimSpan), now: SimTime) {
        let backoffs = &mut self.waits.get_or_insert_default().backoffs;
        let Some(known) = backoffs.iter_mut().find(|known| known.pod == pod && known.image == image) else {
            return backoffs.push(Backoff { pod, image, failed: now, delay: initial });
        };
        let delay = if now - known.failed > FORGET { initial } else { (known.delay * 2).min(max) };
        *known = Backoff { failed: now, delay, ..*known };
    }

    /// Keeps how a pull went for the container that waited for it.
    pub fn answer(&mut self, pod: PodRef, index: u8, result: Result<(), PullError>) {
        self.waits.get_or_insert_default().answers.push(Answer { pod, index, result });
    }

    /// Takes how a container's pull went, if it is over.
    pub fn take_answer(&mut self, pod: PodRef, index: u8) -> Option<Result<(), PullError>> {
        let answers = &mut self.waits.as_mut()?.answers;
        let row = answers.iter().position(|answer| answer.pod == pod && answer.index == index)?;
        let result = answers.swap_remove(row).result;
        self.tidy();
        Some(result)
    }

    /// Forgets what was kept for a Pod that is gone.
    pub fn forget(&mut self, pod: PodRef) {
        if let Some(waits) = &mut self.waits {
            waits.backoffs.retain(|known| known.pod != pod);
            waits.answers.retain(|answer| answer.pod != pod);
            self.tidy();
        }
    }

    fn tidy(&mut self) {
        if self.waits.as_ref().is_some_and(|waits| waits.backoffs.is_empty() && waits.answers.is_empty()) {
            self.waits = None;
        }
    }

    /// Names of the images that are there, some of them in several versions.
    pub fn images(&self) -> impl Iterator<Item = ImageId> + '_ {
        self.keys.iter().map(|key| key.image)
    }
}

// A node of 25 images costs 1.3 kB: 15,000 of them 20 MB.
const _: () =
    assert!(size_of::<(Entry, ImageKey)>() <= 48 && size_of::<ImageCache>() <= 136, "there are hundreds of thousands of images on nodes");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Layer;
    use crate::table::PodId;
    use crate::units::Bytes;

    const BARE: ImageKey = ImageKey { image: ImageId(0), instance: None };
    const OTHER: ImageKey = ImageKey { image: ImageId(1), instance: None };
    const POD: PodRef = PodRef { id: PodId(3), generation: 1 };

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimSpan::from_secs(seconds)
    }

    fn with_base(size: u64) -> Image {
        Image { layers: vec![Layer { id: LayerId(7), size: Bytes(60) }], ..Image::new("a:1", Bytes(size)) }
    }

    #[test]
    fn a_release_makes_the_image_stale_until_it_is_pulled_again_and_leaves_what_it_changed() {
        let key = ImageKey { image: ImageId(0), instance: Some(InstanceId(5)) };
        let (mut cache, image) = (ImageCache::default(), Image::new("a:1", Bytes(100)));
        assert_eq!(cache.presence(key, 0), Presence::Absent);
        cache.put(key, 0, &image, at(0));
        assert_eq!((cache.presence(key, 0), cache.presence(key, 1)), (Presence::Here, Presence::Stale));
        cache.put_changed(key, 1, 20, at(9));
        assert_eq!((cache.presence(key, 1), cache.bytes(), cache.version(key)), (Presence::Here, 120, Some((1, 20))));
    }

    #[test]
    fn a_layer_that_is_shared_is_downloaded_and_kept_once_and_goes_with_its_last_image() {
        let (mut cache, images) = (ImageCache::default(), [with_base(100), with_base(90)]);
        assert_eq!(cache.missing(&images[1]), 90);
        cache.put(BARE, 0, &images[0], at(0));
        assert_eq!(cache.missing(&images[1]), 30);
        cache.put(OTHER, 0, &images[1], at(1));
        assert_eq!((cache.bytes(), cache.layer_references()), (130, 2));
        let gone = |key| Collected { used: at(0), seen: at(0), key, current: true };
        assert_eq!((cache.remove(&gone(BARE), &images[0]), cache.remove(&gone(OTHER), &images[1])), (40, 90));
        assert_eq!((cache.bytes(), cache.layer_references()), (0, 0));
    }

    #[test]
    fn windows_of_back_off_double_from_the_last_failure_up_to_300_seconds() {
        let (mut cache, law) = (ImageCache::default(), (SimSpan::from_secs(10), SimSpan::from_secs(300)));
        let mut attempts = vec![at(0)];
        for _ in 0..6 {
            let now = attempts[attempts.len() - 1];
            cache.fail(POD, ImageId(0), law, now);
            attempts.extend(cache.backoff(POD, ImageId(0), now));
        }
        assert_eq!(attempts, [0, 10, 30, 70, 150, 310, 610].map(at));
        assert_eq!(cache.backoff(POD, ImageId(1), at(0)), None, "another image has a back-off of its own");
    }

    #[test]
    fn back_off_is_forgotten_more_than_600_seconds_after_the_last_failure() {
        for (gap, want) in [(600, 20), (601, 10)] {
            let (mut cache, law) = (ImageCache::default(), (SimSpan::from_secs(10), SimSpan::from_secs(300)));
            cache.fail(POD, ImageId(0), law, at(0));
            cache.fail(POD, ImageId(0), law, at(gap));
            assert_eq!(cache.backoff(POD, ImageId(0), at(gap)), Some(at(gap + want)), "after {gap} s");
        }
    }

    #[test]
    fn ten_pulls_pass_at_once_and_then_five_a_second() {
        let (mut cache, interval) = (ImageCache::default(), SimSpan::from_secs_f64(0.2));
        let mut passed = |now| (0..30).filter(|_| cache.take_token(interval, 10, now)).count();
        assert_eq!((passed(at(0)), passed(at(1)), passed(at(60))), (10, 5, 10));
    }

    #[test]
    fn nothing_is_kept_for_a_pod_that_is_gone() {
        let mut cache = ImageCache::default();
        cache.fail(POD, ImageId(0), (SimSpan::from_secs(10), SimSpan::from_secs(300)), at(0));
        cache.answer(POD, 0, Err(PullError::NotFound));
        cache.forget(POD);
        assert!(cache.waits.is_none());
    }
}
