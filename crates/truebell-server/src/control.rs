//! The operator's door to a running server: a socket in the data folder that only its owner can open. One line in, one line out, JSON.
//! What needs the database for writing comes this way, because SQLite belongs to the serving process. Never here: anything over the network.

use crate::mail::Signer;
use crate::moving::{Desk, Order, Status};
use crate::retract::{TakenBack, take_back};
use crate::routes::derive_invitation_digest;
use crate::signals::operate::{self, Added, NewReceiver, Shown};
use crate::state::App;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;
use truebell_core::chance::{Chance, make_array};
use truebell_core::event::{CheckCode, Reason};
use truebell_core::ids::MailId;
use truebell_core::status::{Said, StatusId};
use truebell_core::time::UnixMillis;
use truebell_store::rows::{DecidedOn, Decision};
use truebell_store::{Store, StoreError};
use zeroize::Zeroizing;

/// A line longer than this is not a request.
const LINE_MAX: u64 = 1 << 20;
/// How long an answer may take: the first look at another database is part of one.
const ANSWER_MAX: Duration = Duration::from_secs(40);

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case")]
pub enum Asked {
    /// An invitation, good for so many milliseconds.
    Invite {
        /// How long it is good.
        good_for_ms: u64,
    },
    /// Something for the status page.
    Say {
        /// What.
        said: Said,
    },
    /// The signed status document.
    Status,
    /// A receiver of signals to add.
    AddReceiver {
        /// What it may do.
        new: NewReceiver,
    },
    /// All receivers of signals.
    Receivers,
    /// A receiver to remove, with its stream.
    RemoveReceiver {
        /// Its name.
        name: String,
    },
    /// Something about the move to another database.
    Move(Order),
    /// Let a kind of mail go that was stopped.
    ResumeMails {
        /// Which.
        template: String,
        /// Mails queued until then go.
        cleared: UnixMillis,
    },
    /// Decide on a parked mail.
    DecideMail {
        /// Which.
        mail: MailId,
        /// What is known of it.
        decided: Decided,
    },
    /// Take a notice back.
    Retract {
        /// Which.
        code: CheckCode,
        /// Why.
        reason: Reason,
    },
    /// Something about sites, lists matched against them, and what was found.
    Response {
        /// An [`Ask`](truebell_store::response::Ask) in CBOR, base64url.
        call: String,
    },
}

/// What an operator knows of a parked mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decided {
    /// It arrived.
    Arrived,
    /// It did not: send it again.
    SendAgain,
    /// It did not, and is not to be sent.
    GiveUp,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Done {
    /// It is so.
    Done,
    /// The mail is not parked.
    NotParked,
    /// It cannot be sent again: its notice was taken back.
    TakenBack,
}

impl From<DecidedOn> for Done {
    fn from(done: DecidedOn) -> Self {
        match done {
            DecidedOn::Done => Self::Done,
            DecidedOn::NotParked => Self::NotParked,
            DecidedOn::TakenBack => Self::TakenBack,
        }
    }
}

