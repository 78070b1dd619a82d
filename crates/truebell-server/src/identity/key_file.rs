//! The server's key file, byte for byte as `docs/formats/server-key.md` has it. Never here: who it belongs to (`mod.rs` decides).

use data_encoding::BASE64URL_NOPAD;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use truebell_core::chance::Chance;
use truebell_core::hash::Hash32;
use truebell_core::ids::ServerId;
use truebell_core::opaque::ServerSetup;
use truebell_core::seal::SealKey;
use truebell_core::sign::SigningKey;
use truebell_core::time::UnixMillis;
use truebell_store::rows::Identity;
use zeroize::Zeroizing;

const FIRST_LINE: &str = "truebell server key 1";
const CHECK_LABEL: &str = "truebell server key file v1";
/// A key file is below 1 KiB; anything longer is something else.
const LEN_MAX: u64 = 16 * 1024;

/// Why a key file gives no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The system does not let it be read or written.
    #[error("the key file {path} cannot be read or written ({why}): check the folder and its owner", path = .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's word for it.
        why: io::ErrorKind,
    },
    /// Something else.
    #[error("{path} is not a Truebell server key: put the right file back from the backup", path = .0.display())]
    NotAKey(PathBuf),
    /// Of a newer version.
    #[error("{path} was written by a newer Truebell: update this one", path = .0.display())]
    Newer(PathBuf),
    /// It was a key file.
    #[error("the key file {path} is damaged: put it back from the backup", path = .0.display())]
    Damaged(PathBuf),
}

/// Everything a server must keep secret and must not lose.
pub struct ServerKey {
    /// The server it makes.
    pub server: ServerId,
    /// Signs heads and events.
    pub signing: SigningKey,
    /// OPAQUE's own secret: without it no password signs in.
    pub opaque: ServerSetup,
    /// Seals what the server keeps for itself: OPAQUE records, sign-in states, second factors.
    pub sealing: SealKey,
    /// The one database it belongs to.
    pub generation: [u8; 16],
    /// The highest restore epoch known; a database of a lower one is an older copy.
    pub restore_epoch: u64,
    /// When it was made.
    pub created: UnixMillis,
}

impl std::fmt::Debug for ServerKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ServerKey({}, {:?})", self.server, self.signing)
    }
}

impl ServerKey {
    /// A new server.
    pub fn make_random(generation: [u8; 16], created: UnixMillis, chance: &mut dyn Chance) -> Self {
        Self {
            server: ServerId::make_random(chance),
            signing: SigningKey::make_random(chance),
            opaque: ServerSetup::make_random(chance),
            sealing: SealKey::make_random(chance),
            generation,
            restore_epoch: 0,
            created,
        }
    }

    /// The identity its database carries.
    pub fn identity(&self) -> Identity {
        Identity {
            server: self.server,
            key: self.signing.public(),
            generation: self.generation,
            restore_epoch: self.restore_epoch,
            created: self.created,
        }
    }

