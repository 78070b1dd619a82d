//! Whether a mail somebody holds is one this server wrote, offline: the enclosure's signatures are checked, the letter is written again
//! from what they prove, and compared with what the mail says.

use super::differ::{self, Difference};
use super::eml::{self, Leaf, NotAMail};
use super::evidence::{Enclosed, Evidence};
use super::templates::letter;
use crate::event::jws;
use crate::event::set::issuer;
use crate::event::{CheckCode, NotProven, Unsayable};
use crate::ids::{MailId, ServerId};
use crate::sign::{Fingerprint, PublicKey, SigningKey};
use serde::{Deserialize, Serialize};

const TYP: &str = "truebell-mail+jwt";
/// Media type of the enclosure (RFC 7515, section 9.2.1).
const KIND: &str = "application/jose";
/// Its file name.
const NAME: &str = "truebell-notice.jws";
/// Letters on a line of it.
const LINE: usize = 76;

/// What goes into a mail beside its words.
#[derive(Debug, Clone, Copy)]
pub struct Enclosure<'a> {
    /// The mail.
    pub mail: MailId,
    /// The wording.
    pub form: u32,
    /// The server's public address.
    pub url: &'a str,
    /// What it is about.
    pub enclosed: &'a Enclosed,
    /// Which server.
    pub server: ServerId,
}

impl Enclosure<'_> {
    /// Its media type.
    pub const KIND: &'static str = KIND;
    /// Its file name.
    pub const NAME: &'static str = NAME;
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    server_key: PublicKey,
    mail: MailId,
    form: u32,
    url: String,
    #[serde(flatten)]
    enclosed: Enclosed,
}

/// Writes and signs an enclosure, in lines.
pub fn enclose(enclosure: &Enclosure<'_>, key: &SigningKey) -> Result<String, Unsayable> {
    let claims = Claims {
        iss: issuer(enclosure.server),
        server_key: key.public(),
        mail: enclosure.mail,
        form: enclosure.form,
        url: enclosure.url.to_owned(),
        enclosed: enclosure.enclosed.clone(),
    };
    let jws = jws::sign(TYP, &claims, |purpose, input| key.sign(purpose, input)).ok_or(Unsayable)?;
    let mut lines = String::with_capacity(jws.len() + jws.len() / LINE + 2);
    for (place, letter) in jws.chars().enumerate() {
        if place > 0 && place % LINE == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    lines.push('\n');
    Ok(lines)
}

/// Whom the reader of a mail knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// The server pinned on this device.
    Pinned {
        /// Its id.
        server: ServerId,
        /// Its key.
        key: PublicKey,
    },
    /// A server by its key.
    Key(PublicKey),
    /// A server by its key's fingerprint.
    Fingerprint(Fingerprint),
}

impl Whose {
    fn is(&self, server: ServerId, key: &PublicKey) -> bool {
        match self {
            Self::Pinned { server: pinned, key: known } => *pinned == server && known == key,
            Self::Key(known) => known == key,
            Self::Fingerprint(known) => *known == key.fingerprint(),
        }
    }
}

/// What a mail's enclosure proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The mail's id.
    pub mail: MailId,
    /// What it is about.
    pub evidence: Evidence,
    /// The server.
    pub server: ServerId,
    /// The server's address, as it says.
    pub url: String,
    /// The account's key, as the server has it: a device compares it with the one it pinned.
    pub account_key: PublicKey,
}

/// Why a mail's enclosure proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum NotOurs {
    /// It is of another server, or of somebody who made up a key.
    #[error("what it encloses is signed by another server's key")]
    OtherServer,
    /// It was changed, or was never signed.
    #[error("what it encloses was changed, or this server never signed it")]
    NotSigned,
    /// The server signed it and the account did not.
    #[error("what it encloses tells of something that no device of the account signed")]
    NotProven,
}

