//! `truebell notice`: whether a notice is true. What a mail file proves is worked out in `truebell_core::letter`.

use super::context::Context;
use crate::agent::{Ask, failure_of};
use crate::exit::{Answered, Code, Ending, Failure};
use crate::output::{Done, NoticeLine, Page, Show, clean, time_text};
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::io::{self, Read};
use std::path::Path;
use truebell_client::{Device, NoticeAnswer, World, ask_about};
use truebell_core::event::{CheckCode, Plea};
use truebell_core::letter::{Difference, FORM, Mail, MailVerdict, Whose, check_mail, letter};
use truebell_core::sign::{Fingerprint, PublicKey};

/// Longest mail file read, in bytes.
const MAIL_BYTES_MAX: u64 = 1 << 20;

/// Commands about notices
#[derive(Debug, Subcommand)]
pub enum Notice {
    /// Check a notice or mail, by its code or as a file: genuine, retracted, or never sent
    ///
    /// A mail file is checked on this device alone, against the server's key that is pinned here; only whether the notice was taken back
    /// since is asked of the server. A mail whose words differ from what the server wrote was never sent like that, and what differs is
    /// named. Exit status 3 says that it was never sent, 1 that nothing can be told.
    Verify(Verify),
    /// Take a notice of your account back: that was me, or that was a mistake
    ///
    /// Signed on this device, and told wherever the notice was told: on each of your devices, and by mail to the addresses that got it.
    /// The notice stays, with these words beside it, and its code says retracted. What it told of is not undone.
    Retract(Retract),
}

/// Which, and in which words.
#[derive(Debug, Args)]
pub struct Retract {
    /// The check code of the notice (7KQ4F-2M9XB)
    #[arg(value_name = "CODE")]
    code: String,
    /// Why: that-was-me, or mistake
    #[arg(long, value_name = "REASON", value_parser = parse_plea)]
    reason: Plea,
}

fn parse_plea(word: &str) -> Result<Plea, String> {
    Plea::parse(word).ok_or_else(|| format!("give one of {}", Plea::ALL.map(Plea::word).join(", ")))
}

/// What to check, and against whom.
#[derive(Debug, Args)]
pub struct Verify {
    /// The check code (7KQ4F-2M9XB), or a saved mail (FILE.eml; - is standard input)
    #[arg(value_name = "FILE|CODE")]
    what: String,
    /// For a mail, on a device without an account: the server's fingerprint, its key, or a file with one of them
    #[arg(long, value_name = "KEY|FILE")]
    server_key: Option<String>,
    /// For a mail: ask nobody
    #[arg(long)]
    offline: bool,
}

/// The answer; the same members whatever was checked, left out where they do not apply.
#[derive(Debug, Default, Serialize)]
struct Verdict {
    /// `genuine`, `retracted`, `never-sent`, `cannot-tell`.
    is: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    /// `this-account`, `another-account`, `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<&'static str>,
    /// Whether this device did it itself; only where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    own: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    corrections: Vec<Said>,
    /// Whether it is known that nothing else was said of it since.
    retraction_checked: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    differences: Vec<Difference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// What was said of a notice since.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Said {
    by: String,
    at: u64,
    sentence: String,
    code: String,
}

/// The agent's answer, as this command reads it.
#[derive(Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
enum Answer {
    Genuine { notice: NoticeLine, corrections: Vec<Said>, own: bool },
    GenuineElsewhere { kind: String, at: u64, device: String, own: bool, corrections: Vec<Said> },
    NeverSent,
}

impl Answer {
    fn of(answer: &NoticeAnswer) -> Answered<Self> {
        let json = serde_json::to_value(answer).and_then(serde_json::from_value);
        json.map_err(|_| Failure::plain("The answer about the notice cannot be read."))
    }
}

impl Show for Verdict {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let paint = page.paint;
        match self.is {
            "genuine" => page.line(format_args!("{}: {}", paint.green("Genuine"), self.proof()))?,
            "retracted" => {
                page.line(format_args!("{}: it is genuine ({}), and it was taken back since.", paint.yellow("Retracted"), self.proof()))?
            }
            "never-sent" => page.line(format_args!("{}: {}", paint.red("Never sent"), self.why.as_deref().unwrap_or_default()))?,
            _ => page.line(format_args!("{}: {}", paint.yellow("Cannot tell"), self.why.as_deref().unwrap_or_default()))?,
        }
        for difference in &self.differences {
            page.line(format_args!("  {}", clean(&difference.sentence())))?;
        }
        if let (Some(sentence), Some(at)) = (&self.sentence, self.at) {
            page.line(format_args!("  {}", clean(sentence)))?;
            let by = self.device.as_ref().map(|device| format!(", by “{}”", clean(device))).unwrap_or_default();
            let code = self.code.as_ref().map(|code| format!("; check code {code}")).unwrap_or_default();
            let own = if self.own == Some(true) { "; this device did it" } else { "" };
            page.line(format_args!("  {}{by}{code}{own}", time_text(at)))?;
        }
        for said in &self.corrections {
            page.line(format_args!("  {} {}", paint.bold(&format!("{}:", time_text(said.at))), clean(&said.sentence)))?;
        }
        if let Some(advice) = &self.advice {
            page.line(format_args!("  {advice}"))?;
        }
        let open = matches!(self.is, "genuine" | "retracted") && !self.retraction_checked;
        if open {
            let why = self.why.as_deref().unwrap_or("nobody was asked");
            page.line(format_args!("  Whether it was taken back since could not be checked: {why}"))?;
        }
        Ok(())
    }
}

