//! Where the process starts and ends. Everything else is the library's.

use std::process::ExitCode;

fn main() -> ExitCode {
    truebell_cli::cmd::main().into()
}
