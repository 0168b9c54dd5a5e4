//! A Roundcube database in memory, made from the installed Roundcube's own schema.

use openxport::db::sqlite::Sqlite;
use openxport::db::{Database, DbError, Kind, Param, VisitRow};
use openxport::hosts;
use openxport::json::Writer;
use openxport::store::{Fingerprint, Host, Id, Selection, Store, Wanted};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

const SCHEMA: &str = "/usr/share/roundcube/SQL/sqlite.initial.sql";

/// The plugin's own table.
const CARRIED: &str = include_str!("../../roundcube-plugin/SQL/sqlite.initial.sql");

/// The user whom the tests look at; user 2 is somebody else.
pub const ALICE: i64 = 1;

/// Old enough that no row of it is fresh.
pub const LONG_AGO: &str = "2024-03-01 10:00:00";

/// What the database's clock says, until a test sets it.
pub const NOW: &str = "2024-03-01 12:00:00";

/// What goes wrong in the database when contacts are written.
#[derive(Clone, Copy)]
pub enum Fault {
    /// It refuses a card with this text.
    Refuses(&'static str),
    /// It is locked for so many statements.
    Locked(usize),
    /// Nothing is kept, and nobody knows.
    Commit,
    /// A plugin fails that is told of what is stored.
    Told,
}

pub struct Roundcube {
    pub sqlite: Sqlite,
    now: Cell<&'static str>,
    /// How many rows the host has been handed.
    pub rows_read: Cell<usize>,
    /// What somebody else does just before the next contact or identity is written.
    pub meanwhile: RefCell<Option<String>>,
    /// Plugins of the webmail refuse everything.
    pub refusing: Cell<bool>,
    /// The hooks that a plugin listens to.
    pub hooks: Cell<&'static str>,
    pub fault: Cell<Option<Fault>>,
    /// How many transactions there have been.
    pub transactions: Cell<usize>,
    /// What somebody else does just before the next transaction.
    pub before_transaction: RefCell<Option<String>>,
    /// What somebody else does just before the next one is deleted.
    pub before_delete: RefCell<Option<String>>,
    /// The keys of the identities whose creation plugins have been told.
    pub created: RefCell<Vec<i64>>,
    /// How many octets came in the largest page.
    pub largest_page: Cell<usize>,
    /// The queries that it has made.
    queries: RefCell<Vec<String>>,
}

impl Roundcube {
    pub fn new() -> Self {
        let schema = std::fs::read_to_string(SCHEMA).unwrap_or_else(|error| {
            panic!("{SCHEMA}: {error}: install the package roundcube-core to run these tests")
        });
        let connection = Connection::open_in_memory().expect("memory is open");
        connection
            .execute_batch(&schema)
            .expect("the schema is Roundcube's");
        connection
            .execute_batch(CARRIED)
            .expect("the schema is the plugin's");
        let roundcube = Self {
            sqlite: Sqlite { connection },
            now: Cell::new(NOW),
            rows_read: Cell::new(0),
            meanwhile: RefCell::default(),
            refusing: Cell::new(false),
            before_transaction: RefCell::default(),
            before_delete: RefCell::default(),
            created: RefCell::default(),
            hooks: Cell::new(""),
            fault: Cell::new(None),
            transactions: Cell::new(0),
            largest_page: Cell::new(0),
            queries: RefCell::new(Vec::new()),
        };
        roundcube.sql(
            "PRAGMA foreign_keys = ON;
             INSERT INTO users (user_id, username, mail_host) VALUES
             (1, 'alice@example.org', 'localhost'), (2, 'bob@example.org', 'localhost')",
        );
        roundcube
    }

    /// Does to the database what Roundcube, or an admin, would do.
    pub fn sql(&self, batch: &str) {
        self.sqlite
            .connection
            .execute_batch(&self.with_clock(batch))
            .unwrap_or_else(|error| panic!("{error}: {batch}"));
    }

    /// Sets the database's clock.
    pub fn set_now(&self, now: &'static str) {
        self.now.set(now);
    }

    fn with_clock(&self, sql: &str) -> String {
        sql.replace("'now'", &format!("'{}'", self.now.get()))
    }

    /// Stores a contact of Alice as Roundcube does.
    pub fn contact(&self, id: i64, vcard: &str, changed: &str) {
        self.contact_octets(id, vcard.as_bytes(), changed);
    }

    pub fn contact_octets(&self, id: i64, vcard: &[u8], changed: &str) {
        self.sqlite
            .connection
            .execute(
                "INSERT INTO contacts (contact_id, user_id, changed, vcard)
                 VALUES (?, 1, ?, CAST(? AS TEXT))",
                rusqlite::params![id, changed, vcard],
            )
            .expect("the contact is new");
    }

