//! The vCard conversion, behaviour by behaviour (RFC 9555 §2).

mod addresses;
mod alternatives;
mod calcard;
mod delivery_labels;
mod hostile;
mod media;
mod memory;
mod personal;
mod processor;
mod random;
mod random_card;
mod samples;
mod settling;
mod strict_json;
mod tables;
mod values;
mod write;
mod write_hostile;
mod write_localized;
mod write_places;
mod write_random;

use openxport::convert::vcard::{Card, HostMembers, STANDARD};
use openxport::json::Writer;
use openxport::store::Selection;
use serde_json::{Value, json};

fn host_members() -> HostMembers<'static> {
    HostMembers {
        id: "c1",
        address_book_ids: &["b1"],
        uid: "host-uid",
        is_uid_taken: false,
        updated: None,
        created: None,
        blob_id: &|key, _| format!("blob-{key}"),
    }
}

fn convert(text: &str) -> Value {
    convert_octets(text.as_bytes())
}

fn convert_octets(octets: &[u8]) -> Value {
    let mut out = Writer::new();
    Card::parse(octets, &STANDARD).emit(&host_members(), &Selection::ALL, &mut out);
    strict_json::read(out.as_bytes())
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(out.as_bytes())))
}

/// The values of one of the card's maps, without their keys.
fn values(card: &Value, property: &str) -> Vec<Value> {
    let map = card[property].as_object();
    map.into_iter()
        .flatten()
        .map(|(_, value)| value.clone())
        .collect()
}

#[test]
fn card_converts_what_nearly_all_cards_have() {
    let card = convert(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Müller;Zoë;Q;Dr.;Jr.\r\nFN:Dr. Zoë Müller\r\n\
         EMAIL;TYPE=home:zoe@example.com\r\nTEL;TYPE=cell,x-car:+49 1\r\nEND:VCARD\r\n",
    );
    assert_eq!(card["id"], "c1");
    assert_eq!(card["addressBookIds"], json!({"b1": true}));
    assert_eq!(card["uid"], "host-uid");
    assert_eq!(
        card["name"],
        json!({
            "full": "Dr. Zoë Müller",
            "components": [
                {"kind": "surname", "value": "Müller"},
                {"kind": "given", "value": "Zoë"},
                {"kind": "given2", "value": "Q"},
                {"kind": "title", "value": "Dr."},
                {"kind": "credential", "value": "Jr."},
            ],
        })
    );
    assert_eq!(
        values(&card, "emails"),
        [json!({"address": "zoe@example.com", "contexts": {"private": true}})]
    );
    assert_eq!(
        values(&card, "phones"),
        [
            json!({"number": "+49 1", "features": {"mobile": true}, "vCardParams": {"type": "x-car"}})
        ]
    );
    assert_eq!(card["vCardProps"], json!([["version", {}, "text", "3.0"]]));
}

#[test]
fn card_keeps_an_unknown_property_with_its_group_and_parameters() {
    // RFC 9555 §2.15.1
    let card = convert("item1.X-FOO;X-BAR=Hello:World!");
    assert_eq!(
        card["vCardProps"],
        json!([["x-foo", {"x-bar": "Hello", "group": "item1"}, "unknown", "World!"]])
    );
}

#[test]
fn card_label_stands_at_the_objects_of_its_group() {
    // RFC 9555 §2.11.11
    let card = convert("item1.TEL;VALUE=uri:tel:+1-555-555-5555\nITEM1.X-ABLabel:_$!<Home>!$_");
    assert_eq!(
        values(&card, "phones"),
        [json!({
            "number": "tel:+1-555-555-5555",
            "label": "Home",
            "vCardParams": {"group": "item1"},
        })]
    );
}

#[test]
fn card_inside_a_card_is_carried_as_text() {
    let card =
        convert("BEGIN:VCARD\nFN:Outer\nAGENT:\nBEGIN:VCARD\nFN:Inner\nEND:VCARD\nEND:VCARD\n");
    assert_eq!(card["name"], json!({"full": "Outer"}));
    assert_eq!(
        card["vCardProps"],
        json!([
            ["agent", {}, "text", ""],
            ["begin", {}, "text", "VCARD\nFN:Inner\nEND:VCARD"],
        ])
    );
}

// RFC 9610 §3: no two cards of an account have the same uid.
#[test]
fn card_carries_a_uid_that_another_card_has() {
    let mut out = Writer::new();
    let host = HostMembers {
        is_uid_taken: true,
        ..host_members()
    };
    Card::parse(b"UID:x-1\r\n", &STANDARD).emit(&host, &Selection::ALL, &mut out);
    let card: Value = serde_json::from_slice(out.as_bytes()).expect("it is JSON");
    assert_eq!(card["uid"], "host-uid");
    assert_eq!(card["vCardProps"], json!([["uid", {}, "uri", "x-1"]]));
}

#[test]
fn backslash_before_n_is_text_in_quoted_printable() {
    // vCard 2.1: a line break is `=0D=0A`, and the semicolon alone is escaped.
    let card = convert(
        "NOTE;ENCODING=QUOTED-PRINTABLE:C:\\new=0D=0A=5CNT\\, a\\\\n\r\n\
         N;QUOTED-PRINTABLE:a\\n\\;b;c=5Cn\r\nX-FOO;QUOTED-PRINTABLE:C:\\new\r\n",
    );
    assert_eq!(
        values(&card, "notes"),
        [json!({"note": "C:\\new\n\\NT, a\\n"})]
    );
    assert_eq!(
        card["name"]["components"],
        json!([
            {"kind": "surname", "value": "a\\n;b"},
            {"kind": "given", "value": "c\\n"},
        ])
    );
    assert_eq!(
        card["vCardProps"],
        json!([["x-foo", {}, "unknown", "C:\\new"]])
    );
}

#[test]
fn backslash_before_n_is_a_line_break_elsewhere() {
    // RFC 6350 §3.4; Android writes so in vCard 2.1 too, where nothing needs an encoding.
    for head in ["", "VERSION:2.1\r\n"] {
        let card = convert(&format!("{head}NOTE;CHARSET=UTF-8:a\\nb\\Nü"));
        assert_eq!(values(&card, "notes"), [json!({"note": "a\nb\nü"})]);
    }
}

#[test]
fn dates_of_the_host_stand_in_for_those_of_the_card() {
    let mut out = Writer::new();
    let host = HostMembers {
        updated: Some("2024-01-01T00:00:00Z"),
        created: Some("2023-01-01T00:00:00Z"),
        ..host_members()
    };
    let text = b"REV:20200101T000000Z\r\nCREATED:20190101T000000Z\r\n";
    Card::parse(text, &STANDARD).emit(&host, &Selection::ALL, &mut out);
    let card: Value = serde_json::from_slice(out.as_bytes()).expect("it is JSON");
    assert_eq!(card["updated"], "2024-01-01T00:00:00Z");
    assert_eq!(card["created"], "2023-01-01T00:00:00Z");
    assert_eq!(
        card["vCardProps"],
        json!([
            ["rev", {}, "timestamp", "20200101T000000Z"],
            ["created", {}, "timestamp", "20190101T000000Z"],
        ])
    );
}
