//! The inbox: notices made from proven events, each shown once.

use super::exchange::Question;
use super::replica::rows;
use super::session::Wire;
use super::{Client, Error, Hold, Online, ReplicaError};
use truebell_core::event::{self, Chain, CheckCode, Trust, read_signed};
use truebell_core::notice::Notice;
use truebell_core::time::UnixMillis;
use truebell_core::wire::notice::{Checked, Verdict};

/// One line of the inbox.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// The notice.
    pub notice: Notice,
    /// Whether this device did it itself: a record, not an alarm.
    pub own: bool,
    /// Whether it was marked as seen. Own acts, and what happened before this device was enrolled, come seen.
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
    },
    /// Both signatures prove it, and it is not among this device's own events: another account's, or one not synced yet.
    GenuineElsewhere {
        /// What kind of event.
        kind: String,
        /// When.
        at: UnixMillis,
        /// Whether it is about this account: then a sync brings it.
        own: bool,
    },
    /// The server never made a notice with this code.
    NeverSent,
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

    /// Notices in the order of the chain. Each event is proven again from its SET: what lies on the disk is not believed either.
    fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut chain = Chain::default();
        let mut entries = Vec::new();
        for row in rows::events(self.replica.read())? {
            let proven = event::verify(&row.body, &self.device.trust, &chain);
            let (proven, lost) = match proven {
                Ok(proven) if proven.digest == row.digest => (proven, row.lost),
                _ if row.lost => continue,
                _ => return Err(ReplicaError::Damaged { at: format!("events, number {}", row.seq), kept: 0 }.into()),
            };
            if !lost {
                chain = Chain::after(&proven);
            }
            entries.push(Entry { notice: Notice::new(&proven), own: row.own, seen: row.seen });
        }
        Ok(entries)
    }
}

impl<H: Hold> Online<H> {
    /// Checks a notice's code: from this device's own events, else by asking the server.
    pub fn verify_notice(&self, code: &CheckCode) -> Result<NoticeAnswer, Error> {
        let entries = self.with(|client| client.entries())?;
        if let Some(entry) = entries.into_iter().find(|entry| entry.notice.code == *code) {
            return Ok(NoticeAnswer::Genuine { notice: entry.notice });
        }
        let answered = self.exchange(None, &Question::get(&format!("/v1/notices/{code}")))?;
        self.with(Client::flush)?;
        let checked: Checked = answered.json()?;
        match checked.verdict {
            Verdict::NeverSent {} => Ok(NoticeAnswer::NeverSent),
            Verdict::Genuine { server, account, account_key, event, .. } => {
                let (server_key, here) = self.with(|client| Ok::<_, Error>((client.device.pinned.key, client.device.trust.clone())))?;
                let own = account == here.account;
                // Of this account, only the key this device pinned counts; of another, the server's word and both signatures.
                let account_key = if own { here.account_key } else { account_key };
                let trust = Trust { server, server_key, account, account_key };
                let proven = read_signed(&event, &trust).ok().filter(|event| event.code() == *code);
                let event = proven.ok_or(Error::Answer("it calls a notice genuine and does not prove it: do not trust the notice"))?;
                Ok(NoticeAnswer::GenuineElsewhere { kind: event.act.what.word().to_owned(), at: event.at, own })
            }
        }
    }
}
