//! What operators do to the server, and the weather on the way to it.

use super::World;
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
        if wire.site.restore() {
            wire.tally.add("backup restored");
            wire.truth.restored();
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

    /// The operator takes back what the newest mail told of. Nobody may do anything to that account afterwards: the book counts its chain by
    /// what people do.
    pub fn take_back_newest(&mut self) -> Option<CheckCode> {
        let (mut dice, at) = (Dice::about(self.seed, 0x7a3e), self.time.now());
        let mut wire = self.net.wire();
        let letter = wire.site.relay.taken().pop()?;
        let code = CheckCode::parse(&letter.code)?;
        let signer = Signer { server: SERVER, key: signing_key() };
        let store = wire.site.store().clone();
        let (_, taken_back) = ready(take_back(&*store, &signer, (&code, Reason::Fault), at, &mut dice))?.ok()?;
        wire.truth.taken_back(taken_back.code.as_str(), letter.to);
        Some(taken_back.code)
    }

    /// The relay is like this from now on.
    pub fn mail_is(&mut self, mood: Mood) {
        self.with_server(|site| site.relay.set_mood(mood));
    }
}

/// A mutation's doing: a mail about nothing. The composer writes none without its proof, so this one never saw it.
fn forge_mail(site: &Site) {
    site.relay.forge(Letter { mail: truebell_core::ids::MailId([0xfa; 16]), to: "ada@example.org".into(), code: "00000-00000".into() });
}
