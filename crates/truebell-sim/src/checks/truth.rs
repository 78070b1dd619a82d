//! The book of what really happened. Written from the stored state itself and from what people asked for; read against what devices,
//! screens and mailboxes showed.

use super::ending::named;
use super::{Check, Counts};
use crate::naive::Alarm;
use crate::site::{Site, ready};
use std::collections::{BTreeMap, BTreeSet};
use truebell_client::{Entry, ItemRef, Profile};
use truebell_core::account::Unlocked;
use truebell_core::derive::{derive_root_from_stretched, derive_stretched};
use truebell_core::event::{CheckCode, Trust, What, is_retraction, read_retraction, read_signed};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, DeviceId, ItemId, SessionId};
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;
use truebell_core::time::UnixMillis;
use truebell_core::wire::sync::Have;
use truebell_store::Store;
use truebell_store::memory::Memory;
use truebell_store::rows::Mail;

/// Something that really happened to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deed {
    /// Its place: 1 is the account's creation.
    pub(crate) seq: u64,
    /// What, in the words of events.
    pub(crate) kind: &'static str,
    /// The device that did it.
    pub(crate) by: Option<usize>,
    /// When, by the server's clock.
    pub(crate) at: UnixMillis,
    /// Who is owed a mail.
    pub(crate) to: Vec<String>,
    /// The code that names it, if the server recorded anything.
    pub(crate) code: Option<String>,
    /// Whether a person had asked for it.
    pub(crate) asked: bool,
    /// The code of the notice it takes back, if it does.
    pub(crate) of: Option<String>,
}

/// An account's stored state, as far as its security goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rows {
    keyset: Vec<u8>,
    opaque: Vec<u8>,
    email: String,
    is_closing: bool,
    has_totp: bool,
    /// Each device, and whether it is revoked.
    pub(crate) devices: BTreeMap<DeviceId, bool>,
    /// Those of them that are machines.
    machines: BTreeSet<DeviceId>,
    sessions: BTreeSet<SessionId>,
    /// How long its chain is: taking a notice back changes nothing else.
    links: u64,
}

/// One account.
#[derive(Debug, Clone)]
struct Book {
    rows: Rows,
    deeds: Vec<Deed>,
    password: String,
    secret_key: String,
}

/// What was seen of a device when it was enrolled: what it must still have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Belongings {
    pub(crate) trust: Trust,
    pub(crate) device: DeviceId,
    pub(crate) seed: String,
}

/// A device, as the book knows it.
#[derive(Debug, Clone, Default)]
struct DeviceBook {
    person: usize,
    name: String,
    profile: Option<Profile>,
    id: Option<DeviceId>,
    had: Option<Belongings>,
    items: BTreeSet<ItemId>,
    /// Notices shown: place and time of recording.
    shown: BTreeSet<(u64, UnixMillis)>,
    /// Corrections shown, by their codes.
    corrected: BTreeSet<String>,
}

/// A person, as the book knows them.
#[derive(Debug, Clone, Default)]
struct PersonBook {
    email: String,
    account: Option<AccountId>,
    /// Every password they ever chose, and every Secret Key they were given.
    passwords: Vec<String>,
    secret_keys: Vec<String>,
    purged: BTreeSet<ItemId>,
    pub(crate) written: Vec<Written>,
}

/// A value that a device took.
#[derive(Debug, Clone)]
pub(crate) struct Written {
    pub(crate) line: usize,
    pub(crate) at: ItemRef,
    pub(crate) value: String,
}

