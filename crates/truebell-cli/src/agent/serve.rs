//! The background process: holds the unlocked account, answers over its socket, syncs when it is time, forgets when it is due.
//! Its memory cannot be read by others of the same user, nor written to a core file. Never here: a terminal.

use super::answer::StatusView;
use super::ask::Ask;
use super::desk::{Desk, failure_of};
use super::door::{DataIn, DataOut, Envelope, Streams, tell_progress};
use super::frames::{self, Kind};
use super::lease::Lease;
use super::place::{Place, is_same_user};
use super::start::{Handover, Ready};
use crate::exit::{Answered, Failure};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec};
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use truebell_client::{Clock, Profile, SystemChance, SystemClock, World, unlock};
use truebell_core::chance::{Chance, make_array};
use truebell_core::secret_key::SecretKey;
use zeroize::Zeroizing;

/// Who speaks on the socket. Another version is told to make way, not guessed at.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// More at once is not a person.
const CONNECTIONS_MAX: usize = 64;
/// The loop looks around at least so often.
const ROUND: Duration = Duration::from_secs(30);
/// Between two streams of hints: at first, and at last.
const HINTS_PAUSE_MIN: Duration = Duration::from_secs(1);
const HINTS_PAUSE_MAX: Duration = Duration::from_secs(300);
/// A stream that lasted so long was a good one.
const HINTS_GOOD: Duration = Duration::from_secs(60);

struct Shared {
    desk: Arc<Desk>,
    lease: Mutex<Lease>,
    place: Place,
    is_closing: AtomicBool,
    is_syncing: AtomicBool,
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
    shared.desk.answer(Ask::Lock, &mut Streams::none(&mut io::empty(), &mut io::sink())).map(drop)
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
    let client = World::of(&profile)
        .and_then(|world| unlock(&profile, &handover.password, secret_key.as_ref(), world))
        .map_err(|error| failure_of(&error))?;
    let listener = bind(&place)?;
    let wake = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)
        .map_err(|error| Failure::io("The agent could not be started", &error.into()))?;
    let shared = Shared {
        desk: Desk::new(profile, client, true),
        lease: Mutex::new(Lease::new(handover.stay, boot_time())),
        place,
        is_closing: AtomicBool::new(false),
        is_syncing: AtomicBool::new(false),
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
    // What a thread that panicked leaves behind is whole: a lease is one value.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
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
    let hearing = Arc::clone(shared);
    // It ends with the process.
    std::thread::spawn(move || hear_hints(&hearing));
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
    let until_due = shared.desk.next_due().map_or(ROUND, |due| due - SystemClock.now());
    // Never in a hot loop, whatever the pacing says.
    let wait = left.min(until_due.max(Duration::from_secs(1)));
    let time_out = Timespec { tv_sec: i64::try_from(wait.as_secs()).unwrap_or(1), tv_nsec: i64::from(wait.subsec_nanos()) };
    let mut watched = [PollFd::new(listener, PollFlags::IN), PollFd::new(&shared.wake, PollFlags::IN)];
    rustix::event::poll(&mut watched, Some(&time_out)).unwrap_or_default();
}

/// In a thread of its own, so that questions are heard meanwhile.
fn sync_if_due(shared: &Arc<Shared>) {
    let is_due = shared.desk.next_due().is_some_and(|due| due <= SystemClock.now());
    if !is_due || shared.is_syncing.swap(true, Ordering::SeqCst) {
        return;
    }
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        // What went wrong stays in the replica's trace: `truebell status --why` tells it.
        drop(shared.desk.sync_if_due());
        shared.is_syncing.store(false, Ordering::SeqCst);
        shared.wake_up();
    });
}

/// Listens to the server's hints for as long as the agent lives. What they cause is the engine's affair.
fn hear_hints(shared: &Shared) {
    let mut misses = 0_u32;
    while !shared.is_closing.load(Ordering::SeqCst) {
        let begun = boot_time();
        let until = match shared.desk.listen(|| shared.wake_up()) {
            Ok(why) => why.and_then(|why| why.until()).map_or(Duration::ZERO, |until| until - SystemClock.now()),
            Err(_) => Duration::ZERO,
        };
        misses = if boot_time().saturating_sub(begun) > HINTS_GOOD { 0 } else { misses.saturating_add(1) };
        std::thread::sleep(hints_pause(misses, &mut SystemChance).max(until.min(HINTS_PAUSE_MAX)));
    }
}

/// How long to wait before listening again: longer each time, and never all devices at once.
fn hints_pause(misses: u32, chance: &mut dyn Chance) -> Duration {
    let longest = HINTS_PAUSE_MIN.saturating_mul(1_u32.checked_shl(misses).unwrap_or(u32::MAX)).min(HINTS_PAUSE_MAX);
    let [share] = make_array(chance);
    longest / 2 + (longest / 2).mul_f64(f64::from(share) / 255.0)
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
    let to = RefCell::new(to);
    let progress = tell_progress(&to);
    let answer = shared.desk.answer(ask, &mut Streams { input: &mut input, output: &mut DataOut(&to), progress: &progress });
    input.drain()?;
    if wants_notices {
        frames::write(&mut *to.borrow_mut(), Kind::Notices, &serde_json::to_vec(&shared.desk.unseen())?)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use truebell_core::testing::Seeded;

    #[test]
    fn who_lost_the_stream_waits_longer_each_time_and_never_all_at_once() {
        let mut chance = Seeded::new(7);
        for misses in [0, 1, 2, 5, 8, 9, 31, 32, u32::MAX] {
            let longest = HINTS_PAUSE_MIN.saturating_mul(2_u32.saturating_pow(misses.min(20))).min(HINTS_PAUSE_MAX);
            let pauses: Vec<Duration> = (0..50).map(|_| hints_pause(misses, &mut chance)).collect();
            assert!(pauses.iter().all(|pause| (longest / 2..=longest).contains(pause)), "{misses}: {pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "all at once");
        }
    }
}
