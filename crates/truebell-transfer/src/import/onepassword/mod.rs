//! 1Password's 1PUX: a zip with `export.data` (JSON) and `files/<document id>__<file name>`.

mod category;
mod field;

use super::bag::Bag;
use super::zip::{Part, Unzip};
use super::{ImportError, Imported, ImportedItem, Source};
use crate::dates;
use crate::draft::Draft;
use crate::limits;
use crate::passkey;
use crate::report::LossReport;
use serde_json::Value;
use truebell_core::item::{FieldKind, State};
use truebell_core::time::UnixMillis;
use zeroize::Zeroizing;

const SOURCE: Source = Source::OnePassword;
/// The document in the zip.
pub(super) const DATA: &str = "export.data";

pub(super) fn read(bytes: &[u8], now: UnixMillis) -> Result<Imported, ImportError> {
    let mut zip = Unzip::open(SOURCE, bytes)?;
    let document = Zeroizing::new(zip.document(DATA)?);
    let mut top = Bag::of(serde_json::from_slice(&document).map_err(|error| ImportError::json(SOURCE, &error))?);
    let Value::Array(accounts) = top.take("accounts") else {
        return Err(ImportError::Foreign(SOURCE, "\"export.data\" has no accounts".to_owned()));
    };
    let several = accounts.len() > 1;
    let mut reader = Reader { zip, report: LossReport::default(), now };
    let mut items = Vec::new();
    for account in accounts {
        let mut account = Bag::of(account);
        let owner = account.bag("attrs").text("accountName");
        for vault in account.list("vaults") {
            let mut vault = Bag::of(vault);
            let name = reader.vault_name(&mut vault);
            let folder = if several { format!("{owner}/{name}") } else { name };
            for value in vault.list("items") {
                items.push(reader.record(value, &folder)?);
            }
        }
    }
    Ok(Imported { items, report: reader.report })
}

struct Reader<'a> {
    zip: Unzip<'a>,
    report: LossReport,
    now: UnixMillis,
}

impl Reader<'_> {
    fn vault_name(&mut self, vault: &mut Bag) -> String {
        let mut attributes = vault.bag("attrs");
        let name = attributes.text("name");
        if !attributes.text("desc").is_empty() {
            self.report.lose(&format!("vault {name}"), "", "description", "vaults become tags, and tags have no description");
        }
        if !attributes.text("avatar").is_empty() {
            self.report.lose(&format!("vault {name}"), "", "picture", "pictures are not carried");
        }
        name
    }

    fn record(&mut self, value: Value, folder: &str) -> Result<ImportedItem, ImportError> {
        self.report.records += 1;
        let place = format!("record {}", self.report.records);
        let mut record = Bag::of(value);
        // Early versions wrapped each item once more.
        let mut inner = record.bag("item");
        if !inner.is_empty() {
            std::mem::swap(&mut record, &mut inner);
        }
        if record.is_empty() {
            return Err(ImportError::damaged(SOURCE, place, "it is not an item"));
        }
        let id = record.text("categoryUuid");
        let mut draft = Draft::new(category::of(&id), self.now);
        draft.folder(folder);
        overview(record.bag("overview"), &mut draft);
        if let Some(name) = category::without_place(&id) {
            draft.custom("1Password category", FieldKind::Text, name);
            self.report.change(&place, draft.title_text(), "category", "there is no category of its own for it; every field is kept");
        }
        state(&mut record, &mut draft, self.now);
        self.details(record.bag("details"), category::number(&id), &place, &mut draft)?;
        record.drop(&["uuid"]);
        draft.begin_section("");
        record.keep_rest(&mut draft);
        Ok(draft.finish())
    }

    fn details(&mut self, mut details: Bag, number: Option<&str>, place: &str, draft: &mut Draft) -> Result<(), ImportError> {
        draft.note(&details.text("notesPlain"));
        draft.set("password", details.text("password"));
        for value in details.list("loginFields") {
            login_field(Bag::of(value), draft);
        }
        for value in details.list("sections") {
            let mut section = Bag::of(value);
            let title = section.text("title");
            for value in section.list("fields") {
                draft.begin_section(&title);
                self.section_field(Bag::of(value), number, place, draft)?;
            }
        }
        draft.begin_section("");
        for value in details.list("passwordHistory") {
            let mut old = Bag::of(value);
            let until = old.number("time").and_then(|time| u64::try_from(time).ok()).map_or(self.now, dates::instant_of_count);
            draft.past("/password", old.text("value"), until);
        }
        let document = details.bag("documentAttributes");
        if !document.is_empty() {
            self.file(document, place, draft)?;
        }
        let credential = details.take("passkey");
        if !credential.is_null() {
            draft.set("passkey", passkey::wrap("1password", credential));
        }
        details.keep_rest(draft);
        Ok(())
    }

    fn section_field(&mut self, mut field: Bag, number: Option<&str>, place: &str, draft: &mut Draft) -> Result<(), ImportError> {
        let mut value = field.bag("value");
        let document = value.bag("file");
        if !document.is_empty() {
            return self.file(document, place, draft);
        }
        let id = field.text("id");
        field::read(&id, &field.text("title"), number, value, draft);
        Ok(())
    }

    fn file(&mut self, mut document: Bag, place: &str, draft: &mut Draft) -> Result<(), ImportError> {
        let (name, id) = (document.text("fileName"), document.text("documentId"));
        match self.zip.part(&format!("files/{id}__{name}"), limits::ATTACHMENT_BYTES)? {
            Part::Bytes(bytes) => draft.file(&name, bytes),
            Part::Absent => self.report.lose(place, draft.title_text(), &name, "the file is missing from the archive"),
            Part::TooBig => self.report.lose(place, draft.title_text(), &name, "files over 100 MiB are not carried"),
        }
        Ok(())
    }
}

