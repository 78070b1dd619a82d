//! Bitwarden, 1Password and Proton Pass as they write their exports, hand-made.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{NOW, describe, failure, read_as, zip};
use serde_json::json;
use truebell_core::secret::Secret;
use truebell_transfer::import::{self, Source, Unlock};

fn bitwarden_login() -> serde_json::Value {
    json!({
        "id": "25c8c414-b446-48e9-a1bd-b10700bbd740", "organizationId": null, "folderId": "f1", "type": 1, "reprompt": 1,
        "name": "Example", "notes": "n", "favorite": true,
        "fields": [
            { "name": "Text", "value": "A", "type": 0, "linkedId": null },
            { "name": "Hidden", "value": "B", "type": 1, "linkedId": null },
            { "name": "Yes", "value": "true", "type": 2, "linkedId": null },
            { "name": "Linked", "value": null, "type": 3, "linkedId": 101 }
        ],
        "login": {
            "username": "ada", "password": "pw", "passwordRevisionDate": "2024-01-29T10:00:00.123Z", "totp": "JBSWY3DPEHPK3PXP",
            "uris": [{ "match": null, "uri": "https://example.org" }, { "match": 3, "uri": "https://two.example.org" }],
            "fido2Credentials": [{ "credentialId": "e8d88789", "rpId": "example.org", "counter": "0" }]
        },
        "passwordHistory": [
            { "lastUsedDate": "2024-01-28T10:00:00.123Z", "password": "older" },
            { "lastUsedDate": "2024-01-29T10:00:00.123Z", "password": "old" }
        ],
        "creationDate": "2024-01-30T11:23:54.416Z", "revisionDate": "2024-01-30T14:09:33.753Z", "deletedDate": null,
        "collectionIds": null, "tomorrow": { "new": true }
    })
}

