//! The desk: an unlocked [`Client`] that answers one [`Ask`] after another. The agent has one, and so has a command that works
//! without the agent. Never here: sockets, prompts, words about how to type a command.

use super::answer::{Listing, Made, OpenStatus, Opened, PastView, StatusView, SyncNote};
use super::ask::{Ask, ItemName, Scope};
use super::door::{Streams, unheard};
use super::edit;
use super::health;
use super::lines::{self, Form};
use super::meant::{filter, find, find_attachment, find_totp, pseudo_field, read_code};
use super::view::{log_view, row, vault_names, view};
use crate::exit::{Answered, Code, Failure};
use crate::output::{NoticeLine, count_text};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;
use truebell_client::{
    Client, Clock, Error, Hold, ItemRef, Kind, Listed, Online, Profile, ProfileError, Progress, ReplicaError, SystemClock,
};
use truebell_core::ids::ItemId;
use truebell_core::item::Item;
use truebell_core::log::Policy;
use truebell_core::outcome;
use truebell_core::time::UnixMillis;
use truebell_engine::sync::{View, Why};

/// After a try that ended in silence, edits wait this long before the next try of their own accord: nobody should sit through a
/// time-out with each edit.
const SILENCE: Duration = Duration::from_secs(30);
/// Where the sync goes on in the background anyway, an edit waits no longer than this for word from the server.
const PATIENCE: Duration = Duration::from_secs(5);

/// The desk. Many may ask at once: the client is held for moments, and by nobody who waits for the network.
pub struct Desk {
    client: Mutex<Option<Client>>,
    /// Whose turn it is to be online: one run at a time.
    turn: Mutex<()>,
    profile: Profile,
    /// Whether this process outlives the answer, so that a sync may go on after it.
    stays: bool,
    silent_since: Mutex<Option<UnixMillis>>,
}

/// A lock of ours.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked has left no half-made state behind: the desk's transactions are the replica's.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hold for Desk {
    fn with<T, E: From<Error>>(&self, act: impl FnOnce(&mut Client) -> Result<T, E>) -> Result<T, E> {
        act(held(&self.client).as_mut().ok_or(Error::Closed)?)
    }
}

/// A turn online, which tells how far it is.
struct Turn<'a> {
    desk: &'a Desk,
    far: &'a dyn Fn(Progress),
    _turn: MutexGuard<'a, ()>,
}

impl Hold for Turn<'_> {
    fn with<T, E: From<Error>>(&self, act: impl FnOnce(&mut Client) -> Result<T, E>) -> Result<T, E> {
        self.desk.with(act)
    }

    fn progress(&self, far: Progress) {
        (self.far)(far);
    }
}

/// A failure of the client library, with its exit code.
pub fn failure_of(error: &Error) -> Failure {
    let code = match error {
        Error::Profile(ProfileError::Empty(_) | ProfileError::Taken(_)) => Code::Profile,
        Error::Profile(ProfileError::Name) => Code::Usage,
        Error::Profile(ProfileError::Damaged { .. }) | Error::Replica(ReplicaError::Damaged { .. }) | Error::Keys(_) => Code::Damaged,
        Error::Ambiguous { .. } => Code::Ambiguous,
        Error::Closed => Code::Locked,
        error => match error.kind() {
            Kind::Usage => Code::Usage,
            Kind::NotFound => Code::NotFound,
            Kind::Credentials => Code::WrongDetails,
            Kind::Offline | Kind::Distrust => Code::Offline,
            Kind::Refused => Code::Refused,
            Kind::NoAccess => Code::Token,
            Kind::Local => Code::Failed,
        },
    };
    Failure::new(code, sentence(&error.to_string()))
}

/// The library's clauses as a sentence of ours.
pub(super) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if words.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

fn json(answer: &impl Serialize) -> Answered<Vec<u8>> {
    serde_json::to_vec(answer).map_err(|_| Failure::plain("The answer could not be written down."))
}

fn done() -> Answered<Vec<u8>> {
    Ok(b"{\"ok\":true}".to_vec())
}

pub(super) fn now() -> UnixMillis {
    SystemClock.now()
}

type Asked = Answered<Vec<u8>>;

impl Desk {
    /// With an unlocked account. `stays` where this process lives on after its answers.
    pub fn new(profile: Profile, client: Client, stays: bool) -> Arc<Self> {
        let silent_since = Mutex::new(None);
        Arc::new(Self { client: Mutex::new(Some(client)), turn: Mutex::new(()), profile, stays, silent_since })
    }

