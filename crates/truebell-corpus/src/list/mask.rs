//! What may be shown of a list: enough to see whether it was read rightly, too little to use.

/// `a***@e***.org`.
pub fn mask_address(address: &[u8]) -> String {
    let text = String::from_utf8_lossy(address);
    let (local, domain) = text.rsplit_once('@').unwrap_or((&text, ""));
    let first = |part: &str| part.chars().find(|letter| !letter.is_control()).map_or_else(String::new, String::from);
    let (name, top) = domain.rsplit_once('.').unwrap_or((domain, ""));
    let dot = if top.is_empty() { "" } else { "." };
    let top = if top.chars().count() <= 12 { top } else { "***" };
    format!("{}***@{}***{dot}{top}", first(local), first(name))
}

/// `p*******`: the first letter where there are eight or more, and how long it is, in steps of four.
pub fn mask_password(password: &[u8]) -> String {
    let text = String::from_utf8_lossy(password);
    let length = text.chars().count();
    let stars = "*".repeat(match length {
        0 => 0,
        1..8 => 4,
        8..12 => 7,
        12..16 => 11,
        _ => 15,
    });
    let first = text.chars().next().filter(|letter| length >= 8 && !letter.is_control());
    first.map_or_else(|| stars.clone(), |first| format!("{first}{stars}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_first_letters_and_about_how_long() {
        for (address, masked) in [
            ("ada@example.org", "a***@e***.org"),
            ("ada@mail.example.co.uk", "a***@m***.uk"),
            ("ada@localhost", "a***@l***"),
            ("éva@bücher.example", "é***@b***.example"),
            ("ada@x.abcdefghijklmnop", "a***@x***.***"),
            ("", "***@***"),
        ] {
            assert_eq!(mask_address(address.as_bytes()), masked);
        }
        for (password, masked) in [
            ("", ""),
            ("abc", "****"),
            ("hunter2", "****"),
            ("password", "p*******"),
            ("password123", "p*******"),
            ("пароль-пароль", "п***********"),
        ] {
            assert_eq!(mask_password(password.as_bytes()), masked);
        }
    }
}
