//! What was taken back, as a person's devices show it: beside the notice, in words that claim no more than is proven.

use super::*;
use truebell_core::event::Plea;
use truebell_core::notice::By;
use truebell_engine::sync::View;

fn synced(client: &mut Client) -> usize {
    let said = client.sync().unwrap();
    assert!(matches!(said.view, View::UpToDate { .. }), "{said:?}");
    said.notices
}

fn line(client: &Client, kind: &str) -> Entry {
    client.inbox().unwrap().into_iter().find(|entry| entry.notice.kind == kind).unwrap()
}

#[test]
fn another_device_says_that_was_me_and_the_notice_stays_beside_it() {
    let (story, mut laptop) = Story::begin();
    let mut phone = story.second_device();
    synced(&mut laptop);
    let alarm = laptop.unseen().unwrap().remove(0);
    assert_eq!((alarm.notice.kind, alarm.corrections.len()), ("device-enrolled", 0));
    let said = phone.retract_notice(&alarm.notice.code, Plea::ThatWasMe).unwrap();
    assert!(said.sentence.contains("the very device this notice is about"), "{}", said.sentence);
    assert_eq!(synced(&mut laptop), 1, "it is told");
    let shown = line(&laptop, "device-enrolled");
    assert_eq!((shown.notice, shown.seen), (alarm.notice, false), "the alarm is neither changed nor silenced");
    assert_eq!(shown.corrections.iter().map(|one| one.by).collect::<Vec<_>>(), [By::Account]);
    assert!(line(&laptop, "acknowledged").notice.sentence.contains("that was me"));
}

#[test]
fn a_device_that_is_not_the_one_in_question_says_so() {
    let (story, mut laptop) = Story::begin();
    story.second_device();
    synced(&mut laptop);
    let code = line(&laptop, "device-enrolled").notice.code;
    let said = laptop.retract_notice(&code, Plea::Mistake).unwrap();
    assert!(said.sentence.contains("another device of the account") && said.sentence.contains("a mistake"), "{}", said.sentence);
    let refused = |laptop: &mut Client, code| laptop.retract_notice(code, Plea::ThatWasMe).unwrap_err().to_string();
    assert!(refused(&mut laptop, &said.code).contains("takes a notice back itself"));
    assert!(refused(&mut laptop, &code).contains("was taken back already"));
    let nobody = truebell_core::event::CheckCode::parse("0000000000").unwrap();
    assert!(refused(&mut laptop, &nobody).contains("never sent a notice with the code 00000-00000"));
}

#[test]
fn an_operator_can_say_it_was_an_error_and_cannot_undo_the_accounts_signature() {
    let (story, mut laptop) = Story::begin();
    let mut phone = story.second_device();
    synced(&mut laptop);
    laptop.mark_seen(&[2]).unwrap();
    story.server.retract(2);
    for client in [&mut laptop, &mut phone] {
        synced(client);
        let entry = line(client, "device-enrolled");
        assert!(!entry.seen, "new again");
        let [correction] = entry.corrections.as_slice() else { panic!("{entry:?}") };
        assert_eq!(correction.by, By::Operator);
        assert_eq!(
            correction.sentence,
            "The operator of the server says it was sent in error, by a fault of the server's software. It carries the signature of the account \
             itself, made on “phone”, which the operator cannot undo: only its owner knows whether that was so."
        );
        assert_eq!(client.inbox().unwrap().len(), 2, "a retraction is no notice of its own");
    }
    laptop.mark_seen(&[2]).unwrap();
    assert_eq!((synced(&mut laptop), laptop.unseen().unwrap().len()), (0, 0), "told once");
    laptop.change_password(&password(), &Secret::new("a new one")).unwrap();
    synced(&mut phone);
    assert_eq!(phone.unseen().unwrap().len(), 2, "the account's own acts go on after it");
}

#[test]
fn a_code_is_answered_by_what_is_proven_here_or_by_the_server() {
    let (story, mut laptop) = Story::begin();
    let code = line(&laptop, "account-created").notice.code;
    assert!(matches!(laptop.verify_notice(&code).unwrap(), NoticeAnswer::Genuine { corrections, .. } if corrections.is_empty()));
    let mut phone = story.second_device();
    let code = line(&phone, "device-enrolled").notice.code;
    story.server.retract(2);
    let elsewhere = laptop.verify_notice(&code).unwrap();
    let NoticeAnswer::GenuineElsewhere { kind, device, own, corrections, .. } = elsewhere else { panic!("{elsewhere:?}") };
    assert_eq!((kind.as_str(), device.as_str(), own, corrections.len()), ("device-enrolled", "phone", true, 1));
    synced(&mut phone);
    assert!(matches!(phone.verify_notice(&code).unwrap(), NoticeAnswer::Genuine { corrections, .. } if corrections.len() == 1));
    let nobody = truebell_core::event::CheckCode::parse("0000000000").unwrap();
    assert_eq!(laptop.verify_notice(&nobody).unwrap(), NoticeAnswer::NeverSent);
}
