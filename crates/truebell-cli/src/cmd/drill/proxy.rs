//! Something between a server and its database that can make it late, silent, or gone.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How the database is today. Stored as milliseconds late, or one of the two words below.
#[derive(Clone, Default)]
pub(super) struct Weather(Arc<AtomicU64>);

const SILENT: u64 = u64::MAX;
const GONE: u64 = u64::MAX - 1;

impl Weather {
    /// Each answer comes this much later.
    pub(super) fn late(&self, by: Duration) {
        self.0.store(u64::try_from(by.as_millis()).unwrap_or_default(), Ordering::Relaxed);
    }

    /// No answer comes.
    pub(super) fn silent(&self) {
        self.0.store(SILENT, Ordering::Relaxed);
    }

    /// Every connection breaks.
    pub(super) fn gone(&self) {
        self.0.store(GONE, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Listens on a free port and passes on to `to`.
pub(super) fn start(to: SocketAddr, weather: &Weather) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let weather = weather.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let weather = weather.clone();
            // A connection that cannot be made is one that breaks.
            let _ended = pass(stream, to, &weather);
        }
    });
    Ok(address)
}

fn pass(client: TcpStream, to: SocketAddr, weather: &Weather) -> io::Result<()> {
    if weather.now() == GONE {
        return client.shutdown(Shutdown::Both);
    }
    let server = TcpStream::connect(to)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    }
    let (asked, answered) = ((client.try_clone()?, server.try_clone()?), (server, client));
    for ((from, into), is_answer) in [(asked, false), (answered, true)] {
        let weather = weather.clone();
        std::thread::spawn(move || {
            let _ended = copy(&from, &into, &weather, is_answer);
            let _closed = (from.shutdown(Shutdown::Both), into.shutdown(Shutdown::Both));
        });
    }
    Ok(())
}

fn copy(mut from: &TcpStream, mut into: &TcpStream, weather: &Weather, is_answer: bool) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let len = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(len) => len,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => 0,
            Err(error) => return Err(error),
        };
        while weather.now() == SILENT {
            std::thread::sleep(Duration::from_millis(20));
        }
        match weather.now() {
            GONE => return Ok(()),
            late if is_answer && late > 0 && len > 0 => std::thread::sleep(Duration::from_millis(late.min(10_000))),
            _ => {}
        }
        into.write_all(buffer.get(..len).unwrap_or_default())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    #[test]
    fn answers_come_late_or_not_at_all_as_the_weather_is() {
        let echo = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = echo.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in echo.incoming().flatten() {
                std::thread::spawn(move || io::copy(&mut &stream, &mut &stream));
            }
        });
        let weather = Weather::default();
        let address = start(to, &weather).unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut ask = || {
            let begin = Instant::now();
            stream.write_all(b"?")?;
            stream.read_exact(&mut [0])?;
            Ok::<_, io::Error>(begin.elapsed())
        };
        assert!(ask().unwrap() < Duration::from_secs(2));
        weather.late(Duration::from_millis(60));
        assert!(ask().unwrap() >= Duration::from_millis(60));
        weather.gone();
        assert!(ask().is_err());
    }
}
