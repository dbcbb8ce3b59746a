//! The scheduler's profiles: each Pod is placed by the one that its `schedulerName` names.
//!
//! Source: `pkg/scheduler/profile/profile.go` and `frameworkForPod` in `pkg/scheduler/schedule_one.go` of Kubernetes v1.34. All
//! profiles share queue, node cache and loop.

use super::Rules;
use super::framework::HappeningKind;
use super::profile::{PluginSet, Profile};
use crate::spec::Spec;
use crate::table::{Table, TemplateId};

/// The profiles, and which of them places Pods of each template.
#[derive(Clone, Debug)]
pub(super) struct Profiles {
    rows: Vec<Row>,
    of: Table<TemplateId, Option<u32>>,
}

#[derive(Clone, Debug)]
struct Row {
    profile: Profile,
    /// Its own share of nodes to score.
    percentage: Option<u32>,
}

impl Profiles {
    /// The profiles of `spec`; without any, the default one for all Pods.
    ///
    /// # Panics
    /// If one of them names a plugin that does not exist.
    pub(super) fn new(spec: &Spec) -> Self {
        let given = &spec.scheduler.profiles;
        if given.is_empty() {
            return Self::alone(Profile::default(), spec.templates.len());
        }
        let row = |about: &crate::spec::ProfileSpec| {
            let profile =
                Profile::new(about, &spec.resources).unwrap_or_else(|error| panic!("profile `{}`: {error}", about.scheduler_name));
            Row { profile, percentage: about.percentage_of_nodes_to_score }
        };
        let place = |name: &str| (0..).zip(given).find(|(_, about)| about.scheduler_name == name).map(|(row, _)| row);
        let of = spec.templates.rows().iter().map(|template| place(&template.scheduler_name)).collect();
        Self { rows: given.iter().map(row).collect(), of }
    }

    /// `profile` alone, for all Pods.
    pub(super) fn replaced(&self, profile: Profile) -> Self {
        Self::alone(profile, self.of.len())
    }

    fn alone(profile: Profile, templates: usize) -> Self {
        Self { rows: vec![Row { profile, percentage: None }], of: Table::filled(templates, Some(0)) }
    }

    /// True if a profile places Pods of the template.
    pub(super) fn know(&self, template: TemplateId) -> bool {
        self.of[template].is_some()
    }

    fn row(&self, template: TemplateId) -> &Row {
        &self.rows[self.of[template].expect("only Pods that have a profile are scheduled") as usize]
    }

    /// The profile that places Pods of a template.
    pub(super) fn of(&self, template: TemplateId) -> &Profile {
        &self.row(template).profile
    }

    /// How Pods of a template are placed, given the scheduler's rules.
    pub(super) fn rules(&self, template: TemplateId, rules: Rules) -> Rules {
        Rules { percentage: self.row(template).percentage.unwrap_or(rules.percentage), ..rules }
    }

    /// A profile that the fast path serves, if there is one.
    pub(super) fn fast(&self) -> Option<&Profile> {
        self.rows.iter().map(|row| &row.profile).find(|profile| profile.is_default())
    }

    /// The filters, of any profile, that registered for a kind of happening.
    pub(super) fn registered(&self, kind: HappeningKind) -> PluginSet {
        let mut all = PluginSet::EMPTY;
        for row in &self.rows {
            all.insert(row.profile.registered(kind));
        }
        all
    }
}
