//! The same as an Atom feed (RFC 4287): an entry for each maintenance and incident.

use super::page::{Titles, stamp};
use std::fmt::Write;
use truebell_core::letter::escape;
use truebell_core::status::{Incident, Maintenance, Status};
use truebell_core::time::UnixMillis;

/// The feed of a document.
pub(super) fn feed(status: &Status, titles: &Titles) -> String {
    let mut entries: Vec<Line> = status.maintenance.iter().map(of_maintenance).chain(status.incidents.iter().map(of_incident)).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.updated));
    // An empty feed was last changed never; the form asks for a date all the same.
    let updated = entries.first().map_or(UnixMillis(0), |entry| entry.updated);
    let (name, url) = (escape(&titles.name), escape(&titles.url));
    let id = format!("urn:truebell:{}:status", status.server);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<id>{id}</id>\n<title>{name}</title>\n\
         <updated>{}</updated>\n<author><name>{name}</name></author>\n<link rel=\"alternate\" type=\"text/html\" href=\"{url}\"/>\n",
        stamp(updated)
    );
    for Line { id: entry, title, words, published, updated } in entries {
        let _ = write!(
            xml,
            "<entry>\n<id>{id}:{entry}</id>\n<title>{}</title>\n<published>{}</published>\n<updated>{}</updated>\n\
             <link rel=\"alternate\" type=\"text/html\" href=\"{url}#{entry}\"/>\n<content type=\"text\">{}</content>\n</entry>\n",
            escape(&title),
            stamp(published),
            stamp(updated),
            escape(&words),
        );
    }
    xml.push_str("</feed>\n");
    xml
}

struct Line {
    id: String,
    title: String,
    words: String,
    published: UnixMillis,
    updated: UnixMillis,
}

fn of_maintenance(told: &Maintenance) -> Line {
    let title = match (told.begun, told.ended) {
        (None, None) => "Planned work",
        (Some(_), None) => "Work on the server has begun",
        (None, Some(_)) => "Planned work is called off",
        (Some(_), Some(_)) => "Work on the server is done",
    };
    let words = format!("{} to {}. {}", told.start.utc(), told.end.utc(), told.note);
    // When it was announced is not told apart from when it is to be: a feed's order needs one date that does not move back.
    let updated = told.ended.or(told.begun).unwrap_or(told.start);
    Line { id: told.id.to_string(), title: title.into(), words, published: told.start.min(updated), updated }
}

fn of_incident(told: &Incident) -> Line {
    let updated = told.updates.first().map_or(told.opened, |update| update.at);
    let lines: Vec<String> = told.updates.iter().map(|update| format!("{}: {}", update.at.utc(), update.words)).collect();
    let title = if told.closed.is_some() { format!("Over: {}", told.title) } else { told.title.clone() };
    Line { id: told.id.to_string(), title, words: lines.join("\n"), published: told.opened, updated }
}

#[cfg(test)]
mod tests {
    use super::super::page::tests::{eventful, titles};
    use super::*;

    #[test]
    fn each_maintenance_and_incident_is_an_entry_with_a_name_that_stays() {
        let xml = feed(&eventful(), &titles());
        assert_eq!(xml.matches("<entry>").count(), 3);
        for needed in [
            "<id>urn:truebell:srv_",
            "<updated>2026-11-25T14:02:00Z</updated>",
            "Sign-in &amp; sync are slow",
            "Moving to &lt;PostgreSQL&gt;.",
        ] {
            assert!(xml.contains(needed), "{needed}: {xml}");
        }
        assert!(!xml.contains("<PostgreSQL>"));
        for tag in ["feed", "entry", "id", "title", "updated", "content", "author"] {
            assert_eq!(
                xml.matches(&format!("<{tag}>")).count() + xml.matches(&format!("<{tag} ")).count(),
                xml.matches(&format!("</{tag}>")).count(),
                "{tag}"
            );
        }
    }
}
