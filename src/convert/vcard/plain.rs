//! Cards whose text can be searched as it is stored.

/// What makes a value differ from its stored text: another encoding, and another language,
/// whose values are converted before they are patched in.
const PARAMS: &[&[u8]] = &[
    b"encoding",
    b"charset",
    b"quoted-printable",
    b"base64",
    b"language",
];

/// Properties whose JSON has other words than are written there: "Gadu-Gadu", and JSON in
/// which letters may be escaped.
const NAMES: [&[u8]; 2] = [b"x-gadugadu", b"jsprop"];

/// Properties whose value is octets, when these parameters say so.
const MEDIA: [&[u8]; 3] = [b"photo", b"logo", b"sound"];
const BASE64: [&[u8]; 3] = [b"encoding=b", b"encoding=base64", b"base64"];

/// The card's text, if every run of letters and every run of digits that the card's JSON has
/// in a text is in it, too, whatever its case. Between them it may be written otherwise, as
/// dates and escaped text are.
///
/// `None` where something is folded, encoded or not UTF-8: then only converting tells.
pub fn plain_text(card: &[u8]) -> Option<&str> {
    let start = card.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(card);
    if NAMES.iter().any(|name| begins_with(start, name)) {
        return None;
    }
    let mut rest = card;
    while let Some(at) = rest.iter().position(|octet| is_telling(*octet)) {
        let (octet, mut after) = rest.get(at..)?.split_first()?;
        let is_plain = match octet {
            // What a parameter is called says how the value is written.
            b';' if PARAMS.iter().any(|name| begins_with(after, name)) => {
                after = after_embedded_media(card, card.len() - after.len())?;
                true
            }
            b';' => true,
            b'\r' => after.first() == Some(&b'\n'),
            // The next line goes on with this one.
            b'\n' if matches!(after.first(), Some(b' ' | b'\t')) => false,
            b'\n' | b'.' => !NAMES.iter().any(|name| begins_with(after, name)),
            b'\\' => match after.split_first() {
                Some((b'n' | b'N' | b',' | b';' | b'\\', next)) => {
                    after = next;
                    true
                }
                _ => false,
            },
            _ => false,
        };
        if !is_plain {
            return None;
        }
        rest = after;
    }
    std::str::from_utf8(card).ok()
}

/// What follows the value of embedded media, in which no search looks, from its line's end
/// on. `param` is where the parameter begins that says how the value is written.
///
/// `None` where it is something else, or written in another way than on one line.
fn after_embedded_media(card: &[u8], param: usize) -> Option<&[u8]> {
    let (before, line) = card.split_at_checked(param)?;
    let name = before.rsplit(|octet| *octet == b'\n').next()?;
    let name = name.split(|octet| *octet == b';').next()?;
    let name = name.rsplit(|octet| *octet == b'.').next()?;
    let colon = memchr::memchr(b':', line)?;
    let mut params = line.get(..colon)?.split(|octet| *octet == b';');
    let encoding = params.next()?;
    let is_embedded = MEDIA.iter().any(|media| name.eq_ignore_ascii_case(media))
        && BASE64
            .iter()
            .any(|base64| encoding.eq_ignore_ascii_case(base64))
        && params.all(|param| begins_with(param, b"type=") && !param.contains(&b'"'));
    let end = colon + memchr::memchr(b'\n', line.get(colon..)?)?;
    let (_, after) = line.split_at_checked(end)?;
    // Base64 may go on in the next line, even without an indentation.
    let next = after.get(1..)?.split(|octet| *octet == b'\n').next()?;
    (is_embedded && next.contains(&b':')).then_some(after)
}

/// Whether an octet may stand for another one, or says that others do.
fn is_telling(octet: u8) -> bool {
    const TELLING: [bool; 256] = {
        let mut telling = [false; 256];
        let mut octet = 0;
        while octet < telling.len() {
            telling[octet] = match octet as u8 {
                b';' | b'.' | b'\\' | b'^' | 0x7F => true,
                b'\t' => false,
                octet => octet < b' ',
            };
            octet += 1;
        }
        telling
    };
    TELLING[usize::from(octet)]
}

/// Whether a name stands there, with or without blanks before it, which the reader passes over.
fn begins_with(text: &[u8], name: &[u8]) -> bool {
    let text = match text {
        [b' ' | b'\t', ..] => text.trim_ascii_start(),
        _ => text,
    };
    // Nearly always the first letter is another one already.
    let first = |text: &[u8]| text.first().map(u8::to_ascii_lowercase);
    first(text) == first(name)
        && text
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::plain_text;

    #[test]
    fn card_is_plain_unless_something_is_written_differently() {
        let plain =
            "BEGIN:VCARD\r\nFN:Zoë; Müller, née. X\\n\\, \\\\\r\nTEL;TYPE=home:+1\r\nEND:VCARD\r\n";
        assert_eq!(plain_text(plain.as_bytes()), Some(plain));
        for photo in [
            "PHOTO;ENCODING=b;TYPE=JPEG:/9j/^4AAQ==\r\nEND:VCARD",
            "FN:a\nitem1.photo;type=png;encoding=BASE64:AA;charset\nEND:VCARD",
            "Logo;Base64:AAAA\nEND:VCARD",
            "FN:a\nSOUND;BASE64:AAAA\nEND:VCARD",
        ] {
            assert_eq!(plain_text(photo.as_bytes()), Some(photo), "{photo}");
        }
        for line in [
            &b"NOTE:a\\xb"[..],
            b"JSPROP;JSPTR=\"a\":\"\\\\u00fc\"",
            b"FN:a\r\nitem1.jsprop;JSPTR=\"a\":1",
            b"NOTE:a\r\n b",
            b"NOTE:a\n\tb",
            b"NOTE:a\rNICKNAME:b",
            b"NOTE;X-Y=a^nb:c",
            b"NOTE;Encoding=QUOTED-PRINTABLE:=41",
            b"NOTE;QUOTED-PRINTABLE:=41",
            b"NOTE;charset=latin1:a",
            b"NOTE; \tENCODING=QUOTED-PRINTABLE:=41",
            b"NOTE;LANGUAGE=de:a",
            b"PHOTO;BASE64:AAAA",
            b"PHOTO;BASE64:AA\n AA\nEND:VCARD",
            b"PHOTO;BASE64:AA\nAA\nEND:VCARD",
            b"PHOTO;BASE64;VALUE=uri:AA\nEND:VCARD",
            b"PHOTO;BASE64;TYPE=\":\";CHARSET=x:AA\nEND:VCARD",
            b"PHOTO;ENCODING=QUOTED-PRINTABLE:AA\nEND:VCARD",
            b"NOTE;BASE64:AAAA\nEND:VCARD",
            b"FN:a\r\nX-GaduGadu:1",
            b"FN:a\r\nitem1.X-GADUGADU:1",
            b"FN:a\r\nitem1. X-GADUGADU:1",
            b"\xEF\xBB\xBFX-GADUGADU:1",
            b"NOTE:a\x00b",
            b"NOTE:\xFC",
        ] {
            assert_eq!(plain_text(line), None, "{}", String::from_utf8_lossy(line));
        }
    }
}
