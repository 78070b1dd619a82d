//! Instants as numbers. This crate never learns what time it is; it is told.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct UnixMillis(#[n(0)] pub u64);

impl UnixMillis {
    /// Whole seconds, as JWTs count them.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// From whole seconds.
    pub fn from_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// The moment as people write it, cut to the second.
    pub fn utc(self) -> Utc {
        let (days, second) = (self.seconds() / DAY_S, self.seconds() % DAY_S);
        let Day { year, month, day } = Day::after_epoch(i64::try_from(days).unwrap_or(i64::MAX));
        let unsigned = |number: i64| number.unsigned_abs();
        Utc {
            year: unsigned(year),
            month: unsigned(month),
            day: unsigned(day),
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
        }
    }
}

const DAY_S: u64 = 86_400;

/// A moment in UTC, from 1970 on, in the Gregorian calendar. Shown as `2026-11-23 06:20:31Z`; read also as a date alone, with `T`,
/// without seconds, with ` UTC` or nothing for `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utc {
    /// From 1970.
    pub year: u64,
    /// From 1.
    pub month: u64,
    /// From 1.
    pub day: u64,
    /// 0 to 23.
    pub hour: u64,
    /// 0 to 59.
    pub minute: u64,
    /// 0 to 59.
    pub second: u64,
}

/// Why a text is not a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date from 1970 on: write it as 2026-11-23 06:20:31Z")]
pub struct NotADate;

impl Utc {
    /// The instant; nothing for a day that is in no calendar.
    pub fn to_millis(self) -> Option<UnixMillis> {
        let Self { year, month, day, hour, minute, second } = self;
        let in_range = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        if !in_range || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let days = Day::new(signed(year), signed(month), signed(day))?.days_after_epoch();
        let days = u64::try_from(days).ok()?;
        Some(UnixMillis::from_seconds(days * DAY_S + hour * 3600 + minute * 60 + second))
    }
}

/// A day in the Gregorian calendar, also before 1970: birthdays are. Shown as `1815-12-10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// From 1 to 9999 where people write it.
    pub year: i64,
    /// From 1.
    pub month: i64,
    /// From 1.
    pub day: i64,
}

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_DAY: i64 = 719_468;
/// Days of the 400 years after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;

impl Day {
    /// The day, if there is such a day in the years 1 to 9999.
    pub fn new(year: i64, month: i64, day: i64) -> Option<Self> {
        let in_range = (1..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        let this = Self { year, month, day };
        (in_range && Self::after_epoch(this.days_after_epoch()) == this).then_some(this)
    }

    /// The day so many days after 1970-01-01: Howard Hinnant's `civil_from_days`.
    pub fn after_epoch(days: i64) -> Self {
        let days = days.saturating_add(EPOCH_DAY);
        let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS));
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_of_year = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_of_year + 2) / 5 + 1;
        let month = if month_of_year < 10 { month_of_year + 3 } else { month_of_year - 9 };
        Self { year: era * 400 + year_of_era + i64::from(month <= 2), month, day }
    }

    /// How many days after 1970-01-01; negative before it. Hinnant's `days_from_civil`.
    pub fn days_after_epoch(self) -> i64 {
        // Years begin in March here, so that the day a leap year adds is the last.
        let (year, month_of_year) = if self.month > 2 { (self.year, self.month - 3) } else { (self.year - 1, self.month + 9) };
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * month_of_year + 2) / 5 + self.day - 1;
        era * ERA_DAYS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - EPOCH_DAY
    }
}

impl fmt::Display for Day {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(out, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
    }
}

