//! Acts: what this device does to its account is signed here, recorded by the server, and proven before it is believed.

use super::exchange::{Answer, JSON, Question, read_json};
use super::replica::rows;
use super::session::Wire;
use super::{Client, Error, Hold, Online};
use truebell_core::event::{self, Act, Chain, What};
use truebell_core::head::Reason;
use truebell_core::outcome::Failure;
use truebell_core::wire::account::Recorded;
use truebell_engine::sync::{View, Why};

/// How often an act is made again because something else happened to the account first.
const CHAIN_MOVED_MAX: usize = 4;
/// How often a request whose answer was lost is sent again, word for word.
const RESEND_MAX: usize = 2;

impl Client {
    /// The next act of this account, on this device.
    pub(super) fn make_act(&self, what: What) -> Act {
        next_act(&self.local.chain, &self.device, self.world.clock.now(), what)
    }

    /// Keeps an event of this device's own making, once it is proven.
    fn keep_event(&mut self, set: &str) -> Result<(), Error> {
        let event = event::verify(set, &self.device.trust, &self.local.chain)
            .map_err(|_| Error::Answer("the server says it recorded this and does not prove it: sync to see"))?;
        let chain = Chain::after(&event);
        let tx = self.replica.begin()?;
        rows::put_event(&tx, event.act.seq, event.digest, set, true, true)?;
        rows::put_meta(&tx, "chain", &chain)?;
        tx.commit()?;
        self.log.expect_event(event.at, self.world.clock.now());
        self.local.chain = chain;
        self.local.facts.learn(&event);
        Ok(())
    }
}

impl<H: Hold> Online<H> {
    /// Signs an act, has it recorded, and keeps the event. `body` puts the signed act into the route's body.
    pub(super) fn act<T: serde::Serialize>(&self, path: &str, what: &What, body: impl Fn(String) -> T) -> Result<(), Error> {
        self.with(|client| client.by_a_person())?;
        let mut moved = 0;
        loop {
            let signed = self.with(|client| Ok::<_, Error>(client.make_act(what.clone()).sign(&client.keys)?))?;
            match self.post_act(path, &body(signed)) {
                Err(Error::Server(Why::Refused { reason: Reason::ChainMoved, .. })) if moved < CHAIN_MOVED_MAX => {
                    moved += 1;
                    self.catch_up()?;
                }
                done => return done,
            }
        }
    }

    /// Sends an act until it is answered, and keeps the event it became. Sent word for word, it happens once.
    pub(super) fn post_act(&self, path: &str, body: &impl serde::Serialize) -> Result<(), Error> {
        let body = serde_json::to_vec(body).unwrap_or_default();
        let mut sent = 0;
        loop {
            let answered = self.ask(None, &Question::post(path, JSON, &body)).and_then(Answer::accepted);
            sent += 1;
            match answered {
                Ok((body, _)) => {
                    let recorded: Recorded = read_json(&body)?;
                    return self.with(|client| {
                        client.budget.earn();
                        client.flush()?;
                        client.keep_event(&recorded.event)
                    });
                }
                Err(Error::Server(Why::Unreachable { failure: Failure::Broken | Failure::Timeout }))
                    if sent <= RESEND_MAX && self.with(|client| Ok::<_, Error>(client.budget.spend(client.world.clock.now())))? => {}
                Err(error) => {
                    self.with(Client::flush)?;
                    return Err(error);
                }
            }
        }
    }

    /// Takes in what happened first; an act needs to know.
    pub(super) fn catch_up(&self) -> Result<(), Error> {
        match self.sync()?.view {
            View::Stale { why, .. } => Err(Error::Server(why)),
            View::Never | View::UpToDate { .. } => Ok(()),
        }
    }
}

/// The act after `chain`.
pub(super) fn next_act(chain: &Chain, device: &super::Device, at: truebell_core::time::UnixMillis, what: What) -> Act {
    Act {
        account: device.trust.account,
        device: device.device,
        device_name: device.device_name.clone(),
        // The chain may be a server's word (at sign-in): one that ends where numbers end has no next, and no server takes this for it.
        seq: chain.seq.saturating_add(1),
        prev: chain.digest,
        epoch: chain.epoch.saturating_add(u64::from(what.raises_epoch() || chain.seq == 0)),
        at,
        what,
    }
}
