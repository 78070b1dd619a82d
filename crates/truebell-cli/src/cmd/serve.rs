//! `truebell serve`: the server in the foreground, until it is told to stop.

use super::config::ConfigArgs;
use super::context::Context;
use crate::exit::{Answered, Failure};
use crate::output::{Page, Show};
use clap::Args;
use serde::Serialize;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;
use truebell_core::wire::server::SignUpMode;
use truebell_server::serve::{Ready, serve, stop_signal};

/// Run a server
///
/// The first start makes the server's key and its database in the data folder. Later starts refuse if one of the two is gone or is
/// another server's: they never make a new one in its place. SIGTERM and SIGINT let requests end first; SIGHUP reads the TLS
/// certificate again.
#[derive(Debug, Args)]
pub struct Serve {
    /// Address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8484]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Who may sign up: open, invite or closed [default: invite]
    #[arg(long, value_name = "WHO")]
    signup: Option<String>,
    /// Make this data folder another server, because its database is gone for good
    ///
    /// Every client will say that this is another server, and nothing of the old one comes back. To bring data back use `truebell
    /// restore` instead. The old key is moved aside.
    #[arg(long)]
    new_identity: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

/// What is said once the server answers.
#[derive(Serialize)]
struct Serving {
    address: SocketAddr,
    url: String,
    fingerprint: String,
    server: String,
    pid: u32,
    is_new: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<SocketAddr>,
    data: PathBuf,
    #[serde(skip)]
    sign_up: SignUpMode,
    #[serde(skip)]
    shows_next: bool,
}

impl Show for Serving {
    fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.line(format_args!("Truebell serves {}", self.url))?;
        page.line(format_args!("Fingerprint   {}", self.fingerprint))?;
        page.line(format_args!("Data          {}", self.data.display()))?;
        if let Some(metrics) = self.metrics {
            page.line(format_args!("Metrics       http://{metrics}/metrics"))?;
        }
        if !self.shows_next {
            return Ok(());
        }
        page.line("\nNext:")?;
        let invitation = match self.sign_up {
            SignUpMode::Open => "",
            SignUpMode::Invite => {
                page.line(format_args!("  truebell invite --data {}", self.data.display()))?;
                " --invitation INV-…"
            }
            SignUpMode::Closed => return page.line("  Nobody can sign up: start with --signup open or --signup invite."),
        };
        page.line(format_args!("  truebell signup --server {} --email ada@example.org --kit kit.pdf{invitation}", self.url))?;
        page.line("  truebell import vault.kdbx --dry-run")?;
        page.line("  truebell --profile phone signin --kit kit.pdf")?;
        page.line("")
    }
}

impl Serve {
    /// Runs it.
    pub fn run(self, context: &mut Context) -> Answered {
        let own = [("listen", "--listen", self.listen.as_ref()), ("sign_up", "--signup", self.signup.as_ref())];
        let config = self.config.load(&own)?.config;
        truebell_server::logs::start(config.log_format, config.log_level);
        let (data, sign_up, outbox) = (config.data.clone(), config.sign_up, config.outbox());
        let mut said = Ok(());
        let out = &mut context.out;
        let ready = |ready: Ready| {
            for remark in &ready.remarks {
                let place = if remark.setting == "mail_relay" { format!(" ({})", outbox.display()) } else { String::new() };
                out.warn(format_args!("{}{place} [{}]", remark.sentence, remark.setting));
            }
            said = out.answer(&Serving {
                address: ready.address,
                url: ready.public_url,
                fingerprint: ready.fingerprint.to_string(),
                server: ready.server.to_string(),
                pid: std::process::id(),
                is_new: ready.is_new,
                metrics: ready.metrics,
                data,
                sign_up,
                shows_next: ready.is_new || io::stdout().is_terminal(),
            });
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Failure::io("The server cannot run", &error))?;
        let ended = runtime.block_on(async {
            let stop = stop_signal()?;
            serve(config, self.new_identity, ready, stop).await
        });
        ended.map_err(|error| Failure::plain(format!("{error}.")))?;
        said
    }
}
