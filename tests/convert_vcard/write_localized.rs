//! JSContact to vCard: what is said in other languages, and how it sounds (RFC 9555 §2.3.1,
//! §2.3.11, §2.3.15).

use crate::write::{created, host, read};
use crate::write_places::lines_after;
use openxport::convert::vcard::{STANDARD, patch};
use openxport::hosts::roundcube::dialect::ROUNDCUBE;
use serde_json::{Value, json};

/// The lines of a new vCard 4.0, without those that all of them have. It reads as it was
/// wanted.
fn lines_of(mut card: Value) -> Vec<String> {
    card["vCardProps"] = json!([["version", {}, "text", "4.0"]]);
    let written = created(card.clone(), &STANDARD);
    let found = read(written.as_bytes(), &STANDARD);
    for name in card.as_object().expect("a Card").keys() {
        assert_eq!(found.get(name), card.get(name), "{name} of {written}");
    }
    let unfolded = written.replace("\r\n ", "");
    let lines = unfolded.lines().filter(|line| {
        let frame = ["BEGIN:", "END:", "VERSION:", "UID:"];
        !frame.iter().any(|name| line.starts_with(name))
    });
    lines.map(str::to_owned).collect()
}

#[test]
fn text_in_another_language_is_a_line_with_its_altid() {
    // RFC 9555 §2.3.11
    assert_eq!(
        lines_of(json!({
            "name": {"full": "John Doe"},
            "titles": {"t1": {"kind": "title", "name": "Boss"}},
            "notes": {"n": {"note": "Note"}},
            "speakToAs": {"grammaticalGender": "neuter", "pronouns": {"p": {"pronouns": "they"}}},
            "localizations": {
                "fr": {"name/full": "Jean", "titles/t1/name": "Patron",
                    "speakToAs/grammaticalGender": "common", "speakToAs/pronouns/p/pronouns": "iel"},
                "de": {"titles/t1/name": "Chef"},
            },
        })),
        [
            "FN:John Doe",
            "NOTE;PROP-ID=n:Note",
            "GRAMGENDER:neuter",
            "PRONOUNS;PROP-ID=p;ALTID=1:they",
            "TITLE;PROP-ID=t1;ALTID=2:Boss",
            "TITLE;LANGUAGE=de;ALTID=2:Chef",
            "FN;LANGUAGE=fr:Jean",
            "GRAMGENDER;LANGUAGE=fr:common",
            "PRONOUNS;LANGUAGE=fr;ALTID=1:iel",
            "TITLE;LANGUAGE=fr;ALTID=2:Patron",
        ]
    );
}

#[test]
fn sounds_of_a_name_are_a_line_in_their_language() {
    // RFC 9555 §2.3.15
    assert_eq!(
        lines_of(json!({
            "language": "zh-Hant",
            "name": {"full": "孫中山", "components": [
                {"kind": "surname", "value": "孫"}, {"kind": "given", "value": "中山"},
                {"kind": "given2", "value": "文"}, {"kind": "given2", "value": "逸仙"}]},
            "localizations": {"yue": {
                "name/phoneticSystem": "jyut", "name/phoneticScript": "Latn",
                "name/components/0/phonetic": "syun1",
                "name/components/1/phonetic": "zung1saan1",
                "name/components/2/phonetic": "man4",
                "name/components/3/phonetic": "jat6sin1"}},
        })),
        [
            "FN:孫中山",
            "N;ALTID=1:孫;中山;文,逸仙;;",
            "LANGUAGE:zh-Hant",
            "N;PHONETIC=jyut;SCRIPT=Latn;LANGUAGE=yue;ALTID=1:syun1;zung1saan1;man4,jat6sin1;;",
        ]
    );
}

#[test]
fn sounds_of_names_and_addresses_share_their_altid() {
    assert_eq!(
        lines_of(json!({
            "name": {"full": "x", "phoneticSystem": "ipa", "components": [
                {"kind": "given", "value": "Zoë", "phonetic": "zoi"}]},
            "addresses": {"a": {"phoneticScript": "Latn", "components": [
                {"kind": "locality", "value": "東京", "phonetic": "Tokyo"}]}},
            "localizations": {"de": {
                "name/components": [{"kind": "given", "value": "Zoe", "phonetic": "tso"}],
                "name/phoneticSystem": "ipa",
                "addresses/a": {"phoneticScript": "Latn", "components": [
                    {"kind": "locality", "value": "Tokio", "phonetic": "to"}]}}},
        })),
        [
            "FN:x",
            "N;ALTID=1:;Zoë;;;",
            "N;PHONETIC=ipa;ALTID=1:;zoi;;;",
            "ADR;PROP-ID=a;ALTID=2:;;;東京;;;",
            "ADR;PHONETIC=script;SCRIPT=Latn;ALTID=2:;;;Tokyo;;;",
            "ADR;LANGUAGE=de;ALTID=2:;;;Tokio;;;",
            "ADR;PHONETIC=script;SCRIPT=Latn;LANGUAGE=de;ALTID=2:;;;to;;;",
            "N;LANGUAGE=de;ALTID=1:;Zoe;;;",
            "N;PHONETIC=ipa;LANGUAGE=de;ALTID=1:;tso;;;",
        ]
    );
}

