//! What any host does that can be read: the data types over JMAP, whatever the contents.
//!
//! A host fills an account with some cards, one of them a group with members, and runs
//! `contract!`. Each test holds the server's answers against each other.

use crate::wire::{AsHost, Wire, everything};
use base64::Engine;
use openxport::jmap::request;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Makes a test of each behaviour; `$with` is a function that runs one on a filled account.
macro_rules! contract {
    ($with:path) => {
        $crate::reading::contract!(@tests $with;
            get_returns_i_json
            contact_card_get_returns_each_record_under_an_id_of_its_own
            contact_card_get_by_ids_returns_what_get_of_all_does
            get_of_some_properties_returns_that_part_of_the_record
            contact_card_get_returns_cards_in_address_books_that_there_are
            contact_card_get_returns_unique_uids
            contact_card_get_returns_media_as_blobs
            blob_get_returns_the_media_of_cards
            blob_lookup_finds_the_cards_of_their_media
            contact_card_parse_reads_an_uploaded_file
            address_book_get_returns_names_and_rights
            identity_get_returns_all_properties
            changes_since_the_state_of_get_are_empty
            contact_card_query_without_a_filter_finds_what_get_returns
            contact_card_query_finds_each_card_by_its_uid
            contact_card_query_finds_each_card_by_its_address_book
            contact_card_query_finds_each_card_by_its_name
            contact_card_query_finds_each_group_by_its_members
            contact_card_query_sorts_by_updated
            contact_card_query_takes_windows_of_one_order
        );
    };
    (@tests $with:path; $($name:ident)+) => {
        $(
            #[test]
            fn $name() {
                $with(|wire| $crate::reading::$name(wire));
            }
        )+
    };
}
pub(crate) use contract;

fn all(wire: &Wire<impl AsHost>, data_type: &str) -> Vec<Value> {
    let response = wire.ok(&format!("{data_type}/get"), json!({}));
    let list = response["list"].as_array().unwrap().clone();
    assert!(!list.is_empty(), "the account has some {data_type}");
    list
}

fn id(record: &Value) -> &str {
    record["id"].as_str().unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(key, _)| key.as_str()).collect()
}

