//! Export and import again: every field that a format can carry is there afterwards, whatever is in it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod common;

use proptest::prelude::*;
use std::collections::BTreeSet;
use truebell_core::item::{Category, Extra, Field, FieldKind, Item, Past, PastWhy, Section, Site, State};
use truebell_core::secret::Secret;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;
use truebell_transfer::export::{self, ExportError, Format, Outgoing};
use truebell_transfer::import::{self, ImportedFile, ImportedItem, Source, Unlock};
use truebell_transfer::report::LossReport;

const PASSWORD: &str = "correct horse ﬁ";

fn export(format: Format, items: &[ImportedItem]) -> export::Exported {
    let outgoing: Vec<_> = items.iter().map(|item| Outgoing { item: &item.item, files: &item.files }).collect();
    export::write(format, &outgoing, Some(&Secret::from(PASSWORD)), common::NOW, &mut Seeded::new(7)).unwrap()
}

/// Writes, detects, reads.
fn there_and_back(format: Format, source: Source, items: &[ImportedItem]) -> (Vec<ImportedItem>, LossReport) {
    let exported = export(format, items);
    assert_eq!(import::detect("file", &exported.bytes), Some(source));
    let password = Secret::from(PASSWORD);
    let imported = import::read(source, &exported.bytes, Unlock { password: Some(&password), key_file: None }, common::NOW).unwrap();
    (imported.items, exported.report)
}

/// Any text at all, control letters and line ends included.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "\\PC{0,12}", 1 => "[ \t\r\n\\x01-\\x1f\"<>&;,\\PC]{0,12}"]
}

fn seconds() -> impl Strategy<Value = UnixMillis> {
    (1_000_000_000u64..1_700_000_000).prop_map(UnixMillis::from_seconds)
}

fn custom(label: String, hidden: bool, value: String) -> Field {
    let kind = if hidden { FieldKind::Concealed } else { FieldKind::Text };
    Field { label, kind, value: Secret::from(value), ..Field::default() }
}

prop_compose! {
    /// A login whose parts the richer formats all have a place for.
    fn login()(
        title in "[a-zA-Zäß日][^\\x00-\\x1f\\x7f]{0,12}[a-z]", username in text(), password in text(), note in text(),
        urls in prop::collection::btree_set("https://[a-z]{1,8}\\.example/[a-z?=&;,]{0,6}", 0..4),
        tags in prop::collection::btree_set("[a-zß/][a-z ]{0,8}[a-z]", 0..2),
        customs in prop::collection::vec((any::<bool>(), text()), 0..4),
        (favourite, state) in (any::<bool>(), 0u8..3),
        (created, life, since) in (seconds(), 0u64..1_000_000, seconds()),
        totp in prop::option::of("[A-Z2-7]{16}"),
        past in prop::collection::btree_set("[a-z]{8}", 0..4),
        files in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..3),
    ) -> ImportedItem {
        let mut item = Item::default();
        item.overview.category = Category::Login;
        item.overview.title = title;
        item.overview.sites = urls.into_iter().map(|url| Site { url, ..Site::default() }).collect();
        item.overview.tags = tags;
        item.overview.favourite = favourite;
        item.overview.state = [State::Active, State::Archived, State::Trashed { since }][usize::from(state)];
        item.overview.created = created;
        item.overview.edited = UnixMillis(created.0 + life * 1000);
        for (id, value) in [("username", Some(username)), ("password", Some(password)), ("totp", totp)] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                item.set_field(id, value);
            }
        }
        item.detail.note = Secret::from(note);
        if item.detail.sections.is_empty() {
            item.detail.sections.push(Section::default());
        }
        for (number, (hidden, value)) in customs.into_iter().enumerate() {
            // Control letters make a field a hidden one in KDBX; the report says so.
            let value = if hidden { value } else { value.chars().filter(|c| !c.is_control() || "\t\r\n".contains(*c)).collect() };
            let mut field = custom(format!("field {number}"), hidden, value);
            field.id = format!("custom-{}", number + 1);
            item.detail.sections[0].fields.push(field);
        }
        item.detail.sections.retain(|section| !section.fields.is_empty());
        let edited = item.overview.edited.seconds();
        for (step, value) in (0u64..).zip(past) {
            let until = UnixMillis::from_seconds(edited - step * 1000);
            item.detail.past.push(Past { field: "/password".to_owned(), value: Secret::from(value), until, why: PastWhy::Imported });
        }
        item.overview.subtitle = item.derive_subtitle();
        let files = files.into_iter().enumerate().map(|(number, bytes)| ImportedFile { name: format!("file {number}"), bytes }).collect();
        ImportedItem { item, files, folder: None }
    }
}

