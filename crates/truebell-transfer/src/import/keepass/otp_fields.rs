//! The attributes KeePass programs keep one-time-password settings in: `otp`, `TOTP Seed` with `TOTP Settings`, `TimeOtp-*`.

use crate::kdbx::Entry;
use crate::otp;
use std::collections::BTreeSet;

/// What was understood.
#[derive(Default)]
pub(super) struct Found<'a> {
    /// One URI for each form found.
    pub(super) uris: Vec<String>,
    /// Attributes that are fully in one of them and need no custom field.
    pub(super) used: BTreeSet<&'a str>,
}

const TIME_OTP: [&str; 4] = ["TimeOtp-Secret", "TimeOtp-Secret-Base32", "TimeOtp-Secret-Hex", "TimeOtp-Secret-Base64"];

pub(super) fn read<'a>(entry: &'a Entry, title: &str, user: &str) -> Found<'a> {
    let mut found = Found::default();
    if let Some(uri) = otp::uri_from_otp_field(entry.text("otp"), title, user) {
        found.uris.push(uri);
        found.used.insert("otp");
    }
    if let Some(settings) = otp::from_seed_and_settings(entry.text("TOTP Seed"), entry.text("TOTP Settings")) {
        found.add(settings.uri(title, user), &["TOTP Seed", "TOTP Settings"]);
    }
    if let Some(key) = TIME_OTP.into_iter().find(|key| !entry.text(key).is_empty()) {
        let kind = key.trim_start_matches("TimeOtp-");
        let (algorithm, digits, period) = (entry.text("TimeOtp-Algorithm"), entry.text("TimeOtp-Length"), entry.text("TimeOtp-Period"));
        if let Some(settings) = otp::from_time_otp(kind, entry.text(key), algorithm, digits, period) {
            found.add(settings.uri(title, user), &[key, "TimeOtp-Algorithm", "TimeOtp-Length", "TimeOtp-Period"]);
        }
    }
    found
}

impl Found<'_> {
    fn add(&mut self, uri: String, used: &[&'static str]) {
        if !self.uris.contains(&uri) {
            self.uris.push(uri);
        }
        self.used.extend(used);
    }
}
