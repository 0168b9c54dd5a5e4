//! Embedded media: their octets are found by the key that the card gives them (RFC 9610 §3).

use crate::convert;
use openxport::convert::vcard::{Card, STANDARD};
use openxport::store::Contents;

const GIF: &[u8] = b"GIF89a\x01\x00\x01\x00\x00\x00\x00,";

/// The contents of the one entry of `media`.
fn contents(text: &str) -> Option<Contents> {
    let card = convert(text);
    let media = card["media"].as_object().expect("there are media");
    let key = media.keys().next().expect("there is one");
    Card::parse(text.as_bytes(), &STANDARD).media(key)
}

#[test]
fn media_in_base64_are_found_whatever_their_form() {
    for text in [
        "PHOTO;ENCODING=b;TYPE=GIF:R0lGODlhAQABAAAAACw=\r\n",
        "PHOTO;ENCODING=b:R0lGODlhAQAB\r\n AAAAACw\r\n",
        "PHOTO;GIF;BASE64:\r\n  R0lGODlhAQAB\r\n  AAAAACw=\r\n\r\nTEL:1\r\n",
        "PHOTO;GIF;BASE64:\r\nR0lGODlhAQAB\r\nAAAAACw=\r\nTEL:1\r\n",
        "LOGO;PROP-ID=mine:data:image/gif;base64,R0lGODlhAQABAAAAACw=\r\n",
        "PHOTO:data:;base64\\,R0lGODlhAQABAAAAACw=\r\n",
        "PHOTO:data:image/gif,GIF89a%01%00%01%00%00%00%00%2C\r\n",
    ] {
        let contents = contents(text).unwrap_or_else(|| panic!("nothing in {text}"));
        assert_eq!(contents.octets, GIF, "{text}");
        assert_eq!(contents.media_type.as_deref(), Some("image/gif"), "{text}");
    }
}

#[test]
fn media_that_are_elsewhere_have_no_contents() {
    assert!(contents("PHOTO;VALUE=uri:https://example.com/a.gif\r\n").is_none());
    let text = "PHOTO;ENCODING=b:R0lGODlhAQABAAAAACw=\r\n";
    assert!(
        Card::parse(text.as_bytes(), &STANDARD)
            .media("other")
            .is_none()
    );
}

#[test]
fn media_of_broken_base64_end_where_it_breaks() {
    let contents = contents("PHOTO;ENCODING=b:R0lGODlhAQ*ABAAAAACw=\r\n").expect("it is embedded");
    assert_eq!(contents.octets, &GIF[..7]);
}

#[test]
fn equal_media_have_keys_of_their_own() {
    let photo = "PHOTO;ENCODING=b:R0lGODlhAQABAAAAACw=\r\n";
    let text = photo.repeat(2);
    let card = convert(&text);
    let media = card["media"].as_object().expect("there are media");
    assert_eq!(media.len(), 2);
    let parsed = Card::parse(text.as_bytes(), &STANDARD);
    for key in media.keys() {
        let contents = parsed.media(key).expect("each is found");
        assert_eq!(contents.octets, GIF);
    }
}
