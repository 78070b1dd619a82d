//! `truebell machine`: identities for programs that run by themselves. Never here: being one (`machine_token.rs`).

use super::context::Context;
use super::files::Draft;
use crate::agent::Ask;
use crate::exit::{Answered, Candidate, Code, Failure};
use crate::output::{Done, Page, Show, Table, time_text};
use crate::prompt::confirm;
use clap::Subcommand;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::PathBuf;
use truebell_core::ids::{DeviceId, VaultId};
use truebell_core::secret::Secret;
use truebell_core::time::UnixMillis;

/// Let programs that run by themselves read vaults
#[derive(Debug, Subcommand)]
pub enum Machine {
    /// Let a machine read some vaults, and write its token
    ///
    /// The token is shown this once, and is all the machine needs: no account, no profile. Store it as a secret of your build, as
    /// TRUEBELL_MACHINE_TOKEN, or name a file that holds it in TRUEBELL_MACHINE_TOKEN_FILE. You are told once that the machine was made, and not
    /// of its runs. It reads these vaults and can change nothing.
    Create(Create),
    /// List machines
    List,
    /// Take a machine's access away
    Revoke {
        /// Its name or id
        #[arg(value_name = "MACHINE")]
        machine: String,
    },
}

/// What a new machine is.
#[derive(Debug, clap::Args)]
pub struct Create {
    /// What it is called
    #[arg(value_name = "NAME")]
    name: String,
    /// A vault it may read: name or id; may be given several times [default: the only one]
    #[arg(long = "vault", value_name = "VAULT")]
    vaults: Vec<String>,
    /// Into this file, for its owner only, instead of standard output
    #[arg(long, value_name = "FILE")]
    token_out: Option<PathBuf>,
    /// Write over the file if it exists
    #[arg(long, requires = "token_out")]
    force: bool,
}

/// A vault that a machine may read.
#[derive(Debug, Serialize, Deserialize)]
struct Given {
    vault: VaultId,
    name: String,
}

#[derive(Deserialize)]
struct New {
    machine: DeviceId,
    name: String,
    vaults: Vec<Given>,
    token: Secret,
}

/// A new machine, for programs.
#[derive(Serialize)]
struct Made<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    machine: DeviceId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a Secret>,
    vaults: &'a [Given],
}

impl<'a> Made<'a> {
    fn of(new: &'a New) -> Self {
        Self { file: None, machine: new.machine, name: &new.name, token: None, vaults: &new.vaults }
    }
}

#[derive(Serialize, Deserialize)]
struct Listed {
    machine: DeviceId,
    name: String,
    vaults: Vec<Given>,
    created: UnixMillis,
    seen: UnixMillis,
    revoked: bool,
}

#[derive(Serialize, Deserialize)]
struct List {
    machines: Vec<Listed>,
}

fn names(vaults: &[Given]) -> String {
    vaults.iter().map(|given| given.name.as_str()).collect::<Vec<_>>().join(", ")
}

impl Show for List {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&["id", "name", "may read", "since", "last seen", ""]);
        for machine in &self.machines {
            let (since, seen) = (time_text(machine.created.0), time_text(machine.seen.0));
            let note = if machine.revoked { "revoked" } else { "" };
            table.row([&machine.machine.to_string(), &machine.name, &names(&machine.vaults), &since, &seen, note]);
        }
        page.table(&table)
    }
}

impl Machine {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        match self {
            Self::Create(create) => create.run(context),
            Self::List => {
                let list: List = context.ask(Ask::Machines)?;
                context.out.answer(&list)
            }
            Self::Revoke { machine } => {
                let list: List = context.ask(Ask::Machines)?;
                let machine = find(&list.machines, &machine)?;
                confirm(&format!("Take access away from the machine “{}”?", machine.name), context.globals.yes)?;
                context.tell(Ask::RevokeDevice { device: machine.machine })?;
                let sentence = format!("The machine “{}” has no access any more. What it read before, it may still have.", machine.name);
                context.out.answer(&Done::with(sentence, serde_json::json!({ "revoked": machine.machine })))
            }
        }
    }
}

impl Create {
    fn run(self, context: &mut Context) -> Answered {
        let draft = self.token_out.as_deref().map(|path| Draft::reserve(path, self.force)).transpose()?;
        let new: New = context.ask(Ask::CreateMachine { name: self.name, vaults: self.vaults })?;
        let sentence = format!("The machine “{}” may read {}.", new.name, names(&new.vaults));
        let Some(draft) = draft else {
            if context.out.is_json() {
                let json =
                    zeroize::Zeroizing::new(serde_json::to_vec(&Made { token: Some(&new.token), ..Made::of(&new) }).unwrap_or_default());
                return context.out.json_bytes(&json);
            }
            context.out.remark(format_args!("{sentence} This is its token, and it is shown this once:"));
            return context.out.raw(&zeroize::Zeroizing::new(format!("{}\n", new.token.expose()).into_bytes()));
        };
        let path = draft.path().display().to_string();
        let line = zeroize::Zeroizing::new(format!("{}\n", new.token.expose()).into_bytes());
        draft.keep(&line).map_err(|failure| Failure {
            message: format!(
                "{} The machine was made, and its token is lost: take it back with `truebell machine revoke {}`.",
                failure.message, new.machine
            ),
            ..failure
        })?;
        let json = serde_json::to_value(Made { file: Some(&path), ..Made::of(&new) }).unwrap_or_default();
        context.out.answer(&Done::with(format!("{sentence} Its token is in {path}, and nowhere else."), json))
    }
}

fn find<'a>(machines: &'a [Listed], name: &str) -> Answered<&'a Listed> {
    if let Some(machine) = machines.iter().find(|machine| machine.machine.to_string() == name) {
        return Ok(machine);
    }
    let found: Vec<&Listed> =
        machines.iter().filter(|machine| !machine.revoked && machine.name.to_lowercase() == name.to_lowercase()).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::not_found(format!("No machine with access is called “{name}”: `truebell machine list` lists them."))),
        several => Err(Failure {
            candidates: several.iter().map(|machine| Candidate { id: machine.machine.to_string(), title: machine.name.clone() }).collect(),
            ..Failure::new(Code::Ambiguous, format!("{} machines are called “{name}”: name one by its id.", several.len()))
        }),
    }
}
