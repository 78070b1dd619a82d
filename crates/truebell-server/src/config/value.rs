//! How each kind of setting is written and shown. A value that carries a secret is shown without it.

use crate::log::{WitnessAt, Witnesses};
use crate::state::CLIENT_FLOOR;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use truebell_core::version::Version;
use truebell_core::wire::server::SignUpMode;

/// A kind of value.
pub(super) trait Setting: Sized {
    /// How it is written, for the manual.
    const FORM: &'static str;
    /// Reads it; the error says how to write it.
    fn read(text: &str) -> Result<Self, String>;
    /// The value as it may be shown.
    fn show(&self) -> String;
}

impl Setting for String {
    const FORM: &'static str = "text";
    fn read(text: &str) -> Result<Self, String> {
        // A line end in a sender or host name could end a mail header or an SMTP command.
        if text.chars().any(char::is_control) { Err("write it on one line".into()) } else { Ok(text.trim().to_owned()) }
    }
    fn show(&self) -> String {
        self.clone()
    }
}

impl Setting for SocketAddr {
    const FORM: &'static str = "address and port";
    fn read(text: &str) -> Result<Self, String> {
        text.trim().replace("localhost:", "127.0.0.1:").parse().map_err(|_| "write an address and a port, as 127.0.0.1:8484".into())
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for Option<SocketAddr> {
    const FORM: &'static str = "address and port, or empty";
    fn read(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() { Ok(None) } else { SocketAddr::read(text).map(Some) }
    }
    fn show(&self) -> String {
        self.map(|address| address.to_string()).unwrap_or_default()
    }
}

impl Setting for PathBuf {
    const FORM: &'static str = "path";
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("write a path".into()) } else { Ok(Self::from(text)) }
    }
    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl Setting for Option<PathBuf> {
    const FORM: &'static str = "path, or empty";
    fn read(text: &str) -> Result<Self, String> {
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    }
    fn show(&self) -> String {
        self.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    }
}

impl Setting for Option<Version> {
    const FORM: &'static str = "version, as `0.2.0`, or empty";
    fn read(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        match text.parse() {
            Ok(version) if version >= CLIENT_FLOOR => Ok(Some(version)),
            Ok(_) => Err(format!("this server cannot speak with clients below {CLIENT_FLOOR}: write that or a higher version")),
            Err(_) => Err("write a version, as 0.2.0".into()),
        }
    }
    fn show(&self) -> String {
        self.map(|version| version.to_string()).unwrap_or_default()
    }
}

impl Setting for Duration {
    const FORM: &'static str = "duration, as `90s`, `12h`, `30days`";
    fn read(text: &str) -> Result<Self, String> {
        match humantime::parse_duration(text.trim()) {
            Ok(duration) if !duration.is_zero() => Ok(duration),
            _ => Err("write a duration above zero, as 90s, 12h or 30days".into()),
        }
    }
    fn show(&self) -> String {
        humantime::format_duration(*self).to_string()
    }
}

impl Setting for u64 {
    const FORM: &'static str = "number";
    fn read(text: &str) -> Result<Self, String> {
        text.trim().replace('_', "").parse().map_err(|_| "write a whole number".into())
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

/// A setting that is one of a few words.
macro_rules! words {
    ($kind:ty, $form:literal, $($word:literal $(| $also:literal)* => $value:path),+) => {
        impl Setting for $kind {
            const FORM: &'static str = $form;
            fn read(text: &str) -> Result<Self, String> {
                match text.trim() {
                    $($word $(| $also)* => Ok($value),)+
                    _ => Err(concat!("write ", $form).into()),
                }
            }
            fn show(&self) -> String {
                match self { $($value => $word,)+ }.to_owned()
            }
        }
    };
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what an operator must act on.
    Error,
    /// And what one should know.
    Warn,
    /// And the server's life.
    Info,
    /// And every request.
    Debug,
}

/// How the relay is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// STARTTLS (RFC 3207), and nothing is sent without it.
    Starttls,
    /// In the clear, on this machine only.
    None,
}

words!(SignUpMode, "`open`, `invite` or `closed`",
    "open" => SignUpMode::Open, "invite" | "invite-only" => SignUpMode::Invite, "closed" => SignUpMode::Closed);
words!(LogFormat, "`text` or `json`", "text" => LogFormat::Text, "json" => LogFormat::Json);
words!(LogLevel, "`error`, `warn`, `info` or `debug`",
    "error" => LogLevel::Error, "warn" => LogLevel::Warn, "info" => LogLevel::Info, "debug" => LogLevel::Debug);
words!(MailTls, "`implicit`, `starttls` or `none`",
    "implicit" => MailTls::Implicit, "starttls" => MailTls::Starttls, "none" => MailTls::None);

/// A network: an address and how many of its leading bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    fn read(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Some(most), |bits| bits.parse().ok().filter(|bits| *bits <= most))?;
        Some(Self { address, bits })
    }

    /// Whether an address lies in it. An IPv4 address written as IPv6 counts as itself.
    pub fn contains(&self, address: IpAddr) -> bool {
        let left_out = |all: u32| all - u32::from(self.bits).min(all);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()).checked_shr(left_out(32)).unwrap_or(0) == 0,
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()).checked_shr(left_out(128)).unwrap_or(0) == 0,
            _ => false,
        }
    }

    /// Whether it is the whole of IPv4 or IPv6.
    pub fn is_everybody(&self) -> bool {
        self.bits == 0
    }
}

