//! What changes in a stored card stays where it was, with what nobody has changed in it
//! (a write that changes one property leaves the others byte for byte).

use crate::write::{changed, host, read};
use openxport::convert::vcard::{STANDARD, patch};
use openxport::hosts::roundcube::dialect::ROUNDCUBE;
use serde_json::{Value, json};

/// The card of these lines, and what it becomes when its top-level properties are set.
pub fn lines_after(lines: &str, changes: Value) -> String {
    let stored = format!("BEGIN:VCARD\r\nUID:1\r\n{lines}END:VCARD\r\n");
    let card = String::from_utf8(changed(stored.as_bytes(), changes)).expect("it is UTF-8");
    let lines = card.strip_prefix("BEGIN:VCARD\r\nUID:1\r\n");
    let lines = lines.and_then(|lines| lines.strip_suffix("END:VCARD\r\n"));
    lines
        .unwrap_or_else(|| panic!("the frame stays: {card}"))
        .to_owned()
}

#[test]
fn changed_full_name_leaves_the_name_as_it_is() {
    let name = json!({"full": "Zoë", "components": [
        {"kind": "surname", "value": "M"}, {"kind": "given", "value": "Z"}]});
    assert_eq!(
        lines_after("n:M;Z\r\nFN:Z M\r\nTEL:1\r\n", json!({"name": name})),
        "n:M;Z\r\nFN:Zoë\r\nTEL:1\r\n"
    );
}

#[test]
fn changed_name_leaves_the_full_name_as_it_is() {
    let name = json!({"full": "Z M", "components": [{"kind": "given", "value": "A"}]});
    for (before, after) in [
        (
            "N:M;Z\r\nX-OWN:1\r\nfn:Z M\r\n",
            "N:;A;;;\r\nX-OWN:1\r\nfn:Z M\r\n",
        ),
        (
            "fn:Z M\r\nX-OWN:1\r\nN:M;Z\r\n",
            "fn:Z M\r\nX-OWN:1\r\nN:;A;;;\r\n",
        ),
        (
            "X-OWN:1\r\nfn:Z M\r\nX-OWN:2\r\n",
            "X-OWN:1\r\nfn:Z M\r\nN:;A;;;\r\nX-OWN:2\r\n",
        ),
    ] {
        assert_eq!(lines_after(before, json!({"name": name})), after);
    }
}

#[test]
fn new_full_name_stands_before_the_name() {
    let name = json!({"full": "F", "components": [
        {"kind": "surname", "value": "M"}, {"kind": "given", "value": "Z"}]});
    assert_eq!(
        lines_after("X-OWN:1\r\nn:M;Z\r\nX-OWN:2\r\n", json!({"name": name})),
        "X-OWN:1\r\nFN:F\r\nn:M;Z\r\nX-OWN:2\r\n"
    );
}

// RFC 9555 §3.1
#[test]
fn full_name_that_is_made_of_the_components_changes_with_them() {
    let name = json!({"components": [{"kind": "given", "value": "A"}]});
    assert_eq!(
        lines_after("N:M;Z\r\nFN;DERIVED=TRUE:Z M\r\n", json!({"name": name})),
        "N:;A;;;\r\nFN;DERIVED=TRUE:A\r\n"
    );
}

#[test]
fn parts_of_several_lines_stay_in_their_places() {
    assert_eq!(
        lines_after(
            "GEO:1;2\r\nX-OWN:1\r\nADR;PROP-ID=a:;;S;;;;\r\nX-OWN:2\r\nTZ:Europe/Berlin\r\n",
            json!({"addresses": {"a": {"coordinates": "geo:3,4", "timeZone": "Europe/Paris",
                "components": [{"kind": "name", "value": "R"}]}}})
        ),
        "item1.GEO:3;4\r\nX-OWN:1\r\nitem1.ADR;PROP-ID=a:;;R;;;;\r\nX-OWN:2\r\nitem1.TZ:Europe/Paris\r\n"
    );
    let patched = "JSPROP;JSPTR=\"x:a\":1\r\nX-OWN:1\r\nJSPROP;JSPTR=\"x:b\":1\r\n";
    assert_eq!(
        lines_after(patched, json!({"x:a": 2})),
        "JSPROP;JSPTR=\"x:a\":2\r\nX-OWN:1\r\nJSPROP;JSPTR=\"x:b\":1\r\n"
    );
}

