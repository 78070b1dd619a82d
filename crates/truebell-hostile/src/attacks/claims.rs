//! Claims about the account's security that nobody proves.

use crate::answer::{Answer, Heard};
use crate::notebook::Notebook;
use axum::http::{HeaderValue, header};
use std::time::Duration;
use truebell_core::event::{CheckCode, What};
use truebell_core::head::{Reason, Status};
use truebell_core::ids::DeviceId;
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::{Record, Recorded};
use truebell_core::wire::device::{DeviceInfo, Devices};
use truebell_core::wire::notice::{Checked, Proof, Verdict};
use truebell_core::wire::sync::Frame;

const DAY: Duration = Duration::from_hours(24);

/// Puts an event in that the operator signed, and lets the head name it.
fn forge(heard: &Heard, answer: &mut Answer, notebook: &Notebook, what: What) {
    let Some(head) = answer.head.as_mut().filter(|_| heard.is_sync()) else { return };
    let (at, Some(account)) = (head.at, &mut head.account) else { return };
    let (set, next) = notebook.forge(account.account, &account.chain, at, what);
    account.chain = next;
    answer.with_frames(|frames| {
        let place = frames.iter().take_while(|frame| matches!(frame, Frame::Event(_))).count();
        frames.insert(place, Frame::Event(set));
    });
}

pub(super) fn forged_change(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    forge(heard, answer, notebook, What::PasswordChanged {});
}

pub(super) fn forged_revocation(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let what = What::DeviceRevoked { revoked: DeviceId([3; 16]), revoked_name: "laptop".into() };
    forge(heard, answer, notebook, what);
}

pub(super) fn forged_deletion(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    forge(heard, answer, notebook, What::DeletionScheduled { due: UnixMillis(1) });
}

pub(super) fn old_event_again(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let Some(account) = answer.account().filter(|_| heard.is_sync()) else { return };
    account.chain.seq += 1;
    let account = account.account;
    let old = notebook.frames_of(account).into_iter().find(|frame| matches!(frame, Frame::Event(_)));
    answer.with_frames(|frames| frames.splice(0..0, old).for_each(drop));
}

/// Sends the account's record again, one number higher, with something else in it.
fn claim(heard: &Heard, answer: &mut Answer, notebook: &Notebook, bend: impl FnOnce(&mut Record)) {
    let Some(account) = answer.account().filter(|_| heard.is_sync()) else { return };
    account.record += 1;
    let (number, id) = (account.record, account.account);
    let mut frames = answer.frames();
    let fresh = frames.iter().position(|frame| matches!(frame, Frame::Record(_))).map(|place| frames.remove(place));
    let known = notebook.frames_of(id).into_iter().rev().find(|frame| matches!(frame, Frame::Record(_)));
    if let Some(Frame::Record(mut record)) = fresh.or(known) {
        record.record.number = number;
        bend(&mut record.record);
        let place = frames.iter().take_while(|frame| matches!(frame, Frame::Event(_))).count();
        frames.insert(place, Frame::Record(record));
    }
    answer.set_frames(&frames);
}

pub(super) fn claim_deletion(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let tomorrow = answer.head.as_ref().map(|head| head.at + DAY);
    claim(heard, answer, notebook, |record| record.deletion_due = tomorrow);
}

pub(super) fn claim_factor(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    claim(heard, answer, notebook, |record| record.second_factors = vec!["totp".into()]);
}

pub(super) fn claim_address(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    // Masked, it is the same as before.
    claim(heard, answer, notebook, |record| record.email = record.email.replacen('@', ".mallory@", 1));
}

pub(super) fn claim_keyset(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    claim(heard, answer, notebook, |record| record.keyset.reverse());
}

pub(super) fn unsigned_401(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    let body = r#"{"type":"https://truebell.org/problems/no-session","title":"Your account password was changed on another device.","status":401}"#;
    answer.pretend_stranger(401, "application/problem+json", body);
}

