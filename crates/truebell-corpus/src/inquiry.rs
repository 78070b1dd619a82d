//! Asking a range service: which prefixes, what its answers say, and when nothing of it can be believed. Never here: a socket, or chance.
//!
//! A service that moved, a captive portal or a proxy may answer 200 to everything. So random digests are asked first and last, padding is asked for, and answers must be what a
//! range looks like, each another. Whoever breaks one of these knows nothing, and what is not known is said to be not known: neither exposed nor clean.

use crate::digest::{Digest, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// Bits of a digest that are told.
const PREFIX_BITS: u32 = 20;
const PREFIX_DIGITS: usize = 5;
/// A longer answer is not read: the longest range at four billion entries, padded.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;

/// What came back for one prefix.
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

/// Why it is not known whether a password is exposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Doubt {
    /// Nobody answered.
    #[error("nobody answered")]
    Nobody,
    /// Not 200.
    #[error("the answer was HTTP {0}")]
    Status(u16),
    /// A page, JSON, nothing at all: whatever it is, it is not a padded range.
    #[error("the answer was not a range of hashes; a sign-in page of the network, or a service that moved, may have given it")]
    NotARange,
    /// It says that a password is exposed which was made up a moment before.
    #[error("the service calls a password exposed that was made up a moment before, so it says that of anything")]
    Canary,
    /// The same answer for two prefixes.
    #[error("the service gives the same answer whatever it is asked")]
    SameForAll,
    /// It was not asked, because of what was found before.
    #[error("the service was not asked any further")]
    NotAsked,
}

/// What is known about a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The service has it.
    Exposed {
        /// How often it was seen.
        count: u64,
    },
    /// The service answered, and does not have it.
    Clean,
    /// Neither can be said.
    Unknown(Doubt),
}

/// Questions for one service.
#[derive(Debug)]
pub struct Inquiry {
    kind: Kind,
    wanted: BTreeSet<Digest>,
    /// Made up by chance: nobody can have seen them.
    canaries: [Digest; 2],
    /// Prefixes to ask for, last first.
    ahead: Vec<u32>,
    known: BTreeMap<Digest, Verdict>,
    /// Whole answers, by their first 64 bits of SHA-256, so that two alike are seen.
    answers: BTreeSet<u64>,
    /// Nothing of this service is believed.
    doubt: Option<Doubt>,
}

impl Inquiry {
    /// About these digests. The canaries are 2 × 20 random bytes.
    pub fn new(kind: Kind, wanted: impl IntoIterator<Item = Digest>, canaries: [[u8; 20]; 2]) -> Self {
        let canaries = canaries.map(|bytes| Digest::of_bytes(bytes.get(..kind.bytes()).unwrap_or_default()));
        let wanted: BTreeSet<Digest> = wanted.into_iter().collect();
        let [first, last] = canaries.map(|canary| prefix_of(&canary));
        // A prefix that a canary shares with a digest is asked for once: twice would look as if every answer were the same.
        let mut asked: BTreeSet<u32> = wanted.iter().map(prefix_of).collect();
        asked.retain(|prefix| *prefix != first && *prefix != last);
        let mut ahead = vec![last];
        ahead.extend(asked.into_iter().rev());
        if first != last {
            ahead.push(first);
        }
        Self { kind, wanted, canaries, ahead, known: BTreeMap::new(), answers: BTreeSet::new(), doubt: None }
    }

    /// How many prefixes are still to be asked for.
    pub const fn remaining(&self) -> usize {
        self.ahead.len()
    }

    /// The path to ask for next, with `Add-Padding: true`; `None` when all is asked, or nothing more is worth asking.
    pub fn next_path(&self) -> Option<String> {
        self.next_paths(1).pop()
    }

