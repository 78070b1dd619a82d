//! Leases: who may send to whom, for the next few seconds. A stop reaches everybody by not renewing them.

use super::Recipient;
use serde::{Deserialize, Serialize};
use truebell_core::time::UnixMillis;

/// How long a lease lasts, in ms. Half of the ten seconds in which a stop has to be effective everywhere; the other half is for the mail
/// that is being handed over.
pub(super) const LEASE_MS: u64 = 5_000;
/// Into how many shares recipients fall.
pub(super) const SHARES: u16 = 64;

/// One sending process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkerId(pub u64);

/// The right to send to one share's recipients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Which share.
    pub share: u16,
    /// Whose.
    pub worker: WorkerId,
    /// Grows each time the share goes to another worker, or to the same one after a pause: whoever holds an older one holds nothing.
    pub token: u64,
    /// Until then.
    pub until: UnixMillis,
}

/// The share a recipient falls in, from 0.
pub fn share_of(recipient: Recipient) -> u16 {
    let [first, second, ..] = recipient.0.0;
    u16::from_be_bytes([first, second]) % SHARES
}
