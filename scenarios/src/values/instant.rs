//! Instants as Kubernetes writes them: RFC 3339 in UTC, `2026-01-02T03:04:05Z`.

use sim_core::units::{SimSpan, SimTime};

/// Reads an instant as the time since 1970; `None` if it is none, or before that.
pub(crate) fn parse_instant(text: &str) -> Option<SimTime> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let [year, month, day] = numbers(date, '-')?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hour, minute, second] = numbers(time, ':')?;
    let sound = (1970..=2500).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !sound || hour > 23 || minute > 59 || second > 60 || fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let secs = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let nanos = format!("{fraction:0<9}")[..9].parse().ok()?;
    Some(SimTime::ZERO + SimSpan::from_secs(secs) + SimSpan::from_nanos(nanos))
}

fn numbers(text: &str, separator: char) -> Option<[u64; 3]> {
    let parts: Vec<u64> = text.split(separator).map(str::parse).collect::<Result<_, _>>().ok()?;
    parts.try_into().ok()
}

/// Days from 1970-01-01 to a date of the Gregorian calendar; years are counted from March, so that the leap day is the last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_count_seconds_since_1970() {
        #[rustfmt::skip]
        let cases = [
            ("1970-01-01T00:00:00Z", Some(0)), ("2000-02-29T12:00:00Z", Some(951_825_600)), ("2026-01-01T00:00:01Z", Some(1_767_225_601)),
            ("2026-01-01T00:00:01.5Z", Some(1_767_225_601)), ("2026-01-01", None), ("2026-13-01T00:00:00Z", None), ("yesterday", None),
            ("2026-01-01T00:00:00+02:00", None),
        ];
        for (text, want) in cases {
            assert_eq!(parse_instant(text).map(|time| time.as_nanos() / 1_000_000_000), want, "{text}");
        }
    }
}
