//! Properties in other languages, and how names and addresses sound (RFC 9555 §2.3.1, §2.3.11,
//! §2.3.15).

use crate::{convert, convert_octets, host_members, strict_json, values};
use openxport::convert::vcard::{Card, STANDARD};
use openxport::json::Writer;
use openxport::store::Selection;
use serde_json::{Value, json};

/// The languages that a card has patches in, with how many.
fn patches(card: &Value) -> Vec<(String, usize)> {
    let languages = card["localizations"].as_object().into_iter().flatten();
    let count = |patch: &Value| patch.as_object().map_or(0, serde_json::Map::len);
    languages
        .map(|(language, patch)| (language.clone(), count(patch)))
        .collect()
}

#[test]
fn alternative_patches_the_text_in_its_language() {
    for (name, value, property, member) in [
        ("NICKNAME", "x", "nicknames", "name"),
        ("NOTE", "x", "notes", "note"),
        ("TITLE", "x", "titles", "name"),
        ("EMAIL", "x@y", "emails", "address"),
        ("PRONOUNS", "x", "speakToAs/pronouns", "pronouns"),
    ] {
        let card = convert(&format!(
            "{name};PROP-ID=k;ALTID=1:main\r\n{name};ALTID=1;LANGUAGE=fr:f\r\n\
             {name};ALTID=1;LANGUAGE=de:{value}\r\n{name};ALTID=1;LANGUAGE=FR:again\r\n"
        ));
        let path = format!("{property}/k/{member}");
        assert_eq!(card["localizations"]["de"], json!({path.clone(): value}));
        assert_eq!(card["localizations"]["fr"], json!({path: "f"}));
        assert_eq!(patches(&card), [("de".into(), 1), ("fr".into(), 1)]);
        let pointer = format!("/{property}");
        let map = card.pointer(&pointer).and_then(Value::as_object);
        // The second one in French is no alternative, but lost it is not.
        assert_eq!(map.expect("there is a map").len(), 2, "{name}");
    }
}

// RFC 8259 §4, RFC 7493 §2.3: a client may refuse an object that has a name twice.
#[test]
fn alternative_in_a_language_that_reads_like_another_is_carried() {
    for languages in [
        [&b"de"[..], b"DE"],
        [b"\xC3\xA9\xFE", b"\xC3\xA9\xFF"],
        [b"a^", b"a^^"],
    ] {
        for (name, key) in [
            ("FN", "name/full"),
            ("N", "name/components"),
            ("BIRTHPLACE", "anniversaries/b/place"),
        ] {
            let mut octets = format!("BDAY;PROP-ID=b:2000\r\n{name}:main\r\n").into_bytes();
            for (language, value) in languages.into_iter().zip(["one", "two"]) {
                octets.extend(format!("{name};LANGUAGE=").bytes());
                octets.extend(language);
                octets.extend(format!(":{value}\r\n").bytes());
            }
            let card = convert_octets(&octets);
            let localizations = card["localizations"].as_object().expect("it is localized");
            assert_eq!(localizations.len(), 1, "{card:#}");
            assert!(localizations.values().all(|patch| patch[key].is_object()
                || patch[key].is_array()
                || patch[key] == "one"));
            let carried = card["vCardProps"].as_array().expect("something is carried");
            assert_eq!(carried.len(), 1, "{card:#}");
            assert!(carried[0].to_string().contains("two"), "{card:#}");
        }
    }
}

#[test]
fn alternative_with_more_than_its_text_patches_the_whole_object() {
    let card = convert(
        "TITLE;PROP-ID=k;ALTID=1:main\r\ng.TITLE;ALTID=1;LANGUAGE=de:x\r\n\
         TITLE;ALTID=1;LANGUAGE=fr;X-OWN=1:y\r\n",
    );
    assert_eq!(
        card["localizations"],
        json!({
            "de": {"titles/k": {
                "kind": "title", "name": "x", "vCardParams": {"group": "g"},
            }},
            "fr": {"titles/k": {"kind": "title", "name": "y", "vCardParams": {"x-own": "1"}}},
        })
    );
}

#[test]
fn alternative_of_media_is_an_entry_of_its_own() {
    let card = convert(
        "PHOTO;ALTID=1;VALUE=uri:https://a/\r\nPHOTO;ALTID=1;LANGUAGE=de;VALUE=uri:https://b/\r\n",
    );
    assert_eq!(values(&card, "media").len(), 2);
    assert_eq!(card.get("localizations"), None);
}

