//! 1Password's CSV: `Title,Url,Username,Password,OTPAuth,Favorite,Archived,Tags,Notes`. It has logins and passwords only; the 1PUX has all.

use super::super::Source;
use super::map::{Dialect, Notes, To, is_true};
use super::table::Row;
use crate::draft::Draft;
use truebell_core::item::State;

pub(super) const DIALECT: Dialect = Dialect {
    source: Source::OnePasswordCsv,
    needs: &["title", "url", "username", "password", "otpauth", "favorite", "archived", "tags"],
    columns: &[
        ("title", To::Title),
        ("url", To::Site),
        ("username", To::Field("username")),
        ("password", To::Field("password")),
        ("otpauth", To::Field("totp")),
        ("favorite", To::Favourite),
        ("notes", To::Note),
    ],
    special,
};

fn special(row: &mut Row, draft: &mut Draft, _: &mut Notes<'_>) {
    row.take("tags").split([';', ',']).for_each(|tag| draft.tag(tag));
    if is_true(&row.take("archived")) {
        draft.item.overview.state = State::Archived;
    }
}
