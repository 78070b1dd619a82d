//! Templates: what a site does to a password, as a short text. `docs/formats/verifiers.md` has the grammar.
//!
//! Never here: a digest function. The evaluation asks the implementation for each digest.

use std::fmt;

use zeroize::Zeroizing;

use super::kdf::Hash;

/// More letters than any site's recipe has.
const LETTERS_MAX: usize = 512;
/// Functions inside functions.
const LEVELS_MAX: usize = 8;

/// Why a template cannot be used. Each says where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// More than 512 letters or 8 levels.
    #[error("the template is too long: at most {LETTERS_MAX} letters and {LEVELS_MAX} functions inside each other")]
    TooLong,
    /// A word that is neither a value nor a function.
    #[error(
        "`{0}` is not known in a template: values are password, salt, user, pepper and 'text'; functions are md5, sha1, sha256, … (see docs/formats/verifiers.md)"
    )]
    Word(String),
    /// A function with too many or too few values.
    #[error("`{name}` takes {wanted} in a template")]
    Arguments {
        /// The function.
        name: String,
        /// How many it takes.
        wanted: &'static str,
    },
    /// Something else is expected at this letter, counted from 1.
    #[error("the template cannot be read from letter {0} on")]
    Syntax(usize),
    /// Every password would match.
    #[error("the template never uses `password`, so every password would match")]
    NoPassword,
    /// Two digests of which one is not named.
    #[error("a column that holds a digest needs a template that ends in one, such as `sha1(salt+password)`")]
    NoDigest,
}

/// A parsed template. Its `Debug` is its text.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    root: Node,
}

#[derive(Clone, PartialEq, Eq)]
enum Node {
    Value(Value),
    Text(Vec<u8>),
    Joined(Vec<Node>),
    Digest { hash: Hash, raw: bool, of: Box<Node> },
    Hmac { hash: Hash, raw: bool, key: Box<Node>, of: Box<Node> },
    Changed(Change, Box<Node>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    Password,
    Salt,
    User,
    Pepper,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Hex,
    Base64,
    Unhex,
    Unbase64,
    Upper,
    Lower,
    Utf16Le,
    AddSlashes,
}

/// What an implementation has to offer: digests over whole messages.
pub(super) trait Digests {
    fn hash(&self, hash: Hash, message: &[u8]) -> Zeroizing<Vec<u8>>;
    fn hmac(&self, hash: Hash, key: &[u8], message: &[u8]) -> Zeroizing<Vec<u8>>;
}

/// The values of one row and one password.
#[derive(Clone, Copy)]
pub(super) struct Values<'a> {
    pub(super) password: &'a [u8],
    pub(super) salt: Option<&'a [u8]>,
    pub(super) user: Option<&'a [u8]>,
    pub(super) pepper: Option<&'a [u8]>,
}

/// Why a template gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nothing {
    /// The row or the recipe lacks a value.
    Missing(&'static str),
    /// The salt is not what `unhex` or `unbase64` reads.
    NotEncoded,
    /// The password is not text, but the site keeps it as UTF-16.
    NotText,
    /// HMAC fills its key with NUL: with and without one at its end, two passwords are one.
    NulEndsKey,
}

impl Template {
    /// The password as it is.
    pub(super) fn password() -> Self {
        Self { text: "password".to_owned(), root: Node::Value(Value::Password) }
    }

