//! `truebell site add`: a site's definition, tried before it is kept; its secrets sealed.

use super::describe::{absolute, has_password, parse_column, parse_preset, recipe, shown, table, with_password};
use super::room::{Room, plain, source_failure};
use crate::cmd::config::ConfigArgs;
use crate::cmd::context::Context;
use crate::cmd::invite::runtime;
use crate::exit::{Answered, Code, Failure};
use crate::output::{Page, Show};
use crate::prompt::{Source as SecretSource, ask_secret, can_ask};
use clap::Args;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use truebell_client::{Clock, SystemChance, SystemClock};
use truebell_core::chance::make_array;
use truebell_core::ids::SiteId;
use truebell_core::secret::Secret;
use truebell_server::response::site::{Definition, Secrets, VERSION, parse_name};
use truebell_sites::source::{Location, open};
use truebell_store::response::{Ask, Site};

/// Where the source may stand instead of among the arguments.
const SOURCE_VARIABLE: &str = "TRUEBELL_SITE_SOURCE";

/// Name a site: where its accounts are, how they are read, and whom its mail comes from
///
/// Reading never writes to the source, and its user needs the right to read the columns of the preset and no other (docs/sites.md). The source is tried before the site is kept. Passwords are sealed under the server's key and never shown.
#[derive(Debug, Args)]
pub struct Add {
    /// What you call it: small letters, digits, `-`, `_`, `.`
    #[arg(value_name = "SITE", value_parser = parse_name)]
    name: String,
    /// Where its accounts are: postgres://USER@HOST/DATABASE, mariadb://USER@HOST/DATABASE, sqlite:PATH, csv:PATH or jsonl:PATH; asked for if left out
    #[arg(long, value_name = "LOCATION", env = SOURCE_VARIABLE, hide_env_values = true, conflicts_with = "source_file")]
    source: Option<String>,
    /// A file whose first line is that location, password and all
    #[arg(long, value_name = "FILE")]
    source_file: Option<PathBuf>,
    /// A file whose first line is the source's password and nothing else
    #[arg(long, value_name = "FILE")]
    source_password_file: Option<PathBuf>,
    /// The framework whose tables it has: django, laravel, wordpress, devise, discourse, ghost
    #[arg(long, value_name = "NAME", value_parser = parse_preset)]
    preset: Option<String>,
    /// Its table, where it has another name
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// A column that has another name: id, address, verifier, salt, parameters or user; may be repeated
    #[arg(long = "column", value_name = "WHAT=COLUMN", value_parser = parse_column)]
    columns: Vec<(String, String)>,
    /// How its verifiers are read, if not as the preset says: plain, django, werkzeug, wordpress, aspnet-identity, discourse, or a template such as md5(salt+password)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// What goes in for the password, such as password+pepper
    #[arg(long, value_name = "TEMPLATE")]
    candidate: Option<String>,
    /// A file that holds the site's pepper, byte for byte
    #[arg(long, value_name = "FILE")]
    pepper_file: Option<PathBuf>,
    /// Where its mail leaves: smtp://HOST:PORT or smtps://USER@HOST
    #[arg(long, value_name = "URL", value_parser = parse_mail)]
    mail: Option<String>,
    /// A file whose first line is the mail server's password and nothing else
    #[arg(long, value_name = "FILE", requires = "mail")]
    mail_password_file: Option<PathBuf>,
    /// Whom its mail comes from
    #[arg(long, value_name = "ADDRESS", value_parser = parse_from)]
    from: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

fn parse_mail(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        Some(("smtp" | "smtps", host)) if !host.is_empty() => Ok(text.to_owned()),
        _ => Err("write smtp://HOST:PORT or smtps://USER@HOST".into()),
    }
}

fn parse_from(text: &str) -> Result<String, String> {
    let is_address = text.split_once('@').is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty() && !domain.contains('@'));
    let is_plain = !text.contains(|letter: char| letter.is_whitespace() || letter.is_control() || "<>,;".contains(letter));
    if is_address && is_plain { Ok(text.to_owned()) } else { Err("write an address such as security@shop.example".into()) }
}

#[derive(Serialize)]
struct Added {
    site: String,
    id: SiteId,
    source: String,
    preset: Option<String>,
    mail: Option<String>,
    from: Option<String>,
}

impl Show for Added {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!("{} is added. Its accounts are at {}.", self.site, self.source))?;
        page.line(format_args!("`truebell site look {}` shows what they are made of.", self.site))
    }
}

