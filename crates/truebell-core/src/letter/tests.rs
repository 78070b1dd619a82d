//! What the letters say, and that no mail but one of this server's own words is ever called genuine.

use super::*;
use crate::event::{Chain, Event, Of, Reason, Verified, What, verify};
use crate::ids::{DeviceId, MailId, SessionId, VaultId};
use crate::sign::PublicKey;
use crate::testing::World;
use crate::time::UnixMillis;
use proptest::prelude::*;

const AT: UnixMillis = UnixMillis(1_795_415_000_000);
const URL: &str = "https://pw.example.org";

fn whats() -> Vec<What> {
    let key = PublicKey([4; 32]);
    vec![
        What::AccountCreated { device_key: key },
        What::DeviceEnrolled { enrolled: DeviceId([2; 16]), device_key: key, platform: "linux command line".into() },
        What::MachineEnrolled { enrolled: DeviceId([2; 16]), device_key: key, name: "Build server".into(), vaults: vec![VaultId([5; 16])] },
        What::PasswordChanged {},
        What::SecretKeyRotated {},
        What::DeviceRevoked { revoked: DeviceId([3; 16]), revoked_name: "Old phone".into() },
        What::SessionRevoked { session: SessionId([3; 16]), of_device: DeviceId([3; 16]), of_device_name: "Old phone".into() },
        What::AddressChanged { from_masked: "a…@example.org".into(), to_masked: "l…@example.com".into() },
        What::SecondFactorAdded { kind: "totp".into() },
        What::SecondFactorRemoved { kind: "totp".into() },
        What::DeletionScheduled { due: UnixMillis(AT.0 + 14 * 86_400_000) },
        What::DeletionCancelled {},
    ]
}

fn world() -> World {
    World { now: UnixMillis(AT.0 - 1000), ..World::new(30) }
}

fn opened(world: &World, enclosed: &Enclosed) -> Evidence {
    enclosed.open(world.server, &world.server_key.public()).unwrap()
}

fn enclosed(world: &World, set: String, of_set: Option<String>) -> Enclosed {
    Enclosed { set, of_set, account_key: world.keys.public().signing }
}

/// The three kinds of letter about one change of a password.
fn story(device_of_ack: Option<DeviceId>) -> (World, [Enclosed; 3]) {
    let mut world = world();
    let original = world.happen(What::PasswordChanged {});
    let event: Verified<Event> = verify(&original, &world.trust(), &Chain::default()).unwrap();
    let of = Of::event(&event);
    world.device = device_of_ack.unwrap_or(world.device);
    let ack = world.happen(What::Acknowledged { of: of.clone(), plea: crate::event::Plea::ThatWasMe });
    let retraction = world.retract(&of, Reason::Fault);
    let [told, acked, retracted] =
        [(original.clone(), None), (ack, Some(original.clone())), (retraction, Some(original))].map(|(set, of)| enclosed(&world, set, of));
    (world, [told, acked, retracted])
}

/// With the check codes, which are digests, written as the snapshots have them.
fn written(evidence: &Evidence) -> Letter {
    letter(FORM, evidence, URL).unwrap()
}

fn steady(text: String, evidence: &Evidence) -> String {
    let text = text.replace(evidence.code().as_str(), "7KQ4F-2M9XB");
    match evidence {
        Evidence::Acknowledged { of, .. } | Evidence::Retracted { of, .. } => text.replace(of.code().as_str(), "0TH3R-C0DE5"),
        Evidence::Event(_) => text,
    }
}

/// Every mail as people get it. A change here is a change of what people are told: read it aloud before accepting it, and give it a
/// form of its own once this one was released.
#[test]
fn every_mail_reads_as_agreed_in_both_parts() {
    for what in whats() {
        let mut world = world();
        let set = world.happen(what.clone());
        let evidence = opened(&world, &enclosed(&world, set, None));
        let letter = written(&evidence);
        insta::assert_snapshot!(
            format!("{}.text", what.word()),
            steady(format!("Subject: {}\n\n{}", letter.subject, letter.text()), &evidence)
        );
        insta::assert_snapshot!(format!("{}.html", what.word()), steady(letter.html(), &evidence));
    }
}

