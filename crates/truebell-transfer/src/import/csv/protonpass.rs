//! Proton Pass's CSV: `type,name,url,email,username,password,note,totp,createTime,modifyTime,vault`. Cards and identities are
//! packed as JSON into `note`.

use super::super::Source;
use super::super::bag::Bag;
use super::super::protonpass as json;
use super::map::{Dialect, Notes, To};
use super::table::Row;
use crate::draft::Draft;
use serde_json::Value;
use truebell_core::item::{Category, FieldKind};

pub(super) const DIALECT: Dialect = Dialect {
    source: Source::ProtonPassCsv,
    needs: &["type", "name", "url", "username", "password", "note", "totp"],
    columns: &[
        ("name", To::Title),
        ("username", To::Field("username")),
        ("password", To::Field("password")),
        ("totp", To::Field("totp")),
        ("note", To::Note),
        ("createtime", To::Created),
        ("modifytime", To::Edited),
        ("vault", To::Folder),
    ],
    special,
};

fn special(row: &mut Row, draft: &mut Draft, notes: &mut Notes<'_>) {
    let kind = row.take("type");
    draft.item.overview.category = json::category(&kind);
    if !json::KINDS.contains(&kind.as_str()) {
        notes.change(row.peek("name"), "type", "this type is not known; its fields are kept in a secure note");
    }
    for url in row.take("url").split(", ") {
        draft.site(url, "");
    }
    if let Ok(Value::Array(urls)) = serde_json::from_str(row.peek("autofillurls")) {
        row.take("autofillurls");
        urls.into_iter().for_each(|url| json::read_autofill(url, draft));
    }
    let email = row.take("email");
    match kind.as_str() {
        "alias" => draft.custom_if("alias", FieldKind::Email, &email),
        "login" => {
            let user = if row.peek("username").is_empty() { email.clone() } else { row.take("username") };
            if user != email {
                draft.set("username", user);
                draft.custom_if("email", FieldKind::Email, &email);
            } else {
                draft.set("username", user);
            }
        }
        _ => draft.custom_if("email", FieldKind::Email, &email),
    }
    if matches!(draft.item.overview.category, Category::Card | Category::Identity) {
        packed(row, draft);
    }
}

fn packed(row: &mut Row, draft: &mut Draft) {
    let Ok(value @ Value::Object(_)) = serde_json::from_str(row.peek("note")) else { return };
    row.take("note");
    let mut content = Bag::of(value);
    draft.note(&content.text("note"));
    json::read_content(content, draft);
}
