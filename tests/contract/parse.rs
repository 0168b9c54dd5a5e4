//! Cards read out of files: `ContactCard/parse` (`openxport::data_types::contact_files`).

use crate::allocation::peak_of;
use crate::memory::{BARE, HOME, WORK};
use crate::wire::{Answer, CORE, Forgetful, Head, Pieces, Wire, assert_grows_linearly, everything};
use serde_json::{Value, json};

const PARSE: &str = "https://openxport.org/ns/contacts-parse";

pub fn card(lines: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}\r\nEND:VCARD\r\n")
}

/// So many cards, each with a name and a UID of its own.
fn cards(number: usize) -> String {
    let one = |at: usize| {
        card(&format!(
            "UID:u{at}\r\nFN:Jane the {at}th\r\nTEL;TYPE=home:{at}"
        ))
    };
    (0..number).map(one).collect()
}

/// What is said of one file.
pub fn parse(wire: &Wire, file: &[u8], arguments: Value) -> Value {
    let blob = wire.upload(HOME, file);
    parse_blob(wire, &blob, arguments)
}

pub fn parse_blob(wire: &Wire, blob: &str, mut arguments: Value) -> Value {
    arguments["blobIds"] = json!([blob]);
    let answer = wire.ok("ContactCard/parse", arguments);
    assert_eq!(answer["notFound"], Value::Null, "{answer:#}");
    assert_eq!(answer["notParsable"], Value::Null, "{answer:#}");
    answer["parsed"][blob].clone()
}

/// The values at this pointer in each card.
pub fn each(parsed: &Value, pointer: &str) -> Vec<Value> {
    let list = parsed["list"].as_array().unwrap().iter();
    list.map(|card| card.pointer(pointer).cloned().unwrap_or_default())
        .collect()
}

/// Position, line and type of each error or warning.
pub fn remarks(remarks: &Value) -> Vec<(u64, u64, &str)> {
    let remarks = remarks.as_array().unwrap().iter();
    remarks
        .map(|remark| {
            assert!(remark["description"].is_string(), "{remark}");
            let number = |name: &str| remark[name].as_u64().unwrap();
            let kind = remark["type"].as_str().unwrap();
            (number("position"), number("line"), kind)
        })
        .collect()
}

#[test]
fn contact_card_parse_is_a_capability_of_accounts_with_cards() {
    let wire = Wire::new();
    let session = wire.session();
    assert_eq!(session["capabilities"][PARSE], json!({}));
    let of = |account: &str| session["accounts"][account]["accountCapabilities"][PARSE].clone();
    assert_eq!(of(HOME), json!({"maxSizeCard": 10_000_000}));
    assert_eq!(of(BARE), Value::Null);
    let calls = json!([["ContactCard/parse", {"accountId": HOME, "blobIds": []}, "c"]]);
    let mut using = everything();
    using.retain(|uri| *uri != PARSE);
    let answer = wire
        .request(&json!({"using": using, "methodCalls": calls}))
        .json();
    assert_eq!(answer["methodResponses"][0][1]["type"], "unknownMethod");
    let answer = wire
        .request(&json!({"using": [CORE, PARSE], "methodCalls": calls}))
        .json();
    assert_eq!(
        answer["methodResponses"][0][1],
        json!({"accountId": HOME, "parsed": null, "notFound": null, "notParsable": null})
    );
}

#[test]
fn contact_card_parse_returns_cards_that_can_be_created() {
    let wire = Wire::new();
    let file = card("UID:u1\r\nFN:Jane Doe\r\nitem1.TEL:1\r\nitem1.X-ABLabel:boat\r\nX-ODD;A=B:c");
    let mut parsed = parse(&wire, file.as_bytes(), json!({}));
    let list = parsed["list"].take();
    assert_eq!(
        parsed,
        json!({"list": null, "errors": [], "warnings": [], "position": 0, "total": 1})
    );
    let mut card = list[0].clone();
    assert_eq!(card["uid"], "u1");
    assert_eq!(card["name"], json!({"full": "Jane Doe"}));
    assert_eq!(
        card["vCardProps"],
        json!([
            ["version", {}, "text", "3.0"],
            ["x-odd", {"a": "B"}, "unknown", "c"],
        ])
    );
    for property in ["id", "addressBookIds"] {
        assert_eq!(card.get(property), None, "{property}");
    }
    card["addressBookIds"] = json!({"b1": true});
    let set = wire.ok("ContactCard/set", json!({"create": {"k": card}}));
    assert_eq!(set["notCreated"], Value::Null, "{set:#}");
    let stored = wire
        .cards()
        .get(set["created"]["k"]["id"].as_str().unwrap());
    assert_eq!(stored, Some(card));
}

