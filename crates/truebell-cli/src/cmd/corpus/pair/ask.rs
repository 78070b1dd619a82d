//! `truebell corpus pair ask`: one question to a pair service. What may be believed of its answer is decided in `truebell_core::pair`; here are the requests and nothing more.

use super::super::ranges::agent;
use super::kinds_of;
use crate::cmd::context::Context;
use crate::exit::{Answered, Code, Ending, Failure};
use crate::output::{Page, Paint, Show};
use clap::Args;
use serde::Serialize;
use std::io::{self, Read};
use truebell_client::SystemChance;
use truebell_core::address::Address;
use truebell_core::pair::{About, Doubt, ENTRIES_MAX, PublicKey, Question, Reply, Stretcher, Verdict, answer_bytes, read_about};
use truebell_core::secret::Secret;
use truebell_engine::health::is_insecure;

/// Ask a pair service whether an address was seen with a password
///
/// The service learns some bits of a hash of the address, and neither the address nor the password nor the answer. A service that cannot prove that it answered under its key, that lacks what each of its answers
/// must have, or that finds what was made up a moment before, has said nothing: not known.
///
/// Ends with 12 if the address was seen with this password, with 13 if with a near variant, with 6 if that is not known, with 0 if neither.
#[derive(Debug, Args)]
pub struct Ask {
    /// The mail address
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// The service (https://host)
    #[arg(long, value_name = "URL")]
    server: String,
    /// Believe no other key than this one
    #[arg(long, value_name = "HEX", value_parser = parse_key)]
    public_key: Option<PublicKey>,
}

/// A key as it is named on the command line.
pub(in crate::cmd) fn parse_key(text: &str) -> Result<PublicKey, String> {
    PublicKey::parse(text).ok_or_else(|| "a public key is 64 hex digits, as truebell corpus pair info shows it".to_owned())
}

#[derive(Serialize)]
struct Answer {
    exposed: Option<bool>,
    similar: Option<bool>,
    kinds: Vec<&'static str>,
    why_unknown: Option<String>,
    server: String,
    version: Option<String>,
}

impl Show for Answer {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let paint: Paint = page.paint;
        let known: Vec<&str> = self.kinds.iter().copied().filter(|kind| *kind != "unmarked").collect();
        let kinds = if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) };
        match (self.exposed, self.similar, &self.why_unknown) {
            (Some(true), ..) => page.line(format_args!(
                "{} This address was seen with this very password in the lists of {}{kinds}. Change it wherever it is used.",
                paint.red("exposed:"),
                self.server
            )),
            (_, Some(true), _) => page.line(format_args!(
                "{} This address was seen with a password that is nearly this one in the lists of {}{kinds}. Choose another that is not made from it.",
                paint.yellow("similar:"),
                self.server
            )),
            (_, _, Some(why)) => page.line(format_args!("{} Whether it is exposed is not known: {why}.", paint.yellow("not known:"))),
            _ => page.line(format_args!("{} Not in the lists of {}.", paint.green("clean:"), self.server)),
        }
    }
}

impl Ask {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered<Ending> {
        let server = checked(&self.server)?.to_owned();
        let address = Address::parse(&self.address).map_err(|error| Failure::usage(format!("Of the address: {error}.")))?;
        let password = match context.given_password()? {
            Some(password) => password,
            None => context.globals.password.source().read_or_ask("The password to ask about", "password")?,
        };
        let mut service = Service::new(&server, self.public_key);
        let verdict = service.ask(&address, &password);
        let version = service.version();
        let (exposed, similar, flags, why_unknown, ending) = match verdict {
            Verdict::Exposed { flags } => (Some(true), None, flags, None, Ending::Failed(Code::Exposed)),
            Verdict::Similar { flags } => (Some(false), Some(true), flags, None, Ending::Failed(Code::Findings)),
            Verdict::Clean => (Some(false), Some(false), 0, None, Ending::Ok),
            Verdict::Unknown(doubt) => (None, None, 0, Some(doubt.to_string()), Ending::Failed(Code::Offline)),
        };
        context.out.answer(&Answer { exposed, similar, kinds: kinds_of(flags), why_unknown, server, version })?;
        Ok(ending)
    }
}

/// `https://host` without what people put behind it: a slash, or `/pair`.
pub(in crate::cmd) fn checked(url: &str) -> Answered<&str> {
    let address = url.trim_end_matches('/');
    let address = address.strip_suffix("/pair").unwrap_or(address);
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return Err(Failure::usage(format!("{url} is no address of a pair service: write it as https://host.")));
    }
    if is_insecure(address) {
        return Err(Failure::usage(format!(
            "{url} is not encrypted: what is asked and answered could be read and changed on the way. Write https://."
        )));
    }
    Ok(address)
}

/// A service that is asked about one pair after the other.
pub(in crate::cmd) struct Service {
    agent: ureq::Agent,
    server: String,
    pinned: Option<PublicKey>,
    about: Option<About>,
    stretcher: Stretcher,
}

impl Service {
    pub(in crate::cmd) fn new(server: &str, pinned: Option<PublicKey>) -> Self {
        Self { agent: agent(), server: server.to_owned(), pinned, about: None, stretcher: Stretcher::new() }
    }

    /// The version of its file, as far as it was told.
    fn version(&self) -> Option<String> {
        self.about.as_ref().map(|about| about.version.clone())
    }

    /// A file that is replaced between description and question is no reason to know nothing: then both are asked for once more.
    pub(in crate::cmd) fn ask(&mut self, address: &Address, password: &Secret) -> Verdict {
        match self.once(address, password) {
            Ok(Verdict::Unknown(Doubt::OtherVersion)) => {
                self.about = None;
                self.once(address, password).unwrap_or_else(Verdict::Unknown)
            }
            said => said.unwrap_or_else(Verdict::Unknown),
        }
    }

    fn once(&mut self, address: &Address, password: &Secret) -> Result<Verdict, Doubt> {
        let about = match &self.about {
            Some(about) => about,
            None => {
                let about = fetch(self.agent.get(format!("{}/pair", self.server)).call(), ABOUT_BYTES_MAX);
                self.about.insert(read_about(reply(about.as_ref()), self.pinned.as_ref())?)
            }
        };
        let question = Question::make(about, address, password, &mut self.stretcher, &mut SystemChance)?;
        let sent = self
            .agent
            .post(format!("{}{}", self.server, question.path()))
            .header("Content-Type", "application/octet-stream")
            .send(&question.body()[..]);
        let answer = fetch(sent, answer_bytes(ENTRIES_MAX) as u64);
        Ok(question.conclude(reply(answer.as_ref())))
    }
}

/// A longer description is none.
const ABOUT_BYTES_MAX: u64 = 64 << 10;

fn reply(came: Option<&(u16, Vec<u8>)>) -> Reply<'_> {
    came.map_or(Reply::Nobody, |(status, body)| Reply::Answer { status: *status, body })
}

/// Status and body; `None` where nobody answered, or not to the end.
fn fetch(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>, most: u64) -> Option<(u16, Vec<u8>)> {
    let answer = answer.ok()?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    // One byte more than may be: what is longer is no answer.
    answer.into_body().into_reader().take(most + 1).read_to_end(&mut body).ok()?;
    Some((status, body))
}