    /// Reads a template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        if text.chars().count() > LETTERS_MAX {
            return Err(TemplateError::TooLong);
        }
        let mut reader = Reader { letters: text.chars().collect(), at: 0 };
        let root = reader.joined(0)?;
        reader.blank();
        if reader.at < reader.letters.len() {
            return Err(TemplateError::Syntax(reader.at + 1));
        }
        if !root.uses_password() {
            return Err(TemplateError::NoPassword);
        }
        Ok(Self { text: text.to_owned(), root })
    }

    /// For a column: it must hold a digest, or no password would ever be told from another by its length alone.
    pub(super) fn that_digests(self) -> Result<Self, TemplateError> {
        if self.root.is_digest() { Ok(self) } else { Err(TemplateError::NoDigest) }
    }

    /// Whether what it makes is hexadecimal, so that capitals do not matter.
    pub(super) fn makes_hex(&self) -> bool {
        matches!(self.root, Node::Digest { raw: false, .. } | Node::Hmac { raw: false, .. } | Node::Changed(Change::Hex, _))
            || matches!(&self.root, Node::Changed(Change::Upper | Change::Lower, inner) if inner.is_digest())
    }

    pub(super) fn evaluate(&self, values: &Values<'_>, digests: &dyn Digests) -> Result<Zeroizing<Vec<u8>>, Nothing> {
        self.root.evaluate(values, digests)
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl Node {
    fn uses_password(&self) -> bool {
        match self {
            Self::Value(value) => *value == Value::Password,
            Self::Text(_) => false,
            Self::Joined(nodes) => nodes.iter().any(Self::uses_password),
            Self::Digest { of, .. } | Self::Changed(_, of) => of.uses_password(),
            Self::Hmac { key, of, .. } => key.uses_password() || of.uses_password(),
        }
    }

    fn is_digest(&self) -> bool {
        match self {
            Self::Digest { raw, .. } | Self::Hmac { raw, .. } => !raw,
            Self::Changed(Change::Hex | Change::Base64, of) => matches!(**of, Self::Digest { .. } | Self::Hmac { .. }),
            Self::Changed(Change::Upper | Change::Lower, of) => of.is_digest(),
            _ => false,
        }
    }

    fn evaluate(&self, values: &Values<'_>, digests: &dyn Digests) -> Result<Zeroizing<Vec<u8>>, Nothing> {
        match self {
            Self::Value(value) => value.of(values).map(|bytes| Zeroizing::new(bytes.to_vec())),
            Self::Text(text) => Ok(Zeroizing::new(text.clone())),
            Self::Joined(nodes) => {
                let mut joined = Zeroizing::new(Vec::new());
                for node in nodes {
                    joined.extend_from_slice(&node.evaluate(values, digests)?);
                }
                Ok(joined)
            }
            Self::Digest { hash, raw, of } => Ok(written(digests.hash(*hash, &of.evaluate(values, digests)?), *raw)),
            Self::Hmac { hash, raw, key, of } => {
                let made = key.evaluate(values, digests)?;
                if key.uses_password() && made.last() == Some(&0) {
                    return Err(Nothing::NulEndsKey);
                }
                Ok(written(digests.hmac(*hash, &made, &of.evaluate(values, digests)?), *raw))
            }
            Self::Changed(change, of) => change.apply(of.evaluate(values, digests)?),
        }
    }
}

fn written(digest: Zeroizing<Vec<u8>>, raw: bool) -> Zeroizing<Vec<u8>> {
    if raw { digest } else { Zeroizing::new(data_encoding::HEXLOWER.encode(&digest).into_bytes()) }
}

impl Value {
    fn of<'a>(self, values: &Values<'a>) -> Result<&'a [u8], Nothing> {
        match self {
            Self::Password => Ok(values.password),
            Self::Salt => values.salt.ok_or(Nothing::Missing("salt")),
            Self::User => values.user.ok_or(Nothing::Missing("user")),
            Self::Pepper => values.pepper.ok_or(Nothing::Missing("pepper")),
        }
    }
}

