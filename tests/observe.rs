//! What can be seen of a run: events, selectors, the history of a Pod, the timeline.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use podsim::reports::history::{PodHistory, Teller, yaml};
use podsim::sim_core::cluster::{ExitReason, PodState};
use podsim::sim_core::measure::{About, Batch, ContainerSituation, Entry, Happening, PodIdentity};
use podsim::sim_core::spec::Spec;
use podsim::sim_core::table::NodeId;
use podsim::sim_core::units::{Bytes, SimSpan, SimTime};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const QUICK: &str = "scenarios/library/documented/quick.yaml";
const FIRST_STEPS: &str = "scenarios/library/examples/first-steps.yaml";

fn podsim(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_podsim")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The events of a run, as bytes.
fn events(dir: &Path, scenario: &str, extra: &[&str]) -> Vec<u8> {
    let file = dir.join("events.jsonl");
    let output =
        podsim(&[&["run", scenario, "--quiet", "--force", "--duration", "3h", "--events", file.to_str().unwrap()], extra].concat());
    assert_eq!(output.status.code(), Some(0), "{}", told(&output).2);
    fs::read(file).unwrap()
}

fn lines(events: &[u8]) -> Vec<Value> {
    std::str::from_utf8(events).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The arrows of the chart of a Pod's life.
#[rustfmt::skip]
const ARROWS: [(&str, &str); 16] = [
    ("Scheduling", "ImagePull"), ("ImagePull", "ContainerCreating"), ("ContainerCreating", "Healthy"), ("Healthy", "Unhealthy"),
    ("Unhealthy", "Healthy"), ("Unhealthy", "Restarting"), ("Restarting", "Healthy"), ("Healthy", "Succeeded"),
    ("Unhealthy", "Succeeded"), ("Restarting", "Succeeded"), ("Scheduling", "Failed"), ("ImagePull", "Failed"),
    ("ContainerCreating", "Failed"), ("Healthy", "Failed"), ("Unhealthy", "Failed"), ("Restarting", "Failed"),
];

/// Where a Pod is in its creation: these come in this order, each at most once before the last.
const CREATION: [&str; 4] = ["Created", "Scheduled", "SandboxReady", "Started"];

#[derive(Default)]
struct Seen {
    state: Option<String>,
    step: usize,
    gone: bool,
}

fn check_pod(seen: &mut Seen, event: &Value) {
    let reason = event["reason"].as_str().unwrap();
    assert!(!seen.gone, "nothing comes after the end: {event}");
    match reason {
        "Running" => (seen.state, seen.step) = (Some("Healthy".into()), CREATION.len()),
        "Created" => {
            assert_eq!(seen.step, 0, "{event}");
            (seen.state, seen.step) = (Some("Scheduling".into()), 1);
        }
        "Moved" => {
            let (from, to) = (event["from"].as_str().unwrap(), event["to"].as_str().unwrap());
            assert_eq!(seen.state.as_deref(), Some(from), "{event}");
            assert!(ARROWS.contains(&(from, to)), "{event}");
            seen.state = Some(to.into());
        }
        "Removed" => {
            assert!(matches!(seen.state.as_deref(), Some("Succeeded" | "Failed")), "{event}");
            seen.gone = true;
        }
        reason => {
            if let Some(place) = CREATION.iter().position(|step| *step == reason).filter(|_| seen.step < CREATION.len()) {
                assert_eq!(place, seen.step, "{event}");
                seen.step += 1;
            }
        }
    }
    assert!(seen.step > 0, "a Pod begins by being created or being there: {event}");
}

#[test]
fn every_line_is_whole_time_never_goes_back_and_every_pod_follows_its_chart() {
    let dir = tempfile::tempdir().unwrap();
    for (scenario, least) in [(FIRST_STEPS, 200), (QUICK, 5_000)] {
        let events = lines(&events(dir.path(), scenario, &[]));
        assert!(events.len() > least, "{scenario}: {} events", events.len());
        let mut pods: BTreeMap<String, Seen> = BTreeMap::new();
        let mut last = 0.0;
        for event in &events {
            let (at, object) = (event["t"].as_f64().unwrap(), event["object"].as_str().unwrap());
            assert!(at >= last, "{event}");
            last = at;
            if object.starts_with("Pod/") {
                check_pod(pods.entry(object.to_owned()).or_default(), event);
            }
        }
        let whole = pods.values().filter(|seen| seen.step == CREATION.len() && seen.gone).count();
        assert!(whole > 0, "{scenario}: some Pods come and go");
    }
}

#[test]
fn times_have_nine_digits() {
    let dir = tempfile::tempdir().unwrap();
    let text = String::from_utf8(events(dir.path(), FIRST_STEPS, &[])).unwrap();
    let time = |line: &str| line.strip_prefix("{\"t\":").and_then(|rest| rest.split(',').next()).map(str::to_owned).unwrap();
    assert!(text.lines().all(|line| time(line).split_once('.').unwrap().1.len() == 9));
}

#[test]
fn two_runs_write_the_same_bytes_and_listening_changes_no_result() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(events(dir.path(), FIRST_STEPS, &["--jobs", "1"]), events(dir.path(), FIRST_STEPS, &["--jobs", "2", "--replications", "2"]));
    let run = |extra: &[&str]| {
        let arguments = [&["run", FIRST_STEPS, "--quiet", "--format", "json", "--duration", "3h"], extra].concat();
        podsim(&arguments).stdout
    };
    let file = dir.path().join("heard.jsonl.zst");
    assert_eq!(run(&[]), run(&["--events", file.to_str().unwrap()]));
    assert!(file.exists());
}

#[test]
fn a_selector_lets_through_what_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let all = lines(&events(dir.path(), FIRST_STEPS, &[]));
    let some = |selector: &str| lines(&events(dir.path(), FIRST_STEPS, &["--events-for", selector]));
    let by = |wanted: &dyn Fn(&Value) -> bool| -> Vec<Value> { all.iter().filter(|event| wanted(event)).cloned().collect() };
    assert_eq!(some("pod=simple-web-*"), by(&|event| event["object"].as_str().unwrap().starts_with("Pod/default/simple-web-")));
    assert_eq!(some("reason=started,reason=Killing"), by(&|event| ["Started", "Killing"].contains(&event["reason"].as_str().unwrap())));
    assert_eq!(
        some("workload=web-with-init,reason=Removed"),
        by(&|event| event["reason"] == "Removed" && event["object"].as_str().unwrap().contains("web-with-init"))
    );
    let on_node = some("node=node-1,reason=Scheduled");
    assert!(!on_node.is_empty() && on_node.iter().all(|event| event["message"] == "assigned to node-1"), "{on_node:?}");
}

