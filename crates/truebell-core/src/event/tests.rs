//! Nothing but a genuine, next event is ever verified.

use super::{Chain, CheckCode, NotACode, NotProven, What, check_act, verify};
use crate::account::Unlocked;
use crate::ids::{AccountId, EventId, ServerId};
use crate::sign::SigningKey;
use crate::testing::{Seeded, World, countersign_anything as wrap, sign};
use proptest::prelude::*;

#[test]
fn a_genuine_event_is_proven_once_in_its_place() {
    let mut world = World::new(1);
    let start = world.chain;
    let first = world.happen(What::SecondFactorAdded { kind: "totp".into() });
    let second = world.happen(What::PasswordChanged {});
    let event = verify(&first, &world.trust(), &start).unwrap();
    assert_eq!((event.act.seq, event.act.epoch), (1, 1));
    let after = Chain::after(&event);
    let event = verify(&second, &world.trust(), &after).unwrap();
    assert_eq!((event.act.seq, event.act.epoch), (2, 2));
    assert_eq!(verify(&first, &world.trust(), &after), Err(NotProven::OutOfChain), "replayed");
    assert_eq!(verify(&second, &world.trust(), &start), Err(NotProven::OutOfChain), "one withheld before it");
    assert_eq!(Chain::after(&event), world.chain);
}

#[test]
fn ms_22_a_server_alone_cannot_make_an_event() {
    let mut world = World::new(2);
    let attacker = Unlocked::make_account(world.keys.account(), &mut Seeded::new(99));
    let act = world.act(What::PasswordChanged {});
    let forged = sign(&act, &attacker);
    assert_eq!(check_act(&forged, act.account, &world.keys.public().signing, &world.chain), Err(NotProven::Account));
    let set = wrap(act, &forged, EventId::make_random(&mut world.chance), world.now, world.server, &world.server_key).set.clone();
    assert_eq!(verify(&set, &world.trust(), &world.chain), Err(NotProven::Account));
}

#[test]
fn an_account_alone_cannot_make_an_event_and_neither_can_another_server() {
    let mut world = World::new(3);
    let act = world.act(What::PasswordChanged {});
    let signed = sign(&act, &world.keys);
    let stranger = SigningKey::make_random(&mut world.chance);
    let set = wrap(act.clone(), &signed, EventId([1; 16]), world.now, world.server, &stranger).set.clone();
    assert_eq!(verify(&set, &world.trust(), &world.chain), Err(NotProven::Server));
    let set = wrap(act, &signed, EventId([1; 16]), world.now, ServerId([9; 16]), &world.server_key).set.clone();
    assert_eq!(verify(&set, &world.trust(), &world.chain), Err(NotProven::Mismatch));
}

#[test]
fn a_server_cannot_wrap_one_act_as_another() {
    let world = World::new(4);
    let (mild, grave) = (
        world.act(What::SecondFactorAdded { kind: "totp".into() }),
        world.act(What::DeviceRevoked { revoked: world.device, revoked_name: "x".into() }),
    );
    let set = wrap(grave, &sign(&mild, &world.keys), EventId([1; 16]), world.now, world.server, &world.server_key).set.clone();
    assert_eq!(verify(&set, &world.trust(), &world.chain), Err(NotProven::Mismatch));
}

#[test]
fn someone_elses_act_is_not_recorded_here() {
    let (ada, bob) = (World::new(5), World::new(6));
    let signed = sign(&bob.act(What::PasswordChanged {}), &bob.keys);
    assert_eq!(check_act(&signed, ada.keys.account(), &ada.keys.public().signing, &ada.chain), Err(NotProven::Account));
    assert_eq!(check_act(&signed, AccountId([0; 16]), &bob.keys.public().signing, &bob.chain), Err(NotProven::Mismatch));
}

#[test]
fn an_epoch_moves_with_a_credential_and_with_nothing_else() {
    let world = World::new(7);
    for (what, epoch) in [(What::PasswordChanged {}, 0), (What::SecretKeyRotated {}, 2), (What::DeletionCancelled {}, 3)] {
        let mut act = world.act(what);
        act.epoch = epoch;
        let signed = sign(&act, &world.keys);
        assert_eq!(check_act(&signed, act.account, &world.keys.public().signing, &world.chain), Err(NotProven::OutOfChain), "{act:?}");
    }
}

#[test]
fn a_check_code_is_read_as_people_type_it() {
    let mut world = World::new(8);
    let before = world.chain;
    let set = world.happen(What::PasswordChanged {});
    let code = verify(&set, &world.trust(), &before).unwrap().code();
    let text = code.to_string();
    assert_eq!(text.len(), 11);
    for typed in [text.to_lowercase(), text.replace('-', ""), text.replace('-', " "), text.replace('0', "o"), text.replace('1', "l")] {
        assert_eq!(CheckCode::parse(&typed), Some(code.clone()), "{typed}");
    }
    for typed in [text.replace('-', "\u{2011}"), text.replace('-', " \u{2013} "), format!("\t{text}\n"), format!("{}-{text}", "")] {
        assert_eq!(CheckCode::parse(&typed), Some(code.clone()), "{typed:?}");
    }
    let spread: String = text.chars().filter(|letter| *letter != '-').flat_map(|letter| [letter, '-']).collect();
    assert_eq!(CheckCode::parse(&spread), Some(code));
    for (wrong, why) in [
        ("", NotACode::Length { found: 0 }),
        ("K7Q4-M2XD", NotACode::Length { found: 8 }),
        ("ABCDE-FGHJKM", NotACode::Length { found: 11 }),
        ("ABCDE-FGHJU", NotACode::Letter),
        ("ÄBCDE-FGHJK", NotACode::Letter),
    ] {
        assert_eq!(CheckCode::read(wrong), Err(why), "{wrong}");
    }
}

proptest! {
    #[test]
    fn no_changed_letter_is_ever_proven(place in any::<proptest::sample::Index>(), letter in proptest::char::any()) {
        let mut world = World::new(10);
        let before = world.chain;
        let set = world.happen(What::PasswordChanged {});
        let mut letters: Vec<char> = set.chars().collect();
        let place = place.index(letters.len());
        prop_assume!(letters[place] != letter);
        letters[place] = letter;
        let changed: String = letters.into_iter().collect();
        prop_assert!(verify(&changed, &world.trust(), &before).is_err());
    }

    #[test]
    fn no_text_panics_the_reader(text in ".{0,200}") {
        let world = World::new(11);
        prop_assert!(verify(&text, &world.trust(), &world.chain).is_err());
    }
}
