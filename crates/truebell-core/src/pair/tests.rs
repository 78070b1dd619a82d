//! Pairs: the vectors of RFC 9497, the frozen steps of the format, and what is concluded from honest and other services.

use super::oprf::{Blinded, Server};
use super::*;
use crate::address::Address;
use crate::secret::Secret;
use crate::testing::Seeded;
use proptest::prelude::*;

/// Gives out the scalars of a test vector: as 64 bytes, which are reduced to themselves.
struct Scripted(Vec<u8>);

impl Scripted {
    fn of(scalars: &[&str]) -> Self {
        Self(scalars.iter().flat_map(|scalar| [unhex(scalar), vec![0; 32]].concat()).collect())
    }
}

impl Chance for Scripted {
    fn fill(&mut self, bytes: &mut [u8]) {
        let scripted: Vec<u8> = self.0.drain(..bytes.len()).collect();
        bytes.copy_from_slice(&scripted);
    }
}

fn unhex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// RFC 9497, appendix A.1.2: ristretto255-SHA512, VOPRF mode.
mod rfc_9497 {
    pub(super) const SECRET: &str = "e6f73f344b79b379f1a0dd37e07ff62e38d9f71345ce62ae3a9bc60b04ccd909";
    pub(super) const PUBLIC: &str = "c803e2cc6b05fc15064549b5920659ca4a77b2cca6f04f6b357009335476ad4e";
    const BLIND: &str = "64d37aed22a27f5191de1c1d69fadb899d8862b58eb4220029e036ec4c1f6706";
    const BLIND_2: &str = "222a5e897cf59db8145db8d16e597e8facb80ae7d4e26d9881aa6f61d645fc0e";
    const OUTPUT_1: &str =
        "b58cfbe118e0cb94d79b5fd6a6dafb98764dff49c14e1770b566e42402da1a7da4d8527693914139caee5bd03903af43a491351d23b430948dd50cde10d32b3c";
    const OUTPUT_2: &str =
        "8a9a2f3c7f085b65933594309041fc1898d42d0858e59f90814ae90571a6df60356f4610bf816f27afdd84f47719e480906d27ecd994985890e5f539e7ea74b6";

    pub(super) struct Vector {
        pub(super) inputs: &'static [&'static str],
        pub(super) blinds: &'static [&'static str],
        pub(super) blinded: &'static [&'static str],
        pub(super) evaluated: &'static [&'static str],
        pub(super) proof: &'static str,
        pub(super) proof_scalar: &'static str,
        pub(super) outputs: &'static [&'static str],
    }

    pub(super) const VECTORS: [Vector; 3] = [
        Vector {
            inputs: &["00"],
            blinds: &[BLIND],
            blinded: &["863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945"],
            evaluated: &["aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e"],
            proof: "ddef93772692e535d1a53903db24367355cc2cc78de93b3be5a8ffcc6985dd066d4346421d17bf5117a2a1ff0fcb2a759f58a539dfbe857a40bce4cf49ec600d",
            proof_scalar: BLIND_2,
            outputs: &[OUTPUT_1],
        },
        Vector {
            inputs: &["5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"],
            blinds: &[BLIND],
            blinded: &["cc0b2a350101881d8a4cba4c80241d74fb7dcbfde4a61fde2f91443c2bf9ef0c"],
            evaluated: &["60a59a57208d48aca71e9e850d22674b611f752bed48b36f7a91b372bd7ad468"],
            proof: "401a0da6264f8cf45bb2f5264bc31e109155600babb3cd4e5af7d181a2c9dc0a67154fabf031fd936051dec80b0b6ae29c9503493dde7393b722eafdf5a50b02",
            proof_scalar: BLIND_2,
            outputs: &[OUTPUT_2],
        },
        Vector {
            inputs: &["00", "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"],
            blinds: &[BLIND, BLIND_2],
            blinded: &[
                "863f330cc1a1259ed5a5998a23acfd37fb4351a793a5b3c090b642ddc439b945",
                "90a0145ea9da29254c3a56be4fe185465ebb3bf2a1801f7124bbbadac751e654",
            ],
            evaluated: &[
                "aa8fa048764d5623868679402ff6108d2521884fa138cd7f9c7669a9a014267e",
                "cc5ac221950a49ceaa73c8db41b82c20372a4c8d63e5dded2db920b7eee36a2a",
            ],
            proof: "cc203910175d786927eeb44ea847328047892ddf8590e723c37205cb74600b0a5ab5337c8eb4ceae0494c2cf89529dcf94572ed267473d567aeed6ab873dee08",
            proof_scalar: "419c4f4f5052c53c45f3da494d2b67b220d02118e0857cdbcf037f9ea84bbe0c",
            outputs: &[OUTPUT_1, OUTPUT_2],
        },
    ];
}

