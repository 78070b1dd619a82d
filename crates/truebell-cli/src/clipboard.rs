//! The clipboard, which clears itself. A small process of its own holds the value, because a clipboard's owner has to stay; it gets
//! the value through a pipe, and after a while clears the clipboard if it still holds that value.

use crate::cmd::Context;
use crate::exit::{Answered, Failure};
use crate::output::Done;
use arboard::{Clipboard, SetExtLinux};
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;
use truebell_core::secret::Secret;
use zeroize::Zeroizing;

/// How long a value stays.
const STAYS: Duration = Duration::from_secs(45);

/// Puts a value on the clipboard; `what` begins the sentence about it.
pub fn copy(context: &mut Context, value: &Secret, what: &str) -> Answered {
    if !has_display() {
        return Err(Failure::plain("There is no clipboard here, because there is no display: leave --copy away to print the value."));
    }
    let failed = |error: &io::Error| Failure::io("The clipboard could not be reached", error);
    let program = std::env::current_exe().map_err(|error| failed(&error))?;
    let [token, token_file] = crate::cmd::machine_token::VARIABLES;
    let mut keeper = Command::new(program)
        .env_remove(token)
        .env_remove(token_file)
        .args(["clipboard", "--internal"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| failed(&error))?;
    if let Some(mut stdin) = keeper.stdin.take() {
        // If it has died already, its last words say why.
        drop(stdin.write_all(value.expose().as_bytes()));
    }
    let mut words = String::new();
    if let Some(mut stdout) = keeper.stdout.take() {
        stdout.read_to_string(&mut words).map_err(|error| failed(&error))?;
    }
    if words != READY {
        return Err(Failure::plain(format!(
            "The clipboard could not be used: {}",
            if words.is_empty() { "it did not answer." } else { &words }
        )));
    }
    let sentence = format!("{what} is on the clipboard for {} seconds.", STAYS.as_secs());
    context.out.answer(&Done::with(sentence, serde_json::json!({ "copied": true, "clears_after_s": STAYS.as_secs() })))
}

fn has_display() -> bool {
    ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

const READY: &str = "ready";

/// The process that holds the value.
pub fn run_keeper() -> Answered {
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).unwrap_or_default();
    rustix::process::setsid().map(|_| ()).unwrap_or_default();
    let mut value = Zeroizing::new(String::with_capacity(64 * 1024));
    io::stdin().lock().read_to_string(&mut value).map_err(|error| Failure::io("The value could not be read", &error))?;
    let mut clipboard = match Clipboard::new() {
        Ok(clipboard) => clipboard,
        Err(error) => return say(&format!("{error}.")),
    };
    if let Err(error) = clipboard.set().exclude_from_history().text(value.as_str()) {
        return say(&format!("{error}."));
    }
    say(READY)?;
    std::thread::sleep(STAYS);
    // Somebody else's value is left alone.
    if clipboard.get_text().is_ok_and(|text| Zeroizing::new(text) == value) {
        clipboard.clear().map_err(|error| Failure::plain(format!("{error}.")))?;
    }
    Ok(())
}

/// One word to the waiting command, which then goes on.
fn say(word: &str) -> Answered {
    let said = io::stdout().write_all(word.as_bytes()).and_then(|()| io::stdout().flush()).and_then(|()| {
        let null = std::fs::File::options().write(true).open("/dev/null")?;
        Ok(rustix::stdio::dup2_stdout(&null)?)
    });
    said.map_err(|error| Failure::io("Nobody waited for the clipboard", &error))
}