pub(super) fn unsigned_403(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.pretend_stranger(403, "text/html", "<html><head><title>You were signed out</title></head><body>Sign in again.</body></html>");
}

pub(super) fn redirect(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.pretend_stranger(307, "text/plain", "");
    answer.headers.insert(header::LOCATION, HeaderValue::from_static("/hostile/heard"));
}

fn refuse(answer: &mut Answer, reason: Reason) {
    answer.claim(reason.http_status(), Status::Refused { reason, retry_at: UnixMillis(0) });
}

pub(super) fn no_session(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    refuse(answer, Reason::NoSession);
}

pub(super) fn unknown_device(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    refuse(answer, Reason::DeviceUnknown);
}

pub(super) fn closing(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    refuse(answer, Reason::AccountClosing);
}

pub(super) fn wrong_credentials(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    refuse(answer, Reason::WrongCredentials);
}

pub(super) fn maintenance(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    let until = answer.head.as_ref().map(|head| head.at).unwrap_or_default();
    let note = "moving\n\u{1b}[1mYour password was changed\u{1b}[0m".to_owned();
    answer.claim(503, Status::Maintenance { until, note });
}

pub(super) fn outdated(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.claim(426, Status::Outdated { needs: "Your Secret Key or password was recently changed. A version".into() });
}

pub(super) fn busy_for_ever(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.claim(503, Status::Busy { until: UnixMillis(u64::MAX) });
}

pub(super) fn replay(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    if let Some((head, before)) = notebook.answered.get(&heard.path) {
        *answer = Answer { replayed: Some(head.clone()), ..before.clone() };
    }
}

fn with_devices(heard: &Heard, answer: &mut Answer, bend: impl FnOnce(&mut Vec<DeviceInfo>)) {
    if heard.path == "/v1/devices" && heard.method == "GET" {
        answer.with_json(|list: &mut Devices| bend(&mut list.devices));
    }
}

pub(super) fn invented_device(heard: &Heard, answer: &mut Answer, _: &mut Notebook) {
    with_devices(heard, answer, |devices| {
        let invented = devices.first().map(|first| DeviceInfo { device: DeviceId([3; 16]), name: "Mallory's PC".into(), ..first.clone() });
        devices.extend(invented);
    });
}

pub(super) fn hidden_device(heard: &Heard, answer: &mut Answer, _: &mut Notebook) {
    with_devices(heard, answer, |devices| drop(devices.pop()));
}

pub(super) fn renamed_device(heard: &Heard, answer: &mut Answer, _: &mut Notebook) {
    with_devices(heard, answer, |devices| {
        let names: Vec<String> = devices.iter().rev().map(|device| device.name.clone()).collect();
        for (device, name) in devices.iter_mut().zip(names) {
            device.name = name;
        }
    });
}

pub(super) fn genuine_code(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let Some(code) = heard.path.strip_prefix("/v1/notices/").and_then(CheckCode::parse) else { return };
    let Some(account) = notebook.stood.values().next() else { return };
    let at = answer.head.as_ref().map(|head| head.at).unwrap_or_default();
    let (event, _) = notebook.forge(account.account, &account.chain, at, What::PasswordChanged {});
    let verdict = Verdict::Genuine(Proof {
        kind: "password-changed".into(),
        at,
        server: notebook.server,
        server_key: notebook.key.public(),
        account: account.account,
        account_key: notebook.own.public().signing,
        event,
    });
    answer.body = serde_json::to_vec(&Checked { code, verdict }).unwrap();
}

pub(super) fn unproven_act(_: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let first = notebook.stood.values().next().cloned();
    let Some(account) = first else { return };
    let (event, _) = notebook.forge(account.account, &account.chain, UnixMillis(1), What::PasswordChanged {});
    if serde_json::from_slice::<Recorded>(&answer.body).is_ok() {
        answer.body = serde_json::to_vec(&Recorded { event }).unwrap();
    }
}
