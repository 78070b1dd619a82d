//! Accounts: sign-up, look-up, deletion, and what an operator counts and sweeps.

use super::state::State;
use crate::StoreError;
use crate::band::{HOURS_LOOKED_AT, hour_of};
use crate::rows::{Account, Counts, Identity, MailState, NewAccount, SignedUp};
use crate::rules;
use crate::signals::Told;
use crate::store::Result;
use crate::tables::{AccountRow, InvitationRow, MailRow, mail_state};
use truebell_core::event::Chain;
use truebell_core::hash::Hash32;
use truebell_core::ids::AccountId;
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Record;

impl State {
    pub(super) fn create_identity(&mut self, identity: &Identity) -> Result<()> {
        match &self.identity {
            Some(stored) if stored != identity => Err(StoreError::Damaged("two identities")),
            Some(_) => Ok(()),
            None => {
                self.identity = Some(identity.clone());
                Ok(())
            }
        }
    }

    pub(super) fn counts(&self, now: UnixMillis) -> Counts {
        let mails = |state| self.mails.values().filter(|mail| mail.state == mail_state(state)).count() as u64;
        Counts {
            accounts: self.accounts.len() as u64,
            sessions: self.sessions.values().filter(|session| session.expires > now).count() as u64,
            mails_queued: mails(MailState::Queued),
            mails_parked: mails(MailState::Parked),
        }
    }

    pub(super) fn account_by_address(&self, email_key: &str) -> Option<AccountId> {
        self.accounts.values().find(|account| account.email_key == email_key).map(|account| account.account)
    }

    pub(super) fn account(&self, account: AccountId) -> Option<Account> {
        self.accounts.get(&account).map(to_account)
    }

    pub(super) fn sign_up(&mut self, new: NewAccount) -> Result<SignedUp> {
        rules::check_mails(new.event.id, &new.mails)?;
        if let Some(stored) = self.accounts.get(&new.account) {
            let device = self.devices.get(&(new.account, new.device.device));
            let same = stored.signing == new.signing && device.is_some_and(|stored| stored.key == new.device.key);
            let opened = same && self.open_session(&new.session)?;
            return Ok(if opened { SignedUp::Repeated } else { SignedUp::AccountTaken });
        }
        if self.account_by_address(&new.email_key).is_some() {
            return Ok(SignedUp::AddressTaken);
        }
        let device_taken = self.device(new.device.device).is_some();
        let token_taken = self.sessions.values().any(|session| session.token == new.session.token);
        if device_taken || token_taken || self.vaults.contains_key(&new.vault.vault) {
            return Ok(SignedUp::AccountTaken);
        }
        if !self.use_invitation(new.invitation, new.device.enrolled) {
            return Ok(SignedUp::BadInvitation);
        }
        self.insert_account(new)?;
        Ok(SignedUp::Created)
    }

    fn use_invitation(&mut self, invitation: Option<Hash32>, now: UnixMillis) -> bool {
        let Some(digest) = invitation else { return true };
        let Some(stored) = self.invitations.get_mut(&digest).filter(|stored| stored.used.is_none() && stored.expires > now) else {
            return false;
        };
        stored.used = Some(now);
        true
    }

    fn insert_account(&mut self, new: NewAccount) -> Result<()> {
        let chain = rules::chain_after(&new.event);
        let row = AccountRow {
            account: new.account,
            chain_seq: chain.seq,
            chain_digest: chain.digest,
            epoch: chain.epoch,
            record: 1,
            deletion_due: None,
            totp_step: 0,
            totp: None,
            email: new.email,
            email_key: new.email_key,
            signing: new.signing,
            opaque: new.opaque,
            keyset: new.keyset,
            kem: new.kem,
        };
        self.accounts.insert(new.account, row);
        self.insert_device(new.account, &new.device);
        self.open_session(&new.session)?;
        self.insert_vault(new.account, &new.vault, new.device.enrolled);
        self.insert_event(&new.event, new.mails)?;
        // The row has taken the address and the key.
        let Some((signing, email)) = self.accounts.get(&new.account).map(|row| (row.signing, row.email.clone())) else { return Ok(()) };
        self.queue_signals(&Told::of_event(&new.event, signing, &email, None))
    }

