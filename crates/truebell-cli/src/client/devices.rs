//! Devices and sessions: which there are, and ending them.

use super::{Client, Error};
use truebell_core::ids::{DeviceId, SessionId};
use truebell_core::wire::device::{DeviceInfo, SessionInfo};

impl Client {
    /// All devices, oldest first.
    pub fn devices(&mut self) -> Result<Vec<DeviceInfo>, Error> {
        todo!()
    }

    /// All live sessions, oldest first.
    pub fn sessions(&mut self) -> Result<Vec<SessionInfo>, Error> {
        todo!()
    }

    /// This device's id.
    pub fn device_id(&self) -> DeviceId {
        todo!()
    }

    /// Takes a device's access away. Its local copy stays on it, sealed.
    pub fn revoke_device(&mut self, device: DeviceId) -> Result<(), Error> {
        todo!()
    }

    /// Ends one session; its device can open the next.
    pub fn revoke_session(&mut self, session: SessionId) -> Result<(), Error> {
        todo!()
    }

    /// Removes this account from this device: ends the session, then deletes the profile. Refuses while edits wait, unless `discard`.
    pub fn sign_out(self, discard: bool) -> Result<(), Error> {
        todo!()
    }
}
