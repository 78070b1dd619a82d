//! From the XML tree to the database.

use super::KdbxError;
use super::model::{Binary, Database, Entry, Group, Text, Times, Uuid};
use super::xml::Node;
use crate::dates;
use crate::limits;
use data_encoding::BASE64;
use flate2::read::GzDecoder;
use std::io::Read;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;

const PLACE: &str = "its XML";
/// Seconds from 0001-01-01 to 1970-01-01: KDBX 4 counts from there.
const EPOCH: i64 = 62_135_596_800;

/// Version 3 repeats the header's hash inside the encryption, because its header is not authentic otherwise.
pub(super) fn check_header_hash(root: &Node, hash: &[u8]) -> Result<(), KdbxError> {
    let written = root.child("Meta").map_or("", |meta| meta.text_of("HeaderHash")).trim();
    if written.is_empty() || BASE64.decode(written.as_bytes()).is_ok_and(|written| written == hash) {
        return Ok(());
    }
    Err(KdbxError::damaged("its header", "it is not what was written"))
}

pub(super) fn database(mut document: Node, mut binaries: Vec<Binary>) -> Result<Database, KdbxError> {
    if document.name != "KeePassFile" {
        return Err(KdbxError::damaged(PLACE, "it is not a KeePass document"));
    }
    let mut database = Database::default();
    if let Some(meta) = document.children.iter_mut().find(|child| child.name == "Meta") {
        let in_use = !meta.text_of("RecycleBinEnabled").trim().eq_ignore_ascii_case("false");
        database.recycle_bin = uuid(meta.text_of("RecycleBinUUID")).filter(|uuid| in_use && *uuid != [0; 16]);
        database.custom_icons = meta.child("CustomIcons").map_or(0, |icons| icons.children.len());
        if let Some(pool) = meta.children.iter_mut().find(|child| child.name == "Binaries") {
            for node in &mut pool.children {
                binaries.push(read_binary(node)?);
            }
        }
    }
    let root = document.children.iter_mut().find(|child| child.name == "Root");
    let group = root.and_then(|root| root.children.iter_mut().find(|child| child.name == "Group"));
    let group = group.ok_or_else(|| KdbxError::damaged(PLACE, "it has no root group"))?;
    database.root = read_group(group, &mut database.unknown)?;
    database.binaries = binaries;
    Ok(database)
}

/// Version 3 keeps attachments in the document, in base64, perhaps compressed.
fn read_binary(node: &mut Node) -> Result<Binary, KdbxError> {
    let id = node.attribute("ID").unwrap_or_default().to_owned();
    let broken = || KdbxError::damaged(PLACE, format!("attachment {id} is broken"));
    let mut bytes = if node.is_protected() {
        if node.raw.is_empty() { std::mem::take(&mut node.text).into_bytes() } else { std::mem::take(&mut node.raw) }
    } else {
        BASE64.decode(node.text.trim().as_bytes()).map_err(|_| broken())?
    };
    if node.is_set("Compressed") {
        let mut out = Vec::new();
        GzDecoder::new(bytes.as_slice()).take(limits::UNPACKED_BYTES + 1).read_to_end(&mut out).map_err(|_| broken())?;
        if u64::try_from(out.len()).unwrap_or(u64::MAX) > limits::UNPACKED_BYTES {
            return Err(KdbxError::TooBig);
        }
        bytes = out;
    }
    Ok(Binary { id, bytes })
}

fn read_group(node: &mut Node, unknown: &mut Vec<String>) -> Result<Group, KdbxError> {
    let mut group = Group::default();
    for child in &mut node.children {
        match child.name.as_str() {
            "UUID" => group.uuid = uuid(&child.text).ok_or_else(|| KdbxError::damaged(PLACE, "a group has no valid UUID"))?,
            "Name" => group.name = std::mem::take(&mut child.text),
            "Notes" => group.notes = std::mem::take(&mut child.text),
            "Tags" => group.tags = std::mem::take(&mut child.text),
            "Group" => group.groups.push(read_group(child, unknown)?),
            "Entry" => group.entries.push(read_entry(child)?),
            // Looks and settings of the group itself; said once for the whole file in the documentation.
            "IconID"
            | "CustomIconUUID"
            | "Times"
            | "IsExpanded"
            | "DefaultAutoTypeSequence"
            | "EnableAutoType"
            | "EnableSearching"
            | "LastTopVisibleEntry"
            | "PreviousParentGroup"
            | "CustomData" => {}
            other => unknown.push(format!("group {other}")),
        }
    }
    Ok(group)
}

