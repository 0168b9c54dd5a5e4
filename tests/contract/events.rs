//! The event source (RFC 8620 §7.3).

use crate::memory::{Fault, HOME, SHARED, WORK};
use crate::wire::{Answer, Head, Pieces, Wire};
use serde_json::{Value, json};

fn events(wire: &Wire, parameters: &[(&str, &str)]) -> Answer {
    let query: Vec<(&str, &str)> = [("jmap", "events")]
        .iter()
        .chain(parameters)
        .copied()
        .collect();
    wire.send(&Head::get(&query), &mut Pieces::of(b""))
}

fn of_types(types: &str) -> [(&str, &str); 3] {
    [("types", types), ("closeafter", "state"), ("ping", "0")]
}

/// The StateChange object of the one event in the answer.
fn state_change(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let text = answer.text();
    let event = text.strip_prefix("retry: 60000\nevent: state\ndata: ");
    let data = event.and_then(|event| event.strip_suffix("\n\n")).unwrap();
    assert!(!data.contains('\n'), "{data}");
    serde_json::from_str(data).unwrap()
}

#[test]
fn events_answer_the_present_states_once() {
    let wire = Wire::new();
    wire.cards().put("c1", json!({}));
    let answer = events(&wire, &of_types("*"));
    assert_eq!(answer.header("Content-Type"), Some("text/event-stream"));
    assert!(answer.header("Cache-Control").unwrap().contains("no-store"));
    let change = state_change(&answer);
    assert_eq!(change["@type"], "StateChange");
    let of = |name: &str| wire.ok(name, json!({"ids": []}))["state"].clone();
    assert_eq!(
        change["changed"][HOME],
        json!({
            "AddressBook": of("AddressBook/get"),
            "ContactCard": of("ContactCard/get"),
            "Identity": of("Identity/get"),
            "EmailSubmission": of("EmailSubmission/get"),
        })
    );
    let accounts: Vec<&String> = change["changed"].as_object().unwrap().keys().collect();
    assert_eq!(accounts, [HOME, WORK, SHARED]);
}

#[test]
fn events_answer_a_state_that_has_moved_with_the_records() {
    let wire = Wire::new();
    let state = || state_change(&events(&wire, &of_types("ContactCard")))["changed"][HOME].clone();
    let before = state();
    assert_eq!(state(), before);
    wire.cards().put("c1", json!({}));
    assert_ne!(state(), before);
}

#[test]
fn events_are_of_the_types_asked_for() {
    let wire = Wire::new();
    for (types, expected) in [
        ("Identity", json!(["Identity"])),
        (
            "ContactCard,Foo,AddressBook",
            json!(["AddressBook", "ContactCard"]),
        ),
    ] {
        let change = state_change(&events(&wire, &of_types(types)));
        let of_home = change["changed"][HOME].as_object().unwrap();
        assert_eq!(json!(of_home.keys().collect::<Vec<_>>()), expected);
    }
    for types in ["", "Foo", "contactcard"] {
        let change = state_change(&events(&wire, &of_types(types)));
        assert_eq!(change["changed"], json!({}), "{types}");
    }
}

#[test]
fn events_refuse_parameters_that_are_missing_or_wrong() {
    let wire = Wire::new();
    let right = of_types("*");
    for (name, wrong) in [
        ("types", None),
        ("closeafter", None),
        ("closeafter", Some("never")),
        ("ping", None),
        ("ping", Some("-1")),
        ("ping", Some("soon")),
    ] {
        let parameters: Vec<(&str, &str)> = right
            .into_iter()
            .filter(|(parameter, _)| *parameter != name)
            .chain(wrong.map(|wrong| (name, wrong)))
            .collect();
        let answer = events(&wire, &parameters);
        assert_eq!(answer.status, 400, "{name} {wrong:?}");
        let detail = answer.json()["detail"].to_string();
        assert!(detail.contains(name), "{detail}");
    }
}

#[test]
fn events_of_a_store_that_is_unavailable_are_to_be_asked_for_later() {
    let wire = Wire::new();
    wire.cards().put("c1", json!({}));
    wire.cards().fail_next_scan(Fault::Unavailable);
    let answer = events(&wire, &of_types("*"));
    assert_eq!(answer.status, 503);
    assert!(!answer.text().contains("ordered by the test"));
}
