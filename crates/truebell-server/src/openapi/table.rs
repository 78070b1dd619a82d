//! Every route with what it takes and gives, in the order of a person's life with an account.

/// What the whole interface has in common.
pub(super) const OVERVIEW: &str = "Every reply carries the header Truebell-Head: what the server says about itself, the account and this \
    reply, signed with the server's key. A reply without a head that verifies did not come from this server, whatever its status says. \
    Refusals are RFC 9457 problems from a closed list. Bytes in JSON are base64url without padding; times are milliseconds since 1970. \
    Acts that change an account's security are signed by the account on the acting device; the server countersigns and cannot make them. \
    The routes of signals are for other systems (OpenID Shared Signals Framework 1.0): they have no such header, and statuses of their own.";

/// What a request must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Nothing,
    Session,
    Enrolment,
    /// The token of a system that receives signals.
    Receiver,
}

/// A body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    None,
    /// JSON of this schema.
    Json(&'static str),
    /// Bytes of this media type, and what they are.
    Bytes(&'static str, &'static str),
}

/// A route.
#[derive(Debug, Clone, Copy)]
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) shows: Shows,
    pub(super) body: Body,
    pub(super) answer: Body,
}

impl Route {
    /// The first word of the path after the version.
    pub(super) fn noun(&self) -> &'static str {
        self.path.split('/').nth(2).unwrap_or_default()
    }

    /// A name for generated clients.
    pub(super) fn id(&self) -> String {
        let words = self.path.split(['/', '-']).skip(2).filter(|word| !word.starts_with('{'));
        let mut id = self.method.to_lowercase();
        for word in words {
            let mut letters = word.chars();
            id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            id.extend(letters);
        }
        id
    }

    /// The names in braces.
    pub(super) fn placeholders(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| Some(part.strip_prefix('{')?.strip_suffix('}')?.trim_start_matches('*')))
    }
}

const CBOR: &str = "application/cbor";
const TEXT: &str = "text/plain";
const JOSE: &str = "application/jose";
const OCTETS: &str = "application/octet-stream";

const fn route(method: &'static str, path: &'static str, shows: Shows, body: Body, answer: Body, summary: &'static str) -> Route {
    Route { method, path, summary, shows, body, answer }
}

use Body::{Bytes, Json, None as Nil};
use Shows::{Enrolment, Nothing, Receiver, Session};

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/v1/server", Nothing, Nil, Json("ServerInfo"), "Who this server is"),
    route(
        "GET",
        "/v1/status",
        Nothing,
        Nil,
        Bytes(JOSE, "The signed status document: a JWS of type truebell-status+jwt."),
        "What the operator says about this server",
    ),
    route("GET", "/v1/notices/{code}", Nothing, Nil, Json("Checked"), "Whether a notice with this check code was ever sent"),
    route("GET", "/v1/log/checkpoint", Nothing, Nil, Bytes(TEXT, "The signed note"), "The published state of the transparency log"),
    route("GET", "/v1/log/tile/{*tile}", Nothing, Nil, Bytes(OCTETS, "Hashes or entries"), "A tile of the log (C2SP tlog-tiles)"),
    route(
        "GET",
        "/v1/log/proofs/{event}",
        Nothing,
        Nil,
        Bytes(TEXT, "A tlog-proof"),
        "That an event, named by its digest or check code, is in the log",
    ),
    route(
        "POST",
        "/v1/log/proofs",
        Nothing,
        Json("AskProofs"),
        Json("Proofs"),
        "That the log continues what a client remembers, and has these events",
    ),
    route(
        "GET",
        "/v1/log/consistency/{from}/{to}",
        Nothing,
        Nil,
        Bytes(TEXT, "Hashes in base64, one a line"),
        "That the log of one size continues the log of another",
    ),
    route("POST", "/v1/sign-up/start", Nothing, Json("SignUpStart"), Json("SignUpStarted"), "Begin a sign-up; nothing is stored"),
    route(
        "POST",
        "/v1/sign-up/finish",
        Nothing,
        Json("SignUpFinish"),
        Json("SignUpFinished"),
        "Create an account with its first vault, device and session",
    ),
    route(
        "POST",
        "/v1/sign-in/lookup",
        Nothing,
        Json("Lookup"),
        Json("Looked"),
        "Which account an address has; an unknown one gets an invented account",
    ),
    route("POST", "/v1/sign-in/start", Nothing, Json("SignInStart"), Json("SignInStarted"), "First OPAQUE message of a sign-in"),
    route(
        "POST",
        "/v1/sign-in/finish",
        Nothing,
        Json("SignInFinish"),
        Json("SignInFinished"),
        "Second OPAQUE message; allows one enrolment",
    ),
    route("POST", "/v1/devices", Enrolment, Json("Enrol"), Json("Enrolled"), "Enrol the device that asks"),
    route("GET", "/v1/devices", Session, Nil, Json("Devices"), "The account's devices, oldest first"),
    route("POST", "/v1/devices/{device}/revoke", Session, Json("Revoke"), Json("Recorded"), "Take access away from a device"),
    route("POST", "/v1/machines", Session, Json("EnrolMachine"), Json("Recorded"), "Let a machine read some vaults"),
    route("POST", "/v1/sessions/challenge", Nothing, Json("Challenge"), Json("Challenged"), "Ask for something to sign"),
    route("POST", "/v1/sessions", Nothing, Json("Prove"), Json("Proved"), "Open a session with the device's own key"),
    route("GET", "/v1/sessions", Session, Nil, Json("Sessions"), "The account's live sessions, oldest first"),
    route("POST", "/v1/sessions/{session}/revoke", Session, Json("Revoke"), Json("Recorded"), "End a session of another device"),
    route("POST", "/v1/sign-out", Session, Nil, Nil, "End this session"),
    route(
        "POST",
        "/v1/account/credentials/start",
        Session,
        Json("CredentialsStart"),
        Json("CredentialsStarted"),
        "Begin a change of password or Secret Key",
    ),
    route(
        "POST",
        "/v1/account/credentials/finish",
        Session,
        Json("CredentialsFinish"),
        Json("Recorded"),
        "Change the password or the Secret Key",
    ),
    route("POST", "/v1/account/address", Session, Json("ChangeAddress"), Json("Recorded"), "Change the mail address"),
    route(
        "POST",
        "/v1/account/deletion",
        Session,
        Json("Deletion"),
        Json("Recorded"),
        "Ask for the account to be deleted after the grace period",
    ),
    route("POST", "/v1/account/keep", Session, Json("Deletion"), Json("Recorded"), "Keep the account after all"),
    route("POST", "/v1/account/acknowledge", Session, Json("Acknowledge"), Json("Recorded"), "Take a notice of this account back"),
    route("POST", "/v1/account/second-factors", Session, Json("AddSecondFactor"), Json("Recorded"), "Add a second factor"),
    route("POST", "/v1/account/second-factors/remove", Session, Json("RemoveSecondFactor"), Json("Recorded"), "Remove it"),
    route("POST", "/v1/vaults", Session, Json("NewVault"), Json("Committed"), "Create a vault"),
    route(
        "POST",
        "/v1/vaults/{vault}/commits",
        Session,
        Bytes(CBOR, "A commit (docs/formats/vault.md)."),
        Json("Committed"),
        "Write to a vault",
    ),
    route(
        "POST",
        "/v1/sync",
        Session,
        Bytes(CBOR, "What the client has (docs/formats/sync.md)."),
        Bytes("application/vnd.truebell.sync", "A stream of frames (docs/formats/sync.md)."),
        "What is new since",
    ),
    route("GET", "/v1/hints", Session, Nil, Bytes("text/event-stream", "Server-sent events; each is a hint to sync."), "Hear when to sync"),
    route(
        "PUT",
        "/v1/vaults/{vault}/attachments/{attachment}/chunks/{index}",
        Session,
        Bytes(OCTETS, "A sealed chunk (docs/formats/attachment.md)."),
        Nil,
        "Store a chunk of an attachment",
    ),
    route(
        "GET",
        "/v1/vaults/{vault}/attachments/{attachment}/chunks/{index}",
        Session,
        Nil,
        Bytes(OCTETS, "A sealed chunk (docs/formats/attachment.md)."),
        "Read a chunk of an attachment",
    ),
    route("DELETE", "/v1/vaults/{vault}/attachments/{attachment}", Session, Nil, Nil, "Remove an attachment"),
];