fn read_entry(node: &mut Node) -> Result<Entry, KdbxError> {
    let mut entry = Entry::default();
    for child in &mut node.children {
        match child.name.as_str() {
            "UUID" => entry.uuid = uuid(&child.text).ok_or_else(|| KdbxError::damaged(PLACE, "an entry has no valid UUID"))?,
            "String" => entry.texts.push(read_string(child)?),
            "Times" => entry.times = read_times(child),
            "Tags" => entry.tags = std::mem::take(&mut child.text),
            "Binary" => entry.files.push(read_file(child)),
            "History" => {
                entry.history = child.children.iter_mut().filter(|e| e.name == "Entry").map(read_entry).collect::<Result<_, _>>()?
            }
            "CustomData" => entry.custom_data = read_custom_data(child),
            "AutoType" => entry.auto_type = read_auto_type(child),
            "OverrideURL" => entry.override_url = std::mem::take(&mut child.text),
            "IconID" if !["", "0"].contains(&child.text.trim()) => entry.looks.push("icon"),
            "CustomIconUUID" if !child.text.trim().is_empty() => entry.looks.push("custom icon"),
            "ForegroundColor" if !child.text.trim().is_empty() => entry.looks.push("foreground colour"),
            "BackgroundColor" if !child.text.trim().is_empty() => entry.looks.push("background colour"),
            "IconID" | "CustomIconUUID" | "ForegroundColor" | "BackgroundColor" | "QualityCheck" | "PreviousParentGroup" => {}
            other => entry.unknown.push(other.to_owned()),
        }
    }
    Ok(entry)
}

fn read_string(node: &mut Node) -> Result<Text, KdbxError> {
    let mut text = Text { key: node.text_of("Key").to_owned(), ..Text::default() };
    if let Some(value) = node.children.iter_mut().find(|child| child.name == "Value") {
        if !value.raw.is_empty() {
            return Err(KdbxError::damaged(PLACE, "a protected value is not text"));
        }
        text.is_protected = value.is_protected() || value.is_set("ProtectInMemory");
        text.value = Secret::new(std::mem::take(&mut value.text));
    }
    Ok(text)
}

fn read_file(node: &Node) -> (String, String) {
    let id = node.child("Value").and_then(|value| value.attribute("Ref")).unwrap_or_default();
    (node.text_of("Key").to_owned(), id.to_owned())
}

fn read_custom_data(node: &Node) -> Vec<(String, String)> {
    node.children.iter().map(|item| (item.text_of("Key").to_owned(), item.text_of("Value").to_owned())).collect()
}

fn read_auto_type(node: &Node) -> Vec<(String, String)> {
    let default = node.text_of("DefaultSequence");
    let associations = node.children.iter().filter(|child| child.name == "Association");
    let associations = associations.map(|a| (a.text_of("Window").to_owned(), a.text_of("KeystrokeSequence").to_owned()));
    let default = (!default.is_empty()).then(|| (String::new(), default.to_owned()));
    default.into_iter().chain(associations).filter(|(window, keys)| !window.is_empty() || !keys.is_empty()).collect()
}

fn read_times(node: &Node) -> Times {
    let at = |name: &str| instant(node.text_of(name).trim());
    let expires = node.text_of("Expires").trim().eq_ignore_ascii_case("true");
    Times {
        created: at("CreationTime"),
        edited: at("LastModificationTime"),
        moved: at("LocationChanged"),
        expires: at("ExpiryTime").filter(|_| expires),
    }
}

/// Version 3 writes RFC 3339, version 4 base64 of eight bytes, seconds since the year 1.
fn instant(text: &str) -> Option<UnixMillis> {
    if let Some(at) = dates::instant(text) {
        return Some(at);
    }
    let bytes: [u8; 8] = BASE64.decode(text.as_bytes()).ok()?.try_into().ok()?;
    let seconds = i64::from_le_bytes(bytes).checked_sub(EPOCH)?;
    // Years beyond 9999 are not dates but damage.
    u64::try_from(seconds).ok().filter(|seconds| *seconds < 253_402_300_800).map(UnixMillis::from_seconds)
}

/// The base64 form [`instant`] reads.
pub(super) fn instant_text(at: UnixMillis) -> String {
    let seconds = i64::try_from(at.seconds()).unwrap_or(0).saturating_add(EPOCH);
    BASE64.encode(&seconds.to_le_bytes())
}

fn uuid(text: &str) -> Option<Uuid> {
    BASE64.decode(text.trim().as_bytes()).ok()?.try_into().ok()
}
