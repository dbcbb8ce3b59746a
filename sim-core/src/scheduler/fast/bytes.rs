//! Scans over answer bytes, written so that the compiler vectorises them.

/// Bytes that are counted in one byte: fewer than 256.
const CHUNK: usize = 128;
/// Bytes that are compared side by side.
const LANES: usize = 32;

/// How many bytes satisfy `holds`.
#[inline]
pub(super) fn count(bytes: &[u8], holds: impl Fn(u8) -> bool) -> usize {
    let in_chunk = |chunk: &[u8]| chunk.iter().fold(0_u8, |count, byte| count + u8::from(holds(*byte)));
    bytes.chunks(CHUNK).map(|chunk| usize::from(in_chunk(chunk))).sum()
}

/// How many pairs of bytes in the same place satisfy `holds`.
#[inline]
pub(super) fn count_pairs(ones: &[u8], others: &[u8], holds: impl Fn(u8, u8) -> bool) -> usize {
    let in_chunk =
        |(ones, others): (&[u8], &[u8])| ones.iter().zip(others).fold(0_u8, |count, (one, other)| count + u8::from(holds(*one, *other)));
    ones.chunks(CHUNK).zip(others.chunks(CHUNK)).map(|chunks| usize::from(in_chunk(chunks))).sum()
}

/// The largest byte, 0 if there is none.
#[inline]
pub(super) fn highest(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |highest, byte| highest.max(*byte))
}

/// The largest byte among those whose fellow is `wanted`, 0 if there is none.
#[inline]
pub(super) fn highest_where(bytes: &[u8], fellows: &[u8], wanted: u8) -> u8 {
    let mut tops = [0_u8; LANES];
    for (bytes, fellows) in bytes.chunks(LANES).zip(fellows.chunks(LANES)) {
        for ((top, byte), fellow) in tops.iter_mut().zip(bytes).zip(fellows) {
            *top = (*top).max(byte & u8::from(*fellow == wanted).wrapping_neg());
        }
    }
    highest(&tops)
}

/// Where the byte is that `holds` and that `before` others that do precede.
///
/// # Panics
/// If there are not so many.
pub(super) fn nth(bytes: &[u8], mut before: usize, holds: impl Fn(u8) -> bool) -> usize {
    for (number, chunk) in bytes.chunks(CHUNK).enumerate() {
        let here = count(chunk, &holds);
        if before < here {
            let mut places = chunk.iter().enumerate().filter(|(_, byte)| holds(**byte));
            return number * CHUNK + places.nth(before).expect("so many were counted").0;
        }
        before -= here;
    }
    panic!("so many were counted");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn scans_find_what_loops_find(pairs in prop::collection::vec((0_u8..5, 0_u8..3), 0..700), wanted in 0_u8..5) {
            let (ones, others): (Vec<u8>, Vec<u8>) = pairs.iter().copied().unzip();
            let places: Vec<usize> = (0..ones.len()).filter(|place| ones[*place] == wanted).collect();
            prop_assert_eq!(count(&ones, |byte| byte == wanted), places.len());
            prop_assert_eq!(highest(&ones), ones.iter().copied().max().unwrap_or(0));
            for (before, place) in places.iter().enumerate() {
                prop_assert_eq!(nth(&ones, before, |byte| byte == wanted), *place);
            }
            let matching = || pairs.iter().filter(|(_, other)| *other == wanted);
            prop_assert_eq!(highest_where(&ones, &others, wanted), matching().map(|(one, _)| *one).max().unwrap_or(0));
            prop_assert_eq!(count_pairs(&ones, &others, |_, other| other == wanted), matching().count());
        }
    }
}
