//! Keys, swapped, planted, weakened: MS-03, MS-09, MS-10, MS-12, MS-15, MS-16, MS-19, MS-25.

use crate::story::{PASSWORD, Story, add, password, synced, value};
use truebell_client::{Error, Filter};
use truebell_core::secret::Secret;

const KEYS: &str = "Your server sent a key that this account did not make; it was not taken.";

#[test]
fn ms_03_no_password_no_key_and_no_word_of_an_item_is_ever_sent() {
    let (story, mut laptop, _) = Story::begin();
    add(&mut laptop, "a title nobody else has", "a password nobody else has");
    synced(&mut laptop);
    let mut phone = story.sign_in("phone").unwrap();
    let new = Secret::new("an account password nobody else has");
    laptop.change_password(&password(), &new).unwrap();
    let kit = laptop.rotate_secret_key(&new).unwrap();
    synced(&mut phone);
    let secret_keys = [&story.kit.secret_key, &kit.secret_key].map(|key| key.to_text().expose().to_owned());
    assert!(story.server.search(b"ada@example.org") > 0, "it does find what it was sent");
    let names = ["a title nobody else has", "a password nobody else has", PASSWORD, new.expose(), &secret_keys[0], &secret_keys[1]];
    for secret in names {
        assert_eq!(story.server.search(secret.as_bytes()), 0, "{} letters of a secret were sent", secret.len());
    }
    for key in &secret_keys {
        assert_eq!(story.server.search(key.replace('-', "").as_bytes()), 0, "a Secret Key was sent without its dashes");
    }
}

#[test]
fn ms_09_parameters_a_server_names_are_not_used() {
    let (story, mut laptop, mail) = Story::begin();
    story.server.begin("ms-09-lower-kdf");
    let phone = story.sign_in("phone").unwrap();
    assert_eq!(value(&phone, mail), "one", "the same derivation as ever: another would not open the account");
    drop(phone);
    assert_eq!(value(&story.unlock("phone", PASSWORD).unwrap(), mail), "one");
    laptop.change_password(&password(), &Secret::new("a new one")).unwrap();
    story.server.end();
    drop(laptop);
    assert_eq!(value(&story.unlock("laptop", "a new one").unwrap(), mail), "one");
}

#[test]
fn ms_09_keys_derived_for_another_account_open_nothing() {
    let (story, _laptop, _) = Story::begin();
    story.server.begin("ms-09-other-account");
    let error = story.sign_in("phone").err().unwrap();
    assert_eq!(error.to_string(), "these details do not open this account here: check the address, the password and the Secret Key");
    story.server.end();
    story.sign_in("phone").unwrap();
}

#[test]
fn ms_10_a_keyset_with_one_bit_flipped_is_not_opened() {
    let (story, _laptop, _) = Story::begin();
    story.server.begin("ms-10-flip-keyset");
    let error = story.sign_in("phone").err().unwrap();
    assert_eq!(
        error.to_string(),
        "the server's answer does not fit the question: the keys it keeps for this account do not open with these details; nothing was changed here"
    );
    assert!(story.profile("phone").device().unwrap().is_none(), "nothing is enrolled by half");
    story.server.end();
    story.sign_in("phone").unwrap();
}

#[test]
fn ms_12_a_vault_that_the_account_did_not_make_is_refused() {
    Story::refuses_all(&["ms-12-inject-vault"], KEYS);
}

#[test]
fn ms_12_a_vault_whose_name_does_not_open_does_not_lock_anybody_out() {
    Story::refuses_all(&["ms-12-spoil-name"], KEYS);
}

#[test]
fn ms_15_a_vault_key_the_server_wrapped_is_refused() {
    Story::refuses_all(&["ms-15-swap-vault-key"], KEYS);
}

#[test]
fn ms_15_a_known_vault_keeps_its_key() {
    Story::refuses_all(&["ms-15-introduce-again"], "Your server sent something this version cannot read; nothing of it was taken.");
}

#[test]
fn ms_16_nothing_is_sealed_more_weakly_for_an_old_server() {
    let (story, mut laptop, _) = Story::begin();
    story.server.begin("ms-16-old-server");
    let phone = story.sign_in("phone").unwrap();
    let bank = add(&mut laptop, "Bank", "three");
    synced(&mut laptop);
    story.server.end();
    drop(phone);
    let mut phone = story.unlock("phone", PASSWORD).unwrap();
    synced(&mut phone);
    assert_eq!(value(&phone, bank), "three");
    assert_eq!((story.server.search(b"three"), story.server.search(b"Bank")), (0, 0));
}

#[test]
fn ms_19_an_old_passwords_keyset_opens_no_device() {
    let (story, mut laptop, mail) = Story::begin();
    let mut phone = story.second(&mut laptop);
    phone.change_password(&password(), &Secret::new("a new one")).unwrap();
    synced(&mut laptop);
    drop(laptop);
    // Opened once with the new password, the laptop forgets the old one.
    drop(story.unlock("laptop", "a new one").unwrap());
    story.server.begin("ms-19-old-keyset");
    let error = story.unlock("laptop", PASSWORD).err().unwrap();
    assert!(matches!(error, Error::WrongPassword), "{error}");
    assert_eq!(error.to_string(), "this password does not open this account on this device: check it, and the keyboard's language");
    let laptop = story.unlock("laptop", "a new one").unwrap();
    assert_eq!((value(&laptop, mail).as_str(), laptop.list(&Filter::default()).len()), ("one", 1));
}

#[test]
fn ms_25_a_vaults_key_opens_no_other_vault() {
    Story::refuses_all(&["ms-25-exchange-keys"], KEYS);
}
