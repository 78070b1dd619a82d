//! The account's own life: sign-up, sign-in, passwords, keys, notices.

use super::super::testing::Fault;
use super::*;
use truebell_core::sign::Fingerprint;
use truebell_core::totp::Totp;

#[test]
fn a_password_change_is_one_notice_on_the_other_device_and_none_on_this() {
    let (story, mut laptop) = Story::begin();
    let mut phone = story.second_device();
    synced(&mut laptop);
    let seqs: Vec<u64> = laptop.unseen().unwrap().iter().map(|entry| entry.notice.seq).collect();
    assert_eq!(laptop.unseen().unwrap()[0].notice.kind, "device-enrolled");
    laptop.mark_seen(&seqs).unwrap();
    assert_eq!(phone.unseen().unwrap(), [], "its own enrolment is no news");

    laptop.change_password(&password(), &Secret::new("a new one")).unwrap();
    assert_eq!(laptop.unseen().unwrap(), []);
    assert_eq!(synced(&mut phone).notices, 1);
    assert_eq!(synced(&mut phone).notices, 0);
    let unseen = phone.unseen().unwrap();
    assert_eq!(unseen.len(), 1);
    assert_eq!(unseen[0].notice.sentence, "Your account password was changed on “laptop”.");
    let code = unseen[0].notice.code.clone();
    assert!(matches!(phone.verify_notice(&code).unwrap(), NoticeAnswer::Genuine { .. }));
    phone.mark_seen(&[unseen[0].notice.seq]).unwrap();
    assert_eq!(phone.unseen().unwrap(), []);
    assert!(phone.status().unwrap().newer_credentials);

    drop(laptop);
    assert!(matches!(story.unlock("laptop").err(), Some(Error::WrongPassword)));
    unlock(&story.profile("laptop"), &Secret::new("a new one"), None, story.server.world(9)).unwrap();
}

#[test]
fn a_device_that_slept_through_a_password_change_opens_with_the_new_one_once_it_asks() {
    let (story, mut laptop) = Story::begin();
    drop(story.second_device());
    laptop.change_password(&password(), &Secret::new("a new one")).unwrap();
    story.server.offline(true);
    let new = |world| unlock(&story.profile("phone"), &Secret::new("a new one"), None, world);
    let error = new(story.server.world(5)).err().unwrap();
    assert_eq!(error.to_string(), "this password does not open this account on this device: check it, and the keyboard's language");
    story.server.offline(false);
    let mut phone = new(story.server.world(6)).unwrap();
    assert_eq!(synced(&mut phone).notices, 1);
    drop(phone);
    assert!(matches!(story.unlock("phone"), Err(Error::WrongPassword)));
}

#[test]
fn a_keyset_that_was_damaged_when_it_came_does_not_lock_the_device() {
    let (story, mut laptop) = Story::begin();
    let mut phone = story.second_device();
    synced(&mut laptop);
    laptop.change_password(&password(), &Secret::new("a new one")).unwrap();
    let whole = story.server.exchange_keyset(vec![7; 120]);
    synced(&mut phone);
    drop(phone);
    drop(story.unlock("phone").unwrap());
    let new = |world| unlock(&story.profile("phone"), &Secret::new("a new one"), None, world);
    assert!(matches!(new(story.server.world(5)), Err(Error::WrongPassword)));
    story.server.exchange_keyset(whole);
    drop(new(story.server.world(6)).unwrap());
    story.server.offline(true);
    drop(new(story.server.world(7)).unwrap());
    assert!(matches!(story.unlock("phone"), Err(Error::WrongPassword)), "the old password is over once the new one was used");
}

#[test]
fn a_rotated_secret_key_opens_with_its_new_kit_only() {
    let (story, mut laptop) = Story::begin();
    drop(story.second_device());
    let kit = laptop.rotate_secret_key(&password()).unwrap();
    assert_eq!((kit.epoch, kit.secret_key == story.kit.secret_key), (2, false));
    drop(laptop);
    story.unlock("laptop").unwrap();
    assert!(matches!(story.sign_in("tablet", &password()).err(), Some(Error::WrongDetails)));
    let tested = test_kit(&kit, &password(), &mut story.server.world(8), &mut || None).unwrap();
    assert_eq!((tested.epoch, tested.kit_epoch, tested.email_moved), (2, 2, false));
    // The other device works on with what it has, and takes the new key when it is typed.
    drop(story.unlock("phone").unwrap());
    let phone = unlock(&story.profile("phone"), &password(), Some(&kit.secret_key), story.server.world(8)).unwrap();
    drop(phone);
    story.unlock("phone").unwrap();
}

#[test]
fn a_rotation_whose_answers_are_lost_loses_no_key() {
    let (story, mut laptop) = Story::begin();
    for _ in 0..3 {
        story.server.fail_next("/v1/account/credentials/finish", Fault::AnswerLost);
    }
    laptop.rotate_secret_key(&password()).unwrap_err();
    synced(&mut laptop);
    drop(laptop);
    let laptop = story.unlock("laptop").unwrap();
    let kit = laptop.kit().unwrap();
    assert_ne!(kit.secret_key, story.kit.secret_key);
    test_kit(&kit, &password(), &mut story.server.world(8), &mut || None).unwrap();
    assert_eq!(
        laptop.inbox().unwrap().iter().map(|entry| (entry.notice.kind, entry.own)).collect::<Vec<_>>(),
        [("secret-key-rotated", true), ("account-created", true)]
    );
}

