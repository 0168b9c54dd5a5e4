//! The tables of the conversion, entry by entry: which property goes where, and of what type
//! its value is when it is carried.

use crate::{convert, values};
use serde_json::json;

/// The type that jCard gives a value without VALUE: that of the property's definition
/// (RFC 6350, RFC 9554 §3), or `unknown` where no standard defines it (RFC 7095).
const TYPES: [(&str, &[&str]); 7] = [
    (
        "text",
        &[
            "ADR",
            "AGENT",
            "BIRTHPLACE",
            "CATEGORIES",
            "CLASS",
            "CLIENTPIDMAP",
            "DEATHPLACE",
            "EMAIL",
            "EXPERTISE",
            "FN",
            "GENDER",
            "GRAMGENDER",
            "HOBBY",
            "INTEREST",
            "JSPROP",
            "KIND",
            "LABEL",
            "MAILER",
            "N",
            "NICKNAME",
            "NOTE",
            "ORG",
            "PRODID",
            "PRONOUNS",
            "ROLE",
            "SORT-STRING",
            "TEL",
            "TITLE",
            "TZ",
            "VERSION",
            "XML",
        ],
    ),
    (
        "uri",
        &[
            "CALADRURI",
            "CALURI",
            "CONTACT-URI",
            "FBURL",
            "GEO",
            "IMPP",
            "KEY",
            "LOGO",
            "MEMBER",
            "ORG-DIRECTORY",
            "PHOTO",
            "RELATED",
            "SOCIALPROFILE",
            "SOUND",
            "SOURCE",
            "UID",
            "URL",
        ],
    ),
    ("date-and-or-time", &["ANNIVERSARY", "BDAY", "DEATHDATE"]),
    ("timestamp", &["CREATED", "REV"]),
    ("language-tag", &["LANG", "LANGUAGE"]),
    (
        "unknown",
        &[
            "X-ABDATE",
            "X-ABLABEL",
            "X-ABRELATEDNAMES",
            "X-ADDRESSBOOKSERVER-KIND",
            "X-ADDRESSBOOKSERVER-MEMBER",
            "X-AIM",
            "X-SOCIALPROFILE",
            "X-SPOUSE",
        ],
    ),
    ("unknown", &["UNHEARD-OF", "X-UNHEARD-OF"]),
];

#[test]
fn carried_property_has_the_type_of_its_definition() {
    for (value_type, names) in TYPES {
        for name in names {
            let card = convert(&format!("{name}:\r\n"));
            let carried = &card["vCardProps"][0];
            assert_eq!(
                (&carried[0], &carried[1], &carried[2]),
                (&json!(name.to_lowercase()), &json!({}), &json!(value_type)),
                "{name}"
            );
        }
    }
}

#[test]
fn property_of_a_messenger_names_its_service() {
    for (name, service) in [
        ("X-AIM", "AIM"),
        ("X-GADUGADU", "Gadu-Gadu"),
        ("X-GROUPWISE", "GroupWise"),
        ("X-ICQ", "ICQ"),
        ("X-JABBER", "Jabber"),
        ("X-MSN", "MSN"),
        ("X-SKYPE", "Skype"),
        ("X-SKYPE-USERNAME", "Skype"),
        ("X-TWITTER", "Twitter"),
        ("X-YAHOO", "Yahoo"),
    ] {
        let card = convert(&format!("{name}:me\r\n"));
        assert_eq!(
            values(&card, "onlineServices"),
            [json!({"service": service, "user": "me", "vCardName": name.to_lowercase()})]
        );
    }
}
