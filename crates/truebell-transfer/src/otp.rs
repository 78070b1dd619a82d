//! One-time-password settings in the shapes other managers keep them, made into one: an `otpauth://totp/` URI.

use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER_PERMISSIVE};
use std::fmt::Write;

/// What a TOTP needs beside the shared secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The secret in base32, upper case, without padding.
    pub(crate) secret: String,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub(crate) algorithm: String,
    /// Digits of a code.
    pub(crate) digits: u32,
    /// Seconds a code lives.
    pub(crate) period: u32,
    /// `steam` for Steam's own letters.
    pub(crate) encoder: Option<String>,
}

impl Settings {
    /// The usual ones: SHA-1, six digits, thirty seconds.
    pub(crate) fn usual(secret: String) -> Self {
        Self { secret, algorithm: "SHA1".to_owned(), digits: 6, period: 30, encoder: None }
    }

    /// The URI, named after the item and its user.
    pub(crate) fn uri(&self, title: &str, user: &str) -> String {
        let mut label = percent(if title.is_empty() { "account" } else { title });
        if !user.is_empty() {
            let _ = write!(label, ":{}", percent(user));
        }
        let mut uri = format!("otpauth://totp/{label}?secret={}&period={}&digits={}", self.secret, self.period, self.digits);
        if !title.is_empty() {
            let _ = write!(uri, "&issuer={}", percent(title));
        }
        if self.algorithm != "SHA1" {
            let _ = write!(uri, "&algorithm={}", self.algorithm);
        }
        if let Some(encoder) = &self.encoder {
            let _ = write!(uri, "&encoder={}", percent(encoder));
        }
        uri
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub(crate) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A base32 secret as people paste it (spaces, dashes, small letters, padding), in the one form; nothing if it is not base32.
pub(crate) fn base32(text: &str) -> Option<String> {
    let clean: String = text.chars().filter(|c| !c.is_whitespace() && !"-=".contains(*c)).map(|c| c.to_ascii_uppercase()).collect();
    (!clean.is_empty() && clean.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b))).then_some(clean)
}

/// What an `otp` value says, in one of the forms in use: an `otpauth://` URI (kept as it is), KeeOtp's `key=…&step=…&size=…`, or
/// a bare base32 secret. Nothing if it is none of these.
pub(crate) fn uri_from_otp_field(value: &str, title: &str, user: &str) -> Option<String> {
    let value = value.trim();
    if value.starts_with("otpauth://totp/") || value.starts_with("otpauth://steam/") {
        return Some(value.to_owned());
    }
    if value.contains("://") {
        return None;
    }
    if value.contains("key=") {
        return kee_otp(value).map(|settings| settings.uri(title, user));
    }
    base32(value).map(|secret| Settings::usual(secret).uri(title, user))
}

fn kee_otp(query: &str) -> Option<Settings> {
    let mut settings = Settings::usual(String::new());
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name.to_ascii_lowercase().as_str() {
            "key" => settings.secret = base32(&value.replace("%3d", "").replace("%3D", ""))?,
            "step" => settings.period = value.parse().ok()?,
            "size" => settings.digits = value.parse().ok()?,
            "otphashmode" => settings.algorithm = hash_name(value)?,
            "type" if value.eq_ignore_ascii_case("totp") => {}
            _ => return None,
        }
    }
    (!settings.secret.is_empty()).then_some(settings)
}

/// `TOTP Seed` with `TOTP Settings` (`30;6`, `30;S` for Steam, sometimes a third part with a server's address).
pub(crate) fn from_seed_and_settings(seed: &str, settings: &str) -> Option<Settings> {
    let mut made = Settings::usual(base32(seed)?);
    if settings.trim().is_empty() {
        return Some(made);
    }
    let mut parts = settings.split(';').map(str::trim);
    made.period = parts.next()?.parse().ok()?;
    match parts.next()? {
        "S" => {
            made.digits = 5;
            made.encoder = Some("steam".to_owned());
        }
        digits => made.digits = digits.parse().ok()?,
    }
    parts.next().is_none().then_some(made)
}

