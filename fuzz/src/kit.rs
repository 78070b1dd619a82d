//! The Emergency Kit as text that was printed, mailed, scanned or copied, and as the line in its QR code.

use truebell_core::kit::Kit;

/// What is read from either form is the same kit in both forms; what is not has a sentence without its Secret Key.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for read in [Kit::parse_text(text), Kit::parse_uri(text)] {
        match read {
            Ok(kit) => {
                assert!(Kit::parse_text(kit.to_text().expose()).as_ref() == Ok(&kit), "its text is another kit");
                assert!(Kit::parse_uri(kit.to_uri().expose()).as_ref() == Ok(&kit), "its line is another kit");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
