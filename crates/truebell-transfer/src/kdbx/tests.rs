//! The container by itself: round trips of both versions with a cheap key derivation, and damage of every kind.

use super::blocks::read_hashed;
use super::kdf::Kdf;
use super::stream::{Inner, Outer};
use super::xml;
use super::*;
use data_encoding::BASE64;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use truebell_core::secret::Secret;
use truebell_core::testing::Seeded;
use truebell_core::time::UnixMillis;

const CHEAP: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };

fn key(password: &Secret) -> CompositeKey<'_> {
    CompositeKey { password: Some(password), key_file: None }
}

fn sample() -> Database {
    let text = |key: &str, value: &str, is_protected| Text { key: key.to_owned(), value: Secret::from(value), is_protected };
    let entry = Entry {
        uuid: [7; 16],
        texts: vec![text("Title", "  spaces\t ", false), text("Password", "p\u{0}\r\nß", true), text("UserName", "\r", false)],
        files: vec![("a.bin".to_owned(), "0".to_owned())],
        ..Entry::default()
    };
    let mut root = Group { uuid: [1; 16], name: "Root & <co>".to_owned(), ..Group::default() };
    root.groups.push(Group { uuid: [2; 16], name: "Inner".to_owned(), entries: vec![entry], ..Group::default() });
    Database { root, binaries: vec![Binary { id: "0".to_owned(), bytes: vec![0, 1, 255] }], ..Database::default() }
}

fn saved() -> Vec<u8> {
    save(&sample(), key(&Secret::from("pw")), CHEAP, UnixMillis(1_000), &mut Seeded::new(1)).unwrap()
}

/// A version 3.1 file with one round of AES, one protected value, and one attachment in the document.
fn saved_v3() -> Vec<u8> {
    let (seed, stream_key, start) = ([3u8; 32], [4u8; 32], [5u8; 32]);
    let mut out = header::SIGNATURE.to_vec();
    out.extend([1, 0, 3, 0]);
    let fields: [(u8, &[u8]); 10] = [
        (2, &Outer::Twofish.id()),
        (3, &[0; 4]),
        (4, &[1; 32]),
        (5, &seed),
        (6, &1u64.to_le_bytes()),
        (7, &[2; 16]),
        (8, &stream_key),
        (9, &start),
        (10, &2u32.to_le_bytes()),
        (0, b"\r\n\r\n"),
    ];
    for (id, value) in fields {
        out.push(id);
        out.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
        out.extend(value);
    }
    let mut secret = b"geheim".to_vec();
    Inner::new(2, &stream_key).unwrap().apply(&mut secret);
    let document = format!(
        "<KeePassFile><Meta><HeaderHash>{}</HeaderHash><Binaries><Binary ID=\"0\">{}</Binary></Binaries></Meta><Root><Group><UUID>{}</UUID><Name>R</Name>\
         <Entry><UUID>{}</UUID><String><Key>Password</Key><Value Protected=\"True\">{}</Value></String>\
         <Binary><Key>f</Key><Value Ref=\"0\"/></Binary></Entry></Group></Root></KeePassFile>",
        BASE64.encode(&Sha256::digest(&out)),
        BASE64.encode(b"file"),
        BASE64.encode(&[1; 16]),
        BASE64.encode(&[2; 16]),
        BASE64.encode(&secret)
    );
    let mut plain = start.to_vec();
    for (number, block) in [document.as_bytes(), b""].iter().enumerate() {
        plain.extend(u32::try_from(number).unwrap().to_le_bytes());
        plain.extend(if block.is_empty() { [0; 32] } else { Sha256::digest(block).into() });
        plain.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
        plain.extend(*block);
    }
    let kdf = Kdf::Aes { seed, rounds: 1 };
    let transformed = kdf.derive(&key(&Secret::from("pw")).derive().unwrap()).unwrap();
    let master: [u8; 32] = Sha256::new().chain_update([1; 32]).chain_update(*transformed).finalize().into();
    use cipher::{BlockModeEncrypt, KeyIvInit};
    let encryptor = cbc::Encryptor::<twofish::Twofish>::new_from_slices(&master, &[2; 16]).unwrap();
    out.extend(encryptor.encrypt_padded_vec::<cipher::block_padding::Pkcs7>(&plain));
    out
}

fn open_with(bytes: &[u8], password: &str) -> Result<Database, KdbxError> {
    open(bytes, key(&Secret::from(password)))
}

#[test]
fn what_is_saved_is_opened_again_with_every_space_and_control_letter() {
    let database = open_with(&saved(), "pw").unwrap();
    assert_eq!(database.root.name, "Root & <co>");
    let entry = &database.root.groups[0].entries[0];
    assert_eq!((entry.text("Title"), entry.text("Password"), entry.text("UserName")), ("  spaces\t ", "p\u{0}\r\nß", "\r"));
    assert_eq!(database.binaries[0].bytes, [0, 1, 255]);
}

