//! The seeded account's address books, cards and groups (RFC 9610), as tests/services/seed
//! wrote them through Roundcube.

use crate::http::Client;
use serde_json::{Value, json};

const USER: &str = "demo@example.org";

fn list(answer: &Value) -> &[Value] {
    answer["list"].as_array().map_or(&[], Vec::as_slice)
}

/// The only card that a filter finds.
fn card(client: &Client, filter: Value) -> Value {
    let found = client.call("ContactCard/query", json!({ "filter": filter }));
    let answer = client.call("ContactCard/get", json!({ "ids": found["ids"] }));
    match list(&answer) {
        [card] => card.clone(),
        cards => panic!("{filter} found {cards:?}"),
    }
}

/// The values of a map property, by what `key` names in each.
fn values(map: &Value, key: &str) -> Vec<String> {
    let values = map.as_object().into_iter().flatten();
    let mut values: Vec<String> = values
        .filter_map(|(_, value)| value[key].as_str().map(str::to_owned))
        .collect();
    values.sort();
    values
}

#[test]
fn address_book_get_lists_the_three_books_with_their_rights() {
    let answer = Client::of(USER).call("AddressBook/get", json!({}));
    let books = list(&answer);
    assert_eq!(books.len(), 3, "{answer}");
    let default: Vec<&Value> = books
        .iter()
        .filter(|book| book["isDefault"] == true)
        .collect();
    assert_eq!(default.len(), 1, "{answer}");
    for book in books {
        assert!(
            book["name"].as_str().is_some_and(|name| !name.is_empty()),
            "{book}"
        );
        assert_eq!(book["myRights"]["mayRead"], true, "{book}");
    }
}

#[test]
fn contact_card_get_returns_every_field_of_the_editor() {
    let client = Client::of(USER);
    let card = card(&client, json!({ "email": "zoe.work@example.com" }));
    assert_eq!(card["name"]["full"], "Dr. Zoë Quinn Müller Jr.", "{card}");
    let emails = ["home", "other", "work"].map(|kind| format!("zoe.{kind}@example.com"));
    assert_eq!(values(&card["emails"], "address"), emails, "{card}");
    let phones: Vec<String> = (0..13)
        .map(|number| format!("+49 30 5550{number:02}"))
        .collect();
    assert_eq!(values(&card["phones"], "number"), phones, "{card}");
    // Roundcube never escapes a comma that its user typed, so these are one value each.
    assert_eq!(
        values(&card["nicknames"], "name"),
        ["Zo, the Great"],
        "{card}"
    );
    assert_eq!(
        values(&card["organizations"], "name"),
        ["Acme; Sons, Ltd"],
        "{card}"
    );
    let note = "First line,\nsecond line; with a \\ in it";
    assert_eq!(values(&card["notes"], "note"), [note], "{card}");
    assert_eq!(
        card["addresses"].as_object().map(|all| all.len()),
        Some(3),
        "{card}"
    );
    assert_eq!(
        card["media"].as_object().map(|all| all.len()),
        Some(1),
        "{card}"
    );
    let text = card.to_string();
    for value in [
        "Head of Research",
        "Research & Development",
        "Lindqvist",
        "Anna Adams",
        "Björn Berg",
        "Chloé Castro",
        "https://example.com/zoe/blog",
        "zoe-jabber",
        "2 Main Street; Rear, 2nd floor",
    ] {
        assert!(text.contains(value), "{value} in {card}");
    }
}

#[test]
fn contact_card_photo_is_a_blob() {
    let client = Client::of(USER);
    let card = card(&client, json!({ "email": "zoe.work@example.com" }));
    let media = card["media"].as_object().into_iter().flatten().next();
    let (_, photo) = media.expect("a photo");
    let blob_id = photo["blobId"]
        .as_str()
        .unwrap_or_else(|| panic!("a blob in {photo}"));
    let url = client.session()["downloadUrl"].as_str().expect("a URL");
    let url = url
        .replace("{accountId}", &client.account_id())
        .replace("{blobId}", blob_id)
        .replace("{name}", "zoe.jpg")
        .replace("{type}", "image/jpeg");
    let answer = client.get(&url);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(
        answer.body.starts_with(&[0xFF, 0xD8, 0xFF]),
        "{:?}",
        answer.body.get(..8)
    );
    assert_eq!(answer.header("Content-Type"), Some("image/jpeg"));
    let disposition = answer.header("Content-Disposition").unwrap_or_default();
    assert!(disposition.starts_with("attachment"), "{disposition}");
}

#[test]
fn contact_card_get_without_ids_returns_what_query_finds() {
    let client = Client::of(USER);
    let answer = client.call(
        "ContactCard/get",
        json!({ "ids": null, "properties": ["kind"] }),
    );
    let mut got: Vec<&Value> = list(&answer).iter().map(|card| &card["id"]).collect();
    let found = client.call("ContactCard/query", json!({ "calculateTotal": true }));
    let mut ids: Vec<&Value> = found["ids"].as_array().expect("ids").iter().collect();
    got.sort_by_key(ToString::to_string);
    ids.sort_by_key(ToString::to_string);
    assert_eq!(got, ids);
    assert_eq!(found["total"], ids.len(), "{found}");
    // 250 people, three groups, three collected addresses, and the samples on top.
    assert!(ids.len() >= 256, "{}", ids.len());
}

#[test]
fn contact_group_is_a_card_with_members_even_when_empty() {
    let client = Client::of(USER);
    let found = client.call(
        "ContactCard/query",
        json!({ "filter": { "kind": "group" } }),
    );
    let answer = client.call("ContactCard/get", json!({ "ids": found["ids"] }));
    let mut groups: Vec<(String, usize)> = list(&answer)
        .iter()
        .filter_map(|group| {
            let name = group["name"]["full"].as_str()?.to_owned();
            Some((
                name,
                group["members"]
                    .as_object()
                    .map_or(0, |members| members.len()),
            ))
        })
        .collect();
    groups.sort();
    let seeded = [("Colleagues, all", 20), ("Empty", 0), ("Friends", 5)];
    for (name, members) in seeded {
        assert!(
            groups.contains(&(name.to_owned(), members)),
            "{name} in {groups:?}"
        );
    }
}

#[test]
fn contact_card_get_of_another_users_account_is_refused() {
    let other = Client::of("alice@example.org").account_id();
    let responses =
        Client::of(USER).calls(json!([["ContactCard/get", { "accountId": other }, "g"]]));
    assert_eq!(responses[0][0], "error", "{responses:?}");
    assert_eq!(responses[0][1]["type"], "accountNotFound", "{responses:?}");
}

#[test]
fn contact_card_get_of_an_empty_account_is_an_empty_list() {
    let answer = Client::of("carol@example.org").call("ContactCard/get", json!({}));
    assert_eq!(list(&answer), [Value::Null; 0], "{answer}");
}