    fn save_group(&self, key: i64, name: &str, add: &str, remove: &str) -> i64 {
        let key = match key {
            0 => {
                let sql = "INSERT INTO contactgroups (user_id, name) VALUES (1, '')";
                self.sql(sql);
                self.sqlite.connection.last_insert_rowid()
            }
            key => key,
        };
        if !name.is_empty() {
            let sql = "UPDATE contactgroups SET name = ? WHERE contactgroup_id = ?";
            let params = rusqlite::params![name, key];
            let renamed = self.sqlite.connection.execute(sql, params);
            renamed.expect("the group is there");
        }
        if !remove.is_empty() {
            self.sql(&format!(
                "DELETE FROM contactgroupmembers WHERE contactgroup_id = {key} AND contact_id IN ({remove})"
            ));
        }
        for contact in add.split(',').filter(|contact| !contact.is_empty()) {
            self.sql(&format!(
                "INSERT INTO contactgroupmembers (contactgroup_id, contact_id) VALUES ({key}, {contact})"
            ));
        }
        key
    }

    /// How SQLite goes about each query of the host.
    pub fn query_plans(&self) -> Vec<String> {
        let explain = |sql: &String| {
            let sql = format!("EXPLAIN QUERY PLAN {sql}");
            let mut statement = self.sqlite.connection.prepare(&sql).expect("it is SQL");
            let mut rows = statement.raw_query();
            let mut plan = format!("{sql}\n");
            while let Some(row) = rows.next().expect("the plan is read") {
                plan += &row.get::<_, String>(3).expect("it is text");
                plan.push('\n');
            }
            plan
        };
        self.queries.borrow().iter().map(explain).collect()
    }

    /// Opens the host as Roundcube's plugin would for Alice.
    pub fn open(&self) -> Box<dyn Host + '_> {
        self.open_with(settings())
    }

    pub fn open_with(&self, settings: Value) -> Box<dyn Host + '_> {
        let Value::Object(settings) = settings else {
            panic!("settings are an object")
        };
        hosts::open("roundcube", settings, Box::new(self)).expect("the settings are right")
    }

    pub fn fingerprint(&self, data_type: &str) -> Fingerprint {
        let host = self.open();
        store(&*host, data_type)
            .fingerprint()
            .expect("the fingerprint is read")
    }

    /// Each record's version, by its id.
    pub fn versions(&self, data_type: &str) -> BTreeMap<String, u128> {
        let host = self.open();
        let mut versions = BTreeMap::new();
        store(&*host, data_type)
            .versions(&mut |id, version| {
                let earlier = versions.insert(id.to_owned(), version.0);
                assert_eq!(earlier, None, "{id} is visited once");
                Ok(())
            })
            .expect("the versions are read");
        versions
    }

    /// All records, in the order in which they are visited.
    pub fn all(&self, data_type: &str) -> Vec<Value> {
        read(&*self.open(), data_type, None, &Selection::ALL)
    }

    pub fn get(&self, data_type: &str, ids: &[&str]) -> Vec<Value> {
        read(&*self.open(), data_type, Some(ids), &Selection::ALL)
    }

    pub fn select(&self, data_type: &str, ids: &[&str], properties: &[&str]) -> Vec<Value> {
        let selection = Selection::of(properties.iter().copied());
        read(&*self.open(), data_type, Some(ids), &selection)
    }
}

pub fn settings() -> Value {
    json!({
        "user_id": ALICE,
        "user_name": "alice@example.org",
        "instance": "mail.example.org",
        "tables": {
            "contacts": "contacts",
            "contactgroups": "contactgroups",
            "contactgroupmembers": "contactgroupmembers",
            "collected_addresses": "collected_addresses",
            "identities": "identities",
            "jmap_carried": "jmap_carried",
        },
        "address_books": [
            {"source": "personal", "name": "Personal Addresses"},
            {"source": "collected_recipients", "name": "Collected Recipients"},
            {"source": "trusted_senders", "name": "Trusted Senders"},
        ],
    })
}

pub fn store<'h>(host: &'h dyn Host, data_type: &str) -> &'h dyn Store {
    let account = host.accounts().first().expect("the user has an account");
    host.store(&account.id, data_type)
        .unwrap_or_else(|| panic!("Roundcube has {data_type}"))
}

pub fn read(
    host: &dyn Host,
    data_type: &str,
    ids: Option<&[&str]>,
    selection: &Selection,
) -> Vec<Value> {
    let ids: Option<Vec<_>> = ids.map(|ids| {
        let id = |text: &&str| Id::new(*text).expect("the id is an Id");
        ids.iter().map(id).collect()
    });
    let wanted = ids.as_deref().map_or(Wanted::All, Wanted::Ids);
    let mut records = Vec::new();
    store(host, data_type)
        .read(wanted, selection, &mut |record| {
            let mut text = Writer::new();
            record.emit(selection, &mut text);
            let value: Value = serde_json::from_slice(text.as_bytes()).expect("it is JSON");
            assert_eq!(value["id"], record.id());
            records.push(value);
            Ok(())
        })
        .expect("the records are read");
    records
}

impl Database for &Roundcube {
    fn kind(&self) -> Kind {
        self.sqlite.kind()
    }

