//! Why the client did not do what it was asked, in one sentence each: what happened, what to do now.

use super::profile::ProfileError;
use super::replica::ReplicaError;
use truebell_core::head::Reason;
use truebell_core::status::Bearing;
use truebell_engine::sync::{Why, sentences};

/// Everything that can go wrong. None of it changes anything.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The profile folder.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The local copy.
    #[error(transparent)]
    Replica(#[from] ReplicaError),
    /// The password, or the password together with this device's Secret Key, opens nothing here.
    #[error("this password does not open this account on this device: check it, and the keyboard's language")]
    WrongPassword,
    /// Sign-in or credential change was refused.
    #[error("these details do not open this account here: check the address, the password and the Secret Key")]
    WrongDetails,
    /// The server needs a code as well.
    #[error("a code from your authenticator is needed as well")]
    SecondFactorNeeded,
    /// What an exchange showed, where it was not what was asked for.
    #[error("{}", sentences::describe_why(.0))]
    Server(Why),
    /// The same, and what the server's operator says about it.
    #[error("{error}{} {}", if error.to_string().ends_with(['.', '?', ')']) { "" } else { "." }, sentences::describe_bearing(.said))]
    Explained {
        /// What went wrong.
        error: Box<Error>,
        /// The signed words.
        said: Bearing,
    },
    /// The server is not the one the kit or the person named.
    #[error("the server at this address has the fingerprint {found}, not {expected}: nothing was sent; check the address")]
    Fingerprint {
        /// As written in the kit.
        expected: String,
        /// As the server has it.
        found: String,
    },
    /// Our server answered with something that does not fit.
    #[error("the server's answer does not fit the question: {0}; nothing was changed here")]
    Answer(&'static str),
    /// Nothing by that name.
    #[error("no {what} is called “{name}” here: `truebell item list` shows what there is")]
    NotFound {
        /// `item`, `vault`, `attachment`, `version`, `device`.
        what: &'static str,
        /// As asked for.
        name: String,
    },
    /// Several by that name.
    #[error("{count} items are called “{name}”: name one by its id, {}", .ids.join(" or "))]
    Ambiguous {
        /// As asked for.
        name: String,
        /// How many.
        count: usize,
        /// The first few ids.
        ids: Vec<String>,
    },
    /// The account was locked while a run was online.
    #[error("the account was locked meanwhile: unlock it and try again")]
    Closed,
    /// A machine was asked for more than to read.
    #[error("a machine reads the vaults it was given and does nothing else: do this on a device of your own, without the machine token")]
    MachineOnlyReads,
    /// The server opens no session for a machine. That its access was taken away, an event says, and not this.
    #[error(
        "the server opens no session for this machine: `truebell machine list`, on a device of your own, says whether it still has access"
    )]
    NoAccess,
    /// A vault that a machine does not have.
    #[error(
        "this machine was given no vault called “{name}”: `truebell machine create`, on a device of your own, makes one that may read it"
    )]
    NotGiven {
        /// As asked for.
        name: String,
    },
    /// What was given cannot be used.
    #[error("{0}")]
    Input(String),
    /// An attachment's bytes are not what was attached.
    #[error("the attachment “{name}” {how}: nothing of it was kept")]
    Attachment {
        /// File name.
        name: String,
        /// What is wrong.
        how: &'static str,
    },
    /// Reading or writing the person's file.
    #[error("the file could not be {what}: {error}")]
    File {
        /// `read` or `written`.
        what: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
    /// What was to be signed could not be written down.
    #[error(transparent)]
    Unsayable(#[from] truebell_core::event::Unsayable),
    /// Something opened with the right key is not what it should be.
    #[error(transparent)]
    Keys(#[from] truebell_core::account::KeyError),
}

/// What kind of trouble, for exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Something given was wrong.
    Usage,
    /// It is not there.
    NotFound,
    /// Password, Secret Key or code do not fit.
    Credentials,
    /// The server could not be asked, or not now.
    Offline,
    /// The server refused this request.
    Refused,
    /// A machine has no access.
    NoAccess,
    /// Somebody else answered, or the server could not prove what it said.
    Distrust,
    /// Local files are damaged, busy or full.
    Local,
}

impl Error {
    /// For exit codes.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Closed | Self::Profile(_) | Self::Replica(_) | Self::File { .. } | Self::Keys(_) | Self::Unsayable(_) => Kind::Local,
            Self::Explained { error, .. } => error.kind(),
            Self::WrongPassword | Self::WrongDetails | Self::SecondFactorNeeded => Kind::Credentials,
            Self::Server(Why::Refused { reason: Reason::WrongCredentials | Reason::SecondFactorWrong, .. }) => Kind::Credentials,
            Self::Server(Why::Refused { .. } | Why::Outdated { .. } | Why::ClockSkew { .. }) => Kind::Refused,
            Self::Server(Why::Busy { .. } | Why::Maintenance { .. } | Why::Unreachable { .. }) => Kind::Offline,
            Self::Server(_) | Self::Fingerprint { .. } | Self::Answer(_) | Self::Attachment { .. } => Kind::Distrust,
            Self::NotFound { .. } | Self::Ambiguous { .. } | Self::NotGiven { .. } => Kind::NotFound,
            Self::MachineOnlyReads => Kind::Refused,
            Self::NoAccess => Kind::NoAccess,
            Self::Input(_) => Kind::Usage,
        }
    }
}