/// The book.
#[derive(Default)]
pub(crate) struct Truth {
    people: Vec<PersonBook>,
    devices: Vec<DeviceBook>,
    books: BTreeMap<AccountId, Book>,
    /// Deeds that a restored server does not have any more. They happened.
    undone: BTreeMap<AccountId, Vec<Deed>>,
    backup: Option<BTreeMap<AccountId, Book>>,
    /// How many notices the operator took back that the chain did not show yet.
    taking_back: u64,
    /// Mails whose fate nobody knew when a restored backup took their rows away: code and address. Whoever they are to may have got one.
    pub(super) uncertain: BTreeSet<(String, String)>,
    /// Mails of notices that had not gone out when the operator took these back: code and address. They never may.
    pub(super) withheld: BTreeSet<(String, String)>,
    /// What people asked for: device, kind, and the session it is about.
    asked: Vec<(usize, &'static str, Option<SessionId>)>,
    counts: Counts,
    findings: Vec<String>,
    sentences: BTreeSet<String>,
}

/// Words that only a notice may say of an account.
const ALARMING: [&str; 22] = [
    "password was",
    "password has been",
    "secret key was",
    "secret key or password",
    "was changed",
    "has been changed",
    "recently changed",
    "was reset",
    "was revoked",
    "been revoked",
    "signed out",
    "logged out",
    "session has expired",
    "session expired",
    "session was ended",
    "new device",
    "exposed",
    "is to be deleted",
    "was deleted",
    "was removed",
    "does not exist any more",
    "vault is empty",
];

/// Words of a sentence that only a notice may say.
pub(crate) fn alarming(sentence: &str) -> Option<&'static str> {
    // What says that nothing happened raises no alarm.
    let lower = sentence.to_lowercase().replace("nothing was changed", "");
    ALARMING.into_iter().find(|words| lower.contains(words))
}

/// A device takes a notice back, in the words of events.
const ACKNOWLEDGED: &str = "acknowledged";
/// The operator does. No event has this word.
pub(super) const RETRACTED: &str = "taken-back";

/// The most findings that are kept in words.
const FINDINGS_MAX: usize = 40;

impl Truth {
    pub(crate) fn add_person(&mut self, email: &str) {
        self.people.push(PersonBook { email: email.to_owned(), ..PersonBook::default() });
    }

    pub(crate) fn add_device(&mut self, person: usize, name: &str, profile: Profile) {
        self.devices.push(DeviceBook { person, name: name.to_owned(), profile: Some(profile), ..DeviceBook::default() });
    }

    /// A device has an account now.
    pub(crate) fn enrolled(&mut self, line: usize, had: Belongings) {
        if let Some(device) = self.devices.get_mut(line) {
            device.id = Some(had.device);
            (device.had, device.shown, device.corrected) = (Some(had), BTreeSet::new(), BTreeSet::new());
        }
    }

    pub(crate) fn add_password(&mut self, person: usize, password: &str) {
        if let Some(book) = self.people.get_mut(person) {
            book.passwords.push(password.to_owned());
        }
    }

    pub(crate) fn add_secret_key(&mut self, person: usize, secret_key: &str) {
        if let Some(book) = self.people.get_mut(person).filter(|book| !book.secret_keys.iter().any(|known| known == secret_key)) {
            book.secret_keys.push(secret_key.to_owned());
            // The first one is known to the person only once the sign-up is over.
            if let Some(book) = book.account.and_then(|account| self.books.get_mut(&account)).filter(|book| book.secret_key.is_empty()) {
                book.secret_key = secret_key.to_owned();
            }
        }
    }

    /// A person asks a device for something that a notice would tell of.
    pub(crate) fn asked(&mut self, line: usize, kind: &'static str, session: Option<SessionId>) {
        self.asked.push((line, kind, session));
    }

    pub(crate) fn wrote(&mut self, line: usize, at: ItemRef, value: &str) {
        let person = self.person_of(line);
        if let Some(book) = self.people.get_mut(person) {
            book.written.push(Written { line, at, value: value.to_owned() });
        }
    }

    pub(crate) fn purged(&mut self, line: usize, item: ItemId) {
        let person = self.person_of(line);
        if let Some(book) = self.people.get_mut(person) {
            book.purged.insert(item);
        }
    }

    fn person_of(&self, line: usize) -> usize {
        self.devices.get(line).map_or(0, |device| device.person)
    }

