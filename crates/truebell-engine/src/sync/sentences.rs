//! The catalogue of sentences about synchronisation: the only place where an outcome becomes words.
//!
//! Never here: *changed*, *reset*, *revoked*, *removed*, *deleted*, *exposed* said of an account (law 1). A test holds that.

use super::{Unproven, View, Why};
use truebell_core::outcome::Failure;
use truebell_core::status::Bearing;
use truebell_core::time::UnixMillis;
use truebell_core::words::one_line;

/// What every bad-news sentence ends with: what it means for the person.
const NOTHING_CHANGED: &str = "Nothing about your account changed.";

/// The state of synchronisation in one or two sentences.
pub fn describe(view: &View) -> String {
    match view {
        View::Never => "This device has not synced yet.".into(),
        View::UpToDate { as_of } => format!("Up to date as of {}.", moment(*as_of)),
        View::Stale { since, why } => format!("{} {} {NOTHING_CHANGED}", describe_why(why), safe(*since)),
    }
}

/// The same, with what the server's operator says about it.
pub fn describe_with(view: &View, said: Option<&Bearing>) -> String {
    match (view, said) {
        (View::Stale { since, why }, Some(said)) => {
            format!("{} {} {} {NOTHING_CHANGED}", describe_why(why), describe_bearing(said), safe(*since))
        }
        _ => describe(view),
    }
}

/// A few words below a list that may be old: since when, and why. `None` where it is not.
pub fn describe_staleness(view: &View) -> Option<String> {
    let View::Stale { since, why } = view else { return None };
    let since = since.map_or_else(|| "never synced".to_owned(), |since| format!("as of {}", moment(since)));
    let why = match why {
        Why::Unreachable { .. } => "server unreachable",
        Why::Intercepted { .. } => "somebody else answered for the server",
        Why::Busy { .. } => "server busy",
        Why::Maintenance { .. } => "server in maintenance",
        _ => "`truebell status` says why",
    };
    Some(format!("{since}, {why}"))
}

/// What the operator says, from a signed status document.
pub fn describe_bearing(said: &Bearing) -> String {
    match said {
        Bearing::Maintenance { end, note, at } => {
            format!("Its operator is working on it until about {} (said {}){}.", moment(*end), moment(*at), quoted(note))
        }
        Bearing::Incident { since, title, words, at } => {
            let words = if words.trim() == title.trim() { String::new() } else { quoted(words).replacen(": ", "; ", 1) };
            format!("Its operator knows of trouble since {} (said {}){}{words}.", moment(*since), moment(*at), quoted(title))
        }
        Bearing::Announced { start, end, note, .. } => {
            format!("Its operator announced work from {} to {}{}.", moment(*start), moment(*end), quoted(note))
        }
    }
}

/// An operator's words after a colon; nothing where they speak of an account's security: that is for proven events alone (law 1), and a
/// status page that says so is to be read there, not heard from this device.
fn quoted(words: &str) -> String {
    const WHAT: [&str; 7] = ["password", "secret key", "account", "device", "vault", "signed out", "log in again"];
    const ALARM: [&str; 13] = [
        "changed",
        "reset",
        "revoked",
        "removed",
        "deleted",
        "exposed",
        "stolen",
        "leaked",
        "breach",
        "compromised",
        "hacked",
        "signed out",
        "log in again",
    ];
    let words = one_line(words);
    let lower = words.to_lowercase();
    let is_alarm = WHAT.iter().any(|what| lower.contains(what)) && ALARM.iter().any(|alarm| lower.contains(alarm));
    if words.is_empty() || is_alarm { String::new() } else { format!(": “{words}”") }
}

