//! A range service somewhere else, asked over HTTP. What may be believed of it is decided in `truebell_corpus::inquiry`; here are the requests and nothing more.

use crate::exit::{Answered, Failure};
use std::collections::BTreeMap;
use std::io::Read;
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
    while let Some(path) = inquiry.next_path() {
        match fetch(&agent, &format!("{address}{path}")) {
            Some((status, body)) => inquiry.answer(Reply::Answer { status, body: &body }),
            None => inquiry.answer(Reply::Nobody),
        }
        progress(total - inquiry.remaining() as u64, total);
    }
    Ok(inquiry.finish())
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