#[test]
fn places_of_anniversaries_and_whole_entries_are_lines_too() {
    assert_eq!(
        lines_of(json!({
            "name": {"full": "x"},
            "anniversaries": {"b": {"kind": "birth", "date": {"year": 2000}, "place": {"full": "Köln"}}},
            "phones": {"p": {"number": "1"}},
            "localizations": {"fr": {
                "anniversaries/b/place": {"full": "Cologne"},
                "phones/p": {"number": "2", "contexts": {"work": true}}}},
        })),
        [
            "FN:x",
            "BDAY;PROP-ID=b:2000",
            "BIRTHPLACE:Köln",
            "TEL;PROP-ID=p;ALTID=1:1",
            "BIRTHPLACE;LANGUAGE=fr:Cologne",
            "TEL;TYPE=work;LANGUAGE=fr;ALTID=1:2",
        ]
    );
}

#[test]
fn sounds_of_another_language_are_its_own() {
    assert_eq!(
        lines_of(json!({
            "name": {"full": "x", "phoneticSystem": "ipa", "components": [
                {"kind": "surname", "value": "M", "phonetic": "em"},
                {"kind": "given", "value": "Z", "phonetic": "zet"}]},
            "localizations": {"fr": {
                "name/phoneticSystem": "ipa", "name/components/0/phonetic": "ɛm"}},
        })),
        [
            "FN:x",
            "N;ALTID=1:M;Z;;;",
            "N;PHONETIC=ipa;ALTID=1:em;zet;;;",
            "N;PHONETIC=ipa;LANGUAGE=fr;ALTID=1:ɛm;;;;",
        ]
    );
}

// RFC 9553 §2.2.1.1
#[test]
fn components_without_an_order_may_come_in_any() {
    let card = json!({
        "name": {"full": "x", "components": [{"kind": "surname", "value": "N"}]},
        "localizations": {"de": {"name/components": [
            {"kind": "given", "value": "Z"}, {"kind": "surname", "value": "M"}]}},
    });
    let written = created(card, &STANDARD);
    assert!(
        written.contains("N;LANGUAGE=de;ALTID=1:M;Z;;;\r\n"),
        "{written}"
    );
}

// RFC 9553 §2.7.1: in the specification's own example the whole name is replaced.
#[test]
fn name_that_is_replaced_in_a_language_is_a_line() {
    let card = json!({
        "name": {"isOrdered": true, "components": [{"kind": "given", "value": "Ivan"}]},
        "localizations": {"uk-Cyrl": {"name": {"@type": "Name", "isOrdered": true, "components": [
            {"@type": "NameComponent", "kind": "given", "value": "Иван"}]}}},
        "vCardProps": [["version", {}, "text", "4.0"]],
    });
    let written = created(card, &STANDARD);
    assert!(
        written.contains("\r\nN;JSCOMPS=\";1\";LANGUAGE=uk-Cyrl;ALTID=1:;Иван;;;\r\n"),
        "{written}"
    );
    assert_eq!(
        read(written.as_bytes(), &STANDARD)["localizations"],
        json!({"uk-Cyrl": {
            "name/components": [{"kind": "given", "value": "Иван"}],
            "name/isOrdered": true,
            "name/defaultSeparator": null}})
    );
}

