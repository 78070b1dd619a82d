//! Sites of items: their host, whether they are reached without encryption, whether they offer a second factor.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::collections::BTreeSet;

/// Sites of which Truebell's makers know that they offer codes from an app or a security key, one a line.
const BUNDLED: &str = include_str!("second_factors.txt");

/// Which sites offer a second factor that an item can hold.
#[derive(Debug, Clone)]
pub struct SecondFactors(BTreeSet<String>);

impl SecondFactors {
    /// The list that comes with Truebell.
    pub fn bundled() -> Self {
        Self(BUNDLED.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
    }

    /// The bundled list and the sites of the public 2fa.directory (its JSON, `[["Name", {"domain": …, "tfa": ["totp", …]}], …]`, or the same as an object), as far as they offer an
    /// app's codes, a security key or a passkey. `None`: it is something else.
    pub fn with_directory(json: &str) -> Option<Self> {
        let json: serde_json::Value = serde_json::from_str(json).ok()?;
        let entries: Vec<(Option<&str>, &serde_json::Value)> = match &json {
            serde_json::Value::Array(pairs) => pairs.iter().filter_map(|pair| Some((None, pair.get(1)?))).collect(),
            serde_json::Value::Object(sites) => sites.iter().map(|(name, site)| (Some(name.as_str()), site)).collect(),
            _ => return None,
        };
        let mut all = Self::bundled();
        let before = all.0.len();
        for (name, site) in entries {
            let methods = site.get("tfa").or_else(|| site.get("methods")).and_then(|methods| methods.as_array());
            let is_held =
                methods.is_some_and(|methods| methods.iter().any(|method| matches!(method.as_str(), Some("totp" | "u2f" | "passkeys"))));
            if !is_held {
                continue;
            }
            let more = site.get("additional-domains").and_then(|more| more.as_array()).into_iter().flatten();
            let domains = site.get("domain").into_iter().chain(more).filter_map(|domain| domain.as_str()).chain(name);
            all.0.extend(domains.filter(|domain| domain.contains('.') && !domain.contains(' ')).map(str::to_lowercase));
        }
        (all.0.len() > before).then_some(all)
    }

    /// The site of the list that this host belongs to.
    pub fn find(&self, host: &str) -> Option<&str> {
        let mut rest = host;
        loop {
            if let Some(site) = self.0.get(rest) {
                return Some(site);
            }
            rest = rest.split_once('.')?.1;
        }
    }
}

/// The host of an address as people write it, in lower case: `https://Mail.example.org:443/login` or `mail.example.org/login`.
pub fn host_of(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => host.split(':').next()?,
    };
    let host = host.trim_end_matches('.').to_lowercase();
    (!host.is_empty() && !host.contains(char::is_whitespace)).then_some(host)
}

/// Whether what is sent there can be read on the way. Machines of one's own network are not meant.
pub fn is_insecure(url: &str) -> bool {
    let is_plain = url.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
    is_plain && host_of(url).is_some_and(|host| !is_near(&host))
}

fn is_near(host: &str) -> bool {
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return address.is_loopback() || address.is_private() || address.is_link_local();
    }
    if let Ok(address) = host.parse::<Ipv6Addr>() {
        return address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local();
    }
    let is_name_without_domain = !host.contains('.');
    is_name_without_domain || [".local", ".localhost", ".internal", ".home.arpa", ".lan"].iter().any(|ending| host.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_people_write_them() {
        for (url, host) in [
            ("https://Mail.Example.org:443/login?x=@y", Some("mail.example.org")),
            ("example.org/login", Some("example.org")),
            ("https://ada@example.org", Some("example.org")),
            ("http://[::1]:80/", Some("::1")),
            ("https://example.org.", Some("example.org")),
            ("", None),
            ("my bank", None),
            ("https:///x", None),
        ] {
            assert_eq!(host_of(url).as_deref(), host, "{url}");
        }
    }

    #[test]
    fn plain_http_is_insecure_except_near() {
        for (url, expect) in [
            ("http://example.org", true),
            ("HTTP://example.org/", true),
            ("https://example.org", false),
            ("example.org", false),
            ("http://192.168.1.1/admin", false),
            ("http://printer/", false),
            ("http://nas.local", false),
            ("http://[fe80::1]/", false),
            ("http://8.8.8.8", true),
        ] {
            assert_eq!(is_insecure(url), expect, "{url}");
        }
    }

    #[test]
    fn a_directory_adds_what_an_item_can_hold_and_nothing_else() {
        let list = r#"[["One", {"domain": "one.example", "additional-domains": ["uno.example"], "tfa": ["sms", "totp"]}], ["Two", {"domain": "two.example", "tfa": ["sms"]}], ["Three", {"domain": "three.example"}]]"#;
        let known = SecondFactors::with_directory(list).unwrap();
        let find = |host| known.find(host);
        assert_eq!((find("login.one.example"), find("uno.example")), (Some("one.example"), Some("uno.example")));
        assert_eq!(
            (find("two.example"), find("three.example"), find("notone.example"), find("github.com")),
            (None, None, None, Some("github.com"))
        );
        let newer = SecondFactors::with_directory(r#"{"four.example": {"methods": ["u2f"]}}"#).unwrap();
        assert_eq!(newer.find("www.four.example"), Some("four.example"));
        for other in ["", "[]", "{}", "3", "<html>"] {
            assert!(SecondFactors::with_directory(other).is_none(), "{other}");
        }
    }

    #[test]
    fn the_bundled_list_is_in_order_and_has_hosts_only() {
        let lines: Vec<&str> = BUNDLED.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.is_sorted() && lines.len() >= 100);
        assert!(lines.iter().all(|line| host_of(line).as_deref() == Some(line)));
    }
}
