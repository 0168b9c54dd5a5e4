//! What the vCard conversion costs, beside what the same octets cost at least and beside
//! another converter: `cargo bench --no-default-features --bench convert`.
//!
//! Times of one machine say little; the ratios within one run do.

use calcard::vcard::VCard;
use openxport::convert::vcard::{self, Card, HostMembers};
use openxport::hosts::roundcube::dialect::ROUNDCUBE;
use openxport::json::Writer;
use openxport::store::{Object, Selection};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// What Roundcube stores of a person with the usual fields.
const CARD: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:M\u{fc}ller;Zo\u{eb};;;\r\n\
FN:Zo\u{eb} M\u{fc}ller\r\nEMAIL;TYPE=home:zoe.mueller@example.com\r\n\
EMAIL;TYPE=work:zoe@work.example\r\nORG:Example GmbH\r\nTITLE:Engineer\r\n\
TEL;TYPE=cell:+49 170 1234567\r\nADR;TYPE=home:;;Hauptstr. 1;Berlin;BE;10115;Germany\r\n\
NOTE:met at the fair\\nin May\r\nEND:VCARD\r\n";

/// What a client sends of such a person.
const NEW: &str = r#"{"@type": "Card", "version": "1.0", "uid": "urn:example:1",
"addressBookIds": {"b0": true}, "name": {"full": "Jo Walker", "components": [
{"kind": "surname", "value": "Walker"}, {"kind": "given", "value": "Jo"}]},
"emails": {"e1": {"address": "jo@example.com", "contexts": {"work": true}}},
"phones": {"p1": {"number": "+44 7700 900001", "features": {"mobile": true}}},
"organizations": {"o1": {"name": "Acme"}},
"notes": {"n1": {"note": "Met at the conference.\nCalls back."}}}"#;

fn main() {
    let host = HostMembers {
        id: "c12345",
        address_book_ids: &["b0"],
        uid: "c4bd3f9e-0f52-5e0f-9d3e-2f6d3c1b7a55",
        is_uid_taken: false,
        updated: Some("2024-01-02T03:04:05Z"),
        created: None,
        blob_id: &|key, _| format!("p12345-{key}"),
    };
    let some = Selection::of(["name", "emails"]);
    let mut out = Writer::new();
    let mut convert = |selection: &Selection| {
        out.clear();
        Card::parse(black_box(CARD.as_bytes()), &ROUNDCUBE).emit(&host, selection, &mut out);
        black_box(out.as_bytes().len());
    };
    let all = fastest(|| convert(&Selection::ALL));
    let selected = fastest(|| convert(&some));
    let parse = fastest(|| {
        black_box(Card::parse(black_box(CARD.as_bytes()), &ROUNDCUBE));
    });
    let new: Object = serde_json::from_str(NEW).unwrap_or_default();
    let write = fastest(|| {
        let vcard = vcard::patch(&[], &ROUNDCUBE, &host, black_box(&new), &|_| None);
        black_box(vcard.is_ok());
    });
    let mut copy = Vec::with_capacity(CARD.len());
    let memcpy = fastest(|| {
        copy.clear();
        copy.extend_from_slice(black_box(CARD.as_bytes()));
        black_box(copy.len());
    });
    let mut escaped = Vec::new();
    let escape = fastest(|| {
        escaped.clear();
        black_box(serde_json::to_writer(&mut escaped, black_box(CARD)).is_ok());
    });
    let calcard = fastest(|| {
        let Ok(card) = VCard::parse(black_box(CARD)) else {
            return;
        };
        let card = card.into_jscontact::<String, String>();
        black_box(serde_json::to_string(&card.0).map_or(0, |json| json.len()));
    });
    println!("a card of {} octets", CARD.len());
    for (what, time) in [
        ("memcpy", memcpy),
        ("escaped as one JSON string", escape),
        ("parsed", parse),
        ("converted, name and emails", selected),
        ("converted, all properties", all),
        ("converted by calcard", calcard),
        ("a new card, written", write),
    ] {
        let ratio = time.as_secs_f64() / escape.as_secs_f64();
        let nanoseconds = time.as_nanos();
        println!("{what:<28} {nanoseconds:>8} ns {ratio:>6.1} times the escaping");
    }
}

/// The least time of a call, over rounds that are long enough for the clock.
fn fastest(mut call: impl FnMut()) -> Duration {
    const CALLS: u32 = 2_000;
    (0..50)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..CALLS {
                call();
            }
            start.elapsed() / CALLS
        })
        .min()
        .unwrap_or_default()
}
