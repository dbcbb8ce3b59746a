//! From the format's types to the simulator's specification.

use sim_core::spec::Spec;
use crate::load::Files;
use crate::text::report::Report;
use crate::text::tree::Tree;
use crate::text::{decode, shape};
use crate::problem::Code;
use crate::format::{self, ScenarioFile};

pub(crate) fn scenario(tree: &Tree, _files: &mut Files, report: &mut Report) -> Option<Spec> {
    let schema = format::schema();
    if !shape::check(tree, &schema, shape::SCENARIO, report) { return None; }
    let _file: ScenarioFile = decode::decode(tree).map_err(|f| { report.problem(Code::WrongType, f.span.unwrap_or_default(), f.message); }).ok()?;
    report.problem(Code::NotSupported, tree.label_span(), "scenarios are checked for their shape but not compiled yet");
    None
}
