//! Identity/set on Roundcube's table (RFC 8621 §6.3).

use crate::fixture::{Fault, LONG_AGO, Roundcube, settings};
use crate::identities::with_identities;
use crate::wire::Wire;
use openxport::store::Host;
use serde_json::{Value, json};

fn wire(roundcube: &Roundcube) -> Wire<Box<dyn Host + '_>> {
    Wire::over(roundcube.open())
}

/// As an administrator has set `identities_level`.
fn wire_at(roundcube: &Roundcube, level: i64) -> Wire<Box<dyn Host + '_>> {
    let mut settings = settings();
    settings["identities_level"] = level.into();
    settings["user_email"] = "alice@example.org".into();
    Wire::over(roundcube.open_with(settings))
}

fn create(roundcube: &Roundcube, identity: Value) -> Value {
    wire(roundcube).ok("Identity/set", json!({"create": {"k": identity}}))
}

fn update(roundcube: &Roundcube, id: &str, patch: Value) -> Value {
    wire(roundcube).ok("Identity/set", json!({"update": {id: patch}}))
}

/// The columns of an identity, as text.
fn row(roundcube: &Roundcube, id: i64) -> Vec<String> {
    let sql = "SELECT name, email, \"reply-to\", bcc, signature, CAST(html_signature AS TEXT),
        CAST(standard AS TEXT), CAST(del AS TEXT), organization, changed
        FROM identities WHERE identity_id = ?";
    let read = |row: &rusqlite::Row<'_>| (0..10).map(|column| row.get(column)).collect();
    let row = roundcube.sqlite.connection.query_row(sql, [id], read);
    row.expect("the identity is there")
}

#[test]
fn identity_set_creates_an_identity_that_reads_as_it_was_sent() {
    let roundcube = with_identities();
    let identity = json!({
        "name": "Zoë, at home", "email": "zoe@example.com",
        "replyTo": [{"name": "Doe, \"J\"", "email": "j@example.org"}],
        "bcc": [{"name": null, "email": "archive@example.org"}],
        "textSignature": "Bye\nZoë",
    });
    let response = create(&roundcube, identity.clone());
    let created = json!({"id": "i7", "htmlSignature": "", "mayDelete": true});
    assert_eq!(response["created"]["k"], created, "{response:#}");
    let stored = &roundcube.get("Identity", &["i7"])[0];
    for (name, value) in identity.as_object().expect("it is an object") {
        assert_eq!(&stored[name], value, "{name} of {stored:#}");
    }
    assert_eq!(row(&roundcube, 7)[6..9], ["0", "0", ""]);
    assert_eq!(*roundcube.created.borrow(), [7], "plugins are told");
    assert_ne!(response["oldState"], response["newState"]);
}

#[test]
fn identity_set_changes_one_property_and_no_other_column() {
    let roundcube = with_identities();
    roundcube
        .sql("UPDATE identities SET standard = 1, organization = 'ACME' WHERE identity_id = 3");
    let mut wanted = row(&roundcube, 3);
    let response = update(&roundcube, "i3", json!({"name": "Alicia"}));
    assert_eq!(response["updated"], json!({"i3": null}), "{response:#}");
    wanted[0] = "Alicia".to_owned();
    let mut stored = row(&roundcube, 3);
    assert_ne!(stored[9], LONG_AGO, "it is dated");
    stored[9] = LONG_AGO.to_owned();
    assert_eq!(stored, wanted);
    update(
        &roundcube,
        "i3",
        json!({"bcc": null, "replyTo": [{"name": null, "email": "x@example.org"}]}),
    );
    assert_eq!(row(&roundcube, 3)[2..4], ["x@example.org", ""]);
}

#[test]
fn identity_set_changes_nothing_when_the_patch_changes_nothing() {
    let roundcube = with_identities();
    let whole = roundcube.get("Identity", &["i3"])[0].clone();
    let response = update(&roundcube, "i3", whole);
    assert_eq!(response["updated"], json!({"i3": null}), "{response:#}");
    assert_eq!(row(&roundcube, 3)[9], LONG_AGO);
}

