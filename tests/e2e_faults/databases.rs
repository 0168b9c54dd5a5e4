//! Databases that are locked, full or too small for what is written (`tests/hostile.md`, rows 25,
//! 50 and 51): what was stored stays, nothing is stored by half, and later all is well again.

use crate::environment::{self, Database, database, database_client, sql};
use crate::http::{Client, afresh};
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use std::{io::Write, thread};

const USER: &str = "paul@example.org";

fn card(note: &str) -> Value {
    json!({
        "@type": "Card", "version": "1.0", "addressBookIds": { "b0": true },
        "name": { "full": "Ann Faulty" }, "notes": { "n": { "note": note } },
    })
}

fn create(client: &Client, note: &str) -> Value {
    client.call("ContactCard/set", json!({ "create": { "k": card(note) } }))
}

/// A contact that is there before the fault.
fn contact(client: &Client) -> String {
    let answer = create(client, "before");
    let id = answer["created"]["k"]["id"].as_str();
    id.unwrap_or_else(|| panic!("{answer:#}")).to_owned()
}

fn note(client: &Client, id: &str) -> Value {
    let mut card = client.call("ContactCard/get", json!({ "ids": [id] }))["list"][0].take();
    card["notes"]["n"]["note"].take()
}

fn patch(client: &Client, id: &str, note: &str) -> Value {
    let patch = json!({ id: { "notes/n/note": note } });
    client.call("ContactCard/set", json!({ "update": patch }))
}

/// How many contacts of these tests are there.
fn count() -> Vec<String> {
    sql("SELECT count(*) FROM contacts WHERE name = 'Ann Faulty' AND del = 0")
}

/// Another program that keeps what a contact's row, or the whole file, is locked by.
struct Lock(Child);