#[test]
fn alternative_of_nothing_is_carried() {
    let card = convert("TITLE;ALTID=1:main\r\nTITLE;ALTID=1;LANGUAGE=de:\r\n");
    assert_eq!(values(&card, "titles").len(), 1);
    assert_eq!(card.get("localizations"), None);
    assert_eq!(
        card["vCardProps"],
        json!([["title", {"altid": "1", "language": "de"}, "text", ""]])
    );
}

#[test]
fn alternatives_in_one_language_stay_apart() {
    let card = convert("TITLE;ALTID=1:one\r\nTITLE;ALTID=1:two\r\n");
    assert_eq!(values(&card, "titles").len(), 2);
    let card = convert("LANGUAGE:de\r\nTITLE;ALTID=1:one\r\nTITLE;ALTID=1;LANGUAGE=DE:two\r\n");
    assert_eq!(values(&card, "titles").len(), 2);
    assert_eq!(card.get("localizations"), None);
}

#[test]
fn alternative_in_the_language_of_the_card_is_the_main_one() {
    let card = convert(
        "LANGUAGE:de\r\nTITLE;ALTID=1;LANGUAGE=en:boss\r\nTITLE;ALTID=1;LANGUAGE=de:Chef\r\n",
    );
    assert_eq!(values(&card, "titles")[0]["name"], "Chef");
    assert_eq!(patches(&card), [("en".into(), 1)]);
}

#[test]
fn name_without_a_language_is_the_main_one() {
    let card = convert("FN;LANGUAGE=de:d\r\nFN;PREF=1;X-OWN=2:plain\r\n");
    assert_eq!(card["name"]["full"], "plain");
    assert_eq!(card.get("language"), None);
    assert_eq!(card["localizations"], json!({"de": {"name/full": "d"}}));
}

#[test]
fn language_of_the_card_is_that_of_its_name() {
    let of = |text: &str| convert(text)["language"].clone();
    assert_eq!(of("FN;LANGUAGE=DE:x\r\n"), "de");
    assert_eq!(of("N;LANGUAGE=de-CH:x;y\r\n"), "de-CH");
    assert_eq!(of("FN:x\r\nN;LANGUAGE=de:x;y\r\n"), "de");
    // A name that is blank says nothing.
    assert_eq!(of("FN:\r\nFN;LANGUAGE=de:x\r\n"), "de");
    assert_eq!(of("FN;LANGUAGE=fr:\r\nFN;LANGUAGE=de:x\r\n"), "de");
    assert_eq!(of("FN:x\r\nFN;LANGUAGE=de:y\r\n"), Value::Null);
    assert_eq!(of("TITLE;LANGUAGE=de:y\r\n"), Value::Null);
    assert_eq!(of("LANGUAGE:fr\r\nFN;LANGUAGE=de:x\r\n"), "fr");
}

#[test]
fn gender_in_another_language_is_a_patch() {
    let card = convert("GRAMGENDER:feminine\r\nGRAMGENDER;LANGUAGE=de:neuter\r\n");
    assert_eq!(
        card["localizations"],
        json!({"de": {"speakToAs/grammaticalGender": "neuter"}})
    );
}

#[test]
fn place_in_another_language_is_a_patch() {
    let card = convert(
        "BIRTHPLACE;LANGUAGE=fr:Cologne\r\nBDAY;PROP-ID=b:19700101\r\nBIRTHPLACE:Köln\r\n\
         BIRTHPLACE;LANGUAGE=it:Colonia\r\nBIRTHPLACE;LANGUAGE=FR:again\r\n",
    );
    assert_eq!(card["anniversaries"]["b"]["place"], json!({"full": "Köln"}));
    assert_eq!(
        card["localizations"],
        json!({
            "fr": {"anniversaries/b/place": {"full": "Cologne"}},
            "it": {"anniversaries/b/place": {"full": "Colonia"}},
        })
    );
    assert_eq!(
        card["vCardProps"],
        json!([["birthplace", {"language": "FR"}, "text", "again"]])
    );
}

#[test]
fn place_without_its_date_is_carried() {
    let card = convert("BIRTHPLACE:Köln\r\nDEATHDATE:2000\r\n");
    assert_eq!(
        card["vCardProps"],
        json!([["birthplace", {}, "text", "Köln"]])
    );
}

