//! Blobs read within method calls (RFC 9404 §4.2, §4.3).

use crate::allocation::peak_of;
use crate::blob_upload::{get, with_picture};
use crate::memory::{BARE, HOME, WORK};
use crate::wire::{Answer, CORE, Forgetful, Head, Pieces, Wire, everything};
use serde_json::{Value, json};

const CONTACTS: &str = "urn:ietf:params:jmap:contacts";
const BLOB: &str = "urn:ietf:params:jmap:blob";
const FOX: &str = "The quick brown fox jumped over the lazy dog.";
const PIECE_OCTETS: usize = 256 * 1024;

#[test]
fn blob_get_returns_text_or_base64() {
    // RFC 9404 §4.2.2
    let wire = Wire::new();
    let broken = b"The quick brown fox jumped over the \x81\x81 dog.";
    let broken = wire.upload(HOME, broken);
    let hello = wire.upload(HOME, b"hello world");
    const BASE64: &str = "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wZWQgb3ZlciB0aGUggYEgZG9nLg==";
    for (arguments, of_broken, of_hello) in [
        (
            json!({}),
            json!({
                "isEncodingProblem": true, "data:asText": null, "data:asBase64": BASE64, "size": 43,
            }),
            json!({"data:asText": "hello world", "size": 11}),
        ),
        (
            json!({"properties": ["data:asText", "size"]}),
            json!({"isEncodingProblem": true, "data:asText": null, "size": 43}),
            json!({"data:asText": "hello world", "size": 11}),
        ),
        (
            json!({"properties": ["data:asBase64", "size"]}),
            json!({"data:asBase64": BASE64, "size": 43}),
            json!({"data:asBase64": "aGVsbG8gd29ybGQ=", "size": 11}),
        ),
        (
            json!({"offset": 0, "length": 5}),
            json!({"data:asText": "The q", "size": 43}),
            json!({"data:asText": "hello", "size": 11}),
        ),
        (
            json!({"offset": 20, "length": 100}),
            json!({
                "isTruncated": true, "isEncodingProblem": true, "data:asText": null,
                "data:asBase64": "anVtcGVkIG92ZXIgdGhlIIGBIGRvZy4=", "size": 43,
            }),
            json!({"isTruncated": true, "data:asText": "", "size": 11}),
        ),
        (
            json!({"properties": ["size", "id"]}),
            json!({"size": 43}),
            json!({"size": 11}),
        ),
        (json!({"properties": []}), json!({}), json!({})),
    ] {
        assert_eq!(
            get(&wire, &broken, arguments.clone()),
            of_broken,
            "{arguments}"
        );
        assert_eq!(
            get(&wire, &hello, arguments.clone()),
            of_hello,
            "{arguments}"
        );
    }
}

#[test]
fn blob_get_digests_the_selected_octets() {
    // RFC 9404 §4.2.1
    let wire = Wire::new();
    let blob = wire.upload(HOME, FOX.as_bytes());
    assert_eq!(
        get(
            &wire,
            &blob,
            json!({"properties": ["data:asText", "digest:sha", "size"]})
        ),
        json!({"data:asText": FOX, "digest:sha": "wIVPufsDxBzOOALLDSIFKebu+U4=", "size": 45})
    );
    let properties = [
        "data:asText",
        "digest:sha",
        "digest:sha-256",
        "digest:sha",
        "size",
    ];
    assert_eq!(
        get(
            &wire,
            &blob,
            json!({"properties": properties, "offset": 4, "length": 9})
        ),
        json!({
            "data:asText": "quick bro",
            "digest:sha": "QiRAPtfyX8K6tm1iOAtZ87Xj3Ww=",
            "digest:sha-256": "gdg9INW7lwHK6OQ9u0dwDz2ZY/gubi0En0xlFpKt0OA=",
            "size": 45,
        })
    );
}

#[test]
fn blob_get_is_truncated_only_beyond_the_end() {
    // RFC 9404 §4.2
    let wire = with_picture(b"0123456789");
    for (range, is_truncated) in [
        (json!({"offset": 10}), false),
        (json!({"offset": 11}), true),
        (json!({"offset": 10, "length": 0}), false),
        (json!({"offset": 10, "length": 1}), true),
        (json!({"length": 10}), false),
        (json!({"length": 11}), true),
        (
            json!({"offset": 9_007_199_254_740_991_u64, "length": 9_007_199_254_740_991_u64}),
            true,
        ),
    ] {
        let blob = get(&wire, "p1", range.clone());
        assert_eq!(blob.get("isTruncated").is_some(), is_truncated, "{range}");
        assert_eq!(blob["size"], 10);
    }
}