#[test]
fn a_letter_about_a_retraction_claims_only_what_it_proves() {
    let (world, [_, acked, retracted]) = story(Some(DeviceId([9; 16])));
    for enclosed in [acked, retracted] {
        let evidence = opened(&world, &enclosed);
        let letter = written(&evidence);
        insta::assert_snapshot!(
            format!("{}.text", evidence.word()),
            steady(format!("Subject: {}\n\n{}", letter.subject, letter.text()), &evidence)
        );
    }
    let (world, [_, acked, _]) = story(None);
    assert!(written(&opened(&world, &acked)).text().contains("proves no more than the\nnotice did"), "the device speaks for itself");
}

#[test]
fn every_mail_carries_code_time_and_device_and_no_more_than_one_link() {
    for what in whats() {
        let mut world = world();
        let set = world.happen(what.clone());
        let evidence = opened(&world, &enclosed(&world, set, None));
        let letter = written(&evidence);
        for (part, links) in [(letter.text(), "://"), (letter.html(), "href=")] {
            assert!(part.contains(evidence.code().as_str()) && part.contains("truebell notice verify"), "{}", what.word());
            assert!(part.contains("2026-11-23") && part.contains("laptop"), "{}", what.word());
            assert_eq!(part.matches(links).count(), 1, "{} has one link", what.word());
        }
        assert!(letter.text().lines().all(|line| line.chars().count() <= 78), "{} wraps", what.word());
    }
}

#[test]
fn what_a_person_typed_cannot_become_markup_a_header_or_a_link() {
    let mut world = world();
    let what = What::DeviceRevoked { revoked: DeviceId([3; 16]), revoked_name: "<img src=x>\r\nBcc: eve@evil.example".into() };
    let act = crate::event::Act { device_name: "win at https://evil.example/?a=1&b=2 <script>".into(), ..world.act(what) };
    let signed = crate::testing::sign(&act, &world.keys);
    let made = crate::testing::countersign_anything(
        act,
        &signed,
        crate::ids::EventId::make_random(&mut world.chance),
        AT,
        world.server,
        &world.server_key,
    );
    let letter = written(&opened(&world, &enclosed(&world, made.set.clone(), None)));
    for part in [letter.text(), letter.html()] {
        for never in ["<img", "<script", "evil.example", "eve@evil", "\r", "\nBcc"] {
            assert!(!part.contains(never), "{never} in {part}");
        }
    }
    assert!(letter.html().contains("&amp;b=2"));
}

#[test]
fn evidence_is_what_fits_together_and_nothing_else() {
    let (world, [told, acked, retracted]) = story(None);
    let other = { self::world() }.happen(What::SecretKeyRotated {});
    let open = |enclosed: &Enclosed| enclosed.open(world.server, &world.server_key.public()).is_ok();
    assert!(open(&told) && open(&acked) && open(&retracted));
    let cases = [
        ("a retraction of another notice", Enclosed { of_set: Some(other), ..retracted.clone() }),
        ("a retraction of nothing", Enclosed { of_set: None, ..retracted.clone() }),
        ("that was me, about nothing", Enclosed { of_set: None, ..acked.clone() }),
        ("an event that takes nothing back", Enclosed { of_set: Some(told.set.clone()), ..told.clone() }),
        ("another account's key", Enclosed { account_key: PublicKey([1; 32]), ..told.clone() }),
        ("no event", Enclosed { set: "a.b.c".into(), ..told.clone() }),
    ];
    for (what, enclosed) in cases {
        assert!(!open(&enclosed), "{what}");
    }
    assert!(told.open(world.server, &PublicKey([1; 32])).is_err());
}

