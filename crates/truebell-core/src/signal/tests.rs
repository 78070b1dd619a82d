//! What is told is proven, says no more than the event, and is the same each time.

use super::*;
use crate::event::{CheckCode, NotProven, Of, Plea, Trust, What};
use crate::ids::{DeviceId, EventId, SessionId, SignalId, StreamId, VaultId};
use crate::sign::{PublicKey, Purpose};
use crate::testing::World;
use crate::time::UnixMillis;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

const STREAM: StreamId = StreamId([3; 16]);

fn addresses() -> Addresses {
    Addresses { of: "ada@example.org".into(), to: Some("lovelace@example.net".into()) }
}

fn every_act() -> Vec<What> {
    let (device, key) = (DeviceId([5; 16]), PublicKey([7; 32]));
    vec![
        What::AccountCreated { device_key: key },
        What::PasswordChanged {},
        What::SecretKeyRotated {},
        What::DeviceEnrolled { enrolled: device, device_key: key, platform: "linux command line".into() },
        What::DeviceRevoked { revoked: device, revoked_name: "old phone".into() },
        What::SessionRevoked { session: SessionId([6; 16]), of_device: device, of_device_name: "old phone".into() },
        What::AddressChanged { from_masked: "a…@example.org".into(), to_masked: "l…@example.net".into() },
        What::SecondFactorAdded { kind: "totp".into() },
        What::SecondFactorRemoved { kind: "totp".into() },
        What::DeletionScheduled { due: UnixMillis(1_900_000_000_000) },
        What::DeletionCancelled {},
        What::Acknowledged {
            of: Of { event: EventId([2; 16]), seq: 2, code: CheckCode::parse("00000-00000").unwrap() },
            plea: Plea::ThatWasMe,
        },
        What::MachineEnrolled { enrolled: device, device_key: key, name: "build".into(), vaults: vec![VaultId([8; 16])] },
    ]
}

fn envelope(subjects: Subjects) -> Envelope<'static> {
    let (issuer, audience) = ("https://pw.example.org", "https://siem.example.org/truebell");
    Envelope { id: SignalId([9; 16]), issuer, audience, subjects, algorithm: Algorithm::EdDsa, key: "k" }
}