impl Lock {
    fn of(id: &str) -> Self {
        let statements = match database() {
            Database::Sqlite => "BEGIN IMMEDIATE;\n".to_owned(),
            Database::Mariadb | Database::Postgres => {
                let row = &id[1..];
                format!("BEGIN; SELECT vcard FROM contacts WHERE contact_id = {row} FOR UPDATE;\n")
            }
        };
        let mut client = database_client();
        let client = client
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the database's client runs");
        let mut input = client.stdin.as_ref().expect("its input");
        input.write_all(statements.as_bytes()).expect("it reads");
        thread::sleep(Duration::from_millis(500));
        Self(client)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The database undoes what its client has left open.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn contact_card_set_waits_for_another_writer() {
    let client = Client::of(USER);
    let id = contact(&client);
    let lock = Lock::of(&id);
    let patched = thread::scope(|scope| {
        let patching = scope.spawn(|| patch(&client, &id, "after"));
        thread::sleep(Duration::from_secs(3));
        assert!(!patching.is_finished(), "it waits");
        drop(lock);
        patching.join().expect("it goes on")
    });
    assert!(patched["updated"].get(&id).is_some(), "{patched:#}");
    assert_eq!(note(&client, &id), "after");
    client.call("ContactCard/set", json!({ "destroy": [id] }));
}

#[test]
fn contact_card_set_beside_a_writer_that_never_ends_is_unavailable_in_time() {
    let client = Client::of(USER);
    let id = contact(&client);
    let lock = Lock::of(&id);
    let began = Instant::now();
    let refused = patch(&client, &id, "after");
    let took = began.elapsed();
    assert_eq!(
        refused["notUpdated"][&id]["type"], "serverUnavailable",
        "{refused:#}"
    );
    assert!(took < Duration::from_secs(45), "it took {took:?}");
    assert_eq!(note(&client, &id), "before");
    drop(lock);
    patch(&client, &id, "after");
    assert_eq!(note(&client, &id), "after");
    client.call("ContactCard/set", json!({ "destroy": [id] }));
}

/// A database that takes no more. For SQLite the file may not be written; what the others say of
/// a full disk is said by a trigger.
struct Full;

impl Full {
    fn now() -> Self {
        match database() {
            Database::Sqlite => Self::set_mode(0o440),
            Database::Mariadb => {
                for event in ["INSERT", "UPDATE"] {
                    sql(&format!(
                        "CREATE TRIGGER full_{event} BEFORE {event} ON contacts FOR EACH ROW \
                         SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'full'"
                    ));
                }
            }
            Database::Postgres => {
                sql(
                    "CREATE FUNCTION is_full() RETURNS trigger LANGUAGE plpgsql AS \
                     $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$",
                );
                sql(
                    "CREATE TRIGGER is_full BEFORE INSERT OR UPDATE ON contacts \
                     FOR EACH ROW EXECUTE FUNCTION is_full()",
                );
            }
        }
        Self
    }

    fn set_mode(mode: u32) {
        let file = environment::path("roundcube.db");
        fs::set_permissions(file, Permissions::from_mode(mode)).expect("the file is ours");
    }
}

impl Drop for Full {
    fn drop(&mut self) {
        match database() {
            Database::Sqlite => Self::set_mode(0o640),
            Database::Mariadb => {
                for event in ["INSERT", "UPDATE"] {
                    sql(&format!("DROP TRIGGER full_{event}"));
                }
            }
            Database::Postgres => {
                sql("DROP FUNCTION is_full() CASCADE");
            }
        }
    }
}

#[test]
fn contact_card_set_in_a_database_that_takes_no_more_changes_nothing() {
    let client = Client::of(USER);
    let id = contact(&client);
    let before = count();
    let full = Full::now();
    let refused = create(&client, "too much");
    assert_eq!(
        refused["notCreated"]["k"]["type"], "serverFail",
        "{refused:#}"
    );
    let refused = patch(&client, &id, "too much");
    assert_eq!(
        refused["notUpdated"][&id]["type"], "serverFail",
        "{refused:#}"
    );
    assert_eq!(note(&client, &id), "before", "it is still read");
    drop(full);
    assert_eq!(count(), before);
    patch(&client, &id, "after");
    assert_eq!(note(&client, &id), "after");
    client.call("ContactCard/set", json!({ "destroy": [id] }));
}

/// A global setting of MariaDB, until this ends.
struct Setting(&'static str, String);

impl Setting {
    fn of(name: &'static str, value: &str) -> Self {
        let before = sql(&format!("SELECT @@GLOBAL.{name}")).remove(0);
        sql(&format!("SET GLOBAL {name} = {value}"));
        Self(name, before)
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        sql(&format!("SET GLOBAL {} = {}", self.0, self.1));
    }
}

#[test]
fn contact_card_set_of_a_card_that_fits_in_no_packet_costs_no_other() {
    if database() != Database::Mariadb {
        // Only MySQL and MariaDB have such a limit.
        return;
    }
    let client = Client::of(USER);
    let id = contact(&client);
    let setting = Setting::of("max_allowed_packet", "1048576");
    // Quoted, each of its octets takes two.
    let large = "\"".repeat(600_000);
    let create = json!({ "a": card("small"), "b": card(&large), "c": card("small") });
    let arguments = json!({
        "create": create, "update": { &id: { "notes/n/note": large } },
    });
    let answer = client.call("ContactCard/set", arguments);
    assert_eq!(answer["notCreated"]["b"]["type"], "tooLarge", "{answer:#}");
    assert_eq!(answer["notUpdated"][&id]["type"], "tooLarge", "{answer:#}");
    let created = ["a", "c"].map(|key| answer["created"][key]["id"].clone());
    drop(setting);
    for created in &created {
        assert_eq!(note(&client, created.as_str().expect("an id")), "small");
    }
    assert_eq!(note(&client, &id), "before");
    let [a, c] = created;
    client.call("ContactCard/set", json!({ "destroy": [id, a, c] }));
}

#[test]
fn contact_card_set_into_a_table_of_three_octets_a_character_loses_no_text() {
    if database() != Database::Mariadb {
        return;
    }
    // The plugin of the tests puts this table in the place of Roundcube's.
    sql("DROP TABLE IF EXISTS noise_contacts");
    sql("CREATE TABLE noise_contacts LIKE contacts");
    sql("ALTER TABLE noise_contacts CONVERT TO CHARACTER SET utf8mb3");
    let config = json!({ "plugins": ["jmap", "noise"], "noise_table": "contacts" });
    let client = Client::of(USER).with_config(&afresh(config));
    let id = contact(&client);
    let balloon = "a \u{1f388} balloon";
    let refused = create(&client, balloon);
    assert!(
        refused["notCreated"]["k"]["type"].is_string(),
        "{refused:#}"
    );
    let refused = patch(&client, &id, balloon);
    assert!(
        refused["notUpdated"][&id]["type"].is_string(),
        "{refused:#}"
    );
    assert_eq!(note(&client, &id), "before");
    assert_eq!(sql("SELECT count(*) FROM noise_contacts"), ["1"]);
    sql("ALTER TABLE noise_contacts CONVERT TO CHARACTER SET utf8mb4");
    patch(&client, &id, balloon);
    assert_eq!(note(&client, &id), balloon);
    sql("DROP TABLE noise_contacts");
}
