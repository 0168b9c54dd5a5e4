//! What any host does that can be written: the data types over JMAP, whatever the contents.
//!
//! A host fills an account as for `reading`, with at least one address book, one card and one
//! identity that can be written, and runs `contract!`.

use crate::wire::{AsHost, Wire};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Makes a test of each behaviour; `$with` is a function that runs one on a filled account.
macro_rules! contract {
    ($with:path) => {
        $crate::written::contract!(@tests $with;
            contact_card_set_creates_a_card_that_reads_as_it_was_sent
            contact_card_set_creates_a_card_with_an_uploaded_photo
            contact_card_set_gives_another_photo_another_blob_id
            contact_card_set_creates_many_cards_each_once
            contact_card_set_gives_a_card_without_a_uid_one_that_stays
            contact_card_set_refuses_a_uid_that_another_card_has
            contact_card_set_refuses_a_book_that_is_not_there_or_not_to_be_written
            contact_card_set_changes_one_property_and_no_other
            contact_card_set_of_what_is_there_changes_nothing
            contact_card_set_destroys_every_card_that_may_be_written
            contact_card_set_creates_changes_and_destroys_a_group
            contact_card_set_is_told_by_changes
            contact_card_set_in_another_state_is_a_mismatch
            contact_card_query_finds_what_was_written
            identity_set_creates_changes_and_destroys
        );
    };
    (@tests $with:path; $($name:ident)+) => {
        $(
            #[test]
            fn $name() {
                $with(|wire| $crate::written::$name(wire));
            }
        )+
    };
}
pub(crate) use contract;

/// The id of an address book that can be written.
fn book(wire: &Wire<impl AsHost>) -> String {
    let books = wire.ok("AddressBook/get", json!({}));
    let book = books["list"].as_array().unwrap().iter();
    let mut writable = book.filter(|book| book["myRights"]["mayWrite"] == true);
    writable.next().unwrap()["id"].as_str().unwrap().to_owned()
}

/// The cards in that address book, without the groups.
fn cards(wire: &Wire<impl AsHost>) -> Vec<Value> {
    let book = book(wire);
    let mut list = get(wire, "ContactCard", &Value::Null);
    list.retain(|card| card["addressBookIds"][&book] == true && card["kind"] != "group");
    assert!(!list.is_empty(), "there is a card to be written");
    list
}

fn get(wire: &Wire<impl AsHost>, data_type: &str, ids: &Value) -> Vec<Value> {
    let response = wire.ok(&format!("{data_type}/get"), json!({ "ids": ids }));
    response["list"].as_array().unwrap().clone()
}

fn get_one(wire: &Wire<impl AsHost>, data_type: &str, id: &Value) -> Value {
    let mut list = get(wire, data_type, &json!([id]));
    assert_eq!(list.len(), 1, "{id}");
    list.remove(0)
}

fn state(wire: &Wire<impl AsHost>, data_type: &str) -> Value {
    wire.ok(&format!("{data_type}/get"), json!({"ids": []}))["state"].clone()
}

/// Creates one record, and gives back its id.
fn create(wire: &Wire<impl AsHost>, data_type: &str, record: &Value) -> Value {
    let method = format!("{data_type}/set");
    let response = wire.ok(&method, json!({"create": {"k": record}}));
    let id = response["created"]["k"]["id"].clone();
    assert!(id.is_string(), "{response:#}");
    id
}

/// The SetError for a card that cannot be created.
fn not_created(wire: &Wire<impl AsHost>, card: &Value) -> Value {
    let response = wire.ok("ContactCard/set", json!({"create": {"k": card}}));
    assert_eq!(response["created"], Value::Null, "{response:#}");
    response["notCreated"]["k"].clone()
}

fn update(wire: &Wire<impl AsHost>, data_type: &str, id: &Value, patch: Value) {
    let id = id.as_str().unwrap();
    let method = format!("{data_type}/set");
    let response = wire.ok(&method, json!({"update": {id: patch}}));
    assert!(response["updated"].get(id).is_some(), "{response:#}");
}

fn card(book: &str, uid: &str) -> Value {
    json!({
        "@type": "Card", "version": "1.0", "uid": uid, "addressBookIds": {book: true},
        "name": {"full": "Zoë Written", "components": [
            {"kind": "surname", "value": "Written"}, {"kind": "given", "value": "Zoë"}]},
        "nicknames": {"k": {"name": "Zo"}},
        "emails": {"e": {"address": "zoe@example.org", "contexts": {"work": true}}},
        "phones": {"p": {"number": "+49 30 1", "features": {"mobile": true}}},
        "notes": {"n": {"note": "one\ntwo; three, \\four"}},
        "example.com:own": {"a": [1, null, {"b": "\u{1f388}"}]},
    })
}

