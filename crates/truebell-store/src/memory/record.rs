//! Acts: the change, its event and its mails, together or not at all (law 4).

use super::accounts::to_chain;
use super::state::State;
use crate::rows::{Change, MachineVault, NewDevice, NewMail, NewSession, Recorded, Recording, Retracted, Retracting, Side};
use crate::rules::{self, Place};
use crate::signals::Told;
use crate::store::Result;
use crate::tables::{self, EventRow, MachineVaultRow, SignInRow};
use truebell_core::event::Countersigned;
use truebell_core::hash::Hash32;
use truebell_core::ids::AccountId;
use truebell_core::time::UnixMillis;

/// Whether a change happened, or why it could not.
enum Applied {
    Done,
    Not(Recorded),
}

const NOT: Applied = Applied::Not(Recorded::NotApplicable);

impl State {
    pub(super) fn record(&mut self, recording: Recording) -> Result<Recorded> {
        rules::check_mails(recording.event.id, &recording.mails)?;
        let account = recording.account;
        let Some(row) = self.accounts.get(&account) else { return Ok(Recorded::NotApplicable) };
        match rules::place(&to_chain(row), &recording.event.act, &recording.change) {
            Place::Taken => return self.repeat(&recording),
            Place::Elsewhere => return Ok(Recorded::ChainMoved),
            Place::Next => {}
        }
        let (signing, email) = (row.signing, row.email.clone());
        if let Change::Acknowledge(of) = &recording.change
            && !self.take_back(account, *of, Side::Account, recording.event.act.seq)
        {
            return Ok(Recorded::NotApplicable);
        }
        if let Applied::Not(why) = self.apply(account, &recording.change, recording.at)? {
            return Ok(why);
        }
        if let Some(row) = self.accounts.get_mut(&account) {
            let chain = rules::chain_after(&recording.event);
            (row.chain_seq, row.chain_digest, row.epoch) = (chain.seq, chain.digest, chain.epoch);
        }
        self.insert_event(&recording.event, recording.mails)?;
        self.queue_signals(&Told::of_event(&recording.event, signing, &email, recording.change.new_address()))?;
        Ok(Recorded::Done)
    }

    pub(super) fn retract(&mut self, retracting: Retracting) -> Result<Retracted> {
        let Retracting { retraction, corrections } = retracting;
        rules::check_mails(retraction.new.id, corrections.iter().map(|correcting| &correcting.mail))?;
        let (account, of, row) = (retraction.new.account, retraction.new.of.seq, rules::retraction_row(&retraction));
        let Some(stored) = self.accounts.get(&account) else { return Ok(Retracted::NotApplicable) };
        if self.retractions.contains_key(&(account, of, tables::side(Side::Operator))) {
            return Ok(Retracted::Already);
        }
        if !rules::is_next(&to_chain(stored), &retraction.new) {
            return Ok(Retracted::ChainMoved);
        }
        if !self.take_back(account, of, Side::Operator, row.seq) {
            return Ok(Retracted::NotApplicable);
        }
        if let Some(stored) = self.accounts.get_mut(&account) {
            (stored.chain_seq, stored.chain_digest) = (row.seq, retraction.digest);
        }
        self.insert_link(row, &retraction.digest);
        Ok(Retracted::Done(self.correct(account, corrections)?))
    }

    /// Notes that a notice is taken back. False if there is no such event, or this side did so before.
    fn take_back(&mut self, account: AccountId, of: u64, side: Side, seq: u64) -> bool {
        let row = rules::retracted_row(account, of, side, seq);
        let key = (account, of, row.side);
        let is_new = self.events.contains_key(&(account, of)) && !self.retractions.contains_key(&key);
        if is_new {
            self.retractions.insert(key, row);
        }
        is_new
    }

    fn repeat(&mut self, recording: &Recording) -> Result<Recorded> {
        let act = rules::act_digest(&recording.event.act)?;
        let stored = self.events.get(&(recording.account, recording.event.act.seq)).filter(|stored| stored.act == act);
        let Some(set) = stored.map(|stored| stored.body.clone()) else { return Ok(Recorded::ChainMoved) };
        if let Change::Enrol { enrolment, device, session } = &recording.change {
            let is_in = self.devices.get(&(recording.account, device.device)).is_some_and(|stored| stored.revoked.is_none());
            if !is_in || !self.use_enrolment(recording.account, *enrolment, device) || !self.open_session(session)? {
                return Ok(Recorded::NotApplicable);
            }
        }
        Ok(Recorded::Repeated(set))
    }

