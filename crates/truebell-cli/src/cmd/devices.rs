//! `truebell devices`: which devices have the account.

use super::context::Context;
use crate::agent::Ask;
use crate::exit::{Answered, Candidate, Code, Failure};
use crate::output::{Done, Page, Show, Table, time_text};
use crate::prompt::confirm;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use std::io;
use truebell_core::ids::DeviceId;
use truebell_core::wire::device::DeviceInfo;

/// List devices, or take access away
#[derive(Debug, Args)]
pub struct Devices {
    #[command(subcommand)]
    command: Option<Command>,
}

/// Commands about devices
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List devices
    List,
    /// Take a device's access away
    ///
    /// Its sessions end and it can sync no more. What is on it stays there, sealed: if somebody may know the password too, change it.
    Revoke {
        /// Its name or id
        #[arg(value_name = "DEVICE")]
        device: String,
    },
}

#[derive(Serialize, Deserialize)]
struct List {
    current: DeviceId,
    devices: Vec<DeviceInfo>,
}

impl Show for List {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let mut table = Table::new(&["id", "name", "platform", "since", "last seen", ""]);
        for device in &self.devices {
            let note = match (device.revoked, device.device == self.current) {
                (true, _) => "revoked",
                (_, true) => "this device",
                _ => "",
            };
            let (since, seen) = (time_text(device.enrolled.0), time_text(device.seen.0));
            table.row([&device.device.to_string(), &device.name, &device.platform, &since, &seen, note]);
        }
        page.table(&table)
    }
}

impl Devices {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let list: List = context.ask(Ask::Devices)?;
        match self.command.unwrap_or(Command::List) {
            Command::List => context.out.answer(&list),
            Command::Revoke { device } => {
                let device = find(&list.devices, &device)?;
                let is_own = if device.device == list.current { " It is the device you are using." } else { "" };
                confirm(&format!("Take access away from “{}”?{is_own}", device.name), context.globals.yes)?;
                context.tell(Ask::RevokeDevice { device: device.device })?;
                let sentence = format!("“{}” has no access any more.", device.name);
                context.out.answer(&Done::with(sentence, serde_json::json!({ "revoked": device.device })))
            }
        }
    }
}

fn find<'a>(devices: &'a [DeviceInfo], name: &str) -> Answered<&'a DeviceInfo> {
    if let Some(device) = devices.iter().find(|device| device.device.to_string() == name) {
        return Ok(device);
    }
    let found: Vec<&DeviceInfo> =
        devices.iter().filter(|device| !device.revoked && device.name.to_lowercase() == name.to_lowercase()).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(Failure::not_found(format!("No device with access is called “{name}”: `truebell devices` lists them."))),
        several => Err(Failure {
            candidates: several.iter().map(|device| Candidate { id: device.device.to_string(), title: device.name.clone() }).collect(),
            ..Failure::new(Code::Ambiguous, format!("{} devices are called “{name}”: name one by its id.", several.len()))
        }),
    }
}
