//! ContactCard/set on Roundcube's tables (RFC 8620 §5.3, RFC 9610 §3.5).

use crate::fixture::{LONG_AGO, Roundcube};
use crate::wire::Wire;
use openxport::store::Host;
use serde_json::{Value, json};

const JANE: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Doe;Jane;;;\r\nFN:Jane Doe\r\n\
    item1.TEL;TYPE=work;X-ODD=1:+49 30 1\r\nX-OWN;A=b:kept\r\nEMAIL:jane@example.org\r\nEND:VCARD";

pub fn with_jane() -> Roundcube {
    let roundcube = Roundcube::new();
    roundcube.contact(1, JANE, LONG_AGO);
    roundcube
}

pub fn wire(roundcube: &Roundcube) -> Wire<Box<dyn Host + '_>> {
    Wire::over(roundcube.open())
}

/// One column of the contact with this key.
fn column(roundcube: &Roundcube, name: &str, key: i64) -> String {
    let sql = format!("SELECT {name} FROM contacts WHERE contact_id = ?");
    let value = roundcube.sqlite.connection.query_row(&sql, [key], |row| {
        Ok(String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).into_owned())
    });
    value.expect("the contact is there")
}

pub fn create(roundcube: &Roundcube, card: Value) -> Value {
    wire(roundcube).ok("ContactCard/set", json!({"create": {"k": card}}))
}

pub fn update(roundcube: &Roundcube, id: &str, patch: Value) -> Value {
    wire(roundcube).ok("ContactCard/set", json!({"update": {id: patch}}))
}

pub fn card() -> Value {
    json!({
        "@type": "Card", "version": "1.0", "uid": "urn:example:ann",
        "addressBookIds": {"b0": true},
        "name": {"full": "Ann Other", "components": [
            {"kind": "surname", "value": "Other"}, {"kind": "given", "value": "Ann"}]},
        "emails": {"e": {"address": "ann@example.org"}},
        "example.com:own": {"a": [1, null]},
    })
}

#[test]
fn contact_card_set_creates_a_contact_that_reads_as_it_was_sent() {
    let roundcube = with_jane();
    let response = create(&roundcube, card());
    assert_eq!(response["created"]["k"]["id"], "c2", "{response:#}");
    let stored = &roundcube.get("ContactCard", &["c2"])[0];
    for (name, value) in card().as_object().expect("it is an object") {
        assert_eq!(&stored[name], value, "{name} of {stored:#}");
    }
    assert_ne!(response["oldState"], response["newState"]);
}

#[test]
fn contact_card_set_asks_roundcube_for_the_columns_where_a_plugin_listens() {
    let roundcube = with_jane();
    roundcube.hooks.set("contact_create");
    create(&roundcube, card());
    assert_eq!(column(&roundcube, "firstname", 2), "first");
    assert_eq!(column(&roundcube, "email", 2), "e-mail");
    let words = column(&roundcube, "words", 2);
    assert!(words.starts_with("words of 0 in "), "{words}");
    // The column takes 128 characters.
    assert_eq!(column(&roundcube, "name", 2).chars().count(), 128);
}

#[test]
fn contact_card_set_makes_the_columns_of_a_plain_card_itself() {
    let roundcube = with_jane();
    let mut card = card();
    card["name"]["full"] = "é".repeat(130).into();
    create(&roundcube, card);
    for (name, value) in [
        ("firstname", "Ann"),
        ("surname", "Other"),
        ("email", "ann@example.org"),
        ("name", &"é".repeat(128)),
        (
            "words",
            &format!(" {} ann other ann@example.org", "e".repeat(130)),
        ),
    ] {
        assert_eq!(column(&roundcube, name, 2), value);
    }
}

#[test]
fn contact_card_set_asks_roundcube_for_the_columns_of_an_odd_card() {
    let roundcube = with_jane();
    let mut card = card();
    card["name"]["full"] = "what is an İ in small letters?".into();
    create(&roundcube, card);
    assert_eq!(column(&roundcube, "firstname", 2), "first");
}

#[test]
fn contact_card_set_gives_a_new_contact_without_a_uid_one_that_stays() {
    let roundcube = with_jane();
    let mut card = card();
    card.as_object_mut().expect("it is an object").remove("uid");
    let response = create(&roundcube, card);
    let uid = response["created"]["k"]["uid"]
        .as_str()
        .expect("it is told");
    assert!(uid.starts_with("urn:uuid:"), "{uid}");
    assert!(column(&roundcube, "vcard", 2).contains(&format!("UID:{uid}\r\n")));
}

#[test]
fn contact_card_set_refuses_a_uid_that_another_card_has() {
    // RFC 9610 §3
    let roundcube = with_jane();
    create(&roundcube, card());
    let response = create(&roundcube, card());
    let error = &response["notCreated"]["k"];
    assert_eq!(error["type"], "invalidProperties", "{response:#}");
    assert_eq!(error["properties"], json!(["uid"]));
}

