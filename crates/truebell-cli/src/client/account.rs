//! What a person changes about their account: each is an act, signed here and recorded by the server as an event.

use super::enrol::KitData;
use super::{Client, Error};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;

impl Client {
    /// A kit for the account as it is now.
    pub fn kit(&self) -> Result<KitData, Error> {
        todo!()
    }

    /// Changes the account password. Devices and sessions stay.
    pub fn change_password(&mut self, current: &Secret, new: &Secret) -> Result<(), Error> {
        todo!()
    }

    /// Replaces the Secret Key; older kits open the account no longer.
    pub fn rotate_secret_key(&mut self, password: &Secret) -> Result<KitData, Error> {
        todo!()
    }

    /// Changes the mail address.
    pub fn change_address(&mut self, email: &str) -> Result<(), Error> {
        todo!()
    }

    /// Asks for the account's deletion; returns when it is due.
    pub fn schedule_deletion(&mut self) -> Result<UnixMillis, Error> {
        todo!()
    }

    /// Cancels it.
    pub fn cancel_deletion(&mut self) -> Result<(), Error> {
        todo!()
    }

    /// A new `otpauth://` URI to show as a QR code; nothing is stored until a code proves it.
    pub fn make_second_factor(&mut self) -> Result<Secret, Error> {
        todo!()
    }

    /// Adds it, proven by a code.
    pub fn add_second_factor(&mut self, uri: &Secret, code: &str) -> Result<(), Error> {
        todo!()
    }

    /// Removes it, proven by a code.
    pub fn remove_second_factor(&mut self, code: &str) -> Result<(), Error> {
        todo!()
    }
}