#[test]
fn name_in_another_language_says_its_own_order() {
    let card = convert(
        "N;JSCOMPS=\"s,-;1;0\":Lee;Ann\r\nN;LANGUAGE=de:L;A\r\nN;LANGUAGE=fr;JSCOMPS=\";0;1\":l;a\r\n",
    );
    assert_eq!(card["name"]["defaultSeparator"], "-");
    let of_german = &card["localizations"]["de"];
    assert_eq!(of_german["name/isOrdered"], false);
    assert!(
        of_german
            .as_object()
            .expect("a patch")
            .contains_key("name/defaultSeparator")
    );
    assert_eq!(of_german["name/defaultSeparator"], Value::Null);
    assert_eq!(card["localizations"]["fr"]["name/isOrdered"], true);
    let card = convert("N:Lee;Ann\r\nN;LANGUAGE=de;JSCOMPS=\"s,-;1;0\":L;A\r\n");
    assert_eq!(card["localizations"]["de"]["name/defaultSeparator"], "-");
    let card = convert("N:Lee;Ann\r\nN;LANGUAGE=de:L;A\r\n");
    let members = card["localizations"]["de"].as_object().expect("a patch");
    assert_eq!(members.keys().collect::<Vec<_>>(), ["name/components"]);
}

#[test]
fn sound_joins_the_name_in_its_language() {
    let components = |value: &str, phonetic: &str| json!([{"kind": "surname", "value": value, "phonetic": phonetic}]);
    for sound in ["N;PHONETIC=ipa", "N;PHONETIC=ipa;LANGUAGE=JA"] {
        let card = convert(&format!("{sound}:b\r\nN;LANGUAGE=ja:a\r\n"));
        assert_eq!(card["name"]["components"], components("a", "b"), "{sound}");
        assert_eq!(card["name"]["phoneticSystem"], "ipa");
    }
    let card = convert("N:x\r\nN;LANGUAGE=ja:a\r\nN;PHONETIC=ipa;LANGUAGE=ja;SCRIPT=Latn:b\r\n");
    assert_eq!(
        card["localizations"],
        json!({"ja": {
            "name/components": components("a", "b"),
            "name/phoneticSystem": "ipa",
            "name/phoneticScript": "Latn",
        }})
    );
}

#[test]
fn sound_of_no_name_is_carried() {
    let card = convert("N;PHONETIC=ipa:b\r\n");
    assert_eq!(card.get("name"), None);
    assert_eq!(card["vCardProps"][0][0], "n");
}

#[test]
fn sound_of_an_address_is_a_patch_of_its_components() {
    let card = convert(
        "ADR;PROP-ID=k;ALTID=1:;;1 Oak;Reston;;;;;;;1;Oak\r\n\
         ADR;ALTID=1;PHONETIC=ipa;LANGUAGE=en:;;;Rɛstən;;;;;;;wʌn;oʊk\r\n",
    );
    let parts = card["addresses"]["k"]["components"]
        .as_array()
        .expect("parts");
    let kinds: Vec<_> = parts.iter().map(|part| &part["kind"]).collect();
    assert_eq!(kinds, ["number", "name", "locality"]);
    assert_eq!(
        card["localizations"],
        json!({"en": {
            "addresses/k/phoneticSystem": "ipa",
            "addresses/k/components/0/phonetic": "wʌn",
            "addresses/k/components/1/phonetic": "oʊk",
            "addresses/k/components/2/phonetic": "Rɛstən",
        }})
    );
    assert_eq!(card.get("vCardProps"), None);
}

#[test]
fn sound_of_anything_else_is_a_parameter() {
    let card = convert("TITLE;PROP-ID=k;ALTID=1:x\r\nTITLE;ALTID=1;PHONETIC=ipa;LANGUAGE=de:y\r\n");
    assert_eq!(
        card["localizations"]["de"]["titles/k"]["vCardParams"],
        json!({"phonetic": "ipa"})
    );
    assert_eq!(card.get("vCardProps"), None);
}

#[test]
fn selection_leaves_localizations_and_patches_out() {
    let text = "FN:x\r\nFN;LANGUAGE=de:y\r\nTEL:1\r\nJSPROP;JSPTR=\"a.b:c\":1\r\n";
    for text in [text, text.split("JSPROP").next().expect("a half")] {
        let mut out = Writer::new();
        let selection = Selection::of(["phones"]);
        Card::parse(text.as_bytes(), &STANDARD).emit(&host_members(), &selection, &mut out);
        let card = strict_json::read(out.as_bytes()).expect("it is JSON");
        let names: Vec<_> = card.as_object().expect("a card").keys().collect();
        assert_eq!(names, ["id", "phones"]);
    }
}

