//! Acts: what a person's device signed about the account. Checked against the account's key and chain, compared with what the
//! request does, countersigned, and recorded with its change and its mails in one transaction.

use crate::error::Refusal;
use crate::mail::{corrections, mails_about};
use crate::reply::Reply;
use crate::session::Session;
use crate::state::App;
use std::time::Duration;
use truebell_core::event::{self, Act, Admitted, Countersigned, What};
use truebell_core::head::Reason;
use truebell_core::ids::{DeviceId, EventId};
use truebell_core::letter::Enclosed;
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Recorded as Answer;
use truebell_core::wire::sync::{Have, HaveVault};
use truebell_store::rows::{Account, Change, MailFate, Recorded, Recording};

/// How far a device's clock may be off when it signs an act. An act is signed when it is sent, so this is about clocks only; a
/// device that takes summer time for winter time still passes.
const SKEW_MAX: Duration = Duration::from_mins(90);
/// Longest name of a device, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 200;

/// An act as it came in.
pub(crate) enum Read {
    /// The next of the chain.
    New(Box<Admitted>),
    /// It was recorded before: the SET it became.
    Repeated(String),
}

/// Reads an act and finds its place. `device` is the one that asks, and must be the one that signed.
pub(crate) async fn read(app: &App, account: &Account, device: DeviceId, signed: &str) -> Result<Read, Refusal> {
    let act = event::read_act(signed, account.account, &account.signing)?;
    if act.device != device {
        return Err(unlike("another device"));
    }
    if act.seq <= account.chain.seq {
        return Ok(Read::Repeated(recorded_before(app, account, &act, signed).await?));
    }
    let act = event::check_act(signed, account.account, &account.signing, &account.chain)?;
    check_clock(&act, app.now())?;
    Ok(Read::New(Box::new(act)))
}

/// The event an act became, if it is in its place in the chain.
async fn recorded_before(app: &App, account: &Account, act: &Act, signed: &str) -> Result<String, Refusal> {
    let have = Have { events: act.seq.saturating_sub(1), record: account.record.number, vaults: Vec::<HaveVault>::new() };
    let changes = app.store.changes(account.account, &have).await?.ok_or(Reason::NoSession)?;
    let found = changes.events.into_iter().next().filter(|set| event::inner_act(set).as_deref() == Some(signed));
    found.ok_or_else(|| Reason::ChainMoved.into())
}

/// Whether the device's clock is near enough to ours.
pub(crate) fn check_clock(act: &Act, now: UnixMillis) -> Result<(), Refusal> {
    if act.at - now > SKEW_MAX || now - act.at > SKEW_MAX { Err(Reason::ClockSkew.into()) } else { Ok(()) }
}

/// The act says something else than the request does.
pub(crate) fn unlike(what: &str) -> Refusal {
    Refusal::because(Reason::Malformed, format!("The act names {what}."))
}

/// `Ok` if the act says what the request does.
pub(crate) fn require(alike: bool, what: &str) -> Result<(), Refusal> {
    if alike { Ok(()) } else { Err(unlike(what)) }
}

/// The acting device is called in the act what it is called here: notices repeat that name.
pub(crate) async fn check_acting_device(app: &App, act: &Act) -> Result<(), Refusal> {
    let device = app.store.device(act.device).await?.ok_or(Reason::NoSession)?;
    require(device.device.name == act.device_name, "its device differently")
}

/// Who is told by mail.
#[derive(Clone, Copy)]
pub(crate) enum Told<'a> {
    /// These.
    Addresses(&'a [&'a str]),
    /// Those who were told what is corrected now.
    Again {
        /// The SET it was about.
        of_set: &'a str,
        /// The mails.
        mails: &'a [MailFate],
    },
}

/// An act that may become the next event of its account.
pub(crate) struct Next<'a> {
    pub account: &'a Account,
    pub act: Admitted,
}

impl Next<'_> {
    /// Countersigns and records it, with its change and its mails. Gives the SET, or `not_applicable` where what the
    /// change is about is not there or does not allow it.
    pub(crate) async fn record(self, app: &App, change: Change, told: Told<'_>, not_applicable: Reason) -> Result<String, Refusal> {
        let (now, account, device) = (app.now(), self.account.account, self.act.device);
        let event = countersign(app, self.act, now)?;
        let set = event.set.clone();
        let mails = match told {
            Told::Addresses(to) => mails_about(&event, &self.account.signing, now, to, &mut *app.chance.chance()),
            Told::Again { of_set, mails } => {
                let enclosed = Enclosed { set: set.clone(), of_set: Some(of_set.to_owned()), account_key: self.account.signing };
                // None is withheld: a thief who says “that was me” at once must gain nothing by it.
                let all = corrections((event.id, event.act.what.word()), &enclosed, mails, now, &mut *app.chance.chance());
                all.into_iter().map(|correcting| correcting.mail).collect()
            }
        };
        match app.store.record(Recording { account, event, change, at: now, mails }).await? {
            Recorded::Done => {
                app.tell(account, device);
                Ok(set)
            }
            Recorded::Repeated(event) => Ok(event),
            Recorded::ChainMoved => Err(Reason::ChainMoved.into()),
            Recorded::NotApplicable => Err(not_applicable.into()),
            Recorded::AddressTaken => Err(Reason::AddressTaken.into()),
        }
    }
}

/// Wraps an admitted act in a SET of this server.
pub(crate) fn countersign(app: &App, act: Admitted, now: UnixMillis) -> Result<Countersigned, Refusal> {
    let id = EventId::make_random(&mut *app.chance.chance());
    event::countersign(act, id, now, app.identity.server, &app.keys.signing).map_err(|why| Refusal::fault(why.to_string()))
}

/// What one act route adds to the common way of an act.
pub(crate) struct Route<'a> {
    /// The act as sent.
    pub signed: &'a str,
    /// Addresses that are told, beside the account's own.
    pub also_to: Option<&'a str>,
    /// Said when what it is about is not there or does not allow it.
    pub not_applicable: Reason,
}

/// The common way of an act that an enrolled device sends: read, let the route decide, record, answer.
pub(crate) async fn act(
    app: &App,
    session: &Session,
    route: Route<'_>,
    decide: impl AsyncFnOnce(&Account, &What) -> Result<Change, Refusal>,
) -> Result<Reply, Refusal> {
    let account = app.store.account(session.account).await?.ok_or(Reason::NoSession)?;
    let act = match read(app, &account, session.device, route.signed).await? {
        Read::New(act) => *act,
        Read::Repeated(event) => return Reply::json(&Answer { event }),
    };
    check_acting_device(app, &act).await?;
    let change = decide(&account, &act.what).await?;
    let to: Vec<&str> = std::iter::once(account.record.email.as_str()).chain(route.also_to).collect();
    let next = Next { account: &account, act };
    let event = next.record(app, change, Told::Addresses(&to), route.not_applicable).await?;
    session.read_again(app).await;
    Reply::json(&Answer { event })
}
