//! A file of cards moves into a real Roundcube: uploaded, read by ContactCard/parse, created
//! by ContactCard/set (`openxport::data_types::contact_files`).

use crate::blobs::upload;
use crate::http::Client;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

const USER: &str = "judy@example.org";
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==";

/// Removes what an earlier run has left.
fn clear(client: &Client, organization: &str) {
    let filter = json!({ "organization": organization });
    let left = client.call("ContactCard/query", json!({ "filter": filter }));
    client.call("ContactCard/set", json!({"destroy": left["ids"]}));
}

/// Creates the cards of a file; what was created, by uid, and what was there already.
fn import(client: &Client, blob: &str) -> (Vec<String>, usize) {
    let answer = client.call("ContactCard/parse", json!({"blobIds": [blob]}));
    let mut create = json!({});
    let cards = answer["parsed"][blob]["list"].as_array();
    for (at, card) in cards.expect("there are cards").iter().enumerate() {
        let mut card = card.clone();
        card["addressBookIds"] = json!({"b0": true});
        create[format!("k{at}")] = card;
    }
    let answer = client.call("ContactCard/set", json!({ "create": create }));
    let created = answer["created"].as_object().into_iter().flatten();
    let there = answer["notCreated"].as_object().into_iter().flatten();
    let there = there.filter(|(_, error)| error["existingId"].is_string());
    (
        created
            .map(|(_, card)| card["id"].as_str().expect("an id").to_owned())
            .collect(),
        there.count(),
    )
}

#[test]
fn contact_card_import_of_a_file_moves_its_cards_and_photos_in_once() {
    // RFC 9610 §3
    let client = Client::of(USER);
    clear(&client, "Moving In Ltd");
    let file = format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Zoë 😀\r\nORG:Moving In Ltd\r\nPHOTO;ENCODING=b;TYPE=PNG:{PNG}\r\n\
         END:VCARD\r\nBEGIN:VCARD\r\nFN:broken\r\nBEGIN:VCARD\r\nVERSION:4.0\r\nUID:moving-in\r\n\
         FN:日本\r\nORG:Moving In Ltd\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:4.0\r\nKIND:group\r\n\
         UID:moving-group\r\nFN:Movers\r\nORG:Moving In Ltd\r\nMEMBER:moving-in\r\n\
         MEMBER:nobody-here\r\nEND:VCARD\r\n"
    );
    let utf_16: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let blob = upload(&client, "text/vcard", &utf_16);
    let answer = client.call("ContactCard/parse", json!({"blobIds": [blob]}));
    let parsed = &answer["parsed"][&blob];
    assert_eq!(parsed["total"], 4, "{answer:#}");
    assert_eq!(parsed["errors"][0]["type"], "notTerminated", "{answer:#}");
    assert_eq!(parsed["errors"][0]["line"], 7, "{answer:#}");

    let (created, there) = import(&client, &blob);
    assert_eq!((created.len(), there), (3, 0));
    assert_eq!(import(&client, &blob), (Vec::new(), 3));

    let cards = client.call("ContactCard/get", json!({ "ids": created }));
    let list = cards["list"].as_array().expect("a list");
    let of = |name: &str| {
        let found = list.iter().find(|card| card["name"]["full"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {cards:#}"))
    };
    assert_eq!(of("日本")["uid"], "moving-in");
    let group = of("Movers");
    assert_eq!(group["uid"], "moving-group", "{group:#}");
    let members = json!({"moving-in": true, "nobody-here": true});
    assert_eq!(group["members"], members, "{group:#}");
    let media = of("Zoë 😀")["media"].as_object().expect("a photo");
    let photo = media.values().next().expect("a photo");
    let get = json!({"ids": [photo["blobId"]], "properties": ["data:asBase64", "digest:sha"]});
    let got = client.call("Blob/get", get);
    assert_eq!(got["list"][0]["data:asBase64"], PNG, "{got:#}");
    let lookup = json!({"ids": [photo["blobId"]], "typeNames": ["ContactCard"]});
    let found = client.call("Blob/lookup", lookup);
    let id = &of("Zoë 😀")["id"];
    assert_eq!(
        found["list"][0]["matchedIds"],
        json!({"ContactCard": [id]}),
        "{found:#}"
    );
    clear(&client, "Moving In Ltd");
}

#[test]
fn blob_upload_makes_a_photo_of_parts() {
    // RFC 9404 §4.1
    let client = Client::of(USER);
    let photo = BASE64.decode(PNG).expect("it is base64");
    let (first, second) = photo.split_at(20);
    let begun = upload(&client, "image/png", first);
    let sources = json!([
        {"blobId": begun, "length": 8},
        {"blobId": begun, "offset": 8},
        {"data:asBase64": BASE64.encode(second)},
    ]);
    let create = json!({"k": {"data": sources, "type": "image/png"}});
    let answer = client.call("Blob/upload", json!({ "create": create }));
    let blob = answer["created"]["k"]["id"].as_str().expect("an id");
    let got = client.call("Blob/get", json!({"ids": [blob], "properties": ["data"]}));
    let blob: &Value = &got["list"][0];
    assert_eq!(blob["data:asBase64"], PNG, "{got:#}");
    assert_eq!(blob["isEncodingProblem"], true, "{got:#}");
}
