//! Ids and check codes as people and servers write them.

use truebell_core::event::CheckCode;
use truebell_core::ids::{AccountId, ItemId, VaultId};

/// What parses is written back the same; a check code is found again from its own text.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(id) = text.parse::<AccountId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(id) = text.parse::<VaultId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Ok(id) = text.parse::<ItemId>() {
        assert_eq!(id.to_string(), text);
    }
    if let Some(code) = CheckCode::parse(text) {
        assert_eq!(CheckCode::parse(code.as_str()), Some(code));
    }
}