#[test]
fn every_type_of_bitwarden_record_is_read() {
    let export = json!({
        "encrypted": false,
        "folders": [{ "id": "f1", "name": "Work/Mail" }],
        "items": [
            bitwarden_login(),
            { "type": 2, "name": "Memo", "notes": "text", "secureNote": { "type": 0 }, "deletedDate": "2024-01-30T11:23:54.416Z" },
            { "type": 3, "name": "Visa", "card": { "cardholderName": "Ada L", "brand": "Visa", "number": "4111111111111111", "expMonth": "6", "expYear": "2029", "code": "123" } },
            { "type": 4, "name": "Me", "archivedDate": "2024-01-30T11:23:54.416Z", "identity": { "title": "Mrs", "firstName": "Ada", "lastName": "Lovelace", "address1": "St James Sq", "city": "London", "postalCode": "SW1", "country": "GB", "ssn": "1", "passportNumber": "P1" } },
            { "type": 5, "name": "Key", "sshKey": { "privateKey": "-----BEGIN", "publicKey": "ssh-ed25519 AAA", "keyFingerprint": "SHA256:x" } },
            { "type": 6, "name": "Giro", "bankAccount": { "bankName": "B", "iban": "DE89" } },
            { "type": 8, "name": "Pass", "passport": { "surname": "Lovelace", "givenName": "Ada", "passportNumber": "P2", "nationality": "GB" } },
            { "type": 99, "name": "Later", "later": { "x": 1 } }
        ]
    });
    insta::assert_snapshot!(describe(&read_as(Source::Bitwarden, "bitwarden.json", export.to_string().as_bytes())), @r#"
    Login "Example" (ada) #Work/Mail favourite 1706613834416..1706623773753
      site https://example.org 
      site https://two.example.org 
      username Text "ada"
      password Concealed "pw"
      totp Totp "JBSWY3DPEHPK3PXP"
      "match rule for https://two.example.org" Text "exact"
      passkey Passkey "{\"credentials\":[{\"counter\":\"0\",\"credentialId\":\"e8d88789\",\"rpId\":\"example.org\"}],\"from\":\"bitwarden\"}"
      "password changed" Text "2024-01-29T10:00:00.123Z"
      "Text" Text "A"
      "Hidden" Concealed "B"
      "Yes" Boolean "true"
      "tomorrow" Concealed "{\"new\":true}"
      note "n"
      past /password "old" until 1706522400123
      past /password "older" until 1706436000123
    SecureNote "Memo" trashed 1706613834416
      note "text"
    Card "Visa" (•••• 1111)
      cardholder Text "Ada L"
      number Concealed "4111111111111111"
      brand Text "Visa"
      cvv Concealed "123"
      expires Month "2029-06"
    Identity "Me" (Ada Lovelace) archived
      title Text "Mrs"
      first-name Text "Ada"
      last-name Text "Lovelace"
      social-security-number Concealed "1"
      passport-number Concealed "P1"
      address Address "St James Sq\nSW1 London\nGB"
    SshKey "Key" (SHA256:x)
      private-key PrivateKey "-----BEGIN"
      public-key Text "ssh-ed25519 AAA"
      fingerprint Text "SHA256:x"
    SecureNote "Giro"
      "bankName" Text "B"
      "iban" Text "DE89"
    Identity "Pass" (Ada Lovelace)
      first-name Text "Ada"
      last-name Text "Lovelace"
      passport-number Concealed "P2"
      "nationality" Text "GB"
    SecureNote "Later"
      "later" Concealed "{\"x\":1}"
    record 1 | Example | Linked | lost | a field linked to another field has no value of its own
    record 1 | Example | password re-prompt | lost | Truebell has no re-prompt for single items
    record 6 | Giro | type | changed | there is no category of its own for it; every field is kept
    record 7 | Pass | type | changed | there is no category of its own for it; every field is kept
    record 8 | Later | type | changed | this type is not known; its fields are kept in a secure note
    "#);
}

#[test]
fn collections_of_a_bitwarden_organisation_become_tags() {
    let export = json!({
        "encrypted": false,
        "collections": [{ "id": "c1", "organizationId": "o", "name": "Team" }, { "id": "c2", "organizationId": "o", "name": "Ops" }],
        "items": [{ "type": 1, "name": "Shared", "organizationId": "o", "collectionIds": ["c1", "c2"], "login": { "username": "ada" } }]
    });
    insta::assert_snapshot!(describe(&read_as(Source::Bitwarden, "b.json", export.to_string().as_bytes())), @r#"
    Login "Shared" (ada) #Ops #Team
      username Text "ada"
    "#);
}

#[test]
fn password_protected_bitwarden_exports_open_with_both_key_derivations() {
    // Made with Python's `cryptography` after Bitwarden's description; the password has a letter beyond ASCII.
    for bytes in [&include_bytes!("fixtures/bitwarden-pbkdf2.json")[..], include_bytes!("fixtures/bitwarden-argon2id.json")] {
        assert_eq!(import::detect("b.json", bytes), Some(Source::Bitwarden));
        assert!(import::needs_password(Source::Bitwarden, bytes));
        let password = Secret::from("paßword 1");
        let imported = import::read(Source::Bitwarden, bytes, Unlock { password: Some(&password), key_file: None }, NOW).unwrap();
        insta::allow_duplicates! { insta::assert_snapshot!(describe(&imported), @r#"
        Login "Locked" (ada)
          username Text "ada"
          password Concealed "hunter2"
        "#); }
        assert_eq!(failure(Source::Bitwarden, bytes, Some("wrong")), "this password does not open the Bitwarden file");
        assert_eq!(failure(Source::Bitwarden, bytes, None), "this Bitwarden file is locked; give the password it was exported with");
    }
}

#[test]
fn a_bitwarden_zip_brings_its_attachments() {
    let export = json!({ "encrypted": false, "folders": [], "items": [bitwarden_login()] }).to_string();
    let zip = zip(&[
        ("data.json", export.as_bytes()),
        ("attachments/25c8c414-b446-48e9-a1bd-b10700bbd740/key.txt", b"abc"),
        ("attachments/nobody/lost.txt", b"abc"),
    ]);
    let imported = read_as(Source::Bitwarden, "bitwarden.zip", &zip);
    assert_eq!((imported.items[0].files[0].name.as_str(), imported.items[0].files[0].bytes.as_slice()), ("key.txt", &b"abc"[..]));
    assert!(describe(&imported).contains("attachments | lost.txt | (whole record) | lost | no record of this export owns this file"));
}

/// An item of 1PUX with its category, fields of one section, and more members.
fn onepassword_item(category: &str, title: &str, fields: serde_json::Value) -> serde_json::Value {
    json!({
        "uuid": "fkruyzrldizuqlnavfj3gltfye", "favIndex": 0, "createdAt": 1_614_298_956, "updatedAt": 1_635_346_445, "state": "active",
        "categoryUuid": category,
        "details": { "loginFields": [], "notesPlain": "", "sections": [{ "title": "", "name": "main", "fields": fields }], "passwordHistory": [] },
        "overview": { "subtitle": "", "title": title, "url": "", "urls": null, "ps": 0, "pbe": 0.0, "pgrng": false, "tags": [] }
    })
}

fn onepassword_export() -> String {
    let login = json!({
        "uuid": "a", "favIndex": 1, "createdAt": 1_614_298_956, "updatedAt": 1_635_346_445, "state": "archived", "categoryUuid": "001",
        "details": {
            "loginFields": [
                { "value": "ada", "id": "", "name": "username", "fieldType": "E", "designation": "username" },
                { "value": "pw", "id": "", "name": "password", "fieldType": "P", "designation": "password" },
                { "value": "✓", "id": "", "name": "remember", "fieldType": "C", "designation": "" },
                { "value": { "email_address": "x@y.example", "provider": "fastmail" }, "id": "", "name": "mail", "fieldType": "E", "designation": "" }
            ],
            "notesPlain": "note",
            "sections": [
                { "title": "Security", "name": "s1", "fields": [
                    { "title": "code", "id": "t1", "value": { "totp": "otpauth://totp/x?secret=JBSWY3DP" } },
                    { "title": "PIN", "id": "p1", "value": { "concealed": "0042" } },
                    { "title": "since", "id": "d1", "value": { "date": 1_577_836_800 } },
                    { "title": "scan", "id": "f1", "value": { "file": { "fileName": "scan.pdf", "documentId": "doc1", "decryptedSize": 3 } } },
                    { "title": "gone", "id": "f2", "value": { "file": { "fileName": "gone.pdf", "documentId": "doc2", "decryptedSize": 3 } } },
                    { "title": "new", "id": "n1", "value": { "hologram": { "x": 1 } } }
                ] }
            ],
            "passwordHistory": [{ "value": "older", "time": 1_600_000_000 }],
            "passkey": { "rpId": "example.org", "privateKey": "k" }
        },
        "overview": { "subtitle": "ada", "title": "Example", "url": "https://example.org", "urls": [{ "label": "website", "url": "https://example.org" }, { "label": "admin", "url": "https://two.example.org" }], "tags": ["work", "mail"] }
    });
    let card = onepassword_item(
        "002",
        "Visa",
        json!([
            { "title": "cardholder name", "id": "cardholder", "value": { "string": "Ada L" } },
            { "title": "type", "id": "type", "value": { "creditCardType": "visa" } },
            { "title": "number", "id": "ccnum", "value": { "creditCardNumber": "4111111111111111" } },
            { "title": "expiry date", "id": "expiry", "value": { "monthYear": 202_906 } },
            { "title": "issuing bank", "id": "bank", "value": { "string": "" } }
        ]),
    );
    let identity = onepassword_item(
        "004",
        "Me",
        json!([
            { "title": "first name", "id": "firstname", "value": { "string": "Ada" } },
            { "title": "address", "id": "address", "value": { "address": { "street": "St James Sq", "city": "London", "country": "gb", "zip": "SW1", "state": "" } } },
            { "title": "email", "id": "email", "value": { "email": { "email_address": "ada@example.org", "provider": null } } }
        ]),
    );
    let key = onepassword_item(
        "114",
        "Key",
        json!([
            { "title": "private key", "id": "private_key", "value": { "sshKey": { "privateKey": "-----BEGIN", "metadata": { "privateKey": "-----BEGIN", "publicKey": "ssh-ed25519 AAA", "fingerprint": "SHA256:x", "keyType": "ed25519" } } } }
        ]),
    );
    let passport = onepassword_item("106", "Pass", json!([{ "title": "number", "id": "number", "value": { "string": "P1" } }]));
    json!({ "accounts": [{ "attrs": { "accountName": "Ada" }, "vaults": [{ "attrs": { "name": "Personal", "desc": "mine" }, "items": [login, card, identity, key, passport] }] }] }).to_string()
}

#[test]
fn a_1pux_is_read_with_sections_files_history_and_passkeys() {
    let data = onepassword_export();
    let zip = zip(&[("export.attributes", br#"{"version":3}"#), ("export.data", data.as_bytes()), ("files/doc1__scan.pdf", b"pdf")]);
    insta::assert_snapshot!(describe(&read_as(Source::OnePassword, "x.1pux", &zip)), @r#"
    Login "Example" (ada) #Personal #mail #work favourite archived 1614298956000..1635346445000
      site https://example.org 
      site https://two.example.org admin
      username Text "ada"
      password Concealed "pw"
      "remember" Text "✓"
      "mail" Email "x@y.example"
      totp Totp "otpauth://totp/x?secret=JBSWY3DP"
      passkey Passkey "{\"credentials\":{\"privateKey\":\"k\",\"rpId\":\"example.org\"},\"from\":\"1password\"}"
      [Security]
      "PIN" Concealed "0042"
      "since" Date "2020-01-01"
      "new" Concealed "{\"x\":1}"
      note "note"
      past /password "older" until 1600000000000
      file "scan.pdf", 3 bytes
    Card "Visa" (•••• 1111) #Personal 1614298956000..1635346445000
      cardholder Text "Ada L"
      brand Text "visa"
      number Concealed "4111111111111111"
      expires Month "2029-06"
    Identity "Me" (Ada) #Personal 1614298956000..1635346445000
      first-name Text "Ada"
      address Address "St James Sq\nSW1 London\ngb"
      email Email "ada@example.org"
    SshKey "Key" (SHA256:x) #Personal 1614298956000..1635346445000
      private-key PrivateKey "-----BEGIN"
      public-key Text "ssh-ed25519 AAA"
      fingerprint Text "SHA256:x"
      "keyType" Text "ed25519"
    Identity "Pass" #Personal 1614298956000..1635346445000
      "1Password category" Text "Passport"
      passport-number Concealed "P1"
    vault Personal |  | description | lost | vaults become tags, and tags have no description
    record 1 | Example | gone.pdf | lost | the file is missing from the archive
    record 5 | Pass | category | changed | there is no category of its own for it; every field is kept
    "#);
}

fn proton_export() -> String {
    json!({
        "version": "1.21.2", "userId": "u", "encrypted": false,
        "vaults": {
            "v1": { "name": "Personal", "description": "mine", "display": {}, "items": [
                { "itemId": "i1", "shareId": "s", "state": 1, "aliasEmail": null, "contentFormatVersion": 1, "createTime": 1_689_182_868, "modifyTime": 1_689_182_900, "pinned": true, "files": ["a.txt"],
                  "data": { "metadata": { "name": "Example", "note": "n", "itemUuid": "e8" }, "type": "login",
                    "extraFields": [{ "fieldName": "PIN", "type": "hidden", "data": { "content": "0042" } }, { "fieldName": "second", "type": "totp", "data": { "totpUri": "JBSWY3DP" } }],
                    "content": { "itemEmail": "ada@example.org", "password": "pw", "urls": ["https://example.org/", "https://two.example.org/"], "totpUri": "otpauth://totp/x?secret=JBSWY3DP", "passkeys": [{ "keyId": "k" }], "itemUsername": "ada" } } },
                { "itemId": "i2", "state": 2, "createTime": 1_689_182_868, "modifyTime": 1_689_182_900, "data": { "metadata": { "name": "Gone", "note": "" }, "type": "note", "extraFields": [], "content": {} } },
                { "itemId": "i3", "state": 1, "createTime": 1, "modifyTime": 1, "data": { "metadata": { "name": "Card", "note": "" }, "type": "creditCard", "extraFields": [], "content": { "cardholderName": "Ada", "number": "4111111111111111", "verificationNumber": "123", "expirationDate": "062029", "pin": "1" } } },
                { "itemId": "i4", "state": 1, "aliasEmail": "x@alias.example", "createTime": 1, "modifyTime": 1, "data": { "metadata": { "name": "Alias", "note": "" }, "type": "alias", "extraFields": [], "content": {} } },
                { "itemId": "i5", "state": 1, "createTime": 1, "modifyTime": 1, "data": { "metadata": { "name": "Me", "note": "" }, "type": "identity", "extraFields": [],
                    "content": { "fullName": "Ada Lovelace", "email": "ada@example.org", "birthdate": "1815-12-10", "streetAddress": "St James Sq", "city": "London", "zipOrPostalCode": "SW1", "gender": "f",
                      "extraSections": [{ "sectionName": "Club", "sectionFields": [{ "fieldName": "No", "type": "text", "data": { "content": "7" } }] }] } } }
            ] }
        }
    })
    .to_string()
}

#[test]
fn proton_pass_json_and_zip_are_read() {
    let json = proton_export();
    let imported = read_as(Source::ProtonPass, "data.json", json.as_bytes());
    insta::assert_snapshot!(describe(&imported), @r#"
    Login "Example" (ada) #Personal favourite 1689182868000..1689182900000
      site https://example.org/ 
      site https://two.example.org/ 
      username Text "ada"
      "email" Email "ada@example.org"
      password Concealed "pw"
      totp Totp "otpauth://totp/x?secret=JBSWY3DP"
      passkey Passkey "{\"credentials\":[{\"keyId\":\"k\"}],\"from\":\"protonpass\"}"
      "PIN" Concealed "0042"
      "second" Totp "JBSWY3DP"
      note "n"
    SecureNote "Gone" #Personal trashed 1689182900000 1689182868000..1689182900000
    Card "Card" (•••• 1111) #Personal 1000..1000
      cardholder Text "Ada"
      number Concealed "4111111111111111"
      cvv Concealed "123"
      pin Concealed "1"
      expires Month "2029-06"
    Login "Alias" #Personal 1000..1000
      "alias" Email "x@alias.example"
    Identity "Me" (Ada Lovelace) #Personal 1000..1000
      email Email "ada@example.org"
      birth-date Date "1815-12-10"
      first-name Text "Ada"
      last-name Text "Lovelace"
      address Address "St James Sq\nSW1 London"
      "gender" Text "f"
      [Club]
      "No" Text "7"
    vault Personal |  | description | lost | vaults become tags, and tags have no description
    record 1 | Example | a.txt | lost | files are only in the zip export; export as zip to carry it
    "#);
    let zip = zip(&[("Proton Pass/data.json", json.as_bytes()), ("Proton Pass/files/a.txt", b"abc")]);
    let imported = read_as(Source::ProtonPass, "Proton Pass.zip", &zip);
    assert_eq!(imported.items[0].files[0].bytes, b"abc");
}

#[test]
fn json_that_is_locked_damaged_or_foreign_gives_one_sentence() {
    let truncated: String = proton_export().chars().take(400).collect();
    let locked = json!({ "encrypted": true, "encKeyValidation_DO_NOT_EDIT": "2.a|b|c", "items": [] }).to_string();
    let costly = json!({ "encrypted": true, "passwordProtected": true, "salt": "x", "kdfType": 1, "kdfIterations": 4, "kdfMemory": 4_000_000, "kdfParallelism": 4 }).to_string();
    let pbkdf2 =
        json!({ "encrypted": true, "passwordProtected": true, "salt": "x", "kdfType": 0, "kdfIterations": 4_000_000_000_u64 }).to_string();
    let data = include_str!("fixtures/bitwarden-pbkdf2.json").replace("\"data\": \"2.AgIC", "\"data\": \"2.AgID");
    let pgp = zip(&[("Proton Pass/data.pgp", b"-----BEGIN PGP MESSAGE-----")]);
    let no_data = zip(&[("other.txt", b"")]);
    let cases: [(Source, &[u8], Option<&str>); 12] = [
        (Source::Bitwarden, b"", None),
        (Source::Bitwarden, b"[1, 2]", None),
        (Source::Bitwarden, br#"{"hello": 1}"#, None),
        (Source::Bitwarden, b"{\"items\": [\n {\"type\": 1}, 7]}", None),
        (Source::Bitwarden, locked.as_bytes(), None),
        (Source::Bitwarden, costly.as_bytes(), Some("x")),
        (Source::Bitwarden, pbkdf2.as_bytes(), Some("x")),
        (Source::Bitwarden, data.as_bytes(), Some("paßword 1")),
        (Source::ProtonPass, truncated.as_bytes(), None),
        (Source::ProtonPass, &pgp, None),
        (Source::OnePassword, &no_data, None),
        (Source::OnePassword, b"PK\x03\x04", None),
    ];
    let sentences: Vec<String> = cases.iter().map(|(source, bytes, password)| failure(*source, bytes, *password)).collect();
    insta::assert_snapshot!(sentences.join("\n"), @r#"
    this Bitwarden file is damaged at line 1, column 0: the text ends too early; nothing was imported, please export it again
    this is not a Bitwarden file: it does not hold one JSON object
    this is not a Bitwarden file: it has no list of items
    this Bitwarden file is damaged at record 2: it is not an item; nothing was imported, please export it again
    this Bitwarden export is restricted to the account it came from and cannot be opened elsewhere; export again as ".json", or as ".json (Encrypted)" with the type "Password protected"
    this Bitwarden file asks for more memory or time to unlock than Truebell spends; lower its key derivation settings and save it again
    this Bitwarden file asks for more memory or time to unlock than Truebell spends; lower its key derivation settings and save it again
    this Bitwarden file is damaged at "data": its seal is broken; nothing was imported, please export it again
    this Proton Pass file is damaged at line 1, column 400: the text ends too early; nothing was imported, please export it again
    this Proton Pass export is locked with PGP; export it again without encryption
    this is not a 1Password 1PUX file: the archive has no "export.data"
    this 1Password 1PUX file is damaged at its table of contents: it is not a whole zip archive; nothing was imported, please export it again
    "#);
}
