//! A new verifier for a password that a person just chose, of the family the account already has, so that the site reads it.
//!
//! Never here: whether the password is good enough, and writing it anywhere (`action`).

use truebell_core::chance::{Chance, make_array};
use truebell_core::secret::Secret;

use super::alphabet::{self, BCRYPT, CRYPT};
use super::recipe::{Dialect, Layout, Recipe, Stored};
use super::verifier::{Implementation, Limit, Verdict, Verifier};

/// Django's own count of rounds in version 5.2.
const DJANGO_ROUNDS: u32 = 1_000_000;
/// Discourse's own.
const DISCOURSE_PARAMETERS: &str = "$pbkdf2-sha256$i=600000,l=32$";
/// The lowest cost of bcrypt that is written.
const BCRYPT_COST_MIN: u32 = 10;
/// The rounds of WordPress's phpass: 2^13.
const PHPASS_ROUNDS: char = 'B';

/// What goes into the row's columns.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    verifier: Secret,
    salt: Option<Secret>,
    parameters: Option<String>,
}

impl Made {
    /// As a verifier is parsed.
    pub fn stored<'a>(&'a self, user: Option<&'a str>) -> Stored<'a> {
        Stored {
            verifier: self.verifier.expose(),
            salt: self.salt.as_ref().map(Secret::expose),
            parameters: self.parameters.as_deref(),
            user,
        }
    }
}

impl std::fmt::Debug for Made {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Made(…)")
    }
}

/// Why there is no new verifier. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// Such a format is read and never written.
    #[error("passwords of this account's format are not written from here: choose the new password at the site itself")]
    Family,
    /// The password would not be kept whole.
    #[error("this password does not fit the site's format: {0}; choose another")]
    Unfit(Limit),
    /// What was made does not open for the password.
    #[error("the new verifier does not open for the new password: nothing was stored; report the site's format")]
    Fault,
}

/// How a digest is written at the end of a frame.
#[derive(Clone, Copy)]
enum Letters {
    Bcrypt,
    Phpass,
    Base64,
    Padded,
    Hex,
}

/// A verifier whose digest is nothing yet, with a fresh salt.
struct Frame {
    /// Everything before the digest.
    head: String,
    salt: Option<String>,
    parameters: Option<String>,
    letters: Letters,
    /// Bytes of digest.
    length: usize,
}

/// Makes a verifier of `password` for an account that has, or had before its lock, `like`. Costs two checks.
pub fn make(password: &Secret, like: &Stored<'_>, recipe: &Recipe, chance: &mut dyn Chance) -> Result<Made, NotMade> {
    let frame = frame(like, recipe, chance).ok_or(NotMade::Family)?;
    let empty = frame.with(&vec![0; frame.length]);
    let parsed = Verifier::parse(&empty.stored(like.user), recipe).map_err(|_| NotMade::Fault)?;
    let code = Implementation::First.code();
    let entering = parsed.enter(password.expose().as_bytes(), code).map_err(NotMade::Unfit)?;
    let digest = code.derive(&parsed.kdf, &entering).ok_or(NotMade::Unfit(Limit::NotComputed))?;
    let made = frame.with(digest.get(..frame.length).ok_or(NotMade::Fault)?);
    let parsed = Verifier::parse(&made.stored(like.user), recipe).map_err(|_| NotMade::Fault)?;
    match parsed.check(password.expose().as_bytes(), Implementation::Second) {
        Verdict::Matches => Ok(made),
        Verdict::NotEvidence { why } => Err(NotMade::Unfit(why)),
        Verdict::Differs => Err(NotMade::Fault),
    }
}

impl Frame {
    fn named(head: String, letters: Letters, length: usize) -> Self {
        Self { head, salt: None, parameters: None, letters, length }
    }

    fn with(&self, digest: &[u8]) -> Made {
        let digest = match self.letters {
            Letters::Bcrypt => alphabet::encode(digest, BCRYPT),
            Letters::Phpass => alphabet::encode_low_first(digest),
            Letters::Base64 => data_encoding::BASE64_NOPAD.encode(digest),
            Letters::Padded => data_encoding::BASE64.encode(digest),
            Letters::Hex => data_encoding::HEXLOWER.encode(digest),
        };
        let verifier = Secret::new(format!("{}{digest}", self.head));
        Made { verifier, salt: self.salt.clone().map(Secret::new), parameters: self.parameters.clone() }
    }
}