#[test]
fn contact_card_parse_returns_the_properties_asked_for() {
    let wire = Wire::new();
    let arguments = json!({"properties": ["name", "emails", "addressBookIds", "example.com:x"]});
    let parsed = parse(
        &wire,
        card("UID:u\r\nFN:Jane\r\nTEL:1").as_bytes(),
        arguments,
    );
    assert_eq!(parsed["list"], json!([{"name": {"full": "Jane"}}]));
}

#[test]
fn contact_card_parse_gives_a_card_without_a_uid_the_same_each_time() {
    // A file that is imported twice is imported once.
    let wire = Wire::new();
    let nameless = format!("{}{}", card("FN:Jane"), card("FN:John"));
    let uids = |file: &str| each(&parse(&wire, file.as_bytes(), json!({})), "/uid");
    let first = uids(&nameless);
    assert_eq!(uids(&nameless), first);
    assert_ne!(first[0], first[1]);
    assert!(first[0].as_str().unwrap().starts_with("urn:uuid:"));
    let other_place = format!("{}{nameless}", card("UID:u"));
    assert_eq!(uids(&other_place)[1..], first);
    assert_eq!(uids(&nameless.replace("\r\n", "\n")), first);
    let marked: Vec<u8> = nameless.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(each(&parse(&wire, &marked, json!({})), "/uid"), first);
    // What cannot be a uid is carried.
    for uid in ["", " ", &"u".repeat(256)] {
        let parsed = parse(
            &wire,
            card(&format!("UID:{uid}\r\nFN:Jane")).as_bytes(),
            json!({}),
        );
        assert!(
            parsed["list"][0]["uid"]
                .as_str()
                .unwrap()
                .starts_with("urn:uuid:")
        );
        assert_eq!(parsed["list"][0]["vCardProps"][1][0], "uid");
    }
}

#[test]
fn contact_card_import_of_the_same_file_twice_creates_each_card_once() {
    let wire = Wire::new();
    let file = format!(
        "{}{}{}",
        card("UID:../a\r\nFN:A"),
        card("FN:B"),
        card("UID:../a\r\nFN:A")
    );
    let import = || {
        let parsed = parse(&wire, file.as_bytes(), json!({}));
        let mut create = json!({});
        for (at, card) in parsed["list"].as_array().unwrap().iter().enumerate() {
            create[format!("k{at}")] = card.clone();
            create[format!("k{at}")]["addressBookIds"] = json!({"b1": true});
        }
        let set = wire.ok("ContactCard/set", json!({"create": create}));
        let count = |name: &str| set[name].as_object().map_or(0, |map| map.len());
        (count("created"), count("notCreated"))
    };
    assert_eq!(import(), (2, 1), "one of the file is there twice");
    assert_eq!(import(), (0, 3));
    assert_eq!(wire.cards().ids().len(), 2);
}

#[test]
fn contact_card_parse_pages_through_a_file() {
    let wire = Wire::new();
    let file = format!("BEGIN:VCARD\r\n{}stray\r\n{}", cards(7), card("UID:last"));
    let blob = wire.upload(HOME, file.as_bytes());
    let mut uids = Vec::new();
    let mut errors = Vec::new();
    let mut position = 0;
    let mut calls = 0;
    loop {
        let page = parse_blob(&wire, &blob, json!({"position": position, "limit": 3}));
        assert_eq!(
            (&page["total"], &page["position"]),
            (&json!(10), &json!(position))
        );
        let (list, faults) = (page["list"].as_array().unwrap(), remarks(&page["errors"]));
        position += list.len() + faults.len();
        calls += 1;
        uids.extend(each(&page, "/uid"));
        errors.extend(faults.iter().map(|(at, line, _)| (*at, *line)));
        if position == 10 {
            break;
        }
    }
    assert_eq!(calls, 4);
    assert_eq!(uids, ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "last"]);
    assert_eq!(errors, [(0, 1), (8, 44)]);
    for (arguments, number) in [
        (json!({"position": 10}), 0),
        (
            json!({"position": 9_007_199_254_740_991_u64, "limit": 9}),
            0,
        ),
        (json!({"limit": 0}), 0),
        (json!({"limit": 9_007_199_254_740_991_u64}), 8),
    ] {
        let page = parse_blob(&wire, &blob, arguments.clone());
        assert_eq!(each(&page, "/uid").len(), number, "{arguments}");
        assert_eq!(page["total"], 10);
    }
}

