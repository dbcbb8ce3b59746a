//! Images on a node, and the pulls that are going on there.
//!
//! An image is known by its name and by the workload instance whose releases change it; a release makes a new version of it, which
//! takes the old one's place (the old one's bytes are no use to anybody any more).

use crate::table::{ImageId, InstanceId};
use crate::units::SimTime;

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
    /// It is being pulled and will be there at this time.
    Coming(SimTime),
    /// Another version is there: only what changed must be pulled.
    Stale,
    /// Nothing is there.
    Absent,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: ImageKey,
    revision: u32,
    from: SimTime,
}

/// The images of one node.
#[derive(Clone, Debug, Default)]
pub struct ImageCache {
    entries: Vec<Entry>,
    /// When the pulls that are queued now will be done.
    pub busy_until: SimTime,
}

impl ImageCache {
    /// What is there of version `revision` of `key` at `now`.
    pub fn presence(&self, key: ImageKey, revision: u32, now: SimTime) -> Presence {
        match self.find(key) {
            Ok(row) if self.entries[row].revision != revision => Presence::Stale,
            Ok(row) if self.entries[row].from > now => Presence::Coming(self.entries[row].from),
            Ok(_) => Presence::Here,
            Err(_) => Presence::Absent,
        }
    }

    /// Version `revision` of `key` is there from `from` on.
    pub fn put(&mut self, key: ImageKey, revision: u32, from: SimTime) {
        match self.find(key) {
            Ok(row) => self.entries[row] = Entry { key, revision, from },
            Err(row) => self.entries.insert(row, Entry { key, revision, from }),
        }
    }

    /// The pulls that are going on come to nothing.
    pub fn drop_pulls(&mut self, now: SimTime) {
        self.entries.retain(|entry| entry.from <= now);
        self.busy_until = self.busy_until.min(now);
    }

    fn find(&self, key: ImageKey) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&key, |entry| entry.key)
    }

    /// Names of the images that are there, some of them in several versions.
    pub fn images(&self) -> impl Iterator<Item = ImageId> + '_ {
        self.entries.iter().map(|entry| entry.key.image)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_makes_the_image_stale_until_it_is_pulled_again() {
        let key = ImageKey { image: ImageId(3), instance: Some(InstanceId(5)) };
        let (now, later) = (SimTime::from_nanos(10), SimTime::from_nanos(20));
        let mut cache = ImageCache::default();
        assert_eq!(cache.presence(key, 0, now), Presence::Absent);
        cache.put(key, 0, now);
        assert_eq!((cache.presence(key, 0, now), cache.presence(key, 1, now)), (Presence::Here, Presence::Stale));
        cache.put(key, 1, later);
        assert_eq!((cache.presence(key, 1, now), cache.presence(key, 1, later)), (Presence::Coming(later), Presence::Here));
    }
}
