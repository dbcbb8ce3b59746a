//! `KubeSchedulerConfiguration` files, `kubescheduler.config.k8s.io/v1`: what they set is taken over as kube-scheduler v1.34 does, what
//! they leave out gets the API's defaults, and what is not modelled is said at its place: a note where no decision depends on it, else
//! a problem.

mod args;
mod format;
mod plugins;
mod policy;
mod profile;

use sim_core::spec::{ClientLimits, ProfileSpec};
use sim_core::units::SimSpan;

use crate::compile::Builder;
use crate::problem::{Code, Treatment};
use crate::text::tree::Tree;
use crate::text::{decode, shape};

const API_VERSION: &str = "kubescheduler.config.k8s.io/v1";
const KIND: &str = "KubeSchedulerConfiguration";

/// Keys without bearing on decisions, and why.
const SILENT: [(&str, &str); 6] = [
    ("leaderElection", "there is one scheduler, and it leads"),
    ("enableProfiling", "it has no effect in the simulation"),
    ("enableContentionProfiling", "it has no effect in the simulation"),
    ("delayCacheUntilActive", "there is one scheduler, and it leads"),
    ("parallelism", "no decision depends on it; the time of a cycle is in the scenario"),
    ("healthzBindAddress", "it has no effect in the simulation"),
];

/// What a file says.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    /// Profiles, at least one.
    pub(crate) profiles: Vec<ProfileSpec>,
    /// Share of nodes to score in percent, of profiles that do not say their own; 0 adapts.
    pub(crate) percentage_of_nodes_to_score: Option<u32>,
    /// First back-off.
    pub(crate) backoff_initial: Option<SimSpan>,
    /// Longest back-off.
    pub(crate) backoff_max: Option<SimSpan>,
    /// Limits of requests to the API server.
    pub(crate) client: Option<ClientLimits>,
}

impl Configuration {
    /// The names of the profiles, which Pods name in `schedulerName`.
    pub(crate) fn names(&self) -> Vec<String> {
        self.profiles.iter().map(|profile| profile.scheduler_name.clone()).collect()
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            profiles: vec![ProfileSpec::default()],
            percentage_of_nodes_to_score: None,
            backoff_initial: None,
            backoff_max: None,
            client: None,
        }
    }
}

/// True for a document that means to be a configuration.
pub(crate) fn is_configuration(tree: &Tree) -> bool {
    tree.text_at(&["kind"]) == Some(KIND)
}

/// Reads a document; what is wrong with it is reported.
pub(crate) fn read(tree: &Tree, builder: &mut Builder<'_>) -> Option<Configuration> {
    check_version(tree, builder)?;
    if !shape::check(tree, &crate::format::closed_schema::<format::ConfigurationFile>(), shape::CONFIGURATION, builder.report) {
        return None;
    }
    let file: format::ConfigurationFile = match decode::decode(tree) {
        Ok(file) => file,
        Err(fault) => {
            builder.report.problem(Code::ConfigWrongType, fault.span.unwrap_or_default(), fault.message);
            return None;
        }
    };
    note_silent(tree, builder);
    refuse_extenders(&file, builder);
    let (backoff_initial, backoff_max) = backoff(&file, builder);
    Some(Configuration {
        profiles: profile::profiles(&file, tree, builder),
        percentage_of_nodes_to_score: profile::percentage(file.percentage_of_nodes_to_score.as_ref(), builder),
        backoff_initial,
        backoff_max,
        client: client(&file, builder),
    })
}

fn check_version(tree: &Tree, builder: &mut Builder<'_>) -> Option<()> {
    let (version, kind) = (tree.text_at(&["apiVersion"]), tree.text_at(&["kind"]));
    if (version, kind) == (Some(API_VERSION), Some(KIND)) {
        return Some(());
    }
    let key = if kind == Some(KIND) { "apiVersion" } else { "kind" };
    builder
        .report
        .problem(Code::ConfigVersion, tree.place(&[key]), "this is no KubeSchedulerConfiguration of version v1")
        .help(format!("it begins with `apiVersion: {API_VERSION}` and `kind: {KIND}`"));
    None
}

fn note_silent(tree: &Tree, builder: &mut Builder<'_>) {
    for (key, reason) in SILENT {
        if tree.get(key).is_some() {
            builder.report.note(tree.place_of_key(&[key]), key, Treatment::Ignored, reason);
        }
    }
}

fn refuse_extenders(file: &format::ConfigurationFile, builder: &mut Builder<'_>) {
    for extender in &file.extenders {
        builder
            .report
            .problem(Code::ConfigNotSupported, extender.span, "extenders are not supported: they are programs of their own")
            .help("take `extenders` out; what they decide cannot be simulated");
    }
}

/// `SetDefaults_KubeSchedulerConfiguration`: 0 stands for 50 requests a second, and for bursts of 100; below 0 there is no limit.
fn client(file: &format::ConfigurationFile, builder: &mut Builder<'_>) -> Option<ClientLimits> {
    let given = file.client_connection.as_ref()?;
    let burst = args::number("burst", given.burst.as_ref(), 100, 0..=1_000_000_000, builder);
    let qps = given.qps.as_ref().map_or(0.0, |qps| qps.value);
    Some(ClientLimits { qps: if qps == 0.0 { 50.0 } else { qps }, burst: if burst == 0 { 100 } else { burst.unsigned_abs() } })
}

/// `SetDefaults_KubeSchedulerConfiguration` and `ValidateKubeSchedulerConfiguration`: 1 s and 10 s.
fn backoff(file: &format::ConfigurationFile, builder: &mut Builder<'_>) -> (Option<SimSpan>, Option<SimSpan>) {
    let given = [&file.pod_initial_backoff_seconds, &file.pod_max_backoff_seconds];
    let names = ["podInitialBackoffSeconds", "podMaxBackoffSeconds"];
    let [initial, max] = [0, 1].map(|row| args::number(names[row], given[row].as_ref(), [1, 10][row], 1..=1_000_000_000, builder));
    if let Some(place) = given[1].as_ref().or(given[0].as_ref()).filter(|_| max < initial) {
        let message = format!("`podMaxBackoffSeconds` ({max}) is less than `podInitialBackoffSeconds` ({initial})");
        args::refuse(place.span, message, "raise it, or lower the other (10 and 1 by default)", builder);
    }
    let span = |row: usize, secs: i64| given[row].as_ref().map(|_| SimSpan::from_secs(secs.unsigned_abs()));
    (span(0, initial), span(1, max))
}
