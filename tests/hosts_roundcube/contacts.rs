//! ContactCard: contacts, groups and collected addresses as records.

use crate::fixture::{LONG_AGO, NOW, Roundcube, read, settings, store};
use openxport::store::{Id, Selection, StoreError, Wanted};
use serde_json::{Value, json};

fn vcard(lines: &str) -> String {
    format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}\r\nEND:VCARD")
}

fn ids(cards: &[Value]) -> Vec<&str> {
    cards
        .iter()
        .map(|card| card["id"].as_str().expect("an id is text"))
        .collect()
}

fn one(roundcube: &Roundcube, id: &str) -> Value {
    let mut cards = roundcube.get("ContactCard", &[id]);
    assert_eq!(cards.len(), 1, "{id}");
    cards.remove(0)
}

fn email_addresses(card: &Value) -> Vec<&str> {
    let emails = card["emails"].as_object().into_iter().flatten();
    emails
        .filter_map(|(_, email)| email["address"].as_str())
        .collect()
}

#[test]
fn contact_card_get_converts_the_stored_vcard() {
    let roundcube = Roundcube::new();
    roundcube.contact(
        2,
        &vcard("N:Lee;Ann;;;\r\nFN:Ann Lee\r\nEMAIL:ann@example.org"),
        LONG_AGO,
    );
    let card = one(&roundcube, "c2");
    assert_eq!(card["@type"], "Card");
    assert_eq!(card["addressBookIds"], json!({"b0": true}));
    assert_eq!(card["uid"], "urn:uuid:c82321cf-0136-5a13-83d2-0df62812dfcc");
    assert_eq!(card["updated"], "2024-03-01T10:00:00Z");
    assert_eq!(card["created"], Value::Null);
    assert_eq!(card["name"]["full"], "Ann Lee");
    assert_eq!(email_addresses(&card), ["ann@example.org"]);
}

#[test]
fn contact_card_get_reads_every_source_once() {
    let roundcube = with_everything();
    assert_eq!(
        ids(&roundcube.all("ContactCard")),
        ["c1", "c2", "g1", "g2", "r1", "t2"]
    );
}

fn with_everything() -> Roundcube {
    let roundcube = Roundcube::new();
    roundcube.contact(1, &vcard("FN:Ann"), LONG_AGO);
    roundcube.contact(2, &vcard("FN:Ben\r\nUID:ben-uid"), LONG_AGO);
    roundcube.contact(3, &vcard("FN:Deleted\r\nUID:gone"), LONG_AGO);
    roundcube.sql(
        "UPDATE contacts SET del = 1 WHERE contact_id = 3;
         INSERT INTO contacts (contact_id, user_id, changed, vcard)
         VALUES (4, 2, '2024-03-01 10:00:00', 'BEGIN:VCARD\r\nFN:Of Bob\r\nEND:VCARD');
         INSERT INTO contactgroups (contactgroup_id, user_id, changed, del, name) VALUES
         (1, 1, '2024-03-01 10:00:00', 0, 'Friends & co'),
         (2, 1, '2024-03-01 10:00:00', 0, 'Nobody'),
         (3, 1, '2024-03-01 10:00:00', 1, 'Deleted'),
         (4, 2, '2024-03-01 10:00:00', 0, 'Of Bob');
         INSERT INTO contactgroupmembers (contactgroup_id, contact_id, created) VALUES
         (1, 1, '2024-03-01 10:00:00'), (1, 2, '2024-03-01 10:00:00'),
         (1, 3, '2024-03-01 10:00:00'), (3, 1, '2024-03-01 10:00:00'),
         (4, 4, '2024-03-01 10:00:00');
         INSERT INTO collected_addresses (address_id, user_id, changed, name, email, type) VALUES
         (1, 1, '2024-03-01 10:00:00', 'Sent, To', 'to@example.org', 1),
         (2, 1, '2024-03-01 10:00:00', '', 'trusted@example.org', 2),
         (3, 2, '2024-03-01 10:00:00', 'Of Bob', 'bob@example.org', 1)",
    );
    roundcube
}

