//! Units of figures: base units in files, human units in tables.

/// The unit of a figure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// How many.
    Count,
    /// A part of a whole, 0 to 1 in files, per cent for people.
    Share,
    /// A share for each day that something exists.
    PerDay,
    /// Seconds in files; days, hours, minutes, milliseconds for people.
    Seconds,
    /// How many a second.
    PerSecond,
    /// Bytes in files; KiB, MiB, GiB, TiB for people.
    Bytes,
}

const DAY: f64 = 86_400.0;

/// The first row whose threshold the magnitude reaches: `(threshold, factor, suffix)`, largest first.
fn fitting(rows: &[(f64, f64, &'static str)], magnitude: f64, otherwise: (f64, &'static str)) -> (f64, &'static str) {
    rows.iter().find(|row| magnitude >= row.0).map_or(otherwise, |row| (row.1, row.2))
}

impl Unit {
    /// The unit's name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Share => "share",
            Self::PerDay => "share per day",
            Self::Seconds => "s",
            Self::PerSecond => "per second",
            Self::Bytes => "bytes",
        }
    }

    /// What to multiply with, and the suffix, to show values about as large as `value` to people.
    pub fn scale(self, value: f64) -> (f64, &'static str) {
        let size = value.abs();
        match self {
            Self::Count => fitting(&[(1e12, 1e-9, " G"), (1e7, 1e-6, " M")], size, (1.0, "")),
            Self::Share => (100.0, " %"),
            Self::PerDay => (100.0, " %/d"),
            Self::Seconds => seconds(size),
            Self::PerSecond => (1.0, " /s"),
            Self::Bytes => bytes(size),
        }
    }
}

fn seconds(size: f64) -> (f64, &'static str) {
    const ROWS: [(f64, f64, &str); 5] =
        [(2.0 * DAY, 1.0 / DAY, " d"), (7_200.0, 1.0 / 3_600.0, " h"), (120.0, 1.0 / 60.0, " min"), (1.0, 1.0, " s"), (1e-3, 1e3, " ms")];
    if size == 0.0 { (1.0, " s") } else { fitting(&ROWS, size, (1e6, " µs")) }
}

fn bytes(size: f64) -> (f64, &'static str) {
    const K: f64 = 1_024.0;
    let rows = [
        (K * K * K * K, 1.0 / (K * K * K * K), " TiB"),
        (K * K * K, 1.0 / (K * K * K), " GiB"),
        (K * K, 1.0 / (K * K), " MiB"),
        (K, 1.0 / K, " KiB"),
    ];
    fitting(&rows, size, (1.0, " B"))
}
