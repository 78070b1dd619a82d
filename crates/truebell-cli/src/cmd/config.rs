//! `truebell config`: what a server would run with, and why. Also the options by which every server command finds its configuration.

use super::context::Context;
use crate::exit::{Answered, Failure};
use crate::output::{Page, Show};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io;
use std::path::PathBuf;
use truebell_server::config::{Config as Settings, Given, Loaded, Sources, explain, load, remarks};

/// Where a server's configuration comes from.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The server's configuration")]
pub struct ConfigArgs {
    /// A TOML file with settings
    #[arg(long, value_name = "FILE", env = "TRUEBELL_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    /// Folder for the server's key, database and outbox
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
    /// The database: sqlite:PATH or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "DATABASE")]
    store: Option<String>,
    /// Any other setting; may be repeated (docs/configuration.md lists them)
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<String>,
}

impl ConfigArgs {
    /// The configuration, with `more` flags of the command's own.
    pub(super) fn load(&self, more: &[(&str, &'static str, Option<&String>)]) -> Answered<Loaded> {
        let mut flags = Vec::new();
        for setting in &self.set {
            let (name, text) = setting.split_once('=').ok_or_else(|| Failure::usage("--set takes NAME=VALUE."))?;
            flags.push(Given { name: name.trim().to_owned(), text: text.to_owned(), flag: "--set" });
        }
        let own = [("data", "--data", self.data.as_ref()), ("store", "--store", self.store.as_ref())];
        for (name, flag, text) in own.iter().chain(more) {
            if let Some(text) = text {
                flags.push(Given { name: (*name).to_owned(), text: (*text).clone(), flag });
            }
        }
        let environment =
            std::env::vars_os().filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?))).collect();
        load(&Sources { file: self.config.clone(), environment, flags }).map_err(|error| Failure::usage(format!("{error}.")))
    }

    /// The same without more.
    pub(super) fn settings(&self) -> Answered<Settings> {
        Ok(self.load(&[])?.config)
    }
}

/// The server's configuration
#[derive(Debug, Subcommand)]
pub enum Config {
    /// Show every setting, where its value comes from, and what is unsafe about it
    ///
    /// Nothing is started and nothing is changed. No secret is shown, because no setting holds one.
    Check {
        /// A TOML file with settings
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        args: ConfigArgs,
    },
}

#[derive(Serialize)]
struct Checked {
    settings: Vec<Line>,
    remarks: Vec<Remarked>,
    #[serde(skip)]
    text: String,
}

#[derive(Serialize)]
struct Line {
    name: &'static str,
    value: String,
    origin: String,
}

#[derive(Serialize)]
struct Remarked {
    setting: &'static str,
    sentence: String,
}

impl Show for Checked {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(self.text.trim_end())
    }
}

impl Config {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let Self::Check { file, mut args } = self;
        args.config = file.or(args.config);
        let loaded = args.load(&[])?;
        let line = |setting: &truebell_server::config::Described| Line {
            name: setting.name,
            value: loaded.config.shown(setting.name),
            origin: loaded.origin(setting.name).to_string(),
        };
        let settings = Settings::SETTINGS.iter().map(line).collect();
        let remarks =
            remarks(&loaded.config).into_iter().map(|remark| Remarked { setting: remark.setting, sentence: remark.sentence }).collect();
        context.out.answer(&Checked { settings, remarks, text: explain(&loaded) })
    }
}
