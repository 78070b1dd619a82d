//! Sealed items, moved, changed, left out.

use crate::answer::{Answer, Heard};
use crate::notebook::Notebook;
use truebell_core::hash::Hash32;
use truebell_core::ids::ItemId;
use truebell_core::vault::{Kind, Revision};
use truebell_core::wire::sync::Frame;

pub(super) fn swap_parts(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer
        .with_revisions(|revisions| revisions.iter_mut().for_each(|revision| std::mem::swap(&mut revision.overview, &mut revision.detail)));
}

pub(super) fn swap_items(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.with_revisions(|revisions| {
        let details: Vec<Vec<u8>> = revisions.iter().map(|revision| revision.detail.clone()).collect();
        for (revision, detail) in revisions.iter_mut().rev().zip(details) {
            revision.detail = detail;
        }
    });
}

pub(super) fn swap_vaults(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.with_frames(|frames| {
        let all: Vec<Vec<Revision>> = frames.iter().filter_map(revisions_of).collect();
        let mut others = all.into_iter().rev();
        for frame in frames {
            if let Frame::Revisions(_, revisions) = frame {
                *revisions = others.next().unwrap_or_default();
            }
        }
    });
}

fn revisions_of(frame: &Frame) -> Option<Vec<Revision>> {
    if let Frame::Revisions(_, revisions) = frame { Some(revisions.clone()) } else { None }
}

pub(super) fn swap_accounts(_: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let Some(account) = answer.account().map(|head| head.account) else { return };
    let others = notebook.revisions_of_others(account);
    answer.with_revisions(|revisions| {
        for (revision, other) in revisions.iter_mut().zip(&others) {
            (revision.overview, revision.detail) = (other.overview.clone(), other.detail.clone());
        }
    });
}

pub(super) fn flip_item(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    for_each_detail(answer, |detail| {
        if let Some(last) = detail.last_mut() {
            *last ^= 1;
        }
    });
}

pub(super) fn lower_suite(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    for_each_detail(answer, |detail| {
        if let Some(suite) = detail.first_mut() {
            *suite = 0;
        }
    });
}

pub(super) fn legacy_cipher(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    for_each_detail(answer, |detail| *detail = [&[0][..], br#"{"fields":[{"name":"password","value":"planted"}]}"#].concat());
}

fn for_each_detail(answer: &mut Answer, bend: impl Fn(&mut Vec<u8>)) {
    answer.with_revisions(|revisions| revisions.iter_mut().for_each(|revision| bend(&mut revision.detail)));
}

pub(super) fn exchange_parts(_: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let Some(account) = answer.account().map(|head| head.account) else { return };
    let name =
        notebook.frames_of(account).iter().find_map(|frame| if let Frame::Vault(info) = frame { Some(info.name.clone()) } else { None });
    for_each_detail(answer, |detail| *detail = name.clone().unwrap_or_default());
}

pub(super) fn drop_last(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.with_revisions(|revisions| drop(revisions.pop()));
}

pub(super) fn duplicate(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.with_revisions(|revisions| *revisions = revisions.iter().flat_map(|revision| [revision.clone(), revision.clone()]).collect());
}

pub(super) fn reorder(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.with_revisions(|revisions| revisions.reverse());
}

pub(super) fn tombstone(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.with_revisions(|revisions| {
        for revision in revisions {
            (revision.kind, revision.overview, revision.detail) = (Kind::Tombstone, vec![], vec![]);
        }
    });
}

pub(super) fn cut(heard: &Heard, answer: &mut Answer, _: &mut Notebook) {
    if heard.is_sync() {
        answer.with_frames(|frames| frames.retain(|frame| *frame != Frame::End));
    }
}

pub(super) fn huge_number(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    let of = |number| Revision {
        item: ItemId([9; 16]),
        number,
        prev: Hash32::default(),
        kind: Kind::Tombstone,
        overview: vec![],
        detail: vec![],
    };
    answer.with_revisions(|revisions| revisions.extend([of(u64::MAX), of(0)]));
}
