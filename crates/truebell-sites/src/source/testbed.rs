//! Databases for one test each: real ones, gone with the test.

use mysql_async::prelude::Queryable;
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::source::Location;

/// A database of one test, gone with it.
pub(crate) enum Database {
    Sqlite(TempDir),
    Postgres { admin: String, name: String },
    MariaDb { admin: String, name: String },
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a folder"))
    }

    /// `name` is the test's own.
    pub(crate) async fn postgres(name: &str) -> Self {
        let admin = std::env::var("TRUEBELL_TEST_POSTGRES")
            .unwrap_or_else(|_| panic!("TRUEBELL_TEST_POSTGRES is not set: run the tests with `cargo xtask test`"));
        let name = format!("sites_{name}_{}", std::process::id());
        run(&admin, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        run(&admin, &format!("CREATE DATABASE {name}")).await;
        Self::Postgres { admin, name }
    }

    /// `name` is the test's own.
    pub(crate) async fn mariadb(name: &str) -> Self {
        let admin = std::env::var("TRUEBELL_TEST_MARIADB")
            .unwrap_or_else(|_| panic!("TRUEBELL_TEST_MARIADB is not set: run the tests with `cargo xtask test`"));
        let name = format!("sites_{name}_{}", std::process::id());
        tell(&admin, &format!("DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name} CHARACTER SET utf8mb4")).await;
        Self::MariaDb { admin, name }
    }

    /// One of each kind.
    pub(crate) async fn all(name: &str) -> [Self; 3] {
        [Self::sqlite(), Self::postgres(name).await, Self::mariadb(name).await]
    }

    pub(crate) fn location(&self) -> Location {
        match self {
            Self::Sqlite(folder) => Location::Sqlite(folder.path().join("site.db")),
            Self::Postgres { admin, name } => Location::Postgres(beside(admin, name)),
            Self::MariaDb { admin, name } => Location::MariaDb(beside(admin, name)),
        }
    }

    pub(crate) async fn execute(&self, statements: &str) {
        match (self, self.location()) {
            (Self::Sqlite(_), Location::Sqlite(path)) => {
                rusqlite::Connection::open(path).and_then(|site| site.execute_batch(statements)).expect("SQLite takes it");
            }
            (_, Location::Postgres(url)) => run(&url, statements).await,
            (_, Location::MariaDb(url)) => tell(&url, statements).await,
            _ => panic!("no such database"),
        }
    }

    /// The one number that a query answers, an `int8` to PostgreSQL.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        match self.location() {
            Location::Sqlite(path) => {
                rusqlite::Connection::open(path).and_then(|site| site.query_row(query, [], |row| row.get(0))).expect("a number")
            }
            Location::Postgres(url) => {
                let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("PostgreSQL answers");
                let beside = tokio::spawn(connection);
                let number = client.query_one(query, &[]).await.and_then(|row| row.try_get(0)).expect("a number");
                drop(client);
                drop(beside.await);
                number
            }
            Location::MariaDb(url) => session(&url).await.query_first(query).await.expect("MariaDB answers").expect("a number"),
            _ => panic!("no such database"),
        }
    }

    pub(crate) async fn end(self) {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres { admin, name } => run(&admin, &format!("DROP DATABASE {name} WITH (FORCE)")).await,
            Self::MariaDb { admin, name } => tell(&admin, &format!("DROP DATABASE {name}")).await,
        }
    }
}

async fn run(url: &str, statements: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("PostgreSQL answers");
    let beside = tokio::spawn(connection);
    client.batch_execute(statements).await.expect("PostgreSQL takes it");
    drop(client);
    drop(beside.await);
}

fn beside(admin: &str, name: &str) -> String {
    format!("{}/{name}", admin.rsplit_once('/').expect("a database").0)
}

async fn session(url: &str) -> mysql_async::Conn {
    let url = url.replace("mariadb://", "mysql://");
    let opts = mysql_async::OptsBuilder::from_opts(mysql_async::Opts::from_url(&url).expect("a location")).prefer_socket(false);
    mysql_async::Conn::new(opts).await.expect("MariaDB answers")
}

async fn tell(url: &str, statements: &str) {
    let mut session = session(url).await;
    // The same statements for all: names in double quotes.
    session.query_drop("SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')").await.expect("MariaDB takes it");
    session.query_drop(statements).await.unwrap_or_else(|error| panic!("{statements}: {error}"));
    session.disconnect().await.expect("it ends");
}
