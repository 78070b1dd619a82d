//! Replies as they reach a client: from our server, from a proxy, from an attacker.

use data_encoding::BASE64URL_NOPAD;
use truebell_core::b64::Bytes;
use truebell_core::outcome::{Known, Outcome, Pinned, Reply, classify};
use truebell_core::sign::Purpose;
use truebell_core::time::UnixMillis;

use crate::world::{SERVER, SERVER_KEY, split};

/// Law 2: without a valid signature no reply is more than *unreachable* or *intercepted*; and no reply at all, not even one that
/// our server signed, is proof of an event.
pub fn run(data: &[u8]) {
    let (kind, rest) = split(data);
    let (status, rest) = split(rest);
    let cut = rest.len().min(usize::from(status) * 4);
    let (value, body) = rest.split_at(cut);
    let signed = kind & 1 == 1;
    let value = if signed { sign(value) } else { String::from_utf8_lossy(value).into_owned() };
    let text = std::str::from_utf8(body).ok();
    let reply = Reply::Answer {
        status: u16::from(status) * 3,
        head: (kind & 2 == 0).then_some(value.as_str()),
        content_type: text.filter(|_| kind & 4 == 4),
        via: text.filter(|_| kind & 8 == 8),
        ray: text.filter(|_| kind & 32 == 32),
        body,
        whole: kind & 16 == 0,
    };
    let pinned = Pinned { server: SERVER, key: SERVER_KEY.public(), generation: Bytes(vec![1; 16]), restore_epoch: 1 };
    let known = Known { nonce: [0; 16], account: None };
    let judgement = classify(&reply, &pinned, &known, UnixMillis::from_seconds(1_700_000_000));
    assert!(!matches!(judgement.outcome, Outcome::Proven(_)), "a reply alone raised an alarm");
    if !signed {
        assert!(matches!(judgement.outcome, Outcome::Unreachable(_) | Outcome::Intercepted { .. }), "believed without a signature");
        assert!(judgement.head.is_none());
    }
    for detail in &judgement.details {
        assert!(detail.chars().count() < 200 && !detail.chars().any(char::is_control), "a stranger's words are not fit to show");
    }
    if let Outcome::Intercepted { by } = &judgement.outcome {
        assert!(by.chars().count() < 200 && !by.chars().any(char::is_control), "a stranger's words are not fit to show");
    }
}

fn sign(head: &[u8]) -> String {
    let signature = SERVER_KEY.sign(Purpose::ReplyHead, head);
    format!("{}.{}", BASE64URL_NOPAD.encode(head), BASE64URL_NOPAD.encode(&signature.0))
}
