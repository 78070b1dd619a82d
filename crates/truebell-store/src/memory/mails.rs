//! The outbox: claimed before it is sent, recorded after; an unknown end is parked and never sent again by itself.

use super::state::State;
use crate::StoreError;
use crate::band::{Excess, Hours, gauge, hour_of};
use crate::rows::{
    Correcting, DecidedOn, Decision, Mail, MailFate, MailOutcome, MailState, NewMail, PublicEvent, Reach, Side, TemplateState,
};
use crate::rules::{self, Corrects};
use crate::store::Result;
use crate::tables::{self, MailHourRow, MailRow, MailStopRow, mail_state, to_mail_state};
use std::collections::BTreeSet;
use truebell_core::ids::{AccountId, EventId, MailId};
use truebell_core::time::UnixMillis;

impl State {
    pub(super) fn event_by_code(&self, code: &str) -> Result<Option<PublicEvent>> {
        let Some(event) = self.events.values().find(|event| event.code == code) else { return Ok(None) };
        let account = self.accounts.get(&event.account).ok_or(StoreError::Damaged("an event without an account"))?;
        let about = self.retractions.range((event.account, event.seq, 0)..=(event.account, event.seq, u8::MAX));
        let mut links: Vec<_> = about.filter_map(|(_, row)| self.events.get(&(row.account, row.seq))).collect();
        links.sort_by_key(|link| link.seq);
        let retractions = links.into_iter().map(|link| link.body.clone()).collect();
        Ok(Some(PublicEvent { account: event.account, signing: account.signing, set: event.body.clone(), retractions }))
    }

    pub(super) fn mails_of(&self, account: AccountId, event: EventId) -> Result<Vec<MailFate>> {
        let mails = self.mails.values().filter(|mail| mail.account == account && mail.event == event);
        mails.map(|mail| Ok(MailFate { mail: mail.mail, to: mail.recipient.clone(), state: to_mail_state(mail.state)? })).collect()
    }

    pub(super) fn mail_state(&self, mail: MailId) -> Result<Option<MailState>> {
        self.mails.get(&mail).map(|mail| to_mail_state(mail.state)).transpose()
    }

    pub(super) fn claim_mail(&mut self, now: UnixMillis, lease_until: UnixMillis) -> Option<Mail> {
        let (queued, claimed, parked) = (mail_state(MailState::Queued), mail_state(MailState::Claimed), mail_state(MailState::Parked));
        for mail in self.mails.values_mut().filter(|mail| mail.state == claimed && mail.lease < now) {
            mail.state = parked;
        }
        let mut due: Vec<_> = self.mails.values().filter(|mail| mail.state == queued && mail.due <= now).cloned().collect();
        due.sort_by_key(|mail| (mail.queued, mail.mail));
        let claimable = due.into_iter().find(|mail| {
            let is_taken_back = self.is_taken_back(mail, Side::Operator);
            if is_taken_back && !self.is_stopped(mail) {
                self.set_refused(mail.mail, now);
            }
            !is_taken_back && self.may_be_told(mail, now)
        })?;
        let mail = self.mails.get_mut(&claimable.mail)?;
        (mail.state, mail.lease, mail.tries) = (claimed, lease_until, mail.tries + 1);
        Some(to_mail(&claimable))
    }

    /// Whether a mail's notice was taken back, by this side.
    fn is_taken_back(&self, mail: &MailRow, side: Side) -> bool {
        let about = self.retractions.range((mail.account, 0, 0)..=(mail.account, u64::MAX, u8::MAX));
        let mut by = about.filter(|(_, row)| row.side == tables::side(side));
        by.any(|(_, row)| self.events.get(&(row.account, row.of_seq)).is_some_and(|event| event.event == mail.event))
    }

    /// Whether its template is stopped, and it was not let go.
    fn is_stopped(&self, mail: &MailRow) -> bool {
        self.mail_stops.get(&mail.template).is_some_and(|stop| stop.stopped.0 > 0 && mail.queued > stop.cleared)
    }

    /// Refuses a mail that is queued.
    fn set_refused(&mut self, mail: MailId, now: UnixMillis) {
        let (queued, refused) = (mail_state(MailState::Queued), mail_state(MailState::Refused));
        if let Some(mail) = self.mails.get_mut(&mail).filter(|mail| mail.state == queued) {
            (mail.state, mail.over) = (refused, now);
        }
    }

    /// Queues what corrects mails that left or are about to; withholds those that did not leave.
    pub(super) fn correct(&mut self, account: AccountId, corrections: Vec<Correcting>) -> Result<Reach> {
        let mut reach = Reach::default();
        for Correcting { of, mail } in corrections {
            match rules::corrects(self.mail_state(of)?) {
                Corrects::Follow => {
                    self.insert_mail(account, mail);
                    reach.told += 1;
                }
                Corrects::Withhold => {
                    self.set_refused(of, mail.queued);
                    reach.withheld += 1;
                }
                Corrects::Nothing => {}
            }
        }
        Ok(reach)
    }

    /// Queues a mail.
    pub(super) fn insert_mail(&mut self, account: AccountId, mail: NewMail) {
        self.mails.insert(mail.mail, to_row(account, mail));
    }

