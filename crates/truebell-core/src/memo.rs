//! What Argon2id gave once, and which signatures verify, remembered: for the simulated world, where one person unlocks ten thousand
//! times in a minute and the same events are proven again with every look.
//!
//! A memo changes when the work is done and never what comes out: costs stay constants. It works on a thread only while that thread
//! holds one, so a program that carries the simulation inside itself derives as always everywhere else.

use crate::hash::Hash32;
use crate::ids::AccountId;
use crate::secret::Secret;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

type Stretched = Zeroizing<[u8; 32]>;
type Known = Arc<Mutex<BTreeMap<(String, AccountId), Stretched>>>;

/// Most signatures remembered; then it begins anew.
const PROVEN_MAX: usize = 100_000;

thread_local! {
    static HELD: RefCell<Option<Known>> = const { RefCell::new(None) };
    static PROVEN: RefCell<HashSet<Hash32>> = RefCell::default();
}

/// A memo. Clones share what they remember.
#[derive(Clone, Default)]
pub struct Memo(Known);

/// While it lives, its thread remembers. Dropped, it does not.
pub struct Held(Option<Known>);

impl Memo {
    /// Begins to remember on this thread.
    pub fn hold(&self) -> Held {
        Held(HELD.with(|held| held.replace(Some(self.0.clone()))))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let before = self.0.take();
        HELD.with(|held| *held.borrow_mut() = before);
    }
}

/// What `stretch` gives for these, from memory where this thread holds one.
pub(crate) fn recall(password: &Secret, account: AccountId, stretch: fn(&Secret, AccountId) -> Stretched) -> Stretched {
    let Some(known) = HELD.with(|held| held.borrow().clone()) else { return stretch(password, account) };
    let key = (password.expose().to_owned(), account);
    // Held while deriving: two threads that need the same derive it once.
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(key).or_insert_with(|| stretch(password, account)).clone()
}

/// Whether a signature over exactly these parts (key, message, signature) verifies, from memory where this thread holds one. Only what
/// verified is remembered, under a digest of all of it: whatever differs in a bit is checked.
pub(crate) fn recall_proof(parts: &[&[u8]], check: impl FnOnce() -> bool) -> bool {
    if HELD.with(|held| held.borrow().is_none()) {
        return check();
    }
    let digest = Hash32::derive_labelled("truebell memo of a signature v1", parts);
    if PROVEN.with(|proven| proven.borrow().contains(&digest)) {
        return true;
    }
    let verifies = check();
    if verifies {
        remember(digest);
    }
    verifies
}

/// A signature was made over these parts: it verifies.
pub(crate) fn remember_proof(parts: &[&[u8]]) {
    if HELD.with(|held| held.borrow().is_some()) {
        remember(Hash32::derive_labelled("truebell memo of a signature v1", parts));
    }
}

fn remember(digest: Hash32) {
    PROVEN.with(|proven| {
        let mut proven = proven.borrow_mut();
        if proven.len() >= PROVEN_MAX {
            proven.clear();
        }
        proven.insert(digest);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        static STRETCHED: Cell<u8> = const { Cell::new(0) };
    }

    fn counted(_: &Secret, _: AccountId) -> Stretched {
        STRETCHED.set(STRETCHED.get() + 1);
        Zeroizing::new([STRETCHED.get(); 32])
    }

    #[test]
    fn a_password_is_stretched_once_while_a_memo_is_held_and_each_time_otherwise() {
        let (password, ada, bob) = (Secret::new("one"), AccountId([1; 16]), AccountId([2; 16]));
        let memo = Memo::default();
        assert_ne!(recall(&password, ada, counted), recall(&password, ada, counted), "nothing is remembered unasked");
        let held = memo.hold();
        let first = recall(&password, ada, counted);
        assert_eq!(recall(&password, ada, counted), first);
        assert_ne!(recall(&password, bob, counted), first, "another account is another salt");
        assert_ne!(recall(&Secret::new("two"), ada, counted), first);
        drop(held);
        assert_ne!(recall(&password, ada, counted), first);
        let _held = memo.hold();
        assert_eq!(recall(&password, ada, counted), first, "a memo outlives its holding");
    }

    #[test]
    fn only_what_verified_is_remembered_and_only_while_a_memo_is_held() {
        let (good, other): ([&[u8]; 3], [&[u8]; 3]) = ([b"key", b"said", b"signed"], [b"key", b"sai", b"dsigned"]);
        assert!(recall_proof(&good, || true));
        assert!(!recall_proof(&good, || false), "nothing is remembered unasked");
        let _held = Memo::default().hold();
        assert!(!recall_proof(&good, || false) && recall_proof(&good, || true), "what failed is checked again");
        assert!(recall_proof(&good, || false), "what verified is not");
        assert!(!recall_proof(&other, || false), "the same bytes, parted elsewhere, are something else");
    }
}
