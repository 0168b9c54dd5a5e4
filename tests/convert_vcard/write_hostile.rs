//! Writing takes linear time and little memory, whatever is stored and whatever is wanted, and
//! text stays text.

use crate::memory::peak_of;
use crate::processor::nanoseconds_of_thread;
use crate::write::{changed, created, host, read};
use openxport::convert::vcard::{Card, STANDARD, patch};
use openxport::hosts::roundcube::dialect::ROUNDCUBE;
use openxport::store::{Contents, Object};
use serde_json::{Value, json};

fn time_of(stored: &[u8], after: &Object) -> f64 {
    let start = nanoseconds_of_thread();
    let written = patch(stored, &STANDARD, &host(), after, &|_| None);
    std::hint::black_box(written.is_ok());
    (nanoseconds_of_thread() - start) as f64
}

/// Sixteen times the input may take four times sixteen times as long, for caches and noise;
/// quadratic work would take 256 times.
fn assert_linear(what: &str, pattern: impl Fn(usize) -> (Vec<u8>, Object)) {
    assert_linear_from(100, what, pattern);
}

/// The same where it takes a larger input to show.
fn assert_linear_from(small: usize, what: &str, pattern: impl Fn(usize) -> (Vec<u8>, Object)) {
    let (small, large) = (pattern(small), pattern(16 * small));
    let mut ratio = f64::INFINITY;
    for _ in 0..5 {
        let large = time_of(&large.0, &large.1);
        ratio = ratio.min(large / time_of(&small.0, &small.1));
        if ratio < 64.0 {
            return;
        }
    }
    panic!("{what}: sixteen times the input takes {ratio:.0} times as long");
}

/// Cards of such lines, each kind of them with three changes: one more property, everything
/// gone, and each text another.
#[test]
fn card_of_many_lines_is_changed_in_linear_time() {
    type Line = fn(usize) -> String;
    let patterns: [(&str, Line); 16] = [
        ("emails", |at| format!("EMAIL:{at}@example.com")),
        ("equal emails", |_| "EMAIL:a@example.com".to_owned()),
        ("labels", |at| {
            format!("i{at}.TEL:{at}\r\ni{at}.X-ABLABEL:{at}")
        }),
        ("one label", |at| format!("i.TEL:{at}\r\ni.X-ABLABEL:{at}")),
        ("titles", |at| format!("i{at}.ORG:{at}\r\ni{at}.TITLE:{at}")),
        ("keywords", |at| format!("CATEGORIES:{at},{}", at + 1)),
        ("members", |at| format!("MEMBER:urn:{at}")),
        ("relations", |at| format!("RELATED:urn:{at}")),
        ("patches", |at| format!("JSPROP;JSPTR=\"x:{at}\":{at}")),
        ("patches of one", |at| {
            format!("JSPROP;JSPTR=\"x:{}\":{at}", at / 2)
        }),
        ("patches of one note", |at| {
            let note = if at == 0 { "NOTE;PROP-ID=n:x\r\n" } else { "" };
            format!("{note}JSPROP;JSPTR=notes/n/x{at}:{at}")
        }),
        ("patches of nothing", |at| {
            format!("JSPROP;JSPTR=\"phones/p{at}/x\":{at}")
        }),
        ("photos", |at| format!("PHOTO;ENCODING=b:{at:08}")),
        ("addresses", |at| {
            format!("i{at}.ADR:;;{at};;;;\r\ni{at}.GEO:1;2")
        }),
        ("languages", |at| {
            format!("TITLE;ALTID=1;LANGUAGE=l{at}:{at}")
        }),
        ("carried", |at| format!("X-OWN-{at};X-A={at}:{at}")),
    ];
    for (what, line) in patterns {
        let card = |n: usize| -> Vec<u8> {
            let lines: String = (0..n).map(|at| line(at) + "\r\n").collect();
            format!("BEGIN:VCARD\r\n{lines}END:VCARD\r\n").into_bytes()
        };
        assert_linear(&format!("{what}, one more"), |n| {
            let stored = card(n);
            let mut after = read(&stored, &STANDARD);
            after.insert("notes".to_owned(), json!({"n": {"note": "x"}}));
            (stored, after)
        });
        assert_linear(&format!("{what}, gone"), |n| {
            let stored = card(n);
            let after = json!({"name": {"full": "x"}});
            (stored, after.as_object().cloned().unwrap_or_default())
        });
        assert_linear(&format!("{what}, all changed"), |n| {
            let stored = card(n);
            let mut after = read(&stored, &STANDARD);
            for (name, value) in &mut after {
                if !["uid", "id", "@type", "version", "vCardProps"].contains(&name.as_str()) {
                    change(value);
                }
            }
            (stored, after)
        });
    }
}

