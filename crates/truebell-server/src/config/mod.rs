//! What an operator can set, and nothing else: [`Config`] is the manual. Its doc comments become `docs/configuration.md` and what
//! `truebell config check` says, so they are written for the operator. Never here: a secret (settings name the file that holds it).

mod error;
mod explain;
mod load;
mod manual;
mod nearest;
mod value;

pub use error::ConfigError;
pub use explain::{Remark, explain, remarks};
pub use load::{Given, Loaded, Origin, Sources, load};
pub use manual::manual;
pub use value::{LogFormat, LogLevel, MailTls, Network, Networks, StoreUrl};

use crate::log::Witnesses;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use truebell_core::version::Version;
use truebell_core::wire::server::SignUpMode;
use value::Setting;

/// One setting, as the manual shows it.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// Its name in the file; in the environment it is `TRUEBELL_` and the name in capitals.
    pub name: &'static str,
    /// What it does.
    pub about: &'static [&'static str],
    /// Its value when nobody sets it, as text.
    pub default: &'static str,
    /// How a value is written.
    pub form: &'static str,
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ty = $default:literal;)+) => {
        /// Everything that can be set.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct Config { $($(#[doc = $doc])+ pub $name: $kind,)+ }

        impl Config {
            /// All settings, in the manual's order.
            pub const SETTINGS: &[Described] = &[
                $(Described { name: stringify!($name), about: &[$($doc),+], default: $default, form: <$kind as Setting>::FORM },)+
            ];

            /// Reads every setting from its text; `text` gives what was set, if it was.
            fn read<'a>(text: impl Fn(&'static str) -> Option<&'a str>) -> Result<Self, (&'static str, String)> {
                Ok(Self {
                    $($name: {
                        let name = stringify!($name);
                        <$kind as Setting>::read(text(name).unwrap_or($default)).map_err(|wrong| (name, wrong))?
                    },)+
                })
            }

            /// A setting's value as it may be shown: never a secret.
            pub fn shown(&self, name: &str) -> String {
                match name {
                    $(stringify!($name) => self.$name.show(),)+
                    _ => String::new(),
                }
            }
        }
    };
}

