//! Who asks: bearer tokens to sessions. Tokens are random and known by their digest only, so that looking one up is comparing
//! digests, and a copy of the database opens no session.

use crate::error::Refusal;
use crate::reply::Standing;
use crate::state::App;
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use data_encoding::BASE64URL_NOPAD;
use std::sync::Arc;
use truebell_core::chance::{Chance, make_array};
use truebell_core::event::Chain;
use truebell_core::hash::Hash32;
use truebell_core::head::{AccountHead, Reason};
use truebell_core::ids::{AccountId, DeviceId, SessionId, VaultId};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Session as Opened;
use truebell_store::rows::{NewSession, SessionView};
use zeroize::Zeroizing;

/// What a token is good for: its prefix says so, and scanners for leaked secrets know it by that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A session of an enrolled device.
    Session,
    /// Permission to enrol one device.
    Enrolment,
}

impl TokenKind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Session => "tbs_",
            Self::Enrolment => "tbe_",
        }
    }
}

/// A new token, and the digest to store.
pub(crate) fn make_token(kind: TokenKind, chance: &mut dyn Chance) -> (Secret, Hash32) {
    let bytes = Zeroizing::new(make_array::<32>(chance));
    let text = format!("{}{}", kind.prefix(), BASE64URL_NOPAD.encode(&*bytes));
    let digest = Hash32::derive_plain(text.as_bytes());
    (Secret::new(text), digest)
}

/// The digest of the token a request shows, if it shows one of this kind.
pub(crate) fn shown_token(parts: &Parts, kind: TokenKind) -> Result<Hash32, Refusal> {
    let shown = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    let token = shown.filter(|token| token.starts_with(kind.prefix())).ok_or(Reason::NoSession)?;
    Ok(Hash32::derive_plain(token.as_bytes()))
}

/// A session of a person's device that was shown, is known and is not over. What a machine may do asks for a [`Reader`] instead: a route
/// that does not is closed to machines.
pub(crate) struct Session {
    pub account: AccountId,
    pub device: DeviceId,
    pub session: SessionId,
    /// Where the account stood when the session was looked up.
    pub head: AccountHead,
    pub closing: bool,
    token: Hash32,
    standing: Standing,
}

impl Session {
    /// The session of a token's digest, if it is good now.
    pub(crate) async fn look_up(app: &App, token: Hash32) -> Result<SessionView, Refusal> {
        let view = app.store.session(token).await?.ok_or(Reason::NoSession)?;
        if view.expires <= app.now() { Err(Reason::SessionExpired.into()) } else { Ok(view) }
    }

    /// Its token's digest.
    pub(crate) fn token(&self) -> Hash32 {
        self.token
    }

    /// Says in the reply's head where the account stands now.
    pub(crate) fn moved(&self, head: AccountHead) {
        self.standing.set(Some(head));
    }

    /// The same, read again after a change. If that fails the reply leaves it out: the change is done all the same.
    pub(crate) async fn read_again(&self, app: &App) {
        let head = match app.store.session(self.token).await {
            Ok(view) => view.map(|view| view.head),
            Err(error) => {
                tracing::warn!(%error, "where an account stands could not be read after a change");
                None
            }
        };
        self.standing.set(head);
    }
}

impl FromRequestParts<Arc<App>> for Session {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let Reader { session, machine } = Reader::from_request_parts(parts, app).await?;
        if machine.is_some() { Err(Reason::MachineOnlyReads.into()) } else { Ok(session) }
    }
}

/// A session of a person's device, or of a machine: for reading, and for nothing else.
pub(crate) struct Reader {
    /// The session. A machine's head names its vaults and nothing else.
    pub session: Session,
    /// The vaults of a machine.
    pub machine: Option<Vec<VaultId>>,
}

impl FromRequestParts<Arc<App>> for Reader {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let token = shown_token(parts, TokenKind::Session)?;
        let view = Session::look_up(app, token).await?;
        let standing = parts.extensions.get::<Standing>().cloned().unwrap_or_default();
        let head = match &view.machine {
            Some(vaults) => narrowed(view.head, vaults),
            None => view.head,
        };
        standing.set(Some(head.clone()));
        let (device, session, closing) = (view.device, view.session, view.deletion_due.is_some());
        let session = Session { account: head.account, device, session, head, closing, token, standing };
        Ok(Self { session, machine: view.machine })
    }
}

impl Reader {
    /// Whether it may read a vault, as far as that is known here.
    pub(crate) fn may_read(&self, vault: VaultId) -> bool {
        self.machine.as_ref().is_none_or(|vaults| vaults.contains(&vault))
    }
}

/// Where an account stands as one of its machines sees it: no event, no record, and its own vaults.
pub(crate) fn narrowed(mut head: AccountHead, vaults: &[VaultId]) -> AccountHead {
    head.vaults.retain(|mark| vaults.contains(&mark.vault));
    AccountHead { chain: Chain::default(), record: 0, ..head }
}

/// A session of an account that is not waiting for its deletion: what every write needs, but the one that cancels it.
pub(crate) struct Writer(pub Session);

impl FromRequestParts<Arc<App>> for Writer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let session = Session::from_request_parts(parts, app).await?;
        if session.closing { Err(Reason::AccountClosing.into()) } else { Ok(Self(session)) }
    }
}

/// A new session for a device: the row to store, and what the device learns.
pub(crate) fn make_session(app: &App, device: DeviceId, now: UnixMillis) -> (NewSession, Opened) {
    let chance = &mut *app.chance.chance();
    let (token, digest) = make_token(TokenKind::Session, chance);
    let (session, expires) = (SessionId::make_random(chance), now + app.settings.session_lifetime);
    (NewSession { session, device, token: digest, opened: now, expires }, Opened { session, token, expires })
}