/// A mail as this server sends it, in its plainest encoding.
fn mail_of(letter: &Letter, enclosure: &str) -> String {
    let part = |kind: &str, body: &str| format!("Content-Type: {kind}\nContent-Transfer-Encoding: 8bit\n\n{body}\n");
    let alternative = format!(
        "Content-Type: multipart/alternative; boundary=\"in\"\n\n--in\n{}--in\n{}--in--\n",
        part("text/plain; charset=utf-8", &letter.text()),
        part("text/html; charset=utf-8", &letter.html())
    );
    format!(
        "From: Truebell <notices@pw.example.org>\nSubject: {}\nContent-Type: multipart/mixed;\n boundary=out\n\n--out\n{alternative}--out\n{}--out--\n",
        letter.subject,
        part("application/jose; name=\"truebell-notice.jws\"", enclosure)
    )
}

fn enclosure(world: &World, enclosed: &Enclosed, form: u32) -> String {
    enclose(&Enclosure { mail: MailId([5; 16]), form, url: URL, enclosed, server: world.server }, &world.server_key).unwrap()
}

fn sent(world: &World, told: &Enclosed) -> String {
    mail_of(&written(&opened(world, told)), &enclosure(world, told, FORM))
}

fn pinned(world: &World) -> Whose {
    Whose::Pinned { server: world.server, key: world.server_key.public() }
}

fn check(world: &World, mail: &str) -> MailVerdict {
    check_mail(mail.as_bytes(), &pinned(world)).unwrap()
}

#[test]
fn a_mail_of_this_server_is_genuine_for_whoever_knows_its_key() {
    let (world, kinds) = story(Some(DeviceId([9; 16])));
    let key = world.server_key.public();
    for told in &kinds {
        let mail = sent(&world, told);
        for whose in [pinned(&world), Whose::Key(key), Whose::Fingerprint(key.fingerprint())] {
            let MailVerdict::Genuine(found) = check_mail(mail.as_bytes(), &whose).unwrap() else { panic!("{mail}") };
            assert_eq!((found.evidence, found.url.as_str(), found.server), (opened(&world, told), URL, world.server));
        }
        let crlf = mail.replace('\n', "\r\n");
        assert!(matches!(check(&world, &crlf), MailVerdict::Genuine(_)), "line ends");
        let wrapped = mail.replace("\n\n    When", "\n \n\n    When").replace(" mail", "  mail");
        assert!(matches!(check(&world, &wrapped), MailVerdict::Genuine(_)), "white space");
    }
}

#[test]
fn a_mail_of_another_server_or_with_no_proof_is_told_apart() {
    let (world, [told, ..]) = story(None);
    let mail = sent(&world, &told);
    let stranger = World::new(31);
    assert_eq!(check(&stranger, &mail), MailVerdict::NeverSent(NotOurs::OtherServer));
    let code = opened(&world, &told).code();
    let (bare, _) = mail.split_once("--out\nContent-Type: application/jose").unwrap();
    assert_eq!(check(&world, &format!("{bare}--out--\n")), MailVerdict::NoProof(Some(code)), "a relay took the enclosure away");
    assert_eq!(check(&world, "Subject: hello\n\nhello\n"), MailVerdict::NoProof(None));
    let newer = mail_of(&written(&opened(&world, &told)), &enclosure(&world, &told, FORM + 1));
    assert!(matches!(check(&world, &newer), MailVerdict::Newer(_)), "an old program calls no new mail a forgery");
    let mut forged = world.act(What::PasswordChanged {});
    forged.device_name = "forged".into();
    let signed = crate::testing::sign(&forged, &stranger.keys);
    let made = crate::testing::countersign_anything(forged, &signed, crate::ids::EventId([1; 16]), AT, world.server, &world.server_key);
    let hostile = enclosed(&world, made.set.clone(), None);
    let mail = mail_of(&written(&opened(&world, &told)), &enclosure(&world, &hostile, FORM));
    assert_eq!(check(&world, &mail), MailVerdict::NeverSent(NotOurs::NotProven), "a server without the account is no proof");
}

