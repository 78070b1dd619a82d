//! A dry look at a source: ten accounts nobody could recognise, and what the rest is made of.

use std::collections::BTreeMap;

use super::{Account, Source, SourceError, State};
use crate::password::{Recipe, Unreadable, Verifier};

/// Accounts that are shown.
const SHOWN: usize = 10;
/// Accounts of a page.
const PAGE: u32 = 1000;

/// What was seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The first accounts, masked.
    pub shown: Vec<MaskedAccount>,
    /// Accounts read.
    pub accounts: u64,
    /// Rows without an id or an address.
    pub skipped: u64,
    /// Accounts in each state.
    pub states: BTreeMap<State, u64>,
    /// Verifiers of each format, by its name.
    pub formats: BTreeMap<&'static str, u64>,
    /// Verifiers that are not read, by reason.
    pub unread: BTreeMap<Unreadable, u64>,
    /// Whether there were more accounts than were asked for.
    pub is_cut: bool,
}

/// An account as it may stand on a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskedAccount {
    /// `a***@e***.org`.
    pub address: String,
    /// `a***`, where accounts have one.
    pub user: Option<String>,
    /// Whether it is in use.
    pub state: State,
    /// The format of its verifier, or why it is not read; `None` without a verifier.
    pub format: Option<Result<&'static str, Unreadable>>,
}

/// Looks at up to `most` accounts. Nothing is tried and nothing is written.
pub async fn look(source: &mut dyn Source, recipe: &Recipe, most: u64) -> Result<Look, SourceError> {
    let (mut look, mut place) = (Look::default(), None);
    loop {
        let left = most.saturating_sub(look.accounts + look.skipped);
        let limit = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        if limit == 0 {
            look.is_cut = true;
            return Ok(look);
        }
        let page = source.page(place.as_ref(), limit).await?;
        look.skipped += page.skipped;
        page.accounts.iter().for_each(|account| look.add(account, recipe));
        match page.next {
            Some(next) => place = Some(next),
            None => return Ok(look),
        }
    }
}

impl Look {
    fn add(&mut self, account: &Account, recipe: &Recipe) {
        self.accounts += 1;
        *self.states.entry(account.state).or_default() += 1;
        let read = |held: &super::Held| Verifier::parse(&held.stored(account.user.as_deref()), recipe).map(|verifier| verifier.format());
        let format = account.held.as_ref().map(read);
        match format {
            Some(Ok(name)) => *self.formats.entry(name).or_default() += 1,
            Some(Err(why)) => *self.unread.entry(why).or_default() += 1,
            None => {}
        }
        if self.shown.len() < SHOWN {
            let user = account.user.as_deref().map(mask);
            self.shown.push(MaskedAccount { address: mask_address(&account.address), user, state: account.state, format });
        }
    }
}

/// The first letter.
fn mask(text: &str) -> String {
    text.chars().take(1).chain("***".chars()).collect()
}

fn mask_address(address: &str) -> String {
    let Some((local, domain)) = address.rsplit_once('@') else { return mask(address) };
    match domain.rsplit_once('.') {
        Some((name, top)) => format!("{}@{}.{top}", mask(local), mask(name)),
        None => format!("{}@{}", mask(local), mask(domain)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_two_letters_and_its_last_label() {
        for (address, masked) in [
            ("ada@example.org", "a***@e***.org"),
            ("a@b.co.uk", "a***@b***.uk"),
            ("élan@münchen.example", "é***@m***.example"),
            ("\"a@b\"@x.org", "\"***@x***.org"),
            ("root@localhost", "r***@l***"),
            ("not an address", "n***"),
            ("@", "***@***"),
        ] {
            assert_eq!(mask_address(address), masked);
        }
    }
}
