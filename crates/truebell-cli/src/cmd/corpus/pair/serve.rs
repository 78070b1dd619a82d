//! `truebell corpus pair serve`: pairs over HTTP, under a budget.

use crate::cmd::context::Context;
use crate::exit::{Answered, Failure};
use crate::output::{Page, Show};
use clap::Args;
use serde::Serialize;
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use truebell_server::chance::MachineChance;
use truebell_server::clock::MachineClock;
use truebell_server::config::{Network, Networks};
use truebell_server::pairs::{Budget, PairService, PairShelf, Rates, serve};
use truebell_server::serve::stop_signal;

/// Serve pairs over HTTP
///
/// Who asks shows neither address nor password, and gets an answer of one size. Each question is a guess all the same, so each address has a budget, and its network four times that. A file that is replaced
/// under its name is taken up within seconds, once its key fits it. Do not let one operator answer this and ranges: together they tell more than each (docs/formats/pairs.md).
#[derive(Debug, Args)]
pub struct Serve {
    /// The file of pairs
    #[arg(value_name = "PAIRS")]
    pairs: PathBuf,
    /// Its key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8586")]
    listen: SocketAddr,
    /// Questions an address may ask at once
    #[arg(long, value_name = "N", default_value = "200")]
    burst: NonZero<u32>,
    /// Seconds until an address may ask one more
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    refill: NonZero<u32>,
    /// A network that answers for its own users and has no budget here, as 192.0.2.0/24
    #[arg(long, value_name = "NETWORK")]
    partner: Vec<Network>,
    /// The network of a proxy of yours, whose X-Forwarded-For is believed
    #[arg(long, value_name = "NETWORK")]
    trusted_proxy: Vec<Network>,
}

#[derive(Serialize)]
struct Serving {
    address: SocketAddr,
    url: String,
    version: String,
    public_key: String,
    pairs: u64,
}

impl Show for Serving {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!("{} pairs of version {}", self.pairs, self.version))?;
        page.line(format_args!("Public key {}", self.public_key))?;
        page.line(format_args!("Questions are answered at {}/pair", self.url))
    }
}

impl Serve {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let shelf = PairShelf::open(&self.pairs, &self.key).map_err(|error| Failure::plain(format!("{error}.")))?;
        let about = shelf.about();
        let rates = Rates::new(self.burst.get(), Duration::from_secs(u64::from(self.refill.get())));
        let budget = Budget::new(rates, Networks(self.partner), Networks(self.trusted_proxy));
        let service = Arc::new(PairService::new(shelf, budget, MachineClock, MachineChance));
        let mut said = Ok(());
        let ready = |address: SocketAddr| {
            let url = format!("http://{address}");
            said = context.out.answer(&Serving { address, url, version: about.version, public_key: about.public_key, pairs: about.pairs });
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::io("The service cannot run", &error))?;
        let ended = runtime.block_on(async {
            let stop = stop_signal().map_err(|error| Failure::plain(format!("{error}.")))?;
            serve(service, self.listen, ready, stop).await.map_err(|error| Failure::plain(format!("{error}.")))
        });
        ended?;
        said
    }
}
