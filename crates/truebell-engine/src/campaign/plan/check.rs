//! Whether a plan is one that may be shown to people who approve plans. What it says is theirs to judge; that it is whole is judged here.

use super::super::grade::RETRACTION_CLAIMS;
use super::super::{Action, BadText, Grade, Manifest, Stage, Whom, claims};
use super::{Plan, Subject, Trust, VERSION, World};
use std::collections::BTreeSet;

/// The shortest hold of a live plan: ten minutes.
const HOLD_MS_MIN: u64 = 10 * 60_000;
/// The longest life of a plan: 30 days.
const LIFE_MS_MAX: u64 = 30 * 86_400_000;
/// The fewest tracers of a live plan that must not match.
const TRACERS_MIN: usize = 256;

/// What is wrong with a plan. Each says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPlan {
    /// Of another version.
    #[error("the plan has another version than this program writes: draw it up anew")]
    Version,
    /// No site.
    #[error("the plan names no site, or one with a name longer than 64 bytes: name the site")]
    Site,
    /// No lists, or one that nobody let out of quarantine.
    #[error("a list of the plan has not passed the quarantine: look at it with “truebell breach look”")]
    Quarantine,
    /// More than the evidence carries.
    #[error("the policy does more on {0:?} than its evidence carries: reset on E1 and E2 alone, and change nothing on E4")]
    Policy(Grade),
    /// Nothing is done to anybody.
    #[error("the policy leaves everybody alone, so there is nothing to do")]
    NothingToDo,
    /// A text is not what it should be.
    #[error("the text of {subject:?} in “{language}” does not do: {why}")]
    Text {
        /// Of what.
        subject: Subject,
        /// In which language.
        language: String,
        /// Why.
        why: BadText,
    },
    /// A wording names no text of the plan.
    #[error("the text of {subject:?} in “{language}” is not in the plan: add it")]
    NoText {
        /// Of what.
        subject: Subject,
        /// In which language.
        language: String,
    },
    /// A wording is not there, or there twice.
    #[error("“{language}” has no text for {subject:?}, or more than one: give it exactly one")]
    Wording {
        /// For what.
        subject: Subject,
        /// In which language.
        language: String,
    },
    /// A text is of no use.
    #[error("the plan holds a text that no language uses: take it out")]
    IdleText,
    /// Stages that do not grow from shadow to the rest.
    #[error("stages begin with shadow, grow, and end with the rest, each with a soak: put them in order")]
    Stages,
    /// No caps.
    #[error("the plan lets nothing be sent at all: set its caps above zero")]
    Caps,
    /// Tests that would be wrong too often or never decide.
    #[error("the errors of the tests lie outside of one in a thousand to one in a billion: set them between")]
    Errors,
    /// Bounds that are none.
    #[error("the bounds of “{0}” are none: give a low below a high, and how many have to be looked at")]
    Bounds(String),
    /// Too few samples to see that something is broken.
    #[error("“{0}” would pass with fewer looked at than it takes to see a fifth go wrong: raise how many have to be")]
    Samples(String),
    /// A finding is counted nowhere.
    #[error("a finding belongs to a list or a stratum that is not in the plan: draw the plan up anew")]
    Astray,
    /// Nothing limits sign-in load.
    #[error("the plan says nothing of how busy sign-in may be: set a share of up to 1000 and an age")]
    Load,
    /// Too few, or in both kinds.
    #[error("the plan has too few tracers, or one of both kinds: plant some that must match and at least 256 that must not")]
    Tracers,
    /// A tracer is among those who are reached.
    #[error("a tracer is in the manifest: whatever wrote the manifest is broken")]
    TracerListed,
    /// A manifest other than the plan's.
    #[error("the manifest is not the one the plan names: it was changed or belongs to another plan")]
    Manifest,
    /// Actual against expected.
    #[error("{size} findings, where {low} to {high} were expected: find out why before anybody is reached")]
    Forecast {
        /// How many there are.
        size: u64,
        /// At least so many were expected.
        low: u64,
        /// At most so many.
        high: u64,
    },
    /// No two implementations.
    #[error("{0} has no second implementation that is another one than the first: name one")]
    Checkers(String),
    /// No hold, or no life, or too much of it.
    #[error("a plan holds for at least ten minutes and lives for at most 30 days: set its hold and its end")]
    Times,
    /// More accounts with a password than accounts.
    #[error("the snapshot has more passwords than accounts, or more findings than passwords: take it anew")]
    Snapshot,
}

