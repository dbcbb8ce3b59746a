//! Durations as Go writes them, with `d` for days, and rates.

use super::quantity::Quantity;
use sim_core::units::SimSpan;

/// Why a text is no duration or rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum BadTime {
    #[error("there is no number in it")]
    NoNumber,
    #[error("it has no unit")]
    NoUnit,
    #[error("the unit is not one of ns, us, ms, s, m, h, d")]
    Unit,
    #[error("it must not be negative")]
    Negative,
    #[error("it is longer than 584 years")]
    TooLong,
}

/// Nanoseconds of a unit of time.
fn unit_nanos(unit: &str) -> Result<f64, BadTime> {
    Ok(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3_600e9,
        "d" => 86_400e9,
        "" => return Err(BadTime::NoUnit),
        _ => return Err(BadTime::Unit),
    })
}

/// Reads `30d`, `1h30m`, `250ms`, `1.5h`, `0`.
pub(crate) fn parse_span(text: &str) -> Result<SimSpan, BadTime> {
    if text == "0" {
        return Ok(SimSpan::ZERO);
    }
    let mut rest = match text.strip_prefix('-') {
        Some(_) => return Err(BadTime::Negative),
        None => text.strip_prefix('+').unwrap_or(text),
    };
    let mut nanos = 0.0;
    let mut exact = 0_u128;
    while !rest.is_empty() || text.is_empty() {
        let (number, unit, next) = part(rest)?;
        let scale = unit_nanos(unit)?;
        match number.parse::<u64>() {
            Ok(whole) => exact += u128::from(whole) * scale as u128,
            Err(_) => nanos += number.parse::<f64>().map_err(|_| BadTime::NoNumber)? * scale,
        }
        rest = next;
    }
    let total = exact as f64 + nanos;
    if total >= u64::MAX as f64 { Err(BadTime::TooLong) } else { Ok(SimSpan::from_nanos(exact as u64 + nanos.round() as u64)) }
}

/// The first number, its unit, and what follows.
fn part(text: &str) -> Result<(&str, &str, &str), BadTime> {
    let digit = |c: char| c.is_ascii_digit() || c == '.';
    let number_end = text.find(|c| !digit(c)).unwrap_or(text.len());
    let (number, rest) = text.split_at(number_end);
    let unit_end = rest.find(digit).unwrap_or(rest.len());
    if number.is_empty() { Err(BadTime::NoNumber) } else { Ok((number, &rest[..unit_end], &rest[unit_end..])) }
}

/// Reads `3/s`, `40/m`, `2/h`, `5/d` as a number per second.
pub(crate) fn parse_rate(text: &str) -> Result<f64, BadTime> {
    let (number, unit) = text.split_once('/').ok_or(BadTime::NoUnit)?;
    let number: f64 = number.trim().parse().map_err(|_| BadTime::NoNumber)?;
    let nanos = unit_nanos(unit.trim())?;
    match number {
        _ if number < 0.0 => Err(BadTime::Negative),
        _ if !number.is_finite() => Err(BadTime::NoNumber),
        _ => Ok(number / (nanos / 1e9)),
    }
}

/// Reads `60M/s`, `60MB/s`, `64Mi/s` as units per second.
pub(crate) fn parse_throughput(text: &str) -> Result<f64, BadTime> {
    let (amount, unit) = text.split_once('/').ok_or(BadTime::NoUnit)?;
    let amount = amount.trim();
    let amount = Quantity::parse(amount.strip_suffix('B').unwrap_or(amount)).map_err(|_| BadTime::NoNumber)?;
    Ok(amount.as_f64() / (unit_nanos(unit.trim())? / 1e9))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them_and_days_too() {
        let cases = [
            ("30d", 30 * 86_400_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("250ms", 250_000_000),
            ("1.5h", 5_400_000_000_000),
            ("300ns", 300),
            ("2us", 2_000),
            ("2µs", 2_000),
            ("1d12h", 129_600_000_000_000),
            ("0", 0),
            ("0s", 0),
            (".5s", 500_000_000),
            ("100000000000000000ns", 100_000_000_000_000_000),
        ];
        for (text, want) in cases {
            assert_eq!(parse_span(text), Ok(SimSpan::from_nanos(want)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        use BadTime::{Negative, NoNumber, NoUnit, TooLong, Unit};
        #[rustfmt::skip]
        let cases = [
            ("", NoNumber), ("30", NoUnit), ("1h30", NoUnit), ("1x", Unit), ("3 s", Unit), ("s", NoNumber), ("-3s", Negative), ("1..2s", NoNumber),
            ("9999999999d", TooLong), ("99999999999999999999999999d", TooLong), ("1w", Unit), ("NaN", NoNumber), ("inf", NoNumber),
        ];
        for (text, want) in cases {
            assert_eq!(parse_span(text), Err(want), "{text}");
        }
    }

    #[test]
    fn rates_are_per_second_whatever_their_unit() {
        let cases = [("3/s", 3.0), ("60/m", 1.0), ("7200/h", 2.0), ("86400/d", 1.0), ("0.5/s", 0.5)];
        for (text, want) in cases {
            assert_eq!(parse_rate(text), Ok(want), "{text}");
        }
        for text in ["3", "x/s", "-1/s", "1/y", "inf/s", "NaN/s"] {
            assert!(parse_rate(text).is_err(), "{text}");
        }
        assert_eq!(parse_throughput("60MB/s"), Ok(60e6));
        assert_eq!(parse_throughput("64Mi/s"), Ok(f64::from(64 << 20)));
    }
}
