//! The table against the routes, the schemas against the wire, the committed document against both.

use super::*;
use std::collections::BTreeSet;
use truebell_core::account::AccountPublic;
use truebell_core::b64::Bytes;
use truebell_core::event::{Chain, CheckCode};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, DeviceId, ServerId, SessionId, VaultId};
use truebell_core::secret::Secret;
use truebell_core::sign::{PublicKey, Signature};
use truebell_core::time::UnixMillis;
use truebell_core::version::Version;
use truebell_core::wire::{account, device, log, notice, server, sign_in, sign_up, vault};

/// Every `.route("…", …)` and constant path in the routes' own source.
#[test]
fn the_table_lists_exactly_the_routes_there_are() {
    let source = include_str!("../routes/mod.rs");
    let quoted: BTreeSet<&str> = source.split('"').filter(|text| text.starts_with("/v1/")).collect();
    let listed: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
    assert_eq!(quoted, listed);
    let verbs = ["get(", "post(", "put(", "delete("].iter().map(|verb| source.matches(verb).count()).sum::<usize>();
    assert_eq!(verbs, ROUTES.len(), "a method was added to a path or taken away");
}

#[test]
fn the_table_of_signals_lists_exactly_their_routes() {
    let source = include_str!("../signals/routes/mod.rs");
    let is_path = |text: &&str| text.starts_with("/v1/") || text.starts_with("/.well-known/");
    let quoted: BTreeSet<&str> = source.split('"').filter(is_path).collect();
    assert_eq!(quoted, SIGNALS.iter().map(|(_, route)| route.path).collect());
    let verbs = ["get(", "post(", "put(", "patch(", "delete("].iter().map(|verb| source.matches(verb).count()).sum::<usize>();
    assert_eq!(verbs, SIGNALS.len(), "a method was added to a path or taken away");
}

#[test]
fn every_body_a_route_names_is_described_and_every_description_is_used() {
    let mut used: BTreeSet<&str> = BTreeSet::from(["Problem"]);
    for route in ROUTES {
        used.extend([route.body, route.answer].iter().filter_map(|body| if let Body::Json(name) = body { Some(*name) } else { None }));
    }
    let names: BTreeSet<&str> = SCHEMAS.iter().map(|schema| schema.name).collect();
    for schema in SCHEMAS {
        used.extend(schema.members().iter().map(|member| member.kind.trim_matches(['[', ']'])).filter(|kind| names.contains(kind)));
    }
    assert_eq!(used, names);
    let ids: BTreeSet<String> = ROUTES.iter().map(Route::id).collect();
    assert_eq!(ids.len(), ROUTES.len(), "operation ids are unique");
}

fn bytes() -> Bytes {
    Bytes(vec![1])
}

fn public() -> AccountPublic {
    AccountPublic { account: AccountId([1; 16]), signing: PublicKey([1; 32]), kem: bytes() }
}

fn session() -> account::Session {
    account::Session { session: SessionId([1; 16]), token: Secret::new("t"), expires: UnixMillis(1) }
}

fn machine_key() -> device::MachineKey {
    device::MachineKey { vault: VaultId([1; 16]), key: bytes() }
}

fn new_device() -> device::NewDevice {
    device::NewDevice { device: DeviceId([1; 16]), key: PublicKey([1; 32]), name: "n".into(), platform: "p".into() }
}

fn new_vault() -> vault::NewVault {
    vault::NewVault { vault: VaultId([1; 16]), key: bytes(), name: bytes(), head: bytes() }
}

fn device_info() -> device::DeviceInfo {
    let (enrolled, seen) = (UnixMillis(1), UnixMillis(1));
    device::DeviceInfo { device: DeviceId([1; 16]), name: "n".into(), platform: "p".into(), enrolled, seen, revoked: false }
}

fn session_info() -> device::SessionInfo {
    let (opened, expires) = (UnixMillis(1), UnixMillis(1));
    device::SessionInfo { session: SessionId([1; 16]), device: DeviceId([1; 16]), opened, expires, current: true }
}

fn act() -> String {
    "a".into()
}

