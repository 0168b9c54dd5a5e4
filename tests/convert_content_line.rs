//! The reader of content lines, which vCard and iCalendar share.

use openxport::convert::content_line::{ContentLines, undo_carets};

fn names_and_values(text: &str) -> Vec<(String, String)> {
    let text_of = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    ContentLines::read(text.as_bytes())
        .iter()
        .map(|line| (text_of(line.name()), text_of(line.value())))
        .collect()
}

#[test]
fn line_is_unfolded_at_every_kind_of_line_end() {
    // RFC 6350 §3.2
    for end in ["\r\n", "\n", "\r", "\r\r\n"] {
        let text = format!("NOTE:a{end} b{end}\tc{end}{end}TEL:1{end}");
        assert_eq!(
            names_and_values(&text),
            [("NOTE".into(), "abc".into()), ("TEL".into(), "1".into())],
            "{end:?}"
        );
    }
}

#[test]
fn line_knows_the_physical_line_that_it_starts_on() {
    let lines =
        ContentLines::read(b"A:1\r\nB:2\r\n 3\r\n\r\nC;ENCODING=QUOTED-PRINTABLE:4=\r\n5\r\nD:6");
    let numbers: Vec<u32> = lines.iter().map(|line| line.number()).collect();
    assert_eq!(numbers, [1, 2, 5, 7]);
}

#[test]
fn line_says_its_group_and_its_parameters() {
    let lines = ContentLines::read(b"item1.TEL;TYPE=\"a;b:c\",d;HOME; X = y :1:2");
    let line = lines.line(0).expect("there is a line");
    assert_eq!(line.group(), b"item1");
    assert_eq!(line.name(), b"TEL");
    assert_eq!(line.value(), b"1:2");
    let params: Vec<_> = line
        .params()
        .map(|param| (param.name, param.values().collect::<Vec<_>>()))
        .collect();
    assert_eq!(
        params,
        [
            (&b"TYPE"[..], vec![&b"a;b:c"[..], b"d"]),
            (b"", vec![b"HOME"]),
            (b"X", vec![b"y"]),
        ]
    );
}

#[test]
fn line_that_is_none_is_kept_whole() {
    for text in [
        "no colon",
        ":no name",
        "bad name:x",
        "TEL;TYPE=home",
        "TEL;HOME;X=y",
    ] {
        assert_eq!(names_and_values(text), [(String::new(), text.to_owned())]);
        let lines = ContentLines::read(text.as_bytes());
        assert!(lines.iter().all(|line| !line.has_params()), "{text}");
    }
    assert!(ContentLines::read(b"\r\n").is_empty());
    assert!(!ContentLines::read(b"a").is_empty());
}

/// Names, or nothing, and values of the parameters of one line.
fn params(text: &str) -> Vec<(String, String)> {
    let text_of = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let lines = ContentLines::read(text.as_bytes());
    let line = lines.line(0).expect("there is a line");
    line.params()
        .map(|param| (text_of(param.name), text_of(param.value)))
        .collect()
}

#[test]
fn quote_that_does_not_close_before_the_value_is_none() {
    for (text, expected) in [
        ("TEL;X=\"a;Y=b:1\"2", vec![("X", "\"a"), ("Y", "b")]),
        (
            "TEL;X=\"a;b\";Y=\"c:1",
            vec![("X", "\"a;b\""), ("Y", "\"c")],
        ),
    ] {
        let params = params(text);
        let params: Vec<_> = params
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(params, expected, "{text}");
    }
}

#[test]
fn parameter_of_nothing_is_none() {
    assert_eq!(
        params("TEL;;HOME;;=;:1"),
        [(String::new(), "HOME".to_owned())]
    );
    assert_eq!(params("TEL;TYPE=:1"), [("TYPE".to_owned(), String::new())]);
}

#[test]
fn soft_breaks_end_with_the_quoted_printable_value() {
    let text = "N;ENCODING=QUOTED-PRINTABLE:a=\r\n=\r\nb\r\nURL:x=\r\nTEL:1";
    assert_eq!(
        names_and_values(text),
        [
            ("N".into(), "ab".into()),
            ("URL".into(), "x=".into()),
            ("TEL".into(), "1".into()),
        ]
    );
}

#[test]
fn carets_are_undone_as_rfc_6868_has_it() {
    assert_eq!(undo_carets("a^nb^^c^'d^x^"), "a\nb^c\"d^x^");
}

#[test]
fn base64_goes_on_without_indentation() {
    for head in [
        "PHOTO;ENCODING=b",
        "PHOTO;TYPE=a;encoding=\"B\"",
        "item1.PHOTO;JPEG;BASE64",
        "PHOTO; Encoding = base64 ;TYPE=JPEG",
    ] {
        for end in ["\r\n", "\n", "\r"] {
            let lines = ["", "QUJD", "09+/", " Zm9v", "Yg=", "=", "TEL:1"];
            let text = format!("{head}:{}", lines.join(end));
            assert_eq!(
                names_and_values(&text),
                [
                    ("PHOTO".into(), "QUJD09+/Zm9vYg==".into()),
                    ("TEL".into(), "1".into()),
                ],
                "{text:?}"
            );
        }
    }
}

#[test]
fn base64_ends_where_something_else_begins() {
    for (next, lines_after) in [
        ("\r\nQUJD", vec![("", "QUJD")]),
        ("TEL:1", vec![("TEL", "1")]),
        ("TEL;HOME:1", vec![("TEL", "1")]),
        ("item1.TEL:1", vec![("TEL", "1")]),
        ("QU JD", vec![("", "QU JD")]),
        ("QU-JD", vec![("", "QU-JD")]),
        ("QUJD=\r\nQUJD", vec![("", "QUJD")]),
    ] {
        let lines = names_and_values(&format!("PHOTO;BASE64:Zm9v\r\n{next}"));
        let after: Vec<_> = lines[1..]
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(after, lines_after, "{next:?}");
    }
}

#[test]
fn only_base64_goes_on_without_indentation() {
    for head in [
        "NOTE",
        "BASE64",
        "NOTE;B",
        "NOTE;TYPE=BASE64",
        "NOTE;ENCODING=8BIT",
        "NOTE;ENCODING=QUOTED-PRINTABLE",
    ] {
        assert_eq!(
            names_and_values(&format!("{head}:Zm9v\r\nQUJD"))[1..],
            [(String::new(), "QUJD".to_owned())],
            "{head}"
        );
    }
}