#[test]
fn changed_line_keeps_its_group_and_the_parameters_that_no_part_says() {
    for (before, changes, after) in [
        (
            "g.FN;X-OWN=\"a;b\";PREF=1:x\r\n",
            json!({"name": {"full": "y"}}),
            "g.FN;X-OWN=\"a;b\";PREF=1:y\r\n",
        ),
        (
            "FN;X-OWN=1;DERIVED=true;CHARSET=UTF-8:x\r\n",
            json!({"name": {"full": "y", "components": [{"kind": "given", "value": "z"}]}}),
            "FN;X-OWN=1:y\r\nN:;z;;;\r\n",
        ),
        (
            "N;PHONETIC=ipa;SCRIPT=Latn;X-B=1:m;z\r\nN;X-A=1:M;Z\r\nFN:x\r\n",
            json!({"name": {"full": "x", "phoneticSystem": "jyut", "vCardParams": {"x-a": "1"},
                "components": [{"kind": "surname", "value": "N", "phonetic": "n"}]}}),
            "N;PHONETIC=jyut;ALTID=1;X-B=1:n;;;;\r\nN;X-A=1;ALTID=1:N;;;;\r\nFN:x\r\n",
        ),
        (
            "KIND;X-OWN=1:group\r\nKIND;X-OWN=2:org\r\n",
            json!({"kind": "device"}),
            "KIND;X-OWN=1:device\r\nKIND;X-OWN=2:org\r\n",
        ),
        (
            "g.CATEGORIES;X-OWN=1;TYPE=work:a,b,c\r\n",
            json!({"keywords": {"a": true, "c": true}}),
            "g.CATEGORIES;X-OWN=1;TYPE=work:a,c\r\n",
        ),
        (
            "GRAMGENDER;X-OWN=1:neuter\r\n",
            json!({"speakToAs": {"grammaticalGender": "common"}}),
            "GRAMGENDER;X-OWN=1:common\r\n",
        ),
        (
            "JSPROP;X-OWN=1;JSPTR=\"x:a\":1\r\n",
            json!({"x:a": 2}),
            "JSPROP;JSPTR=\"x:a\";X-OWN=1:2\r\n",
        ),
        (
            "BDAY;PROP-ID=b:2000-01-01\r\nBIRTHPLACE;X-OWN=1:Bonn\r\n",
            json!({"anniversaries": {"b": {"kind": "birth", "place": {"full": "Köln"},
                "date": {"year": 2000, "month": 1, "day": 1}}}}),
            "BDAY;VALUE=date;PROP-ID=b:2000-01-01\r\nBIRTHPLACE;X-OWN=1:Köln\r\n",
        ),
    ] {
        assert_eq!(lines_after(before, changes), after);
    }
}

// Roundcube's own reader ends a parameter at a colon in quotes, so that they are encoded.
#[test]
fn changed_patch_has_its_pointer_once() {
    let stored = b"UID:1\r\nFN:x\r\nJSPROP;X-PCT-JSPTR=x%3Aa;X-OWN=1:1\r\n";
    let mut after = read(stored, &ROUNDCUBE);
    after.insert("x:a".to_owned(), json!(2));
    let card = patch(stored, &ROUNDCUBE, &host(), &after, &|_| None).expect("it can be written");
    assert_eq!(
        String::from_utf8_lossy(&card),
        "UID:1\r\nFN:x\r\nJSPROP;X-PCT-JSPTR=x%3Aa;X-OWN=1:2\r\n"
    );
}

#[test]
fn patch_of_what_is_gone_stays_while_another_changes() {
    assert_eq!(
        lines_after(
            "JSPROP;JSPTR=phones/u/x:1\r\nJSPROP;JSPTR=\"x:a\":1\r\nFN:x\r\n",
            json!({"x:a": 2})
        ),
        "JSPROP;JSPTR=phones/u/x:1\r\nJSPROP;JSPTR=\"x:a\":2\r\nFN:x\r\n"
    );
}

#[test]
fn changed_line_leaves_what_its_value_has_said_besides() {
    assert_eq!(
        lines_after(
            "N:M;Z;;;;;;more\r\nFN:x\r\n",
            json!({"name": {"full": "x", "components": [{"kind": "given", "value": "A"}]}})
        ),
        "N:;A;;;\r\nFN:x\r\nN:M;Z;;;;;;more\r\n"
    );
}

#[test]
fn removed_line_takes_the_parameters_along_that_no_part_says() {
    for (before, changes) in [
        ("KIND;X-OWN=1:group\r\n", json!({"kind": null})),
        ("MEMBER;PREF=1:urn:a\r\n", json!({"members": null})),
        (
            "BDAY:2000\r\nBIRTHPLACE;X-OWN=1:Bonn\r\n",
            json!({"anniversaries": null}),
        ),
        ("JSPROP;X-OWN=1;JSPTR=\"x:a\":1\r\n", json!({"x:a": null})),
    ] {
        assert_eq!(lines_after(before, changes), "");
    }
}

#[test]
fn parameters_that_are_not_wanted_any_more_go() {
    let stored = b"BEGIN:VCARD\r\nUID:1\r\nFN;X-OWN=1:x\r\nEND:VCARD\r\n";
    assert_eq!(read(stored, &STANDARD)["vCardProps"][0][0], "fn");
    for name in ["x", "y"] {
        assert_eq!(
            lines_after(
                "FN;X-OWN=1:x\r\n",
                json!({"name": {"full": name}, "vCardProps": null})
            ),
            format!("FN:{name}\r\n")
        );
    }
}
