//! The background process: holds the unlocked account, answers over its socket, syncs when it is time, forgets when it is due.
//! Its memory cannot be read by others of the same user, nor written to a core file. Never here: a terminal.

use super::answer::StatusView;
use super::ask::Ask;
use super::desk::{Desk, failure_of};
use super::door::{DataIn, DataOut, Envelope, Streams};
use super::frames::{self, Kind};
use super::lease::Lease;
use super::place::{Place, is_same_user};
use super::start::{Handover, Ready};
use crate::exit::{Answered, Failure};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use truebell_client::{Clock, Profile, SystemClock, World, server_info, unlock};
use truebell_core::secret_key::SecretKey;
use zeroize::Zeroizing;

/// Who speaks on the socket. Another version is told to make way, not guessed at.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// More at once is not a person.
const CONNECTIONS_MAX: usize = 64;
/// The loop looks around at least so often.
const ROUND: Duration = Duration::from_secs(30);

struct Shared {
    desk: Mutex<Desk>,
    lease: Mutex<Lease>,
    place: Place,
    is_closing: AtomicBool,
    is_syncing: AtomicBool,
    /// While the server is silent: when to listen for it again, on the clock that never stops.
    silent_until: Mutex<Option<Duration>>,
    server: String,
    connections: AtomicUsize,
    wake: OwnedFd,
}

/// The agent's life, from the handover on standard input to the end of its lease.
pub fn run_agent() -> Answered {
    hide();
    let begun = begin();
    let words = match &begun {
        Ok(_) => Ready::Ready,
        Err(failure) => Ready::Failure(failure.clone()),
    };
    let said = serde_json::to_vec(&words)
        .map_err(io::Error::from)
        .and_then(|words| io::stdout().write_all(&words))
        .and_then(|()| io::stdout().flush());
    said.map_err(|error| Failure::io("Nobody waited for the agent", &error))?;
    let (shared, listener) = begun?;
    leave_terminal()?;
    serve(&shared, &listener);
    std::fs::remove_file(shared.place.socket()).unwrap_or_default();
    // Drops the client, and with it the keys, before the process ends.
    shared.desk().answer(Ask::Lock, &mut Streams::none(&mut io::empty(), &mut io::sink())).map(drop)
}

/// Neither a debugger of the same user nor a core file may see the keys.
fn hide() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit, setsid, umask};
    // A system that refuses is no reason to be without an agent: each is a second wall, not the first.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).unwrap_or_default();
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).unwrap_or_default();
    // It is one already where a shell made it so.
    setsid().map(|_| ()).unwrap_or_default();
    umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

fn begin() -> Answered<(Arc<Shared>, UnixListener)> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    io::stdin().lock().read_to_end(&mut bytes).map_err(|error| Failure::io("The handover could not be read", &error))?;
    let handover: Handover =
        serde_json::from_slice(&bytes).map_err(|_| Failure::usage("The agent is started by `truebell unlock`, not by hand."))?;
    let profile = Profile::open(&handover.profile, handover.home.as_deref()).map_err(|error| failure_of(&error.into()))?;
    let place = Place::of(&profile, handover.runtime.as_deref());
    place.make_folder()?;
    let secret_key = handover.secret_key.as_ref().map(|key| SecretKey::parse(key.expose())).transpose();
    let secret_key = secret_key.map_err(|error| Failure::usage(error.to_string()))?;
    let client = unlock(&profile, &handover.password, secret_key.as_ref(), World::system()).map_err(|error| failure_of(&error))?;
    let server = profile.device().ok().flatten().map(|device| device.server).unwrap_or_default();
    let listener = bind(&place)?;
    let wake = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
        .map_err(|error| Failure::io("The agent could not be started", &error.into()))?;
    let shared = Shared {
        desk: Mutex::new(Desk::new(profile, client)),
        lease: Mutex::new(Lease::new(handover.stay, boot_time())),
        place,
        is_closing: AtomicBool::new(false),
        is_syncing: AtomicBool::new(false),
        silent_until: Mutex::new(None),
        server,
        connections: AtomicUsize::new(0),
        wake,
    };
    Ok((Arc::new(shared), listener))
}

/// The profile's lock is held by now, so a socket that is still there belongs to an agent that died.
fn bind(place: &Place) -> Answered<UnixListener> {
    std::fs::remove_file(place.socket()).unwrap_or_default();
    let listener = UnixListener::bind(place.socket()).and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    listener.map_err(|error| Failure::io(format!("The agent could not listen on {}", place.socket().display()), &error))
}

fn leave_terminal() -> Answered {
    let quiet = || -> io::Result<()> {
        let null = File::options().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        Ok(rustix::stdio::dup2_stderr(&null)?)
    };
    quiet().map_err(|error| Failure::io("The agent could not leave the terminal", &error))
}

/// A clock that counts on while the machine sleeps: a lease of a quarter of an hour does not outlast a night.
fn boot_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or_default(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked has left no half-made state behind: the desk's transactions are the replica's.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        held(&self.desk)
    }

    fn lease(&self) -> MutexGuard<'_, Lease> {
        held(&self.lease)
    }

    fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
        self.wake_up();
    }

    fn wake_up(&self) {
        rustix::io::write(&self.wake, &1_u64.to_ne_bytes()).unwrap_or_default();
    }
}

fn serve(shared: &Arc<Shared>, listener: &UnixListener) {
    loop {
        let left = shared.lease().left(boot_time());
        if left.is_zero() || shared.is_closing.load(Ordering::SeqCst) {
            return;
        }
        sync_if_due(shared);
        wait(shared, listener, left.min(ROUND));
        rustix::io::read(&shared.wake, &mut [0; 8]).unwrap_or_default();
        while let Ok((stream, _)) = listener.accept() {
            greet(shared, stream);
        }
    }
}

