//! Files that are not what they seem: noise, cut files, flipped bits. Every one ends in items or in one sentence, never in a panic.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod common;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;
use std::sync::LazyLock;
use truebell_core::item::Item;
use truebell_core::secret::Secret;
use truebell_core::testing::Seeded;
use truebell_transfer::export::{self, Format, Outgoing};
use truebell_transfer::import::{self, Source, Unlock};

/// A small valid file of each source that reads without slow key derivations.
static VALID: LazyLock<Vec<(Source, Vec<u8>)>> = LazyLock::new(|| {
    let onepassword = json!({ "accounts": [{ "attrs": { "accountName": "a" }, "vaults": [{ "attrs": { "name": "v" }, "items": [{
        "uuid": "u", "favIndex": 1, "createdAt": 1, "updatedAt": 2, "state": "active", "categoryUuid": "001",
        "details": { "loginFields": [{ "value": "ada", "name": "u", "fieldType": "T", "designation": "username" }], "notesPlain": "n",
            "sections": [{ "title": "s", "fields": [{ "title": "f", "id": "i", "value": { "date": 1 } }, { "title": "d", "id": "x", "value": { "file": { "fileName": "f", "documentId": "d" } } }] }],
            "passwordHistory": [{ "value": "old", "time": 1 }] },
        "overview": { "title": "t", "url": "https://e.example", "tags": ["a"] } }] }] }] });
    let proton = json!({ "version": "1", "userId": "u", "vaults": { "v": { "name": "n", "folders": [{ "folderId": "a", "parentFolderId": "a", "name": "f" }], "items": [{
        "itemId": "i", "folderId": "a", "state": 1, "createTime": 1, "modifyTime": 2, "files": ["f"],
        "data": { "type": "login", "metadata": { "name": "t", "note": "n" }, "extraFields": [], "content": { "urls": ["https://e.example"], "password": "p" } } }] } } });
    let bitwarden = json!({ "encrypted": false, "folders": [{ "id": "f", "name": "n" }], "items": [{ "type": 1, "name": "t", "folderId": "f", "creationDate": "2024-01-30T11:23:54.416Z",
        "login": { "username": "ada", "password": "p", "uris": [{ "uri": "https://e.example", "match": 1 }] }, "passwordHistory": [{ "lastUsedDate": "2024-01-30T11:23:54.416Z", "password": "o" }] }] });
    let locked = include_bytes!("fixtures/bitwarden-argon2id.json").to_vec();
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        (Source::Bitwarden, text(&bitwarden.to_string())),
        (Source::Bitwarden, locked),
        (Source::Bitwarden, common::zip(&[("data.json", text(&bitwarden.to_string()).as_slice()), ("attachments/x/y", b"z")])),
        (Source::OnePassword, common::zip(&[("export.data", text(&onepassword.to_string()).as_slice()), ("files/d__f", b"file")])),
        (Source::ProtonPass, text(&proton.to_string())),
        (
            Source::ProtonPass,
            common::zip(&[("Proton Pass/data.json", text(&proton.to_string()).as_slice()), ("Proton Pass/files/f", b"x")]),
        ),
        (Source::Chrome, text("name,url,username,password,note\nn,https://e.example,ada,\"p\"\"w\",\"a\nb\"\n")),
        (
            Source::Firefox,
            text(
                "\"url\",\"username\",\"password\",\"httpRealm\",\"formActionOrigin\",\"guid\",\"timeCreated\"\n\"https://e.example\",\"a\",\"p\",,,\"{g}\",\"1589617814635\"\n",
            ),
        ),
        (Source::Safari, text("Title,URL,Username,Password,Notes,OTPAuth\nn,https://e.example,a,p,n,otpauth://totp/x?secret=AA\n")),
        (
            Source::LastPass,
            text(
                "url,username,password,totp,extra,name,grouping,fav\nhttp://sn,,,,\"NoteType:Credit Card\nExpiration Date:June,2029\nNumber:4\",n,a\\b,1\n",
            ),
        ),
        (
            Source::Dashlane,
            common::zip(&[
                ("credentials.csv", b"username,username2,username3,title,password,note,url\na,,,t,p,n,u\n"),
                ("ids.csv", b"type,number,name,issue_date,expiration_date\npassport,1,A L,2020-1-2,x\n"),
            ]),
        ),
        (
            Source::NordPass,
            text(
                "name,url,username,password,note,cardholdername,cardnumber,cvc,expirydate,type,custom_fields\nn,u,a,p,n,,,,06/29,credit_card,[]\n",
            ),
        ),
        (
            Source::ProtonPassCsv,
            text("type,name,url,username,password,note,totp,createTime\ncreditCard,n,u,a,p,\"{\"\"number\"\":\"\"4\"\"}\",,1\n"),
        ),
        (
            Source::BitwardenCsv,
            text("folder,type,name,fields,login_uri,login_username,login_password\nf,login,n,\"a: b\",\"https://a.example,b\",a,p\n"),
        ),
        (Source::KeePassXcCsv, text("Group,Title,Username,Password,URL,Notes\nR/a,t,u,p,l,n\n")),
    ]
});