// What the settings page has let in does not hinder a change of something else.
#[test]
fn identity_set_keeps_addresses_that_it_could_not_write() {
    let roundcube = with_identities();
    roundcube.sql("UPDATE identities SET bcc = 'a <b <c@example.org>', email = 'no address' WHERE identity_id = 3");
    let response = update(&roundcube, "i3", json!({"name": "Alicia"}));
    assert_eq!(response["updated"], json!({"i3": null}), "{response:#}");
    assert_eq!(row(&roundcube, 3)[3], "a <b <c@example.org>");
}

#[test]
fn identity_set_stores_an_html_signature_washed_and_says_so() {
    let roundcube = with_identities();
    let response = update(
        &roundcube,
        "i3",
        json!({"htmlSignature": "<script><i>x</i>", "textSignature": ""}),
    );
    let told = json!({"htmlSignature": "<i>x</i>", "textSignature": "text of <i>x</i>"});
    assert_eq!(response["updated"]["i3"], told, "{response:#}");
    assert_eq!(row(&roundcube, 3)[4..6], ["<i>x</i>", "1"]);
    // The text that Roundcube makes of an HTML signature follows it.
    let response = update(&roundcube, "i3", json!({"htmlSignature": "<b>y</b>"}));
    let told = json!({"textSignature": "text of <b>y</b>"});
    assert_eq!(response["updated"]["i3"], told, "{response:#}");
    let response = update(&roundcube, "i3", json!({"htmlSignature": ""}));
    assert_eq!(response["updated"]["i3"], Value::Null, "{response:#}");
    assert_eq!(row(&roundcube, 3)[4..6], ["text of <b>y</b>", "0"]);
}

#[test]
fn identity_set_refuses_what_would_forge_a_header() {
    let roundcube = with_identities();
    for (property, value) in [
        ("name", json!("A\r\nBcc: all@example.org")),
        ("email", json!("a@example.org\nX: y")),
        (
            "replyTo",
            json!([{"name": null, "email": "a@example.org\r\nX: y"}]),
        ),
        ("bcc", json!([{"name": "x\n", "email": "a@example.org"}])),
        ("replyTo", json!("a@example.org")),
        ("textSignature", json!("a\u{0}b")),
        // What the webmail takes for no address.
        ("email", json!("a@odd")),
        (
            "replyTo",
            json!([{"email": "ok@example.org"}, {"email": "a@odd"}]),
        ),
        ("bcc", json!([{"email": "a@odd"}])),
        // What its columns do not hold.
        ("name", json!("é".repeat(129))),
        (
            "replyTo",
            json!([{"name": "x".repeat(115), "email": "a@example.org"}]),
        ),
    ] {
        let mut identity = json!({"email": "a@example.org"});
        identity[property] = value;
        let response = create(&roundcube, identity);
        let error = &response["notCreated"]["k"];
        assert_eq!(error["type"], "invalidProperties", "{response:#}");
        assert_eq!(error["properties"], json!([property]), "{response:#}");
    }
    assert_eq!(roundcube.all("Identity").len(), 2);
    let name = "é".repeat(128);
    let response = create(&roundcube, json!({"email": "a@example.org", "name": name}));
    assert_eq!(response["created"]["k"]["id"], "i7", "{response:#}");
}

#[test]
fn identity_set_refuses_properties_that_are_not_the_clients_to_set() {
    let roundcube = with_identities();
    for (patch, property) in [
        (json!({"email": "new@example.org"}), "email"),
        (json!({"mayDelete": false}), "mayDelete"),
        (json!({"id": "i9"}), "id"),
        (json!({"organization": "x"}), "organization"),
    ] {
        let response = update(&roundcube, "i3", patch);
        let error = &response["notUpdated"]["i3"];
        assert_eq!(error["type"], "invalidProperties", "{response:#}");
        assert_eq!(error["properties"], json!([property]));
    }
    let response = create(&roundcube, json!({"name": "x"}));
    assert_eq!(response["notCreated"]["k"]["properties"], json!(["email"]));
}

