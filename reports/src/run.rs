//! What the caller knows about a run and its scenario.

use sim_core::spec::Warmup;
use sim_core::units::SimSpan;

/// About a run. The last five fields may differ between runs with equal results: they are written to `run.json` and nowhere else.
#[derive(Clone, Debug, PartialEq)]
pub struct RunInfo {
    /// Version of the tool.
    pub version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Digest of the compiled scenario, overrides included.
    pub digest: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// Replications asked for.
    pub replications: u32,
    /// How the start is kept from biasing the results.
    pub warmup: Warmup,
    /// Simulated time after the warm-up.
    pub duration: SimSpan,
    /// The command that gives these results again, without what cannot change them (output folder, threads, colours): it is printed
    /// in the report, which must not depend on them.
    pub reproduce: String,
    /// The command as it was typed.
    pub command: String,
    /// Wall time of the run in seconds.
    pub wall_seconds: f64,
    /// CPU time of the run in seconds, over all threads.
    pub cpu_seconds: f64,
    /// Peak memory in bytes.
    pub peak_memory: u64,
    /// Threads used.
    pub threads: usize,
}

impl RunInfo {
    /// The warm-up in words.
    pub fn warmup_words(&self) -> String {
        match self.warmup {
            Warmup::Equilibrium => "none, starts in equilibrium".to_owned(),
            Warmup::Span(span) => format!("{span}, not measured"),
        }
    }
}

/// What readers must know beside the figures.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Sentences that limit what may be concluded (a mean whose input has infinite variance, a run too short, …).
    pub warnings: Vec<String>,
    /// Fields of manifests and scenarios that are not simulated as they are written.
    pub fidelity: Vec<FidelityNote>,
}

/// A field that is not simulated as it is written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FidelityNote {
    /// Where: file, line and column.
    pub place: String,
    /// Which field.
    pub field: String,
    /// What is done with it: `approximated`, `ignored`, …
    pub treatment: String,
    /// What that means.
    pub text: String,
}

/// The caller's warnings, after those that the number of replications calls for.
pub(crate) fn warnings(replications: usize, notes: &Notes) -> Vec<String> {
    let few = match replications {
        0 => Some("There are no replications: nothing was measured.".to_owned()),
        1 => Some("One replication: no confidence interval can be given. Use at least 5, better 10.".to_owned()),
        2..=4 => {
            Some(format!("Only {replications} replications: the intervals are wide and lean on normality. Use at least 5, better 10."))
        }
        _ => None,
    };
    few.into_iter().chain(notes.warnings.iter().cloned()).collect()
}
