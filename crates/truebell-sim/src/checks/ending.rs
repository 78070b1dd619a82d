//! The reckoning: what must hold once the faults have ended and everybody has had time.

use super::{Check, Truth};
use crate::relay::Letter;
use crate::site::{SERVER, signing_key};
use std::collections::{BTreeMap, BTreeSet};
use truebell_core::ids::ItemId;
use truebell_server::mail::MailDetails;
use truebell_store::rows::Mail;

/// A device at the end.
#[derive(Debug, Clone)]
pub(crate) struct Standing {
    pub(crate) line: usize,
    pub(crate) person: usize,
    /// Why it is not up to date, if it is not.
    pub(crate) behind: Option<String>,
    /// Edits that wait.
    pub(crate) pending: usize,
    /// Every item, as text that is the same where the item is.
    pub(crate) items: BTreeMap<ItemId, String>,
    /// Every value that can still be found on it, by item.
    pub(crate) values: BTreeMap<ItemId, BTreeSet<String>>,
}

/// Everything the reckoning needs.
pub(crate) struct Ending {
    pub(crate) devices: Vec<Standing>,
    pub(crate) taken: Vec<Letter>,
    pub(crate) refused: Vec<Letter>,
    pub(crate) parked: Vec<Mail>,
    pub(crate) queued: u64,
}

impl Truth {
    /// Reckons up.
    pub(crate) fn reckon(&mut self, ending: &Ending) {
        self.check_convergence(ending);
        self.check_writes(ending);
        self.check_notices(ending);
        self.check_mails(ending);
    }

    fn check_convergence(&mut self, ending: &Ending) {
        let mut first: BTreeMap<usize, &Standing> = BTreeMap::new();
        for device in ending.devices.iter().filter(|device| self.is_let_in(device.line)).collect::<Vec<_>>() {
            let name = self.name(device.line);
            if let Some(why) = &device.behind {
                let check = if why.contains("cannot open a session") { Check::S } else { Check::C };
                self.find(check, || format!("{name} is not up to date at the end: {why}"));
            } else if device.pending > 0 {
                self.find(Check::C, || format!("{} edits still wait on {name} at the end", device.pending));
            }
            match first.get(&device.person) {
                None => drop(first.insert(device.person, device)),
                Some(other) if other.items != device.items => {
                    self.find(Check::C, || format!("{name} and another device of the same person do not have the same items"));
                }
                Some(_) => {}
            }
        }
    }

    fn check_writes(&mut self, ending: &Ending) {
        let mut lost = Vec::new();
        for person in ending.devices.iter().map(|device| device.person).collect::<BTreeSet<_>>() {
            let devices: Vec<&Standing> = ending.devices.iter().filter(|device| device.person == person).collect();
            let let_in: Vec<&&Standing> = devices.iter().filter(|device| self.is_let_in(device.line)).collect();
            for written in self.written(person) {
                let has = |device: &Standing| device.values.get(&written.at.item).is_some_and(|found| found.contains(&written.value));
                let is_kept = if self.is_let_in(written.line) {
                    let_in.iter().all(|device| has(device))
                } else {
                    devices.iter().any(|device| has(device))
                };
                if !is_kept {
                    lost.push(format!("“{}”, written on {}, is not on every device", written.value, self.name(written.line)));
                }
            }
        }
        for what in lost {
            self.find(Check::L, || what);
        }
    }

    fn check_notices(&mut self, ending: &Ending) {
        let mut missed = Vec::new();
        for device in &ending.devices {
            let (Some(account), Some(since)) = (self.account_of(device.line), self.came_in(device.line)) else { continue };
            if !self.is_let_in(device.line) {
                continue;
            }
            for deed in self.deeds(account).iter().filter(|deed| deed.seq > since && deed.by != Some(device.line)) {
                if !self.was_shown(device.line, deed) {
                    missed.push(format!("{} was never shown “{}” (number {})", self.name(device.line), deed.kind, deed.seq));
                }
            }
        }
        for what in missed {
            self.find(Check::M, || what);
        }
    }

    fn check_mails(&mut self, ending: &Ending) {
        let (mut wrong, mut missed, mut twice) = (Vec::new(), Vec::new(), Vec::new());
        let mut sent: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for letter in &ending.taken {
            *sent.entry((&letter.code, &letter.to)).or_default() += 1;
        }
        let accounts = self.accounts();
        let owed: BTreeSet<(&str, &str)> = accounts
            .iter()
            .flat_map(|account| self.ever(*account))
            .filter(|deed| deed.asked)
            .flat_map(|deed| deed.to.iter().filter_map(|to| Some((deed.code.as_deref()?, to.as_str()))))
            .chain(self.corrections.iter().map(|(code, to)| (code.as_str(), to.as_str())))
            .collect();
        for ((code, to), times) in &sent {
            if !owed.contains(&(code, to)) {
                wrong.push(format!("a mail with the code {code} went out, and nothing happened that it tells of"));
            }
            if *times > 1 {
                twice.push(format!("the mail with the code {code} went out {times} times"));
            }
        }
        let parked: BTreeSet<(String, &str)> = ending
            .parked
            .iter()
            .filter_map(|mail| {
                let details: MailDetails = serde_json::from_str(&mail.mail.values).ok()?;
                let evidence = details.enclosed.open(SERVER, &signing_key().public()).ok()?;
                Some((evidence.code().to_string(), mail.mail.to.as_str()))
            })
            .collect();
        let is_told = |code: &str, to: &str| {
            sent.contains_key(&(code, to))
                || parked.contains(&(code.to_owned(), to))
                || ending.refused.iter().any(|letter| letter.code == code && letter.to == to)
        };
        for (_, to) in self.corrections.iter().filter(|(code, to)| !is_told(code, to)) {
            missed.push(format!("no correction left for {to}, who got what was taken back"));
        }
        for deed in accounts.iter().flat_map(|account| self.deeds(*account)) {
            for to in &deed.to {
                let told = deed.code.as_deref().is_some_and(|code| is_told(code, to));
                if !told {
                    missed.push(format!("no mail about “{}” (number {}) ever left", deed.kind, deed.seq));
                }
            }
        }
        if ending.queued > 0 {
            self.find(Check::C, || format!("{} mails still wait at the end", ending.queued));
        }
        wrong.into_iter().for_each(|what| self.find(Check::F, || what));
        missed.into_iter().for_each(|what| self.find(Check::M, || what));
        twice.into_iter().for_each(|what| self.find(Check::X, || what));
    }
}
