//! The same program, pretending to be of the next version: it knows one step of the schema more. For tests of rolling upgrades,
//! never installed.

use std::process::ExitCode;

fn main() -> ExitCode {
    truebell_store::pretend_next_schema(std::env::var_os("TRUEBELL_NEXT_CONTRACTS").is_some());
    truebell_cli::cmd::main().into()
}
