//! What happened, told: as JSON lines for programs, as the history of one Pod for people, as a `v1.PodStatus`.

mod events;
mod pod;
mod status;

pub use events::Teller;
pub use pod::PodHistory;
pub use status::status_json;
pub use yaml::yaml;

mod yaml;

use sim_core::units::SimTime;

/// Seconds with nine digits.
pub(crate) fn seconds(nanos: u64) -> String {
    format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000)
}

/// A span for people: `0.250s`, `12.5s`, `4m05s`, `3h12m`, `2d03h`.
pub(crate) fn span(nanos: u64) -> String {
    let (millis, secs) = (nanos / 1_000_000, nanos / 1_000_000_000);
    match secs {
        0..10 => format!("{}.{:03}s", millis / 1000, millis % 1000),
        10..60 => format!("{}.{}s", secs, millis % 1000 / 100),
        60..3600 => format!("{}m{:02}s", secs / 60, secs % 60),
        3600..86_400 => format!("{}h{:02}m", secs / 3600, secs / 60 % 60),
        _ => format!("{}d{:02}h", secs / 86_400, secs / 3600 % 24),
    }
}

/// A time for people: `1d 02:03:04.567`, the days left out on the first.
pub(crate) fn clock(at: SimTime) -> String {
    let (millis, secs) = (at.as_nanos() / 1_000_000 % 1000, at.as_nanos() / 1_000_000_000);
    let days = if secs >= 86_400 { format!("{}d ", secs / 86_400) } else { String::new() };
    format!("{days}{:02}:{:02}:{:02}.{millis:03}", secs / 3600 % 24, secs / 60 % 60, secs % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_times_are_told_at_their_own_scale() {
        let second = 1_000_000_000;
        let spans = [(second / 4, "0.250s"), (second * 25 / 2, "12.5s"), (second * 245, "4m05s"), (second * 11_520, "3h12m")];
        for (nanos, want) in spans.into_iter().chain([(second * 183_600, "2d03h")]) {
            assert_eq!(span(nanos), want);
        }
        assert_eq!(clock(SimTime::from_nanos(3_723_004_000_000)), "01:02:03.004");
        assert_eq!(clock(SimTime::from_nanos(90_000 * second)), "1d 01:00:00.000");
        assert_eq!(seconds(1_000_000_001), "1.000000001");
    }
}
