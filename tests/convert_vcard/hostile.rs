//! What a hostile vCard must not do: take more than linear time or memory, end the process,
//! or lose what it says.

use crate::memory::peak_of;
use crate::processor::nanoseconds_of_thread;
use crate::{convert, strict_json, values};
use openxport::convert::vcard::{Card, STANDARD};
use openxport::json::Writer;
use openxport::store::Selection;
use serde_json::{Value, json};

const MIB: usize = 1 << 20;

/// Converts and checks that the result is JSON without a name twice.
fn converted(text: &[u8]) -> Value {
    let mut out = Writer::new();
    Card::parse(text, &STANDARD).emit(&crate::host_members(), &Selection::ALL, &mut out);
    strict_json::read(out.as_bytes()).expect("it is JSON")
}

/// The processor time of one conversion, in nanoseconds: other work on the machine adds to the
/// time of the clock, but hardly to this.
fn time_of(text: &[u8]) -> f64 {
    let start = nanoseconds_of_thread();
    let mut out = Writer::new();
    Card::parse(text, &STANDARD).emit(&crate::host_members(), &Selection::ALL, &mut out);
    std::hint::black_box(out.as_bytes().len());
    (nanoseconds_of_thread() - start) as f64
}

/// Sixteen times the input may take four times sixteen times as long, for caches and noise;
/// quadratic work would take 256 times.
fn assert_linear(what: &str, pattern: impl Fn(usize) -> String) {
    const SMALL: usize = 250;
    let (small, large) = (pattern(SMALL), pattern(16 * SMALL));
    converted(large.as_bytes());
    // Noise only ever makes it slower: one good round is enough.
    let mut ratio = f64::INFINITY;
    for _ in 0..5 {
        let large = time_of(large.as_bytes());
        ratio = ratio.min(large / time_of(small.as_bytes()));
        if ratio < 64.0 {
            return;
        }
    }
    panic!("{what}: sixteen times the input takes {ratio:.0} times as long");
}

/// Makes the line of a number.
type Line = fn(usize) -> String;

/// A text of `n` lines.
fn lines(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(|at| line(at) + "\r\n").collect()
}

#[test]
fn vcard_of_repeated_properties_takes_linear_time() {
    let patterns: [(&str, Line); 27] = [
        ("emails", |at| format!("EMAIL;TYPE=home:{at}@example.com")),
        ("equal emails", |_| "EMAIL:a@example.com".into()),
        ("equal PROP-IDs", |_| "TEL;PROP-ID=a:1".into()),
        ("PROP-IDs as duplicates are called", |at| match at % 2 {
            0 => format!("TEL;PROP-ID=a-{}:1", at / 2),
            _ => "TEL;PROP-ID=a:1".into(),
        }),
        ("formatted names", |at| format!("FN:{at}")),
        ("names", |at| format!("N:{at};{at}")),
        ("names in languages", |at| {
            format!("FN;LANGUAGE=x-{at}:{at}")
        }),
        ("names and sounds", |at| match at % 2 {
            0 => format!("N;LANGUAGE=x-{at}:{at};a"),
            _ => format!("N;PHONETIC=ipa;LANGUAGE=x-{}:{at};b", at - 1),
        }),
        ("titles in languages", |at| {
            format!("TITLE;ALTID=1;LANGUAGE=x-{at}:{at}")
        }),
        ("alternatives", |at| format!("TITLE;ALTID={at}:{at}")),
        ("groups with labels", |at| match at % 2 {
            0 => format!("g{at}.TEL:{at}"),
            _ => format!("g{}.X-ABLABEL:{at}", at - 1),
        }),
        ("labels of one group", |at| format!("g.X-ABLABEL:{at}")),
        ("titles in organizations", |at| match at % 2 {
            0 => format!("g{at}.ORG:{at}"),
            _ => format!("g{}.TITLE:{at}", at - 1),
        }),
        ("titles of one group", |at| {
            format!("g.TITLE:{at}\r\ng.ORG:{at}")
        }),
        ("places in groups", |at| {
            format!("g{at}.ADR:;;{at}\r\ng{at}.GEO:geo:1,{at}\r\ng{at}.TZ:-05")
        }),
        ("places of none", |at| {
            format!("ADR:;;{at}\r\nGEO:geo:1,{at}\r\nTZ:-05")
        }),
        ("labels of addresses", |at| {
            format!("ADR;TYPE=x-{0}:;;{0}\r\nLABEL;TYPE=x-{0}:{0}", at % 7)
        }),
        ("labels of other addresses", |at| {
            format!("g{at}.ADR;x-{at}:;;{at}\r\ng{at}.LABEL:{at}\r\nLABEL;x-{at}:1")
        }),
        ("birthplaces", |at| {
            format!("BDAY:19700101\r\nBIRTHPLACE;LANGUAGE=x-{at}:{at}")
        }),
        ("relations", |at| format!("RELATED;TYPE=friend:{}", at % 7)),
        ("members", |at| format!("MEMBER:urn:uuid:{at}")),
        ("categories", |at| format!("CATEGORIES:{at},{}", at % 7)),
        ("nicknames", |_| "NICKNAME:a,b,c,a".into()),
        ("labelled dates", |at| {
            format!("g{at}.X-ABDATE:2020-01-01\r\ng{at}.X-ABLABEL:Anniversary")
        }),
        ("JSPROPs", |at| {
            format!("JSPROP;JSPTR=\"example.com:{at}\":{at}")
        }),
        ("BEGINs", |_| "BEGIN:VCARD".into()),
        ("photos", |at| format!("PHOTO;ENCODING=b:/9j/{at:08}")),
    ];
    for (what, pattern) in patterns {
        assert_linear(what, |n| lines(n, pattern));
    }
}

