//! `podsim explain pod`: a scenario is run for the history of one Pod.

use super::super::output::Output;
use super::super::run::{progress_bar, show, stop_flag};
use super::super::{BAD_INPUT, DONE, INTERRUPTED};
use crate::experiment::{Advance, Listening, replicate_heard};
use crate::observe::shapes;
use reports::history::{PodHistory, Teller, yaml};
use scenarios::{Loaded, Overrides};
use sim_core::measure::{About, Batch, Filter, Happening, PodIdentity};
use sim_core::units::{SimSpan, SimTime};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Scenario file
    scenario: PathBuf,
    /// The Pod, with or without its namespace: web-3-17, default/web-3-17
    name: String,
    /// Tell only what had happened by then, since the start of the run (90m, 2d)
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Print the Pod's status as YAML, like `kubectl get pod -o yaml`
    #[arg(long)]
    yaml: bool,
    /// Seed of every random stream, in place of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Simulated time after the warm-up, in place of the scenario's (30d, 12h, 90m)
    #[arg(long, value_name = "T")]
    duration: Option<String>,
    /// Change a value of the scenario, by path: spec.cluster.nodePools.general.count=100
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> u8 {
    let overrides = Overrides { seed: arguments.seed, duration: arguments.duration.clone(), set: arguments.set.clone(), arm: None };
    let loaded = match scenarios::load(&arguments.scenario, &overrides) {
        Ok(loaded) => loaded,
        Err(problems) => return output.problems(&problems),
    };
    explain(arguments, &loaded, output).unwrap_or_else(|problem| {
        output.problem(&problem);
        BAD_INPUT
    })
}

fn explain(arguments: &Arguments, loaded: &Loaded, output: &Output) -> Result<u8, String> {
    let teller = Teller::new(&loaded.spec);
    let name = &arguments.name;
    let unknown = || format!("no Pod can be called `{name}` here; {}", shapes(name, &loaded.spec, &teller.names));
    let pod = teller.names.find_pod(name).ok_or_else(unknown)?;
    let end = loaded.spec.end();
    let at = arguments.at.as_deref().map_or(Ok(end), |text| time(text).map(|at| at.min(end)))?;
    let mut search = Search { history: PodHistory::new(&teller, pod), pod, at, near: Vec::new() };
    if !search.run(loaded, output) {
        output.problem("interrupted");
        return Ok(INTERRUPTED);
    }
    if search.history.is_empty() {
        return Err(format!(
            "no Pod `{name}` was created by {}; {}",
            arguments.at.as_deref().unwrap_or("the end of the run"),
            near(&search.near, &teller)
        ));
    }
    tell(arguments, &search, &teller, output);
    Ok(DONE)
}

fn time(text: &str) -> Result<SimTime, String> {
    let span: SimSpan = scenarios::duration(text).map_err(|problem| format!("--at {text}: {problem}"))?;
    Ok(SimTime::ZERO + span)
}

/// A Pod that is looked for while its scenario runs.
struct Search<'a> {
    history: PodHistory<'a>,
    pod: PodIdentity,
    at: SimTime,
    /// Pods of the workload whose numbers are nearest to those that were asked for, the nearest first.
    near: Vec<(u64, PodIdentity)>,
}

/// Names that are offered in place of one that is not there.
const NEAR: usize = 5;

impl Search<'_> {
    /// Runs the scenario as far as is needed; false if interrupted.
    fn run(&mut self, loaded: &Loaded, output: &Output) -> bool {
        let stop = stop_flag();
        let bar = progress_bar(output);
        let mut filter = Filter::everything(sim_core::measure::Names::new(&loaded.spec), loaded.spec.workloads.len());
        filter.workloads = loaded.spec.workloads.ids().map(|id| id == self.pod.workload).collect();
        filter.node_events = false;
        let at = self.at.as_secs_f64();
        let keep_on = |advance: Advance| {
            show(&bar, advance);
            advance.done <= at && !stop.load(Ordering::Relaxed)
        };
        let mut hear = |batch: &Batch<'_>| self.hear(batch);
        // It ends before its end once all is known.
        let _ = replicate_heard(&loaded.spec, 1, 1, keep_on, Some(Listening { filters: vec![filter], hear: &mut hear }));
        bar.finish_and_clear();
        !stop.load(Ordering::Relaxed)
    }

    /// Takes what concerns the Pod; false once nothing more can come.
    fn hear(&mut self, batch: &Batch<'_>) -> bool {
        for (entry, _) in batch.entries {
            if entry.at > self.at {
                return false;
            }
            match (entry.about, entry.what) {
                (About::Pod(pod), _) if pod == self.pod => self.history.take(entry, batch),
                (About::Pod(pod), Happening::Created | Happening::WasThere) if self.history.is_empty() => self.note_near(pod),
                _ => {}
            }
        }
        self.history.status().removed.is_none()
    }

    fn note_near(&mut self, pod: PodIdentity) {
        let distance = u64::from(pod.copy.abs_diff(self.pod.copy)) << 32 | u64::from(pod.ordinal.abs_diff(self.pod.ordinal));
        let place = self.near.partition_point(|known| *known < (distance, pod));
        self.near.insert(place, (distance, pod));
        self.near.truncate(NEAR);
    }
}

fn near(near: &[(u64, PodIdentity)], teller: &Teller<'_>) -> String {
    if near.is_empty() {
        return "its workload made no Pods".into();
    }
    let names: Vec<String> = near.iter().map(|(_, pod)| format!("`{}`", teller.names.pod(*pod))).collect();
    format!("nearest names: {}", names.join(", "))
}

fn tell(arguments: &Arguments, search: &Search<'_>, teller: &Teller<'_>, output: &Output) {
    if output.is_json() {
        output.result(&search.history.json_lines(search.at));
    } else if arguments.yaml {
        output.result(&yaml(&search.history.object()));
    } else {
        output.result(&search.history.table(search.at));
        output.hint(&next(arguments, &teller.names.pod(search.pod)));
    }
}

/// What to do next.
fn next(arguments: &Arguments, pod: &str) -> String {
    let scenario = arguments.scenario.display();
    let stem = pod.rsplit_once('-').map_or(pod, |(stem, _)| stem);
    format!(
        "\nnext: its status as YAML: podsim explain pod {scenario} {pod} --yaml\n      its siblings:        podsim run {scenario} --events events.jsonl --events-for 'pod={stem}-*'\n      as a timeline:       podsim run {scenario} --timeline run.pftrace --timeline-for 'pod={stem}-*'"
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_time_has_a_unit() {
        assert!(super::time("90m").is_ok());
        assert!(super::time("ninety").is_err());
    }
}