fn frame(like: &Stored<'_>, recipe: &Recipe, chance: &mut dyn Chance) -> Option<Frame> {
    match recipe.layout() {
        Layout::Named(dialect) => named(like.verifier, *dialect, chance),
        Layout::Pbkdf2Columns => {
            let salt = data_encoding::HEXLOWER.encode(&make_array::<16>(chance));
            let parameters = Some(DISCOURSE_PARAMETERS.to_owned());
            Some(Frame { head: String::new(), salt: Some(salt), parameters, letters: Letters::Hex, length: 32 })
        }
        Layout::AspNetIdentity | Layout::Digest { .. } => None,
    }
}

fn named(text: &str, dialect: Dialect, chance: &mut dyn Chance) -> Option<Frame> {
    let fields: Vec<&str> = text.split('$').collect();
    let is_django = dialect == Dialect::Django;
    let argon2 = if is_django { text.strip_prefix("argon2").unwrap_or(text) } else { text };
    match fields.as_slice() {
        [.., kind, cost, last] if kind.starts_with('2') && cost.len() == 2 && last.len() == 53 => bcrypt(text, cost, chance),
        _ if argon2.starts_with("$argon2") => {
            let (head, _) = text.rsplit_once('$')?.0.rsplit_once('$')?;
            let salt = data_encoding::BASE64_NOPAD.encode(&make_array::<16>(chance));
            Some(Frame::named(format!("{head}${salt}$"), Letters::Base64, 32))
        }
        ["scrypt", n, _, r, p, _] if is_django => {
            Some(Frame::named(format!("scrypt${n}${}${r}${p}$", make_letters(22, chance)), Letters::Padded, 64))
        }
        ["pbkdf2_sha256", rounds, _, _] if is_django => Some(django_pbkdf2(rounds.parse().ok()?, chance)),
        ["pbkdf2_sha1" | "md5" | "sha1", ..] if is_django => Some(django_pbkdf2(0, chance)),
        [digest] if is_django && digest.len() == 32 => Some(django_pbkdf2(0, chance)),
        ["", "P" | "H", _] => phpass(text.get(..4)?, chance),
        [digest] if dialect == Dialect::WordPress && digest.len() == 32 => phpass("$P$B", chance),
        _ => None,
    }
}

fn bcrypt(text: &str, cost: &str, chance: &mut dyn Chance) -> Option<Frame> {
    let head = text.get(..text.len() - 53 - 1 - cost.len())?;
    let cost = cost.parse::<u32>().ok()?.max(BCRYPT_COST_MIN);
    let salt = alphabet::encode(&make_array::<16>(chance), BCRYPT);
    Some(Frame::named(format!("{head}{cost:02}${salt}"), Letters::Bcrypt, 23))
}

fn django_pbkdf2(rounds: u32, chance: &mut dyn Chance) -> Frame {
    let rounds = rounds.max(DJANGO_ROUNDS);
    Frame::named(format!("pbkdf2_sha256${rounds}${}$", make_letters(22, chance)), Letters::Padded, 32)
}

/// `head` is the mark with the letter of the rounds.
fn phpass(head: &str, chance: &mut dyn Chance) -> Option<Frame> {
    let (mark, rounds) = head.split_at_checked(3)?;
    let value = |letter: char| u8::try_from(letter).ok().and_then(alphabet::crypt_value);
    let rounds = rounds.chars().next().filter(|rounds| value(*rounds) > value(PHPASS_ROUNDS)).unwrap_or(PHPASS_ROUNDS);
    let salt: String =
        make_array::<8>(chance).iter().filter_map(|byte| CRYPT.get(usize::from(byte & 63))).map(|letter| char::from(*letter)).collect();
    Some(Frame::named(format!("{mark}{rounds}{salt}"), Letters::Phpass, 16))
}

/// Letters and digits, each as likely as any other.
fn make_letters(count: usize, chance: &mut dyn Chance) -> String {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(count);
    while text.len() < count {
        // The last 8 of 256 would make the first letters likelier.
        let [byte] = make_array::<1>(chance);
        text.extend(LETTERS.get(usize::from(byte % 62)).filter(|_| byte < 248).map(|letter| char::from(*letter)));
    }
    text
}
