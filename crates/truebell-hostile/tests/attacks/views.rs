//! What a device is let see, an older state, another one, less than there is: MS-19, MS-20, MS-23, MS-27.

use crate::story::{NOTHING_CHANGED, PASSWORD, Story, add, password, real_event, set, synced, told_exactly_once, value};
use std::time::Duration;
use truebell_client::{Clock, NoticeAnswer, SystemClock};
use truebell_core::secret::Secret;
use truebell_engine::sync::View;

const OLDER: &str = "Your server offers an older state than this device has seen; it was not taken.";
const FORKED: &str = "Your server shows this device another history than before; it was not taken. Compare with your other devices.";

#[test]
fn ms_19_a_rolled_back_server_is_not_followed_and_that_is_remembered() {
    let (story, mut laptop, mail) = Story::begin();
    story.server.mark();
    set(&mut laptop, mail, "two");
    synced(&mut laptop);
    story.refuses(&mut laptop, "ms-19-roll-back", OLDER);
    drop(laptop);
    let mut laptop = story.unlock("laptop", PASSWORD).unwrap();
    let said = laptop.sync().unwrap().sentence;
    assert!(said.starts_with(OLDER), "{said}");
    assert_eq!(value(&laptop, mail), "two");
}

#[test]
fn ms_19_a_roll_back_called_a_restore_is_told_and_undone_from_this_device() {
    let (story, mut laptop, mail) = Story::begin();
    story.server.mark();
    set(&mut laptop, mail, "two");
    add(&mut laptop, "Bank", "three");
    laptop.change_password(&password(), &Secret::new("a new one")).unwrap();
    synced(&mut laptop);
    story.server.begin("ms-19-roll-back-as-restore");
    let said = synced(&mut laptop);
    assert_eq!(said.restored.unwrap(), "Your server came back from a backup. 2 items it had lost were sent again from this device.");
    assert_eq!((value(&laptop, mail).as_str(), laptop.unseen().unwrap().len()), ("two", 0));
    let phone = story.sign_in("phone").unwrap();
    assert_eq!((value(&phone, mail).as_str(), phone.unseen().unwrap().len()), ("two", 0));
    drop(laptop);
    assert_eq!(value(&story.unlock("laptop", "a new one").unwrap(), mail), "two", "the new password still opens this device");
}

#[test]
fn ms_19_a_vault_that_vanishes_was_deleted_by_nobody() {
    Story::refuses_all(&["ms-19-vanished-vault"], OLDER);
}

#[test]
fn ms_20_a_fork_shows_by_the_code_two_devices_compare_and_when_the_branches_meet() {
    let (story, mut laptop, mail) = Story::begin();
    let mut phone = story.second(&mut laptop);
    synced(&mut phone);
    synced(&mut laptop);
    assert_eq!(laptop.status().unwrap().state, phone.status().unwrap().state, "an honest server shows both the same");
    story.server.begin("ms-20-fork");
    set(&mut laptop, mail, "seen by the laptop");
    synced(&mut laptop);
    set(&mut phone, mail, "seen by the phone");
    synced(&mut phone);
    synced(&mut laptop);
    assert_ne!(laptop.status().unwrap().state, phone.status().unwrap().state, "both are up to date, and differ");
    let before = story.kept(&phone);
    story.server.end();
    let said = phone.sync().unwrap().sentence;
    assert!(said.starts_with(FORKED) && said.ends_with(NOTHING_CHANGED), "{said}");
    assert_eq!(story.kept(&phone), before);
    assert_eq!(value(&phone, mail), "seen by the phone");
}

#[test]
fn ms_23_an_event_that_the_head_names_cannot_be_left_out() {
    let (story, mut laptop, _) = Story::begin();
    let mut phone = story.second(&mut laptop);
    real_event(&mut phone);
    let withheld = "Your server's own signature names something that happened to this account which it does not show; nothing was taken. Look at \
                    your other devices and your mail.";
    story.refuses(&mut laptop, "ms-23-withhold", withheld);
    synced(&mut laptop);
    told_exactly_once(&mut laptop, "second-factor-added");
}

#[test]
fn ms_23_a_device_that_is_shown_nothing_new_learns_it_from_another_device_and_from_the_mail() {
    let (story, mut laptop, _) = Story::begin();
    let mut phone = story.second(&mut laptop);
    synced(&mut phone);
    synced(&mut laptop);
    story.server.begin("ms-23-freeze");
    // The phone's own acts must be seen to happen; it is the laptop that is frozen.
    story.server.end();
    real_event(&mut phone);
    let code = phone.inbox().unwrap()[0].notice.code.clone();
    story.server.begin("ms-23-freeze");
    let said = laptop.sync().unwrap();
    assert!(matches!(said.view, View::UpToDate { .. }), "it cannot know: {}", said.sentence);
    assert_ne!(laptop.status().unwrap().state, phone.status().unwrap().state, "two devices that are compared do know");
    let answer = laptop.verify_notice(&code).unwrap();
    assert!(matches!(&answer, NoticeAnswer::GenuineElsewhere { own: true, .. }), "the code of the mail is proven: {answer:?}");
    story.server.end();
    synced(&mut laptop);
    told_exactly_once(&mut laptop, "second-factor-added");
}

#[test]
fn ms_23_a_far_place_named_at_sign_in_hides_no_notice() {
    let (story, mut laptop, _) = Story::begin();
    synced(&mut laptop);
    story.server.begin("ms-23-far-place");
    let mut tablet = story.sign_in("tablet").unwrap();
    story.server.end();
    let said = tablet.sync().unwrap();
    assert_eq!(said.sentence, format!("{OLDER} Your data is safe on this device. {NOTHING_CHANGED}"));
}

#[test]
fn ms_23_no_server_sends_a_device_away_for_weeks() {
    let (story, mut laptop, _) = Story::begin();
    story.server.begin("ms-23-slow-pace");
    synced(&mut laptop);
    let wait = laptop.next_due() - SystemClock.now();
    assert!(wait > Duration::from_mins(30) && wait <= Duration::from_mins(75), "{wait:?}");
}

#[test]
fn ms_27_a_write_that_was_acknowledged_and_thrown_away_is_missed() {
    let (story, mut laptop, mail) = Story::begin();
    story.server.begin("ms-27-forget-writes");
    set(&mut laptop, mail, "two");
    assert_eq!(laptop.sync().unwrap().pushed, 1);
    story.server.end();
    let said = laptop.sync().unwrap().sentence;
    assert!(said.starts_with(OLDER) && said.ends_with(NOTHING_CHANGED), "{said}");
    assert_eq!(value(&laptop, mail), "two");
    drop(laptop);
    assert_eq!(value(&story.unlock("laptop", PASSWORD).unwrap(), mail), "two");
}
