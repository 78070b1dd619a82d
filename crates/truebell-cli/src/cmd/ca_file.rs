//! The option that names a server's own certificate authority, and the network that trusts it. Never here: what a certificate is.

use super::context::Context;
use crate::agent::failure_of;
use crate::exit::{Answered, Failure};
use clap::Args;
use std::path::PathBuf;
use truebell_client::{Authority, World};

/// Whom to trust beside the built-in authorities.
#[derive(Debug, Args)]
pub(super) struct CaFile {
    /// The server's own certificate authority, a PEM file [default: the one this profile was given]
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl CaFile {
    /// The authority, if one is named.
    pub(super) fn read(&self) -> Answered<Option<Authority>> {
        let Some(file) = &self.ca_file else { return Ok(None) };
        let pem = std::fs::read(file)
            .map_err(|error| Failure::io(format!("The certificate authority in {} cannot be read", file.display()), &error))?;
        let authority = Authority::parse(&pem);
        authority.map(Some).map_err(|error| Failure::usage(format!("{} is not a certificate authority: {error}.", file.display())))
    }

    /// The network that trusts it, or else the one the profile remembers.
    pub(super) fn world(&self, context: &Context) -> Answered<World> {
        match self.read()? {
            Some(authority) => Ok(World::trusting(Some(authority))),
            None => World::of(&context.profile()?).map_err(|error| failure_of(&error)),
        }
    }
}
