//! One level of the wheel: 1,024 buckets, and which of them hold something.

use super::Entry;
use super::chunks::{Chain, Chunks};

/// Bits of the time which a level looks at.
pub(super) const BITS: u32 = 10;

const BUCKETS: usize = 1 << BITS;
const WORD: usize = u64::BITS as usize;

/// Buckets of equal width: a bucket's place is the level's ten bits of the times within.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// How far to the right the level's bits of a time must be shifted.
    shift: u32,
    chains: Box<[Chain]>,
    /// A bit for each bucket which is not empty.
    occupied: [u64; BUCKETS / WORD],
    /// A bit for each word of `occupied` which is not zero.
    words: u32,
}

impl Level {
    pub(super) fn new(number: u32) -> Self {
        Self { shift: number * BITS, chains: vec![Chain::default(); BUCKETS].into(), occupied: [0; BUCKETS / WORD], words: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words == 0
    }

    /// Adds `entry` to the bucket of its time.
    #[inline]
    pub(super) fn file<E: Copy>(&mut self, chunks: &mut Chunks<E>, entry: Entry<E>) {
        let bucket = (entry.at.as_nanos() >> self.shift) as usize % BUCKETS;
        if self.chains[bucket].is_empty() {
            self.occupied[bucket / WORD] |= 1 << (bucket % WORD);
            self.words |= 1 << (bucket / WORD);
        }
        chunks.append(&mut self.chains[bucket], entry);
    }

    /// The place of the earliest bucket which is not empty; the level must have one.
    fn first(&self) -> usize {
        let word = self.words.trailing_zeros() as usize;
        word * WORD + self.occupied[word].trailing_zeros() as usize
    }

    /// The events of the earliest bucket.
    pub(super) fn earliest(&self) -> Chain {
        self.chains[self.first()]
    }

    /// Takes the earliest bucket out of the level; its chain belongs to the caller.
    pub(super) fn take_earliest(&mut self) -> Chain {
        self.take(self.first())
    }

    fn take(&mut self, bucket: usize) -> Chain {
        let word = bucket / WORD;
        self.occupied[word] &= !(1 << (bucket % WORD));
        if self.occupied[word] == 0 {
            self.words &= !(1 << word);
        }
        std::mem::take(&mut self.chains[bucket])
    }

    /// Drops the entries which `keep` refuses and says how many there were.
    pub(super) fn purge<E: Copy>(&mut self, chunks: &mut Chunks<E>, mut keep: impl FnMut(&E) -> bool) -> usize {
        let mut dropped = 0;
        for bucket in 0..BUCKETS {
            let chain = self.take(bucket);
            chunks.drain(chain, |chunks, entry| if keep(&entry.event) { self.file(chunks, entry) } else { dropped += 1 });
        }
        dropped
    }
}
