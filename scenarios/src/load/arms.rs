//! Arms: settings of one scenario that are compared. They stand in the scenario (`spec.arms`) or on the command line (`--arm`).

use std::path::Path;

use super::{Files, Loaded, Overrides, load, overrides, scenario_tree};
use crate::problem::{Code, Problem, Problems};
use crate::text::nearest::suggestion;
use crate::text::report::Report;
use crate::text::source::Span;
use crate::text::tree::Tree;

/// Where a scenario says which arm is the baseline.
const BASELINE: [&str; 3] = ["spec", "compare", "baseline"];
/// Longest name of an arm.
const NAME_MAX: usize = 63;

/// A setting of the scenario, loaded.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its name, which will do for a folder.
    pub name: String,
    /// What it stands for; empty if nothing is said.
    pub description: String,
    /// What it changes: paths and values as YAML on one line.
    pub settings: Vec<(String, String)>,
    /// What loads it again.
    pub overrides: Overrides,
    /// The scenario as the arm has it.
    pub loaded: Loaded,
}

/// A scenario under several settings.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// The arms in order, two or more.
    pub arms: Vec<Arm>,
    /// Which of them the others are compared with.
    pub baseline: usize,
    /// Identifiers of the measures that the scenario says it is about.
    pub measures: Vec<String>,
}

/// An arm before it is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plan {
    name: String,
    description: String,
    settings: Vec<(String, String)>,
    /// True if the scenario carries it.
    own: bool,
    span: Span,
}

/// Reads and compiles a scenario under several settings: `given` ones (`NAME`, or `NAME=PATH=VALUE,…`), or, if there are none, those
/// that it carries. A `NAME` alone is the scenario's own arm; in a scenario without arms, and written `NAME=`, it is the scenario as it is.
///
/// # Errors
/// All problems of all arms at once, each saying which arm it concerns unless it concerns all of them.
pub fn load_experiment(path: &Path, common: &Overrides, given: &[String], baseline: Option<&str>) -> Result<Experiment, Problems> {
    let mut report = Report::default();
    let Some(mut scenario) = scenario_tree(path, &mut Files::new(path), &mut report) else { return Err(report.problems()) };
    overrides::apply(&mut scenario, common, &mut report);
    let plans = plans(&scenario, given, &mut report);
    // Arms of the command line need not have the one that the scenario would choose.
    let chosen = if given.is_empty() { scenario.text_at(&BASELINE) } else { None };
    let chosen = chosen.or_else(|| scenario.text_at(&BASELINE).filter(|name| plans.iter().any(|plan| plan.name == *name)));
    let baseline = baseline_row(&scenario, &plans, (baseline, chosen), &mut report);
    let mut results: Vec<(Plan, Overrides, Result<Loaded, Problems>)> = Vec::new();
    for plan in plans {
        let overrides = overrides_of(&plan, common);
        let loaded = load(path, &overrides);
        results.push((plan, overrides, loaded));
    }
    check_seeds(&results, &mut report);
    let mut problems = report.problems();
    let more: Vec<Problem> = merged(&results).into_iter().filter(|problem| !problems.iter().any(|known| known.same_as(problem))).collect();
    problems.extend(more);
    if !problems.is_empty() {
        return Err(problems);
    }
    let arm = |(plan, overrides, loaded): (Plan, Overrides, Result<Loaded, Problems>)| {
        Some(Arm { name: plan.name, description: plan.description, settings: plan.settings, overrides, loaded: loaded.ok()? })
    };
    let arms = results.into_iter().filter_map(arm).collect();
    Ok(Experiment { arms, baseline, measures: measures(&scenario) })
}

fn overrides_of(plan: &Plan, common: &Overrides) -> Overrides {
    let mut overrides = common.clone();
    if plan.own {
        overrides.arm = Some(plan.name.clone());
    } else {
        overrides.set.extend(plan.settings.iter().map(|(path, value)| format!("{path}={value}")));
    }
    overrides
}

/// The arms that a scenario carries.
fn carried(scenario: &Tree) -> impl Iterator<Item = (&str, &Tree)> + Clone {
    let arms = scenario.at(&["spec", "arms"]).map_or(&[][..], Tree::items);
    arms.iter().filter_map(|arm| Some((arm.text_at(&["name"])?, arm)))
}

/// Names of the arms that a scenario carries.
pub(super) fn names(scenario: &Tree) -> impl Iterator<Item = &str> + Clone {
    carried(scenario).map(|(name, _)| name)
}