#[test]
fn what_is_wrong_with_a_selector_or_a_name_is_said_with_a_hint() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("e.jsonl");
    let cases = [
        ("wrkload=web", "no key `wrkload`; did you mean `workload`?"),
        ("workload=simple-wbe", "did you mean `simple-web`?"),
        ("reason=Backof", "did you mean `BackOff`?"),
        ("node=nodee-1", "did you mean `node-0`?"),
        ("namespace=defalt", "did you mean `default`?"),
        ("pod=simple-wbe-0", "did you mean `simple-web-0`?"),
        ("pod", "write `pod=VALUE`"),
        ("label:nosuchlabelatall=x", "no Pod has a label `nosuchlabelatall`"),
    ];
    for (selector, want) in cases {
        let (code, _, problem) = told(&podsim(&["run", FIRST_STEPS, "--events", file.to_str().unwrap(), "--events-for", selector]));
        assert_eq!(code, Some(2), "{selector}");
        assert!(problem.contains(want), "{selector}: {problem}");
    }
    for (name, want) in
        [("simple-wbe-0", "did you mean `simple-web-0`?"), ("simple-web-9", "nearest names: `simple-web-3`, `simple-web-2`")]
    {
        let (code, _, problem) = told(&podsim(&["explain", "pod", FIRST_STEPS, name]));
        assert_eq!(code, Some(2), "{name}");
        assert!(problem.contains(want), "{name}: {problem}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn a_file_that_cannot_be_written_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("e.jsonl");
    let (code, _, problem) = told(&podsim(&["run", FIRST_STEPS, "--events", dir.path().join("no/e.jsonl").to_str().unwrap()]));
    assert!(code == Some(2) && problem.contains("cannot write"), "{problem}");
    // A file system that takes no more than 8 KiB.
    let command = format!("trap '' XFSZ; ulimit -f 8; exec {} run {FIRST_STEPS} --events {}", env!("CARGO_BIN_EXE_podsim"), file.display());
    let output = Command::new("sh").args(["-c", &command]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let (code, _, problem) = told(&output);
    assert!(code == Some(2) && problem.contains("cannot write"), "{code:?} {problem}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left");
    fs::write(&file, "mine").unwrap();
    assert_eq!(podsim(&["run", FIRST_STEPS, "--events", file.to_str().unwrap()]).status.code(), Some(2));
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine", "what is there is not overwritten without --force");
}

/// The Pod of the hand-made history: of the first workload with an init container.
fn subject(spec: &Spec, teller: &Teller<'_>) -> PodIdentity {
    assert!(!spec.workloads.is_empty());
    teller.names.find_pod("default/web-with-init-2").unwrap()
}

/// A life with everything in it: waiting, pulls, a crash loop, a failing probe, preemption.
fn life(pod: PodIdentity) -> Vec<Entry> {
    use {Happening as H, PodState as P};
    let moved = |from, to| (None, H::Moved { from, to });
    let ended = |code, reason| H::Terminated { code, reason };
    let steps = [
        (0, (None, H::Created)),
        (10, (None, H::FailedScheduling(0))),
        (1_000, (None, H::Scheduled)),
        (1_000, moved(P::Scheduling, P::ImagePull)),
        (1_400, (None, H::SandboxReady)),
        (1_400, (Some(0), H::Pulling)),
        (2_650, (Some(0), H::Pulled(SimSpan::from_millis(1_250), Bytes(2_097_152)))),
        (2_650, moved(P::ImagePull, P::ContainerCreating)),
        (2_700, (Some(0), H::Started)),
        (4_000, (Some(0), ended(0, ExitReason::Completed))),
        (4_500, (Some(1), H::Started)),
        (5_000, (Some(1), ended(0, ExitReason::Completed))),
        (6_000, (Some(2), H::Pulled(SimSpan::ZERO, Bytes(0)))),
        (6_100, (Some(2), H::Started)),
        (7_000, moved(P::ContainerCreating, P::Healthy)),
        (7_000, (None, H::Ready(true))),
        (60_000, (Some(2), ended(137, ExitReason::OomKilled))),
        (60_000, (None, H::Ready(false))),
        (60_000, moved(P::Healthy, P::Unhealthy)),
        (60_500, moved(P::Unhealthy, P::Restarting)),
        (60_500, (Some(2), H::BackOff(SimSpan::from_secs(10)))),
        (71_000, (Some(2), H::Started)),
        (72_000, moved(P::Restarting, P::Healthy)),
        (72_000, (None, H::Ready(true))),
        (90_000, (Some(2), ended(1, ExitReason::Error))),
        (90_000, (None, H::Ready(false))),
        (90_500, (Some(2), H::BackOff(SimSpan::from_secs(20)))),
        (95_000, (None, H::Preempted)),
    ];
    let entry = |(millis, (container, what)): (u64, (Option<u8>, Happening))| {
        let at = SimTime::from_nanos(millis * 1_000_000);
        Entry { at, about: About::Pod(pod), node: (millis >= 1_000).then_some(NodeId(1)), container, what }
    };
    steps.into_iter().map(entry).collect()
}

fn messages() -> Vec<String> {
    vec![
        "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
            .into(),
    ]
}

#[test]
fn a_history_is_told_in_a_hundred_columns_and_its_status_is_that_of_the_api() {
    let loaded = podsim::scenarios::load(FIRST_STEPS.as_ref(), &podsim::scenarios::Overrides::default()).unwrap();
    let teller = Teller::new(&loaded.spec);
    let pod = subject(&loaded.spec, &teller);
    let mut history = PodHistory::new(&teller, pod);
    let (messages, mut seen) = (messages(), Vec::new());
    for entry in life(pod) {
        history.take(&entry, &Batch { entries: &[], messages: &messages });
        seen.push((entry.at.as_nanos() / 1_000_000, history.status().containers[2].state, history.status().containers[2].restarts));
    }
    let table = history.table(SimTime::from_nanos(100_000_000_000));
    assert!(table.lines().all(|line| line.chars().count() <= 100), "{table}");
    insta::assert_snapshot!("history", table);
    insta::assert_snapshot!("status", yaml(&history.object()));
    let at = |millis: u64| *seen.iter().rfind(|(at, ..)| *at <= millis).unwrap();
    assert_eq!(at(2_700).1, ContainerSituation::Waiting("PodInitializing"));
    assert!(matches!(at(60_000).1, ContainerSituation::Terminated(end) if end.code == 137));
    assert_eq!((at(60_500).1, at(60_500).2), (ContainerSituation::Waiting("CrashLoopBackOff"), 0));
    assert_eq!((at(71_000).1, at(71_000).2), (ContainerSituation::Running(Some(SimTime::from_nanos(71_000_000_000))), 1));
    assert_eq!(history.status().containers[2].last.unwrap().code, 1, "the last end is the last state");
}

#[test]
fn a_pod_is_explained_as_of_any_time() {
    let name = "web-with-init-2";
    let (code, whole, next) = told(&podsim(&["explain", "pod", FIRST_STEPS, name]));
    assert_eq!(code, Some(0), "{next}");
    assert!(whole.lines().all(|line| line.chars().count() <= 100), "{whole}");
    assert!(whole.contains("ContainersReady") && next.contains("--events-for"), "{whole}{next}");
    let (_, json, _) = told(&podsim(&["explain", "pod", FIRST_STEPS, name, "--format", "json"]));
    let json = lines(json.as_bytes());
    let last = json.last().unwrap();
    assert_eq!(last["pod"]["metadata"]["name"], name);
    let born = json[0]["t"].as_f64().unwrap();
    let at = format!("{}s", born.ceil() as u64);
    let (_, early, _) = told(&podsim(&["explain", "pod", FIRST_STEPS, name, "--at", &at]));
    assert!(early.contains("phase Pending") && early.lines().count() < whole.lines().count(), "{early}");
    assert_eq!(podsim(&["explain", "pod", FIRST_STEPS, name, "--at", "soon"]).status.code(), Some(2));
    for words in [&["explain"][..], &["explain", "file::missing"], &["explain", "code", "file::missing"]] {
        assert!(told(&podsim(words)).1.contains("file::missing\n    A file does not exist."), "{words:?}");
    }
}

/// A little reader of protocol buffers: fields by number, with their numbers or bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Result<u64, &[u8]>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7F) << shift;
            shift += 7;
            if byte < 0x80 {
                return value;
            }
        }
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = match key & 7 {
            0 => Ok(varint(&mut bytes)),
            2 => {
                let length = varint(&mut bytes) as usize;
                let (head, rest) = bytes.split_at(length);
                bytes = rest;
                Err(head)
            }
            kind => panic!("wire type {kind}"),
        };
        found.push((key >> 3, value));
    }
    found
}

