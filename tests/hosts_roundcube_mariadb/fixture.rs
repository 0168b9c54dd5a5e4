//! A database of its own for each test, on the server that `make test` has started.

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder, Params, Value as Stored};
use openxport::db::{Cell, Database, DbError, Kind, Param, Row, VisitRow};
use openxport::hosts;
use openxport::json::Writer;
use openxport::store::{Host, Id, Selection, Store, Wanted};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};

const SCHEMA: &str = "/usr/share/roundcube/SQL/mysql.initial.sql";

/// The plugin's own table.
const CARRIED: &str = include_str!("../../roundcube-plugin/SQL/mysql.initial.sql");
const SOCKET: &str = "OPENXPORT_MARIADB_SOCKET";

pub struct Roundcube {
    connection: RefCell<Conn>,
    name: String,
    queries: RefCell<Vec<(String, Vec<Stored>)>>,
}

impl Roundcube {
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let socket = std::env::var(SOCKET).unwrap_or_else(|_| {
            panic!("set {SOCKET} to the socket of a MariaDB, as make test does")
        });
        let schema = std::fs::read_to_string(SCHEMA).unwrap_or_else(|error| {
            panic!("{SCHEMA}: {error}: install the package roundcube-core to run these tests")
        });
        let options = OptsBuilder::new().socket(Some(socket)).user(Some("root"));
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("openxport_{}_{number}", std::process::id());
        let connection = Conn::new(options).expect("the server lets root in");
        let roundcube = Self {
            connection: RefCell::new(connection),
            name,
            queries: RefCell::new(Vec::new()),
        };
        let name = &roundcube.name;
        roundcube.sql(&format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"));
        roundcube.sql(&format!("USE {name}"));
        roundcube.sql("SET time_zone = '+00:00'");
        // Each statement of the schema ends its line with a semicolon.
        let schema = schema + CARRIED;
        for statement in schema.split(";\n").filter(|text| !text.trim().is_empty()) {
            roundcube.sql(statement);
        }
        roundcube.sql(
            "INSERT INTO users (user_id, username, mail_host) VALUES
             (1, 'alice@example.org', 'localhost'), (2, 'bob@example.org', 'localhost')",
        );
        roundcube
    }

    pub fn sql(&self, statement: &str) {
        let done = self.connection.borrow_mut().query_drop(statement);
        done.unwrap_or_else(|error| panic!("{error}: {statement}"));
    }

    /// Sets the clock of the session, which is in its local time.
    pub fn set_now(&self, now: &str) {
        self.sql(&format!("SET timestamp = UNIX_TIMESTAMP('{now}')"));
    }

    pub fn fingerprint(&self) -> u128 {
        let host = self.open();
        let fingerprint = store(&*host, "ContactCard").fingerprint();
        fingerprint.expect("the fingerprint is read").digest
    }

    pub fn read(&self, data_type: &str, ids: Option<&[&str]>) -> Vec<Value> {
        let host = self.open();
        let ids: Option<Vec<_>> = ids.map(|ids| {
            let id = |text: &&str| Id::new(*text).expect("the id is an Id");
            ids.iter().map(id).collect()
        });
        let wanted = ids.as_deref().map_or(Wanted::All, Wanted::Ids);
        let mut records = Vec::new();
        store(&*host, data_type)
            .read(wanted, &Selection::ALL, &mut |record| {
                let mut text = Writer::new();
                record.emit(&Selection::ALL, &mut text);
                records.push(serde_json::from_slice(text.as_bytes()).expect("it is JSON"));
                Ok(())
            })
            .expect("the records are read");
        records
    }

    /// How MariaDB goes about each query of the host.
    pub fn query_plans(&self) -> Vec<(String, String)> {
        let explain = |(sql, params): (String, Vec<Stored>)| {
            let plan: Option<String> = self
                .connection
                .borrow_mut()
                .exec_first(
                    format!("EXPLAIN FORMAT=JSON {sql}"),
                    Params::Positional(params),
                )
                .expect("the plan is read");
            (sql, plan.expect("there is a plan"))
        };
        self.queries.take().into_iter().map(explain).collect()
    }

    pub fn open(&self) -> Box<dyn Host + '_> {
        let Value::Object(settings) = settings() else {
            panic!("settings are an object")
        };
        hosts::open("roundcube", settings, Box::new(self)).expect("the settings are right")
    }
}

impl Drop for Roundcube {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {}", self.name);
        // A failure here must not hide the one that the test is about.
        let _ = self.connection.borrow_mut().query_drop(drop);
    }
}

fn settings() -> Value {
    json!({
        "user_id": 1,
        "user_name": "alice@example.org",
        "instance": "mail.example.org",
        "tables": {
            "contacts": "`contacts`",
            "contactgroups": "`contactgroups`",
            "contactgroupmembers": "`contactgroupmembers`",
            "collected_addresses": "`collected_addresses`",
            "identities": "`identities`",
            "jmap_carried": "`jmap_carried`",
        },
        "address_books": [
            {"source": "personal", "name": "Personal Addresses"},
            {"source": "collected_recipients", "name": "Collected Recipients"},
            {"source": "trusted_senders", "name": "Trusted Senders"},
        ],
    })
}

fn store<'h>(host: &'h dyn Host, data_type: &str) -> &'h dyn Store {
    let account = host.accounts().first().expect("the user has an account");
    host.store(&account.id, data_type)
        .unwrap_or_else(|| panic!("Roundcube has {data_type}"))
}