#[test]
fn contact_card_set_takes_what_means_something_in_sql_as_text() {
    const TEXTS: [&str; 6] = [
        "' OR '1'='1",
        "%",
        "_",
        "\\",
        "\"; DROP TABLE contacts; --",
        "?1 :name $1 `x` \u{1F600}",
    ];
    let roundcube = with_jane();
    for (at, text) in TEXTS.into_iter().enumerate() {
        let card = json!({
            "uid": text, "addressBookIds": {"b0": true},
            "name": {"full": text, "components": [{"kind": "given", "value": text}]},
            "emails": {"e": {"address": text}},
        });
        let response = create(&roundcube, card.clone());
        let id = format!("c{}", at + 2);
        assert_eq!(response["created"]["k"]["id"], id, "{response:#}");
        let stored = &roundcube.get("ContactCard", &[&id])[0];
        assert_eq!(
            (&stored["uid"], &stored["name"], &stored["emails"]),
            (&card["uid"], &card["name"], &card["emails"])
        );
        let again = &create(&roundcube, card)["notCreated"]["k"];
        assert_eq!(again["type"], "invalidProperties", "{again:#}");
        let renamed = update(&roundcube, &id, json!({"name/full": format!("{text}!")}));
        assert!(renamed["updated"].get(&id).is_some(), "{renamed:#}");
        let wrong = update(&roundcube, "c1' OR '1'='1", json!({"name/full": "x"}));
        assert_eq!(wrong["updated"], Value::Null, "{wrong:#}");
    }
    assert_eq!(column(&roundcube, "vcard", 1), JANE);
}

#[test]
fn contact_card_set_changes_the_lines_of_one_property_and_no_other() {
    let roundcube = with_jane();
    let response = update(&roundcube, "c1", json!({"name/full": "Jane Roe"}));
    assert!(response["updated"].get("c1").is_some(), "{response:#}");
    let vcard = column(&roundcube, "vcard", 1);
    let uid = roundcube.get("ContactCard", &["c1"])[0]["uid"].clone();
    let uid = format!("UID:{}\r\n", uid.as_str().expect("it is text"));
    assert!(
        vcard.contains(&uid),
        "it is stored at the first write: {vcard}"
    );
    let lines = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        lines
    };
    assert_eq!(
        lines(&vcard.replace(&uid, "")),
        lines(&JANE.replace("FN:Jane Doe", "FN:Jane Roe"))
    );
}

#[test]
fn contact_card_set_stores_a_card_for_a_row_that_had_none() {
    let roundcube = Roundcube::new();
    roundcube.sql(
        "INSERT INTO contacts (contact_id, user_id, changed, name, firstname, surname, email, vcard)
         VALUES (1, 1, '2024-03-01 10:00:00', 'Old One', 'Old', 'One', 'a@example.org,b@example.org', '')",
    );
    update(&roundcube, "c1", json!({"notes": {"n": {"note": "new"}}}));
    let stored = &roundcube.get("ContactCard", &["c1"])[0];
    assert_eq!(stored["name"]["full"], "Old One", "{stored:#}");
    assert_eq!(stored["notes"]["n"]["note"], "new");
    assert_eq!(
        stored["emails"].as_object().map(|emails| emails.len()),
        Some(2)
    );
}

#[test]
fn contact_card_set_changes_nothing_when_the_patch_changes_nothing() {
    let roundcube = with_jane();
    update(&roundcube, "c1", json!({"name/full": "Jane Doe"}));
    assert_eq!(column(&roundcube, "vcard", 1), JANE);
    assert_eq!(column(&roundcube, "changed", 1), LONG_AGO);
}

#[test]
fn contact_card_set_flags_a_destroyed_contact_as_deleted() {
    let roundcube = with_jane();
    let response = wire(&roundcube).ok("ContactCard/set", json!({"destroy": ["c1", "c9"]}));
    assert_eq!(response["destroyed"], json!(["c1"]), "{response:#}");
    assert_eq!(response["notDestroyed"]["c9"]["type"], "notFound");
    assert_eq!(column(&roundcube, "CAST(del AS TEXT)", 1), "1");
    assert_eq!(column(&roundcube, "vcard", 1), JANE);
}

// Not all cards once for each that goes.
#[test]
fn contact_card_set_destroys_many_contacts_without_looking_at_the_others() {
    let roundcube = Roundcube::new();
    for id in 1..=100 {
        let card = format!("BEGIN:VCARD\r\nFN:P\r\nUID:u-{}\r\nEND:VCARD", id / 2);
        roundcube.contact(id, &card, LONG_AGO);
    }
    let ids: Vec<_> = (1..=50).map(|id| format!("c{id}")).collect();
    roundcube.rows_read.set(0);
    let response = wire(&roundcube).ok("ContactCard/set", json!({"destroy": ids}));
    assert_eq!(
        response["destroyed"].as_array().map(Vec::len),
        Some(50),
        "{response:#}"
    );
    let rows_read = roundcube.rows_read.get();
    assert!(rows_read < 500, "{rows_read}");
}