#[test]
fn contact_card_parse_returns_at_most_max_objects_in_get() {
    let mut wire = Wire::new();
    wire.settings.limits.max_objects_in_get = 5;
    let blob = wire.upload(HOME, cards(7).as_bytes());
    for arguments in [json!({}), json!({"limit": 7})] {
        let page = parse_blob(&wire, &blob, arguments);
        assert_eq!((each(&page, "/uid").len(), &page["total"]), (5, &json!(7)));
    }
    let ids: Vec<String> = (0..6).map(|at| format!("U{at}")).collect();
    let error = wire.error("ContactCard/parse", json!({ "blobIds": ids }));
    assert_eq!(error, "requestTooLarge");
}

#[test]
fn contact_card_parse_reports_what_is_no_card_and_returns_the_others() {
    let wire = Wire::new();
    let large = format!("NOTE:{}", "x".repeat(10_000_000));
    let file = [
        &*card("UID:a"),
        "BEGIN:VCARD\r\nUID:b\r\n",
        &card("UID:c"),
        &card(&large),
        "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        &card("UID:d\r\nNOTE:a\r\n BEGIN:VCARD\r\n b"),
        "BEGIN:VCARD\r\nUID:e",
    ]
    .concat();
    let parsed = parse(&wire, file.as_bytes(), json!({}));
    assert_eq!(each(&parsed, "/uid"), ["a", "c", "d"]);
    assert_eq!(
        remarks(&parsed["errors"]),
        [
            (1, 5, "notTerminated"),
            (3, 11, "tooLarge"),
            (4, 15, "unrecognized"),
            (6, 24, "notTerminated"),
        ]
    );
    assert_eq!(parsed["total"], 7);
    assert_eq!(parsed["warnings"], json!([]));
}

#[test]
fn contact_card_parse_tells_files_apart() {
    let wire = Wire::new();
    let one = wire.upload(HOME, card("UID:a").as_bytes());
    let two = wire.upload(HOME, card("UID:b").as_bytes());
    let broken = wire.upload(HOME, b"BEGIN:VCARD\r\n");
    let empty = wire.upload(HOME, b"");
    let picture = wire.upload(HOME, b"\x89PNG\r\n\x1a\n");
    let others = wire.upload(WORK, card("UID:c").as_bytes());
    let ids = [
        &one, "Unone", &empty, &two, &one, &broken, &picture, "../x", &others,
    ];
    let answer = wire.ok(
        "ContactCard/parse",
        json!({"blobIds": ids, "properties": ["uid"]}),
    );
    let parsed = answer["parsed"].as_object().unwrap();
    assert_eq!(parsed.len(), 3);
    assert_eq!(parsed[&one]["list"], json!([{"uid": "a"}]));
    assert_eq!(parsed[&two]["list"], json!([{"uid": "b"}]));
    assert_eq!(parsed[&broken]["list"], json!([]));
    assert_eq!(
        remarks(&parsed[&broken]["errors"]),
        [(0, 1, "notTerminated")]
    );
    assert_eq!(answer["notParsable"], json!([empty, picture]));
    let mut missing: Vec<&str> = answer["notFound"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap())
        .collect();
    missing.sort_unstable();
    let mut expected = ["../x", &*others, "Unone"];
    expected.sort_unstable();
    assert_eq!(missing, expected);
}

#[test]
fn contact_card_parse_reads_a_blob_of_the_same_request() {
    // RFC 8620 §5.3
    let wire = Wire::new();
    let file = json!({"data": [{"data:asText": card("UID:a")}]});
    let response = wire.post(&json!([
        ["Blob/upload", {"accountId": HOME, "create": {"k": file}}, "0"],
        ["ContactCard/parse", {"accountId": HOME, "blobIds": ["#k"]}, "1"],
    ]));
    let id = response["methodResponses"][0][1]["created"]["k"]["id"]
        .as_str()
        .unwrap();
    let parsed = &response["methodResponses"][1][1]["parsed"][id];
    assert_eq!(each(parsed, "/uid"), ["a"]);
}

