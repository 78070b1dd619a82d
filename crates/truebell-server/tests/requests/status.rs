//! What the operator says: a maintenance puts writes off and touches nobody's session, an old client is told to update, and the
//! document is this server's.

use super::person::Person;
use super::world::{Reply, World};
use std::time::Duration;
use truebell_core::hash::Hash32;
use truebell_core::head::Status as Outcome;
use truebell_core::ids::ItemId;
use truebell_core::status::{Said, Scope, State, Status, StatusId};
use truebell_core::time::UnixMillis;
use truebell_core::version::Version;
use truebell_core::wire::server::ServerInfo;
use truebell_core::wire::sync::Have;
use truebell_server::status::say;

async fn begin(world: &World, scope: Scope) -> (StatusId, UnixMillis) {
    let (start, end) = (world.now(), world.now() + Duration::from_hours(1));
    let said = Said::MaintenanceAnnounced { start, end, note: "Moving house.".into(), scope };
    let (of, is_stored) = say(&world.app, said).await;
    assert!(is_stored);
    say(&world.app, Said::MaintenanceBegun { of: of.clone(), end }).await;
    (of, end)
}

fn is_put_off(reply: &Reply, until: UnixMillis) -> bool {
    reply.status == 503 && reply.head.status == Outcome::Maintenance { until, note: "Moving house.".into() }
}

#[tokio::test]
async fn a_maintenance_puts_writes_off_serves_reads_and_ends_no_session() {
    let world = World::new().await;
    let mut ada = Person::sign_up(&world, "ada", 1).await;
    ada.write(&world, vec![ada.revision(ItemId([1; 16]), 1, Hash32::default(), 100)]).await;
    let (of, until) = begin(&world, Scope::Writes).await;
    let token = ada.laptop.token.clone();
    for read in ["/v1/devices", "/v1/sessions", "/v1/server", "/v1/status"] {
        assert_eq!(world.get(read).token(&token).send().await.word(), "ok", "{read}");
    }
    let synced = world.post_cbor("/v1/sync", &Have::default()).token(&token).send().await;
    assert!(synced.word() == "ok" && !synced.cut && synced.head.account.is_some());
    for write in ["/v1/vaults", "/v1/sign-out", "/v1/sign-in/lookup", "/v1/sessions", "/v1/sign-up/start", "/v1/account/address"] {
        let reply = world.post(write, &serde_json::json!({})).token(&token).send().await;
        assert!(is_put_off(&reply, until), "{write}: {:?}", reply.head.status);
        let seconds: u64 = reply.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((3600..3600 + 10).contains(&seconds), "an hour, and not everybody at once: {seconds}");
    }
    // It lasts longer than was said: clients look in every minute.
    world.wait(Duration::from_hours(2));
    assert!(is_put_off(&world.post("/v1/vaults", &()).token(&token).send().await, world.now() + Duration::from_mins(1)));
    say(&world.app, Said::MaintenanceEnded { of }).await;
    ada.write(&world, vec![ada.revision(ItemId([2; 16]), 1, Hash32::default(), 100)]).await;
    assert_eq!(world.get("/v1/sessions").token(&token).send().await.word(), "ok", "the token of before is good");
}

#[tokio::test]
async fn a_maintenance_of_everything_still_says_who_the_server_is_and_what_goes_on() {
    let world = World::new().await;
    let ada = Person::sign_up(&world, "ada", 1).await;
    let (_, until) = begin(&world, Scope::All).await;
    assert!(is_put_off(&world.get("/v1/devices").token(&ada.laptop.token).send().await, until));
    assert!(is_put_off(&world.post_cbor("/v1/sync", &Have::default()).token(&ada.laptop.token).send().await, until));
    let info: ServerInfo = world.get("/v1/server").send().await.json();
    assert_eq!(info.client_floor, Some(Version([0, 1, 0])));
    let document = world.get("/v1/status").send().await.text();
    let status = Status::verify(&document, world.identity.server, &world.identity.key, world.now()).unwrap();
    assert_eq!((status.state, status.current().map(|told| told.end)), (State::Maintenance, Some(until)));
    assert_eq!(world.page("/healthz").await.0, 200);
}

#[tokio::test]
async fn a_client_below_the_floor_is_told_what_it_needs_and_others_are_served() {
    let world = World::with(|settings| settings.client_floor = Version([0, 3, 0])).await;
    for (client, word) in [
        (Some("truebell-cli/0.2.9"), "outdated"),
        (Some("truebell-cli/0.3.0"), "no-session"),
        (Some("truebell-web/1.0.0"), "no-session"),
        (Some("somebody's own"), "no-session"),
        (None, "no-session"),
    ] {
        let ask = world.get("/v1/devices");
        let reply = match client {
            Some(client) => ask.header("truebell-client", client).send().await,
            None => ask.send().await,
        };
        assert_eq!(reply.word(), word, "{client:?}");
        if word == "outdated" {
            assert_eq!(reply.head.status, Outcome::Outdated { needs: "0.3.0".into() });
        }
    }
    let info = world.get("/v1/server").header("truebell-client", "truebell-cli/0.1.0").send().await;
    assert_eq!(info.json::<ServerInfo>().client_floor, Some(Version([0, 3, 0])), "an old client learns what it needs");
}

#[tokio::test]
async fn the_pages_are_served_with_the_signed_document_beside_them() {
    let world = World::with(|settings| settings.public_url = "https://vault.example.org".into()).await;
    assert!(world.page("/status").await.1.contains("Everything works."));
    let (of, _) = say(&world.app, Said::IncidentOpened { title: "Sign-in is slow".into(), words: "We are <looking>.".into() }).await;
    let (status, page) = world.page("/status/index.html").await;
    assert!(
        status == 200
            && page.contains("Something is wrong.")
            && page.contains("We are &lt;looking&gt;.")
            && page.contains(">vault.example.org<")
    );
    assert!(page.contains("href=\"/status/status.jws\""), "it is found from wherever the page is");
    let (_, document) = world.page("/status/status.jws").await;
    let told = Status::verify(&document, world.identity.server, &world.identity.key, world.now()).unwrap();
    assert_eq!(serde_json::from_str::<Status>(&world.page("/status/status.json").await.1).unwrap(), told);
    assert!(world.page("/status/feed.atom").await.1.contains("<title>Sign-in is slow</title>"));
    assert_eq!(world.page("/status/passwords").await.0, 404);
    say(&world.app, Said::IncidentClosed { of, words: "It was the disk.".into() }).await;
    assert!(world.page("/status").await.1.contains("Everything works."), "what is said is there at once");
}