    /// Marks an enrolment as used by a device, if it is unused or this device's already.
    fn use_enrolment(&mut self, account: AccountId, token: Hash32, device: &NewDevice) -> bool {
        let Some(row) = self.enrolments.get_mut(&(account, token)) else { return false };
        let free = row.used_by.is_none_or(|by| by == device.device);
        if free {
            row.used_by = Some(device.device);
        }
        free
    }

    fn enrol(&mut self, account: AccountId, enrolment: Hash32, device: &NewDevice, session: &NewSession) -> Result<Applied> {
        if session.device != device.device || self.device(device.device).is_some() {
            return Ok(NOT);
        }
        if self.sessions.values().any(|stored| stored.token == session.token) {
            return Err(crate::StoreError::Damaged("two sessions with one id or token"));
        }
        if !self.use_enrolment(account, enrolment, device) {
            return Ok(NOT);
        }
        self.insert_device(account, device);
        self.open_session(session)?;
        Ok(Applied::Done)
    }

    fn enrol_machine(&mut self, account: AccountId, device: &NewDevice, vaults: &[MachineVault]) -> Applied {
        let theirs = |vault: &MachineVault| self.vaults.get(&vault.vault).is_some_and(|row| row.account == account);
        if vaults.is_empty() || !vaults.iter().all(theirs) || self.device(device.device).is_some() {
            return NOT;
        }
        self.insert_device(account, device);
        for MachineVault { vault, key } in vaults.iter().cloned() {
            let row = MachineVaultRow { account, device: device.device, vault, key };
            self.machine_vaults.insert((account, device.device, vault), row);
        }
        Applied::Done
    }

    fn apply(&mut self, account: AccountId, change: &Change, at: UnixMillis) -> Result<Applied> {
        match change {
            Change::Enrol { enrolment, device, session } => return self.enrol(account, *enrolment, device, session),
            Change::EnrolMachine { device, vaults } => return Ok(self.enrol_machine(account, device, vaults)),
            Change::RevokeDevice(device) => {
                let Some(row) = self.devices.get_mut(&(account, *device)).filter(|row| row.revoked.is_none()) else { return Ok(NOT) };
                row.revoked = Some(at);
                self.sessions.retain(|_, session| session.device != *device);
                self.machine_vaults.values_mut().filter(|row| row.device == *device).for_each(|row| row.key.clear());
                return Ok(Applied::Done);
            }
            Change::Acknowledge(_) => return Ok(Applied::Done),
            Change::RevokeSession(session) => {
                return Ok(if self.sessions.remove(&(account, *session)).is_some() { Applied::Done } else { NOT });
            }
            _ => {}
        }
        self.apply_to_record(account, change, at)
    }

    /// Changes of the account's own row, whose record's number goes up.
    fn apply_to_record(&mut self, account: AccountId, change: &Change, at: UnixMillis) -> Result<Applied> {
        if let Change::Address { email_key, .. } = change
            && self.account_by_address(email_key).is_some_and(|owner| owner != account)
        {
            return Ok(Applied::Not(Recorded::AddressTaken));
        }
        if let Change::Credentials { sign_in, .. } = change {
            if self.sign_ins.contains_key(&(account, *sign_in)) {
                return Ok(NOT);
            }
            self.sign_ins.insert((account, *sign_in), SignInRow { account, sign_in: *sign_in, over: at });
            self.enrolments.retain(|_, row| row.account != account || row.used_by.is_some());
        }
        let Some(row) = self.accounts.get_mut(&account) else { return Ok(NOT) };
        match change {
            Change::Credentials { opaque, keyset, .. } => (row.opaque, row.keyset) = (opaque.clone(), keyset.clone()),
            Change::Address { email, email_key } => (row.email, row.email_key) = (email.clone(), email_key.clone()),
            Change::ScheduleDeletion(due) if row.deletion_due.is_none() => row.deletion_due = Some(*due),
            Change::CancelDeletion if row.deletion_due.is_some() => row.deletion_due = None,
            Change::AddTotp { totp, step } if row.totp.is_none() => (row.totp, row.totp_step) = (Some(totp.clone()), *step),
            Change::RemoveTotp { step } if row.totp.is_some() && *step > row.totp_step => (row.totp, row.totp_step) = (None, 0),
            _ => return Ok(NOT),
        }
        row.record += 1;
        Ok(Applied::Done)
    }

    pub(super) fn insert_event(&mut self, event: &Countersigned, mails: Vec<NewMail>) -> Result<()> {
        self.insert_link(rules::event_row(event)?, &event.digest);
        mails.into_iter().for_each(|mail| self.insert_mail(event.act.account, mail));
        Ok(())
    }

    fn insert_link(&mut self, row: EventRow, digest: &Hash32) {
        self.events.insert((row.account, row.seq), row);
        self.insert_leaf(digest);
    }
}
