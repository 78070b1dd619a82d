//! Claims about the account's security that nobody proves: MS-22.

use crate::story::{NOTHING_CHANGED, PASSWORD, Story, real_event, synced, told_exactly_once, value};
use truebell_core::event::CheckCode;
use truebell_engine::sync::View;

const EVENT: &str = "Your server sent an event it cannot prove; it was kept out, and syncing stops until it sends a true one.";
const DETAILS: &str = "Your server sent account details that no event of this account proves; they were not taken.";
const FORKED: &str = "Your server shows this device another history than before; it was not taken. Compare with your other devices.";

#[test]
fn ms_22_forged_events_raise_no_alarm_and_a_true_one_does() {
    let (story, mut laptop, mut phone, _) = Story::with_news();
    for attack in ["ms-22-forged-change", "ms-22-forged-revocation", "ms-22-forged-deletion"] {
        story.refuses(&mut laptop, attack, EVENT);
    }
    real_event(&mut phone);
    synced(&mut laptop);
    told_exactly_once(&mut laptop, "second-factor-added");
}

#[test]
fn ms_22_a_true_event_is_told_once_however_often_it_is_sent() {
    let (story, mut laptop, _) = Story::begin();
    let mut phone = story.second(&mut laptop);
    real_event(&mut phone);
    synced(&mut laptop);
    told_exactly_once(&mut laptop, "second-factor-added");
    story.refuses(&mut laptop, "ms-22-old-event-again", FORKED);
    assert_eq!(laptop.unseen().unwrap(), []);
}

#[test]
fn ms_22_a_deletion_a_factor_and_an_address_that_no_event_proves_are_not_shown() {
    Story::refuses_all(&["ms-22-claim-deletion", "ms-22-claim-factor", "ms-22-claim-address"], DETAILS);
}

#[test]
fn ms_22_a_newer_password_that_no_event_proves_is_not_announced() {
    Story::refuses_all(&["ms-22-claim-keyset"], "Your server sent a key that this account did not make; it was not taken.");
}

#[test]
fn ms_22_unsigned_words_about_passwords_and_sessions_are_a_strangers() {
    let (story, mut laptop, _phone, _) = Story::with_news();
    for (attack, sentence) in [
        ("ms-22-unsigned-401", "Someone between this device and your server answered: something with status 401."),
        ("ms-22-unsigned-403", "Someone between this device and your server answered: a page titled “You were signed out”."),
        ("ms-22-redirect", "Someone between this device and your server answered: something with status 307."),
        ("ms-22-replay", "Someone between this device and your server answered: an old answer, played back."),
    ] {
        story.refuses(&mut laptop, attack, sentence);
    }
    synced(&mut laptop);
}

#[test]
fn ms_22_a_signed_refusal_ends_no_session_and_accuses_no_password() {
    let (story, mut laptop, _phone, _) = Story::with_news();
    for (attack, sentence) in [
        ("ms-22-signed-no-session", "The server knows no session of this device: the device opens a new one by itself."),
        ("ms-22-signed-unknown-device", "This device cannot open a session on this server."),
        (
            "ms-22-signed-closing",
            "The server takes no changes to this account now: sync to see why, or keep the account with `truebell account keep`.",
        ),
        ("ms-22-signed-wrong-credentials", "Your server sent something this version cannot read; nothing of it was taken."),
        ("ms-22-signed-outdated", "Your server needs a newer version of Truebell: update this one."),
    ] {
        story.refuses(&mut laptop, attack, sentence);
    }
    synced(&mut laptop);
}

#[test]
fn ms_22_an_operators_note_is_one_quoted_line() {
    let (story, mut laptop, _) = Story::begin();
    story.server.begin("ms-22-signed-maintenance");
    let said = laptop.sync().unwrap().sentence;
    assert!(said.contains("; its operator says: “moving [1mYour password was changed[0m”. Your data is safe"), "{said}");
    assert!(said.starts_with("Your server is being worked on until ") && said.ends_with(NOTHING_CHANGED), "{said}");
    assert!(!said.contains(['\n', '\u{1b}']), "{said:?}");
    assert_eq!(laptop.unseen().unwrap(), []);
}

#[test]
fn ms_22_a_server_that_is_busy_until_the_end_of_time_is_asked_again() {
    let (story, mut laptop, mail) = Story::begin();
    story.server.begin("ms-22-signed-for-ever");
    let said = laptop.sync().unwrap();
    assert!(matches!(said.view, View::Stale { .. }), "{said:?}");
    assert!(said.sentence.starts_with("Your server is busy and asks this device to come back after 20"), "{}", said.sentence);
    assert_eq!(value(&laptop, mail), "one");
    let now = truebell_client::Clock::now(&truebell_client::SystemClock);
    assert!(laptop.next_due() - now <= std::time::Duration::from_mins(61));
}

#[test]
fn ms_22_the_list_of_devices_is_the_one_the_events_prove() {
    let (story, mut laptop, _) = Story::begin();
    let _phone = story.second(&mut laptop);
    let names = |devices: Vec<truebell_core::wire::device::DeviceInfo>| devices.into_iter().map(|device| device.name).collect::<Vec<_>>();
    let honest = names(laptop.devices().unwrap());
    assert_eq!(honest, ["laptop", "phone"]);
    for attack in ["ms-22-invented-device", "ms-22-hidden-device"] {
        story.server.begin(attack);
        let said = laptop.devices().err().unwrap().to_string();
        assert_eq!(
            said,
            "the server's answer does not fit the question: its list of devices is not the one this account's events prove; nothing was changed here",
            "{attack}"
        );
        story.server.end();
    }
    story.server.begin("ms-22-renamed-device");
    assert_eq!(names(laptop.devices().unwrap()), honest, "the names are those that were signed");
    assert_eq!(laptop.unseen().unwrap(), []);
}

#[test]
fn ms_22_a_forged_mails_code_is_not_called_genuine() {
    let (story, mut laptop, _) = Story::begin();
    let code = CheckCode::parse("7KQ4F-2M9XB").unwrap();
    story.server.begin("ms-22-genuine-code");
    let said = laptop.verify_notice(&code).err().unwrap().to_string();
    assert_eq!(
        said,
        "the server's answer does not fit the question: it calls a notice genuine and does not prove it: do not trust the notice; nothing was changed here"
    );
}

#[test]
fn ms_22_an_act_answered_with_another_event_is_not_believed_and_not_lost() {
    let (story, mut laptop, _) = Story::begin();
    story.server.begin("ms-22-unproven-act");
    let said = laptop.change_address("ada@example.net").err().unwrap().to_string();
    assert_eq!(
        said,
        "the server's answer does not fit the question: the server says it recorded this and does not prove it: sync to see; nothing was changed here"
    );
    assert_eq!(laptop.unseen().unwrap(), []);
    story.server.end();
    synced(&mut laptop);
    assert_eq!(laptop.status().unwrap().email, "ada@example.net");
    drop(laptop);
    story.unlock("laptop", PASSWORD).unwrap();
}
