//! The inbox: notices made from proven events, each shown once, and what was taken back beside what it takes back.

use super::exchange::{Question, ask};
use super::replica::rows;
use super::session::Wire;
use super::{Client, Device, Error, Hold, Online, ReplicaError, World};
use std::collections::BTreeMap;
use truebell_core::event::{
    self, Chain, CheckCode, Event, Genuine, Link, Plea, Retraction, Trust, Verified, What, is_retraction, read_retraction, read_signed,
};
use truebell_core::letter::RETRACTED;
use truebell_core::notice::{By, Correction, Notice};
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Acknowledge;
use truebell_core::wire::notice::{Checked, Proof, Verdict};
use truebell_core::words::one_line;

/// One line of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// The notice.
    pub notice: Notice,
    /// Who took it back since, and what that proves. The notice stays what it is.
    pub corrections: Vec<Correction>,
    /// Whether this device did it itself: a record, not an alarm.
    pub own: bool,
    /// Whether it was marked as seen. Own acts, and what happened before this device was enrolled, come seen. A correction makes it new
    /// again.
    pub seen: bool,
}

/// What is known of a check code.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum NoticeAnswer {
    /// This account's own event: proven here.
    Genuine {
        /// The notice.
        notice: Notice,
        /// Who took it back since, as this device knows it.
        corrections: Vec<Correction>,
        /// Whether this very device did it.
        own: bool,
    },
    /// Both signatures prove it, and it is not among this device's own events: another account's, or one not synced yet.
    GenuineElsewhere {
        /// What kind of event.
        kind: String,
        /// When.
        at: UnixMillis,
        /// By which device, in its owner's words made harmless; empty for an operator's retraction.
        device: String,
        /// Whether it is about this account: then a sync brings it.
        own: bool,
        /// Who took it back since.
        corrections: Vec<Correction>,
    },
    /// The server never made a notice with this code.
    NeverSent,
}

/// A link of this device's chain, as it lies in the replica and proven again.
struct Kept {
    link: Link,
    own: bool,
    seen: bool,
}

impl Client {
    /// All notices, newest first.
    pub fn inbox(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = self.entries()?;
        entries.reverse();
        Ok(entries)
    }

    /// Those not seen yet, oldest first.
    pub fn unseen(&self) -> Result<Vec<Entry>, Error> {
        // Proving a long chain to show nothing of it would cost every sync; the whole inbox proves it.
        if !rows::has_unseen(self.replica.read())? {
            return Ok(Vec::new());
        }
        let mut entries = self.entries()?;
        entries.retain(|entry| !entry.seen);
        Ok(entries)
    }

    /// Marks notices as seen, by their place in the chain.
    pub fn mark_seen(&mut self, seqs: &[u64]) -> Result<(), Error> {
        let tx = self.replica.begin()?;
        for seq in seqs {
            rows::mark_seen(&tx, *seq)?;
        }
        Ok(tx.commit()?)
    }

    /// What a device of the account said of a notice.
    fn taken_back(&self, code: &CheckCode) -> Result<Option<Correction>, Error> {
        let entry = self.entries()?.into_iter().find(|entry| entry.notice.code == *code);
        Ok(entry.and_then(|entry| entry.corrections.into_iter().find(|said| said.by == By::Account)))
    }

    fn event_of(&self, code: &CheckCode) -> Result<Option<Verified<Event>>, Error> {
        let events = self.kept()?.into_iter().filter_map(|kept| match kept.link {
            Link::Event(event) => Some(event),
            Link::Retraction(_) => None,
        });
        Ok(events.into_iter().find(|event| event.code() == *code))
    }

    /// The chain, link by link. Each is proven again from its SET: what lies on the disk is not believed either.
    fn kept(&self) -> Result<Vec<Kept>, Error> {
        let mut chain = Chain::default();
        let mut links = Vec::new();
        for row in rows::events(self.replica.read())? {
            let proven = event::verify_link(&row.body, &self.device.trust, &chain);
            let link = match proven {
                Ok(link) if link.digest() == row.digest => link,
                _ if row.lost => continue,
                _ => return Err(ReplicaError::Damaged { at: format!("events, number {}", row.seq), kept: 0 }.into()),
            };
            if !row.lost {
                chain = link.after(&chain);
            }
            links.push(Kept { link, own: row.own, seen: row.seen });
        }
        Ok(links)
    }

    /// Notices in the order of the chain, with what takes them back.
    fn entries(&self) -> Result<Vec<Entry>, Error> {
        let kept = self.kept()?;
        let mut corrections: BTreeMap<u64, Vec<&Link>> = BTreeMap::new();
        for Kept { link, .. } in &kept {
            match link {
                Link::Event(event) => {
                    if let What::Acknowledged { of, .. } = &event.act.what {
                        corrections.entry(of.seq).or_default().push(link);
                    }
                }
                Link::Retraction(retraction) => corrections.entry(retraction.of.seq).or_default().push(link),
            }
        }
        let mut entries = Vec::new();
        for Kept { link, own, seen } in &kept {
            let Link::Event(event) = link else { continue };
            let about = corrections.get(&event.act.seq).into_iter().flatten();
            let corrections = about.filter_map(|link| correction(event, link)).collect();
            entries.push(Entry { notice: Notice::new(event), corrections, own: *own, seen: *seen });
        }
        Ok(entries)
    }
}