const SSF: &str = "application/json";
const STREAM: Body = Bytes(SSF, "A stream's configuration (SSF 1.0, section 8.1.1).");
const STATUS: Body = Bytes(SSF, "A stream's status (SSF 1.0, section 8.1.2).");
const SUBJECT: Body = Bytes(SSF, "A stream and a subject identifier (RFC 9493).");

/// What other systems ask, each with the status of an answer (docs/formats/signals.md).
pub(super) const SIGNALS: &[(u16, Route)] = &[
    (
        200,
        route(
            "GET",
            "/.well-known/ssf-configuration",
            Nothing,
            Nil,
            Bytes(SSF, "The transmitter's metadata (SSF 1.0, section 7.1)."),
            "What this server sends, and where",
        ),
    ),
    (200, route("GET", "/v1/signals/keys", Nothing, Nil, Bytes(SSF, "A JWK set (RFC 7517)."), "The keys that signals are signed with")),
    (201, route("POST", "/v1/signals/stream", Receiver, STREAM, STREAM, "Make the receiver's stream")),
    (200, route("GET", "/v1/signals/stream", Receiver, Nil, STREAM, "Read it, by stream_id, or all there are")),
    (200, route("PATCH", "/v1/signals/stream", Receiver, STREAM, STREAM, "Change what is named")),
    (200, route("PUT", "/v1/signals/stream", Receiver, STREAM, STREAM, "Replace it")),
    (204, route("DELETE", "/v1/signals/stream", Receiver, Nil, Nil, "Delete it, by stream_id")),
    (200, route("GET", "/v1/signals/status", Receiver, Nil, STATUS, "Whether a stream flows, by stream_id")),
    (200, route("POST", "/v1/signals/status", Receiver, STATUS, STATUS, "Enable, pause or disable it")),
    (200, route("POST", "/v1/signals/subjects/add", Receiver, SUBJECT, Nil, "Hear of somebody")),
    (204, route("POST", "/v1/signals/subjects/remove", Receiver, SUBJECT, Nil, "Not any more")),
    (
        204,
        route(
            "POST",
            "/v1/signals/verify",
            Receiver,
            Bytes(SSF, "A stream and a state (SSF 1.0, section 8.1.4)."),
            Nil,
            "Have a verification sent",
        ),
    ),
    (
        200,
        route(
            "POST",
            "/v1/signals/poll/{stream}",
            Receiver,
            Bytes(SSF, "A poll (RFC 8936, section 2.2)."),
            Bytes(SSF, "Signals by their ids (RFC 8936, section 2.3)."),
            "Fetch signals, and say what became of earlier ones",
        ),
    ),
];
