//! A stable digest of what a scenario was loaded from.

/// 128-bit FNV-1a: not for secrets, but the same on every machine and in every version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Digest(u128);

impl Digest {
    pub(crate) const fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    /// Takes in a part; its length keeps parts apart.
    pub(crate) fn part(&mut self, bytes: &[u8]) {
        for byte in (bytes.len() as u64).to_le_bytes().iter().chain(bytes) {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }

    /// 32 hexadecimal digits.
    pub(crate) fn hex(self) -> String {
        format!("{:032x}", self.0)
    }

    /// The digest as a number from 0 to 1, neither of them.
    pub(crate) fn unit(self) -> f64 {
        ((self.0 >> 64) as u64 as f64 + 0.5) / 2_f64.powi(64).next_up()
    }
}

/// The digest of one text.
pub(crate) fn digest(text: &str) -> Digest {
    let mut digest = Digest::new();
    digest.part(text.as_bytes());
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_where_parts_end() {
        let of = |parts: &[&str]| {
            let mut digest = Digest::new();
            for part in parts {
                digest.part(part.as_bytes());
            }
            digest.hex()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["nginx"]), digest("nginx").hex());
    }

    #[test]
    fn names_spread_evenly_between_zero_and_one() {
        let mean = (0..1_000).map(|n| digest(&format!("image-{n}")).unit()).sum::<f64>() / 1_000.0;
        assert!((mean - 0.5).abs() < 0.05, "{mean}");
    }
}
