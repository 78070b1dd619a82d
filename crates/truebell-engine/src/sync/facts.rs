//! What an account's own events say of it: its devices, second factors, a deletion that is due, its address. A server's word on any of
//! these is held against this, because each is a sentence about the account's security (law 1).
//!
//! Never here: anything only a server said.

use std::collections::BTreeMap;
use truebell_core::address::Address;
use truebell_core::event::{Event, Verified, What};
use truebell_core::ids::{DeviceId, VaultId};
use truebell_core::time::UnixMillis;
use truebell_core::wire::account::Record;

/// What the chain proves, up to some place in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Every device that was ever enrolled.
    pub devices: BTreeMap<DeviceId, Enrolled>,
    /// Second factors in force.
    pub second_factors: Vec<String>,
    /// When the account will be deleted, if that was asked for.
    pub deletion_due: Option<UnixMillis>,
    /// The masked address of the last change; `None` if it never changed.
    address: Option<String>,
    address_changes: u32,
    incomplete: bool,
}

/// The mail address of a record that was taken, and how often it had changed by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAddress {
    email: String,
    changes: u32,
}

/// A device as the events have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolled {
    /// Its name when it was enrolled.
    pub name: String,
    /// Whether its access was taken away.
    pub revoked: bool,
    /// Where it is a machine: the vaults it may read.
    pub machine: Option<Vec<VaultId>>,
}

impl Facts {
    /// For a copy of the chain that is damaged here: nothing can be held against it until it is fetched again.
    pub fn incomplete() -> Self {
        Self { incomplete: true, ..Self::default() }
    }

    /// Whether the whole chain was read.
    pub fn is_complete(&self) -> bool {
        !self.incomplete
    }

    /// Goes on to the next event of the chain.
    pub fn learn(&mut self, event: &Verified<Event>) {
        let act = &event.act;
        match &act.what {
            What::AccountCreated { .. } => self.enrol(act.device, &act.device_name, None),
            What::DeviceEnrolled { enrolled, .. } => self.enrol(*enrolled, &act.device_name, None),
            What::MachineEnrolled { enrolled, name, vaults, .. } => self.enrol(*enrolled, name, Some(vaults.clone())),
            What::DeviceRevoked { revoked, .. } => {
                if let Some(device) = self.devices.get_mut(revoked) {
                    device.revoked = true;
                }
            }
            What::AddressChanged { to_masked, .. } => {
                self.address = Some(to_masked.clone());
                self.address_changes += 1;
            }
            What::SecondFactorAdded { kind } => self.second_factors.push(kind.clone()),
            What::SecondFactorRemoved { kind } => self.second_factors.retain(|there| there != kind),
            What::DeletionScheduled { due } => self.deletion_due = Some(*due),
            What::DeletionCancelled {} => self.deletion_due = None,
            _ => {}
        }
    }

    fn enrol(&mut self, device: DeviceId, name: &str, machine: Option<Vec<VaultId>>) {
        self.devices.insert(device, Enrolled { name: name.to_owned(), revoked: false, machine });
    }

    /// Whether a record says what the events do. An address stays what it was without an event.
    pub(super) fn bear_out(&self, record: &Record, known: Option<&KnownAddress>) -> bool {
        let address = match known.filter(|known| known.changes == self.address_changes) {
            Some(known) => known.email == record.email,
            None => self.fits_last_change(&record.email),
        };
        self.incomplete || (address && self.second_factors == record.second_factors && self.deletion_due == record.deletion_due)
    }

    /// The address of a record of this account; nothing where an event says that it has changed since.
    pub fn known_address(&self, email: &str) -> Option<KnownAddress> {
        let fits = self.is_complete() && self.fits_last_change(email);
        fits.then(|| KnownAddress { email: email.to_owned(), changes: self.address_changes })
    }

    fn fits_last_change(&self, email: &str) -> bool {
        self.address.as_ref().is_none_or(|masked| Address::parse(email).is_ok_and(|address| address.masked() == *masked))
    }
}