impl Verdict {
    fn proof(&self) -> &'static str {
        match self.about {
            Some("this-account") => "your server sent it, and your own account's signature proves what it says",
            Some("another-account") => "this server sent it, about another account than the one on this device",
            _ => "this server sent it, and the signature of the account it is about proves what it says",
        }
    }

    fn never_sent(why: impl Into<String>) -> Self {
        Self { is: "never-sent", why: Some(why.into()), ..Self::default() }
    }

    fn cannot_tell(why: impl Into<String>) -> Self {
        Self { is: "cannot-tell", why: Some(why.into()), ..Self::default() }
    }

    fn of_code(code: String, answer: Answer) -> Self {
        let known = |corrections: Vec<Said>| Self {
            is: if corrections.is_empty() { "genuine" } else { "retracted" },
            code: Some(code),
            corrections,
            retraction_checked: true,
            ..Self::default()
        };
        match answer {
            Answer::NeverSent => {
                Self::never_sent("this server never made a notice with this code. Do not follow its links, and do not answer it.")
            }
            Answer::Genuine { notice, corrections, own } => Self {
                kind: Some(notice.kind),
                sentence: Some(notice.sentence),
                at: Some(notice.at),
                about: Some("this-account"),
                own: Some(own),
                // What this device did itself is a record and no alarm.
                advice: (!own).then_some(notice.advice),
                ..known(corrections)
            },
            Answer::GenuineElsewhere { kind, at, device, own, corrections } => Self {
                sentence: Some(format!("It tells of: {kind}.")),
                kind: Some(kind),
                at: Some(at),
                device: Some(device).filter(|device| !device.is_empty()),
                about: Some(if own { "this-account" } else { "another-account" }),
                ..known(corrections)
            },
        }
    }

    fn of_mail(mail: &Mail, device: Option<&Device>) -> Self {
        let own = device.map(|device| device.trust.account == mail.evidence.account());
        let words = letter(FORM, &mail.evidence, &mail.url);
        Self {
            is: "genuine",
            code: Some(mail.evidence.code().to_string()),
            kind: Some(mail.evidence.word().to_owned()),
            sentence: words.as_ref().map(|letter| letter.happened.clone()),
            advice: words.filter(|_| own != Some(false)).map(|letter| format!("If this was not you: {}", letter.if_not_you)),
            at: Some(mail.evidence.at().0),
            about: Some(match own {
                Some(true) => "this-account",
                Some(false) => "another-account",
                None => "unknown",
            }),
            ..Self::default()
        }
    }

    fn ending(&self) -> Ending {
        match self.is {
            "never-sent" => Ending::Failed(Code::NotFound),
            "cannot-tell" => Ending::Failed(Code::Failed),
            _ => Ending::Ok,
        }
    }
}

impl Notice {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        match self {
            Self::Verify(verify) => verify.run(context),
            Self::Retract(retract) => retract.run(context).map(|()| Ending::Ok),
        }
    }
}

impl Retract {
    fn run(self, context: &mut Context) -> Answered {
        let said: Said = context.ask(Ask::RetractNotice { code: self.code.clone(), plea: self.reason })?;
        let of = CheckCode::parse(&self.code).map_or(self.code, |code| code.to_string());
        let sentence = format!("The notice {of} is taken back, and those who were told of it are told ({}).", said.code);
        context.out.answer(&Done::with(sentence, serde_json::json!({ "retracted": of, "code": said.code, "at": said.at })))
    }
}

impl Verify {
    fn run(self, context: &mut Context) -> Answered<Ending> {
        let is_file = self.what == "-" || self.what.contains(['/', '.']) || Path::new(&self.what).is_file();
        let verdict = if is_file {
            self.check_file(context)?
        } else {
            let code = self.what.clone();
            let answer = context.ask(Ask::VerifyNotice { code: code.clone() })?;
            Verdict::of_code(CheckCode::parse(&code).map_or(code, |code| code.to_string()), answer)
        };
        let ending = verdict.ending();
        context.out.answer(&verdict)?;
        Ok(ending)
    }

