//! What a pair service knows about user names with their passwords. What may be believed of it is decided in `truebell_core::pair`.

use super::super::corpus::{PairService, checked_pair_service};
use crate::exit::Answered;
use serde::Serialize;
use std::collections::BTreeMap;
use truebell_core::address::Address;
use truebell_core::pair::{Doubt, PublicKey, Verdict};
use truebell_core::secret::Secret;
use truebell_engine::health::PairKnown;

/// What was found out.
pub(super) struct Asked {
    server: String,
    known: BTreeMap<(String, Secret), PairKnown>,
    doubt: Option<Doubt>,
}

/// As programs read it.
#[derive(Serialize)]
pub(super) struct Counts {
    pub(super) server: String,
    asked: usize,
    pub(super) exposed: usize,
    pub(super) similar: usize,
    pub(super) clean: usize,
    pub(super) unknown: usize,
    pub(super) why_unknown: Option<String>,
}

impl Asked {
    /// Asks about each. After the first that is not known no more is asked: each question is one too many for a budget that is used up, and for somebody who is no service.
    pub(super) fn ask(
        server: &str,
        key: Option<PublicKey>,
        pairs: &[(Address, Secret)],
        progress: &mut dyn FnMut(u64, u64),
    ) -> Answered<Self> {
        let server = checked_pair_service(server)?;
        let mut service = PairService::new(server, key);
        let (mut known, mut doubt) = (BTreeMap::new(), None);
        for (number, (address, password)) in pairs.iter().enumerate() {
            let said = if doubt.is_some() { PairKnown::Unknown } else { known_of(service.ask(address, password), &mut doubt) };
            known.insert((address.key(), password.clone()), said);
            progress(number as u64 + 1, pairs.len() as u64);
        }
        Ok(Self { server: server.to_owned(), known, doubt })
    }

    /// As a sentence names it.
    pub(super) fn name(&self) -> String {
        format!("pair service {}", self.server)
    }

    /// Of a user name, as it is in an item, with a password.
    pub(super) fn of(&self, username: &str, password: &str) -> PairKnown {
        let address = Address::parse(username).ok();
        let pair = address.map(|address| (address.key(), Secret::new(password)));
        pair.and_then(|pair| self.known.get(&pair)).copied().unwrap_or(PairKnown::Unknown)
    }

    pub(super) fn counts(&self) -> Counts {
        let count = |wanted: PairKnown| self.known.values().filter(|known| **known == wanted).count();
        Counts {
            server: self.server.clone(),
            asked: self.known.len(),
            exposed: count(PairKnown::Exposed),
            similar: count(PairKnown::Similar),
            clean: count(PairKnown::Clean),
            unknown: count(PairKnown::Unknown),
            why_unknown: self.doubt.map(|doubt| doubt.to_string()),
        }
    }
}

fn known_of(verdict: Verdict, doubt: &mut Option<Doubt>) -> PairKnown {
    match verdict {
        Verdict::Exposed { .. } => PairKnown::Exposed,
        Verdict::Similar { .. } => PairKnown::Similar,
        Verdict::Clean => PairKnown::Clean,
        Verdict::Unknown(why) => {
            *doubt = Some(why);
            PairKnown::Unknown
        }
    }
}
