//! The history of one Pod: what happened, where it spent its time, what the API shows of it.

use super::events::Teller;
use super::status::{exit_reason, status_json};
use super::{clock, span};
use serde_json::{Value, json};
use sim_core::cluster::PodState;
use sim_core::measure::{About, Batch, ContainerSituation, Ended, Entry, PodIdentity, PodStatus};
use sim_core::units::SimTime;

/// Letters in a line.
const WIDTH: usize = 100;
/// Letters of the column that says where.
const WHERE: usize = 22;

/// A Pod's history so far.
#[derive(Clone, Debug)]
pub struct PodHistory<'a> {
    teller: &'a Teller<'a>,
    pod: PodIdentity,
    status: PodStatus,
    rows: Vec<Row>,
    lines: Vec<String>,
}

#[derive(Clone, Debug)]
struct Row {
    at: SimTime,
    what: String,
    place: String,
    detail: String,
}

impl<'a> PodHistory<'a> {
    /// The history of `pod`, of which nothing is known yet.
    pub fn new(teller: &'a Teller<'a>, pod: PodIdentity) -> Self {
        let spec = teller.spec();
        let status = PodStatus::new(&spec.templates[spec.workloads[pod.workload].template]);
        Self { teller, pod, status, rows: Vec::new(), lines: Vec::new() }
    }

    /// Takes an entry, if it is about this Pod.
    pub fn take(&mut self, entry: &Entry, batch: &Batch<'_>) {
        if entry.about != About::Pod(self.pod) {
            return;
        }
        self.status.take(entry);
        let place = match self.teller.container(entry) {
            Some(container) => container.name.clone(),
            None => entry.node.map_or_else(|| "-".to_owned(), |node| self.teller.names.node(node)),
        };
        let (what, detail) = (entry.what.reason().to_owned(), self.teller.message(entry, batch));
        self.rows.push(Row { at: entry.at, what, place, detail });
        self.lines.push(self.teller.line(entry, batch));
    }

    /// The Pod's status after the last entry.
    pub const fn status(&self) -> &PodStatus {
        &self.status
    }

    /// True if nothing was heard of the Pod.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Everything for people, at the time `end`.
    pub fn table(&self, end: SimTime) -> String {
        let name = self.teller.names.object(About::Pod(self.pod));
        let node = self.status.node.map_or_else(|| "no node".to_owned(), |node| format!("node {}", self.teller.names.node(node)));
        let head = format!("{name}  phase {:?}, {node}, at {}\n", self.status.phase(), clock(end));
        [head, self.events(), self.times(end), self.conditions(), self.containers()].join("\n")
    }

    fn events(&self) -> String {
        let time = self.rows.iter().map(|row| clock(row.at).len()).max().unwrap_or(4).max(4);
        let what = self.rows.iter().map(|row| row.what.len()).max().unwrap_or(4).max(4);
        let place = self.rows.iter().map(|row| row.place.chars().count()).max().unwrap_or(5).clamp(5, WHERE);
        let detail = WIDTH - time - what - place - 6;
        let mut text = format!("{:<time$}  {:<what$}  {:<place$}  detail\n", "time", "what", "where");
        for row in &self.rows {
            let (mut first, at) = (true, clock(row.at));
            for line in wrapped(&row.detail, detail) {
                let (at, name, place_name) =
                    if first { (at.as_str(), row.what.as_str(), short(&row.place, place)) } else { ("", "", String::new()) };
                text += &format!("{at:>time$}  {name:<what$}  {place_name:<place$}  {line}\n");
                first = false;
            }
        }
        text
    }

    /// Nanoseconds in each state until `end`.
    fn spent(&self, end: SimTime) -> [u64; PodState::COUNT] {
        let mut spent = self.status.spent;
        if let Some(state) = self.status.state {
            spent[state.index()] += self.status.removed.unwrap_or(end).since(self.status.since).as_nanos();
        }
        spent
    }