#[test]
fn contact_card_set_leaves_the_contacts_of_others_alone() {
    let roundcube = with_jane();
    roundcube.sql("UPDATE contacts SET user_id = 2");
    let response = wire(&roundcube).ok(
        "ContactCard/set",
        json!({"update": {"c1": {"name/full": "x"}}, "destroy": ["c1"]}),
    );
    assert_eq!(response["updated"], Value::Null, "{response:#}");
    assert_eq!(response["destroyed"], Value::Null, "{response:#}");
    assert_eq!(column(&roundcube, "vcard", 1), JANE);
}

#[test]
fn contact_card_set_is_forbidden_where_a_plugin_refuses() {
    let roundcube = with_jane();
    roundcube.refusing.set(true);
    roundcube
        .hooks
        .set("contact_create,contact_update,contact_delete");
    let response = wire(&roundcube).ok(
        "ContactCard/set",
        json!({"create": {"k": card()}, "update": {"c1": {"name/full": "x"}}}),
    );
    assert_eq!(
        response["notCreated"]["k"]["type"], "forbidden",
        "{response:#}"
    );
    assert_eq!(response["notUpdated"]["c1"]["type"], "forbidden");
    let response = wire(&roundcube).ok("ContactCard/set", json!({"destroy": ["c1"]}));
    assert_eq!(response["notDestroyed"]["c1"]["type"], "forbidden");
    assert_eq!(roundcube.all("ContactCard").len(), 1);
    assert_eq!(column(&roundcube, "vcard", 1), JANE);
}

#[test]
fn contact_card_set_writes_nothing_into_collected_addresses() {
    let roundcube = with_jane();
    roundcube.sql(
        "INSERT INTO collected_addresses (address_id, user_id, changed, name, email, type) VALUES
         (1, 1, '2024-03-01 10:00:00', 'To', 'to@example.org', 1)",
    );
    let mut elsewhere = card();
    elsewhere["addressBookIds"] = json!({"b1": true});
    let response = wire(&roundcube).ok(
        "ContactCard/set",
        json!({"create": {"k": elsewhere}, "update": {"r1": {"name/full": "x"},
            "c1": {"addressBookIds": {"b1": true}}}}),
    );
    assert_eq!(
        response["notCreated"]["k"]["type"], "forbidden",
        "{response:#}"
    );
    for id in ["r1", "c1"] {
        assert_eq!(
            response["notUpdated"][id]["type"], "forbidden",
            "{response:#}"
        );
    }
    let response = wire(&roundcube).ok("ContactCard/set", json!({"destroy": ["r1"]}));
    assert_eq!(response["notDestroyed"]["r1"]["type"], "forbidden");
}

#[test]
fn contact_card_set_refuses_books_that_there_are_not_and_more_than_one() {
    // RFC 9610 §1.4.1
    let roundcube = with_jane();
    for books in [json!({"b9": true}), json!({"b0": true, "b1": true})] {
        for card in [card(), json!({"kind": "group", "name": {"full": "G"}})] {
            let mut card = card;
            card["addressBookIds"] = books.clone();
            let response = create(&roundcube, card);
            let error = &response["notCreated"]["k"];
            assert_eq!(
                error["properties"],
                json!(["addressBookIds"]),
                "{response:#}"
            );
        }
        let response = update(&roundcube, "c1", json!({"addressBookIds": books}));
        let error = &response["notUpdated"]["c1"];
        assert_eq!(
            error["properties"],
            json!(["addressBookIds"]),
            "{response:#}"
        );
    }
}

#[test]
fn contact_card_copy_finds_no_other_account() {
    // RFC 8620 §5.4
    let roundcube = with_jane();
    let wire = wire(&roundcube);
    for (from, error) in [("aMQ", "invalidArguments"), ("aMg", "fromAccountNotFound")] {
        let copy = json!({"fromAccountId": from, "create": {"k": {"id": "c1"}}});
        assert_eq!(wire.error("ContactCard/copy", copy), error);
    }
}

#[test]
fn contact_card_set_overwrites_nothing_that_it_has_not_seen() {
    let roundcube = with_jane();
    // Within the same second, as the page saves it.
    roundcube.sql("UPDATE contacts SET changed = datetime('now')");
    *roundcube.meanwhile.borrow_mut() = Some(
        "UPDATE contacts SET vcard = replace(vcard, 'END:VCARD', 'NOTE:from the page' || char(13, 10) || 'END:VCARD')"
            .to_owned(),
    );
    let response = update(&roundcube, "c1", json!({"name/full": "Jane Roe"}));
    assert!(response["updated"].get("c1").is_some(), "{response:#}");
    let card = &roundcube.get("ContactCard", &["c1"])[0];
    assert_eq!(card["name"]["full"], "Jane Roe", "{card:#}");
    assert!(
        card["notes"].to_string().contains("from the page"),
        "{card:#}"
    );
}

#[test]
fn contact_card_set_changes_no_contact_that_is_deleted_meanwhile() {
    let roundcube = with_jane();
    *roundcube.meanwhile.borrow_mut() = Some("UPDATE contacts SET del = 1".to_owned());
    let response = update(&roundcube, "c1", json!({"name/full": "Jane Roe"}));
    assert_eq!(
        response["notUpdated"]["c1"]["type"], "notFound",
        "{response:#}"
    );
    assert_eq!(column(&roundcube, "vcard", 1), JANE);
}