/// What became of checking a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailVerdict {
    /// Every word of it is this server's, and proven.
    Genuine(Box<Mail>),
    /// It encloses a genuine notice and says something else: never sent like this.
    Altered(Box<Mail>, Vec<Difference>),
    /// It encloses no notice of this server.
    NeverSent(NotOurs),
    /// It encloses nothing to check: nothing can be told from the file. The code it names, if any, can be asked for.
    NoProof(Option<CheckCode>),
    /// Its wording is of a newer version: nothing can be told here.
    Newer(Box<Mail>),
}

/// Checks a saved mail against the server its reader knows.
pub fn check_mail(bytes: &[u8], whose: &Whose) -> Result<MailVerdict, NotAMail> {
    let parts = eml::read(bytes)?;
    let (enclosures, words): (Vec<&Leaf>, Vec<&Leaf>) = parts.leaves.iter().partition(|leaf| leaf.kind == KIND || leaf.name == NAME);
    let Some((enclosure, more)) = enclosures.split_first() else {
        return Ok(MailVerdict::NoProof(words.iter().filter_map(|leaf| leaf.text()).find_map(|text| code_in(&text))));
    };
    let (mail, form) = match open(enclosure, whose) {
        Ok(opened) => opened,
        Err(why) => return Ok(MailVerdict::NeverSent(why)),
    };
    let Some(letter) = letter(form, &mail.evidence, &mail.url) else { return Ok(MailVerdict::Newer(Box::new(mail))) };
    let mut differences: Vec<Difference> = differ::texts("subject", &parts.subject, letter.subject).into_iter().collect();
    let mut rest = words.into_iter();
    let mut next = |kind: &str| -> Result<String, Difference> {
        match rest.next() {
            Some(leaf) if leaf.kind == kind => {
                leaf.text().ok_or_else(|| Difference::added("part", &format!("{kind} in an unknown charset")))
            }
            Some(leaf) => Err(Difference::added("part", &format!("{} {}", leaf.kind, leaf.name))),
            None => Err(Difference::missing("part", kind)),
        }
    };
    match next("text/plain") {
        Ok(text) => differences.extend(differ::texts("text", &text, &letter.text())),
        Err(difference) => differences.push(difference),
    }
    match next("text/html") {
        Ok(page) => differences.extend(differ::pages(&page, &letter.html())),
        Err(difference) => differences.push(difference),
    }
    let strange = rest.chain(more.iter().copied());
    differences.extend(strange.map(|leaf| Difference::added("part", format!("{} {}", leaf.kind, leaf.name).trim())));
    Ok(if differences.is_empty() { MailVerdict::Genuine(Box::new(mail)) } else { MailVerdict::Altered(Box::new(mail), differences) })
}

fn open(enclosure: &Leaf, whose: &Whose) -> Result<(Mail, u32), NotOurs> {
    let jws: String = enclosure.text().ok_or(NotOurs::NotSigned)?.split_whitespace().collect();
    let named: Claims = jws::claims_unverified(&jws).ok_or(NotOurs::NotSigned)?;
    let server = named.iss.strip_prefix("urn:truebell:").and_then(|id| id.parse().ok()).ok_or(NotOurs::NotSigned)?;
    if !whose.is(server, &named.server_key) {
        return Err(NotOurs::OtherServer);
    }
    let claims: Claims = jws::verify(TYP, &jws, &named.server_key).map_err(|_| NotOurs::NotSigned)?;
    let evidence = claims.enclosed.open(server, &named.server_key).map_err(|why| match why {
        NotProven::Malformed | NotProven::Server => NotOurs::NotSigned,
        NotProven::Account | NotProven::Mismatch | NotProven::OutOfChain => NotOurs::NotProven,
    })?;
    let mail = Mail { mail: claims.mail, evidence, server, url: claims.url, account_key: claims.enclosed.account_key };
    Ok((mail, claims.form))
}

/// The first thing in a text that is written as check codes are.
fn code_in(text: &str) -> Option<CheckCode> {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '-'));
    words.filter(|word| word.len() == 11 && word.as_bytes().get(5) == Some(&b'-')).find_map(CheckCode::parse)
}