fn wait(shared: &Shared, listener: &UnixListener, left: Duration) {
    let until_due = shared.desk.try_lock().ok().and_then(|desk| desk.next_due()).map_or(ROUND, |due| due - SystemClock.now());
    // Never in a hot loop, whatever the pacing says.
    let wait = left.min(until_due.max(Duration::from_secs(1)));
    let time_out = Timespec { tv_sec: i64::try_from(wait.as_secs()).unwrap_or(1), tv_nsec: i64::from(wait.subsec_nanos()) };
    let mut watched = [PollFd::new(listener, PollFlags::IN), PollFd::new(&shared.wake, PollFlags::IN)];
    rustix::event::poll(&mut watched, Some(&time_out)).unwrap_or_default();
}

/// In a thread of its own, so that questions are heard meanwhile.
fn sync_if_due(shared: &Arc<Shared>) {
    let is_silent = held(&shared.silent_until).is_some_and(|until| boot_time() < until);
    let is_due = shared.desk.try_lock().ok().and_then(|desk| desk.next_due()).is_some_and(|due| due <= SystemClock.now());
    if is_silent || !is_due || shared.is_syncing.swap(true, Ordering::SeqCst) {
        return;
    }
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        // What went wrong stays in the replica's trace: `truebell status --why` tells it.
        let is_silent = !is_heard(&shared) || shared.desk().sync_if_due().unwrap_or(false);
        *held(&shared.silent_until) = is_silent.then(|| boot_time() + ROUND);
        shared.is_syncing.store(false, Ordering::SeqCst);
        shared.wake_up();
    });
}

/// After a silence the server is listened for without holding the desk: nobody waits to read a password because the network is dead.
fn is_heard(shared: &Shared) -> bool {
    let was_silent = held(&shared.silent_until).is_some();
    !was_silent || server_info(&shared.server, &mut World::system()).is_ok()
}

fn greet(shared: &Arc<Shared>, stream: UnixStream) {
    if !is_same_user(&stream) || stream.set_nonblocking(false).is_err() {
        return;
    }
    if shared.connections.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS_MAX {
        shared.connections.fetch_sub(1, Ordering::SeqCst);
        return;
    }
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        // A caller that goes away in the middle is the caller's affair.
        drop(converse(&shared, &stream));
        shared.connections.fetch_sub(1, Ordering::SeqCst);
    });
}

/// One caller, question after question.
fn converse(shared: &Shared, stream: &UnixStream) -> io::Result<()> {
    let mut from = BufReader::with_capacity(64 * 1024, stream);
    let mut to = BufWriter::with_capacity(64 * 1024, stream);
    while let Some((kind, payload)) = frames::read(&mut from)? {
        if kind != Kind::Ask {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let ask = read_ask(&payload);
        drop(payload);
        let is_last = ask.as_ref().is_ok_and(Ask::is_last);
        let answer = match ask {
            Ok(ask) => answer(shared, ask, &mut from, &mut to)?,
            Err(failure) => Err(failure),
        };
        let is_last = is_last && answer.is_ok();
        if is_last {
            // Nobody may find a socket behind which nobody is.
            std::fs::remove_file(shared.place.socket()).unwrap_or_default();
        }
        match answer {
            Ok(json) => frames::write(&mut to, Kind::Answer, &json)?,
            Err(failure) => frames::write(&mut to, Kind::Failure, &serde_json::to_vec(&failure)?)?,
        }
        to.flush()?;
        if is_last {
            shared.close();
            return Ok(());
        }
    }
    Ok(())
}

fn read_ask(payload: &[u8]) -> Answered<Ask> {
    if let Ok(Envelope { version, ask }) = serde_json::from_slice::<Envelope<Ask>>(payload)
        && (version == VERSION || matches!(ask, Ask::Lock))
    {
        return Ok(ask);
    }
    Err(Failure::plain(format!(
        "The agent that is running is of another version ({VERSION}): end it with `truebell lock`, then unlock again."
    )))
}

type Line<'a> = BufReader<&'a UnixStream>;

fn answer(shared: &Shared, ask: Ask, from: &mut Line<'_>, to: &mut BufWriter<&UnixStream>) -> io::Result<Answered<Zeroizing<Vec<u8>>>> {
    if let Ask::Stay { stay } = &ask {
        *shared.lease() = Lease::new(*stay, boot_time());
        shared.wake_up();
    }
    let (wants_notices, is_status) = (ask.wants_notices(), matches!(ask, Ask::Status { .. }));
    let mut input = DataIn::new(from, !matches!(ask, Ask::Attach { .. }));
    let mut output = DataOut(to);
    let (answer, notices) = {
        let mut desk = shared.desk();
        let answer = desk.answer(ask, &mut Streams { input: &mut input, output: &mut output });
        (answer, if wants_notices { desk.unseen() } else { Vec::new() })
    };
    input.drain()?;
    if wants_notices {
        frames::write(&mut output.0, Kind::Notices, &serde_json::to_vec(&notices)?)?;
    }
    let left = {
        let mut lease = shared.lease();
        lease.touch(boot_time());
        lease.left(boot_time())
    };
    let answer = if is_status { answer.map(|json| with_lease(json, left)) } else { answer };
    Ok(answer.map(Zeroizing::new))
}

/// What the desk cannot know: that an agent keeps it, and for how long.
fn with_lease(json: Vec<u8>, left: Duration) -> Vec<u8> {
    let Ok(mut view) = serde_json::from_slice::<StatusView>(&json) else { return json };
    view.agent = true;
    view.unlocked_until = Some(SystemClock.now() + left);
    serde_json::to_vec(&view).unwrap_or(json)
}
