//! What it costs to judge: a reply (`classify()`), and a saved mail (`check_mail()`), on one core, in this process.

use crate::account::Os;
use crate::report::{Figure, Report};
use anyhow::{Context, Result, ensure};
use std::hint::black_box;
use tokio::time::Instant;
use truebell_core::account::Unlocked;
use truebell_core::event::{Act, Chain, What, check_act, countersign};
use truebell_core::hash::Hash32;
use truebell_core::head::{Head, Status};
use truebell_core::ids::{AccountId, DeviceId, EventId, ServerId};
use truebell_core::letter::{MailVerdict, Whose, check_mail};
use truebell_core::outcome::{Failure, Known, Outcome, Pinned, Reply, classify};
use truebell_core::sign::{Purpose, SigningKey};
use truebell_core::time::UnixMillis;
use truebell_server::mail::{Composer, Signer, mails_about};

/// Replies of strangers and of nobody that are judged.
const REPLIES: u32 = 2_000_000;
/// Replies our server signed that are judged, and bare signatures that are checked.
const SIGNED: u32 = 20_000;
/// Mails that are checked.
const MAILS: u32 = 500;
const NOW: UnixMillis = UnixMillis(1_795_415_000_000);
const SERVER: ServerId = ServerId([1; 16]);
const NONCE: [u8; 16] = [7; 16];

/// Everything about judging.
pub(crate) fn judgement(report: &mut Report) -> Result<()> {
    if report.wants("classify") {
        strangers(report)?;
        signed(report)?;
    }
    if report.wants("saved mail") {
        mail(report)?;
    }
    Ok(())
}

fn pinned(key: &SigningKey) -> Pinned {
    Pinned { server: SERVER, key: key.public(), generation: vec![2; 16].into(), restore_epoch: 3 }
}

/// What reaches clients from anybody but their server: a captive portal, a proxy, a broken page, nobody.
fn replies_of_strangers() -> Vec<Reply<'static>> {
    let page = |status, content_type, via, body| Reply::Answer {
        status,
        head: None,
        content_type: Some(content_type),
        via,
        ray: None,
        body,
        whole: true,
    };
    let forged = Reply::Answer {
        status: 200,
        head: Some("AAAA"),
        content_type: Some("application/json"),
        via: None,
        ray: None,
        body: b"{}",
        whole: true,
    };
    vec![
        Reply::Failed(Failure::Connect),
        Reply::Failed(Failure::Timeout),
        page(401, "application/json", None, b"{\"error\":\"unauthorized\"}"),
        page(
            403,
            "text/html",
            Some("cloudflare"),
            b"<!doctype html><html><head><title>Attention Required</title></head><body></body></html>",
        ),
        page(
            200,
            "text/html; charset=utf-8",
            Some("portal"),
            b"<html><head><title>Welcome to the hotel</title></head><body>Sign in</body></html>",
        ),
        page(503, "text/plain", None, b"upstream connect error"),
        page(502, "text/html", Some("nginx"), b"<html><head><title>502 Bad Gateway</title></head></html>"),
        forged,
    ]
}

#[expect(clippy::cast_lossless, reason = "a figure for people")]
fn per_second(count: u32, start: Instant) -> f64 {
    count as f64 / start.elapsed().as_secs_f64()
}

fn strangers(report: &mut Report) -> Result<()> {
    let pinned = pinned(&SigningKey::make_random(&mut Os));
    let (known, replies) = (Known { nonce: NONCE, account: None }, replies_of_strangers());
    let start = Instant::now();
    let mut believed = 0;
    for reply in replies.iter().cycle().take(REPLIES as usize) {
        let judgement = classify(black_box(reply), &pinned, &known, NOW);
        believed += u32::from(!matches!(judgement.outcome, Outcome::Unreachable(_) | Outcome::Intercepted { .. }));
    }
    let value = per_second(REPLIES, start);
    ensure!(believed == 0, "a stranger was believed");
    let start = Instant::now();
    for reply in replies.iter().cycle().take(REPLIES as usize) {
        let Reply::Answer { body, .. } = black_box(reply) else { continue };
        black_box(Hash32::derive_plain(body));
    }
    let reference = Some(("SHA-256 of their bodies", per_second(REPLIES, start)));
    report.add(Figure { name: "classify: replies of strangers, mixed", value, unit: "/s", reference, aim: "over 1,000,000/s" });
    Ok(())
}

