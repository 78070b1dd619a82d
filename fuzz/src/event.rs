//! Security events: the one door to an alarm, tried with every key but the right one.

use std::sync::LazyLock;

use data_encoding::BASE64URL_NOPAD;
use truebell_core::event::{Act, Chain, Link, Trust, What, check_act, countersign, verify, verify_link};
use truebell_core::hash::Hash32;
use truebell_core::ids::{DeviceId, EventId};
use truebell_core::sign::{Purpose, Signature};
use truebell_core::time::UnixMillis;

use crate::world::{ACCOUNT, KEYS, SERVER, SERVER_KEY, split};

/// The account's one genuine act and the event made from it.
static GENUINE: LazyLock<(Act, String, String)> = LazyLock::new(|| {
    let act = Act {
        account: ACCOUNT,
        device: DeviceId([4; 16]),
        device_name: "desk".to_owned(),
        seq: 1,
        prev: Hash32::default(),
        epoch: 1,
        at: UnixMillis::from_seconds(1_700_000_000),
        what: What::PasswordChanged {},
    };
    let signed = act.sign(&KEYS).expect("an act");
    let admitted = check_act(&signed, ACCOUNT, &KEYS.public().signing, &Chain::default()).expect("the next");
    let made = countersign(admitted, EventId([5; 16]), act.at, SERVER, &SERVER_KEY).expect("a SET");
    (act, signed, made.set.clone())
});

/// - any text, and the genuine event changed anywhere, prove nothing;
/// - whatever a server signs around it, an event says what the account's device signed, and only the genuine act was signed;
/// - whatever an account's device signs, the server's check ends in an act that is next in the chain, or in an error.
pub fn run(data: &[u8]) {
    let trust = Trust { server: SERVER, server_key: SERVER_KEY.public(), account: ACCOUNT, account_key: KEYS.public().signing };
    let chain = Chain::default();
    let (act, signed, set) = &*GENUINE;
    let (kind, rest) = split(data);
    match kind % 4 {
        0 => {
            let Ok(text) = std::str::from_utf8(rest) else { return };
            assert!(text == set || verify(text, &trust, &chain).is_err(), "a text nobody signed was believed");
        }
        1 => {
            let changed = change(set.as_bytes(), rest);
            let Ok(text) = std::str::from_utf8(&changed) else { return };
            assert!(text == set || verify(text, &trust, &chain).is_err(), "a changed event was believed: {text}");
        }
        2 => {
            // In the claims, `@` stands for the genuine act, so that a hostile server's wrapping of it is in reach.
            let claims = String::from_utf8_lossy(rest).replace('@', signed);
            let text = jws("secevent+jwt", claims.as_bytes(), |input| SERVER_KEY.sign(Purpose::Jws, input));
            if let Ok(event) = verify(&text, &trust, &chain) {
                assert_eq!(&event.act, act, "a server spoke for the account");
            }
            match verify_link(&text, &trust, &chain) {
                Ok(Link::Event(event)) => assert_eq!(&event.act, act, "a server spoke for the account"),
                // Its own word it may give, under its own name, and about something earlier.
                Ok(Link::Retraction(retraction)) => assert!(retraction.of.seq < retraction.seq && retraction.account == ACCOUNT),
                Err(_) => {}
            }
        }
        _ => {
            let text = jws("truebell-act+jwt", rest, |input| KEYS.sign(Purpose::Jws, input));
            if let Ok(act) = check_act(&text, ACCOUNT, &trust.account_key, &chain) {
                assert_eq!((act.account, act.seq), (ACCOUNT, 1));
            }
        }
    }
}

/// Replaces bytes: each three of `changes` are a place (two bytes) and what stands there then.
fn change(text: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut changed = text.to_vec();
    for step in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([step[0], step[1]])) % changed.len();
        changed[at] = step[2];
    }
    changed
}

fn jws(typ: &str, claims: &[u8], signer: impl Fn(&[u8]) -> Signature) -> String {
    let header = format!(r#"{{"alg":"EdDSA","typ":"{typ}"}}"#);
    let input = format!("{}.{}", BASE64URL_NOPAD.encode(header.as_bytes()), BASE64URL_NOPAD.encode(claims));
    format!("{input}.{}", BASE64URL_NOPAD.encode(&signer(input.as_bytes()).0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_genuine_event_is_believed() {
        let trust = Trust { server: SERVER, server_key: SERVER_KEY.public(), account: ACCOUNT, account_key: KEYS.public().signing };
        // The first event of a chain begins epoch 1 whatever it is.
        assert!(verify(&GENUINE.2, &trust, &Chain::default()).is_ok(), "otherwise this target would find nothing");
    }
}
