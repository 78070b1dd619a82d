//! An item as flat formats need it: the fields they have a place for, and all others in a row with one name each.

use super::Outgoing;
use crate::report::LossReport;
use truebell_core::item::{Field, FieldKind, Item, Section};

/// Fields of one item, taken one by one; what is left at the end is written as custom fields.
pub(super) struct Flat<'a> {
    pub(super) item: &'a Item,
    /// `record 3`.
    pub(super) place: String,
    left: Vec<(&'a Section, &'a Field)>,
}

impl<'a> Flat<'a> {
    pub(super) fn new(index: usize, outgoing: &Outgoing<'a>) -> Self {
        let item = outgoing.item;
        let fields = item.detail.sections.iter().flat_map(|section| section.fields.iter().map(move |field| (section, field)));
        Self { item, place: format!("record {}", index + 1), left: fields.collect() }
    }

    pub(super) fn title(&self) -> &'a str {
        &self.item.overview.title
    }

    /// A template field's value, empty if there is none.
    pub(super) fn take(&mut self, id: &str) -> &'a str {
        self.take_if(|section, field| section.id.is_empty() && field.id == id)
    }

    /// The value of a field the template does not know, by its label.
    pub(super) fn take_label(&mut self, label: &str) -> &'a str {
        self.take_if(|section, field| section.title.is_empty() && field.label == label)
    }

    fn take_if(&mut self, is_it: impl Fn(&Section, &Field) -> bool) -> &'a str {
        let found = self.left.iter().position(|(section, field)| is_it(section, field));
        found.map_or("", |at| self.left.remove(at).1.value.expose())
    }

    /// Puts every field back that `keep` does not take.
    pub(super) fn take_each(&mut self, mut take: impl FnMut(&'a Section, &'a Field) -> bool) {
        self.left.retain(|(section, field)| !take(section, field));
    }

    /// What is left, with a name for each: its label, after its section's title if that has one.
    pub(super) fn rest(&mut self, report: &mut LossReport) -> Vec<(String, &'a Field)> {
        let (place, title) = (self.place.clone(), self.title());
        let left = std::mem::take(&mut self.left);
        let mut out = Vec::with_capacity(left.len());
        for (section, field) in left {
            let label = if field.label.is_empty() { &field.id } else { &field.label };
            if section.title.is_empty() {
                out.push((label.clone(), field));
                continue;
            }
            let name = format!("{}: {label}", section.title);
            report.change(&place, title, &name, "the format has no sections; the section's title is part of the field's name");
            out.push((name, field));
        }
        out
    }

    /// Says that the item's files are not carried.
    pub(super) fn lose_files(&self, outgoing: &Outgoing<'_>, report: &mut LossReport) {
        for file in outgoing.files {
            report.lose(&self.place, self.title(), &file.name, "the format has no files");
        }
    }

    /// Says which members of a newer version are not carried.
    pub(super) fn lose_extra(&self, report: &mut LossReport) {
        let item = self.item;
        let sites = item.overview.sites.iter().flat_map(|site| &site.extra);
        let sections =
            item.detail.sections.iter().flat_map(|section| section.extra.iter().chain(section.fields.iter().flat_map(|f| &f.extra)));
        for (name, _) in item.overview.extra.iter().chain(&item.detail.extra).chain(sites).chain(sections) {
            report.lose(&self.place, self.title(), name, "only our own archive carries what a newer version added");
        }
        for site in item.overview.sites.iter().filter(|site| !site.label.is_empty()) {
            report.lose(&self.place, self.title(), &site.label, "the format has no names for addresses");
        }
    }
}

/// Whether a field's value is hidden until asked for.
pub(super) fn is_hidden(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Concealed | FieldKind::Totp | FieldKind::PrivateKey | FieldKind::Passkey)
}
