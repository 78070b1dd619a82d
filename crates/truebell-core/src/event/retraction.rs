//! Taking a notice back (`docs/formats/event.md`, `docs/adr/0013-how-a-notice-is-taken-back.md`). What an operator signs is a link of
//! the account's chain with a type of its own: it can never pass for something the account did, and no notice is made from it.

use super::set::{SET_TYP, SubjectId, Unsayable, issuer};
use super::verify::{Chain, Genuine, NotProven, Trust, Verified};
use super::{CheckCode, Event, jws};
use crate::hash::Hash32;
use crate::ids::{AccountId, EventId, ServerId};
use crate::sign::{PublicKey, SigningKey};
use crate::time::UnixMillis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The event type of both kinds.
pub(super) const RETRACTION: &str = "urn:truebell:event:retraction";

/// What is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Of {
    /// The event.
    pub event: EventId,
    /// Its place in the chain.
    pub seq: u64,
    /// Its check code.
    pub code: CheckCode,
}

impl Of {
    /// Names an event.
    pub fn event(event: &Event) -> Self {
        Self { event: event.id, seq: event.act.seq, code: event.code() }
    }

    /// Whether this is the event that is named.
    pub fn names(&self, event: &Event) -> bool {
        *self == Self::event(event)
    }
}

/// What a device says of a notice it takes back. A closed list, as the operator's is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plea {
    /// It was the person's own doing.
    #[default]
    ThatWasMe,
    /// It was, and was not meant.
    Mistake,
}

impl Plea {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::ThatWasMe, Self::Mistake];

    /// Its word, as typed and as written.
    pub fn word(self) -> &'static str {
        match self {
            Self::ThatWasMe => "that-was-me",
            Self::Mistake => "mistake",
        }
    }

    /// In a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::ThatWasMe => "that was me",
            Self::Mistake => "that was a mistake",
        }
    }

    /// From its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plea| plea.word() == word)
    }
}

/// Why an operator takes a notice back. A closed list: an official mailer with free text is a tool for phishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The server's software was at fault.
    Fault,
    /// It belonged to a test.
    Test,
    /// It was sent twice.
    Duplicate,
    /// A person who runs the server made a mistake.
    Mistake,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fault, Self::Test, Self::Duplicate, Self::Mistake];

    /// Its word, as typed and as written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Test => "test",
            Self::Duplicate => "duplicate",
            Self::Mistake => "mistake",
        }
    }

    /// The end of a sentence: *it was sent in error, …*.
    pub fn words(self) -> &'static str {
        match self {
            Self::Fault => "by a fault of the server's software",
            Self::Test => "in a test",
            Self::Duplicate => "twice for one and the same thing",
            Self::Mistake => "by a mistake of somebody who runs the server",
        }
    }

    /// From its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

/// An operator's retraction, as read from its SET.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Retraction {
    /// `jti`.
    pub id: EventId,
    /// The server whose operator says so.
    pub server: ServerId,
    /// Whose notice.
    pub account: AccountId,
    /// When.
    pub at: UnixMillis,
    /// Its place in the account's chain.
    pub seq: u64,
    /// Digest of the link before.
    pub prev: Hash32,
    /// What is taken back.
    pub of: Of,
    /// Why.
    pub reason: Reason,
    /// SHA-256 of the SET.
    pub digest: Hash32,
}

impl Retraction {
    /// Its own check code.
    pub fn code(&self) -> CheckCode {
        CheckCode::derive(&self.digest)
    }
}

/// What an operator takes back, and where it goes in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRetraction {
    /// Its id.
    pub id: EventId,
    /// Whose notice.
    pub account: AccountId,
    /// The chain it is the next link of.
    pub chain: Chain,
    /// What is taken back.
    pub of: Of,
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: UnixMillis,
}

/// A retraction this server has signed, with what it stores beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRetraction {
    /// What it says.
    pub new: NewRetraction,
    /// The SET, compact.
    pub set: String,
    /// Its digest.
    pub digest: Hash32,
    /// Its check code.
    pub code: CheckCode,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    jti: EventId,
    iat: u64,
    sub_id: SubjectId,
    events: BTreeMap<String, Members>,
    #[serde(rename = "urn:truebell:link")]
    link: Place,
    /// Never written: a SET with an act inside is the account's and not the operator's.
    #[serde(rename = "urn:truebell:act", default, skip_serializing_if = "Option::is_none")]
    act: Option<serde_json::Value>,
}

