//! Requests and their errors, as a whole and by method call (RFC 8620 §3).

use crate::memory::HOME;
use crate::wire::{CORE, Head, Pieces, Wire, creating, everything};
use serde_json::{Value, json};
use std::io;

const CONTACTS: &str = "urn:ietf:params:jmap:contacts";

/// A request with one `Core/echo`, whose arguments are this text.
fn echo_of(arguments: &str) -> Vec<u8> {
    format!(r#"{{"using":["{CORE}"],"methodCalls":[["Core/echo",{arguments},"0"]]}}"#).into_bytes()
}

/// What `Core/echo` answers when it is given this text.
fn echoed(arguments: &str) -> Value {
    let answer = Wire::new().http(&echo_of(arguments));
    assert_eq!(answer.status, 200, "{arguments}: {}", answer.text());
    answer.json()["methodResponses"][0][1].take()
}

/// The problem that a request with these arguments is refused with.
fn problem_of(arguments: &str) -> String {
    Wire::new().http(&echo_of(arguments)).problem()
}

#[test]
fn request_that_is_no_i_json_is_refused_as_not_json() {
    // §3.6.1
    let wire = Wire::new();
    for body in ["", " ", "{", "nul", "{}x", "[1,]", "{'a':1}", "\u{feff}{}"] {
        let answer = wire.http(body.as_bytes());
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.problem(), "notJSON", "{body}");
    }
}

#[test]
fn request_that_is_no_request_object_is_refused_as_not_request() {
    let wire = Wire::new();
    for body in [
        "null",
        "true",
        "\"x\"",
        "7",
        "[]",
        "{}",
        r#"{"using":[]}"#,
        r#"{"methodCalls":[]}"#,
        r#"{"using":null,"methodCalls":[]}"#,
        r#"{"using":[7],"methodCalls":[]}"#,
        r#"{"using":[],"methodCalls":[["Core/echo",{}]]}"#,
        r#"{"using":[],"methodCalls":[["Core/echo",null,"0"]]}"#,
        r#"{"using":[],"methodCalls":[["Core/echo",{},"0",null]]}"#,
        r#"{"using":[],"methodCalls":[],"createdIds":[]}"#,
        r#"{"using":[],"methodCalls":[],"createdIds":{"a":1}}"#,
        r#"{"using":[],"methodCalls":[],"createdIds":{"a":"../x"}}"#,
    ] {
        let answer = wire.http(body.as_bytes());
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.problem(), "notRequest", "{body}");
    }
}

