//! The Roundcube host over MariaDB with Roundcube's own schema: what any host does, and what
//! differs from SQLite.
//!
//! `make test` starts the server and names its socket in `OPENXPORT_MARIADB_SOCKET`.

#[path = "../memory/mod.rs"]
mod memory;
#[path = "../convert_vcard/processor.rs"]
mod processor;
#[path = "../contract/reading.rs"]
mod reading;
#[path = "../contract/wire.rs"]
mod wire;
#[path = "../contract/written.rs"]
mod written;

mod contract;
mod fixture;
mod writing;

use fixture::Roundcube;
use serde_json::{Value, json};

const LONG_AGO: &str = "2024-03-01 10:00:00";

pub fn filled() -> Roundcube {
    let roundcube = Roundcube::new();
    roundcube.sql(
        "INSERT INTO contacts (contact_id, user_id, changed, name, email, vcard) VALUES
         (1, 1, '2024-03-01 10:00:00', '', '',
          'BEGIN:VCARD\r\nFN:Zoë 🎈\r\nUID:zoe-uid\r\nEND:VCARD'),
         (2, 1, '2024-03-01 10:00:00', 'Ben; Lee', 'ben@example.org, b@example.com', NULL),
         (3, 1, '2024-03-01 10:00:00', '', '',
          'BEGIN:VCARD\r\nFN:Zoë 🎈\r\nUID:zoe-uid\r\nEND:VCARD'),
         (4, 2, '2024-03-01 10:00:00', '', '', 'BEGIN:VCARD\r\nFN:Of Bob\r\nEND:VCARD')",
    );
    roundcube.sql("INSERT INTO contacts (contact_id, user_id, email, del) VALUES (5, 1, '', 1)");
    roundcube.sql(
        "INSERT INTO contactgroups (contactgroup_id, user_id, changed, name) VALUES
         (1, 1, '2024-03-01 10:00:00', 'One'), (2, 1, '1000-01-01 00:00:00', 'Two')",
    );
    roundcube.sql(
        "INSERT INTO contactgroupmembers (contactgroup_id, contact_id, created) VALUES
         (1, 1, '2024-03-01 10:00:00'), (1, 3, '2024-03-01 10:00:00'),
         (1, 5, '2024-03-01 10:00:00')",
    );
    roundcube.sql(
        "INSERT INTO collected_addresses (address_id, user_id, changed, name, email, type) VALUES
         (1, 1, '2024-03-01 10:00:00', 'To', 'to@example.org', 1),
         (2, 1, '2024-03-01 10:00:00', 'From', 'from@example.org', 2)",
    );
    roundcube.sql(
        "INSERT INTO identities (identity_id, user_id, name, email, `reply-to`, signature) VALUES
         (1, 1, 'Alice', 'alice@example.org', 'desk@example.org', 'Regards')",
    );
    roundcube
}

pub fn by_id<'r>(records: &'r [Value], id: &str) -> &'r Value {
    let found = records.iter().find(|record| record["id"] == id);
    found.unwrap_or_else(|| panic!("{id} is not in {records:#?}"))
}

fn assert_sees(roundcube: &Roundcube, change: &str) {
    let before = roundcube.fingerprint();
    assert_eq!(roundcube.fingerprint(), before, "nothing has changed yet");
    roundcube.sql(change);
    assert_ne!(roundcube.fingerprint(), before, "{change}");
}

#[test]
fn contact_card_get_reads_every_source() {
    let roundcube = filled();
    let cards = roundcube.read("ContactCard", None);
    let ids: Vec<_> = cards.iter().map(|card| &card["id"]).collect();
    assert_eq!(ids, ["c1", "c2", "c3", "g1", "g2", "r1", "t2"]);
    let zoe = by_id(&cards, "c1");
    assert_eq!(zoe["name"]["full"], "Zoë 🎈");
    assert_eq!(zoe["updated"], "2024-03-01T10:00:00Z");
    assert_eq!(by_id(&cards, "c2")["name"]["full"], "Ben; Lee");
    let again = by_id(&cards, "c3")["uid"].as_str().expect("a uid is text");
    assert!(again.starts_with("urn:uuid:"), "{again}");
    assert_eq!(
        by_id(&cards, "g1")["members"],
        json!({"zoe-uid": true, again: true})
    );
    // Rows that nobody has dated bear the schema's default.
    assert_eq!(by_id(&cards, "g2")["updated"], Value::Null);
    let some = roundcube.read("ContactCard", Some(&["c3", "g1", "t2", "c4", "c5"]));
    let expected = ["c3", "g1", "t2"].map(|id| by_id(&cards, id).clone());
    assert_eq!(some, expected);
}

#[test]
fn contact_card_updated_is_utc_whatever_the_session_says() {
    let roundcube = filled();
    roundcube.sql("SET time_zone = '+05:30'");
    roundcube.sql("UPDATE contacts SET changed = '2024-03-01 15:30:00' WHERE contact_id = 1");
    let cards = roundcube.read("ContactCard", Some(&["c1"]));
    assert_eq!(cards[0]["updated"], "2024-03-01T10:00:00Z");
}

