//! What an operator sees of people's requests, and what never.

use super::person::Person;
use super::world::World;
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use truebell_core::event::What;
use truebell_core::letter::Enclosed;
use truebell_server::config::{LogFormat, LogLevel};
use truebell_server::logs::subscriber;

/// The log of this whole process: whatever any story here does, nothing of a person may get into it.
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Writes into [`LINES`].
struct Lines;

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_carries_a_word_or_address_of_anybody() {
    let format = if module_path!().starts_with("requests_on_sqlite") { LogFormat::Json } else { LogFormat::Text };
    tracing::subscriber::set_global_default(subscriber(format, LogLevel::Debug, || Lines)).unwrap();
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "zanzibar", 1).await;
    ada.sign_in(&world).await;
    ada.enrol(&world, "quagga-phone").await;
    ada.recorded(&ada.post(&world, "/v1/account/address", &change(&ada, &world)).send().await);
    // Refused, foreign and broken requests, with words in each place a word can be.
    let from = "203.0.113.77";
    world.get("/v1/vaults/quagga?q=zanzibar").header("x-forwarded-for", from).token("quagga-token").from("203.0.113.77:1").send().await;
    world.get("/v1/notices/quagga").send().await;
    world.post("/v1/sign-in/lookup", &serde_json::json!({ "email": "zanzibar@example.org", "quagga": 1 })).send().await;
    world.post("/v1/sign-up/start", &serde_json::json!("quagga")).send().await;
    world.page("/notice/quagga?zanzibar").await;
    world.get("/v1/devices").token(&ada.laptop.token).send().await;
    let text = String::from_utf8(LINES.lock().unwrap().clone()).unwrap();
    assert!(text.contains("/v1/sign-up/finish") && text.contains("/v1/notices/{code}"), "requests are logged: {text}");
    for word in ["zanzibar", "quagga", "example.org", "203.0.113", "laptop"] {
        assert!(!text.to_lowercase().contains(word), "{word} is in the log: {text}");
    }
    for id in [ada.account.to_string(), ada.laptop.new.device.to_string(), ada.vault.to_string(), ada.laptop.token.clone()] {
        assert!(!text.contains(&id), "{id} is in the log");
    }
}

fn change(ada: &Person, world: &World) -> truebell_core::wire::account::ChangeAddress {
    let what = What::AddressChanged { from_masked: "z…@example.org".into(), to_masked: "q…@example.org".into() };
    truebell_core::wire::account::ChangeAddress { email: "quagga@example.org".into(), act: ada.signed(world, what) }
}

#[tokio::test]
async fn metrics_count_by_route_and_outcome_and_name_nobody() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    ada.sign_in(&world).await;
    world.get("/v1/nothing-here").send().await;
    let text = world.metrics.render(&world.app).await;
    for line in [
        r#"truebell_requests_total{route="/v1/sign-up/finish",method="POST",outcome="done"} 1"#,
        r#"truebell_sign_ins_total{result="done"} 1"#,
        r#"truebell_request_seconds_count{route="/v1/sign-up/finish"} 1"#,
        r#"outcome="refused"} 1"#,
        "truebell_accounts 1",
        "truebell_store_up 1",
        r#"truebell_mails_waiting{state="queued"} 1"#,
        r#"truebell_mails_waiting{state="parked"} 0"#,
        "truebell_requests_at_work 0",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for word in ["ada", "example", "acc_", "dev_", "nothing-here"] {
        assert!(!text.contains(word), "{word} is in the metrics");
    }
}

#[tokio::test]
async fn a_server_that_works_is_ready() {
    let world = World::new().await;
    let (status, text) = world.page("/readyz").await;
    assert_eq!(status, 200, "{text}");
}

#[tokio::test]
async fn the_public_listener_has_no_metrics_and_describes_itself() {
    let world = World::new().await;
    assert_eq!(world.page("/metrics").await.0, 404);
    let (status, document) = world.page("/openapi.json").await;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!((status, document["openapi"].as_str()), (200, Some("3.1.0")));
    assert_eq!(world.page("/docs").await.0, 200);
}

#[tokio::test]
async fn the_page_of_a_mails_link_says_genuine_or_never_sent() {
    let world = World::new().await;
    Person::sign_up(&world, "ada", 1).await;
    let mail = world.store.claim_mail(world.now(), world.now()).await.unwrap().unwrap().mail;
    let enclosed: Enclosed = serde_json::from_str(&mail.values).unwrap();
    let code = enclosed.open(world.identity.server, &world.identity.key).unwrap().code().to_string();
    let (status, page) = world.page(&format!("/notice/{code}")).await;
    assert!(status == 200 && page.contains("<h1>Genuine</h1>") && page.contains("an account was created"), "{page}");
    let typed = code.to_lowercase().replace('-', "");
    assert!(world.page(&format!("/notice?code={typed}")).await.1.contains("<h1>Genuine</h1>"));
    for word in ["ada", "example", "laptop", "acc_"] {
        assert!(!page.contains(word), "{word}: anybody may ask");
    }
    assert!(world.page("/notice/00000-00000").await.1.contains("<h1>Never sent</h1>"));
    assert!(world.page("/notice/%3Cscript%3E").await.1.contains("<h1>That is not a check code</h1>"));
    assert!(world.page("/notice").await.1.contains("<h1>Is a mail from Truebell genuine?</h1>"));
}
