//! Photos, logos and sounds inside the cards of a file (RFC 9610 §3), and what is hostile there.

use crate::memory::{HOME, WORK};
use crate::parse::{card, each, parse, parse_blob};
use crate::wire::{Head, Pieces, Wire, everything};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==";

/// The only medium of each card.
fn media(parsed: &Value) -> Vec<Value> {
    let of_card = |card: Value| {
        let media = card.as_object().unwrap();
        assert_eq!(media.len(), 1, "{card:#}");
        media.values().next().unwrap().clone()
    };
    each(parsed, "/media").into_iter().map(of_card).collect()
}

#[test]
fn contact_card_parse_leaves_media_in_the_file() {
    let wire = Wire::new();
    let octets = BASE64.decode(PNG).unwrap();
    let file = format!(
        "{}{}{}",
        card(&format!("UID:é\r\nPHOTO;ENCODING=b;TYPE=PNG:{PNG}")),
        card(&format!("LOGO:data:image/png;base64\\,{PNG}")),
        card(&format!(
            "SOUND;PROP-ID={};ENCODING=b:{PNG}",
            "p-".repeat(127)
        )),
    );
    let big: Vec<u8> = file.encode_utf16().flat_map(u16::to_be_bytes).collect();
    for file in [file.as_bytes(), &big] {
        let parsed = parse(&wire, file, json!({}));
        for medium in media(&parsed) {
            assert_eq!(medium.get("uri"), None, "{medium}");
            assert!(medium["mediaType"].is_string(), "{medium}");
            let blob = medium["blobId"].as_str().unwrap();
            assert!(wire.download(HOME, blob).body == octets, "{medium}");
            let get = wire.ok(
                "Blob/get",
                json!({"ids": [blob], "properties": ["data:asBase64"]}),
            );
            assert_eq!(get["list"][0]["data:asBase64"], PNG);
            let arguments = json!({"fromAccountId": HOME, "accountId": WORK, "blobIds": [blob]});
            let copied = wire.ok("Blob/copy", arguments)["copied"][blob].clone();
            assert!(wire.download(WORK, copied.as_str().unwrap()).body == octets);
        }
    }
}

#[test]
fn contact_card_parse_resolves_no_made_up_part_of_a_file() {
    let wire = Wire::new();
    let file = card(&format!("PHOTO;ENCODING=b;TYPE=PNG:{PNG}"));
    let uploaded = wire.upload(HOME, file.as_bytes());
    let parsed = parse_blob(&wire, &uploaded, json!({}));
    let blob = media(&parsed)[0]["blobId"].as_str().unwrap().to_owned();
    let (place, _) = blob.split_once("-U").unwrap();
    let (_, number) = place.rsplit_once('-').unwrap();
    let size = file.len();
    let theirs = wire.upload(WORK, file.as_bytes());
    let missing = wire.download(HOME, "Unone");
    assert_eq!(wire.download(HOME, &blob).status, 200);
    for blob in [
        format!("{place}-{theirs}"),
        format!("{place}-Unone"),
        format!("{place}-{blob}"),
        format!("{place}-p1"),
        format!("E0-{}-{number}-{uploaded}", size + 1),
        format!("E{size}-0-{number}-{uploaded}"),
        format!("E0-18446744073709551615-{number}-{uploaded}"),
        format!("E0-{size}-0000000000000000-{uploaded}"),
        format!("E0-0-{number}-{uploaded}"),
        format!("E13-{size}-{number}-{uploaded}"),
    ] {
        let answer = wire.download(HOME, &blob);
        assert_eq!(answer.status, 404, "{blob}");
        assert_eq!(answer.text(), missing.text(), "{blob}");
    }
    assert_eq!(wire.download(WORK, &blob).status, 404);
}

#[test]
fn contact_card_parse_reads_no_file_inside_a_card_of_a_file() {
    let wire = Wire::new();
    let inner = card(&format!("PHOTO;ENCODING=b;TYPE=PNG:{PNG}"));
    let outer = card(&format!("PHOTO;ENCODING=b:{}", BASE64.encode(&inner)));
    let number_of = |parsed: &Value| {
        let blob = media(parsed)[0]["blobId"].as_str().unwrap().to_owned();
        (blob.split('-').nth(2).unwrap().to_owned(), blob)
    };
    let (number, _) = number_of(&parse(&wire, inner.as_bytes(), json!({})));
    let (_, photo) = number_of(&parse(&wire, outer.as_bytes(), json!({})));
    assert_eq!(wire.download(HOME, &photo).text(), inner);
    let answer = wire.ok("ContactCard/parse", json!({"blobIds": [photo]}));
    assert_eq!(answer["notParsable"], json!([photo]));
    let within = format!("E0-{}-{number}-{photo}", inner.len());
    assert_eq!(wire.download(HOME, &within).status, 404);
}

#[test]
fn contact_card_parse_hands_out_hostile_media_as_octets_only() {
    let wire = Wire::new();
    let script = "<svg onload=\"alert(1)\">";
    let digits = BASE64.encode(script);
    let file = [
        card(&format!("PHOTO;ENCODING=b;TYPE=text/html:{digits}")),
        card("PHOTO;VALUE=uri:http://169.254.169.254/"),
        card("PHOTO;VALUE=uri:file:///etc/passwd"),
    ]
    .concat();
    let parsed = parse(&wire, file.as_bytes(), json!({}));
    let media = media(&parsed);
    let blob = media[0]["blobId"].as_str().unwrap();
    let query = [
        ("jmap", "download"),
        ("accountId", HOME),
        ("blobId", blob),
        ("name", "a.html"),
        ("type", "text/html"),
    ];
    let answer = wire.send(&Head::get(&query), &mut Pieces::of(b""));
    assert_eq!(answer.text(), script);
    let disposition = answer.header("Content-Disposition").unwrap();
    assert!(disposition.starts_with("attachment;"), "{disposition}");
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
    // What is elsewhere stays there.
    for (medium, uri) in media[1..]
        .iter()
        .zip(["http://169.254.169.254/", "file:///etc/passwd"])
    {
        assert_eq!((&medium["uri"], medium.get("blobId")), (&json!(uri), None));
    }
}

#[test]
fn contact_card_parse_returns_markup_as_text() {
    let wire = Wire::new();
    let script = "<script>alert(1)</script>\u{202E}";
    let file = card(&format!("UID:{script}\r\nFN:{script}\r\nNOTE:{script}"));
    let blob = wire.upload(HOME, file.as_bytes());
    let calls = json!([["ContactCard/parse", {"accountId": HOME, "blobIds": [blob]}, "c"]]);
    let answer = wire.request(&json!({"using": everything(), "methodCalls": calls}));
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"));
    let parsed = &answer.json()["methodResponses"][0][1]["parsed"][&blob];
    assert_eq!(each(parsed, "/name/full"), [script]);
}