#[test]
fn what_was_changed_in_a_mail_is_named() {
    let (world, [told, ..]) = story(None);
    let mail = sent(&world, &told);
    let differs = |mail: &str| match check(&world, mail) {
        MailVerdict::Altered(_, differences) => differences.iter().map(Difference::sentence).collect::<Vec<_>>().join("\n"),
        other => panic!("{other:?}"),
    };
    let link = format!("href=\"{URL}");
    let footer = "--out\nContent-Type: text/plain\n\nCall 555-0100 to keep your account.\n--out--\n";
    let cases = [
        ("the text", mail.replacen("was changed on", "was stolen on", 1)),
        ("the page", mail.replace("<h2>If this was not you", "<h2>If this was you")),
        ("a link of the page", mail.replace(&link, "href=\"https://evil.example")),
        ("a link of the text", mail.replacen(&format!("open\n{URL}"), "open\nhttps://evil.example", 1)),
        ("hidden markup", mail.replace("<main>", "<main style=\"display:none\">")),
        ("the subject", mail.replace("Subject: Your", "Subject: [EXTERNAL] Your")),
        ("a footer in a part of its own", mail.replace("--out--\n", footer)),
        ("a footer in the text", mail.replacen("needs no answer.", "needs no answer.\n-- \nConfidential: for the addressee only.", 1)),
    ];
    let told = cases.map(|(what, mail)| format!("{what}: {}", differs(&mail)));
    let code = opened(&world, &{ told_of(&world) }).code();
    insta::assert_snapshot!(told.join("\n").replace(code.as_str(), "7KQ4F-2M9XB"));
}

fn told_of(_: &World) -> Enclosed {
    story(None).1[0].clone()
}

#[test]
fn what_could_be_read_in_two_ways_is_no_mail() {
    let (world, [told, ..]) = story(None);
    let mail = sent(&world, &told);
    let cases = [
        mail.replacen("Content-Type: multipart/mixed", "Content-Type: text/plain\nContent-Type: multipart/mixed", 1),
        mail.replacen("Subject:", "Subject: Other\nSubject:", 1),
        mail.replace("--out--\n", ""),
        mail.replacen("8bit", "rot13", 1),
        mail.replacen("boundary=out", "boundary=out; boundary=in", 1),
        "no header at all".to_owned(),
        "x".repeat(600_000),
    ];
    for case in cases {
        let verdict = check_mail(case.as_bytes(), &pinned(&world));
        assert!(!matches!(verdict, Ok(MailVerdict::Genuine(_))), "{verdict:?}");
    }
}

proptest! {
    #[test]
    fn one_changed_byte_anywhere_is_never_called_genuine_with_other_words(place in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let (world, [told, ..]) = story(None);
        let mail = sent(&world, &told);
        let mut bytes = mail.clone().into_bytes();
        let place = place.index(bytes.len());
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        if let Ok(MailVerdict::Genuine(found)) = check_mail(&bytes, &pinned(&world)) {
            // White space, and what no reader shows: headers beside the subject, between the parts.
            prop_assert_eq!(&found.evidence, &opened(&world, &told));
            let (before, after) = (eml::read(mail.as_bytes()).unwrap(), eml::read(&bytes).unwrap());
            prop_assert_eq!(differ::canonical(&before.subject), differ::canonical(&after.subject));
            for (before, after) in before.leaves.iter().zip(&after.leaves) {
                let strip = |leaf: &eml::Leaf| leaf.text().map(|text| text.split_whitespace().collect::<String>());
                prop_assert_eq!(strip(before), strip(after));
            }
        }
    }

    #[test]
    fn no_file_panics_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = check_mail(&bytes, &Whose::Key(PublicKey([1; 32])));
    }
}