    pub(super) fn invite(&mut self, invitation: Hash32, expires: UnixMillis) {
        self.invitations.entry(invitation).or_insert(InvitationRow { invitation, used: None, expires });
    }

    pub(super) fn due_deletions(&self, now: UnixMillis, limit: u32) -> Vec<AccountId> {
        let due = |row: &&AccountRow| row.deletion_due.is_some_and(|due| due <= now);
        self.accounts.values().filter(due).take(limit as usize).map(|row| row.account).collect()
    }

    pub(super) fn delete_account(&mut self, account: AccountId, now: UnixMillis) -> Result<bool> {
        let due = self.accounts.get(&account).and_then(|row| row.deletion_due).is_some_and(|due| due <= now);
        if !due {
            return Ok(false);
        }
        self.tell_end(account, now)?;
        let (sent, refused) = (mail_state(MailState::Sent), mail_state(MailState::Refused));
        self.accounts.remove(&account);
        self.devices.retain(|_, row| row.account != account);
        self.sessions.retain(|_, row| row.account != account);
        self.enrolments.retain(|_, row| row.account != account);
        self.sign_ins.retain(|_, row| row.account != account);
        self.events.retain(|_, row| row.account != account);
        self.retractions.retain(|_, row| row.account != account);
        self.machine_vaults.retain(|_, row| row.account != account);
        self.vaults.retain(|_, row| row.account != account);
        self.commits.retain(|_, row| self.vaults.contains_key(&row.vault));
        self.revisions.retain(|_, row| self.vaults.contains_key(&row.vault));
        self.chunks.retain(|_, row| self.vaults.contains_key(&row.vault));
        self.mails.retain(|_, row| row.account != account || ![sent, refused].contains(&row.state));
        self.signal_subjects.retain(|_, row| row.account != account);
        Ok(true)
    }

    pub(super) fn sweep(&mut self, before: UnixMillis) -> u64 {
        let (sent, refused) = (mail_state(MailState::Sent), mail_state(MailState::Refused));
        let rows = |state: &Self| {
            state.sessions.len()
                + state.enrolments.len()
                + state.sign_ins.len()
                + state.invitations.len()
                + state.mails.len()
                + state.mail_hours.len()
        };
        let there = rows(self);
        self.sessions.retain(|_, row| row.expires >= before);
        self.enrolments.retain(|_, row| row.expires >= before);
        self.sign_ins.retain(|_, row| row.over >= before);
        self.invitations.retain(|_, row| row.expires >= before);
        self.mail_hours.retain(|_, row| row.hour >= hour_of(before.0).saturating_sub(HOURS_LOOKED_AT));
        let is_over = |row: &MailRow| [sent, refused].contains(&row.state) && row.over < before;
        self.mails.retain(|_, row| !is_over(row) || self.accounts.contains_key(&row.account));
        let full = self.mails.values_mut().filter(|row| is_over(row) && !row.details.is_empty());
        let emptied = full.map(|row| row.details.clear()).count();
        (there - rows(self) + emptied) as u64
    }
}

/// What its devices get to see of an account.
pub(super) fn to_record(row: &AccountRow) -> Record {
    Record {
        number: row.record,
        email: row.email.clone(),
        epoch: row.epoch,
        keyset: row.keyset.clone(),
        second_factors: rules::second_factors(row.totp.is_some()),
        deletion_due: row.deletion_due,
    }
}

fn to_account(row: &AccountRow) -> Account {
    Account {
        account: row.account,
        signing: row.signing,
        kem: row.kem.clone(),
        opaque: row.opaque.clone(),
        chain: to_chain(row),
        record: to_record(row),
        totp: row.totp.clone(),
        totp_step: row.totp_step,
    }
}

/// How far an account's chain is.
pub(super) fn to_chain(row: &AccountRow) -> Chain {
    Chain { seq: row.chain_seq, digest: row.chain_digest, epoch: row.epoch }
}
