//! Sign-up and sign-in: how a device comes to have an account.

use super::transport::Transport;
use super::{Client, Error, Profile, World};
use truebell_core::ids::AccountId;
use truebell_core::secret::Secret;
use truebell_core::secret_key::SecretKey;
use truebell_core::sign::Fingerprint;
use truebell_core::time::UnixMillis;
use truebell_core::wire::server::ServerInfo;

/// What an Emergency Kit holds. The password is not in it.
#[derive(Debug, Clone)]
pub struct KitData {
    /// The server's address.
    pub server: String,
    /// The server's fingerprint, checked before anything is sent.
    pub fingerprint: Fingerprint,
    /// Mail address.
    pub email: String,
    /// The account.
    pub account: AccountId,
    /// The Secret Key.
    pub secret_key: SecretKey,
    /// Credential epoch: a kit of an older epoch opens the account no longer.
    pub epoch: u64,
    /// When it was made.
    pub made: UnixMillis,
}

/// A new account.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// The server's address.
    pub server: String,
    /// Its fingerprint, if the person has it.
    pub fingerprint: Option<Fingerprint>,
    /// Mail address.
    pub email: String,
    /// Account password.
    pub password: Secret,
    /// An invitation, where the server wants one.
    pub invitation: Option<String>,
    /// What this device is called.
    pub device_name: String,
    /// What the first vault is called.
    pub vault_name: String,
}

/// An account that exists, on a device that does not have it yet.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The server's address.
    pub server: String,
    /// Its fingerprint: from the kit, or `None` when typed by hand.
    pub fingerprint: Option<Fingerprint>,
    /// Mail address.
    pub email: String,
    /// The Secret Key.
    pub secret_key: SecretKey,
    /// Account password.
    pub password: Secret,
    /// What this device is called.
    pub device_name: String,
}

/// Asked for a code when the account has a second factor; `None` gives up.
pub type SecondFactor<'a> = &'a mut dyn FnMut() -> Option<String>;

/// Who answers at an address, before anything else is sent there. The answer proves that it holds its key; whether it is the server
/// meant, its fingerprint says.
pub fn server_info(server: &str, world: &mut World) -> Result<ServerInfo, Error> {
    todo!()
}

/// Makes an account and enrols this device. The profile must be empty.
pub fn sign_up(profile: &Profile, request: &SignUp, world: World) -> Result<(Client, KitData), Error> {
    todo!()
}

/// Enrols this device to an account. The profile must be empty, or of the same account (a device the server no longer knows).
pub fn sign_in(profile: &Profile, request: &SignIn, world: World, second_factor: SecondFactor<'_>) -> Result<Client, Error> {
    todo!()
}
