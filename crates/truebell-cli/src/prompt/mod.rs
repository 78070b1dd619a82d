//! How secrets and answers come in: a prompt on the terminal, a line of standard input, a file, a file descriptor; never argv, never
//! the environment. Never here: what they are for.

mod source;

pub use source::{
    CodeArgs, ExportPasswordArgs, FilePasswordArgs, ImportPasswordArgs, NewPasswordArgs, PasswordArgs, SecretKeyArgs, Source,
};

use crate::exit::{Answered, Code, Failure};
use std::io::{self, IsTerminal, Read, Write};
use truebell_core::secret::Secret;
use zeroize::Zeroizing;

/// A line of a secret is never longer.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// A secret from a file is never longer.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Whether a person can be asked.
pub fn can_ask() -> bool {
    (io::stdin().is_terminal() || io::stderr().is_terminal()) && std::env::var_os("TRUEBELL_NO_PROMPT").is_none()
}

/// Asks for a secret on the terminal, without showing it.
pub fn ask_secret(question: &str) -> Answered<Secret> {
    rpassword::prompt_password(format!("{question}: "))
        .map(Secret::new)
        .map_err(|error| Failure::io(format!("{question} could not be read from the terminal"), &error))
}

/// Asks for a line that may be seen.
pub fn ask_line(question: &str) -> Answered<String> {
    let ask = || -> io::Result<String> {
        let mut terminal = io::stderr().lock();
        write!(terminal, "{question}: ")?;
        terminal.flush()?;
        Ok(read_line(&mut Stdin)?.expose().trim().to_owned())
    };
    ask().map_err(|error| Failure::io(format!("{question} could not be read from the terminal"), &error))
}

/// A question with yes or no. Where nobody can be asked, `--yes` has to say it.
pub fn confirm(question: &str, yes: bool) -> Answered {
    if yes {
        return Ok(());
    }
    if !can_ask() {
        return Err(Failure::usage(format!("{question} Nobody can be asked here: add --yes to go on.")));
    }
    match ask_line(&format!("{question} [y/N]"))?.to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new(Code::Declined, "Nothing was changed.")),
    }
}

/// Standard input without a buffer of ours: what follows a line is left to whoever reads next, be it a program that `run` starts.
struct Stdin;

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::retry_on_intr(|| rustix::io::read(rustix::stdio::stdin(), &mut *buffer))?)
    }
}

/// The next line of standard input, without its end. Read byte by byte, so that what follows is left for others to read.
pub fn read_stdin_line() -> io::Result<Secret> {
    read_line(&mut Stdin)
}

fn read_line(from: &mut impl Read) -> io::Result<Secret> {
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    let mut byte = Zeroizing::new([0_u8]);
    while line.len() < LINE_BYTES_MAX && from.read(&mut *byte)? == 1 {
        if *byte == [b'\n'] {
            break;
        }
        line.extend_from_slice(&*byte);
    }
    first_line(&line)
}

/// The first line of a file or descriptor.
fn read_first_line(from: impl Read) -> io::Result<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    from.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    first_line(bytes.split(|byte| *byte == b'\n').next().unwrap_or_default())
}

fn first_line(bytes: &[u8]) -> io::Result<Secret> {
    let text = std::str::from_utf8(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
}

/// Everything on standard input, as one secret text without the last line end.
pub fn read_stdin_whole() -> io::Result<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    Stdin.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    Ok(Secret::new(text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_standard_input_is_one_secret_and_the_rest_stays() {
        let mut input: &[u8] = b"first \r\nsecond\nrest";
        assert_eq!(read_line(&mut input).unwrap().expose(), "first ");
        assert_eq!(read_line(&mut input).unwrap().expose(), "second");
        assert_eq!(input, b"rest");
        assert_eq!(read_line(&mut input).unwrap().expose(), "rest");
        assert_eq!(read_line(&mut input).unwrap().expose(), "");
    }

    #[test]
    fn a_file_gives_its_first_line() {
        assert_eq!(read_first_line(&b"secret\nremark"[..]).unwrap().expose(), "secret");
        assert!(read_first_line(&b"\xff\xfe"[..]).is_err());
    }
}