    /// The file's text. Secret.
    pub fn expose_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(1024));
        let seed = self.signing.expose_seed();
        let opaque = self.opaque.expose_bytes();
        let _ = writeln!(text, "{FIRST_LINE}\nserver {}", self.server);
        let _ = writeln!(text, "generation {}", BASE64URL_NOPAD.encode(&self.generation));
        let _ = writeln!(text, "restore-epoch {}\ncreated {}", self.restore_epoch, self.created.0);
        for (name, secret) in [("signing", seed.as_slice()), ("sealing", self.sealing.expose_bytes()), ("opaque", opaque.as_slice())] {
            let _ = writeln!(text, "{name} {}", Zeroizing::new(BASE64URL_NOPAD.encode(secret)).as_str());
        }
        let check = derive_check(&text);
        let _ = writeln!(text, "check {check}");
        text
    }

    /// Reads the file's text; `path` is for the error.
    pub fn parse(text: &str, path: &Path) -> Result<Self, KeyFileError> {
        let mut lines = text.lines();
        match lines.next() {
            Some(FIRST_LINE) => {}
            Some(first) if first.starts_with("truebell server key ") => return Err(KeyFileError::Newer(path.to_owned())),
            _ => return Err(KeyFileError::NotAKey(path.to_owned())),
        }
        Self::parse_fields(text, lines).ok_or_else(|| KeyFileError::Damaged(path.to_owned()))
    }

    fn parse_fields<'a>(text: &'a str, mut lines: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (covered, _) = text.rsplit_once("check ")?;
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).map(Zeroizing::new).map_err(|_| ()).ok();
        let server = field("server")?.parse().map_err(|_| ()).ok()?;
        let generation = bytes(field("generation")?)?.as_slice().try_into().ok()?;
        let restore_epoch = field("restore-epoch")?.parse().ok()?;
        let created = UnixMillis(field("created")?.parse().ok()?);
        let signing = SigningKey::from_seed(bytes(field("signing")?)?.as_slice().try_into().ok()?);
        let sealing = SealKey::from_bytes(bytes(field("sealing")?)?.as_slice().try_into().ok()?);
        let opaque = ServerSetup::from_bytes(&bytes(field("opaque")?)?).map_err(|_| ()).ok()?;
        let is_whole = field("check")? == derive_check(covered) && lines.next().is_none() && text.ends_with('\n');
        is_whole.then_some(Self { server, signing, opaque, sealing, generation, restore_epoch, created })
    }

    /// Reads a key file; `None` if there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, KeyFileError> {
        let failed = |error: io::Error| KeyFileError::Io { path: path.to_owned(), why: error.kind() };
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
            Ok(found) if found.len() > LEN_MAX => return Err(KeyFileError::NotAKey(path.to_owned())),
            Ok(_) => {}
        }
        let bytes = Zeroizing::new(fs::read(path).map_err(failed)?);
        let text = std::str::from_utf8(&bytes).map_err(|_| KeyFileError::NotAKey(path.to_owned()))?;
        Self::parse(text, path).map(Some)
    }

    /// Writes a key file that was not there, for its owner only, and waits until it is on the disk.
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        let failed = |error: io::Error| KeyFileError::Io { path: path.to_owned(), why: error.kind() };
        if let Some(folder) = path.parent() {
            make_private_folder(folder).map_err(failed)?;
        }
        let part = path.with_extension("part");
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part).map_err(failed)?;
        file.write_all(self.expose_text().as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        rename(&part, path)
    }
}

/// Makes a folder for its owner only; one that is there keeps its mode.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Gives a file its name and waits until the folder knows it.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), KeyFileError> {
    let failed = |error: io::Error| KeyFileError::Io { path: to.to_owned(), why: error.kind() };
    fs::rename(from, to).map_err(failed)?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn derive_check(covered: &str) -> String {
    let digest = Hash32::derive_labelled(CHECK_LABEL, &[covered.as_bytes()]);
    BASE64URL_NOPAD.encode(digest.0.first_chunk::<16>().map_or(&[], |check| check.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use truebell_core::testing::Seeded;

    fn key() -> ServerKey {
        ServerKey::make_random([7; 16], UnixMillis(1_795_415_000_000), &mut Seeded::new(5))
    }

    /// This format may never change: a key file is read for as long as a server lives.
    #[test]
    fn version_1_is_written_and_read_as_the_format_page_has_it() {
        let text = key().expose_text();
        insta::assert_snapshot!(text.as_str());
        let read = ServerKey::parse(&text, Path::new("k")).unwrap();
        assert_eq!(read.expose_text(), text);
        assert_eq!(read.identity(), key().identity());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let text = key().expose_text();
        for place in 0..text.len() {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(ServerKey::parse(&changed, Path::new("k")).is_err(), "byte {place}");
            assert!(ServerKey::parse(text.get(..place).unwrap(), Path::new("k")).is_err(), "cut at {place}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_key_file_is_told_apart() {
        for (text, sentence) in [
            ("", "k is not a Truebell server key: put the right file back from the backup"),
            ("-----BEGIN PRIVATE KEY-----\n", "k is not a Truebell server key: put the right file back from the backup"),
            ("truebell server key 2\n", "k was written by a newer Truebell: update this one"),
            ("truebell server key 1\nserver x\n", "the key file k is damaged: put it back from the backup"),
        ] {
            assert_eq!(ServerKey::parse(text, Path::new("k")).unwrap_err().to_string(), sentence, "{text}");
        }
    }

    #[test]
    fn only_its_owner_can_read_a_written_key() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/server-key");
        key().write(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(ServerKey::read(&path).unwrap().unwrap().server, key().server);
        assert!(ServerKey::read(&folder.path().join("none")).unwrap().is_none());
    }

    #[test]
    fn nothing_secret_is_in_debug() {
        let shown = format!("{:?}", key());
        assert_eq!(shown, format!("ServerKey({}, SigningKey({:?}))", key().server, key().signing.public()));
    }
}
