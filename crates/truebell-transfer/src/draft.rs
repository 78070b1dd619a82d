//! An item while it is being put together from a source's record. Every dialect builds with this, so that all of them treat
//! titles, second values and custom fields alike.

use crate::import::{ImportedFile, ImportedItem};
use truebell_core::item::{Category, Extra, Field, FieldKind, Item, Past, PastWhy, Section, Site, State};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;

/// An item in the making.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) item: Item,
    pub(crate) files: Vec<ImportedFile>,
    folder: Option<String>,
    section: usize,
    customs: usize,
}

impl Draft {
    /// An empty item; `now` stands in for dates the source does not tell.
    pub(crate) fn new(category: Category, now: UnixMillis) -> Self {
        let mut item = Item::default();
        item.overview.category = category;
        item.overview.created = now;
        item.overview.edited = now;
        item.detail.sections.push(Section::default());
        Self { item, files: Vec::new(), folder: None, section: 0, customs: 0 }
    }

    pub(crate) fn title(&mut self, text: impl Into<String>) {
        self.item.overview.title = text.into();
    }

    /// The title so far.
    pub(crate) fn title_text(&self) -> &str {
        &self.item.overview.title
    }

    /// Dates, where the source tells them; an edit is never before the creation.
    pub(crate) fn dates(&mut self, created: Option<UnixMillis>, edited: Option<UnixMillis>) {
        let known = created.or(edited);
        self.item.overview.created = known.unwrap_or(self.item.overview.created);
        self.item.overview.edited = edited.or(known).unwrap_or(self.item.overview.edited).max(self.item.overview.created);
    }

    /// Adds to the note, after an empty line if there is one already.
    pub(crate) fn note(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let note = &mut self.item.detail.note;
        *note = if note.is_empty() { Secret::new(text) } else { Secret::new(format!("{}\n\n{text}", note.expose())) };
    }

    /// Adds a site; an address twice is kept once.
    pub(crate) fn site(&mut self, url: &str, label: &str) {
        let sites = &mut self.item.overview.sites;
        if !url.is_empty() && !sites.iter().any(|site| site.url == url) {
            sites.push(Site { url: url.to_owned(), label: label.to_owned(), extra: Extra::new() });
        }
    }

    pub(crate) fn tag(&mut self, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.item.overview.tags.insert(text.to_owned());
        }
    }

    /// The folder, group or collection it was in: kept as a tag, since Truebell has no folders.
    pub(crate) fn folder(&mut self, path: &str) {
        self.tag(path);
        if !path.trim().is_empty() {
            self.folder = Some(path.trim().to_owned());
        }
    }

    pub(crate) fn trash(&mut self, since: UnixMillis) {
        self.item.overview.state = State::Trashed { since };
    }

    /// Sets a field of the template. A second value for the same field is kept as a custom field, never dropped.
    pub(crate) fn set(&mut self, id: &str, value: impl Into<Secret>) {
        let value = value.into();
        if value.is_empty() {
            return;
        }
        let taken = self
            .item
            .field(id)
            .filter(|field| !field.value.is_empty())
            .map(|field| (field.label.clone(), field.kind, field.value == value));
        match taken {
            None => self.item.set_field(id, value),
            Some((_, _, true)) => {}
            Some((label, kind, false)) => self.custom(&label, kind, value),
        }
    }

    /// Adds a field the template does not know, to the section last begun.
    pub(crate) fn custom(&mut self, label: &str, kind: FieldKind, value: impl Into<Secret>) {
        self.customs += 1;
        let field =
            Field { id: format!("custom-{}", self.customs), label: label.to_owned(), kind, value: value.into(), extra: Extra::new() };
        if let Some(section) = self.item.detail.sections.get_mut(self.section) {
            section.fields.push(field);
        }
    }

    /// The same, unless there is no value.
    pub(crate) fn custom_if(&mut self, label: &str, kind: FieldKind, value: &str) {
        if !value.is_empty() {
            self.custom(label, kind, value);
        }
    }

    /// Begins a section with a title; an empty title means the template's own.
    pub(crate) fn begin_section(&mut self, title: &str) {
        if title.is_empty() {
            self.section = 0;
            return;
        }
        let sections = &mut self.item.detail.sections;
        self.section = sections.iter().position(|section| section.title == title).unwrap_or_else(|| {
            let id = format!("section-{}", sections.len());
            sections.push(Section { id, title: title.to_owned(), fields: Vec::new(), extra: Extra::new() });
            sections.len() - 1
        });
    }

    /// A value the field had before. Call with the newest first.
    pub(crate) fn past(&mut self, field: &str, value: impl Into<Secret>, until: UnixMillis) {
        self.item.detail.past.push(Past { field: field.to_owned(), value: value.into(), until, why: PastWhy::Imported });
    }

    pub(crate) fn file(&mut self, name: &str, bytes: Vec<u8>) {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let name = if name.is_empty() { "file" } else { name };
        self.files.push(ImportedFile { name: name.to_owned(), bytes });
    }

    /// The finished item: with a title, a second line, and no empty sections.
    pub(crate) fn finish(mut self) -> ImportedItem {
        let item = &mut self.item;
        if item.overview.title.trim().is_empty() {
            item.overview.title = title_from(item);
        }
        item.overview.subtitle = item.derive_subtitle();
        item.detail.sections.retain(|section| !section.fields.is_empty());
        item.detail.past.sort_by_key(|past| std::cmp::Reverse(past.until));
        ImportedItem { item: self.item, files: self.files, folder: self.folder }
    }
}

