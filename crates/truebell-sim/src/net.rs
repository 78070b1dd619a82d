//! The network between devices and the server: decides what goes wrong with each exchange, does it, counts it, and lets everybody who
//! watches hear it.

use crate::bank::{PAGES, Page};
use crate::checks::Truth;
use crate::dice::Dice;
use crate::fault::{DbFault, Fault, Weather};
use crate::heads;
use crate::kinds::Tally;
use crate::mutate::{self, Mutation};
use crate::naive::{Alarm, Naive};
use crate::site::{Answer, Condition, Question, STATUS_ADDRESS, Site, other_signing_key, signing_key};
use crate::time::Watch;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Cursor, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use truebell_client::{Request, Response, Transport};
use truebell_core::hash::Hash32;
use truebell_core::head::Head;
use truebell_core::outcome::Failure;
use truebell_core::secret::Secret;

/// How many genuine answers are kept to be played back.
const HEARD_MAX: usize = 32;

/// What decides about faults.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    /// Drawn from dice.
    Drawn(Weather, Dice),
    /// The n-th exchange from here on meets these.
    Listed(Vec<(u16, Fault)>),
}

/// What a drill wants to happen: faults for requests whose path begins so.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Only for this device.
    pub device: Option<usize>,
    /// Only for paths that begin so.
    pub path: String,
    /// How many exchanges more; `None` for all from now on.
    pub times: Option<u32>,
    /// What happens.
    pub what: Happens,
}

/// What happens by a [`Rule`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happens {
    /// A fault.
    Fault(Fault),
    /// Somebody answers with a page of their own; the server hears nothing.
    Answer(Page),
}

/// How many exchanges there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Exchanges {
    /// All.
    pub all: u64,
    /// Those that met a fault.
    pub faulted: u64,
}

/// What came of an exchange: the answer, and after how many thousandths of its body the connection breaks.
type Heard = Result<(Answer, Option<u16>), Failure>;

/// Everything on the wire.
pub(crate) struct Wire {
    pub(crate) site: Site,
    pub(crate) truth: Truth,
    pub(crate) plan: Plan,
    pub(crate) rules: Vec<Rule>,
    pub(crate) exchanges: Exchanges,
    /// How often each kind of trouble happened.
    pub(crate) tally: Tally,
    /// Devices' clocks.
    pub(crate) watches: Vec<Watch>,
    pub(crate) naive: Vec<Naive>,
    /// Which device's naive client raised which false alarm.
    pub(crate) naive_alarms: Vec<(usize, Alarm)>,
    pub(crate) mutation: Option<Mutation>,
    pub(crate) mutant: mutate::Memory,
    /// Faults that were met since the step began: number of the exchange in the step, fault.
    pub(crate) met: Vec<(u16, Fault)>,
    /// Number of the next exchange in the step.
    pub(crate) number: u16,
    postponed: Vec<(u8, Question)>,
    /// The exchange at hand met the odd condition the server is in.
    met_condition: bool,
    /// Devices whose clocks jumped, and how far they were off before.
    jumped: Vec<(usize, i64)>,
    heard: VecDeque<Answer>,
    dice: Dice,
    digest: DefaultHasher,
}

/// The network. Clones are the same one.
#[derive(Clone)]
pub(crate) struct Net(Arc<Mutex<Wire>>);

/// A device's end of it.
pub(crate) struct Line {
    net: Net,
    line: usize,
}

impl Transport for Line {
    fn exchange(&self, request: &Request<'_>) -> Result<Response, Failure> {
        if request.server == STATUS_ADDRESS {
            // Another host: what befalls the server's own line does not befall it.
            return self.net.wire().site.status_page().map(|body| whole(200, body)).ok_or(Failure::Connect);
        }
        let question = Question {
            line: self.line,
            method: request.method,
            path: request.path.to_owned(),
            content_type: request.content_type.to_owned(),
            body: request.body.to_vec(),
            nonce: request.nonce.to_owned(),
            token: request.token.map(|token| Secret::new(token.expose())),
        };
        self.net.wire().exchange(question)
    }
}

/// A body that ends in an error.
struct Broken(Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(std::io::ErrorKind::ConnectionReset.into()),
            read => Ok(read),
        }
    }
}

fn whole(status: u16, body: Vec<u8>) -> Response {
    Response { status, head: None, content_type: None, via: None, ray: None, body: Box::new(Cursor::new(body)) }
}

