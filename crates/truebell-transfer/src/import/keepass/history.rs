//! Older versions of a KeePass entry: each value that changed from one version to the next is kept as a past value.

use super::entry::Context;
use crate::draft::Draft;
use crate::kdbx::{Entry, Text};
use crate::report::LossReport;
use truebell_core::item::Item;

pub(super) fn read(entry: &Entry, draft: &mut Draft, context: &Context<'_>, report: &mut LossReport) {
    // Oldest first in the file; the version after the last one is the entry itself.
    let mut versions: Vec<&Entry> = entry.history.iter().collect();
    versions.sort_by_key(|version| version.times.edited);
    let next = versions.iter().skip(1).copied().chain([entry]);
    let steps: Vec<(&Entry, &Entry)> = versions.iter().copied().zip(next).collect();
    for (old, new) in steps.into_iter().rev() {
        let until = new.times.edited.unwrap_or(context.now);
        for text in &old.texts {
            let is_kept = new.texts.iter().any(|other| other.key == text.key && other.value == text.value);
            if !is_kept && !text.value.is_empty() {
                draft.past(&field_of(&draft.item, text), text.value.clone(), until);
            }
        }
        if old.tags != new.tags && !old.tags.is_empty() {
            draft.past("tags", old.tags.as_str(), until);
        }
        let is_lost = !old.override_url.is_empty() && old.override_url != new.override_url
            || !old.custom_data.is_empty() && old.custom_data != new.custom_data
            || !old.auto_type.is_empty() && old.auto_type != new.auto_type;
        if is_lost {
            report.lose(
                context.place,
                draft.title_text(),
                "history",
                "an older version's auto-type, override URL and plug-in data are not carried",
            );
        }
    }
}

/// The name of the field a past value belongs to: `section id/field id`, `title`, `note`, `site`, or the KeePass name if the
/// field is gone.
fn field_of(item: &Item, text: &Text) -> String {
    match text.key.as_str() {
        "Title" => "title".to_owned(),
        "UserName" => "/username".to_owned(),
        "Password" => "/password".to_owned(),
        "URL" => "site".to_owned(),
        "Notes" => "note".to_owned(),
        "otp" => "/totp".to_owned(),
        key => {
            let fields = item.detail.sections.iter().flat_map(|section| section.fields.iter().map(move |field| (section, field)));
            let found = fields.into_iter().find(|(_, field)| field.label == key);
            found.map_or_else(|| format!("/{key}"), |(section, field)| format!("{}/{}", section.id, field.id))
        }
    }
}
