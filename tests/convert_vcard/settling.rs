//! What becomes of properties that mean something only together with others, or not at all.

use crate::{convert, values};
use serde_json::{Value, json};

/// The names of the properties that are carried.
fn carried(card: &Value) -> Vec<String> {
    let properties = card["vCardProps"].as_array().into_iter().flatten();
    properties
        .map(|property| property[0].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn property_that_cannot_convert_is_carried() {
    for text in [
        "KIND:unheard-of",
        "BDAY;VALUE=text:20200101",
        "BDAY:20200101\r\nBIRTHPLACE;VALUE=uri:https://example.com/",
        "TZ;VALUE=uri:Europe/Berlin",
        "TZ:1",
        "GEO:nowhere",
        "KEY;VALUE=text:https://example.com/",
        "KEY:abc",
        "PHOTO:abc",
        "GRAMGENDER:other",
        "REV:yesterday",
        "JSPROP:1",
        "X-ABLABEL:Boat",
        "X-ABDATE:20200101",
        "N:;Ann\r\nSORT-STRING:Lee",
        "N;SORT-AS=L:Lee;Ann\r\nSORT-STRING:Lee",
        "SORT-STRING:Lee",
        "N:Lee;Ann\r\nSORT-STRING:L\r\nSORT-STRING:M",
        "TEL;TZ=Europe/Berlin;LABEL=x;GEO=\"geo:1,2\";CC=DE:",
    ] {
        let card = convert(&format!("{text}\r\n"));
        let name = text.rsplit("\r\n").next().unwrap_or_default();
        let end = name.find([';', ':']).unwrap_or(name.len());
        assert_eq!(carried(&card), [name[..end].to_lowercase()], "{text}");
    }
}

#[test]
fn blank_property_makes_nothing_of_the_card() {
    for text in [
        "X-ABDATE:20200101\r\n",
        "TEL:\r\n",
        "N:;;;\r\n",
        "CATEGORIES:,\r\n",
    ] {
        let card = convert(text);
        let names: Vec<_> = card.as_object().expect("a card").keys().collect();
        assert_eq!(
            names,
            [
                "@type",
                "addressBookIds",
                "id",
                "uid",
                "vCardProps",
                "version"
            ],
            "{text}"
        );
    }
}

#[test]
fn kind_is_one_of_those_of_rfc_9553() {
    for kind in [
        "individual",
        "group",
        "org",
        "location",
        "device",
        "application",
    ] {
        assert_eq!(
            convert(&format!("KIND: {} \r\n", kind.to_uppercase()))["kind"],
            kind
        );
    }
}

#[test]
fn first_label_of_a_group_counts_whatever_the_order() {
    let card = convert(
        "b.X-ABLABEL:two\r\na.X-ABLABEL:one\r\nB.X-ABLABEL:again\r\nc.TEL:\r\nc.X-ABLABEL:none\r\n\
         a.TEL:1\r\nb.TEL:2\r\nTEL:3\r\n",
    );
    let mut labels: Vec<_> = values(&card, "phones")
        .iter()
        .map(|phone| (phone["number"].clone(), phone["label"].clone()))
        .collect();
    labels.sort_by_key(|(number, _)| number.to_string());
    assert_eq!(
        labels,
        [
            (json!("1"), json!("one")),
            (json!("2"), json!("two")),
            (json!("3"), Value::Null),
        ]
    );
    assert_eq!(
        card["vCardProps"],
        json!([
            ["x-ablabel", {"group": "B"}, "unknown", "again"],
            ["tel", {"group": "c"}, "text", ""],
            ["x-ablabel", {"group": "c"}, "unknown", "none"],
        ])
    );
}

#[test]
fn title_is_held_in_the_one_organization_of_its_group() {
    let card = convert(
        "b.ORG;PROP-ID=b:B\r\na.ORG;PROP-ID=a:A\r\nc.ORG:1\r\nC.ORG:2\r\nORG:3\r\n\
         A.TITLE:a\r\nb.TITLE:b\r\nc.TITLE:c\r\nTITLE:d\r\n",
    );
    let mut titles: Vec<_> = values(&card, "titles")
        .iter()
        .map(|title| (title["name"].clone(), title["organizationId"].clone()))
        .collect();
    titles.sort_by_key(|(name, _)| name.to_string());
    assert_eq!(
        titles,
        [
            (json!("a"), json!("a")),
            (json!("b"), json!("b")),
            (json!("c"), Value::Null),
            (json!("d"), Value::Null),
        ]
    );
}

#[test]
fn preference_and_position_are_numbers_in_their_range() {
    // RFC 9553 §1.5.3, §2.8.4
    for (written, pref) in [
        ("1", json!(1)),
        ("100", json!(100)),
        ("0", Value::Null),
        ("101", Value::Null),
        ("x", Value::Null),
    ] {
        let card = convert(&format!("TEL;PREF={written}:1\r\n"));
        assert_eq!(values(&card, "phones")[0]["pref"], pref, "{written}");
    }
    for (written, position) in [
        ("1", json!(1)),
        ("9007199254740991", json!(9_007_199_254_740_991_u64)),
        ("9007199254740992", Value::Null),
        ("0", Value::Null),
    ] {
        let card = convert(&format!("HOBBY;INDEX={written}:x\r\n"));
        assert_eq!(
            values(&card, "personalInfo")[0]["listAs"],
            position,
            "{written}"
        );
    }
}

#[test]
fn parameter_that_holds_the_name_of_a_type_is_kept() {
    let card = convert("TEL;X-OWN=text;VALUE=uri:tel:1\r\n");
    assert_eq!(
        values(&card, "phones"),
        [json!({"number": "tel:1", "vCardParams": {"x-own": "text"}})]
    );
}

#[test]
fn key_is_the_prop_id_where_that_is_an_id() {
    // RFC 9553 §1.4.1
    let long = "x".repeat(255);
    for (id, is_key) in [
        ("a_B-9", true),
        (long.as_str(), true),
        (&format!("{long}x"), false),
        ("a.b", false),
        ("ü", false),
    ] {
        let card = convert(&format!("TEL;PROP-ID={id}:1\r\n"));
        assert_eq!(card["phones"].get(id).is_some(), is_key, "{id}");
        let phone = &values(&card, "phones")[0];
        assert_eq!(phone.get("vCardParams").is_none(), is_key, "{id}");
    }
}

#[test]
fn equal_keys_are_told_apart_by_numbers_that_are_free() {
    let card = convert(&"TEL;PROP-ID=a:1\r\nTEL;PROP-ID=a-2:2\r\n".repeat(6));
    let keys: Vec<_> = card["phones"].as_object().expect("phones").keys().collect();
    assert_eq!(keys.len(), 12);
    assert_eq!(card["phones"]["a"]["number"], "1");
    assert_eq!(card["phones"]["a-2"]["number"], "2");
    assert_eq!(card["phones"]["a-3"]["number"], "1");
    assert_eq!(card["phones"]["a-2-2"]["number"], "2");
}

#[test]
fn service_is_a_user_or_a_uri() {
    for (text, service) in [
        (
            "IMPP:xmpp:a@b",
            json!({"uri": "xmpp:a@b", "vCardName": "impp"}),
        ),
        ("IMPP:me", json!({"user": "me", "vCardName": "impp"})),
        ("IMPP:1a:b", json!({"user": "1a:b", "vCardName": "impp"})),
        ("IMPP:a b:c", json!({"user": "a b:c", "vCardName": "impp"})),
        (
            "IMPP:a+b-.2:c",
            json!({"uri": "a+b-.2:c", "vCardName": "impp"}),
        ),
        ("SOCIALPROFILE;VALUE=text:a:b", json!({"user": "a:b"})),
        (
            "X-SKYPE:live:me",
            json!({"service": "Skype", "user": "live:me", "vCardName": "x-skype"}),
        ),
        (
            "X-SOCIALPROFILE;TYPE=home;TYPE=twitter:https://t/",
            json!({
                "service": "twitter",
                "uri": "https://t/",
                "contexts": {"private": true},
                "vCardName": "x-socialprofile",
                "vCardParams": {"type": "twitter"},
            }),
        ),
        (
            "X-SOCIALPROFILE;TYPE=twitter:https://t/",
            json!({"service": "twitter", "uri": "https://t/", "vCardName": "x-socialprofile"}),
        ),
    ] {
        let card = convert(&format!("{text}\r\n"));
        assert_eq!(values(&card, "onlineServices"), [service], "{text}");
    }
}

#[test]
fn patch_of_jsprops_applies_as_a_whole_or_not() {
    // RFC 9555 §3.2.1
    let of = |jsprops: &[(&str, &str)]| {
        let lines: String = jsprops
            .iter()
            .map(|(pointer, value)| format!("JSPROP;JSPTR=\"{pointer}\":{value}\r\n"))
            .collect();
        convert(&format!("FN:x\r\nTEL;PROP-ID=t:1\r\n{lines}"))
    };
    for jsprops in [
        &[("a.b:c/d", "1"), ("a.b:c", "{}")][..],
        &[("id", "\"x\"")],
        &[("/uid", "\"x\"")],
        &[("vCardProps", "[]")],
        &[("", "1")],
        &[("phones/u/number", "\"2\"")],
        &[("phones/t/number/x", "\"2\"")],
    ] {
        let card = of(jsprops);
        assert_eq!(carried(&card), vec!["jsprop"; jsprops.len()], "{jsprops:?}");
        assert_eq!(values(&card, "phones"), [json!({"number": "1"})]);
    }
    let card = of(&[
        ("phones/t/number", "null"),
        ("phones/t/a.b:c", "1"),
        ("a.b:~1~0", "2"),
    ]);
    assert_eq!(values(&card, "phones"), [json!({"a.b:c": 1})]);
    assert_eq!(card["a.b:/~"], 2);
    assert_eq!(carried(&card), Vec::<String>::new());
    let card = convert("JSPROP;X-OWN=1;JSPTR=\"a.b:c\":1\r\n");
    assert_eq!(card["a.b:c"], 1);
    assert_eq!(carried(&card), ["jsprop"]);
    let card = convert("JSPROP:1\r\nJSPROP;JSPTR=\"a.b:c\":1\r\n");
    assert_eq!(card["a.b:c"], 1);
    assert_eq!(carried(&card), ["jsprop"]);
}

// A program that removes a phone number does not know that a JSPROP is about it.
#[test]
fn jsprop_that_is_none_or_about_what_is_gone_disables_no_other() {
    let card = convert(
        "FN:x\r\nTEL;PROP-ID=t:1\r\nJSPROP;JSPTR=\"phones/u/a.b:c\":1\r\n\
         JSPROP;JSPTR=\"phones/t/a.b:c\":2\r\nJSPROP;JSPTR=\"phones/t/number/x\":3\r\n\
         JSPROP;JSPTR=\"a.b:d\":{\r\nJSPROP;JSPTR=\"uid\":\"x\"\r\n",
    );
    assert_eq!(card["phones"], json!({"t": {"number": "1", "a.b:c": 2}}));
    assert_eq!(
        card["vCardProps"],
        json!([
            ["jsprop", {"jsptr": "phones/u/a.b:c"}, "text", "1"],
            ["jsprop", {"jsptr": "phones/t/number/x"}, "text", "3"],
            ["jsprop", {"jsptr": "a.b:d"}, "text", "{"],
            ["jsprop", {"jsptr": "uid"}, "text", "\"x\""],
        ])
    );
}

#[test]
fn line_that_is_none_stays_in_the_card_inside() {
    let card = convert("BEGIN:VCARD\nBEGIN:VCARD\nno line\na.TEL:1\n\tx\nEND:VCARD\nEND:VCARD\n");
    assert_eq!(
        card["vCardProps"],
        json!([["begin", {}, "text", "VCARD\nno line\na.TEL:1x\nEND:VCARD"]])
    );
}

#[test]
fn labelled_date_is_the_anniversary_that_its_label_names() {
    for (label, kind) in [
        ("_$!<Anniversary>!$_", "wedding"),
        ("Wedding", "wedding"),
        ("birthday", "birth"),
    ] {
        let card = convert(&format!("g.X-ABDATE:20200101\r\ng.X-ABLABEL:{label}\r\n"));
        assert_eq!(values(&card, "anniversaries")[0]["kind"], kind, "{label}");
    }
}

#[test]
fn anniversary_has_the_year_the_calendar_and_the_place_that_it_says() {
    for (text, expected) in [
        (
            "BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-01",
            json!({"date": {"month": 5, "day": 1}, "vCardParams": {"x-apple-omit-year": "1604"}}),
        ),
        (
            "BDAY;X-APPLE-OMIT-YEAR=1604:1970-05-01",
            json!({
                "date": {"year": 1970, "month": 5, "day": 1},
                "vCardParams": {"x-apple-omit-year": "1604"},
            }),
        ),
        (
            "BDAY;X-OWN=1970:1970",
            json!({"date": {"year": 1970}, "vCardParams": {"x-own": "1970"}}),
        ),
        (
            "BDAY;CALSCALE=Gregorian:1970",
            json!({"date": {"year": 1970, "calendarScale": "gregorian"}}),
        ),
        (
            "BIRTHPLACE;VALUE=uri:GEO:1,2\r\nBDAY:1970",
            json!({"date": {"year": 1970}, "place": {"coordinates": "GEO:1,2"}}),
        ),
    ] {
        let card = convert(&format!("{text}\r\n"));
        let mut expected = expected;
        expected["kind"] = json!("birth");
        assert_eq!(values(&card, "anniversaries"), [expected], "{text}");
    }
}

#[test]
fn alternative_id_of_no_alternatives_is_kept() {
    for text in ["TEL;ALTID=1:1", "BDAY;ALTID=1:1970\r\nBIRTHPLACE:x"] {
        let card = convert(&format!("{text}\r\n"));
        let map = ["phones", "anniversaries"]
            .map(|name| values(&card, name))
            .concat();
        assert_eq!(map[0]["vCardParams"], json!({"altid": "1"}), "{text}");
    }
}
