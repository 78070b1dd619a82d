//! The people of the drill: real clients with a replica each, who sync, edit, and now and then change their password.

use super::book::Book;
use super::wire::Noted;
use crate::exit::{Answered, Failure};
use crate::output::Progress;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use truebell_client::{Client, Clock, Filter, Profile, SignIn, SignUp, SystemChance, SystemClock, World, sign_in_stretched, sign_up};
use truebell_core::derive::derive_stretched;
use truebell_core::ids::VaultId;
use truebell_core::item::Item;
use truebell_core::outcome;
use truebell_core::secret::Secret;
use truebell_core::sign::Fingerprint;
use truebell_engine::sync::{View, Why};

/// Devices of one account.
pub(super) const DEVICES: usize = 8;
const PASSWORD: &str = "drill: correct horse battery staple";
/// Devices awake at once.
const AT_ONCE: usize = 24;
/// Stack of a device's thread.
const STACK: usize = 1 << 20;
/// A device does not try again sooner than this, whatever its client says.
const RETRY_MIN_MS: u64 = 200;
/// Longest time for all to be up to date once the day is over.
const SETTLE_TIME: Duration = Duration::from_secs(90);

/// One device.
pub(super) struct Person {
    pub account: usize,
    client: Mutex<Client>,
    vault: VaultId,
    /// What its person saved here.
    saved: Mutex<Vec<String>>,
    /// Names it among all.
    name: String,
}

/// Tells everybody that the day is over.
#[derive(Default)]
pub(super) struct Bell {
    has_rung: Mutex<bool>,
    rings: Condvar,
}

impl Bell {
    /// It is over.
    pub(super) fn ring(&self) {
        *self.has_rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.rings.notify_all();
    }