fn change(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if !["blobId", "kind", "organizationId", "mediaType"].contains(&name.as_str()) {
                    change(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(change),
        Value::String(text) => text.push('!'),
        _ => {}
    }
}

#[test]
fn localizations_are_written_in_linear_time() {
    let titles = |n: usize| -> Object {
        let title = |at: usize| (format!("t{at}"), json!({"name": "x", "kind": "title"}));
        (0..n).map(title).collect()
    };
    assert_linear("one language", |n| {
        let patches = (0..n).map(|at| (format!("titles/t{at}/name"), json!("y")));
        let card =
            json!({"titles": titles(n), "localizations": {"de": patches.collect::<Object>()}});
        (Vec::new(), card.as_object().cloned().unwrap_or_default())
    });
    assert_linear("a language each", |n| {
        let languages = (0..n).map(|at| {
            let patch = json!({format!("titles/t{at}/name"): "y", "name/full": "z"});
            (format!("l{at}"), patch)
        });
        let card = json!({"name": {"full": "x"}, "titles": titles(n),
            "localizations": languages.collect::<Object>()});
        (Vec::new(), card.as_object().cloned().unwrap_or_default())
    });
    assert_linear("patches of nothing", |n| {
        let patches = (0..n).map(|at| (format!("phones/p{at}/number"), json!("\u{1}")));
        let card = json!({"localizations": {"de": patches.collect::<Object>()}});
        (Vec::new(), card.as_object().cloned().unwrap_or_default())
    });
}

// RFC 6350 §3.3: whatever a carried property holds, it is one property.
#[test]
fn card_of_many_members_is_created_in_linear_time() {
    for property in ["members", "keywords", "relatedTo"] {
        assert_linear_from(1_000, property, |n| {
            let member = match property {
                "relatedTo" => json!({"relation": {}}),
                _ => json!(true),
            };
            let members: Object = (0..n)
                .map(|at| (format!("urn:{at}"), member.clone()))
                .collect();
            let mut card = Object::new();
            card.insert("kind".to_owned(), json!("group"));
            card.insert(property.to_owned(), members.into());
            (Vec::new(), card)
        });
    }
}

#[test]
fn carried_property_never_becomes_a_card_of_its_own() {
    let end = "x\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:injected";
    let alone = "\rEND:VCARD\rBEGIN:VCARD\rFN:injected";
    let nested = "VCARD\nEND:VCARD\nEND:VCARD\nBEGIN:VCARD\nFN:injected";
    let mut written_ones = 0;
    for text in [end, alone, nested] {
        for property in [
            json!([text, {}, "text", "1"]),
            json!(["x-own", {text: "1"}, "text", "1"]),
            json!(["x-own", {"x-a": text}, "text", "1"]),
            json!(["x-own", {"group": text}, "text", "1"]),
            json!(["x-own", {"encoding": "b"}, "text", text]),
            json!(["x-own", {}, text, "1"]),
            json!(["x-own", {}, "unknown", text]),
            json!(["agent", {}, "text", text]),
            json!(["xml", {}, "text", text]),
            json!(["gender", {}, "text", [text, [text]]]),
            json!(["begin", {}, "text", text]),
            json!(["end", {}, "text", text]),
            json!(["jsprop", {"jsptr": text}, "text", text]),
        ] {
            for (version, dialect) in [
                ("2.1", &STANDARD),
                ("3.0", &STANDARD),
                ("4.0", &STANDARD),
                ("3.0", &ROUNDCUBE),
            ] {
                let card = json!({"vCardProps": [["version", {}, "text", version], property]});
                let card = card.as_object().cloned().unwrap_or_default();
                let Ok(written) = patch(b"", dialect, &host(), &card, &|_| None) else {
                    continue;
                };
                written_ones += 1;
                let found = read(&written, dialect);
                assert_eq!(found.get("name"), None, "{property}");
                let of_the_form =
                    |it: &&Value| ["version", "fn", "n"].contains(&it[0].as_str().unwrap());
                let carried = found["vCardProps"].as_array().into_iter().flatten();
                assert_eq!(
                    carried.filter(|it| !of_the_form(it)).count(),
                    1,
                    "{property}: {}",
                    String::from_utf8_lossy(&written)
                );
                let lines = written.split(|octet| matches!(octet, b'\r' | b'\n'));
                let ends = lines.filter(|line| line.starts_with(b"END:VCARD")).count();
                assert!(ends <= 2, "{property}");
            }
        }
    }
    // The others are refused.
    assert_eq!(written_ones, 29);
}

#[test]
fn uid_is_text_that_stays_as_it_is() {
    // RFC 9553 §2.1.9
    let long = "u".repeat(10_000);
    for uid in [
        "../../etc/passwd",
        "a/b",
        "..",
        "a\nb",
        "x; DROP TABLE y",
        &long,
    ] {
        for version in ["2.1", "3.0", "4.0"] {
            let card = json!({"uid": uid, "vCardProps": [["version", {}, "text", version]]});
            let written = created(card, &STANDARD);
            assert_eq!(read(written.as_bytes(), &STANDARD)["uid"], uid, "{written}");
        }
    }
}

#[test]
fn photo_is_stored_as_octets_whatever_it_is_said_to_be() {
    // RFC 9610 §3
    let script = b"<script>alert(1)</script>";
    for (version, uri) in [
        ("2.1", "data:text/html,%3Cscript%3Ealert(1)%3C/script%3E"),
        (
            "3.0",
            "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
        ),
        (
            "4.0",
            "DATA:text/html;charset=utf-8;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg",
        ),
    ] {
        let card = json!({"media": {"m": {"kind": "photo", "uri": uri}},
            "vCardProps": [["version", {}, "text", version]]});
        let written = created(card, &STANDARD);
        let found = read(written.as_bytes(), &STANDARD);
        let photo = json!({"kind": "photo", "blobId": "blob-m", "mediaType": "text/html"});
        assert_eq!(found["media"]["m"], photo, "{written}");
        let stored = Card::parse(written.as_bytes(), &STANDARD).media("m");
        assert_eq!(stored.map(|it| it.octets).as_deref(), Some(&script[..]));
    }
    // Nothing is fetched: there is nothing here that could.
    let uri = "http://169.254.169.254/latest/meta-data/";
    let photo = json!({"media": {"m": {"kind": "photo", "uri": uri}}});
    let card = changed(b"UID:1\r\n", photo.clone());
    assert_eq!(read(&card, &STANDARD)["media"], photo["media"]);
    assert_eq!(
        Card::parse(&card, &STANDARD).media("m").map(|it| it.octets),
        None
    );
}

#[test]
fn photo_of_50_mb_takes_memory_in_proportion() {
    const OCTETS: usize = 50 << 20;
    let photo = Contents {
        media_type: None,
        octets: vec![0xFF; OCTETS],
    };
    let card = json!({"media": {"m": {"kind": "photo", "blobId": "u"}}});
    let card = card.as_object().cloned().unwrap_or_default();
    let photo = std::cell::Cell::new(Some(photo));
    let peak = peak_of(|| {
        let written = patch(b"", &ROUNDCUBE, &host(), &card, &|_| photo.take());
        assert!(written.is_ok_and(|written| written.len() > OCTETS));
    });
    assert!(
        peak < 11 * OCTETS / 2,
        "{} times its size",
        peak as f64 / OCTETS as f64
    );
}