/// The arm of that name that a scenario carries.
pub(super) fn own<'t>(scenario: &'t Tree, name: &str) -> Option<&'t Tree> {
    carried(scenario).find(|(known, _)| *known == name).map(|(_, arm)| arm)
}

fn measures(scenario: &Tree) -> Vec<String> {
    let listed = scenario.at(&["spec", "compare", "measures"]).map_or(&[][..], Tree::items);
    listed.iter().filter_map(Tree::text).map(str::to_owned).collect()
}

/// Reports names of a scenario's own arms that will not do.
pub(super) fn check_names(scenario: &Tree, report: &mut Report) {
    name_problems(&own_plans(scenario), report);
}

fn own_plans(scenario: &Tree) -> Vec<Plan> {
    carried(scenario).map(|(name, arm)| own_plan(name, arm)).collect()
}

fn own_plan(name: &str, arm: &Tree) -> Plan {
    let settings = arm.get("set").map_or(&[][..], Tree::entries);
    Plan {
        name: name.to_owned(),
        description: arm.text_at(&["description"]).unwrap_or_default().to_owned(),
        settings: settings.iter().map(|(path, value)| (path.text.clone(), value.flow())).collect(),
        own: true,
        span: arm.place(&["name"]),
    }
}

fn plans(scenario: &Tree, given: &[String], report: &mut Report) -> Vec<Plan> {
    let plans: Vec<Plan> =
        if given.is_empty() { own_plans(scenario) } else { given.iter().filter_map(|text| given_plan(scenario, text, report)).collect() };
    name_problems(&plans, report);
    if plans.len() < 2 && report.is_clean() {
        let span = plans.first().map_or_else(|| scenario.place_of_key(&["spec"]), |plan| plan.span);
        let message = if plans.is_empty() { "there are no arms to compare" } else { "one arm cannot be compared with anything" };
        report
            .problem(Code::BadArm, span, message)
            .help("give two or more `--arm NAME=PATH=VALUE,…` (`--arm NAME` is the scenario as it is), or list them under `spec.arms`");
    }
    plans
}

/// An arm of the command line.
fn given_plan(scenario: &Tree, text: &str, report: &mut Report) -> Option<Plan> {
    let file = report.sources.add(format!("--arm {text}"), text);
    let span = Span { file, start: 0, len: text.len() as u32 };
    let (name, rest) = text.split_once('=').map_or((text, None), |(name, rest)| (name, Some(rest)));
    match (own(scenario, name), rest) {
        (Some(arm), None) => Some(Plan { span, ..own_plan(name, arm) }),
        (None, None) if carried(scenario).next().is_some() => {
            let help = format!("{} Or `--arm {name}=`, the scenario as it is", suggestion(name, names(scenario)));
            report.problem(Code::BadArm, span, format!("the scenario has no arm `{name}`")).help(help);
            None
        }
        (Some(_), Some(_)) => {
            report
                .problem(Code::BadArm, span, format!("the scenario has an arm `{name}` of its own"))
                .help(format!("take that with `--arm {name}`, or choose another name"));
            None
        }
        (None, rest) => {
            let settings = settings(rest.unwrap_or_default(), span, report)?;
            Some(Plan { name: name.to_owned(), description: String::new(), settings, own: false, span })
        }
    }
}

/// `PATH=VALUE,…` taken apart.
fn settings(text: &str, span: Span, report: &mut Report) -> Option<Vec<(String, String)>> {
    let parts = parts(text).into_iter().filter(|part| !part.trim().is_empty());
    let pair = |part: &str| part.split_once('=').map(|(path, value)| (path.trim().to_owned(), value.to_owned())).ok_or(part.to_owned());
    match parts.map(pair).collect() {
        Ok(settings) => Some(settings),
        Err(part) => {
            report
                .problem(Code::BadArm, span, format!("`{part}` is no PATH=VALUE"))
                .help("commas part settings; a value with commas of its own is a YAML list, a mapping, or text in quotes: [a, b], {a: b}, \"a,b\"");
            None
        }
    }
}

/// Text between commas that are neither in brackets nor in quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut depth, mut quote, mut before) = (Vec::new(), 0, 0_usize, None, ',');
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) => quote = (letter != open).then_some(open),
            // Within a word it is an apostrophe.
            (None, '"' | '\'') if "=,.[{: ".contains(before) => quote = Some(letter),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        before = letter;
    }
    parts.push(&text[from..]);
    parts
}

