//! The source's state diagram of a Pod's life, with what happened on each arrow: how often it was taken, and how long the state it leaves lasted.

use crate::figures::{Unit, arrow};
use crate::format::brief;
use crate::plots::{Plot, escaped};
use sim_core::cluster::PodState::{self, ContainerCreating, Failed, Healthy, ImagePull, Restarting, Scheduling, Succeeded, Unhealthy};
use sim_core::measure::{Arrow, Outcome};

/// How an arrow is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    Course,
    Trouble,
    End,
}

impl Tone {
    const fn color(self) -> &'static str {
        match self {
            Self::Course => "#0072b2",
            Self::Trouble => "#a85a00",
            Self::End => "#b3261e",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Course => "course",
            Self::Trouble => "trouble",
            Self::End => "end",
        }
    }
}

/// An arrow of the diagram: the transitions it stands for, its path, and where its label is.
struct Drawn {
    from: &'static [PodState],
    to: PodState,
    tone: Tone,
    path: &'static str,
    label: (i32, i32, &'static str),
    /// Lines between the label's two: 17 apart on one side of the arrow, or one above and one below it.
    gap: i32,
}

const PENDING: &[PodState] = &[Scheduling, ImagePull, ContainerCreating];
const RUNNING: &[PodState] = &[Healthy, Unhealthy, Restarting];

const DRAWN: [Drawn; 10] = [
    Drawn { from: &[Scheduling], to: ImagePull, tone: Tone::Course, path: "M126,178V269", label: (140, 220, "start"), gap: 17 },
    Drawn { from: &[ImagePull], to: ContainerCreating, tone: Tone::Course, path: "M126,325V416", label: (140, 367, "start"), gap: 17 },
    Drawn { from: &[ContainerCreating], to: Healthy, tone: Tone::Course, path: "M216,448H372", label: (284, 436, "middle"), gap: 30 },
    Drawn { from: &[Healthy], to: Unhealthy, tone: Tone::Trouble, path: "M424,424V333", label: (412, 372, "end"), gap: 17 },
    Drawn { from: &[Unhealthy], to: Healthy, tone: Tone::Course, path: "M484,325V416", label: (494, 372, "start"), gap: 17 },
    Drawn { from: &[Unhealthy], to: Restarting, tone: Tone::Trouble, path: "M454,277V186", label: (466, 225, "start"), gap: 17 },
    Drawn {
        from: &[Restarting],
        to: Healthy,
        tone: Tone::Course,
        path: "M540,154C624,164 624,434 548,442",
        label: (610, 290, "start"),
        gap: 17,
    },
    Drawn { from: RUNNING, to: Succeeded, tone: Tone::Course, path: "M680,448H772", label: (727, 436, "middle"), gap: 30 },
    Drawn { from: RUNNING, to: Failed, tone: Tone::End, path: "M680,154H772", label: (727, 142, "middle"), gap: 30 },
    Drawn { from: PENDING, to: Failed, tone: Tone::End, path: "M126,92V82H862V122", label: (508, 76, "middle"), gap: 0 },
];

/// States with the upper left corner of their boxes.
const BOXES: [(PodState, i32, i32); 8] = [
    (Scheduling, 36, 130),
    (ImagePull, 36, 277),
    (ContainerCreating, 36, 424),
    (Healthy, 380, 424),
    (Unhealthy, 380, 277),
    (Restarting, 380, 130),
    (Succeeded, 780, 424),
    (Failed, 780, 130),
];

const HEAD: &str = r##"<svg width="960" height="520" viewBox="0 0 960 520" xmlns="http://www.w3.org/2000/svg">
<style>.lc text{font-family:sans-serif;fill:#1f2937}.lc .t{font-size:18px;font-weight:bold}.lc .s{font-size:12px;fill:#5a6270}.lc .n{font-size:14px;font-weight:bold}.lc .c{font-size:13px;font-weight:bold}.lc .d{font-size:12px;fill:#454d5a}</style>
<g class="lc">
<rect width="960" height="520" fill="#ffffff"/>
<text class="t" x="16" y="28">Transitions between states</text>
<text class="s" x="16" y="48">On each arrow: how often it was taken, and the mean time in the state it leaves. Its width grows with the logarithm of the count.</text>
<rect x="16" y="92" width="220" height="408" rx="10" fill="#f5f7fa" stroke="#9aa3b2"/>
<text class="n" x="30" y="114">Pending</text>
<rect x="330" y="92" width="350" height="408" rx="10" fill="#f5f7fa" stroke="#9aa3b2"/>
<text class="n" x="344" y="114">Running</text>
"##;

/// The diagram.
pub(crate) fn plot(outcomes: &[Outcome]) -> Plot {
    let mut svg = String::from(HEAD);
    svg.push_str(&[Tone::Course, Tone::Trouble, Tone::End].map(marker).concat());
    svg.extend(DRAWN.iter().map(|drawn| draw_arrow(drawn, outcomes)));
    svg.extend(BOXES.iter().map(|(state, left, top)| draw_state(*state, *left, *top, outcomes)));
    svg.push_str("</g>\n</svg>\n");
    let words = DRAWN.iter().map(|drawn| describe(drawn, outcomes)).collect::<Vec<_>>().join(" ");
    let over = if outcomes.len() > 1 { " Counts are means over replications." } else { "" };
    let description = format!("State diagram of Pods in the measured window.{over} {words}");
    Plot { name: "lifecycle", title: "Transitions between states", description, svg }
}

fn marker(tone: Tone) -> String {
    format!(
        "<marker id=\"lc-{}\" viewBox=\"0 0 10 10\" refX=\"2\" refY=\"5\" markerWidth=\"13\" markerHeight=\"13\" \
         markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"M0,0L10,5L0,10z\" fill=\"{}\"/></marker>\n",
        tone.name(),
        tone.color()
    )
}

/// What an arrow stands for: its mean count over replications, and the mean time in the state it leaves over all of them.
pub(crate) fn taken(from: &[PodState], to: PodState, outcomes: &[Outcome]) -> (f64, Option<f64>) {
    let each = outcomes.iter().flat_map(|outcome| from.iter().map(|state| arrow(outcome, *state, to)));
    let sum = each.fold(Arrow::default(), |sum, arrow| Arrow { count: sum.count + arrow.count, dwell: sum.dwell + arrow.dwell });
    (sum.count as f64 / outcomes.len().max(1) as f64, sum.mean_dwell())
}

fn count_of(count: f64) -> String {
    crate::format::human(Unit::Count, count.round())
}

fn width(count: f64) -> f64 {
    1.5 + 0.8 * (1.0 + count).log10()
}

fn draw_arrow(drawn: &Drawn, outcomes: &[Outcome]) -> String {
    let (count, dwell) = taken(drawn.from, drawn.to, outcomes);
    let (x, y, anchor) = drawn.label;
    let dash = if count > 0.0 { "" } else { " stroke-dasharray=\"2 4\"" };
    let path = format!(
        "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{:.2}\"{dash} marker-end=\"url(#lc-{})\"/>\n",
        drawn.path,
        drawn.tone.color(),
        width(count),
        drawn.tone.name()
    );
    let (count, dwell) = (count_of(count), dwell.map_or("–".to_owned(), |secs| brief(Unit::Seconds, secs)));
    if drawn.gap == 0 {
        return format!(
            "{path}<text class=\"d\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\"><tspan class=\"c\">{count}</tspan> · {dwell}</text>\n"
        );
    }
    format!(
        "{path}<text class=\"c\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{count}</text>\n<text class=\"d\" x=\"{x}\" y=\"{}\" \
         text-anchor=\"{anchor}\">{dwell}</text>\n",
        y + drawn.gap
    )
}

fn draw_state(state: PodState, left: i32, top: i32, outcomes: &[Outcome]) -> String {
    let (width, middle) = (if left < 100 { 180 } else { 160 }, left + if left < 100 { 90 } else { 80 });
    let (edge, under) =
        if state.is_terminal() { (3, String::new()) } else { (1, format!("{} on average", brief(Unit::Count, mean(state, outcomes)))) };
    let name = if under.is_empty() { top + 29 } else { top + 20 };
    format!(
        "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"48\" rx=\"8\" fill=\"#ffffff\" stroke=\"#1f2937\" \
         stroke-width=\"{edge}\"/>\n<text class=\"n\" x=\"{middle}\" y=\"{name}\" text-anchor=\"middle\">{}</text>\n<text class=\"d\" \
         x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{under}</text>\n",
        escaped(&state.to_string()),
        top + 38
    )
}

/// Pods in a state: time average, mean over replications.
fn mean(state: PodState, outcomes: &[Outcome]) -> f64 {
    let each = outcomes.iter().map(|outcome| outcome.pods.in_state[state.index()].mean(outcome.closed));
    each.sum::<f64>() / outcomes.len().max(1) as f64
}

fn describe(drawn: &Drawn, outcomes: &[Outcome]) -> String {
    let (count, dwell) = taken(drawn.from, drawn.to, outcomes);
    let from = match drawn.from {
        [state] => state.to_string(),
        states => format!("{:?}", states[0].phase()),
    };
    let after = dwell.map_or(String::new(), |secs| format!(", after {} on average", brief(Unit::Seconds, secs)));
    format!("{from} to {}: {}{after}.", drawn.to, count_of(count))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic;
    use std::collections::BTreeSet;

    #[test]
    fn the_diagram_shows_every_arrow_of_the_chart_and_no_other() {
        use sim_core::cluster::Signal::{Bound, Broken, CheckFailed, Completed, ImageReady, Recovered, RestartBegun, Restarted, Started};
        let signals = [Bound, ImageReady, Started, CheckFailed, Recovered, RestartBegun, Restarted, Completed, Broken];
        let legal = |from: PodState| signals.into_iter().filter_map(move |signal| from.step(signal).ok().map(|to| (from, to)));
        let chart: BTreeSet<_> = PodState::ALL.into_iter().flat_map(legal).collect();
        let drawn: BTreeSet<_> = DRAWN.iter().flat_map(|drawn| drawn.from.iter().map(|from| (*from, drawn.to))).collect();
        assert_eq!(chart, drawn);
    }

    #[test]
    fn an_arrow_of_several_states_adds_them_up() {
        let outcomes = synthetic::outcomes(2);
        let single: f64 = RUNNING.iter().map(|state| taken(&[*state], Failed, &outcomes).0).sum();
        assert!((taken(RUNNING, Failed, &outcomes).0 - single).abs() < 1e-9);
    }
}
