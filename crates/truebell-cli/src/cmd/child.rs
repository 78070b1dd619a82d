//! A child process: its environment, its masked output, its signals, its end. Never here: which secrets it gets.

use super::refer::mask::Masker;
use crate::exit::{Answered, Failure, describe_io};
use rustix::process::{Pid, Signal};
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use truebell_core::secret::Secret;

/// What to run.
pub(super) struct Child<'a> {
    /// The program.
    pub program: &'a OsString,
    /// Its arguments.
    pub arguments: &'a [OsString],
    /// Variables added to its environment.
    pub variables: Vec<(String, Secret)>,
    /// Secrets masked in its output; `None` leaves it our own output.
    pub masked: Option<Vec<Secret>>,
}

/// As shells answer for a program that is not there, and for one that cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;

/// Runs it to its end, and gives its exit status as shells do.
pub(super) fn run_child(child: Child<'_>) -> Answered<u8> {
    let failed = |error: &io::Error| Failure::io("The program could not be watched", error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| failed(&error))?;
    runtime.block_on(watch(child)).map_err(|error| failed(&error))
}

async fn watch(child: Child<'_>) -> io::Result<u8> {
    let mut command = Command::new(child.program);
    // The machine's token opens more than the program was given.
    for name in super::machine_token::VARIABLES {
        command.env_remove(name);
    }
    command.args(child.arguments).envs(child.variables.iter().map(|(name, value)| (name, value.expose())));
    if child.masked.is_some() {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
    }
    let mut signals = Signals::listen()?;
    let mut process = match command.spawn() {
        Ok(process) => process,
        Err(error) => return cannot_start(child.program, &error).await,
    };
    drop(command);
    let secrets = child.masked.unwrap_or_default();
    let out = mask(process.stdout.take(), Masker::new(secrets.clone()), tokio::io::stdout());
    let err = mask(process.stderr.take(), Masker::new(secrets), tokio::io::stderr());
    let pid = process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let end = async {
        loop {
            tokio::select! {
                status = process.wait() => return status,
                signal = signals.next() => if let Some(pid) = pid { rustix::process::kill_process(pid, signal).unwrap_or_default() },
            }
        }
    };
    let (status, (), ()) = tokio::join!(end, out, err);
    Ok(status_of(status?))
}

async fn cannot_start(program: &OsString, error: &io::Error) -> io::Result<u8> {
    let words = format!("error: {} could not be run: {}.\n", program.to_string_lossy(), describe_io(error));
    tokio::io::stderr().write_all(words.as_bytes()).await?;
    Ok(if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_RUNNABLE })
}

fn status_of(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

async fn mask(from: Option<impl AsyncRead + Unpin>, mut masker: Masker, mut to: impl AsyncWrite + Unpin) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; 16 * 1024];
    let mut shown = Vec::new();
    loop {
        // A pipe that breaks ends like one that was closed: what is left is masked and shown.
        let len = from.read(&mut buffer).await.unwrap_or(0);
        if len == 0 {
            masker.finish(&mut shown);
        } else {
            masker.feed(buffer.get(..len).unwrap_or_default(), &mut shown);
        }
        let written = to.write_all(&shown).await.is_ok() && to.flush().await.is_ok();
        shown.clear();
        if len == 0 || !written {
            // Dropping our end tells the program that nobody reads any more.
            return;
        }
    }
}

/// Signals passed on to the child.
struct Signals {
    streams: Vec<(tokio::signal::unix::Signal, Signal, bool)>,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        // A terminal sends these to the child as well; passed on, they would come twice.
        let from_terminal = io::stdin().is_terminal();
        let kinds = [
            (SignalKind::terminate(), Signal::TERM, true),
            (SignalKind::hangup(), Signal::HUP, true),
            (SignalKind::user_defined1(), Signal::USR1, true),
            (SignalKind::user_defined2(), Signal::USR2, true),
            (SignalKind::interrupt(), Signal::INT, !from_terminal),
            (SignalKind::quit(), Signal::QUIT, !from_terminal),
        ];
        let streams = kinds.into_iter().map(|(kind, number, passed)| Ok((signal(kind)?, number, passed))).collect::<io::Result<_>>()?;
        Ok(Self { streams })
    }

    /// The next signal to pass on.
    async fn next(&mut self) -> Signal {
        std::future::poll_fn(|task| {
            for (stream, number, passed) in &mut self.streams {
                while let std::task::Poll::Ready(Some(())) = stream.poll_recv(task) {
                    if *passed {
                        return std::task::Poll::Ready(*number);
                    }
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}
