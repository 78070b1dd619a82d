//! Passwords and passphrases made by chance, each choice unbiased, each result with its entropy. Never here: how strong a password
//! is that a person chose (`strength`).

mod draw;
mod passphrase;
mod password;
mod words;

pub use passphrase::{PassphraseError, PassphraseRecipe, make_passphrase};
pub use password::{DEFAULT_SYMBOLS, PasswordError, PasswordRecipe, make_password};

use crate::secret::Secret;

/// What a generator made.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The password or passphrase.
    pub text: Secret,
    /// The base-2 logarithm of how many equally likely results this recipe has.
    pub entropy_bits: f64,
}
