//! One mail over SMTP (RFC 5321), step by step, so that it is known at which step it failed: before the last dot nothing was taken;
//! after it, a lost answer means *unknown*, and that is never tried again.

use super::carrier::{CarrierError, Delivery, read};
use super::compose::Composed;
use crate::config::{Config, MailTls};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use std::time::Duration;
use truebell_core::secret::Secret;

/// A relay that does not answer a step for this long is not there. Far below the sender's lease.
const STEP_TIMEOUT: Duration = Duration::from_secs(30);
/// RFC 5321, section 4.5.3.2.6, allows ten minutes for the answer after the dot; a lease is longer than this.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// A relay.
#[derive(Debug)]
pub struct Relay {
    host: String,
    port: u16,
    tls: MailTls,
    authority: Option<Certificate>,
    credentials: Option<(String, Secret)>,
    hello: String,
    step: Duration,
    answer: Duration,
}

/// What a failed step says about the mail: the step decides, and the relay's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Reaching the relay, TLS, signing in, `MAIL`: nothing here is about this one mail.
    Greeting,
    /// `RCPT`, `DATA`: about this mail, and none of it was sent.
    Envelope,
    /// The mail itself.
    Content,
}

impl Relay {
    /// As configured; `hello` is the name this server gives.
    pub(super) fn from_config(config: &Config, hello: &str) -> Result<Self, CarrierError> {
        let (host, port) = config.mail_relay.rsplit_once(':').ok_or(CarrierError::Relay)?;
        let authority = match &config.mail_tls_authority {
            Some(path) => Some(Certificate::from_pem(read("mail_tls_authority", path)?.as_bytes()).map_err(|_| CarrierError::Authority)?),
            None => None,
        };
        let credentials = match &config.mail_password_file {
            Some(path) => Some((config.mail_user.clone(), Secret::new(read("mail_password_file", path)?.as_str()))),
            None => None,
        };
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_owned(),
            port: port.parse().map_err(|_| CarrierError::Relay)?,
            tls: config.mail_tls,
            authority,
            credentials,
            hello: hello.to_owned(),
            step: STEP_TIMEOUT,
            answer: ANSWER_TIMEOUT,
        })
    }

    /// The same with short timeouts, for tests.
    #[cfg(test)]
    pub(super) fn impatient(mut self, wait: Duration) -> Self {
        (self.step, self.answer) = (wait, wait);
        self
    }

    /// One try.
    pub(super) async fn send(&self, mail: &Composed) -> Delivery {
        match self.try_send(mail).await {
            Ok(()) => Delivery::Taken,
            Err((step, failure)) => {
                let delivery = judge(step, failure);
                // The relay's words may quote the recipient: only its number is logged.
                tracing::warn!(mail = %mail.mail, ?step, status = failure.unwrap_or_default(), ?delivery, "a mail was not taken by the relay");
                delivery
            }
        }
    }

    async fn try_send(&self, mail: &Composed) -> Result<(), (Step, Option<u16>)> {
        let mut connection = within(self.step * 2, Step::Greeting, self.connect()).await?;
        let sent = self.transfer(&mut connection, mail).await;
        // Goodbye is a courtesy; the answer was given before it.
        let _ = tokio::time::timeout(Duration::from_secs(2), connection.abort()).await;
        sent
    }

    async fn transfer(&self, connection: &mut AsyncSmtpConnection, mail: &Composed) -> Result<(), (Step, Option<u16>)> {
        let (from, to) = (mail.envelope.from().cloned(), mail.envelope.to());
        let mut parameters = Vec::new();
        let is_ascii = mail.envelope.from().into_iter().chain(to).all(|address| AsRef::<str>::as_ref(address).is_ascii());
        if !is_ascii {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                // RFC 6531, section 3.2: such an address cannot pass this relay.
                return Err((Step::Envelope, Some(553)));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        within(self.step, Step::Greeting, connection.command(Mail::new(from, parameters))).await?;
        for address in to {
            within(self.step, Step::Envelope, connection.command(Rcpt::new(address.clone(), Vec::new()))).await?;
        }
        within(self.step, Step::Envelope, connection.command(Data)).await?;
        within(self.answer, Step::Content, connection.message(&mail.bytes)).await?;
        Ok(())
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let hello = ClientId::Domain(self.hello.clone());
        let implicit = if self.tls == MailTls::Implicit { Some(self.tls_parameters()?) } else { None };
        let address = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(address, Some(self.step), &hello, implicit, None).await?;
        if self.tls == MailTls::Starttls {
            // An error where the relay does not offer it: nothing is sent in the clear.
            connection.starttls(self.tls_parameters()?, &hello).await?;
        }
        if let Some((user, password)) = &self.credentials {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await?;
        }
        Ok(connection)
    }

    fn tls_parameters(&self) -> Result<TlsParameters, Error> {
        let builder = TlsParameters::builder(self.host.clone());
        match &self.authority {
            Some(authority) => builder.add_root_certificate(authority.clone()).build_rustls(),
            None => builder.build_rustls(),
        }
    }
}

async fn within<T>(limit: Duration, step: Step, future: impl Future<Output = Result<T, Error>>) -> Result<T, (Step, Option<u16>)> {
    match tokio::time::timeout(limit, future).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err((step, error.status().map(u16::from))),
        Err(_) => Err((step, None)),
    }
}

/// The step and the answer's first digit decide; no answer to the content is the one thing that cannot be known.
fn judge(step: Step, status: Option<u16>) -> Delivery {
    match (step, status) {
        (Step::Content, None) => Delivery::Unknown,
        (Step::Envelope | Step::Content, Some(500..=599)) => Delivery::Never,
        _ => Delivery::NotNow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lost_answer_to_the_content_is_unknown() {
        for (step, status, delivery) in [
            (Step::Greeting, None, Delivery::NotNow),
            (Step::Greeting, Some(421), Delivery::NotNow),
            (Step::Greeting, Some(535), Delivery::NotNow),
            (Step::Envelope, None, Delivery::NotNow),
            (Step::Envelope, Some(450), Delivery::NotNow),
            (Step::Envelope, Some(550), Delivery::Never),
            (Step::Content, Some(451), Delivery::NotNow),
            (Step::Content, Some(554), Delivery::Never),
            (Step::Content, None, Delivery::Unknown),
        ] {
            assert_eq!(judge(step, status), delivery, "{step:?} {status:?}");
        }
    }
}
