//! What the operator says beside a failed sign-in or sync, and who is not believed.

use super::super::testing::Fault;
use super::*;
use truebell_core::status::{Said, Scope};
use truebell_core::time::UnixMillis;

const TROUBLE: &str = "Its operator knows of trouble";

fn trouble() -> Said {
    Said::IncidentOpened { title: "The database is slow".into(), words: "We are looking.".into() }
}

#[test]
fn a_refused_sign_in_says_what_the_server_says_of_itself() {
    let (story, laptop) = Story::begin();
    drop(laptop);
    let wrong = Secret::new("not the password at all");
    let plain = story.sign_in("phone", &wrong).err().unwrap();
    assert!(matches!(plain, Error::WrongDetails), "{plain}");
    story.server.say(trouble());
    let explained = story.sign_in("phone", &wrong).err().unwrap();
    let words = explained.to_string();
    assert!(words.starts_with(&plain.to_string()) && words.contains(TROUBLE) && words.contains("“The database is slow”"), "{words}");
    assert_eq!(explained.kind(), plain.kind(), "an exit code is about what happened and not about what is said");
}

#[test]
fn a_server_that_is_gone_is_explained_by_its_status_page_on_another_host() {
    let (story, mut laptop) = Story::begin();
    let id = story.server.say(Said::MaintenanceAnnounced {
        start: UnixMillis(0),
        end: UnixMillis(1_795_442_520_000 + 7_200_000),
        note: "moving house".into(),
        scope: Scope::All,
    });
    story.server.say(Said::MaintenanceBegun { of: id, end: UnixMillis(1_795_442_520_000 + 7_200_000) });
    story.server.write_page(|document| document);
    story.server.offline(true);
    story.server.requests();
    let sentence = laptop.sync().unwrap().sentence;
    assert!(
        sentence.contains("Its operator is working on it until about 2026-11-23 16:02 UTC") && sentence.contains("“moving house”"),
        "{sentence}"
    );
    assert!(sentence.ends_with("Nothing about your account changed."), "{sentence}");
    assert_eq!(laptop.status().unwrap().sentence, sentence);
    // Asked again soon, the page is left in peace; after a while it is asked.
    let pages = || story.server.requests().iter().filter(|path| *path == "/status.jws").count();
    assert_eq!(pages(), 1);
    laptop.sync().unwrap();
    assert_eq!(pages(), 0);
    story.server.pass(301);
    laptop.sync().unwrap();
    assert_eq!(pages(), 1);
    story.server.offline(false);
    story.server.pass(60);
    assert!(!laptop.sync().unwrap().sentence.contains("operator"), "a server that answers needs no explaining");
}

#[test]
fn what_another_key_signed_or_nobody_is_not_believed_and_a_stale_word_is_not_told() {
    let (story, mut laptop) = Story::begin();
    story.server.say(trouble());
    let forged = || {
        let stranger = Fake::new();
        stranger.replace();
        stranger.say(trouble());
        stranger
    };
    let mut sentence = |write: &dyn Fn()| {
        write();
        story.server.pass(301);
        story.server.offline(true);
        let sentence = laptop.sync().unwrap().sentence;
        story.server.offline(false);
        sentence
    };
    let ours = || story.server.write_page(|document| document);
    assert!(sentence(&ours).contains(TROUBLE));
    let unsigned = || story.server.write_page(|_| b"<html>Everything is down, your password was changed</html>".to_vec());
    let altered = || {
        story.server.write_page(|mut document| {
            let place = document.len() / 2;
            document[place] ^= 1;
            document
        });
    };
    let theirs = || story.server.write_page(|_| forged().signed());
    for (what, write) in [("unsigned", &unsigned as &dyn Fn()), ("altered", &altered), ("another's", &theirs)] {
        let said = sentence(write);
        assert!(!said.contains("operator") && !said.contains("password"), "{what}: {said}");
    }
    ours();
    story.server.pass(49 * 3600);
    assert!(!sentence(&|| {}).contains(TROUBLE), "two days later nobody knows whether it goes on");
}

#[test]
fn a_busy_server_is_not_asked_for_its_status_as_well() {
    let (story, laptop) = Story::begin();
    drop(laptop);
    story.server.say(trouble());
    story.server.write_page(|document| document);
    story.server.fail_next("/v1/sign-in/lookup", Fault::Busy(UnixMillis(1_795_442_530_000)));
    story.server.requests();
    let words = story.sign_in("phone", &password()).err().unwrap().to_string();
    assert!(words.contains("is busy") && words.contains(TROUBLE), "{words}");
    assert_eq!(story.server.requests(), ["/v1/server", "/v1/sign-in/lookup", "/status.jws"]);
}
