//! Garbage collection of images: how much is freed, of which images, in which order.
//!
//! Source: `pkg/kubelet/images/image_gc_manager.go` of Kubernetes v1.34.

use std::cmp::Ordering;

use crate::units::{SimSpan, SimTime};

/// When images are collected and how far (`imageGCHighThresholdPercent`, `imageGCLowThresholdPercent`, …).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Policy {
    /// Use of the file system, in percent, from which on images are collected.
    pub(crate) high: u64,
    /// Use down to which.
    pub(crate) low: u64,
    /// Images that were first seen less long ago stay.
    pub(crate) min_age: SimSpan,
    /// Images unused for longer go in any case; `None` for never.
    pub(crate) max_age: Option<SimSpan>,
    /// How often the kubelet looks.
    pub(crate) period: SimSpan,
}

impl Default for Policy {
    fn default() -> Self {
        Self { high: 85, low: 80, min_age: SimSpan::from_secs(120), max_age: None, period: SimSpan::from_secs(300) }
    }
}

/// Use of a file system in percent, rounded up as the kubelet does: 100 less the free share rounded down.
///
/// # Panics
/// If there is no file system.
pub(crate) const fn percent(capacity: u64, available: u64) -> u64 {
    100 - (available as u128 * 100 / capacity as u128) as u64
}

/// Bytes to free: nothing below the high threshold, else down to the low one.
pub(crate) const fn to_free(policy: &Policy, capacity: u64, available: u64) -> u64 {
    if capacity == 0 || percent(capacity, available) < policy.high {
        return 0;
    }
    let free = (capacity as u128 * (100 - policy.low) as u128 / 100) as u64;
    free.saturating_sub(available)
}

/// An image on a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stored {
    /// Bytes on disk.
    pub(crate) size: u64,
    /// True if a container uses it.
    pub(crate) in_use: bool,
    /// True if the runtime keeps it, as it does the pause image.
    pub(crate) pinned: bool,
    /// When the kubelet saw it first.
    pub(crate) detected: SimTime,
    /// When a container last used it; the first instant if none did.
    pub(crate) last_used: SimTime,
}

impl Stored {
    /// True if it may go when room is needed.
    pub(crate) fn is_free(&self, policy: &Policy, now: SimTime) -> bool {
        let old = now.since(self.detected) >= policy.min_age;
        !self.in_use && !self.pinned && old
    }

    /// True if it is unused for too long. It does not count before the kubelet itself has been up for so long.
    pub(crate) fn is_stale(&self, policy: &Policy, up_since: SimTime, now: SimTime) -> bool {
        let Some(most) = policy.max_age else { return false };
        !self.in_use && !self.pinned && now.since(up_since) > most && now.since(self.last_used) > most
    }

    /// Which of two goes first: the one whose last use, then whose detection, is longer ago.
    pub(crate) fn before(&self, other: &Self) -> Ordering {
        (self.last_used, self.detected).cmp(&(other.last_used, other.detected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    const fn at(secs: u64) -> SimTime {
        SimTime::from_nanos(secs * 1_000_000_000)
    }

    #[test]
    fn from_85_percent_on_images_go_until_80_are_left() {
        #[rustfmt::skip]
        let table = [
            ("88 of 100 GB",              100 * GB, 12 * GB,     88,  8 * GB),
            ("85 percent",                100 * GB, 15 * GB,     85,  5 * GB),
            ("a byte more is free",       100 * GB, 15 * GB + 1, 85,  5 * GB - 1),
            ("just below",                100 * GB, 16 * GB,     84,  0),
            ("full",                      100 * GB, 0,           100, 20 * GB),
            ("nothing used",              100 * GB, 100 * GB,    0,   0),
        ];
        for (name, capacity, available, used, want) in table {
            assert_eq!((percent(capacity, available), to_free(&Policy::default(), capacity, available)), (used, want), "{name}");
        }
        assert_eq!(to_free(&Policy::default(), 0, 0), 0, "no file system");
    }

    #[test]
    fn images_stay_while_they_are_new_used_or_pinned() {
        let old = Stored { size: 1, in_use: false, pinned: false, detected: at(0), last_used: at(0) };
        #[rustfmt::skip]
        let table = [
            ("old and unused",   old,                                      120, true),
            ("seen just now",    Stored { detected: at(1), ..old },        120, false),
            ("used",             Stored { in_use: true, ..old },           999, false),
            ("pinned",           Stored { pinned: true, ..old },           999, false),
        ];
        for (name, image, now, want) in table {
            assert_eq!(image.is_free(&Policy::default(), at(now)), want, "{name}");
        }
    }

    #[test]
    fn images_unused_for_too_long_go_once_the_kubelet_is_up_as_long() {
        let policy = Policy { max_age: Some(SimSpan::from_secs(1_000)), ..Policy::default() };
        let image = Stored { size: 1, in_use: false, pinned: false, detected: at(0), last_used: at(10) };
        #[rustfmt::skip]
        let table = [
            ("long enough",          policy,            image,                                0,  1_011, true),
            ("not quite",            policy,            image,                                0,  1_010, false),
            ("the kubelet is young", policy,            image,                                50, 1_050, false),
            ("in use",               policy,            Stored { in_use: true, ..image },     0,  9_999, false),
            ("no limit",             Policy::default(), image,                                0,  9_999, false),
        ];
        for (name, policy, image, up_since, now, want) in table {
            assert_eq!(image.is_stale(&policy, at(up_since), at(now)), want, "{name}");
        }
    }

    #[test]
    fn the_longest_unused_goes_first_and_of_those_the_longest_there() {
        let image =
            |last_used, detected| Stored { size: 1, in_use: false, pinned: false, detected: at(detected), last_used: at(last_used) };
        let mut images = [image(5, 1), image(2, 3), image(2, 0), image(9, 0)];
        images.sort_by(Stored::before);
        assert_eq!(images.map(|image| (image.last_used, image.detected)), [(2, 0), (2, 3), (5, 1), (9, 0)].map(|(a, b)| (at(a), at(b))));
    }
}
