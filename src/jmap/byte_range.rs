//! The Range header of a download (RFC 9110 §14.2).

/// What a Range header asks for. One that is malformed or asks for several parts is ignored,
/// as that section allows.
#[derive(Debug, PartialEq, Eq)]
pub enum Range {
    Whole,
    /// From `start` up to, not including, `end`.
    Part {
        start: u64,
        end: u64,
    },
    Unsatisfiable,
}

impl Range {
    pub fn parse(header: &str, size: u64) -> Self {
        let Some((first, last)) = header
            .trim()
            .strip_prefix("bytes=")
            .and_then(|set| set.split_once('-'))
        else {
            return Self::Whole;
        };
        let (start, end) = match (position(first), position(last)) {
            (Some(start), Some(last)) if start <= last => (start, last.saturating_add(1).min(size)),
            (Some(start), None) if last.trim().is_empty() => (start, size),
            (None, Some(0)) if first.trim().is_empty() => return Self::Unsatisfiable,
            (None, Some(suffix)) if first.trim().is_empty() => (size.saturating_sub(suffix), size),
            _ => return Self::Whole,
        };
        if start >= size {
            return Self::Unsatisfiable;
        }
        Self::Part { start, end }
    }
}

fn position(digits: &str) -> Option<u64> {
    let digits = digits.trim();
    let is_number = !digits.is_empty() && digits.bytes().all(|octet| octet.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_of_one_part_is_cut_to_the_size() {
        let part = |start, end| Range::Part { start, end };
        for (header, range) in [
            ("bytes=0-3", part(0, 4)),
            ("bytes=4-", part(4, 10)),
            ("bytes=-3", part(7, 10)),
            ("bytes=-30", part(0, 10)),
            ("bytes=5-99999999999999999999999", part(5, 10)),
            ("bytes=10-", Range::Unsatisfiable),
            ("bytes=99999999999999999999999-", Range::Unsatisfiable),
            ("bytes=-0", Range::Unsatisfiable),
            ("bytes=3-2", Range::Whole),
            ("bytes=0-1,3-4", Range::Whole),
            ("bytes=x-1", Range::Whole),
            ("octets=0-1", Range::Whole),
        ] {
            assert_eq!(Range::parse(header, 10), range, "{header}");
        }
    }

    #[test]
    fn range_of_an_empty_blob_is_unsatisfiable() {
        assert_eq!(Range::parse("bytes=0-0", 0), Range::Unsatisfiable);
    }
}
