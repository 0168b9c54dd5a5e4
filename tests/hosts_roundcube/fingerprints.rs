//! What the fingerprint of ContactCard sees, and what it costs.

use crate::fixture::{LONG_AGO, NOW, Roundcube};

/// Three contacts and two groups at rest.
fn at_rest() -> Roundcube {
    let roundcube = Roundcube::new();
    for id in 1..=3 {
        roundcube.contact(
            id,
            &format!("BEGIN:VCARD\r\nFN:P{id}\r\nEND:VCARD"),
            LONG_AGO,
        );
    }
    roundcube.sql(
        "INSERT INTO contactgroups (contactgroup_id, user_id, changed, name) VALUES
         (1, 1, '2024-03-01 10:00:00', 'One'), (2, 1, '2024-03-01 10:00:00', 'Two');
         INSERT INTO contactgroupmembers (contactgroup_id, contact_id, created) VALUES
         (1, 1, '2024-03-01 10:00:00'), (2, 2, '2024-03-01 10:00:00');
         INSERT INTO collected_addresses (address_id, user_id, changed, name, email, type) VALUES
         (1, 1, '2024-03-01 10:00:00', 'To', 'to@example.org', 1),
         (2, 1, '2024-03-01 10:00:00', 'From', 'from@example.org', 2)",
    );
    roundcube
}

/// The same, all of it of the current second.
fn just_changed() -> Roundcube {
    let roundcube = at_rest();
    roundcube.sql(&format!(
        "UPDATE contacts SET changed = '{NOW}';
         UPDATE contactgroups SET changed = '{NOW}';
         UPDATE contactgroupmembers SET created = '{NOW}';
         UPDATE collected_addresses SET changed = '{NOW}'"
    ));
    roundcube
}

fn assert_sees(roundcube: &Roundcube, change: &str) {
    let before = roundcube.fingerprint("ContactCard");
    assert_eq!(
        roundcube.fingerprint("ContactCard"),
        before,
        "nothing has changed yet"
    );
    roundcube.sql(change);
    assert_ne!(
        roundcube.fingerprint("ContactCard").digest,
        before.digest,
        "{change}"
    );
}

#[test]
fn fingerprint_counts_all_records() {
    assert_eq!(at_rest().fingerprint("ContactCard").count, 7);
}

#[test]
fn fingerprint_of_others_data_is_not_mine() {
    let roundcube = at_rest();
    let before = roundcube.fingerprint("ContactCard");
    roundcube.sql(
        "INSERT INTO contacts (contact_id, user_id, changed) VALUES (9, 2, datetime('now'));
         INSERT INTO contactgroups (contactgroup_id, user_id, name) VALUES (9, 2, 'Nine');
         INSERT INTO contactgroupmembers (contactgroup_id, contact_id) VALUES (9, 9);
         INSERT INTO collected_addresses (user_id, email, type) VALUES (2, 'x@example.org', 1)",
    );
    assert_eq!(roundcube.fingerprint("ContactCard"), before);
}

#[test]
fn fingerprint_sees_what_roundcube_does_to_contacts() {
    for change in [
        "INSERT INTO contacts (user_id, changed, vcard) VALUES (1, datetime('now'), 'x')",
        "UPDATE contacts SET changed = datetime('now'), vcard = 'x' WHERE contact_id = 2",
        "UPDATE contacts SET changed = datetime('now'), del = 1 WHERE contact_id = 2",
    ] {
        assert_sees(&at_rest(), change);
    }
    let roundcube = at_rest();
    roundcube.sql("UPDATE contacts SET del = 1 WHERE contact_id = 2");
    assert_sees(
        &roundcube,
        "UPDATE contacts SET del = 0, changed = datetime('now') WHERE contact_id = 2",
    );
}

#[test]
fn fingerprint_sees_a_second_edit_within_one_second() {
    for change in ["vcard = 'x'", "vcard = ''", "vcard = '', name = 'x'"] {
        let change = format!("UPDATE contacts SET {change} WHERE contact_id = 2");
        assert_sees(&just_changed(), &change);
    }
    assert_sees(
        &just_changed(),
        "UPDATE contactgroups SET name = 'x' WHERE contactgroup_id = 1",
    );
    assert_sees(
        &just_changed(),
        "UPDATE collected_addresses SET name = 'x' WHERE type = 1",
    );
    assert_sees(
        &just_changed(),
        "UPDATE collected_addresses SET name = 'x' WHERE type = 2",
    );
}

// The edit is in the second of the first look, and the second look is made when all is at rest.
#[test]
fn fingerprint_sees_an_edit_right_after_it_was_taken() {
    let roundcube = just_changed();
    let before = roundcube.fingerprint("ContactCard");
    roundcube.sql("UPDATE contacts SET vcard = 'x' WHERE contact_id = 2");
    roundcube.set_now("2024-03-01 12:00:10");
    assert_ne!(roundcube.fingerprint("ContactCard"), before);
}

// A write that takes a moment bears the time at which it began.
#[test]
fn fingerprint_sees_an_edit_that_becomes_visible_two_seconds_late() {
    let roundcube = just_changed();
    roundcube.set_now("2024-03-01 12:00:02");
    assert_sees(
        &roundcube,
        "UPDATE contacts SET vcard = 'x' WHERE contact_id = 2",
    );
}

#[test]
fn fingerprint_settles_once() {
    let roundcube = just_changed();
    let fresh = roundcube.fingerprint("ContactCard");
    roundcube.set_now("2024-03-01 12:00:02");
    assert_eq!(roundcube.fingerprint("ContactCard"), fresh);
    roundcube.set_now("2024-03-01 12:00:03");
    let settled = roundcube.fingerprint("ContactCard");
    assert_ne!(settled, fresh);
    roundcube.set_now("2025-01-01 00:00:00");
    assert_eq!(roundcube.fingerprint("ContactCard"), settled);
}

