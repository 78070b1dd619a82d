//! Unlocking: the password opens the local copy of the keyset, without the server.

use super::{Client, Error, Profile, World};
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;

/// Opens the account on this device. Offline; only if the local keyset does not open is the server asked for a newer one.
/// `secret_key` is needed once after it was rotated on another device; otherwise the device has it.
pub fn unlock(profile: &Profile, password: &Secret, secret_key: Option<&SecretKey>, world: World) -> Result<Client, Error> {
    todo!()
}

/// `truebell sync --rebuild`: puts a damaged local copy aside, keeps every unsynced edit that can be read, and fetches the rest again.
/// Returns the client and how many unsynced edits were kept.
pub fn rebuild(profile: &Profile, password: &Secret, world: World) -> Result<(Client, usize), Error> {
    todo!()
}