#[test]
fn the_vectors_of_rfc_9497_hold() {
    let server = Server::from_scalar(&unhex(rfc_9497::SECRET).try_into().unwrap()).unwrap();
    let public: [u8; 32] = unhex(rfc_9497::PUBLIC).try_into().unwrap();
    assert_eq!((server.public(), server.expose_scalar().to_vec()), (public, unhex(rfc_9497::SECRET)));
    for vector in rfc_9497::VECTORS {
        let hex = |texts: &[&str]| texts.iter().map(|text| unhex(text)).collect::<Vec<_>>();
        let outputs = |outputs: Vec<zeroize::Zeroizing<[u8; 64]>>| outputs.iter().map(|output| output.to_vec()).collect::<Vec<_>>();
        let client = Blinded::make(hex(vector.inputs), &mut Scripted::of(vector.blinds)).unwrap();
        assert_eq!(client.elements.iter().map(|element| element.to_vec()).collect::<Vec<_>>(), hex(vector.blinded));
        let (evaluated, proof) = server.answer(&client.elements, &mut Scripted::of(&[vector.proof_scalar])).unwrap();
        assert_eq!(evaluated.iter().map(|element| element.to_vec()).collect::<Vec<_>>(), hex(vector.evaluated));
        assert_eq!(proof.to_vec(), unhex(vector.proof));
        assert_eq!(outputs(client.finish(&evaluated, &proof, &public).unwrap()), hex(vector.outputs));
        assert_eq!(outputs(hex(vector.inputs).iter().map(|input| server.evaluate(input)).collect()), hex(vector.outputs));
    }
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn the_steps_of_the_format_are_what_they_were() {
    let ada = address("Ada@Example.org");
    let mut stretcher = Stretcher::new();
    let key = PairKey::parse(&PairKey::make_random(&mut Seeded::new(1)).expose_text()).unwrap();
    let file = FileId([7; 16]);
    let entry = |input: &Input| HEXLOWER.encode(&key.tell(&file, input).entry(0b10));
    let entries = [
        entry(&stretcher.exact(&ada, b"correct horse")),
        entry(&stretcher.near(&ada, b"correct horse")),
        HEXLOWER.encode(&key.beacon(&file, 9, b"entries")),
        HEXLOWER.encode(&key.beacon(&file, 8, b"entries")),
    ];
    insta::assert_debug_snapshot!((Place::of(&ada).number(), Place::of(&ada).bucket(4), key.public(), entries), @r#"
    (
        347612,
        5,
        2c46b4e63a69ee50bfb5abf65fd0f8507173d891717511eec48ac0953599e437,
        [
            "35efe6c67e6dd272469b8a0a095f520f",
            "da77b13d51bc4ed230dff8a25e06c3fb",
            "e8175683cd93d1e53156e03176f2f0e1",
            "24df14090d612ca1fadb1b6e6b5f2ca1",
        ],
    )
    "#);
    let line = format!("truebell-pair-key-1 {} ecbb35a1\n", rfc_9497::SECRET);
    let key = PairKey::parse(&line).unwrap();
    assert_eq!((key.public().to_string().as_str(), key.expose_text().as_str()), (rfc_9497::PUBLIC, line.as_str()));
}

#[test]
fn spellings_of_an_address_are_one_and_other_addresses_are_others() {
    let mut stretcher = Stretcher::new();
    let mut input = |address: &Address| stretcher.exact(address, b"p").bytes().to_vec();
    let (ada, shouted, tagged) = (address("ada@example.org"), address(" ADA@EXAMPLE.ORG"), address("ada+shop@example.org"));
    assert_eq!((Place::of(&ada), input(&ada)), (Place::of(&shouted), input(&shouted)));
    assert_ne!((Place::of(&ada), input(&ada)), (Place::of(&tagged), input(&tagged)));
}

#[test]
fn variants_share_a_stem_and_short_ones_have_none() {
    for (password, stem) in [
        ("Liverpool1", Some("liverpool")),
        ("L1verp00l!", Some("liverpool")),
        ("LIVERPOOL2024!?", Some("liverpool")),
        ("p@$$word", Some("password")),
        ("abc123456", None),
        ("73829104", None),
        ("", None),
        ("ééééé1", None),
        ("éééééé1", Some("éééééé")),
    ] {
        let said = derive_stem(password.as_bytes());
        assert_eq!(said.as_deref().map(Vec::as_slice), stem.map(str::as_bytes), "{password}");
    }
}

#[test]
fn a_key_goes_through_its_text_and_a_damaged_one_is_refused() {
    let key = PairKey::make_random(&mut Seeded::new(5));
    let text = key.expose_text();
    assert_eq!(PairKey::parse(&text).unwrap().public(), key.public());
    assert_eq!(PublicKey::parse(&key.public().to_string()), Some(key.public()));
    assert_eq!(PairKey::parse("").unwrap_err(), NotAKey::Shape);
    let zero = format!("truebell-pair-key-1 {} 00000000", "0".repeat(64));
    assert_eq!(PairKey::parse(&zero).unwrap_err(), NotAKey::Sum);
    for at in 0..text.trim_end().len() {
        let mut bent = text.as_bytes().to_vec();
        bent[at] = if bent[at] == b'0' { b'1' } else { b'0' };
        assert!(PairKey::parse(std::str::from_utf8(&bent).unwrap()).is_err(), "{at}");
    }
    assert_eq!(format!("{key:?}"), "PairKey(…)");
}

/// A service in memory, with one bucket: Ada's password, in lists of kind 2, and its stem.
struct Service {
    key: PairKey,
    file: FileId,
    about: About,
    bucket: Vec<[u8; ENTRY_BYTES]>,
}

const SEEN: &str = "Liverpool1";

impl Service {
    fn new() -> Self {
        let (key, file) = (PairKey::make_random(&mut Seeded::new(2)), FileId([3; 16]));
        let (mut stretcher, ada) = (Stretcher::new(), address("ada@example.org"));
        let inputs = [stretcher.exact(&ada, SEEN.as_bytes()), stretcher.near(&ada, &derive_stem(SEEN.as_bytes()).unwrap())];
        let mut bucket: Vec<_> = inputs.iter().map(|input| key.tell(&file, input).entry(2)).collect();
        bucket.push([0xee; 16]);
        bucket.sort_unstable();
        bucket.push(key.beacon(&file, 0, bucket.as_flattened()));
        let about = About::of(file, key.public(), 0, 4, true, 1, 0);
        Self { key, file, about, bucket }
    }

    fn answer(&self, question: &[u8]) -> Vec<u8> {
        let said = answer_question(&self.key, &self.file, question, &mut Seeded::new(11)).unwrap();
        [said.as_slice(), self.bucket.as_flattened()].concat()
    }

    fn question(&self, who: &str, password: &str) -> Question {
        Question::make(&self.about, &address(who), &Secret::new(password), &mut Stretcher::new(), &mut Seeded::new(4)).unwrap()
    }

    fn ask(&self, who: &str, password: &str) -> Verdict {
        let question = self.question(who, password);
        question.conclude(Reply::Answer { status: 200, body: &self.answer(&question.body()) })
    }
}

#[test]
fn a_pair_is_exposed_its_variant_similar_and_another_clean() {
    let service = Service::new();
    for (who, password, expect) in [
        ("ada@example.org", SEEN, Verdict::Exposed { flags: 2 }),
        ("ADA@example.org", SEEN, Verdict::Exposed { flags: 2 }),
        ("ada@example.org", "liverp00l!!", Verdict::Similar { flags: 2 }),
        ("ada@example.org", "liver", Verdict::Clean),
        ("ada@example.org", "unique and new", Verdict::Clean),
        ("bob@example.org", SEEN, Verdict::Clean),
    ] {
        assert_eq!(service.ask(who, password), expect, "{who} {password}");
    }
}

#[test]
fn every_question_and_every_answer_has_one_length_and_no_two_questions_are_alike() {
    let service = Service::new();
    let mut questions = Vec::new();
    for (seed, password) in [(1, "a"), (2, "a"), (3, "Liverpool1"), (4, "0123456789")] {
        let secret = Secret::new(password);
        let made = Question::make(&service.about, &address("ada@example.org"), &secret, &mut Stretcher::new(), &mut Seeded::new(seed));
        let body = made.unwrap().body();
        assert_eq!((body.len(), service.answer(&body).len()), (QUESTION_BYTES, answer_bytes(4)));
        assert!(!questions.contains(&body));
        questions.push(body);
    }
}

#[test]
fn whoever_is_not_the_service_has_said_nothing() {
    let (service, other) = (Service::new(), Service { key: PairKey::make_random(&mut Seeded::new(99)), ..Service::new() });
    let question = service.question("ada@example.org", SEEN);
    let verdict = |status, body: &[u8]| question.conclude(Reply::Answer { status, body });
    for (status, body, doubt) in [
        (200, b"<!doctype html><title>Sign in</title>".to_vec(), Doubt::NotAnAnswer),
        (200, vec![], Doubt::NotAnAnswer),
        (200, vec![0; answer_bytes(4)], Doubt::NotAnAnswer),
        (200, [vec![3; 16], vec![0; answer_bytes(4) - 16]].concat(), Doubt::NotProven),
        (200, other.answer(&question.body()), Doubt::NotProven),
        (409, vec![], Doubt::OtherVersion),
        (429, vec![], Doubt::TooMany),
        (503, vec![], Doubt::Status(503)),
        (301, vec![], Doubt::Status(301)),
    ] {
        assert_eq!(verdict(status, &body), Verdict::Unknown(doubt), "{status}");
    }
    assert_eq!(question.conclude(Reply::Nobody), Verdict::Unknown(Doubt::Nobody));
}

#[test]
fn a_bucket_of_another_place_and_one_with_everything_say_nothing() {
    let mut service = Service::new();
    service.bucket[3] = service.key.beacon(&service.file, 1, service.bucket[..3].as_flattened());
    assert_eq!(service.ask("ada@example.org", SEEN), Verdict::Unknown(Doubt::Beacon), "another bucket");

    // The client of this test has seeded chance, so that somebody who knows the seed can put its canary into the bucket.
    let canary = service.key.tell(&service.file, &Input::make_canary(&mut Seeded::new(4))).entry(0);
    let filler = service.bucket.iter().position(|entry| *entry == [0xee; 16]).unwrap();
    service.bucket[filler] = canary;
    service.bucket[3] = service.key.beacon(&service.file, 0, service.bucket[..3].as_flattened());
    assert_eq!(service.ask("ada@example.org", SEEN), Verdict::Unknown(Doubt::Canary));
    assert_eq!(service.ask("ada@example.org", "liver"), Verdict::Unknown(Doubt::Canary), "the second canary as well");
}

#[test]
fn an_answer_changed_in_any_byte_says_nothing() {
    let service = Service::new();
    let question = service.question("ada@example.org", SEEN);
    let answer = service.answer(&question.body());
    for at in 0..answer.len() {
        let mut body = answer.clone();
        body[at] ^= 1;
        let said = question.conclude(Reply::Answer { status: 200, body: &body });
        assert!(matches!(said, Verdict::Unknown(Doubt::NotAnAnswer | Doubt::NotProven | Doubt::Beacon)), "{at}: {said:?}");
    }
}

#[test]
fn a_description_that_one_cannot_ask_by_is_refused() {
    let about = Service::new().about;
    let read = |about: &About| {
        let body = serde_json::to_vec(about).unwrap();
        read_about(Reply::Answer { status: 200, body: &body }, None)
    };
    assert_eq!(read(&about), Ok(about.clone()));
    for (what, wrong) in [
        ("more bits than are ever told", About { bucket_bits: 21, ..about.clone() }),
        ("a later format", About { format: 2, ..about.clone() }),
        ("no entries", About { bucket_entries: 0, ..about.clone() }),
        ("answers without end", About { bucket_entries: u32::MAX, ..about.clone() }),
        ("no version", About { version: "next".into(), ..about.clone() }),
        ("no point", About { public_key: "ff".repeat(32), ..about.clone() }),
        ("the identity", About { public_key: "00".repeat(32), ..about.clone() }),
        ("nothing to ask", About { classes: vec![Class::Near], ..about.clone() }),
    ] {
        assert_eq!(read(&wrong), Err(Doubt::NotAService), "{what}");
    }
    for body in [&b"<html>"[..], b"{}", b"", br#"{"status":"ok"}"#] {
        assert_eq!(read_about(Reply::Answer { status: 200, body }, None), Err(Doubt::NotAService));
    }
    let body = serde_json::to_vec(&about).unwrap();
    let (own, other) = (PublicKey::parse(&about.public_key).unwrap(), PairKey::make_random(&mut Seeded::new(8)).public());
    let pinned = |key| read_about(Reply::Answer { status: 200, body: &body }, Some(key)).err();
    assert_eq!((pinned(&own), pinned(&other)), (None, Some(Doubt::AnotherKey)));
}

#[test]
fn a_newer_service_with_more_classes_can_be_asked() {
    let text = serde_json::to_string(&Service::new().about).unwrap().replace("\"near\"", "\"near\",\"sounds-like\"");
    let about = read_about(Reply::Answer { status: 200, body: text.as_bytes() }, None).unwrap();
    assert!(about.has_near());
}

#[test]
fn what_is_no_question_is_refused_with_its_reason() {
    let service = Service::new();
    let good = service.question("ada@example.org", SEEN).body();
    let answer = |question: &[u8]| answer_question(&service.key, &service.file, question, &mut Seeded::new(1)).map(drop);
    assert_eq!(answer(&good), Ok(()));
    let bent = |at: usize, bytes: [u8; 32]| [&good[..at], &bytes, &good[at + 32..]].concat();
    for (what, question, expect) in [
        ("nothing", vec![], NotAQuestion::Length),
        ("one byte less", good[1..].to_vec(), NotAQuestion::Length),
        ("one byte more", [&good[..], &[0]].concat(), NotAQuestion::Length),
        ("one element less", good[..QUESTION_BYTES - 32].to_vec(), NotAQuestion::Length),
        ("one element more", [&good[..], &good[16..48]].concat(), NotAQuestion::Length),
        ("another file", [&[9; 16], &good[16..]].concat(), NotAQuestion::OtherVersion),
        ("the identity", bent(16, [0; 32]), NotAQuestion::Element(NotAnElement)),
        ("no point", bent(112, [0xff; 32]), NotAQuestion::Element(NotAnElement)),
    ] {
        assert_eq!(answer(&question), Err(expect), "{what}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever comes back, it is neither exposed nor clean unless the service said so.
    #[test]
    fn no_bytes_say_anything_about_a_pair(status in prop_oneof![Just(200_u16), any::<u16>()], body in prop::collection::vec(any::<u8>(), 0..400), pad in any::<bool>()) {
        let service = Service::new();
        let mut body = body;
        if pad {
            body.splice(..0, service.file.0);
            body.resize(answer_bytes(4), 7);
        }
        let reply = Reply::Answer { status, body: &body };
        prop_assert!(matches!(service.question("ada@example.org", "x").conclude(reply), Verdict::Unknown(_)));
        prop_assert!(read_about(reply, None).is_err());
    }
}
