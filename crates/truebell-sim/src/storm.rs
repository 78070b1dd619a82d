//! A storm: so many clients on one server whose database crawls, fails, and comes back while everybody looks at once.
//!
//! Real are each client's state machine with its pacing, backoff and budget of retries (`truebell_engine::sync::Machine`), its judgement
//! of every signed answer (`classify`), and the server's gate with its learned limit, its queue and what it tells those it sends away.
//! A model are the database (so many connections, so long each), the network (it takes no time), and a sync (one request that finds
//! nothing new). Never here: vaults, mails, sessions; worlds of full clients are in `world.rs`, real processes in the drill of the day.

use crate::checks::alarming;
use crate::dice::Dice;
use crate::site::signing_key;
use crate::time::BEGINNING;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::time::Duration;
use truebell_core::chance::make_array;
use truebell_core::head::{Head, Status};
use truebell_core::ids::ServerId;
use truebell_core::memo::Memo;
use truebell_core::outcome::{Known, Pinned, Reply, classify};
use truebell_core::sign::SigningKey;
use truebell_core::time::UnixMillis;
use truebell_engine::sync::sentences::describe;
use truebell_engine::sync::{Input, Machine, View, Wake, Why};
use truebell_server::{AtGate, Knocked, SimulatedAdmission, Turn};

/// Connections of the database, and what a request keeps one for where there are 100,000 clients: 2,000 requests a second, of which they
/// ask for three quarters. Fewer clients have a slower database.
const CONNECTIONS: usize = 16;
const SERVICE_US: u64 = 8_000;
const CLIENTS: u64 = 100_000;
/// How much longer it takes while the database crawls.
const CRAWL: u64 = 40;
/// After this a failing database says so.
const FAILURE_US: u64 = 50_000;
/// The server's own settings, as they are by default.
const CAPACITY: usize = 1024;
const PACE: Duration = Duration::from_secs(1);
const SECOND: u64 = 1_000_000;
/// When the database begins to crawl, fails, and is well again; and when the storm has been watched for long enough.
const CRAWLS: u64 = 180 * SECOND;
const FAILS: u64 = 360 * SECOND;
const WELL: u64 = 480 * SECOND;
const END: u64 = 1_200 * SECOND;
/// Once it is well, everybody looks at their device within this time: ten times as many as can be served.
const LOOK_US: u64 = 5 * SECOND;
const SERVER: ServerId = ServerId([0x5e; 16]);
const GENERATION: [u8; 16] = [7; 16];

/// What a storm showed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StormReport {
    /// Its name.
    pub name: String,
    /// No false alarm, everybody up to date again, the queue bounded, and at least 80 % of what can be served was served.
    pub passed: bool,
    /// Replays it.
    pub seed: u64,
    /// Clients.
    pub clients: u64,
    /// Simulated seconds.
    pub seconds: u64,
    /// Requests.
    pub exchanges: u64,
    /// Of them sent away or failed.
    pub not_served: u64,
    /// Sentences about the account that were shown and are not true.
    pub false_alarms: u64,
    /// People whom a client would have told that their password was changed, had it taken a failed try for that after a failed sync.
    pub naive_false_alarms: u64,
    /// Requests served each second before the trouble.
    pub goodput_before: u64,
    /// Most requests in one second.
    pub offered_max: u64,
    /// Most requests in one second, as a multiple of what can be served.
    pub offered_ratio_max: f64,
    /// In the seconds in which more was asked for than a well database can serve: the share of that which was served.
    pub goodput_ratio_in_the_surge: f64,
    /// Most requests waiting at the gate at once.
    pub queue_max: usize,
    /// Most requests at work at once.
    pub at_work_max: usize,
    /// Longest time to an answer, in milliseconds.
    pub answer_ms_max: u64,
    /// Seconds after the end of the trouble until every client was up to date again; `None` if one never was.
    pub all_well_after_seconds: Option<u64>,
    /// Everything that was shown, each once, without times.
    pub sentences: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A client's timer.
    Timer(usize),
    /// A person looks at a client.
    Looked(usize),
    /// The database is done with a request.
    Done(u64),
    /// A request has waited long enough.
    GivesUp(u64),
}