fn query(wire: &Wire<impl AsHost>, arguments: Value) -> Vec<String> {
    let response = wire.ok("ContactCard/query", arguments);
    let ids = response["ids"].as_array().unwrap().iter();
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

/// RFC 8620 §1.5: no name twice, no text that is not Unicode
pub fn get_returns_i_json(wire: &Wire<impl AsHost>) {
    for data_type in ["ContactCard", "AddressBook", "Identity"] {
        let method = format!("{data_type}/get");
        let call = json!([method, {"accountId": wire.account()}, "c"]);
        let answer = wire.request(&json!({"using": everything(), "methodCalls": [call]}));
        assert!(request::parse(&answer.body).is_ok(), "{}", answer.text());
    }
}

/// RFC 8620 §1.2
pub fn contact_card_get_returns_each_record_under_an_id_of_its_own(wire: &Wire<impl AsHost>) {
    let cards = all(wire, "ContactCard");
    let ids: BTreeSet<&str> = cards.iter().map(id).collect();
    assert_eq!(ids.len(), cards.len());
    for id in ids {
        let is_safe = |octet: u8| octet.is_ascii_alphanumeric() || b"-_".contains(&octet);
        assert!(id.starts_with(|c: char| c.is_ascii_alphabetic()), "{id}");
        assert!(id.len() <= 255 && id.bytes().all(is_safe), "{id}");
    }
}

/// RFC 8620 §5.1
pub fn contact_card_get_by_ids_returns_what_get_of_all_does(wire: &Wire<impl AsHost>) {
    let cards = all(wire, "ContactCard");
    let mut ids: Vec<&str> = cards.iter().map(id).collect();
    ids.push("none");
    let response = wire.ok("ContactCard/get", json!({"ids": ids}));
    assert_eq!(response["notFound"], json!(["none"]));
    let by_id = response["list"].as_array().unwrap();
    assert_eq!(by_id.len(), cards.len());
    for card in &cards {
        assert!(by_id.contains(card), "{card:#}");
        let alone = wire.ok("ContactCard/get", json!({"ids": [id(card)]}));
        assert_eq!(alone["list"], json!([card]));
    }
}

/// RFC 8620 §5.1
pub fn get_of_some_properties_returns_that_part_of_the_record(wire: &Wire<impl AsHost>) {
    for data_type in ["ContactCard", "AddressBook", "Identity"] {
        for record in all(wire, data_type) {
            for property in keys(&record) {
                let arguments = json!({"ids": [id(&record)], "properties": [property]});
                let part = wire.ok(&format!("{data_type}/get"), arguments);
                let expected = json!({"id": record["id"], property: record[property]});
                assert_eq!(part["list"], json!([expected]), "{property} of {record:#}");
            }
        }
    }
}

/// RFC 9610 §3
pub fn contact_card_get_returns_cards_in_address_books_that_there_are(wire: &Wire<impl AsHost>) {
    let books = all(wire, "AddressBook");
    let books: BTreeSet<&str> = books.iter().map(id).collect();
    for card in all(wire, "ContactCard") {
        let of_card = keys(&card["addressBookIds"]);
        assert!(!of_card.is_empty(), "{card:#}");
        assert!(of_card.iter().all(|book| books.contains(book)), "{card:#}");
        assert_eq!(
            (&card["@type"], &card["version"]),
            (&json!("Card"), &json!("1.0"))
        );
    }
}

/// RFC 9610 §3
pub fn contact_card_get_returns_unique_uids(wire: &Wire<impl AsHost>) {
    let cards = all(wire, "ContactCard");
    let uids: BTreeSet<&str> = cards
        .iter()
        .map(|card| card["uid"].as_str().unwrap())
        .collect();
    assert_eq!(uids.len(), cards.len());
}

/// RFC 9610 §3
pub fn contact_card_get_returns_media_as_blobs(wire: &Wire<impl AsHost>) {
    let host = wire.host.as_host();
    let account = &host.accounts()[0].id;
    for card in all(wire, "ContactCard") {
        for (_, media) in card["media"].as_object().into_iter().flatten() {
            let Some(blob) = media["blobId"].as_str() else {
                let uri = media["uri"].as_str().unwrap();
                assert!(!uri.starts_with("data:"), "{media:#}");
                continue;
            };
            assert!(
                media["mediaType"].is_string() && media["uri"].is_null(),
                "{media:#}"
            );
            let blob = openxport::store::Id::new(blob).unwrap();
            let contents = host.contents(account, &blob).unwrap().unwrap();
            assert!(!contents.octets.is_empty(), "{media:#}");
        }
    }
}

/// The blobs in the account's cards, each with its card's id.
fn blobs(wire: &Wire<impl AsHost>) -> Vec<(String, String)> {
    let mut blobs = Vec::new();
    for card in all(wire, "ContactCard") {
        for (_, media) in card["media"].as_object().into_iter().flatten() {
            if let Some(blob) = media["blobId"].as_str() {
                blobs.push((blob.to_owned(), id(&card).to_owned()));
            }
        }
    }
    assert!(!blobs.is_empty(), "the account has a card with a picture");
    blobs
}

/// RFC 9404 §4.2
pub fn blob_get_returns_the_media_of_cards(wire: &Wire<impl AsHost>) {
    for (blob, _) in blobs(wire) {
        let properties = ["data:asBase64", "size"];
        let answer = wire.ok("Blob/get", json!({"ids": [blob], "properties": properties}));
        let download = wire.download(wire.account(), &blob).body;
        let digits = base64::engine::general_purpose::STANDARD.encode(&download);
        let expected = json!({"id": blob, "data:asBase64": digits, "size": download.len()});
        assert_eq!(answer["list"], json!([expected]));
    }
}

/// RFC 9404 §4.3
pub fn blob_lookup_finds_the_cards_of_their_media(wire: &Wire<impl AsHost>) {
    let blobs = blobs(wire);
    let ids: Vec<&str> = blobs.iter().map(|(blob, _)| blob.as_str()).collect();
    let answer = wire.ok(
        "Blob/lookup",
        json!({"typeNames": ["ContactCard"], "ids": ids}),
    );
    for (blob, card) in &blobs {
        let info = answer["list"].as_array().unwrap();
        let info = info
            .iter()
            .find(|info| info["id"] == blob.as_str())
            .unwrap();
        assert_eq!(info["matchedIds"]["ContactCard"], json!([card]));
    }
}

/// What is read of a file is no record yet.
pub fn contact_card_parse_reads_an_uploaded_file(wire: &Wire<impl AsHost>) {
    let before = all(wire, "ContactCard");
    let file = b"BEGIN:VCARD\r\nUID:new\r\nFN:Jane\r\nEND:VCARD\r\nBEGIN:VCARD\r\n";
    let blob = wire.upload(wire.account(), file);
    let answer = wire.ok(
        "ContactCard/parse",
        json!({"blobIds": [blob], "properties": ["uid", "name", "id"]}),
    );
    let parsed = &answer["parsed"][&blob];
    assert_eq!(
        parsed["list"],
        json!([{"uid": "new", "name": {"full": "Jane"}}])
    );
    assert_eq!(parsed["errors"][0]["line"], 5);
    assert_eq!(parsed["total"], 2);
    assert_eq!(all(wire, "ContactCard"), before);
}

/// RFC 9610 §2
pub fn address_book_get_returns_names_and_rights(wire: &Wire<impl AsHost>) {
    let books = all(wire, "AddressBook");
    for book in &books {
        assert!(!book["name"].as_str().unwrap().is_empty(), "{book:#}");
        let rights = ["mayDelete", "mayRead", "mayShare", "mayWrite"];
        assert_eq!(keys(&book["myRights"]), rights, "{book:#}");
        for property in ["description", "sortOrder", "isSubscribed", "shareWith"] {
            assert!(book.get(property).is_some(), "{property} of {book:#}");
        }
    }
    let defaults = books.iter().filter(|book| book["isDefault"] == true);
    assert!(defaults.count() <= 1);
}

/// RFC 8621 §6
pub fn identity_get_returns_all_properties(wire: &Wire<impl AsHost>) {
    for identity in all(wire, "Identity") {
        let mut expected = [
            "id",
            "name",
            "email",
            "replyTo",
            "bcc",
            "textSignature",
            "htmlSignature",
            "mayDelete",
        ];
        expected.sort_unstable();
        let mut properties = keys(&identity);
        properties.sort_unstable();
        assert_eq!(properties, expected, "{identity:#}");
    }
}

/// RFC 8620 §5.2
pub fn changes_since_the_state_of_get_are_empty(wire: &Wire<impl AsHost>) {
    for data_type in ["ContactCard", "AddressBook", "Identity", "EmailSubmission"] {
        let response = wire.ok(&format!("{data_type}/get"), json!({}));
        let state = &response["state"];
        let arguments = json!({"sinceState": state});
        let changes = wire.ok(&format!("{data_type}/changes"), arguments);
        assert_eq!(
            changes,
            json!({
                "accountId": wire.account(), "oldState": state, "newState": state,
                "hasMoreChanges": false, "created": [], "updated": [], "destroyed": [],
            })
        );
    }
}

/// RFC 8620 §5.5
pub fn contact_card_query_without_a_filter_finds_what_get_returns(wire: &Wire<impl AsHost>) {
    let mut found = query(wire, json!({}));
    assert_eq!(query(wire, json!({})), found, "the order is stable");
    found.sort_unstable();
    let cards = all(wire, "ContactCard");
    let mut ids: Vec<&str> = cards.iter().map(id).collect();
    ids.sort_unstable();
    assert_eq!(found, ids);
}

/// RFC 9610 §3.3.1
pub fn contact_card_query_finds_each_card_by_its_uid(wire: &Wire<impl AsHost>) {
    for card in all(wire, "ContactCard") {
        let found = query(wire, json!({"filter": {"uid": card["uid"]}}));
        assert_eq!(found, [id(&card)]);
    }
}

/// RFC 9610 §3.3.1
pub fn contact_card_query_finds_each_card_by_its_address_book(wire: &Wire<impl AsHost>) {
    let cards = all(wire, "ContactCard");
    for book in all(wire, "AddressBook") {
        let found = query(wire, json!({"filter": {"inAddressBook": book["id"]}}));
        let is_in = |card: &&Value| keys(&card["addressBookIds"]).contains(&id(&book));
        let expected: BTreeSet<&str> = cards.iter().filter(is_in).map(id).collect();
        let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, expected, "{book:#}");
    }
}