impl From<Decided> for Decision {
    fn from(decided: Decided) -> Self {
        match decided {
            Decided::Arrived => Self::Arrived,
            Decided::SendAgain => Self::SendAgain,
            Decided::GiveUp => Self::GiveUp,
        }
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Answer {
    /// An invitation.
    Invited(Invitation),
    /// It is said.
    Said {
        /// What it is called.
        id: StatusId,
        /// Whether it is in the database; if not, it will be once that answers.
        is_stored: bool,
    },
    /// The document.
    Status {
        /// A JWS.
        document: String,
    },
    /// The receiver is there now.
    ReceiverAdded(Added),
    /// All receivers.
    Receivers {
        /// By name.
        receivers: Vec<Shown>,
    },
    /// The receiver is not there any more.
    ReceiverRemoved {
        /// Whether it was.
        was_there: bool,
    },
    /// How a move stands.
    Moving(Box<Status>),
    /// No move is under way.
    NotMoving,
    /// A notice was taken back.
    TakenBack(TakenBack),
    /// Mails of a kind go.
    Resumed {
        /// Whether it was stopped.
        was_stopped: bool,
    },
    /// A parked mail was decided on.
    Decided {
        /// Whether it could be.
        done: Done,
    },
    /// What came of it.
    Response {
        /// A [`Told`](truebell_store::response::Told) in CBOR, base64url.
        told: String,
    },
    /// It was not done; a sentence.
    Failed {
        /// Why.
        sentence: String,
    },
}

/// An invitation: good once, until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// What the person types.
    pub code: String,
    /// Until when.
    pub expires: UnixMillis,
}

/// The socket of a data folder.
pub fn socket_path(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// Makes an invitation.
pub async fn invite(
    store: &dyn Store,
    good_for: Duration,
    now: UnixMillis,
    chance: &mut (dyn Chance + Send),
) -> Result<Invitation, StoreError> {
    let code = derive_code(make_array(chance));
    let expires = now + good_for;
    store.invite(derive_invitation_digest(&code), expires).await?;
    Ok(Invitation { code, expires })
}

/// 80 bits in four groups, letters that are not mixed up.
fn derive_code(bytes: [u8; 10]) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let value = bytes.iter().fold(0_u128, |value, byte| (value << 8) | u128::from(*byte));
    let letters = (0..16).map(|place| ALPHABET.get(((value >> (75 - place * 5)) & 31) as usize).map_or('0', |letter| char::from(*letter)));
    let mut code = "INV".to_owned();
    for (place, letter) in letters.enumerate() {
        if place % 4 == 0 {
            code.push('-');
        }
        code.push(letter);
    }
    code
}

/// Opens the socket; one left by a killed server is replaced.
pub(crate) fn listen(data: &Path) -> io::Result<UnixListener> {
    let path = socket_path(data);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers until the server ends.
pub(crate) async fn serve(listener: UnixListener, app: Arc<App>, desk: Arc<Desk>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (app, desk) = (app.clone(), desk.clone());
        tokio::spawn(async move {
            // Whoever hangs up needs no answer.
            let _ = tokio::time::timeout(ANSWER_MAX, answer(stream, &app, &desk)).await;
        });
    }
}

async fn answer(stream: tokio::net::UnixStream, app: &App, desk: &Desk) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut line = Zeroizing::new(String::new());
    tokio::io::BufReader::new(reading.take(LINE_MAX)).read_line(&mut line).await?;
    let answer = match serde_json::from_str(line.as_str()) {
        Ok(Asked::Invite { good_for_ms }) => {
            let mut chance = app.chance.chance();
            match invite(&*app.store, Duration::from_millis(good_for_ms), app.clock.now(), &mut *chance).await {
                Ok(invitation) => Answer::Invited(invitation),
                Err(error) => Answer::Failed { sentence: error.to_string() },
            }
        }
        Ok(Asked::Say { said }) => {
            let (id, is_stored) = crate::status::say(app, said).await;
            Answer::Said { id, is_stored }
        }
        Ok(Asked::Status) => {
            // Another server may have said something since.
            if let Err(error) = app.read_board().await {
                tracing::warn!("the status document is of what was known before ({error})");
            }
            match app.status_document() {
                Ok(document) => Answer::Status { document: document.to_string() },
                Err(why) => Answer::Failed { sentence: why.to_string() },
            }
        }
        Ok(Asked::AddReceiver { new }) => {
            let mut chance = app.chance.chance();
            match operate::add(&*app.store, (&app.settings.signals, &app.settings.public_url), &new, app.clock.now(), &mut *chance).await {
                Ok(added) => Answer::ReceiverAdded(added),
                Err(error) => Answer::Failed { sentence: error.to_string() },
            }
        }
        Ok(Asked::Receivers) => match operate::list(&*app.store).await {
            Ok(receivers) => Answer::Receivers { receivers },
            Err(error) => Answer::Failed { sentence: error.to_string() },
        },
        Ok(Asked::RemoveReceiver { name }) => match operate::remove(&*app.store, &name).await {
            Ok(was_there) => Answer::ReceiverRemoved { was_there },
            Err(error) => Answer::Failed { sentence: error.to_string() },
        },
        Ok(Asked::Move(order)) => match desk.order(order).await {
            Ok(Some(status)) => Answer::Moving(Box::new(status)),
            Ok(None) => Answer::NotMoving,
            Err(sentence) => Answer::Failed { sentence },
        },
        Ok(Asked::ResumeMails { template, cleared }) => match app.store.resume_mails(&template, cleared).await {
            Ok(was_stopped) => Answer::Resumed { was_stopped },
            Err(error) => Answer::Failed { sentence: error.to_string() },
        },
        Ok(Asked::DecideMail { mail, decided }) => match app.store.decide_mail(mail, decided.into(), app.clock.now()).await {
            Ok(done) => Answer::Decided { done: done.into() },
            Err(error) => Answer::Failed { sentence: error.to_string() },
        },
        Ok(Asked::Response { call }) => crate::response::desk::answer(&*app.store, &call).await,
        Ok(Asked::Retract { code, reason }) => retract(app, &code, reason).await,
        Err(_) => Answer::Failed { sentence: "the running server does not know this command: one of the two is older".to_owned() },
    };
    let mut bytes = serde_json::to_vec(&answer)?;
    bytes.push(b'\n');
    writing.write_all(&bytes).await
}

async fn retract(app: &App, code: &CheckCode, reason: Reason) -> Answer {
    let signer = Signer { server: app.identity.server, key: app.keys.signing.clone() };
    let mut chance = app.chance.chance();
    match take_back(&*app.store, &signer, (code, reason), app.clock.now(), &mut *chance).await {
        Ok((account, taken_back)) => {
            app.tell(account, crate::hints::NOBODY);
            Answer::TakenBack(taken_back)
        }
        Err(why) => Answer::Failed { sentence: why.to_string() },
    }
}

/// Asks the server that serves a data folder; `None` if none does.
pub fn ask(data: &Path, asked: &Asked) -> io::Result<Option<Answer>> {
    let mut stream = match UnixStream::connect(socket_path(data)) {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => return Ok(None),
        Err(error) => return Err(error),
    };
    stream.set_read_timeout(Some(ANSWER_MAX + Duration::from_secs(5)))?;
    // A database's password may be in it.
    let mut line = Zeroizing::new(serde_json::to_string(asked)?);
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut said = String::new();
    BufReader::new(stream).read_line(&mut said)?;
    Ok(Some(serde_json::from_str(&said)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_typed_easily_and_carries_all_its_bits() {
        assert_eq!(derive_code([0; 10]), "INV-0000-0000-0000-0000");
        assert_eq!(derive_code([255; 10]), "INV-ZZZZ-ZZZZ-ZZZZ-ZZZZ");
        assert_eq!(derive_code([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), "INV-0410-6105-0R3G-G28A");
    }
}