/// Each wire type in full, as serde writes it.
#[expect(clippy::too_many_lines, reason = "a table: one row for each type")]
fn samples() -> Vec<(&'static str, Value)> {
    let proof = notice::Proof {
        kind: "k".into(),
        at: UnixMillis(1),
        server: ServerId([1; 16]),
        server_key: PublicKey([1; 32]),
        account: AccountId([1; 16]),
        account_key: PublicKey([1; 32]),
        event: "e".into(),
    };
    let retracted = notice::Verdict::Retracted { proof, retractions: vec!["e".into()] };
    let info = server::ServerInfo {
        server: ServerId([1; 16]),
        key: PublicKey([1; 32]),
        generation: bytes(),
        restore_epoch: 0,
        version: "v".into(),
        sign_up: server::SignUpMode::Open,
        attachment_bytes_max: 1,
        client_floor: Some(Version([0, 1, 0])),
        status_url: Some("s".into()),
    };
    let finish = sign_up::Finish {
        email: "e".into(),
        invitation: Some("i".into()),
        public: public(),
        opaque: bytes(),
        keyset: bytes(),
        vault: new_vault(),
        device: new_device(),
        act: act(),
    };
    let signed_in =
        sign_in::Finished { enrolment: Secret::new("t"), email: "e".into(), public: public(), keyset: bytes(), chain: Chain::default() };
    vec![
        ("Problem", json!(server::Problem { kind: "k".into(), title: "t".into(), status: 400, detail: Some("d".into()) })),
        ("ServerInfo", json!(info)),
        ("Checked", json!(notice::Checked { code: CheckCode::parse("00000-00000").unwrap(), verdict: retracted })),
        ("AskProofs", json!(log::AskProofs { origin: "o".into(), size: 1, events: vec![Hash32([1; 32])] })),
        ("Proofs", json!(log::Proofs { checkpoint: "c".into(), consistency: vec![], events: vec![] })),
        ("EventProof", json!(log::EventProof { digest: Hash32([1; 32]), index: 1, path: vec![] })),
        ("AccountPublic", json!(public())),
        ("Session", json!(session())),
        ("NewDevice", json!(new_device())),
        ("NewVault", json!(new_vault())),
        ("Chain", json!(Chain { seq: 1, digest: Hash32([1; 32]), epoch: 1 })),
        (
            "SignUpStart",
            json!(sign_up::Start { email: "e".into(), account: AccountId([1; 16]), invitation: Some("i".into()), opaque: bytes() }),
        ),
        ("SignUpStarted", json!(sign_up::Started { opaque: bytes() })),
        ("SignUpFinish", json!(finish)),
        ("SignUpFinished", json!(sign_up::Finished { session: session() })),
        ("Lookup", json!(sign_in::Lookup { email: "e".into() })),
        ("Looked", json!(sign_in::Looked { account: AccountId([1; 16]) })),
        ("SignInStart", json!(sign_in::Start { account: AccountId([1; 16]), ke1: bytes() })),
        ("SignInStarted", json!(sign_in::Started { ke2: bytes(), state: bytes() })),
        ("SignInFinish", json!(sign_in::Finish { state: bytes(), ke3: bytes(), totp: Some("1".into()) })),
        ("SignInFinished", json!(signed_in)),
        ("Enrol", json!(device::Enrol { device: new_device(), act: act() })),
        ("Enrolled", json!(device::Enrolled { session: session() })),
        ("DeviceInfo", json!(device_info())),
        ("MachineKey", json!(machine_key())),
        ("EnrolMachine", json!(device::EnrolMachine { device: new_device(), vaults: vec![machine_key()], act: act() })),
        ("Devices", json!(device::Devices { devices: vec![device_info()] })),
        ("SessionInfo", json!(session_info())),
        ("Sessions", json!(device::Sessions { sessions: vec![session_info()] })),
        ("Revoke", json!(device::Revoke { act: act() })),
        ("Recorded", json!(account::Recorded { event: "e".into() })),
        ("Challenge", json!(sign_in::Challenge { device: DeviceId([1; 16]) })),
        ("Challenged", json!(sign_in::Challenged { challenge: bytes() })),
        ("Prove", json!(sign_in::Prove { device: DeviceId([1; 16]), challenge: bytes(), signature: Signature([1; 64]) })),
        ("Proved", json!(sign_in::Proved { session: session() })),
        ("CredentialsStart", json!(account::CredentialsStart { ke1: bytes(), opaque: bytes() })),
        ("CredentialsStarted", json!(account::CredentialsStarted { ke2: bytes(), state: bytes(), opaque: bytes() })),
        (
            "CredentialsFinish",
            json!(account::CredentialsFinish { state: bytes(), ke3: bytes(), opaque: bytes(), keyset: bytes(), act: act() }),
        ),
        ("ChangeAddress", json!(account::ChangeAddress { email: "e".into(), act: act() })),
        ("Deletion", json!(account::Deletion { act: act() })),
        ("Acknowledge", json!(account::Acknowledge { act: act() })),
        ("AddSecondFactor", json!(account::AddSecondFactor { totp_uri: Secret::new("o"), code: "1".into(), act: act() })),
        ("RemoveSecondFactor", json!(account::RemoveSecondFactor { code: "1".into(), act: act() })),
        ("Committed", json!(vault::Committed { seq: 1 })),
    ]
}

#[test]
fn every_schema_has_exactly_the_members_serde_writes_of_the_right_kind() {
    let samples = samples();
    for schema in SCHEMAS {
        let (_, sample) = samples.iter().find(|(name, _)| *name == schema.name).unwrap_or_else(|| panic!("a sample of {}", schema.name));
        let written: BTreeSet<&str> = sample.as_object().unwrap().keys().map(String::as_str).collect();
        let members = schema.members();
        assert_eq!(written, members.iter().map(|member| member.name).collect(), "{}", schema.name);
        for member in members {
            let expected = match kind(&member)["type"].as_str() {
                Some("integer") => sample[member.name].is_u64(),
                Some("boolean") => sample[member.name].is_boolean(),
                Some("array") => sample[member.name].is_array(),
                Some("string") => sample[member.name].is_string(),
                _ => sample[member.name].is_object(),
            };
            assert!(expected, "{}.{} is written as {}", schema.name, member.name, sample[member.name]);
            if let Some(words) = kind(&member)["enum"].as_array() {
                assert!(words.contains(&sample[member.name]), "{}.{}", schema.name, member.name);
            }
        }
    }
}

/// Run with `TRUEBELL_WRITE_DOCS=1` to write the document anew.
#[test]
fn the_document_in_docs_is_the_one_this_server_serves() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if std::env::var_os("TRUEBELL_WRITE_DOCS").is_some() {
        std::fs::write(&path, pretty()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == pretty(), "docs/openapi.json is out of date: run this test with TRUEBELL_WRITE_DOCS=1 and commit it");
}

#[test]
fn the_page_has_every_route_and_no_script() {
    let page = page::html();
    for route in ROUTES.iter().chain(SIGNALS.iter().map(|(_, route)| route)) {
        assert!(page.contains(&format!("{} {}", route.method, route.path)), "{}", route.path);
    }
    assert!(!page.contains("<script") && page.contains("prefers-color-scheme:dark"));
    for target in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{target}\"")), "#{target} leads nowhere");
    }
}
