//! The caller's side: one way to ask, whether the agent answers or this very process. Never here: which of the two it is to be.

use super::ask::Ask;
use super::desk::Desk;
use super::frames::{self, Kind};
use crate::exit::{Answered, Failure};
use crate::output::NoticeLine;
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use truebell_client::Progress;
use zeroize::Zeroizing;

/// The bytes of attachments beside a question and its answer.
pub struct Streams<'a> {
    /// Where a question's bytes come from.
    pub input: &'a mut dyn Read,
    /// Where an answer's bytes go.
    pub output: &'a mut dyn Write,
    /// Who hears how far a sync is.
    pub progress: &'a dyn Fn(Progress),
}

/// Nobody wants to hear.
pub fn unheard(_: Progress) {}

impl<'a> Streams<'a> {
    /// For questions that have none.
    pub fn none(input: &'a mut io::Empty, output: &'a mut io::Sink) -> Self {
        Self { input, output, progress: &unheard }
    }
}

/// A question as it crosses the socket. An agent of another version does not guess.
#[derive(Serialize, Deserialize)]
pub(super) struct Envelope<A> {
    pub version: String,
    pub ask: A,
}

/// Where questions are put.
pub struct Door {
    behind: Behind,
    notices: Answered<Vec<NoticeLine>>,
}

enum Behind {
    Agent(BufReader<UnixStream>),
    Here(Arc<Desk>),
}

impl Door {
    /// To the agent.
    pub fn to_agent(stream: UnixStream) -> Self {
        Self { behind: Behind::Agent(BufReader::with_capacity(DATA_BYTES, stream)), notices: Ok(Vec::new()) }
    }

    /// To a desk in this process.
    pub fn here(desk: Arc<Desk>) -> Self {
        Self { behind: Behind::Here(desk), notices: Ok(Vec::new()) }
    }

    /// Whether the agent is behind it.
    pub fn is_agent(&self) -> bool {
        matches!(self.behind, Behind::Agent(_))
    }

    /// Notices that came with answers so far, or why they could not be read. They are marked as seen by an [`Ask::Seen`], once they were
    /// shown.
    pub fn take_notices(&mut self) -> Answered<Vec<NoticeLine>> {
        std::mem::replace(&mut self.notices, Ok(Vec::new()))
    }

    /// Asks, and gives the answer's JSON.
    pub fn ask(&mut self, ask: Ask, streams: &mut Streams<'_>) -> Answered<Zeroizing<Vec<u8>>> {
        let wants_notices = ask.wants_notices();
        match &mut self.behind {
            Behind::Here(desk) => {
                let answer = desk.answer(ask, streams);
                if wants_notices {
                    self.notices = desk.unseen();
                }
                answer.map(Zeroizing::new)
            }
            Behind::Agent(stream) => {
                let (answer, notices) = ask_agent(stream, ask, streams).map_err(|error| {
                    Failure::plain(format!("The agent went away while it was asked ({error}): unlock again with `truebell unlock`."))
                })?;
                if let Some(notices) = notices {
                    self.notices = notices;
                }
                answer
            }
        }
    }
}

const DATA_BYTES: usize = 64 * 1024;
const PROGRESS_PAUSE: Duration = Duration::from_millis(100);

type FromAgent = (Answered<Zeroizing<Vec<u8>>>, Option<Answered<Vec<NoticeLine>>>);

