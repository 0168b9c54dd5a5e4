//! `/copy` (RFC 8620 §5.4).

use crate::memory::{Fault, HOME, WORK};
use crate::wire::Wire;
use serde_json::{Value, json};

fn card(uid: &str) -> Value {
    json!({"uid": uid, "addressBookIds": {"b1": true}, "name": {"full": "Jane"}})
}

/// Two cards at home, none at work.
fn wire() -> Wire {
    let wire = Wire::new();
    wire.cards().put("c1", card("u1"));
    wire.cards().put("c2", card("u2"));
    wire
}

/// Copies `c1` from home to work under the creation id `k`.
fn copy_c1() -> Value {
    json!({"fromAccountId": HOME, "accountId": WORK, "create": {"k": {"id": "c1"}}})
}

fn with(mut arguments: Value, name: &str, value: Value) -> Value {
    arguments[name] = value;
    arguments
}

fn state(wire: &Wire, account: &str) -> Value {
    let arguments = json!({"accountId": account, "ids": []});
    wire.ok("ContactCard/get", arguments)["state"].clone()
}

#[test]
fn contact_card_copy_creates_the_record_in_the_other_account() {
    let wire = wire();
    let old = state(&wire, WORK);
    let response = wire.ok("ContactCard/copy", copy_c1());
    assert_eq!(response["created"], json!({"k": {"id": "c1"}}));
    assert_eq!(response["notCreated"], Value::Null);
    assert_eq!(
        (&response["fromAccountId"], &response["accountId"]),
        (&json!(HOME), &json!(WORK))
    );
    assert_eq!(response["oldState"], old);
    assert_eq!(response["newState"], state(&wire, WORK));
    assert_eq!(
        wire.host.of(WORK, "ContactCard").get("c1"),
        Some(card("u1"))
    );
    assert_eq!(wire.cards().get("c1"), Some(card("u1")));
}

#[test]
fn contact_card_copy_takes_other_values_for_the_copy() {
    let wire = wire();
    let create = json!({"k": {"id": "c1", "uid": "other", "addressBookIds": {"b7": true}}});
    wire.ok("ContactCard/copy", with(copy_c1(), "create", create));
    let copy = wire.host.of(WORK, "ContactCard").get("c1").unwrap();
    assert_eq!(
        copy,
        json!({"uid": "other", "addressBookIds": {"b7": true}, "name": {"full": "Jane"}})
    );
}

#[test]
fn contact_card_copy_destroys_the_original_in_a_second_response() {
    let wire = wire();
    let old = state(&wire, HOME);
    let arguments = with(copy_c1(), "onSuccessDestroyOriginal", json!(true));
    let response = wire.post(&json!([
        ["ContactCard/copy", arguments, "0"],
        ["Core/echo", {}, "1"],
    ]));
    let responses = response["methodResponses"].as_array().unwrap();
    let names: Vec<_> = responses.iter().map(|one| (&one[0], &one[2])).collect();
    assert_eq!(
        names,
        [
            (&json!("ContactCard/copy"), &json!("0")),
            (&json!("ContactCard/set"), &json!("0")),
            (&json!("Core/echo"), &json!("1")),
        ]
    );
    let set = &responses[1][1];
    assert_eq!((&set["accountId"], &set["oldState"]), (&json!(HOME), &old));
    assert_eq!(set["destroyed"], json!(["c1"]));
    assert_eq!(wire.cards().ids(), ["c2"]);
}

#[test]
fn contact_card_copy_destroys_only_what_was_copied() {
    let wire = wire();
    let create = json!({"good": {"id": "c1"}, "bad": {"id": "c9"}});
    let arguments = with(copy_c1(), "create", create);
    let arguments = with(arguments, "onSuccessDestroyOriginal", json!(true));
    let response = wire.post(&json!([["ContactCard/copy", arguments, "0"]]));
    let responses = &response["methodResponses"];
    assert_eq!(responses[0][1]["notCreated"]["bad"]["type"], "notFound");
    assert_eq!(responses[1][1]["destroyed"], json!(["c1"]));
}

#[test]
fn contact_card_copy_leaves_the_original_in_another_state() {
    let wire = wire();
    let arguments = with(copy_c1(), "onSuccessDestroyOriginal", json!(true));
    let arguments = with(arguments, "destroyFromIfInState", json!("other"));
    let response = wire.post(&json!([["ContactCard/copy", arguments, "0"]]));
    let responses = &response["methodResponses"];
    assert_eq!(responses[0][1]["created"], json!({"k": {"id": "c1"}}));
    assert_eq!(responses[1][0], "error");
    assert_eq!(responses[1][1]["type"], "stateMismatch");
    assert_eq!(responses[1][2], "0");
    assert_eq!(wire.cards().ids(), ["c1", "c2"]);
}

