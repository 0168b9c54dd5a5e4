//! ContactCard/set of groups on Roundcube's tables and the plugin's own (RFC 9610 §3, RFC 9553
//! §2.1.6).

use crate::fixture::{LONG_AGO, Roundcube};
use crate::wire::Wire;
use crate::writing::{card, create, update, wire, with_jane};
use serde_json::{Value, json};

const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==";

/// A group with one member and more than Roundcube has columns for.
fn group() -> Value {
    json!({
        "@type": "Card", "version": "1.0", "kind": "group", "uid": "urn:example:friends",
        "addressBookIds": {"b0": true},
        "name": {"full": "Old Friends", "components": [
            {"kind": "surname", "value": "Friends"}, {"kind": "given", "value": "Old"}]},
        "members": {"urn:example:ann": true, "urn:example:elsewhere": true},
        "notes": {"n": {"note": "one\ntwo"}},
        "keywords": {"people": true},
        "example.com:own": {"a": [1, null]},
        "vCardProps": [["x-odd", {}, "unknown", "kept"]],
    })
}

/// With Jane, Ann and their group `g1`.
fn with_group() -> Roundcube {
    let roundcube = with_jane();
    create(&roundcube, card());
    let response = create(&roundcube, group());
    assert_eq!(response["created"]["k"]["id"], "g1", "{response:#}");
    roundcube
}

fn get(roundcube: &Roundcube, id: &str) -> Value {
    roundcube.get("ContactCard", &[id]).swap_remove(0)
}

/// Compares what both cards have, and of `vCardProps` all but what tells how vCard 3.0 is stored.
fn assert_has(stored: &Value, card: &Value) {
    for (name, value) in card.as_object().expect("it is an object") {
        let mut found = stored[name].clone();
        if let Some(carried) = found.as_array_mut() {
            carried.retain(|property| property[0] != "version" && property[0] != "n");
        }
        assert_eq!(&found, value, "{name} of {stored:#}");
    }
}

/// What a query of one column says, row by row.
fn column(roundcube: &Roundcube, sql: &str) -> Vec<String> {
    let connection = &roundcube.sqlite.connection;
    let mut statement = connection.prepare(sql).expect("it is SQL");
    let rows = statement.query_map([], |row| row.get(0));
    rows.expect("it runs")
        .map(|row| row.expect("it is text"))
        .collect()
}

const MEMBERS: &str = "SELECT CAST(contact_id AS TEXT) FROM contactgroupmembers ORDER BY 1";

#[test]
fn contact_card_set_keeps_all_of_a_groups_card() {
    let roundcube = with_group();
    assert_has(&get(&roundcube, "g1"), &group());
    assert_eq!(
        column(&roundcube, "SELECT name FROM contactgroups"),
        ["Old Friends"]
    );
    // Ann is the one whom Roundcube's own group shows.
    assert_eq!(column(&roundcube, MEMBERS), ["2"]);
}

#[test]
fn contact_card_set_changes_renames_and_destroys_a_group() {
    let roundcube = with_group();
    let jane = get(&roundcube, "c1")["uid"].clone();
    let jane = jane.as_str().expect("it is text");
    let patch = json!({"name/full": "Foes", "members": {jane: true, "urn:example:new": true}, "notes/n/note": "x"});
    let response = update(&roundcube, "g1", patch);
    assert!(response["updated"].get("g1").is_some(), "{response:#}");
    let mut wanted = group();
    wanted["name"]["full"] = "Foes".into();
    wanted["members"] = json!({jane: true, "urn:example:new": true});
    wanted["notes"]["n"]["note"] = "x".into();
    assert_has(&get(&roundcube, "g1"), &wanted);
    assert_eq!(
        column(&roundcube, "SELECT name FROM contactgroups"),
        ["Foes"]
    );
    assert_eq!(column(&roundcube, MEMBERS), ["1"]);
    let response = wire(&roundcube).ok("ContactCard/set", json!({"destroy": ["g1", "g9"]}));
    assert_eq!(response["destroyed"], json!(["g1"]));
    assert_eq!(response["notDestroyed"]["g9"]["type"], "notFound");
    assert!(roundcube.get("ContactCard", &["g1"]).is_empty());
}

