//! Random stories told to all three stores at once: each must answer as memory does, and hold the same rows at the end.

use crate::acts::altered;
use crate::dumps::rows;
use crate::retractions::{of, retracting};
use crate::stores::{ALL, Place};
use crate::world::{Person, Shared, World, at};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use truebell_core::event::{Plea, What};
use truebell_core::ids::StreamId;
use truebell_core::signal::StreamStatus;
use truebell_core::vault::Revision;
use truebell_core::wire::sync::{Have, HaveVault};
use truebell_store::rows::{Change, Committed, Decision, MailOutcome, Published, Recorded, Recording, Retracted};
use truebell_store::signals::Pushed;

/// One step. The small numbers choose a person, an item, a time, and how far the caller is behind.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    SignUp,
    Open(usize),
    Close(usize),
    Enrol(usize, u64),
    Credentials(usize, bool),
    Address(usize, usize),
    Deletion(usize, bool),
    Delete(usize, u64),
    Totp(usize, bool, u64),
    Start(usize, Option<u64>),
    RevokeDevice(usize, usize),
    Commit(usize, Vec<usize>, bool, bool),
    Chunk(usize, u64, usize),
    Claim(u64),
    Finish(u64),
    TakeBack(usize, bool),
    Resume(u64),
    Decide(u64),
    Sweep(u64),
    Stream(bool),
    Subject(usize, bool),
    Status(u64),
    Push(u64, u64),
    Trim(u64, u64),
    Log(u32, u64),
    Read(usize, u64),
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let who = 0..4_usize;
    prop_oneof![
        2 => Just(Step::SignUp),
        1 => who.clone().prop_map(Step::Open),
        1 => who.clone().prop_map(Step::Close),
        2 => (who.clone(), 0..3_u64).prop_map(|(who, back)| Step::Enrol(who, back)),
        2 => (who.clone(), any::<bool>()).prop_map(|(who, stale)| Step::Credentials(who, stale)),
        1 => (who.clone(), who.clone()).prop_map(|(who, whose)| Step::Address(who, whose)),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, cancel)| Step::Deletion(who, cancel)),
        1 => (who.clone(), 0..4_u64).prop_map(|(who, now)| Step::Delete(who, now)),
        1 => (who.clone(), any::<bool>(), 0..9_u64).prop_map(|(who, add, step)| Step::Totp(who, add, step)),
        1 => (who.clone(), proptest::option::of(0..9_u64)).prop_map(|(who, step)| Step::Start(who, step)),
        1 => (who.clone(), 0..3_usize).prop_map(|(who, which)| Step::RevokeDevice(who, which)),
        6 => (who.clone(), proptest::collection::vec(0..5_usize, 0..4), any::<bool>(), any::<bool>())
            .prop_map(|(who, items, tombstone, stale)| Step::Commit(who, items, tombstone, stale)),
        1 => (who.clone(), 0..3_u64, 0..60_usize).prop_map(|(who, index, len)| Step::Chunk(who, index, len)),
        2 => (0..400_u64).prop_map(Step::Claim),
        1 => (0..5_u64).prop_map(Step::Finish),
        2 => (0..9_usize, any::<bool>()).prop_map(|(which, by_operator)| Step::TakeBack(which, by_operator)),
        1 => (0..400_u64).prop_map(Step::Resume),
        1 => (0..3_u64).prop_map(Step::Decide),
        1 => (0..400_u64).prop_map(Step::Sweep),
        1 => any::<bool>().prop_map(Step::Stream),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, wanted)| Step::Subject(who, wanted)),
        1 => (0..3_u64).prop_map(Step::Status),
        2 => (0..200_u64, 0..4_u64).prop_map(|(now, end)| Step::Push(now, end)),
        1 => (0..4_u64, 0..200_u64).prop_map(|(keep, before)| Step::Trim(keep, before)),
        2 => (0..4_u32, 0..6_u64).prop_map(|(limit, size)| Step::Log(limit, size)),
        2 => (who, 0..4_u64).prop_map(|(who, have)| Step::Read(who, have)),
    ]
}

/// What a story knows of its people; the same for each store.
#[derive(Default)]
pub(crate) struct Story {
    world: World,
    people: Vec<(Person, Vec<Option<Revision>>)>,
    items: Vec<truebell_core::ids::ItemId>,
    last: Option<Recording>,
    told: Vec<(usize, Recording)>,
    claimed: Option<truebell_core::ids::MailId>,
}

impl Story {
    fn pick(&self, who: usize) -> usize {
        who % self.people.len().max(1)
    }

