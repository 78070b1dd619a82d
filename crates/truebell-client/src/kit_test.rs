//! Whether a kit and a password still open the account: a sign-in that enrols nothing.

use super::enrol::{KitData, SecondFactor, address, authenticate, meet};
use super::{Error, World};
use truebell_core::secret::Secret;

/// What the test showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KitTested {
    /// Mail address as the account has it now.
    pub email: String,
    /// Whether the kit names an older address.
    pub email_moved: bool,
    /// Credential epoch now.
    pub epoch: u64,
    /// Credential epoch the kit was made at.
    pub kit_epoch: u64,
}

/// Proves that a kit opens the account. Nothing is stored, here or there.
pub fn test_kit(kit: &KitData, password: &Secret, world: &mut World, second_factor: SecondFactor<'_>) -> Result<KitTested, Error> {
    let server = address(&kit.server)?;
    let (_, pinned) = meet(&server, Some(&kit.fingerprint), world)?;
    let to = (server.as_str(), &pinned);
    let root = |account| truebell_core::derive::derive_root(password, &kit.secret_key, account);
    let opened = authenticate(world, to, &kit.email, &root, second_factor)?;
    Ok(KitTested {
        email_moved: opened.finished.email != kit.email,
        email: opened.finished.email,
        epoch: opened.finished.chain.epoch,
        kit_epoch: kit.epoch,
    })
}
