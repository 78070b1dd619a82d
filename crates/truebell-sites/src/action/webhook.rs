//! Sites that act themselves, asked by a signed call in the manner of Standard Webhooks.
//!
//! Never here: calls about anything but one account's password, and anything that opens an account.

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;
use ureq::Agent;
use zeroize::Zeroizing;

use super::{ActionError, Intent, Proven, Reset, Seen, Undo};
use crate::password::Generation;

/// How long one call may take, all in all.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer read, in bytes.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;
/// What a secret is written with, and how many bytes it has (Standard Webhooks, “Signature scheme”).
const SECRET_MARK: &str = "whsec_";
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a webhook cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Anybody could read and repeat it.
    #[error("the webhook's address is not https: without TLS only this machine itself is called")]
    NotPrivate,
    /// Not as the site's library writes it.
    #[error("the webhook's secret is not understood: it is `whsec_` and 24 to 64 bytes in base64")]
    Secret,
}

/// A site's own code. Its `Debug` shows neither secret nor address.
#[derive(Clone)]
pub struct Webhook {
    url: String,
    secret: Zeroizing<Vec<u8>>,
    agent: Agent,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Webhook(…)")
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
enum Ask {
    Reset,
    Look,
    Undo,
}

impl Ask {
    fn name(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Look => "look",
            Self::Undo => "undo",
        }
    }
}

