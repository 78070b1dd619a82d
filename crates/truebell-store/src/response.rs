//! The response to breaches: sites, lists matched against them, and what was found (docs/formats/findings.md). Each [`Ask`] is one
//! transaction of [`Store::response`](crate::Store::response); as a value it also goes through a running server's door.
//!
//! Never here: an address, a password or a key. What is sealed stays sealed.

use crate::StoreError;
use minicbor::{Decode, Encode};
use truebell_core::hash::Hash32;
use truebell_core::ids::{ListedId, MatchId, PairId, SiteId, WorkerId};
use truebell_core::time::UnixMillis;

/// A site whose accounts are protected.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Site {
    /// Its id.
    #[n(0)]
    pub site: SiteId,
    /// The operator's name for it. Unique.
    #[n(1)]
    pub name: String,
    /// When it was added.
    #[n(2)]
    pub made: UnixMillis,
    /// What is no secret of it, JSON.
    #[n(3)]
    pub definition: String,
    /// What is, sealed by the server.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub secrets: Vec<u8>,
}

/// How far a match is. Numbers are for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Phase {
    /// The list is read.
    #[n(0)]
    Reading,
    /// What it names is looked up in the site's table.
    #[n(1)]
    Joining,
    /// Candidates are tried.
    #[n(2)]
    Verifying,
    /// Everything was tried.
    #[n(3)]
    Done,
    /// The list is not to be believed; nothing of it was kept.
    #[n(4)]
    Stopped,
}

/// A list matched against a site.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Match {
    /// Its id, the same whenever the same source is matched against the same site.
    #[n(0)]
    pub matching: MatchId,
    /// Which site.
    #[n(1)]
    pub site: SiteId,
    /// How far it is.
    #[n(2)]
    pub phase: Phase,
    /// When it began.
    #[n(3)]
    pub made: UnixMillis,
    /// Its key, sealed by the server; empty once it is destroyed.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub secret: Vec<u8>,
    /// Where the list comes from, JSON.
    #[n(5)]
    pub source: String,
    /// What was counted, JSON.
    #[n(6)]
    pub progress: String,
}

/// How an account's address and that of a record belong together. Numbers are for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Relation {
    /// One address.
    #[n(1)]
    Same,
    /// Probably of one person.
    #[n(2)]
    Linked,
}

/// A candidate.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Candidate {
    /// Account and password.
    #[n(0)]
    pub pair: PairId,
    /// Beside which address it stood.
    #[n(1)]
    pub relation: Relation,
    /// The password, sealed.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub sealed: Vec<u8>,
}

/// A record of the list is of an account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Named {
    /// Which account.
    #[n(0)]
    pub account: ListedId,
    /// How they belong together.
    #[n(1)]
    pub relation: Relation,
    /// The password beside it, if there is one.
    #[n(2)]
    pub candidate: Option<Candidate>,
}

/// What was found of an account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Decided {
    /// Which account.
    #[n(0)]
    pub account: ListedId,
    /// 1 to 4; `None` if nothing was found.
    #[n(1)]
    pub grade: Option<u8>,
    /// Of the verifier that was tried.
    #[n(2)]
    pub generation: Option<Hash32>,
    /// When.
    #[n(3)]
    pub found: UnixMillis,
    /// The account's id, sealed; `None` if there is nothing to remember.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub sealed: Option<Vec<u8>>,
    /// Pairs that were tried, but for those recorded before.
    #[n(5)]
    pub tried: u64,
    /// The verifier's format, or why there is no finding.
    #[n(6)]
    pub word: String,
    /// The candidate that is the evidence; all others are destroyed.
    #[n(7)]
    pub evidence: Option<PairId>,
}

/// What the site's table says of an account that the list names.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Joined {
    /// Its candidates are to be tried.
    #[n(0)]
    Waiting {
        /// Which account.
        #[n(0)]
        account: ListedId,
        /// Smaller ones are tried first.
        #[n(1)]
        turn: u64,
        /// Its id and verifier, sealed.
        #[cbor(n(2), with = "minicbor::bytes")]
        sealed: Vec<u8>,
        /// The verifier's format.
        #[n(3)]
        word: String,
    },
    /// There is nothing to try.
    #[n(1)]
    Decided(#[n(0)] Decided),
}