/// What the last exchange showed, without what it means.
pub fn describe_why(why: &Why) -> String {
    match why {
        Why::Busy { until } => format!("Your server is busy and asks this device to come back after {}.", moment(*until)),
        Why::Maintenance { until, note } if note.trim().is_empty() => {
            format!("Your server is being worked on until {}.", moment(*until))
        }
        Why::Maintenance { until, note } => {
            format!("Your server is being worked on until {}; its operator says: “{}”.", moment(*until), note.trim())
        }
        Why::Unreachable { failure } => unreachable_words(*failure).into(),
        Why::Intercepted { by } => format!("Someone between this device and your server answered: {by}."),
        Why::Outdated { needs } => format!("Your server needs {} of Truebell: update this one.", version(needs)),
        Why::ClockSkew { by_seconds, behind } => {
            let side = if *behind { "behind" } else { "ahead of" };
            format!("This device's clock is {} {side} the server's: set it and sync again.", span(*by_seconds))
        }
        Why::WrongServer => {
            "Another server answers at this address: not the one this account is on. Ask its operator, and check the address.".into()
        }
        Why::Refused { reason, retry_at } if retry_at.0 > 0 => format!("{} (Not before {}.)", reason.title(), moment(*retry_at)),
        Why::Refused { reason, .. } => reason.title().into(),
        Why::Unproven { what } => unproven_words(*what).into(),
    }
}

/// A restore, said plainly.
pub fn describe_restored(pushed_again: usize) -> String {
    let tail = match pushed_again {
        0 => "Nothing this device has was missing there.".to_owned(),
        1 => "One item it had lost was sent again from this device.".to_owned(),
        n => format!("{n} items it had lost were sent again from this device."),
    };
    format!("Your server came back from a backup. {tail}")
}

/// `2026-11-23 14:02 UTC`.
pub fn moment(at: UnixMillis) -> String {
    let utc = at.utc();
    format!("{:04}-{:02}-{:02} {:02}:{:02} UTC", utc.year, utc.month, utc.day, utc.hour, utc.minute)
}

fn safe(since: Option<UnixMillis>) -> String {
    match since {
        Some(since) => format!("Your data is safe and up to date as of {}.", moment(since)),
        None => "Your data is safe on this device.".into(),
    }
}

fn version(needs: &str) -> String {
    if needs.starts_with(|letter: char| letter.is_ascii_digit()) { format!("version {needs} or later") } else { needs.to_owned() }
}

fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} seconds"),
        120..=7199 => format!("{} minutes", seconds / 60),
        7200..=172_799 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

fn unreachable_words(failure: Failure) -> &'static str {
    match failure {
        Failure::Name => "The server's name is not known here: is this device on a network?",
        Failure::Connect => "The server cannot be reached.",
        Failure::Tls => "No secure connection to the server could be made: its certificate is not one this device accepts.",
        Failure::Untrusted => {
            "The server's certificate is not signed by an authority this device trusts: either somebody stands between you and it, or it has an authority of its own, which this device must be given (--ca-file)."
        }
        Failure::Misnamed => "The server's certificate is for another name than the address this device uses: check the address.",
        Failure::Expired => {
            "The server's certificate has run out or is not valid yet: its operator must renew it, unless the clock of this device is wrong."
        }
        Failure::Timeout => "The server did not answer in time.",
        Failure::Broken => "The connection to the server broke off.",
    }
}

