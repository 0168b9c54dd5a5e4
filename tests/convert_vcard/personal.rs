//! Notes, interests, keywords, relations and how to speak to somebody (RFC 9555 §2.5.3,
//! §2.9.5, §2.10, §2.11).

use crate::{convert, values};
use serde_json::{Value, json};

#[test]
fn note_has_the_author_that_it_names() {
    for (params, author) in [
        ("AUTHOR-NAME=Zoë", json!({"name": "Zoë"})),
        ("AUTHOR=\"mailto:a@b\"", json!({"uri": "mailto:a@b"})),
        ("X-OWN=1", Value::Null),
    ] {
        let card = convert(&format!("NOTE;{params}:n\r\n"));
        assert_eq!(values(&card, "notes")[0]["author"], author, "{params}");
    }
}

#[test]
fn level_of_an_expertise_has_words_of_its_own() {
    // RFC 9555 §2.3.13
    for (name, written, level, carried) in [
        ("EXPERTISE", "Beginner", json!("low"), Value::Null),
        ("EXPERTISE", "average", json!("medium"), Value::Null),
        ("EXPERTISE", "expert", json!("high"), Value::Null),
        ("HOBBY", "LOW", json!("low"), Value::Null),
        ("HOBBY", "medium", json!("medium"), Value::Null),
        ("INTEREST", "high", json!("high"), Value::Null),
        ("HOBBY", "beginner", Value::Null, json!("beginner")),
        ("HOBBY", "average", Value::Null, json!("average")),
        ("INTEREST", "expert", Value::Null, json!("expert")),
    ] {
        let card = convert(&format!("{name};LEVEL={written}:x\r\n"));
        let info = &values(&card, "personalInfo")[0];
        assert_eq!(info["level"], level, "{name} {written}");
        assert_eq!(info["vCardParams"]["level"], carried, "{name} {written}");
    }
}

#[test]
fn gender_alone_has_no_pronouns() {
    let card = convert("GRAMGENDER:Feminine\r\n");
    assert_eq!(card["speakToAs"], json!({"grammaticalGender": "feminine"}));
    let card = convert("PRONOUNS;PROP-ID=p:she\r\n");
    assert_eq!(
        card["speakToAs"],
        json!({"pronouns": {"p": {"pronouns": "she"}}})
    );
}

#[test]
fn keyword_stands_once_and_is_not_blank() {
    let card = convert("CATEGORIES:a, ,b,,a\r\nCATEGORIES:a\r\n");
    assert_eq!(card["keywords"], json!({"a": true, "b": true}));
}

#[test]
fn relation_stands_once() {
    let card = convert("X-SPOUSE;TYPE=spouse,friend,SPOUSE:Sam\r\n");
    assert_eq!(
        card["relatedTo"]["Sam"]["relation"],
        json!({"friend": true, "spouse": true})
    );
}
