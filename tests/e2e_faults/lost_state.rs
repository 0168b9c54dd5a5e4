//! Our own state is lost or locked while it is in use: the one costs a full synchronisation and
//! nothing else, the other refusals within seconds.

use crate::environment::{Database, database, path, sql};
use crate::http::{CONTACTS, CORE, Client};
use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::any::Any;
use std::fs;
use std::time::{Duration, Instant};

const USER: &str = "rose@example.org";

/// Takes our own state away while it is in use, as an admin may at any time.
fn lose_state() {
    if database() == Database::Mariadb {
        for table in sql("SHOW TABLES LIKE 'openxport\\_%'") {
            sql(&format!("DROP TABLE {table}"));
        }
        return;
    }
    let state = fs::read_dir(path("state")).expect("there is a state");
    for file in state {
        fs::remove_file(file.expect("a file").path()).expect("it can be removed");
    }
}

/// Keeps our own state from being written until what this gives back is dropped.
fn lock_state() -> Box<dyn Any> {
    if database() == Database::Mariadb {
        let socket = path("run/mariadb.sock");
        let options = OptsBuilder::new()
            .socket(socket.to_str())
            .user(Some("root"))
            .db_name(Some("roundcube"));
        let mut locker = Conn::new(options).expect("the server lets root in");
        for lock in [
            "START TRANSACTION",
            "SELECT turn FROM openxport_turns FOR UPDATE",
        ] {
            locker.query_drop(lock).expect("it can be locked");
        }
        return Box::new(locker);
    }
    let state = fs::read_dir(path("state")).expect("there is a state");
    let paths = state.map(|file| file.expect("a file").path());
    let files = paths.filter(|path| path.extension().is_some_and(|end| end == "sqlite"));
    let lock = |path| {
        let locker = Connection::open(path).expect("it is SQLite");
        let begun = locker.execute_batch("BEGIN IMMEDIATE");
        begun.expect("it can be locked");
        locker
    };
    Box::new(files.map(lock).collect::<Vec<_>>())
}

fn cards(client: &Client) -> (Value, Value) {
    let mut answer = client.call("ContactCard/get", json!({}));
    (answer["list"].take(), answer["state"].take())
}

fn upload(client: &Client, text: &str) -> Value {
    let blob = json!({"data": [{"data:asText": text}]});
    let answer = client.call("Blob/upload", json!({"create": {"b": blob}}));
    let id = answer["created"]["b"]["id"].clone();
    assert!(id.is_string(), "{answer:#}");
    id
}

fn download(client: &Client, blob: &Value) -> Value {
    client.call(
        "Blob/get",
        json!({"ids": [blob], "properties": ["data:asText"]}),
    )
}

fn changes_since(client: &Client, state: &Value) -> Value {
    let arguments = json!({"accountId": client.account_id(), "sinceState": state});
    client.calls(json!([["ContactCard/changes", arguments, "c"]]))[0].clone()
}

#[test]
fn state_lost_while_in_use_costs_a_resync_and_nothing_else() {
    let client = Client::of(USER);
    let card = json!({
        "@type": "Card", "version": "1.0", "addressBookIds": {"b0": true},
        "uid": "urn:example:outlives-the-state",
        "name": {"full": "Outlives the State"},
        // What Roundcube has no place for.
        "vCardProps": [["x-kept", {}, "unknown", "carried"]],
    });
    let left = client.call("ContactCard/query", json!({"filter": {"uid": card["uid"]}}));
    client.call("ContactCard/set", json!({"destroy": left["ids"]}));
    let answer = client.call("ContactCard/set", json!({"create": {"k": card}}));
    assert!(answer["created"]["k"]["id"].is_string(), "{answer:#}");
    let (before, known) = cards(&client);
    let blob = upload(&client, "lost");
    let rows = || sql("SELECT contact_id, changed, vcard FROM contacts ORDER BY contact_id");
    let rows_before = rows();

    lose_state();

    // The very next request is answered, and what is asked again is as it was.
    let refused = changes_since(&client, &known);
    assert_eq!(refused[1]["type"], "cannotCalculateChanges", "{refused}");
    let (after, fresh) = cards(&client);
    assert_eq!(after, before);
    assert_ne!(fresh, known);
    assert_eq!(rows(), rows_before);
    assert_eq!(download(&client, &blob)["notFound"], json!([blob]));

    // From there on all goes as before.
    let changes = changes_since(&client, &fresh);
    assert_eq!(changes[0], "ContactCard/changes", "{changes}");
    let id = &after[0]["id"];
    client.call("ContactCard/set", json!({"destroy": [id]}));
    let changes = changes_since(&client, &fresh);
    assert_eq!(changes[1]["destroyed"], json!([id]), "{changes}");
    let blob = upload(&client, "found again");
    let found = download(&client, &blob);
    assert_eq!(found["list"][0]["data:asText"], "found again", "{found:#}");
}

#[test]
fn requests_while_the_state_is_locked_are_refused_within_seconds_and_leave_nothing() {
    let client = Client::of(USER);
    let rows = || sql("SELECT contact_id, changed, vcard FROM contacts ORDER BY contact_id");
    let rows_before = rows();
    let card = json!({
        "@type": "Card", "version": "1.0", "addressBookIds": {"b0": true},
        "name": {"full": "While Locked"},
    });
    let request = json!({
        "using": [CORE, CONTACTS],
        "methodCalls": [["ContactCard/set",
            {"accountId": client.account_id(), "create": {"k": card}}, "c"]],
    });
    let request = request.to_string();

    let lock = lock_state();
    let begun = Instant::now();
    let refused = client.api(request.as_bytes());
    let took = begun.elapsed();
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(took < Duration::from_secs(15), "{took:?}");
    assert_eq!(rows(), rows_before);

    drop(lock);
    let answered = client.api(request.as_bytes()).json();
    let created = &answered["methodResponses"][0][1]["created"]["k"]["id"];
    assert!(created.is_string(), "{answered:#}");
    client.call("ContactCard/set", json!({"destroy": [created]}));
}
