//! Dates and times as vCards of any version write them (RFC 6350 §4.3, ISO 8601 basic and
//! extended).

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// A date that JSContact can hold (RFC 9553 §2.8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Date {
    /// A whole date, a year, a month in a year, or a day in a month.
    Partial {
        year: Option<u32>,
        month: Option<u32>,
        day: Option<u32>,
    },
    /// A point in time, in UTC.
    Timestamp(NaiveDateTime),
}

/// Reads the date of an anniversary.
///
/// A time without a zone is `None`, because it is no point in time, unless it is midnight:
/// that is how elder software writes a date. So are a month or a day alone (RFC 9555 §2.2.2).
pub fn anniversary(text: &str) -> Option<Date> {
    let text = text.trim();
    let Some((date, time)) = text.split_once(['T', 't', ' ']) else {
        return partial(text);
    };
    if let Some(timestamp) = timestamp(text) {
        return Some(Date::Timestamp(timestamp));
    }
    match clock(time)? {
        (time, None) if time == NaiveTime::MIN => partial(date),
        _ => None,
    }
}

/// Reads a complete date and time with its zone, in UTC.
pub fn timestamp(text: &str) -> Option<NaiveDateTime> {
    let (date, time) = text.trim().split_once(['T', 't', ' '])?;
    let Date::Partial {
        year: Some(year),
        month: Some(month),
        day: Some(day),
    } = partial(date)?
    else {
        return None;
    };
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let (time, zone) = clock(time)?;
    date.and_time(time).checked_sub_signed(zone?)
}

/// Writes a point in time as a UTCDateTime (RFC 9553 §1.4.5): a fraction of a second only
/// where there is one, without zeros at its end.
pub fn utc(timestamp: NaiveDateTime) -> String {
    let mut text = timestamp.format("%Y-%m-%dT%H:%M:%S%.f").to_string();
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').len());
    }
    text.push('Z');
    text
}

fn partial(text: &str) -> Option<Date> {
    let (year, month, day) = match text.strip_prefix("--") {
        Some(rest) => {
            let (month, day) = halves(rest, 2)?;
            (None, Some(month), day)
        }
        None => {
            let year = text.get(..4)?;
            let rest = text.get(4..)?;
            let rest = rest.strip_prefix('-').unwrap_or(rest);
            match rest {
                "" => (Some(year), None, None),
                rest => {
                    let (month, day) = halves(rest, 2)?;
                    (Some(year), Some(month), day)
                }
            }
        }
    };
    let year = year.map(number).map_or(Some(None), |year| year.map(Some))?;
    let month = month
        .map(number)
        .map_or(Some(None), |month| month.map(Some))?;
    let day = day.map(number).map_or(Some(None), |day| day.map(Some))?;
    // A leap year stands for the year that is not known.
    let whole = NaiveDate::from_ymd_opt(
        i32::try_from(year.unwrap_or(2000)).ok()?,
        month.unwrap_or(1),
        day.unwrap_or(1),
    );
    let holds = whole.is_some() && year != Some(0) && (year.is_some() || day.is_some());
    holds.then_some(Date::Partial { year, month, day })
}

/// `0415`, `04-15` or `04` in its two parts.
fn halves(text: &str, first: usize) -> Option<(&str, Option<&str>)> {
    let (month, day) = text.split_at_checked(first)?;
    let day = day.strip_prefix('-').unwrap_or(day);
    match day.len() {
        0 => Some((month, None)),
        2 => Some((month, Some(day))),
        _ => None,
    }
}

fn number(digits: &str) -> Option<u32> {
    digits
        .bytes()
        .all(|octet| octet.is_ascii_digit())
        .then(|| digits.parse().ok())?
}

