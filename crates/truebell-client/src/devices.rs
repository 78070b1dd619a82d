//! Devices and sessions: which there are, and ending them.

use super::exchange::{Answer, JSON, Question, read_json};
use super::session::Wire;
use super::{Client, Error, Hold, Online};
use truebell_core::event::What;
use truebell_core::ids::{DeviceId, SessionId};
use truebell_core::wire::device::{DeviceInfo, Devices, Revoke, SessionInfo, Sessions};

impl<H: Hold> Online<H> {
    /// All devices, oldest first. Which there are, what they are called and which have access is proven by the account's events; only
    /// when one was last seen is the server's word.
    pub fn devices(&self) -> Result<Vec<DeviceInfo>, Error> {
        let mut listed = self.read::<Devices>("/v1/devices")?.devices;
        if !self.bears_out(&listed)? {
            // One may have come or gone since the last sync.
            self.catch_up()?;
            listed = self.read::<Devices>("/v1/devices")?.devices;
        }
        if !self.bears_out(&listed)? {
            return Err(Error::Answer("its list of devices is not the one this account's events prove"));
        }
        self.with(|client| {
            for device in &mut listed {
                if let Some(proven) = client.local.facts.devices.get(&device.device) {
                    device.name.clone_from(&proven.name);
                }
            }
            Ok(listed)
        })
    }

    fn bears_out(&self, listed: &[DeviceInfo]) -> Result<bool, Error> {
        self.with(|client| {
            let proven = &client.local.facts.devices;
            let same = |device: &DeviceInfo| proven.get(&device.device).is_some_and(|proven| proven.revoked == device.revoked);
            Ok(!client.local.facts.is_complete() || (listed.len() == proven.len() && listed.iter().all(same)))
        })
    }

    /// All live sessions, oldest first. A session is of a device that the account's events name.
    pub fn sessions(&self) -> Result<Vec<SessionInfo>, Error> {
        let sessions = self.read::<Sessions>("/v1/sessions")?.sessions;
        self.with(|client| {
            let (facts, proven) = (&client.local.facts, &client.local.facts.devices);
            if facts.is_complete() && sessions.iter().any(|session| !proven.contains_key(&session.device)) {
                return Err(Error::Answer("its list of sessions names a device that is not this account's: sync, and ask again"));
            }
            Ok(sessions)
        })
    }

    fn read<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let answered = self.ask(None, &Question::get(path)).and_then(Answer::accepted);
        self.with(Client::flush)?;
        read_json(&answered?.0)
    }

    /// Takes a device's access away. Its local copy stays on it, sealed.
    pub fn revoke_device(&self, device: DeviceId) -> Result<(), Error> {
        let found = self.devices()?.into_iter().find(|there| there.device == device);
        let found = found.ok_or_else(|| Error::NotFound { what: "device", name: device.to_string() })?;
        let what = What::DeviceRevoked { revoked: device, revoked_name: found.name };
        self.act(&format!("/v1/devices/{device}/revoke"), &what, |act| Revoke { act })
    }

    /// Ends one session; its device can open the next.
    pub fn revoke_session(&self, session: SessionId) -> Result<(), Error> {
        let found = self.sessions()?.into_iter().find(|there| there.session == session);
        let found = found.ok_or_else(|| Error::NotFound { what: "session", name: session.to_string() })?;
        let device = self.devices()?.into_iter().find(|there| there.device == found.device);
        let of_device_name = device.map(|device| device.name).unwrap_or_default();
        let what = What::SessionRevoked { session, of_device: found.device, of_device_name };
        self.act(&format!("/v1/sessions/{session}/revoke"), &what, |act| Revoke { act })
    }
}

impl Client {
    /// This device's id.
    pub fn device_id(&self) -> DeviceId {
        self.device.device
    }

    /// Removes this account from this device: ends the session, then deletes the profile. Refuses while edits wait, unless `discard`.
    pub fn sign_out(mut self, discard: bool) -> Result<(), Error> {
        let pending = self.status()?.pending;
        if pending > 0 && !discard {
            return Err(Error::Input(format!(
                "{pending} edits on this device have not reached the server yet: sync first, or say that they may be lost"
            )));
        }
        if self.device.session.is_some() {
            // A server that cannot be asked keeps nobody here: the session ends by itself.
            let _ended = self.online().ask(None, &Question::post("/v1/sign-out", JSON, b"{}"));
        }
        let profile = self.profile.clone();
        drop(self);
        Ok(profile.remove()?)
    }
}
