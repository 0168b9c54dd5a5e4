//! JSContact to vCard: the input is a stored vCard, a zero octet, and an object whose members
//! replace those of its Card. Never panics; what is written reads as it was wanted where that
//! shows without a look into how it is stored, is written again as it is, and no text of the
//! object becomes a card of its own.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openxport::convert::vcard::{Card, HostMembers, STANDARD, patch};
use openxport::json;
use openxport::store::{Contents, Object, Selection};
use serde_json::Value;

fn read(card: &[u8], host: &HostMembers<'_>) -> Option<Object> {
    let mut out = json::Writer::new();
    Card::parse(card, &STANDARD).emit(host, &Selection::ALL, &mut out);
    serde_json::from_slice(out.as_bytes()).ok()
}

fn begins(card: &[u8]) -> usize {
    let lines = card.split(|octet| matches!(octet, b'\r' | b'\n'));
    lines.filter(|line| line.to_ascii_uppercase().starts_with(b"BEGIN")).count()
}

fuzz_target!(|input: &[u8]| {
    let (stored, changes) = match input.iter().position(|octet| *octet == 0) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => return,
    };
    let Ok(Value::Object(changes)) = serde_json::from_slice::<Value>(changes) else {
        return;
    };
    let host = HostMembers {
        id: "c1",
        address_book_ids: &["b0"],
        uid: "urn:uuid:00000000-0000-5000-8000-000000000000",
        is_uid_taken: false,
        updated: None,
        created: None,
        blob_id: &|key, _| format!("p1-{key}"),
    };
    let blobs = |id: &str| {
        let octets = id.as_bytes().to_vec();
        id.starts_with('u').then_some(Contents { media_type: None, octets })
    };
    let Some(mut after) = read(stored, &host) else {
        return;
    };
    after.extend(changes.clone());
    let Ok(written) = patch(stored, &STANDARD, &host, &after, &blobs) else {
        return;
    };
    let found = read(&written, &host).expect("a card that was written can be read");
    for (name, value) in changes.iter().filter(|(name, _)| name.contains(':')) {
        match value {
            Value::Null => assert!(!found.contains_key(name), "{name}"),
            value => assert_eq!(found.get(name), Some(value), "{name}"),
        }
    }
    let again = patch(&written, &STANDARD, &host, &found, &blobs);
    assert_eq!(again.as_deref(), Ok(written.as_slice()));
    // Another card in a card is carried, and may be wanted.
    if !changes.contains_key("vCardProps") && !stored.starts_with(b"\xFE\xFF") && !stored.contains(&0xFF) {
        assert!(begins(&written) <= begins(stored).max(1));
    }
});