#[test]
fn contact_card_set_of_a_groups_property_moves_state_and_version() {
    let roundcube = with_group();
    let before = roundcube.versions("ContactCard");
    roundcube.sql("UPDATE contactgroups SET changed = datetime('now')");
    let response = update(&roundcube, "g1", json!({"notes": null}));
    assert_ne!(response["oldState"], response["newState"], "{response:#}");
    let mut after = roundcube.versions("ContactCard");
    assert_ne!(before["g1"], after["g1"]);
    after.insert("g1".to_owned(), before["g1"]);
    assert_eq!(before, after, "no other card has changed");
}

// RFC 9610 §3: a uid that cannot be found is ignored but preserved.
#[test]
fn contact_card_set_takes_a_member_in_who_comes_later() {
    let roundcube = with_group();
    let mut elsewhere = card();
    elsewhere["uid"] = "urn:example:elsewhere".into();
    create(&roundcube, elsewhere);
    assert_has(&get(&roundcube, "g1"), &group());
    assert_eq!(column(&roundcube, MEMBERS), ["2", "3"]);
    update(&roundcube, "g1", json!({"members": {}}));
    assert_eq!(get(&roundcube, "g1")["members"], json!({}));
    assert_eq!(column(&roundcube, MEMBERS), [""; 0]);
}

#[test]
fn contact_card_get_shows_the_name_that_the_page_has_given_and_keeps_the_rest() {
    let roundcube = with_group();
    roundcube.sql("UPDATE contactgroups SET name = 'Pals' WHERE contactgroup_id = 1");
    let mut wanted = group();
    wanted["name"] = json!({"full": "Pals"});
    assert_has(&get(&roundcube, "g1"), &wanted);
    // What went with the old name does not come back with another write.
    update(&roundcube, "g1", json!({"notes/n/note": "x"}));
    wanted["notes"]["n"]["note"] = "x".into();
    assert_has(&get(&roundcube, "g1"), &wanted);
}

#[test]
fn contact_card_set_overwrites_nothing_of_a_group_that_it_has_not_seen() {
    let roundcube = with_group();
    *roundcube.before_transaction.borrow_mut() = Some(
        "UPDATE jmap_carried SET digest = 'another', data = replace(data, 'people', 'crowd')"
            .to_owned(),
    );
    let response = update(&roundcube, "g1", json!({"name/full": "Foes"}));
    assert!(response["updated"].get("g1").is_some(), "{response:#}");
    let card = get(&roundcube, "g1");
    assert_eq!(card["name"]["full"], "Foes", "{card:#}");
    assert_eq!(card["keywords"], json!({"crowd": true}), "{card:#}");
}

#[test]
fn contact_card_set_stores_a_uid_for_a_group_of_the_page_at_the_first_write() {
    let roundcube = with_jane();
    roundcube.sql(
        "INSERT INTO contactgroups (contactgroup_id, user_id, name) VALUES (1, 1, 'Of the page')",
    );
    let uid = get(&roundcube, "g1")["uid"].clone();
    update(&roundcube, "g1", json!({"keywords": {"k": true}}));
    assert_eq!(get(&roundcube, "g1")["uid"], uid);
    assert_eq!(
        json!(column(&roundcube, "SELECT uid FROM jmap_carried")),
        json!([uid])
    );
}

#[test]
fn contact_card_set_gives_a_new_group_without_a_uid_one_that_stays() {
    let roundcube = with_jane();
    let group = json!({"kind": "group", "addressBookIds": {"b0": true}, "name": {"full": "Plain"}});
    let response = create(&roundcube, group);
    let uid = response["created"]["k"]["uid"].clone();
    assert!(
        uid.as_str().is_some_and(|uid| uid.starts_with("urn:uuid:")),
        "{response:#}"
    );
    update(&roundcube, "g1", json!({"name/full": "Plainer"}));
    assert_eq!(get(&roundcube, "g1")["uid"], uid);
}