#[derive(Serialize, Deserialize)]
struct Members {
    initiating_entity: String,
    event_timestamp: u64,
    reason: Reason,
    of: Of,
}

#[derive(Serialize, Deserialize)]
struct Place {
    seq: u64,
    prev: Hash32,
}

/// Signs a retraction with the server's key. It claims that the operator says so, and nothing about the account.
pub fn sign_retraction(new: NewRetraction, server: ServerId, key: &SigningKey) -> Result<SignedRetraction, Unsayable> {
    let members =
        Members { initiating_entity: "admin".to_owned(), event_timestamp: new.at.seconds(), reason: new.reason, of: new.of.clone() };
    let claims = Claims {
        iss: issuer(server),
        jti: new.id,
        iat: new.at.seconds(),
        sub_id: SubjectId { format: "opaque".into(), id: new.account },
        events: BTreeMap::from([(RETRACTION.to_owned(), members)]),
        link: Place { seq: new.chain.seq + 1, prev: new.chain.digest },
        act: None,
    };
    let set = jws::sign(SET_TYP, &claims, |purpose, input| key.sign(purpose, input)).ok_or(Unsayable)?;
    let digest = Hash32::derive_plain(set.as_bytes());
    Ok(SignedRetraction { new, digest, code: CheckCode::derive(&digest), set })
}

/// Reads a retraction that this server signed, wherever in the chain it stands.
pub fn read_retraction(set: &str, server: ServerId, server_key: &PublicKey) -> Result<Genuine<Retraction>, NotProven> {
    let claims: Claims = jws::verify(SET_TYP, set, server_key).map_err(NotProven::of_server)?;
    let members = claims.events.get(RETRACTION).filter(|_| claims.events.len() == 1).ok_or(NotProven::Mismatch)?;
    let consistent = claims.iss == issuer(server)
        && claims.act.is_none()
        && members.event_timestamp == claims.iat
        && members.initiating_entity == "admin"
        && members.of.seq < claims.link.seq;
    if !consistent {
        return Err(NotProven::Mismatch);
    }
    Ok(Genuine::receipt(Retraction {
        id: claims.jti,
        server,
        account: claims.sub_id.id,
        at: UnixMillis::from_seconds(claims.iat),
        seq: claims.link.seq,
        prev: claims.link.prev,
        of: members.of.clone(),
        reason: members.reason,
        digest: Hash32::derive_plain(set.as_bytes()),
    }))
}

/// The next link of an account's chain: something the account did, or an operator's word about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// The account did it.
    Event(Verified<Event>),
    /// The operator takes a notice back.
    Retraction(Verified<Retraction>),
}

impl Link {
    /// Its place in the chain.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Event(event) => event.act.seq,
            Self::Retraction(retraction) => retraction.seq,
        }
    }

    /// Digest of its SET.
    pub fn digest(&self) -> Hash32 {
        match self {
            Self::Event(event) => event.digest,
            Self::Retraction(retraction) => retraction.digest,
        }
    }

    /// The chain after it.
    pub fn after(&self, chain: &Chain) -> Chain {
        let epoch = match self {
            Self::Event(event) => event.act.epoch,
            Self::Retraction(_) => chain.epoch,
        };
        Chain { seq: self.seq(), digest: self.digest(), epoch }
    }
}

/// Checks the next link of a chain fully, whichever kind it is.
pub fn verify_link(set: &str, trust: &Trust, chain: &Chain) -> Result<Link, NotProven> {
    if !is_retraction(set) {
        return super::verify(set, trust, chain).map(Link::Event);
    }
    let retraction = read_retraction(set, trust.server, &trust.server_key)?;
    if retraction.account != trust.account {
        return Err(NotProven::Mismatch);
    }
    if retraction.seq != chain.seq + 1 || retraction.prev != chain.digest {
        return Err(NotProven::OutOfChain);
    }
    Ok(Link::Retraction(Verified::receipt(retraction)))
}

