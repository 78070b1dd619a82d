//! Mutations: our own client and server, each with one law broken once. The checks must catch every one, by the counter that is meant for
//! it; a check that cannot fail checks nothing.
//!
//! None of them is in the product. A client that believes something it should not is made by giving it, signed, what it should have
//! refused; one that behaves wrongly, by the shell around it; a server that breaks its transaction, by putting tables back.

use crate::checks::Check;
use crate::fault::Fault;
use crate::heads;
use crate::site::{Answer, Question, Site, signing_key};
use crate::story::{Doing, Story, calm, faults, step};
use data_encoding::BASE64URL_NOPAD;
use std::collections::BTreeMap;
use truebell_core::cbor;
use truebell_core::event::Chain;
use truebell_core::head::Head;
use truebell_core::wire::sync::{Frame, Have, take_frame};

/// One broken law.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mutation {
    /// The client believes answers without a signed head, by their status.
    BelievesUnsigned,
    /// It does not compare nonces: an old answer counts.
    SkipsNonce,
    /// It takes an older state for a restored server.
    TakesOlderState,
    /// It does not compare event heads: what is withheld is not missed.
    IgnoresEventHeads,
    /// It makes an alarm of a refusal.
    AlarmsOnRefusal,
    /// It says that the password was changed when no session can be opened.
    AlarmsOnFailedSignIn,
    /// It ends its session, and removes its account, on 401.
    EndsSessionOn401,
    /// It empties its vault when an answer is empty.
    WipesOnEmptyAnswer,
    /// It drops its edits when another device wrote first.
    DropsEditsOnConflict,
    /// It forgets a commit whose answer was lost.
    ForgetsUnanswered,
    /// It marks notices as seen that nobody saw.
    MarksSeenUnshown,
    /// It shows notices again after each start.
    ShowsAgain,
    /// It believes what a push says.
    BelievesPush,
    /// It stops syncing after failures, without a word.
    GivesUp,
    /// The server records an event and not the act.
    EventWithoutAct,
    /// It does the act and records no event.
    ActWithoutEvent,
    /// It records act and event and queues no mail.
    ActWithoutMail,
    /// It acknowledges commits it does not keep.
    LosesCommits,
    /// It withholds what is new from one device.
    Withholds,
    /// It forgets devices when it restarts.
    ForgetsDevices,
    /// It sends a mail again whose fate is unknown.
    RetriesUnknownMail,
    /// It sends first and claims after: a crash sends twice.
    ClaimsAfterSending,
    /// A restored backup sends its queue again.
    RestoreReplaysOutbox,
    /// A restore is not told to anybody.
    RestoreNotTold,
    /// It mails about something that has no event.
    MailsWithoutEvent,
    /// It takes a notice back and tells nobody who got it; what had not left yet leaves.
    TakesBackWithoutMail,
    /// A machine's run is a new device each time.
    EnrolsEachRun,
}

