//! How the text of a value is decoded, split and unescaped.

use crate::{convert, convert_octets, host_members, strict_json, values};
use openxport::convert::vcard::{Card, Dialect, STANDARD};
use openxport::json::Writer;
use openxport::store::Selection;
use serde_json::{Value, json};

fn convert_in(dialect: &Dialect, text: &str) -> Value {
    let mut out = Writer::new();
    Card::parse(text.as_bytes(), dialect).emit(&host_members(), &Selection::ALL, &mut out);
    strict_json::read(out.as_bytes()).expect("it is JSON")
}

#[test]
fn text_in_base64_is_decoded_unless_it_is_none() {
    for (text, note) in [
        ("ENCODING=b:R3LDvMOfZQ==", "Grüße"),
        ("BASE64:R3LDvMOfZQ==", "Grüße"),
        ("ENCODING=b;CHARSET=ISO-8859-1:R3L832U=", "Grüße"),
        ("ENCODING=b:R3L832U=", "R3L832U="),
        ("ENCODING=b:not base64!", "not base64!"),
        (
            "ENCODING=b;CHARSET=ISO-8859-1:QUJD, and more than that",
            "QUJD, and more than that",
        ),
        ("ENCODING=b:=", "="),
    ] {
        let card = convert(&format!("NOTE;{text}\r\n"));
        assert_eq!(values(&card, "notes")[0]["note"], note, "{text}");
    }
}

#[test]
fn backslash_before_n_is_a_line_break_in_another_charset() {
    let card = convert_octets(b"NOTE;CHARSET=ISO-8859-1:a\\nb\xFC\r\n");
    assert_eq!(values(&card, "notes"), [json!({"note": "a\nbü"})]);
}

#[test]
fn quoted_printable_has_a_short_name() {
    let card = convert("NOTE;ENCODING=q:a=41\r\n");
    assert_eq!(values(&card, "notes"), [json!({"note": "aA"})]);
}

#[test]
fn carried_components_may_be_lists() {
    // RFC 7095 §3.3.1.3
    let card = convert("GENDER:a,b\\,c;d;\r\n");
    assert_eq!(
        card["vCardProps"],
        json!([["gender", {}, "text", [["a", "b,c"], "d", ""]]])
    );
}

#[test]
fn sound_of_a_name_whose_comma_is_text_has_its_component() {
    let dialect = Dialect {
        comma_is_text: &["N"],
        ..STANDARD
    };
    let card = convert_in(&dialect, "N:a,b;c\r\nN;PHONETIC=ipa;LANGUAGE=de:x;y\r\n");
    assert_eq!(
        card["localizations"]["de"],
        json!({
            "name/phoneticSystem": "ipa",
            "name/components/0/phonetic": "x",
            "name/components/1/phonetic": "y",
        })
    );
    assert_eq!(card.get("vCardProps"), None);
}

#[test]
fn comma_is_text_where_the_dialect_says_so_and_none_is_escaped() {
    let dialect = Dialect {
        comma_is_text: &["ADR", "CATEGORIES", "N", "NICKNAME"],
        ..STANDARD
    };
    let card = convert_in(
        &dialect,
        "N:a,b;c\r\nNICKNAME:a,b\r\nCATEGORIES:a,b\r\nADR:;;a,b\r\n",
    );
    let components = |first: &str| json!([{"kind": first, "value": "a,b"}]);
    assert_eq!(card["name"]["components"][0], components("surname")[0]);
    assert_eq!(values(&card, "nicknames"), [json!({"name": "a,b"})]);
    assert_eq!(card["keywords"], json!({"a,b": true}));
    assert_eq!(
        values(&card, "addresses"),
        [json!({"components": components("name")})]
    );
    for (dialect, text) in [
        (&dialect, "CATEGORIES:a,b\\,c\r\nNICKNAME:a,b\\,c\r\n"),
        (&STANDARD, "CATEGORIES:a,b\\,c\r\nNICKNAME:a,,b\\,c\r\n"),
    ] {
        let card = convert_in(dialect, text);
        assert_eq!(card["keywords"], json!({"a": true, "b,c": true}));
        assert_eq!(values(&card, "nicknames").len(), 2);
    }
}

#[test]
fn bare_parameter_of_the_writing_is_not_carried() {
    // vCard 2.1 leaves the names of ENCODING and VALUE out.
    for param in ["7BIT", "8bit", "INLINE"] {
        let card = convert(&format!("NOTE;{param}:x\r\n"));
        assert_eq!(values(&card, "notes"), [json!({"note": "x"})], "{param}");
    }
    for param in ["URL", "Content-ID", "cid"] {
        let card = convert(&format!("LOGO;{param}:cid:x\r\n"));
        let logo = json!({"kind": "logo", "uri": "cid:x"});
        assert_eq!(values(&card, "media"), [logo], "{param}");
    }
}

#[test]
fn sort_keys_belong_to_the_components_that_there_are() {
    // RFC 9555 §2.3.21
    for (sort_as, expected) in [
        ("L,A", json!({"surname": "L", "given": "A"})),
        ("L", json!({"surname": "L"})),
        (",A", json!({"given": "A"})),
        ("L,A,,,,,", json!({"surname": "L", "given": "A"})),
        ("L,A,,,,,,", Value::Null),
        ("L,A,Q", Value::Null),
        (" ,", Value::Null),
    ] {
        let card = convert(&format!("N;SORT-AS=\"{sort_as}\":Lee;Ann\r\n"));
        assert_eq!(card["name"]["sortAs"], expected, "{sort_as}");
        let is_kept = card["name"]["vCardParams"]["sort-as"] == sort_as;
        assert_eq!(is_kept, expected.is_null(), "{sort_as}");
    }
}