// A row that is written while others bear later times, because the clock went back.
#[test]
fn fingerprint_sees_edits_within_one_second_after_the_clock_went_back() {
    let roundcube = just_changed();
    roundcube.set_now("2024-03-01 11:10:00");
    roundcube.sql("UPDATE contacts SET changed = datetime('now') WHERE contact_id = 2");
    assert_sees(
        &roundcube,
        "UPDATE contacts SET vcard = 'x' WHERE contact_id = 2",
    );
}

#[test]
fn fingerprint_sees_times_that_go_back() {
    let roundcube = at_rest();
    roundcube.sql("UPDATE contacts SET changed = '2024-03-01 11:50:00' WHERE contact_id = 1");
    roundcube.sql("UPDATE contacts SET changed = '2024-03-01 11:10:00' WHERE contact_id = 2");
    // The newest stays, the sum of all times stays, and two rows have changed.
    assert_sees(
        &roundcube,
        "UPDATE contacts SET changed = '2024-03-01 11:20:00' WHERE contact_id = 2;
         UPDATE contacts SET changed = '2024-03-01 09:50:00' WHERE contact_id = 3",
    );
}

#[test]
fn fingerprint_sees_an_id_that_sqlite_gives_to_somebody_else() {
    let roundcube = at_rest();
    let purge = "DELETE FROM contacts WHERE contact_id = 3;";
    assert_sees(
        &roundcube,
        &format!(
            "{purge} INSERT INTO contacts (user_id, changed, vcard)
             VALUES (1, datetime('now'), 'x')"
        ),
    );
    let reused = roundcube.versions("ContactCard");
    assert!(reused.contains_key("c3"), "{reused:?}");
    // In the very second of the first look, too.
    let roundcube = just_changed();
    let again = format!("INSERT INTO contacts (user_id, changed, vcard) VALUES (1, '{NOW}', 'x')");
    assert_sees(&roundcube, &format!("{purge} {again}"));
}

#[test]
fn fingerprint_sees_members_come_and_go() {
    let joins = |time: &str| {
        format!(
            "INSERT INTO contactgroupmembers (contactgroup_id, contact_id, created)
             VALUES (1, 3, {time})"
        )
    };
    let leaves = "DELETE FROM contactgroupmembers WHERE contactgroup_id = 1 AND contact_id = 1";
    assert_sees(&at_rest(), &joins("datetime('now')"));
    assert_sees(&at_rest(), leaves);
    assert_sees(
        &at_rest(),
        &format!("{leaves}; {}", joins("datetime('now')")),
    );
    assert_sees(
        &just_changed(),
        &format!("{leaves}; {}", joins(&format!("'{NOW}'"))),
    );
}

#[test]
fn fingerprint_sees_what_roundcube_does_to_groups() {
    for change in [
        "INSERT INTO contactgroups (user_id, changed, name) VALUES (1, datetime('now'), 'x')",
        "UPDATE contactgroups SET name = 'x' WHERE contactgroup_id = 1",
        "UPDATE contactgroups SET changed = datetime('now') WHERE contactgroup_id = 1",
        "UPDATE contactgroups SET del = 1 WHERE contactgroup_id = 2",
    ] {
        assert_sees(&at_rest(), change);
    }
}

#[test]
fn fingerprint_sees_what_roundcube_does_to_collected_addresses() {
    for change in [
        "INSERT INTO collected_addresses (user_id, changed, email, type)
         VALUES (1, datetime('now'), 'new@example.org', 1)",
        "UPDATE collected_addresses SET changed = datetime('now'), name = 'x' WHERE type = 2",
        "DELETE FROM collected_addresses WHERE type = 1",
        "DELETE FROM collected_addresses WHERE type = 1;
         INSERT INTO collected_addresses (address_id, user_id, changed, email, type)
         VALUES (1, 1, datetime('now'), 'new@example.org', 1)",
    ] {
        assert_sees(&at_rest(), change);
    }
}

#[test]
fn fingerprint_sees_which_rows_are_there_where_none_has_a_date() {
    let roundcube = at_rest();
    roundcube.sql("UPDATE contacts SET changed = '0000-00-00 00:00:00', del = contact_id = 2");
    assert_sees(&roundcube, "UPDATE contacts SET del = contact_id = 3");
}

#[test]
fn fingerprint_sees_rows_without_any_date() {
    let roundcube = at_rest();
    roundcube.sql("UPDATE contacts SET changed = '0000-00-00 00:00:00'");
    assert_sees(
        &roundcube,
        "UPDATE contacts SET changed = datetime('now') WHERE contact_id = 1",
    );
}

// A bulk import gives all rows the same second.
#[test]
fn fingerprint_at_rest_reads_no_contacts() {
    let roundcube = Roundcube::new();
    roundcube.sql("BEGIN");
    for id in 1..=2_000 {
        roundcube.contact(id, "BEGIN:VCARD\r\nFN:P\r\nEND:VCARD", LONG_AGO);
    }
    roundcube.sql("COMMIT");
    roundcube.rows_read.set(0);
    roundcube.fingerprint("ContactCard");
    assert!(
        roundcube.rows_read.get() < 10,
        "{}",
        roundcube.rows_read.get()
    );
    roundcube.sql("UPDATE contacts SET changed = datetime('now')");
    roundcube.rows_read.set(0);
    roundcube.fingerprint("ContactCard");
    assert!(
        roundcube.rows_read.get() > 2_000,
        "{}",
        roundcube.rows_read.get()
    );
}
