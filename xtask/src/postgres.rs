//! A real PostgreSQL for the tests: a throw-away cluster on a free loopback port, gone when the task ends however it ends.
//!
//! Never here: a cluster that anybody keeps data in. Nothing is written to disk safely (`fsync` is off), and the folder is removed.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use crate::workspace::{find_program, is_root, output, run as run_command};

/// Holds the URL of a superuser on the database `postgres`; each test creates a database of its own beside it.
pub(crate) const VARIABLE: &str = "TRUEBELL_TEST_POSTGRES";

const SUPERUSER: &str = "truebell";
const PASSWORD: &str = "truebell";

/// What a database shows to whoever asks for TLS.
const CERTIFICATE: &str = include_str!("../../testdata/tls/localhost.pem");
const KEY: &str = include_str!("../../testdata/tls/localhost.key");

/// Attempts to win the race for a free port.
const PORT_ATTEMPTS: usize = 3;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The command and its arguments, after `--`.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Runs the given command with a cluster beside it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let cluster = Cluster::start()?;
    let (program, arguments) = options.command.split_first().context("name the command to run after `--`")?;
    run_command(Command::new(program).args(arguments).env(VARIABLE, cluster.url()))
}

/// A running cluster, or somebody else's that we were pointed at.
pub(crate) struct Cluster {
    url: String,
    keeper: Option<Keeper>,
}

impl Cluster {
    /// Uses the cluster that `TRUEBELL_TEST_POSTGRES` names, or starts one.
    pub(crate) fn start() -> Result<Self> {
        if let Ok(url) = std::env::var(VARIABLE) {
            return Ok(Self { url, keeper: None });
        }
        let binaries =
            find_binaries().context("PostgreSQL's programs are not found: install Debian's `postgresql`, or set TRUEBELL_TEST_POSTGRES")?;
        let account = unprivileged_account()?;
        let folder = make_folder(account.as_ref())?;
        // The keeper stands before there is anything to keep, so that no failure below leaves a cluster behind.
        let keeper = Keeper::stand_over(&folder, &binaries, account.as_ref())?;
        initialise(&folder, &binaries, account.as_ref())?;
        let port = start_on_free_port(&folder, &binaries, account.as_ref())?;
        Ok(Self { url: format!("postgres://{SUPERUSER}:{PASSWORD}@127.0.0.1:{port}/postgres"), keeper: Some(keeper) })
    }

    /// A superuser on the database `postgres`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether the cluster is ours to throw away.
    pub(crate) fn is_throw_away(&self) -> bool {
        self.keeper.is_some()
    }
}

/// The newest installed PostgreSQL's programs: Debian's folders first, then `PATH`.
pub(crate) fn find_binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max();
    let on_path = || find_program("initdb").and_then(|file| file.parent().map(Path::to_owned));
    newest.map(|(_, folder)| folder).or_else(on_path)
}

/// PostgreSQL and MariaDB refuse to run as root; then they run as this account.
pub(crate) struct Account {
    name: String,
    user: u32,
    group: u32,
}