    pub(crate) fn account_of(&self, line: usize) -> Option<AccountId> {
        self.people.get(self.person_of(line)).and_then(|person| person.account)
    }

    /// Values that count: not those of items a person deleted for good.
    pub(crate) fn written(&self, person: usize) -> impl Iterator<Item = &Written> {
        let book = self.people.get(person);
        book.into_iter().flat_map(|book| book.written.iter().filter(|written| !book.purged.contains(&written.at.item)))
    }

    pub(crate) fn is_purged(&self, person: usize, item: ItemId) -> bool {
        self.people.get(person).is_some_and(|book| book.purged.contains(&item))
    }

    pub(crate) fn find(&mut self, check: Check, what: impl FnOnce() -> String) {
        self.counts.add(check);
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(format!("{check:?}: {}", what()));
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn findings(&self) -> &[String] {
        &self.findings
    }

    pub(crate) fn sentences(&self) -> Vec<String> {
        self.sentences.iter().cloned().collect()
    }

    pub(crate) fn name(&self, line: usize) -> String {
        self.devices.get(line).map(|device| device.name.clone()).unwrap_or_default()
    }

    // --- the stored state

    /// Looks at every account, and writes down what changed.
    pub(crate) fn look(&mut self, site: &Site, by: Option<usize>) {
        let at = site.watch.shows();
        site.look(|store| {
            for person in 0..self.people.len() {
                self.look_at(store, person, by, at);
            }
        });
    }

    fn look_at(&mut self, store: &Memory, person: usize, by: Option<usize>, at: UnixMillis) {
        let Some(book) = self.people.get(person) else { return };
        let found = match book.account {
            Some(account) => Some(account),
            None => ready(store.account_by_address(&book.email)).and_then(Result::ok).flatten(),
        };
        let Some(account) = found else { return };
        let Some((rows, signing)) = read(store, account) else { return };
        if let Some(book) = self.people.get_mut(person) {
            book.account = Some(account);
        }
        let trust = |key| Trust { server: truebell_core::ids::ServerId([0x5e; 16]), server_key: key, account, account_key: signing };
        let trust = trust(crate::site::signing_key().public());
        match self.books.get(&account).map(|book| book.rows.clone()) {
            None => {
                let (password, secret_key) = self.secrets_of(person);
                let to = vec![rows.email.clone()];
                self.books.insert(account, Book { rows, deeds: Vec::new(), password, secret_key });
                self.happened(store, (account, trust), "account-created", by, at, (to, true));
            }
            Some(before) if before != rows => {
                // Revoked ones stay in the books too: nobody is ever taken out of them.
                for _ in before.devices.keys().filter(|device| !rows.devices.contains_key(device)) {
                    self.find(Check::S, || "the server forgot a device that nobody removed".to_owned());
                }
                let changes = self.compare(person, account, &before, &rows, by);
                if let Some(book) = self.books.get_mut(&account) {
                    book.rows = rows.clone();
                }
                for (kind, asked) in changes {
                    let mut to = vec![before.email.clone()];
                    if kind == "address-changed" {
                        to.push(rows.email.clone());
                    }
                    self.happened(store, (account, trust.clone()), kind, by, at, (to, asked));
                }
                self.look_for_corrections(store, &trust, (by, at), rows.links);
            }
            Some(_) => {}
        }
    }

    fn secrets_of(&self, person: usize) -> (String, String) {
        let book = self.people.get(person);
        let last = |list: Option<&Vec<String>>| list.and_then(|list| list.last()).cloned().unwrap_or_default();
        (last(book.map(|book| &book.passwords)), last(book.map(|book| &book.secret_keys)))
    }

    /// What happened between two looks: kind, and whether somebody had asked for it.
    fn compare(&mut self, person: usize, account: AccountId, before: &Rows, now: &Rows, by: Option<usize>) -> Vec<(&'static str, bool)> {
        let mut kinds = Vec::new();
        if before.keyset != now.keyset || before.opaque != now.opaque {
            kinds.push(self.what_opens(person, account, &now.keyset));
        }
        if before.email != now.email {
            kinds.push("address-changed");
        }
        let new = |device: &&DeviceId| !before.devices.contains_key(device);
        if now.devices.keys().filter(new).any(|device| !now.machines.contains(device)) {
            kinds.push("device-enrolled");
        }
        if now.machines.iter().any(|device| new(&device)) {
            kinds.push("machine-enrolled");
        }
        if now.devices.iter().any(|(device, revoked)| *revoked && before.devices.get(device) == Some(&false)) {
            kinds.push("device-revoked");
        }
        if before.is_closing != now.is_closing {
            kinds.push(if now.is_closing { "deletion-scheduled" } else { "deletion-cancelled" });
        }
        if before.has_totp != now.has_totp {
            kinds.push(if now.has_totp { "second-factor-added" } else { "second-factor-removed" });
        }
        let mut found: Vec<_> =
            kinds.into_iter().map(|kind| (kind, self.asked.iter().any(|(line, what, _)| Some(*line) == by && *what == kind))).collect();
        // Sessions also end by signing out and by their time, which are no deeds.
        let ended = |session: &SessionId| before.sessions.contains(session) && !now.sessions.contains(session);
        let revoked = |(line, kind, session): &(usize, &'static str, Option<SessionId>)| {
            Some(*line) == by && *kind == "session-revoked" && session.as_ref().is_some_and(ended)
        };
        if self.asked.iter().any(revoked) && !found.iter().any(|(kind, _)| *kind == "device-revoked") {
            found.push(("session-revoked", true));
        }
        found
    }

    /// Which of the two secrets is new: the one without which the stored keyset does not open.
    fn what_opens(&mut self, person: usize, account: AccountId, keyset: &[u8]) -> &'static str {
        let Some((old_password, old_key)) = self.books.get(&account).map(|book| (book.password.clone(), book.secret_key.clone())) else {
            return "password-changed";
        };
        let epoch_after = |book: &Book| 1 + book.deeds.iter().filter(|deed| raises(deed.kind)).count() as u64;
        let epoch = self.books.get(&account).map_or(1, epoch_after) + 1;
        let keys = self.secret_keys_of(person);
        let passwords = self.people.get(person).map(|book| book.passwords.clone()).unwrap_or_default();
        for password in passwords.iter().rev() {
            let stretched = derive_stretched(&Secret::new(password.as_str()), account);
            for text in &keys {
                let Ok(secret_key) = SecretKey::parse(text) else { continue };
                let root = derive_root_from_stretched(&stretched, &secret_key, account);
                if Unlocked::open(account, epoch, &root, keyset).is_ok() {
                    let kind = if *text == old_key { "password-changed" } else { "secret-key-rotated" };
                    if let Some(book) = self.books.get_mut(&account) {
                        (book.password, book.secret_key) = (password.clone(), text.clone());
                    }
                    return kind;
                }
            }
        }
        let _unopened = old_password;
        "password-changed"
    }