    fn times(&self, end: SimTime) -> String {
        let spent = self.spent(end);
        let all = spent.iter().sum::<u64>().max(1);
        let states = PodState::ALL.into_iter().zip(spent).filter(|(_, nanos)| *nanos > 0);
        let row = |(state, nanos): (PodState, u64)| {
            format!("{:<20}{:>10}{:>8.1} %\n", state.to_string(), span(nanos), nanos as f64 / all as f64 * 100.0)
        };
        format!("{:<20}{:>10}{:>10}\n", "state", "time", "share") + &states.map(row).collect::<String>()
    }

    fn conditions(&self) -> String {
        let row = |condition: &sim_core::measure::Condition| {
            let since = condition.since.map_or_else(|| "before the run".to_owned(), clock);
            let status = if condition.status { "True" } else { "False" };
            let line = format!("{:<28}{status:<8}{since:<20}{}", format!("{:?}", condition.kind), condition.reason.unwrap_or_default());
            line.trim_end().to_owned() + "\n"
        };
        format!("{:<28}{:<8}{:<20}reason\n", "condition", "status", "since") + &self.status.conditions.iter().map(row).collect::<String>()
    }

    fn containers(&self) -> String {
        let spec = self.teller.spec();
        let about = &spec.templates[spec.workloads[self.pod.workload].template].containers;
        let mut text = format!("{:<22}{:<7}{:<10}{:<31}last state\n", "container", "ready", "restarts", "state");
        for (about, status) in about.iter().zip(&self.status.containers) {
            let state = match status.state {
                ContainerSituation::Waiting(reason) => format!("Waiting: {reason}"),
                ContainerSituation::Running(since) => {
                    since.map_or_else(|| "Running".to_owned(), |at| format!("Running since {}", clock(at)))
                }
                ContainerSituation::Terminated(end) => ended(&end),
            };
            let last = status.last.as_ref().map_or_else(String::new, ended);
            let line = format!(
                "{:<22}{:<7}{:<10}{:<31}{}",
                short(&about.name, 21),
                status.ready,
                status.restarts,
                short(&state, 30),
                short(&last, 30)
            );
            text += &(line.trim_end().to_owned() + "\n");
        }
        text
    }

    /// The Pod as a `v1.Pod` without its specification, at its last entry.
    pub fn object(&self) -> Value {
        let spec = self.teller.spec();
        let template = &spec.templates[spec.workloads[self.pod.workload].template];
        let (name, namespace) = (self.teller.names.pod(self.pod), self.teller.names.namespace(self.pod.workload));
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name, "namespace": namespace },
            "spec": self.status.node.map_or_else(|| json!({}), |node| json!({ "nodeName": self.teller.names.node(node) })),
            "status": status_json(spec, template, &self.status),
        })
    }

    /// Everything for programs, a line each: the events, then the Pod with its time in each state until `end` in seconds.
    pub fn json_lines(&self, end: SimTime) -> String {
        let spent = PodState::ALL.into_iter().zip(self.spent(end)).filter(|(_, nanos)| *nanos > 0);
        let spent: serde_json::Map<String, Value> = spent.map(|(state, nanos)| (state.to_string(), json!(nanos as f64 / 1e9))).collect();
        self.lines.concat() + &format!("{}\n", json!({ "pod": self.object(), "secondsInState": spent }))
    }
}

fn ended(end: &Ended) -> String {
    format!("{} ({}) {}", exit_reason(end.reason), end.code, clock(end.finished_at))
}

/// The beginning of a text that is too long.
fn short(text: &str, width: usize) -> String {
    let letters = text.chars().count();
    if letters <= width { text.to_owned() } else { text.chars().take(width - 1).chain(['…']).collect() }
}

/// `text` in lines of at most `width` letters, broken at spaces where there are any.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let letters: Vec<char> = word.chars().collect();
        for piece in letters.chunks(width.max(1)) {
            let line = lines.last_mut().map_or(0, |line| line.chars().count());
            if line > 0 && line + 1 + piece.len() > width {
                lines.push(String::new());
            }
            if let Some(last) = lines.last_mut() {
                let gap = if last.is_empty() { "" } else { " " };
                *last += &format!("{gap}{}", piece.iter().collect::<String>());
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_details_are_broken_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(short("abcdef", 4), "abc…");
    }
}
