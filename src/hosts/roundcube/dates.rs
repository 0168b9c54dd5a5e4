//! When Roundcube says that a row was changed, as a UTCDate.

use crate::db::{Cell, Kind};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

/// The column that says when a row was changed, so that [`write_utc_date`] reads it.
pub fn changed_utc(kind: Kind) -> &'static str {
    match kind {
        // Roundcube writes datetime('now') there, which is UTC.
        Kind::Sqlite => "changed",
        // Roundcube writes NOW() there, in the time zone of the session.
        Kind::Mysql => "UNIX_TIMESTAMP(changed)",
        Kind::Postgres => "CAST(FLOOR(EXTRACT(EPOCH FROM changed)) AS bigint)",
    }
}

/// The database's own time, as Roundcube sets it.
pub fn now(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "datetime('now')",
        Kind::Mysql => "NOW()",
        Kind::Postgres => "now()",
    }
}

/// Replaces `text` by a time as a UTCDate (RFC 8620 §1.4), from Unix seconds or from
/// `YYYY-MM-DD HH:MM:SS`, and says whether there is one.
///
/// There is none in what is no time since 1970, such as the schema's default for rows that
/// nobody has dated.
pub fn write_utc_date(cell: Cell<'_>, text: &mut String) -> bool {
    text.clear();
    let time = match cell {
        Cell::Text(octets) if octets.len() == 19 => civil(octets),
        _ => cell
            .integer()
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .map(|time| time.naive_utc()),
    };
    let Some(time) = time.filter(|time| time.and_utc().timestamp() > 0) else {
        return false;
    };
    let year = time.year().unsigned_abs();
    push_two_digits(text, year / 100);
    push_two_digits(text, year);
    for (before, number) in [
        ('-', time.month()),
        ('-', time.day()),
        ('T', time.hour()),
        (':', time.minute()),
        (':', time.second()),
    ] {
        text.push(before);
        push_two_digits(text, number);
    }
    text.push('Z');
    true
}

/// The time two seconds before `YYYY-MM-DD HH:MM:SS`, written so, too; empty, which is before
/// every time, where there is no such day.
pub fn two_seconds_before(time: &[u8]) -> String {
    let time = civil(time).and_then(|time| time.checked_sub_signed(TimeDelta::seconds(2)));
    time.map_or_else(String::new, |time| {
        time.format("%Y-%m-%d %H:%M:%S").to_string()
    })
}

/// Formatting with a width would cost more than reading the row.
fn push_two_digits(text: &mut String, number: u32) {
    for digit in [number / 10 % 10, number % 10] {
        text.extend(char::from_digit(digit, 10));
    }
}

/// Reads `YYYY-MM-DD HH:MM:SS`.
fn civil(octets: &[u8]) -> Option<NaiveDateTime> {
    let number = |from: usize, to: usize| {
        octets
            .get(from..to)?
            .iter()
            .try_fold(0_u32, |number, octet| {
                let digit = octet.wrapping_sub(b'0');
                (digit < 10).then_some(number * 10 + u32::from(digit))
            })
    };
    let year = i32::try_from(number(0, 4)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?)?.and_hms_opt(
        number(11, 13)?,
        number(14, 16)?,
        number(17, 19)?,
    )
}

#[cfg(test)]
mod tests {
    use super::{two_seconds_before, write_utc_date};
    use crate::db::Cell;

    #[test]
    fn utc_date_is_read_from_text_and_from_unix_seconds() {
        let mut text = String::new();
        assert!(write_utc_date(
            Cell::Text(b"2026-11-22 05:06:07"),
            &mut text
        ));
        assert_eq!(text, "2026-11-22T05:06:07Z");
        assert!(write_utc_date(Cell::Text(b"1763787967"), &mut text));
        assert_eq!(text, "2025-11-22T05:06:07Z");
        assert!(write_utc_date(Cell::Integer(1), &mut text));
        assert_eq!(text, "1970-01-01T00:00:01Z");
    }

    #[test]
    fn two_seconds_before_crosses_a_day_and_knows_no_day_that_is_none() {
        assert_eq!(
            two_seconds_before(b"2024-03-01 00:00:01"),
            "2024-02-29 23:59:59"
        );
        assert_eq!(two_seconds_before(b"0000-00-00 00:00:00"), "");
        assert_eq!(two_seconds_before(b""), "");
    }

    #[test]
    fn utc_date_is_absent_where_the_row_has_none() {
        let mut text = String::new();
        for octets in [
            &b"0000-00-00 00:00:00"[..],
            b"1000-01-01 00:00:00",
            b"2026-02-30 00:00:00",
            b"20x6-02-03 00:00:00",
            b"0",
            b"",
        ] {
            assert!(!write_utc_date(Cell::Text(octets), &mut text), "{octets:?}");
        }
        assert!(!write_utc_date(Cell::Null, &mut text));
    }
}
