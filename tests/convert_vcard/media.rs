//! Embedded media: their octets are found by the key that the card gives them (RFC 9610 §3).

use crate::{convert, values};
use openxport::convert::vcard::{Card, STANDARD};
use openxport::store::Contents;
use serde_json::json;

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

#[test]
fn media_without_an_encoding_are_base64_if_they_look_so() {
    let base64 = "iVBORw0KGgoAAAANSUhEUg+/AAA AAA==";
    assert_eq!(base64.len(), 33);
    for (text, is_embedded) in [
        (format!("PHOTO:{base64}"), true),
        (format!("PHOTO;TYPE=PNG:{base64}"), true),
        (format!("PHOTO:{}", base64.replace(' ', "")), true),
        (format!("PHOTO:{}", &base64[2..]), false),
        (format!("PHOTO:{}", base64.replace('+', "-")), false),
        (format!("PHOTO;VALUE=text:{base64}"), false),
        (format!("PHOTO;VALUE=text;ENCODING=b:{base64}"), true),
    ] {
        let card = convert(&text);
        let kinds: Vec<_> = values(&card, "media")
            .iter()
            .map(|media| media["mediaType"].clone())
            .collect();
        match is_embedded {
            true => assert_eq!(kinds, [json!("image/png")], "{text}"),
            false => assert!(kinds.is_empty(), "{text}"),
        }
    }
}

#[test]
fn media_elsewhere_have_the_type_that_they_name() {
    for (params, expected) in [
        ("VALUE=uri;TYPE=JPG", json!({"mediaType": "image/jpeg"})),
        (
            "VALUE=URL;MEDIATYPE=image/png",
            json!({"mediaType": "image/png"}),
        ),
        (
            "VALUE=uri;TYPE=home,png",
            json!({
                "mediaType": "image/png",
                "contexts": {"private": true},
                "vCardParams": {"type": "png"},
            }),
        ),
        ("VALUE=uri;TYPE=work", json!({"contexts": {"work": true}})),
        (
            "VALUE=uri;MEDIATYPE=image/png;TYPE=x",
            json!({"mediaType": "image/png", "vCardParams": {"type": "x"}}),
        ),
        ("VALUE=uri;TYPE=a+b.c", json!({"mediaType": "image/a+b.c"})),
        ("VALUE=uri;TYPE=svg", json!({"mediaType": "image/svg+xml"})),
        (
            "VALUE=uri;TYPE=\"a b\"",
            json!({"vCardParams": {"type": "a b"}}),
        ),
    ] {
        for value in ["https://a/b", "a/b"] {
            let card = convert(&format!("LOGO;{params}:{value}"));
            let mut expected = expected.clone();
            expected["kind"] = json!("logo");
            expected["uri"] = json!(value);
            assert_eq!(values(&card, "media"), [expected], "{params}");
        }
    }
}

#[test]
fn media_without_a_type_show_it_by_their_first_octets() {
    use base64::Engine;
    for (octets, media_type) in [
        (&b"\xFF\xD8\xFF\xE0"[..], "image/jpeg"),
        (b"\x89PNG\r\n", "image/png"),
        (b"GIF89a", "image/gif"),
        (b"BM\0\0", "image/bmp"),
        (b"RIFF\x01\x02\x03\x04WEBP", "image/webp"),
        (b"RIFF\x01\x02\x03\x04WAVE", "audio/wav"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"\0\0\0\x18ftypheic", "image/heic"),
        (b"<svg ", "image/svg+xml"),
        (b"ID3\x04", "audio/mpeg"),
        (b"OggS", "audio/ogg"),
        (b"else", "application/octet-stream"),
    ] {
        let text = base64::engine::general_purpose::STANDARD.encode(octets);
        let contents = contents(&format!("PHOTO;ENCODING=b:{text}")).expect("it is embedded");
        assert_eq!(contents.media_type.as_deref(), Some(media_type));
        assert_eq!(contents.octets, octets);
    }
}

#[test]
fn sound_has_a_type_of_sounds() {
    for (format, media_type) in [("OGG", "audio/ogg"), ("WAVE", "audio/wav")] {
        let card = convert(&format!("SOUND;TYPE={format};VALUE=uri:https://a/b"));
        assert_eq!(values(&card, "media")[0]["mediaType"], media_type);
    }
}

#[test]
fn media_of_odd_base64_are_decoded_as_far_as_they_go() {
    for (base64, octets) in [("QUJDR", &b"ABC"[..]), ("QU\\JD", b"ABC"), ("QUI", b"AB")] {
        let contents = contents(&format!("PHOTO;ENCODING=b:{base64}")).expect("it is embedded");
        assert_eq!(contents.octets, octets, "{base64}");
    }
}

#[test]
fn key_in_base64_is_a_data_uri() {
    for (params, media_type) in [
        ("ENCODING=b", "application/octet-stream"),
        ("ENCODING=b;TYPE=PGP", "application/pgp-keys"),
        ("BASE64;X509", "application/pkix-cert"),
        ("ENCODING=b;TYPE=odd", "application/odd"),
        ("ENCODING=b;TYPE=text/x", "text/x"),
    ] {
        let card = convert(&format!("KEY;{params}:QUJD\r\n  REVG\r\n"));
        let uri = format!("data:{media_type};base64,QUJDREVG");
        assert_eq!(values(&card, "cryptoKeys")[0]["uri"], uri);
    }
}
