//! Cards made at random are changed at random: what is written reads as it was wanted, and
//! nothing else changes (RFC 9555 §3.1, §3.2.1).

use crate::random::{Random, card};
use crate::random_card::{in_its_languages, localize};
use crate::write::{comparable, host, read};
use openxport::convert::vcard::{Dialect, STANDARD, patch};
use openxport::hosts::roundcube::dialect::ROUNDCUBE;
use openxport::store::{Contents, Object};
use serde_json::{Value, json};

const TEXTS: &[&str] = &[
    "plain",
    "",
    " ",
    "a,b;c\\d:e",
    "line\nbreak",
    "\r\nEND:VCARD\r\nBEGIN:VCARD\r\nFN:injected",
    "Zoë 日本 \u{1F600}",
    "\u{0}\u{1}\u{7F}\t",
    "\\n \\, ^n ^^ \"quoted\"",
    "https://example.com/?a=b,c;d",
    "geo:1,2",
    "A rather long text that is longer than the seventy-five octets at which lines are folded, ünïcödé too.",
];

const KEYS: &[&str] = &[
    "k1",
    "K-2",
    "0",
    "e1_x",
    "averylongkeyaverylongkeyaverylongkeyaverylongkeyaverylongkey",
];

/// An entry for a map, valid whatever its texts are.
fn entry(random: &mut Random) -> (&'static str, Value) {
    let mut text = || random.one_of(TEXTS);
    let (map, mut value) = match text().len() % 17 {
        0 => ("emails", json!({"address": text()})),
        1 => (
            "phones",
            json!({"number": text(), "features": {"fax": true}, "contexts": {"private": true}}),
        ),
        2 => (
            "notes",
            json!({"note": text(), "author": {"name": text(), "uri": text()}}),
        ),
        3 => ("nicknames", json!({"name": text()})),
        4 => ("titles", json!({"name": text(), "kind": "role"})),
        5 => (
            "organizations",
            json!({"name": text(), "units": [{"name": text()}, {"name": "u", "sortAs": text()}]}),
        ),
        6 => (
            "addresses",
            json!({"full": text(), "countryCode": "DE", "coordinates": "geo:1.5,2", "timeZone": "Europe/Berlin"}),
        ),
        7 => (
            "addresses",
            json!({"components": [
            {"kind": "name", "value": text()}, {"kind": "locality", "value": text()}], "isOrdered": true}),
        ),
        8 => ("onlineServices", json!({"service": text(), "user": text()})),
        9 => ("onlineServices", json!({"uri": text(), "label": text()})),
        10 => (
            "anniversaries",
            json!({"kind": "birth", "date": {"year": 1980, "month": 2}, "place": {"full": text()}}),
        ),
        11 => (
            "anniversaries",
            json!({"kind": "wedding", "date": {"month": 2, "day": 3}}),
        ),
        12 => (
            "personalInfo",
            json!({"kind": "hobby", "value": text(), "level": "high", "listAs": 2}),
        ),
        13 => (
            "links",
            json!({"uri": text(), "kind": "contact", "mediaType": text()}),
        ),
        14 => ("media", json!({"kind": "photo", "blobId": "upload-1"})),
        15 => (
            "directories",
            json!({"kind": "entry", "uri": text(), "pref": 3}),
        ),
        _ => (
            "cryptoKeys",
            json!({"uri": text(), "vCardParams": {"x-own": [text(), text()], "type": text()}}),
        ),
    };
    if random.below(3) == 0 {
        value["example.com:more"] = json!({"deep": [random.one_of(TEXTS), null]});
    }
    (map, value)
}