#[test]
fn identity_set_flags_a_destroyed_identity_as_deleted_and_leaves_the_last() {
    let roundcube = with_identities();
    let response = wire(&roundcube).ok(
        "Identity/set",
        json!({"destroy": ["i3", "i4", "i5", "i6", "c1"]}),
    );
    assert_eq!(response["destroyed"], json!(["i3"]), "{response:#}");
    assert_eq!(response["notDestroyed"]["i4"]["type"], "forbidden");
    for id in ["i5", "i6", "c1"] {
        assert_eq!(
            response["notDestroyed"][id]["type"], "notFound",
            "{response:#}"
        );
    }
    assert_eq!(row(&roundcube, 3)[7], "1");
    assert_eq!(row(&roundcube, 4)[7], "0");
    assert_eq!(row(&roundcube, 6)[7], "0");
}

// Somebody else destroys the other one at the same time.
#[test]
fn identity_set_leaves_the_last_identity_whatever_was_seen_before() {
    let roundcube = with_identities();
    let wire = wire(&roundcube);
    *roundcube.before_delete.borrow_mut() =
        Some("UPDATE identities SET del = 1 WHERE identity_id = 4".to_owned());
    let response = wire.ok("Identity/set", json!({"destroy": ["i3"]}));
    assert_eq!(
        response["notDestroyed"]["i3"]["type"], "forbidden",
        "{response:#}"
    );
    assert_eq!(row(&roundcube, 3)[7], "0");
}

#[test]
fn identity_set_obeys_the_level_that_the_administrator_has_set() {
    const OTHER: &str = "forbiddenFrom";
    for (level, own, foreign, name, signature, destroy) in [
        (0, "", "", "", "", ""),
        (1, "", OTHER, "", "", ""),
        (2, "forbidden", "forbidden", "", "", "forbidden"),
        (3, "forbidden", "forbidden", "", "", "forbidden"),
        (4, "forbidden", "forbidden", "forbidden", "", "forbidden"),
    ] {
        let roundcube = with_identities();
        let wire = wire_at(&roundcube, level);
        let is_destroyable =
            wire.ok("Identity/get", json!({"ids": ["i3"]}))["list"][0]["mayDelete"].clone();
        assert_eq!(is_destroyable, json!(destroy.is_empty()), "level {level}");
        for (arguments, map, key, wanted) in [
            (
                json!({"create": {"k": {"email": "Alice@example.org"}}}),
                "notCreated",
                "k",
                own,
            ),
            (
                json!({"create": {"k": {"email": "x@example.com"}}}),
                "notCreated",
                "k",
                foreign,
            ),
            (
                json!({"update": {"i3": {"name": "x"}}}),
                "notUpdated",
                "i3",
                name,
            ),
            (
                json!({"update": {"i3": {"replyTo": null}}}),
                "notUpdated",
                "i3",
                name,
            ),
            (
                json!({"update": {"i3": {"textSignature": "x"}}}),
                "notUpdated",
                "i3",
                signature,
            ),
            (json!({"destroy": ["i3"]}), "notDestroyed", "i3", destroy),
        ] {
            let response = wire.ok("Identity/set", arguments.clone());
            let kind = response[map][key]["type"].as_str().unwrap_or_default();
            assert_eq!(kind, wanted, "level {level}: {arguments} {response:#}");
        }
    }
}

#[test]
fn identity_set_is_forbidden_where_a_plugin_refuses() {
    let roundcube = with_identities();
    roundcube.refusing.set(true);
    let response = wire(&roundcube).ok(
        "Identity/set",
        json!({"create": {"k": {"email": "x@example.org"}}, "update": {"i3": {"name": "x"}}, "destroy": ["i4"]}),
    );
    for (map, key) in [
        ("notCreated", "k"),
        ("notUpdated", "i3"),
        ("notDestroyed", "i4"),
    ] {
        assert_eq!(response[map][key]["type"], "forbidden", "{response:#}");
    }
    assert_eq!(roundcube.all("Identity").len(), 2);
}

