//! From a queued mail to the bytes that leave: the letter in two parts, the enclosure that proves it (`docs/formats/event.md`, *In a
//! mail*), headers that say it is automatic, a Message-ID that stays the same with each try, signed with DKIM where this server has a key.

use super::MailDetails;
use super::dkim::Dkim;
use lettre::address::Envelope;
use lettre::message::header::{
    ContentDisposition, ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue, MIME_VERSION_1_0,
};
use lettre::message::{Body, Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message};
use std::time::SystemTime;
use truebell_core::ids::{MailId, ServerId};
use truebell_core::letter::{Enclosure, FORM, Letter, enclose, letter};
use truebell_core::sign::SigningKey;
use truebell_core::time::UnixMillis;
use truebell_store::rows::NewMail;

/// Why a queued mail makes no message. It can never be sent; an operator must look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// Its details are not those of a mail of this version.
    #[error("a queued mail is of another version of Truebell")]
    Details,
    /// What it is to tell of does not verify: nobody is told anything.
    #[error("a queued mail tells of something that is not proven ({0})")]
    NotProven(truebell_core::event::NotProven),
    /// Its recipient is not an address.
    #[error("a queued mail has no usable address")]
    Recipient,
    /// The message does not build.
    #[error("a queued mail does not make a message")]
    Message,
}

/// A message ready to leave.
#[derive(Debug, Clone)]
pub struct Composed {
    /// The mail.
    pub mail: MailId,
    /// Who sends and who gets it.
    pub envelope: Envelope,
    /// All of it, CRLF line ends, ASCII.
    pub bytes: Vec<u8>,
}

/// Who vouches for mails: this server.
#[derive(Debug, Clone)]
pub struct Signer {
    /// Its id.
    pub server: ServerId,
    /// Its key.
    pub key: SigningKey,
}

/// Makes messages.
#[derive(Debug)]
pub struct Composer {
    from: Mailbox,
    public_url: String,
    dkim: Option<Dkim>,
    signer: Signer,
}

impl Composer {
    /// For this sender, about this server.
    pub fn new(from: Mailbox, public_url: String, dkim: Option<Dkim>, signer: Signer) -> Self {
        Self { from, public_url, dkim, signer }
    }

    /// The domain mails come from.
    pub fn domain(&self) -> &str {
        self.from.email.domain()
    }

    /// The letter a queued mail is, from what is verified here and now, and the enclosure that proves it.
    fn write(&self, mail: &NewMail) -> Result<(Letter, String), ComposeError> {
        let details: MailDetails = serde_json::from_str(&mail.values).map_err(|_| ComposeError::Details)?;
        let Signer { server, key } = &self.signer;
        let evidence = details.enclosed.open(*server, &key.public()).map_err(ComposeError::NotProven)?;
        let letter = letter(FORM, &evidence, &self.public_url).ok_or(ComposeError::Details)?;
        let enclosure = Enclosure { mail: mail.mail, form: FORM, url: &self.public_url, enclosed: &details.enclosed, server: *server };
        Ok((letter, enclose(&enclosure, key).map_err(|_| ComposeError::Message)?))
    }

    /// The message, dated now.
    pub fn compose(&self, mail: &NewMail, now: UnixMillis) -> Result<Composed, ComposeError> {
        let (letter, enclosure) = self.write(mail)?;
        let to: Address = mail.to.parse().map_err(|_| ComposeError::Recipient)?;
        let part = |kind, text: String| SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(text);
        let boundary = format!("truebell-{}", mail.mail);
        let words = MultiPart::alternative()
            .boundary(format!("{boundary}-words"))
            .singlepart(part(ContentType::TEXT_PLAIN, letter.text()))
            .singlepart(part(ContentType::TEXT_HTML, letter.html()));
        let kind = ContentType::parse(Enclosure::KIND).map_err(|_| ComposeError::Message)?;
        let enclosure = SinglePart::builder()
            .header(kind)
            .header(ContentDisposition::attachment(Enclosure::NAME))
            .header(ContentTransferEncoding::SevenBit)
            .body(Body::dangerous_pre_encoded(enclosure.replace('\n', "\r\n").into_bytes(), ContentTransferEncoding::SevenBit));
        let all = MultiPart::mixed().boundary(&boundary).multipart(words).singlepart(enclosure);
        // The parts become the message's plain body, because DKIM here signs a message's own headers only, and Content-Type has to be one.
        let parts = String::from_utf8(all.formatted()).map_err(|_| ComposeError::Message)?;
        let (_, parts) = parts.split_once("\r\n\r\n").ok_or(ComposeError::Message)?;
        let parts = Body::dangerous_pre_encoded(parts.as_bytes().to_vec(), ContentTransferEncoding::SevenBit);
        let kind = ContentType::parse(&format!("multipart/mixed; boundary=\"{boundary}\"")).map_err(|_| ComposeError::Message)?;
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .date(SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(now.0))
            .message_id(Some(format!("<{}@{}>", mail.mail, self.domain())))
            .header(AutoSubmitted)
            .header(MIME_VERSION_1_0)
            .header(kind)
            .body(parts)
            .map_err(|_| ComposeError::Message)?;
        if let Some(dkim) = &self.dkim {
            dkim.sign(&mut message);
        }
        Ok(Composed { mail: mail.mail, envelope: message.envelope().clone(), bytes: message.formatted() })
    }
}

/// RFC 3834, section 5: no vacation replies, please.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
