//! What the mails say, and what becomes of them at a relay that fails in every step.

use super::relay::Relay;
use super::sender::{Round, send_due};
use super::sink::{Fault, Sink, Tls};
use super::*;
use crate::config::{Config, MailTls};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use truebell_core::hash::Hash32;
use truebell_core::ids::{DeviceId, EventId, SessionId};
use truebell_core::sign::{PublicKey, Purpose, Signature};
use truebell_core::testing::Seeded;

const AT: UnixMillis = UnixMillis(1_795_415_000_000);

fn whats() -> Vec<What> {
    let key = PublicKey([4; 32]);
    vec![
        What::AccountCreated { device_key: key },
        What::DeviceEnrolled { enrolled: DeviceId([2; 16]), device_key: key, platform: "linux command line".into() },
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

fn values(what: What) -> MailValues {
    MailValues { at: AT, code: CheckCode::parse("7KQ4F-2M9XB").unwrap(), device: "Ada's laptop".into(), what }
}

fn letter_of(what: What) -> Letter {
    letter(&values(what), "https://pw.example.org").unwrap()
}

/// Every mail as people get it. A change here is a change of what people are told: read it aloud before accepting it.
#[test]
fn every_mail_reads_as_agreed_in_both_parts() {
    for what in whats() {
        let letter = letter_of(what.clone());
        insta::assert_snapshot!(format!("{}.text", what.word()), format!("Subject: {}\n\n{}", letter.subject, letter.text()));
        insta::assert_snapshot!(format!("{}.html", what.word()), letter.html());
    }
}

#[test]
fn every_mail_carries_code_time_and_device_and_no_more_than_one_link() {
    for what in whats() {
        let letter = letter_of(what.clone());
        for (part, links) in [(letter.text(), "://"), (letter.html(), "href=")] {
            assert!(part.contains("7KQ4F-2M9XB") && part.contains("truebell notice verify"), "{}", what.word());
            assert!(part.contains("2026-11-23") && part.contains("laptop"), "{}", what.word());
            assert_eq!(part.matches(links).count(), 1, "{} has one link", what.word());
        }
        assert!(letter.text().lines().all(|line| line.chars().count() <= 78), "{} wraps", what.word());
    }
}

#[test]
fn what_a_person_typed_cannot_become_markup_a_header_or_a_link() {
    let mut values =
        values(What::DeviceRevoked { revoked: DeviceId([3; 16]), revoked_name: "<img src=x>\r\nBcc: eve@evil.example".into() });
    values.device = "win at https://evil.example/?a=1&b=2 <script>".into();
    let letter = letter(&values, "https://pw.example.org").unwrap();
    for part in [letter.text(), letter.html()] {
        for never in ["<img", "<script", "evil.example", "eve@evil", "\r", "\nBcc"] {
            assert!(!part.contains(never), "{never} in {part}");
        }
    }
    assert!(letter.html().contains("&amp;b=2"));
}

#[test]
fn values_read_back_as_they_were_written() {
    for what in whats() {
        let values = values(what);
        let read: MailValues = serde_json::from_str(&serde_json::to_string(&values).unwrap()).unwrap();
        assert_eq!(read, values);
    }
}

fn mail(number: u8, to: &str) -> NewMail {
    let values = serde_json::to_string(&values(What::PasswordChanged {})).unwrap();
    NewMail {
        mail: MailId([number; 16]),
        event: EventId([number; 16]),
        to: to.into(),
        template: "password-changed".into(),
        values,
        queued: AT,
    }
}

fn composer(dkim: Option<dkim::Dkim>) -> Composer {
    Composer::new("Truebell <notices@pw.example.org>".parse().unwrap(), "https://pw.example.org".into(), dkim)
}

#[test]
fn a_message_is_alternative_automatic_and_named_after_its_mail() {
    let composed = composer(None).compose(&mail(1, "ada@example.org"), AT).unwrap();
    let text = String::from_utf8(composed.bytes.clone()).unwrap();
    assert!(text.is_ascii(), "passes relays of any age");
    let (headers, _) = text.split_once("\r\n\r\n").unwrap();
    insta::assert_snapshot!(headers.replace("\r\n", "\n"), @r#"
    From: Truebell <notices@pw.example.org>
    To: ada@example.org
    Subject: Your Truebell password was changed
    Date: Mon, 23 Nov 2026 06:23:20 +0000
    Message-ID: <mal_01040g2081040g2081040g2081@pw.example.org>
    Auto-Submitted: auto-generated
    MIME-Version: 1.0
    Content-Type: multipart/alternative;
     boundary="truebell-mal_01040g2081040g2081040g2081"
    Content-Transfer-Encoding: 7bit
    "#);
    let again = composer(None).compose(&mail(1, "ada@example.org"), AT).unwrap();
    assert_eq!(again.bytes, composed.bytes, "the same mail twice is the same message");
    assert_eq!(composer(None).compose(&mail(1, "not an address"), AT).unwrap_err(), ComposeError::Recipient);
    let newer = NewMail { values: "{}".into(), ..mail(1, "ada@example.org") };
    assert_eq!(composer(None).compose(&newer, AT).unwrap_err(), ComposeError::Values);
}

/// RFC 6376, section 3.7 and 3.4.2, and RFC 8463, done by hand and not by the crate that signed.
#[test]
fn the_dkim_signature_verifies_and_covers_what_a_reader_sees() {
    let signing = truebell_core::sign::SigningKey::from_seed(&[6; 32]);
    let seed = data_encoding::BASE64.encode(&[6; 32]);
    let signed = composer(Some(dkim::Dkim::new("pw.example.org", "s1", &seed).unwrap())).compose(&mail(1, "ada@example.org"), AT).unwrap();
    let message = String::from_utf8(signed.bytes).unwrap();
    assert!(dkim_verifies(&message, &signing.public()));
    for (from, to) in
        [("was changed", "was stolen"), ("ada@", "eve@"), ("2026", "2027"), ("auto-generated", "no"), ("alternative", "mixed")]
    {
        assert!(message.contains(from), "{from}");
        assert!(!dkim_verifies(&message.replace(from, to), &signing.public()), "{from} can be changed");
    }
}

/// RFC 6376, section 3.4.4: runs of white space become one space, at the end of a line none.
fn relax(line: &str) -> String {
    let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    let indent = if line.starts_with([' ', '\t']) && !words.is_empty() { " " } else { "" };
    format!("{indent}{}", words.join(" "))
}

fn dkim_verifies(message: &str, key: &PublicKey) -> bool {
    let (head, body) = message.split_once("\r\n\r\n").unwrap();
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let headers: Vec<(String, String)> = unfolded
        .split("\r\n")
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.split_whitespace().collect::<Vec<_>>().join(" ")))
        .collect();
    let of = |name: &str| headers.iter().find(|(found, _)| found == name).unwrap().1.clone();
    let signature = of("dkim-signature");
    let tag = |name: &str| {
        let tags = signature.split(';').map(str::trim);
        tags.filter_map(|tag| tag.split_once('=')).find(|(found, _)| *found == name).unwrap().1.replace(' ', "")
    };
    assert_eq!(
        (tag("a").as_str(), tag("c").as_str(), tag("d").as_str(), tag("s").as_str()),
        ("ed25519-sha256", "relaxed/relaxed", "pw.example.org", "s1")
    );
    let lines: Vec<String> = body.split("\r\n").map(relax).collect();
    let body = format!("{}\r\n", lines.join("\r\n").trim_end_matches("\r\n"));
    if tag("bh") != data_encoding::BASE64.encode(&Hash32::derive_plain(body.as_bytes()).0) {
        return false;
    }
    let mut signed: String = tag("h").split(':').map(|name| format!("{name}:{}\r\n", of(name))).collect();
    let (before, _) = signature.split_once("; b=").unwrap();
    signed += &format!("dkim-signature:{before}; b=");
    let bytes = data_encoding::BASE64.decode(tag("b").as_bytes()).unwrap();
    // `Purpose::Jws` puts nothing in front of what it signs.
    key.verify(Purpose::Jws, &Hash32::derive_plain(signed.as_bytes()).0, &Signature(bytes.try_into().unwrap())).is_ok()
}

#[test]
fn an_rsa_key_signs_too_and_another_text_is_no_key() {
    let rsa = dkim::Dkim::new("pw.example.org", "s1", include_str!("testdata/dkim-rsa.key")).unwrap();
    let composed = composer(Some(rsa)).compose(&mail(1, "ada@example.org"), AT).unwrap();
    assert!(String::from_utf8(composed.bytes).unwrap().contains("a=rsa-sha256"));
    assert!(dkim::Dkim::new("d", "s", "no key").is_err());
}

// --- leaving

fn config(sink_port: u16, tls: MailTls) -> Config {
    let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/mail/testdata/authority.pem");
    Config { mail_relay: format!("localhost:{sink_port}"), mail_tls: tls, mail_tls_authority: Some(authority), ..Config::default() }
}

fn relay(config: &Config) -> Carrier {
    Carrier::Relay(Box::new(Relay::from_config(config, "pw.example.org").unwrap().impatient(Duration::from_millis(400))))
}

async fn carry_once(tls: MailTls, sink_tls: Tls, faults: &[Fault]) -> (Delivery, Sink) {
    let sink = Sink::start(sink_tls, faults).await;
    let composed = composer(None).compose(&mail(1, "ada@example.org"), AT).unwrap();
    (relay(&config(sink.port, tls)).carry(&composed).await, sink)
}

#[tokio::test]
async fn each_step_that_fails_leaves_the_right_knowledge() {
    let cases: &[(&str, Fault, Delivery, usize)] = &[
        ("greeting refused", Fault::Answer("CONNECT", 554), Delivery::NotNow, 0),
        ("busy at greeting", Fault::Answer("CONNECT", 421), Delivery::NotNow, 0),
        ("dropped at greeting", Fault::Drop("CONNECT"), Delivery::NotNow, 0),
        ("silent at greeting", Fault::Silence("CONNECT"), Delivery::NotNow, 0),
        ("dropped at EHLO", Fault::Drop("EHLO"), Delivery::NotNow, 0),
        ("MAIL later", Fault::Answer("MAIL", 451), Delivery::NotNow, 0),
        ("MAIL never: our sender, not this mail", Fault::Answer("MAIL", 550), Delivery::NotNow, 0),
        ("dropped at MAIL", Fault::Drop("MAIL"), Delivery::NotNow, 0),
        ("RCPT later", Fault::Answer("RCPT", 450), Delivery::NotNow, 0),
        ("RCPT never", Fault::Answer("RCPT", 550), Delivery::Never, 0),
        ("dropped at RCPT", Fault::Drop("RCPT"), Delivery::NotNow, 0),
        ("DATA later", Fault::Answer("DATA", 451), Delivery::NotNow, 0),
        ("DATA never", Fault::Answer("DATA", 554), Delivery::Never, 0),
        ("silent at DATA", Fault::Silence("DATA"), Delivery::NotNow, 0),
        ("content later", Fault::Answer("DOT", 451), Delivery::NotNow, 1),
        ("content never", Fault::Answer("DOT", 554), Delivery::Never, 1),
        ("dropped after the dot", Fault::Drop("DOT"), Delivery::Unknown, 1),
        ("silent after the dot", Fault::Silence("DOT"), Delivery::Unknown, 1),
    ];
    for (name, fault, expected, arrived) in cases {
        let (delivery, sink) = carry_once(MailTls::None, Tls::None, &[*fault]).await;
        assert_eq!((delivery, sink.taken().len()), (*expected, *arrived), "{name}");
    }
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_tried_again_later() {
    let composed = composer(None).compose(&mail(1, "ada@example.org"), AT).unwrap();
    // Port 1 on loopback: nobody listens.
    assert_eq!(relay(&config(1, MailTls::None)).carry(&composed).await, Delivery::NotNow);
}

#[tokio::test]
async fn a_good_relay_takes_the_mail_whole() {
    let (delivery, sink) = carry_once(MailTls::None, Tls::None, &[]).await;
    assert_eq!(delivery, Delivery::Taken);
    let taken = sink.taken().remove(0);
    assert_eq!((taken.from.as_str(), taken.to.as_slice()), ("notices@pw.example.org", ["ada@example.org".to_owned()].as_slice()));
    let composed = composer(None).compose(&mail(1, "ada@example.org"), AT).unwrap();
    assert_eq!(taken.content.trim_end(), String::from_utf8(composed.bytes).unwrap().trim_end());
}

#[tokio::test]
async fn tls_is_spoken_where_it_is_asked_for_and_nothing_is_sent_without_it() {
    for (tls, sink_tls, expected) in [
        (MailTls::Implicit, Tls::Implicit, Delivery::Taken),
        (MailTls::Starttls, Tls::Starttls, Delivery::Taken),
        (MailTls::Starttls, Tls::None, Delivery::NotNow),
        (MailTls::Implicit, Tls::None, Delivery::NotNow),
    ] {
        let (delivery, sink) = carry_once(tls, sink_tls, &[]).await;
        assert_eq!(delivery, expected, "{tls:?} to {sink_tls:?}");
        assert!(sink.taken().iter().all(|mail| mail.over_tls) && sink.taken().len() == usize::from(expected == Delivery::Taken));
    }
}

#[tokio::test]
async fn a_relay_with_a_strangers_certificate_gets_nothing() {
    let sink = Sink::start(Tls::Implicit, &[]).await;
    let strange = Config { mail_tls_authority: None, ..config(sink.port, MailTls::Implicit) };
    let composed = composer(None).compose(&mail(1, "ada@example.org"), AT).unwrap();
    assert_eq!(relay(&strange).carry(&composed).await, Delivery::NotNow);
    assert!(sink.taken().is_empty());
}

#[tokio::test]
async fn the_password_comes_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    let sink = Sink::start(Tls::Starttls, &[]).await;
    let config = Config { mail_user: "ada".into(), mail_password_file: Some(file), ..config(sink.port, MailTls::Starttls) };
    let composed = composer(None).compose(&mail(1, "ada@example.org"), AT).unwrap();
    assert_eq!(relay(&config).carry(&composed).await, Delivery::Taken);
    assert_eq!(sink.logins(), [format!("PLAIN {}", data_encoding::BASE64.encode(b"\0ada\0hunter2"))]);
    assert!(!format!("{:?}", relay(&config)).contains("hunter2"));
}

#[tokio::test]
async fn without_a_relay_mails_are_files_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("outbox");
    let composed = composer(None).compose(&mail(1, "ada@example.org"), AT).unwrap();
    assert_eq!(Carrier::Outbox(outbox.clone()).carry(&composed).await, Delivery::Taken);
    let file = outbox.join(format!("{}.eml", composed.mail));
    assert_eq!(std::fs::read(&file).unwrap(), composed.bytes);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&outbox).unwrap().count(), 1, "nothing half-written is left");
    let nowhere = Carrier::Outbox(file.join("below a file"));
    assert_eq!(nowhere.carry(&composed).await, Delivery::NotNow);
}

mod through_the_store;
