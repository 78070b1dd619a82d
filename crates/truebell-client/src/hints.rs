//! Listening to the server's hints (`GET /v1/hints`): server-sent events that say *something is new* and nothing else. A hint is no proof of
//! anything; whoever invents one causes a sync, and not more often than one in [`PAUSE`].

use super::exchange::{Errand, Question};
use super::hold::{Hold, Online};
use super::session::{Wire, why_of};
use super::{Client, Error};
use std::io::Read;
use std::time::Duration;
use truebell_engine::sync::{Input, Wake, Why};

/// Between two syncs that hints ask for.
const PAUSE: Duration = Duration::from_secs(2);
/// What a line of ours never is as long as. Longer ones are passed over without being kept.
const LINE_BYTES_MAX: usize = 64;

impl Client {
    /// Something is new, somebody says. The engine's due time moves up, by the pace of this device and not by that of the hints.
    pub fn hint(&mut self) {
        let at = self.world.clock.now().max(self.hint_not_before);
        if self.machine.due() > at {
            self.machine.handle(Input::Wake(Wake::Hint), at);
            self.hint_not_before = at + PAUSE;
        }
    }
}

impl<H: Hold> Online<H> {
    /// Listens until the stream ends; `heard` is called after each hint. Says why there was nothing to listen to; `None` if there was.
    pub fn listen(&self, mut heard: impl FnMut()) -> Result<Option<Why>, Error> {
        let token = match self.token() {
            Ok(token) => token,
            // No session now: the server said until when, or nobody did.
            Err(error) => return why_of(error).map(Some),
        };
        let question = Question { token: Some(&token), ..Question::get("/v1/hints") };
        let errand = self.on(|line| Ok(Errand::new(line.world, &line.device.server, &question)))?;
        let (answer, body) = errand.opened();
        // Judged, and not traced: the last exchanges are for what a person wants to know about, and this one comes and goes all day.
        let judged = self.on(|line| Ok(errand.judge(answer, line.world, &line.device.pinned, None)))?;
        if let Some(why) = Why::of(&judged.judgement.outcome) {
            if super::session::session_over(&judged.judgement) {
                self.on(|line| {
                    line.device.session = None;
                    Ok(())
                })?;
            }
            return Ok(Some(why));
        }
        let mut lines = Lines::default();
        let mut part = [0; 512];
        let mut body = body;
        // However it ends, it is begun again.
        while let Ok(len @ 1..) = body.read(&mut part) {
            if lines.take(part.get(..len).unwrap_or_default()) {
                self.with(|client| {
                    client.hint();
                    Ok::<_, Error>(())
                })?;
                heard();
            }
        }
        Ok(None)
    }
}

/// The line that is being read.
#[derive(Default)]
struct Lines {
    line: Vec<u8>,
    is_long: bool,
}

impl Lines {
    /// Reads on; whether a hint was among it.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let mut hinted = false;
        for byte in bytes {
            match byte {
                b'\n' | b'\r' => {
                    hinted |= !self.is_long && self.line == b"event: new";
                    self.line.clear();
                    self.is_long = false;
                }
                byte if self.line.len() < LINE_BYTES_MAX => self.line.push(*byte),
                _ => self.is_long = true,
            }
        }
        hinted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_heard_however_it_is_cut_and_whatever_else_comes() {
        let stream = b":\n\nevent: new\ndata: {}\n\n:\n\n";
        for size in 1..stream.len() {
            let mut lines = Lines::default();
            let hints = stream.chunks(size).filter(|part| lines.take(part)).count();
            assert_eq!(hints, 1, "in parts of {size}");
        }
        let mut lines = Lines::default();
        for garbage in [&b"<html>event: new</html>\n"[..], b"event: newer\n", b"event: old\n", &[0xff; 1 << 16], b"event: new\n", b"\xff\n"]
        {
            assert!(!lines.take(garbage), "{garbage:?}");
            assert!(lines.line.len() <= LINE_BYTES_MAX);
        }
        assert!(lines.take(b"event: new\r\n"));
    }
}