struct Client {
    machine: Machine,
    /// When its timer is set for; others are of before.
    timer: u64,
    failed_before: bool,
    naive_told: bool,
    well_since: Option<u64>,
}

struct Asked {
    client: usize,
    nonce: [u8; 16],
    since: u64,
    at_work: Option<AtGate>,
    /// Whether the database was failing when it began.
    fails: bool,
}

#[derive(Default, Clone, Copy)]
struct Second {
    offered: u64,
    served: u64,
}

struct Storm {
    now: u64,
    seed: u64,
    dice: Dice,
    key: SigningKey,
    pinned: Pinned,
    gate: SimulatedAdmission,
    clients: Vec<Client>,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    planned: u64,
    requests: BTreeMap<u64, Asked>,
    waiting: VecDeque<(u64, Turn)>,
    /// Requests at work that have no connection yet.
    queued: VecDeque<u64>,
    connected: usize,
    service_us: u64,
    seconds: Vec<Second>,
    report: StormReport,
    sentences: BTreeSet<String>,
}

/// Runs a storm of so many clients.
pub fn storm(clients: usize, seed: u64) -> StormReport {
    let _memo = Memo::default().hold();
    let mut storm = Storm::new(clients, seed);
    while let Some(Reverse((at, _, event))) = storm.events.pop() {
        if at >= END {
            break;
        }
        storm.now = at;
        storm.gate.at(at);
        storm.handle(event);
    }
    storm.reckon()
}

impl Storm {
    fn new(count: usize, seed: u64) -> Self {
        let key = signing_key();
        let pinned = Pinned { server: SERVER, key: key.public(), generation: GENERATION.to_vec().into(), restore_epoch: 0 };
        let report = StormReport {
            name: "storm".into(),
            passed: false,
            seed,
            clients: count as u64,
            seconds: END / SECOND,
            exchanges: 0,
            not_served: 0,
            false_alarms: 0,
            naive_false_alarms: 0,
            goodput_before: 0,
            offered_max: 0,
            offered_ratio_max: 0.0,
            goodput_ratio_in_the_surge: 0.0,
            queue_max: 0,
            at_work_max: 0,
            answer_ms_max: 0,
            all_well_after_seconds: None,
            sentences: Vec::new(),
        };
        let mut storm = Self {
            now: 0,
            seed,
            dice: Dice::about(seed, 0x0057_02a0),
            key,
            pinned,
            gate: SimulatedAdmission::new(CAPACITY),
            clients: Vec::new(),
            events: BinaryHeap::new(),
            planned: 0,
            requests: BTreeMap::new(),
            waiting: VecDeque::new(),
            queued: VecDeque::new(),
            connected: 0,
            service_us: SERVICE_US * CLIENTS / (count as u64).clamp(1, CLIENTS * 8),
            seconds: vec![Second::default(); usize::try_from(END / SECOND).unwrap_or(0)],
            report,
            sentences: BTreeSet::new(),
        };
        for place in 0..count {
            let machine = Machine::new(View::Never, &mut Dice::about(storm.seed, place as u64));
            // They did not all begin at the same moment.
            let timer = storm.dice.below(60 * SECOND);
            storm.clients.push(Client { machine, timer, failed_before: false, naive_told: false, well_since: None });
            storm.plan(timer, Event::Timer(place));
            let looks = WELL + storm.dice.below(LOOK_US);
            storm.plan(looks, Event::Looked(place));
        }
        storm
    }

    fn plan(&mut self, at: u64, event: Event) {
        self.planned += 1;
        self.events.push(Reverse((at, self.planned, event)));
    }

    fn clock(&self) -> UnixMillis {
        UnixMillis(BEGINNING.0 + self.now / 1000)
    }