impl<H: Hold> Online<H> {
    /// Takes an earlier notice of this account back: an act of its own, signed here. The notice stays, with these words beside it.
    pub fn retract_notice(&self, code: &CheckCode, plea: Plea) -> Result<Correction, Error> {
        self.catch_up()?;
        let Some(event) = self.with(|client| client.event_of(code))? else { return Err(self.why_not_ours(code)) };
        if matches!(event.act.what, What::Acknowledged { .. }) {
            return Err(Error::Input(format!("{code} takes a notice back itself: name the notice it is about")));
        }
        if let Some(before) = self.with(|client| client.taken_back(code))? {
            return Err(Error::Input(format!("the notice {code} was taken back already, {} UTC: there is nothing to do", before.at.utc())));
        }
        let what = What::Acknowledged { of: event::Of::event(&event), plea };
        self.act("/v1/account/acknowledge", &what, |act| Acknowledge { act })?;
        self.with(|client| client.taken_back(code))?
            .ok_or(Error::Answer("it says it took the notice back and does not prove it: sync to see"))
    }

    /// Why this account cannot take a code back that none of its events has.
    fn why_not_ours(&self, code: &CheckCode) -> Error {
        let why = match self.verify_notice(code) {
            Ok(NoticeAnswer::NeverSent) => {
                format!("your server never sent a notice with the code {code}, so there is nothing to take back")
            }
            Ok(NoticeAnswer::GenuineElsewhere { own: true, kind, .. }) if kind == RETRACTED => {
                format!("{code} takes a notice back itself: name the notice it is about")
            }
            Ok(NoticeAnswer::GenuineElsewhere { own: true, .. } | NoticeAnswer::Genuine { .. }) => {
                format!("this device was not told of {code} yet: run `truebell sync`, then try again")
            }
            Ok(NoticeAnswer::GenuineElsewhere { own: false, .. }) => {
                format!("{code} is about another account: only a device of that account can take it back")
            }
            Err(error) => return error,
        };
        Error::Input(why)
    }

    /// Checks a notice's code: from this device's own events, else by asking the server.
    pub fn verify_notice(&self, code: &CheckCode) -> Result<NoticeAnswer, Error> {
        let entries = self.with(|client| client.entries())?;
        if let Some(entry) = entries.into_iter().find(|entry| entry.notice.code == *code) {
            return Ok(NoticeAnswer::Genuine { notice: entry.notice, corrections: entry.corrections, own: entry.own });
        }
        let answered = self.exchange(None, &Question::get(&path_of(code)))?;
        self.with(Client::flush)?;
        let checked: Checked = answered.json()?;
        self.with(|client| answer(checked.verdict, code, &client.device))
    }
}

/// What the server of a device says of a code, as far as it proves it. Needs no unlocking.
pub fn ask_about(device: &Device, code: &CheckCode, world: &mut World) -> Result<NoticeAnswer, Error> {
    let checked: Checked = ask(world, &device.server, &device.pinned, None, &Question::get(&path_of(code))).json()?;
    answer(checked.verdict, code, device)
}

fn path_of(code: &CheckCode) -> String {
    format!("/v1/notices/{code}")
}

fn correction(of: &Verified<Event>, link: &Link) -> Option<Correction> {
    let of = Genuine::from(of.clone());
    match link {
        Link::Event(by) => Correction::by_account(&of, &Genuine::from(by.clone())),
        Link::Retraction(by) => Correction::by_operator(&of, &Genuine::from(by.clone())),
    }
}

/// What a server's answer about a code proves. Of this account, only the key this device pinned counts; of another, the server's word
/// and both signatures.
fn answer(verdict: Verdict, code: &CheckCode, device: &Device) -> Result<NoticeAnswer, Error> {
    const UNPROVEN: Error = Error::Answer("it calls a notice genuine and does not prove it: do not trust the notice");
    let (proof, retractions) = match verdict {
        Verdict::NeverSent {} => return Ok(NoticeAnswer::NeverSent),
        Verdict::Genuine(proof) => (proof, Vec::new()),
        Verdict::Retracted { proof, retractions } => (proof, retractions),
    };
    let Proof { server, account, account_key, event: set, .. } = proof;
    let (trust, server_key) = (&device.trust, &device.pinned.key);
    let own = account == trust.account;
    let account_key = if own { trust.account_key } else { account_key };
    let trust = Trust { server, server_key: *server_key, account, account_key };
    if is_retraction(&set) {
        let retraction = read_retraction(&set, server, server_key).ok().filter(|found| found.code() == *code && found.account == account);
        let retraction: Genuine<Retraction> = retraction.ok_or(UNPROVEN)?;
        let kind = RETRACTED.to_owned();
        return Ok(NoticeAnswer::GenuineElsewhere { kind, at: retraction.at, device: String::new(), own, corrections: Vec::new() });
    }
    let event = read_signed(&set, &trust).ok().filter(|event| event.code() == *code).ok_or(UNPROVEN)?;
    let read = |set: &String| {
        if is_retraction(set) {
            read_retraction(set, server, server_key).ok().and_then(|by| Correction::by_operator(&event, &by))
        } else {
            read_signed(set, &trust).ok().and_then(|by| Correction::by_account(&event, &by))
        }
    };
    let corrections = retractions.iter().map(|set| read(set).ok_or(UNPROVEN)).collect::<Result<Vec<_>, _>>()?;
    let device = one_line(&event.act.device_name);
    Ok(NoticeAnswer::GenuineElsewhere { kind: event.act.what.word().to_owned(), at: event.at, device, own, corrections })
}
