//! Starting the agent: this program once more, detached, with the password handed over through a pipe that only the two hold. Never
//! argv, never the environment.

use super::lease::Stay;
use crate::exit::{Answered, Failure};
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use truebell_core::secret::Secret;
use zeroize::Zeroizing;

/// What the agent needs to begin.
#[derive(Debug, Serialize, Deserialize)]
pub struct Handover {
    /// The profile.
    pub profile: String,
    /// `TRUEBELL_HOME`, if set.
    pub home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`, if it is to be used.
    pub runtime: Option<PathBuf>,
    /// The account password.
    pub password: Secret,
    /// The Secret Key, where it was changed on another device.
    pub secret_key: Option<Secret>,
    /// How long to remember.
    pub stay: Stay,
}

/// What the agent says once, when it is ready or has failed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ready {
    #[serde(rename = "ready")]
    Ready,
    #[serde(rename = "failure")]
    Failure(Failure),
}

/// Starts the agent and waits until it has unlocked the account, or could not.
pub fn start(handover: &Handover) -> Answered {
    let failed = |error: &std::io::Error| Failure::io("The agent could not be started", error);
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let [token, token_file] = crate::cmd::machine_token::VARIABLES;
    let mut child = Command::new(program)
        .env_remove(token)
        .env_remove(token_file)
        .args(["agent", "--internal"])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(&error))?;
    let handover = Zeroizing::new(serde_json::to_vec(handover).map_err(|_| Failure::plain("The agent could not be told what to do."))?);
    if let Some(mut stdin) = child.stdin.take() {
        // If it has died already, its last words say why.
        drop(stdin.write_all(&handover));
    }
    let mut words = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_end(&mut words).map_err(|error| failed(&error))?;
    }
    match serde_json::from_slice(&words) {
        Ok(Ready::Ready) => Ok(()),
        Ok(Ready::Failure(failure)) => Err(failure),
        Err(_) => Err(Failure::plain("The agent ended before it was ready: try again, or work without it (--no-agent).")),
    }
}
