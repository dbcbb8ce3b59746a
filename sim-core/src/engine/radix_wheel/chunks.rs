//! Memory of the wheel's buckets: chains of small chunks, which are used again as soon as they are read.

use super::Entry;

/// Entries in a chunk: enough to stream, few enough that half-empty ones do not matter.
const CHUNK: usize = 32;

/// No chunk: the end of the free list.
const NONE: u32 = u32::MAX;

/// Entries in the order in which they were appended. All chunks but the last are full.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Chain {
    head: u32,
    tail: u32,
    len: u32,
}

impl Chain {
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The chunks of all chains. Their number is bounded by the peak of the entries and of the chains in use.
#[derive(Clone, Debug)]
pub(super) struct Chunks<E> {
    entries: Vec<[Entry<E>; CHUNK]>,
    /// The chunk after this one, in its chain or in the free list.
    next: Vec<u32>,
    free: u32,
}

impl<E: Copy> Chunks<E> {
    pub(super) fn new() -> Self {
        Self { entries: Vec::new(), next: Vec::new(), free: NONE }
    }

    /// Adds `entry` at the end of `chain`.
    #[inline]
    pub(super) fn append(&mut self, chain: &mut Chain, entry: Entry<E>) {
        let place = chain.len() % CHUNK;
        if place == 0 {
            self.lengthen(chain, entry);
        }
        self.entries[chain.tail as usize][place] = entry;
        chain.len += 1;
    }

    /// Empties a chain, giving its entries in order to `visit`. Each chunk is free again before its entries are visited, so that they
    /// can be moved to other chains within the same memory.
    pub(super) fn drain(&mut self, chain: Chain, mut visit: impl FnMut(&mut Self, Entry<E>)) {
        let (mut chunk, mut left) = (chain.head, chain.len());
        while left > 0 {
            let entries = self.entries[chunk as usize];
            chunk = self.release(chunk);
            for &entry in &entries[..left.min(CHUNK)] {
                visit(self, entry);
            }
            left = left.saturating_sub(CHUNK);
        }
    }

    /// The entries of a chain, chunk by chunk.
    pub(super) fn read(&self, chain: Chain) -> impl Iterator<Item = &[Entry<E>]> {
        let (mut chunk, mut left) = (chain.head, chain.len());
        std::iter::from_fn(move || {
            let entries = &self.entries.get(chunk as usize).filter(|_| left > 0)?[..left.min(CHUNK)];
            chunk = self.next[chunk as usize];
            left -= entries.len();
            Some(entries)
        })
    }

    /// Gives all chunks of a chain back at once.
    pub(super) fn release_all(&mut self, chain: Chain) {
        if !chain.is_empty() {
            self.next[chain.tail as usize] = self.free;
            self.free = chain.head;
        }
    }

    #[cold]
    fn lengthen(&mut self, chain: &mut Chain, filler: Entry<E>) {
        let chunk = self.allocate(filler);
        if chain.is_empty() {
            chain.head = chunk;
        } else {
            self.next[chain.tail as usize] = chunk;
        }
        chain.tail = chunk;
    }

    fn allocate(&mut self, filler: Entry<E>) -> u32 {
        if self.free != NONE {
            let chunk = self.free;
            self.free = std::mem::replace(&mut self.next[chunk as usize], NONE);
            return chunk;
        }
        let chunk = u32::try_from(self.entries.len()).expect("chunks of pending events are counted in 32 bits");
        self.entries.push([filler; CHUNK]);
        self.next.push(NONE);
        chunk
    }

    /// Puts one chunk on the free list and returns the one after it.
    fn release(&mut self, chunk: u32) -> u32 {
        let after = std::mem::replace(&mut self.next[chunk as usize], self.free);
        self.free = chunk;
        after
    }
}

#[cfg(test)]
impl<E> Chunks<E> {
    pub(super) const ENTRIES: usize = CHUNK;

    /// How many chunks there are, used or free.
    pub(super) fn count(&self) -> usize {
        self.entries.len()
    }

    /// How many chunks are free.
    pub(super) fn count_free(&self) -> usize {
        let chunk = |number: u32| Some(number).filter(|&number| number != NONE);
        std::iter::successors(chunk(self.free), |&free| chunk(self.next[free as usize])).count()
    }
}