/// How far an account is. Numbers are for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Standing {
    /// The list names it.
    #[n(0)]
    Named,
    /// Its candidates wait to be tried.
    #[n(1)]
    Waiting,
    /// It is known what was found.
    #[n(2)]
    Decided,
}

/// An account the list names.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Listed {
    /// Which account.
    #[n(0)]
    pub account: ListedId,
    /// The closest relation of its records.
    #[n(1)]
    pub relation: Relation,
    /// 1 to 4; `None` if nothing was found, or not yet.
    #[n(2)]
    pub grade: Option<u8>,
    /// Of the verifier that was tried.
    #[n(3)]
    pub generation: Option<Hash32>,
    /// When it was decided.
    #[n(4)]
    pub found: Option<UnixMillis>,
    /// The account's id, and its verifier while it waits, sealed.
    #[cbor(n(5), with = "minicbor::bytes")]
    pub sealed: Option<Vec<u8>>,
    /// The verifier's format, or why there is no finding.
    #[n(6)]
    pub word: String,
    /// Its candidates, in the order of their pairs: those to be tried, or the one that is the evidence.
    #[n(7)]
    pub candidates: Vec<Candidate>,
}

/// Accounts of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct TallyRow {
    /// How far they are.
    #[n(0)]
    pub standing: Standing,
    /// What was found.
    #[n(1)]
    pub grade: Option<u8>,
    /// The verifiers' format, or why there is no finding.
    #[n(2)]
    pub word: String,
    /// How many.
    #[n(3)]
    pub accounts: u64,
    /// Pairs that were tried on them.
    #[n(4)]
    pub tried: u64,
}

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Ask {
    /// Adds a site. Done also if this very one is there, as it was; not done if another has its name.
    #[n(0)]
    AddSite(#[n(0)] Site),
    /// All sites by name.
    #[n(1)]
    Sites,
    /// Removes a site with all that was matched against it. Not done if it is not there.
    #[n(2)]
    RemoveSite(#[n(0)] SiteId),
    /// Begins a match, and gives it as it is: one that is there stays, unless it was stopped. Not done if the site is not there.
    #[n(3)]
    BeginMatch(#[n(0)] Match),
    /// What was matched against a site, in the order of time.
    #[n(4)]
    Matches(#[n(0)] SiteId),
    /// Takes a match for a worker, or prolongs it. Not done if another has it.
    #[n(5)]
    LeaseMatch {
        /// Which match.
        #[n(0)]
        matching: MatchId,
        /// For whom.
        #[n(1)]
        worker: WorkerId,
        /// Leases that ended before are over.
        #[n(2)]
        now: UnixMillis,
        /// Until when.
        #[n(3)]
        until: UnixMillis,
    },
    /// Puts a match from one phase into another. Not done if it is in another one. On the way to verifying, accounts of which the table
    /// said nothing are forgotten, with the candidates of all that do not wait; stopped, it forgets all of them, and its key.
    #[n(6)]
    Advance {
        /// Which match.
        #[n(0)]
        matching: MatchId,
        /// From.
        #[n(1)]
        from: Phase,
        /// To.
        #[n(2)]
        to: Phase,
        /// What was counted, JSON.
        #[n(3)]
        progress: String,
    },
    /// Adds what the list names. What is there stays, with the closer relation of the two.
    #[n(7)]
    AddNamed {
        /// Which match.
        #[n(0)]
        matching: MatchId,
        /// What.
        #[n(1)]
        named: Vec<Named>,
    },
    /// Says of accounts that were only named what the table says. Others stay as they are.
    #[n(8)]
    Join {
        /// Which match.
        #[n(0)]
        matching: MatchId,
        /// What it says.
        #[n(1)]
        joined: Vec<Joined>,
    },
    /// Accounts in one standing behind `after`, in the order of their ids.
    #[n(9)]
    Accounts {
        /// Which match.
        #[n(0)]
        matching: MatchId,
        /// Which standing.
        #[n(1)]
        standing: Standing,
        /// Behind which.
        #[n(2)]
        after: Option<ListedId>,
        /// At most so many.
        #[n(3)]
        limit: u32,
    },
    /// Prolongs what the worker has, and claims up to `limit` more accounts whose turn it is.
    #[n(10)]
    Claim {
        /// Which match.
        #[n(0)]
        matching: MatchId,
        /// For whom.
        #[n(1)]
        worker: WorkerId,
        /// Leases that ended before are over.
        #[n(2)]
        now: UnixMillis,
        /// Until when.
        #[n(3)]
        until: UnixMillis,
        /// At most so many.
        #[n(4)]
        limit: u32,
    },
    /// Records what was found of an account, and destroys its candidates but for the evidence. Not done if it is not claimed by this worker.
    #[n(11)]
    Finish {
        /// Which match.
        #[n(0)]
        matching: MatchId,
        /// Who found it.
        #[n(1)]
        worker: WorkerId,
        /// What.
        #[n(2)]
        decided: Decided,
    },
    /// Counts.
    #[n(12)]
    Tally(#[n(0)] MatchId),
    /// Records that a pair of an account was tried in vain, and destroys it. Not done if the account is not claimed by this worker.
    #[n(13)]
    Tried {
        /// Which match.
        #[n(0)]
        matching: MatchId,
        /// Who tried it.
        #[n(1)]
        worker: WorkerId,
        /// Of which account.
        #[n(2)]
        account: ListedId,
        /// Which pair.
        #[n(3)]
        pair: PairId,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Told {
    /// Whether it was done.
    #[n(0)]
    Done(#[n(0)] bool),
    /// Sites.
    #[n(1)]
    Sites(#[n(0)] Vec<Site>),
    /// Matches.
    #[n(2)]
    Matches(#[n(0)] Vec<Match>),
    /// Accounts.
    #[n(3)]
    Accounts(#[n(0)] Vec<Listed>),
    /// Counts, in order, and how many candidates wait to be tried.
    #[n(4)]
    Tally(#[n(0)] Vec<TallyRow>, #[n(1)] u64),
}

impl Ask {
    /// Whether it changes nothing.
    pub(crate) fn only_reads(&self) -> bool {
        matches!(self, Self::Sites | Self::Matches(_) | Self::Accounts { .. } | Self::Tally(_))
    }
}

const DAMAGED: StoreError = StoreError::Damaged("a row of the response with a number that means nothing");

macro_rules! numbers {
    ($name:ident: $($variant:ident = $number:literal),*) => {
        impl $name {
            /// As stored.
            pub(crate) fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }

            /// From its number.
            pub(crate) fn from_number(number: u64) -> Result<Self, StoreError> {
                match number { $($number => Ok(Self::$variant),)* _ => Err(DAMAGED) }
            }
        }
    };
}

numbers!(Phase: Reading = 0, Joining = 1, Verifying = 2, Done = 3, Stopped = 4);
numbers!(Relation: Same = 1, Linked = 2);
numbers!(Standing: Named = 0, Waiting = 1, Decided = 2);

/// Named accounts and their candidates, each once, with the closest relation of each: what one statement can write.
pub(crate) type Merged = (std::collections::BTreeMap<ListedId, Relation>, std::collections::BTreeMap<(ListedId, PairId), Candidate>);

/// Sorts what a list names.
pub(crate) fn merge(named: &[Named]) -> Merged {
    let (mut accounts, mut candidates) = Merged::default();
    for named in named {
        let relation = accounts.entry(named.account).or_insert(named.relation);
        *relation = (*relation).min(named.relation);
        if let Some(candidate) = &named.candidate {
            let kept: &mut Candidate = candidates.entry((named.account, candidate.pair)).or_insert_with(|| candidate.clone());
            kept.relation = kept.relation.min(candidate.relation);
        }
    }
    (accounts, candidates)
}