    /// Waits for so long; whether it is over.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let rung = self.has_rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.rings.wait_timeout_while(rung, time, |rung| !*rung);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Who is awake.
#[derive(Default)]
struct Turns {
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Turns {
    /// Does it when fewer than `most` are at it.
    fn at_most<T>(&self, most: usize, work: impl FnOnce() -> T) -> T {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = self.freed.wait_while(taken, |taken| *taken >= most).unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        drop(taken);
        let done = work();
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.freed.notify_one();
        done
    }
}

/// Numbers that spread people over time, the same in each run (splitmix64).
struct Spread(u64);

impl Spread {
    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from(u32::try_from(mixed >> 33).unwrap_or_default()) / f64::from(1_u32 << 31)
    }
}

impl Person {
    fn client(&self) -> MutexGuard<'_, Client> {
        self.client.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All of them.
pub(super) struct People {
    pub all: Vec<Person>,
    book: Arc<Book>,
    /// Accounts whose password really changed, how often.
    changed: Mutex<Vec<usize>>,
    at_work: Turns,
}

/// What the day did to them.
#[derive(Default)]
pub(super) struct Found {
    pub false_alarms: u64,
    pub missed_alarms: u64,
    pub lost_writes: u64,
    pub lost_sessions: u64,
    pub duplicate_mails: u64,
    pub changes: u64,
    pub edits: u64,
}

fn world(to: SocketAddr, number: usize, account: usize, book: &Arc<Book>) -> World {
    let transport = Arc::new(Noted::new(to, number, account, book.clone()));
    World { transport, clock: Arc::new(SystemClock), chance: Box::new(SystemChance) }
}

fn failed(error: truebell_client::Error) -> Failure {
    Failure::plain(format!("The drill's accounts could not be made: {error}."))
}

/// One account with its devices. The password is stretched twice in all, not once for each device.
fn make_account(to: SocketAddr, home: &Path, account: usize, devices: usize, key: &Fingerprint, book: &Arc<Book>) -> Answered<Vec<Person>> {
    let server = format!("http://{to}");
    let profile = |device: usize| Profile::open(&format!("p{account}-{device}"), Some(home)).map_err(|error| failed(error.into()));
    let first = account * DEVICES;
    let email = format!("person{account}@example.org");
    let request = SignUp {
        server: server.clone(),
        fingerprint: Some(key.clone()),
        email: email.clone(),
        password: Secret::new(PASSWORD),
        invitation: None,
        device_name: "device 0".into(),
        vault_name: "Personal".into(),
    };
    let (client, kit) = sign_up(&profile(0)?, &request, world(to, first, account, book)).map_err(failed)?;
    let mut clients = vec![client];
    let stretched = derive_stretched(&request.password, kit.account);
    for device in 1..devices {
        let request = SignIn {
            server: server.clone(),
            fingerprint: Some(key.clone()),
            email: email.clone(),
            secret_key: kit.secret_key.clone(),
            password: Secret::default(),
            device_name: format!("device {device}"),
        };
        let world = world(to, first + device, account, book);
        clients.push(sign_in_stretched(&profile(device)?, &request, &stretched, world).map_err(failed)?);
    }
    let mut people = Vec::new();
    for client in clients {
        let vaults = client.vaults().map_err(failed)?;
        let Some(vault) = vaults.first().map(|vault| vault.vault) else { return Err(Failure::plain("The drill's account has no vault.")) };
        let name = format!("{account}-{}", people.len());
        people.push(Person { account, client: Mutex::new(client), vault, saved: Mutex::default(), name });
    }
    Ok(people)
}

impl People {
    /// Makes so many clients, a few accounts at a time.
    pub(super) fn make(to: SocketAddr, home: &Path, clients: usize, key: &Fingerprint, book: &Arc<Book>, show: bool) -> Answered<Self> {
        let accounts = clients.div_ceil(DEVICES).max(2);
        let progress = Progress::new("Making people", accounts as u64, show);
        let (next, made) = (AtomicUsize::new(0), Mutex::new(Ok(Vec::new())));
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    loop {
                        let account = next.fetch_add(1, Ordering::Relaxed);
                        if account >= accounts || made.lock().unwrap_or_else(PoisonError::into_inner).is_err() {
                            return;
                        }
                        let devices = DEVICES.min(clients.saturating_sub(account * DEVICES)).max(2);
                        let new = make_account(to, home, account, devices, key, book);
                        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
                        match (&mut *made, new) {
                            (Ok(people), Ok(new)) => people.extend(new),
                            (made, Err(error)) => *made = Err(error),
                            (Err(_), Ok(_)) => {}
                        }
                        progress.at(account as u64, accounts as u64);
                    }
                });
            }
        });
        let all = made.into_inner().unwrap_or_else(PoisonError::into_inner)?;
        Ok(Self { all, book: book.clone(), changed: Mutex::default(), at_work: Turns::default() })
    }

    /// How many passwords really changed.
    pub(super) fn changes(&self) -> usize {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Lives on until the bell rings, each device by itself: it edits and syncs every now and then, and not before its client would. One
    /// machine cannot be two thousand: so many of them are awake at once.
    /// How many the system had no thread for.
    pub(super) fn live(&self, every: Duration, bell: &Bell) -> usize {
        std::thread::scope(|scope| {
            let mut without = 0;
            for (number, person) in self.all.iter().enumerate() {
                // Thousands of threads that sleep cost little, but for their stacks.
                let thread = std::thread::Builder::new().stack_size(STACK);
                let life = move || {
                    let mut chance = Spread(number as u64);
                    let mut wait = every.mul_f64(chance.part());
                    while !bell.wait(wait) {
                        let again = self.at_work.at_most(AT_ONCE, || {
                            // The day may have ended while it waited for its turn.
                            if bell.wait(Duration::ZERO) { None } else { self.visit(person, chance.part() < 0.5) }
                        });
                        wait = every.mul_f64(0.5 + chance.part()).max(again.unwrap_or_default());
                    }
                };
                without += usize::from(thread.spawn_scoped(scope, life).is_err());
            }
            without
        })
    }

    /// One visit of a person at a device; how long until its client wants to try again, if it must.
    fn visit(&self, person: &Person, edits: bool) -> Option<Duration> {
        let mut client = person.client();
        if edits {
            let mut saved = person.saved.lock().unwrap_or_else(PoisonError::into_inner);
            let title = format!("item {} of {}", saved.len(), person.name);
            let mut item = Item::default();
            item.overview.title.clone_from(&title);
            item.set_field("password", format!("secret of {title}"));
            // Saved here is saved: from now on it must never be lost.
            if client.create(person.vault, item).is_ok() {
                saved.push(title);
            }
        }
        let synced = client.sync_if_due().ok()??;
        self.book.noticed(synced.notices as u64);
        let View::Stale { why, .. } = &synced.view else { return None };
        self.book.said(kind_of(why), &synced.sentence, person.account);
        let due = client.next_due().0.saturating_sub(SystemClock.now().0);
        Some(Duration::from_millis(due.max(RETRY_MIN_MS)))
    }

    /// Somebody changes their password for real, and tries until it is done.
    pub(super) fn change_password(&self, account: usize, bell: &Bell) {
        let Some(person) = self.all.iter().find(|person| person.account == account) else { return };
        let changes = |client: &Client| {
            client.inbox().map_or(0, |inbox| inbox.iter().filter(|entry| entry.notice.kind == "password-changed").count())
        };
        while !bell.wait(Duration::from_secs(1)) {
            let mut client = person.client();
            let done = client.change_password(&Secret::new(PASSWORD), &Secret::new("drill: another horse")).is_ok();
            // Where the answer was lost, a sync tells what became of it.
            if done || client.sync().is_ok() && changes(&client) > 0 {
                self.changed.lock().unwrap_or_else(PoisonError::into_inner).push(account);
                return;
            }
        }
    }

    /// Waits until every device is up to date, or gives up on some.
    pub(super) fn settle(&self) {
        let end = Instant::now() + SETTLE_TIME;
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    while let Some(person) = self.all.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let mut client = person.client();
                        // Twice: the second time it also has what the others wrote meanwhile.
                        while Instant::now() < end && !self.is_current(&mut client) {
                            std::thread::sleep(Duration::from_millis(200));
                        }
                    }
                });
            }
        });
    }

    /// Syncs; whether it has all there is and nothing waits here.
    fn is_current(&self, client: &mut Client) -> bool {
        let before = SystemClock.now();
        let Ok(synced) = client.sync() else { return false };
        self.book.noticed(synced.notices as u64);
        let is_fresh = matches!(synced.view, View::UpToDate { as_of } if as_of >= before);
        is_fresh && client.status().is_ok_and(|status| status.pending == 0)
    }

    /// Looks at everything that was promised.
    pub(super) fn check(&self, mails: &[String]) -> Found {
        let mut found = Found::default();
        let changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        found.changes = changed.len() as u64;
        for person in &self.all {
            let mut client = person.client();
            if !self.is_current(&mut client) {
                found.lost_sessions += 1;
            }
            let really = changed.iter().filter(|account| **account == person.account).count();
            let inbox = client.inbox().unwrap_or_default();
            let told: Vec<_> = inbox.iter().filter(|entry| entry.notice.kind == "password-changed").collect();
            found.false_alarms += told.len().saturating_sub(really) as u64;
            found.missed_alarms += really.saturating_sub(told.len()) as u64;
            let others = ["account-created", "device-enrolled", "password-changed"];
            found.false_alarms += inbox.iter().filter(|entry| !others.contains(&entry.notice.kind)).count() as u64;
            for entry in told.iter().filter(|entry| entry.own) {
                let sent = mails.iter().filter(|mail| mail.contains(&entry.notice.code.to_string())).count();
                found.missed_alarms += u64::from(sent == 0);
                found.duplicate_mails += sent.saturating_sub(1) as u64;
            }
        }
        found.lost_writes = self.lost_writes(&mut found.edits);
        found
    }

    /// Edits somebody saved that another device of the account does not have.
    fn lost_writes(&self, edits: &mut u64) -> u64 {
        let mut lost = 0;
        let titles = |person: &Person| -> BTreeSet<String> {
            person.client().list(&Filter::default()).iter().map(|listed| listed.overview.title.clone()).collect()
        };
        let mut from = 0;
        while let Some(first) = self.all.get(from) {
            let devices: Vec<&Person> = self.all.iter().skip(from).take_while(|person| person.account == first.account).collect();
            from += devices.len();
            let there: Vec<_> = devices.iter().map(|device| titles(device)).collect();
            for device in devices {
                let saved = device.saved.lock().unwrap_or_else(PoisonError::into_inner);
                *edits += saved.len() as u64;
                lost += saved.iter().filter(|title| there.iter().any(|titles| !titles.contains(*title))).count() as u64;
            }
        }
        lost
    }
}

/// Troubles that are told in the same words.
fn kind_of(why: &Why) -> &'static str {
    match why {
        Why::Busy { .. } => "busy",
        Why::Maintenance { .. } => "maintenance",
        Why::Unreachable { failure: outcome::Failure::Timeout } => "no answer in time",
        Why::Unreachable { failure: outcome::Failure::Broken } => "broke off",
        Why::Unreachable { .. } => "unreachable",
        Why::Intercepted { .. } => "intercepted",
        Why::Refused { .. } => "refused",
        Why::Unproven { .. } => "unproven",
        Why::Outdated { .. } | Why::ClockSkew { .. } | Why::WrongServer => "other",
    }
}