    fn count(&mut self, count: impl FnMut(&mut Second)) {
        let place = usize::try_from(self.now / SECOND).unwrap_or(0);
        self.seconds.get_mut(place).into_iter().for_each(count);
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Timer(place) if self.clients.get(place).is_some_and(|client| client.timer == self.now) => self.wake(place, Wake::Timer),
            Event::Timer(_) => {}
            Event::Looked(place) => self.wake(place, Wake::Asked),
            Event::Done(request) => self.done(request),
            Event::GivesUp(request) => self.give_up(request),
        }
    }

    fn wake(&mut self, place: usize, wake: Wake) {
        let now = self.clock();
        let Some(client) = self.clients.get_mut(place) else { return };
        client.machine.handle(Input::Wake(wake), now);
        if client.machine.poll_effect().is_some() {
            self.ask(place);
        } else if wake == Wake::Timer {
            self.set_timer(place);
        }
    }

    fn set_timer(&mut self, place: usize) {
        let Some(client) = self.clients.get_mut(place) else { return };
        let due = client.machine.due().0.saturating_sub(BEGINNING.0) * 1000;
        let at = due.max(self.now + 1);
        client.timer = at;
        self.plan(at, Event::Timer(place));
    }

    fn ask(&mut self, client: usize) {
        self.report.exchanges += 1;
        self.count(|second| second.offered += 1);
        let (request, nonce) = (self.planned, make_array(&mut self.dice));
        self.planned += 1;
        let asked = Asked { client, nonce, since: self.now, at_work: None, fails: false };
        self.requests.insert(request, asked);
        match self.gate.knock() {
            Knocked::In(at_work) => self.begin(request, at_work),
            Knocked::Waits(turn, patience) => {
                self.waiting.push_back((request, turn));
                self.plan(self.now + patience, Event::GivesUp(request));
                // A limit that has grown may have let somebody in.
                self.call_in();
            }
            Knocked::Away => self.answer_busy(request),
        }
        let standing = self.gate.standing();
        self.report.queue_max = self.report.queue_max.max(standing.waiting);
        self.report.at_work_max = self.report.at_work_max.max(standing.at_work);
    }

    /// Those whose turn has come begin.
    fn call_in(&mut self) {
        let mut place = 0;
        while let Some((request, turn)) = self.waiting.get_mut(place) {
            match self.gate.turn(turn) {
                Some(at_work) => {
                    let request = *request;
                    self.waiting.remove(place);
                    self.begin(request, at_work);
                }
                None => place += 1,
            }
        }
    }

    fn give_up(&mut self, request: u64) {
        let Some(place) = self.waiting.iter().position(|(waiting, _)| *waiting == request) else { return };
        if let Some((_, turn)) = self.waiting.remove(place) {
            self.gate.give_up(turn);
            self.answer_busy(request);
        }
    }

    fn begin(&mut self, request: u64, at_work: AtGate) {
        let Some(asked) = self.requests.get_mut(&request) else { return };
        asked.at_work = Some(at_work);
        self.queued.push_back(request);
        self.connect();
    }

    /// Free connections take whoever waits for one.
    fn connect(&mut self) {
        while self.connected < CONNECTIONS
            && let Some(request) = self.queued.pop_front()
        {
            self.connected += 1;
            let (fails, takes) = match self.now {
                FAILS..WELL => (true, FAILURE_US),
                CRAWLS..FAILS => (false, self.service_us * CRAWL),
                _ => (false, self.service_us),
            };
            if let Some(asked) = self.requests.get_mut(&request) {
                asked.fails = fails;
            }
            self.plan(self.now + takes, Event::Done(request));
        }
    }

    fn done(&mut self, request: u64) {
        self.connected -= 1;
        let Some(at_work) = self.requests.get_mut(&request).and_then(|asked| asked.at_work.take()) else { return };
        if self.requests.get(&request).is_some_and(|asked| asked.fails) {
            at_work.failed();
            self.answer_busy(request);
        } else {
            at_work.served();
            self.count(|second| second.served += 1);
            self.answer(request, Status::Ok, 200);
        }
        self.call_in();
        self.connect();
    }

    fn answer_busy(&mut self, request: u64) {
        self.report.not_served += 1;
        let [chance] = make_array::<1>(&mut self.dice);
        let until = self.clock() + self.gate.away(chance);
        self.answer(request, Status::Busy { until }, 503);
    }

    /// The server signs an answer, and the client judges it.
    fn answer(&mut self, request: u64, status: Status, code: u16) {
        let (now, Some(asked)) = (self.clock(), self.requests.remove(&request)) else { return };
        self.report.answer_ms_max = self.report.answer_ms_max.max((self.now - asked.since) / 1000);
        let head = Head {
            server: SERVER,
            generation: GENERATION,
            restore_epoch: 0,
            at: now,
            nonce: asked.nonce,
            status,
            account: None,
            pace_ms: u32::try_from(self.gate.pace(PACE).as_millis()).unwrap_or(u32::MAX),
            body: None,
        };
        let value = head.sign(&self.key);
        let reply = Reply::Answer { status: code, head: Some(&value), content_type: None, via: None, ray: None, body: b"", whole: true };
        let judgement = classify(&reply, &self.pinned, &Known { nonce: asked.nonce, account: None }, now);
        let pace_ms = judgement.head.as_ref().map_or(0, |head| head.pace_ms);
        let why = Why::of(&judgement.outcome);
        let is_served = why.is_none();
        let Some(client) = self.clients.get_mut(asked.client) else { return };
        client.machine.handle(why.map_or(Input::Done { pace_ms, pending: false }, Input::Failed), now);
        // A naive client signs in again when a sync fails, and takes a sign-in that fails for changed details.
        client.naive_told |= client.failed_before && !is_served;
        client.failed_before = !is_served;
        if is_served {
            let _first = client.well_since.get_or_insert(self.now);
        } else {
            client.well_since = None;
        }
        let said = describe(client.machine.view());
        self.hear(&said);
        self.set_timer(asked.client);
    }

    fn hear(&mut self, said: &str) {
        if alarming(said).is_some() {
            self.report.false_alarms += 1;
        }
        let shape: String = said.chars().map(|one| if one.is_ascii_digit() { '0' } else { one }).collect();
        if self.sentences.len() < 100 {
            self.sentences.insert(shape);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn reckon(mut self) -> StormReport {
        let capacity = CONNECTIONS as u64 * SECOND / self.service_us.max(1);
        let before = usize::try_from(CRAWLS / SECOND).unwrap_or(0);
        let calm = self.seconds.get(before / 2..before).unwrap_or_default();
        self.report.goodput_before = calm.iter().map(|second| second.served).sum::<u64>() / (calm.len() as u64).max(1);
        self.report.offered_max = self.seconds.iter().map(|second| second.offered).max().unwrap_or(0);
        self.report.offered_ratio_max = self.report.offered_max as f64 / capacity as f64;
        let well = usize::try_from(WELL / SECOND).unwrap_or(0);
        let surge: Vec<&Second> = self.seconds.iter().skip(well).filter(|second| second.offered > capacity).collect();
        let served: u64 = surge.iter().map(|second| second.served).sum();
        self.report.goodput_ratio_in_the_surge = served as f64 / (capacity * surge.len() as u64).max(1) as f64;
        self.report.naive_false_alarms = self.clients.iter().filter(|client| client.naive_told).count() as u64;
        let last = self.clients.iter().map(|client| client.well_since).collect::<Option<Vec<u64>>>();
        self.report.all_well_after_seconds = last.and_then(|all| all.into_iter().max()).map(|last| last.saturating_sub(WELL) / SECOND);
        self.report.sentences = self.sentences.into_iter().collect();
        let report = &mut self.report;
        report.passed = report.false_alarms == 0
            && report.naive_false_alarms > 0
            && report.all_well_after_seconds.is_some()
            && report.queue_max <= CAPACITY
            && (surge.is_empty() || report.goodput_ratio_in_the_surge >= 0.8);
        self.report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_a_few_thousand_alarms_nobody_and_everybody_is_up_to_date_again() {
        let report = storm(3_000, 1);
        assert!(report.passed, "{report:#?}");
        assert!(report.offered_ratio_max > 5.0 && report.naive_false_alarms > 500, "{report:#?}");
    }
}