    fn check_file(&self, context: &mut Context) -> Answered<Verdict> {
        let bytes = read_mail(&self.what)?;
        let device = context.profile().and_then(|profile| profile.device().map_err(|error| failure_of(&error.into())))?;
        let whose = match (&self.server_key, &device) {
            (Some(given), _) => read_key(given)?,
            (None, Some(device)) => Whose::Pinned { server: device.pinned.server, key: device.pinned.key },
            (None, None) => {
                let why = "This device has no account, so it knows no server: name the server's fingerprint with --server-key.";
                return Err(Failure::new(Code::Profile, why));
            }
        };
        let verdict = check_mail(&bytes, &whose).map_err(|why| Failure::new(Code::BadFile, upper(&format!("{why}."))))?;
        let device = device.filter(|device| whose_is(&whose, device));
        Ok(match verdict {
            MailVerdict::Genuine(mail) if !key_fits(&mail, device.as_ref()) => Verdict::never_sent(
                "the server vouches for another key of your account than the one this device knows. Trust neither, and ask the operator.",
            ),
            MailVerdict::Genuine(mail) => self.with_retractions(Verdict::of_mail(&mail, device.as_ref()), &mail, device.as_ref()),
            MailVerdict::Altered(mail, differences) => {
                let code = mail.evidence.code();
                let why = format!(
                    "not like this. It holds the genuine notice {code}, and words this server did not write. Believe none of those:"
                );
                Verdict { differences, code: Some(code.to_string()), ..Verdict::never_sent(why) }
            }
            MailVerdict::NeverSent(why) => Verdict::never_sent(format!("{why}. Do not follow its links, and do not answer it.")),
            MailVerdict::NoProof(code) => {
                let ask = code
                    .as_ref()
                    .map_or(String::new(), |code| format!(" It names a code; ask for it with `truebell notice verify {code}`."));
                let why = format!(
                    "the file holds no proof to check: it is no mail of Truebell's, or somebody on its way took the enclosure out.{ask}"
                );
                Verdict { code: code.map(|code| code.to_string()), ..Verdict::cannot_tell(why) }
            }
            MailVerdict::Newer(mail) => {
                let why = "its signatures hold, and its wording is of a newer version: update Truebell to compare the words.";
                Verdict { code: Some(mail.evidence.code().to_string()), ..Verdict::cannot_tell(why) }
            }
        })
    }

    /// Asks the server whether it was taken back.
    fn with_retractions(&self, verdict: Verdict, mail: &Mail, device: Option<&Device>) -> Verdict {
        let Some(device) = device.filter(|_| !self.offline) else { return verdict };
        let answer = World::of_device(device).and_then(|mut world| ask_about(device, &mail.evidence.code(), &mut world));
        match answer.map_err(|error| failure_of(&error)).and_then(|answer| Answer::of(&answer)) {
            Ok(Answer::GenuineElsewhere { corrections, .. } | Answer::Genuine { corrections, .. }) => Verdict {
                is: if corrections.is_empty() { "genuine" } else { "retracted" },
                corrections,
                retraction_checked: true,
                ..verdict
            },
            // It is proven; a server that does not know it any more takes nothing away from that.
            Ok(Answer::NeverSent) => Verdict { why: Some("the server does not know it any more.".into()), ..verdict },
            Err(failure) => Verdict { why: Some(failure.message), ..verdict },
        }
    }
}

fn whose_is(whose: &Whose, device: &Device) -> bool {
    match whose {
        Whose::Pinned { .. } => true,
        Whose::Key(key) => *key == device.pinned.key,
        Whose::Fingerprint(fingerprint) => *fingerprint == device.pinned.key.fingerprint(),
    }
}

/// Of this device's own account, only the key that is pinned here counts.
fn key_fits(mail: &Mail, device: Option<&Device>) -> bool {
    device.is_none_or(|device| mail.evidence.account() != device.trust.account || mail.account_key == device.trust.account_key)
}

fn read_mail(path: &str) -> Answered<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if path == "-" {
        io::stdin().lock().take(MAIL_BYTES_MAX).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAIL_BYTES_MAX).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::io(format_args!("The mail {path} cannot be read"), &error))?;
    Ok(bytes)
}

/// A fingerprint or a key, or a file with one.
fn read_key(given: &str) -> Answered<Whose> {
    let text = match parse_key(given) {
        Some(whose) => return Ok(whose),
        None => std::fs::read_to_string(given).map_err(|error| {
            Failure::usage(format!("--server-key takes a fingerprint (SHA256:…), a key, or a file with one ({}).", error.kind()))
        })?,
    };
    parse_key(text.trim()).ok_or_else(|| Failure::usage("The file named by --server-key holds neither a fingerprint (SHA256:…) nor a key."))
}

fn parse_key(text: &str) -> Option<Whose> {
    if text.starts_with("SHA256:") {
        return Some(Whose::Fingerprint(Fingerprint(text.to_owned())));
    }
    serde_json::from_value::<PublicKey>(serde_json::Value::String(text.to_owned())).ok().map(Whose::Key)
}

fn upper(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
