//! `truebell corpus serve`: ranges of a corpus over HTTP.

use super::super::context::Context;
use super::building::parse_memory;
use crate::exit::{Answered, Failure};
use crate::output::{Page, Show};
use clap::Args;
use serde::Serialize;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use truebell_corpus::Kind;
use truebell_server::ranges::{Manner, Shelf, Sizes, serve};
use truebell_server::serve::stop_signal;

/// Serve ranges of a corpus over HTTP
///
/// Speaks as the public Pwned Passwords service does: GET /range/ and five hex digits, with ?mode=ntlm and Add-Padding. Who asks says five digits of a hash and gets all
/// that begin so. A corpus that is replaced under its name is taken up within seconds.
#[derive(Debug, Args)]
pub struct Serve {
    /// The corpus; a second one may be of the other kind of hash
    #[arg(value_name = "CORPUS", required = true, num_args = 1..=2)]
    corpora: Vec<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8585")]
    listen: SocketAddr,
    /// Answers of one size, so that who watches the line cannot tell which range was asked for
    #[arg(long)]
    constant_size: bool,
    /// How long caches may keep an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2_678_400)]
    max_age: u32,
    /// Memory for what is asked again: half for parts of the corpora, half for whole answers
    #[arg(long, value_name = "SIZE", default_value = "512MiB", value_parser = parse_memory)]
    memory: usize,
}

#[derive(Serialize)]
struct Serving {
    address: SocketAddr,
    url: String,
    corpora: Vec<Served>,
}

#[derive(Serialize)]
struct Served {
    hash: &'static str,
    version: String,
    entries: u64,
}

impl Show for Serving {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        for corpus in &self.corpora {
            page.line(format_args!("{} hashes of version {}: {} entries", corpus.hash, corpus.version, corpus.entries))?;
        }
        page.line(format_args!("Ranges are served at {}/range/5BAA6", self.url))
    }
}

impl Serve {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let sizes = if self.constant_size { Sizes::Constant } else { Sizes::AsTheyAre };
        let manner = Manner { sizes, max_age_seconds: self.max_age, memory_bytes: self.memory };
        let shelf = Shelf::open(&self.corpora, manner).map_err(|error| Failure::plain(format!("{error}.")))?;
        let shelf = Arc::new(shelf);
        let corpora = [Kind::Sha1, Kind::Ntlm].into_iter().filter_map(|kind| {
            let (version, entries) = shelf.of(kind)?;
            Some(Served { hash: kind.name(), version, entries })
        });
        let corpora = corpora.collect();
        let mut said = Ok(());
        let ready = |address: SocketAddr| said = context.out.answer(&Serving { address, url: format!("http://{address}"), corpora });
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::io("The service cannot run", &error))?;
        let ended = runtime.block_on(async {
            let stop = stop_signal().map_err(|error| Failure::plain(format!("{error}.")))?;
            serve(shelf, self.listen, ready, stop).await.map_err(|error| Failure::plain(format!("{error}.")))
        });
        ended?;
        said
    }
}