#[test]
fn vcard_of_long_lines_takes_linear_time() {
    assert_linear("a value", |n| format!("NOTE:{}", "x,\\n;".repeat(n * 10)));
    assert_linear("a name", |n| format!("N:{}", "a,".repeat(n * 10)));
    assert_linear("a name that repeats itself", |n| {
        format!("N:{0};;;;;{0}", "a,b,".repeat(n * 5))
    });
    assert_linear("an address", |n| format!("ADR:{}", "a;".repeat(n * 10)));
    assert_linear("an order", |n| {
        format!("N;JSCOMPS=\";{}\":{}", "0;".repeat(n), "a,".repeat(n))
    });
    assert_linear("a list", |n| {
        format!("CATEGORIES:{}", "a,b\\,".repeat(n * 5))
    });
    assert_linear("parameters", |n| format!("TEL{}:1", ";X-A=b".repeat(n)));
    assert_linear("other parameters", |n| {
        let params: String = (0..n).map(|at| format!(";X-{at}=b")).collect();
        format!("TEL{params}:1")
    });
    assert_linear("types", |n| format!("TEL;TYPE={}:1", "home,x,".repeat(n)));
    assert_linear("types of a label", |n| {
        let types: String = (0..n).map(|at| format!(",x-{at}")).collect();
        format!("ADR;TYPE=x{types}:;;1\r\nLABEL;TYPE=y{types}:1")
    });
    assert_linear("quotes that do not close", |n| {
        format!("TEL{}:1", ";X=\"a".repeat(n | 1))
    });
    assert_linear("carets", |n| format!("TEL;X=\"{}\":1", "^n^^".repeat(n)));
    assert_linear("a line without a colon", |n| "a;b=".repeat(n * 5));
    assert_linear("folds", |n| format!("NOTE:{}", "\r\n x".repeat(n * 5)));
    assert_linear("folds that end like soft breaks", |n| {
        format!("NOTE{}", "=\r\n ".repeat(n * 5))
    });
    assert_linear("soft breaks", |n| {
        format!("NOTE;QUOTED-PRINTABLE:{}", "=41=\r\n".repeat(n * 5))
    });
    assert_linear("base64 without indentation", |n| {
        format!("PHOTO;BASE64:{}", "\r\nQUJD".repeat(n * 5))
    });
    assert_linear("base64 of no property", |n| {
        format!("PHOTO;BASE64{}", "\r\nQUJD".repeat(n * 5))
    });
    assert_linear("base64 that ends in other lines", |n| {
        format!("PHOTO;BASE64:{}", "\r\nQUJD\r\nQUJD-".repeat(n * 5))
    });
    assert_linear("blank lines", |n| "\r\n".repeat(n * 10));
}

#[test]
fn vcard_of_a_10_mb_line_takes_its_own_size_in_memory() {
    let text = format!(
        "BEGIN:VCARD\r\nNOTE:{}\r\nEND:VCARD\r\n",
        "x".repeat(10 * MIB)
    );
    let peak = peak_of(|| {
        let mut out = Writer::new();
        Card::parse(text.as_bytes(), &STANDARD).emit(
            &crate::host_members(),
            &Selection::ALL,
            &mut out,
        );
        out.as_bytes().len()
    });
    assert!(peak < 3 * text.len(), "{peak} octets for {}", text.len());
}

