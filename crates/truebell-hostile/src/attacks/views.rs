//! What a device is let see: an older state, another one, less than there is.

use crate::answer::{Answer, Heard};
use crate::notebook::Notebook;
use axum::http::{HeaderMap, StatusCode};
use truebell_core::hash::Hash32;
use truebell_core::head::{Head, Status};
use truebell_core::ids::SessionId;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use truebell_core::vault::Commit;
use truebell_core::wire::account::Session;
use truebell_core::wire::device::Enrolled;
use truebell_core::wire::sign_in::Finished;
use truebell_core::wire::sync::Frame;
use truebell_core::wire::vault::Committed;

pub(super) fn negative_sequence(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    if let Some(account) = answer.account() {
        account.vaults.iter_mut().for_each(|mark| mark.seq = u64::MAX);
    }
}

pub(super) fn vanished_vault(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    if let Some(account) = answer.account() {
        account.vaults.clear();
    }
}

pub(super) fn withhold(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.with_frames(|frames| frames.retain(|frame| !matches!(frame, Frame::Event(_) | Frame::Record(_))));
}

pub(super) fn freeze(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let stood = heard.token.as_ref().and_then(|token| notebook.stood.get(token)).cloned();
    let (Some(stood), Some(account)) = (stood, answer.account()) else { return };
    *account = stood;
    if heard.is_sync() {
        answer.set_frames(&[Frame::End]);
    }
}

pub(super) fn far_place(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    if heard.path == "/v1/sign-in/finish" {
        answer.with_json(|finished: &mut Finished| finished.chain.seq = u64::MAX);
    }
    // The honest server refuses the act that follows; the operator lets the device in by a session it knows.
    if heard.path == "/v1/devices" && heard.method == "POST" {
        let token = notebook.stood.keys().next().map(|token| token.trim_start_matches("Bearer ").to_owned()).unwrap_or_default();
        let session = Session { session: SessionId([1; 16]), token: Secret::new(token), expires: UnixMillis(u64::MAX) };
        answer.claim(200, Status::Ok);
        answer.body = serde_json::to_vec(&Enrolled { session }).unwrap();
    }
}

pub(super) fn slow_pace(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    if let Some(head) = &mut answer.head {
        head.pace_ms = u32::MAX;
    }
}

pub(super) fn forget_writes(heard: &Heard, notebook: &mut Notebook) -> Option<Answer> {
    if !heard.path.ends_with("/commits") {
        return None;
    }
    let commit: Commit = truebell_core::cbor::from_slice(&heard.body).ok()?;
    let (_, before) = notebook.answered.values().next()?;
    let head = Head { nonce: heard.nonce, status: Status::Ok, body: Some(Hash32::default()), account: None, ..before.head.clone()? };
    let body = serde_json::to_vec(&Committed { seq: commit.head.parse_unverified().ok()?.seq }).ok()?;
    Some(Answer { status: StatusCode::OK, headers: HeaderMap::new(), head: Some(head), body, replayed: None })
}
