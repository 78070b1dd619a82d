//! Devices, sessions and enrolments.

use super::state::State;
use crate::StoreError;
use crate::rows::{Device, Enrolment, EnrolmentStarted, MachineVault, NewDevice, NewEnrolment, NewSession, SessionView};
use crate::store::Result;
use crate::tables::{DeviceRow, EnrolmentRow, SessionRow, SignInRow};
use truebell_core::hash::Hash32;
use truebell_core::ids::{AccountId, DeviceId, VaultId};
use truebell_core::time::UnixMillis;

impl State {
    pub(super) fn device(&self, device: DeviceId) -> Option<Device> {
        self.devices.values().find(|row| row.device == device).map(to_device)
    }

    pub(super) fn devices(&self, account: AccountId) -> Vec<Device> {
        let mut rows: Vec<_> = self.devices.values().filter(|row| row.account == account).collect();
        rows.sort_by_key(|row| (row.enrolled, row.device));
        rows.into_iter().map(to_device).collect()
    }

    pub(super) fn machine_vaults(&self, account: AccountId, device: DeviceId) -> Vec<MachineVault> {
        let rows = self.machine_vaults.values().filter(|row| row.account == account && row.device == device);
        rows.map(|row| MachineVault { vault: row.vault, key: row.key.clone() }).collect()
    }

    /// The vaults of a machine; `None` for a person's device.
    fn machine(&self, account: AccountId, device: DeviceId) -> Option<Vec<VaultId>> {
        let vaults: Vec<_> = self.machine_vaults(account, device).into_iter().map(|row| row.vault).collect();
        (!vaults.is_empty()).then_some(vaults)
    }

    pub(super) fn insert_device(&mut self, account: AccountId, new: &NewDevice) {
        let row = DeviceRow {
            account,
            device: new.device,
            key: new.key,
            name: new.name.clone(),
            platform: new.platform.clone(),
            enrolled: new.enrolled,
            revoked: None,
            seen: new.enrolled,
        };
        self.devices.insert((account, new.device), row);
    }

    pub(super) fn open_session(&mut self, new: &NewSession) -> Result<bool> {
        let Some(device) = self.devices.values_mut().find(|row| row.device == new.device && row.revoked.is_none()) else {
            return Ok(false);
        };
        let account = device.account;
        let row =
            SessionRow { account, session: new.session, device: new.device, token: new.token, opened: new.opened, expires: new.expires };
        let key = (account, new.session);
        let another = |stored: &SessionRow| ((stored.account, stored.session) == key || stored.token == new.token) && *stored != row;
        if self.sessions.values().any(another) {
            return Err(StoreError::Damaged("two sessions with one id or token"));
        }
        device.seen = device.seen.max(new.opened);
        self.sessions.insert(key, row);
        Ok(true)
    }

    pub(super) fn session(&self, token: Hash32) -> Result<Option<SessionView>> {
        let Some(row) = self.sessions.values().find(|row| row.token == token) else { return Ok(None) };
        let account = self.accounts.get(&row.account).ok_or(StoreError::Damaged("a session without an account"))?;
        Ok(Some(SessionView {
            session: row.session,
            device: row.device,
            expires: row.expires,
            head: self.head(account),
            deletion_due: account.deletion_due,
            machine: self.machine(row.account, row.device),
        }))
    }

    pub(super) fn sessions(&self, account: AccountId, now: UnixMillis) -> Vec<NewSession> {
        let mut rows: Vec<_> = self.sessions.values().filter(|row| row.account == account && row.expires > now).collect();
        rows.sort_by_key(|row| (row.opened, row.session));
        rows.into_iter().map(to_session).collect()
    }

    pub(super) fn start_enrolment(&mut self, new: NewEnrolment) -> Result<EnrolmentStarted> {
        if let Some(row) = self.enrolments.values().find(|row| row.token == new.token) {
            let same = row.account == new.account && row.sign_in == new.sign_in;
            return if same { Ok(EnrolmentStarted::Started) } else { Err(StoreError::Damaged("two enrolments with one token")) };
        }
        let sign_in = (new.account, new.sign_in);
        if self.sign_ins.contains_key(&sign_in) {
            return Ok(EnrolmentStarted::SignInUsed);
        }
        let Some(account) = self.accounts.get_mut(&new.account).filter(|account| account.epoch == new.epoch) else {
            return Ok(EnrolmentStarted::Superseded);
        };
        if account.totp.is_some() {
            let Some(step) = new.totp_step else { return Ok(EnrolmentStarted::CodeNeeded) };
            if step <= account.totp_step {
                return Ok(EnrolmentStarted::CodeUsed);
            }
            account.totp_step = step;
        }
        self.sign_ins.insert(sign_in, SignInRow { account: new.account, sign_in: new.sign_in, over: new.expires });
        let row = EnrolmentRow { account: new.account, token: new.token, sign_in: new.sign_in, used_by: None, expires: new.expires };
        self.enrolments.insert((new.account, new.token), row);
        Ok(EnrolmentStarted::Started)
    }

    pub(super) fn enrolment(&self, token: Hash32) -> Option<Enrolment> {
        let row = self.enrolments.values().find(|row| row.token == token)?;
        Some(Enrolment { account: row.account, expires: row.expires, used_by: row.used_by })
    }
}

fn to_device(row: &DeviceRow) -> Device {
    let device =
        NewDevice { device: row.device, key: row.key, name: row.name.clone(), platform: row.platform.clone(), enrolled: row.enrolled };
    Device { device, account: row.account, seen: row.seen, revoked: row.revoked }
}

fn to_session(row: &SessionRow) -> NewSession {
    NewSession { session: row.session, device: row.device, token: row.token, opened: row.opened, expires: row.expires }
}
