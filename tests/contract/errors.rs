//! The method-level errors that every method has (RFC 8620 §3.6.2).

use crate::wire::Wire;
use serde_json::{Value, json};

const METHODS: [(&str, &str); 6] = [
    ("ContactCard/get", ""),
    ("ContactCard/changes", "sinceState"),
    ("ContactCard/set", ""),
    ("ContactCard/copy", ""),
    ("ContactCard/query", ""),
    ("ContactCard/queryChanges", "sinceQueryState"),
];

fn with(account: &str, argument: &str) -> Value {
    let mut arguments = json!({"accountId": account});
    if !argument.is_empty() {
        arguments[argument] = json!("x");
    }
    arguments
}

#[test]
fn method_of_an_account_that_is_not_there_is_account_not_found() {
    let wire = Wire::new();
    for (method, argument) in METHODS {
        for account in ["", "a9", "A1", "a1 ", "jane@example.com", "../a1"] {
            let error = wire.error(method, with(account, argument));
            assert_eq!(error, "accountNotFound", "{method} {account}");
        }
    }
}

#[test]
fn method_without_an_account_has_invalid_arguments() {
    let wire = Wire::new();
    for (method, _) in METHODS {
        let response = wire.post(&json!([[method, {}, "c"]]));
        let error = &response["methodResponses"][0][1]["type"];
        assert_eq!(error, "invalidArguments", "{method}");
    }
}

#[test]
fn method_of_a_type_that_the_account_lacks_is_not_supported() {
    let wire = Wire::new();
    for method in ["Identity/get", "Identity/changes", "Identity/set"] {
        let error = wire.error(method, with("a2", ""));
        assert_eq!(error, "accountNotSupportedByMethod", "{method}");
    }
}

#[test]
fn method_that_does_not_exist_is_unknown() {
    let wire = Wire::new();
    for method in [
        "",
        "/",
        "ContactCard",
        "ContactCard/",
        "AddressBook/parse",
        "contactcard/get",
        "AddressBook/query",
        "AddressBook/copy",
        "Identity/query",
        "Foo/get",
        "Core/get",
        "Blob/set",
    ] {
        assert_eq!(wire.error(method, json!({})), "unknownMethod", "{method}");
    }
}

#[test]
fn method_of_a_capability_that_is_not_in_use_is_unknown() {
    // RFC 8620 §3.3
    let wire = Wire::new();
    for using in [json!([]), json!(["urn:ietf:params:jmap:core"])] {
        let request = json!({
            "using": using,
            "methodCalls": [["ContactCard/get", {"accountId": "a1"}, "c"]],
        });
        let response = wire.request(&request).json();
        let error = &response["methodResponses"][0][1]["type"];
        assert_eq!(error, "unknownMethod", "{using}");
    }
}

#[test]
fn method_with_an_argument_that_it_does_not_have_has_invalid_arguments() {
    let wire = Wire::new();
    for (method, argument) in METHODS {
        let mut arguments = with("a1", argument);
        if method == "ContactCard/copy" {
            arguments["fromAccountId"] = json!("a2");
        }
        arguments["colour"] = json!("red");
        assert_eq!(
            wire.error(method, arguments),
            "invalidArguments",
            "{method}"
        );
    }
}

#[test]
fn method_whose_result_reference_leads_nowhere_is_an_invalid_result_reference() {
    // RFC 8620 §3.7
    let wire = Wire::new();
    let reference = |result_of: &str, name: &str, path: &str| json!({"resultOf": result_of, "name": name, "path": path});
    for reference in [
        reference("9", "Core/echo", "/ids"),
        reference("1", "ContactCard/get", "/ids"),
        reference("0", "Core/get", "/ids"),
        reference("0", "Core/echo", "/none"),
        reference("0", "Core/echo", "ids"),
        reference("0", "Core/echo", "/ids/*/id"),
        reference("0", "Core/echo", "/ids/-"),
        reference("0", "Core/echo", "/ids/01"),
        reference("0", "Core/echo", "/ids/99999999999999999999"),
        reference("0", "Core/echo", "/object/*"),
        json!("0"),
    ] {
        let response = wire.post(&json!([
            ["Core/echo", {"ids": ["c1"], "object": {"a": 1}}, "0"],
            ["ContactCard/get", {"accountId": "a1", "#ids": reference}, "1"],
        ]));
        let error = &response["methodResponses"][1][1]["type"];
        assert_eq!(error, "invalidResultReference", "{reference}");
    }
}

#[test]
fn method_with_an_argument_in_both_forms_has_invalid_arguments() {
    // RFC 8620 §3.7
    let wire = Wire::new();
    let response = wire.post(&json!([
        ["Core/echo", {"ids": []}, "0"],
        ["ContactCard/get", {"accountId": "a1", "ids": [],
            "#ids": {"resultOf": "0", "name": "Core/echo", "path": "/ids"}}, "1"],
    ]));
    let error = &response["methodResponses"][1][1]["type"];
    assert_eq!(error, "invalidArguments");
}

#[test]
fn method_that_refers_to_an_error_is_an_invalid_result_reference() {
    // RFC 8620 §3.7
    let wire = Wire::new();
    let response = wire.post(&json!([
        ["ContactCard/get", {"accountId": "none"}, "0"],
        ["ContactCard/get", {"accountId": "a1",
            "#ids": {"resultOf": "0", "name": "ContactCard/get", "path": "/list/*/id"}}, "1"],
    ]));
    let error = &response["methodResponses"][1][1]["type"];
    assert_eq!(error, "invalidResultReference");
}

#[test]
fn changes_cannot_be_calculated_from_a_foreign_state() {
    // RFC 8620 §5.2
    let wire = Wire::new();
    for method in [
        "ContactCard/changes",
        "AddressBook/changes",
        "Identity/changes",
    ] {
        let error = wire.error(method, json!({"sinceState": "0123456789ab-7"}));
        assert_eq!(error, "cannotCalculateChanges", "{method}");
    }
}

#[test]
fn changes_refuse_arguments_out_of_range() {
    // RFC 8620 §5.2
    let wire = Wire::new();
    let state = wire.ok("ContactCard/get", json!({"ids": []}))["state"].clone();
    for arguments in [
        json!({}),
        json!({"sinceState": 1}),
        json!({"sinceState": state, "maxChanges": 0}),
        json!({"sinceState": state, "maxChanges": -1}),
        json!({"sinceState": state, "maxChanges": "1"}),
    ] {
        let error = wire.error("ContactCard/changes", arguments.clone());
        assert_eq!(error, "invalidArguments", "{arguments}");
    }
}

#[test]
fn changes_come_in_pages_of_max_changes() {
    // RFC 8620 §5.2
    let wire = Wire::new();
    let mut state = wire.ok("ContactCard/get", json!({"ids": []}))["state"].clone();
    for key in 1..=3 {
        wire.cards().put(&format!("c{key}"), json!({}));
    }
    let mut created = Vec::new();
    for has_more in [true, true, false] {
        let arguments = json!({"sinceState": state, "maxChanges": 1});
        let changes = wire.ok("ContactCard/changes", arguments);
        assert_eq!(changes["oldState"], state);
        assert_eq!(changes["hasMoreChanges"], json!(has_more));
        created.extend(changes["created"].as_array().unwrap().clone());
        state = changes["newState"].clone();
    }
    assert_eq!(created, ["c1", "c2", "c3"]);
}
