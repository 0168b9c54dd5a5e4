//! `/get` (RFC 8620 §5.1).

use crate::memory::Fault;
use crate::wire::Wire;
use serde_json::{Value, json};

fn wire() -> Wire {
    let wire = Wire::new();
    for key in 1..=3 {
        let card = json!({"uid": format!("u{key}"), "name": {"full": format!("Card {key}")},
            "example.com:vendor": key});
        wire.cards().put(&format!("c{key}"), card);
    }
    wire
}

fn ids(response: &Value) -> Vec<&str> {
    let list = response["list"].as_array().unwrap().iter();
    list.map(|record| record["id"].as_str().unwrap()).collect()
}

#[test]
fn contact_card_get_returns_every_record_when_ids_is_null() {
    let wire = wire();
    for arguments in [json!({}), json!({"ids": null})] {
        let response = wire.ok("ContactCard/get", arguments);
        assert_eq!(ids(&response), ["c1", "c2", "c3"]);
        assert_eq!(response["notFound"], json!([]));
        assert_eq!(response["accountId"], json!("a1"));
    }
}

#[test]
fn contact_card_get_returns_nothing_for_no_ids() {
    let response = wire().ok("ContactCard/get", json!({"ids": []}));
    assert_eq!(
        (&response["list"], &response["notFound"]),
        (&json!([]), &json!([]))
    );
}

#[test]
fn contact_card_get_returns_an_id_once_that_is_asked_for_twice() {
    let response = wire().ok("ContactCard/get", json!({"ids": ["c2", "c2", "x", "x"]}));
    assert_eq!(ids(&response), ["c2"]);
    assert_eq!(response["notFound"], json!(["x"]));
}

