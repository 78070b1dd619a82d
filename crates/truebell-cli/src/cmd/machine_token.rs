//! Being a machine: the token from the environment, and the run that reads its vaults with it. Never here: making one (`machine.rs`).

use super::files::read_whole;
use crate::agent::failure_of;
use crate::exit::{Answered, Code, Failure};
use std::path::Path;
use std::time::Duration;
use truebell_client::{Authority, Client, Kind, World, open_machine};
use truebell_core::machine::{MachineToken, TOKEN_LEN_MAX};
use truebell_core::secret::Secret;

/// The token itself.
const TOKEN: &str = "TRUEBELL_MACHINE_TOKEN";
/// A file that holds it.
const TOKEN_FILE: &str = "TRUEBELL_MACHINE_TOKEN_FILE";
/// The server's own certificate authority, PEM.
const CA_FILE: &str = "TRUEBELL_CA_FILE";

/// What is never passed on to another process.
pub(crate) const VARIABLES: [&str; 2] = [TOKEN, TOKEN_FILE];

/// Pauses before the next try, where the server was not reached or is busy: nobody sits beside a build to start it again.
const PAUSES: [Duration; 2] = [Duration::from_millis(400), Duration::from_millis(1600)];

/// The token of this environment; `None` where a person is at work.
pub(super) fn read() -> Answered<Option<MachineToken>> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let text = match (variable(TOKEN), variable(TOKEN_FILE)) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return Err(Failure::usage(format!("Set {TOKEN} or {TOKEN_FILE}, and not both."))),
        // What is not text becomes something that is no token.
        (Some(token), None) => Secret::new(token.into_string().unwrap_or_default()),
        (None, Some(file)) => {
            let bytes =
                read_whole(Path::new(&file), 2 * TOKEN_LEN_MAX as u64).map_err(|failure| Failure { code: Code::Token, ..failure })?;
            Secret::new(std::str::from_utf8(&bytes).unwrap_or_default())
        }
    };
    let token = MachineToken::parse(text.expose()).map_err(|error| {
        let words = error.to_string();
        let (first, rest) = words.split_at(1);
        Failure::new(Code::Token, format!("{}{rest}.", first.to_uppercase()))
    })?;
    Ok(Some(token))
}

/// Reads the machine's vaults.
pub(super) fn open(token: &MachineToken) -> Answered<Client> {
    let mut pauses = PAUSES.iter();
    loop {
        match open_machine(token, world()?) {
            Err(error) if error.kind() == Kind::Offline => match pauses.next() {
                Some(pause) => std::thread::sleep(*pause),
                None => return Err(failure_of(&error)),
            },
            opened => return opened.map_err(|error| failure_of(&error)),
        }
    }
}

fn world() -> Answered<World> {
    let Some(file) = std::env::var_os(CA_FILE).filter(|file| !file.is_empty()) else { return Ok(World::system()) };
    let pem = std::fs::read(&file)
        .map_err(|error| Failure::io(format!("The certificate authority that {CA_FILE} names cannot be read"), &error))?;
    let authority =
        Authority::parse(&pem).map_err(|error| Failure::usage(format!("{CA_FILE} names no certificate authority: {error}.")))?;
    Ok(World::trusting(Some(authority)))
}