fn number(fields: &[(u64, Result<u64, &[u8]>)], field: u64) -> Option<u64> {
    fields.iter().find(|(number, _)| *number == field).and_then(|(_, value)| value.ok())
}

fn text(fields: &[(u64, Result<u64, &[u8]>)], field: u64) -> Option<String> {
    let bytes = fields.iter().find(|(number, _)| *number == field).and_then(|(_, value)| value.err())?;
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

#[test]
fn the_timeline_is_a_trace_in_order_whose_slices_close_on_tracks_below_their_nodes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("run.pftrace");
    let output = podsim(&["run", FIRST_STEPS, "--quiet", "--timeline", file.to_str().unwrap(), "--timeline-for", "workload=web-with-*"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output).2);
    let bytes = fs::read(&file).unwrap();
    // Each track: its name, its parent, how many slices are open.
    let mut tracks: BTreeMap<u64, (String, Option<u64>, u32)> = BTreeMap::new();
    let (mut last, mut slices, mut counts) = (0, Vec::new(), Vec::new());
    for (field, packet) in fields(&bytes) {
        assert_eq!(field, 1, "a trace is packets");
        let packet = fields(packet.unwrap_err());
        assert_eq!(number(&packet, 10), Some(1), "trusted_packet_sequence_id");
        if let Some(about) = packet.iter().find(|(field, _)| *field == 60).map(|(_, value)| fields(value.unwrap_err())) {
            let parent = number(&about, 5);
            assert!(parent.is_none_or(|parent| tracks.contains_key(&parent)), "a parent is described before its child");
            let before = tracks.insert(number(&about, 1).unwrap(), (text(&about, 2).unwrap(), parent, 0));
            assert!(before.is_none(), "a track has a number of its own");
            continue;
        }
        let at = number(&packet, 8).unwrap();
        assert!(at >= last);
        last = at;
        let event = packet.iter().find(|(field, _)| *field == 11).map(|(_, value)| fields(value.unwrap_err())).unwrap();
        let uuid = number(&event, 11).unwrap();
        let track = tracks.get_mut(&uuid).unwrap();
        match number(&event, 9).unwrap() {
            1 => {
                track.2 += 1;
                slices.push((uuid, text(&event, 23).unwrap()));
            }
            2 => track.2 -= 1,
            3 => assert!(text(&event, 23).is_some()),
            4 => counts.push(number(&event, 30).unwrap()),
            kind => panic!("event type {kind}"),
        }
        assert!(tracks[&uuid].2 <= 1, "states follow each other");
    }
    assert!(tracks.values().all(|(_, _, open)| *open == 0), "every slice ends");
    assert!(counts.iter().max() > Some(&0) && last <= 3_600_000_000_000);
    let of = |name: &str| tracks.iter().filter(|(_, track)| track.0 == name).map(|(uuid, _)| *uuid).collect::<Vec<_>>();
    let pods = of("web-with-init-2");
    let states = |uuid: u64| slices.iter().filter(|slice| slice.0 == uuid).map(|slice| slice.1.as_str()).collect::<Vec<_>>();
    assert_eq!((pods.len(), states(pods[0])), (2, vec!["Scheduling"]));
    assert_eq!(states(pods[1])[..3], ["ImagePull", "ContainerCreating", "Healthy"]);
    let parent = |uuid: u64| tracks[&uuid].1.map(|parent| tracks[&parent].0.clone()).unwrap();
    assert_eq!(parent(pods[0]), "no node yet");
    assert!(parent(pods[1]).starts_with("node-"));
    let app = of("web-app").into_iter().find(|uuid| tracks[uuid].1 == Some(pods[1])).unwrap();
    assert!(states(app).contains(&"Running"));
    assert!(of("simple-web-0").is_empty(), "what is not selected is not drawn");
}
