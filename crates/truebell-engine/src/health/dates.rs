//! Days and months as people write them into fields: when something expires.

use truebell_core::time::UnixMillis;

pub(super) const DAY_MS: u64 = 24 * 3600 * 1000;

/// The end of a day (`2027-03-31`), or of a month (`2027-03`, `03/2027`, `03/27`).
pub(super) fn parse_end(text: &str) -> Option<UnixMillis> {
    let text = text.trim();
    let days = match text.split(['-', '/', '.']).collect::<Vec<_>>().as_slice() {
        [year, month, day] if year.len() == 4 => {
            days_before(number(year)?, number(month)?)? + number(day).filter(|day| (1..=31).contains(day))?
        }
        [year, month] if year.len() == 4 => days_before_next(number(year)?, number(month)?)?,
        [month, year] if year.len() == 4 => days_before_next(number(year)?, number(month)?)?,
        [month, year] if year.len() == 2 => days_before_next(2000 + number(year)?, number(month)?)?,
        _ => return None,
    };
    Some(UnixMillis(days * DAY_MS))
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok())?
}

fn days_before_next(year: u64, month: u64) -> Option<u64> {
    if month == 0 {
        return None;
    }
    if month == 12 { days_before(year + 1, 1) } else { days_before(year, month + 1) }
}

/// Days from 1970 to the first of a month (Howard Hinnant, “chrono-compatible low-level date algorithms”).
fn days_before(year: u64, month: u64) -> Option<u64> {
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_end_when_they_do() {
        let day = |text: &str| parse_end(text).map(|end| end.0 / DAY_MS);
        assert_eq!(day("1970-01-01"), Some(1));
        for text in ["2024-02", "02/2024", "02/24", "2/24", "2024-02-29"] {
            assert_eq!(day(text), Some(19_783), "{text}");
        }
        assert_eq!(day("2026-12"), day("2026-12-31"));
        for wrong in
            ["", "soon", "2024", "2024-13", "2024-00", "0-0-0", "2024-02-32", "-1/24", "99999999999999999999/24", "2024-02-", "9999999-01"]
        {
            assert_eq!(day(wrong), None, "{wrong}");
        }
    }
}