/// A page of the bank as an answer.
pub(crate) fn page(place: u16) -> Option<Answer> {
    PAGES.get(usize::from(place)).map(answer_with)
}

fn answer_with(page: &Page) -> Answer {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Answer {
        status: page.status,
        head: None,
        content_type: some(page.content_type),
        via: some(page.via),
        body: page.body.as_bytes().to_vec(),
    }
}

fn cut(body: &mut Vec<u8>, permille: u16) {
    body.truncate(body.len() * usize::from(permille.min(999)) / 1000);
}

impl Net {
    pub(crate) fn new(site: Site, truth: Truth) -> Self {
        let dice = Dice::about(site.seed(), 0x6e65_7400);
        Self(Arc::new(Mutex::new(Wire {
            site,
            truth,
            plan: Plan::Listed(Vec::new()),
            rules: Vec::new(),
            exchanges: Exchanges::default(),
            tally: Tally::default(),
            watches: Vec::new(),
            naive: Vec::new(),
            naive_alarms: Vec::new(),
            mutation: None,
            mutant: mutate::Memory::default(),
            met: Vec::new(),
            number: 0,
            postponed: Vec::new(),
            met_condition: false,
            jumped: Vec::new(),
            heard: VecDeque::new(),
            dice,
            digest: DefaultHasher::new(),
        })))
    }

    pub(crate) fn wire(&self) -> MutexGuard<'_, Wire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn line(&self, line: usize) -> Arc<dyn Transport> {
        Arc::new(Line { net: self.clone(), line })
    }
}

impl Wire {
    /// A step begins: its exchanges are numbered from 0.
    pub(crate) fn begin(&mut self, plan: Plan) {
        (self.plan, self.number) = (plan, 0);
        self.met.clear();
    }

    /// A step is over: no more faults. What it met is kept until the next begins.
    pub(crate) fn rest(&mut self) {
        (self.plan, self.number) = (Plan::Listed(Vec::new()), 0);
    }

    /// Faults the last step met: number of the exchange in the step, fault.
    pub(crate) fn last_met(&self) -> Vec<(u16, Fault)> {
        self.met.clone()
    }

    /// What this run was, up to now.
    pub(crate) fn digest(&self) -> u64 {
        self.digest.clone().finish()
    }

    /// Adds something to the digest.
    pub(crate) fn note(&mut self, what: &impl Hash) {
        what.hash(&mut self.digest);
    }

    fn exchange(&mut self, question: Question) -> Result<Response, Failure> {
        let happens = self.decide(&question);
        if let Some(Happens::Fault(fault)) = happens {
            self.met.push((self.number, fault));
        }
        self.number = self.number.saturating_add(1);
        self.set_clocks_right(Some(question.line));
        self.deliver_postponed();
        self.met_condition = false;
        let (result, met_fault) = match happens {
            Some(Happens::Answer(page)) => {
                self.tally.add(Fault::Page(0).kind());
                (Ok((answer_with(&page), None)), true)
            }
            Some(Happens::Fault(fault)) => self.suffer(fault, &question),
            None => (self.asked(&question), false),
        };
        self.exchanges.all += 1;
        self.exchanges.faulted += u64::from(met_fault || self.met_condition);
        self.settle(&question, result)
    }

    /// Clocks that jumped are right again: this device's, or all.
    fn set_clocks_right(&mut self, line: Option<usize>) {
        let watches = &self.watches;
        self.jumped.retain(|(jumped, off)| {
            let stays = line.is_some_and(|line| line != *jumped);
            if let Some(watch) = watches.get(*jumped).filter(|_| !stays) {
                watch.set_off(*off);
            }
            stays
        });
    }

    /// Lets those who watch hear it, and hands it to the device.
    fn settle(&mut self, question: &Question, result: Heard) -> Result<Response, Failure> {
        let result = match self.mutation {
            Some(mutation) => self.mutated(mutation, question, result),
            None => result,
        };
        let summary = match &result {
            Ok((answer, broken)) => (answer.status, answer.body.len(), Hash32::derive_plain(&answer.body).0, *broken),
            Err(failure) => (0, *failure as usize, [0; 32], None),
        };
        self.note(&(question.line, &question.path, self.site.time().now().0, summary));
        let heard = result.as_ref().map(|(answer, _)| answer).map_err(|failure| *failure);
        if let Some(naive) = self.naive.get_mut(question.line)
            && let Some(alarm) = naive.hear(&question.path, heard)
            && !self.truth.would_be_true(question.line, alarm)
        {
            self.naive_alarms.push((question.line, alarm));
        }
        let (answer, broken) = result?;
        let Answer { status, head, content_type, via, mut body } = answer;
        let body: Box<dyn Read + Send> = match broken {
            Some(permille) => {
                cut(&mut body, permille);
                Box::new(Broken(Cursor::new(body)))
            }
            None => Box::new(Cursor::new(body)),
        };
        Ok(Response { status, head, content_type, via, ray: None, body })
    }

