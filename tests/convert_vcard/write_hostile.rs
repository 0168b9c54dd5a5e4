//! Writing takes linear time, whatever is stored and whatever is wanted.

use crate::processor::nanoseconds_of_thread;
use crate::write::{host, read};
use openxport::convert::vcard::{STANDARD, patch};
use openxport::store::Object;
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
    const SMALL: usize = 100;
    let (small, large) = (pattern(SMALL), pattern(16 * SMALL));
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
    let patterns: [(&str, Line); 14] = [
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
