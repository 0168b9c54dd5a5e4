//! Identity/set and groups over MariaDB: comparisons, transactions and foreign keys that differ
//! from SQLite's.

use crate::fixture::Roundcube;
use crate::wire::Wire;
use crate::{by_id, filled};
use serde_json::{Value, json};

fn set(roundcube: &Roundcube, data_type: &str, arguments: Value) -> Value {
    Wire::over(roundcube.open()).ok(&format!("{data_type}/set"), arguments)
}

fn identity(roundcube: &Roundcube, id: &str) -> Value {
    by_id(&roundcube.read("Identity", None), id).clone()
}

#[test]
fn identity_set_creates_changes_and_destroys() {
    let roundcube = filled();
    let create = json!({"create": {"k": {"name": "Zoë 🎈", "email": "zoe@example.org",
        "htmlSignature": "<b>Z</b>", "textSignature": "-- Z 🎈"}}});
    let response = set(&roundcube, "Identity", create);
    assert_eq!(response["created"]["k"]["id"], "i2", "{response:#}");
    assert_eq!(identity(&roundcube, "i2")["textSignature"], "-- Z 🎈");
    // Letters of another case are another text, whatever the collation says.
    let patch = json!({"update": {"i2": {"name": "ZOË 🎈", "textSignature": "-- z 🎈"}}});
    let response = set(&roundcube, "Identity", patch);
    assert_eq!(response["updated"], json!({"i2": null}), "{response:#}");
    let stored = identity(&roundcube, "i2");
    assert_eq!(
        (&stored["name"], &stored["textSignature"]),
        (&json!("ZOË 🎈"), &json!("-- z 🎈"))
    );
    let response = set(&roundcube, "Identity", json!({"destroy": ["i1", "i2"]}));
    assert_eq!(response["destroyed"], json!(["i1"]), "{response:#}");
    assert_eq!(
        response["notDestroyed"]["i2"]["type"], "forbidden",
        "{response:#}"
    );
}

#[test]
fn identity_set_keeps_both_signatures_until_the_page_edits_one() {
    let roundcube = filled();
    let patch = json!({"update": {"i1": {"htmlSignature": "<b>A</b>", "textSignature": "a"}}});
    set(&roundcube, "Identity", patch);
    assert_eq!(identity(&roundcube, "i1")["textSignature"], "a");
    roundcube.sql("UPDATE identities SET signature = '<b>a</b>' WHERE identity_id = 1");
    assert_eq!(
        identity(&roundcube, "i1")["textSignature"],
        "text of <b>a</b>"
    );
    // A signature that nobody has ever set is NULL there.
    roundcube
        .sql("UPDATE identities SET signature = NULL, html_signature = 0 WHERE identity_id = 1");
    let response = set(
        &roundcube,
        "Identity",
        json!({"update": {"i1": {"textSignature": "new"}}}),
    );
    assert_eq!(response["updated"], json!({"i1": null}), "{response:#}");
    assert_eq!(identity(&roundcube, "i1")["textSignature"], "new");
}

#[test]
fn contact_card_set_keeps_all_of_a_group_and_its_purged_key_inherits_nothing() {
    let roundcube = filled();
    let group = json!({"kind": "group", "uid": "urn:example:g", "addressBookIds": {"b0": true},
        "name": {"full": "Zoë 🎈"}, "members": {"zoe-uid": true, "nobody": true},
        "notes": {"n": {"note": "🎈"}}});
    let response = set(&roundcube, "ContactCard", json!({"create": {"k": &group}}));
    let id = response["created"]["k"]["id"].as_str();
    let id = id.unwrap_or_else(|| panic!("{response:#}"));
    let patch = json!({"update": {id: {"keywords": {"k": true}, "members/zoe-uid": null}}});
    let response = set(&roundcube, "ContactCard", patch);
    assert!(response["updated"].get(id).is_some(), "{response:#}");
    let card = by_id(&roundcube.read("ContactCard", None), id).clone();
    assert_eq!(card["members"], json!({"nobody": true}), "{card:#}");
    for property in ["uid", "name", "notes"] {
        assert_eq!(card[property], group[property], "{card:#}");
    }
    assert_eq!(card["keywords"], json!({"k": true}), "{card:#}");
    let key = &id[1..];
    roundcube.sql(&format!(
        "DELETE FROM contactgroups WHERE contactgroup_id = {key}"
    ));
    roundcube.sql(&format!(
        "INSERT INTO contactgroups (contactgroup_id, user_id, name) VALUES ({key}, 1, 'Zoë 🎈')"
    ));
    let card = by_id(&roundcube.read("ContactCard", None), id).clone();
    assert_ne!(card["uid"], group["uid"], "{card:#}");
    assert_eq!(card["notes"], Value::Null, "{card:#}");
}

#[test]
fn contact_card_set_stores_a_group_wholly_or_not_at_all() {
    let roundcube = filled();
    roundcube.sql(
        "CREATE TRIGGER no_room BEFORE INSERT ON jmap_carried FOR EACH ROW
         SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no room'",
    );
    let before = roundcube.read("ContactCard", None);
    let group = json!({"kind": "group", "uid": "u", "addressBookIds": {"b0": true},
        "name": {"full": "Never"}, "members": {"zoe-uid": true}});
    let response = set(&roundcube, "ContactCard", json!({"create": {"k": group}}));
    assert_eq!(
        response["notCreated"]["k"]["type"], "serverFail",
        "{response:#}"
    );
    assert_eq!(roundcube.read("ContactCard", None), before);
}

#[test]
fn reading_works_where_the_table_is_missing() {
    let roundcube = filled();
    let before = roundcube.read("ContactCard", None);
    roundcube.sql("DROP TABLE jmap_carried");
    assert_eq!(roundcube.read("ContactCard", None), before);
    roundcube.fingerprint();
    let group =
        json!({"kind": "group", "uid": "u", "addressBookIds": {"b0": true}, "name": {"full": "x"}});
    let response = set(&roundcube, "ContactCard", json!({"create": {"k": group}}));
    assert_eq!(
        response["notCreated"]["k"]["type"], "serverUnavailable",
        "{response:#}"
    );
}