impl Plan {
    /// Checks all of it, its manifest included. The first thing wrong is the answer.
    pub fn check(&self, manifest: &Manifest) -> Result<(), BadPlan> {
        self.check_head()?;
        self.check_policy()?;
        self.check_wordings()?;
        self.check_stages()?;
        self.check_bounds()?;
        self.check_tracers(manifest)?;
        self.check_manifest(manifest)
    }

    fn check_head(&self) -> Result<(), BadPlan> {
        let holds = |condition, wrong| if condition { Ok(()) } else { Err(wrong) };
        holds(self.version == VERSION, BadPlan::Version)?;
        holds((1..=64).contains(&self.site.len()), BadPlan::Site)?;
        holds(!self.lists.is_empty() && self.lists.iter().all(|list| list.trust.has(Trust::QUARANTINED)), BadPlan::Quarantine)?;
        holds(self.caps.per_hour > 0 && self.caps.per_campaign > 0, BadPlan::Caps)?;
        holds((1..=1000).contains(&self.load.permille_max) && self.load.age_ms_max > 0, BadPlan::Load)?;
        let one_checker = self.checkers.iter().find(|checker| checker.first == checker.second || checker.second.is_empty());
        if let Some(checker) = one_checker {
            return Err(BadPlan::Checkers(checker.format.clone()));
        }
        holds(!self.checkers.is_empty(), BadPlan::Checkers("the plan".into()))?;
        let hold_min = if self.world == World::Live { HOLD_MS_MIN } else { 1 };
        let life = self.expires.0.saturating_sub(self.made_at.0);
        holds(self.hold_ms >= hold_min && life > self.hold_ms && life <= LIFE_MS_MAX, BadPlan::Times)
    }

    fn check_policy(&self) -> Result<(), BadPlan> {
        let too_much = Grade::ALL.into_iter().find(|grade| !grade.carries(self.action(*grade)));
        if let Some(grade) = too_much {
            return Err(BadPlan::Policy(grade));
        }
        if self.policy == [Action::Leave; 4] { Err(BadPlan::NothingToDo) } else { Ok(()) }
    }

    fn check_wordings(&self) -> Result<(), BadPlan> {
        let mailing = Grade::ALL.into_iter().filter(|grade| self.action(*grade).mails()).map(Subject::alarm);
        let needed: Vec<_> = mailing.chain([Subject::Retraction]).collect();
        let languages: BTreeSet<_> =
            self.wordings.iter().map(|wording| wording.language.as_str()).chain(self.wordings.is_empty().then_some("en")).collect();
        for language in languages {
            for subject in [Subject::Retraction, Subject::AlarmE1, Subject::AlarmE2, Subject::AlarmE3, Subject::AlarmE4] {
                let count = self.wordings.iter().filter(|wording| wording.language == language && wording.subject == subject).count();
                if count != usize::from(needed.contains(&subject)) {
                    return Err(BadPlan::Wording { subject, language: language.to_owned() });
                }
            }
        }
        let digests: Vec<_> = self.texts.iter().map(|text| (text.derive_digest(), text)).collect();
        for wording in &self.wordings {
            let (subject, language) = (wording.subject, wording.language.clone());
            let Some((_, text)) = digests.iter().find(|(digest, _)| *digest == wording.text) else {
                return Err(BadPlan::NoText { subject, language });
            };
            let allowed = subject.grade().map_or_else(|| RETRACTION_CLAIMS.to_vec(), |grade| claims(grade, self.action(grade)));
            text.check(&allowed).map_err(|why| BadPlan::Text { subject, language, why })?;
        }
        let idle = digests.iter().any(|(digest, _)| !self.wordings.iter().any(|wording| wording.text == *digest));
        let twice = digests.iter().map(|(digest, _)| digest).collect::<BTreeSet<_>>().len() < digests.len();
        if idle || twice { Err(BadPlan::IdleText) } else { Ok(()) }
    }

