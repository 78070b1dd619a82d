//! What a server's operator says about it, and the signed document that carries it (`docs/formats/status.md`). Words beside an outcome:
//! never an outcome, and never proof of anything about an account.

use crate::event::{Unsayable, jws};
use crate::ids::ServerId;
use crate::sign::{PublicKey, SigningKey};
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The document's `typ`.
const TYP: &str = "truebell-status+jwt";
/// Longest document, in bytes.
pub const STATUS_BYTES_MAX: usize = 256 << 10;
/// At most so many of each are told.
const TOLD_MAX: usize = 50;
/// How long after it was signed what is going on is believed to go on.
const GOES_ON: Duration = Duration::from_hours(48);
/// How far ahead of the device's clock a document may be.
const AHEAD_MAX: Duration = Duration::from_mins(10);

/// Names one thing the operator said: six letters people can type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StatusId(pub String);

impl StatusId {
    /// From an entry's bytes: the first 30 bits, in letters that are not mixed up.
    pub fn derive(entry: &[u8; 16]) -> Self {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let bits = u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]]) >> 2;
        let letter = |place: u32| ALPHABET.get(((bits >> (25 - place * 5)) & 31) as usize).map_or('0', |letter| char::from(*letter));
        Self((0..6).map(letter).collect())
    }

    /// As somebody typed it.
    pub fn typed(text: &str) -> Self {
        Self(text.trim().to_ascii_uppercase())
    }
}

impl fmt::Display for StatusId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What is not served during a maintenance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// What writes. Reads that can be served are served.
    #[default]
    Writes,
    /// Everything.
    All,
}

/// One thing the operator said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Said {
    /// There will be a maintenance.
    MaintenanceAnnounced {
        /// From when.
        start: UnixMillis,
        /// Until when.
        end: UnixMillis,
        /// Why, in words for people.
        note: String,
        /// What will not be served.
        scope: Scope,
    },
    /// It has begun.
    MaintenanceBegun {
        /// Which.
        of: StatusId,
        /// Until when, as far as is known now.
        end: UnixMillis,
    },
    /// It is over, or will not be.
    MaintenanceEnded {
        /// Which.
        of: StatusId,
    },
    /// Something is wrong.
    IncidentOpened {
        /// In a few words.
        title: String,
        /// What is known.
        words: String,
    },
    /// More is known.
    IncidentUpdated {
        /// Of which.
        of: StatusId,
        /// What.
        words: String,
    },
    /// It is over.
    IncidentClosed {
        /// Which.
        of: StatusId,
        /// What it was.
        words: String,
    },
}

impl Said {
    /// Of two things said in one moment, what begins comes before what goes on, and that before what ends.
    fn step(&self) -> u8 {
        match self {
            Self::MaintenanceAnnounced { .. } | Self::IncidentOpened { .. } => 0,
            Self::MaintenanceBegun { .. } | Self::IncidentUpdated { .. } => 1,
            Self::MaintenanceEnded { .. } | Self::IncidentClosed { .. } => 2,
        }
    }
}

/// An entry of the operator's journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Random; names it.
    pub entry: [u8; 16],
    /// When it was said.
    pub at: UnixMillis,
    /// What.
    pub said: Said,
}

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Which server.
    pub server: ServerId,
    /// When this was signed.
    pub at: UnixMillis,
    /// How many things were said so far.
    pub serial: u64,
    /// How it was then.
    pub state: State,
    /// The lowest version of a client this server answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_floor: Option<String>,
    /// Newest first.
    #[serde(default)]
    pub maintenance: Vec<Maintenance>,
    /// Newest first.
    #[serde(default)]
    pub incidents: Vec<Incident>,
}

/// How a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing is known to be wrong.
    Operational,
    /// It is being worked on.
    Maintenance,
    /// Something is wrong.
    Incident,
}

/// A maintenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maintenance {
    /// Names it.
    pub id: StatusId,
    /// Why, in the operator's words.
    pub note: String,
    /// From when it was announced.
    pub start: UnixMillis,
    /// Until when it is expected to last.
    pub end: UnixMillis,
    /// What is not served.
    pub scope: Scope,
    /// When it began, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<UnixMillis>,
    /// When it ended, or was called off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<UnixMillis>,
}

impl Maintenance {
    /// Whether it goes on.
    pub fn is_on(&self) -> bool {
        self.begun.is_some() && self.ended.is_none()
    }

    /// Whether it is still to come.
    pub fn is_announced(&self) -> bool {
        self.begun.is_none() && self.ended.is_none()
    }
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Names it.
    pub id: StatusId,
    /// In a few words.
    pub title: String,
    /// When it was opened.
    pub opened: UnixMillis,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<UnixMillis>,
    /// What was said about it, newest first.
    pub updates: Vec<Update>,
}