fn ask_agent(stream: &mut BufReader<UnixStream>, ask: Ask, streams: &mut Streams<'_>) -> io::Result<FromAgent> {
    let has_input = matches!(ask, Ask::Attach { .. });
    let envelope = Zeroizing::new(serde_json::to_vec(&Envelope { version: super::serve::VERSION.to_owned(), ask })?);
    let mut to = BufWriter::with_capacity(DATA_BYTES, stream.get_ref());
    frames::write(&mut to, Kind::Ask, &envelope)?;
    if has_input {
        send_data(&mut to, streams.input)?;
    }
    to.flush()?;
    drop(to);
    let mut notices = None;
    loop {
        match frames::read(stream)? {
            Some((Kind::Answer, payload)) => return Ok((Ok(payload), notices)),
            Some((Kind::Failure, payload)) => return Ok((Err(serde_json::from_slice(&payload)?), notices)),
            Some((Kind::Notices, payload)) => notices = Some(serde_json::from_slice(&payload)?),
            Some((Kind::Data, payload)) => streams.output.write_all(&payload)?,
            Some((Kind::Progress, payload)) => (streams.progress)(serde_json::from_slice(&payload)?),
            Some((Kind::Ask, _)) => return Err(io::ErrorKind::InvalidData.into()),
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

fn send_data(to: &mut impl Write, from: &mut dyn Read) -> io::Result<()> {
    let mut buffer = Zeroizing::new(vec![0; DATA_BYTES]);
    loop {
        let len = from.read(&mut buffer)?;
        frames::write(to, Kind::Data, buffer.get(..len).unwrap_or_default())?;
        if len == 0 {
            return Ok(());
        }
    }
}

/// The agent's end of [`send_data`].
pub(super) struct DataIn<'a, R> {
    from: &'a mut R,
    left: Zeroizing<Vec<u8>>,
    read: usize,
    is_over: bool,
}

impl<'a, R: Read> DataIn<'a, R> {
    /// Reads data frames up to the empty one; `is_over` where none are to come.
    pub(super) fn new(from: &'a mut R, is_over: bool) -> Self {
        Self { from, left: Zeroizing::default(), read: 0, is_over }
    }

    /// Reads to the end, so that the next frame is a question again.
    pub(super) fn drain(mut self) -> io::Result<()> {
        io::copy(&mut self, &mut io::sink()).map(drop)
    }
}

impl<R: Read> Read for DataIn<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.read == self.left.len() && !self.is_over {
            match frames::read(self.from)? {
                Some((Kind::Data, payload)) => {
                    self.is_over = payload.is_empty();
                    (self.left, self.read) = (payload, 0);
                }
                _ => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        let mut rest = self.left.get(self.read..).unwrap_or_default();
        let len = rest.read(buffer)?;
        self.read += len;
        Ok(len)
    }
}

/// The agent's way to send bytes, and to say how far it is.
pub(super) struct DataOut<'a, W>(pub(super) &'a RefCell<W>);

impl<W: Write> Write for DataOut<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let some = bytes.get(..bytes.len().min(DATA_BYTES)).unwrap_or_default();
        if !some.is_empty() {
            frames::write(&mut *self.0.borrow_mut(), Kind::Data, some)?;
        }
        Ok(some.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

/// Says how far a sync is, not more often than a person can see.
pub(super) fn tell_progress<W: Write>(to: &RefCell<W>) -> impl Fn(Progress) + '_ {
    let last = Cell::new(None::<Instant>);
    move |far| {
        if last.get().is_some_and(|last| last.elapsed() < PROGRESS_PAUSE) {
            return;
        }
        last.set(Some(Instant::now()));
        // A caller that has gone is noticed when it is answered.
        let told = serde_json::to_vec(&far).map_err(io::Error::from).and_then(|far| {
            let mut to = to.borrow_mut();
            frames::write(&mut *to, Kind::Progress, &far)?;
            to.flush()
        });
        drop(told);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_cross_in_frames_and_what_follows_them_stays() {
        for size in [0, 1, DATA_BYTES, 3 * DATA_BYTES + 7] {
            let bytes: Vec<u8> = (0..size).map(|index| u8::try_from(index % 251).unwrap()).collect();
            let mut wire = Vec::new();
            send_data(&mut wire, &mut bytes.as_slice()).unwrap();
            frames::write(&mut wire, Kind::Ask, b"next").unwrap();
            let mut from = wire.as_slice();
            let mut got = Vec::new();
            let mut input = DataIn::new(&mut from, false);
            input.read_to_end(&mut got).unwrap();
            input.drain().unwrap();
            assert_eq!(got, bytes);
            assert_eq!(frames::read(&mut from).unwrap().map(|frame| frame.0), Some(Kind::Ask));
        }
    }

    #[test]
    fn a_stream_that_breaks_off_is_an_error_and_not_an_end() {
        let mut wire = Vec::new();
        frames::write(&mut wire, Kind::Data, b"half").unwrap();
        let mut from = wire.as_slice();
        assert!(DataIn::new(&mut from, false).read_to_end(&mut Vec::new()).is_err());
    }
}
