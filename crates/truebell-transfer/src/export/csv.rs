//! A table with one line for each login and note. Its first columns are the ones browsers read.

use super::Outgoing;
use super::flat::Flat;
use crate::dates;
use crate::otp;
use crate::report::LossReport;
use truebell_core::item::{Category, State};

const HEADER: &str = "name,url,username,password,note,totp,tags,favourite,archived,created,edited,truebell_type\r\n";

pub(super) fn write(items: &[Outgoing<'_>], report: &mut LossReport) -> Vec<u8> {
    let mut out = HEADER.to_owned();
    for (index, outgoing) in items.iter().enumerate() {
        let flat = Flat::new(index, outgoing);
        match outgoing.item.overview.category {
            Category::Login | Category::SecureNote => {
                report.items += 1;
                line(flat, outgoing, &mut out, report);
            }
            _ => report.lose_record(&flat.place, flat.title(), "a table has a place for logins and notes only"),
        }
    }
    out.into_bytes()
}

fn line(mut flat: Flat<'_>, outgoing: &Outgoing<'_>, out: &mut String, report: &mut LossReport) {
    let item = outgoing.item;
    let overview = &item.overview;
    let urls: Vec<&str> = overview.sites.iter().map(|site| site.url.as_str()).collect();
    let tags: Vec<&str> = overview.tags.iter().map(String::as_str).collect();
    let (user, password, totp) = (flat.take("username"), flat.take("password"), flat.take("totp"));
    let totp = if totp.is_empty() { String::new() } else { otp::as_uri(totp, &overview.title, user) };
    let is_note = overview.category == Category::SecureNote;
    let cells = [
        overview.title.as_str(),
        &urls.join("\n"),
        user,
        password,
        item.detail.note.expose(),
        &totp,
        &tags.join("\n"),
        if overview.favourite { "1" } else { "" },
        if overview.state == State::Archived { "1" } else { "" },
        &dates::instant_text(overview.created),
        &dates::instant_text(overview.edited),
        if is_note { "note" } else { "login" },
    ];
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        put(out, cell);
    }
    out.push_str("\r\n");
    report_losses(&mut flat, outgoing, report);
}

/// Quoted always but when empty: a value is never mistaken for a number or cut at a line end.
fn put(out: &mut String, cell: &str) {
    if !cell.is_empty() {
        out.push('"');
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    }
}

fn report_losses(flat: &mut Flat<'_>, outgoing: &Outgoing<'_>, report: &mut LossReport) {
    let (place, title) = (flat.place.clone(), flat.title());
    flat.take_each(|section, field| {
        let label = if field.label.is_empty() { &field.id } else { &field.label };
        let name = if section.title.is_empty() { label.clone() } else { format!("{}: {label}", section.title) };
        report.lose(&place, title, &name, "a table has no column for it");
        true
    });
    for past in &outgoing.item.detail.past {
        report.lose(&place, title, &past.field, "a table has no past values");
    }
    if matches!(outgoing.item.overview.state, State::Trashed { .. }) {
        report.change(&place, title, "trash", "a table has no trash; the item is listed like any other");
    }
    flat.lose_files(outgoing, report);
    flat.lose_extra(report);
}
