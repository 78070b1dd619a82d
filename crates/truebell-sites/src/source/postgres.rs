//! A table in PostgreSQL, read by a session that cannot write.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::account::account;
use super::sql::Quote;
use super::table::Table;
use super::{Location, Page, Place, Source, SourceError};

/// Longest wait for a connection.
const WAIT: Duration = Duration::from_secs(10);

/// The session cannot write, and no page holds the site up for long.
const SESSION: &str = "-c default_transaction_read_only=on -c statement_timeout=60s -c lock_timeout=10s";

pub(super) struct Postgres {
    client: Client,
    table: Table,
    /// The id's type, by which a place is compared.
    id_type: String,
}

/// A session with these settings. TLS as the location says, and where it says nothing, unless the server is on this machine.
pub(crate) async fn connect(url: &str, location: &Location, session: &str) -> Result<Client, SourceError> {
    let mut config: Config = url.parse().map_err(|_| SourceError::NotALocation)?;
    config.options(session).application_name("truebell").connect_timeout(WAIT);
    // On this machine nobody listens in between; anywhere else the server must prove its name, unless the location says otherwise.
    if config.get_ssl_mode() == SslMode::Prefer {
        config.ssl_mode(if config.get_hosts().iter().all(is_here) { SslMode::Disable } else { SslMode::Require });
    }
    let place = location.to_string();
    let (client, connection) = config.connect(connector(&place)?).await.map_err(|error| of_connect(&error, place))?;
    tokio::spawn(async move {
        // How it ended is told to whoever asks next, as `Lost`.
        drop(connection.await);
    });
    Ok(client)
}

impl Postgres {
    pub(super) async fn open(url: &str, location: &Location, table: &Table) -> Result<Self, SourceError> {
        Self::check(connect(url, location, SESSION).await?, table.clone()).await
    }

    async fn check(client: Client, mut table: Table) -> Result<Self, SourceError> {
        let mut kept = Vec::new();
        for flag in std::mem::take(&mut table.flags) {
            let is_missing = match client.prepare(&Quote::Double.probe(&table, &flag.column)).await {
                Ok(_) => false,
                Err(error) => error.code() == Some(&SqlState::UNDEFINED_COLUMN),
            };
            if !(flag.is_optional && is_missing) {
                kept.push(flag);
            }
        }
        table.flags = kept;
        let mut id_type = None;
        for column in std::iter::once(table.id.as_str()).chain(table.columns()) {
            let failure = |error| of_probe(&error, &table, column);
            let statement = client.prepare(&Quote::Double.probe(&table, column)).await.map_err(failure)?;
            // Whether the user may read it is looked at only when it runs.
            client.query(&statement, &[]).await.map_err(failure)?;
            id_type = id_type.or_else(|| statement.columns().first().map(|column| column.type_().name().to_owned()));
        }
        Ok(Self { client, id_type: id_type.unwrap_or_default(), table })
    }

    fn account(&self, row: &Row) -> Result<Option<super::Account>, Error> {
        let count = self.table.columns().len();
        let values = (1..=count).map(|at| row.try_get(at)).collect::<Result<Vec<Option<String>>, Error>>()?;
        Ok(account(&self.table, row.try_get(count + 1)?, values))
    }
}

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
        Host::Unix(_) => true,
    }
}

/// TLS against the machine's roots, the host's name checked.
fn connector(place: &str) -> Result<MakeRustlsConnect, SourceError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|_| SourceError::Unreachable(place.to_owned()))?.with_root_certificates(roots).with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

fn of_connect(error: &Error, place: String) -> SourceError {
    match error.code() {
        Some(code) if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            SourceError::SignIn(place)
        }
        Some(code) if *code == SqlState::INVALID_CATALOG_NAME => SourceError::SignIn(place),
        _ => SourceError::Unreachable(place),
    }
}

fn of_probe(error: &Error, table: &Table, column: &str) -> SourceError {
    match error.code() {
        Some(code) if *code == SqlState::UNDEFINED_TABLE => {
            let joined = table.joins.iter().map(|join| &join.table);
            let said = error.as_db_error().map(|said| said.message().to_owned()).unwrap_or_default();
            let missing = joined.chain([&table.name]).find(|name| said.contains(&format!("\"{name}\"")));
            SourceError::NoTable(missing.unwrap_or(&table.name).clone())
        }
        Some(code) if *code == SqlState::UNDEFINED_COLUMN => SourceError::NoColumn { table: table.name.clone(), column: column.to_owned() },
        _ => of_page(error, table),
    }
}

fn of_page(error: &Error, table: &Table) -> SourceError {
    match error.code() {
        Some(code) if *code == SqlState::INSUFFICIENT_PRIVILEGE => SourceError::Forbidden(table.name.clone()),
        // Every column was there when it was opened.
        Some(code) if *code == SqlState::UNDEFINED_TABLE || *code == SqlState::UNDEFINED_COLUMN || *code == SqlState::DATATYPE_MISMATCH => {
            SourceError::Changed(table.name.clone())
        }
        // A server that is stopping says so before it hangs up.
        Some(code) if code.code().starts_with("57") || code.code().starts_with("08") => SourceError::Lost,
        Some(code) => SourceError::Refused(code.code().to_owned()),
        None => SourceError::Lost,
    }
}

fn text(column: &str) -> String {
    format!("{column}::text")
}

#[async_trait]
impl Source for Postgres {
    async fn page(&mut self, after: Option<&Place>, limit: u32) -> Result<Page, SourceError> {
        let after = match after {
            None => None,
            Some(Place::Text(id)) => Some(id.as_str()),
            Some(_) => return Err(SourceError::NotAPlace),
        };
        let bound = after.map(|_| format!("($2::text)::{}", self.id_type));
        let statement = Quote::Double.page(&self.table, bound.as_deref(), text, "$1::int8");
        let most = i64::from(limit);
        let rows = match after {
            Some(after) => self.client.query(&statement, &[&most, &after]).await,
            None => self.client.query(&statement, &[&most]).await,
        };
        let rows = rows.map_err(|error| of_page(&error, &self.table))?;
        let mut page = Page::default();
        for row in &rows {
            let account = self.account(row).map_err(|error| of_page(&error, &self.table))?;
            page.skipped += u64::from(account.is_none());
            page.accounts.extend(account);
        }
        let is_full = rows.len() as u64 >= u64::from(limit);
        let last: Option<String> = rows.last().and_then(|row| row.try_get(self.table.columns().len() + 1).ok()).flatten();
        page.next = last.filter(|_| is_full).map(Place::Text);
        Ok(page)
    }
}
