//! How use goes with time: traces, noise, phases, leaks and writes.

use sim_core::spec::{Growth, Noise, Phase, Trace, Usage};
use sim_core::units::SimSpan;

use super::Builder;
use super::workloads::share;
use crate::format::{GrowthFile, NoiseFile, PhaseFile, TraceFile, UsageFile};
use crate::problem::Code;
use crate::text::decode::At;
use crate::values::written::{Number, Written};

/// What one entry says.
#[derive(Default)]
pub(super) struct Change {
    trace: Option<Trace>,
    noise: Option<Noise>,
    phases: Option<Vec<Phase>>,
    leak: Option<Growth>,
    writes: Option<Growth>,
}

impl Change {
    pub(super) fn read(given: &UsageFile, builder: &mut Builder<'_>) -> Self {
        Self {
            trace: given.trace.as_ref().and_then(|trace| read_trace(trace, builder)),
            noise: given.noise.as_ref().and_then(|noise| read_noise(noise, builder)),
            phases: given.phases.as_ref().and_then(|phases| read_phases(phases, builder)),
            leak: given.leak.as_ref().and_then(|growth| read_growth(growth, builder)),
            writes: given
                .writes
                .as_ref()
                .and_then(|writes| builder.law(&writes.per_second))
                .map(|rate| Growth { rate, after: SimSpan::ZERO }),
        }
    }

    pub(super) fn apply(&self, usage: &mut Usage) {
        usage.trace = self.trace.clone().or(usage.trace.take());
        usage.noise = self.noise.or(usage.noise);
        usage.leak = self.leak.clone().or(usage.leak.take());
        usage.writes = self.writes.clone().or(usage.writes.take());
        if let Some(phases) = &self.phases {
            usage.phases.clone_from(phases);
        }
    }
}

/// A factor of 0 or more.
fn factor(given: &Written<Number>, builder: &mut Builder<'_>) -> Option<f64> {
    let value = builder.read(given)?;
    if value >= 0.0 {
        return Some(value);
    }
    builder.report.problem(Code::OutOfRange, given.span, format!("the factor is {}", given.text)).help("0 or more");
    None
}

fn read_trace(given: &At<TraceFile>, builder: &mut Builder<'_>) -> Option<Trace> {
    let mut points = Vec::new();
    for point in &given.value.points {
        let (at, factor) = (builder.read(&point.at), factor(&point.factor, builder));
        points.push((at?.as_secs_f64(), factor?));
    }
    let repeat = given.value.repeat.as_ref().map(|repeat| (builder.read(repeat), repeat.span));
    if points.is_empty() || !points.is_sorted_by(|a, b| a.0 < b.0) {
        builder.report.problem(Code::OutOfRange, given.span, "a trace needs points whose times ascend");
    }
    if let Some((Some(SimSpan::ZERO), span)) = repeat {
        builder.report.problem(Code::OutOfRange, span, "a trace cannot begin again after no time");
    }
    Some(Trace { points, repeat: repeat.and_then(|(repeat, _)| repeat).map(SimSpan::as_secs_f64) })
}

fn read_noise(given: &At<NoiseFile>, builder: &mut Builder<'_>) -> Option<Noise> {
    let NoiseFile { step, phi, sigma, series } = &given.value;
    let step = step.as_ref().map_or(Some(SimSpan::from_secs(300)), |step| builder.read(step));
    let phi = phi.as_ref().map_or(Some(0.9), |phi| share(phi, builder));
    let sigma = sigma.as_ref().map_or(Some(0.15), |sigma| factor(sigma, builder));
    let noise = Noise { step: step?, phi: phi?, sigma: sigma?, series: series.unwrap_or(16) };
    if noise.step < SimSpan::from_secs(60) || noise.phi >= 1.0 || noise.sigma > 2.0 || !(1..=256).contains(&noise.series) {
        builder
            .report
            .problem(Code::OutOfRange, given.span, "this noise is out of range")
            .help("a step of 1m or more, phi below 1, sigma up to 2, 1 to 256 series");
    }
    Some(noise)
}

fn read_phases(given: &At<Vec<PhaseFile>>, builder: &mut Builder<'_>) -> Option<Vec<Phase>> {
    let mut phases = Vec::new();
    for phase in &given.value {
        let mut by = |given: Option<&Written<Number>>| given.map_or(Some(1.0), |given| factor(given, builder));
        let (cpu, memory) = (by(phase.cpu.as_ref()), by(phase.memory.as_ref()));
        phases.push(Phase { after: builder.read(&phase.after)?, cpu: cpu?, memory: memory? });
    }
    if !phases.is_sorted_by(|a, b| a.after < b.after) {
        builder.report.problem(Code::OutOfRange, given.span, "phases must be in order of age");
    }
    Some(phases)
}

fn read_growth(given: &GrowthFile, builder: &mut Builder<'_>) -> Option<Growth> {
    let (rate, after) = (builder.law(&given.per_second), given.after.as_ref().map_or(Some(SimSpan::ZERO), |after| builder.read(after)));
    Some(Growth { rate: rate?, after: after? })
}
