//! Attachments: other parts, shorter parts, none.

use crate::answer::{Answer, Heard};
use crate::notebook::Notebook;

fn is_part(heard: &Heard) -> bool {
    heard.method == "GET" && heard.path.contains("/chunks/")
}

pub(super) fn swap_chunks(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    if !is_part(heard) {
        return;
    }
    let uploads = notebook.heard.iter().filter(|heard| heard.method == "PUT");
    if let Some(first) = uploads.into_iter().find(|upload| upload.path.ends_with("/chunks/0")) {
        answer.body.clone_from(&first.body);
        if heard.path.ends_with("/chunks/0") {
            // The first part gets the second's place.
            let second = notebook.heard.iter().find(|upload| upload.method == "PUT" && upload.path.ends_with("/chunks/1"));
            answer.body = second.map(|second| second.body.clone()).unwrap_or_default();
        }
    }
}

pub(super) fn truncate(heard: &Heard, answer: &mut Answer, _: &mut Notebook) {
    if is_part(heard) {
        let half = answer.body.len() / 2;
        answer.body.truncate(half);
    }
}

pub(super) fn empty(heard: &Heard, answer: &mut Answer, _: &mut Notebook) {
    if is_part(heard) {
        answer.body.clear();
    }
}