fn try_all(bytes: &[u8]) {
    let _ = import::detect("a.csv", bytes);
    let password = Secret::from("paßword 1");
    for source in Source::all().filter(|source| *source != Source::Archive) {
        // A flipped digit may ask for a gigabyte; that path has its own test.
        let unlock =
            if source == Source::Bitwarden { Unlock::default() } else { Unlock { password: Some(&password), key_file: Some(bytes) } };
        if let Err(error) = import::read(source, bytes, unlock, common::NOW) {
            let sentence = error.to_string();
            assert!(sentence.len() > 20 && !sentence.contains('\n'), "{sentence}");
        }
    }
}

#[test]
fn the_valid_files_are_valid() {
    let password = Secret::from("paßword 1");
    for (source, bytes) in VALID.iter() {
        assert_eq!(import::detect("x", bytes), Some(*source));
        let imported = import::read(*source, bytes, Unlock { password: Some(&password), key_file: None }, common::NOW).unwrap();
        assert_eq!(imported.report.items, imported.items.len());
        assert!(!imported.items.is_empty(), "{source}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn noise_is_never_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), head in select(vec![&b""[..], b"PK\x03\x04", b"{\"items\":[", b"name,url,username,password\n", b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5"])) {
        try_all(&[head, &bytes].concat());
    }

    #[test]
    fn cut_and_flipped_files_are_never_a_panic(pick in any::<Index>(), cut in any::<Index>(), flips in prop::collection::vec((any::<Index>(), any::<u8>()), 0..4)) {
        let (_, valid) = pick.get(&VALID);
        try_all(&valid[..cut.index(valid.len())]);
        let mut bytes = valid.clone();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= byte;
        }
        try_all(&bytes);
    }
}

#[test]
fn a_flipped_or_cut_archive_is_a_sentence() {
    let item = Item::default();
    let outgoing = [Outgoing { item: &item, files: &[] }];
    let bytes = export::write(Format::Archive, &outgoing, Some(&Secret::from("pw")), common::NOW, &mut Seeded::new(1)).unwrap().bytes;
    // Each try is a full key derivation: one place in every part of the file.
    for at in [0, 17, 20, 34, 38, 40, 70, 110, bytes.len() - 1] {
        let mut flipped = bytes.to_vec();
        flipped[at] ^= 1;
        assert!(!common::failure(Source::Archive, &flipped, Some("pw")).is_empty());
    }
    for end in [0, 10, 17, 18, 30, 34, 36, 60, bytes.len() - 1] {
        assert!(!common::failure(Source::Archive, &bytes[..end], Some("pw")).is_empty());
    }
}

#[test]
fn ten_thousand_logins_are_read_at_once() {
    let mut csv = "name,url,username,password,note\r\n".to_owned();
    for number in 0..10_000 {
        csv += &format!("Site {number},https://{number}.example.org/,user{number},\"pass,{number}\",\r\n");
    }
    let imported = common::read_as(Source::Chrome, "x.csv", csv.as_bytes());
    let outgoing: Vec<_> = imported.items.iter().map(|item| Outgoing { item: &item.item, files: &[] }).collect();
    let json = export::write(Format::Bitwarden, &outgoing, None, common::NOW, &mut Seeded::new(1)).unwrap().bytes;
    assert_eq!(common::read_as(Source::Bitwarden, "x.json", &json).items.len(), 10_000);
}