/// A time of day, and its distance from UTC where it is said.
fn clock(text: &str) -> Option<(NaiveTime, Option<TimeDelta>)> {
    let zone_at = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (time, zone) = text.split_at_checked(zone_at)?;
    let (time, fraction) = time.split_once(['.', ',']).unwrap_or((time, ""));
    let digits = time.replace(':', "");
    let part = |from: usize| match digits.get(from..from + 2) {
        Some(digits) => number(digits),
        None => Some(0),
    };
    if digits.len() > 6 || digits.len() < 2 || digits.len() % 2 == 1 {
        return None;
    }
    let nanoseconds = match fraction {
        "" => 0,
        fraction => number(format!("{:0<9}", fraction.get(..fraction.len().min(9))?).as_str())?,
    };
    let time = NaiveTime::from_hms_nano_opt(part(0)?, part(2)?, part(4)?, nanoseconds)?;
    Some((time, offset(zone)?))
}

/// `Z`, `+0100`, `-05:30`, `+01`; nothing is no zone.
fn offset(zone: &str) -> Option<Option<TimeDelta>> {
    let sign = match zone.as_bytes().first() {
        None => return Some(None),
        Some(b'Z' | b'z') => return (zone.len() == 1).then_some(Some(TimeDelta::zero())),
        Some(b'-') => -1,
        Some(_) => 1,
    };
    let (hours, minutes) = hours_and_minutes(zone.get(1..)?)?;
    Some(Some(TimeDelta::minutes(
        sign * (i64::from(hours) * 60 + i64::from(minutes)),
    )))
}

/// The parts of a distance from UTC: `0530`, `05:30` or `05`.
pub fn hours_and_minutes(digits: &str) -> Option<(u32, u32)> {
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    let hours = number(hours).filter(|hours| *hours < 24)?;
    match minutes.len() {
        0 => Some((hours, 0)),
        2 => Some((hours, number(minutes).filter(|minutes| *minutes < 60)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: Option<u32>, month: Option<u32>, day: Option<u32>) -> Option<Date> {
        Some(Date::Partial { year, month, day })
    }

    #[test]
    fn anniversary_reads_every_form_of_a_date() {
        let whole = date(Some(1996), Some(4), Some(15));
        for text in [
            "19960415",
            "1996-04-15",
            " 1996-04-15 ",
            "1996-04-15T00:00:00",
        ] {
            assert_eq!(anniversary(text), whole, "{text}");
        }
        assert_eq!(anniversary("1996-04"), date(Some(1996), Some(4), None));
        assert_eq!(anniversary("1996"), date(Some(1996), None, None));
        assert_eq!(anniversary("--0415"), date(None, Some(4), Some(15)));
        assert_eq!(anniversary("--02-29"), date(None, Some(2), Some(29)));
    }

    #[test]
    fn anniversary_refuses_what_is_no_date() {
        for text in [
            "",
            "circa 1800",
            "--04",
            "---15",
            "15/04/1996",
            "1996-13-01",
            "19960231",
            "0000-00-00",
            "00000101",
            "+9960415",
            "1996+415",
            "19531015T231000",
            "1996-04-1",
            "٢٠٢٤",
        ] {
            assert_eq!(anniversary(text), None, "{text}");
        }
    }

    #[test]
    fn timestamp_is_moved_to_utc() {
        let utc_of = |text| timestamp(text).map(utc);
        assert_eq!(
            utc_of("19531015T231000Z").as_deref(),
            Some("1953-10-15T23:10:00Z")
        );
        assert_eq!(
            utc_of("2024-01-01T00:30:00.250+01:00").as_deref(),
            Some("2023-12-31T23:30:00.25Z")
        );
        assert_eq!(
            utc_of("20211022T140000-05").as_deref(),
            Some("2021-10-22T19:00:00Z")
        );
        for text in [
            "20211022T140000",
            "20211022T14000000Z",
            "20211022TZ",
            "20211022T1Z",
            "20211022T140Z",
            "20211022T140000Zulu",
            "20211022T140000+2400",
            "20211022T140000+0060",
            "20211022T240000Z",
        ] {
            assert_eq!(utc_of(text), None, "{text}");
        }
        assert_eq!(
            utc_of("20211022t14-2359").as_deref(),
            Some("2021-10-23T13:59:00Z")
        );
        assert_eq!(utc_of("20211022"), None);
    }
}
