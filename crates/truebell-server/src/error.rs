//! Why a request is not done: one message outside, one inside, never mixed. What a person may read is the [`Reason`]'s; what an
//! operator reads goes to the log and holds no user's words.

use axum::response::{IntoResponse, Response};
use truebell_core::event::NotProven;
use truebell_core::head::Reason;
use truebell_core::time::UnixMillis;
use truebell_core::version::Version;
use truebell_store::StoreError;

/// A request that is not done.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) outside: Outside,
    /// What can be said of this one time, to the client: about the shape of the request, never about anybody.
    pub(crate) detail: Option<String>,
    /// What went wrong, for the operator.
    pub(crate) inside: Option<String>,
}

/// What the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outside {
    /// This request, and nothing else, is refused; waiting helps until then, if at all.
    Refused(Reason, Option<UnixMillis>),
    /// Come back in a moment.
    Busy,
    /// The operator works on the server: come back then, and these are their words.
    Maintenance(UnixMillis, String),
    /// The client is older than this.
    Outdated(Version),
}

impl Refusal {
    /// Refused, and waiting helps until then.
    pub(crate) fn until(reason: Reason, until: UnixMillis) -> Self {
        Self { outside: Outside::Refused(reason, Some(until)), detail: None, inside: None }
    }

    /// Refused, with a word about the shape of the request.
    pub(crate) fn because(reason: Reason, detail: impl Into<String>) -> Self {
        Self { outside: Outside::Refused(reason, None), detail: Some(detail.into()), inside: None }
    }

    /// Not the client's doing, and over soon.
    pub(crate) fn busy(inside: &str) -> Self {
        Self { outside: Outside::Busy, detail: None, inside: Some(inside.to_owned()) }
    }

    /// More is asked for than can be served. Said in the log once for many, not here.
    pub(crate) fn shed() -> Self {
        Self { outside: Outside::Busy, detail: None, inside: None }
    }

    /// Announced work.
    pub(crate) fn maintenance(until: UnixMillis, note: String) -> Self {
        Self { outside: Outside::Maintenance(until, note), detail: None, inside: None }
    }

    /// Spoken to by a client that is too old.
    pub(crate) fn outdated(needs: Version) -> Self {
        Self { outside: Outside::Outdated(needs), detail: None, inside: None }
    }

    /// Our mistake.
    pub(crate) fn fault(inside: impl Into<String>) -> Self {
        Self { outside: Outside::Refused(Reason::Internal, None), detail: None, inside: Some(inside.into()) }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self { outside: Outside::Refused(reason, None), detail: None, inside: None }
    }
}

/// A store that failed has said nothing about what is there: never 401, 403 or 404.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let outside = match error {
            StoreError::Unavailable | StoreError::Unknown | StoreError::Moved => Outside::Busy,
            StoreError::Full | StoreError::ReadOnly => Outside::Refused(Reason::StorageFull, None),
            StoreError::Damaged(_) => Outside::Refused(Reason::Internal, None),
        };
        Self { outside, detail: None, inside: Some(error.to_string()) }
    }
}

impl From<NotProven> for Refusal {
    fn from(error: NotProven) -> Self {
        match error {
            NotProven::Malformed => Self::because(Reason::Malformed, "The act is not a signed act."),
            NotProven::Server | NotProven::Account => Reason::BadSignature.into(),
            NotProven::Mismatch => Self::because(Reason::Malformed, "The act is about another account."),
            NotProven::OutOfChain => Reason::ChainMoved.into(),
        }
    }
}

/// Carried to the outermost layer, which knows the time and the request's nonce and writes the reply.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::default();
        response.extensions_mut().insert(self);
        response
    }
}