    fn decide(&mut self, question: &Question) -> Option<Happens> {
        let fits = |rule: &&mut Rule| {
            rule.device.is_none_or(|device| device == question.line) && question.path.starts_with(&rule.path) && rule.times != Some(0)
        };
        if let Some(rule) = self.rules.iter_mut().find(fits) {
            rule.times = rule.times.map(|times| times - 1);
            return Some(rule.what);
        }
        let number = self.number;
        let fault = match &mut self.plan {
            Plan::Drawn(weather, dice) => weather.draw(dice),
            Plan::Listed(listed) => listed.iter().find(|(at, _)| *at == number).map(|(_, fault)| *fault),
        };
        fault.map(Happens::Fault)
    }

    /// The request reaches the server; whoever keeps the truth looks at what became of it.
    fn ask(&mut self, question: &Question) -> Option<Answer> {
        let before = self.mutation.filter(|mutation| mutation.splices(question)).map(|_| self.site.store().fork());
        let writes = self.site.security_writes();
        let answer = self.site.answer(question);
        self.meet_condition();
        if let (Some(before), Some(mutation)) = (before, self.mutation) {
            mutation.splice(&mut self.site, &before, question, answer.as_ref());
        }
        if self.mutation.is_some() || self.site.security_writes() != writes {
            self.truth.look(&self.site, Some(question.line));
        }
        if let Some(answer) = answer.as_ref().filter(|answer| answer.head.is_some()) {
            self.heard.push_back(answer.clone());
            if self.heard.len() > HEARD_MAX {
                self.heard.pop_front();
            }
        }
        answer
    }

    /// A request reached the server: whether the condition it is in changed what comes of it.
    fn meet_condition(&mut self) {
        let kind = match self.site.condition() {
            Condition::Up => None,
            Condition::Down(None) => Some("server away"),
            Condition::Down(Some(_)) => Some("page where the server was"),
            Condition::OtherKey => Some("signing key lost"),
            Condition::OtherDatabase => Some("empty database of another server"),
            Condition::DiskFull => self.site.condition_failed().then_some("server's disk is full"),
            Condition::Fenced => self.site.condition_failed().then_some("database fenced for a move"),
        };
        if let Some(kind) = kind {
            self.met_condition = true;
            self.tally.add(kind);
        }
    }

    /// A device says that it is up to date, and asked when so many deeds were done. What a replica that is behind does not know, it
    /// cannot know either.
    pub(crate) fn hear_claim(&mut self, line: usize, known: usize) {
        let behind = |(_, fault): &(u16, Fault)| matches!(fault, Fault::Database(_, DbFault::Behind));
        if !self.met.iter().any(behind) {
            self.truth.claims_up_to_date(line, known);
        }
    }

    fn asked(&mut self, question: &Question) -> Heard {
        self.ask(question).map(|answer| (answer, None)).ok_or(Failure::Connect)
    }

    /// Requests that were given up arrive late, if it is their time.
    fn deliver_postponed(&mut self) {
        self.postponed.iter_mut().for_each(|(wait, _)| *wait = wait.saturating_sub(1));
        while let Some(place) = self.postponed.iter().position(|(wait, _)| *wait == 0) {
            let (_, question) = self.postponed.remove(place);
            let _nobody_listens = self.ask(&question);
        }
    }

    /// All that are still on their way arrive.
    pub(crate) fn deliver_all(&mut self) {
        self.set_clocks_right(None);
        self.postponed.iter_mut().for_each(|(wait, _)| *wait = 1);
        self.deliver_postponed();
    }

