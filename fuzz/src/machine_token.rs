//! A machine token as a file, a settings page or an environment variable gives it back.

use truebell_core::machine::MachineToken;

/// What parses is written in one spelling, and that spelling parses to the same token; what does not parse has a sentence.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match MachineToken::parse(text) {
        Ok(token) => assert!(MachineToken::parse(token.to_text().expose()) == Ok(token)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
