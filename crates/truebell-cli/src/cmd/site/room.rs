//! What commands of the response work with: the server's key, where everything is remembered, and a site that was opened.

use super::describe::{recipe, table};
use crate::exit::{Answered, Code, Failure};
use std::fmt::Display;
use truebell_server::config::Config;
use truebell_server::identity::{ServerKey, check, key_path};
use truebell_server::response::desk::Desk;
use truebell_server::response::site::{Definition, Secrets};
use truebell_sites::password::Recipe;
use truebell_sites::source::{Location, Source, SourceError, Table, open};
use truebell_store::response::{Ask, Site, Told};

/// A sentence of a library, as one of ours.
pub(in crate::cmd) fn plain(error: impl Display) -> Failure {
    Failure::plain(format!("{}.", upper(&error.to_string())))
}

/// With a capital, unless it begins with a location.
pub(in crate::cmd) fn upper(sentence: &str) -> String {
    if sentence.split(' ').next().is_some_and(|word| word.contains(':')) {
        return sentence.to_owned();
    }
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A source that gives nothing.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
pub(in crate::cmd) fn source_failure(error: SourceError) -> Failure {
    let code = match &error {
        SourceError::NotALocation | SourceError::NoTable(_) | SourceError::NoColumn { .. } | SourceError::OddId(_) => Code::Usage,
        SourceError::Unreachable(_) | SourceError::Lost => Code::Offline,
        SourceError::NotADatabase(_) | SourceError::Line { .. } => Code::BadFile,
        _ => Code::Failed,
    };
    Failure::new(code, format!("{}.", upper(&error.to_string())))
}

/// The server's side of the response.
pub(in crate::cmd) struct Room {
    pub(in crate::cmd) key: ServerKey,
    pub(in crate::cmd) desk: Desk,
}

impl Room {
    /// Of the configured server.
    pub(in crate::cmd) async fn open(config: &Config) -> Answered<Self> {
        let path = key_path(&config.data);
        let nobody =
            || Failure::plain("There is no server here yet: start it once with `truebell serve`, or name its data folder with --data.");
        let key = ServerKey::read(&path).map_err(plain)?.ok_or_else(nobody)?;
        let desk = Desk::open(config).await.map_err(plain)?;
        if let Desk::Here(store) = &desk {
            let identity = store.identity().await.map_err(plain)?.ok_or_else(nobody)?;
            check(&key, &identity, &path).map_err(plain)?;
        }
        Ok(Self { key, desk })
    }

    /// All sites, by name.
    pub(in crate::cmd) async fn sites(&self) -> Answered<Vec<Site>> {
        match self.desk.ask(&Ask::Sites).await.map_err(plain)? {
            Told::Sites(sites) => Ok(sites),
            _ => Err(Failure::plain("The running server answers something else: it is of another version.")),
        }
    }

    /// The site with this name.
    pub(in crate::cmd) async fn site(&self, name: &str) -> Answered<Kept> {
        let sites = self.sites().await?;
        let others = sites.iter().map(|site| site.name.as_str()).collect::<Vec<_>>().join(", ");
        let Some(row) = sites.iter().find(|site| site.name == name).cloned() else {
            let there = if others.is_empty() { "there is none yet".to_owned() } else { format!("there are {others}") };
            return Err(Failure::not_found(format!("There is no site `{name}`; {there}. `truebell site add` adds one.")));
        };
        let definition = Definition::read(&row.definition).map_err(plain)?;
        let secrets = Secrets::open(&self.key.sealing, row.site, &row.secrets).map_err(plain)?;
        Ok(Kept { row, definition, secrets })
    }
}

/// A site, opened.
pub(in crate::cmd) struct Kept {
    pub(in crate::cmd) row: Site,
    pub(in crate::cmd) definition: Definition,
    pub(in crate::cmd) secrets: Secrets,
}

impl Kept {
    /// How its verifiers are read.
    pub(in crate::cmd) fn recipe(&self) -> Answered<Recipe> {
        recipe(&self.definition, self.secrets.pepper.as_deref())
    }

    fn table(&self) -> Answered<Table> {
        table(&self.definition)
    }

    /// Opens its accounts, to read them.
    pub(in crate::cmd) async fn open(&self) -> Answered<Box<dyn Source>> {
        let location: Location = self.secrets.source.parse().map_err(source_failure)?;
        open(&location, &self.table()?).await.map_err(source_failure)
    }
}
