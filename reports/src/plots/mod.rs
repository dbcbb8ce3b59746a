//! Plots, as SVG on a light ground: each file can be opened alone, and the report shows them inline.

mod addresses;
pub(crate) mod axis;
pub(crate) mod frame;
mod over_time;
pub(crate) mod palette;
mod pod_states;
mod queue;
mod restarts;
mod startup;
mod survival;
mod utilization;

use crate::format::exact;
use crate::state_diagram;
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
    /// The drawing, with title and description in it.
    pub svg: String,
}

/// Every plot of these replications, in the order of the report; the state diagram is the first.
pub fn all(outcomes: &[Outcome]) -> Vec<Plot> {
    let plots = [
        state_diagram::plot(outcomes),
        utilization::plot(outcomes),
        pod_states::all(outcomes),
        pod_states::others(outcomes),
        survival::plot(outcomes),
        startup::distribution(outcomes),
        startup::waterfall(outcomes),
        queue::plot(outcomes),
        restarts::plot(outcomes),
        addresses::plot(outcomes),
    ];
    plots.into_iter().map(described).collect()
}

/// The plot with its title and description inside the drawing, where screen readers look for them.
pub(crate) fn described(mut plot: Plot) -> Plot {
    let (name, title, words) = (plot.name, escaped(plot.title), escaped(&plot.description));
    let labels = format!(
        " role=\"img\" aria-labelledby=\"{name}-title {name}-words\">\n<title id=\"{name}-title\">{title}</title>\n<desc \
         id=\"{name}-words\">{words}</desc>"
    );
    plot.svg = plot.svg.replacen('>', &labels, 1);
    plot
}

/// Text for XML.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The text with its first letter as a capital.
fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A curve in words: from its lowest to its highest value, and its mean.
fn words(name: &str, values: &[f64], unit: &str) -> String {
    let (name, digits) = (capitalized(name), |value: f64| exact((value * 10.0).round() / 10.0));
    let Some(mean) = crate::statistics::mean(values) else { return format!("{name}: no samples.") };
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    format!("{name}: mean {}{unit}, from {} to {}.", digits(mean), digits(low), digits(high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;

    #[test]
    fn every_plot_says_in_words_what_it_shows() {
        for plot in all(&synthetic::outcomes(2)) {
            assert!(plot.svg.starts_with("<svg ") && plot.svg.contains("role=\"img\""), "{}", plot.name);
            assert!(plot.svg.contains("<title id=") && !plot.description.is_empty(), "{}", plot.name);
            assert_eq!(plot.svg.matches("<svg").count(), 1, "{}", plot.name);
        }
    }

    #[test]
    fn nothing_that_is_no_number_is_drawn_whatever_the_run() {
        for outcomes in [vec![synthetic::empty()], synthetic::outcomes(1), synthetic::outcomes(10)] {
            for plot in all(&outcomes) {
                assert!(!plot.svg.contains("NaN") && !plot.svg.contains("inf\"") && !plot.svg.contains("-2147483648"), "{}", plot.name);
            }
        }
    }

    #[test]
    fn a_curve_is_told_by_its_mean_and_extremes() {
        assert_eq!(words("queue", &[1.0, 2.0, 4.5], " Pods"), "Queue: mean 2.5 Pods, from 1 to 4.5.");
        assert_eq!(words("queue", &[], ""), "Queue: no samples.");
    }
}
