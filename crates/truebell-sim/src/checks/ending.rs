//! The reckoning: what must hold once the faults have ended and everybody has had time.

use super::truth::{Deed, RETRACTED};
use super::{Check, Truth};
use crate::relay::Letter;
use crate::site::{SERVER, signing_key};
use std::collections::{BTreeMap, BTreeSet};
use truebell_core::ids::{AccountId, ItemId};
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
    /// Mails that are lost, and nobody but the relay knows.
    pub(crate) lost: Vec<Letter>,
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

    /// What took notices of this account back, undone or not, each beside the deed whose notice it was.
    fn corrections(&self, account: AccountId) -> Vec<(&Deed, &Deed)> {
        let corrects = |by: &&Deed| by.asked && by.of.is_some();
        let of = |by: &Deed| self.ever(account).find(|of| of.code == by.of);
        self.ever(account).filter(corrects).filter_map(|by| Some((by, of(by)?))).collect()
    }

    fn check_mails(&mut self, ending: &Ending) {
        let (mut wrong, mut missed, mut twice) = (Vec::new(), Vec::new(), Vec::new());
        let mut sent: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for letter in &ending.taken {
            *sent.entry((&letter.code, &letter.to)).or_default() += 1;
        }
        let accounts = self.accounts();
        let parked = named(&ending.parked);
        let among = |letters: &[Letter], code: &str, to: &str| letters.iter().any(|letter| letter.code == code && letter.to == to);
        let is_told = |code: &str, to: &str| {
            sent.contains_key(&(code, to)) || parked.contains(&(code.to_owned(), to.to_owned())) || among(&ending.refused, code, to)
        };
        // Whoever got a notice, or may have, is to get what takes it back; nobody else.
        let may_have = |code: &str, to: &str| {
            let mail = (code.to_owned(), to.to_owned());
            sent.contains_key(&(code, to)) || parked.contains(&mail) || self.uncertain.contains(&mail) || among(&ending.lost, code, to)
        };
        let mut owed: BTreeSet<(&str, &str)> = BTreeSet::new();
        for deed in accounts.iter().flat_map(|account| self.ever(*account)).filter(|deed| deed.asked) {
            let Some(code) = deed.code.as_deref() else { continue };
            owed.extend(deed.to.iter().map(|to| (code, to.as_str())));
        }
        for account in &accounts {
            for (by, of) in self.corrections(*account) {
                owed.extend(of.to.iter().filter(|to| may_have(code_of(of), to)).map(|to| (code_of(by), to.as_str())));
            }
        }
        for ((code, to), times) in &sent {
            if !owed.contains(&(code, to)) {
                wrong.push(format!("a mail with the code {code} went out, and nothing happened that it tells of"));
            }
            if *times > 1 {
                twice.push(format!("the mail with the code {code} went out {times} times"));
            }
        }
        for (code, to) in self.withheld.iter().filter(|(code, to)| sent.contains_key(&(code.as_str(), to.as_str()))) {
            wrong.push(format!("the mail {code} to {to} went out after its notice was taken back"));
        }
        for account in &accounts {
            let corrections = self.corrections(*account);
            let by_operator = |deed: &Deed| corrections.iter().any(|(by, of)| by.kind == RETRACTED && *of == deed);
            for (by, of) in corrections.iter().filter(|(by, _)| self.deeds(*account).contains(by)) {
                for to in of.to.iter().filter(|to| sent.contains_key(&(code_of(of), to.as_str())) && !is_told(code_of(by), to)) {
                    missed.push(format!("no correction left for {to}, who got what was taken back"));
                }
            }
            for deed in self.deeds(*account) {
                for to in deed.to.iter().filter(|to| !is_told(code_of(deed), to)) {
                    if !by_operator(deed) || !self.withheld.contains(&(code_of(deed).to_owned(), to.clone())) {
                        missed.push(format!("no mail about “{}” (number {}) ever left", deed.kind, deed.seq));
                    }
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

fn code_of(deed: &Deed) -> &str {
    deed.code.as_deref().unwrap_or_default()
}

/// Mails by their codes and addresses.
pub(super) fn named(mails: &[Mail]) -> BTreeSet<(String, String)> {
    let code = |mail: &Mail| {
        let details: MailDetails = serde_json::from_str(&mail.mail.values).ok()?;
        Some(details.enclosed.open(SERVER, &signing_key().public()).ok()?.code().to_string())
    };
    mails.iter().filter_map(|mail| Some((code(mail)?, mail.mail.to.clone()))).collect()
}
