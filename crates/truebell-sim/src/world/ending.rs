//! The end of a story: faults end, everybody comes together, and what the checks found is told.

use super::{Device, World};
use crate::checks::{Counts, Ending, Standing};
use crate::kinds::Tally;
use crate::naive::Alarm;
use crate::net::Exchanges;
use crate::relay::Mood;
use crate::report::{NaiveSentence, Report};
use crate::site::{Condition, ready};
use std::collections::{BTreeMap, BTreeSet};
use truebell_client::{Client, Filter, ItemRef, Shown};
use truebell_core::ids::ItemId;
use truebell_engine::sync::View;
use truebell_store::Store;

impl World {
    /// The faults end, time passes, everybody syncs, mail goes out; then the checks reckon up.
    pub fn end(&mut self) {
        self.calm();
        {
            let mut wire = self.net.wire();
            wire.site.set_condition(Condition::Up);
            wire.site.scale(1, false);
            wire.site.watch.set_off(0);
            wire.site.relay.set_mood(Mood::Well);
            wire.deliver_all();
        }
        for line in 0..self.devices.len() {
            self.skew(Device(line), 0);
            self.fill_disk(Device(line), false);
            let locked = self.devices.get(line).is_some_and(|device| device.client.is_none());
            let enrolled = self.belongings(line).is_some();
            if locked && enrolled {
                let _said = self.restart(Device(line));
            }
        }
        self.come_together();
        self.keep_accounts();
        self.come_together();
        for _ in 0..12 {
            self.work(None);
            self.pass(25 * 3600);
        }
        let ending = self.ending();
        self.net.wire().truth.reckon(&ending);
    }

    fn come_together(&mut self) {
        for _ in 0..4 {
            self.pass(3600);
            for line in 0..self.devices.len() {
                if self.net.wire().truth.is_let_in(line) {
                    self.sync(Device(line));
                }
            }
        }
    }

    /// Deletions that were asked for are called off, so that devices can send what they have.
    fn keep_accounts(&mut self) {
        for line in 0..self.devices.len() {
            let closing = {
                let wire = self.net.wire();
                wire.truth.is_let_in(line) && wire.truth.account_of(line).is_some_and(|account| wire.truth.is_closing(account))
            };
            if closing {
                let _said = self.cancel_deletion(Device(line));
            }
        }
    }

    fn ending(&mut self) -> Ending {
        for line in 0..self.devices.len() {
            self.show_notices(line);
        }
        let devices = (0..self.devices.len()).filter_map(|line| self.standing(line)).collect();
        let wire = self.net.wire();
        let now = wire.site.watch.shows();
        let (parked, counts) = wire.site.look(|store| {
            (ready(store.parked_mails(10_000)).and_then(Result::ok).unwrap_or_default(), ready(store.counts(now)).and_then(Result::ok))
        });
        Ending {
            devices,
            taken: wire.site.relay.taken(),
            refused: wire.site.relay.refused(),
            lost: wire.site.relay.lost(),
            parked,
            queued: counts.map_or(0, |counts| counts.mails_queued),
        }
    }

    fn standing(&mut self, line: usize) -> Option<Standing> {
        let enrolled = self.belongings(line).is_some();
        let device = self.devices.get(line)?;
        let Some(client) = device.client.as_ref() else {
            let behind = Some("it is locked".to_owned());
            return enrolled.then(|| Standing {
                line,
                person: device.person,
                behind,
                pending: 0,
                items: BTreeMap::new(),
                values: BTreeMap::new(),
            });
        };
        let status = client.status().ok();
        let (behind, pending) = match &status {
            Some(status) if matches!(status.sync, View::UpToDate { .. }) => (None, status.pending),
            Some(status) => (Some(status.sentence.clone()), status.pending),
            None => (Some("its status cannot be read".to_owned()), 0),
        };
        let mut items = BTreeMap::new();
        let mut values: BTreeMap<ItemId, BTreeSet<String>> = BTreeMap::new();
        for listed in client.list(&Filter { shown: Shown::All, ..Filter::default() }) {
            let at = ItemRef { vault: listed.vault, item: listed.id };
            if let Ok(item) = client.item(at) {
                items.insert(at.item, serde_json::to_string(&item).unwrap_or_default());
            }
            values.insert(at.item, all_values(client, at));
        }
        Some(Standing { line, person: device.person, behind, pending, items, values })
    }

    /// The six counters.
    pub fn counts(&self) -> Counts {
        self.net.wire().truth.counts()
    }

    /// How often each kind of trouble really happened.
    pub fn tally(&self) -> Tally {
        let wire = self.net.wire();
        let mut tally = wire.tally.clone();
        tally.take_in(&wire.site.relay.tally());
        tally.add_many("next version among the servers", wire.site.answers_of_next_version);
        tally
    }

    /// What was found, in words.
    pub fn findings(&self) -> Vec<String> {
        self.net.wire().truth.findings().to_vec()
    }

    /// How many exchanges there were.
    pub fn exchanges(&self) -> Exchanges {
        self.net.wire().exchanges
    }

    /// How often a naive client would have told people something false.
    pub fn naive_false_alarms(&self) -> u64 {
        self.net.wire().naive_alarms.len() as u64
    }

    /// What this run was: the same seed gives the same digest.
    pub fn digest(&self) -> u64 {
        self.net.wire().digest()
    }

    /// Each false sentence, and to how many people it would have been said.
    fn naive_sentences(&self, alarms: &[(usize, Alarm)]) -> Vec<NaiveSentence> {
        let mut told: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for (line, alarm) in alarms {
            let person = self.devices.get(*line).map_or(0, |device| device.person);
            told.entry(alarm.sentence()).or_default().insert(person);
        }
        told.into_iter().map(|(sentence, people)| NaiveSentence { sentence: sentence.to_owned(), accounts: people.len() }).collect()
    }

    /// The report of a drill.
    pub fn report(&self, name: &str, expected: bool) -> Report {
        let wire = self.net.wire();
        let mut report = Report::new(name, self.seed, wire.truth.counts(), wire.exchanges);
        report.passed &= expected;
        report.naive_false_alarms = wire.naive_alarms.len() as u64;
        report.naive_sentences = self.naive_sentences(&wire.naive_alarms);
        report.sentences = wire.truth.sentences();
        report.findings = wire.truth.findings().to_vec();
        report
    }
}

/// Every value of an item that a device can still show.
fn all_values(client: &Client, at: ItemRef) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for version in client.history(at).unwrap_or_default() {
        let Ok(item) = client.version(at, version.number) else { continue };
        found.extend(item.detail.past.iter().map(|past| past.value.expose().to_owned()));
        found.extend(item.detail.sections.iter().flat_map(|section| &section.fields).map(|field| field.value.expose().to_owned()));
    }
    found
}
