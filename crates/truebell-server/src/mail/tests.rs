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
use truebell_core::event::{Reason, What};
use truebell_core::hash::Hash32;
use truebell_core::ids::EventId;
use truebell_core::letter::{MailVerdict, Whose, check_mail};
use truebell_core::sign::{Purpose, Signature};
use truebell_core::testing::{Seeded, World};

const AT: UnixMillis = UnixMillis(1_795_415_000_000);

/// A change of a password in a world whose server is the one that sends.
fn changed_password() -> MailDetails {
    let Signer { server, key } = crate::testing::signer();
    let mut world = World { server, server_key: key, now: UnixMillis(AT.0 - 1000), ..World::new(7) };
    let account_key = world.keys.public().signing;
    let set = world.happen(What::PasswordChanged {});
    MailDetails { enclosed: Enclosed { set, of_set: None, account_key }, corrects: None }
}

#[test]
fn details_read_back_as_they_were_written() {
    let details = MailDetails { corrects: Some(MailId([7; 16])), ..changed_password() };
    let read: MailDetails = serde_json::from_str(&serde_json::to_string(&details).unwrap()).unwrap();
    assert_eq!(read, details);
}

fn mail(number: u8, to: &str) -> NewMail {
    NewMail {
        mail: MailId([number; 16]),
        event: EventId([number; 16]),
        to: to.into(),
        template: "password-changed".into(),
        values: serde_json::to_string(&changed_password()).unwrap(),
        queued: AT,
    }
}

fn composer(dkim: Option<dkim::Dkim>) -> Composer {
    let from = "Truebell <notices@pw.example.org>".parse().unwrap();
    Composer::new(from, "https://pw.example.org".into(), dkim, crate::testing::signer())
}

#[test]
fn nothing_is_written_about_what_is_not_proven() {
    let forged = |change: fn(&mut Enclosed)| {
        let mut details = changed_password();
        change(&mut details.enclosed);
        let values = serde_json::to_string(&details).unwrap();
        composer(None).compose(&NewMail { values, ..mail(1, "ada@example.org") }, AT).unwrap_err()
    };
    assert!(matches!(forged(|enclosed| enclosed.account_key = PublicKey([1; 32])), ComposeError::NotProven(_)));
    assert!(matches!(forged(|enclosed| enclosed.set = enclosed.set.replace('a', "b")), ComposeError::NotProven(_)));
}

#[test]
fn a_mail_from_the_outbox_is_genuine_offline_whatever_a_relay_does_to_its_encoding() {
    let composed = composer(None).compose(&mail(1, "ada@example.org"), AT).unwrap();
    let sent = String::from_utf8(composed.bytes).unwrap();
    let signer = crate::testing::signer();
    let whose = Whose::Pinned { server: signer.server, key: signer.key.public() };
    let check = |mail: &str| check_mail(mail.as_bytes(), &whose).unwrap();
    let genuine = |mail: &str| matches!(check(mail), MailVerdict::Genuine(_));
    assert!(genuine(&sent));
    assert!(genuine(&sent.replace("\r\n", "\n")), "saved with other line ends");
    let received = format!("Received: from a by b;\r\n Mon, 23 Nov 2026\r\nX-Spam: no\r\nSubject-Seen: x\r\n{sent}");
    assert!(genuine(&received), "headers on top");
    assert!(genuine(&format!("From notices@pw.example.org Mon Nov 23\r\n{sent}")), "out of a mailbox file");
    assert!(genuine(&recoded(&sent, "base64")), "a relay that writes base64");
    assert!(genuine(&recoded(&sent, "8bit")), "a relay that writes 8bit");
    let upper = sent.replace("Content-Type: text/plain; charset=utf-8", "CONTENT-TYPE: TEXT/plain; Charset=\"UTF-8\"");
    assert!(upper != sent && genuine(&upper), "a relay that writes headers its own way");
    let MailVerdict::Altered(_, differences) = check(&sent.replace("was changed on", "was stolen on")) else { panic!("altered") };
    assert!(differences.iter().any(|one| one.place == "text") && differences.iter().any(|one| one.place == "page"), "{differences:?}");
}

/// The two word parts in another transfer encoding.
fn recoded(mail: &str, encoding: &str) -> String {
    let mut recoded = mail.to_owned();
    let mut rest = mail;
    while let Some((_, after)) = rest.split_once("Content-Transfer-Encoding: quoted-printable\r\n") {
        let (head, body) = after.split_once("\r\n").unwrap();
        let (body, _) = body.split_once("\r\n--truebell-").unwrap();
        let decoded = quoted_printable(body);
        let written = match encoding {
            "base64" => data_encoding::BASE64_MIME.encode(decoded.as_bytes()),
            _ => decoded,
        };
        let from = format!("Content-Transfer-Encoding: quoted-printable\r\n{head}\r\n{body}");
        recoded = recoded.replacen(&from, &format!("Content-Transfer-Encoding: {encoding}\r\n{head}\r\n{written}"), 1);
        rest = after;
    }
    assert_ne!(recoded, mail);
    recoded
}

fn quoted_printable(text: &str) -> String {
    let joined = text.replace("=\r\n", "");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        if *first == b'=' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_message_is_automatic_and_named_after_its_mail() {
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
    Content-Type: multipart/mixed;
     boundary="truebell-mal_01040g2081040g2081040g2081"
    Content-Transfer-Encoding: 7bit
    "#);
    let again = composer(None).compose(&mail(1, "ada@example.org"), AT).unwrap();
    assert_eq!(again.bytes, composed.bytes, "the same mail twice is the same message");
    assert_eq!(composer(None).compose(&mail(1, "not an address"), AT).unwrap_err(), ComposeError::Recipient);
    let newer = NewMail { values: "{}".into(), ..mail(1, "ada@example.org") };
    assert_eq!(composer(None).compose(&newer, AT).unwrap_err(), ComposeError::Details);
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
        ("content later", Fault::Answer("DOT", 451), Delivery::NotNow, 0),
        ("content never", Fault::Answer("DOT", 554), Delivery::Never, 0),
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