// RFC 9553 §2.1.4, §2.1.6
#[test]
fn contact_card_get_shows_groups_with_their_living_members() {
    let roundcube = with_everything();
    let group = one(&roundcube, "g1");
    assert_eq!(
        group,
        json!({
            "id": "g1",
            "addressBookIds": {"b0": true},
            "@type": "Card",
            "version": "1.0",
            "kind": "group",
            "uid": "urn:uuid:758a9deb-dcfa-5ba6-872b-9d5dd3e48509",
            "updated": "2024-03-01T10:00:00Z",
            "name": {"full": "Friends & co"},
            "members": {
                one(&roundcube, "c1")["uid"].as_str().expect("a uid is text"): true,
                "ben-uid": true,
            },
        })
    );
    assert_eq!(one(&roundcube, "g2")["members"], json!({}));
}

#[test]
fn contact_card_get_shows_collected_addresses_in_their_books() {
    let roundcube = with_everything();
    let recipient = one(&roundcube, "r1");
    assert_eq!(recipient["addressBookIds"], json!({"b1": true}));
    assert_eq!(recipient["name"]["full"], "Sent, To");
    assert_eq!(email_addresses(&recipient), ["to@example.org"]);
    let sender = one(&roundcube, "t2");
    assert_eq!(sender["addressBookIds"], json!({"b2": true}));
    assert_eq!(email_addresses(&sender), ["trusted@example.org"]);
}

#[test]
fn contact_card_get_reads_only_the_books_that_are_shown() {
    let roundcube = with_everything();
    let mut settings = settings();
    settings["address_books"] = json!([{"source": "trusted_senders", "name": "Trusted"}]);
    let host = roundcube.open_with(settings.clone());
    let cards = read(&*host, "ContactCard", None, &Selection::ALL);
    assert_eq!(ids(&cards), ["t2"]);
    let fingerprint = store(&*host, "ContactCard").fingerprint();
    assert_eq!(fingerprint.expect("it is read").count, 1);
    settings["address_books"] = json!([{"source": "personal", "name": "Personal"}]);
    let host = roundcube.open_with(settings);
    let cards = read(&*host, "ContactCard", None, &Selection::ALL);
    assert_eq!(ids(&cards), ["c1", "c2", "g1", "g2"]);
}

#[test]
fn contact_card_get_passes_over_the_ids_of_others() {
    let roundcube = with_everything();
    let asked = [
        "c3", "c4", "g3", "g4", "r3", "r2", "t1", "c02", "c99", "x1", "c2", "g2",
    ];
    assert_eq!(ids(&roundcube.get("ContactCard", &asked)), ["c2", "g2"]);
}

// Very old rows have columns only.
#[test]
fn contact_card_get_reads_the_columns_of_a_row_without_a_vcard() {
    let roundcube = Roundcube::new();
    roundcube.sql(
        "INSERT INTO contacts (contact_id, user_id, changed, name, firstname, surname, email)
         VALUES (7, 1, '2024-03-01 10:00:00', 'Zoë; the M.', 'Zoë', 'Müller',
                 'zoe@example.org, z@example.com')",
    );
    let card = one(&roundcube, "c7");
    assert_eq!(card["name"]["full"], "Zoë; the M.");
    assert_eq!(
        card["name"]["components"],
        json!([{"kind": "surname", "value": "Müller"}, {"kind": "given", "value": "Zoë"}])
    );
    let mut addresses = email_addresses(&card);
    addresses.sort_unstable();
    assert_eq!(addresses, ["z@example.com", "zoe@example.org"]);
}

#[test]
fn contact_card_get_repairs_a_broken_card_and_keeps_the_others() {
    let roundcube = Roundcube::new();
    roundcube.contact(1, &vcard("FN:Ann"), LONG_AGO);
    roundcube.contact_octets(
        2,
        b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:M\xfcller\r\nEND:VCARD",
        LONG_AGO,
    );
    roundcube.contact_octets(3, b"\xff\xfe\x00 no vcard at all \x80", LONG_AGO);
    roundcube.contact(4, &vcard("FN:Dan"), LONG_AGO);
    let cards = roundcube.all("ContactCard");
    assert_eq!(ids(&cards), ["c1", "c2", "c3", "c4"]);
    assert_eq!(cards[1]["name"]["full"], "Müller");
    assert_eq!(cards[3]["name"]["full"], "Dan");
}

