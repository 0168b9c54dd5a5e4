//! Blobs made within method calls (RFC 9404 §3, §4.1), and what their methods refuse.

use crate::memory::{BARE, HOME, SHARED, WORK};
use crate::wire::{CORE, Wire, everything};
use openxport::store::Contents;
use serde_json::{Value, json};
use std::time::Duration;

const CONTACTS: &str = "urn:ietf:params:jmap:contacts";
const BLOB: &str = "urn:ietf:params:jmap:blob";
const FOX: &str = "The quick brown fox jumped over the lazy dog.";
const PIECE_OCTETS: usize = 256 * 1024;

/// The answer to a `Blob/upload` of one blob from these sources.
fn upload_of(wire: &Wire, sources: Value) -> Value {
    let blob = json!({"data": sources, "type": "text/x-test"});
    wire.ok("Blob/upload", json!({"create": {"k": blob}}))
}

/// The type of the error that a blob from these sources ends with.
fn refusal(wire: &Wire, sources: Value) -> String {
    let answer = upload_of(wire, sources);
    assert_eq!(answer["created"], Value::Null, "{answer:#}");
    answer["notCreated"]["k"]["type"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// What `Blob/get` says of one blob.
pub fn get(wire: &Wire, blob: &str, mut arguments: Value) -> Value {
    arguments["ids"] = json!([blob]);
    let mut answer = wire.ok("Blob/get", arguments);
    assert_eq!(answer["notFound"], json!([]), "{answer:#}");
    let mut list = answer["list"].as_array().unwrap().clone();
    assert_eq!(list.len(), 1, "{answer:#}");
    answer = list.remove(0);
    assert_eq!(answer["id"], blob);
    answer.as_object_mut().unwrap().remove("id");
    answer
}

/// One whose record holds a picture under the blob id `p1`.
pub fn with_picture(octets: &[u8]) -> Wire {
    let mut wire = Wire::new();
    let picture = Contents {
        media_type: Some("image/png".to_owned()),
        octets: octets.to_vec(),
    };
    let key = (HOME.to_owned(), "p1".to_owned());
    wire.host.blobs.insert(key, picture);
    wire
}

#[test]
fn blob_capability_says_what_each_account_can_do() {
    // RFC 9404 §3.1
    let mut wire = Wire::new();
    wire.settings.limits.max_size_upload = 1234;
    let session = wire.session();
    assert_eq!(session["capabilities"][BLOB], json!({}));
    for (account, types) in [
        (HOME, json!(["ContactCard"])),
        (WORK, json!(["ContactCard"])),
        (BARE, json!([])),
    ] {
        assert_eq!(
            session["accounts"][account]["accountCapabilities"][BLOB],
            json!({
                "maxSizeBlobSet": 1234,
                "maxDataSources": 100,
                "supportedTypeNames": types,
                "supportedDigestAlgorithms": ["sha-256", "sha"],
            })
        );
    }
}

#[test]
fn blob_methods_need_their_capability() {
    // RFC 9404 §4
    let wire = Wire::new();
    for method in ["Blob/upload", "Blob/get", "Blob/lookup"] {
        let calls = json!([[method, {"accountId": HOME}, "c"]]);
        let request = json!({"using": [CORE, CONTACTS], "methodCalls": calls});
        let answer = wire.request(&request).json();
        assert_eq!(answer["methodResponses"][0][1]["type"], "unknownMethod");
    }
}

#[test]
fn blob_upload_stores_what_its_sources_come_to() {
    // RFC 9404 §4.1.2
    let wire = Wire::new();
    let response = wire.post(&json!([
        ["Blob/upload", {"accountId": HOME, "create": {"b4": {"data": [{"data:asText": FOX}]}}}, "0"],
        ["Blob/upload", {"accountId": HOME, "create": {"cat": {"data": [
            {"data:asText": "How"},
            {"blobId": "#b4", "length": 7, "offset": 3},
            {"data:asText": "was t"},
            {"blobId": "#b4", "length": 1, "offset": 1},
            {"data:asBase64": "YXQ/"},
        ]}}}, "1"],
        ["Blob/get", {"accountId": HOME, "ids": ["#cat"], "properties": ["data:asText", "size"]}, "2"],
    ]));
    let responses = &response["methodResponses"];
    let id = responses[1][1]["created"]["cat"]["id"].clone();
    assert_eq!(
        responses[1][1],
        json!({
            "accountId": HOME,
            "created": {"cat": {"id": id, "type": "application/octet-stream", "size": 19}},
            "notCreated": null,
        })
    );
    let fetched = json!({"id": id, "data:asText": "How quick was that?", "size": 19});
    assert_eq!(
        responses[2][1],
        json!({"accountId": HOME, "list": [fetched], "notFound": []})
    );
    let download = wire.download(HOME, id.as_str().unwrap());
    assert_eq!(download.text(), "How quick was that?");
}

#[test]
fn blob_upload_of_no_source_is_empty() {
    let wire = Wire::new();
    let answer = upload_of(&wire, json!([]));
    let blob = &answer["created"]["k"];
    assert_eq!(blob["size"], 0);
    assert_eq!(blob["type"], "text/x-test");
    let id = blob["id"].as_str().unwrap();
    assert_eq!(
        get(&wire, id, json!({})),
        json!({"data:asText": "", "size": 0})
    );
}

#[test]
fn blob_upload_takes_parts_of_blobs_inside_records() {
    let wire = with_picture(b"0123456789");
    let answer = upload_of(
        &wire,
        json!([{"blobId": "p1", "offset": 3}, {"blobId": "p1"}]),
    );
    let id = answer["created"]["k"]["id"].as_str().unwrap();
    assert_eq!(wire.download(HOME, id).text(), "34567890123456789");
}

#[test]
fn blob_upload_takes_parts_across_pieces() {
    let wire = Wire::new();
    let whole: Vec<u8> = (0..3 * PIECE_OCTETS).map(|at| (at % 251) as u8).collect();
    let stored = wire.upload(HOME, &whole);
    let (offset, length) = (PIECE_OCTETS - 7, PIECE_OCTETS + 20);
    let source = json!({"blobId": stored, "offset": offset, "length": length});
    let answer = upload_of(&wire, json!([source, {"data:asText": "!"}]));
    let id = answer["created"]["k"]["id"].as_str().unwrap();
    let expected = [&whole[offset..offset + length], b"!"].concat();
    assert!(wire.download(HOME, id).body == expected);
}

#[test]
fn blob_upload_orders_blobs_that_are_made_of_each_other() {
    // RFC 8620 §5.3
    let wire = Wire::new();
    let of = |other: &str| json!({"data": [{"blobId": other}, {"data:asText": "!"}]});
    let answer = wire.ok(
        "Blob/upload",
        json!({"create": {
            "a": of("#b"), "b": of("#c"), "c": {"data": [{"data:asText": "c"}]},
            "x": of("#y"), "y": of("#x"), "z": of("#z"),
        }}),
    );
    let size = |name: &str| answer["created"][name]["size"].clone();
    assert_eq!([size("a"), size("b"), size("c")], [3, 2, 1]);
    for name in ["x", "y", "z"] {
        assert_eq!(answer["notCreated"][name]["type"], "invalidProperties");
    }
}

#[test]
fn blob_upload_names_its_blobs_for_later_calls() {
    // RFC 9404 §4.1
    let wire = Wire::new();
    let create = json!({"k": {"data": [{"data:asText": "a"}]}, "bad": {"data": [{}]}});
    let request = json!({
        "using": everything(),
        "methodCalls": [["Blob/upload", {"accountId": HOME, "create": create}, "c"]],
        "createdIds": {},
    });
    let response = wire.request(&request).json();
    let id = &response["methodResponses"][0][1]["created"]["k"]["id"];
    assert_eq!(response["createdIds"], json!({ "k": id }));
}

#[test]
fn blob_upload_refuses_sources_that_are_not_exact() {
    // RFC 9404 §4.1: the server must not guess.
    let wire = with_picture(b"0123456789");
    let others = wire.upload(WORK, b"theirs");
    for source in [
        json!({"data:asBase64": "YQ"}),
        json!({"data:asBase64": "YQ==\n"}),
        json!({"data:asBase64": "YR=="}),
        json!({"data:asBase64": "Y_8="}),
        json!({"blobId": "p1", "offset": 11}),
        json!({"blobId": "p1", "length": 11}),
        json!({"blobId": "p1", "offset": 5, "length": 6}),
        json!({"blobId": "p1", "offset": 9_007_199_254_740_991_u64, "length": 9_007_199_254_740_991_u64}),
        json!({"blobId": "Unone"}),
        json!({"blobId": "#none"}),
        json!({"blobId": "../p1"}),
        json!({"blobId": others}),
        json!({"data:asText": "a", "data:asBase64": "YQ=="}),
        json!("a"),
    ] {
        let sources = json!([{"data:asText": "a"}, source]);
        assert_eq!(refusal(&wire, sources), "invalidProperties", "{source}");
    }
    // The ends of a range are within the blob.
    for source in [
        json!({"blobId": "p1", "offset": 10}),
        json!({"blobId": "p1", "offset": 10, "length": 0}),
        json!({"blobId": "p1", "offset": 0, "length": 10}),
    ] {
        let answer = upload_of(&wire, json!([source]));
        assert_eq!(answer["notCreated"], Value::Null, "{source}");
    }
}

#[test]
fn blob_upload_refuses_one_blob_and_stores_the_others() {
    let wire = Wire::new();
    let data = json!([{"data:asText": "a"}]);
    let answer = wire.ok(
        "Blob/upload",
        json!({"create": {
            "good": {"data": data},
            "no-data": {},
            "no-list": {"data": "a"},
            "more": {"data": data, "name": "a"},
            "type": {"data": data, "type": 1},
            "header": {"data": data, "type": "text/html\r\nSet-Cookie: x=1"},
        }}),
    );
    assert_eq!(answer["created"].as_object().unwrap().len(), 1);
    assert_eq!(answer["created"]["good"]["size"], 1);
    for (name, property) in [
        ("no-data", "data"),
        ("no-list", "data"),
        ("more", "data"),
        ("type", "type"),
        ("header", "type"),
    ] {
        let error = &answer["notCreated"][name];
        assert_eq!(error["type"], "invalidProperties", "{name}");
        assert_eq!(error["properties"], json!([property]), "{name}");
    }
}

#[test]
fn blob_upload_keeps_to_its_limits() {
    // RFC 9404 §3.1
    let mut wire = with_picture(&[b'x'; 500]);
    wire.settings.limits.max_size_upload = 1_000;
    let sources = |number: usize| Value::Array(vec![json!({"data:asText": "a"}); number]);
    assert_eq!(upload_of(&wire, sources(100))["created"]["k"]["size"], 100);
    assert_eq!(refusal(&wire, sources(101)), "invalidProperties");
    let twice = json!([{"blobId": "p1"}, {"blobId": "p1"}]);
    assert_eq!(upload_of(&wire, twice)["created"]["k"]["size"], 1_000);
    let more = json!([{"blobId": "p1"}, {"blobId": "p1"}, {"data:asText": "a"}]);
    assert_eq!(refusal(&wire, more), "tooLarge");
    let text = json!([{"data:asText": "a".repeat(1_001)}]);
    assert_eq!(refusal(&wire, text), "tooLarge");
    wire.settings.limits.max_uploaded_octets = 1_000;
    assert_eq!(refusal(&wire, json!([{"blobId": "p1"}])), "overQuota");
    wire.settings.limits.max_objects_in_set = 1;
    let two = json!({"create": {"a": {"data": []}, "b": {"data": []}}});
    assert_eq!(wire.error("Blob/upload", two), "requestTooLarge");
}

#[test]
fn blob_upload_that_fails_leaves_nothing_behind() {
    let mut wire = Wire::new();
    let stored = wire.upload(HOME, &vec![b'x'; 300_000]);
    wire.settings.limits.max_uploaded_octets = 1_000_000;
    for _ in 0..5 {
        let sources = json!([{"blobId": stored}, {"data:asBase64": "!"}]);
        assert_eq!(refusal(&wire, sources), "invalidProperties");
    }
    let again = upload_of(&wire, json!([{"blobId": stored}]));
    assert_eq!(again["created"]["k"]["size"], 300_000);
}

#[test]
fn blob_methods_refuse_arguments_that_they_have_not() {
    let mut wire = Wire::new();
    wire.settings.limits.max_objects_in_get = 2;
    for (method, arguments, error) in [
        ("Blob/upload", json!({"accountId": "a9"}), "accountNotFound"),
        (
            "Blob/upload",
            json!({"create": [], "x": 1}),
            "invalidArguments",
        ),
        (
            "Blob/upload",
            json!({"create": {"k": 1}}),
            "invalidArguments",
        ),
        ("Blob/upload", json!({"update": {}}), "invalidArguments"),
        (
            "Blob/get",
            json!({"accountId": "a9", "ids": []}),
            "accountNotFound",
        ),
        ("Blob/get", json!({}), "invalidArguments"),
        ("Blob/get", json!({"ids": null}), "invalidArguments"),
        (
            "Blob/get",
            json!({"ids": ["a", "b", "c"]}),
            "requestTooLarge",
        ),
        (
            "Blob/get",
            json!({"ids": [], "offset": -1}),
            "invalidArguments",
        ),
        (
            "Blob/get",
            json!({"ids": [], "length": "1"}),
            "invalidArguments",
        ),
        (
            "Blob/get",
            json!({"ids": [], "properties": ["name"]}),
            "invalidArguments",
        ),
        (
            "Blob/get",
            json!({"ids": [], "properties": ["digest:md5"]}),
            "invalidArguments",
        ),
        (
            "Blob/get",
            json!({"ids": [], "properties": ["digest:SHA"]}),
            "invalidArguments",
        ),
        (
            "Blob/lookup",
            json!({"accountId": "a9", "ids": [], "typeNames": []}),
            "accountNotFound",
        ),
        ("Blob/lookup", json!({"ids": []}), "invalidArguments"),
        ("Blob/lookup", json!({"typeNames": []}), "invalidArguments"),
        (
            "Blob/lookup",
            json!({"ids": ["a", "b", "c"], "typeNames": []}),
            "requestTooLarge",
        ),
        (
            "Blob/lookup",
            json!({"ids": [], "typeNames": ["Email"]}),
            "unknownDataType",
        ),
        (
            "Blob/lookup",
            json!({"ids": [], "typeNames": ["AddressBook"]}),
            "unknownDataType",
        ),
    ] {
        assert_eq!(
            wire.error(method, arguments.clone()),
            error,
            "{method} {arguments}"
        );
    }
}

#[test]
fn blob_upload_into_an_account_that_may_only_be_read_is_stored() {
    // RFC 8620 §6.1: an upload is no data of the account yet.
    let wire = Wire::new();
    let create = json!({"k": {"data": [{"data:asText": "a"}]}});
    let answer = wire.ok(
        "Blob/upload",
        json!({"accountId": SHARED, "create": create}),
    );
    let id = answer["created"]["k"]["id"].as_str().unwrap();
    assert_eq!(wire.download(SHARED, id).text(), "a");
}

#[test]
fn blob_upload_ends_with_the_time_of_the_request() {
    let mut wire = with_picture(b"0123456789");
    wire.settings.limits.request_time = Duration::from_secs(1);
    wire.host.blob_time = Duration::from_secs(1);
    let blob = json!({"data": [{"blobId": "p1"}]});
    let answer = wire.ok("Blob/upload", json!({"create": {"a": blob, "b": blob}}));
    assert_eq!(answer["created"], Value::Null);
    for name in ["a", "b"] {
        assert_eq!(answer["notCreated"][name]["type"], "serverFail");
    }
}