struct FetchedRow(Vec<Stored>);

impl Row for FetchedRow {
    fn cell(&self, column: usize) -> Cell<'_> {
        match self.0.get(column) {
            Some(Stored::Bytes(octets)) => Cell::Text(octets),
            Some(Stored::Int(number)) => Cell::Integer(*number),
            Some(Stored::UInt(number)) => Cell::Integer((*number).try_into().expect("it fits")),
            Some(Stored::NULL) | None => Cell::Null,
            Some(other) => panic!("a driver of PHP would hand over {other:?} as text"),
        }
    }
}

impl Roundcube {
    /// The parameters quoted into the text of the SQL, as PHP's driver does it.
    fn text(sql: &str, values: &[Stored]) -> String {
        let mut parts = sql.split('?');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for (value, part) in values.iter().zip(parts) {
            text += &value.as_sql(false);
            text += part;
        }
        text
    }

    fn number(&self, sql: &str) -> Option<u64> {
        let number = self.connection.borrow_mut().query_first(sql);
        number.expect("it is SQL")
    }

    /// As Roundcube's own code does it.
    fn save_group(&self, key: i64, name: &str, add: &str, remove: &str) -> u64 {
        let quoted = |text: &str| Stored::from(text).as_sql(false);
        let key = match key {
            0 => {
                self.sql(
                    "INSERT INTO contactgroups (user_id, changed, name) VALUES (1, NOW(), '')",
                );
                self.number("SELECT LAST_INSERT_ID()")
                    .expect("there is one")
            }
            key => key.try_into().expect("it is positive"),
        };
        if !name.is_empty() {
            let name = quoted(name);
            self.sql(&format!(
                "UPDATE contactgroups SET name = {name} WHERE contactgroup_id = {key}"
            ));
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
}

fn stored(param: &Param<'_>) -> Stored {
    match param {
        Param::Integer(number) => Stored::from(number.to_string()),
        Param::Text(text) => Stored::from(*text),
        Param::Octets(octets) => Stored::from(*octets),
    }
}

/// All values come as text, as they do in PHP.
impl Database for &Roundcube {
    fn kind(&self) -> Kind {
        Kind::Mysql
    }

    fn rows(&self, sql: &str, params: &[Param<'_>], visit: VisitRow<'_>) -> Result<(), DbError> {
        let values: Vec<_> = params.iter().map(stored).collect();
        let text = Roundcube::text(sql, &values);
        self.queries.borrow_mut().push((sql.to_owned(), values));
        let rows: Result<Vec<mysql::Row>, _> = self.connection.borrow_mut().query(text);
        for row in rows.map_err(|error| DbError::Refused(error.to_string()))? {
            if visit(&FetchedRow(row.unwrap())).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        let values: Vec<_> = params.iter().map(stored).collect();
        let mut connection = self.connection.borrow_mut();
        connection
            .query_drop(Roundcube::text(sql, &values))
            .map_err(|error| DbError::Refused(error.to_string()))?;
        Ok(connection.affected_rows())
    }

    fn begin(&self) -> Result<(), DbError> {
        self.sql("START TRANSACTION");
        Ok(())
    }

    fn commit(&self) -> Result<(), DbError> {
        self.sql("COMMIT");
        Ok(())
    }

    fn roll_back(&self) -> Result<(), DbError> {
        self.sql("ROLLBACK");
        Ok(())
    }

    /// Stands in for Roundcube's own code.
    fn call(&self, ability: &str, arguments: &[Param<'_>]) -> Result<Option<Vec<u8>>, DbError> {
        let answer = match (ability, arguments) {
            ("identity_created", _) => return Ok(None),
            ("has_table", [Param::Text(name)]) => {
                let found = self.number(&format!(
                    "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES
                     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{name}'"
                ));
                return Ok(found.filter(|count| *count > 0).map(|_| b"1".to_vec()));
            }
            ("html2text", [Param::Text(html)]) => format!("text of {html}"),
            ("identity_columns", [Param::Integer(_), Param::Text(columns)]) => {
                format!("{{\"columns\": {columns}}}")
            }
            ("contact_columns", [Param::Integer(_), Param::Octets(vcard)]) => {
                let words = format!("words of {} octets", vcard.len());
                json!({ "name": "a name", "email": "", "words": words }).to_string()
            }
            ("contact_hooks", []) => String::new(),
            ("contact_may_be_deleted" | "identity_may_be_deleted", [Param::Integer(_)]) => {
                "1".to_owned()
            }
            ("contact_inserted" | "identity_inserted", []) => {
                let key = self.number("SELECT LAST_INSERT_ID()");
                key.expect("there is one").to_string()
            }
            (
                "group_save",
                [
                    Param::Integer(key),
                    Param::Text(name),
                    Param::Text(add),
                    Param::Text(remove),
                ],
            ) => self.save_group(*key, name, add, remove).to_string(),
            ("group_delete", [Param::Integer(key)]) => {
                let sql = "UPDATE contactgroups SET del = 1 WHERE contactgroup_id = ? AND del = 0";
                self.execute(sql, &[Param::Integer(*key)])?.to_string()
            }
            _ => return Err(DbError::NoAbility(ability.to_owned())),
        };
        Ok(Some(answer.into()))
    }
}