    /// What comes of an exchange with this fault, and whether it really met it.
    fn suffer(&mut self, fault: Fault, question: &Question) -> (Heard, bool) {
        let (result, met) = match fault {
            Fault::Database(at, how) => {
                self.site.plan_database(Some((at, how)));
                let result = self.asked(question);
                (result, self.site.database_failed())
            }
            Fault::Killed(at) => {
                self.site.plan_death(at);
                let _nobody_hears = self.ask(question);
                self.site.restart();
                (Err(Failure::Broken), true)
            }
            fault => self.suffer_on_the_way(fault, question),
        };
        self.site.plan_database(None);
        if met {
            self.tally.add(fault.kind());
            if let Fault::Page(place) | Fault::PageInstead(place) | Fault::Mixed(_, place) = fault {
                PAGES.get(usize::from(place)).into_iter().for_each(|page| self.tally.add(page.who));
            }
        }
        (result, met)
    }

    fn suffer_on_the_way(&mut self, fault: Fault, question: &Question) -> (Heard, bool) {
        let failed = |failure| (Err(failure), true);
        match fault {
            Fault::NoName => failed(Failure::Name),
            Fault::NoConnection => failed(Failure::Connect),
            Fault::WrongTlsName => failed(Failure::Misnamed),
            Fault::RequestLost => {
                self.site.time().pass(10_000);
                failed(Failure::Timeout)
            }
            Fault::AnswerLost => {
                let _lost = self.ask(question);
                failed(Failure::Broken)
            }
            Fault::Slept(minutes) => {
                let _lost = self.ask(question);
                self.site.time().pass(u64::from(minutes) * 60_000);
                failed(Failure::Broken)
            }
            Fault::Postponed(wait) => {
                self.site.time().pass(10_000);
                self.postponed.push((wait, question.clone()));
                failed(Failure::Timeout)
            }
            Fault::Duplicated => {
                let _first = self.ask(question);
                (self.asked(question), true)
            }
            Fault::Slow(seconds) => {
                let answer = self.asked(question);
                self.site.time().pass(u64::from(seconds) * 1000);
                (answer, true)
            }
            Fault::ClockJumps(seconds) => {
                let answer = self.asked(question);
                (answer, self.jump_clock(question.line, seconds))
            }
            Fault::RequestCut(permille) => {
                let mut question = question.clone();
                let len = question.body.len();
                cut(&mut question.body, permille);
                (self.asked(&question), question.body.len() < len)
            }
            Fault::Page(place) => (page(place).map(|answer| (answer, None)).ok_or(Failure::Connect), true),
            Fault::Mixed(status, place) => (page(place).map(|answer| (Answer { status, ..answer }, None)).ok_or(Failure::Connect), true),
            fault => match self.asked(question) {
                Err(failure) => (Err(failure), false),
                Ok((answer, broken)) => {
                    let tampered = self.tampered(fault, answer.clone());
                    let breaks = broken_at(fault);
                    let met = tampered != answer || breaks.is_some();
                    (Ok((tampered, broken.or(breaks))), met)
                }
            },
        }
    }

    fn jump_clock(&mut self, line: usize, seconds: i32) -> bool {
        let Some(watch) = self.watches.get(line) else { return false };
        let off = watch.off();
        self.jumped.push((line, off));
        watch.set_off(off + i64::from(seconds) * 1000);
        seconds != 0
    }

    /// The answer, as somebody on its way left it.
    fn tampered(&mut self, fault: Fault, mut answer: Answer) -> Answer {
        match fault {
            Fault::AnswerCut(permille) => cut(&mut answer.body, permille),
            Fault::PageInstead(place) => return page(place).unwrap_or(answer),
            Fault::HeadStripped => answer.head = None,
            Fault::StatusChanged(status) => answer.status = status,
            Fault::BodyChanged => {
                let place = self.dice.place(answer.body.len());
                if let Some(byte) = answer.body.get_mut(place) {
                    *byte ^= 0x20;
                }
            }
            Fault::Replayed(ago) => {
                // The last one heard is this answer itself.
                let place = self.heard.len().checked_sub(1 + usize::from(ago));
                if let Some(earlier) = place.and_then(|place| self.heard.get(place)) {
                    return earlier.clone();
                }
                answer.head = None;
            }
            Fault::OtherServer => {
                let head: Option<Head> = answer.head.as_deref().and_then(|head| heads::open(head, &signing_key()));
                answer.head = head.map(|head| head.sign(&other_signing_key()));
            }
            _ => {}
        }
        answer
    }

    fn mutated(&mut self, mutation: Mutation, question: &Question, result: Heard) -> Heard {
        let (answer, broken) = result?;
        Ok((mutation.hear(&mut self.mutant, question, answer), broken))
    }
}

fn broken_at(fault: Fault) -> Option<u16> {
    match fault {
        Fault::AnswerBroken(permille) => Some(permille),
        _ => None,
    }
}
