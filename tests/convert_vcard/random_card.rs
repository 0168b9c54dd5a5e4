//! Cards of JSContact made at random, with every property of RFC 9553 and what vendors add:
//! a vCard of them reads as they were wanted (RFC 9555 §3).

use crate::random::Random;
use crate::write::{comparable, host, read, sort_components};
use openxport::convert::vcard::{Dialect, STANDARD, patch};
use openxport::hosts::roundcube::dialect::ROUNDCUBE;
use openxport::store::Object;
use serde_json::{Value, json};

const TEXTS: &[&str] = &[
    "plain",
    "two words",
    "a,b;c\\d:e",
    "line\nbreak",
    "Zoë 日本 \u{1F600}",
    "\"quoted\" ^n",
    "urn:a:b",
    "=C3=A4",
];

fn text(random: &mut Random) -> Value {
    random.one_of(TEXTS).into()
}

/// Adds members that objects of this map may have, each at times.
fn with_common(random: &mut Random, mut entry: Value, members: &[&str]) -> Value {
    for member in members {
        if random.below(4) != 0 {
            continue;
        }
        entry[*member] = match *member {
            "contexts" => json!({random.one_of(&["private", "work"]): true}),
            "pref" | "listAs" => json!(1 + random.below(100)),
            "mediaType" => json!("text/plain"),
            "vCardParams" => json!({"x-own": random.one_of(TEXTS)}),
            _ => text(random),
        };
    }
    entry
}

fn components(random: &mut Random, kinds: &[&str]) -> (Value, bool) {
    let sounds = random.below(2) == 0;
    let is_said = |kind: &&&str| sounds || kind.len().is_multiple_of(2);
    let list: Vec<Value> = (kinds.iter().filter(is_said))
        .map(|kind| {
            let mut component = json!({"kind": kind, "value": random.one_of(TEXTS)});
            if sounds && random.below(2) == 0 {
                component["phonetic"] = text(random);
            }
            component
        })
        .collect();
    (list.into(), sounds)
}

fn name(random: &mut Random) -> Value {
    const KINDS: [&str; 7] = [
        "surname",
        "given",
        "given2",
        "title",
        "credential",
        "surname2",
        "generation",
    ];
    let (list, sounds) = components(random, &KINDS);
    let mut name = json!({"components": list, "isOrdered": random.below(2) == 0});
    if sounds {
        name["phoneticSystem"] = "ipa".into();
    }
    if name["isOrdered"] == true && random.below(2) == 0 {
        name["defaultSeparator"] = random.one_of(&[" ", "-", ", "]).into();
    }
    if random.below(3) != 0 {
        name["full"] = text(random);
    }
    if random.below(3) == 0 {
        name["sortAs"] = json!({"given2": random.one_of(TEXTS)});
    }
    name
}

fn address(random: &mut Random) -> Value {
    const KINDS: [&str; 9] = [
        "room",
        "apartment",
        "number",
        "name",
        "locality",
        "region",
        "postcode",
        "country",
        "district",
    ];
    let mut address = json!({});
    if random.below(3) != 0 {
        let (list, sounds) = components(random, &KINDS);
        address = json!({"components": list});
        if sounds {
            address["phoneticScript"] = "Latn".into();
        }
    }
    address["full"] = text(random);
    if random.below(2) == 0 {
        address["countryCode"] = "DE".into();
        address["coordinates"] = "geo:1.5,2".into();
        address["timeZone"] = "Europe/Berlin".into();
    }
    with_common(random, address, &["contexts", "pref"])
}