    /// The Secret Keys this person's devices hold now, or were given earlier.
    fn secret_keys_of(&mut self, person: usize) -> Vec<String> {
        let files: Vec<String> = self
            .devices
            .iter()
            .filter(|device| device.person == person)
            .filter_map(|device| device.profile.as_ref()?.device().ok()?)
            .flat_map(|device| std::iter::once(device.secret_key).chain(device.next_secret_key))
            .map(|key| key.expose().to_owned())
            .collect();
        files.iter().for_each(|key| self.add_secret_key(person, key));
        self.people.get(person).map(|book| book.secret_keys.iter().rev().cloned().collect()).unwrap_or_default()
    }

    fn happened(
        &mut self,
        store: &Memory,
        (account, trust): (AccountId, Trust),
        kind: &'static str,
        by: Option<usize>,
        at: UnixMillis,
        (to, asked): (Vec<String>, bool),
    ) {
        let Some(book) = self.books.get_mut(&account) else { return };
        let seq = book.deeds.len() as u64 + 1;
        let code = code_of(store, &trust, seq);
        book.deeds.push(Deed { seq, kind, by, at, to, code, asked, of: None });
    }

    /// The operator is about to take a notice back.
    pub(crate) fn operator_takes_back(&mut self) {
        self.taking_back += 1;
    }