    async fn record(&mut self, store: &Shared, who: usize, what: What, change: Change) -> String {
        let recording = self.world.recording(&self.people[who].0, what, change);
        let end = store.record(recording.clone()).await;
        if end == Ok(Recorded::Done) {
            self.people[who].0.follow(&recording.event);
            self.told.push((who, recording.clone()));
        }
        self.last = Some(recording);
        format!("{end:?}")
    }

    pub(crate) async fn tell(&mut self, store: &Shared, step: &Step) -> String {
        if matches!(step, Step::SignUp) || self.people.is_empty() {
            let mut person = self.world.person();
            let new = self.world.sign_up(&mut person);
            if self.items.is_empty() {
                self.items = (0..5).map(|_| self.world.item()).collect();
            }
            self.people.push((person, vec![None; 5]));
            return format!("{:?}", store.sign_up(new).await);
        }
        match step {
            Step::Commit(who, items, tombstone, stale) => self.commit(store, *who, items, *tombstone, *stale).await,
            Step::Sweep(_) | Step::Log(..) | Step::Chunk(..) => self.tell_of_things(store, step).await,
            Step::Claim(_) | Step::Finish(_) | Step::TakeBack(..) | Step::Resume(_) | Step::Decide(_) => {
                self.tell_of_mails(store, step).await
            }
            Step::Stream(_) | Step::Subject(..) | Step::Status(_) | Step::Push(..) | Step::Trim(..) => {
                self.tell_of_signals(store, step).await
            }
            Step::Read(who, have) => self.read(store, *who, *have).await,
            _ => self.tell_of_people(store, step).await,
        }
    }

    async fn tell_of_people(&mut self, store: &Shared, step: &Step) -> String {
        let (Step::Open(who) | Step::Close(who) | Step::Enrol(who, _) | Step::Credentials(who, _) | Step::Address(who, _)) = step else {
            return self.tell_of_factors(store, step).await;
        };
        let who = self.pick(*who);
        let person = self.people[who].0.clone();
        match step {
            Step::Open(_) => format!("{:?}", store.open_session(self.world.session(person.device.device)).await),
            Step::Close(_) => format!("{:?}", store.close_session(person.account, person.session.session).await),
            Step::Enrol(_, 0) => match self.last.clone() {
                Some(recording) => format!("{:?}", store.record(recording).await),
                None => String::new(),
            },
            Step::Enrol(..) => {
                let enrolment = self.world.enrolment(&person);
                let started = store.start_enrolment(enrolment.clone()).await;
                let device = self.world.device();
                let session = self.world.session(device.device);
                let what = What::DeviceEnrolled { enrolled: device.device, device_key: device.key, platform: "x".into() };
                let change = Change::Enrol { enrolment: enrolment.token, device, session };
                format!("{started:?} {}", self.record(store, who, what, change).await)
            }
            Step::Credentials(_, true) => {
                let recording = self.world.recording(&person, What::PasswordChanged {}, Change::CancelDeletion);
                let event = altered(&recording.event, |made| made.act.seq = made.act.seq.saturating_sub(1));
                format!("{:?}", store.record(Recording { event, ..recording }).await)
            }
            Step::Credentials(..) => {
                let change = self.world.credentials();
                self.record(store, who, What::PasswordChanged {}, change).await
            }
            Step::Address(_, whose) => {
                let email = self.people[self.pick(*whose)].0.email.clone();
                let what = What::AddressChanged { from_masked: "a".into(), to_masked: "b".into() };
                self.record(store, who, what, Change::Address { email_key: email.to_lowercase(), email }).await
            }
            _ => String::new(),
        }
    }

    async fn tell_of_factors(&mut self, store: &Shared, step: &Step) -> String {
        match step {
            Step::Deletion(who, true) => {
                let who = self.pick(*who);
                self.record(store, who, What::DeletionCancelled {}, Change::CancelDeletion).await
            }
            Step::Deletion(who, false) => {
                let (who, due) = (self.pick(*who), at(2));
                self.record(store, who, What::DeletionScheduled { due }, Change::ScheduleDeletion(due)).await
            }
            Step::Delete(who, now) => {
                let account = self.people[self.pick(*who)].0.account;
                format!("{:?} {:?}", store.due_deletions(at(*now), 3).await, store.delete_account(account, at(*now)).await)
            }
            Step::Totp(who, true, step) => {
                let (who, what) = (self.pick(*who), What::SecondFactorAdded { kind: "totp".into() });
                self.record(store, who, what, Change::AddTotp { totp: vec![1, 2, 3], step: *step }).await
            }
            Step::Totp(who, false, step) => {
                let (who, what) = (self.pick(*who), What::SecondFactorRemoved { kind: "totp".into() });
                self.record(store, who, what, Change::RemoveTotp { step: *step }).await
            }
            Step::Start(who, step) => {
                let person = self.people[self.pick(*who)].0.clone();
                let mut enrolment = self.world.enrolment(&person);
                enrolment.totp_step = *step;
                format!("{:?}", store.start_enrolment(enrolment).await)
            }
            Step::RevokeDevice(who, which) => {
                let who = self.pick(*who);
                let devices = store.devices(self.people[who].0.account).await.expect("read");
                let Some(device) = devices.get(*which) else { return "no such device".into() };
                let what = What::DeviceRevoked { revoked: device.device.device, revoked_name: "x".into() };
                self.record(store, who, what, Change::RevokeDevice(device.device.device)).await
            }
            _ => String::new(),
        }
    }