fn claims(set: &str) -> Value {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(set.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap()
}

fn told(set: &str, trust: &Trust, kind: Kind, subjects: Subjects) -> String {
    let signal = Signal::of_event(set, trust, kind, subjects, Some(&addresses()), UnixMillis(1_950_000_000_000)).unwrap();
    claims(&signal.to_set(&envelope(subjects), |_| Some(vec![0; 64])).unwrap()).to_string()
}

#[test]
fn each_act_becomes_the_signal_that_is_written_down_and_nothing_of_the_device_is_told() {
    let mut world = World::new(41);
    let mut lines = Vec::new();
    for what in every_act() {
        let (word, kinds) = (what.word(), kinds(&what));
        let set = world.happen(what);
        for kind in kinds.iter() {
            let subjects = if kind == Kind::IdentifierChanged { Subjects::Email } else { Subjects::Account };
            let text = told(&set, &world.trust(), kind, subjects);
            assert!(!text.contains("Ada") && !text.contains("phone") && !text.contains('…'), "{text}");
            let said = serde_json::from_str::<Value>(&text).unwrap();
            lines.push(format!("{word}: {} {}", said["sub_id"]["format"].as_str().unwrap(), said["events"]));
        }
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    account-created: iss_sub {"urn:truebell:event:account-created":{"event_timestamp":1800000000}}
    password-changed: iss_sub {"https://schemas.openid.net/secevent/caep/event-type/credential-change":{"change_type":"update","credential_type":"password","event_timestamp":1800000001,"initiating_entity":"user","reason_admin":{"en":"The account holder changed the account password."}}}
    secret-key-rotated: iss_sub {"https://schemas.openid.net/secevent/caep/event-type/credential-change":{"change_type":"update","credential_type":"urn:truebell:credential:secret-key","event_timestamp":1800000002,"initiating_entity":"user","reason_admin":{"en":"The account holder replaced the Secret Key."}}}
    device-enrolled: iss_sub {"https://schemas.openid.net/secevent/caep/event-type/credential-change":{"change_type":"create","credential_type":"urn:truebell:credential:device-key","event_timestamp":1800000003,"initiating_entity":"user","reason_admin":{"en":"The account was opened on a new device."}}}
    device-revoked: complex {"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{"event_timestamp":1800000004,"initiating_entity":"user","reason_admin":{"en":"The account holder removed the device: all its sessions ended."}}}
    session-revoked: complex {"https://schemas.openid.net/secevent/caep/event-type/session-revoked":{"event_timestamp":1800000005,"initiating_entity":"user","reason_admin":{"en":"The account holder ended the session."}}}
    address-changed: email {"https://schemas.openid.net/secevent/risc/event-type/identifier-changed":{"new-value":"lovelace@example.net"}}
    address-changed: iss_sub {"urn:truebell:event:address-changed":{"event_timestamp":1800000006}}
    second-factor-added: iss_sub {"https://schemas.openid.net/secevent/caep/event-type/credential-change":{"change_type":"create","credential_type":"app","event_timestamp":1800000007,"initiating_entity":"user","reason_admin":{"en":"The account holder added a second factor."}}}
    second-factor-removed: iss_sub {"https://schemas.openid.net/secevent/caep/event-type/credential-change":{"change_type":"delete","credential_type":"app","event_timestamp":1800000008,"initiating_entity":"user","reason_admin":{"en":"The account holder removed the second factor."}}}
    deletion-scheduled: iss_sub {"urn:truebell:event:deletion-scheduled":{"due":1900000000,"event_timestamp":1800000009}}
    deletion-cancelled: iss_sub {"urn:truebell:event:deletion-cancelled":{"event_timestamp":1800000010}}
    acknowledged: iss_sub {"urn:truebell:event:retraction":{"event_timestamp":1800000011,"initiating_entity":"user","of":{"txn":"evt_02081040g2081040g2081040g2"}}}
    machine-enrolled: iss_sub {"https://schemas.openid.net/secevent/caep/event-type/credential-change":{"change_type":"create","credential_type":"urn:truebell:credential:device-key","event_timestamp":1800000012,"initiating_entity":"user","reason_admin":{"en":"The account holder let a machine read some vaults."}}}
    "#);
}

#[test]
fn the_claims_of_a_token_are_these_and_no_others() {
    let mut world = World::new(42);
    let set = world.happen(What::PasswordChanged {});
    insta::assert_snapshot!(told(&set, &world.trust(), Kind::CredentialChange, Subjects::Account), @r#"{"aud":"https://siem.example.org/truebell","events":{"https://schemas.openid.net/secevent/caep/event-type/credential-change":{"change_type":"update","credential_type":"password","event_timestamp":1800000000,"initiating_entity":"user","reason_admin":{"en":"The account holder changed the account password."}}},"iat":1800000001,"iss":"https://pw.example.org","jti":"sig_09144gj289144gj289144gj289","sub_id":{"format":"iss_sub","iss":"https://pw.example.org","sub":"acc_54r0y0efv5zd4vrbfnbrch5z51"},"txn":"evt_0gchq1ezpqwgamsprfwhamjam2"}"#);
    let set = world.happen(every_act().remove(5));
    let said: Value = serde_json::from_str(&told(&set, &world.trust(), Kind::SessionRevoked, Subjects::Email)).unwrap();
    insta::assert_snapshot!(said["sub_id"].to_string(), @r#"{"device":{"format":"opaque","id":"dev_050m2ga1850m2ga1850m2ga185"},"format":"complex","session":{"format":"opaque","id":"ses_060r30c1g60r30c1g60r30c1g6"},"user":{"email":"ada@example.org","format":"email"}}"#);
    let note = Signal::verification(STREAM, UnixMillis(5000), Some("hello"));
    insta::assert_snapshot!(claims(&note.to_set(&envelope(Subjects::Email), |_| Some(vec![])).unwrap()).to_string(), @r#"{"aud":"https://siem.example.org/truebell","events":{"https://schemas.openid.net/secevent/ssf/event-type/verification":{"state":"hello"}},"iat":5,"iss":"https://pw.example.org","jti":"sig_09144gj289144gj289144gj289","sub_id":{"format":"opaque","id":"str_030c1g60r30c1g60r30c1g60r3"}}"#);
}

#[test]
fn nothing_is_told_that_the_event_does_not_prove() {
    let mut world = World::new(43);
    let set = world.happen(What::PasswordChanged {});
    let make = |set: &str, trust: &Trust, kind| Signal::of_event(set, trust, kind, Subjects::Account, None, world.now);
    for kind in Kind::EVENTS {
        assert_eq!(make(&set, &world.trust(), kind).is_ok(), kind == Kind::CredentialChange, "{kind}");
    }
    for note in [Kind::Verification, Kind::StreamUpdated] {
        assert_eq!(make(&set, &world.trust(), note).unwrap_err(), NotASignal::SaysOther);
    }
    let other = World::new(44).trust();
    let expect = |trust: Trust, why| assert_eq!(make(&set, &trust, Kind::CredentialChange).unwrap_err(), NotASignal::NotProven(why));
    expect(Trust { server_key: other.server_key, ..world.trust() }, NotProven::Server);
    expect(Trust { account_key: other.account_key, ..world.trust() }, NotProven::Account);
    expect(Trust { account: other.account, ..world.trust() }, NotProven::Mismatch);
    for place in (0..set.len()).step_by(7) {
        let mut changed = set.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(make(&changed, &world.trust(), Kind::CredentialChange).is_err(), "byte {place}");
    }
}

#[test]
fn the_end_of_an_account_is_told_when_it_was_due_and_from_the_wish_only() {
    let mut world = World::new(45);
    let due = UnixMillis(1_900_000_000_000);
    let set = world.happen(What::DeletionScheduled { due });
    let cancelled = world.happen(What::DeletionCancelled {});
    let make = |set: &str, at| Signal::of_event(set, &world.trust(), Kind::AccountPurged, Subjects::Account, None, at).map(|_| ());
    assert_eq!(make(&set, UnixMillis(due.0 - 1)), Err(NotASignal::NotDue));
    assert_eq!(make(&set, due), Ok(()));
    assert_eq!(make(&cancelled, due), Err(NotASignal::SaysOther));
    assert!(schedules_deletion(&set) && !schedules_deletion(&cancelled) && !schedules_deletion("x.y.z"));
}

#[test]
fn an_address_is_told_only_where_what_was_signed_agrees_with_it() {
    let mut world = World::new(46);
    let set = world.happen(every_act().remove(6));
    let make = |addresses: Option<&Addresses>| {
        Signal::of_event(&set, &world.trust(), Kind::IdentifierChanged, Subjects::Email, addresses, world.now).map(|_| ())
    };
    assert_eq!(make(Some(&addresses())), Ok(()));
    for wrong in [
        None,
        Some(Addresses { of: "eve@example.org".into(), ..addresses() }),
        Some(Addresses { to: Some("eve@example.org".into()), ..addresses() }),
        Some(Addresses { to: None, ..addresses() }),
        Some(Addresses { of: "none".into(), ..addresses() }),
    ] {
        assert_eq!(make(wrong.as_ref()), Err(NotASignal::Address), "{wrong:?}");
    }
}

#[test]
fn a_signal_told_again_is_the_same_token_and_another_stream_has_another() {
    let mut world = World::new(47);
    let set = world.happen(What::PasswordChanged {});
    let token = |_try: u32| {
        let signal = Signal::of_event(&set, &world.trust(), Kind::CredentialChange, Subjects::Account, None, world.now).unwrap();
        let key = &world.server_key;
        signal.to_set(&envelope(Subjects::Account), |input| Some(key.sign(Purpose::Jws, input).0.to_vec())).unwrap()
    };
    assert_eq!(token(1), token(2));
    let id = |stream, kind| derive_id(stream, &[4; 16], kind);
    assert_eq!(id(STREAM, Kind::CredentialChange).to_string(), "sig_3yxscv87atw5xhq2awfttcc1k7");
    assert_ne!(id(STREAM, Kind::CredentialChange), id(StreamId([4; 16]), Kind::CredentialChange));
    assert_ne!(id(STREAM, Kind::CredentialChange), id(STREAM, Kind::SessionRevoked));
}

#[test]
fn a_token_for_others_is_never_an_event_for_a_device() {
    let mut world = World::new(48);
    let before = world.chain;
    let set = world.happen(What::PasswordChanged {});
    let signal = Signal::of_event(&set, &world.trust(), Kind::CredentialChange, Subjects::Account, None, world.now).unwrap();
    let issuer = format!("urn:truebell:{}", world.server);
    let envelope = Envelope { issuer: &issuer, ..envelope(Subjects::Opaque) };
    let token = signal.to_set(&envelope, |input| Some(world.server_key.sign(Purpose::Jws, input).0.to_vec())).unwrap();
    assert_eq!(crate::event::verify(&token, &world.trust(), &before), Err(NotProven::Malformed));
}

#[test]
fn subjects_are_read_in_three_formats_and_strangers_are_nobody() {
    let account = World::new(49).keys.account();
    let issuer = "https://pw.example.org";
    let read = |value: Value| Subject::read(&value, issuer);
    assert_eq!(read(json!({"format": "iss_sub", "iss": issuer, "sub": account})), Ok(Subject::Account(account)));
    assert_eq!(read(json!({"format": "opaque", "id": account})), Ok(Subject::Account(account)));
    assert!(matches!(read(json!({"format": "email", "email": "Ada@Example.org"})), Ok(Subject::Email(_))));
    for nobody in [
        json!({"format": "iss_sub", "iss": "https://other.example.org", "sub": account}),
        json!({"format": "opaque", "id": "jane"}),
        json!({"format": "email", "email": "not an address"}),
    ] {
        assert_eq!(read(nobody), Ok(Subject::Nobody));
    }
    for (wrong, why) in [
        (json!({"format": "iss_sub", "iss": issuer}), NotASubject::Malformed),
        (json!({"format": "email", "email": 5}), NotASubject::Malformed),
        (json!({"format": "phone_number", "phone_number": "+12065550100"}), NotASubject::Format),
        (json!("ada"), NotASubject::Malformed),
        (json!({}), NotASubject::Malformed),
    ] {
        assert_eq!(read(wrong), Err(why));
    }
}

fn asked(body: Value) -> CreateStream {
    serde_json::from_value(body).unwrap()
}

fn create(body: Value) -> Result<WholeStream, NotAStream> {
    asked(body).check()
}

#[test]
fn a_stream_is_made_as_asked_and_what_is_wrong_has_its_sentence() {
    let made = create(json!({})).ok().unwrap();
    assert!(made.delivery == Delivery::Poll && made.requested.is_none());
    let all = Kinds::supported(Subjects::Account);
    assert_eq!(made.delivered(all), all, "whoever asks for nothing gets what there is");
    let push = |url: &str| json!({"delivery": {"method": PUSH, "endpoint_url": url}});
    assert!(create(push("https://siem.example.org:8443/in?a=b")).is_ok());
    for url in [
        "",
        "ftp://x",
        "https://",
        "https://:1/",
        "https://a@b/",
        "https://x/#f",
        "https://x y/",
        "https://x\\y",
        &format!("https://x/{}", "a".repeat(2048)),
    ] {
        assert_eq!(create(push(url)).err(), Some(NotAStream::Endpoint), "{url}");
    }
    for (body, why) in [
        (json!({"delivery": {"method": PUSH}}), NotAStream::Endpoint),
        (json!({"delivery": {"method": "push"}}), NotAStream::Method),
        (json!({"delivery": {"method": PUSH, "endpoint_url": "https://x/", "authorization_header": "a\r\nb"}}), NotAStream::Header),
        (json!({"delivery": {"method": POLL, "endpoint_url": "https://x/"}}), NotAStream::NotForPoll),
        (json!({"delivery": {"method": POLL, "authorization_header": "x"}}), NotAStream::NotForPoll),
        (json!({"events_requested": vec!["x"; 65]}), NotAStream::Events),
    ] {
        assert_eq!(create(body.clone()).err(), Some(why), "{body}");
    }
    let some = create(json!({"events_requested": [Kind::SessionRevoked.uri(), "urn:example:unknown", "credential-change"]})).ok().unwrap();
    assert_eq!(some.delivered(all).iter().collect::<Vec<_>>(), [Kind::SessionRevoked], "by URI and not by word");
}

#[test]
fn a_patch_keeps_what_it_does_not_name_and_a_put_does_not() {
    let stored = create(json!({"delivery": {"method": PUSH, "endpoint_url": "https://x/", "authorization_header": "Bearer a"},
        "events_requested": [Kind::SessionRevoked.uri()], "description": "one"}))
    .ok()
    .unwrap();
    let url = "https://pw.example.org/v1/signals/poll/x";
    let all = Kinds::supported(Subjects::Account);
    let now = StreamInfo::new(STREAM, ("https://pw.example.org", "aud"), &stored, all, url.into());
    let changed = |body: Value| serde_json::from_value::<Changed>(body).unwrap();
    let same = changed(json!({"stream_id": "x", "description": "two"})).change(&now, stored.clone(), url).ok().unwrap();
    assert!(same.delivery == stored.delivery && same.requested == stored.requested && same.description.as_deref() == Some("two"));
    let less = changed(json!({"stream_id": "x", "events_requested": null})).change(&now, stored.clone(), url).ok().unwrap();
    assert!(less.requested.is_none() && less.description.as_deref() == Some("one"));
    let whole = changed(json!({"stream_id": "x"})).replace(&now, url).ok().unwrap();
    assert!(whole.delivery == Delivery::Poll && whole.requested.is_none() && whole.description.is_none());
    let read = serde_json::to_value(&now).unwrap();
    assert!(changed(read.clone()).replace(&now, url).is_ok(), "what was read can be written back");
    for (name, value) in
        [("iss", json!("https://other")), ("aud", json!(["aud"])), ("events_delivered", json!([])), ("min_verification_interval", json!(1))]
    {
        let mut body = read.clone();
        body[name] = value;
        assert_eq!(changed(body.clone()).replace(&now, url).err(), Some(NotAStream::NotYours), "{name}");
        assert_eq!(changed(body).change(&now, stored.clone(), url).err(), Some(NotAStream::NotYours), "{name}");
    }
}

#[test]
fn a_poll_is_read_as_rfc_8936_has_it_and_answered_in_order() {
    let read = |body: Value| serde_json::from_value::<PollRequest>(body);
    assert_eq!(read(json!({})).unwrap().limit(), EVENTS_MAX);
    assert_eq!(read(json!({"maxEvents": 1000, "returnImmediately": true})).unwrap().limit(), EVENTS_MAX);
    let (one, two) = (SignalId([1; 16]), SignalId([2; 16]));
    let poll =
        read(json!({"maxEvents": 0, "ack": [two, "other"], "setErrs": {one.to_string(): {"err": "invalid_key", "description": "a\nb"}}}))
            .unwrap();
    assert_eq!((poll.limit(), poll.acknowledged()), (0, vec![two]));
    assert_eq!(poll.refused(), [(one, "invalid_key: a b".to_owned())]);
    for wrong in [json!({"maxEvents": -1}), json!({"ack": "x"}), json!({"setErrs": []}), json!([])] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
    let answer = PollAnswer { sets: vec![(two, "b".into()), (one, "a".into())], more_available: true };
    assert_eq!(serde_json::to_string(&answer).unwrap(), format!(r#"{{"sets":{{"{two}":"b","{one}":"a"}},"moreAvailable":true}}"#));
}

#[test]
fn the_configuration_names_every_endpoint_and_the_keys_have_their_names() {
    insta::assert_snapshot!(serde_json::to_string(&Metadata::at("https://pw.example.org")).unwrap(), @r#"{"spec_version":"1_0","issuer":"https://pw.example.org","jwks_uri":"https://pw.example.org/v1/signals/keys","delivery_methods_supported":["urn:ietf:rfc:8935","urn:ietf:rfc:8936"],"configuration_endpoint":"https://pw.example.org/v1/signals/stream","status_endpoint":"https://pw.example.org/v1/signals/status","add_subject_endpoint":"https://pw.example.org/v1/signals/subjects/add","remove_subject_endpoint":"https://pw.example.org/v1/signals/subjects/remove","verification_endpoint":"https://pw.example.org/v1/signals/verify","authorization_schemes":[{"spec_urn":"urn:ietf:rfc:6749"},{"spec_urn":"urn:ietf:rfc:6750"}],"default_subjects":"NONE"}"#);
    let key = PublicKey([7; 32]);
    insta::assert_snapshot!(serde_json::to_string(&Jwk::of_server(&key)).unwrap(), @r#"{"kty":"OKP","use":"sig","alg":"EdDSA","kid":"SHA256:C4kJ4TZ6QZGEbMjqDtfm7YWIUoILlysEA9YmfZd_FG0","crv":"Ed25519","x":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}"#);
    // The example of RFC 7638, section 3.1.
    let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let jwk = Jwk::of_rsa(&BASE64URL_NOPAD.decode(n.as_bytes()).unwrap(), &[1, 0, 1]);
    assert_eq!(jwk.kid, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}