/// Something said about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// When.
    pub at: UnixMillis,
    /// What.
    pub words: String,
}

/// Why a document is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// It is no status document, or is one this version cannot read.
    #[error("this is not a status document")]
    Malformed,
    /// Our server did not sign it.
    #[error("the status document is not signed by this server")]
    Unsigned,
    /// It is about another server.
    #[error("the status document is another server's")]
    OtherServer,
    /// It is from the future.
    #[error("the status document is from ahead of this device's clock")]
    Ahead,
}

impl Status {
    /// What the journal adds up to. The entries may come in any order.
    pub fn derive(server: ServerId, entries: &[Entry], at: UnixMillis, client_floor: Option<String>) -> Self {
        let mut entries: Vec<&Entry> = entries.iter().collect();
        entries.sort_by_key(|entry| (entry.at, entry.said.step(), entry.entry));
        let (mut maintenance, mut incidents) = (Vec::new(), Vec::new());
        for entry in &entries {
            add_maintenance(&mut maintenance, entry);
            add_incident(&mut incidents, entry);
        }
        for told in &mut incidents {
            told.updates.reverse();
        }
        maintenance.reverse();
        incidents.reverse();
        maintenance.truncate(TOLD_MAX);
        incidents.truncate(TOLD_MAX);
        let state = if maintenance.iter().any(Maintenance::is_on) {
            State::Maintenance
        } else if incidents.iter().any(|incident| incident.closed.is_none()) {
            State::Incident
        } else {
            State::Operational
        };
        Self { server, at, serial: entries.len() as u64, state, client_floor, maintenance, incidents }
    }

    /// The document, signed; the oldest of what it tells left out where it would be too long to be read.
    pub fn sign(&self, key: &SigningKey) -> Result<String, Unsayable> {
        let mut told = self.clone();
        loop {
            let document = jws::sign(TYP, &told, |purpose, input| key.sign(purpose, input)).ok_or(Unsayable)?;
            let is_short = document.len() <= STATUS_BYTES_MAX;
            if is_short || (told.incidents.pop().is_none() && told.maintenance.pop().is_none()) {
                return Ok(document);
            }
        }
    }

    /// The document, if it is this server's and not from the future.
    pub fn verify(document: &str, server: ServerId, key: &PublicKey, now: UnixMillis) -> Result<Self, NotBelieved> {
        let status: Self = jws::verify_up_to(STATUS_BYTES_MAX, TYP, document.trim(), key).map_err(|error| match error {
            jws::JwsError::Malformed => NotBelieved::Malformed,
            jws::JwsError::Signature => NotBelieved::Unsigned,
        })?;
        if status.server != server {
            Err(NotBelieved::OtherServer)
        } else if status.at > now + AHEAD_MAX {
            Err(NotBelieved::Ahead)
        } else {
            Ok(status)
        }
    }

    /// The maintenance that goes on.
    pub fn current(&self) -> Option<&Maintenance> {
        self.maintenance.iter().find(|told| told.is_on())
    }

    /// What of it explains that a server does not do its work now.
    pub fn bearing(&self, now: UnixMillis) -> Option<Bearing> {
        let goes_on = now < self.at + GOES_ON;
        let (by, at) = (|told: &Maintenance| told.note.clone(), self.at);
        if let Some(told) = self.current().filter(|_| goes_on) {
            return Some(Bearing::Maintenance { end: told.end, note: by(told), at });
        }
        if let Some(told) = self.incidents.iter().find(|told| told.closed.is_none()).filter(|_| goes_on) {
            let words = told.updates.first().map(|update| update.words.clone()).unwrap_or_default();
            return Some(Bearing::Incident { since: told.opened, title: told.title.clone(), words, at });
        }
        let announced = self.maintenance.iter().find(|told| told.is_announced() && (told.start..told.end).contains(&now))?;
        Some(Bearing::Announced { start: announced.start, end: announced.end, note: by(announced), at })
    }
}

/// What a status document says about now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Bearing {
    /// The server is being worked on.
    Maintenance {
        /// Until when, as expected.
        end: UnixMillis,
        /// The operator's words.
        note: String,
        /// When this was signed.
        at: UnixMillis,
    },
    /// Something is wrong with it.
    Incident {
        /// Since when.
        since: UnixMillis,
        /// The operator's words.
        title: String,
        /// The newest of them.
        words: String,
        /// When this was signed.
        at: UnixMillis,
    },
    /// A maintenance was announced for now.
    Announced {
        /// From when.
        start: UnixMillis,
        /// Until when.
        end: UnixMillis,
        /// The operator's words.
        note: String,
        /// When this was signed.
        at: UnixMillis,
    },
}

