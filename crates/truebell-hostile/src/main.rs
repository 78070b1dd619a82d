//! `truebell-hostile-server`: listens, says where, and lies when it is told to. See `docs/hostile-server.md`.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it talks to its terminal, and a trial that cannot begin may panic")]

use clap::Parser;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use truebell_hostile::{ATTACKS, Desk, front};

/// A server that lies to its clients, for trying them on.
#[derive(Parser)]
#[command(about, long_about = None)]
struct Options {
    /// The attack, as `--list` names it; more can be begun later, through `/hostile/begin?attack=`
    #[arg(long, value_name = "NAME")]
    attack: Option<String>,
    /// Lie from the first request on; otherwise honest until `POST /hostile/begin`
    #[arg(long, requires = "attack")]
    at_once: bool,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8484")]
    listen: SocketAddr,
    /// Print every attack and what it does
    #[arg(long)]
    list: bool,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    if options.list {
        for attack in ATTACKS {
            println!("{:<28} {}", attack.name, attack.does);
        }
        return;
    }
    let desk = Arc::new(Desk::open(options.attack.as_deref()).await);
    if options.at_once {
        desk.begin(options.attack.as_deref()).await;
    }
    let listener = TcpListener::bind(options.listen).unwrap();
    listener.set_nonblocking(true).unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    axum::serve(listener, front(desk)).await.unwrap();
}
