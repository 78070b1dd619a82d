//! Keys: swapped, planted, weakened.

use crate::answer::{Answer, Heard};
use crate::notebook::Notebook;
use serde_json::{Value, json};
use truebell_core::chance::Chance;
use truebell_core::hash::Hash32;
use truebell_core::head::VaultMark;
use truebell_core::ids::DeviceId;
use truebell_core::time::UnixMillis;
use truebell_core::vault::{SignedVaultHead, VaultDigest, VaultHead};
use truebell_core::wire::sign_in::{Finished, Looked};
use truebell_core::wire::sync::Frame;
use truebell_core::wire::vault::VaultInfo;
use truebell_server::chance::{ChanceSource, MachineChance};

fn chance() -> Box<dyn Chance + Send> {
    MachineChance.chance()
}

pub(super) fn lower_kdf(heard: &Heard, answer: &mut Answer, _: &mut Notebook) {
    if heard.path.starts_with("/v1/sign-in") || heard.path == "/v1/server" {
        answer.with_json(|body: &mut Value| {
            body["kdf"] = json!({ "algorithm": "pbkdf2", "iterations": 1, "memory_kib": 8, "salt": "" });
            body["derivation"] = json!("none");
        });
    }
}

pub(super) fn old_server(heard: &Heard, answer: &mut Answer, _: &mut Notebook) {
    if heard.path == "/v1/server" {
        answer.with_json(|body: &mut Value| {
            body["version"] = json!("0.0.1");
            body["item_keys"] = json!(false);
        });
    }
}

pub(super) fn other_account(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    if heard.path == "/v1/sign-in/lookup" {
        answer.with_json(|looked: &mut Looked| looked.account = notebook.own.account());
    }
}

pub(super) fn flip_keyset(heard: &Heard, answer: &mut Answer, _: &mut Notebook) {
    if heard.path == "/v1/sign-in/finish" {
        answer.with_json(|finished: &mut Finished| {
            if let Some(last) = finished.keyset.0.last_mut() {
                *last ^= 1;
            }
        });
    }
}

fn with_vaults(answer: &mut Answer, bend: impl Fn(&mut VaultInfo)) {
    answer.with_frames(|frames| {
        for frame in frames {
            if let Frame::Vault(info) = frame {
                bend(info);
            }
        }
    });
}

/// A vault of the operator's own making: id, wrapped key, sealed name, and a head the operator signed.
fn made_up_vault(notebook: &mut Notebook) -> VaultInfo {
    let mut chance = chance();
    let (vault, key) = notebook.own.make_vault(&mut *chance);
    let name = notebook.own.seal_vault_name(vault, 1, "Shared with you", &mut *chance).unwrap();
    let head = VaultHead {
        vault,
        seq: 0,
        digest: VaultDigest::default().digest(),
        prev: Hash32::default(),
        account: notebook.own.account(),
        device: DeviceId([1; 16]),
        at: UnixMillis(0),
        made: None,
    };
    VaultInfo { vault, key, name_revision: 1, name, head: SignedVaultHead::sign(&head, &notebook.own) }
}

pub(super) fn inject_vault(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    if !heard.is_sync() {
        return;
    }
    let info = made_up_vault(notebook);
    if let Some(account) = answer.account() {
        account.vaults.push(VaultMark { vault: info.vault, seq: 0, head: info.head.digest() });
    }
    answer.with_frames(|frames| {
        frames.retain(|frame| *frame != Frame::End);
        frames.extend([Frame::Vault(info.clone()), Frame::Head(info.vault, info.head), Frame::End]);
    });
}

pub(super) fn spoil_name(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    with_vaults(answer, |info| info.name = vec![7; 90]);
}

pub(super) fn swap_vault_key(_: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let planted = made_up_vault(notebook).key;
    with_vaults(answer, |info| info.key.clone_from(&planted));
}

pub(super) fn introduce_again(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let Some(account) = answer.account().map(|head| head.account).filter(|_| heard.is_sync()) else { return };
    let planted = made_up_vault(notebook).key;
    let known = notebook.frames_of(account).into_iter().find_map(|frame| if let Frame::Vault(info) = frame { Some(info) } else { None });
    answer.with_frames(|frames| frames.splice(0..0, known.map(|info| Frame::Vault(VaultInfo { key: planted, ..info }))).for_each(drop));
}

pub(super) fn exchange_keys(_: &Heard, answer: &mut Answer, _: &mut Notebook) {
    answer.with_frames(|frames| {
        let keys: Vec<Vec<u8>> =
            frames.iter().filter_map(|frame| if let Frame::Vault(info) = frame { Some(info.key.clone()) } else { None }).collect();
        let mut others = keys.into_iter().rev();
        for frame in frames {
            if let Frame::Vault(info) = frame {
                info.key = others.next().unwrap_or_default();
            }
        }
    });
}

/// The first keyset this account ever had, as its record.
pub(super) fn old_keyset(heard: &Heard, answer: &mut Answer, notebook: &mut Notebook) {
    let Some(account) = answer.account().map(|head| head.account).filter(|_| heard.is_sync()) else { return };
    let frames = notebook.frames_of(account);
    let records = frames.into_iter().filter_map(|frame| if let Frame::Record(record) = frame { Some(record) } else { None });
    if let Some(oldest) = records.min_by_key(|record| record.record.epoch) {
        answer.set_frames(&[Frame::Record(oldest), Frame::End]);
    }
}