// Whether another row has the same UID is known from the last full scan.
#[test]
fn contact_card_get_by_id_reads_only_that_row_after_a_full_scan() {
    let roundcube = Roundcube::new();
    for id in 1..=50 {
        roundcube.contact(id, &vcard(&format!("FN:P\r\nUID:u-{}", id % 49)), LONG_AGO);
    }
    let learnt = {
        let host = roundcube.open();
        let store = store(&*host, "ContactCard");
        store.versions(&mut |_, _| Ok(())).expect("it is scanned");
        store.learnt()
    };
    let host = roundcube.open();
    store(&*host, "ContactCard").recall(&learnt);
    roundcube.rows_read.set(0);
    let get = |id| read(&*host, "ContactCard", Some(&[id]), &Selection::ALL);
    assert_eq!(get("c1")[0]["uid"], "u-1");
    assert_eq!(get("c48")[0]["uid"], "u-48");
    assert_eq!(get("c50"), roundcube.get("ContactCard", &["c50"]));
    assert_ne!(get("c50")[0]["uid"], "u-1");
    let without_recall = 1 + 50;
    assert_eq!(roundcube.rows_read.get(), 4 + without_recall);
}

// RFC 9610 §3: no two cards of an account have the same uid.
#[test]
fn contact_card_get_gives_a_uid_that_is_stored_twice_to_the_first_row() {
    let roundcube = Roundcube::new();
    let twice = vcard("FN:Ben\r\nUID:ben-uid");
    roundcube.contact(1, &twice, LONG_AGO);
    roundcube.contact(2, &vcard("FN:Ann\r\nUID:ann-uid"), LONG_AGO);
    roundcube.contact(5, &twice, LONG_AGO);
    roundcube.sql(
        "INSERT INTO contactgroups (contactgroup_id, user_id, name) VALUES (1, 1, 'All');
         INSERT INTO contactgroupmembers (contactgroup_id, contact_id) VALUES (1, 1), (1, 5)",
    );
    let all = roundcube.all("ContactCard");
    let uid = |id: &str| {
        let card = all
            .iter()
            .find(|card| card["id"] == id)
            .expect("it is there");
        card["uid"].as_str().expect("a uid is text").to_owned()
    };
    assert_eq!(uid("c1"), "ben-uid");
    assert_eq!(uid("c2"), "ann-uid");
    assert_eq!(&uid("c5")[..9], "urn:uuid:");
    let carried = json!(["uid", {}, "uri", "ben-uid"]);
    let cards = ["c1", "c5"].map(|id| one(&roundcube, id));
    assert_eq!(cards[0]["uid"], uid("c1"));
    assert_eq!(cards[1]["uid"], uid("c5"));
    let carries = |card: &Value| {
        let properties = card["vCardProps"].as_array();
        properties.is_some_and(|properties| properties.contains(&carried))
    };
    assert_eq!(cards.each_ref().map(carries), [false, true]);
    let members = json!({ "ben-uid": true, uid("c5"): true });
    assert_eq!(one(&roundcube, "g1")["members"], members);
    assert_eq!(all[3]["members"], members);
    let uids = roundcube.select("ContactCard", &["c1", "c2", "c5"], &["uid"]);
    let expected = ["c1", "c2", "c5"].map(|id| json!({"id": id, "uid": uid(id)}));
    assert_eq!(uids, expected);
    let selected = roundcube.select("ContactCard", &["c5", "g1"], &["uid", "members"]);
    assert_eq!(selected[0], json!({"id": "c5", "uid": uid("c5")}));
    assert_eq!(selected[1]["members"], members);
}

#[test]
fn contact_card_get_reads_no_cards_for_what_the_host_knows() {
    let roundcube = with_everything();
    assert_eq!(
        roundcube.select("ContactCard", &["c1", "r1"], &["id", "addressBookIds"]),
        [
            json!({"id": "c1", "addressBookIds": {"b0": true}}),
            json!({"id": "r1", "addressBookIds": {"b1": true}}),
        ]
    );
}

