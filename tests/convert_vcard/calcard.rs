//! Another converter as a second opinion, and what it was measured to get wrong.

use crate::samples;
use crate::{convert, convert_octets, values};
use calcard::vcard::VCard;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The samples that calcard reads differently, and what it does.
const OTHERWISE: &[(&str, &str)] = &[
    ("rfc9555-3.3.1-jscomps", "it converts a derived name"),
    ("broken-empties", "it has entries with nothing in them"),
    ("broken-frame", "it wants a BEGIN"),
    ("broken-mac-line-ends", "it wants line feeds"),
    (
        "broken-params",
        "it loses the value after a quote that does not close",
    ),
    (
        "exchange-agent",
        "it ends where the card inside the card ends",
    ),
    (
        "rfc9555-2.5.2-names",
        "it takes the first name, not the plainest",
    ),
];

/// Names, addresses and numbers, wherever in the maps they stand.
fn essence(card: &Value) -> BTreeSet<String> {
    let mut essence = BTreeSet::new();
    for (property, member) in [("emails", "address"), ("phones", "number")] {
        for value in values(card, property) {
            essence.insert(format!("{property}: {}", value[member]));
        }
    }
    if let Some(full) = card["name"]["full"].as_str() {
        essence.insert(format!("name: {full:?}"));
    }
    essence
}

#[test]
fn sample_has_the_names_emails_and_phones_that_calcard_finds() {
    let mut different = Vec::new();
    for name in samples::names(".vcf") {
        let octets = samples::vcard(&name);
        let Ok(text) = std::str::from_utf8(&octets) else {
            continue;
        };
        let ours = essence(&convert_octets(&octets));
        let theirs = VCard::parse(text).map(|card| card.into_jscontact::<String, String>());
        let theirs = theirs
            .ok()
            .and_then(|card| serde_json::to_value(&card.0).ok());
        let theirs = essence(&theirs.unwrap_or(Value::Null));
        let is_known = OTHERWISE.iter().any(|(known, _)| *known == name);
        if (ours != theirs) != is_known {
            different.push(format!("{name}\n  ours {ours:?}\n  calcard {theirs:?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn extended_date_keeps_its_day() {
    let card = convert("VERSION:4.0\r\nBDAY:1996-04-15\r\nREV:2024-01-02T03:04:05Z\r\n");
    assert_eq!(
        values(&card, "anniversaries"),
        [json!({"kind": "birth", "date": {"year": 1996, "month": 4, "day": 15}})]
    );
    assert_eq!(card["updated"], "2024-01-02T03:04:05Z");
}

#[test]
fn organization_beside_a_label_is_kept() {
    let card = convert("item1.ORG:X\r\nitem1.X-ABLabel:Work\r\n");
    assert_eq!(
        values(&card, "organizations"),
        [json!({"name": "X", "vCardParams": {"group": "item1"}})]
    );
    assert_eq!(
        card["vCardProps"],
        json!([["x-ablabel", {"group": "item1"}, "unknown", "Work"]])
    );
}

#[test]
fn what_is_carried_has_the_names_of_rfc_9555() {
    // RFC 9555 §2.15
    let card = convert("X-FOO:bar\r\nIMPP;X-BAR=1:xmpp:a@example.com\r\n");
    assert_eq!(card["vCardProps"], json!([["x-foo", {}, "unknown", "bar"]]));
    let service = &values(&card, "onlineServices")[0];
    assert_eq!(service["vCardName"], "impp");
    assert_eq!(service["vCardParams"], json!({"x-bar": "1"}));
    assert_eq!(card.get("vCard"), None);
}

#[test]
fn card_without_uid_has_that_of_the_host() {
    // RFC 9555 §2.1.1
    assert_eq!(convert("FN:x\r\n")["uid"], "host-uid");
}

#[test]
fn internet_is_no_context_and_pref_is_a_preference() {
    let card = convert("EMAIL;TYPE=INTERNET,PREF,WORK:a@example.com\r\n");
    assert_eq!(
        values(&card, "emails"),
        [json!({
            "address": "a@example.com",
            "contexts": {"work": true},
            "pref": 1,
            "vCardParams": {"type": "INTERNET"},
        })]
    );
}

#[test]
fn label_of_an_address_is_carried_with_its_group() {
    // An Address has no label (RFC 9553 §2.5.1.1).
    let card = convert("a.ADR:;;Street 1;;;;\r\na.X-ABLabel:Boat\r\n");
    assert_eq!(
        values(&card, "addresses"),
        [json!({
            "components": [{"kind": "name", "value": "Street 1"}],
            "vCardParams": {"group": "a"},
        })]
    );
    assert_eq!(
        card["vCardProps"],
        json!([["x-ablabel", {"group": "a"}, "unknown", "Boat"]])
    );
}

#[test]
fn vendor_properties_convert_where_jscontact_has_their_meaning() {
    let card = convert(
        "X-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:1\r\n\
         X-ANNIVERSARY:2010-05-01\r\nX-SPOUSE:Sam\r\nX-JABBER:a@example.com\r\nX-GENDER:f\r\n",
    );
    assert_eq!(card["kind"], "group");
    assert_eq!(card["members"], json!({"urn:uuid:1": true}));
    assert_eq!(
        values(&card, "anniversaries"),
        [json!({
            "kind": "wedding",
            "date": {"year": 2010, "month": 5, "day": 1},
            "vCardName": "x-anniversary",
        })]
    );
    assert_eq!(
        card["relatedTo"],
        json!({"Sam": {"relation": {"spouse": true}, "vCardName": "x-spouse"}})
    );
    assert_eq!(
        values(&card, "onlineServices"),
        [json!({"service": "Jabber", "user": "a@example.com", "vCardName": "x-jabber"})]
    );
    assert_eq!(
        card["vCardProps"],
        json!([["x-gender", {}, "unknown", "f"]])
    );
}
