//! What tests and measurements need from the machine beside Rust: a real PostgreSQL and MariaDB, a real KeePassXC, a reader of PDF text, other people's programs and what installs them.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::workspace::{find_program, is_root, run};
use crate::{mariadb, postgres};

/// A Debian package, and how to tell that what it brings is here.
pub(crate) struct Need {
    package: &'static str,
    why: &'static str,
    is_here: fn() -> bool,
}

/// For the tests.
pub(crate) const TESTS: &[Need] = &[
    Need {
        package: "postgresql",
        why: "the conformance tests run on a real PostgreSQL",
        is_here: || std::env::var_os(postgres::VARIABLE).is_some() || postgres::find_binaries().is_some(),
    },
    Need {
        package: "mariadb-server",
        why: "accounts of sites are read and reset in a real MariaDB",
        is_here: || std::env::var_os(mariadb::VARIABLE).is_some() || mariadb::find_daemon().is_some(),
    },
    Need {
        package: "keepassxc",
        why: "imports and exports are checked against the real `keepassxc-cli`",
        is_here: || find_program("keepassxc-cli").is_some(),
    },
    Need {
        package: "poppler-utils",
        why: "the Emergency Kit is read back with `pdftotext`",
        is_here: || find_program("pdftotext").is_some(),
    },
    Need {
        package: "openssl",
        why: "password verifiers are checked against the real `openssl passwd`",
        is_here: || find_program("openssl").is_some(),
    },
    Need {
        package: "perl-base",
        why: "password verifiers are checked against the C library's crypt, through `perl`",
        is_here: || find_program("perl").is_some(),
    },
    Need { package: "g++", why: "fuzz targets are driven by libFuzzer, which is C++", is_here: || find_program("c++").is_some() },
    Need {
        package: "npm",
        why: "the range service is asked by programs from npm",
        is_here: || find_program("npm").is_some() && find_program("node").is_some(),
    },
    Need { package: "python3-venv", why: "the range service is asked by a real Django", is_here: has_venv },
    Need {
        package: "cracklib-runtime",
        why: "a corpus is built from the words it brings",
        is_here: || Path::new("/usr/share/dict/cracklib-small").exists(),
    },
];

/// For measuring the range service.
pub(crate) const RANGES: &[Need] = &[
    Need {
        package: "nginx-light",
        why: "the range service is measured beside files in nginx",
        is_here: || find_program("nginx").is_some() || Path::new("/usr/sbin/nginx").exists(),
    },
    Need { package: "wrk", why: "the range service is measured under `wrk`", is_here: || find_program("wrk").is_some() },
];

/// A Python can be there without what makes environments.
fn has_venv() -> bool {
    let found = Command::new("python3").args(["-c", "import ensurepip, venv"]).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// Installs what is missing where that is possible; otherwise says what to install.
pub(crate) fn install_missing(needs: &'static [Need]) -> Result<()> {
    let missing: Vec<&Need> = needs.iter().filter(|need| !(need.is_here)()).collect();
    if missing.is_empty() {
        println!("all here: {}", needs.iter().map(|need| need.package).collect::<Vec<_>>().join(", "));
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    if !is_root() || find_program("apt-get").is_none() {
        let reasons: Vec<String> = missing.iter().map(|need| format!("{} ({})", need.package, need.why)).collect();
        bail!("missing: {}. Install them, for example with `sudo apt-get install {}`", reasons.join("; "), packages.join(" "));
    }
    println!("installing {}", packages.join(", "));
    run(apt_get().args(["-qq", "update"]))?;
    run(apt_get().args(["-qq", "install", "--yes", "--no-install-recommends"]).args(&packages))?;
    match missing.iter().find(|need| !(need.is_here)()) {
        None => Ok(()),
        Some(need) => bail!("{} was installed, but what it brings is not found: {}", need.package, need.why),
    }
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}
