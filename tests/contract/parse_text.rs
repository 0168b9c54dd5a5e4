//! The encodings of the files that `ContactCard/parse` reads.

use crate::memory::HOME;
use crate::parse::{card, each, parse, parse_blob, remarks};
use crate::wire::{Head, Pieces, Wire};
use serde_json::{Value, json};

/// The full names of the cards in a file, and where characters were lost.
fn names(wire: &Wire, file: &[u8], arguments: Value) -> (Vec<Value>, Vec<(u64, u64)>) {
    let parsed = parse(wire, file, arguments);
    let warnings = remarks(&parsed["warnings"]).into_iter();
    let places = warnings.map(|(position, line, kind)| {
        assert_eq!(kind, "encodingProblem");
        (position, line)
    });
    (each(&parsed, "/name/full"), places.collect())
}

#[test]
fn contact_card_parse_reads_unicode_with_and_without_its_mark() {
    let wire = Wire::new();
    let file = format!("{}{}", card("FN:Zoë 😀"), card("FN:日本"));
    let expected = (vec![json!("Zoë 😀"), json!("日本")], vec![]);
    assert_eq!(names(&wire, file.as_bytes(), json!({})), expected);
    for mark in ["", "\u{FEFF}"] {
        let file = format!("{mark}{file}");
        assert_eq!(names(&wire, file.as_bytes(), json!({})), expected);
        let little: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(names(&wire, &little, json!({})), expected);
        let big: Vec<u8> = file.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(names(&wire, &big, json!({})), expected);
    }
}

#[test]
fn contact_card_parse_reads_the_charsets_that_are_named() {
    // vCard 2.1 §2.1.7 in each property; else the media type or the argument says it.
    let wire = Wire::new();
    for (charset, octets, text) in [
        ("UTF-8", "Zoë".as_bytes(), "Zoë"),
        ("ISO-8859-1", b"M\xfcller", "Müller"),
        ("ISO-8859-2", b"\xa3\xf3d\xbc", "Łódź"),
        ("iso-8859-5", b"\xbf\xe3\xe8", "Пуш"),
        ("ISO-8859-15", b"\xa4", "€"),
        ("windows-1250", b"\xa3\xf3d\x9f", "Łódź"),
        ("windows-1251", b"\xcf\xf3\xf8", "Пуш"),
        ("windows-1252", b"\x80", "€"),
        ("windows-1257", b"\xd0", "Š"),
        ("Shift_JIS", b"\x93\xfa\x95\x5c;", "日表;"),
        ("EUC-JP", b"\xc6\xfc", "日"),
        ("GB18030", b"\xd6\xd0\x81\x30\x81\x30", "中\u{80}"),
        ("KOI8-R", b"\xf0\xd5\xdb", "Пуш"),
        ("Big5", b"\xa4\xa4", "中"),
        ("EUC-KR", b"\xc7\xd1", "한"),
    ] {
        let quoted: String = octets.iter().map(|octet| format!("={octet:02X}")).collect();
        let plain = [b"FN:", octets].concat();
        let named = [format!("FN;CHARSET={charset}:").as_bytes(), octets].concat();
        let quoted_and_named = format!("FN;CHARSET={charset};ENCODING=QUOTED-PRINTABLE:{quoted}");
        let quoted = format!("FN;QUOTED-PRINTABLE:{quoted}");
        let media_type = format!("text/vcard; charset={charset}");
        let file = |line: &[u8]| [b"BEGIN:VCARD\n", line, b"\nEND:VCARD\n"].concat();
        let expected = (vec![json!(text)], vec![]);
        for line in [&named, quoted_and_named.as_bytes()] {
            assert_eq!(names(&wire, &file(line), json!({})), expected, "{charset}");
        }
        for line in [&plain, quoted.as_bytes()] {
            let argument = json!({ "charset": charset });
            assert_eq!(names(&wire, &file(line), argument), expected, "{charset}");
            let query = [("jmap", "upload"), ("accountId", HOME)];
            let head = Head {
                content_type: Some(&media_type),
                ..Head::upload(&query)
            };
            let blob = wire.send(&head, &mut Pieces::of(&file(line))).json();
            let parsed = parse_blob(&wire, blob["blobId"].as_str().unwrap(), json!({}));
            assert_eq!(each(&parsed, "/name/full"), [json!(text)], "{charset}");
        }
    }
    // What nothing is said of is Windows-1252, which has a character for each octet.
    let guessed = names(
        &wire,
        b"BEGIN:VCARD\nFN:M\xfcller \x80\nEND:VCARD\n",
        json!({}),
    );
    assert_eq!(guessed, (vec![json!("Müller €")], vec![]));
}

#[test]
fn contact_card_parse_says_where_characters_are_lost() {
    let wire = Wire::new();
    let file = [
        &b"BEGIN:VCARD\nFN:A\nEND:VCARD\n"[..],
        b"BEGIN:VCARD\nFN;CHARSET=Shift_JIS:\x93\nEND:VCARD\n",
        b"BEGIN:VCARD\nFN:Zo\xc3\xab \xc3\nEND:VCARD\n",
        "BEGIN:VCARD\nFN:\u{FFFD} of its own\nEND:VCARD\n".as_bytes(),
    ]
    .concat();
    let (names, places) = names(&wire, &file, json!({}));
    assert_eq!(
        names,
        ["A", "\u{FFFD}", "Zoë \u{FFFD}", "\u{FFFD} of its own"]
    );
    assert_eq!(places, [(1, 4), (2, 7)]);
}

#[test]
fn contact_card_parse_undoes_transfer_encodings() {
    let wire = Wire::new();
    let file = "BEGIN:VCARD\r\nVERSION:2.1\r\n\
        FN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Zo=C3=AB=20=\r\nof=3D=\r\nhere\r\n\
        NOTE;ENCODING=BASE64:\r\n SGVsbG8sIHdv\r\n cmxk\r\n\r\nEND:VCARD\r\n";
    let parsed = parse(&wire, file.as_bytes(), json!({}));
    assert_eq!(each(&parsed, "/name/full"), ["Zoë of=here"]);
    let notes = parsed["list"][0]["notes"].as_object().unwrap();
    let notes: Vec<&Value> = notes.values().map(|note| &note["note"]).collect();
    assert_eq!(notes, ["Hello, world"]);
}