    /// The paths that may be asked for now, all at once if one likes: up to `at_most`, but a canary alone, first and last. Their answers are given in this order.
    pub fn next_paths(&self, at_most: usize) -> Vec<String> {
        let is_canary = |prefix: u32| self.canaries.iter().any(|canary| prefix_of(canary) == prefix);
        let ahead = self.ahead.iter().rev().copied().filter(|_| self.doubt.is_none());
        let alone = self.ahead.last().is_some_and(|prefix| is_canary(*prefix));
        let together = ahead.clone().take_while(|prefix| !is_canary(*prefix)).take(at_most);
        let mode = if self.kind == Kind::Ntlm { "?mode=ntlm" } else { "" };
        let path = |prefix: u32| format!("/range/{prefix:05X}{mode}");
        if alone { ahead.take(1).map(path).collect() } else { together.map(path).collect() }
    }

    /// What came back for [`Self::next_path`], or for the first of [`Self::next_paths`] whose answer was not given yet.
    pub fn answer(&mut self, reply: Reply<'_>) {
        let Some(prefix) = self.ahead.pop() else { return };
        let range = read_range(self.kind, prefix, reply);
        if let (Ok(_), Reply::Answer { body, .. }) = (&range, reply)
            && !self.answers.insert(first_word(body))
        {
            self.doubt = Some(Doubt::SameForAll);
        }
        let is_canary = |canary: &Digest| prefix_of(canary) == prefix;
        for canary in self.canaries.iter().filter(|canary| is_canary(canary)) {
            match &range {
                Err(doubt) => self.doubt = Some(*doubt),
                Ok(range) if range.contains_key(canary) => self.doubt = Some(Doubt::Canary),
                Ok(_) => {}
            }
        }
        for digest in self.wanted.iter().filter(|digest| prefix_of(digest) == prefix) {
            let verdict = match &range {
                Err(doubt) => Verdict::Unknown(*doubt),
                Ok(range) => range.get(digest).map_or(Verdict::Clean, |count| Verdict::Exposed { count: *count }),
            };
            self.known.insert(*digest, verdict);
        }
    }

    /// What is known now. One doubt about the service as a whole is a doubt about every answer it gave.
    pub fn finish(self) -> BTreeMap<Digest, Verdict> {
        let unfinished = if self.ahead.is_empty() { None } else { Some(Doubt::NotAsked) };
        let verdict = |digest: &Digest| match self.doubt.or(unfinished) {
            Some(doubt) => Verdict::Unknown(doubt),
            None => self.known.get(digest).copied().unwrap_or(Verdict::Unknown(Doubt::NotAsked)),
        };
        self.wanted.iter().map(|digest| (*digest, verdict(digest))).collect()
    }
}

fn prefix_of(digest: &Digest) -> u32 {
    u32::try_from(digest.key() >> (64 - PREFIX_BITS)).unwrap_or_default()
}

