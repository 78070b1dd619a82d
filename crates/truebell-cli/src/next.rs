//! The same program, pretending to be of the next version, which knows one step of the schema more; or, with `TRUEBELL_DIES_AT`, one that
//! dies at a point of a move. For tests with real processes, never installed.

use std::process::ExitCode;

fn main() -> ExitCode {
    match std::env::var("TRUEBELL_DIES_AT") {
        Ok(point) => truebell_server::moving::deaths::die_at(point, 1),
        Err(_) => truebell_store::pretend_next_schema(std::env::var_os("TRUEBELL_NEXT_CONTRACTS").is_some()),
    }
    truebell_cli::cmd::main().into()
}