/// Whether a text looks like an operator's retraction. Proves nothing: it chooses the reader.
pub fn is_retraction(set: &str) -> bool {
    #[derive(Deserialize)]
    struct Peek {
        #[serde(rename = "urn:truebell:link")]
        _link: serde::de::IgnoredAny,
    }
    jws::claims_unverified::<Peek>(set).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{What, read_public, verify};
    use crate::testing::World;

    fn story() -> (World, Vec<(String, Chain)>) {
        let mut world = World::new(20);
        let mut links = Vec::new();
        for what in [What::SecondFactorAdded { kind: "totp".into() }, What::PasswordChanged {}] {
            let before = world.chain;
            links.push((world.happen(what), before));
        }
        (world, links)
    }

    fn original(world: &World, links: &[(String, Chain)]) -> Verified<Event> {
        verify(&links[1].0, &world.trust(), &links[1].1).unwrap()
    }

    #[test]
    fn an_operators_retraction_is_the_next_link_and_leaves_the_epoch_alone() {
        let (mut world, links) = story();
        let event = original(&world, &links);
        let before = world.chain;
        let set = world.retract(&Of::event(&event), Reason::Fault);
        let link = verify_link(&set, &world.trust(), &before).unwrap();
        assert_eq!(link.after(&before), world.chain);
        assert_eq!((link.seq(), world.chain.epoch), (3, before.epoch));
        let Link::Retraction(retraction) = link else { panic!("of the wrong kind") };
        assert!(retraction.of.names(&event) && retraction.reason == Reason::Fault);
        let after = world.chain;
        let next = world.happen(What::SecondFactorRemoved { kind: "totp".into() });
        assert!(matches!(verify_link(&next, &world.trust(), &after), Ok(Link::Event(_))), "the account goes on after it");
        assert_eq!(verify_link(&next, &world.trust(), &before).unwrap_err(), NotProven::OutOfChain, "and cannot leave it out");
    }

    #[test]
    fn an_operators_retraction_is_never_an_event_of_the_account() {
        let (mut world, links) = story();
        let event = original(&world, &links);
        let before = world.chain;
        let set = world.retract(&Of::event(&event), Reason::Test);
        assert_eq!(verify(&set, &world.trust(), &before).unwrap_err(), NotProven::Malformed);
        assert!(read_public(&set, world.server, &world.server_key.public(), &world.keys.public().signing).is_err());
        assert!(read_retraction(&links[1].0, world.server, &world.server_key.public()).is_err(), "nor the other way round");
    }

    #[test]
    fn a_retraction_of_another_key_server_account_or_place_is_not_believed() {
        let (mut world, links) = story();
        let of = Of::event(&original(&world, &links));
        let chain = world.chain;
        let new = |world: &World| NewRetraction {
            id: EventId([9; 16]),
            account: world.keys.account(),
            chain,
            of: of.clone(),
            reason: Reason::Mistake,
            at: world.now,
        };
        let stranger = SigningKey::make_random(&mut world.chance);
        let sign = |new, server, key: &SigningKey| sign_retraction(new, server, key).unwrap().set;
        let key = world.server_key.clone();
        let cases = [
            ("key", sign(new(&world), world.server, &stranger), NotProven::Server),
            ("server", sign(new(&world), ServerId([8; 16]), &key), NotProven::Mismatch),
            ("account", sign(NewRetraction { account: AccountId([7; 16]), ..new(&world) }, world.server, &key), NotProven::Mismatch),
            ("place", sign(NewRetraction { chain: Chain::default(), ..new(&world) }, world.server, &key), NotProven::Mismatch),
            (
                "history",
                sign(NewRetraction { chain: Chain { digest: Hash32([1; 32]), ..chain }, ..new(&world) }, world.server, &key),
                NotProven::OutOfChain,
            ),
        ];
        for (what, set, expected) in cases {
            assert_eq!(verify_link(&set, &world.trust(), &chain).unwrap_err(), expected, "{what}");
        }
    }

    #[test]
    fn a_server_cannot_say_that_was_me_for_an_account() {
        let (world, links) = story();
        let of = Of::event(&original(&world, &links));
        let stranger = crate::account::Unlocked::make_account(world.keys.account(), &mut crate::testing::Seeded::new(5));
        let act = world.act(What::Acknowledged { of, plea: Plea::ThatWasMe });
        let forged = act.sign(&stranger).unwrap();
        let set =
            crate::testing::countersign_anything(act, &forged, EventId([1; 16]), world.now, world.server, &world.server_key).set.clone();
        assert_eq!(verify_link(&set, &world.trust(), &world.chain).unwrap_err(), NotProven::Account);
    }
}
