//! The range service beside nginx with the same bodies as files, under `wrk` on the same cores, in turns.

use super::{Bench, CORPUS};
use crate::report::{Figure, Report};
use crate::server::{Served, binary};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Ranges of which more is asked than of others; as many files, which nginx keeps open all at once.
const SOME: u32 = 1 << 13;
/// Ranges between two of them.
const STEP: u32 = 1 << 7;
/// Turns of each, and seconds of a turn.
const TURNS: u32 = 3;
const SECONDS: u32 = 5;

/// Ranges there are.
const ALL: u32 = 1 << 20;

/// Everything about ranges.
pub(super) fn measure(report: &mut Report, bench: &Bench) -> Result<()> {
    if !report.wants("corpus ranges") {
        return Ok(());
    }
    let (some, all) = (bench.path("ranges.lua"), bench.path("all-ranges.lua"));
    for (script, ranges, step) in [(&some, SOME, STEP), (&all, ALL, 1)] {
        let path = format!("string.format('/range/%05X', math.random(0, {}) * {step})", ranges - 1);
        // Each turn of each side asks for the same ranges in the same order.
        std::fs::write(script, format!("math.randomseed(20)\nrequest = function() return wrk.format('GET', {path}) end\n"))?;
    }
    let sizes = [
        (["corpus ranges, as long as they are", "  over all ranges, more than either keeps open"], false),
        (["corpus ranges, of constant size", "  over all ranges, of constant size"], true),
    ];
    for ([name, name_of_all], constant) in sizes {
        let mut command = Command::new(binary()?);
        command
            .args(["corpus", "serve", "--json", "--listen", "127.0.0.1:0"])
            .args(constant.then_some("--constant-size"))
            .arg(bench.path(CORPUS));
        let ours = Served::start(command)?;
        let folder = bench.path(if constant { "constant" } else { "as-they-are" });
        save_bodies(&ours.address, &folder)?;
        let theirs = Nginx::start(&folder)?;
        for (name, script, of) in [(name, &some, "nginx, 8,192 of them"), (name_of_all, &all, "nginx, all 1,048,576")] {
            let (mut value, mut reference) = (0.0, 0.0);
            for _ in 0..TURNS {
                value += wrk(&ours.address, script)? / f64::from(TURNS);
                reference += wrk(&theirs.address, script)? / f64::from(TURNS);
            }
            report.add(Figure { name, value, unit: "/s", reference: Some((of, reference)), aim: "at least 0.9 of nginx" });
        }
        report.add(Figure {
            name: "  the service's memory, at its highest",
            value: ours.memory_mib()?.1,
            unit: "MiB",
            reference: None,
            aim: "512, and little more",
        });
        drop(theirs);
        // A million files: there is room for one form of them at a time.
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

/// Asks for each range once and keeps the answers as files.
fn save_bodies(address: &str, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder.join("range"))?;
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    for range in 0..ALL {
        let name = format!("{range:05X}");
        // In one piece: pieces wait for each other on the line.
        stream.get_mut().write_all(format!("GET /range/{name} HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes())?;
        let (mut length, mut line) = (0, String::new());
        while {
            line.clear();
            stream.read_line(&mut line)?
        } > 2
        {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        std::fs::write(folder.join("range").join(name), body)?;
    }
    Ok(())
}

/// Requests a second.
fn wrk(address: &str, script: &Path) -> Result<f64> {
    let mut command = Command::new("wrk");
    command.args(["-t", "1", "-c", "64", "-d", &format!("{SECONDS}s"), "-s"]).arg(script).arg(format!("http://{address}"));
    let output = command.output().context("wrk is not here: install Debian's `wrk`")?;
    let said = String::from_utf8(output.stdout)?;
    ensure!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{said}");
    let rate = said.lines().find_map(|line| line.strip_prefix("Requests/sec:")).with_context(|| said.clone())?;
    Ok(rate.trim().parse()?)
}

/// A web server with files.
struct Nginx {
    child: Child,
    address: String,
}

impl Nginx {
    fn start(folder: &Path) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut settings = String::from(
            "daemon off; worker_processes auto; worker_rlimit_nofile 20000; error_log stderr; pid nginx.pid; user root;\nevents { worker_connections 1024; }\n",
        );
        write!(
            settings,
            "http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; default_type text/plain; open_file_cache max=16000 inactive=600s;
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            server {{ listen {address}; root {}; add_header Cache-Control 'public, max-age=2678400, immutable'; }} }}\n",
            folder.display()
        )?;
        let file = folder.join("nginx.conf");
        std::fs::write(&file, settings)?;
        let program = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
        let mut command = Command::new(program);
        command.arg("-p").arg(folder).arg("-c").arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let nginx = Self { child: command.spawn().context("nginx is not here: install Debian's `nginx-light`")?, address };
        for _ in 0..100 {
            if TcpStream::connect(&nginx.address).is_ok() {
                return Ok(nginx);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        anyhow::bail!("nginx did not start");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it, when it is asked rather than killed.
        drop(Command::new("kill").arg(self.child.id().to_string()).status());
        drop(self.child.wait());
    }
}