/// The first line of a file.
fn read_first(path: &Path, what: &str) -> Answered<Secret> {
    let read = SecretSource { stdin: false, file: Some(path), fd: None }.read(what)?;
    read.ok_or_else(|| Failure::usage(format!("{what} is missing.")))
}

/// A location with its password from a file.
fn complete(location: Secret, password_file: Option<&Path>, what: &str) -> Answered<Secret> {
    let Some(path) = password_file else { return Ok(location) };
    let password = read_first(path, what)?;
    let no_user = || Failure::usage(format!("{what} was given, and the location names no user: write USER@HOST."));
    with_password(location.expose(), password.expose()).map(Secret::new).ok_or_else(no_user)
}

impl Add {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let config = self.config.settings()?;
        let source = self.source(context)?;
        let mail = self.mail(context)?;
        let pepper = match &self.pepper_file {
            Some(path) => Some(std::fs::read(path).map_err(|error| Failure::io(format!("{} cannot be read", path.display()), &error))?),
            None => None,
        };
        let location: Location = source.expose().parse().map_err(source_failure)?;
        let definition = self.definition(&location, mail.as_ref());
        recipe(&definition, pepper.as_deref())?;
        let table = table(&definition)?;
        let mut chance = SystemChance;
        let site = SiteId::make_random(&mut chance);
        let secrets = Secrets {
            source: source.expose().to_owned(),
            mail: mail.map(|mail| mail.expose().to_owned()),
            address_key: make_array(&mut chance),
            pepper,
        };
        let added = runtime()?.block_on(async {
            let room = Room::open(&config).await?;
            // Whatever is wrong with the source is said now, and not when a list is about.
            open(&location, &table).await.map_err(source_failure)?;
            let row = Site {
                site,
                name: self.name.clone(),
                made: SystemClock.now(),
                definition: definition.to_json(),
                secrets: secrets.seal(&room.key.sealing, site, &mut chance),
            };
            room.desk.is_done(&Ask::AddSite(row)).await.map_err(plain)
        })?;
        if !added {
            let message = format!("There is a site `{}` already: give another name, or remove it with `truebell site remove`.", self.name);
            return Err(Failure::new(Code::Ambiguous, message));
        }
        let Definition { source, preset, mail, from, .. } = definition;
        context.out.answer(&Added { site: self.name, id: site, source, preset, mail, from })
    }

    /// Its accounts' location, whole.
    fn source(&self, context: &Context) -> Answered<Secret> {
        let location = match (&self.source, &self.source_file) {
            (Some(source), _) => {
                if has_password(source) && std::env::var(SOURCE_VARIABLE).as_ref() != Ok(source) {
                    warn_of_password(context, "--source-password-file or --source-file");
                }
                Secret::new(source.clone())
            }
            (None, Some(path)) => read_first(path, "The source")?,
            (None, None) if can_ask() => ask_secret("The source's location")?,
            (None, None) => return Err(Failure::usage("Say where the site's accounts are, with --source or --source-file.")),
        };
        let location = complete(location, self.source_password_file.as_deref(), "The source's password")?;
        Ok(Secret::new(absolute(location.expose().trim())))
    }

    fn mail(&self, context: &Context) -> Answered<Option<Secret>> {
        let Some(mail) = &self.mail else { return Ok(None) };
        if has_password(mail) {
            warn_of_password(context, "--mail-password-file");
        }
        complete(Secret::new(mail.clone()), self.mail_password_file.as_deref(), "The mail server's password").map(Some)
    }

    fn definition(&self, location: &Location, mail: Option<&Secret>) -> Definition {
        Definition {
            v: VERSION,
            source: location.to_string(),
            preset: self.preset.clone(),
            dialect: self.format.clone(),
            table: self.table.clone(),
            columns: self.columns.iter().cloned().collect(),
            candidate: self.candidate.clone(),
            mail: mail.map(|mail| shown(mail.expose())),
            from: self.from.clone(),
        }
    }
}

fn warn_of_password(context: &Context, instead: &str) {
    context.out.warn(format_args!("A password among the arguments can be read by others on this machine: use {instead}."));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_servers_and_senders_are_told_from_anything_else() {
        for (mail, from, fits) in [
            ("smtp://127.0.0.1:2525", "security@shop.example", true),
            ("smtps://a@mail.example", "a+b@x", true),
            ("http://mail.example", "security", false),
            ("smtp://", "a@b@c", false),
            ("mail.example", "Shop <a@b.example>", false),
        ] {
            assert_eq!((parse_mail(mail).is_ok(), parse_from(from).is_ok()), (fits, fits), "{mail} {from}");
        }
    }
}
