//! A range service somewhere else, asked over HTTP. What may be believed of it is decided in `truebell_corpus::inquiry`; here are the requests and nothing more.

use crate::exit::{Answered, Failure};
use std::collections::BTreeMap;
use std::io::Read;
use std::thread;
use std::time::Duration;
use truebell_client::SystemChance;
use truebell_core::chance::make_array;
use truebell_corpus::inquiry::{ANSWER_BYTES_MAX, Inquiry, Reply, Verdict};
use truebell_corpus::{Digest, Kind};
use truebell_engine::health::is_insecure;
use ureq::tls::{RootCerts, TlsConfig};

/// One request, from the first try to connect to the last byte.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Requests that are under way at once: enough that a distant service is not waited for ten thousand times, and few enough for any.
const AT_ONCE: usize = 8;

/// Asks a service for these digests. The first five digits of each are told, padded answers are asked for, and random digests are asked about as well.
pub(in crate::cmd) fn ask_ranges(
    url: &str,
    kind: Kind,
    wanted: impl IntoIterator<Item = Digest>,
    progress: &mut dyn FnMut(u64, u64),
) -> Answered<BTreeMap<Digest, Verdict>> {
    let address = checked(url)?;
    let agent = agent();
    let mut inquiry = Inquiry::new(kind, wanted, [make_array(&mut SystemChance), make_array(&mut SystemChance)]);
    let total = inquiry.remaining() as u64;
    loop {
        let paths = inquiry.next_paths(AT_ONCE);
        if paths.is_empty() {
            return Ok(inquiry.finish());
        }
        for answer in fetch_all(&agent, address, &paths) {
            match answer {
                Some((status, body)) => inquiry.answer(Reply::Answer { status, body: &body }),
                None => inquiry.answer(Reply::Nobody),
            }
        }
        progress(total - inquiry.remaining() as u64, total);
    }
}

/// Status and body of each, in the order of the paths; all asked at once.
fn fetch_all(agent: &ureq::Agent, address: &str, paths: &[String]) -> Vec<Option<(u16, Vec<u8>)>> {
    if let [path] = paths {
        return vec![fetch(agent, &format!("{address}{path}"))];
    }
    thread::scope(|scope| {
        let ask = |path: &String| {
            let url = format!("{address}{path}");
            scope.spawn(move || fetch(agent, &url))
        };
        let asked: Vec<_> = paths.iter().map(ask).collect();
        asked.into_iter().map(|one| one.join().ok().flatten()).collect()
    })
}

/// Asks over HTTP, and follows nobody elsewhere.
pub(super) fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_global(Some(REQUEST_TIMEOUT))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::WebPki).build())
        .max_idle_connections_per_host(AT_ONCE)
        .user_agent(concat!("truebell/", env!("CARGO_PKG_VERSION")));
    config.build().into()
}

/// `https://host` without what people put behind it: a slash, or `/range/`.
fn checked(url: &str) -> Answered<&str> {
    let address = url.trim_end_matches('/');
    let address = address.strip_suffix("/range").unwrap_or(address);
    if !address.starts_with("https://") && !address.starts_with("http://") {
        return Err(Failure::usage(format!("{url} is no address of a range service: write it as https://host.")));
    }
    if is_insecure(address) {
        return Err(Failure::usage(format!(
            "{url} is not encrypted: what is asked and answered could be read and changed on the way. Write https://."
        )));
    }
    Ok(address)
}

/// Status and body; `None` where nobody answered, or not to the end.
fn fetch(agent: &ureq::Agent, url: &str) -> Option<(u16, Vec<u8>)> {
    let answer = agent.get(url).header("Add-Padding", "true").call().ok()?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    // One byte more than is read: what is longer is no range.
    answer.into_body().into_reader().take(ANSWER_BYTES_MAX as u64 + 1).read_to_end(&mut body).ok()?;
    Some((status, body))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Mutex;
    use truebell_corpus::inquiry::Doubt;

    /// How many requests are under way, and were at most.
    type UnderWay = Mutex<(usize, usize)>;

    /// Answers each request on a connection once `gate` lets it, as a service with these passwords.
    fn serve(stream: TcpStream, under_way: &UnderWay, exposed: &[String]) {
        let mut stream = BufReader::new(stream);
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                if stream.read_until(b'\n', &mut head).unwrap_or_default() == 0 {
                    return;
                }
            }
            let prefix = String::from_utf8_lossy(&head).split(' ').nth(1).and_then(|path| path.get(7..12)).unwrap_or_default().to_owned();
            let now = {
                let mut under_way = under_way.lock().unwrap();
                under_way.0 += 1;
                under_way.1 = under_way.1.max(under_way.0);
                under_way.0
            };
            // Long enough that all who ask at once are here together.
            thread::sleep(Duration::from_millis(if now < AT_ONCE { 150 } else { 0 }));
            let mut lines = vec![format!("{prefix}{:030}:0", 7)];
            lines.extend(exposed.iter().filter_map(|hash| Some(format!("{}:3", hash.strip_prefix(&prefix)?))));
            let body = lines.join("\r\n");
            under_way.lock().unwrap().0 -= 1;
            if write!(stream.get_mut(), "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).is_err() {
                return;
            }
        }
    }

    #[test]
    fn eight_at_most_are_asked_for_at_once_and_each_gets_its_own_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let digests: Vec<Digest> = (0..30).filter_map(|number: u32| Kind::Sha1.digest(&number.to_le_bytes())).collect();
        let exposed: Vec<String> = digests.iter().step_by(4).map(|digest| digest.hex(Kind::Sha1)).collect();
        let (under_way, known): (&'static UnderWay, _) = (Box::leak(Box::default()), exposed.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let known = known.clone();
                thread::spawn(move || serve(stream, under_way, &known));
            }
        });
        let verdicts = ask_ranges(&url, Kind::Sha1, digests.iter().copied(), &mut |_, _| {}).ok().unwrap();
        for digest in &digests {
            let expect = if exposed.contains(&digest.hex(Kind::Sha1)) { Verdict::Exposed { count: 3 } } else { Verdict::Clean };
            assert_eq!(verdicts.get(digest), Some(&expect));
        }
        assert_eq!(under_way.lock().unwrap().1, AT_ONCE);
    }

    #[test]
    fn where_nobody_answers_nothing_is_known() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let wanted = Kind::Sha1.digest(b"password");
        let verdicts = ask_ranges(&format!("http://{free}"), Kind::Sha1, wanted, &mut |_, _| {}).ok().unwrap();
        assert_eq!(verdicts.into_values().collect::<Vec<_>>(), [Verdict::Unknown(Doubt::Nobody)]);
    }

    #[test]
    fn addresses_are_taken_as_people_write_them_and_never_without_encryption() {
        for (url, expect) in [
            ("http://127.0.0.1:8585", Some("http://127.0.0.1:8585")),
            ("https://api.example.org/range/", Some("https://api.example.org")),
            ("https://example.org/pwned/", Some("https://example.org/pwned")),
            ("http://api.example.org", None),
            ("api.example.org", None),
            ("ftp://example.org", None),
        ] {
            assert_eq!(checked(url).ok(), expect, "{url}");
        }
    }
}
