//! Asking witnesses to cosign (C2SP tlog-witness, `add-checkpoint`). One that is away or says no is asked again later; the log goes on.

use super::compute;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use truebell_core::log::{Checkpoint, Consistency, Policy, Witness, prove_consistency};
use truebell_store::{Store, StoreError};

/// How long a witness may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer read, in bytes.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// A witness and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessAt {
    /// Its submission prefix, an URL.
    pub url: String,
    /// Its name and key.
    pub witness: Witness,
}

/// The witnesses an operator chose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witnesses(pub Vec<WitnessAt>);

impl Witnesses {
    /// `needed` of them.
    pub fn policy(&self, needed: usize) -> Policy {
        Policy::new(self.0.iter().map(|at| at.witness.clone()).collect(), needed)
    }
}

impl fmt::Display for Witnesses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.0.iter().map(|at| format!("{} {}", at.url, at.witness)).collect();
        out.write_str(&all.join(", "))
    }
}

/// Posts a body to an URL: status and answer, or nothing.
pub type Ask = Arc<dyn Fn(String, String) -> Pin<Box<dyn Future<Output = Option<(u16, String)>> + Send>> + Send + Sync>;

/// Over the network.
pub fn over_http() -> Ask {
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).max_redirects(0).build();
    let agent = ureq::Agent::new_with_config(config);
    Arc::new(move |url, body| {
        let agent = agent.clone();
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                let mut answer = agent.post(&url).content_type("text/plain; charset=utf-8").send(body).ok()?;
                let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string().ok()?;
                Some((answer.status().as_u16(), text))
            });
            asked.await.ok().flatten()
        })
    })
}

/// The witness's cosignature lines under a checkpoint, given the size it probably knows. `None` if it gave none now.
pub(super) async fn cosignatures(
    store: &dyn Store,
    ask: &Ask,
    at: &WitnessAt,
    (checkpoint, note): (&Checkpoint, &str),
    known: u64,
) -> Result<Option<String>, StoreError> {
    let url = format!("{}/add-checkpoint", at.url.trim_end_matches('/'));
    let mut from = known;
    // Once with the size it probably knows, and once with the size it says it knows.
    for _try in 0..2 {
        let size = checkpoint.size;
        let path = compute(store, |nodes| prove_consistency(nodes, from, size)).await?;
        let body = Consistency { from, path, checkpoint: note.to_owned() }.to_text();
        match ask(url.clone(), body).await {
            Some((200, lines)) => {
                let text = checkpoint.text();
                let valid = lines.lines().filter(|line| at.witness.check_line(&text, line).is_some());
                let found: String = valid.map(|line| format!("{line}\n")).collect();
                return Ok((!found.is_empty()).then_some(found));
            }
            Some((409, said)) => match said.trim_end().parse() {
                Ok(size) if size <= checkpoint.size && size != from => from = size,
                Ok(size) if size > checkpoint.size => {
                    let name = at.witness.name();
                    tracing::error!(
                        name,
                        size,
                        "a witness has seen more of this log than there is: was an older copy of the database put back?"
                    );
                    return Ok(None);
                }
                _ => return Ok(None),
            },
            Some((status, _)) => {
                tracing::warn!(name = at.witness.name(), status, "a witness did not cosign");
                return Ok(None);
            }
            None => return Ok(None),
        }
    }
    Ok(None)
}