    async fn commit(&mut self, store: &Shared, who: usize, items: &[usize], tombstone: bool, stale: bool) -> String {
        let who = self.pick(who);
        let mut revisions = Vec::new();
        for item in items {
            let current = self.people[who].1[*item].clone();
            let vault = self.people[who].0.vault.clone();
            revisions.push(match current {
                None => self.world.first(self.items[*item]),
                Some(current) if tombstone => self.world.tombstone(&current, &vault),
                Some(current) => self.world.next(&current, &vault),
            });
        }
        let mut commit = self.world.commit(&self.people[who].0, revisions);
        commit.seq -= u64::from(stale && commit.seq.is_multiple_of(3));
        let end = store.commit(commit.clone()).await;
        if end == Ok(Committed::Done) {
            self.people[who].0.vault.follow(&commit);
            for (item, revision) in items.iter().zip(commit.revisions) {
                self.people[who].1[*item] = Some(revision);
            }
        }
        format!("{end:?}")
    }

    async fn tell_of_things(&mut self, store: &Shared, step: &Step) -> String {
        match step {
            Step::Chunk(who, index, len) => {
                let person = self.people[self.pick(*who)].0.clone();
                let attachment = truebell_core::ids::AttachmentId([5; 16]);
                format!("{:?}", store.put_chunk(self.world.chunk(&person, attachment, *index, *len), 80).await)
            }
            Step::Sweep(before) => format!("{:?}", store.sweep(at(*before)).await),
            Step::Log(limit, size) => {
                let grown = crate::log::grow(store, *limit).await;
                let note = format!("a checkpoint, step {}\n", self.world.number());
                let published = store.log_publish(Published { size: *size, at: at(*size), note }).await;
                format!("{grown:?} {published:?} {:?}", store.log_head().await)
            }
            _ => String::new(),
        }
    }

    async fn tell_of_mails(&mut self, store: &Shared, step: &Step) -> String {
        let end = match step {
            Step::Claim(now) => {
                let claimed = store.claim_mail(at(*now), at(*now + 20)).await;
                self.claimed = claimed.as_ref().ok().and_then(|mail| mail.as_ref()).map(|mail| mail.mail.mail).or(self.claimed);
                format!("{claimed:?} {:?}", store.parked_mails(3).await)
            }
            Step::Finish(how) => {
                let Some(mail) = self.claimed else { return String::new() };
                let outcomes = [
                    MailOutcome::Sent,
                    MailOutcome::Refused,
                    MailOutcome::Unknown,
                    MailOutcome::RetryAt(at(150)),
                    MailOutcome::NotYet(at(150)),
                ];
                format!("{:?}", store.finish_mail(mail, outcomes[usize::try_from(*how).expect("small")], at(*how)).await)
            }
            Step::TakeBack(which, by_operator) => {
                let Some((who, recording)) = self.told.get(which % self.told.len().max(1)).cloned() else { return String::new() };
                if *by_operator { self.retract(store, who, &recording).await } else { self.acknowledge(store, who, &recording).await }
            }
            Step::Resume(cleared) => format!("{:?}", store.resume_mails("notice", at(*cleared)).await),
            Step::Decide(how) => {
                let Some(mail) = self.claimed else { return String::new() };
                let decisions = [Decision::SendAgain, Decision::Arrived, Decision::GiveUp];
                let decided = store.decide_mail(mail, decisions[usize::try_from(*how).expect("small")], at(160)).await;
                format!("{decided:?} {:?}", store.mail_state(mail).await)
            }
            _ => String::new(),
        };
        format!("{end} {:?} {:?}", store.template_states(at(200)).await, store.queued_mails("notice", 3).await)
    }

