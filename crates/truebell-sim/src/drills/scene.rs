//! The stage of a drill: a small world, what is done in it in a few words, and what must be so. Never here: a story.

use super::Play;
use crate::bank::{self, PAGES, Page};
use crate::fault::Fault;
use crate::net::Happens;
use crate::report::Report;
use crate::site::{ADDRESS, Condition, Site};
use crate::world::{Device, Person, World};
use truebell_client::Trace;
use truebell_core::ids::SessionId;

/// How long a session of this world lasts, and an hour: after it, every device must open the next.
const SESSIONS_OVER: u64 = 7 * 3600;

/// A small world to play a drill in: Ada with a laptop and a phone, both enrolled, synced and with one item, “Mail”.
pub struct Scene {
    /// The whole world, for what has no shorter way.
    pub world: World,
    /// Ada.
    pub ada: Person,
    /// Her first device.
    pub laptop: Device,
    /// Her second.
    pub phone: Device,
    /// The place of the item “Mail”.
    pub mail: usize,
    id: &'static str,
    /// What was expected and was not so.
    unmet: Vec<String>,
}

impl Scene {
    /// Ada, her devices and her item, in good weather.
    pub fn begin(id: &'static str, play: Play) -> Self {
        Self::begin_in(id, World::with_mutation(play.seed, play.broken))
    }

    /// The same, where the server has a status page on another host.
    pub fn begin_with_status_page(id: &'static str, play: Play) -> Self {
        let mut world = World::with_mutation(play.seed, play.broken);
        world.with_server(Site::name_status_page);
        Self::begin_in(id, world)
    }

    fn begin_in(id: &'static str, mut world: World) -> Self {
        let mut unmet = Vec::new();
        let (ada, laptop) = world.sign_up().unwrap_or_else(|error| {
            unmet.push(format!("Ada could not sign up: {error}"));
            (Person(0), Device(0))
        });
        let mail = world.add(laptop, "Mail").unwrap_or_default();
        world.sync(laptop);
        let phone = world.enrol(ada).unwrap_or_else(|error| {
            unmet.push(format!("the phone could not be enrolled: {error}"));
            Device(1)
        });
        world.sync(phone);
        world.sync(laptop);
        Self { world, ada, laptop, phone, mail, id, unmet }
    }

    // --- what is done

    /// A device syncs; what it shows.
    pub fn sync(&mut self, device: Device) -> String {
        self.world.pass(40);
        self.world.sync(device)
    }

    /// So much time passes that every session is over.
    pub fn let_sessions_end(&mut self) {
        self.world.pass(SESSIONS_OVER);
    }

    /// Somebody in between answers everything with this page, until [`Self::clear`].
    pub fn between(&mut self, page: Page) {
        self.world.always("/", Happens::Answer(page));
    }

    /// Somebody in between answers every request whose path begins so with the page of the bank called so, instead of what answered before.
    pub fn answers(&mut self, path: &str, who: &str) {
        self.world.calm();
        match PAGES.get(usize::from(bank::find(who))).filter(|page| page.who == who) {
            Some(page) => self.world.always(path, Happens::Answer(*page)),
            None => self.expect(false, &format!("the bank has a page called “{who}”")),
        }
    }

    /// Every request whose path begins so meets this fault, until [`Self::clear`].
    pub fn trouble(&mut self, path: &str, fault: Fault) {
        self.world.always(path, Happens::Fault(fault));
    }

    /// Somebody edits “Mail” on a device now. That the edit reaches the other device is checked at the end.
    pub fn edit(&mut self, device: Device) {
        let value = self.world.set(device, self.mail, "password");
        self.expect(value.is_some(), "an edit is taken at any time");
    }

    /// All trouble on the line ends, and the server is up.
    pub fn clear(&mut self) {
        self.world.calm();
        self.world.server_is(Condition::Up);
        self.world.pass(120);
    }

    // --- what must be so

    /// Something must be so; `what` says what, for the report.
    pub fn expect(&mut self, is_so: bool, what: &str) {
        if !is_so {
            self.unmet.push(what.to_owned());
        }
    }

    /// A sentence must have these words.
    pub fn expect_words(&mut self, said: &str, words: &str) {
        self.expect(said.contains(words), &format!("“{said}” should say “{words}”"));
    }

    /// A sentence must not have these.
    pub fn expect_no_words(&mut self, said: &str, words: &str) {
        self.expect(!said.contains(words), &format!("“{said}” should not say “{words}”"));
    }

