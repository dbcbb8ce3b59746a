//! Colours: Okabe and Ito's set, which people with the common colour vision deficiencies can tell apart, on a light ground.

use plotters::style::RGBColor;

pub(crate) const BLUE: RGBColor = RGBColor(0, 114, 178);
pub(crate) const SKY: RGBColor = RGBColor(86, 180, 233);
pub(crate) const GREEN: RGBColor = RGBColor(0, 158, 115);
pub(crate) const ORANGE: RGBColor = RGBColor(230, 159, 0);
pub(crate) const VERMILION: RGBColor = RGBColor(213, 94, 0);
pub(crate) const PURPLE: RGBColor = RGBColor(204, 121, 167);

/// Text and axes.
pub(crate) const INK: RGBColor = RGBColor(31, 41, 55);
/// Secondary text.
pub(crate) const MUTED: RGBColor = RGBColor(90, 98, 112);
/// Grid lines.
pub(crate) const GRID: RGBColor = RGBColor(226, 230, 236);
/// The ground.
pub(crate) const GROUND: RGBColor = RGBColor(255, 255, 255);
/// Time that is not measured.
pub(crate) const SHADE: RGBColor = RGBColor(238, 240, 244);

/// The colour of each live state, in the order of a life.
pub(crate) const STATES: [RGBColor; 6] = [PURPLE, ORANGE, SKY, GREEN, VERMILION, BLUE];