/// Changes something in a Card, so that it still is one.
fn change(card: &mut Object, random: &mut Random) {
    let text = |random: &mut Random| Value::from(random.one_of(TEXTS));
    match random.below(10) {
        0 => {
            let (map, value) = entry(random);
            let map = card.entry(map).or_insert_with(|| json!({}));
            map[random.one_of(KEYS)] = value;
        }
        1 => {
            let names: Vec<String> = (card.keys())
                .filter(|name| {
                    !["@type", "version", "id", "uid", "addressBookIds"].contains(&name.as_str())
                })
                .cloned()
                .collect();
            if !names.is_empty() {
                card.remove(&names[random.below(names.len())]);
            }
        }
        2 | 3 => {
            let maps: Vec<&mut Object> = card
                .iter_mut()
                .filter(|(name, _)| {
                    !["localizations", "name", "addressBookIds", "speakToAs"]
                        .contains(&name.as_str())
                })
                .filter_map(|(_, value)| value.as_object_mut())
                .filter(|map| !map.is_empty())
                .collect();
            let count = maps.len();
            if count == 0 {
                return;
            }
            let Some(map) = maps.into_iter().nth(random.below(count)) else {
                return;
            };
            let keys: Vec<String> = map.keys().cloned().collect();
            let key = &keys[random.below(keys.len())];
            if random.below(2) == 0 {
                map.remove(key);
            } else if let Some(Value::Object(entry)) = map.get_mut(key) {
                let members: Vec<String> = (entry.iter())
                    .filter(|(name, value)| {
                        value.is_string()
                            && !["kind", "blobId", "created", "@type", "mediaType"]
                                .contains(&name.as_str())
                    })
                    .map(|(name, _)| name.clone())
                    .collect();
                if !members.is_empty() {
                    entry.insert(members[random.below(members.len())].clone(), text(random));
                }
            }
        }
        4 => {
            card.insert("name".into(), json!({"components": [
                {"kind": "given", "value": text(random)},
                {"kind": "surname", "value": text(random), "phonetic": text(random)},
                {"kind": "surname2", "value": text(random)},
                {"kind": "generation", "value": "Jr."},
            ], "isOrdered": random.below(2) == 0, "sortAs": {"surname": text(random)}, "phoneticSystem": "ipa"}));
        }
        5 => {
            card.insert(
                "name".into(),
                json!({"full": text(random), "sortAs": {"given": "x", "surname": "y"}}),
            );
        }
        6 => {
            let map = card.entry("keywords").or_insert_with(|| json!({}));
            map[random.one_of(TEXTS)] = json!(true);
            card.insert(
                "relatedTo".into(),
                json!({random.one_of(TEXTS): {"relation": {"spouse": true}}}),
            );
            card.insert("members".into(), json!({random.one_of(TEXTS): true}));
        }
        7 => {
            card.insert(
                "example.com:own".into(),
                json!({"x": random.one_of(TEXTS), "y": {"z": null}}),
            );
            card.insert("language".into(), json!("fr"));
            card.insert("kind".into(), json!("org"));
            card.insert("created".into(), json!("2020-01-02T03:04:05Z"));
            card.insert("prodId".into(), text(random));
        }
        8 => localize(card, random),
        _ => {
            card.insert(
                "localizations".into(),
                json!({"yue": {"name/full": text(random), "titles/none/name": text(random)}}),
            );
            card.insert("speakToAs".into(), json!({"grammaticalGender": "neuter", "pronouns": {"p": {"pronouns": text(random)}}}));
        }
    }
}

fn blobs(id: &str) -> Option<Contents> {
    (id == "upload-1").then(|| Contents {
        media_type: None,
        octets: b"\x89PNG\r\n\x1A\n and more".to_vec(),
    })
}

/// What a blob of an upload is called once it is in the card.
fn with_stored_blobs(card: &Object) -> Object {
    let mut card = card.clone();
    for (key, media) in card
        .get_mut("media")
        .and_then(Value::as_object_mut)
        .into_iter()
        .flatten()
    {
        if media["blobId"] == "upload-1" {
            media["blobId"] = format!("blob-{key}").into();
            media["mediaType"] = "image/png".into();
        }
    }
    card
}

/// Whether all that is missing was carried: where two lines say one thing, what the one has
/// carried besides goes when the thing changes. What is carried for its parameters has them
/// besides what it says now.
fn only_lets_go(found: &Value, wanted: &Value) -> bool {
    let carried = |card: &Value| card["vCardProps"].as_array().cloned().unwrap_or_default();
    let without = |card: &Value| {
        let mut card = card.clone();
        card.as_object_mut()
            .expect("it is a Card")
            .remove("vCardProps");
        card
    };
    let wanted_carried = carried(wanted);
    let has_its_params = |property: &Value| {
        let of = |it: &Value| (it[0].clone(), it[1].clone());
        wanted_carried.iter().any(|it| of(it) == of(property))
    };
    without(found) == without(wanted) && carried(found).iter().all(has_its_params)
}

/// Texts of a Card never become lines: no card begins or ends that did not, and no control
/// is written as it is (RFC 6350 §3.3).
fn has_no_more_cards(written: &[u8], stored: &str) {
    let written = String::from_utf8_lossy(written);
    for line in ["BEGIN:VCARD\r\n", "END:VCARD\r\n", "FN:injected"] {
        let count = |text: &str| {
            text.split_inclusive('\n')
                .filter(|it| it.starts_with(line))
                .count()
        };
        assert_eq!(count(&written), count(stored), "{line} in {written}");
    }
    let is_control =
        |character: char| character.is_ascii_control() && !matches!(character, '\r' | '\n' | '\t');
    assert!(!written.contains(is_control), "{written:?}");
}