#[test]
fn identity_set_overwrites_nothing_that_it_has_not_seen() {
    let roundcube = with_identities();
    *roundcube.meanwhile.borrow_mut() =
        Some("UPDATE identities SET name = 'From the page' WHERE identity_id = 3".to_owned());
    let response = update(&roundcube, "i3", json!({"textSignature": "mine"}));
    assert_eq!(response["updated"], json!({"i3": null}), "{response:#}");
    let stored = row(&roundcube, 3);
    assert_eq!((&*stored[0], &*stored[4]), ("From the page", "mine"));
}

#[test]
fn identity_set_leaves_the_identities_of_others_alone() {
    let roundcube = with_identities();
    let response = update(&roundcube, "i6", json!({"name": "x"}));
    assert_eq!(
        response["notUpdated"]["i6"]["type"], "notFound",
        "{response:#}"
    );
    assert_eq!(row(&roundcube, 6)[0], "Bob");
}

/// With an HTML signature and a text of its own beside it.
fn with_both_signatures() -> Roundcube {
    let roundcube = with_identities();
    let patch = json!({"htmlSignature": "<b>Alice</b>", "textSignature": "-- \nAlice"});
    let response = update(&roundcube, "i3", patch);
    assert_eq!(response["updated"], json!({"i3": null}), "{response:#}");
    roundcube
}

fn text_signature(roundcube: &Roundcube, id: &str) -> String {
    let identity = &roundcube.select("Identity", &[id], &["textSignature"])[0];
    identity["textSignature"]
        .as_str()
        .expect("it is text")
        .to_owned()
}

#[test]
fn identity_set_keeps_both_signatures() {
    let roundcube = with_both_signatures();
    let identity = &roundcube.get("Identity", &["i3"])[0];
    assert_eq!(identity["htmlSignature"], "<b>Alice</b>");
    assert_eq!(identity["textSignature"], "-- \nAlice");
    assert_eq!(row(&roundcube, 3)[4..6], ["<b>Alice</b>", "1"]);
    update(&roundcube, "i3", json!({"name": "Alicia"}));
    assert_eq!(text_signature(&roundcube, "i3"), "-- \nAlice");
    // Each can be changed alone.
    update(&roundcube, "i3", json!({"htmlSignature": "<i>A</i>"}));
    assert_eq!(text_signature(&roundcube, "i3"), "-- \nAlice");
    roundcube.sql(&format!("UPDATE identities SET changed = '{LONG_AGO}'"));
    let response = update(&roundcube, "i3", json!({"textSignature": "other"}));
    assert_eq!(row(&roundcube, 3)[9], LONG_AGO, "its row is not written");
    assert_ne!(response["oldState"], response["newState"], "{response:#}");
    assert_eq!(row(&roundcube, 3)[4], "<i>A</i>");
    assert_eq!(text_signature(&roundcube, "i3"), "other");
    // Without the HTML, the text is what the column holds.
    update(&roundcube, "i3", json!({"htmlSignature": ""}));
    assert_eq!(row(&roundcube, 3)[4..6], ["other", "0"]);
    assert_eq!(carried(&roundcube), 0);
    let both = json!({"email": "n@example.org", "htmlSignature": "<b>N</b>", "textSignature": "n"});
    let response = create(&roundcube, both);
    assert_eq!(
        response["created"]["k"],
        json!({"id": "i7", "name": "", "replyTo": null, "bcc": null, "mayDelete": true})
    );
    assert_eq!(text_signature(&roundcube, "i7"), "n");
}

/// How many entries are stored.
fn carried(roundcube: &Roundcube) -> i64 {
    let sql = "SELECT COUNT(*) FROM jmap_carried";
    let count = roundcube
        .sqlite
        .connection
        .query_row(sql, [], |row| row.get(0));
    count.expect("they are counted")
}

