//! Date-times as filters and sorts compare them (RFC 8620 §1.4).

use chrono::DateTime;

/// A moment, in nanoseconds within the second of Unix time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    secs: i64,
    nanos: u32,
}

impl Moment {
    /// Reads a UTCDate, such as `2014-10-30T06:12:00Z`. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let has_shape = text.ends_with('Z') && text.as_bytes().get(10) == Some(&b'T');
        let moment = DateTime::parse_from_rfc3339(text)
            .ok()
            .filter(|_| has_shape)?;
        Some(Self {
            secs: moment.timestamp(),
            nanos: moment.timestamp_subsec_nanos(),
        })
    }

    /// Octets that are ordered as the moments are.
    pub fn sort_key(self) -> [u8; 12] {
        let mut key = [0; 12];
        let (secs, nanos) = key.split_at_mut(8);
        // With the sign turned round, negative numbers come before positive ones.
        secs.copy_from_slice(&(self.secs ^ i64::MIN).to_be_bytes());
        nanos.copy_from_slice(&self.nanos.to_be_bytes());
        key
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

    #[test]
    fn moments_are_ordered_as_their_keys_are() {
        let moments = [
            "1969-12-31T23:59:59Z",
            "1970-01-01T00:00:00Z",
            "2014-10-30T06:12:00Z",
            "2014-10-30T06:12:00.05Z",
            "2014-10-30T06:12:00.5Z",
            "2014-10-30T06:12:01Z",
        ]
        .map(|text| Moment::parse(text).unwrap());
        assert!(moments.is_sorted());
        assert!(moments.map(Moment::sort_key).is_sorted());
    }

    #[test]
    fn moment_is_written_as_a_utc_date_only() {
        for text in [
            "",
            "2014-10-30",
            "2014-10-30T06:12:00",
            "2014-10-30T06:12:00+00:00",
            "2014-10-30t06:12:00Z",
            "2014-10-30T06:12:00z",
            "2014-02-30T06:12:00Z",
            "2014-10-30T06:12:00Z ",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
