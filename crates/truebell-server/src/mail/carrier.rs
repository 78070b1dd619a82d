//! How mails leave: over a relay, or into a folder where mail is off. Never here: when, and what becomes of the row (`sender.rs`).

use super::compose::{Composed, Composer, Signer};
use super::dkim::{Dkim, NotADkimKey};
use super::relay::Relay;
use crate::config::Config;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What became of one try, as far as can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It was taken.
    Taken,
    /// It was certainly not taken, and another try may do.
    NotNow,
    /// It was certainly not taken, and never will be.
    Never,
    /// The answer was lost after the mail was sent: it may have been taken.
    Unknown,
}

/// Why mails cannot leave with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum CarrierError {
    /// A file that a setting names cannot be read.
    #[error("`{setting}`: {path} cannot be read ({why})", path = .path.display())]
    File {
        /// The setting.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's word for it.
        why: io::ErrorKind,
    },
    /// The DKIM key is not one.
    #[error("`dkim_key_file`: {0}")]
    Dkim(#[from] NotADkimKey),
    /// The authority's certificate is not one.
    #[error("`mail_tls_authority` is not a certificate in PEM")]
    Authority,
    /// The sender's address is not one.
    #[error("`mail_from` is not a mail address: write Name <address@example.org>")]
    From,
    /// The relay's address is not one.
    #[error("`mail_relay` needs a host and a port, as mail.example.org:465")]
    Relay,
}

/// A way for mails that a test or a simulation puts in the place of a relay.
pub trait Carry: std::fmt::Debug + Send + Sync + 'static {
    /// One try.
    fn carry(&self, mail: &Composed) -> Delivery;
}

/// Takes mails away.
#[derive(Debug)]
pub enum Carrier {
    /// Over SMTP.
    Relay(Box<Relay>),
    /// Into files, one a mail.
    Outbox(PathBuf),
    /// Wherever a test says.
    Given(Box<dyn Carry>),
}

impl Carrier {
    /// As configured, with the composer that goes with it.
    pub fn from_config(config: &Config, public_url: &str, signer: Signer) -> Result<(Self, Composer), CarrierError> {
        let from = config.mail_from.parse().map_err(|_| CarrierError::From)?;
        let dkim = match &config.dkim_key_file {
            Some(path) => Some(Dkim::new(&config.dkim_domain, &config.dkim_selector, &read("dkim_key_file", path)?)?),
            None => None,
        };
        let composer = Composer::new(from, public_url.to_owned(), dkim, signer);
        let carrier = if config.has_relay() {
            Self::Relay(Box::new(Relay::from_config(config, composer.domain())?))
        } else {
            Self::Outbox(config.outbox())
        };
        Ok((carrier, composer))
    }

    /// One try.
    pub async fn carry(&self, mail: &Composed) -> Delivery {
        match self {
            Self::Relay(relay) => relay.send(mail).await,
            Self::Given(given) => given.carry(mail),
            Self::Outbox(folder) => match write_file(folder, mail) {
                Ok(()) => Delivery::Taken,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Delivery::Taken,
                Err(_) => Delivery::NotNow,
            },
        }
    }
}

fn write_file(folder: &Path, mail: &Composed) -> io::Result<()> {
    crate::identity::make_private_folder(folder)?;
    let part = folder.join(format!(".{}.part", mail.mail));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
    file.write_all(&mail.bytes)?;
    file.sync_all()?;
    std::fs::rename(part, folder.join(format!("{}.eml", mail.mail)))
}

/// A small text file that a setting names, the line end after it cut off.
pub(crate) fn read(setting: &'static str, path: &Path) -> Result<Zeroizing<String>, CarrierError> {
    let text = std::fs::read_to_string(path).map_err(|error| CarrierError::File { setting, path: path.to_owned(), why: error.kind() })?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
