//! Plots, as SVG.

use sim_core::measure::Outcome;

/// A plot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Its file's name, without `.svg`.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What it shows, in words, for those who cannot see it.
    pub description: String,
    /// The drawing.
    pub svg: String,
}

/// Every plot of these replications, in the order of the report.
pub fn all(_outcomes: &[Outcome]) -> Vec<Plot> {
    Vec::new()
}
