//! What this server can prove of a check code. Everything is verified from the stored texts here and now: a damaged row is our fault, and
//! never an answer. Whoever tells people of a notice, the page or the route, takes a [`Found`], and nothing else makes one (law 1).

use crate::state::App;
use truebell_core::event::{CheckCode, Event, Genuine, Retraction, Trust, is_retraction, read_retraction, read_signed};
use truebell_core::ids::{AccountId, ServerId};
use truebell_core::notice::Correction;
use truebell_core::sign::PublicKey;
use truebell_core::time::UnixMillis;
use truebell_core::wire::notice::{Proof, Verdict};
use truebell_store::rows::PublicEvent;
use truebell_store::{Store, StoreError};

/// What a code is of.
#[derive(Debug, Clone)]
pub(crate) enum About {
    /// Something an account did.
    Event(Genuine<Event>),
    /// What an operator said of a notice.
    Retraction(Genuine<Retraction>),
}

impl About {
    /// When the server recorded it.
    pub(crate) fn at(&self) -> UnixMillis {
        match self {
            Self::Event(event) => event.at,
            Self::Retraction(retraction) => retraction.at,
        }
    }

    /// Its word.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Event(event) => event.act.what.word(),
            Self::Retraction(_) => truebell_core::letter::RETRACTED,
        }
    }
}

/// A code's event or retraction, proven, with what takes it back.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) about: About,
    pub(crate) account: AccountId,
    pub(crate) account_key: PublicKey,
    /// Its SET.
    pub(crate) set: String,
    /// Who took it back, oldest first, each with its SET.
    pub(crate) corrections: Vec<(Correction, String)>,
}

/// Looks a code up, and proves what it finds. `None`: no notice ever had it.
pub(crate) async fn find(app: &App, code: &CheckCode) -> Result<Option<Found>, StoreError> {
    find_in(&*app.store, (app.identity.server, &app.identity.key), code).await
}

/// The same without a running server.
pub(crate) async fn find_in(store: &dyn Store, server: (ServerId, &PublicKey), code: &CheckCode) -> Result<Option<Found>, StoreError> {
    let Some(stored) = store.event_by_code(code.as_str()).await? else { return Ok(None) };
    prove(stored, server).map(Some).ok_or(StoreError::Damaged("an event that does not verify"))
}

fn prove(stored: PublicEvent, (server, server_key): (ServerId, &PublicKey)) -> Option<Found> {
    let PublicEvent { account, signing: account_key, set, retractions } = stored;
    if is_retraction(&set) {
        let retraction = read_retraction(&set, server, server_key).ok().filter(|found| found.account == account)?;
        return Some(Found { about: About::Retraction(retraction), account, account_key, set, corrections: Vec::new() });
    }
    let trust = Trust { server, server_key: *server_key, account, account_key };
    let event = read_signed(&set, &trust).ok()?;
    let read = |set: String| {
        let correction = if is_retraction(&set) {
            Correction::by_operator(&event, &read_retraction(&set, server, server_key).ok()?)
        } else {
            Correction::by_account(&event, &read_signed(&set, &trust).ok()?)
        };
        Some((correction?, set))
    };
    let corrections = retractions.into_iter().map(read).collect::<Option<_>>()?;
    Some(Found { about: About::Event(event), account, account_key, set, corrections })
}

impl Found {
    /// As the interface says it.
    pub(crate) fn verdict(&self, app: &App) -> Verdict {
        let proof = Proof {
            kind: self.about.kind().to_owned(),
            at: self.about.at(),
            server: app.identity.server,
            server_key: app.identity.key,
            account: self.account,
            account_key: self.account_key,
            event: self.set.clone(),
        };
        let retractions: Vec<String> = self.corrections.iter().map(|(_, set)| set.clone()).collect();
        if retractions.is_empty() { Verdict::Genuine(proof) } else { Verdict::Retracted { proof, retractions } }
    }
}