/// An entry of this map.
fn entry(random: &mut Random, map: &str) -> Value {
    const RESOURCE: [&str; 4] = ["contexts", "pref", "label", "mediaType"];
    let contact = &RESOURCE[..3];
    let words = &RESOURCE[..2];
    let (own, common): (Value, &[&str]) = match map {
        "nicknames" => (json!({"name": text(random)}), words),
        "organizations" => (
            json!({"name": text(random), "sortAs": text(random),
                "units": [{"name": text(random), "sortAs": text(random)}, {"name": text(random)}]}),
            &["contexts"],
        ),
        "titles" => (
            json!({"name": text(random), "kind": random.one_of(&["title", "role"])}),
            &[],
        ),
        "emails" => (json!({"address": text(random)}), contact),
        "onlineServices" => (
            json!({"service": text(random), "uri": text(random), "user": text(random)}),
            contact,
        ),
        "phones" => (
            json!({"number": text(random), "features": {random.one_of(&["mobile", "fax", "pager", "textphone"]): true}}),
            contact,
        ),
        "preferredLanguages" => (json!({"language": "fr"}), words),
        "calendars" => (
            json!({"uri": text(random), "kind": random.one_of(&["calendar", "freeBusy"])}),
            &RESOURCE,
        ),
        "schedulingAddresses" => (json!({"uri": text(random)}), contact),
        "addresses" => return address(random),
        "cryptoKeys" => (json!({"uri": "https://example.com/key"}), &RESOURCE),
        "directories" => (
            json!({"uri": text(random), "kind": random.one_of(&["directory", "entry"])}),
            &["contexts", "pref", "label", "mediaType", "listAs"],
        ),
        "links" => (json!({"uri": text(random)}), &RESOURCE),
        "media" => (
            json!({"uri": "https://example.com/photo", "kind": random.one_of(&["photo", "logo", "sound"])}),
            &RESOURCE,
        ),
        "anniversaries" => {
            let date = random.below(3);
            let dates = [
                json!({"year": 1980, "month": 2, "day": 3}),
                json!({"month": 12, "day": 31}),
                json!({"@type": "Timestamp", "utc": "1980-02-03T04:05:06Z"}),
            ];
            (
                json!({"kind": random.one_of(&["birth", "death", "wedding"]), "date": dates[date],
                    "place": {"full": text(random)}}),
                &[],
            )
        }
        "notes" => (
            json!({"note": text(random), "created": "2020-01-02T03:04:05Z",
                "author": {"name": text(random), "uri": "mailto:a@b"}}),
            &[],
        ),
        "personalInfo" => (
            json!({"kind": random.one_of(&["expertise", "hobby", "interest"]), "value": text(random),
                "level": random.one_of(&["low", "medium", "high"])}),
            &["label", "listAs"],
        ),
        _ => (json!({"pronouns": text(random)}), words),
    };
    let mut entry = with_common(random, own, common);
    match random.below(8) {
        0 => entry["example.com:more"] = json!({"@type": "Unheard", "deep": [text(random), null]}),
        1 => entry = with_common(random, entry, &["vCardParams"]),
        _ => {}
    }
    entry
}

const MAPS: &[&str] = &[
    "nicknames",
    "organizations",
    "titles",
    "emails",
    "onlineServices",
    "phones",
    "preferredLanguages",
    "calendars",
    "schedulingAddresses",
    "addresses",
    "cryptoKeys",
    "directories",
    "links",
    "media",
    "anniversaries",
    "notes",
    "personalInfo",
];

/// Says something of the card in other languages.
pub fn localize(card: &mut Object, random: &mut Random) {
    let mut patches = json!({});
    for (map, entries) in card.iter() {
        if !MAPS.contains(&map.as_str()) {
            continue;
        }
        for (key, main) in entries.as_object().into_iter().flatten() {
            let path = format!("{map}/{key}");
            match (random.below(6), map.as_str()) {
                (0, "media" | "anniversaries") => {}
                (0, map) => patches[path] = entry(random, map),
                (1, _) => {
                    const TEXT_MEMBERS: &[&str] = &["name", "address", "number", "note", "value"];
                    let member = TEXT_MEMBERS.iter().find(|it| main.get(**it).is_some());
                    if let Some(member) = member {
                        patches[format!("{path}/{member}")] = text(random);
                    }
                }
                (2, "anniversaries") => {
                    patches[format!("{path}/place")] = json!({"full": text(random)});
                }
                (2 | 3, "addresses") if main.get("components").is_some() => {
                    patches[format!("{path}/components/0/phonetic")] = text(random);
                    patches[format!("{path}/phoneticSystem")] = "jyut".into();
                }
                _ => {}
            }
        }
    }
    let named = card.get("name").cloned().unwrap_or_default();
    match random.below(6) {
        0 => patches["name/full"] = text(random),
        1 => {
            patches["name/full"] = text(random);
            patches["name/components"] = json!([
                {"@type": "NameComponent", "kind": "given", "value": text(random), "phonetic": text(random)}]);
            patches["name/phoneticSystem"] = "piny".into();
        }
        2 => patches["name"] = name(random),
        3 if named.get("components").is_some() => {
            patches["name/components/0/phonetic"] = text(random);
            patches["name/phoneticScript"] = "Latn".into();
        }
        4 => patches["speakToAs/grammaticalGender"] = "common".into(),
        _ => patches["example.com:own"] = text(random),
    }
    let language = random.one_of(&["fr", "de", "zh-Hant", "x y"]);
    let localizations = card.entry("localizations").or_insert_with(|| json!({}));
    localizations[language] = patches;
}