#[test]
fn contact_card_set_refuses_a_uid_that_a_group_has() {
    // RFC 9610 §3
    let roundcube = with_group();
    let mut contact = card();
    contact["uid"] = group()["uid"].clone();
    for taken in [group(), contact] {
        let response = create(&roundcube, taken);
        let error = &response["notCreated"]["k"];
        assert_eq!(error["properties"], json!(["uid"]), "{response:#}");
        assert_eq!(error["existingId"], "g1", "{response:#}");
    }
    let both = json!({"create": {"a": {"kind": "group", "uid": "u", "name": {"full": "A"},
        "addressBookIds": {"b0": true}}, "b": {"uid": "u", "addressBookIds": {"b0": true}}}});
    let response = wire(&roundcube).ok("ContactCard/set", both);
    assert_eq!(
        response["notCreated"]["b"]["properties"],
        json!(["uid"]),
        "{response:#}"
    );
    // It is free when the group is gone.
    wire(&roundcube).ok("ContactCard/set", json!({"destroy": ["g1"]}));
    let response = create(&roundcube, group());
    assert_eq!(response["created"]["k"]["id"], "g3", "{response:#}");
}

// Roundcube's own import makes a contact of a group's card.
#[test]
fn contact_card_get_leaves_the_uid_of_a_group_to_it() {
    let roundcube = with_group();
    let uid = group()["uid"].clone();
    let vcard = "BEGIN:VCARD\r\nFN:Old Friends\r\nUID:urn:example:friends\r\nEND:VCARD";
    roundcube.contact(7, vcard, LONG_AGO);
    let all = roundcube.all("ContactCard");
    let has_it = |card: &&Value| card["uid"] == uid;
    let ids: Vec<_> = all.iter().filter(has_it).map(|card| &card["id"]).collect();
    assert_eq!(ids, ["g1"], "{all:#?}");
    assert_ne!(get(&roundcube, "c7")["uid"], uid);
    let found = wire(&roundcube).ok("ContactCard/query", json!({"filter": {"uid": uid}}));
    assert_eq!(found["ids"], json!(["g1"]), "{found:#}");
    // It gets its own back when the group goes.
    let before = roundcube.versions("ContactCard");
    wire(&roundcube).ok("ContactCard/set", json!({"destroy": ["g1"]}));
    assert_eq!(get(&roundcube, "c7")["uid"], uid);
    assert_ne!(before["c7"], roundcube.versions("ContactCard")["c7"]);
}

#[test]
fn contact_card_set_loses_what_is_carried_to_no_key_that_is_used_again() {
    let roundcube = with_group();
    // What Roundcube's cleandb.sh does a week after a group was deleted.
    roundcube.sql(
        "UPDATE contactgroups SET del = 1 WHERE contactgroup_id = 1;
         DELETE FROM contactgroups WHERE del = 1;
         INSERT INTO contactgroups (contactgroup_id, user_id, name) VALUES (1, 1, 'Old Friends')",
    );
    let card = get(&roundcube, "g1");
    assert_ne!(card["uid"], group()["uid"], "{card:#}");
    assert_eq!(card["notes"], Value::Null, "{card:#}");
    assert_eq!(card["members"], json!({}), "{card:#}");
}

#[test]
fn contact_card_set_keeps_what_is_carried_of_a_group_that_comes_back() {
    let roundcube = with_group();
    roundcube.sql("UPDATE contactgroups SET del = 1");
    assert!(roundcube.get("ContactCard", &["g1"]).is_empty());
    roundcube.sql("UPDATE contactgroups SET del = 0");
    assert_has(&get(&roundcube, "g1"), &group());
}

#[test]
fn contact_card_set_puts_a_photo_into_a_groups_card() {
    // RFC 9610 §3
    let roundcube = with_jane();
    let wire = Wire::over(roundcube.open());
    let mut card = group();
    card["media"] = json!({"m": {"kind": "photo", "mediaType": "image/png",
        "uri": format!("data:image/png;base64,{PNG}")}});
    let response = wire.ok("ContactCard/set", json!({"create": {"k": card}}));
    let media = response["created"]["k"]["media"]["m"].clone();
    assert_eq!(media["blobId"], "q1-690247164e4d1bc2-m", "{response:#}");
    let blobs = json!({"ids": ["q1-690247164e4d1bc2-m", "q1-x", "q2-m", "p1-m"], "properties": ["data:asBase64"]});
    let got = wire.ok("Blob/get", blobs.clone());
    assert_eq!(got["list"][0]["data:asBase64"], PNG, "{got:#}");
    assert_eq!(got["notFound"].as_array().map(Vec::len), Some(3), "{got:#}");
    roundcube.sql("UPDATE contactgroups SET user_id = 2");
    let got = wire.ok("Blob/get", blobs);
    assert_eq!(got["list"], json!([]), "{got:#}");
}