#[test]
fn identity_get_shows_no_text_beside_an_html_signature_that_was_edited_since() {
    let roundcube = with_both_signatures();
    let (version, fingerprint) = (
        roundcube.versions("Identity")["i3"],
        roundcube.fingerprint("Identity"),
    );
    roundcube.sql("UPDATE identities SET organization = 'ACME' WHERE identity_id = 3");
    assert_eq!(text_signature(&roundcube, "i3"), "-- \nAlice");
    assert_eq!(roundcube.versions("Identity")["i3"], version);
    assert_eq!(roundcube.fingerprint("Identity"), fingerprint);
    roundcube.sql("UPDATE identities SET signature = '<b>New</b>' WHERE identity_id = 3");
    assert_eq!(text_signature(&roundcube, "i3"), "text of <b>New</b>");
    roundcube
        .sql("UPDATE identities SET signature = 'Plain', html_signature = 0 WHERE identity_id = 3");
    assert_eq!(text_signature(&roundcube, "i3"), "Plain");
    update(&roundcube, "i3", json!({"htmlSignature": "<b>Alice</b>"}));
    assert_eq!(text_signature(&roundcube, "i3"), "Plain");
}

#[test]
fn identity_set_loses_what_is_carried_to_no_key_that_is_used_again() {
    let roundcube = with_both_signatures();
    // What Roundcube's cleandb.sh does a week after an identity was deleted.
    roundcube.sql(
        "UPDATE identities SET del = 1 WHERE identity_id = 3; DELETE FROM identities WHERE del = 1;
         INSERT INTO identities (identity_id, user_id, email, signature, html_signature)
         VALUES (3, 1, 'alice@example.org', '<b>Alice</b>', 1)",
    );
    assert_eq!(text_signature(&roundcube, "i3"), "text of <b>Alice</b>");
}

// HOSTILE 55
#[test]
fn identity_set_needs_the_table_for_a_second_signature_alone() {
    let roundcube = with_both_signatures();
    roundcube.sql("DROP TABLE jmap_carried");
    assert_eq!(text_signature(&roundcube, "i3"), "text of <b>Alice</b>");
    let patch = json!({"textSignature": "second"});
    let response = update(&roundcube, "i3", patch);
    let error = &response["notUpdated"]["i3"];
    assert_eq!(error["type"], "serverUnavailable", "{response:#}");
    for patch in [
        json!({"name": "Alicia"}),
        json!({"htmlSignature": "<i>A</i>"}),
        json!({"htmlSignature": "", "textSignature": "text"}),
    ] {
        let response = update(&roundcube, "i3", patch);
        assert!(response["updated"].get("i3").is_some(), "{response:#}");
    }
    assert_eq!(row(&roundcube, 3)[4..6], ["text", "0"]);
}

#[test]
fn identity_set_tells_of_what_is_stored_though_a_plugin_fails_afterwards() {
    let roundcube = with_identities();
    roundcube.fault.set(Some(Fault::Told));
    let response = create(&roundcube, json!({"name": "Zoë", "email": "z@example.org"}));
    assert_eq!(response["created"]["k"]["id"], "i7", "{response:#}");
}

#[test]
fn identity_set_refuses_an_html_signature_of_very_many_tags() {
    let roundcube = with_identities();
    let large = "<b>".repeat(10_001);
    let identity = json!({"email": "z@example.org", "htmlSignature": large});
    let response = create(&roundcube, identity);
    let error = &response["notCreated"]["k"];
    assert_eq!(
        error["properties"],
        json!(["htmlSignature"]),
        "{response:#}"
    );
    // One that is there already hinders no other change.
    roundcube.sql(&format!(
        "UPDATE identities SET signature = '{large}', html_signature = 1 WHERE identity_id = 3"
    ));
    let response = update(&roundcube, "i3", json!({"name": "Other"}));
    assert_eq!(response["updated"], json!({"i3": null}), "{response:#}");
}