#[test]
fn contact_card_copy_in_another_state_is_a_mismatch_and_copies_nothing() {
    let wire = wire();
    for argument in ["ifInState", "ifFromInState"] {
        let arguments = with(copy_c1(), argument, json!("other"));
        assert_eq!(wire.error("ContactCard/copy", arguments), "stateMismatch");
    }
    assert!(wire.host.of(WORK, "ContactCard").ids().is_empty());
    let arguments = with(copy_c1(), "ifInState", state(&wire, WORK));
    let arguments = with(arguments, "ifFromInState", state(&wire, HOME));
    wire.ok("ContactCard/copy", arguments);
}

#[test]
fn contact_card_copy_from_an_account_that_is_not_there_is_refused() {
    let wire = wire();
    let arguments = with(copy_c1(), "fromAccountId", json!("a9"));
    assert_eq!(
        wire.error("ContactCard/copy", arguments),
        "fromAccountNotFound"
    );
}

#[test]
fn contact_card_copy_from_an_account_without_cards_is_not_supported() {
    let wire = wire();
    let arguments = with(copy_c1(), "fromAccountId", json!("a4"));
    assert_eq!(
        wire.error("ContactCard/copy", arguments),
        "fromAccountNotSupportedByMethod"
    );
}

#[test]
fn contact_card_copy_within_an_account_is_refused() {
    let arguments = with(copy_c1(), "accountId", json!(HOME));
    assert_eq!(
        wire().error("ContactCard/copy", arguments),
        "invalidArguments"
    );
}

#[test]
fn contact_card_copy_to_a_read_only_account_is_refused() {
    let arguments = with(copy_c1(), "accountId", json!("a3"));
    assert_eq!(
        wire().error("ContactCard/copy", arguments),
        "accountReadOnly"
    );
}

#[test]
fn contact_card_copy_of_too_many_objects_is_too_large() {
    let mut wire = wire();
    wire.settings.limits.max_objects_in_set = 1;
    let create = json!({"k": {"id": "c1"}, "l": {"id": "c2"}});
    let arguments = with(copy_c1(), "create", create);
    assert_eq!(wire.error("ContactCard/copy", arguments), "requestTooLarge");
}

#[test]
fn contact_card_copy_of_what_is_there_already_names_it() {
    let wire = wire();
    let there = wire.host.of(WORK, "ContactCard");
    there.put("c7", card("u1"));
    let response = wire.ok("ContactCard/copy", copy_c1());
    let error = &response["notCreated"]["k"];
    assert_eq!(error["type"], "alreadyExists");
    assert_eq!(error["existingId"], "c7");
    assert_eq!(there.ids(), ["c7"]);
}

#[test]
fn contact_card_copy_refuses_what_names_no_original() {
    let wire = wire();
    for (original, expected) in [
        (json!({}), "invalidProperties"),
        (json!({"id": 1}), "invalidProperties"),
        (json!({"id": "c9"}), "notFound"),
        (json!({"id": "../c1"}), "notFound"),
        (json!({"id": "c1", "shoeSize": 44}), "invalidProperties"),
    ] {
        let arguments = with(copy_c1(), "create", json!({"k": original}));
        let response = wire.ok("ContactCard/copy", arguments);
        assert_eq!(response["notCreated"]["k"]["type"], expected, "{original}");
    }
}

#[test]
fn contact_card_copy_resolves_a_created_id() {
    // RFC 8620 §5.3
    let wire = wire();
    let response = wire.post(&json!([
        ["ContactCard/set", {"accountId": HOME, "create": {"n": card("u3")}}, "0"],
        ["ContactCard/copy", {"fromAccountId": HOME, "accountId": WORK,
            "create": {"k": {"id": "#n"}}}, "1"],
        ["ContactCard/get", {"accountId": WORK, "ids": ["#k"], "properties": ["uid"]}, "2"],
    ]));
    let list = &response["methodResponses"][2][1]["list"];
    assert_eq!(list[0]["uid"], "u3", "{response:#}");
}

#[test]
fn contact_card_copy_passes_on_what_the_host_refuses() {
    let wire = wire();
    state(&wire, WORK);
    wire.host.of(WORK, "ContactCard").fail(&[Fault::OverQuota]);
    let response = wire.ok("ContactCard/copy", copy_c1());
    assert_eq!(response["notCreated"]["k"]["type"], "overQuota");
}

#[test]
fn contact_card_copy_refuses_arguments_of_the_wrong_type() {
    let wire = wire();
    for (argument, value) in [
        ("create", json!([])),
        ("create", json!({"k": "c1"})),
        ("fromAccountId", Value::Null),
        ("onSuccessDestroyOriginal", json!("yes")),
        ("ifFromInState", json!(1)),
        ("destroyFromIfInState", json!(1)),
    ] {
        let error = wire.error("ContactCard/copy", with(copy_c1(), argument, value));
        assert_eq!(error, "invalidArguments", "{argument}");
    }
}