#[test]
fn contact_card_parse_refuses_arguments_that_it_has_not() {
    let wire = Wire::new();
    for (arguments, error) in [
        (json!({"accountId": "a9", "blobIds": []}), "accountNotFound"),
        (
            json!({"accountId": BARE, "blobIds": []}),
            "accountNotSupportedByMethod",
        ),
        (json!({}), "invalidArguments"),
        (json!({"blobIds": "U"}), "invalidArguments"),
        (
            json!({"blobIds": [], "properties": ["none"]}),
            "invalidArguments",
        ),
        (json!({"blobIds": [], "position": -1}), "invalidArguments"),
        (json!({"blobIds": [], "limit": 0.5}), "invalidArguments"),
        (
            json!({"blobIds": [], "charset": "none"}),
            "invalidArguments",
        ),
        (json!({"blobIds": [], "charset": 1}), "invalidArguments"),
        (json!({"blobIds": [], "ids": []}), "invalidArguments"),
    ] {
        assert_eq!(
            wire.error("ContactCard/parse", arguments.clone()),
            error,
            "{arguments}"
        );
    }
}

#[test]
fn contact_card_parse_of_a_large_file_takes_little_memory() {
    let wire = Wire::new();
    let photo = "iVBORw0KGgo".repeat(1_000);
    let one = |at: usize| card(&format!("UID:u{at}\r\nFN:{at}\r\nPHOTO;ENCODING=b:{photo}"));
    let file: String = (0..600).map(one).collect();
    let blob = wire.upload(HOME, file.as_bytes());
    let peak = |parsed: &str| {
        let calls = json!([["ContactCard/parse", {"accountId": HOME, "blobIds": [parsed]}, "c"]]);
        let request = json!({"using": everything(), "methodCalls": calls}).to_string();
        let mut output = Forgetful::default();
        let mut body = Pieces::of(request.as_bytes());
        let peak = peak_of(|| wire.send_to(&Head::POST, &mut body, &mut output));
        assert!(output.octets > 300, "{}", output.octets);
        peak
    };
    assert!(file.len() > 6_000_000);
    let octets = peak(&blob);
    assert!(octets < 1_500_000, "{octets}");
    // One line as long as a file may be, and as many faults as there is room for.
    for file in [
        card(&format!("NOTE:{}", "x".repeat(24_000_000))),
        "BEGIN:VCARD\n".repeat(300_000),
    ] {
        let octets = peak(&wire.upload(HOME, file.as_bytes()));
        assert!(octets < 20_000_000, "{octets}");
    }
}

#[test]
fn contact_card_parse_takes_time_in_proportion() {
    let wire = Wire::new();
    for file in [
        |number: usize| cards(number),
        |number: usize| "BEGIN:VCARD\n".repeat(10 * number),
        |number: usize| "BEGIN:VCARD\nAGENT:\n".repeat(10 * number),
        |number: usize| card(&"NOTE:a\r\n b\r\n".repeat(2 * number)),
        |number: usize| "x\n".repeat(40 * number) + &card("FN:A"),
        |number: usize| card(&format!("NOTE:{}", "x".repeat(400 * number))),
        |number: usize| "BEGIN:VCARD\r".repeat(10 * number),
    ] {
        assert_grows_linearly(200, |number| {
            parse(&wire, file(number).as_bytes(), json!({}));
        });
    }
}

#[test]
fn contact_card_parse_that_cannot_be_finished_is_no_short_list() {
    let wire = Wire::new();
    let blob = wire.upload(HOME, cards(3_000).as_bytes());
    let calls = json!([["ContactCard/parse", {"accountId": HOME, "blobIds": [blob]}, "c"]]);
    let request = json!({"using": everything(), "methodCalls": calls}).to_string();
    let mut answer = Answer {
        gone_after: Some(100_000),
        ..Answer::default()
    };
    wire.send_to(
        &Head::POST,
        &mut Pieces::of(request.as_bytes()),
        &mut answer,
    );
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
}