impl FromStr for Utc {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let text = text.trim().trim_end_matches(['Z', 'z']).trim_end_matches("UTC").trim_end();
        let (date, time) = text.split_once(['T', 't', ' ']).unwrap_or((text, "00:00:00"));
        let read = |text: &str, digits: usize| {
            let is_number = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
            if is_number { text.parse::<u64>().map_err(|_| NotADate) } else { Err(NotADate) }
        };
        let mut date = date.split('-');
        let mut date_part = |digits| date.next().ok_or(NotADate).and_then(|part| read(part, digits));
        let (year, month, day) = (date_part(4)?, date_part(2)?, date_part(2)?);
        let mut time = time.trim().split(':');
        let hour = time.next().ok_or(NotADate).and_then(|part| read(part, 2))?;
        let minute = time.next().ok_or(NotADate).and_then(|part| read(part, 2))?;
        let second = time.next().map_or(Ok(0), |part| read(part, 2))?;
        let utc = Self { year, month, day, hour, minute, second };
        if date.next().is_some() || time.next().is_some() || utc.to_millis().is_none() { Err(NotADate) } else { Ok(utc) }
    }
}

impl Add<std::time::Duration> for UnixMillis {
    type Output = Self;
    fn add(self, more: std::time::Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(more.as_millis()).unwrap_or(u64::MAX)))
    }
}

impl Sub for UnixMillis {
    type Output = std::time::Duration;
    /// How long after `earlier`; zero if it is not after it.
    fn sub(self, earlier: Self) -> std::time::Duration {
        std::time::Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_moments_are_written_as_calendars_have_them() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00Z"),
            (951_782_399, "2000-02-28 23:59:59Z"),
            (951_782_400, "2000-02-29 00:00:00Z"),
            (1_000_000_000, "2001-09-09 01:46:40Z"),
            (4_107_542_399, "2100-02-28 23:59:59Z"),
            (4_107_542_400, "2100-03-01 00:00:00Z"),
            (253_402_300_799, "9999-12-31 23:59:59Z"),
        ] {
            assert_eq!(UnixMillis::from_seconds(seconds).utc().to_string(), text);
            assert_eq!(text.parse::<Utc>().unwrap().to_millis(), Some(UnixMillis::from_seconds(seconds)));
        }
    }

    #[test]
    fn days_before_1970_are_days() {
        for (days, text) in
            [(-56_270, "1815-12-10"), (-1, "1969-12-31"), (0, "1970-01-01"), (-719_162, "0001-01-01"), (11_016, "2000-02-29")]
        {
            assert_eq!(Day::after_epoch(days).to_string(), text);
        }
        assert_eq!(Day::new(1900, 2, 29), None);
        assert_eq!(Day::new(2000, 2, 30), None);
    }

    #[test]
    fn a_moment_is_read_as_people_write_it() {
        for text in ["2026-11-23", "2026-11-23T00:00:00Z", "2026-11-23 00:00", " 2026-11-23 00:00:00 UTC", "2026-11-23t00:00z"] {
            assert_eq!(text.parse::<Utc>().map(|utc| utc.to_string()), Ok("2026-11-23 00:00:00Z".to_owned()), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-01-32",
            "1969-12-31",
            "26-11-23",
            "2026-11-23-01",
            "2026-11-23 24:00",
            "2026-11-23 12",
            "2026-11-23 12:60",
            "2026-11-23 12:00:60",
            "2026-11-23 12:00:00:00",
            "2026-11-23 +1:00",
            "١٩٧٠-01-01",
        ] {
            assert_eq!(text.parse::<Utc>(), Err(NotADate), "{text}");
        }
    }

    proptest! {
        #[test]
        fn each_second_until_the_year_9999_reads_back(seconds in 0..253_402_300_800_u64) {
            let utc = UnixMillis::from_seconds(seconds).utc();
            prop_assert_eq!(utc.to_string().parse::<Utc>().unwrap().to_millis(), Some(UnixMillis::from_seconds(seconds)));
        }

        #[test]
        fn each_day_of_the_calendar_is_the_one_after_the_last(days in -719_000..2_932_000_i64) {
            let (today, tomorrow) = (Day::after_epoch(days), Day::after_epoch(days + 1));
            prop_assert_eq!(today.days_after_epoch(), days);
            prop_assert_eq!(Day::new(today.year, today.month, today.day), Some(today));
            prop_assert!(tomorrow > today && (tomorrow.day == today.day + 1 || tomorrow.day == 1));
        }

        #[test]
        fn no_instant_is_too_late_to_be_written(millis: u64) {
            prop_assert!(UnixMillis(millis).utc().to_string().ends_with('Z'));
        }
    }
}
