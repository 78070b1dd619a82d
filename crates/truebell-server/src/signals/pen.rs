//! From what waits to the token that leaves. The event is proven here, each time: what the database says is believed only as far as its
//! signatures go.

use crate::state::App;
use truebell_core::event::Trust;
use truebell_core::sign::Purpose;
use truebell_core::signal::{Algorithm, Envelope, Jwk, Jwks, Kind, NotASignal, Signal, StreamStatus, loss_reason};
use truebell_store::signals::{Receiver, Waiting};

/// Why nothing can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unsendable {
    /// It proves nothing, and never will.
    #[error("{0}")]
    NotASignal(#[from] NotASignal),
    /// What waits is not what its kind asks for.
    #[error("a queued signal lacks what it is made from")]
    Form,
    /// The receiver wants RS256, and there is no such key any more.
    #[error("the receiver wants RS256 and there is no RSA key: set signals_rsa_key_file")]
    NoKey,
}

impl Unsendable {
    /// Whether it can be sent once the operator has put something right.
    pub(super) fn may_pass(self) -> bool {
        self == Self::NoKey
    }
}

/// The token of what waits, for its receiver.
pub(super) fn write(app: &App, receiver: &Receiver, status: StreamStatus, waiting: &Waiting) -> Result<String, Unsendable> {
    let signal = prove(app, receiver, status, waiting)?;
    let rsa = app.settings.signals.rsa.as_deref();
    let server_kid = app.identity.key.fingerprint().0;
    let key = match receiver.algorithm {
        Algorithm::EdDsa => &server_kid,
        Algorithm::Rs256 => &rsa.ok_or(Unsendable::NoKey)?.jwk().kid,
    };
    let envelope = Envelope {
        id: waiting.signal,
        issuer: &app.settings.public_url,
        audience: &receiver.audience,
        subjects: receiver.subjects,
        algorithm: receiver.algorithm,
        key,
    };
    let sign = |input: &[u8]| match receiver.algorithm {
        Algorithm::EdDsa => Some(app.keys.signing.sign(Purpose::Jws, input).0.to_vec()),
        Algorithm::Rs256 => rsa?.sign(input),
    };
    signal.to_set(&envelope, sign).ok_or(Unsendable::Form)
}

fn prove(app: &App, receiver: &Receiver, status: StreamStatus, waiting: &Waiting) -> Result<Signal, Unsendable> {
    match waiting.kind {
        Kind::Verification => {
            let state: Option<String> = serde_json::from_str(&waiting.body).map_err(|_| Unsendable::Form)?;
            Ok(Signal::verification(waiting.stream, waiting.at, state.as_deref()))
        }
        Kind::StreamUpdated => {
            let dropped = waiting.body.parse().map_err(|_| Unsendable::Form)?;
            Ok(Signal::stream_updated(waiting.stream, waiting.at, status.word(), &loss_reason(dropped)))
        }
        kind => {
            let (account, account_key) = waiting.account.zip(waiting.key).ok_or(Unsendable::Form)?;
            let trust = Trust { server: app.identity.server, server_key: app.identity.key, account, account_key };
            let addresses = waiting.addresses.as_ref();
            Ok(Signal::of_event(&waiting.body, &trust, kind, receiver.subjects, addresses, waiting.at)?)
        }
    }
}

/// The public keys of all tokens.
pub(super) fn jwks(app: &App) -> Jwks {
    let rsa = app.settings.signals.rsa.as_deref().map(|key| key.jwk().clone());
    Jwks { keys: std::iter::once(Jwk::of_server(&app.identity.key)).chain(rsa).collect() }
}
