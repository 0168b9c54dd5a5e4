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

/// The card's text, if every run of letters and every run of digits that the card's JSON has
/// in a text is in it, too, whatever its case. Between them it may be written otherwise, as
/// dates and escaped text are.
///
/// `None` where something is folded, encoded or not UTF-8: then only converting tells.
pub fn plain_text(card: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(card).ok()?;
    if NAMES.iter().any(|name| begins_with(card, name)) {
        return None;
    }
    let mut rest = card;
    while let Some((octet, mut after)) = rest.split_first() {
        let is_plain = match octet {
            // What a parameter is called says how the value is written.
            b';' => !PARAMS.iter().any(|name| begins_with(after, name)),
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
            b'^' => false,
            b'\t' => true,
            _ => *octet >= b' ' && *octet != 0x7F,
        };
        if !is_plain {
            return None;
        }
        rest = after;
    }
    Some(text)
}

fn begins_with(text: &[u8], name: &[u8]) -> bool {
    text.get(..name.len())
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
            b"NOTE;LANGUAGE=de:a",
            b"PHOTO;BASE64:AAAA",
            b"FN:a\r\nX-GaduGadu:1",
            b"FN:a\r\nitem1.X-GADUGADU:1",
            b"NOTE:a\x00b",
            b"NOTE:\xFC",
        ] {
            assert_eq!(plain_text(line), None, "{}", String::from_utf8_lossy(line));
        }
    }
}