    /// Whether a mail stays within its template's band; counts it. Stops the template where it does not.
    fn may_be_told(&mut self, mail: &MailRow, now: UnixMillis) -> bool {
        let stop = self.mail_stops.get(&mail.template);
        if stop.is_some_and(|stop| mail.queued <= stop.cleared) {
            return true;
        }
        if self.is_stopped(mail) {
            return false;
        }
        if mail.tries > 0 || !rules::has_band(&mail.template) || self.was_told_lately(mail, now) {
            return true;
        }
        let hour = hour_of(now.0);
        if let Some(Excess { hours, people, most }) = gauge(&self.hours_of(&mail.template), hour).excess_of_one_more() {
            let cleared = stop.map_or(UnixMillis(0), |stop| stop.cleared);
            let row = MailStopRow { template: mail.template.clone(), stopped: now, hours, people, most, cleared };
            self.mail_stops.insert(row.template.clone(), row);
            return false;
        }
        let row = || MailHourRow { template: mail.template.clone(), hour, people: 0 };
        self.mail_hours.entry((mail.template.clone(), hour)).or_insert_with(row).people += 1;
        true
    }

    fn was_told_lately(&self, mail: &MailRow, now: UnixMillis) -> bool {
        let since = now.0.saturating_sub(rules::TOLD_LATELY_MILLIS);
        let same = |other: &&MailRow| other.account == mail.account && other.template == mail.template && other.mail != mail.mail;
        self.mails.values().filter(same).any(|other| other.tries > 0 && other.queued.0 > since)
    }

    fn hours_of(&self, template: &str) -> Hours {
        self.mail_hours.range((template.to_owned(), 0)..=(template.to_owned(), u64::MAX)).map(|(key, row)| (key.1, row.people)).collect()
    }

    pub(super) fn resume_mails(&mut self, template: &str, cleared: UnixMillis) -> bool {
        let none = MailStopRow { template: template.to_owned(), stopped: UnixMillis(0), hours: 0, people: 0, most: 0, cleared };
        let row = self.mail_stops.entry(template.to_owned()).or_insert(none);
        let was_stopped = row.stopped.0 > 0;
        (row.stopped, row.cleared) = (UnixMillis(0), row.cleared.max(cleared));
        was_stopped
    }

    pub(super) fn template_states(&self, now: UnixMillis) -> Vec<TemplateState> {
        let queued = mail_state(MailState::Queued);
        let waiting = |template: &str| self.mails.values().filter(|mail| mail.state == queued && mail.template == template).count() as u64;
        let mut names: BTreeSet<String> =
            self.mails.values().filter(|mail| mail.state == queued).map(|mail| mail.template.clone()).collect();
        names.extend(self.mail_hours.keys().map(|(template, _)| template.clone()));
        names.extend(self.mail_stops.keys().cloned());
        let state = |template: String| {
            let (hours, waiting) = (self.hours_of(&template), waiting(&template));
            let stop = self.mail_stops.get(&template);
            rules::template_state(template, &hours, stop, waiting, now)
        };
        names.into_iter().map(state).collect()
    }

    pub(super) fn decide_mail(&mut self, mail: MailId, decision: Decision, now: UnixMillis) -> DecidedOn {
        let parked = mail_state(MailState::Parked);
        let Some(found) = self.mails.get(&mail).filter(|mail| mail.state == parked) else { return DecidedOn::NotParked };
        let is_taken_back = [Side::Account, Side::Operator].into_iter().any(|side| self.is_taken_back(found, side));
        if decision == Decision::SendAgain && is_taken_back {
            return DecidedOn::TakenBack;
        }
        let Some(mail) = self.mails.get_mut(&mail) else { return DecidedOn::NotParked };
        mail.state = mail_state(rules::decided(decision));
        match decision {
            Decision::SendAgain => mail.due = now,
            Decision::Arrived | Decision::GiveUp => mail.over = now,
        }
        DecidedOn::Done
    }

    pub(super) fn finish_mail(&mut self, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> bool {
        let claimed = mail_state(MailState::Claimed);
        let Some(mail) = self.mails.get_mut(&mail).filter(|mail| mail.state == claimed) else { return false };
        match outcome {
            MailOutcome::Sent => (mail.state, mail.over) = (mail_state(MailState::Sent), now),
            MailOutcome::Refused => (mail.state, mail.over) = (mail_state(MailState::Refused), now),
            MailOutcome::RetryAt(due) => (mail.state, mail.due) = (mail_state(MailState::Queued), due),
            MailOutcome::NotYet(due) => {
                (mail.state, mail.due, mail.tries) = (mail_state(MailState::Queued), due, mail.tries.saturating_sub(1))
            }
            MailOutcome::Unknown => mail.state = mail_state(MailState::Parked),
        }
        true
    }

    pub(super) fn parked_mails(&self, limit: u32) -> Vec<Mail> {
        self.oldest(limit, |mail| mail.state == mail_state(MailState::Parked))
    }

    pub(super) fn queued_mails(&self, template: &str, limit: u32) -> Vec<Mail> {
        self.oldest(limit, |mail| mail.state == mail_state(MailState::Queued) && mail.template == template)
    }

    fn oldest(&self, limit: u32, wanted: impl Fn(&MailRow) -> bool) -> Vec<Mail> {
        let mut found: Vec<_> = self.mails.values().filter(|mail| wanted(mail)).collect();
        found.sort_by_key(|mail| (mail.queued, mail.mail));
        found.into_iter().take(limit as usize).map(to_mail).collect()
    }
}

fn to_mail(row: &MailRow) -> Mail {
    let mail = NewMail {
        mail: row.mail,
        event: row.event,
        to: row.recipient.clone(),
        template: row.template.clone(),
        values: row.details.clone(),
        queued: row.queued,
    };
    Mail { mail, tries: row.tries }
}

fn to_row(account: AccountId, mail: NewMail) -> MailRow {
    MailRow {
        mail: mail.mail,
        account,
        event: mail.event,
        state: mail_state(MailState::Queued),
        queued: mail.queued,
        due: mail.queued,
        lease: UnixMillis(0),
        over: UnixMillis(0),
        tries: 0,
        recipient: mail.to,
        template: mail.template,
        details: mail.values,
    }
}
