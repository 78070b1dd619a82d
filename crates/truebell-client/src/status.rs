//! How things stand: for `truebell status`, and `--why`.

use super::replica::rows;
use super::{Client, Error};
use truebell_core::head::StateCode;
use truebell_core::ids::{AccountId, DeviceId};
use truebell_core::log::{LogStanding, describe_log};
use truebell_core::outcome::Because;
use truebell_core::sign::Fingerprint;
use truebell_core::time::UnixMillis;
use truebell_engine::sync::{View, sentences};

/// The state of this device.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Status {
    /// The server's address.
    pub server: String,
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The account.
    pub account: AccountId,
    /// Its mail address.
    pub email: String,
    /// This device.
    pub device: DeviceId,
    /// Its name.
    pub device_name: String,
    /// Credential epoch.
    pub epoch: u64,
    /// Items here.
    pub items: usize,
    /// Edits the server does not have yet.
    pub pending: usize,
    /// Notices not seen yet.
    pub unseen: usize,
    /// Second factors in force, as the account's events prove.
    pub second_factors: Vec<String>,
    /// When the account will be deleted, if that was asked for: as the account's events prove.
    pub deletion_due: Option<UnixMillis>,
    /// Whether an event proves that a password or Secret Key newer than the one that opened this device is in force.
    pub newer_credentials: bool,
    /// Names all this device knows of the account: the same on every device that is up to date, unless their server shows them
    /// different things (MS-20).
    pub state: StateCode,
    /// Synchronisation.
    pub sync: View,
    /// The same in words.
    pub sentence: String,
    /// The server's public log, as far as this device follows it.
    pub log: LogStanding,
    /// The same in words.
    pub log_sentence: String,
}

/// One exchange, as it was judged. Holds no secret, no body and no address.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trace {
    /// When.
    pub at: UnixMillis,
    /// `POST /v1/sync`.
    pub request: String,
    /// HTTP status, 0 where nobody answered.
    pub status: u16,
    /// The outcome's word.
    pub outcome: String,
    /// What came in, piece by piece: a stranger's words are made harmless.
    #[serde(default)]
    pub came_in: Vec<String>,
    /// What decided it.
    #[serde(default = "unknown")]
    pub why: Because,
    /// The same in words.
    pub because: String,
}

/// A trace from before the decision was written down.
fn unknown() -> Because {
    Because::NoHead
}

impl Client {
    /// How things stand.
    pub fn status(&self) -> Result<Status, Error> {
        let db = self.replica.read();
        let record = self.replica.record()?;
        let mut pending = rows::pending_count(db)?;
        for row in rows::vaults(db)? {
            pending += rows::inflight(db, row.vault)?.map_or(0, |commit| commit.revisions.len());
        }
        let sync = self.machine.view().clone();
        let log = self.log_standing()?;
        Ok(Status {
            server: self.device.server.clone(),
            fingerprint: self.device.pinned.key.fingerprint(),
            account: self.device.trust.account,
            email: record.as_ref().map_or(&self.device.email, |record| &record.email).clone(),
            device: self.device.device,
            device_name: self.device.device_name.clone(),
            epoch: self.local.chain.epoch,
            items: self.index.len(),
            pending,
            unseen: rows::unseen_count(db)?,
            second_factors: self.local.facts.second_factors.clone(),
            deletion_due: self.local.facts.deletion_due,
            newer_credentials: self.local.chain.epoch > self.opened_epoch,
            state: self.local.account_head(self.device.trust.account).code(),
            sentence: sentences::describe_with(&sync, self.said_last()),
            sync,
            log_sentence: describe_log(&log),
            log,
        })
    }

    /// What is to be said below a list that may be old; `None` where it is not, or where nobody tried to sync yet.
    pub fn staleness(&self) -> Option<String> {
        sentences::describe_staleness(self.machine.view())
    }

    /// For the simulated world: the disk of this device is full, or no longer.
    #[cfg(feature = "simulation")]
    pub fn limit_room(&self, is_full: bool) {
        // A local copy that cannot even be asked this is as bad as a full one.
        let _limited = self.replica.limit_room(is_full);
    }

    /// The last exchanges (50 at most), newest first.
    pub fn trace(&self) -> Result<Vec<Trace>, Error> {
        let mut lines: Vec<Trace> = self.traces.iter().rev().cloned().collect();
        lines.extend(self.replica.trace()?);
        Ok(lines)
    }
}