fn overview(mut overview: Bag, draft: &mut Draft) {
    draft.title(overview.text("title"));
    let main = overview.text("url");
    for value in overview.list("urls") {
        let mut url = Bag::of(value);
        let label = url.text("label");
        draft.site(&url.text("url"), if label == "website" { "" } else { &label });
        url.drop(&["mode"]);
        url.keep_rest(draft);
    }
    draft.site(&main, "");
    overview.list("tags").iter().filter_map(Value::as_str).for_each(|tag| draft.tag(tag));
    // Strength figures, pictures and the second line are computed again.
    overview.drop(&["subtitle", "ps", "pbe", "pgrng", "icons", "watchtowerExclusions", "ainfo", "b5UserUUID", "pwnedUsed"]);
    overview.keep_rest(draft);
}

fn state(record: &mut Bag, draft: &mut Draft, now: UnixMillis) {
    let mut at = |name: &str| {
        record.number(name).and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0).map(dates::instant_of_count)
    };
    let (created, edited) = (at("createdAt"), at("updatedAt"));
    draft.dates(created, edited);
    draft.item.overview.favourite = record.number("favIndex").is_some_and(|index| index > 0);
    let state = record.text("state");
    let is_trashed = record.truth("trashed") || record.text("trashed") == "true";
    match state.as_str() {
        "archived" => draft.item.overview.state = State::Archived,
        "deleted" | "trashed" => draft.trash(edited.unwrap_or(now)),
        _ if is_trashed => draft.trash(edited.unwrap_or(now)),
        _ => {}
    }
}

fn login_field(mut field: Bag, draft: &mut Draft) {
    let value = match field.take("value") {
        // A linked mail address comes as an object.
        value @ Value::Object(_) => {
            let mut value = Bag::of(value);
            let address = value.text("email_address");
            if address.is_empty() { value.text("string") } else { address }
        }
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let (kind, name) = (field.text("fieldType"), field.text("name"));
    match field.text("designation").as_str() {
        "username" => draft.set("username", value),
        "password" => draft.set("password", value),
        // What a web form held beside the name and the password.
        _ => match kind.as_str() {
            "P" => draft.custom_if(&name, FieldKind::Concealed, &value),
            "E" => draft.custom_if(&name, FieldKind::Email, &value),
            "U" => draft.custom_if(&name, FieldKind::Url, &value),
            "TEL" => draft.custom_if(&name, FieldKind::Phone, &value),
            _ => draft.custom_if(&name, FieldKind::Text, &value),
        },
    }
}
