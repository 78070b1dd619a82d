//! How things stand: for `truebell status`, and `--why`.

use super::replica::rows;
use super::{Client, Error};
use truebell_core::ids::{AccountId, DeviceId};
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
    /// Second factors in force.
    pub second_factors: Vec<String>,
    /// When the account will be deleted, if that was asked for.
    pub deletion_due: Option<UnixMillis>,
    /// Whether a keyset newer than the one that was opened here waits for its password.
    pub newer_credentials: bool,
    /// Synchronisation.
    pub sync: View,
    /// The same in words.
    pub sentence: String,
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
    /// What led to it: what the reply's head said, or why it was not believed.
    pub because: String,
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
            second_factors: record.as_ref().map(|record| record.second_factors.clone()).unwrap_or_default(),
            deletion_due: record.and_then(|record| record.deletion_due),
            newer_credentials: !self.newest_credentials || self.keyset_moved()?,
            sentence: sentences::describe(&sync),
            sync,
        })
    }

    /// Whether a newer keyset came in since this device was unlocked.
    fn keyset_moved(&self) -> Result<bool, Error> {
        let newest = rows::keysets(self.replica.read())?.first().map(|row| row.epoch);
        Ok(newest.is_some_and(|newest| newest > self.opened_epoch))
    }

    /// The last exchanges (50 at most), newest first.
    pub fn trace(&self) -> Result<Vec<Trace>, Error> {
        let mut lines: Vec<Trace> = self.traces.iter().rev().cloned().collect();
        lines.extend(self.replica.trace()?);
        Ok(lines)
    }
}