fn unproven_words(what: Unproven) -> &'static str {
    match what {
        Unproven::Event => "Your server sent an event it cannot prove; it was kept out, and syncing stops until it sends a true one.",
        Unproven::Older => "Your server offers an older state than this device has seen; it was not taken.",
        Unproven::Forked => "Your server shows this device another history than before; it was not taken. Compare with your other devices.",
        Unproven::Vault => "Your server sent items whose proof does not add up; none of them was taken.",
        Unproven::Withheld => {
            "Your server's own signature names something that happened to this account which it does not show; nothing was taken. Look at your \
             other devices and your mail."
        }
        Unproven::Incomplete => "The answer of your server was cut short; nothing of it was taken.",
        Unproven::Keys => "Your server sent a key that this account did not make; it was not taken.",
        Unproven::Details => "Your server sent account details that no event of this account proves; they were not taken.",
        Unproven::Malformed => "Your server sent something this version cannot read; nothing of it was taken.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truebell_core::head::Reason;

    const AT: UnixMillis = UnixMillis(1_795_442_520_000);

    fn all() -> Vec<Why> {
        let mut whys = vec![
            Why::Busy { until: AT },
            Why::Maintenance { until: AT, note: String::new() },
            Why::Maintenance { until: AT, note: "moving house".into() },
            Why::Intercepted { by: "a page titled “Blocked by Example”".into() },
            Why::Outdated { needs: "0.2.0".into() },
            Why::ClockSkew { by_seconds: 90_000, behind: true },
            Why::WrongServer,
        ];
        whys.extend(Failure::ALL.map(|failure| Why::Unreachable { failure }));
        whys.extend(Unproven::ALL.map(|what| Why::Unproven { what }));
        whys.extend(Reason::ALL.iter().map(|reason| Why::Refused { reason: *reason, retry_at: UnixMillis(0) }));
        whys
    }

    #[test]
    fn a_stranger_in_between_is_named_and_the_data_is_called_safe() {
        let view = View::Stale { since: Some(AT), why: Why::Intercepted { by: "a page titled “Blocked by Example”".into() } };
        insta::assert_snapshot!(describe(&view), @"Someone between this device and your server answered: a page titled “Blocked by Example”. Your data is safe and up to date as of 2026-11-23 14:02 UTC. Nothing about your account changed.");
    }

    #[test]
    fn no_sentence_speaks_of_the_accounts_security() {
        for why in all() {
            let words = describe_why(&why).to_lowercase();
            for alarm in
                ["password was", "secret key was", "was changed", "was reset", "was revoked", "signed out", "new device", "exposed"]
            {
                assert!(!words.contains(alarm), "{words:?} sounds an alarm");
            }
            assert!(words.ends_with(['.', '?', ')']), "{words:?} is not a sentence");
        }
    }

    #[test]
    fn what_the_operator_says_is_quoted_beside_what_was_seen_and_alarms_are_not_repeated() {
        let why = Why::Unreachable { failure: Failure::Connect };
        let view = View::Stale { since: Some(AT), why };
        let said = |words: &str| Bearing::Incident { since: AT, title: words.into(), words: "We are looking.".into(), at: AT };
        insta::assert_snapshot!(describe_with(&view, Some(&said("The database is slow"))), @"The server cannot be reached. Its operator knows of trouble since 2026-11-23 14:02 UTC (said 2026-11-23 14:02 UTC): “The database is slow”; “We are looking.”. Your data is safe and up to date as of 2026-11-23 14:02 UTC. Nothing about your account changed.");
        let work = Bearing::Maintenance { end: AT, note: "moving house".into(), at: AT };
        insta::assert_snapshot!(describe_bearing(&work), @"Its operator is working on it until about 2026-11-23 14:02 UTC (said 2026-11-23 14:02 UTC): “moving house”.");
        let planned = Bearing::Announced { start: AT, end: AT, note: String::new(), at: AT };
        insta::assert_snapshot!(describe_bearing(&planned), @"Its operator announced work from 2026-11-23 14:02 UTC to 2026-11-23 14:02 UTC.");
        for alarm in ["Your password was CHANGED", "All vaults were deleted", "Your account is compromised\n", "Your device was signed out"]
        {
            assert!(!describe_bearing(&said(alarm)).contains(alarm.trim()), "{alarm}");
        }
        assert_eq!(describe_with(&View::UpToDate { as_of: AT }, Some(&work)), describe(&View::UpToDate { as_of: AT }));
    }

    #[test]
    fn moments_are_calendar_days() {
        for (at, expected) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_400_000, "2000-02-29 00:00 UTC"),
            (1_795_442_520_000, "2026-11-23 14:02 UTC"),
            (4_107_542_399_999, "2100-02-28 23:59 UTC"),
        ] {
            assert_eq!(moment(UnixMillis(at)), expected);
        }
    }
}
