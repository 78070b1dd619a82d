//! The side that asks: one question about one pair, and what may be concluded from what comes back. A service that cannot be believed has said nothing.

use crate::address::Address;
use crate::chance::Chance;
use crate::pair::entry::{Told, derive_beacon};
use crate::pair::oprf::Blinded;
use crate::pair::wire::{About, read_answer, write_question};
use crate::pair::{FileId, Input, Place, PublicKey, Stretcher, derive_stem};
use crate::secret::Secret;

/// What came back.
#[derive(Debug, Clone, Copy)]
pub enum Reply<'a> {
    /// Nothing.
    Nobody,
    /// Something, from whoever it was.
    Answer {
        /// The HTTP status.
        status: u16,
        /// All of the body.
        body: &'a [u8],
    },
}

/// Why it is not known whether a pair is exposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Doubt {
    /// Nobody answered.
    #[error("nobody answered")]
    Nobody,
    /// 429.
    #[error("the service takes no more questions from here for now; each is a guess that it must count")]
    TooMany,
    /// 409: the file was replaced between two requests.
    #[error("the service was given another version of its pairs at this moment; ask again")]
    OtherVersion,
    /// Not 200.
    #[error("the answer was HTTP {0}")]
    Status(u16),
    /// `/pair` is not what it must be.
    #[error("this is not a pair service that one can ask; a sign-in page of the network, or a service that moved, may have answered")]
    NotAService,
    /// Another public key than the one that was named.
    #[error("the service has another public key than the one that was named")]
    AnotherKey,
    /// Neither an answer in length nor in kind.
    #[error("the answer was not one to this question")]
    NotAnAnswer,
    /// The proof does not hold.
    #[error("the service did not prove that it answered under its key, so that what it said means nothing")]
    NotProven,
    /// The beacon is not that of these entries.
    #[error("the bucket is not as it was built, or is not the one that was asked for, so that what is missing in it means nothing")]
    Beacon,
    /// It has what was made up a moment before.
    #[error("the service calls a pair exposed that was made up a moment before, so it says that of anything")]
    Canary,
}

/// What is known about a pair. Flags are those of `docs/formats/corpus.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This address with this very password.
    Exposed {
        /// In which kinds of lists.
        flags: u8,
    },
    /// This address with a password that is nearly this one.
    Similar {
        /// In which kinds of lists.
        flags: u8,
    },
    /// Not in the service's lists.
    Clean,
    /// Neither can be said.
    Unknown(Doubt),
}

/// Reads `GET /pair`. With `pinned`, no other key is asked.
///
/// # Errors
/// [`Doubt`].
pub fn read_about(reply: Reply<'_>, pinned: Option<&PublicKey>) -> Result<About, Doubt> {
    let body = body_of(reply)?;
    let about: About = serde_json::from_slice(body).map_err(|_| Doubt::NotAService)?;
    let (_, key) = about.usable().ok_or(Doubt::NotAService)?;
    if pinned.is_some_and(|pinned| *pinned != key) { Err(Doubt::AnotherKey) } else { Ok(about) }
}

fn body_of(reply: Reply<'_>) -> Result<&[u8], Doubt> {
    match reply {
        Reply::Nobody => Err(Doubt::Nobody),
        Reply::Answer { status: 200, body } => Ok(body),
        Reply::Answer { status: 409, .. } => Err(Doubt::OtherVersion),
        Reply::Answer { status: 429, .. } => Err(Doubt::TooMany),
        Reply::Answer { status, .. } => Err(Doubt::Status(status)),
    }
}

/// One question, between asking and concluding.
pub struct Question {
    file: FileId,
    key: PublicKey,
    entries: u32,
    bucket: u32,
    /// Whether the second element is about a stem, and not a canary.
    asks_near: bool,
    blinded: Blinded<Input>,
}

impl AsRef<[u8]> for Input {
    fn as_ref(&self) -> &[u8] {
        self.bytes()
    }
}

impl Question {
    /// About one pair. The slow hash takes some milliseconds, once or twice.
    ///
    /// # Errors
    /// [`Doubt::NotAService`]: a description that [`read_about`] would not have let through.
    pub fn make(
        about: &About,
        address: &Address,
        password: &Secret,
        stretcher: &mut Stretcher,
        chance: &mut dyn Chance,
    ) -> Result<Self, Doubt> {
        let (file, key) = about.usable().ok_or(Doubt::NotAService)?;
        let bucket = Place::of(address).bucket(about.bucket_bits);
        let password = password.expose().as_bytes();
        let near = derive_stem(password).filter(|_| about.has_near()).map(|stem| stretcher.near(address, &stem));
        let asks_near = near.is_some();
        let inputs = vec![
            stretcher.exact(address, password),
            near.unwrap_or_else(|| Input::make_canary(chance)),
            Input::make_canary(chance),
            Input::beacon(&file, bucket),
        ];
        let blinded = Blinded::make(inputs, chance).ok_or(Doubt::NotAService)?;
        Ok(Self { file, key, entries: about.bucket_entries, bucket, asks_near, blinded })
    }

    /// Where to ask.
    pub fn path(&self) -> String {
        format!("/pair/{:05X}", self.bucket)
    }

    /// What to send.
    pub fn body(&self) -> Vec<u8> {
        write_question(&self.file, &self.blinded.elements)
    }

    /// What came back for it.
    pub fn conclude(&self, reply: Reply<'_>) -> Verdict {
        self.weigh(reply).unwrap_or_else(Verdict::Unknown)
    }

    fn weigh(&self, reply: Reply<'_>) -> Result<Verdict, Doubt> {
        let answer = read_answer(body_of(reply)?, &self.file, self.entries).ok_or(Doubt::NotAnAnswer)?;
        let outputs = self.blinded.finish(answer.evaluated, answer.proof, self.key.bytes()).map_err(|_| Doubt::NotProven)?;
        let [exact, near, canary, beacon] = outputs.as_slice() else { return Err(Doubt::NotProven) };
        let (last, entries) = answer.entries.split_last().ok_or(Doubt::NotAnAnswer)?;
        if derive_beacon(&self.file, beacon, entries.as_flattened()) != *last {
            return Err(Doubt::Beacon);
        }
        let [exact, near, canary] = [exact, near, canary].map(|output| Told::derive(&self.file, output).find(entries));
        if canary.is_some() || (near.is_some() && !self.asks_near) {
            return Err(Doubt::Canary);
        }
        Ok(match (exact, near) {
            (Some(flags), _) => Verdict::Exposed { flags },
            (None, Some(flags)) => Verdict::Similar { flags },
            (None, None) => Verdict::Clean,
        })
    }
}

/// It holds a pair.
impl std::fmt::Debug for Question {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Question(…)")
    }
}