/// Names that are no folder's, or are there twice: also on file systems that do not tell capitals.
fn name_problems(plans: &[Plan], report: &mut Report) {
    for (row, plan) in plans.iter().enumerate() {
        let fine = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let starts = plan.name.starts_with(|letter: char| letter.is_ascii_alphanumeric());
        if !starts || !plan.name.chars().all(fine) || plan.name.len() > NAME_MAX {
            let message = format!("`{}` will not do as the name of an arm", crate::text::shape::shorten(&plan.name));
            report
                .problem(Code::BadArm, plan.span, message)
                .help(format!("letters, digits, `-`, `_` and `.`, at most {NAME_MAX}, the first a letter or digit"));
        }
        if plans[..row].iter().any(|other| other.name.eq_ignore_ascii_case(&plan.name)) {
            report
                .problem(Code::DuplicateName, plan.span, format!("two arms are called `{}`", plan.name))
                .help("each arm needs a name of its own; capitals make no difference");
        }
    }
}

/// Which arm is the baseline: the one asked for, the scenario's choice, or the first.
fn baseline_row(scenario: &Tree, plans: &[Plan], (asked, chosen): (Option<&str>, Option<&str>), report: &mut Report) -> usize {
    let Some(name) = asked.or(chosen) else { return 0 };
    let found = plans.iter().position(|plan| plan.name == name);
    if found.is_none() {
        let span = if asked.is_some() {
            let file = report.sources.add(format!("--baseline {name}"), name);
            Span { file, start: 0, len: name.len() as u32 }
        } else {
            scenario.place(&BASELINE)
        };
        let help = suggestion(name, plans.iter().map(|plan| plan.name.as_str()));
        report.problem(Code::BadArm, span, format!("no arm is called `{name}`")).help(help);
    }
    found.unwrap_or(0)
}

/// Arms are paired by their random numbers, so they must have the same seed.
fn check_seeds(results: &[(Plan, Overrides, Result<Loaded, Problems>)], report: &mut Report) {
    let mut loaded = results.iter().filter_map(|(plan, _, loaded)| Some((plan, loaded.as_ref().ok()?.spec.seed)));
    let Some((_, first)) = loaded.next() else { return };
    for (plan, _) in loaded.filter(|(_, seed)| *seed != first) {
        report
            .problem(Code::BadArm, plan.span, format!("arm `{}` has another seed", plan.name))
            .help("arms are compared under the same random numbers; `--seed` sets that of all of them");
    }
}

/// The problems of all arms: those that all share once, the others with the name of their arm.
fn merged(results: &[(Plan, Overrides, Result<Loaded, Problems>)]) -> Vec<Problem> {
    let all: Vec<(&Plan, &Problems)> = results.iter().filter_map(|(plan, _, loaded)| Some((plan, loaded.as_ref().err()?))).collect();
    let shared = |problem: &Problem| all.len() == results.len() && all.iter().all(|(_, other)| other.iter().any(|it| it.same_as(problem)));
    let first = all.first().map(|(_, problems)| problems.iter().filter(|problem| shared(problem)).cloned());
    let own =
        all.iter().flat_map(|(plan, problems)| problems.iter().filter(|problem| !shared(problem)).map(|problem| named(plan, problem)));
    first.into_iter().flatten().chain(own).collect()
}

/// The problem with the name of its arm.
fn named(plan: &Plan, problem: &Problem) -> Problem {
    let mut problem = problem.clone();
    problem.message = format!("arm `{}`: {}", plan.name, problem.message);
    if let Some(path) = problem.file.strip_prefix("--set ") {
        problem.file = format!("--arm {}={path}", plan.name);
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_part_settings_unless_they_belong_to_a_value() {
        #[rustfmt::skip]
        let cases: [(&str, &[&str]); 6] = [
            ("a=1,b=2",                  &["a=1", "b=2"]),
            ("a=[1, 2],b={c: 1, d: 2}",  &["a=[1, 2]", "b={c: 1, d: 2}"]),
            ("a=\"1, 2\",b='x,y'",       &["a=\"1, 2\"", "b='x,y'"]),
            ("a.\"x.y,z\"=1,b=2",        &["a.\"x.y,z\"=1", "b=2"]),
            ("a=it's,b=2",               &["a=it's", "b=2"]),
            ("",                         &[""]),
        ];
        for (text, want) in cases {
            assert_eq!(parts(text), want, "{text}");
        }
    }
}
