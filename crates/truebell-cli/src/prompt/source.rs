//! The options that say where one secret comes from. The same three forms for each: `--X-stdin`, `--X-file`, `--X-fd`.

use super::{ask_secret, can_ask, read_first_line, read_stdin_line};
use crate::exit::{Answered, Code, Failure};
use clap::Args;
use std::fs::File;
use std::path::{Path, PathBuf};
use truebell_core::secret::Secret;

/// Where a secret comes from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// From the next line of standard input.
    pub stdin: bool,
    /// From the first line of a file.
    pub file: Option<&'a Path>,
    /// From an open file descriptor.
    pub fd: Option<u32>,
}

impl Source<'_> {
    /// The secret, if one of the options names a place.
    pub fn read(self, what: &str) -> Answered<Option<Secret>> {
        let secret = if self.stdin {
            read_stdin_line().map_err(|error| Failure::io(format!("{what} could not be read from standard input"), &error))?
        } else if let Some(path) = self.file {
            let read = File::open(path).and_then(read_first_line);
            read.map_err(|error| Failure::io(format!("{what} could not be read from {}", path.display()), &error))?
        } else if let Some(fd) = self.fd {
            let read = File::open(format!("/dev/fd/{fd}")).and_then(read_first_line);
            read.map_err(|error| Failure::io(format!("{what} could not be read from file descriptor {fd}"), &error))?
        } else {
            return Ok(None);
        };
        if secret.is_empty() {
            return Err(Failure::usage(format!("{what} is empty where it was to be read from.")));
        }
        Ok(Some(secret))
    }

    /// The secret from its option, else asked for; `option` is named where nobody can be asked.
    pub fn read_or_ask(self, what: &str, option: &str) -> Answered<Secret> {
        if let Some(secret) = self.read(what)? {
            return Ok(secret);
        }
        if !can_ask() {
            return Err(Failure::new(
                Code::Locked,
                format!("{what} is needed, and nobody can be asked here: give it with --{option}-stdin, --{option}-file or --{option}-fd."),
            ));
        }
        ask_secret(what)
    }
}

macro_rules! source_args {
    ($(#[$doc:meta])* $name:ident, $stdin:literal, $file:literal, $fd:literal, $hide:literal, $global:literal, $heading:literal,
     $stdin_help:literal, $file_help:literal, $fd_help:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, Args)]
        pub struct $name {
            #[doc = $stdin_help]
            #[arg(id = $stdin, long = $stdin, global = $global, hide_short_help = $hide, help_heading = $heading, conflicts_with_all = [$file, $fd])]
            stdin: bool,
            #[doc = $file_help]
            #[arg(id = $file, long = $file, value_name = "FILE", global = $global, hide_short_help = $hide, help_heading = $heading, conflicts_with = $fd)]
            file: Option<PathBuf>,
            #[doc = $fd_help]
            #[arg(id = $fd, long = $fd, value_name = "N", global = $global, hide_short_help = $hide, help_heading = $heading)]
            fd: Option<u32>,
        }

        impl $name {
            /// The place they name.
            pub fn source(&self) -> Source<'_> {
                Source { stdin: self.stdin, file: self.file.as_deref(), fd: self.fd }
            }
        }
    };
}

source_args!(
    /// The account password.
    PasswordArgs, "password-stdin", "password-file", "password-fd", true, true, "Where the account password comes from",
    "Read the account password from a line of standard input",
    "Read the account password from the first line of FILE",
    "Read the account password from file descriptor N"
);
source_args!(
    /// A password that is to be the account password from now on.
    NewPasswordArgs, "new-password-stdin", "new-password-file", "new-password-fd", false, false, "Where the new account password comes from",
    "Read the new account password from a line of standard input (after the current one)",
    "Read the new account password from the first line of FILE",
    "Read the new account password from file descriptor N"
);
source_args!(
    /// The Secret Key.
    SecretKeyArgs, "secret-key-stdin", "secret-key-file", "secret-key-fd", false, false, "Where the Secret Key comes from",
    "Read the Secret Key from a line of standard input (after the password)",
    "Read the Secret Key from the first line of FILE",
    "Read the Secret Key from file descriptor N"
);
source_args!(
    /// The code of a second factor.
    CodeArgs, "code-stdin", "code-file", "code-fd", false, false, "Where the second factor's code comes from",
    "Read the second factor's code from a line of standard input (after the password and the Secret Key)",
    "Read the second factor's code from the first line of FILE",
    "Read the second factor's code from file descriptor N"
);
source_args!(
    /// The password of a file that is imported.
    ImportPasswordArgs, "import-password-stdin", "import-password-file", "import-password-fd", false, false, "Where the imported file's password comes from",
    "Read the file's password from a line of standard input (after the account password, if that comes from there too)",
    "Read the file's password from the first line of FILE",
    "Read the file's password from file descriptor N"
);
source_args!(
    /// The password a file is sealed with.
    ExportPasswordArgs, "export-password-stdin", "export-password-file", "export-password-fd", false, false, "Where the exported file's password comes from",
    "Read the file's password from a line of standard input (after the account password, if that comes from there too)",
    "Read the file's password from the first line of FILE",
    "Read the file's password from file descriptor N"
);

source_args!(
    /// The password of a file of the operator's: a backup.
    FilePasswordArgs, "file-password-stdin", "file-password-file", "file-password-fd", false, false, "Where the file's password comes from",
    "Read the file's password from a line of standard input",
    "Read the file's password from the first line of FILE",
    "Read the file's password from file descriptor N"
);

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_and_a_descriptor_give_the_same_secret() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"pass word\nnot this\n").unwrap();
        let from_file = Source { stdin: false, file: Some(file.path()), fd: None }.read("The password").unwrap().unwrap();
        let opened = File::open(file.path()).unwrap();
        let number = u32::try_from(std::os::fd::AsRawFd::as_raw_fd(&opened)).unwrap();
        let from_fd = Source { stdin: false, file: None, fd: Some(number) }.read("The password").unwrap().unwrap();
        assert_eq!((from_file.expose(), from_fd.expose()), ("pass word", "pass word"));
    }

    #[test]
    fn an_empty_secret_is_refused_and_a_missing_file_says_its_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let empty = Source { stdin: false, file: Some(file.path()), fd: None }.read("The password").unwrap_err();
        assert_eq!(empty.message, "The password is empty where it was to be read from.");
        let missing = Source { stdin: false, file: Some(Path::new("/nowhere/p")), fd: None }.read("The password").unwrap_err();
        assert_eq!(missing.message, "The password could not be read from /nowhere/p: there is no such file.");
    }
}