/// Whether a field nobody knows is hidden: by the words in its name, since a table does not say.
pub(crate) fn kind_by_label(label: &str) -> FieldKind {
    const HIDDEN: [&str; 12] = ["pass", "pin", "secret", "token", "key", "cvv", "cvc", "security", "answer", "account", "routing", "iban"];
    let label = label.to_lowercase();
    if HIDDEN.iter().any(|word| label.contains(word)) { FieldKind::Concealed } else { FieldKind::Text }
}

fn title_from(item: &Item) -> String {
    let host = item.overview.sites.first().map(|site| host(&site.url).to_owned());
    let user = || item.field("username").map(|field| field.value.expose().to_owned());
    host.or_else(user).filter(|text| !text.is_empty()).unwrap_or_else(|| "Untitled".to_owned())
}

/// The host of a web address, or the text itself.
pub(crate) fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let rest = rest.rsplit('@').next().unwrap_or(rest);
    rest.strip_prefix("www.").unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_value_for_a_field_becomes_a_custom_field() {
        let mut draft = Draft::new(Category::Login, UnixMillis(1));
        draft.set("username", "ada");
        draft.set("username", "ada");
        draft.set("username", "countess");
        let item = draft.finish().item;
        let fields: Vec<_> = item.detail.sections[0].fields.iter().map(|f| (f.id.as_str(), f.value.expose())).collect();
        assert_eq!(fields, [("username", "ada"), ("custom-1", "countess")]);
    }

    #[test]
    fn an_item_without_a_title_is_named_after_its_site() {
        let mut draft = Draft::new(Category::Login, UnixMillis(1));
        draft.site("https://user@www.example.org:8443/login?x", "");
        assert_eq!(draft.finish().item.overview.title, "example.org:8443");
        assert_eq!(Draft::new(Category::Login, UnixMillis(1)).finish().item.overview.title, "Untitled");
    }

    #[test]
    fn a_cards_second_line_is_its_last_four_digits_and_a_short_number_shows_nothing() {
        for (number, line) in [("4111 1111 1111 1234", "•••• 1234"), ("123", "")] {
            let mut draft = Draft::new(Category::Card, UnixMillis(1));
            draft.set("number", number);
            assert_eq!(draft.finish().item.overview.subtitle, line);
        }
    }
}