pub(crate) fn unprivileged_account() -> Result<Option<Account>> {
    if !is_root() {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd to find an unprivileged account")?;
    let found = ["postgres", "nobody"].iter().find_map(|wanted| read_account(&accounts, wanted));
    Ok(Some(found.context("databases do not run as root, and there is no account `postgres` or `nobody` to drop to")?))
}

fn read_account(accounts: &str, wanted: &str) -> Option<Account> {
    let line = accounts.lines().find(|line| line.split(':').next() == Some(wanted))?;
    let mut fields = line.split(':').skip(2);
    let user = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    Some(Account { name: wanted.to_owned(), user, group })
}

/// A command that runs as the unprivileged account when there is one to drop to.
pub(crate) fn command_as(account: Option<&Account>, program: &Path) -> Command {
    let mut command = match account {
        None => Command::new(program),
        Some(account) => {
            let mut command = Command::new("setpriv");
            command.arg(format!("--reuid={}", account.name)).arg(format!("--regid={}", account.group)).arg("--clear-groups");
            command.arg("--").arg(program);
            command
        }
    };
    command.current_dir("/").stdin(Stdio::null());
    command
}

pub(crate) fn make_folder(account: Option<&Account>) -> Result<PathBuf> {
    let folder = tempfile::Builder::new().prefix("truebell-database-").tempdir().context("cannot make a temporary folder")?.keep();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    if let Some(account) = account {
        chown(&folder, Some(account.user), Some(account.group)).context("cannot hand the temporary folder to the unprivileged account")?;
    }
    Ok(folder)
}

fn initialise(folder: &Path, binaries: &Path, account: Option<&Account>) -> Result<()> {
    let password_file = folder.join("password");
    fs::write(&password_file, PASSWORD)?;
    fs::set_permissions(&password_file, fs::Permissions::from_mode(0o644))?;
    let mut initdb = command_as(account, &binaries.join("initdb"));
    initdb.arg("--pgdata").arg(folder.join("data")).arg("--pwfile").arg(&password_file);
    initdb.args(["--username", SUPERUSER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"]);
    output(&mut initdb).context("cannot initialise a throw-away PostgreSQL cluster")?;
    write_certificate(&folder.join("data"), account)
}

/// Writes `server.crt` and `server.key`, for the account alone.
pub(crate) fn write_certificate(folder: &Path, account: Option<&Account>) -> Result<()> {
    for (name, text) in [("server.crt", CERTIFICATE), ("server.key", KEY)] {
        let file = folder.join(name);
        fs::write(&file, text)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        if let Some(account) = account {
            chown(&file, Some(account.user), Some(account.group)).context("cannot hand a certificate to the unprivileged account")?;
        }
    }
    Ok(())
}

fn start_on_free_port(folder: &Path, binaries: &Path, account: Option<&Account>) -> Result<u16> {
    let mut last_error = None;
    for _ in 0..PORT_ATTEMPTS {
        let port = free_port()?;
        match start_on(port, folder, binaries, account) {
            Ok(()) => return Ok(port),
            Err(error) => last_error = Some(error),
        }
    }
    let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
    let error = last_error.context("no attempt was made")?;
    Err(error.context(format!("the throw-away PostgreSQL did not start; its log says:\n{log}")))
}

fn start_on(port: u16, folder: &Path, binaries: &Path, account: Option<&Account>) -> Result<()> {
    // Many tests, each with its own database and its own pool: room for connections. Durability is of no use to a cluster that
    // does not outlive its run; the settings that change what a query answers stay as they are.
    let settings = format!(
        "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={} -c max_connections=300 -c ssl=on -c fsync=off \
         -c full_page_writes=off -c synchronous_commit=off -c shared_buffers=64MB -c max_wal_size=256MB -c autovacuum_naptime=5s",
        folder.display()
    );
    let mut pg_ctl = command_as(account, &binaries.join("pg_ctl"));
    pg_ctl.arg("--pgdata").arg(folder.join("data")).arg("--log").arg(folder.join("log"));
    pg_ctl.args(["--wait", "--timeout=60", "--silent", "--options", &settings, "start"]);
    output(&mut pg_ctl).map(|_| ())
}

pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot find a free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// A shell that waits until this process is gone, then stops the cluster and removes its folder.
///
/// It reads from a pipe that only we hold. Whether we return, fail, are interrupted or are killed, the pipe closes and the shell
/// goes on; it stands in a process group of its own, so the Ctrl-C that ends us does not end it first.
struct Keeper {
    shell: Child,
}

const KEEPER_SCRIPT: &str = r#"
cat >/dev/null
[ -f "$1/data/postmaster.pid" ] && "$2/pg_ctl" --pgdata "$1/data" --mode=immediate --silent stop
rm -rf -- "$1"
"#;

impl Keeper {
    fn stand_over(folder: &Path, binaries: &Path, account: Option<&Account>) -> Result<Self> {
        let mut shell = command_as(account, Path::new("/bin/sh"));
        shell.args(["-c", KEEPER_SCRIPT, "keeper"]).arg(folder).arg(binaries);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let shell = shell.spawn().context("cannot start the shell that cleans up after PostgreSQL")?;
        Ok(Self { shell })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if let Err(error) = self.shell.wait() {
            eprintln!("the throw-away PostgreSQL may still be running: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0::/root:/bin/sh\nnobody-else:x:7:7::/:/bin/false\nnobody:x:65534:65533::/:/bin/false\n";
        let account = read_account(accounts, "nobody").expect("nobody is there");
        assert_eq!((account.user, account.group), (65534, 65533));
        assert!(read_account(accounts, "postgres").is_none());
    }

    #[test]
    fn the_keeper_removes_the_folder_when_its_holder_is_gone() -> Result<()> {
        let folder = make_folder(None)?;
        fs::write(folder.join("something"), "x")?;
        drop(Keeper::stand_over(&folder, Path::new("/nonexistent"), None)?);
        assert!(!folder.exists(), "{} is still there", folder.display());
        Ok(())
    }
}