impl Change {
    fn apply(self, bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Nothing> {
        let changed = match self {
            Self::Hex => data_encoding::HEXLOWER.encode(&bytes).into_bytes(),
            Self::Base64 => data_encoding::BASE64.encode(&bytes).into_bytes(),
            Self::Unhex => data_encoding::HEXLOWER_PERMISSIVE.decode(&bytes).map_err(|_| Nothing::NotEncoded)?,
            Self::Unbase64 => data_encoding::BASE64.decode(&bytes).map_err(|_| Nothing::NotEncoded)?,
            Self::Upper => bytes.to_ascii_uppercase(),
            Self::Lower => bytes.to_ascii_lowercase(),
            Self::Utf16Le => {
                let text = std::str::from_utf8(&bytes).map_err(|_| Nothing::NotText)?;
                text.encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            Self::AddSlashes => add_slashes(&bytes),
        };
        Ok(Zeroizing::new(changed))
    }
}

/// PHP's `addslashes`.
fn add_slashes(bytes: &[u8]) -> Vec<u8> {
    let escaped = bytes.iter().flat_map(|byte| match byte {
        b'\'' | b'"' | b'\\' => [Some(b'\\'), Some(*byte)],
        0 => [Some(b'\\'), Some(b'0')],
        other => [None, Some(*other)],
    });
    escaped.flatten().collect()
}

struct Reader {
    letters: Vec<char>,
    at: usize,
}

impl Reader {
    fn blank(&mut self) {
        while self.letters.get(self.at).is_some_and(char::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.blank();
        let is_there = self.letters.get(self.at) == Some(&wanted);
        self.at += usize::from(is_there);
        is_there
    }

    fn joined(&mut self, level: usize) -> Result<Node, TemplateError> {
        let first = self.term(level)?;
        let mut nodes = vec![first];
        while self.takes('+') {
            nodes.push(self.term(level)?);
        }
        if nodes.len() == 1 { nodes.pop().ok_or(TemplateError::Syntax(self.at)) } else { Ok(Node::Joined(nodes)) }
    }

    fn term(&mut self, level: usize) -> Result<Node, TemplateError> {
        if level > LEVELS_MAX {
            return Err(TemplateError::TooLong);
        }
        if self.takes('\'') {
            return self.quoted();
        }
        let name = self.word()?;
        if self.takes('(') {
            let mut arguments = vec![self.joined(level + 1)?];
            while self.takes(',') {
                arguments.push(self.joined(level + 1)?);
            }
            if !self.takes(')') {
                return Err(TemplateError::Syntax(self.at + 1));
            }
            return function(name, arguments);
        }
        let value = match name.as_str() {
            "password" => Value::Password,
            "salt" => Value::Salt,
            "user" => Value::User,
            "pepper" => Value::Pepper,
            _ => return Err(TemplateError::Word(name)),
        };
        Ok(Node::Value(value))
    }

    fn quoted(&mut self) -> Result<Node, TemplateError> {
        let rest = self.letters.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|letter| *letter == '\'').ok_or(TemplateError::Syntax(self.at + 1))?;
        let text: String = rest.iter().take(length).collect();
        self.at += length + 1;
        Ok(Node::Text(text.into_bytes()))
    }

    fn word(&mut self) -> Result<String, TemplateError> {
        self.blank();
        let rest = self.letters.get(self.at..).unwrap_or_default();
        let word: String = rest.iter().take_while(|letter| letter.is_ascii_alphanumeric() || **letter == '_').collect();
        if word.is_empty() {
            return Err(TemplateError::Syntax(self.at + 1));
        }
        self.at += word.len();
        Ok(word)
    }
}

fn function(name: String, arguments: Vec<Node>) -> Result<Node, TemplateError> {
    if let Some(change) = change(&name) {
        let [of] = take(arguments, &name, "one value")?;
        return Ok(Node::Changed(change, Box::new(of)));
    }
    let (plain, raw) = name.strip_suffix("_raw").map_or((name.as_str(), false), |plain| (plain, true));
    if let Some(hash) = plain.strip_prefix("hmac_").and_then(hash) {
        let [key, of] = take(arguments, &name, "a key and a message")?;
        return Ok(Node::Hmac { hash, raw, key: Box::new(key), of: Box::new(of) });
    }
    let Some(hash) = hash(plain) else { return Err(TemplateError::Word(name)) };
    let [of] = take(arguments, &name, "one value")?;
    Ok(Node::Digest { hash, raw, of: Box::new(of) })
}

fn take<const N: usize>(arguments: Vec<Node>, name: &str, wanted: &'static str) -> Result<[Node; N], TemplateError> {
    arguments.try_into().map_err(|_| TemplateError::Arguments { name: name.to_owned(), wanted })
}

fn hash(name: &str) -> Option<Hash> {
    Some(match name {
        "md5" => Hash::Md5,
        "sha1" => Hash::Sha1,
        "sha256" => Hash::Sha256,
        "sha384" => Hash::Sha384,
        "sha512" => Hash::Sha512,
        _ => return None,
    })
}

fn change(name: &str) -> Option<Change> {
    Some(match name {
        "hex" => Change::Hex,
        "base64" => Change::Base64,
        "unhex" => Change::Unhex,
        "unbase64" => Change::Unbase64,
        "upper" => Change::Upper,
        "lower" => Change::Lower,
        "utf16le" => Change::Utf16Le,
        "addslashes" => Change::AddSlashes,
        _ => return None,
    })
}
