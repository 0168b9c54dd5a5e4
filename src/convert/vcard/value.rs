//! The value of a content line as text: decoded, split into its components, unescaped.
//!
//! The order matters: a value is decoded before it is split, because an encoded octet may be
//! a separator, and split before it is unescaped, because an escaped separator is none.

use super::media;
use super::params::{ParamName, find};
use crate::convert::charset;
use crate::convert::content_line::Line;
use memchr::{memchr, memchr2};
use std::borrow::Cow;

/// The value decoded from its transfer encoding and from its charset, still escaped as
/// RFC 6350 §3.4 has it.
///
/// In quoted-printable a backslash before `n` is text, so it comes out escaped. That encoding
/// is of vCard 2.1, which has no such escape: a line break is `=0D=0A` there, and Android for
/// one writes `C:\new` as it is. Roundcube reads a line break there, which loses two
/// characters for good; what it stores itself is vCard 3.0, without quoted-printable.
pub fn decoded<'c>(line: Line<'c>) -> Cow<'c, str> {
    match written(line) {
        Cow::Owned(text) if is_quoted_printable(line) => Cow::Owned(escape_letters(text)),
        text => text,
    }
}

/// The value decoded from its transfer encoding and from its charset, with the escapes of its
/// writer.
pub fn written<'c>(line: Line<'c>) -> Cow<'c, str> {
    let octets = line.value();
    if !line.has_params() {
        return charset::repair(octets);
    }
    let label = find(line, ParamName::Charset).unwrap_or_default();
    if !is_quoted_printable(line) {
        if is_base64(line)
            && let Some(text) = media::text_in_base64(octets, label)
        {
            return Cow::Owned(text);
        }
        return match label {
            [] => charset::repair(octets),
            label => charset::decode(octets, label, false),
        };
    }
    let decoded = charset::undo_quoted_printable(octets);
    let text = match label {
        [] => charset::repair(&decoded),
        label => charset::decode(&decoded, label, true),
    };
    Cow::Owned(match memchr(b'\r', text.as_bytes()) {
        Some(_) => text.replace("\r\n", "\n"),
        None => text.into_owned(),
    })
}

/// The whole value as one text.
pub fn text<'c>(line: Line<'c>) -> Cow<'c, str> {
    unescape_cow(decoded(line))
}

pub fn is_quoted_printable(line: Line<'_>) -> bool {
    find(line, ParamName::Encoding).is_some_and(|encoding| {
        encoding.eq_ignore_ascii_case(b"QUOTED-PRINTABLE") || encoding.eq_ignore_ascii_case(b"Q")
    })
}

pub fn is_base64(line: Line<'_>) -> bool {
    find(line, ParamName::Encoding).is_some_and(|encoding| {
        encoding.eq_ignore_ascii_case(b"B") || encoding.eq_ignore_ascii_case(b"BASE64")
    })
}

/// Makes text of `\n` and `\N`, and leaves other escapes as they are.
fn escape_letters(text: String) -> String {
    if memchr(b'\\', text.as_bytes()).is_none() {
        return text;
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        escaped.push(character);
        if character != '\\' {
            continue;
        }
        match characters.next() {
            Some(letter @ ('n' | 'N')) => escaped.extend(['\\', letter]),
            next => escaped.extend(next),
        }
    }
    escaped
}

/// Undoes the escapes of RFC 6350 §3.4, and the `\:` of elder writers. A backslash before
/// anything else is text.
pub fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr(b'\\', text.as_bytes()) else {
        return Cow::Borrowed(text);
    };
    let (plain, mut rest) = text.split_at(first);
    let mut unescaped = String::with_capacity(text.len());
    unescaped.push_str(plain);
    loop {
        let mut after = rest.chars();
        after.next();
        match after.next() {
            Some('n' | 'N') => unescaped.push('\n'),
            Some(character @ ('\\' | ',' | ';' | ':')) => unescaped.push(character),
            Some(character) => unescaped.extend(['\\', character]),
            None => unescaped.push('\\'),
        }
        rest = after.as_str();
        let Some(next) = memchr(b'\\', rest.as_bytes()) else {
            unescaped.push_str(rest);
            return Cow::Owned(unescaped);
        };
        let (plain, escape) = rest.split_at(next);
        unescaped.push_str(plain);
        rest = escape;
    }
}

fn unescape_cow(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => unescape(text),
        Cow::Owned(text) => match unescape(&text) {
            Cow::Owned(unescaped) => Cow::Owned(unescaped),
            Cow::Borrowed(_) => Cow::Owned(text),
        },
    }
}

/// Splits at the separators that no backslash escapes. The parts are still escaped.
pub fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut from = 0;
        while let Some(found) = memchr2(separator, b'\\', text.as_bytes().get(from..)?) {
            let at = from + found;
            if text.as_bytes().get(at) == Some(&separator) {
                rest = text.get(at + 1..);
                return text.get(..at);
            }
            // The octet after a backslash is looked at no more; past the end there is none.
            from = (at + 2).min(text.len());
        }
        rest = None;
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescape_keeps_a_backslash_that_escapes_nothing() {
        assert_eq!(unescape(r"a\,b\;c\\n\nd\:e"), "a,b;c\\n\nd:e");
        assert_eq!(unescape(r"C:\Users\é\"), r"C:\Users\é\");
        assert!(matches!(unescape("plain"), Cow::Borrowed("plain")));
    }

    #[test]
    fn split_passes_over_escaped_separators() {
        let parts: Vec<_> = split(r"a\;b;;c\\;d\", b';').collect();
        assert_eq!(parts, [r"a\;b", "", r"c\\", r"d\"]);
        assert_eq!(split("", b';').collect::<Vec<_>>(), [""]);
    }
}