    async fn retract(&mut self, store: &Shared, who: usize, recording: &Recording) -> String {
        let retracting = retracting(&mut self.world, &self.people[who].0, recording);
        let end = store.retract(retracting.clone()).await;
        if matches!(end, Ok(Retracted::Done(_))) {
            let chain = &mut self.people[who].0.chain;
            (chain.seq, chain.digest) = (chain.seq + 1, retracting.retraction.digest);
        }
        let fates = store.mails_of(recording.account, recording.event.id).await;
        let corrections = store.mails_of(recording.account, retracting.retraction.new.id).await;
        format!("{end:?} {fates:?} {corrections:?} {:?}", store.event_by_code(recording.event.code.as_str()).await)
    }

    async fn acknowledge(&mut self, store: &Shared, who: usize, recording: &Recording) -> String {
        let what = What::Acknowledged { of: of(recording), plea: Plea::Mistake };
        let end = self.record(store, who, what, Change::Acknowledge(recording.event.act.seq)).await;
        format!("{end} {:?}", store.event_by_code(recording.event.code.as_str()).await)
    }

    async fn tell_of_signals(&mut self, store: &Shared, step: &Step) -> String {
        const STREAM: StreamId = StreamId([6; 16]);
        let end = match step {
            Step::Stream(everyone) => {
                let new = crate::signals::receiver(&mut self.world, "one", *everyone);
                let added = store.add_receiver(&new).await;
                let config = crate::signals::config(Some("https://x.example.org/"));
                format!("{added:?} {:?}", store.create_stream(STREAM, new.receiver, &config).await)
            }
            Step::Subject(who, wanted) => {
                let account = self.people[self.pick(*who)].0.account;
                format!("{:?}", store.set_subject(STREAM, account, *wanted).await)
            }
            Step::Status(number) => {
                let status = StreamStatus::from_number(*number).expect("one of three");
                format!("{:?}", store.set_stream_status(STREAM, status, None).await)
            }
            Step::Push(now, end) => {
                let claimed = store.claim_signal(at(*now), at(*now + 20)).await;
                let ends = [Pushed::Taken, Pushed::Refused("no".into()), Pushed::RetryAt(at(150), "later".into())];
                match (claimed.as_ref().ok().and_then(Option::as_ref), ends.get(usize::try_from(*end).expect("small"))) {
                    (Some(one), Some(end)) => format!("{claimed:?} {:?}", store.finish_signal(one, end, at(*now)).await),
                    _ => format!("{claimed:?}"),
                }
            }
            Step::Trim(keep, before) => format!("{:?}", store.trim_signals(*keep, at(*before), at(*before)).await),
            _ => String::new(),
        };
        format!("{end} {:?} {:?}", store.receivers().await, store.waiting_signals(STREAM, 3).await)
    }

    async fn read(&mut self, store: &Shared, who: usize, have: u64) -> String {
        let person = self.people[self.pick(who)].0.clone();
        let vault = person.vault.new.vault;
        let vaults = if have == 0 { vec![] } else { vec![HaveVault { vault, seq: have }] };
        let have = Have { events: have, record: have, vaults };
        let changes = store.changes(person.account, &have).await;
        let page = store.revisions(person.account, vault, have.events, 9, None, 300).await;
        let session = store.session(person.session.token).await;
        let lists = (store.sessions(person.account, at(0)).await, store.devices(person.account).await);
        let dropped = store.dropped_since(vault, have.events).await;
        format!("{changes:?} {page:?} {session:?} {lists:?} {dropped:?} {:?}", store.account(person.account).await)
    }
}

/// One store's answers to a story, step by step, and its rows at the end.
async fn answers(store: &Shared, steps: &[Step]) -> (Vec<String>, Vec<(String, Vec<u8>)>) {
    let mut story = Story::default();
    let mut answers = Vec::new();
    for step in steps {
        answers.push(story.tell(store, step).await);
    }
    (answers, rows(store).await)
}

#[test]
fn whatever_happens_the_three_stores_answer_alike() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = Config { cases: 24, failure_persistence: None, ..Config::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let told = runner.run(&proptest::collection::vec(step(), 1..60), |steps| {
        runtime.block_on(async {
            let mut told = Vec::new();
            for kind in ALL {
                let place = Place::new(kind).await;
                told.push((kind, answers(&place.store, &steps).await));
                place.remove().await;
            }
            for (kind, (said, left)) in &told[1..] {
                for (step, (ours, model)) in steps.iter().zip(said.iter().zip(&told[0].1.0)) {
                    if ours != model {
                        return Err(TestCaseError::fail(format!("{kind:?} at {step:?}:\n{ours}\nmemory:\n{model}")));
                    }
                }
                prop_assert_eq!(left, &told[0].1.1, "{:?}", kind);
            }
            Ok(())
        })
    });
    told.expect("the same answers");
}
