//! One fixed server and one fixed account, so that an input found today means the same tomorrow.

use std::sync::LazyLock;

use truebell_core::account::Unlocked;
use truebell_core::ids::{AccountId, ServerId};
use truebell_core::sign::SigningKey;
use truebell_core::testing::Seeded;

/// The server's id.
pub(crate) const SERVER: ServerId = ServerId([7; 16]);

/// The account's id.
pub(crate) const ACCOUNT: AccountId = AccountId([9; 16]);

/// The account's keys.
pub(crate) static KEYS: LazyLock<Unlocked> = LazyLock::new(|| Unlocked::make_account(ACCOUNT, &mut Seeded::new(9)));

/// The server's signing key.
pub(crate) static SERVER_KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[7; 32]));

/// The first byte chooses what the rest is tried as.
pub(crate) fn split(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}
