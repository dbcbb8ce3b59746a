//! Numbers as people and programs read them. One place, so that equal values are printed alike everywhere.

use crate::figures::Unit;

/// Twelve significant digits, never an exponent: fixed, so that files of equal runs are equal.
pub(crate) fn exact(value: f64) -> String {
    let value = rounded(value);
    if value == 0.0 { "0".to_owned() } else { value.to_string() }
}

/// The value rounded to twelve significant digits.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// A value with its interval in one human unit.
pub(crate) struct Shown {
    /// The value and its unit.
    pub value: String,
    /// The interval's ends and their unit; empty without an interval.
    pub interval: String,
}

/// `mean` and its interval, scaled to a unit that fits and rounded to what the interval supports.
pub(crate) fn shown(unit: Unit, mean: f64, ends: Option<(f64, f64)>) -> Shown {
    let (factor, suffix) = unit.scale(mean);
    let decimals = decimals(mean * factor, ends.map(|(low, high)| (high - low) * factor / 2.0), unit);
    let number = |value: f64| grouped(value * factor, decimals);
    let interval = ends.map_or(String::new(), |(low, high)| format!("{} – {}{suffix}", number(low), number(high)));
    Shown { value: format!("{}{suffix}", number(mean)), interval }
}

/// A mean and half the width of its interval, in one human unit: `12.34 ± 0.56 min`.
pub(crate) fn plus_minus(unit: Unit, mean: f64, half_width: Option<f64>) -> String {
    let (number, half, suffix) = with_half_width(unit, mean, half_width);
    format!("{number}{half}{suffix}")
}

/// A difference, with its sign; shares differ by percentage points.
pub(crate) fn difference(unit: Unit, mean: f64, half_width: Option<f64>) -> String {
    let (number, half, suffix) = with_half_width(unit, mean, half_width);
    let zero = number.bytes().all(|byte| matches!(byte, b'0' | b'.' | b','));
    let sign = if number.starts_with('−') || (zero && mean <= 0.0) { "" } else { "+" };
    format!("{sign}{number}{half}{}", suffix.replace('%', "pp"))
}

fn with_half_width(unit: Unit, mean: f64, half_width: Option<f64>) -> (String, String, &'static str) {
    let size = mean.abs().max(half_width.unwrap_or(0.0));
    let (factor, suffix) = unit.scale(size);
    let decimals = match half_width.map(|half| half * factor) {
        // What is far smaller than the interval is not told apart from it.
        Some(half) if half > size * factor * 1e-12 => places(half, 2).min(places(size * factor, 5)).clamp(0, 6) as usize,
        _ => decimals(mean * factor, None, unit),
    };
    // Digits more where an end of the interval would be rounded to zero: on which side of it the end lies is what matters.
    let touches = |decimals: &usize| {
        half_width
            .is_some_and(|half| (half - mean.abs()).abs() > 0.0 && half > 0.0 && rounds_to_zero((mean.abs() - half) * factor, *decimals))
    };
    let decimals = (decimals..decimals + 3).find(|decimals| !touches(decimals)).unwrap_or(decimals);
    let half = half_width.map_or(String::new(), |half| format!(" ± {}", grouped(half * factor, decimals)));
    (grouped(mean * factor, decimals), half, suffix)
}

fn rounds_to_zero(value: f64, decimals: usize) -> bool {
    format!("{value:.decimals$}").bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'))
}

/// A relative change in per cent, with its sign.
pub(crate) fn relative(change: f64) -> String {
    if change >= 100.0 {
        // Beyond 10,000 % nobody reads a percentage: the number of times is plainer, and as narrow as the others.
        return format!("× {}", brief_count(change + 1.0));
    }
    let per_cent = change * 100.0;
    let decimals = if per_cent == 0.0 { 0 } else { places(per_cent, 3).clamp(0, 4) as usize };
    format!("{}{} %", if per_cent > 0.0 { "+" } else { "" }, grouped(per_cent, decimals))
}

/// A large count with three significant digits: `158`, `8,530`, `46.5 k`, `1.2 M`.
fn brief_count(value: f64) -> String {
    let (value, suffix) = match value {
        _ if value < 1e4 => (value, ""),
        _ if value < 1e6 => (value / 1e3, " k"),
        _ => (value / 1e6, " M"),
    };
    let decimals = if suffix.is_empty() { 0 } else { places(value, 3).clamp(0, 2) as usize };
    format!("{}{suffix}", grouped(value, decimals))
}

/// A single value in a human unit.
pub(crate) fn human(unit: Unit, value: f64) -> String {
    shown(unit, value, None).value
}