#[test]
fn contact_card_get_does_not_find_what_is_no_id() {
    let long = "c".repeat(300);
    let asked = [
        "c9",
        "",
        "../c1",
        "c1\u{0}",
        "ü",
        "c1 ",
        long.as_str(),
        "#none",
    ];
    let response = wire().ok("ContactCard/get", json!({"ids": asked}));
    assert_eq!(ids(&response), [""; 0]);
    let mut not_found: Vec<&str> = response["notFound"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    let mut asked = asked.to_vec();
    asked.sort_unstable();
    not_found.sort_unstable();
    assert_eq!(not_found, asked);
}

#[test]
fn contact_card_get_returns_the_asked_properties_and_always_the_id() {
    let wire = wire();
    let of = |properties: Value| {
        let arguments = json!({"ids": ["c1"], "properties": properties});
        wire.ok("ContactCard/get", arguments)["list"][0].clone()
    };
    assert_eq!(of(json!([])), json!({"id": "c1"}));
    assert_eq!(of(json!(["uid"])), json!({"id": "c1", "uid": "u1"}));
    assert_eq!(
        of(json!(["uid", "id", "uid"])),
        json!({"id": "c1", "uid": "u1"})
    );
    assert_eq!(
        of(json!(["example.com:vendor", "kind"])),
        json!({"id": "c1", "example.com:vendor": 1})
    );
    assert_eq!(of(Value::Null)["name"], json!({"full": "Card 1"}));
}

#[test]
fn get_refuses_a_property_that_the_type_does_not_have() {
    let wire = wire();
    for (method, property) in [
        ("ContactCard/get", "shoeSize"),
        ("ContactCard/get", ""),
        ("AddressBook/get", "example.com:vendor"),
        ("Identity/get", "uid"),
    ] {
        let arguments = json!({"properties": ["id", property]});
        assert_eq!(
            wire.error(method, arguments),
            "invalidArguments",
            "{property}"
        );
    }
}

#[test]
fn contact_card_get_refuses_arguments_of_the_wrong_type() {
    let wire = wire();
    for arguments in [
        json!({"ids": "c1"}),
        json!({"ids": [1]}),
        json!({"ids": {"c1": true}}),
        json!({"properties": "id"}),
        json!({"properties": [null]}),
        json!({"accountId": 1}),
        json!({"accountId": null}),
        json!({"unknown": 1}),
    ] {
        assert_eq!(
            wire.error("ContactCard/get", arguments.clone()),
            "invalidArguments",
            "{arguments}"
        );
    }
}

#[test]
fn contact_card_get_is_too_large_above_the_limit() {
    let mut wire = wire();
    wire.settings.limits.max_objects_in_get = 2;
    let many = json!({"ids": ["x1", "x2", "x3"]});
    assert_eq!(wire.error("ContactCard/get", many), "requestTooLarge");
    assert_eq!(wire.error("ContactCard/get", json!({})), "requestTooLarge");
    wire.ok("ContactCard/get", json!({"ids": ["c1", "c2"]}));
}

#[test]
fn contact_card_get_state_is_that_of_the_changes() {
    let wire = wire();
    let state = wire.ok("ContactCard/get", json!({"ids": []}))["state"].clone();
    wire.cards().put("c4", json!({}));
    let changes = wire.ok("ContactCard/changes", json!({"sinceState": state}));
    assert_eq!(changes["created"], json!(["c4"]));
    let state = wire.ok("ContactCard/get", json!({"ids": []}))["state"].clone();
    assert_eq!(changes["newState"], state);
}

#[test]
fn contact_card_get_resolves_a_created_id() {
    // RFC 8620 §5.3
    let wire = wire();
    let response = wire.post(&json!([
        ["ContactCard/set", {"accountId": "a1", "create": {"k": {
            "uid": "new", "addressBookIds": {"b1": true}}}}, "0"],
        ["ContactCard/get", {"accountId": "a1", "ids": ["#k"], "properties": ["uid"]}, "1"],
    ]));
    assert_eq!(
        response["methodResponses"][1][1]["list"][0]["uid"],
        json!("new")
    );
}

#[test]
fn contact_card_get_takes_its_ids_from_an_earlier_response() {
    // RFC 8620 §3.7
    let wire = wire();
    let response = wire.post(&json!([
        ["ContactCard/query", {"accountId": "a1", "position": 1}, "0"],
        ["ContactCard/get", {"accountId": "a1", "properties": ["uid"],
            "#ids": {"resultOf": "0", "name": "ContactCard/query", "path": "/ids"}}, "1"],
        ["ContactCard/get", {"accountId": "a1", "properties": [],
            "#ids": {"resultOf": "1", "name": "ContactCard/get", "path": "/list/*/id"}}, "2"],
    ]));
    let responses = &response["methodResponses"];
    assert_eq!(ids(&responses[1][1]), ["c2", "c3"], "{response:#}");
    assert_eq!(ids(&responses[2][1]), ["c2", "c3"], "{response:#}");
}

#[test]
fn contact_card_get_fails_alone_when_the_storage_does() {
    // RFC 8620 §3.6.2: the other calls of the request go on
    for (fault, expected) in [
        (Fault::Unavailable, "serverUnavailable"),
        (Fault::Backend, "serverFail"),
        (Fault::Forbidden, "forbidden"),
    ] {
        let wire = wire();
        wire.ok("ContactCard/get", json!({}));
        wire.cards().fail(&[fault]);
        let response = wire.post(&json!([
            ["ContactCard/get", {"accountId": "a1"}, "0"],
            ["Core/echo", {"x": 1}, "1"],
        ]));
        let responses = response["methodResponses"].as_array().unwrap();
        assert_eq!(responses[0][0], json!("error"));
        assert_eq!(responses[0][1]["type"], json!(expected));
        assert_eq!(responses[0][2], json!("0"));
        assert_eq!(responses[1], json!(["Core/echo", {"x": 1}, "1"]));
    }
}

#[test]
fn get_tells_nothing_of_a_fault_of_ours() {
    // RFC 8620 §3.6.2; what went wrong stands in the log alone
    let wire = wire();
    wire.ok("ContactCard/get", json!({}));
    wire.cards().fail(&[Fault::Backend]);
    let (_, error) = wire.call("ContactCard/get", json!({}));
    assert!(
        !error.to_string().contains("ordered by the test"),
        "{error}"
    );
}
