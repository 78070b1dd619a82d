//! What browsers write: Chrome and its relatives, Firefox, Safari (and Apple Passwords).

use super::super::Source;
use super::map::{Dialect, Notes, To, nothing_special};
use super::table::Row;
use crate::draft::{Draft, host};

const LOGIN: &[(&str, To)] =
    &[("name", To::Title), ("url", To::Site), ("username", To::Field("username")), ("password", To::Field("password")), ("note", To::Note)];

/// `name,url,username,password,note`; older ones without `note`.
pub(super) const CHROME: Dialect =
    Dialect { source: Source::Chrome, needs: &["name", "url", "username", "password"], columns: LOGIN, special: nothing_special };

/// The same columns as Chrome.
pub(super) const EDGE: Dialect =
    Dialect { source: Source::Edge, needs: &["name", "url", "username", "password"], columns: LOGIN, special: nothing_special };

/// `"url","username","password","httpRealm","formActionOrigin","guid","timeCreated","timeLastUsed","timePasswordChanged"`.
pub(super) const FIREFOX: Dialect = Dialect {
    source: Source::Firefox,
    needs: &["url", "username", "password", "httprealm", "formactionorigin"],
    columns: &[
        ("url", To::Site),
        ("username", To::Field("username")),
        ("password", To::Field("password")),
        ("guid", To::Theirs),
        ("timecreated", To::Created),
        ("timepasswordchanged", To::Edited),
        ("timelastused", To::Lost("the time of the last use is not kept")),
    ],
    special: firefox,
};

/// Firefox has no titles, and says for most sites twice where they are.
fn firefox(row: &mut Row, draft: &mut Draft, _: &mut Notes<'_>) {
    draft.title(host(row.peek("url")));
    if row.peek("formactionorigin") == row.peek("url") {
        row.take("formactionorigin");
    }
}

const APPLE: &[(&str, To)] = &[
    ("title", To::Title),
    ("url", To::Site),
    ("username", To::Field("username")),
    ("password", To::Field("password")),
    ("notes", To::Note),
    ("otpauth", To::Field("totp")),
];

/// `Title,URL,Username,Password,Notes,OTPAuth`.
pub(super) const SAFARI: Dialect = Dialect {
    source: Source::Safari,
    needs: &["title", "url", "username", "password", "otpauth"],
    columns: APPLE,
    special: nothing_special,
};

/// `Title,URL,Username,Password`, before macOS 12.
pub(super) const SAFARI_OLD: Dialect =
    Dialect { source: Source::Safari, needs: &["title", "url", "username", "password"], columns: APPLE, special: nothing_special };
