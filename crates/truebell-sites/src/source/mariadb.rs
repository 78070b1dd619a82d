//! A table in MariaDB or MySQL, read by a session that cannot write.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, OptsBuilder, Params, Row, SslOpts, Value};

use super::account::account;
use super::sql::Quote;
use super::table::Table;
use super::{Location, Page, Place, Source, SourceError};

/// Longest wait for a connection.
const WAIT: Duration = Duration::from_secs(10);

pub(super) struct MariaDb {
    session: Conn,
    table: Table,
}

/// A session that these statements begin. On this machine it is plain; anywhere else the server must prove its name over TLS, unless the
/// location ends in `?sslmode=disable`.
pub(crate) async fn connect(url: &str, location: &Location, begin: &[&str]) -> Result<Conn, SourceError> {
    let (url, mode) = url.split_once("?sslmode=").map_or((url, None), |(url, mode)| (url, Some(mode)));
    let place = location.to_string();
    let rest = url.strip_prefix("mariadb://").or_else(|| url.strip_prefix("mysql://")).filter(|rest| !rest.contains('?'));
    let opts = rest.and_then(|rest| Opts::from_url(&format!("mysql://{rest}")).ok()).ok_or(SourceError::NotALocation)?;
    let host = opts.ip_or_hostname().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let ssl = match mode {
        Some("disable") => None,
        Some("require") => Some(tls()),
        None => (!is_here).then(tls),
        Some(_) => return Err(SourceError::NotALocation),
    };
    let builder = OptsBuilder::from_opts(opts)
        .ssl_opts(ssl)
        .prefer_socket(false)
        // A statement meets the rows that it finds, whether or not it changes them.
        .client_found_rows(true)
        .connect_attribute("program_name", "truebell")
        .setup(begin.iter().map(|statement| (*statement).to_owned()).collect::<Vec<_>>());
    let connected = tokio::time::timeout(WAIT, Conn::new(builder)).await;
    match connected {
        Ok(Ok(session)) => Ok(session),
        Ok(Err(Error::Server(said))) if matches!(said.code, 1044 | 1045 | 1049 | 1698) => Err(SourceError::SignIn(place)),
        Ok(Err(_)) | Err(_) => Err(SourceError::Unreachable(place)),
    }
}

/// Against the machine's roots, the host's name checked.
fn tls() -> SslOpts {
    use_ring();
    let roots = rustls_native_certs::load_native_certs().certs.into_iter();
    SslOpts::default().with_disable_built_in_roots(true).with_root_certs(roots.map(|root| root.to_vec().into()).collect())
}

/// For what takes the process's own choice of cryptography; where somebody made one before, that stands.
pub(crate) fn use_ring() {
    drop(rustls::crypto::ring::default_provider().install_default());
}

impl MariaDb {
    pub(super) async fn open(url: &str, location: &Location, table: &Table) -> Result<Self, SourceError> {
        let mut session = connect(url, location, &["SET SESSION TRANSACTION READ ONLY", "SET SESSION lock_wait_timeout = 10"]).await?;
        let mut table = table.clone();
        let mut kept = Vec::new();
        for flag in std::mem::take(&mut table.flags) {
            let is_missing = match session.prep(Quote::Back.probe(&table, &flag.column)).await {
                Ok(_) => false,
                Err(error) => matches!(error, Error::Server(said) if said.code == NO_COLUMN),
            };
            if !(flag.is_optional && is_missing) {
                kept.push(flag);
            }
        }
        table.flags = kept;
        for column in std::iter::once(table.id.as_str()).chain(table.columns()) {
            session.query_drop(Quote::Back.probe(&table, column)).await.map_err(|error| of_probe(&error, &table, column))?;
        }
        Ok(Self { session, table })
    }

    fn account(&self, row: &Row) -> Option<super::Account> {
        let count = self.table.columns().len();
        account(&self.table, text_of(row, count + 1), (1..=count).map(|at| text_of(row, at)).collect())
    }
}

/// `ER_BAD_FIELD_ERROR`, `ER_NO_SUCH_TABLE`.
pub(crate) const NO_COLUMN: u16 = 1054;
pub(crate) const NO_TABLE: u16 = 1146;
/// `ER_TABLEACCESS_DENIED_ERROR`, `ER_COLUMNACCESS_DENIED_ERROR`, `ER_DBACCESS_DENIED_ERROR`.
pub(crate) const FORBIDDEN: [u16; 3] = [1142, 1143, 1044];
/// `ER_SERVER_SHUTDOWN`, and the two with which a connection is said to be killed.
pub(crate) const LOST: [u16; 3] = [1053, 1927, 1317];

/// A value that was converted to text.
pub(crate) fn text_of(row: &Row, at: usize) -> Option<String> {
    match row.as_ref(at) {
        Some(Value::Bytes(bytes)) => Some(String::from_utf8_lossy(bytes).into_owned()),
        _ => None,
    }
}

fn of_probe(error: &Error, table: &Table, column: &str) -> SourceError {
    match error {
        Error::Server(said) if said.code == NO_TABLE => {
            let joined = table.joins.iter().map(|join| &join.table);
            let missing = joined.chain([&table.name]).find(|name| said.message.contains(&format!("{name}'")));
            SourceError::NoTable(missing.unwrap_or(&table.name).clone())
        }
        Error::Server(said) if said.code == NO_COLUMN => SourceError::NoColumn { table: table.name.clone(), column: column.to_owned() },
        _ => of_page(error, table),
    }
}

fn of_page(error: &Error, table: &Table) -> SourceError {
    match error {
        Error::Server(said) if FORBIDDEN.contains(&said.code) => SourceError::Forbidden(table.name.clone()),
        // Every column was there when it was opened.
        Error::Server(said) if [NO_TABLE, NO_COLUMN].contains(&said.code) => SourceError::Changed(table.name.clone()),
        Error::Server(said) if !LOST.contains(&said.code) => SourceError::Refused(said.code.to_string()),
        _ => SourceError::Lost,
    }
}

fn text(column: &str) -> String {
    format!("CONVERT({column} USING utf8mb4)")
}

fn place_of(row: &Row) -> Option<Place> {
    match row.as_ref(0)? {
        Value::Int(number) => Some(Place::Number(*number)),
        Value::UInt(number) => i64::try_from(*number).ok().map(Place::Number),
        Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok().map(Place::Text),
        _ => None,
    }
}

#[async_trait]
impl Source for MariaDb {
    async fn page(&mut self, after: Option<&Place>, limit: u32) -> Result<Page, SourceError> {
        let after = match after {
            None => None,
            Some(Place::Number(number)) => Some(Value::Int(*number)),
            Some(Place::Text(text)) => Some(Value::Bytes(text.as_bytes().to_vec())),
            Some(Place::Offset(_)) => return Err(SourceError::NotAPlace),
        };
        let statement = Quote::Back.page(&self.table, after.as_ref().map(|_| "?"), text, "?");
        let values = after.into_iter().chain([Value::UInt(u64::from(limit))]).collect();
        let rows: Vec<Row> =
            self.session.exec(statement, Params::Positional(values)).await.map_err(|error| of_page(&error, &self.table))?;
        let mut page = Page::default();
        for row in &rows {
            page.next = Some(place_of(row).ok_or_else(|| SourceError::OddId(self.table.name.clone()))?);
            let account = self.account(row);
            page.skipped += u64::from(account.is_none());
            page.accounts.extend(account);
        }
        if (rows.len() as u64) < u64::from(limit) {
            page.next = None;
        }
        Ok(page)
    }
}