#[test]
fn what_no_line_says_in_a_language_is_a_jsprop() {
    for (card, pointer) in [
        (
            json!({"phones": {"p": {"number": "1"}}, "localizations": {"fr": {"phones/p/label": "x"}}}),
            "localizations",
        ),
        (
            json!({"name": {"full": "x"}, "localizations": {"fr": {"name/sortAs": {"given": "x"}}}}),
            "localizations",
        ),
        (
            json!({"name": {"full": "x"}, "phones": {"p": {"number": "1"}},
                "localizations": {"fr": {"name/full": "y", "phones/p/number": "\u{1}"}}}),
            "localizations/fr/phones~1p~1number",
        ),
        (
            json!({"localizations": {"fr": {"name/full": "y"}}}),
            "localizations",
        ),
    ] {
        let written = created(card.clone(), &STANDARD).replace("\r\n ", "");
        let jsprops = written.lines().filter(|line| line.starts_with("JSPROP"));
        let jsprops: Vec<&str> = jsprops.collect();
        let start = format!("JSPROP;JSPTR={pointer}:");
        assert!(
            matches!(jsprops[..], [line] if line.starts_with(&start)),
            "{written}"
        );
        let found = read(written.as_bytes(), &STANDARD);
        assert_eq!(found["localizations"], card["localizations"], "{written}");
    }
}

#[test]
fn changed_language_leaves_the_others_as_they_are() {
    let stored = "FN:x\r\ntitle;PROP-ID=t;ALTID=b:Boss\r\nTITLE;ALTID=b;LANGUAGE=fr;X-OWN=1:Patron\r\n\
                  title;LANGUAGE=de;ALTID=b:Chef\r\nX-OWN:1\r\n";
    let localizations = json!({
        "fr": {"titles/t": {"kind": "title", "name": "Patronne", "vCardParams": {"x-own": "1"}}},
        "de": {"titles/t/name": "Chef"}, "es": {"titles/t/name": "Jefe"}});
    assert_eq!(
        lines_after(stored, json!({"localizations": localizations})),
        "FN:x\r\ntitle;PROP-ID=t;ALTID=b:Boss\r\nTITLE;LANGUAGE=es;ALTID=b:Jefe\r\n\
         TITLE;X-OWN=1;LANGUAGE=fr;ALTID=b:Patronne\r\ntitle;LANGUAGE=de;ALTID=b:Chef\r\nX-OWN:1\r\n"
    );
    assert_eq!(
        lines_after(
            stored,
            json!({"localizations": {"de": {"titles/t/name": "Chef"}}})
        ),
        "FN:x\r\ntitle;PROP-ID=t;ALTID=b:Boss\r\ntitle;LANGUAGE=de;ALTID=b:Chef\r\nX-OWN:1\r\n"
    );
}

#[test]
fn new_language_takes_an_altid_that_is_free() {
    assert_eq!(
        lines_after(
            "FN:x\r\nNOTE;ALTID=1:y\r\nROLE;PROP-ID=t:z\r\n",
            json!({"localizations": {"fr": {"titles/t/name": "zz", "name/full": "xx"}}})
        ),
        "FN:x\r\nFN;LANGUAGE=fr:xx\r\nNOTE;ALTID=1:y\r\nROLE;PROP-ID=t;ALTID=2:z\r\n\
         ROLE;LANGUAGE=fr;ALTID=2:zz\r\n"
    );
}

// The case of a language tag says nothing (RFC 5646 §2.1.1), and no line is left behind.
#[test]
fn language_that_is_spelt_in_two_ways_changes_as_one() {
    let stored = "FN:x\r\nN:a;;;;\r\nFN;LANGUAGE=de:y\r\nN;LANGUAGE=DE:b;;;;\r\n";
    let name = json!([{"kind": "surname", "value": "c"}]);
    let patches = json!({"de": {"name/full": "y", "name/components": name}});
    assert_eq!(
        lines_after(stored, json!({"localizations": patches})),
        "FN:x\r\nN;ALTID=1:a;;;;\r\nFN;LANGUAGE=de:y\r\nN;LANGUAGE=de;ALTID=1:c;;;;\r\n"
    );
}

// Roundcube's editor drops the FN and N of other languages and makes further values of the
// others; JSPROPs it leaves alone.
#[test]
fn new_language_is_a_jsprop_in_roundcube() {
    let stored = "FN:x\r\nTITLE;PROP-ID=t;ALTID=1:y\r\nTITLE;LANGUAGE=fr;ALTID=1:z\r\n";
    let mut after = read(stored.as_bytes(), &ROUNDCUBE);
    after["localizations"] = json!({"fr": {"titles/t/name": "zz"}, "de": {"titles/t/name": "d"}});
    let card = patch(stored.as_bytes(), &ROUNDCUBE, &host(), &after, &|_| None);
    assert_eq!(
        String::from_utf8_lossy(&card.expect("it can be written")),
        "FN:x\r\nTITLE;PROP-ID=t;ALTID=1:y\r\nTITLE;LANGUAGE=fr;ALTID=1:zz\r\n\
         UID:uid-of-the-host\r\nJSPROP;JSPTR=localizations/de:{\"titles/t/name\":\"d\"}\r\n"
    );
}
