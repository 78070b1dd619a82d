//! Where the agent listens: a socket in a folder only its owner may enter. Never here: what is said over it.

use crate::exit::{Answered, Failure};
use rustix::fs::{FileType, Mode};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use truebell_client::Profile;

/// The socket of one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    folder: PathBuf,
    socket: PathBuf,
}

impl Place {
    /// In `$XDG_RUNTIME_DIR/truebell`, which vanishes with the login session; in the profile's own folder where there is none, or
    /// where `TRUEBELL_HOME` sets a world apart.
    pub fn of(profile: &Profile, runtime: Option<&Path>) -> Self {
        match runtime.filter(|runtime| runtime.is_absolute()) {
            Some(runtime) => {
                let folder = runtime.join("truebell");
                let socket = folder.join(format!("{}.sock", profile.name()));
                Self { folder, socket }
            }
            None => Self::inside(profile.folder()),
        }
    }

    fn inside(folder: &Path) -> Self {
        let folder = folder.join("agent");
        Self { socket: folder.join("agent.sock"), folder }
    }

    /// The socket's path.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Makes the folder, for its owner only, and checks that it is so.
    pub fn make_folder(&self) -> Answered {
        if let Some(parent) = self.folder.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Failure::io("The folder for the agent's socket could not be made", &error))?;
        }
        match rustix::fs::mkdir(&self.folder, Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.check_folder(),
            Err(error) => Err(Failure::io("The folder for the agent's socket could not be made", &error.into())),
        }
    }

    fn check_folder(&self) -> Answered {
        let unsafe_folder = |why: &str| {
            Failure::plain(format!(
                "The folder {} {why}: it is not used for the agent. Remove it, and unlock again.",
                self.folder.display()
            ))
        };
        let stat = rustix::fs::lstat(&self.folder)
            .map_err(|error| Failure::io("The folder for the agent's socket could not be looked at", &error.into()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Err(unsafe_folder("is not a folder"));
        }
        if stat.st_uid != rustix::process::geteuid().as_raw() {
            return Err(unsafe_folder("belongs to somebody else"));
        }
        if Mode::from_raw_mode(stat.st_mode).intersects(Mode::RWXG | Mode::RWXO) {
            return Err(unsafe_folder("is open to others"));
        }
        Ok(())
    }

    /// A connection to the agent; `None` where none listens.
    pub fn connect(&self) -> Option<UnixStream> {
        // The folder is checked before anything is sent: nobody else can have put a socket of theirs there.
        self.check_folder().ok()?;
        let stream = UnixStream::connect(&self.socket).ok()?;
        is_same_user(&stream).then_some(stream)
    }
}

/// Whether the process at the other end belongs to the user this one runs as. The system vouches for it, not the process.
pub(super) fn is_same_user(stream: &UnixStream) -> bool {
    rustix::net::sockopt::socket_peercred(stream).is_ok_and(|peer| may_ask(peer.uid.as_raw(), rustix::process::geteuid().as_raw()))
}

/// Only the owner may: not another user, and not root in the owner's name.
fn may_ask(peer: u32, owner: u32) -> bool {
    peer == owner
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_the_owner_may_ask() {
        assert!(may_ask(1000, 1000));
        assert!(!may_ask(1001, 1000));
        assert!(!may_ask(0, 1000));
    }

    #[test]
    fn the_folder_is_made_for_its_owner_and_an_open_one_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::inside(home.path());
        place.make_folder().unwrap();
        assert_eq!(std::fs::metadata(&place.folder).unwrap().permissions().mode() & 0o777, 0o700);
        std::fs::set_permissions(&place.folder, std::fs::Permissions::from_mode(0o750)).unwrap();
        let failure = place.make_folder().unwrap_err();
        assert!(failure.message.contains("is open to others"), "{failure}");
    }

    #[test]
    fn a_socket_in_an_open_folder_is_not_spoken_to() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::inside(home.path());
        place.make_folder().unwrap();
        let listener = UnixListener::bind(place.socket()).unwrap();
        assert!(place.connect().is_some());
        std::fs::set_permissions(&place.folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(place.connect().is_none());
        drop(listener);
    }

    #[test]
    fn a_link_in_place_of_the_folder_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let place = Place::inside(home.path());
        std::os::unix::fs::symlink(elsewhere.path(), &place.folder).unwrap();
        assert!(place.make_folder().unwrap_err().message.contains("is not a folder"));
    }
}