/// KeePass 2's own `TimeOtp-*` fields. `secret_kind` is `Secret`, `Secret-Hex`, `Secret-Base32` or `Secret-Base64`.
pub(crate) fn from_time_otp(secret_kind: &str, secret: &str, algorithm: &str, digits: &str, period: &str) -> Option<Settings> {
    let secret = match secret_kind {
        "Secret" => BASE32_NOPAD.encode(secret.as_bytes()),
        "Secret-Hex" => BASE32_NOPAD.encode(&HEXLOWER_PERMISSIVE.decode(secret.replace(' ', "").as_bytes()).ok()?),
        "Secret-Base64" => BASE32_NOPAD.encode(&BASE64.decode(secret.trim().as_bytes()).ok()?),
        _ => base32(secret)?,
    };
    let mut made = Settings::usual(secret);
    if !algorithm.is_empty() {
        made.algorithm = hash_name(algorithm)?;
    }
    if !digits.is_empty() {
        made.digits = digits.trim().parse().ok()?;
    }
    if !period.is_empty() {
        made.period = period.trim().parse().ok()?;
    }
    (!made.secret.is_empty()).then_some(made)
}

fn hash_name(text: &str) -> Option<String> {
    let bare: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect();
    let name = bare.strip_prefix("HMAC").unwrap_or(&bare);
    ["SHA1", "SHA256", "SHA512"].contains(&name).then(|| name.to_owned())
}

/// The value of an item's TOTP field as an `otpauth://` URI: kept when it is one, made when it is a bare secret.
pub(crate) fn as_uri(value: &str, title: &str, user: &str) -> String {
    uri_from_otp_field(value, title, user).unwrap_or_else(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_otp_field_becomes_one_uri() {
        for (value, uri) in [
            ("otpauth://totp/A:b?secret=JBSWY3DPEHPK3PXP", "otpauth://totp/A:b?secret=JBSWY3DPEHPK3PXP"),
            ("jbsw y3dp ehpk 3pxp", "otpauth://totp/Mail:ada?secret=JBSWY3DPEHPK3PXP&period=30&digits=6&issuer=Mail"),
            ("key=JBSWY3DPEHPK3PXP&step=60&size=8", "otpauth://totp/Mail:ada?secret=JBSWY3DPEHPK3PXP&period=60&digits=8&issuer=Mail"),
            (
                "key=JBSWY3DP&type=Totp&otpHashMode=Sha256",
                "otpauth://totp/Mail:ada?secret=JBSWY3DP&period=30&digits=6&issuer=Mail&algorithm=SHA256",
            ),
        ] {
            assert_eq!(uri_from_otp_field(value, "Mail", "ada").as_deref(), Some(uri), "{value}");
        }
        for value in ["", "not base32!", "otpauth://hotp/A?secret=JBSWY3DP&counter=3", "key=1", "key=JBSWY3DP&counter=7"] {
            assert_eq!(uri_from_otp_field(value, "Mail", "ada"), None, "{value}");
        }
    }

    #[test]
    fn seeds_settings_and_keepass_fields_are_understood() {
        let steam = from_seed_and_settings("JBSWY3DP", "30;S").map(|s| s.uri("Steam", ""));
        assert_eq!(steam.as_deref(), Some("otpauth://totp/Steam?secret=JBSWY3DP&period=30&digits=5&issuer=Steam&encoder=steam"));
        assert_eq!(from_seed_and_settings("JBSWY3DP", "30;6;https://time.example.org"), None);
        let rfc = from_time_otp("Secret", "12345678901234567890", "HMAC-SHA-512", "8", "60");
        assert_eq!(rfc.map(|s| (s.secret, s.algorithm, s.digits, s.period)), {
            Some(("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned(), "SHA512".to_owned(), 8, 60))
        });
        let hex = from_time_otp("Secret-Hex", "3132333435363738393031323334353637383930", "", "", "");
        assert_eq!(hex.map(|s| s.secret).as_deref(), Some("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
    }
}