#[test]
fn identity_get_reads_the_column_with_a_hyphen() {
    let identities = filled().read("Identity", None);
    assert_eq!(
        identities[0]["replyTo"],
        json!([{"name": null, "email": "desk@example.org"}])
    );
    assert_eq!(identities[0]["textSignature"], "Regards");
}

#[test]
fn fingerprint_sees_what_roundcube_does() {
    for change in [
        "INSERT INTO contacts (user_id, changed, email) VALUES (1, NOW(), '')",
        "UPDATE contacts SET changed = NOW(), vcard = 'x' WHERE contact_id = 2",
        "UPDATE contacts SET changed = NOW(), del = 1 WHERE contact_id = 2",
        "UPDATE contacts SET changed = NOW(), del = 0 WHERE contact_id = 5",
        "UPDATE contactgroups SET name = 'x' WHERE contactgroup_id = 1",
        "DELETE FROM contactgroupmembers WHERE contact_id = 1",
        "INSERT INTO contactgroupmembers (contactgroup_id, contact_id, created)
         VALUES (1, 2, NOW())",
        "DELETE FROM collected_addresses WHERE type = 1",
        "UPDATE collected_addresses SET changed = NOW(), name = 'x' WHERE type = 2",
    ] {
        assert_sees(&filled(), change);
    }
}

#[test]
fn fingerprint_sees_a_second_edit_within_one_second() {
    let roundcube = filled();
    roundcube.set_now("2024-10-27 01:30:00");
    roundcube.sql("UPDATE contacts SET changed = NOW() WHERE contact_id = 2");
    let before = roundcube.fingerprint();
    roundcube.sql("UPDATE contacts SET changed = NOW(), name = 'x' WHERE contact_id = 2");
    assert_ne!(roundcube.fingerprint(), before);
    roundcube.set_now("2024-10-27 01:30:10");
    assert_ne!(roundcube.fingerprint(), before);
}

// At the end of summer the local time repeats, and NOW() with it.
#[test]
fn fingerprint_sees_edits_while_the_local_time_repeats() {
    let roundcube = filled();
    roundcube.set_now("2024-10-27 02:50:00");
    roundcube.sql("UPDATE contacts SET changed = NOW() WHERE contact_id = 1");
    roundcube.set_now("2024-10-27 02:10:00");
    assert_sees(
        &roundcube,
        "UPDATE contacts SET changed = NOW(), name = 'x' WHERE contact_id = 2",
    );
    assert_sees(
        &roundcube,
        "UPDATE contacts SET changed = NOW(), name = 'y' WHERE contact_id = 2",
    );
    roundcube.set_now("2024-10-27 02:20:00");
    assert_sees(
        &roundcube,
        "UPDATE contacts SET changed = NOW(), name = 'z' WHERE contact_id = 2",
    );
}

#[test]
fn fingerprint_sees_edits_of_the_repeated_hour_after_it() {
    let roundcube = filled();
    roundcube.sql("UPDATE contacts SET changed = '2024-10-27 02:50:00' WHERE contact_id = 1");
    roundcube.set_now("2024-10-27 03:10:00");
    assert_sees(
        &roundcube,
        "UPDATE contacts SET changed = '2024-10-27 02:10:00', name = 'x' WHERE contact_id = 2",
    );
}

// The sums of all times are the same before and after: times count in them modulo 16,777,213.
#[test]
fn fingerprint_sees_the_newest_time_whatever_the_sums() {
    let roundcube = filled();
    roundcube.set_now("2025-01-01 00:00:00");
    assert_sees(
        &roundcube,
        "UPDATE contacts SET changed = changed + INTERVAL 16777213 SECOND WHERE contact_id = 2",
    );
}

#[test]
fn fingerprint_of_undated_rows_is_read() {
    let roundcube = filled();
    roundcube.sql("UPDATE contacts SET changed = '1000-01-01 00:00:00'");
    assert_sees(
        &roundcube,
        "UPDATE contacts SET changed = NOW() WHERE contact_id = 1",
    );
}

// Reading a page costs as much as its rows, however many come before and after it.
#[test]
fn contact_card_pages_come_from_an_index() {
    let roundcube = filled();
    for from in [10, 1_010, 2_010] {
        let rows: Vec<_> = (from..from + 1_000)
            .map(|id| format!("({id}, {}, '{LONG_AGO}', '', 'x')", 1 + id % 2))
            .collect();
        let rows = rows.join(", ");
        roundcube.sql(&format!(
            "INSERT INTO contacts (contact_id, user_id, changed, email, vcard) VALUES {rows}"
        ));
    }
    roundcube.sql(
        "INSERT INTO contactgroupmembers (contactgroup_id, contact_id) \
                   SELECT 2, contact_id FROM contacts WHERE user_id = 1",
    );
    roundcube.sql("ANALYZE TABLE contacts, contactgroups, contactgroupmembers");
    roundcube.read("ContactCard", None);
    for (sql, plan) in roundcube.query_plans() {
        if !sql.contains("collected_addresses") {
            assert!(
                !plan.contains("filesort") && !plan.contains("temporary"),
                "{sql}\n{plan}"
            );
            assert!(!plan.contains("\"ALL\""), "{sql}\n{plan}");
        }
    }
}