#[test]
fn blob_get_returns_characters_across_pieces_whole() {
    let wire = Wire::new();
    for before in PIECE_OCTETS - 4..PIECE_OCTETS + 1 {
        let text = format!("{}😀\"\n{}", "x".repeat(before), "é".repeat(PIECE_OCTETS));
        let blob = wire.upload(HOME, text.as_bytes());
        let answer = get(&wire, &blob, json!({"properties": ["data:asText"]}));
        assert!(answer["data:asText"] == text.as_str(), "{before}");
        // The last octet is half a character.
        let length = text.len() - 1;
        let cut = get(
            &wire,
            &blob,
            json!({"properties": ["data:asText"], "length": length}),
        );
        assert_eq!(cut, json!({"data:asText": null, "isEncodingProblem": true}));
    }
}

#[test]
fn blob_get_returns_base64_across_pieces_whole() {
    use base64::Engine;
    let wire = Wire::new();
    let octets: Vec<u8> = (0..2 * PIECE_OCTETS + 5)
        .map(|at| (at % 253) as u8)
        .collect();
    let blob = wire.upload(HOME, &octets);
    for offset in 0..4 {
        let answer = get(
            &wire,
            &blob,
            json!({"properties": ["data:asBase64"], "offset": offset}),
        );
        let expected = base64::engine::general_purpose::STANDARD.encode(&octets[offset..]);
        assert!(answer["data:asBase64"] == expected, "{offset}");
    }
}

