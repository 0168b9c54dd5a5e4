//! JSContact to vCard: the sample pairs backwards, and behaviour by behaviour (RFC 9555 §3).

use crate::samples::{dialect, folder, names, vcard};
use crate::strict_json;
use openxport::convert::vcard::{Card, Dialect, HostMembers, STANDARD, patch};
use openxport::hosts::roundcube::dialect::ROUNDCUBE;
use openxport::json::Writer;
use openxport::store::{Contents, Object, Selection};
use serde_json::{Value, json};
use std::fs;

pub fn host() -> HostMembers<'static> {
    HostMembers {
        id: "c1",
        address_book_ids: &["b0"],
        uid: "uid-of-the-host",
        is_uid_taken: false,
        updated: None,
        created: None,
        blob_id: &|key, _| format!("blob-{key}"),
    }
}

pub fn read(card: &[u8], dialect: &Dialect) -> Object {
    let mut out = Writer::new();
    Card::parse(card, dialect).emit(&host(), &Selection::ALL, &mut out);
    match strict_json::read(out.as_bytes()) {
        Ok(Value::Object(object)) => object,
        other => panic!("{other:?} of {}", String::from_utf8_lossy(card)),
    }
}

fn sample(name: &str) -> Object {
    let json = fs::read(folder().join(format!("{name}.json"))).expect("the Card can be read");
    match strict_json::read(&json) {
        Ok(Value::Object(object)) => object,
        other => panic!("{name}: {other:?}"),
    }
}

/// vCard has one line break.
fn with_line_feeds(card: &Object) -> Object {
    let text = Value::Object(card.clone()).to_string();
    let text = text.replace("\\r\\n", "\\n").replace("\\r", "\\n");
    match serde_json::from_str(&text) {
        Ok(Value::Object(card)) => card,
        other => panic!("{other:?}"),
    }
}

/// Takes from a Card that has been read what only tells how it is stored, where the Card
/// that was wanted says nothing of that (RFC 9555 §2.15), and sorts what has no order.
pub fn comparable(mut read: Object, wanted: &Object) -> (Value, Value) {
    let mut wanted = with_line_feeds(wanted);
    read = with_line_feeds(&read);
    let is_said = |value: &Value| value.as_object().is_none_or(|members| !members.is_empty());
    wanted.retain(|name, value| name.contains(':') || is_said(value));
    for card in [&mut read, &mut wanted] {
        let Some(Value::Array(carried)) = card.get_mut("vCardProps") else {
            continue;
        };
        carried.retain(|property| !is_of_the_form(property));
        carried.sort_by_key(ToString::to_string);
        if carried.is_empty() {
            card.remove("vCardProps");
        }
    }
    let (mut read, mut wanted) = (Value::Object(read), Value::Object(wanted));
    strip(&mut read, &wanted);
    sort_components(&mut read);
    sort_components(&mut wanted);
    (read, wanted)
}

/// Components without an order of their own may come in any (RFC 9553 §2.2.1.1).
pub fn sort_components(value: &mut Value) {
    if let Value::Object(members) = value {
        members.values_mut().for_each(sort_components);
        if members.get("isOrdered") != Some(&Value::Bool(true)) {
            members.remove("isOrdered");
            if let Some(Value::Array(components)) = members.get_mut("components") {
                components.sort_by_key(ToString::to_string);
            }
        }
    }
}

/// VERSION, and names that are empty because each vCard has them.
fn is_of_the_form(property: &Value) -> bool {
    property[0] == "version"
        || (property[0] == "fn"
            && (property[3].as_str().is_some_and(|it| it.trim().is_empty())
                || property[1]["derived"] == "TRUE"))
        || (property[0] == "n"
            && property[3]
                .as_array()
                .is_some_and(|it| it.iter().all(|it| it == "")))
}