fn add_maintenance(told: &mut Vec<Maintenance>, entry: &Entry) {
    let known = |told: &mut Vec<Maintenance>, of: &StatusId| told.iter().position(|known| known.id == *of && known.ended.is_none());
    match &entry.said {
        Said::MaintenanceAnnounced { start, end, note, scope } => told.push(Maintenance {
            id: StatusId::derive(&entry.entry),
            note: note.clone(),
            start: *start,
            end: *end,
            scope: *scope,
            begun: None,
            ended: None,
        }),
        Said::MaintenanceBegun { of, end } => {
            if let Some(known) = known(told, of).and_then(|place| told.get_mut(place)) {
                known.begun.get_or_insert(entry.at);
                known.end = *end;
            }
        }
        Said::MaintenanceEnded { of } => {
            if let Some(known) = known(told, of).and_then(|place| told.get_mut(place)) {
                known.ended = Some(entry.at);
            }
        }
        Said::IncidentOpened { .. } | Said::IncidentUpdated { .. } | Said::IncidentClosed { .. } => {}
    }
}

fn add_incident(told: &mut Vec<Incident>, entry: &Entry) {
    let update = |words: &String| Update { at: entry.at, words: words.clone() };
    let (of, words, closes) = match &entry.said {
        Said::IncidentOpened { title, words } => {
            let id = StatusId::derive(&entry.entry);
            told.push(Incident { id, title: title.clone(), opened: entry.at, closed: None, updates: vec![update(words)] });
            return;
        }
        Said::IncidentUpdated { of, words } => (of, words, false),
        Said::IncidentClosed { of, words } => (of, words, true),
        Said::MaintenanceAnnounced { .. } | Said::MaintenanceBegun { .. } | Said::MaintenanceEnded { .. } => return,
    };
    if let Some(known) = told.iter_mut().find(|known| known.id == *of && known.closed.is_none()) {
        known.updates.push(update(words));
        known.closed = closes.then_some(entry.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Seeded;

    const HOUR: u64 = 3_600_000;
    const NOW: UnixMillis = UnixMillis(1_795_442_520_000);
    const SERVER: ServerId = ServerId([1; 16]);

    fn after(hours: u64) -> UnixMillis {
        UnixMillis(NOW.0 + hours * HOUR)
    }

    fn entry(number: u8, at: UnixMillis, said: Said) -> Entry {
        Entry { entry: [number; 16], at, said }
    }

    fn id(number: u8) -> StatusId {
        StatusId::derive(&[number; 16])
    }

    fn announced(number: u8, at: u64, start: u64, end: u64) -> Entry {
        let (start, end) = (after(start), after(end));
        entry(number, after(at), Said::MaintenanceAnnounced { start, end, note: "moving house".into(), scope: Scope::Writes })
    }

    fn opened(number: u8, at: u64) -> Entry {
        entry(number, after(at), Said::IncidentOpened { title: "Sign-in is slow".into(), words: "We are looking.".into() })
    }

    fn of(entries: &[Entry], at: u64) -> Status {
        Status::derive(SERVER, entries, after(at), None)
    }

    #[test]
    fn a_maintenance_is_announced_begun_and_ended_and_another_called_off() {
        let begun = entry(2, after(2), Said::MaintenanceBegun { of: id(1), end: after(5) });
        let ended = entry(3, after(4), Said::MaintenanceEnded { of: id(1) });
        let called_off = entry(5, after(1), Said::MaintenanceEnded { of: id(4) });
        let mut entries = vec![ended, begun, announced(1, 0, 2, 4), called_off, announced(4, 0, 8, 9)];
        let status = of(&entries, 6);
        let first = status.maintenance.iter().find(|told| told.id == id(1)).unwrap();
        assert_eq!(
            (first.begun, first.ended, first.end),
            (Some(after(2)), Some(after(4)), after(5)),
            "in the order of time, however they came"
        );
        let second = status.maintenance.iter().find(|told| told.id == id(4)).unwrap();
        assert_eq!((second.begun, second.ended), (None, Some(after(1))));
        assert_eq!((status.state, status.serial), (State::Operational, 5));
        entries.remove(0);
        assert_eq!((of(&entries, 3).state, of(&entries, 3).current().map(|told| told.id.clone())), (State::Maintenance, Some(id(1))));
    }

    #[test]
    fn an_incident_tells_its_newest_words_first_and_words_about_nothing_are_nothing() {
        let more = entry(2, after(1), Said::IncidentUpdated { of: id(1), words: "It is the database.".into() });
        let closed = entry(3, after(2), Said::IncidentClosed { of: id(1), words: "It was the database.".into() });
        let late = entry(4, after(3), Said::IncidentUpdated { of: id(1), words: "After the end".into() });
        let astray = entry(5, after(3), Said::IncidentClosed { of: id(9), words: "Of nothing".into() });
        let entries = [opened(1, 0), more, closed, late, astray];
        assert_eq!(of(&entries[..2], 1).state, State::Incident);
        let status = of(&entries, 4);
        let words: Vec<&str> = status.incidents[0].updates.iter().map(|update| update.words.as_str()).collect();
        assert_eq!(words, ["It was the database.", "It is the database.", "We are looking."]);
        assert_eq!((status.state, status.incidents[0].closed), (State::Operational, Some(after(2))));
    }

    #[test]
    fn what_is_told_about_now_is_what_goes_on_then_what_was_announced_and_nothing_stale() {
        let begun = entry(2, after(2), Said::MaintenanceBegun { of: id(1), end: after(5) });
        let all = [announced(1, 0, 2, 4), opened(3, 1), begun];
        let kind = |status: &Status, now: u64| match status.bearing(after(now)) {
            None => "nothing",
            Some(Bearing::Maintenance { .. }) => "maintenance",
            Some(Bearing::Incident { .. }) => "incident",
            Some(Bearing::Announced { .. }) => "announced",
        };
        for (entries, signed, now, expected) in [
            (&all[..], 3, 3, "maintenance"),
            (&all[..], 3, 50, "maintenance"),
            (&all[..], 3, 51, "nothing"),
            (&all[..2], 1, 3, "incident"),
            (&all[..1], 0, 1, "nothing"),
            (&all[..1], 0, 2, "announced"),
            (&all[..1], 0, 4, "nothing"),
            (&[], 0, 0, "nothing"),
        ] {
            assert_eq!(kind(&of(entries, signed), now), expected, "{signed} {now}");
        }
    }

    #[test]
    fn only_a_document_of_this_server_from_now_or_before_is_believed() {
        let (ours, theirs) = (SigningKey::make_random(&mut Seeded::new(1)), SigningKey::make_random(&mut Seeded::new(2)));
        let status = of(&[opened(1, 0)], 0);
        let document = status.sign(&ours).unwrap();
        let read = |document: &str, now| Status::verify(document, SERVER, &ours.public(), now);
        assert_eq!(read(&format!("{document}\n"), NOW), Ok(status.clone()));
        assert_eq!(read(&document, UnixMillis(NOW.0 - 9 * 60_000)), Ok(status.clone()));
        assert_eq!(read(&document, UnixMillis(NOW.0 - 11 * 60_000)), Err(NotBelieved::Ahead));
        assert_eq!(read(&status.sign(&theirs).unwrap(), NOW), Err(NotBelieved::Unsigned));
        assert_eq!(read(&Status { server: ServerId([2; 16]), ..status.clone() }.sign(&ours).unwrap(), NOW), Err(NotBelieved::OtherServer));
        for nonsense in ["", "a.b.c", document.get(1..).unwrap(), "<html>"] {
            assert!(read(nonsense, NOW).is_err(), "{nonsense}");
        }
        // Another thing signed by the same key is not a status document.
        let other = jws::sign("secevent+jwt", &status, |purpose, input| ours.sign(purpose, input)).unwrap();
        assert_eq!(read(&other, NOW), Err(NotBelieved::Malformed));
    }

    #[test]
    fn a_journal_of_years_stays_within_a_document() {
        let note = "ä".repeat(2000);
        let mut entries: Vec<Entry> = Vec::new();
        for number in 0..400_u32 {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&(number << 8).to_be_bytes());
            entries.push(Entry {
                entry: bytes,
                at: after(u64::from(number)),
                said: Said::IncidentOpened { title: note.clone(), words: note.clone() },
            });
        }
        let status = of(&entries, 500);
        assert_eq!((status.incidents.len(), status.serial), (50, 400));
        assert_eq!(status.incidents[0].opened, after(399), "the newest are told");
        let key = SigningKey::make_random(&mut Seeded::new(1));
        let document = status.sign(&key).unwrap();
        assert!(document.len() <= STATUS_BYTES_MAX, "{}", document.len());
        let read = Status::verify(&document, SERVER, &key.public(), after(500)).unwrap();
        assert_eq!(read.incidents[0].opened, after(399));
    }

    #[test]
    fn ids_are_six_letters_that_are_not_mixed_up() {
        assert_eq!(StatusId::derive(&[0; 16]).0, "000000");
        assert_eq!(StatusId::derive(&[255; 16]).0, "ZZZZZZ");
        assert_eq!(StatusId::typed(" 7kq4f2 ").0, "7KQ4F2");
    }
}
