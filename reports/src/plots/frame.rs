//! The frame of every plot: title, legend, axes, grid. One look, one place.

use super::axis::Axis;
use super::palette::{GRID, GROUND, INK, MUTED, SHADE};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Why a drawing failed; into a string it does not.
pub(crate) type Failure = DrawingAreaErrorKind<std::io::Error>;
/// The plane of a plot.
pub(crate) type Plane = Cartesian2d<Axis, Axis>;
/// A plot being drawn.
pub(crate) type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Plane>;
/// The whole drawing.
type Root<'b> = DrawingArea<SVGBackend<'b>, Shift>;
/// A text's style.
type Style = TextStyle<'static>;

const WIDTH: u32 = 960;
const HEIGHT: u32 = 400;
/// Room above the plot with a legend, and without.
const HEAD: [i32; 2] = [70, 50];
/// Room under the axis for a row of numbers.
const FOOT: u32 = 36;

/// How a legend shows a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    Solid,
    Dashed,
    Area,
}

/// The frame of a plot.
pub(crate) struct Frame<'a> {
    pub(crate) title: &'a str,
    pub(crate) legend: Vec<(&'a str, RGBColor, Stroke)>,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    /// Room for the labels of the y axis.
    pub(crate) left: u32,
    /// Height of the drawing without a row of numbers.
    pub(crate) height: u32,
    /// A row of numbers under the x axis: what they are, and each with its place.
    pub(crate) foot: Option<(&'a str, Vec<(f64, String)>)>,
}

/// Text of `size` in `color`.
pub(crate) fn style(size: i32, color: RGBColor) -> Style {
    ("sans-serif", size).into_font().color(&color)
}

impl<'a> Frame<'a> {
    /// A frame without a legend.
    pub(crate) fn new(title: &'a str, x: Axis, y: Axis) -> Self {
        Self { title, legend: Vec::new(), x, y, left: 74, height: HEIGHT, foot: None }
    }

    /// Draws the frame, then what `paint` puts into it.
    pub(crate) fn draw(&self, paint: impl FnOnce(&mut Chart<'_, '_>) -> Result<(), Failure>) -> String {
        let mut svg = String::new();
        self.draw_into(&mut svg, paint).expect("drawing into a string does not fail");
        svg
    }

    fn draw_into(&self, svg: &mut String, paint: impl FnOnce(&mut Chart<'_, '_>) -> Result<(), Failure>) -> Result<(), Failure> {
        let foot = if self.foot.is_some() { FOOT } else { 0 };
        let root = SVGBackend::with_string(svg, (WIDTH, self.height + foot)).into_drawing_area();
        root.fill(&GROUND)?;
        root.draw(&Text::new(self.title, (16, 12), ("sans-serif", 21).into_font().style(FontStyle::Bold).color(&INK)))?;
        self.draw_legend(&root)?;
        let area = root.margin(HEAD[usize::from(self.legend.is_empty())], foot as i32 + 4, 0, 30);
        let mut chart = ChartBuilder::on(&area)
            .x_label_area_size(52)
            .y_label_area_size(self.left)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        self.draw_grid(&mut chart)?;
        paint(&mut chart)?;
        self.draw_foot(&root, &chart)?;
        root.present()
    }

    fn draw_foot(&self, root: &Root<'_>, chart: &Chart<'_, '_>) -> Result<(), Failure> {
        let Some((name, numbers)) = &self.foot else { return Ok(()) };
        let top = self.height as i32 + 8;
        root.draw(&Text::new(*name, (16, top), style(15, MUTED)))?;
        for (at, number) in numbers {
            let place = (chart.backend_coord(&(*at, self.y.range.start)).0, top);
            root.draw(&Text::new(number.clone(), place, style(15, INK).pos(Pos::new(HPos::Center, VPos::Top))))?;
        }
        Ok(())
    }

    fn draw_grid(&self, chart: &mut Chart<'_, '_>) -> Result<(), Failure> {
        let mut mesh = chart.configure_mesh();
        if !self.y.grid {
            mesh.disable_y_mesh();
        }
        mesh.bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(MUTED)
            .label_style(style(16, INK))
            .axis_desc_style(style(16, MUTED))
            .x_desc(self.x.label.as_str())
            .y_desc(self.y.label.as_str())
            .draw()
    }

    fn draw_legend(&self, root: &Root<'_>) -> Result<(), Failure> {
        let mut left = 16;
        for (name, color, stroke) in &self.legend {
            match stroke {
                Stroke::Area => root.draw(&Rectangle::new([(left, 41), (left + 14, 55)], color.filled()))?,
                Stroke::Solid => root.draw(&PathElement::new([(left, 48), (left + 24, 48)], color.stroke_width(3)))?,
                Stroke::Dashed => {
                    for dash in [left, left + 10, left + 20] {
                        root.draw(&PathElement::new([(dash, 48), (dash + 6, 48)], color.stroke_width(3)))?;
                    }
                }
            }
            let swatch = if *stroke == Stroke::Area { 20 } else { 32 };
            root.draw(&Text::new(*name, (left + swatch, 48), style(16, INK).pos(Pos::new(HPos::Left, VPos::Center))))?;
            left += swatch + 18 + (name.chars().count() as f64 * 6.6) as i32;
        }
        Ok(())
    }
}

/// A line through points.
pub(crate) fn line(chart: &mut Chart<'_, '_>, points: Vec<(f64, f64)>, color: RGBColor, stroke: Stroke) -> Result<(), Failure> {
    match stroke {
        Stroke::Dashed => chart.draw_series(DashedLineSeries::new(points, 6, 4, color.stroke_width(2))).map(drop),
        Stroke::Solid | Stroke::Area => chart.draw_series(LineSeries::new(points, color.stroke_width(2))).map(drop),
    }
}

/// The area between two curves over the same places.
pub(crate) fn band(
    chart: &mut Chart<'_, '_>,
    upper: &[(f64, f64)],
    lower: &[(f64, f64)],
    color: RGBColor,
    opacity: f64,
) -> Result<(), Failure> {
    if upper.is_empty() {
        return Ok(());
    }
    let outline: Vec<(f64, f64)> = upper.iter().copied().chain(lower.iter().rev().copied()).collect();
    chart.draw_series([Polygon::new(outline, color.mix(opacity).filled())]).map(drop)
}

/// Shades the places from the left edge to `until`, with a word.
pub(crate) fn shade(chart: &mut Chart<'_, '_>, until: f64, top: f64, word: &str) -> Result<(), Failure> {
    if until <= 0.0 {
        return Ok(());
    }
    chart.draw_series([Rectangle::new([(0.0, 0.0), (until, top)], SHADE.filled())])?;
    note(chart, (0.0, top), (6, 6), word)
}

/// A few words beside a place, `by` so many pixels.
pub(crate) fn note(chart: &mut Chart<'_, '_>, at: (f64, f64), by: (i32, i32), words: &str) -> Result<(), Failure> {
    chart.draw_series([EmptyElement::at(at) + Text::new(words.to_owned(), by, style(15, INK))]).map(drop)
}
