//! What the Roundcube host costs beyond fetching the rows, in one process over SQLite.
//!
//! `cargo bench --no-default-features --bench hosts` prints each piece of work in microseconds
//! and as a ratio to fetching id and vcard of all rows through the same connection.

use openxport::db::sqlite::Sqlite;
use openxport::db::{Database, DbError, Kind, Param, VisitRow};
use openxport::hosts;
use openxport::json::Writer;
use openxport::store::{Id, Selection, Store, Wanted};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::hint::black_box;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

const SCHEMA: &str = "/usr/share/roundcube/SQL/sqlite.initial.sql";
const CONTACTS: i64 = 10_000;
const ROUNDS: usize = 7;

struct Borrowed<'a>(&'a Sqlite);

impl Database for Borrowed<'_> {
    fn kind(&self) -> Kind {
        self.0.kind()
    }

    fn rows(&self, sql: &str, params: &[Param<'_>], visit: VisitRow<'_>) -> Result<(), DbError> {
        self.0.rows(sql, params, visit)
    }

    fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        self.0.execute(sql, params)
    }

    fn begin(&self) -> Result<(), DbError> {
        self.0.begin()
    }

    fn commit(&self) -> Result<(), DbError> {
        self.0.commit()
    }

    fn roll_back(&self) -> Result<(), DbError> {
        self.0.roll_back()
    }

    fn call(&self, ability: &str, arguments: &[Param<'_>]) -> Result<Option<Vec<u8>>, DbError> {
        self.0.call(ability, arguments)
    }
}

fn main() {
    for with_uid in [false, true] {
        let sqlite = filled(with_uid);
        println!("{CONTACTS} contacts, each with a UID: {with_uid}");
        let fetch = fastest(|| fetch(&sqlite));
        report("fetch id and vcard", fetch, fetch);
        let Value::Object(settings) = settings() else {
            panic!("settings are an object")
        };
        let host = hosts::open("roundcube", settings, Box::new(Borrowed(&sqlite)))
            .expect("the settings are right");
        let account = &host.accounts()[0].id;
        let cards = host.store(account, "ContactCard").expect("there are cards");
        let some: Vec<_> = (1..=100)
            .filter_map(|number| Id::new(format!("c{}", number * 97)))
            .collect();
        let uid = Selection::of(["uid"]);
        let id = Selection::of(["id"]);
        let work: [(&str, &dyn Fn()); 7] = [
            ("fingerprint", &|| drop(black_box(cards.fingerprint()))),
            ("versions", &|| {
                cards
                    .versions(&mut |id, version| {
                        black_box((id, version));
                        Ok(())
                    })
                    .expect("the versions are read");
            }),
            ("read all: id", &|| read(cards, Wanted::All, &id)),
            ("read all: uid", &|| read(cards, Wanted::All, &uid)),
            ("read all: everything", &|| {
                read(cards, Wanted::All, &Selection::ALL)
            }),
            ("read 100: uid", &|| read(cards, Wanted::Ids(&some), &uid)),
            ("read 100: everything", &|| {
                read(cards, Wanted::Ids(&some), &Selection::ALL)
            }),
        ];
        for (name, work) in work {
            report(name, fastest(work), fetch);
        }
    }
}

fn report(name: &str, took: Duration, fetch: Duration) {
    let ratio = took.as_secs_f64() / fetch.as_secs_f64();
    println!("  {name:<24} {:>8} us {ratio:>7.2} x", took.as_micros());
}

fn fastest(work: impl Fn()) -> Duration {
    let round = |_| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    (0..ROUNDS).map(round).min().unwrap_or_default()
}

fn fetch(sqlite: &Sqlite) {
    let mut last = 0;
    loop {
        let mut seen = 0;
        let sql = "SELECT contact_id, vcard FROM contacts \
                   WHERE user_id = ? AND del = 0 AND contact_id > ? ORDER BY contact_id LIMIT 500";
        let params = [Param::Integer(1), Param::Integer(last)];
        sqlite
            .rows(sql, &params, &mut |row| {
                seen += 1;
                last = row.cell(0).integer().expect("a key is a number");
                black_box(row.cell(1).octets());
                ControlFlow::Continue(())
            })
            .expect("the rows are read");
        if seen < 500 {
            return;
        }
    }
}

fn read(cards: &dyn Store, wanted: Wanted<'_>, selection: &Selection) {
    let mut text = Writer::new();
    cards
        .read(wanted, selection, &mut |record| {
            record.emit(selection, &mut text);
            if text.as_bytes().len() > 65_536 {
                black_box(text.as_bytes());
                text.drain();
            }
            Ok(())
        })
        .expect("the cards are read");
}

fn filled(with_uid: bool) -> Sqlite {
    let schema = std::fs::read_to_string(SCHEMA).unwrap_or_else(|error| {
        panic!("{SCHEMA}: {error}: install the package roundcube-core to measure this")
    });
    let connection = Connection::open_in_memory().expect("memory is open");
    connection
        .execute_batch(&schema)
        .expect("the schema is Roundcube's");
    let sql = "INSERT INTO contacts (contact_id, user_id, changed, name, vcard, words)
               VALUES (?, 1, '2024-03-01 10:00:00', ?, ?, ?)";
    connection
        .execute_batch("INSERT INTO users (user_id) VALUES (1); BEGIN")
        .expect("the user is new");
    for id in 1..=CONTACTS {
        let uid = match with_uid {
            true => format!("UID:4f1c2d3e-0000-4000-8000-{id:012}\r\n"),
            false => String::new(),
        };
        let vcard = format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\n{uid}N:Surname{id};Given{id};;;\r\n\
             FN:Given{id} Surname{id}\r\nEMAIL;TYPE=home:person{id}@example.org\r\n\
             TEL;TYPE=cell:+49 151 {id:07}\r\nORG:Example & Sons\r\n\
             ADR;TYPE=home:;;Street {id};Berlin;BE;10115;Germany\r\n\
             NOTE:Met at the {id}th meeting\\nof the year\r\nEND:VCARD"
        );
        let name = format!("Given{id} Surname{id}");
        connection
            .execute(sql, rusqlite::params![id, name, vcard, name])
            .expect("the contact is new");
    }
    connection.execute_batch("COMMIT").expect("it is all new");
    Sqlite { connection }
}

fn settings() -> Value {
    json!({
        "user_id": 1,
        "user_name": "alice@example.org",
        "instance": "mail.example.org",
        "tables": {
            "contacts": "contacts",
            "contactgroups": "contactgroups",
            "contactgroupmembers": "contactgroupmembers",
            "collected_addresses": "collected_addresses",
            "identities": "identities",
        },
        "address_books": [{"source": "personal", "name": "Personal Addresses"}],
    })
}
