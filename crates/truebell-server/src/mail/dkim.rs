//! DKIM (RFC 6376, RFC 8463): the sender's domain signs what the mail says. Never here: the key's text after it was read.

use lettre::Message;
use lettre::message::dkim::{DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey};
use lettre::message::header::HeaderName;

/// A key that signs mails.
#[derive(Debug)]
pub struct Dkim(DkimConfig);

/// The key does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the DKIM key is neither an RSA key in PEM (PKCS #1, “BEGIN RSA PRIVATE KEY”) nor an Ed25519 seed in base64")]
pub struct NotADkimKey;

impl Dkim {
    /// From the text of a key file.
    pub fn new(domain: &str, selector: &str, key: &str) -> Result<Self, NotADkimKey> {
        let key = key.trim();
        let algorithm = if key.starts_with("-----BEGIN") { DkimSigningAlgorithm::Rsa } else { DkimSigningAlgorithm::Ed25519 };
        let key = DkimSigningKey::new(key, algorithm).map_err(|_| NotADkimKey)?;
        // All that a reader sees or trusts, so that none of it can be changed on the way.
        let headers =
            ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"];
        let headers = headers.map(HeaderName::new_from_ascii_str).to_vec();
        let relaxed = DkimCanonicalization { header: DkimCanonicalizationType::Relaxed, body: DkimCanonicalizationType::Relaxed };
        Ok(Self(DkimConfig::new(selector.to_owned(), domain.to_owned(), key, headers, relaxed)))
    }

    /// Signs.
    pub(super) fn sign(&self, message: &mut Message) {
        message.sign(&self.0);
    }
}