/// What `record` says otherwise than `sent` did, of what was sent.
fn assert_holds(record: &Value, sent: &Value) {
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&record[name], value, "{name} of {record:#}");
    }
}

/// RFC 8620 §5.3
pub fn contact_card_set_creates_a_card_that_reads_as_it_was_sent(wire: &Wire<impl AsHost>) {
    let sent = card(&book(wire), "urn:example:written");
    let id = create(wire, "ContactCard", &sent);
    assert_holds(&get_one(wire, "ContactCard", &id), &sent);
}

/// RFC 9610 §3
pub fn contact_card_set_creates_a_card_with_an_uploaded_photo(wire: &Wire<impl AsHost>) {
    let octets = b"\x89PNG\r\n\x1a\n and more";
    let blob = wire.upload(wire.account(), octets);
    let mut sent = card(&book(wire), "urn:example:photo");
    sent["media"] = json!({"m": {"kind": "photo", "blobId": blob, "mediaType": "image/png"}});
    let id = create(wire, "ContactCard", &sent);
    let stored = get_one(wire, "ContactCard", &id);
    let media = stored["media"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap();
    assert_eq!(
        (&media["kind"], &media["mediaType"]),
        (&json!("photo"), &json!("image/png"))
    );
    let own = media["blobId"].as_str().unwrap();
    assert_eq!(wire.download(wire.account(), own).body, octets);
}

/// RFC 8620 §6: what a blob id stands for never changes.
pub fn contact_card_set_gives_another_photo_another_blob_id(wire: &Wire<impl AsHost>) {
    let photo = |octets: &[u8]| {
        let blob = wire.upload(wire.account(), octets);
        json!({"kind": "photo", "blobId": blob, "mediaType": "image/png"})
    };
    let mut sent = card(&book(wire), "urn:example:photos");
    sent["media"] = json!({"m": photo(b"\x89PNG one")});
    let id = create(wire, "ContactCard", &sent);
    let blob_id = || {
        let card = get_one(wire, "ContactCard", &id);
        card["media"]["m"]["blobId"].as_str().unwrap().to_owned()
    };
    let first = blob_id();
    update(wire, "ContactCard", &id, json!({"notes/n/note": "other"}));
    assert_eq!(blob_id(), first, "the photo is the same");
    update(
        wire,
        "ContactCard",
        &id,
        json!({"media/m": photo(b"\x89PNG two")}),
    );
    let second = blob_id();
    assert_ne!(second, first);
    assert_eq!(wire.download(wire.account(), &second).body, b"\x89PNG two");
    let gone = wire.download(wire.account(), &first);
    assert!(
        gone.status == 404 || gone.body == b"\x89PNG one",
        "{}",
        gone.status
    );
}

/// RFC 8620 §5.3
pub fn contact_card_set_creates_many_cards_each_once(wire: &Wire<impl AsHost>) {
    let book = book(wire);
    let before = get(wire, "ContactCard", &Value::Null).len();
    let count = 300;
    let mut sent: Map<String, Value> = (0..count)
        .map(|number| {
            (
                format!("k{number}"),
                card(&book, &format!("urn:example:many-{number}")),
            )
        })
        .collect();
    // One that cannot be costs none of the others.
    sent["k7"]["addressBookIds"] = json!({"none": true});
    sent["k8"]["uid"] = json!("urn:example:many-9");
    let response = wire.ok("ContactCard/set", json!({"create": sent}));
    let created = response["created"].as_object().unwrap();
    let refused: Vec<&String> = response["notCreated"].as_object().unwrap().keys().collect();
    assert_eq!(created.len(), count - 2, "{:#}", response["notCreated"]);
    assert_eq!(refused[0], "k7");
    assert!(["k8", "k9"].contains(&refused[1].as_str()), "{refused:?}");
    let ids: BTreeSet<&str> = created
        .values()
        .map(|card| card["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), created.len());
    for (creation_id, created) in created {
        let stored = get_one(wire, "ContactCard", &created["id"]);
        assert_eq!(stored["uid"], sent[creation_id]["uid"], "{creation_id}");
    }
    let after = get(wire, "ContactCard", &Value::Null).len();
    assert_eq!(after, before + created.len());
}

/// RFC 9982: the uid may be absent on input.
pub fn contact_card_set_gives_a_card_without_a_uid_one_that_stays(wire: &Wire<impl AsHost>) {
    let mut sent = card(&book(wire), "");
    sent.as_object_mut().unwrap().remove("uid");
    let response = wire.ok("ContactCard/set", json!({"create": {"k": sent}}));
    let created = &response["created"]["k"];
    assert!(
        created["uid"].as_str().is_some_and(|uid| !uid.is_empty()),
        "{response:#}"
    );
    update(
        wire,
        "ContactCard",
        &created["id"],
        json!({"name/full": "Other"}),
    );
    let stored = get_one(wire, "ContactCard", &created["id"]);
    assert_eq!(stored["uid"], created["uid"]);
}

/// RFC 9610 §3
pub fn contact_card_set_refuses_a_uid_that_another_card_has(wire: &Wire<impl AsHost>) {
    let book = book(wire);
    for existing in cards(wire) {
        let error = not_created(wire, &card(&book, existing["uid"].as_str().unwrap()));
        assert_eq!(error["existingId"], existing["id"], "{error:#}");
    }
}

/// RFC 9610 §3
pub fn contact_card_set_refuses_a_book_that_is_not_there_or_not_to_be_written(
    wire: &Wire<impl AsHost>,
) {
    let books = wire.ok("AddressBook/get", json!({}));
    let read_only = books["list"].as_array().unwrap().iter();
    let read_only = read_only.filter(|book| book["myRights"]["mayWrite"] != true);
    let ids = read_only.map(|book| book["id"].as_str().unwrap());
    for book in ids.chain(["none"]) {
        let before = state(wire, "ContactCard");
        let error = not_created(wire, &card(book, "urn:example:nowhere"));
        let kind = error["type"].as_str().unwrap();
        assert!(
            ["forbidden", "invalidProperties"].contains(&kind),
            "{book}: {error:#}"
        );
        assert_eq!(state(wire, "ContactCard"), before, "{book}");
    }
}

/// RFC 8620 §5.3
pub fn contact_card_set_changes_one_property_and_no_other(wire: &Wire<impl AsHost>) {
    for mut before in cards(wire) {
        let id = before["id"].clone();
        let nicknames = json!({"own": {"name": "Changed, or not"}});
        update(wire, "ContactCard", &id, json!({"nicknames": nicknames}));
        let mut after = get_one(wire, "ContactCard", &id);
        assert_eq!(after["nicknames"], nicknames, "{after:#}");
        for card in [&mut before, &mut after] {
            let card = card.as_object_mut().unwrap();
            card.remove("nicknames");
            card.remove("updated");
        }
        assert_eq!(after, before);
    }
}

/// RFC 8620 §5.3
pub fn contact_card_set_of_what_is_there_changes_nothing(wire: &Wire<impl AsHost>) {
    for card in cards(wire) {
        update(wire, "ContactCard", &card["id"], card.clone());
        assert_eq!(get_one(wire, "ContactCard", &card["id"]), card);
    }
}

/// RFC 8620 §5.3
pub fn contact_card_set_destroys_every_card_that_may_be_written(wire: &Wire<impl AsHost>) {
    let ids: Vec<Value> = cards(wire)
        .into_iter()
        .map(|card| card["id"].clone())
        .collect();
    let since = state(wire, "ContactCard");
    let response = wire.ok("ContactCard/set", json!({"destroy": ids}));
    let set = |list: &Value| -> BTreeSet<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|id| id.as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        set(&response["destroyed"]),
        set(&json!(ids)),
        "{response:#}"
    );
    let left = wire.ok("ContactCard/get", json!({"ids": ids}));
    assert_eq!(left["list"], json!([]));
    let changes = wire.ok("ContactCard/changes", json!({"sinceState": since}));
    assert_eq!(set(&changes["destroyed"]), set(&json!(ids)));
    let again = wire.ok("ContactCard/set", json!({"destroy": ids}));
    for id in &ids {
        let error = &again["notDestroyed"][id.as_str().unwrap()];
        assert_eq!(error["type"], "notFound", "{again:#}");
    }
}

/// RFC 9553 §2.1.6
pub fn contact_card_set_creates_changes_and_destroys_a_group(wire: &Wire<impl AsHost>) {
    let book = book(wire);
    let uids = ["urn:example:one", "urn:example:two", "urn:example:three"];
    let members = uids.map(|uid| create(wire, "ContactCard", &card(&book, uid)));
    let sent = json!({
        "@type": "Card", "version": "1.0", "kind": "group", "addressBookIds": {&book: true},
        "name": {"full": "Some & others"}, "members": {uids[0]: true, uids[1]: true},
    });
    let id = create(wire, "ContactCard", &sent);
    assert_holds(&get_one(wire, "ContactCard", &id), &sent);
    update(
        wire,
        "ContactCard",
        &id,
        json!({
            "name/full": "Others",
            format!("members/{}", uids[0]): null,
            format!("members/{}", uids[2]): true,
        }),
    );
    let changed = get_one(wire, "ContactCard", &id);
    assert_eq!(changed["name"]["full"], "Others", "{changed:#}");
    assert_eq!(changed["members"], json!({uids[1]: true, uids[2]: true}));
    let query = |uid: &str| {
        let found = wire.ok("ContactCard/query", json!({"filter": {"hasMember": uid}}));
        found["ids"].as_array().unwrap().contains(&id)
    };
    assert_eq!(uids.map(query), [false, true, true]);
    let destroyed = wire.ok("ContactCard/set", json!({"destroy": [id]}));
    assert_eq!(destroyed["destroyed"], json!([id]), "{destroyed:#}");
    let left = get(wire, "ContactCard", &json!(members));
    assert_eq!(left.len(), members.len(), "members outlive their group");
}

/// RFC 8620 §5.2
pub fn contact_card_set_is_told_by_changes(wire: &Wire<impl AsHost>) {
    let changes = |since: &Value| {
        let response = wire.ok("ContactCard/changes", json!({"sinceState": since}));
        ["created", "updated", "destroyed"].map(|list| response[list].clone())
    };
    let empty = state(wire, "ContactCard");
    let id = create(
        wire,
        "ContactCard",
        &card(&book(wire), "urn:example:followed"),
    );
    let created = state(wire, "ContactCard");
    assert_eq!(changes(&empty), [json!([id]), json!([]), json!([])]);
    update(wire, "ContactCard", &id, json!({"name/full": "Other"}));
    let updated = state(wire, "ContactCard");
    assert_eq!(changes(&created), [json!([]), json!([id]), json!([])]);
    wire.ok("ContactCard/set", json!({"destroy": [id]}));
    assert_eq!(changes(&updated), [json!([]), json!([]), json!([id])]);
    assert_eq!(changes(&empty), [json!([]), json!([]), json!([])]);
}

/// RFC 8620 §5.3
pub fn contact_card_set_in_another_state_is_a_mismatch(wire: &Wire<impl AsHost>) {
    let old = state(wire, "ContactCard");
    let sent = card(&book(wire), "urn:example:first");
    let arguments = json!({"ifInState": old, "create": {"k": sent}});
    wire.ok("ContactCard/set", arguments);
    let sent = card(&book(wire), "urn:example:second");
    let arguments = json!({"ifInState": old, "create": {"k": sent}});
    assert_eq!(wire.error("ContactCard/set", arguments), "stateMismatch");
}

/// RFC 9610 §3.3.1
pub fn contact_card_query_finds_what_was_written(wire: &Wire<impl AsHost>) {
    let id = create(
        wire,
        "ContactCard",
        &card(&book(wire), "urn:example:sought"),
    );
    let query =
        |filter: Value| wire.ok("ContactCard/query", json!({"filter": filter}))["ids"].clone();
    for filter in [
        json!({"uid": "urn:example:sought"}),
        json!({"text": "zoë written"}),
        json!({"email": "zoe@example.org"}),
        json!({"nickname": "ZO"}),
    ] {
        assert_eq!(query(filter.clone()), json!([id]), "{filter}");
    }
    update(
        wire,
        "ContactCard",
        &id,
        json!({"nicknames": {"k": {"name": "Quill"}}}),
    );
    assert_eq!(query(json!({"nickname": "ZO"})), json!([]));
    assert_eq!(query(json!({"nickname": "quill"})), json!([id]));
}

/// RFC 8621 §6.3
pub fn identity_set_creates_changes_and_destroys(wire: &Wire<impl AsHost>) {
    let sent = json!({
        "name": "Zoë \u{1f388} Written", "email": "zoe@example.org",
        "replyTo": [{"name": null, "email": "desk@example.org"}],
        "bcc": null, "textSignature": "Yours,\nZoë", "htmlSignature": "",
    });
    let since = state(wire, "Identity");
    let id = create(wire, "Identity", &sent);
    assert_holds(&get_one(wire, "Identity", &id), &sent);
    let patch = json!({
        "name": "Zoë", "replyTo": null, "bcc": [{"name": "Own", "email": "own@example.org"}],
        "textSignature": "Bye",
    });
    update(wire, "Identity", &id, patch.clone());
    let changed = get_one(wire, "Identity", &id);
    assert_holds(&changed, &patch);
    assert_eq!(changed["email"], sent["email"]);
    let changes = wire.ok("Identity/changes", json!({"sinceState": since}));
    assert_eq!(changes["created"], json!([id]));
    let address = json!({"update": {id.as_str().unwrap(): {"email": "other@example.org"}}});
    let refused = wire.ok("Identity/set", address);
    let error = &refused["notUpdated"][id.as_str().unwrap()];
    assert_eq!(error["type"], "invalidProperties", "{refused:#}");
    let destroyed = wire.ok("Identity/set", json!({"destroy": [id]}));
    assert_eq!(destroyed["destroyed"], json!([id]), "{destroyed:#}");
    assert_eq!(get(wire, "Identity", &json!([id])), Vec::<Value>::new());
}