#[test]
fn alternative_of_too_many_components_is_carried_besides() {
    for text in [
        "N:a;b\r\nN;LANGUAGE=de:a;b;c;d;e;f;g;h\r\n".to_owned(),
        format!(
            "ADR;ALTID=1:;;A\r\nADR;ALTID=1;LANGUAGE=de:;;A{}x\r\n",
            ";".repeat(16)
        ),
        "N:a;b\r\nN;PHONETIC=ipa:a;b;c;d;e;f;g;h\r\n".to_owned(),
        "N:a;b\r\nN;PHONETIC=ipa:a;b;c\r\n".to_owned(),
        "N:a;b;c;d;e;f;g\r\nN;PHONETIC=ipa:a;b;c;d;e;f;g;h\r\n".to_owned(),
        "ADR;ALTID=1:;;A\r\nADR;ALTID=1;PHONETIC=ipa:;;a;b\r\n".to_owned(),
    ] {
        let card = convert(&text);
        let carried = card["vCardProps"].as_array().map_or(0, Vec::len);
        assert_eq!(carried, 1, "{text}");
    }
    for text in [
        "N:a;b\r\nN;PHONETIC=ipa:a;b;;;;;\r\n",
        "ADR;ALTID=1:;;A;B\r\nADR;ALTID=1;PHONETIC=ipa:;;a;b\r\n",
    ] {
        assert_eq!(convert(text).get("vCardProps"), None, "{text}");
    }
}

#[test]
fn nicknames_in_another_language_patch_one_that_is_there() {
    let card = convert("NICKNAME;ALTID=1:a,b\r\nNICKNAME;ALTID=1;LANGUAGE=de:c\r\n");
    let nicknames = card["nicknames"].as_object().expect("nicknames");
    assert_eq!(nicknames.len(), 2);
    let patch = card["localizations"]["de"].as_object().expect("a patch");
    for path in patch.keys() {
        let key = path.split('/').nth(1).unwrap_or_default();
        assert!(nicknames.contains_key(key), "{path}");
    }
}

#[test]
fn alternatives_of_one_id_belong_together_wherever_they_stand() {
    let card = convert(
        "TITLE;PROP-ID=a;ALTID=1:a\r\nTITLE;PROP-ID=b;ALTID=2:b\r\nTITLE;ALTID=1;LANGUAGE=de:x\r\n\
         TITLE;ALTID=1;LANGUAGE=fr:y\r\nTITLE;ALTID=2;LANGUAGE=DE:z\r\n",
    );
    assert_eq!(
        card["localizations"],
        json!({
            "de": {"titles/a/name": "x", "titles/b/name": "z"},
            "fr": {"titles/a/name": "y"},
        })
    );
}

#[test]
fn alternative_patches_an_entry_of_its_map() {
    for (name, value, property) in [
        ("ADR", ";;x", "addresses"),
        ("CALURI", "https://x/", "calendars"),
        ("KEY", "https://x/", "cryptoKeys"),
        ("SOURCE", "https://x/", "directories"),
        ("ORG-DIRECTORY", "https://x/", "directories"),
        ("URL", "https://x/", "links"),
        ("IMPP", "xmpp:x", "onlineServices"),
        ("X-ICQ", "1", "onlineServices"),
        ("ORG", "x", "organizations"),
        ("HOBBY", "x", "personalInfo"),
        ("TEL", "1", "phones"),
        ("LANG", "fr", "preferredLanguages"),
        ("CALADRURI", "mailto:x", "schedulingAddresses"),
    ] {
        let card = convert(&format!(
            "{name};PROP-ID=k;ALTID=1:{value}\r\n{name};ALTID=1;LANGUAGE=de:{value}\r\n"
        ));
        assert!(card[property]["k"].is_object(), "{name}");
        let patch = card["localizations"]["de"].as_object();
        let paths: Vec<_> = patch.expect("a patch").keys().collect();
        assert_eq!(paths.len(), 1, "{name}");
        let own = paths[0].strip_prefix(&format!("{property}/k"));
        assert!(
            own.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            "{name}"
        );
    }
}
