//! ContactCard/set of many contacts at once on Roundcube's tables: what one meets costs the
//! others nothing (RFC 8620 §5.3).

use crate::fixture::{Fault, LONG_AGO, Roundcube};
use crate::wire::Wire;
use serde_json::{Map, Value, json};

const COUNT: usize = 30;

fn card(number: usize) -> Value {
    json!({
        "@type": "Card", "version": "1.0", "uid": format!("urn:example:{number}"),
        "addressBookIds": {"b0": true},
        "name": {"full": format!("No. {number}"), "components": [
            {"kind": "given", "value": format!("given{number}")}]},
    })
}

fn set(roundcube: &Roundcube, arguments: Value) -> Value {
    Wire::over(roundcube.open()).ok("ContactCard/set", arguments)
}

fn create_all(roundcube: &Roundcube) -> Value {
    let create: Map<String, Value> = (0..COUNT)
        .map(|number| (format!("k{number}"), card(number)))
        .collect();
    set(roundcube, json!({"create": create}))
}

/// Patches the notes of all contacts that were made.
fn update_all(roundcube: &Roundcube) -> Value {
    let patch = json!({"notes": {"n": {"note": "new"}}});
    let update: Map<String, Value> = (1..=COUNT)
        .map(|key| (format!("c{key}"), patch.clone()))
        .collect();
    set(roundcube, json!({"update": update}))
}

/// How many records a response names in one of its maps or lists.
fn count(response: &Value, name: &str) -> usize {
    match &response[name] {
        Value::Object(records) => records.len(),
        Value::Array(ids) => ids.len(),
        _ => 0,
    }
}

/// The uids that are stored.
fn stored(roundcube: &Roundcube) -> Vec<String> {
    let uid = |card: &Value| card["uid"].as_str().expect("it has a uid").to_owned();
    roundcube.all("ContactCard").iter().map(uid).collect()
}

fn all_uids() -> Vec<String> {
    (0..COUNT)
        .map(|number| format!("urn:example:{number}"))
        .collect()
}

#[test]
fn contact_card_set_creates_many_contacts_in_one_transaction() {
    let roundcube = Roundcube::new();
    let response = create_all(&roundcube);
    assert_eq!(count(&response, "created"), COUNT, "{response:#}");
    assert_eq!(roundcube.transactions.get(), 1);
    for number in 0..COUNT {
        let id = response["created"][format!("k{number}")]["id"].as_str();
        let id = id.expect("it has an id");
        let stored = &roundcube.get("ContactCard", &[id])[0];
        assert_eq!(stored["uid"], card(number)["uid"], "{id}");
        assert_eq!(stored["name"], card(number)["name"], "{id}");
    }
}

#[test]
fn contact_card_set_creates_the_others_where_the_database_refuses_one() {
    let roundcube = Roundcube::new();
    roundcube.fault.set(Some(Fault::Refuses(";given7;")));
    let response = create_all(&roundcube);
    assert_eq!(count(&response, "created"), COUNT - 1, "{response:#}");
    assert_eq!(response["notCreated"]["k7"]["type"], "serverFail");
    let mut wanted = all_uids();
    wanted.remove(7);
    let mut stored = stored(&roundcube);
    stored.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(stored, wanted);
}

#[test]
fn contact_card_set_tries_again_what_a_lock_has_kept_from_being_created() {
    let roundcube = Roundcube::new();
    roundcube.fault.set(Some(Fault::Locked(1)));
    let response = create_all(&roundcube);
    assert_eq!(count(&response, "created"), COUNT, "{response:#}");
    assert_eq!(stored(&roundcube).len(), COUNT);
}

#[test]
fn contact_card_set_creates_nothing_in_a_database_that_stays_locked() {
    let roundcube = Roundcube::new();
    roundcube.fault.set(Some(Fault::Locked(usize::MAX)));
    let response = create_all(&roundcube);
    assert_eq!(count(&response, "notCreated"), COUNT, "{response:#}");
    assert_eq!(response["notCreated"]["k7"]["type"], "serverUnavailable");
    assert_eq!(roundcube.transactions.get(), 2);
    roundcube.fault.set(None);
    assert_eq!(stored(&roundcube), Vec::<String>::new());
}

// After a lost connection it may be kept all the same.
#[test]
fn contact_card_set_does_nothing_again_after_a_commit_that_failed() {
    let roundcube = Roundcube::new();
    roundcube.fault.set(Some(Fault::Commit));
    let response = create_all(&roundcube);
    assert_eq!(count(&response, "notCreated"), COUNT, "{response:#}");
    assert_eq!(response["notCreated"]["k7"]["type"], "serverUnavailable");
    assert_eq!(roundcube.transactions.get(), 1);
    roundcube.fault.set(None);
    assert_eq!(stored(&roundcube), Vec::<String>::new());
}

