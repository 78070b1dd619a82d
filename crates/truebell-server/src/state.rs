//! What every request can reach: the store, the server's keys, who it is, what it was told to be like.

use crate::admission::{Admission, Limits};
use crate::body::ROOM_KIB;
use crate::chance::ChanceSource;
use crate::clock::Clock;
use crate::config::Networks;
use crate::hints::Hints;
use crate::pen::Pen;
use crate::sealed::Sealing;
use crate::signals::{Setup, Waits};
use crate::signers::Signers;
use crate::status::Board;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_core::opaque::ServerSetup;
use truebell_core::seal::SealKey;
use truebell_core::sign::SigningKey;
use truebell_core::time::UnixMillis;
use truebell_core::version::Version;
use truebell_core::wire::server::SignUpMode;
use truebell_store::Store;
use truebell_store::rows::{Hint, Identity};

/// The server's own keys. Lost, nobody's client believes this server again; they are backed up with its identity.
pub struct ServerKeys {
    /// Signs every reply's head and countersigns events.
    pub signing: SigningKey,
    /// The server's side of OPAQUE.
    pub opaque: ServerSetup,
    /// Seals what the server keeps for itself: OPAQUE records, TOTP generators, the state of a sign-in between its messages.
    pub sealing: SealKey,
}

/// The lowest version of a client that this server can speak with. An operator may raise it, and not lower it.
pub const CLIENT_FLOOR: Version = Version([0, 1, 0]);

/// What an operator decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who may sign up.
    pub sign_up: SignUpMode,
    /// Largest attachment, in plain bytes.
    pub attachment_bytes_max: u64,
    /// How long a session is good.
    pub session_lifetime: Duration,
    /// How long an account that is to be deleted can still be kept.
    pub deletion_grace: Duration,
    /// How long a client waits between two syncs when nothing presses.
    pub pace: Duration,
    /// Most requests at work at once. How many really may is learned from how long they take; beyond it the server sheds, lowest class
    /// first.
    pub capacity: usize,
    /// How long one request may take, its body included; a stream until it begins.
    pub request_time_max: Duration,
    /// How often a stream of hints shows that it is alive.
    pub heartbeat: Duration,
    /// How often what can be tried.
    pub limits: Limits,
    /// The lowest version of a client that is answered.
    pub client_floor: Version,
    /// The address people reach this server at.
    pub public_url: String,
    /// Where its status page is, if somewhere else.
    pub status_url: Option<String>,
    /// Networks of the proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Networks,
    /// How signals are sent to other systems.
    pub signals: Setup,
    /// Leave this out, so that what it costs can be measured. No configuration reaches it.
    #[cfg(feature = "measuring")]
    pub without: Option<Without>,
}

/// Something a server can be measured without.
#[cfg(feature = "measuring")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Without {
    /// The gate: everybody is let in.
    Admission,
    /// Signed heads: no client would believe a word.
    Heads,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sign_up: SignUpMode::Invite,
            attachment_bytes_max: 100 << 20,
            session_lifetime: Duration::from_hours(30 * 24),
            deletion_grace: Duration::from_hours(14 * 24),
            pace: Duration::from_secs(1),
            capacity: 1024,
            request_time_max: Duration::from_mins(1),
            heartbeat: Duration::from_secs(25),
            limits: Limits::default(),
            client_floor: CLIENT_FLOOR,
            public_url: "http://127.0.0.1:8484".to_owned(),
            status_url: None,
            trusted_proxies: Networks::default(),
            signals: Setup::default(),
            #[cfg(feature = "measuring")]
            without: None,
        }
    }
}

/// One running server.
pub struct App {
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// The server's own keys.
    pub keys: ServerKeys,
    /// Which server, on which database.
    pub identity: Identity,
    /// What its operator decided.
    pub settings: Settings,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub chance: Arc<dyn ChanceSource>,
    pub(crate) sealing: Sealing,
    pub(crate) admission: Admission,
    pub(crate) hints: Hints,
    pub(crate) board: Board,
    /// Room for large bodies, in KiB.
    pub(crate) room: Arc<Semaphore>,
    pub(crate) signers: Signers,
    pub(crate) signals: Waits,
    pub(crate) pen: Pen,
}

impl App {
    /// Puts a server together. `identity` is what the store says it is; whoever calls has compared it with the keys.
    pub fn new(
        store: Arc<dyn Store>,
        keys: ServerKeys,
        identity: Identity,
        settings: Settings,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn ChanceSource>,
    ) -> Self {
        let sealing = Sealing::new(keys.sealing.clone());
        let admission = Admission::new(settings.capacity);
        Self {
            store,
            keys,
            identity,
            settings,
            clock,
            chance,
            sealing,
            admission,
            hints: Hints::default(),
            board: Board::default(),
            room: Arc::new(Semaphore::new(ROOM_KIB as usize)),
            signers: Signers::default(),
            signals: Waits::default(),
            pen: Pen::default(),
        }
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// Something of an account is new: tells its other devices here, and the other servers on this database.
    pub(crate) fn tell(&self, account: AccountId, device: DeviceId) {
        self.hints.tell(account, device);
        self.store.tell(Hint { account, device });
        self.signals.wake();
    }

    /// Takes a place at work until what is returned is dropped: a request that never ends, for tests and drills.
    #[doc(hidden)]
    pub async fn hold_a_place_for_tests(&self) -> impl Sized + use<> {
        self.admission.hold().await
    }

    /// Requests at work now, and how many streams of hints are open: for metrics.
    pub fn load(&self) -> Load {
        let standing = self.admission.standing();
        Load {
            at_work: standing.at_work,
            waiting: standing.waiting,
            limit: standing.limit,
            shed: standing.shed,
            listeners: self.hints.listeners(),
        }
    }
}

/// How busy a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Requests at work.
    pub at_work: usize,
    /// Requests that wait for a place.
    pub waiting: usize,
    /// How many may be at work now.
    pub limit: usize,
    /// How many were sent away since the start, by class.
    pub shed: [(&'static str, u64); 4],
    /// Open streams of hints.
    pub listeners: usize,
}
