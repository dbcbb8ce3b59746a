//! Pod addresses of a node: the `host-local` allocator's round robin over the node's block.
//!
//! The search starts after the last address given out and skips the network's first address, the gateway and the broadcast
//! address; an address that was given back is not handed out again until the cursor has come round.

/// The addresses of one node's block.
#[derive(Clone, Debug)]
pub struct AddressPool {
    taken: Box<[u64]>,
    cursor: u16,
    used: u16,
}

/// The gateway's place in the block.
const GATEWAY: u16 = 1;

impl AddressPool {
    /// A block of `size` addresses (256 for a /24), all of them free.
    ///
    /// # Panics
    /// If the block is larger than a /16 or smaller than a /30.
    pub fn new(size: u32) -> Self {
        assert!((4..=65_536).contains(&size), "a node's block has 4 to 65,536 addresses, not {size}");
        let words = size.div_ceil(64) as usize;
        let mut pool = Self { taken: vec![0; words].into(), cursor: GATEWAY, used: 0 };
        for reserved in [0, u32::from(GATEWAY)].into_iter().chain(size - 1..words as u32 * 64) {
            pool.taken[reserved as usize / 64] |= 1 << (reserved % 64);
        }
        pool
    }

    /// Takes the next free address after the last one taken; `None` if all are in use.
    pub fn take(&mut self) -> Option<u16> {
        let address = self.next_free(usize::from(self.cursor) + 1)?;
        self.taken[usize::from(address) / 64] |= 1 << (address % 64);
        self.cursor = address;
        self.used += 1;
        Some(address)
    }

    /// The first free address from `from` on, wrapping round.
    fn next_free(&self, from: usize) -> Option<u16> {
        let words = self.taken.len();
        let (first, bit) = ((from / 64) % words, from % 64);
        let masked = |word: usize, mask: u64| {
            let free = !self.taken[word] & mask;
            (free != 0).then(|| (word * 64) as u16 + free.trailing_zeros() as u16)
        };
        masked(first, !0 << bit)
            .or_else(|| (1..words).find_map(|step| masked((first + step) % words, !0)))
            .or_else(|| masked(first, !(!0 << bit)))
    }

    /// Gives an address back.
    ///
    /// # Panics
    /// If it is not in use.
    pub fn give_back(&mut self, address: u16) {
        let (word, bit) = (usize::from(address) / 64, 1 << (address % 64));
        assert!(self.taken[word] & bit != 0, "address {address} is given back but not in use");
        self.taken[word] &= !bit;
        self.used -= 1;
    }

    /// Addresses in use.
    pub const fn used(&self) -> u16 {
        self.used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn a_fresh_block_skips_the_gateway_and_a_freed_address_waits_for_the_cursor() {
        let mut pool = AddressPool::new(256);
        assert_eq!([pool.take(), pool.take(), pool.take()], [Some(2), Some(3), Some(4)]);
        pool.give_back(2);
        assert_eq!(pool.take(), Some(5));
    }

    #[test]
    fn a_slash_24_has_253_addresses_for_pods() {
        let mut pool = AddressPool::new(256);
        assert_eq!((0..300).filter_map(|_| pool.take()).count(), 253);
        pool.give_back(100);
        assert_eq!((pool.take(), pool.take()), (Some(100), None));
    }

    proptest! {
        #[test]
        fn no_address_is_held_twice(size in 4u32..600, operations in vec((any::<bool>(), any::<usize>()), 0..400)) {
            let mut pool = AddressPool::new(size);
            let mut held: Vec<u16> = Vec::new();
            for (take, pick) in operations {
                if take {
                    if let Some(address) = pool.take() {
                        prop_assert!(!held.contains(&address) && address > GATEWAY && u32::from(address) < size - 1);
                        held.push(address);
                    } else {
                        prop_assert_eq!(held.len() as u32, size - 3);
                    }
                } else if !held.is_empty() {
                    pool.give_back(held.swap_remove(pick % held.len()));
                }
                prop_assert_eq!(usize::from(pool.used()), held.len());
            }
        }
    }
}
