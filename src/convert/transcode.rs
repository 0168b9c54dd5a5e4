//! Content lines in an encoding that they do not name themselves.

use super::charset::undo_quoted_printable;
use super::content_line::{ContentLines, Line};
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8};
use std::borrow::Cow;

/// The lines of a text whose writer used `encoding`, as lines that any reader understands.
///
/// What is UTF-8, or names its charset, is left as it is: a file may be of several writers.
pub fn from_encoding<'t>(text: &'t [u8], encoding: &'static Encoding) -> Cow<'t, [u8]> {
    // In this one alone, what looks like ASCII may be something else.
    let is_foreign =
        |octets: &[u8]| match encoding == ISO_2022_JP && memchr::memchr(0x1B, octets).is_some() {
            true => true,
            false => std::str::from_utf8(octets).is_err(),
        };
    let may_be_quoted = || {
        let mut words = text.windows(QUOTED.len());
        words.any(|word| word.eq_ignore_ascii_case(QUOTED))
    };
    if encoding == UTF_8 || (!is_foreign(text) && !may_be_quoted()) {
        return Cow::Borrowed(text);
    }
    let lines = ContentLines::read(text);
    let mut decoded = Vec::with_capacity(text.len());
    for line in lines.iter() {
        let octets = line.octets();
        if names_charset(line) {
            decoded.extend_from_slice(octets);
        } else if is_quoted_printable(line) && is_foreign(&undo_quoted_printable(line.value())) {
            let head = octets.iter().position(|octet| b";:".contains(octet));
            let (name, rest) = octets.split_at(head.unwrap_or(octets.len()));
            decoded.extend_from_slice(name);
            decoded.extend_from_slice(b";CHARSET=");
            decoded.extend_from_slice(encoding.name().as_bytes());
            decoded.extend_from_slice(rest);
        } else if is_foreign(octets) {
            let (line, _) = encoding.decode_without_bom_handling(octets);
            decoded.extend_from_slice(line.as_bytes());
        } else {
            decoded.extend_from_slice(octets);
        }
        decoded.push(b'\n');
    }
    Cow::Owned(decoded)
}

const QUOTED: &[u8] = b"QUOTED-PRINTABLE";

fn names_charset(line: Line<'_>) -> bool {
    line.params()
        .any(|param| param.name.eq_ignore_ascii_case(b"CHARSET"))
}

fn is_quoted_printable(line: Line<'_>) -> bool {
    line.params()
        .any(|param| param.value.eq_ignore_ascii_case(QUOTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{SHIFT_JIS, WINDOWS_1251};

    fn decoded(text: &[u8], encoding: &'static Encoding) -> String {
        let decoded = from_encoding(text, encoding).into_owned();
        String::from_utf8(decoded).expect("it is UTF-8 now")
    }

    #[test]
    fn text_is_read_in_the_encoding_that_it_does_not_name() {
        let text = b"N:\xcf\xf3\xf8\xea\xe8\xed;\xc0\r\nNOTE:\xcf\xf3\r\n \xf8\xea\r\nTEL:1\r\n";
        assert_eq!(
            decoded(text, WINDOWS_1251),
            "N:Пушкин;А\nNOTE:Пушк\nTEL:1\n"
        );
        // The second octet of the second character is a backslash.
        assert_eq!(decoded(b"FN:\x93\xfa\x95\x5c\n", SHIFT_JIS), "FN:日表\n");
        assert_eq!(decoded(b"FN:\x1b$BF|K\\\x1b(B\n", ISO_2022_JP), "FN:日本\n");
    }

    #[test]
    fn text_that_names_its_charset_or_is_utf_8_stays() {
        let text = "FN:Zoë\nN;CHARSET=UTF-8:é\nNOTE;ENCODING=QUOTED-PRINTABLE:=C3=A9\n";
        assert_eq!(decoded(text.as_bytes(), WINDOWS_1251), text);
        let mixed = from_encoding(b"FN:\xcf\nN;CHARSET=ISO-8859-1:\xe9\n", WINDOWS_1251);
        assert_eq!(*mixed, *b"FN:\xd0\x9f\nN;CHARSET=ISO-8859-1:\xe9\n");
    }

    #[test]
    fn quoted_printable_is_told_its_charset() {
        assert_eq!(
            decoded(
                b"NOTE;ENCODING=QUOTED-PRINTABLE:=CF=F3=\r\n=F8\r\n",
                WINDOWS_1251
            ),
            "NOTE;CHARSET=windows-1251;ENCODING=QUOTED-PRINTABLE:=CF=F3=F8\n"
        );
    }
}