impl Mutation {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::BelievesUnsigned,
        Self::SkipsNonce,
        Self::TakesOlderState,
        Self::IgnoresEventHeads,
        Self::AlarmsOnRefusal,
        Self::AlarmsOnFailedSignIn,
        Self::EndsSessionOn401,
        Self::WipesOnEmptyAnswer,
        Self::DropsEditsOnConflict,
        Self::ForgetsUnanswered,
        Self::MarksSeenUnshown,
        Self::ShowsAgain,
        Self::BelievesPush,
        Self::GivesUp,
        Self::EventWithoutAct,
        Self::ActWithoutEvent,
        Self::ActWithoutMail,
        Self::LosesCommits,
        Self::Withholds,
        Self::ForgetsDevices,
        Self::RetriesUnknownMail,
        Self::ClaimsAfterSending,
        Self::RestoreReplaysOutbox,
        Self::RestoreNotTold,
        Self::MailsWithoutEvent,
        Self::TakesBackWithoutMail,
        Self::EnrolsEachRun,
    ];

    /// What is broken, in words.
    pub fn about(self) -> &'static str {
        match self {
            Self::BelievesUnsigned => "client believes answers without a signed head",
            Self::SkipsNonce => "client does not compare nonces",
            Self::TakesOlderState => "client takes an older state for a restored server",
            Self::IgnoresEventHeads => "client does not compare event heads",
            Self::AlarmsOnRefusal => "client makes an alarm of a refusal",
            Self::AlarmsOnFailedSignIn => "client says “changed” when sign-in fails",
            Self::EndsSessionOn401 => "client ends its session on 401",
            Self::WipesOnEmptyAnswer => "client empties its vault on an empty answer",
            Self::DropsEditsOnConflict => "client drops edits on a conflict",
            Self::ForgetsUnanswered => "client forgets a commit whose answer was lost",
            Self::MarksSeenUnshown => "client marks notices as seen unshown",
            Self::ShowsAgain => "client shows notices again after a start",
            Self::BelievesPush => "client believes what a push says",
            Self::GivesUp => "client stops syncing after failures",
            Self::EventWithoutAct => "server records the event without the act",
            Self::ActWithoutEvent => "server does the act without the event",
            Self::ActWithoutMail => "server queues no mail with the act",
            Self::LosesCommits => "server acknowledges commits it does not keep",
            Self::Withholds => "server withholds news from one device",
            Self::ForgetsDevices => "server forgets devices at a restart",
            Self::RetriesUnknownMail => "server retries a mail whose fate is unknown",
            Self::ClaimsAfterSending => "server sends first and claims after",
            Self::RestoreReplaysOutbox => "restore sends the backup's queue again",
            Self::RestoreNotTold => "restore keeps the old epoch",
            Self::MailsWithoutEvent => "server mails without an event",
            Self::TakesBackWithoutMail => "server takes a notice back and mails nobody",
            Self::EnrolsEachRun => "machine's run is a new device each time",
        }
    }

    /// The checks of which at least one must catch it.
    pub fn caught_by(self) -> &'static [Check] {
        match self {
            Self::AlarmsOnRefusal
            | Self::AlarmsOnFailedSignIn
            | Self::BelievesPush
            | Self::ShowsAgain
            | Self::EventWithoutAct
            | Self::EnrolsEachRun
            | Self::MailsWithoutEvent => &[Check::F],
            Self::IgnoresEventHeads | Self::MarksSeenUnshown | Self::ActWithoutEvent | Self::ActWithoutMail | Self::Withholds => {
                &[Check::M]
            }
            Self::TakesBackWithoutMail => &[Check::F, Check::M],
            Self::DropsEditsOnConflict | Self::ForgetsUnanswered => &[Check::L],
            Self::EndsSessionOn401 | Self::WipesOnEmptyAnswer | Self::ForgetsDevices => &[Check::S],
            Self::SkipsNonce => &[Check::M],
            Self::BelievesUnsigned | Self::LosesCommits => &[Check::L, Check::C],
            Self::TakesOlderState | Self::GivesUp | Self::RestoreNotTold => &[Check::C],
            Self::RetriesUnknownMail | Self::ClaimsAfterSending | Self::RestoreReplaysOutbox => &[Check::X],
        }
    }

    /// A story that shows it, where seeds would need long to come across one.
    pub fn story(self) -> Option<Story> {
        let steps = match self {
            Self::RestoreReplaysOutbox => [Doing::ChangePassword(0), Doing::BackUp, Doing::Work, Doing::RestoreBackup, Doing::Work]
                .map(|doing| step(doing, calm()))
                .to_vec(),
            // The phone's last answer, “nothing is new”, is played back to it once something is. How many answers ago that was, the
            // rounds try out.
            Self::SkipsNonce => (1..10)
                .flat_map(|ago| {
                    let replay = faults(&[(0, Fault::Replayed(ago))]);
                    [step(Doing::Sync(1), calm()), step(Doing::ChangePassword(0), calm()), step(Doing::Sync(1), replay)]
                })
                .collect(),
            // One mail of a notice has left when it is taken back, and one has not.
            Self::TakesBackWithoutMail => {
                [Doing::ChangePassword(0), Doing::Work, Doing::ChangePassword(0), Doing::TakeBack(0, 2), Doing::TakeBack(0, 3), Doing::Work]
                    .map(|doing| step(doing, calm()))
                    .to_vec()
            }
            Self::EnrolsEachRun => {
                [Doing::Build(0), Doing::Build(0), Doing::Sync(1), Doing::Work].map(|doing| step(doing, calm())).to_vec()
            }
            _ => return None,
        };
        Some(Story { seed: 1, people: vec![2], steps })
    }

    /// Whether the database is to be remembered before this request.
    pub(crate) fn splices(self, question: &Question) -> bool {
        let (revokes, commits) = (question.path.ends_with("/revoke"), question.path.ends_with("/commits"));
        let acts = question.path.starts_with("/v1/account") || matches!(question.path.as_str(), "/v1/devices" | "/v1/machines") || revokes;
        match self {
            Self::EventWithoutAct | Self::ActWithoutEvent => revokes,
            Self::ActWithoutMail => acts,
            Self::LosesCommits => commits,
            _ => false,
        }
    }

    /// Puts tables back after the request was answered.
    pub(crate) fn splice(self, site: &mut Site, before: &truebell_store::memory::Memory, question: &Question, answer: Option<&Answer>) {
        if answer.is_none_or(|answer| answer.status != 200) {
            return;
        }
        match self {
            Self::EventWithoutAct => site.splice(before, &["devices", "sessions", "machine_vaults"]),
            Self::ActWithoutEvent => site.splice(before, &["accounts", "events", "mails"]),
            Self::ActWithoutMail => site.splice(before, &["mails"]),
            // One commit in four, decided by what is in it.
            Self::LosesCommits if question.body.len().is_multiple_of(4) => site.splice(before, &["vaults", "commits", "revisions"]),
            _ => {}
        }
    }

    /// What a client with this law broken would take an answer for.
    pub(crate) fn hear(self, memory: &mut Memory, question: &Question, answer: Answer) -> Answer {
        let key = signing_key();
        let head = answer.head.as_deref().and_then(|head| heads::open(head, &key));
        let nonce = BASE64URL_NOPAD.decode(question.nonce.as_bytes()).ok().and_then(|nonce| nonce.try_into().ok()).unwrap_or_default();
        let resigned = |head: &Head, answer: Answer| Answer { head: Some(head.sign(&key)), ..answer };
        let mine = memory.0.entry(question.line).or_default();
        match (self, head) {
            (Self::SkipsNonce, Some(head)) if head.nonce != nonce => resigned(&Head { nonce, ..head }, answer),
            (Self::TakesOlderState, Some(mut head)) if question.path == "/v1/sync" => {
                let seq = head
                    .account
                    .as_ref()
                    .map_or(0, |account| account.chain.seq + account.vaults.iter().map(|vault| vault.seq).sum::<u64>());
                if seq < mine.highest {
                    head.restore_epoch += 1;
                    return resigned(&head, answer);
                }
                mine.highest = seq;
                answer
            }
            (Self::IgnoresEventHeads, Some(head)) if question.path == "/v1/sync" => mine.without_events(question, head, answer),
            _ => answer,
        }
    }
}

/// What mutated clients remember, by device.
#[derive(Default)]
pub(crate) struct Memory(BTreeMap<usize, Mine>);

#[derive(Default)]
struct Mine {
    highest: u64,
    frozen: Option<Chain>,
}

impl Mine {
    /// The same answer without its events, and with a head that does not know of them.
    fn without_events(&mut self, question: &Question, mut head: Head, answer: Answer) -> Answer {
        let has: Option<Have> = cbor::from_slice(&question.body).ok();
        let Some((has, account)) = has.zip(head.account.as_mut()) else { return answer };
        let Some(frozen) = self.frozen.filter(|frozen| frozen.seq == has.events) else {
            self.frozen = Some(account.chain);
            return answer;
        };
        account.chain = frozen;
        let (mut left, mut body) = (answer.body.clone(), Vec::new());
        while let Ok(Some(frame)) = take_frame(&mut left) {
            if !matches!(frame, Frame::Event(_)) {
                frame.write_to(&mut body);
            }
        }
        Answer { head: Some(head.sign(&signing_key())), body, ..answer }
    }
}
