//! Blocks of lines as stealers write them: `URL:`, `Username:`, `Password:`, one after the other.

use super::super::encoding::Encoding;
use zeroize::Zeroizing;

/// What a line of a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Place,
    Program,
    Login,
    Password,
}

/// A value that waits for the rest of its block.
pub(in super::super) struct Held {
    pub(in super::super) text: Zeroizing<Vec<u8>>,
    pub(in super::super) encoding: Encoding,
    pub(in super::super) line: u64,
}

/// What is known of a block so far.
#[derive(Default)]
pub(in super::super) struct Block {
    login: Option<Held>,
    password: Option<Held>,
    /// Both were there, and are gone.
    done: bool,
}

/// What a line made of the block before it and of its own.
pub(in super::super) struct Step {
    /// The block before it ended without its other half.
    pub(in super::super) ended: Option<Half>,
    pub(in super::super) now: Now,
}

pub(in super::super) enum Half {
    /// An address with nothing beside it.
    Login(Held),
    /// A password of nobody.
    Password { line: u64 },
}

pub(in super::super) enum Now {
    /// Both halves are there.
    Whole {
        login: Held,
        password: Held,
    },
    Understood,
    NotUnderstood,
}

const NAMES: [(&str, Part); 26] = [
    ("url", Part::Place),
    ("host", Part::Place),
    ("hostname", Part::Place),
    ("site", Part::Place),
    ("domain", Part::Place),
    ("origin", Part::Place),
    ("soft", Part::Program),
    ("software", Part::Program),
    ("browser", Part::Program),
    ("application", Part::Program),
    ("app", Part::Program),
    ("storage", Part::Program),
    ("profile", Part::Program),
    ("form", Part::Program),
    ("username", Part::Login),
    ("user", Part::Login),
    ("usr", Part::Login),
    ("login", Part::Login),
    ("email", Part::Login),
    ("user login", Part::Login),
    ("user name", Part::Login),
    ("password", Part::Password),
    ("pass", Part::Password),
    ("pwd", Part::Password),
    ("psw", Part::Password),
    ("user password", Part::Password),
];

/// What stands for nothing.
fn is_nothing(value: &[u8]) -> bool {
    value.is_empty() || value == b"UNKNOWN" || value == b"N/A"
}

/// A line between blocks.
pub(in super::super) fn is_rule(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b'=' | b'-' | b'_' | b'*' | b' '))
}

fn split(line: &[u8]) -> Option<(Part, &[u8])> {
    let at = memchr::memchr(b':', line)?;
    let (name, rest) = line.split_at(at);
    let name = super::trim(name);
    let (_, part) = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))?;
    let value = rest.get(1..).unwrap_or_default();
    Some((*part, value.strip_prefix(b" ").unwrap_or(value)))
}

impl Block {
    /// The block ends here, whatever it lacks.
    pub(in super::super) fn end(&mut self) -> Option<Half> {
        let ended = std::mem::take(self);
        let password = || ended.password.as_ref().map(|password| Half::Password { line: password.line });
        ended.login.map(Half::Login).or_else(password)
    }

    /// The next line, which is not empty.
    pub(in super::super) fn take(&mut self, number: u64, line: &[u8], encoding: Encoding) -> Step {
        if is_rule(line) {
            return Step { ended: self.end(), now: Now::Understood };
        }
        let Some((part, value)) = split(line) else { return Step { ended: None, now: Now::NotUnderstood } };
        let again = match part {
            Part::Place => self.done || self.password.is_some(),
            Part::Program => false,
            Part::Login => self.done || self.login.is_some(),
            Part::Password => self.done || self.password.is_some(),
        };
        let ended = if again { self.end() } else { None };
        let held = || Held { text: Zeroizing::new(value.to_vec()), encoding, line: number };
        match part {
            Part::Login if !is_nothing(value) => self.login = Some(held()),
            Part::Password if !is_nothing(value) => self.password = Some(held()),
            _ => {}
        }
        let now = match (self.login.take(), self.password.take()) {
            (Some(login), Some(password)) => {
                self.done = true;
                Now::Whole { login, password }
            }
            (login, password) => {
                (self.login, self.password) = (login, password);
                Now::Understood
            }
        };
        Step { ended, now }
    }
}