#[test]
fn version_3_with_twofish_salsa20_and_files_in_the_document_is_opened() {
    let database = open_with(&saved_v3(), "pw").unwrap();
    assert_eq!(database.root.entries[0].text("Password"), "geheim");
    assert_eq!((database.binaries[0].id.as_str(), database.binaries[0].bytes.as_slice()), ("0", &b"file"[..]));
}

#[test]
fn a_wrong_password_and_no_password_are_told_apart_from_damage() {
    for bytes in [saved(), saved_v3()] {
        assert_eq!(open_with(&bytes, "no").unwrap_err(), KdbxError::WrongKey);
        let none = CompositeKey { password: None, key_file: None };
        assert_eq!(open(&bytes, none).unwrap_err(), KdbxError::NoKey);
    }
    let mut broken = saved();
    let last = broken.len() - 60;
    broken[last] ^= 1;
    assert!(matches!(open_with(&broken, "pw"), Err(KdbxError::Damaged("its data", _))));
    let mut broken = saved();
    broken[30] ^= 1;
    assert!(matches!(open_with(&broken, "pw"), Err(KdbxError::Damaged("its header", _))));
}

#[test]
fn a_header_of_version_3_that_was_changed_is_noticed_inside() {
    // The comment field is in no key: only the hash inside the encryption covers it.
    let mut bytes = saved_v3();
    bytes.splice(12..12, [1, 1, 0, b'x']);
    assert!(matches!(open_with(&bytes, "pw"), Err(KdbxError::Damaged("its header", _))));
}

#[test]
fn a_file_cannot_ask_for_more_work_than_we_give() {
    let salt = vec![0; 32];
    let argon = |memory_bytes, passes, lanes| Kdf::Argon2 { is_id: true, version: 0x13, salt: salt.clone(), memory_bytes, passes, lanes };
    let composite = key(&Secret::from("pw")).derive().unwrap();
    for kdf in [
        argon(u64::MAX, 1, 1),
        argon(2 << 30, 1, 1),
        argon(1 << 20, u64::MAX, 1),
        argon(1 << 20, 1, u32::MAX),
        Kdf::Aes { seed: [0; 32], rounds: u64::MAX },
    ] {
        assert_eq!(kdf.derive(&composite).unwrap_err(), KdbxError::TooCostly);
    }
}

#[test]
fn versions_we_do_not_read_are_named() {
    for (bytes, version) in [
        (&b"\x03\xd9\xa2\x9a\x65\xfb\x4b\xb5\x03\x00\x02\x00"[..], "1 (KDB)"),
        (b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5\x01\x00\x05\x00", "5.1"),
    ] {
        assert_eq!(open_with(bytes, "pw").unwrap_err(), KdbxError::Version(version.to_owned()));
    }
}

#[test]
fn groups_nested_without_end_are_refused() {
    let deep = "<Group>".repeat(100_000);
    assert!(matches!(xml::parse(deep.as_bytes(), None), Err(KdbxError::Damaged("its XML", reason)) if reason.contains("nested")));
}

/// Where version 3 keeps its number of rounds: a flip there asks for hours of work, which is bounded but not for a test.
fn is_rounds(bytes: &[u8], at: usize) -> bool {
    let rounds = bytes.windows(3).position(|window| window == [6, 8, 0]).unwrap_or(0);
    (rounds..rounds + 11).contains(&at)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn flipped_and_cut_files_are_errors_and_never_panics(at in any::<prop::sample::Index>(), bit in 0u8..8, cut in any::<prop::sample::Index>()) {
        for bytes in [saved(), saved_v3()] {
            prop_assert!(open_with(&bytes[..cut.index(bytes.len())], "pw").is_err());
            let mut flipped = bytes.clone();
            let at = at.index(bytes.len());
            flipped[at] ^= 1 << bit;
            if !is_rounds(&bytes, at) {
                // A flip in the header's padding or in a comment changes nothing that is read.
                let _ = open_with(&flipped, "pw");
            }
        }
    }

    #[test]
    fn no_bytes_make_the_inner_parsers_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[<>/a-zA-Z\"=&;# \\]\\[!?-]{0,80}") {
        let _ = header::parse(&bytes);
        let _ = header::parse(&[&header::SIGNATURE[..], &[1, 0, 3, 0], &bytes].concat());
        let _ = header::parse(&[&header::SIGNATURE[..], &[1, 0, 4, 0], &bytes].concat());
        let _ = variants::Variants::parse(&[&[0, 1][..], &bytes].concat());
        let _ = read_hashed(&bytes);
        let _ = xml::parse(&bytes, None);
        let _ = xml::parse(text.as_bytes(), None);
        let _ = xml::parse(format!("<a>{text}</a>").as_bytes(), None).map(|node| xml_read::database(node, Vec::new()).map(|_| ()));
    }
}