impl std::str::FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(text).ok_or_else(|| "write a network as 10.0.0.0/8 or 2001:db8::/32".to_owned())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.bits)
    }
}

/// Some networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(pub Vec<Network>);

impl Networks {
    /// Whether an address lies in one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Setting for Networks {
    const FORM: &'static str = "networks, separated by commas";
    fn read(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read = parts.map(|part| Network::read(part).ok_or_else(|| "write networks as 127.0.0.1/32, 10.0.0.0/8".to_owned()));
        read.collect::<Result<_, _>>().map(Self)
    }
    fn show(&self) -> String {
        self.0.iter().map(Network::to_string).collect::<Vec<_>>().join(", ")
    }
}

impl Setting for Witnesses {
    const FORM: &'static str = "witnesses, each `URL VERIFIER-KEY`, separated by commas";
    fn read(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let read = parts.map(|part| {
            let (url, key) = part.split_once(char::is_whitespace)?;
            let is_url = url.starts_with("https://") || url.starts_with("http://");
            is_url.then(|| Some(WitnessAt { url: url.to_owned(), witness: key.trim().parse().ok()? }))?
        });
        read.collect::<Option<_>>().map(Self).ok_or_else(|| "write each witness as https://witness.example/w1 NAME+ID+KEY".into())
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

/// Where the database is. It may carry a password; it is never shown with it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl(String);

impl StoreUrl {
    /// A SQLite file.
    pub fn sqlite(path: &Path) -> Self {
        Self(format!("sqlite:{}", path.display()))
    }

    /// Whether nothing was set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a password is written in it.
    pub fn has_password(&self) -> bool {
        self.password_at().is_some()
    }

    /// Whether it is a SQLite file, and which.
    pub fn sqlite_path(&self) -> Option<&Path> {
        self.0.strip_prefix("sqlite:").map(Path::new)
    }

    /// The whole text, to connect with, the password put in where it came from a file.
    pub fn expose_with(&self, password: Option<&str>) -> String {
        let Some((password, (scheme, rest))) = password.zip(self.0.split_once("://")) else { return self.0.clone() };
        let encoded: String = password
            .bytes()
            .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect();
        match rest.split_once('@') {
            Some((user, host)) => format!("{scheme}://{}:{encoded}@{host}", user.split(':').next().unwrap_or_default()),
            None => self.0.clone(),
        }
    }

    /// Where the password begins and ends.
    fn password_at(&self) -> Option<std::ops::Range<usize>> {
        let authority = self.0.find("://")? + 3;
        let at = authority + self.0.get(authority..)?.find('@')?;
        let colon = authority + self.0.get(authority..at)?.find(':')?;
        (colon + 1 < at).then_some(colon + 1..at)
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.clone();
        if let Some(password) = self.password_at() {
            text.replace_range(password, "…");
        }
        out.write_str(&text)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl std::str::FromStr for StoreUrl {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match Self::read(text) {
            Ok(url) if url.is_empty() => Err("write sqlite:PATH or postgres://USER@HOST/DATABASE".into()),
            read => read,
        }
    }
}

impl Setting for StoreUrl {
    const FORM: &'static str = "`sqlite:PATH` or `postgres://…`, or empty";
    fn read(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let known = text.is_empty() || ["sqlite:", "postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        if known { Ok(Self(text.to_owned())) } else { Err("write sqlite:PATH or postgres://USER@HOST/DATABASE".into()) }
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_database_address_is_never_shown() {
        let url = StoreUrl::read("postgres://ada:hunter2@db.example.org:5432/truebell").unwrap();
        assert!(url.has_password());
        assert_eq!(url.to_string(), "postgres://ada:…@db.example.org:5432/truebell");
        assert!(!format!("{url:?}").contains("hunter2"));
    }

    #[test]
    fn a_password_from_a_file_takes_its_place_in_the_address() {
        let url = StoreUrl::read("postgres://ada@db/truebell").unwrap();
        assert!(!url.has_password());
        assert_eq!(url.expose_with(Some("p@ss:1")), "postgres://ada:p%40ss%3A1@db/truebell");
        assert_eq!(url.expose_with(None), "postgres://ada@db/truebell");
    }

    #[test]
    fn witnesses_are_read_as_they_are_shown_and_otherwise_refused() {
        let key = truebell_core::sign::SigningKey::from_seed(&[8; 32]).public();
        let witness = truebell_core::log::Witness::new("w.example/w1", key).unwrap();
        let two = format!("https://w.example/w1 {witness}, http://127.0.0.1:9/x {witness}");
        let read = Witnesses::read(&two).unwrap();
        assert_eq!((read.0.len(), read.show()), (2, two));
        assert_eq!(Witnesses::read("").unwrap(), Witnesses::default());
        for wrong in
            ["https://w.example/w1", &witness.to_string(), &format!("w.example {witness}"), "https://w.example/w1 w.example+00000000+AA=="]
        {
            assert!(Witnesses::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn networks_hold_exactly_their_addresses() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1/32", "::ffff:127.0.0.1", true),
            ("::1/128", "::1", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
        ] {
            let networks = Networks::read(network).unwrap();
            assert_eq!(networks.contains(address.parse().unwrap()), inside, "{network} {address}");
        }
        for wrong in ["10.0.0.0/33", "::/129", "ten", "10.0.0.0/x"] {
            assert!(Networks::read(wrong).is_err(), "{wrong}");
        }
    }
}
