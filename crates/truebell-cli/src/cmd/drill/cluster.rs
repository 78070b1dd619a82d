//! A real PostgreSQL for the drill: one that was named, or a throw-away cluster on a free loopback port, gone when the drill ends.

use crate::exit::{Answered, Failure};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A cluster, with databases of the drill's own.
pub(super) struct Cluster {
    /// Where the cluster listens.
    pub address: SocketAddr,
    /// `postgres://user:password@` and `?options`: what stands before the address and after the database's name.
    before: String,
    options: String,
    /// The cluster's own database, from which ours are made and dropped.
    main: String,
    databases: Vec<String>,
    _keeper: Option<Keeper>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // In a throw-away cluster they go with the cluster; elsewhere they must not stay behind.
        for database in &self.databases {
            let _dropped = run(&self.main, &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"));
        }
    }
}

/// What a database is called in the cluster.
fn full(name: &str) -> String {
    format!("drill_{}_{name}", std::process::id())
}

fn run(url: &str, statement: &str) -> bool {
    let status = Command::new("psql").args([url, "-q", "-c", statement]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Stops the cluster and removes its folder, however this process ends: it waits for a pipe that only we hold.
struct Keeper(Child, PathBuf);

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        // The folder is the system's to clean up if this fails.
        let _ended = self.0.wait();
        // The keeper may empty it, and where /tmp is sticky only its owner may remove it.
        let _removed = std::fs::remove_dir_all(&self.1);
    }
}

const KEEPER: &str = r#"
cat >/dev/null
[ -f "$1/data/postmaster.pid" ] && "$2/pg_ctl" --pgdata "$1/data" --mode=immediate --silent stop
rm -rf -- "$1"
"#;

impl Cluster {
    /// The one at `url`, or one started for it, with empty databases of these names.
    pub(super) fn make(url: Option<&str>, databases: &[&str]) -> Answered<Self> {
        let (url, keeper) = match url {
            Some(url) => (url.to_owned(), None),
            None => start()?,
        };
        let odd = || Failure::plain("The PostgreSQL's address is not understood: write postgres://USER:PASSWORD@127.0.0.1:PORT/DATABASE.");
        let (before, rest) = url.rsplit_once('@').ok_or_else(odd)?;
        let (address, after) = rest.split_once('/').ok_or_else(odd)?;
        let address = address.replace("localhost", "127.0.0.1").parse().map_err(|_| odd())?;
        let options = after.split_once('?').map_or(String::new(), |(_, options)| format!("?{options}"));
        let before = format!("{before}@");
        let mut cluster = Self { address, before, options, main: url.clone(), databases: Vec::new(), _keeper: keeper };
        for database in databases {
            cluster.databases.push(full(database));
            if !run(&cluster.main, &format!("CREATE DATABASE {}", full(database))) {
                return Err(Failure::plain(
                    "The drill's database could not be made with psql: is the PostgreSQL running, and is psql installed?",
                ));
            }
        }
        Ok(cluster)
    }

    /// The URL of a database when the cluster is reached through `address`.
    pub(super) fn url_through(&self, address: SocketAddr, database: &str) -> String {
        format!("{}{address}/{}{}", self.before, full(database), self.options)
    }
}

fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max();
    let on_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file())
    };
    newest.map(|(_, folder)| folder).or_else(on_path)
}

/// PostgreSQL does not run as root: then it runs as the first of these there is.
fn account() -> Option<&'static str> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"].into_iter().find(|name| accounts.lines().any(|line| line.split(':').next() == Some(name)))
}

fn command(account: Option<&str>, program: &Path) -> Command {
    let mut command = match account {
        None => Command::new(program),
        Some(account) => {
            let mut command = Command::new("setpriv");
            command.args([&format!("--reuid={account}"), "--clear-groups", "--"]).arg(program);
            command
        }
    };
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn start() -> Answered<(String, Option<Keeper>)> {
    let binaries = binaries().ok_or_else(|| {
        Failure::plain("PostgreSQL's programs are not on this machine: install Debian's `postgresql`, or name a server with --postgres.")
    })?;
    let failed = |_| Failure::plain("A throw-away PostgreSQL could not be started: look at the system's limits and /tmp.");
    let account = account();
    let folder = std::env::temp_dir().join(format!("truebell-drill-postgres-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(failed)?;
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).map_err(failed)?;
    let mut keeper = command(account, Path::new("/bin/sh"));
    keeper.args(["-c", KEEPER, "keeper"]).arg(&folder).arg(&binaries).stdin(Stdio::piped()).process_group(0);
    let keeper = Keeper(keeper.spawn().map_err(failed)?, folder.clone());
    let password = folder.join("password");
    std::fs::write(&password, "drill").map_err(failed)?;
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o644)).map_err(failed)?;
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(failed)?.port();
    let mut initdb = command(account, &binaries.join("initdb"));
    initdb.arg("--pgdata").arg(folder.join("data")).arg("--pwfile").arg(&password);
    initdb.args(["--username", "drill", "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"]);
    let settings = format!(
        "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} -c max_connections=100 -c synchronous_commit=on -c fsync=off",
        folder.display()
    );
    let mut pg_ctl = command(account, &binaries.join("pg_ctl"));
    pg_ctl.arg("--pgdata").arg(folder.join("data")).arg("--log").arg(folder.join("log"));
    pg_ctl.args(["--wait", "--timeout=60", "--silent", "--options", &settings, "start"]);
    for mut step in [initdb, pg_ctl] {
        if !step.status().map_err(failed)?.success() {
            return Err(failed(std::io::Error::other("it ended badly")));
        }
    }
    Ok((format!("postgres://drill:drill@127.0.0.1:{port}/postgres"), Some(keeper)))
}
