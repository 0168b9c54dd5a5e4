//! Limits of time and number, and what a client sees when a response cannot be finished.

use crate::memory::{Amid, Fault, HOME};
use crate::wire::{Answer, CORE, Head, Pieces, Wire, assert_grows_linearly, creating, everything};
use openxport::state::{Lease, LeaseRule, now_secs};
use serde_json::{Value, json};
use std::time::Duration;

/// One with more cards than fit in a piece of the response, each of about a kilobyte.
fn with_cards(number: usize) -> Wire {
    let wire = Wire::new();
    for key in 0..number {
        let note = "n".repeat(1_000);
        wire.cards()
            .put(&format!("c{key:04}"), json!({ "notes": note }));
    }
    // The journal knows the cards, so that the next read is that of `/get`.
    wire.ok("ContactCard/get", json!({"ids": []}));
    wire
}

/// A `/get` of all cards between two echoes.
fn between_echoes() -> Value {
    json!([
        ["Core/echo", {}, "0"],
        ["ContactCard/get", {"accountId": HOME}, "1"],
        ["Core/echo", {}, "2"],
    ])
}

fn answer_of(wire: &Wire, calls: Value) -> Answer {
    wire.request(&json!({"using": everything(), "methodCalls": calls}))
}

/// What a reader that stops at the end finds in an answer that is broken off: an error.
fn assert_unclosed(answer: &Answer) {
    assert_eq!(answer.status, 200);
    let error = serde_json::from_slice::<Value>(&answer.body).unwrap_err();
    assert!(error.is_eof(), "{error}: {}", answer.text());
}

/// Takes the place of a request of Jane's that is under way.
fn lease<'a>(wire: &'a Wire, kind: &str) -> Lease<'a> {
    let rule = LeaseRule {
        account: "jane@example.com",
        kind,
        max: u64::MAX,
        ttl_secs: 60,
    };
    wire.state.acquire(rule, now_secs()).unwrap().unwrap()
}

#[test]
fn get_that_fails_before_the_first_record_is_a_method_error() {
    let wire = with_cards(200);
    wire.cards().amid(0, Amid::Fault(Fault::Unavailable));
    let response = answer_of(&wire, between_echoes()).json();
    let responses = &response["methodResponses"];
    assert_eq!(responses[1][0], "error");
    assert_eq!(responses[1][1]["type"], "serverUnavailable");
    assert_eq!(responses[1][2], "1");
    assert_eq!(responses[2], json!(["Core/echo", {}, "2"]));
}

#[test]
fn get_that_fails_before_anything_was_sent_is_a_method_error() {
    let wire = with_cards(200);
    wire.cards().amid(20, Amid::Fault(Fault::Backend));
    let response = answer_of(&wire, between_echoes()).json();
    let responses = &response["methodResponses"];
    assert_eq!(responses.as_array().unwrap().len(), 3);
    assert_eq!(responses[1][1]["type"], "serverFail");
    assert_eq!(responses[2], json!(["Core/echo", {}, "2"]));
}

#[test]
fn get_that_fails_amid_what_was_sent_ends_unclosed() {
    // A list cut short and closed would read as if the other cards had been destroyed.
    let wire = with_cards(200);
    wire.cards().amid(150, Amid::Fault(Fault::Backend));
    let answer = answer_of(&wire, between_echoes());
    assert_unclosed(&answer);
    assert!(answer.text().contains("\"c0000\""));
    assert!(
        !answer.text().contains("\"2\""),
        "no further call is answered"
    );
}

#[test]
fn get_that_takes_too_long_before_anything_was_sent_is_a_method_error() {
    let mut wire = with_cards(200);
    wire.settings.limits.request_time = Duration::from_secs(1);
    wire.cards().amid(20, Amid::Wait(Duration::from_secs(1)));
    let response = answer_of(&wire, between_echoes()).json();
    let responses = &response["methodResponses"];
    assert_eq!(responses[0], json!(["Core/echo", {}, "0"]));
    assert_eq!(responses[1][1]["type"], "serverUnavailable");
    assert_eq!(responses[2][1]["type"], "serverUnavailable");
}

#[test]
fn get_that_takes_too_long_amid_what_was_sent_ends_unclosed() {
    let mut wire = with_cards(200);
    wire.settings.limits.request_time = Duration::from_secs(1);
    wire.cards().amid(150, Amid::Wait(Duration::from_secs(1)));
    assert_unclosed(&answer_of(&wire, between_echoes()));
}

#[test]
fn get_ends_when_the_client_has_gone() {
    let wire = with_cards(1_000);
    let mut answer = Answer {
        gone_after: Some(1),
        ..Answer::default()
    };
    let calls = json!([
        ["ContactCard/get", {"accountId": HOME}, "0"],
        creating("1"),
    ]);
    let request = json!({"using": everything(), "methodCalls": calls}).to_string();
    wire.send_to(
        &Head::POST,
        &mut Pieces::of(request.as_bytes()),
        &mut answer,
    );
    assert_unclosed(&answer);
    assert_eq!(answer.writes, 2, "one that succeeds and one that fails");
    assert_eq!(wire.cards().ids().len(), 1_000, "no further call is run");
}