#[test]
fn request_with_a_name_twice_is_refused_at_any_depth() {
    // RFC 7493 §2.3
    let wire = Wire::new();
    for body in [
        r#"{"using":[],"using":[],"methodCalls":[]}"#,
        r#"{"using":[],"methodCalls":[],"x":{"a":1,"\u0061":2}}"#,
    ] {
        assert_eq!(wire.http(body.as_bytes()).problem(), "notJSON", "{body}");
    }
    assert_eq!(problem_of(r#"{"a":1,"a":1}"#), "notJSON");
    assert_eq!(problem_of(r#"{"create":{"k":{},"k":{}}}"#), "notJSON");
}

#[test]
fn request_nested_too_deep_is_refused_before_it_is_read() {
    let wire = Wire::new();
    for levels in [100, 1_000, 100_000, 9_000_000] {
        for bracket in ["[", "{\"a\":"] {
            let levels = levels / bracket.len();
            let answer = wire.http(bracket.repeat(levels).as_bytes());
            assert_eq!(answer.problem(), "notJSON", "{levels} of {bracket}");
        }
    }
    let nested = |levels: usize| {
        format!(
            r#"{{"a":{}{}}}"#,
            "[".repeat(levels - 1),
            "]".repeat(levels - 1)
        )
    };
    // The Request, its methodCalls and the call are three levels.
    assert_eq!(echoed(&nested(61)).as_object().unwrap().len(), 1);
    assert_eq!(problem_of(&nested(62)), "notJSON");
}

#[test]
fn request_of_more_values_than_memory_is_set_aside_for_is_over_the_limit() {
    // Three octets of text are 32 octets of memory and more.
    let wire = Wire::new();
    for value in ["[],", "0,"] {
        let body = echo_of(&format!("{{\"a\":[{}0]}}", value.repeat(1_000_000)));
        assert!(body.len() < 10_000_000);
        let answer = wire.http(&body);
        assert_eq!(answer.problem(), "limit", "{value}");
        assert_eq!(answer.json()["limit"], "maxSizeRequest");
    }
}

#[test]
fn request_is_run_once_when_nothing_is_wrong_with_it() {
    // The tests that nothing was run rest on this.
    let wire = Wire::new();
    wire.post(&json!([creating("0")]));
    assert_eq!(wire.cards().ids(), ["c1"]);
}

#[test]
fn request_keeps_numbers_exactly_or_is_refused() {
    let kept = echoed(r#"{"a":[9007199254740991,-9007199254740991,0,-0,1.5,1e3,0.1]}"#);
    assert_eq!(
        kept["a"].to_string(),
        "[9007199254740991,-9007199254740991,0,-0.0,1.5,1000.0,0.1]"
    );
    for number in [
        "9007199254740992",
        "-9007199254740992",
        "18446744073709551616",
        "123456789012345678901234567890",
        "1e400",
        "-1e400",
        "01",
        "+1",
        ".5",
        "NaN",
    ] {
        assert_eq!(
            problem_of(&format!(r#"{{"a":{number}}}"#)),
            "notJSON",
            "{number}"
        );
    }
}

#[test]
fn request_takes_no_other_number_for_an_unsigned_int() {
    // §1.3
    let wire = Wire::new();
    let state = wire.ok("ContactCard/get", json!({"ids": []}))["state"].clone();
    for number in ["-1", "-0", "1.0", "1e1", "0", "true", "\"1\""] {
        let arguments =
            format!(r#"{{"accountId":"{HOME}","sinceState":{state},"maxChanges":{number}}}"#);
        let body = format!(
            r#"{{"using":["{CONTACTS}"],"methodCalls":[["ContactCard/changes",{arguments},"0"]]}}"#
        );
        let mut response = wire.http(body.as_bytes()).json();
        let response = response["methodResponses"][0].take();
        assert_eq!(response[0], "error", "{number}: {response}");
        assert_eq!(response[1]["type"], "invalidArguments", "{number}");
    }
}

#[test]
fn request_that_is_not_utf_8_is_refused() {
    // RFC 7493 §2.1
    for octets in [
        &b"\xff"[..],
        b"\xc3",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\\ud800",
        b"\\udc00\\ud800",
        b"\xef\xbf\xbe",
        b"\xef\xb7\x90",
        b"\\uffff",
        b"\xf0\x9f\xbf\xbf",
    ] {
        let mut body = echo_of(r#"{"a":"@"}"#);
        let at = body.iter().position(|octet| *octet == b'@').unwrap();
        body.splice(at..=at, octets.iter().copied());
        let answer = Wire::new().http(&body);
        assert_eq!(answer.problem(), "notJSON", "{octets:?}");
    }
}

#[test]
fn request_with_nul_in_an_id_finds_nothing() {
    let wire = Wire::new();
    let response = wire.ok("ContactCard/get", json!({"ids": ["c1\u{0}"]}));
    assert_eq!(response["notFound"], json!(["c1\u{0}"]));
    let error = wire.post(&json!([["ContactCard/get", {"accountId": "a1\u{0}"}, "0"]]));
    assert_eq!(
        error["methodResponses"][0][1],
        json!({"type": "accountNotFound"})
    );
}

#[test]
fn request_keeps_names_that_mean_something_elsewhere() {
    let arguments = r#"{"":0,"-1":2,"1":1,"01":3,"__proto__":{"x":1},"constructor":[],"toString":null,"length":"9"}"#;
    let expected: Value = serde_json::from_str(arguments).unwrap();
    assert_eq!(echoed(arguments), expected);
}

#[test]
fn request_with_names_that_collide_elsewhere_is_read_in_linear_time() {
    // "Ez" and "FY" have the same DJB hash, and so has every sequence of them.
    let colliding = |number: u32| -> String {
        let pairs = (0..17).map(|bit| if number >> bit & 1 == 0 { "Ez" } else { "FY" });
        pairs.collect()
    };
    let names: Value = (0..100_000)
        .map(|number| (colliding(number), json!(0)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(echoed(&names.to_string()), names);
}

#[test]
fn request_of_another_content_type_is_refused_and_not_run() {
    // §3.6.1; a form on another site can send every type but ours.
    let wire = Wire::new();
    let body = json!({
        "using": everything(),
        "methodCalls": [creating("0")],
    });
    for content_type in [
        None,
        Some(""),
        Some("text/plain"),
        Some("text/plain; charset=application/json"),
        Some("multipart/form-data; boundary=x"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonx"),
        Some("application/json-patch+json"),
    ] {
        let head = Head {
            content_type,
            ..Head::POST
        };
        let answer = wire.send(&head, &mut Pieces::of(body.to_string().as_bytes()));
        assert_eq!(answer.status, 415, "{content_type:?}");
        assert_eq!(answer.problem(), "notJSON", "{content_type:?}");
    }
    assert!(wire.cards().ids().is_empty());
}

#[test]
fn request_of_the_json_content_type_is_read_in_any_spelling() {
    let wire = Wire::new();
    for content_type in [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        " application/json ; charset=\"UTF-8\"",
    ] {
        let head = Head {
            content_type: Some(content_type),
            ..Head::POST
        };
        let answer = wire.send(&head, &mut Pieces::of(&echo_of("{}")));
        assert_eq!(answer.status, 200, "{content_type}");
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
    }
}

#[test]
fn request_with_a_content_encoding_is_refused() {
    let wire = Wire::new();
    for encoding in ["gzip", "deflate", "br", "x-gzip", "gzip, identity", ""] {
        let head = Head {
            content_encoding: Some(encoding),
            ..Head::POST
        };
        let answer = wire.send(&head, &mut Pieces::of(&echo_of("{}")));
        assert_eq!(answer.status, 415, "{encoding}");
        let uploading = [("jmap", "upload"), ("accountId", HOME)];
        let head = Head {
            content_encoding: Some(encoding),
            ..Head::upload(&uploading)
        };
        assert_eq!(wire.send(&head, &mut Pieces::of(b"x")).status, 415);
    }
    let head = Head {
        content_encoding: Some("Identity"),
        ..Head::POST
    };
    assert_eq!(
        wire.send(&head, &mut Pieces::of(&echo_of("{}"))).status,
        200
    );
}

#[test]
fn request_longer_than_the_limit_is_refused_whatever_it_says_of_its_length() {
    let mut wire = Wire::new();
    let body = echo_of("{}");
    wire.settings.limits.max_size_request = body.len() as u64;
    assert_eq!(wire.http(&body).status, 200);
    let longer = [&body[..], b" "].concat();
    for content_length in [None, Some(0), Some(body.len() as u64), Some(u64::MAX)] {
        let head = Head {
            content_length,
            ..Head::POST
        };
        let answer = wire.send(&head, &mut Pieces::of(&longer));
        assert_eq!(answer.status, 400, "{content_length:?}");
        assert_eq!(answer.problem(), "limit", "{content_length:?}");
        assert_eq!(answer.json()["limit"], "maxSizeRequest");
    }
}

#[test]
fn request_that_says_it_is_too_long_is_refused_unread() {
    let wire = Wire::new();
    let head = Head {
        content_length: Some(10_000_001),
        ..Head::POST
    };
    let mut body = Pieces::new([Err(io::ErrorKind::TimedOut.into())]);
    assert_eq!(wire.send(&head, &mut body).problem(), "limit");
}

#[test]
fn request_without_a_length_is_read_to_its_end() {
    let wire = Wire::new();
    let body = echo_of(r#"{"a":"b"}"#);
    let pieces = body.chunks(7).map(|piece| Ok(piece.to_vec()));
    let answer = wire.send(&Head::POST, &mut Pieces::new(pieces));
    assert_eq!(answer.status, 200);
}

#[test]
fn request_whose_body_breaks_off_is_refused_and_not_run() {
    let wire = Wire::new();
    let body = echo_of("{}");
    let broken = [
        Ok(body.clone()),
        Err(io::Error::from(io::ErrorKind::ConnectionReset)),
    ];
    let answer = wire.send(&Head::POST, &mut Pieces::new(broken));
    assert_eq!(answer.status, 400);
    // What came is a whole Request, but not what the client meant to send.
    let head = Head {
        content_length: Some(body.len() as u64 + 1),
        ..Head::POST
    };
    let answer = wire.send(&head, &mut Pieces::of(&body));
    assert_eq!(answer.status, 400, "{}", answer.text());
}

#[test]
fn request_that_uses_an_unknown_capability_is_refused() {
    let wire = Wire::new();
    for uri in [
        "urn:none",
        "",
        "urn:ietf:params:jmap:Core",
        &"x".repeat(1_000_000),
    ] {
        let answer = wire.request(&json!({"using": [CORE, uri], "methodCalls": []}));
        assert_eq!(answer.status, 400);
        assert_eq!(answer.problem(), "unknownCapability");
        assert!(answer.body.len() < 1_000, "what is unknown is not echoed");
    }
    let many: Vec<String> = (0..10_000).map(|at| format!("urn:{at}")).collect();
    let answer = wire.request(&json!({"using": many, "methodCalls": []}));
    assert_eq!(answer.problem(), "unknownCapability");
}

#[test]
fn request_may_use_a_capability_a_hundred_thousand_times() {
    let wire = Wire::new();
    let using = vec![CONTACTS; 100_000];
    let calls = vec![json!(["Foo/get", {}, "0"]); 32];
    let answer = wire.request(&json!({"using": using, "methodCalls": calls}));
    assert_eq!(answer.status, 200);
    assert!(wire.host.asked_for_capabilities() < 100);
}

#[test]
fn method_of_the_core_is_unknown_where_the_core_is_not_used() {
    // §3.3
    let wire = Wire::new();
    for using in [json!([]), json!([CONTACTS])] {
        for name in ["Core/echo", "Blob/copy"] {
            let request = json!({"using": using, "methodCalls": [[name, {}, "0"]]});
            assert_eq!(
                wire.request(&request).json()["methodResponses"],
                json!([["error", {"type": "unknownMethod"}, "0"]]),
                "{using} {name}"
            );
        }
    }
}

#[test]
fn method_error_repeats_little_of_an_unknown_argument() {
    let wire = Wire::new();
    for long in ["x".repeat(1_000_000), "\u{e4}".repeat(500_001)] {
        let arguments = json!({ "ids": [], long.as_str(): 1 });
        let (answered, error) = wire.call("ContactCard/get", arguments);
        assert_eq!(answered, "error");
        assert_eq!(error["type"], "invalidArguments");
        let octets = error.to_string().len();
        assert!((100..300).contains(&octets), "{octets} octets");
    }
}

#[test]
fn method_calls_are_answered_in_order_under_their_ids() {
    let wire = Wire::new();
    let response = wire.post(&json!([
        ["Core/echo", {"n": 1}, "same"],
        ["Foo/get", {}, "same"],
        ["Core/echo", {"n": 2}, ""],
        ["Core/echo", {"n": 3}, "same"],
        ["ContactCard/get", {"accountId": HOME, "ids": []}, "\u{0}\u{fc}\""],
    ]));
    let responses = response["methodResponses"].as_array().unwrap();
    let heads: Vec<(&str, &str)> = responses
        .iter()
        .map(|response| (response[0].as_str().unwrap(), response[2].as_str().unwrap()))
        .collect();
    assert_eq!(
        heads,
        [
            ("Core/echo", "same"),
            ("error", "same"),
            ("Core/echo", ""),
            ("Core/echo", "same"),
            ("ContactCard/get", "\u{0}\u{fc}\""),
        ]
    );
    assert_eq!(responses[3][1], json!({"n": 3}));
}

#[test]
fn method_call_id_of_a_megabyte_is_echoed_once() {
    let wire = Wire::new();
    let id = "i".repeat(1_000_000);
    let answer = wire.request(&json!({
        "using": [CORE],
        "methodCalls": [["Core/echo", {}, id], ["Foo/get", {}, "0"]],
    }));
    assert_eq!(answer.json()["methodResponses"][0][2], id.as_str());
    assert_eq!(answer.text().matches(&id).count(), 1);
    assert!(answer.body.len() < id.len() + 500);
}

#[test]
fn request_without_calls_is_answered() {
    let wire = Wire::new();
    let response = wire.post(&json!([]));
    let state = wire.session()["state"].clone();
    assert_eq!(
        response,
        json!({"methodResponses": [], "sessionState": state})
    );
}

#[test]
fn request_with_more_calls_than_the_limit_is_refused_and_none_is_run() {
    let mut wire = Wire::new();
    wire.settings.limits.max_calls_in_request = 3;
    let call = creating("0");
    for count in [4, 10_000] {
        let calls = vec![call.clone(); count];
        let answer = wire.request(&json!({"using": [CONTACTS], "methodCalls": calls}));
        assert_eq!(answer.status, 400);
        assert_eq!(answer.problem(), "limit");
        assert_eq!(answer.json()["limit"], "maxCallsInRequest");
    }
    assert!(wire.cards().ids().is_empty());
    assert_eq!(
        wire.post(&json!(vec![json!(["Core/echo", {}, "0"]); 3]))["methodResponses"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn created_ids_are_returned_when_they_were_given_and_grow() {
    // §3.3, §3.4
    let wire = Wire::new();
    let create = json!(["ContactCard/set", {"accountId": HOME, "create": {
        "new": {"addressBookIds": {"#book": true}},
    }}, "0"]);
    let get =
        json!(["ContactCard/get", {"accountId": HOME, "ids": ["#new", "#book", "#none"]}, "1"]);
    let request = |created_ids: Value| {
        let mut request =
            json!({"using": everything(), "methodCalls": [create.clone(), get.clone()]});
        request["createdIds"] = created_ids;
        wire.request(&request).json()
    };
    let response = request(json!({"book": "b7", "unused": "x9"}));
    assert_eq!(
        response["createdIds"],
        json!({"book": "b7", "unused": "x9", "new": "c1"})
    );
    let card = &response["methodResponses"][1][1]["list"][0];
    assert_eq!(card["id"], "c1");
    assert_eq!(card["addressBookIds"], json!({"b7": true}));
    assert_eq!(
        response["methodResponses"][1][1]["notFound"],
        json!(["#none", "b7"])
    );
    assert!(request(Value::Null).get("createdIds").is_none());
    let empty = request(json!({}));
    assert_eq!(empty["createdIds"], json!({}), "nothing was created");
}

#[test]
fn http_methods_that_an_address_has_not_are_named() {
    let wire = Wire::new();
    for (kind, allowed) in [
        (None, "GET, POST"),
        (Some("upload"), "POST"),
        (Some("download"), "GET"),
        (Some("events"), "GET"),
    ] {
        for method in [
            "PUT", "DELETE", "TRACE", "OPTIONS", "HEAD", "PATCH", "get", "",
        ] {
            let query: Vec<(&str, &str)> = kind.map(|kind| ("jmap", kind)).into_iter().collect();
            let head = Head {
                method,
                query: &query,
                ..Head::POST
            };
            let answer = wire.send(&head, &mut Pieces::of(b"{}"));
            assert_eq!(answer.status, 405, "{kind:?} {method}");
            assert_eq!(answer.header("Allow"), Some(allowed));
            assert_eq!(answer.problem(), "blank");
        }
    }
}

#[test]
fn http_address_that_is_not_ours_is_not_found() {
    let wire = Wire::new();
    for kind in ["", "Upload", "session", "../download"] {
        let query = [("jmap", kind)];
        for method in ["GET", "POST"] {
            let head = Head {
                method,
                ..Head::get(&query)
            };
            let answer = wire.send(&head, &mut Pieces::of(b""));
            assert_eq!(answer.status, 404, "{kind}");
        }
    }
}

#[test]
fn created_ids_that_refer_to_each_other_in_a_circle_are_invalid() {
    // §5.3
    let wire = Wire::new();
    let of = |other: &str| json!({"addressBookIds": {other: true}});
    let response = wire.ok(
        "ContactCard/set",
        json!({"create": {"a": of("#b"), "b": of("#c"), "c": of("#a"), "self": of("#self")}}),
    );
    assert_eq!(response["created"], Value::Null);
    for creation_id in ["a", "b", "c", "self"] {
        let error = &response["notCreated"][creation_id];
        assert_eq!(error["type"], "invalidProperties", "{creation_id}");
        assert_eq!(error["properties"], json!(["addressBookIds"]));
    }
    assert!(wire.cards().ids().is_empty());
}
