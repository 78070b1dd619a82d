//! The outbox: claimed before it is sent, recorded after; an unknown end is parked and never sent again by itself.

use super::state::State;
use crate::StoreError;
use crate::rows::{Mail, MailOutcome, MailState, NewMail, PublicEvent};
use crate::store::Result;
use crate::tables::{MailRow, mail_state};
use truebell_core::ids::MailId;
use truebell_core::time::UnixMillis;

impl State {
    pub(super) fn event_by_code(&self, code: &str) -> Result<Option<PublicEvent>> {
        let Some(event) = self.events.values().find(|event| event.code == code) else { return Ok(None) };
        let account = self.accounts.get(&event.account).ok_or(StoreError::Damaged("an event without an account"))?;
        Ok(Some(PublicEvent { account: event.account, signing: account.signing, set: event.body.clone() }))
    }

    pub(super) fn claim_mail(&mut self, now: UnixMillis, lease_until: UnixMillis) -> Option<Mail> {
        let (queued, claimed, parked) = (mail_state(MailState::Queued), mail_state(MailState::Claimed), mail_state(MailState::Parked));
        for mail in self.mails.values_mut().filter(|mail| mail.state == claimed && mail.lease < now) {
            mail.state = parked;
        }
        let due = self.mails.values_mut().filter(|mail| mail.state == queued && mail.due <= now);
        let mail = due.min_by_key(|mail| (mail.queued, mail.mail))?;
        let found = to_mail(mail);
        (mail.state, mail.lease, mail.tries) = (claimed, lease_until, mail.tries + 1);
        Some(found)
    }

    pub(super) fn finish_mail(&mut self, mail: MailId, outcome: MailOutcome, now: UnixMillis) -> bool {
        let claimed = mail_state(MailState::Claimed);
        let Some(mail) = self.mails.get_mut(&mail).filter(|mail| mail.state == claimed) else { return false };
        match outcome {
            MailOutcome::Sent => (mail.state, mail.over) = (mail_state(MailState::Sent), now),
            MailOutcome::Refused => (mail.state, mail.over) = (mail_state(MailState::Refused), now),
            MailOutcome::RetryAt(due) => (mail.state, mail.due) = (mail_state(MailState::Queued), due),
            MailOutcome::Unknown => mail.state = mail_state(MailState::Parked),
        }
        true
    }

    pub(super) fn parked_mails(&self, limit: u32) -> Vec<Mail> {
        let mut parked: Vec<_> = self.mails.values().filter(|mail| mail.state == mail_state(MailState::Parked)).collect();
        parked.sort_by_key(|mail| (mail.queued, mail.mail));
        parked.into_iter().take(limit as usize).map(to_mail).collect()
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
