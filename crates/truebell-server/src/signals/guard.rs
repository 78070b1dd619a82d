//! Where signals may be pushed to: the public internet, and what the operator allows beside it. Checked on the addresses the connection
//! will use, so that a name cannot lead elsewhere between check and use.

use crate::config::Networks;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Scheme;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// An endpoint that may not be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotAllowed {
    /// An address inside some network.
    #[error("its address is not on the public internet, and not in signals_networks")]
    Address,
    /// Without TLS.
    #[error("it is http, which is taken for loopback addresses in signals_networks only")]
    Plain,
}

/// Whether a connection to all of these addresses is allowed.
fn check(is_tls: bool, addresses: impl IntoIterator<Item = IpAddr>, allowed: &Networks) -> Result<(), NotAllowed> {
    for address in addresses {
        let address = address.to_canonical();
        let is_own = address.is_loopback() && allowed.contains(address);
        if !is_tls && !is_own {
            return Err(NotAllowed::Plain);
        }
        if !is_public(address) && !allowed.contains(address) {
            return Err(NotAllowed::Address);
        }
    }
    Ok(())
}

/// As far as an URL alone can tell: names are looked up when they are used.
pub(super) fn check_url(url: &str, allowed: &Networks) -> Result<(), NotAllowed> {
    let is_tls = url.starts_with("https://");
    let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).ok_or(NotAllowed::Address)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(address) => check(is_tls, [address], allowed),
        Err(_) if is_tls => Ok(()),
        Err(_) if host.eq_ignore_ascii_case("localhost") => check(false, [Ipv4Addr::LOCALHOST.into()], allowed),
        Err(_) => Err(NotAllowed::Plain),
    }
}

/// Whether an address is one of the public internet's (IANA's special-purpose registries).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    const SPECIAL: [([u8; 4], u32); 15] = [
        ([0, 0, 0, 0], 8),
        ([10, 0, 0, 0], 8),
        ([100, 64, 0, 0], 10),
        ([127, 0, 0, 0], 8),
        ([169, 254, 0, 0], 16),
        ([172, 16, 0, 0], 12),
        ([192, 0, 0, 0], 24),
        ([192, 0, 2, 0], 24),
        ([192, 88, 99, 0], 24),
        ([192, 168, 0, 0], 16),
        ([198, 18, 0, 0], 15),
        ([198, 51, 100, 0], 24),
        ([203, 0, 113, 0], 24),
        ([224, 0, 0, 0], 4),
        ([240, 0, 0, 0], 4),
    ];
    let is_in = |(network, bits): &([u8; 4], u32)| (address.to_bits() ^ u32::from_be_bytes(*network)) >> (32 - bits) == 0;
    !SPECIAL.iter().any(is_in)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // Only 2000::/3 is given out; inside it these lead to other networks or nowhere.
    const SPECIAL: [(u128, u32); 4] = [
        (0x2001 << 112, 23),     // 2001::/23: Teredo, benchmarks, ORCHID
        (0x2001_0db8 << 96, 32), // documentation
        (0x2002 << 112, 16),     // 6to4
        (0x3fff << 112, 20),     // documentation
    ];
    let bits = address.to_bits();
    bits >> 125 == 1 && !SPECIAL.iter().any(|(network, length)| (bits ^ network) >> (128 - length) == 0)
}

/// Looks names up, and gives nothing that may not be reached.
#[derive(Debug)]
pub(super) struct GuardedResolver {
    pub(super) allowed: Networks,
    pub(super) inner: DefaultResolver,
}

impl Resolver for GuardedResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
        check(is_tls, found.iter().map(SocketAddr::ip), &self.allowed).map_err(|why| ureq::Error::Other(Box::new(why)))?;
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Given, Sources, load};

    fn networks(text: &str) -> Networks {
        let flags = vec![Given { name: "signals_networks".into(), text: text.into(), flag: "--set" }];
        load(&Sources { flags, ..Sources::default() }).unwrap().config.signals_networks
    }

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for public in ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1", "2a00:1450::1", "::ffff:8.8.8.8"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.19.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn an_endpoint_is_allowed_by_its_addresses_and_its_scheme() {
        let none = networks("");
        let own = networks("127.0.0.0/8, 10.0.0.0/8");
        for (url, allowed, expected) in [
            ("https://siem.example.org/in", &none, Ok(())),
            ("https://1.1.1.1/", &none, Ok(())),
            ("https://127.0.0.1:8443/", &none, Err(NotAllowed::Address)),
            ("https://[::1]/", &none, Err(NotAllowed::Address)),
            ("https://[::ffff:169.254.169.254]/", &none, Err(NotAllowed::Address)),
            ("https://10.0.0.7/", &none, Err(NotAllowed::Address)),
            ("https://10.0.0.7/", &own, Ok(())),
            ("http://127.0.0.1:8080/in", &own, Ok(())),
            ("http://localhost:8080/in", &own, Ok(())),
            ("http://localhost:8080/in", &none, Err(NotAllowed::Plain)),
            ("http://10.0.0.7/", &own, Err(NotAllowed::Plain)),
            ("http://1.1.1.1/", &own, Err(NotAllowed::Plain)),
            ("http://siem.example.org/", &own, Err(NotAllowed::Plain)),
        ] {
            assert_eq!(check_url(url, allowed), expected, "{url}");
        }
    }

    #[test]
    fn one_address_inside_is_enough_to_refuse_a_name() {
        let both = ["1.1.1.1".parse().unwrap(), "127.0.0.1".parse().unwrap()];
        assert_eq!(check(true, both, &networks("")), Err(NotAllowed::Address));
        assert_eq!(check(false, both, &networks("127.0.0.0/8")), Err(NotAllowed::Plain));
    }
}