settings! {
    /// Address and port to listen on. Port 0 takes any free one and prints it.
    listen: SocketAddr = "127.0.0.1:8484";
    /// Folder for everything the server keeps: its key, the SQLite database, the outbox. Made when it is not there.
    data: PathBuf = "truebell-data";
    /// The database: `sqlite:PATH` or `postgres://USER@HOST/DATABASE`. Empty means `truebell.db` in the data folder.
    store: StoreUrl = "";
    /// File that holds the database password and nothing else, for PostgreSQL.
    store_password_file: Option<PathBuf> = "";
    /// Who may sign up: `open` (anybody), `invite` (whoever has a code from `truebell invite`) or `closed`.
    sign_up: SignUpMode = "invite";
    /// The address people reach this server at, without a path: it is in mails and in what a new device is told. Empty means the
    /// address it listens on.
    public_url: String = "";
    /// Where the status page is that `truebell status-page write` makes, if it is served from another host
    /// (`https://status.example.org`). Devices that sign in remember it, and ask there what is going on when this server does not answer.
    status_url: String = "";
    /// The lowest version of a client that is answered; older ones are told to update. Empty means the lowest this version of the
    /// server can speak with.
    client_floor: Option<Version> = "";
    /// TLS certificate chain, PEM. Together with `tls_key`; without both, the server speaks plain HTTP and belongs behind a proxy.
    /// SIGHUP reads both again.
    tls_certificate: Option<PathBuf> = "";
    /// TLS private key, PEM.
    tls_key: Option<PathBuf> = "";
    /// Networks of the proxies whose `X-Forwarded-For` is believed, separated by commas (`127.0.0.1/32, ::1/128`). Empty believes
    /// nobody. Guess limits count by the address this gives, so name your proxies and nobody else.
    trusted_proxies: Networks = "";
    /// Address for `/metrics`, `/healthz` and `/readyz` on a listener of their own (`127.0.0.1:8485`). Empty means no metrics. They
    /// are never on the public listener.
    metrics_listen: Option<SocketAddr> = "";
    /// Sender of all mails, as `Name <address>` or an address. Needed with a relay.
    mail_from: String = "Truebell <truebell@localhost>";
    /// SMTP relay, `HOST:PORT`. Empty means mail is off: each mail is written to the folder `outbox` in the data folder and reaches
    /// nobody.
    mail_relay: String = "";
    /// How the relay is spoken to: `implicit` (TLS from the first byte, port 465), `starttls` (required, port 587) or `none`, which is
    /// taken only for a relay on this machine.
    mail_tls: MailTls = "implicit";
    /// PEM file with the authority that signed the relay's certificate, for a relay with a private one.
    mail_tls_authority: Option<PathBuf> = "";
    /// User name at the relay.
    mail_user: String = "";
    /// File that holds the password at the relay and nothing else.
    mail_password_file: Option<PathBuf> = "";
    /// Domain that signs the mails with DKIM; the sender's domain. Empty leaves signing to the relay.
    dkim_domain: String = "";
    /// DKIM selector: the key's TXT record is at `SELECTOR._domainkey.DOMAIN`.
    dkim_selector: String = "truebell";
    /// DKIM private key: an RSA key in PEM (PKCS #1), or an Ed25519 seed of 32 bytes in base64.
    dkim_key_file: Option<PathBuf> = "";
    /// Witnesses of the transparency log, separated by commas, each as `URL VERIFIER-KEY`
    /// (`https://witness.example/w1 witness.example/w1+1a2b3c4d+BA…`): they cosign that the log only grows.
    log_witnesses: Witnesses = "";
    /// How many of them must have signed before a checkpoint is published at once. Without them it is published after a minute.
    log_witnesses_needed: u64 = "1";
    /// Networks beside the public internet that signals may be pushed to, separated by commas (`10.0.0.0/8`). Loopback among them
    /// (`127.0.0.0/8, ::1/128`) also allows plain HTTP there. Whoever may make a stream can have these networks posted to.
    signals_networks: Networks = "";
    /// PEM file with an RSA private key, for receivers of signals that want RS256 (`openssl genrsa -out FILE 3072`). Empty means that
    /// all signals are signed with the server's own Ed25519 key. Servers on one database share the file.
    signals_rsa_key_file: Option<PathBuf> = "";
    /// How long a session lasts without its device being used. The device then opens the next one by itself.
    session_lifetime: Duration = "30days";
    /// How long an account asked to be deleted can still be kept.
    deletion_grace: Duration = "14days";
    /// Largest attachment, in bytes before sealing.
    attachment_bytes_max: u64 = "104857600";
    /// How long requests may take to end when the server is told to stop.
    stop_grace: Duration = "10s";
    /// How log lines are written to standard error: `text` or `json`.
    log_format: LogFormat = "text";
    /// What is logged: `error`, `warn` (and requests that failed), `info` (and the server's life) or `debug` (and every request). No level
    /// logs an address, a name or a secret of anybody.
    log_level: LogLevel = "info";
}

impl Config {
    /// The database's address, the default worked out.
    pub fn store_url(&self) -> StoreUrl {
        if self.store.is_empty() { StoreUrl::sqlite(&self.data.join("truebell.db")) } else { self.store.clone() }
    }

    /// The server's key file.
    pub fn key_file(&self) -> PathBuf {
        self.data.join("server-key")
    }

    /// Where mails go when there is no relay.
    pub fn outbox(&self) -> PathBuf {
        self.data.join("outbox")
    }

    /// Whether mails reach anybody.
    pub fn has_relay(&self) -> bool {
        !self.mail_relay.is_empty()
    }

    /// Whether this server itself speaks TLS.
    pub fn has_tls(&self) -> bool {
        self.tls_certificate.is_some()
    }

    /// The address people use, when the server listens at `listening`.
    pub fn public_url_at(&self, listening: SocketAddr) -> String {
        if self.public_url.is_empty() {
            format!("{}://{listening}", if self.has_tls() { "https" } else { "http" })
        } else {
            self.public_url.trim_end_matches('/').to_owned()
        }
    }
}

impl Default for Config {
    #[expect(clippy::expect_used, reason = "the defaults are constants, and a test reads each of them")]
    fn default() -> Self {
        Self::read(|_| None).map_err(|(name, wrong)| format!("{name}: {wrong}")).expect("defaults that read")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_reads_and_the_safe_choice_is_the_default() {
        let config = Config::default();
        assert!(config.listen.ip().is_loopback());
        assert_eq!(config.sign_up, SignUpMode::Invite);
        assert_eq!(config.metrics_listen, None);
        assert_eq!(config.store_url().to_string(), "sqlite:truebell-data/truebell.db");
        assert_eq!(config.public_url_at(config.listen), "http://127.0.0.1:8484");
    }

    #[test]
    fn every_setting_is_documented_with_a_sentence() {
        for setting in Config::SETTINGS {
            let about: String = setting.about.concat();
            assert!(about.trim_end().ends_with('.') && about.len() > 20, "{}", setting.name);
        }
    }
}