    /// Uses the client for a moment.
    fn local<T>(&self, act: impl FnOnce(&mut Client) -> Answered<T>) -> Answered<T> {
        let mut client = held(&self.client);
        act(client.as_mut().ok_or_else(|| Failure::new(Code::Locked, "The account is locked: unlock it with `truebell unlock`."))?)
    }

    /// Waits for its turn, and is online.
    fn online<'a>(&'a self, far: &'a dyn Fn(Progress)) -> Online<Turn<'a>> {
        Online::new(Turn { desk: self, far, _turn: held(&self.turn) })
    }

    /// Asks without changing anything, whoever else is online.
    fn asking(&self) -> Online<&Self> {
        Online::new(self)
    }

    /// Answers with JSON. `streams` carry the bytes of attachments, and how far a sync is.
    pub fn answer(self: &Arc<Self>, ask: Ask, streams: &mut Streams<'_>) -> Asked {
        if !ask.is_for_machines() && held(&self.client).as_ref().is_some_and(Client::is_machine) {
            return Err(of(Error::MachineOnlyReads));
        }
        match ask {
            Ask::Lock => {
                drop(held(&self.client).take());
                done()
            }
            Ask::Stay { .. } => done(),
            Ask::Status { why } => self.status(why),
            Ask::Sync => json(&self.online(streams.progress).sync().map_err(of)?),
            Ask::List { scope, form } => self.list(None, &scope, form),
            Ask::Search { text, scope, form } => self.list(Some(&text), &scope, form),
            Ask::Item { item, reveal, version } => self.item(&item, reveal, version),
            Ask::Field { item, field } => self.field(&item, &field),
            Ask::Totp { item } => self.totp(&item),
            Ask::Create { vault, item } => self.create(vault.as_deref(), *item),
            Ask::Edit { item, changes } => self.change(&item, |client, at| {
                let mut edited = client.item(at).map_err(of)?;
                edit::apply(&mut edited, &changes)?;
                client.edit(at, edited).map_err(of)
            }),
            Ask::Move { item, to } => self.move_item(&item, &to),
            Ask::Remove { item, purge: false } => self.change(&item, |client, at| client.trash(at).map_err(of)),
            Ask::Remove { item, purge: true } => self.purge(&item),
            Ask::Restore { item, version: None } => self.change(&item, |client, at| client.restore(at).map_err(of)),
            Ask::Restore { item, version: Some(number) } => self.change(&item, |client, at| client.restore_version(at, number).map_err(of)),
            Ask::Archive { item } => self.change(&item, |client, at| client.archive(at).map_err(of)),
            Ask::History { item, reveal } => self.history(&item, reveal),
            Ask::Import { vault, items } => self.import(vault.as_deref(), items),
            Ask::Open { scope, from, count } => self.open(&scope, from, count),
            Ask::SetAside { item, finding, reason } => self.annotate(&item, |item| health::set_aside(item, finding, &reason, now())),
            Ask::BringBack { item, finding } => self.annotate(&item, |item| health::bring_back(item, finding)),
            Ask::Told { marks } => self.told(marks),
            Ask::Attach { item, name, .. } => {
                let at = self.find(&item)?;
                self.asking().attach(at, &name, streams.input).map_err(of)?;
                self.made(at)
            }
            Ask::Attachment { item, attachment } => self.read_attachment(&item, &attachment, streams),
            Ask::AttachmentById { item, attachment } => self.read_attachment(&item, &attachment.to_string(), streams),
            Ask::Detach { item, attachment } => self.change(&item, |client, at| {
                let card = find_attachment(&client.item(at).map_err(of)?, &attachment)?;
                client.detach(at, card.id).map_err(of)
            }),
            Ask::Vaults => json(&serde_json::json!({ "vaults": self.local(|client| client.vaults().map_err(of))? })),
            Ask::CreateVault { name } => {
                let vault = self.local(|client| client.create_vault(&name).map_err(of))?;
                json(&serde_json::json!({ "vault": vault, "name": name }))
            }
            Ask::RenameVault { vault, name } => self.rename_vault(&vault, &name),
            Ask::Devices => self.devices(),
            Ask::RevokeDevice { device } => self.act(|online| online.revoke_device(device)),
            Ask::CreateMachine { name, vaults } => self.create_machine(&name, &vaults),
            Ask::Machines => self.machines(),
            Ask::Sessions => self.sessions(),
            Ask::RevokeSession { session } => self.act(|online| online.revoke_session(session)),
            Ask::Kit => json(&super::kit::line_of(&self.local(|client| client.kit().map_err(of))?)),
            Ask::ChangePassword { current, new } => self.act(|online| online.change_password(&current, &new)),
            Ask::RotateSecretKey { password } => {
                json(&super::kit::line_of(&self.online(streams.progress).rotate_secret_key(&password).map_err(of)?))
            }
            Ask::ChangeAddress { email } => self.act(|online| online.change_address(&email)),
            Ask::DeleteAccount => json(&serde_json::json!({ "due": self.online(streams.progress).schedule_deletion().map_err(of)? })),
            #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is of one turn's lifetime, and any may come")]
            Ask::KeepAccount => self.act(|online| online.cancel_deletion()),
            Ask::MakeSecondFactor => json(&serde_json::json!({ "uri": self.local(|client| client.make_second_factor().map_err(of))? })),
            Ask::AddSecondFactor { uri, code } => self.act(|online| online.add_second_factor(&uri, &code)),
            Ask::RemoveSecondFactor { code } => self.act(|online| online.remove_second_factor(&code)),
            Ask::Inbox => self.inbox(),
            Ask::Seen { seqs } => self.local(|client| client.mark_seen(&seqs).map_err(of)).and_then(|()| done()),
            Ask::Log { compare } => self.log(compare.as_deref()),
            Ask::LogWitnesses { set } => self.log_witnesses(set),
            Ask::VerifyNotice { code } => self.verify_notice(&code),
            Ask::RetractNotice { code, plea } => json(&self.online(streams.progress).retract_notice(&read_code(&code)?, plea).map_err(of)?),
            Ask::SignOut { discard } => self.sign_out(discard),
        }
    }

