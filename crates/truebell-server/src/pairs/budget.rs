//! How many pairs may be asked about from one place: each question is a guess that the service must count, because it cannot see what is guessed.

use crate::admission::{Limiter, Origin, Rate, client_address};
use crate::config::Networks;
use axum::http::HeaderMap;
use std::net::IpAddr;
use std::time::Duration;
use truebell_core::time::UnixMillis;

/// How often it may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// From one IPv4 address or one IPv6 /64.
    pub address: Rate,
    /// From its surroundings, an IPv4 /24 or an IPv6 /48.
    pub network: Rate,
}

/// How many addresses' budgets a network has.
const NETWORK_SHARE: u32 = 4;

impl Rates {
    /// `burst` questions at once from an address and one more each `refill`; four times that from its network.
    pub fn new(burst: u32, refill: Duration) -> Self {
        Self {
            address: Rate { burst, refill },
            network: Rate { burst: burst.saturating_mul(NETWORK_SHARE), refill: refill / NETWORK_SHARE },
        }
    }
}

/// What an address lies in: 24 or 48 bits of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Surroundings(u128, bool);

impl From<IpAddr> for Surroundings {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(u128::from(address.to_bits() >> 8), false),
            IpAddr::V6(address) => Self(address.to_bits() >> 80, true),
        }
    }
}

/// The budgets of all who ask.
pub struct Budget {
    rates: Rates,
    /// Networks that answer for their own users, and have no budget here.
    partners: Networks,
    /// Networks of the proxies whose `X-Forwarded-For` is believed.
    proxies: Networks,
    addresses: Limiter<Origin>,
    networks: Limiter<Surroundings>,
}

impl std::fmt::Debug for Budget {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Budget").field("rates", &self.rates).finish_non_exhaustive()
    }
}

impl Budget {
    /// With nobody in it yet.
    pub fn new(rates: Rates, partners: Networks, proxies: Networks) -> Self {
        Self { rates, partners, proxies, addresses: Limiter::new(), networks: Limiter::new() }
    }

    /// Who asks, behind proxies of ours.
    pub(super) fn who(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        client_address(peer, headers, &|address| self.proxies.contains(address))
    }

    /// Pays for one question, or says when there will be one.
    pub(super) fn take(&self, who: IpAddr, now: UnixMillis) -> Result<(), UnixMillis> {
        if self.partners.contains(who) {
            return Ok(());
        }
        self.addresses.take(Origin::from(who), self.rates.address, now)?;
        let taken = self.networks.take(Surroundings::from(who), self.rates.network, now);
        if taken.is_err() {
            self.addresses.give_back(Origin::from(who), self.rates.address);
        }
        taken
    }

    /// Pays back, where nothing was answered.
    pub(super) fn give_back(&self, who: IpAddr) {
        if !self.partners.contains(who) {
            self.addresses.give_back(Origin::from(who), self.rates.address);
            self.networks.give_back(Surroundings::from(who), self.rates.network);
        }
    }
}
