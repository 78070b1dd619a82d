//! `truebell health`: what is wrong in the vaults, how that is known, and what to do. Never here: how it is found (`truebell_engine::health`).

mod answer;
mod known;
mod pairs;

use super::context::Context;
use super::corpus::parse_pair_key;
use crate::agent::{Ask, ItemName, Opened, Scope};
use crate::exit::{Answered, Code, Ending, Failure};
use crate::output::Progress;
use answer::{Answer, Done, Shown};
use clap::Args;
use known::Source;
use std::collections::BTreeMap;
use std::path::PathBuf;
use truebell_client::{Clock, SystemClock};
use truebell_core::ids::ItemId;
use truebell_core::item::Item;
use truebell_core::pair::PublicKey;
use truebell_engine::health::{Finding, Inputs, Kind, PairKnown, Pairs, SecondFactors, examine, pair_questions, questions};

/// Items fetched at once.
const BATCH: usize = 500;

/// What is wrong in your vaults, and what to do
///
/// Looks at all items on this device: passwords that are exposed, nearly exposed, used more than once, weak or old; sites without encryption, or without the second factor they
/// offer; cards and documents that expire. With --corpus nothing leaves this device. With --ranges the first five digits of each password's hash are told to a service, and
/// nothing else; what it cannot be believed about is said to be not known. With --pairs a pair service learns some bits of a hash of each address, and neither addresses nor passwords.
///
/// Ends with 12 if a password is exposed, else with 6 if that is not known of all, else with 13 if there is anything else, else with 0.
#[derive(Debug, Args)]
pub struct Health {
    /// Look passwords up in this corpus
    #[arg(long, value_name = "CORPUS", group = "source")]
    corpus: Option<PathBuf>,
    /// Ask this range service (https://host) about passwords; this is the permission to tell it five digits of each hash
    #[arg(long, value_name = "URL", group = "source")]
    ranges: Option<String>,
    /// Ask this pair service (https://host) whether addresses were seen with their passwords; this is the permission to tell it some bits of a hash of each address
    #[arg(long, value_name = "URL", conflicts_with_all = ["ranges", "set_aside", "bring_back"])]
    pairs: Option<String>,
    /// Believe the pair service under this key only, as truebell corpus pair info shows it
    #[arg(long, value_name = "HEX", requires = "pairs", value_parser = parse_pair_key)]
    pairs_key: Option<PublicKey>,
    /// Sites with a second factor, beside those Truebell knows: the JSON that 2fa.directory publishes
    #[arg(long, value_name = "FILE")]
    second_factors: Option<PathBuf>,
    /// A password that was not changed for so many days is old
    #[arg(long, value_name = "DAYS", default_value_t = 1095)]
    old_after: u64,
    /// Show all findings, and those that were set aside
    #[arg(long)]
    all: bool,
    /// Set a finding of this item aside, with --finding and --reason
    #[arg(long, value_name = "ITEM", requires_all = ["finding", "reason"], conflicts_with = "source", help_heading = "Findings that stay as they are")]
    set_aside: Option<String>,
    /// Bring what was set aside of this item back, with --finding
    #[arg(long, value_name = "ITEM", requires = "finding", conflicts_with_all = ["source", "set_aside"], help_heading = "Findings that stay as they are")]
    bring_back: Option<String>,
    /// Which finding: exposed, similar-to-exposed, reused, weak, expired, expiring, insecure-site, no-second-factor or old
    #[arg(long, value_name = "FINDING", help_heading = "Findings that stay as they are")]
    finding: Option<Kind>,
    /// Why it stays as it is
    #[arg(long, value_name = "TEXT", help_heading = "Findings that stay as they are")]
    reason: Option<String>,
}