    fn act(&self, act: impl FnOnce(&Online<Turn<'_>>) -> Result<(), Error>) -> Asked {
        act(&self.online(&unheard)).map_err(of)?;
        done()
    }

    /// Notices this device has not shown yet. An inbox that cannot be read is no inbox without notices: whoever asks is told.
    pub fn unseen(&self) -> Answered<Vec<NoticeLine>> {
        let entries = held(&self.client).as_ref().map_or_else(|| Ok(Vec::new()), Client::unseen).map_err(of)?;
        let news = entries.iter().filter(|entry| !entry.own || !entry.corrections.is_empty());
        Ok(news.map(|entry| NoticeLine::from(&entry.notice).corrected(&entry.corrections)).collect())
    }

    /// Syncs where the server's pacing allows it: the agent's own initiative, not a question.
    pub fn sync_if_due(&self) -> Answered {
        self.online(&unheard).sync_if_due().map(drop).map_err(of)
    }

    /// Listens to the server's hints until there is nothing to hear any more. Each wakes the engine, and then `heard` is called.
    pub fn listen(&self, heard: impl FnMut()) -> Answered<Option<Why>> {
        self.asking().listen(heard).map_err(of)
    }

    /// When that has something to do next; `None` while others have the client.
    pub fn next_due(&self) -> Option<UnixMillis> {
        self.client.try_lock().ok()?.as_ref().map(Client::next_due)
    }

    fn status(&self, why: bool) -> Asked {
        let profile = self.profile.name().to_owned();
        let (status, trace) = self.local(|client| {
            let trace = if why { Some(client.trace().map_err(of)?) } else { None };
            Ok((client.status().map_err(of)?, trace))
        })?;
        let open = OpenStatus {
            epoch: status.epoch,
            items: status.items,
            pending: status.pending,
            unseen: status.unseen,
            second_factors: status.second_factors,
            deletion_due: status.deletion_due,
            newer_credentials: status.newer_credentials,
            state: status.state.to_string(),
            sync: serde_json::to_value(&status.sync).unwrap_or_default(),
            sentence: status.sentence,
            log: serde_json::to_value(&status.log).unwrap_or_default(),
            log_sentence: status.log_sentence,
            why: trace,
        };
        json(&StatusView {
            profile,
            unlocked: true,
            agent: false,
            unlocked_until: None,
            server: status.server,
            fingerprint: status.fingerprint.to_string(),
            account: status.account.to_string(),
            email: status.email,
            device: status.device.to_string(),
            device_name: status.device_name,
            open: Some(open),
        })
    }

    /// The one item meant. Where several may be, the failure lists them with what tells them apart.
    fn find(&self, item: &ItemName) -> Answered<ItemRef> {
        self.local(|client| find(client, item))
    }

    fn list(&self, text: Option<&str>, scope: &Scope, form: Form) -> Asked {
        self.local(|client| {
            let filter = filter(client, scope)?;
            let names = vault_names(client)?;
            let listed = match text {
                None => client.list(&filter),
                Some(text) => client.search(text, &filter),
            };
            match form {
                Form::Json => json(&Listing { items: listed.iter().map(|line| row(line, &names)).collect(), stale: client.staleness() }),
                Form::Lines | Form::Marked => Ok(lines::write(&listed, &names, form, client.staleness().as_deref())),
            }
        })
    }

    fn item(&self, item: &ItemName, reveal: bool, version: Option<u64>) -> Asked {
        self.local(|client| {
            let at = find(client, item)?;
            let names = vault_names(client)?;
            let opened = match version {
                None => client.item(at),
                Some(number) => client.version(at, number),
            }
            .map_err(of)?;
            let line = client.overview(at).map_err(of)?;
            let row = row(&Listed { overview: &opened.overview, ..line }, &names).to_owned_text();
            json(&view(row, &opened, reveal))
        })
    }

    fn history(&self, item: &ItemName, reveal: bool) -> Asked {
        self.local(|client| {
            let at = find(client, item)?;
            let past = client.item(at).map_err(of)?.detail.past;
            let past: Vec<_> = past.into_iter().map(|past| PastView::new(past, reveal)).collect();
            json(&serde_json::json!({ "versions": client.history(at).map_err(of)?, "past": past }))
        })
    }

    fn field(&self, item: &ItemName, name: &str) -> Asked {
        let item = self.opened(item)?;
        let value = match item.find_field(name) {
            Some(field) => field.value.clone(),
            None => pseudo_field(&item, name)?,
        };
        json(&serde_json::json!({ "value": value }))
    }

    fn totp(&self, item: &ItemName) -> Asked {
        let item = self.opened(item)?;
        let totp = find_totp(&item)?;
        let code = totp.code(now());
        json(&serde_json::json!({ "code": code.text, "seconds_left": code.left_s, "period": totp.period_s() }))
    }

    fn create(self: &Arc<Self>, vault: Option<&str>, mut item: Item) -> Asked {
        edit::settle(&mut item);
        let title = item.overview.title.clone();
        let made = self.local(|client| {
            let vault = client.find_vault(vault).map_err(of)?;
            client.create(vault, item).map_err(of)
        })?;
        let sync = self.send_edits()?;
        json(&Made { id: made.item, vault: made.vault, title, sync })
    }

    fn change(self: &Arc<Self>, item: &ItemName, change: impl FnOnce(&mut Client, ItemRef) -> Answered) -> Asked {
        let at = self.local(|client| {
            let at = find(client, item)?;
            change(client, at)?;
            Ok(at)
        })?;
        self.made(at)
    }

    /// Changes what an item remembers about itself.
    fn annotate(self: &Arc<Self>, item: &ItemName, annotate: impl FnOnce(&mut Item) -> Answered) -> Asked {
        self.change(item, |client, at| {
            let mut item = client.item(at).map_err(of)?;
            annotate(&mut item)?;
            client.annotate(at, item).map_err(of)
        })
    }

    /// Exposures that were told are written into their items; one that is gone meanwhile is passed over.
    fn told(self: &Arc<Self>, marks: Vec<(ItemId, Vec<String>)>) -> Asked {
        for (item, marks) in marks {
            self.local(|client| {
                let Ok(at) = find(client, &ItemName { name: item.to_string(), vault: None }) else { return Ok(()) };
                let mut item = client.item(at).map_err(of)?;
                health::tell(&mut item, &marks);
                client.annotate(at, item).map_err(of)
            })?;
        }
        json(&self.send_edits()?)
    }

    /// What an edit is answered with, once it was sent or could not be.
    fn made(self: &Arc<Self>, at: ItemRef) -> Asked {
        let title = self.local(|client| Ok(client.overview(at).map_err(of)?.overview.title.clone()))?;
        let sync = self.send_edits()?;
        json(&Made { id: at.item, vault: at.vault, title, sync })
    }

    fn move_item(self: &Arc<Self>, item: &ItemName, to: &str) -> Asked {
        let (at, to) = self.local(|client| Ok((find(client, item)?, client.find_vault(Some(to)).map_err(of)?)))?;
        let moved = self.asking().move_item(at, to).map_err(of)?;
        self.made(moved)
    }

    fn purge(self: &Arc<Self>, item: &ItemName) -> Asked {
        let (at, title) = self.local(|client| {
            let at = find(client, item)?;
            let title = client.overview(at).map_err(of)?.overview.title.clone();
            client.purge(at).map_err(of)?;
            Ok((at, title))
        })?;
        let sync = self.send_edits()?;
        json(&Made { id: at.item, vault: at.vault, title, sync })
    }

    fn rename_vault(self: &Arc<Self>, vault: &str, name: &str) -> Asked {
        let at = self.local(|client| {
            let at = client.find_vault(Some(vault)).map_err(of)?;
            client.rename_vault(at, name).map_err(of)?;
            Ok(at)
        })?;
        let sync = self.send_edits()?;
        json(&serde_json::json!({ "vault": at, "name": name, "synced": sync.synced, "waiting": sync.waiting }))
    }

    fn import(&self, vault: Option<&str>, items: Vec<Item>) -> Asked {
        let (vault, made) = self.local(|client| {
            let vault = client.find_vault(vault).map_err(of)?;
            Ok((vault, client.import(vault, items).map_err(of)?))
        })?;
        json(&serde_json::json!({ "vault": vault, "ids": made.iter().map(|made| made.item).collect::<Vec<_>>() }))
    }

    fn open(&self, scope: &Scope, from: usize, count: usize) -> Asked {
        self.local(|client| {
            let all = client.list(&filter(client, scope)?);
            let total = all.len();
            let some = all.iter().skip(from).take(count).map(|line| ItemRef { vault: line.vault, item: line.id });
            let items = some.map(|at| client.item(at).map(|item| (at.item, item))).collect::<Result<Vec<_>, _>>().map_err(of)?;
            json(&Opened { total, items })
        })
    }

    fn read_attachment(&self, item: &ItemName, name: &str, streams: &mut Streams<'_>) -> Asked {
        let (at, card) = self.local(|client| {
            let at = find(client, item)?;
            Ok((at, find_attachment(&client.item(at).map_err(of)?, name)?))
        })?;
        self.asking().read_attachment(at, card.id, streams.output).map_err(of)?;
        json(&card)
    }

    fn devices(&self) -> Asked {
        let current = self.local(|client| Ok(client.device_id()))?;
        let devices = self.online(&unheard).devices().map_err(of)?;
        json(&serde_json::json!({ "current": current, "devices": devices }))
    }

    fn create_machine(&self, name: &str, vaults: &[String]) -> Asked {
        let (given, names) = self.local(|client| {
            let all: Vec<_> = client.vaults().map_err(of)?.into_iter().map(|vault| (vault.vault, vault.name)).collect();
            let given = match (vaults, all.as_slice()) {
                ([], [only]) => vec![only.0],
                ([], _) => return Err(Failure::usage("Name the vaults that the machine may read, each with --vault: there are several.")),
                (named, _) => named.iter().map(|name| client.find_vault(Some(name)).map_err(of)).collect::<Answered<Vec<_>>>()?,
            };
            Ok((given, BTreeMap::from_iter(all)))
        })?;
        let new = self.online(&unheard).create_machine(name, &given).map_err(of)?;
        let vaults = super::view::named_vaults(&new.vaults, &names);
        json(&serde_json::json!({ "machine": new.machine, "name": new.name, "vaults": vaults, "token": new.token }))
    }

    fn machines(&self) -> Asked {
        let machines = self.online(&unheard).machines().map_err(of)?;
        let names = self.local(|client| Ok(client.vaults().map_err(of)?.into_iter().map(|vault| (vault.vault, vault.name)).collect()))?;
        let machines: Vec<_> = machines
            .into_iter()
            .map(|machine| {
                let vaults = super::view::named_vaults(&machine.vaults, &names);
                let (id, name) = (machine.machine, machine.name);
                serde_json::json!({
                    "machine": id, "name": name, "vaults": vaults, "created": machine.created, "seen": machine.seen, "revoked": machine.revoked,
                })
            })
            .collect();
        json(&serde_json::json!({ "machines": machines }))
    }

    fn sessions(&self) -> Asked {
        let online = self.online(&unheard);
        let sessions = online.sessions().map_err(of)?;
        // Names are for people; without them the list is still true.
        let names: BTreeMap<String, String> =
            online.devices().unwrap_or_default().into_iter().map(|device| (device.device.to_string(), device.name)).collect();
        json(&serde_json::json!({ "sessions": sessions, "device_names": names }))
    }

    fn inbox(&self) -> Asked {
        let synced = self.online(&unheard).sync().map_err(of)?;
        let events = self.local(|client| client.inbox().map_err(of))?;
        let up_to_date = matches!(synced.view, View::UpToDate { .. });
        json(&serde_json::json!({ "events": events, "up_to_date": up_to_date, "sentence": synced.sentence }))
    }

    fn log(&self, compare: Option<&str>) -> Asked {
        drop(self.online(&unheard).sync().map_err(of)?);
        json(&self.local(|client| log_view(client, compare).map_err(of))?)
    }

    fn log_witnesses(&self, set: Option<(Vec<String>, usize)>) -> Asked {
        let new = match set {
            Some((keys, needed)) => {
                let read = keys.iter().map(|key| key.parse().map_err(|why| Failure::usage(format!("{key}: {why}."))));
                let policy = Policy::new(read.collect::<Answered<Vec<_>>>()?, needed);
                if needed > policy.witnesses().len() {
                    return Err(Failure::usage("More witnesses would have to sign than there are: lower --needed, or name more of them."));
                }
                Some(policy)
            }
            None => None,
        };
        let policy = self.local(|client| {
            new.map_or(Ok(()), |policy| client.set_log_policy(&policy)).map_err(of)?;
            Ok(client.log_policy())
        })?;
        let witnesses: Vec<String> = policy.witnesses().iter().map(ToString::to_string).collect();
        json(&serde_json::json!({ "witnesses": witnesses, "needed": policy.needed() }))
    }

    fn verify_notice(&self, code: &str) -> Asked {
        let code = read_code(code)?;
        json(&self.asking().verify_notice(&code).map_err(of)?)
    }

    fn sign_out(&self, discard: bool) -> Asked {
        if !discard {
            // A last try to send what waits; if it fails, the refusal below says so.
            drop(self.online(&unheard).sync().map_err(of)?);
            let pending = self.local(|client| Ok(client.status().map_err(of)?.pending))?;
            if pending > 0 {
                return Err(Failure::plain(format!(
                    "Not at the server yet: {}. Sync first, or give up what waits with --discard.",
                    count_text(pending, "edit")
                )));
            }
        }
        let client = held(&self.client).take();
        if let Some(client) = client {
            client.sign_out(discard).map_err(of)?;
        }
        done()
    }

    /// Sends what waits, and says whether it went. Not being able to is no failure: the edit is kept here.
    fn send_edits(self: &Arc<Self>) -> Answered<SyncNote> {
        let waiting = |why: &str| Ok(SyncNote { synced: false, waiting: Some(why.to_owned()) });
        if held(&self.silent_since).is_some_and(|since| now() - since < SILENCE) {
            return waiting("The server did not answer a moment ago.");
        }
        if !self.stays {
            return self.send_edits_now();
        }
        let (desk, (tell, told)) = (Arc::clone(self), mpsc::channel());
        // Whoever asked may have gone when it is done.
        std::thread::spawn(move || tell.send(desk.send_edits_now()).unwrap_or_default());
        told.recv_timeout(PATIENCE).unwrap_or_else(|_| {
            *held(&self.silent_since) = Some(now());
            waiting("The server has not answered yet.")
        })
    }

    fn send_edits_now(&self) -> Answered<SyncNote> {
        let synced = self.online(&unheard).sync().map_err(of)?;
        let silent = matches!(&synced.view, View::Stale { why: Why::Unreachable { failure: outcome::Failure::Timeout }, .. });
        *held(&self.silent_since) = silent.then(now);
        match synced.view {
            View::UpToDate { .. } => Ok(SyncNote { synced: true, waiting: None }),
            _ => Ok(SyncNote { synced: false, waiting: Some(synced.sentence) }),
        }
    }

    /// The item meant, opened.
    fn opened(&self, item: &ItemName) -> Answered<Item> {
        self.local(|client| {
            let at = find(client, item)?;
            client.item(at).map_err(of)
        })
    }
}

pub(super) fn of(error: Error) -> Failure {
    failure_of(&error)
}