#[test]
fn vcard_takes_at_most_ten_times_its_size_in_memory() {
    let folds = format!("NOTE:{}", "\n x".repeat(3 * MIB));
    let properties = lines(1_000_000, |at| format!("EMAIL:{at}"));
    let params = format!("TEL{}:1", ";X-A=b".repeat(100_000));
    let name = format!("{}:1", "X".repeat(MIB));
    for (what, text) in [
        ("10 MB of folds", folds),
        ("a million properties", properties),
        ("100,000 parameters", params),
        ("a name of 1 MB", name),
    ] {
        let mut written = 0;
        let peak = peak_of(|| {
            let card = Card::parse(text.as_bytes(), &STANDARD);
            // As a host does that hands the output over in pieces.
            let mut out = Writer::new();
            card.emit(
                &crate::host_members(),
                &Selection::of(["vCardProps"]),
                &mut out,
            );
            written = out.as_bytes().len();
            drop(card);
        });
        assert!(
            peak <= 10 * text.len().max(written),
            "{what}: {peak} octets for {}",
            text.len()
        );
    }
}

#[test]
fn photo_of_50_mb_is_not_decoded_to_be_named() {
    let text = format!("PHOTO;ENCODING=b:/9j/{}\r\n", "A".repeat(50 * MIB));
    let mut json = Vec::new();
    let peak = peak_of(|| {
        let mut out = Writer::new();
        Card::parse(text.as_bytes(), &STANDARD).emit(
            &crate::host_members(),
            &Selection::ALL,
            &mut out,
        );
        json = out.take();
    });
    assert!(peak < text.len() / 20, "{peak} octets");
    let card: Value = serde_json::from_slice(&json).expect("it is JSON");
    let photo = &values(&card, "media")[0];
    assert_eq!(photo["mediaType"], "image/jpeg");
}

#[test]
fn vcard_without_end_is_read() {
    let card = convert("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Open");
    assert_eq!(card["name"], json!({"full": "Open"}));
}

#[test]
fn vcard_with_begin_10_000_deep_is_read() {
    let open = format!("{}FN:Deep\r\n", "BEGIN:VCARD\r\n".repeat(10_000));
    assert_eq!(convert(&open)["name"], json!({"full": "Deep"}));
    let closed = format!("FN:Out\r\n{open}{}", "END:VCARD\r\n".repeat(10_000));
    let card = convert(&closed);
    assert_eq!(card["name"], json!({"full": "Out"}));
    let inside = card["vCardProps"][0][3].as_str().unwrap_or_default();
    assert!(inside.contains("\nFN:Deep\n"), "{inside}");
}

#[test]
fn vcard_with_ends_that_match_nothing_is_read() {
    let card =
        convert("END:VCARD\r\nBEGIN:VCARD\r\nFN:Odd\r\nEND:VEVENT\r\nTEL:1\r\nEND:VCARD\r\n");
    assert_eq!(card["name"], json!({"full": "Odd"}));
    assert_eq!(values(&card, "phones"), [json!({"number": "1"})]);
    assert_eq!(card["vCardProps"], json!([["end", {}, "text", "VEVENT"]]));
}

#[test]
fn begin_inside_a_folded_line_is_text() {
    let card =
        convert("BEGIN:VCARD\r\nNOTE:see\r\n BEGIN:VCARD\r\n END:VCARD\r\nTEL:1\r\nEND:VCARD");
    assert_eq!(
        values(&card, "notes"),
        [json!({"note": "seeBEGIN:VCARDEND:VCARD"})]
    );
    assert_eq!(values(&card, "phones"), [json!({"number": "1"})]);
}

#[test]
fn a_card_behind_the_card_is_carried() {
    let card = convert("BEGIN:VCARD\nFN:One\nEND:VCARD\nBEGIN:VCARD\nFN:Two\nEND:VCARD\n");
    assert_eq!(card["name"], json!({"full": "One"}));
    assert_eq!(
        card["vCardProps"],
        json!([["begin", {}, "text", "VCARD\nFN:Two\nEND:VCARD"]])
    );
}

#[test]
fn every_character_but_the_line_end_is_kept() {
    for character in ('\0'..='\u{A0}').chain(['\u{2028}', '\u{2029}', '\u{202E}', '\u{FEFF}', '😀'])
    {
        if matches!(character, '\n' | '\\') {
            continue;
        }
        let card = convert(&format!("NOTE:a{character}b\r\nTEL:1\r\n"));
        assert_eq!(
            values(&card, "notes"),
            [json!({"note": format!("a{character}b")})],
            "{character:?}"
        );
    }
}

#[test]
fn a_group_stands_before_any_property() {
    let card = convert(
        "g.FN:x\r\ng.EMAIL:a@example.com\r\ng.UID:u\r\ng.NOTE:n\r\ng.X-FOO:y\r\ng.KIND:org\r\n",
    );
    assert_eq!(card["name"]["full"], "x");
    assert_eq!(card["uid"], "u");
    assert_eq!(card["kind"], "org");
    assert_eq!(
        values(&card, "emails"),
        [json!({"address": "a@example.com", "vCardParams": {"group": "g"}})]
    );
    assert_eq!(
        card["vCardProps"],
        json!([["x-foo", {"group": "g"}, "unknown", "y"]])
    );
}
