//! `truebell config check`: every value, where it came from, and what about it is unsafe. No secret is shown, because none is there.

use super::load::Loaded;
use super::{Config, MailTls};
use std::fmt::Write;
use std::path::Path;
use truebell_core::wire::server::SignUpMode;

/// Something an operator should know before people rely on this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// The setting to change.
    pub setting: &'static str,
    /// What follows from it as it is, and what to do.
    pub sentence: String,
}

/// What is unsafe or surprising about a configuration, looked at without starting anything.
pub fn remarks(config: &Config) -> Vec<Remark> {
    let mut found = Vec::new();
    let mut say = |holds: bool, setting, sentence: &str| {
        if holds {
            found.push(Remark { setting, sentence: sentence.to_owned() });
        }
    };
    let is_public = !config.listen.ip().is_loopback();
    let is_alone = config.trusted_proxies.0.is_empty();
    say(!config.has_relay(), "mail_relay", "Mail is off: notices are written to the outbox folder and reach nobody.");
    say(
        is_public && !config.has_tls() && is_alone,
        "tls_certificate",
        "The server listens on the network without TLS: session tokens can be read on the way. Set tls_certificate and tls_key, or listen on 127.0.0.1 behind a proxy.",
    );
    say(is_public && config.sign_up == SignUpMode::Open, "sign_up", "Anybody on the network can make an account.");
    say(
        config.trusted_proxies.0.iter().any(super::Network::is_everybody),
        "trusted_proxies",
        "Everybody is believed to be a proxy: anybody can choose the address that guess limits count by.",
    );
    say(
        config.public_url.starts_with("http://") && !is_loopback_url(&config.public_url),
        "public_url",
        "The public address is without TLS: people would type it, and mails would link to it.",
    );
    say(
        config.store.has_password(),
        "store",
        "The database password is in the configuration: put it into a file and name that in store_password_file.",
    );
    say(
        config.metrics_listen.is_some_and(|metrics| !metrics.ip().is_loopback()),
        "metrics_listen",
        "Metrics are readable from the network: they show how many people use this server and when.",
    );
    say(
        config.has_relay() && config.dkim_domain.is_empty() && config.mail_tls != MailTls::None,
        "dkim_domain",
        "Mails are not signed here: make sure that the relay signs them, or people cannot tell them from forgeries.",
    );
    let secrets = [
        ("store_password_file", config.store_password_file.clone()),
        ("mail_password_file", config.mail_password_file.clone()),
        ("dkim_key_file", config.dkim_key_file.clone()),
        ("tls_key", config.tls_key.clone()),
        ("signals_rsa_key_file", config.signals_rsa_key_file.clone()),
        ("data", Some(config.key_file())),
    ];
    for (setting, path) in secrets {
        if let Some(path) = path.filter(|path| is_readable_by_others(path)) {
            let sentence = format!("{} holds a secret and others on this machine can read it: chmod 600 it.", path.display());
            found.push(Remark { setting, sentence });
        }
    }
    found
}

fn is_loopback_url(url: &str) -> bool {
    let host = url.trim_start_matches("http://");
    ["127.", "localhost", "[::1]"].iter().any(|own| host.starts_with(own))
}

fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
}

/// The whole check as text.
pub fn explain(loaded: &Loaded) -> String {
    let mut text = String::new();
    for setting in Config::SETTINGS {
        let value = loaded.config.shown(setting.name);
        let value = if value.is_empty() { "(empty)" } else { &value };
        let about = setting.about.concat();
        let first = about.trim().split_inclusive(". ").next().unwrap_or_default().trim();
        let _ = write!(text, "{} = {value}    [{}]\n    {first}\n", setting.name, loaded.origin(setting.name));
    }
    let remarks = remarks(&loaded.config);
    if remarks.is_empty() {
        text.push_str("\nNothing about this configuration is unsafe.\n");
    } else {
        text.push_str("\nBefore people rely on it:\n");
    }
    for remark in remarks {
        let _ = writeln!(text, "  {}: {}", remark.setting, remark.sentence);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Given, Sources, load};
    use super::*;

    fn with(settings: &[(&str, &str)]) -> Loaded {
        let flags = settings.iter().map(|(name, text)| Given { name: (*name).into(), text: (*text).into(), flag: "--set" }).collect();
        load(&Sources { flags, ..Sources::default() }).unwrap()
    }

    fn unsafe_settings(settings: &[(&str, &str)]) -> Vec<&'static str> {
        remarks(&with(settings).config).into_iter().map(|remark| remark.setting).collect()
    }

    #[test]
    fn each_unsafe_choice_is_named_and_a_safe_one_is_not() {
        let relay = ("mail_relay", "127.0.0.1:25");
        let none = ("mail_tls", "none");
        assert_eq!(unsafe_settings(&[]), ["mail_relay"]);
        assert!(unsafe_settings(&[relay, none]).is_empty());
        assert_eq!(unsafe_settings(&[relay, none, ("listen", "0.0.0.0:80")]), ["tls_certificate"]);
        assert_eq!(
            unsafe_settings(&[relay, none, ("listen", "0.0.0.0:80"), ("trusted_proxies", "10.0.0.0/8"), ("sign_up", "open")]),
            ["sign_up"]
        );
        assert_eq!(unsafe_settings(&[relay, none, ("trusted_proxies", "0.0.0.0/0")]), ["trusted_proxies"]);
        assert_eq!(unsafe_settings(&[relay, none, ("public_url", "http://pw.example.org")]), ["public_url"]);
        assert_eq!(unsafe_settings(&[relay, none, ("store", "postgres://a:b@c/d")]), ["store"]);
        assert_eq!(unsafe_settings(&[relay, none, ("metrics_listen", "0.0.0.0:9")]), ["metrics_listen"]);
        assert_eq!(unsafe_settings(&[("mail_relay", "mail.example.org:465")]), ["dkim_domain"]);
    }

    #[test]
    fn a_secret_file_that_others_can_read_is_named() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("server-key");
        std::fs::write(&key, "x").unwrap();
        let data = folder.path().to_str().unwrap();
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(unsafe_settings(&[("data", data)]), ["mail_relay", "data"]);
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(unsafe_settings(&[("data", data)]), ["mail_relay"]);
    }

    #[test]
    fn the_check_shows_every_setting_with_its_origin_and_no_password() {
        let text = explain(&with(&[("store", "postgres://ada:hunter2@db/truebell")]));
        for setting in Config::SETTINGS {
            assert!(text.contains(&format!("{} = ", setting.name)), "{}", setting.name);
        }
        assert!(text.contains("store = postgres://ada:…@db/truebell    [flag --set]\n    The database: "), "{text}");
        assert!(!text.contains("hunter2"));
    }
}