    /// He did, or the server would not.
    pub(crate) fn operator_took_back(&mut self, site: &Site) {
        self.look(site, None);
        self.taking_back = 0;
    }

    /// Who is owed a mail with this code.
    pub(crate) fn owed_by(&self, code: &str) -> Vec<String> {
        let mut deeds = self.books.values().flat_map(|book| &book.deeds);
        deeds.find(|deed| deed.code.as_deref() == Some(code)).map(|deed| deed.to.clone()).unwrap_or_default()
    }

    /// He did, before mails of it had gone out to these addresses.
    pub(crate) fn withheld(&mut self, code: &str, from: impl Iterator<Item = String>) {
        self.withheld.extend(from.map(|to| (code.to_owned(), to)));
    }

    /// Links that change no row: what takes a notice back. Nobody may add one but a device that was asked to, and the operator.
    fn look_for_corrections(&mut self, store: &Memory, trust: &Trust, (by, at): (Option<usize>, UnixMillis), links: u64) {
        let account = trust.account;
        while let Some(seq) = self.books.get(&account).map(|book| book.deeds.len() as u64 + 1).filter(|seq| *seq <= links) {
            let Some((kind, code, of)) = correction_at(store, trust, seq) else { return };
            let asked = if kind == ACKNOWLEDGED {
                self.asked.iter().any(|(line, what, _)| Some(*line) == by && *what == kind)
            } else {
                let is_his = self.taking_back > 0;
                self.taking_back = self.taking_back.saturating_sub(1);
                is_his
            };
            if let Some(book) = self.books.get_mut(&account) {
                book.deeds.push(Deed { seq, kind, by, at, to: Vec::new(), code: Some(code), asked, of: Some(of) });
            }
        }
    }

    pub(crate) fn back_up(&mut self) {
        self.backup = Some(self.books.clone());
    }

    /// The server is again what it was at the last backup; these mails were parked until then.
    pub(crate) fn restored(&mut self, parked: &[Mail]) {
        self.uncertain.extend(named(parked));
        let Some(backup) = self.backup.clone() else { return };
        for (account, book) in &self.books {
            let kept = backup.get(account).map_or(0, |book| book.deeds.len());
            self.undone.entry(*account).or_default().extend(book.deeds.iter().skip(kept).cloned());
        }
        self.books = backup;
    }

    /// An account's deeds, as the server has them now.
    pub(crate) fn deeds(&self, account: AccountId) -> &[Deed] {
        self.books.get(&account).map_or(&[], |book| &book.deeds)
    }

    /// All that ever happened to an account, undone or not.
    pub(crate) fn ever(&self, account: AccountId) -> impl Iterator<Item = &Deed> {
        self.deeds(account).iter().chain(self.undone.get(&account).into_iter().flatten())
    }

    /// Whether the server lets this device in: enrolled there, and not revoked.
    pub(crate) fn is_let_in(&self, line: usize) -> bool {
        let Some((account, id)) = self.account_of(line).zip(self.devices.get(line).and_then(|device| device.id)) else { return false };
        self.books.get(&account).and_then(|book| book.rows.devices.get(&id)) == Some(&false)
    }

    pub(crate) fn is_closing(&self, account: AccountId) -> bool {
        self.books.get(&account).is_some_and(|book| book.rows.is_closing)
    }

    pub(crate) fn accounts(&self) -> Vec<AccountId> {
        self.books.keys().copied().collect()
    }

    // --- what was shown

