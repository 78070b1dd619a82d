//! How a change of fields is made on an item. Pure. Never here: where the item comes from or goes.

use super::ask::{Changes, FieldChange};
use crate::exit::{Answered, Failure};
use truebell_core::item::{Extra, Field, FieldKind, Item, Section, Site, template};

/// Applies changes to an item, and settles its second line.
pub fn apply(item: &mut Item, changes: &Changes) -> Answered {
    let overview = &mut item.overview;
    if let Some(title) = &changes.title {
        overview.title.clone_from(title);
    }
    if let Some(favourite) = changes.favourite {
        overview.favourite = favourite;
    }
    overview.tags.extend(changes.add_tags.iter().cloned());
    for tag in &changes.remove_tags {
        if !overview.tags.remove(tag) {
            return Err(Failure::not_found(format!("The item has no tag “{tag}”.")));
        }
    }
    for url in &changes.remove_sites {
        let before = overview.sites.len();
        overview.sites.retain(|site| site.url != *url);
        if overview.sites.len() == before {
            return Err(Failure::not_found(format!("The item has no site “{url}”.")));
        }
    }
    for url in &changes.add_sites {
        if !overview.sites.iter().any(|site| site.url == *url) {
            overview.sites.push(Site { url: url.clone(), ..Site::default() });
        }
    }
    if let Some(note) = &changes.note {
        item.detail.note = note.clone();
    }
    changes.remove_fields.iter().try_for_each(|field| remove_field(item, field))?;
    for change in &changes.fields {
        set_field(item, change);
    }
    settle(item);
    Ok(())
}

/// Makes what is derived from other members fit them again.
pub(super) fn settle(item: &mut Item) {
    item.overview.subtitle = item.derive_subtitle();
}

/// Where the field called `name` is: section and field.
fn position(item: &Item, name: &str) -> Option<(usize, usize)> {
    let wanted = item.find_field(name)?;
    let sections = item.detail.sections.iter().enumerate();
    sections
        .flat_map(|(at, section)| section.fields.iter().enumerate().map(move |(index, field)| (at, index, field)))
        .find_map(|(at, index, field)| std::ptr::eq(field, wanted).then_some((at, index)))
}

fn remove_field(item: &mut Item, name: &str) -> Answered {
    let (section, field) = position(item, name).ok_or_else(|| Failure::not_found(format!("The item has no field “{name}”.")))?;
    if let Some(section) = item.detail.sections.get_mut(section) {
        section.fields.remove(field);
    }
    item.detail.sections.retain(|section| !section.fields.is_empty());
    Ok(())
}

fn set_field(item: &mut Item, change: &FieldChange) {
    let found = position(item, &change.field);
    let field = found.and_then(|(section, field)| item.detail.sections.get_mut(section)?.fields.get_mut(field));
    match field {
        Some(field) => field.value = change.value.clone(),
        None if template::field(item.overview.category, &change.field).is_some() => item.set_field(&change.field, change.value.clone()),
        None => add_field(item, change),
    }
}

/// A field of the person's own: `section/label`, or a label in the first section.
fn add_field(item: &mut Item, change: &FieldChange) {
    let (section, label) = change.field.split_once('/').unwrap_or(("", &change.field));
    let kind = if change.concealed { FieldKind::Concealed } else { FieldKind::Text };
    let id = free_id(item, label);
    let field = Field { id, label: label.to_owned(), kind, value: change.value.clone(), extra: Extra::new() };
    match item.detail.sections.iter_mut().find(|known| known.title == section) {
        Some(known) => known.fields.push(field),
        None => {
            let id = if section.is_empty() { String::new() } else { slug(section) };
            let at = if section.is_empty() { 0 } else { item.detail.sections.len() };
            item.detail.sections.insert(at, Section { id, title: section.to_owned(), fields: vec![field], extra: Extra::new() });
        }
    }
}

/// An id no field has: made of the label, so that two devices that add the same field offline make one.
fn free_id(item: &Item, label: &str) -> String {
    let base = slug(label);
    let taken = |id: &str| item.field(id).is_some() || template::field(item.overview.category, id).is_some();
    if !taken(&base) {
        return base;
    }
    (2..).map(|number| format!("{base}-{number}")).find(|id| !taken(id)).unwrap_or(base)
}

fn slug(text: &str) -> String {
    let slug: String = text.to_lowercase().chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
    if slug.is_empty() { "field".into() } else { slug }
}

/// Whether a field is hidden until it is asked for.
pub(super) fn is_concealed(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Concealed | FieldKind::Totp | FieldKind::PrivateKey | FieldKind::Passkey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use truebell_core::item::Category;
    use truebell_core::secret::Secret;

    fn change(field: &str, value: &str) -> Changes {
        Changes { fields: vec![FieldChange { field: field.into(), value: value.into(), concealed: true }], ..Changes::default() }
    }

    #[test]
    fn a_field_is_found_by_id_or_label_and_made_where_there_is_none() {
        let mut item = Item::default();
        apply(&mut item, &change("password", "one")).unwrap();
        apply(&mut item, &change("Password", "two")).unwrap();
        apply(&mut item, &change("Recovery code", "three")).unwrap();
        apply(&mut item, &change("Work/PIN", "four")).unwrap();
        apply(&mut item, &change("work/pin", "five")).unwrap();
        let fields: Vec<_> = item
            .detail
            .sections
            .iter()
            .flat_map(|section| section.fields.iter().map(|field| (section.title.as_str(), field.id.as_str(), field.value.expose())))
            .collect();
        assert_eq!(fields, [("", "password", "two"), ("", "recovery-code", "three"), ("Work", "pin", "five")]);
    }

    #[test]
    fn the_second_line_follows_the_fields() {
        let mut item = Item::default();
        apply(&mut item, &change("username", "ada")).unwrap();
        assert_eq!(item.overview.subtitle, "ada");
        item.overview.category = Category::Card;
        apply(&mut item, &change("number", "4111 1111 1111 1234")).unwrap();
        assert_eq!(item.overview.subtitle, "•••• 1234");
    }

    #[test]
    fn what_is_to_be_removed_must_be_there() {
        let mut item = Item::default();
        item.set_field("password", Secret::from("x"));
        for changes in [
            Changes { remove_fields: vec!["pin".into()], ..Changes::default() },
            Changes { remove_tags: vec!["home".into()], ..Changes::default() },
            Changes { remove_sites: vec!["https://x".into()], ..Changes::default() },
        ] {
            assert_eq!(apply(&mut item, &changes).unwrap_err().code, crate::exit::Code::NotFound);
        }
        apply(&mut item, &Changes { remove_fields: vec!["password".into()], ..Changes::default() }).unwrap();
        assert!(item.detail.sections.is_empty());
    }
}