    fn rows(&self, sql: &str, params: &[Param<'_>], visit: VisitRow<'_>) -> Result<(), DbError> {
        self.queries.borrow_mut().push(sql.to_owned());
        let mut octets = 0;
        self.sqlite.rows(&self.with_clock(sql), params, &mut |row| {
            self.rows_read.set(self.rows_read.get() + 1);
            // No query of the host has more columns.
            octets += (0..10)
                .map(|column| row.cell(column).octets().len())
                .sum::<usize>();
            self.largest_page.set(self.largest_page.get().max(octets));
            visit(row)
        })
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        if sql.starts_with("UPDATE contacts")
            && let Some(sql) = self.meanwhile.take()
        {
            self.sql(&sql);
        }
        let holds = |wanted: &str| {
            let of = |param: &Param<'_>| match param {
                Param::Octets(vcard) => String::from_utf8_lossy(vcard).contains(wanted),
                _ => false,
            };
            params.iter().any(of)
        };
        match self.fault.get() {
            Some(Fault::Refuses(text)) if holds(text) => {
                return Err(DbError::Refused("ordered by the test".to_owned()));
            }
            Some(Fault::Locked(left @ 1..)) => {
                self.fault.set(Some(Fault::Locked(left - 1)));
                return Err(DbError::Unavailable("ordered by the test".to_owned()));
            }
            _ => {}
        }
        self.sqlite.execute(&self.with_clock(sql), params)
    }

    fn begin(&self) -> Result<(), DbError> {
        self.transactions.set(self.transactions.get() + 1);
        if let Some(sql) = self.before_transaction.take() {
            self.sql(&sql);
        }
        self.sqlite.begin()
    }

    fn commit(&self) -> Result<(), DbError> {
        match self.fault.get() {
            Some(Fault::Commit) => Err(DbError::Unavailable("ordered by the test".to_owned())),
            _ => self.sqlite.commit(),
        }
    }

    fn roll_back(&self) -> Result<(), DbError> {
        self.sqlite.roll_back()
    }

    /// Stands in for Roundcube's own code, recognisably.
    fn call(&self, ability: &str, arguments: &[Param<'_>]) -> Result<Option<Vec<u8>>, DbError> {
        if let ("has_table", [Param::Text(name)]) = (ability, arguments) {
            let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?";
            let count = self
                .sqlite
                .connection
                .query_row(sql, [name], |row| row.get(0));
            let count: i64 = count.expect("they are counted");
            return Ok((count > 0).then(|| b"1".to_vec()));
        }
        if self.refusing.get() && ability != "contact_hooks" {
            return Ok(None);
        }
        match (ability, arguments) {
            ("html2text", [Param::Text(html)]) => Ok(Some(format!("\ntext of {html}\r\n").into())),
            ("contact_columns", [Param::Integer(key), Param::Octets(vcard)]) => {
                let columns = json!({
                    "name": format!("name {}", "é".repeat(130)),
                    "email": "e-mail",
                    "firstname": "first",
                    "surname": "sur",
                    "words": format!("words of {key} in {} octets", vcard.len()),
                });
                Ok(Some(columns.to_string().into()))
            }
            ("contact_hooks", []) => Ok(Some(self.hooks.get().into())),
            ("contact_inserted" | "identity_inserted", []) => {
                let key = self.sqlite.connection.last_insert_rowid();
                Ok(Some(key.to_string().into()))
            }
            ("identity_columns", [Param::Integer(_), Param::Text(columns)]) => {
                if let Some(sql) = self.meanwhile.take() {
                    self.sql(&sql);
                }
                let mut columns: Value = serde_json::from_str(columns).expect("it is JSON");
                let is_odd = |column: &&str| columns[*column].to_string().contains("@odd");
                let invalid: Vec<_> = ["email", "reply-to", "bcc"]
                    .into_iter()
                    .filter(is_odd)
                    .collect();
                let washed = columns["signature"].to_string().replace("<script>", "");
                columns["signature"] = serde_json::from_str(&washed).expect("it is JSON");
                let answer = match invalid[..] {
                    [] => json!({ "columns": columns }),
                    _ => json!({ "invalid": invalid }),
                };
                Ok(Some(answer.to_string().into()))
            }
            ("identity_created", _) if matches!(self.fault.get(), Some(Fault::Told)) => {
                Err(DbError::Refused("ordered by the test".to_owned()))
            }
            ("identity_created", [Param::Integer(key), Param::Text(_)]) => {
                self.created.borrow_mut().push(*key);
                Ok(None)
            }
            ("contact_may_be_deleted" | "identity_may_be_deleted", [Param::Integer(_)]) => {
                if let Some(sql) = self.before_delete.take() {
                    self.sql(&sql);
                }
                Ok(Some(b"1".to_vec()))
            }
            (
                "group_save",
                [
                    Param::Integer(key),
                    Param::Text(name),
                    Param::Text(add),
                    Param::Text(remove),
                ],
            ) => Ok(Some(
                self.save_group(*key, name, add, remove).to_string().into(),
            )),
            ("group_delete", [Param::Integer(key)]) => {
                let sql = "UPDATE contactgroups SET del = 1 WHERE contactgroup_id = ? AND del = 0";
                let changed = self.sqlite.execute(sql, &[Param::Integer(*key)])?;
                Ok(Some(changed.to_string().into()))
            }
            _ => Err(DbError::NoAbility(ability.to_owned())),
        }
    }
}