#[test]
fn contact_card_query_finds_what_is_carried_of_a_group() {
    let roundcube = with_group();
    let wire = wire(&roundcube);
    for filter in [
        json!({"note": "two"}),
        json!({"text": "people"}),
        json!({"uid": "urn:example:friends"}),
        json!({"hasMember": "urn:example:elsewhere"}),
        json!({"name/given": "old"}),
    ] {
        let found = wire.ok("ContactCard/query", json!({ "filter": filter }));
        assert_eq!(found["ids"], json!(["g1"]), "{filter}");
    }
}

#[test]
fn contact_card_set_refuses_a_group_that_is_no_card() {
    let roundcube = with_jane();
    for (name, value) in [
        ("name", json!(null)),
        ("name", json!({"full": " "})),
        ("name", json!({"full": "x".repeat(129)})),
        ("members", json!({"urn:example:ann": false})),
        ("notes", json!(7)),
        ("uid", json!("")),
        ("uid", json!("x".repeat(256))),
        ("uid", json!(7)),
    ] {
        let mut group = json!({"kind": "group", "addressBookIds": {"b0": true},
            "name": {"full": "Friends"}});
        group[name] = value;
        let response = create(&roundcube, group);
        let error = &response["notCreated"]["k"];
        assert_eq!(error["type"], "invalidProperties", "{response:#}");
        assert_eq!(error["properties"], json!([name]));
    }
    assert_eq!(column(&roundcube, "SELECT uid FROM jmap_carried"), [""; 0]);
    assert_eq!(
        column(&roundcube, "SELECT name FROM contactgroups"),
        [""; 0]
    );
    let response = update(&roundcube, "c1", json!({"kind": "group"}));
    assert_eq!(
        response["notUpdated"]["c1"]["properties"],
        json!(["kind"]),
        "{response:#}"
    );
}

// Nothing of it is stored where a part cannot be.
#[test]
fn contact_card_set_stores_a_group_wholly_or_not_at_all() {
    let roundcube = with_group();
    roundcube.sql(
        "CREATE TRIGGER full BEFORE INSERT ON jmap_carried
         BEGIN SELECT RAISE(ABORT, 'no room'); END;
         CREATE TRIGGER full_too BEFORE UPDATE ON jmap_carried
         BEGIN SELECT RAISE(ABORT, 'no room'); END",
    );
    let mut other = group();
    other["uid"] = "urn:example:other".into();
    let response = create(&roundcube, other);
    assert_eq!(
        response["notCreated"]["k"]["type"], "serverFail",
        "{response:#}"
    );
    let response = update(&roundcube, "g1", json!({"name/full": "x", "members": {}}));
    assert_eq!(
        response["notUpdated"]["g1"]["type"], "serverFail",
        "{response:#}"
    );
    assert_has(&get(&roundcube, "g1"), &group());
    assert_eq!(roundcube.all("ContactCard").len(), 3);
}

// HOSTILE 55
#[test]
fn contact_card_set_needs_the_table_for_what_a_group_has_no_columns_for_alone() {
    let roundcube = with_group();
    roundcube.sql("DROP TABLE jmap_carried");
    let card = get(&roundcube, "g1");
    assert_eq!(card["name"], json!({"full": "Old Friends"}), "{card:#}");
    assert_eq!(
        card["members"],
        json!({"urn:example:ann": true}),
        "{card:#}"
    );
    assert_eq!(roundcube.fingerprint("ContactCard").count, 3);
    assert_eq!(roundcube.versions("ContactCard").len(), 3);
    let response = create(&roundcube, group());
    assert_eq!(
        response["notCreated"]["k"]["type"], "serverUnavailable",
        "{response:#}"
    );
    let response = update(&roundcube, "g1", json!({"keywords": {"x": true}}));
    assert_eq!(
        response["notUpdated"]["g1"]["type"], "serverUnavailable",
        "{response:#}"
    );
    let response = update(&roundcube, "g1", json!({"name/full": "New", "members": {}}));
    assert!(response["updated"].get("g1").is_some(), "{response:#}");
    let plain = json!({"kind": "group", "addressBookIds": {"b0": true}, "name": {"full": "Plain"}});
    let response = create(&roundcube, plain);
    assert_eq!(response["created"]["k"]["id"], "g2", "{response:#}");
}
