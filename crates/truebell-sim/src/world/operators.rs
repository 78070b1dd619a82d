//! What operators do to the server, and the weather on the way to it.

use super::World;
use crate::checks::Truth;
use crate::dice::Dice;
use crate::fault::{DbFault, Fault, Weather};
use crate::mutate::Mutation;
use crate::net::{Happens, Plan, Rule};
use crate::relay::{Letter, Mood};
use crate::site::{Condition, SERVER, Site, ready, signing_key};
use truebell_core::event::{CheckCode, Reason};
use truebell_core::time::UnixMillis;
use truebell_server::mail::Signer;
use truebell_server::retract::take_back;
use truebell_store::Store;

impl World {
    /// Lets seconds pass.
    pub fn pass(&mut self, seconds: u64) {
        self.time.pass(seconds * 1000);
    }

    /// The true time.
    pub fn now(&self) -> UnixMillis {
        self.time.now()
    }

    /// The weather from now on: exchanges are faulted by dice of this salt.
    pub fn weather(&mut self, weather: Weather, salt: u64) {
        let dice = Dice::about(self.seed, salt);
        self.net.wire().begin(Plan::Drawn(weather, dice));
    }

    /// The next exchanges meet these: number from here on, and fault.
    pub fn faults(&mut self, faults: &[(u16, Fault)]) {
        self.net.wire().begin(Plan::Listed(faults.to_vec()));
    }

    /// Good weather: no faults, no rules.
    pub fn calm(&mut self) {
        let mut wire = self.net.wire();
        wire.begin(Plan::Listed(Vec::new()));
        wire.rules.clear();
    }

    /// Every request whose path begins so meets this, until [`Self::calm`].
    pub fn always(&mut self, path: &str, what: Happens) {
        self.rule(Rule { device: None, path: path.to_owned(), times: None, what });
    }

    /// The next request whose path begins so meets this.
    pub fn next(&mut self, path: &str, what: Happens) {
        self.rule(Rule { device: None, path: path.to_owned(), times: Some(1), what });
    }

    /// Adds a rule; earlier ones go first.
    pub fn rule(&mut self, rule: Rule) {
        self.net.wire().rules.push(rule);
    }

    /// The server, for what an operator does to it.
    pub fn with_server<T>(&mut self, what: impl FnOnce(&mut Site) -> T) -> T {
        what(&mut self.net.wire().site)
    }

    /// The server is like this from now on.
    pub fn server_is(&mut self, condition: Condition) {
        self.with_server(|site| site.set_condition(condition));
    }

    /// Its processes start again.
    pub fn restart_server(&mut self) {
        let mut wire = self.net.wire();
        if self.mutation == Some(Mutation::ForgetsDevices) {
            wire.site.splice(&truebell_store::memory::Memory::new(), &["devices", "sessions"]);
        }
        wire.site.restart();
        let wire = &mut *wire;
        wire.truth.look(&wire.site, None);
    }

    /// A backup is made.
    pub fn back_up(&mut self) {
        let mut wire = self.net.wire();
        wire.site.back_up();
        wire.truth.back_up();
    }

    /// The last backup is restored, as an operator does it.
    pub fn restore_backup(&mut self) {
        let mut wire = self.net.wire();
        let parked = wire.site.look(|store| ready(store.parked_mails(10_000)).and_then(Result::ok).unwrap_or_default());
        if wire.site.restore() {
            wire.tally.add("backup restored");
            wire.truth.restored(&parked);
        }
    }

    /// The server's jobs have their turn: mails leave.
    pub fn work(&mut self, fault: Option<(u8, DbFault)>) {
        let mut wire = self.net.wire();
        let before = (self.mutation == Some(Mutation::ClaimsAfterSending)).then(|| wire.site.store().fork());
        wire.site.plan_database(fault);
        wire.site.work();
        if wire.site.database_failed() {
            wire.tally.add("database fails a job");
        }
        wire.site.plan_database(None);
        if let Some(before) = before
            && wire.site.relay.taken().len().is_multiple_of(5)
        {
            wire.site.splice(&before, &["mails"]);
        }
        let wire = &mut *wire;
        wire.truth.look(&wire.site, None);
        if self.mutation == Some(Mutation::MailsWithoutEvent) && self.time.now().0.is_multiple_of(7) {
            forge_mail(&wire.site);
        }
    }

    /// The operator takes back what the newest mail told of.
    pub fn take_back_newest(&mut self) -> Option<CheckCode> {
        let letter = self.net.wire().site.relay.taken().pop()?;
        self.take_back(&CheckCode::parse(&letter.code)?)
    }

    /// The operator takes back a notice of a device's account, by its place.
    pub(super) fn take_back_some(&mut self, line: usize, place: usize) {
        let code = {
            let wire = self.net.wire();
            let deeds = wire.truth.account_of(line).map_or(&[][..], |account| wire.truth.deeds(account));
            deeds.get(place % deeds.len().max(1)).and_then(|deed| CheckCode::parse(deed.code.as_deref()?))
        };
        let _taken_back = code.and_then(|code| self.take_back(&code));
    }

    /// The operator takes a notice back. Its correction's code, if the server did so.
    fn take_back(&mut self, code: &CheckCode) -> Option<CheckCode> {
        let at = self.time.now();
        let mut dice = Dice::about(self.seed, 0x7a3e ^ at.0);
        let mut wire = self.net.wire();
        let signer = Signer { server: SERVER, key: signing_key() };
        let store = wire.site.store().clone();
        let unsent = unsent(&wire.site, &wire.truth, code);
        wire.truth.operator_takes_back();
        let before = (self.mutation == Some(Mutation::TakesBackWithoutMail)).then(|| store.fork());
        let done = ready(take_back(&*store, &signer, (code, Reason::Fault), at, &mut dice))?.ok();
        if done.is_some() {
            wire.truth.withheld(code.as_str(), unsent.into_iter());
            wire.tally.add("notice taken back by the operator");
        }
        if let Some(before) = before {
            wire.site.splice(&before, &["mails"]);
        }
        let wire = &mut *wire;
        wire.truth.operator_took_back(&wire.site);
        done.map(|(_, taken_back)| taken_back.code)
    }

    /// The relay is like this from now on.
    pub fn mail_is(&mut self, mood: Mood) {
        self.with_server(|site| site.relay.set_mood(mood));
    }
}

/// To whom no mail with this code has gone out, nor may have.
fn unsent(site: &Site, truth: &Truth, code: &CheckCode) -> Vec<String> {
    let gone: Vec<Letter> = [site.relay.taken(), site.relay.lost(), site.relay.refused()].concat();
    let to = truth.owed_by(code.as_str());
    to.into_iter().filter(|to| !gone.iter().any(|letter| letter.code == code.as_str() && letter.to == *to)).collect()
}

/// A mutation's doing: a mail about nothing. The composer writes none without its proof, so this one never saw it.
fn forge_mail(site: &Site) {
    site.relay.forge(Letter { mail: truebell_core::ids::MailId([0xfa; 16]), to: "ada@example.org".into(), code: "00000-00000".into() });
}
