//! Requests that no honest client sends (RFC 8620 §3.6):
//! each gets the error that the specification has for it, from the worker that it met.

use crate::http::{Answer, CONTACTS, CORE, Client, JSON};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const USER: &str = "demo@example.org";

/// Asserts a request-level error (RFC 8620 §3.6.1).
fn assert_problem(answer: &Answer, status: u16, kind: &str) -> Value {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(
        answer.header("Content-Type"),
        Some("application/problem+json"),
        "{text}"
    );
    let problem = answer.json();
    let expected = format!("urn:ietf:params:jmap:error:{kind}");
    assert_eq!(problem["type"], expected, "{text}");
    assert_eq!(problem["status"], status, "{text}");
    problem
}

/// A request whose only call is an echo of these arguments, which are JSON or not.
fn echo_of(arguments: &[u8]) -> Vec<u8> {
    let before = br#"{"using":["urn:ietf:params:jmap:core"],"methodCalls":[["Core/echo","#;
    [before, arguments, br#","c"]]}"#].concat()
}

/// The type of a method-level error (RFC 8620 §3.6.2).
fn method_error(method: &str, mut arguments: Value) -> Value {
    let client = Client::of(USER);
    arguments["accountId"] = client.account_id().into();
    let responses = client.calls(json!([[method, arguments, "c"]]));
    assert_eq!(responses[0][0], "error", "{responses:?}");
    responses[0][1]["type"].clone()
}

#[test]
fn request_that_is_no_json_is_refused() {
    let client = Client::of(USER);
    for body in ["", "{", "{}x", "nul", "{\"using\":[],}", "\u{feff}{}"] {
        assert_problem(&client.api(body.as_bytes()), 400, "notJSON");
    }
}

#[test]
fn request_that_is_no_request_is_refused() {
    let client = Client::of(USER);
    for body in [
        "null",
        "true",
        "\"x\"",
        "[]",
        "{}",
        r#"{"using":[],"methodCalls":{}}"#,
    ] {
        assert_problem(&client.api(body.as_bytes()), 400, "notRequest");
    }
}

#[test]
fn request_nested_too_deep_is_refused() {
    let client = Client::of(USER);
    for depth in [100, 1_000, 100_000, 4_000_000] {
        let arrays = [vec![b'['; depth], vec![b']'; depth]].concat();
        assert_problem(&client.api(&echo_of(&arrays)), 400, "notJSON");
        let objects = [br#"{"a":"#.repeat(depth.min(1_000_000)), b"1".to_vec()].concat();
        assert_problem(&client.api(&echo_of(&objects)), 400, "notJSON");
    }
}

#[test]
fn request_with_a_name_twice_is_refused() {
    // I-JSON, RFC 7493 §2.3
    let client = Client::of(USER);
    assert_problem(
        &client.api(br#"{"using":[],"using":[],"methodCalls":[]}"#),
        400,
        "notJSON",
    );
    assert_problem(&client.api(&echo_of(br#"{"a":1,"a":2}"#)), 400, "notJSON");
    assert_problem(
        &client.api(&echo_of(br#"{"a":{"b":1,"\u0062":2}}"#)),
        400,
        "notJSON",
    );
}

#[test]
fn request_that_is_not_utf_8_is_refused() {
    // RFC 7493 §2.1
    let client = Client::of(USER);
    let texts: [&[u8]; 5] = [
        b"\xFF",
        b"\xC0\xAF",
        b"\xED\xA0\x80",
        b"\\ud800",
        b"\xF4\x90\x80\x80",
    ];
    for text in texts {
        let arguments = [br#"{"a":""#, text, br#""}"#].concat();
        assert_problem(&client.api(&echo_of(&arguments)), 400, "notJSON");
    }
}

#[test]
fn request_of_another_content_type_is_refused() {
    let client = Client::of(USER);
    let body = echo_of(b"{}");
    let types = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
    ];
    for content_type in types {
        let answer = client.post(&client.api_url(), content_type, &body);
        assert!(
            (400..500).contains(&answer.status),
            "{content_type}: {}",
            answer.text()
        );
        assert!(
            !answer.text().contains("Core/echo"),
            "{content_type}: {}",
            answer.text()
        );
    }
    let with_parameter = client.post(&client.api_url(), "application/json; charset=utf-8", &body);
    assert_eq!(with_parameter.status, 200, "{}", with_parameter.text());
}

#[test]
fn request_with_a_content_encoding_is_refused() {
    let client = Client::of(USER);
    let url = client.api_url();
    let answer = Client::of(USER)
        .with_header("Content-Encoding", "gzip")
        .post(&url, JSON, &echo_of(b"{}"));
    assert_eq!(answer.status, 415, "{}", answer.text());
}

#[test]
fn request_above_the_limits_names_the_limit() {
    let client = Client::of(USER);
    let core = &client.session()["capabilities"][CORE];
    let limit = |name: &str| usize::try_from(core[name].as_u64().expect(name)).expect(name);

    let octets = limit("maxSizeRequest");
    let mut body = echo_of(b"{}");
    body.resize(octets, b' ');
    assert_eq!(client.api(&body).status, 200);
    body.push(b' ');
    let problem = assert_problem(&client.api(&body), 400, "limit");
    assert_eq!(problem["limit"], "maxSizeRequest");

    let calls = vec![json!(["Core/echo", {}, "c"]); limit("maxCallsInRequest") + 1];
    let body = json!({ "using": [CORE], "methodCalls": calls }).to_string();
    let problem = assert_problem(&client.api(body.as_bytes()), 400, "limit");
    assert_eq!(problem["limit"], "maxCallsInRequest");
}

#[test]
fn request_that_uses_an_unknown_capability_is_refused() {
    let client = Client::of(USER);
    let mut using = vec![format!("{CORE}:none"); 10_000];
    using.push(CORE.to_owned());
    let body = json!({ "using": using, "methodCalls": [] }).to_string();
    assert_problem(&client.api(body.as_bytes()), 400, "unknownCapability");
}

#[test]
fn method_of_a_capability_not_in_use_is_unknown() {
    let client = Client::of(USER);
    for using in [json!([]), json!([CORE])] {
        let calls = json!([["ContactCard/get", { "accountId": client.account_id() }, "c"]]);
        let body = json!({ "using": using, "methodCalls": calls }).to_string();
        let answer = client.api(body.as_bytes()).json();
        assert_eq!(
            answer["methodResponses"][0][1]["type"], "unknownMethod",
            "{answer}"
        );
    }
    assert_eq!(
        method_error("ContactCard/nonsense", json!({})),
        "unknownMethod"
    );
}

#[test]
fn contact_card_get_refuses_arguments_of_the_wrong_type() {
    for arguments in [
        json!({ "ids": "c1" }),
        json!({ "ids": [1] }),
        json!({ "ids": [null] }),
        json!({ "properties": ["nonsense"] }),
        json!({ "nonsense": 1 }),
    ] {
        let error = method_error("ContactCard/get", arguments.clone());
        assert_eq!(error, "invalidArguments", "{arguments}");
    }
    let without_account = Client::of(USER).calls(json!([["ContactCard/get", {}, "c"]]));
    assert_eq!(
        without_account[0][1]["type"], "invalidArguments",
        "{without_account:?}"
    );
}

#[test]
fn contact_card_get_does_not_find_odd_ids() {
    let odd = [
        "../../etc/passwd",
        "c0",
        "c99999999999999999999",
        "C1",
        "c1'--",
        "ö",
        "\u{0}",
    ];
    let answer = Client::of(USER).call("ContactCard/get", json!({ "ids": odd }));
    assert_eq!(answer["list"], json!([]), "{answer}");
    assert_eq!(
        answer["notFound"].as_array().map(Vec::len),
        Some(odd.len()),
        "{answer}"
    );
}

#[test]
fn contact_card_changes_of_a_strange_state_cannot_be_calculated() {
    let client = Client::of(USER);
    let known = client.call("ContactCard/get", json!({ "ids": [] }))["state"].clone();
    let known = known.as_str().expect("a state");
    let (epoch, counter) = known.rsplit_once('-').expect("an epoch and a counter");
    let counter: u64 = counter.parse().expect("a counter");
    for state in [
        "garbage".to_owned(),
        String::new(),
        format!("{epoch}-{}", counter + 1),
        format!("{epoch}-18446744073709551615"),
        format!("0{known}"),
    ] {
        let error = method_error("ContactCard/changes", json!({ "sinceState": state }));
        assert_eq!(error, "cannotCalculateChanges", "{state}");
    }
}

#[test]
fn contact_card_query_refuses_what_it_does_not_support() {
    for (arguments, expected) in [
        (
            json!({ "filter": { "nonsense": "x" } }),
            "unsupportedFilter",
        ),
        (
            json!({ "filter": { "operator": "XOR", "conditions": [] } }),
            "invalidArguments",
        ),
        (
            json!({ "sort": [{ "property": "nonsense" }] }),
            "unsupportedSort",
        ),
        (
            json!({ "sort": [{ "property": "updated", "collation": "i;x" }] }),
            "unsupportedSort",
        ),
        (json!({ "anchor": "c0" }), "anchorNotFound"),
        (json!({ "limit": -1 }), "invalidArguments"),
        (json!({ "position": 1.5 }), "invalidArguments"),
    ] {
        let error = method_error("ContactCard/query", arguments.clone());
        assert_eq!(error, expected, "{arguments}");
    }
}

#[test]
fn result_reference_that_leads_nowhere_is_invalid() {
    // RFC 8620 §3.7
    let client = Client::of(USER);
    let account_id = client.account_id();
    for path in [
        "/list/~2",
        "/list/-1",
        "/list/01",
        "/list/999999999999999999999",
        "ids",
        "/nope",
    ] {
        let responses = client.calls(json!([
            ["ContactCard/query", { "accountId": account_id, "limit": 2 }, "q"],
            ["ContactCard/get", { "accountId": account_id,
                "#ids": { "resultOf": "q", "name": "ContactCard/query", "path": path } }, "g"],
        ]));
        assert_eq!(
            responses[1][1]["type"], "invalidResultReference",
            "{path}: {responses:?}"
        );
    }
}

#[test]
fn names_that_collide_in_php_cost_no_time() {
    // Strings with equal DJB hashes would make PHP's own arrays quadratic (HashDoS).
    let halves = ["Ez", "FY"];
    let names = (0..1_u32 << 16).map(|bits| {
        let name: String = (0..16)
            .map(|at| halves[(bits >> at & 1) as usize])
            .collect();
        format!("\"{name}\":1")
    });
    let arguments = format!("{{{}}}", names.collect::<Vec<_>>().join(","));
    let client = Client::of(USER);
    client.session();
    let started = Instant::now();
    let answer = client.api(&echo_of(arguments.as_bytes()));
    assert_eq!(answer.status, 200);
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn names_that_mean_something_elsewhere_are_only_names() {
    let arguments = json!({ "__proto__": {}, "constructor": [], "1": 1, "-1": 2, "": 3 });
    let body = echo_of(arguments.to_string().as_bytes());
    let answer = Client::of(USER).api(&body).json();
    assert_eq!(answer["methodResponses"][0][1], arguments, "{answer}");
}

#[test]
fn account_of_another_spelling_is_not_found() {
    let client = Client::of(USER);
    let own = client.account_id();
    for id in [
        String::new(),
        own.to_uppercase(),
        format!("{own}="),
        USER.to_owned(),
    ] {
        let calls = json!([["ContactCard/get", { "accountId": id }, "c"]]);
        let responses = client.calls(calls);
        assert_eq!(
            responses[0][1]["type"], "accountNotFound",
            "{id}: {responses:?}"
        );
    }
    let calls = json!([["ContactCard/get", { "accountId": 1 }, "c"]]);
    assert_eq!(client.calls(calls)[0][1]["type"], "invalidArguments");
    assert!(client.session()["capabilities"][CONTACTS].is_object());
}