fn strip(read: &mut Value, wanted: &Value) {
    match (read, wanted) {
        (Value::Object(read), Value::Object(wanted)) => {
            read.retain(|name, _| {
                !matches!(name.as_str(), "vCardName" | "vCardParams") || wanted.contains_key(name)
            });
            for (name, read) in read.iter_mut() {
                if let (Value::Object(read), Some(Value::Object(wanted))) =
                    (&mut *read, wanted.get(name))
                    && name == "vCardParams"
                {
                    read.retain(|name, _| wanted.contains_key(name));
                    if let Some(group) = wanted.get("group") {
                        read.insert("group".to_owned(), group.clone());
                    }
                }
                if let Some(wanted) = wanted.get(name) {
                    strip(read, wanted);
                }
            }
        }
        (Value::Array(read), Value::Array(wanted)) => {
            read.iter_mut()
                .zip(wanted)
                .for_each(|(read, wanted)| strip(read, wanted));
        }
        _ => {}
    }
}

#[test]
fn sample_written_anew_reads_as_its_card() {
    let mut wrong = Vec::new();
    for name in names(".json") {
        let wanted = sample(&name);
        let stored = vcard(&name);
        let origin = Card::parse(&stored, dialect(&name));
        let blobs = |id: &str| -> Option<Contents> { origin.media(id.strip_prefix("blob-")?) };
        match patch(b"", dialect(&name), &host(), &wanted, &blobs) {
            Ok(card) => {
                let (read, wanted) = comparable(read(&card, dialect(&name)), &wanted);
                let text = String::from_utf8_lossy(&card);
                if read != wanted {
                    wrong.push(format!(
                        "== {name}\n{text}\n{read:#}\n== and not\n{wanted:#}"
                    ));
                }
            }
            Err(error) => wrong.push(format!("== {name}: {error:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        other => panic!("{other}"),
    }
}

fn no_blobs(_: &str) -> Option<Contents> {
    None
}

pub fn created(card: Value, dialect: &'static Dialect) -> String {
    let card = patch(b"", dialect, &host(), &object(card), &no_blobs);
    String::from_utf8(card.expect("it can be written")).expect("it is UTF-8")
}

/// What becomes of a stored card when the top-level properties of `changes` are set.
pub fn changed(stored: &[u8], changes: Value) -> Vec<u8> {
    let mut after = read(stored, &STANDARD);
    after.extend(object(changes));
    patch(stored, &STANDARD, &host(), &after, &no_blobs).expect("it can be written")
}

fn refused(card: Value) -> Vec<String> {
    let refused = patch(b"", &STANDARD, &host(), &object(card), &no_blobs);
    refused.expect_err("it is refused").properties
}

#[test]
fn new_card_is_written_as_the_editor_of_roundcube_reads_it() {
    let card = created(
        json!({
            "name": {"components": [
                {"kind": "given", "value": "Zoë"}, {"kind": "surname", "value": "Müller"}]},
            "emails": {"e1": {"address": "zoe@example.com", "contexts": {"private": true}, "pref": 1}},
            "phones": {"p1": {"number": "+49 1", "contexts": {"private": true}, "features": {"fax": true}}},
            "organizations": {"o1": {"name": "Acme", "units": [{"name": "R&D"}]}},
            "anniversaries": {"a1": {"kind": "wedding", "date": {"year": 2010, "month": 5, "day": 1}}},
            "relatedTo": {"Sam": {"relation": {"spouse": true}}},
            "onlineServices": {"s1": {"service": "Jabber", "user": "zoe@jabber.example"}},
            "addresses": {"d1": {"contexts": {"work": true}, "components": [
                {"kind": "name", "value": "Allee 2"}, {"kind": "locality", "value": "Bonn"}]}},
            "vCardProps": [["x-maidenname", {}, "unknown", "Schmidt"]],
        }),
        &ROUNDCUBE,
    );
    assert_eq!(
        card,
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:uid-of-the-host\r\n\
         FN;DERIVED=TRUE:Zoë Müller\r\nN:Müller;Zoë;;;\r\n\
         ADR;TYPE=work;PROP-ID=d1:;;Allee 2;Bonn;;;\r\n\
         X-ANNIVERSARY;VALUE=date;PROP-ID=a1:2010-05-01\r\n\
         EMAIL;TYPE=home,pref;PROP-ID=e1:zoe@example.com\r\n\
         X-JABBER;PROP-ID=s1:zoe@jabber.example\r\n\
         ORG;PROP-ID=o1:Acme\r\nX-DEPARTMENT:R&D\r\n\
         TEL;TYPE=homefax;PROP-ID=p1:+49 1\r\n\
         X-SPOUSE:Sam\r\nX-MAIDENNAME:Schmidt\r\nEND:VCARD\r\n"
    );
}

#[test]
fn department_is_escaped_as_roundcube_reads_it() {
    let name = "R;D, one\ntwo\\";
    let card = created(
        json!({"organizations": {"o": {"name": "Acme", "units": [{"name": name}]}}}),
        &ROUNDCUBE,
    );
    assert!(
        card.contains("\r\nX-DEPARTMENT:R\\;D\\, one\\ntwo\\\\\r\n"),
        "{card}"
    );
    let read = read(card.as_bytes(), &ROUNDCUBE);
    assert_eq!(read["organizations"]["o"]["units"][0]["name"], name);
}

// Roundcube ends a parameter at a semicolon in quotes, too, and would read the rest as a name.
#[test]
fn order_of_a_name_does_not_disturb_roundcube() {
    let name = json!({"isOrdered": true, "components": [
        {"kind": "given", "value": "Zoë"}, {"kind": "surname", "value": "Müller"}]});
    let card = created(json!({"name": name}), &ROUNDCUBE);
    assert!(
        card.contains("\r\nN;X-PCT-JSCOMPS=%3B1%3B0:Müller;Zoë;;;\r\n"),
        "{card}"
    );
    assert_eq!(read(card.as_bytes(), &ROUNDCUBE)["name"], name);
}

#[test]
fn key_of_an_entry_is_kept() {
    // RFC 9555 §3.1
    let email = json!({"address": "a@example.com"});
    let card = created(json!({"emails": {"K-1_x": email}}), &STANDARD);
    assert!(
        card.contains("\r\nEMAIL;PROP-ID=K-1_x:a@example.com\r\n"),
        "{card}"
    );
    assert_eq!(
        read(card.as_bytes(), &STANDARD)["emails"],
        json!({"K-1_x": email})
    );
}

#[test]
fn first_write_stores_the_uid() {
    // RFC 9555 §2.1.1
    let card = changed(b"BEGIN:VCARD\nFN:x\nEND:VCARD\n", json!({"kind": "org"}));
    assert_eq!(
        card,
        b"BEGIN:VCARD\nFN:x\nUID:uid-of-the-host\nKIND:org\nEND:VCARD\n"
    );
}

#[test]
fn vcard_2_1_stays_one() {
    let stored =
        b"BEGIN:VCARD\r\nVERSION:2.1\r\nUID:1\r\nTEL;HOME:1\r\nNOTE;X=M\xFC:M\xFC\r\nEND:VCARD\r\n";
    let card = changed(
        stored,
        json!({"phones": {"p": {"number": "2", "contexts": {"work": true}, "features": {"fax": true}, "pref": 1}},
               "titles": {"t": {"name": "Zoë\n1"}}}),
    );
    assert_eq!(
        String::from_utf8_lossy(&card),
        "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:1\r\nNOTE;X=M\u{FFFD}:M\u{FFFD}\r\n\
         TEL;work;fax;pref;PROP-ID=p:2\r\n\
         TITLE;PROP-ID=t;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Zo=C3=AB=0D=0A1\r\nEND:VCARD\r\n"
    );
}

#[test]
fn lines_are_folded_between_characters_of_at_most_75_octets() {
    // RFC 6350 §3.2
    let note = "日本語 ".repeat(100);
    let card = created(
        json!({"notes": {"n": {"note": note}}, "vCardProps": [["version", {}, "text", "4.0"]]}),
        &STANDARD,
    );
    assert!(card.split("\r\n").all(|line| line.len() <= 75), "{card}");
    assert_eq!(read(card.as_bytes(), &STANDARD)["notes"]["n"]["note"], note);
    let card = created(json!({"notes": {"n": {"note": note}}}), &ROUNDCUBE);
    assert!(
        card.contains(&note),
        "Roundcube stores lines unfolded: {card}"
    );
}

#[test]
fn card_in_utf_16_is_written_in_utf_8() {
    let text = "BEGIN:VCARD\r\nFN:Zoë\r\nEND:VCARD\r\n";
    let stored: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let card = changed(&stored, json!({"kind": "org"}));
    assert_eq!(
        String::from_utf8_lossy(&card),
        "BEGIN:VCARD\r\nFN:Zoë\r\nUID:uid-of-the-host\r\nKIND:org\r\nEND:VCARD\r\n"
    );
}

#[test]
fn uploaded_photo_is_embedded_in_the_form_of_the_version() {
    // RFC 9610 §3, RFC 2426 §3.1.4, RFC 6350 §6.2.4
    let png = b"\x89PNG\r\n\x1A\n";
    let blobs = |id: &str| {
        (id == "upload").then(|| Contents {
            media_type: None,
            octets: png.to_vec(),
        })
    };
    for (version, line) in [
        (
            "2.1",
            "PHOTO;PNG;PROP-ID=m;ENCODING=BASE64:iVBORw0KGgo=\r\n\r\n",
        ),
        (
            "3.0",
            "PHOTO;TYPE=PNG;PROP-ID=m;ENCODING=b:iVBORw0KGgo=\r\n",
        ),
        (
            "4.0",
            "PHOTO;PROP-ID=m:data:image/png;base64,iVBORw0KGgo=\r\n",
        ),
    ] {
        let card = json!({"media": {"m": {"kind": "photo", "blobId": "upload"}},
            "vCardProps": [["version", {}, "text", version]]});
        let written =
            patch(b"", &STANDARD, &host(), &object(card), &blobs).expect("it can be written");
        let text = String::from_utf8_lossy(&written);
        assert!(text.contains(line), "{text}");
        let stored = Card::parse(&written, &STANDARD)
            .media("m")
            .expect("it is embedded");
        assert_eq!(stored.octets, png);
    }
    let unknown = json!({"media": {"m": {"kind": "photo", "blobId": "other"}}});
    assert_eq!(refused(unknown), ["media"]);
}

#[test]
fn embedded_photo_stays_while_its_label_changes() {
    let stored =
        b"BEGIN:VCARD\r\nUID:1\r\nPHOTO;PROP-ID=m;ENCODING=b:iVBORw0KGgo=\r\nEND:VCARD\r\n";
    let card = changed(
        stored,
        json!({"media": {"m": {"kind": "photo", "blobId": "blob-m", "mediaType": "image/png", "label": "Me"}}}),
    );
    assert_eq!(
        String::from_utf8_lossy(&card),
        "BEGIN:VCARD\r\nUID:1\r\n\
         item1.PHOTO;TYPE=PNG;PROP-ID=m;ENCODING=b:iVBORw0KGgo=\r\nitem1.X-ABLABEL:Me\r\nEND:VCARD\r\n"
    );
}

#[test]
fn title_and_its_organization_share_a_group() {
    // RFC 9555 §2.9.6
    let stored = b"BEGIN:VCARD\r\nUID:1\r\nORG;PROP-ID=o:Acme\r\nEND:VCARD\r\n";
    let card = changed(
        stored,
        json!({"titles": {"t": {"kind": "title", "name": "CTO", "organizationId": "o"}}}),
    );
    assert_eq!(
        String::from_utf8_lossy(&card),
        "BEGIN:VCARD\r\nUID:1\r\nitem1.ORG;PROP-ID=o:Acme\r\nitem1.TITLE;PROP-ID=t:CTO\r\nEND:VCARD\r\n"
    );
}

#[test]
fn removed_entry_takes_its_label_and_its_place_along() {
    let stored = b"BEGIN:VCARD\r\nUID:1\r\nitem1.TEL:1\r\nitem1.X-ABLABEL:Car\r\n\
                   ADR:;;S;;;;\r\nGEO:1;2\r\nTZ:Europe/Berlin\r\nX-OWN:1\r\nEND:VCARD\r\n";
    let card = changed(stored, json!({"phones": null, "addresses": null}));
    assert_eq!(
        String::from_utf8_lossy(&card),
        "BEGIN:VCARD\r\nUID:1\r\nX-OWN:1\r\nEND:VCARD\r\n"
    );
}

#[test]
fn what_no_line_can_say_becomes_a_jsprop() {
    // RFC 9555 §3.2.1
    let card = created(
        json!({"name": {"full": "x"}, "example.com:a": {"b": 1},
            "phones": {"p": {"number": "1", "example.com:c/d": "\u{1}"}}}),
        &STANDARD,
    );
    assert!(
        card.contains("JSPROP;JSPTR=\"example.com:a\":{\"b\":1}\r\n"),
        "{card}"
    );
    assert!(
        card.contains("JSPROP;JSPTR=\"phones/p/example.com:c~1d\":\"\\\\u0001\"\r\n"),
        "{card}"
    );
}

#[test]
fn what_is_no_valid_jscontact_is_refused_by_its_name() {
    // RFC 9553 §1.3, §1.4.1, §2
    for (card, property) in [
        (json!({"emails": {"e": {"address": 1}}}), "emails/e"),
        (json!({"emails": {"e": {"label": "x"}}}), "emails/e"),
        (
            json!({"emails": {"no id": {"address": "a"}}}),
            "emails/no id",
        ),
        (
            json!({"emails": {"e".repeat(256): {"address": "a"}}}),
            &format!("emails/{}", "e".repeat(256)),
        ),
        (
            json!({"speakToAs": {"pronouns": {"é": {"pronouns": "they"}}}}),
            "speakToAs/pronouns/é",
        ),
        (json!({"@type": "Group"}), "@type"),
        (json!({"version": "99.0"}), "version"),
        (json!({"version": 1.0}), "version"),
        (json!({"uid": "a\u{1}b"}), "uid"),
        (json!({"emails": []}), "emails"),
        (
            json!({"emails": {"e": {"address": "a", "pref": 0}}}),
            "emails/e",
        ),
        (
            json!({"emails": {"e": {"@type": "Phone", "address": "a"}}}),
            "emails/e",
        ),
        (
            json!({"phones": {"p": {"number": "1", "features": {"fax": false}}}}),
            "phones/p",
        ),
        (json!({"name": {"components": [{"kind": "given"}]}}), "name"),
        (
            json!({"anniversaries": {"a": {"kind": "birth", "date": {"month": 13}}}}),
            "anniversaries/a",
        ),
        (json!({"created": "yesterday"}), "created"),
        (json!({"keywords": {"k": 1}}), "keywords/k"),
        (json!({"localizations": {"de": 1}}), "localizations"),
        (
            json!({"localizations": {"de": {"localizations/fr": {}}}}),
            "localizations",
        ),
        (
            json!({"localizations": {"de": {"name": {}, "name/full": "x"}}}),
            "localizations",
        ),
        (
            json!({"localizations": {"de": {"name/full": "x", "/name/full": "y"}}}),
            "localizations",
        ),
        (json!({"vCardProps": [["x"]]}), "vCardProps"),
        (
            json!({"vCardProps": [["email", {}, "text", "a@example.com"]]}),
            "vCardProps",
        ),
    ] {
        let refused = refused(card.clone());
        assert!(
            refused.iter().any(|it| it == property),
            "{card}: {refused:?}"
        );
    }
}

#[test]
fn type_that_goes_without_saying_is_not_stored() {
    // RFC 9553 §1.3.4
    let card = created(
        json!({"@type": "Card", "version": "1.0", "emails": {"e": {"@type": "EmailAddress", "address": "a", "contexts": {}}},
            "phones": {}}),
        &STANDARD,
    );
    assert_eq!(
        card,
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:uid-of-the-host\r\nFN:\r\nN:;;;;\r\nEMAIL;PROP-ID=e:a\r\nEND:VCARD\r\n"
    );
}
