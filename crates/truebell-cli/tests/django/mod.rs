//! A site for tests: Django's `auth_user` in a real database, with verifiers made by code that shares nothing with ours.
#![allow(dead_code, reason = "each story uses what it needs of this site")]

use crate::world::Server;
use ring::digest::{SHA256, digest};
use ring::pbkdf2;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Django's columns.
const COLUMNS: &str =
    "id integer PRIMARY KEY, username text NOT NULL, email text NOT NULL, password text NOT NULL, is_active boolean NOT NULL";

/// A table of accounts.
pub(crate) enum Table {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Table {
    pub(crate) fn sqlite(folder: &Path) -> Self {
        let table = Self::Sqlite(folder.join("shop.db"));
        table.run(&format!("CREATE TABLE auth_user ({COLUMNS})"));
        table
    }

    pub(crate) fn postgres(folder: &Path) -> Self {
        let admin = std::env::var("TRUEBELL_TEST_POSTGRES").unwrap();
        let name: String = folder.file_name().unwrap().to_string_lossy().chars().filter(char::is_ascii_alphanumeric).collect();
        let name = format!("shop_{}", name.to_lowercase());
        let (base, _) = admin.rsplit_once('/').unwrap();
        let table = Self::Postgres(format!("{base}/{name}"));
        psql(&admin, &format!("CREATE DATABASE {name}"));
        table.run(&format!("CREATE TABLE auth_user ({COLUMNS})"));
        table
    }

    pub(crate) fn location(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) => url.clone(),
        }
    }

    /// The location without user and password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(_) => self.location(),
            Self::Postgres(url) => {
                let rest = url.split_once("://").unwrap().1.split('?').next().unwrap();
                format!("postgres://{}", rest.rsplit_once('@').map_or(rest, |(_, place)| place))
            }
        }
    }

    pub(crate) fn run(&self, sql: &str) {
        match self {
            Self::Sqlite(path) => rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap(),
            Self::Postgres(url) => psql(url, sql),
        }
    }

    pub(crate) fn insert(&self, id: u64, email: &str, password: &str) {
        self.insert_all(&[(id, email.to_owned(), password.to_owned())]);
    }

    pub(crate) fn insert_all(&self, people: &[(u64, String, String)]) {
        let rows: Vec<_> = people
            .iter()
            .map(|(id, email, password)| format!("({id}, 'user{id}', '{}', '{password}', true)", email.replace('\'', "''")))
            .collect();
        self.run(&format!("INSERT INTO auth_user VALUES {}", rows.join(", ")));
    }

    pub(crate) fn drop_column(&self, name: &str) {
        self.run(&format!("ALTER TABLE auth_user DROP COLUMN {name}"));
    }
}

fn psql(url: &str, sql: &str) {
    let mut child =
        Command::new("psql").args([url, "-q", "-v", "ON_ERROR_STOP=1"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), sql.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{sql:.200}");
}

/// `pbkdf2_sha256$…` as Django writes it.
pub(crate) fn pbkdf2(rounds: u32, salt: &str, password: &str) -> String {
    let mut derived = [0; 32];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::new(rounds).unwrap(), salt.as_bytes(), password.as_bytes(), &mut derived);
    format!("pbkdf2_sha256${rounds}${salt}${}", data_encoding::BASE64.encode(&derived))
}

/// `md5$salt$…`, of which only the shape matters: nobody's password makes it.
pub(crate) fn md5(salt: &str, password: &str) -> String {
    let made_up = digest(&SHA256, password.as_bytes());
    format!("md5${salt}${}", data_encoding::HEXLOWER.encode(&made_up.as_ref()[..16]))
}

/// A command on the server's data, whether it runs or not.
pub(crate) fn truebell(folder: &Path, server: &Server) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_truebell"));
    command.current_dir(folder).env("TRUEBELL_NO_PROMPT", "1").env("TRUEBELL_DATA", folder.join("server")).stdin(Stdio::null());
    if let Some(store) = server.store() {
        command.env("TRUEBELL_STORE", store);
    }
    command
}