#[test]
fn contact_card_get_reads_more_than_one_page() {
    let roundcube = Roundcube::new();
    roundcube.sql("BEGIN");
    for id in 1..=1_201 {
        roundcube.contact(id, &vcard(&format!("FN:Person {id}")), LONG_AGO);
    }
    roundcube.sql("COMMIT");
    let all = roundcube.all("ContactCard");
    let expected: Vec<_> = (1..=1_201).map(|id| format!("c{id}")).collect();
    assert_eq!(ids(&all), expected);
    let asked: Vec<_> = expected.iter().map(String::as_str).collect();
    assert_eq!(roundcube.get("ContactCard", &asked), all);
}

#[test]
fn contact_card_members_are_named_by_the_uids_of_large_cards() {
    let roundcube = Roundcube::new();
    let photo = format!("PHOTO;ENCODING=b:{}", "A".repeat(20_000));
    let cards = [
        format!("UID:u-1\r\nFN:Ann\r\n{photo}"),
        format!("{photo}\r\nFN:Zoë\r\nUID:u-2"),
        format!("{photo}\r\nitem1.UID:u-3"),
        format!("{photo}\r\nFN:has no UID"),
    ];
    roundcube.sql("INSERT INTO contactgroups (contactgroup_id, user_id, name) VALUES (1, 1, 'G')");
    for (id, card) in (1..).zip(cards) {
        roundcube.contact(id, &vcard(&card), LONG_AGO);
        roundcube.sql(&format!(
            "INSERT INTO contactgroupmembers (contactgroup_id, contact_id) VALUES (1, {id})"
        ));
    }
    let uids = ["c1", "c2", "c3", "c4"].map(|id| one(&roundcube, id)["uid"].clone());
    assert_eq!(&uids[..3], ["u-1", "u-2", "u-3"]);
    let members = uids.map(|uid| uid.as_str().expect("a uid is text").to_owned());
    let members: serde_json::Map<_, _> =
        members.map(|uid| (uid, json!(true))).into_iter().collect();
    assert_eq!(one(&roundcube, "g1")["members"], Value::Object(members));
}

#[test]
fn contact_card_pages_are_small_however_large_the_photos() {
    let roundcube = Roundcube::new();
    let photo = |id: i64| {
        format!(
            "FN:P{id}\r\nPHOTO;ENCODING=b;TYPE=png:{}",
            "UidA".repeat(100_000)
        )
    };
    for id in 1..=30 {
        roundcube.contact(id, &vcard(&photo(id)), NOW);
    }
    roundcube.sql(
        "INSERT INTO contactgroups (contactgroup_id, user_id, name) VALUES (1, 1, 'All');
         INSERT INTO contactgroupmembers (contactgroup_id, contact_id)
         SELECT 1, contact_id FROM contacts",
    );
    let all = roundcube.all("ContactCard");
    assert_eq!(all.len(), 31);
    assert_eq!(all[29]["name"]["full"], "P30");
    let before = (
        roundcube.fingerprint("ContactCard"),
        roundcube.versions("ContactCard"),
    );
    // A photo of the same size in the same second.
    roundcube
        .sql("UPDATE contacts SET vcard = replace(vcard, 'UidA', 'UidB') WHERE contact_id = 7");
    assert_ne!(roundcube.fingerprint("ContactCard"), before.0);
    assert_ne!(roundcube.versions("ContactCard")["c7"], before.1["c7"]);
    assert!(
        roundcube.largest_page.get() < 500_000,
        "{}",
        roundcube.largest_page.get()
    );
}