fn changed_card_reads_as_wanted(dialect: &'static Dialect, version: &str) {
    let mut wrong = Vec::new();
    for seed in 1..400 {
        let mut random = Random::of_seed(seed);
        let (text, _) = card(&mut random);
        let text = text.replace(
            "BEGIN:VCARD\r\n",
            &format!("BEGIN:VCARD\r\nVERSION:{version}\r\n"),
        );
        let before = read(text.as_bytes(), dialect);
        let mut after = before.clone();
        for _ in 0..=random.below(3) {
            change(&mut after, &mut random);
        }
        match patch(text.as_bytes(), dialect, &host(), &after, &blobs) {
            Ok(written) => {
                has_no_more_cards(&written, &text);
                let (found, wanted) =
                    comparable(read(&written, dialect), &with_stored_blobs(&after));
                let (found, wanted) = (in_its_languages(found), in_its_languages(wanted));
                if found != wanted && !only_lets_go(&found, &wanted) {
                    wrong.push(format!(
                        "seed {seed}\n{text}\n{}\n{found:#}\n{wanted:#}",
                        String::from_utf8_lossy(&written)
                    ));
                }
            }
            Err(error) => wrong.push(format!(
                "seed {seed}: {error:?}\n{text}\n{:#}",
                Value::Object(after)
            )),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong, such as {}",
        wrong.len(),
        wrong.iter().min_by_key(|it| it.len()).unwrap()
    );
}

#[test]
fn changed_card_of_vcard_4_reads_as_wanted() {
    changed_card_reads_as_wanted(&STANDARD, "4.0");
}

#[test]
fn changed_card_of_vcard_3_reads_as_wanted() {
    changed_card_reads_as_wanted(&STANDARD, "3.0");
}

#[test]
fn changed_card_of_vcard_2_1_reads_as_wanted() {
    changed_card_reads_as_wanted(&STANDARD, "2.1");
}

#[test]
fn changed_card_of_roundcube_reads_as_wanted() {
    changed_card_reads_as_wanted(&ROUNDCUBE, "3.0");
}

/// The lines that express no note, and are not the UID that the first write adds.
fn lines_without_notes(card: &[u8]) -> Vec<&[u8]> {
    let mut is_other = true;
    let mut others = Vec::new();
    for line in card.split_inclusive(|octet| *octet == b'\n') {
        if !line.starts_with(b" ") {
            let is_stop = |octet: &u8| matches!(octet, b';' | b':');
            let name = line.split(is_stop).next().unwrap_or_default();
            let name = name
                .rsplit(|octet| *octet == b'.')
                .next()
                .unwrap_or_default();
            is_other = !name.eq_ignore_ascii_case(b"NOTE")
                && !line.starts_with(b"UID:uid-of-the-host")
                && !line.starts_with(b"JSPROP;JSPTR=notes")
                && !line.starts_with(b"JSPROP;JSPTR=\"notes/");
        }
        if is_other {
            others.push(line);
        }
    }
    others
}

// A write that changes one property leaves the others byte for byte.
#[test]
fn changed_notes_leave_all_other_lines_as_they_are() {
    for seed in 1..500 {
        let mut random = Random::of_seed(seed);
        let (text, _) = card(&mut random);
        let mut octets = text.into_bytes();
        if seed % 3 == 0 {
            let at = random.below(octets.len());
            octets[at] = random.one_of(b"\xFF\xE9:;,\\");
        }
        let dialect = [&STANDARD, &ROUNDCUBE][random.below(2)];
        let before = read(&octets, dialect);
        let mut after = before.clone();
        let notes = after.entry("notes").or_insert_with(|| json!({}));
        for (_, note) in notes.as_object_mut().into_iter().flatten() {
            note["note"] = random.one_of(&["short", "with\nbreak; and, more"]).into();
        }
        notes["new"] = json!({"note": random.one_of(TEXTS)});
        let Ok(written) = patch(&octets, dialect, &host(), &after, &blobs) else {
            panic!("seed {seed}: {}", String::from_utf8_lossy(&octets));
        };
        let (found, wanted) = (lines_without_notes(&written), lines_without_notes(&octets));
        let text = |card: &[u8]| String::from_utf8_lossy(card).into_owned();
        assert!(
            found == wanted,
            "seed {seed}: {}\n{}",
            text(&octets),
            text(&written)
        );
    }
}

#[test]
fn unchanged_card_stays_as_it_is() {
    for seed in 1..500 {
        let mut random = Random::of_seed(seed);
        let (text, _) = card(&mut random);
        let after = read(text.as_bytes(), &STANDARD);
        let written = patch(text.as_bytes(), &STANDARD, &host(), &after, &blobs);
        assert_eq!(written.as_deref(), Ok(text.as_bytes()), "seed {seed}");
    }
}
