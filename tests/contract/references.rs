//! Result references from call to call (RFC 8620 §3.7).

use crate::memory::HOME;
use crate::wire::{Wire, assert_grows_linearly};
use serde_json::{Map, Value, json};

fn reference(result_of: &str, name: &str, path: &str) -> Value {
    json!({"resultOf": result_of, "name": name, "path": path})
}

/// Echoes `first`, then the reference to it by `path`; the value, or the error's type.
fn follow(first: Value, path: &str) -> Result<Value, String> {
    let response = Wire::new().post(&json!([
        ["Core/echo", first, "0"],
        ["Core/echo", {"#x": reference("0", "Core/echo", path)}, "1"],
    ]));
    result(&response, 1)
}

/// The argument `x` of a response, or the type of its error.
fn result(response: &Value, at: usize) -> Result<Value, String> {
    let response = &response["methodResponses"][at];
    match response[0].as_str() {
        Some("error") => Err(response[1]["type"].as_str().unwrap().to_owned()),
        _ => Ok(response[1]["x"].clone()),
    }
}

fn invalid() -> Result<Value, String> {
    Err("invalidResultReference".to_owned())
}

#[test]
fn result_reference_takes_the_value_at_its_path() {
    let first = json!({"a": {"b/c": {"~": [1, [2, 3], [[4]]]}}, "*": "star", "list": [{"id": 7}]});
    for (path, expected) in [
        ("/a/b~1c/~0/0", json!(1)),
        ("/a/b~1c/~0/1", json!([2, 3])),
        ("/a/b~1c/~0/*", json!([1, 2, 3, [4]])),
        ("/*", json!("star")),
        ("/list", json!([{"id": 7}])),
        ("/list/*", json!([{"id": 7}])),
        ("/list/*/id", json!([7])),
        ("", first.clone()),
    ] {
        assert_eq!(follow(first.clone(), path), Ok(expected), "{path}");
    }
}

#[test]
fn result_reference_that_leads_nowhere_is_invalid() {
    let first = json!({"list": [{"id": 7}, {}], "none": [], "a": {"b": 1}, "s": "text"});
    for path in [
        "list",
        "x",
        "/",
        "/list/2",
        "/list/-1",
        "/list/-",
        "/list/01",
        "/list/+1",
        "/list/1e0",
        "/list/ 1",
        "/list/18446744073709551616",
        "/list/999999999999999999999",
        "/list/*/id",
        "/list/**",
        "/a/*",
        "/a/*/b",
        "/a/b/c",
        "/s/0",
        "/a/~2",
        "/a/b~",
        "/none/*/~2",
    ] {
        assert_eq!(follow(first.clone(), path), invalid(), "{path}");
    }
}

#[test]
fn result_reference_must_be_one_to_an_earlier_response() {
    let wire = Wire::new();
    for (reference, of_earlier) in [
        (reference("0", "Core/echo", "/x"), true),
        (reference("1", "Core/echo", "/x"), false),
        (reference("2", "Core/echo", "/x"), false),
        (reference("9", "Core/echo", "/x"), false),
        (reference("0", "ContactCard/get", "/x"), false),
        (reference("0", "core/echo", "/x"), false),
        (json!("0"), false),
        (json!(null), false),
        (json!({"resultOf": "0", "name": "Core/echo"}), false),
        (
            json!({"resultOf": 0, "name": "Core/echo", "path": "/x"}),
            false,
        ),
    ] {
        let response = wire.post(&json!([
            ["Core/echo", {"x": 5}, "0"],
            ["Core/echo", {"#x": reference}, "1"],
            ["Core/echo", {"x": 6}, "2"],
        ]));
        let expected = if of_earlier { Ok(json!(5)) } else { invalid() };
        assert_eq!(result(&response, 1), expected, "{reference}");
        assert_eq!(result(&response, 2), Ok(json!(6)), "the next call runs");
    }
}

#[test]
fn result_reference_is_to_the_first_response_of_a_call_id() {
    let wire = Wire::new();
    let response = wire.post(&json!([
        ["Core/echo", {"x": 1}, "same"],
        ["Core/echo", {"x": 2}, "same"],
        ["Core/echo", {"#x": reference("same", "Core/echo", "/x")}, "same"],
    ]));
    assert_eq!(result(&response, 2), Ok(json!(1)));
}

#[test]
fn argument_with_two_number_signs_is_a_reference_by_the_first() {
    let wire = Wire::new();
    let response = wire.post(&json!([
        ["Core/echo", {"x": 1}, "0"],
        ["Core/echo", {"##x": reference("0", "Core/echo", "/x"), "x": 2}, "1"],
    ]));
    assert_eq!(response["methodResponses"][1][1], json!({"#x": 1, "x": 2}));
}

