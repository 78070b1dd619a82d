//! What answers show of what a client has: lines, items, cards of files, the log. Never here: words about how to type a command.

use super::answer::{Card, FieldView, ItemView, LogEvent, LogEvidence, LogView, Row, Section};
use super::desk::of;
use super::edit;
use crate::exit::Answered;
use std::collections::BTreeMap;
use truebell_client::{Client, Error, Listed};
use truebell_core::ids::VaultId;
use truebell_core::item::Item;
use truebell_core::log::{self, Compared, NotACheckpoint};

/// The log as this device knows it, and another device's checkpoint compared with it.
pub(super) fn log_view(client: &mut Client, compare: Option<&str>) -> Result<LogView, Error> {
    let compared = match compare {
        Some(note) => Some(compare_words(client.compare_log(note)?)),
        None => None,
    };
    let mut events = Vec::new();
    for entry in client.inbox()?.iter().rev() {
        let standing = client.standing_in_log(entry.notice.seq)?;
        let (seq, code, sentence) = (entry.notice.seq, entry.notice.code.to_string(), log::describe(&standing));
        events.push(LogEvent { seq, code, standing: serde_json::to_value(&standing).unwrap_or_default(), sentence });
    }
    let standing = client.log_standing()?;
    let evidence = client.log_evidence().map(|(how, remembered, shown)| LogEvidence {
        how: serde_json::to_value(how).unwrap_or_default(),
        remembered: remembered.to_owned(),
        shown: shown.to_owned(),
    });
    Ok(LogView {
        sentence: log::describe_log(&standing),
        standing: serde_json::to_value(&standing).unwrap_or_default(),
        checkpoint: client.log_checkpoint().map(str::to_owned),
        events,
        evidence,
        compared,
    })
}

/// Vaults with their names, for people; one that is not here has none.
pub(super) fn named_vaults(vaults: &[VaultId], names: &BTreeMap<VaultId, String>) -> Vec<serde_json::Value> {
    let name = |vault| names.get(vault).map_or("", String::as_str);
    vaults.iter().map(|vault| serde_json::json!({ "vault": vault, "name": name(vault) })).collect()
}

/// What came of comparing another device's checkpoint with the one remembered here.
fn compare_words(compared: Result<Compared, NotACheckpoint>) -> String {
    match compared {
        Ok(Compared::Same) => "Both devices have seen the same log.".into(),
        Ok(Compared::Forked) => {
            "The server has shown the two devices two different logs of one length. Both are kept here: `truebell log evidence` shows them."
                .into()
        }
        Ok(Compared::FirstIsEarlier) => "The other device has seen more of the log: compare again when this one has caught up.".into(),
        Ok(Compared::SecondIsEarlier) => "This device has seen more of the log: compare again when the other one has caught up.".into(),
        Ok(Compared::OtherLog) => {
            "The two are not of one log: one of the devices has not seen that the server was restored, or has seen no log yet.".into()
        }
        Err(why) => format!("It cannot be compared: {why}."),
    }
}

pub(super) fn vault_names(client: &Client) -> Answered<BTreeMap<VaultId, String>> {
    Ok(client.vaults().map_err(of)?.into_iter().map(|vault| (vault.vault, vault.name)).collect())
}

pub(super) fn row<'a>(line: &Listed<'a>, names: &'a BTreeMap<VaultId, String>) -> Row<&'a str> {
    let overview = line.overview;
    Row {
        id: line.id,
        vault: line.vault,
        vault_name: names.get(&line.vault).map(String::as_str).unwrap_or_default(),
        category: overview.category,
        title: &overview.title,
        subtitle: &overview.subtitle,
        urls: overview.sites.iter().map(|site| site.url.as_str()).collect(),
        tags: overview.tags.iter().map(String::as_str).collect(),
        favourite: overview.favourite,
        state: overview.state,
        created: overview.created,
        edited: overview.edited,
        pending: line.pending,
    }
}

pub(super) fn view(row: Row, item: &Item, reveal: bool) -> ItemView {
    let field = |field: &truebell_core::item::Field| {
        let concealed = edit::is_concealed(field.kind);
        let value = (reveal || !concealed).then(|| field.value.clone());
        FieldView { id: field.id.clone(), label: field.label.clone(), kind: field.kind, concealed, value }
    };
    let sections = item.detail.sections.iter();
    ItemView {
        row,
        sections: sections
            .map(|section| Section { title: section.title.clone(), fields: section.fields.iter().map(field).collect() })
            .collect(),
        note: (reveal || item.detail.note.is_empty()).then(|| item.detail.note.clone()),
        attachments: item.detail.attachments.iter().map(card).collect(),
    }
}

pub(super) fn card(attachment: &truebell_core::item::Attachment) -> Card {
    Card { id: attachment.id, name: attachment.name.clone(), size_bytes: attachment.size_bytes, sha256: attachment.sha256.clone() }
}