#[test]
fn contact_card_set_creates_a_group_and_its_members_at_once() {
    let roundcube = Roundcube::new();
    let group = |uids: [&str; 2]| {
        json!({"kind": "group", "name": {"full": "All"}, "addressBookIds": {"b0": true},
            "members": {(uids[0]): true, (uids[1]): true}})
    };
    let create = json!({
        "a": card(1), "b": card(2), "c": group(["urn:example:1", "urn:example:2"]),
        "d": card(3), "e": group(["urn:example:3", "urn:example:4"]), "f": card(4),
    });
    let response = set(&roundcube, json!({"create": create}));
    assert_eq!(count(&response, "created"), 6, "{response:#}");
    for group in ["g1", "g2"] {
        let card = &roundcube.get("ContactCard", &[group])[0];
        assert_eq!(count(card, "members"), 2, "{card:#}");
        // Roundcube's own group has them, too, also who comes later in the request.
        let sql = "SELECT COUNT(*) FROM contactgroupmembers WHERE contactgroup_id = ?";
        let connection = &roundcube.sqlite.connection;
        let count: i64 = connection
            .query_row(sql, [&group[1..]], |row| row.get(0))
            .expect("they are counted");
        assert_eq!(count, 2, "{group}");
    }
}

#[test]
fn contact_card_set_updates_many_contacts_in_one_transaction() {
    let roundcube = Roundcube::new();
    create_all(&roundcube);
    roundcube.transactions.set(0);
    let response = update_all(&roundcube);
    assert_eq!(count(&response, "updated"), COUNT, "{response:#}");
    assert_eq!(roundcube.transactions.get(), 1);
    let cards = roundcube.all("ContactCard");
    assert!(
        cards.iter().all(|card| card["notes"]["n"]["note"] == "new"),
        "{cards:#?}"
    );
}

#[test]
fn contact_card_set_reapplies_of_many_patches_the_one_to_what_others_have_written() {
    let roundcube = Roundcube::new();
    create_all(&roundcube);
    *roundcube.meanwhile.borrow_mut() = Some(
        "UPDATE contacts SET vcard = replace(vcard, 'FN:No', 'FN:Page') WHERE contact_id = 8"
            .to_owned(),
    );
    let response = update_all(&roundcube);
    assert_eq!(count(&response, "updated"), COUNT, "{response:#}");
    let card = &roundcube.get("ContactCard", &["c8"])[0];
    let name = card["name"]["full"].as_str();
    assert!(
        name.is_some_and(|name| name.starts_with("Page")),
        "{card:#}"
    );
    assert_eq!(card["notes"]["n"]["note"], "new", "{card:#}");
    // And no other one is written twice.
    assert_eq!(roundcube.transactions.get(), 2);
}

#[test]
fn contact_card_set_updates_the_others_where_one_is_refused_gone_or_unchanged() {
    let roundcube = Roundcube::new();
    create_all(&roundcube);
    let response = set(
        &roundcube,
        json!({"update": {
            "c1": {"name/full": "One"}, "c2": {"name": 7}, "c99": {"name/full": "x"},
            "c3": {"kind": null}, "g1": {"name/full": "x"}, "c4": {"name/full": "Four"},
        }}),
    );
    assert_eq!(
        response["updated"],
        json!({"c1": null, "c3": null, "c4": null}),
        "{response:#}"
    );
    assert_eq!(response["notUpdated"]["c2"]["type"], "invalidProperties");
    assert_eq!(response["notUpdated"]["c99"]["type"], "notFound");
    assert_eq!(response["notUpdated"]["g1"]["type"], "notFound");
    for (id, name) in [("c1", "One"), ("c4", "Four")] {
        assert_eq!(roundcube.get("ContactCard", &[id])[0]["name"]["full"], name);
    }
}

#[test]
fn contact_card_set_updates_a_contact_under_its_creation_id_and_its_id() {
    let roundcube = Roundcube::new();
    let wire = Wire::over(roundcube.open());
    let response = wire.post(&json!([
        ["ContactCard/set", {"accountId": "aMQ", "create": {"k": card(1)}}, "0"],
        ["ContactCard/set", {"accountId": "aMQ", "update": {
            "#k": {"notes": {"n": {"note": "one"}}}, "c1": {"notes/m": {"note": "two"}}}}, "1"],
    ]));
    let notes = &roundcube.get("ContactCard", &["c1"])[0]["notes"];
    assert_eq!(count(&json!({"notes": notes}), "notes"), 2, "{response:#}");
}

#[test]
fn contact_card_set_destroys_many_contacts_in_one_transaction() {
    let roundcube = Roundcube::new();
    create_all(&roundcube);
    roundcube.contact(50, "FN:Other\r\n", LONG_AGO);
    roundcube.transactions.set(0);
    let mut ids: Vec<_> = (1..=COUNT).map(|key| format!("c{key}")).collect();
    ids.extend(["c99".to_owned(), "g1".to_owned(), "r1".to_owned()]);
    let response = set(&roundcube, json!({"destroy": ids}));
    assert_eq!(count(&response, "destroyed"), COUNT, "{response:#}");
    for id in ["c99", "g1", "r1"] {
        assert_eq!(response["notDestroyed"][id]["type"], "notFound", "{id}");
    }
    assert_eq!(roundcube.transactions.get(), 1);
    assert_eq!(roundcube.all("ContactCard").len(), 1);
}