impl Health {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        if let (Some(name), Some(kind)) = (&self.bring_back, self.finding) {
            let ask = Ask::BringBack { item: named(name), finding: kind };
            return change(context, ask, format!("Findings “{kind}” of {name} are shown again."));
        }
        if let (Some(name), Some(kind), Some(reason)) = (&self.set_aside, self.finding, &self.reason) {
            let ask = Ask::SetAside { item: named(name), finding: kind, reason: reason.clone() };
            return change(context, ask, format!("Findings “{kind}” of {name} are set aside until what they are about changes."));
        }
        self.report(context)
    }

    fn report(&self, context: &mut Context) -> Answered<Ending> {
        // Before anything is unlocked: a file that cannot be used needs no password.
        let second_factors = self.second_factors()?;
        let source = Source::open(self.corpus.as_deref(), self.ranges.as_deref())?;
        let items = collect(context)?;
        let asked = questions(items.iter().map(|(_, item)| item), source.may_ask_variants());
        let bar = Progress::new("Looking up", 0, !context.out.is_quiet());
        let known = source.look_up(&asked, &mut |done, total| bar.at(done, total))?;
        drop(bar);
        let asked = match &self.pairs {
            None => None,
            Some(url) => {
                let bar = Progress::new("Asking", 0, !context.out.is_quiet());
                let pairs = pair_questions(items.iter().map(|(_, item)| item));
                Some(pairs::Asked::ask(url, self.pairs_key, &pairs, &mut |done, total| bar.at(done, total))?)
            }
        };
        let (name, pairs_name) = (source.name(), asked.as_ref().map(pairs::Asked::name).unwrap_or_default());
        let pair = |username: &str, password: &str| asked.as_ref().map_or(PairKnown::Unknown, |asked| asked.of(username, password));
        let inputs = Inputs {
            now: SystemClock.now(),
            old_after_days: self.old_after,
            known: &|password| known.of(password),
            known_from: &name,
            with_variants: source.may_ask_variants(),
            second_factors: &second_factors,
            pairs: asked.as_ref().map(|_| Pairs { known: &pair, from: &pairs_name }),
        };
        let findings = examine(&items, &inputs);
        let answer = Answer::of(&items, &findings, &source, &known, asked.as_ref(), SystemClock.now());
        let ending = ending(&findings, answer.unknown());
        context.out.answer(&Shown { answer, all: self.all })?;
        tell(context, &findings)?;
        Ok(ending)
    }

    fn second_factors(&self) -> Answered<SecondFactors> {
        let Some(path) = &self.second_factors else { return Ok(SecondFactors::bundled()) };
        let text =
            std::fs::read_to_string(path).map_err(|error| Failure::io(format_args!("{} could not be read", path.display()), &error))?;
        let wrong = || Failure::new(Code::BadFile, format!("{} is not the list that 2fa.directory publishes as JSON.", path.display()));
        SecondFactors::with_directory(&text).ok_or_else(wrong)
    }
}

fn named(name: &str) -> ItemName {
    ItemName { name: name.to_owned(), vault: None }
}

fn change(context: &mut Context, ask: Ask, said: String) -> Answered<Ending> {
    context.tell(ask)?;
    context.out.answer(&Done::new(said))?;
    Ok(Ending::Ok)
}

fn collect(context: &mut Context) -> Answered<Vec<(ItemId, Item)>> {
    let mut all: Vec<(ItemId, Item)> = Vec::new();
    let bar = Progress::new("Reading", 0, !context.out.is_quiet());
    loop {
        let opened: Opened = context.ask(Ask::Open { scope: Scope::default(), from: all.len(), count: BATCH })?;
        if opened.items.is_empty() {
            return Ok(all);
        }
        all.extend(opened.items);
        bar.at(all.len() as u64, opened.total as u64);
    }
}

/// Remembers in the sealed items which exposures were told, so that each is news once.
fn tell(context: &mut Context, findings: &[Finding<ItemId>]) -> Answered {
    let mut told: BTreeMap<ItemId, Vec<String>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.is_new) {
        told.entry(finding.item).or_default().push(finding.mark.clone());
    }
    if told.is_empty() { Ok(()) } else { context.tell(Ask::Told { marks: told.into_iter().collect() }) }
}

fn ending(findings: &[Finding<ItemId>], unknown: usize) -> Ending {
    let mut open = findings.iter().filter(|finding| finding.aside.is_none()).map(|finding| finding.kind);
    match open.next() {
        Some(Kind::Exposed) => Ending::Failed(Code::Exposed),
        _ if unknown > 0 => Ending::Failed(Code::Offline),
        Some(_) => Ending::Failed(Code::Findings),
        None => Ending::Ok,
    }
}