/// A one-time password in the form formats other than ours give back.
fn with_totp_uri(mut item: Item) -> Item {
    let (title, user) =
        (item.overview.title.clone(), item.field("username").map(|field| field.value.expose().to_owned()).unwrap_or_default());
    if let Some(field) = item.field_mut("totp") {
        let percent = |text: &str| {
            text.bytes()
                .map(|b| if b.is_ascii_alphanumeric() || b"-._~".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
                .collect::<String>()
        };
        let label = if user.is_empty() { percent(&title) } else { format!("{}:{}", percent(&title), percent(&user)) };
        field.value =
            Secret::from(format!("otpauth://totp/{label}?secret={}&period=30&digits=6&issuer={}", field.value.expose(), percent(&title)));
    }
    item
}

/// Fields by label, since a format may bring them in another order.
fn sorted(mut item: Item) -> Item {
    for section in &mut item.detail.sections {
        section.fields.sort_by(|a, b| a.label.cmp(&b.label));
        for field in &mut section.fields {
            if field.id.starts_with("custom-") {
                field.id = "custom".to_owned();
            }
        }
    }
    item
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn our_archive_keeps_everything_exactly(items in prop::collection::vec(login(), 0..6), unknown in text()) {
        let mut items = items;
        for item in &mut items {
            item.item.overview.extra = Extra::from([("later".to_owned(), serde_json::json!(unknown))]);
        }
        let (back, report) = there_and_back(Format::Archive, Source::Archive, &items);
        prop_assert_eq!(back, items);
        prop_assert_eq!(report.losses, []);
    }

    #[test]
    fn kdbx_keeps_every_field_file_and_old_password(items in prop::collection::vec(login(), 1..6)) {
        let (back, report) = there_and_back(Format::Kdbx, Source::KeePass, &items);
        prop_assert_eq!(report.lost(), 0);
        let mut wanted: Vec<_> = items.into_iter().map(|item| ImportedItem { item: sorted(with_totp_uri(item.item)), ..item }).collect();
        // What is in the trash comes last.
        wanted.sort_by_key(|item| matches!(item.item.overview.state, State::Trashed { .. }));
        let back: Vec<_> = back.into_iter().map(|item| ImportedItem { item: sorted(item.item), ..item }).collect();
        prop_assert_eq!(back, wanted);
    }
}

proptest! {
    #[test]
    fn bitwarden_keeps_every_field_and_old_password_and_reports_every_file(items in prop::collection::vec(login(), 1..4)) {
        let (back, report) = there_and_back(Format::Bitwarden, Source::Bitwarden, &items);
        prop_assert_eq!(report.lost(), items.iter().map(|item| item.files.len()).sum::<usize>());
        let wanted: Vec<_> = items.into_iter().map(|item| {
            let folder = item.item.overview.tags.first().cloned();
            ImportedItem { item: item.item, files: Vec::new(), folder }
        }).collect();
        prop_assert_eq!(back, wanted);
    }

    #[test]
    fn csv_keeps_its_columns_and_reports_all_else(items in prop::collection::vec(login(), 1..4)) {
        let (back, report) = there_and_back(Format::Csv, Source::TruebellCsv, &items);
        prop_assert_eq!(back.len(), items.len());
        for (back, item) in back.iter().zip(&items) {
            let (mut wanted, place) = (with_totp_uri(item.item.clone()), |loss: &&truebell_transfer::report::Loss| loss.record == item.item.overview.title);
            let customs: Vec<_> = wanted.detail.sections.iter().flat_map(|section| &section.fields).filter(|field| field.id.starts_with("custom-")).cloned().collect();
            let told: BTreeSet<_> = report.losses.iter().filter(place).filter_map(|loss| loss.field.clone()).collect();
            prop_assert!(customs.iter().all(|field| told.contains(&field.label)));
            prop_assert!(item.files.iter().all(|file| told.contains(&file.name)));
            prop_assert!(item.item.detail.past.is_empty() || told.contains("/password"));
            for section in &mut wanted.detail.sections {
                section.fields.retain(|field| !field.id.starts_with("custom-"));
            }
            wanted.detail.sections.retain(|section| !section.fields.is_empty());
            wanted.detail.past.clear();
            if matches!(wanted.overview.state, State::Trashed { .. }) {
                prop_assert!(told.contains("trash"));
                wanted.overview.state = State::Active;
            }
            prop_assert_eq!(&back.item, &wanted);
        }
    }
}

#[test]
fn what_a_format_has_no_place_for_is_in_its_report() {
    let mut card = Item::default();
    card.overview.category = Category::Card;
    card.overview.title = "Visa".to_owned();
    card.overview.tags = ["b", "a"].map(str::to_owned).into();
    card.set_field("number", "4111111111111111");
    card.set_field("expires", "2029-06");
    card.detail.sections.push(Section {
        id: "s".to_owned(),
        title: "More".to_owned(),
        fields: vec![custom("PIN".to_owned(), true, "1".to_owned())],
        ..Section::default()
    });
    card.detail.past.push(Past { field: "/number".to_owned(), value: Secret::from("4"), until: UnixMillis(5), why: PastWhy::Edited });
    let items = [ImportedItem { item: card, files: vec![ImportedFile { name: "scan.pdf".to_owned(), bytes: vec![1] }], folder: None }];
    let table = |format| {
        let report = export(format, &items).report;
        report.rows().map(|row| row.join(" | ")).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(table(Format::Kdbx), @r#"
        record 1 | Visa | category | changed | KeePass has entries of one kind only; the fields are kept by their names
        record 1 | Visa | More: PIN | changed | the format has no sections; the section's title is part of the field's name
        "#);
    insta::assert_snapshot!(table(Format::Bitwarden), @r#"
    record 1 | Visa | /number | lost | Bitwarden keeps past passwords only
    record 1 | Visa | More: PIN | changed | the format has no sections; the section's title is part of the field's name
    record 1 | Visa | b | changed | Bitwarden has one folder for an item; further tags are custom fields named "tag"
    record 1 | Visa | scan.pdf | lost | the format has no files
    "#);
    insta::assert_snapshot!(table(Format::Csv), @r#"record 1 | Visa | (whole record) | lost | a table has a place for logins and notes only"#);
    insta::assert_snapshot!(table(Format::Archive), @"");
}

#[test]
fn sealed_formats_want_a_password_and_open_only_with_it() {
    for format in [Format::Archive, Format::Kdbx] {
        for password in [None, Some(Secret::from(""))] {
            let error = export::write(format, &[], password.as_ref(), common::NOW, &mut Seeded::new(1)).err();
            assert_eq!(error, Some(ExportError::NeedsPassword(format)));
        }
    }
    let archive = export(Format::Archive, &[]).bytes;
    assert_eq!(common::failure(Source::Archive, &archive, Some("wrong")), "this password does not open the Truebell archive file");
    assert_eq!(
        common::failure(Source::Archive, &archive, None),
        "this Truebell archive file is locked; give the password it was exported with"
    );
}

#[test]
fn an_archive_that_was_cut_changed_or_reordered_does_not_open() {
    let files = vec![ImportedFile { name: "big".to_owned(), bytes: (0..200_000u32).map(|n| n.to_le_bytes()[1]).collect() }];
    let bytes = export(Format::Archive, &[ImportedItem { item: Item::default(), files, folder: None }]).bytes;
    let frames: Vec<usize> = {
        let mut starts = vec![34];
        while let Some(length) = bytes.get(starts[starts.len() - 1]..).and_then(|rest| rest.first_chunk::<4>()) {
            starts.push(starts[starts.len() - 1] + 4 + u32::from_be_bytes(*length) as usize);
        }
        starts
    };
    assert_eq!(frames.len(), 5, "four frames and the end");
    let cut_inside = bytes[..frames[2] + 100].to_vec();
    let cut_between = bytes[..frames[3]].to_vec();
    let first_only = bytes[..frames[1]].to_vec();
    let mut changed = bytes.to_vec();
    changed[frames[2] + 200] ^= 1;
    let swapped = [&bytes[..frames[1]], &bytes[frames[2]..frames[3]], &bytes[frames[1]..frames[2]], &bytes[frames[3]..]].concat();
    let mut newer = bytes.to_vec();
    newer[17] = 2;
    let sentences: Vec<_> = [cut_inside, cut_between, first_only, changed, swapped, newer, bytes[..20].to_vec()]
        .iter()
        .map(|bytes| common::failure(Source::Archive, bytes, Some(PASSWORD)))
        .collect();
    insta::assert_snapshot!(sentences.join("\n"), @r#"
    this Truebell archive file is damaged at frame 2: it ends too early; nothing was imported, please export it again
    this Truebell archive file is damaged at frame 2: it is not what was written, or frames are missing after it; nothing was imported, please export it again
    this Truebell archive file is damaged at frame 0: it is not what was written, or frames are missing after it; nothing was imported, please export it again
    this Truebell archive file is damaged at frame 2: it is not what was written, or frames are missing after it; nothing was imported, please export it again
    this Truebell archive file is damaged at frame 1: it is not what was written, or frames are missing after it; nothing was imported, please export it again
    this Truebell archive file has version 2, which this Truebell cannot read; update Truebell
    this Truebell archive file is damaged at its beginning: it ends too early; nothing was imported, please export it again
    "#);
}

#[test]
fn the_first_archive_ever_written_is_still_read() {
    let bytes = include_bytes!("fixtures/archive-v1.truebell");
    let password = Secret::from(PASSWORD);
    let unlock = Unlock { password: Some(&password), key_file: None };
    let imported = import::read(Source::Archive, bytes, unlock, common::NOW).unwrap();
    insta::assert_snapshot!(common::describe(&imported), @r#"
    Login "Mail" #work favourite 1600000000123..1650000000456
      site https://mail.example.org/ web
      username Text "ada"
      password Concealed "hunter2 日本"
      totp Totp "JBSWY3DPEHPK3PXP"
      note "note"
      past /password "older" until 1640000000000
      file "a.bin", 70000 bytes
    SecureNote "Memo" archived 0..0
      [More]
      "PIN" Concealed "0042"
    "#);
    // Passwords are compared in one normal form, whatever keyboard typed them.
    let typed_otherwise = Secret::from("correct horse fi");
    assert!(import::read(Source::Archive, bytes, Unlock { password: Some(&typed_otherwise), key_file: None }, common::NOW).is_ok());
}
