//! vCard to JSContact: never panics, never takes more than its input deserves, and always
//! writes one valid JSON object in which no name occurs twice.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openxport::convert::vcard::{Card, HostMembers, STANDARD};
use openxport::jmap::request;
use openxport::json;
use openxport::store::Selection;

fuzz_target!(|text: &[u8]| {
    let card = Card::parse(text, &STANDARD);
    let host = HostMembers {
        id: "c1",
        address_book_ids: &["b0"],
        uid: "urn:uuid:00000000-0000-5000-8000-000000000000",
        is_uid_taken: text.len() % 2 == 1,
        updated: None,
        created: None,
        blob_id: &|key, _| format!("p1-{key}"),
    };
    let mut out = json::Writer::new();
    card.emit(&host, &Selection::ALL, &mut out);
    let octets = out.as_bytes().len();
    assert!(octets <= 1_000 + 64 * text.len(), "{octets} octets of {}", text.len());
    // Noncharacters may be in a card; I-JSON's other rules hold: no name occurs twice.
    if let Err(error) = request::parse(out.as_bytes()) {
        let problem = String::from_utf8_lossy(&error.problem()).into_owned();
        let is_of_the_input = ["noncharacter", "2^53", "nested", "out of range"];
        assert!(is_of_the_input.iter().any(|cause| problem.contains(cause)), "{problem}");
    }
});
