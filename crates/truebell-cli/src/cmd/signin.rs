//! `truebell signin`: an account that exists, on a device that does not have it yet.

use super::ca_file::CaFile;
use super::context::Context;
use super::device_name::default_device_name;
use super::kit::KitIn;
use super::signup::need;
use crate::agent::failure_of;
use crate::exit::{Answered, Failure};
use crate::output::{Done, count_text};
use crate::prompt::{CodeArgs, SecretKeyArgs};
use clap::Args;
use truebell_client::{Client, Filter, SignIn, server_info, sign_in};
use truebell_core::secret_key::SecretKey;
use truebell_core::sign::Fingerprint;

/// Open an account on this device
///
/// With the Emergency Kit (--kit kit.pdf), or with --server, --email and the typed Secret Key; and the account password. Your other
/// devices get a notice of the new one. The account stays unlocked for a while afterwards (see `truebell unlock`).
#[derive(Debug, Args)]
pub struct Signin {
    #[command(flatten)]
    kit: KitIn,
    /// The server's address [default: the kit's]
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Your mail address [default: the kit's]
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Go on only if the server has this fingerprint [default: the kit's]
    #[arg(long, value_name = "SHA256:…")]
    fingerprint: Option<String>,
    #[command(flatten)]
    ca: CaFile,
    /// What this device is called [default: the machine's name]
    #[arg(long, value_name = "NAME", env = "TRUEBELL_DEVICE_NAME", hide_env_values = true)]
    device_name: Option<String>,
    #[command(flatten)]
    secret_key: SecretKeyArgs,
    #[command(flatten)]
    code: CodeArgs,
}

impl Signin {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let profile = context.profile()?;
        let mut world = self.ca.world(context)?;
        let request = self.request(context)?;
        if request.fingerprint.is_none() {
            let info = server_info(&request.server, &mut world).map_err(|error| failure_of(&error))?;
            context.out.remark(format_args!("The server at {} has the fingerprint {}", request.server, info.key.fingerprint()));
        }
        let client =
            sign_in(&profile, &request, world, &mut || super::second_factor::ask_code(&self.code)).map_err(|error| failure_of(&error))?;
        let answer = describe(&client, &request);
        // Closes the profile, so that the agent can open it.
        drop(client);
        context.offer_agent(request.password);
        context.out.answer(&answer)
    }

    fn request(&self, context: &mut Context) -> Answered<SignIn> {
        let kit = self.kit.read()?;
        let server = self.server.clone().or_else(|| kit.as_ref().map(|kit| kit.server.clone()));
        let email = self.email.clone().or_else(|| kit.as_ref().map(|kit| kit.email.clone()));
        let server = need(server, "The server's address (or --kit)", "server")?;
        let email = need(email, "Your mail address (or --kit)", "email")?;
        let fingerprint = self.fingerprint.clone().or_else(|| kit.as_ref().map(|kit| kit.fingerprint.clone())).map(Fingerprint);
        let password = context.account_password()?;
        let secret_key = match kit {
            Some(kit) => kit.secret_key,
            None => {
                let typed = self.secret_key.source().read_or_ask("The Secret Key", "secret-key")?;
                SecretKey::parse(typed.expose()).map_err(|error| Failure::usage(format!("{error}.")))?
            }
        };
        let device_name = self.device_name.clone().unwrap_or_else(default_device_name);
        Ok(SignIn { server, fingerprint, email, secret_key, password, device_name })
    }
}

fn describe(client: &Client, request: &SignIn) -> Done {
    let items = client.list(&Filter::default()).len();
    let sentence =
        format!("The account of {} is on this device (“{}”) now, with {}.", request.email, request.device_name, count_text(items, "item"));
    let members = serde_json::json!({
        "email": request.email, "server": request.server, "device": client.device_id(), "device_name": request.device_name, "items": items,
    });
    Done::with(sentence, members)
}