    /// A device must open and show the item without the server: nothing that happens on the line may touch that.
    pub fn expect_readable(&mut self, device: Device) {
        let read = self.world.read(device, self.mail, "password");
        self.expect(read.is_some(), &format!("device {} cannot read its item any more", device.0));
    }

    /// A device syncs while something is wrong. It must say these words, call the data safe and the account unchanged, in one line and
    /// without anybody's markup, and keep its items and whom it is set up for.
    pub fn expect_stays(&mut self, device: Device, words: &str) -> String {
        let said = self.sync(device);
        self.expect_words(&said, words);
        self.expect_words(&said, "Your data is safe");
        self.expect_words(&said, "Nothing about your account changed");
        self.expect(!said.contains(['<', '\n']), &format!("“{said}” is one line of plain words"));
        self.expect_readable(device);
        let set_up = self.world.set_up_for(device);
        let is_set_up = set_up.is_some_and(|(server, email)| server == ADDRESS && !email.is_empty());
        self.expect(is_set_up, "the device knows its server and its account");
        said
    }

    /// The program is killed and started again: the password must open it without a word with the network.
    pub fn expect_opens_offline(&mut self, device: Device) {
        let before = self.world.exchanges().all;
        let opened = self.world.restart(device);
        self.expect(opened.is_ok(), &format!("device {} opens with the password: {opened:?}", device.0));
        let asked = self.world.exchanges().all - before;
        self.expect(asked == 0, "unlocking asks the network for nothing");
        self.expect_readable(device);
    }

    /// A device syncs, and all is well again.
    pub fn expect_comes_back(&mut self, device: Device) {
        let said = self.sync(device);
        self.expect_words(&said, "Up to date");
    }

    /// The positive control: the password is really changed on the laptop. The phone and the mailbox must be told, each once.
    pub fn expect_told_once(&mut self) {
        self.sync(self.laptop);
        self.sync(self.phone);
        self.world.work(None);
        let (notices, mails) = (self.notices(self.phone), self.mails());
        let changed = self.world.change_password(self.laptop);
        self.expect(changed.is_ok(), &format!("the password can be changed: {changed:?}"));
        for _ in 0..3 {
            self.sync(self.phone);
            self.world.work(None);
        }
        let (shown, sent) = (self.notices(self.phone) - notices, self.mails() - mails);
        self.expect(shown == 1, &format!("the phone is told of a real password change once, not {shown} times"));
        self.expect(sent == 1, &format!("a real password change sends one mail, not {sent}"));
    }

    /// The naive client must have raised an alarm on the same answers: else nothing was tried.
    pub fn expect_naive_cried(&mut self) {
        let cried = self.world.naive_false_alarms() > 0;
        self.expect(cried, "a naive client would have raised a false alarm");
    }

    /// A device has the session it had.
    pub fn expect_same_session(&mut self, device: Device, before: Option<SessionId>) {
        let now = self.world.session(device);
        self.expect(before.is_some() && now == before, &format!("device {} has the session it had", device.0));
    }

    // --- what there is

    /// How many notices a device has in its inbox about what others did.
    pub fn notices(&mut self, device: Device) -> usize {
        let inbox = self.world.client(device).and_then(|client| client.inbox().ok()).unwrap_or_default();
        inbox.iter().filter(|entry| !entry.own).count()
    }

    /// How many mails went out.
    pub fn mails(&mut self) -> usize {
        self.world.with_server(|site| site.relay.taken().len())
    }

    /// The decision trace of a device, newest first.
    pub fn trace(&mut self, device: Device) -> Vec<Trace> {
        self.world.client(device).and_then(|client| client.trace().ok()).unwrap_or_default()
    }

    /// Whether the trace says of an exchange that it came to this.
    pub fn expect_traced(&mut self, device: Device, outcome: &str) {
        let trace = self.trace(device);
        let found = trace.iter().any(|line| line.outcome.starts_with(outcome));
        self.expect(found, &format!("the trace says “{outcome}”: {:?}", trace.iter().map(|line| &line.outcome).collect::<Vec<_>>()));
    }

    /// Ends: faults stop, everybody syncs, mail goes out, and the checks reckon up.
    pub fn end(mut self) -> Report {
        self.world.end();
        let mut report = self.world.report(self.id, self.unmet.is_empty());
        report.findings.extend(self.unmet);
        report
    }
}
