//! Decodes text, and repairs it where its encoding is broken or unnamed.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// The text without a byte order mark, and in UTF-8 where it was in UTF-16.
pub fn without_byte_order(text: &[u8]) -> Cow<'_, [u8]> {
    let Some((encoding, mark_octets)) = byte_order(text) else {
        let marked = text.strip_prefix(b"\xEF\xBB\xBF");
        return Cow::Borrowed(marked.unwrap_or(text));
    };
    let octets = text.get(mark_octets..).unwrap_or_default();
    let (decoded, _) = encoding.decode_without_bom_handling(octets);
    Cow::Owned(decoded.into_owned().into_bytes())
}

/// The kind of UTF-16 that a text is in, and how many octets its mark has; `None` for all
/// other encodings.
///
/// UTF-16 is known by its mark, or by the zero octet of its first letter.
pub fn byte_order(text: &[u8]) -> Option<(&'static Encoding, usize)> {
    match text {
        [0xFF, 0xFE, ..] => Some((UTF_16LE, 2)),
        [0xFE, 0xFF, ..] => Some((UTF_16BE, 2)),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some((UTF_16LE, 0)),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some((UTF_16BE, 0)),
        _ => None,
    }
}

/// Decodes text that says nothing of its encoding.
///
/// Octets that are not UTF-8 are read as Windows-1252, which has a character for each of
/// them, so that nothing is lost; in a text that does hold UTF-8 beyond ASCII they are
/// damage, and U+FFFD says so.
pub fn repair(octets: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(octets) {
        return Cow::Borrowed(text);
    }
    let is_utf_8 = octets.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
    match is_utf_8 {
        true => String::from_utf8_lossy(octets),
        false => WINDOWS_1252.decode_without_bom_handling(octets).0,
    }
}

/// Decodes text that claims the charset `label`.
///
/// `transfer_decoded` says that the octets come from quoted-printable, where the claim is
/// as old as the octets. Of plain octets it may have outlived a conversion to UTF-8, so
/// UTF-8 wins there.
pub fn decode<'t>(octets: &'t [u8], label: &[u8], transfer_decoded: bool) -> Cow<'t, str> {
    if octets.is_ascii() && !label.to_ascii_lowercase().starts_with(b"iso-2022") {
        return repair(octets);
    }
    if !transfer_decoded && let Ok(text) = std::str::from_utf8(octets) {
        return Cow::Borrowed(text);
    }
    match Encoding::for_label(label) {
        Some(encoding) if encoding != UTF_8 => encoding.decode_without_bom_handling(octets).0,
        _ => repair(octets),
    }
}

/// Decodes quoted-printable (RFC 2045 §6.7) whose soft line breaks are gone already.
/// What is no escape stands for itself.
pub fn undo_quoted_printable(octets: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((&octet, after)) = rest.split_first() {
        let escaped = match (octet, after) {
            (b'=', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                decoded.push(high * 16 + low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                decoded.push(octet);
                rest = after;
            }
        }
    }
    decoded
}

/// Decodes percent-encoded octets (RFC 3986 §2.1). What is no escape stands for itself.
pub fn undo_percents(data: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some((&octet, after)) = rest.split_first() {
        let escaped = match (octet, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                octets.push(high * 16 + low);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(octet);
                rest = after;
            }
        }
    }
    octets
}

/// The value of a hexadecimal digit.
pub fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_16_is_decoded_with_and_without_its_mark() {
        let little: Vec<u8> = "BEGIN:é"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let big: Vec<u8> = "BEGIN:é"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        let marked = [&[0xFF, 0xFE][..], &little].concat();
        let marked_big = [&[0xFE, 0xFF][..], &big].concat();
        for octets in [little, big, marked, marked_big] {
            assert_eq!(without_byte_order(&octets), "BEGIN:é".as_bytes());
        }
    }

    #[test]
    fn text_in_octets_loses_its_mark_only() {
        assert_eq!(without_byte_order(b"\xEF\xBB\xBFa"), &b"a"[..]);
        for octets in [&b"a\0\0\0"[..], b"\0\0a\0", b"\0\0\0a", b"\0a\0\0"] {
            assert_eq!(without_byte_order(octets), octets);
        }
    }

    #[test]
    fn repair_reads_latin_1_and_marks_damage_in_utf_8() {
        assert_eq!(repair(b"M\xFCller"), "Müller");
        assert_eq!(repair("Zoë".as_bytes()), "Zoë");
        assert_eq!(repair(b"Zo\xC3\xAB \xC3"), "Zoë \u{FFFD}");
    }

    #[test]
    fn decode_believes_a_charset_unless_the_octets_are_utf_8() {
        assert_eq!(decode(b"\x93\xFA\x96{", b"Shift_JIS", false), "日本");
        assert_eq!(decode("日本".as_bytes(), b"Shift_JIS", false), "日本");
        assert_eq!(decode("Ã©".as_bytes(), b"ISO-8859-1", true), "ÃƒÂ©");
        assert_eq!(decode(b"M\xFCller", b"no-such-charset", true), "Müller");
        assert_eq!(decode(b"M\xFCller", b"UTF-8", true), "Müller");
        // In ASCII alone a charset can be told from its escapes only.
        assert_eq!(decode(b"M", b"UTF-16", true), "M");
        assert_eq!(decode(b"\x1B$BF|\x1B(B", b"ISO-2022-JP", true), "日");
    }

    #[test]
    fn quoted_printable_keeps_what_is_no_escape() {
        assert_eq!(undo_quoted_printable(b"a=3Db=3db=zz=4"), b"a=b=b=zz=4");
    }
}