#[test]
fn a_sign_up_whose_answers_are_lost_is_finished_the_next_time() {
    let (server, home) = (Fake::new(), tempfile::tempdir().unwrap());
    let profile = Profile::open("laptop", Some(home.path())).unwrap();
    for _ in 0..3 {
        server.fail_next("/v1/sign-up/finish", Fault::AnswerLost);
    }
    sign_up(&profile, &ada(), server.world(2)).err().unwrap();
    assert_eq!(profile.device().unwrap(), None);
    let (client, kit) = sign_up(&profile, &ada(), server.world(3)).unwrap();
    assert_eq!(client.status().unwrap().email, "ada@example.org");
    test_kit(&kit, &password(), &mut server.world(8), &mut || None).unwrap();
    drop(client);
    let error = sign_up(&profile, &ada(), server.world(4)).err().unwrap();
    assert!(error.to_string().contains("has an account already"), "{error}");
}

#[test]
fn a_wrong_fingerprint_stops_before_anything_is_sent() {
    let (story, _laptop) = Story::begin();
    story.server.requests();
    let request = SignIn {
        server: URL.into(),
        fingerprint: Some(Fingerprint("SHA256:other".into())),
        email: "ada@example.org".into(),
        secret_key: story.kit.secret_key.clone(),
        password: password(),
        device_name: "phone".into(),
    };
    let error = sign_in(&story.profile("phone"), &request, story.server.world(3), &mut || None).err().unwrap();
    assert!(matches!(error, Error::Fingerprint { .. }));
    assert_eq!(story.server.requests(), ["/v1/server"]);
}

#[test]
fn a_second_factor_is_asked_for_on_new_devices_only() {
    let (story, mut laptop) = Story::begin();
    let uri = laptop.make_second_factor().unwrap();
    let totp = Totp::parse(uri.expose()).unwrap();
    let code = || totp.code(Clock::now(&story.server)).text.expose().to_owned();
    let error = laptop.add_second_factor(&uri, "000000").err().unwrap();
    assert_eq!(error.kind(), Kind::Credentials);
    laptop.add_second_factor(&uri, &code()).unwrap();
    assert_eq!(laptop.status().unwrap().second_factors, ["totp"]);
    assert!(matches!(story.sign_in("phone", &password()).err(), Some(Error::SecondFactorNeeded)));
    let tested = test_kit(&story.kit, &password(), &mut story.server.world(8), &mut || Some(code()));
    assert_eq!(tested.unwrap().epoch, 1);
    drop(laptop);
    story.unlock("laptop").unwrap();
}

#[test]
fn an_ended_session_is_renewed_without_a_word() {
    let (story, mut laptop) = Story::begin();
    story.server.end_sessions();
    add(&mut laptop, "Mail", "one");
    assert_eq!(synced(&mut laptop).pushed, 1);
    story.server.pass(7_200);
    assert_eq!(laptop.devices().unwrap().len(), 1);
    assert_eq!(laptop.unseen().unwrap(), []);
}

#[test]
fn a_revoked_device_keeps_its_data_and_hears_no_invented_news() {
    let (story, mut laptop) = Story::begin();
    let at = add(&mut laptop, "Mail", "one");
    synced(&mut laptop);
    let mut phone = story.second_device();
    synced(&mut laptop);
    laptop.revoke_device(phone.device_id()).unwrap();
    let sentence = phone.sync().unwrap().sentence;
    assert!(sentence.starts_with("This device cannot open a session on this server."), "{sentence}");
    assert_eq!((value(&phone, at, "password").as_str(), phone.unseen().unwrap().len()), ("one", 0));
    drop(phone);
    assert_eq!(value(&story.unlock("phone").unwrap(), at, "password"), "one");
}

#[test]
fn the_address_changes_and_a_deletion_is_taken_back() {
    let (story, mut laptop) = Story::begin();
    laptop.change_address("ada@example.net").unwrap();
    assert_eq!(laptop.status().unwrap().email, "ada@example.net");
    assert!(laptop.schedule_deletion().unwrap() > Clock::now(&story.server));
    assert!(laptop.status().unwrap().deletion_due.is_some());
    laptop.cancel_deletion().unwrap();
    assert_eq!(laptop.status().unwrap().deletion_due, None);
    let mut kinds: Vec<_> = laptop.inbox().unwrap().into_iter().map(|entry| entry.notice.kind).collect();
    kinds.reverse();
    assert_eq!(kinds, ["account-created", "address-changed", "deletion-scheduled", "deletion-cancelled"]);
}

#[test]
fn signing_out_refuses_while_edits_wait() {
    let (story, mut laptop) = Story::begin();
    add(&mut laptop, "Mail", "one");
    let error = laptop.sign_out(false).err().unwrap();
    assert!(error.to_string().starts_with("1 edits"), "{error}");
    let mut laptop = story.unlock("laptop").unwrap();
    synced(&mut laptop);
    laptop.sign_out(false).unwrap();
    assert!(!story.profile("laptop").folder().exists());
}

#[test]
fn an_address_in_the_clear_is_refused_unless_it_is_this_machine() {
    use super::super::enrol::address;
    for (typed, expected) in [
        ("https://vault.example.org/", Some("https://vault.example.org")),
        ("http://127.0.0.1:8484", Some("http://127.0.0.1:8484")),
        ("http://[::1]:8484", Some("http://[::1]:8484")),
        ("http://localhost", Some("http://localhost")),
        ("http://vault.example.org", None),
        ("http://127.0.0.1.example.org", None),
        ("vault.example.org", None),
        ("https://", None),
        ("https://ada@example.org", None),
    ] {
        assert_eq!(address(typed).ok().as_deref(), expected, "{typed}");
    }
}
