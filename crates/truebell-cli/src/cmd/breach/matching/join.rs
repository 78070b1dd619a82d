//! The second phase: of each account that the list names, what the site's table says of it now.

use super::accounts::Accounts;
use super::work::{Work, other_version};
use crate::exit::{Answered, Failure};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use truebell_client::{Clock, SystemChance, SystemClock};
use truebell_core::hash::Hash32;
use truebell_core::ids::ListedId;
use truebell_server::response::keys::Waiting;
use truebell_sites::password::Verifier;
use truebell_sites::source::{Account, State};
use truebell_store::response::{Ask, Decided, Joined, Listed, Phase, Relation, Standing, Told};

/// Accounts asked for at once, and written at once.
const BATCH: u32 = 200;
/// A lease is prolonged that often.
const PROLONG_EVERY: Duration = Duration::from_secs(8);

/// What a list says of an account.
#[derive(Clone, Copy)]
struct Said {
    relation: Relation,
    candidates: u64,
}

/// Looks every named account up, and goes on to the next phase.
pub(super) fn join(work: &Work<'_>, progress: &str) -> Answered {
    let named = named(work)?;
    let mut accounts = Accounts::open(work)?;
    let (mut batch, mut last) = (Vec::new(), Instant::now());
    while let Some(page) = accounts.next()? {
        for account in &page.accounts {
            let id = work.key.account(&account.id, &account.address);
            if let Some(said) = named.get(&id) {
                batch.push(joined(work, id, account, *said));
            }
            if batch.len() >= BATCH as usize {
                write(work, &mut batch)?;
            }
        }
        if last.elapsed() >= PROLONG_EVERY {
            last = Instant::now();
            if !work.lease()? {
                return Err(Failure::plain("Another process took this list over, because this one was held up: it goes on there."));
            }
        }
    }
    write(work, &mut batch)?;
    work.advance(Phase::Joining, Phase::Verifying, progress.to_owned()).map(drop)
}

fn write(work: &Work<'_>, batch: &mut Vec<Joined>) -> Answered {
    let joined = std::mem::take(batch);
    if joined.is_empty() { Ok(()) } else { work.store.ask(&Ask::Join { matching: work.matching, joined }).map(drop) }
}

/// What is still only named.
fn named(work: &Work<'_>) -> Answered<HashMap<ListedId, Said>> {
    let (mut named, mut after) = (HashMap::new(), None);
    loop {
        let ask = Ask::Accounts { matching: work.matching, standing: Standing::Named, after, limit: BATCH };
        let Told::Accounts(page) = work.store.ask(&ask)? else { return Err(other_version()) };
        let Some(last) = page.last() else { return Ok(named) };
        after = Some(last.account);
        let said = |listed: &Listed| Said { relation: listed.relation, candidates: listed.candidates.len() as u64 };
        named.extend(page.iter().map(|listed| (listed.account, said(listed))));
    }
}

fn joined(work: &Work<'_>, id: ListedId, account: &Account, said: Said) -> Joined {
    let in_use = match account.state {
        State::Active => None,
        State::Disabled => Some("disabled"),
        State::Deleted => Some("deleted"),
        State::SsoOnly => Some("sso-only"),
    };
    let held = match (in_use, &account.held) {
        (Some(word), _) => return Joined::Decided(decided(work, id, account, None, word.to_owned())),
        (None, None) => return Joined::Decided(decided(work, id, account, None, "sso-only".to_owned())),
        (None, Some(held)) => held,
    };
    // A linked address alone says nothing.
    let exposed = (said.relation == Relation::Same).then_some(4);
    let stored = held.stored(account.user.as_deref());
    let verifier = match Verifier::parse(&stored, &work.recipe) {
        Ok(verifier) => verifier,
        Err(why) => return Joined::Decided(decided(work, id, account, exposed, format!("unread: {why}"))),
    };
    let word = verifier.format().to_owned();
    if said.candidates == 0 {
        return Joined::Decided(decided(work, id, account, exposed, word));
    }
    let own = |text: Option<&str>| text.map(str::to_owned);
    let waiting = Waiting {
        id: account.id.clone(),
        user: account.user.clone(),
        verifier: stored.verifier.to_owned(),
        salt: own(stored.salt),
        parameters: own(stored.parameters),
    };
    let sealed = work.key.seal_waiting(id, &waiting, &mut SystemChance);
    Joined::Waiting { account: id, turn: turn(said, verifier.cost_estimate().work_ns / 1000), sealed, word }
}

/// Who is tried first.
fn turn(said: Said, cost_us: u64) -> u64 {
    let linked = u64::from(said.relation == Relation::Linked);
    linked << 48 | said.candidates.min(0xffff) << 32 | cost_us.min(u64::from(u32::MAX))
}

/// Nothing is to be tried.
fn decided(work: &Work<'_>, id: ListedId, account: &Account, grade: Option<u8>, word: String) -> Decided {
    Decided {
        account: id,
        grade,
        generation: account.generation.map(|generation| Hash32(*generation.as_bytes())),
        found: SystemClock.now(),
        sealed: grade.map(|_| work.key.seal_found(id, &account.id, &mut SystemChance)),
        tried: 0,
        word,
        evidence: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_very_address_comes_first_then_few_candidates_then_cheap_verifiers() {
        let said = |relation, candidates| Said { relation, candidates };
        let turns = [
            turn(said(Relation::Same, 1), 10),
            turn(said(Relation::Same, 1), u64::MAX),
            turn(said(Relation::Same, 2), 0),
            turn(said(Relation::Same, u64::MAX), u64::MAX),
            turn(said(Relation::Linked, 1), 0),
            turn(said(Relation::Linked, 70_000), 5),
        ];
        assert!(turns.is_sorted_by(|one, next| one < next), "{turns:?}");
        assert!(turns.iter().all(|turn| *turn < 1 << 63), "the store keeps it");
    }
}
