//! A real MariaDB for the tests: a throw-away server on a free loopback port, gone when the task ends however it ends.
//!
//! Never here: a server that anybody keeps data in. Nothing is written to disk safely, and the folder is removed.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::postgres::{Account, command_as, free_port, make_folder, unprivileged_account, write_certificate};
use crate::workspace::{find_program, output, run as run_command};

/// Holds the URL of a user who may do everything; each test creates a database of its own.
pub(crate) const VARIABLE: &str = "TRUEBELL_TEST_MARIADB";

/// Run by the server before it lets anybody in.
const FIRST_STATEMENTS: &str =
    "CREATE USER 'truebell'@'127.0.0.1' IDENTIFIED BY 'truebell';\nGRANT ALL ON *.* TO 'truebell'@'127.0.0.1' WITH GRANT OPTION;\n";

/// Attempts to win the race for a free port, and looks at a starting server, five a second.
const PORT_ATTEMPTS: usize = 3;
const LOOKS: usize = 300;
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The command and its arguments, after `--`.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// Runs the given command with a server beside it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let server = Server::start()?;
    let (program, arguments) = options.command.split_first().context("name the command to run after `--`")?;
    run_command(Command::new(program).args(arguments).env(VARIABLE, server.url()))
}

/// A running server, or somebody else's that we were pointed at.
pub(crate) struct Server {
    url: String,
    keeper: Option<Keeper>,
}

impl Server {
    /// Uses the server that `TRUEBELL_TEST_MARIADB` names, or starts one.
    pub(crate) fn start() -> Result<Self> {
        if let Ok(url) = std::env::var(VARIABLE) {
            return Ok(Self { url, keeper: None });
        }
        let missing = "MariaDB's programs are not found: install Debian's `mariadb-server`, or set TRUEBELL_TEST_MARIADB";
        let daemon = find_daemon().context(missing)?;
        let account = unprivileged_account()?;
        let folder = make_folder(account.as_ref())?;
        // The keeper stands before there is anything to keep, so that no failure below leaves a server behind.
        let keeper = Keeper::stand_over(&folder, account.as_ref())?;
        initialise(&folder, account.as_ref()).context(missing)?;
        let port = start_on_free_port(&folder, &daemon, account.as_ref())?;
        Ok(Self { url: format!("mariadb://truebell:truebell@127.0.0.1:{port}/mysql"), keeper: Some(keeper) })
    }

    /// A user who may do everything, on the database `mysql`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Whether the server is ours to throw away.
    pub(crate) fn is_throw_away(&self) -> bool {
        self.keeper.is_some()
    }
}

/// Debian keeps it out of most people's `PATH`.
pub(crate) fn find_daemon() -> Option<PathBuf> {
    find_program("mariadbd").or_else(|| Some(PathBuf::from("/usr/sbin/mariadbd")).filter(|file| file.is_file()))
}

fn initialise(folder: &Path, account: Option<&Account>) -> Result<()> {
    let program = find_program("mariadb-install-db").context("`mariadb-install-db` is not on the PATH")?;
    let mut install = command_as(account, &program);
    install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    install.arg(format!("--datadir={}", folder.join("data").display()));
    output(&mut install).context("cannot initialise a throw-away MariaDB")?;
    fs::write(folder.join("first.sql"), FIRST_STATEMENTS)?;
    write_certificate(folder, account)
}

fn start_on_free_port(folder: &Path, daemon: &Path, account: Option<&Account>) -> Result<u16> {
    for _ in 0..PORT_ATTEMPTS {
        let port = free_port()?;
        if start_on(port, folder, daemon, account)? {
            return Ok(port);
        }
    }
    let log = fs::read_to_string(folder.join("log.err")).unwrap_or_default();
    bail!("the throw-away MariaDB did not start; its log says:\n{log}")
}

/// Whether it lets people in before it ends or time is up.
fn start_on(port: u16, folder: &Path, daemon: &Path, account: Option<&Account>) -> Result<bool> {
    let of = |name: &str, file: &str| format!("--{name}={}", folder.join(file).display());
    let mut command = command_as(account, daemon);
    // Durability is of no use to a server that does not outlive its run; the settings that change what a query answers stay as they are.
    command.args(["--no-defaults", "--bind-address=127.0.0.1", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"]);
    command.args(["--innodb-buffer-pool-size=64M", "--max-connections=300", "--skip-log-bin"]).arg(format!("--port={port}"));
    command.args([
        of("datadir", "data"),
        of("socket", "socket"),
        of("pid-file", "pid"),
        of("log-error", "log.err"),
        of("init-file", "first.sql"),
    ]);
    let mut server = command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn().context("cannot start `mariadbd`")?;
    let ready = format!("port: {port}");
    for _ in 0..LOOKS {
        let log = fs::read_to_string(folder.join("log.err")).unwrap_or_default();
        if log.contains("ready for connections") && log.contains(&ready) {
            return Ok(true);
        }
        if server.try_wait()?.is_some() {
            return Ok(false);
        }
        sleep(BETWEEN_LOOKS);
    }
    server.kill()?;
    Ok(false)
}

/// A shell that waits until this process is gone, then stops the server and removes its folder: as PostgreSQL's.
struct Keeper {
    shell: Child,
}

const KEEPER_SCRIPT: &str = r#"
cat >/dev/null
if [ -f "$1/pid" ]; then
    pid=$(cat "$1/pid")
    kill -KILL "$pid"
fi
sleep 0.2
rm -rf -- "$1"
"#;

impl Keeper {
    fn stand_over(folder: &Path, account: Option<&Account>) -> Result<Self> {
        let mut shell = command_as(account, Path::new("/bin/sh"));
        shell.args(["-c", KEEPER_SCRIPT, "keeper"]).arg(folder);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        Ok(Self { shell: shell.spawn().context("cannot start the shell that cleans up after MariaDB")? })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if let Err(error) = self.shell.wait() {
            eprintln!("the throw-away MariaDB may still be running: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keeper_ends_the_server_it_is_named_and_removes_the_folder() -> Result<()> {
        let folder = make_folder(None)?;
        let mut server = Command::new("sleep").arg("600").spawn()?;
        fs::write(folder.join("pid"), server.id().to_string())?;
        drop(Keeper::stand_over(&folder, None)?);
        assert!(!folder.exists(), "{} is still there", folder.display());
        assert!(!server.wait()?.success(), "it was killed");
        Ok(())
    }
}
