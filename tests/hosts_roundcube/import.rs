//! A file of cards comes in: uploaded once, read by ContactCard/parse, created by
//! ContactCard/set (`openxport::data_types::contact_files`).

use crate::fixture::Roundcube;
use crate::wire::{AsHost, Wire};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==";

/// All sample cards of programs as one file, each as it was written.
fn samples() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/contacts");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the samples are there")
        .map(|entry| entry.expect("it is read").path())
        .filter(|path| {
            let name = path.file_name().expect("it is a file").to_string_lossy();
            // Those are no Cards when they are applied (RFC 9555 §3.2.1).
            name.ends_with(".vcf") && !name.contains("jsprop")
        })
        .collect();
    paths.sort();
    let mut file = Vec::new();
    for path in paths {
        let sample = fs::read(path).expect("it is read");
        // A file is in one encoding of Unicode, and what has no frame is no card in it.
        if sample.starts_with(b"BEGIN:VCARD") && !sample.contains(&0) {
            file.extend(sample);
            file.extend(b"\r\n");
        }
    }
    file
}

/// What an import came to.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    total: u64,
    created: usize,
    there_already: usize,
    faults: usize,
}

/// Imports a file into the personal book, as a client does.
fn import(wire: &Wire<impl AsHost>, file: &[u8]) -> Counts {
    let blob = wire.upload(wire.account(), file);
    let mut counts = Counts {
        total: 0,
        created: 0,
        there_already: 0,
        faults: 0,
    };
    let mut position = 0;
    loop {
        let arguments = json!({"blobIds": [blob], "position": position, "limit": 500});
        let answer = wire.ok("ContactCard/parse", arguments);
        let page = &answer["parsed"][&blob];
        let cards = page["list"].as_array().expect("there are cards");
        let faults = page["errors"].as_array().expect("they are told").len();
        let mut create = json!({});
        for (at, card) in cards.iter().enumerate() {
            let mut card = card.clone();
            card["addressBookIds"] = json!({"b0": true});
            create[format!("k{at}")] = card;
        }
        let set = wire.ok("ContactCard/set", json!({ "create": create }));
        counts.created += set["created"].as_object().map_or(0, |map| map.len());
        for (key, error) in set["notCreated"].as_object().into_iter().flatten() {
            let card = &create[key];
            assert!(error["existingId"].is_string(), "{error:#} of {card:#}");
            counts.there_already += 1;
        }
        counts.faults += faults;
        counts.total = page["total"].as_u64().expect("it is told");
        position += cards.len() + faults;
        if position as u64 >= counts.total {
            return counts;
        }
    }
}

/// What a property says, without the parameters in which a program says it.
fn texts(card: &Value, property: &str, member: &str) -> BTreeSet<String> {
    let entries = card[property].as_object().into_iter().flatten();
    entries
        .map(|(_, entry)| entry[member].to_string())
        .collect()
}

#[test]
fn contact_card_import_of_every_programs_cards_keeps_what_they_say() {
    let roundcube = Roundcube::new();
    let wire = Wire::over(roundcube.open());
    let file = samples();
    let counts = import(&wire, &file);
    assert!(counts.created > 20, "{counts:?}");
    let told = counts.created + counts.there_already + counts.faults;
    assert_eq!(told as u64, counts.total, "{counts:?}");
    let blob = wire.upload(wire.account(), &file);
    let answer = wire.ok("ContactCard/parse", json!({"blobIds": [blob]}));
    let stored = wire.ok("ContactCard/get", json!({}));
    let mut seen = BTreeSet::new();
    for parsed in answer["parsed"][&blob]["list"].as_array().expect("cards") {
        let uid = parsed["uid"].as_str().expect("each has one");
        if !seen.insert(uid) {
            continue;
        }
        let stored = stored["list"].as_array().expect("cards").iter();
        let stored = stored.clone().find(|card| card["uid"] == uid);
        let stored = stored.unwrap_or_else(|| panic!("{uid} is stored"));
        assert_eq!(stored["name"], parsed["name"], "{stored:#}");
        assert_eq!(stored["members"], parsed["members"], "{stored:#}");
        for (property, member) in [
            ("emails", "address"),
            ("phones", "number"),
            ("notes", "note"),
        ] {
            let said = texts(parsed, property, member);
            assert_eq!(texts(stored, property, member), said, "{stored:#}");
        }
    }
}

#[test]
fn contact_card_import_of_a_file_twice_creates_each_card_once() {
    let roundcube = Roundcube::new();
    let wire = Wire::over(roundcube.open());
    let one = |at: usize| format!("BEGIN:VCARD\r\nFN:Jane the {at}th\r\nTEL:{at}\r\nEND:VCARD\r\n");
    let mut file: String = (0..1_200).map(one).collect();
    file.push_str(
        "BEGIN:VCARD\r\nVERSION:4.0\r\nKIND:group\r\nUID:the-group\r\nFN:Some\r\nNOTE:kept\r\n\
         MEMBER:urn:uuid:03a0e51f-d1aa-4385-8a53-e29025acd8af\r\nEND:VCARD\r\nBEGIN:VCARD\r\n",
    );
    let counts = |created, there_already| Counts {
        total: 1_202,
        created,
        there_already,
        faults: 1,
    };
    assert_eq!(import(&wire, file.as_bytes()), counts(1_201, 0));
    assert_eq!(import(&wire, file.as_bytes()), counts(0, 1_201));
    let all = wire.ok("ContactCard/get", json!({"properties": ["id"]}));
    assert_eq!(all["list"].as_array().map(Vec::len), Some(1_201));
}

#[test]
fn contact_card_import_takes_photos_from_the_file() {
    // RFC 9610 §3
    let roundcube = Roundcube::new();
    let wire = Wire::over(roundcube.open());
    let file = format!(
        "BEGIN:VCARD\r\nUID:u\r\nFN:Jane\r\nPHOTO;ENCODING=b;TYPE=PNG:{PNG}\r\nEND:VCARD\r\n"
    );
    assert_eq!(import(&wire, file.as_bytes()).created, 1);
    let card = wire.ok("ContactCard/get", json!({}))["list"][0].take();
    let media: Vec<&Value> = card["media"].as_object().expect("media").values().collect();
    let [photo] = media[..] else {
        panic!("one photo in {card:#}");
    };
    assert_eq!(photo["mediaType"], "image/png");
    let blobs = json!({"ids": [photo["blobId"]], "properties": ["data:asBase64"]});
    let got = wire.ok("Blob/get", blobs);
    assert_eq!(got["list"][0]["data:asBase64"], PNG);
}