fn signed(report: &mut Report) -> Result<()> {
    let key = SigningKey::make_random(&mut Os);
    let body = b"{\"devices\":[]}";
    let head = Head {
        server: SERVER,
        generation: [2; 16],
        restore_epoch: 3,
        at: NOW,
        nonce: NONCE,
        status: Status::Ok,
        account: None,
        pace_ms: 0,
        body: Some(Hash32::derive_plain(body)),
    };
    let (value, pinned, known) = (head.sign(&key), pinned(&key), Known { nonce: NONCE, account: None });
    let reply =
        Reply::Answer { status: 200, head: Some(&value), content_type: Some("application/json"), via: None, ray: None, body, whole: true };
    let start = Instant::now();
    for _ in 0..SIGNED {
        let judgement = classify(black_box(&reply), &pinned, &known, NOW);
        ensure!(judgement.head.is_some(), "our own server was not believed");
    }
    let value = per_second(SIGNED, start);
    let signature = key.sign(Purpose::Jws, body);
    let start = Instant::now();
    for _ in 0..SIGNED {
        ensure!(key.public().verify(Purpose::Jws, black_box(body), &signature).is_ok(), "a signature does not hold");
    }
    let reference = Some(("bare Ed25519 verification", per_second(SIGNED, start)));
    report.add(Figure { name: "classify: replies our server signed", value, unit: "/s", reference, aim: "" });
    Ok(())
}

/// A mail as a server sends it, and the server's key.
fn written() -> Result<(Vec<u8>, SigningKey)> {
    let key = SigningKey::make_random(&mut Os);
    let (account, device) = (AccountId::make_random(&mut Os), DeviceId::make_random(&mut Os));
    let keys = Unlocked::make_account(account, &mut Os);
    let what = What::AccountCreated { device_key: key.public() };
    let act = Act { account, device, device_name: "laptop".into(), seq: 1, prev: Hash32::default(), epoch: 1, at: NOW, what };
    let signing = keys.public().signing;
    let admitted = check_act(&act.sign(&keys)?, account, &signing, &Chain::default())?;
    let event = countersign(admitted, EventId::make_random(&mut Os), NOW, SERVER, &key)?;
    let mail = mails_about(&event, &signing, NOW, &["ada@example.org"], &mut Os).pop().context("a mail")?;
    let signer = Signer { server: SERVER, key: key.clone() };
    let composer = Composer::new("Truebell <notices@pw.example.org>".parse()?, "https://pw.example.org".into(), None, signer);
    Ok((composer.compose(&mail, NOW)?.bytes, key))
}

fn mail(report: &mut Report) -> Result<()> {
    let (bytes, key) = written()?;
    let whose = Whose::Key(key.public());
    let start = Instant::now();
    for _ in 0..MAILS {
        ensure!(matches!(check_mail(black_box(&bytes), &whose)?, MailVerdict::Genuine(_)), "a genuine mail is not");
    }
    let milliseconds = |start: Instant, count: u32| start.elapsed().as_secs_f64() * 1e3 / f64::from(count);
    let value = milliseconds(start, MAILS);
    let signature = key.sign(Purpose::Jws, &bytes);
    let start = Instant::now();
    for _ in 0..MAILS * 3 {
        ensure!(key.public().verify(Purpose::Jws, black_box(&bytes), &signature).is_ok(), "a signature does not hold");
    }
    let reference = Some(("its three signatures alone", milliseconds(start, MAILS)));
    report.add(Figure { name: "saved mail verified offline", value, unit: "ms", reference, aim: "under 50 ms" });
    Ok(())
}
