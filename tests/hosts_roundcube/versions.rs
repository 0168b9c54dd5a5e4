//! The versions of ContactCards: the full comparison.

use crate::fixture::{LONG_AGO, Roundcube};

fn filled() -> Roundcube {
    let roundcube = Roundcube::new();
    roundcube.contact(1, "BEGIN:VCARD\r\nFN:A\r\nUID:a\r\nEND:VCARD", LONG_AGO);
    roundcube.contact(2, "BEGIN:VCARD\r\nFN:B\r\nEND:VCARD", LONG_AGO);
    roundcube.contact(3, "BEGIN:VCARD\r\nFN:A\r\nUID:a\r\nEND:VCARD", LONG_AGO);
    roundcube.sql(
        "INSERT INTO contacts (contact_id, user_id, name, email) VALUES (4, 1, 'D', 'd@x.org');
         INSERT INTO contactgroups (contactgroup_id, user_id, changed, name) VALUES
         (1, 1, '2024-03-01 10:00:00', 'One'), (2, 1, '2024-03-01 10:00:00', 'Two');
         INSERT INTO contactgroupmembers (contactgroup_id, contact_id) VALUES
         (1, 1), (1, 3), (2, 2);
         INSERT INTO collected_addresses (address_id, user_id, name, email, type) VALUES
         (1, 1, 'To', 'to@example.org', 1), (2, 1, 'From', 'from@example.org', 2)",
    );
    roundcube
}

/// Says which ids have another version after a change, or are there only before or after it.
fn touched(change: &str) -> Vec<String> {
    let roundcube = filled();
    let before = roundcube.versions("ContactCard");
    assert_eq!(
        roundcube.versions("ContactCard"),
        before,
        "nothing has changed yet"
    );
    roundcube.sql(change);
    let after = roundcube.versions("ContactCard");
    let mut ids: Vec<_> = before.keys().chain(after.keys()).cloned().collect();
    ids.sort();
    ids.dedup();
    ids.retain(|id| before.get(id) != after.get(id));
    ids
}

#[test]
fn versions_visit_every_record() {
    let ids: Vec<_> = filled().versions("ContactCard").into_keys().collect();
    assert_eq!(ids, ["c1", "c2", "c3", "c4", "g1", "g2", "r1", "t2"]);
}

#[test]
fn versions_change_with_the_record_alone() {
    for (change, ids) in [
        (
            "UPDATE contacts SET vcard = 'x' WHERE contact_id = 2",
            &["c2"][..],
        ),
        (
            "UPDATE contacts SET changed = '2025-01-01 00:00:00' WHERE contact_id = 2",
            &["c2"],
        ),
        (
            "UPDATE contacts SET name = 'x' WHERE contact_id = 4",
            &["c4"],
        ),
        (
            "UPDATE contacts SET email = 'x' WHERE contact_id = 4",
            &["c4"],
        ),
        (
            "UPDATE contacts SET surname = 'x' WHERE contact_id = 4",
            &["c4"],
        ),
        (
            "UPDATE contacts SET firstname = 'x' WHERE contact_id = 4",
            &["c4"],
        ),
        // What is only an index beside a vCard.
        (
            "UPDATE contacts SET words = 'x', name = 'x' WHERE contact_id = 2",
            &[],
        ),
        (
            "UPDATE contactgroups SET name = 'x' WHERE contactgroup_id = 2",
            &["g2"],
        ),
        (
            "UPDATE collected_addresses SET name = 'x' WHERE type = 1",
            &["r1"],
        ),
        (
            "UPDATE collected_addresses SET email = 'x' WHERE type = 2",
            &["t2"],
        ),
        ("DELETE FROM collected_addresses WHERE type = 2", &["t2"]),
    ] {
        assert_eq!(touched(change), ids, "{change}");
    }
}

#[test]
fn versions_of_groups_change_with_their_members() {
    let joins = "INSERT INTO contactgroupmembers (contactgroup_id, contact_id) VALUES (2, 4)";
    assert_eq!(touched(joins), ["g2"]);
    let leaves = "DELETE FROM contactgroupmembers WHERE contactgroup_id = 1 AND contact_id = 1";
    assert_eq!(touched(leaves), ["g1"]);
    let dies = "UPDATE contacts SET del = 1 WHERE contact_id = 2";
    assert_eq!(touched(dies), ["c2", "g2"]);
    let renamed = "UPDATE contacts SET vcard = 'UID:other' WHERE contact_id = 2";
    assert_eq!(touched(renamed), ["c2", "g2"]);
}

// The later row had a derived uid, because the UID was the first one's.
#[test]
fn versions_change_when_a_row_gets_its_uid_back() {
    let dies = "UPDATE contacts SET del = 1 WHERE contact_id = 1";
    assert_eq!(touched(dies), ["c1", "c3", "g1"]);
}