/// A chain of `/get`s in which each takes its ids from the one before.
#[test]
fn result_reference_passes_through_streamed_lists() {
    let wire = Wire::new();
    for key in 0..2_000 {
        let members = json!({format!("c{}", (key + 1) % 2_000): true});
        wire.cards().put(
            &format!("c{key}"),
            json!({"uid": format!("u{key}"), "members": members, "x": "y".repeat(200)}),
        );
    }
    let get = |more: Value| {
        let mut arguments = json!({"accountId": HOME});
        let more = more.as_object().unwrap().clone();
        arguments.as_object_mut().unwrap().extend(more);
        arguments
    };
    let response = wire.post(&json!([
        ["ContactCard/get", get(json!({})), "0"],
        ["ContactCard/get", get(json!({
            "#ids": reference("0", "ContactCard/get", "/list/*/id"),
            "properties": ["uid"],
        })), "1"],
        ["Core/echo", {"#x": reference("1", "ContactCard/get", "/list/1999")}, "2"],
        ["Core/echo", {"#x": reference("1", "ContactCard/get", "/list/2000")}, "3"],
        ["Core/echo", {"#x": reference("1", "ContactCard/get", "/notFound")}, "4"],
        ["Core/echo", {"#x": reference("0", "ContactCard/get", "/state")}, "5"],
        ["Core/echo", {"#x": reference("0", "ContactCard/get", "/list/*/none")}, "6"],
        ["ContactCard/get", get(json!({"ids": ["c1", "none"], "properties": ["uid"]})), "7"],
        ["Core/echo", {"#x": reference("7", "ContactCard/get", "")}, "8"],
    ]));
    let responses = &response["methodResponses"];
    assert_eq!(responses[1][1]["list"].as_array().unwrap().len(), 2_000);
    assert_eq!(responses[1][1]["notFound"], json!([]));
    // The memory host reads in the order of the ids' text.
    assert_eq!(
        result(&response, 2),
        Ok(json!({"id": "c999", "uid": "u999"}))
    );
    assert_eq!(result(&response, 3), invalid());
    assert_eq!(result(&response, 4), Ok(json!([])));
    assert_eq!(result(&response, 5), Ok(responses[0][1]["state"].clone()));
    assert_eq!(result(&response, 6), invalid());
    assert_eq!(
        result(&response, 8),
        Ok(json!({
            "accountId": HOME,
            "state": responses[0][1]["state"],
            "list": [{"id": "c1", "uid": "u1"}],
            "notFound": ["none"],
        }))
    );
}

#[test]
fn result_reference_to_a_list_that_was_too_large_is_invalid() {
    let mut wire = Wire::new();
    wire.settings.limits.max_referenced_octets = 20_000;
    for key in 0..1_000 {
        wire.cards()
            .put(&format!("c{key}"), json!({"uid": "u".repeat(20)}));
    }
    let response = wire.post(&json!([
        ["ContactCard/get", {"accountId": HOME}, "0"],
        ["Core/echo", {"#x": reference("0", "ContactCard/get", "/list/*/uid")}, "1"],
        ["ContactCard/get", {"accountId": HOME, "ids": ["c1"]}, "2"],
        ["Core/echo", {"#x": reference("2", "ContactCard/get", "/list/*/uid")}, "3"],
    ]));
    // It is answered itself, and what is small may still be referred to.
    assert_eq!(
        response["methodResponses"][0][1]["list"]
            .as_array()
            .unwrap()
            .len(),
        1_000
    );
    assert_eq!(result(&response, 1), invalid());
    assert_eq!(result(&response, 3), Ok(json!(["u".repeat(20)])));
}

#[test]
fn result_references_that_double_each_other_end_at_the_octets() {
    // Fifteen would come to 2^15 objects, of which the octets allow about 2^13.
    let mut calls = vec![json!(["Core/echo", {"x": {"k": "v"}}, "0"])];
    for at in 1..=15_usize {
        let whole = reference(&(at - 1).to_string(), "Core/echo", "");
        calls.push(json!(["Core/echo", {"#a": whole, "#b": whole}, at.to_string()]));
    }
    let response = Wire::new().post(&json!(calls));
    let responses = response["methodResponses"].as_array().unwrap();
    let errors = responses.iter().filter(|response| response[0] == "error");
    assert!(
        (3..=8).contains(&errors.count()),
        "{} responses",
        responses.len()
    );
}

#[test]
fn result_references_to_one_value_again_and_again_end_at_the_octets() {
    // Thirty megabytes, of which the octets allow eight.
    let references = (0..300).map(|at| (format!("#a{at}"), reference("0", "Core/echo", "/x")));
    let arguments: Value = references.collect::<Map<_, _>>().into();
    let response = Wire::new().post(&json!([
        ["Core/echo", {"x": "x".repeat(100_000)}, "0"],
        ["Core/echo", arguments, "1"],
    ]));
    assert_eq!(result(&response, 1), invalid());
}

/// An echo of `empties` empty arrays, and one with `references` to each of them.
fn crossed(references: usize, empties: usize, path: &dyn Fn(usize) -> String) -> Value {
    let of = |at| (format!("#a{at}"), reference("0", "Core/echo", &path(at)));
    let arguments: Value = (0..references).map(of).collect::<Map<_, _>>().into();
    Wire::new().post(&json!([
        ["Core/echo", {"list": vec![json!([]); empties]}, "0"],
        ["Core/echo", arguments, "1"],
    ]))
}

#[test]
fn result_references_that_find_nothing_again_and_again_end_at_the_octets() {
    let response = crossed(5_000, 20_000, &|_| "/list/*/*".to_owned());
    assert_eq!(result(&response, 1), invalid());
}

#[test]
fn result_references_to_many_properties_take_time_in_proportion() {
    assert_grows_linearly(2_000, |number| {
        let response = crossed(number, 1, &|at| format!("/list/*/p{at}"));
        assert_eq!(result(&response, 1), invalid());
    });
}

#[test]
fn result_reference_with_a_path_of_megabytes_is_invalid() {
    for path in [
        "/".repeat(4_000_000),
        format!("/{}", "~1".repeat(2_000_000)),
    ] {
        assert_eq!(follow(json!({"": {"": {}}}), &path), invalid());
    }
}