/// RFC 9610 §3.3.1
pub fn contact_card_query_finds_each_card_by_its_name(wire: &Wire<impl AsHost>) {
    for card in all(wire, "ContactCard") {
        let Some(name) = card["name"]["full"].as_str() else {
            continue;
        };
        for search in [name.to_uppercase(), name.to_lowercase()] {
            for filter in ["name", "text"] {
                let found = query(wire, json!({"filter": {filter: search}}));
                assert!(found.iter().any(|found| found == id(&card)), "{search}");
            }
        }
    }
}

/// RFC 9610 §3.3.1
pub fn contact_card_query_finds_each_group_by_its_members(wire: &Wire<impl AsHost>) {
    let cards = all(wire, "ContactCard");
    let groups: Vec<&Value> = cards
        .iter()
        .filter(|card| !keys(&card["members"]).is_empty())
        .collect();
    assert!(!groups.is_empty(), "the account has a group with members");
    for group in groups {
        assert_eq!(group["kind"], "group");
        for member in keys(&group["members"]) {
            let filter = json!({"hasMember": member, "kind": "group"});
            let found = query(wire, json!({"filter": filter}));
            assert!(found.iter().any(|found| found == id(group)), "{member}");
        }
    }
}

/// RFC 9610 §3.3.2
pub fn contact_card_query_sorts_by_updated(wire: &Wire<impl AsHost>) {
    let cards = all(wire, "ContactCard");
    let updated = |found: &String| {
        let card = cards.iter().find(|card| id(card) == found).unwrap();
        card["updated"].as_str().map(str::to_owned)
    };
    let sort = |is_ascending: bool| {
        let sort = json!([{"property": "updated", "isAscending": is_ascending}]);
        let found = query(wire, json!({"sort": sort}));
        assert_eq!(found.len(), cards.len());
        found.iter().map(updated).collect::<Vec<_>>()
    };
    assert!(sort(true).is_sorted());
    assert!(sort(false).is_sorted_by(|one, other| one >= other));
}

/// RFC 8620 §5.5
pub fn contact_card_query_takes_windows_of_one_order(wire: &Wire<impl AsHost>) {
    let sort = json!([{"property": "name/surname"}]);
    let whole = query(wire, json!({"sort": sort}));
    for (index, id) in whole.iter().enumerate() {
        let window = json!({"sort": sort, "position": index, "limit": 1});
        assert_eq!(query(wire, window), [id.as_str()]);
        let rest = query(wire, json!({"sort": sort, "anchor": id}));
        assert_eq!(rest, whole[index..]);
    }
}