fn first_word(body: &[u8]) -> u64 {
    use sha2::Digest as _;
    sha2::Sha256::digest(body).first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Digests with their counts, padding left out. Strict: an answer that is a range in part is none.
fn read_range(kind: Kind, prefix: u32, reply: Reply<'_>) -> Result<BTreeMap<Digest, u64>, Doubt> {
    let (status, body) = match reply {
        Reply::Nobody => return Err(Doubt::Nobody),
        Reply::Answer { status, body } => (status, body),
    };
    if status != 200 {
        return Err(Doubt::Status(status));
    }
    // Padding was asked for, so that an answer without a line is none.
    let text = std::str::from_utf8(body).ok().filter(|text| !text.is_empty() && text.len() <= ANSWER_BYTES_MAX).ok_or(Doubt::NotARange)?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut range = BTreeMap::new();
    for line in text.split('\n') {
        let (digest, count) = read_line(kind, prefix, line.strip_suffix('\r').unwrap_or(line)).ok_or(Doubt::NotARange)?;
        if count > 0 {
            range.insert(digest, count);
        }
    }
    Ok(range)
}

fn read_line(kind: Kind, prefix: u32, line: &str) -> Option<(Digest, u64)> {
    let (suffix, count) = line.split_once(':')?;
    if suffix.len() != kind.bytes() * 2 - PREFIX_DIGITS {
        return None;
    }
    let digest = Digest::parse(kind, format!("{prefix:05X}{suffix}").as_bytes()).ok()?;
    let digits = count.bytes().all(|digit| digit.is_ascii_digit());
    // A padding line of ours may have a longer zero, a count at most 16 digits.
    let count = if digits && !count.is_empty() { count.trim_start_matches('0') } else { return None };
    Some((digest, if count.is_empty() { 0 } else { count.parse().ok()? }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: Kind = Kind::Sha1;
    const CANARIES: [[u8; 20]; 2] = [[0x17; 20], [0xe9; 20]];

    fn digest(password: &str) -> Digest {
        KIND.digest(password.as_bytes()).unwrap()
    }

    /// A service with these passwords, each seen five times, which pads each range with what is different for each.
    fn honest(path: &str, passwords: &[&str]) -> Vec<u8> {
        let prefix = path.strip_prefix("/range/").unwrap();
        let hashes = passwords.iter().map(|password| digest(password).hex(KIND));
        let lines: Vec<String> =
            hashes.filter(|hash| hash.starts_with(prefix)).map(|hash| format!("{}:5", hash.get(5..).unwrap())).collect();
        let padding = format!("{prefix}{}:0000", "0".repeat(30));
        [lines, vec![padding]].concat().join("\r\n").into_bytes()
    }

    fn ask(service: impl Fn(&str) -> Option<(u16, Vec<u8>)>) -> Vec<Verdict> {
        let mut inquiry = Inquiry::new(KIND, ["password", "unique and new"].map(digest), CANARIES);
        while let Some(path) = inquiry.next_path() {
            match service(&path) {
                None => inquiry.answer(Reply::Nobody),
                Some((status, body)) => inquiry.answer(Reply::Answer { status, body: &body }),
            }
        }
        let known = inquiry.finish();
        ["password", "unique and new"].map(digest).iter().filter_map(|digest| known.get(digest).copied()).collect()
    }

    #[test]
    fn an_honest_service_is_believed() {
        assert_eq!(ask(|path| Some((200, honest(path, &["password"])))), [Verdict::Exposed { count: 5 }, Verdict::Clean]);
    }

    #[test]
    fn whoever_answers_200_to_everything_knows_nothing() {
        let page = b"<!doctype html><title>Sign in to the network</title>".to_vec();
        let line = format!("{}:3", "A".repeat(35)).into_bytes();
        let cases: [(&str, Vec<u8>, Doubt); 5] = [
            ("a captive portal", page, Doubt::NotARange),
            ("a service that moved", br#"{"status":"ok","breached":true}"#.to_vec(), Doubt::NotARange),
            ("nothing", vec![], Doubt::NotARange),
            ("the same range whatever is asked", line.clone(), Doubt::SameForAll),
            ("a range and then a page", [line, b"\r\n<html>".to_vec()].concat(), Doubt::NotARange),
        ];
        for (who, body, doubt) in cases {
            assert_eq!(ask(|_| Some((200, body.clone()))), [Verdict::Unknown(doubt); 2], "{who}");
        }
        assert_eq!(ask(|_| None), [Verdict::Unknown(Doubt::Nobody); 2]);
        assert_eq!(ask(|_| Some((503, vec![]))), [Verdict::Unknown(Doubt::Status(503)); 2]);
    }

    #[test]
    fn a_service_that_has_the_canary_has_everything() {
        for canary in CANARIES {
            let canary = Digest::of(KIND, &canary).unwrap().hex(KIND);
            let service = |path: &str| {
                let mut body = honest(path, &["password"]);
                if canary.starts_with(path.strip_prefix("/range/").unwrap()) {
                    body.extend(format!("\r\n{}:1", canary.get(5..).unwrap()).bytes());
                }
                Some((200, body))
            };
            assert_eq!(ask(service), [Verdict::Unknown(Doubt::Canary); 2]);
        }
    }

    #[test]
    fn one_answer_that_fails_is_one_password_of_which_nothing_is_known() {
        let service = |path: &str| Some(if path == "/range/5BAA6" { (500, vec![]) } else { (200, honest(path, &["password"])) });
        assert_eq!(ask(service), [Verdict::Unknown(Doubt::Status(500)), Verdict::Clean]);
    }

    #[test]
    fn many_are_asked_at_once_and_canaries_alone_before_and_after_them() {
        let passwords: Vec<String> = (0..20).map(|number| format!("password {number}")).collect();
        let exposed: Vec<&str> = passwords.iter().step_by(3).map(String::as_str).collect();
        let mut inquiry = Inquiry::new(KIND, passwords.iter().map(|password| digest(password)), CANARIES);
        let (mut asked, mut together) = (BTreeSet::new(), Vec::new());
        loop {
            let paths = inquiry.next_paths(8);
            if paths.is_empty() {
                break;
            }
            together.push(paths.len());
            // All are asked before the first answer is looked at.
            assert!(paths.iter().all(|path| asked.insert(path.clone())), "{paths:?}");
            for path in &paths {
                inquiry.answer(Reply::Answer { status: 200, body: &honest(path, &exposed) });
            }
        }
        assert_eq!(together, [1, 8, 8, 4, 1]);
        let known = inquiry.finish();
        for password in &passwords {
            let expect = if exposed.contains(&password.as_str()) { Verdict::Exposed { count: 5 } } else { Verdict::Clean };
            assert_eq!(known.get(&digest(password)), Some(&expect), "{password}");
        }
    }

    #[test]
    fn whoever_answers_nonsense_to_the_canary_is_told_no_password() {
        let mut inquiry = Inquiry::new(KIND, [digest("password")], CANARIES);
        assert_eq!(inquiry.next_paths(8), [format!("/range/{:05X}", prefix_of(&Digest::of_bytes(&CANARIES[0])))]);
        inquiry.answer(Reply::Answer { status: 200, body: b"<html>" });
        assert_eq!(inquiry.next_paths(8), Vec::<String>::new());
    }

    #[test]
    fn a_canary_beside_a_password_does_not_confuse() {
        let mut beside = [0; 20];
        beside.copy_from_slice(digest("password").bytes(KIND));
        beside[19] ^= 1;
        for canaries in [[beside, CANARIES[1]], [CANARIES[0], beside], [beside, beside]] {
            let mut inquiry = Inquiry::new(KIND, [digest("password")], canaries);
            while let Some(path) = inquiry.next_path() {
                inquiry.answer(Reply::Answer { status: 200, body: &honest(&path, &["password"]) });
            }
            assert_eq!(inquiry.finish().into_values().collect::<Vec<_>>(), [Verdict::Exposed { count: 5 }]);
        }
    }

    #[test]
    fn an_inquiry_that_was_broken_off_says_nothing() {
        let mut inquiry = Inquiry::new(KIND, [digest("password")], CANARIES);
        for _ in 0..2 {
            let body = honest(&inquiry.next_path().unwrap(), &["password"]);
            inquiry.answer(Reply::Answer { status: 200, body: &body });
        }
        assert_eq!(inquiry.remaining(), 1);
        assert_eq!(inquiry.finish().into_values().collect::<Vec<_>>(), [Verdict::Unknown(Doubt::NotAsked)]);
    }

    proptest! {
        /// Whatever the bytes are, they do not make a password exposed unless they name it.
        #[test]
        fn no_bytes_expose_a_password_they_do_not_name(body in proptest::collection::vec(any::<u8>(), 0..300), lines in proptest::collection::vec("[0-9A-F]{35}:[0-9]{1,3}\r\n", 0..5)) {
            for body in [body, lines.concat().into_bytes()] {
                let said = ask(|_| Some((200, body.clone())));
                prop_assert!(said.iter().all(|verdict| matches!(verdict, Verdict::Unknown(_))), "{said:?}");
            }
        }
    }
}
