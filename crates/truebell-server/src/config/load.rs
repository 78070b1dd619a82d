//! Where settings come from: flags over environment over file over defaults. An unknown name is refused, with what was probably meant.

use super::Config;
use super::error::ConfigError;
use super::nearest::nearest;
use super::value::MailTls;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Variables begin with this.
const PREFIX: &str = "TRUEBELL_";
/// Largest configuration file read, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// The command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => out.write_str("default"),
            Self::File(path) => write!(out, "file {}", path.display()),
            Self::Environment(name) => write!(out, "environment {name}"),
            Self::Flag(name) => write!(out, "flag {name}"),
        }
    }
}

/// What the process was given.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A configuration file.
    pub file: Option<PathBuf>,
    /// The environment, or the part of it that matters.
    pub environment: Vec<(String, String)>,
    /// Flags: setting, value, and the flag's name.
    pub flags: Vec<Given>,
}

/// A setting given by a flag.
#[derive(Debug, Clone)]
pub struct Given {
    /// The setting's name.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The flag, as written (`--listen`).
    pub flag: &'static str,
}

/// A configuration, and where each value of it came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    pub(super) origins: BTreeMap<&'static str, Origin>,
}

impl Loaded {
    /// Where a setting's value came from.
    pub fn origin(&self, name: &str) -> &Origin {
        self.origins.get(name).unwrap_or(&Origin::Default)
    }
}

type Values = BTreeMap<&'static str, (String, Origin)>;

/// Reads, in order, file, environment and flags, and checks the whole.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut values = Values::new();
    if let Some(path) = &sources.file {
        read_file(path, &mut values)?;
    }
    for (variable, text) in &sources.environment {
        read_variable(variable, text, &mut values)?;
    }
    for Given { name, text, flag } in &sources.flags {
        put(&mut values, name, text.clone(), Origin::Flag((*flag).to_owned()))?;
    }
    let read = Config::read(|name| values.get(name).map(|(text, _)| text.as_str()));
    let config = read.map_err(|(name, wrong)| {
        let origin = values.get(name).map_or(Origin::Default, |(_, origin)| origin.clone());
        ConfigError::Value { name: name.to_owned(), origin, wrong }
    })?;
    check_together(&config)?;
    Ok(Loaded { config, origins: values.into_iter().map(|(name, (_, origin))| (name, origin)).collect() })
}

fn known(name: &str) -> Option<&'static str> {
    Config::SETTINGS.iter().map(|setting| setting.name).find(|known| *known == name)
}

fn put(values: &mut Values, name: &str, text: String, origin: Origin) -> Result<(), ConfigError> {
    let Some(known) = known(&name.replace('-', "_")) else {
        let nearest = nearest(name, Config::SETTINGS.iter().map(|setting| setting.name));
        return Err(ConfigError::Unknown { name: name.to_owned(), origin, nearest });
    };
    values.insert(known, (text, origin));
    Ok(())
}

fn read_file(path: &Path, values: &mut Values) -> Result<(), ConfigError> {
    let unreadable = |why| ConfigError::Unreadable { path: path.to_owned(), why };
    if std::fs::metadata(path).map_err(|error| unreadable(error.kind()))?.len() > FILE_BYTES_MAX {
        return Err(unreadable(std::io::ErrorKind::FileTooLarge));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.kind()))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let line = 1 + text.bytes().take(start).filter(|byte| *byte == b'\n').count();
        ConfigError::NotToml { path: path.to_owned(), line, why: error.message().to_owned() }
    })?;
    read_table(&table, "", path, values)
}

/// A table in the file is a common beginning of names: `relay` in `[mail]` is `mail_relay`.
fn read_table(table: &toml::Table, before: &str, path: &Path, values: &mut Values) -> Result<(), ConfigError> {
    for (key, value) in table {
        let name = format!("{before}{key}");
        let text = match value {
            toml::Value::Table(table) => {
                read_table(table, &format!("{name}_"), path, values)?;
                continue;
            }
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Array(list) if list.iter().all(toml::Value::is_str) => {
                list.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(",")
            }
            _ => {
                let wrong = "write text in quotes, a whole number, or a list of texts".to_owned();
                return Err(ConfigError::Value { name, origin: Origin::File(path.to_owned()), wrong });
            }
        };
        put(values, &name, text, Origin::File(path.to_owned()))?;
    }
    Ok(())
}

