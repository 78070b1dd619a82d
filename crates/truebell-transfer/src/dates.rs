//! Days and instants in the shapes other managers write. Never a clock.

use truebell_core::time::{Day, UnixMillis};

fn number(text: &str) -> Option<i64> {
    (!text.is_empty() && text.len() <= 9 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().unwrap_or(0))
}

fn read_day(text: &str) -> Option<Day> {
    let mut parts = text.split('-').map(number);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() { None } else { Day::new(year, month, day) }
}

/// `YYYY-MM-DD` (also with one-digit months and days), in full digits; nothing if it is not a day.
pub(crate) fn day(text: &str) -> Option<String> {
    read_day(text.trim()).map(|day| day.to_string())
}

/// A month in one of the shapes exports use: `YYYY-MM`, `MM/YYYY`, `MM/YY`, `MM-YYYY`, `MMYYYY`, `YYYYMM`.
pub(crate) fn month(text: &str) -> Option<String> {
    let text = text.trim();
    let (a, b) = match text.split_once(['/', '-']) {
        Some((a, b)) => (a.trim(), b.trim()),
        None if text.len() == 6 && text.is_ascii() => {
            let (a, b) = text.split_at_checked(4)?;
            if number(a)? > 1300 { (a, b) } else { text.split_at_checked(2)? }
        }
        None => return None,
    };
    let (year, month) = if a.len() == 4 { (number(a)?, number(b)?) } else { (number(b)?, number(a)?) };
    let year = if year < 100 { 2000 + year } else { year };
    ((1000..=9999).contains(&year) && (1..=12).contains(&month)).then(|| format!("{year:04}-{month:02}"))
}

/// A month from two texts, `3` and `2029`.
pub(crate) fn month_of(month_text: &str, year_text: &str) -> Option<String> {
    month(&format!("{:0>2}/{}", month_text.trim(), year_text.trim()))
}

/// The day an instant falls on in UTC, `YYYY-MM-DD`.
pub(crate) fn day_of(seconds: i64) -> String {
    Day::after_epoch(seconds.div_euclid(86_400)).to_string()
}

/// An instant as `YYYY-MM-DDThh:mm:ss.mmmZ` (the milliseconds only when there are any).
pub(crate) fn instant_text(at: UnixMillis) -> String {
    let millis = at.0 % 1000;
    let fraction = if millis == 0 { String::new() } else { format!(".{millis:03}") };
    let utc = at.utc();
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}Z", utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)
}

/// An RFC 3339 instant, with `Z` or an offset; instants before 1970 become 1970.
pub(crate) fn instant(text: &str) -> Option<UnixMillis> {
    let text = text.trim();
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let day = read_day(date)?;
    let clock = rest.strip_prefix(['T', 't', ' '])?;
    let (h, m, s) = (number(clock.get(..2)?)?, number(clock.get(3..5)?)?, number(clock.get(6..8)?)?);
    if h > 23 || m > 59 || s > 60 || clock.get(2..3) != Some(":") || clock.get(5..6) != Some(":") {
        return None;
    }
    let tail = clock.get(8..)?;
    let (fraction, zone) = match tail.strip_prefix('.') {
        Some(after) => after.split_at_checked(after.bytes().take_while(u8::is_ascii_digit).count())?,
        None => ("", tail),
    };
    let millis = number(format!("{fraction:0<3}").get(..3)?)?;
    let offset = zone_seconds(zone)?;
    let seconds = day.days_after_epoch() * 86_400 + h * 3600 + m * 60 + s - offset;
    Some(UnixMillis(u64::try_from(seconds * 1000 + millis).unwrap_or(0)))
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") || zone.is_empty() {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let zone = zone.strip_prefix(['+', '-'])?;
    let (h, m) = zone.split_once(':')?;
    Some(sign * (number(h)? * 3600 + number(m)? * 60))
}

/// An instant from a count in seconds, milliseconds or microseconds since 1970, told apart by size.
pub(crate) fn instant_of_count(count: u64) -> UnixMillis {
    match count {
        0..100_000_000_000 => UnixMillis::from_seconds(count),
        100_000_000_000..100_000_000_000_000 => UnixMillis(count),
        _ => UnixMillis(count / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn months_in_every_shape_become_one() {
        for text in ["2029-03", "03/2029", "3/29", "03-2029", "032029", "202903", " 3 / 2029 "] {
            assert_eq!(month(text).as_deref(), Some("2029-03"), "{text}");
        }
        for text in ["", "13/2029", "March", "2029", "0/29", "é/2029"] {
            assert_eq!(month(text), None, "{text}");
        }
    }

    #[test]
    fn instants_are_read_with_fractions_and_offsets() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2024-01-30T11:23:54.416Z", 1_706_613_834_416),
            ("2024-01-30T12:23:54.4167+01:00", 1_706_613_834_416),
            ("2024-01-30 11:23:54", 1_706_613_834_000),
        ] {
            assert_eq!(instant(text), Some(UnixMillis(millis)), "{text}");
        }
        for text in ["", "yesterday", "2024-02-30T00:00:00Z", "2024-01-30T25:00:00Z", "2024-01-30T00:00:00x"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_instant_survives_being_written(millis in 0u64..200_000_000_000_000) {
            prop_assert_eq!(instant(&instant_text(UnixMillis(millis))), Some(UnixMillis(millis)));
        }

        #[test]
        fn no_text_makes_a_date_parser_panic(text in "\\PC{0,24}") {
            let _ = (instant(&text), month(&text), day(&text));
        }
    }
}