#[test]
fn request_of_a_client_that_has_gone_runs_no_call() {
    let wire = Wire::new();
    let mut answer = Answer {
        gone_after: Some(0),
        ..Answer::default()
    };
    let calls = json!([creating("0")]);
    let request = json!({"using": everything(), "methodCalls": calls}).to_string();
    wire.send_to(
        &Head::POST,
        &mut Pieces::of(request.as_bytes()),
        &mut answer,
    );
    assert!(wire.cards().ids().is_empty());
}

#[test]
fn request_whose_time_is_over_runs_no_call() {
    let mut wire = Wire::new();
    wire.settings.limits.request_time = Duration::ZERO;
    let response = wire.post(&json!([creating("0"), ["Core/echo", {}, "1"],]));
    for response in response["methodResponses"].as_array().unwrap() {
        assert_eq!(response[0], "error");
        assert_eq!(response[1]["type"], "serverUnavailable");
    }
    assert!(wire.cards().ids().is_empty());
}

#[test]
fn responses_are_sent_in_pieces_while_they_are_made() {
    let wire = with_cards(1_000);
    let answer = answer_of(
        &wire,
        json!([["ContactCard/get", {"accountId": HOME}, "0"]]),
    );
    let octets = answer.body.len();
    assert!(octets > 1_000_000);
    assert!(answer.writes >= octets / 70_000, "{} writes", answer.writes);
    assert_eq!(
        answer.json()["methodResponses"][0][1]["list"]
            .as_array()
            .unwrap()
            .len(),
        1_000
    );
}

#[test]
fn request_beyond_max_concurrent_requests_is_refused_and_the_next_is_not() {
    let mut wire = Wire::new();
    wire.settings.limits.max_concurrent_requests = 2;
    let echo = json!({"using": [CORE], "methodCalls": [["Core/echo", {}, "0"]]});
    let first = lease(&wire, "api");
    assert_eq!(wire.request(&echo).status, 200);
    let _second = lease(&wire, "api");
    let answer = wire.request(&echo);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.problem(), "limit");
    assert_eq!(answer.json()["limit"], "maxConcurrentRequests");
    assert!(wire.session().is_object(), "only the API is limited");
    drop(first);
    // A request gives its place back, however it ends.
    for body in ["{", "null", &echo.to_string()] {
        let status = wire.http(body.as_bytes()).status;
        assert_eq!(status, if body.len() > 10 { 200 } else { 400 }, "{body}");
    }
}

#[test]
fn requests_of_others_do_not_count_for_max_concurrent_requests() {
    let mut wire = Wire::new();
    wire.settings.limits.max_concurrent_requests = 1;
    wire.settings.username = "joe@example.com".to_owned();
    let _janes = lease(&wire, "api");
    let echo = json!({"using": [CORE], "methodCalls": []});
    assert_eq!(wire.request(&echo).status, 200);
}

#[test]
fn upload_beyond_max_concurrent_upload_is_refused_and_not_read() {
    let mut wire = Wire::new();
    wire.settings.limits.max_concurrent_upload = 1;
    let query = [("jmap", "upload"), ("accountId", HOME)];
    let _under_way = lease(&wire, "upload");
    let mut unread = Pieces::new([Err(std::io::ErrorKind::TimedOut.into())]);
    let answer = wire.send(&Head::upload(&query), &mut unread);
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["limit"], "maxConcurrentUpload");
    let echo = json!({"using": [CORE], "methodCalls": []});
    assert_eq!(wire.request(&echo).status, 200, "they are counted apart");
}

#[test]
fn download_beyond_max_concurrent_download_is_refused_and_the_next_is_not() {
    let mut wire = Wire::new();
    wire.settings.limits.max_concurrent_download = 2;
    let blob = wire.upload(HOME, b"octets");
    let first = lease(&wire, "download");
    assert_eq!(wire.download(HOME, &blob).body, b"octets");
    let _second = lease(&wire, "download");
    let answer = wire.download(HOME, &blob);
    assert_eq!(answer.status, 429, "{}", answer.text());
    let echo = json!({"using": [CORE], "methodCalls": []});
    assert_eq!(wire.request(&echo).status, 200, "they are counted apart");
    drop(first);
    for _ in 0..3 {
        let octets = wire.download(HOME, &blob).body;
        assert_eq!(octets, b"octets", "each gives its place back");
    }
}

#[test]
fn get_of_many_properties_compares_few_of_them_with_each_card() {
    // An extensible type allows any number of names.
    assert_grows_linearly(500, |number| {
        let wire = Wire::new();
        for key in 0..number {
            wire.cards().put(&format!("c{key}"), json!({"notes": {}}));
        }
        let properties: Vec<String> = (0..8 * number).map(|at| format!("x:{at}")).collect();
        let response = wire.ok("ContactCard/get", json!({ "properties": properties }));
        assert_eq!(response["list"].as_array().unwrap().len(), number);
    });
}