/// A variable that is nearly a setting's is a slip and refused; any other belongs to another part of Truebell.
fn read_variable(variable: &str, text: &str, values: &mut Values) -> Result<(), ConfigError> {
    let Some(name) = variable.strip_prefix(PREFIX).map(str::to_ascii_lowercase) else { return Ok(()) };
    let origin = Origin::Environment(variable.to_owned());
    if known(&name).is_some() || nearest(&name, Config::SETTINGS.iter().map(|setting| setting.name)).is_some() {
        put(values, &name, text.to_owned(), origin)?;
    }
    Ok(())
}

fn check_together(config: &Config) -> Result<(), ConfigError> {
    let relay_host = config.mail_relay.rsplit_once(':').map(|(host, _)| host.trim_matches(['[', ']']));
    let on_this_machine =
        relay_host.is_some_and(|host| host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()));
    let relay_is_whole = config.mail_relay.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    let dkim = [!config.dkim_domain.is_empty(), config.dkim_key_file.is_some()];
    let url_is_plain = config.public_url.is_empty()
        || ["https://", "http://"]
            .iter()
            .any(|scheme| config.public_url.strip_prefix(scheme).is_some_and(|rest| !rest.trim_end_matches('/').contains('/')));
    let rules = [
        (config.tls_certificate.is_some() == config.tls_key.is_some(), "`tls_certificate` and `tls_key` belong together: set both or none"),
        (!config.has_relay() || relay_is_whole, "`mail_relay` needs a host and a port, as mail.example.org:465"),
        (
            !config.has_relay() || config.mail_from.parse::<lettre::message::Mailbox>().is_ok(),
            "`mail_from` is not a mail address: write Name <address@example.org>",
        ),
        (
            !config.has_relay() || config.mail_tls != MailTls::None || on_this_machine,
            "`mail_tls = none` is taken only for a relay on this machine: use implicit or starttls",
        ),
        (
            config.mail_user.is_empty() == config.mail_password_file.is_none(),
            "`mail_user` and `mail_password_file` belong together: set both or none",
        ),
        (
            dkim.iter().all(|set| *set) || !dkim.iter().any(|set| *set),
            "`dkim_domain` and `dkim_key_file` belong together: set both or none",
        ),
        (url_is_plain, "`public_url` is https://HOST or http://HOST, without a path"),
        (
            config.metrics_listen.is_none_or(|metrics| metrics != config.listen || metrics.port() == 0),
            "`metrics_listen` needs an address of its own, other than `listen`",
        ),
    ];
    match rules.iter().find(|(holds, _)| !holds) {
        Some((_, wrong)) => Err(ConfigError::Together(wrong)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn from_file(text: &str) -> Result<Loaded, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().join("truebell.toml");
        std::fs::write(&path, text).map_err(|error| error.to_string())?;
        let shown = path.display().to_string();
        load(&Sources { file: Some(path), ..Sources::default() }).map_err(|error| error.to_string().replace(&shown, "FILE"))
    }

    fn flag(name: &str, text: &str) -> Given {
        Given { name: name.into(), text: text.into(), flag: "--set" }
    }

    #[test]
    fn a_file_may_use_tables_or_whole_names() {
        let one = from_file("mail_relay = \"mail.example.org:465\"\nsession_lifetime = \"2h\"").unwrap();
        let other = from_file("session-lifetime = \"2h\"\n[mail]\nrelay = \"mail.example.org:465\"").unwrap();
        assert_eq!(one.config, other.config);
        assert_eq!(one.config.session_lifetime, Duration::from_secs(7200));
        let proxies = from_file("trusted_proxies = [\"127.0.0.1/32\", \"::1/128\"]").unwrap();
        assert_eq!(proxies.config.shown("trusted_proxies"), "127.0.0.1/32, ::1/128");
    }

    #[test]
    fn flags_win_over_environment_over_file_over_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("truebell.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:1\"\nsign_up = \"closed\"\nlog_level = \"warn\"").unwrap();
        let environment =
            [("TRUEBELL_LISTEN", "127.0.0.1:2"), ("TRUEBELL_SIGN_UP", "open"), ("HOME", "/"), ("TRUEBELL_TEST_POSTGRES", "x")];
        let environment = environment.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
        let flags = vec![Given { name: "listen".into(), text: "127.0.0.1:3".into(), flag: "--listen" }];
        let loaded = load(&Sources { file: Some(path.clone()), environment, flags }).unwrap();
        for (name, shown, origin) in [
            ("listen", "127.0.0.1:3", Origin::Flag("--listen".into())),
            ("sign_up", "open", Origin::Environment("TRUEBELL_SIGN_UP".into())),
            ("log_level", "warn", Origin::File(path)),
            ("log_format", "text", Origin::Default),
        ] {
            assert_eq!((loaded.config.shown(name), loaded.origin(name)), (shown.to_owned(), &origin), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_in_one_sentence_with_its_place() {
        for (text, sentence) in [
            ("lisen = \"127.0.0.1:1\"", "there is no setting `lisen` (file FILE): did you mean `listen`?"),
            ("[mail]\nrely = \"x:1\"", "there is no setting `mail_rely` (file FILE): did you mean `mail_relay`?"),
            ("colour = \"red\"", "there is no setting `colour` (file FILE): `docs/configuration.md` lists all of them"),
            ("listen = \"here\"", "`listen` (file FILE) is not right: write an address and a port, as 127.0.0.1:8484"),
            ("sign_up = \"yes\"", "`sign_up` (file FILE) is not right: write `open`, `invite` or `closed`"),
            ("sign_up = true", "`sign_up` (file FILE) is not right: write text in quotes, a whole number, or a list of texts"),
            (
                "session_lifetime = \"0s\"",
                "`session_lifetime` (file FILE) is not right: write a duration above zero, as 90s, 12h or 30days",
            ),
            ("store = \"mysql://x\"", "`store` (file FILE) is not right: write sqlite:PATH or postgres://USER@HOST/DATABASE"),
            ("mail_from = \"a\\r\\nBcc: b@example.org\"", "`mail_from` (file FILE) is not right: write it on one line"),
            ("tls_key = \"k.pem\"", "`tls_certificate` and `tls_key` belong together: set both or none"),
            ("mail_relay = \"mail.example.org\"", "`mail_relay` needs a host and a port, as mail.example.org:465"),
            (
                "mail_relay = \"mail.example.org:25\"\nmail_tls = \"none\"",
                "`mail_tls = none` is taken only for a relay on this machine: use implicit or starttls",
            ),
            ("mail_user = \"ada\"", "`mail_user` and `mail_password_file` belong together: set both or none"),
            ("dkim_domain = \"example.org\"", "`dkim_domain` and `dkim_key_file` belong together: set both or none"),
            ("public_url = \"https://example.org/truebell\"", "`public_url` is https://HOST or http://HOST, without a path"),
            ("metrics_listen = \"127.0.0.1:8484\"", "`metrics_listen` needs an address of its own, other than `listen`"),
        ] {
            assert_eq!(from_file(text).unwrap_err(), sentence, "{text}");
        }
        assert!(
            from_file("listen = \"127.0.0.1:1\"\nsign_up = ")
                .unwrap_err()
                .starts_with("the configuration file FILE is not TOML at line 2: ")
        );
    }

    #[test]
    fn a_missing_file_and_a_misspelt_variable_are_refused_and_a_foreign_variable_is_not() {
        let missing = load(&Sources { file: Some("/nonexistent/truebell.toml".into()), ..Sources::default() }).unwrap_err();
        assert!(
            missing.to_string().starts_with("the configuration file /nonexistent/truebell.toml cannot be read (entity not found)"),
            "{missing}"
        );
        let with = |name: &str| load(&Sources { environment: vec![(name.into(), "x".into())], ..Sources::default() });
        let slip = with("TRUEBELL_MAIL_RELAI").unwrap_err().to_string();
        assert_eq!(slip, "there is no setting `mail_relai` (environment TRUEBELL_MAIL_RELAI): did you mean `mail_relay`?");
        assert!(with("TRUEBELL_PROFILE").is_ok());
        assert!(load(&Sources { flags: vec![flag("nothing_like_it", "1")], ..Sources::default() }).is_err());
    }
}
