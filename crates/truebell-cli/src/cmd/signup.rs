//! `truebell signup`: a new account, its first device, its Emergency Kit.

use super::ca_file::CaFile;
use super::context::Context;
use super::device_name::default_device_name;
use super::kit::KitOut;
use super::password::{Chosen, choose_password};
use crate::agent::{failure_of, kit::kit_of};
use crate::exit::{Answered, Failure};
use crate::output::{Page, Show};
use crate::prompt::{ask_line, can_ask};
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use truebell_client::{ProfileError, SignUp, server_info, sign_up};
use truebell_core::sign::Fingerprint;

/// Make an account, and its Emergency Kit
///
/// The account password never leaves this device, and nobody can reset it: with the Emergency Kit and the password, any device can
/// open the account; without one of the two, none can. The account stays unlocked for a while afterwards (see `truebell unlock`).
#[derive(Debug, Args)]
pub struct Signup {
    /// The server's address
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Your mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    #[command(flatten)]
    kit: KitOut,
    /// Go on only if the server has this fingerprint (its operator can tell you)
    #[arg(long, value_name = "SHA256:…")]
    fingerprint: Option<String>,
    #[command(flatten)]
    ca: CaFile,
    /// The invitation, where the server wants one
    #[arg(long, value_name = "INVITATION")]
    invitation: Option<String>,
    /// What this device is called [default: the machine's name]
    #[arg(long, value_name = "NAME", env = "TRUEBELL_DEVICE_NAME", hide_env_values = true)]
    device_name: Option<String>,
    /// What the first vault is called
    #[arg(long, value_name = "NAME", default_value = "Personal")]
    vault_name: String,
}

#[derive(Serialize)]
struct SignedUp {
    account: String,
    email: String,
    server: String,
    fingerprint: String,
    device: String,
    device_name: String,
    kit: Vec<PathBuf>,
}

impl Show for SignedUp {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let kits = self.kit.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ");
        page.line(format_args!("The account of {} is made, and this device (“{}”) has it.", self.email, self.device_name))?;
        page.line(format_args!(
            "The Emergency Kit is in {kits}. Print it, write the account password on it, and keep it in a safe place."
        ))?;
        page.line("")?;
        page.line("Next:  truebell import FILE --dry-run        your passwords from another manager")?;
        page.line("       truebell item create login --title Mail --username ada --generate")
    }
}

/// An answer to a question, from its option or from the person.
pub(super) fn need(value: Option<String>, question: &str, option: &str) -> Answered<String> {
    match value {
        Some(value) => Ok(value),
        None if can_ask() => {
            Ok(ask_line(question)?).and_then(|line| if line.is_empty() { Err(missing(question, option)) } else { Ok(line) })
        }
        None => Err(missing(question, option)),
    }
}

fn missing(question: &str, option: &str) -> Failure {
    Failure::usage(format!("{question} is needed: give it with --{option}."))
}

impl Signup {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let profile = context.profile()?;
        if profile.device().map_err(|error| failure_of(&error.into()))?.is_some() {
            return Err(failure_of(&ProfileError::Taken(profile.name().to_owned()).into()));
        }
        let server = need(self.server, "The server's address", "server")?;
        let email = need(self.email, "Your mail address", "email")?;
        let drafts = self.kit.reserve()?;
        let mut world = self.ca.world(context)?;
        let info = server_info(&server, &mut world).map_err(|error| failure_of(&error))?;
        let fingerprint = info.key.fingerprint();
        context.out.remark(format_args!("The server at {server} has the fingerprint {fingerprint}"));
        let password = choose_password(context, Chosen::AtSignUp, &[&email])?;
        let request = SignUp {
            server,
            // What was shown is what is signed up at: nobody can step in between the two exchanges.
            fingerprint: Some(self.fingerprint.map_or(fingerprint, Fingerprint)),
            email,
            password: password.clone(),
            invitation: self.invitation,
            device_name: self.device_name.unwrap_or_else(default_device_name),
            vault_name: self.vault_name,
        };
        let (client, data) = sign_up(&profile, &request, world).map_err(|error| failure_of(&error))?;
        let device = client.device_id();
        // Closes the profile, so that the agent can open it.
        drop(client);
        let kit = drafts.write(&kit_of(&data)).map_err(|failure| {
            Failure::plain(format!("{} The account is made all the same: write its kit with `truebell kit write`.", failure.message))
        })?;
        context.offer_agent(password);
        context.out.answer(&SignedUp {
            account: data.account.to_string(),
            email: data.email,
            server: data.server,
            fingerprint: data.fingerprint.to_string(),
            device: device.to_string(),
            device_name: request.device_name,
            kit,
        })
    }
}
