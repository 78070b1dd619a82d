//! What receivers of signals send, and the door to a signal itself.

use crate::world::{ACCOUNT, KEYS, SERVER, SERVER_KEY, split};
use truebell_core::event::Trust;
use truebell_core::ids::StreamId;
use truebell_core::signal::{
    Changed, CreateStream, Delivery, EVENTS_MAX, Kind, Kinds, PollRequest, SetError, Signal, StatusAsked, StreamInfo, Subject, Subjects,
    WholeStream,
};
use truebell_core::time::UnixMillis;

const ISSUER: &str = "https://pw.example.org";
const POLL_URL: &str = "https://pw.example.org/v1/signals/poll/x";

/// - a stream that is taken has an endpoint of http or https without anything a header or a log could trip over, and never gets a type
///   it may not have; what is read of it can be written back and changes nothing;
/// - a poll asks for no more than the most, and what receivers say in it is short and on one line;
/// - no text nobody signed becomes a signal, whatever type it is said to be.
pub fn run(data: &[u8]) {
    let (kind, rest) = split(data);
    match kind % 5 {
        0 => {
            let Ok(whole) = serde_json::from_slice::<CreateStream>(rest).map_err(drop).and_then(|asked| asked.check().map_err(drop)) else {
                return;
            };
            check(&whole);
        }
        1 => {
            let Ok(asked) = serde_json::from_slice::<Changed>(rest) else { return };
            let stored = WholeStream { delivery: Delivery::Poll, requested: None, description: None };
            let now = info(&stored);
            asked.clone().change(&now, stored, POLL_URL).iter().chain(asked.replace(&now, POLL_URL).iter()).for_each(check);
        }
        2 => {
            let Ok(asked) = serde_json::from_slice::<PollRequest>(rest) else { return };
            assert!(asked.limit() <= EVENTS_MAX);
            asked.refused().iter().for_each(|(_, why)| is_short_line(why));
            drop(asked.acknowledged());
        }
        3 => {
            if let Ok(error) = serde_json::from_slice::<SetError>(rest) {
                is_short_line(&error.words());
            }
            if let Ok(asked) = serde_json::from_slice::<StatusAsked>(rest) {
                asked.reason().iter().for_each(|reason| is_short_line(reason));
            }
            if let Ok(value) = serde_json::from_slice(rest) {
                // Whatever it is, it names somebody, nobody, or is refused.
                drop(Subject::read(&value, ISSUER));
            }
        }
        _ => {
            let Ok(text) = std::str::from_utf8(rest) else { return };
            let trust = Trust { server: SERVER, server_key: SERVER_KEY.public(), account: ACCOUNT, account_key: KEYS.public().signing };
            for kind in Kind::EVENTS {
                assert!(
                    Signal::of_event(text, &trust, kind, Subjects::Account, None, UnixMillis(u64::MAX)).is_err(),
                    "told without a proof"
                );
            }
        }
    }
}

fn info(whole: &WholeStream) -> StreamInfo {
    StreamInfo::new(StreamId([3; 16]), (ISSUER, "aud"), whole, Kinds::supported(Subjects::Account), POLL_URL.to_owned())
}

fn check(whole: &WholeStream) {
    let supported = Kinds::supported(Subjects::Account);
    let delivered = whole.delivered(supported);
    assert_eq!(delivered.and(supported), delivered, "more than it may have");
    if let Delivery::Push { endpoint, authorization } = &whole.delivery {
        assert!(endpoint.starts_with("https://") || endpoint.starts_with("http://"));
        assert!(endpoint.bytes().all(|byte| byte.is_ascii_graphic()) && !endpoint.contains(['#', '\\']));
        assert!(authorization.iter().all(|header| !header.is_empty() && header.bytes().all(|byte| (b' '..=b'~').contains(&byte))));
    }
    whole.description.iter().for_each(|words| is_short_line(words));
    let shown = info(whole);
    let read: Changed = serde_json::from_value(serde_json::to_value(&shown).expect("JSON")).expect("what is shown can be sent");
    let again = read.replace(&shown, POLL_URL).ok().expect("what was read can be written back");
    assert_eq!(info(&again), shown);
}

fn is_short_line(words: &str) {
    assert!(words.chars().count() <= 200 && !words.chars().any(char::is_control), "words that are not fit to show");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_stream_is_taken() {
        let body = br#"{"delivery":{"method":"urn:ietf:rfc:8935","endpoint_url":"https://x.example.org/"}}"#;
        assert!(serde_json::from_slice::<CreateStream>(body).expect("JSON").check().is_ok(), "otherwise this target would find nothing");
    }
}