// Reading a page costs as much as its rows, however many come before and after it. Only the
// collected addresses have no index for that; their rows are small.
#[test]
fn contact_card_pages_come_from_an_index() {
    let roundcube = with_everything();
    roundcube.all("ContactCard");
    roundcube.get("ContactCard", &["c2", "g1", "t2"]);
    roundcube.versions("ContactCard");
    roundcube.fingerprint("ContactCard");
    let plans = roundcube.query_plans();
    assert!(plans.len() > 10, "{plans:#?}");
    for plan in plans
        .iter()
        .filter(|plan| !plan.contains("collected_addresses"))
    {
        assert!(plan.contains("SEARCH") && !plan.contains("SCAN"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }
}

#[test]
fn contact_card_get_stops_when_the_visitor_does() {
    let roundcube = with_everything();
    let host = roundcube.open();
    let mut seen = 0;
    let stopped = store(&*host, "ContactCard").read(Wanted::All, &Selection::ALL, &mut |_| {
        seen += 1;
        Err(StoreError::Stopped("enough"))
    });
    assert!(matches!(stopped, Err(StoreError::Stopped("enough"))));
    assert_eq!(seen, 1);
}

#[test]
fn contact_card_members_of_many_groups_stay_apart() {
    let roundcube = Roundcube::new();
    roundcube.sql("BEGIN");
    for id in 1..=300 {
        roundcube.contact(id, &vcard(&format!("FN:P\r\nUID:u{id}")), LONG_AGO);
    }
    for group in 1..=600 {
        roundcube.sql(&format!(
            "INSERT INTO contactgroups (contactgroup_id, user_id, name) VALUES ({group}, 1, 'G')"
        ));
        for member in (1..=300).filter(|member| (member + group) % 100 == 0 && group % 7 != 0) {
            roundcube.sql(&format!(
                "INSERT INTO contactgroupmembers (contactgroup_id, contact_id)
                 VALUES ({group}, {member})"
            ));
        }
    }
    roundcube.sql("COMMIT");
    let all = roundcube.all("ContactCard");
    let groups: Vec<_> = all.iter().filter(|card| card["kind"] == "group").collect();
    assert_eq!(groups.len(), 600);
    for (number, group) in (1..).zip(groups) {
        assert_eq!(group["id"], format!("g{number}"));
        let expected: Value = (1..=300)
            .filter(|member| (member + number) % 100 == 0 && number % 7 != 0)
            .map(|member| (format!("u{member}"), json!(true)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert_eq!(group["members"], expected, "{number}");
    }
}

#[test]
fn contact_card_photo_under_the_longest_key_is_a_blob() {
    // RFC 8620 §1.2
    let roundcube = Roundcube::new();
    let keys = [
        "k".repeat(255),
        format!("{}x", "k".repeat(254)),
        "k".repeat(252),
    ];
    let photos = keys.iter().zip(["AAAA", "BBBB", "CCCC"]);
    let lines: String = photos
        .map(|(key, octets)| format!("PHOTO;ENCODING=b;PROP-ID={key}:{octets}\r\n"))
        .collect();
    roundcube.contact(1, &vcard(&format!("FN:Ann\r\n{lines}")), LONG_AGO);
    let media = one(&roundcube, "c1")["media"].clone();
    let host = roundcube.open();
    let account = &host.accounts()[0].id;
    for (key, octets) in keys.iter().zip([[0, 0, 0], [4, 16, 65], [8, 32, 130]]) {
        let blob = media[key]["blobId"].as_str().expect("a blob id is text");
        let blob = Id::new(blob).expect("it is an Id");
        let photo = host.contents(account, &blob).expect("the blob is read");
        assert_eq!(photo.expect("the photo is there").octets, octets, "{key}");
    }
}

#[test]
fn contact_card_photo_is_a_blob() {
    let roundcube = Roundcube::new();
    let photo = vcard("FN:Ann\r\nPHOTO;ENCODING=b;TYPE=image/png:iVBORw0KGgo=");
    roundcube.contact(1, &photo, LONG_AGO);
    let card = one(&roundcube, "c1");
    let (_, media) = card["media"]
        .as_object()
        .expect("it is an object")
        .iter()
        .next()
        .expect("a photo");
    let blob = media["blobId"].as_str().expect("a blob id is text");
    assert!(blob.starts_with("p1-"), "{blob}");
    let host = roundcube.open();
    let account = &host.accounts()[0].id;
    let contents = |blob: &str| {
        let blob = Id::new(blob).expect("it is an Id");
        host.contents(account, &blob).expect("the blob is read")
    };
    let photo = contents(blob).expect("the photo is there");
    assert_eq!(photo.octets, b"\x89PNG\r\n\x1a\n");
    assert_eq!(photo.media_type.as_deref(), Some("image/png"));
    for nothing in [
        &blob.replace("p1-", "p2-"),
        "p1-nothing",
        "p1",
        "p",
        "pX-1",
        "c1",
    ] {
        assert!(contents(nothing).is_none(), "{nothing}");
    }
    roundcube.sql("UPDATE contacts SET del = 1");
    assert!(contents(blob).is_none());
}