impl Webhook {
    /// At this address, with the secret that the site has too.
    pub fn new(url: &str, secret: &Secret) -> Result<Self, WebhookError> {
        let here = ["http://127.0.0.1:", "http://[::1]:", "http://localhost:"];
        if !url.starts_with("https://") && !here.iter().any(|start| url.starts_with(start)) {
            return Err(WebhookError::NotPrivate);
        }
        let bytes = secret.expose().strip_prefix(SECRET_MARK).and_then(|text| data_encoding::BASE64.decode(text.as_bytes()).ok());
        let secret = bytes.filter(|bytes| SECRET_BYTES.contains(&bytes.len())).map(Zeroizing::new).ok_or(WebhookError::Secret)?;
        crate::source::use_ring();
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("Truebell/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { url: url.to_owned(), secret, agent: Agent::new_with_config(config) })
    }

    /// Asks that the proven password be made unusable and sessions ended. May be repeated.
    pub async fn reset(&self, proven: &Proven, intent: Intent, now: UnixMillis) -> Result<Reset, ActionError> {
        match self.ask(Ask::Reset, &proven.account().id, intent, proven.generation(), now).await?.as_str() {
            "done" => Ok(Reset::Done),
            "changed" => Ok(Reset::Changed),
            "gone" => Ok(Reset::Gone),
            _ => Err(ActionError::Unclear),
        }
    }

    /// Asks what is there; `generation` is that of the verifier that was to be reset.
    pub async fn look(&self, id: &str, intent: Intent, generation: Generation, now: UnixMillis) -> Result<Seen, ActionError> {
        match self.ask(Ask::Look, id, intent, generation, now).await?.as_str() {
            "done" => Ok(Seen::Done),
            "not-done" => Ok(Seen::NotDone),
            "something-else" => Ok(Seen::SomethingElse),
            "gone" => Ok(Seen::Gone),
            _ => Err(ActionError::Unclear),
        }
    }

    /// Asks that the old password work again unless a new one was chosen. May be repeated.
    pub async fn undo(&self, id: &str, intent: Intent, generation: Generation, now: UnixMillis) -> Result<Undo, ActionError> {
        match self.ask(Ask::Undo, id, intent, generation, now).await?.as_str() {
            "put-back" => Ok(Undo::PutBack),
            "chosen-a-new-one" => Ok(Undo::ChosenANewOne),
            "gone" => Ok(Undo::Gone),
            _ => Err(ActionError::Unclear),
        }
    }

    /// The outcome in the site's words. Whatever is not clearly an answer is no answer.
    async fn ask(&self, ask: Ask, account: &str, intent: Intent, generation: Generation, now: UnixMillis) -> Result<String, ActionError> {
        let seconds = now.seconds();
        // What was done once is answered as it was then; a look is answered anew.
        let id = match ask {
            Ask::Look => format!("look_{intent}_{}", now.0),
            Ask::Reset | Ask::Undo => format!("{}_{intent}", ask.name()),
        };
        let body = serde_json::json!({
            "type": format!("password.{}", ask.name()),
            "intent": intent.to_string(),
            "account": account,
            "generation": data_encoding::HEXLOWER.encode(generation.as_bytes()),
        })
        .to_string();
        let signature = derive_signature(&self.secret, &id, seconds, &body).ok_or(ActionError::Unclear)?;
        let request = self.agent.post(&self.url).content_type("application/json").header("accept", "application/json");
        let request =
            request.header("webhook-id", id).header("webhook-timestamp", seconds.to_string()).header("webhook-signature", signature);
        let call = move || {
            let mut answer = request.send(body).ok()?;
            let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().ok()?;
            let said: serde_json::Value = serde_json::from_slice(&body).ok()?;
            let outcome = said.get("outcome").and_then(serde_json::Value::as_str).map(str::to_owned);
            outcome.filter(|_| answer.status().as_u16() == 200)
        };
        tokio::task::spawn_blocking(call).await.ok().flatten().ok_or(ActionError::Unclear)
    }
}

/// HMAC-SHA-256 over id, time in seconds and body. HMAC takes keys of any length, so there always is one.
fn derive_signature(secret: &[u8], id: &str, seconds: u64, body: &str) -> Option<String> {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).ok()?;
    let mac = mac.chain_update(format!("{id}.{seconds}.")).chain_update(body).finalize().into_bytes();
    Some(format!("v1,{}", data_encoding::BASE64.encode(&mac)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::password::{Dialect, Recipe, Stored, Verifier, recheck};
    use crate::source::{Account, Held, State};

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const INTENT: Intent = Intent::from_bytes([7; 16]);
    const NOW: UnixMillis = UnixMillis(1_790_000_000_999);

    /// A site's code, in the shortest form that keeps the contract: verifies, remembers what it answered to an id, acts once.
    struct Site {
        url: String,
        acts: Arc<Mutex<Vec<String>>>,
    }

    impl Site {
        /// `special` is answered as it stands to accounts of its name.
        fn start(special: &'static [(&'static str, &'static str)]) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let url = format!("http://{}/truebell", listener.local_addr().expect("an address"));
            let acts = Arc::new(Mutex::new(Vec::new()));
            let seen = Arc::clone(&acts);
            std::thread::spawn(move || {
                let mut answered: BTreeMap<String, String> = BTreeMap::new();
                for stream in listener.incoming().flatten() {
                    let mut reader = BufReader::new(&stream);
                    let (headers, body) = request(&mut reader);
                    let said: serde_json::Value = serde_json::from_str(&body).expect("JSON");
                    let special = special.iter().find(|(account, _)| said["account"] == *account);
                    let answer = match special {
                        Some((_, answer)) => (*answer).to_owned(),
                        None if !is_signed(&headers, &body) => "HTTP/1.1 401 no\r\ncontent-length: 0\r\n\r\n".to_owned(),
                        None => {
                            let act = || {
                                seen.lock().expect("a lock").push(said["type"].to_string());
                                let outcome = match said["type"].as_str() {
                                    Some("password.reset" | "password.look") => "done",
                                    _ => "put-back",
                                };
                                let body = format!("{{\"outcome\":\"{outcome}\"}}");
                                format!("HTTP/1.1 200 ok\r\ncontent-length: {}\r\n\r\n{body}", body.len())
                            };
                            answered.entry(headers["webhook-id"].clone()).or_insert_with(act).clone()
                        }
                    };
                    (&stream).write_all(answer.as_bytes()).ok();
                }
            });
            Self { url, acts }
        }
    }

    fn request(reader: &mut impl BufRead) -> (BTreeMap<String, String>, String) {
        let mut headers = BTreeMap::new();
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            if let Some((name, value)) = line.split_once(':') {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            line.clear();
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        (headers, String::from_utf8(body).expect("text"))
    }

    /// By another implementation of HMAC.
    fn is_signed(headers: &BTreeMap<String, String>, body: &str) -> bool {
        let key = data_encoding::BASE64.decode(&SECRET.as_bytes()[6..]).expect("base64");
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key);
        let told = format!("{}.{}.{body}", headers["webhook-id"], headers["webhook-timestamp"]);
        let signature =
            headers["webhook-signature"].strip_prefix("v1,").and_then(|text| data_encoding::BASE64.decode(text.as_bytes()).ok());
        matches!(headers["webhook-timestamp"].as_str(), "1790000000" | "1790000001")
            && ring::hmac::verify(&key, told.as_bytes(), &signature.expect("base64")).is_ok()
    }

    fn proven(id: &str) -> Proven {
        let stored = Stored::of("$2b$04$abcdefghijklmnopqrstuu7EJV7kdjBBQxyb0HjTh9KS7.Lah/6CG");
        let account = Account {
            id: id.to_owned(),
            address: "a@b.org".to_owned(),
            user: None,
            held: Some(Held::of(&stored)),
            generation: Some(Generation::of(&stored)),
            state: State::Active,
        };
        let super::super::Found::Account(prepared) = super::super::Found::of(account) else { panic!("not in use") };
        let verifier = Verifier::parse(&stored, &Recipe::named(Dialect::Plain)).expect("it is read");
        prepared.prove(&recheck("finding", &verifier, b"correct horse battery staple").expect("it matches")).expect("the same")
    }

    #[test]
    fn a_call_is_signed_as_the_specifications_own_example() {
        let secret = data_encoding::BASE64.decode(&SECRET.as_bytes()[6..]).expect("base64");
        let signature = derive_signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signature.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[tokio::test]
    async fn a_call_that_is_repeated_is_done_once() {
        let site = Site::start(&[]);
        let webhook = Webhook::new(&site.url, &Secret::new(SECRET)).expect("a webhook");
        let (proven, generation) = (proven("7"), proven("7").generation());
        for _ in 0..3 {
            assert_eq!(webhook.reset(&proven, INTENT, NOW).await, Ok(Reset::Done));
        }
        for later in [0, 0, 1] {
            assert_eq!(webhook.look("7", INTENT, generation, UnixMillis(NOW.0 + later)).await, Ok(Seen::Done));
        }
        for _ in 0..2 {
            assert_eq!(webhook.undo("7", INTENT, generation, NOW).await, Ok(Undo::PutBack));
        }
        assert_eq!(
            site.acts.lock().expect("a lock").as_slice(),
            ["\"password.reset\"", "\"password.look\"", "\"password.look\"", "\"password.undo\""]
        );
        let other = Webhook::new(&site.url, &Secret::new(format!("whsec_{}", "A".repeat(32)))).expect("a webhook");
        assert_eq!(other.reset(&proven, Intent::from_bytes([8; 16]), NOW).await, Err(ActionError::Unclear), "another's secret");
        assert_eq!(site.acts.lock().expect("a lock").len(), 4);
    }

    #[tokio::test]
    async fn whatever_is_not_clearly_an_answer_is_unclear() {
        const SPECIAL: [(&str, &str); 7] = [
            ("redirect", "HTTP/1.1 302 there\r\nlocation: /else\r\ncontent-length: 18\r\n\r\n{\"outcome\":\"done\"}"),
            ("created", "HTTP/1.1 201 ok\r\ncontent-length: 18\r\n\r\n{\"outcome\":\"done\"}"),
            ("error", "HTTP/1.1 500 no\r\ncontent-length: 18\r\n\r\n{\"outcome\":\"done\"}"),
            ("page", "HTTP/1.1 200 ok\r\ncontent-length: 6\r\n\r\n<html>"),
            ("word", "HTTP/1.1 200 ok\r\ncontent-length: 19\r\n\r\n{\"outcome\":\"maybe\"}"),
            ("cut", "HTTP/1.1 200 ok\r\ncontent-length: 99\r\n\r\n{\"outcome\":\"done\"}"),
            ("silent", ""),
        ];
        let site = Site::start(&SPECIAL);
        let webhook = Webhook::new(&site.url, &Secret::new(SECRET)).expect("a webhook");
        for (name, _) in SPECIAL {
            assert_eq!(webhook.reset(&proven(name), INTENT, NOW).await, Err(ActionError::Unclear), "{name}");
            assert_eq!(webhook.undo(name, INTENT, proven(name).generation(), NOW).await, Err(ActionError::Unclear), "{name}");
        }
        let nobody = Webhook::new("http://127.0.0.1:1/", &Secret::new(SECRET)).expect("a webhook");
        assert_eq!(nobody.reset(&proven("7"), INTENT, NOW).await, Err(ActionError::Unclear));
    }

    #[test]
    fn neither_a_plain_address_nor_a_weak_secret_is_taken() {
        for (url, secret, expected) in [
            ("https://shop.example/hook", SECRET, None),
            ("http://127.0.0.1:8080/hook", SECRET, None),
            ("http://shop.example/hook", SECRET, Some(WebhookError::NotPrivate)),
            ("http://127.0.0.1.evil.example/hook", SECRET, Some(WebhookError::NotPrivate)),
            ("https://shop.example/hook", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Some(WebhookError::Secret)),
            ("https://shop.example/hook", "whsec_c2hvcnQ=", Some(WebhookError::Secret)),
        ] {
            assert_eq!(Webhook::new(url, &Secret::new(secret)).err(), expected, "{url}");
        }
    }
}