    /// A device showed a sentence that is no notice.
    pub(crate) fn said(&mut self, line: usize, sentence: &str) {
        if let Some(alarming) = alarming(sentence) {
            self.find(Check::F, || format!("device {line} said “{sentence}”, which says “{alarming}” and is no notice"));
        }
        if self.sentences.len() < 400 {
            self.sentences.insert(sentence.to_owned());
        }
    }

    /// A device showed a notice.
    pub(crate) fn noticed(&mut self, line: usize, entry: &Entry) {
        let (account, notice) = (self.account_of(line), &entry.notice);
        let is_true = account.is_some_and(|account| {
            self.ever(account).any(|deed| deed.asked && (deed.seq, deed.kind, deed.at) == (notice.seq, notice.kind, notice.at))
        });
        if !is_true {
            let (seq, kind) = (notice.seq, notice.kind);
            self.find(Check::F, || format!("device {line} was shown “{kind}” (number {seq}), which nobody did"));
        }
        let key = (notice.seq, notice.at);
        // One that was taken back is shown once more, with the correction.
        let news: Vec<String> = entry.corrections.iter().map(|by| by.code.as_str().to_owned()).collect();
        let of = notice.code.as_str();
        let is_made = |code: &String| {
            let fits = |deed: &Deed| deed.asked && deed.code.as_ref() == Some(code) && deed.of.as_deref() == Some(of);
            account.is_some_and(|account| self.ever(account).any(fits))
        };
        if !news.iter().all(is_made) {
            self.find(Check::F, || format!("device {line} was shown a correction of notice {}, which nobody made", key.0));
        }
        let again = self.devices.get_mut(line).is_some_and(|device| {
            let is_new = device.shown.insert(key);
            let corrected = news.into_iter().filter(|code| device.corrected.insert(code.clone())).count();
            !is_new && corrected == 0
        });
        if again {
            self.find(Check::F, || format!("device {line} was shown notice {} twice", key.0));
        }
        if self.sentences.len() < 400 {
            self.sentences.insert(notice.sentence.clone());
        }
    }

    /// Whether a device was shown a deed.
    pub(crate) fn was_shown(&self, line: usize, deed: &Deed) -> bool {
        let Some(device) = self.devices.get(line) else { return false };
        if deed.kind == RETRACTED {
            // It stands beside what it corrects, and is no notice of its own.
            deed.code.as_ref().is_some_and(|code| device.corrected.contains(code))
        } else {
            device.shown.contains(&(deed.seq, deed.at))
        }
    }

    /// How many deeds were done to a device's account up to now.
    pub(crate) fn deeds_by_now(&self, line: usize) -> usize {
        self.account_of(line).map_or(0, |account| self.deeds(account).len())
    }

    /// A device says it is up to date: then it showed whatever was done before it asked.
    pub(crate) fn claims_up_to_date(&mut self, line: usize, known: usize) {
        let (Some(account), Some(since)) = (self.account_of(line), self.came_in(line)) else { return };
        let is_missed = |deed: &&Deed| deed.seq > since && deed.by != Some(line) && !self.was_shown(line, deed);
        let missed = self.deeds(account).iter().take(known).find(is_missed).map(|deed| (deed.kind, deed.seq));
        if let Some((kind, seq)) = missed {
            self.find(Check::M, || format!("device {line} said it is up to date, and had not shown “{kind}” (number {seq})"));
        }
    }

    /// Where in the account's history a device came in; `None` if that is not in it any more.
    pub(crate) fn came_in(&self, line: usize) -> Option<u64> {
        let account = self.account_of(line)?;
        let enrolled = |deed: &&Deed| deed.by == Some(line) && matches!(deed.kind, "account-created" | "device-enrolled");
        self.deeds(account).iter().rfind(enrolled).map(|deed| deed.seq)
    }

