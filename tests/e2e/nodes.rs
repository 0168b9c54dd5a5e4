//! Two web nodes of one Roundcube share one state: over MariaDB as on a cluster, where neither
//! has a directory for it, and over SQLite as two php-fpm of one machine.

use crate::blobs::{download, upload};
use crate::environment::imap_logins;
use crate::http::Client;
use serde_json::{Value, json};

const USER: &str = "quentin@example.org";

/// The user's client, whose requests go to the other node.
fn on_second_node() -> Client {
    Client::of(USER).with_header("X-Test-Php", "second")
}

fn state(client: &Client) -> Value {
    client.call("ContactCard/get", json!({ "ids": [] }))["state"].clone()
}

fn create(client: &Client, name: &str) -> (Value, Value) {
    let card = json!({
        "@type": "Card", "version": "1.0", "addressBookIds": {"b0": true},
        "name": {"full": name},
    });
    let answer = client.call("ContactCard/set", json!({"create": {"k": card}}));
    let id = answer["created"]["k"]["id"].clone();
    assert!(id.is_string(), "{answer:#}");
    (id, answer["newState"].clone())
}

// One test, because one account has one journal.
#[test]
fn nodes_know_of_each_others_changes_uploads_and_logins() {
    let (one, other) = (Client::of(USER), on_second_node());
    let before = state(&one);
    let logins = imap_logins(USER);
    assert_eq!(state(&other), before);
    assert_eq!(imap_logins(USER), logins, "the login was not remembered");

    for (writer, reader) in [(&one, &other), (&other, &one)] {
        let before = state(reader);
        let (id, after) = create(writer, "Made on one node");
        let changes = reader.call("ContactCard/changes", json!({ "sinceState": before }));
        assert_eq!(changes["created"], json!([id]), "{changes:#}");
        assert_eq!(changes["newState"], after, "{changes:#}");

        // Of several pieces, the last of them short.
        let octets = vec![7; 600_000];
        let blob = upload(writer, "application/x-test", &octets);
        assert!(download(reader, &blob).body == octets);
        writer.call("ContactCard/set", json!({"destroy": [id]}));
    }
}