fn card(random: &mut Random) -> Object {
    let mut card = Object::new();
    let mut set = |name: &str, value: Value| card.insert(name.to_owned(), value);
    set("name", name(random));
    for map in MAPS {
        if random.below(4) == 0 {
            let keys = ["k1", "K-2", "0", "e1_x"];
            let mut entries = json!({});
            for _ in 0..=random.below(2) {
                entries[random.one_of(&keys)] = entry(random, map);
            }
            set(map, entries);
        }
    }
    if random.below(3) == 0 {
        set(
            "speakToAs",
            json!({"grammaticalGender": "neuter", "pronouns": {"p": entry(random, "pronouns")}}),
        );
        set("keywords", json!({random.one_of(TEXTS): true, "k": true}));
        set(
            "relatedTo",
            json!({random.one_of(TEXTS): {"relation": {"friend": true, "kin": true}}}),
        );
        set("members", json!({random.one_of(TEXTS): true}));
        set("kind", random.one_of(&["group", "org", "device"]).into());
        set("language", "en".into());
        set("created", "2020-01-02T03:04:05Z".into());
        set("updated", "2021-01-02T03:04:05Z".into());
        set("prodId", text(random));
        set(
            "example.com:own",
            json!({"@type": "Unheard", "x": [text(random), null], "y": {"z": null}}),
        );
    }
    set(
        "vCardProps",
        json!([["version", {}, "text", random.one_of(&["2.1", "3.0", "4.0"])],
            ["x-own", {"group": "g", "x-a": text(random)}, "unknown", "1"]]),
    );
    for _ in 0..random.below(3) {
        localize(&mut card, random);
    }
    card
}

/// A Card whose `localizations` hold it as a whole in each language (RFC 9553 §2.7.1), because
/// the same may be said by patches of other parts (RFC 9555 §2.3.11).
pub fn in_its_languages(mut card: Value) -> Value {
    let in_language = |patches: &Value| {
        let mut card = card.clone();
        for other in ["localizations", "vCardProps"] {
            card[other].take();
        }
        for (pointer, value) in patches.as_object().into_iter().flatten() {
            let (parent, member) = pointer.rsplit_once('/').unwrap_or(("", pointer));
            let parent = match parent {
                "" => Some(&mut card),
                parent => card.pointer_mut(&format!("/{parent}")),
            };
            match parent {
                Some(Value::Object(parent)) if value.is_null() => {
                    parent.remove(member);
                }
                Some(parent) => parent[member] = value.clone(),
                None => card[pointer] = value.clone(),
            }
        }
        without_types(&mut card);
        sort_components(&mut card);
        card
    };
    let localizations = card["localizations"].as_object().into_iter().flatten();
    let whole: Object = localizations
        .map(|(language, patches)| (language.clone(), in_language(patches)))
        .collect();
    if !whole.is_empty() {
        card["localizations"] = whole.into();
    }
    card
}

/// Takes away the types that go without saying (RFC 9553 §1.3.4).
fn without_types(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| name != "@type" || value != "NameComponent");
            members.values_mut().for_each(without_types);
        }
        Value::Array(items) => items.iter_mut().for_each(without_types),
        _ => {}
    }
}

fn made_up_card_reads_as_it_was_wanted(dialect: &'static Dialect) {
    for seed in 1..200 {
        let mut random = Random::of_seed(seed);
        let wanted = card(&mut random);
        let written = patch(b"", dialect, &host(), &wanted, &|_| None);
        let written = written.unwrap_or_else(|error| {
            panic!(
                "seed {seed}: {error:?} of {:#}",
                Value::Object(wanted.clone())
            )
        });
        let (found, wanted) = comparable(read(&written, dialect), &wanted);
        let (found, wanted) = (in_its_languages(found), in_its_languages(wanted));
        let text = String::from_utf8_lossy(&written);
        for (name, wanted) in wanted.as_object().into_iter().flatten() {
            if name != "localizations" {
                assert_eq!(found[name], *wanted, "seed {seed}: {name} of {text}");
                continue;
            }
            for (language, wanted) in wanted.as_object().into_iter().flatten() {
                for (name, wanted) in wanted.as_object().into_iter().flatten() {
                    let found = &found["localizations"][language][name];
                    assert_eq!(found, wanted, "seed {seed}: {name} in {language} of {text}");
                }
            }
        }
        let after = read(&written, dialect);
        let again = patch(&written, dialect, &host(), &after, &|_| None);
        assert_eq!(again.as_deref(), Ok(written.as_slice()), "seed {seed}");
    }
}

#[test]
fn made_up_card_reads_as_it_was_wanted_from_a_vcard() {
    made_up_card_reads_as_it_was_wanted(&STANDARD);
}

#[test]
fn made_up_card_reads_as_it_was_wanted_from_a_vcard_of_roundcube() {
    made_up_card_reads_as_it_was_wanted(&ROUNDCUBE);
}
