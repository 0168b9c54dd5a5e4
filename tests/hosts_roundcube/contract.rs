//! What every host does that can be read, here over JMAP from Roundcube's database; and what
//! cannot be written.

use crate::fixture::{Roundcube, store};
use crate::reading;
use crate::wire::Wire;
use crate::written;
use openxport::store::Host;
use serde_json::json;

type RoundcubeWire<'a> = Wire<Box<dyn Host + 'a>>;

reading::contract!(with_filled_account);
written::contract!(with_filled_account);

fn with_filled_account(test: impl FnOnce(&RoundcubeWire<'_>)) {
    let roundcube = Roundcube::new();
    let photo = "PHOTO;ENCODING=b:iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==";
    for (id, lines, changed) in [
        (
            1,
            "N:Doe;Jane;;;\r\nFN:Jane Doe\r\nEMAIL;TYPE=HOME:jane@example.org\r\nX-GENDER:female",
            "2024-03-01 10:00:02",
        ),
        (
            2,
            "N:Zola;Émile;;;\r\nFN:Émile Zola\r\nUID:zola\r\nORG:ACME;Books",
            "2024-03-01 10:00:00",
        ),
        (
            3,
            "N:Müller;Käthe;;;\r\nFN:Käthe Müller\r\nUID:zola\r\nNOTE:the same UID again",
            "2024-03-01 10:00:01",
        ),
        (4, photo, "2024-03-01 10:00:03"),
    ] {
        let card = format!("BEGIN:VCARD\r\nVERSION:3.0\r\n{lines}\r\nEND:VCARD");
        roundcube.contact(id, &card, changed);
    }
    roundcube.contact_octets(
        5,
        b"BEGIN:VCARD\r\nFN:J\xf6rg\r\nEND:VCARD",
        "2024-03-01 10:00:00",
    );
    roundcube.sql(
        "INSERT INTO contactgroups (contactgroup_id, user_id, changed, name) VALUES
         (1, 1, '2024-03-01 10:00:00', 'Writers & co'), (2, 1, '2024-03-01 10:00:00', 'Nobody');
         INSERT INTO contactgroupmembers (contactgroup_id, contact_id, created) VALUES
         (1, 1, '2024-03-01 10:00:00'), (1, 2, '2024-03-01 10:00:00');
         INSERT INTO collected_addresses (address_id, user_id, changed, name, email, type) VALUES
         (1, 1, '2024-03-01 10:00:00', 'Sent, To', 'to@example.org', 1),
         (2, 1, '2024-03-01 10:00:00', '', 'trusted@example.org', 2);
         INSERT INTO identities (identity_id, user_id, changed, name, email, signature) VALUES
         (1, 1, '2024-03-01 10:00:00', 'Alice', 'alice@example.org', 'Yours')",
    );
    test(&Wire::over(roundcube.open()));
}

#[test]
fn email_submission_answers_empty() {
    // RFC 8621 §7
    with_filled_account(|wire| {
        let get = wire.ok("EmailSubmission/get", json!({}));
        assert_eq!(get["list"], json!([]));
        let query = wire.ok("EmailSubmission/query", json!({}));
        assert_eq!(query["ids"], json!([]));
    });
}

#[test]
fn readme_says_which_data_types_can_be_written() {
    let roundcube = Roundcube::new();
    let host = roundcube.open();
    for data_type in openxport::data_types::ALL {
        let name = format!("| `{}` |", data_type.name);
        let readme = include_str!("../../README.md");
        let row = readme.lines().find(|line| line.starts_with(&name));
        let row = row.unwrap_or_else(|| panic!("the README has no row {name}"));
        let said = row.split('|').nth(2).expect("a cell for Roundcube");
        let is_said = said.split([' ', ',', ':']).any(|word| word == "write");
        let is_so = store(&*host, data_type.name).writer().is_some();
        assert_eq!(is_said, is_so, "{row}");
    }
}
