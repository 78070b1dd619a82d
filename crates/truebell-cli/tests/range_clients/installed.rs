//! Programs and lists of other people, installed once into the target folder, as the lists beside this say. What is missing for that is a failure, and never a pass.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(crate) const PYTHON_MISSING: &str = "install Debian's `python3-venv`, or let `cargo xtask test setup` do it";

pub(crate) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/range_clients")
}

pub(crate) fn run(command: &mut Command, missing: &str) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?} cannot be started ({error}): {missing}"));
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// A folder with what `list` names, installed by whoever comes first and again when the list changes.
pub(crate) fn installed(name: &str, list: &str, install: impl FnOnce(&Path)) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("range-clients").join(name);
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let (wanted, done) = (fs::read_to_string(scripts().join(list)).unwrap(), folder.join("installed"));
    if !fs::read_to_string(&done).is_ok_and(|done| done == wanted) {
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(list), &wanted).unwrap();
        install(&folder);
        fs::write(done, wanted).unwrap();
    }
    folder
}

/// A Python that has Django.
pub(crate) fn python() -> PathBuf {
    let folder = installed("python", "requirements.txt", |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")), PYTHON_MISSING);
        let mut install = Command::new(folder.join("venv/bin/python"));
        install
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(folder.join("requirements.txt"));
        run(&mut install, PYTHON_MISSING);
    });
    folder.join("venv/bin/python")
}