    fn check_stages(&self) -> Result<(), BadPlan> {
        let place = |stage: &Stage| match stage.whom {
            Whom::Shadow => (0, 0),
            Whom::Staff => (1, 0),
            Whom::UpTo(count) => (2, count),
            Whom::Share(permille) => (3, u64::from(permille)),
            Whom::Rest => (4, 0),
        };
        let grows = self.stages.windows(2).all(|pair| matches!(pair, [one, next] if place(one) < place(next)));
        let ends = self.stages.first().map(|stage| stage.whom) == Some(Whom::Shadow)
            && self.stages.last().map(|stage| stage.whom) == Some(Whom::Rest);
        if grows && ends && self.stages.iter().all(|stage| stage.soak_ms > 0) { Ok(()) } else { Err(BadPlan::Stages) }
    }

    fn check_bounds(&self) -> Result<(), BadPlan> {
        if !(3..=9).contains(&self.errors.alpha_exponent) || !(3..=9).contains(&self.errors.beta_exponent) {
            return Err(BadPlan::Errors);
        }
        let strata = self.strata.iter().map(|stratum| (stratum.name.clone(), stratum.bounds));
        let watches = self.watches.iter().map(|watch| (format!("{:?}", watch.signal), watch.bounds));
        let mut all = strata.chain(watches).chain([("rechecks".to_owned(), self.rechecks)]);
        if let Some((name, _)) = all.find(|(_, bounds)| !bounds.are_sound()) {
            return Err(BadPlan::Bounds(name));
        }
        let blind = self.strata.iter().find(|stratum| !stratum.bounds.see_faults(self.errors));
        if let Some(stratum) = blind {
            return Err(BadPlan::Samples(stratum.name.clone()));
        }
        // Without these nobody would notice too much, too little, or that everybody is annoyed.
        let two_sided = !self.strata.is_empty() && self.rechecks.low.0 > 0 && !self.watches.is_empty();
        let signals: BTreeSet<_> = self.watches.iter().map(|watch| watch.signal).collect();
        if two_sided && signals.len() == self.watches.len() { Ok(()) } else { Err(BadPlan::Bounds("strata, rechecks and signals".into())) }
    }

    fn check_tracers(&self, manifest: &Manifest) -> Result<(), BadPlan> {
        let (must, must_not) = (&self.tracers.must_match, &self.tracers.must_not_match);
        let all: BTreeSet<_> = must.iter().chain(must_not).collect();
        let enough = self.world == World::Drill || must_not.len() >= TRACERS_MIN;
        if must.is_empty() || must_not.is_empty() || !enough || all.len() != must.len() + must_not.len() {
            return Err(BadPlan::Tracers);
        }
        let listed = all.into_iter().any(|tracer| manifest.prove(*tracer).is_some());
        if listed { Err(BadPlan::TracerListed) } else { Ok(()) }
    }

    fn check_manifest(&self, manifest: &Manifest) -> Result<(), BadPlan> {
        if manifest.frozen() != self.manifest {
            return Err(BadPlan::Manifest);
        }
        let astray = manifest.findings().iter().any(|finding| {
            let (list, stratum) = (usize::try_from(finding.source), usize::try_from(finding.stratum));
            list.map_or(true, |list| list >= self.lists.len()) || stratum.map_or(true, |stratum| stratum >= self.strata.len())
        });
        if astray {
            return Err(BadPlan::Astray);
        }
        if self.snapshot.with_password > self.snapshot.accounts || self.manifest.size > self.snapshot.accounts {
            return Err(BadPlan::Snapshot);
        }
        let ([low, high], size) = (self.forecast, self.manifest.size);
        if (low..=high).contains(&size) { Ok(()) } else { Err(BadPlan::Forecast { size, low, high }) }
    }
}