#[test]
fn blob_get_does_not_find_what_the_user_may_not_see() {
    let wire = with_picture(b"0123456789");
    let mine = wire.upload(HOME, b"mine");
    let theirs = wire.upload(WORK, b"theirs");
    let ids = [
        &*mine, "p1", &theirs, "Unone", "../p1", "#none", &mine, "p1\u{0}",
    ];
    let answer = wire.ok("Blob/get", json!({"ids": ids, "properties": ["size"]}));
    assert_eq!(
        answer["list"],
        json!([{"id": mine, "size": 4}, {"id": "p1", "size": 10}])
    );
    let mut missing: Vec<&str> = answer["notFound"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    missing.sort_unstable();
    let mut expected = ["#none", "../p1", "Unone", &*theirs, "p1\u{0}"];
    expected.sort_unstable();
    assert_eq!(missing, expected);
}

#[test]
fn blob_get_can_be_referred_to() {
    // RFC 8620 §3.7
    let mut wire = Wire::new();
    wire.settings.limits.max_referenced_octets = 1_000_000;
    let name = wire.upload(HOME, b"p1");
    let medium = wire.upload(HOME, &[b'x'; 150_000]);
    let large = wire.upload(HOME, &[b'x'; 2_000_000]);
    let calls = |blob: &str| {
        json!([
            ["Blob/get", {"accountId": HOME, "ids": [blob]}, "0"],
            ["Blob/get", {"accountId": HOME, "#ids":
                {"resultOf": "0", "name": "Blob/get", "path": "/list/*/data:asText"}}, "1"],
        ])
    };
    let response = wire.post(&calls(&name));
    assert_eq!(response["methodResponses"][1][1]["notFound"], json!(["p1"]));
    let response = wire.post(&calls(&medium));
    let missing = &response["methodResponses"][1][1]["notFound"];
    assert!(*missing == json!(["x".repeat(150_000)]));
    let response = wire.post(&calls(&large));
    let first = &response["methodResponses"][0][1]["list"][0];
    assert_eq!(first["size"], 2_000_000, "the response itself is whole");
    assert_eq!(
        response["methodResponses"][1][1]["type"],
        "invalidResultReference"
    );
}

#[test]
fn blob_get_and_upload_of_large_blobs_take_little_memory() {
    const SIZE: usize = 20_000_000;
    let wire = Wire::new();
    let stored = wire.upload(HOME, &vec![b'x'; SIZE]);
    let create = json!({"k": {"data": [{"blobId": stored}, {"blobId": stored}]}});
    let properties = ["data", "data:asBase64", "digest:sha-256"];
    let request = json!({
        "using": everything(),
        "methodCalls": [
            ["Blob/upload", {"accountId": HOME, "create": create}, "0"],
            ["Blob/get", {"accountId": HOME, "ids": ["#k"], "properties": properties}, "1"],
            ["Blob/get", {"accountId": HOME, "#ids":
                {"resultOf": "1", "name": "Blob/get", "path": "/list/*/data:asText"}}, "2"],
        ],
    });
    let mut body = Pieces::of(request.to_string().as_bytes());
    let mut output = Forgetful::default();
    let peak = peak_of(|| wire.send_to(&Head::POST, &mut body, &mut output));
    assert!(
        output.octets > 2 * SIZE + 2 * SIZE * 4 / 3,
        "{}",
        output.octets
    );
    assert!(peak < 4_000_000, "{peak} octets");
}

#[test]
fn blob_get_ends_when_the_client_has_gone() {
    let wire = Wire::new();
    let stored = wire.upload(HOME, &vec![b'x'; 5_000_000]);
    let calls = json!([["Blob/get", {"accountId": HOME, "ids": [stored]}, "0"]]);
    let request = json!({"using": everything(), "methodCalls": calls}).to_string();
    let mut answer = Answer {
        gone_after: Some(1),
        ..Answer::default()
    };
    wire.send_to(
        &Head::POST,
        &mut Pieces::of(request.as_bytes()),
        &mut answer,
    );
    assert_eq!(answer.writes, 2, "one that succeeds and one that fails");
}

#[test]
fn blob_lookup_finds_the_records_that_refer_to_a_blob() {
    // RFC 9404 §4.3
    let wire = with_picture(b"0123456789");
    let media = |blob: &str| json!({"k": {"kind": "photo", "blobId": blob}});
    for (id, card) in [
        ("c1", json!({"media": media("p1")})),
        ("c2", json!({"media": media("p2")})),
        (
            "c3",
            json!({"media": {"k": {"kind": "photo", "uri": "p1"}}, "notes": "p1"}),
        ),
        (
            "c4",
            json!({"media": media("p1"), "localizations": {"de": {"media/k/blobId": "p2"}}}),
        ),
        ("c5", json!({})),
    ] {
        wire.cards().put(id, card);
    }
    let work = wire.host.of(WORK, "ContactCard");
    work.put("c9", json!({"media": media("p1")}));
    let unused = wire.upload(HOME, b"x");
    let ids = ["p1", "p2", "p1", &unused, "pnone", "../p1"];
    let answer = wire.ok(
        "Blob/lookup",
        json!({"typeNames": ["ContactCard"], "ids": ids}),
    );
    let info = |id: &str, cards: Value| json!({"id": id, "matchedIds": {"ContactCard": cards}});
    assert_eq!(
        answer,
        json!({"accountId": HOME, "list": [
            info("p1", json!(["c1", "c4"])),
            info("p2", json!(["c2", "c4"])),
            info(&unused, json!([])),
            info("pnone", json!([])),
            info("../p1", json!([])),
        ]})
    );
}

#[test]
fn blob_lookup_knows_only_types_whose_capability_is_used() {
    // RFC 9404 §4.3
    let wire = Wire::new();
    let lookup = |using: Value| {
        let arguments = json!({"accountId": HOME, "typeNames": ["ContactCard"], "ids": []});
        let calls = json!([["Blob/lookup", arguments, "c"]]);
        let answer = wire.request(&json!({"using": using, "methodCalls": calls}));
        answer.json()["methodResponses"][0].clone()
    };
    assert_eq!(lookup(json!([CORE, BLOB]))[1]["type"], "unknownDataType");
    assert_eq!(lookup(json!([CORE, BLOB, CONTACTS]))[0], "Blob/lookup");
}

#[test]
fn blob_lookup_finds_nothing_in_an_account_without_records() {
    let wire = with_picture(b"x");
    let arguments = json!({"accountId": BARE, "typeNames": ["ContactCard"], "ids": ["p1"]});
    assert_eq!(
        wire.ok("Blob/lookup", arguments)["list"],
        json!([{"id": "p1", "matchedIds": {"ContactCard": []}}])
    );
}