    /// Whether a naive client's alarm would be true for this device now.
    pub(crate) fn would_be_true(&self, line: usize, alarm: Alarm) -> bool {
        match alarm {
            Alarm::SignedOut => self.devices.get(line).is_some_and(|device| device.id.is_some()) && !self.is_let_in(line),
            Alarm::PasswordChanged => self.account_of(line).is_some_and(|account| {
                self.deeds(account).iter().any(|deed| raises(deed.kind) && deed.by != Some(line) && !self.was_shown(line, deed))
            }),
            Alarm::AccountGone => self.account_of(line).is_some_and(|account| !self.books.contains_key(&account)),
            Alarm::VaultEmpty => false,
        }
    }

    // --- what a device has

    /// Compares what a device has with what it had.
    pub(crate) fn inspect(&mut self, line: usize, has: Option<&Belongings>, items: Option<BTreeSet<ItemId>>) {
        let Some(device) = self.devices.get(line) else { return };
        let person = device.person;
        if let Some(had) = &device.had
            && has != Some(had)
        {
            let name = device.name.clone();
            self.find(Check::S, || format!("{name} lost its account, its keys or whom it believes"));
            if let Some(device) = self.devices.get_mut(line) {
                device.had = has.cloned();
            }
        }
        let Some(items) = items else { return };
        let Some(device) = self.devices.get(line) else { return };
        let missing: Vec<ItemId> = device.items.difference(&items).copied().filter(|item| !self.is_purged(person, *item)).collect();
        for item in missing {
            self.find(Check::S, || format!("device {line} does not have {item} any more, and nobody deleted it"));
        }
        if let Some(device) = self.devices.get_mut(line) {
            device.items = items;
        }
    }
}

/// Whether a deed raises the credential epoch.
fn raises(kind: &str) -> bool {
    matches!(kind, "password-changed" | "secret-key-rotated")
}

fn read(store: &Memory, account: AccountId) -> Option<(Rows, truebell_core::sign::PublicKey)> {
    let row = ready(store.account(account))?.ok()??;
    let devices = ready(store.devices(account))?.ok()?;
    let sessions = ready(store.sessions(account, UnixMillis(0)))?.ok()?;
    let mut machines = BTreeSet::new();
    for device in &devices {
        if !ready(store.machine_vaults(account, device.device.device))?.ok()?.is_empty() {
            machines.insert(device.device.device);
        }
    }
    let rows = Rows {
        keyset: row.record.keyset,
        opaque: row.opaque,
        email: row.record.email,
        is_closing: row.record.deletion_due.is_some(),
        has_totp: row.totp.is_some(),
        devices: devices.into_iter().map(|device| (device.device.device, device.revoked.is_some())).collect(),
        machines,
        sessions: sessions.into_iter().map(|session| session.session).collect(),
        links: row.chain.seq,
    };
    Some((rows, row.signing))
}

/// The check code of the event at a place, to know mails by. It is a name here and no evidence.
fn code_of(store: &Memory, trust: &Trust, seq: u64) -> Option<String> {
    let event = read_signed(&link_at(store, trust.account, seq)?, trust).ok()?;
    let code: &CheckCode = &event.code();
    debug_assert_ne!(event.digest, Hash32::default());
    Some(code.as_str().to_owned())
}

fn link_at(store: &Memory, account: AccountId, seq: u64) -> Option<String> {
    let have = Have { events: seq - 1, record: u64::MAX >> 1, vaults: Vec::new() };
    ready(store.changes(account, &have))?.ok()??.events.first().cloned()
}

/// What takes a notice back at this place of the chain: kind, its own code, and the notice's.
fn correction_at(store: &Memory, trust: &Trust, seq: u64) -> Option<(&'static str, String, String)> {
    let set = link_at(store, trust.account, seq)?;
    if is_retraction(&set) {
        let found = read_retraction(&set, trust.server, &trust.server_key).ok()?;
        return Some((RETRACTED, found.code().to_string(), found.of.code.to_string()));
    }
    let event = read_signed(&set, trust).ok()?;
    match &event.act.what {
        What::Acknowledged { of, .. } => Some((ACKNOWLEDGED, event.code().to_string(), of.code.to_string())),
        _ => None,
    }
}