/// A single value in a human unit with three significant digits, for drawings and running text.
pub(crate) fn brief(unit: Unit, value: f64) -> String {
    let (factor, suffix) = unit.scale(value);
    let value = value * factor;
    let decimals = if value.fract() == 0.0 { 0 } else { places(value, 3).clamp(0, 6) as usize };
    format!("{}{suffix}", grouped(value, decimals))
}

/// Decimals that show so many significant digits of `value`.
fn places(value: f64, digits: i32) -> i32 {
    if value == 0.0 { 0 } else { digits - 1 - value.abs().log10().floor() as i32 }
}

/// A whole number with separators between thousands.
pub(crate) fn count(value: u64) -> String {
    separated(&value.to_string())
}

/// Decimals: two significant digits of the half-width (but no more than five of the value), else four of the value; whole counts need
/// none. A half-width that is only rounding is none.
fn decimals(value: f64, half_width: Option<f64>, unit: Unit) -> usize {
    let whole = value.fract() == 0.0 && matches!(unit, Unit::Count | Unit::Bytes);
    match half_width {
        Some(half) if half > value.abs() * 1e-12 => places(half, 2).min(places(value, 5)).clamp(0, 6) as usize,
        _ if whole || value == 0.0 => 0,
        _ => places(value, 4).clamp(0, 6) as usize,
    }
}

fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.')) { text.replace('-', "") } else { text };
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}", separated(whole))
}

/// Commas between thousands of a whole number's digits.
fn separated(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("−", rest));
    let mut text = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_in_units_that_fit() {
        #[rustfmt::skip]
        let cases = [
            (Unit::Count,   15_000.0,      "15,000"),
            (Unit::Count,   299_876.43,    "299,876"),
            (Unit::Count,   1.5e9,         "1,500 M"),
            (Unit::Share,   0.7213,        "72.13 %"),
            (Unit::Share,   0.0,           "0 %"),
            (Unit::Seconds, 216_000.0,     "2.500 d"),
            (Unit::Seconds, 5_400.0,       "90.00 min"),
            (Unit::Seconds, 0.0123,        "12.30 ms"),
            (Unit::Bytes,   1_610_612_736.0, "1.500 GiB"),
            (Unit::Bytes,   512.0,         "512 B"),
            (Unit::PerDay,  0.000_52,      "0.05200 %/d"),
            (Unit::Count,   -3.0,          "−3"),
        ];
        for (unit, value, want) in cases {
            assert_eq!(human(unit, value), want);
        }
    }

    #[test]
    fn a_value_is_rounded_to_what_its_interval_supports() {
        let shown = shown(Unit::Seconds, 216_123.0, Some((214_000.0, 218_246.0)));
        assert_eq!((shown.value.as_str(), shown.interval.as_str()), ("2.501 d", "2.477 – 2.526 d"));
    }

    #[test]
    fn differences_have_a_sign_and_shares_differ_by_points() {
        #[rustfmt::skip]
        let cases = [
            (Unit::Count,   1.33,    Some(0.205), "+1.33 ± 0.20"),
            (Unit::Count,   -12.0,   Some(30.4),  "−12 ± 30"),
            (Unit::Count,   3.0,     None,        "+3"),
            (Unit::Count,   3.52,    Some(3.48),  "+3.52 ± 3.48"),
            (Unit::Count,   -3.5,    Some(3.5),   "−3.5 ± 3.5"),
            (Unit::Count,   0.0,     Some(0.0),   "0 ± 0"),
            (Unit::Share,   -0.0123, Some(0.004), "−1.23 ± 0.40 pp"),
            (Unit::Seconds, 0.0001,  Some(0.25),  "+0 ± 250 ms"),
        ];
        for (unit, mean, half, want) in cases {
            assert_eq!(difference(unit, mean, half), want);
        }
        assert_eq!(plus_minus(Unit::Seconds, 740.4, Some(33.6)), "12.34 ± 0.56 min");
        assert_eq!([0.045, -0.5, 12.0, 0.0, 4e-5].map(relative), ["+4.50 %", "−50.0 %", "+1,200 %", "0 %", "+0.0040 %"]);
        assert_eq!([99.99, 121.0, 46_520.4, 2e7].map(relative), ["+9,999 %", "× 122", "× 46.5 k", "× 20.0 M"]);
    }

    #[test]
    fn files_carry_twelve_digits_and_no_exponent() {
        for (value, want) in
            [(1.0 / 3.0, "0.333333333333"), (0.1 + 0.2, "0.3"), (1e15, "1000000000000000"), (2e-7, "0.0000002"), (-0.0, "0")]
        {
            assert_eq!(exact(value), want);
        }
    }
}
