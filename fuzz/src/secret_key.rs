//! The Secret Key as a person types it from paper.

use truebell_core::secret_key::SecretKey;

/// What parses is written in one spelling, and that spelling parses to the same key; what does not parse has a sentence.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match SecretKey::parse(text) {
        Ok(key) => assert!(SecretKey::parse(key.to_text().expose()) == Ok(key)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
